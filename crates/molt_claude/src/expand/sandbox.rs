//! `with-sandbox` (section 5.5 of the reference).
//!
//! The runtime keeps sandboxes. Where the capabilities are written down as data, operations that stand in the body itself
//! and that nothing there answers are looked at here too.

use molt_diagnostics::registry::claude as code;

use super::{At, Expander};
use crate::core::{ExprId, ExprKind};
use crate::library;
use crate::lower::parts;
use crate::stx::StxId;
use crate::syntax::Kind;

impl Expander<'_> {
    /// `(with-sandbox {options} body ..)`.
    pub(super) fn with_sandbox(&mut self, s: StxId, at: At) -> ExprId {
        let inside = match self.at_least(s, 2) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        let span = self.syntax.span(s);
        let options = self.expr(inside[0], at.operand());
        let body = self.thunk(&inside[1..], span, at);
        if let (Some(granted), &ExprKind::Lambda(l)) = (self.granted(inside[0]), self.core.kind(body)) {
            self.look_for_denied(self.core.lambdas[l].body, &granted);
        }
        self.library_call("%with-sandbox", &[options, body], span)
    }

    /// What a map that is written down has under a keyword.
    fn written(&self, map: StxId, key: &str) -> Option<StxId> {
        if self.syntax.kind(map) != Kind::Map {
            return None;
        }
        let pairs = self.syntax.parts(map).chunks_exact(2);
        pairs.into_iter().find(|p| self.syntax.keyword(p[0], &self.core.names) == Some(key)).map(|p| p[1])
    }

    /// The names of the capabilities, with or without arguments, if all are written down.
    fn granted(&self, options: StxId) -> Option<Vec<String>> {
        let list = self.written(options, "capabilities").filter(|&l| self.syntax.kind(l) == Kind::List)?;
        let name = |&s: &StxId| {
            let s = if self.syntax.kind(s) == Kind::List { *self.syntax.parts(s).first()? } else { s };
            // Only single capabilities have a point in their names, or one of these.
            let plain = ["env", "time", "random", "state", "thread", "dom", "process", "ffi"];
            let text = self.syntax.keyword(s, &self.core.names)?;
            (text.contains('.') || plain.contains(&text)).then(|| text.to_owned())
        };
        self.syntax.parts(list).iter().map(name).collect()
    }

    /// Reports operations that are performed here, without procedures, handlers and what `try` is around.
    fn look_for_denied(&mut self, e: ExprId, granted: &[String]) {
        if matches!(self.core.kind(e), ExprKind::Try(_)) {
            return;
        }
        if let &ExprKind::Perform(o, _) = self.core.kind(e) {
            let op = &self.core.ops[o];
            let effect = &self.core.effects[op.effect];
            let (label, op) = (self.text(effect.name), self.text(op.name));
            if let Some(needed) =
                library::capability(label, op).filter(|n| effect.is_builtin && !granted.iter().any(|g| g == n))
            {
                let message = format!(
                    "`{}:{op}` needs the capability `{needed}`, which is not granted here",
                    label.to_lowercase()
                );
                let span = self.core.exprs[e].span;
                self.report(&code::DENIED, span, message);
            }
        }
        let mut inside = Vec::new();
        parts(self.core, e, &mut |part| inside.push(part));
        inside.into_iter().for_each(|part| self.look_for_denied(part, granted));
    }
}
