//! Text encodings: UTF-8, ASCII, Latin-1, UTF-16, UTF-32, with CPython's error handlers.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::Word;

use super::str_object::make;
use super::{repr, wtf8};
use crate::api::{str_bytes, str_text};
use crate::{Isolate, PyResult, Raised, exc};

/// Byte order of UTF-16 and UTF-32; `Marked` writes and reads a byte order mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteOrder {
    Little,
    Big,
    Marked,
}

/// A supported encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    Utf8Sig,
    Ascii,
    Latin1,
    Utf16(ByteOrder),
    Utf32(ByteOrder),
}

impl Encoding {
    /// Finds an encoding by any of its names.
    pub fn by_name(name: &[u8]) -> Option<Encoding> {
        let name: Vec<u8> =
            name.iter().filter(|b| !matches!(b, b'-' | b'_' | b' ')).map(u8::to_ascii_lowercase).collect();
        Some(match name.as_slice() {
            b"utf8" | b"u8" | b"utf" | b"cp65001" => Encoding::Utf8,
            b"utf8sig" => Encoding::Utf8Sig,
            b"ascii" | b"usascii" | b"646" | b"ansix3.41968" => Encoding::Ascii,
            b"latin1" | b"latin" | b"iso88591" | b"l1" | b"8859" | b"cp819" => Encoding::Latin1,
            b"utf16" | b"u16" => Encoding::Utf16(ByteOrder::Marked),
            b"utf16le" => Encoding::Utf16(ByteOrder::Little),
            b"utf16be" => Encoding::Utf16(ByteOrder::Big),
            b"utf32" | b"u32" => Encoding::Utf32(ByteOrder::Marked),
            b"utf32le" => Encoding::Utf32(ByteOrder::Little),
            b"utf32be" => Encoding::Utf32(ByteOrder::Big),
            _ => return None,
        })
    }

    /// Name that error messages use.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 | Encoding::Utf8Sig => "utf-8",
            Encoding::Ascii => "ascii",
            Encoding::Latin1 => "latin-1",
            Encoding::Utf16(ByteOrder::Marked) => "utf-16",
            Encoding::Utf16(ByteOrder::Little) => "utf-16-le",
            Encoding::Utf16(ByteOrder::Big) => "utf-16-be",
            Encoding::Utf32(ByteOrder::Marked) => "utf-32",
            Encoding::Utf32(ByteOrder::Little) => "utf-32-le",
            Encoding::Utf32(ByteOrder::Big) => "utf-32-be",
        }
    }
}

/// Encoding of an optional argument; LookupError for unknown names.
pub fn encoding_arg(rt: &mut Isolate, w: Word) -> PyResult<Encoding> {
    if w.is_unbound() || w.is_none() {
        return Ok(Encoding::Utf8);
    }
    match Encoding::by_name(str_bytes(w)) {
        Some(e) => Ok(e),
        None => Err(rt.raise(exc::LOOKUP_ERROR, format!("unknown encoding: {}", str_text(w)))),
    }
}

/// Name of the error handler of an optional argument.
pub fn errors_arg(w: Word) -> String {
    if w.is_unbound() || w.is_none() { "strict".to_owned() } else { str_text(w).into_owned() }
}

/// `str.encode(encoding, errors)`.
pub fn str_encode(rt: &mut Isolate, a: &[Word]) -> PyResult {
    for (w, name) in [(a[1], "encoding"), (a[2], "errors")] {
        if !w.is_unbound() && !rt.is_str(w) {
            let got = rt.argument_kind(w);
            return Err(rt.type_error(format!("encode() argument '{name}' must be str, not {got}")));
        }
    }
    let encoding = encoding_arg(rt, a[1])?;
    let out = encode(rt, a[0], encoding, &errors_arg(a[2]))?;
    Ok(rt.new_bytes(&out))
}

/// Text of `bytes` in an encoding given by optional arguments.
pub fn decode_with(rt: &mut Isolate, bytes: &[u8], encoding: Word, errors: Word) -> PyResult {
    let encoding = encoding_arg(rt, encoding)?;
    if matches!(encoding, Encoding::Utf8)
        && let Ok(s) = core::str::from_utf8(bytes)
    {
        return Ok(rt.new_str(s));
    }
    let out = decode(rt, bytes, encoding, &errors_arg(errors))?;
    Ok(make(rt, &out, false))
}

