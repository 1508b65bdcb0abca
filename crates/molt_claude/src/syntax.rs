//! Text to data and back.
//!
//! [`reader`] makes [`data`], whose literals [`literal`] gives values.

pub mod data;
pub mod literal;
pub mod reader;

pub use data::{Data, Datum, Kind};
pub use reader::{Read, read};
