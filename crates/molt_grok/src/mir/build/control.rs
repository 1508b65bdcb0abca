//! Blocks, `let`, conditions.

use molt_base::Span;
use smallvec::SmallVec;

use super::scope::{Exit, Target};
use super::{Builder, end_of};
use crate::check::typed::AdjustKind;
use crate::hir::{self, Block, Expr, ExprId, LocalId, Mutability, Pat, PatId, UnaryOp};
use crate::mir::{Constant, Operand, Place, Rvalue, Terminator};
use crate::ty::Ty;

impl Builder<'_> {
    pub(super) fn block(&mut self, dest: &Place, block: &Block, span: Span) {
        let Some(scope) = block.scope else { return self.plain_block(dest, block, span) };
        let after = self.new_block();
        let depth = self.scopes.depth();
        let break_to = Exit { block: after, depth };
        self.targets.push(Target { scope, break_to, continue_to: None, dest: dest.clone() });
        self.plain_block(dest, block, span);
        self.targets.pop();
        self.goto(after, span);
        self.enter(after);
    }

    fn plain_block(&mut self, dest: &Place, block: &Block, span: Span) {
        self.push_scope(end_of(span));
        for stmt in &block.stmts {
            match *stmt {
                hir::Stmt::Expr(expr) => self.terminating(expr, |b| b.effect(expr)),
                hir::Stmt::Let { pat, init, otherwise, span, .. } => self.let_stmt(pat, init, otherwise, span),
            }
        }
        // Temporary values of the tail belong to the statement around the block.
        match block.tail {
            Some(tail) => self.into(dest, self.full(tail)),
            None => self.assign_const(dest, Constant::Unit, end_of(span)),
        }
        self.pop_scope();
    }

    fn let_stmt(&mut self, pat: PatId, init: Option<ExprId>, otherwise: Option<ExprId>, span: Span) {
        let scope = self.scopes.innermost();
        self.declare_bindings(pat, scope, init.is_none() || self.plain_binding(pat).is_some());
        let Some(init) = init else { return self.schedule_bindings(pat, scope) };
        let extended = self.extended.len();
        if self.binds_by_reference(pat) {
            self.extend_value(init, scope);
        }
        self.extend_operands(init, scope);
        match otherwise {
            Some(otherwise) => self.let_else(pat, init, otherwise, span),
            None => self.temp_scope(end_of(span), |b| b.let_init(pat, init, scope)),
        }
        self.extended.truncate(extended);
    }

    fn let_init(&mut self, pat: PatId, init: ExprId, scope: usize) {
        let view = self.full(init);
        if let Some(local) = self.plain_binding(pat) {
            let place = self.local_place(local);
            self.into(&place, view);
            return self.schedule_bindings(pat, scope);
        }
        if self.is_place(view) {
            let place = self.scrutinee(init, &[pat]);
            if !self.is_wild(pat) {
                self.fake_read(place.clone(), self.span(init));
            }
            self.bind_irrefutable(pat, place);
        } else {
            let place = self.temp(view);
            self.bind_irrefutable(pat, place);
        }
        self.schedule_bindings(pat, scope);
    }

    /// In the `else` the temporary values of the initialiser are gone and the variables were never initialised.
    fn let_else(&mut self, pat: PatId, init: ExprId, otherwise: ExprId, span: Span) {
        let scope = self.scopes.innermost();
        let failed = self.new_block();
        self.temp_scope(end_of(span), |b| {
            let depth = b.scopes.innermost();
            let place = b.scrutinee(init, &[pat]);
            b.fake_read(place.clone(), b.span(init));
            b.bind_refutable(pat, place, Exit { block: failed, depth });
        });
        let matched = (self.cur, self.may_panic, self.moved);
        self.enter(failed);
        let discard = self.discard();
        self.terminating(otherwise, |b| b.into(&discard, b.full(otherwise)));
        self.end(Terminator::Unreachable, self.span(otherwise));
        (self.cur, self.may_panic, self.moved) = matched;
        self.schedule_bindings(pat, scope);
    }

    fn is_wild(&self, pat: PatId) -> bool {
        matches!(self.body.pats[pat], Pat::Wild)
    }

    /// A pattern that takes a reference of its value makes the value live as long as the variable.
    fn binds_by_reference(&self, pat: PatId) -> bool {
        match &self.body.pats[pat] {
            Pat::Bind { by_ref, sub, .. } => by_ref.is_some() || sub.is_some_and(|s| self.binds_by_reference(s)),
            Pat::TupleStruct { pats, .. } | Pat::Tuple(pats) | Pat::Slice(pats) | Pat::Or(pats) => {
                pats.iter().any(|&p| self.binds_by_reference(p))
            }
            Pat::Struct { fields, .. } => fields.iter().any(|f| self.binds_by_reference(f.pat)),
            Pat::Error | Pat::Wild | Pat::Rest | Pat::Lit { .. } | Pat::Range(_) | Pat::Path(_) | Pat::Ref(..) => false,
        }
    }

    /// The value of an expression, and of what it is a part of, lives in the scope.
    fn extend_value(&mut self, expr: ExprId, scope: usize) {
        let mut at = expr;
        loop {
            self.extended.push((at, scope));
            at = match self.body.exprs[at] {
                Expr::Field { base, .. } | Expr::Index { base, .. } => base,
                Expr::Deref(inner) | Expr::Ref { value: inner, .. } => inner,
                _ => return,
            };
        }
    }

    /// References in an initialiser whose operands live as long as the variable.
    fn extend_operands(&mut self, expr: ExprId, scope: usize) {
        let body = self.body;
        // An object of a `str` refers to a variable.
        if self.typed.adjustments(expr).iter().any(|a| a.kind == AdjustKind::Unsize)
            && self.is_str(self.typed.expr(expr))
        {
            self.extended.push((expr, scope));
        }
        match &body.exprs[expr] {
            Expr::Ref { value, .. } => {
                self.extend_operands(*value, scope);
                self.extend_value(*value, scope);
            }
            Expr::Tuple(parts) | Expr::Array(parts) => parts.iter().for_each(|&p| self.extend_operands(p, scope)),
            Expr::Struct { fields, .. } => fields.iter().for_each(|f| self.extend_operands(f.value, scope)),
            Expr::Cast { value, .. } => self.extend_operands(*value, scope),
            Expr::Block(Block { tail: Some(tail), .. }) => self.extend_operands(*tail, scope),
            _ => {}
        }
    }

    /// Calls `f` with each variable of a pattern.
    pub(super) fn each_binding(&mut self, pat: PatId, mut f: impl FnMut(&mut Self, LocalId)) {
        let mut found = Bindings::new();
        collect_bindings(self.body, pat, &mut found);
        found.into_iter().for_each(|local| f(self, local));
    }

    /// Makes slots for the variables of a pattern; their storage ends with the scope. It begins here if `live`, else where the
    /// pattern binds them.
    pub(super) fn declare_bindings(&mut self, pat: PatId, scope: usize, live: bool) {
        self.each_binding(pat, |b, local| {
            let decl = &b.body.locals[local];
            let slot = b.new_slot(b.typed.local(local), decl.span);
            b.claim(slot, local);
            if live {
                b.schedule_storage(scope, slot, decl.span);
            } else {
                b.schedule_dead(scope, slot);
            }
        });
    }

    /// The variables of a pattern are dropped with the scope.
    pub(super) fn schedule_bindings(&mut self, pat: PatId, scope: usize) {
        self.each_binding(pat, |b, local| {
            let (slot, ty) = (b.local_place(local).slot, b.typed.local(local));
            b.schedule_value_in(scope, slot, ty);
        });
    }

    pub(super) fn if_expr(&mut self, dest: &Place, cond: ExprId, then: ExprId, otherwise: Option<ExprId>, span: Span) {
        let failed = self.new_block();
        let join = self.new_block();
        // Temporary values of the head live until both branches are done; its variables only in the first.
        self.temp_scope(end_of(span), |b| {
            let depth = b.push_scope(end_of(b.span(then)));
            b.cond(cond, Exit { block: failed, depth });
            b.terminating(then, |b| b.into(dest, b.full(then)));
            b.pop_scope();
            b.goto(join, span);
            b.enter(failed);
            match otherwise {
                Some(e) => b.terminating(e, |b| b.into(dest, b.full(e))),
                None => b.assign_const(dest, Constant::Unit, span),
            }
            b.goto(join, span);
            b.enter(join);
        });
    }

    /// `a && b`, `a || b`, or a `let` condition as a value.
    pub(super) fn logical(&mut self, dest: &Place, expr: ExprId) {
        let span = self.span(expr);
        let failed = self.new_block();
        let join = self.new_block();
        let depth = self.push_scope(end_of(span));
        self.cond(expr, Exit { block: failed, depth });
        self.pop_scope();
        self.assign_const(dest, Constant::Bool(true), span);
        self.goto(join, span);
        self.enter(failed);
        self.assign_const(dest, Constant::Bool(false), span);
        self.goto(join, span);
        self.enter(join);
    }

    /// Goes on where the condition holds and leaves to `failed` where it does not.
    pub(super) fn cond(&mut self, expr: ExprId, failed: Exit) {
        let body = self.body;
        if self.typed.adjustments(expr).is_empty() {
            match &body.exprs[expr] {
                Expr::Logical { and: true, left, right } => {
                    self.cond(*left, failed);
                    return self.cond(*right, failed);
                }
                Expr::Logical { and: false, left, right } => return self.cond_or(*left, *right, failed),
                Expr::Unary { op: UnaryOp::Not, value } if self.typed.main_callee(expr).is_none() => {
                    return self.cond_not(*value, failed);
                }
                Expr::Let { pat, value } => return self.cond_let(*pat, *value, failed),
                Expr::Block(Block { stmts, tail: Some(tail), scope: None, .. }) if stmts.is_empty() => {
                    return self.cond(*tail, failed);
                }
                _ => {}
            }
        }
        let value = self.terminating(expr, |b| b.bool_value(expr));
        let span = self.span(expr);
        let holds = self.new_block();
        let to = self.exit_chain(failed);
        self.end(Terminator::Switch { value, targets: vec![(0, to)], otherwise: holds }, span);
        self.enter(holds);
    }

    /// A truth value that does not depend on temporary values.
    fn bool_value(&mut self, expr: ExprId) -> Operand {
        let view = self.full(expr);
        let value = self.operand(view);
        match &value {
            Operand::Copy(place) if !place.is_local() => {
                let slot = self.new_slot(Ty::BOOL, self.span(expr));
                self.assign(Place::local(slot), Rvalue::Use(value), self.span(expr));
                Operand::Move(Place::local(slot))
            }
            _ => value,
        }
    }

    fn cond_or(&mut self, left: ExprId, right: ExprId, failed: Exit) {
        let span = self.span(left);
        let second = self.new_block();
        let holds = self.new_block();
        let depth = self.push_scope(end_of(span));
        self.cond(left, Exit { block: second, depth });
        self.pop_scope();
        self.goto(holds, span);
        self.enter(second);
        self.cond(right, failed);
        self.goto(holds, span);
        self.enter(holds);
    }

    fn cond_not(&mut self, value: ExprId, failed: Exit) {
        let span = self.span(value);
        let holds = self.new_block();
        let depth = self.push_scope(end_of(span));
        self.cond(value, Exit { block: holds, depth });
        self.pop_scope();
        let to = self.exit_chain(failed);
        self.goto(to, span);
        self.enter(holds);
    }

    /// Variables live in the innermost scope, which whoever asked for the condition made.
    fn cond_let(&mut self, pat: PatId, value: ExprId, failed: Exit) {
        let scope = self.scopes.innermost();
        let place = self.scrutinee(value, &[pat]);
        self.fake_read(place.clone(), self.span(value));
        self.declare_bindings(pat, scope, false);
        self.bind_refutable(pat, place, failed);
        self.schedule_bindings(pat, scope);
    }

    /// The mutability a binding takes a reference with; `None` by value.
    pub(super) fn bind_mode(&self, pat: PatId) -> Option<Mutability> {
        self.typed.bind_mode.get(&pat).copied()
    }
}

/// The variables of a pattern.
pub(super) type Bindings = SmallVec<[LocalId; 4]>;

/// Variables of a pattern in order of their declaration; alternatives bind the same ones.
pub(super) fn collect_bindings(body: &hir::Body, pat: PatId, found: &mut Bindings) {
    match &body.pats[pat] {
        Pat::Bind { local, sub, .. } => {
            if !found.contains(local) {
                found.push(*local);
            }
            if let Some(sub) = sub {
                collect_bindings(body, *sub, found);
            }
        }
        Pat::TupleStruct { pats, .. } | Pat::Tuple(pats) | Pat::Slice(pats) => {
            pats.iter().for_each(|&p| collect_bindings(body, p, found));
        }
        Pat::Or(pats) => {
            if let Some(&first) = pats.first() {
                collect_bindings(body, first, found);
            }
        }
        Pat::Struct { fields, .. } => fields.iter().for_each(|f| collect_bindings(body, f.pat, found)),
        Pat::Ref(_, sub) => collect_bindings(body, *sub, found),
        Pat::Error | Pat::Wild | Pat::Rest | Pat::Lit { .. } | Pat::Range(_) | Pat::Path(_) => {}
    }
}
