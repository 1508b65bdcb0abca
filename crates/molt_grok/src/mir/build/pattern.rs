//! Patterns to decision trees.
//!
//! A [`Row`] is an arm (or one alternative of an or-pattern in it) with the tests that are left and the bindings that are
//! known. [`Builder::tree`] takes the first test of the first row, tests its place, and sorts all rows into the outcomes: a row
//! that does not care goes everywhere, until an unguarded row without tests closes the outcome. So no place is tested
//! twice on one way, and a `match` of many constants is one switch. The bodies of arms are shared; guards are not.

use molt_base::hash::FastMap;

use molt_base::{Span, Symbol};
use smallvec::SmallVec;

use super::Builder;
use super::scope::Exit;
use crate::check::exhaustive::ranges::{from_bits, int_range_of, to_bits};
use crate::check::typed::Callee as TypedCallee;
use crate::hir::{BinaryOp, ConstId, ExprId, Lit, LocalId, Mutability, Pat, PatBound, PatId, PathRes, RangePat};
use crate::mir::{Bb, Callee, Cast, Constant, Elem, Operand, Place, Rvalue, StmtKind, Terminator};
use crate::ty::{Args, Region, Ty, TyKind};

/// Index into [`Tree::places`].
type PlaceIx = u32;

#[derive(Clone)]
pub(super) struct Row {
    tests: Vec<(PlaceIx, PatId)>,
    binds: Vec<Bind>,
    pub arm: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Bind {
    pub local: LocalId,
    pub place: PlaceIx,
    /// Reference to take; by value when absent.
    pub mode: Option<Mutability>,
    pub span: Span,
}

/// Where a row that matched goes.
#[derive(Clone, Copy)]
pub(super) struct Arm {
    pub entry: Bb,
    pub guard: Option<ExprId>,
}

/// A place that a pattern looks at. Its parts are chained: a place has few of them.
struct TreePlace {
    place: Place,
    /// The part that was made last; 0, which is the whole value, stands for none.
    first_part: PlaceIx,
    /// The part of the same place before this one, or 0.
    next: PlaceIx,
}

/// What one `match`, `let` or condition is made of.
pub(super) struct Tree {
    places: Vec<TreePlace>,
    pub arms: Vec<Arm>,
    span: Span,
    /// Where values go that no row matches; absent where the patterns are exhaustive.
    failed: Option<Exit>,
    unreachable: Option<Bb>,
}

/// What a refutable pattern asks of its place.
enum Test {
    Variant(u32),
    /// A range of integers, characters, truth values or lengths, as ordered bits.
    Int {
        lo: u128,
        hi: u128,
        of_len: bool,
    },
    /// Equal to a value; unequal literals exclude each other.
    Literal(LitKey),
    /// Equal to a constant whose value is not known here.
    Const(ConstId, Args),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum LitKey {
    Str(Symbol),
    Bytes(Symbol),
    Float(u64),
}

impl Tree {
    fn part(&mut self, place: PlaceIx, elem: Elem) -> PlaceIx {
        let mut at = self.places[place as usize].first_part;
        while at != 0 {
            let part = &self.places[at as usize];
            if part.place.path.last() == Some(&elem) {
                return at;
            }
            at = part.next;
        }
        let new = self.places.len() as PlaceIx;
        let whole = &mut self.places[place as usize];
        let next = std::mem::replace(&mut whole.first_part, new);
        let place = whole.place.with(elem);
        self.places.push(TreePlace { place, first_part: 0, next });
        new
    }

    pub fn place(&self, ix: PlaceIx) -> &Place {
        &self.places[ix as usize].place
    }
}

impl Builder<'_> {
    /// Binds the variables of a pattern that always matches.
    pub(super) fn bind_irrefutable(&mut self, pat: PatId, place: Place) {
        self.bind(pat, place, None);
    }

    /// Binds the variables of a pattern, or leaves.
    pub(super) fn bind_refutable(&mut self, pat: PatId, place: Place, failed: Exit) {
        self.bind(pat, place, Some(failed));
    }

    fn bind(&mut self, pat: PatId, place: Place, failed: Option<Exit>) {
        let span = self.body.pat_span(pat);
        let entry = self.new_block();
        let mut tree = self.new_tree(place, failed, span);
        tree.arms.push(Arm { entry, guard: None });
        let row = self.first_row(&mut tree, pat, 0);
        self.tree(&mut tree, vec![row]);
        self.enter(entry);
    }

