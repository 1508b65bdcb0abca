//! Sets of 64-bit integers, described by a signed and an unsigned interval that both contain them.

use molt_ir::{IntCond, Op};

/// Never empty: what would make it so is not applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    pub smin: i64,
    pub smax: i64,
    pub umin: u64,
    pub umax: u64,
}

impl Interval {
    pub const FULL: Interval = Interval { smin: i64::MIN, smax: i64::MAX, umin: 0, umax: u64::MAX };

    pub fn of(c: i64) -> Interval {
        Interval { smin: c, smax: c, umin: c as u64, umax: c as u64 }
    }

    pub fn signed(smin: i64, smax: i64) -> Interval {
        Interval { smin, smax, ..Interval::FULL }.settled()
    }

    pub fn unsigned(umin: u64, umax: u64) -> Interval {
        Interval { umin, umax, ..Interval::FULL }.settled()
    }

    /// Integers from `low` to `high`, modulo 2^64.
    pub fn of_wide(low: i128, high: i128) -> Interval {
        let mut r = Interval::FULL;
        if low >= i128::from(i64::MIN) && high <= i128::from(i64::MAX) {
            (r.smin, r.smax) = (low as i64, high as i64);
        }
        if low >= 0 && high <= i128::from(u64::MAX) {
            (r.umin, r.umax) = (low as u64, high as u64);
        }
        r.settled()
    }

    /// The only number in it.
    pub fn single(self) -> Option<i64> {
        (self.smin == self.smax).then_some(self.smin)
    }

    /// Lets each interval say what it knows to the other.
    fn settled(mut self) -> Interval {
        // Numbers on one side of zero are in the same order with and without a sign.
        for _ in 0..2 {
            if self.smin >= 0 || self.smax < 0 {
                self.umin = self.umin.max(self.smin as u64);
                self.umax = self.umax.min(self.smax as u64);
            }
            if self.umax <= i64::MAX as u64 || self.umin > i64::MAX as u64 {
                self.smin = self.smin.max(self.umin as i64);
                self.smax = self.smax.min(self.umax as i64);
            }
        }
        self
    }

    pub fn join(self, other: Interval) -> Interval {
        Interval {
            smin: self.smin.min(other.smin),
            smax: self.smax.max(other.smax),
            umin: self.umin.min(other.umin),
            umax: self.umax.max(other.umax),
        }
    }

    /// Numbers in both; `None` if there are none.
    pub fn meet(self, other: Interval) -> Option<Interval> {
        let r = Interval {
            smin: self.smin.max(other.smin),
            smax: self.smax.min(other.smax),
            umin: self.umin.max(other.umin),
            umax: self.umax.min(other.umax),
        };
        if r.smin > r.smax || r.umin > r.umax {
            return None;
        }
        let r = r.settled();
        (r.smin <= r.smax && r.umin <= r.umax).then_some(r)
    }

    pub fn contains(self, other: Interval) -> bool {
        self.join(other) == self
    }

    /// Goes to the end of the numbers where it grew, so that it does not grow for long.
    pub fn widened(self, grown: Interval) -> Interval {
        Interval {
            smin: match grown.smin {
                m if m >= self.smin => self.smin,
                m if m >= 0 => 0,
                _ => i64::MIN,
            },
            smax: if grown.smax > self.smax { i64::MAX } else { self.smax },
            umin: if grown.umin < self.umin { 0 } else { self.umin },
            umax: match grown.umax {
                m if m <= self.umax => self.umax,
                m if m <= i64::MAX as u64 => i64::MAX as u64,
                _ => u64::MAX,
            },
        }
        .settled()
    }

    fn wide(self) -> (i128, i128) {
        (i128::from(self.smin), i128::from(self.smax))
    }

    fn wide_unsigned(self) -> (i128, i128) {
        (i128::from(self.umin), i128::from(self.umax))
    }
}

/// Exact results, without wrapping, of an addition, subtraction or multiplication: as signed and as unsigned numbers.
pub fn exact(op: Op, a: Interval, b: Interval) -> [(i128, i128); 2] {
    let on = |(al, ah): (i128, i128), (bl, bh): (i128, i128)| match op {
        Op::IAdd | Op::IAddOf | Op::UAddOf => (al + bl, ah + bh),
        Op::ISub | Op::ISubOf | Op::USubOf => (al - bh, ah - bl),
        _ => {
            // Products of unsigned numbers may exceed even this; then they are far out of range anyway.
            let corners = [(al, bl), (al, bh), (ah, bl), (ah, bh)].map(|(x, y)| x.saturating_mul(y));
            let least = corners.into_iter().fold(i128::MAX, i128::min);
            (least, corners.into_iter().fold(i128::MIN, i128::max))
        }
    };
    [on(a.wide(), b.wide()), on(a.wide_unsigned(), b.wide_unsigned())]
}

