//! The module `_collections`.

crate::native_module!(molt_module_collections, "_collections", super::absent);
