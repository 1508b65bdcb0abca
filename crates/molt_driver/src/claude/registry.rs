//! A registry in a folder: `NAME/VERSION/` is a package with its manifest.

use std::path::{Path, PathBuf};

use semver::Version;
use sha2::{Digest, Sha256};

use crate::session::DriverError;

/// A folder of packages.
#[derive(Clone, Debug)]
pub struct Registry {
    pub folder: PathBuf,
}

/// What never belongs to a package, beside hidden files.
const NO_PARTS: &[&str] = &[molt_claude::lookup::PACKAGES, super::lock::NAME];

/// Whether something can be the name of a package, and so of a folder.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}

impl Registry {
    /// The names of all packages, in order.
    pub fn names(&self) -> Result<Vec<String>, DriverError> {
        let mut names: Vec<String> = entries(&self.folder)?.into_iter().filter(|n| is_name(n)).collect();
        names.sort();
        Ok(names)
    }

    /// The versions of a package, the highest first; none if there is no such package.
    pub fn versions(&self, name: &str) -> Result<Option<Vec<Version>>, DriverError> {
        let folder = self.folder.join(name);
        if !is_name(name) || !folder.is_dir() {
            return Ok(None);
        }
        let mut all: Vec<Version> = entries(&folder)?.iter().filter_map(|n| n.parse().ok()).collect();
        all.sort_by(|a, b| b.cmp(a));
        Ok((!all.is_empty()).then_some(all))
    }

    pub fn package(&self, name: &str, version: &Version) -> PathBuf {
        self.folder.join(name).join(version.to_string())
    }
}

/// The names in a folder that are UTF-8.
fn entries(folder: &Path) -> Result<Vec<String>, DriverError> {
    let failed = |error| DriverError::Read { path: folder.to_path_buf(), error };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}

/// The files of a package by their paths below its folder, with `/`, in order. Links are refused: they lead out of it.
pub fn files(folder: &Path) -> Result<Vec<String>, DriverError> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(below) = waiting.pop() {
        for name in entries(&folder.join(&below))? {
            if name.starts_with('.') || NO_PARTS.contains(&name.as_str()) {
                continue;
            }
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            let whole = folder.join(&path);
            let kind =
                std::fs::symlink_metadata(&whole).map_err(|error| DriverError::Read { path: whole.clone(), error })?;
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() {
                found.push(path);
            } else {
                let error = std::io::Error::other("a package has files and folders only");
                return Err(DriverError::Read { path: whole, error });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// SHA-256 of a package as hexadecimal digits: of each file in order the length of its path, the path, the length of the
/// contents and the contents, lengths in eight bytes, the lowest first.
pub fn sum(folder: &Path) -> Result<String, DriverError> {
    let mut hash = Sha256::new();
    for path in files(folder)? {
        let whole = folder.join(&path);
        let bytes = std::fs::read(&whole).map_err(|error| DriverError::Read { path: whole, error })?;
        for part in [path.as_bytes(), &bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Copies files of a package into a folder, which is complete or not there.
pub fn copy(from: &Path, files: &[String], to: &Path) -> Result<(), DriverError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |error| DriverError::Write { path, error }
    };
    let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let partial = to.with_file_name(format!(".{name}.partial"));
    remove(&partial)?;
    for file in files {
        let target = partial.join(file);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        std::fs::copy(from.join(file), &target).map_err(failed(&target))?;
    }
    remove(to)?;
    std::fs::rename(&partial, to).map_err(failed(to))
}

/// Removes a folder with all that is in it, if it is there.
pub fn remove(folder: &Path) -> Result<(), DriverError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DriverError::Write { path: folder.to_path_buf(), error })
        }
        _ => Ok(()),
    }
}

/// Whether a path fits a pattern: `*` is anything but `/`, `**` anything; a folder means all below it.
pub fn fits(pattern: &str, path: &str) -> bool {
    fn matches(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => path.is_empty() || path[0] == b'/',
            [b'*', b'*', rest @ ..] => {
                let rest = rest.strip_prefix(b"/").unwrap_or(rest);
                (0..=path.len()).any(|n| matches(rest, &path[n..]))
            }
            [b'*', rest @ ..] => {
                let most = path.iter().position(|&b| b == b'/').unwrap_or(path.len());
                (0..=most).any(|n| matches(rest, &path[n..]))
            }
            [b, rest @ ..] => path.first() == Some(b) && matches(rest, &path[1..]),
        }
    }
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    matches(pattern.as_bytes(), path.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_files_and_folders() {
        for (pattern, path) in [
            ("src", "src/a.cl"),
            ("src/", "src/b/a.cl"),
            ("*.md", "a.md"),
            ("**/*.cl", "a/b/c.cl"),
            ("**/*.cl", "c.cl"),
            ("a*c", "abc"),
            ("./a", "a"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in
            [("src", "srcs/a.cl"), ("*.md", "a/b.md"), ("a", "b/a"), ("src/*.cl", "src/a.md"), ("ab", "a")]
        {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn names_are_no_paths() {
        assert!(["json-tools", "a", "b2_c"].iter().all(|n| is_name(n)));
        assert!(["", "..", "a/b", "A", "2a", "a.b", ".a"].iter().all(|n| !is_name(n)));
    }
}
