//! Text to data and back, with diagnostics for what is not as the grammar says.

use molt_base::FileId;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;

pub use molt_claude_syntax::{Data, Datum, Fault, Kind, literal};

/// What was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub data: Data,
    pub diagnostics: Vec<Diagnostic>,
    /// The text ends inside of a datum or comment.
    pub is_open: bool,
}

/// Reads a whole text.
pub fn read(file: FileId, text: &str) -> Read {
    let molt_claude_syntax::Read { data, faults, is_open, .. } = molt_claude_syntax::read(file, text);
    Read { data, diagnostics: diagnostics(faults), is_open }
}

/// Faults as diagnostics.
pub(crate) fn diagnostics(faults: Vec<Fault>) -> Vec<Diagnostic> {
    faults.into_iter().map(|f| Diagnostic::at(&code::SYNTAX, f.span, f.what).help(f.help)).collect()
}

/// The one style.
pub mod format {
    pub use molt_claude_syntax::format::{WIDTH, print};

    use super::*;

    /// Formats a text, which formats to itself afterwards. A text with faults is not formatted: they are the error, with
    /// places in the file 0.
    ///
    /// # Panics
    /// If the result would not be read as the same data with the same comments, which is a defect of the formatter.
    pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
        molt_claude_syntax::format::format(text).map_err(diagnostics)
    }
}
