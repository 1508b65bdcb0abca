//! Annotations: functions that evaluate them when they are asked for (PEP 649), or their text under
//! `from __future__ import annotations`.

use molt_ir::{CodeInfo, CompareOp, Const, FunctionKind, Op, ValueId};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::Lowerer;
use super::function::FunctionSpec;
use crate::scope::{NodeRole, ScopeId, ScopeKind, has_annotations, node_key};

/// Set of the numbers of conditional annotations that were passed.
const CONDITIONAL: &str = "__conditional_annotations__";

/// An annotation of a module or class, with its number if it is conditional.
struct Annotation<'a> {
    name: &'a str,
    value: &'a Expr,
    condition: Option<usize>,
}

impl<'a> Lowerer<'a> {
    /// The annotate function of a function, if it has annotations.
    pub(super) fn function_annotations(&mut self, f: &'a ast::StmtFunctionDef) -> Option<ValueId> {
        let scope = self.scopes.find(f, NodeRole::Annotations)?;
        let qualname = format!("{}.__annotate__", self.binding_qualname(&f.name));
        let all = parameter_annotations(f);
        Some(self.annotate_function(scope, qualname, &all, f))
    }

    /// Gives a function the text of its annotations when they are not evaluated.
    pub(super) fn set_text_annotations(&mut self, f: &'a ast::StmtFunctionDef, function: ValueId) {
        if self.scopes.string_annotations && has_annotations(f) {
            let dict = self.text_dict(&parameter_annotations(f));
            let name = self.program.names.intern("__annotations__");
            self.f.b.effect(Op::PySetAttr, &[function, dict], u64::from(name.0));
        }
    }

    /// Prepares the annotations of a module or class body: stores its annotate function under `__annotate__`.
    pub(super) fn namespace_annotations<T: Ranged>(&mut self, node: &'a T, body: &'a [Stmt]) {
        let mut found = Vec::new();
        find_annotations(body, false, &mut found);
        if found.is_empty() {
            return;
        }
        self.f.conditional_annotations = found.iter().filter(|(_, c)| *c).map(|(a, _)| node_key(*a)).collect();
        let mut conditions = 0;
        let all: Vec<Annotation<'a>> = found
            .iter()
            .filter_map(|&(a, conditional)| {
                let name = a.target.as_name_expr()?.id.as_str();
                let condition = conditional.then_some(conditions);
                conditions += usize::from(conditional);
                Some(Annotation { name, value: &a.annotation, condition })
            })
            .collect();
        if self.scopes.string_annotations {
            let dict = self.text_dict(&all);
            self.store_plain("__annotations__", dict);
            return;
        }
        let scope = self.scopes.of(node, NodeRole::Annotations);
        if conditions > 0 {
            let passed = self.f.b.word(Op::SetNew, &[], 0);
            self.store_plain(CONDITIONAL, passed);
        }
        let qualname = self.child_qualname("__annotate__");
        let function = self.annotate_function(scope, qualname, &all, node);
        self.store_plain("__annotate__", function);
    }

    /// Binds a name of a module or class body that is no name of its text.
    fn store_plain(&mut self, name: &str, value: ValueId) {
        if self.f.namespace.is_some() {
            self.set_in_namespace(name, value);
            return;
        }
        let symbol = self.program.names.intern(name);
        let global = self.program.global(self.module, symbol);
        self.f.b.effect(Op::GlobalSet, &[value], u64::from(global.0));
    }

    /// Control passes an annotation: its number goes to the set when it is conditional.
    pub(super) fn note_annotation(&mut self, a: &'a ast::StmtAnnAssign) {
        let key = node_key(a);
        let Some(number) = self.f.conditional_annotations.iter().position(|&k| k == key) else { return };
        if self.scopes.string_annotations {
            return;
        }
        let passed = self.passed_annotations();
        let number = self.constant(Const::Int(number as i64));
        self.at_range(a);
        self.f.b.effect(Op::SetAdd, &[passed, number], 0);
    }

    /// The set of passed annotations, from the body itself or from its annotate function.
    fn passed_annotations(&mut self) -> ValueId {
        if let Some(namespace) = self.f.namespace {
            let key = self.str_const(CONDITIONAL);
            return self.f.b.word(Op::NsGet, &[namespace, key], 0);
        }
        let parent = self.scopes.scopes[self.f.host].parent;
        if let Some(class) = parent.filter(|&p| self.scopes.scopes[p].kind == ScopeKind::Class) {
            let class_dict = self.scopes.class_dict.expect("interned by the scope pass");
            let cell = self.cell(class, class_dict);
            let namespace = self.f.b.word(Op::CellGet, &[cell], 0);
            let key = self.str_const(CONDITIONAL);
            return self.f.b.word(Op::NsGet, &[namespace, key], 0);
        }
        let symbol = self.program.names.intern(CONDITIONAL);
        let global = self.program.global(self.module, symbol);
        self.f.b.word(Op::GlobalGet, &[], u64::from(global.0))
    }

