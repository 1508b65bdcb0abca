//! Large tables: two tries of nodes of 16 words.
//!
//! ```text
//! order   position ──► node ──► … ──► leaf of 16 words       entries where they were inserted
//! index   hash     ──► node ──► … ──► position               four bits of the hash a level, the lowest first
//! ```
//!
//! A word of the index is unbound, a child, or a small integer that packs the hash of a key and its position:
//!
//! ```text
//! 62        30         0
//! | hash    | position |
//! ```
//! so that another key is nearly always recognised without a look at it, and copying a node of the index counts no
//! references. Where up to [`BUCKET_MOST`] keys meet they stand in a bucket, which is searched; beyond that
//! they are spread over a node by the next four bits. Keys that agree in all 32 bits share a bucket of any size.
//!
//! A removed entry leaves unbound words; a leaf without entries is released, and what holds only such leaves. The
//! positions of a table that was emptied at its front and filled at its end run out after 2^30 insertions; then the
//! entries are numbered anew.
//!
//! Depth of the order is that of its last position: each level is full-sized, so the way to a position is its digits.

use molt_abi::layout::Header;
use molt_abi::{ClassId, Word};

use super::super::ErrorKind;
use super::super::equal::same_key;
use super::super::hash::hash;
use super::super::node::{self, is_sole, share, words};
use super::Entries;
use crate::{Isolate, Owned, Place, PyResult};

/// Words of a node and bits of a digit.
const NODE_WORDS: usize = 16;
const DIGIT_BITS: u32 = 4;
const DIGIT: usize = NODE_WORDS - 1;
const HASH_BITS: u32 = 32;
const POSITION_BITS: u32 = 30;
/// Positions of one table.
const POSITIONS: usize = 1 << POSITION_BITS;
const BUCKET_MOST: usize = 8;

/// A large map or set. 48 bytes.
#[repr(C)]
struct TrieObj {
    header: Header,
    /// Entries, the next position, and levels of the order above its leaves, as small integers.
    count: Word,
    end: Word,
    depth: Word,
    order: Word,
    index: Word,
}
const _: () = assert!(size_of::<TrieObj>() == 48);
/// Words of the object after its header.
pub(in super::super) const TRIE_WORDS: u32 = 5;

#[inline(always)]
fn obj(table: Word) -> Place<TrieObj> {
    // SAFETY: the caller says that the word is a large table.
    unsafe { Place::new(table.as_ptr().cast()) }
}

fn number(n: usize) -> Word {
    Word::small(n as i64)
}

const fn class<const W: usize>() -> ClassId {
    if W == 2 { ClassId::TRIE_MAP } else { ClassId::TRIE_SET }
}

/// Bits of a position that number the entries of one leaf.
const fn leaf_bits<const W: usize>() -> u32 {
    if W == 2 { DIGIT_BITS - 1 } else { DIGIT_BITS }
}

/// Positions that an order of some depth has room for.
fn capacity<const W: usize>(depth: usize) -> usize {
    1 << (leaf_bits::<W>() + DIGIT_BITS * depth as u32)
}

/// Number of entries.
#[inline(always)]
pub(super) fn count(table: Word) -> usize {
    obj(table).count.as_small() as usize
}

/// What the index knows of a key's hash.
#[inline]
pub(super) fn fragment(rt: &Isolate, key: Word) -> u32 {
    (hash(rt, key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS)) as u32
}

#[inline(always)]
fn pack(hash: u32, at: usize) -> Word {
    Word::small(i64::from(hash) << POSITION_BITS | at as i64)
}

#[inline(always)]
fn hash_of(packed: Word) -> u32 {
    (packed.as_small() >> POSITION_BITS) as u32
}

#[inline(always)]
fn position_of(packed: Word) -> usize {
    packed.as_small() as usize & (POSITIONS - 1)
}

#[inline(always)]
fn is_node(child: Word) -> bool {
    // SAFETY: a child of the index that is no integer is an object.
    unsafe { (*child.as_ptr()).class == ClassId::NODE }
}

fn new_node(rt: &mut Isolate) -> Owned {
    node::new(rt, ClassId::NODE, NODE_WORDS, [])
}

/// Digit of the index for a hash at a level that begins at bit `shift`; the bits beyond the last are zero.
#[inline(always)]
fn digit(hash: u32, shift: u32) -> usize {
    (u64::from(hash) >> shift) as usize & DIGIT
}

