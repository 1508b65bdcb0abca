//! Doubles as text: shortest representation, the formats `e`, `f`, `g`, hexadecimal form, and parsing.
//!
//! Fixed-precision digits come from the standard library, which is exact and rounds half to even, as
//! CPython's `dtoa` does; shortest digits come from `zmij`.

use super::float_decimal;
use super::int::round_to_f64;
use super::int_text::{SmallBuffer, trim_ascii_space, write_i64};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Decimal digits of a finite double: value = 0.d1d2d3… * 10^point.
pub struct Digits {
    pub digits: [u8; 17],
    pub count: usize,
    pub point: i32,
}

/// The fewest digits that read back as `v`, which is finite; one digit `0` for zero.
pub fn shortest(v: f64) -> Digits {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(v.abs()).as_bytes();
    let mut out = Digits { digits: [b'0'; 17], count: 0, point: 0 };
    let (mut seen_point, mut leading, mut i) = (false, true, 0);
    while i < text.len() {
        match text[i] {
            b'.' => seen_point = true,
            b'e' => {
                let exponent: i32 = core::str::from_utf8(&text[i + 1..])
                    .ok()
                    .and_then(|s| s.trim_start_matches('+').parse().ok())
                    .expect("the formatter writes a valid exponent");
                out.point += exponent;
                break;
            }
            b'0' if leading => out.point -= i32::from(seen_point),
            d => {
                leading = false;
                if out.count < 17 {
                    out.digits[out.count] = d;
                    out.count += 1;
                }
                out.point += i32::from(!seen_point);
            }
        }
        i += 1;
    }
    while out.count > 1 && out.digits[out.count - 1] == b'0' {
        out.count -= 1;
    }
    if out.count == 0 {
        out = Digits { digits: [b'0'; 17], count: 1, point: 1 };
    }
    out
}

/// `repr(v)`.
pub fn repr(v: f64) -> String {
    let mut out = Vec::with_capacity(24);
    write_repr(&mut out, v);
    String::from_utf8(out).expect("number text is ASCII")
}

/// Appends `repr(v)`.
pub fn write_repr(out: &mut Vec<u8>, v: f64) {
    if super::c_math::fract(v) == 0.0 && v.abs() < 1e15 && (v != 0.0 || v.is_sign_positive()) {
        let mut buffer: SmallBuffer = [0; 20];
        out.extend_from_slice(write_i64(&mut buffer, v as i64));
        out.extend_from_slice(b".0");
        return;
    }
    write_shortest(out, v, true);
}

/// Appends the shortest text; `point_zero` adds `.0` to what looks like an integer.
pub fn write_shortest(out: &mut Vec<u8>, v: f64, point_zero: bool) {
    if let Some(special) = non_finite(v, false) {
        out.extend_from_slice(special.as_bytes());
        return;
    }
    if v.is_sign_negative() {
        out.push(b'-');
    }
    let d = shortest(v);
    layout(out, &d.digits[..d.count], d.point, -4..16, point_zero, false, false);
}

/// `nan`, `inf` or `-inf`; `None` for a finite double.
pub fn non_finite(v: f64, uppercase: bool) -> Option<&'static str> {
    match (v.is_nan(), v.is_infinite(), v < 0.0, uppercase) {
        (true, _, _, false) => Some("nan"),
        (true, _, _, true) => Some("NAN"),
        (_, true, false, false) => Some("inf"),
        (_, true, false, true) => Some("INF"),
        (_, true, true, false) => Some("-inf"),
        (_, true, true, true) => Some("-INF"),
        _ => None,
    }
}

/// Writes digits with value 0.digits * 10^point, positionally when the decimal exponent lies in `range`.
fn layout(
    out: &mut Vec<u8>,
    digits: &[u8],
    point: i32,
    range: core::ops::Range<i32>,
    point_zero: bool,
    keep_point: bool,
    uppercase: bool,
) {
    let exponent = point - 1;
    if !range.contains(&exponent) {
        out.push(digits[0]);
        if digits.len() > 1 || keep_point {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        write_exponent(out, exponent, uppercase);
        return;
    }
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-point) as usize, b'0');
        out.extend_from_slice(digits);
        return;
    }
    let whole = point as usize;
    if digits.len() > whole {
        out.extend_from_slice(&digits[..whole]);
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
        return;
    }
    out.extend_from_slice(digits);
    out.resize(out.len() + whole - digits.len(), b'0');
    if point_zero {
        out.extend_from_slice(b".0");
    } else if keep_point {
        out.push(b'.');
    }
}

