//! What the stages of this folder ask of the checker about the owner of a body.

use crate::check::typed::{Callee, ClosureData};
use crate::hir::{AdtId, AdtKind, ConstId, FnId, Hir, PatId};
use crate::ty::{Args, ClosureId, FnSig, Ty, TyKind, Types};

/// Answers about types, in the environment of one body's owner.
pub trait Queries {
    fn hir(&self) -> &Hir;
    fn types(&self) -> &Types;
    /// Signature in terms of the function's own parameters, with its regions.
    fn fn_sig(&self, func: FnId) -> &FnSig;
    /// Type of a field with the arguments put in, regions kept.
    fn field_ty(&self, adt: AdtId, variant: u32, field: u32, args: Args) -> Ty;
    fn is_copy(&self, ty: Ty) -> bool;
    /// Whether dropping a value of the type can do anything.
    fn needs_drop(&self, ty: Ty) -> bool;
    fn normalize(&self, ty: Ty) -> Ty;
    fn closure(&self, id: ClosureId) -> &ClosureData;
    /// Value of an integer, `bool` or `char` constant; `None` if it is not known yet.
    fn const_int(&self, id: ConstId, args: Args) -> Option<i128>;
    /// Value of a bound of a range pattern that is a path; `upper` tells which.
    fn bound_int(&self, pat: PatId, upper: bool) -> Option<i128>;
}

/// Signature of a call with the arguments put in, its types normalised and their regions erased.
pub fn callee_sig(q: &dyn Queries, callee: Callee) -> FnSig {
    let sig = q.types().subst_sig(q.fn_sig(callee.func), callee.args);
    let clean = |t: Ty| q.normalize(q.types().erase(t));
    FnSig { params: sig.params.iter().map(|&t| clean(t)).collect(), ret: clean(sig.ret), ..sig }
}

/// Enum with more than one variant: which one a value has must be tested.
pub fn needs_variant_test(hir: &Hir, adt: AdtId) -> bool {
    hir.adts[adt].kind == AdtKind::Enum && hir.adts[adt].variants.len() != 1
}

/// Type that a reference, raw pointer or box points to.
pub fn pointee(hir: &Hir, types: &Types, ty: Ty) -> Option<Ty> {
    match types.kind(ty) {
        TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) => Some(t),
        TyKind::Str(_) => Some(ty),
        TyKind::Adt(id, args) if hir.lang_adt("Box") == Some(id) => types.list(args).iter().find_map(|a| a.ty()),
        _ => None,
    }
}
