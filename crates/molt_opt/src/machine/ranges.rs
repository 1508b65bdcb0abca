//! Range analysis: which integers a value can be, from constants, widths and the branches above.
//!
//! Needs: `cleanup`; more is found after `rotate` and `gvn`. Establishes: checks of overflow, of narrow ranges and of
//! bounds that cannot fail are constants (`cleanup` removes their branches); extensions of what is narrow are gone. Keeps:
//! control flow.
//!
//! A walk of the dominator tree, in which facts of branches hold in their subtree, is repeated until the parameters of
//! loops do not grow any more (Cousot and Cousot's widening); a last walk changes the code.

use molt_base::EntityId;
use molt_ir::{BlockId, Function, InstId, IntCond, Op, Type, ValueDef, ValueId};

use super::edit::{Replacements, constant, definition, emit};
use super::facts::{self, Fact};
use super::flow::Flow;

mod interval;

use interval::{Interval, binary, decide, exact, where_holds};

/// Rounds after which a function is left as it is.
const ROUNDS: usize = 24;
/// How far a fact about a sum goes back to its operand.
const DEPTH: u32 = 3;

pub fn run(func: &mut Function) {
    let flow = Flow::new(func);
    let mut analysis = Analysis {
        values: vec![Interval::FULL; func.values.len()],
        params: vec![None; func.values.len()],
        fresh: vec![None; func.values.len()],
        reached: vec![false; func.blocks.len()],
        entered: vec![false; func.blocks.len()],
        enters_more: false,
        undo: Vec::new(),
        facts: Vec::new(),
        flow: &flow,
        func,
    };
    if !analysis.solve() {
        return;
    }
    let mut changes = Changes { to: Replacements::default(), out: Vec::new() };
    analysis.walk(Some(&mut changes));
    changes.to.apply(analysis.func);
}

/// What the last walk does to the code.
struct Changes {
    to: Replacements,
    out: Vec<InstId>,
}

struct Analysis<'a> {
    func: &'a mut Function,
    flow: &'a Flow,
    /// Each value at the place the walk is at.
    values: Vec<Interval>,
    /// Parameters of loop headers, from the rounds before; none yet if nothing arrived.
    params: Vec<Option<Interval>>,
    /// What arrived at parameters in this round.
    fresh: Vec<Option<Interval>>,
    reached: Vec<bool>,
    /// Blocks that an edge from a later block leads to, of this round or one before. A loop with two entries may be entered
    /// in this way only, after the walk has passed its header.
    entered: Vec<bool>,
    enters_more: bool,
    undo: Vec<(ValueId, Interval)>,
    facts: Vec<Fact>,
}

