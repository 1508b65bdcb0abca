//! What literals mean: values of numbers and strings, and what can be wrong with them.
//!
//! The reader checks each literal once; who asks for a value later has one that is well formed.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::ops::Range;

/// A number that was read.
#[derive(Clone, PartialEq, Debug)]
pub enum Number<'t> {
    Small(i64),
    /// Digits of a radix, without underscores, of an integer that 64 bits do not hold.
    Large {
        negative: bool,
        radix: u32,
        digits: Cow<'t, str>,
    },
    Float(f64),
}

/// What a run of characters that opens as a number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberKind {
    Int,
    Float,
    Malformed,
}

/// Whether a run is an integer, a float or neither. It opens with a digit, or with a minus sign and a digit.
pub fn number_kind(run: &[u8]) -> NumberKind {
    let digits = run.strip_prefix(b"-").unwrap_or(run);
    match digits {
        [b'0', b'x', rest @ ..] => whole(rest, |b| b.is_ascii_hexdigit()),
        [b'0', b'b', rest @ ..] => whole(rest, |b| matches!(b, b'0' | b'1')),
        _ => decimal(digits),
    }
}

fn whole(digits: &[u8], is_digit: impl Fn(u8) -> bool) -> NumberKind {
    match take_digits(digits, is_digit) {
        Some([]) => NumberKind::Int,
        _ => NumberKind::Malformed,
    }
}

fn decimal(digits: &[u8]) -> NumberKind {
    let is_digit = |b: u8| b.is_ascii_digit();
    let Some(mut rest) = take_digits(digits, is_digit) else { return NumberKind::Malformed };
    let mut kind = NumberKind::Int;
    if let [b'.', fraction @ ..] = rest {
        let Some(after) = take_digits(fraction, is_digit) else { return NumberKind::Malformed };
        (rest, kind) = (after, NumberKind::Float);
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let Some(after) = take_digits(exponent, is_digit) else { return NumberKind::Malformed };
        (rest, kind) = (after, NumberKind::Float);
    }
    if rest.is_empty() { kind } else { NumberKind::Malformed }
}

/// What follows at least one digit; single underscores may stand between digits.
fn take_digits(text: &[u8], is_digit: impl Fn(u8) -> bool) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let digits = text[at..].iter().take_while(|&&b| is_digit(b)).count();
        if digits == 0 {
            return None;
        }
        at += digits;
        match text[at..] {
            [b'_', ..] => at += 1,
            _ => return Some(&text[at..]),
        }
    }
}

/// The value of a well-formed number.
pub fn number(text: &str) -> Number<'_> {
    let negative = text.starts_with('-');
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', b'b', ..] => (2, &digits[2..]),
        _ => (10, digits),
    };
    let digits: Cow<'_, str> = if digits.contains('_') { digits.replace('_', "").into() } else { digits.into() };
    if radix == 10 && digits.contains(['.', 'e', 'E']) {
        let value: f64 = digits.parse().expect("the reader checked the digits");
        return Number::Float(if negative { -value } else { value });
    }
    // The least integer has no positive twin.
    let value = i128::from_str_radix(&digits, radix).ok().map(|v| if negative { -v } else { v });
    match value.and_then(|v| i64::try_from(v).ok()) {
        Some(small) => Number::Small(small),
        None => Number::Large { negative, radix, digits },
    }
}

/// Faults in the escapes of a string, by bytes of its text, quotes included, each with what is wrong.
pub fn string_faults(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let mut faults = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &text.as_bytes()[at..]) {
        let start = at + found;
        let (end, fault) = escape(text, start);
        faults.extend(fault.map(|what| (start..end, what)));
        at = end;
    }
    faults
}

/// Where the escape that begins at a backslash ends, and what is wrong with it.
fn escape(text: &str, start: usize) -> (usize, Option<&'static str>) {
    let bytes = text.as_bytes();
    let Some(&what) = bytes.get(start + 1) else { return (start + 1, Some("an escape without a character")) };
    match what {
        b'n' | b't' | b'r' | b'\\' | b'"' | b'0' => (start + 2, None),
        b'u' => match code_point(text, start) {
            Some((end, Some(_))) => (end, None),
            Some((end, None)) => (end, Some("no character has this number")),
            None => (start + 2, Some("`\\u` is followed by `{`, one to six hexadecimal digits and `}`")),
        },
        _ => {
            let width = text[start + 1..].chars().next().map_or(0, char::len_utf8);
            (start + 1 + width, Some("unknown escape"))
        }
    }
}

