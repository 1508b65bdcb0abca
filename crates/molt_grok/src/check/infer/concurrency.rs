//! Tasks, actors, messages, `select`, `await` (section 7).

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;
use smallvec::SmallVec;

use super::expr::Join;
use super::path::CtorPath;
use super::{Infer, OpenClosure};
use crate::check::context::Owner;
use crate::check::solve::ClosureSig;
use crate::check::typed::{Callee, CalleeRole, ClosureForm, Ctor};
use crate::hir::{
    AdtId, AdtKind, Arm, BodyOwner, Expr, ExprId, FieldInit, FnId, Message, Parent, PathRes, SelectArm, SelectKind,
};
use crate::ty::{Args, DynKind, Region, Ty, TyKind};

impl<'c> Infer<'c> {
    /// Refuses what later stages cannot make code of yet.
    pub(in crate::check) fn not_built(&mut self, span: Span, what: &str) {
        let text = format!("{what} is not supported yet");
        let d = Diagnostic::at(&molt_diagnostics::registry::UNSUPPORTED_CONSTRUCT, span, text)
            .help("it comes with a later version");
        self.report(d);
    }

    /// A library type with these arguments.
    fn lang_with(&self, name: &str, args: &[Ty]) -> Ty {
        match self.c.hir.lang_adt(name) {
            Some(a) => self.c.types.mk(TyKind::Adt(a, self.c.types.ty_list(args))),
            None => Ty::ERROR,
        }
    }

    pub(in crate::check) fn spawn_task(&mut self, e: ExprId, body: ExprId) -> Ty {
        let span = self.span(e);
        let ret = self.s.fresh(span);
        let id = self.c.new_closure();
        let sig = ClosureSig { params: SmallVec::new(), ret };
        self.s.closures.insert(id, sig.clone());
        self.closures.push(OpenClosure { id, expr: e, body: self.at, form: ClosureForm::Task, sig, kind: None });
        self.typed().closures.insert(e, id);
        self.b().returns.push(ret);
        let before = std::mem::replace(&mut self.diverges, false);
        self.check_coerce(body, ret);
        self.diverges = before;
        self.b().returns.pop();
        if let Some(send) = self.c.hir.lang_trait("send") {
            let closure = self.c.types.mk(TyKind::Closure(id, Args::EMPTY));
            self.demand_trait(send, &[closure], span);
            self.demand_trait(send, &[ret], span);
        }
        self.lang_with("JoinHandle", &[ret])
    }

    pub(in crate::check) fn spawn_actor(
        &mut self,
        e: ExprId,
        path: &'c PathRes,
        fields: &'c [FieldInit],
        options: &'c [FieldInit],
        span: Span,
    ) -> Ty {
        let c = self.c;
        let Some(ctor) = self.ctor_path(path, span) else {
            for f in fields.iter().chain(options) {
                self.check(f.value, None);
            }
            return Ty::ERROR;
        };
        if c.hir.adts[ctor.adt].kind != AdtKind::Actor {
            let text = format!("`{}` is not an actor", self.text(c.hir.adts[ctor.adt].head.name));
            for f in fields.iter().chain(options) {
                self.check(f.value, None);
            }
            return self.error(&code::TYPE_MISMATCH, span, text);
        }
        self.demand_bounds(Owner::Adt(ctor.adt), ctor.args, span);
        let order = self.field_inits(ctor, fields, span);
        if let Some(send) = c.hir.lang_trait("send") {
            for (field, &n) in fields.iter().zip(order.iter()).filter(|&(_, &n)| n != u32::MAX) {
                let ty = c.types.erase(c.field_ty(ctor.adt, 0, n, ctor.args));
                let ty = self.s.normalize(ty, field.span);
                self.demand_trait(send, &[ty], field.span);
            }
        }
        let variant = &c.hir.adts[ctor.adt].variants[0];
        let missing: Vec<String> = variant
            .fields
            .iter()
            .filter(|d| d.default.is_none() && !fields.iter().any(|f| f.name == d.name))
            .map(|d| format!("`{}`", self.text(d.name)))
            .collect();
        if !missing.is_empty() {
            let text = format!("the state fields {} get no value", missing.join(", "));
            self.report(Diagnostic::at(&code::MISSING_FIELD, span, text));
        }
        self.restartable(ctor, span);
        for option in options {
            let want = match self.text(option.name) {
                "name" | "overflow" | "restart" => Ty::STR,
                "mailbox" => Ty::USIZE,
                "link" => Ty::BOOL,
                other => {
                    let text = format!("`spawn` has no option `{other}`");
                    let d = Diagnostic::at(&code::EXTRA_FIELD, option.span, text)
                        .help("the options are `name`, `mailbox`, `overflow`, `restart` and `link`");
                    self.report(d);
                    self.check(option.value, None);
                    continue;
                }
            };
            let found = self.check(option.value, Some(want));
            // A name may be a built `String`.
            if want == Ty::STR && c.is_lang_adt(self.s.shallow(found), "String") {
                continue;
            }
            self.coerce(option.value, found, want);
        }
        self.typed().ctor.insert(e, Ctor { adt: ctor.adt, variant: 0, fields: order });
        let actor = c.types.mk(TyKind::Adt(ctor.adt, ctor.args));
        self.lang_with("ActorRef", &[actor])
    }

