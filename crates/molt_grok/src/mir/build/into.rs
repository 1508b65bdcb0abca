//! Expressions into destinations: what is control flow, a call or an effect.

use molt_base::Span;

use super::scope::{Exit, Target};
use super::{Builder, View};
use crate::check::typed::{AdjustKind, CalleeRole};
use crate::hir::{BinaryOp, Expr, ExprId, PatId, ScopeId};
use crate::mir::{BorrowKind, Constant, Elem, Operand, Place, Rvalue, StmtKind, Terminator};
use crate::ty::{Args, Region, Ty, TyKind};

impl Builder<'_> {
    /// Evaluates an expression for its effects; its value is dropped with the temporary values of the statement.
    pub(super) fn effect(&mut self, expr: ExprId) {
        let view = self.full(expr);
        let ty = self.view_ty(view);
        if ty == Ty::UNIT || ty == Ty::NEVER {
            let discard = self.discard();
            self.into(&discard, view);
        } else {
            self.owned_temp(view);
        }
    }

    /// Evaluates a view into an uninitialised place.
    pub(super) fn into(&mut self, dest: &Place, view: View) {
        if self.assign_value(dest, view).is_some() {
            return;
        }
        match self.last_step(view) {
            Some((step, inner)) => {
                debug_assert_eq!(step.kind, AdjustKind::NeverToAny);
                let discard = self.discard();
                self.into(&discard, inner);
                self.end(Terminator::Unreachable, self.span(view.expr));
                self.diverge();
            }
            None => self.raw_into(dest, view.expr),
        }
    }

    /// Control flow, calls and effects, before any adjustment.
    pub(super) fn raw_into(&mut self, dest: &Place, expr: ExprId) {
        let span = self.span(expr);
        let body = self.body;
        match &body.exprs[expr] {
            Expr::Logical { .. } => self.logical(dest, expr),
            Expr::Let { .. } => self.logical(dest, expr),
            Expr::If { cond, then, otherwise } => self.if_expr(dest, *cond, *then, *otherwise, span),
            Expr::Match { value, arms } => self.match_expr(dest, *value, arms, span),
            Expr::Loop { scope, body } => self.loop_expr(dest, *scope, *body, span),
            Expr::While { scope, cond, body } => self.while_expr(dest, *scope, *cond, *body, span),
            Expr::For { scope, pat, iter, body } => self.for_expr(dest, expr, *scope, *pat, *iter, *body),
            Expr::Block(block) => self.block(dest, block, span),
            Expr::Break { scope, value } => self.break_expr(*scope, *value, span),
            Expr::Continue { scope } => self.continue_expr(*scope, span),
            Expr::Return(value) => self.return_expr(*value, span),
            Expr::Assign { place, value } => {
                self.assign_expr(*place, *value, span);
                self.assign_const(dest, Constant::Unit, span);
            }
            Expr::AssignOp { op, place, value, .. } => {
                self.assign_op(expr, *op, *place, *value);
                self.assign_const(dest, Constant::Unit, span);
            }
            Expr::Call { callee, args } => self.call_expr(dest, expr, *callee, args),
            Expr::MethodCall { recv, args, .. } => self.method_call(dest, expr, *recv, args),
            Expr::Unary { value, .. } => self.unary_call(dest, expr, *value),
            Expr::Binary { op, left, right, .. } => self.binary_call(dest, expr, *op, *left, *right),
            Expr::Try(value) => self.try_expr(dest, expr, *value),
            Expr::Format(format) => self.format(dest, expr, format),
            Expr::Await(_)
            | Expr::SpawnTask { .. }
            | Expr::SpawnActor { .. }
            | Expr::Send { .. }
            | Expr::Ask { .. }
            | Expr::Receive { .. }
            | Expr::Select { .. } => self.concurrent(dest, expr),
            Expr::Error
            | Expr::Lit(_)
            | Expr::Path(_)
            | Expr::Tuple(_)
            | Expr::Array(_)
            | Expr::Repeat { .. }
            | Expr::Struct { .. }
            | Expr::Field { .. }
            | Expr::Index { .. }
            | Expr::Deref(_)
            | Expr::Ref { .. }
            | Expr::Cast { .. }
            | Expr::Range { .. }
            | Expr::Closure(_)
            | Expr::Async { .. } => {
                unreachable!("the expression is a value or a place: {:?}", self.body.exprs[expr])
            }
        }
    }

    fn assign_expr(&mut self, place: ExprId, value: ExprId, span: Span) {
        let target_ty = self.typed.adjusted(place);
        if let Expr::Path(crate::hir::PathRes::Error) = self.body.exprs[place] {
            return self.effect(value);
        }
        if self.is_behind_handle(self.full(place)) {
            return self.assign_behind_handle(place, value, span);
        }
        let new = if self.constant(self.full(value)).is_some() {
            self.operand(self.full(value))
        } else {
            Operand::Move(self.owned_temp(self.full(value)))
        };
        let target = self.place(self.full(place));
        if self.needs_drop(target_ty) {
            self.drop_now(target.clone(), true, self.span(place));
        }
        self.consumed(std::slice::from_ref(&new));
        self.assign(target, Rvalue::Use(new), span);
    }

    /// `place op= value`: on primitive types the value is evaluated first.
    fn assign_op(&mut self, expr: ExprId, op: BinaryOp, place: ExprId, value: ExprId) {
        let span = self.span(expr);
        if let Some(callee) = self.typed.main_callee(expr) {
            let ret = self.q.callee_ret(callee);
            let target = self.two_phase(place);
            let value = self.operand(self.full(value));
            let result = self.new_slot(ret, span);
            self.call_fn(callee, vec![target, value], Place::local(result), span);
            return;
        }
        let value = self.operand_before(self.full(value), &[place]);
        self.while_borrowed(place, |b| {
            let target = b.place(b.full(place));
            let operands = [Operand::Copy(target.clone()), value];
            b.binary(target, op, operands, b.typed.adjusted(place), span);
        });
    }

    /// `&mut expr`, shared until it is used.
    fn two_phase(&mut self, expr: ExprId) -> Operand {
        let view = self.full(expr);
        if let Some((step, _)) = self.last_step(view)
            && matches!(step.kind, AdjustKind::Borrow(_))
        {
            return self.receiver(view);
        }
        let span = self.span(expr);
        let place = self.place(view);
        let ty = self.types.reference(crate::hir::Mutability::Mut, self.view_ty(view));
        let slot = self.new_slot(ty, span);
        self.assign(Place::local(slot), Rvalue::Ref(Region::Erased, BorrowKind::TwoPhase, place), span);
        Operand::Move(Place::local(slot))
    }

    fn break_expr(&mut self, scope: ScopeId, value: Option<ExprId>, span: Span) {
        let Some(at) = self.targets.iter().rposition(|t| t.scope == scope) else {
            return self.end_unreachable(span);
        };
        let (exit, dest) = (self.targets[at].break_to, self.targets[at].dest.clone());
        match value {
            Some(value) => self.terminating(value, |b| b.into(&dest, b.full(value))),
            None => self.assign_const(&dest, Constant::Unit, span),
        }
        self.exit(exit, span);
    }

    fn continue_expr(&mut self, scope: ScopeId, span: Span) {
        match self.targets.iter().rev().find(|t| t.scope == scope).and_then(|t| t.continue_to) {
            Some(exit) => self.exit(exit, span),
            None => self.end_unreachable(span),
        }
    }

    fn end_unreachable(&mut self, span: Span) {
        self.end(Terminator::Unreachable, span);
        self.diverge();
    }

    fn return_expr(&mut self, value: Option<ExprId>, span: Span) {
        let dest = Place::local(crate::mir::Mir::RESULT);
        match value {
            Some(value) => self.terminating(value, |b| b.into(&dest, b.full(value))),
            None => self.assign_const(&dest, Constant::Unit, span),
        }
        self.exit(Exit { block: self.return_block, depth: 0 }, span);
    }

    fn loop_expr(&mut self, dest: &Place, scope: ScopeId, body: ExprId, span: Span) {
        let head = self.new_block();
        let after = self.new_block();
        self.goto(head, span);
        self.enter(head);
        let depth = self.scopes.depth();
        self.targets.push(Target {
            scope,
            break_to: Exit { block: after, depth },
            continue_to: Some(Exit { block: head, depth }),
            dest: dest.clone(),
        });
        self.terminating(body, |b| b.effect(body));
        self.targets.pop();
        self.goto(head, span);
        self.enter(after);
    }

    fn while_expr(&mut self, dest: &Place, scope: ScopeId, cond: ExprId, body: ExprId, span: Span) {
        let head = self.new_block();
        let after = self.new_block();
        let done = self.new_block();
        self.goto(head, span);
        self.enter(head);
        let depth = self.scopes.depth();
        self.targets.push(Target {
            scope,
            break_to: Exit { block: after, depth },
            continue_to: Some(Exit { block: head, depth }),
            dest: dest.clone(),
        });
        // Temporary values of the head live as long as one turn.
        self.terminating(body, |b| {
            b.cond(cond, Exit { block: done, depth });
            b.terminating(body, |b| b.effect(body));
        });
        self.targets.pop();
        self.goto(head, span);
        self.enter(done);
        self.assign_const(dest, Constant::Unit, span);
        self.goto(after, span);
        self.enter(after);
    }

    fn for_expr(&mut self, dest: &Place, expr: ExprId, scope: ScopeId, pat: PatId, iter: ExprId, body: ExprId) {
        let span = self.span(expr);
        self.terminating(expr, |b| {
            let Some(iterator) = b.loop_iterator(expr, iter) else { return };
            let head = b.new_block();
            let after = b.new_block();
            let done = b.new_block();
            b.goto(head, span);
            b.enter(head);
            let depth = b.scopes.depth();
            b.targets.push(Target {
                scope,
                break_to: Exit { block: after, depth },
                continue_to: Some(Exit { block: head, depth }),
                dest: dest.clone(),
            });
            b.terminating(body, |b| {
                let turn = b.scopes.innermost();
                let item = b.next_item(expr, iter, iterator, Exit { block: done, depth });
                b.declare_bindings(pat, turn, false);
                b.bind_irrefutable(pat, item);
                b.schedule_bindings(pat, turn);
                b.terminating(body, |b| b.effect(body));
            });
            b.targets.pop();
            b.goto(head, span);
            b.enter(done);
            b.assign_const(dest, Constant::Unit, span);
            b.goto(after, span);
            b.enter(after);
        });
    }

    /// `IntoIterator::into_iter(iter)` in a slot that lives as long as the loop.
    fn loop_iterator(&mut self, expr: ExprId, iter: ExprId) -> Option<Place> {
        let span = self.span(iter);
        let callee = self.typed.callee.get(&(expr, CalleeRole::IntoIter)).copied();
        let Some(callee) = callee else {
            return Some(self.temp_in(self.full(iter), self.temp_scope));
        };
        let ty = self.q.callee_ret(callee);
        let value = self.operand(self.full(iter));
        let slot = self.new_slot(ty, span);
        self.schedule_storage(self.temp_scope, slot, span);
        self.call_fn(callee, vec![value], Place::local(slot), span);
        self.schedule_value_in(self.temp_scope, slot, ty);
        Some(Place::local(slot))
    }

    /// The place of the next item; leaves the loop when there is none.
    fn next_item(&mut self, expr: ExprId, iter: ExprId, iterator: Place, done: Exit) -> Place {
        let span = self.span(iter);
        let callee = self.typed.callee[&(expr, CalleeRole::Next)];
        let ret = self.q.callee_ret(callee);
        let iterator_ty = self.mir.slots[iterator.slot].ty;
        let reference = self.borrow_temp(iterator, crate::hir::Mutability::Mut, iterator_ty, span);
        let next = self.new_slot(ret, span);
        match self.awaited_values(iterator_ty) {
            Some((twin, args)) => self.call_and_wait(&Place::local(next), twin, args, vec![reference], span),
            None => self.call_fn(callee, vec![reference], Place::local(next), span),
        }
        let some = self.variant_named(ret, "Some");
        self.schedule_value(next, ret);
        let found = self.new_block();
        let leave = self.exit_chain(done);
        self.switch_variant(Place::local(next), &[(some, found)], leave, span);
        self.enter(found);
        let item = self.payload_ty(ret, some);
        Place::local(next).with(Elem::Variant(some)).with(Elem::Field(0, item))
    }

    /// In `async` code a loop over the values of a channel awaits each: what makes a future of the next one.
    fn awaited_values(&self, iterator: Ty) -> Option<(&'static str, Args)> {
        let TyKind::Adt(adt, args) = self.types.kind(iterator) else { return None };
        const VALUES: [(&str, &str); 2] = [("Values", "next_value_future"), ("AllValues", "next_of_all_future")];
        let &(_, twin) = VALUES.iter().find(|(name, _)| self.hir.lang_adt(name) == Some(adt))?;
        self.is_future().then_some((twin, args))
    }

    /// Number of a variant of an enum of the library.
    pub(super) fn variant_named(&self, ty: Ty, name: &str) -> u32 {
        let TyKind::Adt(adt, _) = self.types.kind(ty) else {
            unreachable!("an enum of the library has a variant {name}")
        };
        let at = self.hir.adts[adt].variants.iter().position(|v| self.hir.text(v.name) == name);
        at.expect("the library's enum has the variant") as u32
    }

    /// Type of the only field of a variant.
    pub(super) fn payload_ty(&self, ty: Ty, variant: u32) -> Ty {
        match self.types.kind(ty) {
            TyKind::Adt(adt, args) => self.q.field_ty(adt, variant, 0, args),
            _ => Ty::ERROR,
        }
    }

    pub(super) fn switch_variant(
        &mut self,
        place: Place,
        targets: &[(u32, crate::mir::Bb)],
        otherwise: crate::mir::Bb,
        span: Span,
    ) {
        let slot = self.new_slot(Ty::ISIZE, span);
        self.assign(Place::local(slot), Rvalue::Variant(place), span);
        let targets = targets.iter().map(|&(v, bb)| (i128::from(v), bb)).collect();
        let value = Operand::Move(Place::local(slot));
        self.end(Terminator::Switch { value, targets, otherwise }, span);
    }

    pub(super) fn fake_read(&mut self, place: Place, span: Span) {
        self.push(StmtKind::FakeRead(place), span);
    }
}
