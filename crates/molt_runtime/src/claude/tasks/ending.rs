//! What becomes of tasks when the program ends.
//!
//! The others are cancelled and have a moment to run their `finally` blocks. Those that still wait then are unwound:
//! `catch` takes nothing any more. Then failures are printed that nobody has looked at.

use alloc::vec::Vec;

use super::promise::{self, Promise};
use super::{Interrupt, Isolate, MAIN, Owned, TaskId, Wake, Woken, begin_wait, cancel, timers, wait};
use crate::api::native;

/// How long cancelled tasks may take, in seconds.
const GRACE: f64 = 1.0;

/// Failures that are kept before those are forgotten that somebody has looked at.
const FEW: usize = 16;

/// A task has failed.
pub(super) fn note_failure(rt: &mut Isolate, promise: &Owned, e: &Owned) {
    if native::<Promise>(promise.word()).is_observed() {
        return;
    }
    super::super::entry::control::note_unhandled(rt, e.clone());
    let failures = &mut rt.claude.tasks.failures;
    let old = if failures.len().is_power_of_two() && failures.len() >= FEW {
        failures.extract_if(.., |p| native::<Promise>(p.word()).is_observed()).collect()
    } else {
        Vec::new()
    };
    failures.push(promise.clone());
    drop(old);
}

/// The end of the program, on the main task.
pub(super) fn finish(rt: &mut Isolate) {
    rt.claude.tasks.ending = true;
    rt.claude.tasks.task(MAIN).interrupt = Interrupt::Nothing;
    drop_unbegun(rt);
    each_live(rt, cancel);
    rt.claude.tasks.grace = Some(timers::after(GRACE));
    if !all_end(rt) {
        rt.claude.tasks.grace = None;
        each_live(rt, unwind);
        all_end(rt);
    }
    super::effects::unwind_all(rt);
    print_failures(rt);
    let tasks = &mut rt.claude.tasks;
    let selected = core::mem::replace(&mut tasks.selected, Owned::NONE);
    drop(selected);
}

fn each_live(rt: &mut Isolate, f: fn(&mut Isolate, TaskId)) {
    let live: Vec<TaskId> = (1..).zip(&rt.claude.tasks.all[1..]).filter(|t| t.1.is_live).map(|t| t.0).collect();
    live.into_iter().for_each(|id| f(rt, id));
}

/// Tasks whose turn never came do not begin any more.
fn drop_unbegun(rt: &mut Isolate) {
    each_live(rt, |rt, id| {
        let task = rt.claude.tasks.task(id);
        if task.body.is_some() {
            let nothing = super::Body::Native(alloc::boxed::Box::new(|rt| Err(super::effects::raise_unwinding(rt))));
            let body = task.body.replace(nothing);
            drop(body);
        }
    });
}

fn unwind(rt: &mut Isolate, id: TaskId) {
    let tasks = &mut rt.claude.tasks;
    tasks.task(id).interrupt = Interrupt::Unwind;
    if tasks.task(id).ticket != 0 {
        tasks.rouse(id, Wake::Unwind);
    }
}

/// Lets the others run; whether all have ended. They have not when their time is over, and when
/// all of them wait.
fn all_end(rt: &mut Isolate) -> bool {
    while rt.claude.tasks.live > 0 {
        let woken = begin_wait(rt, "the end of the other tasks").and_then(|_| wait(rt, None));
        match woken {
            Ok(Woken::Done(..)) => {}
            Ok(Woken::Timeout) => return false,
            Err(crate::Raised) => {
                rt.clear_exception();
                return false;
            }
        }
    }
    true
}

fn print_failures(rt: &mut Isolate) {
    for p in core::mem::take(&mut rt.claude.tasks.failures) {
        if native::<Promise>(p.word()).is_observed() {
            continue;
        }
        let e = promise::reason(p.word());
        let text = super::super::report::text(rt, e.word());
        super::super::entry::operations::print_error(rt, &text);
    }
}
