//! The heap of one task, actor or main: its pages, and what becomes of values that nothing leads to.

use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

use super::mark::Marker;
use super::space::{KINDS, Kind, MOST, PAGE, Page, STEP, Space};
use crate::grok::State;
use crate::grok::task::Code;

/// Sizes of blocks that share a page: in steps up to the first bound, then as many to a page as fit.
const SMALL: usize = 256;
const LARGE: [usize; 14] = [320, 384, 448, 512, 640, 768, 896, 1024, 1360, 1808, 2720, 4096, 5456, 8192];
const CLASSES: usize = SMALL / STEP + LARGE.len();
/// Bytes that a heap holds before its first collection.
const LEAST: usize = 1 << 20;

/// First word of a collected block: there is nothing to be done at its end.
const QUIET: u64 = 0;
/// Its value has ended; the memory stays while something leads to it.
pub const ENDED: u64 = 1;

fn class_of(size: usize) -> usize {
    if size <= SMALL {
        return size.div_ceil(STEP) - 1;
    }
    SMALL / STEP + LARGE.iter().position(|&n| size <= n).expect("larger blocks have pages to themselves")
}

fn class_size(class: usize) -> usize {
    if class < SMALL / STEP { (class + 1) * STEP } else { LARGE[class - SMALL / STEP] }
}

/// What one task, actor or main has of collected values and of memory that may hold handles of them.
pub struct Heap {
    /// Ends the heap with who owns it. Through a pointer, so that programs without handles do not link it.
    pub end: unsafe fn(*mut State, *mut Heap),
    pub space: *const Space,
    pub pages: Vec<*mut Page>,
    /// Pages that blocks are taken from.
    open: [[*mut Page; CLASSES]; KINDS.len()],
    /// Others that have room.
    roomy: [[Vec<*mut Page>; CLASSES]; KINDS.len()],
    /// Bytes of all blocks.
    live: usize,
    /// Bytes from which on a new value has the heap collected.
    limit: usize,
    /// A collection is under way, or the heap ends.
    pub busy: bool,
}

impl Heap {
    pub fn new(space: *const Space, end: unsafe fn(*mut State, *mut Heap)) -> Heap {
        Heap {
            end,
            space,
            pages: Vec::new(),
            open: [[null_mut(); CLASSES]; KINDS.len()],
            roomy: [const { [const { Vec::new() }; CLASSES] }; KINDS.len()],
            live: 0,
            limit: LEAST,
            busy: false,
        }
    }

    pub fn space(&self) -> &Space {
        // SAFETY: the range of a program lives until the process ends.
        unsafe { &*self.space }
    }

    /// Whether a collection pays, with so many more bytes that hang on values of the heap.
    pub fn is_due(&self, more: usize) -> bool {
        self.live.saturating_add(more) >= self.limit && !self.busy
    }

    /// A zeroed block.
    pub fn take(&mut self, size: usize, kind: Kind) -> usize {
        if size > MOST {
            let page = self.new_page(size, kind);
            self.live += page.run * PAGE;
            return page.take().expect("a new page has room");
        }
        let (class, k) = (class_of(size), kind as usize);
        self.live += class_size(class);
        loop {
            // SAFETY: descriptions of pages live until the process ends.
            if let Some(page) = unsafe { self.open[k][class].as_ref() } {
                let held = (kind == Kind::Owned).then(|| page.lock.lock());
                let block = page.take();
                drop(held);
                if let Some(block) = block {
                    return block;
                }
            }
            self.open[k][class] = match self.roomy[k][class].pop() {
                Some(page) => page,
                None => core::ptr::from_ref(self.new_page(class_size(class), kind)).cast_mut(),
            };
        }
    }

