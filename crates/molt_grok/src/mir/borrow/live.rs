//! Where slots are live, and so what each region holds.
//!
//! Only slots matter whose types have a region that a loan may flow to. From each use the walk goes back to the definitions;
//! the points passed are added to the regions of the slot's type. A drop counts as a use of those regions only that the drop
//! may look at, and only where the value may be initialised.

use molt_base::Lists;

use crate::mir::bits::BitRows;
use crate::mir::queries::Queries;
use crate::mir::visit::{SlotUse, end_slots, stmt_slots};
use crate::mir::{Bb, Mir, Slot};
use crate::ty::{Arg, Flags, Ty, TyKind};

use super::regions::{RegionVar, Regions, Universal, var_of};

/// Numbers of the statements and terminators of a graph.
pub struct Points {
    /// First point of each block, and the count of all at the end.
    starts: Vec<u32>,
    /// Block of each point.
    blocks: Vec<Bb>,
    preds: Lists,
}

impl Points {
    pub fn new(mir: &Mir) -> Points {
        let mut starts = Vec::with_capacity(mir.blocks.len() + 1);
        let mut blocks = Vec::with_capacity(8 * mir.blocks.len());
        let mut next = 0;
        let mut edges = Vec::with_capacity(2 * mir.blocks.len());
        for (bb, block) in mir.blocks.iter() {
            starts.push(next);
            next += block.stmts.len() as u32 + 1;
            blocks.resize(next as usize, bb);
            block.terminator().successors(|s| edges.push((s.0, bb.0)));
            edges.extend(block.unwind.map(|unwind| (unwind.0, bb.0)));
        }
        starts.push(next);
        Points { starts, blocks, preds: Lists::new(mir.blocks.len(), edges.iter().copied()) }
    }

    pub fn count(&self) -> usize {
        *self.starts.last().expect("the count stands at the end") as usize
    }
    pub fn at(&self, bb: Bb, stmt: usize) -> u32 {
        self.starts[bb.0 as usize] + stmt as u32
    }
    /// The point of a block's terminator.
    pub fn end_of(&self, bb: Bb) -> u32 {
        self.starts[bb.0 as usize + 1] - 1
    }
    /// Block of a point, and the index of its statement there.
    pub fn location(&self, point: u32) -> (Bb, usize) {
        let bb = self.blocks[point as usize];
        (bb, (point - self.starts[bb.0 as usize]) as usize)
    }
    pub fn preds(&self, bb: Bb) -> impl Iterator<Item = Bb> + '_ {
        self.preds.of(bb.0).iter().map(|&b| Bb(b))
    }
    /// Points that control goes to from here.
    pub fn next(&self, mir: &Mir, point: u32, mut f: impl FnMut(u32)) {
        let (bb, _) = self.location(point);
        if point < self.end_of(bb) {
            f(point + 1);
            return;
        }
        mir.blocks[bb].terminator().successors(|s| f(self.at(s, 0)));
        if let Some(unwind) = mir.blocks[bb].unwind {
            f(self.at(unwind, 0));
        }
    }
}

/// Where the slots that matter are used, and where they get values.
pub struct Live {
    /// Row of each slot in the tables.
    dense: Vec<Option<u32>>,
    /// Points where the whole slot gets a value or its storage begins or ends, ascending.
    defs: Lists,
    used: BitRows,
    dropped: BitRows,
}

