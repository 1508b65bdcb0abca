//! Types of everything: signatures, inference of bodies, traits, patterns.

pub mod typed;
