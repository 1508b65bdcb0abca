//! Workers that run tasks, actors and stacks: M:N over the processors.
//!
//! Every machine stack has a [`State`], whose context the code on it uses. At the bottom of each runs [`work`], which takes
//! what is to run and runs it in place: a handler or task that never waits needs no stack of its own. One that waits keeps
//! the stack it is on; its worker goes on with another.
//!
//! ```text
//! park    the worker leaves the stack to who waits on it, and takes an idle stack (or makes one)
//! wake    the stack is queued; a worker that takes it leaves its own stack idle and switches there
//! ```
//!
//! Each worker has a queue, and in front of it a slot for what was woken last, which runs next while its data is warm.
//! Who finds nothing steals from the others, then sleeps. A push wakes a sleeper if there is more than the pusher itself
//! will do at once. The monitor looks after what a long turn holds up: it fires timers, frees slots, adds workers.
//!
//! Waiting is one protocol everywhere: [`State::wait_for`] parks until a condition holds; whoever makes it hold calls
//! [`wake`] afterwards. A wake that comes too early is kept, one too many does no harm.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

use super::deadlock::{self, Wait, WaitKind};
use super::lock::Lock;
use super::stack::{Stacks, prepare, switch};
use super::timer::Timers;
use super::{Root, Shared, State, actor, task};

/// Items of a worker's own queue.
const QUEUE: usize = 256;
/// Turns between looks at the common queue and the timers.
const COMMON_EVERY: u32 = 61;
/// Items that may run out of the slot before others get their turn.
const SLOT_RUNS: u32 = 32;
/// Idle stacks that a worker keeps for itself.
const IDLE_STACKS: usize = 32;
/// Nanoseconds between looks of the monitor.
const MONITOR_PERIOD: u64 = 5_000_000;
/// Looks without progress after which a worker is added.
const HELD_LOOKS: u32 = 2;
/// Workers there are at most.
const MOST_WORKERS: usize = 256;
/// Workers whose slots a searching worker looks at.
const SEEN: usize = 16;
/// Index of what is no worker.
const OUTSIDER: usize = usize::MAX;
/// Stacks of threads: of those that only run on stacks of the scheduler, and of tasks that have a thread to themselves.
const LITTLE_STACK_SIZE: usize = 256 * 1024;
pub const THREAD_STACK_SIZE: usize = 8 << 20;
/// Turns of looking for work before a worker sleeps.
const SEARCHES: u32 = 20;

/// What a queued item is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Stack,
    Task,
    Actor,
    /// A message whose time has come.
    Later,
}

/// Head of what workers run.
#[repr(C)]
pub struct Runnable {
    /// In the common queue, whose lock guards it.
    next: AtomicPtr<Runnable>,
    pub kind: Kind,
}

impl Runnable {
    pub const fn new(kind: Kind) -> Runnable {
        Runnable { next: AtomicPtr::new(null_mut()), kind }
    }
}

/// `Fiber::parked`: the code of the stack runs, or is about to park.
const RUNNING: u8 = 0;
/// It was woken before it parked.
const NOTIFIED: u8 = 1;
const PARKED: u8 = 2;

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Outcome {
    /// What was waited for has come.
    Ready = 0,
    TimeUp = 1,
    /// It never comes.
    Deadlock = 2,
    Cancelled = 3,
}

/// The part of a [`State`] that the scheduler needs. Others look at it while its code runs, so all of it may change behind a
/// shared reference. Plain fields are handed over by `parked` and the queues: what one worker writes before it publishes the
/// stack, the next one reads after it has taken it.
#[repr(C)]
pub struct Fiber {
    run: Runnable,
    stack: AtomicPtr<u8>,
    parked: AtomicU8,
    /// Number of the wait, and below it in 8 bits an [`Outcome`] other than ready that ends it.
    outcome: AtomicU64,
    /// It parks in order to go on at the first worker.
    goes_home: AtomicBool,
    /// Valid while the code of the stack runs.
    worker: AtomicPtr<Worker>,
    /// The stack is that of a thread that a task has to itself.
    apart: AtomicBool,
    /// Futex of such a thread: 1 when it is to go on.
    signal: AtomicU32,
    pub wait: Wait,
    /// When the wait ends by itself; `u64::MAX`: never.
    pub deadline: AtomicU64,
    /// Deadline of the timer that is set for this stack, if any: the timers' lock guards it.
    pub timer_at: UnsafeCell<u64>,
    actor: AtomicPtr<actor::Actor>,
    task: AtomicPtr<task::Task>,
}

impl Fiber {
    /// What stands in queues for the stack.
    pub fn runnable(&self) -> *mut Runnable {
        (&raw const self.run).cast_mut()
    }

    /// The actor whose code runs on the stack; null if it is none's. Only that code and who pins its wait may follow it.
    pub fn actor(&self) -> *mut actor::Actor {
        self.actor.load(Ordering::Acquire)
    }

    pub fn set_actor(&self, a: *mut actor::Actor) {
        self.actor.store(a, Ordering::Release);
    }

    /// The task whose code runs on the stack, as for [`actor`](Fiber::actor).
    pub fn task(&self) -> *mut task::Task {
        self.task.load(Ordering::Acquire)
    }

    pub fn set_task(&self, task: *mut task::Task) {
        self.task.store(task, Ordering::Release);
    }

    fn worker(&self) -> *mut Worker {
        // Relaxed: only the stack's own code reads it, on the thread that wrote it.
        self.worker.load(Ordering::Relaxed)
    }

    /// Makes it the stack of a thread that runs nothing else.
    pub fn set_apart(&self, outsider: *mut Worker) {
        self.set_worker(outsider);
        self.apart.store(true, Ordering::Release);
    }

    pub fn is_apart(&self) -> bool {
        self.apart.load(Ordering::Relaxed)
    }

