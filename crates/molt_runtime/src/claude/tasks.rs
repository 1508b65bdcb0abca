//! Tasks: computations with stacks of their own that take turns (section 6 of the reference).
//!
//! Tasks of an isolate never run at the same time. One that has to wait leaves its stack and goes on at that of the next
//! task that is ready: there is no scheduler between them. Task 0 is the program itself, on the stack that it began on.
//!
//! Who waits has a *ticket*, a number that is never used again. Promises, channels and timers keep the ticket; the first
//! of them that wakes the task uses it up, and with the others it means nothing any more.
//!
//! - [`promise`], [`channel`], [`actor`], [`locks`]: what tasks wait for.
//! - [`timers`]: when they wake of themselves.
//! - [`ending`]: what becomes of tasks when the program ends.

pub(super) mod actor;
pub(super) mod channel;
mod ending;
pub(super) mod locks;
pub(super) mod promise;
#[cfg(test)]
mod tests;
mod timers;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use molt_abi::limits::MOST_PROMISES;
use molt_abi::{ClassId, Context, Word};

use super::effects::{self, FramePtr, Inherited};
use super::fiber::{self, Engine, Point, Spare};
use super::sandbox::denied;
use super::{ErrorKind, Kind, list, map};
use crate::grok::stack;
use crate::native::ClassSpec;
use crate::{Isolate, Owned, PyResult, Raised};

use timers::Timers;

pub(super) static PROMISE: ClassSpec = ClassSpec::new("claudelang", "Promise").flags(ClassSpec::NO_NEW);
pub(super) static CHANNEL: ClassSpec = ClassSpec::new("claudelang", "Channel").flags(ClassSpec::NO_NEW);
pub(super) static ACTOR: ClassSpec =
    ClassSpec::new("claudelang", "Actor").flags(ClassSpec::NO_NEW).methods(actor::METHODS);

/// Number of a task; numbers of ended tasks are used again.
pub(super) type TaskId = u32;

/// The program itself.
const MAIN: TaskId = 0;

/// Tasks that may be there at a time.
const MOST: usize = MOST_PROMISES as usize;

/// Turns between two looks at the clock, where tasks are ready all the time.
const TURNS_A_LOOK: u32 = 64;

/// Somebody who waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    task: TaskId,
    ticket: u64,
    /// Which of the things that it waits for this one is.
    index: u32,
}

/// Why a task goes on.
pub(super) enum Woken {
    /// Which of the things that it waited for came about, its value, and whether it came about as hoped.
    Done(u32, Owned, bool),
    Timeout,
}

/// What a task finds when it goes on.
#[derive(Default)]
enum Wake {
    #[default]
    Nothing,
    Done(u32, Owned, bool),
    Timeout,
    Raise(Owned),
    /// Only `finally` blocks run any more.
    Unwind,
}

/// What a task does.
pub(super) enum Body {
    /// Calls a procedure without operands.
    Call(Owned),
    Native(Box<dyn FnOnce(&mut Isolate) -> PyResult>),
}

/// What will happen to a task where it waits next.
#[derive(Default)]
enum Interrupt {
    #[default]
    Nothing,
    Raise(Owned),
    /// It is unwound, there and wherever it waits after that.
    Unwind,
}

/// A task.
struct Task {
    /// Number that no other task ever has.
    serial: u64,
    /// Where it goes on, while it does not run.
    point: Point,
    /// The handlers in force there.
    handlers: FramePtr,
    /// The end of its stack.
    top: usize,
    /// What it waits with, 0 if it does not.
    ticket: u64,
    /// What it waits for.
    what: &'static str,
    wake: Wake,
    interrupt: Interrupt,
    body: Option<Body>,
    inherited: Option<Inherited>,
    /// What its end settles.
    promise: Owned,
    /// The actor that it is, whose task holds it.
    actor: Word,
    is_live: bool,
}

