//! `json-parse` and `json-stringify` (RFC 8259).

use alloc::format;
use alloc::vec::Vec;

use molt_abi::{ClassId, Ret, Word};

use super::super::error::error_field;
use super::super::kind::kind_of;
use super::super::parts::{self, Parts};
use super::super::{ErrorKind, Kind, list, map, print, symbol, tagged};
use super::reading::DEEPEST;
use super::strings::text;
use super::{expect, expect_index, malformed_at, wrong_type};
use crate::api::str_bytes;
use crate::entry::{entries, ret};
use crate::modules::json::encode::write_string;
use crate::num::float_text;
use crate::num::int;
use crate::num::int_text::{Parsed, parse_ascii};
use crate::text::wtf8;
use crate::{Isolate, Owned, PyResult, Raised};

// ---- reading ---------------------------------------------------------------------------------

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// Keys become keywords.
    has_keywords: bool,
}

/// The option `:keywords` makes keywords of the keys.
fn parse(rt: &mut Isolate, s: Word, options: Word) -> PyResult {
    let text = text(rt, s, "json-parse")?;
    let has_keywords = match option(rt, options, "keywords", "json-parse")? {
        Some(w) => expect(rt, w, Kind::Bool, "json-parse")? == Word::TRUE,
        None => false,
    };
    let mut reader = Reader { text, at: 0, depth: 0, has_keywords };
    let value = reader.value(rt)?;
    match reader.next() {
        None => Ok(value),
        Some(_) => Err(reader.fault(rt, reader.at, "the text goes on after the value")),
    }
}

impl Reader<'_> {
    #[cold]
    fn fault(&self, rt: &mut Isolate, at: usize, message: &str) -> Raised {
        malformed_at(rt, self.text, at, &format!("json-parse: {message}"))
    }

    /// The byte that comes after blanks.
    fn next(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn value(&mut self, rt: &mut Isolate) -> PyResult {
        match self.next() {
            Some(b'{') => self.nested(rt, Self::object),
            Some(b'[') => self.nested(rt, Self::array),
            Some(b'"') => self.string(rt),
            Some(b'-' | b'0'..=b'9') => self.number(rt),
            Some(_) => self.constant(rt),
            None => Err(self.fault(rt, self.at, "the text ends where a value is expected")),
        }
    }

    fn nested(&mut self, rt: &mut Isolate, read: fn(&mut Self, &mut Isolate) -> PyResult) -> PyResult {
        if self.depth == DEEPEST {
            let message = format!("json-parse: nesting is deeper than {DEEPEST}");
            return Err(rt.raise_claude(ErrorKind::Limit, message, Word::NONE));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self, rt);
        self.depth -= 1;
        value
    }

    fn constant(&mut self, rt: &mut Isolate) -> PyResult {
        for (word, value) in [("true", Word::TRUE), ("false", Word::FALSE), ("null", Word::NONE)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(Owned::share(value));
            }
        }
        Err(self.fault(rt, self.at, "a value is expected here"))
    }

    fn array(&mut self, rt: &mut Isolate) -> PyResult {
        let mut items = Vec::new();
        if self.next() == Some(b']') {
            self.at += 1;
            return Ok(list::empty(rt));
        }
        loop {
            items.push(self.value(rt)?);
            if self.ends(rt, b']', "`,` or `]` is expected here")? {
                return Ok(list::from_vec(rt, items));
            }
        }
    }

    /// Goes over a comma, or over the bracket that ends what is open: true.
    fn ends(&mut self, rt: &mut Isolate, close: u8, expected: &str) -> PyResult<bool> {
        match self.next() {
            Some(b) if b == b',' || b == close => {
                self.at += 1;
                Ok(b == close)
            }
            _ => Err(self.fault(rt, self.at, expected)),
        }
    }

    fn object(&mut self, rt: &mut Isolate) -> PyResult {
        let mut object = map::empty(rt);
        if self.next() == Some(b'}') {
            self.at += 1;
            return Ok(object);
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(self.fault(rt, self.at, "a key in quotes is expected here"));
            }
            let key = self.string(rt)?;
            if self.next() != Some(b':') {
                return Err(self.fault(rt, self.at, "`:` is expected here"));
            }
            self.at += 1;
            let value = self.value(rt)?;
            let key = if self.has_keywords { rt.symbol_of(ClassId::KEYWORD, key.word()) } else { key.word() };
            object = map::set(rt, object, key, value)?;
            if self.ends(rt, b'}', "`,` or `}` is expected here")? {
                return Ok(object);
            }
        }
    }

    fn string(&mut self, rt: &mut Isolate) -> PyResult {
        let start = self.at;
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let plain = self.text[self.at..].iter().take_while(|&&b| b >= 0x20 && b != b'"' && b != b'\\').count();
            out.extend_from_slice(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(rt.new_str_wtf8(&out));
                }
                Some(b'\\') => {
                    let at = self.at;
                    let Some(c) = self.escape() else { return Err(self.fault(rt, at, "unknown escape")) };
                    wtf8::push(&mut out, c);
                }
                Some(_) => return Err(self.fault(rt, self.at, "a control character in a string is escaped")),
                None => return Err(self.fault(rt, start, "this string has no end")),
            }
        }
    }

    /// The character of an escape; of a surrogate only where a pair makes one.
    fn escape(&mut self) -> Option<u32> {
        let letter = *self.text.get(self.at + 1)?;
        self.at += 2;
        match letter {
            b'"' | b'\\' | b'/' => Some(u32::from(letter)),
            b'b' => Some(8),
            b'f' => Some(12),
            b'n' => Some(10),
            b'r' => Some(13),
            b't' => Some(9),
            b'u' => {
                let unit = self.unit()?;
                if !(0xd800..0xe000).contains(&unit) {
                    return Some(unit);
                }
                let is_pair = unit < 0xdc00 && self.text[self.at..].starts_with(b"\\u");
                self.at += 2;
                let low = self.unit().filter(|low| is_pair && (0xdc00..0xe000).contains(low))?;
                Some(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
            }
            _ => None,
        }
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |v, &b| Some(v << 4 | (b as char).to_digit(16)?))
    }

    fn number(&mut self, rt: &mut Isolate) -> PyResult {
        let start = self.at;
        let is_part = |b: &&u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        self.at += self.text[start..].iter().take_while(is_part).count();
        let run = &self.text[start..self.at];
        let value = match shape(run) {
            Some(true) => match parse_ascii(run, 10, 0) {
                Ok(Parsed::Small(v)) => Some(int::from_i64(rt, v)),
                Ok(Parsed::Big(v)) => Some(int::new(rt, v)),
                Err(_) => None,
            },
            Some(false) => float_text::parse(run).map(|v| rt.new_float(v)),
            None => None,
        };
        value.ok_or_else(|| self.fault(rt, start, "this is no number"))
    }
}

