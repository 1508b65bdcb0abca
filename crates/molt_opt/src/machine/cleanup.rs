//! Folds constants, simplifies control flow and removes what has no effect.
//!
//! Needs: machine level. Establishes: every block is reachable, a block with one successor is not the only way into it,
//! no block only jumps on, no parameter receives the same value from everywhere, no result without effect is unused.
//! Keeps: results, order of effects, positions.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, IntCond, Op, Type, ValueDef, ValueId};

use super::edit::{Replacements, constant, definition, emit};
use super::flow::Flow;
use super::fold::{Outcome, fold};

/// Most rounds for one function; each makes what the last one left open.
const ROUNDS: usize = 4;

pub fn run(func: &mut Function) {
    free_entry(func);
    let mut flow = Flow::new(func);
    drop_unreached(func, &flow);
    for _ in 0..ROUNDS {
        let folded = fold_all(func, &flow);
        if folded {
            flow = after_change(func);
        }
        let fewer = trivial_params(func, &flow);
        let forwarded = forward_empty_blocks(func, &flow);
        if forwarded {
            flow = after_change(func);
        }
        let merged = merge_lines(func, &flow);
        if merged {
            flow = Flow::new(func);
        }
        if !(folded | fewer | forwarded | merged) {
            break;
        }
    }
    dead_code(func, &flow);
}

/// Control flow after edges changed; blocks without any are gone.
fn after_change(func: &mut Function) -> Flow {
    let flow = Flow::new(func);
    drop_unreached(func, &flow);
    flow
}

/// Gives a function whose entry is a loop's header an entry of its own.
fn free_entry(func: &mut Function) {
    let entry = func.entry();
    let looped = func.layout.iter().any(|&b| func.successors(b).any(|(_, _, to)| to == entry));
    if !looped {
        return;
    }
    let header = func.new_block();
    let params = func.blocks[entry].params.clone();
    let insts = std::mem::take(&mut func.blocks[entry].insts);
    func.blocks[header].insts = insts;
    func.blocks[header].cold = func.blocks[entry].cold;
    let mut to = Replacements::default();
    for &p in &params {
        let ty = func.ty(p);
        let copy = func.add_param(header, ty);
        to.set(p, copy);
    }
    to.apply(func);
    for b in func.layout.clone() {
        let Some(t) = func.terminator(b) else { continue };
        for e in 0..func.edges(t).len() {
            if func.edges(t)[e].block == entry {
                let values = func.edge_args(func.edges(t)[e]).to_vec();
                func.set_edge(t, e, header, &values);
            }
        }
    }
    let jump = func.make_inst(Op::Jump, &[], 0, &[(header, &params)], &[], molt_ir::LocId::NONE);
    func.append(entry, jump);
}

/// Takes blocks out of the layout that nothing reaches.
pub fn drop_unreached(func: &mut Function, flow: &Flow) {
    if flow.order.len() == func.layout.len() {
        return;
    }
    let layout = std::mem::take(&mut func.layout);
    for &b in &layout {
        if !flow.is_reachable(b) {
            func.blocks[b].insts.clear();
            func.blocks[b].params.clear();
        }
    }
    func.layout = layout;
    func.layout.retain(|&b| flow.is_reachable(b));
}

/// Applies the rules of `fold` to every instruction. Whether an edge went or changed its number.
fn fold_all(func: &mut Function, flow: &Flow) -> bool {
    let mut to = Replacements::default();
    let mut changed = false;
    let mut out = Vec::new();
    for &b in &flow.order {
        let mut insts = std::mem::take(&mut func.blocks[b].insts);
        out.clear();
        for inst in insts.drain(..) {
            to.apply_to(func, inst);
            if func.insts[inst].op.info().is_terminator() {
                changed |= fold_terminator(func, inst, &mut out);
                out.push(inst);
                continue;
            }
            let mut results = func.results(inst);
            match fold(func, inst, &mut out) {
                Outcome::Keep => out.push(inst),
                Outcome::Remove => {}
                Outcome::Value(v) => to.set(results.next().expect("the op has a result"), v),
                Outcome::Pair(v, w) => {
                    to.set(results.next().expect("the op has two results"), v);
                    to.set(results.next().expect("the op has two results"), w);
                }
            }
        }
        insts.extend_from_slice(&out);
        func.blocks[b].insts = insts;
    }
    changed
}

