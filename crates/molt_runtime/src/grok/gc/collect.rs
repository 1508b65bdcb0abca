//! When values are collected, and how much of that at a time.
//!
//! | Strategy | What a new value may have done before it |
//! |---|---|
//! | `Off` | nothing: all values stay to the end of the heap |
//! | `Generational` | of young values, which no collection has seen yet, those that nothing leads to go; seldom of all |
//! | `Incremental` | a slice of the work for all of them |
//!
//! **Young values.** Marks of the last collection stay, so old values are those with a mark. A collection of young ones marks
//! from the roots and from old values that may have changed since (`mark.rs`), and sweeps pages in which blocks were taken.
//!
//! **Slices.** The phases of a turn, each as many slices as it takes:
//!
//! ```text
//! Idle ─► Marking ──────────────────────────────► Ending ─────────────► Sweeping ─────────────────► Idle
//!         what is noted is followed; then the     what ends, and what   pages are swept, values end
//!         roots and what has changed are looked   that leads to, is
//!         at again, until that finds little new   found
//! ```
//!
//! A value that is made while marking is noted, as the one that it may replace. A value that was seen and is borrowed exclusively
//! is looked at again. Roots are looked at when marking begins and, at once, when nothing is left to be followed. What was in
//! reach of the program at that time then has a mark, and what has none stays out of reach: the other phases need no care of the
//! program. If looking at the roots again finds more than a slice may take, marking goes on. Each such turn leaves fewer values
//! without a mark, and there are no new ones of these, so it ends.

use alloc::vec::Vec;

use super::heap::Heap;
use super::mark::{Counting, ENDED};
use super::space::{COLLECTED, Kind, PAGE, Page};
use crate::grok::State;
use crate::grok::task::Code;

/// Bytes that a heap holds before its first collection, and that are young before these are collected.
pub const LEAST: usize = 1 << 20;
/// Bytes that the heap grows by between two slices.
const STRIDE: usize = 32 * 1024;
/// Work of a slice, in bytes that are looked at: more than the heap grows by, so that marking comes to its end.
const SLICE: usize = 8 * STRIDE;
/// Values that may be left to be looked at again at once.
const FEW: usize = 1000;
/// How often marking goes on because of values that are to be looked at again and are more than that.
const MOST_ROUNDS: u32 = 8;
/// If more than one in so many old values has changed, or may have, young ones are not collected without them.
const RESTLESS: usize = 4;
/// Pages that are swept in a slice.
const PAGES: usize = 256;
/// Values that are ended in a slice: more than can be made between two.
const ENDS: usize = STRIDE / 16;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    Off,
    Generational,
    Incremental,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Idle,
    Marking,
    Ending,
    Sweeping,
}

/// How far the collections of a heap are.
pub struct Cycle {
    pub strategy: Strategy,
    pub phase: Phase,
    /// Work of a slice, in bytes that are looked at.
    pub slice: usize,
    /// Rounds of marking in this turn because of values that have changed.
    rounds: u32,
    /// Pages of values that are still to be looked at, for what ends, and then to be swept.
    seek: usize,
    unswept: Vec<*mut Page>,
    /// Pages of owned memory from here on are still to be looked at.
    owned: usize,
    /// Values to be ended, the last one first.
    ends: Vec<usize>,
    /// Bytes of the heap after all was last marked, and what of others its code has taken since.
    after_whole: usize,
    hanging: i64,
    /// Bytes of old values that have been borrowed exclusively since the last collection.
    changed: usize,
    /// Bytes of old values.
    old: usize,
}

impl Cycle {
    pub fn new(strategy: Strategy) -> Cycle {
        Cycle {
            strategy,
            phase: Phase::Idle,
            slice: SLICE,
            rounds: 0,
            seek: 0,
            unswept: Vec::new(),
            owned: 0,
            ends: Vec::new(),
            after_whole: 0,
            hanging: 0,
            changed: 0,
            old: 0,
        }
    }

    /// So much more memory hangs on values.
    #[cfg(all(test, not(miri)))]
    pub fn hang(&mut self, bytes: i64) {
        self.hanging = bytes;
    }
}

/// What leads to values that the program may use.
pub struct Roots<'a> {
    /// Words of the stack and of other memory, from one address up to another.
    pub ranges: &'a [(usize, usize)],
    pub words: &'a [usize],
}

impl Heap {
    /// Does what is due, on the stack of who owns the heap.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on; the heap is that of who runs there, and the roots are all that there are.
    pub unsafe fn collect(me: *mut State, this: *mut Heap, roots: &Roots) {
        // SAFETY: by the caller's promise. No reference to the heap is kept while values end, whose code may use it.
        unsafe {
            (*this).busy = true;
            match (*this).cycle.strategy {
                Strategy::Off => {}
                Strategy::Generational => Heap::collect_generation(me, this, roots),
                Strategy::Incremental => Heap::collect_slice(me, this, roots),
            }
            (*me).ctx.live_objects -= core::mem::take(&mut (*this).freed) as i64;
            (*this).busy = false;
        }
    }

