//! Global value numbering: what was computed on every way to an instruction is not computed again, and what a branch
//! decided stays decided behind it.
//!
//! Needs: `cleanup`. Establishes: no pure instruction is dominated by an equal one; a comparison that a dominating branch
//! implies is a constant. Keeps: control flow (`cleanup` removes the branches that became constant).
//!
//! A walk of the dominator tree with a table of the instructions above; entries go when their subtree ends.

use molt_ir::{BlockId, Function, InstId, IntCond, Op, Type, ValueId};

use super::edit::{Replacements, emit};
use super::facts::{self, Fact};
use super::flow::Flow;
use super::fold::{Outcome, fold, swapped};
use molt_base::hash::FastMap;

/// Op, immediate and operands of a pure instruction; absent operands are [`NO_VALUE`].
type Key = (Op, u64, [ValueId; 3]);
const NO_VALUE: ValueId = ValueId(u32::MAX);

pub fn run(func: &mut Function) {
    let flow = Flow::new(func);
    let walk = Walk {
        to: Replacements::default(),
        func,
        flow: &flow,
        table: FastMap::default(),
        here: FastMap::default(),
        undo: Vec::new(),
        out: Vec::new(),
        facts: Vec::new(),
    };
    walk.run();
}

/// What to take back when a subtree ends.
enum Undo {
    Entry(Key),
    Here(ValueId, Option<ValueId>),
}

struct Walk<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    /// Values that others take the place of everywhere.
    to: Replacements,
    /// Values that others take the place of in the current subtree.
    here: FastMap<ValueId, ValueId>,
    table: FastMap<Key, ValueId>,
    undo: Vec<Undo>,
    /// Instructions of the block at hand, and what is known at its start; kept for their memory.
    out: Vec<InstId>,
    facts: Vec<Fact>,
}

