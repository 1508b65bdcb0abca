//! Source files and the translation of byte offsets to lines and columns.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::{Arena, FileId};

/// Byte offsets of line starts.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Lines end at `\n`, `\r\n` or a lone `\r`, as Python's do.
    pub fn new(text: &str) -> LineIndex {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, &b) in bytes.iter().enumerate() {
            let ends = b == b'\n' || (b == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
            if ends {
                starts.push(i as u32 + 1);
            }
        }
        LineIndex { starts }
    }

    /// Line from 1 and column in bytes from 0.
    pub fn line_col(&self, offset: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|&s| s <= offset) - 1;
        (line as u32 + 1, offset - self.starts[line])
    }

    /// Offset of the start of a line, counted from 1.
    pub fn start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    pub fn line_count(&self) -> usize {
        self.starts.len()
    }
}

/// One file: the name that messages show and its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub name: Cow<'static, str>,
    pub text: Cow<'static, str>,
    lines: OnceLock<LineIndex>,
}

impl SourceFile {
    /// Where its lines begin; counted when first asked for.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }
}

/// All files of one compilation.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Arena<FileId, SourceFile>,
}

impl SourceMap {
    pub fn add(&mut self, name: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> FileId {
        self.files.push(SourceFile { name: name.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// The first file of a name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.files.ids().find(|&f| self.files[f].name == name)
    }

    /// Adds the files of another map, in order; the number of the first of them.
    pub fn append(&mut self, other: SourceMap) -> u32 {
        let before = self.files.len() as u32;
        for id in other.files.ids() {
            self.files.push(other.files[id].clone());
        }
        before
    }
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id]
    }
    pub fn len(&self) -> usize {
        self.files.len()
    }
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
