//! What compiled code and the runtime agree on, and nothing else: value words, object layouts, the
//! isolate context, static descriptors, builtin class ids and the table of runtime functions.
//!
//! Start with [`Word`] (the 64-bit value), then [`Header`] and the layouts in [`layout`], then
//! [`runtime::RtFn`], the one table of functions that compiled code may call.
//!
//! Invariants:
//! - Every layout here is `repr(C)` and its size is asserted; engines address fields only through
//!   the `offset` constants of this crate.
//! - Runtime functions take the context first, then integer-class (64-bit) parameters only: a double
//!   travels as its bits. This lets an interpreter call any entry without a signature of its own.
//! - Parameters are borrowed and results owned unless the table says otherwise.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod class_ids;
pub mod context;
pub mod layout;
pub mod limits;
pub mod modules;
pub mod predicates;
pub mod runtime;
pub mod word;

pub use class_ids::ClassId;
pub use context::{Context, Ret};
pub use layout::Header;
pub use predicates::Predicate;
pub use runtime::RtFn;
pub use word::Word;
