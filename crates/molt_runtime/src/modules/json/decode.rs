//! `make_scanner` and `scanstring`: values from JSON text.
//!
//! The scanner works on the bytes of the string; places in errors and results count characters, which
//! are converted only where the text is not ASCII.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::hash::BuildHasherDefault;
use hashbrown::HashMap;

use molt_abi::{ClassId, Word};

use crate::api::{native, str_bytes, str_is_ascii};
use crate::isolate::AddressHasher;
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::num::{float_text, int, int_text};
use crate::text::str_object::make;
use crate::text::wtf8;
use crate::{Isolate, Owned, Place, PyResult, Raised};

/// Options of a scanner.
struct Scanner {
    strict: bool,
    object_hook: Owned,
    object_pairs_hook: Owned,
    parse_float: Owned,
    parse_int: Owned,
    parse_constant: Owned,
}

impl NativeData for Scanner {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        for w in [&self.object_hook, &self.object_pairs_hook, &self.parse_float, &self.parse_int, &self.parse_constant]
        {
            visit(w.word());
        }
    }
    fn clear(&mut self) {
        self.object_hook = Owned::NONE;
        self.object_pairs_hook = Owned::NONE;
        self.parse_constant = Owned::NONE;
    }
}

pub static SCANNER: ClassSpec = ClassSpec::new("_json", "Scanner").methods(METHODS).call(|rt, this, args, _| {
    let [text, index, ..] = *args else {
        return Err(rt.type_error("scan_once() missing required argument 'idx' (pos 2)"));
    };
    scan(rt, this, text, index)
});

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, context)", |rt, a| {
        let strict = rt.getattr(a[1], "strict")?;
        let scanner = Scanner {
            strict: rt.truth(strict.word())?,
            object_hook: rt.getattr(a[1], "object_hook")?,
            object_pairs_hook: rt.getattr(a[1], "object_pairs_hook")?,
            parse_float: rt.getattr(a[1], "parse_float")?,
            parse_int: rt.getattr(a[1], "parse_int")?,
            parse_constant: rt.getattr(a[1], "parse_constant")?,
        };
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::new(scanner)))
    }),
    def("__call__", "($self, string, idx)", |rt, a| scan(rt, a[0], a[1], a[2])),
];

/// Keys seen in one text, so that equal ones share an object.
type Keys<'a> = HashMap<&'a [u8], Owned, BuildHasherDefault<AddressHasher>>;

/// One run over a text.
struct Reader<'a> {
    options: Place<Scanner>,
    word: Word,
    text: &'a [u8],
    keys: Keys<'a>,
    ascii: bool,
    plain_float: bool,
    plain_int: bool,
}

fn scan(rt: &mut Isolate, this: Word, text: Word, index: Word) -> PyResult {
    if !rt.is_str(text) {
        let name = rt.type_name(text);
        return Err(rt.type_error(format!("first argument must be a string, not {name}")));
    }
    let index = rt.to_i64(index, "ssize_t")?;
    let Ok(start) = usize::try_from(index) else { return Err(rt.value_error("idx cannot be negative")) };
    let keep = (Owned::share(this), Owned::share(text));
    let options = native::<Scanner>(keep.0.word());
    let mut reader = Reader {
        options,
        word: text,
        text: str_bytes(text),
        keys: Keys::default(),
        ascii: str_is_ascii(text),
        plain_float: options.parse_float.word() == rt.class_word(ClassId::FLOAT),
        plain_int: options.parse_int.word() == rt.class_word(ClassId::INT),
    };
    if start > crate::api::str_char_len(text) {
        return Err(rt.stop_iteration(Word::small(index)));
    }
    let at = if str_is_ascii(text) { start } else { wtf8::byte_offset(reader.text, start) };
    let (value, end) = reader.value(rt, at)?;
    let end = reader.position(end);
    Ok(rt.new_tuple(vec![value, Owned::small(end as i64)]))
}

/// Raises `JSONDecodeError(msg, doc, pos)`.
fn decode_error(rt: &mut Isolate, message: &str, text: Word, at: usize) -> Raised {
    let module = match rt.import("json.decoder") {
        Ok(m) => m,
        Err(e) => return e,
    };
    let text_message = rt.new_str(message);
    let made = rt
        .getattr(module.word(), "JSONDecodeError")
        .and_then(|class| rt.call(class.word(), &[text_message.word(), text, Word::small(at as i64)]));
    match made {
        Ok(e) => rt.raise_value(e),
        Err(e) => e,
    }
}

