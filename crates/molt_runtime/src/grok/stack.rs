//! Machine stacks and the switch from one to another.
//!
//! Stacks are reserved a slab at a time. A page below each is never accessible; the others are committed when touched.
//!
//! ```text
//! slab   | guard | stack ↓ | guard | stack ↓ | …
//! ```

use alloc::vec::Vec;
use core::ptr::null_mut;

/// Stacks of a slab.
const SLAB: usize = 16;
const GUARD: usize = 16 * 1024;

/// Bytes at the lower end of a stack that are kept for what is not recursive and for the runtime: an eighth of it, within
/// these bounds.
const RESERVE: (usize, usize) = (16 * 1024, 1 << 20);

/// What `Context::stack_limit` is for a stack of `size` bytes that ends at `low`, its guard included.
pub fn limit(low: usize, size: usize) -> usize {
    low + GUARD + (size / 8).clamp(RESERVE.0, RESERVE.1)
}

/// Unused stacks, by their upper ends.
pub struct Stacks {
    pub size: usize,
    free: Vec<usize>,
}

impl Stacks {
    pub const fn new(size: usize) -> Stacks {
        Stacks { size, free: Vec::new() }
    }

    /// The upper end of a stack, or `None` when the system gives no more memory.
    pub fn take(&mut self) -> Option<usize> {
        if let Some(top) = self.free.pop() {
            return Some(top);
        }
        let bytes = SLAB * self.size;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: asks for fresh address space.
        let slab = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
        if slab == libc::MAP_FAILED {
            return None;
        }
        for n in 0..SLAB {
            let low = slab as usize + n * self.size;
            // SAFETY: the range lies in the slab.
            let done = unsafe {
                libc::mprotect(
                    (low + GUARD) as *mut libc::c_void,
                    self.size - GUARD,
                    libc::PROT_READ | libc::PROT_WRITE,
                )
            };
            if done == 0 {
                self.free.push(low + self.size);
            }
        }
        self.free.pop()
    }
}

#[cfg(molt_sanitize)]
unsafe extern "C" {
    /// Forgets what lay in memory: who left a stack for good never took its frames off.
    fn __asan_unpoison_memory_region(address: *const u8, size: usize);
}

/// Prepares a stack so that the first switch to it calls `start(argument)`, which must not return.
///
/// # Safety
/// `top` is the upper end of an unused stack.
pub unsafe fn prepare(top: usize, start: unsafe extern "C" fn(usize) -> !, argument: usize) -> *mut u8 {
    // SAFETY: the frame lies below the end of the stack, and a stack is larger than its guard.
    unsafe {
        #[cfg(molt_sanitize)]
        __asan_unpoison_memory_region((top - GUARD) as *const u8, GUARD);
        let frame = (top - FRAME) as *mut usize;
        frame.write_bytes(0, FRAME / size_of::<usize>());
        frame.add(START).write(start as usize);
        frame.add(ARGUMENT).write(argument);
        frame.add(RETURN).write(enter as *const () as usize);
        frame.cast()
    }
}

/// Goes on where the stack `to` left off; returns when somebody switches back to what was stored at `save`.
///
/// # Safety
/// `to` was stored by a switch or made by [`prepare`], and nobody runs on that stack.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub unsafe extern "C" fn switch(save: *mut *mut u8, to: *mut u8) {
    core::arch::naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Bytes of a prepared frame, and the words of it that matter: what becomes `r12`, `r13` and the return address.
#[cfg(target_arch = "x86_64")]
const FRAME: usize = 64;
#[cfg(target_arch = "x86_64")]
const START: usize = 3;
#[cfg(target_arch = "x86_64")]
const ARGUMENT: usize = 2;
#[cfg(target_arch = "x86_64")]
const RETURN: usize = 6;

#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn enter() {
    // The stack pointer is a multiple of 16 less 8 here, as after a call.
    core::arch::naked_asm!("mov rdi, r13", "xor ebp, ebp", "sub rsp, 8", "and rsp, -16", "call r12", "ud2")
}

#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub unsafe extern "C" fn switch(save: *mut *mut u8, to: *mut u8) {
    core::arch::naked_asm!(
        "sub sp, sp, #160",
        "stp x19, x20, [sp]",
        "stp x21, x22, [sp, #16]",
        "stp x23, x24, [sp, #32]",
        "stp x25, x26, [sp, #48]",
        "stp x27, x28, [sp, #64]",
        "stp x29, x30, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x9, sp",
        "str x9, [x0]",
        "mov sp, x1",
        "ldp x19, x20, [sp]",
        "ldp x21, x22, [sp, #16]",
        "ldp x23, x24, [sp, #32]",
        "ldp x25, x26, [sp, #48]",
        "ldp x27, x28, [sp, #64]",
        "ldp x29, x30, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "add sp, sp, #160",
        "ret",
    )
}

#[cfg(target_arch = "aarch64")]
const FRAME: usize = 160;
#[cfg(target_arch = "aarch64")]
const START: usize = 0;
#[cfg(target_arch = "aarch64")]
const ARGUMENT: usize = 1;
#[cfg(target_arch = "aarch64")]
const RETURN: usize = 11;

#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn enter() {
    core::arch::naked_asm!("mov x0, x20", "mov x29, xzr", "mov x30, xzr", "br x19")
}
