//! `molt fmt`.

use std::path::{Path, PathBuf};

use molt_driver::{DriverError, grok};

use crate::args::Common;
use crate::report;

/// Formats files in place, or says which are not formatted.
pub fn fmt(common: &Common, files: &[PathBuf], check: bool) -> u8 {
    let mut status = 0;
    for path in files {
        match one(path, check) {
            Ok(true) => {}
            Ok(false) => {
                println!("{}", path.display());
                status = status.max(1);
            }
            Err(e) => status = status.max(report::error(&e, common)),
        }
    }
    status
}

/// Whether the file is formatted now. What is not UTF-8 or not GrokLang is left alone and reported.
fn one(path: &Path, check: bool) -> Result<bool, DriverError> {
    let read = |error| DriverError::Read { path: path.to_path_buf(), error };
    if !grok::is_grok(path) {
        let error = std::io::Error::new(std::io::ErrorKind::Unsupported, "only `.grok` files are formatted");
        return Err(read(error));
    }
    let text = std::fs::read_to_string(path).map_err(read)?;
    let formatted = grok::format(&text);
    if formatted == text {
        return Ok(true);
    }
    if check {
        return Ok(false);
    }
    std::fs::write(path, formatted).map_err(|error| DriverError::Write { path: path.to_path_buf(), error })?;
    Ok(true)
}
