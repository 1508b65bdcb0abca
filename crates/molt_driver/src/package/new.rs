//! `new` and `init`: the files of a fresh package.

use std::path::{Path, PathBuf};

use super::{MANIFEST, is_name};
use crate::session::DriverError;

/// Why no package was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    #[error("`{0}` is no name for a package: letters, digits, `_` and `-`, a letter first")]
    Name(String),
    #[error("`{0}` is there already")]
    Exists(PathBuf),
    #[error("{0}")]
    Driver(#[from] DriverError),
}

const PROGRAM: &str = "fn main() {\n    println!(\"Hello, world!\");\n}\n";
const LIBRARY: &str = "/// The sum of two numbers.\n\
///\n\
/// ```\n\
/// use NAME::add;\n\
/// assert_eq!(add(2, 2), 4);\n\
/// ```\n\
pub fn add(a: i64, b: i64) -> i64 {\n    a + b\n}\n\n\
#[cfg(test)]\nmod tests {\n    use super::add;\n\n    #[test]\n    fn two_and_two_are_four() {\n        assert_eq!(add(2, 2), 4);\n    }\n}\n";

/// Writes manifest, source and `.gitignore` into a folder; sources that are there stay.
pub fn new_package(folder: &Path, name: &str, library: bool) -> Result<(), NewError> {
    if !is_name(name) {
        return Err(NewError::Name(name.to_owned()));
    }
    let manifest = folder.join(MANIFEST);
    if manifest.exists() {
        return Err(NewError::Exists(manifest));
    }
    let text = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2026\"\n\n[dependencies]\n");
    write(&manifest, &text)?;
    let (file, source) = if library { ("src/lib.grok", LIBRARY) } else { ("src/main.grok", PROGRAM) };
    let has_source = ["src/lib.grok", "src/main.grok"].iter().any(|f| folder.join(f).exists());
    if !has_source {
        write(&folder.join(file), &source.replace("NAME", &name.replace('-', "_")))?;
    }
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        write(&ignore, "/target\n")?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), DriverError> {
    let failed = |error| DriverError::Write { path: path.to_path_buf(), error };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
