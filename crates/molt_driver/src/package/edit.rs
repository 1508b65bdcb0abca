//! Changes of a manifest that keep its layout and comments.

use std::path::Path;

use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

use super::MANIFEST;
use super::lock::relative;
use crate::session::DriverError;

/// Adds a path dependency, or replaces one of that name.
pub fn add(folder: &Path, name: &str, path: &Path, dev: bool) -> Result<(), DriverError> {
    // The command was given a path from the current folder; the manifest has one from its own.
    let path = path.canonicalize().map_err(|error| DriverError::Read { path: path.to_path_buf(), error })?;
    let path = relative(folder, &path);
    change(folder, |document| {
        let table = document.entry(table_name(dev)).or_insert(Item::Table(Table::new()));
        let mut dependency = InlineTable::new();
        dependency.insert("path", path.into());
        if let Some(table) = table.as_table_like_mut() {
            table.insert(name, value(dependency));
        }
        true
    })
    .map(|_| ())
}

/// Removes a dependency; whether there was one.
pub fn remove(folder: &Path, name: &str, dev: bool) -> Result<bool, DriverError> {
    change(folder, |document| {
        let table = document.get_mut(table_name(dev)).and_then(Item::as_table_like_mut);
        table.is_some_and(|t| t.remove(name).is_some())
    })
}

fn table_name(dev: bool) -> &'static str {
    if dev { "dev-dependencies" } else { "dependencies" }
}

/// Rewrites the manifest if the change says that it did something.
fn change(folder: &Path, edit: impl FnOnce(&mut DocumentMut) -> bool) -> Result<bool, DriverError> {
    let path = folder.join(MANIFEST);
    let read = |error| DriverError::Read { path: path.clone(), error };
    let text = std::fs::read_to_string(&path).map_err(read)?;
    let mut document: DocumentMut =
        text.parse().map_err(|e| read(std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{e}"))))?;
    if !edit(&mut document) {
        return Ok(false);
    }
    std::fs::write(&path, document.to_string()).map_err(|error| DriverError::Write { path, error })?;
    Ok(true)
}
