//! Actors: state that only messages reach.
//!
//! An actor is a block of memory with the [`Actor`] in front of its state. Its mailbox is a stack of messages that whoever
//! sends pushes onto; the run takes all of them at once and turns them round. One that has nothing to do is nothing but
//! memory. The lowest bits of the mailbox's head say whether it is idle: whoever pushes onto an idle one queues it.
//!
//! ```text
//! IDLE ──push──▸ message ──take──▸ null (at work) ──nothing left──▸ IDLE
//!                                       └────────── end ─────────▸ CLOSED
//! ```
//!
//! What compiled code knows of the actor's type stands in its [`Table`].

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::size_of;
use core::ptr::{drop_in_place, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use molt_abi::Context;

use super::deadlock::WaitKind;
use super::lock::Lock;
use super::mailbox::{Listener, bounded, reserve, tell};
use super::owner::Own;
use super::sched::{Kind, Outcome, Runnable, bump, now, wake};
use super::supervise;
use super::task::Code;
use super::timer::Event;
use super::{Shared, State, give, grab};

/// Messages of one run before others get their turn.
const BUDGET: u32 = 256;

/// What an actor's type is, made by the compiler. Functions that it does not have are `None`.
#[repr(C)]
pub struct Table {
    name: *const u8,
    name_len: usize,
    pub size: usize,
    align: usize,
    drop: Option<Code>,
    init: Option<Code>,
    /// `(state, reason)`.
    on_stop: Option<Hook>,
    /// `(state, child and reason)`: a directive in the answer.
    pub on_failure: Option<Hook>,
    on_down: Option<Hook>,
    behave: Option<Code>,
    /// `(from, to)`: a copy of the state.
    pub clone: Option<unsafe extern "C" fn(*mut Context, *const u8, *mut u8) -> u64>,
    /// The `receive` member: `(state, message)`.
    receive: Option<Deliver>,
    /// Number of the type of raw messages; 0 if the actor takes none.
    message: u64,
    pub flags: u64,
    settings: Settings,
}

/// How an actor supervises its children. Times are in nanoseconds; `u64::MAX` is without a limit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Settings {
    /// 0 the child that failed, 1 all children, 2 it and those started after it.
    pub strategy: u64,
    pub max_restarts: u64,
    pub within: u64,
    pub shutdown: u64,
    pub backoff_from: u64,
    pub backoff_to: u64,
}

/// It goes on when `init` has returned: it has handlers, `receive` or `behave`.
const SERVES: u64 = 1;
/// It restarts its children.
pub const SUPERVISES: u64 = 2;
/// Its code asks who sent a message.
const WANTS_SENDER: u64 = 4;

/// Calls a handler with `(state, arguments)`; whether it panicked.
pub type Deliver = unsafe extern "C" fn(*mut Context, *mut u8, *mut u8) -> u64;

type Hook = unsafe extern "C" fn(*mut Context, *mut u8, *mut Notice) -> u64;

/// What hooks are told; the library reads it.
#[repr(C)]
pub struct Notice {
    pub reason: u64,
    /// Actor of a link.
    pub id: u64,
    pub failure: *const Failure,
    /// The child, or the number of the monitor.
    pub subject: u64,
    /// What the hook decided.
    pub answer: u64,
}

/// Why an actor ends, as the library numbers it.
pub mod reason {
    pub const NORMAL: u64 = 0;
    pub const KILLED: u64 = 1;
    pub const PANICKED: u64 = 2;
    pub const LINKED: u64 = 3;
    pub const SHUTDOWN: u64 = 4;
}

/// A panic that ended an actor.
#[derive(Clone, Default)]
pub struct Failure {
    pub text: Vec<u8>,
    pub place: Vec<u8>,
}

/// Head of a message; its arguments follow.
#[repr(C)]
pub struct Message {
    next: *mut Message,
    kind: u32,
    size: u32,
    /// Calls the handler, which ends the arguments.
    deliver: Option<Deliver>,
    /// Ends the arguments of a message that nobody takes.
    drop: Option<Code>,
    sender: *mut Actor,
    subject: u64,
}

const CALL: u32 = 0;
const RAW: u32 = 1;
pub const STOP: u32 = 2;
/// Look at the flags.
const NUDGE: u32 = 3;
/// A child ended: the subject owns a reference to it.
const CHILD: u32 = 4;
const DOWN: u32 = 5;

const MESSAGE: usize = size_of::<Message>().next_multiple_of(16);

const IDLE: *mut Message = core::ptr::without_provenance_mut(1);
const CLOSED: *mut Message = core::ptr::without_provenance_mut(2);

/// Phases of an actor's life.
pub const NEW: u8 = 0;
pub const ALIVE: u8 = 1;
/// It has failed or ended; its supervisor decides.
pub const SUSPENDED: u8 = 2;
pub const DEAD: u8 = 3;

#[repr(C)]
pub struct Actor {
    run: Runnable,
    refs: AtomicU32,
    pub phase: AtomicU8,
    /// It is to end at once, for the reason in `wanted`.
    urgent: AtomicBool,
    wanted: AtomicU8,
    pub head: AtomicPtr<Message>,
    /// Messages taken and not handled yet, oldest first; only the run touches them.
    inbox: *mut Message,
    pub table: *const Table,
    pub running_on: AtomicPtr<State>,
    pub id: u64,
    pub parent: *mut Actor,
    previous: *mut Actor,
    following: *mut Actor,
    more: AtomicPtr<More>,
}

