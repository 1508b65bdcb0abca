//! Text to data and back.
//!
//! [`reader`] makes [`data`], whose literals [`literal`] gives values; [`mod@format`] writes text in the one style.

pub mod data;
pub mod format;
pub mod literal;
pub mod reader;

pub use data::{Data, Datum, Kind};
pub use reader::{Read, read};
