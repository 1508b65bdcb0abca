//! Text.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use molt_abi::{ClassId, Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, list, map, print, symbol};
use super::{bad_index, expect, expect_index, wrong_type};
use crate::api::{str_bytes, str_char_len, str_text};
use crate::entry::{entries, ret, words};
use crate::text::str_object::find_bytes;
use crate::text::str_writer::StrWriter;
use crate::text::{unicode, wtf8};
use crate::{Isolate, Owned, PyResult, Raised};

/// Bytes of room for text being made that are kept for the next one.
const KEPT_BUFFER: usize = 1 << 12;

fn truth(b: bool) -> Ret {
    Ret::ok(Word::from_bool(b))
}

/// The bytes of a String, or `type-error`.
pub(super) fn text<'a>(rt: &mut Isolate, w: Word, function: &str) -> PyResult<&'a [u8]> {
    expect(rt, w, Kind::String, function).map(str_bytes)
}

/// Joins strings; other operands are errors.
fn concat(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut length = 0;
    for &w in args {
        text(rt, w, "string-concat")?;
        length += str_char_len(w);
    }
    let parts = args.iter().map(|&w| str_bytes(w));
    let size = parts.clone().map(<[u8]>::len).sum();
    Ok(joined(rt, size, length, parts))
}

/// The string of `size` bytes and `length` characters that pieces make together.
fn joined<'a>(rt: &mut Isolate, size: usize, length: usize, pieces: impl Iterator<Item = &'a [u8]>) -> Owned {
    if size <= 1 {
        return rt.new_str_wtf8(&pieces.flatten().copied().collect::<Vec<u8>>());
    }
    let mut out = StrWriter::new(rt, size, length);
    pieces.for_each(|p| out.push(p));
    out.finish()
}

/// The texts of any values, joined.
fn str_of(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut out = core::mem::take(&mut rt.claude.buffer);
    let written = args.iter().try_for_each(|&w| print::write_bare(rt, &mut out, w));
    let made = written.map(|()| rt.new_str_wtf8(&out));
    if out.capacity() <= KEPT_BUFFER {
        out.clear();
        rt.claude.buffer = out;
    }
    made
}

/// A place in a string, from 0 to its length.
fn place(rt: &mut Isolate, w: Word, length: usize, function: &str) -> PyResult<usize> {
    let i = expect_index(rt, w, function)?;
    match usize::try_from(i).ok().filter(|&i| i <= length) {
        Some(i) => Ok(i),
        None => Err(bad_index(rt, format!("{function}: there is no place {i} in a string of {length} characters"))),
    }
}

fn substring(rt: &mut Isolate, s: Word, from: Word, to: Word) -> PyResult {
    let bytes = text(rt, s, "substring")?;
    let length = str_char_len(s);
    let from = place(rt, from, length, "substring")?;
    let to = if to.is_unbound() { length } else { place(rt, to, length, "substring")? };
    if to < from {
        return Err(bad_index(rt, format!("substring: the end {to} comes before the start {from}")));
    }
    Ok(rt.new_str_wtf8(wtf8::slice(bytes, length, from, to)))
}

fn string_ref(rt: &mut Isolate, s: Word, i: Word) -> PyResult {
    let bytes = text(rt, s, "string-ref")?;
    let length = str_char_len(s);
    let i = expect_index(rt, i, "string-ref")?;
    match usize::try_from(i).ok().filter(|&i| i < length) {
        Some(i) => Ok(rt.new_str_wtf8(wtf8::slice(bytes, length, i, i + 1))),
        None => Err(bad_index(rt, format!("string-ref: there is no character {i} in a string of {length}"))),
    }
}

fn find(hay: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    if needle.is_empty() {
        return Some(from);
    }
    find_bytes(&hay[from..], needle, false).map(|at| at + from)
}

fn index_of(rt: &mut Isolate, s: Word, part: Word, from: Word) -> PyResult {
    let (hay, needle) = (text(rt, s, "string-index-of")?, text(rt, part, "string-index-of")?);
    let length = str_char_len(s);
    let from = if from.is_unbound() { 0 } else { place(rt, from, length, "string-index-of")? };
    let start = wtf8::byte_offset(hay, from);
    Ok(match find(hay, needle, start) {
        Some(at) => Owned::small(wtf8::char_count(&hay[..at]) as i64),
        None => Owned::NONE,
    })
}

