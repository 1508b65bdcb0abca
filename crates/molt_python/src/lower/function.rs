//! Functions: `def`, `lambda`, generator expressions and the frames they run in.

use molt_base::Symbol;
use molt_ir::{CodeInfo, Const, ConstId, FuncId, Function, FunctionKind, Op, Type, ValueId};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::{Frame, Lowerer};
use crate::scope::{NodeRole, Owner, ScopeId, ScopeKind};

/// What the frame of a new function needs to know.
pub(super) struct FunctionSpec {
    pub name: Symbol,
    pub qualname: String,
    pub scope: ScopeId,
    pub kind: FunctionKind,
    pub code: CodeInfo,
}

impl<'a> Lowerer<'a> {
    /// Builds a function in a frame of its own; `body` must leave it terminated.
    pub(super) fn build_function(&mut self, spec: FunctionSpec, body: impl FnOnce(&mut Self)) -> FuncId {
        let mut function = Function::new(spec.name, self.module, spec.kind);
        function.qualname = self.program.names.intern(&spec.qualname);
        let mut code = spec.code;
        code.free_names = self.scopes.scopes[spec.scope].free.clone();
        let param_names = code.var_names.clone();
        function.code = Some(code);
        let frame = Frame::new(function, spec.scope, spec.qualname);
        let outer = std::mem::replace(&mut self.f, frame);
        self.f.function = Some(self.f.b.param(Type::Any));
        let params: Vec<(Symbol, ValueId)> = param_names.iter().map(|&n| (n, self.f.b.param(Type::Any))).collect();
        if self.scopes.scopes[spec.scope].kind == ScopeKind::Class {
            self.f.namespace = Some(self.f.b.param(Type::Any));
        } else {
            self.open_scope(spec.scope, &params);
        }
        body(self);
        debug_assert!(self.dead(), "function bodies end with a terminator");
        let frame = std::mem::replace(&mut self.f, outer);
        let mut func = frame.b.finish();
        super::bound::remove_checks(&mut func);
        self.program.funcs.push(func)
    }

    /// Qualified name of something defined in the frame at hand.
    pub(super) fn child_qualname(&self, name: &str) -> String {
        let here = &self.f.qualname;
        match self.scopes.scopes[self.f.host].kind {
            ScopeKind::Module => name.to_owned(),
            ScopeKind::Class => format!("{here}.{name}"),
            _ => format!("{here}.<locals>.{name}"),
        }
    }

    /// As [`Lowerer::child_qualname`] for a name that the frame may declare `global`.
    pub(super) fn binding_qualname(&mut self, name: &str) -> String {
        let symbol = self.symbol(name);
        let global = self.scopes.scopes[self.f.scope].name(symbol).global;
        if global { name.to_owned() } else { self.child_qualname(name) }
    }

    /// Tuple of the cells that a function captures, or unbound.
    pub(super) fn closure(&mut self, scope: ScopeId) -> ValueId {
        let free = self.scopes.scopes[scope].free.clone();
        if free.is_empty() {
            return self.unbound();
        }
        let cells: Vec<ValueId> = free.into_iter().map(|name| self.captured_cell(scope, name)).collect();
        self.f.b.word(Op::TupleNew, &cells, 0)
    }

    /// Cell of a free variable of `scope`, a function made in the frame at hand. A scope that declares the name (or a
    /// scope inside it that uses the name) decides whose variable it is.
    fn captured_cell(&mut self, scope: ScopeId, name: Symbol) -> ValueId {
        let host_free = &self.scopes.scopes[self.f.host].free;
        if let Some(index) = host_free.iter().position(|&n| n == name) {
            let owned_here = self.owner_around(scope, name);
            if owned_here.is_none() {
                let function = self.f.function.expect("only functions have free variables");
                return self.f.b.word(Op::ClosureCell, &[function], index as u64);
            }
        }
        let owner = self.owner_around(scope, name).expect("captured variables have an owner");
        self.f.cells[&(owner, name)]
    }

    /// Scope of this frame, around `scope`, that owns the captured variable.
    fn owner_around(&self, scope: ScopeId, name: Symbol) -> Option<ScopeId> {
        let mut at = self.scopes.scopes[scope].parent;
        while let Some(s) = at {
            if self.scopes.host(s) != self.f.host {
                return None;
            }
            if self.f.cells.contains_key(&(s, name)) {
                return Some(s);
            }
            at = self.scopes.scopes[s].parent;
        }
        None
    }

