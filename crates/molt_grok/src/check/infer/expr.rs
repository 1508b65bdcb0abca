//! Types of expressions.

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;
use smallvec::SmallVec;

use super::deferred::DeferredKind;
use super::{BreakState, Infer, OpenClosure};
use crate::check::context::Predicate;
use crate::check::solve::{ClosureSig, VarKind};
use crate::check::typed::{AdjustKind, Callee, CalleeRole, ClosureForm, FnTrait};
use crate::hir::{
    Arm, Block, Closure, Expr, ExprId, FormatKind, FormatPiece, FormatStyle, IntKind, Lit, Mutability, NumKind, PatId,
    PathRes, Stmt, TypeId, UnaryOp,
};
use crate::ty::{Arg, Args, ConstKind, InferVar, Ty, TyKind};

impl<'c> Infer<'c> {
    /// Type of an expression, before adjustments. `hint` is what its place would like, if that is known.
    pub(in crate::check) fn check(&mut self, e: ExprId, hint: Option<Ty>) -> Ty {
        let ty = self.check_kind(e, hint);
        if self.s.shallow(ty) == Ty::NEVER {
            self.diverges = true;
        }
        self.record(e, ty)
    }

    fn check_kind(&mut self, e: ExprId, hint: Option<Ty>) -> Ty {
        let body = self.body_ref();
        let span = self.span(e);
        match &body.exprs[e] {
            Expr::Error => {
                self.typed().failed = true;
                self.errors = true;
                Ty::ERROR
            }
            Expr::Lit(lit) => self.lit(*lit, hint, span),
            Expr::Path(path) => self.path_expr(e, path, span),
            Expr::Tuple(parts) => {
                let hints: Vec<Option<Ty>> = match hint.map(|h| self.s.kind(h)) {
                    Some(TyKind::Tuple(a)) => self.c.types.ty_elems(a).map(Some).collect(),
                    _ => Vec::new(),
                };
                let mut list = Vec::new();
                for (i, &p) in parts.iter().enumerate() {
                    let hint = hints.get(i).copied().flatten();
                    list.push(self.check_hinted(p, hint));
                }
                self.c.types.tuple(&list)
            }
            Expr::Array(parts) => {
                let elem = self.array(parts, hint, span);
                let len = self.const_usize(parts.len() as u64);
                self.c.types.mk(TyKind::Array(elem, len))
            }
            Expr::Repeat { value, len } => {
                let hint = self.element_hint(hint);
                let elem = self.check_hinted(*value, hint);
                let owner = self.c.generics_owner(body.owner);
                let mut holes = super::VarHoles(&mut self.s);
                let len = crate::check::convert::Converter::new(
                    self.c,
                    owner,
                    crate::check::convert::Elision::Erased,
                    &mut holes,
                )
                .constant(*len, span);
                let len = self.c.evaluated(self.c.checked_length(len));
                if self.c.types.const_kind(len) != ConstKind::Value(1)
                    && let Some(copy) = self.c.lang.copy
                {
                    self.demand_trait(copy, &[elem], span);
                }
                self.c.types.mk(TyKind::Array(elem, len))
            }
            Expr::Struct { path, fields, base } => self.struct_expr(e, path, fields, *base, hint, span),
            Expr::Call { callee, args } => self.call(e, *callee, args, hint),
            Expr::MethodCall { recv, name, name_span, generics, args } => {
                let recv_ty = self.check(*recv, None);
                self.method_call(e, *recv, recv_ty, *name, *name_span, generics, args, hint)
            }
            Expr::Field { base, name, name_span } => {
                let ty = self.check(*base, None);
                self.field(e, *base, ty, *name, *name_span)
            }
            Expr::Index { base, index } => {
                let ty = self.check(*base, None);
                self.index(e, *base, ty, *index)
            }
            Expr::Unary { op, value } => self.unary(e, *op, *value, hint),
            Expr::Deref(value) => {
                let hint = hint.map(|h| self.c.types.reference(Mutability::Shared, h));
                let ty = self.check(*value, hint.filter(|_| false));
                self.deref(e, *value, ty, span)
            }
            Expr::Ref { mutability, value } => {
                let inner = hint.and_then(|h| match self.s.kind(h) {
                    TyKind::Ref(_, _, t) => match self.s.kind(t) {
                        // The element type of a slice is no hint for the array as a whole.
                        TyKind::Slice(_) | TyKind::Dyn(..) => None,
                        _ => Some(t),
                    },
                    _ => None,
                });
                let elem = hint.and_then(|h| match self.s.kind(h) {
                    TyKind::Ref(_, _, t) => match self.s.kind(t) {
                        TyKind::Slice(elem) => Some(elem),
                        _ => None,
                    },
                    _ => None,
                });
                let ty = match (&body.exprs[*value], elem) {
                    (Expr::Array(parts), Some(elem)) => {
                        let n = self.const_usize(parts.len() as u64);
                        let array = self.c.types.mk(TyKind::Array(elem, n));
                        self.check(*value, Some(array))
                    }
                    _ => self.check(*value, inner),
                };
                if *mutability == Mutability::Mut {
                    self.mark_mutable(*value);
                }
                self.c.types.reference(*mutability, ty)
            }
            Expr::Binary { op, left, right, op_span } => self.binary(e, *op, *left, *right, *op_span, hint),
            Expr::Logical { left, right, .. } => {
                self.check_coerce(*left, Ty::BOOL);
                let before = self.diverges;
                self.check_coerce(*right, Ty::BOOL);
                self.diverges = before;
                Ty::BOOL
            }
            Expr::Assign { place, value } => {
                let ty = self.check(*place, None);
                self.assignable(*place);
                self.check_coerce(*value, ty);
                self.mark_mutable(*place);
                Ty::UNIT
            }
            Expr::AssignOp { op, place, value, op_span } => {
                self.assign_op(e, *op, *place, *value, *op_span);
                self.mark_mutable(*place);
                Ty::UNIT
            }
            Expr::Cast { value, ty } => self.cast(e, *value, *ty),
            Expr::Range { start, end, inclusive } => self.range(*start, *end, *inclusive, hint, span),
            Expr::If { cond, then, otherwise } => self.if_expr(e, *cond, *then, *otherwise, hint),
            Expr::Let { pat, value } => {
                let ty = self.check(*value, None);
                self.check_pat_top(*pat, ty);
                Ty::BOOL
            }
            Expr::Match { value, arms } => self.match_expr(*value, arms, hint, span),
            Expr::Loop { scope, body } => {
                self.b().breaks.insert(*scope, BreakState { ty: None, expected: hint, broken: false });
                self.check_coerce(*body, Ty::UNIT);
                let state = self.b().breaks[scope];
                self.diverges = !state.broken;
                match state.ty {
                    _ if !state.broken => Ty::NEVER,
                    Some(t) => t,
                    None => Ty::UNIT,
                }
            }
            Expr::While { scope, cond, body } => {
                self.b().breaks.insert(*scope, BreakState { ty: None, expected: None, broken: false });
                self.check_coerce(*cond, Ty::BOOL);
                let before = self.diverges;
                self.check_coerce(*body, Ty::UNIT);
                self.diverges = before;
                Ty::UNIT
            }
            Expr::For { scope, pat, iter, body } => self.for_expr(e, *scope, *pat, *iter, *body),
            Expr::Block(block) => self.block(block, hint, span),
            Expr::Break { scope, value } => {
                self.break_expr(*scope, *value, span);
                Ty::NEVER
            }
            Expr::Continue { .. } => Ty::NEVER,
            Expr::Return(value) => {
                let ret = self.b().returns.last().copied().unwrap_or(Ty::ERROR);
                match value {
                    Some(v) => {
                        self.check_coerce(*v, ret);
                    }
                    None => {
                        if self.s.unify(Ty::UNIT, ret).is_err() {
                            self.mismatch(span, ret, Ty::UNIT);
                        }
                    }
                }
                Ty::NEVER
            }
            Expr::Closure(closure) => self.closure(e, closure, hint),
            Expr::Try(value) => self.try_expr(e, *value, span),
            Expr::Await(value) => self.await_expr(e, *value, span),
            Expr::Async { body, ret, .. } => self.async_block(e, *body, *ret),
            Expr::Format(format) => {
                for &a in &format.args {
                    self.check(a, None);
                }
                self.format(e, format)
            }
            Expr::SpawnTask { body } => self.spawn_task(e, *body),
            Expr::SpawnActor { path, fields, options, .. } => self.spawn_actor(e, path, fields, options, span),
            Expr::Send { target, message } => self.send(e, *target, message, span),
            Expr::Ask { target, message, within } => self.ask(e, *target, message, *within, span),
            Expr::Receive { arms, after } => self.receive(e, arms, *after, hint, span),
            Expr::Select { arms } => self.select(e, arms, hint, span),
        }
    }

