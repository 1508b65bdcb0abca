//! Complex numbers: arithmetic, text and parsing.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use molt_abi::{ClassId, Word};

use super::{float, float_text, int};
use crate::layouts::ComplexObj;
use crate::num::c_math;
use crate::{Isolate, Owned, PyResult};

/// Real and imaginary part.
pub type Pair = (f64, f64);

/// Value of a complex object; `None` for other types.
pub fn of(rt: &Isolate, w: Word) -> Option<Pair> {
    (w.is_object() && rt.is_instance(w, ClassId::COMPLEX)).then(|| of_complex(w))
}

/// Value of an object known to be complex.
pub fn of_complex(w: Word) -> Pair {
    // SAFETY: the caller says that this is a complex number, which has this layout.
    unsafe {
        let p = w.as_ptr().cast::<ComplexObj>();
        ((*p).re, (*p).im)
    }
}

pub fn new(rt: &mut Isolate, value: Pair) -> Owned {
    let p = rt.alloc_object(ClassId::COMPLEX, size_of::<ComplexObj>()).cast::<ComplexObj>();
    // SAFETY: `alloc_object` gave room for a ComplexObj with the header written.
    unsafe { fill(p, value) }
}

pub fn new_of_class(rt: &mut Isolate, class: ClassId, value: Pair) -> Owned {
    if class == ClassId::COMPLEX {
        return new(rt, value);
    }
    let p = rt.alloc_instance(class).cast::<ComplexObj>();
    // SAFETY: instances of complex subclasses start with a ComplexObj.
    unsafe { fill(p, value) }
}

unsafe fn fill(p: *mut ComplexObj, value: Pair) -> Owned {
    // SAFETY: the caller passes a fresh object with one reference.
    unsafe {
        (*p).re = value.0;
        (*p).im = value.1;
        Owned::from_word(Word::from_ptr(p))
    }
}

