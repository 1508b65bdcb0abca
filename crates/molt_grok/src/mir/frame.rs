//! What a future keeps while it waits.
//!
//! An `async` body runs on the stack of whoever polls it, and leaves that stack at each `.await` that is not ready. Slots that
//! are needed afterwards lie in the future itself: those that are live there, and those of which a reference may still
//! exist. Slots that are never needed in the same block may share memory.
//!
//! Needs a graph with exact drops. The drops of a future that ends while it waits are the way of panics of that `.await`, so
//! what they need counts as live.

use molt_base::EntityId;

use super::bits::{BitRows, Bits, clear, get, set, union, words_for};
use super::visit::{SlotUse, end_slots, stmt_slots};
use super::{Bb, BorrowKind, Elem, Mir, Operand, Place, Rvalue, Slot, StmtKind, Terminator};

/// The memory of a future that belongs to its body.
#[derive(Debug)]
pub struct Frame {
    /// Slots that are needed after some wait, in order.
    pub saved: Vec<Slot>,
    /// By indices into `saved`: which of them may hold values at the same time.
    conflicts: BitRows,
    /// Where the body waits, and the slot of the future that it waits for there.
    pub awaits: Vec<(Bb, Slot)>,
}

impl Frame {
    pub fn conflict(&self, a: usize, b: usize) -> bool {
        self.conflicts.get(a, b)
    }

    /// Where a slot stands in `saved`.
    pub fn index_of(&self, slot: Slot) -> Option<usize> {
        self.saved.binary_search(&slot).ok()
    }
}

/// Finds out what the future of an `async` body keeps.
pub fn frame(mir: &Mir) -> Frame {
    let awaits: Vec<(Bb, Slot)> = mir
        .blocks
        .iter()
        .filter_map(|(bb, block)| match block.terminator() {
            Terminator::Await { future: Operand::Move(place), .. } => Some((bb, place.slot)),
            Terminator::Await { .. } => unreachable!("the builder moves what is awaited into a slot"),
            _ => None,
        })
        .collect();
    let live = Live::new(mir);
    let lent = Lent::new(mir);
    let count = mir.slots.len();
    let mut kept = vec![0; words_for(count)];
    for &(bb, future) in &awaits {
        union(&mut kept, &live.at_end(mir, bb));
        lent.after.add_to(bb.0 as usize, &mut kept);
        set(&mut kept, future.index());
    }
    // The environment is the future itself.
    clear(&mut kept, 1);
    let saved: Vec<Slot> = (0..count as u32).map(Slot).filter(|s| get(&kept, s.index())).collect();
    let conflicts = conflicts(mir, &saved, &live, &lent);
    Frame { saved, conflicts, awaits }
}

/// Slots hold values at the same time if some block needs both.
fn conflicts(mir: &Mir, saved: &[Slot], live: &Live, lent: &Lent) -> BitRows {
    let mut conflicts = BitRows::new(saved.len(), saved.len());
    for (bb, block) in mir.blocks.iter() {
        let row = bb.0 as usize;
        let mut needed = live.before.to_bits(row);
        union(&mut needed, &live.at_end(mir, bb));
        lent.before.add_to(row, &mut needed);
        lent.after.add_to(row, &mut needed);
        for stmt in &block.stmts {
            stmt_slots(&stmt.kind, &mut |slot, _| set(&mut needed, slot.index()));
        }
        end_slots(block.terminator(), &mut |slot, _| set(&mut needed, slot.index()));
        let here: Vec<usize> = (0..saved.len()).filter(|&n| get(&needed, saved[n].index())).collect();
        for &a in &here {
            here.iter().for_each(|&b| conflicts.set(a, b));
        }
    }
    conflicts
}

/// Slots whose value is still read or dropped, by block.
struct Live {
    before: BitRows,
}

