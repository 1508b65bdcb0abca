//! `BufferedReader`, `BufferedWriter` and `BufferedRandom`.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use molt_abi::Word;

use super::base::{self, BUFFERED_IO_BASE};
use super::file::{self, FILE_IO};
use super::{BUFFER_SIZE, unsupported};
use crate::api::{bytes_slice, native};
use crate::native::{BaseRef, ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::text::buffer;
use crate::{Isolate, Owned, Place, PyResult};

const FLAGS: u32 = ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE;

pub static BUFFERED_READER: ClassSpec = ClassSpec::new("_io", "BufferedReader")
    .base(BaseRef::Spec(&BUFFERED_IO_BASE))
    .methods(METHODS)
    .getset(GETSET)
    .next(next_line)
    .flags(FLAGS);
pub static BUFFERED_WRITER: ClassSpec = ClassSpec::new("_io", "BufferedWriter")
    .base(BaseRef::Spec(&BUFFERED_IO_BASE))
    .methods(METHODS)
    .getset(GETSET)
    .next(next_line)
    .flags(FLAGS);
pub static BUFFERED_RANDOM: ClassSpec = ClassSpec::new("_io", "BufferedRandom")
    .base(BaseRef::Spec(&BUFFERED_IO_BASE))
    .methods(METHODS)
    .getset(GETSET)
    .next(next_line)
    .flags(FLAGS);

/// State of a buffer. Bytes read ahead and bytes to be written are never both there.
#[derive(Default)]
pub struct Buffered {
    /// The stream below; `None` before `__init__` and after `detach`.
    raw: Option<Owned>,
    /// The stream below is an unmodified FileIO.
    direct: bool,
    size: usize,
    ahead: Vec<u8>,
    at: usize,
    pending: Vec<u8>,
    closed: bool,
}

impl NativeData for Buffered {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.raw.iter().for_each(|r| visit(r.word()));
    }
    fn clear(&mut self) {
        self.write_out_on_drop();
        self.raw = None;
    }
}

impl Buffered {
    /// Best effort at the end of an object's life: no exception can be raised here.
    fn write_out_on_drop(&mut self) {
        let Some(raw) = self.raw.as_ref().filter(|_| self.direct) else { return };
        let fd = file::state(raw.word()).fd;
        let mut rest = core::mem::take(&mut self.pending);
        while fd >= 0 && !rest.is_empty() {
            // SAFETY: the pointer and length describe `rest`.
            let n = unsafe { libc::write(fd, rest.as_ptr().cast(), rest.len()) };
            if n <= 0 {
                return;
            }
            rest.drain(..n as usize);
        }
    }

    fn buffered(&self) -> &[u8] {
        &self.ahead[self.at..]
    }

    fn take(&mut self, n: usize) -> Vec<u8> {
        let n = n.min(self.ahead.len() - self.at);
        let out = self.ahead[self.at..self.at + n].to_vec();
        self.at += n;
        out
    }
}

impl Drop for Buffered {
    fn drop(&mut self) {
        self.write_out_on_drop();
    }
}

fn state(w: Word) -> Place<Buffered> {
    native::<Buffered>(w)
}

/// The stream below; ValueError when there is none.
fn raw_of(rt: &mut Isolate, w: Word) -> PyResult {
    match &state(w).raw {
        Some(raw) => Ok(raw.clone()),
        None => Err(rt.value_error("raw stream has been detached")),
    }
}

fn check_open(rt: &mut Isolate, w: Word, what: &str) -> PyResult<()> {
    if state(w).closed { Err(rt.value_error(format!("{what} closed file"))) } else { Ok(()) }
}

/// One read of at most `n` bytes from the stream below; `None` when it would block.
fn raw_read(rt: &mut Isolate, w: Word, n: usize) -> PyResult<Option<Vec<u8>>> {
    let raw = raw_of(rt, w)?;
    if state(w).direct {
        return file::read(rt, raw.word(), n);
    }
    let piece = rt.call_method(raw.word(), "read", &[Word::small(n as i64)])?;
    if piece.word().is_none() {
        return Ok(None);
    }
    buffer::required(rt, piece.word()).map(|b| Some(b.into_owned()))
}

/// Writes all bytes to the stream below; after an error `rest` is what was not written.
fn raw_write_all(rt: &mut Isolate, w: Word, rest: &mut &[u8]) -> PyResult<()> {
    let raw = raw_of(rt, w)?;
    if state(w).direct {
        let fd = file::state(raw.word()).fd;
        if fd < 0 {
            return Err(rt.value_error("I/O operation on closed file"));
        }
        return file::write_all(rt, fd, rest);
    }
    while !rest.is_empty() {
        let piece = rt.new_bytes(rest);
        let n = rt.call_method(raw.word(), "write", &[piece.word()])?;
        if n.word().is_none() {
            return Err(rt.raise(crate::exc::BLOCKING_IO_ERROR, "write could not complete without blocking"));
        }
        let n = rt.to_i64(n.word(), "ssize_t")?.clamp(0, rest.len() as i64) as usize;
        *rest = &rest[n..];
    }
    Ok(())
}

