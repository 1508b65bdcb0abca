//! Formatting expressions as calls of the library; the functions are listed in [`super`].
//!
//! `fmt_spec` gets the fill character, flags, width and precision (0 where absent). Bits of the flags:
//!
//! | Bits | Meaning |
//! |---|---|
//! | 0–1 | alignment: 0 not given, 1 left, 2 centre, 3 right |
//! | 2 | `+` |
//! | 3 | `#` |
//! | 4 | `0` |
//! | 5 | a width is given |
//! | 6 | a precision is given |
//!
//! The style (`?`, `x`, …) chooses the function that prints the value; that is inference's work.

use molt_base::Span;

use super::{Builder, View};
use crate::check::typed::{Callee, CalleeRole};
use crate::hir::{Align, ExprId, Format, FormatCount, FormatKind, FormatPiece, FormatSpec, Mutability};
use crate::mir::{Constant, Elem, Operand, Place, Rvalue};
use crate::ty::{Args, Ty, TyKind};

const ALIGN_LEFT: u32 = 1;
const ALIGN_CENTER: u32 = 2;
const ALIGN_RIGHT: u32 = 3;
const PLUS: u32 = 1 << 2;
const ALTERNATE: u32 = 1 << 3;
const ZERO: u32 = 1 << 4;
const HAS_WIDTH: u32 = 1 << 5;
const HAS_PRECISION: u32 = 1 << 6;

