//! Integer arithmetic over inline words and big integers.
//!
//! Functions that take `IntRef` cannot fail for want of type; [`of`] makes one from any `int`, `bool` or
//! instance of a subclass.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use dashu_int::ops::{Abs, BitTest, DivRem, UnsignedAbs};
use dashu_int::{IBig, Sign, UBig};
use molt_abi::{ClassId, Word};

use crate::layouts::IntObj;
use crate::{Isolate, Owned, PyResult, exc};

/// Value of an integer object.
#[derive(Clone, Copy)]
pub enum IntRef<'a> {
    Small(i64),
    Big(&'a IBig),
}

use IntRef::{Big, Small};

impl<'a> IntRef<'a> {
    /// As a big integer, borrowed when it is one.
    pub fn to_big(self) -> Cow<'a, IBig> {
        match self {
            Small(v) => Cow::Owned(IBig::from(v)),
            Big(b) => Cow::Borrowed(b),
        }
    }

    pub fn is_negative(self) -> bool {
        match self {
            Small(v) => v < 0,
            Big(b) => b.sign() == Sign::Negative,
        }
    }

    pub fn is_zero(self) -> bool {
        match self {
            Small(v) => v == 0,
            Big(b) => b.is_zero(),
        }
    }

    /// The value if it fits 64 bits.
    pub fn to_i64(self) -> Option<i64> {
        match self {
            Small(v) => Some(v),
            Big(b) => i64::try_from(b).ok(),
        }
    }
}

/// Value of any integer object, or `None` for other types.
#[inline]
pub fn of<'a>(rt: &Isolate, w: Word) -> Option<IntRef<'a>> {
    if w.is_small() {
        return Some(Small(w.as_small()));
    }
    if w.is_bool() {
        return Some(Small(i64::from(w == Word::TRUE)));
    }
    if w.is_object() && rt.is_int(w) {
        return Some(of_int(w));
    }
    None
}

/// Value of an object known to be an integer.
#[inline]
pub fn of_int<'a>(w: Word) -> IntRef<'a> {
    if w.is_small() {
        return Small(w.as_small());
    }
    if w.is_bool() {
        return Small(i64::from(w == Word::TRUE));
    }
    // SAFETY: the caller says that this is an int, and heap ints have this layout.
    let big = unsafe { &(*w.as_ptr().cast::<IntObj>()).value };
    match i64::try_from(big) {
        Ok(v) => Small(v),
        Err(_) => Big(big),
    }
}

/// Any 64-bit integer known to be an int, if it fits.
pub fn to_i64(w: Word) -> Option<i64> {
    of_int(w).to_i64()
}

/// Any 128-bit integer known to be an int, if it fits.
pub fn to_i128(w: Word) -> Option<i128> {
    match of_int(w) {
        IntRef::Small(v) => Some(i128::from(v)),
        IntRef::Big(v) => i128::try_from(v).ok(),
    }
}

/// Any unsigned 128-bit integer known to be an int, if it fits.
pub fn to_u128(w: Word) -> Option<u128> {
    match of_int(w) {
        IntRef::Small(v) => u128::try_from(v).ok(),
        IntRef::Big(v) => u128::try_from(v).ok(),
    }
}

/// Object for a 64-bit value outside the inline range.
pub fn from_i64_big(rt: &mut Isolate, v: i64) -> Owned {
    alloc_big(rt, IBig::from(v))
}

fn alloc_big(rt: &mut Isolate, value: IBig) -> Owned {
    let p = rt.alloc_object(ClassId::INT, size_of::<IntObj>()).cast::<IntObj>();
    // SAFETY: `alloc_object` gave room for an IntObj with the header written.
    unsafe {
        (&raw mut (*p).value).write(value);
        Owned::from_word(Word::from_ptr(p))
    }
}

/// Integer object of a value; inline when it fits.
pub fn new(rt: &mut Isolate, value: IBig) -> Owned {
    if let Ok(v) = i64::try_from(&value)
        && let Some(w) = Word::try_small(v)
    {
        return Owned::immediate(w);
    }
    alloc_big(rt, value)
}

/// Integer object of a 64-bit value.
#[inline]
pub fn from_i64(rt: &mut Isolate, v: i64) -> Owned {
    match Word::try_small(v) {
        Some(w) => Owned::immediate(w),
        None => from_i64_big(rt, v),
    }
}

