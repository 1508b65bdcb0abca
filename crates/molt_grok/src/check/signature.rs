//! Signatures, bounds and supertraits of items.

use std::rc::Rc;

use molt_base::Symbol;

use super::context::{Checked, Env, Owner, Predicate};
use super::convert::{Converter, Elision, Holes, NoHoles};
use crate::hir::{BodyOwner, Bound, ConstId, FnId, Mutability, Parent, ReturnType, SelfKind, TraitId, WhereSubject};
use crate::ty::{Arg, Args, FnSig, Region, Ty, TyKind};

/// Where a signature leaves something out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completeness {
    Complete,
    /// Types of parameters or the result are to be inferred from the body.
    Partial,
}

/// Remembers that a hole was met.
struct Probe(bool);

impl Holes for Probe {
    fn ty(&mut self, _: molt_base::Span) -> Option<Ty> {
        self.0 = true;
        Some(Ty::ERROR)
    }
    fn constant(&mut self, _: molt_base::Span) -> Option<crate::ty::Const> {
        self.0 = true;
        None
    }
}

impl Checked {
    /// Whether all of a function's types are written.
    pub fn completeness(&self, f: FnId) -> Completeness {
        let item = &self.hir.fns[f];
        if item.is_async && self.yields_unwritten(item.ret) {
            return Completeness::Partial;
        }
        let holes = item.params.iter().any(|p| p.ty.is_none_or(|t| self.has_hole(t)))
            || match item.ret {
                ReturnType::Omitted => item.body.is_some() && !self.is_std_fn(f),
                ReturnType::Type(t) => self.has_hole(t),
            };
        if holes { Completeness::Partial } else { Completeness::Complete }
    }

    /// Whether the result of an `async` function leaves out what the future yields.
    fn yields_unwritten(&self, ret: ReturnType) -> bool {
        let ReturnType::Type(t) = ret else { return false };
        let crate::hir::TypeExpr::Impl(bounds) = &self.hir.types[t] else { return false };
        bounds.iter().all(|b| matches!(b, Bound::Trait(r) if r.args.assoc.is_empty()))
    }

    /// Whether `_` occurs in a written type.
    fn has_hole(&self, id: crate::hir::TypeId) -> bool {
        use crate::hir::{GenericArg, TypeExpr};
        match &self.hir.types[id] {
            TypeExpr::Infer => true,
            TypeExpr::Tuple(parts) => parts.iter().any(|&p| self.has_hole(p)),
            TypeExpr::Array(t, _) | TypeExpr::Slice(t) | TypeExpr::Ref(_, _, t) | TypeExpr::Ptr(_, t) => {
                self.has_hole(*t)
            }
            TypeExpr::Adt(_, args) | TypeExpr::Alias(_, args) => {
                args.args.iter().any(|a| matches!(a, GenericArg::Type(t) if self.has_hole(*t)))
            }
            _ => false,
        }
    }

    /// A function's type in terms of its parameters. What is left out of the signature must have been inferred before.
    pub fn fn_sig(&self, f: FnId) -> Rc<FnSig> {
        if let Some(s) = self.sigs.get(f) {
            return s;
        }
        let sig = Rc::new(self.convert_sig(f, &mut Probe(false)));
        self.sigs.insert(f, sig.clone());
        sig
    }

    /// The signature if it is written in full or was inferred.
    pub fn known_sig(&self, f: FnId) -> Option<Rc<FnSig>> {
        if let Some(s) = self.sigs.get(f) {
            return Some(s);
        }
        (self.completeness(f) == Completeness::Complete).then(|| self.fn_sig(f))
    }

    /// [`Checked::known_sig`] without regions.
    pub fn known_erased_sig(&self, f: FnId) -> Option<Rc<FnSig>> {
        if let Some(s) = self.erased_sigs.get(f) {
            return Some(s);
        }
        let sig = self.known_sig(f)?;
        let params = sig.params.iter().map(|&p| self.types.erase(p)).collect();
        let erased = Rc::new(FnSig { params, ret: self.types.erase(sig.ret), ..*sig });
        self.erased_sigs.insert(f, erased.clone());
        Some(erased)
    }

