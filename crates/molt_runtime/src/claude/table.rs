//! Tables of entries that keep the order of insertion: what maps (entries of two words) and sets (of one) are.
//!
//! ```text
//! flat    header | words | key | value | key | value | …                     up to 8 entries
//! trie    header | count | end | depth | order | index                       more; see `trie`
//! ```
//!
//! A position is where an entry stands in the order: its place in a flat table, a number that grows with each insertion
//! in a trie. Functions that change a table take it over, and change it in place when nobody else holds it; otherwise
//! they copy a flat table, and of a trie the nodes on the way to the entry.
//!
//! Beside the hash trie of `rpds` 1.2, which keeps no order (integers as keys, at 8, 1,000 and 100,000 entries, ns): insertion in
//! place 29, 41, 56 (69, 96, 309), into a copy 47, 321, 553 (107, 295, 929), look-up 21, 31, 65 (18, 30, 144), replacement
//! in place 27, 42, 77 (36, 53, 279), removal from a copy 57, 330, 1,000 (110, 297, 1,966), iteration 1 to 2 (8 to 46).

mod trie;

use molt_abi::layout::TupleObj;
use molt_abi::{ClassId, Word};

use super::equal::{same_key, text_of_key};
use super::node::{self, is_sole, share, words};
use crate::{Isolate, Owned, PyResult};

use trie::Leaves;
pub(super) use trie::TRIE_WORDS;

/// Most entries of a flat table.
const FLAT_MOST: usize = 8;
/// A trie becomes flat when it has so few entries.
const FLATTEN_AT: usize = 4;

/// Class of flat tables.
const fn flat_class<const W: usize>() -> ClassId {
    if W == 2 { ClassId::CLAUDE_MAP } else { ClassId::CLAUDE_SET }
}

/// Whether a table is flat.
#[inline(always)]
fn is_flat<const W: usize>(table: Word) -> bool {
    // SAFETY: a table is an object.
    unsafe { (*table.as_ptr()).class == flat_class::<W>() }
}

/// A flat table of owned words.
fn new_flat<const W: usize>(rt: &mut Isolate, entries: usize, items: impl IntoIterator<Item = Word>) -> Owned {
    node::new(rt, flat_class::<W>(), entries * W, items)
}

/// A table without entries.
pub(super) fn make_empty<const W: usize>(rt: &mut Isolate) -> Owned {
    new_flat::<W>(rt, 0, [])
}

fn empty<const W: usize>(rt: &Isolate) -> Owned {
    Owned::share(rt.claude.empty_table(W))
}

/// Number of entries.
#[inline]
pub(super) fn len<const W: usize>(table: Word) -> usize {
    if is_flat::<W>(table) { words(table).len() / W } else { trie::count(table) }
}

/// The entry at a position that has one; borrowed.
#[inline]
pub(super) fn entry<const W: usize>(table: Word, at: usize) -> [Word; W] {
    let from = if is_flat::<W>(table) { &words(table)[at * W..] } else { trie::entry::<W>(table, at) };
    *from.first_chunk().expect("an entry lies in one node")
}

/// Position of a key.
#[inline]
pub(super) fn find<const W: usize>(rt: &mut Isolate, table: Word, key: Word) -> PyResult<Option<usize>> {
    if is_flat::<W>(table) {
        return find_flat::<W>(rt, table, key);
    }
    let hash = trie::fragment(rt, key);
    trie::find::<W>(rt, table, key, hash)
}

