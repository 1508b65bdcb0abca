//! Control-flow facts and small clean-ups: predecessors, reverse postorder, dominators, unreached blocks,
//! parameters that only forward one value.

use molt_base::{EntityId, Lists, SideTable};

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
    let walk = Walk::new(func.blocks.len(), |b| successors(func, b));
    walk.postorder.into_iter().rev().map(BlockId).collect()
}

fn successors(func: &Function, block: u32) -> impl Iterator<Item = u32> + Clone + '_ {
    func.successors(BlockId(block)).map(|(_, _, to)| to.0)
}

/// A depth-first walk from node 0 of a graph.
pub struct Walk {
    /// The nodes that were reached, in preorder.
    preorder: Vec<u32>,
    /// The same nodes in postorder.
    pub postorder: Vec<u32>,
    /// By place in preorder, the place of the node that led here first; the entry's is its own.
    parent: Vec<u32>,
    /// Each node's place in preorder; `NONE` if it was not reached.
    place: Vec<u32>,
}

impl Walk {
    pub fn new<I: Iterator<Item = u32>>(nodes: usize, succs: impl Fn(u32) -> I) -> Walk {
        let (mut preorder, mut postorder) = (Vec::with_capacity(nodes), Vec::with_capacity(nodes));
        let (mut parent, mut place) = (Vec::with_capacity(nodes), vec![NONE; nodes]);
        let mut stack = Vec::new();
        let mut next = Some((0, 0));
        while let Some((node, from)) = next {
            place[node as usize] = preorder.len() as u32;
            preorder.push(node);
            parent.push(from);
            stack.push((node, succs(node)));
            next = None;
            while let Some((node, rest)) = stack.last_mut() {
                match rest.find(|&to| place[to as usize] == NONE) {
                    Some(to) => {
                        next = Some((to, place[*node as usize]));
                        break;
                    }
                    None => {
                        postorder.push(*node);
                        stack.pop();
                    }
                }
            }
        }
        Walk { preorder, postorder, parent, place }
    }

    pub fn is_reached(&self, node: u32) -> bool {
        self.place[node as usize] != NONE
    }
}

/// Which blocks every path to a block passes.
pub struct Dominators {
    /// When a walk over the tree enters and leaves each block; `NONE` for blocks that cannot be reached.
    spans: Vec<(u32, u32)>,
}

const NONE: u32 = u32::MAX;

impl Dominators {
    pub fn new(func: &Function) -> Dominators {
        Dominators::of(func.blocks.len(), |b| successors(func, b))
    }

    fn of<I: Iterator<Item = u32> + Clone>(nodes: usize, succs: impl Fn(u32) -> I) -> Dominators {
        let walk = Walk::new(nodes, &succs);
        let edges = walk.preorder.iter().flat_map(|&b| succs(b).map(move |to| (to, b)));
        let preds = Lists::new(nodes, edges);
        let tree = DominatorTree::new(&walk, |b| preds.of(b).iter().copied());
        Dominators { spans: spans(nodes, &walk.preorder, &tree.idom) }
    }

    pub fn is_reachable(&self, b: BlockId) -> bool {
        self.spans[b.index()].0 != NONE
    }

    /// Whether every path to `b` passes `a` (a block dominates itself). There is no path to an unreached block.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        if !self.is_reachable(b) || !self.is_reachable(a) {
            return !self.is_reachable(b);
        }
        let (a, b) = (self.spans[a.index()], self.spans[b.index()]);
        a.0 <= b.0 && b.1 <= a.1
    }
}

/// Immediate dominators (Georgiadis, Werneck, Tarjan, Triantafyllis and August, "Finding Dominators in Practice":
/// Semi-NCA), in time that is near linear.
pub struct DominatorTree<'w> {
    walk: &'w Walk,
    /// By place in preorder, the place of the immediate dominator; the entry's is its own.
    idom: Vec<u32>,
}

