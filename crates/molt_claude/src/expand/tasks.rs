//! Tasks, the choice between channels, and messages of actors (section 6 of the reference).

use molt_base::Span;

use super::scope::ScopeId;
use super::{At, Expander};
use crate::core::{ExprId, ExprKind, Lambda, Param};
use crate::stx::StxId;
use crate::syntax::Kind;

/// What a clause of `select` waits for.
enum Event {
    Receive(StxId),
    Send(StxId, StxId),
    Timeout(StxId),
    Default,
}

/// The words of `select` before those of its clauses, and the numbers that stand for no channel; see the runtime.
const DEFAULT: i64 = -1;
const TIMEOUT: i64 = -2;

impl Expander<'_> {
    /// A procedure without parameters of a body. A literal one that is the whole body is it already.
    fn task_body(&mut self, body: &[StxId], span: Span, at: At) -> ExprId {
        if let &[only] = body {
            let only = self.unfolded(only, at);
            if self.is_thunk(only, at.scope) {
                return self.expr(only, at.operand());
            }
            return self.thunk(&[only], span, at);
        }
        self.thunk(body, span, at)
    }

    fn is_thunk(&self, s: StxId, scope: ScopeId) -> bool {
        let params = || self.syntax.parts(s).get(1).copied();
        self.is_lambda(s, scope)
            && params().is_some_and(|p| self.syntax.kind(p) == Kind::Form && self.syntax.parts(p).is_empty())
    }

    /// `(async e)`, and `(async (p ..) body ..)`.
    pub(super) fn async_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        if parts.len() > 1 {
            return self.async_lambda(s, at);
        }
        let span = self.syntax.span(s);
        let body = self.task_body(&parts, span, at);
        self.library_call("%async", &[body], span)
    }

    /// A procedure whose calls start tasks.
    pub(super) fn async_lambda(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let params = match self.parameter_list(parts[0]) {
            Ok(params) => params,
            Err(e) => return e,
        };
        let (result, body) = self.result_type(&parts[1..]);
        let (span, name) = (self.syntax.span(s), self.core.names.intern("async"));
        let lambda = self.lambda_with(name, &params, span, at.scope, |e, at| {
            let task = e.thunk(&body, span, at);
            if let ExprKind::Lambda(task) = *e.core.kind(task) {
                e.core.lambdas[task].result = result;
            }
            e.library_call("%async", &[task], span)
        });
        self.core.expr(ExprKind::Lambda(lambda), span)
    }

    /// `(spawn body ..)`: the operation `concurrent:go`.
    pub(super) fn spawn(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let body = self.task_body(&parts, span, at);
        let go = self.operation_of("concurrent", "go").expect("the table of effects has it");
        self.core.expr(ExprKind::Perform(go, Box::new([body])), span)
    }

    /// `(parallel e ..)`.
    pub(super) fn parallel(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s)[1..].to_vec();
        let span = self.syntax.span(s);
        let bodies: Vec<ExprId> = parts.iter().map(|&p| self.thunk(&[p], self.syntax.span(p), at)).collect();
        self.library_call("%parallel", &bodies, span)
    }

    // ---- select -------------------------------------------------------------------------------

    /// `(select clause ..)`: the runtime chooses a number, and the expression with this number is evaluated.
    pub(super) fn select(&mut self, s: StxId, at: At) -> ExprId {
        let clauses = match self.at_least(s, 1) {
            Ok(clauses) => clauses,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let (mut time, mut has_default) = (None, false);
        let (mut words, mut bodies) = (Vec::new(), Vec::new());
        for clause in clauses {
            let Some((event, body)) = self.event(clause) else {
                let grammar = "a clause is `((recv! ch) e)`, `((send! ch v) e)`, `(timeout ms e)` or `(default e)`";
                return self.malformed(clause, grammar);
            };
            let is_second =
                matches!(event, Event::Timeout(_)) && time.is_some() || matches!(event, Event::Default) && has_default;
            if is_second {
                return self.malformed(clause, "`select` has one such clause");
            }
            let number = (words.len() / 3) as i64;
            let number = match event {
                Event::Receive(channel) => {
                    self.event_words(channel, None, at, &mut words);
                    number
                }
                Event::Send(channel, value) => {
                    self.event_words(channel, Some(value), at, &mut words);
                    number
                }
                Event::Timeout(ms) => {
                    time = Some(self.expr(ms, at.operand()));
                    TIMEOUT
                }
                Event::Default => {
                    has_default = true;
                    DEFAULT
                }
            };
            bodies.push((number, matches!(event, Event::Receive(_)), body));
        }
        let time = time.unwrap_or_else(|| self.nil(span));
        let has_default = self.core.expr(ExprKind::Bool(has_default), span);
        let all: Vec<ExprId> = [has_default, time].into_iter().chain(words).collect();
        let chosen = self.library_call("%select", &all, span);
        self.chosen(chosen, &bodies, at, span)
    }

    /// What a clause of `select` waits for, and its expression.
    fn event(&self, clause: StxId) -> Option<(Event, StxId)> {
        let parts = self.syntax.parts(clause);
        let is = |s: StxId, word: &str| self.syntax.is_symbol(s, word, &self.core.names);
        if self.syntax.kind(clause) != Kind::Form {
            return None;
        }
        match *parts {
            [head, ms, body] if is(head, "timeout") => Some((Event::Timeout(ms), body)),
            [head, body] if is(head, "default") => Some((Event::Default, body)),
            [operation, body] if self.syntax.kind(operation) == Kind::Form => match *self.syntax.parts(operation) {
                [head, channel] if is(head, "recv!") => Some((Event::Receive(channel), body)),
                [head, channel, value] if is(head, "send!") => Some((Event::Send(channel, value), body)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Channel, whether something is sent, and what.
    fn event_words(&mut self, channel: StxId, value: Option<StxId>, at: At, words: &mut Vec<ExprId>) {
        let span = self.syntax.span(channel);
        words.push(self.expr(channel, at.operand()));
        words.push(self.core.expr(ExprKind::Bool(value.is_some()), span));
        let value = match value {
            Some(value) => self.expr(value, at.operand()),
            None => self.nil(span),
        };
        words.push(value);
    }

    /// The expression of the clause that was chosen: number, whether it receives, expression.
    fn chosen(&mut self, chosen: ExprId, bodies: &[(i64, bool, StxId)], at: At, span: Span) -> ExprId {
        let number = self.hidden_local("clause", span);
        let value = self.hidden_local("received", span);
        let mut result = None;
        for &(i, receives, body) in bodies.iter().rev() {
            let body = self.expr(body, at.operand());
            let body = if receives {
                let value = self.read(value, span);
                self.library_call("%applied-to", &[body, value], span)
            } else {
                self.library_call("%applied", &[body], span)
            };
            result = Some(match result {
                None => body,
                Some(others) => {
                    let (read, i) = (self.read(number, span), self.core.expr(ExprKind::Int(i), span));
                    let test = self.library_call("=", &[read, i], span);
                    self.core.expr(ExprKind::If(test, body, others), span)
                }
            });
        }
        let result = result.expect("there is a clause");
        let received = self.library_call("%selected", &[], span);
        let inner = self.core.expr(ExprKind::Let(value, received, result), span);
        self.core.expr(ExprKind::Let(number, chosen, inner), span)
    }

    // ---- receive ------------------------------------------------------------------------------

    /// `(receive pattern e .. (timeout ms e))`: a procedure tries the patterns and gives the expression, as a procedure, or
    /// false; the runtime goes through the messages with it.
    pub(super) fn receive(&mut self, s: StxId, at: At) -> ExprId {
        let mut parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let (mut ms, mut late) = (self.nil(span), self.nil(span));
        if parts.len() % 2 == 1
            && let Some(last) = parts.pop()
        {
            let Some((Event::Timeout(time), body)) = self.event(last) else {
                return self
                    .malformed(last, "`receive` has pairs of pattern and expression, and last `(timeout ms e)`");
            };
            ms = self.expr(time, at.operand());
            late = self.thunk(&[body], span, at);
        }
        let fits = self.message_test(&parts, at, span);
        let found = self.library_call("%take", &[fits, ms, late], span);
        self.core.expr(ExprKind::Call(found, Box::new([])), span)
    }

    /// The procedure that tries the patterns on a message.
    fn message_test(&mut self, pairs: &[StxId], at: At, span: Span) -> ExprId {
        self.procedures += 1;
        let message = self.hidden_local("message", span);
        let inside = At { scope: self.scopes.inside(at.scope), tail: None };
        let mut branches = Vec::new();
        for pair in pairs.chunks_exact(2) {
            let (pattern, body) = (pair[0], pair[1]);
            branches.push(self.branch_with(pattern, inside, |e, at| e.thunk(&[body], span, at)));
        }
        let no = self.core.expr(ExprKind::Bool(false), span);
        branches.push(self.last_branch(no, span));
        let subject = self.read(message, span);
        let body = self.matching(subject, branches, crate::core::Otherwise::Fail, span);
        self.procedures -= 1;
        let (name, params) = (self.core.names.intern("receive"), vec![Param { local: message, default: None }]);
        let lambda = Lambda { name, span, params, rest: None, result: None, doc: None, body };
        let lambda = self.core.lambdas.push(lambda);
        self.core.expr(ExprKind::Lambda(lambda), span)
    }
}
