//! Branches of `match`: which values none of them takes, and which of them takes none (Maranget, "Warnings for pattern
//! matching", 2007).
//!
//! Values are dynamic, so a column of patterns is taken for one of values of the data type, booleans or lists that its
//! patterns name when what is missing is looked for. Lists whose patterns all ask for the same number of elements stand for
//! tuples then, and maps for records. When a branch that takes nothing is looked for, a column is only that if the type is
//! known. Guards, views, ranges and literals inside of maps never cover anything.

use super::Checker;
use super::ty::{Base, Con as TyCon, Ty, TyId};
use crate::core::{Core, CtorId, DataTypeId, ExprId, ExprKind, Match, PatId, PatternKind};

/// Most steps of one question; beyond them there is no answer.
const MOST_STEPS: usize = 50_000;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Head {
    Ctor(CtorId),
    Bool(bool),
    Literal(ExprId),
    Empty,
    Cons,
    /// A list of so many elements, and at least one.
    Row(usize),
    Tuple(usize),
    /// A map with some keys.
    Keys,
}

/// What is known of the values of a column.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    Data(DataTypeId),
    Bool,
    List,
    Tuple,
}

#[derive(Clone, PartialEq, Debug)]
enum Pat {
    Wild,
    Con(Head, Vec<Pat>),
    Or(Vec<Pat>),
    /// Asks something that nothing is known of.
    Opaque,
}

/// What the branches before one leave.
struct Question<'a> {
    core: &'a Core,
    steps: usize,
    /// Columns are complete when all heads of a family are there.
    closed: bool,
    /// The first column is when all heads of this family are there.
    first: Option<Known>,
}

impl Checker<'_> {
    /// Values that no branch takes, as a pattern.
    pub fn missing(&self, m: &Match) -> Option<String> {
        let plain = m.branches.iter().filter(|b| b.guard.is_none());
        let rows: Vec<Vec<Pat>> = plain.filter_map(|b| covering(&[pat(self.core, b.pattern, true)])).collect();
        let mut q = Question { core: self.core, steps: 0, closed: true, first: None };
        // Of a list that is written out, the number of elements is known.
        if let ExprKind::List(items) = self.core.kind(m.value)
            && !items.is_empty()
        {
            let mut witness = q.witness(&q.of_length(rows, items.len()), items.len())?;
            witness.reverse();
            return Some(show(self.core, &Pat::Con(Head::Row(items.len()), witness)));
        }
        let witness = q.witness(&rows, 1)?;
        Some(show(self.core, &witness[0]))
    }

    /// The branches that take nothing, given what is known of the value.
    pub fn unreachable(&self, m: &Match, subject: TyId) -> Vec<usize> {
        let first = match self.types.get(subject) {
            Ty::Data(d, _) => Some(Known::Data(*d)),
            Ty::Base(Base::Bool) => Some(Known::Bool),
            Ty::App(TyCon::List, _) => Some(Known::List),
            Ty::App(TyCon::Tuple, _) => Some(Known::Tuple),
            _ => None,
        };
        let mut rows: Vec<Vec<Pat>> = Vec::new();
        let mut out = Vec::new();
        for (i, b) in m.branches.iter().enumerate() {
            let row = vec![pat(self.core, b.pattern, false)];
            let mut q = Question { core: self.core, steps: 0, closed: false, first };
            if !q.useful(&rows, &row, true) && q.steps < MOST_STEPS {
                out.push(i);
            }
            if b.guard.is_none() {
                rows.extend(covering(&row));
            }
        }
        out
    }
}

/// A row without alternatives that ask something unknown; none if nothing is left.
fn covering(row: &[Pat]) -> Option<Vec<Pat>> {
    fn strip(p: &Pat) -> Option<Pat> {
        Some(match p {
            Pat::Opaque => return None,
            Pat::Wild => Pat::Wild,
            Pat::Con(h, parts) => Pat::Con(*h, parts.iter().map(strip).collect::<Option<_>>()?),
            Pat::Or(list) => {
                let list: Vec<Pat> = list.iter().filter_map(strip).collect();
                if list.is_empty() {
                    return None;
                }
                Pat::Or(list)
            }
        })
    }
    row.iter().map(strip).collect()
}

