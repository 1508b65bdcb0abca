//! The module `_heapq`.

crate::native_module!(molt_module_heapq, "_heapq", super::absent);
