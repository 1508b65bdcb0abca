//! Promises: values that are there later, and what is made of several.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use molt_abi::{ClassId, Word};

use super::super::entry::wrong_type;
use super::super::limits::{Charge, Counted, charge};
use super::super::{ErrorKind, error, list};
use super::{
    Body, Isolate, Owned, PyResult, Raised, TaskId, Waiter, Woken, begin_wait, cancel, classes, ending, interrupt,
    is_cancellation, new_error, sleep_until, start, timers, wait,
};
use crate::api::native;
use crate::native::{ClassSpec, NativeData};

/// Whether a promise has a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Settled {
    Pending,
    Fulfilled,
    Rejected,
}

/// Somebody who is told what a promise becomes.
enum Watcher {
    Task(Waiter),
    /// Another promise that becomes the same.
    Same(Owned),
    /// One of several of which all or the first is wanted.
    Part(Rc<RefCell<Several>>, usize),
}

/// Several promises that one is made of.
struct Several {
    target: Owned,
    /// What they became: values when all are wanted; of those that have none yet, nil.
    parts: Vec<Owned>,
    missing: usize,
    /// All are wanted, else any that is fulfilled.
    all: bool,
}

/// A promise.
pub(super) struct Promise {
    state: Settled,
    /// The value, or the error.
    value: Owned,
    watchers: Vec<Watcher>,
    /// The task that will settle it: its number and its serial number.
    task: Option<(TaskId, u64)>,
    observed: bool,
    /// Dropped with it.
    _charge: Charge,
}

impl NativeData for Promise {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.value.word());
        for w in &self.watchers {
            if let Watcher::Same(target) = w {
                visit(target.word());
            }
        }
    }
    fn clear(&mut self) {
        self.value = Owned::NONE;
        self.watchers.clear();
    }
}

impl Promise {
    pub fn is_observed(&self) -> bool {
        self.observed
    }
}

/// The error of a promise that is rejected.
pub(super) fn reason(p: Word) -> Owned {
    native::<Promise>(p).value.clone()
}

/// A promise that is pending; the error `limit` where there are too many.
pub(in super::super) fn new(rt: &mut Isolate) -> PyResult {
    let class = classes(rt).promise;
    let promise = Promise {
        state: Settled::Pending,
        value: Owned::NONE,
        watchers: Vec::new(),
        task: None,
        observed: false,
        _charge: charge(rt, Counted::Promises)?,
    };
    Ok(rt.new_native(class, Box::new(promise)))
}

#[inline]
pub(in super::super) fn is_promise(rt: &Isolate, w: Word) -> bool {
    rt.claude.tasks.classes.is_some_and(|c| rt.class_of(w) == c.promise)
}

