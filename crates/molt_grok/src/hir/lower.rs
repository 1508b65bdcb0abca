//! Trees to bodies: names resolved, macros expanded, sugar removed.
//!
//! One [`Lower`] makes one body. Locals live in ribs, innermost last; a rib is a scope of locals, the items of a block,
//! or the definition of a macro, beyond which that macro's own names mean what they meant at its definition.

mod blocks;
mod concurrency;
mod expressions;
mod format;
mod macros;
mod paths;
mod patterns;

use std::sync::Arc;

use molt_base::{Arena, Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;
use smallvec::SmallVec;

use super::expand::MacroId;
use super::front::{At, BodyForm, BodySource, Front, ItemScope, MacroScope, SourceId};
use super::types::TypeCx;
use super::{
    Body, BodyId, BodyOwner, Expr, ExprId, Local, LocalId, ModId, Pat, PatId, Scope, ScopeId, ScopeKind, TypeId,
};
use crate::syntax::{NodeId, Syntax, SyntaxContext, SyntaxKind};

/// The lists of a body that is being made, kept from one to the next: a body that is done has no spare room.
#[derive(Default)]
pub(super) struct BodyMemory {
    exprs: Arena<ExprId, Expr>,
    expr_spans: Vec<Span>,
    pats: Arena<PatId, Pat>,
    pat_spans: Vec<Span>,
    locals: Arena<LocalId, Local>,
    scopes: Arena<ScopeId, Scope>,
    stacks: Stacks,
}

/// What is in use at some place of a body, innermost last.
#[derive(Default)]
struct Stacks {
    ribs: Vec<Rib>,
    visible: Vec<(LocalName, LocalId)>,
    statements: Vec<blocks::Flat>,
    used: Vec<bool>,
}

impl Body {
    fn empty(owner: BodyOwner, module: ModId, span: Span, memory: BodyMemory) -> Body {
        let BodyMemory { exprs, expr_spans, pats, pat_spans, locals, scopes, .. } = memory;
        let (params, self_local, value) = (Vec::new(), None, ExprId(0));
        Body { owner, module, params, self_local, value, exprs, expr_spans, pats, pat_spans, locals, scopes, span }
    }

    fn without_spare_room(mut self, mut stacks: Stacks) -> (Body, BodyMemory) {
        stacks.ribs.clear();
        stacks.visible.clear();
        stacks.statements.clear();
        stacks.used.clear();
        let body = Body {
            exprs: self.exprs.take_exact(),
            expr_spans: self.expr_spans.drain(..).collect(),
            pats: self.pats.take_exact(),
            pat_spans: self.pat_spans.drain(..).collect(),
            locals: self.locals.take_exact(),
            scopes: self.scopes.take_exact(),
            params: self.params,
            ..self
        };
        let Body { exprs, expr_spans, pats, pat_spans, locals, scopes, .. } = self;
        (body, BodyMemory { exprs, expr_spans, pats, pat_spans, locals, scopes, stacks })
    }
}

/// A name of a local, with the expansion that wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct LocalName {
    name: Symbol,
    context: SyntaxContext,
}

enum Rib {
    /// A scope of locals, which begin at this place among the visible ones.
    Locals(usize),
    Items(ModId),
    Macro(MacroId),
}

/// Patterns of parameters with their types, as far as they are written.
type ParamPatterns = SmallVec<[(Option<NodeId>, Option<TypeId>); 4]>;

/// Where `break` and `continue` may go.
#[derive(Clone, Copy)]
struct Target {
    scope: ScopeId,
    label: Option<LocalName>,
    kind: ScopeKind,
}

/// What the innermost function-like thing around an expression allows.
#[derive(Clone, Copy)]
struct Surroundings {
    may_return: bool,
    may_await: bool,
    /// Targets before this one belong to an outer function.
    first_target: usize,
}

struct Lower<'f> {
    front: &'f mut Front,
    body: Body,
    scope: Arc<ItemScope>,
    /// Module of the block at hand.
    module: ModId,
    macros: MacroScope,
    source: SourceId,
    ribs: Vec<Rib>,
    /// Locals of all ribs.
    visible: Vec<(LocalName, LocalId)>,
    /// Statements of the blocks around this place.
    statements: Vec<blocks::Flat>,
    targets: Vec<Target>,
    around: Surroundings,
    /// Whether each local is mentioned, and whether it was written by a person.
    used: Vec<bool>,
    /// Items of a block were found: their module holds all traits that the body sees.
    has_block_module: bool,
}

impl Front {
    /// Makes a body unless that was done before. What is wrong with it is added to the diagnostics.
    pub fn make_body(&mut self, id: BodyId) {
        if self.hir.bodies[id].is_some() {
            return;
        }
        let source = self.body_sources[id.0 as usize].clone();
        let owner = self.hir.body_owners[id.0 as usize];
        let body = Lower::run(self, owner, &source);
        self.hir.bodies[id] = Some(body);
    }
}

