//! `TextIOWrapper`: text over a binary stream.
//!
//! Text read ahead is kept as decoded but before newline translation, so that `tell` can encode the
//! unread rest to find its position.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::Word;

use super::base::TEXT_IO_BASE;
use super::buffered::{self, Buffered};
use super::{BUFFER_SIZE, closed_file, unsupported};
use crate::api::{native, str_bytes, str_is_ascii, str_text, try_native};
use crate::native::{BaseRef, ClassSpec, GetSetDef, NativeData, NativeDef, def, getset, getter};
use crate::text::codecs::{self, ByteOrder, Encoding};
use crate::text::{str_object, wtf8};
use crate::{Isolate, Owned, Place, PyResult, exc};

pub static TEXT_IO_WRAPPER: ClassSpec = ClassSpec::new("_io", "TextIOWrapper")
    .base(BaseRef::Spec(&TEXT_IO_BASE))
    .methods(METHODS)
    .getset(GETSET)
    .next(next_line)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

/// What a text stream is made with.
pub struct Options {
    pub encoding: String,
    pub errors: String,
    /// `None` for universal newlines with translation.
    pub newline: Option<Vec<u8>>,
    pub line_buffering: bool,
    pub write_through: bool,
    pub mode: String,
}

/// State of a text stream.
pub struct TextIo {
    buffer: Option<Owned>,
    /// The buffer is one of ours, to which text can be handed when the stream is dropped.
    direct: bool,
    codec: Encoding,
    options: Options,
    /// Encoded text not yet in the buffer.
    pending: Vec<u8>,
    /// Decoded text; `at` is the first unread byte.
    decoded: Vec<u8>,
    at: usize,
    /// Bytes of an incomplete character.
    undecoded: Vec<u8>,
    at_end: bool,
    started_writing: bool,
    /// Kinds of line ends seen: 1 `\r`, 2 `\n`, 4 `\r\n`.
    seen_newlines: u8,
    closed: bool,
}

impl NativeData for TextIo {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.buffer.iter().for_each(|b| visit(b.word()));
    }
    fn clear(&mut self) {
        self.hand_over();
        self.buffer = None;
    }
}

impl TextIo {
    fn hand_over(&mut self) {
        if let Some(buffer) = self.buffer.as_ref().filter(|_| self.direct) {
            buffered::append_on_drop(buffer.word(), &core::mem::take(&mut self.pending));
        }
    }
}

impl Drop for TextIo {
    fn drop(&mut self) {
        self.hand_over();
    }
}

fn empty() -> TextIo {
    TextIo {
        buffer: None,
        direct: false,
        codec: Encoding::Utf8,
        options: Options {
            encoding: "UTF-8".to_owned(),
            errors: "strict".to_owned(),
            newline: None,
            line_buffering: false,
            write_through: false,
            mode: String::new(),
        },
        pending: Vec::new(),
        decoded: Vec::new(),
        at: 0,
        undecoded: Vec::new(),
        at_end: false,
        started_writing: false,
        seen_newlines: 0,
        closed: false,
    }
}

/// Text stream over a binary stream.
pub fn wrap(rt: &mut Isolate, buffer: Word, options: Options) -> PyResult {
    let class = rt.class_for(&TEXT_IO_WRAPPER);
    let made = rt.new_native(class, Box::new(empty()));
    set_up(rt, made.word(), buffer, options)?;
    Ok(made)
}

fn set_up(rt: &mut Isolate, w: Word, buffer: Word, options: Options) -> PyResult<()> {
    let name = if options.encoding == "locale" { "utf-8" } else { &options.encoding };
    let Some(codec) = Encoding::by_name(name.as_bytes()) else {
        return Err(rt.raise(exc::LOOKUP_ERROR, format!("unknown encoding: {name}")));
    };
    if let Some(newline) = &options.newline
        && !matches!(newline.as_slice(), b"" | b"\n" | b"\r" | b"\r\n")
    {
        return Err(rt.value_error(format!("illegal newline value: {}", String::from_utf8_lossy(newline))));
    }
    let direct = try_native::<Buffered>(rt, buffer).is_some();
    let mut s = state(w);
    *s = empty();
    s.buffer = Some(Owned::share(buffer));
    (s.direct, s.codec, s.options) = (direct, codec, options);
    Ok(())
}

