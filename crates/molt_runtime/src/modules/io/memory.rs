//! `BytesIO` and `StringIO`.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use molt_abi::Word;

use super::base::{self, BUFFERED_IO_BASE, TEXT_IO_BASE};
use super::closed_file;
use crate::api::{native, str_bytes};
use crate::native::{BaseRef, ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::text::{buffer, str_object, wtf8};
use crate::{Isolate, Owned, Place, PyResult, exc};

const FLAGS: u32 = ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE;

pub static BYTES_IO: ClassSpec = ClassSpec::new("_io", "BytesIO")
    .base(BaseRef::Spec(&BUFFERED_IO_BASE))
    .methods(BYTES_METHODS)
    .getset(GETSET)
    .next(|rt, this| {
        let line = bytes_line(rt, this, -1)?;
        Ok(if line.is_empty() { None } else { Some(rt.new_bytes(&line)) })
    })
    .flags(FLAGS);
pub static STRING_IO: ClassSpec = ClassSpec::new("_io", "StringIO")
    .base(BaseRef::Spec(&TEXT_IO_BASE))
    .methods(STRING_METHODS)
    .getset(STRING_GETSET)
    .next(|rt, this| {
        let line = string_line(rt, this, -1)?;
        Ok(if line.is_empty() { None } else { Some(rt.new_str_wtf8(&line)) })
    })
    .flags(FLAGS);

/// Bytes of an in-memory stream. For text it is WTF-8, and `at` counts characters through `byte_at`.
#[derive(Default)]
struct Memory {
    data: Vec<u8>,
    /// Position in bytes, or in characters for text.
    at: usize,
    /// Byte offset of `at`; equal to it for bytes.
    byte_at: usize,
    /// `newline` argument of a StringIO: `None` translates.
    newline: Option<Vec<u8>>,
    closed: bool,
}

impl NativeData for Memory {}

fn state(rt: &mut Isolate, w: Word) -> PyResult<Place<Memory>> {
    let s = native::<Memory>(w);
    if !s.closed {
        return Ok(s);
    }
    // CPython ends the sentence for bytes only.
    let bytes = rt.class_for(&BYTES_IO);
    let stop = if rt.is_instance(w, bytes) { "." } else { "" };
    Err(rt.value_error(format!("I/O operation on closed file{stop}")))
}

const SELF: &str = "($self, /)";

static GETSET: &[GetSetDef] = &[getter("closed", |_, w| Ok(Owned::from_bool(native::<Memory>(w).closed)))];

fn size_arg(rt: &mut Isolate, w: Word) -> PyResult<usize> {
    if w.is_unbound() || w.is_none() {
        return Ok(usize::MAX);
    }
    let n = rt.to_i64(w, "ssize_t")?;
    Ok(if n < 0 { usize::MAX } else { n as usize })
}

fn new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    Ok(rt.new_native(class, Box::<Memory>::default()))
}

fn close(_: &mut Isolate, a: &[Word]) -> PyResult {
    let mut s = native::<Memory>(a[0]);
    s.closed = true;
    s.data = Vec::new();
    Ok(Owned::NONE)
}

fn yes(rt: &mut Isolate, a: &[Word]) -> PyResult {
    state(rt, a[0]).map(|_| Owned::from_bool(true))
}

fn bytes_line(rt: &mut Isolate, w: Word, limit: i64) -> PyResult<Vec<u8>> {
    let mut s = state(rt, w)?;
    let rest = s.data.get(s.at..).unwrap_or(&[]);
    let mut end = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
    if limit >= 0 {
        end = end.min(limit as usize);
    }
    let line = rest[..end].to_vec();
    s.at += end;
    Ok(line)
}

fn read_bytes(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let n = size_arg(rt, a[1])?;
    let mut s = state(rt, a[0])?;
    let rest = s.data.get(s.at..).unwrap_or(&[]);
    let out = &rest[..n.min(rest.len())];
    let (made, read) = (rt.new_bytes(out), out.len());
    s.at += read;
    Ok(made)
}