    /// As [`Infer::check`], and coerced to the hint where that is possible.
    fn check_hinted(&mut self, e: ExprId, hint: Option<Ty>) -> Ty {
        match hint {
            Some(h) => self.check_coerce(e, h),
            None => self.check(e, None),
        }
    }

    fn element_hint(&self, hint: Option<Ty>) -> Option<Ty> {
        match self.s.kind(hint?) {
            TyKind::Array(t, _) | TyKind::Slice(t) => Some(t),
            _ => None,
        }
    }

    fn array(&mut self, parts: &[ExprId], hint: Option<Ty>, span: molt_base::Span) -> Ty {
        let mut join = Join::new(self.element_hint(hint));
        for (n, &p) in parts.iter().enumerate() {
            match join.ty.filter(|&t| self.is_future(t)) {
                Some(first) => self.another_future(&mut join, first, &parts[..n], p),
                None => self.join(&mut join, p),
            }
        }
        join.ty.unwrap_or_else(|| self.s.fresh(span))
    }

    /// An element after one that is a future. Futures of different bodies have different types: a list of them is one of
    /// boxes.
    fn another_future(&mut self, join: &mut Join, first: Ty, before: &[ExprId], e: ExprId) {
        let found = self.check(e, None);
        let found = self.structurally(found);
        if !self.is_future(found) || self.s.unify(first, found).is_ok() {
            self.coerce(e, found, first);
            return;
        }
        let object = self.boxed_future(first, before[0]);
        before.iter().for_each(|&b| {
            self.coerce(b, first, object);
        });
        self.coerce(e, found, object);
        join.ty = Some(object);
    }

