//! Tasks: a closure that runs on its own, and its result.
//!
//! A task is a block of memory with the [`Task`] in front of room for the closure, later the result. The library knows it by
//! the address of that room.

use alloc::vec::Vec;
use core::mem::size_of;
use core::ptr::{drop_in_place, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use molt_abi::Context;

use super::deadlock::WaitKind;
use super::future::{Node, notify};
use super::lock::Lock;
use super::owner::Own;
use super::sched::{Kind, Outcome, Runnable, end_wait, wake};
use super::{State, apart, give, grab};

/// A function of compiled code that takes an address; whether it panicked.
pub type Code = unsafe extern "C" fn(*mut Context, *mut u8) -> u64;

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const CANCELLED: u8 = 2;

#[repr(C)]
pub struct Task {
    run: Runnable,
    pub number: u64,
    size: usize,
    /// The handle and the run.
    refs: AtomicU32,
    status: AtomicU8,
    /// The result was moved out, or there is none.
    taken: AtomicBool,
    cancel: AtomicBool,
    failed: AtomicBool,
    body: Code,
    drop_result: Code,
    pub running_on: AtomicPtr<State>,
    joiners: Lock<Vec<Joiner>>,
    pub own: Own,
}

/// Who waits for the end of a task.
struct Joiner {
    state: *mut State,
    /// A future waits: what it is below.
    node: Option<*mut Node>,
    /// Tells it from others that wait on the same stack.
    who: *const (),
}

/// Bytes before the room.
const HEAD: usize = size_of::<Task>().next_multiple_of(16);

static NUMBERS: AtomicU64 = AtomicU64::new(1);

unsafe fn of(room: u64) -> *mut Task {
    (room as usize - HEAD) as *mut Task
}

unsafe fn release(me: *mut State, task: *mut Task) {
    // SAFETY: the caller owned a reference.
    unsafe {
        if (*task).refs.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        if !(*task).taken.load(Ordering::Acquire) {
            ((*task).drop_result)(me.cast(), task.cast::<u8>().add(HEAD));
        }
        let size = (*task).size;
        drop_in_place(task);
        give(me, task.cast(), HEAD + size, 16);
    }
}

/// Runs a task on the stack of `me` to its end.
///
/// # Safety
/// Called by the scheduler.
pub unsafe fn run(me: *mut State, task: *mut Task) {
    // SAFETY: the task belongs to its run.
    unsafe {
        (*me).fiber.set_task(task);
        (*task).running_on.store(me, Ordering::SeqCst);
        let room = task.cast::<u8>().add(HEAD);
        // A panic is part of the result.
        ((*task).body)(me.cast(), room);
        (*task).own.end(me);
        let status = if core::mem::take(&mut (*me).cancelling) { CANCELLED } else { DONE };
        (*task).running_on.store(null_mut(), Ordering::SeqCst);
        let mut joiners = (*task).joiners.lock();
        (*task).status.store(status, Ordering::SeqCst);
        let waiting = core::mem::take(&mut *joiners);
        for j in &waiting {
            if let Some(node) = j.node {
                notify(j.state, node);
            }
        }
        drop(joiners);
        for j in waiting {
            wake(me, j.state);
        }
        release(me, task);
        (*me).fiber.set_task(null_mut());
    }
}

/// Where the closure of a task lies.
///
/// # Safety
/// The task runs.
pub unsafe fn room_range(task: *mut Task) -> (usize, usize) {
    let room = task as usize + HEAD;
    // SAFETY: by the caller's promise.
    (room, room + unsafe { (*task).size })
}

/// Whether the task of a room has ended.
///
/// # Safety
/// The caller keeps the task.
pub unsafe fn is_done(room: u64) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { (*of(room)).status.load(Ordering::SeqCst) != RUNNING }
}

/// Has a stack be woken when the task ends, unless it has ended; with a node the future below that is polled again.
///
/// # Safety
/// The caller keeps the task.
pub unsafe fn add_joiner(room: u64, state: *mut State, node: Option<*mut Node>, who: *const ()) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut joiners = (*of(room)).joiners.lock();
        if !is_done(room) {
            joiners.push(Joiner { state, node, who });
        }
    }
}

/// It does not wait any more.
///
/// # Safety
/// The caller keeps the task.
pub unsafe fn remove_joiner(room: u64, who: *const ()) {
    // SAFETY: by the caller's promise.
    unsafe { (*of(room)).joiners.lock().retain(|j| j.who != who) }
}

impl Task {
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::SeqCst)
    }
}

