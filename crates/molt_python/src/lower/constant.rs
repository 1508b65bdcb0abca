//! Constant folding on the tree: literals, tuples of constants and arithmetic on small numbers.

use molt_ir::{Const, ConstId};
use ruff_python_ast::{Expr, Operator, UnaryOp};

use super::Lowerer;

/// Longest text that folding makes.
const MAX_FOLDED_BYTES: usize = 4096;

impl Lowerer<'_> {
    /// The constant that an expression is, if it is one.
    pub(super) fn fold(&mut self, e: &Expr) -> Option<Const> {
        Some(match e {
            Expr::NumberLiteral(n) => self.number(&n.value, n.range),
            Expr::StringLiteral(s) => Const::Str(self.string_value(s).into()),
            Expr::BytesLiteral(b) => Const::Bytes(b.value.bytes().collect()),
            Expr::BooleanLiteral(b) => {
                if b.value {
                    Const::True
                } else {
                    Const::False
                }
            }
            Expr::NoneLiteral(_) => Const::None,
            Expr::EllipsisLiteral(_) => Const::Ellipsis,
            Expr::Name(n) if n.id.as_str() == "__debug__" => {
                if self.optimize {
                    Const::False
                } else {
                    Const::True
                }
            }
            Expr::Tuple(t) => {
                if t.elts.iter().any(|e| !may_be_constant(e)) {
                    return None;
                }
                let items: Option<Vec<ConstId>> = t.elts.iter().map(|e| self.fold_id(e)).collect();
                Const::Tuple(items?.into())
            }
            Expr::UnaryOp(u) if may_be_constant(&u.operand) => {
                let operand = self.fold(&u.operand)?;
                fold_unary(u.op, operand)?
            }
            Expr::BinOp(b) if may_be_constant(&b.left) && may_be_constant(&b.right) => {
                let left = self.fold(&b.left)?;
                let right = self.fold(&b.right)?;
                fold_binary(b.op, left, right)?
            }
            _ => return None,
        })
    }

    pub(super) fn fold_id(&mut self, e: &Expr) -> Option<ConstId> {
        let value = self.fold(e)?;
        Some(self.program.constant(value))
    }
}

/// A quick look that keeps folding linear: only the left spine of operators is followed.
fn may_be_constant(e: &Expr) -> bool {
    match e {
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_) => true,
        Expr::Tuple(t) => t.elts.iter().all(may_be_constant),
        Expr::UnaryOp(u) => may_be_constant(&u.operand),
        Expr::BinOp(b) => may_be_constant(&b.left) && may_be_constant(&b.right),
        _ => false,
    }
}

fn fold_unary(op: UnaryOp, operand: Const) -> Option<Const> {
    Some(match (op, operand) {
        (UnaryOp::USub, Const::Int(v)) => Const::Int(v.checked_neg()?),
        (UnaryOp::USub, Const::BigInt(d)) if !d.starts_with('-') => {
            let digits = format!("-{d}");
            digits.parse().map_or_else(|_| Const::BigInt(digits.as_str().into()), Const::Int)
        }
        (UnaryOp::USub, Const::Float(f)) => Const::Float((-f64::from_bits(f)).to_bits()),
        (UnaryOp::USub, Const::Complex(re, im)) => {
            Const::Complex((-f64::from_bits(re)).to_bits(), (-f64::from_bits(im)).to_bits())
        }
        (UnaryOp::UAdd, c @ (Const::Int(_) | Const::BigInt(_) | Const::Float(_))) => c,
        (UnaryOp::Invert, Const::Int(v)) => Const::Int(!v),
        _ => return None,
    })
}