/// Bytes of the text of `w`.
pub fn encode(rt: &mut Isolate, w: Word, encoding: Encoding, errors: &str) -> PyResult<Vec<u8>> {
    let text = str_bytes(w);
    let ascii = crate::api::str_is_ascii(w);
    match encoding {
        Encoding::Utf8 if ascii || !wtf8::has_surrogate(text) => return Ok(text.to_vec()),
        Encoding::Ascii | Encoding::Latin1 if ascii => return Ok(text.to_vec()),
        _ => {}
    }
    let mut out = Vec::with_capacity(text.len() + 4);
    match encoding {
        Encoding::Utf8Sig => out.extend_from_slice(b"\xef\xbb\xbf"),
        Encoding::Utf16(ByteOrder::Marked) => out.extend_from_slice(b"\xff\xfe"),
        Encoding::Utf32(ByteOrder::Marked) => out.extend_from_slice(b"\xff\xfe\0\0"),
        _ => {}
    }
    let chars: Vec<u32> = wtf8::chars(text).collect();
    let mut i = 0;
    while i < chars.len() {
        if encode_char(encoding, chars[i], &mut out) {
            i += 1;
            continue;
        }
        let mut end = i + 1;
        while end < chars.len() && !encode_char(encoding, chars[end], &mut Vec::new()) {
            end += 1;
        }
        encode_errors(rt, w, encoding, errors, &chars, (i, end), &mut out)?;
        i = end;
    }
    Ok(out)
}

/// Appends one code point if the encoding has it.
fn encode_char(encoding: Encoding, c: u32, out: &mut Vec<u8>) -> bool {
    let limit = match encoding {
        Encoding::Ascii => 0x80,
        Encoding::Latin1 => 0x100,
        _ => 0x11_0000,
    };
    if c >= limit || (limit == 0x11_0000 && wtf8::is_surrogate(c)) {
        return false;
    }
    encode_raw(encoding, c, out);
    true
}

fn encode_raw(encoding: Encoding, c: u32, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Sig => wtf8::push(out, c),
        Encoding::Ascii | Encoding::Latin1 => out.push(c as u8),
        Encoding::Utf16(order) => {
            let mut unit = |u: u32| {
                let u = u as u16;
                out.extend_from_slice(&if order == ByteOrder::Big { u.to_be_bytes() } else { u.to_le_bytes() });
            };
            if c < 0x1_0000 {
                unit(c);
            } else {
                unit(0xd800 + ((c - 0x1_0000) >> 10));
                unit(0xdc00 + ((c - 0x1_0000) & 0x3ff));
            }
        }
        Encoding::Utf32(order) => {
            out.extend_from_slice(&if order == ByteOrder::Big { c.to_be_bytes() } else { c.to_le_bytes() });
        }
    }
}

fn encode_errors(
    rt: &mut Isolate,
    w: Word,
    encoding: Encoding,
    errors: &str,
    chars: &[u32],
    (start, end): (usize, usize),
    out: &mut Vec<u8>,
) -> PyResult<()> {
    for (at, &c) in chars.iter().enumerate().take(end).skip(start) {
        let mut text = Vec::new();
        match errors {
            "ignore" => {}
            "replace" => text.push(b'?'),
            "backslashreplace" => repr::write_numeric_escape(&mut text, c),
            "xmlcharrefreplace" => text.extend_from_slice(format!("&#{c};").as_bytes()),
            "surrogateescape" if (0xdc80..0xdd00).contains(&c) => {
                out.push((c - 0xdc00) as u8);
                continue;
            }
            "surrogatepass" if wtf8::is_surrogate(c) && !matches!(encoding, Encoding::Ascii | Encoding::Latin1) => {
                encode_raw(encoding, c, out);
                continue;
            }
            "strict" => return Err(encode_error(rt, w, encoding, start, end)),
            "surrogateescape" | "surrogatepass" => return Err(encode_error(rt, w, encoding, at, end)),
            _ => return Err(rt.raise(exc::LOOKUP_ERROR, format!("unknown error handler name '{errors}'"))),
        }
        for b in text {
            encode_raw(encoding, u32::from(b), out);
        }
    }
    Ok(())
}

