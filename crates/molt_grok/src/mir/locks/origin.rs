//! What a place is known by, so that the locks of different functions can be compared.
//!
//! A place is followed through borrows, moves, dereferences and clones to a root (a `static`, a parameter or variable, or the
//! value of a call) and the parts that lead on from there. A field of a type of the program names a lock by itself: that of
//! all values of the type. Fields of the library's types and elements of collections add nothing to the identity.

use molt_base::{EntityId, Symbol};

use crate::hir::{AdtId, ConstId};
use crate::mir::queries::Queries;
use crate::mir::{Aggregate, Callee, Elem, Mir, Operand, Place, Rvalue, Slot, StmtKind, Terminator};
use crate::ty::{Ty, TyKind};

/// Number of a graph in the analysis.
pub type GraphId = u32;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Root {
    Static(ConstId),
    /// A variable or other value of a graph. Parameters stand for what callers pass.
    Slot(GraphId, Slot),
    /// All values of the type whose field is named first.
    Type,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// Variant and field of a type of the program.
    Field(AdtId, u32, u32),
    /// Of a tuple, or a capture of a closure.
    Number(u32),
    /// Any element; one of the values that a variable has in turn.
    Item,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Origin {
    pub root: Root,
    pub parts: Vec<Part>,
}

/// What is passed for a parameter: the value, and what a closure or tuple was made of.
#[derive(Clone, Debug)]
pub struct Argument {
    pub whole: Origin,
    pub parts: Vec<Option<Origin>>,
}

/// Steps that a place is followed at most.
const FAR: u32 = 64;

/// Parts that an origin has at most: recursive types have no end.
const DEEP: usize = 8;

impl Origin {
    /// What tells the lock from others: from the last named field on, if there is one.
    pub fn lock(&self) -> Origin {
        match self.parts.iter().rposition(|p| matches!(p, Part::Field(..))) {
            Some(at) => Origin { root: Root::Type, parts: self.parts[at..].to_vec() },
            None => self.clone(),
        }
    }

    /// The origin in a caller, which passes these for the parameters of the graph.
    pub fn passed(&self, graph: GraphId, arguments: &[Option<Argument>]) -> Origin {
        let Root::Slot(g, slot) = self.root else { return self.clone() };
        let argument = (g == graph).then(|| arguments.get(slot.index().wrapping_sub(1))).flatten();
        let Some(Some(argument)) = argument else { return self.clone() };
        let (base, rest) = match self.parts.split_first() {
            Some((Part::Number(n), rest)) => match argument.parts.get(*n as usize) {
                Some(Some(part)) => (part, rest),
                _ => (&argument.whole, &self.parts[..]),
            },
            _ => (&argument.whole, &self.parts[..]),
        };
        let mut parts = base.parts.clone();
        parts.extend(rest);
        parts.truncate(DEEP);
        Origin { root: base.root, parts }
    }

    /// Whether it is one lock for certain as long as the root is the same variable.
    pub fn is_one(&self) -> bool {
        self.root != Root::Type && !self.parts.contains(&Part::Item)
    }

    /// Whether it depends on what callers of the graph pass.
    pub fn is_free(&self, graph: GraphId, param_count: u32) -> bool {
        matches!(self.root, Root::Slot(g, s) if g == graph && s.0 >= 1 && s.0 <= param_count)
    }
}

/// Where the value of a slot comes from, if it is given one in one place only.
#[derive(Clone)]
enum Def {
    Unknown,
    Place(Place),
    Static(ConstId),
    Parts(Aggregate, Vec<Operand>),
    /// The value leads to what the operand leads to; with `true`, to an element of it.
    Through(Operand, bool),
    Called(crate::hir::FnId),
}

/// The definitions of a graph's slots.
pub struct Origins<'a> {
    q: Queries<'a>,
    mir: &'a Mir,
    graph: GraphId,
    defs: Vec<Def>,
    /// The slot is given values in several places.
    changes: Vec<bool>,
}

/// Functions of the library whose result leads to the same lock as their first argument.
const THROUGH: &[&str] = &["deref", "deref_mut", "clone", "as_ref", "as_mut", "borrow", "unwrap", "expect", "cloned"];
/// Those whose result leads to an element of it.
const ELEMENT: &[&str] = &["index", "index_mut", "get", "get_mut", "first", "last"];

