//! The module `atexit`: functions to run when the program ends.

use molt_abi::Word;

use crate::api::tuple_items;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_atexit, "atexit", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

/// Registered calls, in order: function, positional arguments, keyword arguments.
#[derive(Default)]
struct Calls(Vec<[Owned; 3]>);

static FUNCTIONS: &[NativeDef] = &[
    def("register", "($module, func, /, *args, **kwargs)", |rt, a| {
        if !rt.is_callable(a[0]) {
            return Err(rt.type_error("the first argument must be callable"));
        }
        let call = [a[0], a[1], a[2]].map(Owned::share);
        rt.state::<Calls>().0.push(call);
        Ok(Owned::share(a[0]))
    }),
    def("unregister", "($module, func, /)", |rt, a| {
        let mut kept = Vec::new();
        for call in std::mem::take(&mut rt.state::<Calls>().0) {
            if !rt.eq(call[0].word(), a[0])? {
                kept.push(call);
            }
        }
        rt.state::<Calls>().0 = kept;
        Ok(Owned::NONE)
    }),
    def("_run_exitfuncs", "($module, /)", |rt, _| {
        run(rt);
        Ok(Owned::NONE)
    }),
    def("_clear", "($module, /)", |rt, _| {
        let gone = std::mem::take(&mut rt.state::<Calls>().0);
        drop(gone);
        Ok(Owned::NONE)
    }),
    def("_ncallbacks", "($module, /)", |rt, _| Ok(Owned::small(rt.state::<Calls>().0.len() as i64))),
];

/// Runs the registered functions, last one first. Exceptions are printed and do not stop the others.
pub(crate) fn run(rt: &mut Isolate) {
    while let Some([f, args, kwargs]) = rt.state::<Calls>().0.pop() {
        debug_assert!(!tuple_items(args.word()).iter().any(|w| w.is_unbound()));
        if rt.call_ex(f.word(), args.word(), kwargs.word()).is_err() {
            rt.write_unraisable(f.word());
        }
    }
}