    fn set_worker(&self, worker: *mut Worker) {
        self.worker.store(worker, Ordering::Relaxed);
    }

    /// Whether the stack is parked.
    pub fn is_parked(&self) -> bool {
        self.parked.load(Ordering::SeqCst) == PARKED
    }

    /// Whether the wait with this number has not ended, nor is about to.
    pub fn goes_on_waiting(&self, seq: u64) -> bool {
        self.wait.seq() == seq && self.outcome.load(Ordering::SeqCst) == seq << 8
    }

    pub fn new() -> Fiber {
        Fiber {
            run: Runnable::new(Kind::Stack),
            stack: AtomicPtr::new(null_mut()),
            parked: AtomicU8::new(RUNNING),
            outcome: AtomicU64::new(0),
            goes_home: AtomicBool::new(false),
            worker: AtomicPtr::new(null_mut()),
            apart: AtomicBool::new(false),
            signal: AtomicU32::new(0),
            wait: Wait::new(),
            deadline: AtomicU64::new(u64::MAX),
            timer_at: UnsafeCell::new(u64::MAX),
            actor: AtomicPtr::new(null_mut()),
            task: AtomicPtr::new(null_mut()),
        }
    }
}

/// What becomes of the stack that a switch left; nobody may run on it before the switch is done.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Parking(*mut State),
    Spare(*mut State),
}

/// What only the thread of a worker uses.
struct Own {
    /// Stacks that stand in [`work`].
    idle: Vec<*mut State>,
    left: Left,
    random: u64,
    turns: u32,
    slot_runs: u32,
}

/// One of the threads that run the program.
pub struct Worker {
    /// [`OUTSIDER`] for a thread that one task has to itself: then only the counters are in use.
    pub index: usize,
    shared: *const Shared,
    head: AtomicU32,
    tail: AtomicU32,
    ring: [AtomicPtr<Runnable>; QUEUE],
    slot: AtomicPtr<Runnable>,
    own: UnsafeCell<Own>,
    /// Futex: 1 when it is to wake up.
    signal: AtomicU32,
    /// Turns so far, for the monitor.
    turns: AtomicU64,
    /// Actors that became busy and idle here.
    pub busy: AtomicU64,
    pub idle: AtomicU64,
    seen: AtomicU64,
}

/// A queue of items by their links.
struct Chain {
    first: *mut Runnable,
    last: *mut Runnable,
}

/// What all workers share.
pub struct Scheduler {
    /// All that were made; they stay until the process ends.
    workers: [AtomicPtr<Worker>; MOST_WORKERS],
    count: AtomicUsize,
    /// Counters of the threads that tasks have to themselves.
    outsiders: Lock<Vec<*mut Worker>>,
    /// States of such threads that have ended.
    pub idle_threads: Lock<Vec<*mut State>>,
    /// Held while the program is looked at because nothing seems to go on.
    standstill: Lock<()>,
    /// Workers to begin with.
    wanted: usize,
    common: Lock<Chain>,
    common_len: AtomicUsize,
    sleepers: Lock<Vec<usize>>,
    asleep: AtomicUsize,
    searching: AtomicUsize,
    pub timers: Timers,
    stacks: Lock<Stacks>,
    /// States without anything to do, kept for their stacks.
    spare: Lock<Vec<*mut State>>,
    /// Work that goes on outside of the workers.
    pub external: AtomicUsize,
    /// Odd while the monitor moves an item. Changes also when a worker or a thread outside of the workers is about to go on,
    /// so that what was read between two equal values was so at one time.
    moves: AtomicU64,
    monitor: AtomicU32,
    monitored: AtomicBool,
    at_end: AtomicPtr<()>,
    /// Main is to go on at the thread it began on.
    home: AtomicBool,
}

// SAFETY: pointers in it are handed over by atomics and locks.
unsafe impl Send for Scheduler {}
// SAFETY: as above.
unsafe impl Sync for Scheduler {}

/// Stack of a task or handler that waits; pages are committed when touched.
const STACK_SIZE: usize = 1 << 20;
/// Sizes of stacks are multiples of this.
const LEAST_STACK: usize = 16 * 1024;

/// Nanoseconds of the clock that never goes back.
pub fn now() -> u64 {
    crate::host::clock(libc::CLOCK_MONOTONIC)
}

#[cfg(target_os = "linux")]
fn futex_wait(word: &AtomicU32, seen: u32, limit: Option<u64>) {
    let t = limit.map(|n| libc::timespec { tv_sec: (n / 1_000_000_000) as i64, tv_nsec: (n % 1_000_000_000) as i64 });
    let p = t.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the word and the time are valid during the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, seen, p) };
}

#[cfg(target_os = "linux")]
fn futex_wake(word: &AtomicU32) {
    // SAFETY: the word is valid.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1) };
}

/// Where there is no futex, sleepers look again after a short while.
#[cfg(not(target_os = "linux"))]
fn futex_wait(word: &AtomicU32, seen: u32, limit: Option<u64>) {
    let end = limit.map(|n| now().saturating_add(n));
    while word.load(Ordering::Acquire) == seen && end.is_none_or(|e| now() < e) {
        // SAFETY: sleeps.
        unsafe { libc::usleep(200) };
    }
}

#[cfg(not(target_os = "linux"))]
fn futex_wake(_word: &AtomicU32) {}

