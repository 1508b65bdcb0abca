//! What a module has for modules of other languages, as far as its text says.
//!
//! Nothing is expanded or inferred: procedures whose definitions are written out have their parameters, types are those of
//! annotations. What is exported otherwise is a value of unknown type.

use std::collections::HashMap;

use molt_base::{FileId, Interner};
use molt_ir::surface::{Item, ItemKind, Literal, Param, Signature, Surface, Ty};

use super::foreign::{exports_in, python_name};
use crate::stx::{StxId, Syntax};
use crate::syntax::literal::Number;
use crate::syntax::{self, Kind};

/// Describes a module by its text.
pub fn surface(text: &str) -> Surface {
    let read = syntax::read(FileId(0), text);
    let (mut names, mut forms) = (Interner::default(), Syntax::default());
    let top = forms.add(&read.data, &mut names);
    let exported = exports_in(&forms, &names, &top);
    let mut reader = Reader { forms: &forms, names: &names, found: HashMap::new() };
    top.iter().for_each(|&form| reader.form(form));
    let mut items: Vec<Item> = Vec::new();
    for (own, shown) in exported {
        let Some(name) = python_name(&shown).filter(|n| items.iter().all(|i| i.name != *n)) else { continue };
        let (docs, kind) = reader.found.remove(&own).unwrap_or((None, ItemKind::Value(Ty::Any)));
        items.push(Item { name, docs, kind });
    }
    Surface { items, left_out: Vec::new() }
}

struct Reader<'a> {
    forms: &'a Syntax,
    names: &'a Interner,
    /// What is defined, with its documentation.
    found: HashMap<String, (Option<String>, ItemKind)>,
}