impl Front {
    /// Makes the bodies that the checker may evaluate: of everything but functions, and of `const fn`s. Those of the
    /// library's other functions come into being when code is made of them.
    pub fn make_values(&mut self) {
        for n in 0..self.hir.bodies.len() {
            let needed = match self.hir.body_owners[n] {
                BodyOwner::Fn(f) => self.hir.fns[f].is_const,
                _ => true,
            };
            if needed {
                self.make_body(BodyId(n as u32));
            }
        }
    }
}

impl<'f> Lower<'f> {
    fn run(front: &'f mut Front, owner: BodyOwner, source: &BodySource) -> Body {
        let parse = front.parse(source.at.source);
        let syntax = parse.syntax();
        let span = syntax.span(source.at.node);
        let mut memory = std::mem::take(&mut front.body_memory);
        let Stacks { ribs, visible, statements, used } = std::mem::take(&mut memory.stacks);
        let body = Body::empty(owner, source.scope.module, span, memory);
        let may_await = front.may_await(owner, &source.scope);
        let mut lower = Lower {
            front,
            body,
            scope: source.scope.clone(),
            module: source.scope.module,
            macros: source.macros.clone(),
            source: source.at.source,
            ribs,
            visible,
            statements,
            targets: Vec::new(),
            around: Surroundings { may_return: matches!(owner, BodyOwner::Fn(_)), may_await, first_target: 0 },
            used,
            has_block_module: false,
        };
        lower.open_locals();
        lower.body.value = match source.form {
            BodyForm::Fn => lower.function(syntax, source.at.node),
            BodyForm::Expr => lower.value(syntax, source.at),
            BodyForm::Statements => lower.statements_body(syntax, source.at),
            BodyForm::Receive => lower.receive_body(syntax, source.at.node),
        };
        lower.report_unused();
        let Lower { ribs, visible, statements, used, .. } = lower;
        let (body, memory) = lower.body.without_spare_room(Stacks { ribs, visible, statements, used });
        lower.front.body_memory = memory;
        body
    }

    /// A function: its parameters, then its block.
    fn function(&mut self, s: Syntax<'_>, node: NodeId) -> ExprId {
        self.parameters(s, node, usize::MAX);
        let own = 0..self.body.locals.len() as u32;
        let value = match s.child(node, SyntaxKind::Block) {
            Some(block) => self.block(s, block, None),
            None => self.error(self.body.span),
        };
        match self.body.owner {
            BodyOwner::Fn(f) if self.front.hir.fns[f].is_async => {
                let span = self.body.span;
                self.alloc(Expr::Async { body: value, is_move: true, own, ret: None }, span)
            }
            _ => value,
        }
    }

    /// Binds the parameters of the function `node`, at most `limit` of them.
    fn parameters(&mut self, s: Syntax<'_>, node: NodeId, limit: usize) {
        let (BodyOwner::Fn(f) | BodyOwner::ParamDefault(f, _)) = self.body.owner else { return };
        if let Some(self_param) = self.front.hir.fns[f].self_param {
            self.bind_self(self_param.span, self_param.mutable);
        }
        let Some(list) = s.child(node, SyntaxKind::ParamList) else { return };
        let params = s.children(list).filter(|&c| s.kind(c) == SyntaxKind::Param);
        let types = self.front.hir.fns[f].params.iter().map(|p| p.ty);
        let pattern = |param| s.children(param).find(|&c| s.kind(c) != SyntaxKind::Attr);
        let patterns: ParamPatterns = params.zip(types).take(limit).map(|(p, ty)| (pattern(p), ty)).collect();
        self.body.params = self.params(s, &patterns);
    }

    fn bind_self(&mut self, span: Span, mutable: bool) {
        let name = self.front.intern("self");
        let local = self.new_local(name, mutable, span, true);
        self.body.self_local = Some(local);
    }

    /// The body of a constant, default value or discriminant.
    fn value(&mut self, s: Syntax<'_>, at: At) -> ExprId {
        if let BodyOwner::ParamDefault(_, index) = self.body.owner
            && let Some(function) = self.enclosing_fn(s, at.node)
        {
            self.parameters(s, function, index as usize);
            // Earlier parameters are visible, but need not be used.
            self.used.iter_mut().for_each(|u| *u = true);
        }
        self.expr(s, at.node)
    }

    /// The function around a node: the innermost one whose subtree holds it.
    fn enclosing_fn(&self, s: Syntax<'_>, node: NodeId) -> Option<NodeId> {
        let token = s.tree.node(node).first_token;
        (node.0..s.tree.len() as u32).map(NodeId).find(|&n| {
            let outer = s.tree.node(n);
            outer.kind == SyntaxKind::FnItem && outer.first_token <= token && token < outer.end_token
        })
    }

    fn statements_body(&mut self, s: Syntax<'_>, at: At) -> ExprId {
        if let BodyOwner::Fn(f) = self.body.owner
            && let Some(self_param) = self.front.hir.fns[f].self_param
        {
            self.bind_self(self_param.span, false);
        }
        self.loose_statements(s, at)
    }

    // Building.

    fn alloc(&mut self, expr: Expr, span: Span) -> ExprId {
        self.body.expr_spans.push(span);
        self.body.exprs.push(expr)
    }