    /// The signature with what is left out filled by `holes`.
    pub(super) fn convert_sig(&self, f: FnId, holes: &mut dyn Holes) -> FnSig {
        let item = &self.hir.fns[f];
        let mut conv = Converter::new(self, Some(Owner::Fn(f)), Elision::Fresh, holes);
        let mut params = Vec::new();
        let mut self_region = None;
        if let Some(s) = item.self_param {
            let self_ty = self.self_type(f);
            params.push(match s.kind {
                // A `str` carries a lifetime as a reference does.
                SelfKind::Value if matches!(self.types.kind(self_ty), TyKind::Str(Region::Erased)) => {
                    conv.fresh += 1;
                    let region = Region::Bound(conv.fresh - 1);
                    self_region = Some(region);
                    self.types.mk(TyKind::Str(region))
                }
                SelfKind::Value => self_ty,
                SelfKind::Ref(l, m) => {
                    let region = match l {
                        crate::hir::Lifetime::Elided => {
                            conv.fresh += 1;
                            Region::Bound(conv.fresh - 1)
                        }
                        other => self.written_region(other),
                    };
                    self_region = Some(region);
                    self.types.mk(TyKind::Ref(region, m, self_ty))
                }
                SelfKind::Typed(t) => conv.ty(t),
            });
        }
        for p in &item.params {
            params.push(match p.ty {
                Some(t) => conv.ty(t),
                None => conv.holes.ty(p.span).unwrap_or(Ty::ERROR),
            });
        }
        let elided = match (self_region, &conv.seen[..]) {
            (Some(r), _) => Some(r),
            (None, [only]) => Some(*only),
            _ => None,
        };
        conv.elision = Elision::Output(elided);
        conv.opaque_for = Some(f);
        let ret = match item.ret {
            ReturnType::Type(t) => conv.ty(t),
            ReturnType::Omitted if item.body.is_none() || self.is_std_fn(f) => Ty::UNIT,
            ReturnType::Omitted => conv.holes.ty(item.head.name_span).unwrap_or(Ty::ERROR),
        };
        let is_unsafe = item.is_unsafe || (item.parent == Parent::Extern);
        FnSig { params, ret, is_variadic: item.is_variadic, is_unsafe }
    }

    /// The `Self` of a function's parent.
    pub fn self_type(&self, f: FnId) -> Ty {
        match self.hir.fns[f].parent {
            Parent::Trait(t) => match self.types.list(self.identity_args(Owner::Trait(t)))[0] {
                Arg::Ty(t) => t,
                _ => Ty::ERROR,
            },
            Parent::Impl(i) => self.impl_self(i),
            Parent::Module | Parent::Extern => Ty::ERROR,
        }
    }

    /// What `Self` means in a body.
    pub fn self_type_of_body(&self, owner: BodyOwner) -> Option<Ty> {
        match self.generics_owner(owner)? {
            Owner::Fn(f) => Some(self.self_type(f)).filter(|&t| t != Ty::ERROR),
            Owner::Const(c) => match self.hir.consts[c].parent {
                Parent::Impl(i) => Some(self.impl_self(i)),
                Parent::Trait(t) => self.types.list(self.identity_args(Owner::Trait(t)))[0].ty(),
                _ => None,
            },
            Owner::Adt(a) => Some(self.adt_self(a)),
            Owner::Impl(_) | Owner::Trait(_) | Owner::Alias(_) => None,
        }
    }

    /// Type of a constant or static; `Ty::ERROR` if it is left out and not inferred yet.
    pub fn const_type(&self, c: ConstId) -> Ty {
        if let Some(&t) = self.const_types.borrow().get(&c) {
            return t;
        }
        let item = &self.hir.consts[c];
        let Some(written) = item.ty else { return Ty::ERROR };
        let ty = Converter::new(self, Some(Owner::Const(c)), Elision::Static, &mut NoHoles).ty(written);
        self.const_types.borrow_mut().insert(c, ty);
        ty
    }

