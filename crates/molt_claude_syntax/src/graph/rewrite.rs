//! Search for expressions by example, and replacement of what was found.
//!
//! A pattern is the text of one expression. In it `?name` stands for any expression, or for any name where a name stands, and
//! the same one wherever it occurs again; `?name...` stands for all expressions that are left of a list, or none.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::build::named;
use super::parts::{NOTES, children, holds_ids, kind, replace_ids};
use super::{Graph, Node, SPAN, number};

/// What stands for what, by the name without the question mark.
type Bindings = BTreeMap<String, Found>;

#[derive(Clone, PartialEq, Debug)]
enum Found {
    Node(u32),
    Rest(Vec<u32>),
    Name(String),
}

impl Found {
    fn to_json(&self) -> Value {
        match self {
            Found::Node(id) => named(*id),
            Found::Rest(ids) => ids.iter().map(|&id| named(id)).collect(),
            Found::Name(name) => name.as_str().into(),
        }
    }
}

/// The graph of a text with one expression, and the id of this expression.
fn example(text: &str) -> Result<(Graph, u32), String> {
    let graph = Graph::of_text(text).map_err(|faults| format!("`{text}`: {}", faults[0].what))?;
    let mut forms = children(&graph.nodes[&graph.root]).into_iter();
    match (forms.next(), forms.next()) {
        (Some(form), None) => Ok((graph, form)),
        _ => Err(format!("`{text}` is not one expression")),
    }
}

/// The name that stands for anything, if a text is one.
fn hole(text: &str) -> Option<&str> {
    text.strip_prefix('?').filter(|name| !name.is_empty())
}

fn hole_of(node: &Node) -> Option<&str> {
    let is_variable = kind(node).ends_with("Variable");
    node.get("name").and_then(Value::as_str).filter(|_| is_variable).and_then(hole)
}

/// The expressions of a body that has not exactly one.
fn body(node: &Node) -> Option<&[Value]> {
    let is_body = node.get("form").is_some_and(|form| form == "body");
    node.get("expression_ids").filter(|_| is_body)?.as_array().map(Vec::as_slice)
}

/// A list of ids; none if there is something else among them.
fn ids_of(items: &[Value]) -> Option<Vec<u32>> {
    items.iter().map(|item| item.as_str().and_then(number)).collect()
}

/// The name that stands for the rest of a list, if that is what an item of one is.
fn rest_hole<'g>(graph: &'g Graph, item: &Value) -> Option<&'g str> {
    let node = graph.nodes.get(&item.as_str().and_then(number)?)?;
    hole_of(node)?.strip_suffix("...")
}

/// An example, and the graph that is searched.
struct Match<'g> {
    example: &'g Graph,
    graph: &'g Graph,
    bindings: Bindings,
}

impl Match<'_> {
    fn bind(&mut self, name: &str, found: Found) -> bool {
        let Some(known) = self.bindings.get(name) else {
            self.bindings.insert(name.to_owned(), found);
            return true;
        };
        match (known, &found) {
            (&Found::Node(a), &Found::Node(b)) => self.same(a, b),
            (Found::Rest(a), Found::Rest(b)) => {
                let (a, b) = (a.clone(), b.clone());
                a.len() == b.len() && a.iter().zip(&b).all(|(&a, &b)| self.same(a, b))
            }
            (a, b) => a == b,
        }
    }

    /// Whether two expressions of the graph are written alike.
    fn same(&self, a: u32, b: u32) -> bool {
        let mut literal = Match { example: self.graph, graph: self.graph, bindings: Bindings::new() };
        a == b || literal.nodes(a, b, false)
    }

    /// Whether an expression is as the example says; holes stand for something only where they may.
    fn nodes(&mut self, example: u32, id: u32, has_holes: bool) -> bool {
        let (Some(wanted), Some(node)) = (self.example.nodes.get(&example), self.graph.nodes.get(&id)) else {
            return false;
        };
        if let Some(name) = hole_of(wanted).filter(|_| has_holes) {
            return match name.strip_suffix("...") {
                // All of a body.
                Some(name) => {
                    let ids = body(node).map_or_else(|| Some(Vec::from([id])), ids_of);
                    ids.is_some_and(|ids| self.bind(name, Found::Rest(ids)))
                }
                None => self.bind(name, Found::Node(id)),
            };
        }
        let plain = |node: &Node| node.keys().filter(|f| !NOTES.contains(&f.as_str())).count();
        plain(wanted) == plain(node)
            && wanted.iter().filter(|f| !NOTES.contains(&f.0.as_str())).all(|(field, wanted)| {
                node.get(field).is_some_and(|value| self.values(field, wanted, value, has_holes))
            })
    }

    fn values(&mut self, field: &str, wanted: &Value, value: &Value, has_holes: bool) -> bool {
        match (wanted, value) {
            (Value::String(a), Value::String(b)) if holds_ids(field) => match (number(a), number(b)) {
                (Some(a), Some(b)) => self.nodes(a, b, has_holes),
                _ => false,
            },
            (Value::String(a), Value::String(b)) => match hole(a).filter(|_| has_holes) {
                Some(name) => self.bind(name, Found::Name(b.clone())),
                None => a == b,
            },
            (Value::Array(a), Value::Array(b)) => self.lists(field, a, b, has_holes),
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| self.values(name, a, b, has_holes)))
            }
            (a, b) => a == b,
        }
    }

    fn lists(&mut self, field: &str, wanted: &[Value], items: &[Value], has_holes: bool) -> bool {
        if let Some((last, first)) = wanted.split_last()
            && has_holes
            && holds_ids(field)
            && let Some(name) = rest_hole(self.example, last)
        {
            return items.len() >= first.len()
                && self.lists(field, first, &items[..first.len()], has_holes)
                && ids_of(&items[first.len()..]).is_some_and(|ids| self.bind(name, Found::Rest(ids)));
        }
        wanted.len() == items.len() && wanted.iter().zip(items).all(|(a, b)| self.values(field, a, b, has_holes))
    }
}

