//! Patterns.

use super::{Mark, Parser};
use crate::syntax::SyntaxKind::*;

impl Parser<'_> {
    pub(super) fn at_pattern(&self) -> bool {
        match self.current() {
            Underscore | Minus | RefKw | MutKw | Amp | AmpAmp | LParen | LBracket | Lt | ColonColon | Pipe
            | GroupOpen => true,
            kind => self.at_range_op() || kind.is_literal() || self.at_segment(),
        }
    }

    pub(super) fn at_range_op(&self) -> bool {
        matches!(self.current(), DotDot | DotDotEq | Ellipsis)
    }

    /// A pattern with alternatives.
    pub(super) fn pattern(&mut self) {
        let mark = self.mark();
        let leading = self.eat(Pipe);
        self.pattern_single();
        if !leading && !self.at(Pipe) {
            return;
        }
        while self.eat(Pipe) {
            self.pattern_single();
        }
        self.complete(mark, OrPat);
    }

    /// A pattern without alternatives, as in the parameters of a closure.
    pub(super) fn pattern_single(&mut self) {
        self.nested(|p| {
            let mark = p.mark();
            match p.current() {
                Underscore => p.leaf(WildcardPat),
                DotDot if !p.at_bound_literal(1) => p.leaf(RestPat),
                DotDot | DotDotEq | Ellipsis => p.range_pattern(mark),
                RefKw | MutKw => p.binding(mark),
                Amp | AmpAmp => {
                    p.bump();
                    p.eat(MutKw);
                    p.pattern_single();
                    p.complete(mark, RefPat);
                }
                LParen => p.paren_pattern(mark),
                LBracket => {
                    p.list(LBracket, Self::at_pattern, Self::pattern);
                    p.complete(mark, SlicePat);
                }
                GroupOpen => p.group_pattern(mark),
                Ident | RawIdent if !p.continues_path(1) => p.binding(mark),
                Minus => p.literal_pattern(mark),
                kind if kind.is_literal() => p.literal_pattern(mark),
                Lt | ColonColon => p.path_pattern(mark),
                _ if p.at_segment() => p.path_pattern(mark),
                _ => p.unexpected("a pattern"),
            }
        });
    }

    /// Whether the name before the token some places ahead is more than a binding.
    fn continues_path(&self, ahead: usize) -> bool {
        match self.nth(ahead) {
            ColonColon | LParen | DotDotEq | Ellipsis => true,
            // `{` opens a struct pattern, except behind a binding of `receive` or the like, which never occurs.
            LBrace => true,
            DotDot => true,
            Bang => self.joined(ahead),
            _ => false,
        }
    }

    fn binding(&mut self, mark: Mark) {
        self.eat(RefKw);
        self.eat(MutKw);
        self.name();
        if self.eat(At) {
            self.pattern_single();
        }
        self.complete(mark, IdentPat);
    }

    fn paren_pattern(&mut self, mark: Mark) {
        let mut count = 0;
        let mut rest = false;
        self.list(LParen, Self::at_pattern, |p| {
            rest |= p.at(DotDot) && !p.at_bound_literal(1);
            p.pattern();
            count += 1;
        });
        let trailing = self.pos >= 2 && self.kinds[self.pos - 2] == Comma;
        self.complete(mark, if count == 1 && !trailing && !rest { ParenPat } else { TuplePat });
    }

    /// A matched `literal`, `expr` or `pat` fragment.
    fn group_pattern(&mut self, mark: Mark) {
        self.delimited(GroupOpen, |p, _| p.pattern());
        self.complete(mark, ParenPat);
    }

    /// Whether a bound of a range pattern stands some tokens ahead.
    fn at_bound_literal(&self, ahead: usize) -> bool {
        let kind = self.nth(ahead);
        kind.is_literal() || matches!(kind, Minus | Ident | RawIdent | SelfTypeKw | CrateKw | SuperKw | Lt)
    }

    fn literal(&mut self) {
        let mark = self.mark();
        self.eat(Minus);
        if self.current().is_literal() {
            self.bump();
        } else {
            self.unexpected("a number");
        }
        self.complete(mark, Literal);
    }

    fn literal_pattern(&mut self, mark: Mark) {
        self.literal();
        if self.at_range_op() {
            self.range_pattern(mark);
        } else {
            self.complete(mark, LiteralPat);
        }
    }

    /// `a..=b` whose first bound, if any, has been read.
    fn range_pattern(&mut self, mark: Mark) {
        self.bump();
        if self.at(Minus) || self.current().is_literal() {
            self.literal();
        } else if self.at_bound_literal(0) {
            self.expr_path();
        }
        self.complete(mark, RangePat);
    }

    fn path_pattern(&mut self, mark: Mark) {
        self.expr_path();
        match self.current() {
            Bang if self.at_macro_bang() => self.macro_call(mark),
            LParen => {
                self.list(LParen, Self::at_pattern, Self::pattern);
                self.complete(mark, TupleStructPat);
            }
            LBrace => {
                self.list(LBrace, |p| p.at_pattern() || p.at_attribute(), Self::field_pattern);
                self.complete(mark, StructPat);
            }
            DotDot | DotDotEq | Ellipsis => self.range_pattern(mark),
            _ => {
                self.complete(mark, PathPat);
            }
        }
    }

    fn field_pattern(&mut self) {
        if self.at(DotDot) {
            return self.leaf(RestPat);
        }
        let mark = self.mark();
        self.attributes();
        if matches!(self.current(), Ident | RawIdent | Int) && self.nth(1) == Colon {
            self.bump();
            self.bump();
            self.pattern();
        } else {
            self.eat(RefKw);
            self.eat(MutKw);
            self.name();
        }
        self.complete(mark, StructPatField);
    }
}
