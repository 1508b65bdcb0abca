//! Bits of words that are known at a point of a block.

use molt_abi::{ClassId, layout};
use molt_base::hash::FastMap;
use molt_ir::{Function, InstId, IntCond, Op, Type, ValueDef, ValueId};

use super::Fact;
use crate::machine::fold::holds;

/// How deep the operands of what a branch tested are looked at.
const DEPTH: u32 = 6;
/// Bits of the tag of an object, and those of a reserved constant.
const TAG: u64 = 7;
const RESERVED: u64 = 4;

/// Bits of a value that are known to be zero, and to be one. A bit has the lowest one only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bits {
    zero: u64,
    one: u64,
}

impl Bits {
    pub fn exactly(v: u64) -> Bits {
        Bits { zero: !v, one: v }
    }

    /// The value, when all of it is known.
    pub fn value(self) -> Option<u64> {
        (self.zero | self.one == u64::MAX).then_some(self.one)
    }

    fn both(self, other: Bits) -> Bits {
        Bits { zero: self.zero | other.zero, one: self.one | other.one }
    }

    fn either(self, other: Bits) -> Bits {
        Bits { zero: self.zero & other.zero, one: self.one & other.one }
    }

    /// As many of the lowest bits as are known in both, of what an operation gives whose low bits depend on low ones only.
    fn low(self, other: Bits, op: fn(u64, u64) -> u64) -> Bits {
        let count = (self.zero | self.one).trailing_ones().min((other.zero | other.one).trailing_ones());
        let mask = 1u64.checked_shl(count).map_or(u64::MAX, |m| m - 1);
        let v = op(self.one, other.one);
        Bits { zero: !v & mask, one: v & mask }
    }
}

/// What is known of values, by what came before on the way.
#[derive(Clone)]
pub struct Knowledge<'a> {
    func: &'a Function,
    bits: FastMap<ValueId, Bits>,
    classes: FastMap<ValueId, u32>,
}

/// Classes whose objects never get another one, as far as code tests for them.
fn is_fixed(class: u64) -> bool {
    let own = ClassId::SYMBOL.0..=ClassId::REF.0;
    own.contains(&(class as u32)) || class == u64::from(ClassId::FUNCTION.0)
}

