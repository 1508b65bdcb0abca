//! Depth of recursion: the limit that programs set, and the end of the thread's stack.
//!
//! A call takes one from `Context::depth_left` and gives it back at the end. A limit above [`DEPTH_STEP`] is handed
//! out in steps, and whenever `depth_left` is found outside `0..=Context::depth_most` this module evens it out and looks
//! at the stack and for signals. So a program may raise its limit to any number, a call costs one decrement and one unsigned
//! compare, and what runs out first, limit or stack, is an ordinary RecursionError.
//!
//! ```text
//! stack   | guard page | RESERVE … | frames ↓ … | start of the thread
//!                                  ^ floor: below it no step is granted and no native recursion begins
//! ```
//!
//! Invariants: `DEPTH_STEP` calls of compiled code fit into [`RESERVE`]; native code that recurses calls
//! [`Isolate::enter_call`], or [`Isolate::check_stack`] where CPython does not count the call.

use alloc::format;
use molt_abi::context::DEPTH_STEP;

use crate::{Isolate, PyResult, Raised, exc};

/// Depth after a step, half of the most: neither deeper calls nor returns ask again soon.
const GRANTED: i64 = DEPTH_STEP / 2;
/// Bytes that stay free for what was granted: 32 KiB a call.
const RESERVE: usize = 64 << 20;

/// Bookkeeping of the recursion of one isolate.
pub struct Depth {
    /// What `sys.getrecursionlimit` tells.
    pub limit: i64,
    /// Part of the limit that is neither used nor in `Context::depth_left`.
    withheld: i64,
    /// Lowest address that a frame may start at; zero where the bounds of the stack are not known.
    floor: usize,
}

impl Depth {
    /// The limit of a new program; it needs no steps.
    pub const DEFAULT_LIMIT: i64 = 1_000;

    pub const fn new() -> Depth {
        Depth { limit: Depth::DEFAULT_LIMIT, withheld: 0, floor: 0 }
    }
}

/// Address of the caller's frame, near enough.
#[inline(always)]
fn here() -> usize {
    let mark = 0u8;
    (&raw const mark).addr()
}

impl Isolate {
    /// Says that this thread has `size` bytes of stack, counted from about here.
    pub(crate) fn set_stack_size(&mut self, size: usize) {
        self.depth.floor = here().saturating_sub(size) + RESERVE.min(size / 4);
    }

    /// Tells the context of the other kind how low the stack may go.
    pub(crate) fn follow_stack(&mut self) {
        if !self.ctx.across.is_null() {
            // SAFETY: the other context lives as long as the program.
            unsafe { (*self.ctx.across).stack_limit = self.depth.floor };
        }
    }

    /// The lowest address for a frame of the stack at hand, which tells it from others.
    pub(crate) fn stack_floor(&self) -> usize {
        self.depth.floor
    }

    /// Calls under way and the lowest address for a frame, to be set again when this stack goes on.
    pub(crate) fn stack_state(&self) -> (i64, usize) {
        (self.depth_used(), self.depth.floor)
    }

    /// The code goes on at another stack.
    pub(crate) fn set_stack_state(&mut self, used: i64, floor: usize, limit: i64) {
        self.depth.limit = limit;
        let free = limit - used;
        self.ctx.depth_left = free.min(GRANTED);
        self.depth.withheld = free - self.ctx.depth_left;
        self.depth.floor = floor;
        self.follow_stack();
    }

    #[inline]
    fn stack_is_low(&self) -> bool {
        here() < self.depth.floor
    }

    /// Calls that are under way.
    pub(crate) fn depth_used(&self) -> i64 {
        self.depth.limit - self.depth.withheld - self.ctx.depth_left
    }

    pub(crate) fn depth_limit(&self) -> i64 {
        self.depth.limit
    }

    /// Sets the limit; the caller has checked that it is above the present depth.
    pub(crate) fn set_depth_limit(&mut self, limit: i64) {
        let free = limit - self.depth_used();
        self.depth.limit = limit;
        self.ctx.depth_left = free.min(GRANTED);
        self.depth.withheld = free - self.ctx.depth_left;
    }

    /// Evens out `depth_left` for a call that took one and found it outside `0..=depth_most`; RecursionError at the limit
    /// or at the end of the stack, or what a signal asks for.
    pub(crate) fn more_depth(&mut self) -> PyResult<()> {
        if self.ctx.depth_most != DEPTH_STEP {
            self.interrupted()?;
        }
        if self.stack_is_low() || !self.even_out() { Err(self.too_deep("")) } else { Ok(()) }
    }

    /// Whether the limit allows the depth that is reached.
    fn even_out(&mut self) -> bool {
        let free = self.ctx.depth_left + self.depth.withheld;
        if free >= 0 {
            self.ctx.depth_left = free.min(GRANTED);
            self.depth.withheld = free - self.ctx.depth_left;
        }
        free >= 0
    }

    #[cold]
    pub(crate) fn too_deep(&mut self, what: &str) -> Raised {
        self.raise(exc::RECURSION_ERROR, format!("maximum recursion depth exceeded{what}"))
    }

    /// Guards native recursion that CPython does not count either: RecursionError at the end of the stack.
    #[inline]
    pub fn check_stack(&mut self) -> PyResult<()> {
        if self.stack_is_low() { Err(self.too_deep("")) } else { Ok(()) }
    }

    /// Guards native recursion: RecursionError `maximum recursion depth exceeded{what}`.
    pub fn enter_call(&mut self, what: &str) -> PyResult<()> {
        self.ctx.depth_left -= 1;
        let even = self.ctx.depth_left as u64 <= DEPTH_STEP as u64;
        if self.stack_is_low() || !even && !self.even_out() {
            self.ctx.depth_left += 1;
            return Err(self.too_deep(what));
        }
        Ok(())
    }

    pub fn leave_call(&mut self) {
        self.ctx.depth_left += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_high_limit_is_granted_in_steps_and_ends_exactly() {
        let mut rt = Isolate::new(None, &[]);
        let used = rt.depth_used();
        rt.set_depth_limit(used + 3 * DEPTH_STEP + 5);
        let mut calls = 0;
        while rt.enter_call(" here").is_ok() {
            calls += 1;
        }
        assert_eq!(calls, 3 * DEPTH_STEP + 5);
        for _ in 0..calls {
            rt.leave_call();
        }
        let e = rt.take_exception();
        assert_eq!(rt.depth_used(), used);
        assert!(rt.ctx.depth_left > DEPTH_STEP);
        assert!(rt.enter_call("").is_ok());
        assert!(rt.ctx.depth_left <= DEPTH_STEP);
        assert_eq!(rt.depth_used(), used + 1);
        rt.leave_call();
        assert_eq!(rt.str_text(e.word()).ok().as_deref(), Some("maximum recursion depth exceeded here"));
    }

    #[test]
    fn the_end_of_the_stack_is_a_recursion_error() {
        let mut rt = Isolate::new(None, &[]);
        rt.set_depth_limit(1 << 40);
        rt.depth.floor = here() + 4096;
        assert!(rt.enter_call("").is_err());
        rt.depth.floor = 0;
        assert!(rt.check_stack().is_ok());
        drop(rt.take_exception());
    }
}
