//! How names are spelled: variables `kebab-case`, types, effects and constructors `CamelCase`.

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::claude as code;

use super::Linter;
use crate::syntax::Datum;

impl Linter<'_> {
    /// The plain names of a list of bindings; patterns bind by their own rules.
    pub(super) fn bindings(&mut self, bindings: Datum) {
        self.parts(bindings).into_iter().for_each(|pair| self.first_variable(pair));
    }

    /// The variable that stands first in a form.
    pub(super) fn first_variable(&mut self, form: Datum) {
        if self.is_form(form) {
            self.data.parts(form).next().into_iter().for_each(|d| self.variable(d));
        }
    }

    /// `x`, `(x : T)` or `(x : T = default)`.
    pub(super) fn params(&mut self, params: &[Datum]) {
        for &p in params {
            if self.is_form(p) { self.first_variable(p) } else { self.variable(p) }
        }
    }

    pub(super) fn variable(&mut self, d: Datum) {
        self.spelled(d, "variable", |name| name == kebab(name), kebab);
    }

    /// A variable of the module; one that is a component or a constant may begin with a capital letter.
    pub(super) fn global(&mut self, d: Datum) {
        let is_fine = |name: &str| name == kebab(name) || (name.starts_with(char::is_uppercase) && !name.contains('_'));
        self.spelled(d, "variable", is_fine, kebab);
    }

    pub(super) fn type_name(&mut self, d: Datum, what: &str) {
        self.spelled(d, what, |name| name == camel(name), camel);
    }

    /// `(data Name tv .. (Ctor field ..) ..)`
    pub(super) fn data_type(&mut self, name: Datum, cases: &[Datum]) {
        self.type_name(name, "type");
        for &case in cases {
            let parts = if self.is_form(case) { self.parts(case) } else { continue };
            let Some((&ctor, fields)) = parts.split_first() else { continue };
            self.type_name(ctor, "constructor");
            for &field in fields {
                let has_name = self.data.parts(field).nth(1).is_some_and(|d| self.symbol(d) == Some(":"));
                if has_name {
                    self.first_variable(field);
                }
            }
        }
    }

    fn spelled(&mut self, d: Datum, what: &str, is_fine: impl Fn(&str) -> bool, better: impl Fn(&str) -> String) {
        let Some(whole) = self.symbol(d) else { return };
        // What stands before is the name of a module or a type.
        let (before, name) =
            whole.rsplit_once(':').map_or(("", whole), |(before, name)| (&whole[..=before.len()], name));
        if name.is_empty() || is_fine(name) {
            return;
        }
        let message = format!("`{whole}` is an unusual name of a {what}");
        let finding = Diagnostic::at(&code::NAMING, self.data.span(d), message);
        self.found.push(finding.help(format!("call it `{before}{}`", better(name))));
    }
}

/// Words in small letters with `-` between them. What stands for unused variables stays in front.
fn kebab(name: &str) -> String {
    let rest = name.trim_start_matches('_');
    let mut out = name[..name.len() - rest.len()].to_owned();
    let mut before = None;
    for c in rest.chars() {
        let begins_word = c.is_uppercase() && before.is_some_and(|b: char| b.is_lowercase() || b.is_numeric());
        if begins_word {
            out.push('-');
        }
        match c {
            '_' => out.push('-'),
            _ => out.extend(c.to_lowercase()),
        }
        before = Some(c);
    }
    out
}

/// Words that begin with a capital letter, with nothing between them.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(['-', '_']) {
        let mut chars = word.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(chars.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::lint;
    use super::{camel, kebab};

    #[test]
    fn spellings() {
        for (name, better) in [
            ("readLine", "read-line"),
            ("read_line", "read-line"),
            ("ReadHTTP2Line", "read-http2-line"),
            ("_unused", "_unused"),
            ("__x_y", "__x-y"),
            ("a->b!", "a->b!"),
            ("+", "+"),
        ] {
            assert_eq!(kebab(name), better);
        }
        for (name, better) in [("shape", "Shape"), ("Tree-node", "TreeNode"), ("HTTP", "HTTP"), ("a_b", "AB")] {
            assert_eq!(camel(name), better);
        }
    }

    /// The names that are unusual, with what is better.
    fn found(text: &str) -> Vec<(String, String)> {
        let read = crate::syntax::read(molt_base::FileId(0), text);
        let findings = lint(&read.data);
        let named = findings.iter().filter(|d| d.code.id == "naming-convention");
        named
            .map(|d| {
                let span = d.primary_span().expect("findings have places");
                (text[span.start as usize..span.end as usize].to_owned(), d.help.clone().unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn names_are_found_where_they_are_bound() {
        let text = "(define (sumOf theList (n_max : Int) . moreOf)
              (let ((theSum 0) ([a bC] p)) (loop ((iX 0)) (dotimes (j_x 2) (lambda (yY) theSum)))))
            (define-macro (myIf c_d) c_d)
            (let goOn ((x 1)) x)
            (data tree (leaf) (Node (left_side : Tree) Int))
            (type int-map (Map Int Int))
            (define-effect ask (askIt (Int) Int))
            (define m:theRest 1)";
        let names: Vec<String> = found(text).into_iter().map(|f| f.0).collect();
        let wanted = [
            "sumOf",
            "theList",
            "n_max",
            "moreOf",
            "theSum",
            "iX",
            "j_x",
            "yY",
            "myIf",
            "c_d",
            "goOn",
            "tree",
            "leaf",
            "left_side",
            "int-map",
            "ask",
            "askIt",
            "m:theRest",
        ];
        assert_eq!(names, wanted);
        assert_eq!(found("(define m:theRest 1)")[0].1, "call it `m:the-rest`");
        assert_eq!(found("(define maxSize 1)")[0].1, "call it `max-size`");
    }

    #[test]
    fn components_and_constants_begin_with_capitals() {
        assert_eq!(found("(define Card 1) (define MAX-SIZE 2) (define x? 1) (define (swap! *x*) 1)"), []);
        assert_eq!(found("(define MAX_SIZE 2)").len(), 1);
    }
}
