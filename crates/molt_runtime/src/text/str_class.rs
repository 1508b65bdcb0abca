//! The class `str` and its iterator.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::str_object::{self, StrRef, find_bytes, make, range_args, str_arg};
use super::str_split::{self, Ends};
use super::str_writer::StrWriter;
use super::unicode::{self, Mapping};
use super::{ascii, codecs, percent, repr, str_format, str_translate, wtf8};
use crate::api::{CompareOp, native, str_bytes, str_is_ascii};
use crate::native::{ClassSpec, Layout, NativeData, NativeDef, def};
use crate::num::binary::not_implemented;
use crate::{Isolate, Owned, PyResult};

pub static STR_SPEC: ClassSpec =
    ClassSpec::builtin(ClassId::STR, Layout::Str).methods(METHODS).flags(ClassSpec::BASETYPE | ClassSpec::MATCH_SELF);

pub static STR_ITERATOR_SPEC: ClassSpec = ClassSpec::builtin(ClassId::STR_ITERATOR, Layout::Native)
    .methods(ITERATOR_METHODS)
    .next(iterator_next)
    .flags(ClassSpec::NO_NEW);

const OTHER: &str = "($self, value, /)";
const SELF: &str = "($self, /)";
const RANGE: &str = "($self, sub, start=None, end=None, /)";
const FILL: &str = "($self, width, fillchar=' ', /)";
const CHARS: &str = "($self, chars=None, /)";

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, object='', encoding=None, errors=None)", str_new),
    def("__repr__", SELF, |rt, a| {
        let out = repr::repr_of_str(str_bytes(a[0]));
        Ok(make(rt, &out, str_is_ascii(a[0])))
    }),
    def("__str__", SELF, |rt, a| Ok(plain(rt, a[0]))),
    def("__hash__", SELF, |rt, a| {
        let h = rt.str_hash(a[0]);
        Ok(rt.new_int(h))
    }),
    def("__len__", SELF, |_, a| Ok(Owned::small(StrRef::of(a[0]).char_len as i64))),
    def("__getitem__", "($self, key, /)", |rt, a| str_object::getitem(rt, a[0], a[1])),
    def("__contains__", "($self, key, /)", |rt, a| contains(rt, a[0], a[1]).map(Owned::from_bool)),
    def("__iter__", SELF, |rt, a| Ok(iterator(rt, a[0]))),
    def("__add__", OTHER, |rt, a| add(rt, a[0], a[1])),
    def("__mul__", OTHER, |rt, a| multiply(rt, a[0], a[1])),
    def("__rmul__", OTHER, |rt, a| multiply(rt, a[0], a[1])),
    def("__mod__", OTHER, |rt, a| percent::format_str(rt, a[0], a[1])),
    def(
        "__rmod__",
        OTHER,
        |rt, a| if rt.is_str(a[1]) { percent::format_str(rt, a[1], a[0]) } else { not_implemented() },
    ),
    def("__lt__", OTHER, |rt, a| compare(rt, CompareOp::Lt, a)),
    def("__le__", OTHER, |rt, a| compare(rt, CompareOp::Le, a)),
    def("__eq__", OTHER, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", OTHER, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__gt__", OTHER, |rt, a| compare(rt, CompareOp::Gt, a)),
    def("__ge__", OTHER, |rt, a| compare(rt, CompareOp::Ge, a)),
    def("__format__", "($self, format_spec, /)", super::format_spec::str_format),
    def("__getnewargs__", SELF, |rt, a| {
        let s = plain(rt, a[0]);
        Ok(rt.new_tuple(vec![s]))
    }),
    def("__sizeof__", SELF, |_, a| {
        let s = StrRef::of(a[0]);
        Ok(Owned::small(if s.is_ascii() { 41 + s.char_len as i64 } else { 61 + 2 * s.char_len as i64 }))
    }),
    def("encode", "($self, /, encoding='utf-8', errors='strict')", codecs::str_encode),
    def("format", "($self, /, *args, **kwargs)", str_format::format),
    def("format_map", "($self, mapping, /)", str_format::format_map),
    def("split", "($self, /, sep=None, maxsplit=-1)", str_split::split),
    def("rsplit", "($self, /, sep=None, maxsplit=-1)", str_split::rsplit),
    def("splitlines", "($self, /, keepends=False)", str_split::splitlines),
    def("partition", "($self, sep, /)", |rt, a| str_split::partition(rt, a, false)),
    def("rpartition", "($self, sep, /)", |rt, a| str_split::partition(rt, a, true)),
    def("strip", CHARS, |rt, a| str_split::strip(rt, a, Ends::Both)),
    def("lstrip", CHARS, |rt, a| str_split::strip(rt, a, Ends::Left)),
    def("rstrip", CHARS, |rt, a| str_split::strip(rt, a, Ends::Right)),
    def("removeprefix", "($self, prefix, /)", |rt, a| str_split::remove_affix(rt, a, false)),
    def("removesuffix", "($self, suffix, /)", |rt, a| str_split::remove_affix(rt, a, true)),
    def("replace", "($self, old, new, /, count=-1)", str_split::replace),
    def("join", "($self, iterable, /)", |rt, a| str_object::join(rt, a[0], a[1])),
    def("find", RANGE, |rt, a| Ok(Owned::small(search(rt, a, "find", false)?.map_or(-1, |i| i as i64)))),
    def("rfind", RANGE, |rt, a| Ok(Owned::small(search(rt, a, "rfind", true)?.map_or(-1, |i| i as i64)))),
    def("index", RANGE, |rt, a| index(rt, a, "index", false)),
    def("rindex", RANGE, |rt, a| index(rt, a, "rindex", true)),
    def("count", RANGE, count),
    def("startswith", "($self, prefix, start=None, end=None, /)", |rt, a| affix(rt, a, "startswith")),
    def("endswith", "($self, suffix, start=None, end=None, /)", |rt, a| affix(rt, a, "endswith")),
    def("lower", SELF, |rt, a| Ok(map_case(rt, a[0], ascii::make_lower, unicode::lower))),
    def("upper", SELF, |rt, a| Ok(map_case(rt, a[0], ascii::make_upper, |s| unicode::map_all(s, Mapping::Upper)))),
    def("casefold", SELF, |rt, a| Ok(map_case(rt, a[0], ascii::make_lower, |s| unicode::map_all(s, Mapping::Fold)))),
    def("title", SELF, |rt, a| Ok(rewritten(rt, a[0], unicode::title))),
    def("capitalize", SELF, |rt, a| Ok(rewritten(rt, a[0], unicode::capitalize))),
    def("swapcase", SELF, |rt, a| Ok(rewritten(rt, a[0], unicode::swapcase))),
    def("center", FILL, |rt, a| pad(rt, a, |room, width| room / 2 + (room & width & 1))),
    def("ljust", FILL, |rt, a| pad(rt, a, |_, _| 0)),
    def("rjust", FILL, |rt, a| pad(rt, a, |room, _| room)),
    def("zfill", "($self, width, /)", zfill),
    def("expandtabs", "($self, /, tabsize=8)", expandtabs),
    def("translate", "($self, table, /)", str_translate::translate),
    def("maketrans", "(x, y=None, z=None, /)", str_translate::maketrans),
    def("isascii", SELF, |_, a| Ok(Owned::from_bool(str_is_ascii(a[0])))),
    def("isalpha", SELF, |_, a| all_chars(a[0], unicode::is_alpha)),
    def("isdecimal", SELF, |_, a| all_chars(a[0], unicode::is_decimal)),
    def("isdigit", SELF, |_, a| all_chars(a[0], unicode::is_digit)),
    def("isnumeric", SELF, |_, a| all_chars(a[0], unicode::is_numeric)),
    def("isalnum", SELF, |_, a| all_chars(a[0], unicode::is_alnum)),
    def("isspace", SELF, |_, a| all_chars(a[0], unicode::is_space)),
    def("isprintable", SELF, |_, a| Ok(Owned::from_bool(wtf8::chars(str_bytes(a[0])).all(unicode::is_printable)))),
    def("isidentifier", SELF, |_, a| Ok(Owned::from_bool(unicode::is_identifier(str_bytes(a[0]))))),
    def("islower", SELF, |_, a| Ok(Owned::from_bool(has_case(str_bytes(a[0]), unicode::is_lower, unicode::is_upper)))),
    def("isupper", SELF, |_, a| Ok(Owned::from_bool(has_case(str_bytes(a[0]), unicode::is_upper, unicode::is_lower)))),
    def("istitle", SELF, |_, a| Ok(Owned::from_bool(is_title(str_bytes(a[0]))))),
];

