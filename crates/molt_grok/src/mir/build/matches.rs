//! `match`: head, arms, guards.

use molt_base::Span;

use super::Builder;
use super::control::{Bindings, collect_bindings};
use super::end_of;
use super::pattern::{Arm, Row, Tree};
use super::scope::Exit;
use crate::hir::{self, Expr, ExprId, LocalId, Mutability};
use crate::mir::{Bb, Elem, Place, Rvalue, StmtKind};
use crate::ty::Region;

impl Builder<'_> {
    pub(super) fn match_expr(&mut self, dest: &Place, value: ExprId, arms: &[hir::Arm], span: Span) {
        self.temp_scope(end_of(span), |b| {
            let pats: Vec<_> = arms.iter().map(|a| a.pat).collect();
            let place = b.scrutinee(value, &pats);
            b.fake_read(place.clone(), b.span(value));
            let join = b.new_block();
            let depth = b.scopes.depth();
            b.match_arms(dest, place, arms, None, Exit { block: join, depth }, b.span(value));
            b.enter(join);
        });
    }

    /// Tests a place and runs the arm that matches; each arm then leaves to `join`. Without `failed` the arms are exhaustive.
    pub(super) fn match_arms(
        &mut self,
        dest: &Place,
        place: Place,
        arms: &[hir::Arm],
        failed: Option<Exit>,
        join: Exit,
        span: Span,
    ) {
        let mut tree = self.new_tree(place, failed, span);
        let mut rows = Vec::with_capacity(arms.len());
        for (n, arm) in arms.iter().enumerate() {
            self.declare_arm(arm);
            let entry = self.new_block();
            tree.arms.push(Arm { entry, guard: arm.guard });
            rows.push(self.first_row(&mut tree, arm.pat, n));
        }
        self.tree(&mut tree, rows);
        for (arm, at) in arms.iter().zip(&tree.arms) {
            self.arm_body(dest, arm, at.entry, join);
        }
    }

    /// Slots for the variables of an arm; they become live where they are bound.
    fn declare_arm(&mut self, arm: &hir::Arm) {
        for local in self.arm_locals(arm) {
            let slot = self.new_slot(self.typed.local(local), self.body.locals[local].span);
            self.claim(slot, local);
        }
    }

    /// Variables of the pattern and of `let` conditions in the guard.
    fn arm_locals(&self, arm: &hir::Arm) -> Bindings {
        let mut found = Bindings::new();
        collect_bindings(self.body, arm.pat, &mut found);
        if let Some(guard) = arm.guard {
            guard_bindings(self.body, guard, &mut found);
        }
        found
    }

    fn arm_body(&mut self, dest: &Place, arm: &hir::Arm, entry: Bb, join: Exit) {
        self.enter(entry);
        self.push_scope(end_of(arm.span));
        let scope = self.scopes.innermost();
        for local in self.arm_locals(arm) {
            let slot = self.local_place(local).slot;
            self.schedule_dead(scope, slot);
            self.schedule_value_in(scope, slot, self.typed.local(local));
        }
        self.terminating(arm.body, |b| b.into(dest, b.full(arm.body)));
        self.pop_scope();
        let to = self.exit_chain(join);
        self.goto(to, end_of(arm.span));
    }

    /// Evaluates a guard with the bindings of a row. A variable bound by value is a shared reference in the guard, and takes
    /// its value when the guard has held.
    pub(super) fn guarded_leaf(&mut self, tree: &Tree, row: &Row, guard: ExprId, entry: Bb) {
        let refused = self.new_block();
        let span = self.span(guard);
        let saved: Vec<(LocalId, Place)> =
            self.row_binds(row).iter().map(|bind| (bind.local, self.local_place(bind.local))).collect();
        let depth = self.push_scope(end_of(span));
        for (bind, (_, place)) in self.row_binds(row).iter().zip(&saved) {
            let ty = self.typed.local(bind.local);
            if bind.mode.is_some() || self.q.is_copy(ty) {
                self.push(StmtKind::Live(place.slot), bind.span);
                self.schedule_dead(depth, place.slot);
                self.bind_one(tree, bind);
            } else {
                let slot = self.new_slot(self.types.reference(Mutability::Shared, ty), bind.span);
                let from = tree.place(bind.place).clone();
                self.assign(
                    Place::local(slot),
                    Rvalue::Ref(Region::Erased, crate::mir::BorrowKind::Shared, from),
                    bind.span,
                );
                self.places[bind.local.0 as usize] = Some(Place::local(slot).with(Elem::Deref));
            }
        }
        let outer = std::mem::replace(&mut self.temp_scope, depth);
        self.guard_condition(guard, Exit { block: refused, depth });
        self.temp_scope = outer;
        for (local, place) in saved {
            self.places[local.0 as usize] = Some(place);
        }
        self.leave_guard(tree, row, guard);
        self.goto(entry, span);
        self.enter(refused);
    }

    fn guard_condition(&mut self, guard: ExprId, refused: Exit) {
        let mut lets = Bindings::new();
        guard_bindings(self.body, guard, &mut lets);
        let slots: Vec<(LocalId, Option<Place>)> =
            lets.iter().map(|&l| (l, self.places[l.0 as usize].clone())).collect();
        self.cond(guard, refused);
        // A `let` in the guard made slots of its own: their values move to those that the arm's body reads.
        for (local, place) in slots {
            let Some(place) = place else { continue };
            let from = self.local_place(local);
            let ty = self.typed.local(local);
            let value = self.consume(from, ty);
            self.push(StmtKind::Live(place.slot), self.body.locals[local].span);
            self.assign(place.clone(), Rvalue::Use(value), self.body.locals[local].span);
            self.places[local.0 as usize] = Some(place);
        }
    }

    /// The guard held: its temporary values die, then the variables bound by value are initialised.
    fn leave_guard(&mut self, tree: &Tree, row: &Row, guard: ExprId) {
        let bound: Vec<LocalId> = self.row_binds(row).iter().map(|b| b.local).collect();
        for local in &bound {
            // The storage goes over to the arm.
            let slot = self.local_place(*local).slot;
            self.keep_storage(slot);
        }
        self.pop_scope();
        let span = self.span(guard);
        for bind in self.row_binds(row) {
            if bind.mode.is_none() && !self.q.is_copy(self.typed.local(bind.local)) {
                let slot = self.local_place(bind.local).slot;
                self.push(StmtKind::Live(slot), span);
                self.bind_one(tree, bind);
            }
        }
    }
}

/// Variables of the `let` conditions of a chain.
fn guard_bindings(body: &hir::Body, guard: ExprId, found: &mut Bindings) {
    match &body.exprs[guard] {
        Expr::Let { pat, .. } => collect_bindings(body, *pat, found),
        Expr::Logical { and: true, left, right } => {
            guard_bindings(body, *left, found);
            guard_bindings(body, *right, found);
        }
        _ => {}
    }
}
