//! Verbs on GrokLang packages: which packages and targets a command means, and the verbs that change a manifest.

use std::path::{Path, PathBuf};

use molt_driver::grok::Job;
use molt_driver::package::{self, NewError, Selection, Target, TargetKind, Workspace};
use molt_driver::session::can_link;
use molt_driver::{DriverError, Emit, Entry, Session};

use super::{execute, finish, session, write_text};
use crate::args::{BuildArgs, Common, EmitChoice, EngineChoice, PackageArgs, Profile, RunArgs};
use crate::report;
use crate::report::say;

/// The folder of the package or workspace around the current folder.
pub fn folder() -> Option<PathBuf> {
    package::find(Path::new("."))
}

/// The package around the current folder with all that it depends on, its lock written. What is wrong is reported.
pub fn load(common: &Common, args: &PackageArgs) -> Result<Workspace, u8> {
    let Some(folder) = folder() else {
        eprintln!(
            "error: there is no `{}` here or above\nhelp: name a file, or make a package with `init`",
            package::MANIFEST
        );
        return Err(2);
    };
    let selection = Selection {
        features: args.features.clone(),
        no_default_features: args.no_default_features,
        packages: args.packages.clone(),
    };
    let failed = |e: DriverError| report::error(&e, common);
    let mut workspace = Workspace::load(&folder, &selection).map_err(failed)?;
    if !workspace.has_errors() {
        package::lock(&mut workspace, args.locked).map_err(failed)?;
    }
    report::findings(&workspace.diagnostics, &workspace.files, common);
    if workspace.has_errors() {
        return Err(report::error(&DriverError::Refused, common));
    }
    Ok(workspace)
}

/// A job as the flags want it.
pub fn job(args: &PackageArgs, mut job: Job) -> Job {
    if let Some(level) = args.optimise {
        job.optimise = level > 0;
    }
    job.options.backtrace |= args.backtrace;
    job
}

/// Front end of all targets; each finding once, although targets share files.
pub fn check(common: &Common, args: &PackageArgs) -> u8 {
    let workspace = match load(common, args) {
        Ok(w) => w,
        Err(status) => return status,
    };
    let mut status = 0;
    let mut seen = report::Once::default();
    for (n, member) in workspace.selected() {
        for target in &member.targets {
            // Tests are checked too: in the library, in programs, and in the files that are nothing else.
            let mut s = session(common, true);
            let job = Job::target(&workspace, n, target, false, true);
            let result = s.compile(&Entry::Grok(Box::new(job)), false);
            seen.retain_new(&mut s);
            if let Err(e) = finish(&s, common, result) {
                status = status.max(e);
            }
        }
    }
    status
}

