//! From the entry of a program to its IR.
//!
//! The entry is read; what follows the reader is not built yet, so every program is refused.

use std::path::{Path, PathBuf};

use molt_base::{FileId, SourceMap, Span};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::{UNSUPPORTED_CONSTRUCT, claude as code};
use molt_ir::Program;

use crate::lookup::Places;
use crate::options::Options;
use crate::syntax::{self, Data};

/// What is compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The file that runs. Messages name it as it is spelled here.
    pub entry: PathBuf,
    pub places: Places,
    pub options: Options,
}

/// Gives access to the program's files.
pub trait Loader {
    /// The bytes of a file; none if there is no such file. One that is there but can't be read is none too; the loader
    /// knows why and must see to it that the program is not run.
    fn read(&self, path: &Path) -> Option<Vec<u8>>;
}

/// What came of it.
#[derive(Debug)]
pub struct Compiled {
    /// None if something is wrong with the program or its entry is no file.
    pub program: Option<Program>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
}

/// Compiles a program.
pub fn compile(request: &Request, loader: &dyn Loader) -> Compiled {
    let mut compiled = Compiled { program: None, diagnostics: Vec::new(), sources: SourceMap::default() };
    let Some(bytes) = loader.read(&request.entry) else { return compiled };
    let (file, fault) = decode(request.entry.display().to_string(), bytes, &mut compiled.sources);
    let read = syntax::read(file, &compiled.sources.file(file).text);
    compiled.diagnostics.extend(fault);
    compiled.diagnostics.extend(read.diagnostics);
    if compiled.diagnostics.is_empty() {
        compiled.diagnostics.push(not_built(&read.data));
    }
    compiled
}

/// Adds a file to the sources. What is not UTF-8 is a fault, and a character that nobody means in the text.
fn decode(name: String, bytes: Vec<u8>, sources: &mut SourceMap) -> (FileId, Option<Diagnostic>) {
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

/// Names the operator of the first form.
fn not_built(data: &Data) -> Diagnostic {
    let Some(first) = data.top().next() else {
        let span = Span { file: data.file(), start: 0, end: 0 };
        return Diagnostic::at(&UNSUPPORTED_CONSTRUCT, span, "an empty program is not built yet");
    };
    let operator = data.kind(first).closer().and_then(|_| data.parts(first).next()).unwrap_or(first);
    let what = match data.name(operator) {
        Some(name) => format!("`{name}` is not built yet"),
        None => format!("{} is not built yet", data.kind(operator).name()),
    };
    Diagnostic::at(&UNSUPPORTED_CONSTRUCT, data.span(operator), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneFile(&'static [u8]);

    impl Loader for OneFile {
        fn read(&self, path: &Path) -> Option<Vec<u8>> {
            (path == Path::new("main.cl")).then(|| self.0.to_vec())
        }
    }

    fn findings(text: &'static [u8]) -> Vec<String> {
        let request = Request { entry: "main.cl".into(), places: Places::default(), options: Options::default() };
        let compiled = compile(&request, &OneFile(text));
        assert!(compiled.program.is_none());
        let place = |d: &Diagnostic| d.primary_span().map(|s| (s.start, s.end));
        compiled.diagnostics.iter().map(|d| format!("{} {:?} {}", d.code.id, place(d), d.message)).collect()
    }

    #[test]
    fn faults_of_the_text_are_found() {
        assert_eq!(findings(b"(a"), ["malformed-syntax Some((0, 1)) this bracket is not closed"]);
        assert_eq!(findings(b"a \xff b"), ["malformed-syntax Some((2, 5)) the text is not UTF-8 here"]);
    }

    #[test]
    fn what_is_not_built_is_named() {
        assert_eq!(findings(b"; c\n(define x 1)"), ["unsupported-construct Some((5, 11)) `define` is not built yet"]);
        assert_eq!(findings(b"42"), ["unsupported-construct Some((0, 2)) a number is not built yet"]);
        assert_eq!(findings(b" "), ["unsupported-construct Some((0, 0)) an empty program is not built yet"]);
    }

    #[test]
    fn an_entry_that_is_no_file_gives_nothing() {
        let request = Request { entry: "x.cl".into(), places: Places::default(), options: Options::default() };
        let compiled = compile(&request, &OneFile(b""));
        assert!(compiled.program.is_none() && compiled.diagnostics.is_empty() && compiled.sources.is_empty());
    }
}