#[inline]
fn find_flat<const W: usize>(rt: &mut Isolate, table: Word, key: Word) -> PyResult<Option<usize>> {
    let (entries, _) = words(table).as_chunks::<W>();
    if is_atom(rt, key)
        && let Some(at) = entries.iter().position(|e| e[0] == key)
    {
        return Ok(Some(at));
    }
    // A symbol or keyword is no other word, but a keyword may be a string as the key of a map, and a name has several
    // symbols while macros run.
    if is_named(rt, key) && !rt.claude.expands && (W == 1 || text_of_key(rt, key).is_none()) {
        return Ok(None);
    }
    for (at, e) in entries.iter().enumerate() {
        if same_key::<W>(rt, e[0], key)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Whether a key is a symbol or keyword.
#[inline]
fn is_named(rt: &Isolate, w: Word) -> bool {
    w.is_object() && matches!(rt.class_of(w), ClassId::KEYWORD | ClassId::SYMBOL)
}

/// Whether a word that is the same is equal at sight. A boxed float may be NaN, and what has parts may have one in it.
#[inline]
fn is_atom(rt: &Isolate, w: Word) -> bool {
    !w.is_object() || matches!(rt.class_of(w), ClassId::KEYWORD | ClassId::SYMBOL | ClassId::STR)
}

/// The table with an entry. An entry of an equal key gets the other words of this one; its key and place stay.
pub(super) fn put<const W: usize>(rt: &mut Isolate, table: Owned, new: [Owned; W]) -> PyResult {
    if is_flat::<W>(table.word()) {
        return put_flat(rt, table, new);
    }
    let hash = trie::fragment(rt, new[0].word());
    match trie::find::<W>(rt, table.word(), new[0].word(), hash)? {
        Some(_) if W == 1 => Ok(table),
        Some(at) => Ok(trie::replace(rt, table, at, new)),
        None => trie::insert(rt, table, hash, new),
    }
}

fn put_flat<const W: usize>(rt: &mut Isolate, table: Owned, new: [Owned; W]) -> PyResult {
    let count = len::<W>(table.word());
    match find_flat::<W>(rt, table.word(), new[0].word())? {
        Some(_) if W == 1 => Ok(table),
        Some(at) => Ok(replace_flat(rt, table, at, new)),
        None if count < FLAT_MOST => {
            let old = take_words::<W>(rt, table);
            Ok(new_flat::<W>(rt, count + 1, old.into_iter().take(count * W).chain(new.map(Owned::into_word))))
        }
        None => {
            let hash = trie::fragment(rt, new[0].word());
            let grown = trie::from_flat::<W>(rt, table.word());
            trie::insert(rt, grown, hash, new)
        }
    }
}

fn replace_flat<const W: usize>(rt: &mut Isolate, table: Owned, at: usize, new: [Owned; W]) -> Owned {
    let table = if is_sole(table.word()) { table } else { node::copy(rt, table.word()) };
    for (i, w) in new.into_iter().enumerate().skip(1) {
        // SAFETY: nobody else holds the table.
        unsafe { node::replace(node::at(table.word(), at * W + i), w.into_word()) };
    }
    table
}

/// The owned words of a flat table that is given up: moved out of it if nobody else holds it.
fn take_words<const W: usize>(rt: &mut Isolate, table: Owned) -> [Word; FLAT_MOST * 2] {
    let from = words(table.word());
    let mut out = [Word::UNBOUND; FLAT_MOST * 2];
    out[..from.len()].copy_from_slice(from);
    if !is_sole(table.word()) {
        from.iter().for_each(|&w| crate::owned::inc(w));
        return out;
    }
    let size = size_of::<TupleObj>() + 8 * from.len();
    // SAFETY: the only reference is given up, and the words have a new owner.
    unsafe { rt.free_cell(table.into_word().as_ptr().cast(), size) };
    out
}

/// The table without an entry; itself when there is none of the key.
pub(super) fn remove<const W: usize>(rt: &mut Isolate, table: Owned, key: Word) -> PyResult {
    let w = table.word();
    if is_flat::<W>(w) {
        return Ok(match find_flat::<W>(rt, w, key)? {
            Some(at) => remove_flat::<W>(rt, table, at),
            None => table,
        });
    }
    let hash = trie::fragment(rt, key);
    let Some(at) = trie::find::<W>(rt, w, key, hash)? else { return Ok(table) };
    let table = trie::remove::<W>(rt, table, at, hash);
    Ok(if trie::count(table.word()) <= FLATTEN_AT { to_flat::<W>(rt, table.word()) } else { table })
}

fn remove_flat<const W: usize>(rt: &mut Isolate, table: Owned, at: usize) -> Owned {
    let count = len::<W>(table.word());
    if count == 1 {
        return empty::<W>(rt);
    }
    let mut old = take_words::<W>(rt, table);
    for i in 0..W {
        crate::owned::dec(core::mem::replace(&mut old[at * W + i], Word::UNBOUND));
    }
    old[at * W..count * W].rotate_left(W);
    new_flat::<W>(rt, count - 1, old.into_iter().take((count - 1) * W))
}

fn to_flat<const W: usize>(rt: &mut Isolate, table: Word) -> Owned {
    let count = len::<W>(table);
    new_flat::<W>(rt, count, Entries::<W>::of(table).flat_map(|e| e.map(share)))
}

/// Entries of a table in order, borrowed from it.
#[derive(Clone)]
pub struct Entries<const W: usize> {
    chunk: core::slice::Iter<'static, [Word; W]>,
    leaves: Leaves<W>,
    left: usize,
}

impl<const W: usize> Entries<W> {
    /// The table must live as long, and not be given to a function that takes it over.
    #[inline]
    pub(super) fn of(table: Word) -> Entries<W> {
        let (words, leaves) =
            if is_flat::<W>(table) { (words(table), Leaves::none()) } else { (&[][..], Leaves::of(table)) };
        Entries { chunk: words.as_chunks().0.iter(), leaves, left: len::<W>(table) }
    }

    /// Entries that are left.
    pub fn left(&self) -> usize {
        self.left
    }
}

impl<const W: usize> Iterator for Entries<W> {
    type Item = [Word; W];

    #[inline]
    fn next(&mut self) -> Option<[Word; W]> {
        loop {
            match self.chunk.next() {
                Some(entry) if entry[0].is_unbound() => {}
                Some(entry) => {
                    self.left -= 1;
                    return Some(*entry);
                }
                None => self.chunk = self.leaves.next()?.as_chunks().0.iter(),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
mod tests;
