//! Every program of the repository goes through front end and passes with verifier and certifier between them.
//! `MOLT_PROGRAMS` names a folder of further ones; those that the front end refuses are left out.

use std::path::{Path, PathBuf};

use molt_diagnostics::{RenderOptions, render};
use molt_opt::pipeline;
use molt_python::{CompileRequest, Found, SourceLoader};

struct NoModules;

impl SourceLoader for NoModules {
    fn find(&self, _: &str) -> Option<Found> {
        None
    }
}

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files: Vec<PathBuf> = ["bench", "examples", "tests/programs"]
        .iter()
        .filter_map(|d| std::fs::read_dir(root.join(d)).ok())
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "py"))
        .collect();
    files.sort();
    files
}

#[test]
fn further_programs_stay_well_formed() {
    let Some(folder) = std::env::var_os("MOLT_PROGRAMS") else { return };
    let mut files = Vec::new();
    python_files(Path::new(&folder), &mut files);
    let (mut done, mut refused, mut failures) = (0, 0, Vec::new());
    for path in files {
        match through_passes(&path) {
            Ok(()) => done += 1,
            Err(Failure::Refused(_)) => refused += 1,
            Err(Failure::Defect(e)) => failures.push(e),
        }
    }
    println!("{done} well formed, {refused} refused");
    assert!(failures.is_empty(), "{} programs fail\n{}", failures.len(), failures.join("\n\n"));
}

fn python_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let p = entry.path();
        if p.is_dir() {
            python_files(&p, out);
        } else if p.extension().is_some_and(|e| e == "py") {
            out.push(p);
        }
    }
    out.sort();
}

enum Failure {
    Refused(String),
    Defect(String),
}

fn through_passes(path: &Path) -> Result<(), Failure> {
    let source = std::fs::read(path).expect("the program is readable");
    let entry = Found::python(source, path.display().to_string(), false);
    let result =
        molt_python::compile(&CompileRequest { entry: Some(entry), roots: Vec::new(), optimize: false }, &NoModules);
    if result.has_errors() {
        let text: Vec<String> =
            result.diagnostics.iter().map(|d| render(d, &result.sources, RenderOptions::default())).collect();
        return Err(Failure::Refused(format!("{}:\n{}", path.display(), text.join("\n"))));
    }
    let mut program = result.program;
    let options = pipeline::Options { verify: true, ..pipeline::Options::default() };
    match pipeline::run(&mut program, &options) {
        Ok(_) => Ok(()),
        Err(e) => Err(Failure::Defect(format!("{}: {e}", path.display()))),
    }
}

#[test]
fn programs_stay_well_formed_through_every_pass() {
    let mut failures = Vec::new();
    for path in programs() {
        match through_passes(&path) {
            Ok(()) => {}
            Err(Failure::Refused(e) | Failure::Defect(e)) => failures.push(e),
        }
    }
    assert!(failures.is_empty(), "{} programs fail\n{}", failures.len(), failures.join("\n\n"));
}
