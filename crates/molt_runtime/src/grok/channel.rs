//! Channels.
//!
//! A channel is a ring of values of one size, with those who wait for a value or for room. Who waits lies with its value's
//! place on its own stack: a value goes straight from sender to receiver when one waits.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ptr::{copy_nonoverlapping, drop_in_place};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::deadlock::WaitKind;
use super::lock::Lock;
use super::sched::{Outcome, now, wake};
use super::waiter::Waiter;
use super::{State, give, grab};

/// Answer of an operation on a channel without another end.
const CLOSED: u64 = 4;

pub struct Inner {
    ring: *mut u8,
    room: usize,
    first: usize,
    pub len: usize,
    pub receivers: VecDeque<*mut Waiter>,
    pub senders: VecDeque<*mut Waiter>,
    pub sender_count: usize,
    pub receiver_count: usize,
}

pub struct Channel {
    size: usize,
    pub capacity: usize,
    refs: AtomicUsize,
    pub inner: Lock<Inner>,
}

/// What an operation that does not wait found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Now {
    Done,
    Closed,
    NotYet,
}

impl Channel {
    /// Room for one more value in the ring.
    unsafe fn reserve(&self, me: *mut State, inner: &mut Inner) {
        if inner.len < inner.room || self.size == 0 {
            return;
        }
        let room = (inner.room * 2).max(8);
        // SAFETY: the new ring has room for all values; the old one is given back as it was grabbed.
        unsafe {
            let ring = grab(me, room * self.size, 16);
            let head = inner.len.min(inner.room - inner.first);
            if inner.room > 0 {
                copy_nonoverlapping(inner.ring.add(inner.first * self.size), ring, head * self.size);
                copy_nonoverlapping(inner.ring, ring.add(head * self.size), (inner.len - head) * self.size);
                give(me, inner.ring, inner.room * self.size, 16);
            }
            inner.ring = ring;
        }
        inner.room = room;
        inner.first = 0;
    }

    unsafe fn put(&self, me: *mut State, inner: &mut Inner, value: *const u8) {
        // SAFETY: there is room.
        unsafe {
            self.reserve(me, inner);
            if self.size > 0 {
                let at = inner.first + inner.len;
                let at = if at >= inner.room { at - inner.room } else { at };
                copy_nonoverlapping(value, inner.ring.add(at * self.size), self.size);
            }
        }
        inner.len += 1;
    }

    unsafe fn take(&self, inner: &mut Inner, out: *mut u8) {
        if self.size > 0 {
            // SAFETY: the ring holds a value.
            unsafe { copy_nonoverlapping(inner.ring.add(inner.first * self.size), out, self.size) };
            inner.first += 1;
            if inner.first == inner.room {
                inner.first = 0;
            }
        }
        inner.len -= 1;
    }

    unsafe fn try_send(&self, me: *mut State, inner: &mut Inner, value: *const u8) -> (Now, *mut State) {
        // SAFETY: slots of waiters hold a value of this channel's size.
        unsafe {
            if inner.receiver_count == 0 {
                return (Now::Closed, core::ptr::null_mut());
            }
            if let Some(w) = Waiter::next(&mut inner.receivers) {
                copy_nonoverlapping(value, (*w).slot, self.size);
                return (Now::Done, Waiter::served(w, 1));
            }
            if inner.len < self.capacity {
                self.put(me, inner, value);
                return (Now::Done, core::ptr::null_mut());
            }
        }
        (Now::NotYet, core::ptr::null_mut())
    }

    unsafe fn try_receive(&self, me: *mut State, inner: &mut Inner, out: *mut u8) -> (Now, *mut State) {
        // SAFETY: as in `try_send`.
        unsafe {
            if inner.len > 0 {
                self.take(inner, out);
                let wakes = match Waiter::next(&mut inner.senders) {
                    Some(w) => {
                        self.put(me, inner, (*w).slot);
                        Waiter::served(w, 1)
                    }
                    None => core::ptr::null_mut(),
                };
                return (Now::Done, wakes);
            }
            if let Some(w) = Waiter::next(&mut inner.senders) {
                copy_nonoverlapping((*w).slot, out, self.size);
                return (Now::Done, Waiter::served(w, 1));
            }
            if inner.sender_count == 0 {
                return (Now::Closed, core::ptr::null_mut());
            }
        }
        (Now::NotYet, core::ptr::null_mut())
    }

    /// Sends or receives if that needs no wait; also the stack to wake when the lock is free.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on; the slot holds a value, or has room for one.
    pub unsafe fn attempt(&self, me: *mut State, inner: &mut Inner, slot: *mut u8, sends: bool) -> (Now, *mut State) {
        // SAFETY: by the caller's promise.
        unsafe { if sends { self.try_send(me, inner, slot) } else { self.try_receive(me, inner, slot) } }
    }

    /// Takes back a value that was received and that nobody wants: the next receiver gets it; also the stack to wake when the
    /// lock is free.
    ///
    /// # Safety
    /// As for [`attempt`](Channel::attempt); the slot holds a value.
    pub unsafe fn put_back(&self, me: *mut State, inner: &mut Inner, slot: *const u8) -> *mut State {
        // SAFETY: by the caller's promise; there is room before the first value.
        unsafe {
            if let Some(w) = Waiter::next(&mut inner.receivers) {
                copy_nonoverlapping(slot, (*w).slot, self.size);
                return Waiter::served(w, 1);
            }
            self.reserve(me, inner);
            if self.size > 0 {
                inner.first = if inner.first == 0 { inner.room - 1 } else { inner.first - 1 };
                copy_nonoverlapping(slot, inner.ring.add(inner.first * self.size), self.size);
            }
        }
        inner.len += 1;
        core::ptr::null_mut()
    }

