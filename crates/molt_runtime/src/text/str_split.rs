//! Splitting methods of `str`.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use super::str_object::{StrRef, find_bytes, make, str_arg};
use super::{unicode, wtf8};
use crate::{Isolate, Owned, PyResult};

/// `maxsplit` argument: negative or absent means no limit.
pub fn limit_arg(rt: &mut Isolate, w: Word) -> PyResult<usize> {
    if w.is_unbound() {
        return Ok(usize::MAX);
    }
    let n = rt.to_i64(w, "ssize_t")?;
    Ok(if n < 0 { usize::MAX } else { n as usize })
}

/// `str.split(sep=None, maxsplit=-1)`.
pub fn split(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let limit = limit_arg(rt, a[2])?;
    let ascii = s.is_ascii();
    // Few lists of pieces grow beyond this, and fewer waste much of it.
    let mut pieces = Vec::with_capacity((s.bytes.len() / 4 + 1).min(limit.saturating_add(1)).min(12));
    if a[1].is_unbound() || a[1].is_none() {
        if ascii {
            split_ascii_space(s.bytes, limit, |piece| pieces.push(rt.new_str_counted(piece, piece.len())));
        } else {
            split_space(s.bytes, limit, |piece, chars| pieces.push(rt.new_str_counted(piece, chars)));
        }
        return Ok(rt.new_list(pieces));
    }
    let separator = separator_arg(rt, a[1])?;
    split_at(s.bytes, separator, limit, |piece| pieces.push(make(rt, piece, ascii)));
    Ok(rt.new_list(pieces))
}

fn separator_arg<'a>(rt: &mut Isolate, w: Word) -> PyResult<&'a [u8]> {
    if !rt.is_str(w) {
        let name = rt.type_name(w);
        return Err(rt.type_error(format!("must be str or None, not {name}")));
    }
    let separator = crate::api::str_bytes(w);
    if separator.is_empty() { Err(rt.value_error("empty separator")) } else { Ok(separator) }
}

/// ASCII white space of `str` methods.
#[inline(always)]
pub const fn is_ascii_space(b: u8) -> bool {
    matches!(b, b' ' | 9..=13 | 0x1c..=0x1f)
}

fn split_ascii_space(text: &[u8], limit: usize, piece: impl FnMut(&[u8])) {
    split_by(text, limit, is_ascii_space, piece);
}

/// Splits bytes at runs of bytes that satisfy `is_space`.
pub fn split_by(text: &[u8], limit: usize, is_space: impl Fn(u8) -> bool, mut piece: impl FnMut(&[u8])) {
    let (mut at, mut count) = (0, 0);
    loop {
        while at < text.len() && is_space(text[at]) {
            at += 1;
        }
        if at == text.len() {
            return;
        }
        if count == limit {
            piece(&text[at..]);
            return;
        }
        let start = at;
        while at < text.len() && !is_space(text[at]) {
            at += 1;
        }
        piece(&text[start..at]);
        count += 1;
    }
}

/// Splits at white space; `piece` gets each piece and its number of code points.
fn split_space(text: &[u8], limit: usize, mut piece: impl FnMut(&[u8], usize)) {
    let (mut at, mut count) = (0, 0);
    loop {
        while at < text.len() {
            match space_len(text, at) {
                0 => break,
                len => at += len,
            }
        }
        if at == text.len() {
            return;
        }
        if count == limit {
            piece(&text[at..], wtf8::char_count(&text[at..]));
            return;
        }
        let (start, mut chars) = (at, 0);
        while at < text.len() && space_len(text, at) == 0 {
            chars += usize::from(!wtf8::is_continuation(text[at]));
            at += 1;
        }
        piece(&text[start..at], chars);
        count += 1;
    }
}

/// Bytes of the white space at `at`; 0 when there is none, as inside a code point.
#[inline(always)]
fn space_len(text: &[u8], at: usize) -> usize {
    let b = text[at];
    if (0x21..0x80).contains(&b) {
        return 0;
    }
    match b {
        0..0x80 => usize::from(is_ascii_space(b)),
        // The first bytes of all other spaces.
        0xc2 | 0xe1..=0xe3 => match wtf8::decode_first(&text[at..]) {
            Some((c, len)) if unicode::is_space(c) => len,
            _ => 0,
        },
        _ => 0,
    }
}

