//! What the borrow checker says.
//!
//! Each message names the place, points to the access, to what stands against it (the loan, the move, the declaration) and,
//! for loans, to the use that keeps them alive.

use molt_base::hash::FastSet;

use molt_base::Span;
use molt_diagnostics::{Diagnostic, registry::grok as code};

use super::access::{Access, At, What};
use super::loans::Loan;
use super::regions::{RegionVar, STATIC, Why};
use crate::hir::{AdtId, LocalId};
use crate::mir::moves::{PathIx, moved_operand, moved_operands};
use crate::mir::visit::{SlotUse, end_slots, stmt_slots};
use crate::mir::{BorrowKind, Callee, MirOwner, Operand, Place, Slot, StmtKind, Terminator};

/// Kinds of causes that are reported once.
const UNINIT: u32 = 0;
const LOAN: u32 = 1;
const ASSIGNED: u32 = 2;
const IMMUTABLE: u32 = 3;
pub(super) const LIFETIME: u32 = 4;
const MOVED_OUT: u32 = 5;

/// Why a loan is still in scope.
enum Later {
    Use {
        span: Span,
        drop: bool,
        again: bool,
    },
    /// It must outlive the function.
    Escapes {
        span: Span,
        why: Why,
        is_static: bool,
    },
    Unknown,
}

impl Access<'_, '_> {
    pub(super) fn once(&mut self, kind: u32, number: u32) -> bool {
        self.reported.insert((kind, number))
    }

    /// A place is read that was moved out or never initialised.
    pub fn report_uninit(&mut self, place: &Place, path: PathIx, at: At, how: &str) {
        let root = self.paths.paths[path as usize].slot;
        if !self.once(UNINIT, root.0) || self.is_error(place) {
            return;
        }
        let mut moves = self.moves_before(path, at.point);
        if moves.is_empty() && self.is_moved_at(path, at.point) {
            moves.push(at.span);
        }
        let name = self.quoted(place);
        let Some(&moved) = moves.first() else { return self.report_never_init(root, &name, at) };
        let part = self.paths.place(path);
        let in_variant = part.path.iter().any(|e| matches!(e, crate::mir::Elem::Variant(_)));
        let what = match part == *place {
            true => name.clone(),
            false if in_variant => "a part".to_string(),
            false => self.quoted(&part),
        };
        let at = match how {
            "assigned in part" => at,
            _ => At { span: self.expr_span(at.span, place, true), ..at },
        };
        let moved = self.expr_span(moved, &part, false);
        let again = if how == "moved" { " again" } else { "" };
        let message = if what == name {
            format!("{name} is {how}{again} after it was moved")
        } else if part.path.len() < place.path.len() {
            format!("{name} is {how} after {what} was moved")
        } else {
            format!("{name} is {how} after {what} was moved out of it")
        };
        let mut d = Diagnostic::new(&code::USE_AFTER_MOVE, message).label(at.span, format!("{how} here"), true);
        d = if moved == at.span {
            d.label(moved, "moved here, in the turn of the loop before", false)
        } else {
            d.label(moved, format!("{what} moved here"), false)
        };
        let ty = self.q.c.ty_text(self.q.types().erase(self.paths.paths[path as usize].ty));
        d = d.note(format!("a `{ty}` is moved, not copied"));
        self.error(
            d.help(format!("borrow it where it is moved, or move a copy: `{}.clone()`", what.trim_matches('`'))),
        );
    }

    fn report_never_init(&mut self, slot: Slot, name: &str, at: At) {
        let declared = self.graph.mir.slots[slot].span;
        let at = At { span: self.expr_span(at.span, &Place::local(slot), true), ..at };
        let everywhere = self.assignments(slot).is_empty();
        let message =
            if everywhere { format!("{name} has no value yet") } else { format!("{name} may have no value here") };
        self.error(
            Diagnostic::new(&code::USED_BEFORE_INIT, message)
                .label(at.span, "used here", true)
                .label(declared, "declared without a value", false)
                .help("give it a value on every way that leads to the use"),
        );
    }

