//! The module `_string`.

crate::native_module!(molt_module_string, "_string", super::absent);