    /// The bounds of an implementation without regions.
    pub fn impl_predicates(&self, i: crate::hir::ImplId) -> Rc<[Predicate]> {
        if let Some(p) = self.erased_predicates.get(i) {
            return p;
        }
        let types = &self.types;
        let erased: Rc<[Predicate]> = self
            .predicates_of(Owner::Impl(i))
            .iter()
            .map(|p| match *p {
                Predicate::Trait(t, args) => Predicate::Trait(t, types.erase_args(args)),
                Predicate::Projection(n, args, ty) => Predicate::Projection(n, types.erase_args(args), types.erase(ty)),
            })
            .collect();
        self.erased_predicates.insert(i, erased.clone());
        erased
    }

    /// Bounds that an item's users must satisfy, the parent's included. In a trait `Self: Trait` comes first.
    pub fn predicates_of(&self, owner: Owner) -> Rc<[Predicate]> {
        if let Some(p) = self.predicates.get(owner) {
            return p;
        }
        let mut out: Vec<Predicate> = match self.parent(owner) {
            Some(parent) => self.predicates_of(parent).to_vec(),
            None => Vec::new(),
        };
        if let Owner::Trait(t) = owner {
            out.push(Predicate::Trait(t, self.identity_args(owner)));
        }
        let mut holes = NoHoles;
        for p in &self.generics(owner).predicates {
            let WhereSubject::Type(subject) = p.subject else { continue };
            let mut conv = Converter::new(self, Some(owner), Elision::Erased, &mut holes);
            let ty = conv.unsized_ty(subject);
            conv.bound_predicates(ty, &p.bounds, &mut out);
        }
        if let Owner::Fn(f) = owner
            && let Some(more) = self.inferred.borrow().get(&f)
        {
            out.extend(more.predicates.iter().copied());
        }
        let out: Rc<[Predicate]> = out.into();
        self.predicates.insert(owner, out.clone());
        out
    }

    /// The bounds of an item with all their supertraits: what its body may assume.
    pub fn env_of_owner(&self, owner: Owner) -> Env {
        if let Some(e) = self.env_ids.get(owner) {
            return e;
        }
        let list = self.elaborate(&self.predicates_of(owner));
        let env = if list.is_empty() {
            Env::EMPTY
        } else {
            self.envs.push(list.into());
            Env(self.envs.len() as u32 - 1)
        };
        self.env_ids.insert(owner, env);
        env
    }

    /// Adds supertraits, the bounds on associated types of traits, and everything that follows from these.
    pub(super) fn elaborate(&self, first: &[Predicate]) -> Vec<Predicate> {
        self.elaborate_by(first, |p| match *p {
            Predicate::Trait(t, a) => Predicate::Trait(t, self.types.erase_args(a)),
            Predicate::Projection(n, a, t) => Predicate::Projection(n, self.types.erase_args(a), self.types.erase(t)),
        })
    }

    /// What follows from a trait's bound, its lifetimes included: the bound itself, supertraits, associated types.
    pub(crate) fn implied(&self, t: TraitId, args: Args) -> Vec<Predicate> {
        self.elaborate_by(&[Predicate::Trait(t, args)], |p| *p)
    }

    fn elaborate_by(&self, first: &[Predicate], erase: impl Fn(&Predicate) -> Predicate) -> Vec<Predicate> {
        let mut out: Vec<Predicate> = Vec::new();
        for p in first.iter().map(&erase) {
            if !out.contains(&p) {
                out.push(p);
            }
        }
        let mut next = 0;
        while let Some(&p) = out.get(next) {
            next += 1;
            let Predicate::Trait(t, args) = p else { continue };
            for q in self.implied_by_trait(t).iter() {
                let q = match *q {
                    Predicate::Trait(s, a) => Predicate::Trait(s, self.types.subst_args(a, args)),
                    Predicate::Projection(n, a, ty) => {
                        Predicate::Projection(n, self.types.subst_args(a, args), self.types.subst(ty, args))
                    }
                };
                let q = erase(&q);
                if !out.contains(&q) && out.len() < 256 {
                    out.push(q);
                }
            }
        }
        out
    }

