//! The walk that compares every access with what is initialised, mutable and lent.

use molt_base::hash::FastSet;

use molt_base::{Lists, Span};
use molt_diagnostics::Diagnostic;
use smallvec::SmallVec;

use super::body::TypedMir;
use super::live::{Live, Points, Values};
use super::loans::{Depth, Loan, Loans, conflicts, is_box_deref};
use crate::check::typed::{CaptureMode, CaptureStep, TypedBody};
use crate::hir::{Body, LocalId, Mutability};
use crate::mir::bits;
use crate::mir::moves::{Found, Initialised, MovePaths, PathIx, State, end_moves, mark, step};
use crate::mir::queries::Queries;
use crate::mir::{
    Bb, BorrowKind, Callee, Elem, Mir, MirOwner, Operand, Path, Place, Rvalue, Slot, StmtKind, Terminator,
};
use crate::ty::{Ty, TyKind};

/// What is done with a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    Copy,
    Move,
    Shared,
    Mut,
    /// `&mut` that is not used yet.
    Reserve,
    /// First use of such a reference, by the number of its loan.
    Activate(u32),
    Assign,
    StorageEnd,
    Drop,
    Return,
}

/// Where the walk is.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub point: u32,
    pub span: Span,
}

pub struct Access<'a, 'm> {
    pub q: Queries<'a>,
    pub body: &'m Body,
    pub typed: &'m TypedBody,
    pub graph: TypedMir<'a, 'm>,
    pub points: Points,
    pub paths: MovePaths,
    pub init: Initialised,
    pub loans: Option<(Loans, Live)>,
    pub values: Option<Values>,
    /// Variables that something changes.
    pub changed: &'m mut [bool],
    /// Causes that were reported: a kind and a number of that kind.
    pub reported: FastSet<(u32, u32)>,
    pub errors: usize,
    /// Slots that are moved into closures: references made for captures.
    capture_slots: FastSet<Slot>,
    /// Two-phase loans by the slot of their reference, ascending.
    reserved: Vec<(Slot, u32)>,
    /// Points that give a whole slot a value, by the slot.
    assigned: Lists,
}

impl<'a, 'm> Access<'a, 'm> {
    #[expect(clippy::too_many_arguments, reason = "the results of the steps before, gathered once")]
    pub fn new(
        q: Queries<'a>,
        body: &'m Body,
        typed: &'m TypedBody,
        graph: TypedMir<'a, 'm>,
        points: Points,
        paths: MovePaths,
        init: Initialised,
        loans: Option<(Loans, Live)>,
        values: Option<Values>,
        changed: &'m mut [bool],
    ) -> Access<'a, 'm> {
        let mut reserved = Vec::new();
        if let Some((loans, _)) = &loans {
            for (n, loan) in loans.list.iter().enumerate() {
                if loan.kind == BorrowKind::TwoPhase {
                    reserved.push((loan.dest, n as u32));
                }
            }
        }
        reserved.sort_by_key(|r| r.0);
        let (assigned, capture_slots) = assignments(graph.mir, &points);
        Access {
            q,
            body,
            typed,
            graph,
            points,
            paths,
            init,
            loans,
            values,
            changed,
            reported: FastSet::default(),
            errors: 0,
            capture_slots,
            reserved,
            assigned,
        }
    }

    pub fn error(&mut self, diagnostic: Diagnostic) {
        self.errors += 1;
        self.q.c.report(diagnostic);
    }

    pub fn run(&mut self) {
        let mir = self.graph.mir;
        let mut state = self.init.at(Mir::ENTRY);
        for bb in mir.blocks.ids() {
            if self.init.is_reached(bb) {
                self.init.enter(bb, &mut state);
                self.block(mir, bb, &mut state);
            }
        }
    }

    fn block(&mut self, mir: &Mir, bb: Bb, state: &mut State) {
        let block = &mir.blocks[bb];
        let mut point = self.points.at(bb, 0);
        for stmt in &block.stmts {
            let at = At { point, span: stmt.span };
            self.statement(state, &stmt.kind, at);
            step(self.q, &self.paths, state, &stmt.kind);
            point += 1;
        }
        let at = At { point, span: block.end_span.unwrap_or(mir.span) };
        self.terminator(state, block.terminator(), at);
    }

    fn statement(&mut self, state: &mut State, kind: &StmtKind, at: At) {
        match kind {
            StmtKind::Assign(place, value) => {
                self.value(state, place, value, at);
                self.assign(state, place, at);
            }
            StmtKind::Dead(slot) => self.lent(&Place::local(*slot), Depth::Shallow, What::StorageEnd, at),
            StmtKind::CheckIndex { place, index } => {
                // The element itself is looked at where it is used.
                self.check_head_init(state, &place.with(Elem::Index(place.slot)), at);
                self.operand(state, index, at);
            }
            StmtKind::FakeRead(place) => self.check_head_init(state, place, at),
            StmtKind::Live(_) | StmtKind::Nop => {}
        }
    }

