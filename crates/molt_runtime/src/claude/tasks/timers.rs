//! When tasks wake of themselves.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use super::{Isolate, MAIN, Raised, TaskId, Tasks, Waiter, Wake, interrupt};

/// Timers that may be out of use before a look is taken at all of them.
const FEW: usize = 64;

/// Timers: time, ticket, task. The tickets of most may be used up.
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(u64, u64, TaskId)>>,
    /// So many may be there before those out of use are removed.
    most: usize,
}

impl Default for Timers {
    fn default() -> Self {
        Timers { heap: BinaryHeap::new(), most: FEW }
    }
}

impl Timers {
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.heap.len()
    }
}

/// The time on the clock that only runs forward, in nanoseconds.
fn now() -> u64 {
    crate::host::clock(libc::CLOCK_MONOTONIC)
}

/// The time so many seconds from now. A negative time has passed already; conversion stops at the largest number.
pub(super) fn after(seconds: f64) -> u64 {
    now().saturating_add((seconds * 1e9) as u64).min(i64::MAX as u64)
}

impl Tasks {
    pub(super) fn add_timer(&mut self, when: u64, task: TaskId, ticket: u64) {
        if self.timers.heap.len() >= self.timers.most {
            let all = &self.all;
            self.timers.heap.retain(|t| all[t.0.2 as usize].ticket == t.0.1);
            self.timers.most = (2 * self.timers.heap.len()).max(FEW);
        }
        self.timers.heap.push(Reverse((when, ticket, task)));
    }

    /// The time of the first timer that is in use.
    fn first_timer(&mut self) -> Option<u64> {
        while let Some(&Reverse((when, ticket, task))) = self.timers.heap.peek() {
            if self.is_waiting(Waiter { task, ticket, index: 0 }) {
                return Some(when);
            }
            self.timers.heap.pop();
        }
        None
    }

    /// Wakes the tasks whose time has come.
    fn wake_due(&mut self, now: u64) {
        while self.first_timer().is_some_and(|when| when <= now) {
            if let Some(Reverse((_, _, task))) = self.timers.heap.pop() {
                self.rouse(task, Wake::Timeout);
            }
        }
    }
}

/// Wakes the tasks whose time has come. Where no other is ready, waits for the first such time, unless the program has
/// ended and will not wait that long.
pub(super) fn look(rt: &mut Isolate) {
    loop {
        let now = now();
        let tasks = &mut rt.claude.tasks;
        tasks.wake_due(now);
        if tasks.grace.is_some_and(|end| end < now) {
            tasks.grace = None;
            tasks.rouse(MAIN, Wake::Timeout);
        }
        if !tasks.ready.is_empty() {
            return;
        }
        let Some(first) = tasks.first_timer() else { return };
        if tasks.grace.is_some_and(|end| end < first) {
            return;
        }
        if pause(first).is_err()
            && let Err(Raised) = rt.poll()
        {
            let e = rt.take_exception();
            interrupt(rt, MAIN, e);
        }
    }
}

/// Waits for a time; the error says that a signal came before.
fn pause(until: u64) -> Result<(), ()> {
    let until = libc::timespec {
        tv_sec: (until / 1_000_000_000) as libc::time_t,
        tv_nsec: (until % 1_000_000_000) as libc::c_long,
    };
    // SAFETY: a complete time; the rest is not asked for.
    let r = unsafe { libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, core::ptr::null_mut()) };
    if r == 0 { Ok(()) } else { Err(()) }
}
