//! Making and cutting `str` objects, and the argument forms that string methods share.

use alloc::format;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::str_writer::StrWriter;
use super::wtf8;
use crate::api::{str_bytes, str_char_len};
use crate::{Isolate, Owned, PyResult};

/// New `str` whose bytes `fill` writes; they must be WTF-8 with `char_len` code points.
#[inline]
pub fn build(rt: &mut Isolate, byte_len: usize, char_len: usize, fill: impl FnOnce(&mut [u8])) -> Owned {
    rt.alloc_str(ClassId::STR, byte_len, char_len, fill)
}

/// New `str`; `ascii` promises that all bytes are ASCII.
#[inline]
pub fn make(rt: &mut Isolate, bytes: &[u8], ascii: bool) -> Owned {
    if ascii { rt.new_str_counted(bytes, bytes.len()) } else { rt.new_str_wtf8(bytes) }
}

/// One code point as a `str`.
pub fn from_char(rt: &mut Isolate, c: u32) -> Owned {
    let mut bytes = Vec::with_capacity(4);
    wtf8::push(&mut bytes, c);
    rt.new_str_counted(&bytes, 1)
}

/// A view of a `str` object.
#[derive(Clone, Copy)]
pub struct StrRef<'a> {
    pub bytes: &'a [u8],
    pub char_len: usize,
}

impl<'a> StrRef<'a> {
    /// View of an object known to be a str.
    #[inline]
    pub fn of(w: Word) -> StrRef<'a> {
        StrRef { bytes: str_bytes(w), char_len: str_char_len(w) }
    }

    #[inline]
    pub fn is_ascii(self) -> bool {
        self.bytes.len() == self.char_len
    }

    /// Bytes of the code points `start..end`.
    pub fn chars(self, start: usize, end: usize) -> &'a [u8] {
        wtf8::slice(self.bytes, self.char_len, start, end)
    }

    /// Byte offset of code point `index`.
    pub fn byte_offset(self, index: usize) -> usize {
        if self.is_ascii() { index } else { wtf8::byte_offset(self.bytes, index) }
    }

    /// Number of code points before byte `offset`.
    pub fn char_index(self, offset: usize) -> usize {
        if self.is_ascii() { offset } else { wtf8::char_count(&self.bytes[..offset]) }
    }
}

/// `a + b` of two strings.
pub fn concat(rt: &mut Isolate, a: Word, b: Word) -> Owned {
    let (x, y) = (StrRef::of(a), StrRef::of(b));
    if y.char_len == 0 && rt.class_of(a) == ClassId::STR {
        return Owned::share(a);
    }
    if x.char_len == 0 && rt.class_of(b) == ClassId::STR {
        return Owned::share(b);
    }
    let mut out = StrWriter::new(rt, x.bytes.len() + y.bytes.len(), x.char_len + y.char_len);
    out.push(x.bytes);
    out.push(y.bytes);
    out.finish()
}

/// `s * n`.
pub fn repeat(rt: &mut Isolate, w: Word, n: i64) -> PyResult {
    let s = StrRef::of(w);
    if n == 1 && rt.class_of(w) == ClassId::STR {
        return Ok(Owned::share(w));
    }
    if n <= 0 || s.bytes.is_empty() {
        return Ok(rt.new_str(""));
    }
    if s.char_len.checked_mul(n as usize).is_none_or(|len| len > isize::MAX as usize) {
        return Err(rt.raise(crate::exc::OVERFLOW_ERROR, "repeated string is too long"));
    }
    let len = s.bytes.len().saturating_mul(n as usize);
    rt.check_room(Some(len))?;
    Ok(build(rt, len, s.char_len * n as usize, |out| fill_repeated(out, s.bytes)))
}

/// Fills `out` with copies of `unit`, doubling what is there.
pub fn fill_repeated(out: &mut [u8], unit: &[u8]) {
    if let [b] = unit {
        out.fill(*b);
        return;
    }
    out[..unit.len()].copy_from_slice(unit);
    let mut done = unit.len();
    while done < out.len() {
        let n = done.min(out.len() - done);
        out.copy_within(..n, done);
        done += n;
    }
}

/// `s[key]`.
pub fn getitem(rt: &mut Isolate, w: Word, key: Word) -> PyResult {
    if let Some(i) = key.to_small() {
        return index(rt, w, i);
    }
    if rt.class_of(key) == ClassId::SLICE {
        return slice(rt, w, key);
    }
    if rt.lookup_special(key, crate::names::Name::INDEX).is_none() {
        let name = rt.type_name(key);
        return Err(rt.type_error(format!("string indices must be integers, not '{name}'")));
    }
    let i = rt.sized_index(key)?;
    index(rt, w, i)
}

fn index(rt: &mut Isolate, w: Word, i: i64) -> PyResult {
    let s = StrRef::of(w);
    let i = if i < 0 { i + s.char_len as i64 } else { i };
    if i < 0 || i as usize >= s.char_len {
        return Err(rt.index_error("string index out of range"));
    }
    let at = s.byte_offset(i as usize);
    if s.is_ascii() {
        return Ok(rt.new_str_counted(&s.bytes[at..at + 1], 1));
    }
    let (_, len) = wtf8::decode_first(&s.bytes[at..]).expect("the index is in range");
    Ok(rt.new_str_counted(&s.bytes[at..at + len], 1))
}

