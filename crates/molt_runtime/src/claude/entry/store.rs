//! Default handlers of `State`: one store of the process, with transactions that nest.

use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::sandbox::guarded;
use super::super::{ErrorKind, map};
use crate::entry::{entries, words};
use crate::{Isolate, Owned, PyResult};

#[derive(Default)]
struct Store {
    /// The map of what is stored; none while nothing ever was.
    now: Option<Owned>,
    /// What was stored when each open transaction began, outermost first.
    before: Vec<Owned>,
}

fn stored(rt: &mut Isolate) -> Owned {
    match &rt.state::<Store>().now {
        Some(now) => now.clone(),
        None => map::empty(rt),
    }
}

fn store(rt: &mut Isolate, all: Owned) {
    // The old map goes when the new one is in place: what it holds may run code of the program.
    let old = rt.state::<Store>().now.replace(all);
    drop(old);
}

fn get(rt: &mut Isolate, key: Word) -> PyResult {
    let all = stored(rt);
    let found = map::get(rt, all.word(), key)?;
    Ok(found.map_or(Owned::NONE, Owned::share))
}

/// Stores a value; the one before is the result.
fn set(rt: &mut Isolate, key: Word, value: Word) -> PyResult {
    let before = get(rt, key)?;
    let all = stored(rt);
    let all = map::set(rt, all, key, Owned::share(value))?;
    store(rt, all);
    Ok(before)
}

fn update(rt: &mut Isolate, key: Word, f: Word) -> PyResult {
    let before = get(rt, key)?;
    let value = rt.claude_call(f, &[before.word()])?;
    set(rt, key, value.word())?;
    Ok(value)
}

fn delete(rt: &mut Isolate, key: Word) -> PyResult {
    let before = get(rt, key)?;
    let all = stored(rt);
    let all = map::remove(rt, all, key)?;
    store(rt, all);
    Ok(before)
}

fn has(rt: &mut Isolate, key: Word) -> PyResult {
    let all = stored(rt);
    Ok(Owned::from_bool(map::has_key(rt, all.word(), key)?))
}

fn begin(rt: &mut Isolate) {
    let all = stored(rt);
    rt.state::<Store>().before.push(all);
}

/// Ends the innermost transaction; with `back` the store is what it was when that began.
fn end(rt: &mut Isolate, back: bool, operation: &str) -> PyResult {
    let Some(before) = rt.state::<Store>().before.pop() else {
        let message = alloc::format!("{operation}: no transaction is open");
        return Err(rt.raise_claude(ErrorKind::Error, message, Word::NONE));
    };
    if back {
        store(rt, before);
    }
    Ok(Owned::NONE)
}

/// Calls a procedure inside a transaction, which ends as the call does.
fn transaction(rt: &mut Isolate, f: Word) -> PyResult {
    begin(rt);
    let depth = rt.state::<Store>().before.len();
    let result = rt.claude_call(f, &[]);
    // Transactions that the procedure left open end with this one.
    let state = rt.state::<Store>();
    let open: Vec<Owned> = state.before.drain(state.before.len().min(depth - 1)..).collect();
    if let (Err(_), Some(before)) = (&result, open.into_iter().next()) {
        store(rt, before);
    }
    result
}

entries! {
    cl_state_get(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "state", "state:get", |rt| get(rt, words(args, n)[0]))
    }
    cl_state_set(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "state", "state:set", |rt| set(rt, words(args, n)[0], words(args, n)[1]))
    }
    cl_state_update(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "state", "state:update", |rt| update(rt, words(args, n)[0], words(args, n)[1]))
    }
    cl_state_delete(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "state", "state:delete", |rt| delete(rt, words(args, n)[0]))
    }
    cl_state_has(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "state", "state:has?", |rt| has(rt, words(args, n)[0]))
    }
    cl_state_clear(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "state", "state:clear", |rt| {
            let none = map::empty(rt);
            store(rt, none);
            Ok(Owned::NONE)
        })
    }
    cl_state_begin(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "state", "state:begin-transaction", |rt| {
            begin(rt);
            Ok(Owned::NONE)
        })
    }
    cl_state_commit(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "state", "state:commit-transaction", |rt| end(rt, false, "commit-transaction"))
    }
    cl_state_rollback(rt, _args: *const Word, _n: u64) -> Ret {
        guarded(rt, "state", "state:rollback-transaction", |rt| end(rt, true, "rollback-transaction"))
    }
    cl_state_transaction(rt, args: *const Word, n: u64) -> Ret {
        guarded(rt, "state", "state:transaction", |rt| transaction(rt, words(args, n)[0]))
    }
}
