//! `compare`: a total order over data, in which equal values are equal.
//!
//! Values of different kinds stand in the order of [`Kind::ALL`], Int and Float being one: nil, booleans (false first),
//! numbers by value with NaN after all others, strings by code points, symbols and keywords by name, bytes, lists and
//! tuples item by item and then by length, maps and sets by size and then by their entries in the order of the keys,
//! values of data types by name of the constructor, number of fields and fields. What is no data has no order: the
//! error `type-error`.

use alloc::format;
use alloc::vec::Vec;
use core::cmp::Ordering;

use molt_abi::Word;

use super::equal::{nested, text_of_key};
use super::kind::kind_of;
use super::parts::{self, Parts};
use super::{ErrorKind, Kind, symbol, tagged};
use crate::api::{bytes_slice, str_bytes};
use crate::num::binary::order;
use crate::num::float;
use crate::sort::merge_sort;
use crate::{Isolate, PyResult, Raised};

/// Order of two values.
pub fn compare(rt: &mut Isolate, a: Word, b: Word) -> PyResult<Ordering> {
    if a.is_small() && b.is_small() {
        return Ok(a.as_small().cmp(&b.as_small()));
    }
    match at_sight(rt, a, b)? {
        Some(order) => Ok(order),
        None => nested(rt, |rt| walk(rt, a, b)),
    }
}

/// Sorts values by [`compare`], keeping the order of equal ones.
pub fn sort(rt: &mut Isolate, values: &mut Vec<Word>) -> PyResult<()> {
    sort_by(rt, values, |&w| w)
}

/// Sorts by [`compare`] of what `key` gives.
fn sort_by<T: Copy>(rt: &mut Isolate, items: &mut Vec<T>, key: impl Fn(&T) -> Word) -> PyResult<()> {
    let mut failed = false;
    merge_sort(items, |a, b| {
        !failed
            && compare(rt, key(a), key(b)).map(Ordering::is_lt).unwrap_or_else(|Raised| {
                failed = true;
                false
            })
    });
    if failed { Err(Raised) } else { Ok(()) }
}

fn rank(kind: Kind) -> Kind {
    if kind == Kind::Float { Kind::Int } else { kind }
}

fn is_data(kind: Kind) -> bool {
    kind <= Kind::Tagged
}

/// The order, where the parts of the values need not be looked at.
fn at_sight(rt: &mut Isolate, a: Word, b: Word) -> PyResult<Option<Ordering>> {
    let (kind, other) = (kind_of(rt, a), kind_of(rt, b));
    if !is_data(kind) || !is_data(other) {
        let odd = if is_data(kind) { other } else { kind };
        return Err(rt.raise_claude(ErrorKind::TypeError, format!("a {} has no order", odd.name()), Word::NONE));
    }
    if rank(kind) != rank(other) {
        return Ok(Some(rank(kind).cmp(&rank(other))));
    }
    Ok(match kind {
        Kind::Nil => Some(Ordering::Equal),
        Kind::Bool => Some((a == Word::TRUE).cmp(&(b == Word::TRUE))),
        Kind::Int | Kind::Float => Some(compare_numbers(rt, a, b)),
        Kind::String => Some(str_bytes(a).cmp(str_bytes(b))),
        Kind::Bytes => Some(bytes_slice(a).cmp(bytes_slice(b))),
        Kind::Symbol | Kind::Keyword => Some(str_bytes(symbol::name_of(a)).cmp(str_bytes(symbol::name_of(b)))),
        _ => None,
    })
}

fn compare_numbers(rt: &Isolate, a: Word, b: Word) -> Ordering {
    let is_nan = |w| float::of(rt, w).is_some_and(f64::is_nan);
    order(rt, a, b).flatten().unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

fn walk(rt: &mut Isolate, a: Word, b: Word) -> PyResult<Ordering> {
    let mut frames = Vec::new();
    let mut order = enter(rt, &mut frames, a, b)?;
    while order.is_eq() {
        let Some((a, b)) = frames.last_mut() else { break };
        match (a.next(), b.next()) {
            (Some(x), Some(y)) => {
                if a.left() == 0 && b.left() == 0 {
                    frames.pop();
                }
                order = match at_sight(rt, x, y)? {
                    Some(order) => order,
                    None => enter(rt, &mut frames, x, y)?,
                };
            }
            (None, None) => {
                frames.pop();
            }
            (x, _) => order = if x.is_none() { Ordering::Less } else { Ordering::Greater },
        }
    }
    Ok(order)
}

/// Begins with two values of one kind that have parts; the order where it is seen already.
fn enter(rt: &mut Isolate, frames: &mut Vec<(Parts, Parts)>, a: Word, b: Word) -> PyResult<Ordering> {
    let kind = kind_of(rt, a);
    let [x, y] = [a, b].map(|w| parts::of(rt, w, kind).expect("what is not seen at sight has parts"));
    let order = match kind {
        Kind::Map | Kind::Set => x.left().cmp(&y.left()),
        Kind::Tagged => {
            let [p, q] = [a, b].map(|w| str_bytes(tagged::name(rt, rt.class_of(w))));
            p.cmp(q).then(x.left().cmp(&y.left()))
        }
        _ => Ordering::Equal,
    };
    if order.is_eq() {
        let pair = if matches!(kind, Kind::Map | Kind::Set) { (sorted(rt, x)?, sorted(rt, y)?) } else { (x, y) };
        frames.push(pair);
    }
    Ok(order)
}

/// Entries of a map or set by the order of their keys. A keyword as a key of a map counts as the string it is equal to.
fn sorted(rt: &mut Isolate, parts: Parts) -> PyResult<Parts> {
    let words = match parts {
        Parts::Map(entries, _) => {
            let key = |rt: &Isolate, w| text_of_key(rt, w).unwrap_or(w);
            let mut all: Vec<[Word; 2]> = entries.map(|[k, v]| [key(rt, k), v]).collect();
            sort_by(rt, &mut all, |e| e[0])?;
            all.into_iter().flatten().collect()
        }
        other => {
            let mut all: Vec<Word> = other.collect();
            sort(rt, &mut all)?;
            all
        }
    };
    Ok(Parts::Sorted(words.into_iter()))
}
