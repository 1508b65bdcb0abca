//! Calls: plain, method, unpacked, `super()`, and the builtins that look at the calling frame.

use molt_base::Symbol;
use molt_ir::func::imm_pair;
use molt_ir::{Const, ConstId, Op, ValueId};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::Lowerer;
use crate::program::Target;
use crate::scope::{Owner, ScopeKind};

impl<'a> Lowerer<'a> {
    pub(super) fn call(&mut self, e: &'a Expr, c: &'a ast::ExprCall) -> ValueId {
        if let Some(value) = self.across_call(e, c) {
            return value;
        }
        if let Expr::Name(n) = &*c.func
            && let Some(value) = self.frame_builtin(e, &n.id, &c.arguments)
        {
            return value;
        }
        let simple =
            !c.arguments.args.iter().any(Expr::is_starred_expr) && c.arguments.keywords.iter().all(|k| k.arg.is_some());
        if !simple {
            return self.call_unpacked(e, c);
        }
        let (op, callee, name) = match &*c.func {
            Expr::Attribute(a) => {
                let receiver = self.expr(&a.value);
                (Op::PyCallMethod, receiver, Some(self.symbol(&a.attr)))
            }
            func => (Op::PyCall, self.expr(func), None),
        };
        let mut args = vec![callee];
        args.extend(c.arguments.args.iter().map(|a| self.expr(a)));
        args.extend(c.arguments.keywords.iter().map(|k| self.expr(&k.value)));
        let keywords = self.keyword_names(&c.arguments.keywords);
        self.at(e);
        let imm = match name {
            Some(name) => imm_pair(name.0, keywords.0),
            None => u64::from(keywords.0),
        };
        self.f.b.word(op, &args, imm)
    }

    /// What a module that stands in for one of GrokLang calls of it.
    fn across_call(&mut self, e: &'a Expr, c: &'a ast::ExprCall) -> Option<ValueId> {
        let Expr::Name(n) = &*c.func else { return None };
        if !self.unit.stands_in || n.id.as_str() != "__across__" {
            return None;
        }
        let (Expr::StringLiteral(name), operands) = c.arguments.args.split_first()? else { return None };
        let name = self.program.names.intern(name.value.to_str());
        let operands: Vec<ValueId> = operands.iter().map(|a| self.expr(a)).collect();
        self.at(e);
        Some(self.f.b.word(Op::AcrossCall, &operands, u64::from(name.0)))
    }

    /// Constant tuple of keyword names.
    fn keyword_names(&mut self, keywords: &[ast::Keyword]) -> ConstId {
        if keywords.is_empty() {
            return ConstId::NONE;
        }
        let names: Vec<Symbol> = keywords.iter().filter_map(|k| k.arg.as_ref()).map(|a| self.symbol(a)).collect();
        let ids = names.into_iter().map(|n| self.program.const_symbol(n)).collect();
        self.program.constant(Const::Tuple(ids))
    }

    fn call_unpacked(&mut self, e: &'a Expr, c: &'a ast::ExprCall) -> ValueId {
        let callee = self.expr(&c.func);
        let args = self.positional_tuple(&c.arguments.args, e);
        let kwargs = self.keyword_dict(&c.arguments.keywords, callee, e);
        self.at(e);
        self.f.b.word(Op::PyCallEx, &[callee, args, kwargs], 0)
    }

    /// Positional arguments, unpacked ones included, as a tuple.
    pub(super) fn positional_tuple(&mut self, args: &'a [Expr], e: &'a Expr) -> ValueId {
        if args.iter().any(Expr::is_starred_expr) {
            let list = self.starred_list(args, e);
            return self.f.b.word(Op::ListToTuple, &[list], 0);
        }
        let values: Vec<ValueId> = args.iter().map(|a| self.expr(a)).collect();
        self.at(e);
        self.f.b.word(Op::TupleNew, &values, 0)
    }

    /// Keyword arguments, unpacked ones included, as a new dict; unbound when there are none.
    pub(super) fn keyword_dict(&mut self, keywords: &'a [ast::Keyword], callee: ValueId, e: &'a Expr) -> ValueId {
        if keywords.is_empty() {
            return self.unbound();
        }
        let plain = keywords.iter().take_while(|k| k.arg.is_some()).count();
        let pairs = self.keyword_pairs(&keywords[..plain]);
        self.at(e);
        let dict = self.f.b.word(Op::DictNew, &pairs, 0);
        for keyword in &keywords[plain..] {
            let mapping = match keyword.arg {
                None => self.expr(&keyword.value),
                Some(_) => {
                    let pair = self.keyword_pairs(std::slice::from_ref(keyword));
                    self.f.b.word(Op::DictNew, &pair, 0)
                }
            };
            self.at(e);
            self.f.b.effect(Op::DictMerge, &[dict, mapping, callee], 0);
        }
        dict
    }