fn slice(rt: &mut Isolate, w: Word, key: Word) -> PyResult {
    let s = StrRef::of(w);
    let (start, _, step, count) = rt.slice_indices(key, s.char_len)?;
    if count == 0 {
        return Ok(rt.new_str(""));
    }
    if step == 1 {
        if count == s.char_len && rt.class_of(w) == ClassId::STR {
            return Ok(Owned::share(w));
        }
        let bytes = s.chars(start as usize, start as usize + count);
        return Ok(rt.new_str_counted(bytes, count));
    }
    if s.is_ascii() {
        return Ok(build(rt, count, count, |out| {
            for (i, b) in out.iter_mut().enumerate() {
                *b = s.bytes[(start + i as i64 * step) as usize];
            }
        }));
    }
    let chars: Vec<u32> = wtf8::chars(s.bytes).collect();
    let mut out = Vec::with_capacity(count * 2);
    for i in 0..count as i64 {
        wtf8::push(&mut out, chars[(start + i * step) as usize]);
    }
    Ok(rt.new_str_counted(&out, count))
}

/// Optional `start` and `end` arguments as positions in `0..=len`; `None` when start lies behind the end.
pub fn range_args(rt: &mut Isolate, start: Word, end: Word, len: usize) -> PyResult<Option<(usize, usize)>> {
    let mut position = |w: Word, default: i64| {
        if w.is_unbound() || w.is_none() {
            return Ok(default);
        }
        let v = match w.to_small() {
            Some(v) => v,
            None if rt.lookup_special(w, crate::names::Name::INDEX).is_none() => {
                return Err(rt.type_error("slice indices must be integers or None or have an __index__ method"));
            }
            None => rt.to_i64_clamped(w)?,
        };
        Ok(if v < 0 { v.saturating_add(len as i64).max(0) } else { v })
    };
    let (start, end) = (position(start, 0)?, position(end, len as i64)?.min(len as i64));
    Ok((start <= end).then_some((start as usize, end as usize)))
}

/// A `str` argument: "{method}() argument {n} must be str, not X" otherwise.
pub fn str_arg<'a>(rt: &mut Isolate, w: Word, method: &str, n: usize) -> PyResult<StrRef<'a>> {
    if rt.is_str(w) {
        return Ok(StrRef::of(w));
    }
    let name = rt.argument_kind(w);
    Err(rt.type_error(format!("{method}() argument {n} must be str, not {name}")))
}

/// The only `str` argument: "{method}() argument must be str, not X" otherwise.
pub fn only_str_arg<'a>(rt: &mut Isolate, w: Word, method: &str) -> PyResult<StrRef<'a>> {
    if rt.is_str(w) {
        return Ok(StrRef::of(w));
    }
    let name = rt.argument_kind(w);
    Err(rt.type_error(format!("{method}() argument must be str, not {name}")))
}

/// `separator.join(iterable)`.
pub fn join(rt: &mut Isolate, separator: Word, iterable: Word) -> PyResult {
    let collected;
    let items: &[Word] = if rt.class_of(iterable) == ClassId::LIST {
        crate::api::list_items(iterable)
    } else if rt.class_of(iterable) == ClassId::TUPLE {
        crate::api::tuple_items(iterable)
    } else {
        if !rt.is_iterable(iterable) {
            return Err(rt.type_error("can only join an iterable"));
        }
        collected = rt.collect(iterable)?;
        // SAFETY: `Owned` is a transparent wrapper of a word.
        unsafe { core::slice::from_raw_parts(collected.as_ptr().cast::<Word>(), collected.len()) }
    };
    if let [only] = items
        && rt.class_of(*only) == ClassId::STR
    {
        return Ok(Owned::share(*only));
    }
    join_words(rt, StrRef::of(separator), items)
}

fn join_words(rt: &mut Isolate, separator: StrRef, items: &[Word]) -> PyResult {
    let gaps = items.len().saturating_sub(1);
    let (mut bytes, mut chars) = (gaps * separator.bytes.len(), gaps * separator.char_len);
    for (i, &item) in items.iter().enumerate() {
        if !rt.is_str(item) {
            let name = rt.type_name(item);
            return Err(rt.type_error(format!("sequence item {i}: expected str instance, {name} found")));
        }
        let s = StrRef::of(item);
        bytes += s.bytes.len();
        chars += s.char_len;
    }
    let mut out = StrWriter::new(rt, bytes, chars);
    for (i, &item) in items.iter().enumerate() {
        if i > 0 {
            out.push(separator.bytes);
        }
        out.push(str_bytes(item));
    }
    Ok(out.finish())
}

/// Concatenation of strings known to be such (f-strings).
pub fn join_parts(rt: &mut Isolate, parts: &[Word]) -> Owned {
    join_words(rt, StrRef { bytes: b"", char_len: 0 }, parts).expect("all parts are strings")
}

/// Position of the first (or last) occurrence of `needle`.
pub fn find_bytes(haystack: &[u8], needle: &[u8], last: bool) -> Option<usize> {
    match (needle, last) {
        ([], false) => Some(0),
        ([], true) => Some(haystack.len()),
        ([b], false) => memchr::memchr(*b, haystack),
        ([b], true) => memchr::memrchr(*b, haystack),
        (_, false) => memchr::memmem::find(haystack, needle),
        (_, true) => memchr::memmem::rfind(haystack, needle),
    }
}

/// Number of non-overlapping occurrences of a non-empty needle.
pub fn count_bytes(haystack: &[u8], needle: &[u8]) -> usize {
    match needle {
        [b] => memchr::memchr_iter(*b, haystack).count(),
        _ => memchr::memmem::find_iter(haystack, needle).count(),
    }
}

/// Replaces up to `limit` occurrences of a non-empty `old`; `None` when there is none.
pub fn replace_bytes(text: &[u8], old: &[u8], new: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, old).take(limit) {
        let out = out.get_or_insert_with(|| Vec::with_capacity(text.len() + 16));
        out.extend_from_slice(&text[done..at]);
        out.extend_from_slice(new);
        done = at + old.len();
    }
    let mut out = out?;
    out.extend_from_slice(&text[done..]);
    Some(out)
}
