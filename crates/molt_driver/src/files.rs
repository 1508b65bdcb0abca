//! The files of folders.

use std::path::{Path, PathBuf};

use crate::DriverError;

/// A file, or those of a kind below a folder in the order of their names. What tools make is left out: hidden folders, what
/// was built, and packages of others.
pub fn files_of(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, DriverError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let (mut folders, mut files) = (vec![path.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        let failed = |error| DriverError::Read { path: folder.clone(), error };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A link to a folder is not followed: it may lead back.
            let is_folder = entry.file_type().map_err(failed)?.is_dir();
            let path = entry.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_made = name.starts_with('.') || matches!(&*name, "target" | "claude_modules");
            match is_folder {
                true if !is_made => folders.push(path),
                false if is_wanted(&path) => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}
