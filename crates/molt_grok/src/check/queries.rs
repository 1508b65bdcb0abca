//! Questions about types that the stages after inference ask.

use molt_base::{FileId, Span};

use super::context::{Checked, Env, Variance};
use super::solve::{Answer, Solver};
use super::typed::TypedBody;
use crate::hir::{AdtId, Mutability};
use crate::ty::{Arg, Args, Const, ConstKind, Flags, Region, Ty, TyKind};

/// Questions of later stages are never reported about.
const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };

impl Checked {
    /// Whether values of the type are copied rather than moved.
    pub fn is_copy(&self, ty: Ty, env: Env) -> bool {
        let Some(copy) = self.lang.copy else { return false };
        let ty = self.types.erase(ty);
        match self.types.kind(ty) {
            TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Str(_)
            | TyKind::Ref(_, Mutability::Shared, _)
            | TyKind::Ptr(..)
            | TyKind::FnPtr(_)
            | TyKind::FnDef(..)
            | TyKind::Ctor(..)
            | TyKind::Never
            | TyKind::Error => return true,
            TyKind::Ref(..) => return false,
            _ => {}
        }
        Solver::new(self, env).implements(ty, copy, NOWHERE) == Answer::Yes
    }

    /// Whether dropping a value of the type may do something; true for parameters that may be anything.
    pub fn needs_drop(&self, ty: Ty, env: Env) -> bool {
        self.needs_drop_in(self.types.erase(ty), env, 0)
    }

    fn needs_drop_in(&self, ty: Ty, env: Env, depth: u32) -> bool {
        let types = &self.types;
        match types.kind(ty) {
            TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Str(_)
            | TyKind::Ref(..)
            | TyKind::Ptr(..)
            | TyKind::FnPtr(_)
            | TyKind::FnDef(..)
            | TyKind::Ctor(..)
            | TyKind::Never
            | TyKind::Infer(_)
            | TyKind::Error => false,
            TyKind::Tuple(a) => types.ty_elems(a).any(|t| self.needs_drop_in(t, env, depth)),
            TyKind::Array(t, n) => {
                !matches!(types.const_kind(n), ConstKind::Value(0)) && self.needs_drop_in(t, env, depth)
            }
            TyKind::Slice(t) => self.needs_drop_in(t, env, depth),
            TyKind::Dyn(..) | TyKind::Future(..) => true,
            TyKind::Param(..) | TyKind::Projection(..) | TyKind::Opaque(..) => !self.is_copy(ty, env),
            TyKind::Closure(id, args) => self.closure(id).captures.iter().any(|c| {
                c.mode == super::typed::CaptureMode::Value
                    && self.needs_drop_in(types.erase(types.subst(c.ty, args)), env, depth)
            }),
            TyKind::Adt(adt, _) if self.lang.room == Some(adt) => false,
            TyKind::Adt(adt, args) => {
                if self.drop_impl(adt).is_some() || self.lang.boxed == Some(adt) || depth > 32 {
                    return true;
                }
                let variants = self.hir.adts[adt].variants.len() as u32;
                (0..variants).any(|v| {
                    self.field_types(adt, v).iter().any(|&f| {
                        let ty = self.normalize(types.erase(types.subst(f, args)), env);
                        self.needs_drop_in(ty, env, depth + 1)
                    })
                })
            }
        }
    }

    /// The type with associated types replaced by what they are. Regions are erased if there are any to replace.
    pub fn normalize(&self, ty: Ty, env: Env) -> Ty {
        if !self.types.flags(ty).has(Flags::PROJECTION) {
            return ty;
        }
        let mut solver = Solver::new(self, env);
        let new = solver.normalize(self.types.erase(ty), NOWHERE);
        solver.resolve(new)
    }

    /// Whether something is wrong in a body, or a type of it that was reported somewhere else: no graph is made of it.
    pub fn is_wrong(&self, typed: &TypedBody) -> bool {
        let wrong = |ty: Ty| self.types.flags(ty).has(Flags::ERROR);
        let signature = |params: &[Ty], ret: Ty| wrong(ret) || params.iter().any(|&p| wrong(p));
        typed.failed
            || signature(&typed.params, typed.ret)
            || typed.expr_ty.iter().chain(&typed.local_ty).any(|&ty| wrong(ty))
            || typed.closures.values().any(|&id| signature(&self.closure(id).params, self.closure(id).ret))
    }

