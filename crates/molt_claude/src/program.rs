//! From the entry of a program to its IR.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use molt_base::{FileId, SourceMap, Span};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;
use molt_ir::Program;

use crate::check;
use crate::core::Core;
use crate::expand::Expander;
use crate::lookup::Places;
use crate::lower::{self, Purpose};
use crate::macros::MakeRunner;
use crate::manifest;
use crate::options::Options;
use crate::stx::Syntax;

/// Stack of the compiling thread; reserved, not committed.
pub const STACK_SIZE_BYTES: usize = 1 << 30;

/// What is compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The file that runs; none where a program of another language imports ClaudeLang. Messages name it as it is
    /// spelled here.
    pub entry: Option<PathBuf>,
    /// Files whose exports Python sees, under dotted names.
    pub surfaces: Vec<(String, PathBuf)>,
    pub places: Places,
    pub options: Options,
}

/// Gives access to the program's files.
pub trait Loader: Sync {
    /// The bytes of a file; none if there is no such file. One that is there but can't be read is none too; the loader
    /// knows why and must see to it that the program is not run.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;

    /// The module of another language at a path, whose bytes these are; why there can't be one, otherwise.
    fn foreign(&self, path: &Path, bytes: &[u8]) -> Result<Foreign, String>;
}

/// A module of Python, as an import sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// Its dotted name in the program.
    pub name: String,
    /// The names that it has for others.
    pub exports: Vec<String>,
    /// Functions of GrokLang among them that are called as they are: what `across.call` calls them, and how many operands
    /// they take.
    pub plain: HashMap<String, (String, usize)>,
    /// What else it has, and why that cannot be used.
    pub left_out: Vec<(String, String)>,
}

/// What came of it.
#[derive(Debug)]
pub struct Compiled {
    /// None if the program cannot run as it is ([`refuses`]) or its entry is no file.
    pub program: Option<Program>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// Dotted names of the modules of Python that it imports.
    pub foreign: Vec<String>,
}

/// Whether a finding keeps a program from running: what is wrong with types, effects and contracts is left to run time
/// (section 4 of the reference).
pub fn refuses(finding: &Diagnostic) -> bool {
    let left = ["E03", "E04", "E05"];
    finding.is_error() && !finding.code.number.is_some_and(|n| left.iter().any(|family| n.starts_with(family)))
}

/// Compiles a program and the modules that it imports. Macros are run by what `runner` makes, on the compiling thread,
/// which has [`STACK_SIZE_BYTES`] of stack.
pub fn compile(request: &Request, loader: &dyn Loader, runner: MakeRunner) -> Compiled {
    let bytes = request.entry.as_deref().map(|entry| loader.read(entry));
    if matches!(bytes, Some(None)) {
        return Compiled { program: None, diagnostics: Vec::new(), sources: SourceMap::default(), foreign: Vec::new() };
    }
    let bytes = bytes.flatten();
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_SIZE_BYTES);
        let work = builder
            .spawn_scoped(scope, || compile_here(request, bytes, loader, runner))
            .expect("the system has threads");
        work.join().unwrap_or_else(|defect| std::panic::resume_unwind(defect))
    })
}

fn compile_here(request: &Request, bytes: Option<Vec<u8>>, loader: &dyn Loader, runner: MakeRunner) -> Compiled {
    let (mut core, mut syntax, mut diagnostics) = (Core::default(), Syntax::default(), Vec::new());
    let mut sources = SourceMap::default();
    let files = crate::expand::Files { loader, places: &request.places };
    let mut expander = Expander::new(&mut core, &mut syntax, &mut diagnostics, &mut sources, files, runner);
    expander.contracts = request.options.contracts;
    expander.runs_tests = request.options.runs_tests;
    expander.library();
    for (dotted, path) in &request.surfaces {
        expander.surface(dotted, path);
    }
    if let (Some(entry), Some(bytes)) = (&request.entry, bytes) {
        expander.file(entry, bytes);
    }
    let is_read = expander.is_read();
    core.package_row = manifest::effects(&request.places, loader, &mut sources, &mut diagnostics);
    if is_read {
        let is_whole = !diagnostics.iter().any(refuses);
        diagnostics.extend(check::check(&mut core, &mut syntax, &sources, is_whole));
    }
    diagnostics.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    core.restriction = request.options.capabilities.rules().map(|rules| core.names.intern(&rules));
    let is_wrong = diagnostics.iter().any(refuses);
    if !is_wrong && check::asks_for_definitions(&core) {
        check::describe_definitions(&mut core, &mut syntax, &sources);
    }
    let foreign = foreign_modules(&core);
    let is_mixed = !foreign.is_empty() || !request.surfaces.is_empty();
    let program = (!is_wrong).then(|| {
        let mut program = lower::program(&core, &syntax, &sources, Purpose::Run, is_mixed);
        if request.entry.is_none() {
            program.entry_module = None;
        }
        program
    });
    Compiled { program, diagnostics, sources, foreign }
}

