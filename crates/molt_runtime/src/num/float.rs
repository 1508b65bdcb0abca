//! Arithmetic of doubles with Python's rules.

use alloc::format;
use dashu_int::IBig;
use molt_abi::{ClassId, Word};

use super::int::{self, IntRef};
use crate::layouts::FloatObj;
use crate::num::c_math;
use crate::{Isolate, Owned, PyResult, exc};

pub use super::float_text::repr;

/// Value of a float object (or flonum); `None` for other types.
#[inline]
pub fn of(rt: &Isolate, w: Word) -> Option<f64> {
    if w.is_flonum() {
        return Some(w.as_flonum());
    }
    if w.is_object() && rt.is_float(w) {
        return Some(of_float(w));
    }
    None
}

/// Value of an object known to be a float.
#[inline]
pub fn of_float(w: Word) -> f64 {
    if w.is_flonum() {
        return w.as_flonum();
    }
    // SAFETY: the caller says that this is a float, and heap floats have this layout.
    unsafe { (*w.as_ptr().cast::<FloatObj>()).value }
}

/// Instance of `class` (a subclass of float).
pub fn new_of_class(rt: &mut Isolate, class: ClassId, value: f64) -> Owned {
    let p = rt.alloc_instance(class).cast::<FloatObj>();
    // SAFETY: instances of float subclasses start with a FloatObj.
    unsafe {
        (*p).value = value;
        Owned::from_word(Word::from_ptr(p))
    }
}

/// `a % b`; `b` is not zero.
pub fn modulo(a: f64, b: f64) -> f64 {
    let m = a % b;
    if m == 0.0 {
        return 0.0f64.copysign(b);
    }
    if (b < 0.0) != (m < 0.0) { m + b } else { m }
}

/// `(a // b, a % b)`; `b` is not zero.
pub fn divmod(a: f64, b: f64) -> (f64, f64) {
    let mut m = a % b;
    let mut quotient = (a - m) / b;
    if m != 0.0 {
        if (b < 0.0) != (m < 0.0) {
            m += b;
            quotient -= 1.0;
        }
    } else {
        m = 0.0f64.copysign(b);
    }
    if quotient == 0.0 {
        return (0.0f64.copysign(a / b), m);
    }
    let floor = c_math::floor(quotient);
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, m)
}

/// `a // b`; `b` is not zero.
pub fn floordiv(a: f64, b: f64) -> f64 {
    divmod(a, b).0
}

/// `a ** b`: a complex for a negative base with a fractional exponent.
pub fn pow(rt: &mut Isolate, a: f64, b: f64) -> PyResult {
    if a == 0.0 && b < 0.0 {
        return Err(rt.zero_division_error("0.0 cannot be raised to a negative power"));
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && c_math::fract(b) != 0.0 {
        return super::complex::pow(rt, (a, 0.0), (b, 0.0));
    }
    let v = c_math::powf(a, b);
    if v.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(out_of_range(rt));
    }
    Ok(rt.new_float(v))
}

/// OverflowError with the C library's number and text for ERANGE.
pub fn out_of_range(rt: &mut Isolate) -> crate::Raised {
    let text = rt.new_str("Numerical result out of range");
    rt.raise_args(exc::OVERFLOW_ERROR, &[Word::small(34), text.word()])
}

/// Hash of a double: equal numbers have equal hashes whatever their type. 0 for NaN.
pub fn hash(v: f64) -> i64 {
    if v.is_nan() {
        return 0;
    }
    if v.is_infinite() {
        return if v > 0.0 { 314_159 } else { -314_159 };
    }
    if c_math::fract(v) == 0.0 && v.abs() < 9.0e18 {
        return int::hash_of(IntRef::Small(v as i64));
    }
    let (m, exponent) = decompose(v.abs());
    // 2^61 is 1 modulo the prime 2^61 - 1, so that a power of two is a rotation of 61 bits.
    let turn = exponent.rem_euclid(61) as u32;
    let m = m % int::HASH_MODULUS;
    let h = ((m << turn) & int::HASH_MODULUS) | (m >> (61 - turn));
    let h = if h == int::HASH_MODULUS { 0 } else { h as i64 };
    let h = if v < 0.0 { -h } else { h };
    if h == -1 { -2 } else { h }
}

