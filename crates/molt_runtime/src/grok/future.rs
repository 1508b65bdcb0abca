//! What a task waits for through futures.
//!
//! A task that awaits polls one future, which polls others. Where one polls several of its own, a [`Group`] tells them apart:
//! each has a [`Node`], and what a future waits for remembers the node that it is below. When that comes, the node is put
//! into its group's list of those to be polled again, and so on up to the task, which is woken. So a poll reaches only what
//! may go on.
//!
//! ```text
//! task ── group ─┬─ node ── timer
//!                ├─ node ── group ─┬─ node ── message of a channel
//!                └─ node           └─ node ── …
//! ```
//!
//! All futures of a task are polled and dropped on its stack. Others only ever [`notify`], under the lock of the channel,
//! task or lock that they change; who waits leaves that list under the same lock before its nodes go.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use core::ptr::{drop_in_place, null, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::deadlock::WaitKind;
use super::sched::{Outcome, now};
use super::{State, give, grab};

/// One of several futures that another one polls.
pub struct Node {
    group: *mut Group,
    /// Next in the group's list.
    next: *mut Node,
    /// It is in the list, or about to be.
    queued: AtomicBool,
}

/// The futures that one future polls.
pub struct Group {
    /// The node that the group itself is below; null: the task.
    outer: *mut Node,
    /// Nodes to be polled, the last one first.
    ready: AtomicPtr<Node>,
    nodes: Box<[Node]>,
    /// Those of this poll that were not polled yet.
    turn: VecDeque<usize>,
}

/// The part of a [`State`] that futures need.
pub struct Futures {
    /// What is polled now is below this node.
    pub current: *mut Node,
    /// Something has come that a future of this task waits for.
    woken: AtomicBool,
    /// A future lets other tasks run.
    yields: bool,
    /// Deadlines of this task's futures, with the address of who waits.
    timers: BTreeMap<(u64, u64), *mut Node>,
}

impl Futures {
    pub fn new() -> Futures {
        Futures { current: null_mut(), woken: AtomicBool::new(false), yields: false, timers: BTreeMap::new() }
    }
}

/// Has the future below a node polled again. The caller wakes the task afterwards.
///
/// # Safety
/// The state is one of this program; what waits below the node cannot end before this returns.
pub unsafe fn notify(state: *mut State, node: *mut Node) {
    let mut at = node;
    // SAFETY: groups live longer than what is below them.
    unsafe {
        while let Some(node) = at.as_ref() {
            if node.queued.swap(true, Ordering::SeqCst) {
                break;
            }
            let group = &*node.group;
            let mut first = group.ready.load(Ordering::Relaxed);
            loop {
                (*at).next = first;
                match group.ready.compare_exchange_weak(first, at, Ordering::SeqCst, Ordering::Relaxed) {
                    Ok(_) => break,
                    Err(other) => first = other,
                }
            }
            at = group.outer;
        }
        (*state).futures.woken.store(true, Ordering::SeqCst);
    }
}

/// Has what is polled now polled again at a time. `who` tells it from others of the task.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
pub unsafe fn set_timer(me: *mut State, at: u64, who: u64) {
    // SAFETY: by the caller's promise.
    unsafe {
        let node = (*me).futures.current;
        (*me).futures.timers.insert((at, who), node);
    }
}

/// Takes a timer back.
///
/// # Safety
/// As for [`set_timer`].
pub unsafe fn clear_timer(me: *mut State, at: u64, who: u64) {
    // SAFETY: by the caller's promise.
    unsafe { (*me).futures.timers.remove(&(at, who)) };
}

/// Notifies those whose time has come.
unsafe fn fire(me: *mut State) {
    // SAFETY: the timers are this stack's own; who has one takes it back before it ends.
    unsafe {
        let time = now();
        while let Some((&(at, who), &node)) = (*me).futures.timers.first_key_value() {
            if at > time {
                break;
            }
            clear_timer(me, at, who);
            notify(me, node);
        }
    }
}

unsafe fn group<'a>(p: u64) -> &'a mut Group {
    // SAFETY: the library passes a group that it made; only its task uses these parts.
    unsafe { &mut *(p as *mut Group) }
}

