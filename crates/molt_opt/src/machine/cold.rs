//! Finds the blocks and functions that programs rarely come to.
//!
//! Needs: `cleanup`, so that a block goes on where its end says. Establishes: a block is cold if it calls a cold function or
//! if all its ways lead to cold blocks, and so is a function whose entry is such a block. Keeps: everything else.

use molt_ir::{BlockId, FuncId, Function, Op, Program};

use super::call_graph::CallGraph;

pub fn run(program: &mut Program) {
    if !super::any_marked(program) {
        return;
    }
    for id in CallGraph::new(program).bottom_up {
        if program.funcs[id].optimise {
            let blocks = cold_blocks(program, &program.funcs[id]);
            let func = &mut program.funcs[id];
            for b in blocks {
                func.blocks[b].cold = true;
            }
            let entry = func.entry();
            func.cold |= std::mem::take(&mut func.blocks[entry].cold);
        }
    }
}

fn cold_blocks(program: &Program, func: &Function) -> Vec<BlockId> {
    let calls_cold = |b: BlockId| {
        func.blocks[b]
            .insts
            .iter()
            .any(|&i| func.insts[i].op == Op::Call && program.funcs[FuncId(func.insts[i].imm as u32)].cold)
    };
    let mut found: Vec<BlockId> =
        func.layout.iter().copied().filter(|&b| !func.blocks[b].cold && calls_cold(b)).collect();
    loop {
        let known = found.len();
        for &b in func.layout.iter().rev() {
            let is_cold = |b: BlockId| func.blocks[b].cold || found.contains(&b);
            if !is_cold(b) && func.successors(b).next().is_some() && func.successors(b).all(|(_, _, to)| is_cold(to)) {
                found.push(b);
            }
        }
        if found.len() == known {
            return found;
        }
    }
}
