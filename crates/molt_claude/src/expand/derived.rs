//! Forms that are short for what other forms and operations do: `uncertain`, `with-open-file`,
//! `logger:with-logger`.

use molt_base::Span;

use super::{At, Expander};
use crate::core::{ExprId, ExprKind, OpId, Try};
use crate::stx::{Mark, StxId};
use crate::syntax::Kind;

impl Expander<'_> {
    /// `(uncertain (weight e) ..)`: the library draws the number of a branch.
    pub(super) fn uncertain(&mut self, s: StxId, at: At) -> ExprId {
        let branches = match self.at_least(s, 1) {
            Ok(branches) => branches,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let mut weights = Vec::new();
        for &branch in &branches {
            let (Kind::Form, &[weight, _]) = (self.syntax.kind(branch), self.syntax.parts(branch)) else {
                return self.malformed(branch, "a branch of `uncertain` is `(weight expression)`");
            };
            weights.push(self.expr(weight, at.operand()));
        }
        let weights = self.core.expr(ExprKind::List(weights.into()), span);
        let drawn = self.library_call("%draw", &[weights], span);
        let local = self.hidden_local("branch", span);
        let bodies: Vec<ExprId> = branches.iter().map(|&b| self.expr(self.syntax.parts(b)[1], at)).collect();
        let chosen = self.numbered(local, bodies, span);
        self.core.expr(ExprKind::Let(local, drawn, chosen), span)
    }

    /// The expression whose number a variable holds.
    fn numbered(&mut self, local: crate::core::LocalId, bodies: Vec<ExprId>, span: Span) -> ExprId {
        let mut numbered = bodies.into_iter().enumerate().rev();
        let (_, mut result) = numbered.next().expect("there is a branch");
        for (i, body) in numbered {
            let number = self.core.expr(ExprKind::Int(i as i64), span);
            let read = self.core.expr(ExprKind::Local(local), span);
            let test = self.library_call("=", &[read, number], span);
            result = self.core.expr(ExprKind::If(test, body, result), span);
        }
        result
    }

    /// `(with-open-file (name path mode) body ..)`: the file is closed on every exit.
    pub(super) fn with_open_file(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let opening = self.syntax.parts(parts[0]).to_vec();
        if self.syntax.kind(parts[0]) != Kind::Form || !(2..=3).contains(&opening.len()) {
            return self.malformed(parts[0], "`with-open-file` opens with `(name path mode)`");
        }
        let Some(name) = self.binder(opening[0], "the name of the file") else { return self.nil(span) };
        let operands = self.operands(&opening[1..], at);
        let open = self.core.expr(ExprKind::Perform(self.io("open-file"), operands), span);
        let scope = self.scopes.inside(at.scope);
        let local = self.bind(scope, name, self.syntax.span(opening[0]));
        let body = self.body(&parts[1..], At { scope, tail: None }, span);
        let handle = self.read(local, span);
        let close = self.core.expr(ExprKind::Perform(self.io("close-file"), Box::new([handle])), span);
        let guarded = Try { body, catch: None, finally: Some(close) };
        let guarded = self.core.expr(ExprKind::Try(Box::new(guarded)), span);
        self.core.expr(ExprKind::Let(local, open, guarded), span)
    }

    /// `(logger:with-logger f body ..)`: the handler `((io:log f)) body ..`.
    pub(super) fn with_logger(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let (span, head) = (self.syntax.span(s), self.syntax.parts(s)[0]);
        let none = self.syntax.text(head);
        let log = self.core.names.intern("io:log");
        let log = self.syntax.make(Kind::Symbol, span, log, Mark::SOURCE, &[]);
        let clause = self.syntax.make(Kind::Form, span, none, Mark::SOURCE, &[log, parts[0]]);
        let clauses = self.syntax.make(Kind::Form, span, none, Mark::SOURCE, &[clause]);
        let all: Vec<StxId> = [head, clauses].into_iter().chain(parts[1..].iter().copied()).collect();
        let handler = self.syntax.make(Kind::Form, span, none, Mark::SOURCE, &all);
        self.handler(handler, at)
    }

    fn io(&self, op: &str) -> OpId {
        self.operation_of("io", op).expect("the table of effects has it")
    }
}