fn state(w: Word) -> Place<TextIo> {
    native::<TextIo>(w)
}

fn open_buffer(rt: &mut Isolate, w: Word) -> PyResult {
    let s = state(w);
    match &s.buffer {
        Some(_) if s.closed => Err(closed_file(rt)),
        Some(b) => Ok(b.clone()),
        None => Err(rt.value_error("underlying buffer has been detached")),
    }
}

/// Writes a text and returns how many characters it has.
pub fn write(rt: &mut Isolate, w: Word, text: Word) -> PyResult<usize> {
    if !rt.is_str(text) {
        let name = rt.type_name(text);
        return Err(rt.type_error(format!("write() argument must be str, not {name}")));
    }
    open_buffer(rt, w)?;
    let mut s = state(w);
    let bytes = str_bytes(text);
    let plain = str_is_ascii(text) || (s.codec == Encoding::Utf8 && !wtf8::has_surrogate(bytes));
    let multi_byte = matches!(s.codec, Encoding::Utf16(_) | Encoding::Utf32(_) | Encoding::Utf8Sig);
    let translated = matches!(s.options.newline.as_deref(), Some(b"\r" | b"\r\n"));
    let has_newline = (s.options.line_buffering || translated) && memchr::memchr(b'\n', bytes).is_some();
    if plain && !multi_byte && !(translated && has_newline) {
        s.pending.extend_from_slice(bytes);
    } else {
        write_encoded(rt, w, text)?;
    }
    let s = state(w);
    let line_end = s.options.line_buffering && (has_newline || memchr::memchr(b'\r', bytes).is_some());
    if line_end {
        flush(rt, w)?;
    } else if s.pending.len() > BUFFER_SIZE || s.options.write_through {
        push_pending(rt, w)?;
        if s.options.write_through {
            flush(rt, w)?;
        }
    }
    Ok(crate::api::str_char_len(text))
}

fn write_encoded(rt: &mut Isolate, w: Word, text: Word) -> PyResult<()> {
    let s = state(w);
    let replaced = match s.options.newline.as_deref() {
        Some(end @ (b"\r" | b"\r\n")) => str_object::replace_bytes(str_bytes(text), b"\n", end, usize::MAX),
        _ => None,
    };
    let text = match replaced {
        Some(out) => rt.new_str_wtf8(&out),
        None => Owned::share(text),
    };
    // A byte order mark starts the stream and is not repeated.
    let codec = match s.codec {
        Encoding::Utf16(ByteOrder::Marked) if s.started_writing => Encoding::Utf16(ByteOrder::Little),
        Encoding::Utf32(ByteOrder::Marked) if s.started_writing => Encoding::Utf32(ByteOrder::Little),
        Encoding::Utf8Sig if s.started_writing => Encoding::Utf8,
        codec => codec,
    };
    let errors = s.options.errors.clone();
    let out = codecs::encode(rt, text.word(), codec, &errors)?;
    let mut s = state(w);
    s.started_writing = true;
    s.pending.extend_from_slice(&out);
    Ok(())
}

fn push_pending(rt: &mut Isolate, w: Word) -> PyResult<()> {
    let pending = core::mem::take(&mut state(w).pending);
    if pending.is_empty() {
        return Ok(());
    }
    let buffer = open_buffer(rt, w)?;
    buffered::append(rt, buffer.word(), &pending)
}

/// Writes everything out.
pub fn flush(rt: &mut Isolate, w: Word) -> PyResult<()> {
    let buffer = open_buffer(rt, w)?;
    push_pending(rt, w)?;
    if state(w).direct {
        return buffered::flush(rt, buffer.word());
    }
    rt.call_method(buffer.word(), "flush", &[]).map(|_| ())
}

