//! Pages of ClaudeLang modules.
//!
//! The items are what a module exports, and the effects that it declares. Documentation is the string at the start of a
//! procedure's body or the `:doc` of a definition, and otherwise the comment right above the form; that of the module is the
//! comment at the start of its file.

use std::collections::HashMap;

use molt_claude::doc::Documented;
use molt_claude::exports_of;
use molt_claude::syntax::{Data, Datum, Kind as DatumKind};

use super::{Item, Kind, Page};

/// The page of a module.
pub fn page(path: Vec<String>, module: &Documented) -> Page {
    Reader { data: &module.data, types: &module.types }.page(path)
}

struct Reader<'d> {
    data: &'d Data,
    types: &'d HashMap<String, String>,
}

impl Reader<'_> {
    fn page(&self, path: Vec<String>) -> Page {
        let top: Vec<Datum> = self.data.top().collect();
        let is_module = |d: &&Datum| self.head(**d) == Some("module");
        // The whole file is in a `module` form that stands alone; several are modules of their own.
        let forms = match top.iter().filter(is_module).collect::<Vec<_>>()[..] {
            [&only] => top.iter().filter(|&&d| d != only).copied().chain(self.data.parts(only).skip(2)).collect(),
            _ => top.clone(),
        };
        let exported: Vec<String> = exports_of(self.data).into_iter().map(|(own, _)| own).collect();
        let mut contracts = self.contracts(&forms);
        let mut items: Vec<Item> = forms.iter().filter_map(|&f| self.item(f, &exported)).collect();
        for item in items.iter_mut().filter(|i| i.kind == Kind::Procedure) {
            item.members = contracts.remove(item.name.as_str()).unwrap_or_default();
        }
        let docs = top.first().map_or(String::new(), |&first| self.comment_at_start(first));
        items.sort_by_key(|i| i.kind);
        Page { path, docs, modules: Vec::new(), items }
    }

    fn head(&self, d: Datum) -> Option<&str> {
        if self.data.kind(d) != DatumKind::Form {
            return None;
        }
        self.data.parts(d).next().and_then(|h| self.symbol(h))
    }

    fn symbol(&self, d: Datum) -> Option<&str> {
        (self.data.kind(d) == DatumKind::Symbol).then(|| self.data.written(d))
    }

    /// The clauses of contracts, by the names of their functions.
    fn contracts(&self, forms: &[Datum]) -> HashMap<&str, Vec<Item>> {
        let mut found = HashMap::new();
        for &form in forms.iter().filter(|&&f| self.head(f) == Some("spec:contract")) {
            let parts: Vec<Datum> = self.data.parts(form).skip(1).collect();
            let Some((name, clauses)) = parts.split_first() else { continue };
            let clauses = clauses.chunks(2).filter_map(|pair| match *pair {
                [key, value] => {
                    let signature = format!("{} {}", self.data.written(key), self.line(value));
                    Some(item(Kind::Clause, self.data.written(key), signature))
                }
                _ => None,
            });
            found.entry(self.symbol(*name).unwrap_or_default()).or_insert_with(Vec::new).extend(clauses);
        }
        found
    }

    fn item(&self, form: Datum, exported: &[String]) -> Option<Item> {
        let parts: Vec<Datum> = self.data.parts(form).collect();
        let is_exported = |name: &str| exported.iter().any(|e| e == name);
        let mut found = match (self.head(form)?, parts.get(1..)?) {
            ("define", &[target, ref rest @ ..]) => {
                let name = self.symbol(target).or_else(|| self.head(target)).filter(|n| is_exported(n))?;
                self.definition(name, target, rest)
            }
            ("define-macro", &[signature, ref body @ ..]) => {
                let name = self.head(signature).filter(|n| is_exported(n))?;
                let mut found = item(Kind::Macro, name, self.line(signature));
                found.docs = self.docstring(body);
                found
            }
            ("data", &[name, ref rest @ ..]) => {
                let name = self.symbol(name)?;
                let variables = rest.iter().filter_map(|&d| self.symbol(d));
                let signature = ["data", name].into_iter().chain(variables).collect::<Vec<_>>().join(" ");
                let mut found = item(Kind::Type, name, signature);
                for &case in rest {
                    if let Some(ctor) = self.head(case).filter(|n| is_exported(n)) {
                        found.members.push(item(Kind::Constructor, ctor, self.line(case)));
                    }
                }
                if found.members.is_empty() {
                    return None;
                }
                found
            }
            ("type", &[name, ty]) => {
                let name = self.symbol(name).filter(|n| is_exported(n))?;
                item(Kind::Type, name, format!("type {name} = {}", self.line(ty)))
            }
            ("define-effect", &[name, ref ops @ ..]) => {
                let name = self.symbol(name)?;
                let mut found = item(Kind::Effect, name, format!("effect {name}"));
                for &op in ops {
                    let parts: Vec<Datum> = self.data.parts(op).collect();
                    let [op, operands, result] = parts[..] else { continue };
                    let operands: Vec<String> = self.data.parts(operands).map(|d| self.line(d)).collect();
                    let called = format!("{}:{}", name.to_lowercase(), self.data.written(op));
                    let shown = std::iter::once(called.clone()).chain(operands).collect::<Vec<_>>().join(" ");
                    let signature = format!("({shown}) : {}", self.line(result));
                    found.members.push(item(Kind::Operation, &called, signature));
                }
                found
            }
            _ => return None,
        };
        if found.docs.is_empty() {
            found.docs = self.comment_above(form);
        }
        Some(found)
    }

    fn definition(&self, name: &str, target: Datum, rest: &[Datum]) -> Item {
        let is_form = self.data.kind(target) == DatumKind::Form;
        let lambda = rest.last().filter(|&&v| matches!(self.head(v), Some("lambda" | "fn")) && !is_form);
        let lambda: Vec<Datum> = lambda.map(|&l| self.data.parts(l).collect()).unwrap_or_default();
        let (mut signature, body) = match lambda.get(1) {
            _ if is_form => (self.line(target), rest),
            Some(&params) => {
                let params: Vec<String> = self.data.parts(params).map(|d| self.line(d)).collect();
                let words = std::iter::once(name.to_owned()).chain(params).collect::<Vec<_>>();
                (format!("({})", words.join(" ")), &lambda[2..])
            }
            None => (name.to_owned(), &[][..]),
        };
        let (result, body) = match *body {
            [colon, ty, ref body @ ..] if self.symbol(colon) == Some(":") && !body.is_empty() => (Some(ty), body),
            _ => (None, body),
        };
        if let Some(ty) = result {
            signature.push_str(" : ");
            signature.push_str(&self.line(ty));
        }
        let is_procedure = is_form || !lambda.is_empty();
        let mut found = item(if is_procedure { Kind::Procedure } else { Kind::Variable }, name, signature);
        found.inferred = self.types.get(name).cloned();
        found.docs = self.docstring(body);
        let option = rest.windows(2).find(|pair| !is_form && self.data.written(pair[0]) == ":doc");
        if let Some(text) = option.and_then(|pair| self.data.string(pair[1])) {
            found.docs = text.into_owned();
        }
        found
    }

    /// The string at the start of a body that has more.
    fn docstring(&self, body: &[Datum]) -> String {
        let doc = body.first().filter(|_| body.len() > 1).and_then(|&d| self.data.string(d));
        doc.map(|text| lines(text.lines())).unwrap_or_default()
    }

    /// A datum in one line.
    fn line(&self, d: Datum) -> String {
        let written = self.data.written(d);
        if !written.contains(['\n', ';']) {
            return written.to_owned();
        }
        let mut text = String::new();
        self.data.print(d, &mut text);
        text.trim_end().replace(" )", ")").replace(" ]", "]").replace(" }", "}")
    }

    /// The comment in the lines right above a form.
    fn comment_above(&self, form: Datum) -> String {
        let before = &self.data.text()[..self.data.span(form).start as usize];
        let Some(before) = before.trim_end_matches([' ', '\t']).strip_suffix('\n') else { return String::new() };
        let comment: Vec<&str> = before.rsplit('\n').take_while(|l| l.trim_start().starts_with(';')).collect();
        lines(comment.into_iter().rev().map(|l| l.trim_start()))
    }

    /// The comment that a file begins with; one right above the first form is that form's.
    fn comment_at_start(&self, first: Datum) -> String {
        let before = &self.data.text()[..self.data.span(first).start as usize];
        let comment = before.lines().skip_while(|l| l.starts_with("#!") || l.trim().is_empty());
        let comment: Vec<&str> = comment.take_while(|l| l.trim_start().starts_with(';')).collect();
        let text = lines(comment.into_iter().map(|l| l.trim_start()));
        if text == self.comment_above(first) { String::new() } else { text }
    }
}