impl Task {
    fn vacant() -> Task {
        Task {
            serial: 0,
            point: Point::NOWHERE,
            handlers: None,
            top: 0,
            ticket: 0,
            what: "",
            wake: Wake::Nothing,
            interrupt: Interrupt::Nothing,
            body: None,
            inherited: None,
            promise: Owned::NONE,
            actor: Word::NONE,
            is_live: false,
        }
    }
}

/// Classes of what tasks share.
#[derive(Clone, Copy)]
struct Classes {
    promise: ClassId,
    channel: ClassId,
    actor: ClassId,
    /// The procedures that settle a promise.
    settler: ClassId,
}

/// The tasks of an isolate.
pub(super) struct Tasks {
    classes: Option<Classes>,
    all: Vec<Task>,
    free: Vec<TaskId>,
    current: TaskId,
    /// Tasks beside the main one that have not ended.
    live: usize,
    ready: VecDeque<TaskId>,
    timers: Timers,
    turns: u32,
    /// State of the numbers by which `select` chooses.
    chance: u64,
    last_ticket: u64,
    last_serial: u64,
    /// Promises of tasks that failed when nobody waited.
    failures: Vec<Owned>,
    /// What `select` received, until it is asked for.
    selected: Owned,
    /// The program has ended; main waits for the others.
    ending: bool,
    /// How long the others may take for that.
    grace: Option<u64>,
}

impl Default for Tasks {
    fn default() -> Self {
        Tasks {
            classes: None,
            all: alloc::vec![Task { is_live: true, ..Task::vacant() }],
            free: Vec::new(),
            current: MAIN,
            live: 0,
            ready: VecDeque::new(),
            timers: Timers::default(),
            turns: 0,
            chance: 0,
            last_ticket: 0,
            last_serial: 0,
            failures: Vec::new(),
            selected: Owned::NONE,
            ending: false,
            grace: None,
        }
    }
}

impl Tasks {
    /// Kind of the values of a class that is one of this module's.
    pub(super) fn kind(&self, class: ClassId) -> Option<Kind> {
        let classes = self.classes.as_ref()?;
        let kinds = [
            (classes.promise, Kind::Promise),
            (classes.channel, Kind::Channel),
            (classes.actor, Kind::Actor),
            (classes.settler, Kind::Procedure),
        ];
        kinds.iter().find(|k| k.0 == class).map(|k| k.1)
    }

    fn task(&mut self, id: TaskId) -> &mut Task {
        &mut self.all[id as usize]
    }

    fn now_running(&mut self) -> &mut Task {
        let current = self.current;
        self.task(current)
    }

    /// Whether somebody still waits as it did.
    #[inline]
    fn is_waiting(&self, w: Waiter) -> bool {
        self.all[w.task as usize].ticket == w.ticket
    }

    fn rouse(&mut self, id: TaskId, wake: Wake) {
        let task = self.task(id);
        task.ticket = 0;
        task.wake = wake;
        self.ready.push_back(id);
    }

    /// Wakes somebody who waits.
    #[inline]
    fn wake(&mut self, w: Waiter, value: Owned, as_hoped: bool) {
        debug_assert!(self.is_waiting(w));
        self.rouse(w.task, Wake::Done(w.index, value, as_hoped));
    }

    /// The first of a queue that still waits.
    fn first(&self, queue: &mut VecDeque<Waiter>) -> Option<Waiter> {
        loop {
            let w = queue.pop_front()?;
            if self.is_waiting(w) {
                return Some(w);
            }
        }
    }
}

// ---- starting -----------------------------------------------------------------------------------

fn classes(rt: &mut Isolate) -> Classes {
    if let Some(known) = rt.claude.tasks.classes {
        return known;
    }
    let made = Classes {
        promise: rt.class_for(&PROMISE),
        channel: rt.class_for(&CHANNEL),
        actor: rt.class_for(&ACTOR),
        settler: rt.class_for(&promise::SETTLER),
    };
    rt.claude.tasks.classes = Some(made);
    made
}

