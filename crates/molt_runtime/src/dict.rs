//! `dict`: entries in insertion order beside an open-addressing index table.
//!
//! ```text
//! entries  | hash key value | hash key value | …      in insertion order; a removed one has key UNBOUND
//! index    | position + 1, or 0                        power of two, at most 2/3 full; none up to 8 entries
//! ```
//!
//! A lookup by a string compares text without running Python code; any other key may run `__eq__`, after
//! which the table is looked at anew when it changed meanwhile.

use alloc::alloc::{Layout as MemLayout, alloc, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::cell::Cell;

use molt_abi::layout::Header;
use molt_abi::{ClassId, Word};

use crate::api::str_bytes;
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult};

/// One key with its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Entry {
    pub hash: i64,
    /// `UNBOUND` when the entry was removed.
    pub key: Word,
    pub value: Word,
}

/// A dict.
#[repr(C)]
pub struct DictObj {
    pub header: Header,
    pub entries: *mut Entry,
    /// Index table, null while there are few entries.
    pub index: *mut u32,
    /// Live entries.
    pub used: u32,
    /// Entries in use, removed ones included.
    pub filled: u32,
    pub capacity: u32,
    /// Size of the index table minus one.
    pub mask: u32,
    /// Counts changes of the set of keys.
    pub version: u32,
    /// All entries before this one are removed.
    pub first: u32,
}

const SMALL: u32 = 8;

/// The dict object of a word that is a dict (or of a subclass).
#[inline(always)]
pub(crate) fn dict_obj(w: Word) -> Place<DictObj> {
    // SAFETY: the caller says that the word is a live dict and keeps no other view of it.
    unsafe { Place::new(w.as_ptr().cast()) }
}

impl DictObj {
    /// Fields of an empty dict; the header stays.
    pub(crate) fn init(&mut self) {
        self.entries = core::ptr::null_mut();
        self.index = core::ptr::null_mut();
        self.used = 0;
        self.filled = 0;
        self.capacity = 0;
        self.mask = 0;
        self.version = 0;
        self.first = 0;
    }

    /// Entries in order, removed ones included.
    #[inline(always)]
    pub(crate) fn entries<'a>(&self) -> &'a [Entry] {
        if self.filled == 0 {
            return &[];
        }
        // SAFETY: `filled` entries are initialised.
        unsafe { core::slice::from_raw_parts(self.entries, self.filled as usize) }
    }

