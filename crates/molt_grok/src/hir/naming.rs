//! W0109: types are CamelCase, functions and modules snake_case, constants UPPER_CASE.

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::front::Front;
use super::{ConstItemKind, GenericParamKind, ItemHead, Parent};

/// A naming convention.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Camel,
    Snake,
    Upper,
}

impl Case {
    fn name(self) -> &'static str {
        match self {
            Case::Camel => "CamelCase",
            Case::Snake => "snake_case",
            Case::Upper => "UPPER_CASE",
        }
    }

    fn fits(self, name: &str) -> bool {
        let name = name.trim_start_matches('_');
        match self {
            Case::Camel => !name.starts_with(char::is_lowercase) && !joins_words(name),
            Case::Snake => !name.contains(char::is_uppercase),
            Case::Upper => !name.contains(char::is_lowercase),
        }
    }

    /// The name as the convention has it.
    fn apply(self, name: &str) -> String {
        let words = words(name);
        match self {
            Case::Camel => words.iter().map(|w| capital(w)).collect(),
            Case::Snake => words.join("_").to_lowercase(),
            Case::Upper => words.join("_").to_uppercase(),
        }
    }
}

/// Whether letters stand on both sides of a `_`.
fn joins_words(name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    parts.windows(2).any(|p| p[0].ends_with(char::is_alphabetic) && p[1].starts_with(char::is_alphabetic))
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &chars.as_str().to_lowercase()
}

/// The words of a name: apart at `_` and where a small letter meets a capital.
fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in name.split('_').filter(|p| !p.is_empty()) {
        let mut word = String::new();
        let mut small = false;
        for c in part.chars() {
            if c.is_uppercase() && small {
                out.push(std::mem::take(&mut word));
            }
            small = !c.is_uppercase();
            word.push(c);
        }
        out.push(word);
    }
    out
}

impl Front {
    /// Checks the names of all items of user packages.
    pub(super) fn check_naming(&mut self) {
        let mut names: Vec<(Symbol, Span, Case)> = Vec::new();
        let mut item = |head: &ItemHead, case: Case| names.push((head.name, head.name_span, case));
        for (_, f) in self.hir.fns.iter() {
            let foreign = f.parent == Parent::Extern || f.abi.is_some();
            // The trait, the derive or the other language chose these names.
            let given = matches!(f.parent, Parent::Impl(i) if self.hir.impls[i].of.is_some());
            if !foreign && !given && !self.is_std_module(f.head.module) {
                item(&f.head, Case::Snake);
            }
        }
        for (_, c) in self.hir.consts.iter().filter(|(_, c)| !self.is_std_module(c.head.module)) {
            let given = matches!(c.parent, Parent::Impl(i) if self.hir.impls[i].of.is_some());
            if !given && c.parent != Parent::Extern {
                item(&c.head, if c.kind == ConstItemKind::ModuleLet { Case::Snake } else { Case::Upper });
            }
        }
        for (_, a) in self.hir.adts.iter().filter(|(_, a)| !self.is_std_module(a.head.module) && !a.repr.c) {
            item(&a.head, Case::Camel);
        }
        for (_, t) in self.hir.traits.iter().filter(|(_, t)| !self.is_std_module(t.head.module)) {
            item(&t.head, Case::Camel);
        }
        for (_, a) in self.hir.aliases.iter().filter(|(_, a)| !self.is_std_module(a.head.module)) {
            item(&a.head, Case::Camel);
        }
        self.name_parts(&mut names);
        for (name, span, case) in names {
            let text = self.hir.names.text(name);
            if case.fits(text) {
                continue;
            }
            let message = format!("`{text}` should be {}", case.name());
            let d = Diagnostic::at(&grok::NAMING, span, message).help(format!("rename it to `{}`", case.apply(text)));
            self.diagnostics.push(d);
        }
    }

    /// Names inside of items: variants, fields, type parameters, modules.
    fn name_parts(&self, names: &mut Vec<(Symbol, Span, Case)>) {
        for (_, a) in self.hir.adts.iter().filter(|(_, a)| !self.is_std_module(a.head.module) && !a.repr.c) {
            for v in &a.variants {
                if a.kind == super::AdtKind::Enum {
                    names.push((v.name, v.span, Case::Camel));
                }
                names.extend(v.fields.iter().map(|f| (f.name, f.span, Case::Snake)));
            }
            for p in &a.generics.params {
                if matches!(p.kind, GenericParamKind::Type { .. }) {
                    names.push((p.name, p.span, Case::Camel));
                }
            }
        }
        for id in self.hir.modules.ids().filter(|&m| !self.is_std_module(m)) {
            let module = &self.hir.modules[id];
            if module.parent.is_some() && self.module(id).around.is_none() {
                names.push((module.name, module.span, Case::Snake));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions() {
        assert!(Case::Camel.fits("HttpServer2") && Case::Camel.fits("T") && Case::Camel.fits("_X1_2"));
        assert!(!Case::Camel.fits("http") && !Case::Camel.fits("Http_server"));
        assert!(Case::Snake.fits("a_b2") && !Case::Snake.fits("aB"));
        assert!(Case::Upper.fits("A_B2") && !Case::Upper.fits("Ab"));
        assert_eq!(Case::Camel.apply("http_server"), "HttpServer");
        assert_eq!(Case::Snake.apply("httpServer"), "http_server");
        assert_eq!(Case::Upper.apply("maxSize"), "MAX_SIZE");
    }
}
