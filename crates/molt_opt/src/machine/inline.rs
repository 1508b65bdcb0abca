//! Replaces calls by the bodies of their callees.
//!
//! Needs: `cleanup`, so that sizes are true. Establishes: small functions, functions with one call and those that the
//! front end says so are part of their callers; a function that was grown is simplified before its callers see it.
//! Keeps: calls within a circle of the call graph, positions of instructions.
//!
//! Cost: each function is simplified once for each of at most [`ROUNDS`] rounds, and grows to a limit.

use molt_base::EntityId;
use molt_ir::{BlockId, FuncId, Function, InlineHint, InstId, Op, Program, ValueId};

use super::call_graph::{CallGraph, calls};
use super::edit::definition;
use super::simplify;

/// Rounds for one function: calls through addresses become direct ones when what they call was passed from an inlined
/// caller.
const ROUNDS: usize = 3;
/// Bodies of up to so many instructions are hardly larger than the call.
const TINY: usize = 12;
/// Bodies that are worth it in general.
const SMALL: usize = 48;
/// Bodies that are worth it where an argument is the address of a local or of a function, or a constant.
const WITH_KNOWN_ARGUMENT: usize = 110;
/// Bodies with one call in the program, and those that the front end wants in place.
const ONLY_CALL: usize = 400;
/// So many cold instructions count as one.
const COLD_SHARE: usize = 4;
/// Size that inlining may bring a function to, unless the body is tiny or wanted.
const LARGEST: usize = 4000;

pub fn run(program: &mut Program) {
    if !super::any_marked(program) {
        return;
    }
    let mut graph = CallGraph::new(program);
    let mut sizes: Vec<usize> = program.funcs.iter().map(|(_, f)| size(f)).collect();
    for id in graph.bottom_up.clone() {
        if !program.funcs[id].optimise {
            continue;
        }
        for _ in 0..ROUNDS {
            let wanted = wanted_calls(program, &graph, &sizes, id);
            if wanted.is_empty() {
                break;
            }
            let blank = Function::new(program.funcs[id].name, program.funcs[id].module, program.funcs[id].kind);
            let mut caller = std::mem::replace(&mut program.funcs[id], blank);
            calls(&caller).for_each(|(_, f)| graph.call_count[f.index()] -= 1);
            let homes = homes(&caller);
            // From the last to the first, so that what stands before a call stays in its block.
            for &(inst, callee) in wanted.iter().rev() {
                let body = &program.funcs[callee];
                inline_call(&mut caller, homes[inst.index()], inst, body);
            }
            simplify(&mut caller);
            super::compact::run(&mut caller);
            calls(&caller).for_each(|(_, f)| graph.call_count[f.index()] += 1);
            sizes[id.index()] = size(&caller);
            program.funcs[id] = caller;
        }
    }
}

/// Instructions that cost something; what is cold costs space alone.
fn size(func: &Function) -> usize {
    let costs = |i: &&InstId| {
        !matches!(func.insts[**i].op, Op::IConst | Op::FConst | Op::BConst | Op::Jump | Op::SlotAddr | Op::MemValid)
    };
    let mut counts = [0, 0];
    for &b in &func.layout {
        counts[usize::from(func.blocks[b].cold)] += func.blocks[b].insts.iter().filter(costs).count();
    }
    counts[0] + counts[1] / COLD_SHARE
}

/// The block of each instruction.
fn homes(func: &Function) -> Vec<BlockId> {
    let mut homes = vec![func.entry(); func.insts.len()];
    for &b in &func.layout {
        for &inst in &func.blocks[b].insts {
            homes[inst.index()] = b;
        }
    }
    homes
}

