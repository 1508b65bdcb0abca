//! Drop elaboration: each `Drop` terminator becomes exact.
//!
//! The builder drops every value at the end of its scope, initialised or not. Dataflow over move paths tells which case it is:
//! - never initialised there: the drop goes;
//! - always: it stays;
//! - sometimes: it is guarded by a *flag*, a slot of type `bool` that is set where the value is initialised and cleared
//!   where it is moved;
//! - parts were moved out: the other parts are dropped one by one (an *open* drop); of an enum, those of the variant it has.
//!
//! Needs a built graph. Establishes: a value dropped by a `Drop` is initialised as a whole, and no value is left undropped
//! that a scope end was to drop. Ways of panics are treated alike.

use molt_base::hash::FastMap;

use molt_base::Span;

use super::moves::{Found, Initialised, MovePaths, PathIx, State, end_moves, step};
use super::queries::Queries;
use super::{
    Bb, Block, Builtin, Callee, Constant, Elem, Mir, Operand, Place, Rvalue, Slot, SlotDecl, Stmt, StmtKind, Terminator,
};
use crate::hir::AdtKind;
use crate::ty::{Ty, TyKind};

/// Makes all drops of a graph exact.
pub fn elaborate_drops(q: Queries<'_>, mir: &mut Mir) {
    if !mir.blocks.iter().any(|(_, b)| matches!(b.terminator(), Terminator::Drop { .. })) {
        return;
    }
    let mut dropped = vec![false; mir.slots.len()];
    for (_, block) in mir.blocks.iter() {
        if let Terminator::Drop { place, .. } = block.terminator() {
            dropped[place.slot.0 as usize] = true;
        }
    }
    let paths = MovePaths::new(q, mir, |slot| dropped[slot.0 as usize]);
    let states = Initialised::new(q, mir, &paths, true);
    let mut work = Elaborator { q, paths, flags: FastMap::default(), mir, span: None };
    let blocks: Vec<Bb> = work.mir.blocks.ids().collect();
    for &bb in &blocks {
        if states.is_reached(bb) {
            work.drop_terminator(bb, &states);
        }
    }
    if !work.flags.is_empty() {
        for &bb in &blocks {
            work.keep_flags(bb);
        }
        work.clear_flags();
    }
    super::build::compact(work.mir);
}

struct Elaborator<'a, 'm> {
    q: Queries<'a>,
    paths: MovePaths,
    flags: FastMap<PathIx, Slot>,
    mir: &'m mut Mir,
    span: Option<Span>,
}

/// Ways on from a drop.
#[derive(Clone, Copy)]
struct Ways {
    target: Bb,
    unwind: Option<Bb>,
    cleanup: bool,
}

impl Elaborator<'_, '_> {
    fn drop_terminator(&mut self, bb: Bb, states: &Initialised) {
        let block = &self.mir.blocks[bb];
        let Terminator::Drop { place, target, replace } = block.terminator() else { return };
        let (place, target, replace) = (place.clone(), *target, *replace);
        let ways = Ways { target, unwind: block.unwind, cleanup: block.cleanup };
        self.span = block.end_span;
        let Found::Exact(path) = self.paths.find(self.q, &place) else {
            // Behind a reference, or a part that is never moved by itself: it is there if its owner is.
            return;
        };
        let mut state = states.at(bb);
        for stmt in &self.mir.blocks[bb].stmts {
            step(self.q, &self.paths, &mut state, &stmt.kind);
        }
        let first = self.open(path, &state, ways);
        if first == Some(bb) {
            return;
        }
        let end = match first {
            None => Terminator::Goto(target),
            Some(first) => self.only_drop(first, &place, replace).unwrap_or(Terminator::Goto(first)),
        };
        let block = &mut self.mir.blocks[bb];
        if !matches!(end, Terminator::Drop { .. }) && !block.has_panicking_statement() {
            block.unwind = None;
        }
        block.end = Some(end);
    }

