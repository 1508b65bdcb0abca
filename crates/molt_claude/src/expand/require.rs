//! `require`: modules that are loaded when the program runs (section 8 of the reference).
//!
//! A literal path is part of the program: the module is compiled with it and evaluated when `require` first asks for it.
//! A path that is computed is one of those that the file imports, or has required before, by the same text. What is
//! missing, and a circle, is an error of the program when it runs.

use std::collections::HashSet;

use molt_base::{EntityId, Span};
use molt_diagnostics::registry::claude as code;
use molt_diagnostics::{Code, Diagnostic};

use super::module::Fault;
use super::scope::Binding;
use super::{At, Expander};
use crate::core::{ExprId, ExprKind, Lambda};
use crate::library;
use crate::program::refuses;
use crate::stx::StxId;
use crate::syntax::Kind;

/// What `require` finds out when the program runs, while an `import` is refused for it.
const LATE: [&Code; 3] = [&code::NO_MODULE, &code::CYCLE, &code::NO_EXPORT];

impl Expander<'_> {
    pub(super) fn require(&mut self, s: StxId, at: At) -> ExprId {
        let parts = match self.exactly(s, 1) {
            Ok(parts) => parts,
            Err(e) => return e,
        };
        if self.floor.is_some() {
            return self.malformed(s, "a macro requires no module");
        }
        let span = self.syntax.span(s);
        if self.syntax.kind(parts[0]) == Kind::Str {
            let wanted = self.text(self.syntax.text(parts[0])).to_owned();
            if library::MODULES.contains(&wanted.as_str()) {
                return self.unbuilt(s, "`require` of a module of the library");
            }
            return self.literal_path(&wanted, span);
        }
        let path = self.expr(parts[0], at.operand());
        self.computed_path(path, span)
    }

    fn literal_path(&mut self, wanted: &str, span: Span) -> ExprId {
        match self.load_late(wanted, span) {
            Ok(path) => self.module_value(&path, span),
            Err(fault) => {
                let path = self.string(wanted, span);
                self.import_error(fault, path, span)
            }
        }
    }

    /// The module of a path, or why it cannot be had when the program runs. Other faults are those of the program.
    fn load_late(&mut self, wanted: &str, span: Span) -> Result<String, Fault> {
        let (findings, modules) = (self.diagnostics.len(), self.core.order.len());
        let known: HashSet<String> = self.modules.loaded.keys().cloned().collect();
        self.modules.circle.clear();
        let (path, _) = self.find_module(wanted, span)?;
        let new = &self.diagnostics[findings..];
        let is_late = |d: &Diagnostic| LATE.iter().any(|c| c.id == d.code.id);
        let Some(first) = new.iter().find(|d| refuses(d)) else { return Ok(path) };
        if new.iter().any(|d| refuses(d) && !is_late(d)) {
            return Ok(path);
        }
        let fault = Fault { code: first.code, message: first.message.clone() };
        self.diagnostics.truncate(findings);
        self.core.order.truncate(modules);
        self.modules.loaded.retain(|path, _| known.contains(path));
        self.modules.named.pop();
        Err(fault)
    }

    fn computed_path(&mut self, path: ExprId, span: Span) -> ExprId {
        let local = self.hidden_local("path", span);
        let again = self.read(local, span);
        let message = self.string("no module that the program was compiled with has this path", span);
        let mut found = self.raise_import(&code::NO_MODULE, message, again, span);
        for (wanted, path) in self.modules.named.clone() {
            let (asked, wanted) = (self.read(local, span), self.string(&wanted, span));
            let is_it = self.library_call("=", &[asked, wanted], span);
            let value = self.module_value(&path, span);
            found = self.core.expr(ExprKind::If(is_it, value, found), span);
        }
        self.core.expr(ExprKind::Let(local, path, found), span)
    }

    /// Evaluates a module if nobody has, and gives the Module value: its exports are procedures that read them.
    fn module_value(&mut self, path: &str, span: Span) -> ExprId {
        let loaded = self.modules.loaded[path].clone();
        let mut exports: Vec<_> = loaded.names.bindings.into_iter().collect();
        exports.sort_by_key(|e| self.text(e.0).to_owned());
        let mut words = Vec::new();
        for (name, binding) in exports {
            let kind = match binding {
                Binding::Global(g) => ExprKind::Global(g),
                Binding::Ctor(c) => ExprKind::Ctor(c),
                Binding::Op(o) => ExprKind::Operation(o),
                Binding::Builtin(b) => ExprKind::Builtin(b),
                Binding::Local(_) | Binding::Macro(_) | Binding::Resume(_) => continue,
            };
            let body = self.core.expr(kind, span);
            let lambda = Lambda { name, span, params: Vec::new(), rest: None, result: None, doc: None, body };
            let lambda = self.core.lambdas.push(lambda);
            words.push(self.core.expr(ExprKind::Keyword(name), span));
            words.push(self.core.expr(ExprKind::Lambda(lambda), span));
        }
        let load = self.core.expr(ExprKind::Require(loaded.module), span);
        let number = self.core.expr(ExprKind::Int(loaded.module.index() as i64), span);
        let name = self.core.expr(ExprKind::Str(self.core.modules[loaded.module].name), span);
        let exports = self.core.expr(ExprKind::Map(words.into()), span);
        let module = self.library_call("%module", &[number, name, exports], span);
        let path = self.string(path, span);
        let granted = self.library_call("%may-import", &[path], span);
        self.core.expr(ExprKind::Do([granted, load, module].into()), span)
    }

    fn import_error(&mut self, fault: Fault, path: ExprId, span: Span) -> ExprId {
        let message = self.string(&fault.message, span);
        self.raise_import(fault.code, message, path, span)
    }

    /// Raises `import`, with the code, the path and the circle if there is one.
    fn raise_import(&mut self, code: &'static Code, message: ExprId, path: ExprId, span: Span) -> ExprId {
        let keyword = |e: &mut Self, text: &str| {
            let name = e.core.names.intern(text);
            e.core.expr(ExprKind::Keyword(name), span)
        };
        let number = self.string(code.number.unwrap_or(code.id), span);
        let mut data = vec![keyword(self, "code"), number, keyword(self, "path"), path];
        if code.id == code::CYCLE.id {
            let chain: Vec<ExprId> = self.modules.circle.clone().iter().map(|m| self.string(m, span)).collect();
            data.push(keyword(self, "chain"));
            data.push(self.core.expr(ExprKind::List(chain.into()), span));
        }
        let data = self.core.expr(ExprKind::Map(data.into()), span);
        let kind = self.string("import", span);
        self.core.expr(ExprKind::Perform(self.raise_op(), [kind, message, data].into()), span)
    }

    fn string(&mut self, text: &str, span: Span) -> ExprId {
        let text = self.core.names.intern(text);
        self.core.expr(ExprKind::Str(text), span)
    }
}
