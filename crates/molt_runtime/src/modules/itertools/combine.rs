//! Combinatoric iterators: products, permutations, combinations.

use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use super::{ITER, NEXT, State, constructor, make, spec, state};
use crate::api::tuple_items;
use crate::native::ClassSpec;
use crate::{Isolate, Owned, PyResult};

pub static SPECS: &[&ClassSpec] = &[&PRODUCT, &PERMUTATIONS, &COMBINATIONS, &COMBINATIONS_WITH_REPLACEMENT];

/// Tuple of the pool items at the current positions.
fn picked(rt: &mut Isolate, this: Word, count: usize) -> PyResult<Option<Owned>> {
    let s = state(this);
    let row = s.numbers[..count].iter().map(|&i| s.items[i as usize].clone()).collect();
    Ok(Some(rt.new_tuple(row)))
}

fn ended(s: &mut State) -> PyResult<Option<Owned>> {
    s.done = true;
    Ok(None)
}

/// Length argument that must not be negative.
fn length(rt: &mut Isolate, w: Word) -> PyResult<usize> {
    let r = rt.to_i64(w, "ssize_t")?;
    if r < 0 { Err(rt.value_error("r must be non-negative")) } else { Ok(r as usize) }
}

static PRODUCT: ClassSpec = spec(
    "product",
    &[
        constructor("($type, *iterables, repeat=1)", |rt, a| {
            let (repeat, iterables) = (a[1], a[2]);
            let repeat = if repeat.is_unbound() { 1 } else { rt.to_i64(repeat, "ssize_t")? };
            if repeat < 0 {
                return Err(rt.value_error("repeat argument cannot be negative"));
            }
            let mut once = Vec::new();
            for &w in tuple_items(iterables) {
                once.push(rt.collect(w)?);
            }
            let size = once.iter().map(|pool| 32 + 8 * pool.len()).sum::<usize>();
            rt.check_room(size.checked_mul(repeat as usize))?;
            let pools: Vec<Vec<Owned>> = (0..repeat).flat_map(|_| once.iter().cloned()).collect();
            let done = pools.iter().any(Vec::is_empty);
            let numbers = vec![0; pools.len()];
            make(rt, a[0], State { pools, numbers, done, ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let mut s = state(this);
        if s.done {
            return Ok(None);
        }
        if s.started {
            // Odometer: the last position turns first.
            let mut at = s.numbers.len();
            loop {
                if at == 0 {
                    return ended(&mut s);
                }
                at -= 1;
                s.numbers[at] += 1;
                if (s.numbers[at] as usize) < s.pools[at].len() {
                    break;
                }
                s.numbers[at] = 0;
            }
        }
        s.started = true;
        let row = s.numbers.iter().zip(&s.pools).map(|(&i, pool)| pool[i as usize].clone()).collect();
        Ok(Some(rt.new_tuple(row)))
    },
);

/// Numbers: the indices in their current order, then one cycle counter for each position given out.
static PERMUTATIONS: ClassSpec = spec(
    "permutations",
    &[
        constructor("($type, iterable, r=None)", |rt, a| {
            let items = rt.collect(a[1])?;
            let r = if a[2].is_unbound() || a[2].is_none() {
                items.len()
            } else {
                if !rt.is_int(a[2]) {
                    return Err(rt.type_error("Expected int as r"));
                }
                length(rt, a[2])?
            };
            let (n, done) = (items.len() as i64, r > items.len());
            // Indices, then the cycle counters of the positions.
            let numbers = (0..n).chain((0..if done { 0 } else { r as i64 }).map(|i| n - i)).collect();
            make(rt, a[0], State { items, numbers, done, ..State::default() })
        }),
        ITER,
        NEXT,
    ],
    |rt, this| {
        let mut s = state(this);
        if s.done {
            return Ok(None);
        }
        let n = s.items.len();
        let r = s.numbers.len() - n;
        if s.started {
            let mut moved = false;
            for i in (0..r).rev() {
                s.numbers[n + i] -= 1;
                if s.numbers[n + i] == 0 {
                    s.numbers[i..n].rotate_left(1);
                    s.numbers[n + i] = (n - i) as i64;
                } else {
                    let j = n - s.numbers[n + i] as usize;
                    s.numbers.swap(i, j);
                    moved = true;
                    break;
                }
            }
            if !moved {
                return ended(&mut s);
            }
        }
        s.started = true;
        picked(rt, this, r)
    },
);

fn new_combinations(rt: &mut Isolate, a: &[Word], replacement: bool) -> PyResult {
    let items = rt.collect(a[1])?;
    let r = length(rt, a[2])?;
    let done = if replacement { r > 0 && items.is_empty() } else { r > items.len() };
    let numbers = if done { Vec::new() } else { (0..r as i64).map(|i| if replacement { 0 } else { i }).collect() };
    make(rt, a[0], State { items, numbers, done, ..State::default() })
}

static COMBINATIONS: ClassSpec = spec(
    "combinations",
    &[constructor("($type, iterable, r)", |rt, a| new_combinations(rt, a, false)), ITER, NEXT],
    |rt, this| {
        let mut s = state(this);
        if s.done {
            return Ok(None);
        }
        let (n, r) = (s.items.len(), s.numbers.len());
        if s.started {
            let Some(i) = (0..r).rev().find(|&i| s.numbers[i] as usize != i + n - r) else { return ended(&mut s) };
            s.numbers[i] += 1;
            for j in i + 1..r {
                s.numbers[j] = s.numbers[j - 1] + 1;
            }
        }
        s.started = true;
        picked(rt, this, r)
    },
);

static COMBINATIONS_WITH_REPLACEMENT: ClassSpec = spec(
    "combinations_with_replacement",
    &[constructor("($type, iterable, r)", |rt, a| new_combinations(rt, a, true)), ITER, NEXT],
    |rt, this| {
        let mut s = state(this);
        if s.done {
            return Ok(None);
        }
        let (n, r) = (s.items.len(), s.numbers.len());
        if s.started {
            let Some(i) = (0..r).rev().find(|&i| s.numbers[i] as usize != n - 1) else { return ended(&mut s) };
            let value = s.numbers[i] + 1;
            s.numbers[i..].fill(value);
        }
        s.started = true;
        picked(rt, this, r)
    },
);
