//! The heap of one task, actor or main: its pages, and which of their blocks are given out.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::Ordering::Acquire;

use super::collect::{Cycle, LEAST, Phase, Strategy};
use super::mark::Marker;
use super::space::{COLLECTED, KINDS, Kind, MOST, Page, STEP, Space};
use crate::grok::State;

/// Sizes of blocks that share a page: in steps up to the first bound, then as many to a page as fit.
const SMALL: usize = 256;
const LARGE: [usize; 14] = [320, 384, 448, 512, 640, 768, 896, 1024, 1360, 1808, 2720, 4096, 5456, 8192];
const CLASSES: usize = SMALL / STEP + LARGE.len();
/// Pages that are swept before another page is asked for.
const SWEPT_FIRST: usize = 8;

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
    space: *const Space,
    pub pages: [Vec<*mut Page>; KINDS.len()],
    /// Pages that blocks are taken from.
    open: [[*mut Page; CLASSES]; KINDS.len()],
    /// Others that have room.
    roomy: [[Vec<*mut Page>; CLASSES]; KINDS.len()],
    /// Tells pages that are in these lists from those that are not.
    listing: usize,
    /// Pages that young values are in, with the strategy that has such.
    pub touched: Vec<*mut Page>,
    /// Bytes of all blocks.
    pub live: usize,
    /// Those of them that have an owner.
    pub live_owned: usize,
    /// Bytes from which on a new value has something done about the others.
    pub limit: usize,
    /// Collected values whose memory was given back since that was last told.
    pub freed: usize,
    /// A collection is under way, or the heap ends.
    pub busy: bool,
    pub marker: Marker,
    pub cycle: Cycle,
}

impl Heap {
    /// A heap without pages.
    pub fn create(space: *const Space, strategy: Strategy, end: unsafe fn(*mut State, *mut Heap)) -> *mut Heap {
        let new = Box::into_raw(Box::new(Heap {
            end,
            space,
            pages: [const { Vec::new() }; KINDS.len()],
            open: [[null_mut(); CLASSES]; KINDS.len()],
            roomy: [const { [const { Vec::new() }; CLASSES] }; KINDS.len()],
            listing: 1,
            touched: Vec::new(),
            live: 0,
            live_owned: 0,
            limit: if strategy == Strategy::Off { usize::MAX } else { LEAST },
            freed: 0,
            busy: false,
            marker: Marker::new(space),
            cycle: Cycle::new(strategy),
        }));
        // SAFETY: the heap was just made.
        unsafe { (*new).marker.belong(new) };
        new
    }

