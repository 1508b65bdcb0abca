//! Walking over what statements and terminators read and write.

use super::{Callee, Operand, Place, Rvalue, Slot, StmtKind, Terminator};

/// Calls `f` with each place of a statement, in order of evaluation.
pub fn places_mut(kind: &mut StmtKind, f: &mut impl FnMut(&mut Place)) {
    match kind {
        StmtKind::Assign(place, value) => {
            rvalue_places_mut(value, f);
            f(place);
        }
        StmtKind::CheckIndex { place, index } => {
            f(place);
            operand_place_mut(index, f);
        }
        StmtKind::FakeRead(place) => f(place),
        StmtKind::Live(_) | StmtKind::Dead(_) | StmtKind::Nop => {}
    }
}

/// Calls `f` with each place of a terminator.
pub fn end_places_mut(end: &mut Terminator, f: &mut impl FnMut(&mut Place)) {
    match end {
        Terminator::Switch { value, .. } => operand_place_mut(value, f),
        Terminator::Drop { place, .. } => f(place),
        Terminator::Call { func, args, dest, .. } => {
            if let Callee::Pointer(o) = func {
                operand_place_mut(o, f);
            }
            args.iter_mut().for_each(|a| operand_place_mut(a, f));
            f(dest);
        }
        Terminator::Await { future, dest, .. } => {
            operand_place_mut(future, f);
            f(dest);
        }
        Terminator::Goto(_)
        | Terminator::Return
        | Terminator::Resume
        | Terminator::Unreachable
        | Terminator::Panic(_) => {}
    }
}

fn rvalue_places_mut(value: &mut Rvalue, f: &mut impl FnMut(&mut Place)) {
    match value {
        Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) | Rvalue::Neg(o) | Rvalue::Not(o) => {
            operand_place_mut(o, f);
        }
        Rvalue::Ref(_, _, p) | Rvalue::RawRef(_, p) | Rvalue::Len(p) | Rvalue::Variant(p) => f(p),
        Rvalue::StaticRef(_) => {}
        Rvalue::Binary(_, a, b) => {
            operand_place_mut(a, f);
            operand_place_mut(b, f);
        }
        Rvalue::Aggregate(_, parts) => parts.iter_mut().for_each(|p| operand_place_mut(p, f)),
    }
}

fn operand_place_mut(operand: &mut Operand, f: &mut impl FnMut(&mut Place)) {
    match operand {
        Operand::Copy(p) | Operand::Move(p) => f(p),
        Operand::Const(_) => {}
    }
}

/// What a statement or terminator does to a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotUse {
    /// Reads it, or writes a part of it.
    Use,
    /// Moves the whole slot out.
    Move,
    /// Gives the whole slot a value, or begins or ends its storage.
    Def,
    /// Drops it or a part of it.
    Drop,
}

/// Calls `f` with each slot that a statement mentions: uses first.
pub fn stmt_slots(kind: &StmtKind, f: &mut impl FnMut(Slot, SlotUse)) {
    match kind {
        StmtKind::Assign(place, value) => {
            rvalue_slots(value, f);
            f(place.slot, dest_use(place));
        }
        StmtKind::Live(slot) | StmtKind::Dead(slot) => f(*slot, SlotUse::Def),
        StmtKind::CheckIndex { place, index } => {
            f(place.slot, SlotUse::Use);
            operand_slot(index, f);
        }
        StmtKind::FakeRead(place) => f(place.slot, SlotUse::Use),
        StmtKind::Nop => {}
    }
}

/// Calls `f` with each slot that a terminator mentions: uses first.
pub fn end_slots(end: &Terminator, f: &mut impl FnMut(Slot, SlotUse)) {
    match end {
        Terminator::Switch { value, .. } => operand_slot(value, f),
        Terminator::Drop { place, .. } => f(place.slot, SlotUse::Drop),
        Terminator::Call { func, args, dest, .. } => {
            if let Callee::Pointer(o) = func {
                operand_slot(o, f);
            }
            args.iter().for_each(|a| operand_slot(a, f));
            f(dest.slot, dest_use(dest));
        }
        Terminator::Await { future, dest, .. } => {
            operand_slot(future, f);
            f(dest.slot, dest_use(dest));
        }
        Terminator::Goto(_)
        | Terminator::Return
        | Terminator::Resume
        | Terminator::Unreachable
        | Terminator::Panic(_) => {}
    }
}

fn dest_use(place: &Place) -> SlotUse {
    if place.is_local() { SlotUse::Def } else { SlotUse::Use }
}

fn rvalue_slots(value: &Rvalue, f: &mut impl FnMut(Slot, SlotUse)) {
    match value {
        Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) | Rvalue::Neg(o) | Rvalue::Not(o) => {
            operand_slot(o, f);
        }
        Rvalue::Ref(_, _, p) | Rvalue::RawRef(_, p) | Rvalue::Len(p) | Rvalue::Variant(p) => {
            f(p.slot, SlotUse::Use);
        }
        Rvalue::StaticRef(_) => {}
        Rvalue::Binary(_, a, b) => {
            operand_slot(a, f);
            operand_slot(b, f);
        }
        Rvalue::Aggregate(_, parts) => parts.iter().for_each(|p| operand_slot(p, f)),
    }
}

fn operand_slot(operand: &Operand, f: &mut impl FnMut(Slot, SlotUse)) {
    match operand {
        Operand::Copy(p) => f(p.slot, SlotUse::Use),
        Operand::Move(p) if p.is_local() => f(p.slot, SlotUse::Move),
        Operand::Move(p) => f(p.slot, SlotUse::Use),
        Operand::Const(_) => {}
    }
}
