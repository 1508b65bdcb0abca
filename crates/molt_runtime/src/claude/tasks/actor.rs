//! Actors: a state, a procedure, and messages one at a time.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use molt_abi::{ClassId, Word};

use super::super::entry::wrong_type;
use super::super::{ErrorKind, Kind, kind, map, seam, symbol};
use super::channel::{self, Received};
use super::{
    Body, Isolate, Owned, PyResult, Raised, TaskId, Waiter, Woken, begin_wait, classes, is_cancellation, promise,
    start, timers, wait,
};
use crate::Place;
use crate::api::{native, str_text};
use crate::native::{NativeData, NativeDef, def};

/// A message, and the channel that an answer to it goes to, if one is wanted.
struct Message {
    value: Owned,
    reply: Owned,
}

/// An actor.
pub(super) struct Actor {
    mailbox: VecDeque<Message>,
    /// The actor waits for messages with this.
    waiter: Option<Waiter>,
    /// What `become` said the next state is.
    next: Option<Owned>,
    is_stopping: bool,
    has_ended: bool,
}

impl NativeData for Actor {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        for m in &self.mailbox {
            visit(m.value.word());
            visit(m.reply.word());
        }
        if let Some(next) = &self.next {
            visit(next.word());
        }
    }
    fn clear(&mut self) {
        self.mailbox.clear();
        self.next = None;
    }
}

/// What happens when the procedure fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// The state stays as it was.
    Resume,
    /// The state is the first one again.
    Restart,
    Stop,
    /// The one who made the actor has the error.
    Escalate,
}

/// How an actor deals with failures.
struct Plan {
    policy: Policy,
    /// Restarts within so many nanoseconds, at most.
    most: Option<usize>,
    within: Option<u64>,
    restarts: VecDeque<u64>,
}

