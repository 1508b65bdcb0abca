//! `repr` and `ascii` of text and bytes.

use super::{unicode, wtf8};
use alloc::vec::Vec;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `repr` of a text.
pub fn write_str(out: &mut Vec<u8>, text: &[u8]) {
    write_quoted(out, text, false);
}

/// Appends `ascii` of a text.
pub fn write_ascii(out: &mut Vec<u8>, text: &[u8]) {
    write_quoted(out, text, true);
}

/// The quote that needs the fewest escapes, as CPython chooses it.
fn quote_for(text: &[u8]) -> u8 {
    if memchr::memchr(b'\'', text).is_some() && memchr::memchr(b'"', text).is_none() { b'"' } else { b'\'' }
}

fn is_plain_ascii(b: u8, quote: u8) -> bool {
    (0x20..0x7f).contains(&b) && b != quote && b != b'\\'
}

fn write_quoted(out: &mut Vec<u8>, text: &[u8], ascii_only: bool) {
    let quote = quote_for(text);
    out.reserve(text.len() + 2);
    out.push(quote);
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.iter().position(|&b| !is_plain_ascii(b, quote)).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let Some((c, len)) = wtf8::decode_first(rest) else { break };
        if c >= 0x80 && !ascii_only && unicode::is_printable(c) {
            out.extend_from_slice(&rest[..len]);
        } else {
            write_escape(out, c, quote);
        }
        rest = &rest[len..];
    }
    out.push(quote);
}

fn write_escape(out: &mut Vec<u8>, c: u32, quote: u8) {
    match c {
        0x5c => out.extend_from_slice(b"\\\\"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x0a => out.extend_from_slice(b"\\n"),
        0x0d => out.extend_from_slice(b"\\r"),
        _ if c == u32::from(quote) => out.extend_from_slice(&[b'\\', quote]),
        _ => write_numeric_escape(out, c),
    }
}

/// `\xNN`, `\uNNNN` or `\UNNNNNNNN`.
pub fn write_numeric_escape(out: &mut Vec<u8>, c: u32) {
    let (letter, digits) = match c {
        0..0x100 => (b'x', 2),
        0x100..0x1_0000 => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend_from_slice(&[b'\\', letter]);
    for i in (0..digits).rev() {
        out.push(HEX[(c >> (4 * i)) as usize & 15]);
    }
}

/// Appends `repr` of bytes, `b'…'`.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let quote = quote_for(bytes);
    out.reserve(bytes.len() + 3);
    out.extend_from_slice(&[b'b', quote]);
    for &b in bytes {
        if is_plain_ascii(b, quote) { out.push(b) } else { write_escape(out, u32::from(b), quote) }
    }
    out.push(quote);
}

/// Literal inside the `repr` of a bytearray: CPython escapes an apostrophe there whatever the quotes are.
pub fn write_bytearray(out: &mut Vec<u8>, bytes: &[u8]) {
    let quote = quote_for(bytes);
    out.extend_from_slice(&[b'b', quote]);
    for &b in bytes {
        match b {
            b'\'' => out.extend_from_slice(b"\\'"),
            _ if is_plain_ascii(b, quote) => out.push(b),
            _ => write_escape(out, u32::from(b), quote),
        }
    }
    out.push(quote);
}

/// `repr` of a text as WTF-8.
pub fn repr_of_str(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_str(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn quotes_and_escapes_follow_cpython() {
        let repr = |s: &str| String::from_utf8(repr_of_str(s.as_bytes())).unwrap();
        assert_eq!(repr("a'b"), "\"a'b\"");
        assert_eq!(repr("a'b\""), "'a\\'b\"'");
        assert_eq!(repr("\t\n\r\\\x07\x7f"), "'\\t\\n\\r\\\\\\x07\\x7f'");
        assert_eq!(repr("é\u{a0}\u{200b}😀\u{e000}"), "'é\\xa0\\u200b😀\\ue000'");
        let mut out = Vec::new();
        write_bytes(&mut out, b"a'\"\xff\n");
        assert_eq!(out, b"b'a\\'\"\\xff\\n'");
        assert_eq!(repr_of_str(b"\xed\xa0\x80"), b"'\\ud800'");
    }
}
