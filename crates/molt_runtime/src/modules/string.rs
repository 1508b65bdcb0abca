//! The module `_string`: the parsing that `string.Formatter` shares with `str.format`.
//!
//! Both functions give lazy iterators: an error in a later part of the text is raised when the iteration
//! gets there, after the parts before it. An escaped brace ends a part.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use molt_abi::Word;

use crate::api::{native, str_bytes};
use crate::iter::{self_iter, self_next};
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::text::{unicode, wtf8};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_string, "_string", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[
    def("formatter_parser", "($module, string, /)", |rt, a| {
        text_arg(rt, a[0])?;
        Ok(new_iterator(rt, &PARTS, a[0], 0))
    }),
    def("formatter_field_name_split", "($module, field_name, /)", |rt, a| {
        let name = text_arg(rt, a[0])?;
        let end = name.iter().position(|b| matches!(b, b'.' | b'[')).unwrap_or(name.len());
        let first = index_or_text(rt, &name[..end])?;
        let rest = new_iterator(rt, &STEPS, a[0], end);
        Ok(rt.new_tuple(vec![first, rest]))
    }),
];

fn text_arg<'a>(rt: &mut Isolate, w: Word) -> PyResult<&'a [u8]> {
    if rt.is_str(w) {
        return Ok(str_bytes(w));
    }
    let name = rt.type_name(w);
    Err(rt.type_error(format!("expected str, got {name}")))
}

/// Position in a text that is read part by part.
struct Cursor {
    text: Owned,
    at: usize,
}

impl NativeData for Cursor {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.text.word());
    }
}

static PARTS: ClassSpec = ClassSpec::new("builtins", "formatteriterator")
    .methods(ITERATOR)
    .next(|rt, this| step(rt, this, next_part))
    .flags(ClassSpec::NO_NEW);

static STEPS: ClassSpec = ClassSpec::new("builtins", "fieldnameiterator")
    .methods(ITERATOR)
    .next(|rt, this| step(rt, this, next_access))
    .flags(ClassSpec::NO_NEW);

static ITERATOR: &[NativeDef] = &[def("__iter__", "($self, /)", self_iter), def("__next__", "($self, /)", self_next)];

fn new_iterator(rt: &mut Isolate, spec: &'static ClassSpec, text: Word, at: usize) -> Owned {
    let class = rt.class_for(spec);
    rt.new_native(class, Box::new(Cursor { text: Owned::share(text), at }))
}

/// Reads a row at `*at`, which is not the end of the text, and moves it behind what was read.
type ReadRow = fn(rt: &mut Isolate, text: &[u8], at: &mut usize) -> PyResult;

fn step(rt: &mut Isolate, this: Word, read: ReadRow) -> PyResult<Option<Owned>> {
    let (text, mut at) = (native::<Cursor>(this).text.clone(), native::<Cursor>(this).at);
    let bytes = str_bytes(text.word());
    if at >= bytes.len() {
        return Ok(None);
    }
    let row = read(rt, bytes, &mut at);
    native::<Cursor>(this).at = at;
    row.map(Some)
}

/// `(literal, field name, format spec, conversion)`; the last three are None without a field.
fn next_part(rt: &mut Isolate, text: &[u8], at: &mut usize) -> PyResult {
    let (literal, has_field) = literal(text, at).map_err(|message| rt.value_error(message))?;
    let literal = rt.new_str_wtf8(literal);
    if !has_field {
        return Ok(rt.new_tuple(vec![literal, Owned::NONE, Owned::NONE, Owned::NONE]));
    }
    let field = Field::read(text, at).map_err(|message| rt.value_error(message))?;
    let (name, spec) = (rt.new_str_wtf8(field.name), rt.new_str_wtf8(field.spec));
    let conversion = if field.conversion.is_empty() { Owned::NONE } else { rt.new_str_wtf8(field.conversion) };
    Ok(rt.new_tuple(vec![literal, name, spec, conversion]))
}

