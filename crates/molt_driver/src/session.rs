//! One compilation from entry to artefact.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use molt_abi::RtFn;
use molt_base::SourceMap;
use molt_cranelift::{CodeOptions, EngineError, Form, Imports, Jit};
use molt_diagnostics::Diagnostic;
use molt_grok::hir::tests::TestItem;
use molt_ir::{Program, print};
use molt_link::{Choice as LinkerChoice, LinkError, LinkJob};
use molt_opt::pipeline;
use molt_python::Found;

use crate::bytecode;
use crate::cache::{self, Slot};
use crate::claude;
use crate::doc;
use crate::grok::{self, Job};
use crate::loader::Touched;
use crate::mixed;
use crate::toolchain::runtime_archive;

/// What is compiled.
#[derive(Clone, Debug)]
pub enum Entry {
    File(PathBuf),
    /// `-m name`, found below the current folder.
    Module(String),
    /// `-c code`.
    Code(String),
    /// Source read from standard input.
    Stdin(Vec<u8>),
    /// GrokLang packages.
    Grok(Box<Job>),
    /// A ClaudeLang file with its options.
    Claude(Box<claude::Job>),
}

/// Text to print instead of making an artefact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emit {
    /// IR as the front end makes it.
    Ir,
    /// IR before lowering.
    Typed,
    /// Machine-level IR.
    Lir,
    /// The interpreter's register code.
    Bytecode,
    /// Cranelift's input.
    Clif,
    /// Cranelift's listing of the machine code.
    Asm,
}

/// Options common to all verbs.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// Run the IR verifier between passes.
    pub verify: bool,
    pub print_after: Option<String>,
    pub stop_after: Option<String>,
    /// Look for everything that is wrong with the program, not only for what keeps it from running.
    pub check: bool,
    /// Keep symbol names in the executable.
    pub keep_symbols: bool,
    pub linker: LinkerChoice,
    /// A program in this process that runs longer ends with the status [`TIMED_OUT`].
    pub limit: Option<Duration>,
}

/// Status of a program that ran longer than it may.
pub const TIMED_OUT: i32 = 89;

/// What stopped a compilation.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The program was refused; the diagnostics say why.
    #[error("the program was refused")]
    Refused,
    #[error("cannot read `{path}`: {error}")]
    Read { path: PathBuf, error: std::io::Error },
    #[error("cannot write `{path}`: {error}")]
    Write { path: PathBuf, error: std::io::Error },
    /// A file is no compiled program, or none that runs here.
    #[error("cannot run `{path}`: {fault}")]
    Bytecode { path: PathBuf, fault: bytecode::Fault },
    #[error("no module named `{0}` below the current folder")]
    NoModule(String),
    #[error("{0}")]
    Link(#[from] LinkError),
    #[error("cannot start `{path}`: {error}")]
    Start { path: PathBuf, error: std::io::Error },
    /// More than there may be.
    #[error("{0}")]
    Limit(String),
    /// A defect of the compiler.
    #[error("internal compiler error: {0}")]
    Internal(String),
}

impl From<molt_vm::Full> for DriverError {
    fn from(full: molt_vm::Full) -> DriverError {
        DriverError::Limit(full.to_string())
    }
}

impl From<EngineError> for DriverError {
    fn from(e: EngineError) -> DriverError {
        DriverError::Internal(e.to_string())
    }
}

/// A compilation in progress. Diagnostics collect here whatever the outcome.
pub struct Session {
    pub options: SessionOptions,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// Time spent by stage, in order.
    pub times: Vec<(String, Duration)>,
    /// Text asked for by `print_after`.
    pub printed: Option<String>,
    /// The tests that the program runs, if it was compiled for them.
    pub tests: Vec<TestItem>,
    touched: Touched,
}

impl Session {
    pub fn new(options: SessionOptions) -> Session {
        Session {
            options,
            diagnostics: Vec::new(),
            sources: SourceMap::default(),
            times: Vec::new(),
            printed: None,
            tests: Vec::new(),
            touched: Touched::default(),
        }
    }

