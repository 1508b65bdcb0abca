//! ClaudeLang's packages: what `claudelang package` does (sections 8 and 13.6 of the reference).
//!
//! A [`Project`] is a folder with a manifest. [`Project::install`] resolves what it asks for against a registry, holds the
//! result against the lock, puts the packages into `claude_modules` and writes the lock. A fault is a diagnostic, and then
//! nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use molt_base::{SourceMap, Span};
use molt_claude::lookup::{PACKAGES, plain};
use molt_claude::manifest::{Entry, Manifest, NAME as MANIFEST};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::UNSUPPORTED_CONSTRUCT;
use molt_diagnostics::registry::claude as code;
use semver::Version;

use super::lock::{self, Lock, Locked};
use super::registry::{self, Registry};
use super::resolve::{self, Candidate, Chosen, Conflict, Requirement, VersionRange};
use crate::session::DriverError;

/// The tables of what a package asks for: always, and for its development only.
const TABLES: [&str; 2] = ["dependencies", "devDependencies"];

/// A package that is worked on.
#[derive(Debug)]
pub struct Project {
    pub folder: PathBuf,
    pub sources: SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    manifest: Manifest,
    registry: Option<Registry>,
}

/// Which versions need not be those of the lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Update {
    Nothing,
    Packages(Vec<String>),
    All,
}

/// A fault that is among the diagnostics, or one of the world.
pub type Outcome<T> = Result<T, DriverError>;

/// The folder of the package around a folder.
pub fn find(start: &Path) -> Option<PathBuf> {
    if start.join(MANIFEST).is_file() {
        return Some(start.to_path_buf());
    }
    let absolute = start.canonicalize().ok()?;
    absolute.ancestors().skip(1).find(|f| f.join(MANIFEST).is_file()).map(Path::to_path_buf)
}

/// Makes a package of a folder that is none: a manifest, and a program if there is none. The files that were made.
pub fn init(folder: &Path, name: &str) -> Outcome<Vec<&'static str>> {
    const MAIN: &str = "main.cl";
    let text = format!(
        "{{\n  \"name\": \"{name}\",\n  \"version\": \"0.1.0\",\n  \"main\": \"{MAIN}\",\n  \"dependencies\": {{}}\n}}\n"
    );
    write(&folder.join(MANIFEST), &text)?;
    let main = folder.join(MAIN);
    if main.exists() {
        return Ok(vec![MANIFEST]);
    }
    write(&main, "(define (greeting) \"hello\")\n\n(print (greeting))\n\n(export greeting)\n")?;
    Ok(vec![MANIFEST, MAIN])
}

/// A name for the package in a folder: what is no part of a name becomes a hyphen.
pub fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().map(fits).collect();
    let name = name.trim_matches('-');
    if registry::is_name(name) { name.to_owned() } else { "app".to_owned() }
}

impl Project {
    /// Reads the manifest of a folder.
    pub fn load(folder: &Path, registry: Option<Registry>) -> Outcome<Result<Project, super::Faults>> {
        let (mut sources, mut diagnostics) = (SourceMap::default(), Vec::new());
        let path = plain(&folder.join(MANIFEST));
        let text = read(&path)?;
        let file = sources.add(path.display().to_string(), text);
        let manifest = Manifest::read(file, &sources, &mut diagnostics);
        Ok(match manifest {
            Some(manifest) => {
                let mut project = Project { folder: folder.to_path_buf(), sources, diagnostics, manifest, registry };
                project.look_at_manifest();
                Ok(project)
            }
            None => Err((diagnostics, sources)),
        })
    }