    /// A block that only drops the whole place is put back into the block it came from.
    fn only_drop(&self, first: Bb, place: &Place, replace: bool) -> Option<Terminator> {
        let block = &self.mir.blocks[first];
        match &block.end {
            Some(Terminator::Drop { place: p, target, .. }) if p == place && block.stmts.is_empty() => {
                Some(Terminator::Drop { place: place.clone(), target: *target, replace })
            }
            _ => None,
        }
    }

    /// Blocks that drop what is left of a path; `None` if nothing is.
    fn open(&mut self, path: PathIx, state: &State, ways: Ways) -> Option<Bb> {
        let (mut any, mut all) = (false, true);
        self.paths.each_in(path, &mut |p| {
            any |= state.may_be_init(p);
            all &= !state.may_be_uninit(p);
        });
        if !any || !self.q.needs_drop(self.paths.paths[path as usize].ty) {
            return None;
        }
        let place = self.paths.place(path);
        if all {
            return Some(self.drop_block(place, ways));
        }
        if self.paths.paths[path as usize].children.is_empty() {
            let drop = self.drop_block(place, ways);
            return Some(self.flag_test(path, drop, ways));
        }
        self.open_parts(path, place, state, ways)
    }

    /// Guards a drop by the path's flag.
    fn flag_test(&mut self, path: PathIx, drop: Bb, ways: Ways) -> Bb {
        self.clear_flag(path, drop);
        self.guard(path, drop, ways)
    }

    /// In a loop the same drop may be reached again before the value is made anew.
    fn clear_flag(&mut self, path: PathIx, drop: Bb) {
        let flag = self.flag(path);
        let span = self.span.unwrap_or(self.mir.span);
        self.mir.blocks[drop].stmts.insert(0, flag_stmt(flag, false, span));
    }

    fn guard(&mut self, path: PathIx, drop: Bb, ways: Ways) -> Bb {
        let flag = self.flag(path);
        let value = Operand::Copy(Place::local(flag));
        let end = Terminator::Switch { value, targets: vec![(0, ways.target)], otherwise: drop };
        self.block(end, ways, false)
    }

    fn flag(&mut self, path: PathIx) -> Slot {
        if let Some(&slot) = self.flags.get(&path) {
            return slot;
        }
        let slot = self.mir.slots.push(SlotDecl {
            ty: Ty::BOOL,
            span: self.mir.span,
            local: None,
            mutable: true,
            promoted: false,
        });
        self.flags.insert(path, slot);
        slot
    }

    fn block(&mut self, end: Terminator, ways: Ways, panics: bool) -> Bb {
        self.mir.blocks.push(Block {
            stmts: Vec::new(),
            end: Some(end),
            end_span: self.span,
            unwind: if panics { ways.unwind } else { None },
            cleanup: ways.cleanup,
        })
    }

    fn drop_block(&mut self, place: Place, ways: Ways) -> Bb {
        self.block(Terminator::Drop { place, target: ways.target, replace: false }, ways, true)
    }

