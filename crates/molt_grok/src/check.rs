//! Types of everything: signatures, inference of bodies, traits, patterns.

mod actors;
pub mod captures;
mod constants;
pub mod context;
mod convert;
mod dead;
pub mod exhaustive;
pub(crate) mod generalise;
pub mod index;
pub mod infer;
mod items;
mod kept;
mod lang;
mod literals;
pub mod program;
mod promises;
mod queries;
mod shared;
mod signature;
pub mod solve;
pub mod sorted;
mod statements;
pub mod typed;
