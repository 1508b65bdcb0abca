//! Effects.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::layout::OpDesc;
use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, effects, list, symbol};
use super::wrong_type;
use crate::api::str_text;
use crate::entry::{entries, ret, words};
use crate::{Isolate, Owned, PyResult, Raised};

/// Text of a label or operation: a symbol, keyword or string.
fn label<'a>(rt: &mut Isolate, w: Word) -> PyResult<alloc::borrow::Cow<'a, str>> {
    match kind_of(rt, w) {
        Kind::Symbol | Kind::Keyword => Ok(symbol::text_of(w)),
        Kind::String => Ok(str_text(w)),
        _ => Err(wrong_type(rt, "perform*", "a symbol", w)),
    }
}

/// Performs an operation by its name.
fn perform_named(rt: &mut Isolate, effect: Word, op: Word, operands: Word) -> PyResult {
    let (effect, op) = (label(rt, effect)?.to_lowercase(), label(rt, op)?);
    if !list::is_list(rt, operands) {
        return Err(wrong_type(rt, "perform*", "a list", operands));
    }
    let all: Vec<Owned> = list::iter(operands).map(Owned::share).collect();
    let args: Vec<Word> = all.iter().map(Owned::word).collect();
    let (effect_word, op_word) = (rt.intern(&effect), rt.intern(&op));
    let known = rt.claude.operations.iter().copied().find(|&o| {
        // SAFETY: descriptors are static data of the program.
        let o = unsafe { &*o };
        o.effect == effect_word && o.name == op_word
    });
    if (&*effect, &*op) == ("error", "raise") {
        let e = super::super::error::error_of(rt, &args)?;
        rt.set_pending(e);
        return Err(Raised);
    }
    match known {
        // SAFETY: as above.
        Some(desc) => effects::perform(rt, unsafe { &mut *desc }, &args),
        None => {
            let text = format!("there is no operation {effect}:{op}");
            Err(rt.raise_claude(ErrorKind::UnhandledEffect, text, Word::NONE))
        }
    }
}

entries! {
    cl_perform(rt, op: *mut OpDesc, args: *const Word, n: u64) -> Ret {
        // SAFETY: compiled code passes a descriptor, which is data that may be written.
        ret(effects::perform(rt, unsafe { &mut *op }, words(args, n)))
    }
    cl_performed(rt, flag: u64, frame: *mut u8, top: *mut u8) -> Ret {
        ret(effects::performed(rt, flag, frame, top))
    }
    cl_perform_named(rt, effect: Word, op: Word, operands: Word) -> Ret {
        ret(perform_named(rt, effect, op, operands))
    }
    cl_make_handler(rt, args: *const Word, n: u64) -> Ret {
        Ret::ok(effects::make_handler(rt, words(args, n)).into_word())
    }
    cl_handle(rt, handler: Word, body: Word) -> Ret { ret(effects::handle(rt, handler, body)) }
    cl_discontinue(rt, k: Word, error: Word) -> Ret { ret(effects::discontinue(rt, k, error)) }
}
