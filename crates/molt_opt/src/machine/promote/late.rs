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

/// Splits such slots; whether there were any.
pub fn run(func: &mut Function, flow: &Flow, uses: &SlotUses<'_>) -> bool {
    let small = |s: &usize| uses.leaked[*s] && func.stack_slots[*s] <= LARGEST;
    let slots: Vec<usize> = (0..func.stack_slots.len()).filter(small).collect();
    if slots.is_empty() {
        return false;
    }
    let loops = Loops::new(func, flow);
    if loops.all.is_empty() {
        return false;
    }
    let leaks = uses.leaks();
    let mut edges: Vec<(InstId, usize)> = Vec::new();
    let mut edge_copies: Vec<((InstId, usize), u32, u32)> = Vec::new();
    let mut changed = false;
    for slot in slots {
        let known = Known::new(func, flow, leaks.iter().filter(|l| l.slot as usize == slot).map(|l| l.inst));
        let Some(plan) = plan(func, flow, &loops, uses, &known, slot as u32) else { continue };
        let own = func.stack_slots.len() as u32;
        func.stack_slots.push(func.stack_slots[slot]);
        redirect(func, &plan, own);
        for &inst in &plan.before_leaks {
            copy_before(func, flow, inst, slot as u32, own);
        }
        for &edge in &plan.edges {
            edges.push(edge);
            edge_copies.push((edge, slot as u32, own));
        }
        changed = true;
    }
    edges.sort_unstable();
    edges.dedup();
    for edge in edges {
        let copies = edge_copies.iter().filter(|c| c.0 == edge).map(|c| (c.1, c.2));
        copy_on_edge(func, edge, copies);
    }
    changed
}

/// Where others may know a slot.
struct Known {
    leaks: Vec<InstId>,
    at_start: Vec<bool>,
}

impl Known {
    fn new(func: &Function, flow: &Flow, leaks: impl Iterator<Item = InstId>) -> Known {
        let leaks: Vec<InstId> = leaks.collect();
        let leaks_in = |b: BlockId| func.blocks[b].insts.iter().any(|i| leaks.contains(i));
        let mut at_start = vec![false; func.blocks.len()];
        let mut work: Vec<BlockId> = flow.order.iter().copied().filter(|&b| leaks_in(b)).collect();
        while let Some(b) = work.pop() {
            for (_, _, to) in func.successors(b) {
                if !std::mem::replace(&mut at_start[to.index()], true) {
                    work.push(to);
                }
            }
        }
        Known { leaks, at_start }
    }
}

/// What to change for one slot.
#[derive(Default)]
struct Plan {
    /// Accesses before the address leaves: instruction, operand that is the address, offset.
    accesses: Vec<(InstId, usize, i64)>,
    before_leaks: Vec<InstId>,
    /// Edges from where the slot is not known to where it is.
    edges: Vec<(InstId, usize)>,
}

/// The plan for a slot; `None` if nothing is gained or something is in the way.
fn plan(func: &Function, flow: &Flow, loops: &Loops, uses: &SlotUses<'_>, known: &Known, slot: u32) -> Option<Plan> {
    let mut plan = Plan::default();
    let mut in_loop = false;
    for &b in &flow.order {
        if known.at_start[b.index()] {
            let outside = flow.preds(b).iter().filter(|p| !known.at_start[p.2.index()]);
            let unknown = outside.filter(|p| !func.blocks[p.2].insts.iter().any(|i| known.leaks.contains(i)));
            plan.edges.extend(unknown.map(|&(inst, edge, _)| (inst, edge)));
            continue;
        }
        for &inst in &func.blocks[b].insts {
            if known.leaks.contains(&inst) {
                plan.before_leaks.push(inst);
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
    in_loop.then_some(plan)
}

/// Makes accesses go to the slot `own`.
fn redirect(func: &mut Function, plan: &Plan, own: u32) {
    for b in func.layout.clone() {
        if !func.blocks[b].insts.iter().any(|i| plan.accesses.iter().any(|a| a.0 == *i)) {
            continue;
        }
        let mut out = Vec::new();
        for inst in std::mem::take(&mut func.blocks[b].insts) {
            for &(_, operand, offset) in plan.accesses.iter().filter(|a| a.0 == inst) {
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

fn copy_before(func: &mut Function, flow: &Flow, inst: InstId, slot: u32, own: u32) {
    let copied = copy(func, slot, own);
    let home = flow.order.iter().copied().find_map(|b| {
        let at = func.blocks[b].insts.iter().position(|&i| i == inst)?;
        Some((b, at))
    });
    let (b, at) = home.expect("the instruction is in a block");
    func.blocks[b].insts.splice(at..at, copied);
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
