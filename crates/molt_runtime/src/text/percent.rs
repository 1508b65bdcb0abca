//! `%` formatting of `str` and `bytes`.

use alloc::format;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::str_object::{StrRef, make};
use super::{buffer, wtf8};
use crate::api::{bytes_slice, str_bytes, tuple_items};
use crate::names::Name;
use crate::num::{float_class, float_text, int, int_text};
use crate::{Isolate, Owned, PyResult};

/// What the template is; decides `%s` and the form of `%c`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Str,
    Bytes,
}

/// One conversion specifier.
#[derive(Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    code: u32,
}

/// Arguments of one formatting operation.
struct Arguments<'a> {
    items: &'a [Word],
    next: usize,
    /// The right operand, as mapping for `%(name)s`.
    whole: Word,
    is_mapping: bool,
    used_mapping: bool,
}

impl Arguments<'_> {
    fn take(&mut self, rt: &mut Isolate) -> PyResult<Word> {
        match self.items.get(self.next) {
            Some(&w) => {
                self.next += 1;
                Ok(w)
            }
            None => Err(rt.type_error("not enough arguments for format string")),
        }
    }
}

/// `template % args` of a `str`.
pub fn format_str(rt: &mut Isolate, template: Word, args: Word) -> PyResult {
    let out = format(rt, Kind::Str, str_bytes(template), args)?;
    Ok(make(rt, &out, false))
}

/// `template % args` of bytes.
pub fn format_bytes(rt: &mut Isolate, template: &[u8], args: Word) -> PyResult<Vec<u8>> {
    format(rt, Kind::Bytes, template, args)
}

fn format(rt: &mut Isolate, kind: Kind, template: &[u8], args: Word) -> PyResult<Vec<u8>> {
    let single = [args];
    let is_tuple = rt.is_tuple(args);
    let is_text =
        rt.is_str(args) || (kind == Kind::Bytes && (rt.is_bytes(args) || rt.is_instance(args, ClassId::BYTEARRAY)));
    let is_mapping = !is_tuple && !is_text && rt.lookup_special(args, Name::GETITEM).is_some();
    let mut arguments = Arguments {
        items: if is_tuple { tuple_items(args) } else { &single },
        next: 0,
        whole: args,
        is_mapping,
        used_mapping: false,
    };
    let mut out = Vec::with_capacity(template.len() + 32);
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'%', &template[at..]) {
        out.extend_from_slice(&template[at..at + next]);
        at += next + 1;
        at = conversion(rt, kind, template, at, &mut arguments, &mut out)?;
    }
    out.extend_from_slice(&template[at..]);
    let leftover = arguments.next < arguments.items.len() && !arguments.is_mapping && !arguments.used_mapping;
    if leftover {
        let what = if kind == Kind::Str { "string" } else { "bytes" };
        return Err(rt.type_error(format!("not all arguments converted during {what} formatting")));
    }
    Ok(out)
}

/// Handles the specifier after a `%`; returns where the template goes on.
fn conversion(
    rt: &mut Isolate,
    kind: Kind,
    template: &[u8],
    start: usize,
    arguments: &mut Arguments,
    out: &mut Vec<u8>,
) -> PyResult<usize> {
    let mut at = start;
    let peek = |at: usize| template.get(at).copied();
    if peek(at) == Some(b'%') {
        out.push(b'%');
        return Ok(at + 1);
    }
    let mut value = None;
    if peek(at) == Some(b'(') {
        let end = key_end(rt, template, at + 1)?;
        value = Some(mapped(rt, kind, &template[at + 1..end], arguments)?);
        at = end + 1;
    }
    let mut c = Conversion::default();
    while let Some(flag) = peek(at) {
        match flag {
            b'-' => c.left = true,
            b'+' => c.plus = true,
            b' ' => c.space = true,
            b'#' => c.alternate = true,
            b'0' => c.zero = true,
            _ => break,
        }
        at += 1;
    }
    if peek(at) == Some(b'*') {
        let width = star(rt, arguments)?;
        c.left |= width < 0;
        c.width = width.unsigned_abs() as usize;
        at += 1;
    } else {
        (c.width, at) = number(rt, template, at, "width too big")?;
    }
    if peek(at) == Some(b'.') {
        at += 1;
        if peek(at) == Some(b'*') {
            c.precision = Some(star(rt, arguments)?.max(0) as usize);
            at += 1;
        } else {
            let (precision, next) = number(rt, template, at, "precision too big")?;
            (c.precision, at) = (Some(precision), next);
        }
    }
    rt.check_room(c.width.checked_add(c.precision.unwrap_or(0)))?;
    while matches!(peek(at), Some(b'h' | b'l' | b'L')) {
        at += 1;
    }
    let Some((code, len)) = template.get(at..).and_then(wtf8::decode_first) else {
        return Err(rt.value_error("incomplete format"));
    };
    c.code = code;
    let value = match value {
        Some(v) => v,
        None => Owned::share(arguments.take(rt)?),
    };
    let index = if kind == Kind::Str { wtf8::char_count(&template[..at]) } else { at };
    write_value(rt, kind, &c, value.word(), index, out)?;
    Ok(at + len)
}

