//! Arithmetic on values that are probably floats, though nothing proves it: attributes, items, parameters.
//!
//! [`Likely`] guesses from what a value is computed with: constants, true division and boxed doubles make floats, and
//! the guess spreads over arithmetic and over the edges of loops. A guess is never trusted: each operation tests its
//! operands, floats first, and everything else goes the way of [`Lower::binary`].
//!
//! A result that is used only further down the same straight line of blocks is kept in two parts, a [`Pair`]: the word,
//! and the double. Where the word is [`MARK`] the double is the value, and no word has been made of it; any other word
//! is the value itself and the double means nothing. So a chain of operations stays in registers and boxes only what
//! leaves it. `MARK` is no counted object: the reference counts of a pair are those of its word.

use molt_abi::{RtFn, Word};
use molt_base::EntityId;
use molt_ir::{
    BinaryOp, BlockId, CompareOp, Const, ConstId, FloatCond, Function, InstId, IntCond, Op, Program, Type, ValueDef,
    ValueId,
};

use super::{Family, Lower};
use crate::facts::Facts;

/// Word of a pair whose double is the value.
const MARK: Word = Word::UNBOUND;

/// A value in two parts; `known` says that the word is `MARK` for sure.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    word: ValueId,
    double: ValueId,
    known: bool,
}

/// An operand of float arithmetic.
#[derive(Clone, Copy)]
enum Operand {
    Double(ValueId),
    Pair(Pair),
    Word(ValueId),
}

/// What was found out about one function before it is lowered.
#[derive(Default)]
pub(super) struct Likely {
    /// By value: probably a float.
    float: Vec<bool>,
    /// By value: may be kept as a pair.
    pair: Vec<bool>,
    /// Calls of `math.sqrt`.
    roots: Vec<InstId>,
}

fn arithmetic(f: &Function, inst: InstId) -> Option<BinaryOp> {
    let claude = f.insts[inst].op == Op::ClBinary;
    if !claude && !matches!(f.insts[inst].op, Op::PyBinary | Op::PyInplace) {
        return None;
    }
    // ClaudeLang's quotient of integers may be an integer.
    let op = BinaryOp::from_index(f.insts[inst].imm).filter(|&op| !claude || op != BinaryOp::TrueDiv)?;
    matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::TrueDiv).then_some(op)
}

fn may_be_number(ty: Type) -> bool {
    matches!(ty, Type::Any | Type::Float | Type::Int)
}

/// Whether an op is a call of `math.sqrt`.
fn is_sqrt(program: &Program, facts: &Facts, f: &Function, inst: InstId) -> bool {
    f.insts[inst].op == Op::PyCallMethod
        && f.args(inst).len() == 2
        && facts.native_call(program, f, inst) == Some(("math", "sqrt"))
}

impl Likely {
    pub fn new(program: &Program, facts: &Facts, f: &Function) -> Likely {
        if program.compact {
            let none = vec![false; f.values.len()];
            return Likely { float: none.clone(), pair: none, roots: Vec::new() };
        }
        let roots: Vec<InstId> = f
            .layout
            .iter()
            .flat_map(|&b| &f.blocks[b].insts)
            .copied()
            .filter(|&i| is_sqrt(program, facts, f, i))
            .collect();
        let float = likely_floats(program, f, &roots);
        let pair = pairs(f, &float, &roots);
        Likely { float, pair, roots }
    }
}

/// Sets of values that take part in the same computation.
struct Groups(Vec<u32>);

impl Groups {
    fn root(&mut self, v: ValueId) -> u32 {
        let mut i = v.index() as u32;
        while self.0[i as usize] != i {
            self.0[i as usize] = self.0[self.0[i as usize] as usize];
            i = self.0[i as usize];
        }
        i
    }

    fn join(&mut self, a: ValueId, b: ValueId) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a as usize] = b;
    }
}

