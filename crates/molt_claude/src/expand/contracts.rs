//! Contracts of functions (section 9 of the reference): what their clauses say, and the checks that become part of the
//! function.
//!
//! The body of a function with a contract is written anew around the body that it has. In the order of the reference:
//! preconditions, invariants, values of `(old e)`, the body, invariants, postconditions. The names of what is written
//! have a mark of their own and mean what they mean in the library, so nothing of the program is captured. Conditions
//! stay in [`crate::core::Core::contracts`] as they were expanded.

mod arguments;
mod bounds;
mod loops;
mod predicates;
mod types;
mod wrapper;

pub(super) use types::Invariants;

use std::collections::BTreeSet;

use molt_base::Symbol;
use molt_diagnostics::registry::claude as code;

use self::bounds::Bound;
use super::Expander;
use super::body::{Define, Value};
use crate::core::{Contract, ExprId, GlobalId};
use crate::options::Contracts;
use crate::stx::{Name, StxId};
use crate::syntax::Kind;

/// When a condition has to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    Requires,
    Invariant,
    Ensures,
    OnError,
}

impl When {
    /// The name of the clause, and the first word of the message of a violation.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            When::Requires => ("requires", "Precondition"),
            When::Invariant => ("invariant", "Invariant"),
            When::Ensures => ("ensures", "Postcondition"),
            When::OnError => ("on-error", "Postcondition"),
        }
    }
}

/// What of a contract a procedure is that was written for it.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Condition(usize),
    Body(usize),
}

/// A contract as it is written, what it inherits included.
#[derive(Clone)]
pub(super) struct Written {
    form: StxId,
    name: Name,
    conditions: Vec<(When, StxId)>,
    ghosts: Vec<(StxId, StxId)>,
    /// The clauses that bound what the function performs and changes: `effects`, `pure`, `modifies`.
    bounds: Vec<Bound>,
    refines: Option<StxId>,
    inherits: Option<StxId>,
    is_abstract: bool,
    message: Option<StxId>,
}

