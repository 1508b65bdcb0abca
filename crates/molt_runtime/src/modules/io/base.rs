//! The abstract bases `_IOBase`, `_RawIOBase`, `_BufferedIOBase` and `_TextIOBase`.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use super::{closed_file, unsupported};
use crate::api::bytes_slice;
use crate::native::{BaseRef, ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult};

const FLAGS: u32 = ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE;

pub static IO_BASE: ClassSpec =
    ClassSpec::new("_io", "_IOBase").methods(IO_METHODS).getset(IO_GETSET).next(next_line).flags(FLAGS);
pub static RAW_IO_BASE: ClassSpec =
    ClassSpec::new("_io", "_RawIOBase").base(BaseRef::Spec(&IO_BASE)).methods(RAW_METHODS).flags(FLAGS);
pub static BUFFERED_IO_BASE: ClassSpec =
    ClassSpec::new("_io", "_BufferedIOBase").base(BaseRef::Spec(&IO_BASE)).methods(BUFFERED_METHODS).flags(FLAGS);
pub static TEXT_IO_BASE: ClassSpec = ClassSpec::new("_io", "_TextIOBase")
    .base(BaseRef::Spec(&IO_BASE))
    .methods(TEXT_METHODS)
    .getset(TEXT_GETSET)
    .flags(FLAGS);

/// State of a stream class written in Python.
#[derive(Default)]
struct PlainStream {
    closed: bool,
}

impl NativeData for PlainStream {}

const SELF: &str = "($self, /)";

macro_rules! refuse {
    ($name:literal, $signature:literal) => {
        def($name, $signature, |rt, _| Err(unsupported(rt, $name)))
    };
}

static IO_GETSET: &[GetSetDef] = &[getter("closed", |rt, w| {
    Ok(Owned::from_bool(crate::api::try_native::<PlainStream>(rt, w).is_some_and(|s| s.closed)))
})];

/// ValueError when the stream says that it is closed.
fn check_closed(rt: &mut Isolate, w: Word) -> PyResult<()> {
    let closed = rt.getattr(w, "closed")?;
    if rt.truth(closed.word())? { Err(closed_file(rt)) } else { Ok(()) }
}

static IO_METHODS: &[NativeDef] = &[
    def("__new__", "($type, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::<PlainStream>::default()))
    }),
    refuse!("seek", "($self, offset, whence=0, /)"),
    refuse!("truncate", "($self, size=None, /)"),
    refuse!("fileno", "($self, /)"),
    def("tell", SELF, |rt, a| rt.call_method(a[0], "seek", &[Word::small(0), Word::small(1)])),
    def("flush", SELF, |rt, a| {
        check_closed(rt, a[0])?;
        Ok(Owned::NONE)
    }),
    def("close", SELF, |rt, a| {
        let closed = rt.getattr(a[0], "closed")?;
        if !rt.truth(closed.word())? {
            let flushed = rt.call_method(a[0], "flush", &[]);
            if let Some(mut s) = crate::api::try_native::<PlainStream>(rt, a[0]) {
                s.closed = true;
            }
            flushed?;
        }
        Ok(Owned::NONE)
    }),
    def("seekable", SELF, |_, _| Ok(Owned::from_bool(false))),
    def("readable", SELF, |_, _| Ok(Owned::from_bool(false))),
    def("writable", SELF, |_, _| Ok(Owned::from_bool(false))),
    def("isatty", SELF, |rt, a| {
        check_closed(rt, a[0])?;
        Ok(Owned::from_bool(false))
    }),
    def("_checkClosed", "($self, msg=None, /)", |rt, a| {
        check_closed(rt, a[0])?;
        Ok(Owned::NONE)
    }),
    def("_checkReadable", "($self, msg=None, /)", |rt, a| {
        require(rt, a[0], "readable", "File or stream is not readable.")
    }),
    def("_checkWritable", "($self, msg=None, /)", |rt, a| {
        require(rt, a[0], "writable", "File or stream is not writable.")
    }),
    def("_checkSeekable", "($self, msg=None, /)", |rt, a| {
        require(rt, a[0], "seekable", "File or stream is not seekable.")
    }),
    def("__enter__", SELF, |rt, a| {
        check_closed(rt, a[0])?;
        Ok(Owned::share(a[0]))
    }),
    def("__exit__", "($self, /, *args)", |rt, a| rt.call_method(a[0], "close", &[])),
    def("__iter__", SELF, |rt, a| {
        check_closed(rt, a[0])?;
        Ok(Owned::share(a[0]))
    }),
    def("readline", "($self, size=-1, /)", read_line),
    def("readlines", "($self, hint=-1, /)", |rt, a| {
        let hint = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        let iterator = rt.iter(a[0])?;
        let (mut lines, mut total) = (Vec::new(), 0);
        while let Some(line) = rt.next(iterator.word())? {
            total += rt.len(line.word())? as i64;
            lines.push(line);
            if hint > 0 && total >= hint {
                break;
            }
        }
        Ok(rt.new_list(lines))
    }),
    def("writelines", "($self, lines, /)", |rt, a| {
        check_closed(rt, a[0])?;
        let iterator = rt.iter(a[1])?;
        while let Some(line) = rt.next(iterator.word())? {
            rt.call_method(a[0], "write", &[line.word()])?;
        }
        Ok(Owned::NONE)
    }),
];

