//! Supervision: what happens to an actor that failed, and to its siblings.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ptr::null_mut;
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
        let settings = (*sup).settings();
        let own = (*sup).more();
        let time = now();
        let count = {
            let mut history = own.history.lock();
            while history.front().is_some_and(|&t| time.saturating_sub(t) > settings.within) {
                history.pop_front();
            }
            if settings.max_restarts != u64::MAX {
                history.push_back(time);
            }
            history.len() as u64
        };
        if settings.max_restarts != u64::MAX && count > settings.max_restarts {
            give_up(me, sup, LIMIT);
            return false;
        }
        if settings.backoff_from > 0 {
            let times = (*child).more().restarts.load(Ordering::SeqCst).min(32);
            let pause =
                settings.backoff_from.saturating_mul(1 << times).min(settings.backoff_to.max(settings.backoff_from));
            State::wait_for(me, WaitKind::Sleep, core::ptr::null(), 0, time.saturating_add(pause), || false);
        }
        let children = own.children.lock().clone();
        let at = children.iter().position(|&c| c == child).unwrap_or(0);
        let group = match settings.strategy {
            ONE_FOR_ALL => &children[..],
            REST_FOR_ONE => &children[at..],
            _ => &children[at..=at],
        };
        for &c in group {
            retain(c);
        }
        for &c in group.iter().rev().filter(|&&c| c != child) {
            actor::stop_child(me, c, RESTART, settings.shutdown);
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

/// A closure that makes children is being called on a stack.
pub struct Making {
    /// Whose place the new child takes, until it was taken.
    place: *mut Actor,
    /// How many actors are spawned before the child.
    before: usize,
    /// Actors that were spawned so far, to be compared only.
    spawned: Vec<*mut Actor>,
    filled: bool,
}

impl Making {
    const fn new(place: *mut Actor, before: usize) -> Making {
        Making { place, before, spawned: Vec::new(), filled: false }
    }

    /// How many actors were spawned before this one.
    fn spawned_before(&self, a: *mut Actor) -> usize {
        self.spawned.iter().position(|&s| s == a).unwrap_or(usize::MAX)
    }
}

/// Whether the code that runs was given to a supervisor to make its children.
///
/// # Safety
/// `me` is the state of the stack that this runs on.
pub unsafe fn is_making(me: *mut State) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { (*me).making.is_some() }
}

/// An actor is spawned: the one whose place it takes, if it is a child that is made anew.
///
/// # Safety
/// As for [`is_making`].
pub unsafe fn takes_place(me: *mut State, table: *const actor::Table) -> Option<*mut Actor> {
    // SAFETY: by the caller's promise; the supervisor has a reference to its child.
    unsafe {
        let making = (*me).making.as_mut()?;
        let comes = making.spawned.len() == making.before;
        let fits = comes && !making.place.is_null() && (*making.place).table == table;
        fits.then(|| core::mem::replace(&mut making.place, null_mut()))
    }
}

/// An actor was spawned.
///
/// # Safety
/// As for [`is_making`].
pub unsafe fn was_spawned(me: *mut State, a: *mut Actor) {
    // SAFETY: by the caller's promise.
    if let Some(making) = unsafe { (*me).making.as_mut() } {
        making.spawned.push(a);
    }
}

/// The child that is made anew has its state.
///
/// # Safety
/// As for [`is_making`].
pub unsafe fn was_filled(me: *mut State) {
    // SAFETY: by the caller's promise.
    if let Some(making) = unsafe { (*me).making.as_mut() } {
        making.filled = true;
    }
}

/// Calls the closure of a child that was suspended. If what it gives is another actor, that one is the child from now on; the
/// old one ends, unless the closure made something else of it. Gives whether the old one has a first state again.
///
/// # Safety
/// Called by the run of the child's supervisor, which has a reference to the child.
pub unsafe fn make_anew(me: *mut State, child: *mut Actor) -> bool {
    // SAFETY: by the caller's promise; nobody runs a suspended actor.
    unsafe {
        let more = (*child).more();
        let maker = more.maker.load(Ordering::SeqCst);
        let before = more.maker_spawns.load(Ordering::SeqCst);
        let outer = (*me).making.replace(Making::new(child, before));
        let mut made: *mut Actor = null_mut();
        let panicked = actor::deliver(me, maker, (&raw mut made).cast());
        let making = core::mem::replace(&mut (*me).making, outer);
        let filled = making.as_ref().is_some_and(|m| m.filled);
        if panicked {
            if filled {
                actor::drop_state(me, child);
            }
            return false;
        }
        if made != child {
            let before = making.map_or(usize::MAX, |m| m.spawned_before(made));
            succeed(me, child, made, before);
        }
        release(me, made);
        filled
    }
}

/// Has a closure make the actor anew when its supervisor restarts it: the arguments of a message that stays.
unsafe fn set_maker(me: *mut State, a: *mut Actor, maker: *mut actor::Message, before: usize, policy: u8) {
    // SAFETY: the message is the caller's, who is the run of the supervisor.
    unsafe {
        let more = (*a).more();
        more.restart.store(policy, Ordering::SeqCst);
        more.maker_spawns.store(before, Ordering::SeqCst);
        let old = more.maker.swap(maker, Ordering::SeqCst);
        if !old.is_null() {
            actor::discard(me, old);
        }
        actor::drop_first(me, a, more);
    }
}

/// Gives the place of a child to another one that its closure has made: its name, its turn, the closure itself.
unsafe fn succeed(me: *mut State, child: *mut Actor, made: *mut Actor, before: usize) {
    // SAFETY: the caller is the run of the supervisor of both, and has references to them.
    unsafe {
        let (from, to) = ((*child).more(), (*made).more());
        let maker = from.maker.swap(null_mut(), Ordering::SeqCst);
        set_maker(me, made, maker, before, from.restart.load(Ordering::SeqCst));
        let name = core::mem::take(&mut *from.name.lock());
        if !name.is_empty() {
            for (_, owner) in (*(*me).shared).names.lock().iter_mut().filter(|(_, p)| *p == child) {
                *owner = made;
            }
            *to.name.lock() = name;
        }
        let mut children = (*(*child).parent).more().children.lock();
        let place = |list: &[*mut Actor], a| list.iter().position(|&c| c == a);
        if let (Some(first), Some(last)) = (place(&children, child), place(&children, made)) {
            let made = children.remove(last);
            children.insert(first.min(last), made);
        }
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

entries! {
    grok_maker_begin(me) {
        // SAFETY: compiled code passes its context.
        unsafe { (*me).making = Some(Making::new(null_mut(), usize::MAX)) }
    }
    grok_maker_end(me, child, room, policy) {
        // SAFETY: the library passes a child of the actor that runs, which it has just made, or null after a panic.
        unsafe {
            let making = (*me).making.take();
            let (child, Some(making)) = (child as *mut Actor, making) else { return };
            if !child.is_null() {
                set_maker(me, child, actor::in_room(room), making.spawned_before(child), policy as u8);
            }
        }
    }
}
