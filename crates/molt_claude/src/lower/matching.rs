//! `match` as a decision tree.
//!
//! A row is a branch with what is still to be tested. The first row's first test is made; in each of its two outcomes the
//! rows that it decides are simplified or dropped, so that nothing is tested twice on one way. Bodies are blocks of their
//! own, whichever way leads there. A tree that grows too large goes on as a chain: row after row, each with its own tests.

use std::cell::Cell;
use std::collections::HashMap;

use molt_abi::{Predicate, RtFn};
use molt_ir::{BlockId, CompareOp, Op, ValueId};

use super::Purpose;
use super::body::{Body, To};
use crate::core::{ExprId, ExprKind, LocalId, Match, Otherwise, PatId, PatternKind};

/// Something to test before a branch is taken.
#[derive(Clone)]
enum Test {
    /// A value against a pattern.
    Pattern(ValueId, PatId),
    /// A list's elements from a place on, and its rest.
    Guard(ExprId),
}

#[derive(Clone)]
struct Row {
    tests: Vec<Test>,
    bindings: Vec<(LocalId, ValueId)>,
    branch: usize,
}

/// What was computed of values on the way, so that it is computed once.
#[derive(Clone, Default)]
struct Known {
    lengths: HashMap<ValueId, ValueId>,
    items: HashMap<(ValueId, usize), ValueId>,
    rests: HashMap<(ValueId, usize), ValueId>,
    entries: HashMap<(ValueId, ExprId), ValueId>,
}

/// The outcome of a test for the test of another row on the same value.
enum Effect {
    Decided(Vec<Test>),
    Refuted,
    Unknown,
}

struct Tree<'m> {
    m: &'m Match,
    subject: ValueId,
    /// Block of each branch, once something leads there.
    bodies: Vec<BlockId>,
    to: To,
    /// Tests that may still be made before the tree becomes a chain.
    budget: Cell<usize>,
}

/// Tests a row of a tree may have on the average.
const TESTS_PER_ROW: usize = 12;

impl Body<'_, '_> {
    pub fn matching(&mut self, m: &Match, to: To) -> Option<ValueId> {
        let subject = self.operand(m.value)?;
        self.match_value(m, subject, to)
    }

    /// Branches on a value that is there already.
    pub fn match_value(&mut self, m: &Match, subject: ValueId, to: To) -> Option<ValueId> {
        let rows = m
            .branches
            .iter()
            .enumerate()
            .map(|(branch, b)| {
                let mut tests = vec![Test::Pattern(subject, b.pattern)];
                tests.extend(b.guard.map(Test::Guard));
                Row { tests, bindings: Vec::new(), branch }
            })
            .collect();
        self.merging(to, |s, to| {
            let bodies = m.branches.iter().map(|_| s.b.block()).collect();
            let budget = Cell::new(TESTS_PER_ROW * (m.branches.len() + 1));
            let tree = Tree { m, subject, bodies, to, budget };
            s.tree(&tree, rows, Known::default(), None);
            for (branch, &block) in m.branches.iter().zip(&tree.bodies) {
                s.b.seal(block);
                if s.b.is_reached(block) {
                    s.b.switch_to(block);
                    s.expr(branch.body, to);
                } else {
                    s.b.switch_to(block);
                    s.b.unreachable();
                }
            }
        })
    }

    /// The tree of some rows; where none fits control goes on at a block, or the match has failed.
    fn tree(&mut self, tree: &Tree, mut rows: Vec<Row>, mut known: Known, other: Option<BlockId>) {
        loop {
            if rows.is_empty() {
                return match other {
                    Some(block) => self.b.jump(block),
                    None => self.no_branch(tree),
                };
            }
            match self.first_test(&mut rows) {
                None => return self.take(tree, &rows[0]),
                Some(Test::Guard(guard)) => return self.guarded(tree, rows, guard, known, other),
                Some(Test::Pattern(_, pattern)) if self.lower.core.patterns[pattern].kind == PatternKind::Never => {
                    rows.remove(0);
                }
                Some(Test::Pattern(value, pattern)) => {
                    if self.irrefutable_step(&mut rows, value, pattern, &mut known) {
                        continue;
                    }
                    if tree.budget.get() == 0 && rows.len() > 1 {
                        return self.chain_of(tree, rows, known, other);
                    }
                    tree.budget.set(tree.budget.get().saturating_sub(1));
                    return self.branch_on(tree, rows, (value, pattern), known, other);
                }
            }
        }
    }

