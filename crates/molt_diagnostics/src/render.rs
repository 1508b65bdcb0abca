//! Text form (with source excerpts) and JSON form of diagnostics.

use annotate_snippets::renderer::{DEFAULT_TERM_WIDTH, DecorStyle};
use annotate_snippets::{AnnotationKind, Group, Level as SnippetLevel, Renderer, Snippet};
use molt_base::{FileId, SourceFile, SourceMap, Span};
use serde_json::{Value, json};

use crate::{Diagnostic, Label, Level};

/// How the text form looks.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// ANSI colours.
    pub color: bool,
    /// Width in columns that long lines are cut to.
    pub width: usize,
    /// Begin with `file:line:column:`, and name codes by their numbers where they have one.
    pub place_first: bool,
}

impl Default for RenderOptions {
    fn default() -> Self {
        RenderOptions { color: false, width: DEFAULT_TERM_WIDTH, place_first: false }
    }
}

/// The text form of one diagnostic, without a newline at the end.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, options: RenderOptions) -> String {
    let level = match diagnostic.level {
        Level::Error => SnippetLevel::ERROR,
        Level::Warning => SnippetLevel::WARNING,
    };
    let code = diagnostic.code;
    let name = code.number.filter(|_| options.place_first).unwrap_or(code.id);
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(name));
    for file in files_of(diagnostic) {
        group = group.element(snippet(diagnostic, file, sources));
    }
    for note in &diagnostic.notes {
        group = group.element(SnippetLevel::NOTE.message(note));
    }
    group = group.element(SnippetLevel::HELP.message(diagnostic.advice()));
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.decor_style(DecorStyle::Ascii).term_width(options.width).render(&[group]);
    match diagnostic.primary_span().filter(|_| options.place_first) {
        Some(span) => place(span, sources) + &text,
        None => text,
    }
}

fn place(span: Span, sources: &SourceMap) -> String {
    let file = sources.file(span.file);
    let (line, _) = file.lines().line_col(span.start);
    format!("{}:{line}:{}: ", file.name, character(file, span.start))
}

/// Column of a byte in characters, from 1.
fn character(file: &SourceFile, offset: u32) -> usize {
    let (_, column) = file.lines().line_col(offset);
    let before = (offset - column) as usize..file.text.floor_char_boundary(offset as usize);
    file.text[before].chars().count() + 1
}

/// Files that the labels point into, that of the primary label first.
fn files_of(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files: Vec<FileId> = diagnostic.primary_span().map(|s| s.file).into_iter().collect();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    file: FileId,
    sources: &'a SourceMap,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = sources.file(file);
    let here = |label: &&Label| label.span.file == file;
    let annotations = diagnostic.labels.iter().filter(here).map(|label| {
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(clamp(label.span, &source.text));
        if label.text.is_empty() { annotation } else { annotation.label(&label.text) }
    });
    Snippet::source(&*source.text).path(&*source.name).annotations(annotations)
}

/// The span inside the text, on character boundaries: a label at the end of a file must not break the renderer.
fn clamp(span: Span, text: &str) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary((span.start as usize).min(text.len()));
    let end = text.ceil_char_boundary((span.end as usize).clamp(start, text.len()));
    start..end
}

/// The JSON form: code, level, message, labels with lines (from 1), columns in bytes (from 1) and in characters (from 1),
/// notes, help.
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let labels: Vec<Value> = diagnostic.labels.iter().map(|l| label_json(l, sources)).collect();
    json!({
        "id": diagnostic.code.id,
        "code": diagnostic.code.number,
        "level": diagnostic.level.text(),
        "exception": diagnostic.code.exception,
        "message": diagnostic.message,
        "labels": labels,
        "notes": diagnostic.notes,
        "help": diagnostic.advice(),
    })
}

fn label_json(label: &Label, sources: &SourceMap) -> Value {
    let file = sources.file(label.span.file);
    let (line, column) = file.lines().line_col(label.span.start);
    let (end_line, end_column) = file.lines().line_col(label.span.end);
    json!({
        "file": file.name,
        "start": label.span.start,
        "end": label.span.end,
        "line": line,
        "column": column + 1,
        "character": character(file, label.span.start),
        "end_line": end_line,
        "end_column": end_column + 1,
        "end_character": character(file, label.span.end),
        "text": label.text,
        "primary": label.primary,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{INVALID_SCOPE, MODULE_NOT_FOUND};

    fn example() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::default();
        let file = sources.add("app.py", "import os\nimport jason\n");
        let span = Span { file, start: 17, end: 22 };
        let d = Diagnostic::at(&MODULE_NOT_FOUND, span, "no module named `jason`").help("did you mean `json`?");
        (sources, d)
    }

    #[test]
    fn text_form_shows_the_line() {
        let (sources, d) = example();
        let text = render(&d, &sources, RenderOptions::default());
        assert_eq!(
            text,
            "error[module-not-found]: no module named `jason`\n --> app.py:2:8\n  |\n2 | import jason\n  |        ^^^^^\n  \
             |\n  = help: did you mean `json`?"
        );
    }

    #[test]
    fn colours_are_escape_sequences() {
        let (sources, d) = example();
        let text = render(&d, &sources, RenderOptions { color: true, ..Default::default() });
        assert!(text.contains("\u{1b}["));
    }

    #[test]
    fn json_form_counts_from_one() {
        let (sources, d) = example();
        let value = to_json(&d, &sources);
        assert_eq!(value["code"], "MLT2004");
        assert_eq!(value["labels"][0]["line"], 2);
        assert_eq!(value["labels"][0]["column"], 8);
    }

    #[test]
    fn columns_are_told_in_bytes_and_in_characters() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.cl", "x\n(é ü)");
        let d = Diagnostic::at(&MODULE_NOT_FOUND, Span { file, start: 6, end: 8 }, "m");
        let label = &to_json(&d, &sources)["labels"][0];
        assert_eq!((&label["column"], &label["character"]), (&json!(5), &json!(4)));
        assert_eq!((&label["end_column"], &label["end_character"]), (&json!(7), &json!(5)));
        let text = render(&d, &sources, RenderOptions { place_first: true, ..Default::default() });
        assert_eq!(text.lines().next(), Some("a.cl:2:4: error[MLT2004]: m"));
    }

    #[test]
    fn a_label_past_the_end_is_shown_at_the_end() {
        let mut sources = SourceMap::default();
        let file = sources.add("é.py", "é");
        let d = Diagnostic::at(&INVALID_SCOPE, Span { file, start: 1, end: 90 }, "x");
        assert!(render(&d, &sources, RenderOptions::default()).contains("é.py:1:1"));
    }
}
