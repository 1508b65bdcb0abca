//! Runs the macros of ClaudeLang programs: each program of macros is interpreted in an isolate of its own, on the compiling
//! thread.

use molt_abi::{RtFn, Word};
use molt_claude::library::EFFECTS;
use molt_claude::macros::{Datum, Failure, MacroRunner, Origin, Place, VARIABLE};
use molt_ir::Program;
use molt_opt::pipeline;
use molt_runtime::claude::expansion::{self, Expansion};
use molt_runtime::claude::{Kind, kind, list, map, set, symbol};
use molt_runtime::{Isolate, Owned, PyResult};
use molt_vm::Vm;

use crate::session::RuntimeImports;

/// Stack that macros may use; what is left of the compiling thread's is for the front end.
const STACK_SIZE_BYTES: usize = molt_claude::program::STACK_SIZE_BYTES / 2;

/// Most levels of data inside one another that a macro may give.
const DEEPEST: usize = 10_000;

/// Makes what runs the macros of one compilation.
pub(crate) fn runner() -> Box<dyn MacroRunner> {
    Box::new(Runner { programs: Vec::new(), most_ms: None })
}

/// The same for those who cannot wait: each program of macros ends after so many milliseconds of the processor.
pub(crate) fn hasty_runner() -> Box<dyn MacroRunner> {
    Box::new(Runner { programs: Vec::new(), most_ms: Some(2_000) })
}

struct Runner {
    most_ms: Option<i64>,
    /// By number; none where a program was forgotten.
    programs: Vec<Option<Loaded>>,
}

/// A program of macros. The isolate goes first: it points into the code and its data.
struct Loaded {
    isolate: Expansion,
    _code: Box<Vm>,
}

impl MacroRunner for Runner {
    fn load(&mut self, mut program: Program) -> Result<u32, Failure> {
        program.compact = true;
        pipeline::run(&mut program, &pipeline::Options::default())
            .unwrap_or_else(|defect| panic!("a program of macros is well-formed: {defect}"));
        let full =
            |full: molt_vm::Full| Failure::Raised { kind: "limit".into(), message: full.to_string(), place: None };
        let vm = Vm::new(&program, &PureImports).map_err(full)?;
        let isolate = Expansion::start(vm.root(), VARIABLE, STACK_SIZE_BYTES, self.most_ms).map_err(raised)?;
        self.programs.push(Some(Loaded { isolate, _code: vm }));
        Ok(self.programs.len() as u32 - 1)
    }

    fn unload(&mut self, program: u32) {
        self.programs[program as usize] = None;
    }

    fn call(&mut self, program: u32, index: usize, operands: &[Datum]) -> Result<Datum, Failure> {
        let loaded = self.programs[program as usize].as_mut().expect("the front end calls what it has not unloaded");
        let give = |rt: &mut Isolate| operands.iter().map(|d| word(rt, d)).collect();
        loaded.isolate.call(index, give, |rt, w| datum(rt, w, 0)).map_err(raised)?
    }
}

fn raised(failure: expansion::Failure) -> Failure {
    let place = failure.place.map(|p| Place { file: p.file, start: p.start, end: p.end });
    Failure::Raised { kind: failure.kind, message: failure.message, place }
}

/// The runtime without the default handlers of operations: macros are pure.
struct PureImports;

impl molt_vm::Imports for PureImports {
    fn runtime(&self, f: RtFn) -> *const u8 {
        let is_default = EFFECTS.iter().flat_map(|e| e.ops).any(|op| op.default == f);
        let allowed = if is_default && f != RtFn::ClRaise { RtFn::ClRefuse } else { f };
        molt_vm::Imports::runtime(&RuntimeImports, allowed)
    }

    fn native_module(&self, index: u32) -> *const u8 {
        molt_vm::Imports::native_module(&RuntimeImports, index)
    }
}

/// The value of a datum.
fn word(rt: &mut Isolate, datum: &Datum) -> PyResult {
    let (made, origin) = match datum {
        Datum::Nil => (Owned::NONE, Origin::NONE),
        Datum::Bool(v) => (Owned::from_bool(*v), Origin::NONE),
        Datum::Int(v) => (rt.new_int(*v), Origin::NONE),
        Datum::BigInt(digits) => (molt_runtime::num::int::from_digits(rt, digits.as_bytes()), Origin::NONE),
        Datum::Float(v) => (rt.new_float(*v), Origin::NONE),
        Datum::Str(text) => (rt.new_str(text), Origin::NONE),
        Datum::Keyword(name) => (Owned::share(rt.keyword(name)), Origin::NONE),
        Datum::Symbol(name, origin) => return Ok(expansion::symbol(rt, name, origin.0)),
        Datum::List(items, origin) => {
            let items = words(rt, items)?;
            (if items.is_empty() { list::make_empty(rt) } else { list::from_vec(rt, items) }, *origin)
        }
        Datum::Map(items, origin) => {
            let items = words(rt, items)?;
            let borrowed: Vec<Word> = items.iter().map(Owned::word).collect();
            (map::from_words(rt, &borrowed)?, *origin)
        }
        Datum::Set(items, origin) => {
            let items = words(rt, items)?;
            let borrowed: Vec<Word> = items.iter().map(Owned::word).collect();
            (set::from_words(rt, &borrowed)?, *origin)
        }
        Datum::Given(_) => unreachable!("data are given once"),
    };
    if origin != Origin::NONE {
        expansion::set_origin(rt, made.word(), origin.0);
    }
    Ok(made)
}

fn words(rt: &mut Isolate, data: &[Datum]) -> PyResult<Vec<Owned>> {
    data.iter().map(|d| word(rt, d)).collect()
}

/// The datum that a value is.
fn datum(rt: &mut Isolate, w: Word, depth: usize) -> Result<Datum, Failure> {
    if depth > DEEPEST {
        return Err(Failure::TooDeep);
    }
    let origin = Origin(expansion::origin(rt, w));
    if origin.is_given() {
        return Ok(Datum::Given(origin));
    }
    let text = |rt: &mut Isolate, w: Word| rt.str_text(w).unwrap_or_default();
    Ok(match kind::kind_of(rt, w) {
        Kind::Nil => Datum::Nil,
        Kind::Bool => Datum::Bool(w == Word::TRUE),
        Kind::Int => match molt_runtime::num::int::to_i64(w) {
            Some(v) => Datum::Int(v),
            None => Datum::BigInt(text(rt, w)),
        },
        Kind::Float => Datum::Float(molt_runtime::num::float::of_float(w)),
        Kind::String => Datum::Str(text(rt, w)),
        Kind::Symbol => Datum::Symbol(symbol::text_of(w).into_owned(), origin),
        Kind::Keyword => Datum::Keyword(symbol::text_of(w).into_owned()),
        Kind::List => Datum::List(data(rt, list::iter(w), depth)?, origin),
        Kind::Map => Datum::Map(data(rt, map::iter(w).flatten(), depth)?, origin),
        Kind::Set => Datum::Set(data(rt, set::iter(w), depth)?, origin),
        other => return Err(Failure::NoData(other.name().to_owned())),
    })
}

fn data(rt: &mut Isolate, items: impl Iterator<Item = Word>, depth: usize) -> Result<Vec<Datum>, Failure> {
    items.map(|w| datum(rt, w, depth + 1)).collect()
}