fn strings(rt: &mut Isolate, parts: impl Iterator<Item = Vec<u8>>) -> Owned {
    let all: Vec<Owned> = parts.map(|p| rt.new_str_wtf8(&p)).collect();
    list::from_vec(rt, all)
}

fn split(rt: &mut Isolate, s: Word, separator: Word) -> PyResult {
    let (bytes, separator) = (text(rt, s, "string-split")?, text(rt, separator, "string-split")?);
    if separator.is_empty() {
        return Ok(characters(rt, bytes));
    }
    let is_ascii = str_char_len(s) == bytes.len();
    let part = |rt: &mut Isolate, p: &[u8]| {
        let length = if is_ascii { p.len() } else { wtf8::char_count(p) };
        rt.new_str_counted(p, length)
    };
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(at) = find(bytes, separator, from) {
        parts.push(part(rt, &bytes[from..at]));
        from = at + separator.len();
    }
    parts.push(part(rt, &bytes[from..]));
    Ok(list::from_vec(rt, parts))
}

fn characters(rt: &mut Isolate, bytes: &[u8]) -> Owned {
    let mut parts = Vec::new();
    for c in wtf8::chars(bytes) {
        let mut out = Vec::new();
        wtf8::push(&mut out, c);
        parts.push(out);
    }
    strings(rt, parts.into_iter())
}

fn join(rt: &mut Isolate, items: Word, separator: Word) -> PyResult {
    if !list::is_list(rt, items) {
        return Err(wrong_type(rt, "string-join", "a list", items));
    }
    let separator = text(rt, separator, "string-join")?;
    let gaps = list::len(items).saturating_sub(1);
    let (mut size, mut length) = (gaps * separator.len(), gaps * wtf8::char_count(separator));
    for w in list::iter(items) {
        size += text(rt, w, "string-join")?.len();
        length += str_char_len(w);
    }
    let pieces = list::iter(items).enumerate().flat_map(|(i, w)| [if i > 0 { separator } else { b"" }, str_bytes(w)]);
    Ok(joined(rt, size, length, pieces))
}

/// Lines without their ends.
fn lines(rt: &mut Isolate, bytes: &[u8]) -> Owned {
    let mut parts: Vec<Vec<u8>> =
        bytes.split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l).to_vec()).collect();
    if parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    strings(rt, parts.into_iter())
}

fn trim(bytes: &[u8], start: bool, end: bool) -> &[u8] {
    let mut rest = bytes;
    while start
        && let Some((c, n)) = wtf8::decode_first(rest)
        && unicode::is_space(c)
    {
        rest = &rest[n..];
    }
    while end
        && let Some((c, n)) = wtf8::decode_last(rest)
        && unicode::is_space(c)
    {
        rest = &rest[..rest.len() - n];
    }
    rest
}

/// Names of the functions on one text, in the compiler's order.
const TEXT_FUNCTIONS: [&str; 9] = [
    "string-lines",
    "string-trim",
    "string-trim-start",
    "string-trim-end",
    "string-upcase",
    "string-downcase",
    "string-capitalize",
    "string-reverse",
    "string->list",
];

fn on_text(rt: &mut Isolate, which: u64, s: Word) -> PyResult {
    let bytes = text(rt, s, TEXT_FUNCTIONS[which as usize])?;
    let out = match which {
        0 => return Ok(lines(rt, bytes)),
        1 => trim(bytes, true, true).to_vec(),
        2 => trim(bytes, true, false).to_vec(),
        3 => trim(bytes, false, true).to_vec(),
        4 => unicode::map_all(bytes, unicode::Mapping::Upper),
        5 => unicode::lower(bytes),
        6 => unicode::capitalize(bytes),
        7 => {
            let mut all: Vec<u32> = wtf8::chars(bytes).collect();
            all.reverse();
            let mut out = Vec::new();
            all.into_iter().for_each(|c| wtf8::push(&mut out, c));
            out
        }
        _ => return Ok(characters(rt, bytes)),
    };
    Ok(rt.new_str_wtf8(&out))
}

fn replace(rt: &mut Isolate, s: Word, old: Word, new: Word) -> PyResult {
    let function = "string-replace";
    let (bytes, old, new) = (text(rt, s, function)?, text(rt, old, function)?, text(rt, new, function)?);
    if old.is_empty() {
        return Ok(Owned::share(s));
    }
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(at) = find(bytes, old, from) {
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(new);
        from = at + old.len();
    }
    out.extend_from_slice(&bytes[from..]);
    Ok(rt.new_str_wtf8(&out))
}

