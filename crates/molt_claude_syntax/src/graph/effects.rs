//! What the evaluation of a program, and calls of all its procedures, may perform.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use molt_base::FileId;
use serde_json::Value;

use super::parts::{children, ids_in, kind};
use super::{Graph, Node, build, number};
use crate::forms::labels;
use crate::{Datum, Kind, read};

/// Labels with an operation, or with none for all of them.
type Set = BTreeSet<(String, Option<String>)>;

/// What functions of the library perform, by name: labels, or labels with an operation as in `IO:print`.
pub type Rows = BTreeMap<String, Vec<String>>;

pub(super) fn effects(graph: &Graph, rows: &Rows, free: &BTreeSet<String>) -> BTreeSet<String> {
    let mut declared = BTreeMap::new();
    for node in graph.nodes.values().filter(|n| form(n) == Some("define-effect")) {
        if let Some(name) = texts(node).first() {
            declared.insert(name.to_ascii_lowercase(), (*name).to_owned());
        }
    }
    declared.extend(labels::ALL.iter().map(|l| (l.to_ascii_lowercase(), (*l).to_owned())));
    let walk = Walk { graph, rows, free, declared };
    walk.node(graph.root).into_iter().map(|(label, _)| label).collect()
}

fn form(node: &Node) -> Option<&str> {
    node.get("form").and_then(Value::as_str)
}

/// The parts of a node that are text.
fn texts(node: &Node) -> Vec<&str> {
    let parts = node.get("parts").and_then(Value::as_array);
    parts.into_iter().flatten().filter_map(text).collect()
}

fn text(part: &Value) -> Option<&str> {
    part.get("text").and_then(Value::as_str)
}

struct Walk<'g> {
    graph: &'g Graph,
    rows: &'g Rows,
    /// Names that mean what is outside of the program somewhere in it.
    free: &'g BTreeSet<String>,
    /// Labels as they are declared, by how they are compared.
    declared: BTreeMap<String, String>,
}

