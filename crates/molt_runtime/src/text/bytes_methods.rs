//! Methods that `bytes` and `bytearray` share. Each returns the kind of object it was called on.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::str_object::{count_bytes, fill_repeated, find_bytes, range_args, replace_bytes};
use super::str_split::{self, Ends, limit_arg};
use super::{buffer, codecs, str_class};
use crate::api::{CompareOp, bytes_slice};
use crate::native::{NativeDef, def};
use crate::num::{binary::not_implemented, int};
use crate::text::bytearray::{self, stored_bytes};
use crate::{Isolate, Owned, PyResult};

/// Contents of the receiver. The view of a bytearray must not outlive a call that may change it.
pub fn contents<'a>(rt: &Isolate, w: Word) -> &'a [u8] {
    if rt.is_bytes(w) { bytes_slice(w) } else { stored_bytes(w) }
}

/// New object of the receiver's kind.
fn make_like(rt: &mut Isolate, like: Word, bytes: &[u8]) -> Owned {
    if rt.is_bytes(like) { rt.new_bytes(bytes) } else { bytearray::new(rt, bytes.to_vec()) }
}

fn unchanged(rt: &mut Isolate, w: Word) -> Owned {
    if rt.class_of(w) == ClassId::BYTES {
        return Owned::share(w);
    }
    let bytes = contents(rt, w).to_vec();
    make_like(rt, w, &bytes)
}

const OTHER: &str = "($self, value, /)";
const SELF: &str = "($self, /)";
const RANGE: &str = "($self, sub, start=None, end=None, /)";
const FILL: &str = "($self, width, fillchar=b' ', /)";
const STRIP: &str = "($self, bytes=None, /)";

