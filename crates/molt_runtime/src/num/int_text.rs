//! Integers as text: printing in any base and parsing with underscores, prefixes and non-ASCII digits.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dashu_int::IBig;
use molt_abi::Word;

use super::int::{self, IntRef};
use crate::text::unicode;
use crate::{Isolate, Owned, PyResult};

/// Limit on decimal conversions of huge integers, per isolate; 0 means none.
pub struct DigitLimit(pub usize);

impl Default for DigitLimit {
    fn default() -> DigitLimit {
        DigitLimit(4300)
    }
}

/// Decimal digits below this many are always converted.
const ALWAYS_ALLOWED: usize = 640;

const PAIRS: &[u8; 200] = b"00010203040506070809101112131415161718192021222324252627282930313233343536373839\
40414243444546474849505152535455565758596061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Buffer large enough for any 64-bit integer.
pub type SmallBuffer = [u8; 20];

/// Decimal text of a 64-bit integer, written at the end of `buffer`.
pub fn write_i64(buffer: &mut SmallBuffer, v: i64) -> &[u8] {
    let mut at = buffer.len() - write_u64(buffer, v.unsigned_abs()).len();
    if v < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// Decimal text of an unsigned number, written at the end of `buffer`.
pub fn write_u64(buffer: &mut SmallBuffer, v: u64) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = v;
    while rest >= 100 {
        let pair = (rest % 100) as usize * 2;
        rest /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if rest >= 10 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[rest as usize * 2..rest as usize * 2 + 2]);
    } else {
        at -= 1;
        buffer[at] = b'0' + rest as u8;
    }
    &buffer[at..]
}

/// `str(w)` of an int object.
pub fn repr(rt: &mut Isolate, w: Word) -> PyResult {
    match int::of_int(w) {
        IntRef::Small(v) => {
            let mut buffer = [0; 20];
            let text = write_i64(&mut buffer, v);
            Ok(rt.new_str_counted(text, text.len()))
        }
        big => {
            let text = to_decimal(rt, big)?;
            Ok(rt.new_str_counted(text.as_bytes(), text.len()))
        }
    }
}

/// Decimal text; refuses numbers above the digit limit.
pub fn to_decimal(rt: &mut Isolate, value: IntRef) -> PyResult<String> {
    match value {
        IntRef::Small(v) => Ok(v.to_string()),
        IntRef::Big(b) => {
            let limit = rt.state::<DigitLimit>().0;
            // 10^n has about 3.32 n bits: a cheap lower bound of the digit count avoids the work.
            let fewest_digits = int::bit_length(value).saturating_sub(1) * 3 / 10;
            if limit != 0 && fewest_digits > limit.max(ALWAYS_ALLOWED) {
                return Err(too_long_to_print(rt, limit));
            }
            let text = b.to_string();
            let digits = text.len() - usize::from(text.starts_with('-'));
            if limit != 0 && digits > limit.max(ALWAYS_ALLOWED) {
                return Err(too_long_to_print(rt, limit));
            }
            Ok(text)
        }
    }
}

fn too_long_to_print(rt: &mut Isolate, limit: usize) -> crate::Raised {
    rt.value_error(format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; use sys.set_int_max_str_digits() to \
         increase the limit"
    ))
}

/// Magnitude digits in a base that is a power of two, or decimal without a limit.
pub fn digits_in_base(value: IntRef, base: u8, uppercase: bool) -> String {
    let text = match value {
        IntRef::Small(v) => match base {
            2 => format!("{:b}", v.unsigned_abs()),
            8 => format!("{:o}", v.unsigned_abs()),
            16 => format!("{:x}", v.unsigned_abs()),
            _ => v.unsigned_abs().to_string(),
        },
        IntRef::Big(b) => {
            let text = b.in_radix(base).to_string();
            text.strip_prefix('-').map(str::to_owned).unwrap_or(text)
        }
    };
    if uppercase { text.to_uppercase() } else { text }
}

/// `bin`, `oct` and `hex` text with sign and prefix.
pub fn prefixed(value: IntRef, base: u8) -> String {
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        _ => "0x",
    };
    let sign = if value.is_negative() { "-" } else { "" };
    format!("{sign}{prefix}{}", digits_in_base(value, base, false))
}

/// Why a text is not an integer.
#[derive(Debug, PartialEq, Eq)]
pub enum ParseIntError {
    Invalid,
    /// More decimal digits than the limit.
    TooLong(usize),
}

/// Result of [`parse_ascii`].
#[derive(Debug, PartialEq)]
pub enum Parsed {
    Small(i64),
    Big(IBig),
}

/// Parses an integer in ASCII text: spaces around, sign, prefix where the base allows it, underscores
/// between digits. `base` is 0 or 2..=36.
pub fn parse_ascii(text: &[u8], base: u32, limit: usize) -> Result<Parsed, ParseIntError> {
    let trimmed = trim_ascii_space(text);
    if base == 10
        && let Some(v) = parse_short_decimal(trimmed)
    {
        return Ok(Parsed::Small(v));
    }
    let (negative, rest) = match trimmed.first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (base, rest, prefixed) = strip_prefix(rest, base);
    let digits = checked_digits(rest, base.max(if base == 0 { 10 } else { 2 }), prefixed)?;
    if base == 0 {
        // Without a prefix, base 0 refuses leading zeros, as in source text.
        if digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|d| d != b'0') {
            return Err(ParseIntError::Invalid);
        }
    }
    let base = if base == 0 { 10 } else { base };
    if !base.is_power_of_two() && limit != 0 && digits.len() > limit.max(ALWAYS_ALLOWED) {
        return Err(ParseIntError::TooLong(digits.len()));
    }
    if let Ok(v) = i64::from_str_radix(&digits, base) {
        return Ok(Parsed::Small(if negative { -v } else { v }));
    }
    let big = IBig::from_str_radix(&digits, base).map_err(|_| ParseIntError::Invalid)?;
    Ok(Parsed::Big(if negative { -big } else { big }))
}

