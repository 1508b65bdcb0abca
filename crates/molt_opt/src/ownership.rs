//! Inserts reference counts.
//!
//! Needs: no generator bodies, no counts. Establishes: on every path, each owned word is released or moved exactly
//! once ([`crate::certify`] proves it), and every instruction that may raise while owned values are live has an unwind
//! edge. Keeps: SSA form.
//!
//! Who owns what (after Ullrich and de Moura, "Counting Immutable Beans", and Reinking et al., "Perceus"): results and
//! block parameters are owned; parameters of the entry block are borrowed; constants are immortal. An operand of kind
//! `c` is consumed, every other one is borrowed for the time of the instruction. The last use of an owned value moves
//! it when the use consumes, and is followed by a release when it borrows; a consuming use that is not the last takes
//! a reference first.

use std::collections::HashMap;

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, LocId, Op, ValueDef, ValueId};

use crate::liveness::{Liveness, ValueSet};

/// Most values that a block releases on the way out by itself.
const FLAT_CLEANUP: usize = 16;

/// How a word value is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holding {
    /// Not a counted word, or immortal.
    Uncounted,
    /// Kept alive by the caller.
    Borrowed,
    Owned,
}

/// Holding of a value by its definition.
pub fn holding(func: &Function, v: ValueId) -> Holding {
    if !func.ty(v).is_word() {
        return Holding::Uncounted;
    }
    match func.values[v].def {
        ValueDef::Param(b, _) if b == func.entry() => Holding::Borrowed,
        ValueDef::Param(..) => Holding::Owned,
        ValueDef::Result(i, _) if func.insts[i].op.info().result_uncounted() => Holding::Uncounted,
        ValueDef::Result(..) => Holding::Owned,
    }
}

/// Runs the pass on one function.
pub fn run(func: &mut Function) {
    let layout = func.layout.clone();
    let holdings: Vec<Holding> = func.values.ids().map(|v| holding(func, v)).collect();
    let owned = |v: ValueId| holdings.get(v.index()) == Some(&Holding::Owned);
    let live = Liveness::new(func, owned);
    let mut pass = Pass {
        func,
        holdings,
        live,
        cleanups: HashMap::new(),
        chained_cleanups: HashMap::new(),
        edge_blocks: HashMap::new(),
    };
    for b in layout {
        pass.block(b);
    }
}

struct Pass<'a> {
    func: &'a mut Function,
    holdings: Vec<Holding>,
    live: Liveness,
    /// Blocks that release a set of values and leave the function, by that set.
    cleanups: HashMap<Vec<ValueId>, BlockId>,
    /// Blocks that release one value and go on to another such block, by both.
    chained_cleanups: HashMap<(ValueId, BlockId), BlockId>,
    /// Blocks on edges that only release values, by target and set (targets without parameters).
    edge_blocks: HashMap<(BlockId, Vec<ValueId>), BlockId>,
}

