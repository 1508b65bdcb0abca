//! Limits on nesting, checked on the bare text before the recursive parser sees it.
//!
//! The scan knows strings, comments, brackets and lines, no more; it needs no recursion whatever the text is.

use molt_diagnostics::Code;
use molt_diagnostics::registry::{INVALID_INDENTATION, NESTING_LIMIT};

/// CPython's limits (`MAXLEVEL` and `MAXINDENT` in `Parser/lexer/state.h`).
const MAX_BRACKETS: usize = 200;
const MAX_INDENTS: usize = 100;
/// Prefix operators and the like in one logical line: each may cost the parser a level of recursion.
const MAX_PREFIXES: usize = 5_000;

/// A limit that the text exceeds.
pub struct NestingFault {
    pub offset: u32,
    pub message: &'static str,
    pub code: &'static Code,
}

/// The first place that exceeds a limit.
pub fn nesting_fault(text: &str) -> Option<NestingFault> {
    let mut s = Scan::new(text);
    while s.at < s.bytes.len() {
        s.step();
        let (message, code) = if s.brackets.len() >= MAX_BRACKETS {
            ("too many nested parentheses", &NESTING_LIMIT)
        } else if s.indents.len() > MAX_INDENTS {
            ("too many levels of indentation", &INVALID_INDENTATION)
        } else if s.prefixes > MAX_PREFIXES {
            ("source is too complex to parse", &NESTING_LIMIT)
        } else {
            continue;
        };
        return Some(NestingFault { offset: s.at as u32 - 1, message, code });
    }
    None
}

/// A bracket without its partner.
pub struct BracketFault {
    pub offset: u32,
    pub message: String,
    /// Whether the bracket is an opening one, never closed.
    pub unclosed: bool,
}

/// The first bracket that closes nothing or the wrong thing, else the innermost one that is never closed.
pub fn bracket_fault(text: &str) -> Option<BracketFault> {
    let mut s = Scan::new(text);
    while s.at < s.bytes.len() {
        let at = s.at;
        let closing = match s.peek(0) {
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            _ => 0,
        };
        if closing != 0 {
            let close = s.peek(0) as char;
            let message = match s.brackets.last() {
                None => format!("unmatched '{close}'"),
                Some(&(open, from)) if open != closing => {
                    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
                    let place = if line(from) == line(at) { String::new() } else { format!(" on line {}", line(from)) };
                    let open = open as char;
                    format!("closing parenthesis '{close}' does not match opening parenthesis '{open}'{place}")
                }
                Some(_) => String::new(),
            };
            if !message.is_empty() {
                return Some(BracketFault { offset: at as u32, message, unclosed: false });
            }
        }
        s.step();
    }
    let &(open, at) = s.brackets.last()?;
    Some(BracketFault { offset: at as u32, message: format!("'{}' was never closed", open as char), unclosed: true })
}

/// Open brackets at an offset.
pub fn bracket_level(text: &str, offset: usize) -> usize {
    let mut s = Scan::new(text);
    while s.at < offset.min(s.bytes.len()) {
        s.step();
    }
    s.brackets.len()
}

/// Where the string literal that covers an offset begins, its prefix not counted.
pub fn string_start(text: &str, offset: usize) -> Option<usize> {
    let mut s = Scan::new(text);
    while s.at < s.bytes.len() && s.at <= offset {
        let (at, first) = (s.at, s.peek(0));
        s.step();
        if matches!(first, b'"' | b'\'') && s.at >= offset {
            return Some(at);
        }
    }
    None
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Open brackets and where they stand.
    brackets: Vec<(u8, usize)>,
    prefixes: usize,
    /// Columns of open indentation levels.
    indents: Vec<usize>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Scan<'a> {
        let mut s = Scan { bytes: text.as_bytes(), at: 0, brackets: Vec::new(), prefixes: 0, indents: vec![0] };
        s.line_start();
        s
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn step(&mut self) {
        let b = self.peek(0);
        match b {
            b'#' => self.skip_comment(),
            b'"' | b'\'' => self.skip_string(b),
            b'\\' => self.at += 2,
            b'\n' => {
                self.at += 1;
                if self.brackets.is_empty() {
                    self.prefixes = 0;
                    self.line_start();
                }
            }
            b'(' | b'[' | b'{' => {
                self.brackets.push((b, self.at));
                self.at += 1;
            }
            b')' | b']' | b'}' => {
                self.brackets.pop();
                self.at += 1;
            }
            b',' | b';' => {
                self.prefixes = 0;
                self.at += 1;
            }
            b'-' | b'+' | b'~' | b':' => {
                self.prefixes += 1;
                self.at += 1;
            }
            b'*' => {
                self.prefixes += usize::from(self.peek(1) == b'*');
                self.at += 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | 0x80.. => self.word(),
            _ => self.at += 1,
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while matches!(self.peek(0), b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | 0x80..) {
            self.at += 1;
        }
        if matches!(&self.bytes[start..self.at], b"not" | b"lambda" | b"else" | b"await" | b"yield" | b"from") {
            self.prefixes += 1;
        }
    }

    fn skip_comment(&mut self) {
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            self.at += 1;
        }
    }

    fn skip_string(&mut self, quote: u8) {
        let long = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if long { 3 } else { 1 };
        while self.at < self.bytes.len() {
            let b = self.peek(0);
            if b == b'\\' {
                self.at += 2;
            } else if b == b'\n' && !long {
                return;
            } else if b == quote && (!long || self.peek(1) == quote && self.peek(2) == quote) {
                self.at += if long { 3 } else { 1 };
                return;
            } else {
                self.at += 1;
            }
        }
    }

    /// Tracks indentation at the start of a logical line; blank lines and comments do not count.
    fn line_start(&mut self) {
        let mut column = 0;
        loop {
            match self.peek(0) {
                b' ' => column += 1,
                b'\t' => column = column / 8 * 8 + 8,
                b'\x0c' => column = 0,
                _ => break,
            }
            self.at += 1;
        }
        if self.at >= self.bytes.len() || matches!(self.peek(0), b'\n' | b'#') {
            return;
        }
        while self.indents.last().is_some_and(|&c| c > column) {
            self.indents.pop();
        }
        if self.indents.last().is_none_or(|&c| c < column) {
            self.indents.push(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<&'static str> {
        nesting_fault(text).map(|f| f.message)
    }

    #[test]
    fn brackets_are_limited_as_in_cpython() {
        assert_eq!(message(&format!("{}1{}", "(".repeat(199), ")".repeat(199))), None);
        assert_eq!(message(&"(".repeat(10_000)), Some("too many nested parentheses"));
        assert_eq!(message(&format!("x = '{}'", "(".repeat(10_000))), None);
        assert_eq!(message(&format!("# {}", "[".repeat(10_000))), None);
    }

    #[test]
    fn indentation_is_limited_as_in_cpython() {
        let nested = |n: usize| (0..n).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>();
        assert_eq!(message(&nested(99)), None);
        assert_eq!(message(&nested(150)), Some("too many levels of indentation"));
    }

    #[test]
    fn operator_chains_are_limited() {
        assert_eq!(message(&format!("x = {}1", "- ".repeat(100_000))), Some("source is too complex to parse"));
        assert_eq!(message(&format!("x = [{}]", "-1, ".repeat(100_000))), None);
        assert_eq!(message(&"x = -1;".repeat(100_000)), None);
        assert_eq!(message(&format!("{}1", "x = ".repeat(100_000))), None);
    }
}