impl Live {
    /// Follows the slots that `wanted` chooses. `may_drop` tells whether the slot may be initialised at a drop.
    /// `may_enter` tells the same of the start of a block.
    pub fn new(
        mir: &Mir,
        points: &Points,
        wanted: impl Fn(Slot) -> bool,
        may_drop: impl Fn(Bb, Slot) -> bool,
        may_enter: impl Fn(Bb, Slot) -> bool,
    ) -> Live {
        let mut count = 0;
        let dense: Vec<Option<u32>> = mir
            .slots
            .ids()
            .map(|s| {
                let row = wanted(s).then_some(count);
                count += u32::from(row.is_some());
                row
            })
            .collect();
        let rows = count as usize;
        let (mut used, mut dropped) = (BitRows::new(rows, points.count()), BitRows::new(rows, points.count()));
        // Rows and points, in the order of the points.
        let room = points.count();
        let (mut defs, mut ends) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut uses: Vec<(Slot, u32, SlotUse)> = Vec::with_capacity(room);
        for (bb, block) in mir.blocks.iter() {
            let mut point = points.at(bb, 0);
            let mut note = |slot: Slot, what: SlotUse, point: u32| {
                let Some(row) = dense[slot.0 as usize] else { return };
                match what {
                    SlotUse::Def => {
                        defs.push((row, point));
                        ends.push((row, point));
                    }
                    SlotUse::Drop if !may_drop(bb, slot) => {}
                    SlotUse::Use | SlotUse::Drop => uses.push((slot, point, what)),
                    SlotUse::Move => {
                        ends.push((row, point));
                        uses.push((slot, point, what));
                    }
                }
            };
            for stmt in &block.stmts {
                stmt_slots(&stmt.kind, &mut |s, u| note(s, u, point));
                point += 1;
            }
            end_slots(block.terminator(), &mut |s, u| note(s, u, point));
        }
        let defs = Lists::new(rows, defs.iter().copied());
        // A drop is not reached by a value that was moved out before.
        let ends = Lists::new(rows, ends.iter().copied());
        let mut todo = Vec::new();
        for (slot, point, what) in uses {
            let Some(row) = dense[slot.0 as usize] else { continue };
            todo.push(point);
            if what == SlotUse::Drop {
                trace(points, ends.of(row), (&mut dropped, row as usize), &mut todo, |bb| may_enter(bb, slot));
            } else {
                trace(points, defs.of(row), (&mut used, row as usize), &mut todo, |_| true);
            }
        }
        Live { dense, defs, used, dropped }
    }

    /// Whether the slot's value is read later, other than by a drop.
    pub fn is_used_after(&self, slot: Slot, point: u32) -> bool {
        self.dense[slot.0 as usize].is_some_and(|row| self.used.get(row as usize, point as usize))
    }

    /// Whether the slot is given a value or ends at a point.
    pub fn is_def(&self, slot: Slot, point: u32) -> bool {
        self.dense[slot.0 as usize].is_some_and(|row| self.defs.of(row).binary_search(&point).is_ok())
    }
}

/// Marks the points from definitions to the use that is to do: those where the value is live on entry. Blocks without a
/// definition that the value cannot enter are on no way to the use.
fn trace(
    points: &Points,
    defs: &[u32],
    (live, row): (&mut BitRows, usize),
    todo: &mut Vec<u32>,
    may_enter: impl Fn(Bb) -> bool,
) {
    while let Some(point) = todo.pop() {
        let (bb, _) = points.location(point);
        let start = points.at(bb, 0);
        let before = defs.partition_point(|&d| d < point);
        let def = before.checked_sub(1).map(|i| defs[i]).filter(|&d| d >= start);
        if def.is_none() && !may_enter(bb) {
            continue;
        }
        let from = def.map_or(start, |d| d + 1);
        let mut fresh = false;
        for p in (from..=point).rev() {
            if live.get(row, p as usize) {
                fresh = false;
                break;
            }
            live.set(row, p as usize);
            fresh = true;
        }
        if def.is_some() || !fresh {
            continue;
        }
        for pred in points.preds(bb) {
            let end = points.end_of(pred);
            if defs.binary_search(&end).is_err() && !live.get(row, end as usize) {
                todo.push(end);
            }
        }
    }
}

/// What each region holds: points, then ends of universal regions.
pub struct Values {
    rows: BitRows,
    points: usize,
}