    pub(super) fn new_tree(&mut self, place: Place, failed: Option<Exit>, span: Span) -> Tree {
        let mut places = Vec::with_capacity(4);
        places.push(TreePlace { place, first_part: 0, next: 0 });
        Tree { places, arms: Vec::new(), span, failed, unreachable: None }
    }

    pub(super) fn first_row(&mut self, tree: &mut Tree, pat: PatId, arm: usize) -> Row {
        let mut row = Row { tests: Vec::new(), binds: Vec::new(), arm };
        self.add_test(tree, &mut row, 0, pat);
        row
    }

    /// Adds what a pattern tests and binds; patterns that always match are taken apart at once.
    fn add_test(&mut self, tree: &mut Tree, row: &mut Row, place: PlaceIx, pat: PatId) {
        let place = self.look_through(tree, place, pat);
        self.add_inner_test(tree, row, place, pat);
    }

    /// The place behind the references that a pattern looks through.
    fn look_through(&self, tree: &mut Tree, place: PlaceIx, pat: PatId) -> PlaceIx {
        let derefs = self.typed.pat_derefs.get(&pat).map_or(0, Vec::len);
        (0..derefs).fold(place, |p, _| tree.part(p, Elem::Deref))
    }

    fn add_inner_test(&mut self, tree: &mut Tree, row: &mut Row, place: PlaceIx, pat: PatId) {
        let body = self.body;
        let ty = self.typed.pat(pat);
        match &body.pats[pat] {
            Pat::Error | Pat::Wild | Pat::Rest => {}
            Pat::Bind { local, sub, .. } => {
                let span = body.locals[*local].span;
                row.binds.push(Bind { local: *local, place, mode: self.bind_mode(pat), span });
                if let Some(sub) = sub {
                    self.add_test(tree, row, place, *sub);
                }
            }
            Pat::Tuple(pats) => {
                let TyKind::Tuple(parts) = self.types.kind(ty) else { return };
                let types: Vec<Ty> = self.types.ty_elems(parts).collect();
                for (n, sub) in self.positions(pats, types.len()) {
                    let part = tree.part(place, Elem::Field(n as u32, types[n]));
                    self.add_test(tree, row, part, sub);
                }
            }
            Pat::Ref(_, sub) => {
                let part = if self.is_str(ty) { place } else { tree.part(place, Elem::Deref) };
                self.add_test(tree, row, part, *sub);
            }
            Pat::TupleStruct { .. } | Pat::Struct { .. } => {
                if self.is_refutable_ctor(ty) {
                    row.tests.push((place, pat));
                } else {
                    self.add_fields(tree, row, place, pat);
                }
            }
            Pat::Slice(pats) => {
                if matches!(self.types.kind(ty), TyKind::Array(..)) {
                    self.add_elements(tree, row, place, pats);
                } else {
                    row.tests.push((place, pat));
                }
            }
            Pat::Path(_) => {
                if self.pat_const(pat).is_some() || self.is_refutable_ctor(ty) {
                    row.tests.push((place, pat));
                }
            }
            Pat::Lit { .. } | Pat::Range(_) | Pat::Or(_) => row.tests.push((place, pat)),
        }
    }

    fn is_refutable_ctor(&self, ty: Ty) -> bool {
        matches!(self.types.kind(ty), TyKind::Adt(adt, _) if self.q.needs_variant_test(adt))
    }

    /// Field positions of positional patterns with at most one `..`.
    fn positions(&self, pats: &[PatId], len: usize) -> SmallVec<[(usize, PatId); 4]> {
        let rest = pats.iter().position(|&p| matches!(self.body.pats[p], Pat::Rest));
        let skipped = if rest.is_some() { (len + 1).saturating_sub(pats.len()) } else { 0 };
        let at = |n: usize| if rest.is_some_and(|r| n > r) { n + skipped - 1 } else { n };
        let listed = pats.iter().enumerate().filter(|&(n, _)| Some(n) != rest);
        listed.map(|(n, &p)| (at(n), p)).filter(|&(n, _)| n < len).collect()
    }

