//! Tail calls (section 6.3): a function that ends with a call of itself begins again instead.
//!
//! After a call in tail position nothing is done but to return its result: no value waits for its drop. Its arguments become the
//! parameters, and control goes to the entry. Nothing of the call that is left may be needed then, so an argument must not
//! lead to a variable of it; [`Taint`] finds what may, without looking at the order of things.
//!
//! Works on graphs with exact drops. What is known by its caller's place (`#[track_caller]`) keeps its frames.

use molt_base::EntityId;

use super::queries::Queries;
use super::{
    Bb, Callee, Constant, Elem, Mir, MirOwner, Operand, Place, Rvalue, Slot, SlotDecl, Stmt, StmtKind, Terminator,
};
use crate::code::Instance;
use crate::hir::{BodyOwner, FnId};
use crate::ty::{Args, Ty};

/// Makes loops of the calls in tail position by which a function calls itself.
pub fn make_loops(q: Queries<'_>, mir: &mut Mir) {
    let MirOwner::Body(BodyOwner::Fn(own)) = mir.owner else { return };
    if q.c.tracks_caller(own) {
        return;
    }
    let calls: Vec<Bb> = mir.blocks.iter().map(|(bb, _)| bb).filter(|&bb| is_tail_call(q, mir, own, bb)).collect();
    if calls.is_empty() {
        return;
    }
    let taint = Taint::of(q, mir);
    for bb in calls {
        let Some(Terminator::Call { args, .. }) = &mir.blocks[bb].end else { continue };
        if !args.iter().any(|a| taint.has(a)) {
            begin_again(mir, bb);
        }
    }
}

/// Whether a block ends with a call of the function itself whose result is the function's.
fn is_tail_call(q: Queries<'_>, mir: &Mir, own: FnId, bb: Bb) -> bool {
    let block = &mir.blocks[bb];
    let Terminator::Call { func: Callee::Fn(f, list), dest, target: Some(target), .. } = block.terminator() else {
        return false;
    };
    let is_unit = mir.slots[Mir::RESULT].ty == Ty::UNIT;
    !block.cleanup
        && (is_unit || *dest == Place::local(Mir::RESULT))
        && is_own(q, own, *f, *list)
        && only_returns(mir, *target)
}

/// Whether a callee is the function, for the same type arguments.
fn is_own(q: Queries<'_>, own: FnId, f: FnId, list: Args) -> bool {
    let types = q.types();
    let owner = crate::check::context::Owner::Fn(own);
    let identity = types.erase_args(q.c.identity_args(owner));
    if q.c.trait_of_fn(f).is_none() {
        return f == own && types.erase_args(list) == identity;
    }
    // A member of a trait that the function implements.
    match q.c.resolve_fn(f, list) {
        Some(Instance::Body(BodyOwner::Fn(found), args)) => found == own && types.erase_args(args) == identity,
        _ => false,
    }
}

/// Whether nothing is done from a block on but to return.
fn only_returns(mir: &Mir, mut at: Bb) -> bool {
    let is_nothing = |s: &Stmt| match &s.kind {
        StmtKind::Live(_) | StmtKind::Dead(_) | StmtKind::FakeRead(_) | StmtKind::Nop => true,
        StmtKind::Assign(_, Rvalue::Use(Operand::Const(Constant::Unit))) => true,
        StmtKind::Assign(..) | StmtKind::CheckIndex { .. } => false,
    };
    for _ in 0..mir.blocks.len() {
        if !mir.blocks[at].stmts.iter().all(is_nothing) {
            return false;
        }
        match mir.blocks[at].terminator() {
            Terminator::Goto(next) => at = *next,
            Terminator::Return => return true,
            _ => return false,
        }
    }
    false
}

