//! The module `_bisect`: binary search in sorted sequences.

use molt_abi::Word;

use crate::native::{NativeDef, def};
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
    def("bisect", SEARCH, |rt, a| place(rt, a, false).map(|i| Owned::small(i as i64))),
    def("insort_left", SEARCH, |rt, a| insert(rt, a, true)),
    def("insort_right", SEARCH, |rt, a| insert(rt, a, false)),
    def("insort", SEARCH, |rt, a| insert(rt, a, false)),
];

fn given(w: Word) -> Option<Word> {
    (!w.is_unbound() && !w.is_none()).then_some(w)
}

/// Where the item belongs: before equal ones (`left`) or behind them. `a[1]` is compared with keys.
fn place(rt: &mut Isolate, a: &[Word], left: bool) -> PyResult<usize> {
    let mut lo = given(a[2]).map_or(Ok(0), |w| rt.to_i64(w, "ssize_t"))?;
    if lo < 0 {
        return Err(rt.value_error("lo must be non-negative"));
    }
    let mut hi = match given(a[3]) {
        Some(w) => rt.to_i64(w, "ssize_t")?,
        None => rt.len(a[0])? as i64,
    };
    if hi == -1 {
        hi = rt.len(a[0])? as i64;
    }
    let key = given(a[4]);
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        let item = rt.getitem(a[0], Word::small(mid))?;
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
