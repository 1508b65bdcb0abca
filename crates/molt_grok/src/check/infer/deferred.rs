//! What had to wait for a type: operators, methods, fields, casts, `?`.

use molt_base::{Span, Symbol};

use super::{Infer, Returns};
use crate::check::solve::Answer;
use crate::check::typed::{Callee, CalleeRole};
use crate::hir::{BinaryOp, ExprId, GenericArgs, UnaryOp};
use crate::ty::{Ty, TyKind};

pub(in crate::check) struct Deferred {
    pub body: usize,
    pub expr: ExprId,
    pub span: Span,
    pub kind: DeferredKind,
    /// What the expression gives.
    pub out: Ty,
    /// Closures around the expression, for `return` and `?` in arguments.
    pub returns: Returns,
}

pub(in crate::check) enum DeferredKind {
    Binary {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        left_ty: Ty,
        right_ty: Ty,
        assign: bool,
    },
    Unary {
        op: UnaryOp,
        value: ExprId,
        ty: Ty,
    },
    Method {
        recv: ExprId,
        ty: Ty,
        name: Symbol,
        name_span: Span,
        generics: GenericArgs,
        args: Vec<ExprId>,
    },
    Field {
        base: ExprId,
        ty: Ty,
        name: Symbol,
        name_span: Span,
    },
    Call {
        callee: ExprId,
        ty: Ty,
        args: Vec<ExprId>,
    },
    Index {
        base: ExprId,
        ty: Ty,
        index: ExprId,
        index_ty: Ty,
    },
    Cast {
        value: ExprId,
        from: Ty,
        to: Ty,
    },
    /// `From::from` of `?`.
    TryFrom {
        from: Ty,
        to: Ty,
    },
}

impl<'c> Infer<'c> {
    /// Puts an expression off; its type is the variable returned.
    pub(in crate::check) fn defer(&mut self, e: ExprId, kind: DeferredKind, span: Span) -> Ty {
        let out = self.s.fresh(span);
        let returns = self.b().returns.clone();
        self.deferred.push(Deferred { body: self.at, expr: e, span, kind, out, returns });
        out
    }

    /// Puts off what gives nothing.
    pub(in crate::check) fn deferred_later(&mut self, e: ExprId, kind: DeferredKind, span: Span) {
        let returns = self.b().returns.clone();
        self.deferred.push(Deferred { body: self.at, expr: e, span, kind, out: Ty::UNIT, returns });
    }

    /// Takes up what can go on now. True if something did.
    pub(in crate::check) fn retry_deferred(&mut self) -> bool {
        let mut any = false;
        loop {
            if self.deferred.is_empty() {
                return any;
            }
            let work = std::mem::take(&mut self.deferred);
            let mut waiting = Vec::new();
            let mut progress = false;
            for d in work {
                if self.ready(&d) {
                    self.resume(d);
                    progress = true;
                } else {
                    waiting.push(d);
                }
            }
            // What was put off meanwhile comes after.
            waiting.append(&mut self.deferred);
            self.deferred = waiting;
            if !progress {
                return any;
            }
            any = true;
            self.solve();
        }
    }

    fn ready(&mut self, d: &Deferred) -> bool {
        match &d.kind {
            DeferredKind::Binary { left_ty, right_ty, op, .. } => {
                let left = !self.s.is_unknown(*left_ty);
                left || (!op.is_shift() && !self.s.is_unknown(*right_ty))
            }
            DeferredKind::Method { ty, .. } => !self.s.is_unknown(*ty) && !self.is_float_literal(*ty),
            DeferredKind::Unary { ty, .. }
            | DeferredKind::Field { ty, .. }
            | DeferredKind::Index { ty, .. }
            | DeferredKind::Call { ty, .. } => !self.s.is_unknown(*ty),
            DeferredKind::Cast { from, .. } => !self.s.is_unknown(*from),
            DeferredKind::TryFrom { from, to } => !self.s.is_unknown(*from) && !self.s.is_unknown(*to),
        }
    }

    /// Goes on with an expression in the state it was left in.
    fn resume(&mut self, d: Deferred) {
        let (at, diverges) = (self.at, self.diverges);
        self.at = d.body;
        let returns = std::mem::replace(&mut self.b().returns, d.returns);
        let e = d.expr;
        let ty = match d.kind {
            DeferredKind::Binary { op, left, right, left_ty, right_ty, assign } => {
                self.binary_on(e, op, left, right, left_ty, right_ty, d.span, assign)
            }
            DeferredKind::Unary { op, value, ty } => self.unary_on(e, op, value, ty),
            DeferredKind::Method { recv, ty, name, name_span, generics, args } => {
                self.method_call(e, recv, ty, name, name_span, &generics, &args, Some(d.out))
            }
            DeferredKind::Field { base, ty, name, name_span } => self.field(e, base, ty, name, name_span),
            DeferredKind::Call { callee, ty, args } => self.call_value(e, callee, ty, &args, Some(d.out)),
            DeferredKind::Index { base, ty, index, index_ty } => self.index_on(e, base, ty, index, index_ty),
            DeferredKind::Cast { value, from, to } => {
                self.cast_known(e, value, from, to);
                d.out
            }
            DeferredKind::TryFrom { from, to } => {
                self.try_from(e, from, to, d.span);
                d.out
            }
        };
        if ty != d.out && self.s.unify(ty, d.out).is_err() {
            self.mismatch(d.span, d.out, ty);
        }
        self.b().returns = returns;
        self.at = at;
        self.diverges = diverges;
    }