    /// The entry's source, and the folder that its imports are looked up in.
    fn entry_source(&mut self, entry: &Entry) -> Result<(Found, PathBuf), DriverError> {
        let here = PathBuf::from(".");
        let path = match entry {
            Entry::File(path) => path.clone(),
            Entry::Module(name) => module_file(name).ok_or_else(|| DriverError::NoModule(name.clone()))?,
            Entry::Code(code) => return Ok((text_source("<string>", code.clone().into_bytes()), here)),
            Entry::Stdin(source) => return Ok((text_source("<stdin>", source.clone()), here)),
            Entry::Grok(_) | Entry::Claude(_) => unreachable!("have front ends of their own"),
        };
        let source = std::fs::read(&path).map_err(|error| DriverError::Read { path: path.clone(), error })?;
        self.touched.read.push(path.clone());
        let root = match (entry, path.parent()) {
            (Entry::File(_), Some(parent)) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => here,
        };
        let shown = std::path::absolute(&path).unwrap_or(path);
        Ok((text_source(&shown.display().to_string(), source), root))
    }

    /// Front end only: semantic IR, or `Refused` with diagnostics.
    pub fn front_end(&mut self, entry: &Entry) -> Result<Program, DriverError> {
        let start = Instant::now();
        match entry {
            Entry::Grok(job) => return self.grok_front_end(job, start),
            Entry::Claude(job) => return self.claude_front_end(job, start),
            Entry::File(path) if bytecode::is_compiled(path) => return self.compiled(path),
            Entry::File(path) if claude::is_claude(path) => {
                return self.claude_front_end(&claude::Job::file(path), start);
            }
            Entry::File(path) if grok::is_grok(path) => {
                if let Err(error) = std::fs::metadata(path) {
                    return Err(DriverError::Read { path: path.clone(), error });
                }
                return self.grok_front_end(&Job::file(path, false), start);
            }
            _ => {}
        }
        let (entry, root) = self.entry_source(entry)?;
        self.mixed_front_end(mixed::Start::Python(entry), &root, start)
    }

