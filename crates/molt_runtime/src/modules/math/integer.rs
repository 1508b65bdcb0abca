//! Integer functions of `math`.

use alloc::format;
use dashu_int::ops::{Gcd, SquareRoot, UnsignedAbs};
use dashu_int::{IBig, UBig};
use molt_abi::Word;

use crate::native::{NativeDef, def};
use crate::num::int::{self, IntRef};
use crate::{Isolate, Owned, PyResult};

pub static FUNCTIONS: &[NativeDef] = &[
    def("gcd", "($module, /, *integers)", |rt, a| fold(rt, a[0], UBig::ZERO, |x, y| x.gcd(y))),
    def("lcm", "($module, /, *integers)", |rt, a| {
        fold(rt, a[0], UBig::ONE, |x, y| if x.is_zero() || y.is_zero() { UBig::ZERO } else { &x / (&x).gcd(&y) * y })
    }),
    def("isqrt", "($module, n, /)", |rt, a| {
        let n = rt.index(a[0])?;
        let n = int::of_int(n.word());
        if n.is_negative() {
            return Err(rt.value_error("isqrt() argument must be nonnegative"));
        }
        let root = n.to_big().as_ref().unsigned_abs().sqrt();
        Ok(int::new(rt, root.into()))
    }),
    def("factorial", "($module, n, /)", |rt, a| {
        let n = rt.index(a[0])?;
        let n = int::of_int(n.word());
        if n.is_negative() {
            return Err(rt.value_error("factorial() not defined for negative values"));
        }
        match n {
            IntRef::Small(n) if n < 1 << 40 => {
                let v = product(1, n as u64);
                Ok(int::new(rt, v.into()))
            }
            _ => Err(rt.overflow_error(format!("factorial() argument should not exceed {}", i64::MAX))),
        }
    }),
    def("comb", "($module, n, k, /)", |rt, a| {
        let Some((n, k)) = counts(rt, a[0], a[1])? else { return Ok(Owned::small(0)) };
        let k = match IBig::from(k).min(&n - IBig::from(k)) {
            k if k < IBig::ZERO => return Ok(Owned::small(0)),
            k => u64::try_from(&k).expect("at most the given k"),
        };
        let mut result = IBig::ONE;
        for i in 0..k {
            result = result * (&n - IBig::from(i)) / IBig::from(i + 1);
        }
        Ok(int::new(rt, result))
    }),
    def("perm", "($module, n, k=None, /)", |rt, a| {
        if a[1].is_unbound() || a[1].is_none() {
            let n = rt.index(a[0])?;
            return match int::of_int(n.word()) {
                n if n.is_negative() => Err(rt.value_error("factorial() not defined for negative values")),
                IntRef::Small(n) => {
                    let v = product(1, n as u64);
                    Ok(int::new(rt, v.into()))
                }
                IntRef::Big(_) => {
                    Err(rt.overflow_error(format!("factorial() argument should not exceed {}", i64::MAX)))
                }
            };
        }
        let Some((n, k)) = counts(rt, a[0], a[1])? else { return Ok(Owned::small(0)) };
        if IBig::from(k) > n {
            return Ok(Owned::small(0));
        }
        let mut result = IBig::ONE;
        for i in 0..k {
            result *= &n - IBig::from(i);
        }
        Ok(int::new(rt, result))
    }),
];

/// `from * (from + 1) * … * to`, by halves so that factors stay balanced.
fn product(from: u64, to: u64) -> UBig {
    if from > to {
        return UBig::ONE;
    }
    if to - from < 8 {
        return (from..=to).fold(UBig::ONE, |p, i| p * i);
    }
    let middle = from + (to - from) / 2;
    product(from, middle) * product(middle + 1, to)
}

fn fold(rt: &mut Isolate, args: Word, start: UBig, f: impl Fn(UBig, UBig) -> UBig) -> PyResult {
    let mut result = start;
    for &w in crate::api::tuple_items(args) {
        let i = rt.index(w)?;
        let magnitude = int::of_int(i.word()).to_big().as_ref().unsigned_abs();
        result = if result.is_zero() && magnitude.is_zero() { UBig::ZERO } else { f(result, magnitude) };
    }
    Ok(int::new(rt, result.into()))
}

/// Arguments of `comb` and `perm`; `None` when `k` is larger than any `n`.
fn counts(rt: &mut Isolate, n: Word, k: Word) -> PyResult<Option<(IBig, u64)>> {
    let (n, k) = (rt.index(n)?, rt.index(k)?);
    let (n, k) = (int::of_int(n.word()), int::of_int(k.word()));
    if n.is_negative() {
        return Err(rt.value_error("n must be a non-negative integer"));
    }
    if k.is_negative() {
        return Err(rt.value_error("k must be a non-negative integer"));
    }
    if int::compare(k, n).is_gt() {
        return Ok(None);
    }
    let distance = n.to_big().as_ref() - k.to_big().as_ref();
    match (k.to_i64(), i64::try_from(&distance)) {
        (Some(k), _) => Ok(Some((n.to_big().into_owned(), k as u64))),
        (None, Ok(d)) => Ok(Some((n.to_big().into_owned(), d as u64))),
        _ => Err(rt.overflow_error(format!("min(n - k, k) must not exceed {}", i64::MAX))),
    }
}