    /// Whether the statement or call itself moves the path, in another operand.
    fn is_moved_at(&self, path: PathIx, point: u32) -> bool {
        let place = self.paths.place(path);
        let mut moved = false;
        let mut note = |m: &Place| moved |= m.slot == place.slot && overlaps(m, &place);
        let (bb, n) = self.points.location(point);
        let block = &self.graph.mir.blocks[bb];
        match (block.stmts.get(n), block.terminator()) {
            (Some(stmt), _) => {
                if let StmtKind::Assign(_, value) = &stmt.kind {
                    moved_operands(value, &mut note);
                }
            }
            (None, Terminator::Call { args, .. }) => args.iter().for_each(|a| moved_operand(a, &mut note)),
            (None, _) => {}
        }
        moved
    }

    /// Moves of a path, its owner or its parts that lead to a point, nearest first.
    fn moves_before(&self, path: PathIx, point: u32) -> Vec<Span> {
        let mir = self.graph.mir;
        let place = self.paths.place(path);
        let mut found = Vec::new();
        let mut seen = FastSet::default();
        let mut todo = std::collections::VecDeque::new();
        self.before(point, |p| todo.push_back(p));
        while let Some(p) = todo.pop_front() {
            if !seen.insert(p) {
                continue;
            }
            let (bb, n) = self.points.location(p);
            let block = &mir.blocks[bb];
            let mut moved = false;
            let mut note = |m: &Place| moved |= m.slot == place.slot && overlaps(m, &place);
            let (span, defined) = match block.stmts.get(n) {
                Some(stmt) => {
                    if let StmtKind::Assign(_, value) = &stmt.kind {
                        moved_operands(value, &mut note);
                    }
                    let defined = match &stmt.kind {
                        StmtKind::Assign(p, _) => place.path.starts_with(&p.path) && p.slot == place.slot,
                        StmtKind::Live(s) => *s == place.slot,
                        _ => false,
                    };
                    (stmt.span, defined)
                }
                None => {
                    let end = block.terminator();
                    let mut defined = false;
                    if let Terminator::Call { func, args, dest, .. } = end {
                        if let Callee::Pointer(o) = func {
                            moved_operand(o, &mut note);
                        }
                        args.iter().for_each(|a| moved_operand(a, &mut note));
                        defined = dest.slot == place.slot && dest.is_local();
                    }
                    if let Terminator::Await { future, .. } = end {
                        moved_operand(future, &mut note);
                    }
                    (block.end_span.unwrap_or(mir.span), defined)
                }
            };
            if moved {
                found.push(span);
            } else if !defined {
                self.before(p, |q| todo.push_back(q));
            }
        }
        found
    }

    /// The expression inside of a span that names a place: operands of calls have no spans of their own.
    fn expr_span(&self, span: Span, place: &Place, last: bool) -> Span {
        let local = match self.captured(place) {
            Some((local, ..)) => Some(local),
            None => self.local_of(place.slot),
        };
        let Some(local) = local else { return span };
        let steps = place.path.iter().filter(|e| !matches!(e, crate::mir::Elem::Variant(_))).count();
        let mut best: Option<(usize, Span)> = None;
        for (e, _) in self.body.exprs.iter() {
            let found = self.body.expr_span(e);
            let inside = found.file == span.file && span.start <= found.start && found.end <= span.end;
            let Some((root, fields)) = inside.then(|| self.named_place(e)).flatten() else { continue };
            if root != local || fields > steps {
                continue;
            }
            let better = best.is_none_or(|(n, b)| {
                fields > n || (fields == n && if last { found.start > b.start } else { found.start < b.start })
            });
            if better {
                best = Some((fields, found));
            }
        }
        best.map_or(span, |b| b.1)
    }

    /// Variable and number of steps of an expression that names a place.
    fn named_place(&self, e: crate::hir::ExprId) -> Option<(LocalId, usize)> {
        match self.body.exprs[e] {
            crate::hir::Expr::Path(crate::hir::PathRes::Local(local)) => Some((local, 0)),
            crate::hir::Expr::Field { base, .. }
            | crate::hir::Expr::Index { base, .. }
            | crate::hir::Expr::Deref(base) => {
                let (local, n) = self.named_place(base)?;
                Some((local, n + 1))
            }
            _ => None,
        }
    }

