//! Mutex, semaphore, barrier and pool of workers.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use molt_abi::Word;

use super::super::ErrorKind;
use super::super::entry::wrong_type;
use super::promise::{self, settle};
use super::{Body, Isolate, Owned, PyResult, Raised, Waiter, Woken, begin_wait, start, wait};
use crate::Place;
use crate::api::{native, try_native};
use crate::class::ClassObj;
use crate::native::{ClassSpec, NativeData};

/// A mutex or a semaphore: how many may still come in, and who waits for that.
pub(in super::super) struct Permits {
    left: u64,
    is_mutex: bool,
    waiters: VecDeque<Waiter>,
}

impl NativeData for Permits {}

static PERMITS: ClassSpec = ClassSpec::new("claudelang", "Permits").flags(ClassSpec::NO_NEW | ClassObj::HANDLE);

fn new_permits(rt: &mut Isolate, left: u64, is_mutex: bool) -> Owned {
    let class = rt.class_for(&PERMITS);
    rt.new_native(class, Box::new(Permits { left, is_mutex, waiters: VecDeque::new() }))
}

pub(in super::super) fn mutex(rt: &mut Isolate) -> Owned {
    new_permits(rt, 1, true)
}

pub(in super::super) fn semaphore(rt: &mut Isolate, count: u64) -> Owned {
    new_permits(rt, count, false)
}

fn permits(rt: &mut Isolate, w: Word, is_mutex: bool, function: &str) -> PyResult<Place<Permits>> {
    match try_native::<Permits>(rt, w) {
        Some(p) if p.is_mutex == is_mutex => Ok(p),
        _ => Err(wrong_type(rt, function, if is_mutex { "a mutex" } else { "a semaphore" }, w)),
    }
}

/// `lock` and `acquire`: waits until it may come in, or until a time; whether it came in.
pub(in super::super) fn acquire(rt: &mut Isolate, w: Word, is_mutex: bool, deadline: Option<u64>) -> PyResult<bool> {
    let mut p = permits(rt, w, is_mutex, if is_mutex { "lock" } else { "acquire" })?;
    if p.left > 0 {
        p.left -= 1;
        return Ok(true);
    }
    let waiter = begin_wait(rt, if is_mutex { "a mutex" } else { "a semaphore" })?;
    p.waiters.push_back(waiter);
    let woken = wait(rt, deadline);
    if !matches!(woken, Ok(Woken::Done(..))) {
        p.waiters.retain(|w| w.ticket != waiter.ticket);
    }
    Ok(matches!(woken?, Woken::Done(..)))
}

/// `unlock` and `release`: who waited longest comes in.
pub(in super::super) fn release(rt: &mut Isolate, w: Word, is_mutex: bool, count: u64) -> PyResult<()> {
    let mut p = permits(rt, w, is_mutex, if is_mutex { "unlock" } else { "release" })?;
    if is_mutex && p.left > 0 {
        return Err(rt.raise_claude(ErrorKind::Error, "unlock: the mutex is free", Word::NONE));
    }
    for done in 0..count {
        let Some(w) = rt.claude.tasks.first(&mut p.waiters) else {
            p.left = p.left.saturating_add(count - done);
            break;
        };
        rt.claude.tasks.wake(w, Owned::NONE, true);
    }
    Ok(())
}

/// A barrier.
pub(in super::super) struct Barrier {
    wanted: usize,
    arrived: Vec<Waiter>,
}

impl NativeData for Barrier {}

static BARRIER: ClassSpec = ClassSpec::new("claudelang", "Barrier").flags(ClassSpec::NO_NEW | ClassObj::HANDLE);

pub(in super::super) fn barrier(rt: &mut Isolate, wanted: usize) -> Owned {
    let class = rt.class_for(&BARRIER);
    rt.new_native(class, Box::new(Barrier { wanted, arrived: Vec::new() }))
}

/// Waits until so many wait as the barrier wants; how many came before.
pub(in super::super) fn arrive(rt: &mut Isolate, w: Word, deadline: Option<u64>) -> PyResult<usize> {
    let Some(mut b) = try_native::<Barrier>(rt, w) else { return Err(wrong_type(rt, "wait", "a barrier", w)) };
    let index = b.arrived.len();
    if index + 1 >= b.wanted {
        for w in core::mem::take(&mut b.arrived) {
            rt.claude.tasks.wake(w, Owned::NONE, true);
        }
        return Ok(index);
    }
    let waiter = begin_wait(rt, "a barrier")?;
    b.arrived.push(waiter);
    let woken = wait(rt, deadline);
    if !matches!(woken, Ok(Woken::Done(..))) {
        b.arrived.retain(|w| w.ticket != waiter.ticket);
    }
    match woken? {
        Woken::Done(..) => Ok(index),
        Woken::Timeout => {
            Err(rt.raise_claude(ErrorKind::Timeout, "wait: the barrier did not open in time", Word::NONE))
        }
    }
}

/// A pool of workers.
pub(in super::super) struct Pool {
    workers: usize,
    running: usize,
    /// Procedures and the promises of their values.
    jobs: VecDeque<(Owned, Owned)>,
}

impl NativeData for Pool {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        for (f, p) in &self.jobs {
            visit(f.word());
            visit(p.word());
        }
    }
    fn clear(&mut self) {
        self.jobs.clear();
    }
}

static POOL: ClassSpec = ClassSpec::new("claudelang", "Pool").flags(ClassSpec::NO_NEW | ClassObj::HANDLE);

pub(in super::super) fn pool(rt: &mut Isolate, workers: usize) -> Owned {
    let class = rt.class_for(&POOL);
    rt.new_native(class, Box::new(Pool { workers, running: 0, jobs: VecDeque::new() }))
}

/// Gives a pool something to call; the promise of the value. Workers are there for as long as there are jobs.
pub(in super::super) fn submit(rt: &mut Isolate, w: Word, procedure: Word) -> PyResult {
    let Some(mut pool) = try_native::<Pool>(rt, w) else {
        return Err(wrong_type(rt, "submit", "a pool of workers", w));
    };
    let p = promise::new(rt)?;
    pool.jobs.push_back((Owned::share(procedure), p.clone()));
    if pool.running < pool.workers {
        let this = Owned::share(w);
        let end = promise::new(rt)?;
        start(rt, Body::Native(Box::new(move |rt| work(rt, &this))), &end)?;
        pool.running += 1;
    }
    Ok(p)
}

/// The life of a worker.
fn work(rt: &mut Isolate, pool: &Owned) -> PyResult {
    let mut pool = native::<Pool>(pool.word());
    while let Some((f, p)) = pool.jobs.pop_front() {
        let result = match rt.claude_call(f.word(), &[]) {
            Ok(value) => {
                settle(rt, p.word(), Ok(value));
                continue;
            }
            Err(Raised) => promise::settle_failed(rt, &p),
        };
        if result.is_err() {
            pool.running -= 1;
            return result;
        }
    }
    pool.running -= 1;
    Ok(Owned::NONE)
}
