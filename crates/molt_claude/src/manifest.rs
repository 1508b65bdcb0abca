//! `claude.json`: what a package says of itself (section 8 of the reference).

use std::collections::BTreeSet;
use std::ops::Range;

use molt_base::{FileId, SourceMap, Span};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;
use serde_json::Value;

use crate::Loader;
use crate::lookup::{Places, plain};
use crate::program::decode;

/// Name of the file.
pub const NAME: &str = "claude.json";

/// The labels of section 5.2 of the reference.
const LABELS: [&str; 9] = ["IO", "State", "Error", "Time", "Random", "Network", "Async", "Concurrent", "Dom"];

/// What a key takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    Texts,
    /// Texts by names.
    Table,
}

/// The keys of a manifest.
const KEYS: &[(&str, Takes)] = &[
    ("name", Takes::Text),
    ("version", Takes::Text),
    ("description", Takes::Text),
    ("author", Takes::Text),
    ("license", Takes::Text),
    ("main", Takes::Text),
    ("dependencies", Takes::Table),
    ("devDependencies", Takes::Table),
    ("scripts", Takes::Table),
    ("effects", Takes::Texts),
    ("platforms", Takes::Texts),
    ("claudeVersion", Takes::Text),
    ("repository", Takes::Text),
    ("keywords", Takes::Texts),
    ("include", Takes::Texts),
    ("exclude", Takes::Texts),
    ("workspaces", Takes::Texts),
];

/// A manifest that was read.
#[derive(Clone, Debug)]
pub struct Manifest {
    file: FileId,
    text: String,
    value: Value,
}

/// A text in a manifest and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    pub text: String,
    pub span: Span,
}

/// An entry of a table of texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub name: Text,
    pub value: Text,
}

