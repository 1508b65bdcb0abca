//! The module `_bisect`: binary search in sorted sequences. `bisect` and `insort` are names of the Python half.

use alloc::format;
use molt_abi::{ClassId, Word};

use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::num::int;
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_bisect, "_bisect", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

const SEARCH: &str = "($module, /, a, x, lo=0, hi=None, *, key=None)";

static FUNCTIONS: &[NativeDef] = &[
    def("bisect_left", SEARCH, |rt, a| place(rt, a, true).map(|i| Owned::small(i as i64))),
    def("bisect_right", SEARCH, |rt, a| place(rt, a, false).map(|i| Owned::small(i as i64))),
    def("insort_left", SEARCH, |rt, a| insert(rt, a, true)),
    def("insort_right", SEARCH, |rt, a| insert(rt, a, false)),
];

fn given(w: Word) -> Option<Word> {
    (!w.is_unbound() && !w.is_none()).then_some(w)
}

/// Value of `hi` that stands for the length.
const UNTIL_END: i64 = -1;

/// The argument `hi`, which is not None.
fn end_arg(rt: &mut Isolate, w: Word) -> PyResult<i64> {
    if rt.lookup_special(w, Name::INDEX).is_none() {
        let name = rt.type_name(w);
        return Err(rt.type_error(format!("argument should be integer or None, not '{name}'")));
    }
    let index = rt.index(w)?;
    int::to_i64(index.word()).ok_or_else(|| {
        let name = rt.type_name(w);
        rt.overflow_error(format!("cannot fit '{name}' into an index-sized integer"))
    })
}

/// A dict has a length and items, but is no sequence.
fn check_sequence(rt: &mut Isolate, w: Word) -> PyResult<()> {
    if rt.class_of(w) == ClassId::DICT { Err(rt.type_error("dict is not a sequence")) } else { Ok(()) }
}

fn length(rt: &mut Isolate, sequence: Word) -> PyResult<i64> {
    check_sequence(rt, sequence)?;
    Ok(rt.len(sequence)? as i64)
}

fn item_at(rt: &mut Isolate, sequence: Word, at: i64) -> PyResult {
    check_sequence(rt, sequence)?;
    if rt.lookup_special(sequence, Name::GETITEM).is_none() {
        let name = rt.type_name(sequence);
        return Err(rt.type_error(format!("'{name}' object does not support indexing")));
    }
    rt.getitem(sequence, Word::small(at))
}

/// Where the item belongs: before equal ones (`left`) or behind them. `a[1]` is compared with keys.
fn place(rt: &mut Isolate, a: &[Word], left: bool) -> PyResult<usize> {
    let mut lo = if a[2].is_unbound() { 0 } else { rt.to_i64(a[2], "ssize_t")? };
    let end = given(a[3]).map_or(Ok(UNTIL_END), |w| end_arg(rt, w))?;
    if lo < 0 {
        return Err(rt.value_error("lo must be non-negative"));
    }
    let mut hi = if end == UNTIL_END { length(rt, a[0])? } else { end };
    let key = given(a[4]);
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        let item = item_at(rt, a[0], mid)?;
        let item = match key {
            Some(f) => rt.call(f, &[item.word()])?,
            None => item,
        };
        let right_half = if left { rt.lt(item.word(), a[1])? } else { !rt.lt(a[1], item.word())? };
        if right_half { lo = mid + 1 } else { hi = mid }
    }
    Ok(lo as usize)
}

fn insert(rt: &mut Isolate, a: &[Word], left: bool) -> PyResult {
    let wanted = match given(a[4]) {
        Some(f) => rt.call(f, &[a[1]])?,
        None => Owned::share(a[1]),
    };
    let at = place(rt, &[a[0], wanted.word(), a[2], a[3], a[4]], left)?;
    rt.call_method(a[0], "insert", &[Word::small(at as i64), a[1]])?;
    Ok(Owned::NONE)
}
