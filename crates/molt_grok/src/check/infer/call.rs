//! Calls of values: functions, constructors, closures, pointers, anything with a `Fn` trait.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::Infer;
use super::coerce::DerefStep;
use super::deferred::DeferredKind;
use crate::check::context::{Owner, Predicate};
use crate::check::solve::{Answer, Cause, ClosureSig, Goal};
use crate::check::typed::{CallKind, FnTrait};
use crate::hir::{Expr, ExprId, FnId, Mutability};
use crate::ty::{Arg, Args, Ty, TyKind};

impl<'c> Infer<'c> {
    pub(in crate::check) fn call(&mut self, e: ExprId, callee: ExprId, args: &'c [ExprId], hint: Option<Ty>) -> Ty {
        let ty = self.check(callee, None);
        self.call_value(e, callee, ty, args, hint)
    }

    /// A function's or constructor's type; the group's own functions have variables in theirs.
    pub(in crate::check) fn callee_sig(&mut self, ty: Ty, span: Span) -> Option<ClosureSig> {
        let ty = self.s.shallow(ty);
        if let TyKind::FnDef(f, args) = self.c.types.kind(ty)
            && let Some(sig) = self.sigs.get(&f).cloned()
        {
            let sig = self.c.types.subst_sig(&sig, args);
            let params = sig.params.iter().map(|&p| self.c.types.erase(p)).collect();
            return Some(ClosureSig { params, ret: self.c.types.erase(sig.ret) });
        }
        self.s.callable_sig(ty, span).map(|(sig, _)| sig)
    }

    pub(in crate::check) fn call_value(
        &mut self,
        e: ExprId,
        callee: ExprId,
        ty: Ty,
        args: &[ExprId],
        hint: Option<Ty>,
    ) -> Ty {
        let span = self.span(e);
        let ty = self.structurally(ty);
        let mut steps: Vec<DerefStep> = Vec::new();
        let mut at = ty;
        loop {
            match self.c.types.kind(at) {
                TyKind::Error => {
                    for &a in args {
                        self.check(a, None);
                    }
                    return Ty::ERROR;
                }
                TyKind::Infer(crate::ty::InferVar::Ty(_)) => {
                    let kind = DeferredKind::Call { callee, ty: at, args: args.to_vec() };
                    return self.defer(e, kind, span);
                }
                TyKind::FnDef(f, list) => {
                    self.apply_steps(callee, &steps, Mutability::Shared);
                    self.typed().call.insert(e, CallKind::Direct);
                    let ret = self.call_fn(e, f, list, args, hint, span);
                    if self.c.lang.sends.contains(&Some(f)) {
                        self.raw_message(list, span);
                    }
                    return ret;
                }
                TyKind::Ctor(..) => {
                    self.apply_steps(callee, &steps, Mutability::Shared);
                    self.typed().call.insert(e, CallKind::Direct);
                    let Some(sig) = self.callee_sig(at, span) else { return Ty::ERROR };
                    return self.arguments(&sig.params, sig.ret, args, hint, span, None, args.len());
                }
                TyKind::FnPtr(_) => {
                    self.apply_steps(callee, &steps, Mutability::Shared);
                    self.typed().call.insert(e, CallKind::Pointer);
                    let Some(sig) = self.callee_sig(at, span) else { return Ty::ERROR };
                    return self.arguments(&sig.params, sig.ret, args, hint, span, None, sig.params.len());
                }
                TyKind::Closure(id, _) => {
                    self.apply_steps(callee, &steps, Mutability::Shared);
                    // Which trait serves is settled when the closure's captures are known.
                    let kind = if self.s.closures.contains_key(&id) { FnTrait::Fn } else { self.c.closure(id).kind };
                    self.typed().call.insert(e, CallKind::Trait(kind));
                    let Some(sig) = self.callee_sig(at, span) else { return Ty::ERROR };
                    return self.arguments(&sig.params, sig.ret, args, hint, span, None, sig.params.len());
                }
                _ => {}
            }
            if let Some((kind, params, ret)) = self.callable_by_bound(at, args.len(), span) {
                self.apply_steps(
                    callee,
                    &steps,
                    if kind == FnTrait::FnMut { Mutability::Mut } else { Mutability::Shared },
                );
                self.typed().call.insert(e, CallKind::Trait(kind));
                if kind == FnTrait::FnMut {
                    self.mark_mutable(callee);
                }
                return self.arguments(&params, ret, args, hint, span, None, params.len());
            }
            match self.deref_step(at, span) {
                Some(step) if steps.len() < 16 => {
                    at = self.structurally(step.to);
                    steps.push(step);
                }
                _ => break,
            }
        }
        for &a in args {
            self.check(a, None);
        }
        let callee_span = self.span(callee);
        let text = format!("`{}` is not a function and cannot be called", self.show(ty));
        self.error(&code::NOT_CALLABLE, callee_span, text)
    }

