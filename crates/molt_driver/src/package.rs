//! GrokLang packages: from a folder with `grok.toml` to the lists of sources that the front end loads (section 9 of the
//! language reference).
//!
//! [`Workspace::load`] reads the manifest, those of its workspace and of all path dependencies, settles which features
//! are on, and orders packages so that each comes after what it depends on. [`Workspace::sources`] is what the front
//! end needs for one [`Target`]. A fault of a manifest is a diagnostic; the packages that it leaves are still there.
//!
//! A package with a library and programs: the modules below `src` belong to the library, and the programs reach them by
//! the package's name.

mod edit;
mod graph;
pub mod keys;
mod lock;
mod manifest;
mod new;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;
use molt_grok::hir::front::PackageSource;

pub use edit::{add, remove};
pub use lock::lock;
pub use manifest::{Concurrency, Format, LintLevel, Manifest, Profile, is_name};
pub use new::{NewError, new_package};

use manifest::DependencyKind;

/// Name of the manifest.
pub const MANIFEST: &str = "grok.toml";
const WORKSPACE_MANIFEST: &str = "workspace.toml";

/// A package with what it depends on.
#[derive(Debug)]
pub struct Member {
    pub manifest: Manifest,
    pub name: String,
    /// The folder without links and detours; it tells packages apart.
    identity: PathBuf,
    /// Packages by the names that they have here.
    dependencies: Vec<Edge>,
    /// Features that are on.
    features: BTreeSet<String>,
    pub targets: Vec<Target>,
}

#[derive(Clone, Debug)]
struct Edge {
    name: String,
    kind: DependencyKind,
    package: usize,
    /// Its place in the list of the manifest.
    dependency: usize,
    /// Off while it is optional and no feature asks for it.
    active: bool,
}

/// Something that a package makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub kind: TargetKind,
    pub name: String,
    /// The root file.
    pub path: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetKind {
    Library,
    Program,
    /// A file below `tests/`.
    Test,
}

/// Which features of the packages that are worked on are on.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub features: Vec<String>,
    pub no_default_features: bool,
    /// Names of the members to work on; all of the folder's if empty.
    pub packages: Vec<String>,
}

/// The packages of a folder, of its workspace, and all that they depend on.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Where `grok.lock` and `target` are.
    pub folder: PathBuf,
    /// In an order in which dependencies come first.
    pub members: Vec<Member>,
    /// The packages that a command works on.
    pub selected: Vec<usize>,
    /// The library's files and the manifests, which the diagnostics point into.
    pub files: SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    /// Manifests that were read.
    pub read: Vec<PathBuf>,
}

/// The folder of the package or workspace around a folder.
pub fn find(start: &Path) -> Option<PathBuf> {
    let is_package = |folder: &Path| folder.join(MANIFEST).is_file() || folder.join(WORKSPACE_MANIFEST).is_file();
    if is_package(start) {
        return Some(start.to_path_buf());
    }
    let absolute = start.canonicalize().ok()?;
    absolute.ancestors().skip(1).find(|f| is_package(f)).map(Path::to_path_buf)
}

