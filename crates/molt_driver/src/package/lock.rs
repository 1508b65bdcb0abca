//! `grok.lock`: which packages a build is made of. Path packages have no hash, because their content is the author's to
//! change; the cache looks at every file anyway.

use std::path::{Component, Path, PathBuf};

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::Workspace;
use crate::session::DriverError;

const NAME: &str = "grok.lock";
const HEAD: &str = "# Written by the package manager; not meant to be edited by hand.\n";

/// Writes the lock if it says something else; with `locked` that is reported instead.
pub fn lock(workspace: &mut Workspace, locked: bool) -> Result<(), DriverError> {
    let path = workspace.folder.join(NAME);
    let wanted = text(workspace);
    let found = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(DriverError::Read { path, error }),
    };
    if found.as_deref() == Some(&*wanted) {
        return Ok(());
    }
    if locked {
        let what = if found.is_some() { "does not fit the manifests" } else { "is missing" };
        let message = format!("`{NAME}` {what}, and `--locked` forbids to write it");
        workspace.diagnostics.push(Diagnostic::new(&grok::LOCK_OUT_OF_DATE, message));
        return Ok(());
    }
    std::fs::write(&path, wanted).map_err(|error| DriverError::Write { path, error })
}

fn text(workspace: &Workspace) -> String {
    let mut packages: Vec<Table> = Vec::new();
    for member in &workspace.members {
        let mut names: Vec<&str> =
            member.dependencies.iter().map(|e| workspace.members[e.package].name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut table = Table::new();
        table["name"] = value(&member.name);
        if let Some(package) = &member.manifest.package {
            table["version"] = value(package.version.to_string());
        }
        table["path"] = value(relative(&workspace.folder, &member.identity));
        if !names.is_empty() {
            table["dependencies"] = value(Array::from_iter(names));
        }
        packages.push(table);
    }
    let key = |t: &Table, k: &str| t.get(k).and_then(Item::as_str).unwrap_or_default().to_owned();
    packages.sort_by_key(|t| (key(t, "name"), key(t, "path")));
    let mut document = DocumentMut::new();
    document["version"] = value(1);
    document["package"] = Item::ArrayOfTables(ArrayOfTables::from_iter(packages));
    format!("{HEAD}{document}")
}

/// The way from one folder to another, with `/`.
pub fn relative(from: &Path, to: &Path) -> String {
    let from = from.canonicalize().unwrap_or_else(|_| from.to_path_buf());
    let (from, to): (Vec<Component>, Vec<Component>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - common);
    let way: PathBuf = up.chain(to[common..].iter().copied()).collect();
    if way.as_os_str().is_empty() { ".".into() } else { way.display().to_string().replace('\\', "/") }
}
