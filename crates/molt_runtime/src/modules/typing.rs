//! The module `_typing`.

crate::native_module!(molt_module_typing, "_typing", super::absent);
