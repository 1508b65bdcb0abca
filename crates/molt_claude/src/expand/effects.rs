//! Effects: operations performed, handlers, errors.

use molt_diagnostics::registry::claude as code;

use super::scope::{Binding, ScopeId};
use super::{At, Expander};
use crate::core::{
    Action, Clause, Effect, EffectId, ExprId, ExprKind, Handler, LocalId, Match, OpId, Operation, Otherwise, Try,
};
use crate::library;
use crate::notes::Meaning;
use crate::stx::{Mark, Name, StxId};
use crate::syntax::Kind;

impl Expander<'_> {
    /// Makes the operations that have default handlers.
    pub(super) fn add_operations(&mut self) {
        for row in library::EFFECTS {
            let name = self.core.names.intern(row.name);
            let effect = self.core.effects.push(Effect { name, span: None, ops: Vec::new(), is_builtin: true });
            for op in row.ops {
                let id = self.add_operation(effect, op.name, op.arity, op.is_never);
                for alias in op.functions {
                    let symbol = self.core.names.intern(alias);
                    self.scopes.add(self.base, Name { symbol, mark: Mark::SOURCE }, Binding::Op(id));
                }
            }
        }
    }

    pub(super) fn add_operation(
        &mut self,
        effect: EffectId,
        name: &str,
        arity: (usize, Option<usize>),
        is_never: bool,
    ) -> OpId {
        let name = self.core.names.intern(name);
        let id = self.core.ops.push(Operation { effect, name, span: None, arity, is_never, ty: None });
        self.core.effects[effect].ops.push(id);
        id
    }

    /// The effect of a label or prefix, whose case does not matter.
    pub(super) fn effect_named(&self, label: &str) -> Option<EffectId> {
        let fits = |e: &Effect| self.text(e.name).eq_ignore_ascii_case(label);
        // What a program declares last hides what was there.
        self.core.effects.iter().rev().find(|(_, e)| fits(e)).map(|(id, _)| id)
    }

    /// `label:op` or `label.op` as an operation.
    pub(super) fn operation_named(&self, text: &str) -> Option<OpId> {
        let (label, op) = text.split_once([':', '.'])?;
        self.operation_of(label, op)
    }

    /// The same, its parts given.
    pub(super) fn operation_of(&self, label: &str, op: &str) -> Option<OpId> {
        let effect = &self.core.effects[self.effect_named(label)?];
        let spelt = |row: &&(&str, &str, &str)| row.0.eq_ignore_ascii_case(label) && row.1 == op && effect.is_builtin;
        let op = library::SPELLINGS.iter().find(spelt).map_or(op, |row| row.2);
        effect.ops.iter().copied().find(|&o| self.text(self.core.ops[o].name) == op)
    }

    pub(super) fn qualified(&self, name: Name) -> Option<Binding> {
        let text = self.text(name.symbol);
        if let Some(op) = self.operation_named(text) {
            return Some(Binding::Op(op));
        }
        self.export_of(text, name.mark)
    }

    pub(super) fn perform(&mut self, op: OpId, operands: Box<[ExprId]>, s: StxId) -> ExprId {
        let span = self.syntax.span(s);
        let (least, most) = self.core.ops[op].arity;
        if operands.len() < least || most.is_some_and(|m| operands.len() > m) {
            let callee = self.core.expr(ExprKind::Operation(op), span);
            return self.core.expr(ExprKind::Call(callee, operands), span);
        }
        self.core.expr(ExprKind::Perform(op, operands), span)
    }

    /// `(effect E:op arg ..)`, and the older `(effect E op arg ..)`.
    pub(super) fn effect_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let Some(first) = self.binder(parts[0], "an operation") else { return self.nil(self.syntax.span(s)) };
        let text = self.text(first.symbol).to_owned();
        if let Some(op) = self.operation_named(&text) {
            let operands = self.operands(&parts[1..], at);
            return self.perform(op, operands, s);
        }
        let second = parts.get(1).and_then(|&p| self.syntax.name(p));
        if let Some(second) = second
            && let Some(op) = self.operation_named(&format!("{text}:{}", self.text(second.symbol)))
        {
            let operands = self.operands(&parts[2..], at);
            return self.perform(op, operands, s);
        }
        let span = self.syntax.span(parts[0]);
        self.report(&code::UNBOUND, span, format!("there is no operation `{text}`"))
    }

    // ---- errors -------------------------------------------------------------------------------

    pub(super) fn raise_op(&self) -> OpId {
        self.operation_named("error:raise").expect("the table of effects has it")
    }

    pub(super) fn throw(&mut self, s: StxId, at: At) -> ExprId {
        match self.exactly(s, 1) {
            Ok(parts) => {
                let operands = self.operands(&parts, at);
                self.perform(self.raise_op(), operands, s)
            }
            Err(e) => e,
        }
    }

    pub(super) fn try_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s)[1..].to_vec();
        let span = self.syntax.span(s);
        let opens = |e: &Self, p: StxId, word: &str| {
            e.syntax.kind(p) == Kind::Form
                && e.syntax.parts(p).first().is_some_and(|&h| e.syntax.is_symbol(h, word, &e.core.names))
        };
        let is_clause = |e: &Self, p: StxId| opens(e, p, "catch") || opens(e, p, "finally");
        let end = parts.iter().position(|&p| is_clause(self, p)).unwrap_or(parts.len());
        if end == 0 {
            return self.malformed(s, "`try` has a body before its clauses");
        }
        let body = self.body(&parts[..end], at.operand(), span);
        let (mut branches, mut finally) = (Vec::new(), None);
        for &clause in &parts[end..] {
            let inside = self.syntax.parts(clause).to_vec();
            if !is_clause(self, clause) || finally.is_some() {
                return self.malformed(clause, "after its body `try` has `catch` clauses and at the end one `finally`");
            }
            if opens(self, clause, "finally") {
                if inside.len() < 2 {
                    return self.malformed(clause, "`finally` has a body");
                }
                let body_span = self.syntax.span(clause);
                finally = Some(self.body(&inside[1..], at.operand(), body_span));
                continue;
            }
            if inside.len() < 3 {
                return self.malformed(clause, "a clause is `(catch pattern body ..)`");
            }
            branches.push(self.catch_branch(clause, inside, At { tail: None, ..at }));
        }
        let catch = (!branches.is_empty()).then(|| {
            let subject = self.hidden_local("error", span);
            let value = self.nil(span);
            Match { subject, value, branches, otherwise: Otherwise::Reraise }
        });
        self.core.expr(ExprKind::Try(Box::new(Try { body, catch, finally })), span)
    }

    fn catch_branch(&mut self, clause: StxId, mut inside: Vec<StxId>, at: At) -> crate::core::Branch {
        inside.remove(0);
        // `(catch (e) ..)` is read as `(catch e ..)`.
        if self.syntax.kind(inside[0]) == Kind::Form
            && let &[only] = self.syntax.parts(inside[0])
            && let Some(name) = self.syntax.name(only)
            && !self.is_wild_or_ctor(name)
            && !self.text(name.symbol).starts_with(char::is_uppercase)
        {
            inside[0] = only;
        }
        self.branch(clause, inside, at, true)
    }

    // ---- handlers -----------------------------------------------------------------------------

    pub(super) fn handler(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        if self.syntax.kind(parts[0]) != Kind::Form {
            return self.malformed(parts[0], "the clauses of a handler are `(clause ..)`");
        }
        let clauses = self.syntax.parts(parts[0]).to_vec();
        let mut handler = match self.clauses(&clauses, at) {
            Ok(handler) => handler,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        handler.body = Some(self.thunk(&parts[1..], span, at));
        self.core.expr(ExprKind::Handler(Box::new(handler)), span)
    }

    pub(super) fn make_handler(&mut self, s: StxId, at: At) -> ExprId {
        let clauses = self.syntax.parts(s)[1..].to_vec();
        match self.clauses(&clauses, at) {
            Ok(handler) => self.core.expr(ExprKind::MakeHandler(Box::new(handler)), self.syntax.span(s)),
            Err(e) => e,
        }
    }

    pub(super) fn with_handler(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let value = self.expr(parts[0], at.operand());
        let body = self.thunk(&parts[1..], span, at);
        self.core.expr(ExprKind::WithHandler(value, body), span)
    }

    /// A procedure without parameters.
    pub(super) fn thunk(&mut self, body: &[StxId], span: molt_base::Span, at: At) -> ExprId {
        let name = self.core.names.intern("body");
        let lambda = self.lambda(name, &[], None, body, span, at.scope);
        self.core.expr(ExprKind::Lambda(lambda), span)
    }

    fn clauses(&mut self, list: &[StxId], at: At) -> Result<Handler, ExprId> {
        let mut handler = Handler { clauses: Vec::new(), ret: None, body: None };
        for &clause in list {
            let parts = self.syntax.parts(clause).to_vec();
            let grammar = "a clause is `(operation procedure)`, `(control operation (name ..) body ..)` or `(return (name) body ..)`";
            let Some(&head) = parts.first().filter(|_| self.syntax.kind(clause) == Kind::Form) else {
                return Err(self.malformed(clause, grammar));
            };
            let is = |e: &Self, word: &str| e.syntax.is_symbol(head, word, &e.core.names);
            if is(self, "return") && parts.len() >= 3 {
                handler.ret = Some(self.return_clause(clause, &parts, at)?);
            } else if is(self, "control") && parts.len() >= 4 {
                handler.clauses.push(self.control_clause(clause, &parts, at)?);
            } else if let &[target, f] = &parts[..] {
                let (effect, op) = self.target(target)?;
                let action = Action::Function(self.expr(f, at.operand()));
                handler.clauses.push(Clause { effect, op, action, span: self.syntax.span(clause) });
            } else {
                return Err(self.malformed(clause, grammar));
            }
        }
        Ok(handler)
    }

    fn return_clause(&mut self, clause: StxId, parts: &[StxId], at: At) -> Result<ExprId, ExprId> {
        if self.syntax.kind(parts[1]) != Kind::Form || self.syntax.parts(parts[1]).len() != 1 {
            return Err(self.malformed(parts[1], "`return` names the value: `(return (name) body ..)`"));
        }
        let params = self.syntax.parts(parts[1]).to_vec();
        let (name, span) = (self.core.names.intern("return"), self.syntax.span(clause));
        let lambda = self.lambda(name, &params, None, &parts[2..], span, at.scope);
        Ok(self.core.expr(ExprKind::Lambda(lambda), span))
    }

    /// What a clause answers: an operation, or all of an effect.
    fn target(&mut self, s: StxId) -> Result<(EffectId, Option<OpId>), ExprId> {
        let span = self.syntax.span(s);
        let Some(name) = self.binder(s, "what a clause answers") else { return Err(self.nil(span)) };
        let text = self.text(name.symbol).to_owned();
        if let Some(op) = self.operation_named(&text) {
            self.core.notes.used(span, Meaning::Op(op));
            return Ok((self.core.ops[op].effect, Some(op)));
        }
        let effect = self.effect_named(&text);
        effect.into_iter().for_each(|e| self.core.notes.used(span, Meaning::Effect(e)));
        match effect {
            // The label of errors means that one is raised.
            Some(effect) if self.core.ops[self.raise_op()].effect == effect => Ok((effect, Some(self.raise_op()))),
            Some(effect) => Ok((effect, None)),
            None => Err(self.report(&code::UNBOUND, span, format!("there is no effect or operation `{text}`"))),
        }
    }

    fn control_clause(&mut self, clause: StxId, parts: &[StxId], at: At) -> Result<Clause, ExprId> {
        let span = self.syntax.span(clause);
        let (effect, op) = self.target(parts[1])?;
        if self.syntax.kind(parts[2]) != Kind::Form {
            return Err(self.malformed(parts[2], "the operands of the operation are `(name ..)`"));
        }
        let never = op.is_some_and(|o| self.core.ops[o].is_never);
        let scope = self.scopes.inside(at.scope);
        let resume = self.core.names.intern("resume");
        let local = self.new_local(resume, span);
        if !never {
            let mark = self.syntax.mark(parts[0]);
            self.scopes.add(scope, Name { symbol: resume, mark }, Binding::Resume(local));
        }
        let params = self.syntax.parts(parts[2]).to_vec();
        self.resume_depth.insert(local, self.procedures + 1);
        let lambda = self.lambda(resume, &params, None, &parts[3..], span, scope);
        let escapes = self.escaping.contains(&local);
        let first = crate::core::Param { local, default: None };
        self.core.lambdas[lambda].params.insert(0, first);
        let procedure = self.core.expr(ExprKind::Lambda(lambda), span);
        Ok(Clause { effect, op, action: Action::Control(procedure, escapes), span })
    }

    /// The variable of `resume`, which is used as a value here.
    pub(super) fn resume_local(&mut self, name: Name, scope: ScopeId) -> LocalId {
        let Some(Binding::Resume(local)) = self.resolve(name, scope) else {
            unreachable!("the caller has looked it up");
        };
        self.escaping.insert(local);
        local
    }

    /// `(discontinue resume error)`, which counts as a call of `resume`.
    pub(super) fn discontinue(&mut self, rest: &[StxId], s: StxId, at: At) -> Option<ExprId> {
        let &[k, error] = rest else { return None };
        let name = self.syntax.name(k)?;
        let Some(Binding::Resume(local)) = self.resolve(name, at.scope) else { return None };
        if self.resume_depth[&local] != self.procedures {
            return None;
        }
        let k = self.read(local, self.syntax.span(k));
        let error = self.expr(error, at.operand());
        Some(self.library_call("discontinue", &[k, error], self.syntax.span(s)))
    }

    /// `(resume v)`.
    pub(super) fn resume(&mut self, local: LocalId, rest: &[StxId], s: StxId, at: At) -> ExprId {
        let span = self.syntax.span(s);
        if self.resume_depth[&local] != self.procedures {
            self.escaping.insert(local);
        }
        if rest.len() > 1 {
            return self.malformed(s, format!("`resume` takes one operand, not {}", rest.len()));
        }
        let value = match rest.first() {
            Some(&v) => self.expr(v, at.operand()),
            None => self.nil(span),
        };
        let k = self.read(local, span);
        self.core.expr(ExprKind::Call(k, [value].into()), span)
    }
}
