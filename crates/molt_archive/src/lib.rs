//! The runtime as an archive to link programs with: [`molt_runtime`] and what a program without Rust's standard
//! library and without a C compiler's start files must bring itself: an entry point, an allocator and an end for panics.
//!
//! Build it with the profile `archive` (`cargo xtask toolchain`): one unit, optimised as a whole. Under profiles that
//! unwind, as those of tests and checks do, the standard library takes both parts.
#![cfg_attr(all(panic = "abort", target_os = "linux"), no_std)]

pub use molt_runtime::{run_native, run_program};

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

    type Main = extern "C" fn(libc::c_int, *const *const libc::c_char, *const *const libc::c_char) -> libc::c_int;
    type Hook = extern "C" fn();

    unsafe extern "C" {
        /// The program's own, made by the compiler.
        safe fn main(
            argc: libc::c_int,
            argv: *const *const libc::c_char,
            envp: *const *const libc::c_char,
        ) -> libc::c_int;
        /// The C library's: sets itself up, calls `main` and ends the process.
        fn __libc_start_main(
            main: Main,
            argc: libc::c_int,
            argv: *const *const libc::c_char,
            init: Option<Hook>,
            fini: Option<Hook>,
            loader_fini: Option<Hook>,
            stack_end: *const libc::c_void,
        ) -> libc::c_int;
    }

    /// What the kernel jumps to, by way of the loader: the stack pointer is at the count of arguments, and a register
    /// holds the function that the loader wants called at the end.
    #[cfg(target_arch = "x86_64")]
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    unsafe extern "C" fn _start() -> ! {
        core::arch::naked_asm!(
            "xor ebp, ebp",
            "mov rdi, rsp",
            "mov rsi, rdx",
            "and rsp, -16",
            "call {start}",
            "ud2",
            start = sym start,
        )
    }

    /// As on x86-64.
    #[cfg(target_arch = "aarch64")]
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    unsafe extern "C" fn _start() -> ! {
        core::arch::naked_asm!(
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x1, x0",
            "mov x0, sp",
            "b {start}",
            start = sym start,
        )
    }

    unsafe extern "C" fn start(stack: *const usize, loader_fini: Option<Hook>) -> ! {
        // SAFETY: the kernel put the count and then the addresses of the arguments on the stack (System V ABI).
        unsafe {
            let (argc, argv) = (*stack as libc::c_int, stack.add(1).cast());
            __libc_start_main(main, argc, argv, None, None, loader_fini, stack.cast());
            libc::abort()
        }
    }

    /// Named by landing pads of the prebuilt `core` and `alloc`. Nothing unwinds, so nothing calls it.
    #[unsafe(no_mangle)]
    extern "C" fn _Unwind_Resume() -> ! {
        // SAFETY: never returns.
        unsafe { libc::abort() }
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
