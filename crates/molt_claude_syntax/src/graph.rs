//! The program graph: nodes with ids, the canonical form of a program (section 13.1 of the reference).
//!
//! A graph is made of the data of a text, before macros are expanded, so it can be written as text again: text → graph →
//! text → graph is the identity up to places. Ids are given in the order of evaluation, parts before the whole, so equal
//! texts have equal ids; an id is never given twice.
//!
//! The fields of the common kinds are those that the reference names. A form that has no fields of its own keeps its
//! operator as `form` and its operands as `parts`: the id of an expression, `{"text": ..}` for what is none (a name, a
//! pattern, a type), and a list for what stands in brackets. So does a form that is not written as its grammar says. Types,
//! patterns and quoted data are text; a use of a macro of the file is a node `Macro` with its operands as text, because what they
//! mean the macro decides. Comments are not part of a program.

mod build;
mod effects;
mod parts;
mod rewrite;
mod write;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde_json::{Map, Value};

pub use effects::Rows;
use sha2::{Digest, Sha256};

use crate::{Fault, read};

/// The fields of a node, its `type` among them.
pub type Node = Map<String, Value>;

/// A program.
#[derive(Clone, PartialEq, Debug)]
pub struct Graph {
    pub root: u32,
    /// By the numbers of their ids.
    pub nodes: BTreeMap<u32, Node>,
}

/// The field of a node that says which part of the text it is of: first byte and the one after the last.
pub const SPAN: &str = "span";

impl Graph {
    /// The graph of a text; one with faults has none, they have places in the file 0.
    pub fn of_text(text: &str) -> Result<Graph, Vec<Fault>> {
        let read = read(molt_base::FileId(0), text);
        if !read.faults.is_empty() {
            return Err(read.faults);
        }
        Ok(build::graph(&read.data))
    }

    /// The text of a graph in the one style, or what is wrong with the graph.
    pub fn to_text(&self) -> Result<String, String> {
        write::text(self)
    }

    /// Reads what [`Graph::to_json`] writes, or what is wrong with it.
    pub fn of_json(text: &str) -> Result<Graph, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let root = value["root"].as_str().and_then(number).ok_or("`root` is not the id of a node")?;
        let nodes = value["nodes"].as_object().ok_or("`nodes` is no object")?;
        let node = |(id, node): (&String, &Value)| {
            let id = number(id).ok_or_else(|| format!("`{id}` is no id"))?;
            let node = node.as_object().ok_or_else(|| format!("node `n{id}` is no object"))?;
            Ok::<_, String>((id, node.clone()))
        };
        Ok(Graph { root, nodes: nodes.iter().map(node).collect::<Result<_, _>>()? })
    }

    /// The graph as JSON, a node a line.
    pub fn to_json(&self) -> String {
        let mut out = format!("{{\"root\": \"n{}\", \"nodes\": {{", self.root);
        for (i, (id, node)) in self.nodes.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(out, "{comma}\n\"n{id}\": {}", Value::Object(node.clone())).expect("writing to a string");
        }
        out.push_str("\n}}\n");
        out
    }

    /// The same without places.
    pub fn without_places(mut self) -> Graph {
        self.nodes.values_mut().for_each(|n| drop(n.remove(SPAN)));
        self
    }
}

/// Meaning of a graph as its text has it.
impl Graph {
    /// The digest of the program as 64 hexadecimal digits (SHA-256): the same for graphs that differ in ids, places, notes and
    /// the names of bound variables only. Names that a module defines count.
    pub fn hash(&self) -> Result<String, String> {
        let (text, _) = self.canonical()?;
        let mut digits = String::with_capacity(64);
        for byte in Sha256::digest(text.as_bytes()) {
            write!(digits, "{byte:02x}").expect("writing to a string");
        }
        Ok(digits)
    }

    /// The labels of the effects that the program, and calls of its procedures, may perform and do not handle.
    pub fn effects(&self, rows: &Rows) -> Result<BTreeSet<String>, String> {
        let (_, free) = self.canonical()?;
        Ok(effects::effects(self, rows, &free))
    }

    fn canonical(&self) -> Result<(String, BTreeSet<String>), String> {
        let text = self.to_text()?;
        Ok(build::canonical(&read(molt_base::FileId(0), &text).data))
    }
}

/// Rules for [`Graph::rewrite`] of a list of pairs of texts in JSON.
pub fn rules_of_json(text: &str) -> Result<Vec<(String, String)>, String> {
    serde_json::from_str(text).map_err(|_| "a rule is a list of two strings".to_string())
}

/// Rows for [`Graph::effects`] of an object of lists of texts in JSON.
pub fn rows_of_json(text: &str) -> Result<Rows, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// The number of an id.
fn number(id: &str) -> Option<u32> {
    id.strip_prefix('n')?.parse().ok()
}

#[cfg(test)]
mod tests;
