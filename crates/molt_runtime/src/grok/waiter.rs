//! Who waits in the list of a channel, a lock or a semaphore.

use alloc::collections::VecDeque;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicU32, Ordering};

use super::State;
use super::future::{Node, notify};

/// A stack that waits, or a future of the task whose stack it is. Lists belong to a lock; a waiter leaves its list under that
/// lock before it ends, unless it was served.
pub struct Waiter {
    state: *mut State,
    /// Where a channel's value goes to or comes from.
    pub slot: *mut u8,
    /// 0: waits; 1: has what it waited for; 2: there is no other end any more.
    pub status: AtomicU32,
    /// For `select`: the number of the arm that is taken, plus 1.
    pub claim: *const AtomicU32,
    pub arm: u32,
    /// A future waits: what it is below.
    pub node: Option<*mut Node>,
}

impl Waiter {
    pub fn new(state: *mut State, slot: *mut u8) -> Waiter {
        Waiter { state, slot, status: AtomicU32::new(0), claim: null(), arm: 0, node: None }
    }

    /// A waiter that has no value to move.
    pub fn plain(state: *mut State) -> Waiter {
        Waiter::new(state, null_mut())
    }

    /// Whether the waiter is to be served: an arm of a `select` only if no other was.
    fn claim(&self) -> bool {
        // SAFETY: the claim lives as long as the waiter.
        match unsafe { self.claim.as_ref() } {
            Some(c) => c.compare_exchange(0, self.arm + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok(),
            None => true,
        }
    }

    /// Takes the first waiter that still waits.
    ///
    /// # Safety
    /// The lock of the list is held.
    pub unsafe fn next(list: &mut VecDeque<*mut Waiter>) -> Option<*mut Waiter> {
        while let Some(w) = list.pop_front() {
            // SAFETY: waiters in a list are alive.
            if unsafe { (*w).claim() } {
                return Some(w);
            }
        }
        None
    }

    /// Tells a waiter; gives the stack to wake when the lock is free.
    ///
    /// # Safety
    /// As for [`next`](Waiter::next), which gave the waiter.
    pub unsafe fn served(w: *mut Waiter, status: u32) -> *mut State {
        // SAFETY: a stack that waits may be gone after the status is set, a future not before the lock is free.
        unsafe {
            let (state, node) = ((*w).state, (*w).node);
            (*w).status.store(status, Ordering::SeqCst);
            if let Some(node) = node {
                notify(state, node);
            }
            state
        }
    }

    /// The stack that waits, or whose future does.
    pub fn state(&self) -> *mut State {
        self.state
    }

    pub fn is_served(&self) -> bool {
        self.status.load(Ordering::SeqCst) != 0
    }
}
