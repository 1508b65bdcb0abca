//! Gives the compiler a number for its own sources, so that an image of the library is read only by what wrote it.

use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// What the image depends on: the library, the front end, and the foundations it is written with.
const FOLDERS: &[&str] = &["library", "src", "../molt_base/src"];

fn main() {
    let mut hasher = DefaultHasher::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for file in files(Path::new(folder)) {
            hasher.write(file.as_os_str().as_encoded_bytes());
            hasher.write(&std::fs::read(&file).expect("a file of the folder can be read"));
        }
    }
    println!("cargo::rustc-env=GROK_SOURCES={}", hasher.finish());
}

/// All files below a folder, in the order of their paths.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("the folder can be read").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] }).collect()
}