impl Scheduler {
    pub fn new(root: &Root) -> Scheduler {
        let wanted = crate::host::env_var(c"GROK_WORKERS")
            .and_then(|v| core::str::from_utf8(&v).ok()?.parse().ok())
            .or((root.workers > 0).then_some(root.workers as usize))
            .or_else(crate::host::cpu_count)
            .unwrap_or(1);
        let stack = if root.stack_size > 0 { root.stack_size as usize } else { STACK_SIZE };
        Scheduler {
            workers: [const { AtomicPtr::new(null_mut()) }; MOST_WORKERS],
            count: AtomicUsize::new(0),
            outsiders: Lock::new(Vec::new()),
            idle_threads: Lock::new(Vec::new()),
            standstill: Lock::new(()),
            wanted: wanted.clamp(1, MOST_WORKERS / 2),
            common: Lock::new(Chain { first: null_mut(), last: null_mut() }),
            common_len: AtomicUsize::new(0),
            sleepers: Lock::new(Vec::new()),
            asleep: AtomicUsize::new(0),
            searching: AtomicUsize::new(0),
            timers: Timers::new(),
            stacks: Lock::new(Stacks::new(stack.next_multiple_of(LEAST_STACK).max(4 * LEAST_STACK))),
            spare: Lock::new(Vec::new()),
            external: AtomicUsize::new(0),
            moves: AtomicU64::new(0),
            monitor: AtomicU32::new(0),
            monitored: AtomicBool::new(false),
            at_end: AtomicPtr::new(null_mut()),
            home: AtomicBool::new(false),
        }
    }

    pub fn workers(&self) -> impl Iterator<Item = &Worker> {
        let n = self.count.load(Ordering::Acquire);
        // SAFETY: workers below the count exist until the process ends.
        self.workers[..n].iter().filter_map(|w| unsafe { w.load(Ordering::Acquire).as_ref() })
    }

    /// Whether the program ever used more than its main stack.
    pub fn started(&self) -> bool {
        self.monitored.load(Ordering::Acquire)
    }

    /// What is to be done after `main`, if anything.
    pub fn at_end(&self) -> Option<unsafe fn(*mut State)> {
        let f = self.at_end.load(Ordering::Acquire);
        // SAFETY: only `start` stores there, a function of this type.
        (!f.is_null()).then(|| unsafe { core::mem::transmute::<*mut (), unsafe fn(*mut State)>(f) })
    }

    fn add_worker(&self, shared: *const Shared) -> *mut Worker {
        let index = self.count.load(Ordering::Acquire);
        let worker = Box::into_raw(Box::new(Worker::new(index, shared)));
        self.workers[index].store(worker, Ordering::Release);
        self.count.store(index + 1, Ordering::Release);
        worker
    }

    /// Makes what stands for a worker on a thread that a task has to itself.
    pub fn add_outsider(&self, shared: *const Shared) -> *mut Worker {
        let worker = Box::into_raw(Box::new(Worker::new(OUTSIDER, shared)));
        self.outsiders.lock().push(worker);
        worker
    }

    /// Makes the main stack's worker.
    ///
    /// # Safety
    /// The state was just made.
    pub unsafe fn adopt_main(&self, main: *mut State, shared: *const Shared) {
        let worker = self.add_worker(shared);
        // SAFETY: nobody else knows the state yet.
        unsafe { (*main).fiber.set_worker(worker) };
    }

    fn take_common(&self) -> *mut Runnable {
        if self.common_len.load(Ordering::Acquire) == 0 {
            return null_mut();
        }
        let mut chain = self.common.lock();
        let r = chain.first;
        if !r.is_null() {
            // SAFETY: queued items are valid and belong to the queue.
            chain.first = unsafe { (*r).next.load(Ordering::Relaxed) };
            if chain.first.is_null() {
                chain.last = null_mut();
            }
            self.common_len.fetch_sub(1, Ordering::Release);
        }
        r
    }

    fn put_common(&self, r: *mut Runnable) {
        let mut chain = self.common.lock();
        // SAFETY: the item is valid and belongs to the caller; the last one to the queue.
        unsafe {
            (*r).next.store(null_mut(), Ordering::Relaxed);
            if chain.last.is_null() {
                chain.first = r;
            } else {
                (*chain.last).next.store(r, Ordering::Relaxed);
            }
        }
        chain.last = r;
        self.common_len.fetch_add(1, Ordering::Release);
    }

