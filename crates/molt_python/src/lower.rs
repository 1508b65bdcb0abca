//! Lowering: from trees and scopes to semantic IR.
//!
//! [`Lowerer`] walks one module; its [`Frame`] is the function being built. Statements are in [`stmt`], control
//! flow that crosses `finally` in [`control`], names in [`names`], expressions in [`expr`] and their kin.
//!
//! Invariants:
//! - A value that a variable or cell holds is bound unless the variable was deleted or not assigned yet; reads that
//!   may see the marker go through `py.check_bound`.
//! - After a terminator nothing is emitted until the next block is current: statements that cannot be reached are
//!   not lowered.

mod annotations;
mod bound;
mod call;
mod class;
mod comprehension;
mod constant;
mod control;
mod exceptions;
mod expr;
mod function;
mod import;
mod literal;
mod matching;
mod names;
mod position;
mod release;
mod stmt;
mod type_params;

use std::collections::{HashMap, HashSet};

use molt_base::{FileId, SourceMap, Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::UNSUPPORTED_CONSTRUCT;
use molt_ir::{
    BlockId, Const, ConstId, FuncId, Function, FunctionBuilder, FunctionKind, ModuleId, Op, Program, Type, ValueId,
    Variable,
};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::program::{ModuleGraph, ModuleUnit, module_bindings};
use crate::scope::{NodeRole, ScopeId, ScopeKind, Scopes, mangle};

/// Lowers all modules of the program.
pub fn lower_program(
    program: &mut Program,
    graph: &ModuleGraph,
    sources: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
    optimize: bool,
) {
    let observed = crate::release::observes_release(graph);
    for unit in &graph.units {
        let globals: HashSet<Symbol> = module_bindings(graph, &mut program.names, unit).into_iter().collect();
        let text = &sources.file(unit.file).text;
        let scope = unit.scopes.of(&*unit.tree, NodeRole::Body);
        let frame = Frame::new(Function::new(Symbol(0), unit.id, FunctionKind::Plain), scope, String::new());
        let lowerer = Lowerer {
            program,
            graph,
            unit,
            scopes: &unit.scopes,
            sources,
            text,
            file: unit.file,
            module: unit.id,
            diagnostics,
            globals,
            optimize,
            promptly: observed && !unit.is_library,
            f: frame,
        };
        lowerer.module_body();
    }
}

/// Lowers one module.
pub struct Lowerer<'a> {
    program: &'a mut Program,
    graph: &'a ModuleGraph,
    unit: &'a ModuleUnit,
    scopes: &'a Scopes,
    sources: &'a SourceMap,
    text: &'a str,
    file: FileId,
    module: ModuleId,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Names that the module binds; others can only be builtins.
    globals: HashSet<Symbol>,
    optimize: bool,
    /// Variables keep their objects until they end.
    promptly: bool,
    f: Frame<'a>,
}

/// The function under construction.
struct Frame<'a> {
    b: FunctionBuilder,
    /// Scope that the frame belongs to.
    host: ScopeId,
    /// Scope of the code at hand: the host or one inlined into it.
    scope: ScopeId,
    qualname: String,
    /// First parameter of Python functions and class bodies.
    function: Option<ValueId>,
    /// Class bodies: where names live.
    namespace: Option<ValueId>,
    vars: HashMap<(ScopeId, Symbol), Variable>,
    cells: HashMap<(ScopeId, Symbol), ValueId>,
    control: Vec<control::Control<'a>>,
    /// Class bodies: functions bound by plain `def`.
    methods: Vec<(Symbol, FuncId)>,
    /// Modules and class bodies: conditional annotations, in the order that the annotate function numbers them.
    conditional_annotations: Vec<usize>,
}

impl Frame<'_> {
    fn new(function: Function, scope: ScopeId, qualname: String) -> Self {
        Frame {
            b: FunctionBuilder::new(function),
            host: scope,
            scope,
            qualname,
            function: None,
            namespace: None,
            vars: HashMap::new(),
            cells: HashMap::new(),
            control: Vec::new(),
            methods: Vec::new(),
            conditional_annotations: Vec::new(),
        }
    }
}