impl Manifest {
    /// Reads the text of a file of the sources. What is wrong with it is among the findings; of what is no JSON object there
    /// is no manifest.
    pub fn read(file: FileId, sources: &SourceMap, findings: &mut Vec<Diagnostic>) -> Option<Manifest> {
        let text = sources.file(file).text.to_string();
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(e) => {
                let span = place(file, &text, e.line(), e.column());
                findings.push(Diagnostic::at(&code::SYNTAX, span, format!("this is no JSON: {e}")));
                return None;
            }
        };
        let manifest = Manifest { file, text, value };
        if !manifest.value.is_object() {
            let span = manifest.span(manifest.whole());
            findings.push(Diagnostic::at(&code::SYNTAX, span, "a manifest is an object"));
            return None;
        }
        manifest.look_at_keys(findings);
        Some(manifest)
    }

    fn look_at_keys(&self, findings: &mut Vec<Diagnostic>) {
        for (key, place, _) in members(&self.text, self.whole()) {
            let span = self.span(place);
            let Some(&(_, takes)) = KEYS.iter().find(|(name, _)| *name == key) else {
                let names: Vec<&str> = KEYS.iter().map(|k| k.0).collect();
                let finding = Diagnostic::at(&code::UNBOUND, span, format!("a manifest has no key `{key}`"));
                findings.push(finding.help(format!("there are {}", names.join(", "))));
                continue;
            };
            let value = &self.value[&key];
            let (fits, what) = match takes {
                Takes::Text => (value.is_string(), "a text"),
                Takes::Texts => (value.as_array().is_some_and(|l| l.iter().all(Value::is_string)), "a list of texts"),
                Takes::Table => (value.as_object().is_some_and(|t| t.values().all(Value::is_string)), "texts by names"),
            };
            if !fits {
                findings.push(Diagnostic::at(&code::SYNTAX, span, format!("`{key}` is {what}")));
            }
        }
    }

    /// The value of a key that takes a text.
    pub fn text(&self, key: &str) -> Option<Text> {
        let text = self.value[key].as_str()?.to_owned();
        Some(Text { text, span: self.span(self.place(key)?) })
    }

    /// The value of a key that takes texts; empty where it is not there.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let list = self.value[key].as_array();
        list.into_iter().flatten().filter_map(|t| t.as_str().map(str::to_owned)).collect()
    }

    /// The value of a key that takes texts by names, in the order of the file.
    pub fn table(&self, key: &str) -> Vec<Entry> {
        let Some(object) = self.place(key) else { return Vec::new() };
        let entry = |(name, at, value): (String, Range<usize>, Range<usize>)| {
            let text = self.value[key][&name].as_str()?.to_owned();
            let name = Text { text: name, span: self.span(at) };
            Some(Entry { name, value: Text { text, span: self.span(value) } })
        };
        members(&self.text, object).into_iter().filter_map(entry).collect()
    }

    /// The whole file.
    pub fn everything(&self) -> Span {
        self.span(self.whole())
    }

    /// The text with another table under a key; a table that is empty is left out if it was not there.
    pub fn with_table(&self, key: &str, entries: &[(String, String)]) -> String {
        let written = |s: &str| Value::from(s).to_string();
        let lines: Vec<String> =
            entries.iter().map(|(name, value)| format!("    {}: {}", written(name), written(value))).collect();
        let table = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) };
        let mut text = self.text.clone();
        match (self.place(key), members(&self.text, self.whole()).last()) {
            (Some(place), _) => text.replace_range(place, &table),
            (None, _) if lines.is_empty() => {}
            (None, Some((_, _, last))) => text.insert_str(last.end, &format!(",\n  \"{key}\": {table}")),
            (None, None) => text = format!("{{\n  \"{key}\": {table}\n}}\n"),
        }
        text
    }

    fn whole(&self) -> Range<usize> {
        let start = self.text.len() - self.text.trim_start().len();
        start..self.text.trim_end().len()
    }

    /// The place of the value of a key.
    fn place(&self, key: &str) -> Option<Range<usize>> {
        members(&self.text, self.whole()).into_iter().rev().find(|m| m.0 == key).map(|m| m.2)
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file, start: range.start as u32, end: range.end as u32 }
    }

    /// The labels that the package may perform, in lower case; none where it does not say.
    fn effects(&self, findings: &mut Vec<Diagnostic>) -> Option<BTreeSet<String>> {
        let place = self.place("effects").filter(|_| self.value["effects"].is_array())?;
        let labels = self.texts("effects");
        for label in labels.iter().filter(|l| !LABELS.iter().any(|known| known.eq_ignore_ascii_case(l))) {
            let quoted = Value::from(label.as_str()).to_string();
            let start = self.text[place.clone()].find(&quoted).map_or(place.start, |at| place.start + at);
            let span = self.span(start..(start + quoted.len()).min(place.end));
            findings.push(Diagnostic::at(&code::UNBOUND, span, format!("there is no label `{label}`")));
        }
        Some(labels.iter().map(|l| l.to_ascii_lowercase()).collect())
    }
}

/// The labels, in lower case, that the package around a program may perform; none where it does not say.
pub(crate) fn effects(
    places: &Places,
    loader: &dyn Loader,
    sources: &mut SourceMap,
    findings: &mut Vec<Diagnostic>,
) -> Option<BTreeSet<String>> {
    let path = plain(&places.project.join(NAME));
    let bytes = loader.read(&path)?;
    let (file, fault) = decode(path.display().to_string(), bytes, sources);
    findings.extend(fault);
    Manifest::read(file, sources, findings)?.effects(findings)
}

/// The members of an object that is JSON: name, place of the name, place of the value.
fn members(text: &str, object: Range<usize>) -> Vec<(String, Range<usize>, Range<usize>)> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0, object.start);
    let mut found: Vec<(String, Range<usize>, Range<usize>)> = Vec::new();
    let mut key: Option<Range<usize>> = None;
    // Where the value of the key began.
    let mut value: Option<usize> = None;
    while at < object.end {
        let start = at;
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        let ends = (depth == 1 && bytes[start] == b',') || depth == 0;
        if ends && let (Some(name), Some(begin)) = (&key, value) {
            let end = begin + text[begin..start].trim_end().len();
            let decoded = serde_json::from_str(&text[name.clone()]).unwrap_or_default();
            found.push((decoded, name.clone(), begin..end));
            (key, value) = (None, None);
        } else if depth == 1 && key.is_none() && bytes[start] == b'"' {
            key = Some(start..at + 1);
        } else if key.is_some() && value.is_none() && !bytes[start].is_ascii_whitespace() && bytes[start] != b':' {
            value = Some(start);
        }
        at += 1;
    }
    found
}

