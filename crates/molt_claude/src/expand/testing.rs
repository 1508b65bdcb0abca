//! Test support: mocks, seeds, recorded effects, `deftest` (sections 5.3 and 12 of the reference).
//!
//! A mock is a handler around the body whose clauses the library makes. It is written where it is used, so that programs
//! without mocks perform operations directly.

use super::writer::Writer;
use super::{At, Expander};
use crate::core::{ExprId, ExprKind};
use crate::stx::StxId;
use crate::syntax::Kind;

impl Expander<'_> {
    /// `(with-mock-time start body ..)`.
    pub(super) fn with_mock_time(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let mut w = Writer::new(self, self.syntax.span(s));
        let clock = w.fresh(self, "clock");
        let start = w.form(self, "%clock", &[parts[0]]);
        let clauses = [
            ("time:now", "%clock-now"),
            ("time:now-ms", "%clock-ms"),
            ("time:monotonic", "%clock-now"),
            ("time:elapsed", "%clock-elapsed"),
            ("time:sleep", "%clock-sleep"),
        ];
        let handler = self.mocked(&w, clock, &clauses, &parts[1..]);
        let whole = w.let_form(self, &[(clock, start)], &[handler]);
        self.expr(whole, at)
    }

    /// `(with-mock-io options body ..)`.
    pub(super) fn with_mock_io(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let mut w = Writer::new(self, self.syntax.span(s));
        let (console, value) = (w.fresh(self, "console"), w.fresh(self, "value"));
        let start = w.form(self, "%console", &[parts[0]]);
        let clauses = [
            ("io:print", "%console-print"),
            ("io:write", "%console-write"),
            ("io:print-err", "%console-print-err"),
            ("io:log", "%console-log"),
            ("io:read-line", "%console-read-line"),
        ];
        let handler = self.mocked(&w, console, &clauses, &parts[1..]);
        let result = w.form(self, "%console-result", &[console, value]);
        let inside = w.let_form(self, &[(value, handler)], &[result]);
        let whole = w.let_form(self, &[(console, start)], &[inside]);
        self.expr(whole, at)
    }

    /// A handler whose clauses are what functions of the library make of a state.
    fn mocked(&mut self, w: &Writer, state: StxId, clauses: &[(&str, &str)], body: &[StxId]) -> StxId {
        let mut all = Vec::new();
        for &(operation, function) in clauses {
            let target = w.known(self, operation);
            let procedure = w.form(self, function, &[state]);
            all.push(w.list(self, Kind::Form, &[target, procedure]));
        }
        let all = w.list(self, Kind::Form, &all);
        w.form(self, "handler", &[&[all][..], body].concat())
    }

    /// `(with-seed n body ..)`.
    pub(super) fn with_seed(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let number = self.expr(parts[0], at.operand());
        let body = self.thunk(&parts[1..], span, at);
        self.library_call("%with-seed", &[number, body], span)
    }

    /// `(record-effects body ..)`.
    pub(super) fn record_effects(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        self.core.is_observed = true;
        let w = Writer::new(self, self.syntax.span(s));
        let labels: Vec<String> = self.core.effects.iter().map(|(_, e)| self.text(e.name).to_owned()).collect();
        let mut names = Vec::new();
        for label in labels {
            names.push(w.string(self, &label.to_lowercase()));
            names.push(w.string(self, &label));
        }
        let names = w.list(self, Kind::Map, &names);
        let none = w.list(self, Kind::Form, &[]);
        let body = w.form(self, "lambda", &[&[none][..], &parts].concat());
        let whole = w.form(self, "%recorded", &[body, names]);
        self.expr(whole, at)
    }

    /// `(deftest name body ..)`: the library keeps the tests of the file that runs, where tests run.
    pub(super) fn deftest(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let Some(name) = self.binder(parts[0], "the name of a test") else { return self.nil(span) };
        let name = self.core.expr(ExprKind::Str(name.symbol), span);
        let body = self.thunk(&parts[1..], span, at);
        if self.runs_tests && self.modules.is_entry() {
            return self.library_call("%add-test", &[name, body], span);
        }
        // The body is looked at all the same.
        let nil = self.nil(span);
        self.core.expr(ExprKind::Do([body, nil].into()), span)
    }

    /// What runs the tests, at the end of a module.
    pub(super) fn all_tests(&mut self, span: molt_base::Span) -> StxId {
        let w = Writer::new(self, span);
        w.form(self, "%run-tests", &[])
    }
}
