//! E1004: integer literals that their type does not hold.
//!
//! A minus sign before a literal belongs to it here: `-128` is an `i8`, although 128 is none. A literal that `as` converts
//! is what `as` makes of it: `300 as u8` is 44.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::context::Checked;
use super::typed::TypedBody;
use crate::hir::{Body, Expr, Lit, Pat, PatBound, RangePat, UnaryOp};
use crate::ty::{Ty, TyKind};

/// Checks the literals of a body whose types are known.
pub fn check_literals(c: &Checked, body: &Body, typed: &TypedBody) {
    let mut negated = vec![false; body.exprs.len()];
    let mut converted = vec![false; body.exprs.len()];
    for (_, expr) in body.exprs.iter() {
        match expr {
            Expr::Unary { op: UnaryOp::Neg, value } => negated[value.0 as usize] = true,
            Expr::Cast { value, .. } => {
                converted[value.0 as usize] = true;
                if let Expr::Unary { op: UnaryOp::Neg, value } = &body.exprs[*value] {
                    converted[value.0 as usize] = true;
                }
            }
            _ => {}
        }
    }
    for (id, expr) in body.exprs.iter() {
        if let Expr::Lit(lit) = expr
            && !converted[id.0 as usize]
        {
            check(c, lit, negated[id.0 as usize], typed.expr_ty[id.0 as usize], body.expr_span(id));
        }
    }
    for (id, pat) in body.pats.iter() {
        let ty = typed.pat_ty[id.0 as usize];
        match pat {
            Pat::Lit { lit, negative } => check(c, lit, *negative, ty, body.pat_span(id)),
            Pat::Range(range) => {
                let RangePat { start, end, .. } = &**range;
                for bound in [start, end].into_iter().flatten() {
                    if let PatBound::Lit { lit, negative, span } = bound {
                        check(c, lit, *negative, ty, *span);
                    }
                }
            }
            _ => {}
        }
    }
}

fn check(c: &Checked, lit: &Lit, negative: bool, ty: Ty, span: Span) {
    if let TyKind::Float(kind) = c.types.kind(ty)
        && let Some(value) = lit.as_float(kind)
        && value.is_infinite()
    {
        // What is too large for `f64` was refused when it was read.
        let d = Diagnostic::at(&grok::LITERAL_OUT_OF_RANGE, span, "the number is too large for `f32`")
            .note(format!("the largest number of `f32` is {:e}", f32::MAX));
        return c.report(d);
    }
    let (Lit::Int(value, _), TyKind::Int(kind)) = (lit, c.types.kind(ty)) else { return };
    let value = value.unsigned();
    let bits = kind.bits() - u32::from(kind.is_signed());
    let most = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    let holds = value <= most || (negative && kind.is_signed() && value == most + 1);
    if !holds {
        let sign = if negative { "-" } else { "" };
        let least = if kind.is_signed() { format!("-{}", most + 1) } else { "0".to_owned() };
        let message = format!("`{sign}{value}` does not fit into `{}`", kind.text());
        let d = Diagnostic::at(&grok::LITERAL_OUT_OF_RANGE, span, message)
            .note(format!("`{}` holds the numbers from {least} to {most}", kind.text()));
        c.report(d);
    }
}