fn key_end(rt: &mut Isolate, template: &[u8], start: usize) -> PyResult<usize> {
    let mut depth = 1;
    for (i, &b) in template.iter().enumerate().skip(start) {
        match b {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(i);
        }
    }
    Err(rt.value_error("incomplete format key"))
}

fn mapped(rt: &mut Isolate, kind: Kind, key: &[u8], arguments: &mut Arguments) -> PyResult {
    if !arguments.is_mapping {
        return Err(rt.type_error("format requires a mapping"));
    }
    arguments.used_mapping = true;
    // From here on nothing but the mapping is there.
    arguments.next = arguments.items.len();
    let key = if kind == Kind::Str { rt.new_str_wtf8(key) } else { rt.new_bytes(key) };
    rt.getitem(arguments.whole, key.word())
}

fn star(rt: &mut Isolate, arguments: &mut Arguments) -> PyResult<i64> {
    let w = arguments.take(rt)?;
    if !rt.is_int(w) {
        return Err(rt.type_error("* wants int"));
    }
    rt.to_i64(w, "ssize_t")
}

fn number(rt: &mut Isolate, template: &[u8], start: usize, too_big: &str) -> PyResult<(usize, usize)> {
    let (mut value, mut at) = (0usize, start);
    while let Some(d) = template.get(at).filter(|b| b.is_ascii_digit()) {
        value = value * 10 + usize::from(d - b'0');
        if value > i64::MAX as usize / 16 {
            return Err(rt.value_error(too_big));
        }
        at += 1;
    }
    Ok((value, at))
}

fn write_value(
    rt: &mut Isolate,
    kind: Kind,
    c: &Conversion,
    value: Word,
    index: usize,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    match u8::try_from(c.code).unwrap_or(0) {
        b's' if kind == Kind::Str => {
            let s = rt.str(value)?;
            write_text(c, StrRef::of(s.word()), out);
        }
        b's' | b'b' if kind == Kind::Bytes => {
            let b = bytes_value(rt, value)?;
            write_text(c, StrRef { bytes: &b, char_len: b.len() }, out);
        }
        b'r' if kind == Kind::Str => {
            let s = rt.repr(value)?;
            write_text(c, StrRef::of(s.word()), out);
        }
        b'a' | b'r' => {
            let s = rt.ascii(value)?;
            write_text(c, StrRef::of(s.word()), out);
        }
        b'c' => write_char(rt, kind, c, value, out)?,
        b'd' | b'i' | b'u' => {
            let i = integer_value(rt, value, c.code)?;
            let text = int_text::to_decimal(rt, int::of_int(i.word()))?;
            write_number(c, &text, "", out);
        }
        code @ (b'x' | b'X' | b'o') => {
            let i = integer_value(rt, value, c.code)?;
            let (base, prefix) = match code {
                b'o' => (8, "0o"),
                b'x' => (16, "0x"),
                _ => (16, "0X"),
            };
            let v = int::of_int(i.word());
            let sign = if v.is_negative() { "-" } else { "" };
            let text = format!("{sign}{}", int_text::digits_in_base(v, base, code == b'X'));
            write_number(c, &text, if c.alternate { prefix } else { "" }, out);
        }
        code @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G') => {
            let Some(v) = float_class::real_number(rt, value)? else {
                let name = rt.type_name(value);
                let text = if kind == Kind::Str { "must be real number" } else { "float argument required" };
                return Err(rt.type_error(format!("{text}, not {name}")));
            };
            let text = float_text::format(v, code, c.precision.unwrap_or(6), c.alternate);
            let c = Conversion { precision: None, ..copy_of(c) };
            write_number(&c, &text, "", out);
        }
        _ => {
            let shown = match c.code {
                32..127 => char::from_u32(c.code).unwrap_or('?'),
                _ => '?',
            };
            return Err(
                rt.value_error(format!("unsupported format character '{shown}' (0x{:x}) at index {index}", c.code))
            );
        }
    }
    Ok(())
}

fn copy_of(c: &Conversion) -> Conversion {
    Conversion { ..*c }
}

fn pad(c: &Conversion, len: usize, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let room = c.width.saturating_sub(len);
    if !c.left {
        out.resize(out.len() + room, b' ');
    }
    body(out);
    if c.left {
        out.resize(out.len() + room, b' ');
    }
}

