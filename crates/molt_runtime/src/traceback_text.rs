//! Text of one traceback entry as CPython 3.13's `traceback` module prints it: location line, source lines, and the
//! `~~~^~~~` markers. Pure: frames and source text come in, text goes out; who reads files is the caller.
//!
//! Source: `Lib/traceback.py` of CPython 3.13, behaviour of `StackSummary._format_frame` and `format`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use molt_abi::layout::Position;

/// Entries alike that are printed before the rest is folded into a count.
const REPEATS_SHOWN: usize = 3;

/// One entry, outermost first in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub filename: String,
    pub name: String,
    pub position: Position,
}

/// Text of all entries, with runs of equal ones folded. `source` gives a file's text.
pub fn entries(list: &[Entry], source: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut previous: Option<(&str, u32, &str)> = None;
    let mut count = 0usize;
    for e in list {
        let key = (e.filename.as_str(), e.position.line, e.name.as_str());
        if previous == Some(key) {
            count += 1;
        } else {
            fold(&mut out, count);
            previous = Some(key);
            count = 1;
        }
        if count <= REPEATS_SHOWN {
            entry(&mut out, e, source(&e.filename).as_deref());
        }
    }
    fold(&mut out, count);
    out
}

fn fold(out: &mut String, count: usize) {
    if count > REPEATS_SHOWN {
        let more = count - REPEATS_SHOWN;
        let s = if more > 1 { "s" } else { "" };
        writeln!(out, "  [Previous line repeated {more} more time{s}]").expect("writing to a string");
    }
}

fn entry(out: &mut String, e: &Entry, source: Option<&str>) {
    let p = e.position;
    writeln!(out, "  File \"{}\", line {}, in {}", e.filename, p.line, e.name).expect("writing to a string");
    let Some(lines) = source.and_then(|s| source_lines(s, p)) else { return };
    if lines.iter().all(|l| l.trim().is_empty()) {
        return;
    }
    if p.end_line == 0 {
        writeln!(out, "    {}", lines[0].trim()).expect("writing to a string");
        return;
    }
    let segment = Segment::new(&lines, p);
    for line in segment.print() {
        writeln!(out, "    {line}").expect("writing to a string");
    }
}

/// Lines of the position, without line ends.
fn source_lines(source: &str, p: Position) -> Option<Vec<String>> {
    let first = p.line.checked_sub(1)? as usize;
    let count = (p.end_line.max(p.line) - p.line) as usize + 1;
    let lines: Vec<String> = source.lines().skip(first).take(count).map(str::to_owned).collect();
    (!lines.is_empty()).then_some(lines)
}

/// A place in the segment's lines: line index and character offset.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Spot {
    line: usize,
    at: usize,
}

struct Segment {
    /// Dedented lines as characters.
    lines: Vec<Vec<char>>,
    start: usize,
    end: usize,
    /// End of the left part and start of the right part around the `^` marks.
    anchor: Option<(Spot, Spot)>,
}

/// Characters before a byte offset.
fn characters(line: &str, byte: u32) -> usize {
    line.get(..(byte as usize).min(line.len())).map_or_else(|| line.chars().count(), |s| s.chars().count())
}

impl Segment {
    fn new(lines: &[String], p: Position) -> Segment {
        let indent = |l: &str| l.chars().take_while(|c| c.is_whitespace()).count();
        let common = lines.iter().filter(|l| !l.trim().is_empty()).map(|l| indent(l)).min().unwrap_or(0);
        let dedented: Vec<Vec<char>> = lines.iter().map(|l| l.chars().skip(common).collect()).collect();
        let last = lines.len() - 1;
        let offset = |line: usize, byte: u32| characters(&lines[line], byte).saturating_sub(common);
        let place = |line: u32, byte: u32| {
            let index = line.checked_sub(p.line)? as usize;
            (index <= last).then(|| Spot { line: index, at: offset(index, byte) })
        };
        let anchor = (p.anchor_line != 0)
            .then(|| Some((place(p.anchor_line, p.anchor_col)?, place(p.anchor_end_line, p.anchor_end_col)?)))
            .flatten();
        Segment { start: offset(0, p.col), end: offset(last, p.end_col), lines: dedented, anchor }
    }

    fn last(&self) -> usize {
        self.lines.len() - 1
    }

    /// Whether markers say more than the line itself.
    fn show_carets(&self) -> bool {
        let before: String = self.lines[0].iter().take(self.start).collect();
        let after: String = self.lines[self.last()].iter().skip(self.end).collect();
        if self.anchor.is_some() && after.trim().is_empty() && self.is_whole_value(&before) {
            return false;
        }
        self.anchor.is_some() || !before.trim().is_empty() || !after.trim_end().is_empty()
    }

    /// Whether the marked range is the call of `return f(...)` or `targets = call(...)`, which needs no marks.
    fn is_whole_value(&self, before: &str) -> bool {
        let text: String = self.text();
        if !text.ends_with(')') {
            return false;
        }
        let before = before.trim();
        if before.is_empty() {
            return false;
        }
        if before == "return" {
            let name = text.split('(').next().unwrap_or_default();
            return !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        }
        let Some(targets) = before.strip_suffix('=') else { return false };
        let augmented = targets.ends_with(['+', '-', '*', '/', '%', '&', '|', '^', '@', '<', '>', '=', '!', ':']);
        !augmented && !has_open_colon(targets)
    }

