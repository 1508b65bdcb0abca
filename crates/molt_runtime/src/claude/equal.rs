//! `=`: numbers by value whatever their kind, data by content, everything else by identity.
//!
//! - NaN is unequal to itself, also inside other data: what is the same object is still walked through, so that the
//!   answer does not depend on what happens to be shared. A Bool is no number.
//! - Maps and sets are equal when they have the same entries, in any order. As keys of a map, and only there, a keyword
//!   and a string of the same name are one.
//! - Errors are equal by type, message and data; exceptions of other languages by identity.
//!
//! Keys are looked up, which compares them; keys inside keys nest that way, up to [`MAX_NESTING`].

use alloc::vec::Vec;

use molt_abi::{ClassId, Word};

use super::kind::kind_of;
use super::parts::{self, Parts};
use super::table::{self, Entries};
use super::{ErrorKind, Kind, error, list, symbol};
use crate::api::{bytes_slice, str_bytes, tuple_items};
use crate::num::binary::order;
use crate::{Isolate, PyResult};

/// Maps within keys of maps, at most; deeper is the error `limit`.
pub(super) const MAX_NESTING: usize = 200;

/// Whether two values are equal. The error `limit` is the only one.
#[inline]
pub fn equal(rt: &mut Isolate, a: Word, b: Word) -> PyResult<bool> {
    match at_sight(rt, a, b) {
        Some(same) => Ok(same),
        None => nested(rt, |rt| walk(rt, a, b)),
    }
}

/// Runs a comparison that may compare keys in turn.
pub(super) fn nested<T>(rt: &mut Isolate, body: impl FnOnce(&mut Isolate) -> PyResult<T>) -> PyResult<T> {
    if rt.claude.nesting == MAX_NESTING {
        return Err(rt.raise_claude(ErrorKind::Limit, "keys of maps or sets are nested too deeply", Word::NONE));
    }
    rt.claude.nesting += 1;
    let result = body(rt);
    rt.claude.nesting -= 1;
    result
}

/// Whether a word that is compared with itself is equal to itself without a look at its parts.
#[inline]
fn is_atom(kind: Kind) -> bool {
    !matches!(kind, Kind::Float | Kind::List | Kind::Tuple | Kind::Map | Kind::Set | Kind::Tagged | Kind::Error)
}

/// The answer, where the parts of the values need not be looked at.
#[inline]
pub(super) fn at_sight(rt: &Isolate, a: Word, b: Word) -> Option<bool> {
    if a == b && !a.is_object() {
        return Some(true);
    }
    if a.is_small() && b.is_small() {
        return Some(false);
    }
    by_kind(rt, a, b)
}

fn by_kind(rt: &Isolate, a: Word, b: Word) -> Option<bool> {
    let (kind, other) = (kind_of(rt, a), kind_of(rt, b));
    if a == b && is_atom(kind) {
        return Some(true);
    }
    let is_number = |kind| matches!(kind, Kind::Int | Kind::Float);
    if is_number(kind) && is_number(other) {
        return Some(order(rt, a, b).flatten().is_some_and(|o| o.is_eq()));
    }
    if kind != other {
        return Some(false);
    }
    match kind {
        Kind::String => Some(str_bytes(a) == str_bytes(b)),
        // While macros run, a name has several symbols; see `super::expansion`.
        Kind::Symbol => Some(symbol::name_of(a) == symbol::name_of(b)),
        Kind::Bytes => Some(bytes_slice(a) == bytes_slice(b)),
        Kind::List if list::len(a) != list::len(b) => Some(false),
        Kind::Tuple if tuple_items(a).len() != tuple_items(b).len() => Some(false),
        Kind::Map if table::len::<2>(a) != table::len::<2>(b) => Some(false),
        Kind::Set if table::len::<1>(a) != table::len::<1>(b) => Some(false),
        Kind::Tagged if rt.class_of(a) != rt.class_of(b) => Some(false),
        Kind::Error if !(error::is_own(rt, a) && error::is_own(rt, b)) => Some(a == b),
        Kind::List | Kind::Tuple | Kind::Map | Kind::Set | Kind::Tagged | Kind::Error => None,
        _ => Some(a == b),
    }
}