    fn before(&self, point: u32, mut f: impl FnMut(u32)) {
        let (bb, n) = self.points.location(point);
        if n > 0 {
            f(point - 1);
        } else {
            self.points.preds(bb).for_each(|p| f(self.points.end_of(p)));
        }
    }

    pub fn report_assigned_twice(&mut self, slot: Slot, local: LocalId, at: At) {
        if !self.once(ASSIGNED, slot.0) {
            return;
        }
        let decl = &self.body.locals[local];
        let name = self.q.hir().text(decl.name);
        let is_param = slot.0 >= 1 && slot.0 <= self.graph.mir.param_count;
        let declared = if is_param { "a parameter that is not `mut`" } else { "declared here, not `mut`" };
        self.error(
            Diagnostic::new(&code::ASSIGNED_TWICE, format!("`{name}` is assigned again, but is not `mut`"))
                .label(at.span, "assigned again here", true)
                .label(decl.span, declared, false)
                .help(format!("declare it `mut {name}`")),
        );
    }

    pub fn report_move_out(&mut self, place: &Place, base: &Place, at: At) {
        let place_span = self.expr_span(at.span, place, false);
        if self.is_error(place) || !self.once(MOVED_OUT, place_span.start) {
            return;
        }
        let from = self.behind(base);
        let d = match self.matched_span(place, at) {
            // A pattern moves a part: the fault is that the value as a whole is only borrowed.
            Some(matched) => {
                Diagnostic::new(&code::MOVED_OUT_OF_BORROW, format!("a part cannot be moved out of {from}"))
                    .label(matched, "the pattern moves a part of this", true)
                    .label(at.span, "moved here", false)
            }
            None => {
                let what = self.name(place).unwrap_or_else(|| self.source(at.span));
                let what = format!("`{what}`");
                Diagnostic::new(&code::MOVED_OUT_OF_BORROW, format!("{what} cannot be moved out of {from}")).label(
                    place_span,
                    "moved here",
                    true,
                )
            }
        };
        self.error(
            d.note("whoever owns the value would be left without it")
                .help("borrow it, `clone()` it, or take it with `mem::replace`"),
        );
    }

    /// The matched expression, where a pattern binds a part of a place.
    fn matched_span(&self, place: &Place, at: At) -> Option<Span> {
        let (bb, n) = self.points.location(at.point);
        let mir = self.graph.mir;
        let binds = mir.blocks[bb].stmts.get(n).is_some_and(|s| {
            matches!(&s.kind, StmtKind::Assign(p, _) if mir.slots[p.slot].local.is_some() && mir.slots[p.slot].span == s.span)
        });
        if !binds {
            return None;
        }
        mir.blocks.iter().flat_map(|(_, b)| &b.stmts).find_map(|s| match &s.kind {
            StmtKind::FakeRead(p) if p.slot == place.slot && place.path.starts_with(&p.path) => Some(s.span),
            _ => None,
        })
    }

    /// The text of an expression, for values that have no name.
    fn source(&self, span: Span) -> String {
        let text = &self.q.hir().files.file(span.file).text;
        text.get(span.start as usize..span.end as usize).unwrap_or("this").lines().next().unwrap_or("this").to_string()
    }

    /// What a value is behind, in words.
    fn behind(&mut self, base: &Place) -> String {
        if let Some((n, _)) = self.capture_index(base)
            && let MirOwner::Closure(id) = self.graph.mir.owner
        {
            let local = self.q.closure(id).captures[n as usize].local;
            let name = self.q.hir().text(self.body.locals[local].name);
            return format!("`{name}`, which the closure only borrows");
        }
        if base.slot == Slot(1) && matches!(self.graph.mir.owner, MirOwner::Closure(_)) {
            return "a closure that may be called again".to_string();
        }
        match self.name(base) {
            Some(name) => format!("`{name}`, which is borrowed"),
            None => "a reference".to_string(),
        }
    }

