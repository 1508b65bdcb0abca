//! Lines of text, whose last comments wait until everything else of the line is there.
//!
//! So a bracket may close behind a comment's datum and still stand before the comment. Comments behind code that were
//! written one below the other stay so.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// The text so far.
pub(super) struct Writer {
    out: String,
    line: usize,
    column: usize,
    waiting: Vec<(String, usize)>,
    ends: Vec<End>,
}

/// A comment at the end of a line with code.
struct End {
    line: usize,
    /// Where the blank before it begins.
    at: usize,
    /// Columns of the code.
    width: usize,
    /// The column that it had.
    source: usize,
}

impl Writer {
    pub fn new() -> Writer {
        Writer { out: String::new(), line: 0, column: 0, waiting: Vec::new(), ends: Vec::new() }
    }

    pub fn line(&self) -> usize {
        self.line
    }

    pub fn column(&self) -> usize {
        self.column
    }

    /// Whether a comment waits for the end of the line.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub fn text(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(last) => {
                self.line += text.matches('\n').count();
                self.column = text[last + 1..].chars().count();
            }
            None => self.column += text.chars().count(),
        }
    }

    /// A comment for the end of the line, with the column that it had.
    pub fn wait(&mut self, comment: &str, source: usize) {
        self.waiting.push((comment.to_owned(), source));
    }

    /// A new line; what waits comes before it, one comment a line.
    pub fn new_line(&mut self, indent: usize, blank: bool) {
        for (n, (comment, source)) in core::mem::take(&mut self.waiting).into_iter().enumerate() {
            if n == 0 {
                self.ends.push(End { line: self.line, at: self.out.len(), width: self.column, source });
                self.text(" ");
            } else {
                self.break_line(indent);
            }
            self.text(&comment);
        }
        if blank {
            self.break_line(0);
        }
        self.break_line(indent);
    }

    fn break_line(&mut self, indent: usize) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        self.out.extend(core::iter::repeat_n(' ', indent));
        (self.line, self.column) = (self.line + 1, indent);
    }

    pub fn finish(mut self) -> String {
        self.new_line(0, false);
        self.out.truncate(self.out.trim_end_matches('\n').len());
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.align()
    }

    /// Moves comments that were one below the other behind the longest of their lines.
    fn align(self) -> String {
        let Writer { out: text, ends, .. } = self;
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for run in ends.chunk_by(|a, b| a.line + 1 == b.line && a.source == b.source) {
            let width = run.iter().map(|e| e.width).max().unwrap_or(0);
            for end in run {
                out.push_str(&text[copied..end.at]);
                out.extend(core::iter::repeat_n(' ', width - end.width));
                copied = end.at;
            }
        }
        out.push_str(&text[copied..]);
        out
    }
}
