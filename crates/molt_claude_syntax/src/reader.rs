//! Text to data, in one pass over the bytes.
//!
//! Nothing recurses: open brackets and prefixes stand on a stack of their own, so that no depth of nesting ends the
//! process. A bracket that is not closed is looked for a second time, with the layout as a witness: a form at the start of
//! a line begins a new definition.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use molt_base::{FileId, Span};

use crate::data::{Data, Entry, Kind};
use crate::literal::{self, NumberKind};

/// Depth of nesting that programs may have (section 5.5 of the reference).
pub const DEEPEST: usize = 1_000;

/// Something in a text that is not as the grammar says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub span: Span,
    /// A headline without a full stop.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub data: Data,
    /// Places of `#;` with the datum that it skips, those inside of another left out.
    pub skipped: Vec<Range<u32>>,
    /// What is wrong, in the order of places.
    pub faults: Vec<Fault>,
    /// The text ends inside of a datum or comment.
    pub is_open: bool,
}

/// Reads a whole text.
pub fn read(file: FileId, text: &str) -> Read {
    let mut reader = Reader::new(file, text, false);
    reader.run();
    let is_open = reader.ends_inside || reader.has_lost_rest;
    if reader.has_unclosed {
        reader = Reader::new(file, text, true);
        reader.run();
    }
    reader.faults.sort_by_key(|f| f.span.start);
    let data = Data::new(file, text, reader.entries);
    Read { data, skipped: reader.skipped, faults: reader.faults, is_open }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a symbol.
    Run,
    Digit,
    Minus,
    Colon,
    Hash,
    Blank,
    Comment,
    Quote,
    Open,
    Close,
    Prefix,
    Wide,
    Invalid,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Invalid; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = match b {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => Class::Blank,
            b'0'..=b'9' => Class::Digit,
            b'-' => Class::Minus,
            b':' => Class::Colon,
            b'#' => Class::Hash,
            b';' => Class::Comment,
            b'"' => Class::Quote,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b'\'' | b'`' | b',' | b'@' => Class::Prefix,
            0x80.. => Class::Wide,
            b'!'..=b'~' => Class::Run,
            _ => Class::Invalid,
        };
        i += 1;
    }
    table
};

/// Bytes that continue a symbol; of characters beyond ASCII blanks are none.
const CONTINUES: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 256 {
        table[i] =
            matches!(CLASSES[i], Class::Run | Class::Digit | Class::Minus | Class::Colon | Class::Hash | Class::Wide);
        i += 1;
    }
    table
};

/// Something that waits for its end.
#[derive(Clone, Copy)]
struct Open {
    /// Place of its entry.
    entry: u32,
    /// Where it begins.
    start: u32,
    /// Quasiquotes around what is inside it, less unquotes.
    quasi: u32,
    /// Comes with `#;`: it goes when its datum is there.
    is_skip: bool,
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    entries: Vec<Entry>,
    open: Vec<Open>,
    /// Quasiquotes around the place at hand, less unquotes.
    quasi: u32,
    skipped: Vec<Range<u32>>,
    faults: Vec<Fault>,
    /// Whether a form at the start of a line ends what is open.
    by_layout: bool,
    has_unclosed: bool,
    /// A string or comment without an end took the brackets that would have closed what is open.
    has_lost_rest: bool,
    /// Something is open at the end.
    ends_inside: bool,
    is_too_deep: bool,
}