    /// Wakes a worker that sleeps, unless one is looking for work anyway.
    fn wake_one(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) == 0 || self.searching.load(Ordering::Relaxed) != 0 {
            return;
        }
        self.signal_one();
    }

    fn signal_one(&self) {
        let mut sleepers = self.sleepers.lock();
        let Some(n) = sleepers.pop() else { return };
        self.asleep.store(sleepers.len(), Ordering::SeqCst);
        self.note_move();
        self.searching.fetch_add(1, Ordering::SeqCst);
        drop(sleepers);
        if let Some(w) = self.workers().nth(n) {
            w.signal.store(1, Ordering::Release);
            futex_wake(&w.signal);
        }
    }

    /// Queues something from outside of the workers.
    pub fn inject(&self, r: *mut Runnable) {
        self.put_common(r);
        self.wake_one();
    }

    pub fn has_work(&self) -> bool {
        self.common_len.load(Ordering::SeqCst) != 0
            || self.workers().any(|w| {
                w.head.load(Ordering::SeqCst) != w.tail.load(Ordering::SeqCst)
                    || !w.slot.load(Ordering::SeqCst).is_null()
            })
    }

    /// Starts the other threads when there is something for them.
    pub fn start(&self, shared: *const Shared) {
        if self.monitored.load(Ordering::Acquire) || self.monitored.swap(true, Ordering::AcqRel) {
            return;
        }
        self.at_end.store(super::wind_up as unsafe fn(*mut State) as *mut (), Ordering::Release);
        while self.count.load(Ordering::Acquire) < self.wanted {
            let w = self.add_worker(shared);
            thread(w as usize, LITTLE_STACK_SIZE, worker_thread);
        }
        thread(shared as usize, LITTLE_STACK_SIZE, monitor_thread);
    }

    /// Somebody is about to go on: called after what says so was written, and before it does.
    pub fn note_move(&self) {
        self.moves.fetch_add(2, Ordering::SeqCst);
    }

    /// Whether no worker has anything to do and nothing outside of them can give it something.
    fn stands_still(&self) -> bool {
        let moves = self.moves.load(Ordering::SeqCst);
        moves.is_multiple_of(2)
            && self.asleep.load(Ordering::SeqCst) == self.count.load(Ordering::SeqCst)
            && self.external.load(Ordering::SeqCst) == 0
            && !self.has_work()
            && !self.home.load(Ordering::SeqCst)
            && self.moves.load(Ordering::SeqCst) == moves
    }

    /// Ends a wait if nobody can go on and no timer is set.
    pub fn check_standstill(&self, shared: &Shared) {
        // Timers of waits that have ended keep nobody from standing still.
        if !self.stands_still() || self.timers.prune() != u64::MAX {
            return;
        }
        // Of several who see it one ends a wait, which gives the workers something to do.
        let _one = self.standstill.lock();
        if self.stands_still() {
            // SAFETY: nothing goes on, here or elsewhere.
            unsafe { deadlock::stalled(shared) };
        }
    }

    /// Whether all workers but the caller, if it is one, have nothing to do.
    pub fn others_sleep(&self, is_worker: bool) -> bool {
        let awake = self.count.load(Ordering::SeqCst).saturating_sub(self.asleep.load(Ordering::SeqCst));
        !self.has_work() && awake <= usize::from(is_worker)
    }

    /// Has the first worker look at `home`.
    fn signal_first(&self) {
        let mut sleepers = self.sleepers.lock();
        let Some(at) = sleepers.iter().position(|&n| n == 0) else { return };
        sleepers.swap_remove(at);
        self.asleep.store(sleepers.len(), Ordering::SeqCst);
        self.note_move();
        self.searching.fetch_add(1, Ordering::SeqCst);
        drop(sleepers);
        if let Some(w) = self.workers().next() {
            w.signal.store(1, Ordering::Release);
            futex_wake(&w.signal);
        }
    }

    /// Remembers how many turns the workers had.
    fn note_turns(&self, seen: &mut [u64; SEEN]) {
        for (to, w) in seen.iter_mut().zip(self.workers()) {
            *to = w.turns.load(Ordering::Relaxed);
        }
    }

    /// What a worker meant to run next and did not get to since the turns were noted.
    fn take_held(&self, own: usize, seen: &[u64; SEEN]) -> *mut Runnable {
        for (w, &turns) in self.workers().zip(seen) {
            if w.index != own && w.turns.load(Ordering::Relaxed) == turns {
                let r = w.slot.swap(null_mut(), Ordering::AcqRel);
                if !r.is_null() {
                    return r;
                }
            }
        }
        null_mut()
    }

    /// Hands a wait whose time may be up to whoever sleeps: its next deadline came closer.
    pub fn deadline_moved(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) != 0 {
            self.signal_one();
        }
    }

    /// Actors that have messages or are at work.
    pub fn actors_are_busy(&self) -> bool {
        // What became idle was counted as busy before, so nothing is missed in this order.
        let outsiders = self.outsiders.lock();
        // SAFETY: workers live until the process ends.
        let all = || self.workers().chain(outsiders.iter().map(|&w| unsafe { &*w }));
        let idle: u64 = all().map(|w| w.idle.load(Ordering::Acquire)).sum();
        let busy: u64 = all().map(|w| w.busy.load(Ordering::Acquire)).sum();
        busy != idle
    }
}

/// Adds one to a counter that only this thread changes.
pub fn bump(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Release);
}

/// Starts a thread; `false` if the system gives none.
pub fn thread(argument: usize, stack_size: usize, run: extern "C" fn(*mut libc::c_void) -> *mut libc::c_void) -> bool {
    // SAFETY: the attributes are initialised before they are used; the argument lives as long as the process.
    unsafe {
        let mut attributes: libc::pthread_attr_t = core::mem::zeroed();
        let mut id: libc::pthread_t = core::mem::zeroed();
        libc::pthread_attr_init(&raw mut attributes);
        libc::pthread_attr_setdetachstate(&raw mut attributes, libc::PTHREAD_CREATE_DETACHED);
        libc::pthread_attr_setstacksize(&raw mut attributes, stack_size);
        let error = libc::pthread_create(&raw mut id, &raw const attributes, run, argument as *mut libc::c_void);
        libc::pthread_attr_destroy(&raw mut attributes);
        error == 0
    }
}

/// A worker's thread only ever runs on stacks of the scheduler.
extern "C" fn worker_thread(worker: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: workers live until the process ends; a new stack runs `work`.
    unsafe {
        let worker = worker.cast::<Worker>();
        (*(*worker).shared).sched.searching.fetch_add(1, Ordering::SeqCst);
        (*worker).signal.store(1, Ordering::SeqCst);
        let state = take_stack(&*worker);
        (*state).fiber.set_worker(worker);
        let mut here = null_mut();
        switch(&raw mut here, (*state).fiber.stack.load(Ordering::Relaxed));
    }
    null_mut()
}

/// A stack that stands in [`work`] or is about to begin it.
///
/// # Safety
/// Called by the worker's thread.
unsafe fn take_stack(worker: &Worker) -> *mut State {
    // SAFETY: only this thread uses `own`.
    let own = unsafe { &mut *worker.own.get() };
    if let Some(s) = own.idle.pop() {
        return s;
    }
    // SAFETY: the shared part lives until the process ends.
    let shared = unsafe { &*worker.shared };
    if let Some(s) = shared.sched.spare.lock().pop() {
        return s;
    }
    let (top, size) = {
        let mut stacks = shared.sched.stacks.lock();
        let Some(top) = stacks.take() else { super::no_memory() };
        (top, stacks.size)
    };
    // SAFETY: the stack is unused, the state new.
    unsafe {
        let state = shared.new_state(worker.shared);
        (*state).fiber.stack.store(prepare(top, work_entry, state as usize), Ordering::Relaxed);
        (*state).ctx.stack_limit = super::stack::limit(top - size, size);
        (*state).stack_top = top;
        state
    }
}

