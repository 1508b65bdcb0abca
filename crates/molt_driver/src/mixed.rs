//! Programs of several languages: each front end makes its modules, in turn until none names a module of another one that
//! was not made yet, and the results are joined.

use std::path::{Path, PathBuf};

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;
use molt_ir::{Program, join};
use molt_python::{Compilation, CompileRequest, Found};

use crate::claude;
use crate::loader::{FolderLoader, Touched};
use crate::offered::Offered;

/// What a program starts with.
pub(crate) enum Start {
    Python(Found),
    Claude(claude::Job),
}

/// What the front ends made together.
pub(crate) struct Mixed {
    /// None if a front end refuses the program.
    pub program: Option<Program>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    pub touched: Touched,
}

/// The parts as far as they are made.
struct Parts {
    /// The folder that dotted names start from.
    root: PathBuf,
    entry: Option<Found>,
    job: claude::Job,
    /// Modules of Python that ClaudeLang imports.
    roots: Vec<String>,
    /// Modules of ClaudeLang that Python imports.
    surfaces: Vec<(String, PathBuf)>,
    python: Option<Compilation>,
    claude: Option<molt_claude::Compiled>,
    touched: Touched,
    /// Modules of GrokLang.
    offered: Offered,
}

/// Compiles a program whose modules of Python lie below `root`. What ClaudeLang leaves to run time is found where the
/// program is only `check`ed.
pub(crate) fn compile(start: Start, root: &Path, check: bool) -> Mixed {
    let (entry, job) = match start {
        Start::Python(entry) => (Some(entry), claude::Job::below(root)),
        Start::Claude(job) => (None, job),
    };
    let touched = Touched::default();
    let (python, claude) = (None, None);
    let root = root.to_path_buf();
    let mut parts = Parts {
        root,
        entry,
        job,
        roots: Vec::new(),
        surfaces: Vec::new(),
        python,
        claude,
        touched,
        offered: Offered::default(),
    };
    let (mut python, mut claude) = (parts.entry.is_some(), parts.job.entry.is_some());
    while python || claude {
        if std::mem::take(&mut python) {
            claude |= parts.make_python();
        }
        if parts.touched.failed.is_none() && std::mem::take(&mut claude) {
            python |= parts.make_claude();
        }
        if parts.touched.failed.is_some() {
            break;
        }
    }
    parts.joined(check)
}

impl Parts {
    /// Whether ClaudeLang has to make more than before.
    fn make_python(&mut self) -> bool {
        let loader = FolderLoader::new(&self.root, &self.offered);
        let request = CompileRequest { entry: self.entry.clone(), roots: self.roots.clone(), optimize: false };
        let made = molt_python::compile(&request, &loader);
        self.touched.take(loader.into_touched());
        let surfaces: Vec<(String, PathBuf)> =
            made.foreign.iter().map(|(name, path)| (name.clone(), PathBuf::from(path))).collect();
        let is_wrong = made.has_errors();
        self.python = Some(made);
        !is_wrong && std::mem::replace(&mut self.surfaces, surfaces.clone()) != surfaces
    }

    /// Whether Python has to make more than before.
    fn make_claude(&mut self) -> bool {
        let (made, touched) = self.job.compile(&self.surfaces, &self.root, &self.offered);
        self.touched.take(touched);
        let new: Vec<String> = made.foreign.iter().filter(|f| !self.roots.contains(f)).cloned().collect();
        let more = made.program.is_some() && !new.is_empty();
        self.claude = Some(made);
        self.roots.extend(new);
        more
    }

    fn joined(self, check: bool) -> Mixed {
        let mut mixed =
            Mixed { program: None, diagnostics: Vec::new(), sources: SourceMap::default(), touched: self.touched };
        let mut refused = false;
        if let Some(made) = self.python {
            refused |= made.has_errors();
            mixed.take(made.diagnostics, made.sources);
            mixed.program = Some(made.program);
        }
        if let Some(mut made) = self.claude {
            if !check {
                made.diagnostics.retain(molt_claude::stops);
            }
            refused |= made.program.is_none();
            mixed.take(made.diagnostics, made.sources);
            match (&mut mixed.program, made.program) {
                (Some(program), Some(other)) if !refused => {
                    let unmade = join::join(program, other);
                    assert!(unmade.is_empty(), "every module has a front end: {unmade:?}");
                }
                (program, other) => *program = other,
            }
        }
        for made in self.offered.finish(&mut mixed.touched) {
            refused |= made.program.is_none();
            mixed.take(made.diagnostics, made.sources);
            if let (Some(program), Some(other)) = (&mut mixed.program, made.program)
                && !refused
            {
                join::join(program, other);
            }
        }
        if refused {
            mixed.program = None;
        }
        mixed
    }
}

impl Mixed {
    fn take(&mut self, diagnostics: Vec<Diagnostic>, sources: SourceMap) {
        let before = self.sources.append(sources);
        self.diagnostics.extend(diagnostics.into_iter().map(|mut d| {
            d.labels.iter_mut().for_each(|l| l.span.file.0 += before);
            d
        }));
    }
}
