//! Which futures the slots of a graph may hold, so that what joins, races, lists and boxes are given is awaited with them.
//!
//! The order of statements does not count: a slot holds what it is given anywhere, what its parts are given, and what is put
//! into it through a mutable reference. A result of the library may hold what its arguments hold.

use std::collections::BTreeSet;

use molt_base::EntityId;

use super::facts::How;
use super::origin::{Argument, Origins, is_std};
use crate::check::typed::ClosureForm;
use crate::hir::{FnId, Mutability};
use crate::mir::queries::Queries;
use crate::mir::{Aggregate, BorrowKind, Callee, Mir, MirOwner, Operand, Place, Rvalue, Slot, StmtKind, Terminator};
use crate::ty::{Arg, Args, Ty, TyKind};

/// A future: the `async` body that it is of, or the call that gave it.
#[derive(Clone, Debug)]
pub struct Made {
    pub callee: MirOwner,
    pub arguments: Vec<Option<Argument>>,
    pub how: How,
}

#[derive(Default)]
pub struct Futures {
    made: Vec<Made>,
    /// By slots, numbers in `made`.
    held: Vec<BTreeSet<usize>>,
}

impl Futures {
    /// `resolve` gives the function of the program that a call means.
    pub fn new(
        q: Queries<'_>,
        mir: &Mir,
        origins: &Origins<'_>,
        resolve: impl Fn(FnId, Args) -> Option<MirOwner>,
    ) -> Futures {
        let mut c = Collector { q, mir, origins, made: Vec::new(), ways: Vec::new() };
        for (_, block) in mir.blocks.iter() {
            for stmt in &block.stmts {
                if let StmtKind::Assign(place, value) = &stmt.kind {
                    c.assigned(place, value);
                }
            }
            if let Terminator::Call { func, args, dest, .. } = block.terminator() {
                c.called(func, args, dest.slot, &resolve);
            }
        }
        if c.made.is_empty() {
            return Futures::default();
        }
        let mut held = vec![BTreeSet::new(); mir.slots.len()];
        for (n, (slot, _)) in c.made.iter().enumerate() {
            held[slot.index()].insert(n);
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &(from, to) in &c.ways {
                let (from, to) = (from.index(), to.index());
                if from == to || held[from].is_subset(&held[to]) {
                    continue;
                }
                let new = held[from].clone();
                held[to].extend(new);
                changed = true;
            }
        }
        Futures { made: c.made.into_iter().map(|m| m.1).collect(), held }
    }

    /// The futures that a slot may hold.
    pub fn of(&self, slot: Slot) -> Vec<Made> {
        self.held.get(slot.index()).into_iter().flatten().map(|&n| self.made[n].clone()).collect()
    }
}

struct Collector<'a> {
    q: Queries<'a>,
    mir: &'a Mir,
    origins: &'a Origins<'a>,
    made: Vec<(Slot, Made)>,
    /// What the first slot holds, the second one may.
    ways: Vec<(Slot, Slot)>,
}

impl Collector<'_> {
    fn assigned(&mut self, place: &Place, value: &Rvalue) {
        let to = place.slot;
        match value {
            Rvalue::Use(o) | Rvalue::Cast(_, o, _) | Rvalue::Repeat(o, _) => self.way(o, to),
            Rvalue::Ref(_, kind, from) => {
                self.ways.push((from.slot, to));
                if matches!(kind, BorrowKind::Mut | BorrowKind::TwoPhase) {
                    self.ways.push((to, from.slot));
                }
            }
            Rvalue::RawRef(mutability, from) => {
                self.ways.push((from.slot, to));
                if *mutability == Mutability::Mut {
                    self.ways.push((to, from.slot));
                }
            }
            Rvalue::Aggregate(kind, parts) => {
                parts.iter().for_each(|p| self.way(p, to));
                if let Aggregate::Closure(id, _) = kind
                    && self.q.closure(*id).form == ClosureForm::Async
                {
                    let arguments = vec![self.origins.argument(&Operand::Copy(place.clone()))];
                    self.made.push((to, Made { callee: MirOwner::Closure(*id), arguments, how: How::AtOnce }));
                }
            }
            Rvalue::StaticRef(_)
            | Rvalue::Len(_)
            | Rvalue::Binary(..)
            | Rvalue::Neg(_)
            | Rvalue::Not(_)
            | Rvalue::Variant(_) => {}
        }
    }

    fn called(
        &mut self,
        func: &Callee,
        args: &[Operand],
        dest: Slot,
        resolve: &impl Fn(FnId, Args) -> Option<MirOwner>,
    ) {
        match func {
            Callee::Fn(f, _) if is_std(self.q, self.q.hir().fns[*f].head.module) => self.library_called(args, dest),
            Callee::Fn(f, list) if self.may_hold(dest) => {
                if let Some(callee) = resolve(*f, *list) {
                    self.made_by(callee, args, dest);
                }
            }
            Callee::FnTrait { .. } if self.may_hold(dest) => {
                if let Some(id) = args.first().and_then(|a| self.origins.closure(a)) {
                    self.made_by(MirOwner::Closure(id), args, dest);
                }
            }
            Callee::Fn(..) | Callee::FnTrait { .. } | Callee::Pointer(_) | Callee::Builtin(..) => {}
        }
    }

    /// What the library is given, its result may hold, and so may the first argument if it is changed. Closures that it is
    /// given make futures, such as those of an iterator.
    fn library_called(&mut self, args: &[Operand], dest: Slot) {
        let changed = args
            .first()
            .and_then(slot_of)
            .filter(|s| matches!(self.q.types().kind(self.mir.slots[*s].ty), TyKind::Ref(_, Mutability::Mut, _)));
        let result = self.may_hold(dest);
        for (n, a) in args.iter().enumerate() {
            if let (Some(first), 1..) = (changed, n) {
                self.way(a, first);
            }
            if result {
                self.way(a, dest);
                if let Some(id) = self.origins.closure(a) {
                    self.made_by(MirOwner::Closure(id), std::slice::from_ref(a), dest);
                }
            }
        }
    }

    fn made_by(&mut self, callee: MirOwner, args: &[Operand], dest: Slot) {
        let arguments = args.iter().map(|a| self.origins.argument(a)).collect();
        self.made.push((dest, Made { callee, arguments, how: How::Awaited }));
    }

    fn way(&mut self, from: &Operand, to: Slot) {
        if let Some(from) = slot_of(from) {
            self.ways.push((from, to));
        }
    }

    /// Whether a slot's type may be, or contain, a future or what makes one.
    fn may_hold(&self, slot: Slot) -> bool {
        self.may_be_future(self.mir.slots[slot].ty)
    }

    fn may_be_future(&self, ty: Ty) -> bool {
        let any = |args| self.q.types().list(args).iter().any(|a| matches!(a, Arg::Ty(t) if self.may_be_future(*t)));
        match self.q.types().kind(ty) {
            TyKind::Future(..) | TyKind::Closure(..) | TyKind::Opaque(..) | TyKind::Dyn(..) | TyKind::Param(..) => true,
            TyKind::Adt(_, args) | TyKind::Tuple(args) | TyKind::Projection(_, args) => any(args),
            TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) | TyKind::Array(t, _) | TyKind::Slice(t) => self.may_be_future(t),
            _ => false,
        }
    }
}

fn slot_of(o: &Operand) -> Option<Slot> {
    match o {
        Operand::Copy(p) | Operand::Move(p) => Some(p.slot),
        Operand::Const(_) => None,
    }
}