// ---- the order -----------------------------------------------------------------------------------

/// Words of the entry at a position, and those after it in its leaf.
#[inline]
pub(super) fn entry<'a, const W: usize>(table: Word, at: usize) -> &'a [Word] {
    let t = obj(table);
    let mut node = t.order;
    let mut shift = leaf_bits::<W>() + DIGIT_BITS * t.depth.as_small() as u32;
    while shift > leaf_bits::<W>() {
        shift -= DIGIT_BITS;
        node = words(node)[at >> shift & DIGIT];
    }
    &words(node)[within::<W>(at)..]
}

/// Place of a position's entry in its leaf.
#[inline(always)]
fn within<const W: usize>(at: usize) -> usize {
    (at & ((1 << leaf_bits::<W>()) - 1)) * W
}

/// The words of an entry, in a leaf that may be changed; the nodes on the way are made where there are none.
///
/// # Safety
/// Nobody else holds the table, and the position lies within its depth.
unsafe fn entry_mut<const W: usize>(rt: &mut Isolate, table: Word, at: usize) -> *mut Word {
    let mut shift = leaf_bits::<W>() + DIGIT_BITS * obj(table).depth.as_small() as u32;
    // SAFETY: by the caller's promise; `own` makes each node on the way the table's own.
    unsafe {
        let mut node = node::own(rt, &raw mut (*obj(table).as_ptr()).order);
        while shift > leaf_bits::<W>() {
            shift -= DIGIT_BITS;
            let slot = node::at(node, at >> shift & DIGIT);
            if (*slot).is_unbound() {
                *slot = new_node(rt).into_word();
            }
            node = node::own(rt, slot);
        }
        node::at(node, within::<W>(at))
    }
}

/// Removes the entry at a position from the nodes below `slot`, `shift` being the bits of a position that they tell
/// apart; whether nothing is left there. Recurses once a level.
///
/// # Safety
/// `slot` holds a node and lies in an object that may be changed.
unsafe fn clear<const W: usize>(rt: &mut Isolate, slot: *mut Word, shift: u32, at: usize) -> bool {
    // SAFETY: by the caller's promise; `own` makes the node one that may be changed.
    unsafe {
        let node = node::own(rt, slot);
        if shift == leaf_bits::<W>() {
            for i in 0..W {
                node::replace(node::at(node, within::<W>(at) + i), Word::UNBOUND);
            }
        } else {
            let shift = shift - DIGIT_BITS;
            let child = node::at(node, at >> shift & DIGIT);
            if clear::<W>(rt, child, shift, at) {
                node::replace(child, Word::UNBOUND);
            }
        }
        words(node).iter().all(|w| w.is_unbound())
    }
}

/// Leaves of an order that have entries, from a position on.
#[derive(Clone)]
pub(super) struct Leaves<const W: usize> {
    table: Word,
    at: usize,
}

impl<const W: usize> Leaves<W> {
    pub(super) fn none() -> Leaves<W> {
        Leaves { table: Word::UNBOUND, at: 0 }
    }

    pub(super) fn of(table: Word) -> Leaves<W> {
        Leaves { table, at: 0 }
    }
}

impl<const W: usize> Iterator for Leaves<W> {
    type Item = &'static [Word];

    fn next(&mut self) -> Option<&'static [Word]> {
        if self.table.is_unbound() {
            return None;
        }
        let t = obj(self.table);
        'from_root: while self.at < t.end.as_small() as usize {
            let mut shift = leaf_bits::<W>() + DIGIT_BITS * t.depth.as_small() as u32;
            let mut node = t.order;
            while shift > leaf_bits::<W>() {
                shift -= DIGIT_BITS;
                node = words(node)[self.at >> shift & DIGIT];
                if node.is_unbound() {
                    self.at = ((self.at >> shift) + 1) << shift;
                    continue 'from_root;
                }
            }
            self.at = ((self.at >> shift) + 1) << shift;
            return Some(words(node));
        }
        None
    }
}

// ---- the index -----------------------------------------------------------------------------------

