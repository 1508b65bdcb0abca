//! Foundations that know no language: typed ids and arenas, interned symbols, source files and spans.
//!
//! Start with [`ids::Arena`] and the [`entity_id!`] macro, then [`source::SourceMap`].
//!
//! Invariants: nothing here does I/O; the same input gives the same ids in the same order.
#![forbid(unsafe_code)]

pub mod hash;
pub mod ids;
pub mod intern;
pub mod source;

pub use ids::{Arena, EntityId, SideTable};
pub use intern::{Interner, Symbol};
pub use source::{FileId, LineIndex, SourceFile, SourceMap, Span};
