//! The one style: width 100, four spaces, trailing commas, semicolons written, every comment kept.
//!
//! The tree becomes a layout document ([`doc`]), item by item. What has a syntax error stays as it is written. Older
//! spellings are rewritten: `fn f(x) -> {`, `fn(a) -> a + 1` as a closure, `mut x = e`, `module`, `...` for `..=`.
//!
//! Every statement and item is checked after layout: its tokens and comments must be those of the source. A form that
//! the rules here would damage is left as written, so formatting never changes what a program means.

mod comments;
mod doc;
mod expressions;
mod items;
mod lists;

use molt_base::FileId;

use self::doc::{Doc, print};
use super::{Element, NodeId, Parse, Syntax, SyntaxKind};

/// What can be chosen about the style.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FormatOptions {
    /// Columns that a line should not exceed.
    pub width: usize,
    /// Columns of one level of indentation.
    pub indent: usize,
}

impl Default for FormatOptions {
    fn default() -> Self {
        FormatOptions { width: 100, indent: 4 }
    }
}

/// Formats a file. The result formats to itself.
pub fn format(source: &str, options: FormatOptions) -> String {
    // A comment in an odd place may move to the end of its line and so make room for a better layout of that line.
    let mut text = format_once(source, options);
    for _ in 0..MAX_ROUNDS {
        let again = format_once(&text, options);
        if again == text {
            break;
        }
        text = again;
    }
    text
}

/// Rounds after which a layout counts as settled; more than two were never seen.
const MAX_ROUNDS: u32 = 4;

fn format_once(source: &str, options: FormatOptions) -> String {
    let text = source.replace("\r\n", "\n");
    let parse = super::parse(FileId(0), &text);
    let mut formatter =
        Formatter { s: parse.syntax(), parse: &parse, options, bare: Vec::new(), macro_depth: 0, doubtful: false };
    let doc = formatter.file();
    let out = print(&doc, options.width, options.indent);
    // A last safeguard for comments between items, which no single item answers for.
    if same_content(&text, &out) { out } else { text }
}

struct Formatter<'a> {
    s: Syntax<'a>,
    parse: &'a Parse,
    options: FormatOptions,
    /// First and last tokens of the statements around this place, whose outer comments are placed between statements.
    bare: Vec<(u32, u32)>,
    /// Macro calls around this place, whose arguments are parsed anew.
    macro_depth: u32,
    /// The statement around this place lost something: each inner one is checked by itself.
    doubtful: bool,
}

/// Whether two texts have the same tokens and comments, but for commas, semicolons and the rewritten spellings.
fn same_content(a: &str, b: &str) -> bool {
    content(a) == content(b)
}

fn content(text: &str) -> Vec<String> {
    let lexed = super::lexer::lex(FileId(0), text);
    let tokens = &lexed.tokens;
    let mut out: Vec<String> = Vec::new();
    let mut comments = Vec::new();
    for t in 0..tokens.len() as u32 {
        let kind = tokens.kind(t);
        if kind.is_comment() {
            comments.push(tokens.text(t).trim_end().to_owned());
            continue;
        }
        let loose = matches!(kind, SyntaxKind::Comma | SyntaxKind::Semicolon | SyntaxKind::LetKw | SyntaxKind::Arrow);
        // Both spellings of a closure's parameters and of a range vanish alike.
        let older = matches!(kind, SyntaxKind::FnKw | SyntaxKind::Pipe | SyntaxKind::PipePipe)
            || matches!(kind, SyntaxKind::LParen | SyntaxKind::RParen);
        if kind.is_trivia() || loose || older {
            continue;
        }
        out.push(match tokens.text(t) {
            "..." => "..=".to_owned(),
            "module" => "mod".to_owned(),
            text => text.to_owned(),
        });
    }
    comments.sort();
    out.extend(comments);
    out
}

impl<'a> Formatter<'a> {
    fn kind(&self, node: NodeId) -> SyntaxKind {
        self.s.kind(node)
    }