impl<'t> Reader<'t> {
    fn new(file: FileId, text: &'t str, by_layout: bool) -> Reader<'t> {
        Reader {
            file,
            text,
            bytes: text.as_bytes(),
            at: 0,
            // Ordinary text has a datum for each five bytes.
            entries: Vec::with_capacity(text.len() / 4 + 1),
            open: Vec::new(),
            quasi: 0,
            skipped: Vec::new(),
            faults: Vec::new(),
            by_layout,
            has_unclosed: false,
            has_lost_rest: false,
            ends_inside: false,
            is_too_deep: false,
        }
    }

    fn run(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        if self.bytes[self.at..].starts_with(b"#!") {
            self.skip_line();
        }
        while let Some(&b) = self.bytes.get(self.at) {
            match CLASSES[b as usize] {
                Class::Blank => self.at += 1,
                Class::Run | Class::Wide => self.symbol(),
                Class::Open => self.opener(b),
                Class::Close => self.closer(b),
                Class::Digit => self.number(),
                Class::Minus if self.byte(1).is_some_and(|b| b.is_ascii_digit()) => self.number(),
                Class::Minus => self.symbol(),
                Class::Colon => self.keyword(),
                Class::Quote => self.string(),
                Class::Comment => self.skip_line(),
                Class::Hash => self.hash(),
                Class::Prefix => self.prefix(b),
                Class::Invalid => {
                    let what = format!("the control character U+{b:04X} is no part of a program");
                    self.error(self.at, self.at + 1, what, "remove it, or write it in a string as `\\u{…}`");
                    self.at += 1;
                }
            }
        }
        self.end();
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// End of the run of symbol characters from here.
    fn run_end(&self) -> usize {
        let mut end = self.at;
        while end < self.bytes.len() && CONTINUES[self.bytes[end] as usize] {
            if self.bytes[end] < 0x80 {
                end += 1;
                continue;
            }
            match self.text[end..].chars().next() {
                Some(c) if !is_blank(c) => end += c.len_utf8(),
                _ => break,
            }
        }
        end
    }

    fn symbol(&mut self) {
        let (start, end) = (self.at, self.run_end());
        if end == start {
            // A blank beyond ASCII.
            self.at += self.text[start..].chars().next().map_or(1, char::len_utf8);
            return;
        }
        let kind = match &self.bytes[start..end] {
            b"true" => Kind::True,
            b"false" => Kind::False,
            b"nil" | b"null" => Kind::Nil,
            _ => Kind::Symbol,
        };
        self.quote_by_name(&self.bytes[start..end]);
        self.leaf(kind, end);
    }

    /// The long spellings of quasiquotes count as the short ones do. Their form restores the count when it ends.
    fn quote_by_name(&mut self, name: &[u8]) {
        let Some(top) = self.open.last().filter(|o| o.entry as usize + 1 == self.entries.len() && !o.is_skip) else {
            return;
        };
        if self.entries[top.entry as usize].kind == Kind::Form {
            match name {
                b"quasiquote" => self.quasi += 1,
                b"unquote" | b"unquote-splicing" => self.quasi = self.quasi.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn keyword(&mut self) {
        let end = self.run_end();
        self.leaf(if end == self.at + 1 { Kind::Symbol } else { Kind::Keyword }, end);
    }

    fn number(&mut self) {
        let (start, end) = (self.at, self.run_end());
        let kind = match literal::number_kind(&self.bytes[start..end]) {
            NumberKind::Int => Kind::Int,
            NumberKind::Float => Kind::Float,
            NumberKind::Malformed => {
                let text = &self.text[start..end];
                let what = format!("`{text}` is no number, and a name can't begin with a digit");
                self.error(start, end, what, "write digits, with `_` between them if you like, or begin with a letter");
                Kind::Error
            }
        };
        self.leaf(kind, end);
    }

    fn string(&mut self) {
        let start = self.at;
        let (mut end, mut has_escape) = (start + 1, false);
        loop {
            match memchr::memchr2(b'"', b'\\', &self.bytes[end..]) {
                Some(found) if self.bytes[end + found] == b'"' => {
                    end += found + 1;
                    break;
                }
                // What is escaped can't end the string.
                Some(found) if end + found + 1 < self.bytes.len() => {
                    has_escape = true;
                    end += found + 2;
                }
                _ => {
                    self.error(start, start + 1, "this string has no end".into(), "close it with `\"`");
                    self.at = self.bytes.len();
                    self.has_lost_rest = true;
                    self.leaf_from(Kind::Error, start, self.bytes.len());
                    return;
                }
            }
        }
        let mut kind = Kind::Str;
        if has_escape {
            for (range, what) in literal::string_faults(&self.text[start..end]) {
                kind = Kind::Error;
                let help = "use one of `\\n \\t \\r \\\\ \\\" \\0 \\u{1F600}`";
                self.error(start + range.start, start + range.end, what.into(), help);
            }
        }
        self.leaf(kind, end);
    }

    fn hash(&mut self) {
        match self.byte(1) {
            Some(b'{') => self.open(Kind::Set, 2),
            Some(b'|') => self.block_comment(),
            Some(b';') => {
                self.open.push(Open {
                    entry: self.entries.len() as u32,
                    start: self.at as u32,
                    quasi: self.quasi,
                    is_skip: true,
                });
                self.at += 2;
            }
            _ => {
                let end = self.run_end();
                let kind = match &self.bytes[self.at..end] {
                    b"#t" => Kind::True,
                    b"#f" => Kind::False,
                    _ => Kind::Symbol,
                };
                self.leaf(kind, end);
            }
        }
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let (mut depth, mut end) = (1, start + 2);
        while depth > 0 {
            let Some(found) = memchr::memchr2(b'#', b'|', &self.bytes[end..]) else {
                self.error(start, start + 2, "this comment has no end".into(), "close it with `|#`");
                self.at = self.bytes.len();
                self.has_lost_rest = true;
                return;
            };
            end += found;
            match &self.bytes[end..self.bytes.len().min(end + 2)] {
                b"|#" => (depth, end) = (depth - 1, end + 2),
                b"#|" => (depth, end) = (depth + 1, end + 2),
                _ => end += 1,
            }
        }
        self.at = end;
    }

    fn prefix(&mut self, b: u8) {
        let (kind, width) = match (b, self.byte(1)) {
            (b'\'', _) => (Kind::Quote, 1),
            (b'`', _) => (Kind::Quasiquote, 1),
            (b'@', _) => (Kind::Deref, 1),
            // Outside a quasiquote a comma is a blank.
            _ if self.quasi == 0 => {
                self.at += 1;
                return;
            }
            (_, Some(b'@')) => (Kind::Splice, 2),
            _ => (Kind::Unquote, 1),
        };
        self.open(kind, width);
    }

    fn opener(&mut self, b: u8) {
        if self.by_layout && b == b'(' && !self.open.is_empty() && self.bytes[..self.at].ends_with(b"\n") {
            self.close_open(0);
        }
        let kind = match b {
            b'(' => Kind::Form,
            b'[' => Kind::List,
            _ => Kind::Map,
        };
        self.open(kind, 1);
    }

    fn open(&mut self, kind: Kind, width: usize) {
        if self.open.len() == DEEPEST && !self.is_too_deep {
            self.is_too_deep = true;
            let what = format!("nesting is deeper than {DEEPEST}");
            self.error(self.at, self.at + width, what, "give the inner parts names");
        }
        let entry = self.entries.len() as u32;
        self.open.push(Open { entry, start: self.at as u32, quasi: self.quasi, is_skip: false });
        match kind {
            Kind::Quasiquote => self.quasi += 1,
            Kind::Unquote | Kind::Splice => self.quasi -= 1,
            _ => {}
        }
        let start = self.at as u32;
        self.entries.push(Entry { kind, start, end: start, next: 0 });
        self.at += width;
    }

    fn closer(&mut self, b: u8) {
        let is_bracket = |o: &Open| !o.is_skip && self.entries[o.entry as usize].kind.closer().is_some();
        let fits = |o: &Open| is_bracket(o) && self.entries[o.entry as usize].kind.closer() == Some(b);
        match self.open.iter().rposition(fits) {
            None => {
                let what = format!("`{}` closes nothing", b as char);
                self.error(self.at, self.at + 1, what, "remove it, or add the bracket that it closes");
                self.at += 1;
            }
            Some(at) => {
                // Another kind of bracket is missing its end here, or this one is too many.
                let between = self.open[at + 1..].iter().any(is_bracket);
                if between && !self.by_layout {
                    self.has_unclosed = true;
                }
                self.close_open(at + 1);
                self.at += 1;
                self.close_top();
            }
        }
    }

    /// Ends everything that was opened from a place of the stack on, and reports it: of brackets the innermost.
    fn close_open(&mut self, from: usize) {
        let mut said = self.has_lost_rest;
        while self.open.len() > from {
            let top = self.open[self.open.len() - 1];
            if top.is_skip {
                self.error(self.at, self.at, "`#;` is not followed by a datum".into(), "remove it");
                self.open.pop();
                continue;
            }
            let Entry { kind, start, .. } = self.entries[top.entry as usize];
            if kind.is_prefix() {
                // The prefix has a datum only if it was followed by something that is still open.
                if top.entry as usize + 1 == self.entries.len() {
                    let what = "nothing follows that this belongs to".to_string();
                    self.error(start as usize, start as usize + 1, what, "write a datum after it, or remove it");
                    self.entries[top.entry as usize].kind = Kind::Error;
                }
            } else if !said {
                said = true;
                let closer = kind.closer().map_or(' ', char::from);
                let width = if kind == Kind::Set { 2 } else { 1 };
                let what = "this bracket is not closed".to_string();
                self.error(start as usize, start as usize + width, what, &format!("add `{closer}` where it ends"));
            }
            self.finish_top();
        }
    }

    /// The datum on top of the stack ends here; prefixes before it end with it.
    fn close_top(&mut self) {
        self.finish_top();
        self.datum_done();
    }

    fn finish_top(&mut self) {
        let Some(top) = self.open.pop() else { return };
        self.quasi = top.quasi;
        let next = self.entries.len() as u32;
        let entry = &mut self.entries[top.entry as usize];
        (entry.end, entry.next) = (self.at as u32, next);
    }

    fn leaf(&mut self, kind: Kind, end: usize) {
        let start = self.at;
        self.at = end;
        self.leaf_from(kind, start, end);
    }

    fn leaf_from(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.entries.len() as u32 + 1;
        self.entries.push(Entry { kind, start: start as u32, end: end as u32, next });
        if !self.open.is_empty() {
            self.datum_done();
        }
    }

    /// A datum is complete: so are prefixes before it, and what `#;` skips goes.
    fn datum_done(&mut self) {
        while let Some(&top) = self.open.last() {
            if top.is_skip {
                self.entries.truncate(top.entry as usize);
                self.open.pop();
                self.skip(top.start);
                return;
            }
            if !self.entries[top.entry as usize].kind.is_prefix() {
                return;
            }
            self.finish_top();
        }
    }

    #[cold]
    fn skip(&mut self, start: u32) {
        while self.skipped.pop_if(|inner| inner.start > start).is_some() {}
        self.skipped.push(start..self.at as u32);
    }

    fn end(&mut self) {
        if self.open.is_empty() {
            return;
        }
        self.ends_inside = true;
        self.has_unclosed |= !self.by_layout;
        self.close_open(0);
    }

    #[cold]
    fn error(&mut self, start: usize, end: usize, what: String, help: &str) {
        let span = Span { file: self.file, start: start as u32, end: end as u32 };
        self.faults.push(Fault { span, what, help: help.into() });
    }
}

/// Blanks beyond ASCII: Unicode's `White_Space`, and the byte order mark, which nobody sees.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::vec;

    use super::*;
    use crate::Datum;

    fn show(data: &Data, d: Datum, out: &mut String) {
        let parts = |out: &mut String, close: &str| {
            for (n, part) in data.parts(d).enumerate() {
                out.push_str(if n == 0 { "" } else { " " });
                show(data, part, out);
            }
            out.push_str(close);
        };
        let (open, close) = match data.kind(d) {
            Kind::Form => ("(", ")"),
            Kind::List => ("[", "]"),
            Kind::Map => ("{", "}"),
            Kind::Set => ("#{", "}"),
            Kind::Quote => ("'", ""),
            Kind::Quasiquote => ("`", ""),
            Kind::Unquote => (",", ""),
            Kind::Splice => (",@", ""),
            Kind::Deref => ("@", ""),
            Kind::Error => ("<error", ">"),
            _ => (data.written(d), ""),
        };
        out.push_str(open);
        parts(out, close);
    }

    /// The data of a text in one line, and each fault with its place.
    fn check(text: &str) -> (String, Vec<String>) {
        let read = read(FileId(0), text);
        let mut out = String::new();
        for (n, d) in read.data.top().enumerate() {
            out.push_str(if n == 0 { "" } else { " " });
            show(&read.data, d, &mut out);
        }
        let faults = read.faults.iter().map(|d| {
            let span = d.span;
            let mut text = String::new();
            write!(text, "{}..{} {}", span.start, span.end, d.what).expect("strings take everything");
            text
        });
        (out, faults.collect())
    }

    fn reads(text: &str, data: &str) {
        let (found, faults) = check(text);
        assert_eq!((found.as_str(), faults), (data, vec![]), "{text}");
    }

    #[test]
    fn data_of_every_kind() {
        reads(
            "(define (f x) : Int [1 -2.5 \"a\\n\" :k nil true #f] {:a 1} #{2})",
            "(define (f x) : Int [1 -2.5 \"a\\n\" :k nil true #f] {:a 1} #{2})",
        );
        reads("'(a . b) @r ...rest a:b.c - -x +5 ->> λ", "'(a . b) @r ...rest a:b.c - -x +5 ->> λ");
        reads("() [] {} #{}", "() [] {} #{}");
        reads("''a '@b", "''a '@b");
    }

    #[test]
    fn blanks_and_comments() {
        reads("\u{feff}#!/usr/bin/env claudelang\na ; b\n#| c #| d |# e |# f #;(g h) i #;#;j k l", "a f i l");
        reads("[x, y,z]\u{a0}w", "[x y z] w");
        reads("(a #;b)", "(a)");
        reads("'#;a b", "'b");
        let skipped = |text: &str| read(FileId(0), text).skipped;
        assert_eq!(skipped("a #;(b #;c d) #; e f #;#;g h"), [2..13, 14..18, 21..28]);
    }

    #[test]
    fn quasiquotes_give_commas_a_meaning() {
        reads("`(a ,b ,@c `(d ,(e ,f)) ,[g, h]) (i, j)", "`(a ,b ,@c `(d ,(e ,f)) ,[g h]) (i j)");
        reads("(quasiquote (a ,b (unquote c,d))) e,f", "(quasiquote (a ,b (unquote c d))) e f");
    }

    #[test]
    fn faults_have_their_place_and_lose_nothing_else() {
        for (text, data, faults) in [
            ("(a (b)", "(a (b))", &["0..1 this bracket is not closed"][..]),
            ("(a\n(b c)\n(d)", "(a) (b c) (d)", &["0..1 this bracket is not closed"]),
            ("(a [b) c", "(a [b]) c", &["3..4 this bracket is not closed"]),
            ("a) b", "a b", &["1..2 `)` closes nothing"]),
            ("(a ')", "(a <error>)", &["3..4 nothing follows that this belongs to"]),
            ("(a #;)", "(a)", &["5..5 `#;` is not followed by a datum"]),
            ("\"a", "<error>", &["0..1 this string has no end"]),
            ("(b [\"a) c]", "(b [<error>])", &["4..5 this string has no end"]),
            ("(b #| a)", "(b)", &["3..5 this comment has no end"]),
            ("a #| b", "a", &["2..4 this comment has no end"]),
            ("12x", "<error>", &["0..3 `12x` is no number, and a name can't begin with a digit"]),
            ("\"\\q\" a", "<error> a", &["1..3 unknown escape"]),
            ("a \u{1} b", "a b", &["2..3 the control character U+0001 is no part of a program"]),
        ] {
            let (found, said) = check(text);
            assert_eq!((found.as_str(), said.iter().map(String::as_str).collect::<Vec<_>>()), (data, faults.to_vec()));
        }
    }

    #[test]
    fn depth_is_limited_by_a_diagnostic_only() {
        for (open, close) in [("(", ")"), ("[", "]"), ("#{", "}"), ("'", ""), ("#;", "")] {
            let text = open.repeat(100_000) + &"a ".repeat(100_000) + &close.repeat(100_000);
            let read = read(FileId(0), &text);
            assert!(read.faults.len() <= 1, "{:?}", read.faults.get(1));
            assert_eq!(read.faults.is_empty(), open == "#;");
        }
        assert!(read(FileId(0), &"(".repeat(100_000)).faults.len() == 2);
    }
}
