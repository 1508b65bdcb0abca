//! Natural loops and how they nest.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId};

use super::flow::Flow;

/// A loop of a [`Loops`].
pub type LoopId = u32;
const NONE: u32 = u32::MAX;

pub struct Loop {
    /// The one block through which the loop is entered.
    pub header: BlockId,
    parent: LoopId,
}

/// The loops of a function: sets of blocks that a back edge closes.
pub struct Loops {
    /// Inner loops stand before outer ones.
    pub all: Vec<Loop>,
    innermost: Vec<LoopId>,
}

impl Loops {
    pub fn new(func: &Function, flow: &Flow) -> Loops {
        let mut loops = Loops { all: Vec::new(), innermost: vec![NONE; func.blocks.len()] };
        for &header in flow.order.iter().rev() {
            let latches = flow.preds(header).iter().map(|p| p.2).filter(|&p| flow.dominates(header, p));
            let work: Vec<BlockId> = latches.collect();
            if !work.is_empty() {
                loops.collect(flow, header, work);
            }
        }
        loops
    }

    /// Walks from the latches back to the header.
    fn collect(&mut self, flow: &Flow, header: BlockId, mut work: Vec<BlockId>) {
        let this = self.all.len() as LoopId;
        self.all.push(Loop { header, parent: NONE });
        while let Some(b) = work.pop() {
            let known = self.innermost[b.index()];
            if known == NONE {
                self.innermost[b.index()] = this;
                if b != header {
                    work.extend(flow.preds(b).iter().map(|p| p.2));
                }
                continue;
            }
            let outermost = self.outermost(known);
            if outermost != this {
                self.all[outermost as usize].parent = this;
                work.extend(flow.preds(self.all[outermost as usize].header).iter().map(|p| p.2));
            }
        }
        self.innermost[header.index()] = this;
    }

    fn outermost(&self, mut l: LoopId) -> LoopId {
        while self.all[l as usize].parent != NONE {
            l = self.all[l as usize].parent;
        }
        l
    }

    /// The smallest loop around a block.
    pub fn innermost(&self, b: BlockId) -> Option<LoopId> {
        Some(self.innermost[b.index()]).filter(|&l| l != NONE)
    }

    /// The loop around a loop.
    pub fn parent(&self, l: LoopId) -> Option<LoopId> {
        Some(self.all[l as usize].parent).filter(|&p| p != NONE)
    }

    pub fn contains(&self, l: LoopId, b: BlockId) -> bool {
        let mut at = self.innermost(b);
        while let Some(inner) = at {
            if inner == l {
                return true;
            }
            at = self.parent(inner);
        }
        false
    }

    /// Whether the loop's test stands at its top: the header may leave the loop, and what leads back to it always does,
    /// but for failures.
    pub fn tests_first(&self, func: &Function, flow: &Flow, l: LoopId) -> bool {
        let header = self.all[l as usize].header;
        let leaves = func.successors(header).any(|(_, _, to)| !self.contains(l, to) && !func.blocks[to].cold);
        let stays = func.successors(header).any(|(_, _, to)| self.contains(l, to));
        let mut latches = flow.preds(header).iter().filter(|p| flow.dominates(header, p.2));
        let returns = |inst: InstId, p: BlockId| {
            p != header && func.edges(inst).iter().all(|e| self.contains(l, e.block) || func.blocks[e.block].cold)
        };
        leaves && stays && latches.all(|&(inst, _, p)| returns(inst, p))
    }
}
