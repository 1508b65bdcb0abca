//! The files that belong to the executable of this toolchain.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The runtime archive that programs are linked with.
pub fn runtime_archive() -> PathBuf {
    file("libmolt_archive.a")
}

/// The image of GrokLang's library.
pub fn grok_image() -> PathBuf {
    file("grok_library.image")
}

/// The image's bytes, which stay for the rest of the process. Without an image the front end reads the library's sources,
/// which takes longer and comes to the same.
pub fn grok_library() -> Option<&'static [u8]> {
    static IMAGE: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    IMAGE.get_or_init(|| std::fs::read(grok_image()).ok()).as_deref()
}

/// A file that belongs to this toolchain: beside the executable, in `lib` beside its folder, or, in a build tree, in the
/// folder of the profile `archive`.
fn file(name: &str) -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let beside = exe.with_file_name(name);
    let above = exe.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    let elsewhere = ["lib", "archive"].map(|folder| above.join(folder).join(name));
    if beside.is_file() { beside } else { elsewhere.into_iter().find(|p| p.is_file()).unwrap_or(beside) }
}
