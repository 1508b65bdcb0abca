//! Every value is dropped exactly once, on every way through a graph: explored way by way after elaboration, for all bodies of
//! the library.
//!
//! A state says for each slot which parts hold a value, what the drop flags are, and which variant a place was found to have.
//! A `Drop` must find its place whole; at the end, by return or panic, nothing that needs dropping may be left.

use std::collections::{BTreeMap, HashSet};

use molt_grok::compile::check;
use molt_grok::hir::{AdtKind, BodyOwner, Options, Texts};
use molt_grok::mir::build::{build, capture_field_ty};
use molt_grok::mir::drops::elaborate_drops;
use molt_grok::mir::queries::Queries;
use molt_grok::mir::{Aggregate, Bb, Constant, Elem, Mir, Operand, Place, Rvalue, StmtKind, Terminator};
use molt_grok::ty::{ConstKind, Ty, TyKind};

/// Ways with more states than this are not followed to the end.
const MAX_STATES: usize = 4000;

/// Which parts of a value are there: `rest` speaks of those that are not listed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
struct Parts {
    rest: bool,
    kids: BTreeMap<(u8, u32), Parts>,
}

impl Parts {
    fn all(rest: bool) -> Parts {
        Parts { rest, kids: BTreeMap::new() }
    }
    fn is_whole(&self) -> bool {
        self.rest && self.kids.values().all(Parts::is_whole)
    }
}

/// A slot and steps into it.
type Path = (u32, Vec<(u8, u32)>);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    bb: Bb,
    slots: Vec<Parts>,
    flags: BTreeMap<u32, bool>,
    /// Variant of a place, by its path.
    variants: BTreeMap<Path, u32>,
    /// Place whose variant a slot holds, and how many variants there are.
    tags: BTreeMap<u32, (Path, i128)>,
}

struct Explorer<'a> {
    q: Queries<'a>,
    mir: &'a Mir,
    tracked: Vec<bool>,
    problems: Vec<String>,
}

fn key(elem: Elem) -> Option<(u8, u32)> {
    match elem {
        Elem::Deref => Some((0, 0)),
        Elem::Field(n, _) => Some((1, n)),
        Elem::Variant(v) => Some((2, v)),
        Elem::ConstIndex { offset, from_end } => Some((3 + u8::from(from_end), offset)),
        Elem::Index(_) | Elem::Subslice { .. } => None,
    }
}

fn path(place: &Place) -> Option<Path> {
    let keys: Option<Vec<_>> = place.path.iter().map(|&e| key(e)).collect();
    Some((place.slot.0, keys?))
}