    fn value(&mut self, state: &mut State, dest: &Place, value: &Rvalue, at: At) {
        match value {
            Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) | Rvalue::Neg(o) | Rvalue::Not(o) => {
                self.operand(state, o, at);
            }
            Rvalue::Binary(_, a, b) => {
                self.operand(state, a, at);
                self.operand(state, b, at);
            }
            Rvalue::Aggregate(_, parts) => {
                for part in parts {
                    self.operand(state, part, at);
                    // A value moved for one part is gone for the next.
                    if let Operand::Move(p) = part {
                        mark(self.q, &self.paths, state, p, false);
                    }
                }
            }
            Rvalue::Ref(_, kind, place) => self.borrow(state, dest, *kind, place, at),
            Rvalue::RawRef(m, place) => {
                self.check_init(state, place, at, "borrowed");
                if *m == Mutability::Mut {
                    self.check_mutable(place, at, true);
                    self.lent(place, Depth::Deep, What::Mut, at);
                } else {
                    self.lent(place, Depth::Deep, What::Shared, at);
                }
            }
            Rvalue::Len(place) | Rvalue::Variant(place) => {
                self.check_head_init(state, place, at);
                self.lent(place, Depth::Shallow, What::Copy, at);
            }
            Rvalue::StaticRef(_) => {}
        }
    }

    fn borrow(&mut self, state: &State, dest: &Place, kind: BorrowKind, place: &Place, at: At) {
        self.check_init(state, place, at, "borrowed");
        match kind {
            BorrowKind::Shared => self.lent(place, Depth::Deep, What::Shared, at),
            BorrowKind::Mut | BorrowKind::TwoPhase => {
                if self.capture_slots.contains(&dest.slot) {
                    self.note_changed(place);
                } else {
                    self.check_mutable(place, at, true);
                }
                let what = if kind == BorrowKind::Mut { What::Mut } else { What::Reserve };
                self.lent(place, Depth::Deep, what, at);
            }
            BorrowKind::Fake => {}
        }
    }

    fn operand(&mut self, state: &State, operand: &Operand, at: At) {
        match operand {
            Operand::Copy(place) => {
                self.activate(place.slot, at);
                self.check_init(state, place, at, "used");
                self.lent(place, Depth::Deep, What::Copy, at);
            }
            Operand::Move(place) => {
                self.activate(place.slot, at);
                self.check_init(state, place, at, "moved");
                self.check_movable(place, at);
                self.lent(place, Depth::Deep, What::Move, at);
            }
            Operand::Const(_) => {}
        }
    }

    /// A reference that was only reserved so far becomes exclusive where it is used.
    fn activate(&mut self, slot: Slot, at: At) {
        for i in self.reserved.partition_point(|r| r.0 < slot).. {
            let Some(&(_, loan)) = self.reserved.get(i).filter(|r| r.0 == slot) else { return };
            let Some((loans, _)) = &self.loans else { return };
            if loans.in_scope(loan, at.point) {
                let place = loans.list[loan as usize].place.clone();
                self.lent(&place, Depth::Deep, What::Activate(loan), at);
            }
        }
    }

    fn terminator(&mut self, state: &mut State, end: &Terminator, at: At) {
        match end {
            Terminator::Switch { value, .. } => self.operand(state, value, at),
            Terminator::Call { func, args, dest, .. } => {
                if let Callee::Pointer(o) = func {
                    self.operand(state, o, at);
                }
                for arg in args {
                    self.operand(state, arg, at);
                    if let Operand::Move(p) = arg {
                        mark(self.q, &self.paths, state, p, false);
                    }
                }
                end_moves(self.q, &self.paths, state, end);
                self.assign(state, dest, at);
            }
            Terminator::Await { future, dest, .. } => {
                self.operand(state, future, at);
                end_moves(self.q, &self.paths, state, end);
                self.assign(state, dest, at);
            }
            Terminator::Drop { place, replace: true, .. } => self.assign(state, place, at),
            Terminator::Drop { place, .. } => {
                if self.is_maybe_init(state, place) {
                    self.lent(place, Depth::Drop, What::Drop, at);
                }
            }
            Terminator::Return => self.returned(at),
            Terminator::Goto(_) | Terminator::Resume | Terminator::Unreachable | Terminator::Panic(_) => {}
        }
    }

    fn is_maybe_init(&self, state: &State, place: &Place) -> bool {
        match self.paths.find(self.q, place) {
            Found::Exact(path) => {
                let mut any = false;
                self.paths.each_in(path, &mut |p| any |= state.may_be_init(p));
                any
            }
            Found::Inside(path) | Found::Behind(path) => state.may_be_init(path),
            Found::Untracked => true,
        }
    }

    /// Nothing that a function owns may be lent when it returns.
    fn returned(&mut self, at: At) {
        let Some((loans, _)) = &self.loans else { return };
        let lent: Vec<Place> = (0..loans.list.len() as u32)
            .filter(|&n| loans.in_scope(n, at.point))
            .map(|n| Place::local(loans.list[n as usize].place.slot))
            .collect();
        for place in lent {
            self.lent(&place, Depth::Shallow, What::Return, at);
        }
    }

    /// An assignment: the place must be mutable or still without value, and not lent.
    fn assign(&mut self, state: &State, place: &Place, at: At) {
        if let Some((_, rest)) = place.path.split_last() {
            self.check_owner_init(state, place.slot, rest, at);
            self.check_mutable(place, at, false);
        } else {
            self.assign_slot(state, place.slot, at);
        }
        self.lent(place, Depth::Shallow, What::Assign, at);
    }

    fn assign_slot(&mut self, state: &State, slot: Slot, at: At) {
        let decl = &self.graph.mir.slots[slot];
        let Some(local) = decl.local else { return };
        let may_be_init = self.paths.slot_path(slot).is_some_and(|p| state.may_be_init(p));
        if decl.mutable {
            if may_be_init || self.is_assigned_elsewhere(slot, at.point) {
                self.changed[local.0 as usize] = true;
            }
        } else if may_be_init || self.is_assigned_before(slot, at.point) {
            self.report_assigned_twice(slot, local, at);
        }
    }

    fn is_assigned_elsewhere(&self, slot: Slot, point: u32) -> bool {
        self.assignments(slot).iter().any(|&p| p != point)
    }

    /// Points that give the whole slot a value.
    pub fn assignments(&self, slot: Slot) -> &[u32] {
        self.assigned.of(slot.0)
    }

    /// Whether an assignment of the slot leads here without its storage beginning anew. A moved value counts.
    fn is_assigned_before(&self, slot: Slot, point: u32) -> bool {
        let others = self.assignments(slot);
        if others.len() < 2 {
            return false;
        }
        let mir = self.graph.mir;
        let mut seen = vec![0; bits::words_for(self.points.count())];
        let mut todo = Vec::new();
        for &other in others {
            self.points.next(mir, other, |p| todo.push(p));
        }
        while let Some(p) = todo.pop() {
            if p == point {
                return true;
            }
            let (bb, n) = self.points.location(p);
            let restarts = mir.blocks[bb]
                .stmts
                .get(n)
                .is_some_and(|s| matches!(s.kind, StmtKind::Live(s) | StmtKind::Dead(s) if s == slot));
            if !restarts && !bits::get(&seen, p as usize) {
                bits::set(&mut seen, p as usize);
                self.points.next(mir, p, |p| todo.push(p));
            }
        }
        false
    }

    /// A place that is read must be initialised, with all its parts.
    pub fn check_init(&mut self, state: &State, place: &Place, at: At, how: &str) {
        let found = self.paths.find(self.q, place);
        let missing = match found {
            Found::Exact(path) => self.first_uninit(state, path),
            Found::Inside(path) | Found::Behind(path) => state.may_be_uninit(path).then_some(path),
            Found::Untracked => None,
        };
        if let Some(missing) = missing {
            self.report_uninit(place, missing, at, how);
        }
    }

    /// A place that is looked at without its parts: its variant or length.
    fn check_head_init(&mut self, state: &State, place: &Place, at: At) {
        let path = match self.paths.find(self.q, place) {
            Found::Exact(p) | Found::Inside(p) | Found::Behind(p) => p,
            Found::Untracked => return,
        };
        if state.may_be_uninit(path) {
            self.report_uninit(place, path, at, "used");
        }
    }

    fn first_uninit(&self, state: &State, path: PathIx) -> Option<PathIx> {
        let mut found = None;
        self.paths.each_in(path, &mut |p| {
            if found.is_none() && state.may_be_uninit(p) {
                found = Some(p);
            }
        });
        found
    }

    /// A part is assigned only in a value that is there.
    fn check_owner_init(&mut self, state: &State, slot: Slot, rest: &[Elem], at: At) {
        let path = match self.paths.find_part(self.q, slot, rest) {
            Found::Exact(p) | Found::Inside(p) | Found::Behind(p) => p,
            Found::Untracked => return,
        };
        if state.may_be_uninit(path) {
            self.report_uninit(&Place { slot, path: Path::from_slice(rest) }, path, at, "assigned in part");
        }
    }

    /// Values move out of variables, their fields and boxes only.
    fn check_movable(&mut self, place: &Place, at: At) {
        if place.is_local() {
            return;
        }
        let mut ty = self.graph.slot_ty[place.slot.0 as usize];
        let mut variant = 0;
        for (n, &elem) in place.path.iter().enumerate() {
            let types = self.q.types();
            match (elem, types.kind(ty)) {
                (Elem::Variant(v), _) => {
                    variant = v;
                    continue;
                }
                (Elem::Deref, TyKind::Ref(..) | TyKind::Ptr(..)) => {
                    let base = place.up_to(n);
                    return self.report_move_out(place, &base, at);
                }
                (Elem::Index(_), _) | (Elem::ConstIndex { .. } | Elem::Subslice { .. }, TyKind::Slice(_)) => {
                    let base = place.up_to(n);
                    return self.report_move_out_of_index(place, &base, at);
                }
                (Elem::Field(..), TyKind::Adt(adt, _)) if self.q.c.drop_impl(adt).is_some() => {
                    let base = place.up_to(n);
                    return self.report_move_out_of_drop(place, &base, adt, at);
                }
                _ => {}
            }
            ty = self.graph.part_ty(ty, elem, variant);
            variant = 0;
        }
    }

    /// A place that is changed must be declared mutable, or be behind an exclusive reference. No shared reference may lie on
    /// the way to it.
    fn check_mutable(&mut self, place: &Place, at: At, is_borrow: bool) {
        let capture = self.capture_index(place);
        let mut exclusive = false;
        for end in (1..=place.path.len()).rev() {
            if let Some((n, used)) = capture
                && used == end
            {
                return self.check_capture(n, place, at, is_borrow, exclusive);
            }
            if place.path[end - 1] != Elem::Deref {
                continue;
            }
            let ty = self.graph.path_ty(place.slot, &place.path[..end - 1]);
            match self.q.types().kind(ty) {
                TyKind::Ref(_, Mutability::Mut, _) => {
                    // The reference that a closure holds stands for the variable itself.
                    let of_closure =
                        capture.is_some_and(|(n, used)| used == end - 1 && self.is_captured_by_reference(n));
                    exclusive |= !of_closure;
                }
                TyKind::Ptr(Mutability::Mut, _) => return,
                TyKind::Ref(..) | TyKind::Ptr(..) | TyKind::Str(_) => {
                    let base = place.up_to(end - 1);
                    return self.report_behind_shared(place, &base, at, is_borrow);
                }
                _ => {}
            }
        }
        let decl = &self.graph.mir.slots[place.slot];
        let Some(local) = decl.local.filter(|_| !exclusive) else { return };
        if decl.mutable {
            self.changed[local.0 as usize] = true;
        } else {
            self.report_immutable(place, local, at, is_borrow);
        }
    }

    fn is_captured_by_reference(&self, n: u32) -> bool {
        let MirOwner::Closure(id) = self.graph.mir.owner else { return false };
        self.q.closure(id).captures.get(n as usize).is_some_and(|c| c.mode == CaptureMode::Mut)
    }

    /// `exclusive`: the changed place is behind an exclusive reference that was captured.
    fn check_capture(&mut self, n: u32, place: &Place, at: At, is_borrow: bool, exclusive: bool) {
        let MirOwner::Closure(id) = self.graph.mir.owner else { return };
        let Some(capture) = self.q.closure(id).captures.get(n as usize) else { return };
        if capture.mode == CaptureMode::Shared {
            let base = Place::local(place.slot);
            return self.report_behind_shared(place, &base, at, is_borrow);
        }
        if exclusive {
            return;
        }
        // Behind an exclusive reference the variable itself need not be mutable.
        let mut ty = self.typed.local(capture.local);
        for step in capture.path.iter() {
            match *step {
                CaptureStep::Deref(to) => {
                    if matches!(self.q.types().kind(ty), TyKind::Ref(_, Mutability::Mut, _)) {
                        return;
                    }
                    ty = to;
                }
                CaptureStep::Field(_, to) => ty = to,
            }
        }
        let local = capture.local;
        if self.body.locals[local].mutable {
            self.changed[local.0 as usize] = true;
        } else {
            self.report_immutable(place, local, at, is_borrow);
        }
    }

    /// A variable that a closure borrows exclusively; whether it may be is checked where the closure changes it.
    fn note_changed(&mut self, place: &Place) {
        let behind_reference = (0..place.path.len()).any(|n| {
            place.path[n] == Elem::Deref && {
                let ty = self.graph.path_ty(place.slot, &place.path[..n]);
                matches!(self.q.types().kind(ty), TyKind::Ref(..))
            }
        });
        if let (Some(local), false) = (self.graph.mir.slots[place.slot].local, behind_reference) {
            self.changed[local.0 as usize] = true;
        }
    }

    /// Compares an access with the loans that are in scope.
    pub fn lent(&mut self, place: &Place, depth: Depth, what: What, at: At) {
        let Some((loans, live)) = &self.loans else { return };
        let mut found: SmallVec<[u32; 2]> = SmallVec::new();
        for &n in loans.of_slot(place.slot, at.point) {
            if !loans.in_scope(n, at.point) {
                continue;
            }
            let loan = &loans.list[n as usize];
            let reserved = loan.kind == BorrowKind::TwoPhase && live.is_used_after(loan.dest, at.point);
            // A call reads its arguments before it uses its receiver.
            let before = what == What::Copy && self.is_call(at.point);
            let reserved = reserved && (before || !self.is_activation(loan, at.point));
            if is_allowed(what, loan, n, reserved) {
                continue;
            }
            let is_box = |i| is_box_deref(&mut self.graph, &loan.place, i);
            if conflicts(&loan.place, is_box, place, depth) {
                found.push(n);
            }
        }
        for n in found {
            let Some((loans, _)) = &self.loans else { return };
            let loan = loans.list[n as usize].clone();
            self.report_conflict(&loan, n, place, what, at);
        }
    }

    /// Whether the point is where a reserved reference is used.
    fn is_call(&self, point: u32) -> bool {
        let (bb, n) = self.points.location(point);
        let block = &self.graph.mir.blocks[bb];
        n >= block.stmts.len() && matches!(block.terminator(), Terminator::Call { .. })
    }

    fn is_activation(&self, loan: &Loan, point: u32) -> bool {
        let (bb, n) = self.points.location(point);
        let block = &self.graph.mir.blocks[bb];
        let mut used = false;
        let mut note = |slot: Slot, what| {
            used |= slot == loan.dest && what != crate::mir::visit::SlotUse::Def;
        };
        match block.stmts.get(n) {
            Some(stmt) => crate::mir::visit::stmt_slots(&stmt.kind, &mut note),
            None => crate::mir::visit::end_slots(block.terminator(), &mut note),
        }
        used
    }

    /// The type of a place is wrong already: nothing is said about it.
    pub fn is_error(&mut self, place: &Place) -> bool {
        self.graph.place_ty(place) == Ty::ERROR
    }

    /// Variable that a slot holds.
    pub fn local_of(&self, slot: Slot) -> Option<LocalId> {
        self.graph.mir.slots[slot].local
    }
}

