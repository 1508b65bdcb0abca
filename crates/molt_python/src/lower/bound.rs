//! Removes checks of variables that are always bound.
//!
//! Lowering checks every read whose value comes out of a block parameter. Once the function is complete, a value can
//! be the marker only if an `unbound` flows into it; all other checks go.

use molt_base::EntityId;
use molt_ir::cfg::{remove_trivial_params, remove_unreached};
use molt_ir::{Function, InstId, Op, ValueDef, ValueId};

/// Removes the checks of a finished function that cannot fail.
pub fn remove_checks(func: &mut Function) {
    let maybe = maybe_unbound(func);
    let mut replacement: Vec<Option<ValueId>> = vec![None; func.values.len()];
    let mut removed = false;
    for block in func.layout.clone() {
        let insts = func.blocks[block].insts.clone();
        let kept: Vec<InstId> = insts
            .iter()
            .copied()
            .filter(|&inst| {
                if func.insts[inst].op != Op::PyCheckBound {
                    return true;
                }
                let operand = func.args(inst)[0];
                if maybe[operand.index()] || reads_storage(func, operand) {
                    return true;
                }
                replacement[func.result(inst).index()] = Some(operand);
                false
            })
            .collect();
        removed |= kept.len() != insts.len();
        func.blocks[block].insts = kept;
    }
    if removed {
        replace(func, &replacement);
        remove_unreached(func);
        remove_trivial_params(func);
    }
}

/// Whether the value was just read from where the marker may be stored.
fn reads_storage(func: &Function, value: ValueId) -> bool {
    match func.values[value].def {
        ValueDef::Result(inst, _) => {
            matches!(func.insts[inst].op, Op::GlobalGet | Op::CellGet | Op::NsGet | Op::PyNext)
        }
        ValueDef::Param(..) => false,
    }
}

/// Values that an `unbound` flows into through block parameters.
fn maybe_unbound(func: &Function) -> Vec<bool> {
    let mut maybe = vec![false; func.values.len()];
    // From each value to the parameters it is passed to.
    let mut passed_to: Vec<Vec<ValueId>> = vec![Vec::new(); func.values.len()];
    let mut work = Vec::new();
    for &block in &func.layout {
        for &inst in &func.blocks[block].insts {
            if func.insts[inst].op == Op::Unbound {
                work.push(func.result(inst));
            }
            for &edge in func.edges(inst) {
                for (&value, &param) in func.edge_args(edge).iter().zip(&func.blocks[edge.block].params) {
                    passed_to[value.index()].push(param);
                }
            }
        }
    }
    while let Some(value) = work.pop() {
        if std::mem::replace(&mut maybe[value.index()], true) {
            continue;
        }
        work.extend(&passed_to[value.index()]);
    }
    maybe
}

fn replace(func: &mut Function, replacement: &[Option<ValueId>]) {
    let resolve = |mut v: ValueId| {
        while let Some(next) = replacement[v.index()] {
            v = next;
        }
        v
    };
    for block in func.layout.clone() {
        for inst in func.blocks[block].insts.clone() {
            for arg in func.args_mut(inst) {
                *arg = resolve(*arg);
            }
            for edge in 0..func.edges(inst).len() {
                for arg in func.edge_args_mut(inst, edge) {
                    *arg = resolve(*arg);
                }
            }
        }
    }
}
