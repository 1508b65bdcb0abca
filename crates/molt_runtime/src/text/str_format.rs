//! `str.format`, `str.format_map` and the parsing of replacement fields.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::Word;

use super::str_object::make;
use super::wtf8;
use crate::api::{str_bytes, tuple_items};
use crate::{Isolate, Owned, PyResult};

/// One piece of a format string: literal text, then perhaps a field.
pub struct Piece<'a> {
    pub literal: Vec<u8>,
    pub field: Option<Field<'a>>,
}

/// A replacement field `{name!conversion:spec}`.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub spec: &'a [u8],
    pub conversion: Option<u32>,
}

/// Splits a format string into pieces; the error is the text of a ValueError.
pub fn parse(text: &[u8]) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let Some(next) = memchr::memchr2(b'{', b'}', &text[at..]) else {
            literal.extend_from_slice(&text[at..]);
            break;
        };
        literal.extend_from_slice(&text[at..at + next]);
        at += next;
        let brace = text[at];
        if text.get(at + 1) == Some(&brace) {
            literal.push(brace);
            at += 2;
            continue;
        }
        if brace == b'}' {
            return Err("Single '}' encountered in format string".to_owned());
        }
        at += 1;
        if at == text.len() {
            return Err("Single '{' encountered in format string".to_owned());
        }
        let end = field_end(text, at)?;
        let field = parse_field(&text[at..end])?;
        pieces.push(Piece { literal: core::mem::take(&mut literal), field: Some(field) });
        at = end + 1;
    }
    if !literal.is_empty() {
        pieces.push(Piece { literal, field: None });
    }
    Ok(pieces)
}

/// Position of the brace that closes the field starting at `start`. Inside `[…]` of the name, braces
/// do not count.
fn field_end(text: &[u8], start: usize) -> Result<usize, String> {
    let (mut depth, mut in_brackets, mut in_name) = (1usize, false, true);
    for (i, &b) in text.iter().enumerate().skip(start) {
        match b {
            b'[' if in_name => in_brackets = true,
            b']' if in_name => in_brackets = false,
            b':' | b'!' if !in_brackets && depth == 1 => in_name = false,
            b'{' if !in_brackets => {
                if in_name {
                    return Err("unexpected '{' in field name".to_owned());
                }
                depth += 1;
            }
            b'}' if !in_brackets => {
                depth -= 1;
                if depth == 0 {
                    return Ok(i);
                }
            }
            _ => {}
        }
    }
    Err("expected '}' before end of string".to_owned())
}

fn parse_field(body: &[u8]) -> Result<Field<'_>, String> {
    let mut in_brackets = false;
    let split = body.iter().position(|&b| {
        match b {
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            _ => {}
        }
        !in_brackets && (b == b':' || b == b'!')
    });
    let Some(split) = split else { return Ok(Field { name: body, spec: b"", conversion: None }) };
    let (name, rest) = (&body[..split], &body[split + 1..]);
    if body[split] == b':' {
        return Ok(Field { name, spec: rest, conversion: None });
    }
    let Some((conversion, len)) = wtf8::decode_first(rest) else {
        return Err("unmatched '{' in format spec".to_owned());
    };
    match &rest[len..] {
        [] => Ok(Field { name, spec: b"", conversion: Some(conversion) }),
        [b':', spec @ ..] => Ok(Field { name, spec, conversion: Some(conversion) }),
        _ => Err("expected ':' after conversion specifier".to_owned()),
    }
}

/// Step from an object to a part of it.
pub enum Access<'a> {
    Attribute(&'a [u8]),
    Item(&'a [u8]),
}

/// First part of a field name, and the accesses that follow.
pub fn split_name(name: &[u8]) -> Result<(&[u8], Vec<Access<'_>>), String> {
    let first = name.iter().position(|b| matches!(b, b'.' | b'[')).unwrap_or(name.len());
    let (head, mut rest) = name.split_at(first);
    let mut steps = Vec::new();
    while let Some((&mark, tail)) = rest.split_first() {
        let step = if mark == b'.' {
            let end = tail.iter().position(|b| matches!(b, b'.' | b'[')).unwrap_or(tail.len());
            rest = &tail[end..];
            Access::Attribute(&tail[..end])
        } else if mark == b'[' {
            let Some(end) = memchr::memchr(b']', tail) else { return Err("Missing ']' in format string".to_owned()) };
            rest = &tail[end + 1..];
            Access::Item(&tail[..end])
        } else {
            return Err("Only '.' or '[' may follow ']' in format field specifier".to_owned());
        };
        let (Access::Attribute(text) | Access::Item(text)) = &step;
        if text.is_empty() {
            return Err("Empty attribute in format string".to_owned());
        }
        steps.push(step);
    }
    Ok((head, steps))
}

/// Index that a field name or subscript stands for; `None` for other text.
pub fn index_of(text: &[u8]) -> Result<Option<i64>, String> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    match core::str::from_utf8(text).ok().and_then(|t| t.parse().ok()) {
        Some(i) => Ok(Some(i)),
        None => Err("Too many decimal digits in format string".to_owned()),
    }
}

/// Numbering of fields: none yet, `{}` or `{0}`.
#[derive(Clone, Copy, PartialEq)]
enum Numbering {
    Open,
    Automatic(i64),
    Manual,
}

struct Formatter<'a> {
    args: &'a [Word],
    /// Mapping for names; `UNBOUND` when none was given.
    names: Word,
    /// `format_map` has no positional arguments.
    map_only: bool,
    numbering: Numbering,
}