fn fold_binary(op: Operator, left: Const, right: Const) -> Option<Const> {
    match (left, right) {
        (Const::Int(a), Const::Int(b)) => fold_ints(op, a, b),
        (Const::Float(a), Const::Float(b)) => fold_floats(op, f64::from_bits(a), f64::from_bits(b)),
        (Const::Float(a), Const::Int(b)) => fold_floats(op, f64::from_bits(a), exact(b)?),
        (Const::Int(a), Const::Float(b)) => fold_floats(op, exact(a)?, f64::from_bits(b)),
        (Const::Int(a), Const::Complex(re, im)) => fold_complex(op, exact(a)?, re, im),
        (Const::Float(a), Const::Complex(re, im)) => fold_complex(op, f64::from_bits(a), re, im),
        (Const::Str(a), Const::Str(b)) if op == Operator::Add && a.len() + b.len() <= MAX_FOLDED_BYTES => {
            // Two halves of a surrogate pair would have to merge; leave such text to the runtime.
            let surrogate = |s: &[u8]| s.windows(2).any(|w| w[0] == 0xed && w[1] >= 0xa0);
            (!surrogate(&a) && !surrogate(&b)).then(|| Const::Str([&a[..], &b[..]].concat().into()))
        }
        (Const::Bytes(a), Const::Bytes(b)) if op == Operator::Add && a.len() + b.len() <= MAX_FOLDED_BYTES => {
            Some(Const::Bytes([&a[..], &b[..]].concat().into()))
        }
        (Const::Str(s), Const::Int(n)) if op == Operator::Mult => Some(Const::Str(repeat(&s, n)?)),
        (Const::Bytes(s), Const::Int(n)) if op == Operator::Mult => Some(Const::Bytes(repeat(&s, n)?)),
        _ => None,
    }
}

fn repeat(text: &[u8], times: i64) -> Option<Box<[u8]>> {
    let times = usize::try_from(times.max(0)).ok()?;
    (text.len().checked_mul(times)? <= MAX_FOLDED_BYTES).then(|| text.repeat(times).into())
}

fn exact(v: i64) -> Option<f64> {
    (v.unsigned_abs() <= 1 << 53).then_some(v as f64)
}

fn fold_ints(op: Operator, a: i64, b: i64) -> Option<Const> {
    let v = match op {
        Operator::Add => a.checked_add(b)?,
        Operator::Sub => a.checked_sub(b)?,
        Operator::Mult => a.checked_mul(b)?,
        Operator::FloorDiv if b != 0 => a.checked_div_euclid(b).map(|q| floor_quotient(a, b, q))?,
        Operator::Mod if b != 0 => {
            let r = a.checked_rem(b)?;
            if r != 0 && (r < 0) != (b < 0) { r + b } else { r }
        }
        Operator::Div if b != 0 => return Some(Const::Float((exact(a)? / exact(b)?).to_bits())),
        Operator::Pow if b >= 0 => a.checked_pow(u32::try_from(b).ok()?)?,
        Operator::LShift if (0..62).contains(&b) => {
            let v = a << b;
            if v >> b != a {
                return None;
            }
            v
        }
        Operator::RShift if b >= 0 => a >> b.min(63),
        Operator::BitAnd => a & b,
        Operator::BitOr => a | b,
        Operator::BitXor => a ^ b,
        _ => return None,
    };
    Some(Const::Int(v))
}

fn floor_quotient(a: i64, b: i64, euclid: i64) -> i64 {
    // The Euclidean remainder is not negative; Python's has the divisor's sign.
    if b < 0 && a - euclid * b != 0 { euclid - 1 } else { euclid }
}

fn fold_floats(op: Operator, a: f64, b: f64) -> Option<Const> {
    let v = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult => a * b,
        Operator::Div if b != 0.0 => a / b,
        _ => return None,
    };
    Some(Const::Float(v.to_bits()))
}

fn fold_complex(op: Operator, a: f64, re: u64, im: u64) -> Option<Const> {
    let (re, im) = (f64::from_bits(re), f64::from_bits(im));
    let (re, im) = match op {
        Operator::Add => (a + re, 0.0 + im),
        Operator::Sub => (a - re, 0.0 - im),
        _ => return None,
    };
    Some(Const::Complex(re.to_bits(), im.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_down() {
        for (a, b) in [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, 3), (-6, 3), (6, -3), (-6, -3)] {
            let expected = (a as f64 / b as f64).floor() as i64;
            assert_eq!(fold_ints(Operator::FloorDiv, a, b), Some(Const::Int(expected)), "{a} // {b}");
            assert_eq!(fold_ints(Operator::Mod, a, b), Some(Const::Int(a - expected * b)), "{a} % {b}");
        }
        assert_eq!(fold_ints(Operator::FloorDiv, 1, 0), None);
        assert_eq!(fold_ints(Operator::Mult, i64::MAX, 2), None);
    }
}