fn write_text(c: &Conversion, s: StrRef, out: &mut Vec<u8>) {
    let kept = c.precision.map_or(s.char_len, |p| p.min(s.char_len));
    let text = s.chars(0, kept);
    pad(c, kept, out, |out| out.extend_from_slice(text));
}

/// Writes a number text (with its minus sign): precision as least digits, sign, prefix, zero padding.
fn write_number(c: &Conversion, text: &str, prefix: &str, out: &mut Vec<u8>) {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, text),
    };
    let sign = match (negative, c.plus, c.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let mut zeros = c.precision.unwrap_or(0).saturating_sub(digits.len());
    let used = sign.len() + prefix.len() + digits.len() + zeros;
    if c.zero && !c.left {
        zeros += c.width.saturating_sub(used);
    }
    let len = sign.len() + prefix.len() + zeros + digits.len();
    pad(c, len, out, |out| {
        out.extend_from_slice(sign.as_bytes());
        out.extend_from_slice(prefix.as_bytes());
        out.resize(out.len() + zeros, b'0');
        out.extend_from_slice(digits.as_bytes());
    });
}

/// Integer for `%d` (truncating real numbers) or `%x` (integers only).
fn integer_value(rt: &mut Isolate, value: Word, code: u32) -> PyResult {
    if rt.is_int(value) {
        return Ok(Owned::share(value));
    }
    let decimal = matches!(u8::try_from(code), Ok(b'd' | b'i' | b'u'));
    let letter = char::from_u32(code).unwrap_or('?');
    let indexable = rt.lookup_special(value, Name::INDEX).is_some();
    let convertible = rt.is_float(value) || rt.lookup_special(value, Name::INT).is_some();
    let converted = if decimal && convertible && !rt.is_str(value) {
        Some(crate::num::int_class::from_object(rt, value))
    } else {
        indexable.then(|| rt.index(value))
    };
    match converted {
        Some(Err(_)) if rt.pending_is(crate::exc::TYPE_ERROR) => rt.clear_exception(),
        Some(result) => return result,
        None => {}
    }
    let name = rt.type_name(value);
    let what = if decimal { "a real number" } else { "an integer" };
    Err(rt.type_error(format!("%{letter} format: {what} is required, not {name}")))
}

fn write_char(rt: &mut Isolate, kind: Kind, c: &Conversion, value: Word, out: &mut Vec<u8>) -> PyResult<()> {
    let mut text = Vec::new();
    if kind == Kind::Bytes {
        match buffer::bytes_or_bytearray(rt, value) {
            Some(b) if b.len() == 1 => text.extend_from_slice(&b),
            None if rt.lookup_special(value, Name::INDEX).is_some() => {
                let i = rt.index(value)?;
                match int::to_i64(i.word()) {
                    Some(v) if (0..256).contains(&v) => text.push(v as u8),
                    _ => return Err(rt.overflow_error("%c arg not in range(256)")),
                }
            }
            _ => return Err(rt.type_error("%c requires an integer in range(256) or a single byte")),
        }
    } else if rt.is_str(value) && StrRef::of(value).char_len == 1 {
        text.extend_from_slice(str_bytes(value));
    } else if !rt.is_str(value) && rt.lookup_special(value, Name::INDEX).is_some() {
        let i = match rt.index(value) {
            Err(_) if rt.pending_is(crate::exc::TYPE_ERROR) => {
                rt.clear_exception();
                return Err(rt.type_error("%c requires int or char"));
            }
            other => other?,
        };
        match int::to_i64(i.word()) {
            Some(v) if (0..0x11_0000).contains(&v) => wtf8::push(&mut text, v as u32),
            _ => return Err(rt.overflow_error("%c arg not in range(0x110000)")),
        }
    } else {
        return Err(rt.type_error("%c requires int or char"));
    }
    pad(c, 1, out, |out| out.extend_from_slice(&text));
    Ok(())
}

fn bytes_value(rt: &mut Isolate, value: Word) -> PyResult<Vec<u8>> {
    if let Some(b) = buffer::of_object(rt, value)? {
        return Ok(b.into_owned());
    }
    if let Some(method) = rt.lookup_special(value, Name::BYTES) {
        let made = rt.call_special(method, value, &[])?;
        if rt.is_bytes(made.word()) {
            return Ok(bytes_slice(made.word()).to_vec());
        }
        let name = rt.type_name(made.word());
        return Err(rt.type_error(format!("__bytes__ returned non-bytes (type {name})")));
    }
    let name = rt.type_name(value);
    Err(rt.type_error(format!("%b requires a bytes-like object, or an object that implements __bytes__, not '{name}'")))
}