    /// `def __annotate__(format, /)`: refuses formats above VALUE_WITH_FAKE_GLOBALS' neighbour and gives the dict.
    fn annotate_function(
        &mut self,
        scope: ScopeId,
        qualname: String,
        all: &[Annotation<'a>],
        node: &impl Ranged,
    ) -> ValueId {
        let format = self.program.names.intern("format");
        let first_line = self.line_of(node.start());
        let code =
            CodeInfo { arg_count: 1, posonly_count: 1, var_names: vec![format], first_line, ..CodeInfo::default() };
        let name = self.program.names.intern("__annotate__");
        let spec = FunctionSpec { name, qualname, scope, kind: FunctionKind::Plain, code };
        let id = self.build_function(spec, |l| {
            l.refuse_other_formats();
            let dict = l.annotation_dict(all);
            l.f.b.ret(dict);
        });
        self.function_object(id, scope, None, None, None)
    }

    fn refuse_other_formats(&mut self) {
        let format = self.f.b.func.params()[1];
        let two = self.constant(Const::Int(2));
        let other = self.f.b.bit(Op::PyCompareTruth, &[format, two], CompareOp::Gt as u64);
        let (refuse, go_on) = (self.f.b.cold_block(), self.f.b.block());
        self.f.b.brif(other, refuse, go_on);
        self.enter(refuse);
        let name = self.program.names.intern("NotImplementedError");
        let exception = self.f.b.word(Op::PyBuiltin, &[], u64::from(name.0));
        let cause = self.unbound();
        self.f.b.effect(Op::PyRaise, &[exception, cause], 0);
        self.f.b.unreachable();
        self.enter(go_on);
    }

    fn annotation_dict(&mut self, all: &[Annotation<'a>]) -> ValueId {
        let plain = all.iter().take_while(|a| a.condition.is_none()).count();
        let mut pairs = Vec::new();
        for a in &all[..plain] {
            let name = self.symbol(a.name);
            pairs.push(self.symbol_const(name));
            pairs.push(self.expr(a.value));
        }
        let dict = self.f.b.word(Op::DictNew, &pairs, 0);
        for a in &all[plain..] {
            let end = self.f.b.block();
            if let Some(number) = a.condition {
                let passed = self.passed_annotations();
                let number = self.constant(Const::Int(number as i64));
                let bit = self.f.b.bit(Op::PyContains, &[passed, number], 0);
                let then = self.f.b.block();
                self.f.b.brif(bit, then, end);
                self.enter(then);
            }
            let name = self.symbol(a.name);
            let key = self.symbol_const(name);
            let value = self.expr(a.value);
            self.f.b.effect(Op::DictInsert, &[dict, key, value], 0);
            self.f.b.jump(end);
            self.enter(end);
        }
        dict
    }

    /// Dict from names to the text of annotations.
    fn text_dict(&mut self, all: &[Annotation<'a>]) -> ValueId {
        let mut pairs = Vec::new();
        for a in all {
            let name = self.symbol(a.name);
            pairs.push(self.symbol_const(name));
            let text = self.annotation_text(a.value);
            pairs.push(self.str_const(&text));
        }
        self.f.b.word(Op::DictNew, &pairs, 0)
    }

    fn annotation_text(&self, e: &Expr) -> String {
        crate::unparse::unparse(e, self.text)
    }
}

/// Annotations of parameters in order, then of the result.
fn parameter_annotations(f: &ast::StmtFunctionDef) -> Vec<Annotation<'_>> {
    let p = &f.parameters;
    let ordered = p.posonlyargs.iter().chain(&p.args).map(|p| &p.parameter);
    let ordered = ordered.chain(p.vararg.as_deref()).chain(p.kwonlyargs.iter().map(|p| &p.parameter));
    let ordered = ordered.chain(p.kwarg.as_deref());
    let all = ordered.filter_map(|p| Some((p.name.as_str(), p.annotation.as_deref()?)));
    let all = all.chain(f.returns.as_deref().map(|r| ("return", r)));
    all.map(|(name, value)| Annotation { name, value, condition: None }).collect()
}

/// Simple annotated assignments of a body in order, and whether each is conditional.
fn find_annotations<'a>(body: &'a [Stmt], conditional: bool, out: &mut Vec<(&'a ast::StmtAnnAssign, bool)>) {
    for stmt in body {
        match stmt {
            Stmt::AnnAssign(a) if a.simple && a.target.is_name_expr() => out.push((a, conditional)),
            Stmt::If(s) => {
                find_annotations(&s.body, true, out);
                for clause in &s.elif_else_clauses {
                    find_annotations(&clause.body, true, out);
                }
            }
            Stmt::For(s) => {
                find_annotations(&s.body, true, out);
                find_annotations(&s.orelse, true, out);
            }
            Stmt::While(s) => {
                find_annotations(&s.body, true, out);
                find_annotations(&s.orelse, true, out);
            }
            Stmt::With(s) => find_annotations(&s.body, true, out),
            Stmt::Match(s) => {
                for case in &s.cases {
                    find_annotations(&case.body, true, out);
                }
            }
            Stmt::Try(s) => {
                find_annotations(&s.body, true, out);
                for ast::ExceptHandler::ExceptHandler(h) in &s.handlers {
                    find_annotations(&h.body, true, out);
                }
                find_annotations(&s.orelse, true, out);
                find_annotations(&s.finalbody, conditional, out);
            }
            _ => {}
        }
    }
}