    #[inline(always)]
    #[expect(
        clippy::mut_from_ref,
        reason = "entries are the heap's, not the table header's; one thread has the isolate"
    )]
    fn entry(&self, i: usize) -> &mut Entry {
        debug_assert!(i < self.filled as usize);
        // SAFETY: the index is below `filled`.
        unsafe { &mut *self.entries.add(i) }
    }

    /// Position of the first live entry at or after `i`.
    pub(crate) fn next_live(&self, mut i: usize) -> Option<usize> {
        i = i.max(self.first as usize);
        while i < self.filled as usize {
            if !self.entry(i).key.is_unbound() {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// Position of the entry for which `same` holds among those with the hash; `same` runs no Python code.
    #[inline(always)]
    fn find(&self, hash: i64, same: impl Fn(Word) -> bool) -> Option<usize> {
        if self.index.is_null() {
            for (i, e) in self.entries().iter().enumerate() {
                if e.hash == hash && !e.key.is_unbound() && same(e.key) {
                    return Some(i);
                }
            }
            return None;
        }
        let mut slot = spread(hash) & self.mask;
        loop {
            // SAFETY: the mask keeps the slot inside the table.
            let v = unsafe { *self.index.add(slot as usize) };
            if v == 0 {
                return None;
            }
            let e = self.entry(v as usize - 1);
            if e.hash == hash && same(e.key) {
                return Some(v as usize - 1);
            }
            slot = (slot + 1) & self.mask;
        }
    }

    /// Candidates with the hash after position `from` in probe order; used when comparing runs Python code.
    fn candidates(&self, hash: i64) -> Vec<usize> {
        let mut found = Vec::new();
        self.find_each(hash, |i| found.push(i));
        found
    }

    fn find_each(&self, hash: i64, mut each: impl FnMut(usize)) {
        if self.index.is_null() {
            for (i, e) in self.entries().iter().enumerate() {
                if e.hash == hash && !e.key.is_unbound() {
                    each(i);
                }
            }
            return;
        }
        let mut slot = spread(hash) & self.mask;
        loop {
            // SAFETY: the mask keeps the slot inside the table.
            let v = unsafe { *self.index.add(slot as usize) };
            if v == 0 {
                return;
            }
            if self.entry(v as usize - 1).hash == hash {
                each(v as usize - 1);
            }
            slot = (slot + 1) & self.mask;
        }
    }

    /// Appends an entry for a key that is not there; takes over key and value.
    fn append(&mut self, hash: i64, key: Word, value: Word) {
        if self.filled == self.capacity {
            self.grow();
        }
        // SAFETY: there is room for one more entry.
        unsafe { self.entries.add(self.filled as usize).write(Entry { hash, key, value }) };
        self.filled += 1;
        self.used += 1;
        self.version = self.version.wrapping_add(1);
        if !self.index.is_null() {
            self.insert_index(hash, self.filled);
        }
    }

    fn insert_index(&mut self, hash: i64, position: u32) {
        let mut slot = spread(hash) & self.mask;
        // SAFETY: the mask keeps the slot inside the table, which is never full.
        unsafe {
            while *self.index.add(slot as usize) != 0 {
                slot = (slot + 1) & self.mask;
            }
            *self.index.add(slot as usize) = position;
        }
    }

    fn grow(&mut self) {
        let wanted = if self.used == 0 { 4 } else { (self.used * 2).max(SMALL) };
        self.resize(wanted.max(4));
    }

    /// Makes room for `capacity` entries, drops removed ones and rebuilds the index.
    fn resize(&mut self, capacity: u32) {
        let capacity = capacity.max(self.used);
        let new = alloc_array::<Entry>(capacity as usize);
        let mut n = 0;
        for e in self.entries() {
            if !e.key.is_unbound() {
                // SAFETY: the new array has room for all live entries.
                unsafe { new.add(n).write(*e) };
                n += 1;
            }
        }
        free_array(self.entries, self.capacity as usize);
        self.entries = new;
        self.filled = n as u32;
        self.first = 0;
        self.capacity = capacity;
        self.drop_index();
        if capacity > SMALL {
            let size = (capacity as usize * 3 / 2 + 1).next_power_of_two();
            self.index = alloc_array::<u32>(size);
            self.mask = size as u32 - 1;
            // SAFETY: the table was just allocated with this size.
            unsafe { self.index.write_bytes(0, size) };
            for i in 0..self.filled {
                let hash = self.entry(i as usize).hash;
                self.insert_index(hash, i + 1);
            }
        }
    }

    fn drop_index(&mut self) {
        if !self.index.is_null() {
            free_array(self.index, self.mask as usize + 1);
            self.index = core::ptr::null_mut();
            self.mask = 0;
        }
    }

    /// Takes an entry out; the caller owns the key and value returned.
    fn remove_at(&mut self, i: usize) -> (Word, Word) {
        let e = *self.entry(i);
        if !self.index.is_null() {
            self.remove_index(e.hash, i as u32 + 1);
        }
        self.entry(i).key = Word::UNBOUND;
        self.entry(i).value = Word::UNBOUND;
        self.used -= 1;
        self.version = self.version.wrapping_add(1);
        if self.used == 0 {
            (self.filled, self.first) = (0, 0);
            return (e.key, e.value);
        }
        while self.entry(self.first as usize).key.is_unbound() {
            self.first += 1;
        }
        while self.entry(self.filled as usize - 1).key.is_unbound() {
            self.filled -= 1;
        }
        (e.key, e.value)
    }

    /// Takes a position out of the index and closes the gap in its probe sequence.
    fn remove_index(&mut self, hash: i64, position: u32) {
        let mut hole = spread(hash) & self.mask;
        // SAFETY: the mask keeps slots inside the table, which holds the position and is never full.
        unsafe {
            while *self.index.add(hole as usize) != position {
                hole = (hole + 1) & self.mask;
            }
            let mut next = (hole + 1) & self.mask;
            loop {
                let v = *self.index.add(next as usize);
                if v == 0 {
                    break;
                }
                let home = spread(self.entry(v as usize - 1).hash) & self.mask;
                if next.wrapping_sub(home) & self.mask >= next.wrapping_sub(hole) & self.mask {
                    *self.index.add(hole as usize) = v;
                    hole = next;
                }
                next = (next + 1) & self.mask;
            }
            *self.index.add(hole as usize) = 0;
        }
    }

    /// Moves a live entry in front of all others.
    fn move_to_front(&mut self, i: usize) {
        let e = *self.entry(i);
        if self.first == 0 {
            // SAFETY: the entries up to `i` are initialised.
            unsafe { self.entries.copy_to(self.entries.add(1), i) };
            *self.entry(0) = e;
            self.resize(self.capacity);
        } else if i != self.first as usize {
            self.remove_at(i);
            self.first -= 1;
            *self.entry(self.first as usize) = e;
            self.used += 1;
            if !self.index.is_null() {
                self.insert_index(e.hash, self.first + 1);
            }
        }
        self.version = self.version.wrapping_add(1);
    }

    /// Releases keys, values and memory of a dict that nothing refers to any more.
    pub(crate) fn release_all(&mut self) {
        for e in self.entries() {
            dec(e.key);
            dec(e.value);
        }
        free_array(self.entries, self.capacity as usize);
        self.drop_index();
        self.init();
    }

    /// Empties the dict and gives its memory away; returns the words to release.
    pub(crate) fn take_all(&mut self) -> Vec<Word> {
        let words = self.entries().iter().filter(|e| !e.key.is_unbound()).flat_map(|e| [e.key, e.value]).collect();
        free_array(self.entries, self.capacity as usize);
        self.drop_index();
        let version = self.version;
        self.init();
        self.version = version.wrapping_add(1);
        words
    }
}

/// Equality of two texts, of which most are a word or two: those are compared without a call of the C library.
#[inline(always)]
fn same_text(a: &[u8], b: &[u8]) -> bool {
    let n = a.len();
    if n != b.len() {
        return false;
    }
    if !(4..=16).contains(&n) {
        return a == b;
    }
    let (p, q) = (a.as_ptr(), b.as_ptr());
    // SAFETY: both have `n` bytes, and the two reads, which overlap, lie within them.
    unsafe {
        if n >= 8 {
            let (p, q, last) = (p.cast::<u64>(), q.cast::<u64>(), n - 8);
            p.read_unaligned() == q.read_unaligned()
                && p.byte_add(last).read_unaligned() == q.byte_add(last).read_unaligned()
        } else {
            let (p, q, last) = (p.cast::<u32>(), q.cast::<u32>(), n - 4);
            p.read_unaligned() == q.read_unaligned()
                && p.byte_add(last).read_unaligned() == q.byte_add(last).read_unaligned()
        }
    }
}

#[inline(always)]
fn spread(hash: i64) -> u32 {
    let h = (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (h >> 32) as u32
}

pub(crate) fn alloc_array<T>(n: usize) -> *mut T {
    let layout = MemLayout::array::<T>(n).expect("array size fits the address space");
    // SAFETY: callers ask for at least one element of a sized type.
    let p = unsafe { alloc(layout) };
    if p.is_null() {
        handle_alloc_error(layout);
    }
    p.cast()
}

pub(crate) fn free_array<T>(p: *mut T, n: usize) {
    if !p.is_null() && n > 0 {
        let layout = MemLayout::array::<T>(n).expect("array size fits the address space");
        // SAFETY: allocated by `alloc_array` with the same length.
        unsafe { dealloc(p.cast(), layout) };
    }
}

impl Isolate {
    pub fn new_dict(&mut self) -> Owned {
        self.new_dict_of_class(ClassId::DICT)
    }

    /// Empty instance of `dict` or a subclass.
    pub(crate) fn new_dict_of_class(&mut self, class: ClassId) -> Owned {
        let size = if class == ClassId::DICT { size_of::<DictObj>() } else { self.class(class).instance_size as usize };
        let p = self.alloc_object(class, size);
        // SAFETY: the object starts with a `DictObj`; words after it are slots.
        unsafe {
            (*p.cast::<DictObj>()).init();
            for i in size_of::<DictObj>() / 8..size / 8 {
                p.cast::<Word>().add(i).write(Word::UNBOUND);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// Position of a key. Exact strings and small integers are compared without running Python code.
    #[inline]
    pub(crate) fn dict_find(&mut self, d: Word, key: Word, hash: i64) -> PyResult<Option<usize>> {
        let dict = dict_obj(d);
        if self.class_of(key) == ClassId::STR {
            let text = str_bytes(key);
            let other = Cell::new(false);
            let found = dict.find(hash, |k| {
                if k == key {
                    return true;
                }
                if self.class_of(k) == ClassId::STR {
                    return same_text(str_bytes(k), text);
                }
                other.set(true);
                false
            });
            if found.is_some() || !other.get() {
                return Ok(found);
            }
        } else if key.is_small() {
            let found = dict.find(hash, |k| k == key);
            if found.is_some() {
                return Ok(found);
            }
        }
        self.dict_find_slow(d, key, hash)
    }

    fn dict_find_slow(&mut self, d: Word, key: Word, hash: i64) -> PyResult<Option<usize>> {
        'again: loop {
            let dict = dict_obj(d);
            let version = dict.version;
            for i in dict.candidates(hash) {
                let k = dict_obj(d).entry(i).key;
                if k == key {
                    return Ok(Some(i));
                }
                let k = Owned::share(k);
                let same = self.eq(k.word(), key)?;
                if dict_obj(d).version != version {
                    continue 'again;
                }
                if same {
                    return Ok(Some(i));
                }
            }
            return Ok(None);
        }
    }

    /// Value of an interned or other exact string key, borrowed; runs no Python code.
    #[inline]
    pub(crate) fn dict_get_name(&self, d: Word, name: Word) -> Option<Word> {
        let dict = dict_obj(d);
        if dict.used == 0 {
            return None;
        }
        let hash = self.str_hash(name);
        let text = str_bytes(name);
        let i = dict.find(hash, |k| k == name || (self.is_str(k) && same_text(str_bytes(k), text)))?;
        Some(dict.entry(i).value)
    }

    /// Stores under an exact string key; runs no Python code but finalisers of the old value.
    pub(crate) fn dict_set_name(&mut self, d: Word, name: Word, value: Word) {
        let hash = self.str_hash(name);
        let text = str_bytes(name);
        let mut dict = dict_obj(d);
        inc(value);
        match dict.find(hash, |k| k == name || (self.is_str(k) && same_text(str_bytes(k), text))) {
            Some(i) => {
                let old = core::mem::replace(&mut dict.entry(i).value, value);
                dec(old);
            }
            None => {
                inc(name);
                dict.append(hash, name, value);
            }
        }
    }

    /// Removes an exact string key.
    pub(crate) fn dict_remove_name(&mut self, d: Word, name: Word) -> Option<Owned> {
        let hash = self.str_hash(name);
        let text = str_bytes(name);
        let mut dict = dict_obj(d);
        let i = dict.find(hash, |k| k == name || (self.is_str(k) && same_text(str_bytes(k), text)))?;
        let (key, value) = dict.remove_at(i);
        dec(key);
        // SAFETY: the entry's reference is ours now.
        Some(unsafe { Owned::from_word(value) })
    }

    pub fn dict_get(&mut self, d: Word, k: Word) -> PyResult<Option<Owned>> {
        self.refresh_view(d);
        let hash = self.hash(k)?;
        let found = self.dict_find(d, k, hash)?;
        Ok(found.map(|i| Owned::share(dict_obj(d).entry(i).value)))
    }

    pub fn dict_set(&mut self, d: Word, k: Word, v: Word) -> PyResult<()> {
        self.refresh_view(d);
        let hash = self.hash(k)?;
        self.dict_set_hashed(d, k, hash, v)?;
        self.write_back_view(d)
    }

    /// Same with the key's hash known.
    pub(crate) fn dict_set_hashed(&mut self, d: Word, k: Word, hash: i64, v: Word) -> PyResult<()> {
        match self.dict_find(d, k, hash)? {
            Some(i) => {
                inc(v);
                let old = core::mem::replace(&mut dict_obj(d).entry(i).value, v);
                dec(old);
            }
            None => {
                inc(k);
                inc(v);
                dict_obj(d).append(hash, k, v);
            }
        }
        Ok(())
    }

    pub fn dict_get_str(&mut self, d: Word, k: &str) -> Option<Owned> {
        let name = self.intern(k);
        self.refresh_view(d);
        self.dict_get_name(d, name).map(Owned::share)
    }

    pub fn dict_set_str(&mut self, d: Word, k: &str, v: Word) {
        let name = self.intern(k);
        self.dict_set_name(d, name, v);
    }

    /// Removes a key; its value if it was there.
    pub fn dict_remove(&mut self, d: Word, k: Word) -> PyResult<Option<Owned>> {
        self.refresh_view(d);
        let hash = self.hash(k)?;
        let Some(i) = self.dict_find(d, k, hash)? else { return Ok(None) };
        let (key, value) = dict_obj(d).remove_at(i);
        dec(key);
        // SAFETY: the entry's reference is ours now.
        let value = unsafe { Owned::from_word(value) };
        self.write_back_view(d)?;
        Ok(Some(value))
    }

    /// Takes the entry at a position.
    pub(crate) fn dict_take_at(&mut self, d: Word, i: usize) -> (Owned, Owned) {
        let (k, v) = dict_obj(d).remove_at(i);
        // SAFETY: the entry's references are ours now.
        unsafe { (Owned::from_word(k), Owned::from_word(v)) }
    }

    /// Moves the entry at a position to the end or the front.
    pub(crate) fn dict_move(&mut self, d: Word, i: usize, to_end: bool) {
        let mut dict = dict_obj(d);
        if !to_end {
            dict.move_to_front(i);
        } else if i + 1 != dict.filled as usize {
            let hash = dict.entry(i).hash;
            let (k, v) = dict.remove_at(i);
            dict.append(hash, k, v);
        }
    }

    pub fn dict_len(&self, d: Word) -> usize {
        dict_obj(d).used as usize
    }

    /// Snapshot of the items.
    pub fn dict_items(&self, d: Word) -> Vec<(Owned, Owned)> {
        let live = dict_obj(d).entries().iter().filter(|e| !e.key.is_unbound());
        live.map(|e| (Owned::share(e.key), Owned::share(e.value))).collect()
    }

    /// Snapshot of the keys.
    pub(crate) fn dict_keys(&self, d: Word) -> Vec<Owned> {
        dict_obj(d).entries().iter().filter(|e| !e.key.is_unbound()).map(|e| Owned::share(e.key)).collect()
    }

    /// Copies all entries of the dict `from` into `to`.
    pub(crate) fn dict_merge_from(&mut self, to: Word, from: Word) -> PyResult<()> {
        if dict_obj(to).used == 0 && dict_obj(to).capacity < dict_obj(from).used {
            dict_obj(to).resize(dict_obj(from).used.max(4));
        }
        let mut i = 0;
        while let Some(at) = dict_obj(from).next_live(i) {
            let e = *dict_obj(from).entry(at);
            let (k, v) = (Owned::share(e.key), Owned::share(e.value));
            self.dict_set_hashed(to, k.word(), e.hash, v.word())?;
            i = at + 1;
        }
        Ok(())
    }

    /// Removes all entries.
    pub(crate) fn dict_clear(&mut self, d: Word) {
        for w in dict_obj(d).take_all() {
            dec(w);
        }
    }

    /// A new dict with the same entries.
    pub(crate) fn dict_copy(&mut self, d: Word) -> PyResult {
        self.refresh_view(d);
        let copy = self.new_dict();
        self.dict_merge_from(copy.word(), d)?;
        Ok(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_to_the_last_byte() {
        for n in 0..40usize {
            let text: Vec<u8> = (0..n as u8).collect();
            assert!(same_text(&text, &text.clone()) && !same_text(&text, &[&text[..], b"x"].concat()));
            for at in 0..n {
                let mut other = text.clone();
                other[at] ^= 0x40;
                assert!(!same_text(&text, &other), "{n} {at}");
            }
        }
    }
}