/// Up to 18 plain digits with an optional sign: the common case. Other bytes, digits of other scripts too, give `None`.
pub fn parse_short_decimal(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut v = 0i64;
    for &d in digits {
        let d = d.wrapping_sub(b'0');
        if d > 9 {
            return None;
        }
        v = v * 10 + i64::from(d);
    }
    Some(if negative { -v } else { v })
}

fn strip_prefix(text: &[u8], base: u32) -> (u32, &[u8], bool) {
    if text.len() > 1 && text[0] == b'0' {
        let found = match text[1] | 0x20 {
            b'x' => 16,
            b'o' => 8,
            b'b' => 2,
            _ => 0,
        };
        if found != 0 && (base == 0 || base == found) {
            return (found, &text[2..], true);
        }
    }
    (base, text, false)
}

/// The digits without underscores; an underscore may follow a prefix and stand between digits only.
fn checked_digits(text: &[u8], base: u32, prefixed: bool) -> Result<String, ParseIntError> {
    let mut digits = String::with_capacity(text.len());
    let mut after_digit = prefixed;
    for &b in text {
        if b == b'_' {
            if !after_digit {
                return Err(ParseIntError::Invalid);
            }
            after_digit = false;
            continue;
        }
        if !(b as char).is_digit(base) {
            return Err(ParseIntError::Invalid);
        }
        digits.push(b as char);
        after_digit = true;
    }
    if !after_digit || digits.is_empty() { Err(ParseIntError::Invalid) } else { Ok(digits) }
}

/// Without the ASCII white space at both ends that `str.strip` removes.
pub fn trim_ascii_space(text: &[u8]) -> &[u8] {
    let is_space = |b: &u8| matches!(b, b' ' | 9..=13 | 0x1c..=0x1f);
    let start = text.iter().position(|b| !is_space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !is_space(b)).map_or(start, |i| i + 1);
    &text[start..end]
}

/// ASCII rendering of numeric text: decimal digits of any script become ASCII digits and other spaces
/// become blanks; what has no ASCII form becomes `?`.
pub fn to_ascii_digits(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in crate::text::wtf8::chars(text) {
        out.push(match c {
            0..128 => c as u8,
            _ if unicode::is_space(c) => b' ',
            _ => unicode::decimal_value(c).map_or(b'?', |d| b'0' + d),
        });
    }
    out
}

/// `int(text, base)` where `shown` is the object for the error message.
pub fn parse(rt: &mut Isolate, text: &[u8], is_ascii: bool, base: u32, shown: Word) -> PyResult {
    let limit = if text.len() <= ALWAYS_ALLOWED { 0 } else { rt.state::<DigitLimit>().0 };
    let parsed =
        if is_ascii { parse_ascii(text, base, limit) } else { parse_ascii(&to_ascii_digits(text), base, limit) };
    match parsed {
        Ok(Parsed::Small(v)) => Ok(int::from_i64(rt, v)),
        Ok(Parsed::Big(b)) => Ok(int::new(rt, b)),
        Err(ParseIntError::TooLong(digits)) => Err(rt.value_error(format!(
            "Exceeds the limit ({limit} digits) for integer string conversion: value has {digits} digits; use \
             sys.set_int_max_str_digits() to increase the limit"
        ))),
        Err(ParseIntError::Invalid) => {
            let repr: Owned = rt.repr(shown)?;
            let repr = crate::api::str_text(repr.word());
            // CPython cuts the representation at 200 characters.
            let repr: String = repr.chars().take(200).collect();
            Err(rt.value_error(format!("invalid literal for int() with base {base}: {repr}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(text: &str, base: u32) -> Option<i64> {
        match parse_ascii(text.as_bytes(), base, 4300) {
            Ok(Parsed::Small(v)) => Some(v),
            _ => None,
        }
    }

    #[test]
    fn literals_parse_as_in_cpython() {
        assert_eq!(small(" 12_3 ", 10), Some(123));
        assert_eq!(small("-0x1F", 16), Some(-31));
        assert_eq!(small("0b_101", 0), Some(5));
        assert_eq!(small("0o17", 0), Some(15));
        assert_eq!(small("00", 0), Some(0));
        for (bad, base) in
            [("", 10), ("_1", 10), ("1_", 10), ("1__2", 10), ("010", 0), ("0x", 16), ("+-1", 10), ("12a", 10)]
        {
            assert_eq!(small(bad, base), None, "{bad}");
        }
        assert_eq!(parse_ascii(&[b'1'; 5000], 10, 4300), Err(ParseIntError::TooLong(5000)));
    }

    #[test]
    fn every_width_prints() {
        let mut buffer = [0; 20];
        for v in [0, 7, 10, 99, 100, 12345, -1, -100, i64::MIN, i64::MAX] {
            assert_eq!(write_i64(&mut buffer, v), v.to_string().as_bytes());
        }
    }
}