impl Live {
    fn new(mir: &Mir) -> Live {
        let mut live = Live { before: BitRows::new(mir.blocks.len(), mir.slots.len()) };
        loop {
            let mut changed = false;
            for bb in mir.blocks.ids().rev() {
                let mut state = live.at_end(mir, bb);
                end_slots(mir.blocks[bb].terminator(), &mut |slot, how| {
                    if how != SlotUse::Def {
                        set(&mut state, slot.index());
                    }
                });
                for stmt in mir.blocks[bb].stmts.iter().rev() {
                    stmt_slots(&stmt.kind, &mut |slot, how| {
                        if how == SlotUse::Def {
                            clear(&mut state, slot.index());
                        }
                    });
                    stmt_slots(&stmt.kind, &mut |slot, how| {
                        if how != SlotUse::Def {
                            set(&mut state, slot.index());
                        }
                    });
                }
                // Any statement of the block may go there.
                if let Some(unwind) = mir.blocks[bb].unwind {
                    live.before.add_to(unwind.0 as usize, &mut state);
                }
                changed |= live.before.union_bits(bb.0 as usize, &state);
            }
            if !changed {
                return live;
            }
        }
    }

    /// What is live when the terminator has done its work, whichever way it goes on.
    fn at_end(&self, mir: &Mir, bb: Bb) -> Bits {
        let mut state = self.before.empty_row();
        let block = &mir.blocks[bb];
        let end = block.terminator();
        end.successors(|next| self.before.add_to(next.0 as usize, &mut state));
        if matches!(end, Terminator::Return) {
            set(&mut state, Mir::RESULT.index());
        }
        end_slots(end, &mut |slot, how| {
            if how == SlotUse::Def {
                clear(&mut state, slot.index());
            }
        });
        if let Some(unwind) = block.unwind {
            self.before.add_to(unwind.0 as usize, &mut state);
        }
        state
    }
}

/// Slots that may hold a value of which there may be a reference, by block.
struct Lent {
    before: BitRows,
    after: BitRows,
}

impl Lent {
    fn new(mir: &Mir) -> Lent {
        let mut borrowed = vec![0; words_for(mir.slots.len())];
        for (_, block) in mir.blocks.iter() {
            for stmt in &block.stmts {
                if let StmtKind::Assign(_, Rvalue::Ref(_, kind, place)) = &stmt.kind
                    && *kind != BorrowKind::Fake
                    && is_own_memory(place)
                {
                    set(&mut borrowed, place.slot.index());
                }
                if let StmtKind::Assign(_, Rvalue::RawRef(_, place)) = &stmt.kind
                    && is_own_memory(place)
                {
                    set(&mut borrowed, place.slot.index());
                }
            }
        }
        let blocks = mir.blocks.len();
        let mut lent =
            Lent { before: BitRows::new(blocks, mir.slots.len()), after: BitRows::new(blocks, mir.slots.len()) };
        loop {
            let mut changed = false;
            for (bb, block) in mir.blocks.iter() {
                let mut state = lent.before.to_bits(bb.0 as usize);
                for stmt in &block.stmts {
                    if let StmtKind::Dead(slot) | StmtKind::Live(slot) = stmt.kind {
                        clear(&mut state, slot.index());
                        continue;
                    }
                    stmt_slots(&stmt.kind, &mut |slot, how| note(&mut state, &borrowed, slot, how));
                }
                // What a wait gives is not there while it goes on.
                let end = |state: &mut Bits, given: bool| {
                    end_slots(block.terminator(), &mut |slot, how| {
                        if (how == SlotUse::Def) == given {
                            note(state, &borrowed, slot, how);
                        }
                    });
                };
                end(&mut state, false);
                lent.after.union_bits(bb.0 as usize, &state);
                end(&mut state, true);
                let mut flow = |next: Bb| changed |= lent.before.union_bits(next.0 as usize, &state);
                block.terminator().successors(&mut flow);
                block.unwind.into_iter().for_each(&mut flow);
            }
            if !changed {
                return lent;
            }
        }
    }
}

fn note(state: &mut [u64], borrowed: &[u64], slot: Slot, how: SlotUse) {
    match how {
        SlotUse::Move => clear(state, slot.index()),
        SlotUse::Use | SlotUse::Def | SlotUse::Drop if get(borrowed, slot.index()) => set(state, slot.index()),
        SlotUse::Use | SlotUse::Def | SlotUse::Drop => {}
    }
}

/// Whether a reference to the place is one into the slot.
fn is_own_memory(place: &Place) -> bool {
    !place.path.contains(&Elem::Deref)
}
