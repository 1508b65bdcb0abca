//! The module `math`.

use alloc::format;
use alloc::vec;

pub mod integer;
pub mod sums;

use molt_abi::Word;

use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::num::c_math;
use crate::num::float;
use crate::num::int::{self, IntRef};
use crate::{Isolate, Owned, PyResult, Raised, native_module};

native_module!(molt_module_math, "math", init);

unsafe extern "C" {
    safe fn erf(x: f64) -> f64;
    safe fn erfc(x: f64) -> f64;
    safe fn remainder(x: f64, y: f64) -> f64;
    safe fn nextafter(x: f64, y: f64) -> f64;
    safe fn asinh(x: f64) -> f64;
    safe fn acosh(x: f64) -> f64;
    safe fn atanh(x: f64) -> f64;
}

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    rt.module_functions(module, integer::FUNCTIONS);
    rt.module_functions(module, sums::FUNCTIONS);
    let constants = [
        ("pi", core::f64::consts::PI),
        ("e", core::f64::consts::E),
        ("tau", core::f64::consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ];
    for (name, value) in constants {
        let value = rt.new_float(value);
        rt.module_set(module, name, value);
    }
    Ok(())
}

pub(super) fn domain_error(rt: &mut Isolate) -> Raised {
    rt.value_error("math domain error")
}

fn range_error(rt: &mut Isolate) -> Raised {
    rt.overflow_error("math range error")
}

/// Applies a function that has no result for some finite arguments: NaN from a number is a domain error,
/// infinity from a finite number a range error, or a domain error for functions with poles.
fn checked(rt: &mut Isolate, x: f64, f: impl Fn(f64) -> f64, can_overflow: bool) -> PyResult {
    let r = f(x);
    if r.is_nan() && !x.is_nan() {
        return Err(domain_error(rt));
    }
    if r.is_infinite() && x.is_finite() {
        return Err(if can_overflow { range_error(rt) } else { domain_error(rt) });
    }
    Ok(rt.new_float(r))
}

macro_rules! unary {
    ($name:literal, $f:expr, $overflow:expr) => {
        def($name, "($module, x, /)", |rt, a| {
            let x = rt.to_f64(a[0])?;
            checked(rt, x, $f, $overflow)
        })
    };
}

macro_rules! test {
    ($name:literal, $f:expr) => {
        def($name, "($module, x, /)", |rt, a| {
            let x = rt.to_f64(a[0])?;
            Ok(Owned::from_bool($f(x)))
        })
    };
}

const TWO_53: f64 = (1u64 << 53) as f64;
const TWO_64: f64 = (1u128 << 64) as f64;

