//! Procedures and loops.

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::claude as code;

use super::scope::ScopeId;
use super::{At, Expander};
use crate::core::{ExprId, ExprKind, Lambda, LambdaId, LocalId, Loop, Param};
use crate::stx::{Name, StxId};
use crate::syntax::Kind;

impl Expander<'_> {
    pub(super) fn lambda_form(&mut self, s: StxId, at: At) -> ExprId {
        let name = self.core.names.intern("lambda");
        self.named_lambda(s, name, at)
    }

    /// The data between the brackets of a parameter list.
    pub(super) fn parameter_list(&mut self, s: StxId) -> Result<Vec<StxId>, ExprId> {
        if self.syntax.kind(s) != Kind::Form {
            return Err(self.malformed(s, "parameters are `(name ..)`"));
        }
        Ok(self.syntax.parts(s).to_vec())
    }

    /// An expression that gives something its name; a procedure is called by it in messages.
    pub(super) fn named_lambda(&mut self, s: StxId, name: Symbol, at: At) -> ExprId {
        let s = self.unfolded(s, at);
        if !self.is_lambda(s, at.scope) {
            return self.expr(s, at);
        }
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let params = match self.parameter_list(parts[0]) {
            Ok(params) => params,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let (result, body) = self.result_type(&parts[1..]);
        let lambda = self.lambda(name, &params, result, &body, span, at.scope);
        self.core.expr(ExprKind::Lambda(lambda), span)
    }

    /// Splits `: T body ..`.
    pub(super) fn result_type(&self, parts: &[StxId]) -> (Option<StxId>, Vec<StxId>) {
        match parts {
            [colon, ty, body @ ..] if self.is_word(*colon, self.words.colon) && !body.is_empty() => {
                (Some(*ty), body.to_vec())
            }
            _ => (None, parts.to_vec()),
        }
    }

    pub(super) fn is_word(&self, s: StxId, word: Symbol) -> bool {
        self.syntax.kind(s) == Kind::Symbol && self.syntax.text(s) == word
    }

    /// A procedure of parameters and body in a scope.
    pub(super) fn lambda(
        &mut self,
        name: Symbol,
        params: &[StxId],
        result: Option<StxId>,
        body: &[StxId],
        span: Span,
        scope: ScopeId,
    ) -> LambdaId {
        let (doc, body) = self.docstring(body);
        let body = |e: &mut Self, at| e.body(body, at, span);
        let lambda = self.lambda_with(name, params, span, scope, body);
        (self.core.lambdas[lambda].result, self.core.lambdas[lambda].doc) = (result, doc);
        lambda
    }

    /// A procedure of parameters in a scope, whose body is made by itself.
    pub(super) fn lambda_with(
        &mut self,
        name: Symbol,
        params: &[StxId],
        span: Span,
        scope: ScopeId,
        body: impl FnOnce(&mut Self, At) -> ExprId,
    ) -> LambdaId {
        self.procedures += 1;
        let scope = self.scopes.inside(scope);
        let (params, rest) = self.params(params, scope);
        let body = body(self, At { scope, tail: None });
        self.procedures -= 1;
        self.core.lambdas.push(Lambda { name, span, params, rest, result: None, doc: None, body })
    }

    /// A string at the start of a longer body describes it.
    pub(super) fn docstring<'b>(&self, body: &'b [StxId]) -> (Option<Symbol>, &'b [StxId]) {
        match body {
            [doc, rest @ ..] if !rest.is_empty() && self.syntax.kind(*doc) == Kind::Str => {
                (Some(self.syntax.text(*doc)), rest)
            }
            _ => (None, body),
        }
    }

    fn params(&mut self, list: &[StxId], scope: ScopeId) -> (Vec<Param>, Option<LocalId>) {
        let mut params: Vec<Param> = Vec::new();
        let mut i = 0;
        while i < list.len() {
            let p = list[i];
            if self.is_word(p, self.words.dot) || self.is_word(p, self.words.ampersand) {
                let rest = self.rest_param(p, &list[i + 1..], scope);
                return (params, rest);
            }
            if let Some(param) = self.param(p, scope) {
                if param.default.is_none() && params.last().is_some_and(|last| last.default.is_some()) {
                    self.malformed(p, "a parameter without a default does not follow one with a default");
                }
                params.push(param);
            }
            i += 1;
        }
        (params, None)
    }

    fn rest_param(&mut self, dot: StxId, after: &[StxId], scope: ScopeId) -> Option<LocalId> {
        let &[rest] = after else {
            self.malformed(dot, "one name follows: that of the list of further operands");
            return None;
        };
        let (target, ty) = match (self.syntax.kind(rest), self.syntax.parts(rest)) {
            (Kind::Form, &[name, colon, ty]) if self.is_word(colon, self.words.colon) => (name, Some(ty)),
            _ => (rest, None),
        };
        let name = self.binder(target, "a parameter")?;
        let local = self.param_local(name, target, scope);
        self.core.locals[local].ty = ty;
        Some(local)
    }

    fn param(&mut self, p: StxId, scope: ScopeId) -> Option<Param> {
        if self.syntax.kind(p) != Kind::Form {
            let name = self.binder(p, "a parameter")?;
            return Some(Param { local: self.param_local(name, p, scope), default: None });
        }
        let parts = self.syntax.parts(p).to_vec();
        let (target, ty, default) = match parts[..] {
            [name, colon, ty] if self.is_word(colon, self.words.colon) => (name, Some(ty), None),
            [name, colon, ty, equals, default]
                if self.is_word(colon, self.words.colon) && self.is_word(equals, self.words.equals) =>
            {
                (name, Some(ty), Some(default))
            }
            [name, equals, default] if self.is_word(equals, self.words.equals) => (name, None, Some(default)),
            _ => {
                self.malformed(p, "a parameter is `name`, `(name : T)` or `(name : T = default)`");
                return None;
            }
        };
        let name = self.binder(target, "a parameter")?;
        // A default sees the parameters before it.
        let default = default.map(|d| self.expr(d, At { scope, tail: None }));
        let local = self.param_local(name, target, scope);
        self.core.locals[local].ty = ty;
        Some(Param { local, default })
    }

    fn param_local(&mut self, name: Name, at: StxId, scope: ScopeId) -> LocalId {
        let span = self.syntax.span(at);
        if name.symbol == self.words.underscore {
            return self.new_local(name.symbol, span);
        }
        if self.scopes.own(scope, name).is_some() {
            let text = self.text(name.symbol).to_owned();
            self.report(&code::DUPLICATE, span, format!("the parameter `{text}` is there twice"));
        }
        self.bind(scope, name, span)
    }

    pub(super) fn loop_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let pairs = match self.bindings(parts[0]) {
            Ok(pairs) => pairs,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let id = self.core.loops.push(Loop { locals: Vec::new(), body: ExprId(0) });
        let mut scope = at.scope;
        let (mut locals, mut names) = (Vec::new(), Vec::new());
        for (target, value) in pairs {
            let value = self.expr(value, At { scope, tail: None });
            let Some(name) = self.binder(target, "a name that `loop` binds") else { return self.nil(span) };
            let target = self.syntax.span(target);
            if names.contains(&name) && name.symbol != self.words.underscore {
                let text = self.text(name.symbol).to_owned();
                self.report(&code::DUPLICATE, target, format!("`loop` binds `{text}` twice"));
            }
            names.push(name);
            scope = self.scopes.inside(scope);
            locals.push((self.bind(scope, name, target), value));
        }
        self.core.loops[id].locals = locals;
        self.core.loops[id].body = self.body(&parts[1..], At { scope, tail: Some(id) }, span);
        self.core.expr(ExprKind::Loop(id), span)
    }

    pub(super) fn recur(&mut self, s: StxId, at: At) -> ExprId {
        let span = self.syntax.span(s);
        let parts = self.syntax.parts(s)[1..].to_vec();
        let Some(id) = at.tail else {
            return self.report(&code::TARGET, span, "`recur` stands in a tail position of a `loop`");
        };
        let operands = self.operands(&parts, at);
        let wanted = self.core.loops[id].locals.len();
        if operands.len() == wanted {
            return self.core.expr(ExprKind::Recur(id, operands), span);
        }
        let callee = self.turn(wanted, span);
        self.core.expr(ExprKind::Call(callee, operands), span)
    }

    /// A procedure of as many operands as a loop has variables: a call of it with another count is the fault that a `recur`
    /// with that count is.
    fn turn(&mut self, count: usize, span: Span) -> ExprId {
        let params = (0..count).map(|_| Param { local: self.hidden_local("value", span), default: None }).collect();
        let (name, body) = (self.core.names.intern("recur"), self.nil(span));
        let lambda = Lambda { name, span, params, rest: None, result: None, doc: None, body };
        let lambda = self.core.lambdas.push(lambda);
        self.core.expr(ExprKind::Lambda(lambda), span)
    }

    /// The one pair of `(name value)` that `dotimes` and `doseq` open with.
    fn counted(&mut self, s: StxId) -> Result<(StxId, StxId, Vec<StxId>), ExprId> {
        let parts = self.at_least(s, 1)?;
        match (self.syntax.kind(parts[0]), self.syntax.parts(parts[0])) {
            (Kind::Form, &[name, value]) => Ok((name, value, parts[1..].to_vec())),
            _ => Err(self.malformed(parts[0], "what the loop goes over is `(name value)`")),
        }
    }

    /// Counts from 0; each turn has a variable of its own, so that a closure keeps its number.
    pub(super) fn dotimes(&mut self, s: StxId, at: At) -> ExprId {
        let (target, count, body) = match self.counted(s) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let count = self.expr(count, at.operand());
        let Some(name) = self.binder(target, "the name of the number") else { return self.nil(span) };
        let limit = self.hidden_local("count", span);
        let counter = self.hidden_local("counter", span);
        let zero = self.core.expr(ExprKind::Int(0), span);
        let id = self.core.loops.push(Loop { locals: vec![(counter, zero)], body: ExprId(0) });
        let scope = self.scopes.inside(at.scope);
        let local = self.bind(scope, name, self.syntax.span(target));
        let body = self.body(&body, At { scope, tail: None }, span);
        let (read, end) = (self.read(counter, span), self.read(limit, span));
        let test = self.library_call("<", &[read, end], span);
        let (value, old) = (self.read(counter, span), self.read(counter, span));
        let one = self.core.expr(ExprKind::Int(1), span);
        let next = self.library_call("+", &[old, one], span);
        let again = self.core.expr(ExprKind::Recur(id, [next].into()), span);
        let turn = self.core.expr(ExprKind::Let(local, value, body), span);
        let turn = self.core.expr(ExprKind::Do([turn, again].into()), span);
        let nil = self.nil(span);
        self.core.loops[id].body = self.core.expr(ExprKind::If(test, turn, nil), span);
        let whole = self.core.expr(ExprKind::Loop(id), span);
        self.core.expr(ExprKind::Let(limit, count, whole), span)
    }

    pub(super) fn read(&mut self, local: LocalId, span: Span) -> ExprId {
        self.core.expr(ExprKind::Local(local), span)
    }

    pub(super) fn doseq(&mut self, s: StxId, at: At) -> ExprId {
        let (target, list, body) = match self.counted(s) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let list = self.expr(list, at.operand());
        let scope = self.scopes.inside(at.scope);
        let inner = At { scope, tail: None };
        let (local, body) = match self.syntax.name(target).filter(|n| !self.is_wild_or_ctor(*n)) {
            Some(name) => {
                let local = self.bind(scope, name, self.syntax.span(target));
                (local, self.body(&body, inner, span))
            }
            None => {
                let local = self.hidden_local("item", span);
                let item = self.read(local, span);
                (local, self.destructure(target, item, inner, span, |e, inner| e.body(&body, inner, span)))
            }
        };
        self.core.expr(ExprKind::ForEach(local, list, body), span)
    }
}