/// Two values of one kind and size whose parts are being compared.
enum Frame {
    InOrder(Parts, Parts),
    /// The entries that are left, and the map that must have them.
    Map(Entries<2>, Word),
}

enum Step {
    Pair(Word, Word),
    Unequal,
    Done,
}

fn walk(rt: &mut Isolate, a: Word, b: Word) -> PyResult<bool> {
    let mut frames = Vec::new();
    if !enter(rt, &mut frames, a, b)? {
        return Ok(false);
    }
    while let Some(frame) = frames.last_mut() {
        let (x, y) = match step(rt, frame)? {
            Step::Pair(x, y) => (x, y),
            Step::Unequal => return Ok(false),
            Step::Done => {
                frames.pop();
                continue;
            }
        };
        match at_sight(rt, x, y) {
            Some(true) => {}
            Some(false) => return Ok(false),
            None => {
                // A chain of lists, each with one item, takes one frame.
                if left(&frames[frames.len() - 1]) == 0 {
                    frames.pop();
                }
                if !enter(rt, &mut frames, x, y)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

fn left(frame: &Frame) -> usize {
    match frame {
        Frame::InOrder(parts, _) => parts.left(),
        Frame::Map(entries, _) => entries.left(),
    }
}

/// Begins with two values that `at_sight` left open; `false` when they are seen to differ.
fn enter(rt: &mut Isolate, frames: &mut Vec<Frame>, a: Word, b: Word) -> PyResult<bool> {
    match kind_of(rt, a) {
        Kind::Set => return has_all(rt, a, b),
        Kind::Map => frames.push(Frame::Map(Entries::of(a), b)),
        kind => {
            let [x, y] = [a, b].map(|w| parts::of(rt, w, kind).expect("what is not seen at sight has parts"));
            frames.push(Frame::InOrder(x, y));
        }
    }
    Ok(true)
}

fn step(rt: &mut Isolate, frame: &mut Frame) -> PyResult<Step> {
    match frame {
        Frame::InOrder(a, b) => Ok(a.next().zip(b.next()).map_or(Step::Done, |(x, y)| Step::Pair(x, y))),
        Frame::Map(entries, other) => {
            let Some([key, value]) = entries.next() else { return Ok(Step::Done) };
            let found = table::find::<2>(rt, *other, key)?;
            Ok(found.map_or(Step::Unequal, |at| Step::Pair(value, table::entry::<2>(*other, at)[1])))
        }
    }
}

/// Whether every element of the set `a` is in `b`.
pub(super) fn has_all(rt: &mut Isolate, a: Word, b: Word) -> PyResult<bool> {
    for [element] in Entries::<1>::of(a) {
        if table::find::<1>(rt, b, element)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two words are the same key of a map (`W` is 2) or element of a set.
#[inline]
pub(super) fn same_key<const W: usize>(rt: &mut Isolate, a: Word, b: Word) -> PyResult<bool> {
    if let Some(same) = same_text::<W>(rt, a, b) {
        return Ok(same);
    }
    equal(rt, a, b)
}

/// The answer for keys of a map that are strings or keywords.
#[inline]
fn same_text<const W: usize>(rt: &Isolate, a: Word, b: Word) -> Option<bool> {
    if W != 2 || !a.is_object() || !b.is_object() {
        return None;
    }
    let (x, y) = (text_of_key(rt, a)?, text_of_key(rt, b)?);
    Some(x == y || str_bytes(x) == str_bytes(y))
}

/// The string that a key of a map is taken for, if it is one or a keyword.
#[inline]
pub(super) fn text_of_key(rt: &Isolate, key: Word) -> Option<Word> {
    match rt.class_of(key) {
        ClassId::STR => Some(key),
        ClassId::KEYWORD => Some(symbol::name_of(key)),
        _ if kind_of(rt, key) == Kind::String => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
