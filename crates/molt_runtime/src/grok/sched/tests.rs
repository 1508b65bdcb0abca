//! What several threads do to queues, locks and channels, without switches of stacks: so Miri can look on, too. The threads
//! are outsiders, as those of tasks with a thread of their own are.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::Barrier;
use std::thread;

use super::super::channel::{
    grok_channel_close, grok_channel_new, grok_channel_receive, grok_channel_release, grok_channel_send,
};
use super::super::sync::{grok_mutex_drop, grok_mutex_lock, grok_mutex_new, grok_mutex_unlock};
use super::super::{Root, Shared, Started};
use super::*;

/// Turns of a loop that threads contend in.
const TURNS: u64 = if cfg!(miri) { 30 } else { 20_000 };

unsafe extern "C" fn start(_: *mut molt_abi::Context) -> Started {
    Started { status: 0, panicked: 0 }
}

/// A program of which no worker runs.
pub struct Program(*const Shared);

// SAFETY: the shared part of a program is used by all of its threads.
unsafe impl Sync for Program {}

/// A value that is carried to another thread.
#[derive(Clone, Copy)]
struct Carried<T>(T);

// SAFETY: tests carry addresses of what outlives their threads.
unsafe impl<T> Send for Carried<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Carried<T> {}

impl Program {
    pub fn new() -> Program {
        let root = Root {
            start,
            workers: 1,
            ask_timeout: 0,
            shutdown_timeout: 0,
            stack_size: 0,
            mailbox: 0,
            deadlock: 0,
            backtrace: 0,
            gc: 0,
            finish: None,
            main: None,
        };
        let shared = Shared::make(root, Vec::new()).cast_mut();
        // SAFETY: the shared part was just made; nobody else knows it.
        unsafe { (*shared).sched.monitored.store(true, Ordering::SeqCst) };
        Program(shared)
    }

    fn sched(&self) -> &Scheduler {
        // SAFETY: the program lives as long as its value.
        unsafe { &(*self.0).sched }
    }

    /// A state for a thread, which counts as running from now on.
    pub fn outsider(&self) -> *mut State {
        // SAFETY: the state is new.
        unsafe {
            let state = (*self.0).new_state(self.0);
            (*state).fiber.set_apart(self.sched().add_outsider(self.0));
            self.sched().external.fetch_add(1, Ordering::SeqCst);
            state
        }
    }

    /// Runs code on threads with a state each.
    fn run(&self, count: usize, code: impl Fn(usize, *mut State) + Sync) {
        let states: Vec<_> = (0..count).map(|_| Carried(self.outsider())).collect();
        thread::scope(|s| {
            for (n, state) in states.iter().enumerate() {
                let code = &code;
                s.spawn(move || {
                    let Carried(state) = *state;
                    code(n, state);
                    self.sched().external.fetch_sub(1, Ordering::SeqCst);
                    // SAFETY: the program lives as long as its value.
                    self.sched().check_standstill(unsafe { &*self.0 });
                });
            }
        });
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: no thread of the program is left.
        unsafe {
            for w in self.sched().outsiders.lock().drain(..) {
                drop(Box::from_raw(w));
            }
            let states = core::mem::take(&mut *(*self.0).states.lock());
            let blocks: i64 = states.iter().map(|&s| (*s).ctx.live_objects).sum();
            assert_eq!(blocks, 0, "blocks are still in use");
            states.into_iter().for_each(|s| drop(Box::from_raw(s)));
            drop(Box::from_raw(self.0.cast_mut()));
        }
    }
}

/// The context that entries of compiled code take.
fn ctx(state: *mut State) -> *mut molt_abi::Context {
    state.cast()
}