fn expect(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Word> {
    if is_promise(rt, w) { Ok(w) } else { Err(wrong_type(rt, function, "a promise", w)) }
}

/// Gives a promise its value or error, unless it has one.
pub(super) fn settle(rt: &mut Isolate, p: Word, result: Result<Owned, Owned>) {
    let mut promise = native::<Promise>(p);
    if promise.state != Settled::Pending {
        return;
    }
    (promise.state, promise.value) = match &result {
        Ok(v) => (Settled::Fulfilled, v.clone()),
        Err(e) => (Settled::Rejected, e.clone()),
    };
    promise.task = None;
    for watcher in core::mem::take(&mut promise.watchers) {
        tell(rt, watcher, &result);
    }
}

fn tell(rt: &mut Isolate, watcher: Watcher, result: &Result<Owned, Owned>) {
    match watcher {
        Watcher::Task(w) if rt.claude.tasks.is_waiting(w) => rt.claude.tasks.wake(w, Owned::NONE, true),
        Watcher::Task(_) => {}
        Watcher::Same(target) => settle(rt, target.word(), result.clone()),
        Watcher::Part(several, at) => part_settled(rt, &several, at, result),
    }
}

fn part_settled(rt: &mut Isolate, several: &Rc<RefCell<Several>>, at: usize, result: &Result<Owned, Owned>) {
    let mut s = several.borrow_mut();
    let target = s.target.clone();
    let kept = match (result, s.all) {
        (Ok(v), true) => v,
        (Err(e), false) => e,
        (decided, _) => {
            drop(s);
            return settle(rt, target.word(), decided.clone());
        }
    };
    let before = core::mem::replace(&mut s.parts[at], kept.clone());
    s.missing -= 1;
    if s.missing > 0 {
        return;
    }
    let parts = core::mem::take(&mut s.parts);
    let all = s.all;
    drop(s);
    drop(before);
    let end = if all { Ok(list::from_vec(rt, parts)) } else { Err(parts.into_iter().last().unwrap_or(Owned::NONE)) };
    settle(rt, target.word(), end);
}

/// Tells somebody what a promise becomes, at once if it has become it.
fn watch(rt: &mut Isolate, p: Word, watcher: Watcher) {
    let mut promise = native::<Promise>(p);
    promise.observed = true;
    match promise.state {
        Settled::Pending => promise.watchers.push(watcher),
        Settled::Fulfilled => tell(rt, watcher, &Ok(promise.value.clone())),
        Settled::Rejected => tell(rt, watcher, &Err(promise.value.clone())),
    }
}

/// What raising a reason raises: an error as it is, anything else inside a `promise-rejected`.
fn raised(rt: &mut Isolate, reason: Owned) -> Raised {
    if rt.is_exception(reason.word()) {
        rt.set_pending(reason);
        return Raised;
    }
    match super::super::kind::kind_of(rt, reason.word()) {
        super::Kind::String => {
            let text = crate::api::str_text(reason.word()).into_owned();
            rt.raise_claude(ErrorKind::PromiseRejected, text, Word::NONE)
        }
        _ => rt.raise_claude(ErrorKind::PromiseRejected, "the promise was rejected", reason.word()),
    }
}

// ---- waiting ------------------------------------------------------------------------------------

/// The value of a promise; it is waited for until a time. The error `timeout` when that has passed.
pub(in super::super) fn value_of(rt: &mut Isolate, p: Word, deadline: Option<u64>) -> PyResult {
    let mut promise = native::<Promise>(p);
    promise.observed = true;
    if promise.state == Settled::Pending {
        let waiter = begin_wait(rt, "a promise")?;
        promise.watchers.push(Watcher::Task(waiter));
        let woken = wait(rt, deadline);
        if !matches!(woken, Ok(Woken::Done(..))) {
            promise.watchers.retain(|w| !matches!(w, Watcher::Task(t) if t.ticket == waiter.ticket));
        }
        if let Woken::Timeout = woken? {
            return Err(rt.raise_claude(ErrorKind::Timeout, "the promise has no value in time", Word::NONE));
        }
    }
    let value = promise.value.clone();
    match promise.state {
        Settled::Rejected => Err(raised(rt, value)),
        _ => Ok(value),
    }
}

/// `(await p seconds)`.
pub(in super::super) fn await_value(rt: &mut Isolate, p: Word, seconds: Word) -> PyResult {
    if !is_promise(rt, p) {
        return Ok(Owned::share(p));
    }
    let deadline = super::deadline(rt, seconds, "await")?;
    value_of(rt, p, deadline)
}

/// `concurrent:join`.
pub(in super::super) fn join(rt: &mut Isolate, p: Word, seconds: Word) -> PyResult {
    let p = expect(rt, p, "join")?;
    let deadline = super::deadline(rt, seconds, "join")?;
    value_of(rt, p, deadline)
}

// ---- starting -----------------------------------------------------------------------------------

/// Starts a task; the promise of its value.
pub(super) fn of_task(rt: &mut Isolate, body: Body) -> PyResult {
    let p = new(rt)?;
    let id = start(rt, body, &p)?;
    native::<Promise>(p.word()).task = Some((id, rt.claude.tasks.task(id).serial));
    Ok(p)
}

/// Starts a task that calls a procedure.
pub(in super::super) fn spawn(rt: &mut Isolate, procedure: Word) -> PyResult {
    of_task(rt, Body::Call(Owned::share(procedure)))
}

/// The procedures that an executor settles its promise with.
pub(super) static SETTLER: ClassSpec =
    ClassSpec::new("claudelang", "Settler").flags(ClassSpec::NO_NEW).call(settler_call);

struct Settler {
    promise: Owned,
    fulfils: bool,
}

impl NativeData for Settler {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.promise.word());
    }
    fn clear(&mut self) {
        self.promise = Owned::NONE;
    }
}

