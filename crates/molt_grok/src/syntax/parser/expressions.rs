//! Operators: precedence climbing over prefix, binary and postfix forms.

use molt_diagnostics::registry::grok;

use super::{Limits, MAX_NESTING, Mark, Parser};
use crate::syntax::SyntaxKind::{self, *};

/// Binding powers, loosest first.
mod power {
    pub const ASSIGN: u8 = 1;
    pub const SEND: u8 = 2;
    pub const RANGE: u8 = 3;
    pub const OR: u8 = 4;
    pub const AND: u8 = 5;
    pub const COMPARE: u8 = 6;
    pub const BIT_OR: u8 = 7;
    pub const BIT_XOR: u8 = 8;
    pub const BIT_AND: u8 = 9;
    pub const SHIFT: u8 = 10;
    pub const SUM: u8 = 11;
    pub const PRODUCT: u8 = 12;
    pub const CAST: u8 = 13;
}

/// A binary operator at the current token.
struct Operator {
    node: SyntaxKind,
    power: u8,
    /// Tokens that make it up: `>>=` is three.
    tokens: usize,
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) {
        self.nested(|p| p.climb(0));
    }

    /// The head of `if`, `while`, `match` and `for`, where `{` opens the body.
    pub(super) fn head(&mut self) {
        self.limited(Limits { no_struct: true, ..Limits::default() }, Self::expr);
    }

    /// A condition: an expression in which `let` may stand at the beginning and after `&&`.
    pub(super) fn condition(&mut self, no_struct: bool) {
        self.limited(Limits { no_struct, allow_let: true, ..Limits::default() }, Self::expr);
    }

    /// The scrutinee of a `let` in a condition.
    fn let_condition(&mut self, mark: Mark) {
        self.bump();
        self.pattern();
        self.expect(Equals);
        let limits = Limits { allow_let: false, ..self.limits };
        self.limited(limits, |p| p.nested(|p| p.climb(power::COMPARE)));
        self.complete(mark, LetCond);
    }

    fn climb(&mut self, min: u8) {
        let mark = self.mark();
        self.operand(mark);
        self.climb_from(mark, min);
    }

    /// Reads operators after a left operand that began at `mark`.
    pub(super) fn climb_from(&mut self, mark: Mark, min: u8) {
        let allow_let = self.limits.allow_let;
        let mut chain = 0;
        // A comparison or range directly at the left, which takes no second operator of its kind.
        let mut closed = 0;
        while !self.recovering {
            let Some(op) = self.binary_operator() else { break };
            if op.power < min {
                break;
            }
            if self.last_kind() == Some(LetCond) && self.nth(0) != AmpAmp {
                self.unexpected("`&&`");
                break;
            }
            if op.power == closed && !self.closed_twice(op.power) {
                break;
            }
            chain += 1;
            if self.depth + chain > MAX_NESTING {
                self.too_deep();
                break;
            }
            self.joined_lines(&op);
            let and = self.at(AmpAmp);
            self.pos += op.tokens;
            if op.power == power::CAST {
                self.cast_type();
            } else {
                self.limits.allow_let = allow_let && and;
                self.right_operand(op.power);
                self.limits.allow_let = allow_let;
            }
            self.complete(mark, op.node);
            closed = if matches!(op.power, power::COMPARE | power::RANGE | power::SEND) { op.power } else { 0 };
        }
    }

    fn right_operand(&mut self, power: u8) {
        match power {
            power::ASSIGN => self.expr(),
            power::RANGE if !self.at_expr() || (self.limits.no_struct && self.at(LBrace)) => {}
            _ => self.nested(|p| p.climb(power + 1)),
        }
    }

    /// A second comparison, range or send in a row. True if parsing goes on as if it associated to the left.
    fn closed_twice(&mut self, power: u8) -> bool {
        if power == power::COMPARE {
            let message = "comparisons cannot be chained";
            self.report(&grok::CHAINED_COMPARISON, self.span_here(), message);
            return true;
        }
        self.unexpected("the end of the expression");
        false
    }

    fn binary_operator(&self) -> Option<Operator> {
        let (node, power, tokens) = match self.current() {
            Equals | PlusEq | MinusEq | StarEq | SlashEq | PercentEq | AmpEq | PipeEq | CaretEq => {
                (AssignExpr, power::ASSIGN, 1)
            }
            Bang if !self.line_break(0) => (SendExpr, power::SEND, 1),
            DotDot | DotDotEq | Ellipsis => (RangeExpr, power::RANGE, 1),
            PipePipe => (BinaryExpr, power::OR, 1),
            AmpAmp => (BinaryExpr, power::AND, 1),
            EqEq | NotEq | LtEq => (BinaryExpr, power::COMPARE, 1),
            Lt if self.nth(1) == LtEq && self.joined(1) => (AssignExpr, power::ASSIGN, 2),
            Lt if self.nth(1) == Lt && self.joined(1) => (BinaryExpr, power::SHIFT, 2),
            Lt => (BinaryExpr, power::COMPARE, 1),
            Gt => self.greater(),
            Pipe => (BinaryExpr, power::BIT_OR, 1),
            Caret => (BinaryExpr, power::BIT_XOR, 1),
            Amp => (BinaryExpr, power::BIT_AND, 1),
            Plus | Minus => (BinaryExpr, power::SUM, 1),
            Star | Slash | Percent => (BinaryExpr, power::PRODUCT, 1),
            AsKw => (CastExpr, power::CAST, 1),
            _ => return None,
        };
        Some(Operator { node, power, tokens })
    }

    /// `>`, `>=`, `>>` and `>>=` are made of single tokens.
    fn greater(&self) -> (SyntaxKind, u8, usize) {
        let next = |ahead, kind| self.nth(ahead) == kind && self.joined(ahead);
        if next(1, Gt) {
            return if next(2, Equals) { (AssignExpr, power::ASSIGN, 3) } else { (BinaryExpr, power::SHIFT, 2) };
        }
        (BinaryExpr, power::COMPARE, if next(1, Equals) { 2 } else { 1 })
    }

    /// Warns when an operator at the beginning of a line may have been meant to begin a statement: it touches what
    /// follows, as a prefix does.
    fn joined_lines(&mut self, op: &Operator) {
        let prefix = matches!(self.current(), Minus | Star | Amp) && op.tokens == 1 && self.joined(1);
        if prefix && self.line_break(0) {
            self.warn_joined_lines();
        }
    }

    /// The current token continues the line before it although it could begin a statement.
    fn warn_joined_lines(&mut self) {
        let in_block = self.open.last().is_none_or(|&at| self.kinds[at as usize] == LBrace);
        if in_block {
            let message = format!("`{}` continues the line before", self.text(0));
            self.report(&grok::JOINED_LINES, self.span_here(), message);
        }
    }

    /// Prefix operators and what they apply to.
    fn operand(&mut self, mark: Mark) {
        match self.current() {
            Minus | Bang | Tilde | Star => {
                self.bump();
                self.prefix_operand();
                self.complete(mark, PrefixExpr);
            }
            Amp | AmpAmp => {
                self.bump();
                self.eat(MutKw);
                self.prefix_operand();
                self.complete(mark, RefExpr);
            }
            DotDot | DotDotEq | Ellipsis => {
                self.bump();
                self.right_operand(power::RANGE);
                self.complete(mark, RangeExpr);
            }
            LetKw if self.limits.allow_let => self.let_condition(mark),
            ReturnKw | BreakKw | ContinueKw => self.jump(mark),
            _ => self.postfix(mark),
        }
    }

    fn prefix_operand(&mut self) {
        let limits = Limits { allow_let: false, ..self.limits };
        self.limited(limits, |p| {
            p.nested(|p| {
                let mark = p.mark();
                p.operand(mark);
            });
        });
    }

    /// `return e`, `break 'a e`, `continue 'a`.
    fn jump(&mut self, mark: Mark) {
        let kind = match self.current() {
            ReturnKw => ReturnExpr,
            BreakKw => BreakExpr,
            _ => ContinueExpr,
        };
        self.bump();
        if kind != ReturnExpr && self.at(Lifetime) && self.nth(1) != Colon {
            self.bump();
        }
        let value = kind != ContinueExpr && self.at_expr() && !(self.limits.no_struct && self.at(LBrace));
        if value {
            if self.line_break(0) {
                self.warn_joined_lines();
            }
            self.expr();
        }
        self.complete(mark, kind);
    }

    /// A primary expression and the calls, indices, fields and `?` behind it.
    pub(super) fn postfix(&mut self, mark: Mark) {
        if self.primary(mark) {
            self.postfix_from(mark);
        }
    }

    pub(super) fn postfix_from(&mut self, mark: Mark) {
        let mut chain = 0;
        while !self.recovering {
            match self.current() {
                Dot => self.selector(mark),
                Question if !self.limits.no_question => {
                    self.bump();
                    self.complete(mark, TryExpr);
                }
                LParen | LBracket => {
                    if self.line_break(0) {
                        self.warn_joined_lines();
                    }
                    self.call_or_index(mark);
                }
                _ => break,
            }
            chain += 1;
            if self.depth + chain > MAX_NESTING {
                self.too_deep();
            }
        }
    }

    fn call_or_index(&mut self, mark: Mark) {
        if self.at(LParen) {
            self.arguments();
            self.complete(mark, CallExpr);
        } else {
            self.delimited(LBracket, |p, _| p.expr());
            self.complete(mark, IndexExpr);
        }
    }

    fn arguments(&mut self) {
        let args = self.mark();
        self.list(LParen, Self::at_expr, Self::expr);
        self.complete(args, ArgList);
    }

    /// `.name`, `.0`, `.await`, `.name(..)`, `.name::<T>(..)`.
    fn selector(&mut self, mark: Mark) {
        self.bump();
        match self.current() {
            AwaitKw => {
                self.bump();
                self.complete(mark, AwaitExpr);
            }
            Int => {
                self.bump();
                self.complete(mark, FieldExpr);
            }
            Ident | RawIdent => {
                self.bump();
                let generic = self.eat(ColonColon);
                if generic {
                    self.type_args();
                }
                if self.at(LParen) && (generic || !self.line_break(0)) {
                    self.arguments();
                    self.complete(mark, MethodCall);
                } else {
                    self.complete(mark, if generic { MethodCall } else { FieldExpr });
                }
            }
            _ => {
                self.unexpected("a field or method name");
                self.complete(mark, FieldExpr);
            }
        }
    }
}
