//! Calls, overloaded operators, `?`.

use molt_base::Span;
use smallvec::SmallVec;

use super::scope::Exit;
use super::{Builder, View};
use crate::check::context::{Owner, ParamKind};
use crate::check::typed::{AdjustKind, CallKind, Callee as TypedCallee, CalleeRole, FnTrait};
use crate::hir::{BinaryOp, ExprId, FnId, Mutability};
use crate::mir::{Aggregate, Builtin, Callee, Elem, Mir, Operand, Place, Rvalue};
use crate::ty::{Arg, Args, Region, Ty, TyKind};

impl Builder<'_> {
    /// Calls a function item.
    pub(super) fn call_fn(&mut self, callee: TypedCallee, args: Vec<Operand>, dest: Place, span: Span) {
        let ret = self.q.fn_sig(callee.func).ret;
        self.call(Callee::Fn(callee.func, callee.args), args, dest, Some(ret), span);
    }

    /// Calls a function of the library by the name in its `#[lang]`.
    pub(super) fn call_lang(&mut self, name: &str, args: Args, operands: Vec<Operand>, dest: Place, span: Span) {
        let callee = self.lang_callee(name, args);
        self.call_fn(callee, operands, dest, span);
    }

    /// A function of the library with its type arguments; lifetimes are left to the borrow checker.
    pub(super) fn lang_callee(&self, name: &str, args: Args) -> TypedCallee {
        let func = self.lang_fn(name);
        let mut given = self.types.list(args).iter().copied().filter(|a| !matches!(a, Arg::Region(_)));
        let params = self.q.c.params_of(Owner::Fn(func));
        let full: SmallVec<[Arg; 6]> = params
            .iter()
            .filter_map(|p| match p.kind {
                ParamKind::Lifetime => Some(Arg::Region(Region::Erased)),
                ParamKind::Type { .. } | ParamKind::Const => given.next(),
            })
            .collect();
        TypedCallee { func, args: self.types.args(&full) }
    }

    pub(super) fn lang_fn(&self, name: &str) -> FnId {
        self.hir.lang_fn(name).unwrap_or_else(|| panic!("the library has no function `#[lang = \"{name}\"]`"))
    }

    pub(super) fn call_expr(&mut self, dest: &Place, expr: ExprId, callee: ExprId, args: &[ExprId]) {
        let span = self.span(expr);
        match (self.types.kind(self.typed.expr(callee)), self.typed.call.get(&expr)) {
            (TyKind::Ctor(adt, variant, ctor_args), _) => {
                let generics = match self.types.kind(self.typed.expr(expr)) {
                    TyKind::Adt(_, generics) => generics,
                    _ => ctor_args,
                };
                let parts = self.operands(args);
                self.assign_aggregate(dest.clone(), Aggregate::Adt(adt, variant, generics), parts, span);
            }
            (TyKind::FnDef(func, generics), Some(CallKind::Direct) | None) => {
                let operands = self.arguments(args);
                let callee = TypedCallee { func, args: generics };
                self.direct_call(dest, callee, operands, span);
            }
            (_, Some(CallKind::Pointer)) => {
                let pointer = self.operand_before(self.full(callee), args);
                let operands = self.arguments(args);
                let ret = self.typed.expr(expr);
                self.call(Callee::Pointer(pointer), operands, dest.clone(), Some(ret), span);
            }
            (_, Some(CallKind::Trait(by))) => self.closure_call(dest, expr, callee, args, *by),
            (_, Some(CallKind::Direct) | None) => {
                unreachable!("only functions and constructors are called directly")
            }
        }
    }

    /// A call with its missing arguments filled from defaults.
    fn direct_call(&mut self, dest: &Place, callee: TypedCallee, mut operands: Vec<Operand>, span: Span) {
        let sig = self.q.fn_sig(callee.func);
        if operands.len() < sig.params.len() {
            operands = self.with_defaults(callee, operands, span);
        }
        let waits = if self.is_future() { self.q.c.awaits(callee.func) } else { None };
        match waits {
            Some(twin) => self.call_and_wait(dest, twin, callee.args, operands, span),
            None => self.call_fn(callee, operands, dest.clone(), span),
        }
    }

    /// In `async` code an operation that would wait is awaited: a function of the library makes a future of it.
    pub(super) fn call_and_wait(&mut self, dest: &Place, twin: &str, args: Args, operands: Vec<Operand>, span: Span) {
        let callee = self.lang_callee(twin, args);
        let ty = self.q.callee_ret(callee);
        let slot = self.new_slot(ty, span);
        self.call_fn(callee, operands, Place::local(slot), span);
        self.schedule_value_in(self.temp_scope, slot, ty);
        self.wait_for(dest, Operand::Move(Place::local(slot)), ty, span);
    }

    /// Defaults see the arguments before them by reference.
    fn with_defaults(&mut self, callee: TypedCallee, operands: Vec<Operand>, span: Span) -> Vec<Operand> {
        let params = self.q.callee_sig(callee).params;
        let has_self = u32::from(self.hir.fns[callee.func].self_param.is_some());
        let mut slots: Vec<Place> = Vec::new();
        for (operand, &ty) in operands.into_iter().zip(&params) {
            let slot = self.new_slot(ty, span);
            self.consumed(std::slice::from_ref(&operand));
            self.assign(Place::local(slot), Rvalue::Use(operand), span);
            self.schedule_value_in(self.temp_scope, slot, ty);
            slots.push(Place::local(slot));
        }
        for n in slots.len()..params.len() {
            let before: Vec<Operand> = slots
                .clone()
                .into_iter()
                .zip(&params)
                .map(|(place, &ty)| self.borrow_temp(place, Mutability::Shared, ty, span))
                .collect();
            let slot = self.new_slot(params[n], span);
            let func = Callee::Builtin(Builtin::ParamDefault(callee.func, n as u32 - has_self), callee.args);
            self.call(func, before, Place::local(slot), None, span);
            self.schedule_value_in(self.temp_scope, slot, params[n]);
            slots.push(Place::local(slot));
        }
        slots.into_iter().map(Operand::Move).collect()
    }

    /// A call through one of the `Fn` traits.
    fn closure_call(&mut self, dest: &Place, expr: ExprId, callee: ExprId, args: &[ExprId], by: FnTrait) {
        let span = self.span(callee);
        let view = self.callee_view(callee);
        let self_ty = self.view_ty(view);
        // A closure is called as its own kind allows, whatever inference asked for before it knew the kind.
        let by = match self.types.kind(self_ty) {
            TyKind::Closure(id, _) => self.q.closure(id).kind,
            _ => by,
        };
        let env = match by {
            FnTrait::FnOnce => self.operand_before(view, args),
            FnTrait::FnMut => {
                let place = self.place(view);
                self.borrow_temp(place, Mutability::Mut, self_ty, span)
            }
            FnTrait::Fn => {
                let place = self.place(view);
                self.borrow_temp(place, Mutability::Shared, self_ty, span)
            }
        };
        let operands = self.arguments_after(Some(env), args);
        let ret = self.typed.expr(expr);
        let func = Callee::FnTrait { self_ty, by };
        self.call(func, operands, dest.clone(), Some(ret), self.span(expr));
    }

    /// The callee as a place: a borrow at the end of its adjustments is made by the call itself.
    fn callee_view(&self, callee: ExprId) -> View {
        let view = self.full(callee);
        match self.last_step(view) {
            Some((step, inner)) if matches!(step.kind, AdjustKind::Borrow(_)) => inner,
            _ => view,
        }
    }

    pub(super) fn method_call(&mut self, dest: &Place, expr: ExprId, recv: ExprId, args: &[ExprId]) {
        if self.borrows_handle(expr, recv) {
            let end = super::end_of(self.span(expr));
            return self.temp_scope(end, |b| b.plain_method_call(dest, expr, recv, args));
        }
        self.plain_method_call(dest, expr, recv, args);
    }

    fn plain_method_call(&mut self, dest: &Place, expr: ExprId, recv: ExprId, args: &[ExprId]) {
        let callee = self.typed.main_callee(expr).expect("inference resolved the method");
        let view = self.full(recv);
        let is_mut_ref =
            self.last_step(view).is_some_and(|(s, _)| matches!(s.kind, AdjustKind::Borrow(Mutability::Mut)));
        let receiver = if is_mut_ref { self.receiver(view) } else { self.operand_before(view, args) };
        let operands = self.arguments_after(Some(receiver), args);
        self.direct_call(dest, callee, operands, self.span(expr));
    }

    pub(super) fn unary_call(&mut self, dest: &Place, expr: ExprId, value: ExprId) {
        let callee = self.typed.main_callee(expr).expect("inference resolved the operator");
        let value = self.operand(self.full(value));
        self.call_fn(callee, vec![value], dest.clone(), self.span(expr));
    }

    /// Comparisons borrow their operands.
    pub(super) fn binary_call(&mut self, dest: &Place, expr: ExprId, op: BinaryOp, left: ExprId, right: ExprId) {
        let span = self.span(expr);
        let callee = self.typed.main_callee(expr).expect("inference resolved the operator");
        if !op.is_comparison() {
            let operands = self.operands(&[left, right]);
            return self.call_fn(callee, operands, dest.clone(), span);
        }
        let left = self.auto_ref(left, Mutability::Shared);
        let right = self.auto_ref(right, Mutability::Shared);
        let name = self.hir.text(self.hir.fns[callee.func].head.name);
        if (op, name) != (BinaryOp::Ne, "eq") {
            return self.call_fn(callee, vec![left, right], dest.clone(), span);
        }
        let equal = self.new_slot(Ty::BOOL, span);
        self.call_fn(callee, vec![left, right], Place::local(equal), span);
        let equal = Operand::Move(Place::local(equal));
        self.assign(dest.clone(), Rvalue::Not(equal), span);
    }

    /// `value?`: the good payload, or a return with the other.
    pub(super) fn try_expr(&mut self, dest: &Place, expr: ExprId, value: ExprId) {
        let span = self.span(expr);
        let view = self.full(value);
        let ty = self.view_ty(view);
        let place = self.owned_temp(view);
        // Each way consumes all that its variant holds.
        self.unschedule(place.slot);
        let is_option = matches!(self.types.kind(ty), TyKind::Adt(adt, _) if self.hir.lang_adt("Option") == Some(adt));
        let good = self.variant_named(ty, if is_option { "Some" } else { "Ok" });
        let found = self.new_block();
        let failed = self.new_block();
        self.switch_variant(place.clone(), &[(good, found)], failed, span);
        self.enter(failed);
        if is_option {
            self.return_none(span);
        } else {
            self.return_err(expr, ty, &place, span);
        }
        self.enter(found);
        let good_ty = self.payload_ty(ty, good);
        let payload = self.consume(place.with(Elem::Variant(good)).with(Elem::Field(0, good_ty)), good_ty);
        self.assign(dest.clone(), Rvalue::Use(payload), span);
    }

    fn return_none(&mut self, span: Span) {
        let ret = self.ret_ty();
        let none = self.variant_named(ret, "None");
        self.return_variant(ret, none, Vec::new(), span);
    }

    fn return_err(&mut self, expr: ExprId, ty: Ty, place: &Place, span: Span) {
        let err = self.variant_named(ty, "Err");
        let err_ty = self.payload_ty(ty, err);
        let payload = place.with(Elem::Variant(err)).with(Elem::Field(0, err_ty));
        let mut value = self.consume(payload, err_ty);
        if let Some(&from) = self.typed.callee.get(&(expr, CalleeRole::From)) {
            let slot = self.new_slot(self.q.callee_ret(from), span);
            self.call_fn(from, vec![value], Place::local(slot), span);
            value = Operand::Move(Place::local(slot));
        }
        let ret = self.ret_ty();
        let err = self.variant_named(ret, "Err");
        self.return_variant(ret, err, vec![value], span);
    }

    fn return_variant(&mut self, ret: Ty, variant: u32, parts: Vec<Operand>, span: Span) {
        let TyKind::Adt(adt, args) = self.types.kind(ret) else {
            unreachable!("the result is of the same family as the value before `?`")
        };
        self.assign_aggregate(Place::local(Mir::RESULT), Aggregate::Adt(adt, variant, args), parts, span);
        let exit = Exit { block: self.return_block, depth: 0 };
        let to = self.exit_chain(exit);
        self.goto(to, span);
    }
}
