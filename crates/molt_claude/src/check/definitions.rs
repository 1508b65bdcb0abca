//! What is known of the procedures of a program that looks at its own definitions (`graph:of`, `semantic:version`).

use std::collections::{HashMap, HashSet};

use molt_base::{EntityId, SourceMap, Span};
use serde_json::json;

use super::Checker;
use super::row::{Mode, RowSet};
use crate::core::{Core, ExprId, ExprKind, GlobalId, LambdaId};
use crate::stx::Syntax;

/// The functions of the library that want to know.
const ASKING: &[&str] = &["graph:of", "semantic:version"];

/// Keeps in the core what is known of each procedure of the program, as JSON: `source`, `type` with `row`, a list of labels,
/// and `contract`, what is written of it.
pub fn describe_definitions(core: &mut Core, syntax: &mut Syntax, sources: &SourceMap) {
    let library = core.order[0];
    let of_library = core.names.text(core.modules[library].file).to_owned();
    let defined: HashMap<ExprId, GlobalId> = core
        .exprs
        .iter()
        .filter_map(|(_, e)| match e.kind {
            ExprKind::InitGlobal(g, value) => Some((value, g)),
            _ => None,
        })
        .collect();
    let lambdas: Vec<(ExprId, LambdaId)> = core
        .exprs
        .iter()
        .filter_map(|(id, e)| match e.kind {
            ExprKind::Lambda(lambda) if sources.file(e.span.file).name != of_library => Some((id, lambda)),
            _ => None,
        })
        .collect();
    let written = |span: Span| &sources.file(span.file).text[span.start as usize..span.end as usize];
    let mut checker = Checker::done(core, syntax, sources);
    let mut found = Vec::new();
    for (e, lambda) in lambdas {
        let core = checker.core;
        let global = defined.get(&e);
        let contract = global.and_then(|g| core.specified.get(g)).copied();
        let body =
            core.contracts.iter().find(|c| global.is_some() && c.function.as_ref() == global).and_then(|c| c.body);
        let (ty, row) = checker.type_and_row(e, lambda, contract, body);
        let contract = contract.map(written);
        let place = core.written.get(&lambda).copied().unwrap_or(core.lambdas[lambda].span);
        let source = written(place);
        found.push((lambda, json!({"source": source, "type": ty, "row": row, "contract": contract}).to_string()));
    }
    for (lambda, text) in found {
        let text = core.names.intern(&text);
        core.definitions.insert(lambda, text);
    }
}

/// Whether a program asks for its definitions: something outside of the library means one of the functions.
pub fn asks_for_definitions(core: &Core) -> bool {
    let library = core.order[0];
    let asking: HashSet<GlobalId> = core
        .globals
        .iter()
        .filter(|(_, g)| g.module == library && ASKING.contains(&core.names.text(g.name)))
        .map(|(id, _)| id)
        .collect();
    let within = core.exprs.iter().find_map(|(_, e)| match e.kind {
        ExprKind::InitGlobal(g, _) if asking.contains(&g) => Some(e.span.file),
        _ => None,
    });
    core.exprs
        .iter()
        .any(|(_, e)| matches!(e.kind, ExprKind::Global(g) if asking.contains(&g)) && Some(e.span.file) != within)
}

impl Checker<'_> {
    /// The type of a procedure, and what its calls may perform: labels as they are declared, with an operation where only that
    /// is performed; `?` for what nothing is known of. What the checks of a contract do is no part of it, so that it is the
    /// same where they are left out.
    fn type_and_row(
        &mut self,
        e: ExprId,
        lambda: LambdaId,
        contract: Option<Span>,
        body: Option<ExprId>,
    ) -> (String, Vec<String>) {
        let core = self.core;
        let shown = self.type_text(e);
        // The row comes last, and has no braces inside.
        let (ty, row) = shown.rsplit_once(" {").unwrap_or((&shown, ""));
        let row = match contract {
            None => row.to_owned(),
            Some(contract) => {
                let mut own = RowSet::default();
                let is_check = |s: Span| s.file == contract.file && contract.start <= s.start && s.end <= contract.end;
                let body = body.and_then(|b| match *core.kind(b) {
                    ExprKind::Lambda(lambda) => Some(lambda),
                    _ => None,
                });
                for lambda in [Some(lambda), body].into_iter().flatten() {
                    for entry in self.rows.entries[lambda.index()].iter().filter(|entry| !is_check(entry.span)) {
                        own.add(&self.rows.value(entry.row, Mode::All, core));
                    }
                }
                self.rows.show_all(&own, core)
            }
        };
        let row = row.trim_matches(['{', '}']).split_whitespace().filter_map(|entry| {
            let (label, op) = entry.split_once(':').map_or((entry, None), |(label, op)| (label, Some(op)));
            let declared =
                core.effects.iter().map(|(_, e)| core.names.text(e.name)).find(|n| n.eq_ignore_ascii_case(label));
            match (declared, op) {
                (Some(label), Some(op)) => Some(format!("{label}:{op}")),
                (Some(label), None) => Some(label.to_owned()),
                // A variable stands for the row of an operand.
                (None, _) => (label == "?").then(|| label.to_owned()),
            }
        });
        (ty.to_owned(), row.collect())
    }
}
