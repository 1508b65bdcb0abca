//! What closures capture, and which of the `Fn` traits they implement.
//!
//! One walk over a body finds how each place is used: read, borrowed, changed or moved. A use inside a closure of a variable
//! from outside is a capture. Captures are as narrow as Rust 2021 makes them: single fields, also behind references; a place
//! that is moved ends at the first dereference, one that is behind a raw pointer, an index or a variant ends there.
//! Without `move` the mode is what the body needs; with it everything is captured by value. Inner closures come first:
//! their captures are uses in the closure around them.
//!
//! [`walk`] visits expressions and patterns; this file keeps the closures that are open.

mod walk;

use molt_base::hash::{FastMap, FastSet};

use super::context::{Checked, Env};
use super::typed::{Capture, CaptureMode, CaptureStep, FnTrait, TypedBody};
use crate::hir::{Body, ExprId, LocalId};
use crate::ty::{Arg, ClosureId, OpaqueId, Ty, TyKind};

/// What the walk found out about one closure.
#[derive(Clone, Debug)]
pub struct Captures {
    pub captures: Vec<Capture>,
    pub kind: FnTrait,
}

/// Captures of every closure, `async` block and task of a body. Only final types are needed of the typed body.
pub fn captures(c: &Checked, env: Env, body: &Body, typed: &TypedBody) -> FastMap<ClosureId, Captures> {
    if typed.closures.is_empty() {
        return FastMap::default();
    }
    let mut walk = Walk {
        c,
        env,
        body,
        typed,
        frames: Vec::new(),
        declared_in: vec![0; body.locals.len()],
        found: FastMap::default(),
        matched: body.value,
    };
    walk.body();
    walk.found
}

/// What a type may be made from without showing it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Hiding {
    /// The type behind an `impl Trait`.
    Opaque(OpaqueId),
    /// The captures of a closure or future.
    Closure(ClosureId),
}

/// Closures that capture a value in whose type they occur and opaque types that stand for a type in which they occur, in
/// ascending order: such a type would have no end. `found` and `hidden` tell what is not stored yet.
pub fn endless(c: &Checked, found: &FastMap<ClosureId, Captures>, hidden: &FastMap<OpaqueId, Ty>) -> Vec<Hiding> {
    let held = |at: Hiding| {
        let mut out = Vec::new();
        let mut add = |ty: Ty| {
            c.any_part(ty, &mut |t| {
                match c.types.kind(t) {
                    TyKind::Closure(id, _) | TyKind::Future(id, _) => out.push(Hiding::Closure(id)),
                    TyKind::Opaque(id, _) => out.push(Hiding::Opaque(id)),
                    _ => {}
                }
                false
            });
        };
        match at {
            Hiding::Closure(id) => {
                let stored = || c.closures[id.0 as usize].done.get().map(|d| &d.captures);
                let captures = found.get(&id).map(|f| &f.captures).or_else(stored);
                captures.into_iter().flatten().for_each(|capture| add(capture.ty));
            }
            Hiding::Opaque(id) => {
                let ty = hidden.get(&id).or_else(|| c.opaque(id).hidden.get());
                ty.into_iter().for_each(|&ty| add(ty));
            }
        }
        out
    };
    let holds_itself = |&wanted: &Hiding| {
        let (mut seen, mut todo) = (FastSet::default(), held(wanted));
        while let Some(at) = todo.pop() {
            if at == wanted {
                return true;
            }
            if seen.insert(at) {
                todo.extend(held(at));
            }
        }
        false
    };
    let all = found.keys().map(|&id| Hiding::Closure(id)).chain(hidden.keys().map(|&id| Hiding::Opaque(id)));
    let mut list: Vec<Hiding> = all.filter(holds_itself).collect();
    list.sort();
    list
}

