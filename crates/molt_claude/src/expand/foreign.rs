//! Modules across languages: those of Python that a program imports, and those of this one that Python imports.
//!
//! Both are modules of variables whose values cross the seam when the module runs: a module of Python is read name by name,
//! and the exports of a module of ClaudeLang are given out under names that Python can spell.

use std::path::Path;

use molt_base::{FileId, Interner, Span, Symbol};
use molt_diagnostics::registry::claude as code;

use super::Expander;
use super::module::{Exports, Fault};
use super::scope::Binding;
use crate::core::{ExprId, ExprKind, Global, GlobalId, Module};
use crate::program::Foreign;
use crate::stx::{StxId, Syntax};
use crate::syntax::{self, Data, Kind};

/// A name as Python spells it: `-` is `_`, `->` is `_to_`, a `?` at the end is `is_` in front, and a `!` at the end is left
/// out. Nothing where Python has no spelling for it.
pub fn python_name(name: &str) -> Option<String> {
    let (name, is_test) = name.strip_suffix('?').map_or((name, false), |n| (n, true));
    let name = name.strip_suffix('!').unwrap_or(name).replace("->", "_to_").replace('-', "_");
    let name = if is_test { format!("is_{name}") } else { name };
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let fits = starts && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    fits.then_some(name)
}

/// The names that a module's text says it exports, as Python spells them.
pub fn exports(text: &str) -> Vec<String> {
    let read = syntax::read(FileId(0), text);
    exports_of(&read.data).iter().filter_map(|(_, shown)| python_name(shown)).collect()
}

/// The names that a text says it exports: those of the module, and those that others see.
pub fn exports_of(data: &Data) -> Vec<(String, String)> {
    let (mut names, mut forms) = (Interner::default(), Syntax::default());
    let top = forms.add(data, &mut names);
    exports_in(&forms, &names, &top)
}

/// The names that forms say they export: those of the module, and those that others see.
pub(super) fn exports_in(forms: &Syntax, names: &Interner, top: &[StxId]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = top.to_vec();
    while let Some(form) = waiting.pop() {
        let parts = forms.parts(form).to_vec();
        let Some((&head, rest)) = parts.split_first() else { continue };
        if forms.is_symbol(head, "module", names) {
            match rest.get(1) {
                Some(&list) if forms.kind(list) == Kind::List => exported(forms, names, forms.parts(list), &mut found),
                _ => {}
            }
            waiting.extend(rest);
        } else if forms.is_symbol(head, "export", names) {
            exported(forms, names, rest, &mut found);
        }
    }
    found
}

/// `n`, `(n as m)` and `n as m` in a row.
fn exported(forms: &Syntax, names: &Interner, list: &[StxId], found: &mut Vec<(String, String)>) {
    let text = |s: StxId| names.text(forms.text(s)).to_owned();
    let is_as = |s: StxId| forms.is_symbol(s, "as", names);
    let mut rest = list;
    while let Some(&first) = rest.first() {
        let (own, name, taken) = match (rest, forms.parts(first)) {
            (_, &[own, word, alias]) if is_as(word) => (own, alias, 1),
            (&[own, word, alias, ..], _) if is_as(word) => (own, alias, 3),
            _ => (first, first, 1),
        };
        if forms.kind(name) == Kind::Symbol {
            found.push((text(own), text(name)));
        }
        rest = &rest[taken..];
    }
}

