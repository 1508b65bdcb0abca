//! Operators: the language's own on built-in types, traits on all others.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::Infer;
use super::deferred::DeferredKind;
use crate::check::context::Predicate;
use crate::check::solve::{Cause, Goal};
use crate::check::typed::{AdjustKind, Callee, CalleeRole};
use crate::hir::{BinaryOp, Expr, ExprId, Mutability, UnaryOp};
use crate::ty::{InferVar, Ty, TyKind};

/// Trait of an operator.
fn lang_name(op: BinaryOp, assign: bool) -> &'static str {
    match (op, assign) {
        (BinaryOp::Add, false) => "add",
        (BinaryOp::Sub, false) => "sub",
        (BinaryOp::Mul, false) => "mul",
        (BinaryOp::Div, false) => "div",
        (BinaryOp::Rem, false) => "rem",
        (BinaryOp::BitAnd, false) => "bit_and",
        (BinaryOp::BitOr, false) => "bit_or",
        (BinaryOp::BitXor, false) => "bit_xor",
        (BinaryOp::Shl, false) => "shl",
        (BinaryOp::Shr, false) => "shr",
        (BinaryOp::Add, true) => "add_assign",
        (BinaryOp::Sub, true) => "sub_assign",
        (BinaryOp::Mul, true) => "mul_assign",
        (BinaryOp::Div, true) => "div_assign",
        (BinaryOp::Rem, true) => "rem_assign",
        (BinaryOp::BitAnd, true) => "bit_and_assign",
        (BinaryOp::BitOr, true) => "bit_or_assign",
        (BinaryOp::BitXor, true) => "bit_xor_assign",
        (BinaryOp::Shl, true) => "shl_assign",
        (BinaryOp::Shr, true) => "shr_assign",
        (BinaryOp::Eq | BinaryOp::Ne, _) => "eq",
        (BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, _) => "partial_ord",
    }
}

/// Function of an operator's trait.
fn method_name(op: BinaryOp, assign: bool) -> &'static str {
    match op {
        BinaryOp::Eq => "eq",
        BinaryOp::Ne => "ne",
        BinaryOp::Lt => "lt",
        BinaryOp::Le => "le",
        BinaryOp::Gt => "gt",
        BinaryOp::Ge => "ge",
        _ => match lang_name(op, assign) {
            "bit_and" => "bitand",
            "bit_or" => "bitor",
            "bit_xor" => "bitxor",
            "bit_and_assign" => "bitand_assign",
            "bit_or_assign" => "bitor_assign",
            "bit_xor_assign" => "bitxor_assign",
            other => other,
        },
    }
}

impl<'c> Infer<'c> {
    pub(in crate::check) fn binary(
        &mut self,
        e: ExprId,
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        op_span: Span,
        hint: Option<Ty>,
    ) -> Ty {
        // What the result should be, the left operand of arithmetic probably is.
        let number = hint.filter(|&h| {
            !op.is_comparison() && matches!(self.s.kind(h), TyKind::Int(_) | TyKind::Float(_)) && self.is_plain(left)
        });
        let left_ty = self.check(left, number);
        let right_hint = Some(left_ty).filter(|&t| {
            !op.is_shift() && matches!(self.s.kind(t), TyKind::Int(_) | TyKind::Float(_)) && self.is_plain(right)
        });
        let right_ty = self.check(right, right_hint);
        self.operate(e, op, left, right, left_ty, right_ty, op_span, false)
    }

    /// A literal, or arithmetic on literals: a hint about its type cannot be wrong about anything else.
    fn is_plain(&self, e: ExprId) -> bool {
        match &self.body_ref().exprs[e] {
            Expr::Lit(_) => true,
            Expr::Unary { value, .. } => self.is_plain(*value),
            Expr::Binary { left, right, op, .. } => {
                !op.is_comparison() && self.is_plain(*left) && self.is_plain(*right)
            }
            _ => false,
        }
    }

