//! The module `gc`.
