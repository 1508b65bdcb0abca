//! Walking over what statements and terminators read and write.

use super::{Callee, Operand, Place, Rvalue, StmtKind, Terminator};

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