    /// A supervisor starts its children anew from copies of their fields.
    fn restartable(&mut self, child: CtorPath, span: Span) {
        let c = self.c;
        let Some(own) = self.own_actor() else { return };
        let (Some(_), Some(clone)) = (c.hir.supervision(own), c.hir.lang_trait("clone")) else { return };
        for (n, field) in c.hir.adts[child.adt].variants[0].fields.iter().enumerate() {
            let ty = c.types.subst(c.types.erase(c.field_types(child.adt, 0)[n]), child.args);
            if self.s.implements(ty, clone, span) == crate::check::solve::Answer::No {
                let text = format!(
                    "`{}` cannot be restarted: its field `{}` cannot be cloned",
                    self.text(c.hir.adts[child.adt].head.name),
                    self.text(field.name)
                );
                let d = Diagnostic::at(&code::NOT_RESTARTABLE, span, text).label(field.span, "of this type", false);
                self.report(d);
            }
        }
    }

    /// The type arguments of the library type of this name that the target is, or leads to.
    fn lang_behind(&mut self, target: ExprId, ty: Ty, name: &str) -> Option<Args> {
        let wanted = self.c.hir.lang_adt(name)?;
        let span = self.span(target);
        let mut at = self.structurally(ty);
        for _ in 0..8 {
            if let TyKind::Adt(id, list) = self.c.types.kind(at)
                && id == wanted
            {
                return Some(list);
            }
            at = self.deref_step(at, span)?.to;
        }
        None
    }

    /// The actor behind a reference to one.
    fn actor_of(&mut self, target: ExprId, ty: Ty) -> Option<(AdtId, Args)> {
        let list = self.lang_behind(target, ty, "ActorRef")?;
        match self.s.kind(self.c.types.list(list)[0].ty()?) {
            TyKind::Adt(a, args) if self.c.hir.adts[a].kind == AdtKind::Actor => Some((a, args)),
            _ => None,
        }
    }

    /// Says that the target of a message is no reference to an actor.
    fn no_actor(&mut self, target: ExprId, ty: Ty, span: Span) {
        if self.s.resolve(ty) == Ty::ERROR {
            return;
        }
        if self.lang_behind(target, ty, "AnyRef").is_some() {
            let d = Diagnostic::at(
                &code::UNKNOWN_MESSAGE,
                span,
                "the type of this actor is not known, nor are its handlers",
            )
            .help(
                "`downcast::<A>()` gives the reference to an actor of type `A`; raw messages can be sent as they are",
            );
            return self.report(d);
        }
        let text = format!("`{}` is not a reference to an actor", self.show(ty));
        self.error(&code::UNKNOWN_MESSAGE, span, text);
    }

    /// Whether a type is a reference to an actor with a state field of this name.
    pub(in crate::check) fn is_state_of(&self, ty: Ty, name: molt_base::Symbol) -> bool {
        let c = self.c;
        let TyKind::Adt(id, list) = self.s.kind(ty) else { return false };
        if c.hir.lang_adt("ActorRef") != Some(id) {
            return false;
        }
        let TyKind::Adt(actor, _) = self.s.kind(c.types.list(list)[0].expect_ty()) else { return false };
        c.hir.adts[actor].variants.first().is_some_and(|v| v.fields.iter().any(|f| f.name == name))
    }

