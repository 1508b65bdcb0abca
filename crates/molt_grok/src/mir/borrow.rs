//! The borrow checker (section 5).
//!
//! Works on built graphs before drops are elaborated, closures before the body around them. For each graph:
//! 1. [`body`] gives the types of slots region variables and makes constraints between them ([`regions`]);
//! 2. [`live`] finds where slots are live and so which points each region holds;
//! 3. [`loans`] finds where each loan is in scope;
//! 4. [`access`] walks the graph and compares each access with what is initialised, mutable and lent.
//!
//! A function without loans skips 2 and 3, one whose signature has no lifetimes either skips 1 too. A closure's needs of the
//! regions around it are kept in its [`summary`], which calls of it apply. Errors are reported once for each variable and
//! cause, and never about types that are already wrong.

mod access;
mod body;
mod describe;
mod live;
mod loans;
mod project;
mod regions;
mod report;
mod summary;
mod universal;

use molt_diagnostics::{Diagnostic, registry};

use super::build::{Built, build};
use super::locks::Locks;
use super::moves::{Initialised, MovePaths};
use super::queries::Queries;
use super::{BorrowKind, Mir, MirOwner, Rvalue, StmtKind, Terminator};
use crate::check::context::Checked;
use crate::check::typed::TypedBody;
use crate::hir::{Body, LocalId};
use body::TypedMir;
use live::{Live, Points, Values};
use loans::Loans;
use regions::Regions;
use summary::{Summaries, Summary};

/// Checks all bodies outside of the library in which inference found no error, each and together.
pub fn check_all(c: &Checked) {
    let mut locks = Locks::new(c);
    for owner in c.program_bodies() {
        // A polymorphic `let` is in the body once for each of its types.
        let (Some(body), Some(typed)) = (c.body_of(owner), c.typed(owner)) else { continue };
        // A call of a function that is wrong itself has no type either.
        if c.is_wrong(typed) || c.has_no_value(owner) {
            continue;
        }
        let q = Queries { c, env: c.env_of(body.owner) };
        let built = build(q, body, typed);
        if check_borrows(q, body, typed, &built) {
            locks.add(q, body, &built);
        }
    }
    locks.report(c);
}

/// Checks the graphs of a body and reports what is wrong. True if no error was found.
pub fn check_borrows(q: Queries<'_>, body: &Body, typed: &TypedBody, built: &Built) -> bool {
    let mut summaries = Summaries::default();
    let mut changed = vec![false; body.locals.len()];
    let mut errors = 0;
    for mir in built.closures.iter().chain([&built.mir]) {
        let (summary, found) = check_graph(q, body, typed, mir, &summaries, &mut changed);
        errors += found;
        if let MirOwner::Closure(id) = mir.owner {
            summaries.insert(id, summary);
        }
    }
    if errors == 0 {
        report_unused_mut(q, body, &changed);
    }
    errors == 0
}

/// W0105: variables declared `mut` that nothing changes.
fn report_unused_mut(q: Queries<'_>, body: &Body, changed: &[bool]) {
    for (id, local) in body.locals.iter() {
        let LocalId(n) = id;
        if local.mutable && !local.synthetic && !changed[n as usize] {
            let name = q.hir().text(local.name);
            q.c.report(
                Diagnostic::at(&registry::grok::UNUSED_MUT, local.span, format!("`{name}` is never changed"))
                    .help("remove `mut`"),
            );
        }
    }
}

