//! The release toolchain that tests and benchmarks run.

use std::path::{Path, PathBuf};

/// Builds `molt`, the runtime archive and the image of GrokLang's library.
pub fn build() -> Result<(), String> {
    crate::cargo(&["build", "--release", "--locked", "-q", "-p", "molt"])?;
    build_archive()?;
    write_image(&molt(), &image())
}

/// Builds the runtime archive.
pub fn build_archive() -> Result<(), String> {
    crate::cargo(&["build", "--profile", "archive", "--locked", "-q", "-p", "molt_archive"])
}

/// Builds `molt` as it is shipped; gives its path.
pub fn build_shipped() -> Result<PathBuf, String> {
    crate::cargo(&["build", "--profile", "dist", "--locked", "-q", "-p", "molt"])?;
    Ok(built("dist", "molt"))
}

/// Writes the image of the library that an executable reads.
pub fn write_image(molt: &Path, image: &Path) -> Result<(), String> {
    let mut write = std::process::Command::new(molt);
    write.arg("library-image").arg(image);
    match write.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`molt library-image` ended with {status}")),
        Err(e) => Err(format!("cannot start {}: {e}", molt.display())),
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    // The variable of the run, not of the build: a target folder may be shared by several clones.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().expect("xtask lies in the repository").to_path_buf()
}

/// The built executable.
pub fn molt() -> PathBuf {
    built("release", "molt")
}

/// The built runtime archive.
pub fn archive() -> PathBuf {
    built("archive", "libmolt_archive.a")
}

/// The image of GrokLang's library that the executable reads.
pub fn image() -> PathBuf {
    built("archive", "grok_library.image")
}

fn built(profile: &str, file: &str) -> PathBuf {
    target().join(profile).join(file)
}

/// Where builds go.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The reference interpreter, if this machine has one: `MOLT_REFERENCE`, else `python3.13`.
pub fn reference() -> Option<PathBuf> {
    if let Some(p) = std::env::var_os("MOLT_REFERENCE") {
        return Some(p.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|d| d.join("python3.13")).find(|f| f.is_file() && is_reference(f))
}

/// Whether a file is the reference: version managers leave launchers that do not run.
fn is_reference(file: &Path) -> bool {
    let output = std::process::Command::new(file).arg("--version").output();
    output.is_ok_and(|o| o.status.success() && o.stdout.starts_with(b"Python 3.13"))
}