    fn add_fields(&mut self, tree: &mut Tree, row: &mut Row, place: PlaceIx, pat: PatId) {
        let TyKind::Adt(adt, args) = self.types.kind(self.typed.pat(pat)) else { return };
        let variant = self.pat_variant(pat);
        let is_enum = self.hir.adts[adt].kind == crate::hir::AdtKind::Enum;
        let place = if is_enum { tree.part(place, Elem::Variant(variant)) } else { place };
        let body = self.body;
        let fields: SmallVec<[(u32, PatId); 4]> = match &body.pats[pat] {
            Pat::TupleStruct { pats, .. } => {
                let len = self.hir.adts[adt].variants[variant as usize].fields.len();
                self.positions(pats, len).into_iter().map(|(n, p)| (n as u32, p)).collect()
            }
            Pat::Struct { fields, .. } => {
                let order = &self.typed.pat_ctor[&pat].fields;
                fields.iter().zip(order).map(|(f, &n)| (n, f.pat)).collect()
            }
            _ => SmallVec::new(),
        };
        for (n, sub) in fields {
            let ty = self.q.field_ty(adt, variant, n, args);
            let part = tree.part(place, Elem::Field(n, ty));
            self.add_test(tree, row, part, sub);
        }
    }

    /// Elements of an array or of a slice whose length was tested.
    fn add_elements(&mut self, tree: &mut Tree, row: &mut Row, place: PlaceIx, pats: &[PatId]) {
        let rest = pats.iter().position(|&p| self.is_rest(p));
        for (n, &pat) in pats.iter().enumerate() {
            let elem = match rest {
                Some(r) if n == r => Elem::Subslice { from: r as u32, to: (pats.len() - r - 1) as u32 },
                Some(r) if n > r => Elem::ConstIndex { offset: (pats.len() - n) as u32, from_end: true },
                _ => Elem::ConstIndex { offset: n as u32, from_end: false },
            };
            match self.body.pats[pat] {
                Pat::Rest => {}
                Pat::Bind { local, .. } if rest == Some(n) => {
                    let place = tree.part(place, elem);
                    let span = self.body.locals[local].span;
                    row.binds.push(Bind { local, place, mode: self.bind_mode(pat), span });
                }
                _ => {
                    let part = tree.part(place, elem);
                    self.add_test(tree, row, part, pat);
                }
            }
        }
    }

    /// `..` or `name @ ..` in a slice pattern.
    fn is_rest(&self, pat: PatId) -> bool {
        match self.body.pats[pat] {
            Pat::Rest => true,
            Pat::Bind { sub: Some(sub), .. } => matches!(self.body.pats[sub], Pat::Rest),
            _ => false,
        }
    }

    fn pat_variant(&self, pat: PatId) -> u32 {
        match (self.typed.pat_ctor.get(&pat), &self.body.pats[pat]) {
            (Some(ctor), _) => ctor.variant,
            (None, Pat::Path(PathRes::Variant(_, v, _))) => *v,
            (None, Pat::TupleStruct { path: PathRes::Variant(_, v, _), .. }) => *v,
            _ => 0,
        }
    }

    fn pat_const(&self, pat: PatId) -> Option<(ConstId, Args)> {
        match (self.typed.pat_consts.get(&pat), &self.body.pats[pat]) {
            (Some(&found), _) => Some(found),
            (None, Pat::Path(PathRes::Const(id))) => Some((*id, Args::EMPTY)),
            _ => None,
        }
    }

    /// What a refutable pattern other than an or-pattern tests.
    fn test(&self, pat: PatId) -> Test {
        let ty = self.typed.pat(pat);
        match &self.body.pats[pat] {
            Pat::Lit { lit, negative } => self.literal_test(*lit, *negative, ty),
            Pat::Range(range) => {
                let RangePat { start, end, inclusive } = &**range;
                let (min, max) = int_range_of(self.types, ty);
                let lo = start.as_ref().map_or(Some(min), |b| self.bound(b, ty));
                let hi = end.as_ref().map_or(Some(max), |b| self.bound(b, ty));
                let (lo, hi) = (lo.unwrap_or(min), hi.unwrap_or(max));
                let hi = if *inclusive || end.is_none() { hi } else { hi.saturating_sub(1) };
                Test::Int { lo, hi, of_len: false }
            }
            Pat::Slice(pats) => {
                let fixed = pats.iter().filter(|&&p| !self.is_rest(p)).count() as u128;
                let hi = if fixed < pats.len() as u128 { u128::from(u64::MAX) } else { fixed };
                Test::Int { lo: fixed, hi, of_len: true }
            }
            Pat::Path(_) => match self.pat_const(pat) {
                Some((id, args)) => match self.q.const_int(id, args, self.body.pat_span(pat)) {
                    Some(v) if is_int_like(self.types.kind(ty)) => {
                        let bits = to_bits(self.types, ty, v);
                        Test::Int { lo: bits, hi: bits, of_len: false }
                    }
                    _ => Test::Const(id, args),
                },
                None => Test::Variant(self.pat_variant(pat)),
            },
            _ => Test::Variant(self.pat_variant(pat)),
        }
    }