    pub fn list(inner: &mut Inner, sends: bool) -> &mut VecDeque<*mut Waiter> {
        if sends { &mut inner.senders } else { &mut inner.receivers }
    }

    /// Sends from or receives into a slot. `limit`: nanoseconds; 0: does not wait; `u64::MAX`: waits for ever.
    unsafe fn operate(&self, me: *mut State, slot: *mut u8, sends: bool, limit: u64, place: u64) -> u64 {
        // SAFETY: the slot holds a value or has room for one.
        unsafe {
            let mut inner = self.inner.lock();
            let (found, wakes) = self.attempt(me, &mut inner, slot, sends);
            if found != Now::NotYet || limit == 0 {
                drop(inner);
                if !wakes.is_null() {
                    wake(me, wakes);
                }
                return match found {
                    Now::Done => 0,
                    Now::Closed => CLOSED,
                    Now::NotYet => 1,
                };
            }
            let mut waiter = Waiter::new(me, slot);
            let w = &raw mut waiter;
            Self::list(&mut inner, sends).push_back(w);
            drop(inner);
            let deadline = if limit == u64::MAX { limit } else { now().saturating_add(limit) };
            let kind = if sends { WaitKind::Send } else { WaitKind::Receive };
            let ready = || (*w).is_served();
            let mut outcome = State::wait_for(me, kind, core::ptr::from_ref(self).cast(), place, deadline, ready);
            if outcome != Outcome::Ready {
                let mut inner = self.inner.lock();
                Self::list(&mut inner, sends).retain(|&x| x != w);
                // It may have been served in the meantime.
                if (*w).is_served() {
                    outcome = Outcome::Ready;
                }
            }
            match outcome {
                Outcome::Ready if (*w).status.load(Ordering::SeqCst) == 1 => 0,
                Outcome::Ready => CLOSED,
                other => other as u64,
            }
        }
    }
}

unsafe fn channel<'a>(p: u64) -> &'a Channel {
    // SAFETY: the library passes a channel that it has a reference to.
    unsafe { &*(p as *const Channel) }
}

entries! {
    grok_channel_new(me, size, capacity) -> u64 {
        // SAFETY: the block is large enough.
        unsafe {
            let c = grab(me, size_of::<Channel>(), 16).cast::<Channel>();
            c.write(Channel {
                size: size as usize,
                capacity: capacity as usize,
                refs: AtomicUsize::new(2),
                inner: Lock::new(Inner {
                    ring: core::ptr::null_mut(),
                    room: 0,
                    first: 0,
                    len: 0,
                    receivers: VecDeque::new(),
                    senders: VecDeque::new(),
                    sender_count: 1,
                    receiver_count: 1,
                }),
            });
            c as u64
        }
    }
    grok_channel_clone(_me, c, sends) {
        // SAFETY: see `channel`.
        let c = unsafe { channel(c) };
        c.refs.fetch_add(1, Ordering::Relaxed);
        let mut inner = c.inner.lock();
        if sends != 0 { inner.sender_count += 1 } else { inner.receiver_count += 1 }
    }
    grok_channel_close(me, c, sends) -> u64 {
        // SAFETY: see `channel`; waiters in the lists are alive.
        unsafe {
            let c = channel(c);
            let mut inner = c.inner.lock();
            let count = if sends != 0 { &mut inner.sender_count } else { &mut inner.receiver_count };
            *count -= 1;
            if *count != 0 {
                return 0;
            }
            let mut wakes = Vec::new();
            let list = Channel::list(&mut inner, sends == 0);
            while let Some(w) = Waiter::next(list) {
                wakes.push(Waiter::served(w, 2));
            }
            drop(inner);
            for s in wakes {
                wake(me, s);
            }
            1
        }
    }
    grok_channel_release(me, c) {
        // SAFETY: see `channel`; the last reference ends here.
        unsafe {
            let p = c as *mut Channel;
            if (*p).refs.fetch_sub(1, Ordering::AcqRel) == 1 {
                let inner = (*p).inner.lock();
                let (ring, bytes) = (inner.ring, inner.room * (*p).size);
                drop(inner);
                if bytes > 0 {
                    give(me, ring, bytes, 16);
                }
                drop_in_place(p);
                give(me, p.cast(), size_of::<Channel>(), 16);
            }
        }
    }
    grok_channel_send(me, c, value, limit, place) -> u64 {
        // SAFETY: see `channel`; the value is one of the channel's type.
        unsafe { channel(c).operate(me, value as *mut u8, true, limit, place) }
    }
    grok_channel_receive(me, c, out, limit, place) -> u64 {
        // SAFETY: see `channel`; there is room for a value.
        unsafe { channel(c).operate(me, out as *mut u8, false, limit, place) }
    }
    grok_channel_len(_me, c) -> u64 {
        // SAFETY: see `channel`.
        unsafe { channel(c).inner.lock().len as u64 }
    }
}
