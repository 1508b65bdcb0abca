//! What one graph does with locks: where it takes them, waits and calls, and which ones it holds there.

use std::collections::{BTreeMap, BTreeSet};

use molt_base::{Span, Symbol};

use super::futures::{Futures, Made};
use super::origin::{Argument, GraphId, Origin, Origins, Root, is_std};
use crate::check::typed::ClosureForm;
use crate::hir::{AdtId, FnId, ModId};
use crate::mir::queries::Queries;
use crate::mir::{Bb, Callee, Mir, MirOwner, Operand, Place, Rvalue, Slot, StmtKind, Terminator};
use crate::ty::{Arg, Ty, TyKind};

/// A lock that is held.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Held {
    Lock {
        origin: Origin,
        shared: bool,
        span: SpanKey,
    },
    /// What the result of a call holds.
    Result {
        call: usize,
    },
}

/// A place in the source, in the order of files and offsets.
pub type SpanKey = (u32, u32, u32);

pub fn ordered(span: Span) -> SpanKey {
    (span.file.0, span.start, span.end)
}

pub fn span_of((file, start, end): SpanKey) -> Span {
    Span { file: molt_base::FileId(file), start, end }
}

/// What a graph waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WaitFor {
    /// An answer of an actor of this type; of the actor itself.
    Answer(AdtId, bool),
    Message,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wait {
    pub for_what: WaitFor,
    pub limited: bool,
    pub span: SpanKey,
}

#[derive(Debug)]
pub enum What {
    /// Takes a lock, and waits for it.
    Lock {
        origin: Origin,
        shared: bool,
    },
    Wait(Wait),
    /// Runs other code.
    Call {
        callee: MirOwner,
        arguments: Vec<Option<Argument>>,
        how: How,
    },
}

/// When other code runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    AtOnce,
    /// As a task of its own, or at a time that is not known.
    Apart,
    /// It was called before and gave a future, which is awaited.
    Awaited,
}

#[derive(Debug)]
pub struct Event {
    pub what: What,
    pub span: SpanKey,
    pub held: Vec<Held>,
}

#[derive(Debug)]
pub struct Graph {
    pub owner: MirOwner,
    pub module: ModId,
    pub param_count: u32,
    pub events: Vec<Event>,
    /// What the result holds.
    pub returned: Vec<Held>,
    pub names: BTreeMap<Slot, Symbol>,
    /// The graph of an `async` body, which runs while its future is awaited.
    pub is_future: bool,
}

/// The library's functions that the analysis knows.
#[derive(Debug)]
pub struct Known {
    locks: Vec<(FnId, bool, bool)>,
    guards: Vec<AdtId>,
    asks: Vec<FnId>,
    select_ask: Option<FnId>,
    receives: Vec<FnId>,
    receive_begin: Option<FnId>,
    /// What awaits the futures that it is given.
    awaits: Vec<FnId>,
    spawns: Vec<FnId>,
    me: Option<FnId>,
}

impl Known {
    pub fn new(q: Queries<'_>) -> Known {
        let hir = q.hir();
        // Name, whether readers share it, whether it waits.
        let locks = [
            ("mutex_lock", false, true),
            ("mutex_try_lock", false, false),
            ("rw_lock_read", true, true),
            ("rw_lock_write", false, true),
            ("lock_future", false, true),
            ("rw_lock_read_future", true, true),
            ("rw_lock_write_future", false, true),
            ("rw_lock_try_read", true, false),
            ("rw_lock_try_write", false, false),
        ];
        let named = |names: &[&str]| names.iter().filter_map(|n| hir.lang_fn(n)).collect::<Vec<_>>();
        Known {
            locks: locks.iter().filter_map(|&(n, shared, waits)| Some((hir.lang_fn(n)?, shared, waits))).collect(),
            guards: ["MutexGuard", "RwLockReadGuard", "RwLockWriteGuard"]
                .iter()
                .filter_map(|n| hir.lang_adt(n))
                .collect(),
            asks: named(&["actor_ask", "ask_future"]),
            select_ask: hir.lang_fn("select_ask"),
            receives: named(&["receiver_recv", "recv_future", "next_value_future", "next_of_all_future"]),
            receive_begin: hir.lang_fn("receive_begin"),
            awaits: named(&["block_on", "select_future", "join_all", "race", "select_all", "timeout"]),
            spawns: named(&["task_spawn", "scope_spawn", "spawn_dedicated"]),
            me: hir.lang_fn("actor_me"),
        }
    }
}

