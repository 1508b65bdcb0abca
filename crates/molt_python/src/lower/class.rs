//! Class statements.

use molt_base::Symbol;
use molt_ir::{ClassSite, CodeInfo, Const, ConstId, FunctionKind, Op, ValueId};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::Lowerer;
use super::function::FunctionSpec;
use crate::dataclass::is_dataclass;
use crate::scope::{NodeRole, ScopeId};

impl<'a> Lowerer<'a> {
    pub(super) fn class_def(&mut self, c: &'a ast::StmtClassDef) {
        let decorators: Vec<ValueId> = c.decorator_list.iter().map(|d| self.expr(&d.expression)).collect();
        let mut value = match &c.type_params {
            None => self.class_object(c, None),
            Some(params) => {
                let scope = self.scopes.of(&**params, NodeRole::TypeParams);
                let outer = std::mem::replace(&mut self.f.scope, scope);
                let tuple = self.type_params(params, scope);
                let class = self.class_object(c, Some(&**params));
                self.set_type_params(class, tuple);
                self.f.scope = outer;
                class
            }
        };
        for (decorator, d) in decorators.into_iter().zip(&c.decorator_list).rev() {
            self.at(&d.expression);
            value = self.f.b.word(Op::PyCall, &[decorator, value], u64::from(ConstId::NONE.0));
        }
        self.at_range(&c.name);
        self.store_name(&c.name, value);
    }

    /// The class before its decorators; `type_params` adds `Generic[…]` to the bases.
    fn class_object(&mut self, c: &'a ast::StmtClassDef, type_params: Option<&'a ast::TypeParams>) -> ValueId {
        let scope = self.scopes.of(c, NodeRole::Body);
        let name = self.symbol(&c.name);
        let qualname = self.binding_qualname(&c.name);
        let spec = FunctionSpec {
            name,
            qualname: qualname.clone(),
            scope,
            kind: FunctionKind::Plain,
            code: CodeInfo { first_line: self.line_of(c.start()), ..CodeInfo::default() },
        };
        let mut methods = Vec::new();
        let id = self.build_function(spec, |l| methods = l.class_body(c, scope, &qualname));
        let function = self.function_object(id, scope, None, None, None);
        let name_value = self.symbol_const(name);
        let bases = self.bases(c, type_params);
        let keywords = c.arguments.as_ref().map_or(&[][..], |a| &a.keywords[..]);
        let keywords = if keywords.is_empty() { self.unbound() } else { self.class_keywords(keywords, function) };
        let site = ClassSite {
            name,
            module: self.module,
            slots: self.instance_slots(c, scope),
            methods,
            body: Some(id),
            is_constructor: false,
        };
        let site = self.program.classes.push(site);
        self.f.b.loc = self.class_header_loc(c);
        self.f.b.word(Op::PyClass, &[function, name_value, bases, keywords], u64::from(site.0))
    }

    fn bases(&mut self, c: &'a ast::StmtClassDef, type_params: Option<&'a ast::TypeParams>) -> ValueId {
        let bases = c.arguments.as_ref().map_or(&[][..], |a| &a.args[..]);
        let starred = bases.iter().any(Expr::is_starred_expr);
        let Some(params) = type_params else {
            if starred {
                self.f.b.loc = self.class_header_loc(c);
                return self.starred_bases(bases, None);
            }
            let values: Vec<ValueId> = bases.iter().map(|b| self.expr(b)).collect();
            return self.f.b.word(Op::TupleNew, &values, 0);
        };
        let generic = self.generic_base(params);
        if starred {
            return self.starred_bases(bases, Some(generic));
        }
        let mut values: Vec<ValueId> = bases.iter().map(|b| self.expr(b)).collect();
        values.push(generic);
        self.f.b.word(Op::TupleNew, &values, 0)
    }

    fn starred_bases(&mut self, bases: &'a [Expr], last: Option<ValueId>) -> ValueId {
        let list = self.f.b.word(Op::ListNew, &[], 0);
        for base in bases {
            match base {
                Expr::Starred(s) => {
                    let value = self.expr(&s.value);
                    self.f.b.effect(Op::ListExtend, &[list, value], 0);
                }
                _ => {
                    let value = self.expr(base);
                    self.f.b.effect(Op::ListAppend, &[list, value], 0);
                }
            }
        }
        if let Some(last) = last {
            self.f.b.effect(Op::ListAppend, &[list, last], 0);
        }
        self.f.b.word(Op::ListToTuple, &[list], 0)
    }

