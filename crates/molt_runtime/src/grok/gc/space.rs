//! Address space for blocks that collectors follow, and the pages it is given out in.
//!
//! One range is reserved when the program first asks for such a block, so one comparison tells whether a word could be the
//! address of one. It is cut into pages of [`PAGE`] bytes; a table has the [`Page`] that describes each. A page holds blocks of
//! one size, kind and heap; a block that is larger than that has a run of pages to itself.
//!
//! Descriptions of pages live until the process ends, and the range is never given back: who follows a stale word from
//! another thread reads bytes that mean nothing, never memory that is not there.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::Heap;
use crate::grok::lock::Lock;
use crate::grok::no_memory;

/// Bytes of a page.
pub const PAGE: usize = 16 * 1024;
/// Bytes that are reserved.
const REGION: usize = 1 << 36;
/// Pages that become accessible at a time; they are committed when touched.
const OPENED: usize = 64;
/// Blocks are multiples of this long, and so aligned.
pub const STEP: usize = 16;
/// Largest block that shares its page.
pub const MOST: usize = PAGE / 2;
const WORDS: usize = PAGE / STEP / 64;

/// What the blocks of a page are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Collected values that hold no handle.
    Plain = 0,
    /// Collected values that may hold handles, other ones only after a borrow that is exclusive.
    Holding = 1,
    /// Collected values whose handles may be changed behind shared borrows, too.
    Changing = 2,
    /// Memory with an owner, who gives it back; it is followed, not collected.
    Owned = 3,
}

pub const KINDS: [Kind; 4] = [Kind::Plain, Kind::Holding, Kind::Changing, Kind::Owned];
/// Kinds of collected values.
pub const COLLECTED: [Kind; 3] = [Kind::Plain, Kind::Holding, Kind::Changing];

/// A set of the blocks of a page. Only the heap's own task changes it, or, for owned memory, who holds the page's lock;
/// others may look.
pub struct Bits([AtomicU64; WORDS]);

impl Bits {
    const fn new() -> Bits {
        Bits([const { AtomicU64::new(0) }; WORDS])
    }
    pub fn has(&self, n: usize) -> bool {
        self.0[n / 64].load(Relaxed) >> (n % 64) & 1 != 0
    }
    pub fn set(&self, n: usize, on: bool) {
        let word = &self.0[n / 64];
        let bit = 1 << (n % 64);
        let old = word.load(Relaxed);
        word.store(if on { old | bit } else { old & !bit }, Relaxed);
    }
    pub fn clear(&self) {
        self.0.iter().for_each(|w| w.store(0, Relaxed));
    }
    pub fn word(&self, n: usize) -> u64 {
        self.0[n].load(Relaxed)
    }
    fn set_word(&self, n: usize, to: u64) {
        self.0[n].store(to, Relaxed);
    }
}

/// A number that only the heap's own task changes, or, for owned memory, who holds the page's lock; others may look.
pub struct Number(AtomicUsize);

impl Number {
    const fn new(n: usize) -> Number {
        Number(AtomicUsize::new(n))
    }
    pub fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
    pub fn set(&self, n: usize) {
        self.0.store(n, Relaxed);
    }
}

/// What is known of a page, or of the run of pages of a large block.
pub struct Page {
    pub start: usize,
    /// Pages of the run.
    pub run: usize,
    pub block: Number,
    kind: AtomicU8,
    /// The heap whose blocks these are; null if none has them, or it ended before who owned its memory.
    pub owner: AtomicPtr<Heap>,
    /// Guards `taken` of owned memory, which any task may give back.
    pub lock: Lock<()>,
    pub taken: Bits,
    /// What was found to be reachable in the turn of marking that `turn` says; all others are not marked.
    pub marks: Bits,
    /// What leads from values that nothing leads to, themselves included, in the same turn: it stays until they have ended.
    pub ending: Bits,
    /// Values that have something to do at their end, and have not ended.
    pub ends: Bits,
    pub used: Number,
    pub turn: Number,
    /// Words of `taken` before this one are full.
    from: Number,
    /// Where the page stands among those of its heap and kind.
    pub place: Number,
    /// The listing of the heap in which the page waits to be allocated from, or is.
    pub listed: Number,
    /// Blocks were taken or left in it that the next collection of young values has to look at.
    pub touched: Number,
    /// Blocks that other heaps' tasks gave back since the heap last looked.
    pub returned: Number,
}