    fn keyword_pairs(&mut self, keywords: &'a [ast::Keyword]) -> Vec<ValueId> {
        let mut pairs = Vec::with_capacity(keywords.len() * 2);
        for keyword in keywords {
            if let Some(name) = &keyword.arg {
                let name = self.symbol(name);
                pairs.push(self.symbol_const(name));
            }
            pairs.push(self.expr(&keyword.value));
        }
        pairs
    }

    /// Calls of builtins that mean the calling frame, by their name.
    fn frame_builtin(&mut self, e: &'a Expr, name: &str, arguments: &ast::Arguments) -> Option<ValueId> {
        let known = matches!(name, "super" | "globals" | "locals" | "vars" | "dir" | "exec" | "eval" | "compile");
        if !known || !self.is_builtin(name) {
            return None;
        }
        if matches!(name, "exec" | "eval" | "compile") {
            self.unsupported(e.range(), &format!("`{name}`"));
            return Some(self.none());
        }
        if !arguments.is_empty() {
            return None;
        }
        self.at(e);
        match name {
            "super" => self.super_without_arguments(e),
            "globals" => Some(self.globals_dict()),
            "dir" => {
                let locals = self.locals_dict();
                let sorted = self.program.names.intern("sorted");
                let sorted = self.f.b.word(Op::PyBuiltin, &[], u64::from(sorted.0));
                Some(self.f.b.word(Op::PyCall, &[sorted, locals], u64::from(ConstId::NONE.0)))
            }
            _ => Some(self.locals_dict()),
        }
    }

    /// `super()` in a function: its class and first argument are implicit. Elsewhere the builtin refuses by itself.
    fn super_without_arguments(&mut self, e: &'a Expr) -> Option<ValueId> {
        let first = self.scopes.scopes[self.f.host].first_param?;
        let class_cell = self.scopes.class_cell?;
        if self.scopes.scopes[self.f.host].kind != ScopeKind::Function {
            return None;
        }
        if self.scopes.resolve(self.f.host, class_cell).owner == Owner::Global {
            return Some(self.raise_runtime_error("super(): __class__ cell not found"));
        }
        let class = self.load_symbol(class_cell);
        let scope = std::mem::replace(&mut self.f.scope, self.f.host);
        let this = self.load_symbol(first);
        self.f.scope = scope;
        self.at(e);
        Some(self.f.b.word(Op::PySuper, &[class, this], 0))
    }

    /// Raises; the value stands for the call's and is never there.
    fn raise_runtime_error(&mut self, message: &str) -> ValueId {
        let class = self.program.names.intern("RuntimeError");
        let class = self.f.b.word(Op::PyBuiltin, &[], u64::from(class.0));
        let message = self.str_const(message);
        let exception = self.f.b.word(Op::PyCall, &[class, message], u64::from(ConstId::NONE.0));
        let cause = self.unbound();
        self.f.b.effect(Op::PyRaise, &[exception, cause], 0);
        self.none()
    }

    /// `__dict__` of the running module.
    fn globals_dict(&mut self) -> ValueId {
        debug_assert!(matches!(self.graph.target(&self.unit.name), Target::Program(_)));
        let module = self.f.b.word(Op::PyImport, &[], u64::from(self.module.0));
        let name = self.program.names.intern("__dict__");
        self.f.b.word(Op::PyGetAttr, &[module], u64::from(name.0))
    }

    /// `locals()`: the module's or class's namespace, else a new dict of the variables that are bound (PEP 667).
    fn locals_dict(&mut self) -> ValueId {
        if self.is_module_frame() {
            return self.globals_dict();
        }
        if let Some(namespace) = self.f.namespace {
            return namespace;
        }
        let dict = self.f.b.word(Op::DictNew, &[], 0);
        let own: Vec<Symbol> = self.scopes.scopes[self.f.host].own_names().collect();
        let free = self.scopes.scopes[self.f.host].free.clone();
        for name in own.into_iter().chain(free) {
            let value = self.peek_variable(name);
            let (bound, end) = (self.f.b.block(), self.f.b.block());
            self.branch_unbound(value, end, bound);
            self.enter(bound);
            let key = self.symbol_const(name);
            self.f.b.effect(Op::DictInsert, &[dict, key, value], 0);
            self.jump(end);
            self.enter(end);
        }
        dict
    }

    /// Value of a variable of the host scope, or the marker.
    fn peek_variable(&mut self, name: Symbol) -> ValueId {
        match self.scopes.resolve(self.f.host, name).owner {
            Owner::Global => self.unbound(),
            Owner::Scope(owner) if self.scopes.is_captured(owner, name) => {
                let cell = self.cell(owner, name);
                self.f.b.word(Op::CellGet, &[cell], 0)
            }
            Owner::Scope(owner) => {
                let variable = self.local(owner, name);
                self.f.b.use_var(variable)
            }
        }
    }
}
