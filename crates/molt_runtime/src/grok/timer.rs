//! Deadlines of waits, and messages that are sent later.
//!
//! A stack has at most one timer that matters. A wait that ends early leaves it set: when it fires, it is set anew for the
//! deadline of that time, if there is one. So a wait with a limit costs nothing as long as it ends in time.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering as Order, Reverse};
use core::sync::atomic::{AtomicU64, Ordering};

use super::lock::Lock;
use super::sched::{self, Outcome};
use super::{Shared, State, actor};

/// What happens at a deadline.
#[derive(Clone, Copy)]
pub enum Event {
    Wait(*mut State),
    Later(*mut actor::Later),
}

struct Entry {
    at: u64,
    number: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Order> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Order {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

struct Heap {
    entries: BinaryHeap<Reverse<Entry>>,
    count: u64,
}

/// All timers of the program.
pub struct Timers {
    /// The earliest, or `u64::MAX`.
    next: AtomicU64,
    heap: Lock<Heap>,
}

impl Timers {
    pub fn new() -> Timers {
        Timers { next: AtomicU64::new(u64::MAX), heap: Lock::new(Heap { entries: BinaryHeap::new(), count: 0 }) }
    }

    /// When the next timer is due; `u64::MAX` if none is set.
    pub fn next(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    /// Ends the wait of a stack at a deadline, unless it has a timer that comes no later.
    ///
    /// # Safety
    /// `state` is a state of this program.
    pub unsafe fn set(&self, state: *mut State, at: u64) {
        let mut heap = self.heap.lock();
        // SAFETY: the timers' lock is held.
        unsafe {
            let timer_at = (*state).fiber.timer_at.get();
            if *timer_at <= at {
                return;
            }
            *timer_at = at;
        }
        let sooner = self.insert(&mut heap, at, Event::Wait(state));
        drop(heap);
        if sooner {
            // SAFETY: by the caller's promise.
            unsafe { (*(*state).shared).sched.deadline_moved() };
        }
    }

    /// Has an event happen at a deadline.
    pub fn add(&self, shared: &Shared, at: u64, event: Event) {
        let mut heap = self.heap.lock();
        let sooner = self.insert(&mut heap, at, event);
        drop(heap);
        if sooner {
            shared.sched.deadline_moved();
        }
    }

    fn insert(&self, heap: &mut Heap, at: u64, event: Event) -> bool {
        heap.count += 1;
        let number = heap.count;
        heap.entries.push(Reverse(Entry { at, number, event }));
        let sooner = at < self.next.load(Ordering::SeqCst);
        if sooner {
            self.next.store(at, Ordering::SeqCst);
        }
        sooner
    }

    /// Forgets timers of waits that have ended from the earliest on, so that the program is seen to stand still; the
    /// first deadline that is still waited for.
    pub fn prune(&self) -> u64 {
        let mut heap = self.heap.lock();
        while let Some(Reverse(entry)) = heap.entries.peek() {
            let Event::Wait(state) = entry.event else { break };
            // SAFETY: states live until the process ends; the timers' lock is held.
            unsafe {
                let fiber = &(*state).fiber;
                let timer_at = fiber.timer_at.get();
                if *timer_at == entry.at {
                    if fiber.deadline.load(Ordering::SeqCst) != u64::MAX {
                        break;
                    }
                    *timer_at = u64::MAX;
                }
            }
            heap.entries.pop();
        }
        let next = heap.entries.peek().map_or(u64::MAX, |e| e.0.at);
        self.next.store(next, Ordering::SeqCst);
        next
    }

    /// Lets everything happen whose time has come.
    pub fn fire(&self, shared: *const Shared) {
        let next = self.next.load(Ordering::Relaxed);
        if next == u64::MAX || sched::now() < next {
            return;
        }
        let mut due = Vec::new();
        let mut heap = self.heap.lock();
        let now = sched::now();
        while let Some(Reverse(entry)) = heap.entries.peek() {
            if entry.at > now {
                break;
            }
            let Some(Reverse(entry)) = heap.entries.pop() else { break };
            match entry.event {
                // SAFETY: states live until the process ends; the timers' lock is held.
                Event::Wait(state) => unsafe {
                    let fiber = &(*state).fiber;
                    let timer_at = fiber.timer_at.get();
                    if *timer_at != entry.at {
                        continue;
                    }
                    *timer_at = u64::MAX;
                    let seq = fiber.wait.seq();
                    let deadline = fiber.deadline.load(Ordering::SeqCst);
                    if deadline <= now {
                        due.push((entry.event, seq));
                    } else if deadline != u64::MAX {
                        *timer_at = deadline;
                        self.insert(&mut heap, deadline, entry.event);
                    }
                },
                Event::Later(_) => due.push((entry.event, 0)),
            }
        }
        let next = heap.entries.peek().map_or(u64::MAX, |e| e.0.at);
        // While there is something due, the program does not stand still.
        // SAFETY: the shared part lives until the process ends.
        let sched = unsafe { &(*shared).sched };
        if !due.is_empty() {
            sched.external.fetch_add(1, Ordering::SeqCst);
            sched.note_move();
        }
        self.next.store(next, Ordering::SeqCst);
        drop(heap);
        for &(event, seq) in &due {
            // SAFETY: states live until the process ends; later messages until they were sent.
            unsafe {
                match event {
                    Event::Wait(state) => sched::end_wait(core::ptr::null_mut(), state, seq, Outcome::TimeUp),
                    Event::Later(later) => actor::send_later(shared, later),
                }
            }
        }
        if !due.is_empty() {
            sched.external.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
