//! Data types: their constructors and the accessors of their fields (section 3.2 of the reference).
//!
//! Constructors and accessors of a type in a body are known in that body only; the name of the type, which only
//! annotations use, in the whole module.

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::claude as code;

use super::module::Item;
use super::scope::{Binding, ScopeId};
use super::{At, Expander};
use crate::core::{
    Branch, Ctor, CtorId, DataType, DataTypeId, ExprId, ExprKind, Field, Lambda, LocalId, Match, Otherwise, Param,
    Pattern, PatternKind,
};
use crate::stx::{Mark, Name, StxId};
use crate::syntax::Kind;

impl Expander<'_> {
    /// A data type among the forms of a module, whose accessors are variables of the module.
    pub(super) fn data_of_module(&mut self, form: StxId, at: At) {
        let Some((data, mark)) = self.data_type(form, at.scope) else { return };
        let span = self.core.data_types[data].span;
        for (name, value) in self.accessors(data, mark) {
            if self.scopes.own(at.scope, name).is_some() {
                continue;
            }
            let global = self.bind_global(name, span, at.scope);
            self.push_item(Item::Accessor(global, value));
        }
    }

    /// A data type among the forms of a body: its accessors, each a variable of the body and what gives it its value.
    pub(super) fn data_of_body(&mut self, form: StxId, scope: ScopeId) -> Vec<(LocalId, ExprId)> {
        let Some((data, mark)) = self.data_type(form, scope) else { return Vec::new() };
        let span = self.core.data_types[data].span;
        let mut made = Vec::new();
        for (name, value) in self.accessors(data, mark) {
            if self.scopes.own(scope, name).is_some() {
                continue;
            }
            let local = self.bind(scope, name, span);
            self.core.locals[local].is_late = true;
            made.push((local, self.init(local, value, span)));
        }
        made
    }

    /// `(data Name tv .. (Ctor field ..) ..)`: the type, and the mark of its name.
    fn data_type(&mut self, form: StxId, scope: ScopeId) -> Option<(DataTypeId, Mark)> {
        let parts = self.at_least(form, 2).ok()?;
        let name = self.binder(parts[0], "the name of a data type")?;
        let span = self.syntax.span(parts[0]);
        let count = parts[1..].iter().take_while(|&&p| self.syntax.kind(p) == Kind::Symbol).count();
        let variables = parts[1..=count].iter().map(|&p| self.syntax.text(p)).collect();
        let data = DataType { name: name.symbol, module: self.module, span, variables, ctors: Vec::new() };
        let data = self.core.data_types.push(data);
        for &case in &parts[1 + count..] {
            self.constructor(case, data, scope);
        }
        Some((data, name.mark))
    }

    fn constructor(&mut self, case: StxId, data: DataTypeId, scope: ScopeId) {
        let parts = self.syntax.parts(case).to_vec();
        let grammar = "a case of a data type is `(Constructor field ..)`";
        let Some((&target, rest)) = parts.split_first().filter(|_| self.syntax.kind(case) == Kind::Form) else {
            self.malformed(case, grammar);
            return;
        };
        let Some(name) = self.binder(target, "the name of a constructor") else { return };
        let span = self.syntax.span(target);
        let fields = rest.iter().map(|&f| self.field(f)).collect();
        let ctor = self.core.ctors.push(Ctor { name: name.symbol, data, span, fields });
        self.core.data_types[data].ctors.push(ctor);
        if self.scopes.own(scope, name).is_some() {
            let text = self.text(name.symbol).to_owned();
            let place = if scope == self.module_scope() { "module" } else { "body" };
            self.report(&code::DUPLICATE, span, format!("`{text}` is defined twice in this {place}"));
            return;
        }
        if scope == self.module_scope() {
            self.bind_in_module(scope, name, Binding::Ctor(ctor));
        } else {
            self.scopes.add(scope, name, Binding::Ctor(ctor));
        }
    }

    /// `T` or `(name : T)`.
    fn field(&mut self, f: StxId) -> Field {
        match (self.syntax.kind(f), self.syntax.parts(f)) {
            (Kind::Form, &[name, colon, ty]) if self.is_word(colon, self.words.colon) => {
                Field { name: Some(self.syntax.text(name)), ty: Some(ty), test: None }
            }
            _ => Field { name: None, ty: Some(f), test: None },
        }
    }

    /// `Type-field` for each named field, and its procedure.
    fn accessors(&mut self, data: DataTypeId, mark: Mark) -> Vec<(Name, ExprId)> {
        let ctors = self.core.data_types[data].ctors.clone();
        let mut names: Vec<Symbol> = Vec::new();
        for &c in &ctors {
            let fields = self.core.ctors[c].fields.iter().filter_map(|f| f.name);
            names.extend(fields.filter(|n| !names.contains(n)).collect::<Vec<_>>());
        }
        let span = self.core.data_types[data].span;
        let mut made = Vec::new();
        for field in names {
            let text = format!("{}-{}", self.text(self.core.data_types[data].name), self.text(field));
            let symbol = self.core.names.intern(&text);
            let value = self.accessor(symbol, field, &ctors, span);
            made.push((Name { symbol, mark }, value));
        }
        made
    }

    fn accessor(&mut self, name: Symbol, field: Symbol, ctors: &[CtorId], span: Span) -> ExprId {
        let local = self.hidden_local("value", span);
        let mut branches = Vec::new();
        for &c in ctors {
            let Some(index) = self.core.ctors[c].fields.iter().position(|f| f.name == Some(field)) else { continue };
            let count = self.core.ctors[c].fields.len();
            let found = self.hidden_local("field", span);
            let mut parts = Vec::new();
            for i in 0..count {
                let kind = if i == index { PatternKind::Bind(found) } else { PatternKind::Wild };
                parts.push(self.core.patterns.push(Pattern { kind, span }));
            }
            let kind = PatternKind::Ctor(c, parts.into());
            let pattern = self.core.patterns.push(Pattern { kind, span });
            let body = self.read(found, span);
            branches.push(Branch { pattern, guard: None, body, span });
        }
        let wild = self.core.patterns.push(Pattern { kind: PatternKind::Wild, span });
        let accessor = self.core.expr(ExprKind::Str(name), span);
        let value = self.read(local, span);
        let body = self.library_call("%wrong-operand", &[accessor, value], span);
        branches.push(Branch { pattern: wild, guard: None, body, span });
        let value = self.read(local, span);
        let subject = self.hidden_local("subject", span);
        let matching = Match { subject, value, branches, otherwise: Otherwise::Fail };
        let body = self.core.expr(ExprKind::Match(Box::new(matching)), span);
        let params = vec![Param { local, default: None }];
        let lambda = Lambda { name, span, params, rest: None, result: None, doc: None, body };
        let lambda = self.core.lambdas.push(lambda);
        self.core.expr(ExprKind::Lambda(lambda), span)
    }
}