/// Rows shared by both classes.
pub const SHARED: [NativeDef; 50] = [
    def("__len__", SELF, |rt, a| Ok(Owned::small(contents(rt, a[0]).len() as i64))),
    def("__getitem__", "($self, key, /)", getitem),
    def("__contains__", "($self, key, /)", contains),
    def("__add__", OTHER, add),
    def("__mul__", OTHER, multiply),
    def("__rmul__", OTHER, multiply),
    def("__mod__", OTHER, |rt, a| {
        let template = contents(rt, a[0]).to_vec();
        let out = super::percent::format_bytes(rt, &template, a[1])?;
        Ok(make_like(rt, a[0], &out))
    }),
    def("__lt__", OTHER, |rt, a| compare(rt, CompareOp::Lt, a)),
    def("__le__", OTHER, |rt, a| compare(rt, CompareOp::Le, a)),
    def("__eq__", OTHER, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", OTHER, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__gt__", OTHER, |rt, a| compare(rt, CompareOp::Gt, a)),
    def("__ge__", OTHER, |rt, a| compare(rt, CompareOp::Ge, a)),
    def("decode", "($self, /, encoding='utf-8', errors='strict')", decode),
    def("hex", "($self, /, sep=None, bytes_per_sep=1)", hex),
    def("find", RANGE, |rt, a| Ok(Owned::small(search(rt, a, false)?.map_or(-1, |i| i as i64)))),
    def("rfind", RANGE, |rt, a| Ok(Owned::small(search(rt, a, true)?.map_or(-1, |i| i as i64)))),
    def("index", RANGE, |rt, a| found(rt, a, false)),
    def("rindex", RANGE, |rt, a| found(rt, a, true)),
    def("count", RANGE, count),
    def("startswith", "($self, prefix, start=None, end=None, /)", |rt, a| affix(rt, a, "startswith")),
    def("endswith", "($self, suffix, start=None, end=None, /)", |rt, a| affix(rt, a, "endswith")),
    def("split", "($self, /, sep=None, maxsplit=-1)", |rt, a| split(rt, a, false)),
    def("rsplit", "($self, /, sep=None, maxsplit=-1)", |rt, a| split(rt, a, true)),
    def("splitlines", "($self, /, keepends=False)", splitlines),
    def("partition", "($self, sep, /)", |rt, a| partition(rt, a, false)),
    def("rpartition", "($self, sep, /)", |rt, a| partition(rt, a, true)),
    def("strip", STRIP, |rt, a| strip(rt, a, Ends::Both)),
    def("lstrip", STRIP, |rt, a| strip(rt, a, Ends::Left)),
    def("rstrip", STRIP, |rt, a| strip(rt, a, Ends::Right)),
    def("removeprefix", "($self, prefix, /)", |rt, a| {
        let (s, p) = (contents(rt, a[0]).to_vec(), buffer::required(rt, a[1])?);
        Ok(make_like(rt, a[0], s.strip_prefix(&*p).unwrap_or(&s)))
    }),
    def("removesuffix", "($self, suffix, /)", |rt, a| {
        let (s, p) = (contents(rt, a[0]).to_vec(), buffer::required(rt, a[1])?);
        Ok(make_like(rt, a[0], s.strip_suffix(&*p).unwrap_or(&s)))
    }),
    def("replace", "($self, old, new, count=-1, /)", replace),
    def("join", "($self, iterable_of_bytes, /)", join),
    def("lower", SELF, |rt, a| Ok(map_bytes(rt, a[0], |b| b.to_ascii_lowercase()))),
    def("upper", SELF, |rt, a| Ok(map_bytes(rt, a[0], |b| b.to_ascii_uppercase()))),
    def("swapcase", SELF, |rt, a| Ok(map_bytes(rt, a[0], |b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { b }))),
    def("title", SELF, |rt, a| {
        let mut in_word = false;
        Ok(map_bytes(rt, a[0], |b| {
            let mapped = if in_word { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() };
            in_word = b.is_ascii_alphabetic();
            mapped
        }))
    }),
    def("capitalize", SELF, |rt, a| {
        let mut first = true;
        Ok(map_bytes(rt, a[0], |b| {
            let mapped = if first { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
            first = false;
            mapped
        }))
    }),
    def("center", FILL, |rt, a| pad(rt, a, "center", |room, width| room / 2 + (room & width & 1))),
    def("ljust", FILL, |rt, a| pad(rt, a, "ljust", |_, _| 0)),
    def("rjust", FILL, |rt, a| pad(rt, a, "rjust", |room, _| room)),
    def("zfill", "($self, width, /)", zfill),
    def("expandtabs", "($self, /, tabsize=8)", |rt, a| {
        let size = if a[1].is_unbound() { 8 } else { rt.to_i64(a[1], "int")? };
        let out: Vec<u8> = str_class::expand_tabs(contents(rt, a[0]), size.max(0) as usize, |_| true);
        Ok(make_like(rt, a[0], &out))
    }),
    def("translate", "($self, table, /, delete=b'')", translate),
    def("maketrans", "(frm, to, /)", maketrans),
    def("isascii", SELF, |rt, a| Ok(Owned::from_bool(contents(rt, a[0]).is_ascii()))),
    def("isalpha", SELF, |rt, a| Ok(all(contents(rt, a[0]), u8::is_ascii_alphabetic))),
    def("isdigit", SELF, |rt, a| Ok(all(contents(rt, a[0]), u8::is_ascii_digit))),
    def("isalnum", SELF, |rt, a| Ok(all(contents(rt, a[0]), u8::is_ascii_alphanumeric))),
];

/// The rest of the shared rows: tests of letter case.
pub const SHARED_CASE: [NativeDef; 4] = [
    def("isspace", SELF, |rt, a| Ok(all(contents(rt, a[0]), |b| is_space(*b)))),
    def("islower", SELF, |rt, a| {
        let s = contents(rt, a[0]);
        Ok(Owned::from_bool(s.iter().any(u8::is_ascii_lowercase) && !s.iter().any(u8::is_ascii_uppercase)))
    }),
    def("isupper", SELF, |rt, a| {
        let s = contents(rt, a[0]);
        Ok(Owned::from_bool(s.iter().any(u8::is_ascii_uppercase) && !s.iter().any(u8::is_ascii_lowercase)))
    }),
    def("istitle", SELF, |rt, a| {
        let (mut found, mut in_word, mut ok) = (false, false, true);
        for b in contents(rt, a[0]) {
            let (upper, lower) = (b.is_ascii_uppercase(), b.is_ascii_lowercase());
            // Capitals begin words, small letters go on.
            ok &= if in_word { !upper } else { !lower };
            in_word = upper || lower;
            found |= in_word;
        }
        Ok(Owned::from_bool(ok && found))
    }),
];

const fn is_space(b: u8) -> bool {
    matches!(b, b' ' | 9..=13)
}

fn all(s: &[u8], f: impl Fn(&u8) -> bool) -> Owned {
    Owned::from_bool(!s.is_empty() && s.iter().all(f))
}

fn map_bytes(rt: &mut Isolate, w: Word, f: impl FnMut(u8) -> u8) -> Owned {
    let out: Vec<u8> = contents(rt, w).iter().copied().map(f).collect();
    make_like(rt, w, &out)
}

fn kind_name(rt: &Isolate, w: Word) -> &'static str {
    if rt.is_bytes(w) { "byte" } else { "bytearray" }
}