    pub fn report_move_out_of_index(&mut self, place: &Place, base: &Place, at: At) {
        if self.is_error(place) || !self.once(MOVED_OUT, at.span.start) {
            return;
        }
        let base = self.quoted(base);
        self.error(
            Diagnostic::new(&code::MOVED_OUT_OF_BORROW, format!("an element cannot be moved out of {base}"))
                .label(at.span, "moved here", true)
                .help("borrow it with `&`, `clone()` it, or take it out with `remove` or `swap_remove`"),
        );
    }

    pub fn report_move_out_of_drop(&mut self, place: &Place, base: &Place, adt: AdtId, at: At) {
        if self.is_error(place) || !self.once(MOVED_OUT, at.span.start) {
            return;
        }
        let (what, base) = (self.quoted(place), self.quoted(base));
        let ty = self.q.hir().text(self.q.hir().adts[adt].head.name);
        self.error(
            Diagnostic::new(
                &code::MOVED_OUT_OF_DROP_TYPE,
                format!("{what} cannot be moved out of {base}, whose type has a `Drop`"),
            )
            .label(at.span, "moved here", true)
            .note(format!("`Drop for {ty}` needs the whole value"))
            .help("borrow the field, `clone()` it, or take it with `mem::replace`"),
        );
    }

    pub fn report_behind_shared(&mut self, place: &Place, base: &Place, at: At, is_borrow: bool) {
        if self.is_error(place) || !self.once(IMMUTABLE, at.point) {
            return;
        }
        let (what, from) = (self.quoted(place), self.quoted(base));
        let d = if is_borrow {
            Diagnostic::new(
                &code::BORROWED_IMMUTABLE_AS_MUTABLE,
                format!("{what} cannot be borrowed as mutable: {from} is a shared reference"),
            )
            .label(at.span, "needs `&mut`", true)
        } else {
            Diagnostic::new(
                &code::ASSIGNED_TO_IMMUTABLE,
                format!("{what} cannot be assigned: {from} is a shared reference"),
            )
            .label(at.span, "assigned here", true)
        };
        let declared = self.local_of(base.slot).map(|l| self.body.locals[l].span).filter(|_| base.is_local());
        let d = match declared {
            Some(span) => d.label(span, "make this a `&mut` reference", false),
            None => d,
        };
        self.error(d.help("take `&mut` where the reference is made"));
    }

    pub fn report_immutable(&mut self, place: &Place, local: LocalId, at: At, is_borrow: bool) {
        if self.is_error(place) || !self.once(IMMUTABLE, u32::MAX - local.0) {
            return;
        }
        let what = self.quoted(place);
        let decl = &self.body.locals[local];
        let name = self.q.hir().text(decl.name).to_string();
        let d = if is_borrow {
            Diagnostic::new(
                &code::BORROWED_IMMUTABLE_AS_MUTABLE,
                format!("{what} cannot be borrowed as mutable: `{name}` is not `mut`"),
            )
            .label(at.span, "borrowed as mutable here", true)
        } else {
            Diagnostic::new(&code::ASSIGNED_TO_IMMUTABLE, format!("{what} cannot be assigned: `{name}` is not `mut`"))
                .label(at.span, "assigned here", true)
        };
        let help = if name == "self" {
            "take `&mut self`, or `mut self`".to_string()
        } else {
            format!("declare it `mut {name}`")
        };
        self.error(d.label(decl.span, "not declared `mut`", false).help(help));
    }

    /// An access stands against a loan.
    pub fn report_conflict(&mut self, loan: &Loan, number: u32, place: &Place, what: What, at: At) {
        // One message for each loan, whatever else stands against it.
        if !self.once(LOAN, number) || self.is_error(place) {
            return;
        }
        let later = self.later(loan, at.point);
        let d = match what {
            What::StorageEnd | What::Drop | What::Return => self.outlived(loan, place, &later, at),
            _ => self.in_use(loan, place, what, &later, at),
        };
        self.error(d);
    }

