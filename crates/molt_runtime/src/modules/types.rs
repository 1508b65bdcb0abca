//! The module `_types`.

crate::native_module!(molt_module_types, "_types", super::absent);
