//! Memory of programs. Blocks of up to [`MOST`] bytes come from free lists, one for each size in steps, that belong to the
//! stack that asks; larger ones and those of unusual alignment from the system.
//!
//! ```text
//! free block: 0      8
//!             | next | blocks in the list from here | …
//! ```
//!
//! A block may be freed on another stack than it came from, as what is sent through a channel is: it joins that stack's list.
//! A list that has grown to two batches gives one to the pool of all stacks, and an empty one takes a batch from there, so
//! no stack hoards what others make. The pool cuts new blocks off chunks, which stay until the process ends.

use alloc::vec::Vec;
use core::ptr::null_mut;

use molt_abi::Context;
use molt_abi::context::{SIZE_CLASS_COUNT, SIZE_CLASS_STEP};

use super::lock::Lock;
use super::{State, layout, no_memory};

/// Largest block of a list; none where a sanitizer or Miri is to see every block.
const MOST: u64 = if cfg!(any(molt_sanitize, miri)) { 0 } else { (SIZE_CLASS_COUNT * SIZE_CLASS_STEP) as u64 };
/// Blocks that change hands at a time.
const BATCH: u64 = 128;
/// Bytes that are asked of the system at a time.
const CHUNK: usize = 64 * 1024;

/// A block that nobody uses.
#[repr(C)]
struct Free {
    next: *mut Free,
    count: u64,
}

const _: () = assert!(size_of::<Free>() <= SIZE_CLASS_STEP);

/// What no stack has a use for now.
pub struct Pool(Lock<Spare>);

struct Spare {
    batches: [Vec<*mut Free>; SIZE_CLASS_COUNT],
    /// What is left of the last chunk.
    chunk: *mut u8,
    left: usize,
}

// SAFETY: the pointers lead to memory that the pool owns.
unsafe impl Send for Spare {}

impl Pool {
    pub const fn new() -> Pool {
        Pool(Lock::new(Spare { batches: [const { Vec::new() }; SIZE_CLASS_COUNT], chunk: null_mut(), left: 0 }))
    }

    /// A list of up to a batch.
    fn take(&self, class: usize) -> *mut Free {
        let mut spare = self.0.lock();
        spare.batches[class].pop().unwrap_or_else(|| spare.cut(class))
    }

    fn give(&self, class: usize, list: *mut Free) {
        self.0.lock().batches[class].push(list);
    }
}

impl Spare {
    /// A batch of blocks that were never used, or what the chunk has room for.
    fn cut(&mut self, class: usize) -> *mut Free {
        let size = (class + 1) * SIZE_CLASS_STEP;
        if self.left < size {
            // SAFETY: the size of a chunk is not zero.
            self.chunk = unsafe { alloc::alloc::alloc(layout(CHUNK as u64, SIZE_CLASS_STEP as u64)) };
            self.left = CHUNK;
            if self.chunk.is_null() {
                no_memory()
            }
        }
        let count = (self.left / size).min(BATCH as usize);
        let first: *mut Free = self.chunk.cast();
        for n in 0..count {
            let last = n + 1 == count;
            // SAFETY: so many blocks lie in what is left of the chunk, which has the alignment of a block.
            unsafe {
                let block: *mut Free = self.chunk.add(n * size).cast();
                let next = if last { null_mut() } else { block.byte_add(size) };
                block.write(Free { next, count: (count - n) as u64 });
            }
        }
        // SAFETY: as above.
        self.chunk = unsafe { self.chunk.add(count * size) };
        self.left -= count * size;
        first
    }
}

/// The list for a size and alignment, if they have one.
#[inline(always)]
fn class_of(size: u64, align: u64) -> Option<usize> {
    (size <= MOST && align <= SIZE_CLASS_STEP as u64).then(|| (size.wrapping_sub(1)) as usize / SIZE_CLASS_STEP)
}

/// Memory of this size, which is not zero, for the code on a stack.
///
/// # Safety
/// `s` is the state of the stack that this runs on.
#[inline(always)]
pub unsafe fn allocate(s: *mut State, size: u64, align: u64) -> *mut u8 {
    // SAFETY: only the stack's own code touches its context; a listed block is free and holds its successor.
    unsafe {
        let ctx: *mut Context = s.cast();
        (*ctx).live_objects += 1;
        let Some(class) = class_of(size, align) else { return from_system(size, align) };
        let mut head: *mut Free = (*ctx).free[class].cast();
        if head.is_null() {
            head = refill(s, class);
        }
        (*ctx).free[class] = (*head).next.cast();
        head.cast()
    }
}

/// Takes back what [`allocate`] gave, on any stack.
///
/// # Safety
/// `s` is the state of the stack that this runs on; nobody uses the block, which has this size and alignment.
#[inline(always)]
pub unsafe fn release(s: *mut State, p: *mut u8, size: u64, align: u64) {
    // SAFETY: as for `allocate`; the block is at least a step long and ours again.
    unsafe {
        let ctx: *mut Context = s.cast();
        (*ctx).live_objects -= 1;
        let Some(class) = class_of(size, align) else { return alloc::alloc::dealloc(p, layout(size, align)) };
        let next: *mut Free = (*ctx).free[class].cast();
        let count = if next.is_null() { 1 } else { (*next).count + 1 };
        p.cast::<Free>().write(Free { next, count });
        (*ctx).free[class] = p;
        if count >= 2 * BATCH {
            give_batch(s, class);
        }
    }
}

/// Changes the size of a block, which may move.
///
/// # Safety
/// As for [`release`].
pub unsafe fn resize(s: *mut State, p: *mut u8, old: u64, align: u64, new: u64) -> *mut u8 {
    // SAFETY: by the caller's promise; both blocks hold the bytes that are copied.
    unsafe {
        match (class_of(old, align), class_of(new, align)) {
            (None, None) => {
                let q = alloc::alloc::realloc(p, layout(old, align), new as usize);
                if q.is_null() {
                    no_memory()
                }
                q
            }
            (a, b) if a == b => p,
            _ => {
                let q = allocate(s, new, align);
                core::ptr::copy_nonoverlapping(p, q, old.min(new) as usize);
                release(s, p, old, align);
                q
            }
        }
    }
}

#[cold]
#[inline(never)]
fn from_system(size: u64, align: u64) -> *mut u8 {
    // SAFETY: the size is not zero.
    let p = unsafe { alloc::alloc::alloc(layout(size, align)) };
    if p.is_null() {
        no_memory()
    }
    p
}

#[cold]
#[inline(never)]
unsafe fn refill(s: *mut State, class: usize) -> *mut Free {
    // SAFETY: the caller passes the state of its stack, which refers to the shared part.
    unsafe { (*(*s).shared).pool.take(class) }
}

/// Gives the first batch of a list to the pool.
#[cold]
#[inline(never)]
unsafe fn give_batch(s: *mut State, class: usize) {
    // SAFETY: the list has two batches, all of them free blocks of this stack.
    unsafe {
        let ctx: *mut Context = s.cast();
        let first: *mut Free = (*ctx).free[class].cast();
        let mut last = first;
        for count in (2..=BATCH).rev() {
            (*last).count = count;
            last = (*last).next;
        }
        (*ctx).free[class] = (*last).next.cast();
        last.write(Free { next: null_mut(), count: 1 });
        (*(*s).shared).pool.give(class, first);
    }
}