/// Decodes one more chunk; `false` at the end of the stream.
fn fill(rt: &mut Isolate, w: Word) -> PyResult<bool> {
    let buffer = open_buffer(rt, w)?;
    push_pending(rt, w)?;
    let chunk = buffered::read_chunk(rt, buffer.word(), BUFFER_SIZE)?;
    let mut s = state(w);
    if s.at == s.decoded.len() {
        s.decoded.clear();
        s.at = 0;
    }
    let mut bytes = core::mem::take(&mut s.undecoded);
    bytes.extend_from_slice(&chunk);
    if chunk.is_empty() {
        s.at_end = true;
    } else {
        let first = !bytes.is_empty() && s.decoded.is_empty();
        if first {
            settle_byte_order(&mut s, &mut bytes);
        }
        let tail = codecs::incomplete_tail(&bytes, s.codec);
        s.undecoded = bytes.split_off(bytes.len() - tail);
    }
    let (codec, errors) = (s.codec, s.options.errors.clone());
    let text = codecs::decode(rt, &bytes, codec, &errors)?;
    let mut s = state(w);
    s.decoded.extend_from_slice(&text);
    Ok(!chunk.is_empty())
}

/// Replaces a codec that reads a byte order mark by one with a fixed order.
fn settle_byte_order(s: &mut TextIo, bytes: &mut Vec<u8>) {
    let (settled, mark) = match (s.codec, bytes.as_slice()) {
        (Encoding::Utf8Sig, [0xef, 0xbb, 0xbf, ..]) => (Encoding::Utf8, 3),
        (Encoding::Utf8Sig, _) => (Encoding::Utf8, 0),
        (Encoding::Utf32(ByteOrder::Marked), [0, 0, 0xfe, 0xff, ..]) => (Encoding::Utf32(ByteOrder::Big), 4),
        (Encoding::Utf32(ByteOrder::Marked), [0xff, 0xfe, 0, 0, ..]) => (Encoding::Utf32(ByteOrder::Little), 4),
        (Encoding::Utf16(ByteOrder::Marked), [0xfe, 0xff, ..]) => (Encoding::Utf16(ByteOrder::Big), 2),
        (Encoding::Utf16(ByteOrder::Marked), [0xff, 0xfe, ..]) => (Encoding::Utf16(ByteOrder::Little), 2),
        _ => return,
    };
    s.codec = settled;
    bytes.drain(..mark);
}

/// End of the first line in `text` and of its line break; `None` when more text is needed.
fn line_end(text: &[u8], newline: Option<&[u8]>, at_end: bool) -> Option<(usize, usize)> {
    match newline {
        None | Some(b"") => {
            let at = memchr::memchr2(b'\n', b'\r', text)?;
            if text[at] == b'\n' {
                return Some((at, at + 1));
            }
            match text.get(at + 1) {
                Some(b'\n') => Some((at, at + 2)),
                None if !at_end => None,
                _ => Some((at, at + 1)),
            }
        }
        Some(end) => str_object::find_bytes(text, end, false).map(|at| (at, at + end.len())),
    }
}

fn note_newline(s: &mut TextIo, end: &[u8]) {
    s.seen_newlines |= match end {
        b"\r" => 1,
        b"\n" => 2,
        b"\r\n" => 4,
        _ => 0,
    };
}