fn likely_floats(program: &Program, f: &Function, roots: &[InstId]) -> Vec<bool> {
    let mut groups = Groups((0..f.values.len() as u32).collect());
    let mut floats: Vec<ValueId> = roots.iter().flat_map(|&i| [f.result(i), f.args(i)[1]]).collect();
    let open = |v: ValueId| matches!(f.ty(v), Type::Any | Type::Float);
    for &b in &f.layout {
        for &i in &f.blocks[b].insts {
            if let Some(op) = arithmetic(f, i) {
                let result = f.result(i);
                for &a in f.args(i) {
                    if open(a) {
                        groups.join(result, a);
                    }
                }
                if op == BinaryOp::TrueDiv {
                    floats.push(result);
                }
            }
            match f.insts[i].op {
                Op::FloatBox => floats.push(f.result(i)),
                Op::Share => groups.join(f.result(i), f.args(i)[0]),
                Op::Const if matches!(program.consts[ConstId(f.insts[i].imm as u32)], Const::Float(_)) => {
                    floats.push(f.result(i));
                }
                _ => {}
            }
            for &e in f.edges(i) {
                for (&a, &p) in f.edge_args(e).iter().zip(&f.blocks[e.block].params) {
                    if open(a) && open(p) {
                        groups.join(a, p);
                    }
                }
            }
        }
    }
    let mut seeded = vec![false; f.values.len()];
    for v in floats {
        seeded[groups.root(v) as usize] = true;
    }
    f.values.ids().map(|v| may_be_number(f.ty(v)) && seeded[groups.root(v) as usize]).collect()
}

/// Straight lines: the first block of each block's chain of only predecessors that end in a jump.
fn lines(f: &Function) -> Vec<BlockId> {
    let preds = molt_ir::cfg::predecessors(f);
    let mut line: Vec<BlockId> = f.blocks.ids().collect();
    for b in molt_ir::cfg::reverse_postorder(f) {
        if let [(inst, _, from)] = preds[b.index()][..]
            && f.insts[inst].op == Op::Jump
        {
            line[b.index()] = line[from.index()];
        }
    }
    line
}

fn pairs(f: &Function, float: &[bool], roots: &[InstId]) -> Vec<bool> {
    let line = lines(f);
    let mut place: Vec<Option<BlockId>> = vec![None; f.values.len()];
    for &b in &f.layout {
        for &i in &f.blocks[b].insts {
            let makes = arithmetic(f, i).is_some() || f.insts[i].op == Op::FloatBox || roots.contains(&i);
            if makes && float[f.result(i).index()] {
                place[f.result(i).index()] = Some(line[b.index()]);
            }
        }
    }
    // Kept in two parts only if some use wants the double.
    let mut wanted = vec![false; f.values.len()];
    for &b in &f.layout {
        for &i in &f.blocks[b].insts {
            let op = f.insts[i].op;
            let wants =
                arithmetic(f, i).is_some() || matches!(op, Op::PyCompare | Op::PyCompareTruth) || roots.contains(&i);
            for &a in f.args(i) {
                wanted[a.index()] |= wants;
                if place[a.index()] != Some(line[b.index()]) && op != Op::RcDec || !wants && !tolerates(op) {
                    place[a.index()] = None;
                }
            }
            for &e in f.edges(i) {
                for &a in f.edge_args(e) {
                    place[a.index()] = None;
                }
            }
        }
    }
    f.values.ids().map(|v| place[v.index()].is_some() && wanted[v.index()]).collect()
}

/// Ops that borrow their words for as long as they run, so that a word made for the occasion will do.
fn tolerates(op: Op) -> bool {
    matches!(
        op,
        Op::RcDec
            | Op::Keep
            | Op::PyBinary
            | Op::PyInplace
            | Op::PyUnary
            | Op::PySetAttr
            | Op::PyGetAttr
            | Op::PyGetItem
            | Op::PySetItem
            | Op::PyCall
            | Op::PyCallMethod
            | Op::Share
    )
}

