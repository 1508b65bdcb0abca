//! The module `itertools`.
//!
//! All iterators share one state type with owned words in roles that each class names; a class is a
//! constructor and a step function.

use alloc::boxed::Box;
use alloc::vec::Vec;

mod combine;
mod streams;

use molt_abi::Word;

use crate::api::native;
use crate::iter::{self_iter, self_next};
use crate::native::{ClassSpec, NativeData, NativeDef, NativeFn, NextFn, def};
use crate::{Isolate, Owned, Place, PyResult, native_module};

native_module!(molt_module_itertools, "itertools", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    for spec in streams::SPECS.iter().chain(combine::SPECS) {
        rt.module_class(module, spec);
    }
    rt.module_functions(module, streams::FUNCTIONS);
    Ok(())
}

/// State of an iterator of this module.
#[derive(Default)]
struct State {
    /// Sub-iterators, functions and pending values; the class says which is where.
    words: Vec<Owned>,
    /// Saved items: pools, windows, queues.
    items: Vec<Owned>,
    /// Further pools of `product`.
    pools: Vec<Vec<Owned>>,
    /// Positions and counters.
    numbers: Vec<i64>,
    /// The first step has been made, or another flag of the class.
    started: bool,
    done: bool,
}

impl NativeData for State {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        let all = self.words.iter().chain(&self.items).chain(self.pools.iter().flatten());
        all.for_each(|w| visit(w.word()));
    }
    fn clear(&mut self) {
        self.words.clear();
        self.items.clear();
        self.pools.clear();
        self.done = true;
    }
}

fn state(w: Word) -> Place<State> {
    native::<State>(w)
}

/// Ends an iterator for good and lets go of what it holds.
fn finish(mut s: Place<State>) -> PyResult<Option<Owned>> {
    s.clear();
    Ok(None)
}

fn make(rt: &mut Isolate, class: Word, state: State) -> PyResult {
    let class = rt.class_id(class);
    Ok(rt.new_native(class, Box::new(state)))
}

const fn spec(name: &'static str, methods: &'static [NativeDef], next: NextFn) -> ClassSpec {
    ClassSpec::new("itertools", name).methods(methods).next(next).flags(ClassSpec::BASETYPE)
}

const fn constructor(signature: &'static str, new: NativeFn) -> NativeDef {
    def("__new__", signature, new)
}

const ITER: NativeDef = def("__iter__", "($self, /)", self_iter);
const NEXT: NativeDef = def("__next__", "($self, /)", self_next);

/// Optional argument: `None` when absent or Python's None.
fn given(w: Word) -> Option<Word> {
    (!w.is_unbound() && !w.is_none()).then_some(w)
}
