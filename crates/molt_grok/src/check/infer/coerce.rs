//! Coercions (section 4.3) and casts.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::Infer;
use super::deferred::DeferredKind;
use crate::check::context::Predicate;
use crate::check::solve::{Cause, Goal};
use crate::check::typed::{Adjust, AdjustKind, Callee, CastKind};
use crate::hir::{AdtKind, ExprId, FnId, IntKind, Mutability, TraitId, TypeId};
use crate::ty::{Arg, InferVar, Region, Ty, TyKind};

/// One step of looking through pointers.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct DerefStep {
    /// `None`: the language's own dereference of a reference or box.
    pub overloaded: Option<Callee>,
    pub to: Ty,
}

impl<'c> Infer<'c> {
    /// Checks an expression in a place of a known type; the type of the place is returned.
    pub(in crate::check) fn check_coerce(&mut self, e: ExprId, to: Ty) -> Ty {
        let hint = Some(to).filter(|&t| !self.s.is_unknown(t) || self.has_goals(t));
        let from = self.check(e, hint);
        self.coerce(e, from, to);
        to
    }

    /// Whether bounds wait for a variable: they may say what a closure is called with.
    fn has_goals(&self, ty: Ty) -> bool {
        let var = self.s.shallow(ty);
        self.s.pending.iter().any(|g| {
            let args = match g.predicate {
                Predicate::Trait(_, a) | Predicate::Projection(_, a, _) => a,
            };
            matches!(self.c.types.list(args).first(), Some(&Arg::Ty(t)) if self.s.shallow(t) == var)
        })
    }

    pub(in crate::check) fn coerce(&mut self, e: ExprId, from: Ty, to: Ty) {
        if !self.try_coerce(e, from, to) {
            let span = self.blame(e);
            self.mismatch(span, to, from);
        }
    }

    /// The part of an expression that a mismatch is shown at: the tail of a block.
    pub(in crate::check) fn blame(&self, e: ExprId) -> Span {
        let body = self.body_ref();
        let mut at = e;
        while let crate::hir::Expr::Block(b) = &body.exprs[at]
            && let Some(tail) = b.tail
        {
            at = tail;
        }
        body.expr_span(at)
    }

    /// Makes the value of an expression fit; false if it cannot.
    pub(in crate::check) fn try_coerce(&mut self, e: ExprId, from: Ty, to: Ty) -> bool {
        let (from, to) = (self.s.shallow(from), self.s.shallow(to));
        let types = &self.c.types;
        if from == to {
            // A `&mut` that has a name is reborrowed, not moved.
            let e = self.tail(e);
            if let TyKind::Ref(_, Mutability::Mut, inner) = types.kind(from)
                && self.names_place(e)
            {
                self.adjust(e, AdjustKind::Deref, inner);
                self.adjust(e, AdjustKind::Borrow(Mutability::Mut), to);
            }
            return true;
        }
        if from == Ty::NEVER {
            if self.s.is_unknown(to) {
                self.diverging.push(to);
            }
            self.adjust(e, AdjustKind::NeverToAny, to);
            return true;
        }
        match (types.kind(from), types.kind(to)) {
            (TyKind::Infer(InferVar::Ty(_)), _) | (_, TyKind::Infer(InferVar::Ty(_))) => self.s.unify(from, to).is_ok(),
            (TyKind::Ref(_, have, inner), TyKind::Ref(_, want, target)) => {
                (have == Mutability::Mut || want == Mutability::Shared)
                    && self.coerce_ref(e, from, have, inner, want, target, to)
            }
            (TyKind::Ref(_, _, inner), TyKind::Str(_)) => self.coerce_to_str(e, from, inner, to),
            (TyKind::Str(_), TyKind::Ref(_, Mutability::Shared, target)) => {
                self.s.unify(from, to).is_ok() || self.coerce_str(e, from, target, to)
            }
            (TyKind::Ref(_, have, inner), TyKind::Ptr(want, target)) => {
                if want == Mutability::Mut && have == Mutability::Shared {
                    return false;
                }
                if self.s.unify(inner, target).is_err() {
                    return self.unsize(e, from, inner, target, to);
                }
                self.adjust(e, AdjustKind::ToPointer(want), to);
                true
            }
            (TyKind::Ptr(Mutability::Mut, a), TyKind::Ptr(Mutability::Shared, b)) => {
                let ok = self.s.unify(a, b).is_ok();
                if ok {
                    self.adjust(e, AdjustKind::ToPointer(Mutability::Shared), to);
                }
                ok
            }
            (TyKind::FnDef(..) | TyKind::Ctor(..), TyKind::FnPtr(_)) => self.reify(e, from, to),
            (TyKind::Closure(..), TyKind::FnPtr(_)) => self.closure_to_fn(e, from, to),
            (TyKind::FnDef(..) | TyKind::Ctor(..), TyKind::FnDef(..) | TyKind::Ctor(..)) => {
                self.s.unify(from, to).is_ok()
            }
            (_, TyKind::Adt(adt, args)) if self.c.holds_unsized(adt) => {
                if self.s.unify(from, to).is_ok() {
                    return true;
                }
                let Some(target) = types.list(args).first().and_then(|a| a.ty()) else { return false };
                if let TyKind::Adt(have, list) = types.kind(from)
                    && have == adt
                    && let Some(inner) = types.list(list).first().and_then(|a| a.ty())
                {
                    return self.unsize(e, from, inner, target, to);
                }
                self.box_dyn(e, from, target, to)
            }
            _ => self.s.unify(from, to).is_ok(),
        }
    }

