//! The usefulness algorithm (Maranget, "Warnings for pattern matching", 2007), over a matrix of patterns.
//!
//! A matrix has a row for each arm and a column for each part of the value that was not looked at yet. The first column is
//! split into constructors; for each the matrix is specialised and the question asked again. A row is useful if some value
//! reaches it that no unguarded row before it takes; the values that reach no row are the witnesses. Constructors that no row
//! names are taken together, so that a `match` of n constants costs n times the rows that name each.

use super::pattern::{Ctor, Lowered, Node, SliceLen};
use super::split::split;
use super::witness::Witness;
use crate::ty::Ty;

/// How many witnesses are kept at each step: one more than are shown.
const MAX_WITNESSES: usize = 4;

pub(super) struct Row {
    /// Patterns, that of the first column last.
    pub stack: Vec<Node>,
    pub guarded: bool,
    pub useful: bool,
    /// Row of the matrix this one was made from.
    pub parent: usize,
}

pub(super) struct Matrix {
    pub rows: Vec<Row>,
    /// Types of the columns, first one last.
    pub types: Vec<Ty>,
}

/// A value that no row takes: its parts, first column last.
pub(super) type WitnessRow = Vec<Witness>;

/// Marks the rows that are useful and the nodes they reach; gives values that no row takes.
pub(super) fn useful(pats: &mut Lowered<'_>, matrix: &mut Matrix, at_top: bool) -> Vec<WitnessRow> {
    let Some(&ty) = matrix.types.last() else { return no_columns(matrix) };
    expand_alternatives(pats, matrix);
    let heads: Vec<Node> = matrix.rows.iter().map(|r| *r.stack.last().expect("one pattern a column")).collect();
    let column: Vec<Ctor> = heads.iter().map(|&h| pats.nodes[h as usize].ctor).collect();
    let mut named: Vec<Ctor> = Vec::new();
    for &ctor in &column {
        if ctor != Ctor::Wild && named.last() != Some(&ctor) {
            named.push(ctor);
        }
    }
    let split = split(pats, ty, &named);
    let mut witnesses = Vec::new();
    for &ctor in &split.present {
        let found = for_ctor(pats, matrix, &heads, &column, ty, ctor);
        for row in found {
            add(&mut witnesses, applied(pats, row, ty, ctor));
        }
    }
    let has_missing = split.open || !split.missing.is_empty();
    if has_missing || named.contains(&Ctor::Opaque) {
        let mut found = for_ctor(pats, matrix, &heads, &column, ty, Ctor::Missing);
        if !has_missing {
            found.clear();
        }
        // Where nothing was named inside of a value, to list all that could be is noise.
        let list = !split.open && (at_top || !split.present.is_empty());
        for row in found {
            if !list {
                add(&mut witnesses, with(row, Witness::Wild));
                continue;
            }
            for &ctor in &split.missing {
                let fields = pats.field_types(ty, ctor).len();
                let part = Witness::new(ty, ctor, vec![Witness::Wild; fields]);
                add(&mut witnesses, with(row.clone(), part));
            }
        }
    }
    for (row, &head) in matrix.rows.iter().zip(&heads) {
        if row.useful {
            pats.nodes[head as usize].useful = true;
        }
    }
    witnesses
}

fn add(witnesses: &mut Vec<WitnessRow>, row: WitnessRow) {
    if witnesses.len() < MAX_WITNESSES {
        witnesses.push(row);
    }
}

fn with(mut row: WitnessRow, part: Witness) -> WitnessRow {
    row.push(part);
    row
}

/// Puts a constructor around the last parts of a witness.
fn applied(pats: &Lowered<'_>, mut row: WitnessRow, ty: Ty, ctor: Ctor) -> WitnessRow {
    let arity = pats.field_types(ty, ctor).len();
    let mut fields = row.split_off(row.len() - arity);
    fields.reverse();
    with(row, Witness::new(ty, ctor, fields))
}

/// Every part was looked at: rows are useful until the first one without guard.
fn no_columns(matrix: &mut Matrix) -> Vec<WitnessRow> {
    for row in &mut matrix.rows {
        row.useful = true;
        if !row.guarded {
            return Vec::new();
        }
    }
    vec![Vec::new()]
}

