//! Move paths: the places whose initialisation is tracked, and what is known about them at each block.
//!
//! A path is a slot or a part of it that is moved, assigned or dropped by itself. The bit of a path with children speaks of
//! the rest of it: to move a field clears the field's bit only. Two sets are computed, what may be initialised and what may
//! be uninitialised; both are unions over the ways that lead to a block.

use super::bits::{self, BitRows};
use super::queries::Queries;
use super::{Bb, Elem, Mir, Operand, Place, Rvalue, Slot, StmtKind, Terminator};
use crate::ty::{Ty, TyKind};

/// Index of a path.
pub type PathIx = u32;

#[derive(Debug)]
pub struct MovePath {
    pub slot: Slot,
    /// The last step; `None` for a slot.
    pub elem: Option<Elem>,
    pub parent: Option<PathIx>,
    pub children: Vec<PathIx>,
    pub ty: Ty,
}

/// Where a place stands among the paths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Exact(PathIx),
    /// The place is a part of this path that is not tracked by itself.
    Inside(PathIx),
    /// Behind a reference or raw pointer: initialised whenever the pointer is.
    Behind(PathIx),
    /// The slot is not tracked.
    Untracked,
}

#[derive(Debug, Default)]
pub struct MovePaths {
    pub paths: Vec<MovePath>,
    /// Path of each slot.
    of_slot: Vec<Option<PathIx>>,
}

impl MovePaths {
    /// Paths of the slots that `tracked` chooses.
    pub fn new(q: Queries<'_>, mir: &Mir, tracked: impl Fn(Slot) -> bool) -> MovePaths {
        let count = mir.slots.len();
        let mut paths = MovePaths { paths: Vec::with_capacity(count), of_slot: vec![None; count] };
        for (slot, decl) in mir.slots.iter() {
            if tracked(slot) {
                let ix = paths.push(MovePath { slot, elem: None, parent: None, children: Vec::new(), ty: decl.ty });
                paths.of_slot[slot.0 as usize] = Some(ix);
            }
        }
        if paths.paths.is_empty() {
            return paths;
        }
        for (_, block) in mir.blocks.iter() {
            for stmt in &block.stmts {
                if let StmtKind::Assign(place, value) = &stmt.kind {
                    moved_operands(value, &mut |p| paths.add(q, p));
                    paths.add_assigned(q, place);
                }
            }
            match block.terminator() {
                Terminator::Call { args, dest, func, .. } => {
                    if let super::Callee::Pointer(Operand::Move(p)) = func {
                        paths.add(q, p);
                    }
                    args.iter().for_each(|a| moved_operand(a, &mut |p| paths.add(q, p)));
                    paths.add_assigned(q, dest);
                }
                Terminator::Await { future, dest, .. } => {
                    moved_operand(future, &mut |p| paths.add(q, p));
                    paths.add_assigned(q, dest);
                }
                Terminator::Drop { place, .. } => paths.add(q, place),
                Terminator::Goto(_)
                | Terminator::Switch { .. }
                | Terminator::Return
                | Terminator::Resume
                | Terminator::Unreachable
                | Terminator::Panic(_) => {}
            }
        }
        paths
    }