/// Checks one graph; gives what a closure needs, and the number of errors.
fn check_graph(
    q: Queries<'_>,
    body: &Body,
    typed: &TypedBody,
    mir: &Mir,
    summaries: &Summaries,
    changed: &mut [bool],
) -> (Summary, usize) {
    let mut regions = Regions::new(q);
    let signature = universal::signature(&mut regions, mir);
    let borrows = has_borrows(mir);
    let has_lifetimes = regions.universals.len() > 1;
    let mut slot_ty: Vec<_> = Vec::with_capacity(mir.slots.len());
    for (slot, decl) in mir.slots.iter() {
        slot_ty.push(match signature.slots.get(slot.0 as usize) {
            Some(&ty) => ty,
            None if borrows || has_lifetimes => regions.fresh_ty(decl.ty),
            None => decl.ty,
        });
    }
    let mut graph = TypedMir { regions, mir, slot_ty, summaries };
    let points = Points::new(mir);
    let list = if borrows { loans::collect(&mut graph, &points) } else { Vec::new() };
    if !list.is_empty() || has_lifetimes {
        graph.constraints();
    }
    let dropped = dropped_slots(mir);
    let tracked =
        |s: super::Slot| mir.slots[s].local.is_some() || dropped[s.0 as usize] || (s.0 >= 1 && s.0 <= mir.param_count);
    let paths = MovePaths::new(q, mir, tracked);
    let init = Initialised::new(q, mir, &paths, false);
    let mut values = None;
    let mut loans = None;
    if list.is_empty() {
        if has_lifetimes {
            values = Some(Values::new(&graph.regions, &graph.slot_ty, 0, None));
        }
    } else {
        let live = follow(&graph, &points, &list, &paths, &init);
        let solved = Values::new(&graph.regions, &graph.slot_ty, points.count(), Some(&live));
        loans = Some((Loans::new(mir, &points, list, &solved, &live), live));
        values = Some(solved);
    }
    let mut check = access::Access::new(q, body, typed, graph, points, paths, init, loans, values, changed);
    check.run();
    let mut summary = check.universals(&signature);
    summary.captured = signature.captured;
    (summary, check.errors)
}

/// Liveness of the slots that loans may flow to.
fn follow(
    graph: &TypedMir<'_, '_>,
    points: &Points,
    list: &[loans::Loan],
    paths: &MovePaths,
    init: &Initialised,
) -> Live {
    let regions = &graph.regions;
    let by_longer = regions.constraints_by(|c| c.longer);
    let mut reached = vec![false; regions.count as usize];
    let mut todo: Vec<u32> = list.iter().map(|l| l.region).collect();
    while let Some(r) = todo.pop() {
        if !std::mem::replace(&mut reached[r as usize], true) {
            todo.extend(by_longer.of(r).iter().map(|&e| regions.constraints[e as usize].shorter));
        }
    }
    let mut wanted = vec![false; graph.mir.slots.len()];
    let mut held = Vec::new();
    for slot in graph.mir.slots.ids() {
        held.clear();
        graph.slot_regions(slot, &mut held);
        wanted[slot.0 as usize] = held.iter().any(|&r| reached[r as usize]);
    }
    list.iter().for_each(|l| wanted[l.place.slot.0 as usize] = true);
    let may_drop = |bb: super::Bb, slot: super::Slot| {
        let Some(path) = paths.slot_path(slot) else { return true };
        if !init.is_reached(bb) {
            return false;
        }
        let mut state = init.at(bb);
        for stmt in &graph.mir.blocks[bb].stmts {
            super::moves::step(regions.q, paths, &mut state, &stmt.kind);
        }
        let mut any = false;
        paths.each_in(path, &mut |p| any |= state.may_be_init(p));
        any
    };
    let may_enter = |bb: super::Bb, slot: super::Slot| {
        let Some(path) = paths.slot_path(slot) else { return true };
        let mut any = false;
        paths.each_in(path, &mut |p| any |= init.may_enter(bb, p));
        any
    };
    Live::new(graph.mir, points, |s| wanted[s.0 as usize], may_drop, may_enter)
}

fn has_borrows(mir: &Mir) -> bool {
    mir.blocks.iter().any(|(_, b)| {
        b.stmts.iter().any(|s| {
            matches!(&s.kind, StmtKind::Assign(_, Rvalue::Ref(_, kind, place))
                if *kind != BorrowKind::Fake && !mir.slots[place.slot].promoted)
        })
    })
}

fn dropped_slots(mir: &Mir) -> Vec<bool> {
    let mut dropped = vec![false; mir.slots.len()];
    for (_, block) in mir.blocks.iter() {
        if let Terminator::Drop { place, .. } = block.terminator() {
            dropped[place.slot.0 as usize] = true;
        }
    }
    dropped
}
