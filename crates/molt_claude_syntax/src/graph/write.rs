//! From nodes to text.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde_json::Value;

use super::{Graph, Node, number};
use crate::format as style;

/// Deepest nesting of nodes; a graph whose nodes contain themselves ends there.
const DEEPEST: usize = 4_000;

/// What is wrong with a graph.
type Written = Result<(), String>;

pub(super) fn text(graph: &Graph) -> Result<String, String> {
    let mut write = Write { graph, out: String::from("\n"), depth: 0 };
    let root = write.node(graph.root)?;
    for form in write.list(root, "form_ids")? {
        write.id(form)?;
        write.out.push('\n');
    }
    style::format(&write.out).map_err(|faults| {
        let fault = faults.first().map_or_else(String::new, |f| f.what.clone());
        format!("its text is no program: {fault}")
    })
}

struct Write<'g> {
    graph: &'g Graph,
    out: String,
    depth: usize,
}

impl<'g> Write<'g> {
    fn node(&self, id: u32) -> Result<&'g Node, String> {
        self.graph.nodes.get(&id).ok_or_else(|| format!("there is no node `n{id}`"))
    }

    fn list(&self, node: &'g Node, field: &str) -> Result<&'g [Value], String> {
        let list = node.get(field).and_then(Value::as_array);
        list.map(Vec::as_slice).ok_or_else(|| format!("a node {} has no list `{field}`", kind(node)))
    }

    fn field(&self, node: &'g Node, field: &str) -> Result<&'g str, String> {
        let text = node.get(field).and_then(Value::as_str);
        text.ok_or_else(|| format!("a node {} has no `{field}`", kind(node)))
    }

    /// Writes the node that an id names, with a blank before it.
    fn id(&mut self, id: &Value) -> Written {
        let id = id.as_str().and_then(number).ok_or_else(|| format!("{id} is no id"))?;
        let node = self.node(id)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nodes are nested too deeply, or contain themselves".to_owned());
        }
        self.out.push(' ');
        self.expr(node)?;
        self.depth -= 1;
        Ok(())
    }

    fn id_of(&mut self, node: &'g Node, field: &str) -> Written {
        let id = node.get(field).ok_or_else(|| format!("a node {} has no `{field}`", kind(node)))?;
        self.id(id)
    }

    fn ids(&mut self, node: &'g Node, field: &str) -> Written {
        self.list(node, field)?.iter().try_for_each(|id| self.id(id))
    }

    fn word(&mut self, text: &str) {
        self.out.push(' ');
        self.out.push_str(text);
    }

    /// `(operator ..)`.
    fn form(&mut self, operator: &str, inside: impl FnOnce(&mut Self) -> Written) -> Written {
        self.out.push('(');
        self.out.push_str(operator);
        inside(self)?;
        self.out.push(')');
        Ok(())
    }

    fn expr(&mut self, node: &'g Node) -> Written {
        if node.contains_key("parts") {
            let operator = self.field(node, "form")?;
            return self.form(operator, |w| w.list(node, "parts")?.iter().try_for_each(|p| w.part(p)));
        }
        match kind(node) {
            "Literal" => self.literal(node),
            "Variable" | "QualifiedVariable" => {
                let name = self.field(node, "name")?;
                if !is_word(name) {
                    return Err(format!("`{name}` is no name"));
                }
                self.out.push_str(name);
                Ok(())
            }
            "List" => {
                let (open, close) = match node.get("form").and_then(Value::as_str) {
                    Some("set") => ("#{", "}"),
                    Some("()") => ("(", ")"),
                    _ => ("[", "]"),
                };
                self.out.push_str(open);
                self.ids(node, "elements")?;
                self.out.push_str(close);
                Ok(())
            }
            "Map" => {
                self.out.push('{');
                for entry in self.list(node, "entries")? {
                    entry.as_array().ok_or("an entry of a map is a list")?.iter().try_for_each(|id| self.id(id))?;
                }
                self.out.push('}');
                Ok(())
            }
            "Application" => self.form("", |w| {
                w.id_of(node, "function_id")?;
                w.ids(node, "argument_ids")
            }),
            "Effect" => {
                let operator = format!("{}:{}", self.field(node, "effect_type")?, self.field(node, "operation")?);
                self.form(&operator, |w| w.ids(node, "argument_ids"))
            }
            "Macro" => self.form(self.field(node, "name")?, |w| w.texts(node, "operands")),
            "If" => self.form("if", |w| {
                w.id_of(node, "condition_id")?;
                w.id_of(node, "then_id")?;
                node.get("else_id").map_or(Ok(()), |e| w.id(e))
            }),
            "Lambda" => self.form("lambda", |w| w.lambda(node, None)),
            "AsyncLambda" => self.form("async-lambda", |w| w.lambda(node, None)),
            "Let" => self.form("let", |w| w.bindings(node)),
            "Letrec" => self.form("letrec", |w| w.bindings(node)),
            "Define" => self.form("define", |w| w.define(node)),
            "Assign" => self.form("set!", |w| {
                let name = w.field(node, "name")?;
                w.word(name);
                w.id_of(node, "value_id")
            }),
            "Match" => self.form("match", |w| w.branches(node)),
            "Sequence" => self.form("do", |w| w.ids(node, "expression_ids")),
            "Ascription" => self.form(":", |w| {
                w.id_of(node, "expr_id")?;
                let ty = w.field(node, "type_text")?;
                w.word(ty);
                Ok(())
            }),
            other => Err(format!("a node {other} has no `parts`")),
        }
    }

    fn texts(&mut self, node: &'g Node, field: &str) -> Written {
        for text in self.list(node, field)? {
            let text = text.as_str().ok_or_else(|| format!("`{field}` is a list of texts"))?;
            self.word(text);
        }
        Ok(())
    }

    /// An operand of a form without fields of its own.
    fn part(&mut self, part: &Value) -> Written {
        match part {
            Value::Array(parts) => {
                self.out.push_str(" (");
                parts.iter().try_for_each(|p| self.part(p))?;
                self.out.push(')');
                Ok(())
            }
            Value::Object(text) => {
                let text = text.get("text").and_then(Value::as_str).ok_or("a part that is an object has a `text`")?;
                self.word(text);
                Ok(())
            }
            id => self.id(id),
        }
    }

    fn literal(&mut self, node: &'g Node) -> Written {
        let kind = self.field(node, "literal_type")?;
        let value = node.get("value").unwrap_or(&Value::Null);
        let wrong = || format!("{value} is no literal of the type {kind}");
        match (kind, value) {
            ("nil", Value::Null) => self.out.push_str("nil"),
            ("bool", Value::Bool(b)) => self.out.push_str(if *b { "true" } else { "false" }),
            ("int", Value::Number(n)) if n.is_i64() => write!(self.out, "{n}").expect("writing to a string"),
            // The shortest digits that read back, always with a point or an exponent.
            ("float", Value::Number(n)) => {
                let value = n.as_f64().ok_or_else(wrong)?;
                write!(self.out, "{value:?}").expect("writing to a string");
            }
            ("int" | "float", Value::String(written)) if is_word(written) && !is_name(written) => {
                self.out.push_str(written);
            }
            ("string", Value::String(text)) => self.string(text),
            ("keyword", Value::String(name)) if is_word(name) => {
                self.out.push(':');
                self.out.push_str(name);
            }
            ("quote", Value::String(text)) => self.prefixed("'", text),
            ("quasiquote", Value::String(text)) => self.prefixed("`", text),
            // The prefixes mean something inside of a quasiquote only, which is text as a whole.
            ("unquote" | "unquote-splicing", Value::String(text)) => {
                write!(self.out, "({kind} {text})").expect("writing to a string");
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    fn prefixed(&mut self, prefix: &str, text: &str) {
        self.out.push_str(prefix);
        self.out.push_str(text);
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                '\r' => self.out.push_str("\\r"),
                '\0' => self.out.push_str("\\0"),
                c if c.is_control() => write!(self.out, "\\u{{{:X}}}", c as u32).expect("writing to a string"),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    /// Parameters, result and body; a definition has its name before the parameters.
    fn lambda(&mut self, node: &'g Node, name: Option<&str>) -> Written {
        self.out.push_str(" (");
        self.out.push_str(name.unwrap_or_default());
        for p in self.list(node, "parameter_names")? {
            let name = p.as_str().ok_or("a parameter has a name")?;
            match node.get("parameters").and_then(|all| all.get(name)) {
                None => self.word(name),
                Some(described) => {
                    self.word("(");
                    self.out.push_str(name);
                    if let Some(ty) = described.get("type_text").and_then(Value::as_str) {
                        self.word(": ");
                        self.out.push_str(ty);
                    }
                    if let Some(default) = described.get("default_id") {
                        self.word("=");
                        self.id(default)?;
                    }
                    self.out.push(')');
                }
            }
        }
        if let Some(rest) = node.get("rest_name").and_then(Value::as_str) {
            self.word(". ");
            self.out.push_str(rest);
        }
        self.out.push(')');
        if let Some(result) = node.get("result_type").and_then(Value::as_str) {
            self.word(": ");
            self.out.push_str(result);
        }
        self.body(node)
    }

    /// A sequence that is not written, or one expression.
    fn body(&mut self, node: &'g Node) -> Written {
        let id = node.get("body_id").ok_or_else(|| format!("a node {} has no `body_id`", kind(node)))?;
        self.body_of(id)
    }

    fn body_of(&mut self, id: &Value) -> Written {
        let body = id.as_str().and_then(number).and_then(|id| self.graph.nodes.get(&id));
        match body {
            Some(body) if kind(body) == "Sequence" && body.get("form").is_some_and(|f| f == "body") => {
                self.ids(body, "expression_ids")
            }
            _ => self.id(id),
        }
    }

    fn bindings(&mut self, node: &'g Node) -> Written {
        if let Some(name) = node.get("name").and_then(Value::as_str) {
            self.word(name);
        }
        self.out.push_str(" (");
        for binding in self.list(node, "bindings")? {
            let name = binding.get("name").and_then(Value::as_str).ok_or("a binding has a `name`")?;
            self.word("(");
            self.out.push_str(name);
            self.id(binding.get("value_id").ok_or("a binding has a `value_id`")?)?;
            self.out.push(')');
        }
        self.out.push(')');
        self.body(node)
    }

    fn define(&mut self, node: &'g Node) -> Written {
        let name = self.field(node, "name")?;
        if node.get("form").is_some_and(|f| f == "procedure") {
            let value = node.get("value_id").and_then(Value::as_str).and_then(number);
            let value = self.node(value.ok_or("a definition has a `value_id`")?)?;
            return self.lambda(value, Some(name));
        }
        self.word(name);
        for option in node.get("options").and_then(Value::as_array).into_iter().flatten() {
            let (Some(key), Some(text)) = (option[0].as_str(), option[1].as_str()) else {
                return Err("an option is a name and a text".to_owned());
            };
            self.word(":");
            self.out.push_str(key);
            self.word(text);
        }
        self.id_of(node, "value_id")
    }

    fn branches(&mut self, node: &'g Node) -> Written {
        self.id_of(node, "expr_id")?;
        for branch in self.list(node, "branches")? {
            let pattern = branch.get("pattern").and_then(Value::as_str).ok_or("a branch has a `pattern`")?;
            self.word("(");
            self.out.push_str(pattern);
            if let Some(guard) = branch.get("guard_id") {
                self.word("when");
                self.id(guard)?;
            }
            self.body_of(branch.get("body_id").ok_or("a branch has a `body_id`")?)?;
            self.out.push(')');
        }
        Ok(())
    }
}

/// Whether a text is one word for the reader.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "()[]{}\";,'`@".contains(c))
}

/// Whether a word is no number.
fn is_name(word: &str) -> bool {
    !word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
}

fn kind(node: &Node) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or("without `type`")
}
