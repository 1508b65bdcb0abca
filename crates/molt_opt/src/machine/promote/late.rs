//! Slots whose address leaves the function late.
//!
//! A sum that a loop makes and that is printed by reference after it lives in a slot whose address is passed. Until that
//! happens nobody knows the slot, so what comes before works on a slot of its own, which can become values, and is copied
//! where the address leaves.
//!
//! ```text
//! before the address leaves          copy            after
//! loads and stores of the new slot → new to old → loads and stores of the old slot, calls
//! ```

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, LocId, Op, Type};

use super::super::access::{SlotUses, is_range, scalar};
use super::super::edit::{constant, emit};
use super::super::flow::Flow;
use super::super::loops::Loops;

/// Largest slot, in bytes, that is copied.
const LARGEST: u32 = 64;

/// Most slots of a function that are looked at.
const MOST_SLOTS: usize = 64;

/// Splits such slots; whether there were any.
pub fn run(func: &mut Function, flow: &Flow, uses: &SlotUses<'_>) -> bool {
    if !uses.leaked.contains(&true) {
        return false;
    }
    let loops = Loops::new(func, flow);
    let mut slots = accessed_in_loops(func, flow, &loops, uses);
    slots.retain(|&s| uses.leaked[s as usize] && func.stack_slots[s as usize] <= LARGEST);
    slots.truncate(MOST_SLOTS);
    if slots.is_empty() {
        return false;
    }
    let homes = homes_of_leaks(func, flow, uses);
    let mut edge_copies: Vec<((InstId, usize), u32, u32)> = Vec::new();
    let mut changed = false;
    for slot in slots {
        let leaks = homes.iter().filter(|l| l.1 == slot).map(|l| (l.0, l.2)).collect();
        let known = Known::new(func, leaks);
        let Some(plan) = plan(func, flow, &loops, uses, &known, slot) else { continue };
        let own = func.stack_slots.len() as u32;
        func.stack_slots.push(func.stack_slots[slot as usize]);
        redirect(func, &plan, own);
        for &(inst, home) in &plan.before_leaks {
            copy_before(func, home, inst, slot, own);
        }
        edge_copies.extend(plan.edges.iter().map(|&edge| (edge, slot, own)));
        changed = true;
    }
    edge_copies.sort_unstable();
    for copies in edge_copies.chunk_by(|a, b| a.0 == b.0) {
        copy_on_edge(func, copies[0].0, copies.iter().map(|c| (c.1, c.2)));
    }
    changed
}

/// Slots that instructions in loops load from or store to.
fn accessed_in_loops(func: &Function, flow: &Flow, loops: &Loops, uses: &SlotUses<'_>) -> Vec<u32> {
    let mut found = vec![false; func.stack_slots.len()];
    for &b in flow.order.iter().filter(|&&b| loops.innermost(b).is_some()) {
        for &inst in func.blocks[b].insts.iter().filter(|&&i| scalar(func.insts[i].op).is_some()) {
            if let Some(place) = uses.place(func.args(inst)[0]) {
                found[place.slot as usize] = true;
            }
        }
    }
    (0..found.len() as u32).filter(|&s| found[s as usize]).collect()
}

/// Instruction, slot and block of every leak.
fn homes_of_leaks(func: &Function, flow: &Flow, uses: &SlotUses<'_>) -> Vec<(InstId, u32, BlockId)> {
    let mut homes = vec![func.entry(); func.insts.len()];
    for &b in &flow.order {
        func.blocks[b].insts.iter().for_each(|i| homes[i.index()] = b);
    }
    uses.leaks().iter().map(|l| (l.inst, l.slot, homes[l.inst.index()])).collect()
}

/// Where others may know a slot.
struct Known {
    leaks: Vec<(InstId, BlockId)>,
    at_start: Vec<bool>,
}

impl Known {
    fn new(func: &Function, leaks: Vec<(InstId, BlockId)>) -> Known {
        let mut at_start = vec![false; func.blocks.len()];
        let mut work: Vec<BlockId> = leaks.iter().map(|l| l.1).collect();
        while let Some(b) = work.pop() {
            for (_, _, to) in func.successors(b) {
                if !std::mem::replace(&mut at_start[to.index()], true) {
                    work.push(to);
                }
            }
        }
        Known { leaks, at_start }
    }

    /// Whether the slot becomes known in a block, if it is not at its start.
    fn leaks_in(&self, b: BlockId) -> bool {
        self.leaks.iter().any(|l| l.1 == b)
    }
}

