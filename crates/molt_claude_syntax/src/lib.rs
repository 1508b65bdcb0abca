//! Text and graph of ClaudeLang programs, for the front end and for programs that look at programs while they run: text to
//! data ([`reader`]), the one style ([`format`](mod@format)), the program graph ([`graph`]).
//!
//! Start at [`read`]. Nothing here needs the standard library, because the runtime does not have it.
//!
//! Invariants: whatever is read is read again as the same data; nesting is limited by the reader ([`reader::DEEPEST`]), so
//! walks through data may recurse.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod data;
pub mod format;
pub mod forms;
pub mod graph;
pub mod literal;
pub mod reader;

pub use data::{Data, Datum, Kind};
pub use graph::Graph;
pub use reader::{Fault, Read, read};
