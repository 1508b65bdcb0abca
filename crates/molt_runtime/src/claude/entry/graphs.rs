//! Program graphs while the program runs. They cross as JSON, which the library makes maps of; the work is that of
//! [`molt_claude_syntax::graph`].

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use molt_abi::{ClassId, Ret, Word};
use molt_claude_syntax::Graph;
use molt_claude_syntax::graph::{rows_of_json, rules_of_json};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, list};
use super::strings::text;
use super::{malformed_at, wrong_type};
use crate::entry::{entries, ret};
use crate::function::code_of;
use crate::{Isolate, Owned, PyResult};

/// A text without surrogates.
fn expect_text<'a>(rt: &mut Isolate, w: Word, function: &str) -> PyResult<&'a str> {
    let bytes = text(rt, w, function)?;
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(e) => Err(malformed_at(rt, bytes, e.valid_up_to(), &format!("{function}: a surrogate is no character"))),
    }
}

/// The error `type-error`: a graph or a rule that is none.
fn refused<T>(rt: &mut Isolate, function: &str, result: Result<T, String>) -> PyResult<T> {
    result.map_err(|wrong| rt.raise_claude(ErrorKind::TypeError, format!("{function}: {wrong}"), Word::NONE))
}

fn parse(rt: &mut Isolate, s: Word) -> PyResult {
    let text = expect_text(rt, s, "graph:parse")?;
    match Graph::of_text(text) {
        Ok(graph) => Ok(rt.new_str(&graph.to_json())),
        Err(faults) => {
            let fault = &faults[0];
            Err(malformed_at(rt, text.as_bytes(), fault.span.start as usize, &format!("graph:parse: {}", fault.what)))
        }
    }
}

/// The graph that a value is, in which each node can be reached in finitely many steps.
fn graph(rt: &mut Isolate, json: Word, function: &str) -> PyResult<Graph> {
    let text = expect_text(rt, json, function)?;
    let graph = Graph::of_json(text).and_then(|graph| graph.check().map(|()| graph));
    refused(rt, function, graph)
}

/// A text that is made of a graph.
fn made(rt: &mut Isolate, json: Word, function: &str, make: impl FnOnce(Graph) -> Result<String, String>) -> PyResult {
    let graph = graph(rt, json, function)?;
    let text = refused(rt, function, make(graph))?;
    Ok(rt.new_str(&text))
}

fn query(rt: &mut Isolate, json: Word, pattern: Word) -> PyResult {
    let pattern = expect_text(rt, pattern, "graph:query")?;
    made(rt, json, "graph:query", |graph| Ok(graph.query(pattern)?.to_string()))
}

fn rewrite(rt: &mut Isolate, json: Word, rules: Word) -> PyResult {
    let rules = expect_text(rt, rules, "graph:rewrite")?;
    made(rt, json, "graph:rewrite", |mut graph| {
        graph.rewrite(&rules_of_json(rules)?)?;
        Ok(graph.to_json())
    })
}

fn effects(rt: &mut Isolate, json: Word, rows: Word) -> PyResult {
    let rows = expect_text(rt, rows, "graph:effects")?;
    let graph = graph(rt, json, "graph:effects")?;
    let labels = refused(rt, "graph:effects", rows_of_json(rows).and_then(|rows| graph.effects(&rows)))?;
    let labels: Vec<Owned> = labels.iter().map(|label| rt.new_str(label)).collect();
    Ok(list::from_vec(rt, labels))
}

/// What the compiler says of the definition of a procedure; the library's have none.
fn definition(rt: &mut Isolate, f: Word) -> PyResult {
    match (kind_of(rt, f), rt.class_of(f)) {
        (Kind::Procedure, ClassId::FUNCTION) if !code_of(f).definition.is_none() => {
            Ok(Owned::share(code_of(f).definition))
        }
        (Kind::Procedure, _) => {
            let message = "graph:of: the procedure is not defined in the program";
            Err(rt.raise_claude(ErrorKind::TypeError, message, Word::NONE))
        }
        _ => Err(wrong_type(rt, "graph:of", "a procedure", f)),
    }
}

entries! {
    cl_definition(rt, f: Word) -> Ret { ret(definition(rt, f)) }
    cl_graph_parse(rt, s: Word) -> Ret { ret(parse(rt, s)) }
    cl_graph_source(rt, json: Word) -> Ret { ret(made(rt, json, "graph:to-source", |graph| graph.to_text())) }
    cl_graph_hash(rt, json: Word) -> Ret { ret(made(rt, json, "graph:hash", |graph| graph.hash())) }
    cl_graph_query(rt, json: Word, pattern: Word) -> Ret { ret(query(rt, json, pattern)) }
    cl_graph_rewrite(rt, json: Word, rules: Word) -> Ret { ret(rewrite(rt, json, rules)) }
    cl_graph_effects(rt, json: Word, rows: Word) -> Ret { ret(effects(rt, json, rows)) }
}
