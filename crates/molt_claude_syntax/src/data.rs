//! What the reader makes of a text: data in one flat list, in the order of the text.
//!
//! A datum is followed by its parts and knows where the next one after them is, so that a whole file takes one allocation
//! and a walk touches memory in order. Literals stay text until somebody asks for their value.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use molt_base::{FileId, Span};

use crate::literal::{self, Number};

/// What a datum is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Symbol,
    Keyword,
    Int,
    Float,
    Str,
    True,
    False,
    Nil,
    /// `(…)`
    Form,
    /// `[…]`
    List,
    /// `{…}`
    Map,
    /// `#{…}`
    Set,
    /// `'d`
    Quote,
    /// `` `d ``
    Quasiquote,
    /// `,d` inside a quasiquote
    Unquote,
    /// `,@d` inside a quasiquote
    Splice,
    /// `@d`
    Deref,
    /// A literal that was reported: what it means is not known.
    Error,
}

impl Kind {
    /// The operator of the form that a prefix stands for.
    pub fn operator(self) -> Option<&'static str> {
        match self {
            Kind::Quote => Some("quote"),
            Kind::Quasiquote => Some("quasiquote"),
            Kind::Unquote => Some("unquote"),
            Kind::Splice => Some("unquote-splicing"),
            Kind::Deref => Some("deref"),
            _ => None,
        }
    }

    /// The word for a datum of this kind in messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Symbol => "a symbol",
            Kind::Keyword => "a keyword",
            Kind::Int | Kind::Float => "a number",
            Kind::Str => "a string",
            Kind::True | Kind::False => "a boolean",
            Kind::Nil => "nil",
            Kind::Form => "a form",
            Kind::List => "a list",
            Kind::Map => "a map",
            Kind::Set => "a set",
            Kind::Quote => "a quoted datum",
            Kind::Quasiquote => "a quasiquoted datum",
            Kind::Unquote | Kind::Splice => "an unquoted datum",
            Kind::Deref => "a dereferenced datum",
            Kind::Error => "a malformed literal",
        }
    }

    /// Whether a datum of this kind stands before one other and belongs to it.
    pub fn is_prefix(self) -> bool {
        matches!(self, Kind::Quote | Kind::Quasiquote | Kind::Unquote | Kind::Splice | Kind::Deref)
    }

    /// The bracket that ends a datum of this kind.
    pub fn closer(self) -> Option<u8> {
        match self {
            Kind::Form => Some(b')'),
            Kind::List => Some(b']'),
            Kind::Map | Kind::Set => Some(b'}'),
            _ => None,
        }
    }
}

/// A datum by its place in the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Datum(pub u32);

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
    /// Place of the first datum that is no part of this one.
    pub next: u32,
}

/// The data of one text.
#[derive(Clone, Debug)]
pub struct Data {
    file: FileId,
    text: Arc<str>,
    entries: Vec<Entry>,
}

impl Data {
    pub(super) fn new(file: FileId, text: &str, entries: Vec<Entry>) -> Data {
        const { assert!(size_of::<Entry>() == 16) };
        Data { file, text: Arc::from(text), entries }
    }

    pub fn file(&self) -> FileId {
        self.file
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many data there are, parts included.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The data that are no part of another.
    pub fn top(&self) -> Parts<'_> {
        Parts { data: self, at: 0, end: self.entries.len() as u32 }
    }

    pub fn kind(&self, d: Datum) -> Kind {
        self.entries[d.0 as usize].kind
    }

    /// The data directly inside.
    pub fn parts(&self, d: Datum) -> Parts<'_> {
        Parts { data: self, at: d.0 + 1, end: self.entries[d.0 as usize].next }
    }

    /// The place of the first datum that is no part of this one; that of none after the last.
    pub fn after(&self, d: Datum) -> Datum {
        Datum(self.entries[d.0 as usize].next)
    }

    pub fn span(&self, d: Datum) -> Span {
        let e = self.entries[d.0 as usize];
        Span { file: self.file, start: e.start, end: e.end }
    }

    /// A datum as it is written.
    pub fn written(&self, d: Datum) -> &str {
        let e = self.entries[d.0 as usize];
        &self.text[e.start as usize..e.end as usize]
    }

    /// The name of a symbol; of a keyword the part after the colon.
    pub fn name(&self, d: Datum) -> Option<&str> {
        match self.kind(d) {
            Kind::Symbol => Some(self.written(d)),
            Kind::Keyword => Some(&self.written(d)[1..]),
            _ => None,
        }
    }

    /// Writes a datum in one line, followed by a blank; it is read again as the same datum.
    pub fn print(&self, d: Datum, out: &mut String) {
        // What closes the data that are open, and where each ends.
        let mut open: Vec<(u32, &str)> = Vec::new();
        for at in d.0..self.entries[d.0 as usize].next {
            while let Some((_, close)) = open.pop_if(|&mut (end, _)| end <= at) {
                out.push_str(close);
            }
            let (before, close) = match self.kind(Datum(at)) {
                Kind::Form => ("(", ") "),
                Kind::List => ("[", "] "),
                Kind::Map => ("{", "} "),
                Kind::Set => ("#{", "} "),
                Kind::Quote => ("'", ""),
                Kind::Quasiquote => ("`", ""),
                Kind::Unquote => (",", ""),
                Kind::Splice => (",@", ""),
                // `,@` would be another prefix.
                Kind::Deref if out.ends_with(',') => (" @", ""),
                Kind::Deref => ("@", ""),
                _ => (self.written(Datum(at)), " "),
            };
            out.push_str(before);
            open.push((self.entries[at as usize].next, close));
        }
        open.iter().rev().for_each(|(_, close)| out.push_str(close));
    }

    /// The value of a string.
    pub fn string(&self, d: Datum) -> Option<Cow<'_, str>> {
        (self.kind(d) == Kind::Str).then(|| literal::string(self.written(d)))
    }

    /// The value of a number.
    pub fn number(&self, d: Datum) -> Option<Number<'_>> {
        matches!(self.kind(d), Kind::Int | Kind::Float).then(|| literal::number(self.written(d)))
    }
}

/// Data that lie one after the other.
#[derive(Clone)]
pub struct Parts<'d> {
    data: &'d Data,
    at: u32,
    end: u32,
}

impl Iterator for Parts<'_> {
    type Item = Datum;

    fn next(&mut self) -> Option<Datum> {
        if self.at >= self.end {
            return None;
        }
        let datum = Datum(self.at);
        self.at = self.data.entries[self.at as usize].next;
        Some(datum)
    }
}
