//! The module `random`.
