//! What passes ask about control flow: order, predecessors and dominators of the reachable blocks, all in flat tables.

use molt_base::EntityId;
use molt_ir::cfg::{DominatorTree, Pred};
use molt_ir::{BlockId, Function};

const NONE: u32 = u32::MAX;

/// Control flow of one state of a function; any change of an edge makes it stale.
pub struct Flow {
    /// Reachable blocks in reverse postorder.
    pub order: Vec<BlockId>,
    /// Position of each block in `order`.
    position: Vec<u32>,
    pred_starts: Vec<u32>,
    preds: Vec<Pred>,
    idom: Vec<u32>,
    /// First and last number of each block's subtree in a preorder walk of the dominator tree.
    spans: Vec<(u32, u32)>,
    /// Reachable blocks in such a walk; siblings in reverse postorder.
    pub dominator_order: Vec<BlockId>,
}

impl Flow {
    pub fn new(func: &Function) -> Flow {
        let count = func.blocks.len();
        let mut flow = Flow {
            order: Vec::with_capacity(func.layout.len()),
            position: vec![NONE; count],
            pred_starts: Vec::new(),
            preds: Vec::new(),
            idom: vec![NONE; count],
            spans: vec![(0, 0); count],
            dominator_order: Vec::with_capacity(func.layout.len()),
        };
        flow.number(func);
        flow.find_preds(func);
        for (b, up) in DominatorTree::new(func).idoms() {
            flow.idom[b.index()] = up.0;
        }
        flow.number_tree();
        flow
    }

    fn number(&mut self, func: &Function) {
        const SEEN: u32 = u32::MAX - 1;
        let edges = |b: BlockId| func.terminator(b).map_or(&[][..], |t| func.edges(t));
        let mut stack = vec![(func.entry(), 0)];
        self.position[func.entry().index()] = SEEN;
        while let Some((block, next)) = stack.last_mut() {
            match edges(*block).get(*next) {
                Some(edge) => {
                    *next += 1;
                    if self.position[edge.block.index()] == NONE {
                        self.position[edge.block.index()] = SEEN;
                        stack.push((edge.block, 0));
                    }
                }
                None => {
                    self.order.push(*block);
                    stack.pop();
                }
            }
        }
        self.order.reverse();
        for (i, b) in self.order.iter().enumerate() {
            self.position[b.index()] = i as u32;
        }
    }

    fn find_preds(&mut self, func: &Function) {
        let mut starts = vec![0u32; func.blocks.len() + 1];
        for &b in &self.order {
            for (_, _, to) in func.successors(b) {
                starts[to.index() + 1] += 1;
            }
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let nothing = (molt_ir::InstId(0), 0, func.entry());
        self.preds = vec![nothing; starts.last().copied().unwrap_or(0) as usize];
        for &b in &self.order {
            for (inst, edge, to) in func.successors(b) {
                self.preds[next[to.index()] as usize] = (inst, edge, b);
                next[to.index()] += 1;
            }
        }
        self.pred_starts = starts;
    }

    fn number_tree(&mut self) {
        // Children of a block are the blocks between two starts, in reverse postorder.
        let mut starts = vec![0u32; self.idom.len() + 1];
        for &b in self.order.iter().skip(1) {
            starts[self.idom[b.index()] as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut children = vec![BlockId(0); self.order.len().saturating_sub(1)];
        for &b in self.order.iter().skip(1) {
            let parent = self.idom[b.index()] as usize;
            children[next[parent] as usize] = b;
            next[parent] += 1;
        }
        let mut stack: Vec<(BlockId, u32)> = self.order.first().map(|&b| (b, starts[b.index()])).into_iter().collect();
        while let Some((block, child)) = stack.last_mut() {
            let block = *block;
            if *child == starts[block.index()] {
                self.spans[block.index()].0 = self.dominator_order.len() as u32;
                self.dominator_order.push(block);
            }
            if *child < starts[block.index() + 1] {
                let to = children[*child as usize];
                *child += 1;
                // A block without children left is numbered once: its counter moved past the start.
                stack.push((to, starts[to.index()]));
            } else {
                self.spans[block.index()].1 = self.dominator_order.len() as u32 - 1;
                stack.pop();
            }
        }
    }

    pub fn is_reachable(&self, b: BlockId) -> bool {
        self.position[b.index()] != NONE
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
        BlockId(self.idom[b.index()])
    }

    /// Whether every path to reachable `b` passes `a`.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let (first, last) = self.spans[a.index()];
        self.is_reachable(a) && (first..=last).contains(&self.spans[b.index()].0)
    }

    /// First and last number of the blocks that `b` dominates, in `dominator_order`.
    pub fn span(&self, b: BlockId) -> (usize, usize) {
        let (first, last) = self.spans[b.index()];
        (first as usize, last as usize)
    }
}
