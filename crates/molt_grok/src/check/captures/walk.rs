//! The walk over expressions and patterns.

use std::ops::Range;

use super::{Frame, Use, UsedPlace, Walk};
use crate::check::typed::{AdjustKind, CallKind, Callee, Capture, CaptureMode, CaptureStep, FnTrait};
use crate::hir::{
    Block, Expr, ExprId, Format, FormatCount, FormatKind, FormatPiece, LocalId, Message, Mutability, Pat, PatId,
    PathRes, SelectKind, Stmt,
};
use crate::ty::{Ty, TyKind};

/// An expression with the first so many adjustments applied.
type View = (ExprId, usize);

impl Walk<'_> {
    pub(super) fn body(&mut self) {
        let body = self.body;
        for &(pat, _) in &body.params {
            self.pat(None, pat);
        }
        self.consume(body.value);
    }

    fn full(&self, e: ExprId) -> View {
        (e, self.typed.adjustments(e).len())
    }

    fn view_ty(&self, (e, n): View) -> Ty {
        match n.checked_sub(1) {
            Some(at) => self.typed.adjustments(e)[at].to,
            None => self.typed.expr(e),
        }
    }

    /// Whether a view is a handle of a collected value.
    fn is_handle(&self, view: View) -> bool {
        self.c.collected(self.view_ty(view)).is_some()
    }

    fn is_str(&self, ty: Ty) -> bool {
        matches!(self.c.types.kind(ty), TyKind::Str(_))
    }

    fn callee_ref(&self, callee: Callee) -> Mutability {
        match self.c.fn_sig(callee.func).params.first().map(|&t| self.c.types.kind(t)) {
            Some(TyKind::Ref(_, m, _)) => m,
            _ => Mutability::Shared,
        }
    }

    /// Uses the value of an expression.
    fn consume(&mut self, e: ExprId) {
        self.consume_view(self.full(e));
    }

    fn consume_all(&mut self, list: &[ExprId]) {
        list.iter().for_each(|&e| self.consume(e));
    }

    fn consume_view(&mut self, view: View) {
        let ty = self.view_ty(view);
        if let Some(place) = self.place(view) {
            self.consume_place(place, ty, view.0);
        }
    }

    fn borrow(&mut self, view: View, mutability: Mutability) {
        if let Some(place) = self.place(view) {
            let how = if mutability == Mutability::Mut { Use::Change } else { Use::Read };
            self.use_place(place, how, view.0);
        }
    }

    /// Borrows unless the adjustments do.
    fn auto_borrow(&mut self, e: ExprId, mutability: Mutability) {
        let view = self.full(e);
        match self.typed.adjustments(e).last() {
            Some(a) if matches!(a.kind, AdjustKind::Borrow(_)) => self.consume_view(view),
            _ => self.borrow(view, mutability),
        }
    }

    /// The place that a view names, with the uses that finding it makes. `None`: a temporary value, or no variable's.
    fn place(&mut self, view: View) -> Option<UsedPlace> {
        let (e, n) = view;
        if let Some(at) = n.checked_sub(1) {
            let step = self.typed.adjustments(e)[at];
            let inner = (e, at);
            return match step.kind {
                AdjustKind::Deref | AdjustKind::StrDeref => self.deref(inner, step.to),
                // A handle is copied.
                AdjustKind::OverloadedDeref(..) if self.is_handle(inner) => {
                    self.consume_view(inner);
                    None
                }
                AdjustKind::OverloadedDeref(_, m) => {
                    self.borrow(inner, m);
                    None
                }
                AdjustKind::Borrow(_) if self.is_str(step.to) => self.place(inner),
                AdjustKind::Borrow(m) => {
                    self.borrow(inner, m);
                    None
                }
                AdjustKind::NeverToAny
                | AdjustKind::ToPointer(_)
                | AdjustKind::Unsize
                | AdjustKind::ReifyFn
                | AdjustKind::ClosureToFn
                | AdjustKind::BoxDyn => {
                    self.consume_view(inner);
                    None
                }
            };
        }
        let body = self.body;
        match &body.exprs[e] {
            Expr::Path(PathRes::Local(local)) => Some(UsedPlace { local: *local, path: Vec::new(), closed: false }),
            Expr::Field { base, .. } => {
                let place = self.place(self.full(*base))?;
                let field = self.typed.field.get(&e).copied()?;
                Some(place.step(CaptureStep::Field(field, self.typed.expr(e))))
            }
            Expr::Index { base, index } => {
                if let Some(callee) = self.typed.main_callee(e) {
                    self.auto_borrow(*base, self.callee_ref(callee));
                    self.consume(*index);
                    return None;
                }
                let place = self.place(self.full(*base));
                self.consume(*index);
                place.map(UsedPlace::close)
            }
            Expr::Deref(inner) => match self.typed.main_callee(e) {
                Some(_) if self.is_handle(self.full(*inner)) => {
                    self.consume(*inner);
                    None
                }
                Some(callee) => {
                    self.auto_borrow(*inner, self.callee_ref(callee));
                    None
                }
                None => self.deref(self.full(*inner), self.typed.expr(e)),
            },
            _ => {
                self.value(e);
                None
            }
        }
    }

    fn deref(&mut self, inner: View, to: Ty) -> Option<UsedPlace> {
        let place = self.place(inner)?;
        if self.is_str(self.view_ty(inner)) {
            return Some(place);
        }
        Some(place.step(CaptureStep::Deref(to)))
    }

    /// An expression that names no place.
    fn value(&mut self, e: ExprId) {
        let body = self.body;
        match &body.exprs[e] {
            Expr::Error | Expr::Lit(_) | Expr::Path(_) | Expr::Continue { .. } => {}
            Expr::Tuple(list) | Expr::Array(list) => self.consume_all(list),
            Expr::Repeat { value, .. }
            | Expr::Cast { value, .. }
            | Expr::Unary { value, .. }
            | Expr::Try(value)
            | Expr::Await(value) => self.consume(*value),
            Expr::Struct { fields, base, .. } => {
                fields.iter().for_each(|f| self.consume(f.value));
                if let Some(base) = base {
                    self.struct_base(e, *base);
                }
            }
            Expr::Call { callee, args } => self.call(e, *callee, args),
            Expr::MethodCall { recv, args, .. } => {
                self.consume(*recv);
                self.consume_all(args);
            }
            Expr::Ref { mutability, value } => self.borrow(self.full(*value), *mutability),
            Expr::Binary { op, left, right, .. } => {
                if op.is_comparison() && self.typed.main_callee(e).is_some() {
                    self.auto_borrow(*left, Mutability::Shared);
                    self.auto_borrow(*right, Mutability::Shared);
                } else {
                    self.consume(*left);
                    self.consume(*right);
                }
            }
            Expr::Logical { left, right, .. } => {
                self.consume(*left);
                self.consume(*right);
            }
            Expr::Assign { place, value } => {
                self.consume(*value);
                self.borrow(self.full(*place), Mutability::Mut);
            }
            Expr::AssignOp { place, value, .. } => {
                self.consume(*value);
                self.auto_borrow(*place, Mutability::Mut);
            }
            Expr::Range { start, end, .. } => {
                start.iter().chain(end).for_each(|&b| self.consume(b));
            }
            Expr::If { cond, then, otherwise } => {
                self.consume(*cond);
                self.consume(*then);
                otherwise.iter().for_each(|&e| self.consume(e));
            }
            Expr::Let { pat, value } => self.matched(*value, *pat),
            Expr::Match { value, arms } => {
                let place = self.place(self.full(*value));
                for arm in arms {
                    self.matched = *value;
                    self.pat(place.clone(), arm.pat);
                    arm.guard.iter().for_each(|&g| self.consume(g));
                    self.consume(arm.body);
                }
            }
            Expr::Loop { body, .. } => self.consume(*body),
            Expr::While { cond, body, .. } => {
                self.consume(*cond);
                self.consume(*body);
            }
            Expr::For { pat, iter, body, .. } => {
                self.consume(*iter);
                self.pat(None, *pat);
                self.consume(*body);
            }
            Expr::Block(block) => self.block(block),
            Expr::Break { value, .. } | Expr::Return(value) => value.iter().for_each(|&v| self.consume(v)),
            Expr::Closure(closure) => {
                let Some(&id) = self.typed.closures.get(&e) else { return };
                let is_move = closure.is_move;
                let frame = Frame { is_move, own: 0..0, kind: FnTrait::Fn, captures: Vec::new() };
                self.in_closure(id, e, frame, |w| {
                    closure.params.iter().for_each(|&(pat, _)| w.pat(None, pat));
                    w.consume(closure.body);
                });
            }
            Expr::Async { body, is_move, own, .. } => self.task(e, *body, *is_move, own.clone()),
            Expr::SpawnTask { body } => self.task(e, *body, true, 0..0),
            Expr::Format(format) => self.format(format),
            Expr::SpawnActor { fields, options, .. } => {
                fields.iter().chain(options).for_each(|f| self.consume(f.value));
            }
            Expr::Send { target, message } => {
                self.auto_borrow(*target, Mutability::Shared);
                self.message(message);
            }
            Expr::Ask { target, message, within } => {
                self.auto_borrow(*target, Mutability::Shared);
                self.message(message);
                within.iter().for_each(|&w| self.consume(w));
            }
            Expr::Receive { arms, after } => {
                for arm in arms {
                    self.pat(None, arm.pat);
                    arm.guard.iter().for_each(|&g| self.consume(g));
                    self.consume(arm.body);
                }
                if let Some((limit, then)) = after {
                    self.consume(*limit);
                    self.consume(*then);
                }
            }
            Expr::Select { arms } => {
                for arm in arms {
                    match &arm.kind {
                        SelectKind::Wait { pat, operation, guard } => {
                            guard.iter().for_each(|&g| self.consume(g));
                            self.consume(*operation);
                            self.pat(None, *pat);
                        }
                        SelectKind::After(limit) => self.consume(*limit),
                        SelectKind::Default => {}
                    }
                    self.consume(arm.body);
                }
            }
            Expr::Field { .. } | Expr::Index { .. } | Expr::Deref(_) => {
                unreachable!("these name places")
            }
        }
    }

    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Expr(e) => self.consume(*e),
                Stmt::Let { pat, init, otherwise, .. } => {
                    match init {
                        Some(init) => self.matched(*init, *pat),
                        None => self.pat(None, *pat),
                    }
                    otherwise.iter().for_each(|&e| self.consume(e));
                }
            }
        }
        block.tail.iter().for_each(|&t| self.consume(t));
    }

    /// Matches a value with a pattern: only what it binds or tests is used.
    fn matched(&mut self, value: ExprId, pat: PatId) {
        let place = self.place(self.full(value));
        self.matched = value;
        self.pat(place, pat);
    }

    fn message(&mut self, message: &Message) {
        match message {
            Message::Handler { args, .. } => self.consume_all(args),
            Message::Raw(value) => self.consume(*value),
        }
    }

    /// A task or future. It holds its `own` variables by value, in the reverse order of their declaration: the last one ends
    /// first.
    fn task(&mut self, e: ExprId, body: ExprId, is_move: bool, own: Range<u32>) {
        let Some(&id) = self.typed.closures.get(&e) else { return };
        let held = own.clone().rev().map(|n| Capture {
            local: LocalId(n),
            path: Vec::new(),
            mode: CaptureMode::Value,
            ty: self.typed.local(LocalId(n)),
            because: e,
        });
        let frame = Frame { is_move, own: own.clone(), kind: FnTrait::FnOnce, captures: held.collect() };
        self.in_closure(id, e, frame, |w| {
            w.consume(body);
        });
    }

    fn call(&mut self, e: ExprId, callee: ExprId, args: &[ExprId]) {
        let by = match self.typed.call.get(&e) {
            Some(CallKind::Trait(by)) => Some(*by),
            _ => None,
        };
        // A closure of this body is called as its own kind allows.
        let own = match self.c.types.kind(self.typed.expr(callee)) {
            TyKind::Closure(id, _) => self.found.get(&id).map(|f| f.kind),
            _ => None,
        };
        match by.map(|by| own.unwrap_or(by)) {
            Some(FnTrait::Fn) => self.auto_borrow(callee, Mutability::Shared),
            Some(FnTrait::FnMut) => self.auto_borrow(callee, Mutability::Mut),
            Some(FnTrait::FnOnce) | None => self.consume(callee),
        }
        self.consume_all(args);
    }

    /// `..base` gives the fields that were not written.
    fn struct_base(&mut self, e: ExprId, base: ExprId) {
        let Some(place) = self.place(self.full(base)) else { return };
        let (Some(ctor), TyKind::Adt(adt, args)) = (self.typed.ctor.get(&e), self.c.types.kind(self.typed.expr(e)))
        else {
            return;
        };
        let count = self.c.hir.adts[adt].variants[ctor.variant as usize].fields.len() as u32;
        for n in (0..count).filter(|n| !ctor.fields.contains(n)) {
            let ty = self.c.types.erase(self.c.field_ty(adt, ctor.variant, n, args));
            let ty = self.c.normalize(ty, self.env);
            self.consume_place(place.clone().step(CaptureStep::Field(n, ty)), ty, base);
        }
    }

    fn format(&mut self, format: &Format) {
        if let FormatKind::Write { target } = format.kind {
            self.auto_borrow(target, Mutability::Mut);
        }
        for &arg in &format.args {
            self.borrow(self.full(arg), Mutability::Shared);
        }
        // Widths and precisions are read, which the borrows above cover.
        debug_assert!(format.pieces.iter().all(|p| match p {
            FormatPiece::Text(_) => true,
            FormatPiece::Value { spec, .. } => [spec.width, spec.precision].iter().all(|c| match c {
                Some(FormatCount::Arg(n)) => (*n as usize) < format.args.len(),
                Some(FormatCount::Value(_)) | None => true,
            }),
        }));
    }

    /// Declares the variables of a pattern and uses the parts of the matched place.
    fn pat(&mut self, place: Option<UsedPlace>, pat: PatId) {
        let body = self.body;
        let place = place.map(|p| self.look_through(p, pat));
        let ty = self.typed.pat(pat);
        match &body.pats[pat] {
            Pat::Error | Pat::Wild | Pat::Rest => {}
            Pat::Bind { local, sub, .. } => {
                self.declared_in[local.0 as usize] = self.frames.len() as u32;
                if let Some(place) = &place {
                    self.bind(place.clone(), pat, ty);
                }
                if let Some(sub) = sub {
                    self.pat(place, *sub);
                }
            }
            Pat::Lit { .. } | Pat::Range(_) | Pat::Path(_) => self.test(place),
            Pat::Tuple(pats) => {
                let parts: Vec<Ty> = match self.c.types.kind(ty) {
                    TyKind::Tuple(parts) => self.c.types.ty_elems(parts).collect(),
                    _ => Vec::new(),
                };
                for (n, sub) in positions(body, pats, parts.len()) {
                    let part = place.clone().map(|p| p.step(CaptureStep::Field(n as u32, parts[n])));
                    self.pat(part, sub);
                }
            }
            Pat::TupleStruct { pats, .. } => {
                let fields = self.field_types(ty, pat);
                let inner = self.inside_variant(place, ty);
                for (n, sub) in positions(body, pats, fields.len()) {
                    let part = inner.clone().map(|p| p.step(CaptureStep::Field(n as u32, fields[n])));
                    self.pat(part, sub);
                }
            }
            Pat::Struct { fields, .. } => {
                let types = self.field_types(ty, pat);
                let inner = self.inside_variant(place, ty);
                let order = self.typed.pat_ctor.get(&pat).map_or(Vec::new(), |c| c.fields.clone());
                for (field, n) in fields.iter().zip(order) {
                    let part = types.get(n as usize).and_then(|&t| Some(inner.clone()?.step(CaptureStep::Field(n, t))));
                    self.pat(part, field.pat);
                }
            }
            Pat::Slice(pats) => {
                if !matches!(self.c.types.kind(ty), TyKind::Array(..)) {
                    self.test(place.clone());
                }
                let inner = place.map(UsedPlace::close);
                pats.iter().for_each(|&p| self.pat(inner.clone(), p));
            }
            Pat::Ref(_, sub) => {
                let inner =
                    place.map(|p| if self.is_str(ty) { p } else { p.step(CaptureStep::Deref(self.typed.pat(*sub))) });
                self.pat(inner, *sub);
            }
            Pat::Or(pats) => pats.iter().for_each(|&p| self.pat(place.clone(), p)),
        }
    }

    fn look_through(&self, place: UsedPlace, pat: PatId) -> UsedPlace {
        let Some(derefs) = self.typed.pat_derefs.get(&pat) else { return place };
        derefs.iter().fold(place, |p, &reference| {
            let inner = match self.c.types.kind(reference) {
                TyKind::Ref(_, _, t) => t,
                _ => Ty::ERROR,
            };
            p.step(CaptureStep::Deref(inner))
        })
    }

    fn bind(&mut self, place: UsedPlace, pat: PatId, ty: Ty) {
        let because = self.matched;
        match self.typed.bind_mode.get(&pat) {
            None => self.consume_place(place, ty, because),
            Some(Mutability::Shared) => self.use_place(place, Use::Read, because),
            Some(Mutability::Mut) => self.use_place(place, Use::Change, because),
        }
    }

    /// The pattern reads the value.
    fn test(&mut self, place: Option<UsedPlace>) {
        if let Some(place) = place {
            self.use_place(place, Use::Read, self.matched);
        }
    }

    fn field_types(&self, ty: Ty, pat: PatId) -> Vec<Ty> {
        let TyKind::Adt(adt, args) = self.c.types.kind(ty) else { return Vec::new() };
        let variant = self.typed.pat_ctor.get(&pat).map_or(0, |c| c.variant);
        let count = self.c.hir.adts[adt].variants.get(variant as usize).map_or(0, |v| v.fields.len()) as u32;
        (0..count)
            .map(|n| {
                let ty = self.c.types.erase(self.c.field_ty(adt, variant, n, args));
                self.c.normalize(ty, self.env)
            })
            .collect()
    }

    /// The place whose fields a variant pattern looks at; an enum with several variants is captured as a whole.
    fn inside_variant(&mut self, place: Option<UsedPlace>, ty: Ty) -> Option<UsedPlace> {
        let TyKind::Adt(adt, _) = self.c.types.kind(ty) else { return place };
        if self.c.hir.adts[adt].kind != crate::hir::AdtKind::Enum {
            return place;
        }
        if self.c.hir.adts[adt].variants.len() > 1 {
            self.test(place.clone());
        }
        place.map(UsedPlace::close)
    }
}

/// Field positions of positional patterns with at most one `..`.
fn positions(body: &crate::hir::Body, pats: &[PatId], len: usize) -> Vec<(usize, PatId)> {
    let rest = pats.iter().position(|&p| matches!(body.pats[p], Pat::Rest));
    let skipped = if rest.is_some() { (len + 1).saturating_sub(pats.len()) } else { 0 };
    let at = |n: usize| if rest.is_some_and(|r| n > r) { n + skipped - 1 } else { n };
    let listed = pats.iter().enumerate().filter(|&(n, _)| Some(n) != rest);
    listed.map(|(n, &p)| (at(n), p)).filter(|&(n, _)| n < len).collect()
}
