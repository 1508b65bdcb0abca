//! Macro calls in expressions, and the macros of the language itself.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::Lower;
use super::format::print_kind;
use crate::hir::expand::{Expansion, copy_tokens, inside, push_copies};
use crate::hir::front::{At, SourceId};
use crate::hir::{
    Arm, BinaryOp, Block, Expr, ExprId, FormatKind, GenericArgs, IntKind, Lit, LocalId, Mutability, NumKind, Pat,
    PatId, PathRes, Stmt, UnaryOp,
};
use crate::syntax::{
    self, Entry, NodeId, Origin, Syntax, SyntaxContext, SyntaxKind, Tokens, TokensBuilder, literal, parse_tokens,
};

impl Lower<'_> {
    /// A macro call where a value is expected.
    pub(super) fn macro_expr(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let at = At { source: self.source, node };
        match self.front.expand_call(at, self.module, &self.macros, Entry::Expr) {
            Expansion::Source(source) => self.lower_source(source, span),
            Expansion::Builtin(name) => self.builtin(s, node, name, span),
            Expansion::Failed => self.error(span),
            Expansion::Unknown => {
                self.front.report_unknown_macro(at);
                self.error(span)
            }
        }
    }

    /// Lowers what a macro made: one expression, or statements that are a block.
    pub(super) fn lower_source(&mut self, source: SourceId, span: Span) -> ExprId {
        let parse = self.front.parse(source);
        let s = parse.syntax();
        let nodes: Vec<NodeId> = s.children(parse.root()).filter(|&n| s.kind(n) != SyntaxKind::EmptyStmt).collect();
        let outer = std::mem::replace(&mut self.source, source);
        self.front.expansion_depth += 1;
        let value = match nodes[..] {
            [] => {
                let block = Block::default();
                self.alloc(Expr::Block(block), span)
            }
            [only] if s.kind(only) == SyntaxKind::ExprStmt => match s.children(only).last() {
                Some(expr) => self.expr(s, expr),
                None => self.error(span),
            },
            [only] if !is_statement(s.kind(only)) => self.expr(s, only),
            _ => self.macro_statements(s, &nodes, span),
        };
        self.front.expansion_depth -= 1;
        self.source = outer;
        value
    }

    // Arguments.

    /// The arguments of a call as expressions of a source of their own, read between `open` and its partner.
    fn arguments(&mut self, s: Syntax<'_>, node: NodeId, open: SyntaxKind) -> Option<(SourceId, Vec<NodeId>, NodeId)> {
        let tree = s.child(node, SyntaxKind::TokenTree)?;
        let list = inside(s, tree);
        let place = |t: u32| s.tokens.origin(t);
        let n = s.tree.node(tree);
        let (first, last) = (place(n.first_token), place(n.end_token.saturating_sub(1).max(n.first_token)));
        let (open_text, close, close_text) = match open {
            SyntaxKind::LBracket => ("[", SyntaxKind::RBracket, "]"),
            _ => ("(", SyntaxKind::RParen, ")"),
        };
        let mut builder = TokensBuilder::with_capacity(2 * list.len() + 3);
        builder.push(open, open_text, first);
        push_copies(&mut builder, s.tokens, &list);
        builder.push(close, close_text, last);
        self.parse_arguments(builder.finish(last))
    }

    fn parse_arguments(&mut self, tokens: Tokens) -> Option<(SourceId, Vec<NodeId>, NodeId)> {
        let parse = parse_tokens(tokens, Entry::Expr);
        let faulty = parse.diagnostics.iter().any(Diagnostic::is_error);
        self.front.diagnostics.extend(parse.diagnostics.iter().cloned());
        if faulty {
            return None;
        }
        let root = parse.tree.children(parse.root()).next()?;
        let nodes: Vec<NodeId> = parse.tree.children(root).collect();
        Some((self.front.add_source(parse), nodes, root))
    }

    /// Runs `lower` inside the source of a call's arguments.
    fn in_source<T>(&mut self, source: SourceId, lower: impl FnOnce(&mut Self, Syntax<'_>) -> T) -> T {
        let parse = self.front.parse(source);
        let outer = std::mem::replace(&mut self.source, source);
        let out = lower(self, parse.syntax());
        self.source = outer;
        out
    }

    fn misused(&mut self, span: Span, message: &str) -> ExprId {
        self.report(&grok::NO_RULE_MATCHES, span, message);
        self.error(span)
    }

    // The macros.

    fn builtin(&mut self, s: Syntax<'_>, node: NodeId, name: &str, span: Span) -> ExprId {
        match name {
            "matches" => return self.matches(s, node, span),
            "cfg" => return self.cfg(s, node, span),
            "stringify" => {
                let text = self.stringified(s, node);
                return self.text(&text, span);
            }
            "vec" | "set" => return self.collection(s, node, name, span),
            "map" => return self.map(s, node, span),
            "thread_local" | "lazy_static" => return self.misused(span, "this macro declares items"),
            _ => {}
        }
        let Some((source, nodes, _)) = self.arguments(s, node, SyntaxKind::LParen) else { return self.error(span) };
        self.in_source(source, |this, inner| this.builtin_call(inner, &nodes, name, span))
    }

    /// Macros that take expressions.
    fn builtin_call(&mut self, s: Syntax<'_>, nodes: &[NodeId], name: &str, span: Span) -> ExprId {
        if let Some(kind) = print_kind(name) {
            return self.format_call(s, nodes, kind, "", span);
        }
        match name {
            "format" if nodes.is_empty() => self.misused(span, "`format!` needs a format string"),
            "format" => self.format_call(s, nodes, FormatKind::String, "", span),
            "write" | "writeln" => self.write(s, nodes, name == "writeln", span),
            "panic" if nodes.is_empty() => self.format_text(FormatKind::Panic, "explicit panic", span),
            "panic" => self.format_call(s, nodes, FormatKind::Panic, "", span),
            "unreachable" => {
                self.format_call(s, nodes, FormatKind::Panic, "internal error: entered unreachable code", span)
            }
            "todo" => self.format_call(s, nodes, FormatKind::Panic, "not yet implemented", span),
            "unimplemented" => self.format_call(s, nodes, FormatKind::Panic, "not implemented", span),
            "assert" | "debug_assert" => {
                let check = self.assert(s, nodes, span);
                self.debug_only(check, name, span)
            }
            "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => {
                let check = self.assert_compare(s, nodes, name.ends_with("eq"), span);
                self.debug_only(check, name, span)
            }
            "dbg" => self.dbg(s, nodes, span),
            _ => self.constant_macro(s, nodes, name, span),
        }
    }

    fn constant_macro(&mut self, s: Syntax<'_>, nodes: &[NodeId], name: &str, span: Span) -> ExprId {
        let file = self.front.hir.files.file(span.file);
        let (line, column) = file.lines().line_col(span.start);
        match name {
            "line" => self.number(line.into(), span),
            "column" => {
                let start = (span.start - column) as usize;
                let points = file.text.get(start..span.start as usize).map_or(0, |t| t.chars().count());
                self.number(points as u128 + 1, span)
            }
            "file" => {
                let name = file.name.clone();
                self.text(&name, span)
            }
            "module_path" => {
                let path = self.front.module_path(self.module);
                self.text(&path, span)
            }
            _ => self.text_macro(s, nodes, name, span),
        }
    }

    /// Macros of constant strings.
    fn text_macro(&mut self, s: Syntax<'_>, nodes: &[NodeId], name: &str, span: Span) -> ExprId {
        let mut texts = Vec::new();
        for &n in nodes {
            match self.constant_text(s, n) {
                Some(text) => texts.push(text),
                None => {
                    let message = format!("`{name}!` takes literals");
                    return self.misused(s.span(n), &message);
                }
            }
        }
        match (name, &texts[..]) {
            ("concat", texts) => self.text(&texts.concat(), span),
            ("compile_error", [message]) => self.misused(span, message),
            ("env", [name] | [name, _]) => {
                let value = self.front.options.env.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                match (value, texts.get(1)) {
                    (Some(value), _) => self.text(&value, span),
                    (None, Some(message)) => self.misused(span, &message.clone()),
                    (None, None) => {
                        let message = format!("the environment variable `{name}` is not set");
                        self.misused(span, &message)
                    }
                }
            }
            ("include_str" | "include_bytes", [path]) => self.include(name, path, span),
            _ => {
                let message = format!("`{name}!` takes another number of arguments");
                self.misused(span, &message)
            }
        }
    }

    fn include(&mut self, name: &str, path: &str, span: Span) -> ExprId {
        let file = self.front.hir.files.file(span.file).name.clone();
        let path = match file.rfind('/') {
            Some(n) if !path.starts_with('/') => format!("{}/{path}", &file[..n]),
            _ => path.to_owned(),
        };
        let Some(text) = self.front.loader.read(&path) else {
            let message = format!("cannot read `{path}`");
            return self.misused(span, &message);
        };
        if name == "include_str" {
            return self.text(&text, span);
        }
        let bytes = self.latin(text.as_bytes());
        self.alloc(Expr::Lit(Lit::Bytes(bytes)), span)
    }

    /// The text of a literal, or of a macro that makes one; `None` for other expressions.
    pub(super) fn constant_text(&mut self, s: Syntax<'_>, node: NodeId) -> Option<String> {
        match s.kind(node) {
            SyntaxKind::ParenExpr => {
                let inner = s.children(node).next()?;
                self.constant_text(s, inner)
            }
            SyntaxKind::Literal => {
                let token = s.own_tokens(node).next()?;
                let text = s.tokens.text(token);
                Some(match s.tokens.kind(token) {
                    kind @ (SyntaxKind::Str | SyntaxKind::RawStr) => literal::string(kind, text),
                    SyntaxKind::Char => literal::character(text).to_string(),
                    SyntaxKind::Int => literal::integer(text).ok()?.0.to_string(),
                    SyntaxKind::Float => literal::float(text).ok()?.0.double.to_string(),
                    SyntaxKind::TrueKw | SyntaxKind::FalseKw => text.to_owned(),
                    _ => return None,
                })
            }
            SyntaxKind::MacroCall => {
                let at = At { source: self.source, node };
                let found = self.front.expand_call(at, self.module, &self.macros, Entry::Expr);
                let Expansion::Builtin("concat" | "stringify" | "file" | "line" | "module_path" | "env") = found else {
                    return None;
                };
                let value = self.expr(s, node);
                match self.body.exprs[value] {
                    Expr::Lit(Lit::Str(text)) => Some(self.front.hir.names.text(text).to_owned()),
                    Expr::Lit(Lit::Int(n, _)) => Some(n.unsigned().to_string()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn text(&mut self, text: &str, span: Span) -> ExprId {
        let text = self.front.intern(text);
        self.alloc(Expr::Lit(Lit::Str(text)), span)
    }

    fn number(&mut self, value: u128, span: Span) -> ExprId {
        self.alloc(Expr::Lit(Lit::Int(value.into(), Some(NumKind::Int(IntKind::U32)))), span)
    }

    /// The tokens of a call as text, one space where white space stood.
    fn stringified(&mut self, s: Syntax<'_>, node: NodeId) -> String {
        let Some(tree) = s.child(node, SyntaxKind::TokenTree) else { return String::new() };
        source_text(s.tokens, &inside(s, tree))
    }

    fn cfg(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let Some(tree) = s.child(node, SyntaxKind::TokenTree) else { return self.error(span) };
        let origin = s.tokens.origin(s.tree.node(tree).first_token);
        let tokens = copy_tokens(s.tokens, &inside(s, tree), origin);
        let parse = parse_tokens(tokens, Entry::Meta);
        self.front.diagnostics.extend(parse.diagnostics.iter().cloned());
        let inner = parse.syntax();
        let Some(meta) = inner.child(parse.root(), SyntaxKind::Meta) else { return self.error(span) };
        let arg = self.front.meta(inner, meta);
        let on = self.front.cfg(&arg, self.module);
        self.alloc(Expr::Lit(Lit::Bool(on)), span)
    }

    /// `matches!(value, pattern if guard)`
    fn matches(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let Some(tree) = s.child(node, SyntaxKind::TokenTree) else { return self.error(span) };
        let origin = s.tokens.origin(s.tree.node(tree).first_token);
        let tokens = copy_tokens(s.tokens, &inside(s, tree), origin);
        let first = (0..tokens.len() as u32).find(|&t| !tokens.kind(t).is_trivia()).unwrap_or(0);
        let comma = syntax::fragment_end(&tokens, first, Entry::Expr).filter(|&t| tokens.kind(t) == SyntaxKind::Comma);
        let Some(comma) = comma else { return self.misused(span, "`matches!` takes a value, `,` and a pattern") };
        let mut builder = TokensBuilder::default();
        let mut word = |kind: SyntaxKind, text: &str| builder.push(kind, text, origin);
        word(SyntaxKind::MatchKw, "match");
        word(SyntaxKind::LParen, "(");
        let copy = |builder: &mut TokensBuilder, from: u32, to: u32| {
            for t in from..to {
                builder.push(tokens.kind(t), tokens.text(t), tokens.origin(t));
            }
        };
        copy(&mut builder, first, comma);
        builder.push(SyntaxKind::RParen, ")", origin);
        builder.push(SyntaxKind::LBrace, "{", origin);
        let mut end = tokens.len() as u32 - 1;
        while end > comma + 1 && (tokens.kind(end - 1).is_trivia() || tokens.kind(end - 1) == SyntaxKind::Comma) {
            end -= 1;
        }
        copy(&mut builder, comma + 1, end);
        for (kind, text) in [
            (SyntaxKind::FatArrow, "=>"),
            (SyntaxKind::TrueKw, "true"),
            (SyntaxKind::Comma, ","),
            (SyntaxKind::Underscore, "_"),
            (SyntaxKind::FatArrow, "=>"),
            (SyntaxKind::FalseKw, "false"),
            (SyntaxKind::RBrace, "}"),
        ] {
            builder.push(kind, text, origin);
        }
        let parse = parse_tokens(builder.finish(origin), Entry::Expr);
        self.front.diagnostics.extend(parse.diagnostics.iter().cloned());
        let source = self.front.add_source(parse);
        self.lower_source(source, span)
    }

    // Collections.

    /// A call of a library function that the compiler knows by its `#[lang]` name.
    fn library_call(&mut self, name: &str, args: Vec<ExprId>, span: Span) -> ExprId {
        let Some(f) = self.front.hir.lang_fn(name) else {
            let message = format!("the library has no `#[lang = \"{name}\"]`");
            self.report(&grok::UNKNOWN_MACRO, span, message);
            return self.error(span);
        };
        let callee = self.alloc(Expr::Path(PathRes::Fn(f, GenericArgs::default())), span);
        self.alloc(Expr::Call { callee, args }, span)
    }

    /// `vec![a, b]`, `vec![value; count]`, `set![a, b]`
    fn collection(&mut self, s: Syntax<'_>, node: NodeId, name: &str, span: Span) -> ExprId {
        let Some((source, nodes, root)) = self.arguments(s, node, SyntaxKind::LBracket) else {
            return self.error(span);
        };
        self.in_source(source, |this, inner| {
            let values: Vec<ExprId> = nodes.iter().map(|&n| this.expr(inner, n)).collect();
            if inner.kind(root) == SyntaxKind::RepeatExpr {
                if name != "vec" {
                    return this.misused(span, "only `vec!` repeats a value");
                }
                return this.library_call("vec_from_elem", values, span);
            }
            let array = this.alloc(Expr::Array(values), span);
            this.library_call(if name == "vec" { "vec_from_array" } else { "set_from_array" }, vec![array], span)
        })
    }

    /// `map!{key => value}`: an array of pairs.
    fn map(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let Some(tree) = s.child(node, SyntaxKind::TokenTree) else { return self.error(span) };
        let list = inside(s, tree);
        let origin = s.tokens.origin(s.tree.node(tree).first_token);
        let inner = copy_tokens(s.tokens, &list, origin);
        let mut builder = TokensBuilder::default();
        builder.push(SyntaxKind::LBracket, "[", origin);
        let mut depth = 0usize;
        let mut arrows = 0;
        for t in 0..inner.len() as u32 - 1 {
            let kind = inner.kind(t);
            depth = if kind.closer().is_some() { depth + 1 } else { depth.saturating_sub(kind.is_closer() as usize) };
            if kind == SyntaxKind::FatArrow && depth == 0 {
                arrows += 1;
                builder.push(SyntaxKind::Comma, ",", inner.origin(t));
            } else {
                builder.push(kind, inner.text(t), inner.origin(t));
            }
        }
        builder.push(SyntaxKind::RBracket, "]", origin);
        let Some((source, nodes, _)) = self.parse_arguments(builder.finish(origin)) else { return self.error(span) };
        if nodes.len() != arrows * 2 {
            return self.misused(span, "`map!` takes pairs: `map!{key => value}`");
        }
        self.in_source(source, |this, inner| {
            let mut pairs = Vec::new();
            for pair in nodes.chunks(2) {
                let values = pair.iter().map(|&n| this.expr(inner, n)).collect();
                let place = inner.span(pair[0]);
                pairs.push(this.alloc(Expr::Tuple(values), place));
            }
            let array = this.alloc(Expr::Array(pairs), span);
            this.library_call("map_from_array", vec![array], span)
        })
    }

    // Checks.

    fn write(&mut self, s: Syntax<'_>, nodes: &[NodeId], newline: bool, span: Span) -> ExprId {
        let Some((&target, rest)) = nodes.split_first() else {
            return self.misused(span, "`write!` needs a target and a format string");
        };
        let target = self.expr(s, target);
        let kind = FormatKind::Write { target };
        let id = self.format_call(s, rest, kind, "", span);
        if newline {
            let end = self.front.intern("\n");
            if let Expr::Format(format) = &mut self.body.exprs[id] {
                format.pieces.push(crate::hir::FormatPiece::Text(end));
            }
        }
        id
    }

    fn assert(&mut self, s: Syntax<'_>, nodes: &[NodeId], span: Span) -> ExprId {
        let Some((&cond, rest)) = nodes.split_first() else { return self.misused(span, "`assert!` needs a condition") };
        let n = s.tree.node(cond);
        let list: Vec<u32> = (n.first_token..n.end_token).filter(|&t| !s.tokens.kind(t).is_trivia()).collect();
        let text = source_text(s.tokens, &list);
        let value = self.expr(s, cond);
        let panic = if rest.is_empty() {
            self.format_text(FormatKind::Panic, &format!("assertion failed: {text}"), span)
        } else {
            self.format_call(s, rest, FormatKind::Panic, "", span)
        };
        self.unless(value, panic, span)
    }

    /// `if !cond { panic }`
    fn unless(&mut self, cond: ExprId, panic: ExprId, span: Span) -> ExprId {
        let at = self.body.expr_span(cond);
        let cond = self.alloc(Expr::Unary { op: UnaryOp::Not, value: cond }, at);
        let then = self.alloc(Expr::Block(Block { stmts: vec![Stmt::Expr(panic)], ..Block::default() }), span);
        self.alloc(Expr::If { cond, then, otherwise: None }, span)
    }

    /// A check that vanishes without `debug_assertions` is still looked at by the checkers.
    fn debug_only(&mut self, check: ExprId, name: &str, span: Span) -> ExprId {
        if !name.starts_with("debug") || self.front.options.debug_assertions {
            return check;
        }
        let cond = self.alloc(Expr::Lit(Lit::Bool(false)), span);
        let then = self.alloc(Expr::Block(Block { stmts: vec![Stmt::Expr(check)], ..Block::default() }), span);
        self.alloc(Expr::If { cond, then, otherwise: None }, span)
    }

    /// A local of the compiler with a pattern that binds it.
    fn fresh(&mut self, name: &str, span: Span) -> (LocalId, PatId) {
        let name = self.front.intern(name);
        let local = self.new_local(name, false, span, true);
        (local, self.alloc_pat(Pat::Bind { local, by_ref: None, sub: None }, span))
    }

    fn local(&mut self, local: LocalId, span: Span) -> ExprId {
        self.alloc(Expr::Path(PathRes::Local(local)), span)
    }

    /// `match (&a, &b) { (left, right) => if !(*left == *right) { panic } }`
    fn assert_compare(&mut self, s: Syntax<'_>, nodes: &[NodeId], equal: bool, span: Span) -> ExprId {
        let [a, b, rest @ ..] = nodes else { return self.misused(span, "two values to compare are missing") };
        let mut refs = Vec::new();
        for &n in [a, b] {
            let value = self.expr(s, n);
            refs.push(self.alloc(Expr::Ref { mutability: Mutability::Shared, value }, s.span(n)));
        }
        let value = self.alloc(Expr::Tuple(refs), span);
        let (left, left_pat) = self.fresh("left", span);
        let (right, right_pat) = self.fresh("right", span);
        let pat = self.alloc_pat(Pat::Tuple(vec![left_pat, right_pat]), span);
        let operands: Vec<ExprId> = [left, right]
            .map(|l| {
                let l = self.local(l, span);
                self.alloc(Expr::Deref(l), span)
            })
            .to_vec();
        let op = if equal { BinaryOp::Eq } else { BinaryOp::Ne };
        let cond = self.alloc(Expr::Binary { op, op_span: span, left: operands[0], right: operands[1] }, span);
        let mut values = vec![self.local(left, span), self.local(right, span)];
        let mut text = format!("assertion `left {} right` failed", op.text());
        if !rest.is_empty() {
            values.insert(0, self.format_call(s, rest, FormatKind::String, "", span));
            text.push_str(": {}");
        }
        text.push_str("\n  left: {:?}\n right: {:?}");
        let panic = self.format_values(FormatKind::Panic, &text, values, span);
        let body = self.unless(cond, panic, span);
        self.alloc(Expr::Match { value, arms: vec![Arm { pat, guard: None, body, span }] }, span)
    }

    /// `match value { tmp => { eprintln!(..); tmp } }`
    fn dbg(&mut self, s: Syntax<'_>, nodes: &[NodeId], span: Span) -> ExprId {
        let [node] = nodes else { return self.misused(span, "`dbg!` takes one value") };
        let file = self.front.hir.files.file(span.file);
        let line = file.lines().line_col(span.start).0;
        let place = format!("[{}:{line}] {} = ", file.name, s.text(*node)).replace('{', "{{").replace('}', "}}");
        let value = self.expr(s, *node);
        let (tmp, pat) = self.fresh("value", span);
        let shown = self.local(tmp, span);
        let kind = FormatKind::Print { newline: true, stderr: true };
        let print = self.format_values(kind, &format!("{place}{{:#?}}"), vec![shown], span);
        let tail = self.local(tmp, span);
        let block = Block { stmts: vec![Stmt::Expr(print)], tail: Some(tail), ..Block::default() };
        let body = self.alloc(Expr::Block(block), span);
        self.alloc(Expr::Match { value, arms: vec![Arm { pat, guard: None, body, span }] }, span)
    }
}

fn is_statement(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::LetStmt
            | SyntaxKind::FnItem
            | SyntaxKind::StructItem
            | SyntaxKind::EnumItem
            | SyntaxKind::TraitItem
            | SyntaxKind::ImplItem
            | SyntaxKind::ActorItem
            | SyntaxKind::ModItem
            | SyntaxKind::UseItem
            | SyntaxKind::ExternBlock
            | SyntaxKind::ConstItem
            | SyntaxKind::StaticItem
            | SyntaxKind::TypeAlias
            | SyntaxKind::MacroDef
            | SyntaxKind::ErrorNode
    )
}

/// Tokens as text, with one space where white space stood between them.
fn source_text(tokens: &Tokens, list: &[u32]) -> String {
    let origin = Origin { span: tokens.span(0), context: SyntaxContext::ROOT };
    copy_tokens(tokens, list, origin).source().replace('\n', " ")
}
