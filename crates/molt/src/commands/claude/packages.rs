//! `claudelang package`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use molt_driver::DriverError;
use molt_driver::claude::packages::{self, Project, Update};
use molt_driver::claude::registry::{Registry, is_name};

use super::{refuse, refused};
use crate::args::Common;
use crate::args::claude::{PackageArgs, PackageVerb};
use crate::report::{self, say};

/// Runs one verb; the status.
pub fn package(common: &Common, args: PackageArgs) -> Result<u8, u8> {
    let registry = registry(args.registry.or_else(|| std::env::var_os("CLAUDELANG_REGISTRY")))?;
    match args.verb {
        PackageVerb::Init { name } => init(common, name),
        PackageVerb::Search { text } => search(common, registry, &text),
        PackageVerb::Install => changing(common, registry, |p| p.install(&Update::Nothing)),
        PackageVerb::Add { name, range, dev } => changing(common, registry, |p| p.add(&name, range.as_deref(), dev)),
        PackageVerb::Remove { name } => changing(common, registry, |p| p.remove(&name)),
        PackageVerb::Update { names } => {
            let update = if names.is_empty() { Update::All } else { Update::Packages(names) };
            changing(common, registry, |p| p.install(&update))
        }
        PackageVerb::List => {
            let lines = work(common, registry, Project::list)?;
            lines.iter().for_each(|line| say!("{line}"));
            Ok(0)
        }
        PackageVerb::Publish => {
            if let Some(title) = work(common, registry, Project::publish)?
                && !common.quiet
            {
                say!("published {title}");
            }
            Ok(0)
        }
        PackageVerb::Run { script, args } => run(common, &script, &args),
        PackageVerb::Clean => work(common, registry, |p| p.clean()).map(|()| 0),
    }
}

fn registry(named: Option<OsString>) -> Result<Option<Registry>, u8> {
    let Some(named) = named.filter(|n| !n.is_empty()) else { return Ok(None) };
    let text = named.to_string_lossy();
    if text.starts_with("http:") || text.starts_with("https:") {
        return Err(refuse(&format!("--registry {text}")));
    }
    Ok(Some(Registry { folder: named.into() }))
}

fn load(common: &Common, registry: Option<Registry>) -> Result<Project, u8> {
    let Some(folder) = packages::find(Path::new(".")) else {
        eprintln!(
            "error: there is no `claude.json` here or above\nhelp: make a package with `claudelang package init`"
        );
        return Err(2);
    };
    let loaded = Project::load(&folder, registry).map_err(|e| report::error(&e, common))?;
    let project = loaded.map_err(|faults| refused(faults, common))?;
    if project.has_errors() {
        return Err(refused((project.diagnostics, project.sources), common));
    }
    Ok(project)
}

/// Works on the package around the current folder; faults are reported.
fn work<T>(
    common: &Common,
    registry: Option<Registry>,
    work: impl FnOnce(&mut Project) -> Result<T, DriverError>,
) -> Result<T, u8> {
    let mut project = load(common, registry)?;
    let done = work(&mut project);
    if project.has_errors() {
        return Err(refused((project.diagnostics, project.sources), common));
    }
    done.map_err(|e| report::error(&e, common))
}

fn changing(
    common: &Common,
    registry: Option<Registry>,
    change: impl FnOnce(&mut Project) -> Result<Vec<String>, DriverError>,
) -> Result<u8, u8> {
    let done = work(common, registry, change)?;
    if !common.quiet {
        done.iter().for_each(|line| say!("{line}"));
    }
    Ok(0)
}

fn init(common: &Common, name: Option<String>) -> Result<u8, u8> {
    let folder = Path::new(".");
    if folder.join("claude.json").exists() {
        eprintln!("error: this folder is a package: it has a `claude.json`");
        return Err(2);
    }
    let name = name.unwrap_or_else(|| packages::name_of(folder));
    if !is_name(&name) {
        eprintln!(
            "error: `{name}` cannot be the name of a package\nhelp: small letters, digits, `-` and `_`, a letter first"
        );
        return Err(2);
    }
    let made = packages::init(folder, &name).map_err(|e| report::error(&e, common))?;
    if !common.quiet {
        made.iter().for_each(|file| say!("made {file}"));
    }
    Ok(0)
}

fn search(common: &Common, registry: Option<Registry>, text: &str) -> Result<u8, u8> {
    let Some(registry) = registry else {
        eprintln!("error: no registry is known\nhelp: name its folder with `--registry` or in `CLAUDELANG_REGISTRY`");
        return Err(2);
    };
    let found = packages::search(&registry, text).map_err(|e| report::error(&e, common))?;
    found.iter().for_each(|line| say!("{line}"));
    Ok(u8::from(found.is_empty()))
}

/// Becomes the shell that runs a script in the folder of the package.
fn run(common: &Common, script: &str, args: &[String]) -> Result<u8, u8> {
    let project = load(common, None)?;
    let Some(command) = project.script(script) else {
        let there = project.scripts().iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ");
        eprintln!("error: the manifest has no script `{script}`");
        if !there.is_empty() {
            eprintln!("help: there are {there}");
        }
        return Err(2);
    };
    // The shell names a script after the word behind it, and its arguments are what follows.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{command} \"$@\"")).arg(script).args(args).current_dir(&project.folder);
    let error = shell.exec();
    Err(report::error(&DriverError::Start { path: "sh".into(), error }, common))
}
