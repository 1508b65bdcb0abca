//! What the stages of this folder ask of the checker about the owner of a body.

use std::rc::Rc;

use molt_base::Span;

use crate::check::context::{Checked, Env};
use crate::check::typed::{Callee, ClosureData};
use crate::hir::{AdtId, AdtKind, ConstId, FnId, Hir, Mutability, PatBound, PathRes, TypeExpr};
use crate::ty::{Arg, Args, ClosureId, ConstKind, FnSig, Ty, TyKind, Types};

/// The checker's answers in the environment of one body's owner.
#[derive(Clone, Copy)]
pub struct Queries<'a> {
    pub c: &'a Checked,
    pub env: Env,
}

impl<'a> Queries<'a> {
    pub fn hir(self) -> &'a Hir {
        &self.c.hir
    }
    pub fn types(self) -> &'a Types {
        &self.c.types
    }
    /// Signature in terms of the function's own parameters, with its regions.
    pub fn fn_sig(self, func: FnId) -> Rc<FnSig> {
        self.c.fn_sig(func)
    }
    pub fn is_copy(self, ty: Ty) -> bool {
        self.c.is_copy(ty, self.env)
    }
    /// Whether dropping a value of the type can do anything.
    pub fn needs_drop(self, ty: Ty) -> bool {
        self.c.needs_drop(ty, self.env)
    }
    pub fn normalize(self, ty: Ty) -> Ty {
        self.c.normalize(ty, self.env)
    }
    pub fn closure(self, id: ClosureId) -> &'a ClosureData {
        self.c.closure(id)
    }

    /// Type of a field, normalised and without regions.
    pub fn field_ty(self, adt: AdtId, variant: u32, field: u32, args: Args) -> Ty {
        self.normalize(self.types().erase(self.c.field_ty(adt, variant, field, args)))
    }

    /// Signature of a call with the arguments put in, its types normalised and their regions erased.
    pub fn callee_sig(self, callee: Callee) -> FnSig {
        let sig = self.fn_sig(callee.func);
        let params = sig.params.iter().map(|&t| self.in_call(t, callee.args)).collect();
        FnSig { params, ret: self.in_call(sig.ret, callee.args), ..*sig }
    }

    /// Result of a call, as in [`Queries::callee_sig`].
    pub fn callee_ret(self, callee: Callee) -> Ty {
        self.in_call(self.fn_sig(callee.func).ret, callee.args)
    }

    fn in_call(self, ty: Ty, args: Args) -> Ty {
        self.normalize(self.types().erase(self.types().subst(ty, args)))
    }

    /// Value of an integer, `bool` or `char` constant; `None` if it is not known yet.
    pub fn const_int(self, id: ConstId, args: Args, at: Span) -> Option<i128> {
        let body = self.hir().consts[id].body?;
        if self.c.is_under_way(id, at) {
            return None;
        }
        let c = self.c.evaluated(self.types().mk_const(ConstKind::Unevaluated(body, args)));
        match self.types().const_kind(c) {
            ConstKind::Value(v) => Some(v),
            _ => None,
        }
    }

    /// Value of a range pattern's bound that is a path: a constant, or `MIN` and `MAX` of an integer type.
    pub fn bound_int(self, bound: &PatBound) -> Option<i128> {
        let PatBound::Path(path, span) = bound else { return None };
        match path {
            PathRes::Const(id) => self.const_int(*id, Args::EMPTY, *span),
            PathRes::Assoc { base, name, .. } => {
                let TypeExpr::Int(kind) = self.hir().types[*base] else { return None };
                let bits = kind.bits();
                match (self.hir().text(*name), kind.is_signed()) {
                    ("MIN", true) => Some(i128::MIN >> (128 - bits)),
                    ("MIN", false) => Some(0),
                    ("MAX", true) => Some(i128::MAX >> (128 - bits)),
                    ("MAX", false) => Some((u128::MAX >> (128 - bits)) as i128),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a value of the enum must be tested for its variant: there is more than one.
    pub fn needs_variant_test(self, adt: AdtId) -> bool {
        self.hir().adts[adt].kind == AdtKind::Enum && self.hir().adts[adt].variants.len() != 1
    }

    /// Type that a reference, raw pointer or box points to.
    pub fn pointee(self, ty: Ty) -> Option<Ty> {
        match self.types().kind(ty) {
            TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) => Some(t),
            TyKind::Str(_) => Some(ty),
            _ => self.c.boxed(ty),
        }
    }

    /// Mutability of a reference; other types count as shared.
    pub fn ref_mutability(self, ty: Ty) -> Mutability {
        match self.types().kind(ty) {
            TyKind::Ref(_, m, _) => m,
            _ => Mutability::Shared,
        }
    }

    /// Whether a value of a type may hold a reference.
    pub fn may_refer(self, ty: Ty) -> bool {
        match self.types().kind(ty) {
            TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Never
            | TyKind::Error
            | TyKind::FnDef(..)
            | TyKind::FnPtr(_)
            | TyKind::Ctor(..) => false,
            TyKind::Tuple(list) => self.types().ty_elems(list).any(|t| self.may_refer(t)),
            TyKind::Array(elem, _) | TyKind::Slice(elem) => self.may_refer(elem),
            TyKind::Adt(_, args) => self.types().list(args).iter().any(|&a| match a {
                Arg::Region(_) => true,
                Arg::Ty(t) => self.may_refer(t),
                Arg::Const(_) => false,
            }),
            TyKind::Str(_)
            | TyKind::Ref(..)
            | TyKind::Ptr(..)
            | TyKind::Dyn(..)
            | TyKind::Closure(..)
            | TyKind::Future(..)
            | TyKind::Param(..)
            | TyKind::Projection(..)
            | TyKind::Opaque(..)
            | TyKind::Infer(_) => true,
        }
    }
}
