//! The checker: types, numbers of operands, effect rows, patterns (section 4 of the reference).
//!
//! It looks at core after expansion and before lowering. Typing is gradual: a finding is what goes wrong whenever the place
//! is reached, and what cannot be decided is left to run time as tests in [`Core::tests`], of variables and of fields. The
//! types of the library are a table in the language itself (`library/types.cl`).
//!
//! - [`infer`] and [`calls`] give every expression a type, once; procedures are looked at where they are first named.
//! - [`row`] collects what is performed; rows have values when all procedures were seen.
//! - [`exhaustive`] and [`warnings`] look at what is suspicious and not wrong.

mod annotation;
mod calls;
mod contracts;
mod definitions;
mod effects;
mod exhaustive;
mod infer;
mod narrow;
mod row;
mod shared;
pub mod shown;
#[cfg(test)]
mod tests;
mod ty;
mod warnings;

pub use definitions::{asks_for_definitions, describe_definitions};

use std::collections::{HashMap, HashSet};

use molt_base::{EntityId, FileId, SourceMap, Span, Symbol};
use molt_diagnostics::{Code, Diagnostic};

use crate::core::{Core, CtorId, ExprId, LambdaId, LocalId, OpId};
use crate::notes::Meaning;
use crate::stx::{StxId, Syntax};
use annotation::Scope;
use row::{Entry, Rows};
use ty::{TyId, Types};

/// The types of the library's functions.
pub(crate) const TABLE: &str = include_str!("library/types.cl");

/// What is known of a procedure.
#[derive(Clone, Copy)]
enum State {
    Fresh,
    /// Its body is being looked at; the result is not known yet.
    Open(TyId),
    Done(TyId),
}

/// The walk.
struct Checker<'a> {
    core: &'a Core,
    syntax: &'a Syntax,
    sources: &'a SourceMap,
    table: HashMap<Symbol, Vec<StxId>>,
    signatures: HashMap<Symbol, Vec<TyId>>,
    types: Types,
    rows: Rows,
    findings: Vec<Diagnostic>,
    reported: HashSet<(Span, &'static str)>,
    lambdas: Vec<State>,
    locals: Vec<Option<TyId>>,
    globals: Vec<Option<TyId>>,
    exprs: Vec<TyId>,
    ctors: Vec<Option<TyId>>,
    ops: Vec<Option<TyId>>,
    /// What conditions around the place say of variables.
    narrowed: Vec<(LocalId, TyId)>,
    /// Conditions around the place in the procedure or form at hand.
    conditions: usize,
    /// What is performed in the procedure or form at hand.
    frame: Vec<Entry>,
    owner: Option<LambdaId>,
    owners: Vec<Option<LambdaId>>,
    /// Procedures that are parts of the one around them: bodies of handlers.
    thunks: HashSet<LambdaId>,
    /// The values of variables that `let` binds.
    values: HashMap<LocalId, ExprId>,
    /// Top-level forms with what they perform.
    forms: Vec<Vec<Entry>>,
    /// What the last of them performs.
    described: Option<Vec<Entry>>,
    tests: Vec<(ExprId, TyId)>,
    /// Parameters that some call may give a value of another type.
    open_params: HashSet<LocalId>,
    /// Procedures that are used as values.
    escaping: HashSet<LambdaId>,
    param_types: Vec<(LambdaId, LocalId, TyId)>,
    wanted_rows: Vec<effects::Wanted>,
    /// Names of types, if notes are wanted.
    type_uses: Vec<(Span, Meaning)>,
    /// Suspicious places, shown if the program is otherwise in order.
    warned: Vec<Diagnostic>,
}

/// Checks a program: its findings, and the tests that are left to run time.
pub fn check(core: &mut Core, syntax: &mut Syntax, sources: &SourceMap, wants_warnings: bool) -> Vec<Diagnostic> {
    let mut checker = Checker::done(core, syntax, sources);
    if wants_warnings {
        checker.warnings();
    }
    let Checker { types, tests, open_params, escaping, param_types, ctors, mut findings, .. } = checker;
    for (e, t) in tests {
        if let Some(test) = types.test(t, core) {
            core.tests.insert(e, test);
        }
    }
    for (lambda, local, t) in param_types {
        if open_params.contains(&local) || escaping.contains(&lambda) {
            core.locals[local].test = types.test(t, core);
        }
    }
    for (c, t) in ctors.iter().enumerate() {
        let fields = t.and_then(|t| types.as_fn(t)).map(|f| f.params.clone()).unwrap_or_default();
        for (i, t) in fields.into_iter().enumerate() {
            core.ctors[CtorId(c as u32)].fields[i].test = types.test(t, core);
        }
    }
    findings.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    findings
}

