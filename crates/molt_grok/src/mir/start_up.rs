//! Statics and module variables that are read before they have a value (section 6.4).
//!
//! They get their values one after the other when the program starts. Looked at is what an initialiser reads, and what the
//! functions of the program read that it calls by name; closures and calls through objects may come later, and are not
//! followed. To take the address of a static is no use of its value, unless a function is given it.

use molt_base::Span;
use molt_base::hash::{FastMap, FastSet};

use super::{Callee, Elem, Mir, Operand, Place, Rvalue, Slot, StmtKind, Terminator};
use crate::check::context::Checked;
use crate::hir::{BodyOwner, ConstId, Expr, PathRes};
use crate::ty::TyKind;

/// Reports the first of them that each initialiser reads. The program has no error.
pub fn check_start_up(c: &Checked) {
    let of_program = |k: &ConstId| {
        let module = c.hir.consts[*k].head.module;
        !c.hir.packages[c.hir.modules[module].package].is_std
    };
    let order: FastMap<ConstId, usize> = c.hir.start_up.iter().copied().zip(0..).collect();
    for (at, &k) in c.hir.start_up.iter().enumerate().filter(|(_, k)| of_program(k)) {
        let is_late = |other: ConstId| order.get(&other).is_some_and(|&n| n >= at);
        if let Some((read, span)) = first_late(c, k, is_late) {
            c.report_late(k, read, span);
        }
    }
}

/// The first static that is read too early on the way of an initialiser, and where.
fn first_late(c: &Checked, k: ConstId, is_late: impl Fn(ConstId) -> bool) -> Option<(ConstId, Span)> {
    // Graphs are made only where something too early is named on the way.
    if !reached(c, k, |owner| named(c, owner)).iter().any(|&o| mentions(c, o, &is_late)) {
        return None;
    }
    let on_the_way = reached(c, k, |owner| c.graphs(owner).pop().map(|(_, mir)| called(c, &mir)).unwrap_or_default());
    on_the_way.into_iter().find_map(|owner| {
        if !mentions(c, owner, &is_late) {
            return None;
        }
        late_read(&c.graphs(owner).pop()?.1, &is_late)
    })
}

/// The initialiser and bodies of the program that it leads to by `next`.
fn reached(c: &Checked, k: ConstId, next: impl Fn(BodyOwner) -> Vec<BodyOwner>) -> Vec<BodyOwner> {
    let mut seen = FastSet::default();
    let mut work = vec![BodyOwner::Const(k)];
    let mut out = Vec::new();
    while let Some(owner) = work.pop() {
        let Some(body) = c.body_of(owner) else { continue };
        if !c.hir.packages[c.hir.modules[body.module].package].is_std && seen.insert(owner) {
            out.push(owner);
            work.extend(next(owner));
        }
    }
    out
}

fn mentions(c: &Checked, owner: BodyOwner, is_late: &impl Fn(ConstId) -> bool) -> bool {
    let names = |e: &Expr| matches!(e, Expr::Path(PathRes::Const(k)) if is_late(*k));
    c.body_of(owner).is_some_and(|b| b.exprs.iter().any(|(_, e)| names(e)))
}

/// The functions that a body names, those in closures included.
fn named(c: &Checked, owner: BodyOwner) -> Vec<BodyOwner> {
    let (Some(typed), Some(body)) = (c.typed(owner), c.body_of(owner)) else { return Vec::new() };
    let mut out: Vec<BodyOwner> = typed.callee.values().filter_map(|k| c.called_body(k.func, k.args)).collect();
    out.extend(body.exprs.iter().filter_map(|(e, _)| match c.types.kind(typed.expr(e)) {
        TyKind::FnDef(f, args) => c.called_body(f, args),
        _ => None,
    }));
    out
}

/// The functions that a graph calls by name.
fn called(c: &Checked, mir: &Mir) -> Vec<BodyOwner> {
    let calls = mir.blocks.iter().filter_map(|(_, block)| match block.terminator() {
        Terminator::Call { func: Callee::Fn(f, args), .. } => c.called_body(*f, *args),
        _ => None,
    });
    calls.collect()
}

/// The first static that a graph reads too early.
fn late_read(mir: &Mir, is_late: &impl Fn(ConstId) -> bool) -> Option<(ConstId, Span)> {
    let mut reads = Reads { pointers: FastMap::default(), found: Vec::new() };
    // Pointers go from slot to slot; the second walk knows all of them.
    for _ in 0..2 {
        reads.found.clear();
        for (_, block) in mir.blocks.iter() {
            for stmt in &block.stmts {
                if let StmtKind::Assign(to, value) = &stmt.kind {
                    reads.assigned(to, value, stmt.span, is_late);
                }
            }
            reads.ended(block.terminator());
        }
    }
    reads.found.into_iter().min_by_key(|(_, span)| (span.file, span.start))
}

struct Reads {
    /// Slots with the address of a static, or of a part of it, and where that was named.
    pointers: FastMap<Slot, (ConstId, Span)>,
    found: Vec<(ConstId, Span)>,
}

impl Reads {
    fn assigned(&mut self, to: &Place, value: &Rvalue, span: Span, is_late: &impl Fn(ConstId) -> bool) {
        let pointer = match value {
            Rvalue::StaticRef(k) => is_late(*k).then_some((*k, span)),
            Rvalue::Ref(_, _, of) | Rvalue::RawRef(_, of) => match derefs(of) {
                1 => self.pointers.get(&of.slot).copied(),
                // The address is itself in the static.
                2.. => {
                    self.place(of);
                    None
                }
                _ => None,
            },
            Rvalue::Use(o) | Rvalue::Cast(_, o, _) => {
                self.operand(o);
                match o {
                    Operand::Copy(p) | Operand::Move(p) if p.is_local() => self.pointers.get(&p.slot).copied(),
                    _ => None,
                }
            }
            Rvalue::Repeat(o, _) | Rvalue::Neg(o) | Rvalue::Not(o) => {
                self.operand(o);
                None
            }
            Rvalue::Len(p) | Rvalue::Variant(p) => {
                self.place(p);
                None
            }
            Rvalue::Binary(_, a, b) => {
                self.operand(a);
                self.operand(b);
                None
            }
            Rvalue::Aggregate(_, parts) => {
                parts.iter().for_each(|p| self.operand(p));
                None
            }
        };
        if let (Some(named), true) = (pointer, to.is_local()) {
            self.pointers.insert(to.slot, named);
        }
    }

    fn ended(&mut self, end: &Terminator) {
        match end {
            Terminator::Switch { value, .. } => self.operand(value),
            Terminator::Call { args, .. } => {
                for a in args {
                    self.operand(a);
                    // Who is given an address reads what is there.
                    if let Operand::Copy(p) | Operand::Move(p) = a
                        && let (Some(&named), true) = (self.pointers.get(&p.slot), p.is_local())
                    {
                        self.found.push(named);
                    }
                }
            }
            Terminator::Await { future, .. } => self.operand(future),
            Terminator::Goto(_)
            | Terminator::Return
            | Terminator::Resume
            | Terminator::Unreachable
            | Terminator::Drop { .. }
            | Terminator::Panic(_) => {}
        }
    }

    fn operand(&mut self, o: &Operand) {
        if let Operand::Copy(p) | Operand::Move(p) = o {
            self.place(p);
        }
    }

    fn place(&mut self, place: &Place) {
        if let (Some(&named), 1..) = (self.pointers.get(&place.slot), derefs(place)) {
            self.found.push(named);
        }
    }
}

fn derefs(place: &Place) -> usize {
    place.path.iter().filter(|e| matches!(e, Elem::Deref)).count()
}
