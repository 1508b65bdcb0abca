//! Tasks, actors and waiting (section 7). Functions of the library that are called, all found by `#[lang]`:
//!
//! | Name | Signature | Meaning |
//! |---|---|---|
//! | `task_spawn` | `fn<F, T>(F) -> JoinHandle<T>` | F is the task's body, an `FnOnce() -> T` |
//! | `actor_options` | `fn() -> O` | no option given |
//! | `actor_option_name` and so on | `fn<T>(&mut O, T)` | one for each option of `spawn` |
//! | `actor_spawn` | `fn<A>(A, O) -> ActorRef<A>` | the first state is given |
//! | `actor_send` | `fn<A, H, T>(&ActorRef<A>, H, T)` | H is the handler's function item, T the tuple of its arguments |
//! | `actor_ask` | `fn<A, H, T, R>(&ActorRef<A>, H, T, Option<Duration>) -> Result<R, AskError>` | `None`: the default limit |
//! | `actor_post` | `fn<A, M>(&ActorRef<A>, M)` | a raw message |
//! | `any_post` | `fn<M>(&AnyRef, M)` | a raw message to an actor of any type |
//! | `receive_begin` | `fn<M>(Option<Duration>) -> C` | begins to look through the raw messages |
//! | `receive_next` | `fn<M>(&mut C) -> Option<M>` | the next message not looked at; `None` when the time is up |
//! | `receive_next_future` | `fn<M>(&mut C) -> impl Future<Option<M>>` | the same in `async` code |
//! | `receive_skip` | `fn<M>(&mut C, M)` | no arm takes it: it stays queued |
//! | `select_begin` | `fn() -> S` | |
//! | named by `#[selects]` | `fn<..>(&mut S, usize, ..)` | registers arm n: the arguments of the operation |
//! | `select_ask` | `fn<A, H, T, R>(&mut S, usize, &ActorRef<A>, H, T)` | registers arm n: a question |
//! | `select_after` | `fn<D>(&mut S, D)` | a time-out |
//! | `select_wait` | `fn(&mut S, poll: bool) -> usize` | the arm that is ready; [`TIME_IS_UP`], [`NONE_LEFT`]; with `poll` also [`NONE_READY`] |
//! | `select_future` | `fn<F>(&mut S, usize, F)` | registers arm n: a future |
//! | `select_ready` | `fn(&mut S, poll: bool) -> F` | `select_wait` as a future: in `async` code, and where an arm is a future |
//! | named by `#[awaits]` | `fn<..>(..) -> F` | a future of a call that waits, in `async` code |
//! | `ask_future` | as `actor_ask`, gives a future | in `async` code |
//! | `select_take` | `fn<R>(&mut S, usize) -> R` | the answer of a ready arm |
//! | `select_disable` | `fn(&mut S, usize)` | the arm's pattern did not match |

use molt_base::Span;

use super::Builder;
use super::scope::Exit;
use crate::check::typed::{Callee, ClosureForm};
use crate::hir::{AdtId, Arm, Expr, ExprId, FieldInit, Message, Mutability, PatId, SelectArm, SelectKind};
use crate::mir::{
    Aggregate, Bb, Builtin, Callee as MirCallee, Constant, Elem, MirOwner, Operand, PanicKind, Place, Rvalue,
    Terminator,
};
use crate::ty::{Args, Ty, TyKind};

/// Answers of `select_wait` that are no arm.
const TIME_IS_UP: i128 = -1;
const NONE_LEFT: i128 = -2;
const NONE_READY: i128 = -3;

