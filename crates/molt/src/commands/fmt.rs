//! `molt fmt`.

use std::path::{Path, PathBuf};

use molt_driver::package::Format;
use molt_driver::{DriverError, grok};

use super::packages;
use crate::args::{Common, PackageArgs};
use crate::report;
use crate::report::say;

/// Formats files in place, or says which are not formatted.
pub fn fmt(common: &Common, files: Vec<PathBuf>, packages: Vec<String>, check: bool) -> u8 {
    let files = if files.is_empty() {
        match package_files(common, packages) {
            Ok(files) => files,
            Err(status) => return status,
        }
    } else {
        files.into_iter().map(|f| (f, Format::default())).collect()
    };
    let mut status = 0;
    for (path, style) in files {
        match one(&path, style, check) {
            Ok(true) => {}
            Ok(false) => {
                say!("{}", path.display());
                status = status.max(1);
            }
            Err(e) => status = status.max(report::error(&e, common)),
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

/// Whether the file is formatted now. What is not UTF-8 or not GrokLang is left alone and reported.
fn one(path: &Path, style: Format, check: bool) -> Result<bool, DriverError> {
    let read = |error| DriverError::Read { path: path.to_path_buf(), error };
    if !grok::is_grok(path) {
        let error = std::io::Error::new(std::io::ErrorKind::Unsupported, "only `.grok` files are formatted");
        return Err(read(error));
    }
    let text = std::fs::read_to_string(path).map_err(read)?;
    let formatted = grok::format(&text, style);
    if formatted == text {
        return Ok(true);
    }
    if check {
        return Ok(false);
    }
    std::fs::write(path, formatted).map_err(|error| DriverError::Write { path: path.to_path_buf(), error })?;
    Ok(true)
}