/// Starts a task, which runs when its turn comes; its end settles the promise.
pub(super) fn start(rt: &mut Isolate, body: Body, promise: &Owned) -> PyResult<TaskId> {
    if rt.claude.expands {
        return Err(rt.raise_claude(ErrorKind::CapabilityDenied, "macros start no tasks", Word::NONE));
    }
    if denied(rt, "thread", "concurrent:go") {
        return Err(Raised);
    }
    if rt.claude.tasks.live >= MOST {
        let text = alloc::format!("there are {MOST} tasks already");
        return Err(rt.raise_claude(ErrorKind::Limit, text, Word::NONE));
    }
    let Some(spare) = rt.claude.fibers.take() else {
        return Err(rt.raise_claude(ErrorKind::Limit, "there is no memory for another task", Word::NONE));
    };
    rt.claude.at_end = Some(ending::finish);
    let inherited = (!rt.ctx.handlers.is_null()).then(|| Inherited::of(rt));
    let tasks = &mut rt.claude.tasks;
    let id = tasks.free.pop().unwrap_or_else(|| {
        tasks.all.push(Task::vacant());
        (tasks.all.len() - 1) as TaskId
    });
    tasks.last_serial += 1;
    // SAFETY: the stack is unused.
    let sp = unsafe { stack::prepare(spare.top, begin_stack, id as usize) };
    let serial = tasks.last_serial;
    let mut task = Task { serial, top: spare.top, inherited, is_live: true, ..Task::vacant() };
    task.point = spare.point(sp, None);
    task.handlers = task.inherited.as_mut().and_then(Inherited::first);
    (task.body, task.promise) = (Some(body), promise.clone());
    *tasks.task(id) = task;
    tasks.live += 1;
    tasks.ready.push_back(id);
    Ok(id)
}

unsafe extern "C" fn begin_stack(id: usize) -> ! {
    // SAFETY: the thread runs inside its isolate.
    unsafe {
        let rt = &mut *crate::current::current();
        run(rt, id as TaskId);
        leave_for_good(rt, id as TaskId);
    }
    unreachable!("an ended task is not entered")
}

/// The life of a task.
fn run(rt: &mut Isolate, id: TaskId) {
    let body = rt.claude.tasks.task(id).body.take().expect("it has not begun");
    let result = match body {
        Body::Call(procedure) => rt.claude_call(procedure.word(), &[]),
        Body::Native(f) => f(rt),
    };
    let promise = rt.claude.tasks.task(id).promise.clone();
    match result {
        Ok(value) => promise::settle(rt, promise.word(), Ok(value)),
        Err(Raised) => failed(rt, &promise),
    }
}

/// The pending exception has ended a task.
fn failed(rt: &mut Isolate, promise: &Owned) {
    let Some(e) = effects::outermost_failure(rt) else {
        let e = new_error(rt, ErrorKind::Cancelled, "the task was cancelled");
        return promise::settle(rt, promise.word(), Err(e));
    };
    if !rt.is_instance(e.word(), ClassId::EXCEPTION) {
        // The end of the program, or an interrupt: a matter of the main task.
        promise::settle(rt, promise.word(), Err(e.clone()));
        return end_main(rt, e);
    }
    if !is_cancellation(rt, e.word()) {
        ending::note_failure(rt, promise, &e);
    }
    promise::settle(rt, promise.word(), Err(e));
}

/// Raises in the main task what ends the program. Whatever it was woken with does not matter any more.
fn end_main(rt: &mut Isolate, e: Owned) {
    let main = rt.claude.tasks.task(MAIN);
    if matches!(main.wake, Wake::Nothing) {
        return interrupt(rt, MAIN, e);
    }
    let before = core::mem::replace(&mut main.wake, Wake::Raise(e));
    drop(before);
}

/// An error that is not raised yet.
fn new_error(rt: &mut Isolate, kind: ErrorKind, message: &str) -> Owned {
    rt.raise_claude(kind, message, Word::NONE);
    rt.take_exception()
}

fn is_cancellation(rt: &mut Isolate, e: Word) -> bool {
    match super::error::error_field(rt, e, "type") {
        Ok(kind) => kind.word() == rt.intern(ErrorKind::Cancelled.name()),
        Err(Raised) => {
            rt.clear_exception();
            false
        }
    }
}

