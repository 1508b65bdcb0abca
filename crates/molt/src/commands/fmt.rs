//! `molt fmt`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use molt_driver::files::files_of;
use molt_driver::package::Format;
use molt_driver::{DriverError, claude, grok};

use super::packages;
use crate::args::{Common, PackageArgs};
use crate::report;
use crate::report::say;

/// Formats files in place, or says which are not formatted.
pub fn fmt(common: &Common, files: Vec<PathBuf>, packages: Vec<String>, check: bool) -> u8 {
    let files = if files.is_empty() { package_files(common, packages) } else { named_files(common, &files) };
    let files = match files {
        Ok(files) => files,
        Err(status) => return status,
    };
    let mut status = 0;
    for (path, style) in files {
        match one(common, &path, style, check) {
            Ok(true) => {}
            Ok(false) => {
                say!("{}", path.display());
                status = status.max(1);
            }
            Err(found) => status = status.max(found),
        }
    }
    status
}

/// The files of the packages around the current folder, with the style of each.
fn package_files(common: &Common, packages: Vec<String>) -> Result<Vec<(PathBuf, Format)>, u8> {
    let workspace = packages::load(common, &PackageArgs { packages, ..PackageArgs::default() })?;
    let mut files = Vec::new();
    for (_, member) in workspace.selected() {
        for folder in ["src", "tests"] {
            let listing = grok::listing(&member.manifest.path(folder));
            files.extend(listing.lines().map(|f| (PathBuf::from(f), member.manifest.format)));
        }
    }
    Ok(files)
}

/// The files that were named, and those in folders that were.
fn named_files(common: &Common, names: &[PathBuf]) -> Result<Vec<(PathBuf, Format)>, u8> {
    let has_style = |f: &Path| grok::is_grok(f) || claude::is_claude(f);
    let mut files = Vec::new();
    for name in names {
        let found = files_of(name, has_style).map_err(|e| report::error(&e, common))?;
        files.extend(found.into_iter().map(|f| (f, Format::default())));
    }
    Ok(files)
}

/// Whether the file is formatted now. What is not UTF-8, in another language or has no style because of its faults is left
/// alone and reported.
fn one(common: &Common, path: &Path, style: Format, check: bool) -> Result<bool, u8> {
    let error = |e: DriverError| report::error(&e, common);
    let read = |error| DriverError::Read { path: path.to_path_buf(), error };
    if !grok::is_grok(path) && !claude::is_claude(path) {
        let wrong = std::io::Error::new(ErrorKind::Unsupported, "only `.grok` and `.cl` files are formatted");
        return Err(error(read(wrong)));
    }
    let text = std::fs::read_to_string(path).map_err(|e| error(read(e)))?;
    let formatted = if claude::is_claude(path) {
        let name = path.display().to_string();
        claude::format(&name, &text).map_err(|faults| super::claude::refused(faults, common))?
    } else {
        grok::format(&text, style)
    };
    if formatted == text {
        return Ok(true);
    }
    if check {
        return Ok(false);
    }
    let written = std::fs::write(path, formatted);
    written.map_err(|e| error(DriverError::Write { path: path.to_path_buf(), error: e })).map(|()| true)
}
