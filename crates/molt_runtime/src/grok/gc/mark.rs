//! Finding what can still be reached.
//!
//! A word that is the address of a block, or of something inside one, leads to it, whatever the word is. So nothing is missed
//! that the compiler keeps in a register, a stack slot, a moved value or an address into the middle; now and then a number
//! keeps a value that nobody needs.
//!
//! Marking may stop at any step and go on later, while the program runs in between. What a step that waits leads to is looked
//! up when it is taken, and pages stay readable, so that memory which was given back meanwhile does no harm.
//!
//! **What may change after it was seen.** Marks of collected values stay for a turn: until a collection of young values, or to
//! the end of marking in slices. What was seen of them must still be true then, or they are looked at again:
//!
//! | What | How it changes | Looked at again |
//! |---|---|---|
//! | `Holding` values | through an exclusive borrow, which tells of itself | if they were borrowed so |
//! | `Changing` values | behind shared borrows, unnoticed | always |
//! | owned memory | through its owner | wherever the roots or one of those above lead to it |
//! | values that have ended | nobody can borrow them | never |
//!
//! Memory that a `Holding` value owns can only change while that is borrowed exclusively: its type has no part that changes
//! behind a shared reference, and no pointer that others may have, at any depth up to the next handle (`code/handles.rs`). If an
//! owner is shared (`Rc`), its value is written through one owner only while that is alone, and then it lies in the value.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::Ordering::Relaxed;

use super::Heap;
use super::space::{Kind, Page, Space};

/// First word of a collected block: its value has ended; the memory stays while something leads to it.
pub const ENDED: u64 = 1;
/// Bytes before the value of a block, which lead nowhere.
const HEAD: usize = 16;
/// Count of the borrows of a value, after the first word: it is behind another two words, as the value is a slice.
const ELSEWHERE: i64 = i64::MAX;
/// The value is borrowed exclusively.
const EXCLUSIVE: i64 = -1;
/// The value was seen: who borrows it exclusively tells of it. Added to the count of shared borrows.
const SEEN: i64 = 1 << 62;

/// Bytes that are looked at in one step.
const CHUNK: usize = 1024;
/// Work of looking up a word, as bytes.
const LOOK_UP: usize = 16;

/// What is to be followed, and what was found. A part of its heap.
pub struct Marker {
    heap: *mut Heap,
    space: *const Space,
    todo: Vec<Step>,
    /// `Holding` values that were seen, and have been borrowed exclusively since, or still are.
    pub remembered: Vec<usize>,
    /// Owned memory that other heaps gave out and that was seen.
    foreign: BTreeSet<usize>,
    /// Values that are to end, each after all that it leads to, but in a cycle.
    pub order: Vec<usize>,
    /// The turn of marks of collected values.
    pub turn: usize,
    /// Bytes of the values that have got a mark in it.
    pub seen: usize,
    /// The turn of marks of owned memory, which is more often looked at again.
    look: usize,
    /// What nothing leads to is followed, to find what has to wait for its end.
    pub ending: bool,
}

/// Marking goes deep before it goes on, so that blocks are left after all that they lead to.
#[derive(Clone, Copy)]
enum Step {
    /// A word that may lead to a block.
    Enter(usize),
    /// What a block leads to was seen.
    Leave(usize),
    /// Words from one address up to another, of a block.
    Rest(usize, usize),
}

/// What work is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    All,
    /// Only values that were not seen before.
    Fresh,
}

impl Marker {
    pub fn new(space: *const Space) -> Marker {
        Marker {
            heap: null_mut(),
            space,
            todo: Vec::new(),
            remembered: Vec::new(),
            foreign: BTreeSet::new(),
            order: Vec::new(),
            turn: 1,
            seen: 0,
            look: 1,
            ending: false,
        }
    }

    /// Says whose part it is.
    pub fn belong(&mut self, heap: *mut Heap) {
        self.heap = heap;
    }

    /// Forgets all that was found.
    pub fn begin_turn(&mut self) {
        self.turn += 1;
        self.seen = 0;
        self.ending = false;
        self.todo.clear();
        self.order.clear();
        self.remembered.clear();
        self.look_again();
    }

    /// Owned memory is to be seen again.
    pub fn look_again(&mut self) {
        self.look += 1;
        self.foreign.clear();
    }

    /// The turn that marks in a page are of.
    pub fn turn_of(&self, page: &Page) -> usize {
        if page.kind() == Kind::Owned { self.look } else { self.turn }
    }

    /// Notes what the words from one address up to another lead to.
    ///
    /// # Safety
    /// They are readable.
    pub unsafe fn scan(&mut self, from: usize, to: usize) {
        // SAFETY: the range lives until the process ends.
        let space = unsafe { &*self.space };
        for at in (from.next_multiple_of(8)..to & !7).step_by(8) {
            // SAFETY: by the caller's promise.
            let word = unsafe { word_at(at) };
            if space.contains(word) {
                self.todo.push(Step::Enter(word));
            }
        }
    }

    /// Notes what a word leads to.
    pub fn word(&mut self, word: usize) {
        // SAFETY: the range lives until the process ends.
        if unsafe { (*self.space).contains(word) } {
            self.todo.push(Step::Enter(word));
        }
    }