/// Gives up the stack that this runs on.
///
/// # Safety
/// The task runs and has settled its promise; nothing on the stack is needed any more.
unsafe fn leave_for_good(rt: &mut Isolate, id: TaskId) {
    let engine = Engine::here(rt);
    let tasks = &mut rt.claude.tasks;
    let ended = core::mem::replace(tasks.task(id), Task::vacant());
    let spare = Spare { top: ended.top, engine };
    tasks.live -= 1;
    // What it held goes while the task still runs: it may be much, and run code that waits in turn.
    drop(ended);
    let tasks = &mut rt.claude.tasks;
    if tasks.ending && tasks.live == 0 && tasks.task(MAIN).ticket != 0 {
        tasks.rouse(MAIN, Wake::Done(0, Owned::NONE, true));
    }
    let next = next(rt);
    // Nobody takes the stack or the number before the switch.
    rt.claude.tasks.free.push(id);
    rt.claude.fibers.give(spare);
    let mut nowhere = core::ptr::null_mut();
    // SAFETY: the next task waits at the point where it was left, and is another: this one is not in the queue.
    unsafe { go_to(rt, next, &raw mut nowhere) }
}

// ---- waiting ------------------------------------------------------------------------------------

/// The task that runs is about to wait for something; what is to come about is told the result. Here it is that a task
/// that was cancelled finds out.
pub(super) fn begin_wait(rt: &mut Isolate, what: &'static str) -> PyResult<Waiter> {
    let tasks = &mut rt.claude.tasks;
    let current = tasks.current;
    let task = tasks.task(current);
    match core::mem::take(&mut task.interrupt) {
        Interrupt::Nothing => {}
        Interrupt::Raise(e) => {
            rt.set_pending(e);
            return Err(Raised);
        }
        Interrupt::Unwind => {
            task.interrupt = Interrupt::Unwind;
            return Err(effects::raise_unwinding(rt));
        }
    }
    tasks.last_ticket += 1;
    let ticket = tasks.last_ticket;
    let task = tasks.task(current);
    (task.ticket, task.what) = (ticket, what);
    Ok(Waiter { task: current, ticket, index: 0 })
}

/// Waits with the last ticket, at most until a time.
pub(super) fn wait(rt: &mut Isolate, deadline: Option<u64>) -> PyResult<Woken> {
    let current = rt.claude.tasks.current;
    if let Some(when) = deadline {
        let ticket = rt.claude.tasks.task(current).ticket;
        rt.claude.tasks.add_timer(when, current, ticket);
    }
    let next = next(rt);
    if next != current {
        leave(rt, current, next);
    }
    match core::mem::take(&mut rt.claude.tasks.task(current).wake) {
        Wake::Done(index, value, as_hoped) => Ok(Woken::Done(index, value, as_hoped)),
        Wake::Timeout => Ok(Woken::Timeout),
        Wake::Raise(e) => {
            rt.set_pending(e);
            Err(Raised)
        }
        Wake::Unwind => Err(effects::raise_unwinding(rt)),
        Wake::Nothing => unreachable!("who is ready was woken"),
    }
}

/// Lets the other tasks that are ready run.
pub(super) fn give_way(rt: &mut Isolate) -> PyResult<()> {
    let w = begin_wait(rt, "a turn")?;
    rt.claude.tasks.wake(w, Owned::NONE, true);
    wait(rt, None).map(drop)
}

/// Waits for so many seconds.
pub(super) fn sleep(rt: &mut Isolate, seconds: f64) -> PyResult<()> {
    sleep_until(rt, timers::after(seconds))
}

/// Waits for a time; a signal may come in between.
fn sleep_until(rt: &mut Isolate, when: u64) -> PyResult<()> {
    begin_wait(rt, "a time")?;
    wait(rt, Some(when)).map(drop)
}

