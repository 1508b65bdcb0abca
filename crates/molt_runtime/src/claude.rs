//! The values of ClaudeLang, in the isolate, words and counted references that Python's values live in.
//!
//! Shared with Python as they are: Int, Float, Bool, nil (`None`), String (`str`), Bytes, Tuple, Procedure (functions).
//! Made here:
//!
//! - [`kind`]: which kind of value a word is; the one table of classes.
//! - [`symbol`]: Symbol and Keyword, one object a name.
//! - [`list`]: the persistent sequence.
//! - [`map`], [`set`]: persistent and in order of insertion, both on `table`.
//! - [`tagged`]: values of data types.
//! - [`ref_cell`]: Ref, the one value that changes.
//! - `tasks`: Promise, Channel and Actor, and the tasks that run them.
//! - [`error`]: Error, an exception class, and any other exception seen as one.
//! - [`stops`]: places where a debugger looks at a program.
//! - `sandbox`: what default handlers may do.
//! - [`expansion`]: isolates in which macros run while a program is compiled.
//! - [`equal`], `hash`, [`compare`], [`print`]: what holds of all values.
//!
//! The functions are free and take the isolate first, if they need it. None of them runs code of the program.
//!
//! [`Isolate::start_claude`] makes the classes; whatever runs ClaudeLang calls it before anything else here. A program
//! that never does links none of this.

mod class;
pub mod compare;
pub mod effects;
pub mod entry;
pub mod equal;
pub mod error;
pub mod expansion;
mod fiber;
pub mod hash;
pub mod kind;
pub(crate) mod limits;
pub mod list;
pub mod map;
mod node;
mod observe;
mod parts;
pub mod print;
pub mod ref_cell;
pub mod report;
pub mod resident;
mod sandbox;
mod seam;
pub mod set;
pub mod stops;
pub mod symbol;
mod table;
pub mod tagged;
mod tasks;

use molt_abi::layout::Header;
use molt_abi::{ClassId, Word};

use crate::isolate::AddressMap;
use crate::{Isolate, Owned};

pub use error::ErrorKind;
pub use kind::Kind;
pub use table::Entries;

/// What an isolate keeps for ClaudeLang.
#[derive(Default)]
pub(crate) struct State {
    started: bool,
    /// Symbols and keywords by the address of their interned name.
    symbols: AddressMap<u64, Word>,
    keywords: AddressMap<u64, Word>,
    /// Classes of constructors by the address of their interned name and their number of fields, and the values of
    /// those without fields by class.
    constructors: AddressMap<(u64, usize), ClassId>,
    nullary: AddressMap<u32, Word>,
    empty_list: Option<Word>,
    empty_map: Option<Word>,
    empty_set: Option<Word>,
    /// The call that a procedure left to its caller: callee and operands, owned.
    waiting: alloc::vec::Vec<Word>,
    /// What prints an error that nobody caught, in programs that start in ClaudeLang.
    pub(crate) report: Option<fn(&mut Isolate, Word) -> alloc::string::String>,
    /// What reads an attribute of an object of Python, in programs of both languages.
    attribute: Option<seam::Attribute>,
    /// Room for text that is being made.
    buffer: alloc::vec::Vec<u8>,
    /// What is left to do when a program ends, after its last form.
    pub(crate) at_end: Option<fn(&mut Isolate)>,
    /// The fiber that runs.
    fiber: fiber::FiberPtr,
    /// Stacks that are not in use.
    fibers: fiber::Pool,
    /// Tasks, and the classes of what they share.
    tasks: tasks::Tasks,
    /// Bodies that are observed now.
    observers: usize,
    /// The operations that the program names.
    operations: alloc::vec::Vec<*mut molt_abi::layout::OpDesc>,
    /// When the program began, on the clock that only runs forward, in nanoseconds.
    began: u64,
    /// Symbols of templates by the address of their name and their origin.
    templates: AddressMap<(u64, usize), Word>,
    /// Symbols that `gensym` made.
    generated: u64,
    /// Macros run here; see [`expansion`].
    expands: bool,
    /// Some sandbox is or was in force.
    is_sandboxed: bool,
    /// What the command line grants.
    granted: Option<sandbox::Sandbox>,
    /// The limits of the program, once something is counted.
    limits: Option<alloc::boxed::Box<limits::Limits>>,
    meter: limits::Meter,
    /// Some sandbox limits or limited calls under way; the limit without any.
    calls_outside: Option<i64>,
    /// Numbers of classes that are kept free for constructors of programs to come.
    pub(crate) reserved_classes: u32,
    /// What is told of each stop.
    at_stop: Option<stops::Hook>,
    /// Ctrl-C was pressed, and the next stop is told so.
    is_interrupted: bool,
    /// Comparisons that are under way for the sake of another one.
    nesting: usize,
}