/// Writes out what is pending; what an error keeps from being written stays pending.
pub fn flush(rt: &mut Isolate, w: Word) -> PyResult<()> {
    check_open(rt, w, "flush of")?;
    let pending = core::mem::take(&mut state(w).pending);
    if pending.is_empty() {
        return Ok(());
    }
    let mut rest = &pending[..];
    let result = raw_write_all(rt, w, &mut rest);
    if result.is_err() {
        state(w).pending.splice(0..0, rest.iter().copied());
    }
    result
}

/// Gives up what was read ahead, so that the stream below stands where Python thinks it does.
fn drop_ahead(rt: &mut Isolate, w: Word) -> PyResult<()> {
    let mut s = state(w);
    let left = s.buffered().len() as i64;
    s.ahead.clear();
    s.at = 0;
    if left > 0 {
        let raw = raw_of(rt, w)?;
        rt.call_method(raw.word(), "seek", &[Word::small(-left), Word::small(1)])?;
    }
    Ok(())
}

/// Appends to the buffer, which is written out first where there is no room; what fills it alone goes past it. After
/// an error `bytes` are lost, as in CPython, and what was pending is not.
pub fn write(rt: &mut Isolate, w: Word, bytes: &[u8]) -> PyResult<()> {
    check_open(rt, w, "write to")?;
    if !state(w).buffered().is_empty() {
        drop_ahead(rt, w)?;
    }
    if state(w).pending.len() + bytes.len() > state(w).size {
        flush(rt, w)?;
        if bytes.len() > state(w).size {
            return raw_write_all(rt, w, &mut &bytes[..]);
        }
    }
    state(w).pending.extend_from_slice(bytes);
    Ok(())
}

/// Reads ahead; `false` at the end (or when nothing is there yet).
fn fill(rt: &mut Isolate, w: Word) -> PyResult<bool> {
    flush(rt, w)?;
    let size = state(w).size.max(1);
    let piece = raw_read(rt, w, size)?;
    let mut s = state(w);
    if s.at == s.ahead.len() {
        s.ahead.clear();
        s.at = 0;
    }
    let piece = piece.unwrap_or_default();
    s.ahead.extend_from_slice(&piece);
    Ok(!piece.is_empty())
}

/// Up to `n` bytes with at most one read of the stream below.
pub fn read1(rt: &mut Isolate, w: Word, n: usize) -> PyResult<Vec<u8>> {
    check_open(rt, w, "read of")?;
    if state(w).buffered().is_empty() && n > 0 {
        fill(rt, w)?;
    }
    Ok(state(w).take(n))
}

fn read(rt: &mut Isolate, w: Word, n: i64) -> PyResult<Vec<u8>> {
    check_open(rt, w, "read of")?;
    if n < 0 {
        flush(rt, w)?;
        let mut out = state(w).take(usize::MAX);
        let raw = raw_of(rt, w)?;
        if state(w).direct {
            out.extend_from_slice(&file::read_all(rt, raw.word())?.unwrap_or_default());
            return Ok(out);
        }
        while fill(rt, w)? {
            out.extend_from_slice(&state(w).take(usize::MAX));
        }
        return Ok(out);
    }
    let wanted = n as usize;
    let mut out = state(w).take(wanted);
    while out.len() < wanted {
        if !fill(rt, w)? {
            break;
        }
        let left = wanted - out.len();
        out.extend_from_slice(&state(w).take(left));
    }
    Ok(out)
}

fn read_line(rt: &mut Isolate, w: Word, limit: i64) -> PyResult<Vec<u8>> {
    check_open(rt, w, "readline of")?;
    let limit = if limit < 0 { usize::MAX } else { limit as usize };
    let mut out = Vec::new();
    loop {
        let s = state(w);
        let buffered = s.buffered();
        let room = limit - out.len();
        let end = memchr::memchr(b'\n', buffered).map_or(buffered.len(), |i| i + 1).min(room);
        out.extend_from_slice(&state(w).take(end));
        if out.len() == limit || out.last() == Some(&b'\n') || !fill(rt, w)? {
            return Ok(out);
        }
    }
}

