//! What the nodes of a graph say of one another.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::build::named;
use super::{Graph, Node, SPAN, number};
use crate::reader::DEEPEST;

/// Fields that are no part of the text: of an expression that is the same but for them.
pub(super) const NOTES: &[&str] = &[SPAN, "effect_row", "value_type", "purity", "annotations"];

/// Whether texts in a field are ids, those in lists included.
pub(super) fn holds_ids(field: &str) -> bool {
    field.ends_with("_id") || field.ends_with("_ids") || matches!(field, "elements" | "entries" | "parts")
}

/// The ids in a field, in order.
pub(super) fn ids_in(field: &str, value: &Value, found: &mut Vec<u32>) {
    match value {
        Value::String(id) if holds_ids(field) => found.extend(number(id)),
        Value::Array(items) => items.iter().for_each(|item| ids_in(field, item, found)),
        // `{"text": ..}` holds none, and a parameter is described under its name.
        Value::Object(fields) => fields.iter().for_each(|(name, value)| ids_in(name, value, found)),
        _ => {}
    }
}

/// Puts other ids in the place of those in a node.
pub(super) fn replace_ids(node: &mut Node, other: &mut impl FnMut(u32) -> Result<u32, String>) -> Result<(), String> {
    node.iter_mut().try_for_each(|(field, value)| replace_in(field, value, other))
}

fn replace_in(
    field: &str,
    value: &mut Value,
    other: &mut impl FnMut(u32) -> Result<u32, String>,
) -> Result<(), String> {
    match value {
        Value::String(id) if holds_ids(field) => {
            if let Some(id) = number(id) {
                *value = named(other(id)?);
            }
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| replace_in(field, item, other))?,
        Value::Object(fields) => fields.iter_mut().try_for_each(|(name, value)| replace_in(name, value, other))?,
        _ => {}
    }
    Ok(())
}

/// The nodes that a node is made of, in the order of its fields.
pub(super) fn children(node: &Node) -> Vec<u32> {
    let mut found = Vec::new();
    node.iter().for_each(|(field, value)| ids_in(field, value, &mut found));
    found
}

pub(super) fn kind(node: &Node) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or("without `type`")
}

impl Graph {
    /// A graph that others than [`Graph::of_text`] made has all the nodes that it names, none within itself, and is not
    /// nested deeper than texts may be; what is wrong with it otherwise.
    pub fn check(&self) -> Result<(), String> {
        enum Step {
            Enter(u32, usize),
            Leave(u32),
        }
        let (mut open, mut done, mut steps) =
            (BTreeSet::new(), BTreeSet::new(), Vec::from([Step::Enter(self.root, 0)]));
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave(id) => {
                    open.remove(&id);
                    done.insert(id);
                }
                Step::Enter(id, _) if open.contains(&id) => return Err(format!("node `n{id}` contains itself")),
                // A body and what is around it are nodes for one level of the text.
                Step::Enter(_, depth) if depth > 3 * DEEPEST => {
                    return Err(format!("nesting is deeper than {DEEPEST}"));
                }
                Step::Enter(id, _) if done.contains(&id) => {}
                Step::Enter(id, depth) => {
                    let node = self.nodes.get(&id).ok_or_else(|| format!("there is no node `n{id}`"))?;
                    open.insert(id);
                    steps.push(Step::Leave(id));
                    steps.extend(children(node).into_iter().map(|child| Step::Enter(child, depth + 1)));
                }
            }
        }
        Ok(())
    }

    /// The ids of the root and of all that it is made of.
    pub(super) fn reachable(&self) -> BTreeSet<u32> {
        let (mut found, mut waiting) = (BTreeSet::new(), Vec::from([self.root]));
        while let Some(id) = waiting.pop() {
            if let Some(node) = self.nodes.get(&id).filter(|_| found.insert(id)) {
                waiting.extend(children(node));
            }
        }
        found
    }
}