    /// The weakest of the three traits that a value of parameter or object type has, with what it takes and gives.
    fn callable_by_bound(&mut self, ty: Ty, count: usize, span: Span) -> Option<(FnTrait, Vec<Ty>, Ty)> {
        let c = self.c;
        if !matches!(
            c.types.kind(ty),
            TyKind::Param(..) | TyKind::Projection(..) | TyKind::Opaque(..) | TyKind::Dyn(..)
        ) {
            return None;
        }
        for (t, kind) in c.lang.fn_traits() {
            let Some(t) = t else { continue };
            let params: Vec<Ty> = (0..count).map(|_| self.s.fresh(span)).collect();
            let input = c.types.tuple(&params);
            let input = if self.arity_of(t, ty).is_some_and(|n| n != count) { self.s.fresh(span) } else { input };
            let args = c.types.ty_list(&[ty, input]);
            if self.s.evaluate(Predicate::Trait(t, args), span) == Answer::No {
                continue;
            }
            self.s.demand(Goal::new(Predicate::Trait(t, args), Cause { span, from: None }));
            let Some(once) = c.lang.fn_once else { continue };
            let ret = self.associated(once, "Output", args, span);
            self.solve();
            let params = match self.s.kind(input) {
                TyKind::Tuple(list) => c.types.ty_elems(list).collect(),
                _ => params,
            };
            return Some((kind, params, self.s.shallow(ret)));
        }
        None
    }

    /// How many arguments the bound on a type says, when it says it.
    fn arity_of(&self, t: crate::hir::TraitId, ty: Ty) -> Option<usize> {
        let c = self.c;
        let input = match c.types.kind(ty) {
            TyKind::Dyn(d, _) => c
                .types
                .dyn_kind(d)
                .traits
                .iter()
                .find(|&&(u, _)| c.lang.fn_kind(u).is_some())
                .map(|&(_, a)| c.types.list(a)[0]),
            _ => c.env(self.s.env).iter().find_map(|p| match *p {
                Predicate::Trait(u, a) if u == t && c.types.list(a)[0] == Arg::Ty(ty) => Some(c.types.list(a)[1]),
                _ => None,
            }),
        }?;
        match c.types.kind(input.ty()?) {
            TyKind::Tuple(list) => Some(c.types.list(list).len()),
            _ => None,
        }
    }

    fn call_fn(
        &mut self,
        e: ExprId,
        f: FnId,
        list: crate::ty::Args,
        args: &[ExprId],
        hint: Option<Ty>,
        span: Span,
    ) -> Ty {
        let c = self.c;
        let ty = c.types.mk(TyKind::FnDef(f, list));
        let Some(sig) = self.callee_sig(ty, span) else { return Ty::ERROR };
        let item = &c.hir.fns[f];
        if (item.is_unsafe || item.parent == crate::hir::Parent::Extern)
            && self.b().unsafe_depth == 0
            && !self.in_unsafe_fn()
            && !item.head.attrs.iter().any(|a| c.hir.text(a.name) == "safe")
        {
            let text = format!("calling the unsafe function `{}` needs an `unsafe` block", self.text(item.head.name));
            self.report(Diagnostic::at(&code::UNSAFE_REQUIRED, span, text));
        }
        let _ = e;
        let required = sig.params.len()
            - item.params.iter().rev().take_while(|p| p.default.is_some()).count().min(sig.params.len());
        let least = if item.is_variadic { sig.params.len() } else { required };
        self.arguments(&sig.params, sig.ret, args, hint, span, Some(f), least)
    }

