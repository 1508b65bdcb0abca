//! Do patterns cover all values, and is every arm of use (section 4.6)?
//!
//! [`check_patterns`] looks at each `match`, `let`, loop and parameter of a body: E0004 with up to three values that no arm
//! takes, E0005 where a pattern that must match may not, W0107 for arms and alternatives that nothing reaches. Patterns become
//! constructors ([`pattern`]), a column of them is [`split`], and [`useful`] asks which rows take which values.

mod pattern;
pub mod ranges;
mod split;
#[cfg(test)]
mod tests;
mod useful;
mod witness;

use molt_base::Span;
use molt_diagnostics::{Diagnostic, registry};

use super::context::{Checked, Env};
use super::typed::TypedBody;
use crate::hir::{Arm, Body, Expr, ExprId, Pat, PatId, ScopeKind, Stmt};
use crate::ty::Ty;
use pattern::{Ctor, Lowered, Node};
use useful::{Matrix, Row, useful};

/// How many missing values a message lists.
const MAX_SHOWN: usize = 3;

/// Reports patterns that do not cover their values, and patterns that nothing reaches.
pub fn check_patterns(c: &Checked, env: Env, body: &Body, typed: &TypedBody) {
    let check = Check { c, env, body, typed };
    for &(pat, _) in &body.params {
        check.irrefutable(pat, "parameter");
    }
    for (id, expr) in body.exprs.iter() {
        check.expr(id, expr);
    }
}

struct Check<'a> {
    c: &'a Checked,
    env: Env,
    body: &'a Body,
    typed: &'a TypedBody,
}

