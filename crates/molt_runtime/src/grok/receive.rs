//! `receive` expressions: the oldest raw message that an arm takes, others stay queued.

use core::sync::atomic::Ordering;

use super::State;
use super::actor;
use super::deadlock::WaitKind;
use super::mailbox::Listener;
use super::sched::Outcome;

/// Where a `receive` is in the raw messages; the library makes it.
#[repr(C)]
struct Cursor {
    index: u64,
    /// When it ends; `u64::MAX`: never.
    deadline: u64,
    /// The message in hand.
    room: u64,
    outcome: u64,
    /// Messages that were taken for good when this one looked last: others move what comes after them.
    takes: u64,
}

/// Answer instead of an outcome: no message is there now.
const PENDING: u64 = 8;
/// The code runs outside of its actor, in a future that went elsewhere.
const ASTRAY: u64 = 9;

/// Whether a message that was not looked at may be there.
///
/// # Safety
/// The code runs in the actor.
pub unsafe fn has_come(a: *mut actor::Actor) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { !(*a).head.load(Ordering::SeqCst).is_null() }
}

/// The next message. Without a place nothing is waited for.
unsafe fn receive_next(me: *mut State, cursor: &mut Cursor, place: Option<u64>) -> u64 {
    // SAFETY: if the code runs in an actor, the mailbox is its own.
    unsafe {
        let a = (*me).fiber.actor();
        if a.is_null() {
            cursor.outcome = ASTRAY;
            return 0;
        }
        let more = (*a).more();
        loop {
            let takes = more.takes.load(Ordering::Relaxed);
            if core::mem::replace(&mut cursor.takes, takes) != takes {
                cursor.index = 0;
            }
            let found = more.raw.lock().remove(cursor.index as usize);
            if let Some(m) = found {
                actor::took_sender(me, a, m);
                actor::left_mailbox(me, a, 1, true);
                if actor::is_superseded(a) {
                    actor::discard(me, m);
                    continue;
                }
                cursor.room = actor::payload(m) as u64;
                cursor.takes = more.takes.fetch_add(1, Ordering::Relaxed) + 1;
                return cursor.room;
            }
            loop {
                let m = actor::fetch(a);
                if m.is_null() {
                    break;
                }
                let to = if actor::is_raw(m) { &more.raw } else { &more.later };
                to.lock().push_back(m);
            }
            if (cursor.index as usize) < more.raw.lock().len() {
                continue;
            }
            actor::left_mailbox(me, a, 0, true);
            let Some(place) = place else {
                cursor.outcome = PENDING;
                return 0;
            };
            more.await_message(Listener { state: me, node: None, who: me.cast() });
            let ready = || has_come(a);
            let outcome = State::wait_for(me, WaitKind::Message, a.cast(), place, cursor.deadline, ready);
            more.forget_message(me.cast());
            if outcome != Outcome::Ready {
                cursor.outcome = outcome as u64;
                return 0;
            }
        }
    }
}

entries! {
    grok_receive_next(me, cursor, place) -> u64 {
        // SAFETY: the cursor is the library's, and the code runs in an actor.
        unsafe { receive_next(me, &mut *(cursor as *mut Cursor), Some(place)) }
    }
    grok_receive_try(me, cursor) -> u64 {
        // SAFETY: as above.
        unsafe { receive_next(me, &mut *(cursor as *mut Cursor), None) }
    }
    grok_receive_skip(me, cursor) {
        // SAFETY: as above; the message was written back.
        unsafe {
            let cursor = &mut *(cursor as *mut Cursor);
            let more = (*(*me).fiber.actor()).more();
            if more.capacity.load(Ordering::Relaxed) != 0 {
                more.queued.fetch_add(1, Ordering::SeqCst);
            }
            let mut raw = more.raw.lock();
            let at = (cursor.index as usize).min(raw.len());
            raw.insert(at, actor::in_room(cursor.room));
            cursor.room = 0;
            cursor.index += 1;
            cursor.takes = more.takes.fetch_sub(1, Ordering::Relaxed) - 1;
        }
    }
    grok_receive_end(me, cursor) {
        // SAFETY: as above; the arguments were moved out.
        unsafe {
            let cursor = &mut *(cursor as *mut Cursor);
            if cursor.room != 0 {
                actor::free(me, actor::in_room(cursor.room));
                cursor.room = 0;
            }
        }
    }
}