    /// Function object of a finished function.
    pub(super) fn function_object(
        &mut self,
        id: FuncId,
        scope: ScopeId,
        defaults: Option<ValueId>,
        kwdefaults: Option<ValueId>,
        annotate: Option<ValueId>,
    ) -> ValueId {
        let closure = self.closure(scope);
        let [defaults, kwdefaults, annotate] = [defaults, kwdefaults, annotate].map(|v| match v {
            Some(v) => v,
            None => self.unbound(),
        });
        self.f.b.word(Op::PyFunction, &[closure, defaults, kwdefaults, annotate], u64::from(id.0))
    }

    pub(super) fn parameters_code(&mut self, parameters: Option<&ast::Parameters>, first_line: u32) -> CodeInfo {
        let mut code = CodeInfo { first_line, ..CodeInfo::default() };
        let Some(p) = parameters else { return code };
        code.posonly_count = p.posonlyargs.len() as u32;
        code.arg_count = (p.posonlyargs.len() + p.args.len()) as u32;
        code.kwonly_count = p.kwonlyargs.len() as u32;
        code.stands_in = self.unit.stands_in;
        code.has_varargs = p.vararg.is_some();
        code.has_varkeywords = p.kwarg.is_some();
        let names = p.iter_non_variadic_params().map(|p| &p.parameter);
        let names = names.chain(p.vararg.as_deref()).chain(p.kwarg.as_deref());
        code.var_names = names.map(|p| self.symbol(&p.name)).collect();
        code
    }

    /// Default values: a tuple of positional ones, a dict of keyword-only ones.
    fn defaults(&mut self, p: Option<&'a ast::Parameters>) -> (Option<ValueId>, Option<ValueId>) {
        let Some(p) = p else { return (None, None) };
        let positional: Vec<&'a Expr> =
            p.posonlyargs.iter().chain(&p.args).filter_map(|p| p.default.as_deref()).collect();
        let defaults = (!positional.is_empty()).then(|| self.default_tuple(&positional));
        let mut pairs = Vec::new();
        for (parameter, default) in p.kwonlyargs.iter().filter_map(|p| Some((p, p.default.as_deref()?))) {
            let name = self.symbol(&parameter.parameter.name);
            pairs.push(self.symbol_const(name));
            pairs.push(self.expr(default));
        }
        let kwdefaults = (!pairs.is_empty()).then(|| self.f.b.word(Op::DictNew, &pairs, 0));
        (defaults, kwdefaults)
    }

