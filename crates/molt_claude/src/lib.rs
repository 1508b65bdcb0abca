//! The front end of ClaudeLang: source text to data.
//!
//! Entry point: [`compile`], of which the reader is built; start with [`syntax::read`]. [`lookup`] says where modules are
//! found, [`options`] what can be chosen about a program.
//!
//! Invariants: no I/O, files come from the caller's [`Loader`]; the reader gives data for every text, however wrong, and
//! does not recurse; every fault it sees is in its diagnostics.
#![forbid(unsafe_code)]

pub mod lookup;
pub mod options;
pub mod program;
pub mod syntax;

pub use options::Options;
pub use program::{Compiled, Loader, Request, compile};
