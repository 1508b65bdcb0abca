//! Invariants of loops: conditions on variables that a loop of the body binds.

use molt_base::Symbol;

use super::super::Expander;
use super::super::writer::Writer;
use super::wrapper::Known;
use super::{When, Written};
use crate::stx::{Name, StxId};
use crate::syntax::Kind;
use molt_claude_syntax::forms::Form;

/// What conditions have beside the names that are bound.
const OF_CONDITIONS: [&str; 8] = ["implies", "iff", "all", "any", "sorted?", "permutation?", "else", "old"];

/// Forms that bind variables of their own.
const BINDING: [&str; 10] = ["forall", "exists", "lambda", "fn", "let", "let*", "quote", "match", "loop", "letrec"];

impl Expander<'_> {
    /// Moves each invariant of variables that are not bound at entry into the innermost loop of the body that binds them
    /// all. One that no loop binds stays where it is, and its name is unbound there.
    pub(super) fn with_loop_invariants(
        &mut self,
        w: &mut Writer,
        contract: &Written,
        known: &Known,
        on: StxId,
        body: &[StxId],
    ) -> (Written, Vec<StxId>) {
        let (mut contract, mut body) = (contract.clone(), body.to_vec());
        let all = std::mem::take(&mut contract.conditions);
        for (when, condition) in all {
            let mut free = Vec::new();
            if when == When::Invariant {
                self.free_names(condition, known, &mut free);
            }
            if free.is_empty() || !body.iter().any(|&s| self.has_loop_of(s, &free)) {
                contract.conditions.push((when, condition));
                continue;
            }
            let check = |e: &mut Self, w: &mut Writer, bound: &[Symbol]| {
                let params: Vec<Symbol> = known.params.iter().chain(bound).copied().collect();
                let check = e.check(w, When::Invariant, condition, &Known { params: &params, ..*known });
                e.when_on(w, on, vec![check])
            };
            body = body.iter().map(|&s| self.with_invariant(w, s, &free, &check)).collect();
        }
        (contract, body)
    }

    /// The names of a condition that mean nothing where the function begins.
    fn free_names(&self, s: StxId, known: &Known, into: &mut Vec<Symbol>) {
        if let Some(name) = self.syntax.name(s) {
            if !self.is_bound_at_entry(name, known) && !into.contains(&name.symbol) {
                into.push(name.symbol);
            }
            return;
        }
        let head = self.syntax.parts(s).first().and_then(|&h| self.syntax.name(h));
        if self.syntax.kind(s) == Kind::Quote || head.is_some_and(|h| BINDING.contains(&self.text(h.symbol))) {
            return;
        }
        self.syntax.parts(s).iter().for_each(|&p| self.free_names(p, known, into));
    }

    fn is_bound_at_entry(&self, name: Name, known: &Known) -> bool {
        known.params.contains(&name.symbol)
            || known.ghosts.iter().any(|g| self.syntax.text(g.0) == name.symbol)
            || OF_CONDITIONS.contains(&self.text(name.symbol))
            || self.form(name, self.modules.scope).is_some()
            || self.lookup(name, self.modules.scope).is_some()
    }

    /// The variables of a `loop` or named `let`, and how many of its parts come before its body.
    fn loop_variables(&self, s: StxId) -> Option<(Vec<Symbol>, usize)> {
        let parts = self.syntax.parts(s);
        if self.syntax.kind(s) != Kind::Form || parts.len() < 3 {
            return None;
        }
        let form = self.syntax.name(parts[0]).and_then(|n| self.form(n, self.modules.scope));
        let at = match form {
            Some(Form::Loop) => 1,
            Some(Form::Let) if self.syntax.kind(parts[1]) == Kind::Symbol => 2,
            _ => return None,
        };
        let name = |&p: &StxId| self.syntax.parts(p).first().and_then(|&n| self.syntax.name(n)).map(|n| n.symbol);
        Some((self.syntax.parts(parts[at]).iter().filter_map(name).collect(), at + 1))
    }

    /// Whether a loop that binds all names stands in some syntax.
    fn has_loop_of(&self, s: StxId, names: &[Symbol]) -> bool {
        self.syntax.kind(s) != Kind::Quote
            && (self.binds_all(s, names).is_some() || self.syntax.parts(s).iter().any(|&p| self.has_loop_of(p, names)))
    }

    fn binds_all(&self, s: StxId, names: &[Symbol]) -> Option<(Vec<Symbol>, usize)> {
        self.loop_variables(s).filter(|(bound, _)| names.iter().all(|n| bound.contains(n)))
    }

    fn with_invariant(
        &mut self,
        w: &mut Writer,
        s: StxId,
        names: &[Symbol],
        check: &impl Fn(&mut Self, &mut Writer, &[Symbol]) -> StxId,
    ) -> StxId {
        if !self.has_loop_of(s, names) {
            return s;
        }
        let old = self.syntax.parts(s).to_vec();
        let mut parts: Vec<StxId> = old.iter().map(|&p| self.with_invariant(w, p, names, check)).collect();
        if parts == old
            && let Some((bound, at)) = self.binds_all(s, names)
        {
            parts.insert(at, check(self, w, &bound));
        }
        let (kind, span) = (self.syntax.kind(s), self.syntax.span(s));
        self.syntax.make(kind, span, self.syntax.text(s), self.syntax.mark(s), &parts)
    }
}