    /// Its name, that of the folder if it has none, and its version, which may be empty.
    pub fn name_and_version(&self) -> (String, String) {
        let text = |key| self.manifest.text(key).map(|t| t.text);
        (text("name").unwrap_or_else(|| name_of(&self.folder)), text("version").unwrap_or_default())
    }

    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    fn look_at_manifest(&mut self) {
        if let Some(name) = self.manifest.text("name").filter(|n| !registry::is_name(&n.text)) {
            let finding = Diagnostic::at(&code::SYNTAX, name.span, "this cannot be the name of a package");
            self.diagnostics.push(finding.help("small letters, digits, `-` and `_`, a letter first"));
        }
        if let Some(version) = self.manifest.text("version").filter(|v| Version::parse(&v.text).is_err()) {
            let finding = Diagnostic::at(&code::SYNTAX, version.span, "this is no version");
            self.diagnostics.push(finding.help("a version is three numbers: `1.0.0`"));
        }
        if !self.manifest.texts("workspaces").is_empty() {
            let span = self.manifest.everything();
            self.diagnostics.push(Diagnostic::at(&UNSUPPORTED_CONSTRUCT, span, "`workspaces` is not built yet"));
        }
    }

    /// Who asks first: name and version of the package.
    fn title(&self) -> String {
        let (name, version) = self.name_and_version();
        if version.is_empty() { name } else { format!("{name} {version}") }
    }

    // ---- installing -----------------------------------------------------------------------------

    /// Installs what the manifest asks for; what was done, a line each.
    pub fn install(&mut self, update: &Update) -> Outcome<Vec<String>> {
        let entries = self.entries();
        self.install_entries(&entries, update)
    }

    /// Adds a requirement to the manifest, or gives it another range, and installs. Without a range it is the highest
    /// version and those compatible with it.
    pub fn add(&mut self, name: &str, range: Option<&str>, dev: bool) -> Outcome<Vec<String>> {
        let range = match range {
            Some(range) => range.to_owned(),
            None => match self.highest(name)? {
                Some(version) => format!("^{version}"),
                None => return Ok(Vec::new()),
            },
        };
        let table = TABLES[usize::from(dev)];
        self.change(table, |entries| {
            entries.retain(|(n, _)| n != name);
            entries.push((name.to_owned(), range.clone()));
            entries.sort();
        })
    }

    /// Removes a requirement from the manifest, and what nobody needs any more.
    pub fn remove(&mut self, name: &str) -> Outcome<Vec<String>> {
        let table = TABLES.into_iter().find(|t| self.manifest.table(t).iter().any(|e| e.name.text == name));
        let Some(table) = table else {
            let span = self.manifest.everything();
            let finding = Diagnostic::at(&code::DEPENDENCY, span, format!("the manifest asks for no `{name}`"));
            self.diagnostics.push(finding.help("`claudelang package list` shows what is installed"));
            return Ok(Vec::new());
        };
        self.change(table, |entries| entries.retain(|(n, _)| n != name))
    }

    /// Changes a table of the manifest if what it asks for then can be installed.
    fn change(&mut self, table: &str, edit: impl FnOnce(&mut Vec<(String, String)>)) -> Outcome<Vec<String>> {
        let mut entries: Vec<(String, String)> =
            self.manifest.table(table).into_iter().map(|e| (e.name.text, e.value.text)).collect();
        edit(&mut entries);
        let text = self.manifest.with_table(table, &entries);
        let path = plain(&self.folder.join(MANIFEST));
        let file = self.sources.add(path.display().to_string(), text.clone());
        let manifest = Manifest::read(file, &self.sources, &mut self.diagnostics);
        self.manifest = manifest.expect("an edited manifest is one");
        let done = self.install(&Update::Nothing)?;
        if !self.has_errors() {
            write(&path, &text)?;
        }
        Ok(done)
    }

    fn entries(&self) -> Vec<Entry> {
        TABLES.iter().flat_map(|t| self.manifest.table(t)).collect()
    }

