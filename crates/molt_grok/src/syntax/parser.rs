//! Tokens to a tree: recursive descent over the grammar, precedence climbing for expressions.
//!
//! The parser never fails. After a fault it keeps silent until it finds its place again: at the next element of a
//! list, the next statement or the next item. So one fault gives one message, and independent faults give one each.
//! Which delimiter lacks its partner is worked out only when the first fault needs it ([`recovery`]).

mod attributes;
mod expressions;
mod items;
mod macros;
mod patterns;
mod primary;
mod recovery;
mod statements;
mod types;

use molt_base::Span;
use molt_diagnostics::registry::grok;
use molt_diagnostics::{Code, Diagnostic};

use self::recovery::Partners;
use super::SyntaxKind::{self, *};
use super::tree::{NodeId, Tree};
use super::{Entry, Tokens};

/// Depth of nesting that a program may reach; deeper ones would exhaust the stack of some later stage.
pub const MAX_NESTING: u32 = 512;

/// Where a node began: the token, and how many nodes were complete.
#[derive(Clone, Copy)]
struct Mark {
    token: u32,
    nodes: u32,
}

/// Restrictions that the surroundings put on an expression.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Limits {
    /// `{` after a path opens a body, not a struct literal: heads of `if`, `while`, `match`, `for`.
    no_struct: bool,
    /// `let` may follow `&&`: conditions.
    allow_let: bool,
    /// A trailing `?` belongs to the surroundings: operands of `ask`.
    no_question: bool,
}

pub(super) struct Parser<'t> {
    tokens: &'t Tokens,
    /// Kinds of the tokens that are no trivia, and their numbers in `tokens`.
    kinds: Vec<SyntaxKind>,
    raw: Vec<u32>,
    pos: usize,
    tree: Tree,
    diagnostics: Vec<Diagnostic>,
    /// A fault has been reported and the place is not yet found again.
    recovering: bool,
    depth: u32,
    /// Delimiters that are open here, as positions.
    open: Vec<u32>,
    partners: Option<Partners>,
    limits: Limits,
    /// Faults at the end of the text follow from a literal without end, or from nesting that was cut off.
    end_is_silent: bool,
}

/// What a run of the parser leaves.
pub(super) struct Outcome {
    pub tree: Tree,
    pub diagnostics: Vec<Diagnostic>,
    /// First token that was not read.
    pub end: u32,
}

/// Reads one entry from `first` on, as if the text ended at token `limit`.
pub(super) fn run_fragment(tokens: &Tokens, entry: Entry, first: u32, limit: u32) -> Outcome {
    let mut parser = Parser::new(tokens, first, limit, false);
    parser.entry(entry);
    let end = parser.raw[parser.pos];
    Outcome { tree: parser.tree, diagnostics: parser.diagnostics, end }
}

/// Parses all tokens; what remains after the entry is a fault.
pub(super) fn run(tokens: &Tokens, entry: Entry, cut_short: bool) -> Outcome {
    let mut parser = Parser::new(tokens, 0, tokens.len() as u32 - 1, cut_short);
    let mark = parser.mark();
    parser.entry(entry);
    parser.rest();
    parser.complete(mark, File);
    if parser.partners.is_some() {
        parser.report_unclosed();
    }
    parser.diagnostics.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    let end = parser.raw[parser.pos];
    Outcome { tree: parser.tree, diagnostics: parser.diagnostics, end }
}

impl<'t> Parser<'t> {
    fn new(tokens: &'t Tokens, first: u32, limit: u32, cut_short: bool) -> Parser<'t> {
        let count = (limit - first) as usize;
        let mut kinds = Vec::with_capacity(count + 1);
        let mut raw = Vec::with_capacity(count + 1);
        for (i, &kind) in (first..limit).zip(&tokens.kinds()[first as usize..limit as usize]) {
            if !kind.is_trivia() {
                kinds.push(kind);
                raw.push(i);
            }
        }
        kinds.push(Eof);
        raw.push(limit);
        // Ordinary text has two nodes for three tokens; to grow would copy all of them.
        let tree = Tree::with_capacity(kinds.len() * 3 / 4);
        Parser {
            tokens,
            kinds,
            raw,
            pos: 0,
            tree,
            diagnostics: Vec::new(),
            recovering: false,
            depth: 0,
            open: Vec::new(),
            partners: None,
            limits: Limits::default(),
            end_is_silent: cut_short,
        }
    }

    fn entry(&mut self, entry: Entry) {
        match entry {
            Entry::File => self.file(),
            Entry::Items => self.items(),
            Entry::Members => self.members(false),
            Entry::Statements => self.statements(),
            Entry::Statement => self.statement(),
            Entry::Item => _ = self.item(),
            Entry::Expr => self.expr(),
            Entry::Pattern => self.pattern(),
            Entry::Type => self.ty(),
            Entry::Block => self.block(),
            Entry::Path => self.plain_path(),
            Entry::TypePath => _ = self.type_path(),
            Entry::Visibility => _ = self.visibility(),
            Entry::Meta => self.meta(),
        }
    }

    /// Whatever follows the entry is one unexpected run.
    fn rest(&mut self) {
        if self.at(Eof) {
            return;
        }
        self.unexpected("the end");
        let mark = self.mark();
        while !self.at(Eof) {
            self.pos += 1;
        }
        self.complete(mark, ErrorNode);
    }

    // Looking.

    #[inline]
    fn current(&self) -> SyntaxKind {
        self.kinds[self.pos]
    }

    /// The kind some tokens ahead; `Eof` beyond the end.
    #[inline]
    fn nth(&self, ahead: usize) -> SyntaxKind {
        self.kinds.get(self.pos + ahead).copied().unwrap_or(Eof)
    }

    #[inline]
    fn at(&self, kind: SyntaxKind) -> bool {
        self.current() == kind
    }

    fn at_name(&self) -> bool {
        matches!(self.current(), Ident | RawIdent)
    }

    fn text(&self, ahead: usize) -> &'t str {
        self.raw.get(self.pos + ahead).map_or("", |&t| self.tokens.text(t))
    }

