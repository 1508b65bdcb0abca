//! The module `string`.
