//! What tests of IR and engines share: random functions ([`random`]) and running one on each engine ([`engines`]). The
//! filetests of `tests/ir` are in `tests/filetests.rs`; the fuzz targets in `fuzz/` use the same functions.
//!
//! It is a crate of its own because it needs passes and several engines, but neither front end nor runtime.

pub mod engines;
pub mod random;
