//! Numbers: arithmetic, comparison, rounding, mathematics, and what predicates ask of any value.

use alloc::format;
use core::cmp::Ordering;

use molt_abi::{Predicate, Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, compare, equal, hash, list, map, set};
use super::{dates, expect, wrong_type};
use crate::api::{CompareOp, str_bytes, str_text};
use crate::entry::{entries, ret, ret_truth, words};
use crate::names::Name;
use crate::num::c_math::trunc;
use crate::num::int::{self, BitOp};
use crate::num::int_text::{Parsed, parse_ascii};
use crate::{Isolate, Owned, PyResult, Raised};

fn truth(b: bool) -> Ret {
    Ret::ok(Word::from_bool(b))
}

/// A number, or `type-error`.
fn number(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Word> {
    match kind_of(rt, w) {
        Kind::Int | Kind::Float => Ok(w),
        _ => Err(wrong_type(rt, function, "a number", w)),
    }
}

fn two_numbers(rt: &mut Isolate, a: Word, b: Word, function: &str) -> PyResult<()> {
    number(rt, a, function)?;
    number(rt, b, function).map(drop)
}

fn is_float(rt: &Isolate, w: Word) -> bool {
    kind_of(rt, w) == Kind::Float
}

/// The double of a number; an integer beyond all doubles is infinite.
fn double(rt: &mut Isolate, w: Word) -> f64 {
    if is_float(rt, w) {
        return crate::num::float::of_float(w);
    }
    match int::to_f64(rt, w) {
        Ok(v) => v,
        Err(Raised) => {
            rt.clear_exception();
            if int::of_int(w).is_negative() { f64::NEG_INFINITY } else { f64::INFINITY }
        }
    }
}

/// The double of a number, or `type-error`.
pub(super) fn expect_double(rt: &mut Isolate, w: Word, function: &str) -> PyResult<f64> {
    number(rt, w, function).map(|w| double(rt, w))
}

fn divide_by_zero(rt: &mut Isolate, function: &str) -> Raised {
    rt.raise_claude(ErrorKind::DivideByZero, format!("{function}: division by zero"), Word::NONE)
}

fn arithmetic(rt: &mut Isolate, name: Name, symbol: &str, a: Word, b: Word) -> PyResult {
    two_numbers(rt, a, b, symbol)?;
    if is_float(rt, a) || is_float(rt, b) {
        let (x, y) = (double(rt, a), double(rt, b));
        let v = match symbol {
            "+" => x + y,
            "-" => x - y,
            _ => x * y,
        };
        return Ok(rt.new_float(v));
    }
    rt.binary(name, a, b)
}

/// The sum of two numbers.
pub(super) fn add(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    arithmetic(rt, Name::ADD, "+", a, b)
}

fn divide(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    two_numbers(rt, a, b, "/")?;
    if is_float(rt, a) || is_float(rt, b) {
        let v = double(rt, a) / double(rt, b);
        return Ok(rt.new_float(v));
    }
    let (x, y) = (int::of_int(a), int::of_int(b));
    if y.is_zero() {
        return Err(divide_by_zero(rt, "/"));
    }
    let rest = int::modulo(rt, x, y)?;
    if int::of_int(rest.word()).is_zero() { int::floordiv(rt, x, y) } else { int::truediv(rt, x, y) }
}

fn two_ints(rt: &mut Isolate, a: Word, b: Word, function: &str) -> PyResult<()> {
    expect(rt, a, Kind::Int, function)?;
    expect(rt, b, Kind::Int, function).map(drop)
}

/// Quotient of integers, toward zero.
fn quotient(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    two_ints(rt, a, b, "quot")?;
    let (x, y) = (int::of_int(a), int::of_int(b));
    if y.is_zero() {
        return Err(divide_by_zero(rt, "quot"));
    }
    if x.is_negative() == y.is_negative() || x.is_zero() {
        return int::floordiv(rt, x, y);
    }
    let opposite = int::neg(rt, x);
    let q = int::floordiv(rt, int::of_int(opposite.word()), y)?;
    Ok(int::neg(rt, int::of_int(q.word())))
}

/// What is left of the dividend; it has the dividend's sign.
fn remainder(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    two_ints(rt, a, b, "rem")?;
    if int::of_int(b).is_zero() {
        return Err(divide_by_zero(rt, "rem"));
    }
    let q = quotient(rt, a, b)?;
    let back = int::mul(rt, int::of_int(q.word()), int::of_int(b));
    Ok(int::sub(rt, int::of_int(a), int::of_int(back.word())))
}

fn modulo(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    two_numbers(rt, a, b, "mod")?;
    if is_float(rt, a) || is_float(rt, b) {
        let (x, y) = (double(rt, a), double(rt, b));
        let v = if y == 0.0 { f64::NAN } else { crate::num::float::modulo(x, y) };
        return Ok(rt.new_float(v));
    }
    if int::of_int(b).is_zero() {
        return Err(divide_by_zero(rt, "mod"));
    }
    int::modulo(rt, int::of_int(a), int::of_int(b))
}

/// Order of two numbers, two strings or two dates; `None` where there is none.
fn order(rt: &mut Isolate, op: CompareOp, a: Word, b: Word) -> PyResult<Option<Ordering>> {
    match (kind_of(rt, a), kind_of(rt, b)) {
        (Kind::Int, Kind::Int) => Ok(Some(int::compare(int::of_int(a), int::of_int(b)))),
        (Kind::Float, Kind::Float) => Ok(crate::num::float::of_float(a).partial_cmp(&crate::num::float::of_float(b))),
        (Kind::Int, Kind::Float) => Ok(int::compare_f64(int::of_int(a), crate::num::float::of_float(b))),
        (Kind::Float, Kind::Int) => {
            Ok(int::compare_f64(int::of_int(b), crate::num::float::of_float(a)).map(Ordering::reverse))
        }
        (Kind::String, Kind::String) => Ok(Some(str_bytes(a).cmp(str_bytes(b)))),
        (Kind::Int | Kind::Float, _) => Err(wrong_type(rt, op.symbol(), "a number", b)),
        (Kind::String, _) => Err(wrong_type(rt, op.symbol(), "a string", b)),
        _ => match (dates::timestamp(rt, a), dates::timestamp(rt, b)) {
            (Some(a), Some(b)) if dates::timestamp(rt, a).is_none() => order(rt, op, a, b),
            (Some(_), _) => Err(wrong_type(rt, op.symbol(), "a DateTime", b)),
            _ => Err(wrong_type(rt, op.symbol(), "numbers, strings or dates", a)),
        },
    }
}

fn holds(rt: &mut Isolate, op: CompareOp, a: Word, b: Word) -> PyResult<bool> {
    match op {
        CompareOp::Eq => equal::equal(rt, a, b),
        CompareOp::Ne => Ok(!equal::equal(rt, a, b)?),
        _ => Ok(order(rt, op, a, b)?.is_some_and(|o| op.holds(o))),
    }
}

/// The least or greatest operand; of equal ones the first.
fn extreme(rt: &mut Isolate, args: &[Word], op: CompareOp, function: &str) -> PyResult {
    let mut best = number(rt, args[0], function)?;
    for &w in &args[1..] {
        number(rt, w, function)?;
        if holds(rt, op, w, best)? {
            best = w;
        }
    }
    Ok(Owned::share(best))
}

fn round(rt: &mut Isolate, mode: u64, w: Word) -> PyResult {
    number(rt, w, "round")?;
    if !is_float(rt, w) {
        return Ok(Owned::share(w));
    }
    let v = crate::num::float::of_float(w);
    if !v.is_finite() {
        return Err(wrong_type(rt, "round", "a finite number", w));
    }
    let whole = libm_round(mode, v);
    Ok(int::from_f64(rt, whole))
}

/// Down, up, half away from zero, toward zero.
fn libm_round(mode: u64, v: f64) -> f64 {
    let whole = trunc(v);
    match mode {
        0 if whole > v => whole - 1.0,
        1 if whole < v => whole + 1.0,
        2 if (v - whole).abs() >= 0.5 => whole + 1f64.copysign(v),
        _ => whole,
    }
}

/// Digits after the point, half away from zero.
fn round_to(rt: &mut Isolate, w: Word, places: Word) -> PyResult {
    number(rt, w, "round-to")?;
    let places = super::expect_index(rt, places, "round-to")?;
    if !is_float(rt, w) {
        return Ok(Owned::share(w));
    }
    let v = crate::num::float::of_float(w);
    if !v.is_finite() || !(0..=15).contains(&places) {
        return Ok(Owned::share(w));
    }
    let factor = 10f64.powi_exact(places as u32);
    let scaled = v * factor;
    if !scaled.is_finite() || scaled.abs() >= 9e15 {
        return Ok(Owned::share(w));
    }
    // The shortest digits decide about halves, as they are what the program shows.
    let rounded = libm_round(2, nearest_decimal(scaled));
    Ok(rt.new_float(rounded / factor))
}

/// A product that is within rounding of a half is that half.
fn nearest_decimal(v: f64) -> f64 {
    let half = trunc(v) + 0.5f64.copysign(v);
    if (v - half).abs() <= v.abs() * f64::EPSILON { half } else { v }
}

trait PowiExact {
    fn powi_exact(self, n: u32) -> f64;
}

impl PowiExact for f64 {
    fn powi_exact(self, n: u32) -> f64 {
        (0..n).fold(1.0, |acc, _| acc * self)
    }
}

fn parse_error(rt: &mut Isolate, function: &str, text: Word) -> Raised {
    let message = format!("{function}: `{}` is no number", str_text(text));
    rt.raise_claude(ErrorKind::Parse, message, Word::NONE)
}

fn to_int(rt: &mut Isolate, w: Word) -> PyResult {
    match kind_of(rt, w) {
        Kind::Int => Ok(Owned::share(w)),
        Kind::Float => round(rt, 3, w),
        Kind::String => match parse_int(rt, w, 10) {
            Some(v) => Ok(v),
            None => Err(parse_error(rt, "to-int", w)),
        },
        _ => Err(wrong_type(rt, "to-int", "a number or string", w)),
    }
}

fn parse_int(rt: &mut Isolate, text: Word, base: u32) -> Option<Owned> {
    let bytes = str_bytes(text);
    let digits = bytes.strip_prefix(b"-").or(bytes.strip_prefix(b"+")).unwrap_or(bytes);
    let valid = !digits.is_empty() && digits.iter().all(|&b| (b as char).is_digit(base));
    if !valid {
        return None;
    }
    match parse_ascii(bytes, base, 0).ok()? {
        Parsed::Small(v) => Some(int::from_i64(rt, v)),
        Parsed::Big(v) => Some(int::new(rt, v)),
    }
}

fn parse_float(text: Word) -> Option<f64> {
    let bytes = str_bytes(text);
    let plain = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E');
    if !bytes.iter().all(plain) {
        return match bytes {
            b"inf" => Some(f64::INFINITY),
            b"-inf" => Some(f64::NEG_INFINITY),
            b"nan" => Some(f64::NAN),
            _ => None,
        };
    }
    crate::num::float_text::parse(bytes)
}

fn to_float(rt: &mut Isolate, w: Word) -> PyResult {
    match kind_of(rt, w) {
        Kind::Float => Ok(Owned::share(w)),
        Kind::Int => {
            let v = double(rt, w);
            Ok(rt.new_float(v))
        }
        Kind::String => match parse_float(w) {
            Some(v) => Ok(rt.new_float(v)),
            None => Err(parse_error(rt, "to-float", w)),
        },
        _ => Err(wrong_type(rt, "to-float", "a number or string", w)),
    }
}

/// A base from 2 to 36; 10 where none is given.
fn base_of(rt: &mut Isolate, base: Word, function: &str) -> PyResult<u32> {
    if base.is_unbound() {
        return Ok(10);
    }
    match super::expect_index(rt, base, function)? {
        v @ 2..=36 => Ok(v as u32),
        _ => Err(wrong_type(rt, function, "a base from 2 to 36", base)),
    }
}

fn string_to_number(rt: &mut Isolate, text: Word, base: Word) -> PyResult {
    expect(rt, text, Kind::String, "string->number")?;
    let wanted = base_of(rt, base, "string->number")?;
    if let Some(v) = parse_int(rt, text, wanted) {
        return Ok(v);
    }
    match parse_float(text).filter(|_| wanted == 10 && str_bytes(text).iter().any(u8::is_ascii_digit)) {
        Some(v) => Ok(rt.new_float(v)),
        None => Ok(Owned::NONE),
    }
}

fn number_to_string(rt: &mut Isolate, w: Word, base: Word) -> PyResult {
    number(rt, w, "number->string")?;
    let base = base_of(rt, base, "number->string")?;
    if is_float(rt, w) || base == 10 {
        return super::super::print::to_string(rt, w);
    }
    let text = format!("{}", int::of_int(w).to_big().in_radix(base as u8));
    Ok(rt.new_str(&text))
}

fn bits(rt: &mut Isolate, args: &[Word], op: BitOp, function: &str) -> PyResult {
    expect(rt, args[0], Kind::Int, function)?;
    let mut acc = Owned::share(args[0]);
    for &w in &args[1..] {
        expect(rt, w, Kind::Int, function)?;
        acc = int::bitwise(rt, op, int::of_int(acc.word()), int::of_int(w));
    }
    Ok(acc)
}

fn shift(rt: &mut Isolate, a: Word, by: Word, left: bool, function: &str) -> PyResult {
    two_ints(rt, a, by, function)?;
    if int::of_int(by).is_negative() {
        return Err(wrong_type(rt, function, "a number of bits that is not negative", by));
    }
    let (a, by) = (int::of_int(a), int::of_int(by));
    if left { int::lshift(rt, a, by) } else { int::rshift(rt, a, by) }
}

type Function = fn(f64) -> f64;

/// Functions of one number, in the order of the compiler's table.
const FUNCTIONS: &[(&str, Function)] = {
    use crate::num::c_math::*;
    &[
        ("sin", sin),
        ("cos", cos),
        ("tan", tan),
        ("asin", asin),
        ("acos", acos),
        ("atan", atan),
        ("sinh", sinh),
        ("cosh", cosh),
        ("tanh", tanh),
        ("exp", exp),
        ("ln", ln),
        ("log10", log10),
        ("log2", log2),
        ("sqrt", sqrt),
        ("cbrt", cbrt),
        ("degrees", |v| v * 180.0 / core::f64::consts::PI),
        ("radians", |v| v * core::f64::consts::PI / 180.0),
    ]
};

/// Outside the domain of a function.
fn domain(rt: &mut Isolate, function: &str) -> Raised {
    rt.raise_claude(
        ErrorKind::Error,
        format!("{function}: the operand is outside of the function's domain"),
        Word::NONE,
    )
}

/// A result that is no number of operands that were, and a pole, are errors.
fn checked(rt: &mut Isolate, function: &str, operands: &[f64], v: f64) -> PyResult {
    let finite = operands.iter().all(|x| x.is_finite());
    let pole = matches!(function, "ln" | "log10" | "log2" | "log") && v == f64::NEG_INFINITY;
    if v.is_nan() && !operands.iter().any(|x| x.is_nan()) || finite && pole {
        return Err(domain(rt, function));
    }
    Ok(rt.new_float(v))
}

fn mathematics(rt: &mut Isolate, which: u64, w: Word) -> PyResult {
    let (name, f) = FUNCTIONS[which as usize];
    number(rt, w, name)?;
    let x = double(rt, w);
    checked(rt, name, &[x], f(x))
}

fn mathematics2(rt: &mut Isolate, which: u64, a: Word, b: Word) -> PyResult {
    use crate::num::c_math::{atan2, hypot, powf};
    let (name, f): (&str, fn(f64, f64) -> f64) =
        [("atan2", atan2 as _), ("pow", powf as _), ("hypot", hypot as _)][which as usize];
    two_numbers(rt, a, b, name)?;
    let (x, y) = (double(rt, a), double(rt, b));
    checked(rt, name, &[x, y], f(x, y))
}

fn logarithm(rt: &mut Isolate, w: Word, base: Word) -> PyResult {
    number(rt, w, "log")?;
    let x = double(rt, w);
    if base.is_unbound() {
        return checked(rt, "log", &[x], crate::num::c_math::ln(x));
    }
    number(rt, base, "log")?;
    let b = double(rt, base);
    let v = if b == 2.0 {
        crate::num::c_math::log2(x)
    } else if b == 10.0 {
        crate::num::c_math::log10(x)
    } else {
        crate::num::c_math::ln(x) / crate::num::c_math::ln(b)
    };
    checked(rt, "log", &[x, b], v)
}

fn gcd(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    two_ints(rt, a, b, "gcd")?;
    let mut x = int::abs(rt, int::of_int(a));
    let mut y = int::abs(rt, int::of_int(b));
    while !int::of_int(y.word()).is_zero() {
        let rest = int::modulo(rt, int::of_int(x.word()), int::of_int(y.word()))?;
        x = core::mem::replace(&mut y, rest);
    }
    Ok(x)
}

fn factorial(rt: &mut Isolate, w: Word) -> PyResult {
    let n = super::expect_index(rt, w, "factorial")?;
    if n < 0 {
        return Err(domain(rt, "factorial"));
    }
    let mut acc = Owned::small(1);
    for i in 2..=n {
        acc = int::mul(rt, int::of_int(acc.word()), int::of_int(Word::small(i)));
    }
    Ok(acc)
}

/// A predicate that only numbers have.
fn numeric_test(rt: &mut Isolate, which: Predicate, name: &str, w: Word) -> PyResult<bool> {
    number(rt, w, name)?;
    if matches!(which, Predicate::Even | Predicate::Odd) {
        expect(rt, w, Kind::Int, name)?;
        let odd = match int::to_i64(w) {
            Some(v) => v & 1 == 1,
            None => int::of_int(w).to_big().as_ref() % 2u8 != 0,
        };
        return Ok(odd == (which == Predicate::Odd));
    }
    let v = double(rt, w);
    Ok(match which {
        Predicate::Nan => v.is_nan(),
        Predicate::Infinite => v.is_infinite(),
        Predicate::Zero => v == 0.0,
        Predicate::Positive => v > 0.0,
        _ => v < 0.0,
    })
}

fn test(rt: &mut Isolate, which: Predicate, w: Word) -> PyResult<bool> {
    let kind = kind_of(rt, w);
    Ok(match which {
        Predicate::Nan => return numeric_test(rt, which, "nan?", w),
        Predicate::Infinite => return numeric_test(rt, which, "infinite?", w),
        Predicate::Zero => return numeric_test(rt, which, "zero?", w),
        Predicate::Positive => return numeric_test(rt, which, "positive?", w),
        Predicate::Negative => return numeric_test(rt, which, "negative?", w),
        Predicate::Even => return numeric_test(rt, which, "even?", w),
        Predicate::Odd => return numeric_test(rt, which, "odd?", w),
        Predicate::Int => kind == Kind::Int,
        Predicate::Float => kind == Kind::Float,
        Predicate::Number => matches!(kind, Kind::Int | Kind::Float),
        Predicate::Bool => kind == Kind::Bool,
        Predicate::Nil => kind == Kind::Nil,
        Predicate::Null => kind == Kind::Nil || kind == Kind::List && list::len(w) == 0,
        Predicate::String => kind == Kind::String,
        Predicate::Symbol => kind == Kind::Symbol,
        Predicate::Keyword => kind == Kind::Keyword,
        Predicate::Bytes => kind == Kind::Bytes,
        Predicate::List => kind == Kind::List,
        Predicate::Map => kind == Kind::Map,
        Predicate::Set => kind == Kind::Set,
        Predicate::Tuple => kind == Kind::Tuple,
        Predicate::Procedure => kind == Kind::Procedure,
        Predicate::Ref => kind == Kind::Ref,
        Predicate::Promise => kind == Kind::Promise,
        Predicate::Channel => kind == Kind::Channel,
        Predicate::Actor => kind == Kind::Actor,
        Predicate::Error => kind == Kind::Error,
        Predicate::Tagged => kind == Kind::Tagged,
        Predicate::Empty => match kind {
            Kind::List => list::len(w) == 0,
            Kind::String => str_bytes(w).is_empty(),
            Kind::Map => map::len(w) == 0,
            Kind::Set => set::len(w) == 0,
            _ => return Err(wrong_type(rt, "empty?", "a list, string, map or set", w)),
        },
    })
}

/// Whether a value passes one of several predicates, which are the bits of a number.
fn is_one_of(rt: &mut Isolate, kinds: u64, w: Word) -> bool {
    Predicate::ALL.iter().any(|&p| kinds & u64::from(p.bit()) != 0 && test(rt, p, w) == Ok(true))
}

fn boolean(r: PyResult<bool>) -> Ret {
    r.map_or(Ret::ERR, truth)
}

entries! {
    cl_add(rt, a: Word, b: Word) -> Ret { ret(add(rt, a, b)) }
    cl_sub(rt, a: Word, b: Word) -> Ret { ret(arithmetic(rt, Name::SUB, "-", a, b)) }
    cl_mul(rt, a: Word, b: Word) -> Ret { ret(arithmetic(rt, Name::MUL, "*", a, b)) }
    cl_div(rt, a: Word, b: Word) -> Ret { ret(divide(rt, a, b)) }
    cl_quot(rt, a: Word, b: Word) -> Ret { ret(quotient(rt, a, b)) }
    cl_rem(rt, a: Word, b: Word) -> Ret { ret(remainder(rt, a, b)) }
    cl_mod(rt, a: Word, b: Word) -> Ret { ret(modulo(rt, a, b)) }
    cl_negate(rt, w: Word) -> Ret {
        if is_float(rt, w) {
            return Ret::ok(rt.new_float(-crate::num::float::of_float(w)).into_word());
        }
        ret(arithmetic(rt, Name::SUB, "-", Word::small(0), w))
    }
    cl_compare(rt, op: u64, a: Word, b: Word) -> Ret { ret_truth(holds(rt, CompareOp::ALL[op as usize], a, b)) }
    cl_order(rt, a: Word, b: Word) -> Ret {
        match compare::compare(rt, a, b) {
            Ok(order) => Ret::ok(Word::small(order as i64)),
            Err(Raised) => Ret::ERR,
        }
    }
    cl_identical(_rt, a: Word, b: Word) -> Ret { truth(a == b) }
    cl_hash(rt, w: Word) -> Ret { Ret::ok(Word::small((hash::hash(rt, w) >> 2) as i64)) }
    cl_abs(rt, w: Word) -> Ret {
        let absolute = number(rt, w, "abs").map(|w| {
            if is_float(rt, w) {
                let v = crate::num::float::of_float(w).abs();
                rt.new_float(v)
            } else {
                int::abs(rt, int::of_int(w))
            }
        });
        ret(absolute)
    }
    cl_sign(rt, w: Word) -> Ret {
        match number(rt, w, "sign") {
            Ok(w) => {
                let v = double(rt, w);
                Ret::ok(Word::small(if v > 0.0 { 1 } else if v < 0.0 { -1 } else { 0 }))
            }
            Err(Raised) => Ret::ERR,
        }
    }
    cl_min(rt, args: *const Word, n: u64) -> Ret { ret(extreme(rt, words(args, n), CompareOp::Lt, "min")) }
    cl_max(rt, args: *const Word, n: u64) -> Ret { ret(extreme(rt, words(args, n), CompareOp::Gt, "max")) }
    cl_round(rt, mode: u64, w: Word) -> Ret { ret(round(rt, mode, w)) }
    cl_round_to(rt, w: Word, places: Word) -> Ret { ret(round_to(rt, w, places)) }
    cl_to_int(rt, w: Word) -> Ret { ret(to_int(rt, w)) }
    cl_to_float(rt, w: Word) -> Ret { ret(to_float(rt, w)) }
    cl_string_to_number(rt, text: Word, base: Word) -> Ret { ret(string_to_number(rt, text, base)) }
    cl_number_to_string(rt, w: Word, base: Word) -> Ret { ret(number_to_string(rt, w, base)) }
    cl_bit_and(rt, args: *const Word, n: u64) -> Ret { ret(bits(rt, words(args, n), BitOp::And, "bit-and")) }
    cl_bit_or(rt, args: *const Word, n: u64) -> Ret { ret(bits(rt, words(args, n), BitOp::Or, "bit-or")) }
    cl_bit_xor(rt, args: *const Word, n: u64) -> Ret { ret(bits(rt, words(args, n), BitOp::Xor, "bit-xor")) }
    cl_bit_not(rt, w: Word) -> Ret {
        match expect(rt, w, Kind::Int, "bit-not") {
            Ok(w) => Ret::ok(int::invert(rt, int::of_int(w)).into_word()),
            Err(Raised) => Ret::ERR,
        }
    }
    cl_shift_left(rt, a: Word, by: Word) -> Ret { ret(shift(rt, a, by, true, "bit-shift-left")) }
    cl_shift_right(rt, a: Word, by: Word) -> Ret { ret(shift(rt, a, by, false, "bit-shift-right")) }
    cl_math(rt, which: u64, w: Word) -> Ret { ret(mathematics(rt, which, w)) }
    cl_math2(rt, which: u64, a: Word, b: Word) -> Ret { ret(mathematics2(rt, which, a, b)) }
    cl_log(rt, w: Word, base: Word) -> Ret { ret(logarithm(rt, w, base)) }
    cl_gcd(rt, a: Word, b: Word) -> Ret { ret(gcd(rt, a, b)) }
    cl_factorial(rt, w: Word) -> Ret { ret(factorial(rt, w)) }
    cl_test(rt, which: u64, w: Word) -> Ret {
        let which = Predicate::from_index(which).expect("compiled code passes numbers of predicates");
        boolean(test(rt, which, w))
    }
    cl_expect(rt, kinds: u64, w: Word, wanted: Word) -> Ret {
        if is_one_of(rt, kinds, w) {
            return Ret::ok(Word::NONE);
        }
        let text = format!("expected {}, found {}", str_text(wanted), kind_of(rt, w).name());
        rt.raise_claude(ErrorKind::TypeError, text, Word::NONE);
        Ret::ERR
    }
    cl_type_of(rt, w: Word) -> Ret {
        let name = kind_of(rt, w).name();
        let keyword = rt.keyword(name);
        Ret::ok(Owned::share(keyword).into_word())
    }
}
