//! Constants in types (lengths of arrays, discriminants, constant arguments) and the values of constant items.
//!
//! A constant in a type is evaluated when the type is first met, so its body, and the `const fn`s that it calls, may be
//! inferred before their turn. Constant items are evaluated when everything is checked: their code computes the value where
//! it is used, and what would go wrong there is found here.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::{UNSUPPORTED_CONSTRUCT, grok as code};

use super::context::{Checked, Owner};
use super::signature::Completeness;
use crate::hir::{Body, BodyId, BodyOwner, ConstId, ConstItemKind, Expr, FnId, Parent, PathRes};
use crate::mir::Mir;
use crate::mir::eval::{Failure, Value};
use crate::ty::{Args, Const, ConstKind, Ty};

/// How deep constants may refer to one another.
const MAX_DEPTH: usize = 128;

impl Checked {
    /// Value of a constant expression; what goes wrong is reported once.
    pub fn const_value(&self, body: BodyId) -> Option<i128> {
        if let Some(&known) = self.const_values.borrow().get(&body) {
            return known;
        }
        let made = self.hir.body(body)?;
        let span = made.expr_span(made.value);
        let value = match made.owner {
            BodyOwner::Const(k) => self.item_value(k, Args::EMPTY, span),
            owner => self.nested(body, None, span, || self.evaluate(owner, Args::EMPTY)),
        };
        let value = match value {
            Ok(value) => value.int(),
            Err(failure) => {
                self.report_failure(failure);
                None
            }
        };
        self.const_values.borrow_mut().insert(body, value);
        value
    }

    /// Evaluates what a body is for, unless that is under way: then it needs itself. Of a constant item that is said once.
    fn nested(
        &self,
        body: BodyId,
        item: Option<ConstId>,
        span: Span,
        evaluate: impl FnOnce() -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        if self.evaluating.borrow().contains(&body) || self.evaluating.borrow().len() >= MAX_DEPTH {
            match item {
                Some(k) => self.report_cycle(k, span),
                None => return Err(Failure::Wrong("this constant needs itself".into(), span, None)),
            }
            return Err(Failure::Broken);
        }
        self.evaluating.borrow_mut().push(body);
        let value = evaluate();
        self.evaluating.borrow_mut().pop();
        value
    }

    /// Whether the value of a constant that a pattern names is being computed, which is reported there.
    pub(crate) fn is_under_way(&self, k: ConstId, at: Span) -> bool {
        let under_way = self.hir.consts[k].body.is_some_and(|b| self.evaluating.borrow().contains(&b));
        if under_way {
            self.report_cycle(k, at);
        }
        under_way
    }

    /// A static, or value of a module, is read at a place before it is there.
    pub(crate) fn report_late(&self, by: ConstId, read: ConstId, at: Span) {
        if by == read {
            return self.report_cycle(read, at);
        }
        let (name, first) = (&self.hir.consts[read].head, &self.hir.consts[by].head);
        let text = format!("`{}` is read before it has a value", self.hir.text(name.name));
        let d = Diagnostic::at(&code::CONST_EVALUATION, at, text)
            .label(first.name_span, "it is read to make this", false)
            .help("statics and values of modules are made in the order in which they are written: move it up");
        self.report(d);
    }

    fn report_cycle(&self, k: ConstId, at: Span) {
        if self.cyclic.borrow_mut().insert(k) {
            let what = match self.hir.consts[k].kind {
                ConstItemKind::Const => "constant",
                ConstItemKind::Static { .. } => "static",
                ConstItemKind::ModuleLet => "value of a module",
            };
            self.error(&code::CONST_EVALUATION, at, format!("this {what} needs itself"));
        }
    }

    /// The type of a constant that is used at a place. What the program leaves out is inferred now if it was not before; a
    /// constant whose type is being inferred needs itself. `None` if that was reported.
    pub(super) fn const_type_at(&self, k: ConstId, at: Span) -> Option<Ty> {
        let item = &self.hir.consts[k];
        let owner = BodyOwner::Const(k);
        if item.ty.is_none() && self.typed(owner).is_none() {
            if self.inferring.borrow().contains(&owner) {
                self.report_cycle(k, at);
                return None;
            }
            let body = self.body_of(owner)?;
            if !self.is_closed(body) {
                let text = format!("the type of `{}` is not known yet", self.hir.text(item.head.name));
                self.report(Diagnostic::at(&code::TYPE_UNKNOWN, at, text).help("write the type of the constant"));
                return None;
            }
            self.check_group(&[owner]);
        }
        Some(self.const_type(k))
    }