    fn lit(&mut self, lit: Lit, hint: Option<Ty>, span: molt_base::Span) -> Ty {
        match lit {
            Lit::Bool(_) => Ty::BOOL,
            Lit::Char(_) => Ty::CHAR,
            Lit::Int(_, Some(NumKind::Int(k))) => Ty::int(k),
            Lit::Int(_, Some(NumKind::Float(k))) => Ty::float(k),
            Lit::Int(_, None) => match hint.map(|h| self.s.shallow(h)) {
                Some(h) if matches!(self.c.types.kind(h), TyKind::Int(_) | TyKind::Float(_)) => h,
                _ => self.number_var(span),
            },
            Lit::Float(_, Some(k)) => Ty::float(k),
            Lit::Float(_, None) => match hint.map(|h| self.s.shallow(h)) {
                Some(h) if matches!(self.c.types.kind(h), TyKind::Float(_)) => h,
                _ => self.s.fresh_kind(VarKind::Float, span),
            },
            Lit::Str(_) => Ty::STR,
            Lit::Bytes(text) => {
                let n = self.const_usize(self.text(text).chars().count() as u64);
                let array = self.c.types.mk(TyKind::Array(Ty::U8, n));
                self.c.types.reference(Mutability::Shared, array)
            }
            Lit::CStr(_) => match self.c.hir.lang_adt("CStr") {
                Some(adt) => {
                    let ty = self.c.types.mk(TyKind::Adt(adt, Args::EMPTY));
                    self.c.types.reference(Mutability::Shared, ty)
                }
                None => self.error(&code::UNKNOWN_TYPE, span, "C strings need the library's `ffi` module"),
            },
        }
    }

    pub(in crate::check) fn block(&mut self, block: &'c Block, hint: Option<Ty>, span: molt_base::Span) -> Ty {
        if block.is_unsafe {
            self.b().unsafe_depth += 1;
        }
        if let Some(scope) = block.scope {
            self.b().breaks.insert(scope, BreakState { ty: None, expected: hint, broken: false });
        }
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        let diverged = self.diverges;
        let mut ty = match block.tail {
            Some(tail) => match (block.scope, hint) {
                (Some(_), Some(h)) => self.check_coerce(tail, h),
                _ => self.check(tail, hint),
            },
            None if diverged => Ty::NEVER,
            None => Ty::UNIT,
        };
        if let Some(tail) = block.tail
            && !self.typed().adjustments(tail).is_empty()
        {
            ty = self.typed().adjusted(tail);
        }
        if let Some(scope) = block.scope {
            let state = self.b().breaks[&scope];
            if state.broken {
                let broken = state.ty.unwrap_or(Ty::UNIT);
                let merged = if self.s.shallow(ty) == Ty::NEVER {
                    broken
                } else {
                    if self.s.unify(ty, broken).is_err() {
                        self.mismatch(span, broken, ty);
                    }
                    ty
                };
                ty = merged;
                self.diverges = false;
            }
        }
        if block.is_unsafe {
            self.b().unsafe_depth -= 1;
        }
        if diverged && block.tail.is_some() && block.scope.is_none() {
            self.diverges = true;
        }
        ty
    }

