//! The front end of ClaudeLang: source text to the semantic IR.
//!
//! Start with [`compile`]. The stages: [`syntax`] reads data (with `molt_claude_syntax`), [`expand`] makes [`core`] of them, `check` looks at types,
//! effects and patterns, `lower` makes the IR.
//! [`library`] holds the tables of native functions and effects, and the functions that are written in the language
//! itself. [`graph`] shows programs as graphs, [`lint`] looks at how a text is written, [`doc`] tells the types of a module,
//! [`ide`] what editors show of a
//! program ([`notes`] are taken for it), [`session`] compiles what is entered bit by bit, [`stops`]
//! are where a debugger can stop a program. [`lookup`] says where modules are found, [`options`] what can be chosen
//! about a program.
//!
//! Invariants: no I/O, files come from the caller's [`Loader`]; the reader gives data for every text, however wrong, and
//! does not recurse; every fault is in the diagnostics.
#![forbid(unsafe_code)]

mod check;
pub mod core;
pub mod doc;
pub mod expand;
pub mod graph;
pub mod ide;

pub mod library;
pub mod lint;
pub mod lookup;
mod lower;
pub mod macros;
pub mod manifest;
pub mod notes;
pub mod options;
pub mod program;
pub mod session;
pub mod stops;
pub mod stx;
pub mod syntax;

pub use expand::entries::LAST;
pub use expand::foreign::{exports, exports_of};
pub use expand::surface::surface;
pub use lower::Settled;
pub use macros::MacroRunner;
pub use options::Options;
pub use program::{Compiled, Foreign, Loader, Request, compile, refuses};