    fn literal_test(&self, lit: Lit, negative: bool, ty: Ty) -> Test {
        let int = |v: i128| {
            let bits = to_bits(self.types, ty, v);
            Test::Int { lo: bits, hi: bits, of_len: false }
        };
        match self.literal(lit, negative, ty) {
            Constant::Bool(b) => int(i128::from(b)),
            Constant::Char(c) => int(i128::from(u32::from(c))),
            Constant::Int(v, _) => int(v.signed()),
            Constant::Float(bits, _) => Test::Literal(LitKey::Float(bits)),
            Constant::Str(s) | Constant::CStr(s) => Test::Literal(LitKey::Str(s)),
            Constant::Bytes(s) => Test::Literal(LitKey::Bytes(s)),
            Constant::Unit | Constant::Zst(_) | Constant::Item(..) | Constant::Param(..) => {
                unreachable!("a literal is no item")
            }
        }
    }

    fn bound(&self, bound: &PatBound, ty: Ty) -> Option<u128> {
        let value = match bound {
            PatBound::Lit { lit, negative, .. } => match self.literal(*lit, *negative, ty) {
                Constant::Int(v, _) => v.signed(),
                Constant::Char(c) => i128::from(u32::from(c)),
                _ => return None,
            },
            PatBound::Path(..) => self.q.bound_int(bound)?,
        };
        Some(to_bits(self.types, ty, value))
    }

    /// Emits tests from the current block on; each way ends at an arm or fails.
    pub(super) fn tree(&mut self, tree: &mut Tree, mut rows: Vec<Row>) {
        loop {
            let Some(first) = rows.first() else { return self.match_failed(tree) };
            let Some(&(place, _)) = first.tests.first() else {
                let row = rows.remove(0);
                if !self.leaf(tree, &row) {
                    return;
                }
                continue;
            };
            rows = self.expand_or(tree, rows, place);
            let (place, pat) = match rows[0].tests.first() {
                Some(&(p, pat)) if p == place => (p, pat),
                _ => continue,
            };
            match self.test(pat) {
                Test::Variant(_) => return self.variant_test(tree, rows, place, pat),
                Test::Int { lo, hi, of_len } if lo == hi => return self.switch_test(tree, rows, place, pat, of_len),
                Test::Int { lo, hi, of_len } => rows = self.range_test(tree, rows, place, pat, (lo, hi), of_len),
                Test::Literal(_) => rows = self.literal_tests(tree, rows, place, pat),
                Test::Const(id, args) => rows = self.const_test(tree, rows, place, pat, id, args),
            }
        }
    }

    /// Replaces rows with an or-pattern at a place by one row for each alternative.
    fn expand_or(&mut self, tree: &mut Tree, rows: Vec<Row>, place: PlaceIx) -> Vec<Row> {
        let body = self.body;
        let alternatives = |row: &Row| {
            let at = row.tests.iter().position(|t| t.0 == place)?;
            match &body.pats[row.tests[at].1] {
                Pat::Or(pats) => Some((at, pats)),
                _ => None,
            }
        };
        if rows.iter().all(|r| alternatives(r).is_none()) {
            return rows;
        }
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            let Some((at, pats)) = alternatives(&row) else {
                out.push(row);
                continue;
            };
            for &pat in pats {
                let mut one = Row { tests: row.tests[..at].to_vec(), binds: row.binds.clone(), arm: row.arm };
                self.add_test(tree, &mut one, place, pat);
                one.tests.extend_from_slice(&row.tests[at + 1..]);
                out.push(one);
            }
        }
        // Alternatives may be or-patterns themselves.
        self.expand_or(tree, out, place)
    }

    fn match_failed(&mut self, tree: &mut Tree) {
        match tree.failed {
            Some(exit) => {
                let to = self.exit_chain(exit);
                self.goto(to, tree.span);
            }
            None => self.end(Terminator::Unreachable, tree.span),
        }
    }

