//! Manifests of a workspace and of all path dependencies, their order and their features.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use molt_base::Span;
use molt_diagnostics::registry::grok;
use molt_diagnostics::{Code, Diagnostic};

use super::manifest::{self, Dependency, DependencySource, Manifest};
use super::{Edge, MANIFEST, Member, Selection, Target, TargetKind, WORKSPACE_MANIFEST, Workspace, path_name};
use crate::session::DriverError;

impl Workspace {
    /// Reads everything that the folder of a package or workspace needs.
    pub fn load(folder: &Path, selection: &Selection) -> Result<Workspace, DriverError> {
        let mut loading = Loading::default();
        loading.out.files = molt_grok::library::files();
        let here = loading.manifest(folder)?;
        loading.out.folder = folder.to_path_buf();
        let mut starts = Vec::new();
        let above = if here.workspace.is_none() { loading.workspace_above(folder)? } else { None };
        let members = match (&here.workspace, &above) {
            (Some(_), _) => loading.member_folders(&here),
            (None, Some(above)) => {
                loading.out.folder = above.folder.clone();
                loading.member_folders(above)
            }
            (None, None) => Vec::new(),
        };
        let is_package = here.package.is_some();
        loading.shared = above.or_else(|| {
            here.workspace.is_some().then(|| Manifest {
                folder: here.folder.clone(),
                workspace: here.workspace.clone(),
                ..Manifest::default()
            })
        });
        if is_package {
            starts.push(loading.add(here)?);
        }
        for member in members {
            let manifest = loading.manifest(&member)?;
            let n = loading.add(manifest)?;
            if !is_package {
                starts.push(n);
            }
        }
        starts.retain(|s| *s != usize::MAX);
        loading.order(starts, selection)
    }
}

/// Packages in the order of discovery.
#[derive(Default)]
struct Loading {
    out: Workspace,
    /// The manifest with `[workspace.dependencies]`.
    shared: Option<Manifest>,
    by_folder: HashMap<PathBuf, usize>,
    /// Packages whose dependencies are being read, outermost first.
    open: Vec<PathBuf>,
}

impl Loading {
    fn report(&mut self, code: &'static Code, span: Option<Span>, message: String) {
        self.out.diagnostics.push(match span {
            Some(span) => Diagnostic::at(code, span, message),
            None => Diagnostic::new(code, message),
        });
    }

    /// Reads the manifest of a folder, `grok.toml` or else `workspace.toml`.
    fn manifest(&mut self, folder: &Path) -> Result<Manifest, DriverError> {
        let own = folder.join(MANIFEST);
        let is_workspace = !own.is_file() && folder.join(WORKSPACE_MANIFEST).is_file();
        let path = if is_workspace { folder.join(WORKSPACE_MANIFEST) } else { own };
        let text = std::fs::read_to_string(&path).map_err(|error| DriverError::Read { path: path.clone(), error })?;
        let file = self.out.files.add(shown(&path), text.clone());
        self.out.read.push(path);
        let mut m = manifest::read(folder, file, &text, is_workspace, &mut self.out.diagnostics);
        let beside = folder.join(WORKSPACE_MANIFEST);
        if !is_workspace && m.workspace.is_none() && beside.is_file() {
            let text =
                std::fs::read_to_string(&beside).map_err(|error| DriverError::Read { path: beside.clone(), error })?;
            let file = self.out.files.add(shown(&beside), text.clone());
            self.out.read.push(beside);
            m.workspace = manifest::read(folder, file, &text, true, &mut self.out.diagnostics).workspace;
        }
        Ok(m)
    }