    fn class_keywords(&mut self, keywords: &'a [ast::Keyword], callee: ValueId) -> ValueId {
        self.keyword_dict(keywords, callee, &keywords[0].value)
    }

    /// Position of the statement: its first line, as CPython marks an error of the whole statement.
    fn class_header_loc(&mut self, c: &ast::StmtClassDef) -> molt_ir::LocId {
        let start = c.decorator_list.last().map_or(c.start(), |d| d.end());
        let text = &self.text[start.to_usize()..];
        let skip = text.find("class").unwrap_or(0);
        let begin = start + ruff_text_size::TextSize::try_from(skip).expect("offsets fit");
        self.range_loc(ruff_text_size::TextRange::new(begin, c.end()))
    }

    fn class_body(
        &mut self,
        c: &'a ast::StmtClassDef,
        scope: ScopeId,
        qualname: &str,
    ) -> Vec<(Symbol, molt_ir::FuncId)> {
        let namespace = self.f.namespace.expect("set for class scopes");
        self.f.b.loc = self.class_header_loc(c);
        let class_cell = self.scopes.class_cell.expect("interned by the scope pass");
        let class_dict = self.scopes.class_dict.expect("interned by the scope pass");
        let has_class_cell = self.scopes.is_captured(scope, class_cell);
        if has_class_cell {
            let unbound = self.unbound();
            let cell = self.f.b.word(Op::CellNew, &[unbound], 0);
            self.f.cells.insert((scope, class_cell), cell);
        }
        if self.scopes.is_captured(scope, class_dict) {
            let cell = self.f.b.word(Op::CellNew, &[namespace], 0);
            self.f.cells.insert((scope, class_dict), cell);
        }
        let module_name = self.program.names.intern("__name__");
        let module_name = self.load_global(module_name);
        self.set_in_namespace("__module__", module_name);
        let qualname = self.str_const(qualname);
        self.set_in_namespace("__qualname__", qualname);
        let line = self.constant(Const::Int(i64::from(self.line_of(c.start()))));
        self.set_in_namespace("__firstlineno__", line);
        let (doc, body) = self.docstring(&c.body);
        if let Some(doc) = doc {
            let doc = self.const_value(doc);
            self.set_in_namespace("__doc__", doc);
        }
        self.namespace_annotations(c, &c.body);
        self.body(body);
        let methods = std::mem::take(&mut self.f.methods);
        if !self.dead() {
            let attrs = self.static_attributes(scope);
            self.set_in_namespace("__static_attributes__", attrs);
            let result = if has_class_cell { self.f.cells[&(scope, class_cell)] } else { self.none() };
            self.f.b.ret(result);
        }
        methods
    }

    pub(super) fn set_in_namespace(&mut self, name: &str, value: ValueId) {
        let namespace = self.f.namespace.expect("only class bodies set names this way");
        let key = self.str_const(name);
        self.f.b.effect(Op::NsSet, &[namespace, key, value], 0);
    }

    fn static_attributes(&mut self, scope: ScopeId) -> ValueId {
        let mut names: Vec<String> =
            self.scopes.scopes[scope].instance_attrs.iter().map(|&s| self.program.names.text(s).to_owned()).collect();
        names.sort();
        let ids = names.iter().map(|n| self.program.const_str(n)).collect();
        self.constant(Const::Tuple(ids))
    }

    /// Attributes that instances are known to carry: those of `__slots__` if it is there, else those that methods
    /// assign and, for data classes, annotated fields; without names that the class itself binds to functions or to
    /// results of calls, which may be descriptors.
    fn instance_slots(&mut self, c: &'a ast::StmtClassDef, scope: ScopeId) -> Vec<Symbol> {
        if let Some(slots) = self.explicit_slots(c) {
            return slots;
        }
        let is_data_class = c.decorator_list.iter().any(|d| is_dataclass(&d.expression));
        let mut slots = if is_data_class { self.data_fields(c, scope) } else { Vec::new() };
        for &name in &self.scopes.scopes[scope].instance_attrs {
            if !slots.contains(&name) {
                slots.push(name);
            }
        }
        let taken = self.descriptor_names(&c.body, scope, is_data_class);
        slots.retain(|&s| {
            let text = self.program.names.text(s);
            !(taken.contains(&s) || text.starts_with("__") && text.ends_with("__"))
        });
        slots
    }

