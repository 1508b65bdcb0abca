//! What only code of macros calls, and `gensym`.

use alloc::format;

use molt_abi::layout::SymbolObj;
use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, expansion, symbol};
use super::wrong_type;
use crate::api::str_text;
use crate::entry::{entries, ret};
use crate::{Isolate, Owned, PyResult};

/// A symbol whose name nothing else has: no symbol of the program, nor one that this made before.
fn gensym(rt: &mut Isolate, base: Word) -> PyResult {
    let base = match kind_of(rt, base) {
        _ if base.is_unbound() => "g".into(),
        Kind::String => str_text(base).into_owned(),
        Kind::Symbol | Kind::Keyword => symbol::text_of(base).into_owned(),
        _ => return Err(wrong_type(rt, "gensym", "a string", base)),
    };
    loop {
        rt.claude.generated += 1;
        let name = format!("{base}__{}", rt.claude.generated);
        if symbol::is_known(rt, &name) {
            continue;
        }
        let made = rt.symbol(&name);
        if !rt.claude.expands {
            return Ok(Owned::share(made));
        }
        return Ok(expansion::symbol(rt, &name, SymbolObj::GENERATED));
    }
}

entries! {
    cl_from(rt, origin: u64, w: Word) -> Ret { ret(Ok(expansion::of_template(rt, w, origin as u32))) }
    cl_gensym(rt, base: Word) -> Ret { ret(gensym(rt, base)) }
    cl_refuse(rt, _args: *const Word, _n: u64) -> Ret {
        rt.raise_claude(ErrorKind::CapabilityDenied, "macros use only pure functions", Word::NONE);
        Ret::ERR
    }
}