    /// The workspace that a package is a member of.
    fn workspace_above(&mut self, folder: &Path) -> Result<Option<Manifest>, DriverError> {
        let Ok(here) = folder.canonicalize() else { return Ok(None) };
        for above in here.ancestors().skip(1) {
            if !above.join(MANIFEST).is_file() && !above.join(WORKSPACE_MANIFEST).is_file() {
                continue;
            }
            let kept = self.out.diagnostics.len();
            let manifest = self.manifest(above)?;
            let is_member = |f: &PathBuf| f.canonicalize().is_ok_and(|f| f == here);
            if manifest.workspace.is_some() && self.member_folders(&manifest).iter().any(is_member) {
                return Ok(Some(manifest));
            }
            // It is none of our business what is wrong in it.
            self.out.diagnostics.truncate(kept);
            self.out.read.pop();
        }
        Ok(None)
    }

    /// Folders of the members; a `*` as the last part stands for all folders with a manifest.
    fn member_folders(&mut self, of: &Manifest) -> Vec<PathBuf> {
        let Some(workspace) = of.workspace.clone() else { return Vec::new() };
        let mut out: Vec<PathBuf> = Vec::new();
        for member in &workspace.members {
            let found = match member.strip_suffix("/*").or((member == "*").then_some(".")) {
                Some(parent) => packages_in(&of.folder.join(parent)),
                None => vec![of.folder.join(member)],
            };
            for folder in found {
                if folder.join(MANIFEST).is_file() {
                    out.push(folder);
                } else {
                    let message = format!("the member `{member}` has no `{MANIFEST}`");
                    self.report(&grok::DEPENDENCY_UNRESOLVED, workspace.members_span, message);
                }
            }
        }
        out
    }

    /// Adds a package after what it depends on; its number, or `usize::MAX` for a manifest without a package.
    fn add(&mut self, manifest: Manifest) -> Result<usize, DriverError> {
        let identity = manifest.folder.canonicalize().unwrap_or_else(|_| manifest.folder.clone());
        if let Some(&n) = self.by_folder.get(&identity) {
            return Ok(n);
        }
        let Some(package) = manifest.package.clone() else { return Ok(usize::MAX) };
        self.open.push(identity.clone());
        let mut edges = Vec::new();
        for (place, written) in manifest.dependencies.iter().enumerate() {
            if let Some((dependency, base)) = self.settled(written, &manifest.folder)
                && let Some(n) = self.dependency(&dependency, &base)?
            {
                let name = self.out.members[n].path_name();
                let active = !dependency.optional;
                edges.push(Edge { name, kind: dependency.kind, package: n, dependency: place, active });
            }
        }
        self.open.pop();
        let targets = self.targets(&manifest, &package.name);
        let member = Member {
            manifest,
            name: package.name,
            identity: identity.clone(),
            dependencies: edges,
            features: BTreeSet::new(),
            targets,
        };
        self.out.members.push(member);
        self.by_folder.insert(identity, self.out.members.len() - 1);
        Ok(self.out.members.len() - 1)
    }

    /// A dependency with the folder that its path starts at; one of the workspace is looked up there.
    fn settled(&mut self, written: &Dependency, folder: &Path) -> Option<(Dependency, PathBuf)> {
        if written.source != DependencySource::Workspace {
            return Some((written.clone(), folder.to_path_buf()));
        }
        let shared = self.shared.as_ref().and_then(|m| {
            let all = &m.workspace.as_ref()?.dependencies;
            all.iter().find(|d| d.name == written.name).map(|d| (d.clone(), m.folder.clone()))
        });
        let Some((mut dependency, base)) = shared else {
            let message = format!("`[workspace.dependencies]` has no `{}`", written.name);
            self.report(&grok::DEPENDENCY_UNRESOLVED, Some(written.span), message);
            return None;
        };
        dependency.kind = written.kind;
        dependency.span = written.span;
        dependency.optional = written.optional;
        dependency.default_features &= written.default_features;
        dependency.features.extend(written.features.iter().cloned());
        Some((dependency, base))
    }

