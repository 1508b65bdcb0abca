//! Macro definitions, calls and token trees.

use molt_diagnostics::registry::grok;

use super::{MAX_NESTING, Mark, Parser};
use crate::syntax::SyntaxKind::{self, *};

impl Parser<'_> {
    pub(super) fn at_macro_def(&self) -> bool {
        let named = |ahead: usize| matches!(self.nth(ahead), Ident | RawIdent);
        (self.at_word("macro_rules") && ((self.nth(1) == Bang && named(2)) || (named(1) && self.nth(2) == LBrace)))
            || (self.at_word("macro") && named(1) && self.nth(2) == LBrace)
    }

    /// `macro_rules! name { rules }` and `macro name { rules }`.
    pub(super) fn macro_def(&mut self, mark: Mark) {
        self.bump();
        self.eat(Bang);
        self.name();
        self.delimited(LBrace, |p, _| {
            while !p.at(RBrace) && !p.at(Eof) && !p.recovering {
                if !p.eat(Semicolon) {
                    p.macro_rule();
                }
            }
        });
        self.complete(mark, MacroDef);
    }

    fn macro_rule(&mut self) {
        let mark = self.mark();
        self.token_tree();
        self.expect(FatArrow);
        self.token_tree();
        self.complete(mark, MacroRule);
    }

    /// Whether a `!` that calls a macro follows directly.
    pub(super) fn at_macro_bang(&self) -> bool {
        self.at(Bang) && self.joined(0)
    }

    /// The rest of a call after its path.
    pub(super) fn macro_call(&mut self, mark: Mark) {
        self.bump();
        self.token_tree();
        self.complete(mark, MacroCall);
    }

    /// One delimited run of tokens, kept flat: readers of macros work on tokens.
    pub(super) fn token_tree(&mut self) {
        if !matches!(self.current(), LParen | LBracket | LBrace) {
            self.unexpected("`(`, `[` or `{`");
            return;
        }
        let mark = self.mark();
        let open = self.pos;
        let mut closers: Vec<SyntaxKind> = Vec::new();
        loop {
            let kind = self.current();
            if let Some(closer) = kind.closer() {
                closers.push(closer);
                if closers.len() as u32 + self.depth > MAX_NESTING {
                    self.too_deep();
                    break;
                }
            } else if kind.is_closer() && closers.last() == Some(&kind) {
                closers.pop();
            } else if kind == Eof || kind.is_closer() {
                if !self.mismatch(open) {
                    break;
                }
                continue;
            }
            self.bump();
            if closers.is_empty() {
                break;
            }
        }
        self.complete(mark, TokenTree);
    }

    /// A closing delimiter that does not fit, or the end. True to go on with the same tree.
    fn mismatch(&mut self, open: usize) -> bool {
        if self.at(Eof) {
            self.open.push(open as u32);
            self.unexpected("the closing delimiter");
            self.open.pop();
            return false;
        }
        match (self.partner(self.pos), self.partner(open)) {
            (None, _) => {
                let message = format!("nothing opens this {}", self.current().describe());
                self.report(&grok::UNEXPECTED_TOKEN, self.span_here(), message);
                self.bump();
                true
            }
            // What is open inside is reported at the end.
            (Some(_), Some(close)) => {
                self.pos = close + 1;
                false
            }
            (Some(_), None) => {
                self.blame(open as u32);
                false
            }
        }
    }
}