    fn elements(&self, node: NodeId) -> Vec<Element> {
        self.s.elements(node).collect()
    }

    fn first_token(&self, node: NodeId) -> u32 {
        self.s.tree.node(node).first_token
    }

    fn last_token(&self, node: NodeId) -> u32 {
        let n = self.s.tree.node(node);
        n.end_token.saturating_sub(1).max(n.first_token)
    }

    /// The file: statements and items with the blank lines between them.
    fn file(&mut self) -> Doc {
        let root = self.parse.root();
        let mut parts = Vec::new();
        for t in 0..self.parse.tokens.len() as u32 {
            match self.parse.tokens.kind(t) {
                SyntaxKind::ByteOrderMark => parts.push(Doc::text(self.parse.tokens.text(t))),
                SyntaxKind::Shebang => {
                    parts.push(Doc::text(self.parse.tokens.text(t)));
                    parts.push(Doc::HardLine);
                }
                kind if kind.is_trivia() => {}
                _ => break,
            }
        }
        let children: Vec<NodeId> = self.s.children(root).collect();
        parts.push(self.sequence(&children));
        let end = self.parse.tokens.len() as u32 - 1;
        parts.push(self.closing_comments(end, !children.is_empty()));
        Doc::Concat(parts)
    }

    /// Statements, items or members, each on lines of its own; one blank line between two is kept. Neighbours of a
    /// syntax error stay together as they are written.
    fn sequence(&mut self, nodes: &[NodeId]) -> Doc {
        let mut parts = Vec::new();
        let mut at = 0;
        while at < nodes.len() {
            let first = self.first_token(nodes[at]);
            if at > 0 {
                parts.push(Doc::HardLine);
                if self.blank_line_before(first) {
                    parts.push(Doc::HardLine);
                }
            }
            parts.push(self.comments_before(first));
            let end = self.faulty_run(nodes, at);
            let last = if end > at {
                let last = self.last_token(nodes[end - 1]);
                parts.push(self.source_between(first, last));
                last
            } else {
                parts.push(self.checked(nodes[at], at + 1 == nodes.len()));
                parts.extend(self.loose_separator(nodes[at]));
                self.outer_last(nodes[at])
            };
            parts.push(self.comments_after(last));
            at = end.max(at + 1);
        }
        Doc::Concat(parts)
    }

    /// The end of a run of nodes that begins at `at` and in which every line has a part in a syntax error.
    fn faulty_run(&self, nodes: &[NodeId], at: usize) -> usize {
        let mut end = at;
        while end < nodes.len() {
            let line = end > at && !self.line_break_after(self.outer_last(nodes[end - 1]));
            if !line && !self.is_faulty(nodes[end]) {
                let next = nodes.get(end + 1).filter(|&&n| self.kind(n) == SyntaxKind::ErrorNode || self.is_faulty(n));
                let shares_line = next.is_some() && !self.line_break_after(self.outer_last(nodes[end]));
                if !shares_line {
                    break;
                }
            }
            end += 1;
        }
        end
    }

    fn source_between(&self, first: u32, last: u32) -> Doc {
        let tokens = &self.parse.tokens;
        Doc::text(&tokens.source()[tokens.start(first) as usize..tokens.end(last) as usize])
    }

    /// The comma or semicolon behind an actor's field, which is a token of the member list.
    fn loose_separator(&mut self, node: NodeId) -> Option<Doc> {
        let next = self.separator_after(node)?;
        (self.kind(node) == SyntaxKind::Field).then(|| Doc::text(self.parse.tokens.text(next)))
    }

    fn separator_after(&self, node: NodeId) -> Option<u32> {
        let tokens = &self.parse.tokens;
        let next = (self.last_token(node) + 1..tokens.len() as u32).find(|&t| !tokens.kind(t).is_trivia())?;
        let separates = matches!(tokens.kind(next), SyntaxKind::Comma | SyntaxKind::Semicolon);
        (separates && self.kind(node) == SyntaxKind::Field).then_some(next)
    }