/// What few actors have.
#[derive(Default)]
pub struct More {
    pub children: Lock<Vec<*mut Actor>>,
    links: Lock<Vec<*mut Actor>>,
    /// Who is told of the end, with the number of the monitor.
    monitors: Lock<Vec<(*mut Actor, u64)>>,
    joiners: Lock<Vec<*mut State>>,
    /// Raw messages that wait for a `receive`.
    pub raw: Lock<VecDeque<*mut Message>>,
    /// Handlers' messages that came while the actor waited in a `receive`.
    pub later: Lock<VecDeque<*mut Message>>,
    pub name: Lock<Vec<u8>>,
    /// A copy of the first state.
    pub first: AtomicPtr<u8>,
    /// Makes the actor anew if it was given to its supervisor as a closure; the arguments stay.
    pub maker: AtomicPtr<Message>,
    /// How many actors the closure spawns before this one.
    pub maker_spawns: AtomicUsize,
    /// Settings of a supervisor that has its own, not its type's.
    settings: Lock<Option<Settings>>,
    pub own: Own,
    pub restart: AtomicU8,
    pub restarts: AtomicU64,
    /// When children were restarted.
    pub history: Lock<VecDeque<u64>>,
    pub reason: AtomicU64,
    pub failure: Lock<Failure>,
    linked_to: AtomicU64,
    pub capacity: AtomicU64,
    pub overflow: AtomicU8,
    pub queued: AtomicU64,
    /// Messages handled that `queued` still counts; only the run touches it.
    handled: AtomicU64,
    /// Oldest messages that are to be dropped.
    pub drop_oldest: AtomicU64,
    pub senders: Lock<Vec<Listener>>,
    /// Senders in the list.
    pub waiting: AtomicU64,
    /// Who sent the message in hand.
    sender: AtomicPtr<Actor>,
    /// Each `receive` that waits.
    pub receivers: Lock<Vec<Listener>>,
    /// How many those are.
    pub receiving: AtomicU64,
    /// Raw messages that a `receive` took for good.
    pub takes: AtomicU64,
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Lock<T> {
        Lock::new(T::default())
    }
}

/// Bytes before the state.
pub const HEAD: usize = size_of::<Actor>().next_multiple_of(16);

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A message for later.
#[repr(C)]
pub struct Later {
    run: Runnable,
    to: *mut Actor,
    message: *mut Message,
    cancelled: AtomicBool,
    refs: AtomicU32,
}

impl Actor {
    pub fn type_name(&self) -> String {
        // SAFETY: the table and the name are static data.
        unsafe {
            let t = &*self.table;
            String::from_utf8_lossy(core::slice::from_raw_parts(t.name, t.name_len)).into_owned()
        }
    }

    /// `Shelf "shelf-0"` or `Shelf 7`.
    pub fn label(&self) -> String {
        let name = self.name();
        match name.is_empty() {
            true => format!("actor {} {}", self.type_name(), self.id),
            false => format!("actor {} \"{}\"", self.type_name(), String::from_utf8_lossy(&name)),
        }
    }

    fn name(&self) -> Vec<u8> {
        self.extra().map_or_else(Vec::new, |m| m.name.lock().clone())
    }

    pub fn extra(&self) -> Option<&More> {
        // SAFETY: it is made once and stays until the actor is freed.
        unsafe { self.more.load(Ordering::Acquire).as_ref() }
    }

    pub fn more(&self) -> &More {
        let old = self.more.load(Ordering::Acquire);
        if !old.is_null() {
            // SAFETY: as in `extra`.
            return unsafe { &*old };
        }
        let new = Box::into_raw(Box::default());
        match self.more.compare_exchange(null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: as in `extra`.
            Ok(_) => unsafe { &*new },
            Err(old) => {
                // SAFETY: nobody else has seen the new one.
                unsafe {
                    drop(Box::from_raw(new));
                    &*old
                }
            }
        }
    }

    pub fn table(&self) -> &Table {
        // SAFETY: tables are static data.
        unsafe { &*self.table }
    }

    fn state(this: *mut Actor) -> *mut u8 {
        this.cast::<u8>().wrapping_add(HEAD)
    }

    /// Whether the actor decides what becomes of children that end.
    pub fn cares(&self) -> bool {
        self.supervises() || self.table().on_failure.is_some()
    }

    /// How the actor supervises its children.
    pub fn settings(&self) -> Settings {
        let own = self.extra().and_then(|m| *m.settings.lock());
        own.unwrap_or(self.table().settings)
    }

    fn supervises(&self) -> bool {
        self.table().flags & SUPERVISES != 0
    }
}

pub unsafe fn retain(a: *mut Actor) {
    // SAFETY: the caller has a reference.
    unsafe { (*a).refs.fetch_add(1, Ordering::Relaxed) };
}

pub unsafe fn release(me: *mut State, a: *mut Actor) {
    // SAFETY: the caller owned a reference; the last one ends the block.
    unsafe {
        if (*a).refs.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let more = (*a).more.load(Ordering::Acquire);
        if !more.is_null() {
            drop(Box::from_raw(more));
        }
        let size = (*(*a).table).size;
        give(me, a.cast(), HEAD + size, 16);
    }
}

unsafe fn message(me: *mut State, kind: u32, size: usize) -> *mut Message {
    // SAFETY: the block is large enough.
    unsafe {
        let m = grab(me, MESSAGE + size, 16).cast::<Message>();
        m.write(Message {
            next: null_mut(),
            kind,
            size: size as u32,
            deliver: None,
            drop: None,
            sender: null_mut(),
            subject: 0,
        });
        m
    }
}

/// The message whose arguments are at an address.
pub unsafe fn in_room(room: u64) -> *mut Message {
    (room as usize - MESSAGE) as *mut Message
}

pub unsafe fn is_raw(m: *mut Message) -> bool {
    // SAFETY: the message belongs to the caller.
    unsafe { (*m).kind == RAW }
}

pub unsafe fn payload(m: *mut Message) -> *mut u8 {
    // SAFETY: the arguments follow the head.
    unsafe { m.cast::<u8>().add(MESSAGE) }
}

pub unsafe fn free(me: *mut State, m: *mut Message) {
    // SAFETY: the message belongs to the caller.
    unsafe {
        let sender = (*m).sender;
        if !sender.is_null() {
            release(me, sender);
        }
        give(me, m.cast(), MESSAGE + (*m).size as usize, 16);
    }
}