/// Exact `str` with the text of `w`.
pub fn plain(rt: &mut Isolate, w: Word) -> Owned {
    if rt.class_of(w) == ClassId::STR {
        return Owned::share(w);
    }
    let s = StrRef::of(w);
    rt.new_str_counted(s.bytes, s.char_len)
}

fn str_new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let value = str_value(rt, a[1], a[2], a[3])?;
    if class == ClassId::STR {
        return Ok(value);
    }
    let s = StrRef::of(value.word());
    Ok(rt.alloc_str(class, s.bytes.len(), s.char_len, |out| out.copy_from_slice(s.bytes)))
}

fn str_value(rt: &mut Isolate, object: Word, encoding: Word, errors: Word) -> PyResult {
    if object.is_unbound() {
        return Ok(rt.new_str(""));
    }
    if encoding.is_unbound() && errors.is_unbound() {
        return rt.str(object);
    }
    for (w, name) in [(encoding, "encoding"), (errors, "errors")] {
        if !w.is_unbound() && !rt.is_str(w) {
            let got = rt.argument_kind(w);
            return Err(rt.type_error(format!("str() argument '{name}' must be str, not {got}")));
        }
    }
    if rt.is_str(object) {
        return Err(rt.type_error("decoding str is not supported"));
    }
    let Some(bytes) = super::buffer::of_object(rt, object)? else {
        let name = rt.type_name(object);
        return Err(rt.type_error(format!("decoding to str: need a bytes-like object, {name} found")));
    };
    codecs::decode_with(rt, &bytes, encoding, errors)
}

