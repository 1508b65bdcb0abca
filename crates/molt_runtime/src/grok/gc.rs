//! Collected values: heaps of tasks, actors and main, of which compiled code has handles (`Gc<T>`).
//!
//! A heap belongs to who runs, as values of a `ThreadLocal` do, and only its own code allocates in it and collects it. So a
//! collection stops nobody else, and looks at one machine stack: the one it runs on.
//!
//! **Roots.** Handles are copied without a trace, so what leads to a value is found by looking: at the words of the stack and
//! the saved registers, the registers of an engine that has its own, the memory of the task or the actor's state, and values
//! of its `ThreadLocal`s. Memory that may hold handles (a `Vec` of them, a box of a struct with one) comes from the same pages,
//! because the compiler knows by the type of what is put there; it is followed and never collected. Memory of all other types
//! is not looked at, and in programs without a handle nothing of this exists.
//!
//! **Layout.** The first word of a block is the address of the library's function that ends its value, or 0. The second one is
//! the library's count of borrows, in which the collector says that it has seen the value (`mark.rs`). Of a slice it says that
//! these two are behind another two.
//!
//! ```text
//! block   0     8         16                a handle is the address of the value
//!         | end | borrows | value …
//!         | end | MAX     | count | borrows | elements …
//! ```
//!
//! **Ends.** A value that nothing leads to is ended in the collection that finds it so, values before those they lead to.
//! Its `drop` may store handles of it or of others that end. So memory is given back only when a later collection finds
//! that nothing leads to it, and a handle of an ended value leads to a block that says so.
//!
//! When that happens, and how much of it at a time, is a matter of the program's strategy: see `collect.rs`.

mod collect;
mod heap;
mod mark;
mod space;
// Miri does not know of memory that is reserved before it can be accessed.
#[cfg(all(test, not(miri)))]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use molt_abi::context::EngineMemory;

use collect::{Roots, Strategy};
pub use heap::Heap;
use space::COLLECTED;
pub use space::Space;

use super::owner::{Owner, own};
use super::{State, actor, locals, memory, task};

/// What the numbers in a program's root stand for: the strategies of `[memory] gc` in the order of the compiler's.
/// Why `auto` is what it is: docs/internals/collected-values.md.
const STRATEGIES: [Strategy; 4] =
    [Strategy::Generational, Strategy::Off, Strategy::Incremental, Strategy::Generational];

/// The heap of who runs on a stack, made when it is first needed.
unsafe fn heap(me: *mut State) -> *mut Heap {
    // SAFETY: only who runs on the stack uses its place.
    unsafe {
        let place = &own(me).heap;
        let old = place.load(Ordering::Relaxed);
        if !old.is_null() {
            return old;
        }
        let strategy = STRATEGIES[(*(*me).shared).root.gc as usize];
        let new = Heap::create(&raw const (*(*me).shared).space, strategy, end_heap);
        place.store(new, Ordering::Relaxed);
        new
    }
}

/// Ends the heap that an owner has, if any.
///
/// # Safety
/// `me` is the state of the stack that this runs on; the owner's code has ended.
pub unsafe fn end(me: *mut State, place: &AtomicPtr<Heap>) {
    let heap = place.load(Ordering::Relaxed);
    if !heap.is_null() {
        // SAFETY: the heap is the owner's, whose code has ended.
        unsafe { ((*heap).end)(me, heap) }
        place.store(null_mut(), Ordering::Relaxed);
    }
}

unsafe fn end_heap(me: *mut State, heap: *mut Heap) {
    // SAFETY: as for `end`; the heap was made by `heap`.
    unsafe {
        Heap::finish(me, heap);
        drop(Box::from_raw(heap));
    }
}

/// What a collection needs, for the code below the saved registers.
struct Request {
    me: *mut State,
    heap: *mut Heap,
}