    pub(in crate::check) fn assign_op(&mut self, e: ExprId, op: BinaryOp, place: ExprId, value: ExprId, op_span: Span) {
        let left_ty = self.check(place, None);
        self.assignable(place);
        let hint = Some(left_ty).filter(|&t| {
            !op.is_shift() && matches!(self.s.kind(t), TyKind::Int(_) | TyKind::Float(_)) && self.is_plain(value)
        });
        let right_ty = self.check(value, hint);
        self.operate(e, op, place, value, left_ty, right_ty, op_span, true);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn operate(
        &mut self,
        e: ExprId,
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        left_ty: Ty,
        right_ty: Ty,
        span: Span,
        assign: bool,
    ) -> Ty {
        let left_ty = self.structurally(left_ty);
        let right_ty = self.structurally(right_ty);
        let left_unknown = self.s.is_unknown(left_ty);
        let right_unknown = self.s.is_unknown(right_ty);
        if left_unknown && (right_unknown || op.is_shift()) {
            let kind = DeferredKind::Binary { op, left, right, left_ty, right_ty, assign };
            return self.defer(e, kind, span);
        }
        self.binary_on(e, op, left, right, left_ty, right_ty, span, assign)
    }

    /// The primitive behind references, with the number of references.
    fn primitive(&mut self, ty: Ty) -> Option<(Ty, u32)> {
        let mut ty = self.structurally(ty);
        let mut depth = 0;
        loop {
            match self.c.types.kind(ty) {
                TyKind::Ref(_, _, to) => {
                    ty = self.structurally(to);
                    depth += 1;
                }
                TyKind::Bool
                | TyKind::Char
                | TyKind::Int(_)
                | TyKind::Float(_)
                | TyKind::Infer(InferVar::Int(_) | InferVar::Float(_)) => return Some((ty, depth)),
                _ => return None,
            }
        }
    }

    /// Follows the references of an operand down to the primitive.
    fn deref_operand(&mut self, e: ExprId, ty: Ty, depth: u32) {
        let mut ty = self.s.shallow(ty);
        for _ in 0..depth {
            if let TyKind::Ref(_, _, to) = self.c.types.kind(ty) {
                ty = self.s.shallow(to);
                self.adjust(e, AdjustKind::Deref, ty);
            }
        }
    }

    /// An operator of which at least one operand is known.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    pub(in crate::check) fn binary_on(
        &mut self,
        e: ExprId,
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        left_ty: Ty,
        right_ty: Ty,
        span: Span,
        assign: bool,
    ) -> Ty {
        let (left_ty, right_ty) = (self.s.shallow(left_ty), self.s.shallow(right_ty));
        if left_ty == Ty::ERROR || right_ty == Ty::ERROR {
            self.typed().failed = true;
            return if op.is_comparison() { Ty::BOOL } else { Ty::ERROR };
        }
        if op.is_comparison()
            && let (TyKind::Str(_), TyKind::Str(_)) = (self.s.kind(left_ty), self.s.kind(right_ty))
        {
            return Ty::BOOL;
        }
        let l = self.primitive(left_ty);
        let r = self.primitive(right_ty);
        match (l, r) {
            (Some((a, n)), Some((b, m))) => {
                // Number types that differ are looked up as traits: the library may know the pair.
                let fits = if op.is_shift() {
                    self.is_int(a) && self.is_int(b)
                } else {
                    self.has_operator(a, op) && self.has_operator(b, op) && self.s.unify(a, b).is_ok()
                };
                if fits {
                    self.deref_operand(left, left_ty, n);
                    self.deref_operand(right, right_ty, m);
                    return self.builtin_result(op, a);
                }
                self.no_operator(op, left_ty, right_ty, left, right, span)
            }
            (Some((a, n)), None) if self.s.is_unknown(right_ty) && self.has_operator(a, op) => {
                if self.s.unify(right_ty, a).is_err() {
                    self.mismatch(self.body_ref().expr_span(right), a, right_ty);
                }
                self.deref_operand(left, left_ty, n);
                self.builtin_result(op, a)
            }
            (None, Some((b, m))) if self.s.is_unknown(left_ty) && self.has_operator(b, op) => {
                if self.s.unify(left_ty, b).is_err() {
                    self.mismatch(self.body_ref().expr_span(left), b, left_ty);
                }
                self.deref_operand(right, right_ty, m);
                self.builtin_result(op, b)
            }
            _ => self.overloaded(e, op, left, right, left_ty, right_ty, span, assign),
        }
    }

