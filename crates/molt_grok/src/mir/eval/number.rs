//! Numbers of constant evaluation: what operators and casts give, and when they go wrong.

use super::{Failure, Machine, Value};
use crate::check::typed::CastKind;
use crate::hir::{BinaryOp, IntKind};
use crate::ty::{Ty, TyKind, Types};

/// The integer type behind a type; a `char` counts as `u32`, a `bool` as a bit of `u8`.
fn int_kind(types: &Types, ty: Ty) -> Option<IntKind> {
    match types.kind(ty) {
        TyKind::Int(kind) => Some(kind),
        TyKind::Char => Some(IntKind::U32),
        TyKind::Bool => Some(IntKind::U8),
        _ => None,
    }
}

/// The value modulo the width of the type.
pub fn wrapped(v: i128, kind: IntKind) -> i128 {
    let unused = 128 - kind.bits();
    match (unused, kind.is_signed()) {
        (0, _) => v,
        (n, true) => v << n >> n,
        (n, false) => ((v as u128) << n >> n) as i128,
    }
}

/// Smallest and largest value; of `u128` the largest as bits.
pub fn limits(kind: IntKind) -> (i128, i128) {
    let unused = 128 - kind.bits();
    match kind.is_signed() {
        true => (i128::MIN >> unused, i128::MAX >> unused),
        false => (0, (u128::MAX >> unused) as i128),
    }
}

pub fn inverted(types: &Types, v: i128, ty: Ty) -> i128 {
    match types.kind(ty) {
        TyKind::Bool => v ^ 1,
        TyKind::Int(kind) => wrapped(!v, kind),
        _ => v,
    }
}

/// The result of `+`, `-` or `*` modulo the width, and whether it does not fit.
pub fn arithmetic(op: BinaryOp, a: i128, b: i128, kind: IntKind) -> (i128, bool) {
    if let (128, false) = (kind.bits(), kind.is_signed()) {
        let (a, b) = (a as u128, b as u128);
        let (v, over) = match op {
            BinaryOp::Add => a.overflowing_add(b),
            BinaryOp::Sub => a.overflowing_sub(b),
            _ => a.overflowing_mul(b),
        };
        return (v as i128, over);
    }
    let (v, over) = match op {
        BinaryOp::Add => a.overflowing_add(b),
        BinaryOp::Sub => a.overflowing_sub(b),
        _ => a.overflowing_mul(b),
    };
    let fits = wrapped(v, kind);
    (fits, over || fits != v)
}

