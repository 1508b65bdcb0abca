//! The runtime as an archive to link programs with: [`molt_runtime`] and what a program without Rust's standard
//! library must bring itself, an allocator and an end for panics.
//!
//! Build it with the profile `archive` (`cargo xtask toolchain`): one unit, optimised as a whole. Under profiles that
//! unwind, as those of tests and checks do, the standard library takes both parts.
#![cfg_attr(all(panic = "abort", target_os = "linux"), no_std)]

pub use molt_runtime::run_program;

#[cfg(all(panic = "abort", target_os = "linux"))]
mod program {
    use core::alloc::{GlobalAlloc, Layout};
    use core::fmt::{self, Write};
    use core::panic::PanicInfo;

    /// Largest alignment that `malloc` guarantees.
    const MALLOC_ALIGN: usize = 16;

    /// The C library's allocator.
    struct Malloc;

    // SAFETY: memory comes from the C library, aligned as asked for, and goes back to it.
    unsafe impl GlobalAlloc for Malloc {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if layout.align() <= MALLOC_ALIGN {
                // SAFETY: any size will do.
                return unsafe { libc::malloc(layout.size()).cast() };
            }
            let mut memory = core::ptr::null_mut();
            // SAFETY: the alignment is a power of two and a multiple of a pointer's size.
            match unsafe { libc::posix_memalign(&raw mut memory, layout.align(), layout.size()) } {
                0 => memory.cast(),
                _ => core::ptr::null_mut(),
            }
        }

        #[inline]
        unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
            // SAFETY: it came from `alloc`.
            unsafe { libc::free(memory.cast()) }
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            if layout.align() <= MALLOC_ALIGN {
                // SAFETY: any size will do.
                return unsafe { libc::calloc(layout.size(), 1).cast() };
            }
            // SAFETY: as the caller promises; the memory has the layout's size.
            unsafe {
                let memory = self.alloc(layout);
                if !memory.is_null() {
                    memory.write_bytes(0, layout.size());
                }
                memory
            }
        }

        #[inline]
        unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if layout.align() <= MALLOC_ALIGN {
                // SAFETY: it came from `malloc`.
                return unsafe { libc::realloc(memory.cast(), size).cast() };
            }
            // SAFETY: as the caller promises; the smaller of the sizes is copied.
            unsafe {
                let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !new.is_null() {
                    core::ptr::copy_nonoverlapping(memory, new, size.min(layout.size()));
                    self.dealloc(memory, layout);
                }
                new
            }
        }
    }

    #[global_allocator]
    static MALLOC: Malloc = Malloc;

    /// The error stream, by its descriptor.
    struct Stderr;

    impl Write for Stderr {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            // SAFETY: the bytes are readable. A failure has nobody to be told to.
            unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
            Ok(())
        }
    }

    /// Named by the frame tables of the prebuilt `core` and `alloc`. Nothing unwinds, so nothing calls it.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}

    /// A panic is a mistake in the runtime: it is told, and the process aborts.
    #[panic_handler]
    fn panic(info: &PanicInfo<'_>) -> ! {
        // Writing to the error stream reports no failure.
        let _ = writeln!(Stderr, "molt: internal error: {info}");
        // SAFETY: never returns.
        unsafe { libc::abort() }
    }
}
