//! ClaudeLang programs: their files, their options and their front end.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use molt_base::{FileId, SourceMap};
use molt_claude::lookup::Places;
use molt_claude::syntax;
use molt_claude::{Compiled, Loader, Request};
use molt_diagnostics::Diagnostic;

use crate::loader::Touched;

pub use molt_claude::Options;
pub use molt_claude::options::{Capabilities, Capability, Contracts};

/// Whether a file is in ClaudeLang, by its name.
pub fn is_claude(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "cl" || e == "claudelang")
}

/// A program: the file that runs and what was chosen about it.
#[derive(Clone, Debug)]
pub struct Job {
    pub entry: PathBuf,
    pub options: Options,
}

impl Job {
    pub fn file(path: &Path) -> Job {
        Job { entry: path.to_path_buf(), options: Options::default() }
    }

    /// Everything that decides what is made of the sources.
    pub fn identity(&self) -> String {
        let entry = std::path::absolute(&self.entry).unwrap_or_else(|_| self.entry.clone());
        format!("claude {} {:?} {:?}", entry.display(), self.options, places(&self.entry))
    }

    /// Runs the front end.
    pub fn compile(&self) -> (Compiled, Touched) {
        let loader = DiskLoader::default();
        let request = Request { entry: self.entry.clone(), places: places(&self.entry), options: self.options.clone() };
        let compiled = molt_claude::compile(&request, &loader, &crate::expansion::runner);
        let mut touched = loader.touched.into_inner().unwrap_or_else(PoisonError::into_inner);
        if compiled.sources.is_empty() && touched.failed.is_none() {
            touched.failed = Some((self.entry.clone(), missing(&self.entry)));
        }
        (compiled, touched)
    }
}

/// Why a file could not be found.
fn missing(path: &Path) -> std::io::Error {
    match std::fs::File::open(path) {
        Ok(_) => ErrorKind::IsADirectory.into(),
        Err(error) => error,
    }
}

/// The folders that modules of a program are looked up in.
fn places(entry: &Path) -> Places {
    let folder = entry.parent().unwrap_or(Path::new(""));
    let whole = std::path::absolute(entry).unwrap_or_else(|_| entry.to_path_buf());
    let project = whole.ancestors().skip(1).find(|f| f.join("claude.json").is_file());
    let search = std::env::var_os("CLAUDELANG_PATH").unwrap_or_default();
    Places {
        project: project.unwrap_or(folder).to_path_buf(),
        search: std::env::split_paths(&search).filter(|p| !p.as_os_str().is_empty()).collect(),
    }
}

/// Reads files from the disk and remembers which.
#[derive(Default)]
struct DiskLoader {
    touched: Mutex<Touched>,
}

impl Loader for DiskLoader {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        match std::fs::read(path) {
            Ok(bytes) => {
                touched.read.push(path.to_path_buf());
                Some(bytes)
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory) => {
                touched.absent.push(path.to_path_buf());
                None
            }
            Err(e) => {
                touched.failed = Some((path.to_path_buf(), e));
                None
            }
        }
    }
}

/// What is wrong with a text, and the text that the places are in.
pub type Faults = (Vec<Diagnostic>, SourceMap);

/// The text of a file in the one style; one with faults has none.
pub fn format(name: &str, text: &str) -> Result<String, Faults> {
    syntax::format::format(text).map_err(|faults| (faults, sources(name, text).0))
}

/// The data of a text without comments, each at the start of a line.
pub fn data(name: &str, text: &str) -> Result<String, Faults> {
    let (sources, file) = sources(name, text);
    let read = syntax::read(file, text);
    if read.diagnostics.is_empty() { Ok(syntax::format::print(&read.data)) } else { Err((read.diagnostics, sources)) }
}

fn sources(name: &str, text: &str) -> (SourceMap, FileId) {
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), text.to_owned());
    (sources, file)
}