#[test]
fn every_queued_item_is_taken_once() {
    let program = Program::new();
    let count = if cfg!(miri) { 300 } else { 50_000 };
    let items: Vec<_> = (0..count).map(|_| Runnable::new(Kind::Task)).collect();
    let taken: Vec<_> = (0..count).map(|_| AtomicU32::new(0)).collect();
    let left = AtomicUsize::new(count);
    let workers: Vec<_> = (0..3).map(|n| Worker::new(n, program.0)).collect();
    let note = |r: *mut Runnable| {
        let n = (r as usize - items.as_ptr() as usize) / size_of::<Runnable>();
        taken[n].fetch_add(1, Ordering::Relaxed);
        left.fetch_sub(1, Ordering::Relaxed);
    };
    let (items, workers) = (Carried(&items), Carried(&workers));
    thread::scope(|s| {
        for thief in 1..3 {
            let (note, left, program) = (&note, &left, &program);
            let note = Carried(note);
            s.spawn(move || {
                let (note, workers) = (note, workers);
                let own = &workers.0[thief];
                while left.load(Ordering::Relaxed) > 0 {
                    // SAFETY: this is the only thread of the worker.
                    let mut r = unsafe { own.steal(&workers.0[0]) };
                    if r.is_null() {
                        r = own.pop();
                    }
                    if r.is_null() {
                        r = program.sched().take_common();
                    }
                    if r.is_null() {
                        thread::yield_now();
                    } else {
                        (note.0)(r);
                    }
                }
            });
        }
        let own = &workers.0[0];
        for (n, item) in items.0.iter().enumerate() {
            // SAFETY: this is the only thread of the worker; the item is in no queue.
            unsafe { own.append(core::ptr::from_ref(item).cast_mut()) };
            let r = own.pop();
            if n % 3 == 0 && !r.is_null() {
                note(r);
            } else if !r.is_null() {
                // SAFETY: as above.
                unsafe { own.append(r) };
            }
        }
    });
    assert!(taken.iter().all(|t| t.load(Ordering::Relaxed) == 1));
}

#[test]
fn a_lock_has_one_owner() {
    let program = Program::new();
    let main = program.outsider();
    let lock = grok_mutex_new(ctx(main));
    let value = Carried(UnsafeCell::new(0u64));
    program.run(3, |_, me| {
        let value = &value;
        for _ in 0..TURNS {
            assert_eq!(grok_mutex_lock(ctx(me), lock, 0), 0);
            // SAFETY: the lock is held.
            unsafe { *value.0.get() += 1 };
            grok_mutex_unlock(ctx(me), lock);
        }
    });
    // SAFETY: no thread is left.
    assert_eq!(unsafe { *value.0.get() }, 3 * TURNS);
    grok_mutex_drop(ctx(main), lock);
}

#[test]
fn a_channel_hands_over_every_value() {
    let program = Program::new();
    let main = program.outsider();
    for capacity in [0, 2, u64::MAX] {
        let channel = grok_channel_new(ctx(main), 8, capacity);
        let sum = AtomicU64::new(0);
        program.run(2, |n, me| {
            for turn in 0..TURNS {
                let mut slot = turn;
                let room = &raw mut slot as u64;
                if n == 0 {
                    assert_eq!(grok_channel_send(ctx(me), channel, room, u64::MAX, 0), 0);
                } else {
                    assert_eq!(grok_channel_receive(ctx(me), channel, room, u64::MAX, 0), 0);
                    assert_eq!(slot, turn);
                    sum.fetch_add(slot, Ordering::Relaxed);
                }
            }
        });
        assert_eq!(sum.into_inner(), (0..TURNS).sum::<u64>());
        for sends in [1, 0] {
            grok_channel_close(ctx(main), channel, sends);
            grok_channel_release(ctx(main), channel);
        }
    }
}

#[test]
fn one_wait_of_a_cycle_is_ended() {
    let program = Program::new();
    let main = program.outsider();
    let locks = [0, 1].map(|_| grok_mutex_new(ctx(main)));
    let both = Barrier::new(2);
    let ended = AtomicU32::new(0);
    program.run(2, |n, me| {
        assert_eq!(grok_mutex_lock(ctx(me), locks[n], 0), 0);
        both.wait();
        match grok_mutex_lock(ctx(me), locks[1 - n], 0) {
            0 => grok_mutex_unlock(ctx(me), locks[1 - n]),
            outcome => {
                assert_eq!(outcome, Outcome::Deadlock as u64);
                ended.fetch_add(1, Ordering::Relaxed);
            }
        }
        grok_mutex_unlock(ctx(me), locks[n]);
    });
    assert_eq!(ended.into_inner(), 1);
    for lock in locks {
        grok_mutex_drop(ctx(main), lock);
    }
}

#[test]
fn a_wait_that_nobody_can_end_is_ended() {
    let program = Program::new();
    let main = program.outsider();
    let channel = grok_channel_new(ctx(main), 8, 0);
    // What runs here has nothing to say.
    program.sched().external.fetch_sub(1, Ordering::SeqCst);
    program.run(2, |n, me| {
        let mut slot = 0u64;
        if n == 0 {
            let outcome = grok_channel_receive(ctx(me), channel, &raw mut slot as u64, u64::MAX, 0);
            assert_eq!(outcome, Outcome::Deadlock as u64);
        }
    });
    for sends in [1, 0] {
        grok_channel_close(ctx(main), channel, sends);
        grok_channel_release(ctx(main), channel);
    }
}