impl Builder<'_> {
    pub(super) fn format(&mut self, dest: &Place, expr: ExprId, format: &Format) {
        let span = self.span(expr);
        let target = match format.kind {
            FormatKind::Write { target } => Some(self.auto_ref(target, Mutability::Mut)),
            FormatKind::String | FormatKind::Print { .. } | FormatKind::Panic => None,
        };
        // Arguments are borrowed in order. That shows only where a later one is more than a place.
        let borrowed = format.args.iter().rposition(|&a| !self.is_place(self.full(a))).unwrap_or(0);
        let mut args: Vec<Place> = Vec::with_capacity(format.args.len());
        for (n, &arg) in format.args.iter().enumerate() {
            let view = self.full(arg);
            let (is_place, place) = (self.is_place(view), self.place(view));
            args.push(if is_place && n < borrowed { self.held(place, view) } else { place });
        }
        let new = Callee { func: self.lang_fn("fmt_new"), args: Args::EMPTY };
        let ty = self.q.callee_ret(new);
        let slot = self.new_slot(ty, span);
        self.call_fn(new, Vec::new(), Place::local(slot), span);
        self.schedule_value_in(self.temp_scope, slot, ty);
        let formatter = Place::local(slot);
        let mut told = false;
        for (n, piece) in format.pieces.iter().enumerate() {
            match piece {
                FormatPiece::Text(text) => {
                    let to = self.borrow_temp(formatter.clone(), Mutability::Mut, ty, span);
                    let text = Operand::Const(Constant::Str(*text));
                    self.fmt_call("fmt_text", vec![to, text], span);
                }
                FormatPiece::Value { arg, spec, span } => {
                    let ty_of = |a: u32| self.typed.adjusted(format.args[a as usize]);
                    let value_ty = ty_of(*arg);
                    // A value need not use up what the formatter was told for it.
                    let special = *spec != plain(*spec);
                    if special || told {
                        self.format_spec(&formatter, ty, spec, &args, *span);
                    }
                    told = special;
                    let to = self.borrow_temp(formatter.clone(), Mutability::Mut, ty, *span);
                    let place = args[*arg as usize].clone();
                    let at = self.span(format.args[*arg as usize]);
                    self.format_value(expr, n as u32, (place, value_ty), to, at);
                }
            }
        }
        self.finish_format(dest, expr, format, target, formatter, span);
    }

    /// What a reference to the place, made now, refers to.
    fn held(&mut self, place: Place, view: View) -> Place {
        let (ty, span) = (self.view_ty(view), self.span(view.expr));
        let is_text = self.is_str(ty);
        let slot = self.new_slot(if is_text { ty } else { self.types.reference(Mutability::Shared, ty) }, span);
        let reference = self.borrow_temp(place, Mutability::Shared, ty, span);
        self.assign(Place::local(slot), Rvalue::Use(reference), span);
        if is_text { Place::local(slot) } else { Place::local(slot).with(Elem::Deref) }
    }

    /// Inference numbers the values of a formatting expression by piece. It looks through references to a value.
    fn format_value(&mut self, expr: ExprId, piece: u32, value: (Place, Ty), to: Operand, span: Span) {
        let callee = self.typed.callee[&(expr, CalleeRole::Format(piece))];
        let want = self.types.list(callee.args).first().and_then(|a| a.ty());
        let (mut place, mut ty) = value;
        while let TyKind::Ref(_, _, inner) = self.types.kind(ty)
            && Some(ty) != want
        {
            place = place.with(Elem::Deref);
            ty = inner;
        }
        let value = self.borrow_temp(place, Mutability::Shared, ty, span);
        let ret = self.q.callee_ret(callee);
        let result = self.new_slot(ret, span);
        self.call_fn(callee, vec![value, to], Place::local(result), span);
        self.schedule_value_in(self.temp_scope, result, ret);
    }

    fn fmt_call(&mut self, name: &str, operands: Vec<Operand>, span: Span) {
        let discard = self.discard();
        self.call_lang(name, Args::EMPTY, operands, discard, span);
    }

    fn format_spec(&mut self, formatter: &Place, ty: Ty, spec: &FormatSpec, args: &[Place], span: Span) {
        let count = |c: Option<FormatCount>| match c {
            None => Operand::Const(Constant::Int(0i128.into(), Ty::USIZE)),
            Some(FormatCount::Value(v)) => Operand::Const(Constant::Int(i128::from(v).into(), Ty::USIZE)),
            Some(FormatCount::Arg(n)) => Operand::Copy(args[n as usize].clone()),
        };
        let operands = vec![
            self.borrow_temp(formatter.clone(), Mutability::Mut, ty, span),
            Operand::Const(Constant::Char(spec.fill)),
            Operand::Const(Constant::Int(i128::from(flags(spec)).into(), Ty::U32)),
            count(spec.width),
            count(spec.precision),
        ];
        self.fmt_call("fmt_spec", operands, span);
    }

    fn finish_format(
        &mut self,
        dest: &Place,
        expr: ExprId,
        format: &Format,
        target: Option<Operand>,
        formatter: Place,
        span: Span,
    ) {
        let value = Operand::Move(formatter);
        match format.kind {
            FormatKind::String => self.call_lang("fmt_string", Args::EMPTY, vec![value], dest.clone(), span),
            FormatKind::Print { newline, stderr } => {
                let flag = |b| Operand::Const(Constant::Bool(b));
                let operands = vec![value, flag(newline), flag(stderr)];
                self.call_lang("fmt_print", Args::EMPTY, operands, dest.clone(), span);
            }
            FormatKind::Panic => self.call_lang("fmt_panic", Args::EMPTY, vec![value], dest.clone(), span),
            FormatKind::Write { target: target_expr } => {
                let operands = target.into_iter().chain([value]).collect();
                match self.typed.main_callee(expr) {
                    Some(callee) => self.call_fn(callee, operands, dest.clone(), span),
                    None => {
                        let ty = match self.types.kind(self.typed.adjusted(target_expr)) {
                            TyKind::Ref(_, _, inner) => inner,
                            _ => self.typed.adjusted(target_expr),
                        };
                        let args = self.types.ty_list(&[ty]);
                        self.call_lang("fmt_write", args, operands, dest.clone(), span);
                    }
                }
            }
        }
    }
}

/// The specification without anything but its style.
fn plain(spec: FormatSpec) -> FormatSpec {
    FormatSpec { align: None, plus: false, alternate: false, zero: false, width: None, precision: None, ..spec }
}

fn flags(spec: &FormatSpec) -> u32 {
    let align = match spec.align {
        None => 0,
        Some(Align::Left) => ALIGN_LEFT,
        Some(Align::Center) => ALIGN_CENTER,
        Some(Align::Right) => ALIGN_RIGHT,
    };
    let bit = |set: bool, bit: u32| if set { bit } else { 0 };
    align
        | bit(spec.plus, PLUS)
        | bit(spec.alternate, ALTERNATE)
        | bit(spec.zero, ZERO)
        | bit(spec.width.is_some(), HAS_WIDTH)
        | bit(spec.precision.is_some(), HAS_PRECISION)
}