fn require(rt: &mut Isolate, w: Word, method: &str, message: &str) -> PyResult {
    let answer = rt.call_method(w, method, &[])?;
    if rt.truth(answer.word())? { Ok(answer) } else { Err(unsupported(rt, message)) }
}

fn next_line(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let line = rt.call_method(this, "readline", &[])?;
    Ok(if rt.len(line.word())? == 0 { None } else { Some(line) })
}

/// `readline` over `read(1)`, for streams written in Python.
fn read_line(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let limit = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
    let mut out = Vec::new();
    while limit < 0 || (out.len() as i64) < limit {
        let piece = rt.call_method(a[0], "read", &[Word::small(1)])?;
        if !rt.is_bytes(piece.word()) {
            let name = rt.type_name(piece.word());
            return Err(
                rt.raise(crate::exc::OS_ERROR, format!("read() should have returned a bytes object, not '{name}'"))
            );
        }
        let bytes = bytes_slice(piece.word());
        out.extend_from_slice(bytes);
        if bytes.is_empty() || bytes.ends_with(b"\n") {
            break;
        }
    }
    Ok(rt.new_bytes(&out))
}

static RAW_METHODS: &[NativeDef] = &[
    def("read", "($self, size=-1, /)", |rt, a| {
        let size = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        if size < 0 {
            return rt.call_method(a[0], "readall", &[]);
        }
        rt.check_room(Some(size as usize))?;
        let buffer = crate::text::bytearray::new(rt, vec![0; size as usize]);
        let n = rt.call_method(a[0], "readinto", &[buffer.word()])?;
        if n.word().is_none() {
            return Ok(n);
        }
        let n = rt.to_i64(n.word(), "ssize_t")?.clamp(0, size) as usize;
        let bytes = crate::text::bytes_methods::contents(rt, buffer.word()).get(..n).unwrap_or(&[]).to_vec();
        Ok(rt.new_bytes(&bytes))
    }),
    def("readall", SELF, |rt, a| {
        let mut out = Vec::new();
        loop {
            let piece = rt.call_method(a[0], "read", &[Word::small(super::BUFFER_SIZE as i64)])?;
            if piece.word().is_none() && out.is_empty() {
                return Ok(piece);
            }
            if piece.word().is_none() || bytes_slice(piece.word()).is_empty() {
                return Ok(rt.new_bytes(&out));
            }
            out.extend_from_slice(bytes_slice(piece.word()));
        }
    }),
    refuse!("readinto", "($self, buffer, /)"),
    refuse!("write", "($self, b, /)"),
];

static BUFFERED_METHODS: &[NativeDef] = &[
    refuse!("detach", "($self, /)"),
    refuse!("read", "($self, size=-1, /)"),
    refuse!("read1", "($self, size=-1, /)"),
    refuse!("write", "($self, b, /)"),
    def("readinto", "($self, buffer, /)", |rt, a| read_into(rt, a, "read")),
    def("readinto1", "($self, buffer, /)", |rt, a| read_into(rt, a, "read1")),
];

/// `readinto` in terms of `read` or `read1`.
pub fn read_into(rt: &mut Isolate, a: &[Word], method: &str) -> PyResult {
    let len = crate::text::memoryview::writable_len(rt, a[1])?;
    let piece = rt.call_method(a[0], method, &[Word::small(len as i64)])?;
    if piece.word().is_none() {
        return Ok(piece);
    }
    let bytes = crate::text::buffer::required(rt, piece.word())?;
    crate::text::memoryview::write_into(rt, a[1], 0, &bytes)?;
    Ok(Owned::small(bytes.len() as i64))
}

static TEXT_GETSET: &[GetSetDef] = &[
    getter("encoding", |_, _| Ok(Owned::NONE)),
    getter("newlines", |_, _| Ok(Owned::NONE)),
    getter("errors", |_, _| Ok(Owned::NONE)),
];

static TEXT_METHODS: &[NativeDef] = &[
    refuse!("detach", "($self, /)"),
    refuse!("read", "($self, size=-1, /)"),
    refuse!("readline", "($self, size=-1, /)"),
    refuse!("write", "($self, s, /)"),
];