impl State {
    /// Whether there are budgets, which loops and calls are counted for.
    #[inline]
    pub(crate) fn meter_runs(&self) -> bool {
        self.meter.runs()
    }

    /// Whether an interrupt is for whoever is told of stops.
    pub(crate) fn takes_interrupt(&mut self) -> bool {
        self.is_interrupted |= self.at_stop.is_some();
        self.at_stop.is_some()
    }

    /// The limit of recursion is another one, where no sandbox is.
    pub(crate) fn note_depth_limit(&mut self, limit: i64) {
        if let Some(outside) = &mut self.calls_outside {
            *outside = limit;
        }
    }

    #[inline]
    fn empty_list(&self) -> Word {
        self.empty_list.expect("whatever runs ClaudeLang has started it")
    }

    /// The table without entries of so many words.
    #[inline]
    fn empty_table(&self, width: usize) -> Word {
        let empty = if width == 2 { self.empty_map } else { self.empty_set };
        empty.expect("whatever runs ClaudeLang has started it")
    }
}

impl Isolate {
    /// Makes the classes of ClaudeLang's values; once.
    pub fn start_claude(&mut self) {
        if core::mem::replace(&mut self.claude.started, true) {
            return;
        }
        for spec in class::SPECS {
            self.make_spec_class(spec);
        }
        let list = list::make_empty(self);
        self.claude.empty_list = Some(keep(self, list));
        let map = table::make_empty::<2>(self);
        self.claude.empty_map = Some(keep(self, map));
        let set = table::make_empty::<1>(self);
        self.claude.empty_set = Some(keep(self, set));
    }
}

/// Takes a new object out of counting, for as long as the isolate lives.
fn keep(rt: &mut Isolate, made: Owned) -> Word {
    let w = made.into_word();
    // SAFETY: a live object, just made, with the one reference that is given up here.
    unsafe { (*w.as_ptr()).refs = Header::IMMORTAL };
    rt.ctx.live_objects -= 1;
    w
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::*;

    /// An isolate with the classes of ClaudeLang.
    pub(super) fn isolate() -> Box<Isolate> {
        let mut rt = Isolate::new(None, &[]);
        rt.start_claude();
        rt
    }

    /// Random numbers by xorshift, from a seed that is printed for the case that a test fails.
    pub(super) struct Random(u64);

    impl Random {
        pub(super) fn new() -> Random {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let seed = if cfg!(miri) { 1 } else { now.map_or(1, |t| t.as_nanos() as u64) };
            std::eprintln!("seed {seed}");
            Random(seed | 1)
        }

        /// A number below `n`.
        pub(super) fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
        }
    }

    /// Runs `body` twice, the first time for what is made on first use; the second must leave no object.
    pub(super) fn leaves_nothing(mut body: impl FnMut(&mut Isolate)) {
        let mut rt = isolate();
        body(&mut rt);
        let live = rt.ctx.live_objects;
        body(&mut rt);
        assert_eq!(rt.ctx.live_objects, live, "objects are left");
        assert_eq!(rt.tear_down(true), Ok(()));
    }

    #[test]
    fn the_classes_are_made_once() {
        let mut rt = isolate();
        let live = rt.ctx.live_objects;
        rt.start_claude();
        assert_eq!(rt.ctx.live_objects, live);
        assert_eq!(rt.type_name(rt.class_word(ClassId::SYMBOL)), "type");
        assert_eq!(rt.tear_down(true), Ok(()));
    }
}
