//! GrokLang programs: their files and their front end.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use molt_base::SourceMap;
use molt_diagnostics::{Diagnostic, Level};
use molt_grok::across::{Surface, imported};
use molt_grok::check::context::Checked;
use molt_grok::compile::{self, Compiled};
use molt_grok::hir::front::{Foreign, Loader, Options, PackageSource};

use crate::claude::read;
use crate::loader::Touched;
use crate::package::{Format, LintLevel, Target, TargetKind, Workspace};
use crate::toolchain::grok_library;

/// What the front end asked for.
#[derive(Default)]
pub struct Asked {
    pub touched: Touched,
    /// Dotted names of the modules of other languages.
    pub foreign: Vec<String>,
}

/// Reads files from the disk and remembers which.
struct DiskLoader {
    asked: Arc<Mutex<Asked>>,
    texts: Vec<(String, String)>,
    /// The folder that names of modules of other languages begin at.
    root: PathBuf,
}

impl DiskLoader {
    /// The text of a file that may be there.
    fn bytes(&mut self, path: &Path) -> Option<Vec<u8>> {
        let touched = &mut self.asked.lock().unwrap_or_else(PoisonError::into_inner).touched;
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

impl Loader for DiskLoader {
    fn read(&mut self, path: &str) -> Option<String> {
        if let Some((_, text)) = self.texts.iter().find(|(name, _)| name == path) {
            return Some(text.clone());
        }
        // What is not UTF-8 becomes a character that the lexer refuses where it stands.
        self.bytes(Path::new(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&mut self, folder: &str) -> Vec<String> {
        let names = listing(Path::new(folder));
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.touched.listed.push(PathBuf::from(folder));
        names.lines().map(str::to_owned).collect()
    }

    fn foreign(&mut self, root: &str, name: &str) -> Option<Foreign> {
        let folder = Path::new(root).parent().unwrap_or(Path::new("")).to_path_buf();
        let (module, dashed) = (folder.join(name), folder.join(name.replace('_', "-")));
        let file = whole(&module);
        let below = file.strip_prefix(whole(&self.root)).ok()?;
        let parts: Option<Vec<&str>> = below
            .components()
            .map(|c| match c {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        let dotted = parts?.join(".");
        let mut files = vec![module.join("__init__.py"), module.with_extension("py"), module.with_extension("cl")];
        if dashed != module {
            files.push(dashed.with_extension("cl"));
        }
        let (path, bytes) = files.into_iter().find_map(|f| Some((f.clone(), self.bytes(&f)?)))?;
        let shown = path.display().to_string();
        let surface = match crate::claude::is_claude(&path) {
            true => Some(molt_claude::surface(&String::from_utf8_lossy(&bytes))),
            false => molt_python::surface(&bytes, &shown).ok(),
        };
        let path = format!("{shown} as GrokLang sees it");
        self.texts.push((path.clone(), imported::stand_in(&surface.clone().unwrap_or_default(), &dotted)));
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.foreign.contains(&dotted) {
            asked.foreign.push(dotted);
        }
        Some(Foreign { path, left_out: surface.map(|s| s.left_out) })
    }
}

/// Paths of all `.grok` files below a folder, one a line, in the order of their names.
pub fn listing(folder: &Path) -> String {
    let mut out = Vec::new();
    list_into(folder, &mut out);
    out.sort();
    out.join("\n")
}

fn list_into(folder: &Path, out: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            list_into(&path, out);
        } else if path.extension().is_some_and(|e| e == "grok") {
            out.push(path.display().to_string());
        }
    }
}

/// The folder of a file.
fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// A path from the root of the file system.
fn whole(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Whether a file is in GrokLang, by its name.
pub fn is_grok(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "grok")
}

/// The image of the library that [`crate::toolchain::grok_image`] names.
pub fn library_image() -> Vec<u8> {
    compile::library_image()
}

/// What the front end compiles: packages, the program last, and what their manifests say about it.
#[derive(Clone, Debug)]
pub struct Job {
    pub packages: Vec<PackageSource>,
    pub options: Options,
    /// Levels that the manifests of packages give to findings.
    pub lints: Vec<Lints>,
    /// Manifests that were read.
    pub read: Vec<PathBuf>,
    pub optimise: bool,
    /// Root files that are not read from the disk, and their texts.
    pub texts: Vec<(String, String)>,
    /// The folder that names of modules of other languages begin at.
    pub root: PathBuf,
}

/// The levels of kinds of findings in the files below the folder of a package.
#[derive(Clone, Debug)]
pub struct Lints {
    folder: String,
    levels: Vec<(String, LintLevel)>,
}

/// Whether the surroundings ask for backtraces of panics.
fn wants_frames() -> bool {
    std::env::var_os("GROK_BACKTRACE").is_some_and(|v| v == "1")
}

impl Job {
    /// A file by itself, a package of its own (section 9).
    pub fn file(path: &Path, test: bool) -> Job {
        let package =
            PackageSource { name: "main".into(), root: path.display().to_string(), test, ..PackageSource::default() };
        let options = Options { backtrace: wants_frames(), library: grok_library(), ..Options::default() };
        Job {
            packages: vec![package],
            options,
            lints: Vec::new(),
            read: Vec::new(),
            optimise: true,
            texts: Vec::new(),
            root: folder_of(path),
        }
    }

    /// A file that a program of another language imports, whose modules lie below `root`. The text was read.
    pub fn module(path: &Path, root: &Path, name: &str, text: String) -> Job {
        let mut job = Job::file(path, false);
        job.root = root.to_path_buf();
        job.options.is_across = true;
        for package in &mut job.packages {
            package.name = name.to_owned();
            package.is_library = true;
            job.texts.push((package.root.clone(), text.clone()));
        }
        job
    }

    /// Adds to the end of every root file.
    pub fn add_text(&mut self, more: &str) {
        self.texts.iter_mut().for_each(|(_, text)| text.push_str(more));
    }

    /// Both together; their packages do not know one another.
    pub fn with(mut self, other: Job) -> Job {
        self.packages.extend(other.packages);
        self.texts.extend(other.texts);
        self
    }

    /// A target of a package. With `test` its tests are part of it and what it runs.
    pub fn target(workspace: &Workspace, package: usize, target: &Target, release: bool, test: bool) -> Job {
        let member = &workspace.members[package];
        let profile = if release { member.manifest.release } else { member.manifest.dev };
        let options = Options {
            debug_assertions: profile.debug_assertions.unwrap_or(!release),
            overflow_wraps: profile.overflow_wraps,
            backtrace: wants_frames(),
            scheduler: member.manifest.concurrency.settings(),
            files: workspace.files.clone(),
            library: grok_library(),
            ..Options::default()
        };
        let lints = workspace
            .members
            .iter()
            .map(|m| Lints { folder: m.manifest.path("").display().to_string(), levels: m.manifest.lints.clone() });
        Job {
            packages: workspace.sources(package, target, test),
            options,
            lints: lints.collect(),
            read: workspace.read.clone(),
            optimise: profile.opt.unwrap_or(if release { 3 } else { 1 }) > 0,
            texts: Vec::new(),
            root: folder_of(&target.path),
        }
    }

    /// A program that uses a library, as an example in its documentation does.
    pub fn example(workspace: &Workspace, package: usize, name: &str, text: &str, release: bool) -> Job {
        let target = Target { kind: TargetKind::Test, name: "example".into(), path: name.into() };
        let mut job = Job::target(workspace, package, &target, release, false);
        if let Some(program) = job.packages.last_mut() {
            program.test = false;
        }
        job.texts.push((name.to_owned(), text.to_owned()));
        job
    }

    /// Everything that decides what is made of the sources.
    pub fn identity(&self) -> String {
        let here = std::env::current_dir().unwrap_or_default();
        let Options { debug_assertions, overflow_wraps, backtrace, scheduler, .. } = &self.options;
        let optimise = self.optimise;
        let texts = &self.texts;
        let packages = &self.packages;
        let here = here.display();
        format!(
            "grok {here} {debug_assertions} {overflow_wraps} {backtrace} {scheduler:?} {optimise} {packages:?} {texts:?}"
        )
    }

    /// Runs the front end.
    pub fn compile(&self) -> (Compiled, Asked) {
        let (loader, asked) = self.loader();
        let mut compiled = compile::compile(self.packages.clone(), loader, self.options.clone());
        let Compiled { diagnostics, sources, program, .. } = &mut compiled;
        self.apply_lints(diagnostics, sources);
        if diagnostics.iter().any(Diagnostic::is_error) {
            *program = None;
        }
        (compiled, self.asked(&asked))
    }

    /// What the last package offers to other languages, if nothing is wrong with it.
    pub fn surface(&self) -> (Option<Surface>, Vec<Diagnostic>, SourceMap, Asked) {
        let (loader, asked) = self.loader();
        let (surface, mut diagnostics, sources) = compile::surface(self.packages.clone(), loader, self.options.clone());
        self.apply_lints(&mut diagnostics, &sources);
        (surface, diagnostics, sources, self.asked(&asked))
    }

    /// Runs the front end up to types.
    pub fn check(&self) -> (Checked, Vec<Diagnostic>, Asked) {
        let (loader, asked) = self.loader();
        let (checked, mut diagnostics) = compile::check(self.packages.clone(), loader, self.options.clone());
        self.apply_lints(&mut diagnostics, &checked.hir.files);
        (checked, diagnostics, self.asked(&asked))
    }

    fn loader(&self) -> (Box<DiskLoader>, Arc<Mutex<Asked>>) {
        let asked = Arc::new(Mutex::new(Asked::default()));
        (Box::new(DiskLoader { asked: asked.clone(), texts: self.texts.clone(), root: self.root.clone() }), asked)
    }

    fn asked(&self, of_loader: &Mutex<Asked>) -> Asked {
        let mut asked = std::mem::take(&mut *of_loader.lock().unwrap_or_else(PoisonError::into_inner));
        asked.touched.read.extend(self.read.iter().cloned());
        asked
    }

    fn apply_lints(&self, diagnostics: &mut Vec<Diagnostic>, sources: &SourceMap) {
        let level = |d: &Diagnostic| {
            let file = &sources.file(d.primary_span()?.file).name;
            let package = self.lints.iter().filter(|l| file.starts_with(&l.folder)).max_by_key(|l| l.folder.len())?;
            package.levels.iter().find(|(id, _)| id == d.code.id).map(|(_, level)| *level)
        };
        diagnostics.retain_mut(|d| {
            // What an attribute denies stays denied.
            match level(d).filter(|_| d.level == Level::Warning) {
                Some(LintLevel::Allow) => return false,
                Some(LintLevel::Deny) => d.level = Level::Error,
                Some(LintLevel::Warn) | None => {}
            }
            true
        });
    }
}

/// The text of a file in the one style.
pub fn format(text: &str, style: Format) -> String {
    let options = molt_grok::syntax::format::FormatOptions { width: style.width, indent: style.indent };
    molt_grok::syntax::format::format(text, options)
}