/// What stands for what if an expression is as an example says.
fn matched((example, form): &(Graph, u32), graph: &Graph, id: u32) -> Option<Bindings> {
    let mut matching = Match { example, graph, bindings: Bindings::new() };
    matching.nodes(*form, id, true).then_some(matching.bindings)
}

impl Graph {
    /// The expressions that are as a pattern says, by id, each with what its holes stand for:
    /// `[{"id": "n3", "bindings": {"x": "n1"}}]`; or what is wrong with the pattern.
    pub fn query(&self, pattern: &str) -> Result<Value, String> {
        let example = example(pattern)?;
        let found = self.reachable().into_iter().filter_map(|id| {
            let bindings = matched(&example, self, id)?;
            let bindings: Map<String, Value> = bindings.into_iter().map(|(k, v)| (k, v.to_json())).collect();
            Some(json!({"id": format!("n{id}"), "bindings": bindings}))
        });
        Ok(found.collect())
    }

    /// Replaces each expression that is as the pattern of some rule says, the first one that fits, by the rule's replacement.
    /// Parts come before the whole; what a rule made is not looked at again, but for the parts that it took over, which
    /// were before. What stays keeps its ids, new nodes have new ones and the place of what they replace.
    pub fn rewrite<S: AsRef<str>>(&mut self, rules: &[(S, S)]) -> Result<(), String> {
        let read = |(pattern, replacement): &(S, S)| {
            let (pattern, replacement) = (example(pattern.as_ref())?, example(replacement.as_ref())?);
            Ok::<_, String>((pattern, replacement))
        };
        let rules: Vec<((Graph, u32), (Graph, u32))> = rules.iter().map(read).collect::<Result<_, _>>()?;
        let next = self.nodes.last_key_value().map_or(1, |(id, _)| id + 1);
        let mut work = Rewrite {
            graph: core::mem::replace(self, Graph { root: 0, nodes: BTreeMap::new() }),
            next,
            replaced: 0,
            rules,
        };
        let root = work.graph.root;
        let root = work.node(root)?;
        *self = Graph { root, ..work.graph };
        let kept = self.reachable();
        self.nodes.retain(|id, _| kept.contains(id));
        Ok(())
    }
}

struct Rewrite {
    graph: Graph,
    next: u32,
    /// How often a rule was used.
    replaced: usize,
    rules: Vec<((Graph, u32), (Graph, u32))>,
}

impl Rewrite {
    /// The id of what stands for a node now.
    fn node(&mut self, id: u32) -> Result<u32, String> {
        let mut node = self.graph.nodes[&id].clone();
        let before = self.replaced;
        replace_ids(&mut node, &mut |id| self.node(id))?;
        if self.replaced > before {
            // What the checker said of it may hold no more.
            node.retain(|field, _| field == SPAN || !NOTES.contains(&field.as_str()));
        }
        let span = node.get(SPAN).cloned();
        self.graph.nodes.insert(id, node);
        for at in 0..self.rules.len() {
            if let Some(bindings) = matched(&self.rules[at].0, &self.graph, id) {
                let (example, form) = &self.rules[at].1;
                let mut fill = Fill {
                    example,
                    graph: &mut self.graph,
                    next: &mut self.next,
                    bindings: &bindings,
                    span,
                    used: Vec::new(),
                };
                let made = fill.node(*form)?;
                self.replaced += 1;
                return Ok(made);
            }
        }
        Ok(id)
    }
}

