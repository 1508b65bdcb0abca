//! The module `typing`.
