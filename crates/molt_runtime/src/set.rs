//! `set` and `frozenset`: how tables are filled, compared and combined. Which table is filled in which order
//! follows CPython, because the order of the items shows it.
//!
//! Comparing keys may run Python code; a lookup starts anew when the table changed meanwhile.

mod class;
mod table;

use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::str_bytes;
use crate::dict::dict_obj;
use crate::native::Layout;
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult, exc};

pub(crate) use class::SPECS;
use table::Probe;
pub use table::SetObj;

/// The set object of a word that is a set or frozenset (or of a subclass).
#[inline(always)]
pub(crate) fn set_obj(w: Word) -> Place<SetObj> {
    // SAFETY: the caller says that the word is a live set and keeps no other view of its fields across
    // code that may change it.
    unsafe { Place::new(w.as_ptr().cast()) }
}

/// Result of a lookup.
enum Outcome {
    Found(u64),
    /// Not there; a removed slot that the probe passed, the last one, takes the key.
    Removed(u64),
    Free(u64),
}

impl Isolate {
    pub(crate) fn is_set(&self, w: Word) -> bool {
        w.is_object() && self.class(self.class_of(w)).layout == Layout::Set
    }

    fn is_exact_set(&self, w: Word) -> bool {
        matches!(self.class_of(w), ClassId::SET | ClassId::FROZENSET)
    }

