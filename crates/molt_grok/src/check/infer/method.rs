//! Method calls and fields: lookup along the chain of dereferences (section 4.4).

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;
use smallvec::{SmallVec, smallvec};

use super::Infer;
use super::coerce::DerefStep;
use super::deferred::DeferredKind;
use crate::check::context::{Owner, Predicate};
use crate::check::index::TypeKey;
use crate::check::solve::Answer;
use crate::check::typed::{AdjustKind, Callee, CalleeRole};
use crate::hir::{AdtKind, ExprId, FloatKind, FnId, GenericArgs, ImplId, Mutability, TraitId, Visibility};
use crate::ty::{Arg, Args, InferVar, Ty, TyKind};

/// Where a method was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Inherent(ImplId),
    /// A bound in force or an object's trait, with its arguments.
    Bound(TraitId, Args),
    /// A trait in scope.
    Trait(TraitId),
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    func: FnId,
    source: Source,
    /// Type of the receiver in terms of the parameters in the method's scope.
    receiver: Ty,
}

/// Candidates of one name: nearly always one.
type Candidates = SmallVec<[Candidate; 4]>;

/// A type with what it dereferences to, step by step.
type Steps = SmallVec<[DerefStep; 4]>;

/// A method that fits.
struct Pick {
    func: FnId,
    /// Arguments of the function's parent.
    parent: Args,
    /// Index into the steps.
    step: usize,
    autoref: Option<Mutability>,
    /// The array at the step becomes a slice.
    unsizes: bool,
}

