//! Blocks and statements. The items of a block are collected first: they are visible in all of it.

use molt_base::Span;

use super::{Lower, Rib};
use crate::hir::collect::Around;
use crate::hir::expand::{Expansion, MacroId};
use crate::hir::front::{At, SourceId};
use crate::hir::{Block, Expr, ExprId, ModId, ScopeId, Stmt};
use crate::syntax::{Entry, NodeId, Syntax, SyntaxKind};

/// A statement of a block after macro calls among the statements are expanded.
#[derive(Clone, Copy)]
pub(super) enum Flat {
    Stmt {
        at: At,
        /// The value is dropped although no `;` follows: the macro call had one.
        dropped: bool,
        depth: u32,
    },
    Macro(MacroId),
    Failed(Span),
}

/// What the statements of one block need while they are flattened.
struct Flattening {
    items: Option<ModId>,
    span: Span,
}

impl Lower<'_> {
    /// Lowers a `Block` node; the scope is that of its label.
    pub(super) fn block(&mut self, s: Syntax<'_>, node: NodeId, scope: Option<ScopeId>) -> ExprId {
        self.statements(s, s.children(node), s.span(node), scope, true)
    }

    /// The loose statements of a root file or an actor, whose items have been collected already.
    pub(super) fn loose_statements(&mut self, s: Syntax<'_>, at: At) -> ExprId {
        let loose =
            |n: &NodeId| matches!(s.kind(*n), SyntaxKind::LetStmt | SyntaxKind::ExprStmt | SyntaxKind::MacroDef);
        self.statements(s, s.children(at.node).filter(loose), s.span(at.node), None, false)
    }

    /// What a macro made in the place of an expression, if it is more than one.
    pub(super) fn macro_statements(&mut self, s: Syntax<'_>, nodes: &[NodeId], span: Span) -> ExprId {
        self.statements(s, nodes.iter().copied(), span, None, true)
    }

    fn statements(
        &mut self,
        s: Syntax<'_>,
        nodes: impl Iterator<Item = NodeId>,
        span: Span,
        scope: Option<ScopeId>,
        collect: bool,
    ) -> ExprId {
        let macros = self.macros.clone();
        let module = self.module;
        let first = self.statements.len();
        let mut flat = Flattening { items: None, span };
        self.flatten(s, self.source, nodes, false, collect, &mut flat);
        if let Some(items) = flat.items {
            self.settle_block(items);
        }
        let depth = self.ribs.len();
        if let Some(items) = flat.items {
            self.ribs.push(Rib::Items(items));
        }
        self.open_locals();
        let block = self.lower_flat(first, scope);
        self.statements.truncate(first);
        self.close_ribs(depth);
        self.module = module;
        self.macros = macros;
        self.alloc(Expr::Block(block), span)
    }

    /// Lists the statements in order, with macro calls expanded and items collected.
    fn flatten(
        &mut self,
        s: Syntax<'_>,
        source: SourceId,
        nodes: impl Iterator<Item = NodeId>,
        dropped: bool,
        collect: bool,
        flat: &mut Flattening,
    ) {
        let mut nodes = nodes.peekable();
        while let Some(node) = nodes.next() {
            let last = nodes.peek().is_none();
            let at = At { source, node };
            match s.kind(node) {
                SyntaxKind::ExprStmt => self.flatten_expr(s, at, dropped && last, collect, flat),
                SyntaxKind::LetStmt => {
                    let depth = self.front.expansion_depth;
                    self.statements.push(Flat::Stmt { at, dropped: false, depth });
                }
                SyntaxKind::EmptyStmt | SyntaxKind::Attr | SyntaxKind::InnerAttr => {}
                SyntaxKind::ErrorNode => self.statements.push(Flat::Failed(s.span(node))),
                SyntaxKind::MacroDef if !collect => {
                    let id = self.front.macro_definitions.get(&at).copied();
                    self.statements.extend(id.map(Flat::Macro));
                }
                _ if collect => self.collect_item(at, flat),
                _ => {}
            }
        }
    }

    /// An item among statements.
    fn collect_item(&mut self, at: At, flat: &mut Flattening) {
        let items = self.items_module(flat);
        let before = self.macros.len();
        let mut macros = self.macros.clone();
        self.front.collect_nodes(at.source, &[at.node], items, &mut macros, Around::Module);
        self.macros = macros;
        let defined: Vec<MacroId> = self.macros[before..].iter().map(|(_, id)| *id).collect();
        self.statements.extend(defined.into_iter().map(Flat::Macro));
    }

    /// The module of the block's items, made when the first one is met.
    fn items_module(&mut self, flat: &mut Flattening) -> ModId {
        match flat.items {
            Some(items) => items,
            None => {
                let items = self.front.add_block_module(self.module, flat.span);
                self.module = items;
                flat.items = Some(items);
                items
            }
        }
    }

    fn flatten_expr(&mut self, s: Syntax<'_>, at: At, dropped: bool, collect: bool, flat: &mut Flattening) {
        let depth = self.front.expansion_depth;
        let attrs = self.front.attrs_of(s, at.node);
        if !attrs.is_empty() {
            if !self.front.is_configured(&attrs, self.module) {
                return;
            }
            self.front.check_attrs(&attrs, crate::hir::attributes::Place::Statement, self.module);
            self.front.note_lints(&attrs, s.span(at.node));
        }
        let plain = Flat::Stmt { at, dropped, depth };
        let call = s.children(at.node).find(|&c| s.kind(c) == SyntaxKind::MacroCall);
        let Some(call) = call else {
            self.statements.push(plain);
            return;
        };
        let call = At { node: call, ..at };
        // Statements of a root file were expanded when its items were collected.
        let done = self.front.expansions.get(&call).copied();
        let expansion = match done {
            Some(source) => Expansion::Source(source),
            None => self.front.expand_call(call, self.module, &self.macros, Entry::Statements),
        };
        match expansion {
            Expansion::Source(source) => {
                let parse = self.front.parse(source);
                let inner = parse.syntax();
                let nodes = inner.children(parse.root());
                let dropped = dropped || s.has(at.node, SyntaxKind::Semicolon);
                self.front.expansion_depth += 1;
                self.flatten(inner, source, nodes, dropped, collect && done.is_none(), flat);
                self.front.expansion_depth -= 1;
            }
            Expansion::Builtin("thread_local" | "lazy_static") if collect => {
                let items = self.items_module(flat);
                let mut macros = self.macros.clone();
                self.front.collect_nodes(at.source, &[at.node], items, &mut macros, Around::Module);
            }
            Expansion::Builtin(_) | Expansion::Unknown => self.statements.push(plain),
            Expansion::Failed => self.statements.push(Flat::Failed(s.span(at.node))),
        }
    }

    /// Resolves the imports and makes the signatures of a block's items.
    fn settle_block(&mut self, items: ModId) {
        let first = items.0 as usize;
        self.front.settle_items();
        self.front.settle_traits(first);
        let traits = self.front.hir.modules[items].traits_in_scope.clone();
        if !self.has_block_module {
            self.has_block_module = true;
            self.body.module = items;
            return;
        }
        let all = &mut self.front.hir.modules[self.body.module].traits_in_scope;
        all.extend(traits);
        all.sort_unstable();
        all.dedup();
    }

    /// Lowers the statements from `first` on.
    fn lower_flat(&mut self, first: usize, scope: Option<ScopeId>) -> Block {
        let end = self.statements.len();
        let tail = self.tail_of(first);
        let stmts = Vec::with_capacity(end - first - tail.is_some() as usize);
        let mut block = Block { scope, stmts, ..Block::default() };
        for i in first..end {
            match self.statements[i] {
                Flat::Macro(id) => {
                    self.ribs.push(Rib::Macro(id));
                    self.open_locals();
                }
                Flat::Failed(span) => {
                    let error = self.error(span);
                    if Some(i) == tail {
                        block.tail = Some(error);
                    } else {
                        block.stmts.push(Stmt::Expr(error));
                    }
                }
                Flat::Stmt { at, depth, .. } => {
                    let parse = self.front.parse(at.source);
                    let source = std::mem::replace(&mut self.source, at.source);
                    let outer = std::mem::replace(&mut self.front.expansion_depth, depth);
                    self.statement(parse.syntax(), at.node, Some(i) == tail, &mut block);
                    self.front.expansion_depth = outer;
                    self.source = source;
                }
            }
        }
        block
    }

    /// The statement that is the value of the block, if the last one is.
    fn tail_of(&self, first: usize) -> Option<usize> {
        let last = first + self.statements[first..].iter().rposition(|f| !matches!(f, Flat::Macro(_)))?;
        let is_value = match self.statements[last] {
            Flat::Stmt { at, dropped, .. } => {
                let parse = self.front.parse(at.source);
                let s = parse.syntax();
                !dropped && s.kind(at.node) == SyntaxKind::ExprStmt && !s.has(at.node, SyntaxKind::Semicolon)
            }
            Flat::Failed(_) => true,
            Flat::Macro(_) => false,
        };
        is_value.then_some(last)
    }

    fn statement(&mut self, s: Syntax<'_>, node: NodeId, is_tail: bool, block: &mut Block) {
        if s.kind(node) == SyntaxKind::LetStmt {
            self.let_statement(s, node, block);
            return;
        }
        let Some(expr) = s.children(node).find(|&c| s.kind(c) != SyntaxKind::Attr) else { return };
        let value = self.expr(s, expr);
        if is_tail {
            block.tail = Some(value);
        } else {
            block.stmts.push(Stmt::Expr(value));
        }
    }

    fn let_statement(&mut self, s: Syntax<'_>, node: NodeId, block: &mut Block) {
        let attrs = self.front.attrs_of(s, node);
        if !self.front.is_configured(&attrs, self.module) {
            return;
        }
        self.front.check_attrs(&attrs, crate::hir::attributes::Place::Statement, self.module);
        self.front.note_lints(&attrs, s.span(node));
        let skip = |k: SyntaxKind| matches!(k, SyntaxKind::Attr | SyntaxKind::InnerAttr | SyntaxKind::Visibility);
        let mut rest = s.children(node).filter(|&c| !skip(s.kind(c))).peekable();
        let Some(pattern) = rest.next() else { return };
        let ty = rest.next_if(|_| s.has(node, SyntaxKind::Colon)).map(|t| self.ty(s, t));
        let init = rest.next_if(|_| s.has(node, SyntaxKind::Equals)).map(|e| self.expr(s, e));
        let otherwise = rest.next().filter(|&b| s.kind(b) == SyntaxKind::Block).map(|b| self.block(s, b, None));
        let pat = self.binding_pattern(s, pattern);
        block.stmts.push(Stmt::Let { pat, ty, init, otherwise, span: s.span(node) });
    }
}
