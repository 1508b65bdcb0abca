//! What literal tokens mean: values of numbers, contents of strings, and what can be wrong with them.
//!
//! The lexer checks every literal once and reports; later stages ask for the value and skip what was reported.

use std::ops::Range;

use molt_diagnostics::Code;
use molt_diagnostics::registry::grok;

use super::SyntaxKind;

/// A fault inside a literal; the range is in bytes of the token's text.
#[derive(Clone, PartialEq, Debug)]
pub struct LiteralFault {
    pub code: &'static Code,
    pub range: Range<usize>,
    pub message: String,
}

/// Type suffix of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suffix {
    I8,
    I16,
    I32,
    I64,
    I128,
    Isize,
    U8,
    U16,
    U32,
    U64,
    U128,
    Usize,
    F32,
    F64,
}

impl Suffix {
    fn parse(text: &str) -> Option<Suffix> {
        Some(match text {
            "i8" => Suffix::I8,
            "i16" => Suffix::I16,
            "i32" => Suffix::I32,
            "i64" => Suffix::I64,
            "i128" => Suffix::I128,
            "isize" => Suffix::Isize,
            "u8" => Suffix::U8,
            "u16" => Suffix::U16,
            "u32" => Suffix::U32,
            "u64" => Suffix::U64,
            "u128" => Suffix::U128,
            "usize" => Suffix::Usize,
            "f32" => Suffix::F32,
            "f64" => Suffix::F64,
            _ => return None,
        })
    }

    pub fn is_float(self) -> bool {
        matches!(self, Suffix::F32 | Suffix::F64)
    }
}

/// A number in parts: `0x_ff_u8` is radix 16, digits `_ff_`, suffix `u8`.
struct Parts<'t> {
    radix: u32,
    digits: &'t str,
    suffix: &'t str,
    /// Byte offset of the digits.
    offset: usize,
}

fn split(text: &str) -> Parts<'_> {
    let radix = match text.as_bytes() {
        [b'0', b'x', ..] => 16,
        [b'0', b'o', ..] => 8,
        [b'0', b'b', ..] => 2,
        _ => 10,
    };
    let offset = if radix == 10 { 0 } else { 2 };
    let body = &text[offset..];
    let end =
        if radix == 10 { decimal_end(body) } else { body.find(|c| is_suffix_start(c, radix)).unwrap_or(body.len()) };
    Parts { radix, digits: &body[..end], suffix: &body[end..], offset }
}

fn is_suffix_start(c: char, radix: u32) -> bool {
    if radix == 16 { !c.is_ascii_hexdigit() && c != '_' } else { !c.is_ascii_digit() && c != '_' }
}

/// Length of digits, fraction and exponent.
fn decimal_end(body: &str) -> usize {
    let bytes = body.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-')) as usize;
        let exponent = digits(end + 1 + sign);
        if bytes[end + 1 + sign..exponent].iter().any(u8::is_ascii_digit) {
            end = exponent;
        }
    }
    end
}

/// Value and suffix of an [`SyntaxKind::Int`] token.
pub fn integer(text: &str) -> Result<(u128, Option<Suffix>), LiteralFault> {
    let Parts { radix, digits, suffix, offset } = split(text);
    let mut value: u128 = 0;
    let mut any = false;
    for (i, c) in digits.char_indices().filter(|&(_, c)| c != '_') {
        let Some(digit) = c.to_digit(radix) else {
            let range = offset + i..offset + i + 1;
            return Err(number_fault(range, format!("`{c}` is no digit of base {radix}")));
        };
        any = true;
        let next = value.checked_mul(radix.into()).and_then(|v| v.checked_add(digit.into()));
        value = next.ok_or_else(|| LiteralFault {
            code: &grok::LITERAL_OUT_OF_RANGE,
            range: 0..text.len(),
            message: "the number does not fit any integer type".to_owned(),
        })?;
    }
    if !any {
        return Err(number_fault(0..text.len(), "the number has no digits".to_owned()));
    }
    let suffix = check_suffix(text, suffix)?;
    if suffix.is_some_and(Suffix::is_float) {
        return Err(number_fault(0..text.len(), format!("a number of base {radix} cannot be a float")));
    }
    Ok((value, suffix))
}

/// A number that was written as a float, rounded to each of the types that it may have.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct FloatLit {
    pub double: f64,
    pub single: f32,
}

