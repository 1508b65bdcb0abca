//! The typed tree to control-flow graphs.
//!
//! [`build`] makes the graph of a body and of every closure in it. Evaluation order, the scopes of temporary values, drops and
//! the ways of panics become explicit here; what is moved, borrowed and initialised where is left for the stages after.
//!
//! How an expression is evaluated depends on what its context needs: a place ([`place`]), an operand or a right-hand side
//! ([`value`]), or a destination to fill ([`into`]). Patterns become decision trees in [`matches`]; [`scope`] keeps what is to be
//! dropped; [`finish`] resolves captured variables and removes blocks that nothing reaches.
//!
//! # What the library provides
//! Functions found by `#[lang = ".."]`; `F` is the formatter that `fmt_new` gives.
//!
//! | Name | Signature | Called for |
//! |---|---|---|
//! | `fmt_new` | `fn() -> F` | start of each formatting expression, after its arguments are evaluated |
//! | `fmt_text` | `fn(&mut F, str)` | literal text |
//! | `fmt_spec` | `fn(&mut F, fill: char, flags: u32, width: usize, precision: usize)` | before a value with a specification, see [`format`] |
//! | `fmt_string` | `fn(F) -> String` | end of `format!` and f-strings |
//! | `fmt_print` | `fn(F, newline: bool, stderr: bool)` | end of `print!` and its kin |
//! | `fmt_write` | `fn<W>(&mut W, F) -> R` | end of `write!`, unless inference chose a method; R is the type of the macro |
//! | `fmt_panic` | `fn(F) -> !` | end of `panic!` |
//!
//! Operations of tasks, channels and actors are listed in [`concurrency`].

mod call;
mod concurrency;
mod control;
mod finish;
mod format;
mod handle;
mod into;
mod matches;
mod pattern;
mod place;
mod scope;
mod value;

use molt_base::hash::FastMap;

use molt_base::{Arena, Span};

use super::queries::Queries;
use super::{Bb, Block, Constant, Mir, MirOwner, Operand, Place, Rvalue, Slot, SlotDecl, Stmt, StmtKind, Terminator};
use crate::check::typed::{Adjust, ClosureForm, FnTrait, TypedBody};
use crate::hir::{Body, ExprId, Hir, LocalId, Mutability, Pat, PatId};
use crate::ty::{ClosureId, Ty, TyKind, Types};
pub use finish::{capture_field_ty, compact};
use scope::{Scopes, Target};
pub use value::captured_by_value;

/// Graphs of one body: its own, then those of its closures, inner ones before the one that contains them.
#[derive(Debug)]
pub struct Built {
    pub mir: Mir,
    pub closures: Vec<Mir>,
}

/// Makes the graphs of a body whose inference found no error, and whose closures have their captures.
pub fn build(q: Queries<'_>, body: &Body, typed: &TypedBody) -> Built {
    let mut closures = Vec::new();
    let mut b = Builder::new(q, body, typed, &mut closures, MirOwner::Body(body.owner), typed.ret);
    if let crate::hir::BodyOwner::ParamDefault(..) = body.owner {
        b.default_body();
        let mir = b.finish();
        return Built { mir, closures };
    }
    b.fn_body();
    let mir = b.finish();
    Built { mir, closures }
}

/// Offset of the slots that stand for captured variables until [`finish`] resolves them.
const UPVAR_BASE: u32 = 1 << 30;

/// Room for so many slots and blocks from the start: most graphs need no more.
const USUAL: usize = 16;

/// An expression with the first `steps` of its adjustments applied.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct View {
    expr: ExprId,
    steps: u32,
}

struct Builder<'a> {
    q: Queries<'a>,
    hir: &'a Hir,
    types: &'a Types,
    body: &'a Body,
    typed: &'a TypedBody,
    /// Where finished graphs of closures go.
    done: &'a mut Vec<Mir>,
    mir: Mir,
    cur: Bb,
    /// The current block holds a statement that may panic.
    may_panic: bool,
    /// The current block moved or initialised a value that needs dropping.
    moved: bool,
    scopes: Scopes,
    /// Scope in which temporary values are dropped.
    temp_scope: usize,
    /// Operands of extended `&` in `let` initialisers, with the scope their values live in.
    extended: Vec<(ExprId, usize)>,
    /// Where each variable is; `None` for those of an enclosing body, or before their declaration.
    places: Vec<Option<Place>>,
    targets: Vec<Target>,
    return_block: Bb,
    drop_cache: FastMap<Ty, bool>,
    /// A slot of type `()` that nobody reads.
    discard: Option<Slot>,
}