/// The calls to replace, in layout order.
fn wanted_calls(program: &Program, graph: &CallGraph, sizes: &[usize], id: FuncId) -> Vec<(InstId, FuncId)> {
    let caller = &program.funcs[id];
    let mut total = sizes[id.index()];
    let mut wanted = Vec::new();
    for &b in &caller.layout {
        let cold = caller.blocks[b].cold;
        for &inst in &caller.blocks[b].insts {
            if caller.insts[inst].op != Op::Call {
                continue;
            }
            let callee = FuncId(caller.insts[inst].imm as u32);
            let body = &program.funcs[callee];
            let recursive = graph.component[callee.index()] == graph.component[id.index()];
            if recursive || !body.optimise || body.inline == InlineHint::Never {
                continue;
            }
            let size = sizes[callee.index()];
            let always = (body.inline == InlineHint::Always && size <= ONLY_CALL) || size <= TINY;
            let only_call = graph.call_count[callee.index()] == 1 && !graph.address_taken[callee.index()];
            let limit = if cold || body.cold {
                TINY
            } else if only_call {
                ONLY_CALL
            } else if caller.args(inst).iter().any(|&v| is_known(caller, v)) {
                WITH_KNOWN_ARGUMENT
            } else {
                SMALL
            };
            if always || (size <= limit && total + size <= LARGEST) {
                total += size;
                wanted.push((inst, callee));
            }
        }
    }
    wanted
}

/// Whether the callee can do more with an argument than with any value.
fn is_known(func: &Function, v: ValueId) -> bool {
    definition(func, v).is_some_and(|i| match func.insts[i].op {
        Op::IConst | Op::BConst | Op::FConst | Op::SlotAddr | Op::FuncAddr => true,
        Op::IAdd => func.args(i).iter().any(|&a| definition(func, a).is_some_and(|d| func.insts[d].op == Op::SlotAddr)),
        _ => false,
    })
}

/// Puts a copy of `body` in the place of a call in block `home`.
fn inline_call(caller: &mut Function, home: BlockId, call: InstId, body: &Function) {
    let at = caller.blocks[home].insts.iter().position(|&i| i == call).expect("the call is in its block");
    let rest = caller.blocks[home].insts.split_off(at + 1);
    caller.blocks[home].insts.pop();
    let cold = caller.blocks[home].cold;
    let next = caller.new_block();
    caller.blocks[next].cold = cold;
    caller.blocks[next].insts = rest;
    // The results of the call become parameters of what follows; their number stays the same.
    let results: Vec<ValueId> = caller.results(call).collect();
    for (i, &r) in results.iter().enumerate() {
        caller.values[r].def = molt_ir::ValueDef::Param(next, i as u32);
    }
    caller.blocks[next].params = results;
    let first_slot = caller.stack_slots.len() as u64;
    caller.stack_slots.extend_from_slice(&body.stack_slots);
    let entry = copy_blocks(caller, body, next, first_slot, cold);
    let args = caller.args(call).to_vec();
    let loc = caller.insts[call].loc;
    let jump = caller.make_inst(Op::Jump, &[], 0, &[(entry, &args)], &[], loc);
    caller.append(home, jump);
}

/// Copies all blocks; returns become jumps to `next`. The copy of the entry.
fn copy_blocks(caller: &mut Function, body: &Function, next: BlockId, first_slot: u64, cold: bool) -> BlockId {
    let mut blocks = vec![next; body.blocks.len()];
    let mut values = vec![ValueId(0); body.values.len()];
    for &b in &body.layout {
        let copy = caller.new_block();
        caller.blocks[copy].cold = body.blocks[b].cold || cold;
        blocks[b.index()] = copy;
        for &p in &body.blocks[b].params {
            values[p.index()] = caller.add_param(copy, body.ty(p));
        }
    }
    let mut made: Vec<(InstId, InstId)> = Vec::new();
    for &b in &body.layout {
        for &inst in &body.blocks[b].insts {
            let data = body.insts[inst];
            let copy = if data.op == Op::RetMany {
                caller.make_inst(Op::Jump, &[], 0, &[(next, body.args(inst))], &[], data.loc)
            } else {
                let edges: Vec<(BlockId, &[ValueId])> =
                    body.edges(inst).iter().map(|&e| (blocks[e.block.index()], body.edge_args(e))).collect();
                let types: Vec<molt_ir::Type> = body.results(inst).map(|v| body.ty(v)).collect();
                let imm = if data.op == Op::SlotAddr { data.imm + first_slot } else { data.imm };
                caller.make_inst(data.op, body.args(inst), imm, &edges, &types, data.loc)
            };
            for (old, new) in body.results(inst).zip(caller.results(copy)) {
                values[old.index()] = new;
            }
            caller.append(blocks[b.index()], copy);
            made.push((inst, copy));
        }
    }
    for (_, copy) in made {
        crate::clone::substitute(caller, copy, |v| values[v.index()]);
    }
    blocks[body.entry().index()]
}
