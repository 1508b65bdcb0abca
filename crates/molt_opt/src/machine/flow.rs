//! What passes ask about control flow: order, predecessors and dominators of the reachable blocks, all in flat tables.
//! Dominators are found when the first one is asked for.

use std::cell::OnceCell;

use molt_base::{EntityId, Lists};
use molt_ir::cfg::{DominatorTree, Pred, Walk};
use molt_ir::{BlockId, Function};

const NONE: u32 = u32::MAX;

/// Control flow of one state of a function; any change of an edge makes it stale.
pub struct Flow {
    /// Reachable blocks in reverse postorder.
    pub order: Vec<BlockId>,
    /// Position of each block in `order`.
    position: Vec<u32>,
    /// What order and dominators are found from.
    walk: Walk,
    pred_starts: Vec<u32>,
    preds: Vec<Pred>,
    tree: OnceCell<Tree>,
}

/// The dominator tree.
struct Tree {
    idom: Vec<u32>,
    /// First and last number of each block's subtree in a preorder walk.
    spans: Vec<(u32, u32)>,
    /// Reachable blocks in such a walk; siblings in reverse postorder.
    order: Vec<BlockId>,
}

impl Flow {
    pub fn new(func: &Function) -> Flow {
        let edges = |b: u32| func.terminator(BlockId(b)).map_or(&[][..], |t| func.edges(t));
        let walk = Walk::new(func.blocks.len(), |b| edges(b).iter().map(|e| e.block.0));
        let order: Vec<BlockId> = walk.postorder.iter().rev().map(|&b| BlockId(b)).collect();
        let mut position = vec![NONE; func.blocks.len()];
        for (i, b) in order.iter().enumerate() {
            position[b.index()] = i as u32;
        }
        let (pred_starts, preds) = find_preds(func, &order);
        Flow { order, position, walk, pred_starts, preds, tree: OnceCell::new() }
    }

    fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| self.find_tree())
    }

    fn find_tree(&self) -> Tree {
        let blocks = self.position.len();
        let preds = |b: u32| self.preds(BlockId(b)).iter().map(|p| p.2.0);
        let mut idom = vec![NONE; blocks];
        for (b, up) in DominatorTree::new(&self.walk, preds).idoms() {
            idom[b.index()] = up.0;
        }
        // Children of a block, in reverse postorder.
        let pairs = self.order.iter().skip(1).map(|b| (idom[b.index()], b.0));
        let children = Lists::new(blocks, pairs);
        let (mut spans, mut order) = (vec![(0, 0); blocks], Vec::with_capacity(self.order.len()));
        let mut stack: Vec<(BlockId, usize)> = self.order.first().map(|&b| (b, 0)).into_iter().collect();
        while let Some((block, next)) = stack.last_mut() {
            let span = &mut spans[block.index()];
            if *next == 0 {
                span.0 = order.len() as u32;
                order.push(*block);
            }
            match children.of(block.0).get(*next) {
                Some(&child) => {
                    *next += 1;
                    stack.push((BlockId(child), 0));
                }
                None => {
                    span.1 = order.len() as u32 - 1;
                    stack.pop();
                }
            }
        }
        Tree { idom, spans, order }
    }

    pub fn is_reachable(&self, b: BlockId) -> bool {
        self.walk.is_reached(b.0)
    }

    /// Position in reverse postorder.
    pub fn position(&self, b: BlockId) -> u32 {
        self.position[b.index()]
    }

    /// Edges from reachable blocks.
    pub fn preds(&self, b: BlockId) -> &[Pred] {
        &self.preds[self.pred_starts[b.index()] as usize..self.pred_starts[b.index() + 1] as usize]
    }

    /// The only edge that leads to a block.
    pub fn single_pred(&self, b: BlockId) -> Option<Pred> {
        match self.preds(b) {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The immediate dominator of a reachable block other than the entry.
    pub fn idom(&self, b: BlockId) -> BlockId {
        BlockId(self.tree().idom[b.index()])
    }

    /// Whether every path to reachable `b` passes `a`.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let spans = &self.tree().spans;
        let (first, last) = spans[a.index()];
        self.is_reachable(a) && (first..=last).contains(&spans[b.index()].0)
    }

    /// Reachable blocks in a preorder walk of the dominator tree; siblings in reverse postorder.
    pub fn dominator_order(&self) -> &[BlockId] {
        &self.tree().order
    }

    /// First and last number of the blocks that `b` dominates, in `dominator_order`.
    pub fn span(&self, b: BlockId) -> (usize, usize) {
        let (first, last) = self.tree().spans[b.index()];
        (first as usize, last as usize)
    }
}

/// Edges from reachable blocks by the block they lead to: where those of each block begin, and all of them.
fn find_preds(func: &Function, order: &[BlockId]) -> (Vec<u32>, Vec<Pred>) {
    let mut starts = vec![0u32; func.blocks.len() + 1];
    for &b in order {
        for (_, _, to) in func.successors(b) {
            starts[to.index() + 1] += 1;
        }
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut next = starts.clone();
    let nothing = (molt_ir::InstId(0), 0, func.entry());
    let mut preds = vec![nothing; starts.last().copied().unwrap_or(0) as usize];
    for &b in order {
        for (inst, edge, to) in func.successors(b) {
            preds[next[to.index()] as usize] = (inst, edge, b);
            next[to.index()] += 1;
        }
    }
    (starts, preds)
}
