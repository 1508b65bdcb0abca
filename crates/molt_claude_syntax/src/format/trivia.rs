//! What stands between data: comments and line breaks, given to the data that they belong to.
//!
//! A comment on the line of the datum before it belongs to that one, unless the next datum stands there too; any other
//! belongs to the datum after it. One between a prefix and its datum goes before the prefix.

use alloc::vec::Vec;
use core::ops::Range;

use crate::{Data, Datum, Kind, Read};

/// A comment: to the end of the line, in a block, or a datum behind `#;`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'r> {
    pub text: &'r str,
    /// Where it begins.
    pub at: usize,
    /// Line breaks before it.
    pub breaks: u32,
    /// Nothing may follow on its line.
    pub ends_line: bool,
}

/// A datum with its comments.
#[derive(Debug)]
pub(super) struct Item<'r> {
    pub datum: Datum,
    /// Line breaks before the datum and its comments.
    pub breaks: u32,
    pub before: Vec<Comment<'r>>,
    /// Line breaks between the last comment before the datum, if there is one, and the datum.
    pub near: u32,
    pub after: Vec<Comment<'r>>,
}

impl Item<'_> {
    /// Line breaks behind a comment before the datum.
    pub fn breaks_behind(&self, comment: usize) -> u32 {
        self.before.get(comment + 1).map_or(self.near, |next| next.breaks)
    }

    /// Whether a comment before the datum has a line of its own.
    pub fn wants_line(&self) -> bool {
        (0..self.before.len()).any(|i| self.before[i].ends_line || self.breaks_behind(i) > 0)
    }
}

/// The parts of a datum, or those of a file.
#[derive(Debug, Default)]
pub(super) struct Items<'r> {
    pub items: Vec<Item<'r>>,
    /// Comments that no datum follows.
    pub closing: Vec<Comment<'r>>,
}

impl Items<'_> {
    /// Whether what stands in braces are keys with values; effect rows have braces too.
    pub fn is_of_pairs(&self, source: Source) -> bool {
        self.items.len().is_multiple_of(2) && self.items.iter().all(|i| source.symbol(i.datum) != "|")
    }
}

/// A text that was read.
#[derive(Clone, Copy)]
pub(super) struct Source<'r> {
    pub data: &'r Data,
    skipped: &'r [Range<u32>],
}

impl<'r> Source<'r> {
    pub fn new(read: &'r Read) -> Source<'r> {
        Source { data: &read.data, skipped: &read.skipped }
    }

    /// The parts of a file.
    pub fn top(self) -> Items<'r> {
        self.items(self.data.top(), 0, self.data.text().len())
    }

