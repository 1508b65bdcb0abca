//! Merges cold blocks that do the same and end the same way, as the failures of checks do.
//!
//! Needs: nothing. Establishes: of cold blocks without parameters that are equal, positions included, one is left. Keeps:
//! hot blocks.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, LocId, Op, ValueId};

use super::cleanup::drop_unreached;
use super::flow::Flow;
use molt_base::hash::FastMap;

/// Longest block that is compared.
const LONGEST: usize = 16;

/// An operand: defined in the block by an instruction and result, or elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Operand {
    Here(u32, u32),
    Outside(ValueId),
}

/// What an instruction does.
#[derive(PartialEq, Eq, Hash)]
struct Row {
    op: Op,
    imm: u64,
    loc: LocId,
    args: Vec<Operand>,
    edges: Vec<(BlockId, Vec<Operand>)>,
}

pub fn run(func: &mut Function) {
    let flow = Flow::new(func);
    let mut first: FastMap<Vec<Row>, BlockId> = FastMap::default();
    let mut instead: Vec<Option<BlockId>> = vec![None; func.blocks.len()];
    let mut any = false;
    for &b in flow.order.iter().skip(1) {
        let block = &func.blocks[b];
        if !block.cold || !block.params.is_empty() || block.insts.len() > LONGEST || !is_last(func, b) {
            continue;
        }
        let same = *first.entry(content(func, b)).or_insert(b);
        if same != b {
            instead[b.index()] = Some(same);
            any = true;
        }
    }
    if !any {
        return;
    }
    for &b in &flow.order {
        let Some(t) = func.terminator(b) else { continue };
        for e in 0..func.edges(t).len() {
            if let Some(same) = instead[func.edges(t)[e].block.index()] {
                func.set_edge(t, e, same, &[]);
            }
        }
    }
    let flow = Flow::new(func);
    drop_unreached(func, &flow);
}

/// Whether nothing behind the block can use its values.
fn is_last(func: &Function, b: BlockId) -> bool {
    func.terminator(b).is_some_and(|t| func.edges(t).iter().all(|e| func.edges(t).len() == 1 && e.block != b))
}

fn content(func: &Function, b: BlockId) -> Vec<Row> {
    let insts = &func.blocks[b].insts;
    let mut here: Vec<(ValueId, Operand)> = Vec::new();
    let mut rows = Vec::with_capacity(insts.len());
    for (n, &inst) in insts.iter().enumerate() {
        let operand = |v: &ValueId| here.iter().find(|h| h.0 == *v).map_or(Operand::Outside(*v), |h| h.1);
        let args = func.args(inst).iter().map(operand).collect();
        let edges =
            func.edges(inst).iter().map(|&e| (e.block, func.edge_args(e).iter().map(operand).collect())).collect();
        let data = func.insts[inst];
        // Constants have no position.
        let loc = if data.op.info().is_pure() { LocId::NONE } else { data.loc };
        rows.push(Row { op: data.op, imm: data.imm, loc, args, edges });
        here.extend(func.results(inst).enumerate().map(|(i, r)| (r, Operand::Here(n as u32, i as u32))));
    }
    rows
}
