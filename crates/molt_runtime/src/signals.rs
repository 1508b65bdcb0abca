//! Signals of the process: Ctrl-C becomes KeyboardInterrupt in the program's thread, a closed pipe an error number.
//!
//! The handler only sets a bit of `Context::pending`, which loops and interrupted system calls look at
//! ([`Isolate::poll`](crate::Isolate)). The thread that starts the program blocks SIGINT, so the kernel always
//! interrupts the thread that runs it.

use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::Isolate;
use crate::startup::PENDING_INTERRUPT;

/// Where the running program looks for pending work; null before it starts and after it ended.
static PENDING: AtomicPtr<u64> = AtomicPtr::new(core::ptr::null_mut());

extern "C" fn on_interrupt(_: libc::c_int) {
    // Acquire: pairs with the store that published the context.
    let pending = PENDING.load(Ordering::Acquire);
    if !pending.is_null() {
        // SAFETY: the word belongs to the isolate, which withdraws it before it is freed; all writers use atomic
        // operations. Relaxed: the bit carries no other data, and the reader is this very thread.
        unsafe { AtomicU64::from_ptr(pending) }.fetch_or(PENDING_INTERRUPT, Ordering::Relaxed);
    }
}

fn set_mask(how: libc::c_int) {
    // SAFETY: the set is initialised by `sigemptyset` before it is used; the old mask is not asked for.
    unsafe {
        let mut set: libc::sigset_t = core::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGINT);
        libc::pthread_sigmask(how, &raw const set, core::ptr::null_mut());
    }
}

fn set_action(signal: libc::c_int, action: libc::sighandler_t) {
    // SAFETY: a complete description; without SA_RESTART system calls return, so that the program sees the signal.
    unsafe {
        let mut new: libc::sigaction = core::mem::zeroed();
        new.sa_sigaction = action;
        libc::sigemptyset(&raw mut new.sa_mask);
        libc::sigaction(signal, &raw const new, core::ptr::null_mut());
    }
}

/// Whether the process was started with the signal ignored, as `nohup` and shells' background jobs do.
fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: only reads the present action.
    unsafe {
        let mut old: libc::sigaction = core::mem::zeroed();
        libc::sigaction(signal, core::ptr::null(), &raw mut old) == 0 && old.sa_sigaction == libc::SIG_IGN
    }
}

/// Keeps SIGINT away from this thread and those it starts from now on.
pub fn block() {
    set_mask(libc::SIG_BLOCK);
}

/// Makes this thread the one that Ctrl-C interrupts, and writing to a closed pipe an error.
pub fn install(rt: &mut Isolate) {
    // Release: the handler sees a complete context.
    PENDING.store(&raw mut rt.ctx.pending, Ordering::Release);
    set_action(libc::SIGPIPE, libc::SIG_IGN);
    if !is_ignored(libc::SIGINT) {
        set_action(libc::SIGINT, on_interrupt as *const () as libc::sighandler_t);
    }
    set_mask(libc::SIG_UNBLOCK);
}

/// No signal reaches the isolate any more.
pub fn withdraw() {
    set_mask(libc::SIG_BLOCK);
    PENDING.store(core::ptr::null_mut(), Ordering::Release);
}

/// Ends the process by SIGINT, so that the parent sees what happened; returns where that is not possible.
pub fn die_of_interrupt() {
    set_action(libc::SIGINT, libc::SIG_DFL);
    set_mask(libc::SIG_UNBLOCK);
    // SAFETY: takes two numbers.
    unsafe { libc::raise(libc::SIGINT) };
}

impl Isolate {
    /// Sets bits of `Context::pending`. The handler may interrupt between any two instructions, hence atomic.
    pub(crate) fn set_pending_work(&mut self, bits: u64) {
        // SAFETY: the word is ours, aligned, and written by atomic operations only.
        unsafe { AtomicU64::from_ptr(&raw mut self.ctx.pending) }.fetch_or(bits, Ordering::Relaxed);
    }

    /// Takes all bits of `Context::pending`.
    pub(crate) fn take_pending_work(&mut self) -> u64 {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(&raw mut self.ctx.pending) }.swap(0, Ordering::Relaxed)
    }
}