/// Replaces rows that begin with an or-pattern by one row for each alternative; their parents are the rows before.
fn expand_alternatives(pats: &mut Lowered<'_>, matrix: &mut Matrix) {
    let is_or =
        |pats: &Lowered<'_>, row: &Row| row.stack.last().is_some_and(|&h| pats.nodes[h as usize].ctor == Ctor::Or);
    if !matrix.rows.iter().any(|r| is_or(pats, r)) {
        return;
    }
    let ty = matrix.types.clone();
    let mut rows = Vec::with_capacity(matrix.rows.len());
    for (n, row) in matrix.rows.iter().enumerate() {
        expand_row(pats, row, n, &mut rows);
    }
    // The expanded matrix is a matrix of its own, so that marks go back to the rows.
    let mut inner = Matrix { rows, types: ty };
    std::mem::swap(matrix, &mut inner);
    for row in &mut matrix.rows {
        debug_assert!(row.parent < inner.rows.len());
        row.parent = inner.rows[row.parent].parent;
    }
}

fn expand_row(pats: &Lowered<'_>, row: &Row, parent: usize, out: &mut Vec<Row>) {
    let (&head, rest) = row.stack.split_last().expect("one pattern a column");
    let node = &pats.nodes[head as usize];
    if node.ctor != Ctor::Or {
        out.push(Row { stack: row.stack.clone(), guarded: row.guarded, useful: false, parent });
        return;
    }
    for &alternative in &node.fields {
        let mut stack = rest.to_vec();
        stack.push(alternative);
        expand_row(pats, &Row { stack, guarded: row.guarded, useful: false, parent }, parent, out);
    }
}

/// The question for values of one constructor.
fn for_ctor(
    pats: &mut Lowered<'_>,
    matrix: &mut Matrix,
    heads: &[Node],
    column: &[Ctor],
    ty: Ty,
    ctor: Ctor,
) -> Vec<WitnessRow> {
    let fields = pats.field_types(ty, ctor);
    let mut types = matrix.types.clone();
    types.pop();
    types.extend(fields.iter().rev());
    let mut rows = Vec::new();
    for (n, row) in matrix.rows.iter().enumerate() {
        if !covers(ctor, column[n]) {
            continue;
        }
        let mut stack = row.stack[..row.stack.len() - 1].to_vec();
        push_fields(pats, heads[n], ctor, fields.len(), &mut stack);
        let guarded = row.guarded || column[n] == Ctor::Opaque;
        rows.push(Row { stack, guarded, useful: false, parent: n });
    }
    let mut inner = Matrix { rows, types };
    let witnesses = useful(pats, &mut inner, false);
    for row in &inner.rows {
        if row.useful {
            matrix.rows[row.parent].useful = true;
        }
    }
    witnesses
}

/// Whether a pattern's constructor takes the values of a split one.
fn covers(ctor: Ctor, pattern: Ctor) -> bool {
    match ctor {
        // A constant of unknown value may be any of the values that are not named.
        Ctor::Missing => matches!(pattern, Ctor::Wild | Ctor::Opaque),
        _ => ctor.covered_by(pattern),
    }
}

/// Pushes the parts of a pattern for a constructor, the first one last.
fn push_fields(pats: &Lowered<'_>, head: Node, ctor: Ctor, arity: usize, stack: &mut Vec<Node>) {
    let node = &pats.nodes[head as usize];
    match (ctor, node.ctor) {
        (_, Ctor::Wild) | (Ctor::Missing, _) => stack.extend(std::iter::repeat_n(Lowered::WILD, arity)),
        (Ctor::Slice(_), Ctor::Slice(SliceLen::AtLeast(prefix, _))) => {
            let (before, after) = node.fields.split_at(prefix as usize);
            stack.extend(after.iter().rev());
            stack.extend(std::iter::repeat_n(Lowered::WILD, arity - node.fields.len()));
            stack.extend(before.iter().rev());
        }
        _ => stack.extend(node.fields.iter().rev()),
    }
}