    /// A constant with what can be evaluated evaluated.
    pub fn evaluated(&self, c: Const) -> Const {
        match self.types.const_kind(c) {
            ConstKind::Unevaluated(body, _) => {
                let value = self.const_value(body).map_or(ConstKind::Error, ConstKind::Value);
                self.types.mk_const(value)
            }
            _ => c,
        }
    }

    /// How the type varies in each of its parameters, by their use in fields (section 5).
    pub fn variances(&self, adt: AdtId) -> std::rc::Rc<[Variance]> {
        if let Some(v) = self.variances.borrow().get(&adt) {
            return v.clone();
        }
        let count = self.params_of(super::context::Owner::Adt(adt)).len();
        if self.hir.lang_adt("UnsafeCell") == Some(adt) {
            // What is behind a shared reference may change.
            let list: std::rc::Rc<[Variance]> = vec![Variance::Invariant; count].into();
            self.variances.borrow_mut().insert(adt, list.clone());
            return list;
        }
        // A recursive use reads this first answer; the loop below ends when nothing changes.
        let mut now: Vec<Variance> = vec![Variance::Bivariant; count];
        loop {
            self.variances.borrow_mut().insert(adt, now.clone().into());
            let mut next = now.clone();
            for v in 0..self.hir.adts[adt].variants.len() as u32 {
                for &f in self.field_types(adt, v).iter() {
                    self.variance_of(f, Variance::Covariant, &mut next);
                }
            }
            if next == now {
                break;
            }
            now = next;
        }
        let list: std::rc::Rc<[Variance]> = now.into();
        self.variances.borrow_mut().insert(adt, list.clone());
        list
    }

    fn variance_of(&self, ty: Ty, at: Variance, out: &mut [Variance]) {
        let mark = |index: u32, out: &mut [Variance]| {
            if let Some(v) = out.get_mut(index as usize) {
                *v = join(*v, at);
            }
        };
        let region = |r: Region, out: &mut [Variance]| {
            if let Region::Param(i, _) = r {
                mark(i, out);
            }
        };
        match self.types.kind(ty) {
            TyKind::Param(i, _) => mark(i, out),
            TyKind::Str(r) => region(r, out),
            TyKind::Ref(r, m, t) => {
                region(r, out);
                let inner = if m == Mutability::Mut { Variance::Invariant } else { at };
                self.variance_of(t, inner, out);
            }
            TyKind::Ptr(m, t) => {
                let inner = if m == Mutability::Mut { Variance::Invariant } else { at };
                self.variance_of(t, inner, out);
            }
            TyKind::Array(t, _) | TyKind::Slice(t) => self.variance_of(t, at, out),
            TyKind::Tuple(a) => self.variance_of_list(a, |_| Variance::Covariant, at, out),
            TyKind::FnPtr(a) => {
                let last = self.types.list(a).len() - 1;
                let of = |i| if i == last { Variance::Covariant } else { Variance::Contravariant };
                self.variance_of_list(a, of, at, out);
            }
            TyKind::Adt(id, a) => {
                let of = self.variances(id);
                self.variance_of_list(a, |i| of.get(i).copied().unwrap_or(Variance::Invariant), at, out);
            }
            TyKind::Dyn(d, r) => {
                region(r, out);
                let kind = self.types.dyn_kind(d).clone();
                for (_, a) in kind.traits {
                    self.variance_of_list(a, |_| Variance::Invariant, at, out);
                }
                for (_, t) in kind.assoc {
                    self.variance_of(t, Variance::Invariant, out);
                }
            }
            TyKind::Projection(_, a) | TyKind::Opaque(_, a) | TyKind::Closure(_, a) | TyKind::Future(_, a) => {
                self.variance_of_list(a, |_| Variance::Invariant, at, out);
            }
            _ => {}
        }
    }