    fn alloc_pat(&mut self, pat: Pat, span: Span) -> PatId {
        self.body.pat_spans.push(span);
        self.body.pats.push(pat)
    }

    /// An expression whose fault has been reported.
    fn error(&mut self, span: Span) -> ExprId {
        self.alloc(Expr::Error, span)
    }

    fn new_local(&mut self, name: Symbol, mutable: bool, span: Span, synthetic: bool) -> LocalId {
        self.used.push(synthetic);
        self.body.locals.push(Local { name, mutable, span, synthetic })
    }

    fn new_scope(&mut self, label: Option<LocalName>, kind: ScopeKind, span: Span) -> ScopeId {
        self.body.scopes.push(Scope { label: label.map(|l| l.name), kind, span })
    }

    fn local_name(&mut self, s: Syntax<'_>, token: u32) -> LocalName {
        LocalName { name: self.front.name_of(s.tokens, token), context: s.tokens.context(token) }
    }

    fn report(&mut self, code: &'static molt_diagnostics::Code, span: Span, message: impl Into<String>) {
        self.front.report(code, span, message);
    }

    /// Lowers a written type as this body sees it.
    fn ty(&mut self, s: Syntax<'_>, node: NodeId) -> TypeId {
        self.with_types(|front, cx| front.ty(s, node, cx))
    }

    /// Runs a part of type lowering with what this body's types see.
    fn with_types<T>(&mut self, lower: impl FnOnce(&mut Front, &mut TypeCx<'_>) -> T) -> T {
        let scope = if self.scope.module == self.module {
            self.scope.clone()
        } else {
            Arc::new(ItemScope { module: self.module, ..(*self.scope).clone() })
        };
        let mut cx = TypeCx::new(self.source, &scope, &self.macros);
        lower(self.front, &mut cx)
    }

    // Scopes.

    fn with_locals<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.ribs.len();
        self.open_locals();
        let out = lower(self);
        self.close_ribs(depth);
        out
    }

    fn open_locals(&mut self) {
        self.ribs.push(Rib::Locals(self.visible.len()));
    }

    /// Leaves all ribs but the first `depth`.
    fn close_ribs(&mut self, depth: usize) {
        let first = self.ribs.drain(depth..).find_map(|rib| match rib {
            Rib::Locals(first) => Some(first),
            Rib::Items(_) | Rib::Macro(_) => None,
        });
        self.visible.truncate(first.unwrap_or(self.visible.len()));
    }

    /// Makes a local visible from here to the end of the innermost scope.
    fn declare(&mut self, name: LocalName, local: LocalId) {
        if !matches!(self.ribs.last(), Some(Rib::Locals(_))) {
            self.open_locals();
        }
        self.visible.push((name, local));
    }

    /// The local that a name means here, unless an item of a block hides it.
    fn find_local(&self, wanted: LocalName) -> Option<LocalId> {
        let mut wanted = wanted;
        let mut end = self.visible.len();
        for rib in self.ribs.iter().rev() {
            match rib {
                Rib::Locals(first) => {
                    let found = self.visible[*first..end].iter().rev().find(|(n, _)| *n == wanted);
                    if let Some((_, local)) = found {
                        return Some(*local);
                    }
                    end = *first;
                }
                Rib::Items(module) => {
                    let names = &self.front.module(*module).names[super::scope::Ns::Values as usize];
                    if names.contains_key(&wanted.name) {
                        return None;
                    }
                }
                Rib::Macro(id) => {
                    let info = self.front.contexts[wanted.context.0 as usize];
                    if info.definition == *id {
                        wanted.context = info.parent;
                    }
                }
            }
        }
        None
    }

    /// Lowers the body of a closure, task or the like: jumps do not leave it.
    fn with_surroundings<T>(&mut self, may_await: bool, lower: impl FnOnce(&mut Self) -> T) -> T {
        let inner = Surroundings { may_return: true, may_await, first_target: self.targets.len() };
        let before = std::mem::replace(&mut self.around, inner);
        let out = lower(self);
        self.around = before;
        out
    }

    /// W0101 for locals that nothing mentions.
    fn report_unused(&mut self) {
        if self.front.is_std_module(self.module) {
            return;
        }
        for (id, local) in self.body.locals.iter() {
            if self.used[id.0 as usize] || local.synthetic {
                continue;
            }
            let name = self.front.hir.names.text(local.name);
            if name.starts_with('_') {
                continue;
            }
            let d = Diagnostic::at(&grok::UNUSED_VARIABLE, local.span, format!("`{name}` is never used"))
                .help(format!("write `_{name}` if that is intended"));
            self.front.diagnostics.push(d);
        }
    }
}

impl Front {
    /// Whether `.await` is legal in a function: async ones, `main`, handlers and tests.
    fn may_await(&self, owner: BodyOwner, scope: &ItemScope) -> bool {
        let BodyOwner::Fn(f) = owner else { return false };
        let item = &self.hir.fns[f];
        item.is_async || self.is_task(f, scope, item.self_param.is_some())
    }
}