impl Explorer<'_> {
    /// The path of a tracked place that is not behind a reference or an index.
    fn owned(&self, place: &Place) -> Option<Vec<(u8, u32)>> {
        if !self.tracked[place.slot.0 as usize] {
            return None;
        }
        let mut ty = self.mir.slots[place.slot].ty;
        for &elem in &place.path {
            match elem {
                Elem::Deref => ty = self.q.c.boxed(ty)?,
                Elem::Field(_, t) => ty = t,
                Elem::Variant(_) => {}
                Elem::ConstIndex { .. } => match self.q.types().kind(ty) {
                    TyKind::Array(t, _) => ty = t,
                    _ => return None,
                },
                _ => return None,
            }
        }
        path(place).map(|p| p.1)
    }

    fn set(&self, state: &mut State, place: &Place, there: bool) {
        let Some(keys) = self.owned(place) else { return };
        let mut at = &mut state.slots[place.slot.0 as usize];
        for k in keys {
            let rest = at.rest;
            at = at.kids.entry(k).or_insert_with(|| Parts::all(rest));
        }
        *at = Parts::all(there);
        if there && let Some((slot, keys)) = path(place) {
            state.variants.retain(|(s, p), _| *s != slot || !p.starts_with(&keys));
        }
    }

    fn get(&self, state: &State, place: &Place) -> Option<Parts> {
        let mut at = &state.slots[place.slot.0 as usize];
        for k in self.owned(place)? {
            match at.kids.get(&k) {
                Some(next) => at = next,
                None => return Some(Parts::all(at.rest)),
            }
        }
        Some(at.clone())
    }

    fn variant_count(&self, place: &Place) -> i128 {
        let mut ty = self.mir.slots[place.slot].ty;
        for &elem in &place.path {
            match elem {
                Elem::Deref => ty = self.q.pointee(ty).unwrap_or(Ty::ERROR),
                Elem::Field(_, t) => ty = t,
                _ => {}
            }
        }
        match self.q.types().kind(ty) {
            TyKind::Adt(adt, _) => self.q.hir().adts[adt].variants.len() as i128,
            _ => 0,
        }
    }

    fn use_operand(&self, state: &mut State, o: &Operand) {
        if let Operand::Move(p) = o {
            self.set(state, p, false);
        }
    }

    fn stmt(&self, state: &mut State, kind: &StmtKind) {
        match kind {
            StmtKind::Assign(place, value) => {
                match value {
                    Rvalue::Use(o) | Rvalue::Repeat(o, _) | Rvalue::Cast(_, o, _) => self.use_operand(state, o),
                    Rvalue::Aggregate(_, parts) => parts.iter().for_each(|o| self.use_operand(state, o)),
                    _ => {}
                }
                self.set(state, place, true);
                match value {
                    Rvalue::Use(Operand::Const(Constant::Bool(b))) if place.is_local() => {
                        state.flags.insert(place.slot.0, *b);
                    }
                    Rvalue::Variant(of) => {
                        if let Some(p) = path(of) {
                            state.tags.insert(place.slot.0, (p, self.variant_count(of)));
                        }
                    }
                    Rvalue::Aggregate(Aggregate::Adt(_, v, _), _) => {
                        if let Some(p) = path(place) {
                            state.variants.insert(p, *v);
                        }
                    }
                    _ => {
                        state.flags.remove(&place.slot.0);
                    }
                }
            }
            StmtKind::Live(slot) => self.set(state, &Place::local(*slot), false),
            _ => {}
        }
    }

    /// Whether something that needs dropping is left in a value.
    fn leaks(&self, state: &State, parts: &Parts, ty: Ty, at: &mut Vec<(u8, u32)>, slot: u32) -> bool {
        if !self.q.needs_drop(ty) || (!parts.rest && parts.kids.is_empty()) {
            return false;
        }
        let types = self.q.types();
        let kid = |k: (u8, u32)| parts.kids.get(&k).cloned().unwrap_or_else(|| Parts::all(parts.rest));
        let mut inside = |k: (u8, u32), kid: &Parts, ty: Ty| {
            at.push(k);
            let found = self.leaks(state, kid, ty, at, slot);
            at.pop();
            found
        };
        match types.kind(ty) {
            TyKind::Tuple(list) => {
                let list: Vec<Ty> = types.ty_elems(list).collect();
                list.iter().enumerate().any(|(n, &t)| inside((1, n as u32), &kid((1, n as u32)), t))
            }
            TyKind::Array(t, len) => {
                let ConstKind::Value(len) = types.const_kind(self.q.c.evaluated(len)) else { return parts.rest };
                (0..len as u32).any(|n| {
                    let k = if parts.kids.contains_key(&(3, n)) { (3, n) } else { (4, len as u32 - n) };
                    inside(k, &kid(k), t)
                })
            }
            TyKind::Closure(id, _) | TyKind::Future(id, _) => {
                let data = self.q.closure(id);
                (0..data.captures.len()).any(|n| {
                    let t = capture_field_ty(types, data, n);
                    inside((1, n as u32), &kid((1, n as u32)), t)
                })
            }
            TyKind::Adt(adt, args) if self.q.c.boxed(ty).is_none() && self.q.c.drop_impl(adt).is_none() => {
                let data = &self.q.hir().adts[adt];
                let known = state.variants.get(&(slot, at.clone())).copied();
                let fields = |v: u32| data.variants[v as usize].fields.len() as u32;
                if data.kind != AdtKind::Enum {
                    return (0..fields(0)).any(|n| {
                        let t = self.q.field_ty(adt, 0, n, args);
                        let mut at = at.clone();
                        at.push((1, n));
                        self.leaks(state, &kid((1, n)), t, &mut at, slot)
                    });
                }
                // A part that was moved out shows which variant it was.
                let moved = parts.kids.keys().find(|k| k.0 == 2).map(|k| k.1);
                (0..data.variants.len() as u32).filter(|&v| known.or(moved).is_none_or(|k| k == v)).any(|v| {
                    let inner = kid((2, v));
                    (0..fields(v)).any(|n| {
                        let t = self.q.field_ty(adt, v, n, args);
                        let part = inner.kids.get(&(1, n)).cloned().unwrap_or_else(|| Parts::all(inner.rest));
                        let mut at = at.clone();
                        at.extend([(2, v), (1, n)]);
                        self.leaks(state, &part, t, &mut at, slot)
                    })
                })
            }
            _ => parts.rest || parts.kids.values().any(|k| *k != Parts::all(false)),
        }
    }

    fn check_end(&mut self, state: &State, how: &str) {
        for (slot, decl) in self.mir.slots.iter() {
            if slot == Mir::RESULT || !self.tracked[slot.0 as usize] {
                continue;
            }
            let parts = state.slots[slot.0 as usize].clone();
            if self.leaks(state, &parts, decl.ty, &mut Vec::new(), slot.0) {
                self.problems.push(format!("{} left in {slot} at {how} in {}", self.q.c.ty_text(decl.ty), state.bb));
            }
        }
    }

    fn run(&mut self) {
        let mut start = State {
            bb: Mir::ENTRY,
            slots: vec![Parts::all(false); self.mir.slots.len()],
            flags: BTreeMap::new(),
            variants: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        self.mir.params().for_each(|p| start.slots[p.0 as usize] = Parts::all(true));
        let mut seen = HashSet::new();
        let mut todo = vec![start];
        while let Some(mut state) = todo.pop() {
            if seen.len() > MAX_STATES || self.problems.len() > 3 || !seen.insert(state.clone()) {
                continue;
            }
            let block = &self.mir.blocks[state.bb];
            let entry = state.clone();
            for stmt in &block.stmts {
                self.stmt(&mut state, &stmt.kind);
            }
            let go = |mut state: State, bb: Bb| {
                state.bb = bb;
                state
            };
            match block.terminator() {
                Terminator::Return => self.check_end(&state, "return"),
                Terminator::Resume => self.check_end(&state, "resume"),
                Terminator::Goto(b) => todo.push(go(state, *b)),
                Terminator::Switch { value, targets, otherwise } => {
                    self.switch(&state, value, targets, *otherwise, &mut todo);
                }
                Terminator::Drop { place, target, .. } => {
                    if let Some(parts) = self.get(&state, place)
                        && !parts.is_whole()
                    {
                        self.problems.push(format!("{} drops {place:?}: {parts:?}", state.bb));
                    }
                    // Where a drop panics, the value of the block around it may be left undropped: no way to follow.
                    self.set(&mut state, place, false);
                    todo.push(go(state, *target));
                }
                Terminator::Call { func, args, dest, target } => {
                    if let molt_grok::mir::Callee::Pointer(o) = func {
                        self.use_operand(&mut state, o);
                    }
                    args.iter().for_each(|a| self.use_operand(&mut state, a));
                    match block.unwind {
                        Some(u) => todo.push(go(state.clone(), u)),
                        None if !block.cleanup => self.check_end(&state, "panic"),
                        None => {}
                    }
                    self.set(&mut state, dest, true);
                    state.flags.remove(&dest.slot.0);
                    target.iter().for_each(|&t| todo.push(go(state.clone(), t)));
                }
                Terminator::Await { future, dest, target } => {
                    self.use_operand(&mut state, future);
                    // A panic of what is awaited, and the end of a future that waits here.
                    match block.unwind {
                        Some(u) => todo.push(go(state.clone(), u)),
                        None if !block.cleanup => self.check_end(&state, "wait that ends"),
                        None => {}
                    }
                    self.set(&mut state, dest, true);
                    todo.push(go(state, *target));
                }
                Terminator::Unreachable | Terminator::Panic(_) => {}
            }
            if block.stmts.iter().any(|s| self.may_panic(&s.kind)) {
                match block.unwind {
                    Some(u) => todo.push(go(entry, u)),
                    None if !block.cleanup => self.check_end(&entry, "panic of a statement"),
                    None => {}
                }
            }
        }
    }

    /// Checks and arithmetic on integers; the type is known where the result goes to a whole slot.
    fn may_panic(&self, kind: &StmtKind) -> bool {
        use molt_grok::hir::BinaryOp::{BitAnd, BitOr, BitXor};
        match kind {
            StmtKind::CheckIndex { .. } => true,
            StmtKind::Assign(place, Rvalue::Binary(op, ..)) => {
                let is_int = matches!(self.q.types().kind(self.mir.slots[place.slot].ty), TyKind::Int(_));
                place.is_local() && is_int && !op.is_comparison() && !matches!(op, BitAnd | BitOr | BitXor)
            }
            _ => false,
        }
    }

    fn switch(&self, state: &State, value: &Operand, targets: &[(i128, Bb)], otherwise: Bb, todo: &mut Vec<State>) {
        let place = match value {
            Operand::Copy(p) | Operand::Move(p) if p.is_local() => Some(p.slot.0),
            _ => None,
        };
        let known = place.and_then(|s| state.flags.get(&s)).map(|&b| i128::from(b));
        let tag = place.and_then(|s| state.tags.get(&s)).cloned();
        let known = known.or_else(|| tag.as_ref().and_then(|t| state.variants.get(&t.0)).map(|&v| i128::from(v)));
        let mut go = |bb: Bb, variant: Option<i128>| {
            let mut state = state.clone();
            state.bb = bb;
            if let (Some(tag), Some(v)) = (&tag, variant) {
                state.variants.insert(tag.0.clone(), v as u32);
            }
            todo.push(state);
        };
        for &(v, bb) in targets {
            if known.is_none_or(|k| k == v) {
                go(bb, Some(v));
            }
        }
        if known.is_none_or(|k| !targets.iter().any(|t| t.0 == k)) {
            // The only variant that is not listed is known too.
            let rest = tag.as_ref().and_then(|(_, count)| {
                let mut left = (0..*count).filter(|v| !targets.iter().any(|t| t.0 == *v));
                (left.clone().count() == 1).then(|| left.next()).flatten()
            });
            go(otherwise, known.or(rest));
        }
    }
}

