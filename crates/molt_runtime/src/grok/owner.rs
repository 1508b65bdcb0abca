//! Who owns what code makes on a stack: the actor or the task that runs there, or main.

use alloc::vec::Vec;
use core::sync::atomic::AtomicPtr;

use super::actor::Actor;
use super::locals::{self, Local};
use super::lock::Lock;
use super::task::Task;
use super::{State, gc};

/// What every actor, every task and main has for itself.
#[derive(Default)]
pub struct Own {
    /// Values of `ThreadLocal`s.
    pub locals: Lock<Vec<Local>>,
    /// Collected values; null until there is one.
    pub heap: AtomicPtr<gc::Heap>,
}

impl Own {
    /// Drops all of it.
    ///
    /// # Safety
    /// `me` is the state of the stack that this runs on; the owner's code has ended.
    pub unsafe fn end(&self, me: *mut State) {
        // SAFETY: by the caller's promise.
        unsafe {
            locals::end(me, &self.locals);
            gc::end(me, &self.heap);
        }
    }
}

/// Whose code runs on a stack.
pub enum Owner {
    Actor(*mut Actor),
    Task(*mut Task),
    Main,
}

impl Owner {
    /// # Safety
    /// `me` is the state of the stack that this runs on.
    pub unsafe fn of(me: *mut State) -> Owner {
        // SAFETY: by the caller's promise.
        let fiber = unsafe { &(*me).fiber };
        let (actor, task) = (fiber.actor(), fiber.task());
        if !actor.is_null() {
            Owner::Actor(actor)
        } else if !task.is_null() {
            Owner::Task(task)
        } else {
            Owner::Main
        }
    }
}

/// What belongs to whose code runs on a stack.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
pub unsafe fn own<'a>(me: *mut State) -> &'a Own {
    // SAFETY: the actor or task whose code runs is alive, states are until the process ends.
    unsafe {
        match Owner::of(me) {
            Owner::Actor(actor) => &(*actor).more().own,
            Owner::Task(task) => &(*task).own,
            Owner::Main => &(*me).own,
        }
    }
}