    fn in_use(&mut self, loan: &Loan, place: &Place, what: What, later: &Later, at: At) -> Diagnostic {
        let is_mut = matches!(loan.kind, BorrowKind::Mut | BorrowKind::TwoPhase);
        let lent = self.quoted(&loan.place);
        let name = self.quoted(place);
        let lent = if lent == name { "it".to_string() } else { lent };
        let at = match what {
            What::Copy | What::Move => At { span: self.expr_span(at.span, place, false), ..at },
            _ => At { span: self.closure_head(at.span), ..at },
        };
        let first_span = self.closure_head(loan.span);
        let how = if is_mut { "exclusively borrowed" } else { "borrowed" };
        let (kind, message, label, help) = match what {
            What::Copy => (
                &code::USED_WHILE_BORROWED,
                format!("{name} is used while {lent} is {how}"),
                "used here",
                "use it before the borrow, or after the last use of the reference",
            ),
            What::Move => (
                &code::MOVED_WHILE_BORROWED,
                format!("{name} is moved while {lent} is {how}"),
                "moved here",
                "move it after the last use of the reference, or move a `clone()`",
            ),
            What::Shared => (
                &code::SHARED_AND_EXCLUSIVE_BORROW,
                format!("{name} is borrowed while {lent} is exclusively borrowed"),
                "shared borrow here",
                "borrow it after the last use of the exclusive reference",
            ),
            What::Mut | What::Reserve | What::Activate(_) if is_mut => (
                &code::TWO_EXCLUSIVE_BORROWS,
                format!("{name} is exclusively borrowed twice at a time"),
                "second exclusive borrow here",
                "end the use of the first reference before the second is made, or borrow disjoint parts",
            ),
            What::Mut | What::Reserve | What::Activate(_) => (
                &code::SHARED_AND_EXCLUSIVE_BORROW,
                format!("{name} is exclusively borrowed while {lent} is borrowed"),
                "exclusive borrow here",
                "change it after the last use of the shared reference",
            ),
            What::Assign | What::StorageEnd | What::Drop | What::Return => (
                &code::ASSIGNED_WHILE_BORROWED,
                format!("{name} is assigned while {lent} is {how}"),
                "assigned here",
                "assign it after the last use of the reference",
            ),
        };
        let first = match (is_mut, what) {
            (true, What::Mut | What::Reserve | What::Activate(_)) => "first exclusive borrow here",
            (true, _) => "exclusive borrow here",
            (false, _) => "borrowed here",
        };
        let d = Diagnostic::new(kind, message).label(at.span, label, true);
        let d = if first_span == at.span {
            d.note("the reference made in the turn of the loop before is still in use")
        } else {
            d.label(first_span, first, false)
        };
        with_later(d, later).help(help)
    }

    /// Something lent does not live as long as its references.
    fn outlived(&mut self, loan: &Loan, place: &Place, later: &Later, at: At) -> Diagnostic {
        let name = self.name(&loan.place);
        let is_capture = self.is_capture(loan);
        if let (Later::Escapes { span, is_static, .. }, Some(name), true) = (later, &name, is_capture) {
            let how = if *is_static { "may run after" } else { "outlives" };
            return Diagnostic::new(
                &code::CLOSURE_OUTLIVES_BORROW,
                format!("the closure borrows `{name}` but {how} the function that owns it"),
            )
            .label(self.closure_head(loan.span), format!("borrows `{name}`"), true)
            .label(*span, "the closure leaves the function here", false)
            .help("write `move` before the closure, so that it owns what it uses");
        }
        if let Later::Escapes { span, why: Why::Return, .. } = later {
            let message = match &name {
                Some(name) => format!("this returns a reference to `{name}`, which the function owns"),
                None => "this returns a reference to a temporary value".to_string(),
            };
            let d = Diagnostic::new(&code::RETURNED_LOCAL_REFERENCE, message);
            let d = if *span == loan.span {
                d.label(*span, "returned here", true)
            } else {
                d.label(*span, "returned here", true).label(loan.span, "borrowed here", false)
            };
            return d.help("return the value itself, or take what it is borrowed from as a parameter");
        }
        let is_temp = self.local_of(place.slot).is_none() && self.capture_index(place).is_none();
        if is_temp {
            let d = Diagnostic::new(&code::TEMPORARY_DROPPED, "a temporary value is dropped while it is borrowed")
                .label(self.graph.mir.slots[place.slot].span, "this value has no owner", true)
                .label(at.span, "dropped here, at the end of the statement", false);
            return with_later(d, later).help("give the value a name with `let` before this statement");
        }
        let name = name.unwrap_or_else(|| "this value".to_string());
        let d = Diagnostic::new(&code::BORROW_OUTLIVES_OWNER, format!("`{name}` does not live long enough"))
            .label(self.capture_use(loan).unwrap_or(loan.span), "borrowed here", true)
            .label(at.span, format!("`{name}` ends here while it is still borrowed"), false);
        with_later(d, later).help("declare it before what refers to it, or let that own the value")
    }