    /// The expression that gives a block its value.
    fn tail(&self, e: ExprId) -> ExprId {
        let body = self.body_ref();
        let mut at = e;
        while let crate::hir::Expr::Block(crate::hir::Block { tail: Some(tail), scope: None, .. }) = &body.exprs[at] {
            at = *tail;
        }
        at
    }

    fn names_place(&self, e: ExprId) -> bool {
        use crate::hir::{Expr, PathRes};
        matches!(
            self.body_ref().exprs[e],
            Expr::Path(PathRes::Local(_)) | Expr::Field { .. } | Expr::Index { .. } | Expr::Deref(_)
        )
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn coerce_ref(
        &mut self,
        e: ExprId,
        from: Ty,
        have: Mutability,
        inner: Ty,
        want: Mutability,
        target: Ty,
        to: Ty,
    ) -> bool {
        // Reborrow, following `Deref` as far as it takes.
        if self.s.unify(inner, target).is_ok() {
            if have == Mutability::Mut || want != have {
                self.adjust(e, AdjustKind::Deref, inner);
                self.adjust(e, AdjustKind::Borrow(want), to);
            }
            return true;
        }
        let span = self.span(e);
        let mut steps = vec![DerefStep { overloaded: None, to: inner }];
        let mut at = inner;
        while let Some(step) = self.deref_step(at, span) {
            steps.push(step);
            at = step.to;
            if steps.len() > 16 {
                break;
            }
            if self.s.unify(at, target).is_ok() {
                self.apply_steps(e, &steps, want);
                self.adjust(e, AdjustKind::Borrow(want), to);
                return true;
            }
        }
        self.unsize(e, from, inner, target, to)
    }

    /// `&String` to `str` and the like.
    fn coerce_to_str(&mut self, e: ExprId, _from: Ty, inner: Ty, to: Ty) -> bool {
        let span = self.span(e);
        let mut steps = vec![DerefStep { overloaded: None, to: inner }];
        let mut at = self.s.shallow(inner);
        loop {
            if matches!(self.c.types.kind(at), TyKind::Str(_)) {
                self.apply_steps(e, &steps, Mutability::Shared);
                self.adjust(e, AdjustKind::Borrow(Mutability::Shared), to);
                return true;
            }
            let Some(step) = self.deref_step(at, span) else { return false };
            at = self.s.shallow(step.to);
            steps.push(step);
            if steps.len() > 16 {
                return false;
            }
        }
    }

    /// A `str` where a reference to something else is wanted: only a trait object fits.
    fn coerce_str(&mut self, e: ExprId, from: Ty, target: Ty, to: Ty) -> bool {
        if matches!(self.s.kind(target), TyKind::Dyn(..)) {
            return self.unsize(e, from, from, target, to);
        }
        false
    }

    pub(in crate::check) fn apply_steps(&mut self, e: ExprId, steps: &[DerefStep], mutability: Mutability) {
        for s in steps {
            let kind = match s.overloaded {
                None => AdjustKind::Deref,
                Some(callee) => AdjustKind::OverloadedDeref(self.deref_callee(callee, mutability), mutability),
            };
            self.adjust(e, kind, s.to);
        }
    }

    /// `Deref::deref` or `DerefMut::deref_mut` for the same type.
    pub(in crate::check) fn deref_callee(&self, callee: Callee, mutability: Mutability) -> Callee {
        if mutability == Mutability::Shared {
            return callee;
        }
        if self.c.lang.gc_read == Some(callee.func) {
            return Callee { func: self.c.lang.gc_write.unwrap_or(callee.func), ..callee };
        }
        let func = self.first_fn(self.c.lang.deref_mut);
        Callee { func: func.unwrap_or(callee.func), ..callee }
    }

    /// What a type dereferences to.
    pub(in crate::check) fn deref_step(&mut self, ty: Ty, span: Span) -> Option<DerefStep> {
        let ty = self.s.shallow(ty);
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Ref(_, _, to) => return Some(DerefStep { overloaded: None, to: self.s.shallow(to) }),
            TyKind::Adt(..) => {
                if let Some(inner) = c.boxed(ty) {
                    return Some(DerefStep { overloaded: None, to: self.s.shallow(inner) });
                }
                // A handle is no `Deref`: who only knows the trait would not borrow the value.
                if let (Some(inner), Some(func)) = (c.collected(ty), c.lang.gc_read) {
                    let args = c.types.args(&[Arg::Region(Region::Erased), Arg::Ty(inner)]);
                    return Some(DerefStep { overloaded: Some(Callee { func, args }), to: self.s.shallow(inner) });
                }
                // Most structs and enums dereference to nothing, which takes no proof.
                if c.lang.deref.is_none_or(|t| !self.s.may_implement(ty, t)) {
                    return None;
                }
            }
            TyKind::Param(..) | TyKind::Projection(..) | TyKind::Opaque(..) => {}
            _ => return None,
        }
        let t = c.lang.deref?;
        if self.s.implements(ty, t, span) != crate::check::solve::Answer::Yes {
            return None;
        }
        let args = c.types.ty_list(&[ty]);
        let func = *c.hir.traits[t].fns.first()?;
        let to = self.associated(t, "Target", args, span);
        Some(DerefStep { overloaded: Some(Callee { func, args }), to: self.s.shallow(to) })
    }

