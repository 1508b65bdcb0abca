//! The syntax tree: flat, lossless, in postorder.
//!
//! A node is pushed when it is complete, so a parent stands after its children and the subtree of a node is the
//! contiguous run `first_node..=self`. Wrapping an earlier node, as precedence climbing does all the time, is a later
//! push that begins at the earlier mark: no events, no rebalancing, one allocation for the whole tree. Red-green trees
//! (rowan, cstree) were considered; their node cache hashes every token, which alone costs more than the budget of one
//! microsecond a line. Editing in place is not needed: a changed file is parsed again.
//!
//! ```text
//! tokens   a  +  b  *  c            nodes  0 PathExpr a      (first_node 0)
//!          0  2  4  6  8                   1 PathExpr b      (first_node 1)
//!                                          2 PathExpr c      (first_node 2)
//!                                          3 BinaryExpr b*c  (first_node 1, children 1 and 2)
//!                                          4 BinaryExpr a+.. (first_node 0, children 0 and 3)
//! ```

use std::ops::Range;

use molt_base::{Span, entity_id};

use super::{SyntaxKind, Tokens};

entity_id!(
    /// A node of one [`Tree`]. Nodes with higher numbers are completed later; the root is the last.
    pub struct NodeId("n")
);

const NONE: u32 = u32::MAX;

/// One node: a kind and a run of tokens, which includes the trivia between them but none at its two ends.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub kind: SyntaxKind,
    /// First token; for an empty node the token before which it stands.
    pub first_token: u32,
    /// The token after the last one.
    pub end_token: u32,
    first_node: u32,
    first_child: u32,
    next_sibling: u32,
}

const _: () = assert!(std::mem::size_of::<Node>() == 24);

/// A child of a node: a token of its own or a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    Token(u32),
    Node(NodeId),
}

/// A syntax tree over a token sequence.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(super) fn with_capacity(nodes: usize) -> Tree {
        Tree { nodes: Vec::with_capacity(nodes) }
    }

    /// Number of nodes, which is also the mark of what is pushed next.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Completes a node over all nodes since `first_node`, which become its subtree.
    pub(super) fn push(&mut self, kind: SyntaxKind, first_token: u32, end_token: u32, first_node: u32) -> NodeId {
        let id = self.nodes.len() as u32;
        let mut first_child = NONE;
        let mut end = id;
        while end > first_node {
            let child = end - 1;
            self.nodes[child as usize].next_sibling = first_child;
            first_child = child;
            end = self.nodes[child as usize].first_node;
        }
        self.nodes.push(Node { kind, first_token, end_token, first_node, first_child, next_sibling: NONE });
        NodeId(id)
    }

    /// The node that covers everything.
    pub fn root(&self) -> NodeId {
        NodeId(self.nodes.len() as u32 - 1)
    }

    #[inline]
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }

    #[inline]
    pub fn kind(&self, node: NodeId) -> SyntaxKind {
        self.node(node).kind
    }

    /// The kinds of all nodes, children before parents.
    pub fn kinds(&self) -> impl Iterator<Item = SyntaxKind> {
        self.nodes.iter().map(|n| n.kind)
    }

    /// Child nodes in source order.
    #[inline]
    pub fn children(&self, node: NodeId) -> Children<'_> {
        Children { tree: self, next: self.node(node).first_child }
    }

    /// The first child node of a kind.
    pub fn child(&self, node: NodeId, kind: SyntaxKind) -> Option<NodeId> {
        self.children(node).find(|&c| self.kind(c) == kind)
    }

    /// All nodes below and including `node`, children before parents.
    pub fn subtree(&self, node: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (self.node(node).first_node..=node.0).map(NodeId)
    }
}

/// Iterator over the child nodes of a node.
#[derive(Clone, Debug)]
pub struct Children<'t> {
    tree: &'t Tree,
    next: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next == NONE {
            return None;
        }
        let id = NodeId(self.next);
        self.next = self.tree.node(id).next_sibling;
        Some(id)
    }
}

/// A tree together with its tokens: what most readers want.
#[derive(Clone, Copy, Debug)]
pub struct Syntax<'a> {
    pub tokens: &'a Tokens,
    pub tree: &'a Tree,
}

impl<'a> Syntax<'a> {
    #[inline]
    pub fn kind(&self, node: NodeId) -> SyntaxKind {
        self.tree.kind(node)
    }

