//! Effects: handlers, declared rows, and operations that nothing handles.

use std::collections::{BTreeSet, HashSet};

use molt_base::{EntityId, Span};
use molt_diagnostics::registry::claude as code;

use super::Checker;
use super::annotation::Scope;
use super::row::{Entry, Handled, Label, Mode, RowId, RowSet, Rows};
use super::ty::{FnTy, Ty, TyId, Types};
use crate::core::{Action, Clause, ExprId, ExprKind, Handler, LambdaId, OpId};

/// A procedure where one of a certain row is wanted.
#[derive(Clone, Copy)]
pub struct Wanted {
    span: Span,
    wanted: RowId,
    found: RowId,
}

impl Checker<'_> {
    // ---- handlers -------------------------------------------------------------------------------

    pub fn handler(&mut self, h: &Handler, expected: Option<TyId>) -> TyId {
        let ended = self.clauses(h, true);
        let outer = std::mem::take(&mut self.frame);
        let body = h.body.map_or(Types::NEVER, |b| self.thunk(b, expected));
        let inside = std::mem::replace(&mut self.frame, outer);
        let kept = self.rows.handle(&inside, answered(h));
        self.frame.extend(kept);
        let value = self.returned(h, body);
        self.types.join(ended, value)
    }

    /// The clauses answer when a body runs under the value; nothing is known of that place here.
    pub fn handler_value(&mut self, h: &Handler) -> TyId {
        self.clauses(h, false);
        let outer = std::mem::take(&mut self.frame);
        self.returned(h, Types::ANY);
        self.frame = outer;
        Types::ANY
    }

    pub fn with_handler(&mut self, h: ExprId, body: ExprId, expected: Option<TyId>) -> TyId {
        self.infer(h, None);
        let outer = std::mem::take(&mut self.frame);
        self.thunk(body, expected);
        let inside = std::mem::replace(&mut self.frame, outer);
        let kept = self.rows.handle(&inside, Handled { unknown: true, ..Handled::default() });
        self.frame.extend(kept);
        self.performs(self.span(h), Rows::UNKNOWN);
        Types::ANY
    }

    /// The body of a handler: a procedure for the engines, and for the reader a part of the procedure around it.
    fn thunk(&mut self, e: ExprId, expected: Option<TyId>) -> TyId {
        let ExprKind::Lambda(l) = *self.core.kind(e) else { return self.infer(e, expected) };
        self.thunks.insert(l);
        let row = Rows::PURE;
        let wanted = FnTy { params: Vec::new(), least: 0, rest: None, result: expected.unwrap_or(Types::ANY), row };
        let wanted = self.types.add(Ty::Fn(Box::new(wanted)));
        self.procedure(e, Some(wanted))
    }

    /// A procedure that is called here; the type of its result.
    fn procedure(&mut self, e: ExprId, expected: Option<TyId>) -> TyId {
        let found = self.infer(e, expected);
        match *self.core.kind(e) {
            ExprKind::Lambda(l) => {
                let is_sure = self.conditions == 0;
                let inside = self.rows.entries[l.index()].iter();
                let inside: Vec<Entry> = inside.map(|e| Entry { certain: e.certain && is_sure, ..*e }).collect();
                self.frame.extend(inside);
            }
            _ => {
                let row = self.row_of(found);
                self.performs(self.span(e), row);
            }
        }
        self.types.as_fn(found).map_or(Types::ANY, |f| f.result)
    }

    /// What was performed inside of `try`.
    pub fn leave(&mut self, inside: Vec<Entry>, catches_all: bool) {
        if !catches_all {
            return self.frame.extend(inside);
        }
        let core = self.core;
        let ops = core.ops.iter().filter(|(_, o)| is_raise(core, o)).map(|(id, _)| id).collect();
        let effects = Vec::new();
        let kept = self.rows.handle(&inside, Handled { ops, effects, unknown: false });
        self.frame.extend(kept);
    }

    fn returned(&mut self, h: &Handler, body: TyId) -> TyId {
        let Some(e) = h.ret else { return body };
        let wanted = self.taking(vec![body]);
        self.procedure(e, Some(wanted))
    }

    /// A procedure of operands of some types, and of any others.
    fn taking(&mut self, params: Vec<TyId>) -> TyId {
        let f = FnTy { params, least: 0, rest: Some(Types::ANY), result: Types::ANY, row: Rows::PURE };
        self.types.add(Ty::Fn(Box::new(f)))
    }

    /// The clauses; the values of those that end the body.
    fn clauses(&mut self, h: &Handler, performs: bool) -> TyId {
        let mut result = Types::NEVER;
        for clause in &h.clauses {
            let outer = std::mem::take(&mut self.frame);
            let value = match clause.action {
                Action::Function(f) => self.function_clause(clause, f),
                Action::Control(f, _) => self.control_clause(clause, f),
            };
            result = self.types.join(result, value);
            let inside = std::mem::replace(&mut self.frame, outer);
            if performs {
                self.frame.extend(inside);
            }
        }
        result
    }

    fn function_clause(&mut self, clause: &Clause, f: ExprId) -> TyId {
        let wanted = clause.op.map(|o| (o, self.operation(o)));
        let value = self.procedure(f, wanted.map(|w| w.1));
        let Some((op, wanted)) = wanted else { return Types::ANY };
        if self.core.ops[op].is_never {
            return value;
        }
        if self.core.ops[op].ty.is_some() {
            self.fit(f, wanted, false);
        }
        Types::NEVER
    }

    fn control_clause(&mut self, clause: &Clause, f: ExprId) -> TyId {
        let wanted = clause.op.filter(|&o| self.core.ops[o].ty.is_some()).map(|o| self.operation(o));
        let operands = wanted.and_then(|t| self.types.as_fn(t)).map(|f| f.params.clone()).unwrap_or_default();
        let row = Rows::PURE;
        let resume = FnTy { params: vec![Types::ANY], least: 1, rest: None, result: Types::ANY, row };
        let resume = self.types.add(Ty::Fn(Box::new(resume)));
        let wanted = self.taking(std::iter::once(resume).chain(operands).collect());
        self.procedure(f, Some(wanted))
    }

    // ---- rows -----------------------------------------------------------------------------------

    /// A procedure given where one of a closed row is wanted.
    pub fn pure_operand(&mut self, e: ExprId, wanted: TyId) {
        let Some(wanted) = self.types.as_fn(wanted).map(|f| f.row) else { return };
        if self.rows.as_var(wanted).is_some() {
            return;
        }
        let found = self.exprs[e.index()];
        let found = self.row_of(found);
        self.wanted_rows.push(Wanted { span: self.span(e), wanted, found });
    }

    /// What rows say, once all are known.
    pub fn rows(&mut self) {
        let core = self.core;
        self.rows.solve(core);
        for &(value, row) in &core.declared_rows {
            self.declared(value, row);
        }
        self.contracts();
        for w in std::mem::take(&mut self.wanted_rows) {
            let wanted = self.rows.value(w.wanted, Mode::All, core);
            if wanted.vars.is_empty() && !wanted.unknown {
                let found = self.rows.value(w.found, Mode::All, core);
                let code = if wanted.labels.is_empty() { &code::IMPURE } else { &code::UNDECLARED };
                self.outside(code, w.span, &found, &wanted);
            }
        }
        if let Some(allowed) = &core.package_row {
            self.package(allowed);
        }
        for entry in std::mem::take(&mut self.forms).into_iter().flatten().filter(|e| e.certain) {
            self.unhandled(entry);
        }
    }

    /// What the package itself performs, against what its manifest says. A call of one of its own procedures is no fault:
    /// what that performs is looked at there.
    fn package(&mut self, allowed: &BTreeSet<String>) {
        let core = self.core;
        let folder = format!("{}/", crate::lookup::PACKAGES);
        let names: Vec<&str> = core.order.iter().skip(1).map(|&m| core.names.text(core.modules[m].file)).collect();
        let is_own = |sources: &molt_base::SourceMap, span: Span| {
            let name = sources.file(span.file).name.as_ref();
            names.contains(&name) && !name.contains(&folder)
        };
        let own: HashSet<LambdaId> =
            core.lambdas.iter().filter(|(_, l)| is_own(self.sources, l.span)).map(|(id, _)| id).collect();
        let mut entries: Vec<Entry> = self.forms.iter().flatten().copied().collect();
        for l in own.iter().filter(|l| !self.thunks.contains(l)) {
            entries.extend(&self.rows.entries[l.index()]);
        }
        entries.sort_by_key(|e| (e.span.file, e.span.start, e.span.end));
        for entry in entries {
            if !is_own(self.sources, entry.span) || self.rows.is_call_among(entry.row, &own) {
                continue;
            }
            let performed = self.rows.value(entry.row, Mode::All, core);
            let is_fault = |l: &&Label| {
                let name = self.rows.effect_of(**l, core);
                let is_builtin =
                    |e: &crate::core::Effect| e.is_builtin && core.names.text(e.name).eq_ignore_ascii_case(&name);
                name != "error" && !allowed.contains(&name) && core.effects.iter().any(|(_, e)| is_builtin(e))
            };
            if let Some(&label) = performed.labels.iter().find(is_fault) {
                let label = self.rows.show(label, core);
                self.report(
                    &code::UNDECLARED,
                    entry.span,
                    format!("`{label}` is not among the `effects` of the package"),
                );
            }
        }
    }

    /// A definition and the row that it declares.
    fn declared(&mut self, value: ExprId, row: crate::stx::StxId) {
        let declared = self.row(row, &mut Scope::default());
        let allowed = self.rows.value(declared, Mode::All, self.core);
        let entries = match *self.core.kind(value) {
            ExprKind::Lambda(l) => self.rows.entries[l.index()].clone(),
            _ => {
                let found = self.exprs[value.index()];
                vec![Entry { span: self.span(value), row: self.row_of(found), certain: true }]
            }
        };
        for entry in entries {
            let performed = self.rows.value(entry.row, Mode::All, self.core);
            self.outside(&code::UNDECLARED, entry.span, &performed, &allowed);
            if performed.unknown && allowed.vars.is_empty() {
                let fault = "what is called here is not known, so the declared row cannot be checked";
                self.warn(&code::UNKNOWN_ROW, entry.span, fault);
            }
        }
    }

    fn outside(&mut self, code: &'static molt_diagnostics::Code, span: Span, found: &RowSet, allowed: &RowSet) {
        let names: BTreeSet<String> = allowed.labels.iter().map(|&l| self.rows.effect_of(l, self.core)).collect();
        let fault = found.labels.iter().find(|&&l| !names.contains(&self.rows.effect_of(l, self.core)));
        if let Some(&label) = fault {
            let label = self.rows.show(label, self.core);
            let message = match allowed.labels.is_empty() {
                true => format!("`{label}` is performed where nothing may be"),
                false => format!("`{label}` is performed outside of the declared row"),
            };
            self.report(code, span, message);
        }
    }

    /// Something performed at the top of a module.
    fn unhandled(&mut self, entry: Entry) {
        let core = self.core;
        let performed = self.rows.value(entry.row, Mode::Certain, core);
        let of_program = |l: &&Label| matches!(l, Label::Op(o) if !core.effects[core.ops[*o].effect].is_builtin);
        if let Some(&label) = performed.labels.iter().find(of_program) {
            let label = self.rows.show(label, core);
            self.report(&code::UNHANDLED, entry.span, format!("nothing handles `{label}` here"));
        }
    }
}

fn is_raise(core: &crate::core::Core, op: &crate::core::Operation) -> bool {
    core.names.text(op.name) == "raise" && core.effects[op.effect].is_builtin
}

/// What the clauses of a handler answer.
fn answered(h: &Handler) -> Handled {
    let ops: Vec<OpId> = h.clauses.iter().filter_map(|c| c.op).collect();
    let effects = h.clauses.iter().filter(|c| c.op.is_none()).map(|c| c.effect).collect();
    Handled { ops, effects, unknown: false }
}
