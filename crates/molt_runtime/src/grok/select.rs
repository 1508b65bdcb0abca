//! `select`: the first of several waits that ends.

use alloc::vec::Vec;
use core::ptr::{drop_in_place, null};
use core::sync::atomic::{AtomicU32, Ordering};

use super::actor::Actor;
use super::channel::{Channel, Now};
use super::deadlock::WaitKind;
use super::future::{Node, clear_timer, set_timer};
use super::mailbox::{self, Listener};
use super::sched::{Outcome, now, wake};
use super::sync::{Mutex, Semaphore};
use super::waiter::Waiter;
use super::{State, actor, give, grab, receive, reply, task};

/// What a `select` expression waits for.
struct Select {
    claim: AtomicU32,
    arms: Vec<Arm>,
    deadline: u64,
    /// One for each arm, in the lists while a wait goes on.
    waiters: Vec<Waiter>,
    /// A future waits, and is in the lists.
    listed: bool,
    /// What it set as a timer.
    timer: u64,
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
    Lock(*const Mutex),
    Permit(*const Semaphore),
    /// To be told by a condition, whose permits never stay.
    Signal(*const Semaphore),
    /// A place in a mailbox, for the message that is sent next.
    Room(*mut Actor),
    /// A message of the actor that this runs in.
    Message(*mut Actor),
}