entries! {
    grok_future_enter(me) -> u64 {
        // SAFETY: compiled code passes its context.
        unsafe {
            (*me).futures.woken.store(false, Ordering::SeqCst);
            core::mem::replace(&mut (*me).futures.current, null_mut()) as u64
        }
    }
    grok_future_leave(me, outer) {
        // SAFETY: compiled code passes its context, and the node that was current before.
        unsafe {
            (*me).futures.current = outer as *mut Node;
            // What came for futures of the wait around this one was not looked at.
            (*me).futures.woken.store(true, Ordering::SeqCst);
        }
    }
    grok_future_wait(me, place) -> u64 {
        // SAFETY: compiled code passes its context.
        unsafe {
            if core::mem::take(&mut (*me).futures.yields) {
                State::yield_now(me);
            }
            loop {
                let deadline = (*me).futures.timers.first_key_value().map_or(u64::MAX, |t| t.0.0);
                let woken = &raw const (*me).futures.woken;
                let ready = || (*woken).load(Ordering::SeqCst);
                match State::wait_for(me, WaitKind::Future, null(), place, deadline, ready) {
                    Outcome::Ready | Outcome::TimeUp => {}
                    other => return other as u64,
                }
                fire(me);
                if (*woken).swap(false, Ordering::SeqCst) {
                    return 0;
                }
            }
        }
    }
    grok_future_again(me) {
        // SAFETY: compiled code passes its context.
        unsafe {
            (*me).futures.yields = true;
            notify(me, (*me).futures.current);
        }
    }
    grok_coin(me) -> u64 {
        // SAFETY: compiled code passes its context.
        unsafe { (*me).random() >> 63 }
    }
    grok_timer_set(me, nanoseconds, who) -> u64 {
        let at = now().saturating_add(nanoseconds).min(u64::MAX - 1);
        // SAFETY: compiled code passes its context.
        unsafe { set_timer(me, at, who) };
        at
    }
    grok_timer_due(_me, at) -> u64 {
        u64::from(now() >= at)
    }
    grok_timer_clear(me, at, who) {
        // SAFETY: compiled code passes its context.
        unsafe { clear_timer(me, at, who) }
    }
    grok_group_new(me, count, shuffled) -> u64 {
        // SAFETY: the block is large enough; compiled code passes its context.
        unsafe {
            let p = grab(me, size_of::<Group>(), 16).cast::<Group>();
            let node = || Node { group: p, next: null_mut(), queued: AtomicBool::new(true) };
            let mut turn: VecDeque<usize> = (0..count as usize).collect();
            if shuffled != 0 && count > 1 {
                turn.rotate_left((*me).random() as usize % count as usize);
            }
            p.write(Group {
                outer: (*me).futures.current,
                ready: AtomicPtr::new(null_mut()),
                nodes: (0..count).map(|_| node()).collect(),
                turn,
            });
            p as u64
        }
    }
    grok_group_next(me, g, begins) -> i64 {
        // SAFETY: see `group`; nodes in the list belong to it.
        unsafe {
            let group = group(g);
            if begins != 0 {
                let mut at = group.ready.swap(null_mut(), Ordering::SeqCst);
                let old = group.turn.len();
                while !at.is_null() {
                    // The list has the last one first.
                    group.turn.insert(old, at.offset_from(group.nodes.as_ptr()) as usize);
                    at = (*at).next;
                }
            }
            match group.turn.pop_front() {
                Some(n) => {
                    let node = &raw mut group.nodes[n];
                    (*node).queued.store(false, Ordering::SeqCst);
                    (*me).futures.current = node;
                    n as i64
                }
                None => {
                    (*me).futures.current = group.outer;
                    -1
                }
            }
        }
    }
    grok_group_leave(me, g) {
        // SAFETY: see `group`.
        unsafe { (*me).futures.current = group(g).outer }
    }
    grok_group_end(me, g) {
        // SAFETY: see `group`; it ends here, after everything below it.
        unsafe {
            drop_in_place(g as *mut Group);
            give(me, g as *mut u8, size_of::<Group>(), 16);
        }
    }
}
