//! `select`: the first of several waits that ends.

use alloc::vec::Vec;
use core::ptr::{drop_in_place, null};
use core::sync::atomic::{AtomicU32, Ordering};

use super::channel::{Channel, Now, Waiter};
use super::deadlock::WaitKind;
use super::sched::{Outcome, now, wake};
use super::{State, give, grab, reply, task};

/// What a `select` expression waits for.
struct Select {
    claim: AtomicU32,
    arms: Vec<Arm>,
    deadline: u64,
}

#[derive(Clone, Copy)]
struct Arm {
    number: u32,
    what: What,
    /// The channel has no other end, the question no answer.
    closed: bool,
    disabled: bool,
}

#[derive(Clone, Copy)]
enum What {
    Channel {
        channel: *const Channel,
        sends: bool,
        slot: *mut u8,
    },
    /// The end of a task, by its room.
    Task(u64),
    /// An answer, by its room.
    Answer(u64),
}

impl What {
    /// Whether a wait without a place in a list has ended.
    unsafe fn has_come(self) -> bool {
        // SAFETY: the expression's values keep what it waits for.
        unsafe {
            match self {
                What::Channel { .. } => false,
                What::Task(room) => task::is_done(room),
                What::Answer(room) => reply::is_settled(room),
            }
        }
    }
}

/// Answers of a wait that are no arm.
const TIME_IS_UP: i64 = -1;
const NONE_LEFT: i64 = -2;
const NONE_READY: i64 = -3;
const DEADLOCK: i64 = -4;
const CANCELLED: i64 = -5;

impl Select {
    /// Does the first arm that needs no wait, beginning anywhere.
    unsafe fn poll(&mut self, me: *mut State) -> Option<i64> {
        let count = self.arms.len();
        // SAFETY: the expression's values keep what the arms wait for.
        unsafe {
            let start = if count == 0 { 0 } else { (*me).random() as usize % count };
            for n in 0..count {
                let arm = &mut self.arms[(start + n) % count];
                if arm.disabled {
                    continue;
                }
                match arm.what {
                    What::Channel { channel, sends, slot } => {
                        let mut inner = (*channel).inner.lock();
                        let (found, wakes) = (*channel).attempt(me, &mut inner, slot, sends);
                        drop(inner);
                        if !wakes.is_null() {
                            wake(me, wakes);
                        }
                        if found != Now::NotYet {
                            arm.closed = found == Now::Closed;
                            return Some(i64::from(arm.number));
                        }
                    }
                    other if other.has_come() => return Some(i64::from(arm.number)),
                    _ => {}
                }
            }
        }
        None
    }

    /// Puts the arms that wait into the lists of what they wait for. `false` if everything is to begin anew.
    unsafe fn enlist(&mut self, me: *mut State, waiters: *mut Waiter) -> bool {
        let claim = &raw const self.claim;
        // SAFETY: as in `poll`; the waiters stay until they are out of the lists.
        unsafe {
            for (n, arm) in self.arms.iter().enumerate().filter(|(_, a)| !a.disabled) {
                match arm.what {
                    What::Task(room) => task::add_joiner(room, me),
                    What::Answer(room) => reply::set_asker(room, me),
                    What::Channel { channel, sends, slot } => {
                        let channel = &*channel;
                        let mut inner = channel.inner.lock();
                        // What came in the meantime counts, unless another arm was served.
                        let one_end = if sends { inner.receiver_count == 0 } else { inner.sender_count == 0 };
                        let at_hand = match sends {
                            true => inner.len < channel.capacity || !inner.receivers.is_empty(),
                            false => inner.len > 0 || !inner.senders.is_empty(),
                        };
                        let taken = n as u32 + 1;
                        if (at_hand || one_end)
                            && (*claim).compare_exchange(0, taken, Ordering::SeqCst, Ordering::SeqCst).is_ok()
                        {
                            let (found, wakes) = channel.attempt(me, &mut inner, slot, sends);
                            drop(inner);
                            if !wakes.is_null() {
                                wake(me, wakes);
                            }
                            let status = match found {
                                Now::Done => 1,
                                Now::Closed => 2,
                                // Only arms of other `select`s were there, and they were served. Who came across the claim in
                                // the meantime has dropped the waiter.
                                Now::NotYet => {
                                    (*claim).store(0, Ordering::SeqCst);
                                    return false;
                                }
                            };
                            (*waiters.add(n)).status.store(status, Ordering::SeqCst);
                            return true;
                        }
                        Channel::list(&mut inner, sends).push_back(waiters.add(n));
                    }
                }
            }
        }
        true
    }

