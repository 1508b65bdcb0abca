//! Rebuilding types: substitution of parameters, erasure of regions and whatever else replaces leaves.

use super::{Arg, Args, Const, ConstKind, DynId, DynKind, Flags, FnSig, Region, Ty, TyKind, Types};

/// Longest list of arguments that is rebuilt in place.
const SHORT: usize = 6;

/// Replaces leaves of types. A method that is not overridden goes into the parts.
pub trait Folder {
    fn types(&self) -> &Types;
    /// Flags of which a type must have one to be visited at all.
    fn mask(&self) -> u8;
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        self.parts(ty)
    }
    fn fold_region(&mut self, region: Region) -> Region {
        region
    }
    fn fold_const(&mut self, c: Const) -> Const {
        self.const_parts(c)
    }

    /// Visits a type if it can be of interest.
    fn ty(&mut self, ty: Ty) -> Ty {
        if self.types().flags(ty).has(self.mask()) { self.fold_ty(ty) } else { ty }
    }

    fn const_parts(&mut self, c: Const) -> Const {
        match self.types().const_kind(c) {
            ConstKind::Unevaluated(body, args) => {
                let args = self.args(args);
                self.types().mk_const(ConstKind::Unevaluated(body, args))
            }
            _ => c,
        }
    }

    fn args(&mut self, args: Args) -> Args {
        if !self.types().args_flags(args).has(self.mask()) {
            return args;
        }
        let old = self.types().list(args);
        let count = old.len();
        // Nearly all lists are short: they need no memory of their own.
        let (mut short, mut long) = ([Arg::Ty(Ty::ERROR); SHORT], Vec::new());
        let new: &mut [Arg] = if count <= SHORT {
            short[..count].copy_from_slice(old);
            &mut short[..count]
        } else {
            long.extend_from_slice(old);
            &mut long
        };
        let mut changed = false;
        for arg in new.iter_mut() {
            changed |= match arg {
                Arg::Ty(t) => replace(t, self.ty(*t)),
                Arg::Region(r) => replace(r, self.fold_region(*r)),
                Arg::Const(c) => replace(c, self.fold_const(*c)),
            };
        }
        if changed { self.types().args(new) } else { args }
    }

    /// The type with its parts folded.
    fn parts(&mut self, ty: Ty) -> Ty {
        let new = match self.types().kind(ty) {
            TyKind::Error
            | TyKind::Never
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Param(..)
            | TyKind::Infer(_) => return ty,
            TyKind::Str(r) => TyKind::Str(self.fold_region(r)),
            TyKind::Tuple(a) => TyKind::Tuple(self.args(a)),
            TyKind::Array(t, c) => TyKind::Array(self.ty(t), self.fold_const(c)),
            TyKind::Slice(t) => TyKind::Slice(self.ty(t)),
            TyKind::Ref(r, m, t) => TyKind::Ref(self.fold_region(r), m, self.ty(t)),
            TyKind::Ptr(m, t) => TyKind::Ptr(m, self.ty(t)),
            TyKind::Adt(id, a) => TyKind::Adt(id, self.args(a)),
            TyKind::FnDef(id, a) => TyKind::FnDef(id, self.args(a)),
            TyKind::Ctor(id, v, a) => TyKind::Ctor(id, v, self.args(a)),
            TyKind::FnPtr(a) => TyKind::FnPtr(self.args(a)),
            TyKind::Closure(id, a) => TyKind::Closure(id, self.args(a)),
            TyKind::Future(id, a) => TyKind::Future(id, self.args(a)),
            TyKind::Dyn(d, r) => TyKind::Dyn(self.dyn_parts(d), self.fold_region(r)),
            TyKind::Projection(id, a) => TyKind::Projection(id, self.args(a)),
            TyKind::Opaque(id, a) => TyKind::Opaque(id, self.args(a)),
        };
        // What is visited has something to replace: nearly all of it is new, and what is not is found by its parts.
        self.types().mk(new)
    }

    #[inline(never)]
    fn dyn_parts(&mut self, id: DynId) -> DynId {
        let old = self.types().dyn_kind(id).clone();
        let traits = old.traits.iter().map(|&(t, a)| (t, self.args(a))).collect();
        let assoc = old.assoc.iter().map(|&(n, t)| (n, self.ty(t))).collect();
        self.types().mk_dyn(DynKind { traits, assoc })
    }
}

/// Whether the new value is another one.
fn replace<T: PartialEq>(old: &mut T, new: T) -> bool {
    let changed = *old != new;
    *old = new;
    changed
}

struct Subst<'a> {
    types: &'a Types,
    args: &'a [Arg],
}

impl Folder for Subst<'_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::PARAM | Flags::REGION
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            TyKind::Param(i, _) => match self.args.get(i as usize) {
                Some(Arg::Ty(t)) => *t,
                _ => Ty::ERROR,
            },
            _ => self.parts(ty),
        }
    }
    fn fold_region(&mut self, region: Region) -> Region {
        match region {
            Region::Param(i, _) => match self.args.get(i as usize) {
                Some(Arg::Region(r)) => *r,
                _ => Region::Erased,
            },
            other => other,
        }
    }
    fn fold_const(&mut self, c: Const) -> Const {
        match self.types.const_kind(c) {
            ConstKind::Param(i, _) => match self.args.get(i as usize) {
                Some(Arg::Const(c)) => *c,
                _ => self.types.mk_const(ConstKind::Error),
            },
            _ => self.const_parts(c),
        }
    }
}

struct Eraser<'a>(&'a Types);

impl Folder for Eraser<'_> {
    fn types(&self) -> &Types {
        self.0
    }
    fn mask(&self) -> u8 {
        Flags::REGION
    }
    fn fold_region(&mut self, _: Region) -> Region {
        Region::Erased
    }
}

impl Types {
    /// The type with generic parameters replaced by the arguments of the same index.
    pub fn subst(&self, ty: Ty, args: Args) -> Ty {
        if !self.flags(ty).has(Flags::PARAM | Flags::REGION) {
            return ty;
        }
        Subst { types: self, args: self.list(args) }.fold_ty(ty)
    }

    pub fn subst_args(&self, list: Args, args: Args) -> Args {
        Subst { types: self, args: self.list(args) }.args(list)
    }

    pub fn subst_const(&self, c: Const, args: Args) -> Const {
        Subst { types: self, args: self.list(args) }.fold_const(c)
    }

    pub fn subst_sig(&self, sig: &FnSig, args: Args) -> FnSig {
        FnSig {
            params: sig.params.iter().map(|&t| self.subst(t, args)).collect(),
            ret: self.subst(sig.ret, args),
            ..*sig
        }
    }

    /// The type without any region.
    pub fn erase(&self, ty: Ty) -> Ty {
        Eraser(self).ty(ty)
    }

    pub fn erase_args(&self, args: Args) -> Args {
        Eraser(self).args(args)
    }
}