impl Analysis<'_> {
    /// Walks until nothing grows; whether that came to an end.
    fn solve(&mut self) -> bool {
        let headers: Vec<BlockId> = self.flow.order.iter().copied().filter(|&b| self.is_header(b)).collect();
        for round in 0..ROUNDS {
            self.walk(None);
            let mut grew = std::mem::take(&mut self.enters_more);
            for &p in headers.iter().flat_map(|&b| &self.func.blocks[b].params) {
                let Some(fresh) = self.fresh[p.index()] else { continue };
                let old = &mut self.params[p.index()];
                match old {
                    Some(known) if known.contains(fresh) => {}
                    Some(known) => {
                        grew = true;
                        *known = if round < 2 { known.join(fresh) } else { known.widened(known.join(fresh)) };
                    }
                    None => {
                        grew = true;
                        *old = Some(fresh);
                    }
                }
            }
            if !grew {
                return true;
            }
        }
        false
    }

    fn is_header(&self, b: BlockId) -> bool {
        self.flow.preds(b).iter().any(|p| self.flow.position(p.2) >= self.flow.position(b))
    }

    fn walk(&mut self, mut changes: Option<&mut Changes>) {
        self.fresh.fill(None);
        self.reached.copy_from_slice(&self.entered);
        self.reached[self.func.entry().index()] = true;
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (number, &b) in self.flow.dominator_order().iter().enumerate() {
            while let Some(&(_, kept)) = open.last().filter(|o| o.0 < number) {
                self.take_back(kept);
                open.pop();
            }
            open.push((self.flow.span(b).1, self.undo.len()));
            if self.reached[b.index()] {
                self.block(b, changes.as_deref_mut());
            }
        }
        self.take_back(0);
    }

    fn take_back(&mut self, kept: usize) {
        for (v, before) in self.undo.drain(kept..).rev() {
            self.values[v.index()] = before;
        }
    }

    fn get(&self, v: ValueId) -> Interval {
        // What the last walk makes has no entry.
        self.values.get(v.index()).copied().unwrap_or(Interval::FULL)
    }

    fn refine(&mut self, v: ValueId, r: Interval, depth: u32) -> bool {
        let before = self.get(v);
        let Some(now) = before.meet(r) else { return false };
        if now == before || v.index() >= self.values.len() {
            return true;
        }
        self.undo.push((v, before));
        self.values[v.index()] = now;
        // A sum with a constant says where its operand is.
        let Some(inst) = definition(self.func, v).filter(|&i| depth > 0 && self.func.insts[i].op == Op::IAdd) else {
            return true;
        };
        let [x, c] = [self.func.args(inst)[0], self.func.args(inst)[1]];
        let Some(c) = constant(self.func, c).map(i128::from) else { return true };
        let from_signed = Interval::of_wide(i128::from(now.smin) - c, i128::from(now.smax) - c);
        let from_unsigned = Interval::of_wide(i128::from(now.umin) - c, i128::from(now.umax) - c);
        self.refine(x, from_signed, depth - 1) && self.refine(x, from_unsigned, depth - 1)
    }

    /// Applies a fact; false if it cannot be.
    fn learn(&mut self, fact: Fact) -> bool {
        match fact {
            Fact::Is(v, n) => self.refine(v, Interval::of(n), DEPTH),
            Fact::Holds(cond, a, b) => {
                if self.func.ty(a) != Type::I64 {
                    return true;
                }
                let (ra, rb) = (self.get(a), self.get(b));
                let (Some(na), Some(nb)) = (where_holds(cond, ra, rb), where_holds(super::fold::swapped(cond), rb, ra))
                else {
                    return false;
                };
                self.refine(a, na, DEPTH) && self.refine(b, nb, DEPTH)
            }
            Fact::Bit(v, false) => self.no_overflow(v),
            Fact::Bit(..) => true,
        }
    }

    /// An overflow bit that is clear: the result is the exact one.
    fn no_overflow(&mut self, v: ValueId) -> bool {
        let ValueDef::Result(inst, 1) = self.func.values[v].def else { return true };
        let op = self.func.insts[inst].op;
        let [a, b] = [self.func.args(inst)[0], self.func.args(inst)[1]];
        let [signed, unsigned] = exact(op, self.get(a), self.get(b));
        let (low, high) = if is_unsigned(op) {
            (unsigned.0.max(0), unsigned.1.min(i128::from(u64::MAX)))
        } else {
            (signed.0.max(i128::from(i64::MIN)), signed.1.min(i128::from(i64::MAX)))
        };
        if low > high {
            return false;
        }
        let result = self.func.results(inst).next().expect("the op has two results");
        self.refine(result, Interval::of_wide(low, high), DEPTH)
    }

    fn block(&mut self, b: BlockId, changes: Option<&mut Changes>) {
        let header = self.is_header(b);
        if b != self.func.entry() {
            for i in 0..self.func.blocks[b].params.len() {
                let p = self.func.blocks[b].params[i];
                let arrived = match (self.fresh[p.index()], self.params[p.index()]) {
                    (Some(now), Some(before)) if header => Some(now.join(before)),
                    (None, before) if header => before,
                    (now, _) => now,
                };
                self.values[p.index()] = arrived.unwrap_or(Interval::FULL);
            }
        }
        let mut known = std::mem::take(&mut self.facts);
        known.clear();
        facts::at_block(self.func, self.flow, b, &mut known);
        let possible = known.iter().all(|&f| self.learn(f));
        self.facts = known;
        if !possible {
            return;
        }
        if let Some(changes) = changes {
            self.change(b, changes);
        } else {
            for i in 0..self.func.blocks[b].insts.len() {
                let inst = self.func.blocks[b].insts[i];
                self.visit(inst);
            }
        }
        self.leave(b);
    }

    /// Passes the values of edge arguments on.
    fn leave(&mut self, b: BlockId) {
        let Some(t) = self.func.terminator(b) else { return };
        for e in 0..self.func.edges(t).len() {
            let edge = self.func.edges(t)[e];
            let kept = self.undo.len();
            let mut known = std::mem::take(&mut self.facts);
            known.clear();
            facts::on_edge(self.func, t, e, &mut known);
            let possible = known.iter().all(|&f| self.learn(f));
            self.facts = known;
            if possible {
                let to = edge.block.index();
                self.reached[to] = true;
                if self.flow.position(edge.block) <= self.flow.position(b) {
                    self.enters_more |= !std::mem::replace(&mut self.entered[to], true);
                }
                for (i, &v) in self.func.edge_args(edge).iter().enumerate() {
                    let p = self.func.blocks[edge.block].params[i];
                    let r = self.get(v);
                    let fresh = &mut self.fresh[p.index()];
                    *fresh = Some(fresh.map_or(r, |known| known.join(r)));
                }
            }
            self.take_back(kept);
        }
    }

    /// Computes the results of an instruction.
    fn visit(&mut self, inst: InstId) {
        let Some(first) = self.func.results(inst).next() else { return };
        if self.func.ty(first) == Type::I64 {
            self.values[first.index()] = self.result(inst);
        }
    }

    fn result(&self, inst: InstId) -> Interval {
        let data = self.func.insts[inst];
        let args = self.func.args(inst);
        let arg = |i: usize| self.get(args[i]);
        match data.op {
            Op::IConst => Interval::of(data.imm as i64),
            Op::Load32 => Interval::unsigned(0, u64::from(u32::MAX)),
            Op::Load16 => Interval::unsigned(0, u64::from(u16::MAX)),
            Op::Load8 => Interval::unsigned(0, u64::from(u8::MAX)),
            Op::LoadS32 => Interval::signed(i64::from(i32::MIN), i64::from(i32::MAX)),
            Op::LoadS16 => Interval::signed(i64::from(i16::MIN), i64::from(i16::MAX)),
            Op::LoadS8 => Interval::signed(i64::from(i8::MIN), i64::from(i8::MAX)),
            Op::BToI => Interval::unsigned(0, 1),
            Op::Clz | Op::Ctz | Op::PopCnt => Interval::unsigned(0, 64),
            Op::MemCmp => Interval::signed(-1, 1),
            Op::SelectI => arg(1).join(arg(2)),
            Op::SShr => match self.sign_extended(inst) {
                Some((x, bits)) if fits_signed(self.get(x), bits) => self.get(x),
                _ => binary(data.op, arg(0), arg(1)),
            },
            _ if args.len() == 2 && self.func.ty(args[0]) == Type::I64 && self.func.ty(args[1]) == Type::I64 => {
                binary(data.op, arg(0), arg(1))
            }
            _ => Interval::FULL,
        }
    }

    /// Value and width of `(x << k) >> k`.
    fn sign_extended(&self, inst: InstId) -> Option<(ValueId, u32)> {
        let args = self.func.args(inst);
        let shl = definition(self.func, args[0]).filter(|&i| self.func.insts[i].op == Op::IShl)?;
        let (right, left) = (constant(self.func, args[1])?, constant(self.func, self.func.args(shl)[1])?);
        (left & 63 == right & 63).then(|| (self.func.args(shl)[0], 64 - (left & 63) as u32))
    }

    /// The last walk's work on a block.
    fn change(&mut self, b: BlockId, changes: &mut Changes) {
        let insts = std::mem::take(&mut self.func.blocks[b].insts);
        changes.out.clear();
        for inst in insts {
            changes.to.apply_to(self.func, inst);
            self.visit(inst);
            if !self.decided(inst, changes) {
                changes.out.push(inst);
            }
        }
        self.func.blocks[b].insts.clone_from(&changes.out);
    }

    /// Replaces an instruction whose result is known.
    fn decided(&mut self, inst: InstId, changes: &mut Changes) -> bool {
        let data = self.func.insts[inst];
        let args: Vec<ValueId> = self.func.args(inst).to_vec();
        let loc = data.loc;
        let mut results = self.func.results(inst);
        match data.op {
            Op::ICmp => {
                let cond = IntCond::from_index(data.imm).expect("verified");
                let Some(truth) = decide(cond, self.get(args[0]), self.get(args[1])) else { return false };
                let c = emit(self.func, &mut changes.out, Op::BConst, &[], u64::from(truth), Type::I1, loc);
                changes.to.set(results.next().expect("a comparison has a result"), c);
                true
            }
            Op::IAddOf | Op::ISubOf | Op::IMulOf | Op::UAddOf | Op::USubOf | Op::UMulOf => {
                let [signed, unsigned] = exact(data.op, self.get(args[0]), self.get(args[1]));
                let inside = if is_unsigned(data.op) {
                    unsigned.0 >= 0 && unsigned.1 <= i128::from(u64::MAX)
                } else {
                    signed.0 >= i128::from(i64::MIN) && signed.1 <= i128::from(i64::MAX)
                };
                if !inside {
                    return false;
                }
                let (first, second) = (results.next(), results.next());
                let (first, second) = (first.expect("two results"), second.expect("two results"));
                let value = emit(self.func, &mut changes.out, plain(data.op), &args, 0, Type::I64, loc);
                let never = emit(self.func, &mut changes.out, Op::BConst, &[], 0, Type::I1, loc);
                self.values.resize(self.func.values.len(), Interval::FULL);
                self.values[value.index()] = self.get(first);
                changes.to.set(first, value);
                changes.to.set(second, never);
                true
            }
            Op::IAnd => match constant(self.func, args[1]) {
                Some(mask)
                    if (mask as u64).wrapping_add(1).is_power_of_two() && self.get(args[0]).umax <= mask as u64 =>
                {
                    changes.to.set(results.next().expect("a value"), args[0]);
                    true
                }
                _ => false,
            },
            Op::SShr => match self.sign_extended(inst) {
                Some((x, bits)) if fits_signed(self.get(x), bits) => {
                    changes.to.set(results.next().expect("a value"), x);
                    true
                }
                _ => false,
            },
            Op::UIntToF if self.get(args[0]).smin >= 0 => {
                self.func.rewrite(inst, Op::IntToF, &args, 0);
                false
            }
            // Of numbers that are not negative these are the same; powers of two become shifts and masks.
            Op::SDiv | Op::SRem if self.get(args[0]).smin >= 0 && self.get(args[1]).smin > 0 => {
                let op = if data.op == Op::SDiv { Op::UDiv } else { Op::URem };
                self.func.rewrite(inst, op, &args, 0);
                false
            }
            _ => false,
        }
    }
}

fn is_unsigned(op: Op) -> bool {
    matches!(op, Op::UAddOf | Op::USubOf | Op::UMulOf)
}

/// The op without an overflow bit.
fn plain(op: Op) -> Op {
    match op {
        Op::IAddOf | Op::UAddOf => Op::IAdd,
        Op::ISubOf | Op::USubOf => Op::ISub,
        _ => Op::IMul,
    }
}

fn fits_signed(r: Interval, bits: u32) -> bool {
    let most = i64::MAX >> (64 - bits);
    r.smin >= -most - 1 && r.smax <= most
}
