//! The module `_string`: the parsing that `string.Formatter` shares with `str.format`.

use molt_abi::Word;

use crate::api::str_bytes;
use crate::native::{NativeDef, def};
use crate::text::str_format::{Access, index_of, parse, split_name};
use crate::text::wtf8;
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_string, "_string", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[
    def("formatter_parser", "($module, string, /)", formatter_parser),
    def("formatter_field_name_split", "($module, field_name, /)", field_name_split),
];

fn text_arg<'a>(rt: &mut Isolate, w: Word) -> PyResult<&'a [u8]> {
    if rt.is_str(w) {
        return Ok(str_bytes(w));
    }
    let name = rt.type_name(w);
    Err(rt.type_error(format!("expected str, got {name}")))
}

/// Iterator over `(literal, field name, format spec, conversion)`.
fn formatter_parser(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let text = text_arg(rt, a[0])?;
    let pieces = parse(text).map_err(|message| rt.value_error(message))?;
    let mut rows = Vec::new();
    for piece in pieces {
        let literal = rt.new_str_wtf8(&piece.literal);
        let row = match piece.field {
            None => vec![literal, Owned::NONE, Owned::NONE, Owned::NONE],
            Some(field) => {
                let (name, spec) = (rt.new_str_wtf8(field.name), rt.new_str_wtf8(field.spec));
                let conversion = match field.conversion {
                    Some(c) => {
                        let mut bytes = Vec::new();
                        wtf8::push(&mut bytes, c);
                        rt.new_str_wtf8(&bytes)
                    }
                    None => Owned::NONE,
                };
                vec![literal, name, spec, conversion]
            }
        };
        rows.push(rt.new_tuple(row));
    }
    let rows = rt.new_list(rows);
    rt.iter(rows.word())
}

/// A number where the text is one, else the text.
fn index_or_text(rt: &mut Isolate, text: &[u8]) -> PyResult {
    match index_of(text).map_err(|message| rt.value_error(message))? {
        Some(i) => Ok(rt.new_int(i)),
        None => Ok(rt.new_str_wtf8(text)),
    }
}

/// First part of a field name and an iterator over `(is attribute, name or index)`.
fn field_name_split(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let text = text_arg(rt, a[0])?;
    let (first, steps) = split_name(text).map_err(|message| rt.value_error(message))?;
    let first = index_or_text(rt, first)?;
    let mut rows = Vec::new();
    for step in steps {
        let row = match step {
            Access::Attribute(name) => vec![Owned::from_bool(true), rt.new_str_wtf8(name)],
            Access::Item(text) => vec![Owned::from_bool(false), index_or_text(rt, text)?],
        };
        rows.push(rt.new_tuple(row));
    }
    let rows = rt.new_list(rows);
    let rows = rt.iter(rows.word())?;
    Ok(rt.new_tuple(vec![first, rows]))
}