/// The type of an expression at the top of a module and what it may perform, as messages show them.
pub fn describe(core: &mut Core, syntax: &mut Syntax, sources: &SourceMap, e: ExprId) -> (String, String) {
    let mut checker = Checker::done(core, syntax, sources);
    let form = checker.described.take().unwrap_or_default();
    let mut row = row::RowSet::default();
    let shown = checker.type_text(e);
    let core = checker.core;
    form.iter().for_each(|entry| row.add(&checker.rows.value(entry.row, row::Mode::All, core)));
    (shown, checker.rows.show_all(&row, core))
}

/// The types of expressions, as messages show them.
pub fn describe_all(core: &mut Core, syntax: &mut Syntax, sources: &SourceMap, exprs: &[ExprId]) -> Vec<String> {
    let mut checker = Checker::done(core, syntax, sources);
    exprs.iter().map(|&e| checker.type_text(e)).collect()
}

/// Reads the table of the library's types.
fn table(core: &mut Core, syntax: &mut Syntax) -> HashMap<Symbol, Vec<StxId>> {
    let read = crate::syntax::read(FileId(0), TABLE);
    debug_assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    let mut table = HashMap::new();
    for row in syntax.add(&read.data, &mut core.names) {
        let (names, types) = syntax.parts(row).split_first().expect("a row has names");
        let names = if syntax.name(*names).is_some() { std::slice::from_ref(names) } else { syntax.parts(*names) };
        for &name in names {
            table.insert(syntax.text(name), types.to_vec());
        }
    }
    table
}

impl<'a> Checker<'a> {
    /// The walk through a whole program.
    fn done(core: &'a mut Core, syntax: &'a mut Syntax, sources: &'a SourceMap) -> Checker<'a> {
        let table = table(core, syntax);
        let mut checker = Checker::new(core, syntax, sources, table);
        checker.modules();
        checker.rows();
        checker
    }

    fn new(
        core: &'a Core,
        syntax: &'a Syntax,
        sources: &'a SourceMap,
        table: HashMap<Symbol, Vec<StxId>>,
    ) -> Checker<'a> {
        Checker {
            core,
            syntax,
            sources,
            table,
            signatures: HashMap::new(),
            types: Types::new(),
            rows: Rows::new(core.lambdas.len()),
            findings: Vec::new(),
            reported: HashSet::new(),
            lambdas: vec![State::Fresh; core.lambdas.len()],
            locals: vec![None; core.locals.len()],
            globals: vec![None; core.globals.len()],
            exprs: vec![Types::ANY; core.exprs.len()],
            ctors: vec![None; core.ctors.len()],
            ops: vec![None; core.ops.len()],
            narrowed: Vec::new(),
            conditions: 0,
            frame: Vec::new(),
            owner: None,
            owners: vec![None; core.locals.len()],
            thunks: HashSet::new(),
            values: HashMap::new(),
            forms: Vec::new(),
            described: None,
            tests: Vec::new(),
            open_params: HashSet::new(),
            escaping: HashSet::new(),
            param_types: Vec::new(),
            wanted_rows: Vec::new(),
            type_uses: Vec::new(),
            warned: Vec::new(),
        }
    }

    /// All modules but the library's part in the language itself, whose types are in the table.
    fn modules(&mut self) {
        let core = self.core;
        for c in core.ctors.ids() {
            self.ctor(c);
        }
        for o in core.ops.ids() {
            self.operation(o);
        }
        for alias in &core.aliases {
            self.annotation(alias.ty, &mut Scope::default());
        }
        for &m in core.order.iter().skip(1) {
            for &form in &core.modules[m].body {
                self.infer(form, None);
                let frame = std::mem::take(&mut self.frame);
                self.forms.push(frame);
            }
        }
        self.described = self.forms.last().cloned();
    }