/// Without leading code points that satisfy `drop`.
pub fn trim_start(text: &[u8], drop: impl Fn(u32) -> bool) -> &[u8] {
    let mut rest = text;
    while let Some((c, len)) = wtf8::decode_first(rest) {
        if !drop(c) {
            break;
        }
        rest = &rest[len..];
    }
    rest
}

/// Without trailing code points that satisfy `drop`.
pub fn trim_end(text: &[u8], drop: impl Fn(u32) -> bool) -> &[u8] {
    let mut rest = text;
    while let Some((c, len)) = wtf8::decode_last(rest) {
        if !drop(c) {
            break;
        }
        rest = &rest[..rest.len() - len];
    }
    rest
}

/// Splits at occurrences of a non-empty separator.
pub fn split_at(text: &[u8], separator: &[u8], limit: usize, mut piece: impl FnMut(&[u8])) {
    let mut start = 0;
    if let [b] = separator {
        for at in memchr::memchr_iter(*b, text).take(limit) {
            piece(&text[start..at]);
            start = at + 1;
        }
    } else {
        for at in memchr::memmem::find_iter(text, separator).take(limit) {
            piece(&text[start..at]);
            start = at + separator.len();
        }
    }
    piece(&text[start..]);
}

/// Splits at occurrences of a separator from the right; pieces come in reverse order.
pub fn rsplit_at(text: &[u8], separator: &[u8], limit: usize, mut piece: impl FnMut(&[u8])) {
    let mut end = text.len();
    for _ in 0..limit {
        let Some(at) = find_bytes(&text[..end], separator, true) else { break };
        piece(&text[at + separator.len()..end]);
        end = at;
    }
    piece(&text[..end]);
}

/// Splits at runs of spaces from the right; pieces come in reverse order.
pub fn rsplit_by(text: &[u8], limit: usize, is_space: impl Fn(u8) -> bool, mut piece: impl FnMut(&[u8])) {
    let mut end = text.len();
    let mut count = 0;
    loop {
        while end > 0 && is_space(text[end - 1]) {
            end -= 1;
        }
        if end == 0 {
            return;
        }
        if count == limit {
            piece(&text[..end]);
            return;
        }
        let stop = end;
        while end > 0 && !is_space(text[end - 1]) {
            end -= 1;
        }
        piece(&text[end..stop]);
        count += 1;
    }
}

/// `str.rsplit(sep=None, maxsplit=-1)`.
pub fn rsplit(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let limit = limit_arg(rt, a[2])?;
    let ascii = s.is_ascii();
    let mut pieces = Vec::new();
    if a[1].is_unbound() || a[1].is_none() {
        if ascii {
            rsplit_by(s.bytes, limit, is_ascii_space, |piece| pieces.push(make(rt, piece, true)));
        } else {
            rsplit_space(s.bytes, limit, |piece| pieces.push(make(rt, piece, false)));
        }
    } else {
        let separator = separator_arg(rt, a[1])?;
        rsplit_at(s.bytes, separator, limit, |piece| pieces.push(make(rt, piece, ascii)));
    }
    pieces.reverse();
    Ok(rt.new_list(pieces))
}

fn rsplit_space(text: &[u8], limit: usize, mut piece: impl FnMut(&[u8])) {
    let mut rest = text;
    let mut count = 0;
    loop {
        rest = trim_end(rest, unicode::is_space);
        if rest.is_empty() {
            return;
        }
        if count == limit {
            piece(rest);
            return;
        }
        let left = trim_end(rest, |c| !unicode::is_space(c));
        piece(&rest[left.len()..]);
        rest = left;
        count += 1;
    }
}

/// `str.splitlines(keepends=False)`.
pub fn splitlines(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let keep_ends = !a[1].is_unbound() && rt.truth(a[1])?;
    let ascii = s.is_ascii();
    let mut lines = Vec::new();
    let next_break: fn(&[u8]) -> Option<(usize, usize)> = if ascii { ascii_line_break } else { line_break };
    let mut rest = s.bytes;
    while !rest.is_empty() {
        let (end, next) = next_break(rest).unwrap_or((rest.len(), rest.len()));
        lines.push(make(rt, &rest[..if keep_ends { next } else { end }], ascii));
        rest = &rest[next..];
    }
    Ok(rt.new_list(lines))
}