    /// The first row alone, then the others.
    fn chain_of(&mut self, tree: &Tree, mut rows: Vec<Row>, known: Known, other: Option<BlockId>) {
        let next = self.b.block();
        let first = vec![rows.remove(0)];
        self.tree(tree, first, known.clone(), Some(next));
        self.b.seal_and_switch(next);
        if self.b.is_reached(next) { self.tree(tree, rows, known, other) } else { self.b.unreachable() }
    }

    fn no_branch(&mut self, tree: &Tree) {
        match tree.m.otherwise {
            Otherwise::Nil => {
                let nil = self.nil();
                self.give(nil, tree.to);
            }
            Otherwise::Fail => {
                self.b.word(Op::ClRt, &[tree.subject], RtFn::ClMatchFail as u64);
                self.b.unreachable();
            }
            Otherwise::Reraise => self.b.throw(tree.subject),
        }
    }

    /// The first row's first test, after those that always succeed are taken away.
    fn first_test(&mut self, rows: &mut Vec<Row>) -> Option<Test> {
        let core = self.lower.core;
        loop {
            let row = &mut rows[0];
            if row.tests.is_empty() {
                return None;
            }
            let Test::Pattern(value, pattern) = row.tests[0] else { return Some(row.tests[0].clone()) };
            match &core.patterns[pattern].kind {
                PatternKind::Wild => {
                    row.tests.remove(0);
                }
                PatternKind::Bind(l) => {
                    row.bindings.push((*l, value));
                    row.tests.remove(0);
                }
                PatternKind::As(l, inner) => {
                    row.bindings.push((*l, value));
                    row.tests[0] = Test::Pattern(value, *inner);
                }
                PatternKind::Guard(inner, guard) => {
                    row.tests[0] = Test::Pattern(value, *inner);
                    row.tests.insert(1, Test::Guard(*guard));
                }
                PatternKind::Or(alternatives) => {
                    let row = rows.remove(0);
                    for (i, &alternative) in alternatives.iter().enumerate() {
                        let mut copy = row.clone();
                        copy.tests[0] = Test::Pattern(value, alternative);
                        rows.insert(i, copy);
                    }
                }
                _ => return Some(rows[0].tests[0].clone()),
            }
        }
    }

    /// A branch whose tests have all succeeded.
    fn take(&mut self, tree: &Tree, row: &Row) {
        self.bind_all(row);
        self.b.jump(tree.bodies[row.branch]);
    }

    fn bind_all(&mut self, row: &Row) {
        for &(local, value) in &row.bindings {
            self.define(local, value);
        }
    }

    fn guarded(&mut self, tree: &Tree, mut rows: Vec<Row>, guard: ExprId, known: Known, other: Option<BlockId>) {
        self.bind_all(&rows[0]);
        let (yes, no) = (self.b.block(), self.b.block());
        self.condition(guard, yes, no);
        self.b.seal_and_switch(yes);
        if self.b.is_reached(yes) {
            let mut taken = rows.clone();
            taken[0].tests.remove(0);
            self.tree(tree, taken, known.clone(), other);
        } else {
            self.b.unreachable();
        }
        self.b.seal_and_switch(no);
        if self.b.is_reached(no) {
            rows.remove(0);
            self.tree(tree, rows, known, other);
        } else {
            self.b.unreachable();
        }
    }

