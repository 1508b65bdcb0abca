//! The module `bisect`.
