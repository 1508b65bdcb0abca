//! The hash table of a set, with the probing of CPython's `Objects/setobject.c`: the order of the items is
//! visible to programs, so sizes and probe sequences are part of the behaviour.
//!
//! ```text
//! table    | hash key | hash key | …       power of two, at least 8; at most 3/5 full
//!          free: no key, hash 0            removed: no key, hash -1 (which no key has)
//! ```
//!
//! A probe looks at a slot and up to nine behind it, then jumps. No table is allocated before the first item; the mask is that of the smallest table.

use alloc::vec::Vec;
use molt_abi::Word;
use molt_abi::layout::Header;

use crate::dict::{alloc_array, free_array};
use crate::owned::dec;

use crate::Place;

/// One place of the table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slot {
    pub hash: i64,
    /// `UNBOUND` when there is no item.
    pub key: Word,
}

impl Slot {
    const FREE: Slot = Slot { hash: 0, key: Word::UNBOUND };
    const REMOVED: Slot = Slot { hash: -1, key: Word::UNBOUND };

    #[inline(always)]
    pub(super) fn is_free(&self) -> bool {
        self.key.is_unbound() && self.hash == 0
    }
}

/// A set or frozenset.
#[repr(C)]
pub struct SetObj {
    pub header: Header,
    /// Null until the first item comes.
    pub table: *mut Slot,
    /// Size of the table minus one.
    pub mask: u64,
    /// Slots that are not free.
    pub fill: u64,
    /// Items.
    pub used: u64,
    /// Where `pop` goes on looking.
    pub finger: u64,
    /// Hash of a frozenset; -1 until asked for.
    pub hash: i64,
}

const MIN_SIZE: u64 = 8;
/// Slots looked at behind the first of a probe.
const LINEAR_PROBES: u64 = 9;
const PERTURB_SHIFT: u32 = 5;
/// Sets with more items grow by two rather than by four.
const LARGE: u64 = 50_000;

/// The slots to look at for a hash: runs of neighbours.
pub(super) struct Probe {
    mask: u64,
    perturb: u64,
    i: u64,
}

impl Probe {
    #[inline(always)]
    pub(super) fn new(mask: u64, hash: i64) -> Probe {
        Probe { mask, perturb: hash as u64, i: hash as u64 & mask }
    }

    /// First and last slot of this run.
    #[inline(always)]
    pub(super) fn run(&self) -> (u64, u64) {
        let more = if self.i + LINEAR_PROBES <= self.mask { LINEAR_PROBES } else { 0 };
        (self.i, self.i + more)
    }

    #[inline(always)]
    pub(super) fn jump(&mut self) {
        self.perturb >>= PERTURB_SHIFT;
        self.i = self.i.wrapping_mul(5).wrapping_add(1).wrapping_add(self.perturb) & self.mask;
    }
}

impl SetObj {
    /// Fields of an empty set; the header stays.
    pub(crate) fn init(&mut self) {
        self.table = core::ptr::null_mut();
        self.mask = MIN_SIZE - 1;
        self.fill = 0;
        self.used = 0;
        self.finger = 0;
        self.hash = -1;
    }

    /// All slots, free and removed ones included.
    #[inline(always)]
    pub(crate) fn slots<'a>(&self) -> &'a [Slot] {
        if self.table.is_null() {
            return &[];
        }
        // SAFETY: a table has `mask + 1` initialised slots.
        unsafe { core::slice::from_raw_parts(self.table, self.mask as usize + 1) }
    }

    #[inline(always)]
    pub(super) fn slot(&self, i: u64) -> Slot {
        debug_assert!(!self.table.is_null() && i <= self.mask);
        // SAFETY: there is a table, and the index is not above the mask.
        unsafe { *self.table.add(i as usize) }
    }

    /// Replaces a slot; what was in it.
    #[inline(always)]
    fn put(&mut self, i: u64, new: Slot) -> Slot {
        debug_assert!(!self.table.is_null() && i <= self.mask);
        // SAFETY: there is a table, and the index is not above the mask.
        unsafe { self.table.add(i as usize).replace(new) }
    }

    /// The items.
    pub(crate) fn keys<'a>(&self) -> impl Iterator<Item = Word> + use<'a> {
        self.slots().iter().map(|s| s.key).filter(|k| !k.is_unbound())
    }

    /// Position of the first item at or after `i`.
    #[inline]
    pub(crate) fn next_live(&self, i: usize) -> Option<usize> {
        let rest = self.slots().get(i..)?;
        rest.iter().position(|s| !s.key.is_unbound()).map(|n| i + n)
    }

    /// Makes sure that there is a table.
    #[inline(always)]
    pub(super) fn allocate(&mut self) {
        if self.table.is_null() {
            self.table = new_table(self.mask + 1);
        }
    }