fn item(kind: Kind, name: &str, signature: String) -> Item {
    Item {
        kind,
        name: name.to_owned(),
        signature,
        inferred: None,
        docs: String::new(),
        members: Vec::new(),
        implements: Vec::new(),
    }
}

/// Lines without the marks of a comment and what they have in common of indentation.
fn lines<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let plain = all.map(|l| match l.trim_start_matches(';') {
        rest if rest.len() < l.len() => rest.strip_prefix(' ').unwrap_or(rest).trim_end(),
        _ => l.trim(),
    });
    plain.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documented(text: &str, types: &[(&str, &str)]) -> Page {
        let read = molt_claude::syntax::read(molt_base::FileId(0), text);
        assert!(read.diagnostics.is_empty());
        let types = types.iter().map(|(name, ty)| (name.to_string(), ty.to_string())).collect();
        page(Vec::new(), &Documented { data: read.data, types })
    }

    #[test]
    fn exports_have_signatures_types_and_docs() {
        let found = documented(
            "#!/usr/bin/env claudelang\n; Plane shapes.\n;\n; All sizes are metres.\n\n(export area unit Circle hidden-not as x)\n
            ; Kinds of shapes.\n(data Shape a (Dot) (Circle (r : Float)))\n
            (define (area (w : Float)\n   h) : Float\n  \"The area.\n   In square metres.\"\n  (* w h))\n
            (spec:contract area :requires [(> w 0)] :pure true)\n(define unit :doc \"One metre.\" 1)\n(define other 2)\n
            (define hidden-not (lambda (x) x))\n(define-effect Ask (name (String Int) String))",
            &[("area", "(Function Float a Float) {}"), ("unit", "Int")],
        );
        assert_eq!(found.docs, "Plane shapes.\n\nAll sizes are metres.");
        let shown = |i: &Item| format!("{:?} {} | {} | {}", i.kind, i.name, i.signature, i.docs);
        let items: Vec<String> = found.items.iter().map(shown).collect();
        let wanted = [
            "Type Shape | data Shape a | Kinds of shapes.",
            "Effect Ask | effect Ask | ",
            "Procedure area | (area (w : Float) h) : Float | The area.\nIn square metres.",
            "Procedure hidden-not | (hidden-not x) | ",
            "Variable unit | unit | One metre.",
        ];
        assert_eq!(items, wanted);
        let members = |i: usize| found.items[i].members.iter().map(|m| m.signature.as_str()).collect::<Vec<_>>();
        assert_eq!(members(0), ["(Circle (r : Float))"]);
        assert_eq!(members(2), [":requires [(> w 0)]", ":pure true"]);
        assert_eq!(members(1), ["(ask:name String Int) : String"]);
        assert_eq!(found.items[2].inferred.as_deref(), Some("(Function Float a Float) {}"));
        assert_eq!(found.items[4].inferred.as_deref(), Some("Int"));
    }

    #[test]
    fn a_module_form_says_what_it_exports() {
        let found = documented("(module m [f] ; adds one\n(define (f x) (+ x 1)) (define (g) 1))", &[]);
        assert_eq!(found.items.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["f"]);
        assert_eq!(found.docs, "");
        assert!(documented("(define (f) 1)", &[]).items.is_empty());
    }
}