    /// Steps that compute something and test nothing; whether it was one.
    fn irrefutable_step(&mut self, rows: &mut [Row], value: ValueId, pattern: PatId, known: &mut Known) -> bool {
        let core = self.lower.core;
        match &core.patterns[pattern].kind {
            PatternKind::View(f, inner) => {
                let Some(f) = self.operand(*f) else { return true };
                let seen = self.b.word(Op::ClCall, &[f, value], 0);
                rows[0].tests[0] = Test::Pattern(seen, *inner);
                true
            }
            PatternKind::List(parts, rest) => {
                // Its length is wanted by whatever comes next.
                let _ = (parts, rest);
                self.length(value, known);
                false
            }
            _ => false,
        }
    }

    fn length(&mut self, value: ValueId, known: &mut Known) -> ValueId {
        if let Some(&n) = known.lengths.get(&value) {
            return n;
        }
        let n = self.b.word(Op::ClRt, &[value], RtFn::ClListLength as u64);
        known.lengths.insert(value, n);
        n
    }

    fn branch_on(
        &mut self,
        tree: &Tree,
        rows: Vec<Row>,
        (value, pattern): (ValueId, PatId),
        mut known: Known,
        other: Option<BlockId>,
    ) {
        let core = self.lower.core;
        self.at(core.patterns[pattern].span);
        let entry = self.entry(value, pattern, &mut known);
        let Some(bit) = self.test_bit(value, pattern, entry, &mut known) else { return };
        let (yes, no) = (self.b.block(), self.b.block());
        self.b.brif(bit, yes, no);
        self.b.seal_and_switch(yes);
        let mut inside = known.clone();
        let parts = self.parts(value, pattern, entry, &rows, &mut inside);
        let taken = self.specialise(&rows, value, pattern, &parts, true);
        self.tree(tree, taken, inside, other);
        self.b.seal_and_switch(no);
        let left = self.specialise(&rows, value, pattern, &parts, false);
        self.tree(tree, left, known, other);
    }

    /// The value under the first key of a pattern of a map.
    fn entry(&mut self, value: ValueId, pattern: PatId, known: &mut Known) -> Option<ValueId> {
        let core = self.lower.core;
        let (f, entries) = match &core.patterns[pattern].kind {
            PatternKind::Map(entries) => (RtFn::ClMapLookup, entries),
            PatternKind::ErrorFields(entries) => (RtFn::ClErrorLookup, entries),
            _ => return None,
        };
        let &(key, _) = entries.first()?;
        if let Some(&found) = known.entries.get(&(value, key)) {
            return Some(found);
        }
        let wanted = self.operand(key)?;
        let found = self.b.word(Op::ClRt, &[value, wanted], f as u64);
        known.entries.insert((value, key), found);
        Some(found)
    }

    /// Whether the outermost part of a pattern fits.
    fn test_bit(
        &mut self,
        value: ValueId,
        pattern: PatId,
        entry: Option<ValueId>,
        known: &mut Known,
    ) -> Option<ValueId> {
        let core = self.lower.core;
        Some(match &core.patterns[pattern].kind {
            PatternKind::Literal(e) => self.literal_test(value, *e)?,
            PatternKind::Ctor(c, _) => {
                let site = self.lower.ctor(*c);
                self.b.bit(Op::ClIs, &[value], u64::from(site.0))
            }
            PatternKind::Tuple(parts) => {
                let n = self.b.word(Op::ClRt, &[value], RtFn::ClTupleLength as u64);
                let wanted = self.int(parts.len() as i64);
                self.compare(CompareOp::Eq, n, wanted)
            }
            PatternKind::List(parts, rest) => {
                let n = self.length(value, known);
                let wanted = self.int(parts.len() as i64);
                let op = if rest.is_some() { CompareOp::Ge } else { CompareOp::Eq };
                self.compare(op, n, wanted)
            }
            PatternKind::Map(_) | PatternKind::ErrorFields(_) => match entry {
                Some(found) => {
                    let missing = self.b.bit(Op::IsUnbound, &[found], 0);
                    self.b.bit(Op::Not, &[missing], 0)
                }
                None => self.is_map(value),
            },
            PatternKind::Range(low, high, closed) => {
                let (low, high) = (self.operand(*low)?, self.operand(*high)?);
                let high = if *closed {
                    high
                } else {
                    let one = self.int(1);
                    self.b.word(Op::ClBinary, &[high, one], molt_ir::BinaryOp::Sub as u64)
                };
                let inside = self.b.word(Op::ClRt, &[value, low, high], RtFn::ClInRange as u64);
                self.b.bit(Op::ClTruth, &[inside], 0)
            }
            _ => unreachable!("these patterns were simplified before"),
        })
    }

