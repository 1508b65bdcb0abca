//! Home of the tests that need passes and several engines but neither front end nor runtime: the filetests of
//! `tests/ir` and the comparison of engines on random IR. See `tests/filetests.rs`.
#![forbid(unsafe_code)]