    /// The parameters of the closure with this span.
    fn closure_head(&self, span: Span) -> Span {
        let closure = self.body.exprs.iter().find_map(|(e, expr)| match expr {
            crate::hir::Expr::Closure(c) if self.body.expr_span(e) == span => Some(c),
            _ => None,
        });
        let Some(closure) = closure else { return span };
        let last = closure
            .params
            .last()
            .map(|&(pat, ty)| ty.map_or(self.body.pat_span(pat), |t| self.q.hir().type_span(t)).end);
        let from = last.unwrap_or(span.start + 1);
        let text = &self.q.hir().files.file(span.file).text;
        let rest = text.get(from as usize..span.end as usize).unwrap_or("");
        match rest.find('|') {
            Some(n) => Span { end: from + n as u32 + 1, ..span },
            None => span,
        }
    }

    fn is_capture(&self, loan: &Loan) -> bool {
        self.capture_use(loan).is_some()
    }

    /// For a reference that a closure captures: the use inside of the closure that needs it.
    fn capture_use(&self, loan: &Loan) -> Option<Span> {
        self.graph.mir.blocks.iter().flat_map(|(_, b)| &b.stmts).find_map(|s| match &s.kind {
            StmtKind::Assign(_, crate::mir::Rvalue::Aggregate(crate::mir::Aggregate::Closure(id, _), parts)) => {
                let n = parts.iter().position(|p| *p == Operand::Move(Place::local(loan.dest)))?;
                let capture = self.q.closure(*id).captures.get(n)?;
                Some(self.body.expr_span(capture.because))
            }
            _ => None,
        })
    }

    /// The use that keeps a loan in scope: the nearest after a point, or where it leaves the function.
    fn later(&self, loan: &Loan, point: u32) -> Later {
        let regions = &self.graph.regions;
        let Some(values) = &self.values else { return Later::Unknown };
        if loan.dest == crate::mir::Mir::RESULT {
            return Later::Escapes { span: loan.span, why: Why::Return, is_static: false };
        }
        if let Some(end) = values.ends(loan.region, &regions.universals).next() {
            let target = regions.universals[end].var;
            let (span, why) = self.blame(loan.region, target);
            return Later::Escapes { span, why, is_static: target == STATIC };
        }
        let reached = self.reached_regions(loan.region);
        let mir = self.graph.mir;
        let holds: Vec<bool> = mir
            .slots
            .ids()
            .map(|slot| {
                let mut held = Vec::new();
                self.graph.slot_regions(slot, &mut held);
                held.iter().any(|r| reached.contains(r))
            })
            .collect();
        let mut seen = FastSet::default();
        let mut todo = std::collections::VecDeque::from([point]);
        let mut first = true;
        while let Some(p) = todo.pop_front() {
            let (bb, n) = self.points.location(p);
            let block = &mir.blocks[bb];
            let mut found = None;
            let mut note = |slot: Slot, what: SlotUse| {
                if what != SlotUse::Def && holds[slot.0 as usize] {
                    found = Some(what);
                }
            };
            let span = match block.stmts.get(n) {
                Some(stmt) => {
                    stmt_slots(&stmt.kind, &mut note);
                    stmt.span
                }
                None => {
                    end_slots(block.terminator(), &mut note);
                    block.end_span.unwrap_or(mir.span)
                }
            };
            if let (Some(what), false) = (found, first) {
                return Later::Use { span, drop: what == SlotUse::Drop, again: p <= point };
            }
            first = false;
            self.points.next(mir, p, |q| {
                if values.holds(loan.region, q) && seen.insert(q) {
                    todo.push_back(q);
                }
            });
        }
        Later::Unknown
    }