const PROGRAM: &str = include_str!("cases/flow/drops.grok");

#[test]
fn every_value_is_dropped_once_on_every_way() {
    let (packages, loader) = Texts::program(PROGRAM);
    let (c, _) = check(packages, loader, Options::default());
    let owners: Vec<BodyOwner> = c.hir.bodies.iter().filter_map(|(_, b)| b.as_ref()).map(|b| b.owner).collect();
    let mut failures = Vec::new();
    let mut explored = 0;
    for owner in owners {
        if c.typed(owner).is_none() {
            c.check_group(&[owner]);
        }
        let (Some(body), Some(typed)) = (c.body_of(owner), c.typed(owner)) else { continue };
        if typed.failed || typed.expr_ty.contains(&Ty::ERROR) {
            continue;
        }
        let q = Queries { c: &c, env: c.env_of(owner) };
        let built = build(q, body, typed);
        for mut mir in built.closures.into_iter().chain([built.mir]) {
            elaborate_drops(q, &mut mir);
            let tracked: Vec<bool> = mir.slots.iter().map(|(_, d)| !d.promoted && q.needs_drop(d.ty)).collect();
            let mut explorer = Explorer { q, mir: &mir, tracked, problems: Vec::new() };
            explorer.run();
            explored += 1;
            if !explorer.problems.is_empty() {
                let file = c.hir.files.file(body.span.file);
                let (line, _) = file.lines().line_col(body.span.start);
                let text = molt_grok::mir::print::mir_text(&c, &mir);
                failures.push(format!("{}:{line}: {}\n{text}", file.name, explorer.problems.join("; ")));
            }
        }
    }
    assert!(explored > 100, "only {explored} graphs were explored");
    let count = failures.len();
    assert!(failures.is_empty(), "{count} of {explored} graphs\n{}", failures[..count.min(6)].join("\n"));
}