    /// The block that tests the rows, or the arm itself where nothing is left to do.
    fn outcome(&mut self, tree: &mut Tree, rows: Vec<Row>) -> Bb {
        match rows.first() {
            None if tree.failed.is_none() => {
                if let Some(bb) = tree.unreachable {
                    return bb;
                }
            }
            Some(row) if row.tests.is_empty() && row.binds.is_empty() && tree.arms[row.arm].guard.is_none() => {
                return tree.arms[row.arm].entry;
            }
            _ => {}
        }
        let bb = self.new_block();
        if rows.is_empty() && tree.failed.is_none() {
            tree.unreachable = Some(bb);
        }
        self.enter(bb);
        self.tree(tree, rows);
        bb
    }

    fn switch(&mut self, value: Operand, targets: Vec<(i128, Bb)>, otherwise: Bb, span: Span) {
        self.end(Terminator::Switch { value, targets, otherwise }, span);
    }

    fn variant_test(&mut self, tree: &mut Tree, rows: Vec<Row>, place: PlaceIx, pat: PatId) {
        let TyKind::Adt(adt, _) = self.types.kind(self.typed.pat(pat)) else {
            unreachable!("variants belong to enums")
        };
        let count = self.hir.adts[adt].variants.len();
        let tag = self.new_slot(Ty::ISIZE, tree.span);
        self.assign(Place::local(tag), Rvalue::Variant(tree.place(place).clone()), tree.span);
        let mut buckets: Vec<Option<Vec<Row>>> = vec![None; count];
        let tested = |r: &Row| r.tests.iter().position(|t| t.0 == place);
        for row in &rows {
            if let Some(at) = tested(row)
                && let Test::Variant(v) = self.test(row.tests[at].1)
            {
                buckets[v as usize].get_or_insert_default();
            }
        }
        let mut rest = Vec::new();
        for row in rows {
            let test = tested(&row).map(|at| (at, self.test(row.tests[at].1)));
            if let Some((at, Test::Variant(v))) = test {
                let bucket = buckets[v as usize].get_or_insert_default();
                if closed(tree, bucket) {
                    continue;
                }
                let pat = row.tests[at].1;
                let row = self.refine(row, at, |b, row| b.add_fields(tree, row, place, pat));
                buckets[v as usize].get_or_insert_default().push(row);
            } else {
                spread(tree, buckets.iter_mut().flatten(), &mut rest, row);
            }
        }
        let head = self.cur;
        // Exhaustive patterns leave no other variant.
        let complete = buckets.iter().all(Option::is_some) || (rest.is_empty() && tree.failed.is_none());
        let targets: Vec<(i128, Bb)> = buckets
            .into_iter()
            .enumerate()
            .filter_map(|(v, rows)| rows.map(|rows| (v as i128, self.outcome(tree, rows))))
            .collect();
        let (targets, otherwise) = if complete {
            let (last, first) = targets.split_last().expect("an enum that is tested has variants");
            (first.to_vec(), last.1)
        } else {
            let otherwise = self.outcome(tree, rest);
            (targets, otherwise)
        };
        self.cur = head;
        self.switch(Operand::Move(Place::local(tag)), targets, otherwise, tree.span);
    }

    /// Takes a test out of a row and puts what follows from it in its place.
    fn refine(&mut self, mut row: Row, at: usize, add: impl FnOnce(&mut Self, &mut Row)) -> Row {
        let later = row.tests.split_off(at + 1);
        row.tests.pop();
        add(self, &mut row);
        row.tests.extend(later);
        row
    }

    /// The value of a place as integers are tested: its length if `of_len`.
    fn int_operand(&mut self, tree: &Tree, place: PlaceIx, of_len: bool) -> Operand {
        let place = tree.place(place).clone();
        if !of_len {
            return Operand::Copy(place);
        }
        let slot = self.new_slot(Ty::USIZE, tree.span);
        self.assign(Place::local(slot), Rvalue::Len(place), tree.span);
        Operand::Copy(Place::local(slot))
    }

    fn tested_ty(&self, pat: PatId, of_len: bool) -> Ty {
        if of_len { Ty::USIZE } else { self.typed.pat(pat) }
    }

