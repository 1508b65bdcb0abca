//! Jump threading: an edge that passes constants which decide the branch of its target goes where the branch would.
//!
//! Needs: `cleanup`. Establishes: a tag that is set on one way and tested where ways met is not tested. Keeps: loops with
//! one entry. Results that are returned as tags and payloads vanish by this after inlining.

use molt_ir::{BlockId, Function, InstId, IntCond, Op, ValueDef, ValueId};

use super::cleanup;
use super::duplicate::{self, Copy};
use super::edit::constant;
use super::flow::Flow;
use super::fold::{evaluate, holds};
use super::loops::Loops;

/// Most instructions of a block that is copied.
const LONGEST: usize = 10;
/// Most rounds; each sees through one block.
const ROUNDS: usize = 6;
/// How many times its size a function may grow to; small ones a little more.
const GROWTH: usize = 2;
/// How deep the operands of a condition are looked at.
const DEPTH: u32 = 6;

pub fn run(func: &mut Function) {
    let largest = size(func) * GROWTH + LONGEST * 16;
    for _ in 0..ROUNDS {
        if size(func) > largest {
            return;
        }
        let flow = Flow::new(func);
        let loops = Loops::new(func, &flow);
        let mut copies = Vec::new();
        for &m in flow.order.iter().skip(1) {
            plan(func, &flow, &loops, m, &mut copies);
        }
        if copies.is_empty() {
            return;
        }
        duplicate::run(func, &copies);
        cleanup::run(func);
    }
}

fn size(func: &Function) -> usize {
    func.layout.iter().map(|&b| func.blocks[b].insts.len()).sum()
}

fn plan(func: &Function, flow: &Flow, loops: &Loops, m: BlockId, copies: &mut Vec<Copy>) {
    let preds = flow.preds(m);
    let Some(branch) = func.terminator(m).filter(|_| preds.len() > 1) else { return };
    if !matches!(func.insts[branch].op, Op::BrIf | Op::Switch) || !is_short(func, m) {
        return;
    }
    let ways: Vec<Option<usize>> = preds.iter().map(|&(i, e, _)| way(func, m, branch, (i, e))).collect();
    let is_back = |p: BlockId| flow.dominates(m, p);
    let mut outside = preds.iter().zip(&ways).filter(|(p, _)| !is_back(p.2)).map(|(_, way)| way);
    // A loop whose header is left out by some of its entries, but not by all in the same way, has two of them; and to
    // leave out a test that is not the loop's own is to copy a turn.
    let header_of = loops.innermost(m).filter(|&l| loops.all[l as usize].header == m);
    let first = outside.next().copied().flatten();
    let one_way = first.is_some() && outside.all(|&w| w == first);
    let outside_allowed = header_of.is_none_or(|l| one_way && loops.tests_first(func, flow, l));
    for target in 0..func.edges(branch).len() {
        let taken = preds.iter().zip(&ways).filter(|(p, w)| **w == Some(target) && (is_back(p.2) || outside_allowed));
        let edges: Vec<(InstId, usize)> = taken.map(|(&(inst, edge, _), _)| (inst, edge)).collect();
        if !edges.is_empty() {
            copies.push(Copy { block: m, edges, leaves_along: Some(target) });
        }
    }
}

/// Whether a block may be copied.
pub fn is_short(func: &Function, b: BlockId) -> bool {
    let insts = &func.blocks[b].insts;
    let counted = insts.iter().filter(|&&i| !matches!(func.insts[i].op, Op::IConst | Op::BConst | Op::FConst));
    let plain = |op: Op| !matches!(op, Op::Call | Op::CallIndirect | Op::CallRt);
    insts.iter().all(|&i| plain(func.insts[i].op)) && counted.count() <= LONGEST
}

/// The edge that `branch` of block `m` takes after an edge to `m`, if that decides it.
fn way(func: &Function, m: BlockId, branch: InstId, edge: (InstId, usize)) -> Option<usize> {
    let c = known(func, m, func.args(branch)[0], edge, DEPTH)?;
    Some(match func.insts[branch].op {
        Op::BrIf => usize::from(c == 0),
        _ => (c as u64).min(func.edges(branch).len() as u64 - 1) as usize,
    })
}

/// The number that a value of block `m` is after an edge to `m`.
fn known(func: &Function, m: BlockId, v: ValueId, edge: (InstId, usize), depth: u32) -> Option<i64> {
    if let Some(c) = constant(func, v) {
        return Some(c);
    }
    // The branch that the edge belongs to may have tested the value, unless `m` makes it anew.
    let (from, number) = edge;
    let made_here = match func.values[v].def {
        ValueDef::Param(b, _) => b == m,
        ValueDef::Result(inst, _) => func.blocks[m].insts.contains(&inst),
    };
    let tested = func.insts[from].op == Op::BrIf && func.args(from)[0] == v;
    if tested && !made_here {
        return Some(i64::from(number == 0));
    }
    if depth == 0 {
        return None;
    }
    match func.values[v].def {
        ValueDef::Param(b, i) if b == m => {
            let passed = func.edge_args(func.edges(from)[number])[i as usize];
            constant(func, passed)
        }
        ValueDef::Param(..) => None,
        ValueDef::Result(inst, 0) if func.blocks[m].insts.contains(&inst) => {
            let arg = |i: usize| known(func, m, func.args(inst)[i], edge, depth - 1);
            match func.insts[inst].op {
                Op::Not => Some(i64::from(arg(0)? == 0)),
                Op::BToI => arg(0),
                Op::ICmp => {
                    let cond = IntCond::from_index(func.insts[inst].imm).expect("verified");
                    Some(i64::from(holds(cond, arg(0)?, arg(1)?)))
                }
                Op::BAnd => match (arg(0), arg(1)) {
                    (Some(0), _) | (_, Some(0)) => Some(0),
                    (a, b) => Some(a? & b?),
                },
                Op::BOr => match (arg(0), arg(1)) {
                    (Some(1), _) | (_, Some(1)) => Some(1),
                    (a, b) => Some(a? | b?),
                },
                Op::IAnd | Op::IOr | Op::IXor | Op::IAdd | Op::ISub | Op::IShl | Op::SShr | Op::UShr => {
                    evaluate(func.insts[inst].op, arg(0)?, arg(1)?)
                }
                _ => None,
            }
        }
        ValueDef::Result(..) => None,
    }
}
