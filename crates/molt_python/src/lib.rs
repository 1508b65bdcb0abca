//! Front end of Python 3.14: from sources to the semantic IR.
//!
//! Entry point: [`compile`]. Stages: find and decode modules ([`program`]), parse ([`parse`]), scopes and early
//! errors ([`scope`]), lowering ([`lower`]). The library's modules that are written in Python are in
//! [`library`].
//!
//! Invariants:
//! - No I/O: sources come from the caller's [`SourceLoader`].
//! - Every module that an import names is found before anything is lowered; what cannot be found is a diagnostic,
//!   or code that raises `ModuleNotFoundError` where the program provides for it.
//! - With an error diagnostic the program is incomplete and must not be run.
//! - No input overflows the stack: the work runs on a thread of its own, and nesting has limits.
#![forbid(unsafe_code)]

mod dataclass;
mod decode;
mod library;
mod lower;
mod nesting;
mod offer;
mod parse;
mod program;
mod release;
mod scope;
mod unparse;

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;
use molt_ir::Program;
use molt_ir::surface::Surface;

/// Stack of the compiling thread; reserved, not committed.
const STACK_SIZE_BYTES: usize = 1 << 30;

/// A module's source.
#[derive(Clone, Debug)]
pub struct Found {
    pub source: Vec<u8>,
    /// Path as tracebacks show it; empty for a namespace package, whose source is empty too.
    pub filename: String,
    pub is_package: bool,
    /// Of a module that another front end makes: the names that a star import of it brings. It has no source here.
    pub foreign: Option<Vec<String>>,
    /// The source stands in for a module of GrokLang: `__across__("name", operands..)` in it calls an export, and functions
    /// are not shown in tracebacks. With the names that it leaves out, and what is in the way.
    pub stands_in: Option<Vec<(String, String)>>,
}

impl Found {
    /// A module in Python.
    pub fn python(source: Vec<u8>, filename: String, is_package: bool) -> Found {
        Found { source, filename, is_package, foreign: None, stands_in: None }
    }
}

/// Gives access to the program's files.
pub trait SourceLoader: Sync {
    /// The module with this absolute dotted name, if the program has one.
    fn find(&self, dotted: &str) -> Option<Found>;
}

/// What to compile.
#[derive(Clone, Debug)]
pub struct CompileRequest {
    /// The module that runs as `__main__`; none in a program that starts in another language.
    pub entry: Option<Found>,
    /// Dotted names of the modules that other languages import.
    pub roots: Vec<String>,
    /// Leave `assert` statements out and make `__debug__` false, as `python -O` does.
    pub optimize: bool,
}

/// Result of [`compile`].
pub struct Compilation {
    pub program: Program,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// The modules that other front ends make: dotted names with the paths of their files.
    pub foreign: Vec<(String, String)>,
}

/// The names that a module has for others: those of a constant `__all__`, else its public ones; what is wrong with its
/// text, otherwise.
pub fn names(source: &[u8], filename: &str) -> Result<Vec<String>, String> {
    on_large_stack(|| program::names_of(source, filename))
}

/// What a module has for modules of other languages; what is wrong with its text, otherwise.
pub fn surface(source: &[u8], filename: &str) -> Result<Surface, String> {
    on_large_stack(|| offer::surface_of(source, filename))
}

fn on_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_SIZE_BYTES);
        let handle = thread.spawn_scoped(scope, work).expect("a thread can be started");
        handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Compilation {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Compiles a program with all the modules it imports.
pub fn compile(request: &CompileRequest, loader: &dyn SourceLoader) -> Compilation {
    on_large_stack(|| compile_here(request, loader))
}

fn compile_here(request: &CompileRequest, loader: &dyn SourceLoader) -> Compilation {
    let mut program = Program::new();
    let mut sources = SourceMap::default();
    let mut diagnostics = Vec::new();
    let graph = program::ModuleGraph::build(&mut program, &mut sources, &mut diagnostics, request, loader);
    if !diagnostics.iter().any(Diagnostic::is_error) {
        lower::lower_program(&mut program, &graph, &sources, &mut diagnostics, request.optimize);
    }
    Compilation { program, diagnostics, sources, foreign: graph.foreign_files() }
}