impl Known {
    /// Whether a call of the function is a lock or a wait.
    pub fn is_event(&self, f: FnId) -> bool {
        self.locks.iter().any(|l| l.0 == f)
            || self.asks.contains(&f)
            || self.receives.contains(&f)
            || [self.select_ask, self.receive_begin].contains(&Some(f))
    }
}

/// Locks that the slots hold, by their numbers in [`Reader::all`].
type State = BTreeMap<Slot, BTreeSet<usize>>;

struct Reader<'a> {
    q: Queries<'a>,
    known: &'a Known,
    mir: &'a Mir,
    origins: Origins<'a>,
    all: Vec<Held>,
    events: BTreeMap<(Bb, usize), Event>,
    returned: BTreeSet<usize>,
    futures: Futures,
}

/// Reads a graph. What a variable was made of goes by the variable's name.
pub fn read(
    q: Queries<'_>,
    known: &Known,
    mir: &Mir,
    id: GraphId,
    module: ModId,
    variables: &BTreeMap<Slot, Symbol>,
) -> Graph {
    let origins = Origins::new(q, mir, id);
    let mut names = variables.clone();
    for (&slot, &name) in variables {
        let origin = origins.place(&Place::local(slot));
        if let (Root::Slot(_, root), true) = (origin.root, origin.parts.is_empty()) {
            names.entry(root).or_insert(name);
        }
    }
    let is_future = match mir.owner {
        MirOwner::Closure(id) => q.closure(id).form == ClosureForm::Async,
        MirOwner::Body(_) => false,
    };
    let futures = Futures::new(q, mir, &origins, |f, list| q.c.called_body(f, list).map(MirOwner::Body));
    let (all, events, returned) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut r = Reader { q, known, mir, origins, all, events, returned, futures };
    r.flow();
    // Calls are referred to by their numbers.
    let numbers: BTreeMap<(Bb, usize), usize> = r.events.keys().enumerate().map(|(n, k)| (*k, n)).collect();
    let renumber = |h: Held| match h {
        Held::Result { call } => {
            Held::Result { call: numbers.get(&(Bb(call as u32), 0)).copied().unwrap_or(usize::MAX) }
        }
        lock => lock,
    };
    let returned = r.returned.iter().map(|&n| renumber(r.all[n].clone())).collect();
    let mut events: Vec<Event> = r.events.into_values().collect();
    for e in &mut events {
        e.held = std::mem::take(&mut e.held).into_iter().map(renumber).collect();
    }
    Graph { owner: mir.owner, module, param_count: mir.param_count, events, returned, names, is_future }
}