/// Bytes that one string may have.
const LONGEST: usize = 1 << 32;

fn repeat(rt: &mut Isolate, s: Word, n: Word) -> PyResult {
    let bytes = text(rt, s, "string-repeat")?;
    let n = expect_index(rt, n, "string-repeat")?.max(0) as usize;
    match bytes.len().checked_mul(n).filter(|&all| all <= LONGEST) {
        Some(all) => {
            rt.check_room(Some(2 * all))?;
            Ok(rt.new_str_wtf8(&bytes.repeat(n)))
        }
        None => Err(rt.raise_claude(ErrorKind::Limit, "string-repeat: the string is too long", Word::NONE)),
    }
}

fn pad(rt: &mut Isolate, right: bool, s: Word, n: Word, fill: Word) -> PyResult {
    let function = if right { "string-pad-right" } else { "string-pad-left" };
    let bytes = text(rt, s, function)?;
    let width = expect_index(rt, n, function)?;
    let fill = if fill.is_unbound() { b" " } else { text(rt, fill, function)? };
    let missing = (width.max(0) as usize).saturating_sub(str_char_len(s));
    if fill.is_empty() || missing == 0 {
        return Ok(Owned::share(s));
    }
    if missing > LONGEST {
        return Err(rt.raise_claude(ErrorKind::Limit, format!("{function}: the string is too long"), Word::NONE));
    }
    rt.check_room(Some(8 * missing))?;
    let mut padding = Vec::new();
    wtf8::chars(fill).cycle_words(missing, &mut padding);
    let out = if right { [bytes, &padding].concat() } else { [&padding, bytes].concat() };
    Ok(rt.new_str_wtf8(&out))
}

trait CycleWords {
    /// So many characters, from the start again when they are used up.
    fn cycle_words(self, count: usize, out: &mut Vec<u8>);
}

impl<I: Iterator<Item = u32>> CycleWords for I {
    fn cycle_words(self, count: usize, out: &mut Vec<u8>) {
        let all: Vec<u32> = self.collect();
        (0..count).for_each(|i| wtf8::push(out, all[i % all.len()]));
    }
}

fn tests(rt: &mut Isolate, which: u64, s: Word, part: Word) -> PyResult<bool> {
    let name = ["string-contains?", "string-starts-with?", "string-ends-with?"][which as usize];
    let (bytes, part) = (text(rt, s, name)?, text(rt, part, name)?);
    Ok(match which {
        0 => find(bytes, part, 0).is_some(),
        1 => bytes.starts_with(part),
        _ => bytes.ends_with(part),
    })
}

fn list_to_string(rt: &mut Isolate, items: Word) -> PyResult {
    if !list::is_list(rt, items) {
        return Err(wrong_type(rt, "list->string", "a list", items));
    }
    let all: Vec<Word> = list::iter(items).collect();
    concat(rt, &all)
}

fn char_to_int(rt: &mut Isolate, s: Word) -> PyResult {
    let bytes = text(rt, s, "char->int")?;
    match wtf8::decode_first(bytes) {
        Some((c, n)) if n == bytes.len() => Ok(Owned::small(i64::from(c))),
        _ => Err(wrong_type(rt, "char->int", "a string of one character", s)),
    }
}

fn int_to_char(rt: &mut Isolate, n: Word) -> PyResult {
    let v = expect_index(rt, n, "int->char")?;
    match u32::try_from(v).ok().and_then(char::from_u32) {
        Some(c) => Ok(rt.new_str(&c.to_string())),
        None => Err(bad_index(rt, format!("int->char: no character has the number {v}"))),
    }
}

/// Fills the slots `{}`, `{0}` and `{:name}`; `{{` and `}}` are brackets.
fn format_text(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (template, operands) = (text(rt, args[0], "format")?, &args[1..]);
    let (mut out, mut at, mut next) = (Vec::new(), 0, 0);
    while at < template.len() {
        match template[at..] {
            [b'{', b'{', ..] | [b'}', b'}', ..] => {
                out.push(template[at]);
                at += 2;
            }
            [b'{', ..] => {
                let Some(end) = memchr::memchr(b'}', &template[at..]) else {
                    return Err(bad_slot(rt, "format: a slot is not closed"));
                };
                let value = slot(rt, &template[at + 1..at + end], operands, &mut next)?;
                print::write_bare(rt, &mut out, value.word())?;
                at += end + 1;
            }
            _ => {
                out.push(template[at]);
                at += 1;
            }
        }
    }
    Ok(rt.new_str_wtf8(&out))
}