    fn is_int(&self, ty: Ty) -> bool {
        matches!(self.s.kind(ty), TyKind::Int(_) | TyKind::Infer(InferVar::Int(_)))
    }

    /// Whether the language itself defines the operator on a primitive type.
    fn has_operator(&self, ty: Ty, op: BinaryOp) -> bool {
        let kind = self.s.kind(ty);
        let int = matches!(kind, TyKind::Int(_) | TyKind::Infer(InferVar::Int(_)));
        let float = matches!(kind, TyKind::Float(_) | TyKind::Infer(InferVar::Float(_)));
        let is_bool = kind == TyKind::Bool;
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => int || float,
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => int || is_bool,
            BinaryOp::Shl | BinaryOp::Shr => int,
            _ => true,
        }
    }

    fn builtin_result(&self, op: BinaryOp, operand: Ty) -> Ty {
        if op.is_comparison() { Ty::BOOL } else { operand }
    }

    fn no_operator(&mut self, op: BinaryOp, l: Ty, r: Ty, left: ExprId, right: ExprId, span: Span) -> Ty {
        let (lt, rt) = (self.show(l), self.show(r));
        let numbers = self.primitive(l).is_some_and(|(t, _)| self.has_operator(t, BinaryOp::Add))
            && self.primitive(r).is_some_and(|(t, _)| self.has_operator(t, BinaryOp::Add));
        let body = self.body_ref();
        let (ls, rs) = (body.expr_span(left), body.expr_span(right));
        if numbers && !op.is_shift() {
            let text = format!("expected `{lt}`, found `{rt}`");
            let help = match (self.s.kind(l), self.s.kind(r)) {
                (TyKind::Int(_) | TyKind::Infer(InferVar::Int(_)), TyKind::Float(_) | TyKind::Infer(_)) => {
                    let t = if rt.contains('{') { "f64".to_string() } else { rt.clone() };
                    format!("convert the left operand: `as {t}`")
                }
                _ => format!("convert the right operand: `as {}`", if lt.contains('{') { "f64" } else { &lt }),
            };
            let d = Diagnostic::new(&code::TYPE_MISMATCH, text)
                .label(rs, format!("this is `{rt}`"), true)
                .label(ls, format!("this is `{lt}`"), false)
                .help(help);
            self.report(d);
            return if op.is_comparison() { Ty::BOOL } else { Ty::ERROR };
        }
        let text = if op.is_comparison() {
            format!("`{lt}` and `{rt}` cannot be compared with `{}`", op.text())
        } else {
            format!("`{}` is not defined for `{lt}` and `{rt}`", op.text())
        };
        let t = self.c.hir.lang_trait(lang_name(op, false));
        let mut d = Diagnostic::at(&code::OPERATOR_NOT_DEFINED, span, text)
            .label(ls, format!("this is `{lt}`"), false)
            .label(rs, format!("this is `{rt}`"), false);
        if let Some(t) = t {
            let name = self.text(self.c.hir.traits[t].head.name);
            d = d.help(format!("implement `{name}` for `{lt}`"));
        }
        self.report(d);
        if op.is_comparison() { Ty::BOOL } else { Ty::ERROR }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn overloaded(
        &mut self,
        e: ExprId,
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        left_ty: Ty,
        right_ty: Ty,
        span: Span,
        assign: bool,
    ) -> Ty {
        let c = self.c;
        let by_ref = op.is_comparison();
        let Some(t) = c.hir.lang_trait(lang_name(op, assign)) else {
            return self.no_operator(op, left_ty, right_ty, left, right, span);
        };
        if by_ref && !assign {
            // Two raw pointers, functions or objects compare by address.
            if let (TyKind::Ptr(..), TyKind::Ptr(..)) | (TyKind::FnPtr(_), TyKind::FnPtr(_)) =
                (c.types.kind(left_ty), c.types.kind(right_ty))
            {
                let _ = self.s.unify(left_ty, right_ty);
                return Ty::BOOL;
            }
        }
        // Comparisons look through as many references as both sides have.
        let (mut l, mut r) = (left_ty, right_ty);
        let mut steps = 0;
        if by_ref {
            while let (TyKind::Ref(_, _, a), TyKind::Ref(_, _, b)) = (c.types.kind(l), c.types.kind(r)) {
                l = self.structurally(a);
                r = self.structurally(b);
                steps += 1;
            }
        }
        let Some((l, r, left_more)) = self.operator_types(t, l, r, span, by_ref) else {
            return self.no_operator(op, left_ty, right_ty, left, right, span);
        };
        for (e, ty, n) in [(left, left_ty, steps + left_more.0), (right, right_ty, steps + left_more.1)] {
            self.deref_operand(e, ty, n);
        }
        let args = c.types.ty_list(&[l, r]);
        self.demand_trait(t, &[l, r], span);
        let name = method_name(op, assign);
        let func = c.hir.names.lookup(name).and_then(|n| c.find_trait_fn(t, n));
        if let Some(func) = func {
            self.set_callee(e, CalleeRole::Main, Callee { func, args });
        }
        if by_ref {
            for (e, ty) in [(left, l), (right, r)] {
                let to = c.types.reference(Mutability::Shared, ty);
                self.adjust(e, AdjustKind::Borrow(Mutability::Shared), to);
            }
            return Ty::BOOL;
        }
        if assign {
            let to = c.types.reference(Mutability::Mut, l);
            self.adjust(left, AdjustKind::Borrow(Mutability::Mut), to);
            return Ty::UNIT;
        }
        self.associated(t, "Output", args, span)
    }

    /// Types with which the operator's trait holds: as they are, or for comparisons with references followed. Also says how
    /// many references more are followed on each side.
    fn operator_types(
        &mut self,
        t: crate::hir::TraitId,
        l: Ty,
        r: Ty,
        span: Span,
        by_ref: bool,
    ) -> Option<(Ty, Ty, (u32, u32))> {
        use crate::check::solve::Answer;
        let c = self.c;
        let mut tried = vec![(l, r, (0, 0))];
        if by_ref {
            if let TyKind::Ref(_, _, a) = c.types.kind(l) {
                tried.push((self.structurally(a), r, (1, 0)));
            }
            if let TyKind::Ref(_, _, b) = c.types.kind(r) {
                tried.push((l, self.structurally(b), (0, 1)));
            }
        }
        for (a, b, n) in tried {
            let args = c.types.ty_list(&[a, b]);
            let answer = self.s.evaluate(Predicate::Trait(t, args), span);
            if answer != Answer::No {
                return Some((a, b, n));
            }
        }
        None
    }

    /// An operator between two values of one unknown type: the bound is inferred.
    pub(in crate::check) fn generic_operator(
        &mut self,
        e: ExprId,
        op: BinaryOp,
        ty: Ty,
        out: Ty,
        assign: bool,
        span: Span,
    ) {
        let c = self.c;
        let Some(t) = c.hir.lang_trait(lang_name(op, assign)) else { return };
        let args = c.types.ty_list(&[ty, ty]);
        self.demand_trait(t, &[ty, ty], span);
        if let Some(func) = c.hir.names.lookup(method_name(op, assign)).and_then(|n| c.find_trait_fn(t, n)) {
            self.set_callee(e, CalleeRole::Main, Callee { func, args });
        }
        let Expr::Binary { left, right, .. } = &self.body_ref().exprs[e] else {
            if let Expr::AssignOp { place, .. } = &self.body_ref().exprs[e] {
                let to = c.types.reference(Mutability::Mut, ty);
                self.adjust(*place, AdjustKind::Borrow(Mutability::Mut), to);
            }
            let _ = self.s.unify(out, Ty::UNIT);
            return;
        };
        if op.is_comparison() {
            for e in [*left, *right] {
                let to = c.types.reference(Mutability::Shared, ty);
                self.adjust(e, AdjustKind::Borrow(Mutability::Shared), to);
            }
            let _ = self.s.unify(out, Ty::BOOL);
            return;
        }
        if let Some(alias) = c.hir.names.lookup("Output").and_then(|n| c.find_trait_type(t, n)) {
            let predicate = Predicate::Projection(alias, args, ty);
            self.s.demand(Goal::new(predicate, Cause { span, from: None }));
        }
        let _ = self.s.unify(out, ty);
    }

    pub(in crate::check) fn generic_unary(&mut self, e: ExprId, op: UnaryOp, ty: Ty, out: Ty, span: Span) {
        let c = self.c;
        let (name, method) = match op {
            UnaryOp::Neg => ("neg", "neg"),
            UnaryOp::Not | UnaryOp::BitNot => ("not", "not"),
        };
        let Some(t) = c.hir.lang_trait(name) else { return };
        let args = c.types.ty_list(&[ty]);
        self.demand_trait(t, &[ty], span);
        if let Some(func) = c.hir.names.lookup(method).and_then(|n| c.find_trait_fn(t, n)) {
            self.set_callee(e, CalleeRole::Main, Callee { func, args });
        }
        if let Some(alias) = c.hir.names.lookup("Output").and_then(|n| c.find_trait_type(t, n)) {
            let predicate = Predicate::Projection(alias, args, ty);
            self.s.demand(Goal::new(predicate, Cause { span, from: None }));
        }
        let _ = self.s.unify(out, ty);
    }

    pub(in crate::check) fn unary_on(&mut self, e: ExprId, op: UnaryOp, value: ExprId, ty: Ty) -> Ty {
        let ty = self.structurally(ty);
        let span = self.span(e);
        if ty == Ty::ERROR {
            return Ty::ERROR;
        }
        if self.s.is_unknown(ty) {
            return self.defer(e, DeferredKind::Unary { op, value, ty }, span);
        }
        if let Some((p, depth)) = self.primitive(ty) {
            let int = self.is_int(p);
            let ok = match op {
                UnaryOp::Neg => {
                    let float = matches!(self.s.kind(p), TyKind::Float(_) | TyKind::Infer(InferVar::Float(_)));
                    let signed = self.int_kind(p).is_none_or(|k| k.is_signed());
                    float || (int && signed)
                }
                UnaryOp::Not => int || self.s.shallow(p) == Ty::BOOL,
                UnaryOp::BitNot => int,
            };
            if ok {
                self.deref_operand(value, ty, depth);
                return p;
            }
        }
        let (name, sign) = match op {
            UnaryOp::Neg => ("neg", "-"),
            UnaryOp::Not => ("not", "!"),
            UnaryOp::BitNot => ("not", "~"),
        };
        let t = self.c.hir.lang_trait(name);
        match t {
            Some(t) if self.s.implements(ty, t, span) != crate::check::solve::Answer::No => {
                let args = self.c.types.ty_list(&[ty]);
                self.demand_trait(t, &[ty], span);
                if let Some(&func) = self.c.hir.traits[t].fns.first() {
                    self.set_callee(e, CalleeRole::Main, Callee { func, args });
                }
                self.associated(t, "Output", args, span)
            }
            _ => {
                let text = format!("`{sign}` is not defined for `{}`", self.show(ty));
                self.error(&code::OPERATOR_NOT_DEFINED, span, text)
            }
        }
    }

    pub(in crate::check) fn deref(&mut self, e: ExprId, value: ExprId, ty: Ty, span: Span) -> Ty {
        let ty = self.structurally(ty);
        match self.c.types.kind(ty) {
            TyKind::Error => return Ty::ERROR,
            // A `str` is its own target.
            TyKind::Str(_) => return ty,
            TyKind::Ptr(_, to) => {
                if self.b().unsafe_depth == 0 && !self.in_unsafe_fn() {
                    let text = "following a raw pointer is unsafe";
                    self.report(Diagnostic::at(&code::UNSAFE_REQUIRED, span, text));
                }
                return to;
            }
            TyKind::Infer(InferVar::Ty(_)) => {
                // A reference is the only thing that can be meant.
                let to = self.s.fresh(span);
                let reference = self.c.types.reference(Mutability::Shared, to);
                let _ = self.s.unify(ty, reference);
                return to;
            }
            _ => {}
        }
        match self.deref_step(ty, span) {
            Some(step) => {
                if let Some(callee) = step.overloaded {
                    self.set_callee(e, CalleeRole::Main, callee);
                    let to = self.c.types.reference(Mutability::Shared, ty);
                    let _ = (value, to);
                }
                step.to
            }
            None => {
                let text = format!("`{}` cannot be dereferenced", self.show(ty));
                self.error(&code::NOT_DEREFERENCEABLE, span, text)
            }
        }
    }

    pub(in crate::check) fn in_unsafe_fn(&self) -> bool {
        match self.body_ref().owner {
            crate::hir::BodyOwner::Fn(f) => self.c.hir.fns[f].is_unsafe,
            _ => false,
        }
    }

    pub(in crate::check) fn index(&mut self, e: ExprId, base: ExprId, ty: Ty, index: ExprId) -> Ty {
        let index_ty = self.check(index, None);
        let ty = self.structurally(ty);
        let span = self.span(e);
        if self.s.is_unknown(ty) {
            return self.defer(e, DeferredKind::Index { base, ty, index, index_ty }, span);
        }
        self.index_on(e, base, ty, index, index_ty)
    }

    pub(in crate::check) fn index_on(&mut self, e: ExprId, base: ExprId, ty: Ty, index: ExprId, index_ty: Ty) -> Ty {
        use crate::check::solve::Answer;
        let c = self.c;
        let span = self.span(e);
        let mut steps = Vec::new();
        let mut at = self.structurally(ty);
        if at == Ty::ERROR {
            return Ty::ERROR;
        }
        let Some(t) = c.lang.index else { return Ty::ERROR };
        loop {
            // Arrays and slices by a number are the language's own.
            let elem = match c.types.kind(at) {
                TyKind::Array(elem, _) | TyKind::Slice(elem) => Some(elem),
                _ => None,
            };
            if let Some(elem) = elem
                && self.is_index_number(index_ty)
            {
                if self.s.unify(index_ty, Ty::USIZE).is_err() {
                    let span = self.span(index);
                    self.mismatch(span, Ty::USIZE, index_ty);
                }
                self.apply_steps(base, &steps, Mutability::Shared);
                return elem;
            }
            let index_shallow = self.s.shallow(index_ty);
            for (receiver, unsized_) in [(Some(at), false), (self.unsized_array(at), true)] {
                let Some(receiver) = receiver else { continue };
                // A plain literal index is a `usize` where the type takes one.
                let literal = matches!(c.types.kind(index_shallow), TyKind::Infer(InferVar::Int(_)));
                if literal && self.index_holds(t, receiver, Ty::USIZE, span) == Answer::Yes {
                    let _ = self.s.unify(index_ty, Ty::USIZE);
                }
                if self.index_holds(t, receiver, index_ty, span) == Answer::No {
                    continue;
                }
                self.apply_steps(base, &steps, Mutability::Shared);
                let mut reference = c.types.reference(Mutability::Shared, at);
                self.adjust(base, AdjustKind::Borrow(Mutability::Shared), reference);
                if unsized_ {
                    reference = c.types.reference(Mutability::Shared, receiver);
                    self.adjust(base, AdjustKind::Unsize, reference);
                }
                let args = c.types.ty_list(&[receiver, index_ty]);
                self.demand_trait(t, &[receiver, index_ty], span);
                if let Some(&func) = c.hir.traits[t].fns.first() {
                    self.set_callee(e, CalleeRole::Main, Callee { func, args });
                }
                return self.associated(t, "Output", args, span);
            }
            match self.deref_step(at, span) {
                Some(step) if steps.len() < 16 => {
                    at = self.structurally(step.to);
                    steps.push(step);
                }
                _ => break,
            }
        }
        let text = format!("`{}` cannot be indexed by `{}`", self.show(ty), self.show(index_ty));
        self.error(&code::BOUND_NOT_SATISFIED, span, text)
    }

    fn index_holds(
        &mut self,
        t: crate::hir::TraitId,
        receiver: Ty,
        index: Ty,
        span: Span,
    ) -> crate::check::solve::Answer {
        let args = self.c.types.ty_list(&[receiver, index]);
        self.s.evaluate(Predicate::Trait(t, args), span)
    }

    fn unsized_array(&self, ty: Ty) -> Option<Ty> {
        match self.c.types.kind(ty) {
            TyKind::Array(elem, _) => Some(self.c.types.mk(TyKind::Slice(elem))),
            _ => None,
        }
    }

    fn is_index_number(&self, ty: Ty) -> bool {
        matches!(self.s.kind(ty), TyKind::Int(_) | TyKind::Infer(_))
    }
}
