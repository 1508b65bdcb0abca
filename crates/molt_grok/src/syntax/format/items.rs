//! Layout of items and their parts.

use super::Formatter;
use super::doc::Doc;
use super::expressions::ITEMS;
use super::lists::{BRACES, PLAIN};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::{Element, NodeId};

impl Formatter<'_> {
    pub(super) fn is_item(&self, kind: SyntaxKind) -> bool {
        ITEMS.contains(&kind)
    }

    pub(super) fn is_attr(&self, element: Element) -> bool {
        matches!(element, Element::Node(n) if matches!(self.kind(n), Attr | InnerAttr))
    }

    /// The attributes of a node, each on a line of its own.
    pub(super) fn attributes(&mut self, node: NodeId) -> Vec<Doc> {
        let mut parts = Vec::new();
        let attrs: Vec<NodeId> = self.s.children(node).filter(|&c| self.kind(c) == Attr).collect();
        for attr in attrs {
            parts.push(self.node(attr));
            parts.push(Doc::HardLine);
        }
        parts
    }

    pub(super) fn item(&mut self, node: NodeId) -> Doc {
        match self.kind(node) {
            Generics | TypeArgs => self.angles(node),
            ParamList | TupleFieldList => self.list(node, PLAIN),
            FieldList => self.list(node, BRACES),
            VariantList => self.list(node, BRACES),
            MemberList | ItemList => self.member_block(node),
            WhereClause => self.where_clause(node),
            Param | TupleField => self.inline(node, Self::item_gap),
            ReceiveMember => self.receive_member(node),
            MacroDef => self.macro_def(node),
            _ => self.header(node),
        }
    }

    /// An item in the order of its parts; what follows a `where` that takes lines begins a new one.
    fn header(&mut self, node: NodeId) -> Doc {
        let mut parts = self.attributes(node);
        let elements: Vec<Element> = self.elements(node).into_iter().filter(|&e| !self.is_attr(e)).collect();
        let mut before: Option<Element> = None;
        let mut after_where = false;
        for &element in &elements {
            // `fn f(x) -> {` is the older spelling of a result that is left out.
            if let Element::Node(n) = element
                && self.kind(n) == RetType
                && self.s.children(n).next().is_none()
            {
                continue;
            }
            if self.kind(node) == ModItem
                && before.is_none_or(|b| self.is_visibility(b))
                && self.is_word(element, "module")
            {
                if before.is_some() {
                    parts.push(Doc::text(" "));
                }
                let Element::Token(t) = element else { continue };
                parts.push(self.token_as(t, "mod"));
                before = Some(element);
                continue;
            }
            let is_where = matches!(element, Element::Node(n) if self.kind(n) == WhereClause);
            let value = before.is_some_and(|b| self.is_token(b, Equals));
            match element {
                Element::Node(n) if value && !Self::is_type_kind(self.kind(n)) => parts.push(self.value(n)),
                _ => {
                    if !is_where && before.is_some_and(|b| self.item_gap(b, element)) {
                        parts.push(if std::mem::take(&mut after_where) { Doc::Line } else { Doc::text(" ") });
                    }
                    parts.push(self.element(element));
                }
            }
            after_where |= is_where;
            before = Some(element);
        }
        self.split_header(parts)
    }

    /// The header's group must not contain the body: a body of several lines leaves the parameters alone.
    fn split_header(&self, parts: Vec<Doc>) -> Doc {
        let has_where = parts.iter().any(|p| matches!(p, Doc::Line));
        if !has_where {
            return Doc::Concat(parts);
        }
        let body = parts.iter().position(|p| matches!(p, Doc::Line)).map_or(parts.len(), |n| n + 1);
        let mut parts = parts;
        let rest = parts.split_off(body);
        Doc::Concat(vec![Doc::group(Doc::Concat(parts)), Doc::Concat(rest)])
    }

    fn is_visibility(&self, element: Element) -> bool {
        matches!(element, Element::Node(n) if self.kind(n) == Visibility)
    }

    fn is_word(&self, element: Element, word: &str) -> bool {
        matches!(element, Element::Token(t) if self.parse.tokens.text(t) == word)
    }

    fn is_type_kind(kind: SyntaxKind) -> bool {
        matches!(
            kind,
            PathType
                | TupleType
                | ParenType
                | ArrayType
                | SliceType
                | RefType
                | PtrType
                | NeverType
                | InferType
                | DynType
                | ImplType
                | FnType
                | ClosureType
        )
    }

    /// Blanks between the parts of an item.
    fn item_gap(&self, a: Element, b: Element) -> bool {
        if let Element::Node(n) = b {
            match self.kind(n) {
                Generics | ParamList | TupleFieldList => return false,
                Block | FieldList | VariantList | MemberList | ItemList | RetType | WhereClause => return true,
                _ => {}
            }
        }
        if let Element::Node(n) = a
            && matches!(self.kind(n), Generics)
        {
            return !(self.is_token(b, Colon) || self.is_token(b, Semicolon));
        }
        if self.is_token(b, ForKw) || self.is_token(a, ForKw) {
            return true;
        }
        match (a, b) {
            (_, Element::Token(t)) if matches!(self.parse.tokens.kind(t), Comma | Semicolon | Colon) => false,
            // Words of the header: `actor Name`, `export fn`.
            (Element::Token(x), Element::Token(y)) => {
                let kind = |t: u32| self.parse.tokens.kind(t);
                let word = |k: SyntaxKind| k.is_keyword() || matches!(k, Ident | RawIdent | Underscore | Equals);
                word(kind(x)) && word(kind(y)) || self.default_gap(a, b)
            }
            _ => self.default_gap(a, b) || matches!(a, Element::Token(t) if self.parse.tokens.kind(t).is_keyword()),
        }
    }

    /// `<A, B>`: broken like a list, with no other delimiter than angle brackets.
    fn angles(&mut self, node: NodeId) -> Doc {
        self.list(node, PLAIN)
    }

    fn member_block(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let nodes: Vec<NodeId> = self.s.children(node).collect();
        match (elements.first(), elements.last()) {
            (Some(&Element::Token(open)), Some(&Element::Token(close))) if open != close => {
                self.braces(open, &nodes, close, false)
            }
            _ => self.verbatim(node),
        }
    }

    /// ` where T: A, U: B`, or each predicate on a line of its own.
    fn where_clause(&mut self, node: NodeId) -> Doc {
        let mut word = Doc::Nil;
        let mut preds = Vec::new();
        for element in self.elements(node) {
            match element {
                Element::Node(n) => preds.push(self.node(n)),
                Element::Token(t) if self.is_token(element, WhereKw) => word = self.token(t),
                Element::Token(t) => {
                    let comments = Doc::Concat(vec![self.comments_before(t), self.comments_after(t)]);
                    preds.extend(Some(comments).filter(Doc::forces_break));
                }
            }
        }
        let mut inside = Vec::new();
        let count = preds.len();
        for (i, pred) in preds.into_iter().enumerate() {
            inside.push(Doc::Line);
            inside.push(pred);
            if i + 1 < count {
                inside.push(Doc::text(","));
            }
        }
        if count > 0 {
            inside.push(Doc::IfBroken(","));
        }
        Doc::Concat(vec![Doc::Line, word, Doc::indent(Doc::Concat(inside))])
    }

    fn receive_member(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let brace = elements.iter().position(|&e| self.is_token(e, LBrace));
        let (Some(brace), Some(&Element::Token(close))) = (brace, elements.last()) else { return self.verbatim(node) };
        let Element::Token(open) = elements[brace] else { return self.verbatim(node) };
        let mut parts = self.attributes(node);
        let head: Vec<Element> = elements[..brace].iter().copied().filter(|&e| !self.is_attr(e)).collect();
        for element in head {
            parts.push(self.element(element));
            parts.push(Doc::text(" "));
        }
        parts.push(self.arms(open, &elements[brace + 1..elements.len() - 1], close));
        Doc::Concat(parts)
    }

    /// Rules on lines of their own; their token trees stay as they are.
    fn macro_def(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let Some(brace) = elements.iter().position(|&e| self.is_token(e, LBrace)) else { return self.verbatim(node) };
        let (Element::Token(open), Some(&Element::Token(close))) = (elements[brace], elements.last()) else {
            return self.verbatim(node);
        };
        let mut parts = self.attributes(node);
        let head: Vec<Element> = elements[..brace].iter().copied().filter(|&e| !self.is_attr(e)).collect();
        for (i, &element) in head.iter().enumerate() {
            if i > 0 && !self.is_token(element, Bang) {
                parts.push(Doc::text(" "));
            }
            parts.push(self.element(element));
        }
        parts.push(Doc::text(" "));
        let mut body = Vec::new();
        for &element in &elements[brace + 1..elements.len() - 1] {
            match element {
                Element::Node(rule) => {
                    body.push(Doc::HardLine);
                    body.push(self.inline(rule, |_, _, _| true));
                    body.push(Doc::text(";"));
                }
                Element::Token(t) => {
                    body.push(self.comments_before(t));
                    body.push(self.comments_after(t));
                }
            }
        }
        if self.has_closing_comments(close) {
            body.push(self.closing_comments(close, true));
        }
        parts.push(self.token(open));
        parts.push(Doc::indent(Doc::Concat(body)));
        parts.push(Doc::HardLine);
        parts.push(self.closer(close));
        Doc::Concat(parts)
    }
}