pub fn mul(a: Pair, b: Pair) -> Pair {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// `a / b` by Smith's method; `None` for a zero divisor.
pub fn div(a: Pair, b: Pair) -> Option<Pair> {
    let (re, im) = (b.0.abs(), b.1.abs());
    if re >= im {
        if re == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let denominator = b.0 + b.1 * ratio;
        return Some(((a.0 + a.1 * ratio) / denominator, (a.1 - a.0 * ratio) / denominator));
    }
    if im >= re {
        let ratio = b.0 / b.1;
        let denominator = b.0 * ratio + b.1;
        return Some(((a.0 * ratio + a.1) / denominator, (a.1 * ratio - a.0) / denominator));
    }
    Some((f64::NAN, f64::NAN))
}

/// `a ** b`.
pub fn pow(rt: &mut Isolate, a: Pair, b: Pair) -> PyResult {
    if b.1 == 0.0 && c_math::fract(b.0) == 0.0 && b.0.abs() <= 100.0 {
        if a == (0.0, 0.0) && b.0 < 0.0 {
            return Err(rt.zero_division_error("0.0 to a negative or complex power"));
        }
        return finish_pow(rt, integer_pow(a, b.0 as i64), a, b);
    }
    if a == (0.0, 0.0) {
        if b.1 != 0.0 || b.0 < 0.0 {
            return Err(rt.zero_division_error("0.0 to a negative or complex power"));
        }
        return Ok(new(rt, (0.0, 0.0)));
    }
    let magnitude = c_math::hypot(a.0, a.1);
    let mut length = c_math::powf(magnitude, b.0);
    let angle = c_math::atan2(a.1, a.0);
    let mut phase = angle * b.0;
    if b.1 != 0.0 {
        length *= c_math::exp(-angle * b.1);
        phase += b.1 * c_math::ln(magnitude);
    }
    finish_pow(rt, (length * c_math::cos(phase), length * c_math::sin(phase)), a, b)
}

fn finish_pow(rt: &mut Isolate, v: Pair, a: Pair, b: Pair) -> PyResult {
    let finite = |p: Pair| p.0.is_finite() && p.1.is_finite();
    if (v.0.is_infinite() || v.1.is_infinite()) && finite(a) && finite(b) {
        return Err(rt.overflow_error("complex exponentiation"));
    }
    Ok(new(rt, v))
}

fn integer_pow(a: Pair, n: i64) -> Pair {
    let (mut result, mut base, mut rest) = ((1.0, 0.0), a, n.unsigned_abs());
    while rest > 0 {
        if rest & 1 == 1 {
            result = mul(result, base);
        }
        base = mul(base, base);
        rest >>= 1;
    }
    if n < 0 { div((1.0, 0.0), result).unwrap_or((f64::NAN, f64::NAN)) } else { result }
}

/// `abs(c)`.
pub fn abs(rt: &mut Isolate, c: Pair) -> PyResult {
    let v = if c.0.is_infinite() || c.1.is_infinite() { f64::INFINITY } else { c_math::hypot(c.0, c.1) };
    if v.is_infinite() && c.0.is_finite() && c.1.is_finite() {
        return Err(rt.overflow_error("absolute value too large"));
    }
    Ok(rt.new_float(v))
}

/// `a == b` of numbers at least one of which is complex; `None` for other types.
pub fn equal(rt: &Isolate, a: Word, b: Word) -> Option<bool> {
    match (of(rt, a), of(rt, b)) {
        (Some(x), Some(y)) => Some(x == y),
        (Some(x), None) => equal_real(rt, x, b),
        (None, Some(y)) => equal_real(rt, y, a),
        (None, None) => None,
    }
}

fn equal_real(rt: &Isolate, c: Pair, real: Word) -> Option<bool> {
    if let Some(i) = int::of(rt, real) {
        return Some(c.1 == 0.0 && int::compare_f64(i, c.0) == Some(Ordering::Equal));
    }
    float::of(rt, real).map(|f| c == (f, 0.0))
}

pub fn hash(c: Pair) -> i64 {
    let h = (float::hash(c.0) as u64).wrapping_add(1_000_003u64.wrapping_mul(float::hash(c.1) as u64)) as i64;
    if h == -1 { -2 } else { h }
}

/// `repr(c)`.
pub fn repr(c: Pair) -> String {
    let mut out = Vec::new();
    if c.0 == 0.0 && c.0.is_sign_positive() {
        float_text::write_shortest(&mut out, c.1, false);
        out.push(b'j');
    } else {
        out.push(b'(');
        float_text::write_shortest(&mut out, c.0, false);
        if c.1.is_nan() || c.1.is_sign_positive() {
            out.push(b'+');
        }
        float_text::write_shortest(&mut out, c.1, false);
        out.extend_from_slice(b"j)");
    }
    String::from_utf8(out).expect("number text is ASCII")
}

/// Parses `complex(text)`.
pub fn parse(text: &[u8]) -> Option<Pair> {
    let text = super::int_text::trim_ascii_space(text);
    let text = match text {
        [b'(', inner @ .., b')'] => super::int_text::trim_ascii_space(inner),
        _ => text,
    };
    let cleaned = float_text::without_underscores(text)?;
    let text = core::str::from_utf8(&cleaned).ok()?;
    let (first, used) = float_prefix(text);
    if let Some(re) = first {
        let rest = &text[used..];
        match rest.as_bytes() {
            [] => return Some((re, 0.0)),
            [b'j' | b'J'] => return Some((0.0, re)),
            [b'+' | b'-', ..] => {
                let im = imaginary(rest)?;
                return Some((re, im));
            }
            _ => return None,
        }
    }
    imaginary(text).map(|im| (0.0, im))
}

/// `[sign][number]j`, the number being 1 when absent.
fn imaginary(text: &str) -> Option<f64> {
    let body = text.strip_suffix(['j', 'J'])?;
    match body {
        "" | "+" => Some(1.0),
        "-" => Some(-1.0),
        _ => {
            let (v, used) = float_prefix(body);
            v.filter(|_| used == body.len())
        }
    }
}

/// Longest prefix that is a float.
fn float_prefix(text: &str) -> (Option<f64>, usize) {
    let b = text.as_bytes();
    let mut i = usize::from(matches!(b.first(), Some(b'+' | b'-')));
    let lower = text[i..].to_ascii_lowercase();
    for word in ["infinity", "inf", "nan"] {
        if lower.starts_with(word) {
            i += word.len();
            return (text[..i].parse().ok(), i);
        }
    }
    let digits = |mut at: usize| {
        let from = at;
        while b.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at, at - from)
    };
    let (after, whole) = digits(i);
    i = after;
    let mut fraction = 0;
    if b.get(i) == Some(&b'.') {
        let (after, count) = digits(i + 1);
        fraction = count;
        if whole + count > 0 {
            i = after;
        }
    }
    if whole + fraction == 0 {
        return (None, 0);
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(i + 1), Some(b'+' | b'-')));
        let (after, count) = digits(i + 1 + sign);
        if count > 0 {
            i = after;
        }
    }
    (text[..i].parse().ok(), i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_as_in_cpython() {
        assert_eq!(repr((1.0, 2.0)), "(1+2j)");
        assert_eq!(repr((0.0, -1.5)), "-1.5j");
        assert_eq!(repr((-0.0, 1.0)), "(-0+1j)");
        assert_eq!(repr((1e20, f64::NAN)), "(1e+20+nanj)");
        assert_eq!(parse(b" ( 1+2j ) "), Some((1.0, 2.0)));
        assert_eq!(parse(b"-j"), Some((0.0, -1.0)));
        assert_eq!(parse(b"1e3-.5j"), Some((1000.0, -0.5)));
        assert_eq!(parse(b"infj"), Some((0.0, f64::INFINITY)));
        for bad in ["", "1+", "1 + 2j", "1+2", "j1", "1j2", "(1"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
