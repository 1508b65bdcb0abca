//! The last step of building: captured variables become fields of the environment, blocks that nothing reaches go, and blocks
//! with one way in join the block before them.

use super::value::captured_by_value;
use super::{Builder, UPVAR_BASE};
use crate::check::typed::{CaptureStep, ClosureData, FnTrait};
use crate::hir::{LocalId, Mutability};
use crate::mir::visit::places_mut;
use crate::mir::{Bb, Block, Elem, Mir, MirOwner, Path, Place, Slot, StmtKind, Terminator};
use crate::ty::{Ty, Types};
use molt_base::Arena;
use smallvec::{SmallVec, smallvec};

/// Resolves and cleans up the graph of a builder.
pub(super) fn finish(builder: Builder<'_>) -> Mir {
    let Builder { q, types, mut mir, .. } = builder;
    if let MirOwner::Closure(id) = mir.owner {
        resolve_captures(types, q.closure(id), &mut mir);
    }
    compact(&mut mir);
    mir
}

/// Type of field `n` of a closure's environment.
pub fn capture_field_ty(types: &Types, data: &ClosureData, n: usize) -> Ty {
    let capture = &data.captures[n];
    if captured_by_value(types, capture) {
        return capture.ty;
    }
    let mutability = match capture.mode {
        crate::check::typed::CaptureMode::Mut => Mutability::Mut,
        _ => Mutability::Shared,
    };
    types.reference(mutability, capture.ty)
}

fn resolve_captures(types: &Types, data: &ClosureData, mir: &mut Mir) {
    let by_ref = data.form == crate::check::typed::ClosureForm::Closure && data.kind != FnTrait::FnOnce;
    for bb in mir.blocks.ids() {
        let block = &mut mir.blocks[bb];
        for stmt in &mut block.stmts {
            let mut lost = false;
            places_mut(&mut stmt.kind, &mut |place| lost |= !resolve(types, data, by_ref, place));
            if lost {
                // Only reads that make no code name places that the closure does not hold.
                debug_assert!(matches!(stmt.kind, StmtKind::FakeRead(_)), "{:?} is not captured", stmt.kind);
                stmt.kind = StmtKind::Nop;
            }
        }
        if let Some(end) = &mut block.end {
            crate::mir::visit::end_places_mut(end, &mut |place| {
                let found = resolve(types, data, by_ref, place);
                debug_assert!(found, "{place:?} is not captured");
            });
        }
    }
}

/// Puts the field of the environment in place of a captured variable. False if the closure does not hold it.
fn resolve(types: &Types, data: &ClosureData, by_ref: bool, place: &mut Place) -> bool {
    let Some(local) = place.slot.0.checked_sub(UPVAR_BASE) else { return true };
    let found = data.captures.iter().enumerate().find(|(_, c)| {
        c.local == LocalId(local)
            && c.path.len() <= place.path.len()
            && c.path.iter().zip(&place.path).all(|(step, elem)| same_step(step, elem))
    });
    let Some((n, capture)) = found else { return false };
    let mut path = Path::new();
    if by_ref {
        path.push(Elem::Deref);
    }
    path.push(Elem::Field(n as u32, capture_field_ty(types, data, n)));
    if !captured_by_value(types, capture) {
        path.push(Elem::Deref);
    }
    path.extend_from_slice(&place.path[capture.path.len()..]);
    *place = Place { slot: Slot(1), path };
    true
}

fn same_step(step: &CaptureStep, elem: &Elem) -> bool {
    match (step, elem) {
        (CaptureStep::Field(n, _), Elem::Field(m, _)) => n == m,
        (CaptureStep::Deref(_), Elem::Deref) => true,
        _ => false,
    }
}