impl<'a> Builder<'a> {
    fn new(
        q: Queries<'a>,
        body: &'a Body,
        typed: &'a TypedBody,
        done: &'a mut Vec<Mir>,
        owner: MirOwner,
        ret: Ty,
    ) -> Builder<'a> {
        let (slots, blocks) = (Arena::with_capacity(USUAL), Arena::with_capacity(USUAL));
        let mut mir = Mir { owner, slots, param_count: 0, blocks, span: body.span };
        mir.slots.push(SlotDecl { ty: ret, span: body.span, local: None, mutable: true, promoted: false });
        let cur = mir.blocks.push(Block::default());
        let return_block = mir.blocks.push(Block::default());
        mir.blocks[return_block].end = Some(Terminator::Return);
        Builder {
            q,
            hir: q.hir(),
            types: q.types(),
            body,
            typed,
            done,
            mir,
            cur,
            may_panic: false,
            moved: false,
            scopes: Scopes::default(),
            temp_scope: 0,
            extended: Vec::new(),
            places: vec![None; body.locals.len()],
            targets: Vec::new(),
            return_block,
            drop_cache: FastMap::default(),
            discard: None,
        }
    }

    fn ret_ty(&self) -> Ty {
        self.mir.slots[Mir::RESULT].ty
    }

    /// Parameters, then the value.
    fn fn_body(&mut self) {
        let params = self.param_patterns();
        let value = self.body.value;
        self.whole_body(&params, None, value);
    }

    /// The default of a parameter sees the parameters before it by reference.
    fn default_body(&mut self) {
        let params = self.param_patterns();
        let value = self.body.value;
        let span = self.span(value);
        self.push_scope(end_of(span));
        for &(pat, ty) in &params {
            let reference = self.types.reference(Mutability::Shared, ty);
            let slot = self.new_slot(reference, span);
            let local = pat.map_or(self.body.self_local, |p| self.plain_binding(p));
            if let Some(local) = local {
                let place = Place::local(slot);
                let place = if reference == ty { place } else { place.with(super::Elem::Deref) };
                self.places[local.0 as usize] = Some(place);
            }
        }
        self.mir.param_count = params.len() as u32;
        self.terminating(value, |b| b.into(&Place::local(Mir::RESULT), b.full(value)));
        self.pop_scope();
        let ret = self.return_block;
        self.goto(ret, end_of(span));
    }

    /// `self` first, as `None`.
    fn param_patterns(&self) -> Vec<(Option<PatId>, Ty)> {
        let pats = self.body.self_local.map(|_| None).into_iter().chain(self.body.params.iter().map(|p| Some(p.0)));
        pats.zip(self.typed.params.iter().copied()).collect()
    }

    fn whole_body(&mut self, params: &[(Option<PatId>, Ty)], env: Option<Ty>, value: ExprId) {
        let span = self.body.expr_span(value);
        self.push_scope(end_of(span));
        if let Some(ty) = env {
            let slot = self.new_slot(ty, self.body.expr_span(value));
            self.schedule_value(slot, ty);
        }
        let first = self.mir.slots.len() as u32;
        for &(pat, ty) in params {
            let span = pat.map_or(self.body.span, |p| self.body.pat_span(p));
            self.new_slot(ty, span);
        }
        self.mir.param_count = self.mir.slots.len() as u32 - 1;
        for (n, &(pat, ty)) in params.iter().enumerate() {
            self.bind_param(Slot(first + n as u32), pat, ty);
        }
        self.terminating(value, |b| b.into(&Place::local(Mir::RESULT), b.full(value)));
        self.pop_scope();
        let ret = self.return_block;
        self.goto(ret, end_of(span));
    }

    fn bind_param(&mut self, slot: Slot, pat: Option<PatId>, ty: Ty) {
        let local = match pat {
            None => self.body.self_local,
            Some(p) => self.plain_binding(p),
        };
        self.schedule_value(slot, ty);
        match (local, pat) {
            (Some(local), _) => {
                self.claim(slot, local);
            }
            (None, Some(pat)) => {
                let scope = self.scopes.innermost();
                self.declare_bindings(pat, scope, false);
                self.bind_irrefutable(pat, Place::local(slot));
                self.schedule_bindings(pat, scope);
            }
            (None, None) => {}
        }
    }

    /// Makes the slot that of a variable.
    fn claim(&mut self, slot: Slot, local: LocalId) {
        let decl = &self.body.locals[local];
        let slot_decl = &mut self.mir.slots[slot];
        slot_decl.local = Some(local);
        slot_decl.mutable = decl.mutable;
        slot_decl.span = decl.span;
        self.places[local.0 as usize] = Some(Place::local(slot));
    }

    /// The variable of a pattern that only binds by value.
    fn plain_binding(&self, pat: PatId) -> Option<LocalId> {
        match self.body.pats[pat] {
            Pat::Bind { local, sub: None, .. }
                if !self.typed.bind_mode.contains_key(&pat) && !self.typed.pat_derefs.contains_key(&pat) =>
            {
                Some(local)
            }
            _ => None,
        }
    }

    /// Builds the graph of a closure's body, once.
    fn closure_body(&mut self, id: ClosureId) {
        let owner = MirOwner::Closure(id);
        if self.done.iter().any(|m| m.owner == owner) {
            return;
        }
        let data = self.q.closure(id);
        let own = self.closure_ty(id);
        let mut inner = Builder::new(self.q, self.body, self.typed, self.done, owner, data.ret);
        inner.mir.span = self.body.expr_span(data.expr);
        match data.form {
            ClosureForm::Closure => {
                let crate::hir::Expr::Closure(closure) = &self.body.exprs[data.expr] else {
                    unreachable!("the checker made the closure from a closure expression")
                };
                let params: Vec<_> =
                    closure.params.iter().zip(&data.params).map(|(&(pat, _), &ty)| (Some(pat), ty)).collect();
                let env = match data.kind {
                    FnTrait::FnOnce => own,
                    FnTrait::FnMut => self.types.reference(Mutability::Mut, own),
                    FnTrait::Fn => self.types.reference(Mutability::Shared, own),
                };
                inner.whole_body(&params, Some(env), closure.body);
            }
            ClosureForm::Async | ClosureForm::Task => {
                let body = match self.body.exprs[data.expr] {
                    crate::hir::Expr::Async { body, .. } | crate::hir::Expr::SpawnTask { body } => body,
                    _ => data.expr,
                };
                inner.whole_body(&[], Some(own), body);
            }
        }
        let mir = inner.finish();
        self.done.push(mir);
    }

    /// The type of a closure in its own owner: with the owner's parameters as arguments.
    fn closure_ty(&self, id: ClosureId) -> Ty {
        let args = self.identity_args();
        match self.q.closure(id).form {
            ClosureForm::Closure | ClosureForm::Task => self.types.mk(TyKind::Closure(id, args)),
            ClosureForm::Async => self.types.mk(TyKind::Future(id, args)),
        }
    }

    /// Arguments of a closure type found in `ty`, the type of an expression that makes it.
    fn closure_args(&self, ty: Ty) -> crate::ty::Args {
        match self.types.kind(ty) {
            TyKind::Closure(_, args) | TyKind::Future(_, args) => args,
            _ => self.identity_args(),
        }
    }

    /// The parameters of the owner as arguments.
    fn identity_args(&self) -> crate::ty::Args {
        match self.q.c.generics_owner(self.body.owner) {
            Some(owner) => self.types.erase_args(self.q.c.identity_args(owner)),
            None => crate::ty::Args::EMPTY,
        }
    }

    fn full(&self, expr: ExprId) -> View {
        View { expr, steps: self.typed.adjustments(expr).len() as u32 }
    }

    /// The last step of a view and what it applies to.
    fn last_step(&self, view: View) -> Option<(Adjust, View)> {
        let at = view.steps.checked_sub(1)?;
        Some((self.typed.adjustments(view.expr)[at as usize], View { steps: at, ..view }))
    }

    fn view_ty(&self, view: View) -> Ty {
        self.last_step(view).map_or(self.typed.expr(view.expr), |(step, _)| step.to)
    }

    fn span(&self, expr: ExprId) -> Span {
        self.body.expr_span(expr)
    }

    fn needs_drop(&mut self, ty: Ty) -> bool {
        let q = self.q;
        // Only where the answer takes a search it is worth a place in the table.
        match self.types.kind(ty) {
            TyKind::Bool | TyKind::Int(_) | TyKind::Float(_) | TyKind::Str(_) | TyKind::Ref(..) => return false,
            _ if ty == Ty::UNIT => return false,
            _ => {}
        }
        *self.drop_cache.entry(ty).or_insert_with(|| q.needs_drop(ty))
    }

    fn new_slot(&mut self, ty: Ty, span: Span) -> Slot {
        self.mir.slots.push(SlotDecl { ty, span, local: None, mutable: true, promoted: false })
    }

    fn discard(&mut self) -> Place {
        let span = self.body.span;
        let slot = match self.discard {
            Some(slot) => slot,
            None => self.new_slot(Ty::UNIT, span),
        };
        self.discard = Some(slot);
        Place::local(slot)
    }

    /// Reads a place for good: a copy where the type allows it, else a move.
    fn consume(&self, place: Place, ty: Ty) -> Operand {
        if self.q.is_copy(ty) { Operand::Copy(place) } else { Operand::Move(place) }
    }

    fn new_block(&mut self) -> Bb {
        self.mir.blocks.push(Block::default())
    }

    /// Continues in an empty block.
    fn enter(&mut self, bb: Bb) {
        debug_assert!(self.mir.blocks[bb].end.is_none(), "{bb} is finished");
        self.cur = bb;
        self.may_panic = false;
        self.moved = false;
    }

    fn push(&mut self, kind: StmtKind, span: Span) {
        let cur = self.cur;
        self.mir.blocks[cur].stmts.push(Stmt { kind, span });
    }

    /// Adds a statement that may panic, in a block of its own where the way of the panic demands it.
    fn push_panicking(&mut self, kind: StmtKind, span: Span) {
        let unwind = self.unwind_target();
        let other_way = self.may_panic && self.mir.blocks[self.cur].unwind != unwind;
        if other_way || (unwind.is_some() && self.moved) {
            self.split(span);
        }
        let cur = self.cur;
        self.mir.blocks[cur].unwind = unwind;
        self.may_panic = true;
        self.push(kind, span);
    }

    fn split(&mut self, span: Span) {
        let next = self.new_block();
        self.goto(next, span);
        self.enter(next);
    }

    fn assign(&mut self, place: Place, value: Rvalue, span: Span) {
        if self.discard == Some(place.slot) {
            return;
        }
        self.moved |= self.moves_droppable(&place, &value);
        self.push(StmtKind::Assign(place, value), span);
    }

    /// An assignment whose right side may panic.
    fn assign_panicking(&mut self, place: Place, value: Rvalue, span: Span) {
        self.push_panicking(StmtKind::Assign(place, value), span);
    }

    fn moves_droppable(&mut self, place: &Place, value: &Rvalue) -> bool {
        if !self.scopes.has_values() {
            return false;
        }
        let moves = |o: &Operand| matches!(o, Operand::Move(_));
        let moves = match value {
            Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) => moves(o),
            Rvalue::Aggregate(_, parts) => parts.iter().any(moves),
            _ => false,
        };
        moves
            || (place.slot.0 < UPVAR_BASE && {
                let ty = self.mir.slots[place.slot].ty;
                self.needs_drop(ty)
            })
    }

    fn assign_const(&mut self, place: &Place, value: Constant, span: Span) {
        self.assign(place.clone(), Rvalue::Use(Operand::Const(value)), span);
    }

    /// Ends the current block.
    fn end(&mut self, end: Terminator, span: Span) {
        let block = &mut self.mir.blocks[self.cur];
        debug_assert!(block.end.is_none(), "{} is finished", self.cur);
        block.end = Some(end);
        block.end_span = Some(span);
    }

    fn goto(&mut self, target: Bb, span: Span) {
        self.end(Terminator::Goto(target), span);
    }

    /// Ends the current block with something that may panic.
    fn end_panicking(&mut self, end: Terminator, span: Span) {
        let unwind = self.unwind_target();
        if self.may_panic && (unwind.is_some() || self.mir.blocks[self.cur].unwind.is_some()) {
            self.split(span);
        }
        let cur = self.cur;
        self.mir.blocks[cur].unwind = unwind;
        self.end(end, span);
    }

    /// Continues where no control flow arrives: after `return` and the like.
    fn diverge(&mut self) {
        let next = self.new_block();
        self.enter(next);
    }

    /// Drops and moves the result out.
    fn finish(self) -> Mir {
        finish::finish(self)
    }
}

/// Where a scope ends, as diagnostics show it: the last character.
fn end_of(span: Span) -> Span {
    Span { start: span.end.saturating_sub(1).max(span.start), ..span }
}
