//! Drives a compilation: finds modules, runs front end, passes and engine, links, caches.
//!
//! Start with [`Session`]. The command line and other faces call nothing below this crate.

pub mod bytecode;
pub mod cache;
pub mod claude;
pub mod debug;
pub mod doc;
pub mod doctor;
mod expansion;
pub mod files;
pub mod grok;
pub mod ide;
pub mod loader;
mod mixed;
mod offered;
pub mod package;
pub mod repl;
pub mod session;
pub mod testing;
pub mod toolchain;

pub use molt_base::{SourceMap, Span};
pub use molt_cranelift::DEFECT_STATUS;
pub use molt_diagnostics::{Diagnostic, Level};
pub use molt_link::Choice as LinkerChoice;
pub use molt_link::size::{Reason, SizeReport, report as size_report};
pub use session::{DriverError, Emit, Entry, Session, SessionOptions};