/// Whether a run is an integer (true) or has a point or exponent; `None` where it is no number.
fn shape(run: &[u8]) -> Option<bool> {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = run.strip_prefix(b"-").unwrap_or(run);
    let whole = digits(rest);
    if whole == 0 || whole > 1 && rest[0] == b'0' {
        return None;
    }
    let mut rest = &rest[whole..];
    let is_int = rest.is_empty();
    if let [b'.', fraction @ ..] = rest {
        let count = digits(fraction);
        rest = &fraction[count..];
        if count == 0 {
            return None;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let count = digits(exponent);
        rest = &exponent[count..];
        if count == 0 {
            return None;
        }
    }
    rest.is_empty().then_some(is_int)
}

// ---- writing ---------------------------------------------------------------------------------

/// A collection whose elements are being written.
struct Open {
    parts: Parts,
    close: u8,
    is_empty: bool,
    /// The next part is the value of a key.
    has_key: bool,
}

struct Writer {
    out: Vec<u8>,
    open: Vec<Open>,
    /// Blanks a level; none for one line.
    indent: Option<usize>,
    /// Maps that were made for values that have no form of their own.
    made: Vec<Owned>,
}

/// The text of a value. Without `indent` it has no blanks.
pub(super) fn stringify(rt: &mut Isolate, value: Word, indent: Option<usize>) -> PyResult<Vec<u8>> {
    let mut w = Writer { out: Vec::new(), open: Vec::new(), indent, made: Vec::new() };
    w.value(rt, value)?;
    while let Some(top) = w.open.last_mut() {
        let Some(part) = top.parts.next() else {
            w.close();
            continue;
        };
        if core::mem::take(&mut top.has_key) {
            w.value(rt, part)?;
            continue;
        }
        let is_object = top.close == b'}';
        if !core::mem::take(&mut top.is_empty) {
            w.out.push(b',');
        }
        w.new_line();
        if is_object { w.key(rt, part)? } else { w.value(rt, part)? }
    }
    Ok(w.out)
}

impl Writer {
    fn new_line(&mut self) {
        if let Some(width) = self.indent {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + width * self.open.len(), b' ');
        }
    }

    fn close(&mut self) {
        let done = self.open.pop().expect("one was looked at");
        if !done.is_empty {
            self.new_line();
        }
        self.out.push(done.close);
    }

    fn open(&mut self, rt: &Isolate, w: Word, kind: Kind) {
        let is_object = kind == Kind::Map;
        self.out.push(if is_object { b'{' } else { b'[' });
        let parts = parts::of(rt, w, kind).expect("collections have parts");
        self.open.push(Open { parts, close: if is_object { b'}' } else { b']' }, is_empty: true, has_key: false });
    }

    fn value(&mut self, rt: &mut Isolate, w: Word) -> PyResult<()> {
        let kind = kind_of(rt, w);
        match kind {
            Kind::Nil => self.out.extend_from_slice(b"null"),
            Kind::Bool | Kind::Int => print::write(rt, &mut self.out, w)?,
            Kind::Float if crate::num::float::of_float(w).is_finite() => print::write(rt, &mut self.out, w)?,
            Kind::String => write_string(&mut self.out, str_bytes(w), false),
            Kind::Symbol | Kind::Keyword => write_string(&mut self.out, str_bytes(symbol::name_of(w)), false),
            Kind::List | Kind::Tuple | Kind::Set | Kind::Map => self.open(rt, w, kind),
            Kind::Tagged => {
                let name = tagged::name(rt, rt.class_of(w));
                let values = list::from_words(rt, tagged::fields(rt, w));
                self.record(rt, &[("tag", name), ("values", values.word())])?;
            }
            Kind::Error => {
                let fields = [error_field(rt, w, "type")?, error_field(rt, w, "message")?, error_field(rt, w, "data")?];
                let [kind, message, data] = fields.each_ref().map(Owned::word);
                self.record(rt, &[("type", kind), ("message", message), ("data", data)])?;
            }
            _ => return Err(wrong_type(rt, "json-stringify", "a value that JSON has a form for", w)),
        }
        Ok(())
    }

    /// A value that is written as an object with these fields.
    fn record(&mut self, rt: &mut Isolate, fields: &[(&str, Word)]) -> PyResult<()> {
        let words: Vec<Word> = fields.iter().flat_map(|&(name, value)| [rt.intern(name), value]).collect();
        let made = map::from_words(rt, &words)?;
        self.open(rt, made.word(), Kind::Map);
        self.made.push(made);
        Ok(())
    }

    /// A key, which is text in JSON: that of numbers and constants is what they print as.
    fn key(&mut self, rt: &mut Isolate, w: Word) -> PyResult<()> {
        match kind_of(rt, w) {
            Kind::String => write_string(&mut self.out, str_bytes(w), false),
            Kind::Symbol | Kind::Keyword => write_string(&mut self.out, str_bytes(symbol::name_of(w)), false),
            Kind::Int | Kind::Float | Kind::Bool | Kind::Nil => {
                let text = print::to_string(rt, w)?;
                write_string(&mut self.out, str_bytes(text.word()), false);
            }
            _ => return Err(wrong_type(rt, "json-stringify", "a string as key", w)),
        }
        self.out.push(b':');
        if self.indent.is_some() {
            self.out.push(b' ');
        }
        self.open.last_mut().expect("a key is in a map").has_key = true;
        Ok(())
    }
}