    fn install_entries(&mut self, entries: &[Entry], update: &Update) -> Outcome<Vec<String>> {
        let required = self.required(entries);
        let lock = self.lock()?;
        if self.has_errors() {
            return Ok(Vec::new());
        }
        self.look_at_names(update, &lock);
        if *update == Update::Nothing {
            self.look_at_lock(&required, &lock)?;
        }
        if self.has_errors() {
            return Ok(Vec::new());
        }
        let Some(chosen) = self.resolve(&required, entries, &lock, update)? else { return Ok(Vec::new()) };
        let wanted = self.locked(&chosen)?;
        self.look_at_sums(&wanted, &lock);
        if self.has_errors() {
            return Ok(Vec::new());
        }
        self.put(&wanted, &lock)
    }

    /// The requirements of the manifest.
    fn required(&mut self, entries: &[Entry]) -> Vec<Requirement> {
        let chain = vec![self.title()];
        let mut required = Vec::new();
        for entry in entries {
            let range = VersionRange::parse(&entry.value.text);
            let (fault, span) = match (&range, registry::is_name(&entry.name.text)) {
                (_, false) => ("this cannot be the name of a package", entry.name.span),
                (None, _) => ("this is no range of versions", entry.value.span),
                (Some(range), true) => {
                    let (name, range) = (entry.name.text.clone(), range.clone());
                    required.push(Requirement { name, range, chain: chain.clone() });
                    continue;
                }
            };
            let finding = Diagnostic::at(&code::DEPENDENCY, span, fault);
            self.diagnostics.push(finding.help("ranges are `1.2.0`, `>=1.0.0 <2.0.0`, `^1.2.0`, `~1.2.0` and `*`"));
        }
        required
    }

    fn lock(&mut self) -> Outcome<Lock> {
        let path = plain(&self.folder.join(lock::NAME));
        if !path.exists() {
            return Ok(Lock::default());
        }
        let file = self.sources.add(path.display().to_string(), read(&path)?);
        Ok(Lock::read(file, &self.sources).unwrap_or_else(|fault| {
            self.diagnostics.push(fault.help("remove it, and install again"));
            Lock::default()
        }))
    }

    /// Refuses to update what is not there.
    fn look_at_names(&mut self, update: &Update, lock: &Lock) {
        let Update::Packages(names) = update else { return };
        for name in names.iter().filter(|n| !lock.packages.contains_key(*n)) {
            let span = self.manifest.everything();
            self.diagnostics.push(Diagnostic::at(&code::DEPENDENCY, span, format!("`{name}` is not installed")));
        }
    }

    /// The place of the requirement of the manifest that leads to another one.
    fn place(&self, entries: &[Entry], requirement: &Requirement) -> Span {
        let direct = requirement.chain.get(1).and_then(|step| step.split(' ').next()).unwrap_or(&requirement.name);
        let entry = entries.iter().find(|e| e.name.text == direct);
        entry.map_or_else(|| self.manifest.everything(), |e| e.name.span)
    }

    fn resolve(
        &mut self,
        required: &[Requirement],
        entries: &[Entry],
        lock: &Lock,
        update: &Update,
    ) -> Outcome<Option<Chosen>> {
        let Some(registry) = self.registry.clone() else {
            let Some(first) = required.first() else { return Ok(Some(Chosen::new())) };
            let finding = Diagnostic::at(&code::DEPENDENCY, self.place(entries, first), "no registry is known");
            self.diagnostics.push(finding.help("name its folder with `--registry` or in `CLAUDELANG_REGISTRY`"));
            return Ok(None);
        };
        let errors = self.diagnostics.len();
        let found = resolve::resolve(required, &mut |name: &str| {
            let Some(mut versions) = registry.versions(name)? else { return Ok(None) };
            // What is locked stays as long as it fits.
            if let Some(known) = lock.packages.get(name).filter(|_| !update.frees(name))
                && let Some(at) = versions.iter().position(|v| *v == known.version)
            {
                versions[..=at].rotate_right(1);
            }
            versions.into_iter().map(|v| self.candidate(&registry, name, v)).collect::<Outcome<_>>().map(Some)
        })?;
        if self.diagnostics.len() > errors {
            return Ok(None);
        }
        Ok(match found {
            Ok(chosen) => Some(chosen),
            Err(conflict) => {
                let finding = self.conflict(&conflict, entries, &registry);
                self.diagnostics.push(finding);
                None
            }
        })
    }

