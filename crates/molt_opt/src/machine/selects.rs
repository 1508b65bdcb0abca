//! Choices between values in place of branches between blocks.
//!
//! Needs: `cleanup`; stands late, because a branch tells the passes before it more than a choice. Establishes: a branch
//! whose ways differ only in which of two integers or bits they pass on is a `select`, also if one way computes its own by
//! an instruction or two. A processor cannot mispredict a choice; the ways are so short that computing both costs
//! less than one such miss. Keeps: branches to cold blocks, choices between doubles.

use molt_ir::{BlockId, Function, InstId, Op, Type, ValueId};

use super::cleanup;
use super::edit::{constant, emit};
use super::flow::Flow;

/// Most instructions that are computed on the way where they were not.
const MOST_EXTRA: usize = 2;
/// Most values that one branch chooses.
const MOST_VALUES: usize = 2;
/// Most rounds; each sees the branches that the last one made short.
const ROUNDS: usize = 4;

pub fn run(func: &mut Function) {
    for _ in 0..ROUNDS {
        let flow = Flow::new(func);
        let mut any = false;
        for &b in flow.order.iter().rev() {
            let Some(branch) = func.terminator(b).filter(|&t| func.insts[t].op == Op::BrIf) else { continue };
            if !func.blocks[b].cold && flow.is_reachable(b) {
                any |= choose(func, &flow, b, branch);
            }
        }
        if !any {
            return;
        }
        cleanup::run(func);
    }
}

/// Where a way of a branch ends, what it passes there, and the block that it goes through.
struct Way {
    to: BlockId,
    passes: Vec<ValueId>,
    through: Option<BlockId>,
}

fn choose(func: &mut Function, flow: &Flow, home: BlockId, branch: InstId) -> bool {
    let ways = [0, 1].map(|e| [direct(func, branch, e), around(func, flow, branch, e)]);
    for yes in ways[0].iter().flatten() {
        for no in ways[1].iter().flatten() {
            if yes.to == no.to && !func.blocks[yes.to].cold && yes.to != home && fits(func, yes, no) {
                make(func, home, branch, yes, no);
                return true;
            }
        }
    }
    false
}

fn direct(func: &Function, branch: InstId, e: usize) -> Option<Way> {
    let edge = func.edges(branch)[e];
    Some(Way { to: edge.block, passes: func.edge_args(edge).to_vec(), through: None })
}

/// The way through a block that computes little and jumps on.
fn around(func: &Function, flow: &Flow, branch: InstId, e: usize) -> Option<Way> {
    let through = func.edges(branch)[e].block;
    let block = &func.blocks[through];
    let (&last, rest) = block.insts.split_last()?;
    let alone = flow.preds(through).len() == 1 && block.params.is_empty() && !block.cold;
    let extra = rest.iter().filter(|&&i| !is_constant(func.insts[i].op)).count();
    let plain = rest.iter().all(|&i| is_constant(func.insts[i].op) || is_cheap(func.insts[i].op));
    if !alone || func.insts[last].op != Op::Jump || extra > MOST_EXTRA || !plain {
        return None;
    }
    let edge = func.edges(last)[0];
    Some(Way { to: edge.block, passes: func.edge_args(edge).to_vec(), through: Some(through) })
}

fn is_constant(op: Op) -> bool {
    matches!(op, Op::IConst | Op::BConst | Op::FConst)
}

fn is_cheap(op: Op) -> bool {
    use Op::*;
    matches!(
        op,
        IAdd | ISub | IAnd | IOr | IXor | IShl | UShr | SShr | ICmp | Not | BAnd | BOr | BToI | SelectI | SlotAddr
    )
}

/// Whether the values that differ are few and can be chosen.
fn fits(func: &Function, yes: &Way, no: &Way) -> bool {
    let differing = || yes.passes.iter().zip(&no.passes).filter(|(a, b)| a != b);
    let possible = |(&a, &b): (&ValueId, &ValueId)| match func.ty(a) {
        Type::I64 => true,
        Type::I1 => constant(func, a).is_some() || constant(func, b).is_some(),
        _ => false,
    };
    differing().count() <= MOST_VALUES && differing().all(possible)
}

fn make(func: &mut Function, home: BlockId, branch: InstId, yes: &Way, no: &Way) {
    let cond = func.args(branch)[0];
    let mut out = std::mem::take(&mut func.blocks[home].insts);
    out.pop();
    for through in [yes.through, no.through].into_iter().flatten() {
        let mut insts = std::mem::take(&mut func.blocks[through].insts);
        // The block stays until nothing leads to it, with a jump for the graph's sake.
        func.blocks[through].insts = insts.pop().into_iter().collect();
        out.extend(insts);
    }
    let mut passes = Vec::with_capacity(yes.passes.len());
    for (&a, &b) in yes.passes.iter().zip(&no.passes) {
        passes.push(if a == b { a } else { choice(func, &mut out, branch, cond, a, b) });
    }
    func.blocks[home].insts = out;
    let loc = func.insts[branch].loc;
    let jump = func.make_inst(Op::Jump, &[], 0, &[(yes.to, &passes)], &[], loc);
    func.append(home, jump);
}

/// The value that is `a` if `cond`, else `b`.
fn choice(
    func: &mut Function,
    out: &mut Vec<InstId>,
    branch: InstId,
    cond: ValueId,
    a: ValueId,
    b: ValueId,
) -> ValueId {
    let loc = func.insts[branch].loc;
    if func.ty(a) == Type::I64 {
        return emit(func, out, Op::SelectI, &[cond, a, b], 0, Type::I64, loc);
    }
    let known = (constant(func, a), constant(func, b));
    let mut bit = |op: Op, args: &[ValueId]| emit(func, out, op, args, 0, Type::I1, loc);
    match known {
        (Some(0), _) => {
            let opposite = bit(Op::Not, &[cond]);
            bit(Op::BAnd, &[opposite, b])
        }
        (Some(_), _) => bit(Op::BOr, &[cond, b]),
        (None, Some(0)) => bit(Op::BAnd, &[cond, a]),
        (None, _) => {
            let opposite = bit(Op::Not, &[cond]);
            bit(Op::BOr, &[opposite, a])
        }
    }
}