/// Value and suffix of a [`SyntaxKind::Float`] token. A literal beyond the largest `f64` is out of range.
pub fn float(text: &str) -> Result<(FloatLit, Option<Suffix>), LiteralFault> {
    let suffix = check_suffix(text, split(text).suffix)?;
    if suffix.is_some_and(|s| !s.is_float()) {
        return Err(number_fault(0..text.len(), "a float cannot have an integer's suffix".to_owned()));
    }
    let digits: String = split(text).digits.chars().filter(|&c| c != '_').collect();
    match (digits.parse::<f64>(), digits.parse::<f32>()) {
        (Ok(double), Ok(single)) if double.is_finite() => Ok((FloatLit { double, single }, suffix)),
        (Ok(_), Ok(_)) => Err(LiteralFault {
            code: &grok::LITERAL_OUT_OF_RANGE,
            range: 0..text.len(),
            message: "the number is too large for `f64`".to_owned(),
        }),
        _ => Err(number_fault(0..text.len(), "the number has no digits".to_owned())),
    }
}

fn check_suffix(text: &str, suffix: &str) -> Result<Option<Suffix>, LiteralFault> {
    if suffix.is_empty() {
        return Ok(None);
    }
    let range = text.len() - suffix.len()..text.len();
    match Suffix::parse(suffix) {
        Some(s) => Ok(Some(s)),
        None => Err(number_fault(range, format!("`{suffix}` is no suffix of a number"))),
    }
}

fn number_fault(range: Range<usize>, message: String) -> LiteralFault {
    LiteralFault { code: &grok::INVALID_NUMBER, range, message }
}

/// What the escapes of a quoted literal may produce.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Text,
    Bytes,
    /// Bytes and characters, but no NUL.
    CText,
}

/// One unit of a quoted literal.
enum Unit {
    Char(char),
    /// From `\xNN` above 7F, only in byte and C strings.
    Byte(u8),
}

/// The content of a string-like token between its quotes, and where it begins.
fn content(kind: SyntaxKind, text: &str) -> (&str, usize) {
    let prefix = match kind {
        SyntaxKind::ByteStr | SyntaxKind::CStr | SyntaxKind::FStr | SyntaxKind::Byte => 1,
        SyntaxKind::RawStr => 1 + text[1..].bytes().take_while(|&b| b == b'#').count(),
        SyntaxKind::RawByteStr => 2 + text[2..].bytes().take_while(|&b| b == b'#').count(),
        _ => 0,
    };
    let hashes = match kind {
        SyntaxKind::RawStr => prefix - 1,
        SyntaxKind::RawByteStr => prefix - 2,
        _ => 0,
    };
    let start = prefix + 1;
    // An unterminated literal may lack its end.
    let end = text.len().saturating_sub(1 + hashes).max(start.min(text.len()));
    (text.get(start..end).unwrap_or(""), start)
}

fn mode(kind: SyntaxKind) -> Mode {
    match kind {
        SyntaxKind::Byte | SyntaxKind::ByteStr | SyntaxKind::RawByteStr => Mode::Bytes,
        SyntaxKind::CStr => Mode::CText,
        _ => Mode::Text,
    }
}

fn is_raw(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::RawStr | SyntaxKind::RawByteStr)
}

/// Reports what is wrong inside a closed string, byte string or character.
pub fn check_quoted(kind: SyntaxKind, text: &str, report: &mut dyn FnMut(LiteralFault)) {
    let (body, offset) = content(kind, text);
    let mut count = 0;
    units(body, mode(kind), is_raw(kind), &mut |range, unit| {
        count += 1;
        if let Err((code, message)) = unit {
            report(LiteralFault { code, range: range.start + offset..range.end + offset, message });
        }
    });
    if matches!(kind, SyntaxKind::Char | SyntaxKind::Byte) && count != 1 {
        let message = if count == 0 { "the character literal is empty" } else { "more than one character in quotes" };
        report(LiteralFault { code: &grok::UNTERMINATED_LITERAL, range: 0..text.len(), message: message.to_owned() });
    }
}

/// The text of a [`SyntaxKind::Str`], [`SyntaxKind::RawStr`] or [`SyntaxKind::CStr`] token, without what was reported.
pub fn string(kind: SyntaxKind, text: &str) -> String {
    String::from_utf8_lossy(&bytes(kind, text)).into_owned()
}

/// The bytes of a string of any kind, without what was reported.
pub fn bytes(kind: SyntaxKind, text: &str) -> Vec<u8> {
    let body = content(kind, text).0;
    let mut out = Vec::with_capacity(body.len());
    units(body, mode(kind), is_raw(kind), &mut |_, unit| match unit {
        Ok(Unit::Char(c)) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        Ok(Unit::Byte(b)) => out.push(b),
        Err(_) => {}
    });
    out
}

/// The content of an interpolated string as written, and its byte offset in the token.
pub fn interpolated(text: &str) -> (&str, usize) {
    content(SyntaxKind::FStr, text)
}

