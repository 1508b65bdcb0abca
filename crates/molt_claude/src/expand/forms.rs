//! The special forms that are conditions, bindings and sequences.

use molt_claude_syntax::forms::Form;
use molt_diagnostics::registry::claude as code;

use super::scope::{Binding, ScopeId};
use super::{At, Expander};
use crate::core::{ExprId, ExprKind, ModuleId, Otherwise};
use crate::stx::StxId;
use crate::syntax::Kind;

impl Expander<'_> {
    pub(super) fn special(&mut self, form: Form, s: StxId, at: At) -> ExprId {
        match form {
            Form::Define
            | Form::Data
            | Form::TypeAlias
            | Form::DefineEffect
            | Form::DefineMacro
            | Form::Module
            | Form::Import
            | Form::Contract
            | Form::TypeInvariant
            | Form::Export => self.misplaced(s),
            Form::Lambda => {
                let value = self.lambda_form(s, at);
                self.keep_condition(s, value);
                value
            }
            Form::Let => self.let_form(s, at),
            Form::Letrec => self.letrec(s, at),
            Form::Set => self.set(s, at),
            Form::If => self.if_form(s, at),
            Form::Cond => self.cond(s, at),
            Form::Case => self.case(s, at),
            Form::When => self.when(s, at, true),
            Form::Unless => self.when(s, at, false),
            Form::And => self.and(s, at),
            Form::Or => self.or(s, at),
            Form::Do => self.do_form(s, at),
            Form::Loop => self.loop_form(s, at),
            Form::Recur => self.recur(s, at),
            Form::DoTimes => self.dotimes(s, at),
            Form::DoSeq => self.doseq(s, at),
            Form::Quote => match self.exactly(s, 1) {
                Ok(parts) => self.quoted_by(self.syntax.mark(self.syntax.parts(s)[0]), parts[0]),
                Err(e) => e,
            },
            Form::MacroExpand => self.macroexpand(s, at),
            Form::Quasiquote => match self.exactly(s, 1) {
                Ok(parts) => self.quasiquoted(parts[0], at),
                Err(e) => e,
            },
            Form::Unquote => self.malformed(s, "an unquote stands inside a quasiquote"),
            Form::Match => self.match_form(s, at),
            Form::Ascribe => self.ascribe(s, at),
            Form::Effect => self.effect_form(s, at),
            Form::Handler => self.handler(s, at),
            Form::MakeHandler => self.make_handler(s, at),
            Form::WithHandler => self.with_handler(s, at),
            Form::Try => self.try_form(s, at),
            Form::Throw => self.throw(s, at),
            Form::Thread => self.thread(s, at, false),
            Form::ThreadLast => self.thread(s, at, true),
            Form::Require => self.require(s, at),
            Form::Is => self.is_form(s, at),
            Form::Uncertain => self.uncertain(s, at),
            Form::WithOpenFile => self.with_open_file(s, at),
            Form::WithSandbox => self.with_sandbox(s, at),
            Form::WithLogger => self.with_logger(s, at),
            Form::Async => self.async_form(s, at),
            Form::AsyncLambda => self.async_lambda(s, at),
            Form::Spawn => self.spawn(s, at),
            Form::Parallel => self.parallel(s, at),
            Form::Select => self.select(s, at),
            Form::Receive => self.receive(s, at),
            Form::FnContract => self.fn_contract(s, at),
            Form::WithMockTime => self.with_mock_time(s, at),
            Form::WithSeed => self.with_seed(s, at),
            Form::WithMockIo => self.with_mock_io(s, at),
            Form::RecordEffects => self.record_effects(s, at),
            Form::DefTest => self.deftest(s, at),
            Form::Unbuilt => {
                let head = self.head_text(s);
                self.unbuilt(s, &format!("`{head}`"))
            }
        }
    }

    /// The operator of a form as text.
    pub(super) fn head_text(&self, s: StxId) -> String {
        let head = self.syntax.parts(s)[0];
        self.text(self.syntax.text(head)).to_owned()
    }

    /// The operands of a form that has so many.
    pub(super) fn exactly(&mut self, s: StxId, count: usize) -> Result<Vec<StxId>, ExprId> {
        self.between(s, count, count)
    }

    /// The operands of a form that has at least so many.
    pub(super) fn at_least(&mut self, s: StxId, least: usize) -> Result<Vec<StxId>, ExprId> {
        self.between(s, least, usize::MAX)
    }

    pub(super) fn between(&mut self, s: StxId, least: usize, most: usize) -> Result<Vec<StxId>, ExprId> {
        let parts = self.syntax.parts(s)[1..].to_vec();
        if (least..=most).contains(&parts.len()) { Ok(parts) } else { Err(self.wrong_count(s, least, most)) }
    }

    /// A form with another number of operands than it takes.
    pub(super) fn wrong_count(&mut self, s: StxId, least: usize, most: usize) -> ExprId {
        let found = self.syntax.parts(s).len() - 1;
        let plural = |n: usize| if n == 1 { "operand" } else { "operands" };
        let wanted = match (least, most) {
            (_, usize::MAX) => format!("at least {least} {}", plural(least)),
            (a, b) if a == b => format!("{a} {}", plural(a)),
            (a, b) => format!("{a} to {b} operands"),
        };
        let head = self.head_text(s);
        self.malformed(s, format!("`{head}` takes {wanted}, not {found}"))
    }

    /// A form that stands only at the start of a body or of a module.
    fn misplaced(&mut self, s: StxId) -> ExprId {
        let head = self.head_text(s);
        self.malformed(s, format!("`{head}` stands among the forms of a body, not inside an expression"))
    }

    // ---- conditions ---------------------------------------------------------------------------

    fn if_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.between(s, 2, 3) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let test = self.expr(parts[0], at.operand());
        let then = self.expr(parts[1], at);
        let other = match parts.get(2) {
            Some(&p) => self.expr(p, at),
            None => self.nil(span),
        };
        self.core.expr(ExprKind::If(test, then, other), span)
    }

    fn when(&mut self, s: StxId, at: At, holds: bool) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let test = self.expr(parts[0], at.operand());
        let body = self.body(&parts[1..], at, span);
        let nil = self.nil(span);
        let (then, other) = if holds { (body, nil) } else { (nil, body) };
        self.core.expr(ExprKind::If(test, then, other), span)
    }

    /// Whether a clause opens with `else` that means nothing else here.
    fn is_else(&self, s: StxId, scope: ScopeId) -> bool {
        self.syntax.name(s).is_some_and(|n| n.symbol == self.words.otherwise && self.scopes.resolve(n, scope).is_none())
    }

    fn cond(&mut self, s: StxId, at: At) -> ExprId {
        let clauses = self.syntax.parts(s)[1..].to_vec();
        let span = self.syntax.span(s);
        let mut arms = Vec::new();
        let mut otherwise = None;
        for (i, &clause) in clauses.iter().enumerate() {
            let parts = self.syntax.parts(clause).to_vec();
            if self.syntax.kind(clause) != Kind::Form || parts.is_empty() {
                return self.malformed(clause, "a clause of `cond` is `(test body ..)`");
            }
            if self.is_else(parts[0], at.scope) {
                if i + 1 != clauses.len() || parts.len() < 2 {
                    return self.malformed(clause, "`else` opens the last clause and has a body");
                }
                otherwise = Some(self.body(&parts[1..], at, self.syntax.span(clause)));
            } else {
                let test = self.expr(parts[0], at.operand());
                let body = (parts.len() > 1).then(|| self.body(&parts[1..], at, self.syntax.span(clause)));
                arms.push((test, body, self.syntax.span(clause)));
            }
        }
        let mut result = otherwise.unwrap_or_else(|| self.nil(span));
        for (test, body, span) in arms.into_iter().rev() {
            result = match body {
                Some(body) => self.core.expr(ExprKind::If(test, body, result), span),
                // A clause without a body gives the value of its test.
                None => self.value_or(test, result, span),
            };
        }
        result
    }

    /// The value of a test if it holds, else something else.
    fn value_or(&mut self, test: ExprId, other: ExprId, span: molt_base::Span) -> ExprId {
        let local = self.hidden_local("value", span);
        let read = self.core.expr(ExprKind::Local(local), span);
        let again = self.core.expr(ExprKind::Local(local), span);
        let choice = self.core.expr(ExprKind::If(read, again, other), span);
        self.core.expr(ExprKind::Let(local, test, choice), span)
    }

    fn and(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s)[1..].to_vec();
        let span = self.syntax.span(s);
        let Some((&last, tests)) = parts.split_last() else {
            return self.core.expr(ExprKind::Bool(true), span);
        };
        let tests: Vec<ExprId> = tests.iter().map(|&t| self.expr(t, at.operand())).collect();
        let mut result = self.expr(last, at);
        for test in tests.into_iter().rev() {
            let local = self.hidden_local("value", span);
            let read = self.core.expr(ExprKind::Local(local), span);
            let again = self.core.expr(ExprKind::Local(local), span);
            let choice = self.core.expr(ExprKind::If(read, result, again), span);
            result = self.core.expr(ExprKind::Let(local, test, choice), span);
        }
        result
    }

    fn or(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s)[1..].to_vec();
        let span = self.syntax.span(s);
        let Some((&last, tests)) = parts.split_last() else { return self.nil(span) };
        let tests: Vec<ExprId> = tests.iter().map(|&t| self.expr(t, at.operand())).collect();
        let mut result = self.expr(last, at);
        for test in tests.into_iter().rev() {
            result = self.value_or(test, result, span);
        }
        result
    }

    // ---- bindings -----------------------------------------------------------------------------

    fn do_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = self.syntax.parts(s)[1..].to_vec();
        let span = self.syntax.span(s);
        self.sequence(&parts, at, span)
    }

    /// Expressions in order; none of them opens a scope.
    pub(super) fn sequence(&mut self, parts: &[StxId], at: At, span: molt_base::Span) -> ExprId {
        let Some((&last, before)) = parts.split_last() else { return self.nil(span) };
        if before.is_empty() {
            return self.expr(last, at);
        }
        let mut list: Vec<ExprId> = before.iter().map(|&p| self.expr(p, at.operand())).collect();
        list.push(self.expr(last, at));
        self.core.expr(ExprKind::Do(list.into()), span)
    }

    /// The pairs of a list of bindings.
    pub(super) fn bindings(&mut self, s: StxId) -> Result<Vec<(StxId, StxId)>, ExprId> {
        let head = "bindings are `((name value) ..)`";
        if self.syntax.kind(s) != Kind::Form {
            return Err(self.malformed(s, head));
        }
        let mut pairs = Vec::new();
        for b in self.syntax.parts(s).to_vec() {
            match (self.syntax.kind(b), self.syntax.parts(b)) {
                (Kind::Form, &[name, value]) => pairs.push((name, value)),
                _ => return Err(self.malformed(b, "a binding is `(name value)`")),
            }
        }
        Ok(pairs)
    }

    fn let_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        if self.syntax.kind(parts[0]) == Kind::Symbol {
            return self.named_let(s, &parts, at);
        }
        let pairs = match self.bindings(parts[0]) {
            Ok(pairs) => pairs,
            Err(e) => return e,
        };
        self.let_rest(s, &pairs, &parts[1..], at)
    }

    fn let_rest(&mut self, s: StxId, pairs: &[(StxId, StxId)], body: &[StxId], at: At) -> ExprId {
        let span = self.syntax.span(s);
        let Some((&(target, value), rest)) = pairs.split_first() else { return self.body(body, at, span) };
        let scope = self.scopes.inside(at.scope);
        let inner = At { scope, ..at };
        let value = self.unfolded(value, at);
        let Some(name) = self.syntax.name(target).filter(|n| !self.is_wild_or_ctor(*n)) else {
            let value = self.expr(value, at.operand());
            return self.destructure(target, value, inner, span, |e, inner| e.let_rest(s, rest, body, inner));
        };
        let target_span = self.syntax.span(target);
        if self.is_lambda(value, at.scope) {
            let local = self.bind(scope, name, target_span);
            self.core.locals[local].is_late = true;
            let value = self.named_lambda(value, name.symbol, At { scope, tail: None });
            let rest = self.let_rest(s, rest, body, inner);
            let init = self.init(local, value, target_span);
            let list = self.core.expr(ExprKind::Do([init, rest].into()), span);
            return self.core.expr(ExprKind::Block([local].into(), list), span);
        }
        let value = self.expr(value, at.operand());
        let local = self.bind(scope, name, target_span);
        let rest = self.let_rest(s, rest, body, inner);
        self.core.expr(ExprKind::Let(local, value, rest), span)
    }

    /// Whether this is a `lambda` form.
    pub(super) fn is_lambda(&self, s: StxId, scope: ScopeId) -> bool {
        let head = (self.syntax.kind(s) == Kind::Form).then(|| self.syntax.parts(s).first()).flatten();
        let name = head.and_then(|&h| self.syntax.name(h));
        name.is_some_and(|n| self.form(n, scope) == Some(Form::Lambda))
    }

    fn named_let(&mut self, s: StxId, parts: &[StxId], at: At) -> ExprId {
        let span = self.syntax.span(s);
        if parts.len() < 3 {
            return self.malformed(s, "a named `let` is `(let name ((name value) ..) body ..)`");
        }
        let pairs = match self.bindings(parts[1]) {
            Ok(pairs) => pairs,
            Err(e) => return e,
        };
        let values: Box<[ExprId]> = pairs.iter().map(|p| self.expr(p.1, at.operand())).collect();
        let scope = self.scopes.inside(at.scope);
        let Some(name) = self.binder(parts[0], "the name of a loop") else { return self.nil(span) };
        let local = self.bind(scope, name, self.syntax.span(parts[0]));
        self.core.locals[local].is_late = true;
        let names: Vec<StxId> = pairs.iter().map(|p| p.0).collect();
        let lambda = self.lambda(name.symbol, &names, None, &parts[2..], span, scope);
        let value = self.core.expr(ExprKind::Lambda(lambda), span);
        let init = self.init(local, value, span);
        let callee = self.core.expr(ExprKind::Local(local), self.syntax.span(parts[0]));
        let call = self.core.expr(ExprKind::Call(callee, values), span);
        let list = self.core.expr(ExprKind::Do([init, call].into()), span);
        self.core.expr(ExprKind::Block([local].into(), list), span)
    }

    fn letrec(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let pairs = match self.bindings(parts[0]) {
            Ok(pairs) => pairs,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let scope = self.scopes.inside(at.scope);
        let inner = At { scope, ..at };
        let mut locals = Vec::new();
        for &(target, _) in &pairs {
            let Some(name) = self.binder(target, "a name that `letrec` binds") else { return self.nil(span) };
            let target_span = self.syntax.span(target);
            if self.scopes.own(scope, name).is_some() {
                let text = self.text(name.symbol).to_owned();
                return self.report(&code::DUPLICATE, target_span, format!("`{text}` is bound twice"));
            }
            let local = self.bind(scope, name, target_span);
            self.core.locals[local].is_late = true;
            locals.push(local);
        }
        let mut list = Vec::new();
        for (&local, &(target, value)) in locals.iter().zip(&pairs) {
            let name = self.core.locals[local].name;
            let value = self.named_lambda(value, name, inner.operand());
            list.push(self.init(local, value, self.syntax.span(target)));
        }
        list.push(self.body(&parts[1..], inner, span));
        let list = self.core.expr(ExprKind::Do(list.into()), span);
        self.core.expr(ExprKind::Block(locals.into(), list), span)
    }

    fn set(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.exactly(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let value = self.expr(parts[1], at.operand());
        let Some(name) = self.binder(parts[0], "what `set!` assigns") else { return self.nil(span) };
        let target = self.syntax.span(parts[0]);
        let text = self.text(name.symbol).to_owned();
        let kind = match self.meant(parts[0], name, at.scope) {
            Some(Binding::Local(l)) if self.is_of_run_time(l) => return self.of_run_time(parts[0]),
            Some(Binding::Local(l)) => {
                self.core.locals[l].is_set = true;
                ExprKind::SetLocal(l, value)
            }
            Some(Binding::Global(_)) if self.floor.is_some() => {
                return self.report(
                    &code::TARGET,
                    target,
                    format!("`{text}` is of the module, and macros assign no such"),
                );
            }
            Some(Binding::Global(g)) if self.assigns(self.module_of(name.mark), self.core.globals[g].module) => {
                self.core.globals[g].is_set = true;
                ExprKind::SetGlobal(g, value)
            }
            Some(Binding::Global(_)) => {
                return self.report(&code::TARGET, target, format!("`{text}` is imported and cannot be assigned here"));
            }
            None if self.form(name, at.scope).is_none() => return self.unbound(parts[0], name, at.scope),
            _ => return self.report(&code::TARGET, target, format!("`{text}` is no variable that can be assigned")),
        };
        self.core.expr(kind, span)
    }

    /// Whether code of a module may assign a variable of another one.
    fn assigns(&self, from: ModuleId, to: ModuleId) -> bool {
        from == to || self.entries.contains(&to)
    }

    fn ascribe(&mut self, s: StxId, at: At) -> ExprId {
        match self.exactly(s, 2) {
            Ok(parts) => {
                let value = self.expr(parts[0], at.operand());
                self.core.expr(ExprKind::Ascribe(value, parts[1]), self.syntax.span(s))
            }
            Err(e) => e,
        }
    }

    /// `(is? Ctor value)`.
    fn is_form(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.exactly(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let Some(Binding::Ctor(ctor)) = self.syntax.name(parts[0]).and_then(|n| self.meant(parts[0], n, at.scope))
        else {
            let target = self.syntax.span(parts[0]);
            self.report(&code::SHAPE, target, "the first operand of `is?` is a constructor");
            let value = self.expr(parts[1], at.operand());
            let no = self.core.expr(ExprKind::Bool(false), span);
            return self.core.expr(ExprKind::Do([value, no].into()), span);
        };
        let value = self.expr(parts[1], at.operand());
        let scope = self.scopes.inside(at.scope);
        self.test_ctor(ctor, value, scope, span)
    }

    /// `(-> x (f a) g)` is `(g (f x a))`; `->>` puts the value last.
    fn thread(&mut self, s: StxId, at: At, last: bool) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let mut value = parts[0];
        for &step in &parts[1..] {
            let mut list = match self.syntax.kind(step) {
                Kind::Form if !self.syntax.parts(step).is_empty() => self.syntax.parts(step).to_vec(),
                _ => vec![step],
            };
            let place = if last { list.len() } else { 1 };
            list.insert(place, value);
            value = self.syntax.rewritten(step, &list);
        }
        self.expr(value, at)
    }

    fn case(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let value = self.expr(parts[0], at.operand());
        let mut branches = Vec::new();
        for &clause in &parts[1..] {
            match self.case_branch(clause, at) {
                Ok(branch) => branches.push(branch),
                Err(e) => return e,
            }
        }
        self.matching(value, branches, Otherwise::Nil, self.syntax.span(s))
    }
}