/// Leaves a task for another; back when somebody goes on here.
fn leave(rt: &mut Isolate, current: TaskId, next: TaskId) {
    let ctx: *mut Context = &raw mut rt.ctx;
    debug_assert!(rt.ctx.exception.is_unbound(), "nothing is pending where a task is left");
    let (point, handlers) = (fiber::here(rt), rt.handlers());
    let task = rt.claude.tasks.task(current);
    (task.point, task.handlers) = (point, handlers);
    let save = &raw mut task.point.sp;
    // SAFETY: the next task waits at the point where it was left. The isolate, that of the context, is not borrowed across
    // the switch, which writes to `save` before anything else happens.
    unsafe {
        go_to(rt, next, save);
        let _ = Isolate::from_ctx(ctx);
    }
}

/// Goes on at a task.
///
/// # Safety
/// The task is another than the one that runs.
unsafe fn go_to(rt: &mut Isolate, next: TaskId, save: *mut *mut u8) {
    let tasks = &mut rt.claude.tasks;
    tasks.current = next;
    let task = tasks.task(next);
    let (point, handlers) = (task.point, task.handlers);
    if rt.handlers() != handlers {
        rt.change_handlers(handlers);
    }
    fiber::set_here(rt, point, point.used);
    // SAFETY: nobody runs on the stack of a task that is not the current one.
    unsafe { stack::switch(save, point.sp) }
}

/// The task whose turn it is. Where none is ready, time passes; where none ever will be, main is told so.
fn next(rt: &mut Isolate) -> TaskId {
    loop {
        let tasks = &mut rt.claude.tasks;
        tasks.turns = tasks.turns.wrapping_add(1);
        let looks = tasks.ready.is_empty() || tasks.turns.is_multiple_of(TURNS_A_LOOK);
        if looks && (!tasks.timers.is_empty() || tasks.grace.is_some()) {
            timers::look(rt);
        }
        if let Some(id) = rt.claude.tasks.ready.pop_front() {
            return id;
        }
        let e = deadlock(rt);
        rt.claude.tasks.rouse(MAIN, Wake::Raise(e));
    }
}

/// The error `deadlock`; its data tell what each task waits for.
#[cold]
fn deadlock(rt: &mut Isolate) -> Owned {
    let keys = ["task", "waits-for"].map(|k| rt.keyword(k));
    let waiting: Vec<(TaskId, &str)> =
        (0..).zip(&rt.claude.tasks.all).filter(|(_, t)| t.ticket != 0).map(|(id, t)| (id, t.what)).collect();
    let mut all = Vec::new();
    for (id, what) in waiting {
        let what = rt.new_str(what);
        let words = [keys[0], Word::small(i64::from(id)), keys[1], what.word()];
        all.push(map::from_words(rt, &words).expect("keywords are shallow keys"));
    }
    let data = list::from_vec(rt, all);
    rt.raise_claude(ErrorKind::Deadlock, "every task waits for another", data.word());
    rt.take_exception()
}

// ---- interrupting -------------------------------------------------------------------------------

/// Raises an error in a task: where it waits, else where it waits next.
fn interrupt(rt: &mut Isolate, id: TaskId, e: Owned) {
    let tasks = &mut rt.claude.tasks;
    if tasks.task(id).ticket != 0 {
        tasks.rouse(id, Wake::Raise(e));
    } else {
        let before = core::mem::replace(&mut tasks.task(id).interrupt, Interrupt::Raise(e));
        drop(before);
    }
}

/// Raises `cancelled` in a task.
fn cancel(rt: &mut Isolate, id: TaskId) {
    let e = new_error(rt, ErrorKind::Cancelled, "the task was cancelled");
    interrupt(rt, id, e);
}

/// A time of so many seconds from now on the clock of timers; none for what is absent or nil.
pub(super) fn deadline(rt: &mut Isolate, seconds: Word, function: &str) -> PyResult<Option<u64>> {
    if seconds.is_unbound() || seconds.is_none() {
        return Ok(None);
    }
    let seconds = super::entry::seconds_of(rt, seconds, function)?;
    Ok(Some(timers::after(seconds)))
}