    /// A switch over all single values that rows ask for.
    fn switch_test(&mut self, tree: &mut Tree, rows: Vec<Row>, place: PlaceIx, pat: PatId, of_len: bool) {
        let ty = self.tested_ty(pat, of_len);
        let tests: Vec<Option<(usize, u128, u128)>> = rows.iter().map(|r| self.int_test(r, place)).collect();
        let mut values: Vec<u128> = tests.iter().flatten().filter(|t| t.1 == t.2).map(|t| t.1).collect();
        values.sort_unstable();
        values.dedup();
        let mut buckets: Vec<Vec<Row>> = vec![Vec::new(); values.len()];
        let mut rest = Vec::new();
        for (row, test) in rows.into_iter().zip(tests) {
            match test {
                None => spread(tree, buckets.iter_mut(), &mut rest, row),
                Some((at, lo, hi)) => {
                    let from = values.partition_point(|&v| v < lo);
                    let to = values.partition_point(|&v| v <= hi);
                    for bucket in &mut buckets[from..to] {
                        if !closed(tree, bucket) {
                            let row = self.known_int(tree, row.clone(), at, place);
                            bucket.push(row);
                        }
                    }
                    if lo != hi {
                        rest.push(row);
                    }
                }
            }
        }
        let value = self.int_operand(tree, place, of_len);
        let head = self.cur;
        let targets: Vec<(i128, Bb)> = values
            .iter()
            .zip(buckets)
            .map(|(&v, rows)| (from_bits(self.types, ty, v), self.outcome(tree, rows)))
            .collect();
        let (min, max) = int_range_of(self.types, ty);
        let complete = (!of_len && max - min < targets.len() as u128) || (rest.is_empty() && tree.failed.is_none());
        let (targets, otherwise) = match targets.split_last() {
            Some((last, first)) if complete => (first.to_vec(), last.1),
            _ => {
                let otherwise = self.outcome(tree, rest);
                (targets, otherwise)
            }
        };
        self.cur = head;
        self.switch(value, targets, otherwise, tree.span);
    }

    /// Position and range of a row's test of a place.
    fn int_test(&self, row: &Row, place: PlaceIx) -> Option<(usize, u128, u128)> {
        let at = row.tests.iter().position(|t| t.0 == place)?;
        match self.test(row.tests[at].1) {
            Test::Int { lo, hi, .. } => Some((at, lo, hi)),
            _ => None,
        }
    }

    /// The row after its test of an integer or length succeeded.
    fn known_int(&mut self, tree: &mut Tree, row: Row, at: usize, place: PlaceIx) -> Row {
        let body = self.body;
        let pat = row.tests[at].1;
        self.refine(row, at, |b, row| {
            if let Pat::Slice(pats) = &body.pats[pat] {
                b.add_elements(tree, row, place, pats);
            }
        })
    }

    /// Tests a range; gives the rows that are left to test in the current block: those for values outside of it.
    fn range_test(
        &mut self,
        tree: &mut Tree,
        rows: Vec<Row>,
        place: PlaceIx,
        pat: PatId,
        (lo, hi): (u128, u128),
        of_len: bool,
    ) -> Vec<Row> {
        let mut inside = Vec::new();
        let mut outside = Vec::new();
        for row in rows {
            match self.int_test(&row, place) {
                None => {
                    if !closed(tree, &inside) {
                        inside.push(row.clone());
                    }
                    outside.push(row);
                }
                Some((at, l, h)) => {
                    if l < lo || h > hi {
                        outside.push(row.clone());
                    }
                    if closed(tree, &inside) || h < lo || l > hi {
                        continue;
                    }
                    if l <= lo && hi <= h {
                        let row = self.known_int(tree, row, at, place);
                        inside.push(row);
                    } else {
                        inside.push(row);
                    }
                }
            }
        }
        if outside.is_empty() && tree.failed.is_none() {
            // Exhaustive patterns leave no other value.
            return inside;
        }
        let ty = self.tested_ty(pat, of_len);
        let value = self.int_operand(tree, place, of_len);
        let failed = self.new_block();
        let (min, max) = int_range_of(self.types, ty);
        if lo > min {
            self.compare(BinaryOp::Ge, value.clone(), self.int_constant(lo, ty), failed, tree.span);
        }
        if hi < max && !(of_len && hi == u128::from(u64::MAX)) {
            self.compare(BinaryOp::Le, value, self.int_constant(hi, ty), failed, tree.span);
        }
        self.tree(tree, inside);
        self.enter(failed);
        outside
    }

    fn int_constant(&self, bits: u128, ty: Ty) -> Constant {
        let value = from_bits(self.types, ty, bits);
        match self.types.kind(ty) {
            TyKind::Char => Constant::Char(u32::try_from(value).ok().and_then(char::from_u32).unwrap_or('\0')),
            TyKind::Bool => Constant::Bool(value != 0),
            _ => Constant::Int(value.into(), ty),
        }
    }

