//! `grok.toml` and `workspace.toml`: text in, typed values and diagnostics out.
//!
//! Every value is checked against [`super::keys`] first, so what the readers below find is of the right type, or absent.

use molt_grok::hir::{Collection, DeadlockAction, SchedulerSettings};
use std::path::{Path, PathBuf};
use std::time::Duration;

use molt_base::{FileId, Span};
use molt_diagnostics::registry::grok;
use molt_diagnostics::{Code, Diagnostic};
use molt_grok::hir::nearest;
use semver::{Version, VersionReq};
use toml_edit::{Document, Item, TableLike};

use super::keys::{self, DEPENDENCY, FREE, TABLES, Takes};

/// A manifest that was read. What was wrong in it is absent here and reported.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The folder that it stands in.
    pub folder: PathBuf,
    pub package: Option<Package>,
    pub dependencies: Vec<Dependency>,
    pub lib: Option<Target>,
    pub bins: Vec<Target>,
    /// Features with what each of them turns on.
    pub features: Vec<Feature>,
    pub workspace: Option<Workspace>,
    pub dev: Profile,
    pub release: Profile,
    pub concurrency: Concurrency,
    /// Levels of findings by code or name.
    pub lints: Vec<(String, LintLevel)>,
    pub format: Format,
    pub test: Test,
}

impl Manifest {
    /// A path below the package's folder, as short as messages should show it.
    pub fn path(&self, below: &str) -> PathBuf {
        let path = self.folder.join(below);
        path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path)
    }
}

#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub name_span: Span,
    pub version: Version,
    /// Prefixes of attributes that belong to other tools.
    pub tools: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DependencyKind {
    Normal,
    Dev,
}