    /// Drops the parts of a value of which some were moved.
    fn open_parts(&mut self, path: PathIx, place: Place, state: &State, ways: Ways) -> Option<Bb> {
        let ty = self.paths.paths[path as usize].ty;
        let types = self.q.types();
        match types.kind(ty) {
            TyKind::Adt(adt, _) if self.q.c.boxed(ty).is_some() => {
                debug_assert_eq!(self.q.hir().lang_adt("Box"), Some(adt));
                self.open_box(path, place, state, ways)
            }
            // Nothing moves out of a value with a `Drop` of its own: it is there or not as a whole.
            TyKind::Adt(adt, _) if self.q.c.drop_impl(adt).is_some() => {
                let drop = self.drop_block(place, ways);
                Some(self.flag_test(path, drop, ways))
            }
            TyKind::Adt(adt, args) => {
                if self.q.hir().adts[adt].kind == AdtKind::Enum {
                    return self.open_enum(path, &place, state, ways);
                }
                let count = self.q.hir().adts[adt].variants[0].fields.len() as u32;
                let fields = (0..count).map(|n| self.q.field_ty(adt, 0, n, args)).collect();
                self.ladder(path, path, &place, fields, state, ways)
            }
            TyKind::Tuple(parts) => {
                let fields = types.ty_elems(parts).collect();
                self.ladder(path, path, &place, fields, state, ways)
            }
            TyKind::Closure(id, _) | TyKind::Future(id, _) => {
                let data = self.q.closure(id);
                let fields = (0..data.captures.len()).map(|n| super::build::capture_field_ty(types, data, n)).collect();
                self.ladder(path, path, &place, fields, state, ways)
            }
            TyKind::Array(elem, len) => self.open_array(path, &place, elem, len, state, ways),
            _ => {
                let drop = self.drop_block(place, ways);
                Some(self.flag_test(path, drop, ways))
            }
        }
    }

    /// Drops the fields that are left, in order. `rest` is the path whose bit speaks of the fields without one.
    fn ladder(
        &mut self,
        path: PathIx,
        rest: PathIx,
        place: &Place,
        fields: Vec<Ty>,
        state: &State,
        ways: Ways,
    ) -> Option<Bb> {
        let elems = fields.into_iter().enumerate().map(|(n, ty)| (Elem::Field(n as u32, ty), ty)).collect();
        self.parts_ladder(path, rest, place, elems, state, ways)
    }

    fn parts_ladder(
        &mut self,
        path: PathIx,
        rest: PathIx,
        place: &Place,
        parts: Vec<(Elem, Ty)>,
        state: &State,
        ways: Ways,
    ) -> Option<Bb> {
        let mut ways = ways;
        let mut first = None;
        let shares_flag = state.may_be_init(rest) && state.may_be_uninit(rest);
        if shares_flag
            && parts.iter().any(|&(elem, ty)| self.q.needs_drop(ty) && self.paths.child(path, elem).is_none())
        {
            // One flag speaks of all parts without a path: it falls when the last one is dropped.
            ways.target = self.block(Terminator::Goto(ways.target), ways, false);
            self.clear_flag(rest, ways.target);
        }
        for (elem, ty) in parts.into_iter().rev() {
            if !self.q.needs_drop(ty) {
                continue;
            }
            // A panic in one part still drops those after it, which are on the way of panics only.
            let found = match self.paths.child(path, elem) {
                Some(child) => self.open(child, state, ways),
                None => self.rest_part(rest, place.with(elem), state, ways),
            };
            if let Some(bb) = found {
                first = Some(bb);
                ways.target = bb;
            }
        }
        first
    }

    /// Drops a part that is never moved by itself.
    fn rest_part(&mut self, rest: PathIx, place: Place, state: &State, ways: Ways) -> Option<Bb> {
        if !state.may_be_init(rest) {
            return None;
        }
        let drop = self.drop_block(place, ways);
        Some(if state.may_be_uninit(rest) { self.guard(rest, drop, ways) } else { drop })
    }

    /// The content if it is left, then the box.
    fn open_box(&mut self, path: PathIx, place: Place, state: &State, ways: Ways) -> Option<Bb> {
        if !state.may_be_init(path) {
            return None;
        }
        let content = self.q.c.boxed(self.paths.paths[path as usize].ty).unwrap_or(Ty::ERROR);
        let dest = self.mir.slots.push(SlotDecl {
            ty: Ty::UNIT,
            span: self.mir.span,
            local: None,
            mutable: true,
            promoted: false,
        });
        let args = self.q.types().ty_list(&[content]);
        let free = Terminator::Call {
            func: Callee::Builtin(Builtin::BoxFree, args),
            args: vec![Operand::Move(place.clone())],
            dest: Place::local(dest),
            target: Some(ways.target),
        };
        let free = self.block(free, ways, false);
        let inner = self.paths.child(path, Elem::Deref);
        let first = match inner {
            Some(child) => self.open(child, state, Ways { target: free, ..ways }).unwrap_or(free),
            None => free,
        };
        Some(if state.may_be_uninit(path) { self.flag_test(path, first, ways) } else { first })
    }

