//! GrokLang programs: their files and their front end.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use molt_grok::compile::{self, Compiled};
use molt_grok::hir::front::{Loader, Options, PackageSource};

use crate::loader::Touched;

/// Reads files from the disk and remembers which.
struct DiskLoader(Arc<Mutex<Touched>>);

impl Loader for DiskLoader {
    fn read(&mut self, path: &str) -> Option<String> {
        let mut touched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let path = PathBuf::from(path);
        match std::fs::read(&path) {
            Ok(bytes) => {
                touched.read.push(path);
                // What is not UTF-8 becomes a character that the lexer refuses where it stands.
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                touched.absent.push(path);
                None
            }
            Err(e) => {
                touched.failed = Some((path, e));
                None
            }
        }
    }

    fn list(&mut self, folder: &str) -> Vec<String> {
        let mut out = Vec::new();
        list_into(Path::new(folder), &mut out);
        out.sort();
        out
    }
}

fn list_into(folder: &Path, out: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            list_into(&path, out);
        } else if path.extension().is_some_and(|e| e == "grok") {
            out.push(path.display().to_string());
        }
    }
}

/// Whether a file is in GrokLang, by its name.
pub fn is_grok(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "grok")
}

/// Compiles a file by itself (section 9: a package of its own).
pub fn compile_file(path: &Path) -> (Compiled, Touched) {
    let touched = Arc::new(Mutex::new(Touched::default()));
    let package = PackageSource { name: "main".into(), root: path.display().to_string(), ..PackageSource::default() };
    let compiled = compile::compile(vec![package], Box::new(DiskLoader(touched.clone())), Options::default());
    let touched = std::mem::take(&mut *touched.lock().unwrap_or_else(PoisonError::into_inner));
    (compiled, touched)
}

/// The text of a file in the one style.
pub fn format(text: &str) -> String {
    molt_grok::syntax::format::format(text, molt_grok::syntax::format::FormatOptions::default())
}
