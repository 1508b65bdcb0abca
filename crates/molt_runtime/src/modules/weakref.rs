//! The module `weakref`.
