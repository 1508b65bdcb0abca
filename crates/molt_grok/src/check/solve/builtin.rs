//! Traits whose implementations the language gives: markers, closures, functions, objects, and `Clone` of built-in types.

use molt_base::Span;
use molt_diagnostics::registry::grok;

use super::project::Projected;
use super::select::{Search, Selected};
use super::{ClosureDemand, ClosureSig, Solver};
use crate::check::context::Predicate;
use crate::hir::{AliasId, Mutability, TraitId};
use crate::ty::{Arg, Args, ClosureId, Flags, InferVar, Ty, TyKind};

fn yes() -> Option<Search> {
    Some(Search::Found(Selected::Builtin(Vec::new())))
}

fn no() -> Option<Search> {
    Some(Search::Nothing)
}

fn given(nested: Vec<Predicate>) -> Option<Search> {
    Some(Search::Found(Selected::Builtin(nested)))
}

impl Solver<'_> {
    /// The language's own answer; `None` leaves the question to implementations.
    pub(super) fn builtin(&mut self, t: TraitId, self_ty: Ty, args: Args, span: Span) -> Option<Search> {
        let c = self.c;
        if let Some(found) = self.object(t, self_ty, args) {
            return Some(found);
        }
        if let Some(found) = self.opaque_bound(t, self_ty, args) {
            return Some(found);
        }
        let lang = &c.lang;
        let is = |marker| marker == Some(t);
        if is(lang.sized) {
            match c.types.kind(self_ty) {
                TyKind::Slice(_) | TyKind::Dyn(..) => no(),
                _ => yes(),
            }
        } else if is(lang.copy) {
            self.copy(t, self_ty, span)
        } else if is(lang.clone) {
            self.clone_builtin(t, self_ty, span)
        } else if is(lang.send) || is(lang.sync) {
            self.auto_trait(t, is(lang.send), self_ty, span)
        } else if lang.fn_kind(t).is_some() {
            self.callable(t, self_ty, args, span)
        } else if is(lang.future) {
            matches!(c.types.kind(self_ty), TyKind::Future(..)).then(yes).flatten()
        } else if is(lang.actor) {
            match c.types.kind(self_ty) {
                TyKind::Adt(a, _) if c.hir.adts[a].kind == crate::hir::AdtKind::Actor => yes(),
                _ => no(),
            }
        } else {
            None
        }
    }

    fn each(&self, t: TraitId, parts: impl IntoIterator<Item = Ty>) -> Option<Search> {
        given(parts.into_iter().map(|p| Predicate::Trait(t, self.c.types.args(&[Arg::Ty(p)]))).collect())
    }

    fn copy(&mut self, t: TraitId, ty: Ty, span: Span) -> Option<Search> {
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Never
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Str(_)
            | TyKind::Ref(_, Mutability::Shared, _)
            | TyKind::Ptr(..)
            | TyKind::FnPtr(_)
            | TyKind::FnDef(..)
            | TyKind::Ctor(..)
            | TyKind::Error
            | TyKind::Infer(InferVar::Int(_) | InferVar::Float(_)) => yes(),
            TyKind::Tuple(a) => self.each(t, c.types.ty_elems(a)),
            TyKind::Array(e, _) => self.each(t, [e]),
            TyKind::Closure(id, a) => self.captured(t, id, a, span),
            TyKind::Ref(..) | TyKind::Slice(_) | TyKind::Dyn(..) | TyKind::Future(..) => no(),
            TyKind::Adt(..) | TyKind::Param(..) | TyKind::Projection(..) | TyKind::Opaque(..) | TyKind::Infer(_) => {
                None
            }
        }
    }

    fn clone_builtin(&mut self, t: TraitId, ty: Ty, span: Span) -> Option<Search> {
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Tuple(a) => self.each(t, c.types.ty_elems(a)),
            TyKind::Array(e, _) => self.each(t, [e]),
            TyKind::Closure(id, a) => self.captured(t, id, a, span),
            TyKind::Infer(InferVar::Int(_) | InferVar::Float(_)) => yes(),
            TyKind::Adt(..) | TyKind::Param(..) | TyKind::Projection(..) | TyKind::Opaque(..) | TyKind::Infer(_) => {
                None
            }
            _ => self.copy(t, ty, span),
        }
    }

    /// A trait that a closure has when its captures have it.
    fn captured(&mut self, t: TraitId, id: ClosureId, args: Args, span: Span) -> Option<Search> {
        let c = self.c;
        if self.closures.contains_key(&id) {
            self.closure_demands.push(ClosureDemand { closure: id, trait_: t, span });
            return yes();
        }
        let data = c.closure(id);
        let parts: Vec<Ty> = data
            .captures
            .iter()
            .map(|cap| {
                let ty = c.types.subst(cap.ty, args);
                match cap.mode {
                    crate::check::typed::CaptureMode::Value => ty,
                    crate::check::typed::CaptureMode::Shared => c.types.reference(Mutability::Shared, ty),
                    crate::check::typed::CaptureMode::Mut => c.types.reference(Mutability::Mut, ty),
                }
            })
            .collect();
        self.each(t, parts)
    }

    fn auto_trait(&mut self, t: TraitId, is_send: bool, ty: Ty, span: Span) -> Option<Search> {
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Ptr(..) => no(),
            TyKind::Ref(_, Mutability::Shared, to) => {
                let sync = c.lang.sync?;
                self.each(sync, [to])
            }
            TyKind::Ref(_, Mutability::Mut, to) | TyKind::Slice(to) | TyKind::Array(to, _) => self.each(t, [to]),
            TyKind::Tuple(a) => self.each(t, c.types.ty_elems(a)),
            TyKind::Closure(id, a) | TyKind::Future(id, a) => self.captured(t, id, a, span),
            TyKind::Adt(adt, args) => {
                let mut candidates = Vec::new();
                c.impl_candidates(t, ty, &mut candidates);
                if !candidates.is_empty() {
                    return None;
                }
                // What changes behind a shared reference is not shared, unless a type around it says that it sees to that.
                if !is_send && c.lang.unsafe_cell == Some(adt) {
                    return no();
                }
                let count = c.hir.adts[adt].variants.len() as u32;
                let mut parts = Vec::new();
                for v in 0..count {
                    for &f in c.field_types(adt, v).iter() {
                        parts.push(c.types.subst(c.types.erase(f), args));
                    }
                }
                parts.retain(|&p| p != ty);
                parts.sort();
                parts.dedup();
                self.each(t, parts)
            }
            TyKind::Dyn(..) => no(),
            TyKind::Opaque(id, args) => match c.opaque(id).hidden.get() {
                Some(&h) => self.each(t, [c.types.subst(h, args)]),
                None => no(),
            },
            TyKind::Param(..) | TyKind::Projection(..) | TyKind::Infer(InferVar::Ty(_)) => None,
            _ => yes(),
        }
    }

    /// Parameters and result of anything that can be called, and whether its captures limit which trait it has.
    pub fn callable_sig(&mut self, ty: Ty, span: Span) -> Option<(ClosureSig, Option<ClosureId>)> {
        let c = self.c;
        let ty = self.shallow(ty);
        match c.types.kind(ty) {
            TyKind::Closure(id, args) => {
                if let Some(sig) = self.closures.get(&id) {
                    return Some((sig.clone(), Some(id)));
                }
                let data = c.closure(id);
                let params = data.params.iter().map(|&p| c.types.subst(p, args)).collect::<Vec<_>>();
                let ret = c.types.subst(data.ret, args);
                let params = params.into_iter().map(|p| self.normalize(p, span)).collect();
                let ret = self.normalize(ret, span);
                Some((ClosureSig { params, ret }, Some(id)))
            }
            TyKind::FnDef(f, args) => {
                let sig = c.known_erased_sig(f)?;
                let params = sig.params.iter().map(|&p| self.normalize(c.types.subst(p, args), span)).collect();
                let ret = self.normalize(c.types.subst(sig.ret, args), span);
                Some((ClosureSig { params, ret }, None))
            }
            TyKind::Ctor(adt, variant, args) => {
                let fields = c.field_types(adt, variant);
                let params =
                    fields.iter().map(|&f| self.normalize(c.types.subst(c.types.erase(f), args), span)).collect();
                let ret = c.types.mk(TyKind::Adt(adt, args));
                Some((ClosureSig { params, ret }, None))
            }
            TyKind::FnPtr(list) => {
                let (ret, params) = c.types.list(list).split_last()?;
                let params = params.iter().map(|a| a.expect_ty()).collect();
                Some((ClosureSig { params, ret: ret.expect_ty() }, None))
            }
            _ => None,
        }
    }

    fn callable(&mut self, t: TraitId, ty: Ty, args: Args, span: Span) -> Option<Search> {
        let c = self.c;
        if let Some((sig, closure)) = self.callable_sig(ty, span) {
            let input = c.types.tuple(&sig.params);
            let wanted = c.types.list(args).get(1).and_then(|a| a.ty())?;
            if self.unify(input, wanted).is_err() {
                return no();
            }
            if let Some(id) = closure
                && self.closures.contains_key(&id)
            {
                self.closure_demands.push(ClosureDemand { closure: id, trait_: t, span });
            } else if let Some(id) = closure {
                let enough = match c.closure(id).kind {
                    super::super::typed::FnTrait::Fn => true,
                    super::super::typed::FnTrait::FnMut => c.lang.fn_ != Some(t),
                    super::super::typed::FnTrait::FnOnce => c.lang.fn_once == Some(t),
                };
                if !enough {
                    return no();
                }
            }
            return yes();
        }
        // `&F`, `&mut F` and `Box<F>` call what they point to.
        let (inner, by) = self.pointed_callable(t, ty)?;
        let mut list = c.types.list(args).to_vec();
        list[0] = Arg::Ty(inner);
        given(vec![Predicate::Trait(by, c.types.args(&list))])
    }

    /// For a pointer to something callable: what it points to, and the trait that must have for the pointer to have `t`.
    fn pointed_callable(&self, t: TraitId, ty: Ty) -> Option<(Ty, TraitId)> {
        let c = self.c;
        let (fn_, fn_mut) = (c.lang.fn_?, c.lang.fn_mut?);
        match c.types.kind(ty) {
            TyKind::Ref(_, Mutability::Shared, to) => Some((to, fn_)),
            TyKind::Ref(_, Mutability::Mut, to) if t != fn_ => Some((to, fn_mut)),
            TyKind::Adt(..) => Some((c.boxed(ty)?, t)),
            _ => None,
        }
    }

    /// `dyn A + B` implements A, B and their supertraits.
    fn object(&mut self, t: TraitId, self_ty: Ty, args: Args) -> Option<Search> {
        let c = self.c;
        let TyKind::Dyn(d, _) = c.types.kind(self_ty) else { return None };
        for (of, rest) in &c.types.dyn_kind(d).traits {
            let full = self.with_self(self_ty, *rest);
            for &(s, super_args) in c.supertraits(*of).iter() {
                if s == t {
                    let have = c.types.subst_args(super_args, full);
                    let have = self.erase_all(have);
                    let have = self.normalize_args(have, Span { file: molt_base::FileId(0), start: 0, end: 0 });
                    if self.unify_args(have, args).is_ok() {
                        return yes();
                    }
                }
            }
        }
        None
    }

    fn erase_all(&self, args: Args) -> Args {
        self.c.types.erase_args(args)
    }

    fn with_self(&self, self_ty: Ty, rest: Args) -> Args {
        let mut list = vec![Arg::Ty(self_ty)];
        list.extend_from_slice(self.c.types.list(rest));
        self.c.types.args(&list)
    }

    /// `impl A + B` implements A and B.
    fn opaque_bound(&mut self, t: TraitId, self_ty: Ty, args: Args) -> Option<Search> {
        let c = self.c;
        let TyKind::Opaque(id, list) = c.types.kind(self_ty) else { return None };
        let bounds = self.opaque_predicates(id, list, self_ty);
        for p in bounds {
            if let Predicate::Trait(u, have) = p
                && u == t
                && self.unify_args(have, args).is_ok()
            {
                return yes();
            }
        }
        None
    }

    fn opaque_predicates(&self, id: crate::ty::OpaqueId, args: Args, self_ty: Ty) -> Vec<Predicate> {
        let c = self.c;
        let bounds = c.opaque_bounds(id, Ty::ERROR);
        // The Self type stands in for itself after substitution of the owner's parameters.
        let own = bounds
            .into_iter()
            .map(|p| match self.instantiate(&p, args) {
                Predicate::Trait(t, a) => Predicate::Trait(t, self.replace_self(a, self_ty)),
                Predicate::Projection(n, a, ty) => Predicate::Projection(n, self.replace_self(a, self_ty), ty),
            })
            .collect::<Vec<_>>();
        c.elaborate(&own)
    }

    fn replace_self(&self, args: Args, self_ty: Ty) -> Args {
        let mut list = self.c.types.list(args).to_vec();
        list[0] = Arg::Ty(self_ty);
        self.c.types.args(&list)
    }

    /// Associated types that the language defines.
    pub(super) fn builtin_projection(
        &mut self,
        t: TraitId,
        alias: AliasId,
        self_ty: Ty,
        args: Args,
        span: Span,
    ) -> Option<Projected> {
        let c = self.c;
        match c.types.kind(self_ty) {
            TyKind::Infer(InferVar::Ty(_)) => return Some(Projected::Ambiguous),
            TyKind::Dyn(d, _) => {
                let dyn_kind = c.types.dyn_kind(d);
                if let Some(&(_, ty)) = dyn_kind.assoc.iter().find(|&&(n, _)| n == alias) {
                    return Some(Projected::Known(ty));
                }
                // `trait Sub: Super<Item = i32>` says it as well.
                for &(of, rest) in &dyn_kind.traits {
                    for p in c.elaborate(&[Predicate::Trait(of, self.with_self(self_ty, rest))]) {
                        if let Predicate::Projection(n, have, ty) = p
                            && n == alias
                            && self.unify_args(have, args).is_ok()
                        {
                            return Some(Projected::Known(self.normalize(ty, span)));
                        }
                    }
                }
            }
            TyKind::Opaque(id, list) => {
                for p in self.opaque_predicates(id, list, self_ty) {
                    if let Predicate::Projection(n, have, ty) = p
                        && n == alias
                        && self.unify_args(have, args).is_ok()
                    {
                        return Some(Projected::Known(ty));
                    }
                }
                // The body of an `async` function says what its future yields if nothing else does.
                if c.lang.future == Some(t)
                    && let Some(&hidden) = c.opaque(id).hidden.get()
                {
                    let list = self.replace_self(args, c.types.subst(hidden, list));
                    return Some(self.project(alias, list, span));
                }
                let known = self.opaque_predicates(id, list, self_ty);
                if known.iter().any(|p| matches!(p, Predicate::Trait(u, _) if *u == t)) {
                    return Some(Projected::Rigid(c.types.mk(TyKind::Projection(alias, args))));
                }
            }
            TyKind::Future(id, list) if c.lang.future == Some(t) => {
                let out = match self.closures.get(&id) {
                    Some(sig) => sig.ret,
                    None => c.types.subst(c.closure(id).ret, list),
                };
                // `async fn f() { f().await }`: what is looked for is what there is.
                if self.depth > super::MAX_DEPTH {
                    c.error(&grok::CYCLIC_DEFINITION, span, "what this future yields is known from itself only");
                    return Some(Projected::Known(Ty::ERROR));
                }
                self.depth += 1;
                let out = self.normalize(out, span);
                self.depth -= 1;
                return Some(Projected::Known(out));
            }
            _ => {}
        }
        if c.lang.fn_once == Some(t) {
            if let Some((sig, _)) = self.callable_sig(self_ty, span) {
                let input = c.types.tuple(&sig.params);
                if let Some(wanted) = c.types.list(args).get(1).and_then(|a| a.ty()) {
                    let _ = self.unify(input, wanted);
                }
                return Some(Projected::Known(sig.ret));
            }
            if let Some((inner, _)) = self.pointed_callable(t, self_ty) {
                let list = self.replace_self(args, inner);
                return Some(self.project(alias, list, span));
            }
        }
        None
    }

    /// Whether values of the type are copied, as far as known.
    pub fn is_copy(&mut self, ty: Ty, span: Span) -> bool {
        let Some(copy) = self.c.lang.copy else { return false };
        let ty = self.resolve(ty);
        if self.c.types.flags(ty).has(Flags::ERROR) {
            return true;
        }
        self.implements(ty, copy, span) == super::Answer::Yes
    }
}