struct Walk<'a> {
    c: &'a Checked,
    env: Env,
    body: &'a Body,
    typed: &'a TypedBody,
    /// Closures around the current expression, outermost first.
    frames: Vec<Frame>,
    /// How many closures are around the declaration of each variable.
    declared_in: Vec<u32>,
    found: FastMap<ClosureId, Captures>,
    /// The expression whose value the current pattern matches.
    matched: ExprId,
}

struct Frame {
    is_move: bool,
    /// Variables that are captured by value in any case.
    own: std::ops::Range<u32>,
    kind: FnTrait,
    captures: Vec<Capture>,
}

/// A variable and a path into it.
#[derive(Clone, Debug)]
struct UsedPlace {
    local: LocalId,
    path: Vec<CaptureStep>,
    /// A part that no capture can name: further steps are left out.
    closed: bool,
}

/// How an expression uses a place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Use {
    Read,
    Change,
    Move,
}

impl UsedPlace {
    fn step(mut self, step: CaptureStep) -> UsedPlace {
        if !self.closed {
            self.path.push(step);
        }
        self
    }

    fn close(mut self) -> UsedPlace {
        self.closed = true;
        self
    }
}

impl Walk<'_> {
    /// Whether values are copied. The solver knows nothing yet of closures whose group is in work.
    fn is_copy(&self, ty: Ty) -> bool {
        self.is_copy_in(ty, &mut Vec::new())
    }

    /// The same inside the captures of `around`. A closure that captures itself is no copy; it is refused later.
    fn is_copy_in(&self, ty: Ty, around: &mut Vec<ClosureId>) -> bool {
        match self.c.types.kind(ty) {
            TyKind::Closure(id, _) if self.c.is_open(id) => {
                let Some(found) = self.found.get(&id).filter(|_| !around.contains(&id)) else { return false };
                around.push(id);
                let all = found.captures.iter().all(|capture| match capture.mode {
                    CaptureMode::Shared => true,
                    CaptureMode::Mut => false,
                    CaptureMode::Value => self.is_copy_in(capture.ty, around),
                });
                around.pop();
                all
            }
            TyKind::Future(..) => false,
            TyKind::Tuple(parts) => self.c.types.ty_elems(parts).all(|t| self.is_copy_in(t, around)),
            TyKind::Array(elem, _) => self.is_copy_in(elem, around),
            _ => !self.mentions_open_closure(ty) && self.c.is_copy(ty, self.env),
        }
    }

    fn mentions_open_closure(&self, ty: Ty) -> bool {
        let in_list = |args| {
            self.c.types.list(args).iter().any(|a| match a {
                Arg::Ty(t) => self.mentions_open_closure(*t),
                Arg::Region(_) | Arg::Const(_) => false,
            })
        };
        match self.c.types.kind(ty) {
            TyKind::Closure(id, _) | TyKind::Future(id, _) => self.c.is_open(id),
            TyKind::Adt(_, a) | TyKind::Tuple(a) | TyKind::Opaque(_, a) => in_list(a),
            TyKind::Array(t, _) | TyKind::Slice(t) => self.mentions_open_closure(t),
            _ => false,
        }
    }

    /// Reads a place by value: a copy or a move.
    fn consume_place(&mut self, place: UsedPlace, ty: Ty, because: ExprId) {
        let how = if self.is_copy(ty) { Use::Read } else { Use::Move };
        self.use_place(place, how, because);
    }

    /// Notes a use in the innermost closure, if the variable is from outside of it.
    fn use_place(&mut self, place: UsedPlace, how: Use, because: ExprId) {
        let depth = self.frames.len() as u32;
        if self.declared_in[place.local.0 as usize] >= depth {
            return;
        }
        let (place, how) = self.reachable(place, how);
        let base = self.typed.local(place.local);
        let frame = self.frames.last_mut().expect("the depth is above that of a declaration");
        let kind = match how {
            Use::Read => FnTrait::Fn,
            Use::Change => FnTrait::FnMut,
            Use::Move => FnTrait::FnOnce,
        };
        frame.kind = frame.kind.max(kind);
        let mode = match how {
            _ if frame.is_move || frame.own.contains(&place.local.0) => CaptureMode::Value,
            Use::Read => CaptureMode::Shared,
            Use::Change => CaptureMode::Mut,
            Use::Move => CaptureMode::Value,
        };
        let mut path = place.path;
        if mode == CaptureMode::Value {
            let end = path.iter().position(|s| matches!(s, CaptureStep::Deref(_)));
            path.truncate(end.unwrap_or(path.len()));
        }
        let ty = path_ty(base, &path);
        frame.add(Capture { local: place.local, path, mode, ty, because });
    }

    /// Ends a place before the first dereference of a raw pointer; what is behind a shared reference or a raw pointer is
    /// changed without changing the capture.
    fn reachable(&self, mut place: UsedPlace, mut how: Use) -> (UsedPlace, Use) {
        let mut ty = self.typed.local(place.local);
        for n in 0..place.path.len() {
            let step = place.path[n];
            if matches!(step, CaptureStep::Deref(_)) {
                match self.c.types.kind(ty) {
                    TyKind::Ptr(..) => {
                        place.path.truncate(n);
                        return (place.close(), Use::Read);
                    }
                    TyKind::Ref(_, crate::hir::Mutability::Shared, _) => how = Use::Read,
                    _ => {}
                }
            }
            ty = step_ty(step);
        }
        (place, how)
    }

    /// Runs `f` inside of a closure and keeps what it captures.
    fn in_closure(&mut self, id: ClosureId, expr: ExprId, frame: Frame, f: impl FnOnce(&mut Self)) {
        self.frames.push(frame);
        f(self);
        let frame = self.frames.pop().expect("the frame was pushed above");
        for capture in &frame.captures {
            let place = UsedPlace { local: capture.local, path: capture.path.clone(), closed: true };
            match capture.mode {
                CaptureMode::Shared => self.use_place(place, Use::Read, expr),
                CaptureMode::Mut => self.use_place(place, Use::Change, expr),
                CaptureMode::Value => self.consume_place(place, capture.ty, expr),
            }
        }
        self.found.insert(id, Captures { captures: frame.captures, kind: frame.kind });
    }
}

