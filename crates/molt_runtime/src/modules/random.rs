//! The module `_random`.

crate::native_module!(molt_module_random, "_random", super::absent);
