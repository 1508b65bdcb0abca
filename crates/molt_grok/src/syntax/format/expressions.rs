//! Layout of statements, expressions, patterns and types.

use molt_base::FileId;

use super::Formatter;
use super::doc::Doc;
use super::lists::{BRACES, HUGGING, ListStyle, PLAIN};
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::{Element, Entry, NodeId, SyntaxContext, lexer, parse_tokens};

impl Formatter<'_> {
    pub(super) fn node(&mut self, node: NodeId) -> Doc {
        match self.kind(node) {
            Block => Doc::group(self.block(node)),
            BinaryExpr => self.binary(node),
            AssignExpr => self.assignment(node),
            RangeExpr | RangePat => self.range(node),
            SendExpr | CastExpr => self.inline(node, |_, _, _| true),
            PrefixExpr => self.inline(node, |_, _, _| false),
            RefExpr => self.inline(node, |f, a, _| f.is_token(a, MutKw)),
            CallExpr | MethodCall | FieldExpr | IndexExpr | TryExpr | AwaitExpr => self.chain(node),
            ArgList | TupleExpr | ArrayExpr | ParenExpr => self.list(node, HUGGING),
            TuplePat | SlicePat | ParenPat | TupleType | ParenType | MetaArgs | SpawnOptions | UseTreeList => {
                self.list(node, PLAIN)
            }
            TupleStructPat => self.tail_list(node, PLAIN),
            StructLit | StructPat => self.struct_like(node),
            IfExpr => self.if_expr(node),
            MatchExpr | SelectExpr | ReceiveExpr => self.match_like(node),
            MatchArm | AfterArm | SelectArm | DefaultArm => self.arm(node),
            LoopExpr | WhileExpr | ForExpr | BlockExpr | SpawnExpr | AskExpr => self.words(node),
            ClosureExpr => self.closure(node),
            ReturnExpr | BreakExpr | ContinueExpr | LetCond | MatchGuard => self.inline(node, |_, _, _| true),
            MacroCall => self.macro_call(node),
            TokenTree => self.token_tree(node),
            kind if self.is_item(kind) => self.item(node),
            _ => self.inline(node, Self::default_gap),
        }
    }

    /// Whether a blank stands between two neighbours in types, patterns, paths, attributes and the like.
    pub(super) fn default_gap(&self, a: Element, b: Element) -> bool {
        let kind = |e: Element| match e {
            Element::Token(t) => self.parse.tokens.kind(t),
            Element::Node(n) => self.kind(n),
        };
        match (kind(a), kind(b)) {
            (_, Comma | Semicolon | Colon | Question | Dot | RParen | RBracket | ColonColon) => false,
            (Comma | Semicolon | Colon, _) => true,
            (LParen | LBracket | ColonColon | Dot, _) => false,
            (Equals | Plus | Arrow | FatArrow | Pipe | At, _) if !self.is_attribute_mark(a) => true,
            (_, Equals | Plus | Arrow | FatArrow | RetType | At) => true,
            (_, Pipe) => true,
            (FnKw | PubKw, LParen) | (ForKw, Lt) => false,
            (CrateKw | SelfKw | SuperKw | SelfTypeKw, _) => false,
            (MetaPair, _) => true,
            (x, _) if x.is_keyword() => true,
            (ForLifetimes | Abi | Visibility | Attr, _) => true,
            (_, Abi | BoundList) => true,
            (Lifetime, y) => !matches!(y, Gt | Plus),
            (_, AsKw) => true,
            (Ident, Str | RawStr) => true,
            _ => false,
        }
    }

    /// `@` at the beginning of a decorator, in contrast to that of a pattern.
    fn is_attribute_mark(&self, element: Element) -> bool {
        match element {
            Element::Token(t) => {
                let tokens = &self.parse.tokens;
                tokens.kind(t) == At && (tokens.kind(t + 1) == Ident || tokens.kind(t + 1).is_keyword())
            }
            Element::Node(_) => false,
        }
    }

    // Statements.

    pub(super) fn statement(&mut self, node: NodeId, last: bool) -> Doc {
        match self.kind(node) {
            LetStmt => self.let_statement(node),
            ExprStmt => self.expr_statement(node, last),
            _ => self.node(node),
        }
    }

    fn expr_statement(&mut self, node: NodeId, last: bool) -> Doc {
        let mut parts = self.attributes(node);
        let Some(expr) = self.s.children(node).find(|&c| self.kind(c) != Attr) else { return self.verbatim(node) };
        // A statement takes the lines it needs; only what its author kept together stays on one.
        parts.push(Doc::group(self.node(expr)));
        match self.s.token(node, Semicolon) {
            Some(t) => parts.push(self.token(t)),
            None if !last && !self.ends_itself(expr) => parts.push(Doc::text(";")),
            None => {}
        }
        Doc::Concat(parts)
    }

    /// Whether a statement needs no `;`: it ends in a block, or in the braces of a macro call.
    fn ends_itself(&self, expr: NodeId) -> bool {
        match self.kind(expr) {
            IfExpr | MatchExpr | LoopExpr | WhileExpr | ForExpr | SelectExpr | ReceiveExpr => true,
            BlockExpr => !self.s.has(expr, AsyncKw),
            MacroCall => self.parse.tokens.kind(self.last_token(expr)) == RBrace,
            _ => false,
        }
    }

    fn let_statement(&mut self, node: NodeId) -> Doc {
        let mut parts = self.attributes(node);
        let elements: Vec<Element> = self.elements(node).into_iter().filter(|&e| !self.is_attr(e)).collect();
        let mut older = !elements.iter().any(|&e| self.is_token(e, LetKw));
        let mut after_equals = false;
        let mut ended = false;
        for (i, &element) in elements.iter().enumerate() {
            if std::mem::take(&mut older) {
                parts.push(Doc::text("let "));
            }
            if self.is_token(element, Semicolon) {
                ended = true;
                parts.push(self.element(element));
                continue;
            }
            if std::mem::take(&mut after_equals)
                && let Element::Node(value) = element
            {
                parts.push(self.value(value));
                continue;
            }
            if i > 0 && !self.is_token(element, Colon) {
                parts.push(Doc::text(" "));
            }
            after_equals = self.is_token(element, Equals);
            parts.push(self.element(element));
        }
        if !ended {
            parts.push(Doc::text(";"));
        }
        Doc::group(Doc::Concat(parts))
    }

    /// The value behind `=` or `=>`, on the same line if it can begin there.
    pub(super) fn value(&mut self, value: NodeId) -> Doc {
        let doc = self.node(value);
        if self.begins_here(value) {
            return Doc::Concat(vec![Doc::text(" "), doc]);
        }
        Doc::group(Doc::indent(Doc::Concat(vec![Doc::Line, Doc::group(doc)])))
    }

    /// Whether an expression that takes several lines may begin on the line at hand.
    fn begins_here(&self, node: NodeId) -> bool {
        match self.kind(node) {
            BinaryExpr | PathExpr | FieldExpr | RangeExpr | CastExpr | Literal | SendExpr => false,
            RefExpr | PrefixExpr | TryExpr | AwaitExpr => {
                self.s.children(node).next().is_some_and(|n| self.begins_here(n))
            }
            _ => true,
        }
    }

    // Operators.

    /// The operator tokens of a node without blanks between them.
    fn operator(&mut self, node: NodeId) -> Doc {
        let tokens: Vec<u32> = self.s.own_tokens(node).collect();
        tokens.into_iter().map(|t| self.token(t)).collect()
    }

    fn operator_text(&self, node: NodeId) -> String {
        self.s.own_tokens(node).map(|t| self.parse.tokens.text(t)).collect()
    }

    /// Operands of one level of precedence stand below each other when they do not fit.
    fn binary(&mut self, node: NodeId) -> Doc {
        let level = level_of(&self.operator_text(node));
        let mut spine = vec![node];
        let mut at = node;
        while let Some(left) = self.s.children(at).next() {
            if self.kind(left) != BinaryExpr || level_of(&self.operator_text(left)) != level {
                break;
            }
            spine.push(left);
            at = left;
        }
        let first = match self.s.children(at).next() {
            Some(first) => self.node(first),
            None => Doc::Nil,
        };
        let mut rest = Vec::new();
        for n in spine.into_iter().rev() {
            rest.push(Doc::Line);
            rest.push(self.operator(n));
            rest.push(Doc::text(" "));
            if let Some(right) = self.s.children(n).nth(1) {
                rest.push(self.node(right));
            }
        }
        Doc::group(Doc::Concat(vec![first, Doc::indent(Doc::Concat(rest))]))
    }

    fn assignment(&mut self, node: NodeId) -> Doc {
        let children: Vec<NodeId> = self.s.children(node).collect();
        let [left, right] = children[..] else { return self.verbatim(node) };
        let left = self.node(left);
        let operator = self.operator(node);
        let value = self.value(right);
        Doc::group(Doc::Concat(vec![left, Doc::text(" "), operator, value]))
    }

    /// `a..b`; the older `...` becomes `..=`.
    fn range(&mut self, node: NodeId) -> Doc {
        let mut parts = Vec::new();
        for element in self.elements(node) {
            parts.push(match element {
                Element::Token(t) if self.parse.tokens.kind(t) == Ellipsis => self.token_as(t, "..="),
                other => self.element(other),
            });
        }
        Doc::Concat(parts)
    }

    // Calls.

    /// Calls, methods, fields, indices and `?` behind one base. Several methods stand below each other when they do not
    /// fit on one line, the last one's arguments aside.
    fn chain(&mut self, node: NodeId) -> Doc {
        let mut links = Vec::new();
        let mut at = node;
        while matches!(self.kind(at), CallExpr | MethodCall | FieldExpr | IndexExpr | TryExpr | AwaitExpr) {
            links.push(at);
            match self.s.children(at).next() {
                Some(base) => at = base,
                None => return self.verbatim(node),
            }
        }
        links.reverse();
        let base = self.node(at);
        let methods = links.iter().filter(|&&l| self.kind(l) == MethodCall).count();
        let docs: Vec<(bool, Doc)> = links.iter().map(|&l| (self.starts_with_dot(l), self.link(l))).collect();
        let flat: Doc = std::iter::once(base.clone()).chain(docs.iter().map(|(_, d)| d.clone())).collect();
        if methods < 2 {
            return flat;
        }
        let last_method = links.iter().rposition(|&l| self.kind(l) == MethodCall).unwrap_or(0);
        let early_break = base.forces_break() || docs[..last_method].iter().any(|(_, d)| d.forces_break());
        let mut below = Vec::new();
        for (dot, doc) in docs {
            if dot {
                below.push(Doc::HardLine);
            }
            below.push(doc);
        }
        let broken = Doc::Concat(vec![base, Doc::indent(Doc::Concat(below))]);
        if early_break {
            return broken;
        }
        if flat.forces_break() {
            return Doc::either(flat, broken);
        }
        Doc::either(Doc::group(flat), broken)
    }

    fn starts_with_dot(&self, link: NodeId) -> bool {
        matches!(self.kind(link), MethodCall | FieldExpr | AwaitExpr)
    }

    /// One link without its base.
    fn link(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        if self.kind(node) == IndexExpr {
            let inner: Doc = elements[1..].iter().map(|&e| self.element(e)).collect();
            return inner;
        }
        elements[1..].iter().map(|&e| self.element(e)).collect()
    }

    /// A path and a list in the same node: `Some(a, b)` as a pattern.
    fn tail_list(&mut self, node: NodeId, style: ListStyle) -> Doc {
        let elements = self.elements(node);
        let Some((&head, rest)) = elements.split_first() else { return self.verbatim(node) };
        let head = self.element(head);
        let list = self.list_of(node, rest, style);
        Doc::Concat(vec![head, list])
    }

    fn struct_like(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let Some((&head, rest)) = elements.split_first() else { return self.verbatim(node) };
        let head = self.element(head);
        let list = self.list_of(node, rest, BRACES);
        Doc::Concat(vec![head, Doc::text(" "), list])
    }

    fn macro_call(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let braces = elements.last().is_some_and(|e| match e {
            Element::Node(n) => self.parse.tokens.kind(self.first_token(*n)) == LBrace,
            Element::Token(_) => false,
        });
        self.inline(node, |f, _, b| braces && matches!(b, Element::Node(n) if f.kind(n) == TokenTree))
    }

    /// The arguments of a macro: laid out like those of a call if they are expressions, else as they are written. The
    /// last comma stays or is missing as its author had it, because a rule may ask for that.
    fn token_tree(&mut self, node: NodeId) -> Doc {
        let text = self.s.text(node);
        let open = self.parse.tokens.kind(self.first_token(node));
        let commented = self.s.tokens.kinds()[self.first_token(node) as usize..self.last_token(node) as usize]
            .iter()
            .any(|k| k.is_comment());
        if open == LBrace || commented || self.macro_depth > 16 {
            return self.verbatim(node);
        }
        let lexed = lexer::lex_piece(FileId(0), 0, text, SyntaxContext::ROOT);
        let parse = parse_tokens(lexed.tokens, Entry::Expr);
        let Some(root) = parse.tree.children(parse.root()).next() else { return self.verbatim(node) };
        let kind = parse.tree.kind(root);
        if !parse.diagnostics.is_empty() || !matches!(kind, ParenExpr | TupleExpr | ArrayExpr | RepeatExpr) {
            return self.verbatim(node);
        }
        let bare = vec![(parse.tree.node(root).first_token, parse.tree.node(root).end_token - 1)];
        let options = self.options;
        let macro_depth = self.macro_depth + 1;
        let mut inner =
            Formatter { s: parse.syntax(), parse: &parse, options, bare, macro_depth, doubtful: self.doubtful };
        let style = ListStyle { exact: true, ..HUGGING };
        let list = if kind == RepeatExpr { inner.node(root) } else { inner.list(root, style) };
        Doc::Concat(vec![list, self.after(self.last_token(node))])
    }

    // Control flow.

    fn if_expr(&mut self, node: NodeId) -> Doc {
        let mut parts = Vec::new();
        self.if_parts(node, &mut parts);
        Doc::group(Doc::Concat(parts))
    }

    /// The branches of an `if` are one group: all on one line or none.
    fn if_parts(&mut self, node: NodeId, parts: &mut Vec<Doc>) {
        for (i, element) in self.elements(node).into_iter().enumerate() {
            if i > 0 {
                parts.push(Doc::text(" "));
            }
            match element {
                Element::Node(n) if self.kind(n) == IfExpr => self.if_parts(n, parts),
                Element::Node(n) if self.kind(n) == Block => parts.push(self.block(n)),
                Element::Node(n) if self.kind(n) == BlockExpr => {
                    let block = self.s.children(n).next();
                    parts.push(block.map_or(Doc::Nil, |b| self.block(b)));
                }
                other => parts.push(self.element(other)),
            }
        }
    }

    fn match_like(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        let brace = elements.iter().position(|&e| self.is_token(e, LBrace));
        let (Some(brace), Some(&Element::Token(close))) = (brace, elements.last()) else {
            // `receive(p) { .. }`
            return self
                .inline(node, |f, a, b| !(f.is_token(b, LParen) || f.is_token(a, LParen) || f.is_token(b, RParen)));
        };
        let mut parts = Vec::new();
        for &element in &elements[..brace] {
            parts.push(self.element(element));
            parts.push(Doc::text(" "));
        }
        let Element::Token(open) = elements[brace] else { return self.verbatim(node) };
        parts.push(self.arms(open, &elements[brace + 1..elements.len() - 1], close));
        Doc::Concat(parts)
    }

    /// Arms on lines of their own, a comma behind those that do not end in a block.
    pub(super) fn arms(&mut self, open: u32, inner: &[Element], close: u32) -> Doc {
        let comments = self.has_closing_comments(close);
        if inner.is_empty() && !comments {
            return Doc::Concat(vec![self.token(open), self.token(close)]);
        }
        let mut body = Vec::new();
        for (i, &element) in inner.iter().enumerate() {
            let Element::Node(arm) = element else { continue };
            let comma = inner.get(i + 1).filter(|&&e| self.is_token(e, Comma));
            body.push(Doc::HardLine);
            if i > 0 && self.blank_line_before(self.first_token(arm)) {
                body.push(Doc::HardLine);
            }
            body.push(self.node(arm));
            let block = self.s.children(arm).last().is_some_and(|b| self.ends_in_block(b));
            if !block {
                body.push(Doc::text(","));
            }
            if let Some(&Element::Token(t)) = comma {
                body.push(self.comments_before(t));
                body.push(self.comments_after(t));
            }
        }
        if comments {
            body.push(if inner.is_empty() { Doc::HardLine } else { Doc::Nil });
            body.push(self.closing_comments(close, !inner.is_empty()));
        }
        Doc::Concat(vec![self.token(open), Doc::indent(Doc::Concat(body)), Doc::HardLine, self.closer(close)])
    }

    fn ends_in_block(&self, node: NodeId) -> bool {
        // `async { .. }` is an operand like any other.
        if self.kind(node) == BlockExpr && self.parse.tokens.kind(self.first_token(node)) == AsyncKw {
            return false;
        }
        matches!(
            self.kind(node),
            BlockExpr | IfExpr | MatchExpr | LoopExpr | WhileExpr | ForExpr | SelectExpr | ReceiveExpr
        )
    }

    fn arm(&mut self, node: NodeId) -> Doc {
        let mut parts = self.attributes(node);
        let elements: Vec<Element> = self.elements(node).into_iter().filter(|&e| !self.is_attr(e)).collect();
        for (i, &element) in elements.iter().enumerate() {
            if i > 0
                && self.is_token(elements[i - 1], FatArrow)
                && let Element::Node(body) = element
            {
                parts.push(self.value(body));
                continue;
            }
            if i > 0 {
                parts.push(Doc::text(" "));
            }
            parts.push(self.element(element));
        }
        Doc::Concat(parts)
    }

    /// Keywords, heads and blocks with blanks between them; no blank before `(` and behind a label.
    fn words(&mut self, node: NodeId) -> Doc {
        let doc = self.inline(node, |f, _, b| {
            let list = matches!(b, Element::Node(n) if f.kind(n) == SpawnOptions);
            !list && !f.is_token(b, Colon)
        });
        Doc::group(doc)
    }

    /// `|a, b| body`; the older `fn(a) -> body` is rewritten.
    fn closure(&mut self, node: NodeId) -> Doc {
        let elements = self.elements(node);
        // Default values stand in the older form only.
        let defaults = self.s.children(node).any(|list| {
            self.kind(list) == ParamList
                && self.s.children(list).any(|p| self.s.elements(p).any(|e| self.is_token(e, Equals)))
        });
        let with_fn = elements.iter().any(|&e| self.is_token(e, FnKw));
        let older = with_fn && !defaults;
        let mut parts = Vec::new();
        for (i, &element) in elements.iter().enumerate() {
            let joined = with_fn && i == 1;
            if older && (self.is_token(element, FnKw) || self.is_token(element, Arrow)) {
                continue;
            }
            if i > 0 && !parts.is_empty() && !joined {
                parts.push(Doc::text(" "));
            }
            match element {
                Element::Node(n) if self.kind(n) == ParamList => parts.push(self.closure_params(n, older)),
                other => parts.push(self.element(other)),
            }
        }
        Doc::group(Doc::Concat(parts))
    }

    fn closure_params(&mut self, node: NodeId, older: bool) -> Doc {
        let mut parts = Vec::new();
        for element in self.elements(node) {
            let parenthesis = self.is_token(element, LParen) || self.is_token(element, RParen);
            match element {
                Element::Token(t) if older && parenthesis => parts.push(self.token_as(t, "|")),
                Element::Token(t) if self.parse.tokens.kind(t) == Comma => {
                    parts.push(self.token(t));
                    parts.push(Doc::text(" "));
                }
                other => parts.push(self.element(other)),
            }
        }
        Doc::Concat(parts)
    }
}

/// Operators that may share lines: those of one precedence.
fn level_of(operator: &str) -> u8 {
    match operator {
        "||" => 1,
        "&&" => 2,
        "|" => 4,
        "^" => 5,
        "&" => 6,
        "<<" | ">>" => 7,
        "+" | "-" => 8,
        "*" | "/" | "%" => 9,
        _ => 3,
    }
}

/// Kinds that [`Formatter::item`] lays out.
pub(super) const ITEMS: &[SyntaxKind] = &[
    FnItem,
    StructItem,
    EnumItem,
    TraitItem,
    ImplItem,
    ActorItem,
    ModItem,
    UseItem,
    ExternBlock,
    ConstItem,
    StaticItem,
    TypeAlias,
    MacroDef,
    Variant,
    Field,
    TupleField,
    Param,
    ReceiveMember,
    Generics,
    ParamList,
    TypeArgs,
    WhereClause,
    FieldList,
    TupleFieldList,
    VariantList,
    MemberList,
    ItemList,
    EmptyStmt,
];
