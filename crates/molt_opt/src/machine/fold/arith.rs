//! Rules for integers.

use molt_ir::{Op, Type, ValueId};

use super::{KEEP, Outcome, Rule, Step, constant, definition, value};

/// Ones in the `bits` low places.
pub fn low_mask(bits: u32) -> i64 {
    if bits >= 64 { -1 } else { (1 << bits) - 1 }
}

/// The result of a binary op on constants; `None` where it has none.
pub fn evaluate(op: Op, a: i64, b: i64) -> Option<i64> {
    let (x, y) = (a as u64, b as u64);
    Some(match op {
        Op::IAdd => a.wrapping_add(b),
        Op::ISub => a.wrapping_sub(b),
        Op::IMul => a.wrapping_mul(b),
        Op::IAnd => a & b,
        Op::IOr => a | b,
        Op::IXor => a ^ b,
        Op::IShl => a << (b & 63),
        Op::UShr => (x >> (b & 63)) as i64,
        Op::SShr => a >> (b & 63),
        Op::RotL => a.rotate_left((b & 63) as u32),
        Op::SDiv => a.checked_div(b)?,
        Op::SRem => a.checked_rem(b)?,
        Op::UDiv => x.checked_div(y)? as i64,
        Op::URem => x.checked_rem(y)? as i64,
        Op::SMulHi => ((i128::from(a) * i128::from(b)) >> 64) as i64,
        Op::UMulHi => ((u128::from(x) * u128::from(y)) >> 64) as i64,
        _ => return None,
    })
}

/// Result and overflow of an overflowing op on constants.
pub fn overflow_of(op: Op, a: i64, b: i64) -> (i64, bool) {
    let (x, y) = (a as u64, b as u64);
    let unsigned = |(r, o): (u64, bool)| (r as i64, o);
    match op {
        Op::IAddOf => a.overflowing_add(b),
        Op::ISubOf => a.overflowing_sub(b),
        Op::IMulOf => a.overflowing_mul(b),
        Op::UAddOf => unsigned(x.overflowing_add(y)),
        Op::USubOf => unsigned(x.overflowing_sub(y)),
        Op::UMulOf => unsigned(x.overflowing_mul(y)),
        other => unreachable!("{other:?} does not overflow"),
    }
}

fn commutes(op: Op) -> bool {
    use Op::*;
    matches!(op, IAdd | IMul | IAnd | IOr | IXor | SMulHi | UMulHi | IAddOf | IMulOf | UAddOf | UMulOf)
}