impl Walk<'_> {
    fn run(mut self) {
        // Last block of each open subtree, and how much to take back after it.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (number, &b) in self.flow.dominator_order().iter().enumerate() {
            while let Some(&(last, kept)) = open.last().filter(|o| o.0 < number) {
                self.take_back(kept);
                debug_assert!(last < number);
                open.pop();
            }
            open.push((self.flow.span(b).1, self.undo.len()));
            self.block(b);
        }
        self.to.apply(self.func);
    }

    fn take_back(&mut self, kept: usize) {
        for entry in self.undo.drain(kept..).rev() {
            match entry {
                Undo::Entry(key) => {
                    self.table.remove(&key);
                }
                Undo::Here(v, Some(before)) => {
                    self.here.insert(v, before);
                }
                Undo::Here(v, None) => {
                    self.here.remove(&v);
                }
            }
        }
    }

    fn block(&mut self, b: BlockId) {
        let mut insts = std::mem::take(&mut self.func.blocks[b].insts);
        let mut out = std::mem::take(&mut self.out);
        let mut known = std::mem::take(&mut self.facts);
        facts::at_block(self.func, self.flow, b, &mut known);
        for fact in known.drain(..) {
            self.learn(fact, &mut out);
        }
        self.facts = known;
        for inst in insts.drain(..) {
            self.operands(inst);
            if self.func.insts[inst].op.info().is_terminator() {
                out.push(inst);
                continue;
            }
            let mut results = self.func.results(inst);
            match fold(self.func, inst, &mut out) {
                Outcome::Keep => self.number(inst, &mut out),
                Outcome::Remove => {}
                Outcome::Value(v) => self.to.set(results.next().expect("the op has a result"), v),
                Outcome::Pair(v, w) => {
                    self.to.set(results.next().expect("the op has two results"), v);
                    self.to.set(results.next().expect("the op has two results"), w);
                }
            }
        }
        insts.append(&mut out);
        (self.func.blocks[b].insts, self.out) = (insts, out);
    }

    fn now(&self, v: ValueId) -> ValueId {
        let v = self.to.resolve(v);
        self.here.get(&v).copied().unwrap_or(v)
    }

    fn operands(&mut self, inst: InstId) {
        for i in 0..self.func.args(inst).len() {
            let v = self.now(self.func.args(inst)[i]);
            self.func.args_mut(inst)[i] = v;
        }
        for e in 0..self.func.edges(inst).len() {
            for i in 0..self.func.edge_args(self.func.edges(inst)[e]).len() {
                let v = self.now(self.func.edge_args(self.func.edges(inst)[e])[i]);
                self.func.edge_args_mut(inst, e)[i] = v;
            }
        }
    }

    fn key(&self, inst: InstId) -> Option<Key> {
        let data = self.func.insts[inst];
        let args = self.func.args(inst);
        if !data.op.info().is_pure() || args.len() > 3 {
            return None;
        }
        let mut operands = [NO_VALUE; 3];
        operands[..args.len()].copy_from_slice(args);
        let mut imm = data.imm;
        if args.len() == 2 && operands[1] < operands[0] {
            if data.op == Op::ICmp {
                imm = swapped(IntCond::from_index(imm).expect("verified")) as u64;
                operands.swap(0, 1);
            } else if commutes(data.op) {
                operands.swap(0, 1);
            }
        }
        Some((data.op, imm, operands))
    }

    /// Replaces an instruction by an equal one above, or enters it.
    fn number(&mut self, inst: InstId, out: &mut Vec<InstId>) {
        let Some(key) = self.key(inst) else {
            out.push(inst);
            return;
        };
        match self.table.get(&key) {
            Some(&first) => {
                // Results of one instruction have consecutive numbers.
                for (i, r) in self.func.results(inst).enumerate() {
                    self.to.set(r, ValueId(first.0 + i as u32));
                }
            }
            None => {
                out.push(inst);
                if let Some(first) = self.func.results(inst).next() {
                    self.enter(key, first);
                }
            }
        }
    }

    fn enter(&mut self, key: Key, v: ValueId) {
        if let std::collections::hash_map::Entry::Vacant(place) = self.table.entry(key) {
            place.insert(v);
            self.undo.push(Undo::Entry(key));
        }
    }

    fn replace_here(&mut self, v: ValueId, by: ValueId) {
        let before = self.here.insert(v, by);
        self.undo.push(Undo::Here(v, before));
    }

    /// A constant; an equal one above if there is one.
    fn constant(&mut self, op: Op, imm: u64, ty: Type, out: &mut Vec<InstId>) -> ValueId {
        let key = (op, imm, [NO_VALUE; 3]);
        if let Some(&known) = self.table.get(&key) {
            return known;
        }
        let v = emit(self.func, out, op, &[], imm, ty, molt_ir::LocId::NONE);
        self.enter(key, v);
        v
    }

    fn learn(&mut self, fact: Fact, out: &mut Vec<InstId>) {
        match fact {
            Fact::Bit(v, truth) => {
                let c = self.constant(Op::BConst, u64::from(truth), Type::I1, out);
                self.replace_here(v, c);
            }
            Fact::Is(v, n) => {
                let c = self.constant(Op::IConst, n as u64, Type::I64, out);
                self.replace_here(v, c);
            }
            Fact::Holds(cond, a, b) => {
                let (cond, a, b) = if b < a { (swapped(cond), b, a) } else { (cond, a, b) };
                for &asked in IntCond::ALL {
                    if let Some(truth) = facts::implied(cond, asked) {
                        let c = self.constant(Op::BConst, u64::from(truth), Type::I1, out);
                        self.enter((Op::ICmp, asked as u64, [a, b, NO_VALUE]), c);
                    }
                }
            }
        }
    }
}

fn commutes(op: Op) -> bool {
    use Op::*;
    matches!(
        op,
        IAdd | IMul
            | IAnd
            | IOr
            | IXor
            | SMulHi
            | UMulHi
            | IAddOf
            | IMulOf
            | UAddOf
            | UMulOf
            | BAnd
            | BOr
            | FAdd
            | FMul
    )
}
