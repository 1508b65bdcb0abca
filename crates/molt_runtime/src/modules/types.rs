//! The module `types`.