static FUNCTIONS: &[NativeDef] = &[
    unary!("acos", c_math::acos, false),
    unary!("acosh", |x| acosh(x), false),
    unary!("asin", c_math::asin, false),
    unary!("asinh", |x| asinh(x), false),
    unary!("atan", c_math::atan, false),
    unary!("atanh", |x| atanh(x), false),
    unary!("cbrt", c_math::cbrt, false),
    unary!("cos", c_math::cos, false),
    unary!("cosh", c_math::cosh, true),
    unary!("erf", |x| erf(x), false),
    unary!("erfc", |x| erfc(x), false),
    unary!("exp", c_math::exp, true),
    unary!("exp2", c_math::exp2, true),
    unary!("expm1", c_math::exp_m1, true),
    unary!("fabs", f64::abs, false),
    unary!("log1p", c_math::ln_1p, false),
    unary!("sin", c_math::sin, false),
    unary!("sinh", c_math::sinh, true),
    unary!("sqrt", c_math::sqrt, false),
    unary!("tan", c_math::tan, false),
    unary!("tanh", c_math::tanh, false),
    unary!("degrees", |x| x * (180.0 / core::f64::consts::PI), false),
    unary!("radians", |x| x * (core::f64::consts::PI / 180.0), false),
    test!("isfinite", f64::is_finite),
    test!("isinf", f64::is_infinite),
    test!("isnan", f64::is_nan),
    def("atan2", "($module, y, x, /)", |rt, a| {
        let (y, x) = pair(rt, a)?;
        Ok(rt.new_float(c_math::atan2(y, x)))
    }),
    def("copysign", "($module, x, y, /)", |rt, a| {
        let (x, y) = pair(rt, a)?;
        Ok(rt.new_float(x.copysign(y)))
    }),
    def("fmod", "($module, x, y, /)", |rt, a| {
        let (x, y) = pair(rt, a)?;
        if y.is_infinite() && x.is_finite() {
            return Ok(rt.new_float(x));
        }
        binary_result(rt, x, y, x % y)
    }),
    def("remainder", "($module, x, y, /)", |rt, a| {
        let (x, y) = pair(rt, a)?;
        binary_result(rt, x, y, remainder(x, y))
    }),
    def("pow", "($module, x, y, /)", |rt, a| {
        let (x, y) = pair(rt, a)?;
        let r = c_math::powf(x, y);
        if x == 0.0 && y < 0.0 && y.is_finite() {
            return Err(domain_error(rt));
        }
        binary_result(rt, x, y, r)
    }),
    def("fma", "($module, x, y, z, /)", |rt, a| {
        let (x, y) = pair(rt, a)?;
        let z = rt.to_f64(a[2])?;
        let r = c_math::mul_add(x, y, z);
        if r.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
            return Err(rt.value_error("invalid operation in fma"));
        }
        if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
            return Err(rt.overflow_error("overflow in fma"));
        }
        Ok(rt.new_float(r))
    }),
    def("ldexp", "($module, x, i, /)", ldexp),
    def("frexp", "($module, x, /)", |rt, a| {
        let x = rt.to_f64(a[0])?;
        let (m, e) = frexp(x);
        let items = vec![rt.new_float(m), Owned::small(e)];
        Ok(rt.new_tuple(items))
    }),
    def("modf", "($module, x, /)", |rt, a| {
        let x = rt.to_f64(a[0])?;
        let fraction = if x.is_infinite() { 0.0f64.copysign(x) } else { c_math::fract(x).copysign(x) };
        let fraction = if x.is_nan() { x } else { fraction };
        let items = vec![rt.new_float(fraction), rt.new_float(c_math::trunc(x))];
        Ok(rt.new_tuple(items))
    }),
    def("ulp", "($module, x, /)", |rt, a| {
        let x = rt.to_f64(a[0])?.abs();
        let r = match x {
            _ if x.is_nan() || x.is_infinite() => x,
            _ if nextafter(x, f64::INFINITY).is_infinite() => x - nextafter(x, f64::NEG_INFINITY),
            _ => nextafter(x, f64::INFINITY) - x,
        };
        Ok(rt.new_float(r))
    }),
    def("nextafter", "($module, x, y, /, *, steps=None)", next_after),
    def("gamma", "($module, x, /)", |rt, a| {
        let x = rt.to_f64(a[0])?;
        match gamma(x) {
            Ok(v) => Ok(rt.new_float(v)),
            Err(Pole::Domain) => Err(domain_error(rt)),
            Err(Pole::Range) => Err(range_error(rt)),
        }
    }),
    def("lgamma", "($module, x, /)", |rt, a| {
        let x = rt.to_f64(a[0])?;
        match log_gamma(x) {
            Ok(v) => Ok(rt.new_float(v)),
            Err(Pole::Domain) => Err(domain_error(rt)),
            Err(Pole::Range) => Err(range_error(rt)),
        }
    }),
    def("log", "($module, x, base=None, /)", |rt, a| {
        let numerator = logarithm(rt, a[0], c_math::ln)?;
        if a[1].is_unbound() {
            return Ok(rt.new_float(numerator));
        }
        let denominator = logarithm(rt, a[1], c_math::ln)?;
        if denominator == 0.0 {
            return Err(rt.zero_division_error("float division by zero"));
        }
        Ok(rt.new_float(numerator / denominator))
    }),
    def("log2", "($module, x, /)", |rt, a| {
        let v = logarithm(rt, a[0], c_math::log2)?;
        Ok(rt.new_float(v))
    }),
    def("log10", "($module, x, /)", |rt, a| {
        let v = logarithm(rt, a[0], c_math::log10)?;
        Ok(rt.new_float(v))
    }),
    def("isclose", "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)", is_close),
    def("ceil", "($module, x, /)", |rt, a| integral(rt, a[0], Name::CEIL, c_math::ceil)),
    def("floor", "($module, x, /)", |rt, a| integral(rt, a[0], Name::FLOOR, c_math::floor)),
    def("trunc", "($module, x, /)", |rt, a| {
        if rt.is_float(a[0]) {
            return float::to_int(rt, float::of_float(a[0]));
        }
        match rt.lookup_special(a[0], Name::TRUNC) {
            Some(method) => rt.call_special(method, a[0], &[]),
            None => {
                let name = rt.type_name(a[0]);
                Err(rt.type_error(format!("type {name} doesn't define __trunc__ method")))
            }
        }
    }),
];