/// Translated text for `\r` and `\r\n` in universal mode.
fn translate(s: &mut TextIo, text: &[u8]) -> Vec<u8> {
    if s.options.newline.is_some() || memchr::memchr(b'\r', text).is_none() {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((end, next)) = line_end(rest, None, true) {
        out.extend_from_slice(&rest[..end]);
        out.push(b'\n');
        let mark = rest[end..next].to_vec();
        note_newline(s, &mark);
        rest = &rest[next..];
    }
    out.extend_from_slice(rest);
    out
}

fn read_line(rt: &mut Isolate, w: Word, limit: i64) -> PyResult<Vec<u8>> {
    let limit = if limit < 0 { usize::MAX } else { limit as usize };
    let mut searched = 0;
    loop {
        let mut s = state(w);
        let text = &s.decoded[s.at..];
        // A `\r` at the end of what was searched may belong to a break that continues.
        let from = searched;
        let found = line_end(&text[from..], s.options.newline.as_deref(), s.at_end).map(|(e, n)| (e + from, n + from));
        let (end, next) = match found {
            Some(f) => f,
            None if !s.at_end => {
                searched = text.len().saturating_sub(1);
                while searched > 0 && wtf8::is_continuation(text[searched]) {
                    searched -= 1;
                }
                if limit == usize::MAX || wtf8::char_count(text) < limit {
                    fill(rt, w)?;
                    continue;
                }
                (text.len(), text.len())
            }
            None => (text.len(), text.len()),
        };
        return Ok(cut_line(&mut s, end, next, limit));
    }
}

fn cut_line(s: &mut TextIo, end: usize, next: usize, limit: usize) -> Vec<u8> {
    let line = s.decoded[s.at..s.at + end].to_vec();
    if limit != usize::MAX && wtf8::char_count(&s.decoded[s.at..s.at + next]) > limit {
        let cut = wtf8::byte_offset(&s.decoded[s.at..s.at + next], limit.min(wtf8::char_count(&line)));
        s.at += cut;
        return line[..cut].to_vec();
    }
    let mut line = line;
    let mark = s.decoded[s.at + end..s.at + next].to_vec();
    s.at += next;
    if s.at == s.decoded.len() {
        s.decoded.clear();
        s.at = 0;
    }
    note_newline(s, &mark);
    if s.options.newline.is_none() && !mark.is_empty() {
        line.push(b'\n');
    } else {
        line.extend_from_slice(&mark);
    }
    line
}

fn next_line(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    readable(rt, this)?;
    let line = read_line(rt, this, -1)?;
    Ok(if line.is_empty() { None } else { Some(rt.new_str_wtf8(&line)) })
}

fn readable(rt: &mut Isolate, w: Word) -> PyResult<()> {
    let buffer = open_buffer(rt, w)?;
    if state(w).decoded.len() > state(w).at {
        return Ok(());
    }
    let answer = rt.call_method(buffer.word(), "readable", &[])?;
    if rt.truth(answer.word())? { Ok(()) } else { Err(unsupported(rt, "not readable")) }
}

fn read(rt: &mut Isolate, w: Word, n: i64) -> PyResult<Vec<u8>> {
    if n < 0 {
        while fill(rt, w)? {}
        let mut s = state(w);
        let at = core::mem::take(&mut s.at);
        let rest = s.decoded.split_off(at);
        s.decoded.clear();
        return Ok(translate(&mut s, &rest));
    }
    let (wanted, mut out, mut count) = (n as usize, Vec::new(), 0);
    while count < wanted {
        let mut s = state(w);
        if s.at == s.decoded.len() || (s.decoded.ends_with(b"\r") && !s.at_end) {
            let more = fill(rt, w)?;
            if !more && state(w).at == state(w).decoded.len() {
                break;
            }
            continue;
        }
        let rest = s.decoded[s.at..].to_vec();
        // Taking characters one piece at a time keeps `\r\n` together in universal mode.
        let translated = s.options.newline.is_none() && memchr::memchr(b'\r', &rest).is_some();
        if translated {
            let (end, next) = line_end(&rest, None, true).unwrap_or((rest.len(), rest.len()));
            let chars = wtf8::char_count(&rest[..end]);
            if count + chars >= wanted {
                let cut = wtf8::byte_offset(&rest, wanted - count);
                out.extend_from_slice(&rest[..cut]);
                s.at += cut;
                break;
            }
            out.extend_from_slice(&rest[..end]);
            count += chars;
            if next > end {
                out.push(b'\n');
                count += 1;
                note_newline(&mut s, &rest[end..next]);
            }
            s.at += next;
        } else {
            let take = wtf8::char_count(&rest).min(wanted - count);
            let cut = wtf8::byte_offset(&rest, take);
            out.extend_from_slice(&rest[..cut]);
            s.at += cut;
            count += take;
        }
    }
    Ok(out)
}

const SELF: &str = "($self, /)";

static GETSET: &[GetSetDef] = &[
    getter("encoding", |rt, w| Ok(rt.new_str(&state(w).options.encoding))),
    getter("errors", |rt, w| Ok(rt.new_str(&state(w).options.errors))),
    getter("line_buffering", |_, w| Ok(Owned::from_bool(state(w).options.line_buffering))),
    getter("write_through", |_, w| Ok(Owned::from_bool(state(w).options.write_through))),
    getter("buffer", |_, w| Ok(state(w).buffer.clone().unwrap_or(Owned::NONE))),
    getter("closed", |rt, w| match state(w).buffer.clone() {
        Some(buffer) => rt.getattr(buffer.word(), "closed"),
        None => Err(rt.value_error("underlying buffer has been detached")),
    }),
    getter("name", |rt, w| match state(w).buffer.clone() {
        Some(buffer) => rt.getattr(buffer.word(), "name"),
        None => Err(rt.value_error("underlying buffer has been detached")),
    }),
    getset(
        "mode",
        |rt, w| Ok(rt.new_str(&state(w).options.mode)),
        |_, w, v| {
            state(w).options.mode = if v.is_unbound() { String::new() } else { str_text(v).into_owned() };
            Ok(())
        },
    ),
    getter("newlines", |rt, w| {
        let seen = state(w).seen_newlines;
        let mut kinds: Vec<Owned> =
            [(1, "\r"), (2, "\n"), (4, "\r\n")].iter().filter(|k| seen & k.0 != 0).map(|k| rt.new_str(k.1)).collect();
        Ok(match kinds.len() {
            0 => Owned::NONE,
            1 => kinds.remove(0),
            _ => rt.new_tuple(kinds),
        })
    }),
];

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::new(empty())))
    }),
    def(
        "__init__",
        "($self, buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)",
        |rt, a| {
            let text = |w: Word, default: &str| {
                if w.is_unbound() || w.is_none() { default.to_owned() } else { str_text(w).into_owned() }
            };
            let options = Options {
                encoding: text(a[2], "UTF-8"),
                errors: text(a[3], "strict"),
                newline: if a[4].is_unbound() || a[4].is_none() { None } else { Some(str_bytes(a[4]).to_vec()) },
                line_buffering: !a[5].is_unbound() && rt.truth(a[5])?,
                write_through: !a[6].is_unbound() && rt.truth(a[6])?,
                mode: String::new(),
            };
            set_up(rt, a[0], a[1], options)?;
            Ok(Owned::NONE)
        },
    ),
    def("__repr__", SELF, |rt, a| {
        let mut text = "<_io.TextIOWrapper".to_owned();
        let buffer = state(a[0]).buffer.clone().unwrap_or(Owned::NONE);
        if let Some(name) = rt.getattr_opt(buffer.word(), "name")? {
            text += &format!(" name={}", rt.repr_text(name.word())?);
        }
        let options = &state(a[0]).options;
        if !options.mode.is_empty() {
            text += &format!(" mode='{}'", options.mode);
        }
        text += &format!(" encoding='{}'>", options.encoding);
        Ok(rt.new_str(&text))
    }),
    def("write", "($self, text, /)", |rt, a| {
        let buffer = open_buffer(rt, a[0])?;
        if state(a[0]).direct && rt.class_of(buffer.word()) == rt.class_for(&buffered::BUFFERED_READER) {
            return Err(unsupported(rt, "not writable"));
        }
        write(rt, a[0], a[1]).map(|n| Owned::small(n as i64))
    }),
    def("flush", SELF, |rt, a| {
        flush(rt, a[0])?;
        rt.flush_across();
        Ok(Owned::NONE)
    }),
    def("close", SELF, |rt, a| {
        if state(a[0]).closed || state(a[0]).buffer.is_none() {
            return Ok(Owned::NONE);
        }
        let flushed = flush(rt, a[0]);
        let buffer = open_buffer(rt, a[0])?;
        state(a[0]).closed = true;
        let failure = flushed.is_err().then(|| rt.take_exception());
        rt.call_method(buffer.word(), "close", &[])?;
        match failure {
            Some(exception) => Err(rt.raise_value(exception)),
            None => Ok(Owned::NONE),
        }
    }),
    def("detach", SELF, |rt, a| {
        flush(rt, a[0])?;
        let buffer = open_buffer(rt, a[0])?;
        state(a[0]).buffer = None;
        Ok(buffer)
    }),
    def("read", "($self, size=-1, /)", |rt, a| {
        let n = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        readable(rt, a[0])?;
        let out = read(rt, a[0], n)?;
        Ok(rt.new_str_wtf8(&out))
    }),
    def("readline", "($self, size=-1, /)", |rt, a| {
        let n = if a[1].is_unbound() || a[1].is_none() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        readable(rt, a[0])?;
        let out = read_line(rt, a[0], n)?;
        Ok(rt.new_str_wtf8(&out))
    }),
    def("readable", SELF, |rt, a| delegate(rt, a[0], "readable")),
    def("writable", SELF, |rt, a| delegate(rt, a[0], "writable")),
    def("seekable", SELF, |rt, a| delegate(rt, a[0], "seekable")),
    def("fileno", SELF, |rt, a| delegate(rt, a[0], "fileno")),
    def("isatty", SELF, |rt, a| delegate(rt, a[0], "isatty")),
    def("seek", "($self, cookie, whence=0, /)", seek),
    def("tell", SELF, tell),
    def("truncate", "($self, pos=None, /)", |rt, a| {
        flush(rt, a[0])?;
        let buffer = open_buffer(rt, a[0])?;
        let position = if a[1].is_unbound() || a[1].is_none() { tell(rt, a)? } else { Owned::share(a[1]) };
        rt.call_method(buffer.word(), "truncate", &[position.word()])
    }),
    def(
        "reconfigure",
        "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
        reconfigure,
    ),
];

