//! Expressions as places.

use molt_base::Span;

use super::{Builder, UPVAR_BASE, View};
use crate::check::typed::{AdjustKind, Callee};
use crate::hir::{ConstId, ConstItemKind, Expr, ExprId, LocalId, Mutability, PathRes};
use crate::mir::{BorrowKind, Constant, Elem, Operand, Place, Rvalue, Slot, StmtKind};
use crate::ty::{Args, Region, Ty, TyKind};

/// What a place is needed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// It is copied or moved from at once.
    Read,
    /// It is used for as long as its temporary values live.
    Borrow,
}

impl Builder<'_> {
    /// Whether the view names a place, so that reading it may be a move.
    pub(super) fn is_place(&self, view: View) -> bool {
        if let Some((step, inner)) = self.last_step(view) {
            return match step.kind {
                AdjustKind::Deref | AdjustKind::OverloadedDeref(..) | AdjustKind::StrDeref => true,
                // A reference to a `str` is the `str`.
                AdjustKind::Borrow(_) => self.is_str(step.to) && self.is_place(inner),
                _ => false,
            };
        }
        match &self.body.exprs[view.expr] {
            Expr::Path(PathRes::Local(_)) | Expr::Field { .. } | Expr::Index { .. } => true,
            Expr::Path(_) => self.static_of(view.expr).is_some(),
            Expr::Deref(inner) => !self.is_str(self.typed.adjusted(*inner)) || self.is_place(self.full(*inner)),
            _ => false,
        }
    }

    pub(super) fn is_str(&self, ty: Ty) -> bool {
        matches!(self.types.kind(ty), TyKind::Str(_))
    }

    /// Constant item that a path expression names.
    pub(super) fn const_of(&self, expr: ExprId) -> Option<(ConstId, Args)> {
        if let Some(&found) = self.typed.consts.get(&expr) {
            return Some(found);
        }
        match self.body.exprs[expr] {
            Expr::Path(PathRes::Const(id)) => Some((id, Args::EMPTY)),
            _ => None,
        }
    }

    /// The `static` or module variable that a path names.
    pub(super) fn static_of(&self, expr: ExprId) -> Option<ConstId> {
        let (id, _) = self.const_of(expr)?;
        match self.hir.consts[id].kind {
            ConstItemKind::Static { .. } | ConstItemKind::ModuleLet => Some(id),
            ConstItemKind::Const => None,
        }
    }

    /// The place that a view names; the value of any other expression goes to a temporary slot.
    pub(super) fn place(&mut self, view: View) -> Place {
        self.place_for(view, Use::Borrow)
    }

    /// A place that is used in a certain way. What lies behind handles of collected values is borrowed meanwhile.
    pub(super) fn place_for(&mut self, view: View, how: Use) -> Place {
        let span = self.span(view.expr);
        if let Some((step, inner)) = self.last_step(view) {
            return match step.kind {
                AdjustKind::Deref | AdjustKind::StrDeref => self.deref(inner, how),
                AdjustKind::OverloadedDeref(_, mutability) if self.is_handle(inner) => {
                    self.behind_handle(view, inner, mutability, how)
                }
                AdjustKind::OverloadedDeref(callee, mutability) => {
                    self.overloaded_deref(inner, callee, mutability, span)
                }
                AdjustKind::Borrow(_) if self.is_str(step.to) && self.is_place(inner) => self.place_for(inner, how),
                _ => self.temp(view),
            };
        }
        match &self.body.exprs[view.expr] {
            Expr::Path(PathRes::Local(local)) => self.local_place(*local),
            Expr::Path(_) => match self.static_of(view.expr) {
                Some(id) => self.static_place(id, self.typed.expr(view.expr), span),
                None => self.temp(view),
            },
            Expr::Field { base, .. } => {
                let field = self.typed.field[&view.expr];
                self.place_for(self.full(*base), how).with(Elem::Field(field, self.typed.expr(view.expr)))
            }
            Expr::Index { base, index } => self.index(view.expr, *base, *index, how),
            Expr::Deref(inner) => match self.typed.main_callee(view.expr) {
                Some(callee) => {
                    let mutability = self.q.ref_mutability(self.q.callee_ret(callee));
                    let inner = self.full(*inner);
                    if self.is_handle(inner) {
                        return self.behind_handle(view, inner, mutability, how);
                    }
                    self.overloaded_deref(inner, callee, mutability, span)
                }
                None => self.deref(self.full(*inner), how),
            },
            _ => self.temp(view),
        }
    }

    /// The place of a variable; one of an enclosing body gets a number that is resolved at the end.
    pub(super) fn local_place(&self, local: LocalId) -> Place {
        self.places[local.0 as usize].clone().unwrap_or_else(|| Place::local(Slot(UPVAR_BASE + local.0)))
    }

    fn deref(&mut self, inner: View, how: Use) -> Place {
        let place = self.place_for(inner, how);
        if self.is_str(self.view_ty(inner)) { place } else { place.with(Elem::Deref) }
    }

    /// `*` of a reference to the static; a mutable one is reached as through a raw pointer.
    fn static_place(&mut self, id: ConstId, ty: Ty, span: Span) -> Place {
        let mutable = matches!(self.hir.consts[id].kind, ConstItemKind::Static { mutable: true });
        let pointer = if mutable {
            self.types.mk(TyKind::Ptr(Mutability::Mut, ty))
        } else {
            self.types.mk(TyKind::Ref(Region::Static, Mutability::Shared, ty))
        };
        let slot = self.new_slot(pointer, span);
        self.assign(Place::local(slot), Rvalue::StaticRef(id), span);
        Place::local(slot).with(Elem::Deref)
    }

    /// `*Deref::deref(&inner)`.
    fn overloaded_deref(&mut self, inner: View, callee: Callee, mutability: Mutability, span: Span) -> Place {
        let place = self.place(inner);
        let ret = self.q.callee_ret(callee);
        let reference = self.borrow_temp(place, mutability, self.view_ty(inner), span);
        let result = self.new_slot(ret, span);
        self.call_fn(callee, vec![reference], Place::local(result), span);
        if self.is_str(ret) { Place::local(result) } else { Place::local(result).with(Elem::Deref) }
    }

    /// A reference to a place as an operand; `ty` is the type of the place.
    pub(super) fn borrow_temp(&mut self, place: Place, mutability: Mutability, ty: Ty, span: Span) -> Operand {
        if mutability == Mutability::Shared && self.is_str(ty) {
            return Operand::Copy(place);
        }
        let slot = self.new_slot(self.types.reference(mutability, ty), span);
        self.assign(Place::local(slot), Rvalue::Ref(Region::Erased, borrow_kind(mutability), place), span);
        Operand::Move(Place::local(slot))
    }

    fn index(&mut self, expr: ExprId, base: ExprId, index: ExprId, how: Use) -> Place {
        let span = self.span(expr);
        if let Some(callee) = self.typed.main_callee(expr) {
            let sig = self.q.callee_sig(callee);
            let mutability = self.q.ref_mutability(sig.params.first().copied().unwrap_or(Ty::ERROR));
            let reference = self.auto_ref(base, mutability);
            let index = self.operand(self.full(index));
            let result = self.new_slot(sig.ret, span);
            self.call_fn(callee, vec![reference, index], Place::local(result), span);
            let place = Place::local(result);
            return if self.is_str(sig.ret) { place } else { place.with(Elem::Deref) };
        }
        let place = self.place_for(self.full(base), how);
        let place = match self.types.kind(self.typed.adjusted(base)) {
            TyKind::Ref(..) => place.with(Elem::Deref),
            _ => place,
        };
        let slot = self.new_slot(Ty::USIZE, self.span(index));
        self.into(&Place::local(slot), self.full(index));
        let index = Operand::Copy(Place::local(slot));
        self.push_panicking(StmtKind::CheckIndex { place: place.clone(), index }, span);
        place.with(Elem::Index(slot))
    }

    /// A reference to the value of an expression, unless its adjustments make one already.
    pub(super) fn auto_ref(&mut self, expr: ExprId, mutability: Mutability) -> Operand {
        let view = self.full(expr);
        match self.typed.adjustments(expr) {
            [.., last] if matches!(last.kind, AdjustKind::Borrow(_)) => return self.receiver(view),
            [.., before, last] if matches!((before.kind, last.kind), (AdjustKind::Borrow(_), AdjustKind::Unsize)) => {
                return self.operand(view);
            }
            _ => {}
        }
        let place = self.place(view);
        self.borrow_temp(place, mutability, self.view_ty(view), self.span(expr))
    }

    /// The value of a view in a slot that can be borrowed until the temporary values of the statement die.
    pub(super) fn temp(&mut self, view: View) -> Place {
        let scope = self.extended.iter().rev().find(|x| x.0 == view.expr).map_or(self.temp_scope, |x| x.1);
        self.temp_in(view, scope)
    }

    pub(super) fn temp_in(&mut self, view: View, scope: usize) -> Place {
        let span = self.span(view.expr);
        let ty = self.view_ty(view);
        let slot = self.new_slot(ty, span);
        if self.is_promotable(view) {
            self.mir.slots[slot].promoted = true;
            self.into(&Place::local(slot), view);
            return Place::local(slot);
        }
        self.schedule_storage(scope, slot, span);
        self.into(&Place::local(slot), view);
        self.schedule_value_in(scope, slot, ty);
        Place::local(slot)
    }

    /// Whether the value is known at compile time, so that a reference to it may live for ever.
    pub(super) fn is_promotable(&mut self, view: View) -> bool {
        let ty = self.view_ty(view);
        view.steps == 0 && self.is_constant(view.expr) && !self.needs_drop(ty)
    }

    fn is_constant(&mut self, expr: ExprId) -> bool {
        if !self.typed.adjustments(expr).is_empty() && !self.only_reborrows(expr) {
            return false;
        }
        let body = self.body;
        match &body.exprs[expr] {
            Expr::Lit(_) => true,
            Expr::Unary { op: crate::hir::UnaryOp::Neg, value } => matches!(body.exprs[*value], Expr::Lit(_)),
            Expr::Path(_) => {
                let ty = self.typed.expr(expr);
                match self.const_of(expr) {
                    Some((id, _)) => self.hir.consts[id].kind == ConstItemKind::Const && self.q.is_copy(ty),
                    None => self.constant_path(expr).is_some(),
                }
            }
            Expr::Tuple(parts) | Expr::Array(parts) => parts.iter().all(|&p| self.is_constant(p)),
            Expr::Repeat { value, .. } => self.is_constant(*value),
            Expr::Struct { fields, base: None, .. } => {
                self.q.is_copy(self.typed.expr(expr)) && fields.iter().all(|f| self.is_constant(f.value))
            }
            Expr::Call { callee, args } => {
                matches!(self.types.kind(self.typed.expr(*callee)), TyKind::Ctor(..))
                    && self.q.is_copy(self.typed.expr(expr))
                    && args.iter().all(|&a| self.is_constant(a))
            }
            Expr::Ref { mutability: Mutability::Shared, value } => self.is_constant(*value),
            _ => false,
        }
    }

    /// Adjustments that leave a reference to a constant one.
    fn only_reborrows(&self, expr: ExprId) -> bool {
        self.typed
            .adjustments(expr)
            .iter()
            .all(|a| matches!(a.kind, AdjustKind::Deref | AdjustKind::Borrow(Mutability::Shared) | AdjustKind::Unsize))
    }

    /// Value of a path that names a function, constructor, unit struct or variant, or a constant parameter.
    pub(super) fn constant_path(&self, expr: ExprId) -> Option<Constant> {
        let ty = self.typed.expr(expr);
        let Expr::Path(path) = &self.body.exprs[expr] else { return None };
        match (path, self.types.kind(ty)) {
            (PathRes::ConstParam(index, name), _) => {
                Some(Constant::Param(self.types.mk_const(crate::ty::ConstKind::Param(*index, *name)), ty))
            }
            (_, TyKind::FnDef(..) | TyKind::Ctor(..)) => Some(Constant::Zst(ty)),
            _ => None,
        }
    }
}

pub(super) fn borrow_kind(mutability: Mutability) -> BorrowKind {
    match mutability {
        Mutability::Shared => BorrowKind::Shared,
        Mutability::Mut => BorrowKind::Mut,
    }
}