fn getitem(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let key = a[1];
    if rt.class_of(key) == ClassId::SLICE {
        let s = contents(rt, a[0]);
        let (start, _, step, count) = rt.slice_indices(key, s.len())?;
        let s = contents(rt, a[0]);
        if step == 1 {
            let out = s.get(start as usize..start as usize + count).unwrap_or(&[]).to_vec();
            return Ok(make_like(rt, a[0], &out));
        }
        let out: Vec<u8> = (0..count as i64).map(|i| s[(start + i * step) as usize]).collect();
        return Ok(make_like(rt, a[0], &out));
    }
    if !key.is_small() && rt.lookup_special(key, crate::names::Name::INDEX).is_none() {
        let (kind, name) = (kind_name(rt, a[0]), rt.type_name(key));
        return Err(rt.type_error(format!("{kind} indices must be integers or slices, not {name}")));
    }
    let i = rt.sized_index(key)?;
    let s = contents(rt, a[0]);
    let at = if i < 0 { i + s.len() as i64 } else { i };
    match usize::try_from(at).ok().and_then(|at| s.get(at)) {
        Some(&b) => Ok(Owned::small(i64::from(b))),
        None => {
            let kind = if rt.is_bytes(a[0]) { "index" } else { "bytearray index" };
            Err(rt.index_error(format!("{kind} out of range")))
        }
    }
}

/// A byte given as an integer.
pub fn byte_value(rt: &mut Isolate, w: Word) -> PyResult<u8> {
    let i = rt.index(w)?;
    match int::to_i64(i.word()) {
        Some(v) if (0..256).contains(&v) => Ok(v as u8),
        _ => Err(rt.value_error("byte must be in range(0, 256)")),
    }
}

/// A search argument: bytes-like, or an integer for one byte.
fn needle(rt: &mut Isolate, w: Word) -> PyResult<Vec<u8>> {
    if let Some(b) = buffer::of_object(rt, w)? {
        return Ok(b.into_owned());
    }
    if rt.lookup_special(w, crate::names::Name::INDEX).is_some() {
        return Ok(vec![byte_value(rt, w)?]);
    }
    let name = rt.type_name(w);
    Err(rt.type_error(format!("argument should be integer or bytes-like object, not '{name}'")))
}

fn contains(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if let Some(b) = buffer::of_object(rt, a[1])? {
        return Ok(Owned::from_bool(find_bytes(contents(rt, a[0]), &b, false).is_some()));
    }
    if rt.lookup_special(a[1], crate::names::Name::INDEX).is_none() {
        let name = rt.type_name(a[1]);
        return Err(rt.type_error(format!("a bytes-like object is required, not '{name}'")));
    }
    let b = byte_value(rt, a[1])?;
    Ok(Owned::from_bool(memchr::memchr(b, contents(rt, a[0])).is_some()))
}

