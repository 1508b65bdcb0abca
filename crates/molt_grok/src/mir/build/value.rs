//! Expressions as operands and right-hand sides.

use molt_base::Span;

use super::place::{Use, borrow_kind};
use super::{Builder, View};
use crate::check::typed::{Adjust, AdjustKind, Capture, CaptureMode, CaptureStep, CastKind, Ctor};
use crate::hir::{AdtId, BinaryOp, Expr, ExprId, FieldInit, Lit, LocalId, Mutability, PathRes, UnaryOp};
use crate::mir::{Aggregate, BorrowKind, Builtin, Callee, Cast, Constant, Elem, Operand, Place, Rvalue, Terminator};
use crate::ty::{Args, ClosureId, Const, Region, Ty, TyKind, Types};

impl Builder<'_> {
    /// The value of a view, read now.
    pub(super) fn operand(&mut self, view: View) -> Operand {
        match self.plain_operand(view) {
            Some(operand) => operand,
            None => Operand::Move(self.owned_temp(view)),
        }
    }

    /// The value of a view that is a constant or a place.
    fn plain_operand(&mut self, view: View) -> Option<Operand> {
        if let Some(c) = self.constant(view) {
            return Some(Operand::Const(c));
        }
        if !self.is_place(view) {
            return None;
        }
        let place = self.place_for(view, Use::Read);
        Some(self.consume(place, self.view_ty(view)))
    }

    /// Several values, each read before the next expression is evaluated.
    pub(super) fn operands(&mut self, exprs: &[ExprId]) -> Vec<Operand> {
        exprs.iter().enumerate().map(|(n, &e)| self.operand_before(self.full(e), &exprs[n + 1..])).collect()
    }

    /// The arguments of a call. A `&mut` that is reborrowed for it counts as shared until the call.
    pub(super) fn arguments(&mut self, exprs: &[ExprId]) -> Vec<Operand> {
        self.arguments_after(None, exprs)
    }

    /// The first argument if it is there already, then those of the expressions.
    pub(super) fn arguments_after(&mut self, first: Option<Operand>, exprs: &[ExprId]) -> Vec<Operand> {
        let mut list = Vec::with_capacity(usize::from(first.is_some()) + exprs.len());
        list.extend(first);
        for (n, &e) in exprs.iter().enumerate() {
            list.push(match self.typed.adjustments(e) {
                [
                    ..,
                    Adjust { kind: AdjustKind::Deref, .. },
                    Adjust { kind: AdjustKind::Borrow(Mutability::Mut), .. },
                ] => self.receiver(self.full(e)),
                _ => self.operand_before(self.full(e), &exprs[n + 1..]),
            });
        }
        list
    }

    /// The value of a view, safe from what the expressions after it do.
    pub(super) fn operand_before(&mut self, view: View, later: &[ExprId]) -> Operand {
        let operand = self.operand(view);
        let stable = match &operand {
            Operand::Const(_) => true,
            Operand::Copy(p) | Operand::Move(p) => {
                !self.is_place(view) || (p.is_local() && self.is_fixed(p) && matches!(operand, Operand::Copy(_)))
            }
        };
        if stable || later.iter().all(|&e| self.is_quiet(e)) {
            return operand;
        }
        let ty = self.view_ty(view);
        let slot = self.new_slot(ty, self.span(view.expr));
        self.assign(Place::local(slot), Rvalue::Use(operand), self.span(view.expr));
        self.schedule_value_in(self.temp_scope, slot, ty);
        Operand::Move(Place::local(slot))
    }

    /// A variable that nothing changes once it is initialised.
    fn is_fixed(&self, place: &Place) -> bool {
        self.mir.slots.get(place.slot).is_some_and(|s| !s.mutable)
    }

    /// Evaluating the expression changes nothing that other expressions read.
    fn is_quiet(&self, expr: ExprId) -> bool {
        let steps_quiet = self
            .typed
            .adjustments(expr)
            .iter()
            .all(|a| matches!(a.kind, AdjustKind::Deref | AdjustKind::StrDeref | AdjustKind::Unsize));
        steps_quiet
            && match &self.body.exprs[expr] {
                Expr::Lit(_) | Expr::Path(_) => true,
                Expr::Field { base, .. } => self.is_quiet(*base),
                Expr::Unary { value, .. } => self.typed.main_callee(expr).is_none() && self.is_quiet(*value),
                Expr::Deref(value) => self.typed.main_callee(expr).is_none() && self.is_quiet(*value),
                Expr::Binary { left, right, .. } => {
                    self.typed.main_callee(expr).is_none() && self.is_quiet(*left) && self.is_quiet(*right)
                }
                Expr::Cast { value, .. } => self.is_quiet(*value),
                _ => false,
            }
    }

    /// A slot with the value of a view, dropped with the statement unless it is moved out before.
    pub(super) fn owned_temp(&mut self, view: View) -> Place {
        let ty = self.view_ty(view);
        let slot = self.new_slot(ty, self.span(view.expr));
        self.into(&Place::local(slot), view);
        self.schedule_value_in(self.temp_scope, slot, ty);
        Place::local(slot)
    }

    /// The operands were moved into a value or call: their slots need no drop any more.
    pub(super) fn consumed(&mut self, operands: &[Operand]) {
        for operand in operands {
            if let Operand::Move(place) = operand
                && place.is_local()
                && self.mir.slots.get(place.slot).is_some_and(|s| s.local.is_none())
            {
                self.unschedule(place.slot);
            }
        }
    }

    /// A value that needs no evaluation.
    pub(super) fn constant(&self, view: View) -> Option<Constant> {
        if view.steps > 0 {
            return None;
        }
        let ty = self.typed.expr(view.expr);
        match &self.body.exprs[view.expr] {
            Expr::Lit(lit) => Some(self.literal(*lit, false, ty)),
            Expr::Unary { op: UnaryOp::Neg, value } if self.typed.adjustments(*value).is_empty() => {
                match self.body.exprs[*value] {
                    Expr::Lit(lit @ (Lit::Int(..) | Lit::Float(..))) if self.typed.main_callee(view.expr).is_none() => {
                        Some(self.literal(lit, true, ty))
                    }
                    _ => None,
                }
            }
            Expr::Path(PathRes::Local(_)) => None,
            Expr::Path(_) => match self.const_of(view.expr) {
                Some((id, args)) if self.static_of(view.expr).is_none() => Some(Constant::Item(id, args, ty)),
                Some(_) => None,
                None => self.constant_path(view.expr),
            },
            Expr::Tuple(parts) if parts.is_empty() => Some(Constant::Unit),
            _ => None,
        }
    }

    pub(super) fn literal(&self, lit: Lit, negative: bool, ty: Ty) -> Constant {
        let float = |v: f64| Constant::Float((if negative { -v } else { v }).to_bits(), ty);
        if let TyKind::Float(kind) = self.types.kind(ty)
            && let Some(v) = lit.as_float(kind)
        {
            return float(v);
        }
        match lit {
            Lit::Bool(b) => Constant::Bool(b),
            Lit::Char(c) => Constant::Char(c),
            Lit::Int(v, _) => Constant::Int(if negative { v.signed().wrapping_neg().into() } else { v }, ty),
            Lit::Float(v, _) => float(v.double),
            Lit::Str(s) => Constant::Str(s),
            Lit::Bytes(s) => Constant::Bytes(s),
            Lit::CStr(s) => Constant::CStr(s),
        }
    }

    /// Assigns the value of a view whose evaluation is one right-hand side. `None`: it is control flow or a call, which only
    /// [`Builder::into`] can evaluate.
    pub(super) fn assign_value(&mut self, dest: &Place, view: View) -> Option<()> {
        let span = self.span(view.expr);
        if let Some(value) = self.plain_operand(view) {
            self.assign(dest.clone(), Rvalue::Use(value), span);
            return Some(());
        }
        if let Some((step, inner)) = self.last_step(view) {
            return self.assign_step(dest, step, inner, span);
        }
        let body = self.body;
        let ty = self.typed.expr(view.expr);
        match &body.exprs[view.expr] {
            Expr::Tuple(parts) => self.aggregate(dest, Aggregate::Tuple, parts, span),
            Expr::Array(parts) => {
                let TyKind::Array(elem, _) = self.types.kind(ty) else { return None };
                self.aggregate(dest, Aggregate::Array(elem), parts, span);
            }
            Expr::Repeat { value, .. } => {
                let TyKind::Array(_, len) = self.types.kind(ty) else { return None };
                self.repeat(dest, *value, len, span);
            }
            Expr::Path(_) => self.unit_value(dest, view.expr, span),
            Expr::Struct { fields, base, .. } => self.struct_value(dest, view.expr, fields, *base),
            Expr::Unary { op, value } if self.typed.main_callee(view.expr).is_none() => {
                self.unary(dest, *op, *value, span);
            }
            Expr::Binary { op, left, right, .. } if self.typed.main_callee(view.expr).is_none() => {
                let first = self.operand_before(self.full(*left), &[*right]);
                let operands = [first, self.operand(self.full(*right))];
                self.binary(dest.clone(), *op, operands, self.typed.adjusted(*left), span);
            }
            Expr::Ref { mutability, value } => self.reference(dest, *mutability, self.full(*value), span),
            Expr::Deref(value) if self.is_str(self.typed.adjusted(*value)) => {
                let value = self.operand(self.full(*value));
                self.assign(dest.clone(), Rvalue::Use(value), span);
            }
            Expr::Cast { value, .. } => self.cast(dest, view.expr, *value),
            Expr::Range { start, end, inclusive } => self.range(dest, ty, *start, *end, *inclusive, span),
            Expr::Closure(_) | Expr::Async { .. } => {
                let id = self.typed.closures[&view.expr];
                let value = self.closure_value(id, ty);
                self.assign(dest.clone(), value, span);
            }
            _ => return None,
        }
        Some(())
    }

    fn assign_step(&mut self, dest: &Place, step: Adjust, inner: View, span: Span) -> Option<()> {
        match step.kind {
            AdjustKind::Borrow(mutability) => self.reference(dest, mutability, inner, span),
            AdjustKind::ToPointer(mutability) => self.pointer_from(dest, mutability, inner, step.to),
            AdjustKind::Unsize if self.is_str(self.view_ty(inner)) => self.text_object(dest, inner, step.to),
            AdjustKind::Unsize => self.cast_operand(dest, Cast::Unsize, inner, step.to),
            AdjustKind::ReifyFn => self.cast_operand(dest, Cast::ReifyFn, inner, step.to),
            AdjustKind::ClosureToFn => self.cast_operand(dest, Cast::ClosureToFn, inner, step.to),
            AdjustKind::BoxDyn => self.box_dyn(dest, inner, step.to, span),
            AdjustKind::NeverToAny => return None,
            AdjustKind::Deref | AdjustKind::StrDeref | AdjustKind::OverloadedDeref(..) => {
                unreachable!("a dereference is a place")
            }
        }
        Some(())
    }

    /// A named reference is not moved when it becomes a raw pointer: the pointer is of what it refers to.
    fn pointer_from(&mut self, dest: &Place, mutability: Mutability, inner: View, to: Ty) {
        let is_reference = matches!(self.types.kind(self.view_ty(inner)), TyKind::Ref(..));
        if !is_reference || !self.is_place(inner) {
            return self.cast_operand(dest, Cast::ToPointer, inner, to);
        }
        let place = self.place(inner).with(Elem::Deref);
        self.assign(dest.clone(), Rvalue::RawRef(mutability, place), self.span(inner.expr));
    }

    fn cast_operand(&mut self, dest: &Place, cast: Cast, inner: View, to: Ty) {
        let value = self.operand(inner);
        self.consumed(std::slice::from_ref(&value));
        self.assign(dest.clone(), Rvalue::Cast(cast, value, to), self.span(inner.expr));
    }

    /// An object of a `str` refers to a variable that holds it: what it is lent for is a temporary value.
    fn text_object(&mut self, dest: &Place, inner: View, to: Ty) {
        let span = self.span(inner.expr);
        let place = self.temp(inner);
        // A shared reference would be the `str` again.
        let address = self.types.reference(Mutability::Mut, self.view_ty(inner));
        let slot = self.new_slot(address, span);
        self.assign(Place::local(slot), Rvalue::Ref(Region::Erased, BorrowKind::Mut, place), span);
        self.assign(dest.clone(), Rvalue::Cast(Cast::Unsize, Operand::Move(Place::local(slot)), to), span);
    }

    /// A value moves to a new box, which then forgets its type.
    fn box_dyn(&mut self, dest: &Place, inner: View, to: Ty, span: Span) {
        let ty = self.view_ty(inner);
        let value = self.operand(inner);
        let args = self.types.ty_list(&[ty]);
        let boxed = match self.hir.lang_adt("Box") {
            Some(id) => self.types.mk(TyKind::Adt(id, args)),
            None => Ty::ERROR,
        };
        let slot = self.new_slot(boxed, span);
        self.call(Callee::Builtin(Builtin::BoxNew, args), vec![value], Place::local(slot), Some(boxed), span);
        self.assign(dest.clone(), Rvalue::Cast(Cast::Unsize, Operand::Move(Place::local(slot)), to), span);
    }

    /// `&place`; a shared one of a `str` is the `str` itself.
    fn reference(&mut self, dest: &Place, mutability: Mutability, inner: View, span: Span) {
        if mutability == Mutability::Shared && self.is_str(self.view_ty(inner)) {
            let value = self.operand(inner);
            return self.assign(dest.clone(), Rvalue::Use(value), span);
        }
        let place = self.borrowed_place(inner, mutability);
        self.assign(dest.clone(), Rvalue::Ref(Region::Erased, borrow_kind(mutability), place), span);
    }

    /// A place to take a reference of; only shared references are made of promoted constants.
    fn borrowed_place(&mut self, inner: View, mutability: Mutability) -> Place {
        let place = self.place(inner);
        let promoted = place.is_local() && self.mir.slots.get(place.slot).is_some_and(|s| s.promoted);
        let empty = matches!(&self.body.exprs[inner.expr], Expr::Array(parts) if parts.is_empty());
        if promoted && mutability == Mutability::Mut && !empty {
            self.mir.slots[place.slot].promoted = false;
            let scope = self.extended.iter().rev().find(|x| x.0 == inner.expr).map_or(self.temp_scope, |x| x.1);
            self.schedule_dead(scope, place.slot);
        }
        place
    }

    /// The receiver of a method: a mutable reference made for it counts as shared until the call.
    pub(super) fn receiver(&mut self, view: View) -> Operand {
        let Some((Adjust { kind: AdjustKind::Borrow(Mutability::Mut), to }, inner)) = self.last_step(view) else {
            return self.operand(view);
        };
        let span = self.span(view.expr);
        let place = self.borrowed_place(inner, Mutability::Mut);
        let slot = self.new_slot(to, span);
        self.assign(Place::local(slot), Rvalue::Ref(Region::Erased, BorrowKind::TwoPhase, place), span);
        Operand::Move(Place::local(slot))
    }

    fn aggregate(&mut self, dest: &Place, kind: Aggregate, parts: &[ExprId], span: Span) {
        let parts = self.operands(parts);
        self.assign_aggregate(dest.clone(), kind, parts, span);
    }

    pub(super) fn assign_aggregate(&mut self, dest: Place, kind: Aggregate, parts: Vec<Operand>, span: Span) {
        self.consumed(&parts);
        self.assign(dest, Rvalue::Aggregate(kind, parts), span);
    }

    fn repeat(&mut self, dest: &Place, value: ExprId, len: Const, span: Span) {
        let value = self.operand(self.full(value));
        self.consumed(std::slice::from_ref(&value));
        self.assign(dest.clone(), Rvalue::Repeat(value, len), span);
    }

    /// A path to a unit struct or unit variant.
    fn unit_value(&mut self, dest: &Place, expr: ExprId, span: Span) {
        let ty = self.typed.expr(expr);
        let TyKind::Adt(adt, args) = self.types.kind(ty) else {
            unreachable!("every other path is a constant or a place")
        };
        let variant = match (&self.body.exprs[expr], self.typed.ctor.get(&expr)) {
            (_, Some(ctor)) => ctor.variant,
            (Expr::Path(PathRes::Variant(_, variant, _)), None) => *variant,
            _ => 0,
        };
        self.assign(dest.clone(), Rvalue::Aggregate(Aggregate::Adt(adt, variant, args), Vec::new()), span);
    }

    fn struct_value(&mut self, dest: &Place, expr: ExprId, inits: &[FieldInit], base: Option<ExprId>) {
        let span = self.span(expr);
        let TyKind::Adt(adt, args) = self.types.kind(self.typed.expr(expr)) else {
            unreachable!("a struct literal has the type of its struct")
        };
        let Ctor { variant, fields: order, .. } = self.typed.ctor[&expr].clone();
        let values: Vec<ExprId> = inits.iter().map(|f| f.value).chain(base).collect();
        let written: Vec<Operand> =
            (0..inits.len()).map(|n| self.operand_before(self.full(values[n]), &values[n + 1..])).collect();
        let base = base.map(|e| self.place(self.full(e)));
        let mut parts: Vec<Option<Operand>> = vec![None; self.hir.adts[adt].variants[variant as usize].fields.len()];
        for (operand, &field) in written.into_iter().zip(&order) {
            parts[field as usize] = Some(operand);
        }
        let parts = self.missing_fields(adt, variant, args, parts, base.as_ref());
        self.assign_aggregate(dest.clone(), Aggregate::Adt(adt, variant, args), parts, span);
    }

    /// Takes fields that were not written from the base of a struct update.
    fn missing_fields(
        &mut self,
        adt: AdtId,
        variant: u32,
        args: Args,
        parts: Vec<Option<Operand>>,
        base: Option<&Place>,
    ) -> Vec<Operand> {
        let mut list = Vec::with_capacity(parts.len());
        for (n, part) in parts.into_iter().enumerate() {
            list.push(match (part, base) {
                (Some(operand), _) => operand,
                (None, Some(base)) => {
                    let ty = self.q.field_ty(adt, variant, n as u32, args);
                    self.consume(base.with(Elem::Field(n as u32, ty)), ty)
                }
                (None, None) => unreachable!("the checker reports missing fields"),
            });
        }
        list
    }

    fn unary(&mut self, dest: &Place, op: UnaryOp, value: ExprId, span: Span) {
        let ty = self.typed.adjusted(value);
        let value = self.operand(self.full(value));
        match op {
            UnaryOp::Neg if matches!(self.types.kind(ty), TyKind::Int(_)) => {
                self.assign_panicking(dest.clone(), Rvalue::Neg(value), span);
            }
            UnaryOp::Neg => self.assign(dest.clone(), Rvalue::Neg(value), span),
            UnaryOp::Not | UnaryOp::BitNot => self.assign(dest.clone(), Rvalue::Not(value), span),
        }
    }

    /// A built-in operator on two operands of primitive type.
    pub(super) fn binary(&mut self, dest: Place, op: BinaryOp, [left, right]: [Operand; 2], ty: Ty, span: Span) {
        let value = Rvalue::Binary(op, left, right);
        let checked = matches!(self.types.kind(ty), TyKind::Int(_))
            && !op.is_comparison()
            && !matches!(op, BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor);
        if checked {
            self.assign_panicking(dest, value, span);
        } else {
            self.assign(dest, value, span);
        }
    }

    fn cast(&mut self, dest: &Place, expr: ExprId, value: ExprId) {
        let kind = self.typed.casts.get(&expr).copied().unwrap_or(CastKind::Identity);
        if kind == CastKind::Identity {
            return self.into(dest, self.full(value));
        }
        self.cast_operand(dest, Cast::Kind(kind), self.full(value), self.typed.expr(expr));
    }

    /// Ranges are structs of the library; `RangeInclusive` has the fields `start` and `end` first.
    fn range(&mut self, dest: &Place, ty: Ty, start: Option<ExprId>, end: Option<ExprId>, inclusive: bool, span: Span) {
        let TyKind::Adt(adt, args) = self.types.kind(ty) else { unreachable!("a range is a struct of the library") };
        let bounds: Vec<ExprId> = start.into_iter().chain(end).collect();
        let mut parts = self.operands(&bounds);
        // A range with both bounds included also records that it was walked to its end.
        let fields = self.hir.adts[adt].variants[0].fields.len();
        if inclusive && parts.len() < fields {
            parts.push(Operand::Const(Constant::Bool(false)));
        }
        self.assign_aggregate(dest.clone(), Aggregate::Adt(adt, 0, args), parts, span);
    }

    /// The value of a closure: its captures.
    pub(super) fn closure_value(&mut self, id: ClosureId, ty: Ty) -> Rvalue {
        let args = self.closure_args(ty);
        let q = self.q;
        let span = self.span(q.closure(id).expr);
        let mut parts = Vec::new();
        for capture in &q.closure(id).captures {
            let place = self.captured_place(capture.local, &capture.path);
            parts.push(match capture.mode {
                _ if captured_by_value(self.types, capture) => self.consume(place, capture.ty),
                CaptureMode::Mut => self.borrow_capture(place, Mutability::Mut, capture.ty, span),
                CaptureMode::Shared | CaptureMode::Value => {
                    self.borrow_capture(place, Mutability::Shared, capture.ty, span)
                }
            });
        }
        self.closure_body(id);
        Rvalue::Aggregate(Aggregate::Closure(id, args), parts)
    }

    /// Unlike [`Builder::borrow_temp`] this makes a reference also of a `str`, which the closure may assign.
    fn borrow_capture(&mut self, place: Place, mutability: Mutability, ty: Ty, span: Span) -> Operand {
        let slot = self.new_slot(self.types.reference(mutability, ty), span);
        self.assign(Place::local(slot), Rvalue::Ref(Region::Erased, borrow_kind(mutability), place), span);
        Operand::Move(Place::local(slot))
    }

    fn captured_place(&self, local: LocalId, path: &[CaptureStep]) -> Place {
        let mut place = self.local_place(local);
        place.path.extend(path.iter().map(|step| match *step {
            CaptureStep::Field(n, ty) => Elem::Field(n, ty),
            CaptureStep::Deref(_) => Elem::Deref,
        }));
        place
    }

    /// Calls, with the result in a place; continues after the call.
    pub(super) fn call(&mut self, func: Callee, args: Vec<Operand>, dest: Place, ret: Option<Ty>, span: Span) {
        self.consumed(&args);
        let target = (ret != Some(Ty::NEVER)).then(|| self.new_block());
        // What the call takes is the callee's to drop, also when it panics.
        let mut moved = Vec::new();
        for arg in &args {
            if let Operand::Move(p) = arg
                && p.is_local()
                && self.mir.slots.get(p.slot).is_some_and(|s| s.local.is_some())
            {
                let ty = self.mir.slots[p.slot].ty;
                if self.needs_drop(ty) {
                    moved.push(p.slot);
                }
            }
        }
        self.while_moved(&moved, |b| b.end_panicking(Terminator::Call { func, args, dest, target }, span));
        match target {
            Some(next) => self.enter(next),
            None => self.diverge(),
        }
    }
}

/// Whether a closure holds the captured value itself. A shared `str` is a reference already.
pub fn captured_by_value(types: &Types, capture: &Capture) -> bool {
    match capture.mode {
        CaptureMode::Value => true,
        CaptureMode::Shared => matches!(types.kind(capture.ty), TyKind::Str(_)),
        CaptureMode::Mut => false,
    }
}