    pub fn space(&self) -> &'static Space {
        // SAFETY: the range of a program lives until the process ends.
        unsafe { &*self.space }
    }

    /// Whether a collection, or a slice of one, pays, with so many more bytes that hang on values of the heap.
    pub fn is_due(&self, more: usize) -> bool {
        self.live.saturating_add(more) >= self.limit && !self.busy
    }

    /// A zeroed block for a collected value, that may have something to do at its end.
    pub fn take(&mut self, size: usize, kind: Kind, ends: bool) -> usize {
        let (page, n) = self.find(size, kind);
        if ends {
            page.ends.set(n, true);
        }
        match self.cycle.phase {
            Phase::Idle | Phase::Sweeping => {}
            // It is looked at when it has its value.
            Phase::Marking if kind != Kind::Plain => self.marker.word(page.at(n)),
            Phase::Marking | Phase::Ending => {
                page.enter_turn(self.marker.turn);
                page.marks.set(n, true);
            }
        }
        page.at(n)
    }

    /// A zeroed block with an owner.
    pub fn take_owned(&mut self, size: usize) -> usize {
        let (page, n) = self.find(size, Kind::Owned);
        self.live_owned += page.block.get();
        page.at(n)
    }

    fn find(&mut self, size: usize, kind: Kind) -> (&'static Page, usize) {
        if size > MOST {
            let page = self.new_page(size, kind);
            self.touch(page);
            self.live += page.block.get();
            return (page, page.take().expect("a new page has room"));
        }
        let (class, k) = (class_of(size), kind as usize);
        self.live += class_size(class);
        loop {
            // SAFETY: descriptions of pages live until the process ends.
            if let Some(page) = unsafe { self.open[k][class].as_ref() } {
                let held = (kind == Kind::Owned).then(|| page.lock.lock());
                let block = page.take();
                drop(held);
                if let Some(n) = block {
                    return (page, n);
                }
                page.listed.set(0);
            }
            let next = self.next_page(kind, class);
            next.listed.set(self.listing);
            self.touch(next);
            self.open[k][class] = core::ptr::from_ref(next).cast_mut();
        }
    }

    /// A page with room.
    fn next_page(&mut self, kind: Kind, class: usize) -> &'static Page {
        if self.cycle.phase == Phase::Sweeping {
            for _ in 0..SWEPT_FIRST {
                if !self.roomy[kind as usize][class].is_empty() || !self.sweep_next() {
                    break;
                }
            }
        }
        match self.roomy[kind as usize][class].pop() {
            // SAFETY: descriptions of pages live until the process ends.
            Some(page) => unsafe { &*page },
            None => self.new_page(class_size(class), kind),
        }
    }

    fn new_page(&mut self, block: usize, kind: Kind) -> &'static Page {
        let this: *mut Heap = self;
        let page = self.space().take(block, kind, this);
        let pages = &mut self.pages[kind as usize];
        // SAFETY: descriptions of pages live until the process ends.
        let p = unsafe { &*page };
        p.place.set(pages.len());
        pages.push(page);
        p
    }

    /// Young values will be in a page, or are.
    pub fn touch(&mut self, page: &Page) {
        if self.cycle.strategy == Strategy::Generational && page.kind() != Kind::Owned && page.touched.get() == 0 {
            page.touched.set(1);
            self.touched.push(core::ptr::from_ref(page).cast_mut());
        }
    }

    /// The heap has an empty page no more.
    fn forget(&mut self, page: *mut Page) {
        // SAFETY: descriptions of pages live until the process ends.
        let p = unsafe { &*page };
        let pages = &mut self.pages[p.kind() as usize];
        let place = p.place.get();
        pages.swap_remove(place);
        if let Some(&moved) = pages.get(place) {
            // SAFETY: as above.
            unsafe { (*moved).place.set(place) };
        }
        self.space().give(page);
    }

    /// Takes back owned memory that may be another heap's, or of one that has ended.
    pub fn give(me: *mut Heap, space: &Space, address: usize) {
        let Some(page) = space.page(address) else { return };
        let Some(n) = page.index(address) else { return };
        let held = page.lock.lock();
        let was_full = page.is_full();
        page.give(n);
        let owner = page.owner.load(Acquire);
        let is_empty = page.used.get() == 0;
        if !owner.is_null() && owner != me {
            page.returned.set(page.returned.get() + 1);
        }
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
        heap.live -= page.block.get();
        heap.live_owned -= page.block.get();
        if page.is_large() {
            return heap.forget(this);
        }
        if was_full {
            heap.list(this);
        }
    }

    /// Blocks may be taken from a page that has room.
    fn list(&mut self, page: *mut Page) {
        // SAFETY: descriptions of pages live until the process ends.
        let p = unsafe { &*page };
        if p.listed.get() != self.listing {
            p.listed.set(self.listing);
            self.roomy[p.kind() as usize][class_of(p.block.get())].push(page);
        }
    }

    /// No blocks are taken from any page that is not listed anew.
    pub fn unlist_all(&mut self) {
        self.listing += 1;
        self.open = [[null_mut(); CLASSES]; KINDS.len()];
        self.roomy.iter_mut().flatten().for_each(Vec::clear);
    }

    /// No values are taken from pages that they are taken from now, before those are listed again.
    pub fn unlist_open(&mut self) {
        for kind in COLLECTED {
            for page in &mut self.open[kind as usize] {
                // SAFETY: descriptions of pages live until the process ends.
                if let Some(page) = unsafe { core::mem::replace(page, null_mut()).as_ref() } {
                    page.listed.set(0);
                }
            }
        }
    }

    /// Gives back what nothing leads to in a page, when all that is reachable is marked, and the page if it is empty.
    pub fn sweep(&mut self, page: *mut Page) {
        // SAFETY: descriptions of pages live until the process ends.
        let p = unsafe { &*page };
        let block = p.block.get();
        let is_empty = if p.kind() == Kind::Owned {
            let held = p.lock.lock();
            self.live -= p.returned.get() * block;
            self.live_owned -= p.returned.get() * block;
            p.returned.set(0);
            let used = p.used.get();
            drop(held);
            used == 0
        } else {
            p.enter_turn(self.marker.turn);
            let gone = p.give_lost();
            self.freed += gone;
            self.live -= gone * block;
            if self.cycle.phase == Phase::Sweeping {
                // The next slice is due when as much was taken, not when the heap is as large as before.
                self.limit = self.limit.saturating_sub(gone * block);
            }
            p.used.get() == 0
        };
        if p.listed.get() == self.listing {
            return;
        }
        if is_empty {
            self.forget(page);
        } else if !p.is_large() && !p.is_full() {
            self.list(page);
        }
    }

    /// All values are given back, and pages of memory with owners are left to these.
    pub fn release_pages(&mut self) {
        let [plain, holding, changing, owned] = core::mem::take(&mut self.pages);
        for page in plain.into_iter().chain(holding).chain(changing) {
            // SAFETY: descriptions of pages live until the process ends.
            self.freed += unsafe { (*page).used.get() };
            self.space().give(page);
        }
        for page in owned {
            // SAFETY: as above.
            let p = unsafe { &*page };
            let held = p.lock.lock();
            let used = p.used.get();
            p.owner.store(null_mut(), core::sync::atomic::Ordering::Release);
            drop(held);
            if used == 0 {
                self.space().give(page);
            }
        }
    }
}