fn next_line(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    reading(rt, this, "read")?;
    let line = read_line(rt, this, -1)?;
    Ok(if line.is_empty() { None } else { Some(rt.new_bytes(&line)) })
}

const SELF: &str = "($self, /)";

static GETSET: &[GetSetDef] = &[
    getter("closed", |rt, w| {
        let raw = raw_of(rt, w)?;
        rt.getattr(raw.word(), "closed")
    }),
    getter("raw", |_, w| Ok(state(w).raw.clone().unwrap_or(Owned::NONE))),
    getter("name", |rt, w| {
        let raw = raw_of(rt, w)?;
        rt.getattr(raw.word(), "name")
    }),
    getter("mode", |rt, w| {
        let raw = raw_of(rt, w)?;
        rt.getattr(raw.word(), "mode")
    }),
];

fn size_arg(rt: &mut Isolate, w: Word) -> PyResult<i64> {
    if w.is_unbound() || w.is_none() { Ok(-1) } else { rt.to_i64(w, "ssize_t") }
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::<Buffered>::default()))
    }),
    def("__init__", "($self, raw, buffer_size=8192)", |rt, a| {
        let size = if a[2].is_unbound() { BUFFER_SIZE as i64 } else { rt.to_i64(a[2], "ssize_t")? };
        if size <= 0 {
            return Err(rt.value_error("buffer size must be strictly positive"));
        }
        let direct = rt.class_of(a[1]) == rt.class_for(&FILE_IO);
        let mut s = state(a[0]);
        s.raw = Some(Owned::share(a[1]));
        (s.direct, s.size) = (direct, size as usize);
        Ok(Owned::NONE)
    }),
    def("__repr__", SELF, |rt, a| {
        let class = rt.short_type_name(a[0]);
        let text = match rt.getattr_opt(a[0], "name")? {
            Some(name) => format!("<_io.{class} name={}>", rt.repr_text(name.word())?),
            None => format!("<_io.{class}>"),
        };
        Ok(rt.new_str(&text))
    }),
    def("readable", SELF, |rt, a| answer(rt, a[0], "readable", &BUFFERED_WRITER)),
    def("writable", SELF, |rt, a| answer(rt, a[0], "writable", &BUFFERED_READER)),
    def("seekable", SELF, |rt, a| delegate(rt, a[0], "seekable")),
    def("fileno", SELF, |rt, a| delegate(rt, a[0], "fileno")),
    def("isatty", SELF, |rt, a| delegate(rt, a[0], "isatty")),
    def("flush", SELF, |rt, a| {
        flush_public(rt, a[0])?;
        if !state(a[0]).direct {
            delegate(rt, a[0], "flush")?;
        }
        Ok(Owned::NONE)
    }),
    def("close", SELF, |rt, a| {
        if state(a[0]).closed || state(a[0]).raw.is_none() {
            return Ok(Owned::NONE);
        }
        let flushed = flush(rt, a[0]);
        state(a[0]).closed = true;
        let failure = flushed.is_err().then(|| rt.take_exception());
        delegate(rt, a[0], "close")?;
        match failure {
            Some(exception) => Err(rt.raise_value(exception)),
            None => Ok(Owned::NONE),
        }
    }),
    def("detach", SELF, |rt, a| {
        flush_public(rt, a[0])?;
        let raw = raw_of(rt, a[0])?;
        state(a[0]).raw = None;
        Ok(raw)
    }),
    def("read", "($self, size=-1, /)", |rt, a| {
        let n = size_arg(rt, a[1])?;
        if n < -1 {
            return Err(rt.value_error("read length must be non-negative or -1"));
        }
        reading(rt, a[0], "read")?;
        let out = read(rt, a[0], n)?;
        Ok(rt.new_bytes(&out))
    }),
    def("read1", "($self, size=-1, /)", |rt, a| {
        let n = size_arg(rt, a[1])?;
        reading(rt, a[0], "read1")?;
        let out = read1(rt, a[0], if n < 0 { BUFFER_SIZE } else { n as usize })?;
        Ok(rt.new_bytes(&out))
    }),
    def("peek", "($self, size=0, /)", |rt, a| {
        check_open(rt, a[0], "peek of")?;
        if state(a[0]).buffered().is_empty() {
            fill(rt, a[0])?;
        }
        let out = state(a[0]).buffered().to_vec();
        Ok(rt.new_bytes(&out))
    }),
    def("readline", "($self, size=-1, /)", |rt, a| {
        let n = size_arg(rt, a[1])?;
        reading(rt, a[0], "read")?;
        let out = read_line(rt, a[0], n)?;
        Ok(rt.new_bytes(&out))
    }),
    def("readinto", "($self, buffer, /)", |rt, a| base::read_into(rt, a, "read")),
    def("readinto1", "($self, buffer, /)", |rt, a| base::read_into(rt, a, "read1")),
    def("write", "($self, buffer, /)", |rt, a| {
        if rt.class_of(a[0]) == rt.class_for(&BUFFERED_READER) {
            return Err(unsupported(rt, "write"));
        }
        check_open(rt, a[0], "write to")?;
        if rt.is_str(a[1]) {
            return Err(rt.type_error("a bytes-like object is required, not 'str'"));
        }
        let bytes = buffer::required(rt, a[1])?;
        write(rt, a[0], &bytes)?;
        Ok(Owned::small(bytes.len() as i64))
    }),
    def("seek", "($self, target, whence=0, /)", |rt, a| {
        check_open(rt, a[0], "seek of")?;
        flush(rt, a[0])?;
        let whence = if a[2].is_unbound() { 0 } else { rt.to_i64(a[2], "int")? };
        if !(0..=2).contains(&whence) {
            return Err(rt.value_error(format!("whence value {whence} unsupported")));
        }
        if whence == 1 {
            drop_ahead(rt, a[0])?;
        }
        let mut s = state(a[0]);
        s.ahead.clear();
        s.at = 0;
        let raw = raw_of(rt, a[0])?;
        rt.call_method(raw.word(), "seek", &[a[1], Word::small(whence)])
    }),
    def("tell", SELF, |rt, a| {
        let raw = raw_of(rt, a[0])?;
        let at = rt.call_method(raw.word(), "tell", &[])?;
        let at = rt.to_i64(at.word(), "ssize_t")?;
        let s = state(a[0]);
        Ok(rt.new_int(at - s.buffered().len() as i64 + s.pending.len() as i64))
    }),
    def("truncate", "($self, pos=None, /)", |rt, a| {
        check_open(rt, a[0], "truncate of")?;
        flush(rt, a[0])?;
        let size =
            if a[1].is_unbound() || a[1].is_none() { rt.call_method(a[0], "tell", &[])? } else { Owned::share(a[1]) };
        let raw = raw_of(rt, a[0])?;
        rt.call_method(raw.word(), "truncate", &[size.word()])
    }),
];