/// Literal text up to a field, whose brace is read too, or up to and with an escaped brace; and whether a
/// field follows.
fn literal<'a>(text: &'a [u8], at: &mut usize) -> Result<(&'a [u8], bool), &'static str> {
    let start = *at;
    let Some(length) = memchr::memchr2(b'{', b'}', &text[start..]) else {
        *at = text.len();
        return Ok((&text[start..], false));
    };
    let brace = start + length;
    *at = brace + 1;
    match (text[brace], text.get(brace + 1)) {
        (b, Some(&next)) if b == next => {
            *at += 1;
            Ok((&text[start..=brace], false))
        }
        (b'}', _) => Err("Single '}' encountered in format string"),
        (_, None) => Err("Single '{' encountered in format string"),
        _ => Ok((&text[start..brace], true)),
    }
}

/// A replacement field. The conversion is one character, or empty when there is none.
struct Field<'a> {
    name: &'a [u8],
    spec: &'a [u8],
    conversion: &'a [u8],
}

impl<'a> Field<'a> {
    /// Reads the field whose brace ends before `*at`, with the brace that closes it.
    fn read(text: &'a [u8], at: &mut usize) -> Result<Field<'a>, &'static str> {
        let start = *at;
        let mark = name_end(text, at)?;
        let mut field = Field { name: &text[start..*at - usize::from(mark.is_some())], spec: b"", conversion: b"" };
        match mark {
            Some(b'}') => return Ok(field),
            None => return Err("expected '}' before end of string"),
            Some(b'!') => {
                let Some((_, length)) = wtf8::decode_first(&text[*at..]) else {
                    return Err("end of string while looking for conversion specifier");
                };
                field.conversion = &text[*at..*at + length];
                *at += length;
                match text.get(*at) {
                    None => {}
                    Some(b'}') => {
                        *at += 1;
                        return Ok(field);
                    }
                    Some(b':') => *at += 1,
                    Some(_) => return Err("expected ':' after conversion specifier"),
                }
            }
            Some(_) => {}
        }
        field.spec = spec(text, at)?;
        Ok(field)
    }
}

/// Moves behind the mark that ends a field name, and returns the mark; `None` at the end of the text. A
/// subscript may contain marks.
fn name_end(text: &[u8], at: &mut usize) -> Result<Option<u8>, &'static str> {
    while let Some(&b) = text.get(*at) {
        *at += 1;
        match b {
            b'{' => return Err("unexpected '{' in field name"),
            b'[' => *at += memchr::memchr(b']', &text[*at..]).unwrap_or(text.len() - *at),
            b'}' | b':' | b'!' => return Ok(Some(b)),
            _ => {}
        }
    }
    Ok(None)
}

/// The format spec at `*at`, which may contain fields; the closing brace is read too.
fn spec<'a>(text: &'a [u8], at: &mut usize) -> Result<&'a [u8], &'static str> {
    let start = *at;
    let mut depth = 1;
    while let Some(&b) = text.get(*at) {
        *at += 1;
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(&text[start..*at - 1]);
        }
    }
    Err("unmatched '{' in format spec")
}

/// `(is attribute, name or index)`.
fn next_access(rt: &mut Isolate, text: &[u8], at: &mut usize) -> PyResult {
    let mark = text[*at];
    *at += 1;
    let rest = &text[*at..];
    let is_attribute = mark == b'.';
    let length = if is_attribute {
        let length = rest.iter().position(|b| matches!(b, b'.' | b'[')).unwrap_or(rest.len());
        *at += length;
        length
    } else if mark == b'[' {
        let Some(length) = memchr::memchr(b']', rest) else {
            *at = text.len();
            return Err(rt.value_error("Missing ']' in format string"));
        };
        *at += length + 1;
        length
    } else {
        return Err(rt.value_error("Only '.' or '[' may follow ']' in format field specifier"));
    };
    let name = &rest[..length];
    if name.is_empty() {
        return Err(rt.value_error("Empty attribute in format string"));
    }
    let name = if is_attribute { rt.new_str_wtf8(name) } else { index_or_text(rt, name)? };
    Ok(rt.new_tuple(vec![Owned::from_bool(is_attribute), name]))
}

/// A number where the text consists of decimal digits, of any script, else the text.
fn index_or_text(rt: &mut Isolate, text: &[u8]) -> PyResult {
    let mut index = (!text.is_empty()).then_some(0i64);
    for c in wtf8::chars(text) {
        let (Some(value), Some(digit)) = (index, unicode::decimal_value(c)) else {
            index = None;
            break;
        };
        index = value.checked_mul(10).and_then(|v| v.checked_add(i64::from(digit)));
        if index.is_none() {
            return Err(rt.value_error("Too many decimal digits in format string"));
        }
    }
    Ok(match index {
        Some(i) => rt.new_int(i),
        None => rt.new_str_wtf8(text),
    })
}
