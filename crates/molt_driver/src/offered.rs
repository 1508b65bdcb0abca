//! Modules of GrokLang that a program of another language imports.
//!
//! Each file that is imported is a package by itself. When it is met first it is checked, which gives its
//! [`Surface`]; when all are known they are compiled together, with their adapters.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;
use molt_grok::across::Surface;
use molt_grok::compile::Compiled;

use crate::grok::Job;
use crate::loader::Touched;
use crate::mixed::Begin;

/// A module that is imported.
struct Module {
    job: Job,
    /// Length of the file in bytes: what follows is ours.
    len: usize,
    surface: Surface,
}

/// A module in Python, and the names that it leaves out with the reasons.
type StandIn = (String, Vec<(String, String)>);

/// By name: functions that are called as they are, by what, with how many operands.
type PlainFunctions = HashMap<String, (String, usize)>;

impl Module {
    fn stand_in(&self) -> StandIn {
        let Surface { stand_in, left_out, .. } = &self.surface;
        (stand_in.clone(), left_out.iter().map(|(name, _, why)| (name.clone(), why.clone())).collect())
    }
}

/// All such modules of a program.
pub(crate) struct Offered {
    /// The folder that names of modules begin at.
    root: PathBuf,
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    /// By the path of the file.
    modules: BTreeMap<PathBuf, Module>,
    /// Modules with errors.
    wrong: BTreeMap<PathBuf, (Vec<Diagnostic>, SourceMap)>,
    touched: Touched,
    /// Dotted names of the modules of other languages that they use.
    foreign: Vec<String>,
}

impl Offered {
    pub fn new(root: &Path) -> Offered {
        Offered { root: root.to_path_buf(), parts: Mutex::default() }
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The module in Python that stands in for a file that was read, and the names that it leaves out with the reasons;
    /// nothing where the file is wrong.
    pub fn stand_in(&self, path: &Path, dotted: &str, text: &[u8]) -> StandIn {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut parts = self.parts();
        if let Some(module) = parts.modules.get(&path) {
            return module.stand_in();
        }
        if parts.wrong.contains_key(&path) {
            return StandIn::default();
        }
        let name = format!("m_{}", dotted.replace('.', "__"));
        let text = String::from_utf8_lossy(text).into_owned();
        let len = text.len();
        let mut job = Job::module(&path, &self.root, &name, text);
        let (surface, diagnostics, sources, asked) = job.surface();
        parts.touched.take(asked.touched);
        parts.foreign.extend(asked.foreign);
        match surface {
            Some(surface) => {
                job.add_text(&surface.adapters);
                let module = Module { job, len, surface };
                let stand_in = module.stand_in();
                parts.modules.insert(path, module);
                stand_in
            }
            None => {
                parts.wrong.insert(path, (diagnostics, sources));
                StandIn::default()
            }
        }
    }

    /// Functions of a module that was stood in for that other languages call as they are.
    pub fn plain(&self, path: &Path) -> PlainFunctions {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let parts = self.parts();
        let all = parts.modules.get(&path).into_iter().flat_map(|m| &m.surface.plain);
        all.map(|f| (f.name.clone(), (f.adapter.clone(), f.params))).collect()
    }

    /// The modules of other languages that these use.
    pub fn foreign(&self) -> Vec<String> {
        self.parts().foreign.clone()
    }

    /// What was found out about the modules with errors, else the modules as one program, which begins with `main` if there is
    /// one.
    pub fn finish(self, main: Option<Box<Begin>>, touched: &mut Touched) -> Vec<Compiled> {
        let parts = self.parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        touched.take(parts.touched);
        if !parts.wrong.is_empty() {
            let wrong = parts.wrong.into_values();
            let wrong =
                wrong.map(|(diagnostics, sources)| Compiled { program: None, diagnostics, sources, tests: Vec::new() });
            return wrong.chain(main.map(|begin| begin.compiled)).collect();
        }
        let lengths: Vec<(String, usize)> =
            parts.modules.iter().map(|(path, m)| (path.display().to_string(), m.len)).collect();
        let main = match main {
            Some(begin) if parts.modules.is_empty() => return vec![begin.compiled],
            main => main.map(|begin| begin.job),
        };
        let jobs = parts.modules.into_values().map(|m| m.job);
        let Some(job) = jobs.chain(main).reduce(Job::with) else { return Vec::new() };
        let (mut compiled, asked) = job.compile();
        touched.take(asked.touched);
        let Compiled { diagnostics, sources, .. } = &mut compiled;
        diagnostics.retain(|d| {
            let Some(span) = d.primary_span() else { return true };
            let file = &sources.file(span.file).name;
            let is_ours = lengths.iter().any(|(path, len)| path == file && span.start as usize >= *len);
            assert!(!(is_ours && d.is_error()), "the adapters of `{file}` are wrong: {} at {}", d.message, span.start);
            !is_ours
        });
        vec![compiled]
    }
}