    /// Array to slice and type to trait object behind a pointer. `from` and `to` are the pointers.
    fn unsize(&mut self, e: ExprId, from: Ty, inner: Ty, target: Ty, to: Ty) -> bool {
        let (inner, target) = (self.s.shallow(inner), self.s.shallow(target));
        let span = self.span(e);
        let ok = match (self.c.types.kind(inner), self.c.types.kind(target)) {
            (TyKind::Array(a, _), TyKind::Slice(b)) => self.s.unify(a, b).is_ok(),
            (TyKind::Dyn(a, _), TyKind::Dyn(b, _)) => {
                let fits = self.has_traits_of(a, b);
                if fits {
                    self.demand_object(inner, b, span);
                }
                fits
            }
            (TyKind::Infer(InferVar::Ty(_)) | TyKind::Slice(_), TyKind::Dyn(..)) => false,
            (_, TyKind::Dyn(d, _)) => {
                self.demand_object(inner, d, span);
                true
            }
            _ => false,
        };
        if ok {
            // A reference that is not moved is reborrowed first.
            if let TyKind::Ref(_, Mutability::Mut, _) = self.c.types.kind(from) {
                let m = match self.c.types.kind(to) {
                    TyKind::Ref(_, m, _) => m,
                    _ => Mutability::Mut,
                };
                self.adjust(e, AdjustKind::Deref, inner);
                let reborrowed = self.c.types.reference(m, inner);
                self.adjust(e, AdjustKind::Borrow(m), reborrowed);
            }
            self.adjust(e, AdjustKind::Unsize, to);
        }
        ok
    }

