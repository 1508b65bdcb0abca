//! Prints the semantic IR of a program: `cargo run -p molt_python --example ir -- FILE [--check]`.
//!
//! With `--check` nothing is printed but diagnostics and faults that the verifier finds.

use std::path::{Path, PathBuf};

use molt_ir::verify::{Stage, verify_function};
use molt_python::{CompileRequest, Found, SourceLoader, compile};

struct Files(PathBuf);

impl SourceLoader for Files {
    fn find(&self, dotted: &str) -> Option<Found> {
        let base = self.0.join(dotted.replace('.', "/"));
        for (path, is_package) in [(base.join("__init__.py"), true), (base.with_extension("py"), false)] {
            if let Ok(source) = std::fs::read(&path) {
                return Some(Found::python(source, path.display().to_string(), is_package));
            }
        }
        base.is_dir().then(|| Found::python(Vec::new(), String::new(), true))
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let check = args.iter().any(|a| a == "--check");
    let mut failed = false;
    for file in args.iter().filter(|a| !a.starts_with("--")) {
        failed |= !show(file, check);
    }
    std::process::exit(i32::from(failed));
}

fn show(file: &str, check: bool) -> bool {
    let source = std::fs::read(file).expect("the file can be read");
    let entry = Found::python(source, file.to_owned(), false);
    let folder = Path::new(file).parent().map(Path::to_owned).unwrap_or_default();
    let result = compile(&CompileRequest { entry: Some(entry), roots: Vec::new(), optimize: false }, &Files(folder));
    for d in &result.diagnostics {
        eprintln!("{}", molt_diagnostics::render(d, &result.sources, molt_diagnostics::RenderOptions::default()));
    }
    let mut good = !result.has_errors();
    if !good {
        return false;
    }
    for (id, func) in result.program.funcs.iter() {
        if !check {
            println!("{}", molt_ir::print::function(&result.program, id, func));
        }
        if let Err(fault) = verify_function(func, Stage::Semantic) {
            eprintln!("{file}: {id} {}: {fault}", result.program.names.text(func.qualname));
            good = false;
        }
    }
    good
}