/// Results of a binary op.
pub fn binary(op: Op, a: Interval, b: Interval) -> Interval {
    match op {
        Op::IAdd
        | Op::ISub
        | Op::IMul
        | Op::IAddOf
        | Op::ISubOf
        | Op::IMulOf
        | Op::UAddOf
        | Op::USubOf
        | Op::UMulOf => {
            let [(sl, sh), (ul, uh)] = exact(op, a, b);
            let (s, u) = (Interval::of_wide(sl, sh), Interval::of_wide(ul, uh));
            s.meet(u).unwrap_or(s)
        }
        Op::IAnd => Interval::unsigned(0, a.umax.min(b.umax)),
        Op::IOr => Interval::unsigned(a.umin.max(b.umin), ones(a.umax | b.umax)),
        Op::IXor => Interval::unsigned(0, ones(a.umax | b.umax)),
        Op::IShl => match b.single() {
            Some(c) if a.umax.leading_zeros() > (c & 63) as u32 => {
                Interval::unsigned(a.umin << (c & 63), a.umax << (c & 63))
            }
            _ => Interval::FULL,
        },
        Op::UShr => match b.single() {
            Some(c) => Interval::unsigned(a.umin >> (c & 63), a.umax >> (c & 63)),
            None => Interval::unsigned(0, a.umax),
        },
        Op::SShr => match b.single() {
            Some(c) => Interval::signed(a.smin >> (c & 63), a.smax >> (c & 63)),
            None => Interval::signed(a.smin.min(0), a.smax.max(0)),
        },
        Op::UDiv => Interval::unsigned(a.umin / b.umax.max(1), a.umax / b.umin.max(1)),
        Op::URem => Interval::unsigned(0, a.umax.min(b.umax.saturating_sub(1))),
        Op::SDiv if a.smin >= 0 && b.smin > 0 => Interval::signed(a.smin / b.smax, a.smax / b.smin),
        Op::SRem => {
            // The remainder is less than the divisor's size, which for the least number is not an `i64`.
            let size = b.smax.unsigned_abs().max(b.smin.unsigned_abs());
            let most = size.saturating_sub(1) as i64;
            let low = if a.smin >= 0 { 0 } else { a.smin.max(-most) };
            let high = if a.smax <= 0 { 0 } else { a.smax.min(most) };
            Interval::signed(low, high)
        }
        _ => Interval::FULL,
    }
}

/// All ones below and at the highest one.
fn ones(x: u64) -> u64 {
    u64::MAX.checked_shr(x.leading_zeros()).unwrap_or(0)
}

/// Whether a comparison holds for all numbers, or for none.
pub fn decide(cond: IntCond, a: Interval, b: Interval) -> Option<bool> {
    let (yes, no) = match cond {
        IntCond::Slt => (a.smax < b.smin, a.smin >= b.smax),
        IntCond::Sle => (a.smax <= b.smin, a.smin > b.smax),
        IntCond::Sgt => (a.smin > b.smax, a.smax <= b.smin),
        IntCond::Sge => (a.smin >= b.smax, a.smax < b.smin),
        IntCond::Ult => (a.umax < b.umin, a.umin >= b.umax),
        IntCond::Ule => (a.umax <= b.umin, a.umin > b.umax),
        IntCond::Ugt => (a.umin > b.umax, a.umax <= b.umin),
        IntCond::Uge => (a.umin >= b.umax, a.umax < b.umin),
        IntCond::Eq | IntCond::Ne => {
            let same = a.single().is_some() && a.single() == b.single();
            let apart = a.meet(b).is_none();
            if cond == IntCond::Eq { (same, apart) } else { (apart, same) }
        }
    };
    match (yes, no) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What is left of the first set if the comparison holds with some number of the second; `None` if nothing.
pub fn where_holds(cond: IntCond, a: Interval, b: Interval) -> Option<Interval> {
    let full = Interval::FULL;
    let limit = match cond {
        IntCond::Eq => b,
        IntCond::Ne => return without(a, b),
        IntCond::Slt => Interval { smax: b.smax.checked_sub(1)?, ..full },
        IntCond::Sle => Interval { smax: b.smax, ..full },
        IntCond::Sgt => Interval { smin: b.smin.checked_add(1)?, ..full },
        IntCond::Sge => Interval { smin: b.smin, ..full },
        IntCond::Ult => Interval { umax: b.umax.checked_sub(1)?, ..full },
        IntCond::Ule => Interval { umax: b.umax, ..full },
        IntCond::Ugt => Interval { umin: b.umin.checked_add(1)?, ..full },
        IntCond::Uge => Interval { umin: b.umin, ..full },
    };
    a.meet(limit.settled())
}

/// Takes a number off the ends.
fn without(a: Interval, b: Interval) -> Option<Interval> {
    let Some(c) = b.single() else { return Some(a) };
    let mut limit = a;
    if a.smin == c {
        limit.smin = c.checked_add(1)?;
    }
    if a.smax == c {
        limit.smax = c.checked_sub(1)?;
    }
    if a.umin == c as u64 {
        limit.umin = (c as u64).checked_add(1)?;
    }
    if a.umax == c as u64 {
        limit.umax = (c as u64).checked_sub(1)?;
    }
    if limit.smin > limit.smax || limit.umin > limit.umax {
        return None;
    }
    a.meet(limit.settled())
}
