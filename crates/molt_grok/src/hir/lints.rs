//! `#[allow(..)]`, `#[warn(..)]` and `#[deny(..)]`: the levels of warnings in a part of a file.

use molt_base::Span;
use molt_diagnostics::registry::{self, grok};
use molt_diagnostics::{Code, Diagnostic, Level};

use super::front::Front;
use super::scope::nearest;
use super::{Attr, AttrArg, AttrValue, LockOrder, ModId};

/// A level for one kind of finding in a part of a file.
#[derive(Clone, Copy, Debug)]
pub struct LintScope {
    pub span: Span,
    pub id: &'static str,
    /// `None`: not reported.
    pub level: Option<Level>,
}

/// Gives findings the levels that the innermost scope around each says.
pub fn apply(scopes: &[LintScope], diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.retain_mut(|d| {
        let Some(at) = d.primary_span().filter(|_| d.code.level == Level::Warning) else { return true };
        match level_at(scopes, d.code, at) {
            Some(None) => false,
            Some(Some(level)) => {
                d.level = level;
                true
            }
            None => true,
        }
    });
}

/// The level that the innermost scope around a place gives to a kind of finding, if one does.
pub fn level_at(scopes: &[LintScope], code: &Code, at: Span) -> Option<Option<Level>> {
    let around =
        |s: &&LintScope| s.id == code.id && s.span.file == at.file && s.span.start <= at.start && at.start < s.span.end;
    scopes.iter().filter(around).min_by_key(|s| s.span.end - s.span.start).map(|s| s.level)
}

impl Front {
    /// Remembers the levels that the attributes of a node give to what is found inside of it.
    pub(super) fn note_lints(&mut self, attrs: &[Attr], span: Span) {
        for attr in attrs {
            let level = match self.hir.names.text(attr.name) {
                "allow" => None,
                "warn" => Some(Level::Warning),
                "deny" => Some(Level::Error),
                _ => continue,
            };
            for arg in &attr.args {
                if let Some(code) = self.lint(arg) {
                    self.hir.lint_scopes.push(LintScope { span, id: code.id, level });
                }
            }
        }
    }

    /// Remembers the orders of locks that the attributes of a module demand.
    pub(super) fn note_lock_orders(&mut self, attrs: &[Attr], module: ModId) {
        for attr in attrs.iter().filter(|a| self.hir.names.text(a.name) == "lock_order") {
            let text = |key: &str| {
                attr.args.iter().find_map(|a| match a.value {
                    AttrValue::Text(t) if a.name.is_some_and(|n| self.hir.names.text(n) == key) => Some(t),
                    _ => None,
                })
            };
            match (text("first"), text("then")) {
                (Some(first), Some(then)) => {
                    self.hir.lock_orders.push(LockOrder { module, first, then, span: attr.span });
                }
                _ => {
                    let d = Diagnostic::at(&grok::DECORATOR_ARGUMENT, attr.span, "`lock_order` names two locks")
                        .help("write `#[lock_order(first = \"a\", then = \"b\")]`");
                    self.diagnostics.push(d);
                }
            }
        }
    }

    /// The warning that an argument names: `unused_variable`, `W0101`; anything else is reported.
    fn lint(&mut self, arg: &AttrArg) -> Option<&'static Code> {
        let name = match arg.value {
            AttrValue::Ident(n) | AttrValue::Text(n) if arg.name.is_none() => self.hir.names.text(n).replace('_', "-"),
            _ => String::new(),
        };
        let found = registry::find(&format!("grok/{name}")).filter(|c| c.level == Level::Warning);
        if found.is_none() {
            let known = grok::ALL.iter().filter(|c| c.level == Level::Warning).map(|c| c.id);
            let mut d = Diagnostic::at(&grok::INVALID_ATTRIBUTE, arg.span, "this names no warning");
            if let Some(similar) = nearest(&name, known) {
                d = d.help(format!("did you mean `{}`?", similar.replace('-', "_")));
            }
            self.diagnostics.push(d);
        }
        found
    }
}