/// What to change for one slot.
#[derive(Default)]
struct Plan {
    /// Accesses before the address leaves: instruction, operand that is the address, offset.
    accesses: Vec<(InstId, usize, i64)>,
    before_leaks: Vec<(InstId, BlockId)>,
    /// Edges from where the slot is not known to where it is.
    edges: Vec<(InstId, usize)>,
}

/// The plan for a slot; `None` if nothing is gained or something is in the way.
fn plan(func: &Function, flow: &Flow, loops: &Loops, uses: &SlotUses<'_>, known: &Known, slot: u32) -> Option<Plan> {
    let mut plan = Plan::default();
    let mut in_loop = false;
    for &b in &flow.order {
        if known.at_start[b.index()] {
            let outside = flow.preds(b).iter().filter(|p| !known.at_start[p.2.index()] && !known.leaks_in(p.2));
            plan.edges.extend(outside.map(|&(inst, edge, _)| (inst, edge)));
            continue;
        }
        let leaks_here = known.leaks_in(b);
        for &inst in &func.blocks[b].insts {
            if leaks_here && known.leaks.iter().any(|l| l.0 == inst) {
                plan.before_leaks.push((inst, b));
                break;
            }
            let data = func.insts[inst];
            for (i, &v) in func.args(inst).iter().enumerate() {
                let Some(place) = uses.place(v).filter(|p| p.slot == slot) else { continue };
                match data.op {
                    Op::IAdd => {}
                    op if scalar(op).is_some() || is_range(op) => {
                        if is_range(op) {
                            constant(func, func.args(inst)[2])?;
                        }
                        plan.accesses.push((inst, i, place.offset?));
                        in_loop |= loops.innermost(b).is_some();
                    }
                    _ => return None,
                }
            }
        }
    }
    plan.accesses.sort_unstable();
    in_loop.then_some(plan)
}

/// Makes accesses go to the slot `own`.
fn redirect(func: &mut Function, plan: &Plan, own: u32) {
    // Accesses of an instruction stand together.
    let accesses_of = |inst: InstId| {
        let first = plan.accesses.partition_point(|a| a.0 < inst);
        plan.accesses[first..].iter().take_while(move |a| a.0 == inst)
    };
    for n in 0..func.layout.len() {
        let b = func.layout[n];
        if !func.blocks[b].insts.iter().any(|&i| accesses_of(i).next().is_some()) {
            continue;
        }
        let mut out = Vec::new();
        for inst in std::mem::take(&mut func.blocks[b].insts) {
            for &(_, operand, offset) in accesses_of(inst) {
                let loc = func.insts[inst].loc;
                let start = emit(func, &mut out, Op::SlotAddr, &[], u64::from(own), Type::I64, loc);
                let offset = emit(func, &mut out, Op::IConst, &[], offset as u64, Type::I64, loc);
                let address = emit(func, &mut out, Op::IAdd, &[start, offset], 0, Type::I64, loc);
                func.args_mut(inst)[operand] = address;
            }
            out.push(inst);
        }
        func.blocks[b].insts = out;
    }
}

/// The instructions that copy slot `own` to `slot`.
fn copy(func: &mut Function, slot: u32, own: u32) -> Vec<InstId> {
    let mut out = Vec::new();
    let mut value = |func: &mut Function, op, imm| emit(func, &mut out, op, &[], imm, Type::I64, LocId::NONE);
    let to = value(func, Op::SlotAddr, u64::from(slot));
    let from = value(func, Op::SlotAddr, u64::from(own));
    let length = u64::from(func.stack_slots[slot as usize]);
    let length = value(func, Op::IConst, length);
    out.push(func.make_inst(Op::MemCopy, &[to, from, length], 0, &[], &[], LocId::NONE));
    out
}

fn copy_before(func: &mut Function, home: BlockId, inst: InstId, slot: u32, own: u32) {
    let copied = copy(func, slot, own);
    let at = func.blocks[home].insts.iter().position(|&i| i == inst).expect("the instruction is in its block");
    func.blocks[home].insts.splice(at..at, copied);
}

fn copy_on_edge(func: &mut Function, (inst, edge): (InstId, usize), copies: impl Iterator<Item = (u32, u32)>) {
    let to = func.edges(inst)[edge].block;
    let values = func.edge_args(func.edges(inst)[edge]).to_vec();
    let between = func.new_block();
    func.blocks[between].cold = func.blocks[to].cold;
    for (slot, own) in copies {
        let copied = copy(func, slot, own);
        func.blocks[between].insts.extend(copied);
    }
    let jump = func.make_inst(Op::Jump, &[], 0, &[(to, &values)], &[], LocId::NONE);
    func.append(between, jump);
    func.set_edge(inst, edge, between, &[]);
}
