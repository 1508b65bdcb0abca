//! ClaudeLang entered bit by bit: one isolate, and a program in memory for each entry.
//!
//! An entry is compiled against the texts of those before it ([`molt_claude::session`]), its code goes on in the isolate of
//! theirs ([`molt_runtime::claude::resident`]). What was compiled stays until the session ends: any value may lead to it.

use std::any::Any;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use molt_base::SourceMap;
pub use molt_claude::session::Description;
use molt_claude::session::{self, Entry, Request, Variable};
use molt_claude::stops::Stop;
use molt_claude::{Foreign, Loader, Settled};
use molt_cranelift::{CodeOptions, Jit};
use molt_ir::Program;
use molt_opt::pipeline;
use molt_runtime::claude::resident::{self, MOST_CONSTRUCTORS, Outcome, Resident};

use crate::claude::{self, Faults, Options};
use crate::session::{DriverError, RuntimeImports};

pub use molt_claude::LAST;
pub use molt_claude::session::{known_names, wants_more};
pub use molt_runtime::startup::LEAK_STATUS;

/// A session under way, on the thread that made it.
pub struct Repl {
    pub texts: Texts,
    /// Before the code in `texts`: what is alive in it may lead there.
    resident: Option<Resident>,
    stack_size: usize,
}

/// The texts of a session, and the code that was made of them.
pub struct Texts {
    pub options: Options,
    pub(crate) entries: Vec<Entry>,
    variables: Vec<Variable>,
    settled: Settled,
    files: Files,
    /// How many texts were entered, refused ones included.
    count: usize,
    /// Kept for what leads there.
    code: Vec<Box<dyn Any>>,
    /// How entries are run.
    pub mode: Mode,
}

/// How code runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Interpreted.
    Bytecode,
    /// Compiled in memory.
    #[default]
    Jit,
}

/// An entry that was compiled.
pub(crate) struct Made {
    pub program: Program,
    pub variables: Vec<Variable>,
    pub stops: Vec<Stop>,
    pub sources: SourceMap,
}

/// What came of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Evaluated {
    /// The value of its last form, unless that is a definition or nil.
    Value(Option<String>),
    /// An error that nobody caught was printed.
    Failed,
    /// The program asked for the end.
    Exit(i32),
}

/// Why an entry was not run.
pub enum Refusal {
    Faults(Faults),
    Driver(DriverError),
}

/// Runs work on a thread whose stack is large enough for programs; it gets the size of the stack.
pub fn on_large_stack<R>(work: impl FnOnce(usize) -> R) -> Option<R> {
    molt_runtime::claude::resident::on_large_stack(work)
}

impl Repl {
    /// A session on a thread with so much stack.
    pub fn new(options: Options, stack_size: usize) -> Repl {
        Repl { texts: Texts::new(options), resident: None, stack_size }
    }

    /// Compiles and runs a text; `path` is what messages call it and where its imports start from.
    pub fn evaluate(&mut self, text: &str, path: Option<&Path>) -> Result<Evaluated, Refusal> {
        let entry = self.texts.entry(text, path);
        let made = self.texts.compile(&entry, false)?;
        let root = self.texts.ready(made.program)?;
        let outcome = self.resident()?.run(root);
        let file = entry.path.clone();
        self.texts.entries.push(Entry { is_done: outcome == Outcome::Done, ..entry });
        self.texts.variables = made.variables;
        Ok(match outcome {
            Outcome::Done => Evaluated::Value(self.shown(&file, LAST).filter(|text| text != "nil")),
            Outcome::Failed => Evaluated::Failed,
            Outcome::Exit(status) => Evaluated::Exit(status),
        })
    }

    fn resident(&mut self) -> Result<&mut Resident, DriverError> {
        match &mut self.resident {
            Some(resident) => Ok(resident),
            none => Ok(none.insert(start_resident(self.stack_size, &[])?)),
        }
    }

    /// The variables that were defined, with their values as text; none of those without one.
    pub fn variables(&mut self) -> Vec<(String, Option<String>)> {
        let mut all = self.texts.variables.clone();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.into_iter().map(|v| (v.name, self.shown(&v.module.to_string_lossy(), &v.own_name))).collect()
    }

    /// Forgets everything that was entered. Under `MOLT_LEAK_CHECK=1` an error tells what is still alive.
    pub fn reset(&mut self) -> Result<(), String> {
        let ended = self.resident.take().map_or(Ok(()), Resident::end);
        self.texts = Texts { mode: self.texts.mode, ..Texts::new(self.texts.options.clone()) };
        ended
    }

    fn shown(&mut self, file: &str, name: &str) -> Option<String> {
        self.resident.as_mut()?.shown(file, name)
    }
}

/// An isolate for a session with these arguments, on a thread with so much stack.
pub(crate) fn start_resident(stack_size: usize, argv: &[String]) -> Result<Resident, DriverError> {
    let argv: Vec<Vec<u8>> = argv.iter().map(|a| a.clone().into_bytes()).collect();
    Resident::start(stack_size, &argv).map_err(|_| DriverError::Internal("the runtime does not start".to_owned()))
}

