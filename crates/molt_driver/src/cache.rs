//! The cache of built programs, keyed by entry and options, valid while the content of every file that took part is
//! the same. Safe to delete at any time.

use std::path::{Path, PathBuf};

use crate::loader::Touched;

/// Folder of the cache: `MOLT_CACHE`, else `molt` below the user's cache folder.
pub fn folder() -> PathBuf {
    if let Some(dir) = std::env::var_os("MOLT_CACHE") {
        return dir.into();
    }
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    base.join("molt")
}

/// Identity of this toolchain: its version and the bytes of its executable and runtime as far as size and time of
/// change tell.
fn toolchain_id() -> String {
    let stamp = |p: &Path| {
        std::fs::metadata(p).ok().map(|m| format!("{}:{:?}", m.len(), m.modified().ok())).unwrap_or_default()
    };
    let exe = std::env::current_exe().map(|p| stamp(&p)).unwrap_or_default();
    let runtime = stamp(&crate::toolchain::runtime_archive());
    format!("{} {exe} {runtime}", env!("CARGO_PKG_VERSION"))
}

/// A place in the cache for one program.
pub struct Slot {
    executable: PathBuf,
    manifest: PathBuf,
}

impl Slot {
    /// The slot of a program named by `identity` (entry path and options).
    pub fn new(identity: &str) -> Slot {
        let key = blake3::hash(format!("{}\0{identity}", toolchain_id()).as_bytes()).to_hex();
        let base = folder().join("run").join(&key[..2]);
        Slot { executable: base.join(&key[2..32]), manifest: base.join(format!("{}.manifest", &key[2..32])) }
    }

    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// The executable if every file of its manifest is unchanged.
    pub fn lookup(&self) -> Option<&Path> {
        let manifest = std::fs::read_to_string(&self.manifest).ok()?;
        let valid = manifest.lines().all(|line| match line.split_once(' ') {
            Some(("-", path)) => !Path::new(path).exists(),
            Some((hash, path)) if hash.starts_with('/') => {
                text_hash(&crate::grok::listing(Path::new(path))) == hash[1..]
            }
            Some((hash, path)) => content_hash(Path::new(path)).as_deref() == Some(hash),
            None => false,
        });
        (valid && self.executable.is_file()).then_some(self.executable.as_path())
    }

    /// Records what the executable was made from.
    pub fn store(&self, touched: &Touched) -> std::io::Result<()> {
        let mut text = String::new();
        for p in &touched.read {
            let hash = content_hash(p).unwrap_or_default();
            text.push_str(&format!("{hash} {}\n", absolute(p).display()));
        }
        for p in &touched.absent {
            text.push_str(&format!("- {}\n", absolute(p).display()));
        }
        for folder in &touched.listed {
            let folder = absolute(folder);
            text.push_str(&format!("/{} {}\n", text_hash(&crate::grok::listing(&folder)), folder.display()));
        }
        let partial = self.manifest.with_extension(format!("{}.partial", std::process::id()));
        std::fs::write(&partial, text)?;
        std::fs::rename(partial, &self.manifest)
    }
}

fn absolute(p: &Path) -> PathBuf {
    std::path::absolute(p).unwrap_or_else(|_| p.to_path_buf())
}

fn content_hash(p: &Path) -> Option<String> {
    Some(blake3::hash(&std::fs::read(p).ok()?).to_hex()[..32].to_string())
}

fn text_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_string()
}

/// Removes the whole cache; returns the bytes freed.
pub fn clean() -> std::io::Result<u64> {
    let dir = folder();
    let bytes = folder_size(&dir);
    match std::fs::remove_dir_all(&dir) {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(e),
    }
}

fn folder_size(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|e| match e.metadata() {
            Ok(m) if m.is_dir() => folder_size(&e.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}
