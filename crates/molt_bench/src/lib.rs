//! Measures programs against each other: `molt bench` and `cargo xtask bench` are two faces of it.
//!
//! Start with [`contest::run`]. A *contestant* is a command that runs a program, the first one is the *baseline*, and a
//! *round* runs every contestant once. Invariants:
//! - Answers come first: a contestant whose output or status differs from the baseline's is reported and never timed.
//! - Rounds interleave the contestants and start with another one each time, so that a machine that gets slower or
//!   faster meanwhile weighs on all alike. Ratios are taken inside a round, then summed up.
//! - A sample is at least [`contest::Options::sample_s`] of work: short programs run several times in one sample.
//! - The reports are functions of the results; nothing here knows what Molt is.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod contest;
pub mod html;
pub mod json;
pub mod machine;
mod measure;
mod plot;
pub mod progress;
mod stats;
pub mod table;

pub use contest::{Contestant, Options, Outcome, Program, Report, Results};
pub use measure::{Peak, Run};
pub use stats::Summary;