/// Position of a key with its hash.
#[inline]
pub(super) fn find<const W: usize>(rt: &mut Isolate, table: Word, key: Word, hash: u32) -> PyResult<Option<usize>> {
    let (mut node, mut shift) = (obj(table).index, 0);
    loop {
        let child = words(node)[digit(hash, shift)];
        if child.is_unbound() {
            return Ok(None);
        }
        if child.is_small() {
            return find_among::<W>(rt, table, key, hash, &[child]);
        }
        if !is_node(child) {
            return find_among::<W>(rt, table, key, hash, words(child));
        }
        (node, shift) = (child, shift + DIGIT_BITS);
    }
}

#[inline]
fn find_among<const W: usize>(
    rt: &mut Isolate,
    table: Word,
    key: Word,
    hash: u32,
    among: &[Word],
) -> PyResult<Option<usize>> {
    for &packed in among {
        if hash_of(packed) == hash {
            let at = position_of(packed);
            if same_key::<W>(rt, entry::<W>(table, at)[0], key)? {
                return Ok(Some(at));
            }
        }
    }
    Ok(None)
}

fn bucket(rt: &mut Isolate, len: usize, items: impl IntoIterator<Item = Word>) -> Word {
    node::new(rt, ClassId::BUCKET, len, items).into_word()
}

/// Adds a position that the index does not have.
///
/// # Safety
/// Nobody else holds the table.
unsafe fn index_insert(rt: &mut Isolate, table: Word, packed: Word) {
    let hash = hash_of(packed);
    // SAFETY: by the caller's promise; `own` makes each node on the way the table's own.
    unsafe {
        let mut slot = &raw mut (*obj(table).as_ptr()).index;
        let mut shift = 0;
        loop {
            let node = node::own(rt, slot);
            slot = node::at(node, digit(hash, shift));
            shift += DIGIT_BITS;
            let child = *slot;
            if child.is_object() && is_node(child) {
                continue;
            }
            if child.is_object() && words(child).len() >= BUCKET_MOST && shift < HASH_BITS {
                let spread = spread(rt, child, shift);
                node::replace(slot, spread);
                continue;
            }
            return join(rt, slot, packed);
        }
    }
}

/// Puts a packed position beside what a word of the index holds, which is no node.
///
/// # Safety
/// `slot` is a word of a node that may be changed.
unsafe fn join(rt: &mut Isolate, slot: *mut Word, packed: Word) {
    // SAFETY: by the caller's promise.
    unsafe {
        let child = *slot;
        if child.is_unbound() {
            *slot = packed;
        } else if child.is_small() {
            *slot = bucket(rt, 2, [child, packed]);
        } else {
            let items = words(child).iter().copied().chain([packed]);
            let grown = bucket(rt, words(child).len() + 1, items);
            node::replace(slot, grown);
        }
    }
}

/// A node with the positions of a bucket, by the digits at `shift`.
fn spread(rt: &mut Isolate, from: Word, shift: u32) -> Word {
    let node = new_node(rt);
    for &packed in words(from) {
        // SAFETY: the node was just made.
        unsafe { join(rt, node::at(node.word(), digit(hash_of(packed), shift)), packed) };
    }
    node.into_word()
}

/// Removes a position that the index has.
///
/// # Safety
/// Nobody else holds the table.
unsafe fn index_remove(rt: &mut Isolate, table: Word, packed: Word) {
    // SAFETY: by the caller's promise; `own` makes each node on the way the table's own.
    unsafe {
        let mut slot = &raw mut (*obj(table).as_ptr()).index;
        let mut shift = 0;
        while (*slot).is_object() && is_node(*slot) {
            let node = node::own(rt, slot);
            slot = node::at(node, digit(hash_of(packed), shift));
            shift += DIGIT_BITS;
        }
        let child = *slot;
        if child.is_small() {
            *slot = Word::UNBOUND;
            return;
        }
        let mut left = words(child).iter().copied().filter(|&p| p != packed);
        let shrunk = match words(child).len() {
            2 => left.next().expect("the other one stays"),
            n => bucket(rt, n - 1, left),
        };
        node::replace(slot, shrunk);
    }
}

// ---- the table -----------------------------------------------------------------------------------

fn new_table<const W: usize>(rt: &mut Isolate) -> Owned {
    let (order, index) = (new_node(rt), new_node(rt));
    let zero = Word::small(0);
    rt.new_plain(class::<W>(), [zero, zero, zero, order.into_word(), index.into_word()])
}

