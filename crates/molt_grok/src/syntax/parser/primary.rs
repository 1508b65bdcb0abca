//! Primary expressions: literals, paths, brackets, control flow and concurrency.

use molt_diagnostics::registry::grok;

use super::{Limits, Mark, Parser};
use crate::syntax::SyntaxKind::*;

impl Parser<'_> {
    /// Whether an expression can begin here.
    pub(super) fn at_expr(&self) -> bool {
        match self.current() {
            LParen | LBracket | LBrace | Minus | Bang | Tilde | Star | Amp | AmpAmp | DotDot | DotDotEq | Ellipsis
            | Underscore | Pipe | PipePipe | Lt | ColonColon | Lifetime | GroupOpen | ReturnKw | BreakKw
            | ContinueKw | IfKw | MatchKw | LoopKw | WhileKw | ForKw | UnsafeKw | AsyncKw | MoveKw => true,
            FnKw => self.nth(1) == LParen,
            LetKw => self.limits.allow_let,
            kind => kind.is_literal() || self.at_segment(),
        }
    }

    /// Reads a primary expression; false if none begins here.
    pub(super) fn primary(&mut self, mark: Mark) -> bool {
        match self.current() {
            LParen => self.paren_expr(mark),
            LBracket => self.bracket_expr(mark),
            LBrace | UnsafeKw | LoopKw | WhileKw | ForKw | Lifetime => self.block_like(mark),
            IfKw => self.if_expr(mark),
            MatchKw => self.match_expr(mark),
            AsyncKw => self.async_expr(mark),
            MoveKw | Pipe | PipePipe => self.closure(mark),
            FnKw if self.nth(1) == LParen => self.fn_closure(mark),
            GroupOpen => {
                self.delimited(GroupOpen, |p, _| p.expr());
                self.complete(mark, ParenExpr);
            }
            kind if kind.is_literal() => self.leaf(Literal),
            // Only the left side of `=` may hold it; lowering says so elsewhere.
            Underscore => self.leaf(WildcardPat),
            Ident if self.contextual(mark) => {}
            Lt | ColonColon => self.path_expr(mark),
            _ if self.at_segment() => self.path_expr(mark),
            _ => {
                self.unexpected("an expression");
                return false;
            }
        }
        true
    }

    // Paths and what hangs on them.

    /// A path in an expression: arguments follow `::`.
    pub(super) fn expr_path(&mut self) {
        let mark = self.mark();
        self.path_head();
        loop {
            if self.at(Lt) {
                self.type_args();
            } else if self.at_segment() {
                self.bump();
            } else {
                self.unexpected("a name");
                break;
            }
            if !self.eat(ColonColon) {
                break;
            }
        }
        self.complete(mark, PathExpr);
    }

    fn path_expr(&mut self, mark: Mark) {
        self.expr_path();
        if self.at_macro_bang() {
            self.macro_call(mark);
        } else if self.at(LBrace) && self.at_struct_literal() {
            self.struct_literal(mark);
        }
    }

    /// Whether the `{` after a path opens a struct literal. In the head of an `if` or the like it opens the body; what
    /// can only be a literal there is reported and read as one.
    fn at_struct_literal(&mut self) -> bool {
        if self.limits.no_struct {
            let certain = match (self.nth(1), self.nth(2)) {
                (Ident | RawIdent, Colon | Comma) => true,
                (RBrace, LBrace) => true,
                (Ident | RawIdent, RBrace) => self.nth(3) == LBrace,
                _ => false,
            };
            if certain {
                let message = "a struct literal in a condition needs parentheses";
                self.report(&grok::STRUCT_LITERAL_IN_CONDITION, self.span_here(), message);
            }
            return certain;
        }
        if !self.line_break(0) {
            return true;
        }
        match (self.nth(1), self.nth(2)) {
            (RBrace, _) | (Ident | RawIdent, Colon | Comma | RBrace) => {
                let message = "this `{` continues the line before as a struct literal";
                self.report(&grok::JOINED_LINES, self.span_here(), message);
                true
            }
            _ => false,
        }
    }

    fn struct_literal(&mut self, mark: Mark) {
        let starts = |p: &Self| matches!(p.current(), Ident | RawIdent | Int | DotDot) || p.at_attribute();
        self.list(LBrace, starts, Self::struct_literal_field);
        self.complete(mark, StructLit);
    }

    fn struct_literal_field(&mut self) {
        let mark = self.mark();
        self.attributes();
        if self.eat(DotDot) {
            self.expr();
            self.complete(mark, StructLitBase);
            return;
        }
        self.bump();
        if self.eat(Colon) {
            self.expr();
        }
        self.complete(mark, StructLitField);
    }

    // Brackets.

    fn paren_expr(&mut self, mark: Mark) {
        let mut count = 0;
        self.list(LParen, Self::at_expr, |p| {
            p.expr();
            count += 1;
        });
        let trailing = self.pos >= 2 && self.kinds[self.pos - 2] == Comma;
        self.complete(mark, if count == 1 && !trailing { ParenExpr } else { TupleExpr });
    }

    fn bracket_expr(&mut self, mark: Mark) {
        let mut kind = ArrayExpr;
        let mut first = true;
        self.list(LBracket, Self::at_expr, |p| {
            p.expr();
            if first && p.eat(Semicolon) {
                kind = RepeatExpr;
                p.expr();
            }
            first = false;
        });
        self.complete(mark, kind);
    }

    // Control flow.

    /// Expressions that end in a block: as statements they need no `;`.
    pub(super) fn at_block_like(&self) -> bool {
        match self.current() {
            LBrace | IfKw | MatchKw | LoopKw | WhileKw | ForKw | Lifetime => true,
            UnsafeKw => self.nth(1) == LBrace,
            Ident => match self.text(0) {
                "select" => self.nth(1) == LBrace,
                "receive" => self.nth(1) == LBrace || self.at_receive_pattern(),
                _ => false,
            },
            _ => false,
        }
    }

    fn block_like(&mut self, mark: Mark) {
        if self.eat(Lifetime) {
            self.expect(Colon);
        }
        match self.current() {
            LoopKw => {
                self.bump();
                self.block();
                self.complete(mark, LoopExpr);
            }
            WhileKw => {
                self.bump();
                self.condition(true);
                self.block();
                self.complete(mark, WhileExpr);
            }
            ForKw => {
                self.bump();
                self.pattern();
                self.expect(InKw);
                self.head();
                self.block();
                self.complete(mark, ForExpr);
            }
            _ => {
                self.eat(UnsafeKw);
                self.block();
                self.complete(mark, BlockExpr);
            }
        }
    }

    fn if_expr(&mut self, mark: Mark) {
        self.nested(|p| {
            p.bump();
            p.condition(true);
            p.block();
            if p.eat(ElseKw) {
                let other = p.mark();
                if p.at(IfKw) {
                    p.if_expr(other);
                } else {
                    p.block();
                    p.complete(other, BlockExpr);
                }
            }
        });
        self.complete(mark, IfExpr);
    }

    fn match_expr(&mut self, mark: Mark) {
        self.bump();
        self.head();
        self.delimited(LBrace, |p, _| p.arms(|p| p.arm()));
        self.complete(mark, MatchExpr);
    }

    /// Arms up to the closing brace; the comma between two may be left out after a block.
    pub(super) fn arms(&mut self, arm: impl Fn(&mut Self)) {
        while !self.at(RBrace) && !self.at(Eof) {
            let before = self.pos;
            arm(self);
            if !self.recovering && !self.eat(Comma) && !self.at(RBrace) {
                let block = self.kinds[self.pos - 1] == RBrace;
                if !block && self.pos > before && (self.at_pattern() || self.at_attribute()) && !self.at(LBrace) {
                    self.report(&grok::MISSING_SEPARATOR, self.span_after(), "expected `,` between two arms");
                } else if !block {
                    self.unexpected("`,` or `}`");
                }
            }
            if self.recovering {
                if self.pos == before && !self.current().is_closer() {
                    self.leaf(ErrorNode);
                }
                self.skip_until(|p| p.at(Comma) || (p.line_break(0) && p.arm_begins()));
                if self.at(Eof) || self.current().is_closer() {
                    break;
                }
                self.recovering = false;
                self.eat(Comma);
            }
        }
    }

    /// After a fault: a line that looks like a new arm, that is, one with `=>` before its end.
    fn arm_begins(&self) -> bool {
        let mut ahead = 0;
        while !matches!(self.nth(ahead), Eof | FatArrow | Semicolon | RBrace) && (ahead == 0 || !self.line_break(ahead))
        {
            ahead += 1;
        }
        self.nth(ahead) == FatArrow && ahead > 0
    }

    pub(super) fn arm(&mut self) {
        let mark = self.mark();
        self.attributes();
        self.pattern();
        if self.at(IfKw) {
            let guard = self.mark();
            self.bump();
            self.condition(false);
            self.complete(guard, MatchGuard);
        }
        self.expect(FatArrow);
        self.arm_body();
        self.complete(mark, MatchArm);
    }

    /// The value of an arm. A block ends it at its brace unless `.` or `?` follows, as in statements.
    fn arm_body(&mut self) {
        if self.at_block_like() && !self.recovering {
            self.block_statement();
        } else {
            self.expr();
        }
    }

    // Closures and async.

    fn async_expr(&mut self, mark: Mark) {
        let after_move = 1 + (self.nth(1) == MoveKw) as usize;
        if self.nth(after_move) == LBrace {
            self.pos += after_move;
            self.block();
            self.complete(mark, BlockExpr);
        } else {
            self.closure(mark);
        }
    }

    fn closure(&mut self, mark: Mark) {
        self.eat(AsyncKw);
        self.eat(MoveKw);
        let params = self.mark();
        if !self.eat(PipePipe) && self.expect(Pipe) {
            while !self.at(Pipe) && !self.recovering {
                let param = self.mark();
                self.attributes();
                self.pattern_single();
                if self.eat(Colon) {
                    self.ty();
                }
                self.complete(param, Param);
                if !self.eat(Comma) {
                    break;
                }
            }
            self.expect(Pipe);
        }
        self.complete(params, ParamList);
        let limits = Limits { allow_let: false, ..self.limits };
        if self.at(Arrow) {
            self.result_type();
            let body = self.mark();
            self.block();
            self.complete(body, BlockExpr);
        } else if !self.recovering {
            self.limited(limits, Self::expr);
        }
        self.complete(mark, ClosureExpr);
    }

    /// The older spelling `fn(a) -> a + 1`.
    fn fn_closure(&mut self, mark: Mark) {
        self.bump();
        self.params();
        if self.eat(Arrow) {
            self.expr();
        } else {
            let body = self.mark();
            self.block();
            self.complete(body, BlockExpr);
        }
        self.complete(mark, ClosureExpr);
    }

    // Concurrency. Its words are names wherever the grammar does not ask for them.

    /// Reads an expression that begins with a contextual keyword, if the name here is used as one.
    fn contextual(&mut self, mark: Mark) -> bool {
        let brace = self.nth(1) == LBrace && !self.limits.no_struct;
        match self.text(0) {
            "spawn" if brace || self.at_spawn() => self.spawn(mark),
            "ask" if self.at_ask() => self.ask(mark),
            "receive" if brace || self.at_receive_pattern() => self.receive(mark),
            "select" if brace => {
                self.bump();
                self.delimited(LBrace, |p, _| p.arms(|p| p.select_arm()));
                self.complete(mark, SelectExpr);
            }
            _ => return false,
        }
        true
    }

    /// Whether the token begins a path, some tokens ahead in the same line.
    fn path_begins(&self, ahead: usize) -> bool {
        let kind = self.nth(ahead);
        matches!(kind, Ident | RawIdent | SelfKw | SelfTypeKw | CrateKw | SuperKw) && !self.line_break(ahead)
    }

    fn at_spawn(&self) -> bool {
        match self.nth(1) {
            MoveKw => true,
            LParen => self.after_group(1).is_some_and(|after| self.path_begins(after)),
            _ => self.path_begins(1),
        }
    }

    fn spawn(&mut self, mark: Mark) {
        self.bump();
        if self.eat(MoveKw) || self.at(LBrace) {
            self.block();
            self.complete(mark, SpawnExpr);
            return;
        }
        if self.at(LParen) {
            let options = self.mark();
            self.list(LParen, Self::at_name, |p| {
                let option = p.mark();
                p.bump();
                p.expect(Equals);
                p.expr();
                p.complete(option, SpawnOption);
            });
            self.complete(options, SpawnOptions);
        }
        let literal = self.mark();
        self.expr_path();
        self.struct_literal(literal);
        self.complete(mark, SpawnExpr);
    }

    fn at_ask(&self) -> bool {
        if self.line_break(1) {
            return false;
        }
        match self.nth(1) {
            LParen => !self.joined(1),
            SelfKw | IfKw | MatchKw | LBrace => !(self.limits.no_struct && self.nth(1) == LBrace),
            kind => self.path_begins(1) || kind.is_literal(),
        }
    }

    fn ask(&mut self, mark: Mark) {
        self.bump();
        let message = self.mark();
        self.ask_operand();
        if !self.recovering && !matches!(self.last_kind(), Some(CallExpr | MethodCall)) {
            let span = self.span_since(message);
            self.report(&grok::UNEXPECTED_TOKEN, span, "`ask` takes a message: a call of a handler");
        }
        if self.eat_word("within") {
            self.ask_operand();
        }
        self.complete(mark, AskExpr);
    }

    fn ask_operand(&mut self) {
        let limits = Limits { no_question: true, allow_let: false, ..self.limits };
        self.limited(limits, |p| {
            p.nested(|p| {
                let mark = p.mark();
                p.postfix(mark);
            });
        });
    }

    /// `receive(pattern) {`, in contrast to a call of a function with that name.
    fn at_receive_pattern(&self) -> bool {
        self.nth(1) == LParen
            && self.after_group(1).is_some_and(|after| self.nth(after) == LBrace && !self.line_break(after))
    }

    fn receive(&mut self, mark: Mark) {
        self.bump();
        if self.at(LParen) {
            self.delimited(LParen, |p, _| p.pattern());
            self.block();
        } else {
            self.delimited(LBrace, |p, _| {
                p.arms(|p| if p.at_after() { p.after_arm() } else { p.arm() });
            });
        }
        self.complete(mark, ReceiveExpr);
    }

    /// `after d =>`, in contrast to a pattern that begins with that name.
    fn at_after(&self) -> bool {
        self.at_word("after") && !matches!(self.nth(1), Equals | FatArrow | At | Pipe | IfKw | ColonColon | LBrace)
    }

    fn after_arm(&mut self) {
        let mark = self.mark();
        self.bump();
        self.expr();
        self.expect(FatArrow);
        self.arm_body();
        self.complete(mark, AfterArm);
    }

    fn select_arm(&mut self) {
        if self.at_after() {
            self.after_arm();
            return;
        }
        let mark = self.mark();
        let kind = if self.at_word("default") && self.nth(1) == FatArrow {
            self.bump();
            DefaultArm
        } else {
            self.attributes();
            self.pattern();
            self.expect(Equals);
            self.expr();
            if self.at(IfKw) {
                let guard = self.mark();
                self.bump();
                self.expr();
                self.complete(guard, MatchGuard);
            }
            SelectArm
        };
        self.expect(FatArrow);
        self.arm_body();
        self.complete(mark, kind);
    }
}