unsafe extern "C" fn work_entry(state: usize) -> ! {
    // SAFETY: the stack was prepared with its state.
    unsafe { work(state as *mut State) }
}

/// A stack that was told to go on does so, and sees what was written before it was told.
fn take_notice(fiber: &Fiber) {
    fiber.parked.store(RUNNING, Ordering::SeqCst);
    fence(Ordering::SeqCst);
}

/// What a switch left to be done on the new stack: the old one counts as parked from now on.
///
/// # Safety
/// Called on a stack right after a switch to it.
unsafe fn arrived(me: *mut State) {
    // SAFETY: the state runs, so its worker is valid and its thread is this one.
    unsafe {
        let worker = &*(*me).fiber.worker();
        let left = match core::mem::replace(&mut (*worker.own.get()).left, Left::Nothing) {
            Left::Nothing => return,
            Left::Spare(s) => return (*worker.shared).sched.spare.lock().push(s),
            Left::Parking(s) => s,
        };
        let fiber = &(*left).fiber;
        let sched = &(*worker.shared).sched;
        if fiber.goes_home.load(Ordering::SeqCst) {
            // Only the first worker takes it from here.
            sched.home.store(true, Ordering::SeqCst);
            return sched.signal_first();
        }
        let seq = fiber.wait.seq();
        if fiber.parked.compare_exchange(RUNNING, PARKED, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            take_notice(fiber);
            worker.append(fiber.runnable());
        } else {
            deadlock::look_for_cycle(me, left, seq);
        }
    }
}

/// Runs what there is to run, for ever.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
unsafe fn work(me: *mut State) -> ! {
    // SAFETY: items in queues are valid and belong to who takes them; the state's worker is this thread's.
    unsafe {
        loop {
            arrived(me);
            let worker = &*(*me).fiber.worker();
            let item = worker.find();
            bump(&worker.turns);
            match (*item).kind {
                Kind::Stack => {
                    let to = item.cast::<u8>().sub(offset_of!(State, fiber)).cast::<State>();
                    let own = &mut *worker.own.get();
                    if own.idle.len() < IDLE_STACKS {
                        own.idle.push(me);
                        go(me, to, Left::Nothing);
                    } else {
                        go(me, to, Left::Spare(me));
                    }
                }
                Kind::Task => task::run(me, item.cast()),
                Kind::Actor => actor::run(me, item.cast()),
                Kind::Later => actor::run_later(me, item.cast()),
            }
        }
    }
}

/// Switches from the stack of `me` to another on the same worker.
///
/// # Safety
/// `me` runs here, `to` does not run anywhere.
unsafe fn go(me: *mut State, to: *mut State, left: Left) {
    // SAFETY: by the caller's promise.
    unsafe {
        let worker = (*me).fiber.worker();
        (*(*worker).own.get()).left = left;
        (*to).fiber.set_worker(worker);
        // Relaxed: who is to run on a stack has taken it from a queue or from this worker since it was left.
        switch((*me).fiber.stack.as_ptr(), (*to).fiber.stack.load(Ordering::Relaxed));
    }
}

/// Leaves the worker to others until somebody wakes this stack. Returns at once if that has happened already.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
unsafe fn park(me: *mut State) {
    // SAFETY: by the caller's promise.
    unsafe {
        let fiber = &(*me).fiber;
        if fiber.parked.load(Ordering::SeqCst) == NOTIFIED {
            return take_notice(fiber);
        }
        let worker = &*fiber.worker();
        if fiber.apart.load(Ordering::Relaxed) {
            return park_thread(me, worker);
        }
        (*worker.shared).sched.start(worker.shared);
        // What runs next may be a stack: then go there at once.
        let next = worker.next_stack();
        let to = if next.is_null() { take_stack(worker) } else { next };
        go(me, to, Left::Parking(me));
        arrived(me);
    }
}

/// Has the thread of a stack sleep until somebody wakes it.
///
/// # Safety
/// As for [`park`]; the thread is the stack's own.
unsafe fn park_thread(me: *mut State, worker: &Worker) {
    // SAFETY: by the caller's promise.
    unsafe {
        let fiber = &(*me).fiber;
        let shared = &*worker.shared;
        let seq = fiber.wait.seq();
        if fiber.parked.compare_exchange(RUNNING, PARKED, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return take_notice(fiber);
        }
        // Counted as at work until the cycle that its own wait closed is broken: else somebody who falls asleep meanwhile
        // takes that for a standstill, and breaks a wait too many.
        deadlock::look_for_cycle(me, me, seq);
        shared.sched.external.fetch_sub(1, Ordering::SeqCst);
        shared.sched.check_standstill(shared);
        while fiber.signal.swap(0, Ordering::Acquire) == 0 {
            futex_wait(&fiber.signal, 0, None);
        }
    }
}