fn fold_terminator(func: &mut Function, inst: InstId, out: &mut Vec<InstId>) -> bool {
    let count = func.edges(inst).len();
    match func.insts[inst].op {
        Op::BrIf => {
            let mut cond = func.args(inst)[0];
            let mut swapped = false;
            while let Some(not) = definition(func, cond).filter(|&i| func.insts[i].op == Op::Not) {
                cond = func.args(not)[0];
                func.rewrite(inst, Op::BrIf, &[cond], 0);
                func.swap_edges(inst);
                swapped = true;
            }
            if let Some(c) = constant(func, cond) {
                func.keep_edge(inst, usize::from(c == 0));
                return true;
            }
            same_edges(func, inst) || swapped
        }
        Op::Switch => {
            let value = func.args(inst)[0];
            if let Some(c) = constant(func, value) {
                func.keep_edge(inst, (c as u64).min(count as u64 - 1) as usize);
                return true;
            }
            if same_edges(func, inst) {
                return true;
            }
            if count == 2 {
                let loc = func.insts[inst].loc;
                let zero = emit(func, out, Op::IConst, &[], 0, Type::I64, loc);
                let first = emit(func, out, Op::ICmp, &[value, zero], IntCond::Eq as u64, Type::I1, loc);
                func.rewrite(inst, Op::BrIf, &[first], 0);
            }
            false
        }
        _ => false,
    }
}

/// A branch whose edges are all the same is a jump.
fn same_edges(func: &mut Function, inst: InstId) -> bool {
    let edges = func.edges(inst);
    let same = |e: &molt_ir::Edge| e.block == edges[0].block && func.edge_args(*e) == func.edge_args(edges[0]);
    if !edges.iter().all(same) {
        return false;
    }
    func.keep_edge(inst, 0);
    true
}

/// Removes parameters that receive one value, or themselves, from every edge.
pub fn remove_trivial_params(func: &mut Function) {
    let flow = Flow::new(func);
    trivial_params(func, &flow);
}

fn trivial_params(func: &mut Function, flow: &Flow) -> bool {
    if flow.order.iter().skip(1).all(|&b| func.blocks[b].params.is_empty()) {
        return false;
    }
    let mut to = Replacements::default();
    let mut removed = vec![false; func.values.len()];
    let mut any = false;
    loop {
        let mut changed = false;
        for &b in flow.order.iter().skip(1) {
            for (i, &param) in func.blocks[b].params.iter().enumerate() {
                if removed[param.index()] {
                    continue;
                }
                let mut only = None;
                let trivial = flow.preds(b).iter().all(|&(inst, edge, _)| {
                    let v = to.resolve(func.edge_args(func.edges(inst)[edge])[i]);
                    v == param || *only.get_or_insert(v) == v
                });
                if let (true, Some(v)) = (trivial, only) {
                    to.set(param, v);
                    removed[param.index()] = true;
                    changed = true;
                }
            }
        }
        any |= changed;
        if !changed {
            break;
        }
    }
    if any {
        to.apply(func);
        take_params(func, flow, &removed);
    }
    any
}

/// Takes parameters away, and the values that edges pass for them.
fn take_params(func: &mut Function, flow: &Flow, gone: &[bool]) {
    for &b in flow.order.iter().skip(1) {
        if !func.blocks[b].params.iter().any(|p| gone[p.index()]) {
            continue;
        }
        let keep: Vec<bool> = func.blocks[b].params.iter().map(|p| !gone[p.index()]).collect();
        for &(inst, edge, _) in flow.preds(b) {
            func.retain_edge_args(inst, edge, |i| keep[i]);
        }
        func.retain_params(b, |i| keep[i]);
    }
}

