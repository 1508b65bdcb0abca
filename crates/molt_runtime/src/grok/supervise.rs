//! Supervision: what happens to an actor that failed, and to its siblings.

use alloc::format;
use alloc::string::String;
use core::sync::atomic::Ordering;

use super::State;
use super::actor::{self, Actor, Notice, RESTART, SUPERVISES, reason, release, retain};
use super::deadlock::WaitKind;
use super::sched::{self, now};

/// Restart policies of children, as the library numbers them.
const TRANSIENT: u8 = 1;
const TEMPORARY: u8 = 2;

/// Strategies, as the compiler numbers them.
const ONE_FOR_ALL: u64 = 1;
const REST_FOR_ONE: u64 = 2;

/// Directives of a hook.
const DEFAULT: u64 = 0;
const RESTART_IT: u64 = 1;
const STOP_IT: u64 = 2;
const ESCALATE: u64 = 3;

/// The text of a supervisor's failure when its children fail too often.
const LIMIT: &str = "RestartLimit";

/// Decides about a child that is suspended; `false` if the supervisor itself has ended.
///
/// # Safety
/// Called by the run of `sup`, which has a reference to the child.
pub unsafe fn child_ended(me: *mut State, sup: *mut Actor, child: *mut Actor) -> bool {
    // SAFETY: by the caller's promise; nobody runs a suspended actor.
    unsafe {
        if (*child).phase.load(Ordering::SeqCst) != actor::SUSPENDED {
            return true;
        }
        let table = (*sup).table();
        let more = (*child).more();
        let why = more.reason.load(Ordering::SeqCst);
        let failure = more.failure.lock().clone();
        let supervises = table.flags & SUPERVISES != 0;
        let mut directive = DEFAULT;
        if why == reason::PANICKED
            && let Some(hook) = table.on_failure
        {
            retain(child);
            let mut notice =
                Notice { reason: why, id: 0, failure: &raw const failure, subject: child as u64, answer: DEFAULT };
            let state = sup.cast::<u8>().add(actor::HEAD);
            if hook(me.cast(), state, &raw mut notice) != 0 {
                actor::fail(me, sup);
                return false;
            }
            directive = notice.answer;
        }
        if directive == DEFAULT {
            let policy = more.restart.load(Ordering::SeqCst);
            let abnormal = why != reason::NORMAL;
            let restarts = supervises && policy != TEMPORARY && (policy != TRANSIENT || abnormal);
            directive = if restarts { RESTART_IT } else { STOP_IT };
        }
        match directive {
            RESTART_IT => restart(me, sup, child),
            ESCALATE => {
                let text = String::from_utf8_lossy(&failure.text).into_owned();
                end(me, child, why);
                give_up(me, sup, &text);
                false
            }
            _ => {
                end(me, child, why);
                true
            }
        }
    }
}

unsafe fn end(me: *mut State, child: *mut Actor, why: u64) {
    // SAFETY: as in `child_ended`.
    unsafe {
        sched::bump(&(*me).worker().busy);
        actor::die(me, child, why);
    }
}

/// Restarts a child, and by the strategy its siblings.
unsafe fn restart(me: *mut State, sup: *mut Actor, child: *mut Actor) -> bool {
    // SAFETY: as in `child_ended`.
    unsafe {
        let table = (*sup).table();
        let own = (*sup).more();
        let time = now();
        let count = {
            let mut history = own.history.lock();
            while history.front().is_some_and(|&t| time.saturating_sub(t) > table.within) {
                history.pop_front();
            }
            if table.max_restarts != u64::MAX {
                history.push_back(time);
            }
            history.len() as u64
        };
        if table.max_restarts != u64::MAX && count > table.max_restarts {
            give_up(me, sup, LIMIT);
            return false;
        }
        if table.backoff_from > 0 {
            let times = (*child).more().restarts.load(Ordering::SeqCst).min(32);
            let pause = table.backoff_from.saturating_mul(1 << times).min(table.backoff_to.max(table.backoff_from));
            State::wait_for(me, WaitKind::Sleep, core::ptr::null(), 0, time.saturating_add(pause), || false);
        }
        let children = own.children.lock().clone();
        let at = children.iter().position(|&c| c == child).unwrap_or(0);
        let group = match table.strategy {
            ONE_FOR_ALL => &children[..],
            REST_FOR_ONE => &children[at..],
            _ => &children[at..=at],
        };
        for &c in group {
            retain(c);
        }
        for &c in group.iter().rev().filter(|&&c| c != child) {
            actor::stop_child(me, c, RESTART, table.shutdown);
        }
        for &c in group {
            if (*c).phase.load(Ordering::SeqCst) == actor::SUSPENDED {
                actor::restart(me, c);
            }
        }
        for &c in group {
            release(me, c);
        }
        true
    }
}

/// The supervisor fails: its own supervisor decides, or the program ends.
unsafe fn give_up(me: *mut State, sup: *mut Actor, text: &str) {
    // SAFETY: as in `child_ended`.
    unsafe {
        let parent = (*sup).parent;
        let message = format!("{}: {text}\n", (*sup).label());
        (*me).eprint(message.as_bytes());
        (*me).last_panic.set(text.as_bytes());
        let above = !parent.is_null() && (*parent).cares();
        if !above {
            (*me).exit(super::PANIC_STATUS);
        }
        actor::fail(me, sup);
    }
}