    fn push(&mut self, path: MovePath) -> PathIx {
        self.paths.push(path);
        self.paths.len() as PathIx - 1
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub fn slot_path(&self, slot: Slot) -> Option<PathIx> {
        self.of_slot.get(slot.0 as usize).copied().flatten()
    }

    /// An assigned part is tracked by itself too: it can be initialised again after it was moved.
    fn add_assigned(&mut self, q: Queries<'_>, place: &Place) {
        if !place.path.is_empty() {
            self.add(q, place);
        }
    }

    /// Makes paths for a place, as far as values can be moved out of it.
    fn add(&mut self, q: Queries<'_>, place: &Place) {
        let Some(mut at) = self.slot_path(place.slot) else { return };
        for &elem in &place.path {
            if let Some(child) = self.child(at, elem) {
                at = child;
                continue;
            }
            let ty = self.paths[at as usize].ty;
            let Some(inner) = part_ty(q, ty, elem) else { return };
            let new =
                MovePath { slot: place.slot, elem: Some(elem), parent: Some(at), children: Vec::new(), ty: inner };
            let new = self.push(new);
            self.paths[at as usize].children.push(new);
            at = new;
        }
    }

    pub fn child(&self, of: PathIx, elem: Elem) -> Option<PathIx> {
        let children = &self.paths[of as usize].children;
        children.iter().copied().find(|&c| self.paths[c as usize].elem.is_some_and(|e| same_elem(e, elem)))
    }

    pub fn find(&self, q: Queries<'_>, place: &Place) -> Found {
        self.find_part(q, place.slot, &place.path)
    }

    /// [`MovePaths::find`] for a part of a slot.
    pub fn find_part(&self, q: Queries<'_>, slot: Slot, path: &[Elem]) -> Found {
        let Some(mut at) = self.slot_path(slot) else { return Found::Untracked };
        for &elem in path {
            let Some(child) = self.child(at, elem) else {
                let ty = self.paths[at as usize].ty;
                let behind = elem == Elem::Deref && q.c.boxed(ty).is_none();
                return if behind { Found::Behind(at) } else { Found::Inside(at) };
            };
            at = child;
        }
        Found::Exact(at)
    }

    /// Calls `f` with a path and everything in it.
    pub fn each_in(&self, path: PathIx, f: &mut impl FnMut(PathIx)) {
        f(path);
        let children = &self.paths[path as usize].children;
        // Few paths have parts.
        if !children.is_empty() {
            self.each_below(children, f);
        }
    }

    fn each_below(&self, children: &[PathIx], f: &mut impl FnMut(PathIx)) {
        for &child in children {
            f(child);
            self.each_below(&self.paths[child as usize].children, f);
        }
    }

    /// The place that a path stands for.
    pub fn place(&self, path: PathIx) -> Place {
        let data = &self.paths[path as usize];
        match (data.parent, data.elem) {
            (Some(parent), Some(elem)) => self.place(parent).with(elem),
            _ => Place::local(data.slot),
        }
    }
}

/// Type of a part that can be moved out by itself: of a tuple, struct, variant, closure, box or array.
fn part_ty(q: Queries<'_>, ty: Ty, elem: Elem) -> Option<Ty> {
    match elem {
        Elem::Field(_, ty) => Some(ty),
        Elem::Variant(_) => Some(ty),
        Elem::Deref => q.c.boxed(ty),
        Elem::ConstIndex { .. } => match q.types().kind(ty) {
            TyKind::Array(elem, _) => Some(elem),
            _ => None,
        },
        Elem::Subslice { .. } => match q.types().kind(ty) {
            TyKind::Array(..) => Some(ty),
            _ => None,
        },
        Elem::Index(_) => None,
    }
}

fn same_elem(a: Elem, b: Elem) -> bool {
    match (a, b) {
        (Elem::Field(n, _), Elem::Field(m, _)) => n == m,
        _ => a == b,
    }
}

pub(super) fn moved_operand(operand: &Operand, f: &mut impl FnMut(&Place)) {
    if let Operand::Move(place) = operand {
        f(place);
    }
}

/// Calls `f` with each place that a right-hand side moves out of.
pub(super) fn moved_operands(value: &Rvalue, f: &mut impl FnMut(&Place)) {
    match value {
        Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) | Rvalue::Neg(o) | Rvalue::Not(o) => {
            moved_operand(o, f);
        }
        Rvalue::Binary(_, a, b) => {
            moved_operand(a, f);
            moved_operand(b, f);
        }
        Rvalue::Aggregate(_, parts) => parts.iter().for_each(|p| moved_operand(p, f)),
        Rvalue::Ref(..) | Rvalue::RawRef(..) | Rvalue::StaticRef(_) | Rvalue::Len(_) | Rvalue::Variant(_) => {}
    }
}

/// What may be initialised and uninitialised at one point.
#[derive(Clone, Debug)]
pub struct State {
    pub init: bits::Bits,
    pub uninit: bits::Bits,
}

impl State {
    pub fn may_be_init(&self, path: PathIx) -> bool {
        bits::get(&self.init, path as usize)
    }
    pub fn may_be_uninit(&self, path: PathIx) -> bool {
        bits::get(&self.uninit, path as usize)
    }
}