    fn handler(&self, actor: AdtId, name: molt_base::Symbol) -> Option<FnId> {
        let info = self.c.hir.adts[actor].actor.as_ref()?;
        info.handlers.iter().copied().find(|&f| self.c.hir.fns[f].head.name == name)
    }

    /// Checks `handler(args)`; gives the answer's type.
    fn handler_call(&mut self, e: ExprId, target: ExprId, ty: Ty, message: &'c Message, span: Span) -> Option<Ty> {
        let c = self.c;
        let Message::Handler { name, name_span, args } = message else { return None };
        let Some((actor, list)) = self.actor_of(target, ty) else {
            for &a in args {
                self.check(a, None);
            }
            let span = self.span(target);
            self.no_actor(target, ty, span);
            return Some(Ty::ERROR);
        };
        let Some(f) = self.handler(actor, *name) else {
            for &a in args {
                self.check(a, None);
            }
            let text =
                format!("the actor `{}` has no handler `{}`", self.text(c.hir.adts[actor].head.name), self.text(*name));
            self.error(&code::UNKNOWN_MESSAGE, *name_span, text);
            return Some(Ty::ERROR);
        };
        let fn_ty = c.types.mk(TyKind::FnDef(f, list));
        let Some(sig) = self.callee_sig(fn_ty, span) else {
            for &a in args {
                self.check(a, None);
            }
            return Some(self.of_wrong_handler());
        };
        self.set_callee(e, CalleeRole::Main, Callee { func: f, args: list });
        let mut params = &sig.params[1..];
        let mut ret = sig.ret;
        // A handler that answers later takes where to as its last parameter, which callers leave out.
        if let [rest @ .., last] = params
            && let TyKind::Adt(adt, list) = c.types.kind(self.s.shallow(*last))
            && c.hir.lang_adt("ReplyTo") == Some(adt)
            && let Some(answer) = c.types.list(list)[0].ty()
        {
            (params, ret) = (rest, answer);
        }
        let ret = self.arguments(params, ret, args, None, span, Some(f), params.len());
        for (n, &p) in params.iter().enumerate() {
            let at = args.get(n).map_or(span, |&a| self.span(a));
            self.owned(p, at, "an argument");
        }
        self.owned(ret, *name_span, "an answer");
        if let Some(send) = c.hir.lang_trait("send") {
            for &p in params.iter().chain([&ret]) {
                self.demand_trait(send, &[p], span);
            }
        }
        Some(ret)
    }

    pub(in crate::check) fn send(&mut self, e: ExprId, target: ExprId, message: &'c Message, span: Span) -> Ty {
        let ty = self.check(target, None);
        match message {
            Message::Handler { .. } => {
                self.handler_call(e, target, ty, message, span);
            }
            Message::Raw(value) if self.lang_behind(target, ty, "AnyRef").is_some() => {
                // The actor's type is looked at when the message arrives.
                let found = self.check(*value, None);
                self.sent(found, *value, span);
            }
            Message::Raw(value) => {
                let actor = self.actor_of(target, ty);
                let want = actor.and_then(|(a, list)| self.raw_message_type(a, list, span));
                let Some(want) = want else {
                    self.check(*value, None);
                    match actor {
                        Some((a, _)) => self.takes_no_raw(a, span),
                        None => self.no_actor(target, ty, span),
                    }
                    return Ty::UNIT;
                };
                self.check_coerce(*value, want);
                self.sent(want, *value, span);
            }
        }
        Ty::UNIT
    }

    /// A raw message is owned and may cross tasks.
    fn sent(&mut self, ty: Ty, value: ExprId, span: Span) {
        let at = self.span(value);
        self.owned(ty, at, "a message");
        if let Some(send) = self.c.hir.lang_trait("send") {
            self.demand_trait(send, &[ty], span);
        }
    }

    /// The type of an actor's raw messages: the one it declares, else that of its `receive` member.
    fn raw_message_type(&mut self, actor: AdtId, list: Args, span: Span) -> Option<Ty> {
        let c = self.c;
        let info = c.hir.adts[actor].actor.as_ref()?;
        if let Some(alias) = info.message {
            return c.alias_type(alias).map(|t| c.types.subst(c.types.erase(t), list));
        }
        let item = c.types.mk(TyKind::FnDef(info.receive?, list));
        match self.callee_sig(item, span) {
            Some(sig) => sig.params.get(1).copied(),
            None => Some(self.of_wrong_handler()),
        }
    }

