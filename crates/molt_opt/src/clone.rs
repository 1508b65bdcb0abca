//! Copying a body into another function, and replacing values.

use std::collections::HashMap;

use molt_ir::{BlockId, Function, InstId, ValueId};

/// Appends all blocks of `body` to `func` and returns the copy of its entry, whose parameters stay parameters.
pub fn append_body(func: &mut Function, body: &Function) -> BlockId {
    let mut blocks: HashMap<BlockId, BlockId> = HashMap::new();
    let mut values: HashMap<ValueId, ValueId> = HashMap::new();
    for &b in &body.layout {
        let copy = func.new_block();
        func.blocks[copy].cold = body.blocks[b].cold;
        blocks.insert(b, copy);
        for &p in &body.blocks[b].params {
            let v = func.add_param(copy, body.ty(p));
            values.insert(p, v);
        }
    }
    let mut made: Vec<InstId> = Vec::new();
    for &b in &body.layout {
        for &i in &body.blocks[b].insts {
            let data = body.insts[i];
            let edges: Vec<(BlockId, &[ValueId])> =
                body.edges(i).iter().map(|&e| (blocks[&e.block], body.edge_args(e))).collect();
            let types: Vec<_> = body.results(i).map(|v| body.ty(v)).collect();
            let copy = func.make_inst(data.op, body.args(i), data.imm, &edges, &types, data.loc);
            for (old, new) in body.results(i).zip(func.results(copy)) {
                values.insert(old, new);
            }
            func.append(blocks[&b], copy);
            made.push(copy);
        }
    }
    for i in made {
        substitute(func, i, |v| values[&v]);
    }
    blocks[&body.entry()]
}

/// Rewrites every operand and edge value of one instruction.
pub fn substitute(func: &mut Function, inst: InstId, map: impl Fn(ValueId) -> ValueId) {
    for v in func.args_mut(inst) {
        *v = map(*v);
    }
    for e in 0..func.edges(inst).len() {
        for v in func.edge_args_mut(inst, e) {
            *v = map(*v);
        }
    }
}

/// Rewrites every use of `old`.
pub fn replace_uses(func: &mut Function, old: ValueId, new: ValueId) {
    for b in func.layout.clone() {
        for n in 0..func.blocks[b].insts.len() {
            let inst = func.blocks[b].insts[n];
            substitute(func, inst, |v| if v == old { new } else { v });
        }
    }
}
