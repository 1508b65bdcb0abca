//! The module `posix`.

crate::native_module!(molt_module_posix, "posix", super::absent);
