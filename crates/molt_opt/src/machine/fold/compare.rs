//! Rules for comparisons of integers.

use molt_ir::{IntCond, Op, Type, ValueId};

use super::{KEEP, Rule, Step, constant, definition, value};

/// Whether a comparison holds.
pub fn holds(cond: IntCond, a: i64, b: i64) -> bool {
    let (x, y) = (a as u64, b as u64);
    match cond {
        IntCond::Eq => a == b,
        IntCond::Ne => a != b,
        IntCond::Slt => a < b,
        IntCond::Sle => a <= b,
        IntCond::Sgt => a > b,
        IntCond::Sge => a >= b,
        IntCond::Ult => x < y,
        IntCond::Ule => x <= y,
        IntCond::Ugt => x > y,
        IntCond::Uge => x >= y,
    }
}

/// The comparison that holds when this one does not.
pub fn inverse(cond: IntCond) -> IntCond {
    match cond {
        IntCond::Eq => IntCond::Ne,
        IntCond::Ne => IntCond::Eq,
        IntCond::Slt => IntCond::Sge,
        IntCond::Sge => IntCond::Slt,
        IntCond::Sgt => IntCond::Sle,
        IntCond::Sle => IntCond::Sgt,
        IntCond::Ult => IntCond::Uge,
        IntCond::Uge => IntCond::Ult,
        IntCond::Ugt => IntCond::Ule,
        IntCond::Ule => IntCond::Ugt,
    }
}

/// The same comparison with the operands exchanged.
pub fn swapped(cond: IntCond) -> IntCond {
    match cond {
        IntCond::Eq => IntCond::Eq,
        IntCond::Ne => IntCond::Ne,
        IntCond::Slt => IntCond::Sgt,
        IntCond::Sgt => IntCond::Slt,
        IntCond::Sle => IntCond::Sge,
        IntCond::Sge => IntCond::Sle,
        IntCond::Ult => IntCond::Ugt,
        IntCond::Ugt => IntCond::Ult,
        IntCond::Ule => IntCond::Uge,
        IntCond::Uge => IntCond::Ule,
    }
}

impl Rule<'_> {
    pub(super) fn compare(&mut self) -> Step {
        let cond = IntCond::from_index(self.func.insts[self.inst].imm).expect("verified");
        let [a, b] = [self.arg(0), self.arg(1)];
        if a == b {
            return self.bit(holds(cond, 0, 0));
        }
        match (constant(self.func, a), constant(self.func, b)) {
            (Some(x), Some(y)) => self.bit(holds(cond, x, y)),
            (Some(_), None) => self.rewrite(Op::ICmp, &[b, a], swapped(cond) as u64),
            (None, Some(c)) => self.with_limit(cond, a, c),
            (None, None) => KEEP,
        }
    }

    fn with_limit(&mut self, cond: IntCond, a: ValueId, c: i64) -> Step {
        let strict = |rule: &mut Self, cond: IntCond, c: i64| {
            let c = rule.new_int(c);
            rule.rewrite(Op::ICmp, &[a, c], cond as u64)
        };
        match (cond, c) {
            (IntCond::Ult, 0) | (IntCond::Ugt, -1) | (IntCond::Slt, i64::MIN) | (IntCond::Sgt, i64::MAX) => {
                return self.bit(false);
            }
            (IntCond::Uge, 0) | (IntCond::Ule, -1) | (IntCond::Sge, i64::MIN) | (IntCond::Sle, i64::MAX) => {
                return self.bit(true);
            }
            // One form for each set of numbers: with `<` and `>`, and equality where one number is left.
            (IntCond::Ule, c) => return strict(self, IntCond::Ult, c.wrapping_add(1)),
            (IntCond::Uge, c) => return strict(self, IntCond::Ugt, c.wrapping_sub(1)),
            (IntCond::Sle, c) => return strict(self, IntCond::Slt, c + 1),
            (IntCond::Sge, c) => return strict(self, IntCond::Sgt, c - 1),
            (IntCond::Ult, 1) => return strict(self, IntCond::Eq, 0),
            (IntCond::Ugt, 0) => return strict(self, IntCond::Ne, 0),
            _ => {}
        }
        let Some(inst) = definition(self.func, a) else { return KEEP };
        let args = self.func.args(inst).to_vec();
        let equality = matches!(cond, IntCond::Eq | IntCond::Ne);
        match self.func.insts[inst].op {
            Op::BToI => self.bit_against(args[0], holds(cond, 1, c), holds(cond, 0, c)),
            Op::SelectI => match (constant(self.func, args[1]), constant(self.func, args[2])) {
                (Some(x), Some(y)) => self.bit_against(args[0], holds(cond, x, c), holds(cond, y, c)),
                _ => KEEP,
            },
            Op::IAdd | Op::IXor if equality => match constant(self.func, args[1]) {
                Some(k) => {
                    let back = if self.func.insts[inst].op == Op::IAdd { c.wrapping_sub(k) } else { c ^ k };
                    let back = self.new_int(back);
                    self.rewrite(Op::ICmp, &[args[0], back], cond as u64)
                }
                None => KEEP,
            },
            Op::ISub if equality && c == 0 => self.rewrite(Op::ICmp, &args, cond as u64),
            _ => KEEP,
        }
    }

    /// A comparison that gives one answer if the bit is set and another if not.
    fn bit_against(&mut self, bit: ValueId, if_set: bool, if_clear: bool) -> Step {
        match (if_set, if_clear) {
            (true, false) => value(bit),
            (false, true) => value(self.new_value(Op::Not, &[bit], 0, Type::I1)),
            (same, _) => self.bit(same),
        }
    }
}