fn reading(rt: &mut Isolate, w: Word, method: &str) -> PyResult<()> {
    if rt.class_of(w) == rt.class_for(&BUFFERED_WRITER) { Err(unsupported(rt, method)) } else { Ok(()) }
}

/// What the stream below says, but for the direction that the class does not have at all.
fn answer(rt: &mut Isolate, w: Word, method: &str, without: &'static ClassSpec) -> PyResult {
    if rt.class_of(w) == rt.class_for(without) { Ok(Owned::from_bool(false)) } else { delegate(rt, w, method) }
}

/// A reader has nothing to write out and asks the stream below, whose sentence ends in a full stop.
fn flush_public(rt: &mut Isolate, w: Word) -> PyResult<()> {
    if state(w).closed && rt.class_of(w) == rt.class_for(&BUFFERED_READER) {
        return Err(super::closed_file(rt));
    }
    flush(rt, w)
}

fn delegate(rt: &mut Isolate, w: Word, method: &str) -> PyResult {
    let raw = raw_of(rt, w)?;
    rt.call_method(raw.word(), method, &[])
}

/// One read of at most `n` bytes from any binary stream.
pub fn read_chunk(rt: &mut Isolate, stream: Word, n: usize) -> PyResult<Vec<u8>> {
    if crate::api::try_native::<Buffered>(rt, stream).is_some() {
        return read1(rt, stream, n);
    }
    let method = if rt.getattr_opt(stream, "read1")?.is_some() { "read1" } else { "read" };
    let piece = rt.call_method(stream, method, &[Word::small(n as i64)])?;
    if !rt.is_bytes(piece.word()) {
        let name = rt.type_name(piece.word());
        return Err(
            rt.type_error(format!("underlying {method}() should have returned a bytes-like object, not '{name}'"))
        );
    }
    Ok(bytes_slice(piece.word()).to_vec())
}

/// Appends to a stream: directly when it is one of these buffers.
pub fn append(rt: &mut Isolate, stream: Word, bytes: &[u8]) -> PyResult<()> {
    if crate::api::try_native::<Buffered>(rt, stream).is_some() {
        return write(rt, stream, bytes);
    }
    let piece = rt.new_bytes(bytes);
    rt.call_method(stream, "write", &[piece.word()]).map(|_| ())
}

/// Hands bytes to a buffer that is about to be dropped; no exception can be raised any more.
pub fn append_on_drop(stream: Word, bytes: &[u8]) {
    state(stream).pending.extend_from_slice(bytes);
}