    fn open_enum(&mut self, path: PathIx, place: &Place, state: &State, ways: Ways) -> Option<Bb> {
        let ty = self.paths.paths[path as usize].ty;
        let TyKind::Adt(adt, args) = self.q.types().kind(ty) else { return None };
        let count = self.q.hir().adts[adt].variants.len() as u32;
        let mut targets = Vec::new();
        for v in 0..count {
            let fields: Vec<Ty> = (0..self.q.hir().adts[adt].variants[v as usize].fields.len() as u32)
                .map(|n| self.q.field_ty(adt, v, n, args))
                .collect();
            let inner = match self.paths.child(path, Elem::Variant(v)) {
                Some(child) => self.ladder(child, path, &place.with(Elem::Variant(v)), fields, state, ways),
                None if fields.iter().any(|&t| self.q.needs_drop(t)) && state.may_be_init(path) => {
                    Some(self.drop_block(place.clone(), ways))
                }
                None => None,
            };
            if let Some(bb) = inner {
                targets.push((i128::from(v), bb));
            }
        }
        if targets.is_empty() || !state.may_be_init(path) {
            return None;
        }
        let span = self.span.unwrap_or(self.mir.span);
        let tag = self.mir.slots.push(SlotDecl { ty: Ty::ISIZE, span, local: None, mutable: true, promoted: false });
        let value = Operand::Move(Place::local(tag));
        let test = self.block(Terminator::Switch { value, targets, otherwise: ways.target }, ways, false);
        let read = StmtKind::Assign(Place::local(tag), Rvalue::Variant(place.clone()));
        self.mir.blocks[test].stmts.push(Stmt { kind: read, span });
        Some(if state.may_be_uninit(path) { self.flag_test(path, test, ways) } else { test })
    }

    /// Elements of an array that a pattern took apart.
    fn open_array(
        &mut self,
        path: PathIx,
        place: &Place,
        elem: Ty,
        len: crate::ty::Const,
        state: &State,
        ways: Ways,
    ) -> Option<Bb> {
        let count = match self.q.types().const_kind(self.q.c.evaluated(len)) {
            crate::ty::ConstKind::Value(n) => u32::try_from(n).unwrap_or(0),
            _ => 0,
        };
        let mut ways = ways;
        let mut first = None;
        let parts = self.paths.paths[path as usize].children.clone();
        let slices =
            parts.into_iter().filter(|&c| matches!(self.paths.paths[c as usize].elem, Some(Elem::Subslice { .. })));
        for shared in slices.chain([path]).collect::<Vec<_>>() {
            if state.may_be_init(shared) && state.may_be_uninit(shared) {
                ways.target = self.block(Terminator::Goto(ways.target), ways, false);
                self.clear_flag(shared, ways.target);
            }
        }
        for n in (0..count).rev() {
            let from_start = Elem::ConstIndex { offset: n, from_end: false };
            let from_end = Elem::ConstIndex { offset: count - n, from_end: true };
            let moved_in_slice = self.paths.paths[path as usize].children.iter().copied().find(|&c| {
                matches!(self.paths.paths[c as usize].elem, Some(Elem::Subslice { from, to }) if from <= n && n < count - to)
            });
            let child = self.paths.child(path, from_start).or_else(|| self.paths.child(path, from_end));
            let found = match (child, moved_in_slice) {
                (Some(child), _) => self.open(child, state, ways),
                (None, Some(slice)) => self.rest_part(slice, place.with(from_start), state, ways),
                (None, None) => self.rest_part(path, place.with(from_start), state, ways),
            };
            if let Some(bb) = found {
                first = Some(bb);
                ways.target = bb;
            }
        }
        debug_assert!(self.q.needs_drop(elem));
        first
    }