/// The table itself if nobody else holds it, else one with the same nodes.
fn own_table<const W: usize>(rt: &mut Isolate, table: Owned) -> Owned {
    if is_sole(table.word()) {
        return table;
    }
    let t = obj(table.word());
    let (count, end, depth) = (t.count, t.end, t.depth);
    rt.new_plain(class::<W>(), [count, end, depth, share(t.order), share(t.index)])
}

/// A table with the entries of another one, numbered from zero.
fn rebuild<const W: usize>(rt: &mut Isolate, entries: Entries<W>) -> Owned {
    let made = new_table::<W>(rt);
    for e in entries {
        let hash = fragment(rt, e[0]);
        // SAFETY: nobody else holds the table.
        unsafe { push(rt, made.word(), hash, e.map(Owned::share)) };
    }
    made
}

/// A large table with the entries of a flat one.
pub(super) fn from_flat<const W: usize>(rt: &mut Isolate, flat: Word) -> Owned {
    rebuild(rt, Entries::<W>::of(flat))
}

/// The table with other words, but for the key, at a position.
pub(super) fn replace<const W: usize>(rt: &mut Isolate, table: Owned, at: usize, new: [Owned; W]) -> Owned {
    let table = own_table::<W>(rt, table);
    // SAFETY: nobody else holds the table, which has the position.
    unsafe {
        let words = entry_mut::<W>(rt, table.word(), at);
        for (i, w) in new.into_iter().enumerate().skip(1) {
            node::replace(words.add(i), w.into_word());
        }
    }
    table
}

/// The table with an entry more, whose key it does not have.
pub(super) fn insert<const W: usize>(rt: &mut Isolate, table: Owned, hash: u32, new: [Owned; W]) -> PyResult {
    let mut table = own_table::<W>(rt, table);
    if obj(table.word()).end == number(POSITIONS) {
        if count(table.word()) > POSITIONS / 2 {
            return Err(rt.raise_claude(ErrorKind::Limit, "a map or set has too many entries", Word::NONE));
        }
        table = rebuild(rt, Entries::<W>::of(table.word()));
    }
    // SAFETY: nobody else holds the table.
    unsafe { push(rt, table.word(), hash, new) };
    Ok(table)
}

/// Adds an entry at the end.
///
/// # Safety
/// Nobody else holds the table, which has not used up its positions.
unsafe fn push<const W: usize>(rt: &mut Isolate, table: Word, hash: u32, new: [Owned; W]) {
    let mut t = obj(table);
    let (at, depth) = (t.end.as_small() as usize, t.depth.as_small() as usize);
    if at == capacity::<W>(depth) {
        let root = node::new(rt, ClassId::NODE, NODE_WORDS, [t.order]);
        (t.order, t.depth) = (root.into_word(), number(depth + 1));
    }
    // SAFETY: by the caller's promise; the position has no entry yet.
    unsafe {
        let words = entry_mut::<W>(rt, table, at);
        for (i, w) in new.into_iter().enumerate() {
            words.add(i).write(w.into_word());
        }
        index_insert(rt, table, pack(hash, at));
    }
    (t.end, t.count) = (number(at + 1), number(count(table) + 1));
}

/// The table without the entry at a position.
pub(super) fn remove<const W: usize>(rt: &mut Isolate, table: Owned, at: usize, hash: u32) -> Owned {
    let table = own_table::<W>(rt, table);
    let mut t = obj(table.word());
    // SAFETY: nobody else holds the table. Its order has other entries, so that the root stays.
    unsafe {
        index_remove(rt, table.word(), pack(hash, at));
        let shift = leaf_bits::<W>() + DIGIT_BITS * t.depth.as_small() as u32;
        clear::<W>(rt, &raw mut (*t.as_ptr()).order, shift, at);
    }
    t.count = number(count(table.word()) - 1);
    if t.end == number(at + 1) {
        t.end = number(at);
    }
    table
}

/// Lets the positions of a table go on from `end`, as if those before had been used.
#[cfg(test)]
pub(super) fn skip_positions<const W: usize>(rt: &mut Isolate, table: Word, end: usize) {
    let mut t = obj(table);
    while capacity::<W>(t.depth.as_small() as usize) < end {
        let root = node::new(rt, ClassId::NODE, NODE_WORDS, [t.order]);
        (t.order, t.depth) = (root.into_word(), number(t.depth.as_small() as usize + 1));
    }
    t.end = number(end);
}
