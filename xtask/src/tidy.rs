//! Text rules: layers, file sizes, module docs, forbidden names.

use std::path::{Path, PathBuf};

use crate::toolchain::root;

/// Crates and the crates of this repository that they may name, lowest first.
const LAYERS: &[(&str, &[&str])] = &[
    ("molt_base", &[]),
    ("molt_abi", &[]),
    ("molt_diagnostics", &["molt_base"]),
    ("molt_claude_syntax", &["molt_base"]),
    ("molt_runtime", &["molt_abi", "molt_claude_syntax"]),
    ("molt_archive", &["molt_runtime"]),
    ("molt_ir", &["molt_base", "molt_abi"]),
    ("molt_opt", &["molt_base", "molt_abi", "molt_ir"]),
    ("molt_vm", &["molt_base", "molt_abi", "molt_ir"]),
    ("molt_cranelift", &["molt_base", "molt_abi", "molt_ir"]),
    ("molt_python", &["molt_base", "molt_abi", "molt_diagnostics", "molt_ir"]),
    ("molt_grok", &["molt_base", "molt_abi", "molt_diagnostics", "molt_ir", "molt_alloc"]),
    ("molt_claude", &["molt_base", "molt_abi", "molt_claude_syntax", "molt_diagnostics", "molt_ir", "molt_alloc"]),
    ("molt_link", &[]),
    ("molt_bench", &[]),
    ("molt_alloc", &[]),
    (
        "molt_driver",
        &[
            "molt_base",
            "molt_abi",
            "molt_diagnostics",
            "molt_ir",
            "molt_opt",
            "molt_runtime",
            "molt_python",
            "molt_grok",
            "molt_claude",
            "molt_claude_syntax",
            "molt_vm",
            "molt_cranelift",
            "molt_link",
        ],
    ),
    (
        "molt_filetest",
        &["molt_abi", "molt_ir", "molt_python", "molt_diagnostics", "molt_opt", "molt_vm", "molt_cranelift"],
    ),
    ("molt_lsp", &["molt_driver"]),
    ("molt", &["molt_driver", "molt_lsp", "molt_diagnostics", "molt_bench", "molt_alloc"]),
];

const MOST_LINES: usize = 1_500;
const FORBIDDEN_STEMS: &[&str] = &["utils", "util", "helpers", "common", "misc"];

pub fn run() -> Result<(), String> {
    let mut faults = Vec::new();
    layers(&mut faults);
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    rust_files(&root().join("xtask"), &mut files);
    for f in &files {
        file(f, &mut faults);
    }
    faults.extend(crate::mutants::stale()?);
    if faults.is_empty() {
        println!("tidy: {} files", files.len());
        return Ok(());
    }
    Err(format!("tidy:\n  {}", faults.join("\n  ")))
}

fn layers(faults: &mut Vec<String>) {
    for (krate, allowed) in LAYERS {
        let manifest = root().join("crates").join(krate).join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else {
            faults.push(format!("{krate}: no manifest"));
            continue;
        };
        for line in text.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let ours = LAYERS.iter().any(|(k, _)| *k == name);
            if ours && name != *krate && !allowed.contains(&name) {
                faults.push(format!("{krate} may not depend on {name}"));
            }
        }
    }
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for p in paths {
        if p.is_dir() && p.file_name().is_some_and(|n| n != "target") {
            rust_files(&p, out);
        } else if p.extension().is_some_and(|e| e == "rs") {
            out.push(p);
        }
    }
}

fn file(path: &Path, faults: &mut Vec<String>) {
    let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let Ok(text) = std::fs::read_to_string(path) else {
        faults.push(format!("{shown}: not readable as text"));
        return;
    };
    let is_table = text.contains("// Generated table");
    let lines = text.lines().count();
    if lines > MOST_LINES && !is_table {
        faults.push(format!("{shown}: {lines} lines, at most {MOST_LINES}"));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_string();
    if FORBIDDEN_STEMS.contains(&stem.as_str()) {
        faults.push(format!("{shown}: `{stem}` says nothing of what is in it"));
    }
    if path.ends_with("src/lib.rs") && !text.starts_with("//!") {
        faults.push(format!("{shown}: a crate opens with its purpose"));
    }
}