    fn stmt(&mut self, stmt: &'c Stmt) {
        let from = self.s.vars.len();
        match stmt {
            Stmt::Let { pat, ty, init, otherwise, span } => self.let_stmt(*pat, *ty, *init, *otherwise, *span),
            Stmt::Expr(e) => {
                let ty = self.check(*e, None);
                if self.s.shallow(ty) == Ty::NEVER {
                    self.diverges = true;
                }
            }
        }
        if !self.s.pending.is_empty() {
            self.solve();
        }
        self.s.vars.restrict_numbers(from);
        self.retry_deferred();
    }

    fn let_stmt(
        &mut self,
        pat: PatId,
        ty: Option<TypeId>,
        init: Option<ExprId>,
        otherwise: Option<ExprId>,
        span: molt_base::Span,
    ) {
        let declared = ty.map(|t| self.convert(t));
        let value = match (init, declared) {
            (Some(e), Some(t)) => {
                self.check_coerce(e, t);
                t
            }
            (Some(e), None) => self.check_init(e, pat),
            (None, Some(t)) => t,
            (None, None) => self.s.fresh(span),
        };
        let after_init = self.diverges;
        if let Some(o) = otherwise {
            self.diverges = false;
            let ty = self.check(o, None);
            let ty = self.s.shallow(ty);
            if ty != Ty::NEVER && ty != Ty::ERROR && !self.diverges {
                let span = self.span(o);
                let text = "the `else` of this `let` must leave the block";
                let d = Diagnostic::at(&code::TYPE_MISMATCH, span, text)
                    .help("end it with `return`, `break`, `continue` or a panic");
                self.report(d);
            }
            self.diverges = after_init;
        }
        self.check_pat_top(pat, value);
        self.diverges = after_init;
    }

    /// The initial value of a `let` without a type. A `ref` pattern or a plain name takes the type as it is.
    fn check_init(&mut self, e: ExprId, _pat: PatId) -> Ty {
        let ty = self.check(e, None);
        self.typed().adjusted(e);
        ty
    }

    fn break_expr(&mut self, scope: crate::hir::ScopeId, value: Option<ExprId>, span: molt_base::Span) {
        let state = self.b().breaks.get(&scope).copied();
        let Some(state) = state else {
            if let Some(v) = value {
                self.check(v, None);
            }
            return;
        };
        let ty = match value {
            Some(v) => {
                let mut join = Join { ty: state.ty, hint: state.expected, first: None };
                self.join(&mut join, v);
                join.ty
            }
            None => {
                if let Some(t) = state.ty
                    && self.s.unify(t, Ty::UNIT).is_err()
                {
                    self.mismatch(span, t, Ty::UNIT);
                }
                Some(Ty::UNIT)
            }
        };
        let entry = BreakState { ty: ty.or(state.ty), broken: true, ..state };
        self.b().breaks.insert(scope, entry);
    }

    fn if_expr(&mut self, e: ExprId, cond: ExprId, then: ExprId, otherwise: Option<ExprId>, hint: Option<Ty>) -> Ty {
        self.check_coerce(cond, Ty::BOOL);
        let after_cond = self.diverges;
        let Some(otherwise) = otherwise else {
            let value = self.check(then, Some(Ty::UNIT));
            let fits = self.try_coerce(then, value, Ty::UNIT);
            if !fits {
                let span = self.blame(then);
                self.mismatch(span, Ty::UNIT, value);
            }
            self.diverges = after_cond;
            return if fits { Ty::UNIT } else { Ty::ERROR };
        };
        let _ = e;
        let mut join = Join::new(hint);
        self.join(&mut join, then);
        let then_diverges = std::mem::replace(&mut self.diverges, after_cond);
        self.join(&mut join, otherwise);
        self.diverges = after_cond || (then_diverges && self.diverges);
        join.ty.unwrap_or(Ty::NEVER)
    }

    fn match_expr(&mut self, value: ExprId, arms: &'c [Arm], hint: Option<Ty>, span: molt_base::Span) -> Ty {
        let ty = self.check(value, None);
        let after = self.diverges;
        for arm in arms {
            self.check_pat_top(arm.pat, ty);
        }
        let mut join = Join::new(hint);
        let mut all = true;
        for arm in arms {
            self.diverges = after;
            if let Some(g) = arm.guard {
                self.check_coerce(g, Ty::BOOL);
                self.diverges = after;
            }
            self.join(&mut join, arm.body);
            all &= self.diverges;
        }
        let _ = span;
        self.diverges = after || all;
        join.ty.unwrap_or(Ty::NEVER)
    }

