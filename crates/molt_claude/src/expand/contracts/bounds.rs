//! `:effects`, `:pure` and `:modifies`: what a function may perform and change.
//!
//! The body becomes a procedure that the runtime observes. The checker looks at the same procedure.

use std::collections::BTreeSet;

use molt_base::Span;
use molt_diagnostics::registry::claude as code;

use super::super::Expander;
use super::super::writer::Writer;
use super::wrapper::Known;
use super::{Part, Written};
use crate::options::Contracts;
use crate::stx::StxId;
use crate::syntax::Kind;

/// A clause that bounds what the function performs or changes.
#[derive(Clone)]
pub(super) struct Bound {
    kind: &'static str,
    /// From the keyword to the end of its value.
    span: Span,
    /// What is allowed.
    all: Vec<StxId>,
}

impl Expander<'_> {
    pub(super) fn bound(&mut self, contract: &mut Written, kind: &'static str, key: StxId, value: StxId) {
        if kind != "pure" && self.syntax.kind(value) != Kind::List {
            self.malformed(value, format!("`:{kind}` takes a list in brackets"));
            return;
        }
        let span = Span { end: self.syntax.span(value).end, ..self.syntax.span(key) };
        let all = self.syntax.parts(value).to_vec();
        contract.bounds.push(Bound { kind, span, all });
    }

    /// The labels that a contract allows, if it bounds them.
    pub(super) fn row_of_contract(&self, contract: &Written) -> Option<BTreeSet<String>> {
        let rows = contract.bounds.iter().filter(|b| b.kind != "modifies");
        let label = |&s: &StxId| self.text(self.syntax.text(s)).to_ascii_lowercase();
        rows.map(|b| b.all.iter().map(label).collect::<BTreeSet<_>>()).reduce(|a, b| &a & &b)
    }

    /// The body in a procedure that is observed, if the contract bounds anything.
    pub(super) fn bounded_body(
        &mut self,
        w: &mut Writer,
        contract: &Written,
        known: &Known,
        on: StxId,
        body: &[StxId],
    ) -> Vec<StxId> {
        if contract.bounds.is_empty() || self.contracts != Contracts::Full {
            return body.to_vec();
        }
        self.core.is_observed = true;
        let rules: Vec<StxId> = contract.bounds.iter().map(|b| self.rule(w, b, known)).collect();
        let rules = w.list(self, Kind::List, &rules);
        let none = w.list(self, Kind::Form, &[]);
        let thunk = w.form(self, "lambda", &[&[none][..], body].concat());
        self.conditions.insert(thunk, Part::Body(known.contract));
        let note = known.message.unwrap_or_else(|| self.core_nil(w));
        vec![w.form(self, "%observed", &[on, thunk, rules, note])]
    }

    fn rule(&mut self, w: &mut Writer, bound: &Bound, known: &Known) -> StxId {
        let outer = std::mem::replace(&mut w.span, bound.span);
        let is_change = bound.kind == "modifies";
        let mut allowed = Vec::new();
        for &s in &bound.all {
            if is_change {
                self.place(w, s, &mut allowed);
            } else {
                allowed.extend(self.allowed_label(w, s));
            }
        }
        let allowed = w.list(self, Kind::List, &allowed);
        let texts = self.violation_texts(w, bound.kind, "Effect", known);
        let index = w.number(self, if is_change { 2 } else { 1 });
        w.span = outer;
        w.list(self, Kind::List, &[index, allowed, texts])
    }

    fn allowed_label(&mut self, w: &Writer, s: StxId) -> Option<StxId> {
        let name = self.binder(s, "a label")?;
        let text = self.text(name.symbol).to_owned();
        // The name of the empty row.
        if text == "Pure" {
            return None;
        }
        if self.effect_named(&text).is_none() {
            let span = self.syntax.span(s);
            self.report(&code::UNBOUND, span, format!("there is no effect `{text}`"));
        }
        Some(w.string(self, &text.to_ascii_lowercase()))
    }

    /// A variable, by its name and by the cell that it holds, or a key of the store.
    fn place(&mut self, w: &Writer, s: StxId, allowed: &mut Vec<StxId>) {
        let kind = match self.syntax.name(s) {
            Some(name) => {
                allowed.push(s);
                let text = self.text(name.symbol).to_owned();
                [w.string(self, "variable"), w.string(self, &text)]
            }
            None => [w.string(self, "key"), s],
        };
        allowed.push(w.list(self, Kind::List, &kind));
    }
}
