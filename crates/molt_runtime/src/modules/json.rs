//! The module `json`.
