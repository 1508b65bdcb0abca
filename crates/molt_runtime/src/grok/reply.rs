//! Answers to questions: room for one value that one side fills and the other waits for.

use core::ptr::{drop_in_place, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};

use super::deadlock::WaitKind;
use super::future::{Node, notify};
use super::lock::Lock;
use super::sched::{Outcome, now, wake};
use super::{State, give, grab};

#[repr(C)]
struct Reply {
    size: usize,
    refs: AtomicU32,
    status: AtomicU8,
    /// The stack that waits, or whose future does: [`POLLED`] is added then.
    asker: AtomicPtr<State>,
    /// What the future is below.
    node: Lock<Option<*mut Node>>,
}

/// Added to the address of the asker's state if a future waits.
const POLLED: usize = 1;

const WAITS: u8 = 0;
const ANSWERED: u8 = 1;
/// Nobody is left who could answer.
const CLOSED: u8 = 2;
/// The one who asked waits no more.
const ABANDONED: u8 = 3;

/// The mailbox was full.
const REFUSED: u8 = 4;

/// Bytes before the room.
const HEAD: usize = size_of::<Reply>().next_multiple_of(16);

unsafe fn of<'a>(room: u64) -> &'a Reply {
    // SAFETY: the library passes room that it has a reference to.
    unsafe { &*((room as usize - HEAD) as *const Reply) }
}

unsafe fn release(me: *mut State, room: u64) {
    // SAFETY: the library had a reference.
    unsafe {
        let reply = of(room);
        if reply.refs.fetch_sub(1, Ordering::AcqRel) == 1 {
            let size = reply.size;
            let p = (room as usize - HEAD) as *mut Reply;
            drop_in_place(p);
            give(me, p.cast(), HEAD + size, 16);
        }
    }
}

/// Says how it went and wakes the one who asked; `false` if nobody waits.
unsafe fn settle(me: *mut State, room: u64, status: u8) -> bool {
    // SAFETY: see `of`.
    unsafe {
        let reply = of(room);
        if reply.status.compare_exchange(WAITS, status, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return false;
        }
        let asker = reply.asker.load(Ordering::SeqCst);
        let state = asker.map_addr(|a| a & !POLLED);
        if state != asker {
            let node = reply.node.lock();
            if let Some(node) = *node {
                notify(state, node);
            }
        }
        if !state.is_null() {
            wake(me, state);
        }
        true
    }
}

/// Whether there is an answer, or none can come.
///
/// # Safety
/// The caller has a reference to the room.
pub unsafe fn is_settled(room: u64) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { of(room).status.load(Ordering::SeqCst) != WAITS }
}

/// Says whom to wake, with the node that a future is below; null: nobody.
///
/// # Safety
/// As for [`is_settled`].
pub unsafe fn set_asker(room: u64, state: *mut State, node: Option<*mut Node>) {
    // SAFETY: by the caller's promise.
    let reply = unsafe { of(room) };
    *reply.node.lock() = node;
    let mark = if node.is_some() { POLLED } else { 0 };
    reply.asker.store(state.map_addr(|a| a | mark), Ordering::SeqCst);
}

entries! {
    grok_reply_new(me, size) -> u64 {
        // SAFETY: the block is large enough.
        unsafe {
            let p = grab(me, HEAD + size as usize, 16);
            p.cast::<Reply>().write(Reply {
                size: size as usize,
                refs: AtomicU32::new(2),
                status: AtomicU8::new(WAITS),
                asker: AtomicPtr::new(null_mut()),
                node: Lock::new(None),
            });
            p as u64 + HEAD as u64
        }
    }
    grok_reply_wait(me, room, actor, limit, deferred, place) -> u64 {
        // SAFETY: see `of`; the library has a reference to the actor.
        unsafe {
            let reply = of(room);
            reply.asker.store(me, Ordering::SeqCst);
            let ready = || reply.status.load(Ordering::SeqCst) != WAITS;
            if !ready() {
                let deadline = if limit == u64::MAX { limit } else { now().saturating_add(limit) };
                let kind = if deferred != 0 { WaitKind::Answer } else { WaitKind::Ask };
                let outcome = State::wait_for(me, kind, actor as *const u8, place, deadline, ready);
                if outcome != Outcome::Ready
                    && reply.status.compare_exchange(WAITS, ABANDONED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
                {
                    return outcome as u64;
                }
            }
            0
        }
    }
    grok_reply_set(me, room) -> u64 {
        // SAFETY: see `of`; the room was filled.
        u64::from(unsafe { settle(me, room, ANSWERED) })
    }
    grok_reply_close(me, room) {
        // SAFETY: see `of`.
        unsafe { settle(me, room, CLOSED) };
    }
    grok_reply_status(_me, room) -> u64 {
        // SAFETY: see `of`.
        u64::from(unsafe { of(room).status.load(Ordering::SeqCst) })
    }
    grok_reply_abandon(_me, room) -> u64 {
        // SAFETY: see `of`.
        let status = unsafe { &of(room).status };
        u64::from(status.compare_exchange(WAITS, ABANDONED, Ordering::SeqCst, Ordering::SeqCst).unwrap_or_else(|s| s))
    }
    grok_reply_full(_me, room) {
        // SAFETY: see `of`; dropping the question has closed it, which nobody has seen.
        unsafe { of(room).status.store(REFUSED, Ordering::SeqCst) }
    }
    grok_reply_release(me, room) {
        // SAFETY: see `release`.
        unsafe { release(me, room) }
    }
}
