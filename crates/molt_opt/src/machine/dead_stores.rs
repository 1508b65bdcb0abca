//! Removes stores that nobody can read.
//!
//! Needs: nothing. Establishes: a slot that stays in the function and is never read is not written; a store is not
//! overwritten in its block before it is read; nothing is stored to such a slot before the function returns. Keeps: order
//! of all other accesses.

use molt_ir::{BlockId, Function, InstId, Op};

use super::access::{SlotUses, is_store};
use super::alias::{Aliases, Base, Location, Summaries, may_overlap};
use super::edit::constant;
use super::flow::Flow;

/// Most locations followed in a block.
const MOST_OVERWRITTEN: usize = 32;

pub fn run(func: &mut Function, summaries: &Summaries) {
    let flow = Flow::new(func);
    let uses = SlotUses::new(func, &flow, Some(summaries));
    let aliases = Aliases { uses: &uses, summaries };
    let read = slots_read(func, &flow, &aliases);
    for &b in &flow.order {
        let dead = dead_in(func, &aliases, &read, b);
        if !dead.is_empty() {
            func.blocks[b].insts.retain(|i| !dead.contains(i));
        }
    }
}

/// Slots that some instruction reads.
fn slots_read(func: &Function, flow: &Flow, aliases: &Aliases<'_>) -> Vec<bool> {
    let mut read = aliases.uses.leaked.clone();
    for &inst in flow.order.iter().flat_map(|&b| &func.blocks[b].insts) {
        for at in aliases.reads(func, inst) {
            if let Base::Private(slot) = at.base {
                read[slot as usize] = true;
            }
        }
    }
    read
}

/// What an instruction that does nothing but write writes.
fn writes(func: &Function, aliases: &Aliases<'_>, inst: InstId) -> Option<Location> {
    let args = func.args(inst);
    match func.insts[inst].op {
        op if is_store(op) => aliases.of_scalar(func, inst),
        Op::MemCopy | Op::MemMove | Op::MemSet => Some(aliases.location(func, args[0], 0, constant(func, args[2]))),
        _ => None,
    }
}

/// Walks a block from its end; the instructions without effect.
fn dead_in(func: &Function, aliases: &Aliases<'_>, read: &[bool], b: BlockId) -> Vec<InstId> {
    let mut dead = Vec::new();
    // Bytes that are written before they are read again.
    let mut overwritten: Vec<Location> = Vec::new();
    // Slots are gone when the function returns.
    let returns = func.terminator(b).is_some_and(|t| func.insts[t].op == Op::RetMany);
    let mut read_later = vec![!returns; read.len()];
    for &inst in func.blocks[b].insts.iter().rev() {
        if let Some(at) = writes(func, aliases, inst) {
            let unread = matches!(at.base, Base::Private(s) if !read[s as usize] || !read_later[s as usize]);
            if unread || overwritten.iter().any(|o| covers(*o, at)) {
                dead.push(inst);
                continue;
            }
            if at.span.is_some() && overwritten.len() < MOST_OVERWRITTEN {
                overwritten.push(at);
            }
        }
        for at in aliases.reads(func, inst) {
            overwritten.retain(|o| !may_overlap(*o, at));
            if let Base::Private(slot) = at.base {
                read_later[slot as usize] = true;
            }
        }
        if aliases.reads_shared(func, inst) {
            overwritten.retain(|o| matches!(o.base, Base::Private(_)));
        }
    }
    dead
}

/// Whether all bytes of the second location are bytes of the first.
fn covers(a: Location, b: Location) -> bool {
    let (Some((x, n)), Some((y, m))) = (a.span, b.span) else { return false };
    a.base == b.base && x <= y && y + m <= x + n
}
