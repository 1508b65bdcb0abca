//! Exhaustiveness.

pub mod ranges;
