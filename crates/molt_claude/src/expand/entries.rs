//! The entries of a session: modules of which each sees what those before it define.

use molt_base::{FileId, Symbol};

use super::Expander;
use super::scope::{Binding, ScopeId};
use crate::core::{ExprKind, Global, ModuleId};
use crate::session::Entry;
use crate::stx::{Mark, Name};
use crate::syntax;

/// The name of the value that was computed last.
pub const LAST: &str = "_";

/// An entry that was expanded.
#[derive(Clone, Copy)]
pub(crate) struct Expanded {
    pub module: ModuleId,
    pub file: FileId,
    scope: ScopeId,
}

impl Expander<'_> {
    /// Expands a text as a module inside of the entry before it. The value of its last form, if that is no definition, is
    /// the variable [`LAST`].
    pub(crate) fn entry(&mut self, entry: &Entry, before: Option<(&str, Expanded)>) -> Expanded {
        let path = entry.path.as_str();
        let file = self.sources.add(path.to_owned(), entry.text.clone());
        let read = syntax::read(file, &entry.text);
        self.modules.is_unread |= !read.diagnostics.is_empty();
        self.diagnostics.extend(read.diagnostics);
        let forms = self.syntax.add(&read.data, &mut self.core.names);
        let aliases = before.map(|(path, _)| self.modules.aliases_of(path)).unwrap_or_default();
        let name = self.core.names.intern(path);
        let mut made = None;
        self.modules.open.push(path.to_owned());
        self.module_apart(path, path, aliases, |e, scope| {
            let imported = e.modules.imported;
            if let Some((_, before)) = before {
                e.scopes.set_parent(imported, before.scope);
            }
            let module = e.module_body(name, &[], &forms, path, scope);
            e.entries.insert(module);
            e.name_last(module, scope, entry.is_done);
            made = Some(Expanded { module, file, scope });
            module
        });
        self.modules.open.pop();
        made.expect("the module was made")
    }

    /// Gives the value of the last form of an entry its name, which later ones know if there is a value.
    fn name_last(&mut self, module: ModuleId, scope: ScopeId, is_done: bool) {
        let Some(&last) = self.core.modules[module].body.last() else { return };
        if matches!(self.core.kind(last), ExprKind::InitGlobal(..) | ExprKind::Error) {
            return;
        }
        let span = self.core.exprs[last].span;
        let name = self.core.names.intern(LAST);
        let global = self.core.globals.push(Global::new(module, name, span));
        let named = self.core.expr(ExprKind::InitGlobal(global, last), span);
        *self.core.modules[module].body.last_mut().expect("it is there") = named;
        if is_done {
            self.scopes.add(scope, Name { symbol: name, mark: Mark::SOURCE }, Binding::Global(global));
        }
    }

    /// The variables that can be seen from an entry and are no part of the library, with the modules that they are of.
    pub(crate) fn variables(&self, entry: Expanded) -> Vec<(Symbol, ModuleId, Symbol)> {
        let mut found = Vec::new();
        for name in self.scopes.visible(entry.scope) {
            if let Some(Binding::Global(g)) = self.scopes.resolve(name, entry.scope)
                && self.entries.contains(&self.core.globals[g].module)
                && self.text(name.symbol) != LAST
            {
                found.push((name.symbol, self.core.globals[g].module, self.core.globals[g].name));
            }
        }
        found.dedup();
        found
    }
}
