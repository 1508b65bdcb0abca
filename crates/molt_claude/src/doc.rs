//! What a module says of itself to those who import it.
//!
//! The items are what it exports, and the effects that it declares. Signatures are the text of the program; types and effect
//! rows are what the checker found. Documentation is the string at the start of a procedure's body or the `:doc` of a
//! definition, and otherwise the comment right above the form; that of the module is the comment at the start of its file.

use std::collections::HashMap;

use molt_base::SourceMap;
use molt_diagnostics::Diagnostic;

use crate::check;
use crate::core::{Core, ExprId, ExprKind};
use crate::expand::{Expander, Files};
use crate::macros::MakeRunner;
use crate::options::Contracts;
use crate::program::{Loader, Request};
use crate::session::apart;
use crate::stx::Syntax;
use crate::syntax::{self, Data, Datum, Kind as DatumKind};

/// A module with its documentation.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Documented {
    pub docs: String,
    /// In the order of the text.
    pub items: Vec<Item>,
}

/// What an item is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Type,
    Effect,
    Procedure,
    Variable,
    Macro,
    /// Of a type.
    Constructor,
    /// Of an effect.
    Operation,
    /// Of a contract.
    Clause,
}

/// A name that a module gives out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    pub kind: Kind,
    pub name: String,
    pub signature: String,
    /// The type with its row, where the checker found one.
    pub inferred: Option<String>,
    pub docs: String,
    /// Constructors, operations, clauses of a contract.
    pub members: Vec<Item>,
}

/// The documentation of the request's entry; its faults, if it has some that keep it from being checked. None if there is
/// no such file.
pub fn document(
    request: &Request,
    loader: &dyn Loader,
    runner: MakeRunner,
) -> Option<Result<Documented, (Vec<Diagnostic>, SourceMap)>> {
    let entry = request.entry.as_deref()?;
    let bytes = loader.read(entry)?;
    Some(apart(|| {
        let (mut core, mut stx, mut sources) = (Core::default(), Syntax::default(), SourceMap::default());
        let mut diagnostics = Vec::new();
        let files = Files { loader, places: &request.places };
        let mut expander = Expander::new(&mut core, &mut stx, &mut diagnostics, &mut sources, files, runner);
        // The types are those of the bodies, not of what checks them.
        expander.contracts = Contracts::Off;
        expander.library();
        expander.file(entry, bytes);
        let is_read = expander.is_read();
        if is_read {
            diagnostics.extend(check::check(&mut core, &mut stx, &sources, false));
        }
        diagnostics.retain(Diagnostic::is_error);
        let file = sources.find(&entry.display().to_string());
        let Some(file) = file.filter(|_| diagnostics.is_empty()) else { return Err((diagnostics, sources)) };
        let types = types(&mut core, &mut stx, &sources);
        let read = syntax::read(file, &sources.file(file).text);
        Ok(Reader { data: &read.data, types }.module())
    }))
}

/// The types of what the module that was expanded last defines, by name.
fn types(core: &mut Core, stx: &mut Syntax, sources: &SourceMap) -> HashMap<String, String> {
    let Some(&last) = core.order.last() else { return HashMap::new() };
    let defined = core.modules[last].body.iter().filter_map(|&e| match *core.kind(e) {
        ExprKind::InitGlobal(g, value) => Some((core.names.text(core.globals[g].name).to_owned(), value)),
        _ => None,
    });
    let (names, values): (Vec<String>, Vec<ExprId>) = defined.unzip();
    names.into_iter().zip(check::describe_all(core, stx, sources, &values)).collect()
}

struct Reader<'d> {
    data: &'d Data,
    types: HashMap<String, String>,
}