fn add(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let Some(other) = buffer::of_object(rt, a[1])? else {
        let (this, name) = (rt.type_name(a[0]), rt.type_name(a[1]));
        return Err(rt.type_error(format!("can't concat {name} to {this}")));
    };
    let out = [contents(rt, a[0]), &other].concat();
    Ok(make_like(rt, a[0], &out))
}

fn multiply(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let Some(n) = super::repeat_count(rt, a[1])? else { return not_implemented() };
    let s = contents(rt, a[0]);
    let total = s.len().saturating_mul(n.max(0) as usize);
    rt.check_room(Some(total))?;
    let mut out = vec![0; total];
    if total > 0 {
        fill_repeated(&mut out, s);
    }
    Ok(make_like(rt, a[0], &out))
}

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    if rt.is_bytes(a[0]) && !rt.is_bytes(a[1]) {
        return not_implemented();
    }
    match buffer::of_object(rt, a[1])? {
        Some(other) => Ok(Owned::from_bool(op.holds(contents(rt, a[0]).cmp(&other)))),
        None => not_implemented(),
    }
}

fn decode(rt: &mut Isolate, a: &[Word]) -> PyResult {
    for (w, name) in [(a[1], "encoding"), (a[2], "errors")] {
        if !w.is_unbound() && !rt.is_str(w) {
            let got = rt.argument_kind(w);
            return Err(rt.type_error(format!("decode() argument '{name}' must be str, not {got}")));
        }
    }
    let s = contents(rt, a[0]);
    codecs::decode_with(rt, s, a[1], a[2])
}

fn hex(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = contents(rt, a[0]).to_vec();
    let separator = if a[1].is_unbound() { None } else { Some(hex_separator(rt, a[1])?) };
    let size = if a[2].is_unbound() { 1 } else { rt.to_i64(a[2], "int")? };
    let text = hex_text(&s, separator, size);
    Ok(rt.new_str(&text))
}

fn hex_separator(rt: &mut Isolate, w: Word) -> PyResult<char> {
    if rt.is_str(w) && crate::api::str_char_len(w) == 1 && !crate::api::str_is_ascii(w) {
        return Err(rt.value_error("sep must be ASCII."));
    }
    let bytes = if rt.is_str(w) { crate::api::str_bytes(w).to_vec() } else { buffer::required(rt, w)?.into_owned() };
    match bytes.as_slice() {
        [b] if b.is_ascii() => Ok(*b as char),
        [_] => Err(rt.value_error("sep must be ASCII.")),
        _ => Err(rt.value_error("sep must be length 1.")),
    }
}

/// Hexadecimal digits, a separator after every `size` bytes counted from the right (left if negative).
pub fn hex_text(bytes: &[u8], separator: Option<char>, size: i64) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 3);
    let group = size.unsigned_abs() as usize;
    for (i, &b) in bytes.iter().enumerate() {
        let boundary = if size < 0 { i } else { bytes.len() - i };
        if let Some(c) = separator
            && group > 0
            && i > 0
            && boundary % group == 0
        {
            out.push(c);
        }
        out.push(HEX[usize::from(b >> 4)] as char);
        out.push(HEX[usize::from(b & 15)] as char);
    }
    out
}

fn search(rt: &mut Isolate, a: &[Word], last: bool) -> PyResult<Option<usize>> {
    let needle = needle(rt, a[1])?;
    let range = range_args(rt, a[2], a[3], contents(rt, a[0]).len())?;
    let s = contents(rt, a[0]);
    Ok(range.and_then(|(start, end)| find_bytes(s.get(start..end)?, &needle, last).map(|at| start + at)))
}

fn found(rt: &mut Isolate, a: &[Word], last: bool) -> PyResult {
    match search(rt, a, last)? {
        Some(i) => Ok(Owned::small(i as i64)),
        None => Err(rt.value_error("subsection not found")),
    }
}

fn count(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let needle = needle(rt, a[1])?;
    let Some((start, end)) = range_args(rt, a[2], a[3], contents(rt, a[0]).len())? else {
        return Ok(Owned::small(0));
    };
    let s = contents(rt, a[0]).get(start..end).unwrap_or(&[]);
    let n = if needle.is_empty() { s.len() + 1 } else { count_bytes(s, &needle) };
    Ok(Owned::small(n as i64))
}