    /// Whether an object of one kind promises every trait of another, whatever their arguments.
    fn has_traits_of(&self, from: crate::ty::DynId, to: crate::ty::DynId) -> bool {
        let c = self.c;
        let (from, to) = (c.types.dyn_kind(from), c.types.dyn_kind(to));
        to.traits.iter().all(|(t, _)| from.traits.iter().any(|(f, _)| f == t || c.supertrait_ids(*f).contains(t)))
    }

    /// The bounds that a type must satisfy to become an object.
    fn demand_object(&mut self, ty: Ty, d: crate::ty::DynId, span: Span) {
        let c = self.c;
        let kind = c.types.dyn_kind(d).clone();
        let cause = Cause { span, from: None };
        for (t, rest) in &kind.traits {
            let mut list = vec![Arg::Ty(ty)];
            list.extend_from_slice(c.types.list(*rest));
            let args = c.types.args(&list);
            self.s.demand(Goal::new(Predicate::Trait(*t, args), cause));
            for &(alias, want) in &kind.assoc {
                let Some(of) = c.trait_of_alias(alias) else { continue };
                if of == *t || c.supertrait_ids(*t).contains(&of) {
                    let args = c.super_args(*t, args, of);
                    self.s.demand(Goal::new(Predicate::Projection(alias, args, want), cause));
                }
            }
        }
    }

    /// A value where `dyn Trait` by value is wanted goes into a box.
    fn box_dyn(&mut self, e: ExprId, from: Ty, target: Ty, to: Ty) -> bool {
        if self.c.boxed(to).is_none() {
            return false;
        }
        let TyKind::Dyn(d, _) = self.s.kind(target) else { return false };
        if self.s.is_unknown(from) {
            return false;
        }
        let span = self.span(e);
        self.demand_object(from, d, span);
        self.adjust(e, AdjustKind::BoxDyn, to);
        true
    }

    fn reify(&mut self, e: ExprId, from: Ty, to: Ty) -> bool {
        let span = self.span(e);
        let Some(sig) = self.callee_sig(from, span) else { return false };
        let ptr = self.c.types.fn_ptr(&sig.params, sig.ret);
        if self.s.unify(ptr, to).is_err() {
            return false;
        }
        self.adjust(e, AdjustKind::ReifyFn, to);
        true
    }

    fn closure_to_fn(&mut self, e: ExprId, from: Ty, to: Ty) -> bool {
        let span = self.span(e);
        let Some(sig) = self.callee_sig(from, span) else { return false };
        let ptr = self.c.types.fn_ptr(&sig.params, sig.ret);
        if self.s.unify(ptr, to).is_err() {
            return false;
        }
        self.adjust(e, AdjustKind::ClosureToFn, to);
        true
    }

