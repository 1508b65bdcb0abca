//! The classes of ClaudeLang's values, and what Python sees of them.

use alloc::format;

use molt_abi::{ClassId, Word};

use super::error::{self, FIELDS};
use super::{list, symbol};
use crate::api::str_text;
use crate::native::{BaseRef, ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::ops::wrap_index;
use crate::{Isolate, Owned, PyResult};

/// Every class, bases before derived ones.
pub(super) const SPECS: &[&ClassSpec] = &[&SYMBOL, &KEYWORD, &LIST, &CONS, &NODE, &ERROR];

const fn spec(id: ClassId, layout: Layout) -> ClassSpec {
    ClassSpec::builtin(id, layout).module("claudelang").flags(ClassSpec::NO_NEW)
}

fn symbol_repr(_: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::share(symbol::name_of(args[0])))
}

fn keyword_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = format!(":{}", symbol::text_of(args[0]));
    Ok(rt.new_str(&text))
}

static SYMBOL_METHODS: &[NativeDef] = &[def("__repr__", "($self, /)", symbol_repr)];
static SYMBOL: ClassSpec = spec(ClassId::SYMBOL, Layout::Plain).hidden_words(1).methods(SYMBOL_METHODS);
static KEYWORD_METHODS: &[NativeDef] = &[def("__repr__", "($self, /)", keyword_repr)];
static KEYWORD: ClassSpec = spec(ClassId::KEYWORD, Layout::Plain).hidden_words(1).methods(KEYWORD_METHODS);

fn list_len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(list::len(args[0]) as i64))
}

fn list_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let items = list::iter(args[0]).map(Owned::share).collect();
    let tuple = rt.new_tuple(items);
    rt.iter(tuple.word())
}

fn list_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let i = rt.to_i64(args[1], "ssize_t")?;
    let found = wrap_index(i, list::len(args[0])).and_then(|i| list::nth(args[0], i));
    found.map(Owned::share).ok_or_else(|| rt.index_error("list index out of range"))
}

static LIST_METHODS: &[NativeDef] = &[
    def("__len__", "($self, /)", list_len),
    def("__iter__", "($self, /)", list_iter),
    def("__getitem__", "($self, index, /)", list_getitem),
];
/// Words of a flat list and of a cell.
const LIST_WORDS: u32 = 3;
const CONS_WORDS: u32 = 4;
static LIST: ClassSpec = spec(ClassId::CLAUDE_LIST, Layout::Plain).hidden_words(LIST_WORDS).methods(LIST_METHODS);
static CONS: ClassSpec =
    spec(ClassId::CONS, Layout::Plain).base(BaseRef::Id(ClassId::CLAUDE_LIST)).hidden_words(CONS_WORDS - LIST_WORDS);
static NODE: ClassSpec = spec(ClassId::NODE, Layout::Words);

fn error_str(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = error_text(rt, args[0])?;
    Ok(rt.new_str(&text))
}

fn error_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = format!("#<error {}>", error_text(rt, args[0])?);
    Ok(rt.new_str(&text))
}

/// Type and message.
fn error_text(rt: &mut Isolate, e: Word) -> PyResult<alloc::string::String> {
    let kind = error::error_field(rt, e, "type")?;
    let message = error::error_field(rt, e, "message")?;
    let kind = str_text(kind.word());
    if message.word().is_none() {
        return Ok(kind.into_owned());
    }
    Ok(format!("{kind}: {}", rt.str_text(message.word())?))
}

macro_rules! field_getter {
    ($index:expr) => {
        getter(FIELDS[$index], |rt, e| Ok(Owned::share(error::own_field(rt, e, $index))))
    };
}

static ERROR_METHODS: &[NativeDef] =
    &[def("__str__", "($self, /)", error_str), def("__repr__", "($self, /)", error_repr)];
static ERROR_FIELDS: &[GetSetDef] = &[
    field_getter!(error::TYPE),
    field_getter!(error::MESSAGE),
    field_getter!(error::DATA),
    field_getter!(error::STACK),
    field_getter!(error::ERROR_CAUSE),
];
static ERROR: ClassSpec = spec(ClassId::CLAUDE_ERROR, Layout::Plain)
    .base(BaseRef::Id(ClassId::EXCEPTION))
    .hidden_words(FIELDS.len() as u32)
    .methods(ERROR_METHODS)
    .getset(ERROR_FIELDS);
