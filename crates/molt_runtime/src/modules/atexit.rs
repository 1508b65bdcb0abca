//! The module `atexit`.

crate::native_module!(molt_module_atexit, "atexit", super::absent);