/// A pattern as heads and parts; with `records`, maps are what they are asked for.
fn pat(core: &Core, p: PatId, records: bool) -> Pat {
    let all = |list: &[PatId]| list.iter().map(|&p| pat(core, p, records)).collect::<Vec<_>>();
    match &core.patterns[p].kind {
        PatternKind::Wild | PatternKind::Bind(_) => Pat::Wild,
        PatternKind::As(_, inner) => pat(core, *inner, records),
        PatternKind::Literal(e) => match core.kind(*e) {
            ExprKind::Bool(b) => Pat::Con(Head::Bool(*b), Vec::new()),
            ExprKind::Quote(_) | ExprKind::Error => Pat::Opaque,
            _ => Pat::Con(Head::Literal(*e), Vec::new()),
        },
        PatternKind::List(list, None) if list.is_empty() => Pat::Con(Head::Empty, Vec::new()),
        PatternKind::List(list, None) => Pat::Con(Head::Row(list.len()), all(list)),
        PatternKind::List(list, Some(rest)) => {
            let cons = |tail, &p| Pat::Con(Head::Cons, vec![pat(core, p, records), tail]);
            list.iter().rev().fold(pat(core, *rest, records), cons)
        }
        PatternKind::Tuple(list) => Pat::Con(Head::Tuple(list.len()), all(list)),
        PatternKind::Ctor(c, list) => Pat::Con(Head::Ctor(*c), all(list)),
        PatternKind::Or(list) => Pat::Or(all(list)),
        PatternKind::Map(entries) if records && entries.iter().all(|e| pat(core, e.1, true) == Pat::Wild) => {
            Pat::Con(Head::Keys, Vec::new())
        }
        PatternKind::Map(_)
        | PatternKind::ErrorFields(_)
        | PatternKind::Guard(..)
        | PatternKind::View(..)
        | PatternKind::Range(..)
        | PatternKind::Never => Pat::Opaque,
    }
}