/// Lets a stack go on, now or when it is about to park.
///
/// # Safety
/// `who` is a state of this program; `me` is the one whose code runs here, or null on other threads.
pub unsafe fn wake(me: *mut State, who: *mut State) {
    // SAFETY: states live until the process ends.
    unsafe {
        let parked = &(*who).fiber.parked;
        loop {
            match parked.load(Ordering::SeqCst) {
                PARKED => {
                    if parked.compare_exchange(PARKED, RUNNING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                        let fiber = &(*who).fiber;
                        let sched = &(*(*who).shared).sched;
                        if fiber.apart.load(Ordering::Relaxed) {
                            // Whoever wakes it is at work itself, so that nothing stood still before it counts.
                            sched.external.fetch_add(1, Ordering::SeqCst);
                            sched.note_move();
                            fiber.signal.store(1, Ordering::Release);
                            futex_wake(&fiber.signal);
                        } else if me.is_null() {
                            sched.inject(fiber.runnable());
                        } else {
                            let own = &(*me).fiber;
                            (*own.worker()).push(fiber.runnable(), own.actor().is_null());
                        }
                        return;
                    }
                }
                RUNNING => {
                    if parked.compare_exchange(RUNNING, NOTIFIED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                        return;
                    }
                }
                _ => {
                    // Somebody else was first. What was written before this call must be there for all when the other
                    // notice is still there: whoever takes it looks at its condition after that.
                    fence(Ordering::SeqCst);
                    if parked.load(Ordering::SeqCst) == NOTIFIED {
                        return;
                    }
                }
            }
        }
    }
}

/// Ends somebody's wait number `seq` with an outcome, unless it has ended.
///
/// # Safety
/// As for [`wake`].
pub unsafe fn end_wait(me: *mut State, who: *mut State, seq: u64, outcome: Outcome) {
    // SAFETY: states live until the process ends.
    unsafe {
        let set = &(*who).fiber.outcome;
        let ended = seq << 8 | outcome as u64;
        if set.compare_exchange(seq << 8, ended, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            wake(me, who);
        }
    }
}

impl Worker {
    fn new(index: usize, shared: *const Shared) -> Worker {
        Worker {
            index,
            shared,
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            ring: [const { AtomicPtr::new(null_mut()) }; QUEUE],
            slot: AtomicPtr::new(null_mut()),
            own: UnsafeCell::new(Own {
                idle: Vec::new(),
                left: Left::Nothing,
                random: 0x9e37_79b9_7f4a_7c15 ^ (index as u64).wrapping_add(1),
                turns: 0,
                slot_runs: 0,
            }),
            signal: AtomicU32::new(0),
            turns: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            idle: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        }
    }

    fn sched(&self) -> &Scheduler {
        // SAFETY: the shared part lives until the process ends.
        unsafe { &(*self.shared).sched }
    }

    /// Queues something that this worker will run next. After a `long` turn another worker that has nothing to do may take it.
    ///
    /// # Safety
    /// Called by the worker's thread; the item is in no queue.
    pub unsafe fn push(&self, r: *mut Runnable, long: bool) {
        if self.index == OUTSIDER {
            self.sched().start(self.shared);
            return self.sched().inject(r);
        }
        let before = self.slot.swap(r, Ordering::SeqCst);
        self.sched().start(self.shared);
        if !before.is_null() {
            // SAFETY: by the caller's promise.
            unsafe { self.append(before) };
            self.sched().wake_one();
        } else if long {
            self.sched().wake_one();
        }
    }

    /// Queues something that another worker may well take.
    ///
    /// # Safety
    /// As for [`push`](Worker::push).
    pub unsafe fn offer(&self, r: *mut Runnable) {
        if self.index == OUTSIDER {
            self.sched().start(self.shared);
            return self.sched().inject(r);
        }
        self.sched().start(self.shared);
        // SAFETY: by the caller's promise.
        unsafe { self.append(r) };
        self.sched().wake_one();
    }

    unsafe fn append(&self, r: *mut Runnable) {
        let tail = self.tail.load(Ordering::Relaxed);
        let head = self.head.load(Ordering::Acquire);
        if tail.wrapping_sub(head) < QUEUE as u32 {
            self.ring[tail as usize % QUEUE].store(r, Ordering::Relaxed);
            self.tail.store(tail.wrapping_add(1), Ordering::SeqCst);
            return;
        }
        // The older half makes room.
        for _ in 0..QUEUE / 2 {
            let old = self.pop();
            if old.is_null() {
                break;
            }
            self.sched().put_common(old);
        }
        self.sched().put_common(r);
    }

    fn pop(&self) -> *mut Runnable {
        loop {
            let head = self.head.load(Ordering::Acquire);
            if head == self.tail.load(Ordering::Relaxed) {
                return null_mut();
            }
            let r = self.ring[head as usize % QUEUE].load(Ordering::Relaxed);
            if self.head.compare_exchange(head, head.wrapping_add(1), Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return r;
            }
        }
    }

    /// Takes half of another worker's queue; the first of it is returned.
    unsafe fn steal(&self, from: &Worker) -> *mut Runnable {
        loop {
            let head = from.head.load(Ordering::Acquire);
            let tail = from.tail.load(Ordering::Acquire);
            let n = tail.wrapping_sub(head);
            if n == 0 {
                return null_mut();
            }
            if n > QUEUE as u32 {
                continue;
            }
            let n = n - n / 2;
            let mut taken = [null_mut(); QUEUE / 2];
            for i in 0..n {
                taken[i as usize] = from.ring[head.wrapping_add(i) as usize % QUEUE].load(Ordering::Relaxed);
            }
            if from.head.compare_exchange(head, head.wrapping_add(n), Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                for &r in &taken[1..n as usize] {
                    // SAFETY: the items are this worker's now.
                    unsafe { self.append(r) };
                }
                return taken[0];
            }
        }
    }