pub fn from_u64(rt: &mut Isolate, v: u64) -> Owned {
    match i64::try_from(v) {
        Ok(v) => from_i64(rt, v),
        Err(_) => new(rt, IBig::from(v)),
    }
}

pub fn from_i128(rt: &mut Isolate, v: i128) -> Owned {
    match i64::try_from(v) {
        Ok(v) => from_i64(rt, v),
        Err(_) => new(rt, IBig::from(v)),
    }
}

pub fn from_u128(rt: &mut Isolate, v: u128) -> Owned {
    match i64::try_from(v) {
        Ok(v) => from_i64(rt, v),
        Err(_) => new(rt, IBig::from(v)),
    }
}

/// Exact integer with the value of `w` (turns bools and subclass instances into plain ints).
pub fn plain(rt: &mut Isolate, w: Word) -> Owned {
    if w.is_small() || rt.class_of(w) == ClassId::INT {
        return Owned::share(w);
    }
    match of_int(w) {
        Small(v) => from_i64(rt, v),
        Big(b) => new(rt, b.clone()),
    }
}

/// Instance of `class` (a subclass of int) with the value of `value`.
pub fn new_of_class(rt: &mut Isolate, class: ClassId, value: Word) -> Owned {
    let big = of_int(value).to_big().into_owned();
    let p = rt.alloc_instance(class).cast::<IntObj>();
    // SAFETY: instances of int subclasses start with an IntObj.
    unsafe {
        (&raw mut (*p).value).write(big);
        Owned::from_word(Word::from_ptr(p))
    }
}

/// Integer of decimal digits (a literal of the program; no length limit).
pub fn from_digits(rt: &mut Isolate, digits: &[u8]) -> Owned {
    let text = core::str::from_utf8(digits).expect("digits are ASCII");
    let value = IBig::from_str_radix(text, 10).expect("the compiler checked the literal");
    new(rt, value)
}

pub fn add(rt: &mut Isolate, a: IntRef, b: IntRef) -> Owned {
    match (a, b) {
        (Small(x), Small(y)) => match x.checked_add(y) {
            Some(v) => from_i64(rt, v),
            None => from_i128(rt, i128::from(x) + i128::from(y)),
        },
        (Big(x), Small(y)) | (Small(y), Big(x)) => new(rt, x + y),
        (Big(x), Big(y)) => new(rt, x + y),
    }
}

pub fn sub(rt: &mut Isolate, a: IntRef, b: IntRef) -> Owned {
    match (a, b) {
        (Small(x), Small(y)) => match x.checked_sub(y) {
            Some(v) => from_i64(rt, v),
            None => from_i128(rt, i128::from(x) - i128::from(y)),
        },
        (Big(x), Small(y)) => new(rt, x - y),
        (Small(x), Big(y)) => new(rt, x - y),
        (Big(x), Big(y)) => new(rt, x - y),
    }
}

pub fn mul(rt: &mut Isolate, a: IntRef, b: IntRef) -> Owned {
    match (a, b) {
        (Small(x), Small(y)) => match x.checked_mul(y) {
            Some(v) => from_i64(rt, v),
            None => from_i128(rt, i128::from(x) * i128::from(y)),
        },
        (Big(x), Small(y)) | (Small(y), Big(x)) => new(rt, x * y),
        (Big(x), Big(y)) => {
            if core::ptr::eq(x, y) {
                new(rt, x.sqr().into())
            } else {
                new(rt, x * y)
            }
        }
    }
}

/// Quotient and remainder of floor division; `b` is not zero.
pub fn floor_div_rem_big(a: &IBig, b: &IBig) -> (IBig, IBig) {
    let (q, r) = a.div_rem(b);
    if !r.is_zero() && (r.sign() != b.sign()) { (q - 1, r + b) } else { (q, r) }
}

/// Floor division of 64-bit integers; `None` when the quotient overflows. `b` is not zero.
#[inline]
fn floor_div_rem(a: i64, b: i64) -> Option<(i64, i64)> {
    let (q, r) = (a.checked_div(b)?, a.wrapping_rem(b));
    Some(if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) })
}

pub fn floordiv(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    if b.is_zero() {
        return Err(rt.zero_division_error("integer division or modulo by zero"));
    }
    if let (Small(x), Small(y)) = (a, b)
        && let Some((q, _)) = floor_div_rem(x, y)
    {
        return Ok(from_i64(rt, q));
    }
    let (q, _) = floor_div_rem_big(&a.to_big(), &b.to_big());
    Ok(new(rt, q))
}