impl Frame {
    /// Adds a capture; of two places that overlap the wider one is captured, in the stronger mode.
    fn add(&mut self, new: Capture) {
        let mut new = new;
        let mut at = None;
        let mut n = 0;
        while n < self.captures.len() {
            let old = &self.captures[n];
            let shared = old.path.len().min(new.path.len());
            let overlaps = old.local == new.local
                && old.path[..shared].iter().zip(&new.path[..shared]).all(|(a, b)| same_step(*a, *b));
            if !overlaps {
                n += 1;
                continue;
            }
            let old = self.captures.remove(n);
            let (wide, narrow) = if old.path.len() <= new.path.len() { (old, new) } else { (new, old) };
            let mode = wide.mode.max(narrow.mode);
            let because = if narrow.mode > wide.mode { narrow.because } else { wide.because };
            new = Capture { mode, because, ..wide };
            at = at.or(Some(n));
        }
        self.captures.insert(at.unwrap_or(self.captures.len()), new);
    }
}

fn same_step(a: CaptureStep, b: CaptureStep) -> bool {
    match (a, b) {
        (CaptureStep::Field(n, _), CaptureStep::Field(m, _)) => n == m,
        (CaptureStep::Deref(_), CaptureStep::Deref(_)) => true,
        _ => false,
    }
}

fn step_ty(step: CaptureStep) -> Ty {
    match step {
        CaptureStep::Field(_, ty) | CaptureStep::Deref(ty) => ty,
    }
}

/// Type of a place in a variable of type `base`.
fn path_ty(base: Ty, path: &[CaptureStep]) -> Ty {
    path.last().map_or(base, |&s| step_ty(s))
}
