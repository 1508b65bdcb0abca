//! The run-time system of compiled Python programs: memory, the object model, builtin types, exceptions,
//! generators, native modules and the entry point of executables.
//!
//! Read [`owned`] (who owns a reference), [`isolate`] (the state of one interpreter), [`native`] (how
//! Rust code is presented to Python) and [`class`] first; [`entry`] is what compiled code calls.
//!
//! Invariants:
//! - A function that takes [`Word`](molt_abi::Word) borrows it; one that returns or takes [`owned::Owned`]
//!   transfers a reference.
//! - `Err(Raised)` means that exactly one exception is pending in the isolate, and `Ok` that none is.
//! - Any call that can run Python code can change any mutable object: no native code keeps a Rust
//!   reference into a list, dict, set or native state across such a call.
#![no_std]
#![cfg_attr(molt_sanitize, feature(sanitize))]

extern crate alloc;
// The standard library is there for tests, and where the thread's isolate cannot be had without it.
#[cfg(any(test, miri, not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))))]
extern crate std;

pub mod api;
pub mod class;
pub mod exc;
pub mod heap;
pub mod isolate;
pub mod layouts;
pub mod names;
pub mod native;
pub mod owned;
pub mod signature;

mod binding;
mod build_class;
mod builtins;
pub mod claude;
mod code;
mod current;
pub mod cycles;
mod descriptor;
mod dict;
mod dict_class;
pub mod entry;
mod exception;
mod function;
mod generator;
mod groups;
mod hashing;
mod host;
mod iter;
mod lifetime;
mod list;
mod matching;
mod module;
mod namespace;
mod object;
mod ops;
mod place;
mod reduce;
mod set;
mod signals;
mod sort;
mod stack;
pub mod startup;
mod structseq;
mod suggest;
mod sys;
mod traceback;
mod traceback_text;
mod values;

pub mod grok;
pub mod modules;
pub mod num;
pub mod text;

pub use class::ClassObj;
pub use entry::{native_module_address, runtime_address};
pub use isolate::Isolate;
/// Short name of [`Isolate`], the first parameter of nearly everything.
pub type Rt = Isolate;
pub use grok::run_native;
pub use owned::{Owned, PyResult, Raised};
pub use place::Place;
pub use startup::run_program;