pub fn modulo(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    if b.is_zero() {
        return Err(rt.zero_division_error("integer modulo by zero"));
    }
    if let (Small(x), Small(y)) = (a, b) {
        let r = if y == -1 { 0 } else { floor_div_rem(x, y).map_or(0, |p| p.1) };
        return Ok(from_i64(rt, r));
    }
    let (_, r) = floor_div_rem_big(&a.to_big(), &b.to_big());
    Ok(new(rt, r))
}

pub fn divmod(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    if b.is_zero() {
        return Err(rt.zero_division_error("integer division or modulo by zero"));
    }
    let (q, r) = match (a, b) {
        (Small(x), Small(y)) if y != -1 => {
            let (q, r) = floor_div_rem(x, y).expect("only MIN / -1 overflows");
            (from_i64(rt, q), from_i64(rt, r))
        }
        _ => {
            let (q, r) = floor_div_rem_big(&a.to_big(), &b.to_big());
            (new(rt, q), new(rt, r))
        }
    };
    Ok(rt.new_tuple(vec![q, r]))
}

pub fn neg(rt: &mut Isolate, a: IntRef) -> Owned {
    match a {
        Small(v) => from_i128(rt, -i128::from(v)),
        Big(b) => new(rt, -b),
    }
}

pub fn abs(rt: &mut Isolate, a: IntRef) -> Owned {
    match a {
        Small(v) => from_i128(rt, i128::from(v).abs()),
        Big(b) => new(rt, b.clone().abs()),
    }
}

pub fn invert(rt: &mut Isolate, a: IntRef) -> Owned {
    match a {
        Small(v) => from_i64(rt, !v),
        Big(b) => new(rt, !b),
    }
}

/// The bitwise operators.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BitOp {
    And,
    Or,
    Xor,
}

pub fn bitwise(rt: &mut Isolate, op: BitOp, a: IntRef, b: IntRef) -> Owned {
    if let (Small(x), Small(y)) = (a, b) {
        let v = match op {
            BitOp::And => x & y,
            BitOp::Or => x | y,
            BitOp::Xor => x ^ y,
        };
        return from_i64(rt, v);
    }
    let (x, y) = (a.to_big(), b.to_big());
    let v = match op {
        BitOp::And => x.as_ref() & y.as_ref(),
        BitOp::Or => x.as_ref() | y.as_ref(),
        BitOp::Xor => x.as_ref() ^ y.as_ref(),
    };
    new(rt, v)
}

/// Largest shift that is tried: 2^40 bits would not fit memory.
const MAX_SHIFT: i64 = 1 << 40;

pub fn lshift(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    if b.is_negative() {
        return Err(rt.value_error("negative shift count"));
    }
    if a.is_zero() {
        return Ok(Owned::small(0));
    }
    let n = match b.to_i64() {
        Some(n) if n < MAX_SHIFT => n as usize,
        _ => return Err(rt.overflow_error("too many digits in integer")),
    };
    if let Small(v) = a
        && n < 63
        && (v << n) >> n == v
    {
        return Ok(from_i64(rt, v << n));
    }
    rt.check_room(Some(n / 8))?;
    let v = a.to_big().into_owned() << n;
    Ok(new(rt, v))
}

pub fn rshift(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    if b.is_negative() {
        return Err(rt.value_error("negative shift count"));
    }
    let sign_only = if a.is_negative() { -1 } else { 0 };
    let n = match b.to_i64() {
        Some(n) => n as usize,
        None => return Ok(Owned::small(sign_only)),
    };
    match a {
        Small(v) => Ok(from_i64(rt, if n > 63 { sign_only } else { v >> n })),
        // An arithmetic shift is a floor division by a power of two.
        Big(v) => {
            let r = if sign_only == 0 { v >> n } else { !(!v >> n) };
            Ok(new(rt, r))
        }
    }
}