fn settler_call(rt: &mut Isolate, this: Word, args: &[Word], _: Word) -> PyResult {
    let settler = native::<Settler>(this);
    let value = match *args {
        [] => Owned::NONE,
        [value] => Owned::share(value),
        _ => {
            let text = alloc::format!("a promise is settled with at most 1 value, not {}", args.len());
            return Err(rt.raise_claude(ErrorKind::Arity, text, Word::NONE));
        }
    };
    let promise = settler.promise.clone();
    settle(rt, promise.word(), if settler.fulfils { Ok(value) } else { Err(value) });
    Ok(Owned::NONE)
}

/// `(promise executor)`: the executor runs in a task; its error rejects.
pub(in super::super) fn of_executor(rt: &mut Isolate, executor: Word) -> PyResult {
    let p = new(rt)?;
    let class = classes(rt).settler;
    let [resolve, reject] =
        [true, false].map(|fulfils| rt.new_native(class, Box::new(Settler { promise: p.clone(), fulfils })));
    let (executor, target) = (Owned::share(executor), p.clone());
    let body = Box::new(move |rt: &mut Isolate| {
        let result = rt.claude_call(executor.word(), &[resolve.word(), reject.word()]);
        native::<Promise>(target.word()).task = None;
        match result {
            Ok(_) => Ok(Owned::NONE),
            Err(Raised) => settle_failed(rt, &target),
        }
    });
    let end = new(rt)?;
    let id = start(rt, Body::Native(body), &end)?;
    let serial = rt.claude.tasks.task(id).serial;
    native::<Promise>(p.word()).task = Some((id, serial));
    Ok(p)
}

/// The pending error rejects a promise; what is no error stays pending.
pub(super) fn settle_failed(rt: &mut Isolate, p: &Owned) -> PyResult {
    if !rt.pending_is(ClassId::EXCEPTION) {
        return Err(Raised);
    }
    let e = rt.take_exception();
    if !is_cancellation(rt, e.word()) {
        ending::note_failure(rt, p, &e);
    }
    settle(rt, p.word(), Err(e));
    Ok(Owned::NONE)
}

// ---- several ------------------------------------------------------------------------------------

/// Which of several promises is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Wanted {
    All,
    /// The first that is settled.
    First,
    /// The first that is fulfilled.
    Any,
}

/// One promise of several values; those that are no promises are there already.
pub(in super::super) fn combine(rt: &mut Isolate, parts: &[Word], wanted: Wanted) -> PyResult {
    let target = new(rt)?;
    if parts.is_empty() && wanted != Wanted::First {
        let end = match wanted {
            Wanted::All => Ok(list::empty(rt)),
            _ => Err(new_error(rt, ErrorKind::PromiseRejected, "there is no promise that could be fulfilled")),
        };
        settle(rt, target.word(), end);
        return Ok(target);
    }
    let several = Several {
        target: target.clone(),
        parts: alloc::vec![Owned::NONE; parts.len()],
        missing: parts.len(),
        all: wanted == Wanted::All,
    };
    let several = Rc::new(RefCell::new(several));
    for (i, &p) in parts.iter().enumerate() {
        let watcher = match wanted {
            Wanted::First => Watcher::Same(target.clone()),
            _ => Watcher::Part(several.clone(), i),
        };
        if is_promise(rt, p) {
            watch(rt, p, watcher);
        } else {
            tell(rt, watcher, &Ok(Owned::share(p)));
        }
    }
    Ok(target)
}

/// Calls procedures at the same time: the tuple of their values. The first error cancels the rest.
pub(in super::super) fn parallel(rt: &mut Isolate, procedures: &[Word]) -> PyResult {
    let mut all = Vec::with_capacity(procedures.len());
    for &f in procedures {
        all.push(spawn(rt, f)?);
    }
    let words: Vec<Word> = all.iter().map(Owned::word).collect();
    let whole = combine(rt, &words, Wanted::All)?;
    match value_of(rt, whole.word(), None) {
        Ok(values) => {
            let values = list::iter(values.word()).map(Owned::share).collect();
            Ok(rt.new_tuple(values))
        }
        Err(Raised) => {
            let e = rt.take_exception();
            for p in &all {
                cancel_task(rt, p.word());
            }
            rt.set_pending(e);
            Err(Raised)
        }
    }
}

