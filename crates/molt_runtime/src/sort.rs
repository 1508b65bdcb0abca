//! Stable sorting by `<`: what `list.sort` and `sorted` do.
//!
//! Most keys are small integers, floats, short strings, or tuples of these, all of one shape. Such keys are turned into
//! numbers that order them once, before sorting, so that the sort itself touches no object:
//!
//! ```text
//! small integer   the value with the sign bit turned
//! float           the bits, all turned when negative, else the sign bit
//! string          seven bytes, then the length, at most 8: strings up to seven bytes are told apart
//! tuple           the ranks of its first three items
//! ```
//!
//! Keys whose ranks are equal are compared as objects, unless the ranks say everything about them.

use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{str_bytes, tuple_items};
use crate::{Isolate, Owned, PyResult, Raised};

/// Items of a tuple that have a rank.
const RANKED_ITEMS: usize = 3;
/// Runs that are sorted by insertion.
const RUN: usize = 16;
const TOP: u64 = 1 << 63;

/// What a rank is made of; ranks of different kinds do not compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Float,
    Str,
}

/// A rank and whether equal ranks mean equal values.
struct Rank {
    kind: Kind,
    value: u64,
    exact: bool,
}

/// What all keys of a sort have in common.
struct Shape {
    /// The ranked items are those of a tuple.
    tuples: bool,
    kinds: [Kind; RANKED_ITEMS],
    /// Leading items that have ranks of the same kind in all keys.
    ranked: usize,
    /// Equal ranks mean equal keys.
    total: bool,
}

/// A key being sorted: its ranks and the position of its item.
#[derive(Clone, Copy)]
struct SortKey<const N: usize> {
    ranks: [u64; N],
    at: u32,
}

impl Isolate {
    /// Stable sort of values by `<` of what `key` (`None` or unbound: nothing) makes of them.
    pub(crate) fn sort_values(&mut self, items: Vec<Owned>, key: Word, reverse: bool) -> PyResult<Vec<Owned>> {
        let order = self.sort_order(&items, key, reverse)?;
        let words: Vec<Word> = items.into_iter().map(Owned::into_word).collect();
        // SAFETY: each position occurs once, so each reference is taken over once.
        Ok(order.into_iter().map(|at| unsafe { Owned::from_word(words[at as usize]) }).collect())
    }

    /// Positions of the items in sorted order.
    fn sort_order(&mut self, items: &[Owned], key: Word, reverse: bool) -> PyResult<Vec<u32>> {
        let mut computed = Vec::new();
        let keyed = !key.is_none() && !key.is_unbound();
        if keyed {
            computed.reserve(items.len());
            for item in items {
                computed.push(self.call(key, &[item.word()])?);
            }
        }
        let keys = if keyed { &computed } else { items };
        let shape = self.shape_of(keys);
        if shape.ranked <= 1 {
            self.order_by::<1>(keys, &shape, reverse)
        } else {
            self.order_by::<RANKED_ITEMS>(keys, &shape, reverse)
        }
    }

    fn order_by<const N: usize>(&mut self, keys: &[Owned], shape: &Shape, reverse: bool) -> PyResult<Vec<u32>> {
        let ranked = |(at, key): (u32, &Owned)| SortKey { ranks: self.ranks(key.word(), shape), at };
        let mut order: Vec<SortKey<N>> = (0..).zip(keys).map(ranked).collect();
        // Turned around before and after, so that equal keys keep their order.
        if reverse {
            order.reverse();
        }
        let mut failed = false;
        merge_sort(&mut order, |a, b| {
            if a.ranks != b.ranks {
                return a.ranks < b.ranks;
            }
            if shape.total || failed {
                return false;
            }
            self.less(keys[a.at as usize].word(), keys[b.at as usize].word()).unwrap_or_else(|Raised| {
                failed = true;
                false
            })
        });
        if failed {
            return Err(Raised);
        }
        if reverse {
            order.reverse();
        }
        Ok(order.into_iter().map(|k| k.at).collect())
    }

    fn shape_of(&self, keys: &[Owned]) -> Shape {
        let is_tuple = |key: Word| self.class_of(key) == ClassId::TUPLE;
        let tuples = keys.first().is_some_and(|k| is_tuple(k.word()));
        let mut shape = Shape { tuples, kinds: [Kind::Int; RANKED_ITEMS], ranked: RANKED_ITEMS, total: true };
        let length = keys.first().map_or(0, |k| parts(k, tuples).len());
        for (n, key) in keys.iter().enumerate() {
            if is_tuple(key.word()) != tuples {
                return Shape { ranked: 0, total: false, ..shape };
            }
            let items = parts(key, tuples);
            shape.total &= items.len() == length && length <= RANKED_ITEMS;
            shape.ranked = shape.ranked.min(items.len());
            for (i, &item) in items[..shape.ranked].iter().enumerate() {
                let rank = self.rank(item).filter(|rank| n == 0 || rank.kind == shape.kinds[i]);
                let Some(Rank { kind, exact, .. }) = rank else {
                    (shape.ranked, shape.total) = (i, false);
                    break;
                };
                shape.kinds[i] = kind;
                if !exact {
                    // Ranks behind this one must not decide.
                    (shape.ranked, shape.total) = (i + 1, false);
                    break;
                }
            }
        }
        shape
    }