/// Whether an access and a loan may stand side by side.
fn is_allowed(what: What, loan: &Loan, number: u32, reserved: bool) -> bool {
    let shared = loan.kind == BorrowKind::Shared || loan.kind == BorrowKind::Fake || reserved;
    match what {
        What::Copy | What::Shared => shared,
        What::Reserve => loan.kind == BorrowKind::Shared || loan.kind == BorrowKind::Fake,
        What::Activate(n) => n == number,
        What::Move | What::Mut | What::Assign | What::StorageEnd | What::Drop | What::Return => false,
    }
}

/// For each slot the points that give the whole of it a value; and the slots that are moved into closures.
fn assignments(mir: &Mir, points: &Points) -> (Lists, FastSet<Slot>) {
    let mut found = Vec::with_capacity(points.count());
    let mut captures = FastSet::default();
    for (bb, block) in mir.blocks.iter() {
        for (point, stmt) in (points.at(bb, 0)..).zip(&block.stmts) {
            let StmtKind::Assign(place, value) = &stmt.kind else { continue };
            if place.is_local() {
                found.push((place.slot.0, point));
            }
            if let Rvalue::Aggregate(crate::mir::Aggregate::Closure(..), parts) = value {
                captures.extend(parts.iter().filter_map(|p| match p {
                    Operand::Move(p) if p.is_local() && mir.slots[p.slot].local.is_none() => Some(p.slot),
                    _ => None,
                }));
            }
        }
        if let Terminator::Call { dest, .. } | Terminator::Await { dest, .. } = block.terminator()
            && dest.is_local()
        {
            found.push((dest.slot.0, points.end_of(bb)));
        }
    }
    (Lists::new(mir.slots.len(), found.iter().copied()), captures)
}