/// `(timeout ms p default)`: the promise of the value if it is there in time.
pub(in super::super) fn in_time(rt: &mut Isolate, ms: Word, p: Word, default: Word) -> PyResult {
    let ms = super::super::entry::seconds_of(rt, ms, "timeout")?;
    let deadline = timers::after(ms / 1e3);
    if !is_promise(rt, p) {
        return combine(rt, &[p], Wanted::First);
    }
    native::<Promise>(p).observed = true;
    let p = Owned::share(p);
    let default = (!default.is_unbound()).then(|| Owned::share(default));
    let body = Box::new(move |rt: &mut Isolate| {
        let result = value_of(rt, p.word(), Some(deadline));
        let late = result.is_err() && native::<Promise>(p.word()).state == Settled::Pending;
        match default {
            Some(default) if late && is_timeout(rt) => Ok(default),
            _ => result,
        }
    });
    of_task(rt, Body::Native(body))
}

/// Takes the pending error if it is a `timeout`.
fn is_timeout(rt: &mut Isolate) -> bool {
    let e = rt.take_exception();
    let timeout = rt.intern(ErrorKind::Timeout.name());
    let is = error::is_own(rt, e.word()) && error::own_field(rt, e.word(), 0) == timeout;
    if !is {
        rt.set_pending(e);
    }
    is
}

/// `(async:then p ok bad)`.
pub(in super::super) fn then(rt: &mut Isolate, p: Word, ok: Word, bad: Word) -> PyResult {
    let p = Owned::share(expect(rt, p, "then")?);
    native::<Promise>(p.word()).observed = true;
    let ok = Owned::share(ok);
    let bad = (!bad.is_unbound() && !bad.is_none()).then(|| Owned::share(bad));
    let body = Box::new(move |rt: &mut Isolate| {
        let result = value_of(rt, p.word(), None);
        let rejected = native::<Promise>(p.word()).state == Settled::Rejected;
        let next = match (result, bad) {
            (Ok(v), _) if ok.word().is_none() => v,
            (Ok(v), _) => rt.claude_call(ok.word(), &[v.word()])?,
            (Err(Raised), Some(bad)) if rejected => {
                let e = rt.take_exception();
                rt.claude_call(bad.word(), &[e.word()])?
            }
            (Err(Raised), _) => return Err(Raised),
        };
        await_value(rt, next.word(), Word::UNBOUND)
    });
    of_task(rt, Body::Native(body))
}

/// `(async:delay ms v)`.
pub(in super::super) fn delay(rt: &mut Isolate, ms: Word, value: Word) -> PyResult {
    let ms = super::super::entry::seconds_of(rt, ms, "delay")?;
    let when = timers::after(ms / 1e3);
    let value = if value.is_unbound() { Owned::NONE } else { Owned::share(value) };
    let body = Box::new(move |rt: &mut Isolate| sleep_until(rt, when).map(|()| value));
    of_task(rt, Body::Native(body))
}

/// `async:resolve` and `async:reject`.
pub(in super::super) fn settle_by_hand(rt: &mut Isolate, p: Word, value: Word, fulfils: bool) -> PyResult {
    let p = expect(rt, p, if fulfils { "resolve" } else { "reject" })?;
    let value = Owned::share(value);
    settle(rt, p, if fulfils { Ok(value) } else { Err(value) });
    Ok(Owned::NONE)
}

/// State, and value and error or nil.
pub(in super::super) fn state_of(rt: &mut Isolate, p: Word) -> PyResult<(Settled, Owned, Owned)> {
    let promise = native::<Promise>(expect(rt, p, "get-state")?);
    let value = promise.value.clone();
    Ok(match promise.state {
        Settled::Rejected => (Settled::Rejected, Owned::NONE, value),
        state => (state, value, Owned::NONE),
    })
}

/// Cancels what will settle a promise; whether there was something.
pub(in super::super) fn cancel_promise(rt: &mut Isolate, p: Word) -> PyResult<bool> {
    let p = expect(rt, p, "cancel")?;
    Ok(cancel_task(rt, p))
}

fn cancel_task(rt: &mut Isolate, p: Word) -> bool {
    let promise = native::<Promise>(p);
    if promise.state != Settled::Pending {
        return false;
    }
    match promise.task {
        Some((id, serial)) if rt.claude.tasks.task(id).serial == serial => cancel(rt, id),
        _ => {
            let e = new_error(rt, ErrorKind::Cancelled, "the promise was cancelled");
            settle(rt, p, Err(e));
        }
    }
    true
}

/// Raises an error in the task that a number and a serial number name, or in the main one if it has ended.
pub(super) fn escalate(rt: &mut Isolate, (id, serial): (TaskId, u64), e: Owned) {
    let id = if rt.claude.tasks.task(id).serial == serial { id } else { super::MAIN };
    interrupt(rt, id, e);
}