impl<'a> Origins<'a> {
    pub fn new(q: Queries<'a>, mir: &'a Mir, graph: GraphId) -> Origins<'a> {
        let mut origins = Origins { q, mir, graph, defs: vec![Def::Unknown; mir.slots.len()], changes: Vec::new() };
        let mut counts = vec![0u32; mir.slots.len()];
        for (_, block) in mir.blocks.iter() {
            for stmt in &block.stmts {
                if let StmtKind::Assign(place, value) = &stmt.kind
                    && place.is_local()
                {
                    counts[place.slot.index()] += 1;
                    origins.defs[place.slot.index()] = origins.assigned(value);
                }
            }
            if let Terminator::Call { func, args, dest, .. } = block.terminator()
                && dest.is_local()
            {
                counts[dest.slot.index()] += 1;
                origins.defs[dest.slot.index()] = origins.called(func, args);
            }
        }
        for (def, count) in origins.defs.iter_mut().zip(counts) {
            if count != 1 {
                *def = Def::Unknown;
            }
            origins.changes.push(count > 1);
        }
        origins
    }

    fn assigned(&self, value: &Rvalue) -> Def {
        match value {
            Rvalue::Use(Operand::Copy(p) | Operand::Move(p)) | Rvalue::Ref(_, _, p) | Rvalue::RawRef(_, p) => {
                Def::Place(p.clone())
            }
            Rvalue::Cast(_, operand, _) => Def::Through(operand.clone(), false),
            Rvalue::StaticRef(k) => Def::Static(*k),
            Rvalue::Aggregate(kind, parts) => Def::Parts(*kind, parts.clone()),
            _ => Def::Unknown,
        }
    }

    fn called(&self, func: &Callee, args: &[Operand]) -> Def {
        let (Callee::Fn(f, _), Some(first)) = (func, args.first()) else { return Def::Unknown };
        let hir = self.q.hir();
        if !is_std(self.q, hir.fns[*f].head.module) {
            return Def::Unknown;
        }
        let name = hir.text(hir.fns[*f].head.name);
        if THROUGH.contains(&name) {
            return Def::Through(first.clone(), false);
        }
        if ELEMENT.contains(&name) {
            return Def::Through(first.clone(), true);
        }
        Def::Called(*f)
    }

    /// What an operand is or leads to; constants have no origin.
    pub fn operand(&self, operand: &Operand) -> Option<Origin> {
        match operand {
            Operand::Copy(p) | Operand::Move(p) => Some(self.place(p)),
            Operand::Const(_) => None,
        }
    }

    /// What an operand passes to a parameter.
    pub fn argument(&self, operand: &Operand) -> Option<Argument> {
        let whole = self.operand(operand)?;
        let parts = match whole.root {
            Root::Slot(g, slot) if g == self.graph && whole.parts.is_empty() => match &self.defs[slot.index()] {
                Def::Parts(Aggregate::Closure(..) | Aggregate::Tuple, operands) => {
                    operands.iter().map(|o| self.operand(o)).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        Some(Argument { whole, parts })
    }

    pub fn place(&self, place: &Place) -> Origin {
        self.follow(place, Vec::new(), FAR)
    }

    /// The place with further parts.
    fn follow(&self, place: &Place, rest: Vec<Part>, far: u32) -> Origin {
        let mut parts = self.parts(place);
        parts.extend(rest);
        parts.truncate(DEEP);
        self.slot(place.slot, parts, far)
    }

    fn slot(&self, slot: Slot, mut parts: Vec<Part>, far: u32) -> Origin {
        if self.changes[slot.index()] && !matches!(parts.first(), Some(Part::Item)) {
            parts.insert(0, Part::Item);
        }
        let here = |parts| Origin { root: Root::Slot(self.graph, slot), parts };
        let is_param = slot.0 >= 1 && slot.0 <= self.mir.param_count;
        if is_param || far == 0 {
            return here(parts);
        }
        match &self.defs[slot.index()] {
            Def::Unknown | Def::Called(_) => here(parts),
            Def::Static(k) => Origin { root: Root::Static(*k), parts },
            Def::Place(p) => self.follow(p, parts, far - 1),
            Def::Through(Operand::Copy(p) | Operand::Move(p), element) => {
                if *element {
                    parts.insert(0, Part::Item);
                }
                self.follow(p, parts, far - 1)
            }
            Def::Parts(kind, operands) => {
                let at = match (kind, parts.first()) {
                    // Of the library's types only those around one value lead on.
                    (Aggregate::Adt(adt, ..), _) if is_std(self.q, self.q.hir().adts[*adt].head.module) => {
                        (operands.len() == 1).then_some((0, 0))
                    }
                    (_, Some(Part::Number(n) | Part::Field(_, _, n))) => Some((*n as usize, 1)),
                    _ => None,
                };
                match at.and_then(|(n, used)| Some((operands.get(n)?, used))) {
                    Some((Operand::Copy(p) | Operand::Move(p), used)) => {
                        let rest = parts.split_off(used);
                        self.follow(p, rest, far - 1)
                    }
                    _ => here(parts),
                }
            }
            Def::Through(Operand::Const(_), _) => here(parts),
        }
    }

    /// What a place's path adds to the identity.
    fn parts(&self, place: &Place) -> Vec<Part> {
        let q = self.q;
        let mut ty = self.mir.slots[place.slot].ty;
        let mut variant = 0;
        let mut parts = Vec::new();
        for elem in &place.path {
            match *elem {
                Elem::Deref => ty = q.pointee(ty).unwrap_or(Ty::ERROR),
                Elem::Variant(v) => variant = v,
                Elem::Field(n, field) => {
                    match q.types().kind(ty) {
                        TyKind::Adt(adt, _) if is_std(q, q.hir().adts[adt].head.module) => {}
                        TyKind::Adt(adt, _) => parts.push(Part::Field(adt, variant, n)),
                        _ => parts.push(Part::Number(n)),
                    }
                    ty = field;
                    variant = 0;
                }
                Elem::Index(_) | Elem::ConstIndex { .. } => {
                    parts.push(Part::Item);
                    if let TyKind::Array(t, _) | TyKind::Slice(t) = q.types().kind(ty) {
                        ty = t;
                    }
                }
                Elem::Subslice { .. } => {}
            }
        }
        parts
    }

    /// Whether a value is what a call of this function gave.
    pub fn is_result_of(&self, origin: &Origin, f: Option<crate::hir::FnId>) -> bool {
        match origin.root {
            Root::Slot(g, slot) if g == self.graph => {
                matches!(self.defs[slot.index()], Def::Called(called) if Some(called) == f)
            }
            _ => false,
        }
    }

    /// The variant that a value was made as, if that is known.
    pub fn made_variant(&self, operand: &Operand) -> Option<u32> {
        let (Operand::Copy(p) | Operand::Move(p)) = operand else { return None };
        match self.defs[p.slot.index()] {
            Def::Parts(Aggregate::Adt(_, variant, _), _) if p.is_local() => Some(variant),
            _ => None,
        }
    }

    /// The closure that a value is.
    pub fn closure(&self, operand: &Operand) -> Option<crate::ty::ClosureId> {
        let (Operand::Copy(p) | Operand::Move(p)) = operand else { return None };
        let mut ty = self.mir.slots[p.slot].ty;
        if !p.is_local() {
            return None;
        }
        while let TyKind::Ref(_, _, inner) = self.q.types().kind(ty) {
            ty = inner;
        }
        match self.q.types().kind(ty) {
            TyKind::Closure(id, _) => Some(id),
            _ => None,
        }
    }

    /// The `async` body that a value is the future of, if it was made here.
    pub fn future(&self, place: &Place) -> Option<(crate::ty::ClosureId, Option<Argument>)> {
        let origin = self.place(place);
        let Root::Slot(g, slot) = origin.root else { return None };
        match self.q.types().kind(self.mir.slots[slot].ty) {
            TyKind::Future(id, _) if g == self.graph && origin.parts.is_empty() => {
                Some((id, self.argument(&Operand::Copy(Place::local(slot)))))
            }
            _ => None,
        }
    }

    /// The slot that a value was made in.
    pub fn made_in(&self, place: &Place) -> Option<Slot> {
        match self.place(place) {
            Origin { root: Root::Slot(g, slot), parts } if g == self.graph && parts.is_empty() => Some(slot),
            _ => None,
        }
    }
}

/// Whether a module is of the language's library.
pub fn is_std(q: Queries<'_>, module: crate::hir::ModId) -> bool {
    q.hir().packages[q.hir().modules[module].package].is_std
}

/// The name of a lock, and how a message speaks of it; `None` if nothing in the program names it.
pub fn name(
    q: Queries<'_>,
    lock: &Origin,
    variable: impl Fn(GraphId, Slot) -> Option<Symbol>,
) -> Option<(String, String)> {
    let hir = q.hir();
    if let Some(Part::Field(adt, variant, n)) = lock.parts.first()
        && lock.root == Root::Type
    {
        let owner = &hir.adts[*adt];
        let name = hir.text(owner.variants[*variant as usize].fields[*n as usize].name).to_string();
        let text = format!("`{}.{name}`", hir.text(owner.head.name));
        return Some((name, text));
    }
    let symbol = match lock.root {
        Root::Static(k) => hir.consts[k].head.name,
        Root::Slot(g, slot) => variable(g, slot)?,
        Root::Type => return None,
    };
    let name = hir.text(symbol).to_string();
    let text = format!("`{name}`");
    Some((name, text))
}
