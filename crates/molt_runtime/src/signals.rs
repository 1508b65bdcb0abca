//! Signals of the process: Ctrl-C becomes KeyboardInterrupt in the program's thread, a closed pipe an error number.
//!
//! The handler only sets a bit of `Context::pending`, which loops and interrupted system calls look at
//! ([`Isolate::poll`](crate::Isolate)), and takes `Context::depth_most` away, which calls look at. The thread that starts the program blocks SIGINT, so the kernel always
//! interrupts the thread that runs it.

use core::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};

use molt_abi::Context;
use molt_abi::context::DEPTH_STEP;

use crate::Isolate;
use crate::startup::PENDING_INTERRUPT;

/// What the running program looks at for pending work; null before it starts and after it ended.
static CONTEXT: AtomicPtr<Context> = AtomicPtr::new(core::ptr::null_mut());

extern "C" fn on_interrupt(_: libc::c_int) {
    // Acquire: pairs with the store that published the context.
    let context = CONTEXT.load(Ordering::Acquire);
    if !context.is_null() {
        // SAFETY: the context belongs to the isolate, which withdraws it before it is freed; all writers of these words
        // use atomic operations. Relaxed: they carry no other data, and the reader is this very thread.
        unsafe {
            AtomicU64::from_ptr(&raw mut (*context).pending).fetch_or(PENDING_INTERRUPT, Ordering::Relaxed);
            AtomicI64::from_ptr(&raw mut (*context).depth_most).store(0, Ordering::Relaxed);
        }
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
    CONTEXT.store(&raw mut rt.ctx, Ordering::Release);
    set_action(libc::SIGPIPE, libc::SIG_IGN);
    if !is_ignored(libc::SIGINT) {
        set_action(libc::SIGINT, on_interrupt as *const () as libc::sighandler_t);
    }
    set_mask(libc::SIG_UNBLOCK);
}

/// Takes back an interrupt that nobody has looked at.
pub fn forget(rt: &mut Isolate) {
    // SAFETY: the words are the isolate's own, and the handler uses atomic operations too. Relaxed: as there.
    unsafe {
        AtomicU64::from_ptr(&raw mut rt.ctx.pending).fetch_and(!PENDING_INTERRUPT, Ordering::Relaxed);
    }
}

/// No signal reaches the isolate any more.
pub fn withdraw() {
    set_mask(libc::SIG_BLOCK);
    CONTEXT.store(core::ptr::null_mut(), Ordering::Release);
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

    /// Has all loops and calls ask the runtime until the bits are taken.
    pub(crate) fn ask_for_calls(&mut self, bits: u64) {
        self.set_pending_work(bits);
        // SAFETY: as above.
        unsafe { AtomicI64::from_ptr(&raw mut self.ctx.depth_most) }.store(0, Ordering::Relaxed);
    }

    /// Takes those bits of `Context::pending`, and gives calls their bound back.
    pub(crate) fn take_pending_work(&mut self, bits: u64) -> u64 {
        // SAFETY: as above.
        unsafe {
            AtomicI64::from_ptr(&raw mut self.ctx.depth_most).store(DEPTH_STEP, Ordering::Relaxed);
            AtomicU64::from_ptr(&raw mut self.ctx.pending).fetch_and(!bits, Ordering::Relaxed) & bits
        }
    }
}