impl<'c> Infer<'c> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    pub(in crate::check) fn method_call(
        &mut self,
        e: ExprId,
        recv: ExprId,
        ty: Ty,
        name: Symbol,
        name_span: Span,
        generics: &GenericArgs,
        args: &[ExprId],
        hint: Option<Ty>,
    ) -> Ty {
        let ty = self.structurally(ty);
        let span = self.span(e);
        if ty == Ty::ERROR {
            for &a in args {
                self.check(a, None);
            }
            return Ty::ERROR;
        }
        let later =
            |ty| DeferredKind::Method { recv, ty, name, name_span, generics: generics.clone(), args: args.to_vec() };
        if self.s.is_unknown(ty) {
            return self.defer(e, later(ty), span);
        }
        let (steps, complete) = self.deref_chain(ty, span);
        if !complete && self.probe(&steps, name, span).is_none() {
            // The chain ends in something unknown: wait for it.
            let last = steps.last().map_or(ty, |s| s.to);
            if self.s.is_unknown(last) {
                self.apply_steps(recv, &steps[1..], Mutability::Shared);
                return self.defer(e, later(last), span);
            }
        }
        let last = steps.last().map_or(ty, |s| s.to);
        if self.is_float_literal(last)
            && self.c.index.inherent_fns.contains_key(&(TypeKey::Float(FloatKind::F64), name))
            && self.probe(&steps, name, span).is_none()
        {
            // A method of floats: which of them it is may still be told.
            self.apply_steps(recv, &steps[1..], Mutability::Shared);
            return self.defer(e, later(last), span);
        }
        match self.probe(&steps, name, span) {
            Some(Ok(pick)) => self.confirm(e, recv, &steps, pick, generics, args, hint, name_span, span),
            Some(Err(ambiguous)) => {
                for &a in args {
                    self.check(a, None);
                }
                let names: Vec<String> = ambiguous.iter().map(|&f| self.describe_fn(f)).collect();
                let text = format!("`{}` may mean {}", self.text(name), names.join(" or "));
                self.error(&code::AMBIGUOUS_METHOD, name_span, text)
            }
            None => {
                // A field that holds something callable is called in parentheses.
                for &a in args {
                    self.check(a, None);
                }
                self.no_method(ty, name, name_span)
            }
        }
    }

    /// Whether a type is that of a float literal which nothing has decided.
    pub(super) fn is_float_literal(&self, ty: Ty) -> bool {
        matches!(self.s.kind(ty), TyKind::Infer(InferVar::Float(_)))
    }

    fn describe_fn(&self, f: FnId) -> String {
        let name = self.text(self.c.hir.fns[f].head.name);
        match self.c.trait_of_fn(f) {
            Some(t) => format!("`{}::{name}`", self.text(self.c.hir.traits[t].head.name)),
            None => format!("`{name}`"),
        }
    }

    fn no_method(&mut self, ty: Ty, name: Symbol, span: Span) -> Ty {
        let text = format!("`{}` has no method `{}`", self.show(ty), self.text(name));
        let mut d = Diagnostic::at(&code::UNKNOWN_METHOD, span, text);
        let module = self.body_ref().module;
        let visible = &self.c.hir.modules[module].traits_in_scope;
        let hidden: Vec<TraitId> = self
            .c
            .index
            .trait_fns
            .get(&name)
            .into_iter()
            .flatten()
            .map(|&(t, _)| t)
            .filter(|t| !visible.contains(t) && self.c.impl_exists(*t, ty))
            .collect();
        if let Some(&t) = hidden.first() {
            let t = self.text(self.c.hir.traits[t].head.name);
            d = d.help(format!("the trait `{t}` declares it: bring it into scope with `use`"));
        } else if let Some(near) = self.similar_method(ty, name) {
            d = d.help(format!("did you mean `{near}`?"));
        } else if let TyKind::Adt(adt, _) = self.s.kind(ty)
            && self.c.hir.adts[adt].variants.first().is_some_and(|v| v.fields.iter().any(|f| f.name == name))
        {
            d = d.help(format!("to call what the field holds, write `(value.{})(..)`", self.text(name)));
        }
        self.report(d);
        Ty::ERROR
    }

    fn similar_method(&mut self, ty: Ty, name: Symbol) -> Option<String> {
        let wanted = self.text(name);
        let key = TypeKey::of(&self.c.types, self.s.shallow(ty))?;
        let mut best: Option<(usize, &str)> = None;
        for (k, n) in self.c.index.inherent_fns.keys() {
            if !key.candidates().any(|c| c == *k) {
                continue;
            }
            let text = self.text(*n);
            let d = edit_distance(wanted, text);
            if d <= 1 + wanted.len() / 4 && best.is_none_or(|b| (d, text) < b) {
                best = Some((d, text));
            }
        }
        best.map(|(_, n)| n.to_string())
    }

    /// The type and what it dereferences to, step by step; false if the last one is unknown. The first step is the type itself.
    fn deref_chain(&mut self, ty: Ty, span: Span) -> (Steps, bool) {
        let mut steps: Steps = smallvec![DerefStep { overloaded: None, to: ty }];
        let mut at = ty;
        while steps.len() < 16
            && let Some(step) = self.deref_step(at, span)
        {
            at = self.structurally(step.to);
            steps.push(DerefStep { to: at, ..step });
            if self.s.is_unknown(at) {
                return (steps, false);
            }
        }
        (steps, true)
    }

    /// Searches a method; `Err` lists the candidates when several fit equally.
    fn probe(&mut self, steps: &[DerefStep], name: Symbol, span: Span) -> Option<Result<Pick, Vec<FnId>>> {
        let unsized_last = steps.last().and_then(|last| match self.c.types.kind(last.to) {
            TyKind::Array(elem, _) => Some((steps.len() - 1, self.c.types.mk(TyKind::Slice(elem)), true)),
            _ => None,
        });
        let all_steps = || steps.iter().enumerate().map(|(i, s)| (i, s.to, false)).chain(unsized_last);
        let mut inherent = Candidates::new();
        for (_, ty, _) in all_steps() {
            self.inherent_candidates(ty, name, &mut inherent);
        }
        let extension = self.extension_candidates(name);
        let takes = |m| inherent.iter().chain(&extension).any(|c| self.may_take_reference(c.receiver, m));
        let borrows = [Mutability::Shared, Mutability::Mut].map(|m| takes(m).then_some(m));
        if inherent.is_empty() && extension.is_empty() {
            return None;
        }
        for (step, ty, unsizes) in all_steps() {
            for autoref in [None].into_iter().chain(borrows.into_iter().flatten().map(Some)) {
                let receiver = match autoref {
                    None => ty,
                    Some(m) => self.c.types.reference(m, ty),
                };
                if autoref == Some(Mutability::Shared) && receiver == ty {
                    continue;
                }
                for list in [&inherent, &extension] {
                    let fits = self.all_fitting(list, receiver, span);
                    match fits[..] {
                        [] => {}
                        [(func, parent)] => return Some(Ok(Pick { func, parent, step, autoref, unsizes })),
                        _ => return Some(Err(fits.into_iter().map(|(f, _)| f).collect())),
                    }
                }
            }
        }
        None
    }

    /// The candidates that take the receiver, each function once.
    fn all_fitting(&mut self, list: &[Candidate], receiver: Ty, span: Span) -> SmallVec<[(FnId, Args); 2]> {
        let mut fits: SmallVec<[(FnId, Args); 2]> = SmallVec::new();
        for c in list {
            if let Some(parent) = self.fits(c, receiver, span)
                && !fits.iter().any(|&(f, _)| f == c.func)
            {
                fits.push((c.func, parent));
            }
        }
        fits
    }

    /// Whether a receiver of this type may be a reference of that kind; false is certain.
    fn may_take_reference(&self, written: Ty, mutability: Mutability) -> bool {
        match self.s.kind(written) {
            TyKind::Ref(_, m, _) => m == mutability,
            TyKind::Adt(..) => false,
            _ => true,
        }
    }

    fn inherent_candidates(&self, ty: Ty, name: Symbol, out: &mut Candidates) {
        let c = self.c;
        if let Some(key) = TypeKey::of(&c.types, ty) {
            for k in key.candidates() {
                for &(i, func) in c.index.inherent_fns.get(&(k, name)).into_iter().flatten() {
                    if c.hir.fns[func].self_param.is_some() {
                        out.push(self.candidate(func, Source::Inherent(i)));
                    }
                }
            }
        }
        match c.types.kind(ty) {
            TyKind::Dyn(d, _) => {
                for &(t, rest) in &c.types.dyn_kind(d).traits {
                    let args = c.types.args(&[&[Arg::Ty(ty)], c.types.list(rest)].concat());
                    self.bound_candidates(t, args, name, out);
                }
            }
            TyKind::Param(..) | TyKind::Projection(..) => {
                for p in c.env(self.s.env) {
                    if let Predicate::Trait(t, args) = *p
                        && c.types.list(args)[0] == Arg::Ty(ty)
                        && let Some(func) = c.find_trait_method(t, name)
                    {
                        out.push(self.candidate(func, Source::Bound(t, args)));
                    }
                }
            }
            TyKind::Opaque(id, args) => {
                for p in c.opaque_bounds(id, ty) {
                    if let Predicate::Trait(t, list) = self.s.instantiate(&p, args) {
                        self.bound_candidates(t, list, name, out);
                    }
                }
            }
            _ => {}
        }
    }

    /// Methods of a trait and its supertraits for given arguments.
    fn bound_candidates(&self, t: TraitId, args: Args, name: Symbol, out: &mut Candidates) {
        let c = self.c;
        for &(s, list) in c.supertraits(t).iter() {
            if let Some(func) = c.find_trait_method(s, name) {
                let args = c.types.erase_args(c.types.subst_args(list, args));
                out.push(self.candidate(func, Source::Bound(s, args)));
            }
        }
    }

    fn extension_candidates(&self, name: Symbol) -> Candidates {
        let module = self.body_ref().module;
        let visible = &self.c.hir.modules[module].traits_in_scope;
        let list = self.c.index.trait_fns.get(&name).map_or(&[][..], Vec::as_slice);
        let candidate = |(t, func)| {
            let has_self = self.c.hir.fns[func].self_param.is_some();
            has_self.then(|| self.candidate(func, Source::Trait(t)))
        };
        // A name may belong to a trait of every module, of which few are visible.
        if list.len() > visible.len() {
            let declared = |&t: &TraitId| Some((t, self.c.find_trait_fn(t, name)?));
            return visible.iter().filter_map(declared).filter_map(candidate).collect();
        }
        list.iter().copied().filter(|(t, _)| visible.contains(t)).filter_map(candidate).collect()
    }

    fn candidate(&self, func: FnId, source: Source) -> Candidate {
        Candidate { func, source, receiver: self.written_receiver(func) }
    }

    /// Whether a candidate takes the receiver; gives the arguments of its parent, without keeping anything.
    fn fits(&mut self, candidate: &Candidate, receiver: Ty, span: Span) -> Option<Args> {
        if !self.s.may_fit(candidate.receiver, receiver) {
            return None;
        }
        let s = self.s.vars.snapshot();
        let pending = self.s.pending.len();
        let parent = self.instantiate_parent(candidate.source, span);
        let wanted = self.c.types.subst(candidate.receiver, parent);
        let wanted = self.s.normalize(wanted, span);
        let mut ok = self.s.unify(wanted, receiver).is_ok();
        if ok && let Source::Trait(t) = candidate.source {
            let args = self.s.resolve_args(parent);
            let self_ty = self.c.types.list(args)[0].expect_ty();
            ok = !self.s.is_unknown(self_ty) && self.s.evaluate(Predicate::Trait(t, args), span) != Answer::No;
        }
        if ok && let Source::Inherent(i) = candidate.source {
            // Bounds of the implementation tell inherent candidates of one name apart.
            let list = self.c.impl_predicates(i);
            for p in list.iter() {
                let p = self.s.instantiate(p, parent);
                if self.s.evaluate(p, span) == Answer::No {
                    ok = false;
                    break;
                }
            }
        }
        self.s.pending.truncate(pending);
        self.s.vars.rollback(s);
        ok.then_some(match candidate.source {
            Source::Bound(_, args) => args,
            _ => Args::EMPTY,
        })
    }

    fn instantiate_parent(&mut self, source: Source, span: Span) -> Args {
        match source {
            Source::Inherent(i) => self.s.fresh_impl_args(i, span),
            Source::Bound(_, args) => args,
            Source::Trait(t) => {
                let params = self.c.params_of(Owner::Trait(t));
                self.s.fresh_args(&params, span)
            }
        }
    }

    /// Type of a method's receiver for the parent's arguments.
    fn method_receiver(&mut self, func: FnId, parent: Args, span: Span) -> Ty {
        let ty = self.c.types.subst(self.written_receiver(func), parent);
        self.s.normalize(ty, span)
    }

    /// Type of a method's receiver in terms of the parameters in its scope.
    fn written_receiver(&self, func: FnId) -> Ty {
        let c = self.c;
        let first = match self.sigs.get(&func) {
            Some(s) => s.params.first().copied(),
            None => match c.known_erased_sig(func) {
                Some(s) => s.params.first().copied(),
                // The signature is not inferred yet; its receiver is always written.
                None => Some(c.receiver_type(func)),
            },
        };
        c.types.erase(first.unwrap_or(Ty::ERROR))
    }

    /// Uses the method that was found: adjusts the receiver, demands bounds, checks the arguments.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn confirm(
        &mut self,
        e: ExprId,
        recv: ExprId,
        steps: &[DerefStep],
        pick: Pick,
        generics: &GenericArgs,
        args: &[ExprId],
        hint: Option<Ty>,
        name_span: Span,
        span: Span,
    ) -> Ty {
        let c = self.c;
        let func = pick.func;
        let source = match (c.impl_of_fn(func), c.trait_of_fn(func)) {
            (Some(i), _) => Source::Inherent(i),
            (None, Some(t)) if pick.parent != Args::EMPTY => Source::Bound(t, pick.parent),
            (None, Some(t)) => Source::Trait(t),
            (None, None) => return Ty::ERROR,
        };
        self.check_visible(func, name_span);
        let parent = self.instantiate_parent(source, span);
        let list = self.item_args(Owner::Fn(func), parent, generics, name_span);
        // The receiver.
        let mutability = pick.autoref.unwrap_or(match c.receiver_ref(func) {
            Some(m) => m,
            None => Mutability::Shared,
        });
        self.apply_steps(recv, &steps[1..=pick.step], mutability);
        let at = steps[pick.step].to;
        let mut receiver = at;
        if let Some(m) = pick.autoref {
            receiver = c.types.reference(m, at);
            self.adjust(recv, AdjustKind::Borrow(m), receiver);
            if pick.unsizes
                && let TyKind::Array(elem, _) = c.types.kind(at)
            {
                let slice = c.types.mk(TyKind::Slice(elem));
                receiver = c.types.reference(m, slice);
                self.adjust(recv, AdjustKind::Unsize, receiver);
            }
        } else if let TyKind::Ref(_, Mutability::Mut, to) = c.types.kind(at)
            && pick.step == 0
        {
            // A `&mut` receiver is reborrowed, not moved.
            self.adjust(recv, AdjustKind::Deref, to);
            self.adjust(recv, AdjustKind::Borrow(Mutability::Mut), at);
        }
        if mutability == Mutability::Mut && (pick.autoref.is_some() || pick.step > 0) {
            self.mark_mutable(recv);
        }
        let want = self.method_receiver(func, list, span);
        if self.s.unify(want, receiver).is_err() {
            self.mismatch(span, want, receiver);
        }
        self.demand_bounds(Owner::Fn(func), list, name_span);
        self.set_callee(e, CalleeRole::Main, Callee { func, args: list });
        let ty = c.types.mk(TyKind::FnDef(func, list));
        let Some(sig) = self.callee_sig(ty, span) else {
            for &a in args {
                self.check(a, None);
            }
            return Ty::ERROR;
        };
        let params = &sig.params[1..];
        let item = &c.hir.fns[func];
        if item.is_unsafe && self.b().unsafe_depth == 0 && !self.in_unsafe_fn() {
            let text = format!("calling the unsafe method `{}` needs an `unsafe` block", self.text(item.head.name));
            self.report(Diagnostic::at(&code::UNSAFE_REQUIRED, name_span, text));
        }
        let least = params.len() - item.params.iter().rev().take_while(|p| p.default.is_some()).count();
        if c.lang.actor_ref_send == Some(func) {
            self.raw_message(list, span);
        }
        let ret = self.arguments(params, sig.ret, args, hint, span, Some(func), least);
        self.s.shallow(ret)
    }

    fn check_visible(&mut self, func: FnId, span: Span) {
        let head = &self.c.hir.fns[func].head;
        // Members of traits are as visible as the trait.
        if self.c.trait_of_fn(func).is_some() || self.visible(head.vis) {
            return;
        }
        if let Some(i) = self.c.impl_of_fn(func)
            && self.c.hir.impls[i].of.is_some()
        {
            return;
        }
        let text = format!("the method `{}` is private", self.text(head.name));
        let d = Diagnostic::at(&code::PRIVATE_ITEM, span, text).label(head.name_span, "declared here", false);
        self.report(d);
    }

    /// Whether an item of this visibility may be named in the body's module.
    pub(in crate::check) fn visible(&self, vis: Visibility) -> bool {
        let hir = &self.c.hir;
        let here = self.body_ref().module;
        match vis {
            Visibility::Public => true,
            Visibility::Package(p) => hir.modules[here].package == p,
            Visibility::Module(m) => {
                let mut at = Some(here);
                while let Some(x) = at {
                    if x == m {
                        return true;
                    }
                    at = hir.modules[x].around.or(hir.modules[x].parent);
                }
                false
            }
        }
    }

    /// A method of a value whose type gets the trait's bound.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    pub(in crate::check) fn method_by_bound(
        &mut self,
        e: ExprId,
        recv: ExprId,
        ty: Ty,
        t: TraitId,
        func: FnId,
        generics: &GenericArgs,
        args: &[ExprId],
        span: Span,
    ) -> Ty {
        let c = self.c;
        let params = c.params_of(Owner::Trait(t));
        let mut parent: Vec<Arg> = params.iter().map(|p| self.s.fresh_arg(p, span)).collect();
        parent[0] = Arg::Ty(ty);
        let list = self.item_args(Owner::Fn(func), c.types.args(&parent), generics, span);
        if let Some(m) = c.receiver_ref(func) {
            let to = c.types.reference(m, ty);
            self.adjust(recv, AdjustKind::Borrow(m), to);
        }
        self.demand_bounds(Owner::Fn(func), list, span);
        self.set_callee(e, CalleeRole::Main, Callee { func, args: list });
        let fn_ty = c.types.mk(TyKind::FnDef(func, list));
        let Some(sig) = self.callee_sig(fn_ty, span) else { return Ty::ERROR };
        let params = &sig.params[1..];
        self.arguments(params, sig.ret, args, None, span, Some(func), params.len())
    }

    pub(in crate::check) fn field(&mut self, e: ExprId, base: ExprId, ty: Ty, name: Symbol, name_span: Span) -> Ty {
        let ty = self.structurally(ty);
        let span = self.span(e);
        if ty == Ty::ERROR {
            return Ty::ERROR;
        }
        if self.s.is_unknown(ty) {
            return self.defer(e, DeferredKind::Field { base, ty, name, name_span }, span);
        }
        let (steps, complete) = self.deref_chain(ty, span);
        for (n, step) in steps.iter().enumerate() {
            if let Some((index, field_ty)) = self.field_of(step.to, name, name_span) {
                self.apply_steps(base, &steps[1..=n], Mutability::Shared);
                self.typed().field.insert(e, index);
                let field_ty = self.c.types.erase(field_ty);
                return self.s.normalize(field_ty, span);
            }
        }
        if !complete && let Some(last) = steps.last() {
            let last = last.to;
            self.apply_steps(base, &steps[1..], Mutability::Shared);
            return self.defer(e, DeferredKind::Field { base, ty: last, name, name_span }, span);
        }
        let shown = self.show(ty);
        if self.is_state_of(ty, name) {
            let text = format!("`{}` is state of the actor, which only its own code reaches", self.text(name));
            let d = Diagnostic::at(&code::ACTOR_STATE_ACCESS, name_span, text);
            self.report(d.help("give the actor a handler for it, and `ask` it"));
            return Ty::ERROR;
        }
        let text = format!("`{shown}` has no field `{}`", self.text(name));
        let mut d = Diagnostic::at(&code::UNKNOWN_FIELD, name_span, text);
        if self.probe(&steps, name, span).is_some() {
            d = d.help(format!("`{0}` is a method: call it with `{0}()`", self.text(name)));
        } else if let Some(near) = self.similar_field(ty, name) {
            d = d.help(format!("did you mean `{near}`?"));
        }
        self.report(d);
        Ty::ERROR
    }

    fn similar_field(&self, ty: Ty, name: Symbol) -> Option<&'c str> {
        let TyKind::Adt(adt, _) = self.s.kind(ty) else { return None };
        let wanted = self.text(name);
        let fields = &self.c.hir.adts[adt].variants.first()?.fields;
        fields
            .iter()
            .map(|f| self.text(f.name))
            .filter(|f| edit_distance(wanted, f) <= 1 + wanted.len() / 3)
            .min_by_key(|f| edit_distance(wanted, f))
    }

    /// Index and type of a field of a struct, actor or tuple.
    fn field_of(&mut self, ty: Ty, name: Symbol, span: Span) -> Option<(u32, Ty)> {
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Adt(adt, args) if c.hir.adts[adt].kind != AdtKind::Enum => {
                let variant = c.hir.adts[adt].variants.first()?;
                let index = variant.fields.iter().position(|f| f.name == name)?;
                let field = &variant.fields[index];
                if !self.visible(field.vis) {
                    let text = format!(
                        "the field `{}` of `{}` is private",
                        self.text(name),
                        self.text(c.hir.adts[adt].head.name)
                    );
                    let d = Diagnostic::at(&code::PRIVATE_FIELD, span, text);
                    self.report(d);
                }
                Some((index as u32, c.field_ty(adt, 0, index as u32, args)))
            }
            TyKind::Tuple(list) => {
                let index: usize = self.text(name).parse().ok()?;
                let ty = c.types.list(list).get(index)?.ty()?;
                Some((index as u32, ty))
            }
            TyKind::Infer(InferVar::Ty(_)) => None,
            _ => None,
        }
    }
}

/// Levenshtein distance, for suggestions.
pub(in crate::check) fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