/// End and character of `\u{…}` at a backslash.
fn code_point(text: &str, start: usize) -> Option<(usize, Option<char>)> {
    let rest = text[start..].strip_prefix("\\u{")?;
    let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    if !(1..=6).contains(&digits) || rest.as_bytes().get(digits) != Some(&b'}') {
        return None;
    }
    let number = u32::from_str_radix(&rest[..digits], 16).ok()?;
    Some((start + 3 + digits + 1, char::from_u32(number)))
}

/// The value of a well-formed string, given with its quotes.
pub fn string(text: &str) -> Cow<'_, str> {
    let inner = &text[1..text.len() - 1];
    let Some(mut next) = memchr::memchr(b'\\', inner.as_bytes()) else { return inner.into() };
    let (mut out, mut at) = (String::with_capacity(inner.len()), 0);
    loop {
        out.push_str(&inner[at..next]);
        let (end, _) = escape(inner, next);
        match inner.as_bytes()[next + 1] {
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'0' => out.push('\0'),
            b'u' => out.extend(code_point(inner, next).and_then(|(_, c)| c)),
            other => out.push(char::from(other)),
        }
        at = end;
        match memchr::memchr(b'\\', &inner.as_bytes()[at..]) {
            Some(found) => next = at + found,
            None => break,
        }
    }
    out.push_str(&inner[at..]);
    out.into()
}

/// The decimal digits of a number in another radix.
pub fn to_decimal(digits: &str, radix: u32) -> String {
    if radix == 10 {
        let trimmed = digits.trim_start_matches('0');
        return if trimmed.is_empty() { "0".into() } else { trimmed.into() };
    }
    const LIMB: u64 = 1_000_000_000_000_000_000;
    let mut limbs = vec![0u64];
    for c in digits.chars() {
        let mut carry = u128::from(c.to_digit(radix).expect("the reader checked the digits"));
        for limb in &mut limbs {
            let v = u128::from(*limb) * u128::from(radix) + carry;
            *limb = (v % u128::from(LIMB)) as u64;
            carry = v / u128::from(LIMB);
        }
        if carry > 0 {
            limbs.push(carry as u64);
        }
    }
    let mut out = limbs.pop().expect("there is one from the start").to_string();
    limbs.iter().rev().for_each(|l| out.push_str(&format!("{l:018}")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        use NumberKind::*;
        for (text, kind) in [
            ("42", Int),
            ("-17", Int),
            ("1_000", Int),
            ("0xff", Int),
            ("-0b101", Int),
            ("3.14", Float),
            ("-2.5e10", Float),
            ("6e3", Float),
            ("6e+3", Float),
            ("1_0.0_1e1_0", Float),
            ("1.", Malformed),
            ("1_", Malformed),
            ("1__0", Malformed),
            ("0x", Malformed),
            ("0b12", Malformed),
            ("1e", Malformed),
            ("12abc", Malformed),
            ("1.2.3", Malformed),
        ] {
            assert_eq!(number_kind(text.as_bytes()), kind, "{text}");
        }
        assert_eq!(number("-9223372036854775808"), Number::Small(i64::MIN));
        assert_eq!(
            number("9223372036854775808"),
            Number::Large { negative: false, radix: 10, digits: "9223372036854775808".into() }
        );
        assert_eq!(number("-0xffff_ffff"), Number::Small(-0xffff_ffff));
        assert_eq!(number("0b1"), Number::Small(1));
        assert_eq!(number("-2.5e1_0"), Number::Float(-2.5e10));
    }

    #[test]
    fn strings() {
        assert_eq!(string(r#""a\n\t\r\\\"\0\u{1F600}b""#), "a\n\t\r\\\"\0\u{1F600}b");
        assert!(matches!(string("\"plain\""), Cow::Borrowed("plain")));
        let faults = |text: &str| string_faults(text).into_iter().map(|(range, _)| range).collect::<Vec<_>>();
        assert_eq!(faults(r#""\q \é \u{110000} \u{} \n""#), [1..3, 4..7, 8..18, 19..21]);
    }

    #[test]
    fn digits_of_other_radices_become_decimal() {
        assert_eq!(to_decimal("ffffffffffffffffffffffff", 16), "79228162514264337593543950335");
        assert_eq!(to_decimal("1".repeat(70).as_str(), 2), ((1u128 << 70) - 1).to_string());
        assert_eq!(to_decimal("007", 10), "7");
    }
}