    /// Python and ClaudeLang, which import one another.
    fn mixed_front_end(&mut self, entry: mixed::Start, root: &Path, start: Instant) -> Result<Program, DriverError> {
        let made = mixed::compile(entry, root, self.options.check);
        let failed = self.touched.add(made.touched);
        self.diagnostics.extend(made.diagnostics);
        self.sources = made.sources;
        self.times.push(("front end".into(), start.elapsed()));
        if let Some((path, error)) = failed {
            return Err(DriverError::Read { path, error });
        }
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(DriverError::Refused);
        }
        made.program.ok_or(DriverError::Refused)
    }

    fn grok_front_end(&mut self, job: &Job, start: Instant) -> Result<Program, DriverError> {
        let (compiled, asked) = job.compile();
        if !asked.foreign.is_empty() {
            self.tests = compiled.tests.clone();
            self.touched.take(asked.touched);
            let begin = mixed::Begin { job: job.clone(), compiled, foreign: asked.foreign };
            let here = Path::new(".");
            let root = if job.root.as_os_str().is_empty() { here } else { &job.root };
            return self.mixed_front_end(mixed::Start::Grok(begin.into()), root, start);
        }
        let failed = self.touched.add(asked.touched);
        self.diagnostics.extend(compiled.diagnostics);
        self.sources = compiled.sources;
        self.tests = compiled.tests;
        self.times.push(("front end".into(), start.elapsed()));
        if let Some((path, error)) = failed {
            return Err(DriverError::Read { path, error });
        }
        compiled.program.ok_or(DriverError::Refused)
    }

    fn claude_front_end(&mut self, job: &claude::Job, start: Instant) -> Result<Program, DriverError> {
        self.mixed_front_end(mixed::Start::Claude(job.clone()), &job.root(), start)
    }

    /// A compiled program, which is lowered already.
    fn compiled(&mut self, path: &Path) -> Result<Program, DriverError> {
        let start = Instant::now();
        let file = std::fs::read(path).map_err(|error| DriverError::Read { path: path.to_path_buf(), error })?;
        self.touched.read.push(path.to_path_buf());
        let read = bytecode::read(&file);
        self.times.push(("reading".into(), start.elapsed()));
        read.map_err(|fault| DriverError::Bytecode { path: path.to_path_buf(), fault })
    }

    /// Writes the lowered program of an entry to a file, which can be an entry itself; see [`bytecode`].
    pub fn build_bytecode(&mut self, entry: &Entry, output: &Path) -> Result<(), DriverError> {
        let program = self.compile(entry, true)?;
        let failed = |error| DriverError::Write { path: output.to_path_buf(), error };
        if let Some(folder) = output.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(output, bytecode::write(&program)).map_err(failed)
    }

    /// The pages of a program's documentation, file names with texts; a program with errors has none.
    pub fn document(
        &mut self,
        job: &Job,
        name: &str,
        version: &str,
        private: bool,
    ) -> Result<Vec<(String, String)>, DriverError> {
        let (checked, diagnostics, asked) = job.check();
        let failed = self.touched.add(asked.touched);
        self.diagnostics.extend(diagnostics);
        self.sources = checked.hir.files.clone();
        if let Some((path, error)) = failed {
            return Err(DriverError::Read { path, error });
        }
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(DriverError::Refused);
        }
        Ok(doc::html::files(doc::Language::Grok, name, version, &doc::pages(&checked, private)))
    }

    /// The pages of ClaudeLang files, each with the name of its module: one page, or one a module below a list of them.
    pub fn document_claude(
        &mut self,
        files: &[(String, PathBuf)],
        name: &str,
        version: &str,
    ) -> Result<Vec<(String, String)>, DriverError> {
        let mut pages = Vec::new();
        if files.len() != 1 {
            let modules = files.iter().map(|f| f.0.clone()).collect();
            pages.push(doc::Page { path: Vec::new(), docs: String::new(), modules, items: Vec::new() });
        }
        for (module, file) in files {
            let (documented, touched) = claude::Job::file(file).document();
            let failed = self.touched.add(touched);
            match (documented, failed) {
                (_, Some((path, error))) => return Err(DriverError::Read { path, error }),
                (Some(Ok(found)), None) => {
                    let path = if files.len() == 1 { Vec::new() } else { vec![module.clone()] };
                    pages.push(doc::claude::page(path, &found));
                }
                (Some(Err((faults, sources))), None) => {
                    self.diagnostics = faults;
                    self.sources = sources;
                    return Err(DriverError::Refused);
                }
                (None, None) => unreachable!("why a file cannot be read is known"),
            }
        }
        Ok(doc::html::files(doc::Language::Claude, name, version, &pages))
    }

    /// Front end and passes; `compact` code is for the interpreter.
    pub fn compile(&mut self, entry: &Entry, compact: bool) -> Result<Program, DriverError> {
        let mut program = self.front_end(entry)?;
        if matches!(entry, Entry::File(path) if bytecode::is_compiled(path)) {
            return Ok(program);
        }
        program.compact = compact;
        let options = pipeline::Options {
            verify: self.options.verify,
            print_after: self.options.print_after.clone(),
            stop_after: self.options.stop_after.clone(),
        };
        let report = pipeline::run(&mut program, &options).map_err(DriverError::Internal)?;
        self.times.extend(report.times.into_iter().map(|(n, t)| (n.to_string(), t)));
        self.printed = report.printed;
        Ok(program)
    }

    /// The program as text at one level.
    pub fn emit(&mut self, entry: &Entry, what: Emit, optimise: bool) -> Result<String, DriverError> {
        match what {
            Emit::Ir => Ok(print::program(&self.front_end(entry)?)),
            Emit::Typed => {
                self.options.stop_after = Some("ownership".into());
                Ok(print::program(&self.compile(entry, false)?))
            }
            Emit::Lir => Ok(print::program(&self.compile(entry, false)?)),
            Emit::Bytecode => Ok(molt_vm::listing(&self.compile(entry, true)?)?),
            Emit::Clif | Emit::Asm => {
                let program = self.compile(entry, false)?;
                let form = if what == Emit::Clif { Form::Clif } else { Form::Asm };
                let code = CodeOptions { verify: self.options.verify, optimise };
                Ok(molt_cranelift::text(&program, form, code)?)
            }
        }
    }

    /// Makes an executable.
    pub fn build(&mut self, entry: &Entry, output: &Path, optimise: bool) -> Result<(), DriverError> {
        let program = self.compile(entry, false)?;
        let start = Instant::now();
        let code = CodeOptions { verify: self.options.verify, optimise };
        let object = molt_cranelift::compile_object(&program, code)?;
        self.times.push(("code".into(), start.elapsed()));
        let start = Instant::now();
        if let Some(dir) = output.parent() {
            std::fs::create_dir_all(dir).map_err(|error| DriverError::Write { path: dir.to_path_buf(), error })?;
        }
        let job = LinkJob {
            object: &object,
            runtime: &runtime_archive(),
            output,
            scratch: &cache::folder().join("tmp"),
            strip: !self.options.keep_symbols,
            linker: self.options.linker,
        };
        molt_link::link_executable(&job)?;
        self.times.push(("link".into(), start.elapsed()));
        Ok(())
    }

    /// Compiles in memory and runs in this process; the program's exit status.
    pub fn run_in_memory(&mut self, entry: &Entry, argv: &[String]) -> Result<i32, DriverError> {
        let program = self.compile(entry, false)?;
        let start = Instant::now();
        let code = CodeOptions { verify: self.options.verify, optimise: optimises(entry) };
        let jit = Jit::new(&program, &RuntimeImports, code)?;
        self.times.push(("code".into(), start.elapsed()));
        self.watch();
        Ok(start_program(&program, jit.root(), argv))
    }

    /// Interprets the program in this process; its exit status.
    pub fn run_interpreted(&mut self, entry: &Entry, argv: &[String]) -> Result<i32, DriverError> {
        let program = self.compile(entry, true)?;
        let start = Instant::now();
        let vm = molt_vm::Vm::new(&program, &RuntimeImports)?;
        self.times.push(("code".into(), start.elapsed()));
        self.watch();
        Ok(start_program(&program, vm.root(), argv))
    }

    /// Ends the process when the time of its program is over.
    fn watch(&self) {
        if let Some(limit) = self.options.limit {
            std::thread::spawn(move || {
                std::thread::sleep(limit);
                std::process::exit(TIMED_OUT)
            });
        }
    }

    /// The cached executable of an entry, built if something changed.
    pub fn cached(&mut self, entry: &Entry) -> Result<PathBuf, DriverError> {
        let symbols = if self.options.keep_symbols { " with symbols" } else { "" };
        let slot = Slot::new(&(identity(entry) + symbols));
        if let Some(path) = slot.lookup() {
            return Ok(path.to_path_buf());
        }
        let path = slot.executable().to_path_buf();
        self.build(entry, &path, optimises(entry))?;
        slot.store(&self.touched).map_err(|error| DriverError::Write { path: path.clone(), error })?;
        Ok(path)
    }
}