fn delegate(rt: &mut Isolate, w: Word, method: &str) -> PyResult {
    // The stream below says itself that it is closed.
    let Some(buffer) = state(w).buffer.clone() else {
        return Err(rt.value_error("underlying buffer has been detached"));
    };
    rt.call_method(buffer.word(), method, &[])
}

fn tell(rt: &mut Isolate, a: &[Word]) -> PyResult {
    flush(rt, a[0])?;
    let buffer = open_buffer(rt, a[0])?;
    let at = rt.call_method(buffer.word(), "tell", &[])?;
    let at = rt.to_i64(at.word(), "ssize_t")?;
    let s = state(a[0]);
    let (codec, errors, waiting) = (s.codec, s.options.errors.clone(), s.undecoded.len());
    let unread = s.decoded[s.at..].to_vec();
    let unread = rt.new_str_wtf8(&unread);
    let ahead = codecs::encode(rt, unread.word(), codec, &errors)?.len();
    Ok(rt.new_int(at - (ahead + waiting) as i64))
}

fn seek(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let whence = if a[2].is_unbound() { 0 } else { rt.to_i64(a[2], "int")? };
    let offset = rt.to_i64(a[1], "ssize_t")?;
    open_buffer(rt, a[0])?;
    let target = match whence {
        0 if offset < 0 => return Err(rt.value_error(format!("negative seek position {offset}"))),
        0 => Owned::share(a[1]),
        1 if offset != 0 => return Err(unsupported(rt, "can't do nonzero cur-relative seeks")),
        1 => tell(rt, a)?,
        2 if offset != 0 => return Err(unsupported(rt, "can't do nonzero end-relative seeks")),
        2 => Owned::small(0),
        _ => return Err(rt.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
    };
    flush(rt, a[0])?;
    let buffer = open_buffer(rt, a[0])?;
    let mut s = state(a[0]);
    s.decoded.clear();
    s.undecoded.clear();
    (s.at, s.at_end) = (0, false);
    let whence = if whence == 2 { 2 } else { 0 };
    rt.call_method(buffer.word(), "seek", &[target.word(), Word::small(whence)])
}

fn reconfigure(rt: &mut Isolate, a: &[Word]) -> PyResult {
    flush(rt, a[0])?;
    let given = |w: Word| !w.is_unbound() && !w.is_none();
    if given(a[1]) {
        let codec = codecs::encoding_arg(rt, a[1])?;
        let mut s = state(a[0]);
        s.codec = codec;
        s.options.encoding = str_text(a[1]).into_owned();
        s.options.errors = "strict".to_owned();
    }
    if given(a[2]) {
        state(a[0]).options.errors = str_text(a[2]).into_owned();
    }
    if !a[3].is_unbound() {
        state(a[0]).options.newline = given(a[3]).then(|| str_bytes(a[3]).to_vec());
    }
    if given(a[4]) {
        state(a[0]).options.line_buffering = rt.truth(a[4])?;
    }
    if given(a[5]) {
        state(a[0]).options.write_through = rt.truth(a[5])?;
    }
    Ok(Owned::NONE)
}
