//! Foundations that know no language: typed ids and arenas, lists by number, interned symbols, source files and spans.
//!
//! Start with [`ids::Arena`] and the [`entity_id!`] macro, then [`source::SourceMap`].
//!
//! Invariants: nothing here reads files of the user; the same input gives the same ids in the same order.
#![forbid(unsafe_code)]

pub use serde;

pub mod hash;
pub mod ids;
pub mod intern;
pub mod lists;
pub mod source;

pub use ids::{Arena, EntityId, SideTable};
pub use intern::{Interner, Symbol};
pub use lists::Lists;
pub use source::{FileId, LineIndex, SourceFile, SourceMap, Span};

/// How many threads can run at once: asked of the system once, because the answer is read from several files.
pub fn processors() -> usize {
    static COUNT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *COUNT.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}
