//! Contracts: conditions perform nothing, and what a contract calls pure is.

use molt_base::{EntityId, Span};
use molt_diagnostics::registry::{UNSUPPORTED_CONSTRUCT, claude as code};

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
        for contract in &core.contracts {
            for &condition in &contract.conditions {
                self.condition(condition);
            }
            if let Some(span) = contract.pure {
                self.pure_function(contract, span);
            }
        }
    }

    fn condition(&mut self, condition: ExprId) {
        let ExprKind::Lambda(lambda) = *self.core.kind(condition) else { return };
        let fault = match self.performed(lambda).0 {
            Some(label) => format!("a condition performs nothing, and this performs `{label}`"),
            None if self.assigns(self.core.lambdas[lambda].body) => {
                "a condition changes nothing, and this assigns".to_owned()
            }
            None => return,
        };
        self.report(&code::IMPURE_CONDITION, self.span(condition), fault);
    }

    /// What is performed at run time is not recorded, so the row has to show it.
    fn pure_function(&mut self, contract: &Contract, span: Span) {
        let lambda = self.core.globals[contract.function].lambda;
        let performed = lambda.map(|l| self.performed(l));
        if !matches!(performed, Some((None, true))) {
            let name = self.core.names.text(self.core.globals[contract.function].name);
            let fault = format!("`:pure` of `{name}`, whose row is not known to be empty, is not built yet");
            self.report(&UNSUPPORTED_CONSTRUCT, span, fault);
        }
    }

    /// An effect that a procedure performs, errors and reading the store aside, and whether its row is known.
    fn performed(&self, lambda: LambdaId) -> (Option<String>, bool) {
        let (mut label, mut is_known) = (None, true);
        for entry in &self.rows.entries[lambda.index()] {
            let row = self.rows.value(entry.row, Mode::All, self.core);
            is_known &= !row.unknown && row.vars.is_empty();
            let other = row.labels.iter().find(|&&l| !self.is_harmless(l));
            label = label.or(other.map(|&l| self.rows.show(l, self.core)));
        }
        (label, is_known)
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