impl Pass<'_> {
    fn holding(&self, v: ValueId) -> Holding {
        self.holdings.get(v.index()).copied().unwrap_or(Holding::Uncounted)
    }

    fn is_owned(&self, v: ValueId) -> bool {
        self.holding(v) == Holding::Owned
    }

    fn block(&mut self, b: BlockId) {
        let insts = std::mem::take(&mut self.func.blocks[b].insts);
        let mut live_after: ValueSet = ValueSet::default();
        let mut reversed: Vec<InstId> = Vec::new();
        let mut index = insts.len();
        while index > 0 {
            index -= 1;
            let inst = insts[index];
            if self.func.insts[inst].op.info().is_terminator() {
                self.terminator(inst, &mut live_after, &mut reversed);
            } else {
                self.instruction(b, inst, &mut live_after, &mut reversed);
            }
        }
        // Parameters that nothing uses are released at once.
        if b != self.func.entry() {
            for p in self.func.blocks[b].params.clone() {
                if self.is_owned(p) && !live_after.contains(p) {
                    let dec = self.rc(Op::RcDec, p);
                    reversed.push(dec);
                }
            }
        }
        reversed.reverse();
        self.func.blocks[b].insts = reversed;
    }

    fn rc(&mut self, op: Op, v: ValueId) -> InstId {
        self.func.make_inst(op, &[v], 0, &[], &[], LocId::NONE)
    }

    fn terminator(&mut self, inst: InstId, live: &mut ValueSet, out: &mut Vec<InstId>) {
        let edge_count = self.func.edges(inst).len();
        let mut union = ValueSet::default();
        for e in 0..edge_count {
            let edge = self.func.edges(inst)[e];
            union.union(&self.live.live_in[edge.block.index()]);
            for &v in self.func.edge_args(edge) {
                if self.is_owned(v) {
                    union.insert(v);
                }
            }
        }
        let consumed: Vec<ValueId> = self.consumed_operands(inst);
        *live = union.clone();
        // A consumed operand (ret, throw, suspend, a tail call's) that also lives on, that is not owned, or that this
        // terminator consumes twice, needs a reference.
        let mut incs = Vec::new();
        for &v in &consumed {
            match self.holding(v) {
                Holding::Uncounted => {}
                Holding::Borrowed => incs.push(v),
                Holding::Owned if live.contains(v) => incs.push(v),
                Holding::Owned => {
                    live.insert(v);
                }
            }
        }
        let mut releases = Vec::new();
        for i in 0..self.func.args(inst).len() {
            let v = self.func.args(inst)[i];
            if self.is_owned(v) && !consumed.contains(&v) && !live.contains(v) {
                // A borrowed operand of a terminator dies with it; released on every edge.
                live.insert(v);
                union.insert(v);
                releases.push(v);
            }
        }
        debug_assert!(releases.is_empty() || edge_count > 0, "a terminator without edges borrows nothing owned");
        for e in 0..edge_count {
            self.edge(inst, e, &union);
        }
        out.push(inst);
        for v in incs {
            let inc = self.rc(Op::RcInc, v);
            out.push(inc);
        }
    }

    fn consumed_operands(&self, inst: InstId) -> Vec<ValueId> {
        let info = self.func.insts[inst].op.info();
        self.func
            .args(inst)
            .iter()
            .enumerate()
            .filter(|&(i, &v)| info.consumes(i) && self.func.ty(v).is_word())
            .map(|(_, &v)| v)
            .collect()
    }

    /// Puts on an edge what it needs: references for values passed and still live, releases for values that die on it.
    fn edge(&mut self, inst: InstId, e: usize, live_at_end: &ValueSet) {
        let edge = self.func.edges(inst)[e];
        let values = self.func.edge_args(edge).to_vec();
        let live_in = &self.live.live_in[edge.block.index()];
        let mut incs = Vec::new();
        let mut moved: Vec<ValueId> = Vec::new();
        for &v in &values {
            match self.holding(v) {
                Holding::Uncounted => {}
                Holding::Borrowed => incs.push(v),
                Holding::Owned if live_in.contains(v) || moved.contains(&v) => incs.push(v),
                Holding::Owned => moved.push(v),
            }
        }
        let decs: Vec<ValueId> = live_at_end.iter().filter(|&v| !live_in.contains(v) && !moved.contains(&v)).collect();
        if incs.is_empty() && decs.is_empty() {
            return;
        }
        let key = (edge.block, decs.clone());
        if incs.is_empty()
            && values.is_empty()
            && let Some(&shared) = self.edge_blocks.get(&key)
        {
            self.func.set_edge(inst, e, shared, &[]);
            return;
        }
        let middle = self.func.new_block();
        self.func.blocks[middle].cold = self.func.blocks[edge.block].cold;
        for v in incs {
            let i = self.rc(Op::RcInc, v);
            self.func.append(middle, i);
        }
        for v in decs {
            let i = self.rc(Op::RcDec, v);
            self.func.append(middle, i);
        }
        let jump = self.func.make_inst(Op::Jump, &[], 0, &[(edge.block, &values)], &[], LocId::NONE);
        self.func.append(middle, jump);
        self.func.set_edge(inst, e, middle, &[]);
        if values.is_empty() {
            self.edge_blocks.insert(key, middle);
        }
    }

    fn instruction(&mut self, b: BlockId, inst: InstId, live: &mut ValueSet, out: &mut Vec<InstId>) {
        // `out` is in reverse: what is pushed first comes after the instruction.
        let unused: Vec<ValueId> = self.func.results(inst).filter(|&r| self.is_owned(r) && !live.contains(r)).collect();
        for r in self.func.results(inst) {
            live.remove(r);
        }
        // Values that only the unwind path needs end on the normal path right after the instruction.
        let unwind_only: Vec<ValueId> = self.live_on_unwind(inst).iter().filter(|&v| !live.contains(v)).collect();
        let consumed = self.consumed_operands(inst);
        let mut moved: Vec<ValueId> = Vec::new();
        let mut incs: Vec<ValueId> = Vec::new();
        for &v in &consumed {
            match self.holding(v) {
                Holding::Uncounted => {}
                Holding::Borrowed => incs.push(v),
                Holding::Owned if live.contains(v) || unwind_only.contains(&v) || moved.contains(&v) => incs.push(v),
                Holding::Owned => moved.push(v),
            }
        }
        let mut dying: Vec<ValueId> = unwind_only;
        for i in 0..self.func.args(inst).len() {
            let v = self.func.args(inst)[i];
            let borrowed = self.is_owned(v) && !consumed.contains(&v);
            if borrowed && !live.contains(v) && !dying.contains(&v) {
                dying.push(v);
            }
        }
        // A value that is both moved and borrowed by the same instruction must outlive it.
        let also_borrowed: Vec<ValueId> = moved
            .iter()
            .copied()
            .filter(|&v| {
                let info = self.func.insts[inst].op.info();
                self.func.args(inst).iter().enumerate().any(|(i, &a)| a == v && !info.consumes(i))
            })
            .collect();
        for v in also_borrowed {
            incs.push(v);
            moved.retain(|&m| m != v);
            dying.push(v);
        }

        if self.func.insts[inst].op.info().may_raise() {
            let mut at_raise = live.clone();
            for &v in &dying {
                at_raise.insert(v);
            }
            if self.func.edges(inst).is_empty() {
                if !at_raise.is_empty() {
                    self.propagate_edge(b, inst, &at_raise, &unused, &dying, live, out);
                    self.finish_operands(live, &moved, &dying, incs, out);
                    return;
                }
            } else {
                let mut end = at_raise.clone();
                let edge = self.func.edges(inst)[0];
                for &v in self.func.edge_args(edge) {
                    if self.is_owned(v) {
                        end.insert(v);
                    }
                }
                self.edge(inst, 0, &end);
                // What is released after the instruction goes into a block between it and its jump's target.
                self.release_after_unwind(inst, &unused, &dying, out);
                self.finish_operands(live, &moved, &dying, incs, out);
                return;
            }
        }
        for &v in unused.iter().chain(&dying) {
            let dec = self.rc(Op::RcDec, v);
            out.push(dec);
        }
        out.push(inst);
        self.finish_operands(live, &moved, &dying, incs, out);
    }

    fn live_on_unwind(&self, inst: InstId) -> ValueSet {
        let Some(&edge) = self.func.edges(inst).first() else { return ValueSet::default() };
        let mut set = self.live.live_in[edge.block.index()].clone();
        for &v in self.func.edge_args(edge) {
            if self.is_owned(v) {
                set.insert(v);
            }
        }
        set
    }

    fn finish_operands(
        &mut self,
        live: &mut ValueSet,
        moved: &[ValueId],
        dying: &[ValueId],
        incs: Vec<ValueId>,
        out: &mut Vec<InstId>,
    ) {
        for &v in moved.iter().chain(dying) {
            live.insert(v);
        }
        for v in incs {
            let inc = self.rc(Op::RcInc, v);
            out.push(inc);
        }
    }

    /// `out` ends (in reverse: starts) with the jump that follows `inst`.
    fn release_after_unwind(&mut self, inst: InstId, unused: &[ValueId], dying: &[ValueId], out: &mut Vec<InstId>) {
        if !unused.is_empty() || !dying.is_empty() {
            let jump = out.pop().expect("an instruction with an unwind edge is followed by its jump");
            let pending = std::mem::take(out);
            let next = self.func.new_block();
            let mut list: Vec<InstId> = Vec::new();
            for &v in unused.iter().chain(dying) {
                list.push(self.rc(Op::RcDec, v));
            }
            // References taken for the jump's values come after the releases in program order.
            list.extend(pending.into_iter().rev());
            list.push(jump);
            self.func.blocks[next].insts = list;
            let go = self.func.make_inst(Op::Jump, &[], 0, &[(next, &[])], &[], LocId::NONE);
            out.push(go);
        }
        out.push(inst);
    }

    /// Gives a raising instruction without handler an edge to a block that releases and propagates; the rest of the
    /// block moves to a new one.
    #[expect(clippy::too_many_arguments, reason = "the state of one backward step")]
    fn propagate_edge(
        &mut self,
        b: BlockId,
        inst: InstId,
        at_raise: &ValueSet,
        unused: &[ValueId],
        dying: &[ValueId],
        _live: &ValueSet,
        out: &mut Vec<InstId>,
    ) {
        let cleanup = self.cleanup(at_raise);
        let rest: Vec<InstId> = std::mem::take(out).into_iter().rev().collect();
        let next = self.func.new_block();
        self.func.blocks[next].cold = self.func.blocks[b].cold;
        let mut list: Vec<InstId> = Vec::new();
        for &v in unused.iter().chain(dying) {
            list.push(self.rc(Op::RcDec, v));
        }
        list.extend(rest);
        self.func.blocks[next].insts = list;
        let with_edge = self.with_unwind(inst, cleanup);
        let jump = self.func.make_inst(Op::Jump, &[], 0, &[(next, &[])], &[], LocId::NONE);
        out.push(jump);
        out.push(with_edge);
    }

    /// The instruction with an unwind edge added in place (same id, same results).
    fn with_unwind(&mut self, inst: InstId, target: BlockId) -> InstId {
        self.func.add_edge(inst, target, &[]);
        inst
    }

    /// Block that releases a set of values and leaves the function. Small sets are released in the order of their
    /// definitions; what a large set has beyond is released before, newest first, by a chain of blocks that sets share,
    /// so that a long expression costs one block a value and not one release for each pair of values.
    fn cleanup(&mut self, set: &ValueSet) -> BlockId {
        let mut values = set.iter();
        let key: Vec<ValueId> = values.by_ref().take(FLAT_CLEANUP).collect();
        let mut block = self.flat_cleanup(key);
        for v in values {
            block = self.chained_cleanup(v, block);
        }
        block
    }

    fn flat_cleanup(&mut self, key: Vec<ValueId>) -> BlockId {
        if let Some(&b) = self.cleanups.get(&key) {
            return b;
        }
        let end = self.func.make_inst(Op::Propagate, &[], 0, &[], &[], LocId::NONE);
        let block = self.releasing_block(&key, end);
        self.cleanups.insert(key, block);
        block
    }

    fn chained_cleanup(&mut self, v: ValueId, rest: BlockId) -> BlockId {
        if let Some(&b) = self.chained_cleanups.get(&(v, rest)) {
            return b;
        }
        let end = self.func.make_inst(Op::Jump, &[], 0, &[(rest, &[])], &[], LocId::NONE);
        let block = self.releasing_block(&[v], end);
        self.chained_cleanups.insert((v, rest), block);
        block
    }

    fn releasing_block(&mut self, values: &[ValueId], end: InstId) -> BlockId {
        let block = self.func.new_block();
        self.func.blocks[block].cold = true;
        for &v in values {
            let dec = self.rc(Op::RcDec, v);
            self.func.append(block, dec);
        }
        self.func.append(block, end);
        block
    }
}