impl Page {
    fn new(start: usize, run: usize) -> *mut Page {
        Box::into_raw(Box::new(Page {
            start,
            run,
            block: Number::new(PAGE),
            kind: AtomicU8::new(Kind::Plain as u8),
            owner: AtomicPtr::new(null_mut()),
            lock: Lock::new(()),
            taken: Bits::new(),
            marks: Bits::new(),
            ending: Bits::new(),
            ends: Bits::new(),
            used: Number::new(0),
            turn: Number::new(0),
            from: Number::new(0),
            place: Number::new(0),
            listed: Number::new(0),
            touched: Number::new(0),
            returned: Number::new(0),
        }))
    }

    /// Makes an empty page one for blocks of this size.
    fn begin(&self, block: usize, kind: Kind, owner: *mut Heap) {
        self.block.set(block);
        self.kind.store(kind as u8, Relaxed);
        self.owner.store(owner, Relaxed);
        [&self.taken, &self.marks, &self.ending, &self.ends].into_iter().for_each(Bits::clear);
        let numbers = [&self.used, &self.turn, &self.from, &self.listed, &self.touched, &self.returned];
        numbers.into_iter().for_each(|n| n.set(0));
    }

    /// Forgets marks of earlier turns. They are forgotten page by page, when one is looked at: so a turn begins at once.
    #[inline(always)]
    pub fn enter_turn(&self, turn: usize) {
        if self.turn.get() != turn {
            self.marks.clear();
            self.ending.clear();
            self.turn.set(turn);
        }
    }

    pub fn kind(&self) -> Kind {
        KINDS[self.kind.load(Relaxed) as usize]
    }

    /// Blocks that fit.
    pub fn count(&self) -> usize {
        if self.is_large() { 1 } else { PAGE / self.block.get() }
    }

    /// Whether the page, or run of pages, is one block.
    pub fn is_large(&self) -> bool {
        self.block.get() > MOST
    }

    pub fn is_full(&self) -> bool {
        self.used.get() == self.count()
    }

    pub fn at(&self, n: usize) -> usize {
        self.start + n * self.block.get()
    }

    /// Number of the block that an address lies in.
    pub fn index(&self, address: usize) -> Option<usize> {
        let n = (address - self.start) / self.block.get();
        (n < self.count()).then_some(n)
    }

    /// The number of an unused block, zeroed and no longer unused. Called by the heap's task, with the lock if the memory is owned.
    pub fn take(&self) -> Option<usize> {
        let count = self.count();
        let first = self.from.get();
        for w in first..count.div_ceil(64) {
            let room = count - w * 64;
            let exist = if room >= 64 { u64::MAX } else { (1 << room) - 1 };
            let free = !self.taken.word(w) & exist;
            if free == 0 {
                continue;
            }
            self.from.set(w);
            let n = w * 64 + free.trailing_zeros() as usize;
            self.taken.set(n, true);
            self.used.set(self.used.get() + 1);
            // SAFETY: the block lies in the page and nobody uses it.
            unsafe { (self.at(n) as *mut u8).write_bytes(0, self.block.get()) };
            return Some(n);
        }
        None
    }

    /// A block is unused again. Called as [`take`](Page::take).
    pub fn give(&self, n: usize) {
        self.taken.set(n, false);
        self.used.set(self.used.get() - 1);
        self.from.set(self.from.get().min(n / 64));
    }

    /// Values that nothing leads to, as far as is known in this turn: which of 64.
    pub fn lost(&self, w: usize) -> u64 {
        self.taken.word(w) & !self.marks.word(w) & !self.ending.word(w)
    }

    /// Words of the sets that have blocks.
    pub fn words(&self) -> core::ops::Range<usize> {
        0..self.count().div_ceil(64)
    }

    /// Gives back all values that nothing leads to; how many. Called by the heap's task, when all that is reachable is marked.
    pub fn give_lost(&self) -> usize {
        let mut gone = 0;
        for w in self.words() {
            let lost = self.lost(w);
            if lost != 0 {
                self.taken.set_word(w, self.taken.word(w) & !lost);
                self.from.set(self.from.get().min(w));
                gone += lost.count_ones() as usize;
            }
        }
        self.used.set(self.used.get() - gone);
        gone
    }

    /// Whether some values stay only until others have ended.
    pub fn has_ending(&self) -> bool {
        self.words().any(|w| self.ending.word(w) != 0)
    }
}

/// Pages that no heap has.
struct Spare {
    /// Pages of the range that were ever given out.
    cut: usize,
    /// Pages of the range that can be accessed.
    open: usize,
    single: Vec<*mut Page>,
    runs: Vec<*mut Page>,
}

