//! Bodies: definitions are known in the whole of a body before any of its expressions is looked at.

use molt_base::Span;
use molt_diagnostics::registry::claude as code;

use super::{At, Expander};
use crate::core::{ExprId, ExprKind, LocalId};
use crate::stx::{Name, StxId};
use crate::syntax::Kind;
use molt_claude_syntax::forms::Form;

/// The parts of a `define` form.
#[derive(Clone)]
pub(super) struct Define {
    /// All of it.
    pub form: StxId,
    pub target: StxId,
    pub name: Name,
    pub value: Value,
    pub ty: Option<StxId>,
    /// The row that it declares.
    pub row: Option<StxId>,
}

/// What a name is defined as.
#[derive(Clone)]
pub(super) enum Value {
    Expr(StxId),
    Procedure { params: Vec<StxId>, result: Option<StxId>, body: Vec<StxId> },
}

enum Item {
    Expr(StxId),
    Define(LocalId, Define),
    /// It was expanded when it was found.
    Done(ExprId),
}

impl Expander<'_> {
    /// One or more expressions, with definitions among them, in a scope of their own.
    pub(super) fn body(&mut self, forms: &[StxId], at: At, span: Span) -> ExprId {
        let scope = self.scopes.inside(at.scope);
        let at = At { scope, ..at };
        let (mut items, mut locals) = (Vec::new(), Vec::new());
        for &form in forms {
            self.scan(form, at, &mut items, &mut locals);
        }
        let last = items.len().saturating_sub(1);
        let mut list = Vec::new();
        for (i, item) in items.into_iter().enumerate() {
            let here = if i == last { at } else { at.operand() };
            list.push(match item {
                Item::Expr(s) => self.expr(s, here),
                Item::Define(local, define) => self.inner_define(local, define, at),
                Item::Done(e) => e,
            });
        }
        let value = match list[..] {
            [] => self.nil(span),
            [only] => only,
            _ => self.core.expr(ExprKind::Do(list.into()), span),
        };
        if locals.is_empty() { value } else { self.core.expr(ExprKind::Block(locals.into(), value), span) }
    }

    fn scan(&mut self, form: StxId, at: At, items: &mut Vec<Item>, locals: &mut Vec<LocalId>) {
        let form = self.unfolded(form, at);
        match self.opens(form, at) {
            Some(Form::DefineMacro) => self.define_macro(form, at),
            Some(Form::Data) => {
                for (local, init) in self.data_of_body(form, at.scope) {
                    locals.push(local);
                    items.push(Item::Done(init));
                }
            }
            Some(Form::Do) => {
                let parts = self.syntax.parts(form)[1..].to_vec();
                if parts.is_empty() {
                    items.push(Item::Expr(form));
                }
                parts.into_iter().for_each(|p| self.scan(p, at, items, locals));
            }
            Some(Form::Define) => {
                let Some(define) = self.define_parts(form) else { return };
                let span = self.syntax.span(define.target);
                if self.scopes.own(at.scope, define.name).is_some() {
                    let text = self.text(define.name.symbol).to_owned();
                    self.report(&code::DUPLICATE, span, format!("`{text}` is defined twice in this body"));
                    return;
                }
                let local = self.bind(at.scope, define.name, span);
                self.core.locals[local].is_late = true;
                locals.push(local);
                items.push(Item::Define(local, define));
            }
            _ => items.push(Item::Expr(form)),
        }
    }

    /// The form of the language's own that something is.
    pub(super) fn opens(&self, s: StxId, at: At) -> Option<Form> {
        if self.syntax.kind(s) != Kind::Form {
            return None;
        }
        let name = self.syntax.name(*self.syntax.parts(s).first()?)?;
        self.form(name, at.scope)
    }

    fn inner_define(&mut self, local: LocalId, define: Define, at: At) -> ExprId {
        let span = self.syntax.span(define.target);
        self.core.locals[local].ty = define.ty;
        let value = self.define_value(&define, at);
        self.init(local, value, span)
    }

    /// The value that a definition gives its name.
    pub(super) fn define_value(&mut self, define: &Define, at: At) -> ExprId {
        let value = self.value_of_define(define, at);
        if let ExprKind::Lambda(lambda) = *self.core.kind(value) {
            self.core.written.insert(lambda, self.syntax.span(define.form));
        }
        value
    }

    fn value_of_define(&mut self, define: &Define, at: At) -> ExprId {
        match &define.value {
            Value::Expr(s) => {
                let value = self.named_lambda(*s, define.name.symbol, at.operand());
                self.core.declared_rows.extend(define.row.map(|row| (value, row)));
                value
            }
            Value::Procedure { params, result, body } => {
                let span = self.syntax.span(define.target);
                let lambda = self.lambda(define.name.symbol, params, *result, body, span, at.scope);
                self.core.expr(ExprKind::Lambda(lambda), span)
            }
        }
    }

    /// Reads a `define`; nothing after a finding.
    pub(super) fn define_parts(&mut self, s: StxId) -> Option<Define> {
        let parts = self.at_least(s, 2).ok()?;
        let (target, rest) = (parts[0], &parts[1..]);
        if self.syntax.kind(target) != Kind::Form {
            let name = self.binder(target, "what `define` gives a value")?;
            return self.plain_define(s, target, name, rest);
        }
        let signature = self.syntax.parts(target).to_vec();
        let Some((&target, params)) = signature.split_first() else {
            self.malformed(target, "a procedure has a name");
            return None;
        };
        let name = self.binder(target, "the name of a procedure")?;
        let (result, body) = self.result_type(rest);
        let value = Value::Procedure { params: params.to_vec(), result, body };
        Some(Define { form: s, target, name, value, ty: None, row: None })
    }

    /// `(define name option .. value)`.
    fn plain_define(&mut self, s: StxId, target: StxId, name: Name, mut rest: &[StxId]) -> Option<Define> {
        let (mut ty, mut row) = (None, None);
        while let [key, value, more @ ..] = rest
            && !more.is_empty()
            && let Some(option) = self.syntax.keyword(*key, &self.core.names)
        {
            match option {
                "type" => ty = Some(*value),
                "doc" => {}
                "effects" => row = Some(*value),
                _ => {
                    self.malformed(*key, "the options of `define` are `:type`, `:effects` and `:doc`");
                    return None;
                }
            }
            rest = more;
        }
        let &[value] = rest else {
            self.malformed(s, "`define` gives a name one value");
            return None;
        };
        Some(Define { form: s, target, name, value: Value::Expr(value), ty, row })
    }
}
