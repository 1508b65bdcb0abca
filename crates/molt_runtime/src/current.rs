//! The isolate of this thread.
//!
//! Executables are linked without the standard library, and stable Rust names no thread-local variable without it, so
//! on Linux the variable is laid out and read in assembly: one instruction, by the local-exec model of the ELF TLS
//! ABI. That model holds because the runtime is only ever linked into executables. Elsewhere, and under Miri,
//! which runs no assembly, the variable is the standard library's.

use crate::isolate::Isolate;

pub use place::{current, set_current};

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
mod place {
    use super::Isolate;

    core::arch::global_asm!(
        ".pushsection .tbss.molt_current,\"awT\",%nobits",
        ".balign 8",
        ".globl molt_current",
        ".hidden molt_current",
        ".type molt_current, %object",
        ".size molt_current, 8",
        "molt_current:",
        ".zero 8",
        ".popsection",
    );

    /// The thread's isolate. Null before one is entered.
    #[inline(always)]
    pub fn current() -> *mut Isolate {
        let isolate: *mut Isolate;
        // SAFETY: reads the eight bytes that the block above reserves in every thread; nothing else is touched. It is
        // not `pure`: a thread changes its isolate.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            core::arch::asm!(
                "mov {0}, qword ptr fs:[molt_current@TPOFF]",
                out(reg) isolate,
                options(nostack, readonly, preserves_flags)
            );
            #[cfg(target_arch = "aarch64")]
            core::arch::asm!(
                "mrs {0}, tpidr_el0",
                "add {0}, {0}, :tprel_hi12:molt_current",
                "ldr {0}, [{0}, :tprel_lo12_nc:molt_current]",
                out(reg) isolate,
                options(nostack, readonly, preserves_flags)
            );
        }
        isolate
    }

    /// Makes `isolate` the one that this thread's dropped references belong to; returns the previous one.
    pub fn set_current(isolate: *mut Isolate) -> *mut Isolate {
        let previous = current();
        // SAFETY: as in `current`, writing.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            core::arch::asm!(
                "mov qword ptr fs:[molt_current@TPOFF], {0}",
                in(reg) isolate,
                options(nostack, preserves_flags)
            );
            #[cfg(target_arch = "aarch64")]
            core::arch::asm!(
                "mrs {1}, tpidr_el0",
                "add {1}, {1}, :tprel_hi12:molt_current",
                "str {0}, [{1}, :tprel_lo12_nc:molt_current]",
                in(reg) isolate,
                out(reg) _,
                options(nostack, preserves_flags)
            );
        }
        previous
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
mod place {
    use core::cell::Cell;

    use super::Isolate;

    std::thread_local! {
        static CURRENT: Cell<*mut Isolate> = const { Cell::new(core::ptr::null_mut()) };
    }

    /// The thread's isolate. Null before one is entered.
    pub fn current() -> *mut Isolate {
        CURRENT.with(Cell::get)
    }

    /// Makes `isolate` the one that this thread's dropped references belong to; returns the previous one.
    pub fn set_current(isolate: *mut Isolate) -> *mut Isolate {
        CURRENT.with(|c| c.replace(isolate))
    }
}