    unsafe fn leave_lists(&mut self, me: *mut State, waiters: *mut Waiter) {
        // SAFETY: as in `enlist`.
        unsafe {
            for (n, arm) in self.arms.iter().enumerate().filter(|(_, a)| !a.disabled) {
                match arm.what {
                    What::Channel { channel, sends, .. } => {
                        let mut inner = (*channel).inner.lock();
                        Channel::list(&mut inner, sends).retain(|&x| x != waiters.add(n));
                    }
                    What::Task(room) => task::remove_joiner(room, me),
                    What::Answer(room) => reply::set_asker(room, core::ptr::null_mut()),
                }
            }
        }
    }

    unsafe fn wait(&mut self, me: *mut State, poll: bool, place: u64) -> i64 {
        loop {
            if self.arms.iter().all(|a| a.disabled) && self.deadline == u64::MAX {
                return NONE_LEFT;
            }
            // SAFETY: as in `poll`.
            unsafe {
                if let Some(n) = self.poll(me) {
                    return n;
                }
                if poll {
                    return NONE_READY;
                }
                self.claim.store(0, Ordering::SeqCst);
                let claim = &raw const self.claim;
                let mut waiters: Vec<Waiter> = Vec::with_capacity(self.arms.len());
                for (n, arm) in self.arms.iter().enumerate() {
                    let slot = if let What::Channel { slot, .. } = arm.what { slot } else { core::ptr::null_mut() };
                    let mut w = Waiter::new(me, slot);
                    w.claim = claim;
                    w.arm = n as u32;
                    waiters.push(w);
                }
                let base = waiters.as_mut_ptr();
                let mut outcome = None;
                if self.enlist(me, base) {
                    let arms = &self.arms;
                    let ready = || {
                        let taken = (*claim).load(Ordering::SeqCst);
                        taken != 0 && (*base.add(taken as usize - 1)).status.load(Ordering::SeqCst) != 0
                            || arms.iter().any(|a| !a.disabled && a.what.has_come())
                    };
                    outcome = Some(State::wait_for(me, WaitKind::Select, null(), place, self.deadline, ready));
                }
                // Nobody is to take an arm any more.
                let last = (*claim).compare_exchange(0, u32::MAX, Ordering::SeqCst, Ordering::SeqCst);
                self.leave_lists(me, base);
                if let Err(taken) = last {
                    let n = taken as usize - 1;
                    // Who took the arm is about to say how it went.
                    while (*base.add(n)).status.load(Ordering::SeqCst) == 0 {
                        core::hint::spin_loop();
                    }
                    self.arms[n].closed = (*base.add(n)).status.load(Ordering::SeqCst) == 2;
                    return i64::from(self.arms[n].number);
                }
                match outcome {
                    // Another arm may have been ready as well; or everything begins anew.
                    Some(Outcome::Ready) | None => {}
                    Some(Outcome::Deadlock) => return DEADLOCK,
                    Some(Outcome::Cancelled) => return CANCELLED,
                    Some(Outcome::TimeUp) => return TIME_IS_UP,
                }
            }
        }
    }
}

unsafe fn select<'a>(p: u64) -> &'a mut Select {
    // SAFETY: the library passes the `select` that it began.
    unsafe { &mut *(p as *mut Select) }
}

entries! {
    grok_select_new(me) -> u64 {
        // SAFETY: the block is large enough.
        unsafe {
            let s = grab(me, size_of::<Select>(), 16).cast::<Select>();
            s.write(Select { claim: AtomicU32::new(0), arms: Vec::new(), deadline: u64::MAX });
            s as u64
        }
    }
    grok_select_add(_me, s, number, kind, object, slot) {
        // SAFETY: see `select`.
        let s = unsafe { select(s) };
        let what = match kind {
            0 | 1 => What::Channel { channel: object as *const Channel, sends: kind == 1, slot: slot as *mut u8 },
            2 => What::Task(object),
            _ => What::Answer(object),
        };
        s.arms.push(Arm { number: number as u32, what, closed: false, disabled: false });
    }
    grok_select_after(_me, s, limit) {
        // SAFETY: see `select`.
        unsafe { select(s).deadline = now().saturating_add(limit).min(u64::MAX - 1) }
    }
    grok_select_wait(me, s, poll, place) -> i64 {
        // SAFETY: see `select`.
        unsafe { select(s).wait(me, poll != 0, place) }
    }
    grok_select_closed(_me, s, number) -> u64 {
        // SAFETY: see `select`.
        let s = unsafe { select(s) };
        u64::from(s.arms.iter().any(|a| u64::from(a.number) == number && a.closed))
    }
    grok_select_disable(_me, s, number) {
        // SAFETY: see `select`.
        let s = unsafe { select(s) };
        for a in s.arms.iter_mut().filter(|a| u64::from(a.number) == number) {
            a.disabled = true;
        }
    }
    grok_select_end(me, s) {
        // SAFETY: see `select`; it ends here.
        unsafe {
            drop_in_place(s as *mut Select);
            give(me, s as *mut u8, size_of::<Select>(), 16);
        }
    }
}
