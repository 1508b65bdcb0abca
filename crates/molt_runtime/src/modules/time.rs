//! The module `time`.