impl<'a> Lowerer<'a> {
    fn module_body(mut self) {
        let name = self.program.names.intern("<module>");
        self.f.b.func.name = name;
        self.f.b.func.qualname = name;
        self.f.b.param(Type::Any);
        let (doc, body) = self.docstring(&self.unit.tree.body);
        if let Some(doc) = doc {
            self.program.modules[self.module].doc = doc;
        }
        self.namespace_annotations(&*self.unit.tree, &self.unit.tree.body);
        self.body(body);
        if !self.f.b.is_terminated() {
            let none = self.none();
            self.f.b.ret(none);
        }
        let mut func = self.f.b.finish();
        bound::remove_checks(&mut func);
        let id = self.program.funcs.push(func);
        self.program.modules[self.module].body = Some(id);
    }

    // ---- diagnostics ----------------------------------------------------------------------------------

    fn span(&self, range: TextRange) -> Span {
        Span { file: self.file, start: range.start().to_u32(), end: range.end().to_u32() }
    }

    /// Refuses a construct that is not compiled yet.
    fn unsupported(&mut self, range: TextRange, what: &str) {
        let span = self.span(range);
        self.diagnostics.push(Diagnostic::at(&UNSUPPORTED_CONSTRUCT, span, format!("{what} is not supported yet")));
    }

    // ---- symbols and constants ------------------------------------------------------------------------

    /// Interned name, mangled as the class at hand demands.
    fn symbol(&mut self, name: &str) -> Symbol {
        let private = self.scopes.scopes[self.f.scope].private.as_deref();
        match mangle(private, name) {
            Some(mangled) => self.program.names.intern(&mangled),
            None => self.program.names.intern(name),
        }
    }

    fn constant(&mut self, value: Const) -> ValueId {
        let id = self.program.constant(value);
        self.const_value(id)
    }

    fn const_value(&mut self, id: ConstId) -> ValueId {
        self.f.b.word(Op::Const, &[], u64::from(id.0))
    }

    fn none(&mut self) -> ValueId {
        self.constant(Const::None)
    }

    fn bool_const(&mut self, value: bool) -> ValueId {
        self.constant(if value { Const::True } else { Const::False })
    }

    fn str_const(&mut self, text: &str) -> ValueId {
        self.constant(Const::Str(text.as_bytes().into()))
    }

    fn symbol_const(&mut self, symbol: Symbol) -> ValueId {
        let id = self.program.const_symbol(symbol);
        self.const_value(id)
    }

    fn unbound(&mut self) -> ValueId {
        self.f.b.word(Op::Unbound, &[], 0)
    }

    // ---- blocks -----------------------------------------------------------------------------------------

    /// Goes on in `block`, whose edges are all known. Unreached, it is closed at once, so that what follows is left out.
    fn enter(&mut self, block: BlockId) {
        self.f.b.seal_and_switch(block);
        if !self.f.b.is_reached(block) {
            self.f.b.unreachable();
        }
    }

    /// Jumps unless control cannot come here.
    fn jump(&mut self, block: BlockId) {
        if !self.f.b.is_terminated() {
            self.f.b.jump(block);
        }
    }

    fn dead(&self) -> bool {
        self.f.b.is_terminated()
    }

    /// Branches on whether a word is the marker; goes on in neither block.
    fn branch_unbound(&mut self, value: ValueId, unbound: BlockId, bound: BlockId) {
        let bit = self.f.b.bit(Op::IsUnbound, &[value], 0);
        self.f.b.brif(bit, unbound, bound);
    }

    // ---- statements ---------------------------------------------------------------------------------------

    fn body(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            if self.dead() {
                return;
            }
            self.stmt(stmt);
        }
    }

    /// Docstring of a body, and the statements after it.
    fn docstring(&mut self, body: &'a [Stmt]) -> (Option<ConstId>, &'a [Stmt]) {
        let Some(Stmt::Expr(first)) = body.first() else { return (None, body) };
        let Expr::StringLiteral(s) = &*first.value else { return (None, body) };
        let text = self.string_value(s);
        let clean = literal::clean_docstring(&text);
        let id = self.program.constant(Const::Str(clean.into()));
        (Some(id), &body[1..])
    }

    fn is_class_frame(&self) -> bool {
        self.scopes.scopes[self.f.host].kind == ScopeKind::Class
    }

    fn is_module_frame(&self) -> bool {
        self.scopes.scopes[self.f.host].kind == ScopeKind::Module
    }

    /// Sets the position of what follows to an expression.
    fn at(&mut self, e: &Expr) {
        self.f.b.loc = self.expr_loc(e);
    }

    /// Sets the position of what follows to a range without anchor.
    fn at_range(&mut self, node: &impl Ranged) {
        self.f.b.loc = self.range_loc(node.range());
    }
}
