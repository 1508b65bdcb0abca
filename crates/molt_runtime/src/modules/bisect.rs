//! The module `_bisect`.

crate::native_module!(molt_module_bisect, "_bisect", super::absent);
