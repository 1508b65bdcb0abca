//! Types, paths with arguments, bounds and generic parameters.

use molt_diagnostics::registry::grok;

use super::{Mark, Parser};
use crate::syntax::NodeId;
use crate::syntax::SyntaxKind::*;

/// Types that take no arguments, so that `x as usize < y` is a comparison.
const PRIMITIVES: [&str; 16] = [
    "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64", "bool",
    "char",
];

impl Parser<'_> {
    pub(super) fn at_type(&self) -> bool {
        match self.current() {
            LParen | LBracket | Amp | AmpAmp | Star | Bang | Underscore | DynKw | ImplKw | ForKw | UnsafeKw
            | ExternKw | FnKw | Pipe | PipePipe | Lt | ColonColon | GroupOpen => true,
            _ => self.at_segment(),
        }
    }

    pub(super) fn ty(&mut self) {
        self.type_with(true);
    }

    /// A type where `+` would belong to the surroundings: behind `&` and `*`, results of closures.
    fn type_no_bounds(&mut self) {
        self.type_with(false);
    }

    fn type_with(&mut self, bounds: bool) {
        self.nested(|p| {
            let mark = p.mark();
            match p.current() {
                LParen => p.paren_type(mark),
                LBracket => p.bracket_type(mark),
                Amp | AmpAmp => {
                    p.bump();
                    p.eat(Lifetime);
                    p.eat(MutKw);
                    p.type_no_bounds();
                    p.complete(mark, RefType);
                }
                Star => {
                    p.bump();
                    if !p.eat(ConstKw) && !p.eat(MutKw) {
                        p.unexpected("`const` or `mut`");
                    }
                    p.type_no_bounds();
                    p.complete(mark, PtrType);
                }
                Bang => p.leaf(NeverType),
                Underscore => p.leaf(InferType),
                DynKw | ImplKw => {
                    let kind = if p.at(DynKw) { DynType } else { ImplType };
                    p.bump();
                    if bounds {
                        p.bounds();
                    } else {
                        let list = p.mark();
                        p.bound();
                        p.complete(list, BoundList);
                    }
                    p.complete(mark, kind);
                }
                ForKw | UnsafeKw | ExternKw | FnKw => p.fn_type(mark),
                Pipe | PipePipe => p.closure_type(mark),
                GroupOpen => {
                    p.delimited(GroupOpen, |p, _| p.ty());
                    p.complete(mark, ParenType);
                }
                Lt | ColonColon => p.path_type(mark),
                _ if p.at_segment() => p.path_type(mark),
                _ => p.unexpected("a type"),
            }
        });
    }

    fn path_type(&mut self, mark: Mark) {
        self.type_path();
        if self.at_macro_bang() {
            self.macro_call(mark);
        }
    }

    /// The type after `as`: `<` after a primitive type compares.
    pub(super) fn cast_type(&mut self) {
        if self.at(Ident) && PRIMITIVES.contains(&self.text(0)) && self.nth(1) == Lt {
            self.leaf(PathType);
        } else {
            self.type_no_bounds();
        }
    }

    fn paren_type(&mut self, mark: Mark) {
        let mut count = 0;
        self.list(LParen, Self::at_type, |p| {
            p.ty();
            count += 1;
        });
        let trailing = self.pos >= 2 && self.kinds[self.pos - 2] == Comma;
        self.complete(mark, if count == 1 && !trailing { ParenType } else { TupleType });
    }

    fn bracket_type(&mut self, mark: Mark) {
        let mut kind = SliceType;
        self.delimited(LBracket, |p, _| {
            p.ty();
            if p.eat(Semicolon) {
                p.expr();
                kind = ArrayType;
            }
        });
        self.complete(mark, kind);
    }

    fn fn_type(&mut self, mark: Mark) {
        self.for_lifetimes();
        if !self.at(FnKw) && !self.at(UnsafeKw) && !self.at(ExternKw) {
            // `for<'a> Fn(&'a T)` is a bound; the type itself must be `dyn` or `impl`.
            self.unexpected("`fn`");
        }
        self.eat(UnsafeKw);
        self.abi();
        self.expect(FnKw);
        self.list(LParen, |p| p.at_type() || p.at(Ellipsis), Self::fn_type_param);
        self.result_type();
        self.complete(mark, FnType);
    }

    /// `extern "C"`, if it stands here.
    pub(super) fn abi(&mut self) {
        if !self.at(ExternKw) {
            return;
        }
        let mark = self.mark();
        self.bump();
        self.eat_string();
        self.complete(mark, Abi);
    }

    pub(super) fn eat_string(&mut self) {
        if matches!(self.current(), Str | RawStr) {
            self.bump();
        }
    }

    fn fn_type_param(&mut self) {
        let mark = self.mark();
        if matches!(self.current(), Ident | RawIdent | Underscore) && self.nth(1) == Colon {
            self.bump();
            self.bump();
        }
        if !self.eat(Ellipsis) {
            self.ty();
        }
        self.complete(mark, FnTypeParam);
    }

    fn closure_type(&mut self, mark: Mark) {
        if !self.eat(PipePipe) {
            self.bump();
            while !self.at(Pipe) && !self.recovering {
                self.ty();
                if !self.eat(Comma) {
                    break;
                }
            }
            self.expect(Pipe);
        }
        self.result_type();
        self.complete(mark, ClosureType);
    }

    /// `-> type` of a type or closure, if it stands here: a `+` behind it belongs to the surroundings.
    pub(super) fn result_type(&mut self) {
        if !self.at(Arrow) {
            return;
        }
        let mark = self.mark();
        self.bump();
        self.type_no_bounds();
        self.complete(mark, RetType);
    }

    /// `-> type` of a function, if it stands here. The type may be left out.
    pub(super) fn fn_result(&mut self) {
        if !self.at(Arrow) {
            return;
        }
        let mark = self.mark();
        self.bump();
        if self.at_type() {
            self.ty();
        }
        self.complete(mark, RetType);
    }

    // Paths.

    /// A path in a type: arguments follow a name directly.
    pub(super) fn type_path(&mut self) -> NodeId {
        let mark = self.mark();
        self.path_head();
        loop {
            if !self.at_segment() {
                self.unexpected("a name");
                break;
            }
            self.bump();
            if self.at(Lt) || (self.at(ColonColon) && self.nth(1) == Lt) {
                self.eat(ColonColon);
                self.type_args();
            } else if self.at(LParen) && !self.line_break(0) {
                let args = self.mark();
                self.list(LParen, Self::at_type, Self::ty);
                self.result_type();
                self.complete(args, FnTypeArgs);
            }
            if !self.eat(ColonColon) {
                break;
            }
        }
        self.complete(mark, PathType)
    }

    /// `<T as Trait>::` or `::` before a path.
    pub(super) fn path_head(&mut self) {
        if self.at(Lt) {
            let mark = self.mark();
            self.bump();
            self.ty();
            if self.eat(AsKw) {
                self.type_path();
            }
            self.expect(Gt);
            self.complete(mark, QualifiedSelf);
            self.expect(ColonColon);
        } else {
            self.eat(ColonColon);
        }
    }

    /// `<A, B>`.
    pub(super) fn type_args(&mut self) {
        let mark = self.mark();
        self.nested(|p| p.angle_list(|p| p.at_type_arg(), Self::type_arg));
        self.complete(mark, TypeArgs);
    }

    fn at_type_arg(&self) -> bool {
        self.at_type() || self.current().is_literal() || matches!(self.current(), Lifetime | Minus | LBrace)
    }

    fn type_arg(&mut self) {
        let mark = self.mark();
        match self.current() {
            Lifetime => self.leaf(LifetimeParam),
            Minus | LBrace => self.const_arg(),
            kind if kind.is_literal() => self.const_arg(),
            Ident if matches!(self.nth(1), Equals | Colon) => {
                self.bump();
                if self.eat(Equals) {
                    self.ty();
                } else {
                    self.bump();
                    self.bounds();
                }
                self.complete(mark, AssocArg);
            }
            _ => self.ty(),
        }
    }

    /// A literal, a block or the name of a constant.
    fn const_arg(&mut self) {
        let mark = self.mark();
        match self.current() {
            Minus => {
                self.bump();
                self.leaf(Literal);
            }
            LBrace => self.block(),
            Ident => self.leaf(PathExpr),
            kind if kind.is_literal() => self.leaf(Literal),
            _ => return self.unexpected("a constant: a literal, a name or a block"),
        }
        self.complete(mark, ConstArg);
    }

    /// A list between `<` and `>`, which are no delimiters of their own right.
    fn angle_list(&mut self, starts: impl Fn(&Self) -> bool, mut element: impl FnMut(&mut Self)) {
        self.expect(Lt);
        while !self.at(Gt) && !self.recovering {
            if !starts(self) {
                self.unexpected("another argument or `>`");
                break;
            }
            element(self);
            if self.eat(Comma) || self.at(Gt) || self.recovering {
                continue;
            }
            if !starts(self) || self.line_break(0) || self.at(LBrace) || self.at(LParen) {
                self.unexpected("`,` or `>`");
                break;
            }
            self.report(&grok::MISSING_SEPARATOR, self.span_after(), "expected `,` between two elements");
        }
        if self.at(Gt) {
            self.bump();
        } else {
            self.unexpected("`>`");
        }
    }

    // Bounds and generic parameters.

    /// `A + B + 'a`; may be empty after `:`.
    pub(super) fn bounds(&mut self) {
        let mark = self.mark();
        while self.at_bound() {
            self.bound();
            if !self.eat(Plus) {
                break;
            }
        }
        self.complete(mark, BoundList);
    }

    fn at_bound(&self) -> bool {
        matches!(self.current(), Lifetime | Question | ForKw | LParen | Lt | ColonColon | GroupOpen)
            || self.at_segment()
    }

    fn bound(&mut self) {
        self.nested(|p| {
            let mark = p.mark();
            match p.current() {
                Lifetime => p.bump(),
                LParen => p.delimited(LParen, |p, _| p.bound()),
                GroupOpen => p.delimited(GroupOpen, |p, _| p.bound()),
                _ => {
                    p.eat(Question);
                    p.for_lifetimes();
                    p.type_path();
                }
            }
            p.complete(mark, Bound);
        });
    }

    fn for_lifetimes(&mut self) {
        if !self.at(ForKw) {
            return;
        }
        let mark = self.mark();
        self.bump();
        self.angle_list(|p| p.at(Lifetime), |p| p.leaf(LifetimeParam));
        self.complete(mark, ForLifetimes);
    }

    /// `<'a, T: Bound, const N: usize>`, if it stands here.
    pub(super) fn generics(&mut self) {
        if !self.at(Lt) {
            return;
        }
        let mark = self.mark();
        let starts = |p: &Self| p.at_name() || p.at_attribute() || matches!(p.current(), Lifetime | ConstKw);
        self.angle_list(starts, Self::generic_param);
        self.complete(mark, Generics);
    }

    fn generic_param(&mut self) {
        let mark = self.mark();
        self.attributes();
        if self.eat(Lifetime) {
            if self.eat(Colon) {
                self.bounds();
            }
            self.complete(mark, LifetimeParam);
        } else if self.eat(ConstKw) {
            self.name();
            self.expect(Colon);
            self.ty();
            if self.eat(Equals) {
                self.const_arg();
            }
            self.complete(mark, ConstParam);
        } else {
            self.name();
            if self.eat(Colon) {
                self.bounds();
            }
            if self.eat(Equals) {
                self.ty();
            }
            self.complete(mark, TypeParam);
        }
    }

    /// `where T: A, U: B`, if it stands here.
    pub(super) fn where_clause(&mut self) {
        if !self.at(WhereKw) {
            return;
        }
        let mark = self.mark();
        self.bump();
        while self.at(Lifetime) || self.at_type() {
            let pred = self.mark();
            if self.at(ForKw) {
                self.for_lifetimes();
            }
            if !self.eat(Lifetime) {
                self.ty();
            }
            if self.expect(Colon) {
                self.bounds();
            }
            self.complete(pred, WherePred);
            if !self.eat(Comma) {
                break;
            }
        }
        self.complete(mark, WhereClause);
    }
}