    /// One of several values of one type: branches, arms, elements.
    pub(in crate::check) fn join(&mut self, join: &mut Join, e: ExprId) {
        let hint = join.hint.filter(|&h| !self.s.is_unknown(h));
        let target = match (join.ty, hint) {
            (Some(t), _) if self.s.shallow(t) != Ty::NEVER => Some(t),
            (_, Some(h)) => Some(h),
            _ => None,
        };
        match target {
            Some(t) => {
                self.check_coerce(e, t);
                join.ty = Some(t);
            }
            None => {
                let ty = self.check(e, join.hint);
                let ty = self.s.shallow(ty);
                if ty == Ty::NEVER {
                    join.ty = join.ty.or(Some(Ty::NEVER));
                    join.first.get_or_insert(Vec::new()).push(e);
                } else {
                    join.ty = Some(ty);
                    // Branches before that never end take the type of the first one that does.
                    for earlier in join.first.take().unwrap_or_default() {
                        self.adjust(earlier, AdjustKind::NeverToAny, ty);
                    }
                }
            }
        }
    }

    fn for_expr(&mut self, e: ExprId, scope: crate::hir::ScopeId, pat: PatId, iter: ExprId, body: ExprId) -> Ty {
        let span = self.span(iter);
        let ty = self.check(iter, None);
        let c = self.c;
        let item = match (c.hir.lang_trait("into_iterator"), c.hir.lang_trait("iterator")) {
            (Some(into), Some(iterator)) => {
                let ty = self.structurally(ty);
                let into_fn = c.hir.traits[into].fns.first().copied();
                let next_fn = c.hir.names.lookup("next").and_then(|n| c.find_trait_fn(iterator, n));
                let into_args = c.types.ty_list(&[ty]);
                self.demand_trait(into, &[ty], span);
                let into_iter = self.associated(into, "IntoIter", into_args, span);
                let iter_args = c.types.ty_list(&[into_iter]);
                let item = self.associated(iterator, "Item", iter_args, span);
                if let (Some(i), Some(n)) = (into_fn, next_fn) {
                    self.set_callee(e, CalleeRole::IntoIter, Callee { func: i, args: into_args });
                    self.set_callee(e, CalleeRole::Next, Callee { func: n, args: iter_args });
                }
                item
            }
            _ => Ty::ERROR,
        };
        self.solve();
        let item = self.s.resolve(item);
        self.check_pat_top(pat, item);
        self.b().breaks.insert(scope, BreakState { ty: None, expected: None, broken: false });
        let before = self.diverges;
        self.check_coerce(body, Ty::UNIT);
        self.diverges = before;
        Ty::UNIT
    }

    /// The associated type of a trait by name, normalised.
    pub(in crate::check) fn associated(
        &mut self,
        t: crate::hir::TraitId,
        name: &str,
        args: Args,
        span: molt_base::Span,
    ) -> Ty {
        let alias = self.c.hir.names.lookup(name).and_then(|n| self.c.find_trait_type(t, n));
        match alias {
            Some(a) => {
                let ty = self.c.types.mk(TyKind::Projection(a, args));
                self.s.normalize(ty, span)
            }
            None => Ty::ERROR,
        }
    }

    fn range(
        &mut self,
        start: Option<ExprId>,
        end: Option<ExprId>,
        inclusive: bool,
        hint: Option<Ty>,
        span: molt_base::Span,
    ) -> Ty {
        let name = match (start, end, inclusive) {
            (Some(_), Some(_), false) => "Range",
            (Some(_), Some(_), true) => "RangeInclusive",
            (Some(_), None, _) => "RangeFrom",
            (None, Some(_), false) => "RangeTo",
            (None, Some(_), true) => "RangeToInclusive",
            (None, None, _) => "RangeFull",
        };
        let Some(adt) = self.c.hir.lang_adt(name) else { return Ty::ERROR };
        if start.is_none() && end.is_none() {
            return self.c.types.mk(TyKind::Adt(adt, Args::EMPTY));
        }
        let hint = hint.and_then(|h| match self.s.kind(h) {
            TyKind::Adt(a, args) if a == adt => self.c.types.list(args)[0].ty(),
            _ => None,
        });
        let mut join = Join::new(hint);
        for e in [start, end].into_iter().flatten() {
            self.join(&mut join, e);
        }
        let elem = join.ty.unwrap_or_else(|| self.s.fresh(span));
        self.c.types.mk(TyKind::Adt(adt, self.c.types.ty_list(&[elem])))
    }

