//! Foundations that know no language: typed ids and arenas, lists by number, interned symbols, source files and spans.
//!
//! Start with [`ids::Arena`] and the [`entity_id!`] macro, then [`source::SourceMap`]. Without the feature `std` there are ids,
//! arenas and spans only.
//!
//! Invariants: nothing here reads files of the user; the same input gives the same ids in the same order.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub use serde;

#[cfg(feature = "std")]
pub mod hash;
pub mod ids;
#[cfg(feature = "std")]
pub mod intern;
#[cfg(feature = "std")]
pub mod lists;
#[cfg(feature = "std")]
pub mod source;
pub mod span;

pub use ids::{Arena, EntityId, SideTable};
#[cfg(feature = "std")]
pub use intern::{Interner, Symbol};
#[cfg(feature = "std")]
pub use lists::Lists;
#[cfg(feature = "std")]
pub use source::{LineIndex, SourceFile, SourceMap};
pub use span::{FileId, Span};

/// How many threads can run at once: asked of the system once, because the answer is read from several files.
#[cfg(feature = "std")]
pub fn processors() -> usize {
    static COUNT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *COUNT.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}