impl Reader<'_> {
    fn module(&self) -> Documented {
        let top: Vec<Datum> = self.data.top().collect();
        let is_module = |d: &&Datum| self.head(**d) == Some("module");
        // The whole file is in a `module` form that stands alone; several are modules of their own.
        let forms = match top.iter().filter(is_module).collect::<Vec<_>>()[..] {
            [&only] => top.iter().filter(|&&d| d != only).copied().chain(self.data.parts(only).skip(2)).collect(),
            _ => top.clone(),
        };
        let exported = self.exported(&top, &forms);
        let contracts = self.contracts(&forms);
        let mut items: Vec<Item> = forms.iter().filter_map(|&f| self.item(f, &exported)).collect();
        for item in items.iter_mut().filter(|i| i.kind == Kind::Procedure) {
            item.members = contracts.get(item.name.as_str()).cloned().unwrap_or_default();
        }
        let docs = top.first().map_or(String::new(), |&first| self.comment_at_start(first));
        Documented { docs, items }
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

    /// The names here of what the module exports.
    fn exported(&self, top: &[Datum], forms: &[Datum]) -> Vec<&str> {
        let listed = top.iter().filter(|&&d| self.head(d) == Some("module")).filter_map(|&d| {
            let names = self.data.parts(d).nth(2)?;
            (self.data.kind(names) == DatumKind::List).then(|| self.data.parts(names).collect::<Vec<_>>())
        });
        let exports = forms.iter().filter(|&&d| self.head(d) == Some("export"));
        let exports = exports.map(|&d| self.data.parts(d).skip(1).collect::<Vec<_>>());
        let mut names = Vec::new();
        for list in listed.chain(exports) {
            let mut i = 0;
            while i < list.len() {
                names.extend(self.symbol(list[i]).or_else(|| self.head(list[i])));
                // `name as other` in a row.
                let is_renamed = list.get(i + 1).is_some_and(|&d| self.symbol(d) == Some("as"));
                i += if is_renamed { 3 } else { 1 };
            }
        }
        names
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

    fn item(&self, form: Datum, exported: &[&str]) -> Option<Item> {
        let parts: Vec<Datum> = self.data.parts(form).collect();
        let is_exported = |name: &str| exported.contains(&name);
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
    Item { kind, name: name.to_owned(), signature, inferred: None, docs: String::new(), members: Vec::new() }
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
    use std::path::Path;

    use super::*;
    use crate::lookup::Places;
    use crate::{Foreign, Options};

    struct OneFile<'a>(&'a str);

    impl Loader for OneFile<'_> {
        fn read(&self, path: &Path) -> Option<Vec<u8>> {
            (path == Path::new("main.cl")).then(|| self.0.as_bytes().to_vec())
        }

        fn foreign(&self, _: &Path, _: &[u8]) -> Result<Foreign, String> {
            unreachable!("nothing else is there")
        }
    }

    fn documented(text: &str) -> Documented {
        let request = Request {
            entry: Some("main.cl".into()),
            surfaces: Vec::new(),
            places: Places::default(),
            options: Options::default(),
        };
        let made = document(&request, &OneFile(text), &|| unreachable!("these programs have no macros that run"));
        made.expect("there is the file").expect("it is in order")
    }

    #[test]
    fn exports_have_signatures_types_and_docs() {
        let found = documented(
            "#!/usr/bin/env claudelang\n; Plane shapes.\n;\n; All sizes are metres.\n\n(export area unit Circle hidden-not as x)\n
            ; Kinds of shapes.\n(data Shape a (Dot) (Circle (r : Float)))\n
            (define (area (w : Float)\n   h) : Float\n  \"The area.\n   In square metres.\"\n  (* w h))\n
            (spec:contract area :requires [(> w 0)] :pure true)\n(define unit :doc \"One metre.\" 1)\n(define other 2)\n
            (define hidden-not (lambda (x) x))\n(define-effect Ask (name (String Int) String))",
        );
        assert_eq!(found.docs, "Plane shapes.\n\nAll sizes are metres.");
        let shown = |i: &Item| format!("{:?} {} | {} | {}", i.kind, i.name, i.signature, i.docs);
        let items: Vec<String> = found.items.iter().map(shown).collect();
        let wanted = [
            "Type Shape | data Shape a | Kinds of shapes.",
            "Procedure area | (area (w : Float) h) : Float | The area.\nIn square metres.",
            "Variable unit | unit | One metre.",
            "Procedure hidden-not | (hidden-not x) | ",
            "Effect Ask | effect Ask | ",
        ];
        assert_eq!(items, wanted);
        let members = |i: usize| found.items[i].members.iter().map(|m| m.signature.as_str()).collect::<Vec<_>>();
        assert_eq!(members(0), ["(Circle (r : Float))"]);
        assert_eq!(members(1), [":requires [(> w 0)]", ":pure true"]);
        assert_eq!(members(4), ["(ask:name String Int) : String"]);
        assert_eq!(found.items[1].inferred.as_deref(), Some("(Function Float a Float) {}"));
        assert_eq!(found.items[2].inferred.as_deref(), Some("Int"));
    }

    #[test]
    fn a_module_form_says_what_it_exports() {
        let found = documented("(module m [f] ; adds one\n(define (f x) (+ x 1)) (define (g) 1))");
        assert_eq!(found.items.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["f"]);
        assert_eq!(found.docs, "");
        assert!(documented("(define (f) 1)").items.is_empty());
    }
}