    /// A pattern of a map without keys.
    fn is_map(&mut self, value: ValueId) -> ValueId {
        self.b.bit(Op::ClTest, &[value], Predicate::Map as u64)
    }

    fn literal_test(&mut self, value: ValueId, literal: ExprId) -> Option<ValueId> {
        let wanted = self.operand(literal)?;
        let identical =
            matches!(self.lower.core.kind(literal), ExprKind::Nil | ExprKind::Bool(_) | ExprKind::Keyword(_))
                || self.is_symbol(literal) && self.lower.purpose == Purpose::Run;
        Some(if identical {
            self.b.bit(Op::PyIs, &[value, wanted], 0)
        } else {
            self.compare(CompareOp::Eq, value, wanted)
        })
    }

    fn is_symbol(&self, literal: ExprId) -> bool {
        matches!(*self.lower.core.kind(literal), ExprKind::Quote(s) if self.lower.syntax.name(s).is_some())
    }

    /// The parts of a value that fits a pattern, as far as a row looks at them.
    fn parts(
        &mut self,
        value: ValueId,
        pattern: PatId,
        entry: Option<ValueId>,
        rows: &[Row],
        known: &mut Known,
    ) -> Vec<Option<ValueId>> {
        let core = self.lower.core;
        let wanted = |i: usize| rows.iter().any(|r| r.looks_at(core, value, pattern, i));
        match &core.patterns[pattern].kind {
            PatternKind::Ctor(_, parts) => {
                (0..parts.len()).map(|i| wanted(i).then(|| self.b.word(Op::ClField, &[value], i as u64))).collect()
            }
            PatternKind::Tuple(parts) => {
                (0..parts.len()).map(|i| wanted(i).then(|| self.b.word(Op::ClItem, &[value], i as u64))).collect()
            }
            PatternKind::List(parts, rest) => {
                let mut all: Vec<Option<ValueId>> = Vec::new();
                for i in 0..parts.len() {
                    all.push(wanted(i).then(|| self.item(value, i, known)));
                }
                if rest.is_some() {
                    let at = parts.len();
                    all.push(wanted(at).then(|| self.rest(value, at, known)));
                }
                all
            }
            _ => vec![entry],
        }
    }

    fn item(&mut self, list: ValueId, i: usize, known: &mut Known) -> ValueId {
        if let Some(&v) = known.items.get(&(list, i)) {
            return v;
        }
        let v = if i == 0 {
            self.b.word(Op::ClRt, &[list], RtFn::ClHead as u64)
        } else {
            let (index, none) = (self.int(i as i64), self.unbound());
            self.b.word(Op::ClRt, &[list, index, none], RtFn::ClNth as u64)
        };
        known.items.insert((list, i), v);
        v
    }

    fn rest(&mut self, list: ValueId, from: usize, known: &mut Known) -> ValueId {
        if let Some(&v) = known.rests.get(&(list, from)) {
            return v;
        }
        let v = match from {
            0 => list,
            1 => self.b.word(Op::ClRtOwn, &[list], RtFn::ClTail as u64),
            _ => {
                let count = self.int(from as i64);
                self.b.word(Op::ClRtFamily, &[count, list], molt_ir::func::imm_pair(RtFn::ClPart as u32, 1))
            }
        };
        known.rests.insert((list, from), v);
        v
    }

