//! The module `posix`.