fn pair(rt: &mut Isolate, a: &[Word]) -> PyResult<(f64, f64)> {
    Ok((rt.to_f64(a[0])?, rt.to_f64(a[1])?))
}

fn binary_result(rt: &mut Isolate, x: f64, y: f64, r: f64) -> PyResult {
    if r.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(domain_error(rt));
    }
    if r.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(range_error(rt));
    }
    Ok(rt.new_float(r))
}

/// Mantissa in [0.5, 1) and exponent.
pub fn frexp(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let bits = x.to_bits();
    let biased = (bits >> 52) as i64 & 0x7ff;
    if biased == 0 {
        let (m, e) = frexp(x * TWO_64);
        return (m, e - 64);
    }
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), biased - 1022)
}

/// `x * 2^exponent`, rounded once.
pub fn scale(x: f64, exponent: i64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let (m, e) = frexp(x);
    let mantissa = (m.abs() * TWO_53) as u128;
    let e = e.saturating_add(exponent).clamp(-5000, 5000) - 53;
    int::round_to_f64(mantissa, false, e).unwrap_or(f64::INFINITY).copysign(x)
}

fn ldexp(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let x = rt.to_f64(a[0])?;
    if !rt.is_int(a[1]) {
        return Err(rt.type_error("Expected an int as second argument to ldexp."));
    }
    let exponent = rt.to_i64_clamped(a[1])?;
    let r = scale(x, exponent);
    if r.is_infinite() && x.is_finite() {
        return Err(range_error(rt));
    }
    Ok(rt.new_float(r))
}

fn next_after(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (x, y) = pair(rt, a)?;
    if a[2].is_unbound() || a[2].is_none() {
        return Ok(rt.new_float(nextafter(x, y)));
    }
    let steps = rt.to_i64_clamped(a[2])?;
    if steps < 0 {
        return Err(rt.value_error("steps must be a non-negative integer"));
    }
    if x.is_nan() || y.is_nan() || steps == 0 || x == y {
        let r = if x.is_nan() || (x != y && !y.is_nan()) { x } else { y };
        return Ok(rt.new_float(r));
    }
    // Doubles in numeric order are integers in order when negative ones are mirrored.
    let key = |v: f64| {
        let bits = v.to_bits() as i64;
        if bits < 0 { i128::from(i64::MIN) - i128::from(bits) } else { i128::from(bits) }
    };
    let (from, to) = (key(x), key(y));
    let steps = i128::from(steps);
    let at = if to > from { (from + steps).min(to) } else { (from - steps).max(to) };
    let bits = if at < 0 { (i128::from(i64::MIN) - at) as i64 } else { at as i64 };
    let r = f64::from_bits(bits as u64);
    Ok(rt.new_float(if at == 0 { r.copysign(if to > from { x } else { y }) } else { r }))
}

