//! The start of a program, what patterns ask, and errors.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::layout::ClaudeDesc;
use molt_abi::{ClassId, Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, error, list, map, print, report, symbol, tagged};
use super::wrong_type;
use crate::api::{str_text, tuple_items};
use crate::entry::{entries, ret};
use crate::{Isolate, Owned};

/// Nested calls that a program may have.
const MOST_CALLS: i64 = 100_000;

fn ok(w: Word) -> Ret {
    Ret::ok(Owned::share(w).into_word())
}

/// Whether the program starts in a file of ClaudeLang.
fn entry_is_claude(rt: &Isolate) -> bool {
    // SAFETY: the isolate runs a program, of which the compiler emits all modules.
    let entry = unsafe {
        let p = &*rt.program;
        &*p.modules.add(p.entry_module as usize)
    };
    let name = str_text(entry.filename);
    name.ends_with(".cl") || name.ends_with(".claudelang")
}

fn truth(b: bool) -> Ret {
    Ret::ok(Word::from_bool(b))
}

/// Errors that reached the default handler and did not end the program.
#[derive(Default)]
struct Unhandled(Vec<Owned>);

/// Keeps an error that reached the default handler, for `error:get-errors`. What runs a part of the program that may fail
/// by itself calls it.
pub fn note_unhandled(rt: &mut Isolate, e: Owned) {
    rt.state::<Unhandled>().0.push(e);
}

fn unhandled(rt: &mut Isolate) -> Owned {
    let all = rt.state::<Unhandled>().0.clone();
    list::from_vec(rt, all)
}

entries! {
    cl_get_errors(rt, _args: *const Word, _n: u64) -> Ret { Ret::ok(unhandled(rt).into_word()) }
    cl_clear_errors(rt, _args: *const Word, _n: u64) -> Ret {
        let all = core::mem::take(&mut rt.state::<Unhandled>().0);
        drop(all);
        Ret::ok(Word::NONE)
    }
    cl_start(rt, desc: *const ClaudeDesc) -> Word {
        // SAFETY: compiled code passes the program's descriptor, which is static data.
        let desc = unsafe { &*desc };
        rt.start_claude();
        for i in 0..desc.symbol_count as usize {
            // SAFETY: the descriptor has so many.
            let symbol = unsafe { *desc.symbols.add(i) };
            rt.intern_static_symbol(symbol);
        }
        for i in 0..desc.ctor_count as usize {
            // SAFETY: as above.
            let ctor = unsafe { &*desc.ctors.add(i) };
            // An earlier program in this isolate may have made it.
            if rt.classes[ctor.class.0 as usize].is_null() {
                tagged::register(rt, ctor.class, ctor.name, ctor.arity as usize);
            }
        }
        for i in 0..desc.op_count as usize {
            // SAFETY: as above; the descriptors are data that may be written.
            let op = unsafe { &mut **desc.ops.add(i) };
            op.effect = rt.intern_word(op.effect);
            op.name = rt.intern_word(op.name);
            rt.claude.operations.push(op);
        }
        if entry_is_claude(rt) {
            rt.claude.report = Some(report::text);
        }
        rt.claude.began = crate::host::clock(libc::CLOCK_MONOTONIC);
        rt.set_depth_limit(MOST_CALLS);
        Word::NONE
    }
    cl_nullary(rt, class: u64) -> Word {
        Owned::share(tagged::nullary(rt, ClassId(class as u32))).into_word()
    }
    cl_list_length(rt, w: Word) -> Ret {
        let n = if list::is_list(rt, w) { list::len(w) as i64 } else { -1 };
        Ret::ok(Word::small(n))
    }
    cl_tuple_length(rt, w: Word) -> Ret {
        let n = if kind_of(rt, w) == Kind::Tuple { tuple_items(w).len() as i64 } else { -1 };
        Ret::ok(Word::small(n))
    }
    cl_to_tuple(rt, w: Word) -> Ret {
        if !list::is_list(rt, w) {
            wrong_type(rt, "apply", "a list", w);
            return Ret::ERR;
        }
        let items = list::iter(w).map(Owned::share).collect();
        Ret::ok(rt.new_tuple(items).into_word())
    }
    cl_map_lookup(rt, m: Word, key: Word) -> Ret {
        if !map::is_map(rt, m) {
            return Ret::ok(Word::UNBOUND);
        }
        match map::get(rt, m, key) {
            Ok(found) => ok(found.unwrap_or(Word::UNBOUND)),
            Err(_) => Ret::ERR,
        }
    }
    cl_error_lookup(rt, e: Word, key: Word) -> Ret {
        let name = match kind_of(rt, key) {
            Kind::Keyword => symbol::text_of(key),
            Kind::String => str_text(key),
            _ => return Ret::ok(Word::UNBOUND),
        };
        let known = ["type", "message", "data", "stack", "cause"].contains(&name.as_ref());
        if !known || kind_of(rt, e) != Kind::Error {
            return Ret::ok(Word::UNBOUND);
        }
        ret(error::error_field(rt, e, &name))
    }
    cl_in_range(rt, v: Word, low: Word, high: Word) -> Ret {
        let int = |w| crate::num::int::of(rt, w).filter(|_| kind_of(rt, w) == Kind::Int);
        let (Some(v), Some(low), Some(high)) = (int(v), int(low), int(high)) else { return truth(false) };
        let inside = crate::num::int::compare(low, v).is_le() && crate::num::int::compare(v, high).is_le();
        truth(inside)
    }
    cl_match_fail(rt, w: Word) -> Ret {
        match print::pr_str(rt, w) {
            Ok(text) => {
                let text = format!("no branch matches {}", str_text(text.word()));
                rt.raise_claude(ErrorKind::MatchFailure, text, w);
            }
            Err(_) => return Ret::ERR,
        }
        Ret::ERR
    }
    cl_uninitialized(rt, name: Word) -> Ret {
        let text = format!("`{}` is read before it has a value", str_text(name));
        rt.raise_claude(ErrorKind::Uninitialized, text, Word::NONE);
        Ret::ERR
    }
    cl_wrong_operand(rt, function: Word, found: Word) -> Ret {
        let function = str_text(function).into_owned();
        wrong_type(rt, &function, "another value", found);
        Ret::ERR
    }
    cl_catchable(rt, e: Word) -> Ret { truth(rt.is_instance(e, ClassId::EXCEPTION)) }
    cl_replace(rt, raised: Word, in_flight: Word) -> Ret {
        let is_error = rt.is_instance(in_flight, ClassId::EXCEPTION);
        if error::is_own(rt, raised) && raised != in_flight && is_error {
            error::set_cause(rt, raised, in_flight);
        }
        ok(raised)
    }
    cl_raise(rt, args: *const Word, n: u64) -> Ret {
        if let Ok(e) = error::error_of(rt, crate::entry::words(args, n)) {
            rt.set_pending(e);
        }
        Ret::ERR
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::leaves_nothing;
    use super::*;

    #[test]
    fn errors_of_the_default_handler_are_kept_until_they_are_cleared() {
        leaves_nothing(|rt| {
            rt.raise_claude(ErrorKind::Index, "no item", Word::NONE);
            let e = rt.take_exception();
            note_unhandled(rt, e.clone());
            assert_eq!(list::iter(unhandled(rt).word()).collect::<Vec<_>>(), [e.word()]);
            cl_clear_errors(&raw mut rt.ctx, core::ptr::null(), 0);
            assert_eq!(list::len(unhandled(rt).word()), 0);
        });
    }
}