    fn in_scope<T>(&mut self, scope: ScopeId, body: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.f.scope, scope);
        let result = body(self);
        self.f.scope = outer;
        result
    }

    fn data_fields(&mut self, c: &'a ast::StmtClassDef, scope: ScopeId) -> Vec<Symbol> {
        let annotated = c.body.iter().filter_map(|s| s.as_ann_assign_stmt());
        let fields = annotated.filter(|a| !is_class_variable(&a.annotation)).filter_map(|a| a.target.as_name_expr());
        let names: Vec<&str> = fields.map(|n| n.id.as_str()).collect();
        self.in_scope(scope, |l| names.into_iter().map(|n| l.symbol(n)).collect())
    }

    fn descriptor_names(&mut self, body: &'a [Stmt], scope: ScopeId, is_data_class: bool) -> Vec<Symbol> {
        let mut names: Vec<&str> = Vec::new();
        for stmt in body {
            match stmt {
                Stmt::FunctionDef(f) => names.push(&f.name),
                Stmt::ClassDef(c) => names.push(&c.name),
                Stmt::Assign(a) if a.value.is_call_expr() => {
                    names.extend(a.targets.iter().filter_map(|t| t.as_name_expr()).map(|n| n.id.as_str()));
                }
                Stmt::AnnAssign(a) if !is_data_class && a.value.as_ref().is_some_and(|v| v.is_call_expr()) => {
                    names.extend(a.target.as_name_expr().map(|n| n.id.as_str()));
                }
                _ => {}
            }
        }
        self.in_scope(scope, |l| names.into_iter().map(|n| l.symbol(n)).collect())
    }

    /// Names of a constant `__slots__`; an empty list when there is one that is not constant.
    fn explicit_slots(&mut self, c: &'a ast::StmtClassDef) -> Option<Vec<Symbol>> {
        let value = c.body.iter().find_map(|s| match s {
            Stmt::Assign(a) if a.targets.iter().any(is_slots) => Some(&*a.value),
            Stmt::AnnAssign(a) if is_slots(&a.target) => a.value.as_deref(),
            _ => None,
        })?;
        let elements: Vec<&Expr> = match value {
            Expr::Tuple(t) => t.elts.iter().collect(),
            Expr::List(l) => l.elts.iter().collect(),
            Expr::Set(s) => s.elts.iter().collect(),
            Expr::Dict(d) => d.items.iter().filter_map(|i| i.key.as_ref()).collect(),
            Expr::StringLiteral(_) => vec![value],
            _ => return Some(Vec::new()),
        };
        let scope = self.scopes.of(c, NodeRole::Body);
        let mut slots = Vec::new();
        for element in elements {
            let Expr::StringLiteral(s) = element else { return Some(Vec::new()) };
            let name = s.value.to_str();
            if !matches!(name, "__dict__" | "__weakref__") {
                slots.push(self.in_scope(scope, |l| l.symbol(name)));
            }
        }
        Some(slots)
    }
}

fn is_slots(target: &Expr) -> bool {
    matches!(target, Expr::Name(n) if n.id.as_str() == "__slots__")
}

/// Whether an annotation is `ClassVar` or `InitVar`, subscripted or not.
fn is_class_variable(annotation: &Expr) -> bool {
    match annotation {
        Expr::Name(n) => matches!(n.id.as_str(), "ClassVar" | "InitVar"),
        Expr::Attribute(a) => matches!(a.attr.as_str(), "ClassVar" | "InitVar"),
        Expr::Subscript(s) => is_class_variable(&s.value),
        Expr::StringLiteral(s) => {
            let text = s.value.to_str();
            text.contains("ClassVar") || text.contains("InitVar")
        }
        _ => false,
    }
}