/// The arguments become the parameters. All are read before the first is written.
fn begin_again(mir: &mut Mir, bb: Bb) {
    let block = &mut mir.blocks[bb];
    let Some(Terminator::Call { args, .. }) = block.end.take() else { return };
    let span = block.end_span.unwrap_or(mir.span);
    let assign = |to: Slot, from: Operand| Stmt { kind: StmtKind::Assign(Place::local(to), Rvalue::Use(from)), span };
    let mut read = Vec::with_capacity(args.len());
    for (arg, param) in args.into_iter().zip((1..=mir.param_count).map(Slot)) {
        let ty = mir.slots[param].ty;
        let slot = mir.slots.push(SlotDecl { ty, span, local: None, mutable: true, promoted: false });
        read.push((param, slot));
        block.stmts.push(assign(slot, arg));
    }
    for (param, slot) in read {
        block.stmts.push(assign(param, Operand::Move(Place::local(slot))));
    }
    block.end = Some(Terminator::Goto(Mir::ENTRY));
    block.unwind = None;
}

/// Slots whose values may lead to variables of the call.
struct Taint {
    slots: Vec<bool>,
}

impl Taint {
    fn of(q: Queries<'_>, mir: &Mir) -> Taint {
        let mut found = Finder { q, mir, slots: vec![false; mir.slots.len()], borrowed: vec![false; mir.slots.len()] };
        loop {
            let before = (found.slots.clone(), found.borrowed.clone());
            for (_, block) in mir.blocks.iter() {
                block.stmts.iter().for_each(|s| found.statement(s));
                match block.terminator() {
                    Terminator::Call { args, dest, .. } => found.call(args, dest),
                    Terminator::Await { future, dest, .. } => found.call(std::slice::from_ref(future), dest),
                    _ => {}
                }
            }
            if before == (found.slots.clone(), found.borrowed.clone()) {
                return Taint { slots: found.slots };
            }
        }
    }

    fn has(&self, operand: &Operand) -> bool {
        match operand {
            Operand::Copy(p) | Operand::Move(p) => self.slots[p.slot.index()],
            Operand::Const(_) => false,
        }
    }
}

struct Finder<'a> {
    q: Queries<'a>,
    mir: &'a Mir,
    slots: Vec<bool>,
    /// Variables whose address was taken.
    borrowed: Vec<bool>,
}

impl Finder<'_> {
    fn mark(&mut self, slot: Slot) {
        if self.q.may_refer(self.mir.slots[slot].ty) {
            self.slots[slot.index()] = true;
        }
    }

    fn reads(&self, operand: &Operand) -> bool {
        matches!(operand, Operand::Copy(p) | Operand::Move(p) if self.slots[p.slot.index()])
    }

    fn statement(&mut self, stmt: &Stmt) {
        let StmtKind::Assign(to, value) = &stmt.kind else { return };
        let leads = match value {
            Rvalue::Ref(_, _, p) | Rvalue::RawRef(_, p) => {
                // Promoted constants lie elsewhere.
                let own = !p.path.contains(&Elem::Deref) && !self.mir.slots[p.slot].promoted;
                self.borrowed[p.slot.index()] |= own;
                own || self.slots[p.slot.index()]
            }
            Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) => self.reads(o),
            Rvalue::Aggregate(_, parts) => parts.iter().any(|o| self.reads(o)),
            Rvalue::StaticRef(_)
            | Rvalue::Len(_)
            | Rvalue::Binary(..)
            | Rvalue::Neg(_)
            | Rvalue::Not(_)
            | Rvalue::Variant(_) => false,
        };
        if leads {
            self.mark(to.slot);
            // It may have been stored where a reference leads to.
            if to.path.contains(&Elem::Deref) {
                self.stored();
            }
        }
    }

    /// What a call is given may be in its result, and in all that it could reach.
    fn call(&mut self, args: &[Operand], dest: &Place) {
        if !args.iter().any(|a| self.reads(a)) {
            return;
        }
        self.mark(dest.slot);
        if args.len() > 1 {
            self.stored();
        }
    }

    /// An address went where some reference leads to.
    fn stored(&mut self) {
        for n in 0..self.slots.len() {
            if self.borrowed[n] {
                self.mark(Slot(n as u32));
            }
        }
    }
}
