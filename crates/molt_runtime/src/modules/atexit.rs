//! The module `atexit`: functions to run when the program ends.
//!
//! Registered calls keep their places: unregistering one leaves its place empty, as in CPython, so that a
//! run or a comparison that registers, unregisters or clears in the middle meets no moved calls. What is
//! registered during a run is dropped with the rest at its end.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec::Vec;
use molt_abi::Word;

use crate::api::tuple_items;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_atexit, "atexit", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

/// A registered call: function, positional arguments, keyword arguments.
type Call = [Owned; 3];

/// Registered calls in order; `None` in the place of an unregistered one.
#[derive(Default)]
struct Calls(Vec<Option<Call>>);

static FUNCTIONS: &[NativeDef] = &[
    def("register", "($module, /, *args, **kwargs)", |rt, a| {
        let Some((&function, args)) = tuple_items(a[0]).split_first() else {
            return Err(rt.type_error("register() takes at least 1 argument (0 given)"));
        };
        if !rt.is_callable(function) {
            return Err(rt.type_error("the first argument must be callable"));
        }
        let args = rt.new_tuple_of(args);
        let call = [Owned::share(function), args, Owned::share(a[1])];
        rt.state::<Calls>().0.push(Some(call));
        Ok(Owned::share(function))
    }),
    def("unregister", "($module, func, /)", unregister),
    def("_run_exitfuncs", "($module, /)", |rt, _| {
        run(rt);
        Ok(Owned::NONE)
    }),
    def("_clear", "($module, /)", |rt, _| {
        clear(rt);
        Ok(Owned::NONE)
    }),
    def("_ncallbacks", "($module, /)", |rt, _| Ok(Owned::small(rt.state::<Calls>().0.len() as i64))),
];

/// The call in a place, if there still is one.
fn call_at(rt: &mut Isolate, place: usize) -> Option<Call> {
    rt.state::<Calls>().0.get(place).cloned().flatten()
}

/// Empties the places of all calls of a function. Comparisons run program code, which may change the list.
fn unregister(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let mut place = 0;
    while place < rt.state::<Calls>().0.len() {
        if let Some([function, ..]) = call_at(rt, place)
            && rt.eq(function.word(), a[0])?
        {
            let gone = rt.state::<Calls>().0.get_mut(place).and_then(Option::take);
            drop(gone);
        }
        place += 1;
    }
    Ok(Owned::NONE)
}

fn clear(rt: &mut Isolate) {
    // Dropping may run program code, so the list is taken first.
    let gone = core::mem::take(&mut rt.state::<Calls>().0);
    drop(gone);
}

/// Runs the registered functions, last one first, and forgets them. Exceptions are printed and do not stop
/// the others.
pub(crate) fn run(rt: &mut Isolate) {
    for place in (0..rt.state::<Calls>().0.len()).rev() {
        let Some([function, args, kwargs]) = call_at(rt, place) else { continue };
        if rt.call_ex(function.word(), args.word(), kwargs.word()).is_err() {
            report(rt, function.word());
        }
    }
    clear(rt);
}

/// Prints the pending exception of a registered function.
fn report(rt: &mut Isolate, function: Word) {
    let exception = rt.take_exception();
    let name = rt.repr_text(function).unwrap_or_else(|_| {
        rt.clear_exception();
        "<object repr() failed>".to_owned()
    });
    rt.print_unraisable_text(&format!("Exception ignored in atexit callback {name}:"), exception.word());
}