/// `str.format(*args, **kwargs)`.
pub fn format(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let args = tuple_items(a[1]);
    let mut f = Formatter { args, names: a[2], map_only: false, numbering: Numbering::Open };
    f.run(rt, str_bytes(a[0]))
}

/// `str.format_map(mapping)`.
pub fn format_map(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let mut f = Formatter { args: &[], names: a[1], map_only: true, numbering: Numbering::Open };
    f.run(rt, str_bytes(a[0]))
}

impl Formatter<'_> {
    fn run(&mut self, rt: &mut Isolate, text: &[u8]) -> PyResult {
        let mut out = Vec::with_capacity(text.len() + 16);
        self.expand(rt, text, 2, &mut out)?;
        Ok(make(rt, &out, false))
    }

    fn expand(&mut self, rt: &mut Isolate, text: &[u8], depth: u32, out: &mut Vec<u8>) -> PyResult<()> {
        if depth == 0 {
            return Err(rt.value_error("Max string recursion exceeded"));
        }
        let pieces = parse(text).map_err(|e| rt.value_error(e))?;
        for piece in pieces {
            out.extend_from_slice(&piece.literal);
            let Some(field) = piece.field else { continue };
            let value = self.value_of(rt, field.name)?;
            let value = converted(rt, value, field.conversion)?;
            let spec = if memchr::memchr2(b'{', b'}', field.spec).is_some() {
                let mut expanded = Vec::new();
                self.expand(rt, field.spec, depth - 1, &mut expanded)?;
                rt.new_str_wtf8(&expanded)
            } else {
                rt.new_str_wtf8(field.spec)
            };
            let text = rt.format(value.word(), spec.word())?;
            out.extend_from_slice(str_bytes(text.word()));
        }
        Ok(())
    }

    fn value_of(&mut self, rt: &mut Isolate, name: &[u8]) -> PyResult {
        let (head, steps) = split_name(name).map_err(|e| rt.value_error(e))?;
        let mut value = self.argument(rt, head)?;
        for step in steps {
            value = match step {
                Access::Attribute(name) => {
                    let name = rt.new_str_wtf8(name);
                    rt.get_attr(value.word(), name.word())?
                }
                Access::Item(text) => {
                    let index = index_of(text).map_err(|e| rt.value_error(e))?;
                    let key = match index {
                        Some(i) => rt.new_int(i),
                        None => rt.new_str_wtf8(text),
                    };
                    rt.getitem(value.word(), key.word())?
                }
            };
        }
        Ok(value)
    }

    fn argument(&mut self, rt: &mut Isolate, head: &[u8]) -> PyResult {
        let index = if head.is_empty() {
            Some(self.next_automatic(rt)?)
        } else {
            let index = index_of(head).map_err(|e| rt.value_error(e))?;
            if index.is_some() {
                if matches!(self.numbering, Numbering::Automatic(_)) {
                    return Err(
                        rt.value_error("cannot switch from automatic field numbering to manual field specification")
                    );
                }
                self.numbering = Numbering::Manual;
            }
            index
        };
        let Some(index) = index else { return self.named(rt, head) };
        if self.map_only {
            return Err(rt.value_error("Format string contains positional fields"));
        }
        match self.args.get(index as usize) {
            Some(&w) => Ok(Owned::share(w)),
            None => Err(rt.index_error(format!("Replacement index {index} out of range for positional args tuple"))),
        }
    }

    fn next_automatic(&mut self, rt: &mut Isolate) -> PyResult<i64> {
        let index = match self.numbering {
            Numbering::Manual => {
                return Err(
                    rt.value_error("cannot switch from manual field specification to automatic field numbering")
                );
            }
            Numbering::Open => 0,
            Numbering::Automatic(n) => n,
        };
        self.numbering = Numbering::Automatic(index + 1);
        Ok(index)
    }

    fn named(&self, rt: &mut Isolate, head: &[u8]) -> PyResult {
        let key = rt.new_str_wtf8(head);
        if self.names.is_unbound() {
            return Err(rt.key_error(key.word()));
        }
        rt.getitem(self.names, key.word())
    }
}

fn converted(rt: &mut Isolate, value: Owned, conversion: Option<u32>) -> PyResult {
    let Some(c) = conversion else { return Ok(value) };
    match char::from_u32(c) {
        Some('r') => rt.repr(value.word()),
        Some('s') => rt.str(value.word()),
        Some('a') => rt.ascii(value.word()),
        Some(c) if c > ' ' && c < '\x7f' => Err(rt.value_error(format!("Unknown conversion specifier {c}"))),
        _ => Err(rt.value_error(format!("Unknown conversion specifier \\x{c:x}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_as_cpython_finds_them() {
        let pieces = parse(b"a{{b}}{0.x[k]!r:>{1}}c").map_err(|e| panic!("{e}")).unwrap();
        assert_eq!(pieces[0].literal, b"a{b}");
        let field = pieces[0].field.unwrap();
        assert_eq!((field.name, field.spec, field.conversion), (&b"0.x[k]"[..], &b">{1}"[..], Some(0x72)));
        assert_eq!(pieces[1].literal, b"c");
        for (text, error) in [
            ("{", "Single '{' encountered in format string"),
            ("}", "Single '}' encountered in format string"),
            ("{0", "expected '}' before end of string"),
            ("{0!}", "unmatched '{' in format spec"),
            ("{0!rr}", "expected ':' after conversion specifier"),
            ("{0[}", "expected '}' before end of string"),
        ] {
            assert_eq!(parse(text.as_bytes()).err().as_deref(), Some(error), "{text}");
        }
    }
}