    /// The rows that are left when a pattern fits a value, or does not.
    fn specialise(
        &self,
        rows: &[Row],
        value: ValueId,
        pattern: PatId,
        parts: &[Option<ValueId>],
        fits: bool,
    ) -> Vec<Row> {
        let mut out = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let mut row = row.clone();
            let at = row.tests.iter().position(|t| matches!(t, Test::Pattern(v, _) if *v == value));
            let Some(at) = at else {
                out.push(row);
                continue;
            };
            let Test::Pattern(_, other) = row.tests[at] else { unreachable!("it was found so") };
            let effect = if i == 0 && at == 0 && !fits {
                Effect::Refuted
            } else {
                self.effect(pattern, other, value, parts, fits)
            };
            match effect {
                Effect::Decided(tests) => {
                    row.tests.splice(at..=at, tests);
                    out.push(row);
                }
                Effect::Unknown => out.push(row),
                Effect::Refuted => {}
            }
        }
        out
    }

    /// What a pattern that fits, or does not, says about another one on the same value.
    fn effect(&self, made: PatId, other: PatId, value: ValueId, parts: &[Option<ValueId>], fits: bool) -> Effect {
        let core = self.lower.core;
        let (a, b) = (&core.patterns[made].kind, &core.patterns[other].kind);
        let sub = |list: &[PatId]| {
            let pairs = list.iter().zip(parts).filter_map(|(&p, v)| v.map(|v| Test::Pattern(v, p)));
            Effect::Decided(pairs.collect())
        };
        match (a, b, fits) {
            (PatternKind::Ctor(c, _), PatternKind::Ctor(d, list), true) => {
                if c == d {
                    sub(list)
                } else {
                    Effect::Refuted
                }
            }
            (PatternKind::Ctor(c, _), PatternKind::Ctor(d, _), false) if c == d => Effect::Refuted,
            (PatternKind::Ctor(..), PatternKind::List(..) | PatternKind::Tuple(_) | PatternKind::Literal(_), true)
            | (PatternKind::List(..) | PatternKind::Tuple(_) | PatternKind::Literal(_), PatternKind::Ctor(..), true)
            | (PatternKind::List(..), PatternKind::Tuple(_), true)
            | (PatternKind::Tuple(_), PatternKind::List(..), true) => Effect::Refuted,
            (PatternKind::Tuple(p), PatternKind::Tuple(q), true) => {
                if p.len() == q.len() {
                    sub(q)
                } else {
                    Effect::Refuted
                }
            }
            (PatternKind::Tuple(p), PatternKind::Tuple(q), false) if p.len() == q.len() => Effect::Refuted,
            (PatternKind::List(p, r), PatternKind::List(q, s), _) => list_effect((p, *r), (q, *s), parts, fits),
            (PatternKind::Literal(x), PatternKind::Literal(y), _) if made != other => self.literal_effect(*x, *y, fits),
            (PatternKind::Map(p), PatternKind::Map(q), _)
            | (PatternKind::ErrorFields(p), PatternKind::ErrorFields(q), _)
                if made == other =>
            {
                let _ = (p, value);
                if fits { self.entries_left(q, other, value, parts) } else { Effect::Refuted }
            }
            _ if made == other => {
                if fits {
                    Effect::Decided(Vec::new())
                } else {
                    Effect::Refuted
                }
            }
            _ => Effect::Unknown,
        }
    }

    /// After the first key of a pattern was found: its value, then the other keys.
    fn entries_left(
        &self,
        entries: &[(ExprId, PatId)],
        pattern: PatId,
        value: ValueId,
        parts: &[Option<ValueId>],
    ) -> Effect {
        let Some((first, _)) = entries.split_first() else { return Effect::Decided(Vec::new()) };
        let found = parts.first().copied().flatten();
        let mut tests: Vec<Test> = found.map(|v| Test::Pattern(v, first.1)).into_iter().collect();
        if let Some(&rest) = self.lower.core.pattern_rest.get(&pattern) {
            tests.push(Test::Pattern(value, rest));
        }
        Effect::Decided(tests)
    }

    fn literal_effect(&self, x: ExprId, y: ExprId, fits: bool) -> Effect {
        let symbol = |e: ExprId| match *self.lower.core.kind(e) {
            ExprKind::Quote(s) => self.lower.syntax.name(s).map(|n| n.symbol),
            _ => None,
        };
        if let (Some(a), Some(b)) = (symbol(x), symbol(y)) {
            return match (a == b, fits) {
                (true, true) => Effect::Decided(Vec::new()),
                (true, false) | (false, true) => Effect::Refuted,
                (false, false) => Effect::Unknown,
            };
        }
        let (x, y) = (self.lower.core.kind(x), self.lower.core.kind(y));
        let numeric = |k: &ExprKind| matches!(k, ExprKind::Int(_) | ExprKind::BigInt(_) | ExprKind::Float(_));
        let opaque = |k: &ExprKind| matches!(k, ExprKind::Quote(_) | ExprKind::Float(_));
        if x == y && !opaque(x) {
            return if fits { Effect::Decided(Vec::new()) } else { Effect::Refuted };
        }
        // An integer and a float may be equal.
        let mixed = numeric(x) && numeric(y) && std::mem::discriminant(x) != std::mem::discriminant(y);
        if fits && !opaque(x) && !opaque(y) && !mixed {
            return Effect::Refuted;
        }
        Effect::Unknown
    }
}