    /// Checks arguments against parameters. `least`: how many must be given.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    pub(in crate::check) fn arguments(
        &mut self,
        params: &[Ty],
        ret: Ty,
        args: &[ExprId],
        hint: Option<Ty>,
        span: Span,
        f: Option<FnId>,
        least: usize,
    ) -> Ty {
        let variadic = f.is_some_and(|f| self.c.hir.fns[f].is_variadic);
        // Constructors pass `least == args.len()`: the exact count is the parameters'.
        let least = if f.is_none() { params.len() } else { least };
        let wrong = args.len() < least || (args.len() > params.len() && !variadic);
        if wrong {
            self.count_error(params.len(), least, args.len(), span, f);
            for &a in args {
                self.check(a, None);
            }
            return ret;
        }
        let hints = self.argument_hints(params, ret, hint);
        // Closures last: the other arguments may say what they are called with.
        for closures in [false, true] {
            if closures {
                self.solve();
            }
            for (i, &a) in args.iter().enumerate() {
                if self.is_closure(a) != closures {
                    continue;
                }
                match params.get(i) {
                    Some(&p) => self.argument(a, p, hints.get(i).copied()),
                    None => {
                        self.check(a, None);
                    }
                }
            }
        }
        ret
    }

    fn is_closure(&self, e: ExprId) -> bool {
        matches!(self.body_ref().exprs[e], Expr::Closure(_))
    }

    /// One argument: coerced to what the result suggests if that works, then to the parameter.
    pub(in crate::check) fn argument(&mut self, a: ExprId, param: Ty, hint: Option<Ty>) {
        let hint = hint.filter(|&h| h != param && !self.s.is_unknown(h));
        match hint {
            Some(h) if self.s.is_unknown(param) || self.s.could_be_same(param, h) => {
                let from = self.check(a, Some(h));
                if self.try_coerce(a, from, h) {
                    if self.s.unify(param, h).is_err() {
                        let span = self.span(a);
                        self.mismatch(span, param, h);
                    }
                } else {
                    self.coerce(a, from, param);
                }
            }
            _ => {
                self.check_coerce(a, param);
            }
        }
    }

    /// Parameter types if the result is what its place wants: a suggestion only.
    fn argument_hints(&mut self, params: &[Ty], ret: Ty, hint: Option<Ty>) -> Vec<Ty> {
        let Some(hint) = hint else { return Vec::new() };
        if self.s.is_unknown(hint) || !self.c.types.flags(ret).has(crate::ty::Flags::INFER) {
            return Vec::new();
        }
        let s = self.s.vars.snapshot();
        let before = self.s.vars.len();
        let ok = self.s.unify(ret, hint).is_ok();
        let hints: Vec<Ty> = params.iter().map(|&p| self.s.resolve(p)).collect();
        debug_assert_eq!(before, self.s.vars.len());
        self.s.vars.rollback(s);
        if ok { hints } else { Vec::new() }
    }

    fn count_error(&mut self, most: usize, least: usize, given: usize, span: Span, f: Option<FnId>) {
        let what = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        let plural = if most == 1 && least == most { "" } else { "s" };
        let text = format!("this call takes {what} argument{plural}, found {given}");
        let mut d = Diagnostic::at(&code::ARGUMENT_COUNT, span, text);
        if let Some(f) = f {
            let head = &self.c.hir.fns[f].head;
            d = d.label(head.name_span, format!("`{}` is declared here", self.text(head.name)), false);
        }
        self.report(d);
    }

    /// A value of which nothing is known but that it is called: anything with the trait.
    pub(in crate::check) fn call_unknown(
        &mut self,
        e: ExprId,
        callee: ExprId,
        ty: Ty,
        args: &[ExprId],
        out: Ty,
        span: Span,
    ) {
        let c = self.c;
        let (Some(t), Some(once)) = (c.lang.fn_, c.lang.fn_once) else { return };
        let params: Vec<Ty> = args.iter().map(|&a| self.check(a, None)).collect();
        let input = c.types.tuple(&params);
        let list = c.types.ty_list(&[ty, input]);
        let cause = Cause { span, from: None };
        self.s.demand(Goal::new(Predicate::Trait(t, list), cause));
        if let Some(&output) = c.hir.traits[once].types.first() {
            self.s.demand(Goal::new(Predicate::Projection(output, list, out), cause));
        }
        let _ = callee;
        self.typed().call.insert(e, CallKind::Trait(FnTrait::Fn));
    }

    /// Fresh arguments for an item, with those that are written.
    pub(in crate::check) fn item_args(
        &mut self,
        owner: Owner,
        parent: Args,
        written: &crate::hir::GenericArgs,
        span: Span,
    ) -> Args {
        let c = self.c;
        let params = c.params_of(owner);
        let list = if written.args.is_empty() && params.len() == c.types.list(parent).len() {
            parent
        } else {
            self.written_args(owner, parent, written, span)
        };
        let mut list = c.types.erase_args(list);
        // Parameters that inference added are not written.
        let have = c.types.list(list);
        if have.len() < params.len() {
            let mut full: Vec<Arg> = have.to_vec();
            for p in &params[have.len()..] {
                let arg = self.s.fresh_arg(p, span);
                if let Arg::Ty(t) = arg {
                    self.diverging.push(t);
                }
                full.push(arg);
            }
            list = c.types.args(&full);
        }
        self.s.normalize_args(list, span)
    }

    /// The parent's arguments, then those that are written, with variables for what is left out.
    fn written_args(&mut self, owner: Owner, parent: Args, written: &crate::hir::GenericArgs, span: Span) -> Args {
        let c = self.c;
        let body_owner = c.generics_owner(self.body_ref().owner);
        let name = match owner {
            Owner::Fn(f) => self.text(c.hir.fns[f].head.name),
            Owner::Adt(a) => self.text(c.hir.adts[a].head.name),
            Owner::Trait(t) => self.text(c.hir.traits[t].head.name),
            _ => "this item",
        };
        let mut holes = super::VarHoles(&mut self.s);
        let mut conv =
            crate::check::convert::Converter::new(c, body_owner, crate::check::convert::Elision::Erased, &mut holes);
        let unsized_args = matches!(owner, Owner::Adt(a) if c.holds_unsized(a));
        let parent = c.types.list(parent);
        conv.item_args(c.generics(owner), parent, written, span, unsized_args, &|| format!("`{name}`"))
    }
}
