//! Passes over the IR and the lowering to machine level.
#![forbid(unsafe_code)]

pub mod certify;
pub mod clone;
pub mod coroutines;
pub mod facts;
pub mod infer;
pub mod liveness;
pub mod lower;
pub mod machine;
pub mod ownership;
pub mod pipeline;
pub mod specialise;
pub mod ssa_repair;
pub mod unbox;
pub mod versions;
