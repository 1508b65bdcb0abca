//! The allocator of `molt` itself: small blocks from mimalloc, large ones from the system.
//!
//! A fifth of a front end's time goes to small blocks, for which mimalloc takes half of the time that the system's allocator
//! takes. Of large blocks mimalloc reserves any size that fits the address space. The system refuses what it has no
//! memory for; programs that run inside `molt` see that as `MemoryError` and must not be killed instead.
//!
//! The size of a block, which the caller must name whenever it gives the block back, tells whose it is: no block carries a
//! mark.

use std::alloc::{GlobalAlloc, Layout, System};

use libmimalloc_sys::{
    mi_free, mi_malloc, mi_malloc_aligned, mi_realloc, mi_realloc_aligned, mi_zalloc, mi_zalloc_aligned,
};

/// Blocks of this size in bytes and above are the system's, which gives them pages of their own.
const LARGE: usize = 1 << 20;

/// Alignment of every block that is at least so large, as C asks of `malloc`.
const ALIGNED: usize = 16;

/// mimalloc and the system's allocator, by size.
pub struct Allocator;

// SAFETY: each call goes to an allocator that keeps the contract. `is_large` depends on the layout only, and a block is
// given back with the layout that it was asked for with, so it comes back to the allocator that made it; `realloc` moves
// a block whose new size is the other allocator's.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's promise.
        unsafe {
            if is_large(layout.size()) {
                System.alloc(layout)
            } else if is_plain(layout.align(), layout.size()) {
                mi_malloc(layout.size()).cast()
            } else {
                mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's promise.
        unsafe {
            if is_large(layout.size()) {
                System.alloc_zeroed(layout)
            } else if is_plain(layout.align(), layout.size()) {
                mi_zalloc(layout.size()).cast()
            } else {
                mi_zalloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: by the caller's promise; the size tells whose block it is.
        unsafe { if is_large(layout.size()) { System.dealloc(block, layout) } else { mi_free(block.cast()) } }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by the caller's promise; a block that changes hands is copied, and given back only when that was done.
        unsafe {
            match (is_large(layout.size()), is_large(size)) {
                (false, false) if is_plain(layout.align(), size) => mi_realloc(block.cast(), size).cast(),
                (false, false) => mi_realloc_aligned(block.cast(), size, layout.align()).cast(),
                (true, true) => System.realloc(block, layout, size),
                _ => {
                    // `size` rounded up to the alignment fits `isize`, as the caller promises.
                    let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !new.is_null() {
                        std::ptr::copy_nonoverlapping(block, new, size.min(layout.size()));
                        self.dealloc(block, layout);
                    }
                    new
                }
            }
        }
    }
}

fn is_large(size: usize) -> bool {
    size >= LARGE
}

/// Whether a block of this size is aligned well enough without being asked for.
fn is_plain(align: usize, size: usize) -> bool {
    align <= ALIGNED && align <= size
}

#[cfg(test)]
mod tests {
    use super::{Allocator, LARGE};
    use std::alloc::{GlobalAlloc, Layout};

    #[test]
    fn blocks_keep_what_is_in_them_when_they_change_hands() {
        for align in [1, 8, 16, 64, 4096] {
            let mut size = LARGE / 4;
            let layout = |size| Layout::from_size_align(size, align).expect("the size is small");
            // SAFETY: the block is written and read within its size, with its own layout.
            unsafe {
                let mut block = Allocator.alloc(layout(size));
                block.write_bytes(7, size);
                for next in [LARGE - 1, LARGE, 3 * LARGE, LARGE + 1, LARGE / 2, LARGE * 2, 100, 16, 8000] {
                    block = Allocator.realloc(block, layout(size), next);
                    assert_eq!(block as usize % align, 0);
                    let kept = size.min(next);
                    assert!((0..kept).step_by(97).chain([kept - 1]).all(|i| *block.add(i) == 7));
                    block.write_bytes(7, next);
                    size = next;
                }
                Allocator.dealloc(block, layout(size));
            }
        }
    }

    #[test]
    fn more_than_there_is_memory_for_is_refused() {
        let layout = Layout::from_size_align(1 << 46, 16).expect("the size fits");
        // A block that nobody looks at need not be asked for.
        // SAFETY: the size is not zero.
        assert!(std::hint::black_box(unsafe { Allocator.alloc(layout) }).is_null());
    }
}