/// Ends a message that nobody takes.
pub unsafe fn discard(me: *mut State, m: *mut Message) {
    // SAFETY: the message belongs to the caller; nobody has touched its arguments.
    unsafe {
        if (*m).kind == CHILD {
            release(me, (*m).subject as *mut Actor);
        }
        if let Some(drop) = (*m).drop {
            drop(me.cast(), payload(m));
        }
        free(me, m);
    }
}

enum Pushed {
    Dead,
    Queued,
    /// The actor was idle: it is to be queued.
    First,
}

/// Pushes without waking anybody.
unsafe fn link(a: *mut Actor, m: *mut Message) -> Pushed {
    // SAFETY: the message is the caller's until it is pushed; the caller has a reference to the actor.
    unsafe {
        let head = &(*a).head;
        let mut old = head.load(Ordering::Acquire);
        loop {
            if old == CLOSED {
                return Pushed::Dead;
            }
            (*m).next = if old == IDLE { null_mut() } else { old };
            match head.compare_exchange_weak(old, m, Ordering::SeqCst, Ordering::Acquire) {
                Ok(_) => return if old == IDLE { Pushed::First } else { Pushed::Queued },
                Err(now) => old = now,
            }
        }
    }
}

/// Counts an actor as busy and has it run.
unsafe fn schedule(me: *mut State, a: *mut Actor) {
    // SAFETY: the actor is idle, so that nobody else queues it.
    unsafe {
        let worker = (*me).worker();
        bump(&worker.busy);
        worker.push(a.cast(), (*me).fiber.actor().is_null());
    }
}

/// Pushes a message; `false` if the actor is dead.
///
/// # Safety
/// `me` is the state of the stack that this runs on; the message is the caller's, who also has a reference to the actor.
unsafe fn push(me: *mut State, a: *mut Actor, m: *mut Message) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        match link(a, m) {
            Pushed::Dead => return false,
            Pushed::First => schedule(me, a),
            Pushed::Queued => {
                if let Some(more) = (*a).extra()
                    && more.receiving.load(Ordering::SeqCst) > 0
                {
                    tell(me, more.receivers.lock());
                }
            }
        }
        true
    }
}

/// Pushes a message of the runtime's own, which ends if the actor is dead.
unsafe fn notify(me: *mut State, a: *mut Actor, m: *mut Message) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        let pushed = push(me, a, m);
        if !pushed {
            discard(me, m);
        }
        pushed
    }
}

/// The oldest message; null if there is none.
unsafe fn next(a: *mut Actor) -> *mut Message {
    // SAFETY: only the actor's run takes messages.
    unsafe {
        if let Some(more) = (*a).extra()
            && let Some(m) = more.later.lock().pop_front()
        {
            return m;
        }
        fetch(a)
    }
}

/// The oldest message that was not looked at.
pub unsafe fn fetch(a: *mut Actor) -> *mut Message {
    // SAFETY: as in `next`.
    unsafe {
        let first = (*a).inbox;
        if !first.is_null() {
            (*a).inbox = (*first).next;
            return first;
        }
        if (*a).head.load(Ordering::Acquire).is_null() {
            return null_mut();
        }
        let mut at = (*a).head.swap(null_mut(), Ordering::AcqRel);
        // Oldest first.
        let mut list = null_mut();
        while !at.is_null() {
            let next = (*at).next;
            (*at).next = list;
            list = at;
            at = next;
        }
        (*a).inbox = (*list).next;
        list
    }
}

/// Runs an actor on the stack of `me` until it has nothing to do, has ended, or it is others' turn.
///
/// # Safety
/// Called by the scheduler with an actor that it took from a queue.
pub unsafe fn run(me: *mut State, a: *mut Actor) {
    // SAFETY: a queued actor belongs to its run.
    unsafe {
        (*me).fiber.set_actor(a);
        (*a).running_on.store(me, Ordering::Release);
        turn(me, a);
        (*me).fiber.set_actor(null_mut());
    }
}

unsafe fn turn(me: *mut State, a: *mut Actor) {
    // SAFETY: as in `run`; after it has become idle or has ended, the actor is not touched any more.
    unsafe {
        let table = (*a).table();
        let state = Actor::state(a);
        if (*a).phase.load(Ordering::SeqCst) == NEW {
            if let Some(init) = table.init
                && init(me.cast(), state) != 0
            {
                return fail(me, a);
            }
            (*a).phase.store(ALIVE, Ordering::SeqCst);
            wake_joiners(me, a);
            if table.flags & SERVES == 0 {
                return finish(me, a, reason::NORMAL);
            }
        }
        for _ in 0..BUDGET {
            if (*a).urgent.load(Ordering::SeqCst) {
                let wanted = (*a).wanted.load(Ordering::SeqCst);
                return finish(me, a, u64::from(wanted));
            }
            let m = next(a);
            if !m.is_null() {
                if !handle(me, a, m) {
                    return;
                }
                continue;
            }
            if let Some(behave) = table.behave {
                if behave(me.cast(), state) != 0 {
                    return fail(me, a);
                }
                continue;
            }
            (*a).running_on.store(null_mut(), Ordering::Release);
            let worker = (*me).worker();
            if (*a).head.compare_exchange(null_mut(), IDLE, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                bump(&worker.idle);
                return;
            }
            (*a).running_on.store(me, Ordering::Release);
        }
        (*a).running_on.store(null_mut(), Ordering::Release);
        (*me).fiber.set_actor(null_mut());
        (*me).worker().offer(a.cast());
    }
}