impl Question<'_> {
    fn same(&self, a: Head, b: Head) -> bool {
        match (a, b) {
            (Head::Literal(x), Head::Literal(y)) => self.core.kind(x) == self.core.kind(y),
            _ => a == b,
        }
    }

    fn arity(&self, head: Head) -> usize {
        match head {
            Head::Ctor(c) => self.core.ctors[c].fields.len(),
            Head::Bool(_) | Head::Literal(_) | Head::Empty | Head::Keys => 0,
            Head::Cons => 2,
            Head::Tuple(n) | Head::Row(n) => n,
        }
    }

    /// The heads of the first column.
    fn heads(&self, rows: &[Vec<Pat>]) -> Vec<Head> {
        fn collect(p: &Pat, into: &mut Vec<Head>) {
            match p {
                Pat::Con(h, _) => into.push(*h),
                Pat::Or(list) => list.iter().for_each(|p| collect(p, into)),
                Pat::Wild | Pat::Opaque => {}
            }
        }
        let mut heads = Vec::new();
        rows.iter().for_each(|r| collect(&r[0], &mut heads));
        let is_list = |h: &&Head| matches!(h, Head::Empty | Head::Cons | Head::Row(_));
        let mut lists = heads.iter().filter(is_list);
        let first = lists.next().copied();
        let is_tuple = self.closed && matches!(first, Some(Head::Row(_))) && lists.all(|&h| Some(h) == first);
        if !is_tuple {
            heads.iter_mut().for_each(|h| *h = as_pair(*h));
        }
        heads
    }

    /// The rows of a list of so many elements as rows of the elements, the last one first.
    fn of_length(&self, mut rows: Vec<Vec<Pat>>, count: usize) -> Vec<Vec<Pat>> {
        for _ in 0..count {
            rows = self.specialise(&rows, Head::Cons);
            for row in &mut rows {
                row.swap(0, 1);
            }
        }
        self.specialise(&rows, Head::Empty)
    }

    /// All heads of the family of one.
    fn family(&self, head: Head) -> Option<Vec<Head>> {
        Some(match head {
            Head::Ctor(c) => {
                let data = self.core.ctors[c].data;
                self.core.data_types[data].ctors.iter().map(|&c| Head::Ctor(c)).collect()
            }
            Head::Bool(_) => vec![Head::Bool(false), Head::Bool(true)],
            Head::Empty | Head::Cons => vec![Head::Empty, Head::Cons],
            Head::Tuple(_) | Head::Row(_) | Head::Keys => vec![head],
            Head::Literal(_) => return None,
        })
    }

    /// The family that a column is complete in, and otherwise what is missing of the one that it names.
    fn complete(&self, heads: &[Head]) -> Result<Vec<Head>, Option<Head>> {
        let mut missing = None;
        for &h in heads {
            let Some(family) = self.family(h) else { continue };
            let absent = family.iter().copied().find(|&f| !heads.iter().any(|&h| self.same(h, f)));
            match absent {
                None => return Ok(family),
                Some(f) => missing = missing.or(Some(f)),
            }
        }
        Err(missing)
    }

    /// The rows that a value of a head goes on with.
    fn specialise(&self, rows: &[Vec<Pat>], head: Head) -> Vec<Vec<Pat>> {
        let mut out = Vec::new();
        for row in rows {
            self.specialise_row(row, head, &mut out);
        }
        out
    }

    fn specialise_row(&self, row: &[Pat], head: Head, out: &mut Vec<Vec<Pat>>) {
        let rest = &row[1..];
        match &row[0] {
            Pat::Con(h, parts) if self.same(*h, head) => out.push(parts.iter().chain(rest).cloned().collect()),
            Pat::Con(Head::Row(n), parts) if head == Head::Cons => {
                let (first, others) = parts.split_first().expect("a row has an element");
                let tail = if *n == 1 { Head::Empty } else { Head::Row(n - 1) };
                let tail = Pat::Con(tail, others.to_vec());
                out.push([first, &tail].into_iter().chain(rest).cloned().collect());
            }
            Pat::Con(..) => {}
            Pat::Wild | Pat::Opaque => {
                let wild = std::iter::repeat_n(Pat::Wild, self.arity(head));
                out.push(wild.chain(rest.iter().cloned()).collect());
            }
            Pat::Or(list) => {
                for p in list {
                    let row: Vec<Pat> = std::iter::once(p).chain(rest).cloned().collect();
                    self.specialise_row(&row, head, out);
                }
            }
        }
    }

    /// The rows that any other value goes on with.
    fn default_rows(rows: &[Vec<Pat>]) -> Vec<Vec<Pat>> {
        fn takes_all(p: &Pat) -> bool {
            match p {
                Pat::Wild | Pat::Opaque => true,
                Pat::Con(..) => false,
                Pat::Or(list) => list.iter().any(takes_all),
            }
        }
        rows.iter().filter(|r| takes_all(&r[0])).map(|r| r[1..].to_vec()).collect()
    }

    fn is_of(&self, head: Head, known: Known) -> bool {
        match head {
            Head::Ctor(c) => known == Known::Data(self.core.ctors[c].data),
            Head::Bool(_) => known == Known::Bool,
            Head::Empty | Head::Cons | Head::Row(_) => known == Known::List,
            Head::Tuple(_) => known == Known::Tuple,
            Head::Literal(_) | Head::Keys => false,
        }
    }

    /// Whether a row takes a value that no other row takes.
    fn useful(&mut self, rows: &[Vec<Pat>], row: &[Pat], first: bool) -> bool {
        self.steps += 1;
        let Some(p) = row.first() else { return rows.is_empty() };
        if self.steps > MOST_STEPS {
            return true;
        }
        match p {
            Pat::Con(h, _) => {
                let h = as_pair(*h);
                let inner = self.specialise(rows, h);
                let mut own = Vec::new();
                self.specialise_row(row, h, &mut own);
                self.useful(&inner, &own[0], false)
            }
            Pat::Or(list) => list.iter().any(|p| {
                let row: Vec<Pat> = std::iter::once(p).chain(&row[1..]).cloned().collect();
                self.useful(rows, &row, first)
            }),
            Pat::Wild | Pat::Opaque => {
                if let Some(known) = self.first.filter(|_| first) {
                    let heads: Vec<Head> = self.heads(rows).into_iter().filter(|&h| self.is_of(h, known)).collect();
                    if let Ok(family) = self.complete(&heads) {
                        return family.into_iter().any(|h| {
                            let inner = self.specialise(rows, h);
                            let mut own = Vec::new();
                            self.specialise_row(row, h, &mut own);
                            self.useful(&inner, &own[0], false)
                        });
                    }
                }
                self.useful(&Self::default_rows(rows), &row[1..], false)
            }
        }
    }

    /// Values that no row takes, as patterns of the columns.
    fn witness(&mut self, rows: &[Vec<Pat>], columns: usize) -> Option<Vec<Pat>> {
        self.steps += 1;
        if columns == 0 {
            return rows.is_empty().then(Vec::new);
        }
        if self.steps > MOST_STEPS {
            return None;
        }
        let heads = self.heads(rows);
        match self.complete(&heads) {
            Ok(family) => family.into_iter().find_map(|h| {
                let arity = self.arity(h);
                let mut inner = self.witness(&self.specialise(rows, h), arity + columns - 1)?;
                let rest = inner.split_off(arity);
                Some(std::iter::once(Pat::Con(h, inner)).chain(rest).collect())
            }),
            Err(missing) => {
                let rest = self.witness(&Self::default_rows(rows), columns - 1)?;
                let head = missing.map_or(Pat::Wild, |h| Pat::Con(h, vec![Pat::Wild; self.arity(h)]));
                Some(std::iter::once(head).chain(rest).collect())
            }
        }
    }
}

/// A list of elements as the pair that it is.
fn as_pair(head: Head) -> Head {
    if let Head::Row(_) = head { Head::Cons } else { head }
}

/// A pattern as programs write it.
fn show(core: &Core, p: &Pat) -> String {
    let form = |head: &str, parts: &[Pat]| {
        let parts: Vec<String> = parts.iter().map(|p| show(core, p)).collect();
        if parts.is_empty() { head.to_owned() } else { format!("({head} {})", parts.join(" ")) }
    };
    match p {
        Pat::Wild | Pat::Opaque => "_".into(),
        Pat::Or(list) => form("or", list),
        Pat::Con(head, parts) => match head {
            Head::Ctor(c) => form(core.names.text(core.ctors[*c].name), parts),
            Head::Bool(b) => b.to_string(),
            Head::Literal(_) => "_".into(),
            Head::Empty => "[]".into(),
            Head::Cons => form("cons", parts),
            Head::Tuple(_) => form("tuple", parts),
            Head::Row(_) => {
                let parts: Vec<String> = parts.iter().map(|p| show(core, p)).collect();
                format!("[{}]", parts.join(" "))
            }
            Head::Keys => "{}".into(),
        },
    }
}