    /// An overloaded dereference or index whose result is borrowed exclusively or assigned becomes the exclusive one. False if
    /// the place is behind a handle of a collected value: what gave the handle stays as it is.
    pub(in crate::check) fn make_exclusive(&mut self, e: ExprId) -> bool {
        let mut adjusts = self.typed().adjust.get(&e).cloned().unwrap_or_default();
        let handles = [self.c.lang.gc_read, self.c.lang.gc_write];
        let is_handle =
            |a: &Adjust| matches!(a.kind, AdjustKind::OverloadedDeref(c, _) if handles.contains(&Some(c.func)));
        let handle = adjusts.iter().rposition(is_handle);
        for a in &mut adjusts[handle.unwrap_or(0)..] {
            if let AdjustKind::OverloadedDeref(callee, Mutability::Shared) = a.kind {
                let callee = self.deref_callee(callee, Mutability::Mut);
                a.kind = AdjustKind::OverloadedDeref(callee, Mutability::Mut);
            }
        }
        if !adjusts.is_empty() {
            self.typed().adjust.insert(e, adjusts);
        }
        if handle.is_some() {
            return false;
        }
        let (deref, index) = (self.first_fn(self.c.lang.deref), self.first_fn(self.c.lang.index));
        if let Some(callee) = self.typed().main_callee(e) {
            let body = self.body_ref();
            let new = match &body.exprs[e] {
                crate::hir::Expr::Deref(_) if self.c.lang.gc_read == Some(callee.func) => self.c.lang.gc_write,
                crate::hir::Expr::Deref(_) if Some(callee.func) == deref => self.first_fn(self.c.lang.deref_mut),
                crate::hir::Expr::Index { base, .. } if Some(callee.func) == index => {
                    // The base was borrowed for `index`; `index_mut` needs it exclusively.
                    let base = *base;
                    let c = self.c;
                    if let Some(list) = self.typed().adjust.get_mut(&base)
                        && let Some(last) = list.last_mut()
                        && last.kind == AdjustKind::Borrow(Mutability::Shared)
                    {
                        last.kind = AdjustKind::Borrow(Mutability::Mut);
                        if let TyKind::Ref(_, _, to) = c.types.kind(last.to) {
                            last.to = c.types.reference(Mutability::Mut, to);
                        }
                    }
                    self.first_fn(self.c.lang.index_mut)
                }
                _ => None,
            };
            if let Some(func) = new {
                let span = self.span(e);
                if let Some(t) = self.c.trait_of_fn(func) {
                    let list: Vec<Ty> = self.c.types.ty_elems(callee.args).collect();
                    self.demand_trait(t, &list, span);
                }
                self.set_callee(e, crate::check::typed::CalleeRole::Main, Callee { func, ..callee });
            }
            return !handles.contains(&Some(callee.func));
        }
        true
    }

    fn first_fn(&self, of: Option<TraitId>) -> Option<FnId> {
        self.c.hir.traits[of?].fns.first().copied()
    }

    pub(in crate::check) fn cast(&mut self, e: ExprId, value: ExprId, ty: TypeId) -> Ty {
        let to = self.convert(ty);
        let hint = Some(to).filter(|&t| matches!(self.s.kind(t), TyKind::FnPtr(_) | TyKind::Ref(..)));
        let from = self.check(value, hint);
        let span = self.span(e);
        let from = self.structurally(from);
        if self.s.is_unknown(from) {
            // A literal's type may still become the target's.
            self.deferred_later(e, DeferredKind::Cast { value, from, to }, span);
        } else {
            self.cast_known(e, value, from, to);
        }
        to
    }

    /// The meaning of `value as to`.
    pub(in crate::check) fn cast_known(&mut self, e: ExprId, value: ExprId, from: Ty, to: Ty) {
        let (from, to) = (self.s.shallow(from), self.s.shallow(to));
        let kind = self.cast_kind(value, from, to);
        match kind {
            Some(k) => {
                self.typed().casts.insert(e, k);
            }
            None => {
                let (f, t) = (self.show(from), self.show(to));
                if from == Ty::ERROR || to == Ty::ERROR {
                    self.typed().failed = true;
                    return;
                }
                let span = self.span(e);
                let text = format!("`{f}` cannot be cast to `{t}`");
                let d = Diagnostic::at(&code::INVALID_CAST, span, text)
                    .help(format!("convert it with `{t}::from(..)` or `{t}::try_from(..)` if these exist"));
                self.report(d);
            }
        }
    }

