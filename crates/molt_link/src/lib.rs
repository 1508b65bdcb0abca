//! From objects and the runtime archive to an executable.
//!
//! Start with [`link_executable`]. The linker is the one inside ([`built_in`]) or the system's, reached through the C
//! compiler driver; sections that nothing refers to are dropped by both.
#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
pub mod built_in;
pub mod retention;
pub mod size;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What can go wrong outside the compiler.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("no linker found: tried {tried}")]
    NoLinker { tried: String },
    #[error("the runtime archive `{path}` is missing")]
    NoRuntime { path: PathBuf },
    #[error("cannot read `{path}`: {error}")]
    Read { path: PathBuf, error: std::io::Error },
    #[error("cannot write `{path}`: {error}")]
    Write { path: PathBuf, error: std::io::Error },
    #[error("cannot start `{linker}`: {error}")]
    Start { linker: String, error: std::io::Error },
    #[error("`{linker}` failed:\n{output}")]
    Failed { linker: String, output: String },
}

/// Drivers tried in order.
const DRIVERS: &[&str] = &["cc", "gcc", "clang"];

/// Drops what nothing refers to.
#[cfg(target_os = "macos")]
const FLAGS: &[&str] = &["-Wl,-dead_strip"];
#[cfg(not(target_os = "macos"))]
const FLAGS: &[&str] = &["-Wl,--gc-sections", "-Wl,--as-needed", "-Wl,-O1", "-Wl,-z,norelro"];

/// As for the linker inside; the archive has its own entry point.
const LINUX_FLAGS: &[&str] = &["-nostartfiles", "-no-pie", "-Wl,--no-eh-frame-hdr", "-Wl,-T"];

/// Addition to the linker's own layout: nothing unwinds the stack, so its tables go.
const LAYOUT: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.gcc_except_table*) *(.comment) } } INSERT AFTER .text;\n";

/// What goes into an executable.
#[derive(Debug)]
pub struct LinkJob<'a> {
    pub object: &'a [u8],
    pub runtime: &'a Path,
    pub output: &'a Path,
    /// Folder for the object while linking.
    pub scratch: &'a Path,
    /// Remove symbol names; else they stay, and with them the reasons why each part is there ([`retention`]).
    pub strip: bool,
    pub linker: Choice,
}

/// Which linkers may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Choice {
    /// The one inside where it knows the system, else the system's.
    #[default]
    Any,
    BuiltIn,
    System,
}

/// A linker that can be used here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Linker {
    #[cfg(target_os = "linux")]
    BuiltIn(built_in::CLibrary),
    /// A C compiler's driver.
    System(PathBuf),
}

/// The linker that would be used.
pub fn find_linker(choice: Choice) -> Option<Linker> {
    #[cfg(target_os = "linux")]
    if choice != Choice::System
        && let Some(library) = built_in::c_library()
    {
        return Some(Linker::BuiltIn(library));
    }
    if choice == Choice::BuiltIn {
        return None;
    }
    let path = std::env::var_os("PATH")?;
    let driver = |d: &&str| std::env::split_paths(&path).map(|p| p.join(d)).find(|f| f.is_file());
    DRIVERS.iter().find_map(driver).map(Linker::System)
}

/// Links; the output is written in place only when linking succeeded.
pub fn link_executable(job: &LinkJob<'_>) -> Result<(), LinkError> {
    if !job.runtime.is_file() {
        return Err(LinkError::NoRuntime { path: job.runtime.to_path_buf() });
    }
    let partial = job.output.with_extension("molt-partial");
    let note = match cfg!(target_os = "linux") && !job.strip {
        true => Some(reasons(job)?),
        false => None,
    };
    let note = note.as_deref();
    match find_linker(job.linker) {
        #[cfg(target_os = "linux")]
        Some(Linker::BuiltIn(library)) => write_executable(&partial, &built_in::link(job, note, &library)?)?,
        Some(Linker::System(driver)) => with_driver(&driver, job, note, &partial)?,
        None => {
            let built_in = (job.linker != Choice::System).then_some("the GNU C library for the built-in linker");
            let system = (job.linker != Choice::BuiltIn).then(|| DRIVERS.join(", "));
            let tried: Vec<String> = built_in.map(String::from).into_iter().chain(system).collect();
            return Err(LinkError::NoLinker { tried: tried.join(", ") });
        }
    }
    std::fs::rename(&partial, job.output).map_err(|error| LinkError::Write { path: job.output.to_path_buf(), error })
}

/// An object that says why each part of the executable is there.
fn reasons(job: &LinkJob<'_>) -> Result<Vec<u8>, LinkError> {
    let path = || job.runtime.to_path_buf();
    let archive = std::fs::read(job.runtime).map_err(|error| LinkError::Read { path: path(), error })?;
    retention::note(job.object, &archive).map_err(|e| LinkError::Failed { linker: "size report".into(), output: e })
}

#[cfg(target_os = "linux")]
fn write_executable(path: &Path, bytes: &[u8]) -> Result<(), LinkError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o777).open(path)?.write_all(bytes)
    };
    write().map_err(|error| LinkError::Write { path: path.to_path_buf(), error })
}

fn with_driver(linker: &Path, job: &LinkJob<'_>, note: Option<&[u8]>, partial: &Path) -> Result<(), LinkError> {
    let object = job.scratch.join(format!("molt-{}.o", std::process::id()));
    let write = |path: &Path, error| LinkError::Write { path: path.to_path_buf(), error };
    std::fs::create_dir_all(job.scratch).map_err(|e| write(job.scratch, e))?;
    std::fs::write(&object, job.object).map_err(|e| write(&object, e))?;
    let (script, reasons) = (object.with_extension("ld"), object.with_extension("note.o"));
    std::fs::write(&script, LAYOUT).map_err(|e| write(&script, e))?;
    let mut objects = vec![object.as_path()];
    if let Some(note) = note {
        std::fs::write(&reasons, note).map_err(|e| write(&reasons, e))?;
        objects.push(&reasons);
    }
    let result = run(linker, job, partial, &objects, &script);
    for scratch in objects.into_iter().chain([script.as_path()]) {
        // Failing to remove these harms nothing.
        let _ = std::fs::remove_file(scratch);
    }
    result
}

fn run(linker: &Path, job: &LinkJob<'_>, partial: &Path, objects: &[&Path], script: &Path) -> Result<(), LinkError> {
    let mut args: Vec<OsString> = vec!["-o".into(), partial.into()];
    args.extend(objects.iter().map(OsString::from));
    args.push(job.runtime.into());
    args.extend(FLAGS.iter().map(OsString::from));
    if cfg!(target_os = "linux") {
        args.extend(LINUX_FLAGS.iter().map(OsString::from));
        args.push(script.into());
    }
    args.extend(["-lpthread", "-ldl", "-lm", "-lc"].map(OsString::from));
    if job.strip {
        args.push("-s".into());
    }
    let name = linker.display().to_string();
    let output =
        Command::new(linker).args(&args).output().map_err(|error| LinkError::Start { linker: name.clone(), error })?;
    if !output.status.success() {
        return Err(LinkError::Failed { linker: name, output: String::from_utf8_lossy(&output.stderr).into_owned() });
    }
    Ok(())
}
