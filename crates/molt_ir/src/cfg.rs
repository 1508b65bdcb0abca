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

/// Which blocks every path to a block passes.
pub struct Dominators {
    /// When a walk over the tree enters and leaves each block; `NONE` for blocks that cannot be reached.
    spans: Vec<(u32, u32)>,
}

const NONE: u32 = u32::MAX;

impl Dominators {
    pub fn new(func: &Function) -> Dominators {
        Dominators::of(&DominatorTree::new(func), func.blocks.len())
    }

    fn of(tree: &DominatorTree, nodes: usize) -> Dominators {
        Dominators { spans: spans(nodes, &tree.order, &tree.idom) }
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
pub struct DominatorTree {
    /// The nodes that node 0 reaches, in preorder of a walk.
    order: Vec<u32>,
    /// By place in that order, the place of the immediate dominator; the entry's is its own.
    idom: Vec<u32>,
}

impl DominatorTree {
    pub fn new(func: &Function) -> DominatorTree {
        DominatorTree::of(func.blocks.len(), |b| func.successors(BlockId(b)).map(|(_, _, to)| to.0))
    }

    /// The tree of a graph whose entry is node 0.
    fn of<I: Iterator<Item = u32>>(nodes: usize, succs: impl Fn(u32) -> I) -> DominatorTree {
        let walk = DepthFirst::new(nodes, succs);
        let count = walk.order.len();
        let mut forest = Forest { ancestor: walk.parent.clone(), label: (0..count as u32).collect(), path: Vec::new() };
        let mut idom = walk.parent;
        let mut semi = vec![0; count];
        for v in (1..count).rev() {
            let preds = &walk.preds[walk.pred_starts[v] as usize..walk.pred_starts[v + 1] as usize];
            let least = preds.iter().map(|&p| forest.least(p, v as u32)).min();
            semi[v] = least.expect("a node that was reached has a predecessor");
            forest.label[v] = semi[v];
        }
        for v in 1..count {
            while idom[v] > semi[v] {
                idom[v] = idom[idom[v] as usize];
            }
        }
        DominatorTree { order: walk.order, idom }
    }

    /// Every reachable block but the entry with its immediate dominator, dominators first.
    pub fn idoms(&self) -> impl Iterator<Item = (BlockId, BlockId)> + '_ {
        let block = |at: u32| BlockId(self.order[at as usize]);
        self.order.iter().zip(&self.idom).skip(1).map(move |(&b, &up)| (BlockId(b), block(up)))
    }
}

/// A depth-first walk from node 0.
struct DepthFirst {
    /// The nodes that were reached, in preorder; what follows goes by place in it.
    order: Vec<u32>,
    /// Parents in the tree of the walk.
    parent: Vec<u32>,
    /// Predecessors of node `v` are those from `pred_starts[v]` up to `pred_starts[v + 1]`.
    pred_starts: Vec<u32>,
    preds: Vec<u32>,
}

impl DepthFirst {
    fn new<I: Iterator<Item = u32>>(nodes: usize, succs: impl Fn(u32) -> I) -> DepthFirst {
        let mut place = vec![NONE; nodes];
        let (mut order, mut parent) = (Vec::new(), Vec::new());
        // Edges from a place to a node: those walked, and from the top those to come.
        let (mut edges, mut stack) = (Vec::new(), vec![(0, 0)]);
        while let Some((from, to)) = stack.pop() {
            edges.push((from, to));
            if place[to as usize] == NONE {
                let at = order.len() as u32;
                place[to as usize] = at;
                order.push(to);
                parent.push(from);
                stack.extend(succs(to).map(|next| (at, next)));
            }
        }
        let mut pred_starts = vec![0; order.len() + 1];
        for &(_, to) in &edges {
            pred_starts[place[to as usize] as usize + 1] += 1;
        }
        for v in 1..pred_starts.len() {
            pred_starts[v] += pred_starts[v - 1];
        }
        let (mut next, mut preds) = (pred_starts.clone(), vec![0; edges.len()]);
        for (from, to) in edges {
            let to = place[to as usize] as usize;
            preds[next[to] as usize] = from;
            next[to] += 1;
        }
        DepthFirst { order, parent, pred_starts, preds }
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
            let tree = Dominators::of(&DominatorTree::of(nodes, |b| graph[b as usize].iter().copied()), nodes);
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
        let tree = Dominators::of(&DominatorTree::of(nodes as usize, succs), nodes as usize);
        assert!(tree.dominates(BlockId(end / 2), BlockId(end - 1)));
        assert!(!tree.dominates(BlockId(1), BlockId(end)));
    }
}
