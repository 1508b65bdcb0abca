//! Tasks, promises, channels and actors.

use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::limits::MOST_BUFFERED;
use super::super::tasks::channel::{self, Case, Chosen, Received};
use super::super::tasks::promise::{self, Settled, Wanted};
use super::super::tasks::{self, actor, locks};
use super::super::{ErrorKind, Kind, list, map, symbol};
use super::{expect_index, seconds_of, wrong_type};
use crate::api::str_text;
use crate::entry::{entries, ret, words};
use crate::{Isolate, Owned, PyResult, Raised};

/// An operand that may be absent.
fn operand(args: &[Word], i: usize) -> Word {
    args.get(i).copied().unwrap_or(Word::UNBOUND)
}

/// Items of a list.
fn items(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Vec<Owned>> {
    if list::is_list(rt, w) {
        return Ok(list::iter(w).map(Owned::share).collect());
    }
    Err(wrong_type(rt, function, "a list", w))
}

fn truth(result: PyResult<bool>) -> Ret {
    ret(result.map(Owned::from_bool))
}

fn nothing(result: PyResult<()>) -> Ret {
    ret(result.map(|()| Owned::NONE))
}

/// A number of things that is not negative.
fn count(rt: &mut Isolate, w: Word, function: &str) -> PyResult<usize> {
    match expect_index(rt, w, function)? {
        n @ 0.. => Ok(n as usize),
        _ => Err(super::bad_index(rt, alloc::format!("{function}: the number is negative"))),
    }
}

fn deadline(rt: &mut Isolate, args: &[Word], i: usize, function: &str) -> PyResult<Option<u64>> {
    tasks::deadline(rt, operand(args, i), function)
}

// ---- promises -----------------------------------------------------------------------------------

fn combined(rt: &mut Isolate, w: Word, wanted: Wanted, function: &str) -> PyResult {
    let parts = items(rt, w, function)?;
    let parts: Vec<Word> = parts.iter().map(Owned::word).collect();
    promise::combine(rt, &parts, wanted)
}

/// `{:state :value :error}`.
fn state(rt: &mut Isolate, p: Word) -> PyResult {
    let (state, value, error) = promise::state_of(rt, p)?;
    let state = rt.new_str(match state {
        Settled::Pending => "pending",
        Settled::Fulfilled => "fulfilled",
        Settled::Rejected => "rejected",
    });
    let keys = ["state", "value", "error"].map(|k| rt.keyword(k));
    map::from_words(rt, &[keys[0], state.word(), keys[1], value.word(), keys[2], error.word()])
}

// ---- channels -----------------------------------------------------------------------------------

fn new_channel(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let room = match operand(args, 0) {
        w if w.is_unbound() || w.is_none() => 0,
        w => count(rt, w, "chan")?,
    };
    if room > MOST_BUFFERED {
        let text = alloc::format!("a channel holds at most {MOST_BUFFERED} values, not {room}");
        return Err(rt.raise_claude(ErrorKind::Limit, text, Word::NONE));
    }
    channel::new(rt, room)
}

/// `{:value v :ok b}`.
fn outcome(rt: &mut Isolate, value: Word, is_value: bool) -> PyResult {
    let keys = ["value", "ok"].map(|k| rt.keyword(k));
    map::from_words(rt, &[keys[0], value, keys[1], Word::from_bool(is_value)])
}

fn received(rt: &mut Isolate, found: Received) -> PyResult {
    match found {
        Received::Value(v) => outcome(rt, v.word(), true),
        Received::End => outcome(rt, Word::NONE, false),
        Received::Nothing => Err(rt.raise_claude(ErrorKind::Timeout, "nothing was received in time", Word::NONE)),
    }
}

fn try_recv(rt: &mut Isolate, ch: Word) -> PyResult {
    Ok(match channel::try_receive(rt, ch)? {
        Received::Value(v) => list::from_words(rt, &[Word::TRUE, v.word()]),
        Received::End | Received::Nothing => list::from_words(rt, &[Word::FALSE, Word::NONE]),
    })
}

fn field(rt: &mut Isolate, m: Word, name: &str) -> PyResult<Word> {
    let key = rt.keyword(name);
    Ok(map::get(rt, m, key)?.unwrap_or(Word::NONE))
}

/// One map of `concurrent:select`.
fn case_of(rt: &mut Isolate, m: Word) -> PyResult<Case> {
    if !map::is_map(rt, m) {
        return Err(wrong_type(rt, "select", "a map", m));
    }
    let op = field(rt, m, "op")?;
    let name = match kind_of(rt, op) {
        Kind::String => str_text(op),
        Kind::Keyword => symbol::text_of(op),
        _ => return Err(wrong_type(rt, "select", "a string as :op", op)),
    };
    let value = match name.as_ref() {
        "send" => Some(field(rt, m, "value")?),
        "receive" => None,
        _ => {
            let text = "select: :op is \"send\" or \"receive\"";
            return Err(rt.raise_claude(ErrorKind::TypeError, text, op));
        }
    };
    Ok(Case { channel: field(rt, m, "channel")?, value })
}

/// `concurrent:select`.
fn select_maps(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let maps = items(rt, args[0], "select")?;
    let mut cases = Vec::with_capacity(maps.len());
    for m in &maps {
        cases.push(case_of(rt, m.word())?);
    }
    let deadline = deadline(rt, args, 2, "select")?;
    let default = operand(args, 1);
    // With a time, nil in the place of the default says that there is none.
    let has_default = !(default.is_unbound() || default.is_none() && deadline.is_some());
    let (index, value, ok) = match channel::select(rt, &cases, has_default, deadline)? {
        Chosen::Case(i, value, ok) => (i as i64, value, ok),
        Chosen::Default => (-1, Owned::share(default), false),
        Chosen::Timeout => {
            return Err(rt.raise_claude(ErrorKind::Timeout, "select: nothing was ready in time", Word::NONE));
        }
    };
    let keys = ["index", "value", "ok"].map(|k| rt.keyword(k));
    let words = [keys[0], Word::small(index), keys[1], value.word(), keys[2], Word::from_bool(ok)];
    map::from_words(rt, &words)
}

/// The form `select`: whether there is a default, milliseconds or nil, then three words a clause: channel, whether it
/// sends, what. The number of the clause; -1 for the default, -2 for the time. What was received is kept.
fn select(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let has_default = args[0] == Word::TRUE;
    let cases: Vec<Case> = args[2..]
        .chunks_exact(3)
        .map(|c| Case { channel: c[0], value: (c[1] == Word::TRUE).then_some(c[2]) })
        .collect();
    let deadline = match args[1] {
        Word::NONE => None,
        ms => {
            let seconds = seconds_of(rt, ms, "select")? / 1e3;
            let seconds = rt.new_float(seconds);
            tasks::deadline(rt, seconds.word(), "select")?
        }
    };
    let (index, value) = match channel::select(rt, &cases, has_default, deadline)? {
        Chosen::Case(i, value, _) => (i as i64, value),
        Chosen::Default => (-1, Owned::NONE),
        Chosen::Timeout => (-2, Owned::NONE),
    };
    let before = rt.claude.tasks.keep_selected(value);
    drop(before);
    Ok(Owned::small(index))
}

// ---- locks --------------------------------------------------------------------------------------

fn come_in(rt: &mut Isolate, args: &[Word], is_mutex: bool) -> PyResult<bool> {
    let deadline = deadline(rt, args, 1, if is_mutex { "lock" } else { "acquire" })?;
    locks::acquire(rt, args[0], is_mutex, deadline)
}

fn go_out(rt: &mut Isolate, args: &[Word], is_mutex: bool) -> PyResult<bool> {
    let n = match operand(args, 1) {
        w if w.is_unbound() => 1,
        w => count(rt, w, "release")?,
    };
    locks::release(rt, args[0], is_mutex, n as u64)?;
    Ok(true)
}

fn sized(rt: &mut Isolate, w: Word, least: usize, function: &str, make: fn(&mut Isolate, usize) -> Owned) -> PyResult {
    let n = count(rt, w, function)?;
    if n < least {
        return Err(super::bad_index(rt, alloc::format!("{function}: the number is less than {least}")));
    }
    Ok(make(rt, n))
}

entries! {
    cl_async_promise(rt, args: *const Word, n: u64) -> Ret { ret(promise::of_executor(rt, words(args, n)[0])) }
    cl_async_resolve(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(promise::settle_by_hand(rt, args[0], args[1], true))
    }
    cl_async_reject(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(promise::settle_by_hand(rt, args[0], args[1], false))
    }
    cl_await(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(promise::await_value(rt, args[0], operand(args, 1)))
    }
    cl_async_then(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(promise::then(rt, args[0], args[1], operand(args, 2)))
    }
    cl_async_all(rt, args: *const Word, n: u64) -> Ret { ret(combined(rt, words(args, n)[0], Wanted::All, "all")) }
    cl_async_race(rt, args: *const Word, n: u64) -> Ret { ret(combined(rt, words(args, n)[0], Wanted::First, "race")) }
    cl_async_any(rt, args: *const Word, n: u64) -> Ret { ret(combined(rt, words(args, n)[0], Wanted::Any, "any")) }
    cl_async_delay(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(promise::delay(rt, args[0], operand(args, 1)))
    }
    cl_async_state(rt, args: *const Word, n: u64) -> Ret { ret(state(rt, words(args, n)[0])) }
    cl_cancel(rt, args: *const Word, n: u64) -> Ret { truth(promise::cancel_promise(rt, words(args, n)[0])) }
    cl_yield(rt, _args: *const Word, _n: u64) -> Ret { nothing(tasks::give_way(rt)) }
    cl_promise_all(rt, args: *const Word, n: u64) -> Ret { ret(promise::combine(rt, words(args, n), Wanted::All)) }
    cl_promise_race(rt, args: *const Word, n: u64) -> Ret { ret(promise::combine(rt, words(args, n), Wanted::First)) }
    cl_parallel(rt, args: *const Word, n: u64) -> Ret { ret(promise::parallel(rt, words(args, n))) }
    cl_timeout(rt, ms: Word, p: Word, default: Word) -> Ret { ret(promise::in_time(rt, ms, p, default)) }
    cl_start_task(rt, procedure: Word) -> Ret { ret(promise::spawn(rt, procedure)) }
    cl_go(rt, args: *const Word, n: u64) -> Ret { ret(promise::spawn(rt, words(args, n)[0])) }
    cl_join(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(promise::join(rt, args[0], operand(args, 1)))
    }

    cl_channel(rt, args: *const Word, n: u64) -> Ret { ret(new_channel(rt, words(args, n))) }
    cl_channel_send(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        truth(deadline(rt, args, 2, "send").and_then(|d| channel::send(rt, args[0], args[1], d)))
    }
    cl_channel_receive(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        let found = deadline(rt, args, 1, "receive").and_then(|d| channel::receive(rt, args[0], d));
        ret(found.and_then(|found| received(rt, found)))
    }
    cl_close(rt, args: *const Word, n: u64) -> Ret { nothing(channel::close(rt, words(args, n)[0])) }
    cl_is_closed(rt, ch: Word) -> Ret { truth(channel::is_closed(rt, ch)) }
    cl_send_to(rt, ch: Word, value: Word) -> Ret { truth(channel::send(rt, ch, value, None)) }
    cl_recv(rt, ch: Word, default: Word) -> Ret {
        match channel::receive(rt, ch, None) {
            Ok(Received::Value(v)) => Ret::ok(v.into_word()),
            Ok(_) if default.is_unbound() => Ret::ok(Word::NONE),
            Ok(_) => Ret::ok(Owned::share(default).into_word()),
            Err(Raised) => Ret::ERR,
        }
    }
    cl_receive_from(rt, ch: Word) -> Ret {
        let found = channel::receive(rt, ch, None);
        ret(found.and_then(|found| received(rt, found)))
    }
    cl_try_send(rt, ch: Word, value: Word) -> Ret { truth(channel::try_send(rt, ch, value)) }
    cl_try_recv(rt, ch: Word) -> Ret { ret(try_recv(rt, ch)) }
    cl_channel_select(rt, args: *const Word, n: u64) -> Ret { ret(select_maps(rt, words(args, n))) }
    cl_select(rt, args: *const Word, n: u64) -> Ret { ret(select(rt, words(args, n))) }
    cl_selected(rt) -> Ret { Ret::ok(rt.claude.tasks.keep_selected(Owned::NONE).into_word()) }

    cl_mutex(rt, _args: *const Word, _n: u64) -> Ret { Ret::ok(locks::mutex(rt).into_word()) }
    cl_semaphore(rt, args: *const Word, n: u64) -> Ret {
        ret(sized(rt, words(args, n)[0], 0, "semaphore", |rt, n| locks::semaphore(rt, n as u64)))
    }
    cl_barrier(rt, args: *const Word, n: u64) -> Ret { ret(sized(rt, words(args, n)[0], 1, "barrier", locks::barrier)) }
    cl_lock(rt, args: *const Word, n: u64) -> Ret { truth(come_in(rt, words(args, n), true)) }
    cl_acquire(rt, args: *const Word, n: u64) -> Ret { truth(come_in(rt, words(args, n), false)) }
    cl_unlock(rt, args: *const Word, n: u64) -> Ret { truth(go_out(rt, words(args, n), true)) }
    cl_release(rt, args: *const Word, n: u64) -> Ret { truth(go_out(rt, words(args, n), false)) }
    cl_arrive(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        let index = deadline(rt, args, 1, "wait").and_then(|d| locks::arrive(rt, args[0], d));
        ret(index.map(|i| Owned::small(i as i64)))
    }
    cl_pool(rt, args: *const Word, n: u64) -> Ret { ret(sized(rt, words(args, n)[0], 1, "worker-pool", locks::pool)) }
    cl_submit(rt, args: *const Word, n: u64) -> Ret {
        let args = words(args, n);
        ret(locks::submit(rt, args[0], args[1]))
    }

    cl_actor(rt, init: Word, f: Word, options: Word) -> Ret { ret(actor::new(rt, init, f, options)) }
    cl_tell(rt, a: Word, message: Word) -> Ret { ret(actor::tell(rt, a, message)) }
    cl_ask(rt, a: Word, message: Word, seconds: Word) -> Ret { ret(actor::ask(rt, a, message, seconds)) }
    cl_become(rt, state: Word) -> Ret { ret(actor::set_next(rt, state)) }
    cl_self(rt) -> Ret { ret(actor::own(rt)) }
    cl_stop_actor(rt, a: Word) -> Ret { ret(actor::stop(rt, a)) }
    cl_take(rt, fits: Word, ms: Word, late: Word) -> Ret { ret(actor::receive(rt, fits, ms, late)) }
}