#[derive(Clone, Debug)]
pub struct Dependency {
    pub name: String,
    pub kind: DependencyKind,
    pub span: Span,
    pub source: DependencySource,
    pub version: Option<VersionReq>,
    pub features: Vec<String>,
    pub optional: bool,
    pub default_features: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DependencySource {
    Path(PathBuf),
    /// As `[workspace.dependencies]` has it.
    Workspace,
}

#[derive(Clone, Debug)]
pub struct Target {
    pub name: Option<String>,
    pub path: Option<String>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Feature {
    pub name: String,
    /// Features of this package, and optional dependencies.
    pub enables: Vec<String>,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct Workspace {
    pub members: Vec<String>,
    pub members_span: Option<Span>,
    pub dependencies: Vec<Dependency>,
}

/// How a program is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    pub opt: Option<u8>,
    /// Arithmetic wraps around instead of panicking.
    pub overflow_wraps: bool,
    /// Keep the names of functions in the executable.
    pub debug: Option<bool>,
    pub debug_assertions: Option<bool>,
}

/// What `[concurrency]`, `[deadlock_detection]` and `[memory]` say to the runtime.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Concurrency {
    pub deadlock_detection: bool,
    pub deadlock_timeout: Duration,
    /// `panic`, `log` or `break`.
    pub deadlock_action: String,
    /// One a processor if absent.
    pub workers: Option<u32>,
    pub ask_timeout: Duration,
    pub shutdown_timeout: Duration,
    pub stack_size_bytes: Option<u64>,
    /// Messages that a mailbox holds; 0 is no bound.
    pub mailbox: u64,
    pub gc: Collection,
}

impl Concurrency {
    /// What the program is compiled with.
    pub fn settings(&self) -> SchedulerSettings {
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        SchedulerSettings {
            workers: self.workers.map_or(0, u64::from),
            ask_timeout: nanos(self.ask_timeout),
            shutdown_timeout: nanos(self.shutdown_timeout),
            stack_size: self.stack_size_bytes.unwrap_or(0),
            mailbox: self.mailbox,
            gc: self.gc,
            deadlock: match self.deadlock_action.as_str() {
                _ if !self.deadlock_detection => DeadlockAction::Ignore,
                "log" => DeadlockAction::Log,
                "break" => DeadlockAction::Break,
                _ => DeadlockAction::Panic,
            },
        }
    }
}

impl Default for Concurrency {
    fn default() -> Concurrency {
        const FIVE: Duration = Duration::from_secs(5);
        Concurrency {
            deadlock_detection: true,
            deadlock_timeout: FIVE,
            deadlock_action: "panic".into(),
            workers: None,
            ask_timeout: FIVE,
            shutdown_timeout: FIVE,
            stack_size_bytes: None,
            mailbox: 0,
            gc: Collection::Auto,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LintLevel {
    Allow,
    Warn,
    Deny,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    pub width: usize,
    pub indent: usize,
}

impl Default for Format {
    fn default() -> Format {
        Format { width: 100, indent: 4 }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Test {
    pub threads: Option<usize>,
    pub timeout: Option<Duration>,
}

/// Reads a manifest; findings go to `diagnostics`. `workspace_file` has the tables of `[workspace]` at its top, or below it.
pub fn read(
    folder: &Path,
    file: FileId,
    text: &str,
    workspace_file: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Manifest {
    let mut reader = Reader { file, diagnostics };
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(e) => {
            let span = reader.span(e.span());
            reader.report(&grok::MANIFEST_INVALID, span, e.message().trim().replace('\n', ", "));
            return Manifest { folder: folder.to_path_buf(), ..Manifest::default() };
        }
    };
    let root = document.as_table();
    if workspace_file {
        let nested = root.get("workspace").and_then(Item::as_table_like);
        if nested.is_none() {
            reader.check_table("workspace", root);
        } else {
            reader.check_root(root);
        }
        let workspace = Some(reader.workspace(nested.unwrap_or(root)));
        return Manifest { folder: folder.to_path_buf(), workspace, ..Manifest::default() };
    }
    reader.check_root(root);
    reader.manifest(folder, root)
}

struct Reader<'a> {
    file: FileId,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// The item behind a dotted name.
fn at<'a>(table: &'a dyn TableLike, path: &str) -> Option<&'a Item> {
    match path.split_once('.') {
        Some((first, rest)) => at(table.get(first)?.as_table_like()?, rest),
        None => table.get(path),
    }
}

fn text(table: &dyn TableLike, key: &str) -> Option<String> {
    at(table, key)?.as_str().map(str::to_owned)
}

fn texts(table: &dyn TableLike, key: &str) -> Vec<String> {
    let items = at(table, key).and_then(Item::as_array);
    items.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

fn flag(table: &dyn TableLike, key: &str) -> Option<bool> {
    at(table, key)?.as_bool()
}

fn number<T: TryFrom<i64>>(table: &dyn TableLike, key: &str) -> Option<T> {
    at(table, key)?.as_integer().and_then(|n| T::try_from(n).ok())
}

fn time(table: &dyn TableLike, key: &str) -> Option<Duration> {
    keys::time(at(table, key)?)
}

/// Names of packages and features: what a path of the language can hold, and `-`.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic()) && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

// Checking of keys and types.

impl Reader<'_> {
    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or(0..0);
        Span { file: self.file, start: range.start as u32, end: range.end as u32 }
    }

    /// The place of a key.
    fn key_span(&self, table: &dyn TableLike, key: &str) -> Span {
        self.span(table.get_key_value(key).and_then(|(k, _)| k.span()))
    }

    fn value_span(&self, table: &dyn TableLike, key: &str) -> Span {
        self.span(at(table, key).and_then(Item::span))
    }

    fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::at(code, span, message));
    }

    fn unknown(&mut self, table: &dyn TableLike, key: &str, known: &[&str]) {
        let span = self.key_span(table, key);
        let mut d = Diagnostic::at(&grok::UNKNOWN_KEY, span, format!("unknown key `{key}`"));
        if let Some(similar) = nearest(key, known.iter().copied()) {
            d = d.help(format!("did you mean `{similar}`?"));
        }
        self.diagnostics.push(d);
    }

    fn check_root(&mut self, root: &dyn TableLike) {
        let first = |name: &'static str| name.split('.').next().unwrap_or(name);
        let mut known: Vec<&str> =
            TABLES.iter().map(|(n, _)| first(n)).chain(FREE.iter().map(|(n, _)| first(n))).collect();
        known.dedup();
        for (key, item) in root.iter() {
            if !known.contains(&key) {
                self.unknown(root, key, &known);
            } else if key == "bin" {
                self.check_bins(root, item);
            } else {
                self.check_named(key, root, key, item);
            }
        }
    }

    fn check_named(&mut self, name: &str, parent: &dyn TableLike, key: &str, item: &Item) {
        match item.as_table_like() {
            Some(table) => self.check_table(name, table),
            None => self.wrong(parent, key, "a table"),
        }
    }

    fn check_bins(&mut self, root: &dyn TableLike, item: &Item) {
        match item.as_array_of_tables() {
            Some(bins) => bins.iter().for_each(|b| self.check_table("bin", b)),
            None => self.wrong(root, "bin", "written `[[bin]]`"),
        }
    }