fn add(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    if rt.is_str(b) {
        return Ok(str_object::concat(rt, a, b));
    }
    let name = rt.type_name(b);
    Err(rt.type_error(format!("can only concatenate str (not \"{name}\") to str")))
}

/// Repetition; NotImplemented for a count that is no integer.
fn multiply(rt: &mut Isolate, a: Word, count: Word) -> PyResult {
    match super::repeat_count(rt, count)? {
        Some(n) => str_object::repeat(rt, a, n),
        None => not_implemented(),
    }
}

/// `item in text`.
pub fn contains(rt: &mut Isolate, text: Word, item: Word) -> PyResult<bool> {
    if !rt.is_str(item) {
        let name = rt.type_name(item);
        return Err(rt.type_error(format!("'in <string>' requires string as left operand, not {name}")));
    }
    Ok(find_bytes(str_bytes(text), str_bytes(item), false).is_some())
}

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    if !rt.is_str(a[1]) {
        return not_implemented();
    }
    let (x, y) = (str_bytes(a[0]), str_bytes(a[1]));
    Ok(Owned::from_bool(match op {
        CompareOp::Eq => x == y,
        CompareOp::Ne => x != y,
        _ => op.holds(x.cmp(y)),
    }))
}

fn search(rt: &mut Isolate, a: &[Word], method: &str, last: bool) -> PyResult<Option<usize>> {
    let s = StrRef::of(a[0]);
    let needle = str_arg(rt, a[1], method, 1)?;
    if a[2].is_unbound() {
        return Ok(find_bytes(s.bytes, needle.bytes, last).map(|at| s.char_index(at)));
    }
    let Some((start, end)) = range_args(rt, a[2], a[3], s.char_len)? else { return Ok(None) };
    let window = s.chars(start, end);
    let view = StrRef { bytes: window, char_len: end - start };
    Ok(find_bytes(window, needle.bytes, last).map(|at| start + view.char_index(at)))
}

fn index(rt: &mut Isolate, a: &[Word], method: &str, last: bool) -> PyResult {
    match search(rt, a, method, last)? {
        Some(i) => Ok(Owned::small(i as i64)),
        None => Err(rt.value_error("substring not found")),
    }
}

fn count(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let needle = str_arg(rt, a[1], "count", 1)?.bytes;
    let Some((start, end)) = range_args(rt, a[2], a[3], s.char_len)? else { return Ok(Owned::small(0)) };
    let n = if needle.is_empty() { end - start + 1 } else { str_object::count_bytes(s.chars(start, end), needle) };
    Ok(Owned::small(n as i64))
}

