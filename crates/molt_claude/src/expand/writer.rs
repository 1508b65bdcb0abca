//! Writes syntax for forms that are expanded into others.
//!
//! The names that are written have a mark of their own and mean what they mean in the library, so nothing of the program
//! is captured and nothing in the program captures them.

use molt_base::{Span, Symbol};

use super::Expander;
use crate::stx::{Mark, StxId};
use crate::syntax::Kind;

/// Writes syntax at one place with one mark.
pub struct Writer {
    mark: Mark,
    pub span: Span,
    none: Symbol,
    /// Variables for the values of `(old e)` in what was written so far, and each `e`.
    pub olds: Vec<(StxId, StxId)>,
    count: usize,
}

impl Writer {
    pub fn new(e: &mut Expander, span: Span) -> Writer {
        let mark = e.scopes.new_mark(e.base, Mark::SOURCE, e.module);
        Writer { mark, span, none: e.core.names.intern(""), olds: Vec::new(), count: 0 }
    }

    pub fn list(&self, e: &mut Expander, kind: Kind, parts: &[StxId]) -> StxId {
        e.syntax.make(kind, self.span, self.none, Mark::SOURCE, parts)
    }

    pub fn word(&self, e: &mut Expander, text: &str) -> StxId {
        let symbol = e.core.names.intern(text);
        e.syntax.make(Kind::Symbol, self.span, symbol, self.mark, &[])
    }

    /// A word that the program knows by its name.
    pub fn known(&self, e: &mut Expander, text: &str) -> StxId {
        let symbol = e.core.names.intern(text);
        e.syntax.make(Kind::Symbol, self.span, symbol, Mark::SOURCE, &[])
    }

    pub fn string(&self, e: &mut Expander, text: &str) -> StxId {
        let symbol = e.core.names.intern(text);
        e.syntax.make(Kind::Str, self.span, symbol, Mark::SOURCE, &[])
    }

    pub fn number(&self, e: &mut Expander, value: u32) -> StxId {
        let symbol = e.core.names.intern(&value.to_string());
        e.syntax.make(Kind::Int, self.span, symbol, Mark::SOURCE, &[])
    }

    pub fn form(&self, e: &mut Expander, head: &str, parts: &[StxId]) -> StxId {
        let head = self.word(e, head);
        let all: Vec<StxId> = std::iter::once(head).chain(parts.iter().copied()).collect();
        self.list(e, Kind::Form, &all)
    }

    pub fn truth_of(&self, e: &mut Expander, value: bool) -> StxId {
        self.list(e, if value { Kind::True } else { Kind::False }, &[])
    }

    /// Whether a value counts as true.
    pub fn truth(&self, e: &mut Expander, value: StxId) -> StxId {
        let (yes, no) = (self.truth_of(e, true), self.truth_of(e, false));
        self.form(e, "if", &[value, yes, no])
    }

    pub fn thunk(&self, e: &mut Expander, body: StxId) -> StxId {
        let params = self.list(e, Kind::Form, &[]);
        self.form(e, "lambda", &[params, body])
    }

    pub fn fresh(&mut self, e: &mut Expander, text: &str) -> StxId {
        self.count += 1;
        self.word(e, &format!("_{text}{}", self.count))
    }

    pub fn let_form(&self, e: &mut Expander, bound: &[(StxId, StxId)], body: &[StxId]) -> StxId {
        let bound: Vec<StxId> = bound.iter().map(|&(n, v)| self.list(e, Kind::Form, &[n, v])).collect();
        let bound = self.list(e, Kind::Form, &bound);
        let all: Vec<StxId> = std::iter::once(bound).chain(body.iter().copied()).collect();
        self.form(e, "let", &all)
    }

    /// The variable for a value before the call.
    pub fn old(&mut self, e: &mut Expander, s: StxId) -> StxId {
        let name = self.fresh(e, "old");
        self.olds.push((name, s));
        name
    }
}