    /// Goes on where the comparison holds.
    fn compare(&mut self, op: BinaryOp, value: Operand, with: Constant, failed: Bb, span: Span) {
        let slot = self.new_slot(Ty::BOOL, span);
        self.assign(Place::local(slot), Rvalue::Binary(op, value, Operand::Const(with)), span);
        self.branch(slot, failed, span);
    }

    fn branch(&mut self, truth: crate::mir::Slot, failed: Bb, span: Span) {
        let holds = self.new_block();
        self.switch(Operand::Move(Place::local(truth)), vec![(0, failed)], holds, span);
        self.enter(holds);
    }

    /// Compares with each literal that rows ask for, one after the other; gives the rows for other values.
    fn literal_tests(&mut self, tree: &mut Tree, rows: Vec<Row>, place: PlaceIx, pat: PatId) -> Vec<Row> {
        let mut order: FastMap<LitKey, usize> = FastMap::default();
        let mut buckets: Vec<(LitKey, Vec<Row>)> = Vec::new();
        let key = |b: &Self, row: &Row| {
            let at = row.tests.iter().position(|t| t.0 == place)?;
            match b.test(row.tests[at].1) {
                Test::Literal(key) => Some((at, key)),
                _ => None,
            }
        };
        for row in &rows {
            if let Some((_, key)) = key(self, row) {
                order.entry(key).or_insert_with(|| {
                    buckets.push((key, Vec::new()));
                    buckets.len() - 1
                });
            }
        }
        let mut rest = Vec::new();
        for row in rows {
            match key(self, &row) {
                None => spread(tree, buckets.iter_mut().map(|b| &mut b.1), &mut rest, row),
                Some((at, key)) => {
                    let bucket = &mut buckets[order[&key]].1;
                    if !closed(tree, bucket) {
                        bucket.push(self.refine(row, at, |_, _| {}));
                    }
                }
            }
        }
        for (key, rows) in buckets {
            let failed = self.new_block();
            self.literal_equal(tree, place, key, self.typed.pat(pat), failed);
            self.tree(tree, rows);
            self.enter(failed);
        }
        rest
    }

    fn literal_equal(&mut self, tree: &Tree, place: PlaceIx, key: LitKey, ty: Ty, failed: Bb) {
        let value = Operand::Copy(tree.place(place).clone());
        match key {
            LitKey::Str(s) => self.compare(BinaryOp::Eq, value, Constant::Str(s), failed, tree.span),
            LitKey::Float(bits) => self.compare(BinaryOp::Eq, value, Constant::Float(bits, ty), failed, tree.span),
            LitKey::Bytes(s) => self.bytes_equal(value, ty, s, failed, tree.span),
        }
    }

    /// Byte strings compare as slices.
    fn bytes_equal(&mut self, value: Operand, ty: Ty, bytes: Symbol, failed: Bb, span: Span) {
        let slice = self.types.reference(Mutability::Shared, self.types.mk(TyKind::Slice(Ty::U8)));
        let value = if ty == slice { value } else { self.unsized_bytes(value, slice, span) };
        let with = self.unsized_bytes(Operand::Const(Constant::Bytes(bytes)), slice, span);
        let slot = self.new_slot(Ty::BOOL, span);
        self.assign(Place::local(slot), Rvalue::Binary(BinaryOp::Eq, value, with), span);
        self.branch(slot, failed, span);
    }

    fn unsized_bytes(&mut self, value: Operand, slice: Ty, span: Span) -> Operand {
        let slot = self.new_slot(slice, span);
        self.assign(Place::local(slot), Rvalue::Cast(Cast::Unsize, value, slice), span);
        Operand::Copy(Place::local(slot))
    }

