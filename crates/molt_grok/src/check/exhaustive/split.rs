//! The constructors of a type, sorted into those that a column of patterns tells apart.

use super::pattern::{Ctor, Lowered, SliceLen, is_int_like};
use super::ranges::int_range_of;
use crate::hir::AdtKind;
use crate::ty::{ConstKind, Ty, TyKind};

/// Constructors such that each pattern of the column covers all values of one or none.
pub(super) struct Split {
    /// Named by the column.
    pub present: Vec<Ctor>,
    /// Of the type, but named by no pattern other than wildcards.
    pub missing: Vec<Ctor>,
    /// There are more values than could be listed: strings, floats, values of unknown types.
    pub open: bool,
}

/// Splits the constructors of a type by those in a column.
pub(super) fn split(pats: &Lowered<'_>, ty: Ty, column: &[Ctor]) -> Split {
    let types = &pats.c.types;
    match types.kind(ty) {
        kind if is_int_like(kind) => split_ranges(&value_ranges(pats, ty), column),
        TyKind::Adt(adt, args) if pats.c.hir.adts[adt].kind == AdtKind::Enum => {
            let count = pats.c.hir.adts[adt].variants.len() as u32;
            let mut out = Split { present: Vec::new(), missing: Vec::new(), open: false };
            for v in 0..count {
                if column.contains(&Ctor::Variant(v)) {
                    out.present.push(Ctor::Variant(v));
                } else if !pats.is_empty_variant(adt, v, args) {
                    out.missing.push(Ctor::Variant(v));
                }
            }
            out
        }
        TyKind::Never => Split { present: Vec::new(), missing: Vec::new(), open: false },
        TyKind::Slice(_) => split_slices(None, column),
        TyKind::Array(_, len) => {
            let len = match types.const_kind(pats.c.evaluated(len)) {
                ConstKind::Value(n) => u32::try_from(n).ok(),
                _ => None,
            };
            split_slices(len, column)
        }
        TyKind::Adt(..) | TyKind::Tuple(_) | TyKind::Ref(..) => single(column),
        _ => literals(column),
    }
}

fn single(column: &[Ctor]) -> Split {
    if column.contains(&Ctor::Single) {
        Split { present: vec![Ctor::Single], missing: Vec::new(), open: false }
    } else {
        Split { present: Vec::new(), missing: vec![Ctor::Single], open: false }
    }
}

/// Strings, floats, constants of unknown value: there is always another one.
fn literals(column: &[Ctor]) -> Split {
    let mut present: Vec<Ctor> = Vec::new();
    for &ctor in column {
        if !matches!(ctor, Ctor::Wild | Ctor::Opaque | Ctor::Missing | Ctor::Or) && !present.contains(&ctor) {
            present.push(ctor);
        }
    }
    Split { present, missing: Vec::new(), open: true }
}

fn value_ranges(pats: &Lowered<'_>, ty: Ty) -> Vec<(u128, u128)> {
    if pats.c.types.kind(ty) == TyKind::Char {
        return vec![(0, 0xd7ff), (0xe000, u128::from(u32::from(char::MAX)))];
    }
    vec![int_range_of(&pats.c.types, ty)]
}

/// Cuts the ranges of a type at every bound in the column, and sorts the pieces by whether the column names them.
fn split_ranges(of_type: &[(u128, u128)], column: &[Ctor]) -> Split {
    let ranges: Vec<(u128, u128)> =
        column.iter().filter_map(|c| if let Ctor::Range(lo, hi) = c { Some((*lo, *hi)) } else { None }).collect();
    // Positive where a range begins, negative after its end.
    let mut cuts: Vec<(u128, i32)> = Vec::with_capacity(ranges.len() * 2);
    for &(lo, hi) in &ranges {
        cuts.push((lo, 1));
        if let Some(after) = hi.checked_add(1) {
            cuts.push((after, -1));
        }
    }
    cuts.sort_unstable();
    let mut out = Split { present: Vec::new(), missing: Vec::new(), open: false };
    for &(min, max) in of_type {
        let mut depth: i32 = cuts.iter().take_while(|c| c.0 <= min).map(|c| c.1).sum();
        let mut from = min;
        let mut at = cuts.partition_point(|c| c.0 <= min);
        loop {
            let next = cuts.get(at).map(|c| c.0).filter(|&n| n <= max);
            let to = next.map_or(max, |n| n - 1);
            if depth > 0 { &mut out.present } else { &mut out.missing }.push(Ctor::Range(from, to));
            let Some(next) = next else { break };
            while let Some(&(n, change)) = cuts.get(at)
                && n == next
            {
                depth += change;
                at += 1;
            }
            from = next;
        }
    }
    out
}

fn split_slices(array_len: Option<u32>, column: &[Ctor]) -> Split {
    let lens: Vec<SliceLen> =
        column.iter().filter_map(|c| if let Ctor::Slice(len) = c { Some(*len) } else { None }).collect();
    let all: Vec<SliceLen> = match array_len {
        Some(n) => vec![SliceLen::Exact(n)],
        None => {
            let mut longest = 0;
            let (mut prefix, mut suffix) = (0, 0);
            for &len in &lens {
                match len {
                    SliceLen::Exact(n) => longest = longest.max(n),
                    SliceLen::AtLeast(a, b) => {
                        prefix = prefix.max(a);
                        suffix = suffix.max(b);
                    }
                }
            }
            // From some length on all slices behave alike: longer than every exact one, and room for both ends.
            prefix = prefix.max((longest + 1).saturating_sub(suffix));
            (0..prefix + suffix).map(SliceLen::Exact).chain([SliceLen::AtLeast(prefix, suffix)]).collect()
        }
    };
    let mut out = Split { present: Vec::new(), missing: Vec::new(), open: false };
    for len in all {
        let named = lens.iter().any(|&l| len.covered_by(l));
        if named { &mut out.present } else { &mut out.missing }.push(Ctor::Slice(len));
    }
    if lens.is_empty() {
        // Wildcards only: one outcome stands for all.
        out = Split { present: Vec::new(), missing: vec![Ctor::Slice(SliceLen::AtLeast(0, 0))], open: false };
    }
    out
}