    /// Regions that a region must outlive.
    fn reached_regions(&self, from: RegionVar) -> FastSet<RegionVar> {
        let regions = &self.graph.regions;
        let edges = regions.constraints_by(|c| c.longer);
        let mut seen = FastSet::from_iter([from]);
        let mut todo = vec![from];
        while let Some(r) = todo.pop() {
            for &e in edges.of(r) {
                let next = regions.constraints[e as usize].shorter;
                if seen.insert(next) {
                    todo.push(next);
                }
            }
        }
        seen
    }

    /// The tail of a block: what is done to the value of a block is shown there.
    fn tail_span(&self, span: Span) -> Span {
        let mut span = span;
        for (e, expr) in self.body.exprs.iter().rev() {
            if let crate::hir::Expr::Block(crate::hir::Block { tail: Some(tail), .. }) = expr
                && self.body.expr_span(e) == span
            {
                span = self.body.expr_span(*tail);
            }
        }
        span
    }

    /// The constraint to show for `longer: shorter`: on the shortest chain, the one that says most.
    pub fn blame(&self, longer: RegionVar, shorter: RegionVar) -> (Span, Why) {
        let regions = &self.graph.regions;
        let edges = regions.constraints_by(|c| c.longer);
        let mut from: Vec<Option<u32>> = vec![None; regions.count as usize];
        let mut todo = std::collections::VecDeque::from([longer]);
        let mut seen = FastSet::from_iter([longer]);
        while let Some(r) = todo.pop_front() {
            if r == shorter {
                break;
            }
            for &e in edges.of(r) {
                let next = regions.constraints[e as usize].shorter;
                if seen.insert(next) {
                    from[next as usize] = Some(e);
                    todo.push_back(next);
                }
            }
        }
        let mut best: Option<(u32, Span, Why)> = None;
        let mut at = shorter;
        while at != longer {
            let Some(e) = from[at as usize] else { break };
            let c = regions.constraints[e as usize];
            let rank = match c.why {
                Why::Return => 5,
                Why::Bound(_) => 4,
                Why::Argument => 3,
                Why::Capture => 2,
                Why::Assign => 1,
                Why::Given => 0,
            };
            if best.is_none_or(|b| rank > b.0) {
                best = Some((rank, c.span, c.why));
            }
            at = c.longer;
        }
        best.map_or((self.graph.mir.span, Why::Given), |(_, span, why)| (self.tail_span(span), why))
    }
}

fn with_later(d: Diagnostic, later: &Later) -> Diagnostic {
    match later {
        Later::Use { span, drop: true, .. } => d.label(*span, "still needed here, where its holder is dropped", false),
        Later::Use { span, again: true, .. } => {
            d.label(*span, "the reference is used here, in a later turn of the loop", false)
        }
        Later::Use { span, .. } => d.label(*span, "the reference is used here later", false),
        Later::Escapes { span, is_static: true, .. } => {
            d.label(*span, "the reference must live for `'static` here", false)
        }
        Later::Escapes { span, .. } => d.label(*span, "the reference must outlive the function here", false),
        Later::Unknown => d,
    }
}

/// Whether one place is a part of the other.
fn overlaps(a: &Place, b: &Place) -> bool {
    a.path.iter().zip(&b.path).all(|(x, y)| match (x, y) {
        (crate::mir::Elem::Field(n, _), crate::mir::Elem::Field(m, _)) => n == m,
        _ => x == y,
    })
}