    /// Loads a dependency; `None` if it was reported.
    fn dependency(&mut self, d: &Dependency, base: &Path) -> Result<Option<usize>, DriverError> {
        let DependencySource::Path(path) = &d.source else { return Ok(None) };
        let folder = base.join(path);
        let unresolved = &grok::DEPENDENCY_UNRESOLVED;
        if !folder.join(MANIFEST).is_file() {
            self.report(unresolved, Some(d.span), format!("there is no `{}`", shown(&folder.join(MANIFEST))));
            return Ok(None);
        }
        let identity = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        if let Some(from) = self.open.iter().position(|o| *o == identity) {
            let cycle: Vec<String> = self.open[from..].iter().chain([&identity]).map(|p| last_part(p)).collect();
            let message = format!("packages depend on each other: {}", cycle.join(" → "));
            self.report(unresolved, Some(d.span), message);
            return Ok(None);
        }
        let n = match self.by_folder.get(&identity) {
            Some(&n) => n,
            None => {
                let manifest = self.manifest(&folder)?;
                self.add(manifest)?
            }
        };
        if n == usize::MAX {
            self.report(unresolved, Some(d.span), format!("`{}` is no package", shown(&folder)));
            return Ok(None);
        }
        Ok(self.fits(d, n).then_some(n))
    }

    /// Whether the package that was found is the one that is meant.
    fn fits(&mut self, d: &Dependency, n: usize) -> bool {
        let member = &self.out.members[n];
        let version = member.manifest.package.as_ref().map(|p| p.version.clone());
        let message = if path_name(&member.name) != path_name(&d.name) {
            format!("the package in this folder is called `{}`", member.name)
        } else if let (Some(wanted), Some(version)) = (&d.version, version)
            && !wanted.matches(&version)
        {
            format!("`{}` has version {version}, which does not satisfy `{wanted}`", d.name)
        } else if member.library().is_none() {
            format!("`{}` has no library: it needs `src/lib.grok`", d.name)
        } else {
            return true;
        };
        self.report(&grok::DEPENDENCY_UNRESOLVED, Some(d.span), message);
        false
    }

    /// What a package makes: what its manifest names, else what its folder has.
    fn targets(&mut self, manifest: &Manifest, name: &str) -> Vec<Target> {
        let mut out: Vec<Target> = Vec::new();
        let library = manifest.lib.as_ref();
        let path = manifest.path(library.and_then(|l| l.path.as_deref()).unwrap_or("src/lib.grok"));
        if path.is_file() {
            let name = library.and_then(|l| l.name.clone()).unwrap_or_else(|| name.to_owned());
            out.push(Target { kind: TargetKind::Library, name, path });
        } else if let Some(l) = library {
            self.report(&grok::MANIFEST_INVALID, Some(l.span), format!("there is no `{}`", shown(&path)));
        }
        let mut program = |name: String, path: PathBuf| {
            if !out.iter().any(|t| t.kind == TargetKind::Program && (t.name == name || t.path == path)) {
                out.push(Target { kind: TargetKind::Program, name, path });
            }
        };
        let mut missing = Vec::new();
        for bin in &manifest.bins {
            let Some(bin_name) = bin.name.clone() else { continue };
            let usual = [format!("src/bin/{bin_name}.grok"), "src/main.grok".to_owned()];
            let path = match &bin.path {
                Some(path) => Some(manifest.path(path)).filter(|p| p.is_file()),
                None => usual.iter().map(|p| manifest.path(p)).find(|p| p.is_file()),
            };
            match path {
                Some(path) => program(bin_name, path),
                None => missing.push((bin.span, bin.path.clone().unwrap_or_else(|| usual[0].clone()))),
            }
        }
        let main = manifest.path("src/main.grok");
        if main.is_file() {
            program(name.to_owned(), main);
        }
        for path in grok_files(&manifest.path("src/bin")) {
            program(stem(&path), path);
        }
        out.extend(grok_files(&manifest.path("tests")).into_iter().map(|path| Target {
            kind: TargetKind::Test,
            name: stem(&path),
            path,
        }));
        for (span, path) in missing {
            self.report(&grok::MANIFEST_INVALID, Some(span), format!("there is no `{path}`"));
        }
        let makes = |k: TargetKind| out.iter().any(|t| t.kind == k);
        if !makes(TargetKind::Library) && !makes(TargetKind::Program) {
            let span = manifest.package.as_ref().map(|p| p.name_span);
            let message = format!("`{name}` has neither `src/lib.grok` nor `src/main.grok`");
            self.report(&grok::MANIFEST_INVALID, span, message);
        }
        out
    }

