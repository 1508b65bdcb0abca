//! ClaudeLang programs: their files, their options and their front end.

mod lock;
pub mod packages;
pub mod registry;
mod resolve;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use molt_base::{FileId, SourceMap, Span};
use molt_claude::doc::Documented;
use molt_claude::lookup::Places;
use molt_claude::syntax;
use molt_claude::{Compiled, Foreign, Loader, Request};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;

use crate::loader::Touched;
use crate::offered::Offered;

pub use molt_claude::Options;
pub use molt_claude::lint::RULES;
pub use molt_claude::options::{Capabilities, Capability, Contracts, Limit};

/// Whether a file is in ClaudeLang, by its name.
pub fn is_claude(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "cl" || e == "claudelang")
}

/// A program: the file that runs and what was chosen about it.
#[derive(Clone, Debug)]
pub struct Job {
    /// None where ClaudeLang is only imported.
    pub entry: Option<PathBuf>,
    pub options: Options,
    places: Places,
}

impl Job {
    pub fn file(path: &Path) -> Job {
        Job::new(path, Options::default())
    }

    pub fn new(path: &Path, options: Options) -> Job {
        Job { entry: Some(path.to_path_buf()), options, places: places(path) }
    }

    /// Modules that a program of another language imports, which lies in a folder.
    pub(crate) fn below(root: &Path) -> Job {
        Job { entry: None, options: Options::default(), places: places(&root.join("main")) }
    }

    /// The folder of the program.
    pub(crate) fn root(&self) -> PathBuf {
        self.entry.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf()
    }

    /// Everything that decides what is made of the sources.
    pub fn identity(&self) -> String {
        let entry = self.entry.clone().unwrap_or_default();
        let entry = std::path::absolute(&entry).unwrap_or(entry);
        format!("claude {} {:?} {:?}", entry.display(), self.options, self.places)
    }

    /// Runs the front end. `surfaces` are the files whose exports Python sees, by dotted name; modules of Python lie below
    /// `root`.
    pub(crate) fn compile(
        &self,
        surfaces: &[(String, PathBuf)],
        root: &Path,
        offered: &Offered,
    ) -> (Compiled, Touched) {
        let loader = DiskLoader::new(offered, root);
        let compiled = molt_claude::compile(&self.request(surfaces), &loader, &crate::expansion::runner);
        let mut touched = loader.touched();
        if let (Some(entry), true, None) = (&self.entry, compiled.sources.is_empty(), &touched.failed) {
            touched.failed = Some((entry.clone(), missing(entry)));
        }
        (compiled, touched)
    }

    pub(crate) fn request(&self, surfaces: &[(String, PathBuf)]) -> Request {
        Request {
            entry: self.entry.clone(),
            surfaces: surfaces.to_vec(),
            places: self.places.clone(),
            options: self.options.clone(),
        }
    }

    /// What is known of the file for its documentation; none if it cannot be read.
    pub(crate) fn document(&self) -> (Option<Result<Documented, Faults>>, Touched) {
        let root = self.root();
        let offered = Offered::new(&root);
        let loader = DiskLoader::new(&offered, &root);
        let made = molt_claude::doc::document(&self.request(&[]), &loader, &crate::expansion::runner);
        let mut touched = loader.touched();
        if let (Some(entry), None, None) = (&self.entry, &made, &touched.failed) {
            touched.failed = Some((entry.clone(), missing(entry)));
        }
        (made, touched)
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
pub(crate) fn places(entry: &Path) -> Places {
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
pub(crate) struct DiskLoader<'a> {
    touched: Mutex<Touched>,
    offered: &'a Offered,
    root: &'a Path,
}

impl<'a> DiskLoader<'a> {
    pub(crate) fn new(offered: &'a Offered, root: &'a Path) -> DiskLoader<'a> {
        DiskLoader { touched: Mutex::default(), offered, root }
    }

    fn touched(self) -> Touched {
        self.touched.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loader for DiskLoader<'_> {
    fn foreign(&self, path: &Path, bytes: &[u8]) -> Result<Foreign, String> {
        let shown = path.display().to_string();
        let root = molt_claude::lookup::plain(self.root);
        let below = path.strip_prefix(&root).map_err(|_| format!("`{shown}` lies outside of the program's folder"))?;
        let below = below.with_extension("");
        let parts: Option<Vec<&str>> = below.components().map(|c| c.as_os_str().to_str()).collect();
        let mut parts = parts.ok_or_else(|| format!("the name of `{shown}` is not UTF-8"))?;
        parts.pop_if(|last| *last == "__init__");
        let stand_in;
        let (mut plain, mut left_out) = (HashMap::new(), Vec::new());
        let bytes = match path.extension() {
            Some(e) if e == "grok" => {
                (stand_in, left_out) = self.offered.stand_in(path, &parts.join("."), bytes);
                plain = self.offered.plain(path);
                stand_in.as_bytes()
            }
            _ => bytes,
        };
        let exports = molt_python::names(bytes, &shown).map_err(|why| format!("`{shown}` is wrong: {why}"))?;
        Ok(Foreign { name: parts.join("."), exports, plain, left_out })
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        match read(path) {
            Ok(Some(bytes)) => {
                touched.read.push(path.to_path_buf());
                Some(bytes)
            }
            Ok(None) => {
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

/// The bytes of a file, if there is one.
pub(crate) fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory) => {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// What is wrong with a text, and the text that the places are in.
pub type Faults = (Vec<Diagnostic>, SourceMap);

/// The text of a file in the one style; one with faults has none.
pub fn format(name: &str, text: &str) -> Result<String, Faults> {
    syntax::format::format(text).map_err(|faults| (faults, sources(name, text).0))
}

/// What the linter's rules on the text find in a file of the sources; of a text with faults, in what can be read of it.
pub fn lint(sources: &SourceMap, file: FileId) -> Vec<Diagnostic> {
    molt_claude::lint::lint(&syntax::read(file, &sources.file(file).text).data)
}

/// The data of a text without comments, each at the start of a line.
pub fn data(name: &str, text: &str) -> Result<String, Faults> {
    let (sources, file) = sources(name, text);
    let read = syntax::read(file, text);
    if read.diagnostics.is_empty() { Ok(syntax::format::print(&read.data)) } else { Err((read.diagnostics, sources)) }
}

/// The program graph of a text, as JSON.
pub fn graph(name: &str, text: &str) -> Result<String, Faults> {
    molt_claude::graph::json_of_text(text).map_err(|faults| (faults, sources(name, text).0))
}

/// The text of a program graph that is JSON.
pub fn text_of_graph(name: &str, json: &str) -> Result<String, Faults> {
    molt_claude::graph::text_of_json(json).map_err(|wrong| {
        let (sources, file) = sources(name, json);
        let span = Span { file, start: 0, end: json.len() as u32 };
        let finding = Diagnostic::at(&code::SYNTAX, span, format!("this is no program graph: {wrong}"));
        (vec![finding.help("`claudelang ast --json` writes graphs")], sources)
    })
}

fn sources(name: &str, text: &str) -> (SourceMap, FileId) {
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), text.to_owned());
    (sources, file)
}
