//! `spec:invariant`: what holds of every value of a data type (section 9 of the reference).
//!
//! Each type with invariants has a procedure of the constructor's name and the value. A construction calls it.

use std::collections::HashMap;

use molt_base::Span;
use molt_diagnostics::registry::claude as code;

use super::super::scope::Binding;
use super::super::writer::Writer;
use super::super::{At, Expander};
use super::When;
use super::wrapper::Known;
use crate::core::{CtorId, DataTypeId, ExprId, ExprKind, Global, GlobalId, Lambda, Param};
use crate::options::Contracts;
use crate::stx::StxId;
use crate::syntax::Kind;

/// The invariants of a data type as they are written.
#[derive(Clone, Copy)]
pub(in super::super) struct TypeInvariant {
    form: StxId,
    check: GlobalId,
}

impl Expander<'_> {
    /// Takes note of `(spec:invariant Type (v) e ..)`.
    pub(in super::super) fn type_invariant(&mut self, form: StxId) {
        let Ok(parts) = self.at_least(form, 3) else { return };
        let is_name = self.syntax.kind(parts[1]) == Kind::Form
            && matches!(*self.syntax.parts(parts[1]), [v] if self.syntax.kind(v) == Kind::Symbol);
        if !is_name {
            self.malformed(parts[1], "the value of the type has one name: `(name)`");
            return;
        }
        if self.binder(parts[0], "the type of an invariant").is_some() && self.contracts == Contracts::Full {
            self.modules.invariants.push(form);
        }
    }

    /// Finds the types of the invariants of the module at hand, before any of its forms is expanded.
    pub(in super::super) fn name_type_invariants(&mut self) -> Vec<TypeInvariant> {
        let mut found = Vec::new();
        for form in std::mem::take(&mut self.modules.invariants) {
            let target = self.syntax.parts(form)[1];
            let symbol = self.syntax.text(target);
            let data = self.core.data_types.iter().rev().find(|(_, d)| d.name == symbol && d.module == self.module);
            let Some((data, _)) = data else {
                let text = self.text(symbol).to_owned();
                let span = self.syntax.span(target);
                self.report(&code::UNBOUND, span, format!("there is no data type `{text}` in this module"));
                continue;
            };
            let check = self.invariant_global(data, self.syntax.span(form));
            found.push(TypeInvariant { form, check });
        }
        found
    }

    /// The variable of the procedure; several invariants of a type are checked one after the other.
    fn invariant_global(&mut self, data: DataTypeId, span: Span) -> GlobalId {
        let text = format!(" invariant {}", self.text(self.core.data_types[data].name));
        let name = self.core.names.intern(&text);
        let global = self.core.globals.push(Global::new(self.module, name, span));
        self.invariants.entry(data).or_default().push(global);
        global
    }

    /// The definition of the procedure.
    pub(in super::super) fn define_type_invariant(&mut self, invariant: TypeInvariant, at: At) -> ExprId {
        let parts = self.syntax.parts(invariant.form).to_vec();
        let mut w = Writer::new(self, self.syntax.span(invariant.form));
        let (function, value) = (w.fresh(self, "constructor"), self.syntax.parts(parts[2])[0]);
        let names = [self.syntax.text(value)];
        let contract = self.new_record(Some(invariant.check), None);
        let known = Known { contract, function, is_swapped: false, params: &names, ghosts: &[], message: None };
        let mut checks = Vec::new();
        for &condition in &parts[3..] {
            checks.push(self.check(&mut w, When::Invariant, condition, &known));
        }
        let on = w.form(self, "%contracts-on?", &[]);
        let body = self.when_on(&w, on, checks);
        let params = w.list(self, Kind::Form, &[function, value]);
        let whole = w.form(self, "lambda", &[params, body]);
        let value = self.named_lambda(whole, self.core.globals[invariant.check].name, at);
        self.init_global(invariant.check, value, w.span)
    }

    /// A constructor as a value, which checks what it makes where its type has invariants.
    pub(in super::super) fn ctor_value(&mut self, ctor: CtorId, span: Span) -> ExprId {
        let value = self.core.expr(ExprKind::Ctor(ctor), span);
        if !self.has_invariants(ctor) {
            return value;
        }
        let count = self.core.ctors[ctor].fields.len();
        if count == 0 {
            return self.checked_value(ctor, value, span);
        }
        let params: Vec<Param> =
            (0..count).map(|_| Param { local: self.hidden_local("field", span), default: None }).collect();
        let operands = params.iter().map(|p| self.read(p.local, span)).collect();
        let made = self.core.expr(ExprKind::Call(value, operands), span);
        let body = self.checked_value(ctor, made, span);
        let name = self.core.ctors[ctor].name;
        let lambda = Lambda { name, span, params, rest: None, result: None, doc: None, body };
        let lambda = self.core.lambdas.push(lambda);
        self.core.expr(ExprKind::Lambda(lambda), span)
    }

    /// The constructor that a name means, if what it makes is checked.
    pub(in super::super) fn checked_ctor(&self, head: StxId, at: At) -> Option<CtorId> {
        match self.lookup(self.syntax.name(head)?, at.scope) {
            Some(Binding::Ctor(ctor)) if self.has_invariants(ctor) => Some(ctor),
            _ => None,
        }
    }

    fn has_invariants(&self, ctor: CtorId) -> bool {
        // Code of macros runs before the procedures of the module are there.
        self.floor.is_none() && self.invariants.contains_key(&self.core.ctors[ctor].data)
    }

    /// A value that was just made, after the checks.
    pub(in super::super) fn checked_value(&mut self, ctor: CtorId, made: ExprId, span: Span) -> ExprId {
        let local = self.hidden_local("made", span);
        let checks = self.invariants[&self.core.ctors[ctor].data].clone();
        let mut all = Vec::new();
        for check in checks {
            let callee = self.core.expr(ExprKind::Global(check), span);
            let name = self.core.expr(ExprKind::Str(self.core.ctors[ctor].name), span);
            let value = self.read(local, span);
            all.push(self.core.expr(ExprKind::Call(callee, [name, value].into()), span));
        }
        all.push(self.read(local, span));
        let all = self.core.expr(ExprKind::Do(all.into()), span);
        self.core.expr(ExprKind::Let(local, made, all), span)
    }
}

/// By data type, the procedures that check its values.
pub(in super::super) type Invariants = HashMap<DataTypeId, Vec<GlobalId>>;
