//! Rules for doubles. What gives NaN is left to the machine: no engine promises its bits.

use molt_ir::{FloatCond, Op, Type, ValueId};

use super::{KEEP, Rule, Step, constant, definition, value};

impl Rule<'_> {
    fn float_constant(&self, v: ValueId) -> Option<f64> {
        let inst = definition(self.func, v)?;
        (self.func.insts[inst].op == Op::FConst).then(|| f64::from_bits(self.func.insts[inst].imm))
    }

    pub(super) fn float(&mut self, op: Op) -> Step {
        match op {
            Op::IntToF | Op::UIntToF => match constant(self.func, self.arg(0)) {
                Some(c) => self.double(if op == Op::IntToF { c as f64 } else { c as u64 as f64 }),
                None => KEEP,
            },
            Op::BitsToF | Op::FToBits => self.same_bits(op),
            Op::FCmp => self.float_compare(),
            Op::FRound32 if self.is_single(self.arg(0)) => value(self.arg(0)),
            _ => match self.float_value(op) {
                Some(x) if !x.is_nan() => self.double(x),
                _ => self.integer_of(op),
            },
        }
    }

    fn float_value(&self, op: Op) -> Option<f64> {
        let x = self.float_constant(self.arg(0))?;
        let y = || self.float_constant(self.arg(1));
        Some(match op {
            Op::FAdd => x + y()?,
            Op::FSub => x - y()?,
            Op::FMul => x * y()?,
            Op::FDiv => x / y()?,
            Op::FNeg => -x,
            Op::FAbs => x.abs(),
            Op::FSqrt => x.sqrt(),
            Op::FFloor => x.floor(),
            Op::FCeil => x.ceil(),
            Op::FTrunc => x.trunc(),
            Op::FNearest => x.round_ties_even(),
            Op::FRound32 => f64::from(x as f32),
            _ => return None,
        })
    }

    fn integer_of(&mut self, op: Op) -> Step {
        match (op, self.float_constant(self.arg(0))) {
            (Op::FToIntSat, Some(x)) => self.int(x as i64),
            (Op::FToUIntSat, Some(x)) => self.int(x as u64 as i64),
            _ => KEEP,
        }
    }

    fn same_bits(&mut self, op: Op) -> Step {
        let a = self.arg(0);
        let Some(inst) = definition(self.func, a) else { return KEEP };
        match (op, self.func.insts[inst].op) {
            (Op::BitsToF, Op::FToBits) | (Op::FToBits, Op::BitsToF) => value(self.func.args(inst)[0]),
            (Op::BitsToF, Op::IConst) => {
                let bits = self.func.insts[inst].imm;
                value(self.new_value(Op::FConst, &[], bits, Type::F64))
            }
            (Op::FToBits, Op::FConst) => {
                let bits = self.func.insts[inst].imm as i64;
                self.int(bits)
            }
            _ => KEEP,
        }
    }

    /// Whether a value is that of an f32 for sure.
    fn is_single(&self, v: ValueId) -> bool {
        definition(self.func, v).is_some_and(|i| match self.func.insts[i].op {
            Op::FRound32 | Op::LoadF32 => true,
            Op::FNeg | Op::FAbs => self.is_single(self.func.args(i)[0]),
            _ => false,
        })
    }

    fn float_compare(&mut self) -> Step {
        let (Some(x), Some(y)) = (self.float_constant(self.arg(0)), self.float_constant(self.arg(1))) else {
            return KEEP;
        };
        let cond = FloatCond::from_index(self.func.insts[self.inst].imm).expect("verified");
        self.bit(match cond {
            FloatCond::Eq => x == y,
            FloatCond::Ne => x != y,
            FloatCond::Lt => x < y,
            FloatCond::Le => x <= y,
            FloatCond::Gt => x > y,
            FloatCond::Ge => x >= y,
        })
    }
}
