//! Control-flow facts and small clean-ups: predecessors, reverse postorder, dominators, unreached blocks,
//! parameters that only forward one value.

use molt_base::{EntityId, SideTable};

use crate::func::{BlockId, Function, InstId, ValueId};

/// An edge seen from its target: instruction, edge index, block it leaves from.
pub type Pred = (InstId, usize, BlockId);

/// Predecessors of every block, in layout order.
pub fn predecessors(func: &Function) -> Vec<Vec<Pred>> {
    let mut preds = vec![Vec::new(); func.blocks.len()];
    for &b in &func.layout {
        for (inst, edge, to) in func.successors(b) {
            preds[to.index()].push((inst, edge, b));
        }
    }
    preds
}

/// Blocks reachable from the entry, in reverse postorder.
pub fn reverse_postorder(func: &Function) -> Vec<BlockId> {
    let mut seen = vec![false; func.blocks.len()];
    let mut order = Vec::new();
    let succs = |b: BlockId| func.successors(b).map(|(_, _, t)| t).collect::<Vec<_>>();
    let mut stack = vec![(func.entry(), succs(func.entry()), 0usize)];
    seen[0] = true;
    while let Some((block, next, at)) = stack.last_mut() {
        if let Some(&to) = next.get(*at) {
            *at += 1;
            if !seen[to.index()] {
                seen[to.index()] = true;
                let list = succs(to);
                stack.push((to, list, 0));
            }
        } else {
            order.push(*block);
            stack.pop();
        }
    }
    order.reverse();
    order
}

/// Immediate dominators (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm").
pub struct Dominators {
    idom: Vec<u32>,
    order: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Dominators {
    pub fn new(func: &Function) -> Dominators {
        let rpo = reverse_postorder(func);
        let mut order = vec![NONE; func.blocks.len()];
        for (i, b) in rpo.iter().enumerate() {
            order[b.index()] = i as u32;
        }
        let preds = predecessors(func);
        let mut idom = vec![NONE; func.blocks.len()];
        idom[0] = 0;
        let mut changed = true;
        while changed {
            changed = false;
            for &b in &rpo[1..] {
                let mut new = NONE;
                for &(_, _, p) in &preds[b.index()] {
                    if idom[p.index()] == NONE {
                        continue;
                    }
                    new = if new == NONE { p.0 } else { intersect(&idom, &order, new, p.0) };
                }
                if new != NONE && idom[b.index()] != new {
                    idom[b.index()] = new;
                    changed = true;
                }
            }
        }
        Dominators { idom, order }
    }

    pub fn is_reachable(&self, b: BlockId) -> bool {
        self.order[b.index()] != NONE
    }

    /// Whether every path to `b` passes `a` (a block dominates itself). There is no path to an unreached block.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        if !self.is_reachable(b) || !self.is_reachable(a) {
            return !self.is_reachable(b);
        }
        let mut at = b.0;
        loop {
            if at == a.0 {
                return true;
            }
            if at == 0 || self.order[at as usize] < self.order[a.index()] {
                return false;
            }
            at = self.idom[at as usize];
        }
    }
}

fn intersect(idom: &[u32], order: &[u32], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        while order[a as usize] > order[b as usize] {
            a = idom[a as usize];
        }
        while order[b as usize] > order[a as usize] {
            b = idom[b as usize];
        }
    }
    a
}

/// Drops blocks that cannot be reached.
pub fn remove_unreached(func: &mut Function) {
    let mut live = vec![false; func.blocks.len()];
    for b in reverse_postorder(func) {
        live[b.index()] = true;
    }
    func.layout.retain(|b| live[b.index()]);
    for b in func.blocks.ids() {
        if !live[b.index()] {
            func.blocks[b].insts.clear();
        }
    }
}

/// Removes block parameters that receive one value (or themselves) from every edge, until none is left.
pub fn remove_trivial_params(func: &mut Function) {
    let preds = predecessors(func);
    let mut replaced: SideTable<ValueId, Option<ValueId>> = SideTable::new(None);
    let resolve = |replaced: &SideTable<ValueId, Option<ValueId>>, mut v: ValueId| {
        while let Some(to) = replaced[v] {
            v = to;
        }
        v
    };
    let mut removed: Vec<Vec<bool>> = func.blocks.iter().map(|(_, b)| vec![false; b.params.len()]).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for &b in &func.layout {
            if b == func.entry() {
                continue;
            }
            for (i, &param) in func.blocks[b].params.iter().enumerate() {
                if removed[b.index()][i] {
                    continue;
                }
                let mut only = None;
                let trivial = preds[b.index()].iter().all(|&(inst, edge, _)| {
                    let v = resolve(&replaced, func.edge_args(func.edges(inst)[edge])[i]);
                    v == param || *only.get_or_insert(v) == v
                });
                if let (true, Some(v)) = (trivial, only) {
                    replaced[param] = Some(v);
                    removed[b.index()][i] = true;
                    changed = true;
                }
            }
        }
    }
    let layout = func.layout.clone();
    for &b in &layout {
        for n in 0..func.blocks[b].insts.len() {
            let inst = func.blocks[b].insts[n];
            for v in func.args_mut(inst) {
                *v = resolve(&replaced, *v);
            }
            for e in 0..func.edges(inst).len() {
                let edge = func.edges(inst)[e];
                let keep = &removed[edge.block.index()];
                let values: Vec<ValueId> = func
                    .edge_args(edge)
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| !keep[*i])
                    .map(|(_, &v)| resolve(&replaced, v))
                    .collect();
                func.set_edge(inst, e, edge.block, &values);
            }
        }
    }
    for &b in &layout {
        let keep = std::mem::take(&mut removed[b.index()]);
        let params = std::mem::take(&mut func.blocks[b].params);
        let params: Vec<ValueId> = params.into_iter().zip(keep).filter(|(_, gone)| !gone).map(|(v, _)| v).collect();
        for (i, &v) in params.iter().enumerate() {
            func.values[v].def = crate::func::ValueDef::Param(b, i as u32);
        }
        func.blocks[b].params = params;
    }
}
