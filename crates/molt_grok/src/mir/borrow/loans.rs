//! Loans: the references a body takes of its places, where they are in scope, and which accesses conflict with them.

use molt_base::{Lists, Span};

use crate::hir::Mutability;
use crate::mir::bits::BitRows;
use crate::mir::{BorrowKind, Elem, Mir, Place, Rvalue, Slot, StmtKind};
use crate::ty::TyKind;

use super::body::TypedMir;
use super::live::{Live, Points, Values};
use super::regions::{RegionVar, var_of};

/// One reference that was taken.
#[derive(Clone, Debug)]
pub struct Loan {
    pub place: Place,
    pub kind: BorrowKind,
    pub region: RegionVar,
    pub point: u32,
    pub span: Span,
    /// Slot that holds the reference first.
    pub dest: Slot,
}

/// How an access touches what a place holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// The place itself, not what it points to.
    Shallow,
    /// What it owns, and boxes.
    Drop,
    Deep,
}

/// Loans of a body. Places behind shared references and raw pointers need none: nothing there can be invalidated.
pub fn collect(typed: &mut TypedMir<'_, '_>, points: &Points) -> Vec<Loan> {
    let mut loans = Vec::new();
    let mir = typed.mir;
    for (bb, block) in mir.blocks.iter() {
        for (n, stmt) in block.stmts.iter().enumerate() {
            let StmtKind::Assign(dest, Rvalue::Ref(_, kind, place)) = &stmt.kind else { continue };
            if mir.slots[place.slot].promoted || !can_be_invalidated(typed, place) {
                continue;
            }
            let ty = typed.place_ty(dest);
            let region = match typed.regions.q.types().kind(ty) {
                TyKind::Ref(r, ..) | TyKind::Str(r) => var_of(r),
                _ => None,
            };
            let Some(region) = region else { continue };
            loans.push(Loan {
                place: place.clone(),
                kind: *kind,
                region,
                point: points.at(bb, n),
                span: stmt.span,
                dest: dest.slot,
            });
        }
    }
    loans
}

fn can_be_invalidated(typed: &mut TypedMir<'_, '_>, place: &Place) -> bool {
    let types = typed.regions.q.types();
    let mut ty = typed.slot_ty[place.slot.0 as usize];
    let mut variant = 0;
    for &elem in &place.path {
        if elem == Elem::Deref
            && matches!(types.kind(ty), TyKind::Ref(_, Mutability::Shared, _) | TyKind::Ptr(..) | TyKind::Str(_))
        {
            return false;
        }
        if let Elem::Variant(v) = elem {
            variant = v;
            continue;
        }
        ty = typed.part_ty(ty, elem, variant);
        variant = 0;
    }
    true
}

/// Loans, where they are in scope, and which belong to each slot.
pub struct Loans {
    pub list: Vec<Loan>,
    scopes: BitRows,
    /// For each slot its loans by chunks of points, a loan for each chunk that its scope reaches.
    of_slot: Lists,
    /// The chunk of each entry of `of_slot`, ascending.
    chunks: Lists,
}

impl Loans {
    pub fn new(mir: &Mir, points: &Points, list: Vec<Loan>, values: &Values, live: &Live) -> Loans {
        let mut scopes = BitRows::new(list.len(), points.count());
        let mut todo = Vec::new();
        for (n, loan) in list.iter().enumerate() {
            mark_scope(mir, points, loan, values, live, (&mut scopes, n), &mut todo);
        }
        let slots = mir.slots.len();
        if scopes.chunks() == 1 {
            let of_slot = Lists::new(slots, list.iter().zip(0..).map(|(loan, n)| (loan.place.slot.0, n)));
            return Loans { list, scopes, of_slot, chunks: Lists::default() };
        }
        let mut entries: Vec<(u32, u32, u32)> = Vec::with_capacity(list.len());
        for chunk in 0..scopes.chunks() {
            let here = list.iter().enumerate().filter(|&(n, _)| scopes.has_in_chunk(n, chunk));
            entries.extend(here.map(|(n, loan)| (loan.place.slot.0, n as u32, chunk as u32)));
        }
        let of_slot = Lists::new(slots, entries.iter().map(|&(slot, loan, _)| (slot, loan)));
        let chunks = Lists::new(slots, entries.iter().map(|&(slot, _, chunk)| (slot, chunk)));
        Loans { list, scopes, of_slot, chunks }
    }

    /// Loans of parts of a slot, among them all that are in scope at a point.
    pub fn of_slot(&self, slot: Slot, point: u32) -> &[u32] {
        let all = self.of_slot.of(slot.0);
        if all.is_empty() || self.scopes.chunks() == 1 {
            return all;
        }
        let (chunks, wanted) = (self.chunks.of(slot.0), BitRows::chunk_of(point as usize) as u32);
        &all[chunks.partition_point(|&s| s < wanted)..chunks.partition_point(|&s| s <= wanted)]
    }

    pub fn in_scope(&self, loan: u32, point: u32) -> bool {
        self.scopes.get(loan as usize, point as usize)
    }
}

/// Points after the loan that its region holds without a gap, up to where its slot gets another value.
fn mark_scope(
    mir: &Mir,
    points: &Points,
    loan: &Loan,
    values: &Values,
    live: &Live,
    (scopes, row): (&mut BitRows, usize),
    todo: &mut Vec<u32>,
) {
    points.next(mir, loan.point, |p| todo.push(p));
    while let Some(point) = todo.pop() {
        if scopes.get(row, point as usize) || !values.holds(loan.region, point) {
            continue;
        }
        scopes.set(row, point as usize);
        if !live.is_def(loan.place.slot, point) {
            points.next(mir, point, |p| todo.push(p));
        }
    }
}

/// Whether an access of a place touches what a loan is of.
pub fn conflicts(loan: &Place, mut is_box: impl FnMut(usize) -> bool, access: &Place, depth: Depth) -> bool {
    for (a, b) in loan.path.iter().zip(&access.path) {
        if are_disjoint(*a, *b) {
            return false;
        }
    }
    if loan.path.len() <= access.path.len() {
        return true;
    }
    // The loan is of a part: does the access reach it?
    let rest = access.path.len()..loan.path.len();
    match depth {
        Depth::Deep => true,
        Depth::Shallow => !rest.into_iter().any(|i| loan.path[i] == Elem::Deref),
        Depth::Drop => !rest.into_iter().any(|i| loan.path[i] == Elem::Deref && !is_box(i)),
    }
}

/// Parts that never overlap. Two indices may be equal.
fn are_disjoint(a: Elem, b: Elem) -> bool {
    match (a, b) {
        (Elem::Field(n, _), Elem::Field(m, _)) => n != m,
        (Elem::Variant(n), Elem::Variant(m)) => n != m,
        (Elem::ConstIndex { offset: n, from_end: x }, Elem::ConstIndex { offset: m, from_end: y }) => x == y && n != m,
        (Elem::ConstIndex { offset, from_end }, Elem::Subslice { from, to })
        | (Elem::Subslice { from, to }, Elem::ConstIndex { offset, from_end }) => {
            if from_end {
                offset <= to
            } else {
                offset < from
            }
        }
        _ => false,
    }
}

/// Whether dereference `at` of a place goes into a box.
pub fn is_box_deref(typed: &mut TypedMir<'_, '_>, place: &Place, at: usize) -> bool {
    let ty = typed.path_ty(place.slot, &place.path[..at]);
    typed.regions.q.c.boxed(ty).is_some()
}