impl Walk<'_> {
    fn node(&self, id: u32) -> Set {
        let Some(node) = self.graph.nodes.get(&id) else { return Set::new() };
        if let Some(row) = node.get("effect_row").and_then(Value::as_array) {
            return row.iter().filter_map(Value::as_str).map(|entry| self.operation(entry)).collect();
        }
        match (kind(node), form(node)) {
            ("Handler", Some("handler" | "make-handler")) => self.handler(node),
            ("Handler", Some("with-handler")) => self.with_handler(node),
            ("Handler", Some("with-mock-time")) => self.without(node, |label, _| label == labels::TIME),
            ("Handler", Some("with-mock-io")) => self.without(node, |label, op| {
                label == labels::IO && op.is_some_and(|op| matches!(op, "print" | "write" | "print-err" | "read-line"))
            }),
            ("Try", _) => self.protected(node),
            (_, form) => {
                let mut set = self.parts(node);
                self.own(node, form, &mut set);
                set
            }
        }
    }

    fn all(&self, ids: &[u32]) -> Set {
        ids.iter().flat_map(|&id| self.node(id)).collect()
    }

    fn parts(&self, node: &Node) -> Set {
        self.all(&children(node))
    }

    fn without(&self, node: &Node, handled: impl Fn(&str, Option<&str>) -> bool) -> Set {
        self.parts(node).into_iter().filter(|(label, op)| !handled(label, op.as_deref())).collect()
    }

    /// A label as it is declared.
    fn label(&self, name: &str) -> String {
        self.declared.get(&name.to_ascii_lowercase()).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// `label:op`, or a label.
    fn operation(&self, name: &str) -> (String, Option<String>) {
        match name.split_once(':') {
            Some((label, op)) => (self.label(label), Some(op.to_owned())),
            None => (self.label(name), None),
        }
    }

    /// What a node performs besides its parts.
    fn own(&self, node: &Node, form: Option<&str>, set: &mut Set) {
        let field = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default();
        match (kind(node), form) {
            ("Variable" | "QualifiedVariable", _) if self.free.contains(field("name")) => {
                self.function(field("name"), set);
            }
            ("Application", None) => self.performed(node, set),
            ("Literal", None) if field("literal_type") == "quasiquote" => self.template(field("value"), set),
            // What a macro makes of its operands is not known: they may all be evaluated, and so may its templates.
            ("Macro", None) => {
                let operands = node.get("operands").and_then(Value::as_array);
                operands.into_iter().flatten().filter_map(Value::as_str).for_each(|text| self.code(text, set));
            }
            ("Macro", Some("define-macro")) => {
                texts(node).into_iter().skip(1).for_each(|text| self.templates(text, set))
            }
            ("Effect", None) => {
                set.insert((self.label(field("effect_type")), Some(field("operation").to_owned())));
            }
            ("Effect", Some("effect" | "perform")) => match texts(node)[..] {
                [name] => drop(set.insert(self.operation(name))),
                [label, op, ..] => drop(set.insert((self.label(label), Some(op.to_owned())))),
                [] => {}
            },
            ("Throw", _) => drop(set.insert((labels::ERROR.to_owned(), Some("raise".to_owned())))),
            ("Async" | "AsyncLambda", _) => drop(set.insert((labels::ASYNC.to_owned(), None))),
            ("Spawn", _) => drop(set.insert((labels::CONCURRENT.to_owned(), Some("go".to_owned())))),
            ("Parallel" | "Select", _) => drop(set.insert((labels::CONCURRENT.to_owned(), None))),
            ("Receive", Some("receive")) => drop(set.insert((labels::CONCURRENT.to_owned(), None))),
            ("Let", Some("with-open-file")) => {
                set.extend(["open-file", "close-file"].map(|op| (labels::IO.to_owned(), Some(op.to_owned()))));
            }
            ("Handler", Some("with-seed")) => drop(set.insert((labels::RANDOM.to_owned(), None))),
            ("Import", Some("require")) => drop(set.insert((labels::IO.to_owned(), None))),
            (_, Some(function)) => self.function(function, set),
            _ => {}
        }
    }

    /// Code that a node keeps as text.
    fn code(&self, text: &str, set: &mut Set) {
        let read = read(FileId(0), text);
        if read.faults.is_empty() {
            let (_, free) = build::canonical(&read.data);
            let graph = build::graph(&read.data);
            let walk = Walk { graph: &graph, free: &free, declared: self.declared.clone(), ..*self };
            set.extend(walk.node(graph.root));
        }
    }

    /// What is evaluated in a template.
    fn template(&self, text: &str, set: &mut Set) {
        let data = read(FileId(0), &format!("`{text}")).data;
        data.top().flat_map(|d| build::unquoted(&data, d, 0)).for_each(|d| self.code(data.written(d), set));
    }

    /// The templates in the body of a macro, as code.
    fn templates(&self, text: &str, set: &mut Set) {
        let data = read(FileId(0), text).data;
        for d in (0..data.count() as u32).map(Datum) {
            if matches!(data.kind(d), Kind::Quote | Kind::Quasiquote) {
                data.parts(d).for_each(|template| self.code(data.written(template), set));
            }
        }
    }

    /// A function of the library counts as called where it is named.
    fn function(&self, name: &str, set: &mut Set) {
        set.extend(self.rows.get(name).into_iter().flatten().map(|r| self.operation(r)));
    }

    /// `(perform* 'label 'op ..)`: a label that is not written is not known.
    fn performed(&self, node: &Node, set: &mut Set) {
        let is_dynamic =
            |id: u32| self.graph.nodes.get(&id).is_some_and(|n| n.get("name").is_some_and(|n| n == "perform*"));
        let quoted = |id: &u32| self.graph.nodes.get(id)?.get("value")?.as_str();
        let function = node.get("function_id").and_then(Value::as_str).and_then(number);
        if function.is_some_and(is_dynamic) {
            let mut ids = Vec::new();
            node.get("argument_ids").into_iter().for_each(|v| ids_in("argument_ids", v, &mut ids));
            if let Some(label) = ids.first().and_then(quoted) {
                set.insert((self.label(label), ids.get(1).and_then(quoted).map(str::to_owned)));
            }
        }
    }

    /// What clauses answer: labels as a whole, or operations of them.
    fn answered<'v>(&self, clauses: impl Iterator<Item = &'v Value>) -> Vec<(String, Option<String>)> {
        clauses
            .filter_map(|clause| {
                let mut parts = clause.as_array()?.iter().map_while(text);
                match parts.next()? {
                    "return" => None,
                    "control" => Some(self.operation(parts.next()?)),
                    target => Some(self.operation(target)),
                }
            })
            .collect()
    }

    fn minus(body: Set, answered: &[(String, Option<String>)]) -> Set {
        let is_answered = |(label, op): &(String, Option<String>)| {
            answered.iter().any(|(l, o)| l == label && (o.is_none() || o == op))
        };
        body.into_iter().filter(|e| !is_answered(e)).collect()
    }

    /// Clauses run outside of their own handler.
    fn handler(&self, node: &Node) -> Set {
        let Some(parts) = node.get("parts").and_then(Value::as_array) else { return Set::new() };
        let (clauses, body): (&[Value], &[Value]) = match (form(node), parts.split_first()) {
            (Some("make-handler"), _) => (parts, &[]),
            (_, Some((Value::Array(clauses), body))) => (clauses, body),
            _ => (&[], parts),
        };
        let ids = |values: &[Value]| {
            let mut found = Vec::new();
            values.iter().for_each(|v| ids_in("parts", v, &mut found));
            self.all(&found)
        };
        let mut set = Self::minus(ids(body), &self.answered(clauses.iter()));
        set.extend(ids(clauses));
        set
    }

    /// What a handler value answers is known where it is made at the same place.
    fn with_handler(&self, node: &Node) -> Set {
        let ids = children(node);
        let Some((&handler, body)) = ids.split_first() else { return Set::new() };
        let made = self.graph.nodes.get(&handler).filter(|n| form(n) == Some("make-handler"));
        let clauses = made.and_then(|n| n.get("parts")).and_then(Value::as_array);
        let mut set = Self::minus(self.all(body), &self.answered(clauses.into_iter().flatten()));
        set.extend(self.node(handler));
        set
    }

    /// A plain variable takes every error of the body.
    fn protected(&self, node: &Node) -> Set {
        let (mut body, mut clauses, mut takes_all) = (Set::new(), Set::new(), false);
        for part in node.get("parts").and_then(Value::as_array).into_iter().flatten() {
            match part {
                Value::Array(clause) => {
                    let words: Vec<&str> = clause.iter().map_while(text).collect();
                    if let ["catch", pattern] = words[..] {
                        let bare = pattern.trim_matches(['(', ')']);
                        let is_name = bare.chars().next().is_some_and(|c| c.is_lowercase() || c == '_');
                        takes_all |= is_name && !bare.contains([' ', '"', ':', '[', '{', '(']) && bare != "nil";
                    }
                    let mut found = Vec::new();
                    ids_in("parts", part, &mut found);
                    clauses.extend(self.all(&found));
                }
                Value::String(id) => body.extend(number(id).map(|id| self.node(id)).unwrap_or_default()),
                _ => {}
            }
        }
        if takes_all {
            body.retain(|(label, op)| label != labels::ERROR || op.as_deref().is_some_and(|op| op != "raise"));
        }
        body.extend(clauses);
        body
    }
}
