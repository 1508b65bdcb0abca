//! W0103 and W0104: statements that drop a `Result` or a future, and code that control never comes to.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::context::Checked;
use super::typed::TypedBody;
use crate::hir::{Block, Body, Expr, ExprId, Stmt};
use crate::ty::Ty;

/// Checks the blocks of a body whose types are known.
pub fn check_statements(c: &Checked, body: &Body, typed: &TypedBody) {
    if c.hir.packages[c.hir.modules[body.module].package].is_std {
        return;
    }
    for (_, expr) in body.exprs.iter() {
        let Expr::Block(block) = expr else { continue };
        for stmt in &block.stmts {
            let Stmt::Expr(e) = *stmt else { continue };
            let ty = typed.expr_ty[e.0 as usize];
            if ty == Ty::UNIT || ty == Ty::NEVER {
                continue;
            }
            let d = if c.is_lang_adt(ty, "Result") {
                let text = "the `Result` of this statement is dropped, and with it the error";
                Diagnostic::at(&grok::UNUSED_RESULT, body.expr_span(e), text)
            } else if c.is_future(ty) {
                let text = "this future is dropped before it was awaited, so it does nothing";
                Diagnostic::at(&grok::UNUSED_RESULT, body.expr_span(e), text)
                    .help("await it: put `.await` after it, or drop it by `let _ = ..`")
            } else {
                continue;
            };
            c.report(d);
        }
        unreachable(c, body, typed, block);
    }
}

/// Reports the first statement of a block after one that never ends.
fn unreachable(c: &Checked, body: &Body, typed: &TypedBody, block: &Block) {
    let never = |e: ExprId| typed.expr_ty[e.0 as usize] == Ty::NEVER;
    let ends = |stmt: &Stmt| match *stmt {
        Stmt::Expr(e) => never(e).then_some(e),
        Stmt::Let { init, .. } => init.filter(|&e| never(e)),
    };
    let Some((n, last)) = block.stmts.iter().enumerate().find_map(|(n, s)| Some((n, ends(s)?))) else { return };
    let next: Option<Span> = match block.stmts.get(n + 1) {
        Some(Stmt::Let { span, .. }) => Some(*span),
        Some(Stmt::Expr(e)) => Some(body.expr_span(*e)),
        None => block.tail.map(|e| body.expr_span(e)),
    };
    let Some(next) = next else { return };
    let d = Diagnostic::at(&grok::UNREACHABLE_CODE, next, "control never comes here").label(
        body.expr_span(last),
        "this never ends, or leaves the block",
        false,
    );
    c.report(d);
}
