//! The module `time`.

crate::native_module!(molt_module_time, "time", super::absent);
