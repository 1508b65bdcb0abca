//! The module `abc`.
