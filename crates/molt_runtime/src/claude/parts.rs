//! What a value consists of, as a sequence of words: the one way in which equality, hashing, order and printing walk
//! through data. None of them recurses on the machine stack where data decide how deep.

use core::slice;

use alloc::vec;
use molt_abi::Word;

use super::error::{self, DATA, TYPE};
use super::table::Entries;
use super::{Kind, list, tagged};
use crate::Isolate;

/// Parts of a value that are left, in order, borrowed from it.
pub(super) enum Parts {
    Words(slice::Iter<'static, Word>),
    List(list::Items),
    /// Keys and values in turn; the value of the key that was given last, or unbound.
    Map(Entries<2>, Word),
    Set(Entries<1>),
    /// In an order that was made for the occasion.
    Sorted(vec::IntoIter<Word>),
}

impl Parts {
    /// Parts that are left.
    pub(super) fn left(&self) -> usize {
        match self {
            Parts::Words(words) => words.len(),
            Parts::List(items) => items.left(),
            Parts::Map(entries, value) => 2 * entries.left() + usize::from(!value.is_unbound()),
            Parts::Set(entries) => entries.left(),
            Parts::Sorted(words) => words.len(),
        }
    }
}

impl Iterator for Parts {
    type Item = Word;

    #[inline]
    fn next(&mut self) -> Option<Word> {
        match self {
            Parts::Words(words) => words.next().copied(),
            Parts::List(items) => items.next(),
            Parts::Map(entries, value) => {
                let pending = core::mem::replace(value, Word::UNBOUND);
                if !pending.is_unbound() {
                    return Some(pending);
                }
                let [key, next] = entries.next()?;
                *value = next;
                Some(key)
            }
            Parts::Set(entries) => entries.next().map(|[element]| element),
            Parts::Sorted(words) => words.next(),
        }
    }
}

/// Parts of a value of a kind that compares by its content: List, Tuple, Map, Set, Tagged, Error.
pub(super) fn of(rt: &Isolate, w: Word, kind: Kind) -> Option<Parts> {
    match kind {
        Kind::List => Some(Parts::List(list::iter(w))),
        Kind::Tuple => Some(Parts::Words(crate::api::tuple_items(w).iter())),
        Kind::Map => Some(Parts::Map(Entries::of(w), Word::UNBOUND)),
        Kind::Set => Some(Parts::Set(Entries::of(w))),
        Kind::Tagged => Some(Parts::Words(tagged::fields(rt, w).iter())),
        Kind::Error if error::is_own(rt, w) => Some(Parts::Words(error::fields(w)[TYPE..=DATA].iter())),
        _ => None,
    }
}