    /// Value of a constant item for these arguments, used at a place. What goes wrong in the item is reported there.
    pub(crate) fn item_value(&self, k: ConstId, args: Args, at: Span) -> Result<Value, Failure> {
        if let Some(known) = self.item_values.borrow().get(&(k, args)) {
            return known.clone();
        }
        let item = &self.hir.consts[k];
        let (Some(body), ConstItemKind::Const) = (item.body, item.kind) else { return Err(Failure::Unsupported(at)) };
        // A type in its own initialiser has it as a length or argument.
        if self.inferring.borrow().contains(&BodyOwner::Const(k)) {
            self.report_cycle(k, at);
            return Err(Failure::Broken);
        }
        let value = self.nested(body, Some(k), at, || self.evaluate(BodyOwner::Const(k), args));
        let value = match value {
            Err(failure @ (Failure::Wrong(..) | Failure::NotConst(..))) => {
                self.report_failure(failure);
                Err(Failure::Broken)
            }
            Err(Failure::Unsupported(_)) => Err(Failure::Unsupported(at)),
            Err(Failure::Missing(body)) => return Err(Failure::Missing(body)),
            other => other,
        };
        self.item_values.borrow_mut().insert((k, args), value.clone());
        value
    }

    fn report_failure(&self, failure: Failure) {
        match failure {
            Failure::Wrong(text, span, inner) => {
                let mut d = Diagnostic::at(&code::CONST_EVALUATION, span, text);
                if let Some(inner) = inner {
                    d = d.label(inner, "it goes wrong here", false);
                }
                self.report(d);
            }
            Failure::NotConst(f, span) => {
                let name = self.hir.text(self.hir.fns[f].head.name);
                let text = format!("`{name}` is no `const fn`, so no constant can be made by it");
                let d = Diagnostic::at(&code::CONST_EVALUATION, span, text)
                    .help("write `const` before its `fn`, or use a `static` or a `let`");
                self.report(d);
            }
            Failure::Unsupported(span) => {
                let text = "this constant expression is not supported yet";
                let d = Diagnostic::at(&UNSUPPORTED_CONSTRUCT, span, text).help(
                    "constants in types are made of safe code without heap, closures, trait objects and parameters",
                );
                self.report(d);
            }
            Failure::Missing(body) => self.wanted_bodies.borrow_mut().push(body),
            Failure::Broken => {}
        }
    }

    /// Evaluates the constant items of the program that have no parameters. Bodies of the library that are needed for it
    /// are given back: when they are made, it is to be done again.
    pub(crate) fn check_constants(&self) -> Vec<BodyId> {
        let hir = &self.hir;
        let mut missing = Vec::new();
        for (k, item) in hir.consts.iter() {
            let of_trait = matches!(item.parent, Parent::Trait(_));
            if item.kind != ConstItemKind::Const
                || of_trait
                || hir.packages[hir.modules[item.head.module].package].is_std
                || !self.params_of(Owner::Const(k)).is_empty()
            {
                continue;
            }
            if let Err(Failure::Missing(body)) = self.item_value(k, Args::EMPTY, item.head.name_span) {
                missing.push(body);
            }
        }
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Whether the evaluation of a constant went wrong, which was said.
    pub(crate) fn has_no_value(&self, owner: BodyOwner) -> bool {
        let BodyOwner::Const(k) = owner else { return false };
        matches!(self.item_values.borrow().get(&(k, Args::EMPTY)), Some(Err(Failure::Broken)))
    }

    /// A length of an array, which must be one that memory can have; what is none is reported once.
    pub fn checked_length(&self, len: Const) -> Const {
        let ConstKind::Unevaluated(body, _) = self.types.const_kind(len) else { return len };
        let (Some(value), Some(made)) = (self.const_value(body), self.hir.body(body)) else { return len };
        if (0..=i128::from(i64::MAX)).contains(&value) {
            return len;
        }
        let text = format!("{value} is no length of an array");
        self.error(&code::CONST_EVALUATION, made.expr_span(made.value), text);
        self.const_values.borrow_mut().insert(body, None);
        self.types.mk_const(ConstKind::Error)
    }

    /// The graph of a body that may not have been checked.
    pub(crate) fn checked_graph(&self, owner: BodyOwner) -> Result<Mir, Failure> {
        let body = self.body_of(owner).ok_or(Failure::Broken)?;
        if self.typed(owner).is_none() {
            if !self.is_closed(body) {
                return Err(Failure::Unsupported(body.expr_span(body.value)));
            }
            self.check_group(&[owner]);
        }
        if self.typed(owner).is_none_or(|t| self.is_wrong(t)) {
            return Err(Failure::Broken);
        }
        self.graphs(owner).pop().map(|(_, graph)| graph).ok_or(Failure::Broken)
    }

    /// Whether a function's parameters and result are known without its body, or the body was inferred.
    pub(crate) fn has_known_types(&self, f: FnId) -> bool {
        self.typed(BodyOwner::Fn(f)).is_some() || self.completeness(f) == Completeness::Complete
    }

    /// Whether a body can be inferred before its turn: it depends on no signature that is to be inferred, and on no
    /// parameters of what is around it.
    pub(super) fn is_closed(&self, body: &Body) -> bool {
        body.exprs.iter().all(|(_, e)| match e {
            Expr::Path(PathRes::Fn(f, _)) => self.has_known_types(*f),
            Expr::Path(PathRes::ConstParam(..)) => !matches!(body.owner, BodyOwner::ConstArg(_)),
            _ => true,
        })
    }
}