    /// The type of what a handler without a signature takes or gives. What is wrong with it was said.
    fn of_wrong_handler(&mut self) -> Ty {
        self.typed().failed = true;
        Ty::ERROR
    }

    /// `r.send(m)`: m is of the type of the actor's raw messages. The arguments are those of the method.
    pub(in crate::check) fn raw_message(&mut self, list: Args, span: Span) {
        let c = self.c;
        let [actor, message] = [0, 1].map(|n| c.types.list(list)[n].expect_ty());
        let TyKind::Adt(adt, args) = self.s.kind(actor) else {
            if self.s.resolve(actor) != Ty::ERROR && !self.in_library() {
                let text = "the type of the actor is not known here";
                let d = Diagnostic::at(&code::UNKNOWN_MESSAGE, span, text);
                self.report(d.help("raw messages go to actors of a known type"));
            }
            return;
        };
        match self.raw_message_type(adt, args, span) {
            Some(want) if self.s.unify(want, message).is_err() => self.mismatch(span, want, message),
            Some(_) => {}
            None => self.takes_no_raw(adt, span),
        }
    }

    /// Whether the body belongs to the language's library.
    fn in_library(&self) -> bool {
        let module = self.body_ref().module;
        self.c.hir.packages[self.c.hir.modules[module].package].is_std
    }

    fn takes_no_raw(&mut self, actor: AdtId, span: Span) {
        let text = format!("the actor `{}` takes no raw messages", self.text(self.c.hir.adts[actor].head.name));
        let d = Diagnostic::at(&code::UNKNOWN_MESSAGE, span, text)
            .help("give the actor a `receive { .. }` member or `type Message = ..;`, or send a handler's call");
        self.report(d);
    }

    /// Refuses a message that borrows.
    fn owned(&mut self, ty: Ty, span: Span, what: &str) {
        let ty = self.s.resolve(ty);
        if self.c.types.borrows(ty) {
            let text = format!("{what} of type `{}` borrows, and messages are moved", self.show(ty));
            self.report(
                Diagnostic::at(&code::MESSAGE_NOT_OWNED, span, text)
                    .help("send an owned value: `to_string()`, `to_vec()` or `clone()`"),
            );
        }
    }

    pub(in crate::check) fn ask(
        &mut self,
        e: ExprId,
        target: ExprId,
        message: &'c Message,
        within: Option<ExprId>,
        span: Span,
    ) -> Ty {
        let ty = self.check(target, None);
        let answer = match self.handler_call(e, target, ty, message, span) {
            Some(t) => t,
            None => self.error(&code::UNKNOWN_MESSAGE, span, "`ask` needs the call of a handler"),
        };
        if let Some(w) = within {
            let duration = self.lang_ty("Duration");
            self.check_coerce(w, duration);
        }
        let error = self.lang_ty("AskError");
        self.lang_with("Result", &[answer, error])
    }

    /// The actor whose code this body is.
    fn own_actor(&self) -> Option<AdtId> {
        let BodyOwner::Fn(f) = self.body_ref().owner else { return None };
        match self.c.hir.fns[f].parent {
            Parent::Impl(i) => self.c.hir.impls[i].actor,
            _ => None,
        }
    }

    pub(in crate::check) fn receive(
        &mut self,
        _e: ExprId,
        arms: &'c [Arm],
        after: Option<(ExprId, ExprId)>,
        hint: Option<Ty>,
        span: Span,
    ) -> Ty {
        let message = match self.own_actor() {
            // Lowering has said so.
            None => Ty::ERROR,
            Some(a) => {
                let list = self.c.identity_args(Owner::Adt(a));
                match self.raw_message_type(a, list, span) {
                    Some(t) => t,
                    None => {
                        let d = Diagnostic::at(&code::UNKNOWN_MESSAGE, span, "the type of the messages is not known")
                            .help("write `type Message = ..;` in the actor");
                        self.report(d);
                        Ty::ERROR
                    }
                }
            }
        };
        if arms.is_empty() && after.is_none() {
            return message;
        }
        let mut join = Join::new(hint);
        for arm in arms {
            self.check_pat_top(arm.pat, message);
            if let Some(g) = arm.guard {
                self.check_coerce(g, Ty::BOOL);
            }
            self.join(&mut join, arm.body);
        }
        if let Some((limit, body)) = after {
            let duration = self.lang_ty("Duration");
            self.check_coerce(limit, duration);
            self.join(&mut join, body);
        }
        join.ty.unwrap_or(Ty::UNIT)
    }