// SAFETY: the pointers lead to descriptions that stay, of pages that nobody has.
unsafe impl Send for Spare {}

/// The range of a program.
pub struct Space {
    base: AtomicUsize,
    table: AtomicPtr<AtomicPtr<Page>>,
    spare: Lock<Spare>,
}

impl Space {
    pub const fn new() -> Space {
        let spare = Spare { cut: 0, open: 0, single: Vec::new(), runs: Vec::new() };
        Space { base: AtomicUsize::new(0), table: AtomicPtr::new(null_mut()), spare: Lock::new(spare) }
    }

    /// Whether an address may be one of a block.
    #[inline(always)]
    pub fn contains(&self, address: usize) -> bool {
        let base = self.base.load(Relaxed);
        base != 0 && address.wrapping_sub(base) < REGION
    }

    fn entry(&self, address: usize) -> &AtomicPtr<Page> {
        let n = (address - self.base.load(Relaxed)) / PAGE;
        // SAFETY: the table has an entry for each page of the range, and the caller's address lies in it.
        unsafe { &*self.table.load(Relaxed).add(n) }
    }

    /// The page that an address of the range lies in.
    #[inline(always)]
    pub fn page(&self, address: usize) -> Option<&Page> {
        // SAFETY: descriptions live until the process ends.
        unsafe { self.entry(address).load(core::sync::atomic::Ordering::Acquire).as_ref() }
    }

    /// An empty page, or run of pages, for blocks of this size.
    pub fn take(&self, block: usize, kind: Kind, owner: *mut Heap) -> *mut Page {
        let run = if block > MOST { block.div_ceil(PAGE) } else { 1 };
        let mut spare = self.spare.lock();
        let page = match run {
            1 => spare.single.pop(),
            // SAFETY: descriptions live until the process ends.
            _ => spare.runs.iter().position(|&p| unsafe { (*p).run } == run).map(|n| spare.runs.swap_remove(n)),
        };
        let page = page.unwrap_or_else(|| self.cut(&mut spare, run));
        drop(spare);
        // SAFETY: the page is nobody's, so only this thread uses it.
        let p = unsafe { &*page };
        p.begin(if block > MOST { run * PAGE } else { block }, kind, owner);
        for n in 0..run {
            self.entry(p.start + n * PAGE).store(page, core::sync::atomic::Ordering::Release);
        }
        page
    }

    /// Takes back a page without blocks.
    pub fn give(&self, page: *mut Page) {
        // SAFETY: descriptions live until the process ends.
        let p = unsafe { &*page };
        p.owner.store(null_mut(), Relaxed);
        for n in 0..p.run {
            self.entry(p.start + n * PAGE).store(null_mut(), Relaxed);
        }
        let mut spare = self.spare.lock();
        if p.run == 1 {
            return spare.single.push(page);
        }
        // SAFETY: the pages lie in the range and hold nothing; they read as zeros from now on.
        unsafe { libc::madvise(p.start as *mut libc::c_void, p.run * PAGE, libc::MADV_DONTNEED) };
        spare.runs.push(page);
    }

    /// Pages that were never used.
    fn cut(&self, spare: &mut Spare, run: usize) -> *mut Page {
        if self.base.load(Relaxed) == 0 {
            self.reserve();
        }
        if (spare.cut + run) * PAGE > REGION {
            no_memory()
        }
        let base = self.base.load(Relaxed);
        let start = base + spare.cut * PAGE;
        spare.cut += run;
        if spare.cut > spare.open {
            let more = (spare.cut - spare.open).next_multiple_of(OPENED).min(REGION / PAGE - spare.open);
            let at = (base + spare.open * PAGE) as *mut libc::c_void;
            // SAFETY: the pages lie in the range, which is this program's.
            if unsafe { libc::mprotect(at, more * PAGE, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
                no_memory()
            }
            spare.open += more;
        }
        Page::new(start, run)
    }

    /// Called with the lock of `spare`.
    fn reserve(&self) {
        let bytes = REGION / PAGE * size_of::<AtomicPtr<Page>>();
        self.table.store(map(bytes, libc::PROT_READ | libc::PROT_WRITE).cast(), Relaxed);
        let base = (map(REGION + PAGE, libc::PROT_NONE) as usize).next_multiple_of(PAGE);
        self.base.store(base, core::sync::atomic::Ordering::Release);
    }
}

/// Zeroed address space.
fn map(bytes: usize, access: i32) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: asks for fresh address space.
    let p = unsafe { libc::mmap(null_mut(), bytes, access, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        no_memory()
    }
    p.cast()
}
