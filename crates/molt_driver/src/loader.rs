//! Finds and reads the program's own modules.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use molt_python::{Found, SourceLoader};

use crate::offered::Offered;

/// What a compilation touched of the file system.
#[derive(Default)]
pub struct Touched {
    /// Every file that was read, for the cache's manifest.
    pub read: Vec<PathBuf>,
    /// Every file that was looked for and absent; making one of them changes the program.
    pub absent: Vec<PathBuf>,
    /// Folders whose `.grok` files all take part.
    pub listed: Vec<PathBuf>,
    /// A file that is there but cannot be read.
    pub failed: Option<(PathBuf, std::io::Error)>,
}

impl Touched {
    /// Takes over what another part of the compilation touched.
    pub fn take(&mut self, other: Touched) {
        let failed = self.add(other);
        self.failed = self.failed.take().or(failed);
    }

    /// Takes over what another part of the compilation touched; gives the file that could not be read.
    pub fn add(&mut self, other: Touched) -> Option<(PathBuf, std::io::Error)> {
        self.read.extend(other.read);
        self.absent.extend(other.absent);
        self.listed.extend(other.listed);
        other.failed
    }
}

/// Looks modules up below the folder of the entry file, as CPython's `sys.path[0]` does.
pub(crate) struct FolderLoader<'a> {
    root: PathBuf,
    /// Modules of GrokLang that the program imports.
    offered: &'a Offered,
    /// The root as tracebacks show it.
    shown_root: PathBuf,
    touched: Mutex<Touched>,
}

impl FolderLoader<'_> {
    pub fn new<'a>(root: &Path, offered: &'a Offered) -> FolderLoader<'a> {
        let shown_root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        FolderLoader { root: root.to_path_buf(), offered, shown_root, touched: Mutex::default() }
    }

    pub fn into_touched(self) -> Touched {
        self.touched.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn touched(&self) -> MutexGuard<'_, Touched> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_file(&self, relative: &Path) -> Option<(Vec<u8>, String)> {
        let path = self.root.join(relative);
        match std::fs::read(&path) {
            Ok(bytes) => {
                self.touched().read.push(path);
                Some((bytes, self.shown_root.join(relative).display().to_string()))
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory) => {
                self.touched().absent.push(path);
                None
            }
            Err(e) => {
                self.touched().failed = Some((path, e));
                None
            }
        }
    }
}

impl FolderLoader<'_> {
    /// What stands in for the module of GrokLang at a place.
    fn find_grok(&self, base: &Path, dotted: &str) -> Option<Found> {
        let mut file = base.to_path_buf().into_os_string();
        file.push(".grok");
        let (text, filename) = self.try_file(Path::new(&file))?;
        let (source, left_out) = self.offered.stand_in(Path::new(&filename), dotted, &text);
        Some(Found { stands_in: Some(left_out), ..Found::python(source.into_bytes(), filename, false) })
    }

    /// The module of ClaudeLang at a place, whose name may be spelled with `-` for `_`.
    fn find_claude(&self, base: &Path) -> Option<Found> {
        let dashed = base.with_file_name(base.file_name()?.to_str()?.replace('_', "-"));
        let spellings = [Some(base.to_path_buf()), (dashed != base).then_some(dashed)];
        spellings.into_iter().flatten().find_map(|name| {
            let mut file = name.into_os_string();
            file.push(".cl");
            let relative = PathBuf::from(file);
            let (source, _) = self.try_file(&relative)?;
            let exports = molt_claude::exports(&String::from_utf8_lossy(&source));
            let filename = self.root.join(relative).display().to_string();
            Some(Found { source: Vec::new(), filename, is_package: false, foreign: Some(exports), stands_in: None })
        })
    }
}

impl SourceLoader for FolderLoader<'_> {
    fn find(&self, dotted: &str) -> Option<Found> {
        let base: PathBuf = dotted.split('.').collect();
        let package = base.join("__init__.py");
        let mut module = base.clone().into_os_string();
        module.push(".py");
        for (relative, is_package) in [(package, true), (PathBuf::from(module), false)] {
            if let Some((source, filename)) = self.try_file(&relative) {
                return Some(Found::python(source, filename, is_package));
            }
        }
        if let Some(found) = self.find_grok(&base, dotted).or_else(|| self.find_claude(&base)) {
            return Some(found);
        }
        // A folder without `__init__.py` is a namespace package.
        let namespace = self.root.join(&base).is_dir();
        namespace.then(|| Found::python(Vec::new(), String::new(), true))
    }
}
