//! Programs of several languages: each front end makes its modules, in turn until none names a module of another one that
//! was not made yet, and the results are joined.

use std::path::{Path, PathBuf};

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;
use molt_ir::{Program, join};
use molt_python::{Compilation, CompileRequest, Found};

use crate::claude;
use crate::grok;
use crate::loader::{FolderLoader, Touched};
use crate::offered::Offered;

/// What a program starts with.
pub(crate) enum Start {
    Python(Found),
    Claude(claude::Job),
    Grok(Box<Begin>),
}

/// A program that begins in GrokLang.
pub(crate) struct Begin {
    pub job: grok::Job,
    /// What its front end made of it by itself.
    pub compiled: molt_grok::compile::Compiled,
    /// Dotted names of the modules of other languages that it uses.
    pub foreign: Vec<String>,
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
    main: Option<Box<Begin>>,
}

/// Compiles a program whose modules of Python lie below `root`. What ClaudeLang leaves to run time is found where the
/// program is only `check`ed.
pub(crate) fn compile(start: Start, root: &Path, check: bool) -> Mixed {
    let (entry, job, main, roots) = match start {
        Start::Python(entry) => (Some(entry), claude::Job::below(root), None, Vec::new()),
        Start::Claude(job) => (None, job, None, Vec::new()),
        Start::Grok(begin) => {
            let name = begin.job.packages.last().map(|p| p.root.clone()).unwrap_or_default();
            let nothing = Found::python(Vec::new(), name, false);
            let foreign = begin.foreign.clone();
            (Some(nothing), claude::Job::below(root), Some(begin), foreign)
        }
    };
    let touched = Touched::default();
    let (python, claude) = (None, None);
    let (root_path, root) = (root, root.to_path_buf());
    let mut parts = Parts {
        root,
        entry,
        job,
        roots,
        surfaces: Vec::new(),
        python,
        claude,
        touched,
        offered: Offered::new(root_path),
        main,
    };
    let (mut python, mut claude) = (parts.entry.is_some(), parts.job.entry.is_some());
    while python || claude {
        if std::mem::take(&mut python) {
            claude |= parts.make_python();
        }
        if parts.touched.failed.is_none() && std::mem::take(&mut claude) {
            python |= parts.make_claude();
        }
        python |= parts.wants(parts.offered.foreign());
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
        let more = made.program.is_some() && self.wants(made.foreign.clone());
        self.claude = Some(made);
        more
    }

    /// Whether Python has to make modules that it was not asked for before.
    fn wants(&mut self, modules: Vec<String>) -> bool {
        let before = self.roots.len();
        for module in modules {
            if !self.roots.contains(&module) {
                self.roots.push(module);
            }
        }
        self.roots.len() > before
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
                made.diagnostics.retain(molt_claude::refuses);
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
        for made in self.offered.finish(self.main, &mut mixed.touched) {
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