/// State at the start of each block.
#[derive(Debug)]
pub struct Initialised {
    init: BitRows,
    uninit: BitRows,
    reached: Vec<bool>,
}

impl Initialised {
    /// Solves for all blocks; parameters are initialised at the start. With `by_variant` the fields of a variant count as
    /// uninitialised where a test has shown the value to be of another one.
    pub fn new(q: Queries<'_>, mir: &Mir, paths: &MovePaths, by_variant: bool) -> Initialised {
        let count = paths.paths.len();
        let blocks = mir.blocks.len();
        let mut all = Initialised {
            init: BitRows::new(blocks, count),
            uninit: BitRows::new(blocks, count),
            reached: vec![false; blocks],
        };
        let mut start = State { init: vec![0; bits::words_for(count)], uninit: vec![0; bits::words_for(count)] };
        for (slot, _) in mir.slots.iter() {
            if let Some(path) = paths.slot_path(slot) {
                let is_param = slot.0 >= 1 && slot.0 <= mir.param_count;
                paths.each_in(path, &mut |p| set_init(&mut start, p, is_param));
            }
        }
        let mut todo = vec![Mir::ENTRY];
        all.join(Mir::ENTRY, &start);
        let mut queued = vec![false; blocks];
        let mut state = start;
        while let Some(bb) = todo.pop() {
            queued[bb.0 as usize] = false;
            let mut push = |all: &mut Initialised, to: Bb, state: &State| {
                if all.join(to, state) && !queued[to.0 as usize] {
                    queued[to.0 as usize] = true;
                    todo.push(to);
                }
            };
            all.enter(bb, &mut state);
            flow(q, mir, paths, bb, &mut state, by_variant, &mut |to, state| push(&mut all, to, state));
        }
        all
    }

    fn join(&mut self, bb: Bb, state: &State) -> bool {
        let row = bb.0 as usize;
        let first = !std::mem::replace(&mut self.reached[row], true);
        let a = self.init.union_bits(row, &state.init);
        let b = self.uninit.union_bits(row, &state.uninit);
        first | a | b
    }

    /// State at the start of a block.
    pub fn at(&self, bb: Bb) -> State {
        let row = bb.0 as usize;
        State { init: self.init.to_bits(row), uninit: self.uninit.to_bits(row) }
    }

    /// Turns the state of another block into that at the start of this one.
    pub fn enter(&self, bb: Bb, state: &mut State) {
        let row = bb.0 as usize;
        self.init.copy_to(row, &mut state.init);
        self.uninit.copy_to(row, &mut state.uninit);
    }

    /// Whether a path may be initialised at the start of a block.
    pub fn may_enter(&self, bb: Bb, path: PathIx) -> bool {
        self.init.get(bb.0 as usize, path as usize)
    }

    pub fn is_reached(&self, bb: Bb) -> bool {
        self.reached[bb.0 as usize]
    }
}

fn set_init(state: &mut State, path: PathIx, init: bool) {
    let bit = path as usize;
    if init {
        bits::set(&mut state.init, bit);
        bits::clear(&mut state.uninit, bit);
    } else {
        bits::clear(&mut state.init, bit);
        bits::set(&mut state.uninit, bit);
    }
}

/// Marks a place as initialised or not, with everything in it.
pub fn mark(q: Queries<'_>, paths: &MovePaths, state: &mut State, place: &Place, init: bool) {
    match paths.find(q, place) {
        Found::Exact(path) => paths.each_in(path, &mut |p| set_init(state, p, init)),
        Found::Inside(_) | Found::Behind(_) | Found::Untracked => {}
    }
}

/// The effect of one statement.
pub fn step(q: Queries<'_>, paths: &MovePaths, state: &mut State, kind: &StmtKind) {
    match kind {
        StmtKind::Assign(place, value) => {
            moved_operands(value, &mut |p| mark(q, paths, state, p, false));
            mark(q, paths, state, place, true);
        }
        StmtKind::Live(slot) | StmtKind::Dead(slot) => mark(q, paths, state, &Place::local(*slot), false),
        StmtKind::CheckIndex { .. } | StmtKind::FakeRead(_) | StmtKind::Nop => {}
    }
}

