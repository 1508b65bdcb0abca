//! `fn-contract`: contracts of procedures that are operands (section 9 of the reference).

use super::super::writer::Writer;
use super::super::{At, Expander};
use super::wrapper::Known;
use super::{When, Written};
use crate::core::ExprId;
use crate::options::Contracts;
use crate::stx::{Name, StxId};
use crate::syntax::Kind;

impl Expander<'_> {
    /// `(fn-contract (x ..) clause ..)`: a procedure that takes a procedure and gives it back checked.
    pub(in super::super) fn fn_contract(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.at_least(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        if self.syntax.kind(parts[0]) != Kind::Form || self.syntax.parts(parts[0]).iter().any(|&p| !self.is_plain(p)) {
            return self.malformed(parts[0], "the operands of the procedure are `(name ..)`");
        }
        let symbol = self.core.names.intern("fn-contract");
        let name = Name { symbol, mark: self.syntax.mark(s) };
        let Some(mut contract) = self.clauses_of_contract(s, name, &parts[1..]) else {
            return self.nil(self.syntax.span(s));
        };
        if !contract.bounds.is_empty()
            || contract.refines.is_some()
            || contract.inherits.is_some()
            || contract.is_abstract
        {
            return self.unbuilt(s, "a clause of `fn-contract` other than conditions, `:ghost` and `:message`");
        }
        self.limit(&mut contract);
        let mut w = Writer::new(self, self.syntax.span(s));
        let f = w.fresh(self, "f");
        let outer = w.list(self, Kind::Form, &[f]);
        let value =
            if self.contracts == Contracts::Off { f } else { self.checked_argument(&mut w, &contract, parts[0], f) };
        let whole = w.form(self, "lambda", &[outer, value]);
        self.argument_depth += 1;
        let e = self.expr(whole, at);
        self.argument_depth -= 1;
        e
    }

    fn is_plain(&self, p: StxId) -> bool {
        self.syntax.name(p).is_some_and(|n| n.symbol != self.words.dot && n.symbol != self.words.ampersand)
    }

    fn checked_argument(&mut self, w: &mut Writer, contract: &Written, params: StxId, f: StxId) -> StxId {
        let function = w.string(self, "fn-contract");
        let names = self.parameter_names(self.syntax.parts(params));
        let is_swapped = self.argument_depth.is_multiple_of(2);
        let contract_index = self.new_record(None, None);
        let known =
            Known { contract: contract_index, function, is_swapped, params: &names, ghosts: &[], message: None };
        let call: Vec<StxId> = std::iter::once(f).chain(self.syntax.parts(params).to_vec()).collect();
        let call = w.list(self, Kind::Form, &call);
        let body = self.wrapped(w, contract, known, &[call]);
        w.form(self, "lambda", &[&[params][..], &body].concat())
    }

    /// Leaves out the conditions that are not checked.
    pub(super) fn limit(&self, contract: &mut Written) {
        if self.contracts == Contracts::Pre {
            contract.conditions.retain(|c| c.0 == When::Requires);
            contract.bounds.clear();
        }
    }
}