/// The place of the quote that ends a string.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// A place of the JSON reader, whose lines and columns, in bytes, begin at 1.
fn place(file: FileId, text: &str, line: usize, column: usize) -> Span {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let start = (before + column.saturating_sub(1)).min(text.len());
    let start = (0..=start).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    Span { file, start: start as u32, end: (start + length) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Manifest>, Vec<String>) {
        let (mut sources, mut findings) = (SourceMap::default(), Vec::new());
        let file = sources.add(NAME, text.to_owned());
        let manifest = Manifest::read(file, &sources, &mut findings);
        let shown = |d: &Diagnostic| {
            let span = d.primary_span().expect("findings have places");
            format!("{} at {}", d.message, &text[span.start as usize..span.end as usize])
        };
        (manifest, findings.iter().map(shown).collect())
    }

    #[test]
    fn values_have_places() {
        let text =
            "{\"name\": \"a\\\"b\", \"dependencies\" : { \"x\": \"^1\", \"y\":\"*\"} , \"keywords\": [\"k, }\"]}\n";
        let (manifest, findings) = read(text);
        let manifest = manifest.expect("it is well-formed");
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(manifest.text("name").map(|t| t.text).as_deref(), Some("a\"b"));
        let at = |t: &Text| text[t.span.start as usize..t.span.end as usize].to_owned();
        let entries: Vec<_> =
            manifest.table("dependencies").iter().map(|e| (e.name.text.clone(), at(&e.name), at(&e.value))).collect();
        let entry = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(entries, [entry("x", "\"x\"", "\"^1\""), entry("y", "\"y\"", "\"*\"")]);
        assert_eq!(manifest.texts("keywords"), ["k, }"]);
    }

    #[test]
    fn faults_have_places() {
        assert_eq!(read("{\"nmae\": 1}").1, ["a manifest has no key `nmae` at \"nmae\""]);
        assert_eq!(read("{\"name\": [1, {\"name\": 2}]}").1, ["`name` is a text at \"name\""]);
        assert_eq!(read("{\"scripts\": {\"a\": 1}}").1, ["`scripts` is texts by names at \"scripts\""]);
        assert_eq!(read(" [1] ").1, ["a manifest is an object at [1]"]);
        assert!(read("{\"name\": }").1[0].starts_with("this is no JSON"));
    }

    #[test]
    fn tables_are_edited_where_they_stand() {
        let entry = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let (manifest, _) = read("{\n  \"name\": \"a\",\n  \"dependencies\": {},\n  \"main\": \"m.cl\"\n}\n");
        let edited = manifest.expect("it is well-formed").with_table("dependencies", &[entry("b", "^1.0")]);
        assert_eq!(
            edited,
            "{\n  \"name\": \"a\",\n  \"dependencies\": {\n    \"b\": \"^1.0\"\n  },\n  \"main\": \"m.cl\"\n}\n"
        );
        let (manifest, _) = read("{\n  \"name\": \"a\"\n}\n");
        let manifest = manifest.expect("it is well-formed");
        let edited = manifest.with_table("devDependencies", &[entry("b", "*")]);
        assert_eq!(edited, "{\n  \"name\": \"a\",\n  \"devDependencies\": {\n    \"b\": \"*\"\n  }\n}\n");
        assert_eq!(manifest.with_table("dependencies", &[]), "{\n  \"name\": \"a\"\n}\n");
        assert_eq!(read("{}").0.expect("it is well-formed").with_table("dependencies", &[]), "{}");
    }
}