impl Reader<'_> {
    /// Follows what slots hold until nothing changes. An event is written each time its block is looked at, the last time with
    /// all that may be held there.
    fn flow(&mut self) {
        let mut at: BTreeMap<Bb, State> = BTreeMap::from([(Mir::ENTRY, State::new())]);
        let mut todo = BTreeSet::from([Mir::ENTRY]);
        while let Some(bb) = todo.pop_first() {
            let mut state = at[&bb].clone();
            self.block(bb, &mut state);
            self.mir.blocks[bb].terminator().successors(|next| {
                if self.mir.blocks[next].cleanup {
                    return;
                }
                let mut changed = !at.contains_key(&next);
                let known = at.entry(next).or_default();
                for (slot, held) in &state {
                    let old = known.entry(*slot).or_default();
                    for &h in held {
                        changed |= old.insert(h);
                    }
                }
                if changed {
                    todo.insert(next);
                }
            });
        }
    }

    fn block(&mut self, bb: Bb, state: &mut State) {
        let block = &self.mir.blocks[bb];
        for (n, stmt) in block.stmts.iter().enumerate() {
            match &stmt.kind {
                StmtKind::Assign(place, value) => {
                    let mut moved = BTreeSet::new();
                    each_moved(value, |slot| moved.extend(state.remove(&slot).unwrap_or_default()));
                    if place.is_local() {
                        state.remove(&place.slot);
                    }
                    if !moved.is_empty() {
                        state.entry(place.slot).or_default().extend(moved);
                    }
                    self.closures_made(bb, n + 1, value, stmt.span);
                }
                StmtKind::Live(slot) | StmtKind::Dead(slot) => {
                    state.remove(slot);
                    self.forget(*slot, state);
                }
                StmtKind::CheckIndex { .. } | StmtKind::FakeRead(_) | StmtKind::Nop => {}
            }
        }
        let span = block.end_span.unwrap_or(self.mir.span);
        match block.terminator() {
            Terminator::Drop { place, .. } if place.is_local() => {
                state.remove(&place.slot);
            }
            Terminator::Call { func, args, dest, .. } => {
                let held: Vec<Held> =
                    state.values().flatten().collect::<BTreeSet<_>>().iter().map(|&&n| self.all[n].clone()).collect();
                let mut result = self.call(bb, func, args, span, held);
                for a in args {
                    if let Operand::Move(p) = a
                        && p.is_local()
                        && let Some(held) = state.remove(&p.slot)
                        && self.may_guard(self.mir.slots[dest.slot].ty)
                    {
                        result.extend(held);
                    }
                }
                if dest.is_local() {
                    state.remove(&dest.slot);
                }
                if !result.is_empty() {
                    state.entry(dest.slot).or_default().extend(result);
                }
            }
            Terminator::Await { future: Operand::Move(place), dest, .. } => {
                // What an operation of the library locks is held by its future, from where it is made.
                let mut result = state.remove(&place.slot).unwrap_or_default();
                let held: Vec<Held> =
                    state.values().flatten().collect::<BTreeSet<_>>().iter().map(|&&n| self.all[n].clone()).collect();
                let futures = self.futures_in(place);
                result.extend(self.awaited(bb, futures, ordered(span), &held));
                if self.may_guard(self.mir.slots[dest.slot].ty) {
                    state.entry(dest.slot).or_default().extend(result);
                }
            }
            Terminator::Return => {
                self.returned.extend(state.get(&Mir::RESULT).into_iter().flatten());
            }
            _ => {}
        }
    }

    /// A variable ends: what was locked through it is not to be confused with what the next one of its place locks.
    fn forget(&mut self, slot: Slot, state: &mut State) {
        for held in state.values_mut() {
            let gone: Vec<usize> = held
                .iter()
                .copied()
                .filter(|&n| matches!(&self.all[n], Held::Lock { origin, .. } if matches!(origin.root, Root::Slot(_, s) if s == slot)))
                .collect();
            for n in gone {
                held.remove(&n);
            }
        }
    }

    fn note(&mut self, held: Held) -> usize {
        match self.all.iter().position(|h| *h == held) {
            Some(n) => n,
            None => {
                self.all.push(held);
                self.all.len() - 1
            }
        }
    }

    /// Notes what a call does; what its result holds.
    fn call(&mut self, bb: Bb, func: &Callee, args: &[Operand], span: Span, held: Vec<Held>) -> BTreeSet<usize> {
        let span = ordered(span);
        let event = |r: &mut Self, what| {
            r.events.insert((bb, 0), Event { what, span, held: held.clone() });
        };
        match func {
            Callee::Fn(f, list) => {
                if let Some(&(_, shared, waits)) = self.known.locks.iter().find(|l| l.0 == *f) {
                    let Some(origin) = args.first().and_then(|a| self.origins.operand(a)) else {
                        return BTreeSet::new();
                    };
                    if waits {
                        event(self, What::Lock { origin: origin.clone(), shared });
                    }
                    return BTreeSet::from([self.note(Held::Lock { origin, shared, span })]);
                }
                if let Some((for_what, limited)) = self.waits(*f, *list, args) {
                    event(self, What::Wait(Wait { for_what, limited, span }));
                    return BTreeSet::new();
                }
                if is_std(self.q, self.q.hir().fns[*f].head.module) {
                    self.library_call(bb, *f, args, span, &held);
                    return BTreeSet::new();
                }
                let Some(callee) = self.q.c.called_body(*f, *list).map(MirOwner::Body) else {
                    return BTreeSet::new();
                };
                let arguments: Vec<_> = args.iter().map(|a| self.origins.argument(a)).collect();
                event(self, What::Call { callee, arguments, how: How::AtOnce });
                BTreeSet::from([self.note(Held::Result { call: bb.0 as usize })])
            }
            Callee::FnTrait { .. } => {
                let Some(id) = args.first().and_then(|a| self.origins.closure(a)) else { return BTreeSet::new() };
                let arguments = args.iter().map(|a| self.origins.argument(a)).collect();
                event(self, What::Call { callee: MirOwner::Closure(id), arguments, how: How::AtOnce });
                BTreeSet::from([self.note(Held::Result { call: bb.0 as usize })])
            }
            Callee::Pointer(_) | Callee::Builtin(..) => BTreeSet::new(),
        }
    }

    /// What a function of the library waits for, and whether that has a limit.
    fn waits(&self, f: FnId, list: crate::ty::Args, args: &[Operand]) -> Option<(WaitFor, bool)> {
        let known = self.known;
        let selects = known.select_ask == Some(f);
        if selects || known.asks.contains(&f) {
            let actor = self.q.types().list(list).iter().find_map(|a| a.ty())?;
            let TyKind::Adt(adt, _) = self.q.types().kind(actor) else { return None };
            let to = &args[if selects { 2 } else { 0 }];
            let own = self.origins.operand(to).is_some_and(|o| self.origins.is_result_of(&o, known.me));
            return Some((WaitFor::Answer(adt, own), selects || self.is_limited(args.last())));
        }
        if known.receives.contains(&f) {
            return Some((WaitFor::Message, false));
        }
        (known.receive_begin == Some(f)).then(|| (WaitFor::Message, self.is_limited(args.first())))
    }

    /// Whether an `Option<Duration>` holds one.
    fn is_limited(&self, limit: Option<&Operand>) -> bool {
        let option = self.q.hir().lang_adt("Option");
        let none = option.and_then(|o| {
            let named = |v: &crate::hir::Variant| self.q.hir().text(v.name) == "None";
            self.q.hir().adts[o].variants.iter().position(named)
        });
        limit.is_none_or(|l| self.origins.made_variant(l).map(|v| v as usize) != none)
    }

    /// Closures that the library is given are run by it: at once, unless the result keeps them or they become tasks.
    fn library_call(&mut self, bb: Bb, f: FnId, args: &[Operand], span: SpanKey, held: &[Held]) {
        let Terminator::Call { dest, .. } = self.mir.blocks[bb].terminator() else { return };
        let result = self.mir.slots[dest.slot].ty;
        let apart = self.known.spawns.contains(&f);
        if self.known.awaits.contains(&f) {
            let given = args.iter().filter_map(|a| match a {
                Operand::Move(p) => Some(self.futures_in(p)),
                Operand::Copy(_) | Operand::Const(_) => None,
            });
            let given: Vec<Made> = given.flatten().collect();
            self.awaited(bb, given, span, held);
        }
        for a in args {
            let Some(id) = self.origins.closure(a) else { continue };
            if apart || self.mentions(result, id) {
                continue;
            }
            let arguments = vec![self.origins.argument(a)];
            let what = What::Call { callee: MirOwner::Closure(id), arguments, how: How::AtOnce };
            self.events.insert((bb, 0), Event { what, span, held: held.to_vec() });
        }
    }

    /// The futures that a place may be, or hold.
    fn futures_in(&self, place: &Place) -> Vec<Made> {
        if let Some((id, own)) = self.origins.future(place) {
            return vec![Made { callee: MirOwner::Closure(id), arguments: vec![own], how: How::AtOnce }];
        }
        self.futures.of(self.origins.made_in(place).unwrap_or(place.slot))
    }

    /// Futures are awaited: the `async` bodies that they are made of run. What the value holds, if it is of one of them.
    fn awaited(&mut self, bb: Bb, futures: Vec<Made>, span: SpanKey, held: &[Held]) -> BTreeSet<usize> {
        let is_one = futures.len() == 1;
        let mut at = 0;
        let mut add = |what| {
            self.events.insert((bb, at), Event { what, span, held: held.to_vec() });
            at = if at == 0 { usize::MAX } else { at - 1 };
        };
        for Made { callee, arguments, how } in futures {
            // A closure that makes futures is called while they are awaited, or before.
            if let (MirOwner::Closure(_), How::Awaited) = (callee, how) {
                add(What::Call { callee, arguments: arguments.clone(), how: How::Awaited });
                add(What::Call { callee, arguments, how: How::AtOnce });
            } else {
                add(What::Call { callee, arguments, how });
            }
        }
        if is_one { BTreeSet::from([self.note(Held::Result { call: bb.0 as usize })]) } else { BTreeSet::new() }
    }

    /// Closures run some time after they are made, with what they captured.
    fn closures_made(&mut self, bb: Bb, n: usize, value: &Rvalue, span: Span) {
        if let Rvalue::Aggregate(crate::mir::Aggregate::Closure(id, _), _) = value
            && let StmtKind::Assign(place, _) = &self.mir.blocks[bb].stmts[n - 1].kind
        {
            let arguments = vec![self.origins.argument(&Operand::Copy(place.clone()))];
            let what = What::Call { callee: MirOwner::Closure(*id), arguments, how: How::Apart };
            self.events.insert((bb, n), Event { what, span: ordered(span), held: Vec::new() });
        }
    }

    fn mentions(&self, ty: Ty, closure: crate::ty::ClosureId) -> bool {
        match self.q.types().kind(ty) {
            TyKind::Closure(id, _) | TyKind::Future(id, _) => id == closure,
            TyKind::Adt(_, args) | TyKind::Tuple(args) | TyKind::Opaque(_, args) => {
                self.q.types().list(args).iter().any(|a| matches!(a, Arg::Ty(t) if self.mentions(*t, closure)))
            }
            TyKind::Dyn(..) => true,
            _ => false,
        }
    }

    /// Whether a value of the type may hold a guard that the call was given.
    fn may_guard(&self, ty: Ty) -> bool {
        match self.q.types().kind(ty) {
            TyKind::Adt(adt, args) => {
                self.known.guards.contains(&adt)
                    || self.q.types().list(args).iter().any(|a| matches!(a, Arg::Ty(t) if self.may_guard(*t)))
            }
            TyKind::Tuple(args) => {
                self.q.types().list(args).iter().any(|a| matches!(a, Arg::Ty(t) if self.may_guard(*t)))
            }
            _ => false,
        }
    }
}

/// Calls `f` with each slot that is moved out as a whole.
fn each_moved(value: &Rvalue, mut f: impl FnMut(Slot)) {
    let mut operand = |o: &Operand| {
        if let Operand::Move(p) = o
            && p.is_local()
        {
            f(p.slot);
        }
    };
    match value {
        Rvalue::Use(o) | Rvalue::Cast(_, o, _) | Rvalue::Repeat(o, _) => operand(o),
        Rvalue::Aggregate(_, parts) => parts.iter().for_each(operand),
        _ => {}
    }
}
