//! Renumbers a function: what passes took away leaves gaps in its arenas.
//!
//! Needs, establishes and keeps nothing but a smaller function: blocks, values and instructions are numbered in layout
//! order, stack slots without use are gone.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, Op, Type, ValueId};

pub fn run(func: &mut Function) {
    let mut out = Function::new(func.name, func.module, func.kind);
    (out.qualname, out.inline, out.cold) = (func.qualname, func.inline, func.cold);
    out.optimise = func.optimise;
    out.results = std::mem::take(&mut func.results);
    out.code = func.code.take();
    // The entry is block 0 in every function, and first in the layout of those that are optimised.
    let mut blocks = vec![BlockId(0); func.blocks.len()];
    let mut values = vec![ValueId(0); func.values.len()];
    let entry_first = std::iter::once(func.entry()).chain(func.layout.iter().copied().filter(|&b| b != func.entry()));
    let layout: Vec<BlockId> = entry_first.collect();
    for &b in &layout {
        let copy = out.new_block();
        out.blocks[copy].cold = func.blocks[b].cold;
        blocks[b.index()] = copy;
        for &p in &func.blocks[b].params {
            values[p.index()] = out.add_param(copy, func.ty(p));
        }
    }
    let mut slots: Vec<Option<u64>> = vec![None; func.stack_slots.len()];
    let mut made: Vec<InstId> = Vec::new();
    let mut types: Vec<Type> = Vec::new();
    let mut edges: Vec<(BlockId, &[ValueId])> = Vec::new();
    for &b in &layout {
        for &inst in &func.blocks[b].insts {
            let data = func.insts[inst];
            let mut imm = data.imm;
            if data.op == Op::SlotAddr {
                imm = *slots[imm as usize].get_or_insert_with(|| {
                    out.stack_slots.push(func.stack_slots[data.imm as usize]);
                    out.stack_slots.len() as u64 - 1
                });
            }
            edges.clear();
            edges.extend(func.edges(inst).iter().map(|&e| (blocks[e.block.index()], func.edge_args(e))));
            types.clear();
            types.extend(func.results(inst).map(|v| func.ty(v)));
            let copy = out.make_inst(data.op, func.args(inst), imm, &edges, &types, data.loc);
            for (old, new) in func.results(inst).zip(out.results(copy)) {
                values[old.index()] = new;
            }
            out.append(blocks[b.index()], copy);
            made.push(copy);
        }
    }
    for copy in made {
        crate::clone::substitute(&mut out, copy, |v| values[v.index()]);
    }
    *func = out;
}
