//! Other ways to run Python programs, where this machine has them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use molt_bench::Contestant;

/// Which peers take part.
pub enum Choice {
    None,
    /// All that are found.
    Found,
    /// Those of these names that are found.
    Named(Vec<String>),
}

impl Choice {
    pub fn of(text: &str) -> Choice {
        match text {
            "none" => Choice::None,
            "found" => Choice::Found,
            names => Choice::Named(names.split(',').map(str::to_string).collect()),
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Choice::None => false,
            Choice::Found => true,
            Choice::Named(names) => names.iter().any(|n| n == name),
        }
    }
}

/// How a peer is used.
#[derive(Clone, Copy)]
enum Kind {
    /// Runs the source.
    Interpreter,
    /// `codon build -release`.
    Codon,
    /// `python -m nuitka`, an executable.
    Nuitka,
    /// `python -m mypyc`, an extension module that the reference imports.
    Mypyc,
    /// The same program in Go, if it lies beside the Python one.
    Go,
}

/// A peer that this machine has.
pub struct Peer {
    name: &'static str,
    kind: Kind,
    tool: PathBuf,
}

/// Executables to look for. The two that are modules of the reference are looked for there.
const TOOLS: &[(&str, &str, Kind)] =
    &[("pypy", "pypy3", Kind::Interpreter), ("codon", "codon", Kind::Codon), ("go", "go", Kind::Go)];
const MODULES: &[(&str, &str, Kind)] = &[("nuitka", "nuitka", Kind::Nuitka), ("mypyc", "mypyc", Kind::Mypyc)];

/// Peers of the choice that are here.
pub fn found(reference: &Path, choice: &Choice) -> Vec<Peer> {
    let tools = TOOLS.iter().filter(|(name, ..)| choice.has(name)).filter_map(|(name, tool, kind)| {
        let path = on_path(tool)?;
        Some(Peer { name, kind: *kind, tool: path })
    });
    let modules = MODULES
        .iter()
        .filter(|(name, module, _)| choice.has(name) && has_module(reference, module))
        .map(|(name, _, kind)| Peer { name, kind: *kind, tool: reference.to_path_buf() });
    tools.chain(modules).collect()
}

fn on_path(tool: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join(tool)).find(|f| f.is_file())
}

fn has_module(python: &Path, module: &str) -> bool {
    let script = format!("import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)");
    Command::new(python).args(["-c", &script]).status().is_ok_and(|s| s.success())
}

impl Peer {
    /// The peer with its program, built if it needs that; `None` if it has no such program.
    pub fn contestant(&self, file: &Path, scratch: &Path) -> Option<Contestant> {
        let source = match self.kind {
            Kind::Go => file.with_extension("go"),
            _ => file.to_path_buf(),
        };
        let wanted = source.is_file();
        wanted.then(|| Contestant { name: self.name.into(), command: self.prepare(&source, scratch) })
    }

    fn prepare(&self, source: &Path, scratch: &Path) -> Result<Vec<OsString>, String> {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let exe = scratch.join(format!("{stem}.{}", self.name));
        let mut tool = Command::new(&self.tool);
        match self.kind {
            Kind::Interpreter => {
                return Ok(vec![self.tool.clone().into_os_string(), source.as_os_str().to_os_string()]);
            }
            Kind::Codon => tool.args(["build", "-release", "-o"]).arg(&exe).arg(source),
            Kind::Go => tool.args(["build", "-o"]).arg(&exe).arg(source),
            Kind::Nuitka => {
                tool.args(["-m", "nuitka", "--quiet", "--assume-yes-for-downloads"]);
                tool.arg(format!("--output-filename={stem}.{}", self.name));
                tool.arg(format!("--output-dir={}", scratch.display())).arg(source)
            }
            Kind::Mypyc => return self.extension(source, &stem, &exe),
        };
        compile(&mut tool)?;
        Ok(vec![exe.into_os_string()])
    }

    /// A compiled module in a folder of its own, and a command that imports it.
    fn extension(&self, source: &Path, stem: &str, folder: &Path) -> Result<Vec<OsString>, String> {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        let copy = folder.join(format!("{stem}.py"));
        std::fs::copy(source, &copy).map_err(|e| e.to_string())?;
        compile(Command::new(&self.tool).args(["-m", "mypyc"]).arg(format!("{stem}.py")).current_dir(folder))?;
        // What is left is the extension alone, so that it is what gets imported.
        std::fs::remove_file(&copy).map_err(|e| e.to_string())?;
        let script = format!("import sys; sys.path.insert(0, {:?}); import {stem}", folder.display().to_string());
        Ok(vec![self.tool.clone().into_os_string(), "-c".into(), script.into()])
    }
}

/// Runs a compiler; its last line is the reason when it fails.
pub fn compile(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("cannot start the compiler: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message");
    Err(format!("not built: {}", last.trim()))
}
