//! What more than one task may reach: values of modules, which all tasks refer to, and the first state of an actor, which who
//! spawns it makes and hands over (section 7).

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::Checked;
use super::solve::{Answer, Solver};
use super::typed::TypedBody;
use crate::hir::{AdtKind, Body, BodyOwner, ConstItemKind, Expr, ExprId, Mutability, UnaryOp};
use crate::ty::{Ty, TyKind};

/// Checks the body of a module's value or of a field's default.
pub(super) fn check_shared(c: &Checked, body: &Body, typed: &TypedBody) {
    if c.hir.packages[c.hir.modules[body.module].package].is_std {
        return;
    }
    match body.owner {
        BodyOwner::Const(k) => {
            let item = &c.hir.consts[k];
            let is_shared = match item.kind {
                ConstItemKind::Static { mutable } => !mutable,
                ConstItemKind::ModuleLet => true,
                ConstItemKind::Const => false,
            };
            let ty = c.types.erase(c.const_type(k));
            if is_shared && c.lacks(body.owner, ty, "sync", item.head.name_span) {
                let text =
                    format!("all tasks can refer to this value, but `{}` does not implement `Sync`", c.ty_text(ty));
                let d = Diagnostic::at(&code::NOT_SEND, item.head.name_span, text)
                    .help("make it where it is used, or give each task its own with a `ThreadLocal`");
                c.report(d);
            }
        }
        BodyOwner::FieldDefault(adt, _) if c.hir.adts[adt].kind == AdtKind::Actor => {
            let (span, ty) = (body.expr_span(body.value), c.types.erase(typed.ret));
            if c.lacks(body.owner, ty, "send", span) && !(Made { c, body, typed }).of_nothing(body.value) {
                let text = format!("an actor cannot be given this value of type `{}`", c.ty_text(ty));
                let d = Diagnostic::at(&code::NOT_SEND, span, text)
                    .note("the first state is made by the task that spawns the actor")
                    .help("begin with `None` or an empty collection, and fill it in `init`");
                c.report(d);
            }
        }
        _ => {}
    }
}

impl Checked {
    fn lacks(&self, owner: BodyOwner, ty: Ty, name: &str, span: Span) -> bool {
        let Some(marker) = self.hir.lang_trait(name) else { return false };
        Solver::new(self, self.env_of(owner)).implements(ty, marker, span) == Answer::No
    }
}

/// Expressions by what their values can refer to.
struct Made<'a> {
    c: &'a Checked,
    body: &'a Body,
    typed: &'a TypedBody,
}

impl Made<'_> {
    /// Whether a value is made of constants alone, by the language or by functions of the library, so that nobody else has a
    /// part of it.
    fn of_nothing(&self, e: ExprId) -> bool {
        match &self.body.exprs[e] {
            Expr::Lit(_) => true,
            Expr::Path(_) => {
                matches!(self.c.types.kind(self.typed.expr(e)), TyKind::Ctor(..) | TyKind::FnDef(..) | TyKind::Adt(..))
                    && self.typed.consts.get(&e).is_none_or(|&(k, _)| self.c.hir.consts[k].kind == ConstItemKind::Const)
                    && !matches!(self.body.exprs[e], Expr::Path(crate::hir::PathRes::Const(k))
                        if self.c.hir.consts[k].kind != ConstItemKind::Const)
            }
            Expr::Tuple(parts) | Expr::Array(parts) => parts.iter().all(|&p| self.of_nothing(p)),
            Expr::Repeat { value, .. }
            | Expr::Cast { value, .. }
            | Expr::Unary { op: UnaryOp::Neg, value }
            | Expr::Ref { mutability: Mutability::Shared, value } => self.of_nothing(*value),
            Expr::Struct { fields, base: None, .. } => fields.iter().all(|f| self.of_nothing(f.value)),
            Expr::Call { callee, args } => {
                let made = match self.c.types.kind(self.typed.expr(*callee)) {
                    TyKind::Ctor(..) => true,
                    // Of a trait it may be anybody's function.
                    TyKind::FnDef(f, _) => self.c.is_std_fn(f) && self.c.trait_of_fn(f).is_none(),
                    _ => false,
                };
                made && self.c.collected(self.typed.expr(e)).is_none() && args.iter().all(|&a| self.of_nothing(a))
            }
            _ => false,
        }
    }
}
