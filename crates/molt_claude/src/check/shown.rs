//! Types and rows as texts, for those who show programs.

use std::collections::HashMap;

use molt_base::{EntityId, SourceMap, Span};
use molt_diagnostics::Diagnostic;

use super::ty::TyId;
use super::{Checker, row};
use crate::core::{Core, ExprId, ExprKind, GlobalId};
use crate::notes::Meaning;
use crate::stx::Syntax;

/// What the checker knows of the names and places of a program, that of the library left out.
#[derive(Debug, Default)]
pub struct Shown {
    /// The types of names.
    pub types: HashMap<Meaning, String>,
    /// What calls of variables of modules perform, where these are procedures.
    pub rows: HashMap<GlobalId, String>,
    /// Expressions with the places of their types in `texts`.
    pub exprs: Vec<(Span, u32)>,
    pub texts: Vec<String>,
    /// Names of types.
    pub uses: Vec<(Span, Meaning)>,
}

/// Checks a program for its findings, and tells what was found out about it.
pub fn inspect(core: &mut Core, syntax: &mut Syntax, sources: &SourceMap) -> (Vec<Diagnostic>, Shown) {
    let mut checker = Checker::done(core, syntax, sources);
    checker.warnings();
    let shown = checker.shown();
    let mut findings = checker.findings;
    findings.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    (findings, shown)
}

impl Checker<'_> {
    fn shown(&mut self) -> Shown {
        let core = self.core;
        let mut shown = Shown { uses: std::mem::take(&mut self.type_uses), ..Shown::default() };
        let is_own = |span: Span| span.file.index() > 0;
        for (l, local) in core.locals.iter().filter(|(_, l)| is_own(l.span)) {
            if let Some(t) = self.locals[l.index()] {
                let is_procedure = local.lambda.is_some();
                shown.types.insert(Meaning::Local(l), self.with_row(t, is_procedure).0);
            }
        }
        for (c, _) in core.ctors.iter() {
            let t = self.ctor(c);
            shown.types.insert(Meaning::Ctor(c), self.types.show_alone(t, core));
        }
        for (o, _) in core.ops.iter() {
            let t = self.operation(o);
            shown.types.insert(Meaning::Op(o), self.types.show_alone(t, core));
        }
        let mut places: HashMap<TyId, u32> = HashMap::new();
        for (e, expr) in core.exprs.iter().filter(|(_, e)| is_own(e.span)) {
            if let ExprKind::InitGlobal(g, value) = expr.kind {
                self.global_shown(g, value, &mut shown);
                continue;
            }
            let t = self.exprs[e.index()];
            let place = *places.entry(t).or_insert_with(|| {
                shown.texts.push(self.types.show_alone(t, core));
                shown.texts.len() as u32 - 1
            });
            shown.exprs.push((expr.span, place));
        }
        shown
    }

    fn global_shown(&mut self, g: GlobalId, value: ExprId, shown: &mut Shown) {
        let (text, row) = self.with_row(self.exprs[value.index()], true);
        shown.types.insert(Meaning::Global(g), text);
        if let Some(row) = row.filter(|_| self.core.globals[g].lambda.is_some()) {
            shown.rows.insert(g, row);
        }
    }

    /// A type with the row of its calls, where it is a procedure; the row alone too.
    fn with_row(&mut self, t: TyId, is_wanted: bool) -> (String, Option<String>) {
        let core = self.core;
        let mut text = self.types.show_alone(t, core);
        let row = self.types.as_fn(t).filter(|_| is_wanted).map(|f| f.row);
        let row = row.map(|r| self.rows.show_all(&self.rows.value(r, row::Mode::All, core), core));
        row.iter().for_each(|row| text.push_str(&format!(" {row}")));
        (text, row)
    }
}