impl Texts {
    pub(crate) fn new(options: Options) -> Texts {
        let (entries, variables, code) = (Vec::new(), Vec::new(), Vec::new());
        Texts {
            options,
            entries,
            variables,
            settled: Settled::default(),
            files: Files::default(),
            count: 0,
            code,
            mode: Mode::default(),
        }
    }

    /// The code that the interpreter would run for a text, which is not evaluated.
    pub fn bytecode(&mut self, text: &str) -> Result<String, Refusal> {
        let entry = self.entry(text, None);
        let mut program = self.compile(&entry, false)?.program;
        program.compact = true;
        pipeline::run(&mut program, &pipeline::Options::default()).map_err(DriverError::Internal)?;
        Ok(molt_vm::listing(&program).map_err(DriverError::from)?)
    }

    /// An entry's program, with what is known of it.
    pub(crate) fn compile(&mut self, entry: &Entry, is_debugged: bool) -> Result<Made, Refusal> {
        let places = claude::places(Path::new(&entry.path));
        let request = Request { is_debugged, ..self.request(entry, &places) };
        let made = session::compile(&request, &self.files, &crate::expansion::runner);
        self.files.failure()?;
        let session::Compiled { program, diagnostics, sources, variables, stops } = made;
        match program {
            Some(program) => Ok(Made { program, variables, stops, sources }),
            None => Err(Refusal::Faults((diagnostics, sources))),
        }
    }

    /// Makes code of a program that follows those before it; where its root lies. The programs to come follow this one.
    pub(crate) fn ready(&mut self, mut program: Program) -> Result<*const u8, DriverError> {
        program.compact = self.mode == Mode::Bytecode;
        pipeline::run(&mut program, &pipeline::Options::default()).map_err(DriverError::Internal)?;
        if program.classes.len() > MOST_CONSTRUCTORS as usize {
            let text = format!("a session has at most {MOST_CONSTRUCTORS} constructors; `:reset` begins anew");
            return Err(DriverError::Limit(text));
        }
        // It stays: see above. The allocation is a few kilobytes an entry.
        let program: &'static Program = Box::leak(Box::new(program));
        let (code, root): (Box<dyn Any>, _) = match self.mode {
            Mode::Bytecode => {
                let vm = molt_vm::Vm::new(program, &RuntimeImports)?;
                let root = vm.root();
                (vm, root)
            }
            Mode::Jit => {
                let options = CodeOptions { optimise: self.options.optimise > 0, ..CodeOptions::default() };
                let jit = Jit::new(program, &RuntimeImports, options)?;
                let root = jit.root();
                (Box::new(jit), root)
            }
        };
        self.settled = Settled::after(program, resident::constants(root));
        self.code.push(code);
        Ok(root)
    }

    /// The type and the effect row of an expression, which is not evaluated.
    pub fn describe(&mut self, text: &str) -> Result<Description, Refusal> {
        let entry = self.entry(text, None);
        let places = claude::places(Path::new(&entry.path));
        let described = session::describe(&self.request(&entry, &places), &self.files, &crate::expansion::runner);
        self.files.failure()?;
        described.map_err(Refusal::Faults)
    }

    /// The names that were defined.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|v| v.name.as_str())
    }

    /// The texts that were run.
    pub fn entered(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.text.as_str())
    }

    pub(crate) fn entry(&mut self, text: &str, path: Option<&Path>) -> Entry {
        self.count += 1;
        // Names of entries differ: modules are known by them.
        let path = match path {
            Some(path) if self.entries.iter().all(|e| Path::new(&e.path) != path) => path.display().to_string(),
            Some(path) => path.with_file_name(format!("repl-{}", self.count)).display().to_string(),
            None => format!("repl-{}", self.count),
        };
        Entry { path, text: text.to_owned(), is_done: true }
    }

    fn request<'a>(&'a self, entry: &'a Entry, places: &'a molt_claude::lookup::Places) -> Request<'a> {
        Request {
            before: &self.entries,
            entry,
            settled: &self.settled,
            places,
            options: &self.options,
            is_debugged: false,
        }
    }
}

impl Drop for Repl {
    fn drop(&mut self) {
        // What is alive leads into the code.
        self.resident = None;
    }
}

impl From<DriverError> for Refusal {
    fn from(e: DriverError) -> Refusal {
        Refusal::Driver(e)
    }
}

/// The files that entries import, each read once: what was run does not change.
#[derive(Default)]
struct Files {
    read: Mutex<HashMap<PathBuf, Vec<u8>>>,
    failed: Mutex<Option<(PathBuf, std::io::Error)>>,
}

impl Files {
    /// The file that is there and could not be read.
    fn failure(&self) -> Result<(), DriverError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), |(path, error)| Err(DriverError::Read { path, error }))
    }
}

impl Loader for Files {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(path) {
            return Some(bytes.clone());
        }
        match claude::read(path) {
            Ok(Some(bytes)) => Some(known.entry(path.to_path_buf()).or_insert(bytes).clone()),
            // It may be written while the session goes on.
            Ok(None) => None,
            Err(error) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((path.to_path_buf(), error));
                None
            }
        }
    }

    fn foreign(&self, path: &Path, _: &[u8]) -> Result<Foreign, String> {
        Err(format!("`{}` is in another language; a session cannot import it yet", path.display()))
    }
}
