//! What compiled ClaudeLang calls: the functions `molt_cl_*` of [`molt_abi::runtime`].
//!
//! [`calls`]: calls and tail calls. [`control`]: start, patterns, errors. [`handlers`]: effects. [`operations`], [`files`],
//! [`store`], [`random`]: default handlers. [`tasks`]: tasks and what they wait for. [`sandbox`]: what may be done.
//! [`graphs`]: programs as data. [`observe`]: bodies whose effects are noted. [`macros`]: what only code of macros calls. [`modules`]: values of `require`. The others: the library.

pub mod bytes;
pub mod calls;
pub mod collections;
pub mod control;
pub mod dates;
pub mod files;
pub mod graphs;
pub mod handlers;
pub mod json;
pub mod macros;
pub mod modules;
pub mod numbers;
pub mod observe;
pub mod operations;
pub mod random;
pub mod reading;
pub mod regex;
pub mod sandbox;
pub mod store;
pub mod strings;
pub mod tasks;
pub mod values;

use alloc::format;
use alloc::string::String;

use molt_abi::Word;

use super::kind::kind_of;
use super::{ErrorKind, Kind, map};
use crate::{Isolate, Raised};

/// The error `type-error`: a function wanted something else.
#[cold]
pub(super) fn wrong_type(rt: &mut Isolate, function: &str, wanted: &str, found: Word) -> Raised {
    let kind = kind_of(rt, found).name();
    rt.raise_claude(
        ErrorKind::TypeError,
        format!("{function}: expected {wanted}, found {} {kind}", article(kind)),
        Word::NONE,
    )
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cold]
pub(super) fn bad_index(rt: &mut Isolate, message: impl Into<String>) -> Raised {
    rt.raise_claude(ErrorKind::Index, message, Word::NONE)
}

/// The error `parse` at a byte of a text; its data tell line and column, both from 1, columns in code points.
#[cold]
pub(super) fn malformed_at(rt: &mut Isolate, text: &[u8], at: usize, message: &str) -> Raised {
    let before = &text[..at];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let column = crate::text::wtf8::char_count(&before[start..]) + 1;
    let keys = ["line", "column"].map(|k| rt.keyword(k));
    let words = [keys[0], Word::small(line as i64), keys[1], Word::small(column as i64)];
    match map::from_words(rt, &words) {
        Ok(data) => rt.raise_claude(ErrorKind::Parse, message, data.word()),
        Err(raised) => raised,
    }
}

/// A value of a kind, or `type-error`.
pub(super) fn expect(rt: &mut Isolate, w: Word, kind: Kind, function: &str) -> Result<Word, Raised> {
    if kind_of(rt, w) == kind { Ok(w) } else { Err(wrong_type(rt, function, &wanted(kind), w)) }
}

/// A time in seconds, or in whatever the function counts.
pub(super) fn seconds_of(rt: &mut Isolate, w: Word, function: &str) -> Result<f64, Raised> {
    numbers::expect_double(rt, w, function)
}

fn wanted(kind: Kind) -> String {
    format!("{} {}", article(kind.name()), kind.name())
}

/// A whole number that fits a machine word.
pub(super) fn expect_index(rt: &mut Isolate, w: Word, function: &str) -> Result<i64, Raised> {
    expect(rt, w, Kind::Int, function)?;
    match crate::num::int::to_i64(w) {
        Some(v) => Ok(v),
        None => Err(bad_index(rt, format!("{function}: the number is too large"))),
    }
}
