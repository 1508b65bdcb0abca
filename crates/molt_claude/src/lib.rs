//! The front end of ClaudeLang: source text to data.
//!
//! Start with [`syntax::read`]. What is built so far is the reader.
//!
//! Invariants: the reader gives data for every text, however wrong, and does not recurse; every fault it sees is in its
//! diagnostics.
#![forbid(unsafe_code)]

pub mod syntax;