/// Start and end of the first line break.
fn ascii_line_break(text: &[u8]) -> Option<(usize, usize)> {
    let at = text.iter().position(|&b| matches!(b, 0x0a..=0x0d | 0x1c..=0x1e))?;
    Some((at, at + break_len(text, at, 1)))
}

fn line_break(text: &[u8]) -> Option<(usize, usize)> {
    // Beyond ASCII there are three: U+0085, U+2028 and U+2029.
    let at = text.iter().enumerate().position(|(i, &b)| match b {
        0x20..=0x7f => false,
        0x0a..=0x0d | 0x1c..=0x1e => true,
        0xc2 => text.get(i + 1) == Some(&0x85),
        0xe2 => matches!(text.get(i + 1..i + 3), Some([0x80, 0xa8 | 0xa9])),
        _ => false,
    })?;
    let len = match text[at] {
        0xc2 => 2,
        0xe2 => 3,
        _ => 1,
    };
    Some((at, at + break_len(text, at, len)))
}

fn break_len(text: &[u8], at: usize, len: usize) -> usize {
    if text[at] == b'\r' && text.get(at + 1) == Some(&b'\n') { 2 } else { len }
}

/// `str.partition(sep)` and, with `last`, `str.rpartition(sep)`.
pub fn partition(rt: &mut Isolate, a: &[Word], last: bool) -> PyResult {
    let s = StrRef::of(a[0]);
    if !rt.is_str(a[1]) {
        let name = rt.type_name(a[1]);
        return Err(rt.type_error(format!("must be str, not {name}")));
    }
    let separator = crate::api::str_bytes(a[1]);
    if separator.is_empty() {
        return Err(rt.value_error("empty separator"));
    }
    let ascii = s.is_ascii();
    let items = match find_bytes(s.bytes, separator, last) {
        Some(at) => {
            vec![make(rt, &s.bytes[..at], ascii), Owned::share(a[1]), make(rt, &s.bytes[at + separator.len()..], ascii)]
        }
        None => {
            let (whole, empty) = (make(rt, s.bytes, ascii), rt.new_str(""));
            if last { vec![empty.clone(), empty, whole] } else { vec![whole, empty.clone(), empty] }
        }
    };
    Ok(rt.new_tuple(items))
}

/// Which ends a strip method works on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Left,
    Right,
    Both,
}

/// `str.strip`, `lstrip`, `rstrip`.
pub fn strip(rt: &mut Isolate, a: &[Word], ends: Ends) -> PyResult {
    let s = StrRef::of(a[0]);
    let stripped = if a[1].is_unbound() || a[1].is_none() {
        if s.is_ascii() {
            strip_bytes(s.bytes, ends, is_ascii_space)
        } else {
            strip_chars(s.bytes, ends, unicode::is_space)
        }
    } else {
        if !rt.is_str(a[1]) {
            let method = match ends {
                Ends::Left => "lstrip",
                Ends::Right => "rstrip",
                Ends::Both => "strip",
            };
            return Err(rt.type_error(format!("{method} arg must be None or str")));
        }
        let set = StrRef::of(a[1]);
        if set.is_ascii() {
            strip_bytes(s.bytes, ends, |b| set.bytes.contains(&b))
        } else {
            let set: Vec<u32> = wtf8::chars(set.bytes).collect();
            strip_chars(s.bytes, ends, |c| set.contains(&c))
        }
    };
    if stripped.len() == s.bytes.len() && rt.class_of(a[0]) == molt_abi::ClassId::STR {
        return Ok(Owned::share(a[0]));
    }
    Ok(make(rt, stripped, s.is_ascii()))
}

/// Strips single bytes.
pub fn strip_bytes(text: &[u8], ends: Ends, drop: impl Fn(u8) -> bool) -> &[u8] {
    let mut rest = text;
    if ends != Ends::Right {
        while let [first, tail @ ..] = rest
            && drop(*first)
        {
            rest = tail;
        }
    }
    if ends != Ends::Left {
        while let [head @ .., last] = rest
            && drop(*last)
        {
            rest = head;
        }
    }
    rest
}

fn strip_chars(text: &[u8], ends: Ends, drop: impl Fn(u32) -> bool) -> &[u8] {
    let rest = if ends == Ends::Right { text } else { trim_start(text, &drop) };
    if ends == Ends::Left { rest } else { trim_end(rest, &drop) }
}

