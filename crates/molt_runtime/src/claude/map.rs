//! Map: persistent, in order of insertion.
//!
//! Keys are compared with `=`, except that a keyword and a string of the same name are one key; the spelling that was
//! inserted first stays, and so does the place of a key whose value is replaced. The storage is [`super::table`]'s.

use molt_abi::{ClassId, Word};

use super::table::{self, Entries};
use crate::{Isolate, Owned, PyResult};

/// Whether a word is a Map.
#[inline]
pub fn is_map(rt: &Isolate, w: Word) -> bool {
    matches!(rt.class_of(w), ClassId::CLAUDE_MAP | ClassId::TRIE_MAP)
}

/// The empty map, which is immortal.
#[inline]
pub fn empty(rt: &Isolate) -> Owned {
    Owned::share(rt.claude.empty_table(2))
}

/// Map of keys and values in turn, shared; the last value of a key counts.
pub fn from_words(rt: &mut Isolate, words: &[Word]) -> PyResult {
    let mut map = empty(rt);
    for &[key, value] in words.as_chunks().0 {
        map = set(rt, map, key, Owned::share(value))?;
    }
    Ok(map)
}

/// Number of entries.
#[inline]
pub fn len(map: Word) -> usize {
    table::len::<2>(map)
}

/// Value of a key, borrowed.
#[inline]
pub fn get(rt: &mut Isolate, map: Word, key: Word) -> PyResult<Option<Word>> {
    Ok(table::find::<2>(rt, map, key)?.map(|at| table::entry::<2>(map, at)[1]))
}

/// Whether the map has a key.
#[inline]
pub fn has_key(rt: &mut Isolate, map: Word, key: Word) -> PyResult<bool> {
    Ok(table::find::<2>(rt, map, key)?.is_some())
}

/// The map with a value for a key.
#[inline]
pub fn set(rt: &mut Isolate, map: Owned, key: Word, value: Owned) -> PyResult {
    table::put(rt, map, [Owned::share(key), value])
}

/// The map without a key; itself when it has none such.
pub fn remove(rt: &mut Isolate, map: Owned, key: Word) -> PyResult {
    table::remove::<2>(rt, map, key)
}

/// Keys and values in order, borrowed; the map must live as long, and not be given to a function that takes it over.
#[inline]
pub fn iter(map: Word) -> Entries<2> {
    Entries::of(map)
}

/// The entries of both; those of `other` win.
pub fn merge(rt: &mut Isolate, map: Owned, other: Word) -> PyResult {
    if len(map.word()) == 0 {
        return Ok(Owned::share(other));
    }
    iter(other).try_fold(map, |map, [key, value]| set(rt, map, key, Owned::share(value)))
}

#[cfg(test)]
mod tests;
