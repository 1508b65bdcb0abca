//! From text to tree: limits on nesting, the parser, and its errors in CPython's words.

mod wording;

use molt_base::{FileId, Span};
use molt_diagnostics::registry::INVALID_SYNTAX;
use molt_diagnostics::{Code, Diagnostic};
use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseError, ParseOptions, parse_unchecked};
use ruff_text_size::TextRange;

use self::wording::{better_guess, wording};
use crate::nesting::{bracket_fault, nesting_fault};

/// Parses a module. The tree is `None` when the text has errors; the first one is reported.
pub fn parse(file: FileId, text: &str) -> Result<ModModule, Diagnostic> {
    if let Some(fault) = nesting_fault(text) {
        return Err(at(file, fault.code, TextRange::at(fault.offset.into(), 1.into()), fault.message));
    }
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY314);
    let parsed = parse_unchecked(text, options);
    let first = parsed.errors().iter().min_by_key(|e| e.location.start());
    if let Some(error) = first {
        return Err(diagnose(file, text, error));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(at(file, &INVALID_SYNTAX, error.range, wording::unsupported(error)));
    }
    Ok(parsed.try_into_module().expect("parsed in module mode").into_syntax())
}

fn at(file: FileId, code: &'static Code, range: TextRange, message: impl Into<String>) -> Diagnostic {
    let span = Span { file, start: range.start().to_u32(), end: range.end().to_u32() };
    Diagnostic::at(code, span, message)
}

fn diagnose(file: FileId, text: &str, error: &ParseError) -> Diagnostic {
    let (code, message) = wording(&error.error, text, error.location);
    let message =
        if message == "invalid syntax" { better_guess(text, error.location.start().to_usize()) } else { message };
    if let Some(bracket) = bracket_fault(text) {
        // CPython's tokenizer refuses a wrong closing bracket before the parser sees what follows; an open bracket
        // explains an error that has no better explanation.
        let generic = message.starts_with("invalid syntax") || message.starts_with("unexpected EOF");
        let before = bracket.offset <= error.location.start().to_u32() || generic;
        if if bracket.unclosed { generic || message.ends_with("was never closed") } else { before } {
            let range = TextRange::at(bracket.offset.into(), 1.into());
            return at(file, &INVALID_SYNTAX, range, bracket.message);
        }
    }
    at(file, code, error.location, message)
}