    fn new_page(&mut self, block: usize, kind: Kind) -> &'static Page {
        let this: *mut Heap = self;
        let page = self.space().take(block, kind, this);
        self.pages.push(page);
        // SAFETY: descriptions of pages live until the process ends.
        unsafe { &*page }
    }

    /// Takes back owned memory that may be another heap's, or of one that has ended.
    pub fn give(me: *mut Heap, space: &Space, address: usize) {
        let Some(page) = space.page(address) else { return };
        let Some(n) = page.index(address) else { return };
        let held = page.lock.lock();
        let was_full = page.is_full();
        page.give(n);
        let owner = page.owner.load(Acquire);
        let is_empty = page.used.load(Relaxed) == 0;
        drop(held);
        let this = core::ptr::from_ref(page).cast_mut();
        if owner.is_null() {
            // Who took it last is gone: nobody but its owners knows the page.
            if is_empty {
                space.give(this);
            }
            return;
        }
        if owner != me {
            return;
        }
        // SAFETY: a heap is used by its own task alone, whose code this is.
        let heap = unsafe { &mut *me };
        if page.is_large() {
            heap.live -= page.run * PAGE;
            heap.pages.retain(|&p| p != this);
            return space.give(this);
        }
        let block = page.block.load(Relaxed);
        heap.live -= block;
        let class = class_of(block);
        if was_full && heap.open[Kind::Owned as usize][class] != this {
            heap.roomy[Kind::Owned as usize][class].push(this);
        }
    }

    /// Numbers of the blocks of a page that are taken and not marked.
    pub fn unmarked(page: &Page) -> Vec<usize> {
        let mut found = Vec::new();
        for w in 0..page.count().div_ceil(64) {
            let mut left = page.taken.word(w) & !page.marks.word(w);
            while left != 0 {
                found.push(w * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
        found
    }

    /// Ends what nothing leads to, and gives back the memory of what neither a living nor an ending value leads to. The marks
    /// are complete. Those that end in this turn stay until the next: their `drop` may have stored a handle of them.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on; the heap is that of who runs there.
    pub unsafe fn sweep(me: *mut State, this: *mut Heap) {
        // SAFETY: by the caller's promise. No reference to the heap is kept while values end, whose code may use it.
        unsafe {
            let ending = Marker::new(this).dying();
            let mut freed = 0;
            (*this).live = 0;
            for &page in &(*this).pages {
                let page = &*page;
                if page.kind() != Kind::Owned {
                    let gone = Heap::unmarked(page);
                    freed += gone.len();
                    gone.into_iter().for_each(|n| page.give(n));
                }
                (*this).live += page.used.load(Relaxed) * page.block.load(Relaxed);
            }
            (*me).ctx.live_objects -= freed as i64;
            (*this).sort_pages();
            for block in ending {
                end_value(me, block);
            }
            (*this).limit = LEAST.max((*this).live.saturating_mul(2));
        }
    }

    /// Gives empty pages back and finds those with room.
    fn sort_pages(&mut self) {
        self.open = [[null_mut(); CLASSES]; KINDS.len()];
        self.roomy.iter_mut().flatten().for_each(Vec::clear);
        let space = self.space;
        let mut kept = Vec::with_capacity(self.pages.len());
        for &p in &self.pages {
            // SAFETY: descriptions of pages live until the process ends, and so does the range.
            let (page, space) = unsafe { (&*p, &*space) };
            if page.used.load(Relaxed) == 0 {
                space.give(p);
                continue;
            }
            kept.push(p);
            if !page.is_large() && !page.is_full() {
                self.roomy[page.kind() as usize][class_of(page.block.load(Relaxed))].push(p);
            }
        }
        self.pages = kept;
    }

    /// Ends all values, with who owned the heap.
    ///
    /// # Safety
    /// As for [`sweep`](Heap::sweep); nothing leads to a value any more but others of the heap.
    pub unsafe fn finish(me: *mut State, this: *mut Heap) {
        // SAFETY: as for `sweep`.
        unsafe {
            (*this).busy = true;
            loop {
                for &page in &(*this).pages {
                    (*page).marks.clear();
                }
                let ending = Marker::new(this).dying();
                if ending.is_empty() {
                    break;
                }
                for block in ending {
                    end_value(me, block);
                }
            }
            let mut freed = 0;
            for page in core::mem::take(&mut (*this).pages) {
                if (*page).kind() != Kind::Owned {
                    freed += (*page).used.load(Relaxed);
                    (*this).space().give(page);
                    continue;
                }
                let held = (*page).lock.lock();
                let used = (*page).used.load(Relaxed);
                (*page).owner.store(null_mut(), core::sync::atomic::Ordering::Release);
                drop(held);
                if used == 0 {
                    (*this).space().give(page);
                }
            }
            (*me).ctx.live_objects -= freed as i64;
        }
    }
}

/// Ends the value of a block, once. A panic of its `drop` was told and ends here.
///
/// # Safety
/// The block is taken and has not ended; `me` is the state of the stack that this runs on.
unsafe fn end_value(me: *mut State, block: usize) {
    // SAFETY: the first word of a collected block is a function of the program for it.
    unsafe {
        let word = block as *mut u64;
        let code = word.replace(ENDED);
        core::mem::transmute::<usize, Code>(code as usize)(me.cast(), block as *mut u8);
    }
}

/// Whether there is something to be done at the end of a collected block.
///
/// # Safety
/// The block is taken.
pub unsafe fn has_end(block: usize) -> bool {
    // SAFETY: by the caller's promise.
    let word = unsafe { *(block as *const u64) };
    word != QUIET && word != ENDED
}