impl Check<'_> {
    fn expr(&self, id: ExprId, expr: &Expr) {
        match expr {
            Expr::Match { value, arms } => self.match_arms(*value, arms),
            Expr::Let { pat, .. } => self.alternatives(*pat),
            Expr::For { scope, pat, .. } => {
                debug_assert_eq!(self.body.scopes[*scope].kind, ScopeKind::For, "{id}");
                self.irrefutable(*pat, "`for` loop");
            }
            Expr::Closure(closure) => closure.params.iter().for_each(|&(pat, _)| self.irrefutable(pat, "parameter")),
            Expr::Block(block) => {
                for stmt in &block.stmts {
                    match stmt {
                        Stmt::Let { pat, otherwise: None, .. } => self.irrefutable(*pat, "`let`"),
                        Stmt::Let { pat, otherwise: Some(_), .. } => self.alternatives(*pat),
                        Stmt::Expr(_) => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn lowered(&self) -> Lowered<'_> {
        Lowered::new(self.c, self.env, self.body, self.typed)
    }

    fn match_arms(&self, value: ExprId, arms: &[Arm]) {
        let ty = self.typed.adjusted(value);
        let mut pats = self.lowered();
        let nodes: Vec<Node> = arms.iter().map(|a| pats.lower(a.pat)).collect();
        if pats.failed || ty == Ty::ERROR {
            return;
        }
        if arms.is_empty() {
            if !pats.is_empty(ty) {
                self.report_missing(self.body.expr_span(value), ty, &["_".to_string()]);
            }
            return;
        }
        let guarded: Vec<bool> = arms.iter().map(|a| a.guard.is_some()).collect();
        let (missing, reached) = self.run(&mut pats, ty, &nodes, &guarded);
        for (n, arm) in arms.iter().enumerate() {
            if reached[n] {
                self.unreached_parts(&pats, nodes[n]);
            } else {
                self.unreachable(self.body.pat_span(arm.pat), "this arm is never reached");
            }
        }
        if !missing.is_empty() {
            self.report_missing(self.body.expr_span(value), ty, &missing);
        }
    }

    /// Values that no row takes, and which rows are reached.
    fn run(&self, pats: &mut Lowered<'_>, ty: Ty, nodes: &[Node], guarded: &[bool]) -> (Vec<String>, Vec<bool>) {
        let rows = nodes
            .iter()
            .zip(guarded)
            .enumerate()
            .map(|(n, (&node, &guarded))| Row { stack: vec![node], guarded, useful: false, parent: n })
            .collect();
        let mut matrix = Matrix { rows, types: vec![ty] };
        let witnesses = useful(pats, &mut matrix, true);
        let mut reached = vec![false; nodes.len()];
        for row in &matrix.rows {
            reached[row.parent] |= row.useful;
        }
        (witnesses.iter().map(|w| w[0].text(self.c)).collect(), reached)
    }

    fn report_missing(&self, span: Span, ty: Ty, missing: &[String]) {
        let listed = list(missing);
        let help = if missing.len() == 1 {
            format!("add an arm `{} => ..`", missing[0])
        } else {
            "add arms for these values, or a last arm `_ => ..`".to_string()
        };
        let verb = if missing.len() == 1 { "is" } else { "are" };
        self.c.report(
            Diagnostic::new(&registry::grok::MATCH_NOT_EXHAUSTIVE, format!("{listed} {verb} not matched"))
                .label(span, format!("this is a `{}`", self.c.ty_text(ty)), true)
                .help(help),
        );
    }

    /// A pattern that must take every value of its type.
    fn irrefutable(&self, pat: PatId, place: &str) {
        if matches!(self.body.pats[pat], Pat::Wild | Pat::Bind { sub: None, .. }) {
            return;
        }
        let mut pats = self.lowered();
        let node = pats.lower(pat);
        let ty = pats.matched_ty(pat);
        if pats.failed || ty == Ty::ERROR {
            return;
        }
        let (missing, _) = self.run(&mut pats, ty, &[node], &[false]);
        if missing.is_empty() {
            return self.unreached_parts(&pats, node);
        }
        let listed = list(&missing);
        let help = match place {
            "`let`" => "use `let .. else`, `if let` or `match`".to_string(),
            _ => format!("take the value by a name and `match` it inside the {}", body_of(place)),
        };
        self.c.report(
            Diagnostic::new(
                &registry::grok::REFUTABLE_PATTERN,
                format!("a pattern of a {place} must match every value, and {listed} would not"),
            )
            .label(self.body.pat_span(pat), format!("{listed} not matched"), true)
            .help(help),
        );
    }

    /// Alternatives of a pattern that may fail as a whole.
    fn alternatives(&self, pat: PatId) {
        let mut pats = self.lowered();
        let node = pats.lower(pat);
        let ty = pats.matched_ty(pat);
        if pats.failed || ty == Ty::ERROR || !pats.nodes.iter().any(|n| n.ctor == Ctor::Or) {
            return;
        }
        self.run(&mut pats, ty, &[node], &[false]);
        self.unreached_parts(&pats, node);
    }

    /// Warns of alternatives inside of a pattern that is reached.
    fn unreached_parts(&self, pats: &Lowered<'_>, node: Node) {
        let outer = &pats.nodes[node as usize];
        for &field in &outer.fields {
            let inner = &pats.nodes[field as usize];
            if outer.ctor == Ctor::Or && !inner.useful && inner.ctor != Ctor::Or {
                if let Some(source) = inner.source {
                    self.unreachable(self.body.pat_span(source), "this alternative is never reached");
                }
            } else {
                self.unreached_parts(pats, field);
            }
        }
    }

    fn unreachable(&self, span: Span, text: &str) {
        self.c.report(
            Diagnostic::new(&registry::grok::UNREACHABLE_PATTERN, "unreachable pattern")
                .label(span, text, true)
                .note("the patterns before it take all its values"),
        );
    }
}

fn body_of(place: &str) -> &str {
    if place == "parameter" { "body" } else { "loop" }
}

/// `A`, `A` and `B`, `A`, `B`, `C` and more.
fn list(missing: &[String]) -> String {
    let shown: Vec<String> = missing.iter().take(MAX_SHOWN).map(|m| format!("`{m}`")).collect();
    match (&shown[..], missing.len() > MAX_SHOWN) {
        ([one], _) => one.clone(),
        (many, true) => format!("{} and more", many.join(", ")),
        ([first @ .., last], false) => format!("{} and {last}", first.join(", ")),
        ([], _) => String::new(),
    }
}