static BYTES_METHODS: &[NativeDef] = &[
    def("__new__", "($type, *args, **kwargs)", new),
    def("__init__", "($self, initial_bytes=b'')", |rt, a| {
        let data =
            if a[1].is_unbound() || a[1].is_none() { Vec::new() } else { buffer::required(rt, a[1])?.into_owned() };
        *native::<Memory>(a[0]) = Memory { data, ..Memory::default() };
        Ok(Owned::NONE)
    }),
    def("close", SELF, close),
    def("readable", SELF, yes),
    def("writable", SELF, yes),
    def("seekable", SELF, yes),
    def("isatty", SELF, |rt, a| state(rt, a[0]).map(|_| Owned::from_bool(false))),
    def("__iter__", SELF, |_, a| Ok(Owned::share(a[0]))),
    def("flush", SELF, |rt, a| state(rt, a[0]).map(|_| Owned::NONE)),
    def("getvalue", SELF, |rt, a| {
        let s = state(rt, a[0])?;
        Ok(rt.new_bytes(&s.data))
    }),
    def("read", "($self, size=-1, /)", read_bytes),
    def("read1", "($self, size=-1, /)", read_bytes),
    def("readinto", "($self, buffer, /)", |rt, a| base::read_into(rt, a, "read")),
    def("readline", "($self, size=-1, /)", |rt, a| {
        let limit = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        let line = bytes_line(rt, a[0], limit)?;
        Ok(rt.new_bytes(&line))
    }),
    def("write", "($self, b, /)", |rt, a| {
        state(rt, a[0])?;
        let bytes = buffer::required(rt, a[1])?;
        let mut s = state(rt, a[0])?;
        if bytes.is_empty() {
            return Ok(Owned::small(0));
        }
        let end = s.at + bytes.len();
        if s.data.len() < end {
            s.data.resize(end, 0);
        }
        let at = s.at;
        s.data[at..end].copy_from_slice(&bytes);
        s.at = end;
        Ok(Owned::small(bytes.len() as i64))
    }),
    def("tell", SELF, |rt, a| state(rt, a[0]).map(|s| Owned::small(s.at as i64))),
    def("seek", "($self, pos, whence=0, /)", |rt, a| {
        let offset = rt.to_i64(a[1], "ssize_t")?;
        let whence = if a[2].is_unbound() { 0 } else { rt.to_i64(a[2], "int")? };
        let mut s = state(rt, a[0])?;
        let base = match whence {
            0 if offset < 0 => return Err(rt.value_error(format!("negative seek value {offset}"))),
            0 => 0,
            1 => s.at as i64,
            2 => s.data.len() as i64,
            _ => return Err(rt.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
        };
        s.at = (base + offset).max(0) as usize;
        Ok(Owned::small(s.at as i64))
    }),
    def("truncate", "($self, size=None, /)", |rt, a| {
        let at = state(rt, a[0])?.at as i64;
        let size = if a[1].is_unbound() || a[1].is_none() { at } else { rt.to_i64(a[1], "ssize_t")? };
        if size < 0 {
            return Err(rt.value_error(format!("negative size value {size}")));
        }
        state(rt, a[0])?.data.truncate(size as usize);
        Ok(Owned::small(size))
    }),
    def("getbuffer", SELF, |rt, a| {
        let s = state(rt, a[0])?;
        let copy = crate::text::bytearray::new(rt, s.data.clone());
        rt.call(rt.class_word(molt_abi::ClassId::MEMORYVIEW), &[copy.word()])
    }),
];

static STRING_GETSET: &[GetSetDef] = &[
    getter("closed", |_, w| Ok(Owned::from_bool(native::<Memory>(w).closed))),
    getter("line_buffering", |rt, w| state(rt, w).map(|_| Owned::from_bool(false))),
    getter("newlines", |rt, w| state(rt, w).map(|_| Owned::NONE)),
];

/// Text as the stream stores it, by its `newline` argument.
fn stored(s: &Memory, text: &[u8]) -> Vec<u8> {
    match s.newline.as_deref() {
        None => {
            let unix = str_object::replace_bytes(text, b"\r\n", b"\n", usize::MAX);
            let text = unix.as_deref().unwrap_or(text);
            str_object::replace_bytes(text, b"\r", b"\n", usize::MAX).unwrap_or_else(|| text.to_vec())
        }
        Some(end @ (b"\r" | b"\r\n")) => {
            str_object::replace_bytes(text, b"\n", end, usize::MAX).unwrap_or_else(|| text.to_vec())
        }
        Some(_) => text.to_vec(),
    }
}

fn string_write(rt: &mut Isolate, w: Word, text: Word) -> PyResult {
    if !rt.is_str(text) {
        let name = rt.type_name(text);
        return Err(rt.type_error(format!("string argument expected, got '{name}'")));
    }
    let mut s = state(rt, w)?;
    let out = stored(&s, str_bytes(text));
    put(&mut s, &out);
    Ok(Owned::small(crate::api::str_char_len(text) as i64))
}

/// Writes text at the position, over what is there.
fn put(s: &mut Memory, text: &[u8]) {
    let count = wtf8::char_count(text);
    if s.byte_at == s.data.len() {
        let gap = s.at - wtf8::char_count(&s.data);
        s.data.resize(s.data.len() + gap, 0);
        s.data.extend_from_slice(text);
        s.at += count;
        s.byte_at = s.data.len();
        return;
    }
    let rest = &s.data[s.byte_at..];
    let replaced = wtf8::byte_offset(rest, count.min(wtf8::char_count(rest)));
    s.data.splice(s.byte_at..s.byte_at + replaced, text.iter().copied());
    s.at += count;
    s.byte_at += text.len();
}

fn string_line(rt: &mut Isolate, w: Word, limit: i64) -> PyResult<Vec<u8>> {
    let mut s = state(rt, w)?;
    let rest = &s.data[s.byte_at.min(s.data.len())..];
    let end = match s.newline.as_deref() {
        Some(b"") => memchr::memchr2(b'\n', b'\r', rest)
            .map_or(rest.len(), |i| if rest[i..].starts_with(b"\r\n") { i + 2 } else { i + 1 }),
        Some(end @ (b"\r" | b"\r\n")) => str_object::find_bytes(rest, end, false).map_or(rest.len(), |i| i + end.len()),
        _ => memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1),
    };
    let mut line = rest[..end].to_vec();
    if limit >= 0 && wtf8::char_count(&line) > limit as usize {
        line.truncate(wtf8::byte_offset(&line, limit as usize));
    }
    s.byte_at += line.len();
    s.at += wtf8::char_count(&line);
    Ok(line)
}

