//! GrokLang: sources in, (program IR, diagnostics) out.
//!
//! Stages, each in a folder of its own: `syntax` (tokens, lossless tree, formatter), `hir` (names resolved, macros
//! expanded), `ty` and `check` (types, traits, inference, exhaustiveness), `mir` (control-flow graph, borrow checker,
//! drops), `code` (layouts, monomorphisation, IR).
//!
//! Invariants: the parser never fails and loses no byte of its input; a stage that found errors still hands on what
//! it understood, with error nodes that later stages keep silent about; no I/O, sources come from the caller's loader.
#![forbid(unsafe_code)]

pub mod across;
pub mod check;
pub mod code;
pub mod compile;
pub mod hir;
pub mod library;
pub mod mir;
pub mod syntax;
pub mod ty;