/// Resolves the escapes of a piece of an interpolated string.
pub fn unescape(piece: &str) -> String {
    let mut out = String::with_capacity(piece.len());
    units(piece, Mode::Text, false, &mut |_, unit| {
        if let Ok(Unit::Char(c)) = unit {
            out.push(c);
        }
    });
    out
}

/// The value of a [`SyntaxKind::Char`] token; U+FFFD where it was faulty.
pub fn character(text: &str) -> char {
    let mut value = char::REPLACEMENT_CHARACTER;
    units(content(SyntaxKind::Char, text).0, Mode::Text, false, &mut |_, unit| {
        if let Ok(Unit::Char(c)) = unit {
            value = c;
        }
    });
    value
}

/// The value of a [`SyntaxKind::Byte`] token; 0 where it was faulty.
pub fn byte(text: &str) -> u8 {
    bytes(SyntaxKind::Byte, text).first().copied().unwrap_or(0)
}

type UnitResult = Result<Unit, (&'static Code, String)>;

/// Calls `each` with every character or escape of `body`.
fn units(body: &str, mode: Mode, raw: bool, each: &mut dyn FnMut(Range<usize>, UnitResult)) {
    let mut at = 0;
    while let Some(c) = body[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        if c == '\\' && !raw {
            if body[at..].starts_with(['\n', '\r']) {
                at = body.len() - body[at..].trim_start_matches([' ', '\t', '\n', '\r']).len();
                continue;
            }
            let (unit, end) = escape(body, at, mode);
            at = end;
            each(start..at, unit);
        } else if mode == Mode::Bytes && !c.is_ascii() {
            let message = "a byte literal holds ASCII only; write `\\xNN`".to_owned();
            each(start..at, Err((&grok::INVALID_CHARACTER, message)));
        } else {
            each(start..at, Ok(Unit::Char(c)));
        }
    }
}

/// Reads one escape after its backslash and gives the offset after it.
fn escape(body: &str, at: usize, mode: Mode) -> (UnitResult, usize) {
    let fault = |message: &str| Err((&grok::INVALID_ESCAPE, message.to_owned()));
    let Some(c) = body[at..].chars().next() else {
        return (fault("nothing follows the backslash"), at);
    };
    let next = at + c.len_utf8();
    let simple = |c: char| (Ok(Unit::Char(c)), next);
    match c {
        'n' => simple('\n'),
        't' => simple('\t'),
        'r' => simple('\r'),
        '0' if mode == Mode::CText => (fault("a C string cannot hold NUL"), next),
        '0' => simple('\0'),
        '\\' | '"' | '\'' => simple(c),
        'x' => hex_escape(body, next, mode),
        'u' if mode == Mode::Bytes => (fault("`\\u` is not allowed in a byte literal"), next),
        'u' => unicode_escape(body, next),
        _ => (fault(&format!("unknown escape `\\{c}`")), next),
    }
}

fn hex_escape(body: &str, at: usize, mode: Mode) -> (UnitResult, usize) {
    let len = body[at..].bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
    let fault = |message: &str| (Err((&grok::INVALID_ESCAPE, message.to_owned())), at + len);
    let Ok(value) = u8::from_str_radix(&body[at..at + len], 16) else {
        return fault("two hexadecimal digits must follow `\\x`");
    };
    match (len, value, mode) {
        (0 | 1, _, _) => fault("two hexadecimal digits must follow `\\x`"),
        (_, 0, Mode::CText) => fault("a C string cannot hold NUL"),
        (_, 0x80.., Mode::Text) => fault("`\\x` goes up to `7F`; write `\\u{..}`"),
        (_, 0x80.., _) => (Ok(Unit::Byte(value)), at + len),
        _ => (Ok(Unit::Char(value.into())), at + len),
    }
}

fn unicode_escape(body: &str, at: usize) -> (UnitResult, usize) {
    let fault = |message: &str, end| (Err((&grok::INVALID_ESCAPE, message.to_owned())), end);
    if !body[at..].starts_with('{') {
        return fault("`\\u` is followed by the number in braces: `\\u{1F600}`", at);
    }
    let digits = &body[at + 1..];
    let len = digits.bytes().take_while(|b| b.is_ascii_hexdigit() || *b == b'_').count();
    let end = at + 1 + len;
    if !body[end..].starts_with('}') {
        return fault("the braces after `\\u` hold hexadecimal digits only", end);
    }
    let digits: String = digits[..len].chars().filter(|&c| c != '_').collect();
    let value = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() <= 6).and_then(char::from_u32);
    match value {
        Some(c) => (Ok(Unit::Char(c)), end + 1),
        None => fault("no such Unicode scalar value", end + 1),
    }
}