impl Rule<'_> {
    pub(super) fn binary(&mut self, op: Op) -> Step {
        let [a, b] = [self.arg(0), self.arg(1)];
        match (constant(self.func, a), constant(self.func, b)) {
            (Some(x), Some(y)) => match evaluate(op, x, y) {
                Some(c) => self.int(c),
                None => KEEP,
            },
            (Some(_), None) if commutes(op) => self.rewrite(op, &[b, a], 0),
            (None, Some(c)) => self.with_right(op, a, c),
            (None, None) if a == b => self.with_itself(op, a),
            (Some(0), None) if matches!(op, Op::IShl | Op::UShr | Op::SShr | Op::RotL) => value(a),
            _ => KEEP,
        }
    }

    fn with_itself(&mut self, op: Op, a: ValueId) -> Step {
        match op {
            Op::ISub | Op::IXor => self.int(0),
            Op::IAnd | Op::IOr => value(a),
            _ => KEEP,
        }
    }

    fn with_right(&mut self, op: Op, a: ValueId, c: i64) -> Step {
        match (op, c) {
            (Op::IAdd | Op::ISub | Op::IOr | Op::IXor, 0) => return value(a),
            (Op::IMul | Op::SDiv | Op::UDiv, 1) | (Op::IAnd, -1) => return value(a),
            (Op::IMul | Op::IAnd | Op::UMulHi | Op::SMulHi, 0) | (Op::SRem | Op::URem, 1) => return self.int(0),
            (Op::IOr, -1) => return self.int(-1),
            (Op::IShl | Op::UShr | Op::SShr | Op::RotL, c) if c & 63 == 0 => return value(a),
            (Op::ISub, c) => {
                let minus = self.new_int(c.wrapping_neg());
                return self.rewrite(Op::IAdd, &[a, minus], 0);
            }
            (Op::UDiv, c) if (c as u64).is_power_of_two() => {
                let count = self.new_int(i64::from(c.trailing_zeros()));
                return self.rewrite(Op::UShr, &[a, count], 0);
            }
            (Op::URem, c) if (c as u64).is_power_of_two() => {
                let mask = self.new_int(c.wrapping_sub(1));
                return self.rewrite(Op::IAnd, &[a, mask], 0);
            }
            _ => {}
        }
        // The same op twice with constants is one.
        if let Some((inner, first)) = self.with_constant(a, op) {
            let both = match op {
                Op::IAdd | Op::IMul | Op::IAnd | Op::IOr | Op::IXor => evaluate(op, first, c),
                Op::IShl | Op::UShr | Op::SShr => Some((first & 63) + (c & 63)).filter(|&sum| sum < 64),
                _ => None,
            };
            if let Some(both) = both {
                let both = self.new_int(both);
                return self.rewrite(op, &[inner, both], 0);
            }
        }
        match op {
            Op::IAnd if self.unsigned_bits(a) <= (c as u64).trailing_ones() => value(a),
            Op::IAnd if c > 0 && (c as u64 + 1).is_power_of_two() => self.mask(a, c),
            Op::SShr => self.extended_twice(a, c),
            _ => KEEP,
        }
    }

    /// A mask of low bits makes changes of higher ones unnecessary.
    fn mask(&mut self, a: ValueId, c: i64) -> Step {
        let bits = (c as u64).trailing_ones();
        match self.sign_extension(a) {
            Some((x, extended)) if extended >= bits => {
                let mask = self.new_int(c);
                self.rewrite(Op::IAnd, &[x, mask], 0)
            }
            _ => KEEP,
        }
    }

    /// `(a << k) >> k`, where `a` is already so narrow.
    fn extended_twice(&mut self, a: ValueId, c: i64) -> Step {
        let k = c & 63;
        match self.with_constant(a, Op::IShl) {
            Some((x, left)) if left & 63 == k && self.signed_bits(x) <= 64 - k as u32 => value(x),
            Some((x, left)) if left & 63 == k => {
                // Whatever is above the bits that stay does not matter.
                let bits = 64 - k as u32;
                let masked = self.with_constant(x, Op::IAnd).filter(|&(_, m)| m & low_mask(bits) == low_mask(bits));
                let inner = masked.map(|(inner, _)| inner).or_else(|| {
                    let (inner, extended) = self.sign_extension(x)?;
                    (extended >= bits).then_some(inner)
                });
                let Some(inner) = inner else { return KEEP };
                let count = self.new_int(k);
                let shifted = self.new_value(Op::IShl, &[inner, count], 0, Type::I64);
                self.rewrite(Op::SShr, &[shifted, count], 0)
            }
            _ => KEEP,
        }
    }

    /// The value and its number of bits, where `v` is a sign extension by two shifts.
    pub(super) fn sign_extension(&self, v: ValueId) -> Option<(ValueId, u32)> {
        let (shifted, right) = self.with_constant(v, Op::SShr)?;
        let (x, left) = self.with_constant(shifted, Op::IShl)?;
        (left & 63 == right & 63).then_some((x, 64 - (right & 63) as u32))
    }

    /// The value is below two to this power, as an unsigned number.
    pub(super) fn unsigned_bits(&self, v: ValueId) -> u32 {
        let Some(inst) = definition(self.func, v) else { return 64 };
        let args = self.func.args(inst);
        let right = || args.get(1).and_then(|&b| constant(self.func, b));
        match self.func.insts[inst].op {
            Op::IConst => 64 - self.func.insts[inst].imm.leading_zeros(),
            Op::Load32 => 32,
            Op::Load16 => 16,
            Op::Load8 => 8,
            Op::BToI => 1,
            Op::Clz | Op::Ctz | Op::PopCnt => 7,
            Op::UShr => right().map_or(64, |c| 64 - (c & 63) as u32),
            Op::IAnd => right().map_or(64, |c| 64 - c.leading_zeros()),
            _ => 64,
        }
    }

    /// The value is a signed number of so many bits.
    fn signed_bits(&self, v: ValueId) -> u32 {
        let Some(inst) = definition(self.func, v) else { return 64 };
        let right = || self.func.args(inst).get(1).and_then(|&b| constant(self.func, b));
        match self.func.insts[inst].op {
            Op::IConst => {
                let c = self.func.insts[inst].imm as i64;
                65 - if c < 0 { c.leading_ones() } else { c.leading_zeros() }
            }
            Op::LoadS32 => 32,
            Op::LoadS16 => 16,
            Op::LoadS8 => 8,
            Op::SShr => right().map_or(64, |c| 64 - (c & 63) as u32),
            _ => (self.unsigned_bits(v) + 1).min(64),
        }
    }

    pub(super) fn overflowing(&mut self, op: Op) -> Step {
        let [a, b] = [self.arg(0), self.arg(1)];
        let never = |rule: &mut Self, v: ValueId| {
            let no = rule.new_bit(false);
            Step::Done(Outcome::Pair(v, no))
        };
        match (constant(self.func, a), constant(self.func, b)) {
            (Some(x), Some(y)) => {
                let (r, o) = overflow_of(op, x, y);
                let (r, o) = (self.new_int(r), self.new_bit(o));
                Step::Done(Outcome::Pair(r, o))
            }
            (Some(_), None) if commutes(op) => self.rewrite(op, &[b, a], 0),
            (None, Some(0)) if !matches!(op, Op::IMulOf | Op::UMulOf) => never(self, a),
            (None, Some(1)) if matches!(op, Op::IMulOf | Op::UMulOf) => never(self, a),
            (None, Some(0)) => never(self, b),
            _ if a == b && matches!(op, Op::ISubOf | Op::USubOf) => {
                let zero = self.new_int(0);
                never(self, zero)
            }
            _ => KEEP,
        }
    }

    pub(super) fn bit_count(&mut self, op: Op) -> Step {
        let Some(c) = constant(self.func, self.arg(0)) else { return KEEP };
        self.int(match op {
            Op::Clz => i64::from(c.leading_zeros()),
            Op::Ctz => i64::from(c.trailing_zeros()),
            Op::PopCnt => i64::from(c.count_ones()),
            _ => c.swap_bytes(),
        })
    }
}