    fn cast_kind(&mut self, value: ExprId, from: Ty, to: Ty) -> Option<CastKind> {
        let c = self.c;
        let (fk, tk) = (c.types.kind(from), c.types.kind(to));
        Some(match (fk, tk) {
            (_, TyKind::Infer(_)) => {
                self.s.unify(from, to).ok()?;
                CastKind::Identity
            }
            // A literal takes the target's type where it can.
            (TyKind::Infer(InferVar::Int(_)), TyKind::Int(_)) if self.is_literal(value) => {
                self.s.unify(from, to).ok()?;
                CastKind::Identity
            }
            (TyKind::Infer(InferVar::Int(_)), TyKind::Float(_)) if self.is_literal(value) => {
                match self.s.unify(from, to) {
                    Ok(()) => CastKind::Identity,
                    Err(_) => CastKind::IntToFloat,
                }
            }
            (TyKind::Infer(InferVar::Float(_)), TyKind::Float(_)) if self.is_literal(value) => {
                self.s.unify(from, to).ok()?;
                CastKind::Identity
            }
            (TyKind::Infer(InferVar::Int(_)), TyKind::Int(_)) | (TyKind::Int(_), TyKind::Int(_)) => CastKind::IntToInt,
            (TyKind::Infer(InferVar::Int(_)), TyKind::Float(_)) | (TyKind::Int(_), TyKind::Float(_)) => {
                CastKind::IntToFloat
            }
            (TyKind::Infer(InferVar::Float(_)), TyKind::Int(_)) | (TyKind::Float(_), TyKind::Int(_)) => {
                CastKind::FloatToInt
            }
            (TyKind::Infer(InferVar::Float(_)), TyKind::Float(_)) | (TyKind::Float(_), TyKind::Float(_)) => {
                CastKind::FloatToFloat
            }
            (TyKind::Bool, TyKind::Int(_)) => CastKind::BoolToInt,
            (TyKind::Char, TyKind::Int(_)) => CastKind::CharToInt,
            (TyKind::Int(IntKind::U8), TyKind::Char) => CastKind::U8ToChar,
            (TyKind::Infer(InferVar::Int(_)), TyKind::Char) => {
                self.s.unify(from, Ty::U8).ok()?;
                CastKind::U8ToChar
            }
            (TyKind::Adt(adt, _), TyKind::Int(_))
                if c.hir.adts[adt].kind == AdtKind::Enum
                    && c.hir.adts[adt].variants.iter().all(|v| v.fields.is_empty()) =>
            {
                CastKind::EnumToInt
            }
            (TyKind::Ptr(..), TyKind::Ptr(..)) => CastKind::PtrToPtr,
            (TyKind::Ptr(..), TyKind::Int(IntKind::Usize | IntKind::Isize | IntKind::U64 | IntKind::I64)) => {
                CastKind::PtrToInt
            }
            (TyKind::Int(IntKind::Usize), TyKind::Ptr(..)) => CastKind::IntToPtr,
            (TyKind::Infer(InferVar::Int(_)), TyKind::Ptr(..)) => {
                self.s.unify(from, Ty::USIZE).ok()?;
                CastKind::IntToPtr
            }
            (TyKind::FnPtr(_), TyKind::Int(IntKind::Usize)) => CastKind::FnToInt,
            (TyKind::FnPtr(_), TyKind::Ptr(..)) => CastKind::FnToPtr,
            (TyKind::Ref(..), TyKind::Ptr(..)) => {
                if !self.try_coerce(value, from, to) {
                    // `&mut T as *const U` goes through `*mut T`.
                    return None;
                }
                CastKind::Identity
            }
            _ => {
                if !self.try_coerce(value, from, to) {
                    return None;
                }
                CastKind::Identity
            }
        })
    }

    fn is_literal(&self, e: ExprId) -> bool {
        match &self.body_ref().exprs[e] {
            crate::hir::Expr::Lit(_) => true,
            crate::hir::Expr::Unary { op: crate::hir::UnaryOp::Neg, value } => self.is_literal(*value),
            _ => false,
        }
    }
}