/// A field of a map of options that may be absent; nil is as good as none.
fn option(rt: &mut Isolate, options: Word, name: &str, function: &str) -> PyResult<Option<Word>> {
    if options.is_unbound() || options.is_none() {
        return Ok(None);
    }
    let options = expect(rt, options, Kind::Map, function)?;
    let key = rt.keyword(name);
    Ok(map::get(rt, options, key)?.filter(|w| !w.is_none()))
}

/// Blanks a level that the options ask for.
fn indent_of(rt: &mut Isolate, options: Word) -> PyResult<Option<usize>> {
    let Some(width) = option(rt, options, "indent", "json-stringify")? else { return Ok(None) };
    match expect_index(rt, width, "json-stringify")? {
        0 => Ok(None),
        width @ 1..=100 => Ok(Some(width as usize)),
        _ => Err(wrong_type(rt, "json-stringify", "an indent from 0 to 100", width)),
    }
}

fn stringify_value(rt: &mut Isolate, value: Word, options: Word) -> PyResult {
    let indent = indent_of(rt, options)?;
    let text = stringify(rt, value, indent)?;
    Ok(rt.new_str_wtf8(&text))
}

entries! {
    cl_json_parse(rt, s: Word, options: Word) -> Ret { ret(parse(rt, s, options)) }
    cl_json_stringify(rt, value: Word, options: Word) -> Ret { ret(stringify_value(rt, value, options)) }
}
