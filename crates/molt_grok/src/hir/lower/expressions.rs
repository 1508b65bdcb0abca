//! Expressions, apart from paths, macros and concurrency.

use std::borrow::Cow;

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;
use smallvec::SmallVec;

use super::{LocalName, Lower, ParamPatterns, Target};
use crate::hir::front::SelfType;
use crate::hir::types::mutability;
use crate::hir::{
    AdtKind, Arm, BinaryOp, ConstArg, Expr, ExprId, FieldInit, FieldPat, FloatKind, GenericArgs, IntKind, Lit, NumKind,
    Pat, PatId, PathRes, ScopeKind, UnaryOp,
};
use crate::syntax::literal::{self, Suffix};
use crate::syntax::{Element, NodeId, Syntax, SyntaxKind};

impl Lower<'_> {
    /// Lowers an expression.
    pub(super) fn expr(&mut self, s: Syntax<'_>, node: NodeId) -> ExprId {
        let span = s.span(node);
        match s.kind(node) {
            SyntaxKind::ParenExpr => match s.children(node).next() {
                Some(inner) => self.expr(s, inner),
                None => self.error(span),
            },
            SyntaxKind::Literal => self.literal_expr(s, node, span),
            SyntaxKind::PathExpr | SyntaxKind::PathType => self.path_expr(s, node, span),
            SyntaxKind::MacroCall => self.macro_expr(s, node, span),
            SyntaxKind::Block => self.block(s, node, None),
            SyntaxKind::BlockExpr => self.block_expr(s, node, span),
            SyntaxKind::CallExpr => self.call(s, node, span),
            SyntaxKind::MethodCall => self.method_call(s, node, span),
            SyntaxKind::IfExpr
            | SyntaxKind::MatchExpr
            | SyntaxKind::LoopExpr
            | SyntaxKind::WhileExpr
            | SyntaxKind::ForExpr
            | SyntaxKind::LetCond => self.control(s, node, span),
            SyntaxKind::BreakExpr | SyntaxKind::ContinueExpr | SyntaxKind::ReturnExpr => self.jump(s, node, span),
            SyntaxKind::ClosureExpr => self.closure(s, node, span),
            SyntaxKind::AssignExpr => self.assign(s, node, span),
            SyntaxKind::BinaryExpr => self.binary(s, node, span),
            SyntaxKind::StructLit => self.struct_literal(s, node, span),
            SyntaxKind::SpawnExpr
            | SyntaxKind::AskExpr
            | SyntaxKind::SendExpr
            | SyntaxKind::ReceiveExpr
            | SyntaxKind::SelectExpr => self.concurrency(s, node, span),
            _ => self.simple(s, node, span),
        }
    }

    /// The first child as an expression; an error if it is missing.
    fn first(&mut self, s: Syntax<'_>, node: NodeId) -> ExprId {
        self.nth(s, node, 0)
    }

    pub(super) fn nth(&mut self, s: Syntax<'_>, node: NodeId, n: usize) -> ExprId {
        match s.children(node).nth(n) {
            Some(child) => self.expr(s, child),
            None => self.error(s.span(node)),
        }
    }

    pub(super) fn list(&mut self, s: Syntax<'_>, node: NodeId) -> Vec<ExprId> {
        let nodes = s.children(node);
        let mut out = Vec::with_capacity(nodes.clone().count());
        out.extend(nodes.map(|n| self.expr(s, n)));
        out
    }

    /// Forms that only take their children along.
    fn simple(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let expr = match s.kind(node) {
            SyntaxKind::TupleExpr => Expr::Tuple(self.list(s, node)),
            SyntaxKind::ArrayExpr => Expr::Array(self.list(s, node)),
            SyntaxKind::RepeatExpr => self.repeat(s, node),
            SyntaxKind::FieldExpr => self.field(s, node),
            SyntaxKind::IndexExpr => {
                let base = self.first(s, node);
                Expr::Index { base, index: self.nth(s, node, 1) }
            }
            SyntaxKind::PrefixExpr => {
                let value = self.first(s, node);
                match s.own_tokens(node).next().map(|t| s.tokens.kind(t)) {
                    Some(SyntaxKind::Minus) => Expr::Unary { op: UnaryOp::Neg, value },
                    Some(SyntaxKind::Bang) => Expr::Unary { op: UnaryOp::Not, value },
                    Some(SyntaxKind::Tilde) => Expr::Unary { op: UnaryOp::BitNot, value },
                    _ => Expr::Deref(value),
                }
            }
            SyntaxKind::RefExpr => {
                let value = self.first(s, node);
                let inner = Expr::Ref { mutability: mutability(s, node), value };
                if s.has(node, SyntaxKind::AmpAmp) {
                    let value = self.alloc(inner, span);
                    Expr::Ref { mutability: crate::hir::Mutability::Shared, value }
                } else {
                    inner
                }
            }
            SyntaxKind::CastExpr => {
                let value = self.first(s, node);
                match s.children(node).nth(1) {
                    Some(ty) => Expr::Cast { value, ty: self.ty(s, ty) },
                    None => Expr::Error,
                }
            }
            SyntaxKind::RangeExpr => self.range(s, node),
            SyntaxKind::WildcardPat => {
                self.report(&grok::UNEXPECTED_TOKEN, span, "`_` is no value; it may stand left of `=`");
                Expr::Error
            }
            SyntaxKind::TryExpr => Expr::Try(self.first(s, node)),
            SyntaxKind::AwaitExpr => {
                let value = self.first(s, node);
                if !self.around.may_await {
                    let message = "`.await` outside of async code";
                    self.report(&grok::AWAIT_OUTSIDE_ASYNC, span, message);
                }
                Expr::Await(value)
            }
            _ => Expr::Error,
        };
        self.alloc(expr, span)
    }

    // Values.

    /// The value of a literal token; `None` if it is faulty, which has been reported.
    pub(super) fn literal(&mut self, s: Syntax<'_>, token: u32) -> Option<Lit> {
        let text = s.tokens.text(token);
        let kind = s.tokens.kind(token);
        Some(match kind {
            SyntaxKind::TrueKw => Lit::Bool(true),
            SyntaxKind::FalseKw => Lit::Bool(false),
            SyntaxKind::Int => {
                let (value, suffix) = literal::integer(text).ok()?;
                Lit::Int(value.into(), suffix.map(num_kind))
            }
            SyntaxKind::Float => {
                let (value, suffix) = literal::float(text).ok()?;
                let kind = |s| if s == Suffix::F32 { FloatKind::F32 } else { FloatKind::F64 };
                Lit::Float(value, suffix.map(kind))
            }
            SyntaxKind::Char => Lit::Char(literal::character(text)),
            SyntaxKind::Byte => Lit::Int(u128::from(literal::byte(text)).into(), Some(NumKind::Int(IntKind::U8))),
            SyntaxKind::Str | SyntaxKind::RawStr => Lit::Str(self.front.intern(&literal::string(kind, text))),
            SyntaxKind::ByteStr | SyntaxKind::RawByteStr => Lit::Bytes(self.latin(&literal::bytes(kind, text))),
            SyntaxKind::CStr => Lit::CStr(self.latin(&literal::bytes(kind, text))),
            _ => return None,
        })
    }

    /// Bytes as text in which each character is one byte.
    pub(super) fn latin(&mut self, bytes: &[u8]) -> molt_base::Symbol {
        let text: String = bytes.iter().map(|&b| b as char).collect();
        self.front.intern(&text)
    }

    fn literal_expr(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let Some(token) = s.own_tokens(node).next() else { return self.error(span) };
        if s.tokens.kind(token) == SyntaxKind::FStr {
            return self.interpolated(s, token, span);
        }
        match self.literal(s, token) {
            Some(lit) => self.alloc(Expr::Lit(lit), span),
            None => self.error(span),
        }
    }

    fn path_expr(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        if let Some(call) = self.actor_sender(s, node, span) {
            return call;
        }
        match self.value_path(s, node) {
            PathRes::Error => self.error(span),
            path => self.alloc(Expr::Path(path), span),
        }
    }

    fn repeat(&mut self, s: Syntax<'_>, node: NodeId) -> Expr {
        let value = self.first(s, node);
        let len = match s.children(node).nth(1) {
            Some(len) => self.with_types(|front, cx| front.const_expr(s, len, cx)),
            None => ConstArg::Error,
        };
        Expr::Repeat { value, len }
    }

    fn field(&mut self, s: Syntax<'_>, node: NodeId) -> Expr {
        let base = self.first(s, node);
        let named = |k: SyntaxKind| matches!(k, SyntaxKind::Ident | SyntaxKind::RawIdent | SyntaxKind::Int);
        match s.own_tokens(node).find(|&t| named(s.tokens.kind(t))) {
            Some(t) => Expr::Field { base, name: self.front.name_of(s.tokens, t), name_span: s.tokens.span(t) },
            None => Expr::Error,
        }
    }

    fn range(&mut self, s: Syntax<'_>, node: NodeId) -> Expr {
        let operator = |k: SyntaxKind| matches!(k, SyntaxKind::DotDot | SyntaxKind::DotDotEq | SyntaxKind::Ellipsis);
        let Some(op) = s.own_tokens(node).find(|&t| operator(s.tokens.kind(t))) else { return Expr::Error };
        let mut start = None;
        let mut end = None;
        for child in s.children(node) {
            let value = self.expr(s, child);
            if s.tree.node(child).first_token < op {
                start = Some(value);
            } else {
                end = Some(value);
            }
        }
        let inclusive = s.tokens.kind(op) != SyntaxKind::DotDot;
        if inclusive && end.is_none() {
            self.report(&grok::UNEXPECTED_TOKEN, s.span(node), "an inclusive range needs an end");
            return Expr::Error;
        }
        Expr::Range { start, end, inclusive }
    }

    /// `Path { .. }`: a struct, or an actor that is started by it.
    fn struct_literal(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let (path, fields, base) = self.struct_parts(s, node);
        let starts = match (&path, self.scope.self_type) {
            (&PathRes::Struct(a, _), _) | (PathRes::SelfCtor, SelfType::Adt(a)) => {
                self.front.hir.adts[a].kind == AdtKind::Actor
            }
            (PathRes::SelfCtor, _) => self.scope.in_actor,
            _ => false,
        };
        let expr = match path {
            _ if starts => {
                if let Some(base) = base {
                    let span = self.body.expr_span(base);
                    self.report(&grok::UNEXPECTED_TOKEN, span, "an actor has no base to copy fields from");
                }
                Expr::SpawnActor { path: Box::new(path), fields: fields.into(), options: Box::default(), literal: true }
            }
            PathRes::Error => Expr::Error,
            path => Expr::Struct { path: Box::new(path), fields: fields.into(), base },
        };
        self.alloc(expr, span)
    }

    pub(super) fn struct_parts(&mut self, s: Syntax<'_>, node: NodeId) -> (PathRes, Vec<FieldInit>, Option<ExprId>) {
        let mut children = s.children(node);
        let path = match children.next() {
            Some(path) => self.struct_path(s, path),
            None => PathRes::Error,
        };
        let mut fields = Vec::with_capacity(children.clone().count());
        let mut base = None;
        for child in children {
            match s.kind(child) {
                SyntaxKind::StructLitField => fields.extend(self.field_init(s, child)),
                SyntaxKind::StructLitBase => base = Some(self.first(s, child)),
                _ => {}
            }
        }
        (path, fields, base)
    }

    pub(super) fn field_init(&mut self, s: Syntax<'_>, node: NodeId) -> Option<FieldInit> {
        let named = |k: SyntaxKind| matches!(k, SyntaxKind::Ident | SyntaxKind::RawIdent | SyntaxKind::Int);
        let token = s.own_tokens(node).find(|&t| named(s.tokens.kind(t)))?;
        let name = self.front.name_of(s.tokens, token);
        let span = s.tokens.span(token);
        let value = match s.children(node).find(|&c| s.kind(c) != SyntaxKind::Attr) {
            Some(value) => self.expr(s, value),
            None => self.named_value(s, token, span),
        };
        Some(FieldInit { name, span, value })
    }

    /// `Point { x }`: the value of the name itself.
    fn named_value(&mut self, s: Syntax<'_>, token: u32, span: Span) -> ExprId {
        let name = self.local_name(s, token);
        let path = match self.find_local(name) {
            Some(local) => {
                self.used[local.0 as usize] = true;
                PathRes::Local(local)
            }
            None => match self.front.lookup_name(self.module, name.name, crate::hir::scope::Ns::Values) {
                Some(crate::hir::scope::Def::Const(c)) => PathRes::Const(c),
                Some(crate::hir::scope::Def::Fn(f)) => PathRes::Fn(f, GenericArgs::default()),
                _ => {
                    let message = format!("nothing is named `{}` here", self.front.hir.names.text(name.name));
                    self.report(&grok::UNKNOWN_NAME, span, message);
                    return self.error(span);
                }
            },
        };
        self.alloc(Expr::Path(path), span)
    }

    // Calls.

    fn call(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let Some(callee) = s.children(node).next() else { return self.error(span) };
        let args = s.child(node, SyntaxKind::ArgList);
        if let (Some(print), Some(args)) = (self.print_name(s, callee), args) {
            let nodes: Vec<NodeId> = s.children(args).collect();
            return self.print_call(s, print, &nodes, span);
        }
        let callee = self.expr(s, callee);
        let args = args.map(|a| self.list(s, a)).unwrap_or_default();
        self.alloc(Expr::Call { callee, args }, span)
    }

    fn method_call(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let recv = self.first(s, node);
        let Some(token) = s.name(node) else { return self.error(span) };
        let name = self.front.name_of(s.tokens, token);
        let name_span = s.tokens.span(token);
        let generics = match s.child(node, SyntaxKind::TypeArgs) {
            Some(args) => self.type_args(s, token, args),
            None => GenericArgs::default(),
        };
        let Some(args) = s.child(node, SyntaxKind::ArgList) else {
            self.report(&grok::UNEXPECTED_TOKEN, span, "type arguments belong to a call; `(..)` is missing");
            return self.error(span);
        };
        let args = self.list(s, args);
        self.alloc(Expr::MethodCall { recv, name, name_span, generics, args }, span)
    }

    fn type_args(&mut self, s: Syntax<'_>, token: u32, args: NodeId) -> GenericArgs {
        let segment = self.front.segment(s, token, self.module, true);
        let Some(segment) = segment else { return GenericArgs::default() };
        let part = crate::hir::types::PathPart { segment, args: Some(args) };
        self.with_types(|front, cx| front.args_of(s, &part, cx))
    }

    // Operators.

    /// The operator of a binary node: its own tokens joined.
    fn operator<'s>(s: Syntax<'s>, node: NodeId) -> (Cow<'s, str>, Option<(u32, u32)>) {
        let mut tokens = s.own_tokens(node);
        let Some(first) = tokens.next() else { return (Cow::Borrowed(""), None) };
        let mut text = Cow::Borrowed(s.tokens.text(first));
        let mut last = first;
        for token in tokens {
            text += s.tokens.text(token);
            last = token;
        }
        (text, Some((first, last)))
    }

    fn binary(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let (text, place) = Self::operator(s, node);
        let op_span = place.map_or(span, |(a, b)| s.tokens.range_span(a, b + 1));
        let left = self.first(s, node);
        let right = self.nth(s, node, 1);
        let compares = |text: &str| matches!(text, "==" | "!=" | "<" | ">" | "<=" | ">=");
        let chained = compares(&text)
            && s.children(node)
                .next()
                .is_some_and(|l| s.kind(l) == SyntaxKind::BinaryExpr && compares(&Self::operator(s, l).0));
        let expr = match &*text {
            // Reported by the parser.
            _ if chained => Expr::Error,
            "&&" => Expr::Logical { and: true, left, right },
            "||" => Expr::Logical { and: false, left, right },
            text => match binary_op(text) {
                Some(op) => Expr::Binary { op, op_span, left, right },
                None => Expr::Error,
            },
        };
        self.alloc(expr, span)
    }

    fn assign(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let (text, place) = Self::operator(s, node);
        let op_span = place.map_or(span, |(a, b)| s.tokens.range_span(a, b + 1));
        let Some(left) = s.children(node).next() else { return self.error(span) };
        if text == "=" {
            if destructures(s, left) {
                return self.destructuring(s, node, left, span);
            }
            let place = self.expr(s, left);
            let value = self.nth(s, node, 1);
            return self.alloc(Expr::Assign { place, value }, span);
        }
        let place = self.expr(s, left);
        let value = self.nth(s, node, 1);
        let expr = match text.strip_suffix('=').and_then(binary_op) {
            Some(op) => Expr::AssignOp { op, op_span, place, value },
            None => Expr::Error,
        };
        self.alloc(expr, span)
    }

    /// `(a, b) = e` is `{ let (x, y) = e; a = x; b = y; }`.
    fn destructuring(&mut self, s: Syntax<'_>, node: NodeId, left: NodeId, span: Span) -> ExprId {
        let init = self.nth(s, node, 1);
        let mut assigned = Vec::new();
        let pat = self.assignee(s, left, &mut assigned);
        let mut stmts = vec![crate::hir::Stmt::Let { pat, ty: None, init: Some(init), otherwise: None, span }];
        for (place, value) in assigned {
            let span = self.body.expr_span(place);
            stmts.push(crate::hir::Stmt::Expr(self.alloc(Expr::Assign { place, value }, span)));
        }
        self.alloc(Expr::Block(crate::hir::Block { stmts, ..Default::default() }), span)
    }

    /// The left side of a destructuring assignment as a pattern of fresh locals.
    fn assignee(&mut self, s: Syntax<'_>, node: NodeId, assigned: &mut Vec<(ExprId, ExprId)>) -> PatId {
        let span = s.span(node);
        let all = |this: &mut Self, nodes: Vec<NodeId>, assigned: &mut Vec<(ExprId, ExprId)>| -> Vec<PatId> {
            nodes.into_iter().map(|n| this.assignee(s, n, assigned)).collect()
        };
        let pat = match s.kind(node) {
            SyntaxKind::ParenExpr => match s.children(node).next() {
                Some(inner) => return self.assignee(s, inner, assigned),
                None => Pat::Error,
            },
            SyntaxKind::TupleExpr => Pat::Tuple(all(self, s.children(node).collect(), assigned)),
            SyntaxKind::ArrayExpr => Pat::Slice(all(self, s.children(node).collect(), assigned)),
            SyntaxKind::RangeExpr if s.children(node).next().is_none() => Pat::Rest,
            SyntaxKind::WildcardPat => Pat::Wild,
            SyntaxKind::CallExpr if destructures(s, node) => {
                let path = s.children(node).next().map_or(PathRes::Error, |p| self.value_path(s, p));
                let args = s.child(node, SyntaxKind::ArgList).map(|a| s.children(a).collect()).unwrap_or_default();
                Pat::TupleStruct { path, pats: all(self, args, assigned) }
            }
            SyntaxKind::StructLit => self.struct_assignee(s, node, assigned),
            _ => {
                let place = self.expr(s, node);
                let name = self.front.intern("assigned");
                let local = self.new_local(name, false, span, true);
                let value = self.alloc(Expr::Path(PathRes::Local(local)), span);
                assigned.push((place, value));
                Pat::Bind { local, by_ref: None, sub: None }
            }
        };
        self.alloc_pat(pat, span)
    }

    fn struct_assignee(&mut self, s: Syntax<'_>, node: NodeId, assigned: &mut Vec<(ExprId, ExprId)>) -> Pat {
        let path = s.children(node).next().map_or(PathRes::Error, |p| self.struct_path(s, p));
        let mut fields = Vec::new();
        for field in s.children(node).filter(|&c| s.kind(c) == SyntaxKind::StructLitField).collect::<Vec<_>>() {
            let Some(token) = s.own_tokens(field).next() else { continue };
            let name = self.front.name_of(s.tokens, token);
            let span = s.tokens.span(token);
            let pat = match s.children(field).next() {
                Some(value) => self.assignee(s, value, assigned),
                None => {
                    let place = self.named_value(s, token, span);
                    let fresh = self.front.intern("assigned");
                    let local = self.new_local(fresh, false, span, true);
                    let value = self.alloc(Expr::Path(PathRes::Local(local)), span);
                    assigned.push((place, value));
                    self.alloc_pat(Pat::Bind { local, by_ref: None, sub: None }, span)
                }
            };
            fields.push(FieldPat { name, span, pat });
        }
        let rest = s.child(node, SyntaxKind::StructLitBase).is_some();
        Pat::Struct { path, fields, rest }
    }

    // Control flow.

    fn control(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        match s.kind(node) {
            SyntaxKind::IfExpr => self.if_expr(s, node, span),
            SyntaxKind::MatchExpr => {
                let value = self.first(s, node);
                let arms = self.arms(s, node);
                // What could not be read may have been an arm.
                let broken = s.children(node).any(|c| s.kind(c) == SyntaxKind::ErrorNode);
                self.alloc(if broken { Expr::Error } else { Expr::Match { value, arms } }, span)
            }
            SyntaxKind::LetCond => {
                let mut children = s.children(node);
                let (Some(pattern), Some(value)) = (children.next(), children.next()) else { return self.error(span) };
                let value = self.expr(s, value);
                let pat = self.binding_pattern(s, pattern);
                self.alloc(Expr::Let { pat, value }, span)
            }
            _ => self.loop_expr(s, node, span),
        }
    }

    fn if_expr(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let mut children = s.children(node);
        let (Some(cond), Some(then)) = (children.next(), children.next()) else { return self.error(span) };
        let otherwise = children.next();
        let (cond, then) = self.with_locals(|this| {
            let cond = this.expr(s, cond);
            (cond, this.expr(s, then))
        });
        let otherwise = otherwise.map(|n| self.expr(s, n));
        self.alloc(Expr::If { cond, then, otherwise }, span)
    }

    pub(super) fn arms(&mut self, s: Syntax<'_>, node: NodeId) -> Vec<Arm> {
        let arms = s.children(node).filter(|&c| s.kind(c) == SyntaxKind::MatchArm);
        let mut out = Vec::with_capacity(arms.clone().count());
        out.extend(arms.filter_map(|a| self.arm(s, a)));
        out
    }

    fn arm(&mut self, s: Syntax<'_>, node: NodeId) -> Option<Arm> {
        let attrs = self.front.attrs_of(s, node);
        if !self.front.is_configured(&attrs, self.module) {
            return None;
        }
        self.front.check_attrs(&attrs, crate::hir::attributes::Place::Arm, self.module);
        let mut parts = s.children(node).filter(|&c| s.kind(c) != SyntaxKind::Attr);
        let pattern = parts.next()?;
        let mut next = parts.next();
        let guard = next.filter(|&n| s.kind(n) == SyntaxKind::MatchGuard);
        if guard.is_some() {
            next = parts.next();
        }
        let span = s.span(node);
        Some(self.with_locals(|this| {
            let pat = this.binding_pattern(s, pattern);
            let guard = guard.and_then(|g| s.children(g).next()).map(|g| this.expr(s, g));
            let body = match next {
                Some(body) => this.expr(s, body),
                None => this.error(span),
            };
            Arm { pat, guard, body, span }
        }))
    }

    /// The label before a loop or block.
    fn label(&mut self, s: Syntax<'_>, node: NodeId) -> Option<LocalName> {
        let mut tokens = s.own_tokens(node);
        let first = tokens.next().filter(|&t| s.tokens.kind(t) == SyntaxKind::Lifetime)?;
        Some(self.local_name(s, first))
    }

    fn loop_expr(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let label = self.label(s, node);
        let kind = match s.kind(node) {
            SyntaxKind::LoopExpr => ScopeKind::Loop,
            SyntaxKind::WhileExpr => ScopeKind::While,
            _ => ScopeKind::For,
        };
        let scope = self.new_scope(label, kind, span);
        let target = Target { scope, label, kind };
        let children: SmallVec<[NodeId; 3]> = s.children(node).collect();
        let body_node = children.last().copied().filter(|&b| s.kind(b) == SyntaxKind::Block);
        match kind {
            ScopeKind::Loop => {
                let body = self.with_target(target, |this| this.loop_body(s, body_node, span));
                self.alloc(Expr::Loop { scope, body }, span)
            }
            ScopeKind::While => {
                let (cond, body) = self.with_target(target, |this| {
                    this.with_locals(|this| {
                        let cond = this.expr(s, children[0]);
                        (cond, this.loop_body(s, body_node, span))
                    })
                });
                self.alloc(Expr::While { scope, cond, body }, span)
            }
            ScopeKind::For | ScopeKind::Block => {
                let [pattern, iter, _] = children[..] else { return self.error(span) };
                let iter = self.expr(s, iter);
                let (pat, body) = self.with_locals(|this| {
                    let pat = this.binding_pattern(s, pattern);
                    (pat, this.with_target(target, |this| this.loop_body(s, body_node, span)))
                });
                self.alloc(Expr::For { scope, pat, iter, body }, span)
            }
        }
    }

    fn loop_body(&mut self, s: Syntax<'_>, body: Option<NodeId>, span: Span) -> ExprId {
        match body {
            Some(body) => self.block(s, body, None),
            None => self.error(span),
        }
    }

    fn with_target<T>(&mut self, target: Target, lower: impl FnOnce(&mut Self) -> T) -> T {
        self.targets.push(target);
        let out = lower(self);
        self.targets.pop();
        out
    }

    /// `{ .. }`, `'a: { .. }`, `unsafe { .. }`, `async { .. }`.
    fn block_expr(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let Some(block) = s.child(node, SyntaxKind::Block) else { return self.error(span) };
        if s.has(node, SyntaxKind::AsyncKw) {
            let body = self.with_surroundings(true, |this| this.block(s, block, None));
            let is_move = s.has(node, SyntaxKind::MoveKw);
            return self.alloc(Expr::Async { body, is_move, own: 0..0, ret: None }, span);
        }
        if let Some(label) = self.label(s, node) {
            let scope = self.new_scope(Some(label), ScopeKind::Block, span);
            let target = Target { scope, label: Some(label), kind: ScopeKind::Block };
            return self.with_target(target, |this| this.block(s, block, Some(scope)));
        }
        let id = self.block(s, block, None);
        if s.has(node, SyntaxKind::UnsafeKw)
            && let Expr::Block(block) = &mut self.body.exprs[id]
        {
            block.is_unsafe = true;
        }
        id
    }

    fn jump(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let value = s.children(node).next();
        let kind = s.kind(node);
        if kind == SyntaxKind::ReturnExpr {
            let value = value.map(|v| self.expr(s, v));
            if !self.around.may_return {
                self.report(&grok::RETURN_OUTSIDE_FUNCTION, span, "`return` outside of a function");
                return self.error(span);
            }
            return self.alloc(Expr::Return(value), span);
        }
        let is_break = kind == SyntaxKind::BreakExpr;
        let target = self.target(s, node, is_break, span);
        let lowered = value.map(|v| self.expr(s, v));
        let Some(target) = target else { return self.error(span) };
        if !is_break {
            return self.alloc(Expr::Continue { scope: target.scope }, span);
        }
        if matches!(target.kind, ScopeKind::While | ScopeKind::For) && value.is_some() {
            let message = "`break` with a value leaves only `loop` and labelled blocks";
            self.report(&grok::BREAK_WITH_VALUE, span, message);
            return self.alloc(Expr::Break { scope: target.scope, value: None }, span);
        }
        self.alloc(Expr::Break { scope: target.scope, value: lowered }, span)
    }

    /// The loop or block that a `break` or `continue` means.
    fn target(&mut self, s: Syntax<'_>, node: NodeId, is_break: bool, span: Span) -> Option<Target> {
        let word = if is_break { "break" } else { "continue" };
        let visible = self.around.first_target;
        if let Some(token) = s.token(node, SyntaxKind::Lifetime) {
            let label = self.local_name(s, token);
            let found = self.targets[visible..].iter().rev().find(|t| t.label == Some(label)).copied();
            match found {
                Some(t) if !is_break && t.kind == ScopeKind::Block => {
                    self.report(&grok::BREAK_OUTSIDE_LOOP, span, "`continue` cannot name a block");
                    return None;
                }
                Some(t) => return Some(t),
                None => {
                    let text = self.front.hir.names.text(label.name).to_owned();
                    let mut d = Diagnostic::at(
                        &grok::UNKNOWN_LABEL,
                        s.tokens.span(token),
                        format!("no loop or block around this place is labelled `{text}`"),
                    );
                    if self.targets[..visible].iter().any(|t| t.label == Some(label)) {
                        d = d.note("labels outside of a closure or task cannot be reached from inside");
                    }
                    self.front.diagnostics.push(d);
                    return None;
                }
            }
        }
        let found = self.targets[visible..].iter().rev().find(|t| t.kind != ScopeKind::Block).copied();
        if found.is_none() {
            let mut d = Diagnostic::at(&grok::BREAK_OUTSIDE_LOOP, span, format!("`{word}` outside of a loop"));
            if visible > 0 {
                d = d.note("a closure or task cannot leave a loop around it");
            }
            self.front.diagnostics.push(d);
        }
        found
    }

    fn closure(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let is_async = s.has(node, SyntaxKind::AsyncKw);
        let is_move = s.has(node, SyntaxKind::MoveKw);
        let list = s.child(node, SyntaxKind::ParamList);
        let params = list.into_iter().flat_map(|l| s.children(l)).filter(|&c| s.kind(c) == SyntaxKind::Param);
        let mut ret = s.child(node, SyntaxKind::RetType).and_then(|r| s.children(r).next()).map(|t| self.ty(s, t));
        let body = s.children(node).last().filter(|&b| s.kind(b) != SyntaxKind::ParamList);
        let closure = self.with_locals(|this| {
            let mut patterns = ParamPatterns::new();
            for p in params {
                let mut parts = s.children(p).filter(|&c| s.kind(c) != SyntaxKind::Attr);
                let pattern = parts.next();
                let ty = parts.next().map(|t| this.ty(s, t));
                patterns.push((pattern, ty));
            }
            let first = this.body.locals.len() as u32;
            let params = this.params(s, &patterns);
            let own = first..this.body.locals.len() as u32;
            let mut value = this.with_surroundings(is_async, |this| match body {
                Some(body) => this.expr(s, body),
                None => this.error(span),
            });
            if is_async {
                value = this.alloc(Expr::Async { body: value, is_move, own, ret: ret.take() }, span);
            }
            crate::hir::Closure { params, ret, body: value, is_move }
        });
        self.alloc(Expr::Closure(Box::new(closure)), span)
    }

    /// The elements of a node that are nodes, for forms whose children have fixed places.
    pub(super) fn child_nodes(s: Syntax<'_>, node: NodeId) -> Vec<NodeId> {
        s.elements(node)
            .filter_map(|e| match e {
                Element::Node(n) => Some(n),
                Element::Token(_) => None,
            })
            .collect()
    }
}