fn encode_error(rt: &mut Isolate, w: Word, encoding: Encoding, start: usize, end: usize) -> Raised {
    let reason = match encoding {
        Encoding::Ascii => "ordinal not in range(128)",
        Encoding::Latin1 => "ordinal not in range(256)",
        _ => "surrogates not allowed",
    };
    let (name, reason) = (rt.new_str(encoding.name()), rt.new_str(reason));
    let range = (Word::small(start as i64), Word::small(end as i64));
    rt.raise_args(exc::UNICODE_ENCODE_ERROR, &[name.word(), w, range.0, range.1, reason.word()])
}

/// A sequence that cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    pub start: usize,
    pub end: usize,
    pub reason: &'static str,
}

/// WTF-8 text of `bytes`.
pub fn decode(rt: &mut Isolate, bytes: &[u8], encoding: Encoding, errors: &str) -> PyResult<Vec<u8>> {
    let (bytes, encoding) = without_mark(bytes, encoding);
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    let mut at = 0;
    while at < bytes.len() {
        match decode_run(bytes, at, encoding, &mut out) {
            Ok(()) => break,
            Err(bad) => {
                at = decode_errors(rt, bytes, encoding, errors, &bad, &mut out)?;
            }
        }
    }
    Ok(out)
}

fn without_mark(bytes: &[u8], encoding: Encoding) -> (&[u8], Encoding) {
    match encoding {
        Encoding::Utf8Sig => (bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), Encoding::Utf8),
        Encoding::Utf16(ByteOrder::Marked) => match bytes {
            [0xff, 0xfe, rest @ ..] => (rest, Encoding::Utf16(ByteOrder::Little)),
            [0xfe, 0xff, rest @ ..] => (rest, Encoding::Utf16(ByteOrder::Big)),
            _ => (bytes, Encoding::Utf16(ByteOrder::Little)),
        },
        Encoding::Utf32(ByteOrder::Marked) => match bytes {
            [0xff, 0xfe, 0, 0, rest @ ..] => (rest, Encoding::Utf32(ByteOrder::Little)),
            [0, 0, 0xfe, 0xff, rest @ ..] => (rest, Encoding::Utf32(ByteOrder::Big)),
            _ => (bytes, Encoding::Utf32(ByteOrder::Little)),
        },
        _ => (bytes, encoding),
    }
}

/// Decodes from `start` up to the end or the first malformed sequence.
pub fn decode_run(bytes: &[u8], start: usize, encoding: Encoding, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Sig => match core::str::from_utf8(&bytes[start..]) {
            Ok(s) => out.extend_from_slice(s.as_bytes()),
            Err(e) => {
                let at = start + e.valid_up_to();
                out.extend_from_slice(&bytes[start..at]);
                return Err(malformed_utf8(bytes, at));
            }
        },
        Encoding::Ascii => match bytes[start..].iter().position(|b| *b >= 0x80) {
            None => out.extend_from_slice(&bytes[start..]),
            Some(n) => {
                out.extend_from_slice(&bytes[start..start + n]);
                let at = start + n;
                return Err(Malformed { start: at, end: at + 1, reason: "ordinal not in range(128)" });
            }
        },
        Encoding::Latin1 => bytes[start..].iter().for_each(|&b| wtf8::push(out, u32::from(b))),
        Encoding::Utf16(order) => decode_utf16(bytes, start, order, out)?,
        Encoding::Utf32(order) => decode_utf32(bytes, start, order, out)?,
    }
    Ok(())
}

