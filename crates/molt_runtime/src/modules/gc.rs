//! The module `gc`.

crate::native_module!(molt_module_gc, "gc", super::absent);