impl Expander<'_> {
    /// Reads `(spec:contract name clause ..)`.
    pub(super) fn contract_form(&mut self, form: StxId) {
        let Ok(parts) = self.at_least(form, 1) else { return };
        let Some(name) = self.binder(parts[0], "what a contract is of") else { return };
        if self.modules.contracts.iter().any(|c| c.name == name) {
            let text = self.text(name.symbol).to_owned();
            self.report(&code::DUPLICATE, self.syntax.span(form), format!("`{text}` has a contract already"));
            return;
        }
        let Some(contract) = self.clauses_of_contract(form, name, &parts[1..]) else { return };
        self.modules.contracts.push(contract);
        self.withdraw_early();
    }

    /// The clauses of a contract; nothing after a finding that hides what the rest means.
    fn clauses_of_contract(&mut self, form: StxId, name: Name, clauses: &[StxId]) -> Option<Written> {
        let mut contract = Written {
            form,
            name,
            conditions: Vec::new(),
            ghosts: Vec::new(),
            bounds: Vec::new(),
            refines: None,
            inherits: None,
            is_abstract: false,
            message: None,
        };
        for clause in clauses.chunks(2) {
            let &[key, value] = clause else {
                self.malformed(clause[0], "a clause of a contract is a keyword and its value");
                return None;
            };
            self.clause(&mut contract, key, value);
        }
        Some(contract)
    }

    fn clause(&mut self, contract: &mut Written, key: StxId, value: StxId) {
        let key_text = self.syntax.keyword(key, &self.core.names).unwrap_or_default().to_owned();
        match key_text.as_str() {
            "requires" | "pre" => self.add_conditions(contract, When::Requires, value),
            "ensures" | "post" => self.add_conditions(contract, When::Ensures, value),
            "on-error" => self.add_conditions(contract, When::OnError, value),
            "invariant" => self.add_conditions(contract, When::Invariant, value),
            "ghost" => self.ghosts(contract, value),
            "pure" if self.flag(value) => self.bound(contract, "pure", key, value),
            "pure" => {}
            "effects" => self.bound(contract, "effects", key, value),
            "modifies" => self.bound(contract, "modifies", key, value),
            "abstract" => contract.is_abstract = self.flag(value),
            "inherits" => contract.inherits = Some(value),
            "message" => contract.message = Some(value),
            // Both speak to a verifier.
            "complexity" | "decreases" | "terminates-by" => {}
            "refines" => contract.refines = Some(value),
            _ => {
                self.malformed(key, "this is no clause of a contract");
            }
        }
    }

    fn flag(&mut self, value: StxId) -> bool {
        match self.syntax.kind(value) {
            Kind::True => true,
            Kind::False => false,
            _ => {
                self.malformed(value, "this clause is `true` or `false`");
                false
            }
        }
    }

    fn add_conditions(&mut self, contract: &mut Written, when: When, value: StxId) {
        if self.syntax.kind(value) != Kind::List {
            self.malformed(value, "conditions stand in brackets: `[e ..]`");
            return;
        }
        contract.conditions.extend(self.syntax.parts(value).iter().map(|&c| (when, c)));
    }

    /// `[(name e) ..]`.
    fn ghosts(&mut self, contract: &mut Written, value: StxId) {
        for ghost in self.syntax.parts(value).to_vec() {
            match *self.syntax.parts(ghost) {
                [name, init] if self.syntax.kind(name) == Kind::Symbol => contract.ghosts.push((name, init)),
                _ => {
                    self.malformed(ghost, "a ghost variable is `(name e)`");
                }
            }
        }
    }

    /// Every contract of the module is of a function that the module defines, or abstract.
    pub(super) fn contracts_without_function(&mut self) {
        for contract in self.modules.contracts.clone() {
            let own = self.scopes.own(self.modules.scope, contract.name);
            let target = self.syntax.parts(contract.form)[1];
            own.into_iter().for_each(|b| self.note(target, b));
            let is_defined = own.is_some();
            if !is_defined && !contract.is_abstract {
                self.unbound(target, contract.name, self.modules.scope);
            }
        }
    }

    /// The contract of a function, and before its own clauses those that it inherits.
    fn contract_of(&mut self, name: Name) -> Option<Written> {
        let mut contract = self.modules.contracts.iter().find(|c| c.name == name)?.clone();
        let mut seen = vec![name];
        while let Some(parent) = contract.inherits.take() {
            let parent_name = self.binder(parent, "what a contract inherits")?;
            let found = self.modules.contracts.iter().find(|c| c.name == parent_name).cloned();
            let Some(found) = found.filter(|_| !seen.contains(&parent_name)) else {
                let text = self.text(parent_name.symbol).to_owned();
                let span = self.syntax.span(parent);
                self.report(&code::UNBOUND, span, format!("there is no contract `{text}` to inherit from"));
                return Some(contract);
            };
            seen.push(parent_name);
            contract.conditions.splice(0..0, found.conditions);
            contract.ghosts.splice(0..0, found.ghosts);
            contract.bounds.splice(0..0, found.bounds);
            contract.message = contract.message.or(found.message);
            contract.inherits = found.inherits;
        }
        self.refine(&mut contract);
        Some(contract)
    }

    /// What the contract of another function promises, of one that refines it.
    fn refine(&mut self, contract: &mut Written) {
        let Some(parent) = contract.refines else { return };
        let Some(name) = self.binder(parent, "what a contract refines") else { return };
        let Some(found) = self.modules.contracts.iter().find(|c| c.name == name).cloned() else {
            let text = self.text(name.symbol).to_owned();
            let span = self.syntax.span(parent);
            self.report(&code::UNBOUND, span, format!("there is no contract `{text}` to refine"));
            return;
        };
        contract.conditions.extend(found.conditions.into_iter().filter(|c| c.0 == When::Ensures));
    }

    /// A definition of the module at hand with the checks of its contract.
    pub(super) fn contracted(&mut self, global: GlobalId, define: Define) -> Define {
        if let Some(contract) = self.modules.contracts.iter().find(|c| c.name == define.name) {
            self.core.specified.insert(global, self.syntax.span(contract.form));
        }
        if self.contracts == Contracts::Off {
            return define;
        }
        let Some(mut contract) = self.contract_of(define.name) else { return define };
        if contract.is_abstract {
            return define;
        }
        self.limit(&mut contract);
        let index = self.record(global, &contract);
        let value = match define.value {
            Value::Procedure { params, result, body } => {
                let body = self.checked_body(&contract, index, &params, &body);
                Value::Procedure { params, result, body }
            }
            Value::Expr(s) => Value::Expr(self.checked_lambda(&contract, index, s)),
        };
        Define { value, ..define }
    }

    /// The record of a contract; an earlier one of the same function is forgotten.
    fn record(&mut self, function: GlobalId, contract: &Written) -> usize {
        let row = self.row_of_contract(contract);
        match self.core.contracts.iter().position(|c| c.function == Some(function)) {
            Some(index) => {
                self.core.contracts[index] =
                    Contract { function: Some(function), row, conditions: Vec::new(), body: None };
                index
            }
            None => self.new_record(Some(function), row),
        }
    }

    /// The place of a new record.
    fn new_record(&mut self, function: Option<GlobalId>, row: Option<BTreeSet<String>>) -> usize {
        self.core.contracts.push(Contract { function, row, conditions: Vec::new(), body: None });
        self.core.contracts.len() - 1
    }

    /// Keeps the procedure that a condition became.
    pub(super) fn keep_condition(&mut self, s: StxId, value: ExprId) {
        match self.conditions.remove(&s) {
            Some(Part::Condition(index)) => self.core.contracts[index].conditions.push(value),
            Some(Part::Body(index)) => self.core.contracts[index].body = Some(value),
            None => {}
        }
    }

    /// A procedure that is written where the function is defined.
    fn checked_lambda(&mut self, contract: &Written, index: usize, s: StxId) -> StxId {
        let at = super::At { scope: self.modules.scope, tail: None };
        let s = self.unfolded(s, at);
        let parts = self.syntax.parts(s).to_vec();
        if !self.is_lambda(s, at.scope) || parts.len() < 3 || self.syntax.kind(parts[1]) != Kind::Form {
            self.unbuilt(contract.form, "a contract of what is not defined as a procedure");
            return s;
        }
        let params = self.syntax.parts(parts[1]).to_vec();
        let (result, body) = self.result_type(&parts[2..]);
        let body = self.checked_body(contract, index, &params, &body);
        let kept = if result.is_some() { 4 } else { 2 };
        let all: Vec<StxId> = parts[..kept].iter().copied().chain(body).collect();
        self.syntax.rewritten(s, &all)
    }

    /// The names that parameters bind, in order.
    fn parameter_names(&self, params: &[StxId]) -> Vec<Symbol> {
        let named = |&p: &StxId| {
            let target = if self.syntax.kind(p) == Kind::Form { *self.syntax.parts(p).first()? } else { p };
            self.syntax.name(target).map(|n| n.symbol)
        };
        let is_sign = |s: &Symbol| *s == self.words.dot || *s == self.words.ampersand;
        params.iter().filter_map(named).filter(|s| !is_sign(s)).collect()
    }
}