    /// Chooses the packages to work on and turns features on.
    fn order(mut self, starts: Vec<usize>, selection: &Selection) -> Result<Workspace, DriverError> {
        self.out.selected = starts;
        if !selection.packages.is_empty() {
            self.out.selected.clear();
            for name in &selection.packages {
                match self.out.members.iter().position(|m| m.name == *name) {
                    Some(n) => self.out.selected.push(n),
                    None => self.report(&grok::DEPENDENCY_UNRESOLVED, None, format!("no package is called `{name}`")),
                }
            }
        }
        self.check_features();
        for n in self.out.selected.clone() {
            if !selection.no_default_features {
                self.enable(n, "default", None);
            }
            for feature in &selection.features {
                self.enable(n, feature, None);
            }
        }
        // What depends comes later in the list, so one pass from the end settles all.
        for n in (0..self.out.members.len()).rev() {
            for e in self.out.members[n].dependencies.clone().iter().filter(|e| e.active) {
                let written = self.out.members[n].manifest.dependencies[e.dependency].clone();
                let base = self.out.members[n].manifest.folder.clone();
                let Some((d, _)) = self.settled(&written, &base) else { continue };
                if d.default_features {
                    self.enable(e.package, "default", Some(d.span));
                }
                for feature in &d.features {
                    self.enable(e.package, feature, Some(d.span));
                }
            }
        }
        Ok(self.out)
    }

    /// What features enable must be there.
    fn check_features(&mut self) {
        let mut faults = Vec::new();
        for m in &self.out.members {
            for f in &m.manifest.features {
                for enabled in &f.enables {
                    let feature = m.manifest.features.iter().any(|g| g.name == *enabled);
                    let optional = m.manifest.dependencies.iter().any(|d| d.optional && d.name == *enabled);
                    if !feature && !optional {
                        let message =
                            format!("`{enabled}` is neither a feature nor an optional dependency of `{}`", m.name);
                        faults.push((f.span, message));
                    }
                }
            }
        }
        for (span, message) in faults {
            self.report(&grok::MANIFEST_INVALID, Some(span), message);
        }
    }

    /// Turns a feature on, and what it enables.
    fn enable(&mut self, package: usize, feature: &str, asked: Option<Span>) {
        let member = &mut self.out.members[package];
        if member.features.contains(feature) {
            return;
        }
        let listed = member.manifest.features.iter().find(|f| f.name == feature).map(|f| f.enables.clone());
        let optional: Vec<usize> = (0..member.manifest.dependencies.len())
            .filter(|&i| member.manifest.dependencies[i].optional && member.manifest.dependencies[i].name == feature)
            .collect();
        if listed.is_none() && optional.is_empty() {
            if feature != "default" {
                let message = format!("`{}` has no feature `{feature}`", member.name);
                self.report(&grok::DEPENDENCY_UNRESOLVED, asked, message);
            }
            return;
        }
        member.features.insert(feature.to_owned());
        for e in member.dependencies.iter_mut().filter(|e| optional.contains(&e.dependency)) {
            e.active = true;
        }
        for other in listed.unwrap_or_default() {
            self.enable(package, &other, asked);
        }
    }
}

/// Folders with a manifest right below a folder, in the order of their names.
fn packages_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut out: Vec<PathBuf> = entries.filter(|p| p.join(MANIFEST).is_file()).collect();
    out.sort();
    out
}

/// The `.grok` files right in a folder, in the order of their names.
fn grok_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut out: Vec<PathBuf> = entries.filter(|p| p.is_file() && crate::grok::is_grok(p)).collect();
    out.sort();
    out
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn last_part(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path as messages show it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