/// Makes nodes of a replacement.
struct Fill<'g> {
    example: &'g Graph,
    graph: &'g mut Graph,
    next: &'g mut u32,
    bindings: &'g Bindings,
    span: Option<Value>,
    /// What was taken over already: the next time it is copied, so that each node is part of one.
    used: Vec<u32>,
}

impl Fill<'_> {
    /// A node at the place of what is replaced.
    fn make(&mut self, kind: &str, fields: Node) -> u32 {
        let mut node = fields;
        node.insert("type".to_owned(), kind.into());
        node.extend(self.span.clone().map(|span| (SPAN.to_owned(), span)));
        self.add(node)
    }

    fn add(&mut self, node: Node) -> u32 {
        let id = *self.next;
        *self.next += 1;
        self.graph.nodes.insert(id, node);
        id
    }

    fn found(&self, name: &str) -> Result<&Found, String> {
        self.bindings.get(name).ok_or_else(|| format!("`?{name}` of a replacement is not in its pattern"))
    }

    /// What stands for the rest of a list.
    fn rest(&mut self, name: &str) -> Result<Vec<u32>, String> {
        let Found::Rest(ids) = self.found(name)?.clone() else {
            return Err(format!("`?{name}...` of a replacement is no list in its pattern"));
        };
        Ok(ids.into_iter().map(|id| self.take(id)).collect())
    }

    fn node(&mut self, id: u32) -> Result<u32, String> {
        let node = &self.example.nodes[&id];
        if let Some(name) = hole_of(node).and_then(|name| name.strip_suffix("...")) {
            let ids = self.rest(name)?;
            return Ok(match ids[..] {
                [one] => one,
                _ => {
                    let ids = ids.into_iter().map(named).collect();
                    let form = ("form".to_owned(), "body".into());
                    self.make("Sequence", Node::from_iter([form, ("expression_ids".to_owned(), ids)]))
                }
            });
        }
        if let Some(name) = hole_of(node) {
            return match *self.found(name)? {
                Found::Node(id) => Ok(self.take(id)),
                Found::Name(ref name) => {
                    let name = ("name".to_owned(), name.as_str().into());
                    Ok(self.make("Variable", Node::from_iter([name])))
                }
                Found::Rest(_) => Err(format!("`?{name}` of a replacement is a list in its pattern")),
            };
        }
        let mut made = Node::new();
        for (field, value) in node.iter().filter(|f| f.0 != SPAN) {
            made.insert(field.clone(), self.value(field, value)?);
        }
        Ok(self.make(kind(node), made))
    }

    fn value(&mut self, field: &str, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(id) if holds_ids(field) => match number(id) {
                Some(id) => named(self.node(id)?),
                None => value.clone(),
            },
            Value::String(text) => match hole(text) {
                Some(name) => match self.found(name)? {
                    Found::Name(name) => name.as_str().into(),
                    _ => return Err(format!("`?{name}` of a replacement is no name in its pattern")),
                },
                None => value.clone(),
            },
            Value::Array(items) => {
                let mut made = Vec::with_capacity(items.len());
                for item in items {
                    match rest_hole(self.example, item).filter(|_| holds_ids(field)) {
                        Some(name) => made.extend(self.rest(name)?.into_iter().map(named)),
                        None => made.push(self.value(field, item)?),
                    }
                }
                Value::Array(made)
            }
            Value::Object(fields) => {
                let mut made = Map::new();
                for (name, value) in fields {
                    made.insert(name.clone(), self.value(name, value)?);
                }
                Value::Object(made)
            }
            _ => value.clone(),
        })
    }

    /// A node that the pattern found.
    fn take(&mut self, id: u32) -> u32 {
        if !self.used.contains(&id) {
            self.used.push(id);
            return id;
        }
        self.copy(id)
    }

    fn copy(&mut self, id: u32) -> u32 {
        let mut node = self.graph.nodes[&id].clone();
        replace_ids(&mut node, &mut |id| Ok(self.copy(id))).expect("copies have ids");
        self.add(node)
    }
}