    /// Empty instance of `set`, `frozenset` or a subclass.
    pub(crate) fn new_set_of_class(&mut self, class: ClassId) -> Owned {
        let size = self.class(class).instance_size as usize;
        let p = self.alloc_object(class, size);
        // SAFETY: the object starts with a `SetObj`; words after it are slots.
        unsafe {
            (*p.cast::<SetObj>()).init();
            for i in size_of::<SetObj>() / 8..size / 8 {
                p.cast::<Word>().add(i).write(Word::UNBOUND);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    pub fn new_set(&mut self, items: &[Word]) -> PyResult {
        let set = self.new_set_of_class(ClassId::SET);
        for &item in items {
            self.set_add(set.word(), item)?;
        }
        Ok(set)
    }

    /// A display of three or more constants, or the constants that a loop runs over (`frozen`). CPython
    /// keeps them as a frozenset, which it builds twice while compiling, and fills a set from it.
    pub(crate) fn set_literal(&mut self, items: &[Word], frozen: bool) -> PyResult {
        let first = self.new_set(items)?;
        let constant = self.new_set_of_class(ClassId::FROZENSET);
        for (item, hash) in self.set_entries(first.word()) {
            self.set_add_hashed(constant.word(), item.word(), hash)?;
        }
        if frozen { Ok(constant) } else { self.set_from(ClassId::SET, constant.word()) }
    }

    pub fn set_add(&mut self, set: Word, item: Word) -> PyResult<()> {
        let hash = self.hash(item)?;
        self.set_add_hashed(set, item, hash)
    }

    fn set_add_hashed(&mut self, set: Word, item: Word, hash: i64) -> PyResult<()> {
        set_obj(set).allocate();
        match self.set_find(set, item, hash)? {
            Outcome::Found(_) => return Ok(()),
            Outcome::Removed(at) => set_obj(set).reoccupy(at, hash, item),
            Outcome::Free(at) => set_obj(set).occupy(at, hash, item),
        }
        inc(item);
        Ok(())
    }

    /// Looks for a key in a set that has a table.
    #[inline]
    fn set_find(&mut self, set: Word, key: Word, hash: i64) -> PyResult<Outcome> {
        'again: loop {
            let (table, mask) = (set_obj(set).table, set_obj(set).mask);
            let mut probe = Probe::new(mask, hash);
            let mut removed = None;
            loop {
                let (first, last) = probe.run();
                for i in first..=last {
                    let slot = set_obj(set).slot(i);
                    if slot.is_free() {
                        return Ok(removed.map_or(Outcome::Free(i), Outcome::Removed));
                    }
                    if slot.hash != hash {
                        if slot.key.is_unbound() {
                            removed = Some(i);
                        }
                        continue;
                    }
                    if let Some(same) = self.same_at_sight(slot.key, key) {
                        if same {
                            return Ok(Outcome::Found(i));
                        }
                        continue;
                    }
                    let held = Owned::share(slot.key);
                    let same = self.eq(held.word(), key)?;
                    let mut s = set_obj(set);
                    if s.table.is_null() {
                        s.allocate();
                        continue 'again;
                    }
                    if s.table != table || s.mask != mask || s.slot(i).key != slot.key {
                        continue 'again;
                    }
                    if same {
                        return Ok(Outcome::Found(i));
                    }
                }
                probe.jump();
            }
        }
    }

    /// Whether two keys are equal, if that can be said without running Python code.
    #[inline]
    fn same_at_sight(&self, a: Word, b: Word) -> Option<bool> {
        if a == b {
            return Some(true);
        }
        if a.is_small() && b.is_small() {
            return Some(false);
        }
        if self.class_of(a) == ClassId::STR && self.class_of(b) == ClassId::STR {
            return Some(str_bytes(a) == str_bytes(b));
        }
        None
    }

    fn set_has_hashed(&mut self, set: Word, key: Word, hash: i64) -> PyResult<bool> {
        if set_obj(set).table.is_null() {
            return Ok(false);
        }
        Ok(matches!(self.set_find(set, key, hash)?, Outcome::Found(_)))
    }

    pub(crate) fn set_has(&mut self, set: Word, item: Word) -> PyResult<bool> {
        let (key, hash) = self.set_key(item)?;
        self.set_has_hashed(set, key.word(), hash)
    }

    fn set_discard_hashed(&mut self, set: Word, key: Word, hash: i64) -> PyResult<bool> {
        if set_obj(set).table.is_null() {
            return Ok(false);
        }
        match self.set_find(set, key, hash)? {
            Outcome::Found(at) => {
                dec(set_obj(set).remove_at(at));
                Ok(true)
            }
            Outcome::Removed(_) | Outcome::Free(_) => Ok(false),
        }
    }

    fn set_discard(&mut self, set: Word, item: Word) -> PyResult<bool> {
        let (key, hash) = self.set_key(item)?;
        self.set_discard_hashed(set, key.word(), hash)
    }

    /// The key to look for and its hash: an unhashable set stands for the frozenset of its items.
    fn set_key(&mut self, item: Word) -> PyResult<(Owned, i64)> {
        match self.hash(item) {
            Ok(hash) => Ok((Owned::share(item), hash)),
            Err(_) if self.is_set(item) && self.pending_is(exc::TYPE_ERROR) => {
                self.clear_exception();
                let frozen = self.set_from(ClassId::FROZENSET, item)?;
                let hash = self.hash(frozen.word())?;
                Ok((frozen, hash))
            }
            Err(e) => Err(e),
        }
    }

    pub(crate) fn set_len(&self, set: Word) -> usize {
        set_obj(set).used as usize
    }

    /// Snapshot of the items.
    pub(crate) fn set_items(&self, set: Word) -> Vec<Owned> {
        set_obj(set).keys().map(Owned::share).collect()
    }

    /// Snapshot of the items with their hashes.
    fn set_entries(&self, set: Word) -> Vec<(Owned, i64)> {
        let live = set_obj(set).slots().iter().filter(|s| !s.key.is_unbound());
        live.map(|s| (Owned::share(s.key), s.hash)).collect()
    }

    pub(crate) fn set_clear(&mut self, set: Word) {
        for w in set_obj(set).take_all() {
            dec(w);
        }
    }

    /// Set (or frozenset) of the items of an iterable.
    pub(crate) fn set_from(&mut self, class: ClassId, iterable: Word) -> PyResult {
        let set = self.new_set_of_class(class);
        self.set_update(set.word(), iterable)?;
        Ok(set)
    }

    pub(crate) fn set_update(&mut self, set: Word, iterable: Word) -> PyResult<()> {
        if self.is_set(iterable) {
            return self.set_merge(set, iterable);
        }
        if self.class_of(iterable) == ClassId::DICT {
            set_obj(set).reserve(self.dict_len(iterable) as u64);
            return self.each_key(iterable, |rt, key, hash| rt.set_add_hashed(set, key, hash));
        }
        let it = self.iter(iterable)?;
        while let Some(item) = self.next(it.word())? {
            self.set_add(set, item.word())?;
        }
        Ok(())
    }

    fn set_merge(&mut self, set: Word, other: Word) -> PyResult<()> {
        let (mut s, o) = (set_obj(set), set_obj(other));
        if set == other || o.used == 0 {
            return Ok(());
        }
        s.reserve(o.used);
        if s.fill == 0 {
            o.keys().for_each(inc);
            s.fill_from(o);
            return Ok(());
        }
        self.each_item(other, |rt, key, hash| rt.set_add_hashed(set, key, hash).map(|()| true)).map(drop)
    }

    /// Calls `visit` with each item and its hash while it answers `true`; the set may change meanwhile.
    /// Whether all were visited.
    fn each_item(
        &mut self,
        set: Word,
        mut visit: impl FnMut(&mut Isolate, Word, i64) -> PyResult<bool>,
    ) -> PyResult<bool> {
        let mut at = 0;
        while let Some(i) = set_obj(set).next_live(at) {
            let slot = set_obj(set).slots()[i];
            let key = Owned::share(slot.key);
            if !visit(self, key.word(), slot.hash)? {
                return Ok(false);
            }
            at = i + 1;
        }
        Ok(true)
    }

    /// The same for the keys of a dict.
    fn each_key(&mut self, dict: Word, mut visit: impl FnMut(&mut Isolate, Word, i64) -> PyResult<()>) -> PyResult<()> {
        let mut at = 0;
        while let Some(i) = dict_obj(dict).next_live(at) {
            let entry = dict_obj(dict).entries()[i];
            let key = Owned::share(entry.key);
            visit(self, key.word(), entry.hash)?;
            at = i + 1;
        }
        Ok(())
    }

    /// `set` or `frozenset`, whichever the set derives from.
    fn plain_class(&self, set: Word) -> ClassId {
        if self.is_instance(set, ClassId::FROZENSET) { ClassId::FROZENSET } else { ClassId::SET }
    }

    fn set_copy(&mut self, set: Word) -> PyResult {
        let class = self.plain_class(set);
        self.set_from(class, set)
    }

    fn set_intersection(&mut self, set: Word, other: Word) -> PyResult {
        if set == other {
            return self.set_copy(set);
        }
        let class = self.plain_class(set);
        let made = self.new_set_of_class(class);
        if self.is_set(other) {
            let (walked, asked) = if self.set_len(other) > self.set_len(set) { (set, other) } else { (other, set) };
            self.each_item(walked, |rt, key, hash| {
                if rt.set_has_hashed(asked, key, hash)? {
                    rt.set_add_hashed(made.word(), key, hash)?;
                }
                Ok(true)
            })?;
            return Ok(made);
        }
        let it = self.iter(other)?;
        while let Some(item) = self.next(it.word())? {
            let hash = self.hash(item.word())?;
            if self.set_has_hashed(set, item.word(), hash)? {
                self.set_add_hashed(made.word(), item.word(), hash)?;
                if self.set_len(made.word()) >= self.set_len(set) {
                    break;
                }
            }
        }
        Ok(made)
    }

    fn set_difference_update(&mut self, set: Word, other: Word) -> PyResult<()> {
        if set == other {
            self.set_clear(set);
            return Ok(());
        }
        if self.is_set(other) {
            let much_larger = self.set_len(other) >> 3 > self.set_len(set);
            let other = if much_larger { self.set_intersection(set, other)? } else { Owned::share(other) };
            self.each_item(other.word(), |rt, key, hash| rt.set_discard_hashed(set, key, hash).map(|_| true))?;
        } else {
            let it = self.iter(other)?;
            while let Some(item) = self.next(it.word())? {
                let hash = self.hash(item.word())?;
                self.set_discard_hashed(set, item.word(), hash)?;
            }
        }
        set_obj(set).tidy();
        Ok(())
    }

    fn set_difference(&mut self, set: Word, other: Word) -> PyResult {
        let other_len = if self.is_set(other) {
            Some(self.set_len(other))
        } else {
            (self.class_of(other) == ClassId::DICT).then(|| self.dict_len(other))
        };
        if other_len.is_none_or(|n| self.set_len(set) >> 2 > n) {
            let made = self.set_copy(set)?;
            self.set_difference_update(made.word(), other)?;
            return Ok(made);
        }
        let class = self.plain_class(set);
        let made = self.new_set_of_class(class);
        let in_set = self.is_set(other);
        self.each_item(set, |rt, key, hash| {
            let there =
                if in_set { rt.set_has_hashed(other, key, hash)? } else { rt.dict_find(other, key, hash)?.is_some() };
            if !there {
                rt.set_add_hashed(made.word(), key, hash)?;
            }
            Ok(true)
        })?;
        Ok(made)
    }

    fn set_symmetric_update(&mut self, set: Word, other: Word) -> PyResult<()> {
        let toggle = |rt: &mut Isolate, key: Word, hash: i64| {
            if rt.set_discard_hashed(set, key, hash)? { Ok(()) } else { rt.set_add_hashed(set, key, hash) }
        };
        if set == other {
            self.set_clear(set);
            return Ok(());
        }
        if self.class_of(other) == ClassId::DICT {
            return self.each_key(other, toggle);
        }
        let class = self.plain_class(set);
        let items = if self.is_set(other) { Owned::share(other) } else { self.set_from(class, other)? };
        self.each_item(items.word(), |rt, key, hash| toggle(rt, key, hash).map(|()| true)).map(drop)
    }

    fn set_symmetric(&mut self, set: Word, other: Word) -> PyResult {
        let class = self.plain_class(set);
        let made = self.set_from(class, other)?;
        self.set_symmetric_update(made.word(), set)?;
        Ok(made)
    }

    /// Whether every item of `set` is in the set `other`.
    fn set_within(&mut self, set: Word, other: Word) -> PyResult<bool> {
        if self.set_len(set) > self.set_len(other) {
            return Ok(false);
        }
        self.each_item(set, |rt, key, hash| rt.set_has_hashed(other, key, hash))
    }

    fn sets_disjoint(&mut self, set: Word, other: Word) -> PyResult<bool> {
        if set == other {
            return Ok(self.set_len(set) == 0);
        }
        if self.is_exact_set(other) {
            let (walked, asked) = if self.set_len(other) > self.set_len(set) { (set, other) } else { (other, set) };
            return self.each_item(walked, |rt, key, hash| rt.set_has_hashed(asked, key, hash).map(|found| !found));
        }
        let it = self.iter(other)?;
        while let Some(item) = self.next(it.word())? {
            let hash = self.hash(item.word())?;
            if self.set_has_hashed(set, item.word(), hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The hash of CPython: mixed hashes of the items, independent of their order.
    fn frozenset_hash(&mut self, set: Word) -> i64 {
        let mut s = set_obj(set);
        if s.hash != -1 {
            return s.hash;
        }
        let shuffle = |h: u64| ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167);
        let live = s.slots().iter().filter(|slot| !slot.key.is_unbound());
        let mut h = live.fold(0, |h, slot| h ^ shuffle(slot.hash as u64));
        h ^= (s.used + 1).wrapping_mul(1_927_868_237);
        h ^= (h >> 11) ^ (h >> 25);
        h = h.wrapping_mul(69_069).wrapping_add(907_133_923);
        s.hash = if h == u64::MAX { 590_923_713 } else { h as i64 };
        s.hash
    }
}
