//! The module `atexit`.