/// Runs a program whose root lies at an address; the exit status.
fn start_program(program: &Program, root: *const u8, argv: &[String]) -> i32 {
    if program.native { molt_runtime::run_native(root, argv) } else { molt_runtime::run_program(root.cast(), argv) }
}

fn text_source(filename: &str, source: Vec<u8>) -> Found {
    Found::python(source, filename.to_string(), false)
}

/// File of a module run with `-m`: the module itself or a package's `__main__`.
fn module_file(name: &str) -> Option<PathBuf> {
    let base: PathBuf = name.split('.').collect();
    let mut file = base.clone().into_os_string();
    file.push(".py");
    [base.join("__main__.py"), PathBuf::from(file)].into_iter().find(|p| p.is_file())
}

fn identity(entry: &Entry) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    match entry {
        Entry::File(path) if claude::is_claude(path) => claude::Job::file(path).identity(),
        Entry::File(p) => format!("file {}", std::path::absolute(p).unwrap_or_else(|_| p.clone()).display()),
        Entry::Module(m) => format!("module {} {m}", here.display()),
        Entry::Grok(job) => job.identity(),
        Entry::Claude(job) => job.identity(),
        Entry::Code(c) => format!("code {} {c}", here.display()),
        Entry::Stdin(s) => format!("stdin {} {}", here.display(), blake3::hash(s).to_hex()),
    }
}

/// Whether an executable for running is optimised: unless the manifest's profile says otherwise.
fn optimises(entry: &Entry) -> bool {
    match entry {
        Entry::Grok(job) => job.optimise,
        Entry::Claude(job) => job.options.optimise > 0,
        _ => true,
    }
}

/// The addresses of the runtime in this process.
pub(crate) struct RuntimeImports;

impl molt_vm::Imports for RuntimeImports {
    fn runtime(&self, f: RtFn) -> *const u8 {
        molt_runtime::runtime_address(f)
    }
    fn native_module(&self, index: u32) -> *const u8 {
        molt_runtime::native_module_address(index as usize)
    }
}

impl Imports for RuntimeImports {
    fn runtime(&self, f: RtFn) -> *const u8 {
        molt_runtime::runtime_address(f)
    }
    fn native_module(&self, index: u32) -> *const u8 {
        molt_runtime::native_module_address(index as usize)
    }
}

/// Whether executables can be made here; `molt run` compiles in memory otherwise.
pub fn can_link() -> bool {
    runtime_archive().is_file() && molt_link::find_linker(LinkerChoice::Any).is_some()
}
