//! Type parameters (PEP 695, PEP 696) and `type` statements.
//!
//! Parameters are variables of a scope inlined into the frame. Bounds, constraints, defaults and alias values are
//! functions of their own, which run when the object is made.

use molt_ir::{CodeInfo, Const, ConstId, FunctionKind, Op, ValueId};
use ruff_python_ast::{self as ast, Expr, TypeParam};
use ruff_text_size::Ranged;

use super::Lowerer;
use super::function::FunctionSpec;
use crate::scope::{NodeRole, ScopeId};

impl<'a> Lowerer<'a> {
    /// Makes the parameters in their scope, which is the one at hand; the result is their tuple.
    pub(super) fn type_params(&mut self, params: &'a ast::TypeParams, scope: ScopeId) -> ValueId {
        self.open_scope(scope, &[]);
        let mut made = Vec::new();
        for param in &params.type_params {
            let value = self.type_param(param);
            self.store_name(param.name(), value);
            made.push(value);
        }
        self.f.b.word(Op::TupleNew, &made, 0)
    }

    fn type_param(&mut self, param: &'a TypeParam) -> ValueId {
        let (class, bound) = match param {
            TypeParam::TypeVar(v) => ("TypeVar", v.bound.as_deref()),
            TypeParam::TypeVarTuple(_) => ("TypeVarTuple", None),
            TypeParam::ParamSpec(_) => ("ParamSpec", None),
        };
        let callee = self.typing_member(class);
        let name = self.str_const(param.name());
        let mut args = vec![callee, name];
        let mut keywords: Vec<&str> = Vec::new();
        match bound {
            Some(Expr::Tuple(constraints)) => {
                let tuple = self.lazily(bound.expect("matched"), param.name());
                args.extend(self.words(Op::PyUnpack, &[tuple], constraints.elts.len() as u64, constraints.elts.len()));
            }
            Some(bound) => {
                keywords.push("bound");
                args.push(self.lazily(bound, param.name()));
            }
            None => {}
        }
        if let Some(default) = param.default() {
            keywords.push("default");
            args.push(self.lazily(default, param.name()));
        }
        if !matches!(param, TypeParam::TypeVarTuple(_)) {
            keywords.push("infer_variance");
            args.push(self.bool_const(true));
        }
        let names = keywords.iter().map(|k| self.program.const_str(k)).collect::<Vec<_>>();
        let names = if names.is_empty() { ConstId::NONE } else { self.program.constant(Const::Tuple(names.into())) };
        self.at_range(param);
        self.f.b.word(Op::PyCall, &args, u64::from(names.0))
    }

    /// Value of an expression that has a scope of its own.
    fn lazily(&mut self, e: &'a Expr, name: &str) -> ValueId {
        let scope = self.scopes.of(e, NodeRole::Annotations);
        let spec = FunctionSpec {
            name: self.program.names.intern(name),
            qualname: self.child_qualname(name),
            scope,
            kind: FunctionKind::Plain,
            code: CodeInfo { first_line: self.line_of(e.start()), ..CodeInfo::default() },
        };
        let id = self.build_function(spec, |l| {
            let value = l.expr(e);
            l.f.b.ret(value);
        });
        let function = self.function_object(id, scope, None, None, None);
        self.at(e);
        self.f.b.word(Op::PyCall, &[function], u64::from(ConstId::NONE.0))
    }

    fn typing_member(&mut self, name: &str) -> ValueId {
        let module = self.program.names.intern("_typing");
        let module = self.f.b.word(Op::PyImportNative, &[], u64::from(module.0));
        let name = self.program.names.intern(name);
        self.f.b.word(Op::PyGetAttr, &[module], u64::from(name.0))
    }

    /// `Generic[T, *Ts, …]` of a class's parameters.
    pub(super) fn generic_base(&mut self, params: &'a ast::TypeParams) -> ValueId {
        let generic = self.typing_member("Generic");
        let list = self.f.b.word(Op::ListNew, &[], 0);
        for param in &params.type_params {
            let name = self.symbol(param.name());
            let value = self.load_symbol(name);
            // A tuple of type variables stands unpacked among the parameters.
            let op = if param.is_type_var_tuple() { Op::ListExtend } else { Op::ListAppend };
            self.f.b.effect(op, &[list, value], 0);
        }
        let tuple = self.f.b.word(Op::ListToTuple, &[list], 0);
        self.f.b.word(Op::PyGetItem, &[generic, tuple], 0)
    }

    pub(super) fn set_type_params(&mut self, object: ValueId, params: ValueId) {
        let name = self.program.names.intern("__type_params__");
        self.f.b.effect(Op::PySetAttr, &[object, params], u64::from(name.0));
    }

    pub(super) fn type_alias(&mut self, t: &'a ast::StmtTypeAlias) {
        let Expr::Name(name) = &*t.name else { return };
        let outer = self.f.scope;
        let params = t.type_params.as_ref().map(|params| {
            let scope = self.scopes.of(&**params, NodeRole::TypeParams);
            self.f.scope = scope;
            self.type_params(params, scope)
        });
        let value = self.lazily(&t.value, &name.id);
        let callee = self.typing_member("TypeAliasType");
        let name_value = self.str_const(&name.id);
        let mut args = vec![callee, name_value, value];
        let mut keywords = ConstId::NONE;
        if let Some(params) = params {
            args.push(params);
            let id = self.program.const_str("type_params");
            keywords = self.program.constant(Const::Tuple(vec![id].into()));
        }
        self.f.scope = outer;
        self.at_range(t);
        let alias = self.f.b.word(Op::PyCall, &args, u64::from(keywords.0));
        self.store_name(&name.id, alias);
    }
}
