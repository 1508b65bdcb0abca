//! From data to nodes.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::{Graph, Node, SPAN};
use crate::forms::{Form, TABLE, labels};
use crate::literal::{Number, to_decimal};
use crate::{Data, Datum, Kind};

/// Functions of the library that have nodes of their own.
const FUNCTIONS: &[(&str, &str)] = &[
    ("await", "Await"),
    ("promise", "Promise"),
    ("promise-all", "Promise"),
    ("promise-race", "Promise"),
    ("timeout", "Promise"),
    ("chan", "Channel"),
    ("send!", "Send"),
    ("try-send!", "Send"),
    ("recv!", "Receive"),
    ("receive!", "Receive"),
    ("try-recv!", "Receive"),
    ("actor", "Actor"),
    ("!", "Actor"),
    ("become", "Actor"),
];

/// The graph of some data.
pub(super) fn graph(data: &Data) -> Graph {
    let mut build = Build::new(data);
    let root = build.module();
    Graph { root, nodes: build.nodes }
}

/// The data of a program as text without places, in which variables that it binds are numbers, and the names that it uses
/// and does not bind.
pub(super) fn canonical(data: &Data) -> (String, BTreeSet<String>) {
    let mut build = Build::new(data);
    build.module();
    let Build { uses, free, .. } = build;
    let build = Build { names: uses, ..Build::new(data) };
    let lines: Vec<String> = data.top().map(|d| build.text(d)).collect();
    (lines.join("\n"), free)
}

/// What a name that a program binds is called in its canonical text: nothing where it keeps its name.
type Bound = Option<String>;

struct Build<'d> {
    data: &'d Data,
    nodes: BTreeMap<u32, Node>,
    next: u32,
    /// Names that the program binds around the place at hand: they are no forms there.
    bound: Vec<(String, Bound)>,
    /// How many variables were bound before.
    variables: u32,
    /// What stands for symbols in the canonical text, as far as it is known.
    uses: BTreeMap<Datum, String>,
    /// What [`Build::text`] writes for symbols.
    names: BTreeMap<Datum, String>,
    /// Names of variables that are bound nowhere around them.
    free: BTreeSet<String>,
    /// Parameters of procedures that the module defines: contracts name them.
    parameters: BTreeMap<String, Vec<String>>,
    /// Macros of the file.
    macros: BTreeSet<String>,
    /// Labels of effects, in lower case.
    effects: BTreeSet<String>,
}

