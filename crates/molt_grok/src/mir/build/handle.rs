//! What lies behind handles of collected values (`Gc<T>`, section 5).
//!
//! `*g` is a place of a value that other handles lead to as well, so it is borrowed while the place is used, and the borrow is
//! counted: a guard, `GcRef` or `GcMut` of the library, is made and dropped with the temporary values around. Where a place is
//! only copied from, a test that nobody has it exclusively is enough. Borrows end early where that is safe and what a reader
//! expects: before an assignment to a value behind a handle the borrows of its right side are over, and a method call whose
//! result holds no reference ends that of its receiver.

use molt_base::Span;

use super::place::Use;
use super::{Builder, View};
use crate::check::typed::AdjustKind;
use crate::hir::{Expr, ExprId, Mutability, Pat, PatId};
use crate::mir::{Operand, Place, Rvalue};
use crate::ty::{Args, Ty};

impl Builder<'_> {
    /// Whether the value of a view is a handle.
    pub(super) fn is_handle(&self, view: View) -> bool {
        self.q.c.collected(self.view_ty(view)).is_some()
    }

    /// `*inner`, which the view is, for a handle.
    pub(super) fn behind_handle(&mut self, view: View, inner: View, mutability: Mutability, how: Use) -> Place {
        let span = self.span(view.expr);
        let value = self.q.c.collected(self.view_ty(inner)).unwrap_or(Ty::ERROR);
        let args = self.types.ty_list(&[value]);
        let handle = self.operand(inner);
        if how == Use::Read {
            return self.given_by("gc_read", args, handle, span);
        }
        let (borrow, get) = match mutability {
            Mutability::Shared => ("gc_borrow", "gc_shared"),
            Mutability::Mut => ("gc_borrow_mut", "gc_exclusive"),
        };
        let scope = self.extended.iter().rev().find(|x| x.0 == view.expr).map_or(self.temp_scope, |x| x.1);
        let callee = self.lang_callee(borrow, args);
        let ty = self.q.callee_ret(callee);
        let guard = self.new_slot(ty, span);
        self.schedule_storage(scope, guard, span);
        self.call_fn(callee, vec![handle], Place::local(guard), span);
        self.schedule_value_in(scope, guard, ty);
        let reference = self.borrow_temp(Place::local(guard), mutability, ty, span);
        self.given_by(get, args, reference, span)
    }

    /// What the reference that a function of the library gives leads to.
    fn given_by(&mut self, name: &str, args: Args, operand: Operand, span: Span) -> Place {
        let callee = self.lang_callee(name, args);
        let ty = self.q.callee_ret(callee);
        let result = self.new_slot(ty, span);
        self.call_fn(callee, vec![operand], Place::local(result), span);
        if self.is_str(ty) { Place::local(result) } else { Place::local(result).with(crate::mir::Elem::Deref) }
    }

    /// Whether a view is a place in a value behind a handle.
    pub(super) fn is_behind_handle(&self, view: View) -> bool {
        if let Some((step, inner)) = self.last_step(view) {
            return match step.kind {
                AdjustKind::OverloadedDeref(..) => self.is_handle(inner) || self.is_behind_handle(inner),
                AdjustKind::Deref | AdjustKind::StrDeref | AdjustKind::Borrow(_) => self.is_behind_handle(inner),
                _ => false,
            };
        }
        match &self.body.exprs[view.expr] {
            Expr::Field { base, .. } | Expr::Index { base, .. } => self.is_behind_handle(self.full(*base)),
            Expr::Deref(inner) => {
                let inner = self.full(*inner);
                (self.is_handle(inner) && self.typed.main_callee(view.expr).is_some()) || self.is_behind_handle(inner)
            }
            _ => false,
        }
    }

    /// The place that patterns look at. What can be copied out of a value behind a handle is, so that the arms may change it.
    pub(super) fn scrutinee(&mut self, value: ExprId, pats: &[PatId]) -> Place {
        let view = self.full(value);
        let ty = self.view_ty(view);
        let copied = self.is_place(view)
            && self.is_behind_handle(view)
            && self.q.is_copy(ty)
            && !pats.iter().any(|&p| self.takes_reference(p));
        if !copied {
            return self.place(view);
        }
        let span = self.span(value);
        let operand = self.operand(view);
        let slot = self.new_slot(ty, span);
        self.assign(Place::local(slot), Rvalue::Use(operand), span);
        Place::local(slot)
    }

    /// Whether a pattern binds a variable by reference.
    fn takes_reference(&self, pat: PatId) -> bool {
        self.bind_mode(pat).is_some()
            || match &self.body.pats[pat] {
                Pat::Bind { sub, .. } => sub.is_some_and(|s| self.takes_reference(s)),
                Pat::TupleStruct { pats, .. } | Pat::Tuple(pats) | Pat::Slice(pats) | Pat::Or(pats) => {
                    pats.iter().any(|&p| self.takes_reference(p))
                }
                Pat::Struct { fields, .. } => fields.iter().any(|f| self.takes_reference(f.pat)),
                Pat::Ref(_, sub) => self.takes_reference(*sub),
                Pat::Error | Pat::Wild | Pat::Rest | Pat::Lit { .. } | Pat::Range { .. } | Pat::Path(_) => false,
            }
    }

    /// `place = value` where the place is behind a handle. A collected value holds no borrows, so all that the right side
    /// borrowed is over before the place is borrowed.
    pub(super) fn assign_behind_handle(&mut self, place: ExprId, value: ExprId, span: Span) {
        let ty = self.typed.adjusted(place);
        let slot = self.new_slot(ty, self.span(value));
        self.terminating(value, |b| b.into(&Place::local(slot), b.full(value)));
        self.schedule_value_in(self.temp_scope, slot, ty);
        self.while_borrowed(place, |b| {
            let target = b.place(b.full(place));
            if b.needs_drop(ty) {
                b.drop_now(target.clone(), true, b.span(place));
            }
            let new = Operand::Move(Place::local(slot));
            b.consumed(std::slice::from_ref(&new));
            b.assign(target, Rvalue::Use(new), span);
        });
    }

    /// Does something with a place; what it borrows behind handles ends afterwards.
    pub(super) fn while_borrowed(&mut self, place: ExprId, f: impl FnOnce(&mut Self)) {
        if self.is_behind_handle(self.full(place)) { self.terminating(place, f) } else { f(self) }
    }

    /// Whether a method call borrows what is behind a handle for its receiver, and nothing of that can be in its result.
    pub(super) fn borrows_handle(&self, call: ExprId, receiver: ExprId) -> bool {
        match self.last_step(self.full(receiver)) {
            Some((step, inner)) if matches!(step.kind, AdjustKind::Borrow(_)) => {
                self.is_behind_handle(inner) && !self.q.may_refer(self.typed.expr(call))
            }
            _ => false,
        }
    }
}