/// `a ** b` of two integers; a negative exponent gives a float.
pub fn pow(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    if b.is_negative() {
        let (x, y) = (to_f64_of(rt, a)?, to_f64_of(rt, b)?);
        return super::float::pow(rt, x, y);
    }
    match (a, b) {
        (_, Small(0)) | (Small(1), _) => return Ok(Owned::small(1)),
        (Small(0), _) => return Ok(Owned::small(0)),
        (Small(-1), _) => {
            let odd = match b {
                Small(n) => n & 1 == 1,
                Big(n) => n.bit(0),
            };
            return Ok(Owned::small(if odd { -1 } else { 1 }));
        }
        (Small(x), Small(n)) => {
            if let Ok(n) = u32::try_from(n)
                && let Some(v) = x.checked_pow(n)
            {
                return Ok(from_i64(rt, v));
            }
        }
        _ => {}
    }
    let Some(n) = b.to_i64().filter(|&n| n < MAX_SHIFT) else {
        return Err(rt.raise_args(exc::MEMORY_ERROR, &[]));
    };
    rt.check_room(bit_length(a).checked_mul(n as usize).map(|bits| bits / 8))?;
    let v = a.to_big().pow(n as usize);
    Ok(new(rt, v))
}

/// `pow(a, b, m)` of three integers.
pub fn pow_mod(rt: &mut Isolate, a: IntRef, b: IntRef, m: IntRef) -> PyResult {
    if m.is_zero() {
        return Err(rt.value_error("pow() 3rd argument cannot be 0"));
    }
    let modulus = m.to_big();
    let magnitude = modulus.as_ref().unsigned_abs();
    if magnitude.is_one() {
        return Ok(Owned::small(0));
    }
    let ring = dashu_int::fast_div::ConstDivisor::new(magnitude.clone());
    let mut base = ring.reduce(a.to_big().into_owned());
    if b.is_negative() {
        base = match base.inv() {
            Some(inverse) => inverse,
            None => return Err(rt.value_error("base is not invertible for the given modulus")),
        };
    }
    let residue = IBig::from(base.pow(&b.to_big().as_ref().unsigned_abs()).residue());
    let result = if m.is_negative() && !residue.is_zero() { residue + modulus.as_ref() } else { residue };
    Ok(new(rt, result))
}

/// `a / b`, correctly rounded.
pub fn truediv(rt: &mut Isolate, a: IntRef, b: IntRef) -> PyResult {
    const EXACT: i64 = 1 << 53;
    if b.is_zero() {
        return Err(rt.zero_division_error("division by zero"));
    }
    if let (Small(x), Small(y)) = (a, b)
        && x.abs() <= EXACT
        && y.abs() <= EXACT
    {
        return Ok(rt.new_float(x as f64 / y as f64));
    }
    let (x, y) = (a.to_big(), b.to_big());
    match ratio_to_f64(x.as_ref(), y.as_ref()) {
        Some(v) => Ok(rt.new_float(v)),
        None => Err(rt.overflow_error("integer division result too large for a float")),
    }
}

/// Quotient of two integers rounded half to even; `None` when it is too large. `b` is not zero.
pub fn ratio_to_f64(a: &IBig, b: &IBig) -> Option<f64> {
    if a.is_zero() {
        return Some(if b.sign() == Sign::Negative { -0.0 } else { 0.0 });
    }
    let negative = a.sign() != b.sign();
    let (x, y) = (a.unsigned_abs(), b.unsigned_abs());
    // The quotient gets at least 64 bits, more than any rounding needs.
    let shift = 65 - (x.bit_len() as i64 - y.bit_len() as i64);
    let (x, y) = if shift >= 0 { (x << shift as usize, y) } else { (x, y << (-shift) as usize) };
    let (q, r) = x.div_rem(&y);
    let q = u128::try_from(q).expect("the quotient has at most 67 bits");
    let v = round_to_f64(q, !r.is_zero(), -shift)?;
    Some(if negative { -v } else { v })
}

/// `(m + fraction) * 2^exp` rounded half to even, where `sticky` says that the fraction is not zero; `m`
/// must have at least 55 bits if so. `None` on overflow.
pub fn round_to_f64(m: u128, sticky: bool, exp: i64) -> Option<f64> {
    if m == 0 {
        return Some(0.0);
    }
    let bits = 128 - i64::from(m.leading_zeros());
    let lsb = (bits + exp - 53).max(-1074);
    let drop = lsb - exp;
    let mut mantissa = if drop <= 0 {
        (m << (-drop).min(127)) as u64
    } else if drop > 127 {
        0
    } else {
        let (kept, rest, half) = (m >> drop, m & ((1 << drop) - 1), 1u128 << (drop - 1));
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        (kept + u128::from(up)) as u64
    };
    let mut lsb = lsb;
    if mantissa == 1 << 53 {
        mantissa >>= 1;
        lsb += 1;
    }
    if mantissa >> 52 == 0 {
        return Some(f64::from_bits(mantissa));
    }
    let biased = lsb + 1075;
    if biased >= 2047 {
        return None;
    }
    Some(f64::from_bits((biased as u64) << 52 | (mantissa & ((1 << 52) - 1))))
}