    /// Compares with a constant whose value is not known; gives the rows for other values.
    fn const_test(
        &mut self,
        tree: &mut Tree,
        rows: Vec<Row>,
        place: PlaceIx,
        pat: PatId,
        id: ConstId,
        args: Args,
    ) -> Vec<Row> {
        let mut equal = Vec::new();
        let mut rest = Vec::new();
        for row in rows {
            let at = row.tests.iter().position(|t| t.0 == place);
            let same = at.filter(|&at| matches!(self.test(row.tests[at].1), Test::Const(i, a) if (i, a) == (id, args)));
            match same {
                Some(at) => {
                    let row = self.refine(row, at, |_, _| {});
                    equal.push(row);
                }
                None => {
                    equal.push(row.clone());
                    rest.push(row);
                }
            }
        }
        let ty = self.typed.pat(pat);
        let failed = self.new_block();
        let with = Constant::Item(id, args, ty);
        let place = tree.place(place).clone();
        match self.equality(ty) {
            None => self.compare(BinaryOp::Eq, Operand::Copy(place), with, failed, tree.span),
            Some(callee) => self.const_equal(callee, place, with, ty, failed, tree.span),
        }
        self.tree(tree, equal);
        self.enter(failed);
        rest
    }

    /// `Eq::eq` for types that are not compared by one operation.
    fn equality(&self, ty: Ty) -> Option<TypedCallee> {
        if is_int_like(self.types.kind(ty)) || matches!(self.types.kind(ty), TyKind::Float(_) | TyKind::Str(_)) {
            return None;
        }
        let eq = self.hir.lang_trait("eq")?;
        let func = *self.hir.traits[eq].fns.iter().find(|&&f| self.hir.text(self.hir.fns[f].head.name) == "eq")?;
        Some(TypedCallee { func, args: self.types.ty_list(&[ty]) })
    }

    fn const_equal(&mut self, callee: TypedCallee, place: Place, with: Constant, ty: Ty, failed: Bb, span: Span) {
        let constant = self.new_slot(ty, span);
        self.mir.slots[constant].promoted = true;
        self.assign_const(&Place::local(constant), with, span);
        let reference = self.types.mk(TyKind::Ref(Region::Erased, Mutability::Shared, ty));
        let mut args = Vec::new();
        for place in [place, Place::local(constant)] {
            let slot = self.new_slot(reference, span);
            let value = Rvalue::Ref(Region::Erased, crate::mir::BorrowKind::Shared, place);
            self.assign(Place::local(slot), value, span);
            args.push(Operand::Copy(Place::local(slot)));
        }
        let truth = self.new_slot(Ty::BOOL, span);
        let func = Callee::Fn(callee.func, callee.args);
        self.call(func, args, Place::local(truth), Some(Ty::BOOL), span);
        self.branch(truth, failed, span);
    }

    /// Binds and goes to the arm. True if its guard may refuse: then the current block tests what is left.
    fn leaf(&mut self, tree: &mut Tree, row: &Row) -> bool {
        let arm = tree.arms[row.arm];
        if let Some(guard) = arm.guard {
            self.guarded_leaf(tree, row, guard, arm.entry);
            return true;
        }
        for bind in &row.binds {
            let slot = self.local_place(bind.local).slot;
            self.push(StmtKind::Live(slot), bind.span);
            self.bind_one(tree, bind);
        }
        self.goto(arm.entry, tree.span);
        false
    }

    /// Initialises one variable.
    pub(super) fn bind_one(&mut self, tree: &Tree, bind: &Bind) {
        let ty = self.typed.local(bind.local);
        let dest = self.local_place(bind.local);
        let place = tree.place(bind.place).clone();
        let value = match bind.mode {
            // A reference to a `str` is the `str`.
            Some(Mutability::Shared) if self.is_str(ty) => Rvalue::Use(Operand::Copy(place)),
            Some(m) => Rvalue::Ref(Region::Erased, super::place::borrow_kind(m), place),
            None => Rvalue::Use(self.consume(place, ty)),
        };
        self.assign(dest, value, bind.span);
    }

    /// Bindings of a row, for guards.
    pub(super) fn row_binds<'r>(&self, row: &'r Row) -> &'r [Bind] {
        &row.binds
    }
}

/// Whether no later row can be reached in an outcome.
fn closed(tree: &Tree, rows: &[Row]) -> bool {
    rows.last().is_some_and(|r| r.tests.is_empty() && tree.arms[r.arm].guard.is_none())
}

/// A row that does not care goes to every outcome.
fn spread<'r>(tree: &Tree, buckets: impl Iterator<Item = &'r mut Vec<Row>>, rest: &mut Vec<Row>, row: Row) {
    for bucket in buckets.filter(|b| !closed(tree, b)) {
        bucket.push(row.clone());
    }
    rest.push(row);
}

fn is_int_like(kind: TyKind) -> bool {
    matches!(kind, TyKind::Int(_) | TyKind::Char | TyKind::Bool)
}
