//! The module `collections`.