/// Nearest double of a big integer; `None` when it is too large.
pub fn big_to_f64(b: &IBig) -> Option<f64> {
    let m = b.unsigned_abs();
    let bits = m.bit_len();
    let v = if bits <= 128 {
        round_to_f64(u128::try_from(&m).expect("at most 128 bits"), false, 0)?
    } else {
        let drop = bits - 128;
        let sticky = m.trailing_zeros().is_some_and(|z| z < drop);
        round_to_f64(u128::try_from(m >> drop).expect("at most 128 bits"), sticky, drop as i64)?
    };
    Some(if b.sign() == Sign::Negative { -v } else { v })
}

pub fn to_f64_of(rt: &mut Isolate, a: IntRef) -> PyResult<f64> {
    match a {
        Small(v) => Ok(v as f64),
        Big(b) => big_to_f64(b).ok_or_else(|| rt.overflow_error("int too large to convert to float")),
    }
}

/// `float(w)` of an int.
pub fn to_f64(rt: &mut Isolate, w: Word) -> PyResult<f64> {
    to_f64_of(rt, of_int(w))
}

pub fn compare(a: IntRef, b: IntRef) -> Ordering {
    match (a, b) {
        (Small(x), Small(y)) => x.cmp(&y),
        (Big(x), Small(_)) => {
            if x.sign() == Sign::Negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (Small(_), Big(y)) => {
            if y.sign() == Sign::Negative {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (Big(x), Big(y)) => x.cmp(y),
    }
}

/// Exact order of an integer and a double; `None` for NaN.
pub fn compare_f64(a: IntRef, f: f64) -> Option<Ordering> {
    if f.is_nan() {
        return None;
    }
    if f.is_infinite() {
        return Some(if f > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let floor = super::c_math::floor(f);
    let order =
        if floor.abs() < 9.0e18 { compare(a, Small(floor as i64)) } else { compare(a, Big(&f64_to_big(floor))) };
    Some(if order == Ordering::Equal && floor != f { Ordering::Less } else { order })
}

/// Integer part of a finite double.
pub fn f64_to_big(f: f64) -> IBig {
    let bits = f.abs().to_bits();
    let exp = (bits >> 52) as i64 - 1075;
    let m = UBig::from(bits & ((1 << 52) - 1) | 1 << 52);
    if f.abs() < 1.0 {
        return IBig::ZERO;
    }
    let m = if exp >= 0 { m << exp as usize } else { m >> (-exp) as usize };
    IBig::from_parts(if f < 0.0 { Sign::Negative } else { Sign::Positive }, m)
}

/// Integer object of the integer part of a finite double.
pub fn from_f64(rt: &mut Isolate, f: f64) -> Owned {
    if f.abs() < 9.0e18 { from_i64(rt, f as i64) } else { new(rt, f64_to_big(f)) }
}

/// Modulus of numeric hashes, 2^61 - 1.
pub const HASH_MODULUS: u64 = (1 << 61) - 1;

pub fn hash_of(a: IntRef) -> i64 {
    let (negative, residue) = match a {
        Small(v) => (v < 0, v.unsigned_abs() % HASH_MODULUS),
        Big(b) => {
            let r = b.unsigned_abs() % HASH_MODULUS;
            (b.sign() == Sign::Negative, r)
        }
    };
    let h = if negative { -(residue as i64) } else { residue as i64 };
    if h == -1 { -2 } else { h }
}

/// Hash of any int object.
pub fn hash(w: Word) -> i64 {
    hash_of(of_int(w))
}

pub fn bit_length(a: IntRef) -> usize {
    match a {
        Small(v) => (64 - v.unsigned_abs().leading_zeros()) as usize,
        Big(b) => b.unsigned_abs().bit_len(),
    }
}

pub fn bit_count(a: IntRef) -> usize {
    match a {
        Small(v) => v.unsigned_abs().count_ones() as usize,
        Big(b) => b.unsigned_abs().count_ones(),
    }
}

/// Rounds to a multiple of `10^-digits` (digits negative), half to even.
pub fn round_to_power(rt: &mut Isolate, a: IntRef, digits: usize) -> Owned {
    let unit = IBig::from(10).pow(digits);
    let value = a.to_big();
    let (q, r) = floor_div_rem_big(&value, &unit);
    let twice: IBig = &r * 2;
    let up = match twice.cmp(&unit) {
        Ordering::Greater => true,
        Ordering::Equal => q.bit(0),
        Ordering::Less => false,
    };
    let q = if up { q + 1 } else { q };
    new(rt, q * unit)
}

/// Sign and magnitude in 32-bit digits, least significant first, without leading zeros.
pub fn to_u32_digits(w: Word) -> (bool, Vec<u32>) {
    let value = of_int(w);
    let bytes = value.to_big().into_owned().unsigned_abs().to_le_bytes();
    let digit = |part: &[u8]| part.iter().rev().fold(0u32, |acc, &b| acc << 8 | u32::from(b));
    let mut digits: Vec<u32> = bytes.chunks(4).map(digit).collect();
    while digits.last() == Some(&0) {
        digits.pop();
    }
    (value.is_negative(), digits)
}

/// The integer with these 32-bit digits, least significant first.
pub fn from_u32_digits(rt: &mut Isolate, negative: bool, digits: &[u32]) -> Owned {
    let bytes: Vec<u8> = digits.iter().flat_map(|d| d.to_le_bytes()).collect();
    let magnitude = UBig::from_le_bytes(&bytes);
    new(rt, IBig::from_parts(if negative { Sign::Negative } else { Sign::Positive }, magnitude))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(a: &str, b: &str) -> Option<f64> {
        ratio_to_f64(&a.parse::<IBig>().unwrap(), &b.parse::<IBig>().unwrap())
    }

    #[test]
    fn division_rounds_half_to_even_over_the_whole_range() {
        assert_eq!(ratio("10000000000000000000001", "3"), Some(3.333_333_333_333_333_3e21));
        assert_eq!(ratio("-9007199254740993", "1"), Some(-9_007_199_254_740_992.0));
        assert_eq!(ratio("9007199254740995", "1"), Some(9_007_199_254_740_996.0));
        let huge = IBig::from(10).pow(400);
        assert_eq!(ratio_to_f64(&huge, &IBig::from(3)), None);
        assert_eq!(ratio_to_f64(&IBig::from(1), &IBig::from(10).pow(320)), Some(1e-320));
        assert_eq!(ratio_to_f64(&IBig::from(1), &huge), Some(0.0));
        assert_eq!(big_to_f64(&IBig::from(10).pow(300)), Some(1e300));
    }

    #[test]
    fn floor_division_takes_the_sign_of_the_divisor() {
        for (a, b) in [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, -3)] {
            let (q, r) = floor_div_rem_big(&IBig::from(a), &IBig::from(b));
            assert_eq!(floor_div_rem(a, b), Some((i64::try_from(q).unwrap(), i64::try_from(r).unwrap())));
        }
        assert_eq!(floor_div_rem(-7, 2), Some((-4, 1)));
        assert_eq!(floor_div_rem(7, -2), Some((-4, -1)));
    }

    #[test]
    fn hashes_are_those_of_cpython() {
        assert_eq!(hash_of(Small(-1)), -2);
        assert_eq!(hash_of(Small(i64::MAX)), 3);
        let b = IBig::from(2).pow(100) + IBig::from(12345);
        assert_eq!(hash_of(Big(&b)), 549_755_826_233);
        assert_eq!(hash_of(Big(&-b)), -549_755_826_233);
    }

    #[test]
    fn integers_and_doubles_compare_exactly() {
        assert_eq!(compare_f64(Small((1 << 53) + 1), (1u64 << 53) as f64), Some(Ordering::Greater));
        assert_eq!(compare_f64(Small(2), 2.5), Some(Ordering::Less));
        assert_eq!(compare_f64(Small(-3), -2.5), Some(Ordering::Less));
        assert_eq!(compare_f64(Small(0), f64::NAN), None);
        assert_eq!(compare_f64(Big(&f64_to_big(1e300)), 1e300), Some(Ordering::Equal));
    }
}
