//! `receive` expressions: the oldest raw message that an arm takes, others stay queued.

use core::ptr::null_mut;
use core::sync::atomic::Ordering;

use super::State;
use super::actor;
use super::deadlock::WaitKind;
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
}

unsafe fn receive_next(me: *mut State, cursor: &mut Cursor, place: u64) -> u64 {
    // SAFETY: the code runs in the actor, so that the mailbox is its own.
    unsafe {
        let a = (*me).fiber.actor();
        let more = (*a).more();
        loop {
            let found = more.raw.lock().remove(cursor.index as usize);
            if let Some(m) = found {
                actor::took_sender(me, a, m);
                actor::left_mailbox(me, a, 1, true);
                if actor::is_superseded(a) {
                    actor::discard(me, m);
                    continue;
                }
                cursor.room = actor::payload(m) as u64;
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
            more.receiver.store(me, Ordering::SeqCst);
            let ready = || !(*a).head.load(Ordering::SeqCst).is_null();
            let outcome = State::wait_for(me, WaitKind::Message, a.cast(), place, cursor.deadline, ready);
            more.receiver.store(null_mut(), Ordering::SeqCst);
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
        unsafe { receive_next(me, &mut *(cursor as *mut Cursor), place) }
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