    fn wrong(&mut self, table: &dyn TableLike, key: &str, expected: &str) {
        let span = self.value_span(table, key);
        self.report(&grok::MANIFEST_INVALID, span, format!("`{key}` must be {expected}"));
    }

    /// Checks the keys of a table by its full name.
    fn check_table(&mut self, name: &str, table: &dyn TableLike) {
        if let Some((_, takes)) = FREE.iter().find(|(n, _)| *n == name) {
            for (key, item) in table.iter() {
                match takes {
                    Some(takes) => self.check_value(*takes, table, key, item),
                    None => self.check_dependency(table, key, item),
                }
            }
            return;
        }
        let prefix = format!("{name}.");
        let keys = TABLES.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, keys)| keys);
        let tables = TABLES.iter().map(|(n, _)| *n).chain(FREE.iter().map(|(n, _)| *n));
        let inner: Vec<&str> = tables.filter_map(|n| n.strip_prefix(&prefix)).collect();
        for (key, item) in table.iter() {
            if let Some((_, takes)) = keys.iter().find(|(k, _)| *k == key) {
                self.check_value(*takes, table, key, item);
            } else if inner.contains(&key) {
                self.check_named(&format!("{prefix}{key}"), table, key, item);
            } else {
                let known: Vec<&str> = keys.iter().map(|(k, _)| *k).chain(inner.iter().copied()).collect();
                self.unknown(table, key, &known);
            }
        }
    }

    fn check_value(&mut self, takes: Takes, table: &dyn TableLike, key: &str, item: &Item) {
        if !takes.accepts(item) {
            self.wrong(table, key, &takes.describe());
        }
    }

    fn check_dependency(&mut self, table: &dyn TableLike, key: &str, item: &Item) {
        if item.is_str() {
            return;
        }
        let Some(inner) = item.as_table_like() else {
            return self.wrong(table, key, "a version, or a table such as `{ path = \"..\" }`");
        };
        for (k, v) in inner.iter() {
            match DEPENDENCY.iter().find(|(name, _)| *name == k) {
                Some((_, takes)) => self.check_value(*takes, inner, k, v),
                None => self.unknown(inner, k, &DEPENDENCY.iter().map(|(n, _)| *n).collect::<Vec<_>>()),
            }
        }
    }
}

// Reading of values.

