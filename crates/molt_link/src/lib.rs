//! From objects and the runtime archive to an executable.
//!
//! Start with [`link_executable`]. The linker is the system's, reached through the C compiler driver that knows where
//! the start files are; sections that nothing refers to are dropped.
#![forbid(unsafe_code)]

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

/// At a fixed address, as the executables of Go are: without the relocations that a position-independent one
/// applies at each start, it is smaller, starts sooner and keeps its tables in pages shared by processes.
const LINUX_FLAGS: &[&str] = &["-no-pie", "-Wl,--no-eh-frame-hdr", "-Wl,-T"];

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
    /// Remove symbol names.
    pub strip: bool,
}

/// The linker driver that would be used.
pub fn find_linker() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    DRIVERS.iter().find_map(|d| std::env::split_paths(&path).map(|p| p.join(d)).find(|f| f.is_file()))
}

/// Links; the output is written in place only when linking succeeded.
pub fn link_executable(job: &LinkJob<'_>) -> Result<(), LinkError> {
    if !job.runtime.is_file() {
        return Err(LinkError::NoRuntime { path: job.runtime.to_path_buf() });
    }
    let linker = find_linker().ok_or_else(|| LinkError::NoLinker { tried: DRIVERS.join(", ") })?;
    let object = job.scratch.join(format!("molt-{}.o", std::process::id()));
    let write = |path: &Path, error| LinkError::Write { path: path.to_path_buf(), error };
    std::fs::create_dir_all(job.scratch).map_err(|e| write(job.scratch, e))?;
    std::fs::write(&object, job.object).map_err(|e| write(&object, e))?;
    let script = object.with_extension("ld");
    std::fs::write(&script, LAYOUT).map_err(|e| write(&script, e))?;
    let result = run(&linker, job, &object, &script);
    // These are scratch; failing to remove them harms nothing.
    let _ = (std::fs::remove_file(&object), std::fs::remove_file(&script));
    result
}

fn run(linker: &Path, job: &LinkJob<'_>, object: &Path, script: &Path) -> Result<(), LinkError> {
    let partial = job.output.with_extension("molt-partial");
    let mut args: Vec<OsString> = vec!["-o".into(), partial.clone().into(), object.into(), job.runtime.into()];
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
    std::fs::rename(&partial, job.output).map_err(|error| LinkError::Write { path: job.output.to_path_buf(), error })
}