impl<'w> DominatorTree<'w> {
    /// The tree of a graph that was walked, whose nodes have these predecessors among those that were reached.
    pub fn new<I: Iterator<Item = u32>>(walk: &'w Walk, preds: impl Fn(u32) -> I) -> DominatorTree<'w> {
        let count = walk.preorder.len();
        let mut forest = Forest { ancestor: walk.parent.clone(), label: (0..count as u32).collect(), path: Vec::new() };
        let mut idom = walk.parent.clone();
        let mut semi = vec![0; count];
        for v in (1..count).rev() {
            let places = preds(walk.preorder[v]).map(|p| walk.place[p as usize]);
            let least = places.map(|p| forest.least(p, v as u32)).min();
            semi[v] = least.expect("a node that was reached has a predecessor");
            forest.label[v] = semi[v];
        }
        for v in 1..count {
            while idom[v] > semi[v] {
                idom[v] = idom[idom[v] as usize];
            }
        }
        DominatorTree { walk, idom }
    }

    /// Every block but the entry with its immediate dominator, dominators first.
    pub fn idoms(&self) -> impl Iterator<Item = (BlockId, BlockId)> + '_ {
        let order = &self.walk.preorder;
        let block = |at: u32| BlockId(order[at as usize]);
        order.iter().zip(&self.idom).skip(1).map(move |(&b, &up)| (BlockId(b), block(up)))
    }
}

/// Paths of the depth-first tree, shortened as they are walked.
struct Forest {
    ancestor: Vec<u32>,
    /// For nodes after the one in work, the least semidominator on the shortened path; for the others themselves.
    label: Vec<u32>,
    path: Vec<u32>,
}

impl Forest {
    /// The least semidominator on the path up from `v` through nodes after `last`, or `v` where that is no later one.
    fn least(&mut self, v: u32, last: u32) -> u32 {
        if v <= last {
            return v;
        }
        let mut at = v;
        while self.ancestor[at as usize] > last {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(below) = self.path.pop() {
            let label = self.label[at as usize].min(self.label[below as usize]);
            self.label[below as usize] = label;
            self.ancestor[below as usize] = self.ancestor[at as usize];
            at = below;
        }
        self.label[v as usize]
    }
}

/// When a walk over the dominator tree enters and leaves each node.
fn spans(nodes: usize, order: &[u32], idom: &[u32]) -> Vec<(u32, u32)> {
    // A node comes after its dominator, so that a first walk from the end gives the sizes of subtrees.
    let mut size = vec![1u32; order.len()];
    for v in (1..order.len()).rev() {
        size[idom[v] as usize] += size[v];
    }
    let (mut spans, mut entered) = (vec![(NONE, NONE); nodes], vec![0; order.len()]);
    // The first number of each subtree that is still free.
    let mut free = vec![1; order.len()];
    for v in 0..order.len() {
        if v > 0 {
            let up = idom[v] as usize;
            entered[v] = free[up];
            free[up] += size[v];
            free[v] = entered[v] + 1;
        }
        spans[order[v] as usize] = (entered[v], entered[v] + size[v]);
    }
    spans
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes that can be reached from node 0 without passing `without`.
    fn reached(graph: &[Vec<u32>], without: Option<u32>) -> Vec<bool> {
        let mut seen = vec![false; graph.len()];
        let mut stack = vec![0];
        while let Some(at) = stack.pop() {
            if Some(at) != without && !std::mem::replace(&mut seen[at as usize], true) {
                stack.extend(&graph[at as usize]);
            }
        }
        seen
    }

    #[test]
    fn dominators_are_those_of_the_definition() {
        let mut state = 1u64;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        for round in 0..2000 {
            let nodes = 1 + round % 17;
            let edges = below(3 * nodes);
            let mut graph = vec![Vec::new(); nodes];
            for _ in 0..edges {
                graph[below(nodes)].push(below(nodes) as u32);
            }
            let tree = Dominators::of(nodes, |b| graph[b as usize].iter().copied());
            let all = reached(&graph, None);
            for a in 0..nodes as u32 {
                let around = reached(&graph, Some(a));
                assert_eq!(tree.is_reachable(BlockId(a)), all[a as usize]);
                for b in 0..nodes as u32 {
                    let must = !all[b as usize] || (all[a as usize] && !around[b as usize]);
                    assert_eq!(tree.dominates(BlockId(a), BlockId(b)), must, "{a} over {b} in {graph:?}");
                }
            }
        }
    }

    #[test]
    fn long_chains_of_joins_take_linear_time() {
        // Every node leads to the next and to a common end, as comparisons that stop at the first false one do.
        let nodes = 300_000u32;
        let end = nodes - 1;
        let succs = |b| [b + 1, end].into_iter().filter(move |_| b != end);
        let tree = Dominators::of(nodes as usize, succs);
        assert!(tree.dominates(BlockId(end / 2), BlockId(end - 1)));
        assert!(!tree.dominates(BlockId(1), BlockId(end)));
    }
}