impl Values {
    /// Solves the constraints, with the liveness of slots where there are loans.
    pub fn new(regions: &Regions<'_>, slot_ty: &[Ty], points: usize, live: Option<&Live>) -> Values {
        let bits = points + regions.universals.len();
        let mut values = Values { rows: BitRows::new(regions.count as usize, bits), points };
        for (n, universal) in regions.universals.iter().enumerate() {
            values.rows.set_first(universal.var as usize, points);
            values.rows.set(universal.var as usize, points + n);
        }
        if let Some(live) = live {
            let mut held = Vec::new();
            for (row, &ty) in live.dense.iter().zip(slot_ty) {
                let Some(row) = row.map(|row| row as usize) else { continue };
                held.clear();
                regions.regions_in(ty, &mut held);
                held.iter().for_each(|&r| values.rows.union_from(r as usize, &live.used, row));
                if !live.dropped.is_empty(row) {
                    held.clear();
                    drop_regions(regions, ty, 0, &mut held);
                    held.iter().for_each(|&r| values.rows.union_from(r as usize, &live.dropped, row));
                }
            }
        }
        values.solve(regions);
        values
    }

    fn solve(&mut self, regions: &Regions<'_>) {
        let by_shorter = regions.constraints_by(|c| c.shorter);
        // A region that holds nothing yet adds nothing to others.
        let mut queued = vec![false; regions.count as usize];
        let mut todo: Vec<RegionVar> = Vec::with_capacity(regions.count as usize);
        for r in 0..regions.count {
            if !by_shorter.of(r).is_empty() && !self.rows.is_empty(r as usize) {
                queued[r as usize] = true;
                todo.push(r);
            }
        }
        while let Some(r) = todo.pop() {
            queued[r as usize] = false;
            for &edge in by_shorter.of(r) {
                let longer = regions.constraints[edge as usize].longer;
                if self.rows.union_rows(longer as usize, r as usize) && !queued[longer as usize] {
                    queued[longer as usize] = true;
                    todo.push(longer);
                }
            }
        }
    }

    pub fn holds(&self, region: RegionVar, point: u32) -> bool {
        self.rows.get(region as usize, point as usize)
    }

    /// Universal regions, by their position in the list, whose end a region holds.
    pub fn ends(&self, region: RegionVar, universals: &[Universal]) -> impl Iterator<Item = usize> {
        (0..universals.len()).filter(move |&n| self.rows.get(region as usize, self.points + n))
    }
}

/// Regions that dropping a value of a type may look at.
fn drop_regions(regions: &Regions<'_>, ty: Ty, depth: u32, out: &mut Vec<RegionVar>) {
    let q: Queries<'_> = regions.q;
    let types = q.types();
    if depth > 16 || !types.flags(ty).has(Flags::REGION) {
        return;
    }
    match types.kind(ty) {
        TyKind::Tuple(parts) => types.ty_elems(parts).for_each(|t| drop_regions(regions, t, depth + 1, out)),
        TyKind::Array(t, _) | TyKind::Slice(t) => drop_regions(regions, t, depth + 1, out),
        TyKind::Dyn(_, r) => out.extend(var_of(r)),
        TyKind::Closure(_, args) | TyKind::Future(_, args) => {
            for &arg in types.list(args) {
                if let Arg::Ty(t) = arg {
                    drop_regions(regions, t, depth + 1, out);
                }
            }
            if q.needs_drop(regions.plain(ty)) {
                regions.args_regions(args, out);
            }
        }
        TyKind::Opaque(_, args) | TyKind::Projection(_, args) => regions.args_regions(args, out),
        TyKind::Adt(adt, args) => {
            let is_std = {
                let module = q.hir().adts[adt].head.module;
                q.hir().packages[q.hir().modules[module].package].is_std
            };
            if is_std {
                // Collections of the library drop their elements and look at nothing else in them.
                for &arg in types.list(args) {
                    match arg {
                        Arg::Ty(t) => drop_regions(regions, t, depth + 1, out),
                        Arg::Region(r) if q.needs_drop(regions.plain(ty)) => out.extend(var_of(r)),
                        Arg::Region(_) | Arg::Const(_) => {}
                    }
                }
            } else if q.c.drop_impl(adt).is_some() {
                regions.args_regions(args, out);
            } else {
                for v in 0..q.hir().adts[adt].variants.len() as u32 {
                    for &field in q.c.field_types(adt, v).iter() {
                        drop_regions(regions, types.subst(field, args), depth + 1, out);
                    }
                }
            }
        }
        _ => {}
    }
}