fn affix(rt: &mut Isolate, a: &[Word], method: &str) -> PyResult {
    let range = range_args(rt, a[2], a[3], contents(rt, a[0]).len())?;
    let matches = |rt: &Isolate, affix: &[u8]| {
        let window = range.and_then(|(start, end)| contents(rt, a[0]).get(start..end));
        window.is_some_and(|w| if method == "startswith" { w.starts_with(affix) } else { w.ends_with(affix) })
    };
    if let Some(b) = buffer::of_object(rt, a[1])? {
        return Ok(Owned::from_bool(matches(rt, &b)));
    }
    if !rt.is_tuple(a[1]) {
        let name = rt.type_name(a[1]);
        return Err(rt.type_error(format!("{method} first arg must be bytes or a tuple of bytes, not {name}")));
    }
    for &item in crate::api::tuple_items(a[1]) {
        let b = buffer::required(rt, item)?;
        if matches(rt, &b) {
            return Ok(Owned::from_bool(true));
        }
    }
    Ok(Owned::from_bool(false))
}

fn split(rt: &mut Isolate, a: &[Word], from_right: bool) -> PyResult {
    let limit = limit_arg(rt, a[2])?;
    let separator =
        if a[1].is_unbound() || a[1].is_none() { None } else { Some(buffer::required(rt, a[1])?.into_owned()) };
    let s = contents(rt, a[0]).to_vec();
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let push = |piece: &[u8]| pieces.push(piece.to_vec());
    match (&separator, from_right) {
        (Some(sep), _) if sep.is_empty() => return Err(rt.value_error("empty separator")),
        (Some(sep), false) => str_split::split_at(&s, sep, limit, push),
        (Some(sep), true) => str_split::rsplit_at(&s, sep, limit, push),
        (None, false) => str_split::split_by(&s, limit, is_space, push),
        (None, true) => str_split::rsplit_by(&s, limit, is_space, push),
    }
    if from_right {
        pieces.reverse();
    }
    Ok(list_like(rt, a[0], &pieces))
}

fn list_like(rt: &mut Isolate, like: Word, pieces: &[Vec<u8>]) -> Owned {
    let items = pieces.iter().map(|p| make_like(rt, like, p)).collect();
    rt.new_list(items)
}

fn splitlines(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let keep_ends = !a[1].is_unbound() && rt.truth(a[1])?;
    let s = contents(rt, a[0]).to_vec();
    let (mut lines, mut rest) = (Vec::new(), s.as_slice());
    while !rest.is_empty() {
        let (end, next) = match memchr::memchr2(b'\n', b'\r', rest) {
            Some(at) if rest[at] == b'\r' && rest.get(at + 1) == Some(&b'\n') => (at, at + 2),
            Some(at) => (at, at + 1),
            None => (rest.len(), rest.len()),
        };
        lines.push(rest[..if keep_ends { next } else { end }].to_vec());
        rest = &rest[next..];
    }
    Ok(list_like(rt, a[0], &lines))
}

fn partition(rt: &mut Isolate, a: &[Word], last: bool) -> PyResult {
    let separator = buffer::required(rt, a[1])?.into_owned();
    if separator.is_empty() {
        return Err(rt.value_error("empty separator"));
    }
    let s = contents(rt, a[0]).to_vec();
    let parts: [&[u8]; 3] = match find_bytes(&s, &separator, last) {
        Some(at) => [&s[..at], &separator, &s[at + separator.len()..]],
        None if last => [b"", b"", &s],
        None => [&s, b"", b""],
    };
    let items = parts.iter().map(|p| make_like(rt, a[0], p)).collect();
    Ok(rt.new_tuple(items))
}

fn strip(rt: &mut Isolate, a: &[Word], ends: Ends) -> PyResult {
    let s = contents(rt, a[0]).to_vec();
    let stripped = if a[1].is_unbound() || a[1].is_none() {
        str_split::strip_bytes(&s, ends, is_space)
    } else {
        let set = buffer::required(rt, a[1])?;
        str_split::strip_bytes(&s, ends, |b| set.contains(&b))
    };
    Ok(make_like(rt, a[0], stripped))
}