    fn closure(&mut self, e: ExprId, closure: &'c Closure, hint: Option<Ty>) -> Ty {
        let span = self.span(e);
        let expected = hint.and_then(|h| self.expected_closure(h, span));
        let mut params = Vec::new();
        for (i, &(pat, ty)) in closure.params.iter().enumerate() {
            let want = expected.as_ref().and_then(|x| x.sig.params.get(i).copied());
            let ty = match ty {
                Some(t) => {
                    let written = self.convert(t);
                    if let Some(w) = want {
                        let _ = self.s.unify(written, w);
                    }
                    written
                }
                None => want.unwrap_or_else(|| self.s.fresh(self.body_ref().pat_span(pat))),
            };
            params.push(ty);
        }
        let ret = match closure.ret {
            Some(t) => self.convert(t),
            None => match expected.as_ref().map(|x| x.sig.ret) {
                Some(r) => r,
                None => self.s.fresh(span),
            },
        };
        let id = self.c.new_closure();
        let sig = ClosureSig { params: SmallVec::from_slice(&params), ret };
        self.s.closures.insert(id, sig.clone());
        let kind = expected.and_then(|x| x.kind);
        self.closures.push(OpenClosure { id, expr: e, body: self.at, form: ClosureForm::Closure, sig, kind });
        self.typed().closures.insert(e, id);
        for (&(pat, _), &ty) in closure.params.iter().zip(&params) {
            self.check_pat_top(pat, ty);
        }
        self.b().returns.push(ret);
        let before = std::mem::replace(&mut self.diverges, false);
        let from = self.s.vars.len();
        self.check_coerce(closure.body, ret);
        self.s.vars.restrict_numbers(from);
        self.diverges = before;
        self.b().returns.pop();
        self.c.types.mk(TyKind::Closure(id, Args::EMPTY))
    }

    fn async_block(&mut self, e: ExprId, body: ExprId, ret: Option<TypeId>) -> Ty {
        let span = self.span(e);
        let ret = match ret {
            Some(t) => self.convert(t),
            None => self.s.fresh(span),
        };
        let id = self.c.new_closure();
        let sig = ClosureSig { params: SmallVec::new(), ret };
        self.s.closures.insert(id, sig.clone());
        self.closures.push(OpenClosure { id, expr: e, body: self.at, form: ClosureForm::Async, sig, kind: None });
        self.typed().closures.insert(e, id);
        self.b().returns.push(ret);
        let before = std::mem::replace(&mut self.diverges, false);
        self.check_coerce(body, ret);
        self.diverges = before;
        self.b().returns.pop();
        self.c.types.mk(TyKind::Future(id, Args::EMPTY))
    }

    /// What the bounds on a hint say of a closure: `F: Fn(A) -> R` for a variable F, a `fn` pointer, `Box<dyn Fn>`.
    fn expected_closure(&mut self, hint: Ty, span: molt_base::Span) -> Option<ExpectedClosure> {
        let c = self.c;
        let hint = self.s.shallow(hint);
        match c.types.kind(hint) {
            TyKind::FnPtr(list) => {
                let (ret, params) = c.types.list(list).split_last()?;
                let params = params.iter().map(|a| a.expect_ty()).collect();
                let sig = ClosureSig { params, ret: ret.expect_ty() };
                Some(ExpectedClosure { sig, kind: Some(FnTrait::Fn) })
            }
            TyKind::Adt(..) => {
                let inner = c.boxed(hint)?;
                self.expected_closure(inner, span)
            }
            TyKind::Dyn(d, _) => {
                let kind = c.types.dyn_kind(d).clone();
                let (t, args) = kind.traits.iter().copied().find(|&(t, _)| c.lang.fn_kind(t).is_some())?;
                let input = c.types.list(args).first()?.ty()?;
                let TyKind::Tuple(list) = self.s.kind(input) else { return None };
                let params = c.types.ty_elems(list).collect();
                let ret = kind.assoc.first().map_or_else(|| self.s.fresh(span), |&(_, t)| t);
                Some(ExpectedClosure { sig: ClosureSig { params, ret }, kind: c.lang.fn_kind(t) })
            }
            TyKind::Infer(InferVar::Ty(_)) => self.expected_by_goals(hint, span),
            _ => None,
        }
    }