entries! {
    grok_task_new(me, size, body, drop_result) -> u64 {
        let size = size as usize;
        // SAFETY: the block is large enough; the addresses are those of compiled functions.
        unsafe {
            let task = grab(me, HEAD + size, 16).cast::<Task>();
            task.write(Task {
                run: Runnable::new(Kind::Task),
                number: NUMBERS.fetch_add(1, Ordering::Relaxed),
                size,
                refs: AtomicU32::new(2),
                status: AtomicU8::new(RUNNING),
                taken: AtomicBool::new(false),
                cancel: AtomicBool::new(false),
                failed: AtomicBool::new(false),
                body: core::mem::transmute::<usize, Code>(body as usize),
                drop_result: core::mem::transmute::<usize, Code>(drop_result as usize),
                running_on: AtomicPtr::new(null_mut()),
                joiners: Lock::new(Vec::new()),
                own: Own::default(),
            });
            task as u64 + HEAD as u64
        }
    }
    grok_task_current(me) -> u64 {
        // SAFETY: compiled code passes its context; its task exists.
        unsafe { (*me).fiber.task().as_ref().map_or(0, |t| t.number) }
    }
    grok_task_retain(_me, room) {
        // SAFETY: the handle keeps the task.
        unsafe { (*of(room)).refs.fetch_add(1, Ordering::Relaxed) };
    }
    grok_task_fail(_me, room) {
        // SAFETY: the task runs.
        unsafe { (*of(room)).failed.store(true, Ordering::SeqCst) }
    }
    grok_task_failed(_me, room) -> u64 {
        // SAFETY: the caller keeps the task.
        unsafe {
            let task = &*of(room);
            u64::from(task.failed.load(Ordering::SeqCst) && !task.taken.load(Ordering::SeqCst))
        }
    }
    grok_task_start(me, room) {
        // SAFETY: the task was just made.
        unsafe { (*me).worker().offer(of(room).cast()) }
    }
    grok_task_start_apart(me, room) -> u64 {
        // SAFETY: the task was just made.
        u64::from(unsafe { apart::start(me, of(room)) })
    }
    grok_task_join(me, room, place) -> u64 {
        // SAFETY: the handle keeps the task.
        unsafe {
            let task = of(room);
            if !is_done(room) {
                add_joiner(room, me, None, me.cast());
            }
            let ready = || is_done(room);
            let outcome = State::wait_for(me, WaitKind::Join, task.cast(), place, u64::MAX, ready);
            match outcome {
                Outcome::Ready if (*task).status.load(Ordering::SeqCst) == CANCELLED => 4,
                Outcome::Ready => 0,
                other => {
                    remove_joiner(room, me.cast());
                    other as u64
                }
            }
        }
    }
    grok_task_took(_me, room) {
        // SAFETY: the handle keeps the task.
        unsafe { (*of(room)).taken.store(true, Ordering::Release) }
    }
    grok_task_release(me, room) {
        // SAFETY: the handle ends here.
        unsafe { release(me, of(room)) }
    }
    grok_task_finished(_me, room) -> u64 {
        // SAFETY: the handle keeps the task.
        unsafe { u64::from(is_done(room)) }
    }
    grok_task_cancel(me, room) {
        // SAFETY: the handle keeps the task.
        unsafe {
            let task = of(room);
            (*task).cancel.store(true, Ordering::SeqCst);
            let on = (*task).running_on.load(Ordering::SeqCst);
            if !on.is_null() {
                let seq = (*on).fiber.wait.seq();
                if seq % 2 == 1 && (*on).fiber.task() == task {
                    end_wait(me, on, seq, Outcome::Cancelled);
                }
            }
        }
    }
    grok_task_yield(me) {
        // SAFETY: compiled code passes its context.
        unsafe { State::yield_now(me) }
    }
    grok_sleep(me, nanoseconds, place) -> u64 {
        // SAFETY: compiled code passes its context.
        unsafe {
            let end = super::sched::now().saturating_add(nanoseconds).min(u64::MAX - 1);
            match State::wait_for(me, WaitKind::Sleep, core::ptr::null(), place, end, || false) {
                Outcome::TimeUp => 0,
                other => other as u64,
            }
        }
    }
    grok_deadlock_text(me, out) -> i64 {
        // SAFETY: `out` is a variable of the library for an address.
        unsafe {
            let text = core::mem::take(&mut *(*me).deadlock.lock());
            (*me).is_deadlocked = true;
            (*me).give(text, out)
        }
    }
    grok_panic_resume(_me) {}
    grok_panic_cancel(me) {
        // SAFETY: compiled code passes its context.
        unsafe { (*me).cancelling = true }
    }
}