/// `str.removeprefix` and, with `suffix`, `str.removesuffix`.
pub fn remove_affix(rt: &mut Isolate, a: &[Word], suffix: bool) -> PyResult {
    let s = StrRef::of(a[0]);
    let method = if suffix { "removesuffix" } else { "removeprefix" };
    let affix = super::str_object::only_str_arg(rt, a[1], method)?.bytes;
    let rest = if suffix { s.bytes.strip_suffix(affix) } else { s.bytes.strip_prefix(affix) };
    match rest {
        None if rt.class_of(a[0]) == molt_abi::ClassId::STR => Ok(Owned::share(a[0])),
        rest => Ok(make(rt, rest.unwrap_or(s.bytes), s.is_ascii())),
    }
}

/// `str.replace(old, new, /, count=-1)`.
pub fn replace(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let old = str_arg(rt, a[1], "replace", 1)?;
    let new = str_arg(rt, a[2], "replace", 2)?;
    let limit = limit_arg(rt, a[3])?;
    let ascii = s.is_ascii() && new.is_ascii();
    let replaced = if old.bytes.is_empty() {
        Some(interleave(s.bytes, new.bytes, limit))
    } else {
        super::str_object::replace_bytes(s.bytes, old.bytes, new.bytes, limit)
    };
    match replaced {
        Some(out) => Ok(make(rt, &out, ascii)),
        None if rt.class_of(a[0]) == molt_abi::ClassId::STR => Ok(Owned::share(a[0])),
        None => Ok(make(rt, s.bytes, s.is_ascii())),
    }
}

/// `new` before every code point and at the end, at most `limit` times.
fn interleave(text: &[u8], new: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2 + new.len());
    let mut left = limit;
    for &b in text {
        if left > 0 && !wtf8::is_continuation(b) {
            out.extend_from_slice(new);
            left -= 1;
        }
        out.push(b);
    }
    if left > 0 {
        out.extend_from_slice(new);
    }
    out
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn spaces(text: &str, limit: usize) -> Vec<String> {
        let (mut ascii, mut general) = (Vec::new(), Vec::new());
        split_ascii_space(text.as_bytes(), limit, |p| ascii.push(String::from_utf8(p.to_vec()).unwrap()));
        split_space(text.as_bytes(), limit, |p, _| general.push(String::from_utf8(p.to_vec()).unwrap()));
        assert_eq!(ascii, general);
        ascii
    }

    #[test]
    fn runs_of_space_separate() {
        assert_eq!(spaces("  a b\t\nc  ", usize::MAX), ["a", "b", "c"]);
        assert_eq!(spaces(" a  b  c ", 1), ["a", "b  c "]);
        assert!(spaces("   ", 3).is_empty());
        let mut right = Vec::new();
        rsplit_by(b" a  b  c ", 1, is_ascii_space, |p| right.push(p.to_vec()));
        assert_eq!(right, [b"c".to_vec(), b" a  b".to_vec()]);
    }

    #[test]
    fn every_space_separates() {
        for c in (0..0x11_0000).filter_map(char::from_u32).filter(|&c| unicode::is_space(u32::from(c))) {
            let text = alloc::format!("{c}é{c}{c}b{c}");
            let mut pieces = Vec::new();
            split_space(text.as_bytes(), usize::MAX, |p, chars| pieces.push((p.to_vec(), chars)));
            assert_eq!(pieces, [("é".as_bytes().to_vec(), 1), (b"b".to_vec(), 1)], "{c:?}");
        }
    }

    #[test]
    fn separators_split_and_replace() {
        let mut parts = Vec::new();
        rsplit_at(b"a--b--c", b"--", 1, |p| parts.push(p.to_vec()));
        assert_eq!(parts, [b"c".to_vec(), b"a--b".to_vec()]);
        assert_eq!(interleave("aé".as_bytes(), b"-", usize::MAX), "-a-é-".as_bytes());
        assert_eq!(interleave(b"ab", b"-", 1), b"-ab");
        assert_eq!(line_break("a\u{2028}b".as_bytes()), Some((1, 4)));
        assert_eq!(line_break(b"a\r\nb"), Some((1, 3)));
    }
}
