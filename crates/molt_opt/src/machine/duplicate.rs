//! Gives some of the edges that lead to a block a copy of the block of their own, and repairs SSA form after it. Jump
//! threading and loop rotation decide which.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, Op, Type, ValueId};

use super::cleanup::remove_trivial_params;
use super::flow::Flow;
use molt_base::hash::FastMap;

/// A copy to be made.
pub struct Copy {
    pub block: BlockId,
    /// Edges that lead to the copy instead: instruction and number of the edge.
    pub edges: Vec<(InstId, usize)>,
    /// The edge that the copy leaves along; as the block does, if there is none.
    pub leaves_along: Option<usize>,
}

/// Makes the copies. Every edge stands in at most one of them.
pub fn run(func: &mut Function, copies: &[Copy]) {
    if copies.is_empty() {
        return;
    }
    let mut at_exit: FastMap<(BlockId, ValueId), ValueId> = FastMap::default();
    let mut homes: Vec<Option<BlockId>> = vec![None; func.values.len()];
    for copy in copies {
        let defined = defined_in(func, copy.block);
        let values = make(func, copy, &defined);
        let to = *func.layout.last().expect("the copy was placed");
        for (&old, new) in defined.iter().zip(values) {
            at_exit.insert((copy.block, old), old);
            at_exit.insert((to, old), new);
            homes[old.index()] = Some(copy.block);
        }
    }
    let flow = Flow::new(func);
    let repair = Repair { func, flow: &flow, homes, at_exit, at_entry: FastMap::default(), pending: Vec::new() };
    repair.run();
    remove_trivial_params(func);
}

/// Parameters and results of a block.
fn defined_in(func: &Function, b: BlockId) -> Vec<ValueId> {
    let results = func.blocks[b].insts.iter().flat_map(|&i| func.results(i));
    func.blocks[b].params.iter().copied().chain(results).collect()
}

/// Copies a block to the end of the layout; the values that stand for `defined` there.
fn make(func: &mut Function, copy: &Copy, defined: &[ValueId]) -> Vec<ValueId> {
    let to = func.new_block();
    func.blocks[to].cold = func.blocks[copy.block].cold;
    let mut values: Vec<ValueId> = Vec::with_capacity(defined.len());
    for p in func.blocks[copy.block].params.clone() {
        let ty = func.ty(p);
        values.push(func.add_param(to, ty));
    }
    // Operands defined in the block come from the copy. Blocks are short, so a search will do.
    let mapped = |values: &[ValueId], v: ValueId| match defined.iter().position(|&d| d == v) {
        Some(i) => values[i],
        None => v,
    };
    for inst in func.blocks[copy.block].insts.clone() {
        let data = func.insts[inst];
        let args: Vec<ValueId> = func.args(inst).iter().map(|&v| mapped(&values, v)).collect();
        let edges: Vec<(BlockId, Vec<ValueId>)> = func
            .edges(inst)
            .iter()
            .map(|&e| (e.block, func.edge_args(e).iter().map(|&v| mapped(&values, v)).collect()))
            .collect();
        let edges: Vec<(BlockId, &[ValueId])> = edges.iter().map(|(b, v)| (*b, v.as_slice())).collect();
        let types: Vec<Type> = func.results(inst).map(|v| func.ty(v)).collect();
        let again = match copy.leaves_along.filter(|_| data.op.info().is_terminator()) {
            Some(way) => func.make_inst(Op::Jump, &[], 0, &edges[way..=way], &[], data.loc),
            None => func.make_inst(data.op, &args, data.imm, &edges, &types, data.loc),
        };
        values.extend(func.results(again));
        func.append(to, again);
    }
    for &(inst, edge) in &copy.edges {
        let passed = func.edge_args(func.edges(inst)[edge]).to_vec();
        func.set_edge(inst, edge, to, &passed);
    }
    values
}

struct Repair<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    /// Block of the first definition of each value that has more than one now.
    homes: Vec<Option<BlockId>>,
    at_exit: FastMap<(BlockId, ValueId), ValueId>,
    at_entry: FastMap<(BlockId, ValueId), ValueId>,
    pending: Vec<(BlockId, ValueId)>,
}

impl Repair<'_> {
    fn run(mut self) {
        for n in 0..self.flow.order.len() {
            let b = self.flow.order[n];
            for i in 0..self.func.blocks[b].insts.len() {
                let inst = self.func.blocks[b].insts[i];
                for a in 0..self.func.args(inst).len() {
                    let v = self.func.args(inst)[a];
                    if let Some(now) = self.reaching(b, v) {
                        self.func.args_mut(inst)[a] = now;
                    }
                }
                for e in 0..self.func.edges(inst).len() {
                    for a in 0..self.func.edge_args(self.func.edges(inst)[e]).len() {
                        let v = self.func.edge_args(self.func.edges(inst)[e])[a];
                        if let Some(now) = self.reaching(b, v) {
                            self.func.edge_args_mut(inst, e)[a] = now;
                        }
                    }
                }
            }
        }
        self.fill();
    }

    /// The definition of a copied value that reaches a use in a block, if it is another one.
    fn reaching(&mut self, b: BlockId, v: ValueId) -> Option<ValueId> {
        let home = self.homes.get(v.index()).copied().flatten()?;
        (home != b).then(|| self.entry_value(b, v))
    }

    fn entry_value(&mut self, block: BlockId, v: ValueId) -> ValueId {
        let mut at = block;
        let mut path = Vec::new();
        let value = loop {
            if let Some(&known) = self.at_entry.get(&(at, v)) {
                break known;
            }
            path.push(at);
            match *self.flow.preds(at) {
                [] => unreachable!("{v} is used where no definition reaches"),
                [(_, _, p)] => match self.at_exit.get(&(p, v)) {
                    Some(&known) => break known,
                    None => at = p,
                },
                _ => {
                    let ty = self.func.ty(v);
                    let param = self.func.add_param(at, ty);
                    self.pending.push((at, v));
                    break param;
                }
            }
        };
        for b in path {
            self.at_entry.insert((b, v), value);
        }
        value
    }

    /// Passes values for the new parameters; that may make more of them.
    fn fill(&mut self) {
        let mut next = 0;
        while let Some(&(b, v)) = self.pending.get(next) {
            next += 1;
            for (inst, edge, p) in self.flow.preds(b).to_vec() {
                let value = match self.at_exit.get(&(p, v)) {
                    Some(&known) => known,
                    None => self.entry_value(p, v),
                };
                self.func.push_edge_arg(inst, edge, value);
            }
        }
    }
}