    /// The last token of a statement with its separator.
    fn outer_last(&self, node: NodeId) -> u32 {
        self.separator_after(node).unwrap_or(self.last_token(node))
    }

    /// One statement or item: laid out if that keeps everything, else as it is written. What is inside is only looked
    /// at one by one when the whole failed.
    fn checked(&mut self, node: NodeId, last: bool) -> Doc {
        let outermost = self.bare.is_empty();
        let doc = self.bare_statement(node, last);
        if (!outermost && !self.doubtful) || self.keeps_content(node, &doc) {
            return doc;
        }
        if outermost {
            self.doubtful = true;
            let doc = self.bare_statement(node, last);
            self.doubtful = false;
            if self.keeps_content(node, &doc) {
                return doc;
            }
        }
        self.verbatim(node)
    }

    /// A statement without the comments before and behind it.
    fn bare_statement(&mut self, node: NodeId, last: bool) -> Doc {
        self.bare.push((self.first_token(node), self.last_token(node)));
        let doc = self.statement(node, last);
        self.bare.pop();
        doc
    }

    fn keeps_content(&self, node: NodeId, doc: &Doc) -> bool {
        same_content(self.s.text(node), &print(doc, self.options.width, self.options.indent))
    }

    /// Whether a syntax error lies inside, or at the token behind, which is where a broken off form is noticed.
    fn is_faulty(&self, node: NodeId) -> bool {
        let tokens = &self.parse.tokens;
        let (start, end) = (tokens.start(self.first_token(node)), tokens.end(self.last_token(node)));
        let next = (self.last_token(node) + 1..tokens.len() as u32).find(|&t| !tokens.kind(t).is_trivia());
        let next = next.map(|t| tokens.start(t));
        let here = |place: u32| (start <= place && place <= end) || Some(place) == next;
        let reported = self.parse.diagnostics.iter().filter(|d| d.is_error());
        reported.filter_map(|d| d.primary_span()).any(|span| here(span.start))
            || self.s.tree.subtree(node).any(|n| self.kind(n) == SyntaxKind::ErrorNode)
    }

    /// The source of a node as it is.
    fn verbatim(&self, node: NodeId) -> Doc {
        Doc::text(self.s.text(node))
    }

    /// A token with the comments around it that stand inside of a statement.
    fn token(&mut self, token: u32) -> Doc {
        let text = self.parse.tokens.text(token).to_owned();
        self.token_as(token, &text)
    }

    /// The comments around a token with another text in its place.
    fn token_as(&mut self, token: u32, text: &str) -> Doc {
        let before = if self.bare.iter().any(|b| b.0 == token) { Doc::Nil } else { self.comments_before(token) };
        Doc::Concat(vec![before, Doc::text(text), self.after(token)])
    }

    /// The comments behind a token inside of a statement.
    fn after(&self, token: u32) -> Doc {
        if self.bare.iter().any(|b| b.1 == token) { Doc::Nil } else { self.comments_after(token) }
    }

    /// A closing delimiter, the comments before which have been placed.
    fn closer(&self, token: u32) -> Doc {
        Doc::Concat(vec![Doc::text(self.parse.tokens.text(token)), self.after(token)])
    }

    /// All elements of a node one after the other; `gap` says which two have a blank between them.
    fn inline(&mut self, node: NodeId, gap: impl Fn(&Self, Element, Element) -> bool) -> Doc {
        let mut parts = Vec::new();
        let mut before: Option<Element> = None;
        for element in self.elements(node) {
            if before.is_some_and(|b| gap(self, b, element)) {
                parts.push(Doc::text(" "));
            }
            parts.push(self.element(element));
            before = Some(element);
        }
        Doc::Concat(parts)
    }

    fn element(&mut self, element: Element) -> Doc {
        match element {
            Element::Token(t) => self.token(t),
            Element::Node(n) => self.node(n),
        }
    }

    fn is_token(&self, element: Element, kind: SyntaxKind) -> bool {
        matches!(element, Element::Token(t) if self.parse.tokens.kind(t) == kind)
    }
}