    /// How `?` makes the function's error of the value's.
    fn try_from(&mut self, e: ExprId, from: Ty, to: Ty, span: Span) {
        let (from, to) = (self.s.resolve(from), self.s.resolve(to));
        if from == to || self.s.could_be_same(from, to) {
            let _ = self.s.unify(from, to);
            return;
        }
        let Some(t) = self.c.hir.lang_trait("from") else { return };
        let Some(&func) = self.c.hir.traits[t].fns.first() else { return };
        let args = self.c.types.ty_list(&[to, from]);
        self.demand_trait(t, &[to, from], span);
        self.set_callee(e, CalleeRole::From, Callee { func, args });
    }

    /// The end of a group: what nothing decides is decided by the rules of section 4.2, in their order.
    pub(in crate::check) fn settle_deferred(&mut self) {
        loop {
            self.solve();
            if self.retry_deferred() {
                continue;
            }
            let first = self.settle_try() || self.settle_operators() || self.settle_floats();
            if first || self.settle_methods() || self.settle_calls() {
                continue;
            }
            break;
        }
        for d in std::mem::take(&mut self.deferred) {
            self.at = d.body;
            let what = match &d.kind {
                DeferredKind::Method { name, .. } => {
                    format!("the value that `{}` is called on", self.text(*name))
                }
                DeferredKind::Field { name, .. } => format!("the value with the field `{}`", self.text(*name)),
                DeferredKind::Index { .. } => "the indexed value".to_string(),
                DeferredKind::Cast { .. } => "the cast value".to_string(),
                _ => "this value".to_string(),
            };
            self.unknown_type(d.span, &what);
            let _ = self.s.unify(d.out, Ty::ERROR);
        }
    }

    /// `?` whose errors nothing tells apart has one error type.
    fn settle_try(&mut self) -> bool {
        let Some(n) = self.deferred.iter().position(|d| matches!(d.kind, DeferredKind::TryFrom { .. })) else {
            return false;
        };
        let d = self.deferred.remove(n);
        if let DeferredKind::TryFrom { from, to } = d.kind {
            self.at = d.body;
            if self.s.unify(from, to).is_err() {
                self.try_from(d.expr, from, to, d.span);
            }
        }
        true
    }

    /// Operands of which nothing is known have one type, and the group gets the operator's bound.
    fn settle_operators(&mut self) -> bool {
        let Some(n) = self
            .deferred
            .iter()
            .position(|d| matches!(d.kind, DeferredKind::Binary { .. } | DeferredKind::Unary { .. }))
        else {
            return false;
        };
        let d = self.deferred.remove(n);
        self.at = d.body;
        match d.kind {
            DeferredKind::Binary { op, left_ty, right_ty, assign, .. } => {
                if self.s.unify(left_ty, right_ty).is_err() {
                    self.mismatch(d.span, left_ty, right_ty);
                }
                self.generic_operator(d.expr, op, left_ty, d.out, assign, d.span);
            }
            DeferredKind::Unary { op, ty, .. } => self.generic_unary(d.expr, op, ty, d.out, d.span),
            _ => {}
        }
        true
    }

    /// A method of a value of unknown type that exactly one visible trait declares: its bound is inferred.
    fn settle_methods(&mut self) -> bool {
        for n in 0..self.deferred.len() {
            let DeferredKind::Method { name, .. } = &self.deferred[n].kind else { continue };
            let name = *name;
            self.at = self.deferred[n].body;
            let module = self.body_ref().module;
            let visible = &self.c.hir.modules[module].traits_in_scope;
            let candidates: Vec<_> = self
                .c
                .index
                .trait_fns
                .get(&name)
                .into_iter()
                .flatten()
                .filter(|(t, f)| visible.contains(t) && self.c.hir.fns[*f].self_param.is_some())
                .copied()
                .collect();
            let [(t, f)] = candidates[..] else { continue };
            let d = self.deferred.remove(n);
            let DeferredKind::Method { recv, ty, generics, args, .. } = d.kind else { return true };
            let returns = std::mem::replace(&mut self.b().returns, d.returns);
            let out = self.method_by_bound(d.expr, recv, ty, t, f, &generics, &args, d.span);
            if self.s.unify(out, d.out).is_err() {
                self.mismatch(d.span, d.out, out);
            }
            self.b().returns = returns;
            return true;
        }
        false
    }

    /// Literals whose methods wait for their type get the one that literals have.
    fn settle_floats(&mut self) -> bool {
        let waits = self.deferred.iter().find_map(|d| match d.kind {
            DeferredKind::Method { ty, .. } if self.is_float_literal(ty) => Some(ty),
            _ => None,
        });
        waits.is_some_and(|ty| self.s.unify(ty, Ty::F64).is_ok())
    }

    /// A call of a value of unknown type makes it a function of the arguments.
    fn settle_calls(&mut self) -> bool {
        let Some(n) = self.deferred.iter().position(|d| matches!(d.kind, DeferredKind::Call { .. })) else {
            return false;
        };
        let d = self.deferred.remove(n);
        let DeferredKind::Call { callee, ty, args } = d.kind else { return true };
        self.at = d.body;
        let returns = std::mem::replace(&mut self.b().returns, d.returns);
        self.call_unknown(d.expr, callee, ty, &args, d.out, d.span);
        self.b().returns = returns;
        true
    }
}

impl crate::check::solve::Solver<'_> {
    /// Whether two types may be made equal although variables are left.
    pub fn could_be_same(&mut self, a: Ty, b: Ty) -> bool {
        let s = self.vars.snapshot();
        let ok = self.unify(a, b).is_ok();
        self.vars.rollback(s);
        ok && !matches!(self.kind(a), TyKind::Infer(_)) && !matches!(self.kind(b), TyKind::Infer(_))
    }

    /// Whether a trait certainly holds.
    pub fn holds(&mut self, ty: Ty, t: crate::hir::TraitId, span: Span) -> bool {
        self.implements(ty, t, span) == Answer::Yes
    }
}