impl Machine<'_> {
    pub(super) fn int_kind(&self, ty: Ty) -> Result<IntKind, Failure> {
        match int_kind(&self.c.types, ty) {
            Some(kind) => Ok(kind),
            None => self.unsupported(),
        }
    }

    pub(super) fn binary(&self, op: BinaryOp, a: &Value, b: &Value, ty: Ty) -> Result<Value, Failure> {
        match (a, b) {
            (Value::Int(a), Value::Int(b)) if op.is_comparison() => {
                let order = match self.int_kind(ty)? {
                    IntKind::U128 => (*a as u128).cmp(&(*b as u128)),
                    _ => a.cmp(b),
                };
                Ok(truth(op, Some(order)))
            }
            (Value::Int(a), Value::Int(b)) => self.integer(op, *a, *b, self.int_kind(ty)?),
            (Value::Float(a), Value::Float(b)) if op.is_comparison() => Ok(truth(op, a.partial_cmp(b))),
            (Value::Float(a), Value::Float(b)) => {
                let v = match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Sub => a - b,
                    BinaryOp::Mul => a * b,
                    BinaryOp::Div => a / b,
                    BinaryOp::Rem => a % b,
                    _ => return self.unsupported(),
                };
                Ok(Value::Float(rounded(v, ty)))
            }
            (Value::Text(a), Value::Text(b)) if op.is_comparison() => Ok(truth(op, Some(a.cmp(b)))),
            _ => self.unsupported(),
        }
    }

    fn integer(&self, op: BinaryOp, a: i128, b: i128, kind: IntKind) -> Result<Value, Failure> {
        let wraps = self.c.hir.overflow_wraps;
        let wide = kind == IntKind::U128;
        let v = match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                let (v, over) = arithmetic(op, a, b, kind);
                if over && !wraps {
                    return self.overflow(kind);
                }
                v
            }
            BinaryOp::Div | BinaryOp::Rem if b == 0 => return self.wrong("division by zero"),
            BinaryOp::Div | BinaryOp::Rem if kind.is_signed() && b == -1 && a == limits(kind).0 => {
                if !wraps {
                    return self.overflow(kind);
                }
                if op == BinaryOp::Div { a } else { 0 }
            }
            BinaryOp::Div if wide => (a as u128 / b as u128) as i128,
            BinaryOp::Rem if wide => (a as u128 % b as u128) as i128,
            BinaryOp::Div => a / b,
            BinaryOp::Rem => a % b,
            BinaryOp::BitAnd => a & b,
            BinaryOp::BitOr => a | b,
            BinaryOp::BitXor => a ^ b,
            BinaryOp::Shl | BinaryOp::Shr => {
                let by = match u32::try_from(b) {
                    Ok(n) if n < kind.bits() => n,
                    _ if wraps => (b as u32) & (kind.bits() - 1),
                    _ => return self.wrong(format!("the shift by {b} is too wide for `{}`", name(kind))),
                };
                match op {
                    BinaryOp::Shl => wrapped(a << by, kind),
                    _ if wide => (a as u128 >> by) as i128,
                    _ => a >> by,
                }
            }
            _ => return self.unsupported(),
        };
        Ok(Value::Int(v))
    }

    fn overflow(&self, kind: IntKind) -> Result<Value, Failure> {
        self.wrong(format!("the result does not fit `{}`", name(kind)))
    }

    pub(super) fn negate(&self, v: i128, ty: Ty) -> Result<Value, Failure> {
        let kind = self.int_kind(ty)?;
        let (v, over) = arithmetic(BinaryOp::Sub, 0, v, kind);
        if over && !self.c.hir.overflow_wraps { self.overflow(kind) } else { Ok(Value::Int(v)) }
    }

    /// The meaning of `value as to`.
    pub(super) fn converted(&self, kind: CastKind, value: Value, from: Ty, to: Ty) -> Result<Value, Failure> {
        match (kind, value) {
            (CastKind::Identity, value) => Ok(value),
            (CastKind::IntToInt | CastKind::BoolToInt | CastKind::CharToInt | CastKind::U8ToChar, Value::Int(v)) => {
                Ok(Value::Int(wrapped(v, self.int_kind(to)?)))
            }
            (CastKind::EnumToInt, Value::Record(variant, _)) => {
                let TyKind::Adt(adt, _) = self.c.types.kind(from) else { return self.unsupported() };
                let number = self.c.discriminants(adt).get(variant as usize).copied().unwrap_or(0);
                Ok(Value::Int(wrapped(number, self.int_kind(to)?)))
            }
            (CastKind::IntToFloat, Value::Int(v)) => {
                let unsigned = self.int_kind(from)? == IntKind::U128;
                Ok(Value::Float(match (to == Ty::F32, unsigned) {
                    (true, true) => f64::from(v as u128 as f32),
                    (true, false) => f64::from(v as f32),
                    (false, true) => v as u128 as f64,
                    (false, false) => v as f64,
                }))
            }
            (CastKind::FloatToFloat, Value::Float(x)) => Ok(Value::Float(rounded(x, to))),
            (CastKind::FloatToInt, Value::Float(x)) => {
                let kind = self.int_kind(to)?;
                let (low, high) = limits(kind);
                Ok(Value::Int(if kind == IntKind::U128 { x as u128 as i128 } else { (x as i128).clamp(low, high) }))
            }
            _ => self.unsupported(),
        }
    }
}

fn rounded(x: f64, ty: Ty) -> f64 {
    if ty == Ty::F32 { f64::from(x as f32) } else { x }
}

fn name(kind: IntKind) -> String {
    format!("{kind:?}").to_lowercase()
}

fn truth(op: BinaryOp, order: Option<std::cmp::Ordering>) -> Value {
    let holds = match op {
        BinaryOp::Eq => order.is_some_and(|o| o.is_eq()),
        BinaryOp::Ne => order.is_none_or(|o| o.is_ne()),
        BinaryOp::Lt => order.is_some_and(|o| o.is_lt()),
        BinaryOp::Le => order.is_some_and(|o| o.is_le()),
        BinaryOp::Gt => order.is_some_and(|o| o.is_gt()),
        _ => order.is_some_and(|o| o.is_ge()),
    };
    Value::Int(i128::from(holds))
}