    fn default_tuple(&mut self, defaults: &[&'a Expr]) -> ValueId {
        let constants: Option<Vec<ConstId>> = defaults.iter().map(|e| self.fold_id(e)).collect();
        if let Some(ids) = constants {
            return self.constant(Const::Tuple(ids.into()));
        }
        let values: Vec<ValueId> = defaults.iter().map(|e| self.expr(e)).collect();
        self.f.b.word(Op::TupleNew, &values, 0)
    }

    pub(super) fn function_def(&mut self, f: &'a ast::StmtFunctionDef) {
        if f.is_async {
            // The library's asynchronous functions are absent until coroutines exist.
            if !self.unit.is_library {
                self.unsupported(f.name.range, "`async def`");
            }
            return;
        }
        let decorators: Vec<ValueId> = f.decorator_list.iter().map(|d| self.expr(&d.expression)).collect();
        let (defaults, kwdefaults) = self.defaults(Some(&f.parameters));
        let (mut value, id) = match &f.type_params {
            None => self.plain_function(f, defaults, kwdefaults),
            Some(params) => {
                let scope = self.scopes.of(&**params, NodeRole::TypeParams);
                let outer = std::mem::replace(&mut self.f.scope, scope);
                let tuple = self.type_params(params, scope);
                let made = self.plain_function(f, defaults, kwdefaults);
                self.set_type_params(made.0, tuple);
                self.f.scope = outer;
                made
            }
        };
        for (decorator, d) in decorators.into_iter().zip(&f.decorator_list).rev() {
            self.at(&d.expression);
            value = self.f.b.word(Op::PyCall, &[decorator, value], u64::from(ConstId::NONE.0));
        }
        if self.is_class_frame() && f.decorator_list.is_empty() && f.type_params.is_none() {
            let name = self.symbol(&f.name);
            self.f.methods.push((name, id));
        }
        self.at_range(&f.name);
        self.store_name(&f.name, value);
    }

    fn plain_function(
        &mut self,
        f: &'a ast::StmtFunctionDef,
        defaults: Option<ValueId>,
        kwdefaults: Option<ValueId>,
    ) -> (ValueId, FuncId) {
        let annotate = self.function_annotations(f);
        let scope = self.scopes.of(f, NodeRole::Body);
        let mut code = self.parameters_code(Some(&f.parameters), self.line_of(f.start()));
        let (doc, body) = self.docstring(&f.body);
        code.doc = doc;
        let spec = FunctionSpec {
            name: self.symbol(&f.name),
            qualname: self.binding_qualname(&f.name),
            scope,
            kind: self.kind_of(scope),
            code,
        };
        let id = self.build_function(spec, |l| {
            l.body(body);
            l.return_none();
        });
        let value = self.function_object(id, scope, defaults, kwdefaults, annotate);
        self.set_text_annotations(f, value);
        (value, id)
    }

    pub(super) fn kind_of(&self, scope: ScopeId) -> FunctionKind {
        if self.scopes.scopes[scope].is_generator { FunctionKind::Generator } else { FunctionKind::Plain }
    }

    /// `return None` if control can come here.
    pub(super) fn return_none(&mut self) {
        if !self.dead() {
            self.keep_variables();
            let none = self.none();
            self.f.b.ret(none);
        }
    }

    pub(super) fn lambda(&mut self, l: &'a ast::ExprLambda) -> ValueId {
        let (defaults, kwdefaults) = self.defaults(l.parameters.as_deref());
        let scope = self.scopes.of(l, NodeRole::Body);
        let code = self.parameters_code(l.parameters.as_deref(), self.line_of(l.start()));
        let spec = FunctionSpec {
            name: self.program.names.intern("<lambda>"),
            qualname: self.child_qualname("<lambda>"),
            scope,
            kind: self.kind_of(scope),
            code,
        };
        let id = self.build_function(spec, |inner| {
            let value = inner.expr(&l.body);
            inner.f.b.ret(value);
        });
        self.function_object(id, scope, defaults, kwdefaults, None)
    }

    /// A generator expression: a generator function called with the iterator of its outermost iterable.
    pub(super) fn generator_expression(&mut self, g: &'a ast::ExprGenerator) -> ValueId {
        if g.generators.iter().any(|c| c.is_async) {
            self.unsupported(g.range, "asynchronous comprehension");
            return self.none();
        }
        let scope = self.scopes.of(g, NodeRole::Body);
        let parameter = self.program.names.intern(".0");
        let first_line = self.line_of(g.start());
        let code =
            CodeInfo { arg_count: 1, posonly_count: 1, var_names: vec![parameter], first_line, ..CodeInfo::default() };
        let spec = FunctionSpec {
            name: self.program.names.intern("<genexpr>"),
            qualname: self.child_qualname("<genexpr>"),
            scope,
            kind: FunctionKind::Generator,
            code,
        };
        let first = &g.generators[0];
        let iterator = self.iterator(&first.iter);
        let id = self.build_function(spec, |l| {
            let iterator = l.load_owned_param(scope, parameter);
            l.comprehension_loops(&g.generators, iterator, &mut |l| {
                let value = l.expr(&g.elt);
                l.at(&g.elt);
                l.f.b.word(Op::Yield, &[value], 0);
            });
            l.return_none();
        });
        let function = self.function_object(id, scope, None, None, None);
        self.at_range(g);
        self.f.b.word(Op::PyCall, &[function, iterator], u64::from(ConstId::NONE.0))
    }

    fn load_owned_param(&mut self, scope: ScopeId, name: Symbol) -> ValueId {
        debug_assert_eq!(self.scopes.resolve(scope, name).owner, Owner::Scope(scope));
        let variable = self.local(scope, name);
        self.f.b.use_var(variable)
    }
}