    /// Whether a contextual keyword stands here.
    fn at_word(&self, word: &str) -> bool {
        self.nth_word(0, word)
    }

    fn nth_word(&self, ahead: usize, word: &str) -> bool {
        self.nth(ahead) == Ident && self.text(ahead) == word
    }

    /// Whether no white space stands between the token and the one before it.
    #[inline]
    fn joined(&self, ahead: usize) -> bool {
        let at = self.pos + ahead;
        at > 0 && at < self.raw.len() && self.raw[at] == self.raw[at - 1] + 1
    }

    /// Whether the token begins a line.
    fn line_break(&self, ahead: usize) -> bool {
        let at = self.pos + ahead;
        at < self.raw.len() && !self.joined(ahead) && self.tokens.line_break_before(self.raw[at])
    }

    // Moving.

    #[inline]
    fn bump(&mut self) {
        if self.current() != Eof {
            self.pos += 1;
        }
    }

    #[inline]
    fn eat(&mut self, kind: SyntaxKind) -> bool {
        if self.current() != kind {
            return false;
        }
        self.pos += 1;
        true
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.pos += 1;
        }
        found
    }

    fn expect(&mut self, kind: SyntaxKind) -> bool {
        let found = self.eat(kind);
        if !found {
            self.unexpected(kind.describe());
        }
        found
    }

    fn name(&mut self) -> bool {
        let found = self.at_name();
        if found {
            self.pos += 1;
        } else {
            self.unexpected("a name");
        }
        found
    }

    // Building.

    #[inline]
    fn mark(&self) -> Mark {
        Mark { token: self.raw[self.pos], nodes: self.tree.len() as u32 }
    }

    #[inline]
    fn complete(&mut self, mark: Mark, kind: SyntaxKind) -> NodeId {
        let read = self.pos > 0 && self.raw[self.pos - 1] >= mark.token;
        let end = if read { self.raw[self.pos - 1] + 1 } else { mark.token };
        self.tree.push(kind, mark.token, end, mark.nodes)
    }

    /// A node over the single current token.
    #[inline]
    fn leaf(&mut self, kind: SyntaxKind) {
        let mark = self.mark();
        self.bump();
        self.complete(mark, kind);
    }

    /// The kind of the node that was completed last.
    fn last_kind(&self) -> Option<SyntaxKind> {
        (!self.tree.is_empty()).then(|| self.tree.kind(self.tree.root()))
    }

    /// Runs a part of the grammar one level deeper; too deep is a fault, and the rest of the text is skipped.
    #[inline]
    fn nested(&mut self, parse: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_NESTING {
            self.too_deep();
            return;
        }
        self.depth += 1;
        parse(self);
        self.depth -= 1;
    }

    #[cold]
    fn too_deep(&mut self) {
        let message = format!("nesting is deeper than {MAX_NESTING}");
        self.error_at(&grok::NESTING_TOO_DEEP, self.span_here(), message);
        self.end_is_silent = true;
        let mark = self.mark();
        while !self.at(Eof) {
            self.pos += 1;
        }
        self.complete(mark, ErrorNode);
    }

    /// Parses under other limits and restores those of the surroundings.
    fn limited(&mut self, limits: Limits, parse: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.limits, limits);
        parse(self);
        self.limits = before;
    }

    // Reporting.

    fn span_here(&self) -> Span {
        self.tokens.span(self.raw[self.pos])
    }

    /// From the mark to the last token read.
    fn span_since(&self, mark: Mark) -> Span {
        let end = if self.pos > 0 { self.raw[self.pos - 1] + 1 } else { mark.token };
        self.tokens.range_span(mark.token, end.max(mark.token))
    }

    /// The empty place just after the last token read.
    fn span_after(&self) -> Span {
        match self.pos.checked_sub(1) {
            Some(before) => {
                let span = self.tokens.span(self.raw[before]);
                Span { start: span.end, ..span }
            }
            None => self.span_here(),
        }
    }

    /// Reports a fault after which the parser still knows its place.
    fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        if !self.recovering && !self.follows_unknown() {
            self.diagnostics.push(Diagnostic::at(code, span, message));
        }
    }

    /// Whether a character that was reported stands just before the token: it is at fault.
    fn follows_unknown(&self) -> bool {
        let Some(&at) = self.raw.get(self.pos) else { return false };
        let mut before = (0..at).rev().map(|t| self.tokens.kind(t)).take_while(|k| k.is_trivia());
        before.any(|k| k == Unknown)
    }

    /// Reports a fault after which the place must be found again.
    fn error_at(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.report(code, span, message);
        self.recovering = true;
    }

    /// The current token is not what the grammar wants here.
    #[cold]
    fn unexpected(&mut self, expected: &str) {
        if self.recovering {
            return;
        }
        if self.blame_delimiter() {
            self.recovering = true;
            return;
        }
        let found = match self.current() {
            Ident | RawIdent | Int | Float | Lifetime | Reserved => format!("`{}`", self.text(0)),
            kind => kind.describe().to_owned(),
        };
        self.error_at(&grok::UNEXPECTED_TOKEN, self.span_here(), format!("expected {expected}, found {found}"));
    }
}
