//! Finding what can still be reached.
//!
//! A word that is the address of a block, or of something inside one, leads to it, whatever the word is. So nothing is missed
//! that the compiler keeps in a register, a stack slot, a moved value or an address into the middle; now and then a number
//! keeps a value that nobody needs.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;

use super::heap::{ENDED, Heap, has_end};
use super::space::{Kind, Space};

/// One pass over what can be reached.
pub struct Marker {
    heap: *mut Heap,
    space: *const Space,
    todo: Vec<Step>,
    /// Owned memory that other heaps gave out and that was seen.
    foreign: BTreeSet<usize>,
}

/// Marking goes deep before it goes on, so that blocks are left after all that they lead to.
#[derive(Clone, Copy)]
enum Step {
    /// A word that may lead to a block.
    Enter(usize),
    /// What a block leads to was seen.
    Leave(usize),
}

impl Marker {
    /// # Safety
    /// The heap is that of who runs here.
    pub unsafe fn new(heap: *mut Heap) -> Marker {
        // SAFETY: by the caller's promise.
        Marker { heap, space: unsafe { (*heap).space }, todo: Vec::new(), foreign: BTreeSet::new() }
    }

    /// What the words from one address up to another lead to.
    ///
    /// # Safety
    /// They are readable.
    pub unsafe fn range(&mut self, from: usize, to: usize) {
        // SAFETY: by the caller's promise.
        unsafe {
            self.scan(from, to);
            self.drain(|_| ());
        }
    }

    /// What a word leads to.
    pub fn word(&mut self, word: usize) {
        // SAFETY: the range lives until the process ends.
        if unsafe { (*self.space).contains(word) } {
            self.enter(word);
            self.drain(|_| ());
        }
    }

    /// Marks what the blocks that end lead to, and gives those blocks: each before those that it leads to, except in a cycle.
    pub fn dying(mut self) -> Vec<usize> {
        // SAFETY: the heap is that of who runs here; nothing changes the list meanwhile.
        let pages = unsafe { &(*self.heap).pages };
        let mut order = Vec::new();
        for &page in pages {
            // SAFETY: descriptions of pages live until the process ends.
            let page = unsafe { &*page };
            if page.kind() == Kind::Owned {
                continue;
            }
            for n in Heap::unmarked(page) {
                let block = page.at(n);
                // SAFETY: the block is taken.
                if unsafe { has_end(block) } && !page.marks.has(n) {
                    self.todo.push(Step::Enter(block));
                    self.drain(|b| order.push(b));
                }
            }
        }
        order.reverse();
        order
    }

    fn drain(&mut self, mut left: impl FnMut(usize)) {
        while let Some(step) = self.todo.pop() {
            match step {
                Step::Enter(word) => self.enter(word),
                Step::Leave(block) => left(block),
            }
        }
    }

    /// # Safety
    /// The words are readable.
    unsafe fn scan(&mut self, from: usize, to: usize) {
        // SAFETY: the range lives until the process ends.
        let space = unsafe { &*self.space };
        for at in (from.next_multiple_of(8)..to & !7).step_by(8) {
            // SAFETY: by the caller's promise. Another task may write there if a stale word leads to memory that is its own
            // by now; what is read then means nothing.
            let word = unsafe { (at as *const usize).read_volatile() };
            if space.contains(word) {
                self.todo.push(Step::Enter(word));
            }
        }
    }

    fn enter(&mut self, word: usize) {
        // SAFETY: the range lives until the process ends.
        let space = unsafe { &*self.space };
        let Some(page) = space.page(word) else { return };
        let Some(n) = page.index(word) else { return };
        let (block, size, kind) = (page.at(n), page.block.load(Relaxed), page.kind());
        if page.owner.load(Relaxed) != self.heap {
            // A future that waits here may have been made elsewhere.
            if kind == Kind::Owned && self.foreign.insert(block) {
                // SAFETY: pages stay readable.
                unsafe { self.scan(block, block + size) };
            }
            return;
        }
        if !page.taken.has(n) || page.marks.has(n) {
            return;
        }
        page.marks.set(n, true);
        // SAFETY: the block is taken. What an ended value held is gone.
        unsafe {
            match kind {
                Kind::Owned => self.scan(block, block + size),
                _ if *(block as *const u64) == ENDED => {}
                _ => {
                    if has_end(block) {
                        self.todo.push(Step::Leave(block));
                    }
                    if kind != Kind::Plain {
                        self.scan(block + 8, block + size);
                    }
                }
            }
        }
    }
}
