//! Modules as values, which `require` gives. What a module exports is a map from keywords to procedures without operands
//! that read it, so that a variable that its module assigns is seen with its new value.

use alloc::collections::BTreeMap;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::{Kind, list, map, symbol};
use super::{expect, wrong_type};
use crate::api::str_text;
use crate::entry::{entries, ret};
use crate::names::Name;
use crate::{Isolate, Owned, PyResult};

/// Under which name a module keeps the map of its exports.
const EXPORTS: &str = "exports";

/// Values of modules by the numbers of the modules.
#[derive(Default)]
struct Required(BTreeMap<i64, Owned>);

fn module(rt: &mut Isolate, number: Word, name: Word, exports: Word) -> PyResult {
    let number = crate::num::int::to_i64(number).expect("the compiler numbers modules");
    if let Some(known) = rt.state::<Required>().0.get(&number) {
        return Ok(known.clone());
    }
    let made = rt.new_module(core::ptr::null());
    let key = rt.name(Name::NAME);
    rt.module_put(made.word(), key, name);
    rt.module_set(made.word(), EXPORTS, Owned::share(exports));
    rt.state::<Required>().0.insert(number, made.clone());
    Ok(made)
}

/// The map of what a module exports; one of another language exports nothing here.
fn exports_of(rt: &mut Isolate, module: Word) -> Option<Owned> {
    let key = rt.intern(EXPORTS);
    rt.module_get(module, key).filter(|found| map::is_map(rt, found.word()))
}

/// What a module exports under a name.
pub(super) fn export(rt: &mut Isolate, module: Word, key: Word) -> PyResult<Option<Owned>> {
    let Some(exports) = exports_of(rt, module) else { return Ok(None) };
    let key = if kind_of(rt, key) == Kind::String { rt.keyword(&str_text(key)) } else { key };
    match map::get(rt, exports.word(), key)? {
        Some(reader) => rt.claude_call(reader, &[]).map(Some),
        None => Ok(None),
    }
}

fn names(rt: &mut Isolate, module: Word) -> PyResult {
    if kind_of(rt, module) != Kind::Module {
        return Err(wrong_type(rt, "module-exports", "a module", module));
    }
    let module = expect(rt, module, Kind::Module, "module-exports")?;
    let Some(exports) = exports_of(rt, module) else { return Ok(list::make_empty(rt)) };
    let names = map::iter(exports.word()).map(|[key, _]| Owned::share(symbol::name_of(key))).collect();
    Ok(list::from_vec(rt, names))
}

entries! {
    cl_module(rt, number: Word, name: Word, exports: Word) -> Ret { ret(module(rt, number, name, exports)) }
    cl_module_exports(rt, module: Word) -> Ret { ret(names(rt, module)) }
}
