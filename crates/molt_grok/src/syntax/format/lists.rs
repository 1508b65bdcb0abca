//! Delimited lists and blocks.

use super::Formatter;
use super::doc::Doc;
use crate::syntax::{Element, NodeId, SyntaxKind};

/// How a list looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ListStyle {
    /// Blanks inside of the delimiters when it stands on one line: `{ a, b }`.
    pub padded: bool,
    /// Broken if its author broke the line behind the opening delimiter.
    pub follows_author: bool,
    /// A last element that spans lines keeps the list together: closures, structs.
    pub hugs: bool,
    /// A broken list ends in a comma.
    pub last_comma: bool,
    /// The last comma is there if its author wrote it.
    pub exact: bool,
}

pub(super) const PLAIN: ListStyle =
    ListStyle { padded: false, follows_author: false, hugs: false, last_comma: true, exact: false };
pub(super) const HUGGING: ListStyle = ListStyle { hugs: true, ..PLAIN };
pub(super) const BRACES: ListStyle = ListStyle { padded: true, follows_author: true, ..PLAIN };

impl Formatter<'_> {
    /// `( a, b )` of the elements of a node: an opening delimiter, elements with commas, a closing one.
    pub(super) fn list(&mut self, node: NodeId, style: ListStyle) -> Doc {
        let elements = self.elements(node);
        self.list_of(node, &elements, style)
    }

    /// The same for a part of a node's elements.
    pub(super) fn list_of(&mut self, node: NodeId, elements: &[Element], style: ListStyle) -> Doc {
        let [Element::Token(open), inner @ .., Element::Token(close)] = elements else {
            return elements.iter().map(|&e| self.element(e)).collect();
        };
        let (open, close) = (*open, *close);
        let nodes: Vec<NodeId> = inner
            .iter()
            .filter_map(|e| match e {
                Element::Node(n) => Some(*n),
                Element::Token(_) => None,
            })
            .collect();
        let one_tuple = nodes.len() == 1 && inner.iter().any(|&e| self.is_token(e, SyntaxKind::Comma));
        let comments = self.has_closing_comments(close);
        if nodes.is_empty() && !comments {
            return Doc::Concat(vec![self.token(open), self.token(close)]);
        }
        let docs = self.list_items(inner);
        let tuple = matches!(self.kind(node), SyntaxKind::TupleExpr | SyntaxKind::TuplePat | SyntaxKind::TupleType);
        let has_comma = inner.last().is_some_and(|&e| self.is_token(e, SyntaxKind::Comma));
        let keeps_comma = if style.exact { has_comma } else { one_tuple && tuple };
        let force = style.follows_author && self.line_break_after(open);
        // Behind `..`, `..base` and `...` no comma may stand.
        let ends_open = nodes.last().is_some_and(|&n| {
            matches!(self.kind(n), SyntaxKind::StructLitBase | SyntaxKind::VariadicParam)
                || (self.kind(n) == SyntaxKind::RestPat && self.kind(node) == SyntaxKind::StructPat)
        });
        let style = ListStyle { last_comma: style.last_comma && !ends_open && !style.exact, ..style };
        if style.hugs
            && !comments
            && !keeps_comma
            && docs.len() == nodes.len()
            && let Some(doc) = self.hugged((open, close), &nodes, &docs, style)
        {
            return doc;
        }
        self.broken_or_flat(open, close, docs, style, force, keeps_comma)
    }

    /// The elements of a list, each with its comma's comments.
    fn list_items(&mut self, inner: &[Element]) -> Vec<Doc> {
        let mut docs: Vec<Doc> = Vec::new();
        for (i, &element) in inner.iter().enumerate() {
            match element {
                Element::Node(n) => docs.push(self.node(n)),
                Element::Token(t) if self.is_token(element, SyntaxKind::Comma) => {
                    let comments = Doc::Concat(vec![self.comments_before(t), self.comments_after(t)]);
                    if let Some(last) = docs.last_mut() {
                        let done = std::mem::replace(last, Doc::Nil);
                        *last = Doc::Concat(vec![done, comments]);
                    }
                }
                Element::Token(t) => {
                    let token = self.token(t);
                    // Other tokens of a list, as `;` in `[a; n]`, stay where they are.
                    let blank = if i > 0 { "" } else { " " };
                    docs.push(Doc::Concat(vec![token, Doc::text(blank)]));
                }
            }
        }
        docs
    }

    /// All but the last element on the line of the opening delimiter, the last one over several lines.
    fn hugged(&mut self, (open, close): (u32, u32), nodes: &[NodeId], docs: &[Doc], style: ListStyle) -> Option<Doc> {
        let (last, before) = docs.split_last()?;
        let node = *nodes.last()?;
        let open_comments = self.comments_after(open).forces_break();
        if open_comments || !last.forces_break() || before.iter().any(Doc::forces_break) || !self.can_hug(node) {
            return None;
        }
        let mut parts = vec![self.token(open)];
        for doc in before {
            parts.push(doc.clone());
            parts.push(Doc::text(", "));
        }
        parts.push(last.clone());
        parts.push(self.token(close));
        let flat = Doc::Concat(parts);
        let broken = self.broken_or_flat(open, close, docs.to_vec(), style, true, false);
        Some(Doc::either(flat, broken))
    }

    /// Whether the lines of a node begin and end with brackets of its own.
    fn can_hug(&self, node: NodeId) -> bool {
        match self.kind(node) {
            SyntaxKind::ClosureExpr => self.s.children(node).last().is_some_and(|b| {
                matches!(self.kind(b), SyntaxKind::BlockExpr | SyntaxKind::MatchExpr | SyntaxKind::IfExpr)
                    || self.can_hug(b)
            }),
            SyntaxKind::BlockExpr
            | SyntaxKind::MatchExpr
            | SyntaxKind::StructLit
            | SyntaxKind::ArrayExpr
            | SyntaxKind::TupleExpr
            | SyntaxKind::SpawnExpr
            | SyntaxKind::CallExpr
            | SyntaxKind::MacroCall
            | SyntaxKind::Literal => true,
            SyntaxKind::RefExpr => self.s.children(node).next().is_some_and(|n| self.can_hug(n)),
            _ => false,
        }
    }

    fn broken_or_flat(
        &mut self,
        open: u32,
        close: u32,
        docs: Vec<Doc>,
        style: ListStyle,
        force: bool,
        comma: bool,
    ) -> Doc {
        let line = || if style.padded { Doc::Line } else { Doc::SoftLine };
        let mut inside = vec![line()];
        let count = docs.len();
        for (i, doc) in docs.into_iter().enumerate() {
            // The comma stands before comments that end the element's line.
            inside.push(doc);
            if i + 1 < count {
                inside.push(Doc::text(","));
                inside.push(Doc::Line);
            }
        }
        if comma {
            inside.push(Doc::text(","));
        } else if count > 0 && style.last_comma {
            inside.push(Doc::IfBroken(","));
        }
        if self.has_closing_comments(close) {
            inside.push(self.closing_comments(close, count > 0));
        }
        // A comment behind the list does not break it.
        let closer = Doc::text(self.parse.tokens.text(close));
        let doc = Doc::Concat(vec![self.token(open), Doc::indent(Doc::Concat(inside)), line(), closer]);
        let doc = if force { Doc::broken_group(doc) } else { Doc::group(doc) };
        Doc::Concat(vec![doc, self.after(close)])
    }

    /// `{ .. }` with statements, members or arms; on one line if it holds one simple thing that was written so.
    pub(super) fn braces(&mut self, open: u32, nodes: &[NodeId], close: u32, may_be_short: bool) -> Doc {
        let comments = self.has_closing_comments(close);
        if nodes.is_empty() && !comments {
            return Doc::Concat(vec![self.token(open), self.token(close)]);
        }
        let body = self.sequence(nodes);
        let closer = self.closer(close);
        let short =
            may_be_short && nodes.len() == 1 && !comments && !self.line_break_after(open) && !body.forces_break();
        if short {
            let inside = Doc::indent(Doc::Concat(vec![Doc::Line, body]));
            return Doc::Concat(vec![self.token(open), inside, Doc::Line, closer]);
        }
        let mut inside = vec![Doc::HardLine, body];
        if comments {
            if nodes.is_empty() {
                inside = vec![Doc::HardLine, self.closing_comments(close, false)];
            } else {
                inside.push(self.closing_comments(close, true));
            }
        }
        Doc::Concat(vec![self.token(open), Doc::indent(Doc::Concat(inside)), Doc::HardLine, closer])
    }

    /// A node that is an opening brace, nodes and a closing brace.
    pub(super) fn block(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let nodes: Vec<NodeId> = self.s.children(node).collect();
        match (elements.first(), elements.last()) {
            (Some(&Element::Token(open)), Some(&Element::Token(close))) if open != close => {
                let simple = nodes.iter().all(|&n| self.kind(n) == SyntaxKind::ExprStmt);
                self.braces(open, &nodes, close, simple)
            }
            _ => self.verbatim(node),
        }
    }
}