    #[inline]
    pub fn children(&self, node: NodeId) -> Children<'a> {
        self.tree.children(node)
    }

    pub fn child(&self, node: NodeId, kind: SyntaxKind) -> Option<NodeId> {
        self.tree.child(node, kind)
    }

    /// Where the node was written.
    pub fn span(&self, node: NodeId) -> Span {
        let n = self.tree.node(node);
        self.tokens.range_span(n.first_token, n.end_token)
    }

    /// The node's text with the trivia inside.
    pub fn text(&self, node: NodeId) -> &'a str {
        let n = self.tree.node(node);
        if n.end_token <= n.first_token {
            return "";
        }
        &self.tokens.source()[self.tokens.start(n.first_token) as usize..self.tokens.end(n.end_token - 1) as usize]
    }

    /// Tokens and nodes directly below a node, without trivia, in source order.
    pub fn elements(&self, node: NodeId) -> Elements<'a> {
        let n = self.tree.node(node);
        Elements {
            syntax: *self,
            children: self.tree.children(node),
            ahead: None,
            token: n.first_token,
            end: n.end_token,
        }
        .primed()
    }

    /// Runs of tokens, trivia included, that stand directly below a node: before, between and behind its children.
    fn gaps(&self, node: NodeId) -> Gaps<'a> {
        let n = self.tree.node(node);
        Gaps { children: self.tree.children(node), token: n.first_token, end: n.end_token }
    }

    /// Tokens directly below a node, without trivia.
    pub fn own_tokens(&self, node: NodeId) -> impl Iterator<Item = u32> + use<'a> {
        let tokens = self.tokens;
        self.gaps(node).flatten().filter(|&t| !tokens.kind(t).is_trivia())
    }

    /// The token that a node consists of.
    pub fn only_token(&self, node: NodeId) -> Option<u32> {
        let n = self.tree.node(node);
        (n.first_child == NONE && n.end_token == n.first_token + 1).then_some(n.first_token)
    }

    /// The first token of a kind, which is no trivia, directly below a node.
    pub fn token(&self, node: NodeId, kind: SyntaxKind) -> Option<u32> {
        self.gaps(node).find_map(|gap| self.tokens.find(gap, kind))
    }

    /// Whether the node has a token of the kind of its own.
    pub fn has(&self, node: NodeId, kind: SyntaxKind) -> bool {
        self.token(node, kind).is_some()
    }

    /// The name that an item, field, parameter or the like declares: its first own identifier.
    pub fn name(&self, node: NodeId) -> Option<u32> {
        let tokens = self.tokens;
        let mut names =
            self.own_tokens(node).filter(|&t| matches!(tokens.kind(t), SyntaxKind::Ident | SyntaxKind::RawIdent));
        let first = names.next();
        match self.kind(node) {
            // Their first identifier is the contextual keyword itself.
            SyntaxKind::ActorItem => names.next(),
            SyntaxKind::ModItem if !self.has(node, SyntaxKind::ModKw) => names.next(),
            _ => first,
        }
    }

    /// Documentation comments before the node (outer) in source order.
    pub fn docs(&self, node: NodeId) -> Vec<u32> {
        let first = self.tree.node(node).first_token;
        let before = (0..first).rev().take_while(|&t| self.tokens.kind(t).is_trivia());
        let mut docs: Vec<u32> = before.filter(|&t| self.tokens.kind(t) == SyntaxKind::OuterDoc).collect();
        docs.reverse();
        docs
    }

    /// The tree as an S-expression: `(BinaryExpr (PathExpr a) + (PathExpr b))`.
    pub fn dump(&self, node: NodeId) -> String {
        let mut out = String::new();
        self.dump_into(node, &mut out);
        out
    }

    fn dump_into(&self, node: NodeId, out: &mut String) {
        out.push('(');
        out.push_str(self.kind(node).name());
        for element in self.elements(node) {
            out.push(' ');
            match element {
                Element::Token(t) => out.push_str(self.tokens.text(t)),
                Element::Node(n) => self.dump_into(n, out),
            }
        }
        out.push(')');
    }
}

/// Iterator over the runs of tokens between the children of a node.
struct Gaps<'a> {
    children: Children<'a>,
    token: u32,
    end: u32,
}

impl Iterator for Gaps<'_> {
    type Item = Range<u32>;

    #[inline]
    fn next(&mut self) -> Option<Range<u32>> {
        while self.token < self.end {
            let start = self.token;
            let end = match self.children.next() {
                Some(child) => {
                    let child = self.children.tree.node(child);
                    self.token = start.max(child.end_token);
                    child.first_token
                }
                None => {
                    self.token = self.end;
                    self.end
                }
            };
            if start < end {
                return Some(start..end);
            }
        }
        None
    }
}

/// Iterator over what stands directly below a node.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    syntax: Syntax<'a>,
    children: Children<'a>,
    ahead: Option<NodeId>,
    token: u32,
    end: u32,
}

impl Elements<'_> {
    fn primed(mut self) -> Self {
        self.ahead = self.children.next();
        self
    }
}

impl Iterator for Elements<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        loop {
            if let Some(child) = self.ahead {
                let node = self.syntax.tree.node(child);
                if node.first_token <= self.token {
                    self.token = self.token.max(node.end_token);
                    self.ahead = self.children.next();
                    return Some(Element::Node(child));
                }
            }
            if self.token >= self.end {
                // Empty nodes may stand at the very end.
                let last = self.ahead.take()?;
                self.ahead = self.children.next();
                return Some(Element::Node(last));
            }
            let token = self.token;
            self.token += 1;
            if !self.syntax.tokens.kind(token).is_trivia() {
                return Some(Element::Token(token));
            }
        }
    }
}
