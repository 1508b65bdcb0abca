//! Sums and products of `math`: exact and compensated.

use alloc::vec::Vec;
use molt_abi::Word;

use super::{frexp, scale};
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::num::c_math;
use crate::num::{float, int};
use crate::{Isolate, Owned, PyResult};

pub static FUNCTIONS: &[NativeDef] = &[
    def("fsum", "($module, seq, /)", |rt, a| {
        let iterator = rt.iter(a[0])?;
        let mut sum = ExactSum::default();
        while let Some(item) = rt.next(iterator.word())? {
            let x = rt.to_f64(item.word())?;
            sum.add(x);
        }
        sum.finish(rt)
    }),
    def("prod", "($module, iterable, /, *, start=1)", |rt, a| {
        let mut result = if a[1].is_unbound() { Owned::small(1) } else { Owned::share(a[1]) };
        let iterator = rt.iter(a[0])?;
        while let Some(item) = rt.next(iterator.word())? {
            result = rt.binary(Name::MUL, result.word(), item.word())?;
        }
        Ok(result)
    }),
    def("sumprod", "($module, p, q, /)", sum_of_products),
    def("hypot", "(*coordinates)", |rt, a| {
        let items = crate::api::tuple_items(a[0]);
        let values = items.iter().map(|&w| rt.to_f64(w)).collect::<PyResult<Vec<f64>>>()?;
        Ok(rt.new_float(norm(&values)))
    }),
    def("dist", "($module, p, q, /)", |rt, a| {
        let (p, q) = (rt.collect(a[0])?, rt.collect(a[1])?);
        if p.len() != q.len() {
            return Err(rt.value_error("both points must have the same number of dimensions"));
        }
        let mut values = Vec::with_capacity(p.len());
        for (x, y) in p.iter().zip(&q) {
            values.push(rt.to_f64(x.word())? - rt.to_f64(y.word())?);
        }
        Ok(rt.new_float(norm(&values)))
    }),
];

/// Sum without rounding, as non-overlapping partial sums (Shewchuk).
#[derive(Default)]
struct ExactSum {
    partials: Vec<f64>,
    special: f64,
    infinities: f64,
    overflow: bool,
}

impl ExactSum {
    fn add(&mut self, value: f64) {
        let mut x = value;
        let mut kept = 0;
        for i in 0..self.partials.len() {
            let mut y = self.partials[i];
            if x.abs() < y.abs() {
                core::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                self.partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        self.partials.truncate(kept);
        if x == 0.0 {
            return;
        }
        if x.is_finite() {
            self.partials.push(x);
            return;
        }
        if value.is_finite() {
            self.overflow = true;
        } else {
            self.infinities += if value.is_infinite() { value } else { 0.0 };
            self.special += value;
        }
        self.partials.clear();
    }

    /// The rounded sum; half-way cases look at the next partial for the direction.
    fn value(&self) -> f64 {
        let mut partials = self.partials.iter().rev().copied();
        let Some(mut high) = partials.next() else { return 0.0 };
        let mut low = 0.0;
        for y in partials.by_ref() {
            let x = high;
            high = x + y;
            low = y - (high - x);
            if low != 0.0 {
                break;
            }
        }
        if let Some(next) = partials.next()
            && ((low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0))
        {
            let twice = low * 2.0;
            let x = high + twice;
            if twice == x - high {
                high = x;
            }
        }
        high
    }

    fn finish(&self, rt: &mut Isolate) -> PyResult {
        if self.overflow {
            return Err(rt.overflow_error("intermediate overflow in fsum"));
        }
        if self.special != 0.0 {
            if self.infinities.is_nan() {
                return Err(rt.value_error("-inf + inf in fsum"));
            }
            return Ok(rt.new_float(self.special));
        }
        Ok(rt.new_float(self.value()))
    }
}

/// Euclidean norm with compensated squares and one Newton correction.
fn norm(values: &[f64]) -> f64 {
    if values.iter().any(|v| v.is_infinite()) {
        return f64::INFINITY;
    }
    if values.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    let max = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if max == 0.0 || values.len() == 1 {
        return max;
    }
    let (_, exponent) = frexp(max);
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for &v in values {
        let x = scale(v, -exponent);
        let square = x * x;
        let square_low = c_math::mul_add(x, x, -square);
        let next = sum + square;
        lost += (if sum.abs() >= square { (sum - next) + square } else { (square - next) + sum }) + square_low;
        sum = next;
    }
    let h = c_math::sqrt(sum + lost);
    let square = h * h;
    let residual = (sum - square) - c_math::mul_add(h, h, -square) + lost;
    scale(h + residual / (2.0 * h), exponent)
}

fn sum_of_products(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (p, q) = (rt.collect(a[0])?, rt.collect(a[1])?);
    if p.len() != q.len() {
        return Err(rt.value_error("Inputs are not the same length"));
    }
    let any_float = p.iter().chain(&q).any(|w| rt.is_float(w.word()));
    let all_real = p.iter().chain(&q).all(|w| rt.is_float(w.word()) || int::of(rt, w.word()).is_some());
    if any_float && all_real {
        let mut sum = ExactSum::default();
        let mut plain = 0.0;
        for (x, y) in p.iter().zip(&q) {
            let (x, y) = (number(rt, x.word())?, number(rt, y.word())?);
            let product = x * y;
            plain += product;
            if product.is_finite() {
                sum.add(product);
                sum.add(c_math::mul_add(x, y, -product));
            }
        }
        let v = if plain.is_finite() { sum.value() } else { plain };
        return Ok(rt.new_float(v));
    }
    let mut total = Owned::small(0);
    for (x, y) in p.iter().zip(&q) {
        let product = rt.binary(Name::MUL, x.word(), y.word())?;
        total = rt.binary(Name::ADD, total.word(), product.word())?;
    }
    Ok(total)
}

fn number(rt: &mut Isolate, w: Word) -> PyResult<f64> {
    match float::of(rt, w) {
        Some(v) => Ok(v),
        None => int::to_f64(rt, w),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_round_once() {
        let mut sum = ExactSum::default();
        (0..10).for_each(|_| sum.add(0.1));
        assert_eq!(sum.value(), 1.0);
        let mut sum = ExactSum::default();
        for x in [1e16, 1.0, 1e-16] {
            sum.add(x);
        }
        assert_eq!(sum.value(), 1.0000000000000002e16);
        assert_eq!(norm(&[3.0, 4.0]), 5.0);
        assert_eq!(norm(&[1e200, 1e200]), 1.414213562373095e200);
    }
}
