//! Source text to tokens and a lossless tree.
//!
//! Start with [`parse`] for a file and [`parse_tokens`] for what a macro produced; read the result through
//! [`Syntax`]. Values of literals are in [`literal`].
//!
//! Invariants: the texts of all tokens joined are the source; parsing never fails, and every token lies inside the
//! root node; a fault gives one diagnostic; lexer and parser together read a million lines a second on one core.

pub mod format;
pub mod kind;
pub mod lexer;
pub mod literal;
mod parser;
pub mod tokens;
pub mod tree;

use molt_base::FileId;
use molt_diagnostics::Diagnostic;

pub use kind::SyntaxKind;
pub use parser::MAX_NESTING;
pub use tokens::{Origin, SyntaxContext, Tokens, TokensBuilder};
pub use tree::{Element, NodeId, Syntax, Tree};

/// What a token sequence is to be read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Entry {
    /// A file: items and statements after inner attributes.
    File,
    Items,
    Item,
    /// Members of a trait or an implementation.
    Members,
    Statements,
    Statement,
    Expr,
    Pattern,
    Type,
    Block,
    /// A path without arguments.
    Path,
    /// A path as types have it.
    TypePath,
    Visibility,
    /// The inside of an attribute.
    Meta,
}

/// Tokens, their tree, and what was wrong.
#[derive(Clone, Debug)]
pub struct Parse {
    /// What the tokens were read as.
    pub entry: Entry,
    pub tokens: Tokens,
    pub tree: Tree,
    /// In the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parse {
    /// Tokens and tree together, for reading.
    pub fn syntax(&self) -> Syntax<'_> {
        Syntax { tokens: &self.tokens, tree: &self.tree }
    }

    /// The node [`SyntaxKind::File`] around everything that was parsed.
    pub fn root(&self) -> NodeId {
        self.tree.root()
    }
}

/// Parses a file.
pub fn parse(file: FileId, text: &str) -> Parse {
    let lexed = lexer::lex(file, text);
    let outcome = parser::run(&lexed.tokens, Entry::File, lexed.cut_short);
    let mut diagnostics = lexed.diagnostics;
    diagnostics.extend(outcome.diagnostics);
    diagnostics.sort_by_key(|d| d.primary_span().map(|s| s.start));
    Parse { entry: Entry::File, tokens: lexed.tokens, tree: outcome.tree, diagnostics }
}

/// Parses a whole token sequence; what remains after the entry is a fault.
pub fn parse_tokens(tokens: Tokens, entry: Entry) -> Parse {
    let outcome = parser::run(&tokens, entry, false);
    Parse { entry, tokens, tree: outcome.tree, diagnostics: outcome.diagnostics }
}

/// How far one fragment reaches: the token after it, or `None` if none can be read from `first` on.
///
/// Most fragments are short and the tokens behind them many, so the parser first sees only some of them. A result is
/// good if the parser stayed away from the end of what it saw; else it sees more.
pub fn fragment_end(tokens: &Tokens, first: u32, entry: Entry) -> Option<u32> {
    let last = tokens.len() as u32 - 1;
    let mut window = FIRST_WINDOW;
    loop {
        let limit = last.min(first.saturating_add(window));
        let outcome = parser::run_fragment(tokens, entry, first, limit);
        let read = outcome.diagnostics.iter().all(|d| !d.is_error());
        if limit == last || (read && outcome.end + LOOKAHEAD < limit) {
            return read.then_some(outcome.end);
        }
        window = window.saturating_mul(4);
    }
}

/// Tokens that a fragment is tried with first, trivia included.
const FIRST_WINDOW: u32 = 96;

/// Tokens behind the last one it reads that may decide how the parser reads them, trivia included.
const LOOKAHEAD: u32 = 16;