fn affix(rt: &mut Isolate, a: &[Word], method: &str) -> PyResult {
    let s = StrRef::of(a[0]);
    let range = range_args(rt, a[2], a[3], s.char_len)?;
    let matches = |affix: &[u8]| {
        range.is_some_and(|(start, end)| {
            let window = s.chars(start, end);
            if method == "startswith" { window.starts_with(affix) } else { window.ends_with(affix) }
        })
    };
    if rt.is_str(a[1]) {
        return Ok(Owned::from_bool(matches(str_bytes(a[1]))));
    }
    if !rt.is_tuple(a[1]) {
        let name = rt.type_name(a[1]);
        return Err(rt.type_error(format!("{method} first arg must be str or a tuple of str, not {name}")));
    }
    for &item in crate::api::tuple_items(a[1]) {
        if !rt.is_str(item) {
            let name = rt.type_name(item);
            return Err(rt.type_error(format!("tuple for {method} must only contain str, not {name}")));
        }
        if matches(str_bytes(item)) {
            return Ok(Owned::from_bool(true));
        }
    }
    Ok(Owned::from_bool(false))
}

fn map_case(rt: &mut Isolate, w: Word, map_ascii: fn(&mut [u8]), general: impl Fn(&[u8]) -> Vec<u8>) -> Owned {
    let s = StrRef::of(w);
    if s.is_ascii() {
        let mut out = StrWriter::new(rt, s.bytes.len(), s.char_len);
        out.push(s.bytes);
        map_ascii(out.written());
        return out.finish();
    }
    let out = general(s.bytes);
    rt.new_str_wtf8(&out)
}

fn rewritten(rt: &mut Isolate, w: Word, f: fn(&[u8]) -> Vec<u8>) -> Owned {
    let out = f(str_bytes(w));
    make(rt, &out, str_is_ascii(w))
}

/// Pads to a width; `left` gives the part of the room that goes left.
fn pad(rt: &mut Isolate, a: &[Word], left: fn(usize, usize) -> usize) -> PyResult {
    let s = StrRef::of(a[0]);
    let width = rt.to_i64(a[1], "ssize_t")?;
    let fill = if a[2].is_unbound() { StrRef { bytes: b" ", char_len: 1 } } else { fill_arg(rt, a[2])? };
    let width = width.max(0) as usize;
    if width <= s.char_len {
        return Ok(plain(rt, a[0]));
    }
    let room = width - s.char_len;
    rt.check_room(room.checked_mul(fill.bytes.len()).and_then(|size| size.checked_add(s.bytes.len())))?;
    let before = left(room, width) * fill.bytes.len();
    let byte_len = s.bytes.len() + room * fill.bytes.len();
    Ok(str_object::build(rt, byte_len, width, |out| {
        let after = before + s.bytes.len();
        if before > 0 {
            str_object::fill_repeated(&mut out[..before], fill.bytes);
        }
        out[before..after].copy_from_slice(s.bytes);
        if after < out.len() {
            str_object::fill_repeated(&mut out[after..], fill.bytes);
        }
    }))
}

fn fill_arg<'a>(rt: &mut Isolate, w: Word) -> PyResult<StrRef<'a>> {
    if !rt.is_str(w) {
        let name = rt.type_name(w);
        return Err(rt.type_error(format!("The fill character must be a unicode character, not {name}")));
    }
    let s = StrRef::of(w);
    if s.char_len == 1 {
        return Ok(s);
    }
    Err(rt.type_error("The fill character must be exactly one character long"))
}

fn zfill(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let width = rt.to_i64(a[1], "ssize_t")?.max(0) as usize;
    if width <= s.char_len {
        return Ok(plain(rt, a[0]));
    }
    let zeros = width - s.char_len;
    rt.check_room(s.bytes.len().checked_add(zeros))?;
    let sign = usize::from(matches!(s.bytes.first(), Some(b'+' | b'-')));
    Ok(str_object::build(rt, s.bytes.len() + zeros, width, |out| {
        out[..sign].copy_from_slice(&s.bytes[..sign]);
        out[sign..sign + zeros].fill(b'0');
        out[sign + zeros..].copy_from_slice(&s.bytes[sign..]);
    }))
}