/// Leads edges past blocks that only jump on.
fn forward_empty_blocks(func: &mut Function, flow: &Flow) -> bool {
    let only_jumps = |b: BlockId| matches!(func.blocks[b].insts[..], [jump] if func.insts[jump].op == Op::Jump);
    if !flow.order.iter().skip(1).any(|&b| only_jumps(b)) {
        return false;
    }
    let mut uses = vec![0u32; func.values.len()];
    for &b in &flow.order {
        for &inst in &func.blocks[b].insts {
            func.args(inst).iter().for_each(|v| uses[v.index()] += 1);
            for &e in func.edges(inst) {
                func.edge_args(e).iter().for_each(|v| uses[v.index()] += 1);
            }
        }
    }
    let mut changed = false;
    for &b in flow.order.iter().skip(1).rev() {
        let [jump] = func.blocks[b].insts[..] else { continue };
        if func.insts[jump].op != Op::Jump {
            continue;
        }
        let edge = func.edges(jump)[0];
        let values = func.edge_args(edge).to_vec();
        let params = func.blocks[b].params.clone();
        let only_here = |p: &ValueId| uses[p.index()] == values.iter().filter(|&v| v == p).count() as u32;
        if edge.block == b || !params.iter().all(only_here) {
            continue;
        }
        for &(inst, e, _) in flow.preds(b) {
            let given = func.edge_args(func.edges(inst)[e]).to_vec();
            let mapped = |v: &ValueId| params.iter().position(|p| p == v).map_or(*v, |i| given[i]);
            let passed: Vec<ValueId> = values.iter().map(mapped).collect();
            // The values are now used by this edge too.
            passed.iter().for_each(|v| uses[v.index()] += 1);
            func.set_edge(inst, e, edge.block, &passed);
        }
        changed = true;
    }
    changed
}

/// Appends a block to the only block that leads to it and nowhere else.
fn merge_lines(func: &mut Function, flow: &Flow) -> bool {
    let mut to = Replacements::default();
    let mut gone = vec![false; func.blocks.len()];
    let mut changed = false;
    for &b in &flow.order {
        if gone[b.index()] {
            continue;
        }
        while let Some(jump) = func.terminator(b).filter(|&t| func.insts[t].op == Op::Jump) {
            let edge = func.edges(jump)[0];
            let next = edge.block;
            if next == b || next == func.entry() || flow.preds(next).len() != 1 {
                break;
            }
            let values = func.edge_args(edge).to_vec();
            for (p, v) in std::mem::take(&mut func.blocks[next].params).into_iter().zip(values) {
                to.set(p, v);
            }
            let insts = std::mem::take(&mut func.blocks[next].insts);
            func.blocks[b].insts.pop();
            func.blocks[b].insts.extend(insts);
            func.blocks[b].cold |= func.blocks[next].cold;
            gone[next.index()] = true;
            changed = true;
        }
    }
    if changed {
        func.layout.retain(|b| !gone[b.index()]);
        to.apply(func);
    }
    changed
}

/// Whether an instruction may go when its results are unused.
pub fn is_removable(op: Op) -> bool {
    let info = op.info();
    !info.has_effect() && !info.is_terminator() && !info.may_raise()
}

/// Removes instructions and parameters that no effect depends on.
pub fn remove_dead(func: &mut Function) {
    let flow = Flow::new(func);
    dead_code(func, &flow);
}

fn dead_code(func: &mut Function, flow: &Flow) {
    let mut live = vec![false; func.values.len()];
    let mut work: Vec<ValueId> = Vec::new();
    let mut reach = |v: ValueId, work: &mut Vec<ValueId>| {
        if !std::mem::replace(&mut live[v.index()], true) {
            work.push(v);
        }
    };
    for &b in &flow.order {
        for &inst in &func.blocks[b].insts {
            if !is_removable(func.insts[inst].op) {
                func.args(inst).iter().for_each(|&v| reach(v, &mut work));
            }
        }
    }
    while let Some(v) = work.pop() {
        match func.values[v].def {
            ValueDef::Result(inst, _) => func.args(inst).iter().for_each(|&a| reach(a, &mut work)),
            ValueDef::Param(b, i) => {
                for &(inst, edge, _) in flow.preds(b) {
                    reach(func.edge_args(func.edges(inst)[edge])[i as usize], &mut work);
                }
            }
        }
    }
    for &b in &flow.order {
        let mut insts = std::mem::take(&mut func.blocks[b].insts);
        insts.retain(|&i| !is_removable(func.insts[i].op) || func.results(i).any(|v| live[v.index()]));
        func.blocks[b].insts = insts;
    }
    let dead: Vec<bool> = live.iter().map(|l| !l).collect();
    take_params(func, flow, &dead);
}