    fn text(&self) -> String {
        let last = self.last();
        let mut out = String::new();
        for (i, line) in self.lines.iter().enumerate() {
            let from = if i == 0 { self.start } else { 0 };
            let to = if i == last { self.end } else { line.len() };
            out.extend(line.iter().take(to).skip(from));
            if i < last {
                out.push('\n');
            }
        }
        out
    }

    fn print(&self) -> Vec<String> {
        let carets = self.show_carets();
        let mut wanted = vec![0, self.last()];
        if let (true, Some((left, right))) = (carets, self.anchor) {
            for p in [left, right] {
                wanted.extend(p.line.saturating_sub(1)..=p.line + 1);
            }
        } else if let Some((left, right)) = self.anchor {
            for p in [left, right] {
                wanted.extend(p.line.saturating_sub(1)..=p.line + 1);
            }
        }
        wanted.retain(|&l| l < self.lines.len());
        wanted.sort_unstable();
        wanted.dedup();
        let mut out = Vec::new();
        for (i, &line) in wanted.iter().enumerate() {
            let gap = if i == 0 { 1 } else { line - wanted[i - 1] };
            match gap {
                0 | 1 => {}
                2 => self.line(line - 1, carets, &mut out),
                n => out.push(format!("...<{} lines>...", n - 1)),
            }
            self.line(line, carets, &mut out);
        }
        out
    }

    fn line(&self, index: usize, carets: bool, out: &mut Vec<String>) {
        let line = &self.lines[index];
        out.push(line.iter().collect());
        if !carets {
            return;
        }
        let blank = line.iter().take_while(|c| c.is_whitespace()).count();
        let count = if index == self.last() { self.end } else { line.len() };
        let mut marks = String::new();
        for (at, &c) in line.iter().enumerate().take(count) {
            let mark = if at < blank || (index == 0 && at < self.start) {
                ' '
            } else {
                match self.anchor {
                    Some((left, right)) if !within(left, right, Spot { line: index, at }) => '~',
                    _ => '^',
                }
            };
            for _ in 0..width(c) {
                marks.push(mark);
            }
        }
        out.push(marks);
    }
}

fn within(left: Spot, right: Spot, p: Spot) -> bool {
    let after_left = p.line > left.line || (p.line == left.line && p.at >= left.at);
    let before_right = p.line < right.line || (p.line == right.line && p.at < right.at);
    after_left && before_right
}

/// Columns of a character on a terminal: two for East Asian wide and full-width ones.
fn width(c: char) -> usize {
    let wide = matches!(c as u32,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0x33ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa000..=0xa4cf
        | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd);
    if wide { 2 } else { 1 }
}

/// Whether an annotation's colon stands outside brackets.
fn has_open_colon(targets: &str) -> bool {
    let mut depth = 0i32;
    targets.chars().any(|c| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        c == ':' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, col: u32, end_line: u32, end_col: u32, anchor: [u32; 4]) -> Position {
        let [anchor_line, anchor_col, anchor_end_line, anchor_end_col] = anchor;
        Position { line, col, end_line, end_col, anchor_line, anchor_col, anchor_end_line, anchor_end_col }
    }

    fn shown(source: &str, position: Position) -> String {
        let e = Entry { filename: "t.py".into(), name: "f".into(), position };
        entries(&[e], &mut |_| Some(source.to_owned()))
    }

    #[test]
    fn an_operator_is_marked_in_its_expression() {
        let text = shown("    x = a + b * c\n", at(1, 8, 1, 17, [1, 10, 1, 11]));
        assert_eq!(text, "  File \"t.py\", line 1, in f\n    x = a + b * c\n        ~~^~~~~~~\n");
    }

    #[test]
    fn a_whole_line_needs_no_marks_without_an_anchor() {
        let text = shown("raise ValueError(1)\n", at(1, 0, 1, 19, [0; 4]));
        assert_eq!(text, "  File \"t.py\", line 1, in f\n    raise ValueError(1)\n");
    }

    #[test]
    fn a_call_statement_is_marked_at_its_parentheses() {
        let text = shown("main()\n", at(1, 0, 1, 6, [1, 4, 1, 6]));
        assert_eq!(text, "  File \"t.py\", line 1, in f\n    main()\n    ~~~~^^\n");
    }

    #[test]
    fn the_call_that_is_a_whole_value_is_not_marked() {
        for (line, col, paren) in [("return g(1)", 7, 8), ("x = a.b(1)", 4, 7)] {
            let end = line.len() as u32;
            let text = shown(line, at(1, col, 1, end, [1, paren, 1, end]));
            assert_eq!(text, format!("  File \"t.py\", line 1, in f\n    {line}\n"));
        }
    }

    #[test]
    fn repeated_entries_are_folded() {
        let e = Entry { filename: "t.py".into(), name: "f".into(), position: at(1, 0, 1, 1, [0; 4]) };
        let text = entries(&vec![e; 10], &mut |_| None);
        assert_eq!(text.lines().count(), 4);
        assert!(text.ends_with("  [Previous line repeated 7 more times]\n"), "{text}");
    }

    #[test]
    fn lines_far_from_the_marks_are_left_out() {
        let source = "f(\n  1,\n  2,\n  3,\n  4,\n  g(),\n)\n";
        let text = shown(source, at(1, 0, 7, 1, [1, 1, 7, 1]));
        assert!(text.contains("...<3 lines>..."), "{text}");
    }
}
