//! The body of a function with a contract.

use molt_base::Symbol;

use super::super::Expander;
use super::super::writer::Writer;
use super::{Part, When, Written};
use crate::stx::StxId;
use crate::syntax::Kind;

/// The names that a condition may use, in the order in which a violation shows them.
pub(super) struct Known<'a> {
    /// Where the conditions are kept.
    pub contract: usize,
    /// The name of the function, or what gives it.
    pub function: StxId,
    /// Whether blame is the other way round: inside of an odd number of `fn-contract` forms.
    pub is_swapped: bool,
    pub params: &'a [Symbol],
    pub ghosts: &'a [(StxId, StxId)],
    pub message: Option<StxId>,
}

impl Expander<'_> {
    /// The forms of the body with the checks of a contract around them.
    pub(super) fn checked_body(
        &mut self,
        contract: &Written,
        index: usize,
        params: &[StxId],
        body: &[StxId],
    ) -> Vec<StxId> {
        let mut w = Writer::new(self, self.syntax.span(contract.form));
        let name = self.text(contract.name.symbol).to_owned();
        let function = w.string(self, &name);
        let params = self.parameter_names(params);
        let known = Known { contract: index, function, is_swapped: false, params: &params, ghosts: &[], message: None };
        self.wrapped(&mut w, contract, known, body)
    }

    /// The same of any procedure whose conditions know the names given.
    pub(super) fn wrapped(&mut self, w: &mut Writer, contract: &Written, known: Known, body: &[StxId]) -> Vec<StxId> {
        let (doc, rest) = self.docstring(body);
        let doc = doc.map(|_| body[0]);
        let renamed = self.hidden_ghosts(w, contract);
        let known = Known { ghosts: &renamed, message: contract.message, ..known };
        let on = w.fresh(self, "on");
        let (contract, rest) = &self.with_loop_invariants(w, contract, &known, on, rest);
        let before = self.checks(w, contract, &known, &[When::Requires, When::Invariant]);
        let after = self.checks(w, contract, &known, &[When::Invariant, When::Ensures]);
        let failing = self.checks(w, contract, &known, &[When::OnError]);
        let bounded = self.bounded_body(w, contract, &known, on, rest);
        let value = self.guarded_body(w, on, &bounded, failing);
        let result = w.known(self, "result");
        let after = self.when_on(w, on, after);
        let finish = w.let_form(self, &[(result, value)], &[after, result]);
        let with_olds = self.values_before(w, on, &w.olds.clone(), finish);
        let before = self.when_on(w, on, before);
        let all = w.form(self, "do", &[before, with_olds]);
        let all = self.ghost_values(w, on, contract, &renamed, all);
        let checked = w.form(self, "%contracts-on?", &[]);
        let whole = w.let_form(self, &[(on, checked)], &[all]);
        doc.into_iter().chain([whole]).collect()
    }

    /// What happens while contracts are checked only.
    pub(super) fn when_on(&mut self, w: &Writer, on: StxId, mut forms: Vec<StxId>) -> StxId {
        forms.insert(0, on);
        forms.push(self.core_nil(w));
        w.form(self, "when", &forms)
    }

    pub(super) fn core_nil(&mut self, w: &Writer) -> StxId {
        w.list(self, Kind::Nil, &[])
    }

    /// The body; what it raises goes past the conditions of `:on-error`.
    fn guarded_body(&mut self, w: &mut Writer, on: StxId, body: &[StxId], failing: Vec<StxId>) -> StxId {
        let empty = w.list(self, Kind::Form, &[]);
        let inside: Vec<StxId> = std::iter::once(empty).chain(body.iter().copied()).collect();
        let value = w.form(self, "let", &inside);
        if failing.is_empty() {
            return value;
        }
        let error = w.known(self, "error");
        let checks = self.when_on(w, on, failing);
        let again = w.form(self, "throw", &[error]);
        let catch = w.known(self, "catch");
        let clause = w.list(self, Kind::Form, &[catch, error, checks, again]);
        w.form(self, "try", &[value, clause])
    }

    /// Ghost variables under names that the body cannot mean.
    fn hidden_ghosts(&mut self, w: &mut Writer, contract: &Written) -> Vec<(StxId, StxId)> {
        contract.ghosts.iter().map(|&(name, _)| (name, w.fresh(self, "ghost"))).collect()
    }

    fn ghost_values(
        &mut self,
        w: &Writer,
        on: StxId,
        contract: &Written,
        renamed: &[(StxId, StxId)],
        inside: StxId,
    ) -> StxId {
        let mut result = inside;
        for (i, &(_, hidden)) in renamed.iter().enumerate().rev() {
            let init = self.with_ghosts(w, &renamed[..i], contract.ghosts[i].1);
            result = self.values_before(w, on, &[(hidden, init)], result);
        }
        result
    }

    fn with_ghosts(&mut self, w: &Writer, ghosts: &[(StxId, StxId)], e: StxId) -> StxId {
        if ghosts.is_empty() { e } else { w.let_form(self, ghosts, &[e]) }
    }

    /// Variables whose values are needed while contracts are checked only.
    fn values_before(&mut self, w: &Writer, on: StxId, values: &[(StxId, StxId)], inside: StxId) -> StxId {
        if values.is_empty() {
            return inside;
        }
        let mut bound = Vec::new();
        for &(name, e) in values {
            let thunk = w.thunk(self, e);
            let (value, any) = (w.form(self, "%value-before", &[thunk]), w.word(self, "Any"));
            let nil = self.core_nil(w);
            let value = w.form(self, "if", &[on, value, nil]);
            bound.push((name, w.form(self, ":", &[value, any])));
        }
        w.let_form(self, &bound, &[inside])
    }

    /// The checks of the conditions of some clauses, in the order of the clauses given.
    fn checks(&mut self, w: &mut Writer, contract: &Written, known: &Known, clauses: &[When]) -> Vec<StxId> {
        let mut checks = Vec::new();
        for &when in clauses {
            for &(_, condition) in contract.conditions.iter().filter(|c| c.0 == when) {
                checks.push(self.check(w, when, condition, known));
            }
        }
        checks
    }

    pub(super) fn check(&mut self, w: &mut Writer, when: When, condition: StxId, known: &Known) -> StxId {
        let outer = std::mem::replace(&mut w.span, self.syntax.span(condition));
        let plain = self.plain_condition(w, condition);
        let plain = self.with_ghosts(w, known.ghosts, plain);
        let holds = w.thunk(self, plain);
        self.conditions.insert(holds, Part::Condition(known.contract));
        let (kind, first) = when.words();
        let (names, values) = self.shown_variables(w, when, condition, known);
        let texts = self.violation_texts(w, kind, first, known);
        let texts = w.thunk(self, texts);
        let note = known.message.unwrap_or_else(|| self.core_nil(w));
        let check = w.form(self, "%check", &[holds, texts, names, values, note]);
        w.span = outer;
        check
    }

    /// What a violation says of the clause that the writer's span is.
    pub(super) fn violation_texts(&mut self, w: &Writer, kind: &str, first: &str, known: &Known) -> StxId {
        let file = self.sources.file(w.span.file);
        let written = file.text[w.span.start as usize..w.span.end as usize].to_owned();
        let (line, column) = file.lines().line_col(w.span.start);
        let place = format!("{}:{line}:{column}", file.name);
        let blame = if (kind == "requires") == known.is_swapped { "function" } else { "caller" };
        let [kind, first, written, blame, place] =
            [kind, first, &written, blame, &place].map(|text| w.string(self, text));
        w.list(self, Kind::List, &[kind, first, known.function, written, blame, place])
    }

    /// The variables that a condition names, and a procedure for their values.
    fn shown_variables(&mut self, w: &Writer, when: When, condition: StxId, known: &Known) -> (StxId, StxId) {
        let last = match when {
            When::Ensures => Some("result"),
            When::OnError => Some("error"),
            When::Requires | When::Invariant => None,
        };
        let last = last.map(|text| self.core.names.intern(text));
        let all: Vec<Symbol> = known.params.iter().copied().filter(|p| Some(*p) != last).chain(last).collect();
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for symbol in all {
            if !self.names_variable(condition, symbol) {
                continue;
            }
            let text = self.text(symbol).to_owned();
            names.push(w.string(self, &text));
            values.push(w.known(self, &text));
        }
        let names = w.list(self, Kind::List, &names);
        let values = w.list(self, Kind::List, &values);
        (names, w.thunk(self, values))
    }
}