impl Reader<'_> {
    fn is(&self, s: StxId, text: &str) -> bool {
        self.forms.is_symbol(s, text, self.names)
    }

    fn text(&self, s: StxId) -> &str {
        self.names.text(self.forms.text(s))
    }

    fn form(&mut self, form: StxId) {
        let parts = self.forms.parts(form).to_vec();
        let Some((&head, rest)) = parts.split_first() else { return };
        if self.is(head, "module") {
            rest.iter().for_each(|&f| self.form(f));
        } else if self.is(head, "define") {
            self.define(rest);
        } else if self.is(head, "data") {
            rest.iter().skip(1).for_each(|&case| self.case(case));
        }
    }

    fn define(&mut self, parts: &[StxId]) {
        let Some((&target, rest)) = parts.split_first() else { return };
        if self.forms.kind(target) == Kind::Symbol {
            let value = rest.last().map(|&v| self.forms.parts(v).to_vec()).unwrap_or_default();
            let kind = match value.split_first() {
                Some((&head, [params, body @ ..])) if self.is(head, "lambda") || self.is(head, "fn") => {
                    self.procedure(self.forms.parts(*params), body)
                }
                _ => (None, ItemKind::Value(rest.last().map_or(Ty::Any, |&v| self.of_literal(v)))),
            };
            self.found.insert(self.text(target).to_owned(), kind);
        } else if let Some((&name, params)) = self.forms.parts(target).split_first() {
            let kind = self.procedure(params, rest);
            self.found.insert(self.text(name).to_owned(), kind);
        }
    }

    fn procedure(&self, params: &[StxId], body: &[StxId]) -> (Option<String>, ItemKind) {
        let (result, body) = match body {
            [colon, ty, body @ ..] if self.is(*colon, ":") => (self.ty(*ty), body),
            body => (Ty::Any, body),
        };
        let docs = match body {
            [first, _, ..] if self.forms.kind(*first) == Kind::Str => Some(self.text(*first).to_owned()),
            _ => None,
        };
        let fixed = params.iter().take_while(|&&p| !self.is(p, ".") && !self.is(p, "&"));
        let params = fixed.map(|&p| self.param(p)).collect();
        (docs, ItemKind::Function(Signature { params, result }))
    }

    fn param(&self, p: StxId) -> Param {
        let plain = |name: &str, ty, default| Param {
            name: python_name(name).unwrap_or_else(|| "value".into()),
            ty,
            default,
            by_name: false,
        };
        match self.forms.parts(p) {
            [name, colon, ty] if self.is(*colon, ":") => plain(self.text(*name), self.ty(*ty), None),
            [name, colon, ty, _, default] if self.is(*colon, ":") => {
                plain(self.text(*name), self.ty(*ty), Some(self.default(*default)))
            }
            _ => plain(self.text(p), Ty::Any, None),
        }
    }

    /// A case of a data type: its constructor, or its only value.
    fn case(&mut self, case: StxId) {
        let Some((&name, fields)) = self.forms.parts(case).split_first() else { return };
        let params: Vec<Param> = fields
            .iter()
            .enumerate()
            .map(|(i, &field)| match self.forms.parts(field) {
                [_, colon, _] if self.is(*colon, ":") => self.param(field),
                _ => Param { name: format!("_{i}"), ty: self.ty(field), default: None, by_name: false },
            })
            .collect();
        let kind = match params.is_empty() {
            true => ItemKind::Value(Ty::Any),
            false => ItemKind::Function(Signature { params, result: Ty::Any }),
        };
        self.found.insert(self.text(name).to_owned(), (None, kind));
    }

    fn ty(&self, form: StxId) -> Ty {
        if self.forms.kind(form) == Kind::Symbol {
            return match self.text(form) {
                "Int" => Ty::Int,
                "Float" => Ty::Float,
                "Bool" => Ty::Bool,
                "String" => Ty::Str,
                "Bytes" => Ty::Bytes,
                "Nil" => Ty::None,
                _ => Ty::Any,
            };
        }
        let Some((&head, args)) = self.forms.parts(form).split_first() else { return Ty::Any };
        let one = |i: usize| args.get(i).map_or(Ty::Any, |&a| self.ty(a));
        match self.text(head) {
            "List" => Ty::List(one(0).into()),
            "Set" => Ty::Set(one(0).into()),
            "Map" => Ty::Dict(one(0).into(), one(1).into()),
            "Tuple" => Ty::Tuple(args.iter().map(|&a| self.ty(a)).collect()),
            "Union" => match args {
                [a, b] if self.ty(*b) == Ty::None && self.ty(*a) != Ty::Any => Ty::Optional(self.ty(*a).into()),
                [a, b] if self.ty(*a) == Ty::None && self.ty(*b) != Ty::Any => Ty::Optional(self.ty(*b).into()),
                _ => Ty::Any,
            },
            "Function" | "->" => {
                let args: Vec<StxId> = args.iter().copied().filter(|&a| self.forms.kind(a) != Kind::Map).collect();
                match args.split_last() {
                    Some((&result, params)) => {
                        Ty::Callable(params.iter().map(|&p| self.ty(p)).collect(), self.ty(result).into())
                    }
                    None => Ty::Any,
                }
            }
            _ => Ty::Any,
        }
    }

    fn of_literal(&self, s: StxId) -> Ty {
        match self.default(s) {
            Literal::Bool(_) => Ty::Bool,
            Literal::Int(_) => Ty::Int,
            Literal::Float(_) => Ty::Float,
            Literal::Str(_) => Ty::Str,
            Literal::None | Literal::Other => Ty::Any,
        }
    }

    fn default(&self, s: StxId) -> Literal {
        match self.forms.kind(s) {
            Kind::Str => Literal::Str(self.text(s).to_owned()),
            Kind::True => Literal::Bool(true),
            Kind::False => Literal::Bool(false),
            Kind::Nil => Literal::None,
            _ => match self.forms.number(s, self.names) {
                Some(Number::Small(n)) => Literal::Int(n),
                Some(Number::Float(x)) if x.is_finite() => Literal::Float(x),
                _ => Literal::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_give_parameters_and_types() {
        let found = surface(
            "(export area scale big? Circle Dot limit)
             (define (area (r : Float) (n : Int = 2)) : Float \"The area.\" (* r r))
             (define scale (lambda (xs . rest) xs))
             (define (big? (m : (Map String (List Int)))) : Bool true)
             (data Shape (Dot) (Circle (r : Float)))
             (define limit 5)",
        );
        let names: Vec<&str> = found.items.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(names, ["area", "scale", "is_big", "Circle", "Dot", "limit"]);
        let ItemKind::Function(area) = &found.items[0].kind else { panic!("`area` is a function") };
        assert_eq!(found.items[0].docs.as_deref(), Some("The area."));
        assert_eq!(area.result, Ty::Float);
        assert_eq!(area.params[1].default, Some(Literal::Int(2)));
        let ItemKind::Function(big) = &found.items[2].kind else { panic!("`big?` is a function") };
        assert_eq!(big.params[0].ty, Ty::Dict(Ty::Str.into(), Ty::List(Ty::Int.into()).into()));
        assert_eq!(found.items[4].kind, ItemKind::Value(Ty::Any));
        assert_eq!(found.items[5].kind, ItemKind::Value(Ty::Int));
    }
}
