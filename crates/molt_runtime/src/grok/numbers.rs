//! Arithmetic that has no instruction: 128 bits, the C library's functions.

use molt_abi::Context;

/// Operators of `grok_wide`, as the compiler numbers them.
const ADD: u64 = 0;
const SUB: u64 = 1;
const MUL: u64 = 2;
const DIV: u64 = 3;
const REM: u64 = 4;
const SHL: u64 = 8;

fn wide(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

/// Wrapped result, and whether it is wrong.
fn operate(op: u64, signed: bool, a: u128, b: u128) -> (u128, bool) {
    let (x, y) = (a as i128, b as i128);
    let both = |(v, bad): (i128, bool)| (v as u128, bad);
    match (op, signed) {
        (ADD, true) => both(x.overflowing_add(y)),
        (SUB, true) => both(x.overflowing_sub(y)),
        (MUL, true) => both(x.overflowing_mul(y)),
        (ADD, false) => a.overflowing_add(b),
        (SUB, false) => a.overflowing_sub(b),
        (MUL, false) => a.overflowing_mul(b),
        (DIV | REM, _) if b == 0 => (0, true),
        (DIV, true) => both(x.overflowing_div(y)),
        (REM, true) => both(x.overflowing_rem(y)),
        (DIV, false) => (a / b, false),
        (REM, false) => (a % b, false),
        (SHL, _) => (a << (b & 127), b >= 128),
        (_, true) => ((x >> (b & 127)) as u128, b >= 128),
        (_, false) => (a >> (b & 127), b >= 128),
    }
}

fn store(out: u64, v: u128) {
    // SAFETY: compiled code passes a slot of 16 bytes, aligned to 8.
    unsafe {
        let p = out as *mut u64;
        p.write(v as u64);
        p.add(1).write((v >> 64) as u64);
    }
}

#[unsafe(export_name = "molt_grok_wide")]
pub(crate) extern "C" fn grok_wide(_: *mut Context, out: u64, code: u64, al: u64, ah: u64, bl: u64, bh: u64) -> u64 {
    let (v, bad) = operate(code >> 1, code & 1 == 1, wide(al, ah), wide(bl, bh));
    store(out, v);
    u64::from(bad)
}

#[unsafe(export_name = "molt_grok_wide_to_float")]
pub(crate) extern "C" fn grok_wide_to_float(_: *mut Context, low: u64, high: u64, form: u64) -> u64 {
    let v = wide(low, high);
    let x = match (form & 1 != 0, form & 2 != 0) {
        (false, false) => v as f64,
        (true, false) => v as i128 as f64,
        (false, true) => f64::from(v as f32),
        (true, true) => f64::from(v as i128 as f32),
    };
    x.to_bits()
}

#[unsafe(export_name = "molt_grok_float_to_wide")]
pub(crate) extern "C" fn grok_float_to_wide(_: *mut Context, out: u64, bits: u64, signed: u64) {
    let x = f64::from_bits(bits);
    store(out, if signed != 0 { x as i128 as u128 } else { x as u128 });
}

unsafe extern "C" {
    safe fn fmod(x: f64, y: f64) -> f64;
    safe fn sin(x: f64) -> f64;
    safe fn cos(x: f64) -> f64;
    safe fn tan(x: f64) -> f64;
    safe fn asin(x: f64) -> f64;
    safe fn acos(x: f64) -> f64;
    safe fn atan(x: f64) -> f64;
    safe fn sinh(x: f64) -> f64;
    safe fn cosh(x: f64) -> f64;
    safe fn tanh(x: f64) -> f64;
    safe fn exp(x: f64) -> f64;
    safe fn exp2(x: f64) -> f64;
    safe fn log(x: f64) -> f64;
    safe fn log2(x: f64) -> f64;
    safe fn log10(x: f64) -> f64;
    safe fn cbrt(x: f64) -> f64;
    safe fn atan2(y: f64, x: f64) -> f64;
    safe fn pow(x: f64, y: f64) -> f64;
    safe fn hypot(x: f64, y: f64) -> f64;
}

#[unsafe(export_name = "molt_grok_float_rem")]
pub(crate) extern "C" fn grok_float_rem(_: *mut Context, x: u64, y: u64) -> u64 {
    fmod(f64::from_bits(x), f64::from_bits(y)).to_bits()
}

/// The order of the functions is that of the compiler's table.
#[unsafe(export_name = "molt_grok_float_fn")]
pub(crate) extern "C" fn grok_float_fn(_: *mut Context, number: u64, x: u64, y: u64) -> u64 {
    let (x, y) = (f64::from_bits(x), f64::from_bits(y));
    let v = match number {
        0 => sin(x),
        1 => cos(x),
        2 => tan(x),
        3 => asin(x),
        4 => acos(x),
        5 => atan(x),
        6 => sinh(x),
        7 => cosh(x),
        8 => tanh(x),
        9 => exp(x),
        10 => exp2(x),
        11 => log(x),
        12 => log2(x),
        13 => log10(x),
        14 => cbrt(x),
        15 => atan2(x, y),
        16 => pow(x, y),
        _ => hypot(x, y),
    };
    v.to_bits()
}
