//! The module `_weakref`.

crate::native_module!(molt_module_weakref, "_weakref", super::absent);
