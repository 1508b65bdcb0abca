//! The 64-bit value word.
//!
//! ```text
//! …………………1   63-bit two's complement integer, value << 1 | 1
//! ………………10   double with a common exponent, bits rotated left by 3 (Ruby's flonum)
//! ………………100   reserved constant: None, False, True, …
//! ………………000   pointer to an object header, 8-byte aligned, never null
//! ```
//!
//! The flonum scheme: a double whose exponent bits 62..60 are `011` or `100` (magnitudes of about
//! 1e-77 to 1e77) loses no information when those three bits are replaced by the tag, because bit 62
//! decides the other two. `+0.0` has a word of its own; `-0.0`, tiny, huge and non-finite doubles are
//! boxed.

use crate::layout::Header;

/// A value: small integer, double, constant or object pointer. Copying a word copies no reference;
/// who owns what is said by the function that takes or returns it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Word(pub u64);

const _: () = assert!(size_of::<Word>() == 8);

/// Word of `+0.0`, the only flonum that is not a rotation of its bits.
pub const FLONUM_ZERO: u64 = 0x8000_0000_0000_0002;

impl Word {
    /// The `None` object.
    pub const NONE: Word = Word(0x04);
    pub const FALSE: Word = Word(0x0c);
    pub const TRUE: Word = Word(0x14);
    pub const NOT_IMPLEMENTED: Word = Word(0x1c);
    pub const ELLIPSIS: Word = Word(0x24);
    /// No value: an unbound name, an empty slot, an exhausted iterator. Never visible to programs.
    pub const UNBOUND: Word = Word(0x2c);

    /// Smallest and largest integers held inline.
    pub const MIN_SMALL: i64 = -(1 << 62);
    pub const MAX_SMALL: i64 = (1 << 62) - 1;

    #[inline(always)]
    pub const fn from_bool(b: bool) -> Word {
        if b { Word::TRUE } else { Word::FALSE }
    }

    /// The word of `v`, or `None` when it needs more than 63 bits.
    #[inline(always)]
    pub const fn try_small(v: i64) -> Option<Word> {
        if v >= Word::MIN_SMALL && v <= Word::MAX_SMALL { Some(Word::small(v)) } else { None }
    }

    /// The word of `v`, which must lie in `MIN_SMALL..=MAX_SMALL`.
    #[inline(always)]
    pub const fn small(v: i64) -> Word {
        debug_assert!(v >= Word::MIN_SMALL && v <= Word::MAX_SMALL);
        Word(((v as u64) << 1) | 1)
    }

    #[inline(always)]
    pub const fn is_small(self) -> bool {
        self.0 & 1 == 1
    }

    /// The integer of a word for which [`Word::is_small`] holds.
    #[inline(always)]
    pub const fn as_small(self) -> i64 {
        (self.0 as i64) >> 1
    }

    #[inline(always)]
    pub const fn to_small(self) -> Option<i64> {
        if self.is_small() { Some(self.as_small()) } else { None }
    }

    #[inline(always)]
    pub const fn is_flonum(self) -> bool {
        self.0 & 3 == 2
    }

    /// The word of `v` if its exponent is in the common range (or it is `+0.0`).
    #[inline(always)]
    pub const fn try_flonum(v: f64) -> Option<Word> {
        let bits = v.to_bits();
        let top = (bits >> 60) & 7;
        // 3 = 0b011 and 4 = 0b100 are the two exponent prefixes of the common range; the bit pattern
        // 0x3000… would collide with the word chosen for zero and is boxed.
        if (top == 3 || top == 4) && bits != 0x3000_0000_0000_0000 {
            Some(Word((bits.rotate_left(3) & !3) | 2))
        } else if bits == 0 {
            Some(Word(FLONUM_ZERO))
        } else {
            None
        }
    }

    /// The double of a word for which [`Word::is_flonum`] holds.
    #[inline(always)]
    pub const fn as_flonum(self) -> f64 {
        if self.0 == FLONUM_ZERO {
            return 0.0;
        }
        let b63 = self.0 >> 63;
        f64::from_bits(((2 - b63) | (self.0 & !3)).rotate_right(3))
    }

    /// Whether the word points to an object.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 & 7 == 0
    }

    #[inline(always)]
    pub const fn is_none(self) -> bool {
        self.0 == Word::NONE.0
    }

    #[inline(always)]
    pub const fn is_unbound(self) -> bool {
        self.0 == Word::UNBOUND.0
    }

    #[inline(always)]
    pub const fn is_bool(self) -> bool {
        self.0 == Word::TRUE.0 || self.0 == Word::FALSE.0
    }

    /// The header a pointer word points to. Meaningful only if [`Word::is_object`] holds.
    #[inline(always)]
    pub const fn as_ptr(self) -> *mut Header {
        self.0 as *mut Header
    }

    #[inline(always)]
    pub fn from_ptr<T>(p: *const T) -> Word {
        Word(p as u64)
    }
}

impl core::fmt::Debug for Word {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Word::NONE => f.write_str("None"),
            Word::TRUE => f.write_str("True"),
            Word::FALSE => f.write_str("False"),
            Word::UNBOUND => f.write_str("<unbound>"),
            w if w.is_small() => write!(f, "{}", w.as_small()),
            w if w.is_flonum() => write!(f, "{:?}", w.as_flonum()),
            w => write!(f, "<{:#x}>", w.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_integers_round_trip_at_the_edges() {
        for v in [0, 1, -1, Word::MIN_SMALL, Word::MAX_SMALL] {
            assert_eq!(Word::try_small(v).map(Word::as_small), Some(v));
        }
        assert_eq!(Word::try_small(Word::MAX_SMALL + 1), None);
        assert_eq!(Word::try_small(Word::MIN_SMALL - 1), None);
    }

    #[test]
    fn flonums_are_exact_and_the_rest_is_refused() {
        for v in [0.0, 1.0, -1.0, 1.5e-70, -3.25e70, core::f64::consts::PI, 2.0_f64.powi(-254)] {
            let w = Word::try_flonum(v).expect("in the common range");
            assert!(w.is_flonum());
            assert_eq!(w.as_flonum().to_bits(), v.to_bits());
        }
        for v in [-0.0, f64::NAN, f64::INFINITY, 1e300, 1e-300, f64::from_bits(0x3000_0000_0000_0000)] {
            assert!(Word::try_flonum(v).is_none(), "{v:?}");
        }
    }
}