    /// Supertraits and bounds of associated types of a trait, in terms of its parameters.
    fn implied_by_trait(&self, t: TraitId) -> Rc<[Predicate]> {
        if let Some(p) = self.implied.get(t) {
            return p;
        }
        let item = &self.hir.traits[t];
        let identity = self.identity_args(Owner::Trait(t));
        let self_ty = self.types.list(identity)[0].expect_ty();
        let mut out = Vec::new();
        let mut holes = NoHoles;
        let mut conv = Converter::new(self, Some(Owner::Trait(t)), Elision::Erased, &mut holes);
        conv.bound_predicates(self_ty, &item.supers, &mut out);
        for &alias in &item.types {
            let bounds: &[Bound] = &self.hir.aliases[alias].bounds;
            if !bounds.is_empty() {
                let ty = self.types.mk(TyKind::Projection(alias, identity));
                conv.bound_predicates(ty, bounds, &mut out);
            }
        }
        let out: Rc<[Predicate]> = out.into();
        self.implied.insert(t, out.clone());
        out
    }

    /// Bounds of an associated type's declaration on the type itself, in terms of the trait's parameters.
    pub fn alias_bounds(&self, alias: crate::hir::AliasId) -> Vec<Predicate> {
        let Some(t) = self.trait_of_alias(alias) else { return Vec::new() };
        let identity = self.identity_args(Owner::Trait(t));
        let ty = self.types.mk(TyKind::Projection(alias, identity));
        let mut out = Vec::new();
        let mut holes = NoHoles;
        let mut conv = Converter::new(self, Some(Owner::Trait(t)), Elision::Erased, &mut holes);
        conv.bound_predicates(ty, &self.hir.aliases[alias].bounds, &mut out);
        out
    }

    /// Bounds that an `impl Trait` result promises, for the type given as its Self.
    pub fn opaque_bounds(&self, id: crate::ty::OpaqueId, self_ty: Ty) -> Vec<Predicate> {
        let data = self.opaque(id);
        let crate::hir::TypeExpr::Impl(bounds) = &self.hir.types[data.bounds] else { return Vec::new() };
        let mut out = Vec::new();
        let mut holes = NoHoles;
        let mut conv = Converter::new(self, Some(Owner::Fn(data.owner)), Elision::Erased, &mut holes);
        // The future of an `async` function may yield an `impl Trait`.
        conv.opaque_for = Some(data.owner).filter(|&f| self.hir.fns[f].is_async);
        conv.bound_predicates(self_ty, bounds, &mut out);
        out
    }

    /// Direct and indirect supertraits without arguments.
    pub fn supertrait_ids(&self, t: TraitId) -> Vec<TraitId> {
        let mut out = Vec::new();
        let mut work = vec![t];
        while let Some(t) = work.pop() {
            for b in &self.hir.traits[t].supers {
                if let Bound::Trait(r) = b
                    && !out.contains(&r.trait_)
                {
                    out.push(r.trait_);
                    work.push(r.trait_);
                }
            }
        }
        out
    }

    /// Supertraits of a trait with arguments, in terms of its parameters; the trait itself first.
    pub fn supertraits(&self, t: TraitId) -> Rc<[(TraitId, Args)]> {
        if let Some(s) = self.supers.borrow().get(&t) {
            return s.clone();
        }
        let identity = self.identity_args(Owner::Trait(t));
        let all = self.elaborate(&[Predicate::Trait(t, identity)]);
        let self_arg = self.types.list(identity)[0];
        let list: Vec<(TraitId, Args)> = all
            .into_iter()
            .filter_map(|p| match p {
                Predicate::Trait(s, a) if self.types.list(a)[0] == self_arg => Some((s, a)),
                _ => None,
            })
            .collect();
        let list: Rc<[(TraitId, Args)]> = list.into();
        self.supers.borrow_mut().insert(t, list.clone());
        list
    }

    /// Arguments of a supertrait when the trait has these; the trait's own if it is the same.
    pub fn super_args(&self, t: TraitId, args: Args, of: TraitId) -> Args {
        if t == of {
            return args;
        }
        match self.supertraits(t).iter().find(|&&(s, _)| s == of) {
            Some(&(_, a)) => self.types.subst_args(a, args),
            None => args,
        }
    }

