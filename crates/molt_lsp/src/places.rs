//! Offsets and positions, paths and addresses.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::{InitializeParams, Position, PositionEncodingKind, Range, Uri};
use molt_driver::ide::LineIndex;

/// What the characters of positions count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    /// Bytes if the editor knows them; all editors know the units of UTF-16.
    pub fn chosen(params: &InitializeParams) -> Encoding {
        let general = params.capabilities.general.as_ref();
        let known = general.and_then(|g| g.position_encodings.as_deref()).unwrap_or_default();
        if known.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 }
    }

    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    /// How many units a text has.
    pub fn units(self, text: &str) -> u32 {
        match self {
            Encoding::Utf8 => text.len() as u32,
            Encoding::Utf16 => text.chars().map(|c| c.len_utf16() as u32).sum(),
        }
    }

    /// How many bytes of a text so many units are; the whole text if it has fewer.
    fn bytes(self, text: &str, units: u32) -> usize {
        let mut left = units;
        for (at, c) in text.char_indices() {
            let size = self.units(c.encode_utf8(&mut [0; 4]));
            if left < size {
                return at;
            }
            left -= size;
        }
        text.len()
    }
}

/// A text with its lines.
#[derive(Debug)]
pub struct Lines {
    index: LineIndex,
    encoding: Encoding,
}

impl Lines {
    pub fn new(text: &str, encoding: Encoding) -> Lines {
        Lines { index: LineIndex::new(text), encoding }
    }

    pub fn position(&self, text: &str, offset: u32) -> Position {
        let (line, column) = self.index.line_col(offset);
        let start = (offset - column) as usize;
        Position { line: line - 1, character: self.encoding.units(&text[start..offset as usize]) }
    }

    pub fn range(&self, text: &str, start: u32, end: u32) -> Range {
        Range { start: self.position(text, start), end: self.position(text, end) }
    }

    /// The offset of a position; one behind the end of its line is that end, as the protocol has it.
    pub fn offset(&self, text: &str, position: Position) -> u32 {
        let Some(start) = self.index.start(position.line.saturating_add(1)) else { return text.len() as u32 };
        let end = self.index.start(position.line.saturating_add(2)).unwrap_or(text.len() as u32);
        let line = text[start as usize..end as usize].trim_end_matches(['\r', '\n']);
        start + self.encoding.bytes(line, position.character) as u32
    }
}

/// The path of a file's address; none of what is no file.
pub fn path_of(uri: &Uri) -> Option<PathBuf> {
    if !uri.scheme().is_some_and(|s| s.as_str().eq_ignore_ascii_case("file")) {
        return None;
    }
    let mut bytes = Vec::new();
    let written = uri.path().as_str().as_bytes();
    let mut at = 0;
    while let Some(&b) = written.get(at) {
        let digits = (b == b'%').then(|| written.get(at + 1..at + 3)).flatten();
        let byte = digits.and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u8::from_str_radix(d, 16).ok());
        bytes.push(byte.unwrap_or(b));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The address of a file.
pub fn uri_of(path: &Path) -> Option<Uri> {
    let mut text = String::from("file://");
    for &b in path.to_str()?.as_bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => text.push(b as char),
            _ => text.push_str(&format!("%{b:02X}")),
        }
    }
    Uri::from_str(&text).ok()
}