    /// The type of an expression, with the row of its calls where it is a procedure.
    fn type_text(&mut self, e: ExprId) -> String {
        let core = self.core;
        let mut shown = self.types.show_alone(self.exprs[e.index()], core);
        if let Some(f) = self.types.as_fn(self.exprs[e.index()]) {
            let of_calls = self.rows.value(f.row, row::Mode::All, core);
            shown.push_str(&format!(" {}", self.rows.show_all(&of_calls, core)));
        }
        shown
    }

    fn span(&self, e: ExprId) -> Span {
        self.core.exprs[e].span
    }

    fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.once(Diagnostic::at(code, span, message));
    }

    /// Reports what was not found at the same place before.
    fn once(&mut self, finding: Diagnostic) {
        let Some(span) = finding.primary_span() else { return };
        if self.reported.insert((span, finding.code.id)) {
            self.findings.push(finding);
        }
    }

    /// The types of a function of the library, most special one first.
    fn signatures(&mut self, name: Symbol) -> Vec<TyId> {
        if let Some(known) = self.signatures.get(&name) {
            return known.clone();
        }
        let rows = self.table.get(&name).cloned().unwrap_or_default();
        let types: Vec<TyId> = rows.into_iter().map(|s| self.signature(s)).collect();
        self.signatures.insert(name, types.clone());
        types
    }

    /// The type of a constructor: a procedure, or of one without fields its value.
    fn ctor(&mut self, c: CtorId) -> TyId {
        if let Some(t) = self.ctors[c.index()] {
            return t;
        }
        let core = self.core;
        let ctor = &core.ctors[c];
        let data = &core.data_types[ctor.data];
        let vars: Vec<TyId> = data.variables.iter().map(|_| self.types.fresh()).collect();
        let mut scope = Scope::with(&data.variables, &vars);
        let fields: Vec<Option<StxId>> = ctor.fields.iter().map(|f| f.ty).collect();
        let params: Vec<TyId> =
            fields.into_iter().map(|s| s.map_or(Types::ANY, |s| self.annotation(s, &mut scope))).collect();
        let result = self.types.add(ty::Ty::Data(ctor.data, vars.into()));
        let f = ty::FnTy { least: params.len(), params, rest: None, result, row: Rows::PURE };
        let t = self.types.add(ty::Ty::Fn(Box::new(f)));
        self.ctors[c.index()] = Some(t);
        t
    }

    /// The type of an operation as a procedure.
    fn operation(&mut self, o: OpId) -> TyId {
        if let Some(t) = self.ops[o.index()] {
            return t;
        }
        let core = self.core;
        let op = &core.ops[o];
        let label = self.rows.add(row::Row::Label(row::Label::Op(o)));
        let mut f = match &op.ty {
            Some((operands, result)) => {
                let mut scope = Scope::default();
                let params: Vec<TyId> = operands.iter().map(|&s| self.annotation(s, &mut scope)).collect();
                let result = self.annotation(*result, &mut scope);
                ty::FnTy { least: params.len(), params, rest: None, result, row: label }
            }
            None => self.builtin_operation(o),
        };
        f.row = label;
        let t = self.types.add(ty::Ty::Fn(Box::new(f)));
        self.ops[o.index()] = Some(t);
        t
    }

    fn builtin_operation(&mut self, o: OpId) -> ty::FnTy {
        let op = &self.core.ops[o];
        let label = self.core.names.text(self.core.effects[op.effect].name).to_ascii_lowercase();
        let name = format!("{label}:{}", self.core.names.text(op.name));
        let known = self.core.names.lookup(&name).map(|n| self.signatures(n)).unwrap_or_default();
        let (least, most) = op.arity;
        if let Some(f) = known.last().and_then(|&t| self.types.as_fn(t))
            && f.least == least
        {
            return f.clone();
        }
        let result = if op.is_never { Types::NEVER } else { Types::ANY };
        let params = vec![Types::ANY; most.unwrap_or(least)];
        ty::FnTy { params, least, rest: most.is_none().then_some(Types::ANY), result, row: Rows::PURE }
    }
}