fn malformed_utf8(bytes: &[u8], at: usize) -> Malformed {
    let (needed, second) = match bytes[at] {
        0xc2..=0xdf => (1, 0x80..=0xbf),
        0xe0 => (2, 0xa0..=0xbf),
        0xed => (2, 0x80..=0x9f),
        0xe1..=0xef => (2, 0x80..=0xbf),
        0xf0 => (3, 0x90..=0xbf),
        0xf4 => (3, 0x80..=0x8f),
        0xf1..=0xf3 => (3, 0x80..=0xbf),
        _ => return Malformed { start: at, end: at + 1, reason: "invalid start byte" },
    };
    for i in 1..=needed {
        let Some(b) = bytes.get(at + i) else {
            return Malformed { start: at, end: bytes.len(), reason: "unexpected end of data" };
        };
        let valid = if i == 1 { second.contains(b) } else { wtf8::is_continuation(*b) };
        if !valid {
            return Malformed { start: at, end: at + i, reason: "invalid continuation byte" };
        }
    }
    Malformed { start: at, end: at + 1, reason: "invalid start byte" }
}

fn decode_utf16(bytes: &[u8], start: usize, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let unit = |at: usize| -> Option<u32> {
        let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
        Some(u32::from(if order == ByteOrder::Big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    };
    let mut at = start;
    while at < bytes.len() {
        let Some(u) = unit(at) else {
            return Err(Malformed { start: at, end: bytes.len(), reason: "truncated data" });
        };
        match u {
            0xd800..0xdc00 => match unit(at + 2) {
                None => return Err(Malformed { start: at, end: bytes.len(), reason: "unexpected end of data" }),
                Some(low @ 0xdc00..0xe000) => {
                    wtf8::push(out, 0x1_0000 + ((u - 0xd800) << 10) + (low - 0xdc00));
                    at += 4;
                }
                Some(_) => return Err(Malformed { start: at, end: at + 2, reason: "illegal UTF-16 surrogate" }),
            },
            0xdc00..0xe000 => return Err(Malformed { start: at, end: at + 2, reason: "illegal encoding" }),
            _ => {
                wtf8::push(out, u);
                at += 2;
            }
        }
    }
    Ok(())
}

fn decode_utf32(bytes: &[u8], start: usize, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut at = start;
    while at < bytes.len() {
        let Some(quad) = bytes.get(at..at + 4).and_then(|q| <[u8; 4]>::try_from(q).ok()) else {
            return Err(Malformed { start: at, end: bytes.len(), reason: "truncated data" });
        };
        let c = if order == ByteOrder::Big { u32::from_be_bytes(quad) } else { u32::from_le_bytes(quad) };
        if wtf8::is_surrogate(c) {
            let reason = "code point in surrogate code point range(0xd800, 0xe000)";
            return Err(Malformed { start: at, end: at + 4, reason });
        }
        if c >= 0x11_0000 {
            return Err(Malformed { start: at, end: at + 4, reason: "code point not in range(0x110000)" });
        }
        wtf8::push(out, c);
        at += 4;
    }
    Ok(())
}

/// Applies an error handler; returns where decoding goes on.
fn decode_errors(
    rt: &mut Isolate,
    bytes: &[u8],
    encoding: Encoding,
    errors: &str,
    bad: &Malformed,
    out: &mut Vec<u8>,
) -> PyResult<usize> {
    match errors {
        "ignore" => {}
        "replace" => wtf8::push(out, 0xfffd),
        "backslashreplace" => {
            for &b in &bytes[bad.start..bad.end] {
                repr::write_numeric_escape(out, u32::from(b));
            }
        }
        "surrogateescape" if bytes[bad.start] >= 0x80 => {
            for (i, &b) in bytes[bad.start..bad.end].iter().enumerate() {
                if b < 0x80 {
                    return Ok(bad.start + i);
                }
                wtf8::push(out, 0xdc00 + u32::from(b));
            }
        }
        "surrogatepass" => match surrogate_at(bytes, bad.start, encoding) {
            Some((c, len)) => {
                wtf8::push(out, c);
                return Ok(bad.start + len);
            }
            None => return Err(decode_error(rt, bytes, encoding, bad)),
        },
        "strict" | "surrogateescape" => return Err(decode_error(rt, bytes, encoding, bad)),
        _ => return Err(rt.raise(exc::LOOKUP_ERROR, format!("unknown error handler name '{errors}'"))),
    }
    Ok(bad.end)
}

fn surrogate_at(bytes: &[u8], at: usize, encoding: Encoding) -> Option<(u32, usize)> {
    let rest = &bytes[at..];
    let (c, len) = match (encoding, rest) {
        (Encoding::Utf8, [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]) => wtf8::decode_first(rest)?,
        (Encoding::Utf16(ByteOrder::Big), [a, b, ..]) => (u32::from(u16::from_be_bytes([*a, *b])), 2),
        (Encoding::Utf16(_), [a, b, ..]) => (u32::from(u16::from_le_bytes([*a, *b])), 2),
        (Encoding::Utf32(ByteOrder::Big), [a, b, c, d, ..]) => (u32::from_be_bytes([*a, *b, *c, *d]), 4),
        (Encoding::Utf32(_), [a, b, c, d, ..]) => (u32::from_le_bytes([*a, *b, *c, *d]), 4),
        _ => return None,
    };
    wtf8::is_surrogate(c).then_some((c, len))
}

fn decode_error(rt: &mut Isolate, bytes: &[u8], encoding: Encoding, bad: &Malformed) -> Raised {
    let (name, reason) = (rt.new_str(encoding.name()), rt.new_str(bad.reason));
    let object = rt.new_bytes(bytes);
    let range = (Word::small(bad.start as i64), Word::small(bad.end as i64));
    rt.raise_args(exc::UNICODE_DECODE_ERROR, &[name.word(), object.word(), range.0, range.1, reason.word()])
}

/// Number of bytes at the end that may be the start of a longer sequence (incremental decoding).
pub fn incomplete_tail(bytes: &[u8], encoding: Encoding) -> usize {
    let mut out = Vec::new();
    let tail = bytes.len().min(4);
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Sig => {
            for back in 1..=tail {
                let at = bytes.len() - back;
                if !wtf8::is_continuation(bytes[at]) {
                    let bad = bytes[at] >= 0x80 && core::str::from_utf8(&bytes[at..]).is_err();
                    let cut = bad && malformed_utf8(bytes, at).reason == "unexpected end of data";
                    return if cut { back } else { 0 };
                }
            }
            0
        }
        Encoding::Utf16(order) => {
            let from = (bytes.len() & !1).saturating_sub(2);
            match decode_utf16(bytes, from, order, &mut out) {
                Err(bad) if bad.end == bytes.len() && bad.reason != "illegal encoding" => bytes.len() - bad.start,
                _ => 0,
            }
        }
        Encoding::Utf32(_) => bytes.len() % 4,
        Encoding::Ascii | Encoding::Latin1 => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_utf8_is_located_as_in_cpython() {
        let cases: &[(&[u8], usize, usize, &str)] = &[
            (b"\xff", 0, 1, "invalid start byte"),
            (b"abc\xe2\x82", 3, 5, "unexpected end of data"),
            (b"\xe2\x28\xa1", 0, 1, "invalid continuation byte"),
            (b"\xe2\x82x", 0, 2, "invalid continuation byte"),
            (b"\xed\xa0\x80", 0, 1, "invalid continuation byte"),
            (b"\xf4\x90\x80\x80", 0, 1, "invalid continuation byte"),
            (b"\xc0\x80", 0, 1, "invalid start byte"),
        ];
        for &(bytes, start, end, reason) in cases {
            let bad = decode_run(bytes, 0, Encoding::Utf8, &mut Vec::new());
            assert_eq!(bad, Err(Malformed { start, end, reason }), "{bytes:?}");
        }
    }

    #[test]
    fn incomplete_sequences_wait_for_more() {
        assert_eq!(incomplete_tail(b"a\xe2\x82", Encoding::Utf8), 2);
        assert_eq!(incomplete_tail("é".as_bytes(), Encoding::Utf8), 0);
        assert_eq!(incomplete_tail(b"a\x80", Encoding::Utf8), 0);
        assert_eq!(incomplete_tail(b"a\0\x3d\xd8", Encoding::Utf16(ByteOrder::Little)), 2);
        assert_eq!(incomplete_tail(b"a\0b", Encoding::Utf16(ByteOrder::Little)), 1);
    }
}