    /// Collects all values.
    unsafe fn collect_whole(me: *mut State, this: *mut Heap, roots: &Roots) {
        // SAFETY: as for `collect`.
        unsafe {
            let heap = &mut *this;
            heap.marker.begin_turn();
            heap.note_roots(roots);
            heap.marker.drain_all();
            heap.unlist_all();
            heap.touched.clear();
            let pages = heap.collected_pages();
            heap.cycle.owned = 0;
            while heap.sweep_owned() {}
            Heap::finish_collection(me, this, &pages);
        }
    }

    /// Collects young values, or all, if the old ones have become so many that it pays.
    unsafe fn collect_generation(me: *mut State, this: *mut Heap, roots: &Roots) {
        // SAFETY: as for `collect`.
        unsafe {
            let cycle = &(*this).cycle;
            let changing = (*this).pages[Kind::Changing as usize].len() * PAGE;
            let grown = cycle.old.saturating_add(usize::try_from(cycle.hanging).unwrap_or(0));
            let is_restless = cycle.changed.saturating_add(changing) > LEAST.max(cycle.old / RESTLESS);
            let is_whole = is_restless || grown >= LEAST.max(cycle.after_whole.saturating_mul(2));
            if is_whole {
                Heap::collect_whole(me, this, roots);
            } else {
                Heap::collect_young(me, this, roots);
            }
            let heap = &mut *this;
            heap.cycle.changed = 0;
            heap.cycle.old = heap.live;
            heap.limit = heap.live + LEAST.max(if is_restless { heap.live } else { heap.live / 2 });
            if is_whole {
                heap.cycle.after_whole = heap.live;
                heap.cycle.hanging = 0;
            } else {
                heap.cycle.hanging = (heap.cycle.hanging + (*me).pressure).max(0);
            }
            (*me).pressure = 0;
        }
    }

    unsafe fn collect_young(me: *mut State, this: *mut Heap, roots: &Roots) {
        // SAFETY: as for `collect`.
        unsafe {
            let heap = &mut *this;
            let pages = core::mem::take(&mut heap.touched);
            for &page in &pages {
                (*page).ending.clear();
            }
            heap.look_again(roots);
            heap.marker.drain_all();
            heap.unlist_open();
            Heap::finish_collection(me, this, &pages);
        }
    }

    /// Gives back what nothing leads to in pages, but what has to end or is in reach of that, and ends what has to. The marks
    /// are complete.
    unsafe fn finish_collection(me: *mut State, this: *mut Heap, pages: &[*mut Page]) {
        // SAFETY: as for `collect`; descriptions of pages live until the process ends.
        unsafe {
            let heap = &mut *this;
            heap.marker.ending = true;
            for &page in pages {
                heap.marker.seek_ending(&*page);
                heap.marker.drain_all();
            }
            heap.marker.ending = false;
            let order = core::mem::take(&mut heap.marker.order);
            for &page in pages {
                (*page).touched.set(0);
                if (*page).has_ending() {
                    heap.touch(&*page);
                }
                heap.sweep(page);
            }
            for block in order.into_iter().rev() {
                end_value(me, this, block);
            }
        }
    }

    /// Does a slice of the work of collecting all values.
    unsafe fn collect_slice(me: *mut State, this: *mut Heap, roots: &Roots) {
        // SAFETY: as for `collect`.
        unsafe {
            let heap = &mut *this;
            match heap.cycle.phase {
                Phase::Idle => {
                    heap.marker.begin_turn();
                    heap.note_roots(roots);
                    (heap.cycle.phase, heap.cycle.rounds) = (Phase::Marking, 0);
                }
                Phase::Marking => heap.mark_slice(roots),
                Phase::Ending => heap.seek_slice(),
                Phase::Sweeping => Heap::sweep_slice(me, this),
            }
            let heap = &mut *this;
            heap.limit = match heap.cycle.phase {
                // What was taken while pages were swept may be garbage by now.
                Phase::Idle => LEAST.max(2 * (heap.marker.seen + heap.live_owned)),
                _ => heap.live + STRIDE,
            };
            (*me).pressure = 0;
        }
    }

    fn mark_slice(&mut self, roots: &Roots) {
        let mut work = self.cycle.slice;
        if !self.marker.drain(&mut work, Counting::All) {
            return;
        }
        if self.marker.remembered.len() > FEW && self.cycle.rounds < MOST_ROUNDS {
            self.cycle.rounds += 1;
            self.marker.look_again();
            return self.marker.again_remembered();
        }
        self.look_again(roots);
        work = self.cycle.slice;
        if self.marker.drain(&mut work, Counting::Fresh) {
            self.marker.ending = true;
            self.cycle.unswept = self.collected_pages();
            self.cycle.seek = 0;
            self.cycle.phase = Phase::Ending;
        }
    }