impl Workspace {
    /// A path below the workspace's folder, as short as messages should show it.
    pub fn path(&self, below: &str) -> PathBuf {
        let path = self.folder.join(below);
        path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path)
    }

    /// The packages worked on.
    pub fn selected(&self) -> impl Iterator<Item = (usize, &Member)> {
        self.selected.iter().map(|&i| (i, &self.members[i]))
    }

    /// Whether a manifest has an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// What the front end loads for a target, the target last. With `test` its own tests are part of it.
    pub fn sources(&self, package: usize, target: &Target, test: bool) -> Vec<PackageSource> {
        let with_dev = test || target.kind == TargetKind::Test;
        let member = &self.members[package];
        let edges: Vec<&Edge> =
            member.dependencies.iter().filter(|e| e.active && (with_dev || e.kind == DependencyKind::Normal)).collect();
        let mut wanted = BTreeSet::new();
        for e in &edges {
            self.closure(e.package, &mut wanted);
        }
        let mut order: Vec<usize> = wanted.into_iter().collect();
        let mut sources: Vec<PackageSource> = Vec::new();
        for (place, &p) in order.iter().enumerate() {
            sources.extend(self.library(p, &order[..place]));
        }
        let own_library = target.kind != TargetKind::Library && member.library().is_some();
        let mut dependencies: Vec<(String, usize)> =
            edges.iter().filter_map(|e| Some((e.name.clone(), order.iter().position(|&p| p == e.package)?))).collect();
        if own_library {
            sources.extend(self.library(package, &order));
            dependencies.push((member.path_name(), order.len()));
            order.push(package);
        }
        sources.push(PackageSource {
            name: if own_library {
                format!("{}_{}", member.path_name(), path_name(&target.name))
            } else {
                member.path_name()
            },
            root: target.path.display().to_string(),
            whole_folder: !own_library && self.owns_modules(member, target),
            is_library: target.kind == TargetKind::Library,
            dependencies,
            test: with_dev,
            ..member.source()
        });
        sources
    }

    /// Whether the files beside a root are its modules.
    fn owns_modules(&self, member: &Member, target: &Target) -> bool {
        let main = target.path.file_name().is_some_and(|n| n == "main.grok" || n == "lib.grok");
        target.kind == TargetKind::Library || (target.kind == TargetKind::Program && main && member.library().is_none())
    }

    /// The library of a package, with the places of those before it.
    fn library(&self, package: usize, before: &[usize]) -> Option<PackageSource> {
        let member = &self.members[package];
        let library = member.library()?;
        let dependencies = member.dependencies.iter().filter(|e| e.active && e.kind == DependencyKind::Normal);
        Some(PackageSource {
            name: member.path_name(),
            root: library.path.display().to_string(),
            whole_folder: true,
            is_library: true,
            dependencies: dependencies
                .filter_map(|e| Some((e.name.clone(), before.iter().position(|&p| p == e.package)?)))
                .collect(),
            ..member.source()
        })
    }

    fn closure(&self, package: usize, out: &mut BTreeSet<usize>) {
        if out.insert(package) {
            for e in self.members[package].dependencies.iter().filter(|e| e.active && e.kind == DependencyKind::Normal)
            {
                self.closure(e.package, out);
            }
        }
    }

    /// Lines of the dependency tree of a package, two blanks a level; what was shown before ends in `(*)`.
    pub fn tree(&self, package: usize) -> String {
        let mut text = String::new();
        self.tree_into(package, 0, "", &mut BTreeSet::new(), &mut text);
        text
    }

    fn tree_into(&self, package: usize, depth: usize, note: &str, seen: &mut BTreeSet<usize>, text: &mut String) {
        let member = &self.members[package];
        let version = member.manifest.package.as_ref().map(|p| p.version.to_string()).unwrap_or_default();
        let again = !seen.insert(package) && !member.dependencies.is_empty();
        let place = lock::relative(&self.folder, &member.identity);
        let mark = if again { " (*)" } else { "" };
        text.push_str(&format!("{}{} {version} ({place}){note}{mark}\n", "  ".repeat(depth), member.name));
        if again {
            return;
        }
        for e in &member.dependencies {
            let note = match (e.active, e.kind) {
                (false, _) => " (off)",
                (true, DependencyKind::Dev) => " (for tests)",
                (true, DependencyKind::Normal) => "",
            };
            self.tree_into(e.package, depth + 1, note, seen, text);
        }
    }
}

impl Member {
    /// The root of the library, if there is one.
    pub fn library(&self) -> Option<&Target> {
        self.targets.iter().find(|t| t.kind == TargetKind::Library)
    }

    pub fn programs(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(|t| t.kind == TargetKind::Program)
    }

    /// The name as paths have it: the library's, if it has one of its own.
    pub fn path_name(&self) -> String {
        path_name(self.library().map_or(&self.name, |l| &l.name))
    }

    /// What all sources of the package share.
    fn source(&self) -> PackageSource {
        PackageSource {
            features: self.features.iter().cloned().collect(),
            tools: self.manifest.package.as_ref().map(|p| p.tools.clone()).unwrap_or_default(),
            ..PackageSource::default()
        }
    }
}

fn path_name(name: &str) -> String {
    name.replace('-', "_")
}
