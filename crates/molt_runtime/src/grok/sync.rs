//! Locks that tasks wait for, and counters of permits.

use alloc::collections::VecDeque;
use core::ptr::{drop_in_place, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::deadlock::WaitKind;
use super::lock::{Held, Lock};
use super::sched::{Outcome, now, wake};
use super::waiter::Waiter;
use super::{State, give, grab};

/// Added to the outcome of a wait for a condition that ended without the lock.
const NOT_LOCKED: u64 = 16;

/// Where stacks wait to be served, first come first.
struct Line<'a, T> {
    list: &'a Lock<T>,
    part: fn(&mut T) -> &mut VecDeque<*mut Waiter>,
    kind: WaitKind,
    target: *const u8,
}

impl<T> Line<'_, T> {
    /// Waits at the end of the line, which the caller has locked, until it is served: the outcome. `entered` is called when
    /// this stack stands in the line.
    unsafe fn wait(
        &self,
        me: *mut State,
        mut held: Held<'_, T>,
        place: u64,
        deadline: u64,
        entered: impl FnOnce(),
    ) -> u64 {
        let mut waiter = Waiter::plain(me);
        let w = &raw mut waiter;
        (self.part)(&mut held).push_back(w);
        drop(held);
        entered();
        // SAFETY: the waiter leaves the line before it ends.
        unsafe {
            let is_served = || (*w).is_served();
            let outcome = State::wait_for(me, self.kind, self.target, place, deadline, is_served);
            if outcome == Outcome::Ready {
                return 0;
            }
            let mut held = self.list.lock();
            (self.part)(&mut held).retain(|&x| x != w);
            // It may have been served in the meantime.
            if is_served() { 0 } else { outcome as u64 }
        }
    }
}

/// A lock with an owner.
pub struct Mutex {
    pub owner: AtomicPtr<State>,
    waiters: Lock<VecDeque<*mut Waiter>>,
}

/// Permits that are taken and given.
pub struct Semaphore {
    inner: Lock<Permits>,
}

struct Permits {
    count: u64,
    waiters: VecDeque<*mut Waiter>,
}

