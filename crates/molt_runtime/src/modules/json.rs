//! The module `_json`.

crate::native_module!(molt_module_json, "_json", super::absent);