/// Handles a message; `false` if the actor has ended.
unsafe fn handle(me: *mut State, a: *mut Actor, m: *mut Message) -> bool {
    // SAFETY: as in `turn`; the message was taken from the mailbox.
    unsafe {
        match (*m).kind {
            CALL => {
                took_sender(me, a, m);
                left_mailbox(me, a, 1, false);
                if is_superseded(a) {
                    discard(me, m);
                    return true;
                }
                let panicked = deliver(me, m, Actor::state(a));
                free(me, m);
                if panicked {
                    fail(me, a);
                    return false;
                }
            }
            RAW => (*a).more().raw.lock().push_back(m),
            STOP => {
                let reason = (*m).subject;
                free(me, m);
                finish(me, a, reason);
                return false;
            }
            CHILD => {
                let child = (*m).subject as *mut Actor;
                free(me, m);
                let goes_on = supervise::child_ended(me, a, child);
                release(me, child);
                return goes_on;
            }
            DOWN => {
                let subject = (*m).subject;
                let down = payload(m).cast::<Down>().read();
                free(me, m);
                if let Some(hook) = (*a).table().on_down {
                    let mut notice = Notice {
                        reason: down.reason,
                        id: down.id,
                        failure: &raw const down.failure,
                        subject,
                        answer: 0,
                    };
                    if hook(me.cast(), Actor::state(a), &raw mut notice) != 0 {
                        fail(me, a);
                        return false;
                    }
                }
            }
            _ => free(me, m),
        }
        true
    }
}

/// Whoever sent the message in hand is what the actor's code sees as its sender.
pub unsafe fn took_sender(me: *mut State, a: *mut Actor, m: *mut Message) {
    // SAFETY: as in `handle`.
    unsafe {
        if (*a).table().flags & WANTS_SENDER == 0 {
            return;
        }
        let sender = core::mem::replace(&mut (*m).sender, null_mut());
        let old = (*a).more().sender.swap(sender, Ordering::SeqCst);
        if !old.is_null() {
            release(me, old);
        }
    }
}

/// What a monitor reports.
struct Down {
    reason: u64,
    id: u64,
    failure: Failure,
}