/// The modules of Python that a program imports, by their dotted names.
fn foreign_modules(core: &Core) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, e) in core.exprs.iter() {
        if let crate::core::ExprKind::Foreign(module, _) = e.kind {
            let name = core.names.text(module);
            if !found.iter().any(|f| f == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

/// Adds a file to the sources. What is not UTF-8 is a fault, and a character that nobody means in the text.
pub(crate) fn decode(name: String, bytes: Vec<u8>, sources: &mut SourceMap) -> (FileId, Option<Diagnostic>) {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return (sources.add(name, text), None),
        Err(error) => error,
    };
    let start = error.utf8_error().valid_up_to() as u32;
    let file = sources.add(name, String::from_utf8_lossy(error.as_bytes()).into_owned());
    let span = Span { file, start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() as u32 };
    let fault = Diagnostic::at(&code::SYNTAX, span, "the text is not UTF-8 here").help("save the file as UTF-8");
    (file, Some(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneFile(&'static [u8]);

    impl Loader for OneFile {
        fn read(&self, path: &Path) -> Option<Vec<u8>> {
            (path == Path::new("main.cl")).then(|| self.0.to_vec())
        }

        fn foreign(&self, _: &Path, _: &[u8]) -> Result<Foreign, String> {
            unreachable!("nothing else is there")
        }
    }

    fn compiled(entry: &str, text: &'static [u8]) -> Compiled {
        let request = Request {
            entry: Some(entry.into()),
            surfaces: Vec::new(),
            places: Places::default(),
            options: Options::default(),
        };
        compile(&request, &OneFile(text), &|| unreachable!("these programs have no macros"))
    }

    fn findings(text: &'static [u8]) -> Vec<String> {
        let place = |d: &Diagnostic| d.primary_span().map(|s| (s.start, s.end));
        let compiled = compiled("main.cl", text);
        assert_eq!(compiled.program.is_some(), compiled.diagnostics.is_empty());
        compiled.diagnostics.iter().map(|d| format!("{} {:?} {}", d.code.id, place(d), d.message)).collect()
    }

    #[test]
    fn faults_of_the_text_are_found() {
        assert_eq!(findings(b"(print"), ["malformed-syntax Some((0, 1)) this bracket is not closed"]);
        assert_eq!(findings(b"1 \xff 2")[0], "malformed-syntax Some((2, 5)) the text is not UTF-8 here");
    }

    #[test]
    fn programs_without_faults_have_code() {
        assert!(findings(b"(define (double x) (* 2 x)) (print (double 21))").is_empty());
        assert!(findings(b"").is_empty());
    }

    struct Package(&'static str, &'static str);

    impl Loader for Package {
        fn read(&self, path: &Path) -> Option<Vec<u8>> {
            let files = [("main.cl", self.1), ("claude.json", self.0)];
            files.iter().find(|f| Path::new(f.0) == path).map(|f| f.1.as_bytes().to_vec())
        }
        fn foreign(&self, path: &Path, _bytes: &[u8]) -> Result<Foreign, String> {
            Err(format!("{} is not part of this test", path.display()))
        }
    }

    fn in_package(manifest: &'static str, text: &'static str) -> Vec<String> {
        let request = Request {
            entry: Some("main.cl".into()),
            surfaces: Vec::new(),
            places: Places::default(),
            options: Options::default(),
        };
        let compiled = compile(&request, &Package(manifest, text), &|| unreachable!("these programs have no macros"));
        compiled
            .diagnostics
            .iter()
            .map(|d| format!("{:?} {:?}", d.code.number, d.primary_span().map(|s| s.start)))
            .collect()
    }

    #[test]
    fn a_package_performs_what_its_manifest_says() {
        let program = "(define (now) (time:now)) (print (now))";
        assert!(in_package("{\"effects\": [\"IO\", \"time\"]}", program).is_empty());
        assert!(in_package("{}", program).is_empty());
        assert_eq!(in_package("{\"effects\": [\"IO\"]}", program), ["Some(\"E0401\") Some(14)"]);
        assert_eq!(in_package("{\"effects\": []}", "(print 1)"), ["Some(\"E0401\") Some(0)"]);
        let handled = "(define (f) (handler ((time:now (lambda () 1))) (time:now))) (f) (throw 1)";
        assert!(in_package("{\"effects\": []}", handled).is_empty());
        let written = "(define (f) (file-read-lines \"x\")) (export f)";
        assert_eq!(in_package("{\"effects\": [\"Time\"]}", written), ["Some(\"E0401\") Some(12)"]);
    }

    #[test]
    fn faults_of_a_manifest_have_places() {
        assert_eq!(in_package("{\"effects\": [}", ""), ["Some(\"E0101\") Some(13)"]);
        assert_eq!(in_package("{\"effects\": 1}", ""), ["Some(\"E0101\") Some(1)"]);
        assert_eq!(in_package("{\"effects\": [\"OI\"]}", ""), ["Some(\"E0201\") Some(13)"]);
    }

    #[test]
    fn an_entry_that_is_no_file_gives_nothing() {
        let compiled = compiled("x.cl", b"");
        assert!(compiled.program.is_none() && compiled.diagnostics.is_empty() && compiled.sources.is_empty());
    }
}