    /// Finds values that are to end, and what they lead to.
    fn seek_slice(&mut self) {
        let mut work = self.cycle.slice;
        while work > 0 && self.marker.drain(&mut work, Counting::All) {
            let Some(&page) = self.cycle.unswept.get(self.cycle.seek) else {
                self.marker.ending = false;
                self.cycle.ends = core::mem::take(&mut self.marker.order);
                self.cycle.owned = 0;
                self.unlist_all();
                self.cycle.phase = Phase::Sweeping;
                return;
            };
            self.cycle.seek += 1;
            work = work.saturating_sub(self.cycle.slice / PAGES);
            // SAFETY: descriptions of pages live until the process ends.
            self.marker.seek_ending(unsafe { &*page });
        }
    }

    /// Sweeps some pages and ends some values.
    unsafe fn sweep_slice(me: *mut State, this: *mut Heap) {
        // SAFETY: as for `collect`.
        unsafe {
            let swept_all = (0..PAGES).any(|_| !(*this).sweep_next());
            for _ in 0..ENDS {
                let Some(block) = (*this).cycle.ends.pop() else { break };
                end_value(me, this, block);
            }
            if swept_all && (*this).cycle.ends.is_empty() {
                (*this).cycle.phase = Phase::Idle;
            }
        }
    }

    /// Sweeps a page that is not swept yet; whether there was one.
    pub fn sweep_next(&mut self) -> bool {
        match self.cycle.unswept.pop() {
            Some(page) => self.sweep(page),
            None => return self.sweep_owned(),
        }
        true
    }

    /// Looks for room in the next page of owned memory; whether there was one.
    fn sweep_owned(&mut self) -> bool {
        let Some(&page) = self.pages[Kind::Owned as usize].get(self.cycle.owned) else { return false };
        self.sweep(page);
        // If the page was given back, another one is in its place.
        if self.pages[Kind::Owned as usize].get(self.cycle.owned) == Some(&page) {
            self.cycle.owned += 1;
        }
        true
    }

    fn collected_pages(&self) -> Vec<*mut Page> {
        COLLECTED.iter().flat_map(|&kind| &self.pages[kind as usize]).copied().collect()
    }

    fn note_roots(&mut self, roots: &Roots) {
        for &(from, to) in roots.ranges {
            // SAFETY: the roots are those of who runs here.
            unsafe { self.marker.scan(from, to) };
        }
        roots.words.iter().for_each(|&word| self.marker.word(word));
    }

    /// Notes the roots, and all values with marks that may have changed since they were seen.
    fn look_again(&mut self, roots: &Roots) {
        self.marker.look_again();
        self.note_roots(roots);
        self.marker.again_remembered();
        for &page in &self.pages[Kind::Changing as usize] {
            // SAFETY: descriptions of pages live until the process ends.
            let page = unsafe { &*page };
            page.enter_turn(self.marker.turn);
            for w in page.words() {
                let mut left = page.marks.word(w);
                while left != 0 {
                    // SAFETY: what has a mark is a value of the heap.
                    unsafe { self.marker.again(page, page.at(w * 64 + left.trailing_zeros() as usize)) };
                    left &= left - 1;
                }
            }
        }
    }

    /// A value that was seen is borrowed exclusively: it may change, and is looked at again if what was seen of it matters.
    pub fn remember(&mut self, address: usize) {
        let matters = self.cycle.strategy == Strategy::Generational || self.cycle.phase == Phase::Marking;
        let Some(page) = self.space().page(address).filter(|_| matters) else { return };
        let Some(n) = page.index(address) else { return };
        if page.turn.get() == self.marker.turn && page.marks.has(n) {
            self.marker.remembered.push(page.at(n));
            self.cycle.changed += page.block.get();
        }
    }

    /// Ends all values, with who owned the heap.
    ///
    /// # Safety
    /// As for [`collect`](Heap::collect); nothing leads to a value any more but others of the heap.
    pub unsafe fn finish(me: *mut State, this: *mut Heap) {
        // SAFETY: as for `collect`.
        unsafe {
            (*this).busy = true;
            (*this).cycle.phase = Phase::Idle;
            loop {
                let heap = &mut *this;
                heap.marker.begin_turn();
                heap.marker.ending = true;
                for page in heap.collected_pages() {
                    heap.marker.seek_ending(&*page);
                    heap.marker.drain_all();
                }
                let order = core::mem::take(&mut heap.marker.order);
                if order.is_empty() {
                    break;
                }
                for block in order.into_iter().rev() {
                    end_value(me, this, block);
                }
            }
            let heap = &mut *this;
            heap.release_pages();
            (*me).ctx.live_objects -= core::mem::take(&mut heap.freed) as i64;
        }
    }
}

/// Ends the value of a block, once. A panic of its `drop` was told and ends here.
///
/// # Safety
/// The block is taken and has not ended; `me` is the state of the stack that this runs on.
unsafe fn end_value(me: *mut State, heap: *mut Heap, block: usize) {
    // SAFETY: the first word of a collected block is a function of the program for it.
    unsafe {
        if let Some(page) = (*heap).space().page(block)
            && let Some(n) = page.index(block)
        {
            page.ends.set(n, false);
        }
        let word = block as *mut u64;
        let code = word.replace(ENDED);
        core::mem::transmute::<usize, Code>(code as usize)(me.cast(), block as *mut u8);
    }
}
