//! `claudelang doc`.

use std::path::{Path, PathBuf};

use molt_driver::claude::packages::{self, Project};

use super::super::{doc, finish, session};
use crate::args::Common;
use crate::report;

/// Writes pages of files; of those of a package under its name.
pub fn doc(common: &Common, named: Vec<PathBuf>, output: &Path) -> Result<u8, u8> {
    let files: Vec<(String, PathBuf)> = super::files(common, named)?.into_iter().map(|f| (module(&f), f)).collect();
    let (name, version) = match &files[..] {
        [(module, _)] => (module.clone(), String::new()),
        _ => title(common)?,
    };
    let mut s = session(common, false);
    let pages = s.document_claude(&files, &name, &version);
    doc::write_files(common, finish(&s, common, pages)?, output).map(|()| 0)
}

/// Name and version of the package around the current folder, else the name of the folder.
fn title(common: &Common) -> Result<(String, String), u8> {
    let here = Path::new(".");
    let Some(folder) = packages::find(here) else { return Ok((packages::name_of(here), String::new())) };
    match Project::load(&folder, None).map_err(|e| report::error(&e, common))? {
        Ok(project) => Ok(project.name_and_version()),
        Err(faults) => Err(super::refused(faults, common)),
    }
}

/// The name of the module in a file: its path without the ending, with points between.
fn module(file: &Path) -> String {
    let bare = file.with_extension("");
    let parts = bare.components().filter_map(|c| match c {
        std::path::Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join(".")
}