    /// A version of the registry with what its manifest asks for.
    fn candidate(&mut self, registry: &Registry, name: &str, version: Version) -> Outcome<Candidate> {
        let path = registry.package(name, &version).join(MANIFEST);
        let file = self.sources.add(path.display().to_string(), read(&path)?);
        let mut dependencies = Vec::new();
        let Some(manifest) = Manifest::read(file, &self.sources, &mut self.diagnostics) else {
            return Ok(Candidate { version, dependencies });
        };
        let says = |key| manifest.text(key).map(|t| t.text);
        if says("name").as_deref() != Some(name) || says("version") != Some(version.to_string()) {
            let fault = format!("this is in the registry as {name} {version}, and says that it is another package");
            self.diagnostics.push(Diagnostic::at(&code::DEPENDENCY, manifest.everything(), fault));
        }
        for entry in manifest.table(TABLES[0]) {
            match VersionRange::parse(&entry.value.text).filter(|_| registry::is_name(&entry.name.text)) {
                Some(range) => dependencies.push((entry.name.text, range)),
                None => {
                    let fault = "this is no range of versions of a package";
                    self.diagnostics.push(Diagnostic::at(&code::DEPENDENCY, entry.value.span, fault));
                }
            }
        }
        Ok(Candidate { version, dependencies })
    }

    fn conflict(&self, conflict: &Conflict, entries: &[Entry], registry: &Registry) -> Diagnostic {
        let asks = |r: &Requirement| format!("{} asks for {} {}", r.chain.join(" → "), r.name, r.range.text());
        let at = |r: &Requirement, message: String| Diagnostic::at(&code::DEPENDENCY, self.place(entries, r), message);
        match conflict {
            Conflict::Missing(r) => {
                let message = format!("there is no package `{}` in `{}`", r.name, registry.folder.display());
                at(r, message).note(asks(r)).help("correct the name, or name another registry")
            }
            Conflict::Versions(who, there) => {
                let first = &who[0];
                let mut finding = at(first, format!("no version of `{}` satisfies all that ask for it", first.name));
                for r in who {
                    finding = finding.note(asks(r));
                }
                let mut there = there.clone();
                there.sort();
                let there: Vec<String> = there.iter().map(Version::to_string).collect();
                finding.help(format!("there are {}", there.join(", ")))
            }
            Conflict::Cycle(names, r) => {
                let message = format!("packages depend on one another in a circle: {}", names.join(" → "));
                at(r, message).help("move what both need into a third package")
            }
            Conflict::TooMany => {
                let message = "there are too many combinations of versions to look at";
                Diagnostic::at(&code::DEPENDENCY, self.manifest.everything(), message).help("narrow the ranges")
            }
        }
    }

    /// What the lock must say of the packages that were chosen.
    fn locked(&self, chosen: &Chosen) -> Outcome<BTreeMap<String, Locked>> {
        let Some(registry) = &self.registry else { return Ok(BTreeMap::new()) };
        let locked = |(name, c): (&String, &Candidate)| {
            let sum = registry::sum(&registry.package(name, &c.version))?;
            let dependencies = c.dependencies.iter().map(|(n, r)| (n.clone(), r.text().to_owned())).collect();
            Ok((name.clone(), Locked { version: c.version.clone(), sum, dependencies }))
        };
        chosen.iter().map(locked).collect()
    }

    /// Reports what is in the registry with other files than the lock says.
    fn look_at_sums(&mut self, wanted: &BTreeMap<String, Locked>, lock: &Lock) {
        let span = self.manifest.everything();
        for (name, found) in wanted {
            let Some(known) = lock.packages.get(name).filter(|k| k.version == found.version && k.sum != found.sum)
            else {
                continue;
            };
            let message = format!("the files of {name} {} are not those that were locked", known.version);
            let finding = Diagnostic::at(&code::LOCK, span, message);
            let finding = finding.note(format!("locked is {}, the registry has {}", known.sum, found.sum));
            self.diagnostics.push(finding.help("find out who changed them; a changed package needs a new version"));
        }
    }