fn write_exponent(out: &mut Vec<u8>, exponent: i32, uppercase: bool) {
    out.push(if uppercase { b'E' } else { b'e' });
    out.push(if exponent < 0 { b'-' } else { b'+' });
    let magnitude = exponent.unsigned_abs();
    if magnitude < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(magnitude.to_string().as_bytes());
}

/// Significant digits after which every double has ended.
const MAX_SIGNIFICANT: usize = 800;
/// Fraction digits after which every double has ended.
const MAX_FRACTION: usize = 1100;

/// `count` significant digits of a finite double, rounded half to even, and its decimal exponent.
pub fn significant(v: f64, count: usize) -> (Vec<u8>, i32) {
    let asked = count.min(MAX_SIGNIFICANT);
    let text = format!("{:.*e}", asked - 1, v.abs());
    let (mantissa, exponent) = text.split_once('e').expect("exponent format");
    let mut digits: Vec<u8> = mantissa.bytes().filter(|&b| b != b'.').collect();
    digits.resize(count, b'0');
    (digits, exponent.parse().expect("exponent is an integer"))
}

/// Text of a double in the printf format `code` (`e`, `f`, `g`, upper case too).
pub fn format(v: f64, code: u8, precision: usize, alternate: bool) -> String {
    let uppercase = code.is_ascii_uppercase();
    if let Some(special) = non_finite(v, uppercase) {
        return special.to_owned();
    }
    let mut out = Vec::with_capacity(precision.min(64) + 24);
    if v.is_sign_negative() {
        out.push(b'-');
    }
    match code | 0x20 {
        b'f' => write_fixed(&mut out, v, precision, alternate),
        b'e' => {
            let (digits, exponent) = significant(v, precision + 1);
            out.push(digits[0]);
            if precision > 0 || alternate {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            write_exponent(&mut out, exponent, uppercase);
        }
        _ => {
            let precision = precision.max(1);
            let (mut digits, exponent) = significant(v, precision);
            if !alternate {
                while digits.len() > 1 && digits.last() == Some(&b'0') {
                    digits.pop();
                }
            }
            let top = i32::try_from(precision).unwrap_or(i32::MAX);
            layout(&mut out, &digits, exponent + 1, -4..top, false, alternate, uppercase);
        }
    }
    String::from_utf8(out).expect("number text is ASCII")
}

fn write_fixed(out: &mut Vec<u8>, v: f64, precision: usize, alternate: bool) {
    if !float_decimal::write_fixed(out, v, precision) {
        let asked = precision.min(MAX_FRACTION);
        out.extend_from_slice(format!("{:.*}", asked, v.abs()).as_bytes());
        out.resize(out.len() + precision - asked, b'0');
    }
    if precision == 0 && alternate {
        out.push(b'.');
    }
}

/// Parses `float(text)`: spaces around, underscores between digits, `inf`, `nan`.
pub fn parse(text: &[u8]) -> Option<f64> {
    if let Some(v) = float_decimal::parse_short(text) {
        return Some(v);
    }
    let text = trim_ascii_space(text);
    let cleaned;
    let text = if text.contains(&b'_') {
        cleaned = without_underscores(text)?;
        cleaned.as_slice()
    } else {
        text
    };
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// Removes underscores, each of which must stand between two digits.
pub fn without_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    for (i, &b) in text.iter().enumerate() {
        if b != b'_' {
            out.push(b);
            continue;
        }
        let between = i > 0 && text[i - 1].is_ascii_digit() && text.get(i + 1).is_some_and(u8::is_ascii_digit);
        if !between {
            return None;
        }
    }
    Some(out)
}

/// `v.hex()`.
pub fn to_hex(v: f64) -> String {
    if let Some(special) = non_finite(v, false) {
        return special.to_owned();
    }
    let sign = if v.is_sign_negative() { "-" } else { "" };
    let bits = v.to_bits();
    let (biased, fraction) = ((bits >> 52) as i32 & 0x7ff, bits & ((1 << 52) - 1));
    match (biased, fraction) {
        (0, 0) => format!("{sign}0x0.0p+0"),
        (0, _) => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{:+}", biased - 1023),
    }
}

/// Why a text is no hexadecimal float.
#[derive(Debug, PartialEq, Eq)]
pub enum HexError {
    Invalid,
    TooLarge,
}

/// `float.fromhex(text)`.
pub fn parse_hex(text: &[u8]) -> Result<f64, HexError> {
    let text = trim_ascii_space(text);
    let (negative, rest) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = |v: f64| if negative { -v } else { v };
    match rest.to_ascii_lowercase().as_slice() {
        b"inf" | b"infinity" => return Ok(signed(f64::INFINITY)),
        b"nan" => return Ok(signed(f64::NAN)),
        _ => {}
    }
    let rest = if rest.len() >= 2 && rest[0] == b'0' && rest[1] | 0x20 == b'x' { &rest[2..] } else { rest };
    let (mantissa, exponent) = match rest.iter().position(|b| b | 0x20 == b'p') {
        Some(i) => (&rest[..i], hex_exponent(&rest[i + 1..])?),
        None => (rest, 0),
    };
    let (mut m, mut sticky, mut exp, mut digits, mut point) = (0u128, false, exponent, 0usize, false);
    for &b in mantissa {
        if b == b'.' && !point {
            point = true;
            continue;
        }
        let d = (b as char).to_digit(16).ok_or(HexError::Invalid)?;
        digits += 1;
        if point {
            exp -= 4;
        }
        if m >> 120 == 0 {
            m = m << 4 | u128::from(d);
        } else {
            sticky |= d != 0;
            exp += 4;
        }
    }
    if digits == 0 {
        return Err(HexError::Invalid);
    }
    if m == 0 {
        return Ok(signed(0.0));
    }
    let v = round_to_f64(m, sticky, exp.clamp(-100_000, 100_000)).ok_or(HexError::TooLarge)?;
    Ok(signed(v))
}

fn hex_exponent(text: &[u8]) -> Result<i64, HexError> {
    let digits = match text.first() {
        Some(b'-' | b'+') => &text[1..],
        _ => text,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(HexError::Invalid);
    }
    let magnitude = digits.iter().fold(0i64, |v, d| (v * 10 + i64::from(d - b'0')).min(1 << 40));
    Ok(if text[0] == b'-' { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repr_switches_to_exponents_where_cpython_does() {
        let cases: &[(f64, &str)] = &[
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (100.0, "100.0"),
            (9007199254740993.0, "9007199254740992.0"),
            (1.5e-7, "1.5e-07"),
            (2.5, "2.5"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (v, text) in cases {
            assert_eq!(repr(*v), *text);
        }
    }

    #[test]
    fn printf_formats_match_cpython() {
        assert_eq!(format(2.675, b'f', 2, false), "2.67");
        assert_eq!(format(0.5, b'f', 0, false), "0");
        assert_eq!(format(1.5, b'f', 0, true), "2.");
        assert_eq!(format(12345.678, b'e', 3, false), "1.235e+04");
        assert_eq!(format(0.0, b'e', 2, false), "0.00e+00");
        assert_eq!(format(1e-5, b'g', 6, false), "1e-05");
        assert_eq!(format(1234567.0, b'G', 6, false), "1.23457E+06");
        assert_eq!(format(100000.0, b'g', 6, true), "100000.");
        assert_eq!(format(-0.0, b'g', 6, false), "-0");
        assert_eq!(format(1e300, b'f', 0, false).len(), 301);
    }

    #[test]
    fn hexadecimal_round_trips() {
        for v in [0.0, -0.0, 1.0, 0.1, 5e-324, 1e308, -2.5, 2.2250738585072014e-308] {
            assert_eq!(parse_hex(to_hex(v).as_bytes()).map(f64::to_bits), Ok(v.to_bits()));
        }
        assert_eq!(to_hex(0.1), "0x1.999999999999ap-4");
        assert_eq!(to_hex(5e-324), "0x0.0000000000001p-1022");
        assert_eq!(parse_hex(b"0x.8p1"), Ok(1.0));
        assert_eq!(parse_hex(b"0x1p5000"), Err(HexError::TooLarge));
        assert_eq!(parse_hex(b"zz"), Err(HexError::Invalid));
    }

    #[test]
    fn underscores_stand_between_digits_only() {
        assert_eq!(parse(b" 1_000.5_0 "), Some(1000.5));
        for bad in ["1__0", "_1", "1_", "1_.5", "", ".", "1e", "0x10", "1 2"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
