//! Programs as graphs and back ([`molt_claude_syntax::graph`]), for the command line.

use molt_claude_syntax::Graph;
use molt_diagnostics::Diagnostic;

use crate::session::apart;
use crate::syntax::diagnostics;

/// The graph of a text in JSON; a text with faults has none, they have places in the file 0.
pub fn json_of_text(text: &str) -> Result<String, Vec<Diagnostic>> {
    apart(|| Graph::of_text(text).map(|graph| graph.to_json()).map_err(diagnostics))
}

/// The text of a graph in JSON, in the one style, or what is wrong with the graph.
pub fn text_of_json(json: &str) -> Result<String, String> {
    apart(|| Graph::of_json(json).and_then(|graph| graph.to_text()))
}