/// Lists by their lengths.
fn list_effect(
    (p, r): (&[PatId], Option<PatId>),
    (q, s): (&[PatId], Option<PatId>),
    parts: &[Option<ValueId>],
    fits: bool,
) -> Effect {
    let same = p.len() == q.len() && r.is_some() == s.is_some();
    if same {
        if !fits {
            return Effect::Refuted;
        }
        let all = q.iter().copied().chain(s);
        let pairs = all.zip(parts).filter_map(|(p, v)| v.map(|v| Test::Pattern(v, p)));
        return Effect::Decided(pairs.collect());
    }
    let refuted = match (r, s, fits) {
        // Of exactly so many elements.
        (None, None, true) => true,
        (None, Some(_), true) => q.len() > p.len(),
        // Of at least so many.
        (Some(_), None, true) => q.len() < p.len(),
        // Of fewer than so many.
        (Some(_), None, false) => q.len() >= p.len(),
        (Some(_), Some(_), false) => q.len() >= p.len(),
        _ => false,
    };
    if refuted { Effect::Refuted } else { Effect::Unknown }
}

impl Row {
    /// Whether a part of a value that fits a pattern is looked at.
    fn looks_at(&self, core: &crate::core::Core, value: ValueId, pattern: PatId, part: usize) -> bool {
        let wild = |p: &PatId| core.patterns[*p].kind == PatternKind::Wild;
        self.tests.iter().any(|t| {
            let Test::Pattern(v, p) = t else { return false };
            if *v != value {
                return false;
            }
            match (&core.patterns[pattern].kind, &core.patterns[*p].kind) {
                (PatternKind::Ctor(c, _), PatternKind::Ctor(d, list)) => c == d && !wild(&list[part]),
                (PatternKind::Tuple(_), PatternKind::Tuple(list)) => list.get(part).is_some_and(|p| !wild(p)),
                (PatternKind::List(p, r), PatternKind::List(q, s)) => {
                    let same = p.len() == q.len() && r.is_some() == s.is_some();
                    same && q.iter().chain(s).nth(part).is_some_and(|p| !wild(p))
                }
                _ => false,
            }
        })
    }
}
