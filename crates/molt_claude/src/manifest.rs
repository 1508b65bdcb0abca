//! `claude.json`: what a package says of itself that matters when it is compiled (section 8 of the reference).

use std::collections::BTreeSet;

use molt_base::{FileId, SourceMap, Span};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;
use serde_json::Value;

use crate::Loader;
use crate::lookup::{Places, plain};
use crate::program::decode;

/// The labels of section 5.2 of the reference.
const LABELS: [&str; 9] = ["IO", "State", "Error", "Time", "Random", "Network", "Async", "Concurrent", "Dom"];

/// The labels, in lower case, that the package may perform; none where it does not say.
pub(crate) fn effects(
    places: &Places,
    loader: &dyn Loader,
    sources: &mut SourceMap,
    findings: &mut Vec<Diagnostic>,
) -> Option<BTreeSet<String>> {
    let path = plain(&places.project.join("claude.json"));
    let bytes = loader.read(&path)?;
    let (file, fault) = decode(path.display().to_string(), bytes, sources);
    findings.extend(fault);
    let text = sources.file(file).text.clone();
    let manifest: Value = match serde_json::from_str(&text) {
        Ok(manifest) => manifest,
        Err(e) => {
            let span = place(file, &text, e.line(), e.column());
            findings.push(Diagnostic::at(&code::SYNTAX, span, format!("this is no JSON: {e}")));
            return None;
        }
    };
    let listed = manifest.get("effects")?;
    let labels: Option<Vec<&str>> = listed.as_array().and_then(|l| l.iter().map(Value::as_str).collect());
    let Some(labels) = labels else {
        let span = word(file, &text, "effects");
        findings.push(Diagnostic::at(&code::SYNTAX, span, "`effects` is a list of labels"));
        return None;
    };
    for label in labels.iter().filter(|l| !LABELS.iter().any(|known| known.eq_ignore_ascii_case(l))) {
        let span = word(file, &text, label);
        findings.push(Diagnostic::at(&code::UNBOUND, span, format!("there is no label `{label}`")));
    }
    Some(labels.iter().map(|l| l.to_ascii_lowercase()).collect())
}

/// Where a string stands first.
fn word(file: FileId, text: &str, word: &str) -> Span {
    let quoted = format!("\"{word}\"");
    let start = text.find(&quoted).unwrap_or(0);
    Span { file, start: start as u32, end: (start + quoted.len()).min(text.len()) as u32 }
}

/// A place of the JSON reader, whose lines and columns, in bytes, begin at 1.
fn place(file: FileId, text: &str, line: usize, column: usize) -> Span {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let start = (before + column.saturating_sub(1)).min(text.len());
    let start = (0..=start).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    Span { file, start: start as u32, end: (start + length) as u32 }
}
