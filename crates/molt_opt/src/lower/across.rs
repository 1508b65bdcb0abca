//! Calls of functions of GrokLang from code on words.
//!
//! Where the function takes and gives numbers only, operands are converted in place and the function itself is called;
//! other calls go to its adapter, which takes and gives words.

use molt_abi::{RtFn, Word};
use molt_base::Symbol;
use molt_ir::{Direct, FuncId, InstId, IntCond, Number, Op, Type, ValueId};

use super::Lower;

impl Lower<'_> {
    pub(super) fn across_call(&mut self, inst: InstId, name: Symbol, args: &[ValueId]) -> ValueId {
        let text = self.program.names.text(name);
        let export = self.program.exports.get(&name).unwrap_or_else(|| panic!("nothing exports `{text}`")).clone();
        // A function that only stands for one of GrokLang is not shown: whoever calls it is.
        let traced = !self.src.code.as_ref().is_some_and(|c| c.stands_in);
        match export.direct {
            Some(direct) => self.call_with_numbers(inst, &direct, args, traced),
            None => {
                let r = self.m.op(Op::CallAcross, args, u64::from(export.adapter.0), &[Type::I64, Type::I64]);
                self.check_panic(r[1], traced);
                r[0]
            }
        }
    }

    fn call_with_numbers(&mut self, inst: InstId, direct: &Direct, args: &[ValueId], traced: bool) -> ValueId {
        let own: Vec<bool> = self.src.args(inst).iter().map(|&a| self.src.ty(a) == Type::I64).collect();
        let mut numbers = Vec::with_capacity(args.len());
        for ((&a, &kind), is_integer) in args.iter().zip(&direct.params).zip(own) {
            numbers.push(match is_integer {
                true => self.integer(a, kind, traced),
                false => self.number(a, kind, traced),
            });
        }
        let mut types: Vec<Type> = match direct.result {
            Number::Unit => Vec::new(),
            Number::F64 => vec![Type::F64],
            Number::Bool | Number::Int { .. } => vec![Type::I64],
        };
        types.push(Type::I64);
        let r = self.m.op(Op::CallAcross, &numbers, u64::from(FuncId(direct.func.0).0), &types);
        self.check_panic(r[types.len() - 1], traced);
        let wanted = self.src.ty(self.src.result(inst));
        let wants_double = wanted == Type::F64;
        match direct.result {
            Number::Int { .. } if wanted == Type::I64 => r[0],
            Number::Unit => self.m.word(Word::NONE),
            Number::F64 if wants_double => r[0],
            Number::F64 => self.float_box(r[0]),
            Number::Bool => self.bool_word(r[0]),
            Number::Int { bits, signed } => self.int_word(r[0], bits, signed),
        }
    }

    /// Goes on only if a call across has not panicked.
    fn check_panic(&mut self, panicked: ValueId, traced: bool) {
        let (bad, ok) = (self.m.cold_block(), self.m.block());
        let is_bad = self.m.icmp_imm(IntCond::Ne, panicked, 0);
        self.m.brif(is_bad, (bad, &[]), (ok, &[]));
        self.m.current = bad;
        self.m.rt(RtFn::AcrossPanicked, &[]);
        let fail = self.fail_block(traced);
        self.m.jump(fail, &[]);
        self.m.current = ok;
    }

    fn bool_word(&mut self, bit: ValueId) -> ValueId {
        let is = self.m.icmp_imm(IntCond::Ne, bit, 0);
        let (yes, no) = (self.m.word(Word::TRUE), self.m.word(Word::FALSE));
        self.m.value(Op::SelectI, &[is, yes, no], 0, Type::I64)
    }

    /// Word of an integer, which small ones are inline.
    pub(super) fn int_word(&mut self, n: ValueId, bits: u8, signed: bool) -> ValueId {
        let one = self.m.iconst(1);
        if bits < 63 {
            let twice = self.m.int(Op::IShl, &[n, one]);
            return self.m.int(Op::IOr, &[twice, one]);
        }
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        let fast = self.m.block();
        let twice = match signed {
            true => {
                let r = self.m.op(Op::IAddOf, &[n, n], 0, &[Type::I64, Type::I1]);
                self.m.brif(r[1], (slow, &[]), (fast, &[]));
                r[0]
            }
            false => {
                let limit = self.m.iconst(1 << 62);
                let is_small = self.m.icmp(IntCond::Ult, n, limit);
                self.m.brif(is_small, (fast, &[]), (slow, &[]));
                self.m.current = fast;
                self.m.int(Op::IShl, &[n, one])
            }
        };
        self.m.current = fast;
        let word = self.m.int(Op::IOr, &[twice, one]);
        self.m.jump(done, &[word]);
        self.m.current = slow;
        let big = self.m.rt1(if signed { RtFn::BoxInt } else { RtFn::AcrossUnsigned }, &[n]);
        self.m.jump(done, &[big]);
        self.m.current = done;
        result
    }

    /// An operand that is a machine integer, as the function takes it.
    fn integer(&mut self, value: ValueId, kind: Number, traced: bool) -> ValueId {
        let fits = match kind {
            Number::Int { bits: 64, signed: true } => return value,
            Number::Int { bits: 64, signed: false } => self.m.icmp_imm(IntCond::Sge, value, 0),
            Number::Int { bits, signed } => {
                let offset = self.m.iconst(if signed { 1 << (bits - 1) } else { 0 });
                let limit = self.m.iconst(1 << bits);
                let moved = self.m.int(Op::IAdd, &[value, offset]);
                self.m.icmp(IntCond::Ult, moved, limit)
            }
            _ => {
                let word = self.int_word(value, 64, true);
                return self.number(word, kind, traced);
            }
        };
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let result = self.m.func.add_param(done, Type::I64);
        self.m.brif(fits, (done, &[value]), (slow, &[]));
        self.m.current = slow;
        let word = self.int_word(value, 64, true);
        let n = self.number(word, kind, traced);
        self.m.jump(done, &[n]);
        self.m.current = done;
        result
    }

    /// An operand as the function takes it.
    fn number(&mut self, value: ValueId, kind: Number, traced: bool) -> ValueId {
        if self.m.func.ty(value) == Type::F64 {
            return value;
        }
        let (slow, done) = (self.m.cold_block(), self.m.block());
        let ty = if kind == Number::F64 { Type::F64 } else { Type::I64 };
        let result = self.m.func.add_param(done, ty);
        let fast = self.m.block();
        match kind {
            Number::Unit => unreachable!("a parameter without a value is left to the adapter"),
            Number::Bool => {
                let yes = self.m.icmp_imm(IntCond::Eq, value, Word::TRUE.0 as i64);
                let no = self.m.icmp_imm(IntCond::Eq, value, Word::FALSE.0 as i64);
                let either = self.m.value(Op::BOr, &[yes, no], 0, Type::I1);
                self.m.brif(either, (fast, &[]), (slow, &[]));
                self.m.current = fast;
                let (one, zero) = (self.m.iconst(1), self.m.iconst(0));
                let bit = self.m.value(Op::SelectI, &[yes, one, zero], 0, Type::I64);
                self.m.jump(done, &[bit]);
            }
            Number::F64 => {
                let (three, two) = (self.m.iconst(3), self.m.iconst(2));
                let tag = self.m.int(Op::IAnd, &[value, three]);
                let is_flonum = self.m.icmp(IntCond::Eq, tag, two);
                self.m.brif(is_flonum, (fast, &[]), (slow, &[]));
                self.m.current = fast;
                let f = self.flonum_value(value);
                self.m.jump(done, &[f]);
            }
            Number::Int { bits, signed } => {
                let one = self.m.iconst(1);
                let tag = self.m.int(Op::IAnd, &[value, one]);
                let n = self.m.int(Op::SShr, &[value, one]);
                let is_small = self.m.icmp_imm(IntCond::Ne, tag, 0);
                let fits = match (bits, signed) {
                    (64, true) => is_small,
                    (64, false) => {
                        let positive = self.m.icmp_imm(IntCond::Sge, n, 0);
                        self.m.value(Op::BAnd, &[is_small, positive], 0, Type::I1)
                    }
                    (_, true) => {
                        let (offset, limit) = (self.m.iconst(1 << (bits - 1)), self.m.iconst(1 << bits));
                        let moved = self.m.int(Op::IAdd, &[n, offset]);
                        let fits = self.m.icmp(IntCond::Ult, moved, limit);
                        self.m.value(Op::BAnd, &[is_small, fits], 0, Type::I1)
                    }
                    (_, false) => {
                        let limit = self.m.iconst(1 << bits);
                        let fits = self.m.icmp(IntCond::Ult, n, limit);
                        self.m.value(Op::BAnd, &[is_small, fits], 0, Type::I1)
                    }
                };
                self.m.brif(fits, (fast, &[]), (slow, &[]));
                self.m.current = fast;
                self.m.jump(done, &[n]);
            }
        }
        self.m.current = slow;
        let r = match kind {
            Number::Int { bits, signed } => {
                let (bits, signed) = (self.m.iconst(i64::from(bits)), self.m.iconst(i64::from(signed)));
                self.m.rt(RtFn::AcrossInt, &[value, bits, signed])
            }
            Number::F64 => self.m.rt(RtFn::AcrossFloat, &[value]),
            Number::Bool => self.m.rt(RtFn::AcrossBool, &[value]),
            Number::Unit => unreachable!("a parameter without a value is left to the adapter"),
        };
        self.check_traced(r[1], traced);
        let n = match kind {
            Number::F64 => self.m.value(Op::BitsToF, &[r[0]], 0, Type::F64),
            _ => r[0],
        };
        self.m.jump(done, &[n]);
        self.m.current = done;
        result
    }
}