/// Does what is due.
unsafe extern "C" fn collect_here(stack: usize, request: *mut Request) {
    // SAFETY: the request was made by the entry below on this stack.
    unsafe {
        let Request { me, heap } = *request;
        let engine: *const EngineMemory = (*me).ctx.engine.cast();
        let registers = engine.as_ref().map_or((0, 0), |memory| (memory.base as usize, memory.top as usize));
        let own = match Owner::of(me) {
            Owner::Actor(actor) => actor::state_range(actor),
            Owner::Task(task) => task::room_range(task),
            Owner::Main => (0, 0),
        };
        let mut words = Vec::new();
        locals::each(me, |value| words.push(value));
        let ranges = [(stack, (*me).stack_top), registers, own];
        Heap::collect(me, heap, &Roots { ranges: &ranges, words: &words });
    }
}

/// Calls a function with the address below which the stack holds nothing of the callers, whose registers lie above it.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn with_registers(f: unsafe extern "C" fn(usize, *mut Request), request: *mut Request) {
    core::arch::naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov rax, rdi",
        "mov rdi, rsp",
        "call rax",
        "add rsp, 56",
        "ret",
    )
}

#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn with_registers(f: unsafe extern "C" fn(usize, *mut Request), request: *mut Request) {
    core::arch::naked_asm!(
        "sub sp, sp, #96",
        "stp x19, x20, [sp]",
        "stp x21, x22, [sp, #16]",
        "stp x23, x24, [sp, #32]",
        "stp x25, x26, [sp, #48]",
        "stp x27, x28, [sp, #64]",
        "stp x29, x30, [sp, #80]",
        "mov x9, x0",
        "mov x0, sp",
        "blr x9",
        "ldp x29, x30, [sp, #80]",
        "add sp, sp, #96",
        "ret",
    )
}

entries! {
    grok_gc_new(me, size, end, kind) -> u64 {
        // SAFETY: compiled code passes its context, and the address of the library's function or 0.
        unsafe {
            let heap = heap(me);
            let pressure = usize::try_from((*me).pressure).unwrap_or(0);
            if (*heap).is_due(pressure) {
                with_registers(collect_here, &mut Request { me, heap });
            }
            let block = (*heap).take(size as usize, COLLECTED[kind as usize], end != 0);
            (*me).ctx.live_objects += 1;
            *(block as *mut u64) = end;
            block as u64
        }
    }
    grok_gc_remember(me, handle) {
        // SAFETY: compiled code passes its context. Who has a handle has a heap.
        unsafe {
            if let Some(heap) = own(me).heap.load(Ordering::Relaxed).as_mut() {
                heap.remember(handle as usize);
            }
        }
    }
    grok_gc_alloc(me, size, align, holds) -> u64 {
        // SAFETY: compiled code passes its context. The size is not zero: the compiler asks for at least one byte.
        unsafe {
            if holds == 0 {
                (*me).pressure += size as i64;
                return memory::allocate(me, size, align) as u64;
            }
            (*me).ctx.live_objects += 1;
            (*heap(me)).take_owned(size as usize) as u64
        }
    }
    grok_gc_realloc(me, p, old, align, new) -> u64 {
        // SAFETY: the state is this stack's own; the block came from `grok_gc_alloc` with this size and alignment.
        unsafe {
            if !(*(*me).shared).space.contains(p as usize) {
                (*me).pressure += new as i64 - old as i64;
                return memory::resize(me, p as *mut u8, old, align, new) as u64;
            }
            let to = grok_gc_alloc(me.cast(), new, align, 1);
            core::ptr::copy_nonoverlapping(p as *const u8, to as *mut u8, old.min(new) as usize);
            grok_gc_free(me.cast(), p, old, align);
            to
        }
    }
    grok_gc_free(me, p, size, align) {
        // SAFETY: the state is this stack's own; the block came from `grok_gc_alloc` with this size and alignment.
        unsafe {
            let space = &(*(*me).shared).space;
            if !space.contains(p as usize) {
                (*me).pressure -= size as i64;
                return memory::release(me, p as *mut u8, size, align);
            }
            (*me).ctx.live_objects -= 1;
            Heap::give(own(me).heap.load(Ordering::Relaxed), space, p as usize);
        }
    }
}
