//! Tasks, actors and their messages.

use molt_base::Span;
use molt_diagnostics::registry::grok;

use super::Lower;
use crate::hir::scope::{Def, Ns};
use crate::hir::{Arm, Expr, ExprId, GenericArgs, Message, PathRes, SelectArm, SelectKind};
use crate::syntax::{NodeId, Syntax, SyntaxKind};

impl Lower<'_> {
    pub(super) fn concurrency(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        match s.kind(node) {
            SyntaxKind::SpawnExpr => self.spawn(s, node, span),
            SyntaxKind::AskExpr => self.ask(s, node, span),
            SyntaxKind::SendExpr => self.send(s, node, span),
            SyntaxKind::ReceiveExpr => self.receive(s, node, span),
            _ => self.select(s, node, span),
        }
    }

    fn spawn(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        if let Some(block) = s.child(node, SyntaxKind::Block) {
            let body = self.with_surroundings(true, |this| this.block(s, block, None));
            return self.alloc(Expr::SpawnTask { body }, span);
        }
        let mut options = Vec::new();
        if let Some(list) = s.child(node, SyntaxKind::SpawnOptions) {
            for option in s.children(list).collect::<Vec<_>>() {
                options.extend(self.field_init(s, option));
            }
        }
        let Some(literal) = s.child(node, SyntaxKind::StructLit) else { return self.error(span) };
        let (path, fields, base) = self.struct_parts(s, literal);
        if let Some(base) = base {
            let span = self.body.expr_span(base);
            self.report(&grok::UNEXPECTED_TOKEN, span, "an actor has no base to copy fields from");
        }
        if matches!(path, PathRes::Error) {
            return self.error(span);
        }
        self.alloc(
            Expr::SpawnActor { path: Box::new(path), fields: fields.into(), options: options.into(), literal: false },
            span,
        )
    }

    fn ask(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let mut children = s.children(node);
        let Some(call) = children.next() else { return self.error(span) };
        let within = children.next();
        let asked = if s.kind(call) == SyntaxKind::MethodCall { self.handler_of(s, call) } else { None };
        let within = within.map(|w| self.expr(s, w));
        let Some((target, message)) = asked else {
            // A call of anything but a method has no target; other forms were reported by the parser.
            if s.kind(call) == SyntaxKind::CallExpr {
                let message = "`ask` needs an actor before the handler: `ask actor.handler(..)`";
                self.report(&grok::UNKNOWN_MESSAGE, s.span(call), message);
            }
            return self.error(span);
        };
        self.alloc(Expr::Ask { target, message, within }, span)
    }

    /// `target.handler(args)` in parts.
    fn handler_of(&mut self, s: Syntax<'_>, call: NodeId) -> Option<(ExprId, Message)> {
        let target = self.nth(s, call, 0);
        let token = s.name(call)?;
        let name = self.front.name_of(s.tokens, token);
        let args = s.child(call, SyntaxKind::ArgList).map(|a| self.list(s, a)).unwrap_or_default();
        Some((target, Message::Handler { name, name_span: s.tokens.span(token), args: args.into() }))
    }

    /// `target ! message`: a call of a plain name that is no constructor and no local is a handler's.
    fn send(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let target = self.nth(s, node, 0);
        let Some(message) = s.children(node).nth(1) else { return self.error(span) };
        let message = match self.handler_name(s, message) {
            Some(token) => {
                let name = self.front.name_of(s.tokens, token);
                let args = s.child(message, SyntaxKind::ArgList).map(|a| self.list(s, a)).unwrap_or_default();
                Message::Handler { name, name_span: s.tokens.span(token), args: args.into() }
            }
            None => Message::Raw(self.expr(s, message)),
        };
        self.alloc(Expr::Send { target, message }, span)
    }

    fn handler_name(&mut self, s: Syntax<'_>, node: NodeId) -> Option<u32> {
        if s.kind(node) != SyntaxKind::CallExpr {
            return None;
        }
        let callee = s.children(node).next().filter(|&c| s.kind(c) == SyntaxKind::PathExpr)?;
        let token = s.name(callee)?;
        let plain = s.own_tokens(callee).count() == 1 && s.children(callee).next().is_none();
        let name = self.local_name(s, token);
        if !plain || self.find_local(name).is_some() {
            return None;
        }
        match self.front.lookup_name(self.module, name.name, Ns::Values) {
            Some(Def::Adt(_) | Def::Variant(..) | Def::Const(_)) => None,
            _ => Some(token),
        }
    }

    /// `sender` in an actor: whoever sent the current message.
    pub(super) fn actor_sender(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> Option<ExprId> {
        if !self.scope.in_actor || s.text(node) != "sender" {
            return None;
        }
        let token = s.name(node)?;
        let name = self.local_name(s, token);
        if self.find_local(name).is_some() || self.front.lookup_name(self.module, name.name, Ns::Values).is_some() {
            return None;
        }
        let sender = self.front.hir.lang_fn("sender")?;
        if let crate::hir::front::SelfType::Impl(members) = self.scope.self_type
            && let Some(actor) = self.front.hir.impls[members].actor
            && let Some(info) = &mut self.front.hir.adts[actor].actor
        {
            info.wants_sender = true;
        }
        let callee = self.alloc(Expr::Path(PathRes::Fn(sender, GenericArgs::default())), span);
        Some(self.alloc(Expr::Call { callee, args: Vec::new() }, span))
    }

    fn receive(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        if !self.scope.in_actor {
            self.report(&grok::RECEIVE_OUTSIDE_ACTOR, span, "`receive` outside of an actor");
        }
        if let Some(block) = s.child(node, SyntaxKind::Block) {
            let Some(pattern) = s.children(node).next() else { return self.error(span) };
            let arm = self.with_locals(|this| {
                let pat = this.binding_pattern(s, pattern);
                Arm { pat, guard: None, body: this.block(s, block, None), span }
            });
            return self.alloc(Expr::Receive { arms: vec![arm], after: None }, span);
        }
        let arms = self.arms(s, node);
        let mut after = None;
        for arm in s.children(node).filter(|&c| s.kind(c) == SyntaxKind::AfterArm).collect::<Vec<_>>() {
            let limit = self.nth(s, arm, 0);
            let value = self.nth(s, arm, 1);
            if after.replace((limit, value)).is_some() {
                self.report(&grok::UNEXPECTED_TOKEN, s.span(arm), "a `receive` has one time limit");
            }
        }
        self.alloc(Expr::Receive { arms, after }, span)
    }

    fn select(&mut self, s: Syntax<'_>, node: NodeId, span: Span) -> ExprId {
        let arms: Vec<NodeId> = s.children(node).collect();
        let arms = arms.into_iter().filter_map(|a| self.select_arm(s, a)).collect();
        self.alloc(Expr::Select { arms }, span)
    }

    fn select_arm(&mut self, s: Syntax<'_>, node: NodeId) -> Option<SelectArm> {
        let span = s.span(node);
        let parts: Vec<NodeId> =
            Self::child_nodes(s, node).into_iter().filter(|&c| s.kind(c) != SyntaxKind::Attr).collect();
        match s.kind(node) {
            SyntaxKind::AfterArm => {
                let limit = self.nth(s, node, 0);
                let body = self.nth(s, node, 1);
                Some(SelectArm { kind: SelectKind::After(limit), body, span })
            }
            SyntaxKind::DefaultArm => {
                let body = self.nth(s, node, 0);
                Some(SelectArm { kind: SelectKind::Default, body, span })
            }
            SyntaxKind::SelectArm => {
                let (&pattern, &operation) = (parts.first()?, parts.get(1)?);
                let guard = parts.iter().copied().find(|&c| s.kind(c) == SyntaxKind::MatchGuard);
                let body = parts.last().copied().filter(|_| parts.len() > 2 + guard.is_some() as usize);
                // Guards and operations are evaluated before anything is bound.
                let operation = self.expr(s, operation);
                let guard = guard.and_then(|g| s.children(g).next()).map(|g| self.expr(s, g));
                Some(self.with_locals(|this| {
                    let pat = this.binding_pattern(s, pattern);
                    let body = match body {
                        Some(body) => this.expr(s, body),
                        None => this.error(span),
                    };
                    SelectArm { kind: SelectKind::Wait { pat, operation, guard }, body, span }
                }))
            }
            _ => None,
        }
    }

    /// The `receive` member: one `match` over the message, which is the parameter.
    pub(super) fn receive_body(&mut self, s: Syntax<'_>, node: NodeId) -> ExprId {
        let span = s.span(node);
        self.bind_self(Span { end: span.start, ..span }, false);
        let name = self.front.intern("message");
        let local = self.new_local(name, false, span, true);
        let pat = self.alloc_pat(crate::hir::Pat::Bind { local, by_ref: None, sub: None }, span);
        let ty = match self.body.owner {
            crate::hir::BodyOwner::Fn(f) => self.front.hir.fns[f].params.first().and_then(|p| p.ty),
            _ => None,
        };
        self.body.params = vec![(pat, ty)];
        let value = self.alloc(Expr::Path(PathRes::Local(local)), span);
        let arms = self.arms(s, node);
        self.alloc(Expr::Match { value, arms }, span)
    }
}