fn expect(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Place<Actor>> {
    if rt.claude.tasks.classes.is_some_and(|c| rt.class_of(w) == c.actor) {
        return Ok(native::<Actor>(w));
    }
    Err(wrong_type(rt, function, "an actor", w))
}

fn option(rt: &mut Isolate, options: Word, name: &str) -> PyResult<Word> {
    let key = rt.keyword(name);
    Ok(map::get(rt, options, key)?.unwrap_or(Word::NONE))
}

fn plan_of(rt: &mut Isolate, options: Word) -> PyResult<Plan> {
    let mut plan = Plan { policy: Policy::Stop, most: None, within: None, restarts: VecDeque::new() };
    if options.is_unbound() || options.is_none() {
        return Ok(plan);
    }
    if !map::is_map(rt, options) {
        return Err(wrong_type(rt, "actor", "a map of options", options));
    }
    let policy = option(rt, options, "on-error")?;
    plan.policy = match kind::kind_of(rt, policy) {
        Kind::Nil => Policy::Stop,
        Kind::Keyword | Kind::String => policy_named(rt, policy)?,
        _ => return Err(wrong_type(rt, "actor", "a keyword as :on-error", policy)),
    };
    let most = option(rt, options, "max-restarts")?;
    if !most.is_none() {
        plan.most = Some(super::super::entry::expect_index(rt, most, "actor")?.max(0) as usize);
    }
    let within = option(rt, options, "within")?;
    if !within.is_none() {
        plan.within = Some((super::super::entry::seconds_of(rt, within, "actor")? * 1e9) as u64);
    }
    Ok(plan)
}

fn policy_named(rt: &mut Isolate, w: Word) -> PyResult<Policy> {
    let name = if kind::kind_of(rt, w) == Kind::Keyword { symbol::text_of(w) } else { str_text(w) };
    Ok(match name.as_ref() {
        "resume" => Policy::Resume,
        "restart" => Policy::Restart,
        "stop" => Policy::Stop,
        "escalate" => Policy::Escalate,
        other => {
            let text = alloc::format!("actor: there is no policy :{other}");
            return Err(rt.raise_claude(ErrorKind::Error, text, w));
        }
    })
}

impl Plan {
    /// Whether the actor may begin anew once more.
    fn may_restart(&mut self) -> bool {
        let now = timers::after(0.0);
        if let Some(within) = self.within {
            while self.restarts.front().is_some_and(|&t| now - t > within) {
                self.restarts.pop_front();
            }
        }
        if self.most.is_some_and(|most| self.restarts.len() >= most) {
            return false;
        }
        if self.most.is_some() {
            self.restarts.push_back(now);
        }
        true
    }
}

/// `(actor init f options)`.
pub(in super::super) fn new(rt: &mut Isolate, init: Word, f: Word, options: Word) -> PyResult {
    let mut plan = plan_of(rt, options)?;
    let class = classes(rt).actor;
    let actor = Actor { mailbox: VecDeque::new(), waiter: None, next: None, is_stopping: false, has_ended: false };
    let actor = rt.new_native(class, Box::new(actor));
    let (init, f, this) = (Owned::share(init), Owned::share(f), actor.clone());
    let tasks = &mut rt.claude.tasks;
    let maker = (tasks.current, tasks.now_running().serial);
    let body = Box::new(move |rt: &mut Isolate| {
        let result = live(rt, &this, &init, &f, &mut plan, maker);
        end(rt, native::<Actor>(this.word()));
        rt.claude.tasks.now_running().actor = Word::NONE;
        result
    });
    let end = promise::new(rt)?;
    let id = start(rt, Body::Native(body), &end)?;
    rt.claude.tasks.task(id).actor = actor.word();
    Ok(actor)
}

/// Takes messages until the actor is stopped or fails for good.
fn live(rt: &mut Isolate, this: &Owned, init: &Owned, f: &Owned, plan: &mut Plan, maker: (TaskId, u64)) -> PyResult {
    let mut actor = native::<Actor>(this.word());
    let mut state = init.clone();
    while !actor.is_stopping {
        let Some(message) = actor.mailbox.pop_front() else {
            wait_for_message(rt, actor, None)?;
            continue;
        };
        match rt.claude_call(f.word(), &[state.word(), message.value.word()]) {
            Ok(value) => state = actor.next.take().unwrap_or(value),
            Err(Raised) => match recover(rt, plan, maker) {
                Some(Policy::Restart) => state = init.clone(),
                Some(Policy::Resume) => {}
                _ => {
                    // Nobody answers any more.
                    if !message.reply.word().is_none() {
                        let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
                        let closed = channel::close(rt, message.reply.word());
                        debug_assert!(closed.is_ok(), "it is a channel");
                        rt.ctx.exception = pending;
                    }
                    if rt.ctx.exception.is_unbound() {
                        break;
                    }
                    return Err(Raised);
                }
            },
        }
        actor.next = None;
    }
    Ok(Owned::NONE)
}

/// What to do about the pending error; it stays pending if the actor ends with it.
fn recover(rt: &mut Isolate, plan: &mut Plan, maker: (TaskId, u64)) -> Option<Policy> {
    if !rt.pending_is(ClassId::EXCEPTION) {
        return None;
    }
    let e = rt.take_exception();
    let goes_on = match plan.policy {
        _ if is_cancellation(rt, e.word()) => false,
        Policy::Resume => true,
        Policy::Restart => plan.may_restart(),
        Policy::Stop => false,
        Policy::Escalate => {
            promise::escalate(rt, maker, e);
            return Some(Policy::Escalate);
        }
    };
    if goes_on {
        super::super::entry::control::note_unhandled(rt, e);
        return Some(plan.policy);
    }
    rt.set_pending(e);
    None
}

/// An actor takes no more messages; who waits for an answer is told.
fn end(rt: &mut Isolate, mut actor: Place<Actor>) {
    actor.has_ended = true;
    let pending = core::mem::replace(&mut rt.ctx.exception, Word::UNBOUND);
    for m in core::mem::take(&mut actor.mailbox) {
        if !m.reply.word().is_none() {
            let closed = channel::close(rt, m.reply.word());
            debug_assert!(closed.is_ok(), "it is a channel");
        }
    }
    rt.ctx.exception = pending;
}

/// Waits for a message that comes, until a time; whether one came or the actor is to stop.
fn wait_for_message(rt: &mut Isolate, mut actor: Place<Actor>, deadline: Option<u64>) -> PyResult<bool> {
    actor.waiter = Some(begin_wait(rt, "a message")?);
    let woken = wait(rt, deadline);
    actor.waiter = None;
    Ok(matches!(woken?, Woken::Done(..)))
}

fn rouse(rt: &mut Isolate, mut actor: Place<Actor>) {
    if let Some(w) = actor.waiter.take()
        && rt.claude.tasks.is_waiting(w)
    {
        rt.claude.tasks.wake(w, Owned::NONE, true);
    }
}

fn post(rt: &mut Isolate, mut actor: Place<Actor>, value: Owned, reply: Owned) {
    actor.mailbox.push_back(Message { value, reply });
    rouse(rt, actor);
}

/// `(! a message)`. One that has ended hears nothing.
pub(in super::super) fn tell(rt: &mut Isolate, a: Word, message: Word) -> PyResult {
    let actor = expect(rt, a, "!")?;
    if !actor.has_ended {
        post(rt, actor, Owned::share(message), Owned::NONE);
    }
    Ok(Owned::NONE)
}

/// `(ask a message seconds)`.
pub(in super::super) fn ask(rt: &mut Isolate, a: Word, message: Word, seconds: Word) -> PyResult {
    let actor = expect(rt, a, "ask")?;
    let deadline = super::deadline(rt, seconds, "ask")?;
    let reply = channel::new(rt, 1)?;
    let keys = ["reply", "message"].map(|k| rt.keyword(k));
    let letter = map::from_words(rt, &[keys[0], reply.word(), keys[1], message])?;
    if actor.has_ended {
        channel::close(rt, reply.word())?;
    } else {
        post(rt, actor, letter, reply.clone());
    }
    match channel::receive(rt, reply.word(), deadline)? {
        Received::Value(v) => Ok(v),
        Received::End => {
            Err(rt.raise_claude(ErrorKind::ChannelClosed, "ask: the actor has ended without an answer", Word::NONE))
        }
        Received::Nothing => Err(rt.raise_claude(ErrorKind::Timeout, "ask: no answer in time", Word::NONE)),
    }
}

/// What other languages do with an actor.
pub(super) static METHODS: &[NativeDef] = &[
    def("send", "($self, message, /)", |rt, a| {
        let message = seam::to_claude(rt, a[1])?;
        tell(rt, a[0], message.word())
    })
    .doc("Sends a message without waiting."),
    def("ask", "($self, message, seconds=None, /)", |rt, a| {
        let message = seam::to_claude(rt, a[1])?;
        let seconds = if a[2].is_unbound() { Word::NONE } else { a[2] };
        let answer = ask(rt, a[0], message.word(), seconds)?;
        seam::to_python(rt, answer.word())
    })
    .doc("Sends a message and waits for the answer, for so many seconds at most."),
    def("stop", "($self, /)", |rt, a| stop(rt, a[0])).doc("Has the actor end after the message in hand."),
    def("is_alive", "($self, /)", |rt, a| {
        let actor = expect(rt, a[0], "is_alive")?;
        Ok(Owned::from_bool(!actor.has_ended))
    }),
];

/// The actor that runs.
fn this(rt: &mut Isolate, function: &str) -> PyResult<Word> {
    let actor = rt.claude.tasks.now_running().actor;
    if !actor.is_none() {
        return Ok(actor);
    }
    let text = alloc::format!("{function}: no actor runs here");
    Err(rt.raise_claude(ErrorKind::Error, text, Word::NONE))
}

/// `(self)`.
pub(in super::super) fn own(rt: &mut Isolate) -> PyResult {
    this(rt, "self").map(Owned::share)
}

/// `(become state)`.
pub(in super::super) fn set_next(rt: &mut Isolate, state: Word) -> PyResult {
    let actor = this(rt, "become")?;
    let before = native::<Actor>(actor).next.replace(Owned::share(state));
    drop(before);
    Ok(Owned::NONE)
}

/// `(stop! a)`: the actor ends when it has dealt with its message.
pub(in super::super) fn stop(rt: &mut Isolate, a: Word) -> PyResult {
    let mut actor = expect(rt, a, "stop!")?;
    actor.is_stopping = true;
    let is_idle = actor.waiter.is_some();
    if is_idle {
        rouse(rt, actor);
    }
    Ok(Owned::NONE)
}

/// Takes the first message that a procedure has something other than false for; that is the result. The other procedure's
/// place is taken by `late` when a time has passed.
pub(in super::super) fn receive(rt: &mut Isolate, fits: Word, ms: Word, late: Word) -> PyResult {
    let this = Owned::share(this(rt, "receive")?);
    let mut actor = native::<Actor>(this.word());
    let deadline = match ms.is_none() {
        true => None,
        false => Some(timers::after(super::super::entry::seconds_of(rt, ms, "receive")? / 1e3)),
    };
    let mut at = 0;
    loop {
        while let Some(m) = actor.mailbox.get(at) {
            let value = m.value.clone();
            let found = rt.claude_call(fits, &[value.word()])?;
            if found.word() != Word::FALSE {
                actor.mailbox.remove(at);
                return Ok(found);
            }
            at += 1;
        }
        if !wait_for_message(rt, actor, deadline)? {
            return Ok(Owned::share(late));
        }
    }
}