impl Expander<'_> {
    /// The module that Python knows by a dotted name, for the exports of the file at a path.
    pub fn surface(&mut self, dotted: &str, path: &Path) {
        let key = path.display().to_string();
        if !self.is_loaded(&key) {
            let Some(bytes) = self.files.loader.read(path) else { return };
            self.file(path, bytes);
        }
        let mut exports: Vec<(Symbol, Binding)> = self.exports_of(&key);
        exports.sort_by_key(|e| e.0);
        let name = self.core.names.intern(dotted);
        let file = self.core.names.intern(&key);
        let span = self.start_of(&key);
        let imports = vec![self.module_at(&key)];
        let module = self.core.modules.push(Module { imports, is_surface: true, ..Module::new(name, file) });
        self.module = module;
        let mut body = Vec::new();
        for (symbol, binding) in exports {
            let text = self.core.names.text(symbol).to_owned();
            let Some(value) = self.given_out(binding, span) else { continue };
            // A name that Python has no spelling for is read by `getattr`.
            let spelled = python_name(&text).unwrap_or(text);
            let spelled = self.core.names.intern(&spelled);
            let value = self.library_call("%to-python", &[value], span);
            let global = self.crossing(spelled, span);
            body.push(self.core.expr(ExprKind::InitGlobal(global, value), span));
        }
        self.core.modules[module].body = body;
        self.core.order.push(module);
    }

    fn start_of(&self, path: &str) -> Span {
        let file = (0..self.sources.len() as u32).map(FileId).find(|&f| self.sources.file(f).name == path);
        Span { file: file.unwrap_or(FileId(0)), start: 0, end: 0 }
    }

    /// What an export is as a value; macros are none.
    fn given_out(&mut self, binding: Binding, span: Span) -> Option<ExprId> {
        let kind = match binding {
            Binding::Global(g) => ExprKind::Global(g),
            Binding::Builtin(b) => return Some(self.builtin_value(b, span)),
            Binding::Ctor(c) => ExprKind::Ctor(c),
            Binding::Op(o) => ExprKind::Operation(o),
            Binding::Local(_) | Binding::Macro(_) | Binding::Resume(_) => return None,
        };
        Some(self.core.expr(kind, span))
    }

    fn crossing(&mut self, name: Symbol, span: Span) -> GlobalId {
        self.core.globals.push(Global::new(self.module, name, span))
    }

    /// Makes the module of another language at a path known, as one that exports its names; those with `_` also as they are
    /// spelled here, with `-`. A fault where it can't be had.
    pub(super) fn foreign(&mut self, path: &Path, bytes: &[u8], span: Span) -> Result<(), Fault> {
        let read = self.files.loader.foreign(path, bytes);
        let Foreign { name, exports, plain, left_out } =
            read.map_err(|message| Fault { code: &code::NO_MODULE, message })?;
        let key = path.display().to_string();
        let outer = self.module;
        let dotted = self.core.names.intern(&name);
        let file = self.core.names.intern(&key);
        let module = Module::new(dotted, file);
        self.module = self.core.modules.push(module);
        let mut known = Exports::default();
        let mut body = Vec::new();
        for export in exports {
            let symbol = self.core.names.intern(&export);
            let global = self.crossing(symbol, span);
            let across = plain.get(&export).map(|(adapter, n)| (self.core.names.intern(adapter), *n));
            self.core.globals[global].across = across;
            let value = self.core.expr(ExprKind::Foreign(dotted, symbol), span);
            let value = self.library_call("%from-python", &[value], span);
            body.push(self.core.expr(ExprKind::InitGlobal(global, value), span));
            known.bindings.insert(symbol, Binding::Global(global));
            let here = self.core.names.intern(&export.replace('_', "-"));
            known.bindings.entry(here).or_insert(Binding::Global(global));
        }
        self.core.modules[self.module].body = body;
        self.core.order.push(self.module);
        let module = std::mem::replace(&mut self.module, outer);
        for (name, why) in left_out {
            let here = self.core.names.intern(&name.replace('_', "-"));
            known.left_out.insert(self.core.names.intern(&name), why.clone());
            known.left_out.insert(here, why);
        }
        self.add_loaded(key, module, known);
        Ok(())
    }
}

/// Whether a path is one of another language's module.
pub(super) fn is_foreign(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "py" || e == "grok")
}

#[cfg(test)]
mod tests {
    use super::{exports, python_name};

    #[test]
    fn names_are_spelled_as_python_does() {
        let spelled = ["area", "circle-area", "empty?", "push!", "celsius->kelvin"].map(python_name);
        let expected = ["area", "circle_area", "is_empty", "push", "celsius_to_kelvin"];
        assert_eq!(spelled.map(|n| n.expect("it has a spelling")), expected);
        assert_eq!(python_name("+"), None);
        assert_eq!(python_name("2d"), None);
    }

    #[test]
    fn exports_are_read_from_the_text() {
        assert_eq!(exports("(export area (b-c as big?)) (define x 1)"), ["area", "is_big"]);
        assert_eq!(exports("(module m (export a as b c) (define d 1))"), ["b", "c"]);
        assert_eq!(exports("(module m [a b] 1)"), ["a", "b"]);
    }
}
