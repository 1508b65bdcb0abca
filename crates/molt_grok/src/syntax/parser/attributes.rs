//! Attributes, decorators, visibility and plain paths.

use molt_diagnostics::registry::grok;

use super::Parser;
use crate::syntax::SyntaxKind::*;

impl Parser<'_> {
    pub(super) fn at_attribute(&self) -> bool {
        match self.current() {
            Hash => self.nth(1) == LBracket || (self.nth(1) == Bang && self.nth(2) == LBracket),
            At => self.nth(1).is_keyword() || matches!(self.nth(1), Ident | RawIdent | ColonColon),
            _ => false,
        }
    }

    fn at_inner_attribute(&self) -> bool {
        self.at(Hash) && self.nth(1) == Bang && self.nth(2) == LBracket
    }

    /// `#[meta]` and `@meta` before something.
    pub(super) fn attributes(&mut self) {
        while self.at_attribute() {
            if self.at_inner_attribute() {
                let message = "`#![..]` stands at the beginning of a file, module or block";
                self.report(&grok::INVALID_ATTRIBUTE, self.span_here(), message);
            }
            self.attribute();
        }
    }

    /// `#![meta]` at the beginning of a file, module or block.
    pub(super) fn inner_attributes(&mut self) {
        while self.at_inner_attribute() {
            self.attribute();
        }
    }

    fn attribute(&mut self) {
        let mark = self.mark();
        if self.eat(At) {
            self.meta();
            self.complete(mark, Attr);
            return;
        }
        self.bump();
        let inner = self.eat(Bang);
        self.delimited(LBracket, |p, _| p.meta());
        self.complete(mark, if inner { InnerAttr } else { Attr });
    }

    pub(super) fn meta(&mut self) {
        let mark = self.mark();
        self.meta_path();
        if self.at(LParen) && !self.line_break(0) {
            let args = self.mark();
            self.list(LParen, |p| !p.current().is_closer() && !p.at(Semicolon), Self::meta_arg);
            self.complete(args, MetaArgs);
        } else if self.eat(Equals) {
            self.expr();
        }
        self.complete(mark, Meta);
    }

    /// A path in which keywords may be names: `#[type]`.
    fn meta_path(&mut self) {
        let mark = self.mark();
        self.eat(ColonColon);
        loop {
            if self.current().is_keyword() {
                self.bump();
            } else if !self.name() {
                break;
            }
            if !self.eat(ColonColon) {
                break;
            }
        }
        self.complete(mark, Path);
    }

    fn meta_arg(&mut self) {
        let mark = self.mark();
        let named = self.at_name() || (self.current().is_keyword() && !self.current().is_literal());
        if named && matches!(self.nth(1), Equals | Colon) {
            self.bump();
            self.bump();
            self.expr();
            self.complete(mark, MetaPair);
        } else if named && matches!(self.nth(1), LParen | Comma | RParen | ColonColon) {
            self.meta();
        } else {
            self.expr();
        }
    }

    /// `pub`, `pub(crate)` and the like, if it stands here.
    pub(super) fn visibility(&mut self) -> bool {
        if !self.at(PubKw) {
            return false;
        }
        let mark = self.mark();
        self.bump();
        let restricted = match self.nth(1) {
            CrateKw | SuperKw | SelfKw => self.nth(2) == RParen,
            kind => kind == InKw,
        };
        if self.at(LParen) && restricted {
            self.delimited(LParen, |p, _| {
                p.eat(InKw);
                p.plain_path();
            });
        }
        self.complete(mark, Visibility);
        true
    }

    pub(super) fn at_segment(&self) -> bool {
        matches!(self.current(), Ident | RawIdent | SelfKw | SelfTypeKw | SuperKw | CrateKw)
    }

    /// `a::b::c` without arguments.
    pub(super) fn plain_path(&mut self) {
        let mark = self.mark();
        self.eat(ColonColon);
        loop {
            if !self.at_segment() {
                self.unexpected("a path");
                break;
            }
            self.bump();
            if !self.eat(ColonColon) {
                break;
            }
        }
        self.complete(mark, Path);
    }
}