fn bad_slot(rt: &mut Isolate, message: &str) -> Raised {
    rt.raise_claude(ErrorKind::Index, message, Word::NONE)
}

fn slot(rt: &mut Isolate, name: &[u8], operands: &[Word], next: &mut usize) -> PyResult {
    if let [b':', key @ ..] = name {
        let Some(&m) = operands.iter().find(|&&w| map::is_map(rt, w)) else {
            return Err(bad_slot(rt, "format: a slot with a name needs a map"));
        };
        let key = rt.new_str_wtf8(key);
        return match map::get(rt, m, key.word())? {
            Some(v) => Ok(Owned::share(v)),
            None => {
                Err(rt.raise_claude(ErrorKind::Key, format!("format: no key :{}", str_text(key.word())), Word::NONE))
            }
        };
    }
    let index = if name.is_empty() {
        *next += 1;
        Some(*next - 1)
    } else {
        core::str::from_utf8(name).ok().and_then(|n| n.parse().ok())
    };
    match index.and_then(|i: usize| operands.get(i)) {
        Some(&w) => Ok(Owned::share(w)),
        None => Err(bad_slot(rt, "format: a slot has no operand")),
    }
}

/// Between strings, symbols and keywords.
fn named(rt: &mut Isolate, which: u64, w: Word) -> PyResult {
    let (name, from) = [
        ("symbol->string", Kind::Symbol),
        ("string->symbol", Kind::String),
        ("keyword->string", Kind::Keyword),
        ("string->keyword", Kind::String),
    ][which as usize];
    expect(rt, w, from, name)?;
    Ok(Owned::share(match which {
        0 | 2 => symbol::name_of(w),
        1 => rt.symbol_of(ClassId::SYMBOL, w),
        _ => rt.symbol_of(ClassId::KEYWORD, w),
    }))
}

entries! {
    cl_string_length(rt, s: Word) -> Ret {
        ret(text(rt, s, "string-length").map(|_| Owned::small(str_char_len(s) as i64)))
    }
    cl_string_concat(rt, args: *const Word, n: u64) -> Ret { ret(concat(rt, words(args, n))) }
    cl_str(rt, args: *const Word, n: u64) -> Ret { ret(str_of(rt, words(args, n))) }
    cl_to_string(rt, w: Word) -> Ret { ret(print::to_string(rt, w)) }
    cl_pr_str(rt, w: Word) -> Ret { ret(print::pr_str(rt, w)) }
    cl_substring(rt, s: Word, from: Word, to: Word) -> Ret { ret(substring(rt, s, from, to)) }
    cl_string_ref(rt, s: Word, i: Word) -> Ret { ret(string_ref(rt, s, i)) }
    cl_string_index_of(rt, s: Word, part: Word, from: Word) -> Ret { ret(index_of(rt, s, part, from)) }
    cl_string_split(rt, s: Word, separator: Word) -> Ret { ret(split(rt, s, separator)) }
    cl_string_join(rt, items: Word, separator: Word) -> Ret { ret(join(rt, items, separator)) }
    cl_text(rt, which: u64, s: Word) -> Ret { ret(on_text(rt, which, s)) }
    cl_string_replace(rt, s: Word, old: Word, new: Word) -> Ret { ret(replace(rt, s, old, new)) }
    cl_string_repeat(rt, s: Word, n: Word) -> Ret { ret(repeat(rt, s, n)) }
    cl_pad(rt, right: u64, s: Word, n: Word, fill: Word) -> Ret { ret(pad(rt, right == 1, s, n, fill)) }
    cl_text_test(rt, which: u64, s: Word, part: Word) -> Ret { tests(rt, which, s, part).map_or(Ret::ERR, truth) }
    cl_string_empty(rt, s: Word) -> Ret {
        text(rt, s, "string-empty?").map_or(Ret::ERR, |bytes| truth(bytes.is_empty()))
    }
    cl_list_to_string(rt, items: Word) -> Ret { ret(list_to_string(rt, items)) }
    cl_char_to_int(rt, s: Word) -> Ret { ret(char_to_int(rt, s)) }
    cl_int_to_char(rt, n: Word) -> Ret { ret(int_to_char(rt, n)) }
    cl_format(rt, args: *const Word, n: u64) -> Ret { ret(format_text(rt, words(args, n))) }
    cl_named(rt, which: u64, w: Word) -> Ret {
        let _ = kind_of(rt, w);
        ret(named(rt, which, w))
    }
}