fn replace(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (old, new) = (buffer::required(rt, a[1])?, buffer::required(rt, a[2])?);
    let limit = limit_arg(rt, a[3])?;
    let s = contents(rt, a[0]);
    let out = if old.is_empty() {
        let mut out = Vec::new();
        for (i, &b) in s.iter().enumerate() {
            if i < limit {
                out.extend_from_slice(&new);
            }
            out.push(b);
        }
        if s.len() < limit {
            out.extend_from_slice(&new);
        }
        Some(out)
    } else {
        replace_bytes(s, &old, &new, limit)
    };
    match out {
        Some(out) => Ok(make_like(rt, a[0], &out)),
        None => Ok(unchanged(rt, a[0])),
    }
}

fn join(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if !rt.is_iterable(a[1]) {
        return Err(rt.type_error("can only join an iterable"));
    }
    let items = rt.collect(a[1])?;
    let separator = contents(rt, a[0]).to_vec();
    let mut out = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(b) = buffer::of_object(rt, item.word())? else {
            let name = rt.type_name(item.word());
            return Err(rt.type_error(format!("sequence item {i}: expected a bytes-like object, {name} found")));
        };
        if i > 0 {
            out.extend_from_slice(&separator);
        }
        out.extend_from_slice(&b);
    }
    Ok(make_like(rt, a[0], &out))
}

fn pad(rt: &mut Isolate, a: &[Word], method: &str, left: fn(usize, usize) -> usize) -> PyResult {
    let width = rt.to_i64(a[1], "ssize_t")?.max(0) as usize;
    let fill = if a[2].is_unbound() {
        b' '
    } else {
        match buffer::bytes_or_bytearray(rt, a[2]) {
            Some(b) if b.len() == 1 => b[0],
            _ => {
                let name = rt.type_name(a[2]);
                return Err(
                    rt.type_error(format!("{method}() argument 2 must be a byte string of length 1, not {name}"))
                );
            }
        }
    };
    let s = contents(rt, a[0]);
    if width <= s.len() {
        return Ok(unchanged(rt, a[0]));
    }
    rt.check_room(Some(width))?;
    let mut out = vec![fill; width];
    let before = left(width - s.len(), width);
    out[before..before + s.len()].copy_from_slice(s);
    Ok(make_like(rt, a[0], &out))
}

fn zfill(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let width = rt.to_i64(a[1], "ssize_t")?.max(0) as usize;
    let s = contents(rt, a[0]);
    if width <= s.len() {
        return Ok(unchanged(rt, a[0]));
    }
    rt.check_room(Some(width))?;
    let sign = usize::from(matches!(s.first(), Some(b'+' | b'-')));
    let mut out = s[..sign].to_vec();
    out.resize(width - s.len() + sign, b'0');
    out.extend_from_slice(&s[sign..]);
    Ok(make_like(rt, a[0], &out))
}

fn translate(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let table = if a[1].is_none() { None } else { Some(buffer::required(rt, a[1])?.into_owned()) };
    if table.as_ref().is_some_and(|t| t.len() != 256) {
        return Err(rt.value_error("translation table must be 256 characters long"));
    }
    let delete = if a[2].is_unbound() { Vec::new() } else { buffer::required(rt, a[2])?.into_owned() };
    let out: Vec<u8> = contents(rt, a[0])
        .iter()
        .filter(|b| !delete.contains(b))
        .map(|&b| table.as_ref().map_or(b, |t| t[usize::from(b)]))
        .collect();
    Ok(make_like(rt, a[0], &out))
}

fn maketrans(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (from, to) = (buffer::required(rt, a[0])?, buffer::required(rt, a[1])?);
    if from.len() != to.len() {
        return Err(rt.value_error("maketrans arguments must have same length"));
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (&x, &y) in from.iter().zip(to.iter()) {
        table[usize::from(x)] = y;
    }
    Ok(rt.new_bytes(&table))
}