    /// The next item if it is at hand and a stack.
    unsafe fn next_stack(&self) -> *mut State {
        let next = self.slot.load(Ordering::Acquire);
        // SAFETY: others may take it out of the slot, but stacks stay valid memory until the process ends; tasks and actors
        // may not, so the item is looked at only once it is this worker's.
        unsafe {
            let own = &mut *self.own.get();
            own.slot_runs += 1;
            if next.is_null() || own.slot_runs >= SLOT_RUNS {
                return null_mut();
            }
            let next = self.slot.swap(null_mut(), Ordering::AcqRel);
            if next.is_null() {
                return null_mut();
            }
            if (*next).kind == Kind::Stack {
                bump(&self.turns);
                return next.cast::<u8>().sub(offset_of!(State, fiber)).cast();
            }
            let other = self.slot.swap(next, Ordering::AcqRel);
            if !other.is_null() {
                self.append(other);
            }
        }
        null_mut()
    }

    /// Waits until there is something to run.
    unsafe fn find(&self) -> *mut Runnable {
        let sched = self.sched();
        // SAFETY: this is the worker's thread.
        let own = unsafe { &mut *self.own.get() };
        let mut searching = self.signal.load(Ordering::Acquire) != 0 && self.signal.swap(0, Ordering::AcqRel) != 0;
        let mut tries = 0;
        let mut seen = [0; SEEN];
        let found = loop {
            // SAFETY: as above.
            let at_hand = unsafe { self.at_hand(own) };
            if !at_hand.is_null() {
                break at_hand;
            }
            if !searching {
                searching = true;
                sched.searching.fetch_add(1, Ordering::SeqCst);
            }
            // SAFETY: as above.
            let stolen = unsafe { self.steal_from_any(own) };
            if !stolen.is_null() {
                break stolen;
            }
            tries += 1;
            if tries < SEARCHES {
                for _ in 0..32 {
                    core::hint::spin_loop();
                }
                if tries == 1 {
                    sched.note_turns(&mut seen);
                }
                continue;
            }
            tries = 0;
            let held = sched.take_held(self.index, &seen);
            if !held.is_null() {
                break held;
            }
            searching = self.sleep();
        };
        if searching && sched.searching.fetch_sub(1, Ordering::SeqCst) == 1 {
            // There may be more for others.
            if sched.has_work() {
                sched.wake_one();
            }
        }
        found
    }

    /// What this worker runs next without a search: main if it is to come home, then its slot, its queue, the common queue
    /// and what is due. Now and then the common queue comes first.
    #[inline]
    unsafe fn at_hand(&self, own: &mut Own) -> *mut Runnable {
        let sched = self.sched();
        if self.index == 0 && sched.home.load(Ordering::SeqCst) && sched.home.swap(false, Ordering::SeqCst) {
            // SAFETY: main is parked and nobody else wakes it.
            return unsafe { (*self.shared).main_run() };
        }
        own.turns = own.turns.wrapping_add(1);
        let mut found = null_mut();
        if own.turns.is_multiple_of(COMMON_EVERY) {
            sched.timers.fire(self.shared);
            found = sched.take_common();
        }
        if found.is_null() {
            // SAFETY: by the caller's promise.
            found = unsafe { self.take_slot(own) };
        }
        if found.is_null() {
            found = self.pop();
        }
        if found.is_null() {
            found = sched.take_common();
        }
        if found.is_null() {
            sched.timers.fire(self.shared);
            found = sched.take_common();
        }
        found
    }

    /// What was woken last, unless too much came from the slot already: then it goes to the queue.
    #[inline]
    unsafe fn take_slot(&self, own: &mut Own) -> *mut Runnable {
        let at_hand = !self.slot.load(Ordering::Relaxed).is_null();
        let r = if at_hand { self.slot.swap(null_mut(), Ordering::AcqRel) } else { null_mut() };
        if r.is_null() {
            own.slot_runs = 0;
            return r;
        }
        own.slot_runs += 1;
        if own.slot_runs < SLOT_RUNS {
            return r;
        }
        own.slot_runs = 0;
        // SAFETY: the item is this worker's, whose thread this is.
        unsafe { self.append(r) };
        null_mut()
    }

    /// Takes half of the queue of the first worker that has one, beginning anywhere.
    unsafe fn steal_from_any(&self, own: &mut Own) -> *mut Runnable {
        own.random ^= own.random << 13;
        own.random ^= own.random >> 7;
        own.random ^= own.random << 17;
        let sched = self.sched();
        let count = sched.count.load(Ordering::Acquire);
        for n in 0..count {
            let n = (own.random as usize).wrapping_add(n) % count;
            if n == self.index {
                continue;
            }
            // SAFETY: workers below the count exist; this is the worker's thread.
            let found = unsafe { self.steal(&*sched.workers[n].load(Ordering::Acquire)) };
            if !found.is_null() {
                return found;
            }
        }
        null_mut()
    }

