//! Bytes: their text in UTF-8 and in base 64 (RFC 4648, section 4).

use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind};
use super::strings::text;
use super::{expect, wrong_type};
use crate::api::{bytes_slice, str_bytes};
use crate::entry::{entries, ret};
use crate::{Isolate, PyResult, Raised};

#[cold]
fn malformed(rt: &mut Isolate, message: &str) -> Raised {
    rt.raise_claude(ErrorKind::Parse, message, Word::NONE)
}

fn string_to_bytes(rt: &mut Isolate, s: Word) -> PyResult {
    let bytes = text(rt, s, "string->bytes")?;
    if core::str::from_utf8(bytes).is_err() {
        return Err(malformed(rt, "string->bytes: the string has a surrogate, which UTF-8 has no form for"));
    }
    Ok(rt.new_bytes(bytes))
}

fn bytes_to_string(rt: &mut Isolate, w: Word) -> PyResult {
    let bytes = bytes_slice(expect(rt, w, Kind::Bytes, "bytes->string")?);
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok(rt.new_str(text)),
        Err(_) => Err(malformed(rt, "bytes->string: the bytes are not UTF-8")),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let all = group.iter().fold(0u32, |all, &b| all << 8 | u32::from(b)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let digit = ALPHABET[(all >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= group.len() { digit } else { b'=' });
        }
    }
    out
}

/// `None` for what is no base 64. The padding may be left out; bits that belong to no byte must be zero.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    let digits = &text[..text.len() - padding];
    let is_padded = padding <= 2 && text.len().is_multiple_of(4);
    if padding > 0 && !is_padded || digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut all = 0u32;
        for &d in group {
            let value = ALPHABET.iter().position(|&a| a == d)?;
            all = all << 6 | value as u32;
        }
        all <<= 6 * (4 - group.len());
        let count = group.len() - 1;
        if all & ((1 << (24 - 8 * count)) - 1) != 0 {
            return None;
        }
        out.extend_from_slice(&all.to_be_bytes()[1..=count]);
    }
    Some(out)
}

fn base64_encode(rt: &mut Isolate, w: Word) -> PyResult {
    let bytes = match kind_of(rt, w) {
        Kind::Bytes => bytes_slice(w),
        Kind::String => str_bytes(w),
        _ => return Err(wrong_type(rt, "base64-encode", "bytes or a string", w)),
    };
    Ok(rt.new_str_wtf8(&encode(bytes)))
}

fn base64_decode(rt: &mut Isolate, s: Word) -> PyResult {
    let digits = text(rt, s, "base64-decode")?;
    match decode(digits) {
        Some(bytes) => Ok(rt.new_bytes(&bytes)),
        None => Err(malformed(rt, "base64-decode: the string is not base 64")),
    }
}

entries! {
    cl_string_to_bytes(rt, s: Word) -> Ret { ret(string_to_bytes(rt, s)) }
    cl_bytes_to_string(rt, w: Word) -> Ret { ret(bytes_to_string(rt, w)) }
    cl_base64_encode(rt, w: Word) -> Ret { ret(base64_encode(rt, w)) }
    cl_base64_decode(rt, s: Word) -> Ret { ret(base64_decode(rt, s)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_goes_there_and_back() {
        for (bytes, digits) in
            [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"\x00\xff\xfe", "AP/+")]
        {
            assert_eq!(encode(bytes), digits.as_bytes());
            assert_eq!(decode(digits.as_bytes()).as_deref(), Some(bytes));
        }
        assert_eq!(decode(b"Zg").as_deref(), Some(&b"f"[..]));
        for wrong in ["Z", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Z g=", "Zm9=v"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