    pub(in crate::check) fn select(&mut self, _e: ExprId, arms: &'c [SelectArm], hint: Option<Ty>, _span: Span) -> Ty {
        let mut join = Join::new(hint);
        let before = self.diverges;
        for arm in arms {
            match &arm.kind {
                SelectKind::Wait { pat, operation, guard } => {
                    if let Some(g) = guard {
                        self.check_coerce(*g, Ty::BOOL);
                    }
                    let ty = self.check(*operation, None);
                    let ty = self.structurally(ty);
                    let ty = self.waiting_operation(*operation, ty);
                    self.check_pat_top(*pat, ty);
                }
                SelectKind::After(limit) => {
                    let duration = self.lang_ty("Duration");
                    self.check_coerce(*limit, duration);
                }
                SelectKind::Default => {}
            }
            self.join(&mut join, arm.body);
            self.diverges = before;
        }
        join.ty.unwrap_or(Ty::UNIT)
    }

    /// What an arm of a `select` gives: the result of an operation that waits, or what a future yields.
    fn waiting_operation(&mut self, e: ExprId, ty: Ty) -> Ty {
        let c = self.c;
        let callee = match &self.body_ref().exprs[e] {
            Expr::Ask { .. } => return ty,
            Expr::MethodCall { .. } => self.typed().main_callee(e).map(|k| k.func),
            Expr::Call { callee, .. } => {
                let ty = self.typed().expr(*callee);
                match self.s.kind(ty) {
                    TyKind::FnDef(f, _) => Some(f),
                    _ => None,
                }
            }
            _ => None,
        };
        if callee.is_some_and(|f| c.selects(f).is_some() || c.awaits(f).is_some()) || ty == Ty::ERROR {
            return ty;
        }
        if let Some(yields) = self.future_output(ty, e) {
            return yields;
        }
        let span = self.span(e);
        let text = "a `select` cannot wait for this";
        let d = Diagnostic::at(&code::TYPE_MISMATCH, span, text)
            .help("an arm waits for `rx.recv()`, `tx.send(v)`, `handle.join()`, `ask ..` or a future");
        self.report(d);
        ty
    }

    /// What a future yields, if the type is one.
    fn future_output(&mut self, ty: Ty, e: ExprId) -> Option<Ty> {
        let t = self.c.hir.lang_trait("future")?;
        let span = self.span(e);
        if self.s.implements(ty, t, span) != crate::check::solve::Answer::Yes {
            return None;
        }
        let args = self.c.types.ty_list(&[ty]);
        Some(self.associated(t, "Output", args, span))
    }

    /// Whether a type is the future of an `async` body, an object of one, or a box of it.
    pub(in crate::check) fn is_future(&mut self, ty: Ty) -> bool {
        self.c.is_future(self.s.resolve(ty))
    }

    /// `Box<dyn Future<Output = T>>` for what a future yields.
    pub(in crate::check) fn boxed_future(&mut self, future: Ty, e: ExprId) -> Ty {
        let c = self.c;
        let (Some(t), Some(yields)) = (c.hir.lang_trait("future"), self.future_output(future, e)) else {
            return Ty::ERROR;
        };
        let assoc = c.hir.traits[t].types.first().map(|&alias| (alias, yields)).into_iter().collect();
        let object = c.types.mk_dyn(DynKind { traits: vec![(t, Args::EMPTY)], assoc });
        let object = c.types.mk(TyKind::Dyn(object, Region::Erased));
        self.lang_with("Box", &[object])
    }

    pub(in crate::check) fn await_expr(&mut self, _e: ExprId, value: ExprId, span: Span) -> Ty {
        let ty = self.check(value, None);
        let ty = self.structurally(ty);
        if ty == Ty::ERROR {
            return Ty::ERROR;
        }
        if self.s.is_unknown(ty) {
            return self.unknown_type(span, "the awaited value");
        }
        match self.future_output(ty, value) {
            Some(t) => t,
            None => {
                let text = format!("`{}` is not a future", self.show(ty));
                self.error(&code::BOUND_NOT_SATISFIED, span, text)
            }
        }
    }
}