    /// Reports what the lock names and the registry has no more, if the lock is what the manifest asks for: other
    /// versions are no answer then.
    fn look_at_lock(&mut self, required: &[Requirement], lock: &Lock) -> Outcome<()> {
        if !lock.satisfies(required) {
            return Ok(());
        }
        let span = self.manifest.everything();
        for (name, known) in &lock.packages {
            if self.registry.is_some() && !self.is_there(name, &known.version)? {
                let message = format!("{name} {} is locked, and the registry has it no more", known.version);
                self.diagnostics.push(Diagnostic::at(&code::LOCK, span, message));
            }
        }
        Ok(())
    }

    fn is_there(&self, name: &str, version: &Version) -> Outcome<bool> {
        let Some(registry) = &self.registry else { return Ok(false) };
        Ok(registry.versions(name)?.is_some_and(|all| all.contains(version)))
    }

    /// Makes `claude_modules` and the lock what they must be.
    fn put(&self, wanted: &BTreeMap<String, Locked>, lock: &Lock) -> Outcome<Vec<String>> {
        let modules = self.folder.join(PACKAGES);
        let mut done = Vec::new();
        for (name, package) in wanted {
            let target = modules.join(name);
            if target.is_dir() && registry::sum(&target)? == package.sum {
                continue;
            }
            let registry = self.registry.as_ref().expect("packages come from one");
            let from = registry.package(name, &package.version);
            std::fs::create_dir_all(&modules).map_err(|error| DriverError::Write { path: modules.clone(), error })?;
            registry::copy(&from, &registry::files(&from)?, &target)?;
            done.push(format!("installed {name} {}", package.version));
        }
        for (name, package) in lock.packages.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
            registry::remove(&modules.join(name))?;
            done.push(format!("removed {name} {}", package.version));
        }
        let new = Lock { packages: wanted.clone() };
        let path = self.folder.join(lock::NAME);
        if new != *lock || !(path.exists() || wanted.is_empty()) {
            write(&path, &new.text())?;
        }
        Ok(done)
    }

    // ---- the other verbs ------------------------------------------------------------------------

    /// The highest version of a package in the registry. That there is none is reported.
    fn highest(&mut self, name: &str) -> Outcome<Option<Version>> {
        let span = self.manifest.everything();
        let Some(registry) = &self.registry else {
            let finding = Diagnostic::at(&code::DEPENDENCY, span, "no registry is known");
            self.diagnostics.push(finding.help("name its folder with `--registry` or in `CLAUDELANG_REGISTRY`"));
            return Ok(None);
        };
        let all = registry.versions(name)?.unwrap_or_default();
        // One that is not yet released only where there is nothing else.
        let found = all.iter().find(|v| v.pre.is_empty()).or(all.first()).cloned();
        if found.is_none() {
            let message = format!("there is no package `{name}` in `{}`", registry.folder.display());
            let finding = Diagnostic::at(&code::DEPENDENCY, span, message);
            self.diagnostics.push(finding.help("correct the name, or name another registry"));
        }
        Ok(found)
    }

    /// What is installed: names with versions, and below each what it asks for.
    pub fn list(&mut self) -> Outcome<Vec<String>> {
        let lock = self.lock()?;
        let mut lines = Vec::new();
        for (name, package) in &lock.packages {
            lines.push(format!("{name} {}", package.version));
            lines.extend(package.dependencies.iter().map(|(n, r)| format!("  {n} {r}")));
        }
        Ok(lines)
    }

    /// Puts the package into the registry; its name and version.
    pub fn publish(&mut self) -> Outcome<Option<String>> {
        let needed = ["name", "version"].map(|key| self.manifest.text(key));
        let [Some(name), Some(version)] = needed else {
            let span = self.manifest.everything();
            let finding = Diagnostic::at(&code::SYNTAX, span, "what is published has a `name` and a `version`");
            self.diagnostics.push(finding);
            return Ok(None);
        };
        let Some(registry) = self.registry.clone() else {
            let finding = Diagnostic::at(&code::DEPENDENCY, name.span, "no registry is known");
            self.diagnostics.push(finding.help("name its folder with `--registry` or in `CLAUDELANG_REGISTRY`"));
            return Ok(None);
        };
        let parsed: Version = version.text.parse().expect("the manifest was looked at");
        let target = registry.package(&name.text, &parsed);
        if target.exists() {
            let message = format!("{} {parsed} is in the registry, and versions do not change", name.text);
            self.diagnostics
                .push(Diagnostic::at(&code::DEPENDENCY, version.span, message).help("publish a new version"));
            return Ok(None);
        }
        let parent = target.parent().expect("it is below the registry");
        std::fs::create_dir_all(parent).map_err(|error| DriverError::Write { path: parent.to_path_buf(), error })?;
        registry::copy(&self.folder, &self.published()?, &target)?;
        Ok(Some(format!("{} {parsed}", name.text)))
    }

    /// The files that `include` and `exclude` leave; manifest and entry always belong.
    fn published(&self) -> Outcome<Vec<String>> {
        let (include, exclude) = (self.manifest.texts("include"), self.manifest.texts("exclude"));
        let main = self.manifest.text("main").map(|m| m.text);
        let any = |patterns: &[String], path: &str| patterns.iter().any(|p| registry::fits(p, path));
        let belongs = |path: &String| {
            path == MANIFEST
                || Some(path) == main.as_ref()
                || (include.is_empty() || any(&include, path)) && !any(&exclude, path)
        };
        Ok(registry::files(&self.folder)?.into_iter().filter(belongs).collect())
    }

    /// The command that a script of the manifest is.
    pub fn script(&self, name: &str) -> Option<String> {
        self.manifest.table("scripts").into_iter().find(|e| e.name.text == name).map(|e| e.value.text)
    }

    pub fn scripts(&self) -> Vec<String> {
        self.manifest.table("scripts").into_iter().map(|e| e.name.text).collect()
    }

    /// Removes what was installed.
    pub fn clean(&self) -> Outcome<()> {
        registry::remove(&self.folder.join(PACKAGES))
    }
}

