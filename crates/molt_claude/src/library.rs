//! The library: tables of its native functions and of the effects with default handlers, and its part in the language
//! itself.

mod functions;
mod operations;

pub use functions::{BUILTINS, owning};
pub use operations::{EFFECTS, SPELLINGS, capability};

use std::collections::{BTreeMap, HashMap};

use molt_abi::RtFn;
use molt_base::entity_id;
use molt_ir::{BinaryOp, CompareOp};

use crate::check::TABLE;
use crate::syntax::{Data, Datum, Kind};

entity_id!(
    /// A native function of the library.
    pub struct BuiltinId("builtin")
);

/// The modules that every program knows.
pub const MODULES: &[&str] = &[
    "core",
    "collections",
    "strings",
    "math",
    "io",
    "json",
    "data",
    "functional",
    "datetime",
    "regex",
    "async",
    "concurrent",
    "reactive",
    "spec",
    "test",
    "graph",
    "logger",
    "network",
    "ui",
];

/// Those of them whose names are known only with the module's before them, until they are imported.
pub const QUALIFIED: &[&str] = &["test", "graph", "logger"];

/// The functions that are written in the language itself.
pub const SOURCE: &str = include_str!("library/core.cl");

/// The names that it defines, those for itself (`%..`) left out; whether each is written as a procedure.
pub fn written_names() -> impl Iterator<Item = (&'static str, bool)> {
    let definitions = SOURCE.lines().filter_map(|l| l.strip_prefix("(define "));
    let named = definitions.map(|l| {
        let bare = l.trim_start_matches('(');
        (bare.split([' ', ')']).next().unwrap_or_default(), bare.len() < l.len())
    });
    named.filter(|(name, _)| !name.starts_with('%'))
}

/// What functions of the library perform, as JSON: lists of labels, with an operation where only that is performed, by name.
pub fn rows() -> String {
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for effect in EFFECTS {
        for op in effect.ops {
            for function in op.functions {
                rows.entry(function).or_default().push(format!("{}:{}", effect.name, op.name));
            }
        }
    }
    let read = crate::syntax::read(molt_base::FileId(0), TABLE);
    let data = &read.data;
    for (names, types) in table(data) {
        let labels = types.iter().flat_map(|&ty| data.parts(ty)).filter(|&p| data.kind(p) == Kind::Map);
        let labels: Vec<&str> = labels.flat_map(|row| data.parts(row)).filter_map(|l| data.name(l)).collect();
        for name in names.into_iter().filter(|_| !labels.is_empty()) {
            rows.entry(name).or_default().extend(labels.iter().map(|&l| l.to_owned()));
        }
    }
    serde_json::to_string(&rows).expect("texts have a form in JSON")
}

/// The rows of the table of types: names, and the types that each of them has.
fn table(data: &Data) -> impl Iterator<Item = (Vec<&str>, Vec<Datum>)> {
    data.top().map(|row| {
        let parts: Vec<Datum> = data.parts(row).collect();
        let names = if data.kind(parts[0]) == Kind::Form { data.parts(parts[0]).collect() } else { vec![parts[0]] };
        (names.into_iter().filter_map(|n| data.name(n)).collect(), parts[1..].to_vec())
    })
}

/// The types of the library's functions and operations as the table has them, by name.
pub fn signatures() -> HashMap<String, Vec<String>> {
    let read = crate::syntax::read(molt_base::FileId(0), TABLE);
    let data = &read.data;
    let written = |types: &[Datum]| types.iter().map(|&t| data.written(t).to_owned()).collect::<Vec<_>>();
    let rows = table(data).flat_map(|(names, types)| names.into_iter().map(move |n| (n.to_owned(), written(&types))));
    rows.collect()
}

/// What calls of a native function become.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Code {
    /// Arithmetic; of more operands from the left.
    Binary(BinaryOp),
    /// Comparison; of more operands each with the next.
    Compare(CompareOp),
    /// A runtime function on the operands; absent optional ones are unbound.
    Rt(RtFn),
    /// A runtime function that consumes the first operand, and one that consumes the second and takes it first.
    Own(RtFn),
    Onto(RtFn),
    /// A runtime function that gets a small integer before the operands.
    Family(RtFn, u8),
    /// A runtime function on an array of the operands.
    Many(RtFn),
    /// A number.
    Constant(f64),
    /// A text: see [`rows`].
    Rows,
    Not,
    Tuple,
    List,
    /// Negation when there is one operand.
    Minus,
    /// The inverse when there is one operand.
    Divide,
}

/// A row of the table of functions.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub least: u8,
    /// `None` for any number.
    pub most: Option<u8>,
    pub code: Code,
    /// The function of the library's own part that stands for it where it is used as a value.
    pub value: Option<&'static str>,
}

impl Builtin {
    pub fn takes(&self, operands: usize) -> bool {
        operands >= usize::from(self.least) && self.most.is_none_or(|m| operands <= usize::from(m))
    }

    /// The number that it is.
    pub fn constant(&self) -> Option<f64> {
        match self.code {
            Code::Constant(v) => Some(v),
            _ => None,
        }
    }
}

/// All names of native functions.
pub fn names() -> impl Iterator<Item = (&'static str, BuiltinId)> {
    BUILTINS.iter().enumerate().map(|(i, b)| (b.name, BuiltinId(i as u32)))
}

/// An effect with default handlers.
#[derive(Debug)]
pub struct EffectRow {
    pub name: &'static str,
    pub ops: &'static [OpRow],
}

/// An operation with a default handler.
#[derive(Debug)]
pub struct OpRow {
    pub name: &'static str,
    pub arity: (usize, Option<usize>),
    pub is_never: bool,
    /// Names of functions that perform it.
    pub functions: &'static [&'static str],
    /// What happens without a handler: array of operands and their number.
    pub default: RtFn,
}