impl<'a> Knowledge<'a> {
    pub fn new(func: &'a Function, facts: &[(ValueId, Fact)]) -> Knowledge<'a> {
        let mut known = Knowledge { func, bits: FastMap::default(), classes: FastMap::default() };
        for &(v, fact) in facts {
            let bits = match fact {
                Fact::Small => Bits { zero: 0, one: 1 },
                Fact::Flonum => Bits { zero: 1, one: 2 },
                Fact::Object => Bits { zero: TAG, one: 0 },
                Fact::Class(c) => {
                    known.classes.insert(v, c);
                    Bits { zero: TAG, one: 0 }
                }
                Fact::Reserved(w) => Bits::exactly(w),
                Fact::Bit(b) => Bits::exactly(u64::from(b)),
            };
            known.bits.insert(v, bits);
        }
        known
    }

    pub fn bits(&self, v: ValueId) -> Bits {
        if let Some(&known) = self.bits.get(&v) {
            return known;
        }
        match self.func.values[v].def {
            ValueDef::Result(inst, 0) if matches!(self.func.insts[inst].op, Op::IConst | Op::BConst) => {
                Bits::exactly(self.func.insts[inst].imm)
            }
            _ if self.func.ty(v) == Type::I1 => Bits { zero: !1, one: 0 },
            _ => Bits::default(),
        }
    }

    /// What another block may be told of a value.
    pub fn fact(&self, v: ValueId) -> Option<Fact> {
        let bits = self.bits(v);
        match self.func.ty(v) {
            Type::I1 => bits.value().map(|b| Fact::Bit(b != 0)),
            Type::I64 => match bits.value() {
                Some(w) if w & TAG == RESERVED => Some(Fact::Reserved(w)),
                _ if bits.one & 1 != 0 => Some(Fact::Small),
                _ if bits.one & 2 != 0 && bits.zero & 1 != 0 => Some(Fact::Flonum),
                _ if bits.zero & TAG == TAG => Some(self.classes.get(&v).map_or(Fact::Object, |&c| Fact::Class(c))),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a word is known to be no object.
    pub fn is_uncounted(&self, v: ValueId) -> bool {
        self.bits(v).one & TAG != 0
    }

    /// The edge that a terminator takes, if only one can be.
    pub fn way(&self, end: InstId) -> Option<usize> {
        let edges = self.func.edges(end).len();
        match self.func.insts[end].op {
            Op::BrIf => self.bits(self.func.args(end)[0]).value().map(|c| usize::from(c == 0)),
            Op::Switch => self.bits(self.func.args(end)[0]).value().map(|c| (c as usize).min(edges - 1)),
            _ => None,
        }
    }

    /// What is known when a terminator has taken an edge.
    pub fn after_edge(&self, end: InstId, n: usize) -> Knowledge<'a> {
        let mut after = self.clone();
        if self.func.insts[end].op == Op::BrIf {
            after.learn(self.func.args(end)[0], Bits::exactly(u64::from(n == 0)), DEPTH);
        }
        after
    }

    /// Takes over what an instruction tells of its results.
    pub fn learn_results(&mut self, inst: InstId) {
        // A turn of a loop makes them anew.
        for r in self.func.results(inst) {
            self.bits.remove(&r);
            self.classes.remove(&r);
        }
        let Some(first) = self.func.results(inst).next() else { return };
        let bits = self.result(inst);
        if bits != Bits::default() {
            self.bits.insert(first, bits);
        }
    }

    fn result(&self, inst: InstId) -> Bits {
        let data = self.func.insts[inst];
        let arg = |i: usize| self.bits(self.func.args(inst)[i]);
        let shift = || arg(1).value().map(|by| by as u32 & 63);
        match data.op {
            Op::IConst | Op::BConst => Bits::exactly(data.imm),
            Op::IAnd | Op::BAnd => Bits { zero: arg(0).zero | arg(1).zero, one: arg(0).one & arg(1).one },
            Op::IOr | Op::BOr => Bits { zero: arg(0).zero & arg(1).zero, one: arg(0).one | arg(1).one },
            Op::IXor => {
                let known = (arg(0).zero | arg(0).one) & (arg(1).zero | arg(1).one);
                let v = arg(0).one ^ arg(1).one;
                Bits { zero: known & !v, one: known & v }
            }
            Op::IAdd | Op::IAddOf => arg(0).low(arg(1), u64::wrapping_add),
            Op::ISub | Op::ISubOf => arg(0).low(arg(1), u64::wrapping_sub),
            Op::IShl => shift().map_or(Bits::default(), |by| {
                let filled = (1u64 << by) - 1;
                Bits { zero: arg(0).zero << by | filled, one: arg(0).one << by }
            }),
            Op::UShr => shift().map_or(Bits::default(), |by| {
                let filled = !(u64::MAX >> by);
                Bits { zero: arg(0).zero >> by | filled, one: arg(0).one >> by }
            }),
            Op::SShr => shift().map_or(Bits::default(), |by| Bits {
                zero: ((arg(0).zero as i64) >> by) as u64,
                one: ((arg(0).one as i64) >> by) as u64,
            }),
            Op::BToI => arg(0),
            Op::ICmp => self.comparison(inst).map_or(Bits { zero: !1, one: 0 }, |b| Bits::exactly(u64::from(b))),
            Op::SelectI => match arg(0).value() {
                Some(c) => arg(if c == 0 { 2 } else { 1 }),
                None => arg(1).either(arg(2)),
            },
            Op::Load32 if data.imm as i64 == i64::from(layout::HEADER_CLASS) => {
                let class = self.classes.get(&self.func.args(inst)[0]);
                class.map_or(Bits { zero: !0xffff_ffff, one: 0 }, |&c| Bits::exactly(u64::from(c)))
            }
            Op::DataAddr => Bits { zero: TAG, one: 0 },
            _ => Bits::default(),
        }
    }

    fn comparison(&self, inst: InstId) -> Option<bool> {
        let cond = IntCond::from_index(self.func.insts[inst].imm).expect("verified");
        let (a, b) = (self.bits(self.func.args(inst)[0]), self.bits(self.func.args(inst)[1]));
        if let (Some(x), Some(y)) = (a.value(), b.value()) {
            return Some(holds(cond, x as i64, y as i64));
        }
        let differ = a.zero & b.one | a.one & b.zero != 0;
        match cond {
            IntCond::Eq if differ => Some(false),
            IntCond::Ne if differ => Some(true),
            _ => None,
        }
    }

    /// Takes over that a value has certain bits, and what follows for the values that it was made of.
    fn learn(&mut self, v: ValueId, new: Bits, depth: u32) {
        let now = self.bits(v).both(new);
        self.bits.insert(v, now);
        let ValueDef::Result(inst, 0) = self.func.values[v].def else { return };
        let Some(depth) = depth.checked_sub(1) else { return };
        let args: Vec<ValueId> = self.func.args(inst).to_vec();
        match self.func.insts[inst].op {
            Op::BToI => self.learn(args[0], now, depth),
            Op::IAnd | Op::BAnd => {
                for (a, b) in [(args[0], args[1]), (args[1], args[0])] {
                    let zero = now.zero & self.bits(b).one;
                    self.learn(a, Bits { zero, one: now.one }, depth);
                }
            }
            Op::IOr | Op::BOr => {
                for (a, b) in [(args[0], args[1]), (args[1], args[0])] {
                    let one = now.one & self.bits(b).zero;
                    self.learn(a, Bits { zero: now.zero, one }, depth);
                }
            }
            Op::IXor => {
                for (a, b) in [(args[0], args[1]), (args[1], args[0])] {
                    let b = self.bits(b);
                    let one = now.one & b.zero | now.zero & b.one;
                    self.learn(a, Bits { zero: now.one & b.one | now.zero & b.zero, one }, depth);
                }
            }
            Op::ICmp => {
                if let Some(holds) = now.value() {
                    self.learn_comparison(inst, holds != 0, depth);
                }
            }
            Op::Load32 if self.func.insts[inst].imm as i64 == i64::from(layout::HEADER_CLASS) => {
                if let Some(class) = now.value().filter(|&c| is_fixed(c)) {
                    self.classes.insert(args[0], class as u32);
                }
            }
            _ => {}
        }
    }

    fn learn_comparison(&mut self, inst: InstId, holds: bool, depth: u32) {
        let cond = IntCond::from_index(self.func.insts[inst].imm).expect("verified");
        let equal = match cond {
            IntCond::Eq => holds,
            IntCond::Ne => !holds,
            _ => return,
        };
        let (a, b) = (self.func.args(inst)[0], self.func.args(inst)[1]);
        for (v, other) in [(a, b), (b, a)] {
            let (bits, other) = (self.bits(v), self.bits(other));
            if equal {
                self.learn(v, other, depth);
            } else if other.value() == Some(0) && (!bits.zero).is_power_of_two() {
                // Not zero, and one bit alone may be set.
                self.learn(v, Bits { zero: 0, one: !bits.zero }, depth);
            }
        }
    }
}