/// Removes unreachable blocks and joins blocks in a row; numbers follow the order of first reach.
pub fn compact(mir: &mut Mir) {
    forget_empty_unwinding(mir);
    let mut ways = vec![0u32; mir.blocks.len()];
    let mut order = Vec::with_capacity(mir.blocks.len());
    let mut todo: SmallVec<[Bb; 16]> = smallvec![Mir::ENTRY];
    let mut reached: SmallVec<[Bb; 4]> = SmallVec::new();
    ways[Mir::ENTRY.0 as usize] = 1;
    while let Some(bb) = todo.pop() {
        order.push(bb);
        let block = &mir.blocks[bb];
        block.terminator().successors(|s| reached.push(s));
        reached.extend(block.unwind);
        for next in reached.drain(..).rev() {
            ways[next.0 as usize] += 1;
            if ways[next.0 as usize] == 1 {
                todo.push(next);
            }
        }
    }
    for &bb in &order {
        if ways[bb.0 as usize] != 0 {
            join_chain(mir, bb, &mut ways);
        }
    }
    order.retain(|b| ways[b.0 as usize] != 0);
    renumber(mir, &order, ways);
}

/// A panic with nothing left to drop leaves the function at once.
fn forget_empty_unwinding(mir: &mut Mir) {
    let resumes = |block: &Block| matches!(block.end, Some(Terminator::Resume)) && block.stmts.is_empty();
    if !mir.blocks.iter().any(|(_, block)| resumes(block)) {
        return;
    }
    let mut empty: Vec<bool> = mir.blocks.iter().map(|(_, block)| resumes(block)).collect();
    // Dropped drops leave blocks that only go on.
    loop {
        let mut changed = false;
        for (bb, block) in mir.blocks.iter() {
            if let (true, Some(Terminator::Goto(next)), false) =
                (block.stmts.is_empty(), &block.end, empty[bb.0 as usize])
                && empty[next.0 as usize]
            {
                empty[bb.0 as usize] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for bb in mir.blocks.ids() {
        let unwind = &mut mir.blocks[bb].unwind;
        *unwind = unwind.filter(|u| !empty[u.0 as usize]);
    }
}

/// Appends the blocks that only this one goes to, to which no way is left then.
fn join_chain(mir: &mut Mir, bb: Bb, ways: &mut [u32]) {
    while let Some(Terminator::Goto(next)) = mir.blocks[bb].end {
        if next == bb || ways[next.0 as usize] != 1 || next == Mir::ENTRY {
            return;
        }
        let (a, b) = (&mir.blocks[bb], &mir.blocks[next]);
        // A statement that panics must find the values that it found in its own block.
        let b_unwinds_otherwise = || b.unwind.is_some() && (a.has_panicking_statement() || b.has_panicking_statement());
        if a.cleanup != b.cleanup || a.unwind.is_some() || b_unwinds_otherwise() {
            return;
        }
        ways[next.0 as usize] = 0;
        let mut next = std::mem::take(&mut mir.blocks[next]);
        let block = &mut mir.blocks[bb];
        block.stmts.append(&mut next.stmts);
        block.unwind = next.unwind;
        block.end = next.end;
        block.end_span = next.end_span;
    }
}

/// Leaves the blocks that are kept, in their order. The numbers by block need not have a meaning any more.
fn renumber(mir: &mut Mir, kept: &[Bb], mut new_id: Vec<u32>) {
    let mut blocks = Arena::with_capacity(kept.len());
    for (n, &bb) in kept.iter().enumerate() {
        new_id[bb.0 as usize] = n as u32;
    }
    let new_id = |old: Bb| Bb(new_id[old.0 as usize]);
    for &bb in kept {
        let mut block = std::mem::take(&mut mir.blocks[bb]);
        block.stmts.retain(|s| !matches!(s.kind, StmtKind::Nop));
        if let Some(end) = &mut block.end {
            end.successors_mut(|b| *b = new_id(*b));
        }
        block.unwind = block.unwind.map(new_id);
        blocks.push(block);
    }
    mir.blocks = blocks;
}