/// Packages of a registry whose name, description or keywords have a text: name, highest version, description.
pub fn search(registry: &Registry, text: &str) -> Outcome<Vec<String>> {
    let wanted = text.to_lowercase();
    let mut found = Vec::new();
    for name in registry.names()? {
        let Some(version) = registry.versions(&name)?.and_then(|all| all.into_iter().next()) else { continue };
        let path = registry.package(&name, &version).join(MANIFEST);
        let mut sources = SourceMap::default();
        let file = sources.add(path.display().to_string(), read(&path)?);
        let manifest = Manifest::read(file, &sources, &mut Vec::new());
        let description = manifest.as_ref().and_then(|m| m.text("description")).map_or_else(String::new, |t| t.text);
        let keywords: BTreeSet<String> =
            manifest.map(|m| m.texts("keywords")).unwrap_or_default().into_iter().collect();
        let has = |t: &str| t.to_lowercase().contains(&wanted);
        if has(&name) || has(&description) || keywords.iter().any(|k| has(k)) {
            found.push(format!("{name} {version}  {description}").trim_end().to_owned());
        }
    }
    Ok(found)
}

impl Update {
    fn frees(&self, name: &str) -> bool {
        match self {
            Update::Nothing => false,
            Update::Packages(names) => names.iter().any(|n| n == name),
            Update::All => true,
        }
    }
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| DriverError::Read { path: path.to_path_buf(), error })
}

fn write(path: &Path, text: &str) -> Outcome<()> {
    std::fs::write(path, text).map_err(|error| DriverError::Write { path: path.to_path_buf(), error })
}