impl What {
    /// Whether a wait without a place in a list has ended.
    unsafe fn has_come(self) -> bool {
        // SAFETY: the expression's values keep what it waits for.
        unsafe {
            match self {
                What::Channel { .. } | What::Lock(_) | What::Permit(_) | What::Signal(_) => false,
                What::Room(a) => mailbox::has_room(a),
                What::Message(a) => receive::has_come(a),
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
/// The future is polled again when something has come.
const PENDING: i64 = -6;

impl Select {
    /// Does the first arm that needs no wait, beginning anywhere.
    unsafe fn poll(&mut self, me: *mut State) -> Option<i64> {
        let count = self.arms.len();
        // SAFETY: the expression's values keep what the arms wait for.
        unsafe {
            let start = if count < 2 { 0 } else { (*me).random() as usize % count };
            for n in 0..count {
                let arm = &mut self.arms[(start + n) % count];
                if arm.disabled {
                    continue;
                }
                let done = match arm.what {
                    What::Channel { channel, sends, slot } => {
                        let mut inner = (*channel).inner.lock();
                        let (found, wakes) = (*channel).attempt(me, &mut inner, slot, sends);
                        drop(inner);
                        if !wakes.is_null() {
                            wake(me, wakes);
                        }
                        arm.closed = found == Now::Closed;
                        found != Now::NotYet
                    }
                    What::Lock(mutex) => (*mutex).try_lock(me),
                    What::Permit(semaphore) => (*semaphore).try_acquire(),
                    What::Room(a) => mailbox::reserve(a),
                    other => other.has_come(),
                };
                if done {
                    return Some(i64::from(arm.number));
                }
            }
        }
        None
    }

    /// Puts the arms that wait into the lists of what they wait for. `false` if everything is to begin anew.
    unsafe fn enlist(&mut self, me: *mut State, node: Option<*mut Node>) -> bool {
        self.claim.store(0, Ordering::SeqCst);
        let claim = &raw const self.claim;
        self.waiters.clear();
        for (n, arm) in self.arms.iter().enumerate() {
            let slot = if let What::Channel { slot, .. } = arm.what { slot } else { core::ptr::null_mut() };
            let mut w = Waiter::new(me, slot);
            w.claim = claim;
            w.arm = n as u32;
            w.node = node;
            self.waiters.push(w);
        }
        let who = core::ptr::from_ref(self).cast();
        let waiters = self.waiters.as_mut_ptr();
        // SAFETY: as in `poll`; the waiters stay until they are out of the lists.
        unsafe {
            for (n, arm) in self.arms.iter().enumerate().filter(|(_, a)| !a.disabled) {
                let w = waiters.add(n);
                let at_once = match arm.what {
                    What::Task(room) => {
                        task::add_joiner(room, me, node, who);
                        continue;
                    }
                    What::Answer(room) => {
                        reply::set_asker(room, me, node);
                        continue;
                    }
                    What::Room(a) => {
                        (*a).more().await_room(Listener { state: me, node, who });
                        continue;
                    }
                    What::Message(a) => {
                        (*a).more().await_message(Listener { state: me, node, who });
                        continue;
                    }
                    What::Lock(mutex) => (*mutex).lock_or_enlist(me, w).then(|| unlock(me, mutex)),
                    What::Permit(semaphore) | What::Signal(semaphore) => {
                        (*semaphore).acquire_or_enlist(w).then(|| (*semaphore).release(me, 1, false))
                    }
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
                            (*w).status.store(status, Ordering::SeqCst);
                            return true;
                        }
                        Channel::list(&mut inner, sends).push_back(w);
                        None
                    }
                };
                // A lock that became free just now is given away again, and had by the next attempt.
                if at_once.is_some() {
                    return false;
                }
            }
        }
        true
    }

    /// Leaves all lists. The arm that was served before that, if one was; others are not served any more.
    unsafe fn withdraw(&mut self, me: *mut State) -> Option<usize> {
        let last = self.claim.compare_exchange(0, u32::MAX, Ordering::SeqCst, Ordering::SeqCst);
        let who = core::ptr::from_ref(self).cast();
        let waiters = self.waiters.as_mut_ptr();
        // SAFETY: as in `enlist`.
        unsafe {
            for (n, arm) in self.arms.iter().enumerate().filter(|(_, a)| !a.disabled) {
                let w = waiters.add(n);
                match arm.what {
                    What::Channel { channel, sends, .. } => {
                        let mut inner = (*channel).inner.lock();
                        Channel::list(&mut inner, sends).retain(|&x| x != w);
                    }
                    What::Lock(mutex) => (*mutex).forget(w),
                    What::Permit(semaphore) | What::Signal(semaphore) => (*semaphore).forget(w),
                    What::Task(room) => task::remove_joiner(room, who),
                    What::Room(a) => (*a).more().forget_room(who),
                    What::Message(a) => (*a).more().forget_message(who),
                    What::Answer(room) => reply::set_asker(room, core::ptr::null_mut(), None),
                }
            }
            if self.timer != 0 {
                clear_timer(me, core::mem::take(&mut self.timer), who as u64);
            }
            self.listed = false;
            let taken = match last {
                Err(u32::MAX) | Ok(_) => return None,
                Err(taken) => taken as usize - 1,
            };
            // Who took the arm is about to say how it went.
            while !(*waiters.add(taken)).is_served() {
                core::hint::spin_loop();
            }
            self.arms[taken].closed = (*waiters.add(taken)).status.load(Ordering::SeqCst) == 2;
            Some(taken)
        }
    }

    /// What can be said without a wait.
    unsafe fn at_once(&mut self, me: *mut State, poll: bool) -> Option<i64> {
        if self.arms.iter().all(|a| a.disabled) && self.deadline == u64::MAX {
            return Some(NONE_LEFT);
        }
        // SAFETY: as in `poll`.
        if let Some(n) = unsafe { self.poll(me) } {
            return Some(n);
        }
        if poll {
            return Some(NONE_READY);
        }
        (self.deadline != u64::MAX && self.deadline <= now()).then_some(TIME_IS_UP)
    }

    unsafe fn wait(&mut self, me: *mut State, poll: bool, place: u64) -> i64 {
        loop {
            // SAFETY: as in `poll`.
            unsafe {
                if let Some(n) = self.at_once(me, poll) {
                    return n;
                }
                let mut outcome = Outcome::Ready;
                if self.enlist(me, None) {
                    let ready = || self.may_be_ready();
                    outcome = State::wait_for(me, WaitKind::Select, null(), place, self.deadline, ready);
                }
                if let Some(n) = self.withdraw(me) {
                    return i64::from(self.arms[n].number);
                }
                match outcome {
                    // Another arm may have been ready as well; or everything begins anew.
                    Outcome::Ready => {}
                    Outcome::Deadlock => return DEADLOCK,
                    Outcome::Cancelled => return CANCELLED,
                    Outcome::TimeUp => return TIME_IS_UP,
                }
            }
        }
    }

    /// Whether an arm was served, or needs no service.
    unsafe fn may_be_ready(&self) -> bool {
        let taken = self.claim.load(Ordering::SeqCst);
        // SAFETY: as in `poll`.
        unsafe {
            taken != 0 && self.waiters[taken as usize - 1].is_served()
                || self.arms.iter().any(|a| !a.disabled && a.what.has_come())
        }
    }

    /// As [`wait`](Select::wait) for a future, which stays in the lists between polls.
    unsafe fn poll_future(&mut self, me: *mut State, poll: bool) -> i64 {
        // SAFETY: as in `poll`; `rt_select_end` withdraws a future that ends.
        unsafe {
            loop {
                if self.listed {
                    let late = self.deadline != u64::MAX && self.deadline <= now();
                    if self.claim.load(Ordering::SeqCst) == 0 && !late && !self.may_be_ready() {
                        return PENDING;
                    }
                    if let Some(n) = self.withdraw(me) {
                        return i64::from(self.arms[n].number);
                    }
                }
                if let Some(n) = self.at_once(me, poll) {
                    return n;
                }
                let node = (*me).futures.current;
                self.listed = self.enlist(me, Some(node));
                if !self.listed {
                    if let Some(n) = self.withdraw(me) {
                        return i64::from(self.arms[n].number);
                    }
                } else if self.deadline != u64::MAX {
                    self.timer = self.deadline;
                    set_timer(me, self.timer, core::ptr::from_ref(self) as u64);
                }
            }
        }
    }

    /// The future ends while it waits. What an arm was given in the meantime goes to others; of a value that was sent it is
    /// the number of the arm that remains.
    unsafe fn abandon(&mut self, me: *mut State) -> i64 {
        // SAFETY: as in `poll`.
        unsafe {
            let Some(n) = self.withdraw(me) else { return -1 };
            let arm = self.arms[n];
            match arm.what {
                _ if arm.closed => -1,
                What::Channel { sends: true, .. } => i64::from(arm.number),
                What::Channel { channel, slot, .. } => {
                    let mut inner = (*channel).inner.lock();
                    let wakes = (*channel).put_back(me, &mut inner, slot);
                    drop(inner);
                    if !wakes.is_null() {
                        wake(me, wakes);
                    }
                    -1
                }
                What::Lock(mutex) => {
                    (*mutex).unlock(me);
                    -1
                }
                What::Permit(semaphore) => {
                    (*semaphore).release(me, 1, false);
                    -1
                }
                // Others who wait to be told are, but not who comes later.
                What::Signal(semaphore) => {
                    (*semaphore).release(me, 1, true);
                    -1
                }
                What::Task(_) | What::Answer(_) | What::Room(_) | What::Message(_) => -1,
            }
        }
    }
}

unsafe fn unlock(me: *mut State, mutex: *const Mutex) {
    // SAFETY: the caller has just got the lock.
    unsafe { (*mutex).unlock(me) }
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
            s.write(Select {
                claim: AtomicU32::new(0),
                arms: Vec::new(),
                deadline: u64::MAX,
                waiters: Vec::new(),
                listed: false,
                timer: 0,
            });
            s as u64
        }
    }
    grok_select_add(me, s, number, kind, object, slot) {
        // SAFETY: see `select`.
        let s = unsafe { select(s) };
        let what = match kind {
            0 | 1 => What::Channel { channel: object as *const Channel, sends: kind == 1, slot: slot as *mut u8 },
            2 => What::Task(object),
            3 => What::Answer(object),
            4 => What::Lock(object as *const Mutex),
            5 => What::Permit(object as *const Semaphore),
            // SAFETY: the library keeps a reference to the actor.
            6 => What::Room(unsafe { actor::actor(object) }),
            // SAFETY: a `receive` has found that the code runs in an actor.
            7 => What::Message(unsafe { (*me).fiber.actor() }),
            _ => What::Signal(object as *const Semaphore),
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
    grok_select_poll(me, s, poll) -> i64 {
        // SAFETY: see `select`.
        unsafe { select(s).poll_future(me, poll != 0) }
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
    grok_select_end(me, s) -> i64 {
        // SAFETY: see `select`; it ends here.
        unsafe {
            let sent = if select(s).listed { select(s).abandon(me) } else { -1 };
            drop_in_place(s as *mut Select);
            give(me, s as *mut u8, size_of::<Select>(), 16);
            sent
        }
    }
}
