//! What a branch tells of values in the blocks behind it.

use molt_ir::{BlockId, Function, IntCond, Op, Type, ValueDef, ValueId};

use super::edit::definition;
use super::flow::Flow;

/// Something known at the start of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A bit is so.
    Bit(ValueId, bool),
    /// A comparison holds.
    Holds(IntCond, ValueId, ValueId),
    /// An integer is this number.
    Is(ValueId, i64),
}

/// How deep conditions made of others are taken apart.
const DEPTH: u32 = 8;

/// What the only edge to a block says.
pub fn at_block(func: &Function, flow: &Flow, b: BlockId, out: &mut Vec<Fact>) {
    if let Some((inst, edge, _)) = flow.single_pred(b) {
        on_edge(func, inst, edge, out);
    }
}

/// What is known when control takes an edge.
pub fn on_edge(func: &Function, inst: molt_ir::InstId, edge: usize, out: &mut Vec<Fact>) {
    let edges = func.edges(inst);
    let target = edges[edge].block;
    // Two edges to one block say nothing.
    if edges.iter().filter(|e| e.block == target).count() > 1 {
        return;
    }
    match func.insts[inst].op {
        Op::BrIf => bit(func, func.args(inst)[0], edge == 0, DEPTH, out),
        Op::Switch if edge + 1 < edges.len() => out.push(Fact::Is(func.args(inst)[0], edge as i64)),
        _ => {}
    }
}

fn bit(func: &Function, v: ValueId, truth: bool, depth: u32, out: &mut Vec<Fact>) {
    out.push(Fact::Bit(v, truth));
    let Some(inst) = definition(func, v).filter(|_| depth > 0) else { return };
    let first = matches!(func.values[v].def, ValueDef::Result(_, 0));
    let args = func.args(inst);
    match func.insts[inst].op {
        Op::Not => bit(func, args[0], !truth, depth - 1, out),
        Op::BAnd if truth => args.iter().for_each(|&a| bit(func, a, true, depth - 1, out)),
        Op::BOr if !truth => args.iter().for_each(|&a| bit(func, a, false, depth - 1, out)),
        Op::ICmp if first => {
            let cond = IntCond::from_index(func.insts[inst].imm).expect("verified");
            let cond = if truth { cond } else { super::fold::inverse(cond) };
            out.push(Fact::Holds(cond, args[0], args[1]));
            if cond == IntCond::Eq
                && func.ty(args[0]) == Type::I64
                && let Some(c) = super::edit::constant(func, args[1])
            {
                out.push(Fact::Is(args[0], c));
            }
        }
        _ => {}
    }
}

/// Whether `asked` holds of two numbers of which `known` does.
pub fn implied(known: IntCond, asked: IntCond) -> Option<bool> {
    use IntCond::*;
    let holds: &[IntCond] = match known {
        Eq => &[Eq, Sle, Sge, Ule, Uge],
        Ne => &[Ne],
        Slt => &[Slt, Sle, Ne],
        Sle => &[Sle],
        Sgt => &[Sgt, Sge, Ne],
        Sge => &[Sge],
        Ult => &[Ult, Ule, Ne],
        Ule => &[Ule],
        Ugt => &[Ugt, Uge, Ne],
        Uge => &[Uge],
    };
    if holds.contains(&asked) {
        return Some(true);
    }
    holds.contains(&super::fold::inverse(asked)).then_some(false)
}
