//! Text as WTF-8: UTF-8 in which lone surrogates are encoded like other code points of three bytes.
//!
//! All functions expect well-formed WTF-8, which every `str` object holds.

use alloc::vec::Vec;

/// Code points of a text.
pub fn chars(text: &[u8]) -> Chars<'_> {
    Chars { text, at: 0 }
}

/// Code points from a byte offset on.
pub fn chars_from(text: &[u8], at: usize) -> Chars<'_> {
    Chars { text, at }
}

/// Iterator over code points; [`Chars::offset`] is the byte offset of the next one.
#[derive(Clone)]
pub struct Chars<'a> {
    text: &'a [u8],
    at: usize,
}

impl Chars<'_> {
    pub fn offset(&self) -> usize {
        self.at
    }
}

impl Iterator for Chars<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (c, len) = decode_first(self.text.get(self.at..)?)?;
        self.at += len;
        Some(c)
    }
}

/// First code point and its length in bytes.
#[inline]
pub fn decode_first(text: &[u8]) -> Option<(u32, usize)> {
    let first = *text.first()?;
    if first < 0x80 {
        return Some((u32::from(first), 1));
    }
    let next = |i: usize| u32::from(text[i] & 0x3f);
    Some(match first {
        0..0xe0 => (u32::from(first & 0x1f) << 6 | next(1), 2),
        0xe0..0xf0 => (u32::from(first & 0x0f) << 12 | next(1) << 6 | next(2), 3),
        _ => (u32::from(first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4),
    })
}

/// Last code point and its length in bytes.
pub fn decode_last(text: &[u8]) -> Option<(u32, usize)> {
    let start = text.iter().rposition(|&b| !is_continuation(b))?;
    decode_first(&text[start..])
}

/// Appends a code point (surrogates included).
#[inline]
pub fn push(out: &mut Vec<u8>, c: u32) {
    match c {
        0..0x80 => out.push(c as u8),
        0x80..0x800 => out.extend_from_slice(&[0xc0 | (c >> 6) as u8, tail(c)]),
        0x800..0x1_0000 => out.extend_from_slice(&[0xe0 | (c >> 12) as u8, tail(c >> 6), tail(c)]),
        _ => out.extend_from_slice(&[0xf0 | (c >> 18) as u8, tail(c >> 12), tail(c >> 6), tail(c)]),
    }
}

fn tail(c: u32) -> u8 {
    0x80 | (c & 0x3f) as u8
}

#[inline]
pub fn is_continuation(b: u8) -> bool {
    (b as i8) < -64
}

pub fn is_surrogate(c: u32) -> bool {
    (0xd800..0xe000).contains(&c)
}

/// Whether a text has a surrogate, which UTF-8 cannot express.
pub fn has_surrogate(text: &[u8]) -> bool {
    memchr::memchr_iter(0xed, text).any(|i| text.get(i + 1).is_some_and(|&b| b >= 0xa0))
}

/// Number of code points.
pub fn char_count(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = text.as_chunks::<8>();
    let mut continuations = 0;
    for &word in words {
        // One in each byte whose two top bits are `10`; the product sums the bytes up.
        let word = u64::from_ne_bytes(word);
        let found = word >> 7 & !(word >> 6) & ONES;
        continuations += (found.wrapping_mul(ONES) >> 56) as usize;
    }
    continuations += rest.iter().filter(|&&b| is_continuation(b)).count();
    text.len() - continuations
}

/// Byte offset of code point `index`, which is at most the number of code points.
pub fn byte_offset(text: &[u8], index: usize) -> usize {
    const CHUNK: usize = 256;
    let (mut at, mut left) = (0, index);
    while text.len() - at > CHUNK {
        let count = char_count(&text[at..at + CHUNK]);
        if count > left {
            break;
        }
        left -= count;
        at += CHUNK;
    }
    // `at` may lie inside a code point whose start has been counted.
    loop {
        match text.get(at) {
            None => return at,
            Some(&b) if is_continuation(b) => at += 1,
            Some(_) if left == 0 => return at,
            Some(_) => {
                left -= 1;
                at += 1;
            }
        }
    }
}

/// Bytes of the code points `start..end` of a text with `char_len` code points.
pub fn slice(text: &[u8], char_len: usize, start: usize, end: usize) -> &[u8] {
    if char_len == text.len() {
        return &text[start..end];
    }
    let from = byte_offset(text, start);
    let rest = &text[from..];
    if end == char_len { rest } else { &rest[..byte_offset(rest, end - start)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_survive_chunk_boundaries() {
        let text = "aé€😀".repeat(200);
        let bytes = text.as_bytes();
        let all: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        for (n, &offset) in all.iter().enumerate() {
            assert_eq!(byte_offset(bytes, n), offset, "{n}");
        }
        assert_eq!(char_count(bytes), 800);
        assert_eq!(slice(bytes, 800, 1, 4), "é€😀".as_bytes());
        assert!(chars(bytes).eq(text.chars().map(u32::from)));
    }

    #[test]
    fn surrogates_are_code_points() {
        let mut out = Vec::new();
        for c in [0xd800, 0xdfff, 0xe000] {
            push(&mut out, c);
        }
        assert!(has_surrogate(&out));
        assert!(chars(&out).eq([0xd800, 0xdfff, 0xe000]));
        assert_eq!(decode_last(&out), Some((0xe000, 3)));
    }
}