impl<'a> Reader<'a> {
    /// Character index of a byte index.
    fn position(&self, at: usize) -> usize {
        if self.ascii { at } else { wtf8::char_count(&self.text[..at]) }
    }

    fn error(&self, rt: &mut Isolate, message: &str, at: usize) -> Raised {
        decode_error(rt, message, self.word, self.position(at))
    }

    /// `StopIteration(index)`: there is no value here.
    fn stop(&self, rt: &mut Isolate, at: usize) -> Raised {
        rt.stop_iteration(Word::small(self.position(at) as i64))
    }

    fn skip_space(&self, mut at: usize) -> usize {
        while matches!(self.text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    /// The value at a byte index, and the index behind it.
    fn value(&mut self, rt: &mut Isolate, at: usize) -> PyResult<(Owned, usize)> {
        match self.text.get(at) {
            Some(b'"') => self.string(rt, at + 1),
            Some(b'{') => self.nested(rt, at, " while decoding a JSON object from a unicode string", Self::object),
            Some(b'[') => self.nested(rt, at, " while decoding a JSON array from a unicode string", Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(rt, at),
            Some(b'n') if self.text[at..].starts_with(b"null") => Ok((Owned::NONE, at + 4)),
            Some(b't') if self.text[at..].starts_with(b"true") => Ok((Owned::from_bool(true), at + 4)),
            Some(b'f') if self.text[at..].starts_with(b"false") => Ok((Owned::from_bool(false), at + 5)),
            Some(b'N') if self.text[at..].starts_with(b"NaN") => self.constant(rt, "NaN", at),
            Some(b'I') if self.text[at..].starts_with(b"Infinity") => self.constant(rt, "Infinity", at),
            _ => Err(self.stop(rt, at)),
        }
    }

    fn constant(&mut self, rt: &mut Isolate, name: &str, at: usize) -> PyResult<(Owned, usize)> {
        let text = rt.new_str(name);
        let parse = self.options.parse_constant.clone();
        Ok((rt.call(parse.word(), &[text.word()])?, at + name.len()))
    }

    fn nested(
        &mut self,
        rt: &mut Isolate,
        at: usize,
        place: &'static str,
        read: fn(&mut Self, &mut Isolate, usize) -> PyResult<(Owned, usize)>,
    ) -> PyResult<(Owned, usize)> {
        rt.enter_call(place)?;
        let r = read(self, rt, at + 1);
        rt.leave_call();
        r
    }

    /// Like `value`, with the error that a container reports.
    fn member(&mut self, rt: &mut Isolate, at: usize) -> PyResult<(Owned, usize)> {
        match self.value(rt, at) {
            Err(Raised) if rt.pending_is(crate::exc::STOP_ITERATION) => {
                let e = rt.take_exception();
                let at = crate::exception::extra(e.word(), 0).to_small().unwrap_or(0);
                Err(decode_error(rt, "Expecting value", self.word, at as usize))
            }
            other => other,
        }
    }

    fn array(&mut self, rt: &mut Isolate, at: usize) -> PyResult<(Owned, usize)> {
        let list = rt.new_list(Vec::new());
        let mut at = self.skip_space(at);
        if self.text.get(at) == Some(&b']') {
            return Ok((list, at + 1));
        }
        loop {
            let (item, end) = self.member(rt, at)?;
            rt.list_append(list.word(), item);
            at = self.skip_space(end);
            match self.text.get(at) {
                Some(b']') => return Ok((list, at + 1)),
                Some(b',') => {}
                _ => return Err(self.error(rt, "Expecting ',' delimiter", at)),
            }
            let comma = at;
            at = self.skip_space(at + 1);
            if self.text.get(at) == Some(&b']') {
                return Err(self.error(rt, "Illegal trailing comma before end of array", comma));
            }
        }
    }

    fn object(&mut self, rt: &mut Isolate, at: usize) -> PyResult<(Owned, usize)> {
        let as_pairs = !self.options.object_pairs_hook.word().is_none();
        let made = if as_pairs { rt.new_list(Vec::new()) } else { rt.new_dict() };
        let mut at = self.skip_space(at);
        if self.text.get(at) == Some(&b'}') {
            return self.finish_object(rt, made, at + 1);
        }
        loop {
            if self.text.get(at) != Some(&b'"') {
                return Err(self.error(rt, "Expecting property name enclosed in double quotes", at));
            }
            let (key, end) = self.key(rt, at + 1)?;
            at = self.skip_space(end);
            if self.text.get(at) != Some(&b':') {
                return Err(self.error(rt, "Expecting ':' delimiter", at));
            }
            at = self.skip_space(at + 1);
            let (value, end) = self.member(rt, at)?;
            if as_pairs {
                let pair = rt.new_tuple(vec![key, value]);
                rt.list_append(made.word(), pair);
            } else {
                rt.dict_set_name(made.word(), key.word(), value.word());
            }
            at = self.skip_space(end);
            match self.text.get(at) {
                Some(b'}') => return self.finish_object(rt, made, at + 1),
                Some(b',') => {}
                _ => return Err(self.error(rt, "Expecting ',' delimiter", at)),
            }
            let comma = at;
            at = self.skip_space(at + 1);
            if self.text.get(at) == Some(&b'}') {
                return Err(self.error(rt, "Illegal trailing comma before end of object", comma));
            }
        }
    }

    fn finish_object(&mut self, rt: &mut Isolate, made: Owned, end: usize) -> PyResult<(Owned, usize)> {
        for hook in [&self.options.object_pairs_hook, &self.options.object_hook] {
            if !hook.word().is_none() {
                let hook = hook.clone();
                return Ok((rt.call(hook.word(), &[made.word()])?, end));
            }
        }
        Ok((made, end))
    }

    /// A key; one without escapes is shared with equal ones.
    fn key(&mut self, rt: &mut Isolate, at: usize) -> PyResult<(Owned, usize)> {
        let rest = &self.text[at..];
        let len = plain_len(rest);
        if rest.get(len) != Some(&b'"') {
            return self.string(rt, at);
        }
        let text = &rest[..len];
        if let Some(known) = self.keys.get(text) {
            return Ok((known.clone(), at + len + 1));
        }
        let key = make(rt, text, self.ascii);
        self.keys.insert(text, key.clone());
        Ok((key, at + len + 1))
    }

    fn string(&mut self, rt: &mut Isolate, at: usize) -> PyResult<(Owned, usize)> {
        let rest = &self.text[at..];
        let len = plain_len(rest);
        if rest.get(len) == Some(&b'"') {
            return Ok((make(rt, &rest[..len], self.ascii), at + len + 1));
        }
        let (bytes, end) = read_string(self.text, at, self.options.strict)
            .map_err(|(message, place)| self.error(rt, &message, place))?;
        Ok((rt.new_str_wtf8(&bytes), end))
    }

    fn number(&mut self, rt: &mut Isolate, start: usize) -> PyResult<(Owned, usize)> {
        let text = self.text;
        let mut at = start + usize::from(text[start] == b'-');
        match text.get(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at = digits(text, at),
            Some(b'I') if text[at..].starts_with(b"Infinity") && text[start] == b'-' => {
                return self.constant(rt, "-Infinity", start);
            }
            _ => return Err(self.stop(rt, start)),
        }
        let mut is_float = false;
        if text.get(at) == Some(&b'.') && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
            is_float = true;
            at = digits(text, at + 1);
        }
        if matches!(text.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
            if text.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
                is_float = true;
                at = digits(text, at + 1 + sign);
            }
        }
        let number = &text[start..at];
        if is_float && self.plain_float {
            let v = float_text::parse(number).unwrap_or(f64::NAN);
            return Ok((rt.new_float(v), at));
        }
        if !is_float && self.plain_int && number.len() < 18 {
            let digits = number.strip_prefix(b"-").unwrap_or(number);
            let magnitude = digits.iter().fold(0i64, |acc, &b| acc * 10 + i64::from(b - b'0'));
            let v = if digits.len() < number.len() { -magnitude } else { magnitude };
            return Ok((int::from_i64(rt, v), at));
        }
        let shown = rt.new_str_wtf8(number);
        if !is_float && self.plain_int {
            return Ok((int_text::parse(rt, number, true, 10, shown.word())?, at));
        }
        let parse = if is_float { self.options.parse_float.clone() } else { self.options.parse_int.clone() };
        Ok((rt.call(parse.word(), &[shown.word()])?, at))
    }
}

/// Bytes of a string literal in front of its end or its first escape or control character, eight at a time.
fn plain_len(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The lowest byte with its top bit set is the first byte of `word` that is below `n`: borrows only go up.
    let below = |word: u64, n: u8| word.wrapping_sub(u64::from(n) * ONES) & !word & (0x80 * ONES);
    let (words, rest) = text.as_chunks::<8>();
    for (i, &word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(word);
        let quote = below(word ^ (u64::from(b'"') * ONES), 1);
        let escape = below(word ^ (u64::from(b'\\') * ONES), 1);
        let found = quote | escape | below(word, 0x20);
        if found != 0 {
            return i * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let end = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(rest.len());
    words.len() * 8 + end
}

fn digits(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// The rest of a string literal from behind its quote: bytes and the index behind the closing quote, or a
/// message and the byte index that it is about.
fn read_string(text: &[u8], start: usize, strict: bool) -> Result<(Vec<u8>, usize), (String, usize)> {
    let unterminated = || ("Unterminated string starting at".to_owned(), start - 1);
    let mut out = Vec::new();
    let mut at = start;
    loop {
        match text.get(at) {
            None => return Err(unterminated()),
            Some(b'"') => return Ok((out, at + 1)),
            Some(b'\\') => {
                let (c, end) = read_escape(text, at, unterminated)?;
                wtf8::push(&mut out, c);
                at = end;
            }
            Some(&b) if b < 0x20 && strict => return Err(("Invalid control character at".to_owned(), at)),
            Some(&b) => {
                out.push(b);
                at += 1;
            }
        }
    }
}

/// The character of an escape at `at`, and the index behind it.
fn read_escape(
    text: &[u8],
    at: usize,
    unterminated: impl Fn() -> (String, usize),
) -> Result<(u32, usize), (String, usize)> {
    let Some(&code) = text.get(at + 1) else { return Err(unterminated()) };
    let plain = match code {
        b'"' | b'\\' | b'/' => code,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let unit = hex_unit(text, at + 2).ok_or(("Invalid \\uXXXX escape".to_owned(), at + 1))?;
            if (0xd800..0xdc00).contains(&unit)
                && text.get(at + 6..at + 8) == Some(b"\\u")
                && let Some(low @ 0xdc00..0xe000) = hex_unit(text, at + 8)
            {
                return Ok((0x1_0000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), at + 12));
            }
            return Ok((unit, at + 6));
        }
        _ => return Err(("Invalid \\escape".to_owned(), at)),
    };
    Ok((u32::from(plain), at + 2))
}

fn hex_unit(text: &[u8], at: usize) -> Option<u32> {
    let part = text.get(at..at + 4)?;
    part.iter().try_fold(0, |acc, &b| Some(acc << 4 | char::from(b).to_digit(16)?))
}

/// `scanstring(string, end, strict=True)`: text and the index behind the closing quote.
pub fn scan_string_function(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if !rt.is_str(a[0]) {
        let name = rt.type_name(a[0]);
        return Err(rt.type_error(format!("first argument must be a string, not {name}")));
    }
    let start = rt.to_i64(a[1], "ssize_t")?;
    let strict = a[2].is_unbound() || rt.truth(a[2])?;
    let text = str_bytes(a[0]);
    let Some(start) = usize::try_from(start).ok().filter(|&s| s <= crate::api::str_char_len(a[0])) else {
        return Err(rt.value_error("end is out of bounds"));
    };
    let count = |at: usize| wtf8::char_count(&text[..at]);
    match read_string(text, wtf8::byte_offset(text, start), strict) {
        Ok((bytes, end)) => {
            let made = rt.new_str_wtf8(&bytes);
            Ok(rt.new_tuple(vec![made, Owned::small(count(end) as i64)]))
        }
        Err((message, at)) => Err(decode_error(rt, &message, a[0], count(at))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_ends_at_quotes_escapes_and_controls() {
        for len in 0..30 {
            for b in 0..=255u8 {
                let mut text = vec![b'a'; len];
                text.push(b);
                text.extend_from_slice("é!# []\x7f~ and more\"".as_bytes());
                let first = text.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20);
                assert_eq!(plain_len(&text), first.unwrap(), "{len} {b}");
                assert_eq!(plain_len(&text[..len]), len);
            }
        }
    }
}