    fn expected_by_goals(&mut self, var: Ty, span: molt_base::Span) -> Option<ExpectedClosure> {
        let c = self.c;
        let mut params = None;
        let mut kind = None;
        let mut ret = None;
        let goals: Vec<Predicate> = self.s.pending.iter().map(|g| g.predicate).collect();
        for p in goals {
            match p {
                Predicate::Trait(t, args) if self.self_is(args, var) => {
                    let Some(k) = c.lang.fn_kind(t) else { continue };
                    kind = Some(kind.map_or(k, |old: FnTrait| old.min(k)));
                    if let Some(input) = c.types.list(args).get(1).and_then(|a| a.ty())
                        && let TyKind::Tuple(list) = self.s.kind(input)
                    {
                        params = Some(c.types.ty_elems(list).collect::<Vec<_>>());
                    }
                }
                Predicate::Projection(alias, args, ty)
                    if self.self_is(args, var)
                        && c.trait_of_alias(alias).is_some_and(|t| c.lang.fn_kind(t).is_some()) =>
                {
                    ret = Some(ty);
                    if params.is_none()
                        && let Some(input) = c.types.list(args).get(1).and_then(|a| a.ty())
                        && let TyKind::Tuple(list) = self.s.kind(input)
                    {
                        params = Some(c.types.ty_elems(list).collect::<Vec<_>>());
                    }
                }
                _ => {}
            }
        }
        let params = params?;
        let params = params
            .into_iter()
            .map(|p| {
                let p = self.s.resolve(p);
                self.s.normalize(p, span)
            })
            .collect();
        let ret = match ret {
            Some(r) => {
                let r = self.s.resolve(r);
                self.s.normalize(r, span)
            }
            None => self.s.fresh(span),
        };
        Some(ExpectedClosure { sig: ClosureSig { params, ret }, kind })
    }

    fn self_is(&self, args: Args, var: Ty) -> bool {
        matches!(self.c.types.list(args).first(), Some(&Arg::Ty(t)) if self.s.shallow(t) == var)
    }

    fn try_expr(&mut self, e: ExprId, value: ExprId, span: molt_base::Span) -> Ty {
        let ty = self.check(value, None);
        let ty = self.structurally(ty);
        let c = self.c;
        let ret = self.b().returns.last().copied().unwrap_or(Ty::ERROR);
        // What is wrong is the `?`, which ends the expression.
        let question = molt_base::Span { start: span.end.saturating_sub(1).max(span.start), ..span };
        match c.types.kind(ty) {
            TyKind::Error => Ty::ERROR,
            TyKind::Adt(adt, args) if c.hir.lang_adt("Option") == Some(adt) => {
                let inner = c.types.list(args)[0].expect_ty();
                let out = self.s.fresh(span);
                let want = c.types.mk(TyKind::Adt(adt, c.types.ty_list(&[out])));
                if self.s.unify(ret, want).is_err() {
                    self.try_mismatch(question, ret, "Option");
                }
                inner
            }
            TyKind::Adt(adt, args) if c.hir.lang_adt("Result") == Some(adt) => {
                let list = c.types.list(args);
                let (inner, error) = (list[0].expect_ty(), list[1].expect_ty());
                let (out, out_error) = (self.s.fresh(span), self.s.fresh(span));
                let want = c.types.mk(TyKind::Adt(adt, c.types.ty_list(&[out, out_error])));
                if self.s.unify(ret, want).is_err() {
                    self.try_mismatch(question, ret, "Result");
                    return inner;
                }
                self.deferred_later(e, DeferredKind::TryFrom { from: error, to: out_error }, span);
                inner
            }
            TyKind::Infer(InferVar::Ty(_)) => self.unknown_type(span, "the value before `?`"),
            _ => {
                let text = format!("`?` needs an `Option` or a `Result`, found `{}`", self.show(ty));
                self.error(&code::BOUND_NOT_SATISFIED, question, text)
            }
        }
    }

    fn try_mismatch(&mut self, span: molt_base::Span, ret: Ty, family: &str) {
        let ret = self.s.resolve(ret);
        if ret == Ty::ERROR {
            return;
        }
        let text = format!(
            "`?` on a value of `{family}` needs a function that returns `{family}`, not `{}`",
            self.c.ty_text(ret)
        );
        self.report(Diagnostic::at(&code::BOUND_NOT_SATISFIED, span, text));
    }

