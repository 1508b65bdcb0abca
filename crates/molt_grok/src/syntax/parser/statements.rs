//! Blocks and statements, and where a statement ends.

use molt_diagnostics::registry::grok;

use super::{Mark, Parser};
use crate::syntax::SyntaxKind::*;

impl Parser<'_> {
    pub(super) fn file(&mut self) {
        self.inner_attributes();
        self.statements();
    }

    /// Statements up to the end of the text; closing delimiters without an opening one are reported.
    pub(super) fn statements(&mut self) {
        while !self.at(Eof) {
            if self.current().is_closer() {
                self.stray_closer();
            } else {
                self.statement_and_recover();
            }
        }
    }

    /// `{ .. }`. Its statements are `LetStmt`, `ExprStmt`, `EmptyStmt` and items; the block's value is a last
    /// `ExprStmt` without `;`.
    pub(super) fn block(&mut self) {
        self.nested(|p| {
            let mark = p.mark();
            p.delimited(LBrace, |p, _| {
                p.inner_attributes();
                while !p.at(RBrace) && !p.at(Eof) {
                    if p.current().is_closer() {
                        // A group of a macro ends here: the block was not closed inside it.
                        if p.at(GroupClose) {
                            p.unexpected("`}`");
                            break;
                        }
                        p.stray_closer();
                    } else {
                        p.statement_and_recover();
                    }
                }
            });
            p.complete(mark, Block);
        });
    }

    fn statement_and_recover(&mut self) {
        let before = self.pos;
        self.statement();
        if self.pos == before && !self.current().is_closer() {
            self.leaf(ErrorNode);
        }
        if self.recovering {
            self.recover_statement();
        }
    }

    /// Skips to the next statement.
    fn recover_statement(&mut self) {
        loop {
            self.skip_until(|p| p.at(Semicolon) || (p.line_break(0) && p.resumes()));
            match self.current() {
                Eof | RBrace | GroupClose => break,
                Semicolon => {
                    self.leaf(EmptyStmt);
                    break;
                }
                RParen | RBracket => self.leaf(ErrorNode),
                _ => break,
            }
        }
        if !self.at(Eof) {
            self.recovering = false;
        }
    }

    /// Whether the token at the beginning of a line can only begin a statement.
    pub(super) fn resumes(&self) -> bool {
        match self.current() {
            Ident | RawIdent | Lifetime | Hash | At => true,
            ElseKw | AsKw | InKw | WhereKw | AwaitKw | DynKw | RefKw => false,
            kind => kind.is_keyword(),
        }
    }

    pub(super) fn statement(&mut self) {
        if self.at(Semicolon) {
            self.leaf(EmptyStmt);
            return;
        }
        let mark = self.mark();
        self.attributes();
        self.statement_rest(mark);
    }

    /// A statement after its attributes.
    pub(super) fn statement_rest(&mut self, mark: Mark) {
        if self.item_rest(mark) {
            return;
        }
        if self.at(LetKw) || (self.at(MutKw) && matches!(self.nth(1), Ident | RawIdent)) {
            self.let_statement(mark);
        } else if self.at_expr() {
            self.expr_statement(mark);
        } else {
            self.unexpected("a statement");
            self.complete(mark, ErrorNode);
        }
    }

    /// `let p: T = e else { .. };` and the older `mut x = e;`.
    fn let_statement(&mut self, mark: Mark) {
        if self.eat(LetKw) {
            self.pattern();
        } else {
            let pattern = self.mark();
            self.bump();
            self.name();
            self.complete(pattern, IdentPat);
        }
        if self.eat(Colon) {
            self.ty();
        }
        if self.eat(Equals) {
            self.expr();
            if self.eat(ElseKw) {
                self.block();
            }
        }
        self.statement_end();
        self.complete(mark, LetStmt);
    }

    fn expr_statement(&mut self, mark: Mark) {
        if self.at_block_like() {
            let block_only = self.block_statement();
            if block_only && !self.recovering {
                self.eat(Semicolon);
            } else {
                self.statement_end();
            }
        } else {
            self.expr();
            self.statement_end();
        }
        self.complete(mark, ExprStmt);
    }

    /// An `if`, `match`, loop or block as a statement: it ends at its `}` unless `.` or `?` follows. True if it did.
    pub(super) fn block_statement(&mut self) -> bool {
        let mut ended = true;
        self.nested(|p| {
            let mark = p.mark();
            p.primary(mark);
            if matches!(p.current(), Dot | Question) {
                p.postfix_from(mark);
                p.climb_from(mark, 0);
                ended = false;
            }
        });
        ended
    }

    /// `;`, or a place where it may be left out: before `}` and at a line break.
    fn statement_end(&mut self) {
        if self.recovering || self.eat(Semicolon) || matches!(self.current(), RBrace | Eof | GroupClose) {
            return;
        }
        // After a macro call with braces nothing is needed either.
        if self.line_break(0) || (self.last_kind() == Some(MacroCall) && self.kinds[self.pos - 1] == RBrace) {
            return;
        }
        if self.at_expr() || self.resumes() {
            let message = "expected `;` or a line break between two statements";
            self.error_at(&grok::MISSING_SEPARATOR, self.span_after(), message);
        } else {
            self.unexpected("`;` or a line break");
        }
    }
}