fn logarithm(rt: &mut Isolate, w: Word, f: fn(f64) -> f64) -> PyResult<f64> {
    if let Some(value) = int::of(rt, w) {
        if value.is_negative() || value.is_zero() {
            return Err(domain_error(rt));
        }
        if let IntRef::Big(b) = value {
            if let Some(v) = int::big_to_f64(b) {
                return Ok(f(v));
            }
            // Beyond the range of doubles: log(m * 2^e) = log(m) + e * log(2).
            let bits = int::bit_length(value);
            let shifted = b >> (bits - 64);
            let m = int::big_to_f64(&shifted).unwrap_or(1.0);
            return Ok(f(m / TWO_64) + f(2.0) * bits as f64);
        }
    }
    let x = rt.to_f64(w)?;
    if x <= 0.0 {
        return Err(domain_error(rt));
    }
    Ok(f(x))
}

fn is_close(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (x, y) = pair(rt, a)?;
    let relative = if a[2].is_unbound() { 1e-9 } else { rt.to_f64(a[2])? };
    let absolute = if a[3].is_unbound() { 0.0 } else { rt.to_f64(a[3])? };
    if relative < 0.0 || absolute < 0.0 {
        return Err(rt.value_error("tolerances must be non-negative"));
    }
    if x == y {
        return Ok(Owned::from_bool(true));
    }
    if x.is_infinite() || y.is_infinite() {
        return Ok(Owned::from_bool(false));
    }
    let diff = (y - x).abs();
    Ok(Owned::from_bool(diff <= (relative * y).abs() || diff <= (relative * x).abs() || diff <= absolute))
}

fn integral(rt: &mut Isolate, w: Word, name: Name, f: fn(f64) -> f64) -> PyResult {
    if rt.class_of(w) == molt_abi::ClassId::FLOAT {
        return float::to_int(rt, f(float::of_float(w)));
    }
    if let Some(method) = rt.lookup_special(w, name) {
        return rt.call_special(method, w, &[]);
    }
    let x = rt.to_f64(w)?;
    float::to_int(rt, f(x))
}

/// Why gamma has no value.
enum Pole {
    Domain,
    Range,
}

const LANCZOS_G: f64 = 6.024_680_040_776_73;
const LANCZOS_G_MINUS_HALF: f64 = 5.524_680_040_776_73;

/// Numerator and denominator coefficients of the 13-term Lanczos sum (Boost's `lanczos13m53`).
const LANCZOS: [(f64, f64); 13] = [
    (23_531_376_880.410_76, 0.0),
    (42_919_803_642.649_1, 39916800.0),
    (35_711_959_237.355_67, 120543840.0),
    (17_921_034_426.037_21, 150917976.0),
    (6_039_542_586.352_028, 105258076.0),
    (1_439_720_407.311_721_6, 45995730.0),
    (248_874_557.862_054_17, 13339535.0),
    (31_426_415.585_400_194, 2637558.0),
    (2_876_370.628_935_372_5, 357423.0),
    (186_056.265_395_223_48, 32670.0),
    (8_071.672_002_365_816, 1925.0),
    (210.824_277_751_579_36, 66.0),
    (2.506_628_274_631_000_2, 1.0),
];

fn lanczos_sum(x: f64) -> f64 {
    let (mut num, mut den) = (0.0, 0.0);
    if x < 5.0 {
        for &(n, d) in LANCZOS.iter().rev() {
            num = num * x + n;
            den = den * x + d;
        }
    } else {
        for &(n, d) in &LANCZOS {
            num = num / x + n;
            den = den / x + d;
        }
    }
    num / den
}