    fn variance_of_list(&self, args: Args, of: impl Fn(usize) -> Variance, at: Variance, out: &mut [Variance]) {
        for (i, &a) in self.types.list(args).iter().enumerate() {
            let inner = compose(at, of(i));
            if inner == Variance::Bivariant {
                continue;
            }
            match a {
                Arg::Ty(t) => self.variance_of(t, inner, out),
                Arg::Region(Region::Param(p, _)) => {
                    if let Some(v) = out.get_mut(p as usize) {
                        *v = join(*v, inner);
                    }
                }
                _ => {}
            }
        }
    }
}

fn join(a: Variance, b: Variance) -> Variance {
    match (a, b) {
        (Variance::Bivariant, x) | (x, Variance::Bivariant) => x,
        (x, y) if x == y => x,
        _ => Variance::Invariant,
    }
}

fn compose(outer: Variance, inner: Variance) -> Variance {
    match (outer, inner) {
        (Variance::Bivariant, _) | (_, Variance::Bivariant) => Variance::Bivariant,
        (Variance::Invariant, _) | (_, Variance::Invariant) => Variance::Invariant,
        (Variance::Covariant, x) => x,
        (Variance::Contravariant, Variance::Covariant) => Variance::Contravariant,
        (Variance::Contravariant, Variance::Contravariant) => Variance::Covariant,
    }
}

impl Checked {
    /// The body of an owner, if it has one and it was made.
    pub fn body_of(&self, owner: crate::hir::BodyOwner) -> Option<&crate::hir::Body> {
        let id = self.body_id(owner)?;
        match self.replaced.borrow().get(&id) {
            Some(&copied) => Some(&self.copied_bodies[copied]),
            None => self.hir.body(id),
        }
    }

    /// Whether values of the type are futures that nothing but being awaited brings on: of async code, or objects.
    pub fn is_future(&self, ty: Ty) -> bool {
        match self.types.kind(ty) {
            TyKind::Future(..) => true,
            TyKind::Opaque(id, _) => self.hir.fns[self.opaque(id).owner].is_async,
            TyKind::Dyn(d, _) => {
                let future = self.lang.future;
                self.types.dyn_kind(d).traits.iter().any(|&(t, _)| Some(t) == future)
            }
            _ => self.boxed(ty).is_some_and(|inner| self.is_future(inner)),
        }
    }

    /// The number of an owner's body, if it has one.
    pub fn body_id(&self, owner: crate::hir::BodyOwner) -> Option<crate::hir::BodyId> {
        use crate::hir::BodyOwner;
        let hir = &self.hir;
        match owner {
            BodyOwner::Fn(f) => hir.fns[f].body,
            BodyOwner::Const(c) => hir.consts[c].body,
            BodyOwner::ParamDefault(f, n) => hir.fns[f].params[n as usize].default,
            BodyOwner::FieldDefault(a, n) => hir.adts[a].variants[0].fields[n as usize].default,
            BodyOwner::Discriminant(a, v) => hir.adts[a].variants[v as usize].discriminant,
            BodyOwner::ConstArg(body) => Some(body),
        }
    }

    /// The receiver's type of a method, which is written even where the rest of the signature is not.
    pub fn receiver_type(&self, f: crate::hir::FnId) -> Ty {
        use crate::hir::SelfKind;
        let Some(s) = self.hir.fns[f].self_param else { return Ty::ERROR };
        let self_ty = self.types.erase(self.self_type(f));
        match s.kind {
            SelfKind::Value => self_ty,
            SelfKind::Ref(_, m) => self.types.reference(m, self_ty),
            SelfKind::Typed(t) => {
                let mut holes = super::convert::NoHoles;
                let owner = Some(super::context::Owner::Fn(f));
                super::convert::Converter::new(self, owner, super::convert::Elision::Erased, &mut holes).ty(t)
            }
        }
    }
}

impl Checked {
    /// Numbers of an enum's variants: as declared, or one more than the one before.
    pub fn discriminants(&self, adt: AdtId) -> Vec<i128> {
        let mut next = 0;
        self.hir.adts[adt]
            .variants
            .iter()
            .map(|v| {
                let value = v.discriminant.and_then(|b| self.const_value(b)).unwrap_or(next);
                next = value + 1;
                value
            })
            .collect()
    }
}
