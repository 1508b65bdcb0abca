//! Constants in types: lengths of arrays, discriminants, constant arguments.
//!
//! Evaluates what these are usually made of: numbers, other constants, operators, casts, conditions. Everything else is
//! refused here. The value is computed exactly and must fit 128 bits.

use std::cell::Cell;

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::{UNSUPPORTED_CONSTRUCT, grok as code};

use super::context::Checked;
use crate::hir::{BinaryOp, Body, BodyId, Expr, ExprId, Lit, PathRes, TypeExpr, UnaryOp};
use crate::ty::{Const, ConstKind};

/// How deep constants may refer to one another.
const MAX_DEPTH: u32 = 128;

/// Why there is no value.
enum Failure {
    /// The evaluation goes wrong: message and place.
    Wrong(&'static str, Span),
    /// A form that is not evaluated.
    Unsupported(Span),
}

impl Checked {
    /// Value of a constant expression; what goes wrong is reported once.
    pub fn const_value(&self, body: BodyId) -> Option<i128> {
        if let Some(&known) = self.const_values.borrow().get(&body) {
            return known;
        }
        let made = self.hir.body(body)?;
        let depth = Cell::new(0);
        let value = match (Evaluator { c: self, body: made, depth: &depth }).expr(made.value) {
            Ok(v) => Some(v),
            Err(Failure::Wrong(text, span)) => {
                self.error(&code::CONST_EVALUATION, span, text);
                None
            }
            Err(Failure::Unsupported(span)) => {
                let text = "this constant expression is not supported yet";
                let d = Diagnostic::at(&UNSUPPORTED_CONSTRUCT, span, text)
                    .help("constants in types are made of numbers, constants, operators, casts and conditions");
                self.report(d);
                None
            }
        };
        self.const_values.borrow_mut().insert(body, value);
        value
    }

    /// A length of an array, which must be one that memory can have; what is none is reported once.
    pub fn checked_length(&self, len: Const) -> Const {
        let ConstKind::Unevaluated(body, _) = self.types.const_kind(len) else { return len };
        let (Some(value), Some(made)) = (self.const_value(body), self.hir.body(body)) else { return len };
        if (0..=i128::from(i64::MAX)).contains(&value) {
            return len;
        }
        let text = format!("{value} is no length of an array");
        self.error(&code::CONST_EVALUATION, made.expr_span(made.value), text);
        self.const_values.borrow_mut().insert(body, None);
        self.types.mk_const(ConstKind::Error)
    }
}

struct Evaluator<'a> {
    c: &'a Checked,
    body: &'a Body,
    depth: &'a Cell<u32>,
}

impl Evaluator<'_> {
    fn expr(&self, e: ExprId) -> Result<i128, Failure> {
        let span = self.body.expr_span(e);
        match &self.body.exprs[e] {
            Expr::Lit(Lit::Int(v, _)) => {
                i128::try_from(v.unsigned()).map_err(|_| Failure::Wrong("the constant does not fit", span))
            }
            Expr::Lit(Lit::Bool(b)) => Ok(i128::from(*b)),
            Expr::Lit(Lit::Char(ch)) => Ok(i128::from(u32::from(*ch))),
            Expr::Path(PathRes::Const(k)) => {
                let id = self.c.hir.consts[*k].body.ok_or(Failure::Unsupported(span))?;
                if let Some(&Some(v)) = self.c.const_values.borrow().get(&id) {
                    return Ok(v);
                }
                let body = self.c.hir.body(id).ok_or(Failure::Unsupported(span))?;
                if self.depth.get() >= MAX_DEPTH {
                    return Err(Failure::Wrong("this constant needs itself", span));
                }
                self.depth.set(self.depth.get() + 1);
                let value = Evaluator { c: self.c, body, depth: self.depth }.expr(body.value);
                self.depth.set(self.depth.get() - 1);
                value
            }
            Expr::Unary { op: UnaryOp::Neg, value } => {
                self.expr(*value)?.checked_neg().ok_or(Failure::Wrong("the constant does not fit", span))
            }
            Expr::Binary { op, left, right, .. } => {
                let (a, b) = (self.expr(*left)?, self.expr(*right)?);
                operate(*op, a, b, span)
            }
            Expr::Logical { and, left, right } => {
                let a = self.expr(*left)? != 0;
                let b = if a == *and { self.expr(*right)? != 0 } else { a };
                Ok(i128::from(b))
            }
            Expr::Cast { value, ty } => {
                let v = self.expr(*value)?;
                match self.c.hir.types[*ty] {
                    TypeExpr::Int(k) if k.bits() == 128 => Ok(v),
                    TypeExpr::Int(k) => {
                        let n = 128 - k.bits();
                        Ok(if k.is_signed() { v << n >> n } else { ((v as u128) << n >> n) as i128 })
                    }
                    _ => Err(Failure::Unsupported(span)),
                }
            }
            Expr::If { cond, then, otherwise: Some(otherwise) } => {
                if self.expr(*cond)? != 0 {
                    self.expr(*then)
                } else {
                    self.expr(*otherwise)
                }
            }
            Expr::Block(block) if block.stmts.is_empty() => match block.tail {
                Some(tail) => self.expr(tail),
                None => Err(Failure::Unsupported(span)),
            },
            _ => Err(Failure::Unsupported(span)),
        }
    }
}

fn operate(op: BinaryOp, a: i128, b: i128, span: Span) -> Result<i128, Failure> {
    let fits = |v: Option<i128>| v.ok_or(Failure::Wrong("the constant does not fit", span));
    let shift = || u32::try_from(b).ok().filter(|&n| n < 128).ok_or(Failure::Wrong("the shift is too wide", span));
    match op {
        BinaryOp::Add => fits(a.checked_add(b)),
        BinaryOp::Sub => fits(a.checked_sub(b)),
        BinaryOp::Mul => fits(a.checked_mul(b)),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => Err(Failure::Wrong("division by zero", span)),
        BinaryOp::Div => fits(a.checked_div(b)),
        BinaryOp::Rem => fits(a.checked_rem(b)),
        BinaryOp::BitAnd => Ok(a & b),
        BinaryOp::BitOr => Ok(a | b),
        BinaryOp::BitXor => Ok(a ^ b),
        BinaryOp::Shl => Ok(a << shift()?),
        BinaryOp::Shr => Ok(a >> shift()?),
        BinaryOp::Eq => Ok(i128::from(a == b)),
        BinaryOp::Ne => Ok(i128::from(a != b)),
        BinaryOp::Lt => Ok(i128::from(a < b)),
        BinaryOp::Le => Ok(i128::from(a <= b)),
        BinaryOp::Gt => Ok(i128::from(a > b)),
        BinaryOp::Ge => Ok(i128::from(a >= b)),
    }
}
