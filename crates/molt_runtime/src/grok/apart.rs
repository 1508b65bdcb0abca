//! Tasks with a thread of their own, for code that holds its thread up.
//!
//! Such a task runs on the stack of its thread, which is no worker: nobody else's code ever runs there. When it waits, the
//! thread sleeps; a wake rouses it. What it has others do goes to the common queue. While it runs it counts as work outside
//! of the workers, so the program does not stand still.
//!
//! The state and the worker's counters of a thread that has ended serve the next one.

use core::ptr::null_mut;
use core::sync::atomic::Ordering;

use super::sched::{THREAD_STACK_SIZE, thread};
use super::task::{self, Task};
use super::{State, stack};

/// Runs a task on a new thread; `false` if the system gives none.
///
/// # Safety
/// `me` is the state of the stack that this runs on; the task was just made.
pub unsafe fn start(me: *mut State, task: *mut Task) -> bool {
    // SAFETY: states live until the process ends; an idle one is nobody's.
    unsafe {
        let shared = (*me).shared;
        let sched = &(*shared).sched;
        sched.start(shared);
        let old = sched.idle_threads.lock().pop();
        let state = old.unwrap_or_else(|| {
            let state = (*shared).new_state(shared);
            (*state).fiber.set_apart(sched.add_outsider(shared));
            state
        });
        (*state).fiber.set_task(task);
        sched.external.fetch_add(1, Ordering::SeqCst);
        if thread(state as usize, THREAD_STACK_SIZE, run) {
            return true;
        }
        (*state).fiber.set_task(null_mut());
        sched.idle_threads.lock().push(state);
        sched.external.fetch_sub(1, Ordering::SeqCst);
        false
    }
}

extern "C" fn run(state: *mut libc::c_void) -> *mut libc::c_void {
    let me = state.cast::<State>();
    let here = 0u8;
    let low = (&raw const here).addr().saturating_sub(THREAD_STACK_SIZE);
    // SAFETY: the state was handed over by `start`, with a task that nobody else runs.
    unsafe {
        (*me).stack_top = (&raw const here).addr();
        (*me).ctx.stack_limit = stack::limit(low, THREAD_STACK_SIZE);
        task::run(me, (*me).fiber.task());
        let shared = &*(*me).shared;
        shared.sched.idle_threads.lock().push(me);
        shared.sched.external.fetch_sub(1, Ordering::SeqCst);
        shared.sched.check_standstill(shared);
    }
    null_mut()
}