/// `sin(pi * x)`, accurate near integers.
fn sin_pi(x: f64) -> f64 {
    use core::f64::consts::PI;
    let y = x.abs() % 2.0;
    let r = match c_math::round(2.0 * y) as i32 {
        0 => c_math::sin(PI * y),
        1 => c_math::cos(PI * (y - 0.5)),
        2 => c_math::sin(PI * (1.0 - y)),
        3 => -c_math::cos(PI * (y - 1.5)),
        _ => c_math::sin(PI * (y - 2.0)),
    };
    r * 1f64.copysign(x)
}

fn gamma(x: f64) -> Result<f64, Pole> {
    if !x.is_finite() {
        return if x == f64::NEG_INFINITY { Err(Pole::Domain) } else { Ok(x) };
    }
    if x == 0.0 {
        return Err(Pole::Domain);
    }
    if x == c_math::floor(x) {
        if x < 0.0 {
            return Err(Pole::Domain);
        }
        if x <= 23.0 {
            return Ok((1..x as u64).map(|i| i as f64).product());
        }
    }
    let abs = x.abs();
    if abs < 1e-20 {
        let r = 1.0 / x;
        return if r.is_infinite() { Err(Pole::Range) } else { Ok(r) };
    }
    if abs > 200.0 {
        return if x < 0.0 { Ok(0.0 / sin_pi(x)) } else { Err(Pole::Range) };
    }
    let y = abs + LANCZOS_G_MINUS_HALF;
    // The part of the sum that rounding lost, for a correction at the end.
    let z =
        if abs > LANCZOS_G_MINUS_HALF { (y - abs) - LANCZOS_G_MINUS_HALF } else { (y - LANCZOS_G_MINUS_HALF) - abs }
            * LANCZOS_G
            / y;
    let r = if x < 0.0 {
        let mut r = -core::f64::consts::PI / sin_pi(abs) / abs * c_math::exp(y) / lanczos_sum(abs);
        r -= z * r;
        if abs < 140.0 {
            r / c_math::powf(y, abs - 0.5)
        } else {
            let root = c_math::powf(y, abs / 2.0 - 0.25);
            r / root / root
        }
    } else {
        let mut r = lanczos_sum(abs) / c_math::exp(y);
        r += z * r;
        if abs < 140.0 {
            r * c_math::powf(y, abs - 0.5)
        } else {
            let root = c_math::powf(y, abs / 2.0 - 0.25);
            r * root * root
        }
    };
    if r.is_infinite() { Err(Pole::Range) } else { Ok(r) }
}

fn log_gamma(x: f64) -> Result<f64, Pole> {
    if !x.is_finite() {
        return Ok(if x.is_nan() { x } else { f64::INFINITY });
    }
    if x == c_math::floor(x) && x <= 2.0 {
        return if x <= 0.0 { Err(Pole::Domain) } else { Ok(0.0) };
    }
    let abs = x.abs();
    if abs < 1e-20 {
        return Ok(-c_math::ln(abs));
    }
    let mut r = c_math::ln(lanczos_sum(abs)) - LANCZOS_G;
    r += (abs - 0.5) * (c_math::ln(abs + LANCZOS_G - 0.5) - 1.0);
    if x < 0.0 {
        r = c_math::ln(core::f64::consts::PI) - c_math::ln(sin_pi(abs).abs()) - c_math::ln(abs) - r;
    }
    if r.is_infinite() { Err(Pole::Range) } else { Ok(r) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_matches_cpython_to_the_last_digit() {
        let g = |x| gamma(x).unwrap_or(f64::NAN);
        assert_eq!(g(0.5), 1.7724538509055159);
        assert_eq!(g(10.0), 362880.0);
        assert_eq!(g(-1.5), 2.3632718012073544);
        assert_eq!(log_gamma(100.5).unwrap_or(0.0), 361.4355404677776);
    }

    #[test]
    fn scaling_rounds_once() {
        assert_eq!(frexp(5e-324), (0.5, -1073));
        assert_eq!(scale(1.5, -1074), 1e-323);
        assert_eq!(scale(1.0, 2000), f64::INFINITY);
        assert_eq!(frexp(-8.0), (-0.5, 4));
    }
}