    /// Sets and clears flags where a block of the original graph initialises and moves.
    fn keep_flags(&mut self, bb: Bb) {
        let old = std::mem::take(&mut self.mir.blocks[bb].stmts);
        let mut new = Vec::with_capacity(old.len());
        for stmt in old {
            let span = stmt.span;
            let changes = self.flag_changes(|state, e| step(e.q, &e.paths, state, &stmt.kind));
            new.push(stmt);
            new.extend(changes.into_iter().map(|(flag, v)| flag_stmt(flag, v, span)));
        }
        let end = self.mir.blocks[bb].end.clone().expect("the graph is finished");
        let span = self.mir.blocks[bb].end_span.unwrap_or(self.mir.span);
        let moved = self.flag_changes(|state, e| end_moves(e.q, &e.paths, state, &end));
        new.extend(moved.into_iter().map(|(flag, v)| flag_stmt(flag, v, span)));
        self.mir.blocks[bb].stmts = new;
        if let Terminator::Call { dest, target: Some(target), .. } | Terminator::Await { dest, target, .. } = &end {
            let made = self.flag_changes(|state, e| super::moves::mark(e.q, &e.paths, state, dest, true));
            if !made.is_empty() {
                self.on_edge(bb, *target, &made, span);
            }
        }
    }

    /// Flags that an effect sets or clears.
    fn flag_changes(&self, effect: impl FnOnce(&mut State, &Self)) -> Vec<(Slot, bool)> {
        let words = super::bits::words_for(self.paths.paths.len());
        let mut state = State { init: vec![0; words], uninit: vec![0; words] };
        effect(&mut state, self);
        let mut found: Vec<(PathIx, Slot, bool)> = self
            .flags
            .iter()
            .filter_map(|(&path, &slot)| match (state.may_be_init(path), state.may_be_uninit(path)) {
                (true, _) => Some((path, slot, true)),
                (false, true) => Some((path, slot, false)),
                (false, false) => None,
            })
            .collect();
        found.sort_unstable_by_key(|f| f.0);
        found.into_iter().map(|(_, slot, v)| (slot, v)).collect()
    }

    /// Statements on the way from a call to where it returns.
    fn on_edge(&mut self, from: Bb, to: Bb, flags: &[(Slot, bool)], span: Span) {
        let cleanup = self.mir.blocks[from].cleanup;
        let stmts = flags.iter().map(|&(flag, v)| flag_stmt(flag, v, span)).collect();
        let edge = self.mir.blocks.push(Block {
            stmts,
            end: Some(Terminator::Goto(to)),
            end_span: Some(span),
            unwind: None,
            cleanup,
        });
        if let Some(end) = &mut self.mir.blocks[from].end {
            end.successors_mut(|s| *s = edge);
        }
    }

    /// All flags begin as the parameters are: set, others clear.
    fn clear_flags(&mut self) {
        let mut flags: Vec<(PathIx, Slot)> = self.flags.iter().map(|(&p, &s)| (p, s)).collect();
        flags.sort_unstable();
        let param_count = self.mir.param_count;
        let span = self.mir.span;
        let start = flags.into_iter().map(|(path, flag)| {
            let slot = self.paths.paths[path as usize].slot.0;
            flag_stmt(flag, slot >= 1 && slot <= param_count, span)
        });
        let start: Vec<Stmt> = start.collect();
        self.mir.blocks[Mir::ENTRY].stmts.splice(0..0, start);
    }
}

fn flag_stmt(flag: Slot, value: bool, span: Span) -> Stmt {
    let value = Rvalue::Use(Operand::Const(Constant::Bool(value)));
    Stmt { kind: StmtKind::Assign(Place::local(flag), value), span }
}
