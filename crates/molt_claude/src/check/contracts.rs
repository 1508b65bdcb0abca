//! Contracts: conditions perform nothing, and what a contract calls pure is.

use std::collections::HashSet;

use molt_base::EntityId;
use molt_diagnostics::registry::claude as code;

use super::Checker;
use super::row::{Label, Mode};
use crate::core::{Contract, ExprId, ExprKind, LambdaId};
use crate::library::BUILTINS;

/// Functions of the library that change what they are given.
const ASSIGNING: &[&str] = &["ref-set!"];

/// The same, written in the language itself.
const ASSIGNING_GLOBALS: &[&str] =
    &["swap!", "compare-and-set!", "enable-contract-checking!", "disable-contract-checking!"];

impl Checker<'_> {
    pub fn contracts(&mut self) {
        let core = self.core;
        // A form that was expanded twice has two records.
        let mut seen = HashSet::new();
        for contract in &core.contracts {
            for &condition in &contract.conditions {
                let span = self.span(condition);
                if seen.insert((span.file, span.start, span.end)) {
                    self.condition(condition);
                }
            }
            self.bounded(contract);
        }
    }

    fn condition(&mut self, condition: ExprId) {
        let ExprKind::Lambda(lambda) = *self.core.kind(condition) else { return };
        let fault = match self.performed(lambda) {
            Some(label) => format!("a condition performs nothing, and this performs `{label}`"),
            None if self.assigns(self.core.lambdas[lambda].body) => {
                "a condition changes nothing, and this assigns".to_owned()
            }
            None => return,
        };
        self.report(&code::IMPURE_CONDITION, self.span(condition), fault);
    }

    /// What the body of a function surely or perhaps performs, against what its contract allows.
    fn bounded(&mut self, contract: &Contract) {
        let (Some(allowed), Some(body)) = (&contract.row, contract.body) else { return };
        let ExprKind::Lambda(lambda) = *self.core.kind(body) else { return };
        for entry in self.rows.entries[lambda.index()].clone() {
            let row = self.rows.value(entry.row, Mode::All, self.core);
            let name = |l: Label| self.rows.effect_of(l, self.core);
            let fault = row.labels.iter().find(|&&l| name(l) != "error" && !allowed.contains(&name(l)));
            if let Some(&label) = fault {
                let label = self.rows.show(label, self.core);
                let (code, fault) = match allowed.is_empty() {
                    true => (&code::IMPURE, format!("`{label}` is performed where nothing may be")),
                    false => (&code::UNDECLARED, format!("`{label}` is performed outside of the declared row")),
                };
                self.report(code, entry.span, fault);
            }
        }
    }

    /// An effect that a procedure performs, errors and reading the store aside.
    fn performed(&self, lambda: LambdaId) -> Option<String> {
        self.rows.entries[lambda.index()].iter().find_map(|entry| {
            let row = self.rows.value(entry.row, Mode::All, self.core);
            let other = row.labels.iter().find(|&&l| !self.is_harmless(l));
            other.map(|&l| self.rows.show(l, self.core))
        })
    }

    fn is_harmless(&self, label: Label) -> bool {
        let shown = self.rows.show(label, self.core);
        let effect = self.rows.effect_of(label, self.core);
        effect == "Error" || ["State:get", "State:has?"].iter().any(|s| s.eq_ignore_ascii_case(&shown))
    }

    /// Whether an expression assigns, procedures that it makes included.
    fn assigns(&self, e: ExprId) -> bool {
        let any = |all: &[ExprId]| all.iter().any(|&e| self.assigns(e));
        match self.core.kind(e) {
            ExprKind::SetLocal(..) | ExprKind::SetGlobal(..) => true,
            ExprKind::Prim(b, parts) => ASSIGNING.contains(&BUILTINS[b.0 as usize].name) || any(parts),
            ExprKind::Call(f, parts) => self.is_assigning(*f) || self.assigns(*f) || any(parts),
            ExprKind::If(a, b, c) => any(&[*a, *b, *c]),
            ExprKind::Let(_, a, b) => any(&[*a, *b]),
            ExprKind::Block(_, a) | ExprKind::Ascribe(a, _) | ExprKind::Init(_, a) => self.assigns(*a),
            ExprKind::Do(all)
            | ExprKind::List(all)
            | ExprKind::Map(all)
            | ExprKind::Set(all)
            | ExprKind::Tuple(all) => any(all),
            ExprKind::Recur(_, all) | ExprKind::Perform(_, all) => any(all),
            ExprKind::Lambda(l) => self.assigns(self.core.lambdas[*l].body),
            ExprKind::Loop(l) => self.assigns(self.core.loops[*l].body),
            ExprKind::ForEach(_, a, b) => any(&[*a, *b]),
            ExprKind::Match(m) => self.assigns(m.value) || m.branches.iter().any(|b| self.assigns(b.body)),
            ExprKind::Try(t) => self.assigns(t.body),
            _ => false,
        }
    }

    fn is_assigning(&self, f: ExprId) -> bool {
        match self.core.kind(f) {
            ExprKind::Global(g) => ASSIGNING_GLOBALS.contains(&self.core.names.text(self.core.globals[*g].name)),
            _ => false,
        }
    }
}