impl Mutex {
    pub fn try_lock(&self, me: *mut State) -> bool {
        self.owner.compare_exchange(null_mut(), me, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    unsafe fn lock(&self, me: *mut State, place: u64) -> u64 {
        if self.try_lock(me) {
            return 0;
        }
        let waiters = self.waiters.lock();
        // The owner hands the lock on under this inner lock.
        if self.try_lock(me) {
            return 0;
        }
        let line = Line {
            list: &self.waiters,
            part: |all| all,
            kind: WaitKind::Lock,
            target: core::ptr::from_ref(self).cast(),
        };
        // SAFETY: by the caller's promise.
        unsafe { line.wait(me, waiters, place, u64::MAX, || {}) }
    }

    /// Gives the lock to the next who waits for it.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on, which owns the lock.
    pub unsafe fn unlock(&self, me: *mut State) {
        // SAFETY: waiters in the list are alive.
        unsafe {
            let mut waiters = self.waiters.lock();
            let Some(w) = Waiter::next(&mut waiters) else {
                return self.owner.store(null_mut(), Ordering::SeqCst);
            };
            self.owner.store((*w).state(), Ordering::SeqCst);
            let next = Waiter::served(w, 1);
            drop(waiters);
            wake(me, next);
        }
    }

    /// Takes the lock, or puts the waiter into the list. Whether it has the lock.
    ///
    /// # Safety
    /// The waiter leaves the list before it ends.
    pub unsafe fn lock_or_enlist(&self, me: *mut State, w: *mut Waiter) -> bool {
        let mut waiters = self.waiters.lock();
        // The owner hands the lock on under this inner lock.
        if self.try_lock(me) {
            return true;
        }
        waiters.push_back(w);
        false
    }

    pub fn forget(&self, w: *mut Waiter) {
        self.waiters.lock().retain(|&x| x != w);
    }
}

unsafe fn mutex<'a>(p: u64) -> &'a Mutex {
    // SAFETY: the library passes a lock that it made.
    unsafe { &*(p as *const Mutex) }
}

unsafe fn semaphore<'a>(p: u64) -> &'a Semaphore {
    // SAFETY: the library passes a semaphore that it made.
    unsafe { &*(p as *const Semaphore) }
}

impl Semaphore {
    /// Takes a permit. With `unlock` that lock is given away once this stack stands in the list.
    unsafe fn acquire(&self, me: *mut State, limit: u64, place: u64, unlock: Option<&Mutex>) -> u64 {
        let mut inner = self.inner.lock();
        if inner.count > 0 {
            inner.count -= 1;
            return 0;
        }
        if limit == 0 {
            return Outcome::TimeUp as u64;
        }
        let deadline = if limit == u64::MAX { limit } else { now().saturating_add(limit) };
        let target = core::ptr::from_ref(self).cast();
        let line = Line { list: &self.inner, part: |all| &mut all.waiters, kind: WaitKind::Signal, target };
        let entered = || {
            if let Some(mutex) = unlock {
                // SAFETY: the caller owns it.
                unsafe { mutex.unlock(me) };
            }
        };
        // SAFETY: by the caller's promise.
        unsafe { line.wait(me, inner, place, deadline, entered) }
    }

    /// Takes a permit if there is one.
    pub fn try_acquire(&self) -> bool {
        let mut inner = self.inner.lock();
        let any = inner.count > 0;
        inner.count -= u64::from(any);
        any
    }

    /// Takes a permit, or puts the waiter into the list. Whether it has a permit.
    ///
    /// # Safety
    /// The waiter leaves the list before it ends.
    pub unsafe fn acquire_or_enlist(&self, w: *mut Waiter) -> bool {
        let mut inner = self.inner.lock();
        if inner.count > 0 {
            inner.count -= 1;
            return true;
        }
        inner.waiters.push_back(w);
        false
    }

    pub fn forget(&self, w: *mut Waiter) {
        self.inner.lock().waiters.retain(|&x| x != w);
    }

    /// Gives `count` permits, or with `wanting` only to those who wait.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on.
    pub unsafe fn release(&self, me: *mut State, count: u64, wanting: bool) {
        for _ in 0..count {
            let mut inner = self.inner.lock();
            // SAFETY: waiters in the list are alive.
            match unsafe { Waiter::next(&mut inner.waiters) } {
                // SAFETY: as above.
                Some(w) => unsafe {
                    let state = Waiter::served(w, 1);
                    drop(inner);
                    wake(me, state);
                },
                None if wanting => return,
                None => inner.count += 1,
            }
        }
    }
}

entries! {
    grok_mutex_new(me) -> u64 {
        // SAFETY: the block is large enough.
        unsafe {
            let m = grab(me, size_of::<Mutex>(), 16).cast::<Mutex>();
            m.write(Mutex { owner: AtomicPtr::new(null_mut()), waiters: Lock::new(VecDeque::new()) });
            m as u64
        }
    }
    grok_mutex_lock(me, m, place) -> u64 {
        // SAFETY: see `mutex`.
        unsafe { mutex(m).lock(me, place) }
    }
    grok_mutex_try(me, m) -> u64 {
        // SAFETY: see `mutex`.
        u64::from(unsafe { mutex(m).try_lock(me) })
    }
    grok_mutex_unlock(me, m) {
        // SAFETY: see `mutex`; the caller owns it.
        unsafe { mutex(m).unlock(me) }
    }
    grok_mutex_drop(me, m) {
        // SAFETY: see `mutex`; nobody uses it any more.
        unsafe {
            drop_in_place(m as *mut Mutex);
            give(me, m as *mut u8, size_of::<Mutex>(), 16);
        }
    }
    grok_semaphore_new(me, count) -> u64 {
        // SAFETY: the block is large enough.
        unsafe {
            let s = grab(me, size_of::<Semaphore>(), 16).cast::<Semaphore>();
            s.write(Semaphore { inner: Lock::new(Permits { count, waiters: VecDeque::new() }) });
            s as u64
        }
    }
    grok_semaphore_acquire(me, s, limit, place) -> u64 {
        // SAFETY: see `semaphore`.
        unsafe { semaphore(s).acquire(me, limit, place, None) }
    }
    grok_condvar_wait(me, c, m, limit, place) -> u64 {
        // SAFETY: see `semaphore` and `mutex`; the caller owns the lock and gets it back however the wait ends.
        unsafe {
            let outcome = semaphore(c).acquire(me, limit.max(1), place, Some(mutex(m)));
            let locked = mutex(m).lock(me, place);
            // Without the lock nobody may give it away.
            if locked != 0 { locked + NOT_LOCKED } else { outcome }
        }
    }
    grok_semaphore_release(me, s, count, wanting) {
        // SAFETY: see `semaphore`.
        unsafe { semaphore(s).release(me, count, wanting != 0) }
    }
    grok_semaphore_drop(me, s) {
        // SAFETY: see `semaphore`; nobody uses it any more.
        unsafe {
            drop_in_place(s as *mut Semaphore);
            give(me, s as *mut u8, size_of::<Semaphore>(), 16);
        }
    }
}