/// Integer mantissa and binary exponent of a finite non-negative double.
fn decompose(v: f64) -> (u64, i64) {
    let bits = v.to_bits();
    let (biased, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
    if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) }
}

/// Numerator and denominator in lowest terms of a finite double.
pub fn integer_ratio(v: f64) -> (IBig, IBig) {
    let (m, exponent) = decompose(v.abs());
    let zeros = i64::from(m.trailing_zeros().min(63));
    let (m, exponent) = if m == 0 { (0, 0) } else { (m >> zeros, exponent + zeros) };
    let m = IBig::from(m) * if v < 0.0 { -1 } else { 1 };
    if exponent >= 0 { (m << exponent as usize, IBig::from(1)) } else { (m, IBig::from(1) << (-exponent) as usize) }
}

/// `round(v, digits)`; `None` when the result is too large.
pub fn round_digits(v: f64, digits: i64) -> Option<f64> {
    if !v.is_finite() || v == 0.0 || digits > 323 {
        return Some(v);
    }
    if digits < -308 {
        return Some(0.0f64.copysign(v));
    }
    if digits >= 0 {
        if let Some(r) = super::float_decimal::round(v, digits as usize) {
            return Some(r);
        }
        return format!("{v:.*}", digits as usize).parse().ok().filter(|r: &f64| r.is_finite());
    }
    let unit = IBig::from(10).pow((-digits) as usize);
    let whole = int::f64_to_big(v.abs());
    let (q, r) = int::floor_div_rem_big(&whole, &unit);
    let twice: IBig = &r * 2;
    let odd = dashu_int::ops::BitTest::bit(&q, 0);
    let up = twice > unit || (twice == unit && (c_math::fract(v) != 0.0 || odd));
    let rounded = (if up { q + 1 } else { q }) * unit;
    int::big_to_f64(&rounded).map(|r| r.copysign(v))
}

/// `float(text)` where `shown` is the object for the error message.
pub fn parse(rt: &mut Isolate, text: &[u8], is_ascii: bool, shown: Word) -> PyResult<f64> {
    let parsed = if is_ascii {
        super::float_text::parse(text)
    } else {
        super::float_text::parse(&super::int_text::to_ascii_digits(text))
    };
    match parsed {
        Some(v) => Ok(v),
        None => {
            let repr = rt.repr_text(shown)?;
            Err(rt.value_error(format!("could not convert string to float: {repr}")))
        }
    }
}

/// Integer object of a double after truncation; errors for non-finite values.
pub fn to_int(rt: &mut Isolate, v: f64) -> PyResult {
    if v.is_nan() {
        return Err(rt.value_error("cannot convert float NaN to integer"));
    }
    if v.is_infinite() {
        return Err(rt.overflow_error("cannot convert float infinity to integer"));
    }
    Ok(int::from_f64(rt, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_cpython() {
        assert_eq!(hash(0.5), 1_152_921_504_606_846_976);
        assert_eq!(hash(0.1), 230_584_300_921_369_408);
        assert_eq!(hash(-1.0), -2);
        assert_eq!(hash(1e300), 1_224_995_262_755_759_164);
        assert_eq!(hash(-3.75e-200), -959_803_231_039_521_135);
    }

    #[test]
    fn rounding_is_exact_in_decimal() {
        assert_eq!(round_digits(2.675, 2), Some(2.67));
        assert_eq!(round_digits(1234.5, -2), Some(1200.0));
        assert_eq!(round_digits(250.0, -2), Some(200.0));
        assert_eq!(round_digits(250.1, -2), Some(300.0));
        assert_eq!(round_digits(-0.4, 0).map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert_eq!(round_digits(1.7e308, -308), None);
    }

    #[test]
    fn floor_division_and_modulo_agree_with_cpython() {
        assert_eq!(divmod(-7.5, 2.0), (-4.0, 0.5));
        assert_eq!(divmod(7.5, -2.0), (-4.0, -0.5));
        assert_eq!(divmod(1.0, 0.1), (9.0, 0.09999999999999995));
        assert_eq!(modulo(-1e-20, 3.0), 3.0);
        assert_eq!(modulo(5.0, f64::NEG_INFINITY), f64::NEG_INFINITY);
    }
}