    /// The parts of a datum with brackets.
    pub fn parts(self, d: Datum) -> Items<'r> {
        let span = self.data.span(d);
        let width = self.opener(d).len();
        self.items(self.data.parts(d), span.start as usize + width, span.end as usize - 1)
    }

    /// What a datum begins with before its first part.
    pub fn opener(self, d: Datum) -> &'static str {
        match self.data.kind(d) {
            Kind::Form => "(",
            Kind::List => "[",
            Kind::Map => "{",
            Kind::Set => "#{",
            Kind::Quote => "'",
            Kind::Quasiquote => "`",
            Kind::Unquote => ",",
            Kind::Splice => ",@",
            Kind::Deref => "@",
            Kind::Symbol | Kind::Keyword | Kind::Int | Kind::Float | Kind::Str => "",
            Kind::True | Kind::False | Kind::Nil | Kind::Error => "",
        }
    }

    /// The name of a symbol; empty for any other datum.
    pub fn symbol(self, d: Datum) -> &'r str {
        self.data.name(d).filter(|_| self.data.kind(d) == Kind::Symbol).unwrap_or("")
    }

    /// The datum that a prefix belongs to.
    pub fn behind_prefix(self, d: Datum) -> Option<Datum> {
        self.data.kind(d).is_prefix().then(|| self.data.parts(d).next()).flatten()
    }

    fn items(self, parts: impl Iterator<Item = Datum>, start: usize, end: usize) -> Items<'r> {
        let mut items: Vec<Item> = Vec::new();
        let mut at = start;
        for datum in parts {
            let span = self.data.span(datum);
            let gap = self.gap(at, span.start as usize);
            let (mut before, near) = give_to_last(&mut items, gap, true);
            let near = self.hoist(datum, &mut before, near);
            let breaks = before.first().map_or(near, |c| c.breaks);
            items.push(Item { datum, breaks, before, near, after: Vec::new() });
            at = span.end as usize;
        }
        let gap = self.gap(at, end);
        let (closing, _) = give_to_last(&mut items, gap, false);
        Items { items, closing }
    }

    /// Adds the comments between prefixes and their datum; gives the line breaks behind the last comment.
    fn hoist(self, d: Datum, before: &mut Vec<Comment<'r>>, mut near: u32) -> u32 {
        let mut prefix = d;
        while let Some(inner) = self.behind_prefix(prefix) {
            let start = self.data.span(prefix).start as usize + self.opener(prefix).len();
            let (mut comments, breaks) = self.gap(start, self.data.span(inner).start as usize);
            if let Some(first) = comments.first_mut() {
                first.breaks += near;
                near = breaks;
                before.append(&mut comments);
            }
            prefix = inner;
        }
        near
    }

    /// The comments in a part of the text that holds no data, and the line breaks behind the last one.
    fn gap(self, start: usize, end: usize) -> (Vec<Comment<'r>>, u32) {
        let text: &'r str = self.data.text();
        let (mut comments, mut breaks, mut at) = (Vec::new(), 0, start);
        while at < end {
            let rest = &text[at..end];
            let width = self.comment(at, rest);
            if width == 0 {
                breaks += u32::from(rest.starts_with('\n'));
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            let ends_line = !rest.starts_with("#|") && !rest.starts_with("#;");
            comments.push(Comment { text: rest[..width].trim_end(), at, breaks, ends_line });
            (breaks, at) = (0, at + width);
        }
        (comments, breaks)
    }

    /// The column where a comment begins.
    pub fn column(self, comment: &Comment) -> usize {
        let before = &self.data.text()[..comment.at];
        before.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    /// How many bytes the comment has that begins at a place; 0 if none does.
    fn comment(self, at: usize, rest: &str) -> usize {
        if rest.starts_with("#;") {
            let skip = self.skipped.binary_search_by_key(&(at as u32), |s| s.start);
            return skip.map_or(0, |n| self.skipped[n].end as usize - at);
        }
        if rest.starts_with("#|") {
            return block(rest);
        }
        let is_shebang = rest.starts_with("#!");
        if rest.starts_with(';') || is_shebang { rest.find('\n').unwrap_or(rest.len()) } else { 0 }
    }

    /// The texts of all comments, sorted: formatting may move one over another.
    pub fn all_comments(self) -> Vec<&'r str> {
        let mut out: Vec<&str> = Vec::new();
        let mut add = |items: Items<'r>| {
            out.extend(items.closing.iter().map(|c| c.text));
            let all = items.items.iter().flat_map(|i| i.before.iter().chain(&i.after));
            out.extend(all.map(|c| c.text));
        };
        add(self.top());
        for d in (0..self.data.count() as u32).map(Datum) {
            if self.data.kind(d).closer().is_some() {
                add(self.parts(d));
            }
        }
        out.sort_unstable();
        out
    }
}

/// Length of a block comment.
fn block(text: &str) -> usize {
    let (mut depth, mut at) = (1, 2);
    while depth > 0 {
        let Some(found) = memchr::memchr2(b'#', b'|', &text.as_bytes()[at..]) else { return text.len() };
        at += found;
        match text.as_bytes().get(at..at + 2) {
            Some(b"|#") => (depth, at) = (depth - 1, at + 2),
            Some(b"#|") => (depth, at) = (depth + 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// Gives the first of some comments to the item before them as far as they belong to it; the others are left, with the
/// line breaks behind them.
fn give_to_last<'r>(
    items: &mut [Item<'r>],
    (mut comments, near): (Vec<Comment<'r>>, u32),
    data_follow: bool,
) -> (Vec<Comment<'r>>, u32) {
    let Some(last) = items.last_mut() else { return (comments, near) };
    let mut count = 0;
    while count < comments.len() && comments[count].breaks == 0 {
        let rest = &comments[count..];
        let on_line_of_next =
            data_follow && near == 0 && rest.iter().all(|c| !c.ends_line) && rest[1..].iter().all(|c| c.breaks == 0);
        if on_line_of_next {
            break;
        }
        count += 1;
    }
    let left = comments.split_off(count);
    last.after = comments;
    (left, near)
}
