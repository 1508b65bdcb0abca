//! Who waits for whom: cycles, and programs that stand still.
//!
//! A wait for a task, an answer or a lock has an edge to the stack that is to end it. When a stack has parked, its chain of
//! edges is followed; if it comes back, nobody on it can go on. Waits without such an edge (for messages, for instance) are
//! found when no worker has anything to do, no timer is set and nothing goes on outside.
//!
//! A chain is read while others run. Each wait has a number; a stack on the chain is pinned while what it waits for is looked
//! at, and does not return from its wait before it is free again. A chain counts only if all its waits are still the same
//! and parked when its end was found.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::lock::Lock;
use super::sched::{self, Outcome};
use super::{Shared, SourcePlace, State, actor, sync, task};

/// What a stack waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum WaitKind {
    Nothing,
    /// A message of a channel; room in a channel.
    Receive,
    Send,
    /// The end of a task; the target is one.
    Join,
    /// An answer that the handler gives when it returns; the target is an actor.
    Ask,
    /// An answer that anybody may give; without a target, a call that main is to make.
    Answer,
    /// A lock; the target is one.
    Lock,
    /// A condition, permit or barrier.
    Signal,
    Sleep,
    /// A message of the actor's own mailbox.
    Message,
    /// Room in a mailbox.
    Mailbox,
    /// The end of an actor.
    Stop,
    Select,
    /// Anything that some future of the task waits for.
    Future,
    /// The end of the program.
    Shutdown,
}

impl WaitKind {
    const ALL: [WaitKind; 15] = [
        WaitKind::Nothing,
        WaitKind::Receive,
        WaitKind::Send,
        WaitKind::Join,
        WaitKind::Ask,
        WaitKind::Answer,
        WaitKind::Lock,
        WaitKind::Signal,
        WaitKind::Sleep,
        WaitKind::Message,
        WaitKind::Mailbox,
        WaitKind::Stop,
        WaitKind::Select,
        WaitKind::Future,
        WaitKind::Shutdown,
    ];
}

/// A stack's wait; others read it.
pub struct Wait {
    /// Odd while it waits.
    seq: AtomicU64,
    kind: AtomicU8,
    target: AtomicPtr<u8>,
    place: AtomicU64,
    since: AtomicU64,
    pins: AtomicU32,
}

/// `Root::deadlock`: who waits for ever is left waiting.
const LOG: u64 = 1;
const IGNORE: u64 = 3;

/// Held while a wait is ended because of a cycle.
static BREAKING: Lock<()> = Lock::new(());

/// Most stacks on a chain that is looked at.
const LONGEST: usize = 4096;

fn coarse_now() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = libc::CLOCK_MONOTONIC_COARSE;
    #[cfg(not(target_os = "linux"))]
    let clock = libc::CLOCK_MONOTONIC;
    crate::host::clock(clock)
}

impl Wait {
    pub const fn new() -> Wait {
        Wait {
            seq: AtomicU64::new(0),
            kind: AtomicU8::new(0),
            target: AtomicPtr::new(null_mut()),
            place: AtomicU64::new(0),
            since: AtomicU64::new(0),
            pins: AtomicU32::new(0),
        }
    }

    pub fn seq(&self) -> u64 {
        self.seq.load(Ordering::SeqCst)
    }