type Fields<const N: usize> = [(&'static str, Value); N];

impl<'d> Build<'d> {
    fn new(data: &'d Data) -> Build<'d> {
        Build {
            data,
            nodes: BTreeMap::new(),
            next: 1,
            bound: Vec::new(),
            variables: 0,
            uses: BTreeMap::new(),
            names: BTreeMap::new(),
            free: BTreeSet::new(),
            parameters: BTreeMap::new(),
            macros: BTreeSet::new(),
            effects: labels::ALL.iter().map(|l| l.to_ascii_lowercase()).collect(),
        }
    }

    fn module(&mut self) -> u32 {
        let forms: Vec<Datum> = self.data.top().collect();
        self.declare(&forms, true);
        let forms = self.ids(&forms);
        let end = self.data.text().len() as u32;
        self.node("Module", (0, end), [("form_ids", forms)])
    }

    // ---- nodes ----------------------------------------------------------------------------------

    fn node<const N: usize>(&mut self, kind: &str, span: (u32, u32), fields: Fields<N>) -> u32 {
        let mut node: Node = fields.into_iter().filter(|f| !f.1.is_null()).map(|(k, v)| (k.to_owned(), v)).collect();
        node.insert("type".to_owned(), kind.into());
        node.insert(SPAN.to_owned(), json!([span.0, span.1]));
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        id
    }

    fn at<const N: usize>(&mut self, d: Datum, kind: &str, fields: Fields<N>) -> u32 {
        let span = self.data.span(d);
        self.node(kind, (span.start, span.end), fields)
    }

    fn id(&mut self, d: Datum) -> Value {
        named(self.expr(d))
    }

    fn ids(&mut self, list: &[Datum]) -> Value {
        list.iter().map(|&d| self.id(d)).collect()
    }

    // ---- data -----------------------------------------------------------------------------------

    fn parts(&self, d: Datum) -> Vec<Datum> {
        self.data.parts(d).collect()
    }

    /// A datum in one line, with single blanks.
    fn text(&self, d: Datum) -> String {
        let inside = || self.data.parts(d).map(|p| self.text(p)).collect::<Vec<_>>().join(" ");
        match self.data.kind(d) {
            Kind::Form => format!("({})", inside()),
            Kind::List => format!("[{}]", inside()),
            Kind::Map => format!("{{{}}}", inside()),
            Kind::Set => format!("#{{{}}}", inside()),
            Kind::Quote => format!("'{}", inside()),
            Kind::Quasiquote => format!("`{}", inside()),
            Kind::Splice => format!(",@{}", inside()),
            Kind::Deref => format!("@{}", inside()),
            // `,@` would be another prefix.
            Kind::Unquote => {
                let inside = inside();
                format!(",{}{inside}", if inside.starts_with('@') { " " } else { "" })
            }
            _ => self.names.get(&d).cloned().unwrap_or_else(|| self.data.written(d).to_owned()),
        }
    }

    fn symbol(&self, d: Datum) -> Option<&str> {
        (self.data.kind(d) == Kind::Symbol).then(|| self.data.name(d)).flatten()
    }

    fn is(&self, d: Datum, text: &str) -> bool {
        self.symbol(d) == Some(text)
    }

    fn raw(&self, d: Datum) -> Value {
        json!({"text": self.text(d)})
    }

    // ---- names ----------------------------------------------------------------------------------

    /// The names that forms of a body define are known in all of it. Those of a module keep their names in its canonical
    /// text, because others use them.
    fn declare(&mut self, body: &[Datum], is_module: bool) {
        for &d in body {
            let parts = self.parts(d);
            let Some(head) = parts.first().and_then(|&h| self.symbol(h)).map(str::to_owned) else { continue };
            let target = parts.get(1).map(|&t| if self.data.kind(t) == Kind::Form { self.parts(t) } else { vec![t] });
            let signature = target.unwrap_or_default();
            let target = signature.first().copied();
            let name = target.and_then(|t| self.symbol(t)).map(str::to_owned);
            match (head.as_str(), target.zip(name)) {
                ("define", Some((_, name))) if is_module => {
                    let names = signature[1..].iter().filter_map(|&p| self.name_of_parameter(p)).collect();
                    self.parameters.insert(name.clone(), names);
                    self.bound.push((name, None));
                }
                ("define", Some((target, _))) => self.bind(target),
                ("define-macro", Some((_, name))) => {
                    self.macros.insert(name.clone());
                    self.bound.push((name, None));
                }
                ("define-effect", Some((_, name))) => drop(self.effects.insert(name.to_ascii_lowercase())),
                ("do" | "begin" | "module", _) => self.declare(&parts[1..], is_module),
                ("import", _) => parts[1..].iter().for_each(|&p| self.keep_symbols(p)),
                _ => {}
            }
        }
    }

    fn name_of_parameter(&self, p: Datum) -> Option<String> {
        let name = if self.data.kind(p) == Kind::Form { *self.parts(p).first()? } else { p };
        self.symbol(name).map(str::to_owned)
    }

    /// Whatever symbol stands in something is a name there, and stays what it is.
    fn keep_symbols(&mut self, d: Datum) {
        if let Some(name) = self.symbol(d) {
            self.bound.push((name.to_owned(), None));
        }
        self.parts(d).into_iter().for_each(|p| self.keep_symbols(p));
    }

    /// A symbol is the name of a new variable.
    fn bind(&mut self, d: Datum) {
        let Some(name) = self.symbol(d) else { return };
        let (dots, bare) = name.split_at(if name.starts_with("...") { 3 } else { 0 });
        if bare.is_empty() || name == "_" {
            return;
        }
        let canonical = format!("%{}", self.variables);
        let (bare, written) = (bare.to_owned(), format!("{dots}{canonical}"));
        self.variables += 1;
        self.uses.insert(d, written);
        self.bound.push((bare, Some(canonical)));
    }

    /// Binds the variables of a pattern.
    fn pattern(&mut self, d: Datum) {
        let parts = self.parts(d);
        match self.data.kind(d) {
            // What begins with a capital is a constructor.
            Kind::Symbol if !self.symbol(d).is_some_and(|n| n.starts_with(char::is_uppercase)) => self.bind(d),
            Kind::List => parts.into_iter().for_each(|p| self.pattern(p)),
            Kind::Map => parts.chunks(2).filter_map(|entry| entry.get(1)).for_each(|&p| self.pattern(p)),
            Kind::Form => match parts.split_first() {
                Some((&head, &[p, guard])) if self.is(head, "when") => {
                    self.pattern(p);
                    self.mention(guard);
                }
                Some((&head, &[function, p])) if self.is(head, "view") => {
                    self.mention(function);
                    self.pattern(p);
                }
                Some((&head, alternatives)) if self.is(head, "or") => {
                    // All bind the same variables.
                    let before = self.bound.len();
                    for &p in alternatives {
                        self.alternative(p, before);
                    }
                }
                Some((_, rest)) => rest.iter().for_each(|&p| self.pattern(p)),
                None => {}
            },
            _ => {}
        }
    }

    /// An alternative of a pattern: variables that are bound since some point are those of another one.
    fn alternative(&mut self, d: Datum, since: usize) {
        let start = self.bound.len();
        self.pattern(d);
        let new = self.bound.split_off(start);
        for (name, canonical) in new {
            let known = self.bound[since..].iter().find(|b| b.0 == name).and_then(|b| b.1.clone());
            match (known, canonical) {
                (Some(known), Some(own)) => {
                    let wrong = self.uses.values_mut().filter(|used| used.trim_start_matches('.') == own);
                    wrong.for_each(|used| *used = used.replace(&own, &known));
                }
                (_, canonical) => self.bound.push((name, canonical)),
            }
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|b| b.0 == name)
    }

    /// A symbol means what is bound to it, or it is free.
    fn mention_name(&mut self, d: Datum) {
        let Some(name) = self.symbol(d) else { return };
        match self.bound.iter().rfind(|b| b.0 == name) {
            Some((_, Some(canonical))) => drop(self.uses.insert(d, canonical.clone())),
            Some((_, None)) => {}
            None => drop(self.free.insert(name.to_owned())),
        }
    }

    /// Every symbol in something that is kept as text and is an expression, or may be one.
    fn mention(&mut self, d: Datum) {
        match self.data.kind(d) {
            Kind::Quote => {}
            Kind::Quasiquote => self.mention_unquoted(d, 0),
            _ => {
                self.mention_name(d);
                self.parts(d).into_iter().for_each(|p| self.mention(p));
            }
        }
    }

    /// The same of what is evaluated in a template, inside of so many others.
    fn mention_unquoted(&mut self, d: Datum, depth: usize) {
        unquoted(self.data, d, depth).into_iter().for_each(|p| self.mention(p));
    }

    /// Does something inside of which names may be bound.
    fn inside<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let (bound, macros) = (self.bound.len(), self.macros.clone());
        let result = work(self);
        self.bound.truncate(bound);
        self.macros = macros;
        result
    }

    // ---- expressions ----------------------------------------------------------------------------

    fn expr(&mut self, d: Datum) -> u32 {
        match self.data.kind(d) {
            Kind::Nil => self.at(d, "Literal", [("literal_type", "nil".into())]),
            Kind::True => self.at(d, "Literal", [("literal_type", "bool".into()), ("value", true.into())]),
            Kind::False => self.at(d, "Literal", [("literal_type", "bool".into()), ("value", false.into())]),
            Kind::Int | Kind::Float => self.number(d),
            Kind::Str => {
                let value = self.data.string(d).unwrap_or_default().into_owned();
                self.at(d, "Literal", [("literal_type", "string".into()), ("value", value.into())])
            }
            Kind::Keyword => {
                let name = self.data.name(d).unwrap_or_default().to_owned();
                self.at(d, "Literal", [("literal_type", "keyword".into()), ("value", name.into())])
            }
            Kind::Symbol => self.variable(d),
            Kind::List | Kind::Set => {
                let elements = self.parts(d);
                let elements = self.ids(&elements);
                let form = if self.data.kind(d) == Kind::Set { "set".into() } else { Value::Null };
                self.at(d, "List", [("elements", elements), ("form", form)])
            }
            Kind::Map => {
                let parts = self.parts(d);
                let entries: Value = parts.chunks(2).map(|entry| self.ids(entry)).collect();
                self.at(d, "Map", [("entries", entries)])
            }
            Kind::Quote | Kind::Quasiquote | Kind::Unquote | Kind::Splice => {
                let operator = self.data.kind(d).operator().expect("these are prefixes");
                let text = self.text(self.parts(d)[0]);
                self.mention_unquoted(d, 0);
                self.at(d, "Literal", [("literal_type", operator.into()), ("value", text.into())])
            }
            Kind::Deref => {
                let operand = self.parts(d)[0];
                let function = self.at(d, "Variable", [("name", "deref".into())]);
                let operand = self.id(operand);
                self.at(d, "Application", [("function_id", named(function)), ("argument_ids", json!([operand]))])
            }
            Kind::Form => self.form(d),
            Kind::Error => unreachable!("a text with faults has no graph"),
        }
    }

    fn number(&mut self, d: Datum) -> u32 {
        let (kind, value) = match self.data.number(d).expect("the kind says so") {
            Number::Small(v) => ("int", v.into()),
            // What is no double of JSON stays as it is written.
            Number::Float(v) if v.is_finite() => ("float", v.into()),
            Number::Float(_) => ("float", self.data.written(d).into()),
            Number::Large { negative, radix, digits } => {
                let digits = to_decimal(&digits, radix);
                ("int", format!("{}{digits}", if negative { "-" } else { "" }).into())
            }
        };
        self.at(d, "Literal", [("literal_type", kind.into()), ("value", value)])
    }

    fn variable(&mut self, d: Datum) -> u32 {
        let name = self.data.name(d).unwrap_or_default().to_owned();
        let inner = name.trim_matches([':', '.']);
        let kind = if inner.contains([':', '.']) && !self.is_bound(&name) { "QualifiedVariable" } else { "Variable" };
        self.mention_name(d);
        self.at(d, kind, [("name", name.into())])
    }

    fn form(&mut self, d: Datum) -> u32 {
        let parts = self.parts(d);
        let Some((&head, rest)) = parts.split_first() else {
            return self.at(d, "List", [("elements", json!([])), ("form", "()".into())]);
        };
        let Some(name) = self.symbol(head).map(str::to_owned) else { return self.application(d, head, rest) };
        if self.macros.contains(&name) {
            rest.iter().for_each(|&p| self.mention(p));
            let operands: Value = rest.iter().map(|&p| Value::from(self.text(p))).collect();
            return self.at(d, "Macro", [("name", name.into()), ("operands", operands)]);
        }
        if self.is_bound(&name) {
            return self.application(d, head, rest);
        }
        if let Some((_, form)) = TABLE.iter().find(|(n, _)| *n == name) {
            return self.special(d, *form, &name, rest);
        }
        if let Some((_, kind)) = FUNCTIONS.iter().find(|(n, _)| *n == name) {
            let operands = self.ids(rest);
            return self.at(d, kind, [("form", name.into()), ("parts", operands)]);
        }
        match name.split_once(':') {
            Some((effect, op)) if self.effects.contains(&effect.to_ascii_lowercase()) && !op.is_empty() => {
                let (effect, op) = (effect.to_owned(), op.to_owned());
                let operands = self.ids(rest);
                self.at(
                    d,
                    "Effect",
                    [("effect_type", effect.into()), ("operation", op.into()), ("argument_ids", operands)],
                )
            }
            _ => self.application(d, head, rest),
        }
    }

    fn application(&mut self, d: Datum, head: Datum, rest: &[Datum]) -> u32 {
        let function = self.id(head);
        let operands = self.ids(rest);
        self.at(d, "Application", [("function_id", function), ("argument_ids", operands)])
    }

    /// A form of the language: by its own fields, or by the shape of its operands, or as text.
    fn special(&mut self, d: Datum, form: Form, name: &str, rest: &[Datum]) -> u32 {
        let made = match (form, rest) {
            (Form::If, &[c, t] | &[c, t, _]) => {
                let (c, t) = (self.id(c), self.id(t));
                let otherwise = rest.get(2).map_or(Value::Null, |&e| self.id(e));
                Some(self.at(d, "If", [("condition_id", c), ("then_id", t), ("else_id", otherwise)]))
            }
            (Form::Lambda | Form::AsyncLambda, [params, body @ ..]) => self.lambda_form(d, form, *params, body),
            (Form::Let | Form::Letrec, _) => self.let_form(d, form, rest),
            (Form::Define, [target, more @ ..]) => self.define(d, *target, more),
            (Form::Set, &[target, value]) if self.symbol(target).is_some() => {
                self.mention_name(target);
                let name = self.text(target);
                let value = self.id(value);
                Some(self.at(d, "Assign", [("name", name.into()), ("value_id", value)]))
            }
            (Form::Match, [subject, branches @ ..]) => self.match_form(d, *subject, branches),
            (Form::Do, forms) => Some(self.inside(|b| {
                b.declare(forms, false);
                let ids = b.ids(forms);
                b.at(d, "Sequence", [("expression_ids", ids)])
            })),
            (Form::Ascribe, &[e, ty]) => {
                let (e, ty) = (self.id(e), self.text(ty));
                Some(self.at(d, "Ascription", [("expr_id", e), ("type_text", ty.into())]))
            }
            (Form::Quote | Form::Quasiquote | Form::Unquote, &[datum]) => {
                let text = self.text(datum);
                self.mention_unquoted(d, 0);
                Some(self.at(d, "Literal", [("literal_type", name.into()), ("value", text.into())]))
            }
            _ => None,
        };
        made.unwrap_or_else(|| {
            let parts = self.inside(|b| b.shaped(form, rest));
            self.at(d, kind_of(form, name), [("form", name.into()), ("parts", parts)])
        })
    }

    /// A body: one expression, or several in a sequence that is not written.
    fn body(&mut self, body: &[Datum]) -> Value {
        self.declare(body, false);
        match body {
            [one] => self.id(*one),
            _ => {
                let ids = self.ids(body);
                let span = match (body.first(), body.last()) {
                    (Some(&a), Some(&b)) => (self.data.span(a).start, self.data.span(b).end),
                    _ => (0, 0),
                };
                named(self.node("Sequence", span, [("expression_ids", ids), ("form", "body".into())]))
            }
        }
    }

    // ---- procedures and definitions -------------------------------------------------------------

    fn lambda_form(&mut self, d: Datum, form: Form, params: Datum, rest: &[Datum]) -> Option<u32> {
        if self.data.kind(params) != Kind::Form {
            return None;
        }
        let params = self.parts(params);
        let kind = if form == Form::Lambda { "Lambda" } else { "AsyncLambda" };
        self.lambda(d, kind, &params, rest)
    }

    /// A procedure; none where its parameters are not as the grammar says.
    fn lambda(&mut self, d: Datum, kind: &str, params: &[Datum], rest: &[Datum]) -> Option<u32> {
        let (result, body) = match rest {
            [colon, ty, body @ ..] if self.is(*colon, ":") && !body.is_empty() => (Value::from(self.text(*ty)), body),
            _ => (Value::Null, rest),
        };
        if body.is_empty() {
            return None;
        }
        self.inside(|b| {
            let (mut names, mut more, mut tail) = (Vec::new(), Map::new(), Value::Null);
            let mut at = 0;
            while at < params.len() {
                let p = params[at];
                if b.is(p, ".") || b.is(p, "&") {
                    let [name] = params[at + 1..] else { return None };
                    tail = b.symbol(name)?.into();
                    b.bind(name);
                    break;
                }
                let (at_name, name, described) = b.parameter(p)?;
                if let Some(described) = described {
                    more.insert(name.clone(), described);
                }
                b.bind(at_name);
                names.push(Value::from(name));
                at += 1;
            }
            let described = if more.is_empty() { Value::Null } else { Value::Object(more) };
            let body = b.body(body);
            let fields = [
                ("parameter_names", Value::Array(names)),
                ("parameters", described),
                ("rest_name", tail),
                ("result_type", result),
                ("body_id", body),
            ];
            Some(b.at(d, kind, fields))
        })
    }

    /// The name of a parameter, with its type and default if it has some: `(x : T = e)`.
    fn parameter(&mut self, p: Datum) -> Option<(Datum, String, Option<Value>)> {
        if let Some(name) = self.symbol(p) {
            return Some((p, name.to_owned(), None));
        }
        if self.data.kind(p) != Kind::Form {
            return None;
        }
        let parts = self.parts(p);
        let (&at_name, mut rest) = parts.split_first()?;
        let name = self.symbol(at_name)?.to_owned();
        let mut described = Map::new();
        if let [colon, ty, more @ ..] = rest
            && self.is(*colon, ":")
        {
            described.insert("type_text".to_owned(), self.text(*ty).into());
            rest = more;
        }
        if let [equals, value] = rest
            && self.is(*equals, "=")
        {
            let value = self.id(*value);
            described.insert("default_id".to_owned(), value);
            rest = &[];
        }
        (rest.is_empty() && !described.is_empty()).then_some((at_name, name, Some(Value::Object(described))))
    }

    fn define(&mut self, d: Datum, target: Datum, rest: &[Datum]) -> Option<u32> {
        if self.data.kind(target) == Kind::Form {
            let signature = self.parts(target);
            let (&name, params) = signature.split_first()?;
            let name = self.symbol(name)?.to_owned();
            let value = named(self.lambda(d, "Lambda", params, rest)?);
            let form = "procedure".into();
            return Some(self.at(d, "Define", [("name", name.into()), ("value_id", value), ("form", form)]));
        }
        let name = self.symbol(target)?.to_owned();
        let (&value, options) = rest.split_last()?;
        if options.len() % 2 != 0 {
            return None;
        }
        let options: Option<Vec<Value>> = options
            .chunks(2)
            .map(|o| {
                let key = (self.data.kind(o[0]) == Kind::Keyword).then(|| self.data.name(o[0])).flatten()?;
                Some(json!([key, self.text(o[1])]))
            })
            .collect();
        let options = options.filter(|o| !o.is_empty()).map_or(Value::Null, Value::Array);
        if options.is_null() && rest.len() > 1 {
            return None;
        }
        let value = self.id(value);
        Some(self.at(d, "Define", [("name", name.into()), ("value_id", value), ("options", options)]))
    }

    /// `(let (..) body ..)`, `(let name (..) body ..)`, `letrec`.
    fn let_form(&mut self, d: Datum, form: Form, rest: &[Datum]) -> Option<u32> {
        let (name, rest) = match rest {
            [name, more @ ..] if form == Form::Let && self.symbol(*name).is_some() => (Some(*name), more),
            _ => (None, rest),
        };
        let (&list, body) = rest.split_first()?;
        if self.data.kind(list) != Kind::Form || body.is_empty() {
            return None;
        }
        let pairs: Vec<Vec<Datum>> = self.parts(list).into_iter().map(|b| self.parts(b)).collect();
        if pairs.iter().any(|p| p.len() != 2) || self.data.parts(list).any(|b| self.data.kind(b) != Kind::Form) {
            return None;
        }
        Some(self.inside(|b| {
            if form == Form::Letrec {
                pairs.iter().for_each(|p| b.pattern(p[0]));
            }
            let mut bindings = Vec::new();
            for p in &pairs {
                let value = b.id(p[1]);
                bindings.push(json!({"name": b.text(p[0]), "value_id": value}));
                if form == Form::Let && name.is_none() {
                    b.pattern(p[0]);
                }
            }
            if let Some(name) = name {
                pairs.iter().for_each(|p| b.pattern(p[0]));
                b.bind(name);
            }
            let body = b.body(body);
            let kind = if form == Form::Letrec { "Letrec" } else { "Let" };
            let name = name.map_or(Value::Null, |n| b.text(n).into());
            b.at(d, kind, [("bindings", Value::Array(bindings)), ("body_id", body), ("name", name)])
        }))
    }

    fn match_form(&mut self, d: Datum, subject: Datum, branches: &[Datum]) -> Option<u32> {
        let all: Vec<Vec<Datum>> = branches.iter().map(|&b| self.parts(b)).collect();
        if branches.iter().any(|&b| self.data.kind(b) != Kind::Form) || all.iter().any(|b| b.len() < 2) {
            return None;
        }
        let subject = self.id(subject);
        let mut made = Vec::new();
        for branch in &all {
            made.push(self.inside(|b| {
                b.pattern(branch[0]);
                let (guard, body) = match &branch[1..] {
                    [when, guard, body @ ..] if b.is(*when, "when") && !body.is_empty() => (b.id(*guard), body),
                    body => (Value::Null, body),
                };
                let pattern = b.text(branch[0]);
                let body = b.body(body);
                let mut made = json!({"pattern": pattern, "body_id": body});
                if !guard.is_null() {
                    made["guard_id"] = guard;
                }
                made
            }));
        }
        Some(self.at(d, "Match", [("expr_id", subject), ("branches", Value::Array(made))]))
    }

    // ---- other forms ----------------------------------------------------------------------------

    /// The operands of a form that has no fields of its own.
    fn shaped(&mut self, form: Form, rest: &[Datum]) -> Value {
        match form {
            Form::When
            | Form::Unless
            | Form::And
            | Form::Or
            | Form::Recur
            | Form::Throw
            | Form::Async
            | Form::Spawn
            | Form::Parallel
            | Form::WithHandler
            | Form::WithLogger
            | Form::WithMockTime
            | Form::WithSeed
            | Form::WithMockIo
            | Form::RecordEffects => {
                self.declare(rest, false);
                self.ids(rest)
            }
            Form::Require => self.ids(rest),
            Form::Handler => match rest {
                [clauses, body @ ..] if self.data.kind(*clauses) == Kind::Form => {
                    let clauses = self.parts(*clauses);
                    let clauses: Value = clauses.iter().map(|&c| self.handler_clause(c)).collect();
                    self.declare(body, false);
                    core::iter::once(clauses).chain(body.iter().map(|&e| self.id(e)).collect::<Vec<_>>()).collect()
                }
                _ => self.as_text(rest),
            },
            Form::MakeHandler => rest.iter().map(|&c| self.handler_clause(c)).collect(),
            Form::WithOpenFile => match rest {
                [head, body @ ..] if self.data.kind(*head) == Kind::Form => {
                    let made = self.clause(*head, 1);
                    self.parts(*head).first().into_iter().for_each(|&n| self.bind(n));
                    self.declare(body, false);
                    core::iter::once(made).chain(body.iter().map(|&e| self.id(e)).collect::<Vec<_>>()).collect()
                }
                _ => self.as_text(rest),
            },
            Form::Select => rest.iter().map(|&c| self.select_clause(c)).collect(),
            Form::Receive => self.receive(rest),
            Form::Cond | Form::Uncertain => rest.iter().map(|&clause| self.clause(clause, 0)).collect(),
            Form::Case => self.subject_and_clauses(rest),
            Form::DoTimes | Form::DoSeq => match rest {
                [head, body @ ..] => {
                    let (head, names) = (self.clause(*head, 1), self.parts(*head));
                    names.first().into_iter().for_each(|&n| self.pattern(n));
                    self.declare(body, false);
                    core::iter::once(head).chain(body.iter().map(|&e| self.id(e)).collect::<Vec<_>>()).collect()
                }
                [] => json!([]),
            },
            Form::Loop => match rest {
                [list, body @ ..] if self.data.kind(*list) == Kind::Form => {
                    let bindings = self.parts(*list);
                    let mut made = Vec::new();
                    for &b in &bindings {
                        made.push(self.clause(b, 1));
                        self.parts(b).first().into_iter().for_each(|&n| self.bind(n));
                    }
                    self.declare(body, false);
                    core::iter::once(Value::Array(made))
                        .chain(body.iter().map(|&e| self.id(e)).collect::<Vec<_>>())
                        .collect()
                }
                _ => self.as_text(rest),
            },
            Form::Try => rest.iter().map(|&e| self.try_part(e)).collect(),
            Form::Effect => self.effect(rest),
            Form::Thread | Form::ThreadLast => self.ids(rest),
            Form::Is => match rest {
                &[ctor, e] => {
                    let e = self.id(e);
                    json!([self.raw(ctor), e])
                }
                _ => self.as_text(rest),
            },
            Form::Module => match rest {
                [name, forms @ ..] => {
                    self.declare(forms, true);
                    let name = self.raw(*name);
                    let form = |b: &mut Self, f: Datum| if b.data.kind(f) == Kind::List { b.raw(f) } else { b.id(f) };
                    core::iter::once(name).chain(forms.iter().map(|&f| form(self, f)).collect::<Vec<_>>()).collect()
                }
                [] => json!([]),
            },
            Form::WithSandbox | Form::DefTest => match rest {
                [first, body @ ..] => {
                    self.declare(body, false);
                    let first = self.raw(*first);
                    core::iter::once(first).chain(body.iter().map(|&e| self.id(e)).collect::<Vec<_>>()).collect()
                }
                [] => json!([]),
            },
            // What they name are the parameters of the procedure.
            Form::Contract => {
                let name = rest.first().and_then(|&n| self.symbol(n)).map(str::to_owned);
                let names = name.and_then(|n| self.parameters.get(&n).cloned()).unwrap_or_default();
                self.bound.extend(names.into_iter().enumerate().map(|(i, n)| (n, Some(format!("%p{i}")))));
                rest.iter().skip(1).for_each(|&c| self.mention(c));
                self.as_text(rest)
            }
            Form::TypeInvariant => {
                if let [_, variable, conditions @ ..] = rest {
                    self.parts(*variable).into_iter().for_each(|v| self.bind(v));
                    conditions.iter().for_each(|&c| self.mention(c));
                }
                self.as_text(rest)
            }
            Form::FnContract => {
                if let [parameters, clauses @ ..] = rest {
                    self.parts(*parameters).into_iter().for_each(|p| self.bind(p));
                    clauses.iter().for_each(|&c| self.mention(c));
                }
                self.as_text(rest)
            }
            // Names, patterns and types stand among the expressions of these, or there are none.
            Form::Data
            | Form::TypeAlias
            | Form::DefineEffect
            | Form::DefineMacro
            | Form::MacroExpand
            | Form::Import
            | Form::Export
            | Form::Unbuilt => self.as_text(rest),
            // Not as the grammar says, or it would have fields.
            Form::Define
            | Form::Lambda
            | Form::Let
            | Form::Letrec
            | Form::Set
            | Form::If
            | Form::Do
            | Form::Quote
            | Form::Quasiquote
            | Form::Unquote
            | Form::Match
            | Form::Ascribe
            | Form::AsyncLambda => self.as_text(rest),
        }
    }

    fn as_text(&self, list: &[Datum]) -> Value {
        list.iter().map(|&d| self.raw(d)).collect()
    }

    /// Something in parentheses: so many parts of text, then expressions.
    fn clause(&mut self, clause: Datum, texts: usize) -> Value {
        if self.data.kind(clause) != Kind::Form {
            return self.raw(clause);
        }
        let parts = self.parts(clause);
        let (texts, body) = parts.split_at(texts.min(parts.len()));
        let texts: Vec<Value> = texts.iter().map(|&t| self.raw(t)).collect();
        self.inside(|b| {
            b.declare(body, false);
            // `else` stands for no value.
            let part = |b: &mut Self, e: Datum| {
                if b.is(e, "else") && !b.is_bound("else") { b.raw(e) } else { b.id(e) }
            };
            let body: Vec<Value> = body.iter().map(|&e| part(b, e)).collect();
            texts.into_iter().chain(body).collect()
        })
    }

    fn subject_and_clauses(&mut self, rest: &[Datum]) -> Value {
        let [subject, clauses @ ..] = rest else { return json!([]) };
        let subject = self.id(*subject);
        core::iter::once(subject).chain(clauses.iter().map(|&c| self.clause(c, 1)).collect::<Vec<_>>()).collect()
    }

    /// `(catch pattern body ..)`, `(finally body ..)` or an expression of the body.
    fn try_part(&mut self, e: Datum) -> Value {
        let parts = if self.data.kind(e) == Kind::Form { self.parts(e) } else { Vec::new() };
        let texts = match parts.first() {
            Some(&head) if self.is(head, "catch") => 2,
            Some(&head) if self.is(head, "finally") => 1,
            _ => return self.id(e),
        };
        self.inside(|b| {
            parts.iter().take(texts).skip(1).for_each(|&p| b.catch_pattern(p));
            b.clause(e, texts)
        })
    }

    /// A plain variable takes every error; `(catch (e) ..)` is read so.
    fn catch_pattern(&mut self, d: Datum) {
        match self.parts(d)[..] {
            [name] if self.data.kind(d) == Kind::Form => self.pattern(name),
            _ => self.pattern(d),
        }
    }

    /// `(target f)`, `(control target (p ..) body ..)` or `(return (x) body ..)`.
    fn handler_clause(&mut self, d: Datum) -> Value {
        let parts = if self.data.kind(d) == Kind::Form { self.parts(d) } else { Vec::new() };
        let texts = match parts.first() {
            Some(&head) if self.is(head, "control") => 3,
            Some(&head) if self.is(head, "return") => 2,
            Some(_) => 1,
            None => return self.raw(d),
        };
        self.inside(|b| {
            if let Some(&parameters) = parts.get(texts - 1).filter(|_| texts > 1) {
                b.parts(parameters).into_iter().for_each(|p| b.bind(p));
                b.bound.push(("resume".to_owned(), None));
            }
            b.clause(d, texts)
        })
    }

    /// `((recv! ch) e)`, `((send! ch v) e)`, `(timeout ms e)` or `(default e)`.
    fn select_clause(&mut self, d: Datum) -> Value {
        let word = self.parts(d).first().is_some_and(|&w| self.is(w, "timeout") || self.is(w, "default"));
        self.clause(d, usize::from(word))
    }

    /// Patterns, each with its expression; `(timeout ms e)` may follow.
    fn receive(&mut self, rest: &[Datum]) -> Value {
        let pairs = rest.chunks(2).map(|pair| match *pair {
            [pattern, e] => self.inside(|b| {
                b.pattern(pattern);
                let e = b.id(e);
                [Some(b.raw(pattern)), Some(e)]
            }),
            [last] => [Some(self.clause(last, 1)), None],
            _ => [None, None],
        });
        pairs.collect::<Vec<_>>().into_iter().flatten().flatten().collect()
    }

    /// `(effect E:op e ..)` and the older `(effect E op e ..)`.
    fn effect(&mut self, rest: &[Datum]) -> Value {
        let names = match rest.first().and_then(|&n| self.symbol(n)) {
            Some(name) if name.contains(':') => 1,
            _ => 2.min(rest.len()),
        };
        let (names, operands) = rest.split_at(names);
        let names: Vec<Value> = names.iter().map(|&n| self.raw(n)).collect();
        names.into_iter().chain(operands.iter().map(|&e| self.id(e)).collect::<Vec<_>>()).collect()
    }
}

/// What is evaluated in a template: data behind the unquotes that belong to it.
pub(super) fn unquoted(data: &Data, d: Datum, depth: usize) -> Vec<Datum> {
    let (mut found, mut waiting) = (Vec::new(), Vec::from([(d, depth)]));
    while let Some((d, depth)) = waiting.pop() {
        // The prefixes, and the forms that they stand for.
        let head = data.parts(d).next().filter(|_| data.kind(d) == Kind::Form).and_then(|head| data.name(head));
        let operands = data.parts(d).skip(usize::from(head.is_some()));
        let inside = match data.kind(d).operator().or(head) {
            Some("quasiquote") => depth + 1,
            Some("unquote" | "unquote-splicing") if depth <= 1 => {
                found.extend(operands.filter(|_| depth == 1));
                continue;
            }
            Some("unquote" | "unquote-splicing") => depth - 1,
            _ => depth,
        };
        waiting.extend(data.parts(d).map(|p| (p, inside)));
    }
    found.sort();
    found
}

/// The id of a number.
pub(super) fn named(id: u32) -> Value {
    format!("n{id}").into()
}

/// The kind of the node of a form without fields of its own.
fn kind_of(form: Form, name: &str) -> &'static str {
    match form {
        Form::Define => "Define",
        Form::Lambda => "Lambda",
        Form::Let | Form::Loop | Form::WithOpenFile => "Let",
        Form::Letrec => "Letrec",
        Form::Set => "Assign",
        Form::If | Form::Cond | Form::When | Form::Unless | Form::And | Form::Or => "If",
        Form::Case | Form::Match | Form::Is => "Match",
        Form::Do | Form::DoTimes | Form::DoSeq => "Sequence",
        Form::Recur | Form::Thread | Form::ThreadLast => "Application",
        Form::Quote | Form::Quasiquote | Form::Unquote => "Literal",
        Form::Data | Form::TypeAlias => "Data",
        Form::Ascribe => "Ascription",
        Form::Effect | Form::DefineEffect => "Effect",
        Form::DefineMacro | Form::MacroExpand => "Macro",
        Form::Handler
        | Form::MakeHandler
        | Form::WithHandler
        | Form::WithSandbox
        | Form::WithMockTime
        | Form::WithSeed
        | Form::WithMockIo
        | Form::RecordEffects
        | Form::WithLogger => "Handler",
        Form::Try => "Try",
        Form::Throw => "Throw",
        Form::Module => "Module",
        Form::Import | Form::Require => "Import",
        Form::Export => "Export",
        Form::Uncertain => "Uncertain",
        Form::Async => "Async",
        Form::AsyncLambda => "AsyncLambda",
        Form::Spawn => "Spawn",
        Form::Parallel => "Parallel",
        Form::Select => "Select",
        Form::Receive => "Receive",
        Form::Contract | Form::TypeInvariant | Form::FnContract | Form::DefTest => "Contract",
        Form::Unbuilt if name.starts_with("spec:") => "Contract",
        Form::Unbuilt if name == "with-mock-network" => "Handler",
        Form::Unbuilt if name.ends_with("component") => "UIComponent",
        Form::Unbuilt => "UIControl",
    }
}