    /// Why no object can be made of a trait; `None` if one can (section 4.4).
    pub fn not_object_safe(&self, t: TraitId) -> Option<String> {
        if let Some(known) = self.unsafe_objects.borrow().get(&t) {
            return known.clone();
        }
        // Signatures of the trait may name objects of it, which are as safe as it is.
        self.unsafe_objects.borrow_mut().insert(t, None);
        let why = std::iter::once(t).chain(self.supertrait_ids(t)).find_map(|s| self.unsafe_member(s));
        self.unsafe_objects.borrow_mut().insert(t, why.clone());
        why
    }

    fn unsafe_member(&self, t: TraitId) -> Option<String> {
        let item = &self.hir.traits[t];
        let name = |s: Symbol| self.hir.text(s).to_string();
        if let Some(&c) = item.consts.first() {
            return Some(format!("it declares the constant `{}`", name(self.hir.consts[c].head.name)));
        }
        let sized = self.hir.lang_trait("sized");
        for b in &item.supers {
            if let Bound::Trait(r) = b
                && Some(r.trait_) == sized
            {
                return Some("it demands `Self: Sized`".to_string());
            }
        }
        item.fns.iter().find_map(|&f| {
            let func = &self.hir.fns[f];
            if self.needs_sized_self(f) {
                return None;
            }
            let own_types =
                func.generics.params.iter().any(|p| !matches!(p.kind, crate::hir::GenericParamKind::Lifetime));
            if own_types {
                return Some(format!("its function `{}` is generic", name(func.head.name)));
            }
            if func.self_param.is_none() {
                return Some(format!("its function `{}` has no receiver", name(func.head.name)));
            }
            let sig = self.fn_sig(f);
            let self_ty = self.types.list(self.identity_args(Owner::Trait(t)))[0].expect_ty();
            let mentions = sig.params[1..].iter().chain([&sig.ret]).any(|&p| self.mentions(p, self_ty));
            mentions.then(|| format!("its function `{}` names `Self`", name(func.head.name)))
        })
    }

    /// Whether a trait's function says `where Self: Sized`: it is left out of objects.
    pub fn needs_sized_self(&self, f: FnId) -> bool {
        let sized = self.hir.lang_trait("sized");
        self.hir.fns[f].generics.predicates.iter().any(|p| {
            matches!(p.subject, WhereSubject::Type(t) if matches!(self.hir.types[t], crate::hir::TypeExpr::Param(0, _)))
                && p.bounds.iter().any(|b| matches!(b, Bound::Trait(r) if Some(r.trait_) == sized))
        })
    }

    /// Whether one type occurs in another, projections of it apart.
    pub fn mentions(&self, ty: Ty, part: Ty) -> bool {
        self.any_part(ty, &mut |t| t == part)
    }

    /// Whether a type or a part of it has a property. What a projection is made from is no part.
    pub fn any_part(&self, ty: Ty, has: &mut dyn FnMut(Ty) -> bool) -> bool {
        if has(ty) {
            return true;
        }
        let mut list = |args: &[Arg]| args.iter().any(|a| a.ty().is_some_and(|t| self.any_part(t, has)));
        match self.types.kind(ty) {
            TyKind::Tuple(a)
            | TyKind::Adt(_, a)
            | TyKind::FnDef(_, a)
            | TyKind::Ctor(_, _, a)
            | TyKind::FnPtr(a)
            | TyKind::Closure(_, a)
            | TyKind::Future(_, a)
            | TyKind::Opaque(_, a) => list(self.types.list(a)),
            TyKind::Projection(_, a) => list(&self.types.list(a)[1..]),
            TyKind::Array(t, _) | TyKind::Slice(t) | TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) => self.any_part(t, has),
            TyKind::Dyn(d, _) => {
                let d = self.types.dyn_kind(d);
                d.traits.iter().any(|&(_, a)| list(self.types.list(a)))
                    || d.assoc.iter().any(|&(_, t)| self.any_part(t, has))
            }
            _ => false,
        }
    }

    /// Mutability of the reference that a method takes as its receiver.
    pub fn receiver_ref(&self, f: FnId) -> Option<Mutability> {
        Checked::self_mutability(self.hir.fns[f].self_param?.kind)
    }
}
