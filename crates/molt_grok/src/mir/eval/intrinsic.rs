//! What the library's functions are made of, as far as it needs no memory.

use super::number::{arithmetic, limits, wrapped};
use super::{Failure, Machine, Value};
use crate::hir::{BinaryOp, IntKind};
use crate::ty::{Args, Ty};

impl Machine<'_> {
    pub(super) fn intrinsic(&self, name: &str, args: Args, values: &[Value]) -> Result<Value, Failure> {
        let of = self.c.types.list(args).first().and_then(|a| a.ty()).unwrap_or(Ty::ERROR);
        let bits = |v: &Value, kind: IntKind| v.int().map(|v| v as u128 & (u128::MAX >> (128 - kind.bits())));
        let operation = match name {
            "wrapping_add" | "overflowing_add" => Some(BinaryOp::Add),
            "wrapping_sub" | "overflowing_sub" => Some(BinaryOp::Sub),
            "wrapping_mul" | "overflowing_mul" => Some(BinaryOp::Mul),
            _ => None,
        };
        if let (Some(op), [Value::Int(a), Value::Int(b)]) = (operation, values) {
            let (v, over) = arithmetic(op, *a, *b, self.int_kind(of)?);
            let (v, over) = (Value::Int(v), Value::Int(i128::from(over)));
            return Ok(if name.starts_with("wrapping") { v } else { Value::Record(0, vec![v, over]) });
        }
        match (name, values) {
            ("slice_len", [Value::Ref(p)]) => Ok(Value::Int(self.len(p)? as i128)),
            ("str_len", [Value::Text(text)]) => Ok(Value::Int(text.len() as i128)),
            ("int_bits", []) => Ok(Value::Int(i128::from(self.int_kind(of)?.bits()))),
            ("int_signed", []) => Ok(Value::Int(i128::from(self.int_kind(of)?.is_signed()))),
            ("int_min", []) => Ok(Value::Int(limits(self.int_kind(of)?).0)),
            ("int_max", []) => Ok(Value::Int(limits(self.int_kind(of)?).1)),
            ("int_cast", [Value::Int(v)]) => {
                let to = self.c.types.list(args).get(1).and_then(|a| a.ty()).unwrap_or(Ty::ERROR);
                Ok(Value::Int(wrapped(*v, self.int_kind(to)?)))
            }
            ("wrapping_shl", [Value::Int(v), Value::Int(n)]) => {
                let kind = self.int_kind(of)?;
                Ok(Value::Int(wrapped(v << (*n as u32 & (kind.bits() - 1)), kind)))
            }
            ("wrapping_shr", [value, Value::Int(n)]) => {
                let kind = self.int_kind(of)?;
                let by = *n as u32 & (kind.bits() - 1);
                match (value, kind.is_signed()) {
                    (Value::Int(v), true) => Ok(Value::Int(v >> by)),
                    (v, _) => self.number(bits(v, kind).map(|v| (v >> by) as i128)),
                }
            }
            ("count_ones", [v]) => self.number(bits(v, self.int_kind(of)?).map(|v| i128::from(v.count_ones()))),
            ("leading_zeros", [v]) => {
                let kind = self.int_kind(of)?;
                self.number(bits(v, kind).map(|v| i128::from(v.leading_zeros() - (128 - kind.bits()))))
            }
            ("trailing_zeros", [v]) => {
                let kind = self.int_kind(of)?;
                self.number(bits(v, kind).map(|v| i128::from(v.trailing_zeros().min(kind.bits()))))
            }
            ("float_abs", [Value::Float(x)]) => Ok(Value::Float(x.abs())),
            _ => self.unsupported(),
        }
    }

    fn number(&self, v: Option<i128>) -> Result<Value, Failure> {
        match v {
            Some(v) => Ok(Value::Int(v)),
            None => self.unsupported(),
        }
    }
}