    fn format(&mut self, e: ExprId, format: &'c crate::hir::Format) -> Ty {
        for (n, piece) in format.pieces.iter().enumerate() {
            let FormatPiece::Value { arg, spec, span } = piece else { continue };
            let name = match spec.style {
                FormatStyle::Display => "display",
                FormatStyle::Debug => "debug",
                FormatStyle::LowerHex => "lower_hex",
                FormatStyle::UpperHex => "upper_hex",
                FormatStyle::Octal => "octal",
                FormatStyle::Binary => "binary",
                FormatStyle::Exp => "lower_exp",
            };
            let Some(t) = self.c.hir.lang_trait(name) else { continue };
            let Some(&f) = self.c.hir.traits[t].fns.first() else { continue };
            let arg = format.args[*arg as usize];
            let ty = self.typed().adjusted(arg);
            // References are looked through, so that one implementation serves.
            let mut ty = self.structurally(ty);
            while let TyKind::Ref(_, _, to) = self.c.types.kind(ty) {
                let inner = self.structurally(to);
                if matches!(self.c.types.kind(inner), TyKind::Slice(_) | TyKind::Dyn(..) | TyKind::Infer(_)) {
                    break;
                }
                ty = inner;
            }
            let args = self.c.types.ty_list(&[ty]);
            self.demand_trait(t, &[ty], *span);
            self.set_callee(e, CalleeRole::Format(n as u32), Callee { func: f, args });
        }
        for piece in &format.pieces {
            let FormatPiece::Value { spec, .. } = piece else { continue };
            for count in [spec.width, spec.precision].into_iter().flatten() {
                if let crate::hir::FormatCount::Arg(n) = count {
                    let arg = format.args[n as usize];
                    let ty = self.typed().expr(arg);
                    if self.s.unify(ty, Ty::USIZE).is_err() {
                        let span = self.span(arg);
                        self.mismatch(span, Ty::USIZE, ty);
                    }
                }
            }
        }
        match format.kind {
            FormatKind::String => self.lang_ty("String"),
            FormatKind::Print { .. } => Ty::UNIT,
            FormatKind::Panic => Ty::NEVER,
            FormatKind::Write { target } => {
                let error = self.write_target(target);
                match self.c.hir.lang_adt("Result") {
                    Some(r) => self.c.types.mk(TyKind::Adt(r, self.c.types.ty_list(&[Ty::UNIT, error]))),
                    None => Ty::ERROR,
                }
            }
        }
    }

    /// What `write!` writes to: the value behind references, borrowed exclusively. The type of its errors.
    fn write_target(&mut self, target: ExprId) -> Ty {
        let ty = self.check(target, None);
        let mut at = self.structurally(ty);
        while let TyKind::Ref(_, _, to) = self.c.types.kind(at) {
            at = self.structurally(to);
            self.adjust(target, AdjustKind::Deref, at);
        }
        let reference = self.c.types.reference(Mutability::Mut, at);
        self.adjust(target, AdjustKind::Borrow(Mutability::Mut), reference);
        self.mark_mutable(target);
        let Some(t) = self.c.hir.lang_trait("write_text") else { return Ty::ERROR };
        let span = self.span(target);
        self.demand_trait(t, &[at], span);
        let args = self.c.types.ty_list(&[at]);
        self.associated(t, "Error", args, span)
    }

    /// The library's type of a name without arguments.
    pub(in crate::check) fn lang_ty(&self, name: &str) -> Ty {
        self.c.hir.lang_adt(name).map_or(Ty::ERROR, |a| self.c.types.mk(TyKind::Adt(a, Args::EMPTY)))
    }

    fn unary(&mut self, e: ExprId, op: UnaryOp, value: ExprId, hint: Option<Ty>) -> Ty {
        let ty = self.check(value, hint);
        self.unary_on(e, op, value, ty)
    }

    /// Marks a place that is assigned to: overloaded dereferences and indexing on the way become exclusive.
    pub(in crate::check) fn mark_mutable(&mut self, place: ExprId) {
        let mut at = place;
        loop {
            if !self.make_exclusive(at) {
                return;
            }
            match &self.body_ref().exprs[at] {
                Expr::Field { base, .. } | Expr::Index { base, .. } => at = *base,
                Expr::Deref(value) => at = *value,
                _ => return,
            }
        }
    }

    /// What stands on the left of an assignment must be a place.
    pub(in crate::check) fn assignable(&mut self, place: ExprId) {
        let ok = matches!(
            &self.body_ref().exprs[place],
            Expr::Path(PathRes::Local(_) | PathRes::Const(_) | PathRes::Error)
                | Expr::Field { .. }
                | Expr::Index { .. }
                | Expr::Deref(_)
                | Expr::Error
        );
        if !ok {
            let span = self.span(place);
            self.error(&code::UNEXPECTED_TOKEN, span, "this expression cannot be assigned to");
        }
    }

    pub(in crate::check) fn int_kind(&self, ty: Ty) -> Option<IntKind> {
        match self.s.kind(ty) {
            TyKind::Int(k) => Some(k),
            _ => None,
        }
    }
}

/// The common type of several values, as far as it is known.
pub(in crate::check) struct Join {
    pub ty: Option<Ty>,
    pub hint: Option<Ty>,
    /// Values seen before any type was known: they never end.
    pub first: Option<Vec<ExprId>>,
}

impl Join {
    pub fn new(hint: Option<Ty>) -> Join {
        Join { ty: None, hint, first: None }
    }
}

struct ExpectedClosure {
    sig: ClosureSig,
    kind: Option<FnTrait>,
}