/// What a terminator moves or drops, before the values it makes.
pub fn end_moves(q: Queries<'_>, paths: &MovePaths, state: &mut State, end: &Terminator) {
    match end {
        Terminator::Call { func, args, .. } => {
            if let super::Callee::Pointer(o) = func {
                moved_operand(o, &mut |p| mark(q, paths, state, p, false));
            }
            args.iter().for_each(|a| moved_operand(a, &mut |p| mark(q, paths, state, p, false)));
        }
        Terminator::Await { future, .. } => moved_operand(future, &mut |p| mark(q, paths, state, p, false)),
        Terminator::Drop { place, .. } => mark(q, paths, state, place, false),
        Terminator::Goto(_)
        | Terminator::Switch { .. }
        | Terminator::Return
        | Terminator::Resume
        | Terminator::Unreachable
        | Terminator::Panic(_) => {}
    }
}

/// Carries a state through a block to each successor.
fn flow(
    q: Queries<'_>,
    mir: &Mir,
    paths: &MovePaths,
    bb: Bb,
    state: &mut State,
    by_variant: bool,
    to: &mut impl FnMut(Bb, &State),
) {
    let block = &mir.blocks[bb];
    let end = block.terminator();
    let end_panics = matches!(
        end,
        Terminator::Call { .. } | Terminator::Drop { .. } | Terminator::Await { .. } | Terminator::Panic(_)
    );
    // A statement that panics does so before anything that needs dropping changes in its block.
    if let Some(unwind) = block.unwind
        && !end_panics
    {
        to(unwind, state);
    }
    for stmt in &block.stmts {
        step(q, paths, state, &stmt.kind);
    }
    end_moves(q, paths, state, end);
    if let Some(unwind) = block.unwind
        && end_panics
    {
        to(unwind, state);
    }
    match end {
        Terminator::Call { dest, target: Some(target), .. } | Terminator::Await { dest, target, .. } => {
            mark(q, paths, state, dest, true);
            to(*target, state);
        }
        Terminator::Switch { value, targets, otherwise } if by_variant => {
            let variants = tested_variants(q, mir, paths, bb, value);
            switch(paths, state, &variants, targets, *otherwise, to);
        }
        _ => end.successors(|s| to(s, state)),
    }
}

/// On the way of one variant the fields of the others do not exist.
fn switch(
    paths: &MovePaths,
    state: &State,
    variants: &[(u32, PathIx)],
    targets: &[(i128, Bb)],
    otherwise: Bb,
    to: &mut impl FnMut(Bb, &State),
) {
    if variants.is_empty() {
        targets.iter().for_each(|&(_, target)| to(target, state));
        return to(otherwise, state);
    }
    // A block may be the target of several variants.
    let goes_to = |variant: u32, bb: Bb| match targets.iter().find(|t| t.0 == i128::from(variant)) {
        Some(&(_, target)) => target == bb,
        None => otherwise == bb,
    };
    for bb in targets.iter().map(|t| t.1).chain([otherwise]) {
        let mut state = state.clone();
        for &(_, path) in variants.iter().filter(|v| !goes_to(v.0, bb)) {
            paths.each_in(path, &mut |p| set_init(&mut state, p, false));
        }
        to(bb, &state);
    }
}

/// Paths of variants of the place whose variant a switch tests.
fn tested_variants(q: Queries<'_>, mir: &Mir, paths: &MovePaths, bb: Bb, value: &Operand) -> Vec<(u32, PathIx)> {
    let Operand::Move(tag) = value else { return Vec::new() };
    let tested = mir.blocks[bb].stmts.iter().rev().find_map(|s| match &s.kind {
        StmtKind::Assign(place, Rvalue::Variant(of)) if place == tag => Some(of),
        _ => None,
    });
    let Some(Found::Exact(path)) = tested.map(|p| paths.find(q, p)) else { return Vec::new() };
    let children = &paths.paths[path as usize].children;
    children
        .iter()
        .filter_map(|&c| match paths.paths[c as usize].elem {
            Some(Elem::Variant(v)) => Some((v, c)),
            _ => None,
        })
        .collect()
}
