//! The archive of the toolchain: `molt` and the runtime archive, licences, the guide's first page and completions.
//!
//! ```text
//! molt-VERSION-ARCH-SYSTEM/
//!   bin/molt   bin/grok → molt   bin/claudelang → molt    lib/libmolt_archive.a   grok_library.image
//!   share/completions/molt.bash   _molt   molt.fish
//!   README.md   CHANGELOG.md   LICENSE-APACHE   LICENSE-MIT   licenses/…
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::{build_shipped, root, write_image};

const TEXTS: &[&str] = &["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// Shells with the names that their completion files have, and the command.
const COMPLETIONS: &[(&str, &str, &str)] = &[
    ("bash", "molt.bash", "molt"),
    ("zsh", "_molt", "molt"),
    ("fish", "molt.fish", "molt"),
    ("bash", "grok.bash", "grok"),
    ("zsh", "_grok", "grok"),
    ("fish", "grok.fish", "grok"),
];

/// Makes the archive in a folder, `target/dist` by default, and tries what it holds.
pub fn run(folder: Option<&str>) -> Result<(), String> {
    let out = folder.map_or_else(|| root().join("target/dist"), PathBuf::from);
    let name = format!("molt-{}-{}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH, std::env::consts::OS);
    let tree = out.join(&name);
    // The tree of an earlier run; a file of it must not get into this archive.
    let _ = std::fs::remove_dir_all(&tree);
    fill(&tree)?;
    try_out(&tree, &out.join("trial"))?;
    let archive = out.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.arg("czf").arg(&archive).arg("-C").arg(&out).arg(&name);
    finish(&mut tar, "tar")?;
    let bytes = std::fs::metadata(&archive).map_err(|e| e.to_string())?.len();
    println!("{} ({:.1} MB)", archive.display(), bytes as f64 / 1e6);
    Ok(())
}

fn fill(tree: &Path) -> Result<(), String> {
    let executable = build_shipped()?;
    copy(&executable, &tree.join("bin/molt"))?;
    for name in ["grok", "claudelang"] {
        std::os::unix::fs::symlink("molt", tree.join("bin").join(name)).map_err(|e| format!("bin/{name}: {e}"))?;
    }
    copy(&crate::toolchain::archive(), &tree.join("lib/libmolt_archive.a"))?;
    write_image(&executable, &tree.join("lib/grok_library.image"))?;
    for text in TEXTS {
        copy(&root().join(text), &tree.join(text))?;
    }
    for (shell, file, tool) in COMPLETIONS {
        let output = Command::new(tree.join("bin").join(tool))
            .args(["completions", shell])
            .output()
            .map_err(|e| e.to_string())?;
        if !output.status.success() || output.stdout.is_empty() {
            return Err(format!("no completions for {shell}"));
        }
        write(&tree.join("share/completions").join(file), &output.stdout)?;
    }
    third_party(tree)
}

/// The licences of the crates inside, one file a crate, from the sources that cargo built from.
fn third_party(tree: &Path) -> Result<(), String> {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()?]).current_dir(root());
    let output = command.output().map_err(|e| format!("cannot start cargo: {e}"))?;
    let value: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let mut list = String::new();
    for package in value["packages"].as_array().into_iter().flatten().filter(|p| !p["source"].is_null()) {
        let text = |key: &str| package[key].as_str().unwrap_or("unknown").to_string();
        list.push_str(&format!("{} {}: {}\n", text("name"), text("version"), text("license")));
        let folder = PathBuf::from(text("manifest_path"));
        for file in licence_files(folder.parent().unwrap_or(Path::new("/"))) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            copy(&file, &tree.join("licenses").join(text("name")).join(name))?;
        }
    }
    write(&tree.join("licenses/LIST"), list.as_bytes())
}

/// Licences and notices in the folder of a crate and in the folders right below it.
fn licence_files(folder: &Path) -> Vec<PathBuf> {
    const WORDS: &[&str] = &["LICENSE", "LICENCE", "COPYING", "NOTICE"];
    let entries =
        |d: &Path| -> Vec<PathBuf> { std::fs::read_dir(d).into_iter().flatten().flatten().map(|e| e.path()).collect() };
    let is_licence = |p: &PathBuf| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        p.is_file() && !name.ends_with(".RS") && WORDS.iter().any(|w| name.contains(w))
    };
    let here = entries(folder);
    let below = here.iter().filter(|p| p.is_dir()).flat_map(|d| entries(d)).collect::<Vec<_>>();
    here.iter().chain(&below).filter(|p| is_licence(p)).cloned().collect()
}

/// Target triple of this machine.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|e| format!("cannot start rustc: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|l| l.strip_prefix("host: ")).map(str::to_string).ok_or_else(|| "rustc names no host".into())
}

/// The unpacked toolchain builds a program that runs.
fn try_out(tree: &Path, scratch: &Path) -> Result<(), String> {
    let (source, program) = (scratch.join("trial.py"), scratch.join("trial"));
    write(&source, b"print(sum(range(10)))\n")?;
    let mut build = Command::new(tree.join("bin/molt"));
    build.arg("build").arg(&source).arg("-o").arg(&program).env("MOLT_CACHE", scratch.join("cache"));
    finish(&mut build, "the packed molt")?;
    let printed = Command::new(&program).output().map_err(|e| e.to_string())?.stdout;
    std::fs::remove_dir_all(scratch).map_err(|e| e.to_string())?;
    if printed == b"45\n" { Ok(()) } else { Err("the packed toolchain builds programs that do not run".into()) }
}

fn finish(command: &mut Command, what: &str) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot start {what}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed")) }
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    parent(to)?;
    std::fs::copy(from, to).map(|_| ()).map_err(|e| format!("{}: {e}", from.display()))
}

fn write(to: &Path, bytes: &[u8]) -> Result<(), String> {
    parent(to)?;
    std::fs::write(to, bytes).map_err(|e| format!("{}: {e}", to.display()))
}

fn parent(to: &Path) -> Result<(), String> {
    let dir = to.parent().expect("files lie in a folder");
    std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))
}