    /// Fills the free slot `at`; takes over the key.
    #[inline(always)]
    pub(super) fn occupy(&mut self, at: u64, hash: i64, key: Word) {
        self.put(at, Slot { hash, key });
        self.fill += 1;
        self.used += 1;
        if self.fill * 5 >= self.mask * 3 {
            self.resize(self.growth());
        }
    }

    /// Fills the removed slot `at`; takes over the key.
    #[inline(always)]
    pub(super) fn reoccupy(&mut self, at: u64, hash: i64, key: Word) {
        self.put(at, Slot { hash, key });
        self.used += 1;
    }

    /// Empties the slot of an item; the caller owns the key returned.
    pub(super) fn remove_at(&mut self, at: u64) -> Word {
        let key = self.put(at, Slot::REMOVED).key;
        self.used -= 1;
        key
    }

    /// Items to make room for when the table is to be rebuilt.
    fn growth(&self) -> u64 {
        self.used * if self.used > LARGE { 2 } else { 4 }
    }

    /// Makes room for `more` items at once.
    pub(super) fn reserve(&mut self, more: u64) {
        if (self.fill + more) * 5 >= self.mask * 3 {
            self.resize((self.used + more) * 2);
        }
    }

    /// Rebuilds the table when more than a quarter of it are removed slots.
    pub(super) fn tidy(&mut self) {
        if self.fill - self.used > self.mask / 4 {
            self.resize(self.growth());
        }
    }

    /// Rebuilds the table with more than `wanted` slots.
    fn resize(&mut self, wanted: u64) {
        let size = MIN_SIZE.max((wanted + 1).next_power_of_two());
        if size == MIN_SIZE && self.mask == size - 1 && self.fill == self.used {
            return;
        }
        let old = core::mem::replace(&mut self.table, new_table(size));
        let old_size = core::mem::replace(&mut self.mask, size - 1) + 1;
        self.fill = self.used;
        if old.is_null() {
            return;
        }
        // SAFETY: the old table has that many initialised slots and is not the new one.
        for s in unsafe { core::slice::from_raw_parts(old, old_size as usize) } {
            if !s.key.is_unbound() {
                self.insert_clean(*s);
            }
        }
        free_array(old, old_size as usize);
    }

    /// Puts an item that is not there into a table without removed slots; counts nothing.
    fn insert_clean(&mut self, new: Slot) {
        let mut probe = Probe::new(self.mask, new.hash);
        loop {
            let (first, last) = probe.run();
            for i in first..=last {
                if self.slot(i).key.is_unbound() {
                    self.put(i, new);
                    return;
                }
            }
            probe.jump();
        }
    }

    /// Takes the items of `other` into this set, in which no slot was used; the caller has reserved the room
    /// and counts the references.
    pub(super) fn fill_from(&mut self, other: Place<SetObj>) {
        self.allocate();
        if self.mask == other.mask && other.fill == other.used {
            // SAFETY: both tables have the same size, and two sets do not share one.
            unsafe { other.table.copy_to_nonoverlapping(self.table, self.mask as usize + 1) };
        } else {
            for s in other.slots().iter().filter(|s| !s.key.is_unbound()) {
                self.insert_clean(*s);
            }
        }
        self.fill = other.used;
        self.used = other.used;
    }

    /// Exchanges the items of two sets.
    pub(super) fn swap(&mut self, mut other: Place<SetObj>) {
        core::mem::swap(&mut self.table, &mut other.table);
        core::mem::swap(&mut self.mask, &mut other.mask);
        core::mem::swap(&mut self.fill, &mut other.fill);
        core::mem::swap(&mut self.used, &mut other.used);
        self.hash = -1;
        other.hash = -1;
    }

    /// Takes the item that `pop` gives; the caller owns it. The set is not empty.
    pub(super) fn take_next(&mut self) -> Word {
        let mut at = self.finger & self.mask;
        while self.slot(at).key.is_unbound() {
            at = if at == self.mask { 0 } else { at + 1 };
        }
        self.finger = at + 1;
        self.remove_at(at)
    }

    /// Releases items and memory of a set that nothing refers to any more.
    pub(crate) fn release_all(&mut self) {
        self.keys().for_each(dec);
        free_array(self.table, self.mask as usize + 1);
        self.init();
    }

    /// Empties the set and gives its memory away; returns the words to release.
    pub(crate) fn take_all(&mut self) -> Vec<Word> {
        let words = self.keys().collect();
        free_array(self.table, self.mask as usize + 1);
        let finger = self.finger;
        self.init();
        self.finger = finger;
        words
    }
}

fn new_table(size: u64) -> *mut Slot {
    let table = alloc_array::<Slot>(size as usize);
    for i in 0..size as usize {
        // SAFETY: the array was just allocated with this size.
        unsafe { table.add(i).write(Slot::FREE) };
    }
    table
}