    /// Begins a wait; its number.
    pub fn begin(&self, kind: WaitKind, target: *const u8, place: u64) -> u64 {
        self.kind.store(kind as u8, Ordering::Relaxed);
        self.target.store(target.cast_mut(), Ordering::Relaxed);
        self.place.store(place, Ordering::Relaxed);
        self.since.store(coarse_now(), Ordering::Relaxed);
        self.seq.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Ends it. Returns when nobody looks at its target any more.
    pub fn end(&self) {
        self.seq.fetch_add(1, Ordering::SeqCst);
        while self.pins.load(Ordering::SeqCst) != 0 {
            core::hint::spin_loop();
        }
    }

    fn kind(&self) -> WaitKind {
        WaitKind::ALL[self.kind.load(Ordering::Relaxed) as usize]
    }
}

/// Calls `look` while what the parked stack waits for stays as it is; `None` if its wait is another one by now.
unsafe fn pinned<R>(state: *mut State, seq: u64, look: impl FnOnce(&Wait) -> R) -> Option<R> {
    // SAFETY: states live until the process ends.
    let wait = unsafe { &(*state).fiber.wait };
    wait.pins.fetch_add(1, Ordering::SeqCst);
    // SAFETY: as above.
    let same = wait.seq() == seq && seq % 2 == 1 && unsafe { (*state).fiber.is_parked() };
    let result = same.then(|| look(wait));
    wait.pins.fetch_sub(1, Ordering::SeqCst);
    result
}

/// The stack that is to end a wait, if that is known.
unsafe fn blocker(wait: &Wait) -> *mut State {
    let target = wait.target.load(Ordering::Relaxed);
    // SAFETY: the target belongs to the wait, which cannot end while it is pinned.
    unsafe {
        match wait.kind() {
            WaitKind::Join => (*target.cast::<task::Task>()).running_on.load(Ordering::SeqCst),
            WaitKind::Ask => (*target.cast::<actor::Actor>()).running_on.load(Ordering::SeqCst),
            WaitKind::Lock => (*target.cast::<sync::Mutex>()).owner.load(Ordering::SeqCst),
            _ => null_mut(),
        }
    }
}

/// Ends the wait of a stack that has just parked if it closed a cycle. `me` is the stack that runs here.
///
/// # Safety
/// Both are states of this program.
pub unsafe fn look_for_cycle(me: *mut State, left: *mut State, seq: u64) {
    // SAFETY: states live until the process ends.
    unsafe {
        let mut at = (left, seq);
        let mut chain = Vec::new();
        loop {
            let next = match pinned(at.0, at.1, |w| blocker(w)) {
                Some(n) if !n.is_null() && chain.len() < LONGEST => n,
                _ => return,
            };
            chain.push(at);
            if next == left {
                break;
            }
            at = (next, (*next).fiber.wait.seq());
            if chain.iter().any(|c| c.0 == next) {
                // A cycle that others closed.
                return;
            }
        }
        let mut text = String::from("deadlock: ");
        for (n, &(state, seq)) in chain.iter().enumerate() {
            let Some(part) = pinned(state, seq, |w| describe(state, w)) else { return };
            if n > 0 {
                text.push_str("; ");
            }
            text.push_str(&part);
        }
        // Of several who find the same cycle one breaks it.
        let _one = BREAKING.lock();
        if chain.iter().all(|&(state, seq)| (*state).fiber.is_parked() && (*state).fiber.goes_on_waiting(seq)) {
            break_wait(me, left, seq, text);
        }
    }
}

/// No worker has anything to do. Ends the wait that came last, if anybody waits.
///
/// # Safety
/// Called when nothing goes on, by one thread at a time.
pub unsafe fn stalled(shared: &Shared) {
    let mut waiting: Vec<*mut State> = Vec::new();
    for &state in shared.states.lock().iter() {
        // SAFETY: states live until the process ends.
        let wait = unsafe { &(*state).fiber.wait };
        // SAFETY: as above.
        if wait.seq() % 2 == 1 && unsafe { (*state).fiber.is_parked() } {
            if wait.kind() == WaitKind::Shutdown {
                // SAFETY: as above.
                unsafe { sched::end_wait(null_mut(), state, wait.seq(), Outcome::TimeUp) };
                return;
            }
            waiting.push(state);
        }
    }
    // SAFETY: as above.
    unsafe {
        let Some(&last) =
            waiting.iter().max_by_key(|s| ((*(**s)).fiber.wait.since.load(Ordering::Relaxed), (*(**s)).number))
        else {
            return;
        };
        let mut parts = Vec::new();
        for &state in &waiting {
            let seq = (*state).fiber.wait.seq();
            if let Some(part) = pinned(state, seq, |w| describe(state, w)) {
                parts.push(part);
            }
        }
        let more = parts.len().saturating_sub(16);
        parts.truncate(16);
        let mut text = format!("deadlock: nothing can go on: {}", parts.join("; "));
        if more > 0 {
            text.push_str(&format!("; and {more} more"));
        }
        break_wait(null_mut(), last, (*last).fiber.wait.seq(), text);
    }
}

unsafe fn break_wait(me: *mut State, state: *mut State, seq: u64, text: String) {
    // SAFETY: states live until the process ends.
    let action = unsafe { (*(*state).shared).root.deadlock };
    if action == LOG {
        crate::host::write_stderr(format!("{text}\n").as_bytes());
    }
    if action == LOG || action == IGNORE {
        return;
    }
    // SAFETY: states live until the process ends; the text is read by the state's own code after the outcome is set.
    unsafe {
        *(*state).deadlock.lock() = text.into_bytes();
        sched::end_wait(me, state, seq, Outcome::Deadlock);
    }
}

/// Whose code runs on a stack.
unsafe fn name(state: *mut State) -> String {
    // SAFETY: the state is pinned, so that its task or actor exists.
    unsafe {
        let fiber = &(*state).fiber;
        if let Some(a) = fiber.actor().as_ref() {
            return a.label();
        }
        match fiber.task().as_ref() {
            Some(t) => format!("task {}", t.number),
            None => String::from("main"),
        }
    }
}

/// `task 3 waits for a message of a channel at FILE:LINE:COL since 20 ms`.
unsafe fn describe(state: *mut State, wait: &Wait) -> String {
    let target = wait.target.load(Ordering::Relaxed);
    // SAFETY: the state is pinned, so that the target of its wait exists; places are static data.
    unsafe {
        let what = match wait.kind() {
            WaitKind::Nothing => String::from("waits"),
            WaitKind::Receive => String::from("waits for a message of a channel"),
            WaitKind::Send => String::from("waits for room in a channel"),
            WaitKind::Join => format!("waits for the end of task {}", (*target.cast::<task::Task>()).number),
            WaitKind::Ask | WaitKind::Answer => match target.cast::<actor::Actor>().as_ref() {
                Some(actor) => format!("waits for an answer of {}", actor.label()),
                None => String::from("waits for a call on the stack of main"),
            },
            WaitKind::Lock => String::from("waits for a lock"),
            WaitKind::Signal => String::from("waits for a signal"),
            WaitKind::Sleep => String::from("sleeps"),
            WaitKind::Message => String::from("waits for a message"),
            WaitKind::Mailbox => {
                format!("waits for room in the mailbox of {}", (*target.cast::<actor::Actor>()).label())
            }
            WaitKind::Stop => format!("waits for the end of {}", (*target.cast::<actor::Actor>()).label()),
            WaitKind::Select => String::from("waits in a `select`"),
            WaitKind::Future => String::from("waits for a future"),
            WaitKind::Shutdown => String::from("waits for the end of the program"),
        };
        let mut text = format!("{} {what}", name(state));
        if let Some(place) = (wait.place.load(Ordering::Relaxed) as *const SourcePlace).as_ref() {
            text.push_str(" at ");
            text.push_str(&place.text());
        }
        let since = coarse_now().saturating_sub(wait.since.load(Ordering::Relaxed)) / 1_000_000;
        text.push_str(&format!(" since {since} ms"));
        text
    }
}