fn num_kind(suffix: Suffix) -> NumKind {
    NumKind::Int(match suffix {
        Suffix::I8 => IntKind::I8,
        Suffix::I16 => IntKind::I16,
        Suffix::I32 => IntKind::I32,
        Suffix::I64 => IntKind::I64,
        Suffix::I128 => IntKind::I128,
        Suffix::Isize => IntKind::Isize,
        Suffix::U8 => IntKind::U8,
        Suffix::U16 => IntKind::U16,
        Suffix::U32 => IntKind::U32,
        Suffix::U64 => IntKind::U64,
        Suffix::U128 => IntKind::U128,
        Suffix::Usize => IntKind::Usize,
        Suffix::F32 => return NumKind::Float(FloatKind::F32),
        Suffix::F64 => return NumKind::Float(FloatKind::F64),
    })
}

fn binary_op(text: &str) -> Option<BinaryOp> {
    Some(match text {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "^" => BinaryOp::BitXor,
        "<<" => BinaryOp::Shl,
        ">>" => BinaryOp::Shr,
        "==" => BinaryOp::Eq,
        "!=" => BinaryOp::Ne,
        "<" => BinaryOp::Lt,
        "<=" => BinaryOp::Le,
        ">" => BinaryOp::Gt,
        ">=" => BinaryOp::Ge,
        _ => return None,
    })
}

/// Whether the left side of `=` takes a value apart.
fn destructures(s: Syntax<'_>, node: NodeId) -> bool {
    match s.kind(node) {
        SyntaxKind::TupleExpr | SyntaxKind::ArrayExpr | SyntaxKind::StructLit | SyntaxKind::WildcardPat => true,
        SyntaxKind::ParenExpr => s.children(node).next().is_some_and(|n| destructures(s, n)),
        // A call is no place: `Some(x) = e` takes apart, `f() = e` is left to the checker.
        SyntaxKind::CallExpr => s.children(node).next().is_some_and(|callee| {
            s.kind(callee) == SyntaxKind::PathExpr
                && s.text(callee).rsplit("::").next().is_some_and(|n| n.starts_with(char::is_uppercase))
        }),
        _ => false,
    }
}