    /// Sleeps until there is work, or a timer is due; whether it was signalled. It counts as searching before, and
    /// afterwards if it was.
    fn sleep(&self) -> bool {
        let sched = self.sched();
        let mut sleepers = sched.sleepers.lock();
        sleepers.push(self.index);
        sched.asleep.store(sleepers.len(), Ordering::SeqCst);
        drop(sleepers);
        sched.searching.fetch_sub(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let home = self.index == 0 && sched.home.load(Ordering::SeqCst);
        if !sched.has_work() && !home {
            // SAFETY: the shared part lives until the process ends.
            sched.check_standstill(unsafe { &*self.shared });
            let next = sched.timers.next();
            let limit = (next != u64::MAX).then(|| next.saturating_sub(now()));
            if limit != Some(0) && !sched.has_work() {
                futex_wait(&self.signal, 0, limit);
            }
        }
        let mut sleepers = sched.sleepers.lock();
        let own = sleepers.iter().position(|&n| n == self.index);
        if let Some(n) = own {
            sleepers.swap_remove(n);
            sched.asleep.store(sleepers.len(), Ordering::SeqCst);
            sched.note_move();
        }
        drop(sleepers);
        if sched.monitor.swap(0, Ordering::SeqCst) != 0 {
            futex_wake(&sched.monitor);
        }
        if own.is_some() {
            return false;
        }
        // Whoever took it off the list signals it.
        while self.signal.swap(0, Ordering::AcqRel) == 0 {
            core::hint::spin_loop();
        }
        true
    }
}

/// Looks after what long turns hold up.
extern "C" fn monitor_thread(shared: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: the shared part lives until the process ends.
    let shared = unsafe { &*shared.cast::<Shared>() };
    let sched = &shared.sched;
    let mut held = 0;
    loop {
        if sched.asleep.load(Ordering::SeqCst) == sched.count.load(Ordering::SeqCst) {
            sched.monitor.store(1, Ordering::SeqCst);
            if sched.asleep.load(Ordering::SeqCst) == sched.count.load(Ordering::SeqCst) {
                futex_wait(&sched.monitor, 1, Some(100 * MONITOR_PERIOD));
            }
            sched.monitor.store(0, Ordering::SeqCst);
        }
        // SAFETY: sleeps.
        unsafe { libc::usleep((MONITOR_PERIOD / 1000) as u32) };
        sched.timers.fire(core::ptr::from_ref(shared));
        let mut progress = false;
        for w in sched.workers() {
            let turns = w.turns.load(Ordering::Relaxed);
            if w.seen.swap(turns, Ordering::Relaxed) == turns {
                // A long turn: others may have what it meant to run next.
                sched.moves.fetch_add(1, Ordering::SeqCst);
                let r = w.slot.swap(null_mut(), Ordering::SeqCst);
                if !r.is_null() {
                    sched.inject(r);
                }
                sched.moves.fetch_add(1, Ordering::SeqCst);
            } else {
                progress = true;
            }
        }
        let work = sched.has_work();
        if progress || sched.asleep.load(Ordering::SeqCst) != 0 || !work {
            if work {
                sched.wake_one();
            }
            held = 0;
            continue;
        }
        held += 1;
        if held >= HELD_LOOKS && sched.count.load(Ordering::SeqCst) < MOST_WORKERS {
            held = 0;
            let w = sched.add_worker(core::ptr::from_ref(shared));
            thread(w as usize, LITTLE_STACK_SIZE, worker_thread);
        }
    }
}

impl State {
    /// Parks until `ready` holds, the deadline passes or the wait is ended otherwise. Whoever makes `ready` hold wakes
    /// this stack afterwards.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on; no lock is held.
    pub unsafe fn wait_for(
        me: *mut State,
        kind: WaitKind,
        target: *const u8,
        place: u64,
        deadline: u64,
        ready: impl Fn() -> bool,
    ) -> Outcome {
        if ready() {
            return Outcome::Ready;
        }
        // SAFETY: by the caller's promise.
        unsafe {
            if let Some(task) = (*me).fiber.task().as_ref()
                && task.is_cancelled()
                && !(*me).cancelling
            {
                return Outcome::Cancelled;
            }
            // Others change parts of it meanwhile, so no reference to the whole lives across the wait.
            let fiber = &raw const (*me).fiber;
            loop {
                if let Some(isolate) = (*me).isolate {
                    // What is done there may wait too, so it is no part of this wait.
                    (isolate.serve)(me);
                }
                let seq = (*fiber).wait.begin(kind, target, place);
                (*fiber).outcome.store(seq << 8, Ordering::SeqCst);
                if deadline != u64::MAX {
                    (*fiber).deadline.store(deadline, Ordering::SeqCst);
                    (*(*me).shared).sched.timers.set(me, deadline);
                }
                let outcome = loop {
                    if ready() {
                        break Some(Outcome::Ready);
                    }
                    match (*fiber).outcome.load(Ordering::SeqCst) & 0xff {
                        0 => {}
                        1 => break Some(Outcome::TimeUp),
                        2 => break Some(Outcome::Deadlock),
                        _ => break Some(Outcome::Cancelled),
                    }
                    if (*me).isolate.is_some() && (*(*me).shared).wanted.is_waiting() {
                        break None;
                    }
                    park(me);
                };
                (*fiber).deadline.store(u64::MAX, Ordering::SeqCst);
                (*fiber).wait.end();
                if let Some(outcome) = outcome {
                    return outcome;
                }
            }
        }
    }

    /// Lets others run; goes on later.
    ///
    /// # Safety
    /// As for [`wait_for`](State::wait_for).
    pub unsafe fn yield_now(me: *mut State) {
        // SAFETY: by the caller's promise.
        unsafe {
            let sched = &(*(*me).shared).sched;
            if !sched.started() {
                return;
            }
            if (*me).fiber.apart.load(Ordering::Relaxed) {
                libc::sched_yield();
                return;
            }
            (*me).fiber.parked.store(NOTIFIED, Ordering::SeqCst);
            let worker = &*(*me).fiber.worker();
            let to = take_stack(worker);
            go(me, to, Left::Parking(me));
            arrived(me);
        }
    }

    /// Goes on at the first worker's thread.
    ///
    /// # Safety
    /// As for [`wait_for`](State::wait_for).
    pub unsafe fn go_home(me: *mut State) {
        // SAFETY: by the caller's promise.
        unsafe {
            if (*me).worker().index == 0 {
                return;
            }
            (*me).fiber.goes_home.store(true, Ordering::SeqCst);
            let to = take_stack(&*(*me).fiber.worker());
            go(me, to, Left::Parking(me));
            arrived(me);
            (*me).fiber.goes_home.store(false, Ordering::SeqCst);
        }
    }

    /// The worker that this stack runs on.
    pub fn worker(&self) -> &Worker {
        // SAFETY: the code of the state runs, so that its worker is valid.
        unsafe { &*self.fiber.worker() }
    }
}

#[cfg(test)]
pub(super) mod tests;
