//! What conditions have beside the expressions of the language: `(old e)`, connectives, quantifiers, predicates.

use super::super::Expander;
use super::super::writer::Writer;
use crate::stx::{Mark, Name, StxId};
use crate::syntax::Kind;

/// Predicates by other names, and the functions of the library that they are.
const FUNCTIONS: &[(&str, &str)] =
    &[("all", "all?"), ("any", "any?"), ("sorted?", "%sorted?"), ("permutation?", "%permutation?")];

impl Expander<'_> {
    /// A condition in the forms of the language; `(old e)` becomes a variable of the writer's.
    pub(super) fn plain_condition(&mut self, w: &mut Writer, s: StxId) -> StxId {
        if matches!(self.syntax.kind(s), Kind::Quote | Kind::Quasiquote) || self.syntax.parts(s).is_empty() {
            return s;
        }
        let parts = self.syntax.parts(s).to_vec();
        if self.syntax.kind(s) == Kind::Form
            && let Some(word) = self.predicate(parts[0])
        {
            return self.predicate_form(w, s, &word, &parts);
        }
        let plain: Vec<StxId> = parts.iter().map(|&p| self.plain_condition(w, p)).collect();
        if plain == parts {
            return s;
        }
        let (kind, span) = (self.syntax.kind(s), self.syntax.span(s));
        self.syntax.make(kind, span, self.syntax.text(s), self.syntax.mark(s), &plain)
    }

    /// The operator of a form, unless the program gives it a meaning.
    fn predicate(&self, head: StxId) -> Option<String> {
        let name = self.syntax.name(head)?;
        let is_free = self.lookup(name, self.modules.scope).is_none() && self.form(name, self.modules.scope).is_none();
        is_free.then(|| self.text(name.symbol).to_owned())
    }

    fn predicate_form(&mut self, w: &mut Writer, s: StxId, word: &str, parts: &[StxId]) -> StxId {
        match (word, parts) {
            ("old", &[_, e]) => return w.old(self, e),
            ("quote" | "quasiquote", _) => return s,
            ("forall", &[_, bindings, e]) => return self.quantified(w, bindings, e, "all?"),
            ("exists", &[_, bindings, e]) => return self.quantified(w, bindings, e, "any?"),
            _ => {}
        }
        let plain: Vec<StxId> = parts[1..].iter().map(|&p| self.plain_condition(w, p)).collect();
        match (word, &plain[..]) {
            ("implies", &[a, b]) => {
                let (truth, otherwise) = (w.truth(self, b), w.truth_of(self, true));
                w.form(self, "if", &[a, truth, otherwise])
            }
            ("iff", &[a, b]) => {
                let (a, b) = (w.truth(self, a), w.truth(self, b));
                w.form(self, "=", &[a, b])
            }
            _ => match FUNCTIONS.iter().find(|f| f.0 == word) {
                Some((_, function)) => w.form(self, function, &plain),
                None => {
                    let all: Vec<StxId> = std::iter::once(parts[0]).chain(plain).collect();
                    self.syntax.rewritten(s, &all)
                }
            },
        }
    }

    /// `((x domain) ..)` and what has to hold for all values, or for one.
    fn quantified(&mut self, w: &mut Writer, bindings: StxId, e: StxId, function: &str) -> StxId {
        let mut result = self.plain_condition(w, e);
        for binding in self.syntax.parts(bindings).to_vec().into_iter().rev() {
            let &[x, domain] = self.syntax.parts(binding) else {
                self.malformed(binding, "a variable of a quantifier is `(name domain)`");
                continue;
            };
            let params = w.list(self, Kind::Form, &[x]);
            let test = w.form(self, "lambda", &[params, result]);
            let domain = self.domain(w, domain);
            result = w.form(self, function, &[test, domain]);
        }
        result
    }

    /// The list of the values of a domain.
    fn domain(&mut self, w: &mut Writer, domain: StxId) -> StxId {
        let parts = self.syntax.parts(domain).to_vec();
        let word = parts.first().map(|&h| self.text(self.syntax.text(h)).to_owned());
        match (word.as_deref(), &parts[..]) {
            (Some("in"), &[_, xs]) => self.plain_condition(w, xs),
            (Some("indices"), &[_, xs]) => {
                let xs = self.plain_condition(w, xs);
                let length = w.form(self, "length", &[xs]);
                w.form(self, "range", &[length])
            }
            (Some("range"), &[_, a, b]) => {
                let (a, b) = (self.plain_condition(w, a), self.plain_condition(w, b));
                w.form(self, "range", &[a, b])
            }
            _ => {
                self.unbuilt(domain, "a domain other than `(in xs)`, `(indices xs)` and `(range a b)`");
                w.list(self, Kind::List, &[])
            }
        }
    }

    /// Whether a condition names a variable.
    pub(super) fn names_variable(&self, s: StxId, name: molt_base::Symbol) -> bool {
        self.syntax.name(s) == Some(Name { symbol: name, mark: Mark::SOURCE })
            || self.syntax.parts(s).iter().any(|&p| self.names_variable(p, name))
    }
}
