//! Mailboxes that are full or empty: who waits for room, and who for a message.

use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use super::State;
use super::actor::{Actor, DEAD, More};
use super::deadlock::WaitKind;
use super::future::{self, Node};
use super::lock::Held;
use super::sched::{Outcome, wake};

/// A stack that waits for something of an actor's mailbox, or whose future does.
pub struct Listener {
    pub state: *mut State,
    /// What the future is below.
    pub node: Option<*mut Node>,
    /// Tells it from others of the stack.
    pub who: *const (),
}

/// Wakes all who stand in a list, which they leave by themselves.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
pub unsafe fn tell(me: *mut State, list: Held<'_, Vec<Listener>>) {
    // SAFETY: who is in the list is alive as long as its lock is held, and stacks are until the process ends.
    unsafe {
        let mut states = Vec::with_capacity(list.len());
        for l in list.iter() {
            if let Some(node) = l.node {
                future::notify(l.state, node);
            }
            states.push(l.state);
        }
        drop(list);
        states.dedup();
        for s in states {
            wake(me, s);
        }
    }
}

impl More {
    /// Has somebody woken when the mailbox may have room.
    pub fn await_room(&self, listener: Listener) {
        let mut senders = self.senders.lock();
        senders.push(listener);
        self.waiting.fetch_add(1, Ordering::SeqCst);
    }

    /// It waits no more.
    pub fn forget_room(&self, who: *const ()) {
        let mut senders = self.senders.lock();
        senders.retain(|l| l.who != who);
        self.waiting.store(senders.len() as u64, Ordering::SeqCst);
    }

    /// Has somebody woken when a message comes.
    pub fn await_message(&self, listener: Listener) {
        self.receivers.lock().push(listener);
        self.receiving.fetch_add(1, Ordering::SeqCst);
    }

    /// It waits no more.
    pub fn forget_message(&self, who: *const ()) {
        let mut receivers = self.receivers.lock();
        receivers.retain(|l| l.who != who);
        self.receiving.store(receivers.len() as u64, Ordering::SeqCst);
    }
}

/// Whether a message may be sent without a wait: its place in the mailbox is taken if senders have to wait for one.
///
/// # Safety
/// The caller keeps the actor.
pub unsafe fn reserve(a: *mut Actor) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        if has_room(a) {
            let Some(more) = (*a).extra().filter(|m| m.makes_wait()) else { return true };
            let capacity = more.capacity.load(Ordering::Relaxed);
            if more.queued.fetch_add(1, Ordering::SeqCst) < capacity || (*a).phase.load(Ordering::SeqCst) == DEAD {
                return true;
            }
            more.queued.fetch_sub(1, Ordering::SeqCst);
        }
        false
    }
}

/// Whether [`reserve`] may succeed.
///
/// # Safety
/// The caller keeps the actor.
pub unsafe fn has_room(a: *mut Actor) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        let Some(more) = (*a).extra().filter(|m| m.makes_wait()) else { return true };
        more.queued.load(Ordering::SeqCst) < more.capacity.load(Ordering::Relaxed)
            || (*a).phase.load(Ordering::SeqCst) == DEAD
    }
}

impl More {
    /// Whether senders wait when the mailbox is full.
    pub fn makes_wait(&self) -> bool {
        self.capacity.load(Ordering::Relaxed) != 0 && self.overflow.load(Ordering::Relaxed) == 0
    }
}

/// Makes room in a mailbox that is full, as the actor was told to: 0 if a message may be sent, else the outcome.
///
/// # Safety
/// The library has a reference to the actor; `me` is the state of the stack that this runs on.
pub unsafe fn bounded(me: *mut State, a: *mut Actor, more: &More, place: u64) -> u64 {
    // SAFETY: the library has a reference to the actor.
    unsafe {
        let capacity = more.capacity.load(Ordering::Relaxed);
        loop {
            if more.queued.fetch_add(1, Ordering::SeqCst) < capacity {
                return 0;
            }
            match more.overflow.load(Ordering::Relaxed) {
                // The run drops the oldest message when it comes across the mark.
                2 => {
                    more.drop_oldest.fetch_add(1, Ordering::SeqCst);
                    return 0;
                }
                refuses @ (1 | 3) => {
                    more.queued.fetch_sub(1, Ordering::SeqCst);
                    return if refuses == 1 { DROPPED } else { FULL };
                }
                _ => more.queued.fetch_sub(1, Ordering::SeqCst),
            };
            let ready = || more.queued.load(Ordering::SeqCst) < capacity || (*a).phase.load(Ordering::SeqCst) == DEAD;
            more.await_room(Listener { state: me, node: None, who: me.cast() });
            let outcome = State::wait_for(me, WaitKind::Mailbox, a.cast(), place, u64::MAX, ready);
            more.forget_room(me.cast());
            if outcome != Outcome::Ready {
                return outcome as u64;
            }
            if (*a).phase.load(Ordering::SeqCst) == DEAD {
                return 0;
            }
        }
    }
}

/// Outcomes of a message that a full mailbox does not take.
const DROPPED: u64 = 5;
const FULL: u64 = 6;