fn expandtabs(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let s = StrRef::of(a[0]);
    let size = if a[1].is_unbound() { 8 } else { rt.to_i64(a[1], "int")? };
    let tabs = memchr::memchr_iter(b'\t', s.bytes).count();
    rt.check_room(tabs.checked_mul(size.max(0) as usize))?;
    let out = expand_tabs(s.bytes, size.max(0) as usize, |b| !wtf8::is_continuation(b));
    Ok(make(rt, &out, s.is_ascii()))
}

/// Replaces tabs by blanks up to the next multiple of `size` columns; `is_column` says which bytes take one.
pub fn expand_tabs(text: &[u8], size: usize, is_column: fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut column = 0;
    for &b in text {
        match b {
            b'\t' if size == 0 => {}
            b'\t' => {
                let blanks = size - column % size;
                out.resize(out.len() + blanks, b' ');
                column += blanks;
            }
            b'\n' | b'\r' => {
                out.push(b);
                column = 0;
            }
            _ => {
                out.push(b);
                column += usize::from(is_column(b));
            }
        }
    }
    out
}

fn all_chars(w: Word, f: fn(u32) -> bool) -> PyResult {
    let text = str_bytes(w);
    Ok(Owned::from_bool(!text.is_empty() && wtf8::chars(text).all(f)))
}

/// Whether there is a letter of one case and none of the other or in title case.
fn has_case(text: &[u8], wanted: fn(u32) -> bool, other: fn(u32) -> bool) -> bool {
    let mut found = false;
    for c in wtf8::chars(text) {
        if other(c) || unicode::is_title(c) {
            return false;
        }
        found |= wanted(c);
    }
    found
}

fn is_title(text: &[u8]) -> bool {
    let (mut found, mut in_word) = (false, false);
    for c in wtf8::chars(text) {
        if unicode::is_upper(c) || unicode::is_title(c) {
            if in_word {
                return false;
            }
            (found, in_word) = (true, true);
        } else if unicode::is_lower(c) {
            if !in_word {
                return false;
            }
            found = true;
        } else {
            in_word = false;
        }
    }
    found
}

/// State of `str_ascii_iterator`: the text until it is exhausted, and the byte offset of the next character.
struct StrIterator {
    text: Option<Owned>,
    at: usize,
}

impl NativeData for StrIterator {}

/// `iter(text)`.
pub fn iterator(rt: &mut Isolate, w: Word) -> Owned {
    rt.new_native(ClassId::STR_ITERATOR, Box::new(StrIterator { text: Some(Owned::share(w)), at: 0 }))
}

fn iterator_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let mut state = native::<StrIterator>(this);
    let Some(text) = &state.text else { return Ok(None) };
    let bytes = str_bytes(text.word());
    let Some((_, len)) = bytes.get(state.at..).and_then(wtf8::decode_first) else {
        state.text = None;
        return Ok(None);
    };
    let piece = &bytes[state.at..state.at + len];
    state.at += len;
    Ok(Some(rt.new_str_counted(piece, 1)))
}

static ITERATOR_METHODS: &[NativeDef] = &[
    def("__iter__", SELF, crate::iter::self_iter),
    def("__next__", SELF, crate::iter::self_next),
    def("__length_hint__", SELF, |_, a| {
        let state = native::<StrIterator>(a[0]);
        let left = state.text.as_ref().map_or(0, |t| wtf8::char_count(&str_bytes(t.word())[state.at..]));
        Ok(Owned::small(left as i64))
    }),
    def("__setstate__", "($self, state, /)", |rt, a| {
        let index = rt.to_i64(a[1], "ssize_t")?.max(0) as usize;
        let mut state = native::<StrIterator>(a[0]);
        if let Some(t) = &state.text {
            let s = StrRef::of(t.word());
            state.at = s.byte_offset(index.min(s.char_len));
        }
        Ok(Owned::NONE)
    }),
    def("__reduce__", SELF, |rt, a| {
        let state = native::<StrIterator>(a[0]);
        let iter = rt.import("builtins")?;
        let iter = rt.getattr(iter.word(), "iter")?;
        let (text, index) = match &state.text {
            Some(t) => (t.clone(), wtf8::char_count(&str_bytes(t.word())[..state.at])),
            None => (rt.new_str(""), 0),
        };
        let args = rt.new_tuple(vec![text]);
        Ok(rt.new_tuple(vec![iter, args, Owned::small(index as i64)]))
    }),
];
