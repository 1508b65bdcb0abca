//! Binary operators and comparisons across the number types, by operator name.

use alloc::vec;
use core::cmp::Ordering;

use molt_abi::Word;

use super::int::{BitOp, IntRef};
use super::{complex, float, int};
use crate::api::CompareOp;
use crate::names::Name;
use crate::{Isolate, Owned, PyResult};

/// The `NotImplemented` constant as a result.
pub fn not_implemented() -> PyResult {
    Ok(Owned::immediate(Word::NOT_IMPLEMENTED))
}

/// Value of a number: the widest of the two operands decides the operation.
#[derive(Clone, Copy)]
enum Number<'a> {
    Int(IntRef<'a>),
    Float(f64),
    Complex((f64, f64)),
}

fn number_of<'a>(rt: &Isolate, w: Word) -> Option<Number<'a>> {
    if let Some(i) = int::of(rt, w) {
        return Some(Number::Int(i));
    }
    if let Some(f) = float::of(rt, w) {
        return Some(Number::Float(f));
    }
    complex::of(rt, w).map(Number::Complex)
}

/// `a op b` of two numbers of any builtin kinds; `None` when one is no number or the operator is not
/// defined for them.
pub fn apply(rt: &mut Isolate, op: Name, a: Word, b: Word) -> Option<PyResult> {
    let (x, y) = (number_of(rt, a)?, number_of(rt, b)?);
    match (x, y) {
        (Number::Int(x), Number::Int(y)) => int_binary(rt, op, x, y),
        (Number::Complex(_), _) | (_, Number::Complex(_)) => {
            let (x, y) = match (to_complex(rt, x), to_complex(rt, y)) {
                (Ok(x), Ok(y)) => (x, y),
                _ => return Some(Err(crate::Raised)),
            };
            complex_binary(rt, op, x, y)
        }
        _ => {
            let (x, y) = match (to_float(rt, x), to_float(rt, y)) {
                (Ok(x), Ok(y)) => (x, y),
                _ => return Some(Err(crate::Raised)),
            };
            float_binary(rt, op, x, y)
        }
    }
}

fn to_float(rt: &mut Isolate, n: Number) -> PyResult<f64> {
    match n {
        Number::Int(i) => int::to_f64_of(rt, i),
        Number::Float(f) | Number::Complex((f, _)) => Ok(f),
    }
}

fn to_complex(rt: &mut Isolate, n: Number) -> PyResult<(f64, f64)> {
    match n {
        Number::Complex(c) => Ok(c),
        other => Ok((to_float(rt, other)?, 0.0)),
    }
}

/// `a op b` of two integers; `None` for `@`.
pub fn int_binary(rt: &mut Isolate, op: Name, a: IntRef, b: IntRef) -> Option<PyResult> {
    Some(match op {
        Name::ADD => Ok(int::add(rt, a, b)),
        Name::SUB => Ok(int::sub(rt, a, b)),
        Name::MUL => Ok(int::mul(rt, a, b)),
        Name::TRUEDIV => int::truediv(rt, a, b),
        Name::FLOORDIV => int::floordiv(rt, a, b),
        Name::MOD => int::modulo(rt, a, b),
        Name::DIVMOD => int::divmod(rt, a, b),
        Name::POW => int::pow(rt, a, b),
        Name::LSHIFT => int::lshift(rt, a, b),
        Name::RSHIFT => int::rshift(rt, a, b),
        Name::AND => Ok(int::bitwise(rt, BitOp::And, a, b)),
        Name::OR => Ok(int::bitwise(rt, BitOp::Or, a, b)),
        Name::XOR => Ok(int::bitwise(rt, BitOp::Xor, a, b)),
        _ => return None,
    })
}

/// `a op b` of two doubles; `None` for operators that floats do not have.
pub fn float_binary(rt: &mut Isolate, op: Name, a: f64, b: f64) -> Option<PyResult> {
    let zero_message = match op {
        Name::TRUEDIV => "float division by zero",
        Name::FLOORDIV => "float floor division by zero",
        Name::MOD => "float modulo by zero",
        Name::DIVMOD => "float divmod()",
        _ => "",
    };
    if b == 0.0 && !zero_message.is_empty() {
        return Some(Err(rt.zero_division_error(zero_message)));
    }
    let value = match op {
        Name::ADD => a + b,
        Name::SUB => a - b,
        Name::MUL => a * b,
        Name::TRUEDIV => a / b,
        Name::FLOORDIV => float::floordiv(a, b),
        Name::MOD => float::modulo(a, b),
        Name::POW => return Some(float::pow(rt, a, b)),
        Name::DIVMOD => {
            let (q, m) = float::divmod(a, b);
            let items = vec![rt.new_float(q), rt.new_float(m)];
            return Some(Ok(rt.new_tuple(items)));
        }
        _ => return None,
    };
    Some(Ok(rt.new_float(value)))
}

/// `a op b` of two complex numbers; `None` for operators that they do not have.
pub fn complex_binary(rt: &mut Isolate, op: Name, a: (f64, f64), b: (f64, f64)) -> Option<PyResult> {
    let value = match op {
        Name::ADD => (a.0 + b.0, a.1 + b.1),
        Name::SUB => (a.0 - b.0, a.1 - b.1),
        Name::MUL => complex::mul(a, b),
        Name::TRUEDIV => match complex::div(a, b) {
            Some(v) => v,
            None => return Some(Err(rt.zero_division_error("complex division by zero"))),
        },
        Name::POW => return Some(complex::pow(rt, a, b)),
        _ => return None,
    };
    Some(Ok(complex::new(rt, value)))
}

/// Order of two real numbers; outer `None` when one is not real, inner `None` with NaN.
pub fn order(rt: &Isolate, a: Word, b: Word) -> Option<Option<Ordering>> {
    match (number_of(rt, a)?, number_of(rt, b)?) {
        (Number::Int(x), Number::Int(y)) => Some(Some(int::compare(x, y))),
        (Number::Float(x), Number::Float(y)) => Some(x.partial_cmp(&y)),
        (Number::Int(x), Number::Float(y)) => Some(int::compare_f64(x, y)),
        (Number::Float(x), Number::Int(y)) => Some(int::compare_f64(y, x).map(Ordering::reverse)),
        _ => None,
    }
}

/// Whether an order satisfies a comparison; no order (NaN) satisfies only `!=`.
pub fn satisfies(op: CompareOp, order: Option<Ordering>) -> bool {
    let Some(order) = order else { return op == CompareOp::Ne };
    match op {
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

/// `a op b` of two numbers of any builtin kinds, or `None` when it is not defined for them.
pub fn compare(rt: &Isolate, op: CompareOp, a: Word, b: Word) -> Option<bool> {
    if let Some(order) = order(rt, a, b) {
        return Some(satisfies(op, order));
    }
    let equal = complex::equal(rt, a, b)?;
    match op {
        CompareOp::Eq => Some(equal),
        CompareOp::Ne => Some(!equal),
        _ => None,
    }
}
