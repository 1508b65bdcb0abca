//! The module `_abc`.

crate::native_module!(molt_module_abc, "_abc", super::absent);