    /// Notes a value that was seen, and may have changed since.
    ///
    /// # Safety
    /// The block is one of a collected value of the heap.
    pub unsafe fn again(&mut self, page: &Page, block: usize) {
        // SAFETY: by the caller's promise.
        unsafe {
            if *(block as *const u64) == ENDED {
                return;
            }
            if page.kind() == Kind::Holding {
                self.guard(block);
            }
        }
        self.todo.push(Step::Rest(block + HEAD, block + page.block.get()));
    }

    /// Notes all values that have told that they change.
    pub fn again_remembered(&mut self) {
        // SAFETY: the range lives until the process ends, and values that are seen stay for the turn.
        let space = unsafe { &*self.space };
        for block in core::mem::take(&mut self.remembered) {
            if let Some(page) = space.page(block) {
                // SAFETY: as above.
                unsafe { self.again(page, block) };
            }
        }
    }

    /// Notes values of a page that nothing leads to and that have something to do at their end.
    pub fn seek_ending(&mut self, page: &Page) {
        page.enter_turn(self.turn);
        for w in page.words().rev() {
            let mut left = page.lost(w) & page.ends.word(w);
            while left != 0 {
                let n = 63 - left.leading_zeros() as usize;
                self.todo.push(Step::Enter(page.at(w * 64 + n)));
                left &= !(1 << n);
            }
        }
    }

    /// Follows what was noted, for so much work. Whether nothing is left to be followed.
    pub fn drain(&mut self, work: &mut usize, counting: Counting) -> bool {
        while *work > 0 {
            let Some(step) = self.todo.pop() else { return true };
            let (all, fresh) = match step {
                Step::Enter(word) => {
                    let fresh = self.enter(word);
                    (fresh + LOOK_UP, fresh)
                }
                Step::Leave(block) => {
                    self.order.push(block);
                    (LOOK_UP, 0)
                }
                // SAFETY: pages stay readable.
                Step::Rest(from, to) => (unsafe { self.follow(from, to) }, 0),
            };
            *work = work.saturating_sub(if counting == Counting::All { all } else { fresh });
        }
        self.todo.is_empty()
    }

    /// Follows all that was noted.
    pub fn drain_all(&mut self) {
        while !self.drain(&mut usize::MAX.clone(), Counting::Fresh) {}
    }

    /// Notes what the next words lead to; how many bytes they are.
    ///
    /// # Safety
    /// They are readable, now and when the others are looked at.
    unsafe fn follow(&mut self, from: usize, to: usize) -> usize {
        let until = to.min(from + CHUNK);
        if until < to {
            self.todo.push(Step::Rest(until, to));
        }
        // SAFETY: by the caller's promise.
        unsafe { self.scan(from, until) };
        until - from
    }

    /// Goes to where a word leads; the bytes of the value that was found there, if it was not known.
    fn enter(&mut self, word: usize) -> usize {
        // SAFETY: the range lives until the process ends.
        let space = unsafe { &*self.space };
        let Some(page) = space.page(word) else { return 0 };
        let Some(n) = page.index(word) else { return 0 };
        let (block, size, kind) = (page.at(n), page.block.get(), page.kind());
        if page.owner.load(Relaxed) != self.heap {
            // A future that waits here may have been made elsewhere.
            if kind == Kind::Owned && self.foreign.insert(block) {
                // SAFETY: pages stay readable.
                unsafe { self.follow(block, block + size) };
            }
            return 0;
        }
        page.enter_turn(self.turn_of(page));
        if !page.taken.has(n) || page.marks.has(n) || (self.ending && page.ending.has(n)) {
            return 0;
        }
        let set = if self.ending { &page.ending } else { &page.marks };
        set.set(n, true);
        // SAFETY: the block is taken. What an ended value held is gone.
        unsafe {
            if kind == Kind::Owned {
                self.follow(block, block + size);
                return 0;
            }
            self.seen += size;
            if *(block as *const u64) == ENDED {
                return size;
            }
            if kind == Kind::Holding && !self.ending {
                self.guard(block);
            }
            if self.ending && page.ends.has(n) {
                self.todo.push(Step::Leave(block));
            }
            if kind != Kind::Plain {
                self.follow(block + HEAD, block + size);
            }
        }
        size
    }

    /// From now on an exclusive borrow of the value tells of itself, or is known.
    ///
    /// # Safety
    /// The block is one of a `Holding` value that has not ended.
    unsafe fn guard(&mut self, block: usize) {
        // SAFETY: by the caller's promise; the library has the count of borrows in one of two places.
        unsafe {
            let mut borrows = (block + 8) as *mut i64;
            if *borrows == ELSEWHERE {
                borrows = (block + 24) as *mut i64;
            }
            match *borrows {
                EXCLUSIVE => self.remembered.push(block),
                n if n >= 0 => *borrows = n | SEEN,
                _ => {}
            }
        }
    }
}

/// A word of memory whose meaning is not known. On a stack it may lie between the locals, where AddressSanitizer lets
/// nobody read: this function is not watched.
///
/// # Safety
/// It is readable.
#[cfg_attr(molt_sanitize, sanitize(address = "off"), inline(never))]
unsafe fn word_at(at: usize) -> usize {
    let word = at as *const usize;
    // SAFETY: by the caller's promise. Another task may write there if a stale word leads to memory that is its own by now;
    // what is read then means nothing.
    unsafe { if cfg!(molt_sanitize) { *word } else { word.read_volatile() } }
}