/// The program that a command means.
fn program(workspace: &Workspace, bin: Option<&str>) -> Result<(usize, Target), u8> {
    let all: Vec<(usize, &Target)> =
        workspace.selected().flat_map(|(n, m)| m.programs().map(move |t| (n, t))).collect();
    let fits: Vec<_> = all.iter().filter(|(_, t)| bin.is_none_or(|b| t.name == b)).collect();
    let names = || all.iter().map(|(_, t)| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ");
    match (&fits[..], bin) {
        ([(n, target)], _) => Ok((*n, (*target).clone())),
        ([], Some(bin)) => {
            eprintln!("error: no program is called `{bin}`\nhelp: there are {}", names());
            Err(2)
        }
        ([], None) => {
            eprintln!("error: the package has no program: only a library\nhelp: `src/main.grok` would be one");
            Err(2)
        }
        _ => {
            eprintln!("error: there are several programs\nhelp: choose with `--bin NAME` or `-p PACKAGE`: {}", names());
            Err(2)
        }
    }
}

/// Builds all programs into `target/<profile>`, and checks libraries.
pub fn build(common: &Common, args: &BuildArgs) -> u8 {
    built(common, args).err().unwrap_or(0)
}

fn built(common: &Common, args: &BuildArgs) -> Result<(), u8> {
    let workspace = load(common, &args.package)?;
    let release = args.release || args.profile == Some(Profile::Release);
    if let Some(what) = emitted(args.emit) {
        return emit(common, args, &workspace, what, release);
    }
    if args.output.is_some() || args.bin.is_some() {
        let (n, target) = program(&workspace, args.bin.as_deref())?;
        let path = args.output.clone().unwrap_or_else(|| output(&workspace, release, &target.name));
        return one(common, args, &workspace, (n, &target), release, &path);
    }
    for (n, member) in workspace.selected() {
        for target in member.targets.iter().filter(|t| t.kind == TargetKind::Program) {
            one(common, args, &workspace, (n, target), release, &output(&workspace, release, &target.name))?;
        }
        if let Some(library) = member.library().filter(|_| member.programs().next().is_none()) {
            let mut s = session(common, !release);
            let job = Job::target(&workspace, n, library, release, false);
            let result = s.compile(&Entry::Grok(Box::new(job)), false);
            finish(&s, common, result)?;
        }
    }
    Ok(())
}

fn emitted(choice: EmitChoice) -> Option<Emit> {
    match choice {
        EmitChoice::Exe => None,
        EmitChoice::Ir => Some(Emit::Ir),
        EmitChoice::Typed => Some(Emit::Typed),
        EmitChoice::Lir => Some(Emit::Lir),
        EmitChoice::Bytecode => Some(Emit::Bytecode),
        EmitChoice::Clif => Some(Emit::Clif),
        EmitChoice::Asm => Some(Emit::Asm),
    }
}

fn emit(common: &Common, args: &BuildArgs, workspace: &Workspace, what: Emit, release: bool) -> Result<(), u8> {
    let (n, target) = program(workspace, args.bin.as_deref())?;
    let mut s = session(common, !release);
    let job = job(&args.package, Job::target(workspace, n, &target, release, false));
    let optimise = job.optimise;
    let text = s.emit(&Entry::Grok(Box::new(job)), what, optimise);
    match write_text(&finish(&s, common, text)?, args.output.as_deref()) {
        0 => Ok(()),
        status => Err(status),
    }
}

fn output(workspace: &Workspace, release: bool, name: &str) -> PathBuf {
    let profile = if release { "release" } else { "dev" };
    workspace.path("target").join(profile).join(name)
}

/// Builds one program through the cache: what did not change is only copied.
fn one(
    common: &Common,
    args: &BuildArgs,
    workspace: &Workspace,
    (n, target): (usize, &Target),
    release: bool,
    path: &Path,
) -> Result<(), u8> {
    let mut s = prepared(common, workspace, n, release);
    s.options.keep_symbols |= args.symbols;
    s.options.linker = super::linker(args.linker);
    let job = job(&args.package, Job::target(workspace, n, target, release, false));
    let cached = s.cached(&Entry::Grok(Box::new(job)));
    let cached = finish(&s, common, cached)?;
    copy(&cached, path).map_err(|error| report::error(&DriverError::Write { path: path.to_path_buf(), error }, common))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A program that runs cannot be written to, but its name can be given to another file.
    let partial = to.with_extension(format!("{}.partial", std::process::id()));
    std::fs::copy(from, &partial)?;
    std::fs::rename(partial, to)
}

/// A session with what the profile says about executables.
fn prepared(common: &Common, workspace: &Workspace, n: usize, release: bool) -> Session {
    let manifest = &workspace.members[n].manifest;
    let profile = if release { manifest.release } else { manifest.dev };
    let mut s = session(common, false);
    s.options.keep_symbols = profile.debug.unwrap_or(!release);
    s
}

/// Runs the program of the package.
pub fn run(common: &Common, args: &RunArgs) -> u8 {
    started(common, args).unwrap_or_else(|status| status)
}

fn started(common: &Common, args: &RunArgs) -> Result<u8, u8> {
    let workspace = load(common, &args.package)?;
    let (n, target) = program(&workspace, args.bin.as_deref())?;
    let mut s = prepared(common, &workspace, n, args.release);
    let job = job(&args.package, Job::target(&workspace, n, &target, args.release, false));
    let entry = Entry::Grok(Box::new(job));
    let argv: Vec<String> = std::iter::once(target.name.clone()).chain(args.after_dashes.iter().cloned()).collect();
    if args.engine == EngineChoice::Native && can_link() {
        let path = s.cached(&entry);
        return Ok(execute(&finish(&s, common, path)?, &argv, common));
    }
    let result = match args.engine {
        EngineChoice::Vm => s.run_interpreted(&entry, &argv),
        EngineChoice::Jit | EngineChoice::Native => s.run_in_memory(&entry, &argv),
    };
    finish(&s, common, result).map(|status| status as u8)
}

// Verbs on manifests.

/// Makes a package; `folder` is its own.
pub fn new(common: &Common, folder: &Path, library: bool) -> u8 {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    created(common, folder, &name, library)
}

/// Makes a package of the current folder.
pub fn init(common: &Common, library: bool) -> u8 {
    let here = std::env::current_dir().unwrap_or_default();
    let name = here.file_name().unwrap_or_default().to_string_lossy().into_owned();
    created(common, Path::new("."), &name, library)
}

fn created(common: &Common, folder: &Path, name: &str, library: bool) -> u8 {
    match package::new_package(folder, name, library) {
        Ok(()) => {
            if !common.quiet {
                say!("made the package `{name}`");
            }
            0
        }
        Err(NewError::Driver(e)) => report::error(&e, common),
        Err(e) => {
            eprintln!("error: {e}");
            2
        }
    }
}

/// Adds a path dependency.
pub fn add(common: &Common, name: &str, path: &Path, dev: bool) -> u8 {
    changed(common, |folder| {
        if !package::is_name(name) {
            return Ok(Err(format!(
                "`{name}` is no name of a package\nhelp: versions come with registries, which are not supported"
            )));
        }
        if !path.join(package::MANIFEST).is_file() {
            return Ok(Err(format!("there is no `{}`", path.join(package::MANIFEST).display())));
        }
        package::add(folder, name, path, dev).map(Ok)
    })
}

/// Removes a dependency.
pub fn remove(common: &Common, name: &str, dev: bool) -> u8 {
    changed(common, |folder| {
        Ok(match package::remove(folder, name, dev)? {
            true => Ok(()),
            false => Err(format!("the package does not depend on `{name}`")),
        })
    })
}

fn changed(common: &Common, change: impl FnOnce(&Path) -> Result<Result<(), String>, DriverError>) -> u8 {
    let Some(folder) = folder() else {
        eprintln!("error: there is no `{}` here or above", package::MANIFEST);
        return 2;
    };
    match change(&folder) {
        Ok(Ok(())) => 0,
        Ok(Err(why)) => {
            eprintln!("error: {why}");
            2
        }
        Err(e) => report::error(&e, common),
    }
}

pub fn tree(common: &Common, args: &PackageArgs) -> u8 {
    match load(common, args) {
        Ok(workspace) => {
            let text: Vec<String> = workspace.selected.iter().map(|&n| workspace.tree(n)).collect();
            write_text(&text.join("\n"), None)
        }
        Err(status) => status,
    }
}

/// Removes what was built in the package around the current folder; whether there is one.
pub fn clean(common: &Common) -> Option<u8> {
    let workspace = Workspace::load(&folder()?, &Selection::default()).ok()?;
    let target = workspace.path("target");
    Some(match std::fs::remove_dir_all(&target) {
        Ok(()) => {
            if !common.quiet {
                say!("removed {}", target.display());
            }
            0
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => report::error(&DriverError::Write { path: target, error }, common),
    })
}