/// Whether the oldest message is to make room for a newer one.
pub unsafe fn is_superseded(a: *mut Actor) -> bool {
    // SAFETY: as in `handle`.
    let Some(more) = (unsafe { (*a).extra() }) else { return false };
    let drop = &more.drop_oldest;
    drop.load(Ordering::Relaxed) > 0
        && drop.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

/// Counts a message as gone from the mailbox. With `now` that is made known at once, else a few messages at a time: others
/// look at the count all the while.
pub unsafe fn left_mailbox(me: *mut State, a: *mut Actor, count: u64, now: bool) {
    // SAFETY: as in `handle`.
    unsafe {
        let Some(more) = (*a).extra() else { return };
        let capacity = more.capacity.load(Ordering::Relaxed);
        if capacity == 0 {
            return;
        }
        let handled = more.handled.load(Ordering::Relaxed) + count;
        if !now && handled < capacity / 4 && !(*a).inbox.is_null() {
            more.handled.store(handled, Ordering::Relaxed);
            return;
        }
        more.handled.store(0, Ordering::Relaxed);
        let left = more.queued.fetch_sub(handled, Ordering::SeqCst) - handled;
        // Senders go on together when there is room for many.
        if more.waiting.load(Ordering::SeqCst) > 0 && left <= capacity / 2 {
            tell(me, more.senders.lock());
        }
    }
}

unsafe fn wake_joiners(me: *mut State, a: *mut Actor) {
    // SAFETY: the caller keeps the actor.
    unsafe {
        let Some(more) = (*a).extra() else { return };
        let waiting = core::mem::take(&mut *more.joiners.lock());
        for s in waiting {
            wake(me, s);
        }
    }
}

/// Where the state of an actor lies.
///
/// # Safety
/// The actor runs.
pub unsafe fn state_range(a: *mut Actor) -> (usize, usize) {
    let state = Actor::state(a) as usize;
    // SAFETY: by the caller's promise.
    (state, state + unsafe { (*a).table().size })
}

pub unsafe fn drop_state(me: *mut State, a: *mut Actor) {
    // SAFETY: the state is alive and nobody uses it.
    unsafe {
        if let Some(drop) = (*a).table().drop {
            drop(me.cast(), Actor::state(a));
        }
        if let Some(more) = (*a).extra() {
            more.own.end(me);
        }
    }
}

/// The code of the actor has panicked.
pub unsafe fn fail(me: *mut State, a: *mut Actor) {
    // SAFETY: the actor is the one that runs here.
    unsafe {
        (*me).tell_frames();
        let failure = (*me).last_panic.failure();
        drop_state(me, a);
        stop_children(me, a);
        let more = (*a).more();
        *more.failure.lock() = failure;
        ended(me, a, reason::PANICKED);
    }
}

/// Ends an actor that has not failed.
pub unsafe fn finish(me: *mut State, a: *mut Actor, why: u64) {
    // SAFETY: the actor is the one that runs here.
    unsafe {
        // Whoever restarts its siblings too shuts it down.
        let told = if why == u64::from(RESTART) { reason::SHUTDOWN } else { why };
        if let Some(hook) = (*a).table().on_stop {
            let id = (*a).extra().map_or(0, |m| m.linked_to.load(Ordering::SeqCst));
            let mut notice = Notice { reason: told, id, failure: core::ptr::null(), subject: 0, answer: 0 };
            if hook(me.cast(), Actor::state(a), &raw mut notice) != 0 {
                return fail(me, a);
            }
        }
        drop_state(me, a);
        stop_children(me, a);
        ended(me, a, why);
    }
}

/// `Actor::wanted`: it is to begin anew.
pub const RESTART: u8 = 5;

/// The state of the actor is gone: its supervisor decides, or it is dead.
unsafe fn ended(me: *mut State, a: *mut Actor, why: u64) {
    // SAFETY: the actor is the one that runs here.
    unsafe {
        let parent = (*a).parent;
        (*a).running_on.store(null_mut(), Ordering::Release);
        let wanted = (*a).urgent.load(Ordering::SeqCst).then(|| (*a).wanted.load(Ordering::SeqCst));
        let cares = !parent.is_null() && (*parent).cares();
        // Whom the parent itself stops it does not ask about.
        if wanted == Some(RESTART) || cares && wanted != Some(reason::SHUTDOWN as u8) {
            (*a).more().reason.store(why, Ordering::SeqCst);
            bump(&(*me).worker().idle);
            retain(a);
            (*a).phase.store(SUSPENDED, Ordering::SeqCst);
            wake_joiners(me, a);
            if wanted == Some(RESTART) {
                release(me, a);
                return;
            }
            let m = message(me, CHILD, 0);
            (*m).subject = a as u64;
            retain(a);
            if !notify(me, parent, m) {
                bump(&(*me).worker().busy);
                die(me, a, why);
            }
            release(me, a);
            return;
        }
        die(me, a, why);
    }
}

/// The end of an actor whose state is gone and which nobody runs. It counts as busy.
pub unsafe fn die(me: *mut State, a: *mut Actor, why: u64) {
    // SAFETY: by the caller's promise.
    unsafe {
        let shared = &*(*me).shared;
        let mut at = (*a).head.swap(CLOSED, Ordering::SeqCst);
        while !at.is_null() && at != IDLE && at != CLOSED {
            let next = (*at).next;
            discard(me, at);
            at = next;
        }
        while !(*a).inbox.is_null() {
            let m = (*a).inbox;
            (*a).inbox = (*m).next;
            discard(me, m);
        }
        // Links and monitors are told.
        if let Some(more) = (*a).extra() {
            more.reason.store(why, Ordering::SeqCst);
            for queue in [&more.raw, &more.later] {
                let messages = core::mem::take(&mut *queue.lock());
                for m in messages {
                    discard(me, m);
                }
            }
            drop_first(me, a, more);
            let sender = more.sender.swap(null_mut(), Ordering::SeqCst);
            if !sender.is_null() {
                release(me, sender);
            }
            let maker = more.maker.swap(null_mut(), Ordering::SeqCst);
            if !maker.is_null() {
                discard(me, maker);
            }
            if !core::mem::take(&mut *more.name.lock()).is_empty() {
                shared.names.lock().retain(|(_, p)| *p != a);
            }
        }
        (*a).phase.store(DEAD, Ordering::SeqCst);
        if let Some(more) = (*a).extra() {
            let links = core::mem::take(&mut *more.links.lock());
            for other in links {
                if let Some(theirs) = (*other).extra() {
                    let mut list = theirs.links.lock();
                    if let Some(n) = list.iter().position(|&x| x == a) {
                        list.swap_remove(n);
                        drop(list);
                        release(me, a);
                    }
                }
                if why != reason::NORMAL && why != reason::SHUTDOWN {
                    (*other).more().linked_to.store((*a).id, Ordering::SeqCst);
                    stop_now(me, other, reason::LINKED as u8);
                }
                release(me, other);
            }
            let monitors = core::mem::take(&mut *more.monitors.lock());
            for (watcher, number) in monitors {
                let m = message(me, DOWN, size_of::<Down>());
                (*m).subject = number;
                let failure = more.failure.lock().clone();
                let id = more.linked_to.load(Ordering::SeqCst);
                payload(m).cast::<Down>().write(Down { reason: why, id, failure });
                (*m).drop = Some(drop_down);
                notify(me, watcher, m);
                release(me, watcher);
            }
            tell(me, more.senders.lock());
        }
        wake_joiners(me, a);
        let parent = (*a).parent;
        if !parent.is_null() {
            let mut children = (*parent).more().children.lock();
            if let Some(n) = children.iter().position(|&c| c == a) {
                children.remove(n);
                drop(children);
                release(me, a);
            }
            release(me, parent);
        }
        let mut actors = shared.actors.lock();
        if (*a).previous.is_null() {
            *actors = (*a).following;
        } else {
            (*(*a).previous).following = (*a).following;
        }
        if !(*a).following.is_null() {
            (*(*a).following).previous = (*a).previous;
        }
        drop(actors);
        release(me, a);
        bump(&(*me).worker().idle);
    }
}

/// Drops the copy that restarts begin with.
pub unsafe fn drop_first(me: *mut State, a: *mut Actor, more: &More) {
    // SAFETY: the copy is a state of the actor's type that nobody else uses.
    unsafe {
        let first = more.first.swap(null_mut(), Ordering::SeqCst);
        if first.is_null() {
            return;
        }
        if let Some(drop) = (*a).table().drop {
            drop(me.cast(), first);
        }
        give(me, first, (*a).table().size.max(1), 16);
    }
}

/// Calls what a message is for, with this state; whether it panicked.
pub unsafe fn deliver(me: *mut State, m: *mut Message, state: *mut u8) -> bool {
    // SAFETY: the message belongs to the caller.
    unsafe { (*m).deliver.is_some_and(|f| f(me.cast(), state, payload(m)) != 0) }
}

unsafe extern "C" fn drop_down(_ctx: *mut Context, p: *mut u8) -> u64 {
    // SAFETY: the arguments of the message are a `Down`.
    unsafe { drop_in_place(p.cast::<Down>()) };
    0
}

/// Waits until an actor has come to a phase.
unsafe fn wait_for_phase(
    me: *mut State,
    a: *mut Actor,
    place: u64,
    deadline: u64,
    is_it: impl Fn(u8) -> bool,
) -> Outcome {
    // SAFETY: the caller has a reference.
    unsafe {
        let joiners = &(*a).more().joiners;
        let has_come = || is_it((*a).phase.load(Ordering::SeqCst));
        loop {
            joiners.lock().push(me);
            // Whoever tells of a phase takes all that wait off the list, whichever phase they wait for.
            let is_told = || has_come() || !joiners.lock().contains(&me);
            let outcome = State::wait_for(me, WaitKind::Stop, a.cast(), place, deadline, is_told);
            joiners.lock().retain(|&s| s != me);
            if outcome != Outcome::Ready || has_come() {
                break outcome;
            }
        }
    }
}

/// Has an actor end after the message in hand.
pub unsafe fn stop_now(me: *mut State, a: *mut Actor, wanted: u8) {
    // SAFETY: the caller has a reference.
    unsafe {
        (*a).wanted.store(wanted, Ordering::SeqCst);
        (*a).urgent.store(true, Ordering::SeqCst);
        let m = message(me, NUDGE, 0);
        notify(me, a, m);
    }
}

/// Stops a child and waits for its end, at most as long as the table of its parent says.
pub unsafe fn stop_child(me: *mut State, child: *mut Actor, wanted: u8, limit: u64) {
    // SAFETY: the caller has a reference to the child.
    unsafe {
        let phase = &(*child).phase;
        if phase.load(Ordering::SeqCst) == SUSPENDED {
            if wanted != RESTART {
                bump(&(*me).worker().busy);
                die(me, child, reason::SHUTDOWN);
            }
            return;
        }
        stop_now(me, child, wanted);
        let deadline = if limit == u64::MAX { limit } else { now().saturating_add(limit) };
        wait_for_phase(me, child, 0, deadline, |p| matches!(p, SUSPENDED | DEAD));
    }
}

/// Stops the children of an actor, the youngest first.
pub unsafe fn stop_children(me: *mut State, a: *mut Actor) {
    // SAFETY: the actor runs here.
    unsafe {
        let Some(more) = (*a).extra() else { return };
        let limit = (*a).settings().shutdown;
        loop {
            let child = match more.children.lock().last() {
                Some(&c) => c,
                None => return,
            };
            retain(child);
            stop_child(me, child, reason::SHUTDOWN as u8, limit);
            // One that does not end in time is on its own from now on.
            let mut children = more.children.lock();
            if let Some(n) = children.iter().position(|&c| c == child) {
                children.remove(n);
                drop(children);
                release(me, child);
            }
            release(me, child);
        }
    }
}

/// Gives a suspended actor its first state again; `false` if it has none or making it panicked.
unsafe fn refill(me: *mut State, a: *mut Actor, more: &More) -> bool {
    // SAFETY: as in `restart`.
    unsafe {
        if !more.maker.load(Ordering::SeqCst).is_null() {
            return supervise::make_anew(me, a);
        }
        let first = more.first.load(Ordering::SeqCst);
        match (*a).table().clone {
            Some(clone) if !first.is_null() => clone(me.cast(), first, Actor::state(a)) == 0,
            _ => false,
        }
    }
}

/// Gives a suspended actor its first state and has it run; waits until its `init` has returned or failed.
pub unsafe fn restart(me: *mut State, a: *mut Actor) {
    // SAFETY: nobody runs a suspended actor; the caller has a reference.
    unsafe {
        let more = (*a).more();
        if refill(me, a, more) {
            more.restarts.fetch_add(1, Ordering::SeqCst);
            (*a).urgent.store(false, Ordering::SeqCst);
            (*a).phase.store(NEW, Ordering::SeqCst);
            schedule(me, a);
            wait_for_phase(me, a, 0, u64::MAX, |p| p != NEW);
            return;
        }
        bump(&(*me).worker().busy);
        die(me, a, more.reason.load(Ordering::SeqCst));
    }
}

/// Sends a message that waited for its time.
///
/// # Safety
/// Called by the scheduler.
pub unsafe fn run_later(me: *mut State, later: *mut Later) {
    // SAFETY: the timer had a reference to it.
    unsafe {
        if !(*later).cancelled.swap(true, Ordering::SeqCst) {
            // Nobody could wait for room here: the limit of the mailbox is for those who send now.
            if let Some(more) = (*(*later).to).extra()
                && more.capacity.load(Ordering::Relaxed) != 0
            {
                more.queued.fetch_add(1, Ordering::SeqCst);
            }
            notify(me, (*later).to, (*later).message);
            release(me, (*later).to);
        }
        release_later(me, later);
    }
}

unsafe fn release_later(me: *mut State, later: *mut Later) {
    // SAFETY: the caller owned a reference.
    unsafe {
        if (*later).refs.fetch_sub(1, Ordering::AcqRel) == 1 {
            give(me, later.cast(), size_of::<Later>(), 16);
        }
    }
}

/// Queues a message whose time has come.
///
/// # Safety
/// Called by the timers.
pub unsafe fn send_later(shared: *const Shared, later: *mut Later) {
    // SAFETY: the shared part lives until the process ends.
    unsafe { (*shared).sched.inject(later.cast()) };
}

/// Ends all actors when the program does, the youngest first.
///
/// # Safety
/// `me` is the main stack.
pub unsafe fn stop_all(me: *mut State, deadline: u64) {
    // SAFETY: the list is changed under its lock; references keep what is looked at.
    unsafe {
        loop {
            let actors = (*(*me).shared).actors.lock();
            let mut at = *actors;
            // Children end with their parents.
            while !at.is_null() && !(*at).parent.is_null() {
                at = (*at).following;
            }
            if at.is_null() {
                at = *actors;
            }
            if at.is_null() || now() >= deadline {
                return;
            }
            retain(at);
            drop(actors);
            stop_child(me, at, reason::SHUTDOWN as u8, deadline.saturating_sub(now()));
            let stuck = (*at).phase.load(Ordering::SeqCst) != DEAD;
            release(me, at);
            if stuck {
                return;
            }
        }
    }
}

pub unsafe fn actor(p: u64) -> *mut Actor {
    p as *mut Actor
}

/// Option of `grok_actor_option` that asks whether the actor could be restarted.
const RESTARTABLE: u64 = 4;

entries! {
    grok_actor_new(me, table) -> u64 {
        // SAFETY: the block is large enough; the table is static data.
        unsafe {
            let table = table as *const Table;
            if let Some(a) = supervise::takes_place(me, table) {
                retain(a);
                supervise::was_spawned(me, a);
                return a as u64;
            }
            let a = grab(me, HEAD + (*table).size, 16).cast::<Actor>();
            a.write(Actor {
                run: Runnable::new(Kind::Actor),
                refs: AtomicU32::new(1),
                phase: AtomicU8::new(NEW),
                urgent: AtomicBool::new(false),
                wanted: AtomicU8::new(0),
                head: AtomicPtr::new(null_mut()),
                inbox: null_mut(),
                table,
                running_on: AtomicPtr::new(null_mut()),
                id: NUMBERS.fetch_add(1, Ordering::Relaxed),
                parent: null_mut(),
                previous: null_mut(),
                following: null_mut(),
                more: AtomicPtr::new(null_mut()),
            });
            supervise::was_spawned(me, a);
            a as u64
        }
    }
    grok_actor_state(_me, a) -> u64 { a + HEAD as u64 }
    grok_actor_option(me, a, option, value, len) -> u64 {
        // SAFETY: the actor was just made; texts are views of the library.
        unsafe {
            let a = actor(a);
            if option == RESTARTABLE {
                // Every actor is asked, and most are nothing but their block.
                let parent = (*me).fiber.actor();
                let restarts = !parent.is_null() && (*parent).supervises() && !supervise::is_making(me);
                return u64::from(!restarts || (*a).table().clone.is_some());
            }
            let more = (*a).more();
            match option {
                0 => {
                    let text = super::bytes(value, len).to_vec();
                    let mut names = (*(*me).shared).names.lock();
                    if let Some((_, owner)) = names.iter().find(|(n, _)| *n == text) {
                        return u64::from(*owner == a);
                    }
                    names.push((text.clone(), a));
                    drop(names);
                    *more.name.lock() = text;
                }
                1 => more.capacity.store(value, Ordering::SeqCst),
                2 => more.overflow.store(value as u8, Ordering::SeqCst),
                _ => more.restart.store(value as u8, Ordering::SeqCst),
            }
            1
        }
    }
    grok_actor_settings(_me, a, strategy, max_restarts, within) {
        // SAFETY: the code of the actor runs.
        unsafe {
            let base = (*actor(a)).settings();
            *(*actor(a)).more().settings.lock() = Some(Settings { strategy, max_restarts, within, ..base });
        }
    }
    grok_actor_start(me, a, linked) -> u64 {
        // SAFETY: the actor and its state were just made.
        unsafe {
            let a = actor(a);
            if (*a).phase.load(Ordering::SeqCst) == SUSPENDED {
                supervise::was_filled(me);
                return 1;
            }
            let parent = (*me).fiber.actor();
            if !parent.is_null() {
                // A parent that decides about failures may decide to restart.
                if let (true, Some(clone)) = ((*parent).cares(), (*a).table().clone) {
                    let size = (*a).table().size.max(1);
                    let first = grab(me, size, 16);
                    if clone(me.cast(), Actor::state(a), first) != 0 {
                        give(me, first, size, 16);
                        drop_state(me, a);
                        (*(*me).shared).names.lock().retain(|(_, p)| *p != a);
                        return 0;
                    }
                    (*a).more().first.store(first, Ordering::SeqCst);
                }
                retain(parent);
                (*a).parent = parent;
                retain(a);
                (*parent).more().children.lock().push(a);
                if linked != 0 {
                    retain(a);
                    retain(parent);
                    (*parent).more().links.lock().push(a);
                    (*a).more().links.lock().push(parent);
                }
            }
            let mut actors = (*(*me).shared).actors.lock();
            (*a).following = *actors;
            if !(*actors).is_null() {
                (**actors).previous = a;
            }
            *actors = a;
            drop(actors);
            retain(a);
            let worker = (*me).worker();
            bump(&worker.busy);
            worker.offer(a.cast());
            1
        }
    }
    grok_actor_retain(_me, a) {
        // SAFETY: the library has a reference.
        unsafe { retain(actor(a)) }
    }
    grok_actor_release(me, a) {
        // SAFETY: the library had a reference.
        unsafe { release(me, actor(a)) }
    }
    grok_message_new(me, size, deliver, drop) -> u64 {
        // SAFETY: the addresses are those of compiled functions.
        unsafe {
            let m = message(me, CALL, size as usize);
            (*m).deliver = core::mem::transmute::<usize, Option<Deliver>>(deliver as usize);
            (*m).drop = core::mem::transmute::<usize, Option<Code>>(drop as usize);
            payload(m) as u64
        }
    }
    grok_message_free(me, room) {
        // SAFETY: the library moved the arguments out.
        unsafe { free(me, in_room(room)) }
    }
    grok_message_send(me, a, room, how, place) -> u64 {
        // SAFETY: the message was just made and filled; the library has a reference to the actor.
        unsafe {
            let a = actor(a);
            let m = in_room(room);
            let keeps = how & 2 != 0;
            if how & 1 != 0 {
                (*m).kind = RAW;
            }
            if let Some(more) = (*a).extra()
                && more.capacity.load(Ordering::Relaxed) != 0
                && !(how & 4 != 0 && more.makes_wait())
            {
                let answer = bounded(me, a, more, place);
                if answer != 0 {
                    if !keeps {
                        discard(me, m);
                    }
                    return answer;
                }
            }
            let table = (*a).table();
            let sender = (*me).fiber.actor();
            if table.flags & WANTS_SENDER != 0 && !sender.is_null() {
                retain(sender);
                (*m).sender = sender;
            }
            if push(me, a, m) {
                return 0;
            }
            if !keeps {
                (*(*me).shared).dead_letters.fetch_add(1, Ordering::Relaxed);
                discard(me, m);
            }
            4
        }
    }
    grok_mailbox_reserve(_me, a) -> u64 {
        // SAFETY: the library has a reference to the actor.
        u64::from(unsafe { reserve(actor(a)) })
    }
    grok_actor_stop(me, a, kill) {
        // SAFETY: the library has a reference.
        unsafe {
            let a = actor(a);
            if kill != 0 {
                return stop_now(me, a, reason::KILLED as u8);
            }
            let m = message(me, STOP, 0);
            (*m).subject = reason::NORMAL;
            notify(me, a, m);
        }
    }
    grok_actor_fact(me, a, which, out) -> u64 {
        // SAFETY: the library has a reference; `out` is a variable for an address.
        unsafe {
            let a = actor(a);
            match which {
                0 => u64::from((*a).phase.load(Ordering::SeqCst) != DEAD),
                1 => (*a).id,
                2 => {
                    let name = (*a).name();
                    (*me).give(name, out) as u64
                }
                3 => (*a).extra().map_or(0, |m| m.restarts.load(Ordering::SeqCst)),
                4 => (*a).table as u64,
                5 => (*a).extra().map_or(0, |m| m.reason.load(Ordering::SeqCst)),
                6 => (*a).parent as u64,
                7 => (*a).table().message,
                _ => (*a).table().receive.map_or(0, |f| f as usize as u64),
            }
        }
    }
    grok_actor_current(me) -> u64 {
        // SAFETY: compiled code passes its context.
        unsafe { (*me).fiber.actor() as u64 }
    }
    grok_actor_sender(me) -> u64 {
        // SAFETY: the caller's code is an actor's.
        unsafe {
            let a = (*me).fiber.actor();
            if a.is_null() {
                return 0;
            }
            let sender = (*a).more().sender.load(Ordering::SeqCst);
            if !sender.is_null() {
                retain(sender);
            }
            sender as u64
        }
    }
    grok_actor_child(_me, a, n) -> u64 {
        // SAFETY: the caller has a reference; it gets one of its own.
        unsafe {
            let Some(more) = (*actor(a)).extra() else { return 0 };
            let children = more.children.lock();
            let Some(&c) = children.get(n as usize) else { return 0 };
            retain(c);
            c as u64
        }
    }
    grok_actor_join(me, a, place) -> u64 {
        // SAFETY: the library has a reference.
        unsafe {
            let a = actor(a);
            wait_for_phase(me, a, place, u64::MAX, |p| p == DEAD) as u64
        }
    }
    grok_actor_failure(me, a, which, out) -> u64 {
        // SAFETY: the library has a reference; `out` is a variable for an address.
        unsafe {
            let failure = (*actor(a)).more().failure.lock().clone();
            (*me).give(if which == 0 { failure.text } else { failure.place }, out) as u64
        }
    }
    grok_failure_part(_me, failure, which, out) -> u64 {
        // SAFETY: the notice of a hook names the failure.
        unsafe {
            let Some(failure) = (failure as *const Failure).as_ref() else { return 0 };
            let part = if which == 0 { &failure.text } else { &failure.place };
            *(out as *mut u64) = part.as_ptr() as u64;
            part.len() as u64
        }
    }
    grok_actor_link(me, a, b, on) {
        // SAFETY: the library has references to both.
        unsafe {
            let (a, b) = (actor(a), actor(b));
            for (from, to) in [(a, b), (b, a)] {
                let mut links = (*from).more().links.lock();
                let at = links.iter().position(|&x| x == to);
                match at {
                    None if on != 0 => {
                        retain(to);
                        links.push(to);
                    }
                    Some(n) if on == 0 => {
                        links.swap_remove(n);
                        drop(links);
                        release(me, to);
                    }
                    _ => {}
                }
            }
        }
    }
    grok_actor_monitor(me, a, watcher) -> u64 {
        // SAFETY: the library has references to both.
        unsafe {
            let (a, watcher) = (actor(a), actor(watcher));
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
            let more = (*a).more();
            let mut monitors = more.monitors.lock();
            if (*a).phase.load(Ordering::SeqCst) != DEAD {
                retain(watcher);
                monitors.push((watcher, number));
                return number;
            }
            drop(monitors);
            let m = message(me, DOWN, size_of::<Down>());
            (*m).subject = number;
            (*m).drop = Some(drop_down);
            let down = Down { reason: more.reason.load(Ordering::SeqCst), id: 0, failure: more.failure.lock().clone() };
            payload(m).cast::<Down>().write(down);
            notify(me, watcher, m);
            number
        }
    }
    grok_actor_lookup(me, name, len, table) -> u64 {
        // SAFETY: the text is a view of the library; registered actors are alive.
        unsafe {
            let text = super::bytes(name, len);
            let names = (*(*me).shared).names.lock();
            for (n, a) in names.iter() {
                if n == text && (table == 0 || (**a).table as u64 == table) {
                    retain(*a);
                    return *a as u64;
                }
            }
            0
        }
    }
    grok_actor_later(me, a, room, delay, raw) -> u64 {
        // SAFETY: the message was just made and filled; the library has a reference to the actor.
        unsafe {
            let a = actor(a);
            retain(a);
            let m = in_room(room);
            if raw != 0 {
                (*m).kind = RAW;
            }
            let later = grab(me, size_of::<Later>(), 16).cast::<Later>();
            later.write(Later {
                run: Runnable::new(Kind::Later),
                to: a,
                message: m,
                cancelled: AtomicBool::new(false),
                refs: AtomicU32::new(2),
            });
            let shared = &*(*me).shared;
            shared.sched.timers.add(shared, now().saturating_add(delay).min(u64::MAX - 1), Event::Later(later));
            later as u64
        }
    }
    grok_later_cancel(me, later) {
        // SAFETY: the library has a reference.
        unsafe {
            let later = later as *mut Later;
            if !(*later).cancelled.swap(true, Ordering::SeqCst) {
                discard(me, (*later).message);
                release(me, (*later).to);
            }
        }
    }
    grok_later_release(me, later) {
        // SAFETY: the library had a reference.
        unsafe { release_later(me, later as *mut Later) }
    }
}