static STRING_METHODS: &[NativeDef] =
    &[
        def("__new__", "($type, *args, **kwargs)", new),
        def("__init__", "($self, initial_value='', newline='\\n')", |rt, a| {
            let newline = match a[2] {
                w if w.is_unbound() => Some(b"\n".to_vec()),
                w if w.is_none() => None,
                w if rt.is_str(w) => Some(str_bytes(w).to_vec()),
                w => {
                    let name = rt.type_name(w);
                    return Err(rt.type_error(format!("newline must be str or None, not {name}")));
                }
            };
            if let Some(n) = &newline
                && !matches!(n.as_slice(), b"" | b"\n" | b"\r" | b"\r\n")
            {
                let shown = rt.repr_text(a[2])?;
                return Err(rt.value_error(format!("illegal newline value: {shown}")));
            }
            let mut s = Memory { newline, ..Memory::default() };
            if !a[1].is_unbound() && !a[1].is_none() {
                if !rt.is_str(a[1]) {
                    let name = rt.type_name(a[1]);
                    return Err(rt.type_error(format!("initial_value must be str or None, not {name}")));
                }
                s.data = stored(&s, str_bytes(a[1]));
            }
            *native::<Memory>(a[0]) = s;
            Ok(Owned::NONE)
        }),
        def("close", SELF, close),
        def("readable", SELF, yes),
        def("writable", SELF, yes),
        def("seekable", SELF, yes),
        def("flush", SELF, |_, _| Ok(Owned::NONE)),
        def("isatty", SELF, |rt, a| {
            if native::<Memory>(a[0]).closed { Err(closed_file(rt)) } else { Ok(Owned::from_bool(false)) }
        }),
        def("getvalue", SELF, |rt, a| {
            let s = state(rt, a[0])?;
            Ok(rt.new_str_wtf8(&s.data))
        }),
        def("read", "($self, size=-1, /)", |rt, a| {
            let n = size_arg(rt, a[1])?;
            let mut s = state(rt, a[0])?;
            let rest = &s.data[s.byte_at.min(s.data.len())..];
            let count = wtf8::char_count(rest).min(n);
            let out = &rest[..wtf8::byte_offset(rest, count)];
            let (made, read) = (rt.new_str_wtf8(out), out.len());
            s.at += count;
            s.byte_at += read;
            Ok(made)
        }),
        def("readline", "($self, size=-1, /)", |rt, a| {
            let limit = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
            let line = string_line(rt, a[0], limit)?;
            Ok(rt.new_str_wtf8(&line))
        }),
        def("write", "($self, s, /)", |rt, a| string_write(rt, a[0], a[1])),
        def("tell", SELF, |rt, a| state(rt, a[0]).map(|s| Owned::small(s.at as i64))),
        def("seek", "($self, pos, whence=0, /)", |rt, a| {
            let offset = rt.to_i64(a[1], "ssize_t")?;
            let whence = if a[2].is_unbound() { 0 } else { rt.to_i64(a[2], "int")? };
            let mut s = state(rt, a[0])?;
            let chars = wtf8::char_count(&s.data);
            let target = match whence {
                0 if offset < 0 => return Err(rt.value_error(format!("Negative seek position {offset}"))),
                0 => offset as usize,
                1 | 2 if offset != 0 => {
                    return Err(rt.raise(exc::OS_ERROR, "Can't do nonzero cur-relative seeks"));
                }
                1 => s.at,
                2 => chars,
                _ => return Err(rt.value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)"))),
            };
            s.at = target;
            s.byte_at = wtf8::byte_offset(&s.data, target.min(chars));
            Ok(Owned::small(target as i64))
        }),
        def("truncate", "($self, pos=None, /)", |rt, a| {
            let at = state(rt, a[0])?.at as i64;
            let size = if a[1].is_unbound() || a[1].is_none() { at } else { rt.to_i64(a[1], "ssize_t")? };
            if size < 0 {
                return Err(rt.value_error(format!("Negative size value {size}")));
            }
            let mut s = state(rt, a[0])?;
            let kept = wtf8::byte_offset(&s.data, (size as usize).min(wtf8::char_count(&s.data)));
            s.data.truncate(kept);
            s.byte_at = s.byte_at.min(kept);
            Ok(Owned::small(size))
        }),
    ];