    fn ranks<const N: usize>(&self, key: Word, shape: &Shape) -> [u64; N] {
        let mut ranks = [0; N];
        let held = [key];
        let items = if shape.tuples { tuple_items(key) } else { &held };
        for (place, &item) in ranks.iter_mut().zip(&items[..shape.ranked]) {
            *place = self.rank(item).map_or(0, |rank| rank.value);
        }
        ranks
    }

    #[inline]
    fn rank(&self, w: Word) -> Option<Rank> {
        if w.is_small() {
            return Some(Rank { kind: Kind::Int, value: w.as_small() as u64 ^ TOP, exact: true });
        }
        if self.class_of(w) == ClassId::FLOAT {
            // Negative numbers order by falling bits; both zeros are equal.
            let v = crate::num::float::of_float(w) + 0.0;
            let bits = v.to_bits();
            let value = if bits & TOP != 0 { !bits } else { bits | TOP };
            return (!v.is_nan()).then_some(Rank { kind: Kind::Float, value, exact: true });
        }
        if self.class_of(w) != ClassId::STR {
            return None;
        }
        let bytes = str_bytes(w);
        let mut first = [0; 8];
        let n = bytes.len().min(7);
        first[..n].copy_from_slice(&bytes[..n]);
        first[7] = bytes.len().min(8) as u8;
        Some(Rank { kind: Kind::Str, value: u64::from_be_bytes(first), exact: bytes.len() < 8 })
    }

    /// `a < b`, with tuples of common items compared without calls.
    fn less(&mut self, a: Word, b: Word) -> PyResult<bool> {
        let both = |class| self.class_of(a) == class && self.class_of(b) == class;
        if a.is_small() && b.is_small() {
            return Ok(a.as_small() < b.as_small());
        }
        if both(ClassId::STR) {
            return Ok(str_bytes(a) < str_bytes(b));
        }
        if !both(ClassId::TUPLE) {
            return self.lt(a, b);
        }
        let (x, y) = (tuple_items(a), tuple_items(b));
        for (&p, &q) in x.iter().zip(y) {
            if p == q {
                continue;
            }
            if p.is_small() && q.is_small() {
                return Ok(p.as_small() < q.as_small());
            }
            if self.class_of(p) == ClassId::STR && self.class_of(q) == ClassId::STR {
                match str_bytes(p).cmp(str_bytes(q)) {
                    core::cmp::Ordering::Equal => continue,
                    order => return Ok(order.is_lt()),
                }
            }
            if !self.eq(p, q)? {
                return self.less(p, q);
            }
        }
        Ok(x.len() < y.len())
    }
}

/// What is ranked of a key: the items of a tuple, else the key itself.
fn parts(key: &Owned, tuples: bool) -> &[Word] {
    if tuples {
        return tuple_items(key.word());
    }
    // SAFETY: `Owned` is a transparent wrapper of a word.
    core::slice::from_ref(unsafe { &*core::ptr::from_ref(key).cast::<Word>() })
}

/// Binary insertion sort of short runs, merged pairwise; `less` may answer inconsistently.
pub(crate) fn merge_sort<T: Copy>(v: &mut Vec<T>, mut less: impl FnMut(&T, &T) -> bool) {
    let n = v.len();
    let ordered = (1..n).all(|i| !less(&v[i], &v[i - 1]));
    if ordered {
        return;
    }
    for start in (0..n).step_by(RUN) {
        for i in start + 1..(start + RUN).min(n) {
            let (mut low, mut high) = (start, i);
            while low < high {
                let mid = (low + high) / 2;
                if less(&v[i], &v[mid]) { high = mid } else { low = mid + 1 }
            }
            let item = v[i];
            v.copy_within(low..i, low + 1);
            v[low] = item;
        }
    }
    let mut spare = if n > RUN { v.clone() } else { Vec::new() };
    let mut width = RUN;
    while width < n {
        for start in (0..n).step_by(2 * width) {
            let (mid, end) = ((start + width).min(n), (start + 2 * width).min(n));
            merge(&v[start..mid], &v[mid..end], &mut spare[start..end], &mut less);
        }
        core::mem::swap(v, &mut spare);
        width *= 2;
    }
}

/// Merges two sorted runs into `out`, whose length is theirs together; equal items of `a` come first.
fn merge<T: Copy>(a: &[T], b: &[T], out: &mut [T], less: &mut impl FnMut(&T, &T) -> bool) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if less(&b[j], &a[i]) {
            out[i + j] = b[j];
            j += 1;
        } else {
            out[i + j] = a[i];
            i += 1;
        }
    }
    out[i + j..i + b.len()].copy_from_slice(&b[j..]);
    out[i + b.len()..].copy_from_slice(&a[i..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_stable_at_every_length() {
        let mut seed = 1u32;
        for n in (0..100).chain([1000, 1024, 4097]) {
            let mut v: Vec<(u32, u32)> = Vec::new();
            for at in 0..n {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                v.push((seed >> 27, at));
            }
            let mut expected = v.clone();
            expected.sort_by_key(|p| p.0);
            merge_sort(&mut v, |a, b| a.0 < b.0);
            assert_eq!(v, expected);
        }
    }
}