impl Reader<'_> {
    fn manifest(&mut self, folder: &Path, root: &dyn TableLike) -> Manifest {
        let mut dependencies = self.dependencies(root, "dependencies", DependencyKind::Normal);
        dependencies.extend(self.dependencies(root, "dev-dependencies", DependencyKind::Dev));
        if at(root, "build-dependencies").and_then(Item::as_table_like).is_some_and(|t| !t.is_empty()) {
            let span = self.key_span(root, "build-dependencies");
            self.report(
                &grok::MANIFEST_INVALID,
                span,
                "build dependencies are not supported: nothing of a package runs when it is built",
            );
        }
        self.refuse_keys(root);
        let workspace = at(root, "workspace").and_then(Item::as_table_like).map(|t| self.workspace(t));
        let package = at(root, "package").and_then(Item::as_table_like).map(|t| self.package(folder, t));
        if package.is_none() && workspace.is_none() {
            let span = self.span(None);
            self.report(&grok::MANIFEST_INVALID, span, "a manifest needs a table `[package]` or `[workspace]`");
        }
        Manifest {
            folder: folder.to_path_buf(),
            package,
            dependencies,
            lib: self.lib(root),
            bins: self.bins(root),
            features: self.features(root),
            workspace,
            dev: self.profile(root, "profile.dev"),
            release: self.profile(root, "profile.release"),
            concurrency: concurrency(root),
            lints: self.lints(root),
            format: Format {
                width: number(root, "fmt.width").unwrap_or(Format::default().width),
                indent: number(root, "fmt.indent").unwrap_or(Format::default().indent),
            },
            test: Test { threads: number(root, "test.threads"), timeout: time(root, "test.timeout") },
        }
    }

    /// Values that mean something that is not built.
    fn refuse_keys(&mut self, root: &dyn TableLike) {
        const REFUSED: &[(&str, &str, &str)] = &[
            ("lib.kind", "cdylib", "libraries of the kind `cdylib` are not built yet"),
            ("lib.kind", "python", "libraries of the kind `python` are not built yet"),
            ("profile.dev.panic", "abort", "`panic = \"abort\"` is not supported: a panic always unwinds"),
            ("profile.release.panic", "abort", "`panic = \"abort\"` is not supported: a panic always unwinds"),
        ];
        for (key, value, message) in REFUSED {
            if text(root, key).as_deref() == Some(value) {
                let span = self.value_span(root, key);
                self.report(&grok::MANIFEST_INVALID, span, *message);
            }
        }
        for key in ["profile.dev.target_cpu", "profile.release.target_cpu"] {
            if text(root, key).is_some_and(|cpu| cpu != "native") {
                let span = self.value_span(root, key);
                self.report(
                    &grok::MANIFEST_INVALID,
                    span,
                    "`target_cpu` can only be \"native\": code is made for this machine",
                );
            }
        }
        for key in ["ai.api_key", "ai.openai.api_key"] {
            if text(root, key).is_some() {
                let span = self.value_span(root, key);
                self.report(&grok::API_KEY_IN_MANIFEST, span, "the manifest holds a key for a service");
            }
        }
    }

    fn package(&mut self, folder: &Path, table: &dyn TableLike) -> Package {
        let name = text(table, "name").unwrap_or_else(|| {
            if table.get("name").is_none() {
                let span = self.span(table.iter().next().and_then(|(_, i)| i.span()));
                self.report(&grok::MANIFEST_INVALID, span, "`[package]` needs a `name`");
            }
            folder.file_name().map_or_else(|| "package".into(), |n| n.to_string_lossy().into_owned())
        });
        let name_span = self.value_span(table, "name");
        self.check_name(table);
        let version = text(table, "version").map(|v| Version::parse(&v));
        if let Some(Err(e)) = &version {
            let span = self.value_span(table, "version");
            self.report(&grok::MANIFEST_INVALID, span, format!("`version` is no version such as `1.2.3`: {e}"));
        }
        Package {
            name,
            name_span,
            version: version.and_then(Result::ok).unwrap_or(Version::new(0, 1, 0)),
            tools: texts(table, "tools"),
        }
    }

    /// The `name` of a package or target, if there is one.
    fn check_name(&mut self, table: &dyn TableLike) {
        if let Some(name) = text(table, "name").filter(|n| !is_name(n)) {
            let message = format!("`{name}` is no name: letters, digits, `_` and `-`, a letter first");
            let span = self.value_span(table, "name");
            self.report(&grok::MANIFEST_INVALID, span, message);
        }
    }

    fn workspace(&mut self, table: &dyn TableLike) -> Workspace {
        Workspace {
            members: texts(table, "members"),
            members_span: table.get("members").map(|i| self.span(i.span())),
            dependencies: self.dependencies(table, "dependencies", DependencyKind::Normal),
        }
    }

    fn target(&self, table: &dyn TableLike, span: Span) -> Target {
        let path_span = table.get("path").map(|i| self.span(i.span()));
        Target { name: text(table, "name"), path: text(table, "path"), span: path_span.unwrap_or(span) }
    }

    fn lib(&mut self, root: &dyn TableLike) -> Option<Target> {
        let table = at(root, "lib").and_then(Item::as_table_like)?;
        self.check_name(table);
        Some(self.target(table, self.key_span(root, "lib")))
    }

    fn bins(&mut self, root: &dyn TableLike) -> Vec<Target> {
        let mut out = Vec::new();
        for table in at(root, "bin").and_then(Item::as_array_of_tables).into_iter().flatten() {
            let span = self.span(table.span());
            if table.get("name").is_none() {
                self.report(&grok::MANIFEST_INVALID, span, "`[[bin]]` needs a `name`");
            }
            self.check_name(table);
            out.push(self.target(table, span));
        }
        out
    }

    fn features(&self, root: &dyn TableLike) -> Vec<Feature> {
        let Some(table) = at(root, "features").and_then(Item::as_table_like) else { return Vec::new() };
        let feature =
            |key: &str| Feature { name: key.to_owned(), enables: texts(table, key), span: self.key_span(table, key) };
        table.iter().map(|(key, _)| feature(key)).collect()
    }

    fn profile(&self, root: &dyn TableLike, name: &str) -> Profile {
        let Some(table) = at(root, name).and_then(Item::as_table_like) else { return Profile::default() };
        Profile {
            opt: number(table, "opt"),
            overflow_wraps: text(table, "overflow").as_deref() == Some("wrap"),
            debug: flag(table, "debug"),
            debug_assertions: flag(table, "debug_assertions"),
        }
    }

    fn lints(&mut self, root: &dyn TableLike) -> Vec<(String, LintLevel)> {
        let Some(table) = at(root, "lints").and_then(Item::as_table_like) else { return Vec::new() };
        let mut out = Vec::new();
        for (key, item) in table.iter() {
            let level = match item.as_str() {
                Some("allow") => LintLevel::Allow,
                Some("warn") => LintLevel::Warn,
                Some("deny") => LintLevel::Deny,
                _ => continue,
            };
            let span = self.key_span(table, key);
            match molt_diagnostics::registry::find(&format!("grok/{key}")) {
                Some(code) if code.level == molt_diagnostics::Level::Warning => {
                    out.push((code.id.to_owned(), level));
                }
                Some(_) => {
                    self.report(&grok::MANIFEST_INVALID, span, format!("`{key}` is an error, whose level is fixed"))
                }
                None => {
                    let names: Vec<&str> = grok::ALL.iter().map(|c| c.id).collect();
                    self.unknown(table, key, &names);
                }
            }
        }
        out
    }

    fn dependencies(&mut self, root: &dyn TableLike, name: &str, kind: DependencyKind) -> Vec<Dependency> {
        let Some(table) = at(root, name).and_then(Item::as_table_like) else { return Vec::new() };
        table.iter().filter_map(|(key, item)| self.dependency(table, key, item, kind)).collect()
    }

    fn dependency(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        item: &Item,
        kind: DependencyKind,
    ) -> Option<Dependency> {
        let span = self.key_span(table, key);
        let unresolved = |message: String, help: &str| {
            Diagnostic::at(&grok::DEPENDENCY_UNRESOLVED, span, message).help(help.to_owned())
        };
        let Some(inner) = item.as_table_like() else {
            if item.is_str() {
                let message = format!("`{key}` would come from a registry, and none is supported");
                self.diagnostics.push(unresolved(message, "name the package's folder: `{ path = \"..\" }`"));
            }
            return None;
        };
        let source = match (text(inner, "path"), flag(inner, "workspace")) {
            (Some(path), _) => DependencySource::Path(path.into()),
            (None, Some(true)) => DependencySource::Workspace,
            _ => {
                let origin = if inner.get("git").is_some() { "git repositories are" } else { "registries are" };
                let message = format!("`{key}` has no `path`: {origin} not supported");
                self.diagnostics.push(unresolved(message, "name the package's folder: `{ path = \"..\" }`"));
                return None;
            }
        };
        let version = text(inner, "version").and_then(|v| match VersionReq::parse(&v) {
            Ok(requirement) => Some(requirement),
            Err(e) => {
                let span = self.value_span(inner, "version");
                self.report(&grok::MANIFEST_INVALID, span, format!("`{v}` is no requirement on a version: {e}"));
                None
            }
        });
        Some(Dependency {
            name: key.to_owned(),
            kind,
            span,
            source,
            version,
            features: texts(inner, "features"),
            optional: flag(inner, "optional").unwrap_or(false),
            default_features: flag(inner, "default-features").unwrap_or(true),
        })
    }
}

fn concurrency(root: &dyn TableLike) -> Concurrency {
    let d = Concurrency::default();
    let detection = flag(root, "concurrency.deadlock_detection").unwrap_or(true);
    Concurrency {
        deadlock_detection: detection && flag(root, "deadlock_detection.enabled").unwrap_or(true),
        deadlock_timeout: time(root, "deadlock_detection.timeout").unwrap_or(d.deadlock_timeout),
        deadlock_action: text(root, "deadlock_detection.action").unwrap_or(d.deadlock_action),
        workers: number(root, "concurrency.workers"),
        ask_timeout: time(root, "concurrency.ask_timeout").unwrap_or(d.ask_timeout),
        shutdown_timeout: time(root, "concurrency.shutdown_timeout").unwrap_or(d.shutdown_timeout),
        stack_size_bytes: number(root, "concurrency.stack_size"),
        mailbox: number(root, "concurrency.mailbox").unwrap_or(d.mailbox),
        gc: match text(root, "memory.gc").as_deref() {
            Some("off") => Collection::Off,
            Some("incremental") => Collection::Incremental,
            Some("generational") => Collection::Generational,
            // Anything else was reported.
            _ => Collection::Auto,
        },
    }
}
