//! Set: persistent, in order of insertion. Elements are compared with `=`. The storage is [`super::table`]'s.

use molt_abi::{ClassId, Word};

use super::equal::has_all;
use super::table::{self, Entries};
use crate::{Isolate, Owned, PyResult};

/// Whether a word is a Set.
#[inline]
pub fn is_set(rt: &Isolate, w: Word) -> bool {
    matches!(rt.class_of(w), ClassId::CLAUDE_SET | ClassId::TRIE_SET)
}

/// The empty set, which is immortal.
#[inline]
pub fn empty(rt: &Isolate) -> Owned {
    Owned::share(rt.claude.empty_table(1))
}

/// Set of words, which are shared.
pub fn from_words(rt: &mut Isolate, words: &[Word]) -> PyResult {
    let none = empty(rt);
    words.iter().try_fold(none, |set, &element| add(rt, set, element))
}

/// Number of elements.
#[inline]
pub fn len(set: Word) -> usize {
    table::len::<1>(set)
}

/// Whether the set has an element.
#[inline]
pub fn contains(rt: &mut Isolate, set: Word, element: Word) -> PyResult<bool> {
    Ok(table::find::<1>(rt, set, element)?.is_some())
}

/// The set with an element; itself when it has one that is equal.
#[inline]
pub fn add(rt: &mut Isolate, set: Owned, element: Word) -> PyResult {
    table::put(rt, set, [Owned::share(element)])
}

/// The set without an element; itself when it has none such.
pub fn remove(rt: &mut Isolate, set: Owned, element: Word) -> PyResult {
    table::remove::<1>(rt, set, element)
}

/// Elements in order, borrowed; the set must live as long, and not be given to a function that takes it over.
#[inline]
pub fn iter(set: Word) -> impl Iterator<Item = Word> {
    Entries::<1>::of(set).map(|[element]| element)
}

/// The elements of both, those of `set` first.
pub fn union(rt: &mut Isolate, set: Owned, other: Word) -> PyResult {
    if len(set.word()) == 0 {
        return Ok(Owned::share(other));
    }
    iter(other).try_fold(set, |set, element| add(rt, set, element))
}

/// The elements of `set` that are in `other`, too.
pub fn intersection(rt: &mut Isolate, set: Word, other: Word) -> PyResult {
    let mut made = empty(rt);
    for element in iter(set) {
        if contains(rt, other, element)? {
            made = add(rt, made, element)?;
        }
    }
    Ok(made)
}

/// The elements of `set` that are not in `other`.
pub fn difference(rt: &mut Isolate, set: Owned, other: Word) -> PyResult {
    if len(other) <= len(set.word()) {
        return iter(other).try_fold(set, |set, element| remove(rt, set, element));
    }
    let mut made = empty(rt);
    for element in iter(set.word()) {
        if !contains(rt, other, element)? {
            made = add(rt, made, element)?;
        }
    }
    Ok(made)
}

/// Whether every element of `set` is in `other`.
pub fn is_subset(rt: &mut Isolate, set: Word, other: Word) -> PyResult<bool> {
    if len(set) > len(other) { Ok(false) } else { has_all(rt, set, other) }
}

#[cfg(test)]
mod tests;