impl Lower<'_> {
    /// Lowers an op on numbers that are probably floats; `false` if it is none.
    pub(super) fn likely_float_op(&mut self, inst: InstId) -> bool {
        let data = self.src.insts[inst];
        match data.op {
            Op::FloatBox if self.likely.pair[self.src.result(inst).index()] => {
                let double = self.v(self.src.args(inst)[0]);
                let word = self.m.word(MARK);
                self.define_pair(inst, Pair { word, double, known: true });
            }
            Op::RcDec | Op::Keep => {
                let pair = self.pairs[self.src.args(inst)[0].index()];
                let Some(pair) = pair else { return false };
                if !pair.known && data.op == Op::RcDec {
                    self.m.dec(pair.word);
                }
            }
            Op::PyBinary | Op::PyInplace | Op::ClBinary => {
                let Some(op) = arithmetic(self.src, inst).filter(|_| self.is_likely(inst)) else { return false };
                self.likely_binary(inst, op, Family::of(data.op));
            }
            Op::PyCompare | Op::PyCompareTruth | Op::ClCompare if self.is_likely(inst) => {
                let op = CompareOp::from_index(data.imm).expect("verified");
                self.likely_compare(inst, op, data.op != Op::PyCompare, Family::of(data.op));
            }
            Op::PyCallMethod if self.likely.roots.contains(&inst) => self.square_root(inst),
            _ => return false,
        }
        true
    }

    fn is_likely(&self, inst: InstId) -> bool {
        let args = self.src.args(inst);
        args.iter().any(|a| self.likely.float[a.index()]) && args.iter().all(|&a| may_be_number(self.src.ty(a)))
            || args.iter().any(|a| self.pairs[a.index()].is_some())
            || arithmetic(self.src, inst) == Some(BinaryOp::TrueDiv)
                && args.iter().all(|&a| may_be_number(self.src.ty(a)))
    }

    fn define_pair(&mut self, inst: InstId, pair: Pair) {
        let result = self.src.result(inst);
        self.pairs[result.index()] = Some(pair);
        self.values[result.index()] = Some(pair.word);
    }

    fn operand(&mut self, v: ValueId) -> Operand {
        if let Some(pair) = self.pairs[v.index()] {
            return if pair.known { Operand::Double(pair.double) } else { Operand::Pair(pair) };
        }
        if let ValueDef::Result(def, _) = self.src.values[v].def
            && self.src.insts[def].op == Op::Const
            && let Const::Float(bits) = self.program.consts[ConstId(self.src.insts[def].imm as u32)]
        {
            return Operand::Double(self.m.value(Op::FConst, &[], bits, Type::F64));
        }
        Operand::Word(self.v(v))
    }

    fn fconst(&mut self, v: f64) -> ValueId {
        self.m.value(Op::FConst, &[], v.to_bits(), Type::F64)
    }

    fn is_flonum(&mut self, w: ValueId) -> ValueId {
        let (three, two) = (self.m.iconst(3), self.m.iconst(2));
        let tag = self.m.int(Op::IAnd, &[w, three]);
        self.m.icmp(IntCond::Eq, tag, two)
    }

    /// The double of an operand that is a float in a register or in its word; anything else goes to `other`.
    fn double_or(&mut self, x: Operand, other: BlockId) -> ValueId {
        let (is_double, word) = match x {
            Operand::Double(f) => return f,
            Operand::Pair(p) => (self.m.icmp_imm(IntCond::Eq, p.word, MARK.0 as i64), None),
            Operand::Word(w) => (self.is_flonum(w), Some(w)),
        };
        let on = self.m.block();
        self.m.brif(is_double, (on, &[]), (other, &[]));
        self.m.current = on;
        match (x, word) {
            (Operand::Pair(p), _) => p.double,
            (_, Some(w)) => self.flonum_value(w),
            _ => unreachable!("doubles have returned"),
        }
    }

    /// The double of any number but boxed ones; the rest goes to `other`. Integers that are not exact as doubles do so,
    /// too, if `exact`.
    fn number_or(&mut self, x: Operand, exact: bool, other: BlockId) -> ValueId {
        if let Operand::Double(f) = x {
            return f;
        }
        let (done, no_float) = (self.m.block(), self.m.block());
        let result = self.m.func.add_param(done, Type::F64);
        let f = self.double_or(x, no_float);
        self.m.jump(done, &[f]);
        self.m.current = no_float;
        let (Operand::Word(w) | Operand::Pair(Pair { word: w, .. })) = x else { unreachable!("doubles have returned") };
        let one = self.m.iconst(1);
        let tag = self.m.int(Op::IAnd, &[w, one]);
        let mut fits = self.m.icmp_imm(IntCond::Ne, tag, 0);
        let n = self.m.int(Op::SShr, &[w, one]);
        if exact {
            // |n| < 2^53: n + 2^53 as an unsigned number is below 2^54.
            let (offset, limit) = (self.m.iconst(1 << 53), self.m.iconst(1 << 54));
            let moved = self.m.int(Op::IAdd, &[n, offset]);
            let near = self.m.icmp(IntCond::Ult, moved, limit);
            fits = self.m.value(Op::BAnd, &[fits, near], 0, Type::I1);
        }
        let convert = self.m.block();
        self.m.brif(fits, (convert, &[]), (other, &[]));
        self.m.current = convert;
        let f = self.m.value(Op::IntToF, &[n], 0, Type::F64);
        self.m.jump(done, &[f]);
        self.m.current = done;
        result
    }

    /// Both operands as doubles in a new current block. Small integers, if `ints` takes both, and all that is no
    /// number in a word leave for `ints` and `slow`.
    fn two_doubles(
        &mut self,
        x: Operand,
        y: Operand,
        exact: bool,
        ints: Option<BlockId>,
        slow: BlockId,
    ) -> [ValueId; 2] {
        if let (Operand::Double(a), Operand::Double(b)) = (x, y) {
            return [a, b];
        }
        let (meet, other) = (self.m.block(), self.m.cold_block());
        let result = [self.m.func.add_param(meet, Type::F64), self.m.func.add_param(meet, Type::F64)];
        let a = self.double_or(x, other);
        let b = self.double_or(y, other);
        self.m.jump(meet, &[a, b]);
        self.m.current = other;
        if let Some(ints) = ints {
            let mixed = self.m.cold_block();
            let words = [x, y].map(|o| match o {
                Operand::Word(w) | Operand::Pair(Pair { word: w, .. }) => w,
                Operand::Double(_) => unreachable!("integers are not offered where one is a double"),
            });
            let both = self.m.int(Op::IAnd, &words);
            let one = self.m.iconst(1);
            let tag = self.m.int(Op::IAnd, &[both, one]);
            let small = self.m.icmp_imm(IntCond::Ne, tag, 0);
            self.m.brif(small, (ints, &[]), (mixed, &[]));
            self.m.current = mixed;
        }
        let a = self.number_or(x, exact, slow);
        let b = self.number_or(y, exact, slow);
        self.m.jump(meet, &[a, b]);
        self.m.current = meet;
        result
    }

    /// Whether an integer path makes sense: neither operand is surely a double.
    fn words_of(&self, x: Operand, y: Operand) -> Option<[ValueId; 2]> {
        let word = |o| match o {
            Operand::Word(w) | Operand::Pair(Pair { word: w, .. }) => Some(w),
            Operand::Double(_) => None,
        };
        Some([word(x)?, word(y)?])
    }

    fn likely_binary(&mut self, inst: InstId, op: BinaryOp, family: Family) {
        let (left, right) = (self.src.args(inst)[0], self.src.args(inst)[1]);
        let (x, y) = (self.operand(left), self.operand(right));
        let keep = self.likely.pair[self.src.result(inst).index()];
        let (done, slow) = (self.m.block(), self.m.cold_block());
        let word = self.m.func.add_param(done, Type::I64);
        let double = keep.then(|| self.m.func.add_param(done, Type::F64));
        let words = self.words_of(x, y).filter(|_| op != BinaryOp::TrueDiv);
        let ints = words.map(|_| self.m.block());
        let [a, b] = self.two_doubles(x, y, op == BinaryOp::TrueDiv, ints, slow);
        let f = match op {
            BinaryOp::Add => Op::FAdd,
            BinaryOp::Sub => Op::FSub,
            BinaryOp::Mul => Op::FMul,
            _ => {
                let zero = self.fconst(0.0);
                let nonzero = self.m.value(Op::FCmp, &[b, zero], FloatCond::Ne as u64, Type::I1);
                let divide = self.m.block();
                self.m.brif(nonzero, (divide, &[]), (slow, &[]));
                self.m.current = divide;
                Op::FDiv
            }
        };
        let f = self.m.value(f, &[a, b], 0, Type::F64);
        self.leave_double(f, keep, done);
        if let (Some(ints), Some([a, b])) = (ints, words) {
            self.m.current = ints;
            let end = if keep { self.m.block() } else { done };
            let w = keep.then(|| self.m.func.add_param(end, Type::I64));
            self.small_binary(op, a, b, slow, end);
            if let Some(w) = w {
                self.m.current = end;
                let nothing = self.fconst(0.0);
                self.m.jump(done, &[w, nothing]);
            }
        }
        self.m.current = slow;
        let r = self.with_words(inst, |s, args| s.generic_binary(op, args, family));
        self.leave_word(r, keep, done);
        self.m.current = done;
        self.define_number(inst, word, double);
    }

    fn square_root(&mut self, inst: InstId) {
        let x = self.operand(self.src.args(inst)[1]);
        let keep = self.likely.pair[self.src.result(inst).index()];
        let (done, slow) = (self.m.block(), self.m.cold_block());
        let word = self.m.func.add_param(done, Type::I64);
        let double = keep.then(|| self.m.func.add_param(done, Type::F64));
        let x = self.number_or(x, false, slow);
        let zero = self.fconst(0.0);
        let defined = self.m.value(Op::FCmp, &[x, zero], FloatCond::Ge as u64, Type::I1);
        let root = self.m.block();
        self.m.brif(defined, (root, &[]), (slow, &[]));
        self.m.current = root;
        let f = self.m.value(Op::FSqrt, &[x], 0, Type::F64);
        self.leave_double(f, keep, done);
        self.m.current = slow;
        let r = self.with_words(inst, |s, args| s.method_call(args, s.src.insts[inst].imm));
        self.leave_word(r, keep, done);
        self.m.current = done;
        self.define_number(inst, word, double);
    }

    fn leave_double(&mut self, f: ValueId, keep: bool, done: BlockId) {
        if keep {
            let mark = self.m.word(MARK);
            self.m.jump(done, &[mark, f]);
        } else {
            let w = self.float_box(f);
            self.m.jump(done, &[w]);
        }
    }

    fn leave_word(&mut self, w: ValueId, keep: bool, done: BlockId) {
        if keep {
            self.split(w, done);
        } else {
            self.m.jump(done, &[w]);
        }
    }

    fn define_number(&mut self, inst: InstId, word: ValueId, double: Option<ValueId>) {
        match double {
            Some(double) => self.define_pair(inst, Pair { word, double, known: false }),
            None => self.define(inst, 0, word),
        }
    }

    /// Jumps with a word as a pair.
    fn split(&mut self, w: ValueId, done: BlockId) {
        let is_flonum = self.is_flonum(w);
        let (flonum, other) = (self.m.cold_block(), self.m.cold_block());
        self.m.brif(is_flonum, (flonum, &[]), (other, &[]));
        self.m.current = flonum;
        let (mark, f) = (self.m.word(MARK), self.flonum_value(w));
        self.m.jump(done, &[mark, f]);
        self.m.current = other;
        let nothing = self.fconst(0.0);
        self.m.jump(done, &[w, nothing]);
    }

    fn likely_compare(&mut self, inst: InstId, op: CompareOp, truth: bool, family: Family) {
        let (left, right) = (self.src.args(inst)[0], self.src.args(inst)[1]);
        let (x, y) = (self.operand(left), self.operand(right));
        let (done, slow) = (self.m.block(), self.m.cold_block());
        let result = self.m.func.add_param(done, if truth { Type::I1 } else { Type::I64 });
        let words = self.words_of(x, y);
        let ints = words.map(|_| self.m.block());
        let finish = |s: &mut Self, bit: ValueId| {
            let (t, f) = (s.m.word(Word::TRUE), s.m.word(Word::FALSE));
            let r = if truth { bit } else { s.m.value(Op::SelectI, &[bit, t, f], 0, Type::I64) };
            s.m.jump(done, &[r]);
        };
        let [a, b] = self.two_doubles(x, y, true, ints, slow);
        let bit = self.m.value(Op::FCmp, &[a, b], op.on_floats() as u64, Type::I1);
        finish(self, bit);
        if let (Some(ints), Some([a, b])) = (ints, words) {
            self.m.current = ints;
            let bit = self.m.icmp(super::fast::small_condition(op), a, b);
            finish(self, bit);
        }
        self.m.current = slow;
        if truth {
            let index = self.m.iconst(op as i64);
            let generic = if family == Family::Claude { RtFn::ClCompare } else { RtFn::CompareTruth };
            let r = self.with_words(inst, |s, args| s.rt_checked(generic, &[index, args[0], args[1]]));
            let bit = self.truth_bit(r);
            self.m.jump(done, &[bit]);
        } else {
            let r = self.with_words(inst, |s, args| s.rt_checked(op.rt(), args));
            self.m.jump(done, &[r]);
        }
        self.m.current = done;
        self.define(inst, 0, result);
    }

    /// Whether an operand of the instruction is a pair.
    pub(super) fn has_pairs(&self, inst: InstId) -> bool {
        self.src.args(inst).iter().any(|a| self.pairs[a.index()].is_some())
    }

    /// Runs an operation with words for its pairs, which live as long as it does, however it ends.
    pub(super) fn with_words<R>(&mut self, inst: InstId, operation: impl FnOnce(&mut Self, &[ValueId]) -> R) -> R {
        let mut made = Vec::new();
        let mut args = Vec::new();
        for &v in self.src.args(inst) {
            match self.pairs[v.index()] {
                Some(pair) => {
                    let w = self.owned_word(pair);
                    made.push(w);
                    args.push(w);
                }
                None => args.push(self.v(v)),
            }
        }
        if made.is_empty() {
            return operation(self, &args);
        }
        let before = self.unwind.clone();
        let clean = self.m.cold_block();
        let back = std::mem::replace(&mut self.m.current, clean);
        for &w in &made {
            self.m.dec(w);
        }
        match &before {
            Some((target, args)) => self.m.jump(*target, args),
            None => {
                let leave = self.leave_block();
                self.m.jump(leave, &[]);
            }
        }
        self.m.current = back;
        self.unwind = Some((clean, Vec::new()));
        let result = operation(self, &args);
        self.unwind = before;
        for w in made {
            self.m.dec(w);
        }
        result
    }

    /// A word for a pair, with a reference of its own.
    fn owned_word(&mut self, pair: Pair) -> ValueId {
        if pair.known {
            return self.float_box(pair.double);
        }
        let (make, share, done) = (self.m.block(), self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let marked = self.m.icmp_imm(IntCond::Eq, pair.word, MARK.0 as i64);
        self.m.brif(marked, (make, &[]), (share, &[]));
        self.m.current = make;
        let w = self.float_box(pair.double);
        self.m.jump(done, &[w]);
        self.m.current = share;
        self.m.inc(pair.word);
        self.m.jump(done, &[pair.word]);
        self.m.current = done;
        result
    }
}