impl Builder<'_> {
    pub(super) fn concurrent(&mut self, dest: &Place, expr: ExprId) {
        let span = self.span(expr);
        let body = self.body;
        match &body.exprs[expr] {
            Expr::Await(value) => self.await_future(dest, *value, span),
            Expr::SpawnTask { .. } => self.spawn_task(dest, expr),
            Expr::SpawnActor { fields, options, .. } => self.spawn_actor(dest, expr, fields, options),
            Expr::Send { target, message } => {
                self.send(expr, *target, message);
                self.assign_const(dest, Constant::Unit, span);
            }
            Expr::Ask { target, message, within } => self.ask(dest, expr, *target, message, *within),
            Expr::Receive { arms, after } => self.receive(dest, expr, arms, *after),
            Expr::Select { arms } => self.select(dest, arms, span),
            _ => unreachable!("only concurrency comes here"),
        }
    }

    fn await_future(&mut self, dest: &Place, value: ExprId, span: Span) {
        let ty = self.typed.adjusted(value);
        let future = self.operand(self.full(value));
        self.wait_for(dest, future, ty, span);
    }

    /// Waits for a future, which is polled in its slot.
    pub(super) fn wait_for(&mut self, dest: &Place, future: Operand, ty: Ty, span: Span) {
        let future = match future {
            Operand::Move(place) if place.is_local() && place.slot.0 < super::UPVAR_BASE => Operand::Move(place),
            other => {
                let slot = self.new_slot(ty, span);
                self.consumed(std::slice::from_ref(&other));
                self.assign(Place::local(slot), Rvalue::Use(other), span);
                Operand::Move(Place::local(slot))
            }
        };
        self.consumed(std::slice::from_ref(&future));
        let target = self.new_block();
        self.end_panicking(Terminator::Await { future, dest: dest.clone(), target }, span);
        self.enter(target);
    }

    /// Whether the graph is that of an `async` body.
    pub(super) fn is_future(&self) -> bool {
        match self.mir.owner {
            MirOwner::Closure(id) => self.q.closure(id).form == ClosureForm::Async,
            MirOwner::Body(_) => false,
        }
    }

    fn spawn_task(&mut self, dest: &Place, expr: ExprId) {
        let span = self.span(expr);
        let id = self.typed.closures[&expr];
        let own = self.closure_ty(id);
        let slot = self.new_slot(own, span);
        let value = self.closure_value(id, own);
        self.assign(Place::local(slot), value, span);
        let args = self.types.ty_list(&[own, self.q.closure(id).ret]);
        self.call_lang("task_spawn", args, vec![Operand::Move(Place::local(slot))], dest.clone(), span);
    }

    /// Evaluates the fields, then the options.
    fn spawn_actor(&mut self, dest: &Place, expr: ExprId, fields: &[FieldInit], options: &[FieldInit]) {
        let span = self.span(expr);
        let adt = self.typed.ctor[&expr].adt;
        let actor = self.type_argument(self.typed.expr(expr));
        let TyKind::Adt(_, args) = self.types.kind(actor) else {
            unreachable!("a reference to an actor names its type")
        };
        let order = self.typed.ctor[&expr].fields.clone();
        let count = self.hir.adts[adt].variants[0].fields.len();
        let mut parts: Vec<Option<Operand>> = vec![None; count];
        let values: Vec<ExprId> = fields.iter().map(|f| f.value).collect();
        for (operand, &field) in self.operands(&values).into_iter().zip(&order) {
            parts[field as usize] = Some(operand);
        }
        let parts = (0..count as u32)
            .map(|n| parts[n as usize].take().unwrap_or_else(|| self.field_default(adt, n, args, span)))
            .collect();
        let state = self.new_slot(actor, span);
        self.assign_aggregate(Place::local(state), Aggregate::Adt(adt, 0, args), parts, span);
        self.schedule_value_in(self.temp_scope, state, actor);
        let (options_slot, options_ty) = self.made_by("actor_options", span);
        for option in options {
            let name = format!("actor_option_{}", self.hir.text(option.name));
            let value = self.operand(self.full(option.value));
            let args = self.types.ty_list(&[self.typed.adjusted(option.value)]);
            let to = self.borrow_temp(options_slot.clone(), Mutability::Mut, options_ty, span);
            let discard = self.discard();
            self.call_lang(&name, args, vec![to, value], discard, span);
        }
        let operands = vec![Operand::Move(Place::local(state)), Operand::Move(options_slot)];
        let args = self.types.ty_list(&[actor]);
        self.call_lang("actor_spawn", args, operands, dest.clone(), span);
    }

    fn field_default(&mut self, adt: AdtId, field: u32, args: Args, span: Span) -> Operand {
        let ty = self.q.field_ty(adt, 0, field, args);
        let slot = self.new_slot(ty, span);
        let func = MirCallee::Builtin(Builtin::FieldDefault(adt, field), args);
        self.call(func, Vec::new(), Place::local(slot), None, span);
        self.schedule_value_in(self.temp_scope, slot, ty);
        Operand::Move(Place::local(slot))
    }

    /// The value of a library function without arguments, dropped with the statement unless it is moved out.
    fn made_by(&mut self, name: &str, span: Span) -> (Place, Ty) {
        self.made(name, Args::EMPTY, Vec::new(), span)
    }

    fn made(&mut self, name: &str, args: Args, operands: Vec<Operand>, span: Span) -> (Place, Ty) {
        let callee = self.lang_callee(name, args);
        let ty = self.q.callee_ret(callee);
        let slot = self.new_slot(ty, span);
        self.call_fn(callee, operands, Place::local(slot), span);
        self.schedule_value_in(self.temp_scope, slot, ty);
        (Place::local(slot), ty)
    }

    /// The only type argument, such as the actor of an `ActorRef`.
    fn type_argument(&self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            TyKind::Adt(_, args) => self.types.list(args).first().and_then(|a| a.ty()).unwrap_or(Ty::ERROR),
            _ => Ty::ERROR,
        }
    }

    /// A reference to the `ActorRef` that an expression gives, and the actor's type; that of an `AnyRef` is [`Ty::ERROR`].
    fn actor(&mut self, target: ExprId) -> (Operand, Ty) {
        let view = self.full(target);
        let mut place = self.place(view);
        let mut ty = self.view_ty(view);
        while let (TyKind::Ref(_, _, inner), _) | (_, Some(inner)) = (self.types.kind(ty), self.q.c.boxed(ty)) {
            place = place.with(Elem::Deref);
            ty = inner;
        }
        let reference = self.borrow_temp(place, Mutability::Shared, ty, self.span(target));
        (reference, self.type_argument(ty))
    }

    /// The function item of a handler and the tuple of its arguments.
    fn handler_message(&mut self, expr: ExprId, args: &[ExprId]) -> (Vec<Operand>, Ty, Ty) {
        let callee = self.typed.main_callee(expr).expect("inference resolved the handler");
        self.packed_call(callee, args, self.span(expr))
    }

    fn packed_call(&mut self, callee: Callee, args: &[ExprId], span: Span) -> (Vec<Operand>, Ty, Ty) {
        let item = self.types.mk(TyKind::FnDef(callee.func, callee.args));
        let types: Vec<Ty> = args.iter().map(|&a| self.typed.adjusted(a)).collect();
        let tuple = self.types.tuple(&types);
        let parts = self.operands(args);
        let slot = self.new_slot(tuple, span);
        self.assign_aggregate(Place::local(slot), Aggregate::Tuple, parts, span);
        self.schedule_value_in(self.temp_scope, slot, tuple);
        (vec![Operand::Const(Constant::Zst(item)), Operand::Move(Place::local(slot))], item, tuple)
    }

    fn send(&mut self, expr: ExprId, target: ExprId, message: &Message) {
        let span = self.span(expr);
        let (reference, actor) = self.actor(target);
        let discard = self.discard();
        match message {
            Message::Handler { args, .. } => {
                let (packed, item, tuple) = self.handler_message(expr, args);
                let operands = [reference].into_iter().chain(packed).collect();
                let args = self.types.ty_list(&[actor, item, tuple]);
                match self.is_future() {
                    true => self.call_and_wait(&discard, "actor_send_future", args, operands, span),
                    false => self.call_lang("actor_send", args, operands, discard, span),
                }
            }
            Message::Raw(value) => {
                let raw = self.operand(self.full(*value));
                let message = self.typed.adjusted(*value);
                let (name, types) = match actor {
                    Ty::ERROR => ("any_post", vec![message]),
                    actor => ("actor_post", vec![actor, message]),
                };
                let args = self.types.ty_list(&types);
                match (self.is_future(), actor) {
                    (true, Ty::ERROR) => {
                        self.call_and_wait(&discard, "any_post_future", args, vec![reference, raw], span);
                    }
                    (true, _) => self.call_and_wait(&discard, "actor_post_future", args, vec![reference, raw], span),
                    (false, _) => self.call_lang(name, args, vec![reference, raw], discard, span),
                }
            }
        }
    }

    fn ask(&mut self, dest: &Place, expr: ExprId, target: ExprId, message: &Message, within: Option<ExprId>) {
        let span = self.span(expr);
        let (reference, actor) = self.actor(target);
        let Message::Handler { args, .. } = message else {
            unreachable!("inference reports an `ask` of anything but a handler")
        };
        let (packed, item, tuple) = self.handler_message(expr, args);
        let limit = self.limit(within, span);
        let answer = self.type_argument(self.typed.expr(expr));
        let operands = [reference].into_iter().chain(packed).chain([limit]).collect();
        let args = self.types.ty_list(&[actor, item, tuple, answer]);
        match self.is_future() {
            true => self.call_and_wait(dest, "ask_future", args, operands, span),
            false => self.call_lang("actor_ask", args, operands, dest.clone(), span),
        }
    }

    /// An optional limit as an `Option<Duration>`.
    fn limit(&mut self, within: Option<ExprId>, span: Span) -> Operand {
        let duration = match (within, self.hir.lang_adt("Duration")) {
            (Some(e), _) => self.typed.adjusted(e),
            (None, Some(adt)) => self.types.mk(TyKind::Adt(adt, Args::EMPTY)),
            (None, None) => Ty::ERROR,
        };
        let option = self.hir.lang_adt("Option").expect("the library has `Option`");
        let args = self.types.ty_list(&[duration]);
        let ty = self.types.mk(TyKind::Adt(option, args));
        let variant = self.variant_named(ty, if within.is_some() { "Some" } else { "None" });
        let parts = within.map(|e| self.operand(self.full(e))).into_iter().collect();
        let slot = self.new_slot(ty, span);
        self.assign_aggregate(Place::local(slot), Aggregate::Adt(option, variant, args), parts, span);
        Operand::Move(Place::local(slot))
    }

    /// Type of the value that a pattern matches, references included.
    fn matched_ty(&self, pat: PatId) -> Ty {
        let derefs = self.typed.pat_derefs.get(&pat);
        derefs.and_then(|d| d.first().copied()).unwrap_or(self.typed.pat(pat))
    }

    /// Looks at the raw messages in order until an arm takes one.
    fn receive(&mut self, dest: &Place, expr: ExprId, arms: &[Arm], after: Option<(ExprId, ExprId)>) {
        let span = self.span(expr);
        let message = arms.first().map_or(self.typed.expr(expr), |a| self.matched_ty(a.pat));
        let args = self.types.ty_list(&[message]);
        self.terminating(expr, |b| {
            let limit = b.limit(after.map(|a| a.0), span);
            let (cursor, cursor_ty) = b.made("receive_begin", args, vec![limit], span);
            let head = b.new_block();
            let join = b.new_block();
            let late = b.new_block();
            b.goto(head, span);
            b.enter(head);
            let depth = b.push_scope(super::end_of(span));
            let outer = std::mem::replace(&mut b.temp_scope, depth);
            let to = b.borrow_temp(cursor.clone(), Mutability::Mut, cursor_ty, span);
            let (next, next_ty) = b.next_message(args, to, span);
            let some = b.variant_named(next_ty, "Some");
            let found = b.new_block();
            let leave = b.exit_chain(Exit { block: late, depth });
            b.switch_variant(next.clone(), &[(some, found)], leave, span);
            b.enter(found);
            let taken = next.with(Elem::Variant(some)).with(Elem::Field(0, message));
            if arms.is_empty() && after.is_none() {
                let value = b.consume(taken, message);
                b.assign(dest.clone(), Rvalue::Use(value), span);
                b.temp_scope = outer;
                b.pop_scope();
                b.goto(join, span);
            } else {
                let skip = b.new_block();
                let inner = b.scopes.depth();
                b.match_arms(
                    dest,
                    taken.clone(),
                    arms,
                    Some(Exit { block: skip, depth: inner }),
                    Exit { block: join, depth },
                    span,
                );
                b.enter(skip);
                let to = b.borrow_temp(cursor.clone(), Mutability::Mut, cursor_ty, span);
                let back = b.consume(taken, message);
                let discard = b.discard();
                b.call_lang("receive_skip", args, vec![to, back], discard, span);
                b.temp_scope = outer;
                b.pop_scope();
                b.goto(head, span);
            }
            b.enter(late);
            match after {
                Some((_, then)) => b.terminating(then, |b| b.into(dest, b.full(then))),
                None => {
                    b.end(Terminator::Panic(PanicKind::Unreachable), span);
                    b.diverge();
                }
            }
            b.goto(join, span);
            b.enter(join);
        });
    }

    /// The next raw message, or `None` when the time is up.
    fn next_message(&mut self, args: Args, cursor: Operand, span: Span) -> (Place, Ty) {
        if !self.is_future() {
            return self.made("receive_next", args, vec![cursor], span);
        }
        let ty = self.q.callee_ret(self.lang_callee("receive_next", args));
        let slot = self.new_slot(ty, span);
        self.call_and_wait(&Place::local(slot), "receive_next_future", args, vec![cursor], span);
        self.schedule_value_in(self.temp_scope, slot, ty);
        (Place::local(slot), ty)
    }

    fn select(&mut self, dest: &Place, arms: &[SelectArm], span: Span) {
        self.temp_scope(super::end_of(span), |b| {
            let (state, state_ty) = b.made_by("select_begin", span);
            for (n, arm) in arms.iter().enumerate() {
                b.register(n, arm, &state, state_ty);
            }
            let poll = arms.iter().any(|a| matches!(a.kind, SelectKind::Default));
            let (head, join) = (b.new_block(), b.new_block());
            b.goto(head, span);
            b.enter(head);
            let to = b.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
            let ready = b.new_slot(Ty::USIZE, span);
            let flag = Operand::Const(Constant::Bool(poll));
            let answer = Place::local(ready);
            match b.is_future() || arms.iter().any(|a| b.is_future_arm(a)) {
                true => b.call_and_wait(&answer, "select_ready", Args::EMPTY, vec![to, flag], span),
                false => b.call_lang("select_wait", Args::EMPTY, vec![to, flag], answer, span),
            }
            let blocks: Vec<Bb> = arms.iter().map(|_| b.new_block()).collect();
            let empty = b.new_block();
            let targets = b.select_targets(arms, &blocks);
            let value = Operand::Copy(Place::local(ready));
            b.end(Terminator::Switch { value, targets, otherwise: empty }, span);
            b.enter(empty);
            b.end_panicking(Terminator::Panic(PanicKind::SelectEmpty), span);
            for (n, arm) in arms.iter().enumerate() {
                b.enter(blocks[n]);
                b.select_arm(dest, n, arm, &state, state_ty, head);
                b.goto(join, arm.span);
            }
            b.enter(join);
        });
    }

    /// Arms by the answer of `select_wait`. `default` also runs when no arm is left.
    fn select_targets(&self, arms: &[SelectArm], blocks: &[Bb]) -> Vec<(i128, Bb)> {
        let mut targets = Vec::new();
        for (n, (arm, &bb)) in arms.iter().zip(blocks).enumerate() {
            match arm.kind {
                SelectKind::Wait { .. } => targets.push((n as i128, bb)),
                SelectKind::After(_) => targets.push((usize_bits(TIME_IS_UP), bb)),
                SelectKind::Default => {
                    targets.push((usize_bits(NONE_READY), bb));
                    targets.push((usize_bits(NONE_LEFT), bb));
                }
            }
        }
        targets
    }

    /// Registers what an arm waits for; a guard that does not hold leaves it out.
    fn register(&mut self, n: usize, arm: &SelectArm, state: &Place, state_ty: Ty) {
        let span = arm.span;
        match &arm.kind {
            SelectKind::Wait { operation, guard, .. } => {
                let after = self.new_block();
                if let Some(guard) = guard {
                    let depth = self.scopes.depth();
                    self.cond(*guard, Exit { block: after, depth });
                }
                self.register_operation(n, *operation, state, state_ty);
                self.goto(after, span);
                self.enter(after);
            }
            SelectKind::After(limit) => {
                let value = self.operand(self.full(*limit));
                let to = self.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
                let args = self.types.ty_list(&[self.typed.adjusted(*limit)]);
                let discard = self.discard();
                self.call_lang("select_after", args, vec![to, value], discard, span);
            }
            SelectKind::Default => {}
        }
    }

    /// A call of a waiting operation only registers: the function that its attribute names gets its arguments.
    fn register_operation(&mut self, n: usize, operation: ExprId, state: &Place, state_ty: Ty) {
        let span = self.span(operation);
        let body = self.body;
        let number = Operand::Const(Constant::Int((n as i128).into(), Ty::USIZE));
        let discard = self.discard();
        if let Expr::Ask { target, message: Message::Handler { args, .. }, .. } = &body.exprs[operation] {
            let (reference, actor) = self.actor(*target);
            let (packed, item, tuple) = self.handler_message(operation, args);
            let answer = self.type_argument(self.typed.expr(operation));
            let to = self.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
            let operands = [to, number, reference].into_iter().chain(packed).collect();
            let args = self.types.ty_list(&[actor, item, tuple, answer]);
            return self.call_lang("select_ask", args, operands, discard, span);
        }
        let Some((callee, args)) = self.operation(operation) else {
            return self.register_future(number, operation, None, state, state_ty);
        };
        let Some(register) = self.q.c.selects(callee.func) else {
            return self.register_future(number, operation, Some((callee, args)), state, state_ty);
        };
        let values = self.operands(&args);
        let to = self.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
        let operands = [to, number].into_iter().chain(values).collect();
        self.call_lang(register, callee.args, operands, discard, span);
    }

    /// The function that an arm calls, if it is one that waits, and its arguments.
    fn operation(&self, operation: ExprId) -> Option<(Callee, Vec<ExprId>)> {
        let (callee, args) = match &self.body.exprs[operation] {
            Expr::MethodCall { recv, args, .. } => {
                let all: Vec<ExprId> = [*recv].into_iter().chain(args.iter().copied()).collect();
                (self.typed.main_callee(operation)?, all)
            }
            Expr::Call { callee, args } => match self.types.kind(self.typed.expr(*callee)) {
                TyKind::FnDef(func, list) => (Callee { func, args: list }, args.clone()),
                _ => return None,
            },
            _ => return None,
        };
        let c = self.q.c;
        (c.selects(callee.func).is_some() || c.awaits(callee.func).is_some()).then_some((callee, args))
    }

    /// Whether an arm is a future, or an operation that becomes one.
    fn is_future_arm(&self, arm: &SelectArm) -> bool {
        let SelectKind::Wait { operation, .. } = arm.kind else { return false };
        if let Expr::Ask { .. } = self.body.exprs[operation] {
            return false;
        }
        self.operation(operation).is_none_or(|(callee, _)| self.q.c.selects(callee.func).is_none())
    }

    /// An arm that is a future, or a call whose twin makes one.
    fn register_future(
        &mut self,
        number: Operand,
        operation: ExprId,
        call: Option<(Callee, Vec<ExprId>)>,
        state: &Place,
        state_ty: Ty,
    ) {
        let span = self.span(operation);
        let (future, ty) = match call {
            None => (self.operand(self.full(operation)), self.typed.adjusted(operation)),
            Some((callee, args)) => {
                let twin = self.q.c.awaits(callee.func).expect("the operation waits");
                let twin = self.lang_callee(twin, callee.args);
                let ty = self.q.callee_ret(twin);
                let values = self.operands(&args);
                let slot = self.new_slot(ty, span);
                self.call_fn(twin, values, Place::local(slot), span);
                self.schedule_value_in(self.temp_scope, slot, ty);
                (Operand::Move(Place::local(slot)), ty)
            }
        };
        let to = self.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
        let discard = self.discard();
        let args = self.types.ty_list(&[ty]);
        self.call_lang("select_future", args, vec![to, number, future], discard, span);
    }

    /// The body of an arm that is ready. A pattern that does not match disables the arm and waits again.
    fn select_arm(&mut self, dest: &Place, n: usize, arm: &SelectArm, state: &Place, state_ty: Ty, head: Bb) {
        let SelectKind::Wait { pat, .. } = arm.kind else {
            return self.terminating(arm.body, |b| b.into(dest, b.full(arm.body)));
        };
        let span = arm.span;
        let number = Operand::Const(Constant::Int((n as i128).into(), Ty::USIZE));
        let refused = self.new_block();
        self.terminating(arm.body, |b| {
            let scope = b.scopes.innermost();
            let args = b.types.ty_list(&[b.matched_ty(pat)]);
            let to = b.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
            let (answer, _) = b.made("select_take", args, vec![to, number.clone()], span);
            b.declare_bindings(pat, scope, false);
            b.bind_refutable(pat, answer, Exit { block: refused, depth: scope });
            b.schedule_bindings(pat, scope);
            b.terminating(arm.body, |b| b.into(dest, b.full(arm.body)));
        });
        let done = self.new_block();
        self.goto(done, span);
        self.enter(refused);
        let to = self.borrow_temp(state.clone(), Mutability::Mut, state_ty, span);
        let discard = self.discard();
        self.call_lang("select_disable", Args::EMPTY, vec![to, number], discard, span);
        self.goto(head, span);
        self.enter(done);
    }
}

/// The bits that a negative answer has as a `usize`.
fn usize_bits(value: i128) -> i128 {
    i128::from(value as u64)
}
