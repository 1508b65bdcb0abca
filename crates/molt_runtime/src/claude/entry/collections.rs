//! Lists, tuples, maps, sets, references.

use alloc::format;
use alloc::vec::Vec;

use molt_abi::{Ret, Word};

use super::super::kind::kind_of;
use super::super::{ErrorKind, Kind, compare, error, list, map, ref_cell, set, symbol};
use super::{bad_index, expect, expect_index, wrong_type};
use crate::api::{str_bytes, str_char_len, str_text, tuple_items};
use crate::entry::{entries, ret, words};
use crate::{Isolate, Owned, PyResult, Raised};

fn truth(b: bool) -> Ret {
    Ret::ok(Word::from_bool(b))
}

fn boolean(r: PyResult<bool>) -> Ret {
    r.map_or(Ret::ERR, truth)
}

pub(super) fn expect_list(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Word> {
    if list::is_list(rt, w) { Ok(w) } else { Err(wrong_type(rt, function, "a list", w)) }
}

fn head(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "head")?;
    match list::head(w) {
        Some(v) => Ok(Owned::share(v)),
        None => Err(bad_index(rt, "head: the list is empty")),
    }
}

/// An operand that is given up.
fn consumed(w: Word) -> Owned {
    // SAFETY: compiled code passes a reference for a parameter of the kind `o`.
    unsafe { Owned::from_word(w) }
}

fn tail(rt: &mut Isolate, w: Owned) -> PyResult {
    expect_list(rt, w.word(), "tail")?;
    match list::tail(rt, w) {
        Some(rest) => Ok(rest),
        None => Err(bad_index(rt, "tail: the list is empty")),
    }
}

fn nth(rt: &mut Isolate, w: Word, index: Word, default: Word) -> PyResult {
    expect_list(rt, w, "nth")?;
    let i = expect_index(rt, index, "nth")?;
    let found = usize::try_from(i).ok().and_then(|i| list::nth(w, i));
    match found {
        Some(v) => Ok(Owned::share(v)),
        None if !default.is_unbound() => Ok(Owned::share(default)),
        None => Err(bad_index(rt, format!("nth: there is no element {i} in a list of {}", list::len(w)))),
    }
}

/// The last element, or all before it.
fn list_end(rt: &mut Isolate, which: u64, w: Word) -> PyResult {
    let name = if which == 0 { "last" } else { "init" };
    expect_list(rt, w, name)?;
    let n = list::len(w);
    if n == 0 {
        return Err(bad_index(rt, format!("{name}: the list is empty")));
    }
    if which == 0 {
        return Ok(Owned::share(list::nth(w, n - 1).expect("it is below the length")));
    }
    Ok(list::take(rt, Owned::share(w), n - 1))
}

/// A count of elements, at most the length.
fn count_of(rt: &mut Isolate, n: Word, w: Word, function: &str) -> PyResult<usize> {
    let n = expect_index(rt, n, function)?;
    Ok(n.clamp(0, list::len(w) as i64) as usize)
}

fn part(rt: &mut Isolate, which: u64, n: Word, w: Word) -> PyResult {
    let name = if which == 0 { "take" } else { "drop" };
    expect_list(rt, w, name)?;
    let n = count_of(rt, n, w, name)?;
    Ok(if which == 0 { list::take(rt, Owned::share(w), n) } else { list::skip(rt, Owned::share(w), n) })
}

fn list_slice(rt: &mut Isolate, w: Word, from: Word, to: Word) -> PyResult {
    expect_list(rt, w, "list-slice")?;
    let from = count_of(rt, from, w, "list-slice")?;
    let to = if to.is_unbound() { list::len(w) } else { count_of(rt, to, w, "list-slice")? };
    let front = list::take(rt, Owned::share(w), to);
    Ok(list::skip(rt, front, from))
}

fn append(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let Some((&last, before)) = args.split_last() else { return Ok(list::empty(rt)) };
    for &w in args {
        expect_list(rt, w, "append")?;
    }
    if before.len() < 2 {
        let mut acc = Owned::share(last);
        for &w in before.iter().rev() {
            acc = list::append(rt, Owned::share(w), acc);
        }
        return Ok(acc);
    }
    let all: Vec<Owned> = args.iter().flat_map(|&w| list::iter(w)).map(Owned::share).collect();
    Ok(list::from_vec(rt, all))
}

fn append_to(rt: &mut Isolate, front: Owned, back: Word) -> PyResult {
    expect_list(rt, front.word(), "append")?;
    expect_list(rt, back, "append")?;
    Ok(list::append(rt, front, Owned::share(back)))
}

fn reverse(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "reverse")?;
    let mut all: Vec<Owned> = list::iter(w).map(Owned::share).collect();
    all.reverse();
    Ok(list::from_vec(rt, all))
}

/// Elements that a range may have.
const LONGEST_RANGE: u128 = 1 << 32;

fn range(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut numbers = Vec::new();
    for &w in args {
        numbers.push(expect_index(rt, w, "range")?);
    }
    let (from, to, step) = match numbers[..] {
        [end] => (0, end, 1),
        [from, end] => (from, end, 1),
        [from, end, step] if step != 0 => (from, end, step),
        [_, _, 0] => return Err(bad_index(rt, "range: the step is zero")),
        _ => {
            let text = format!("range takes 1 to 3 operands, not {}", args.len());
            return Err(rt.raise_claude(ErrorKind::Arity, text, Word::NONE));
        }
    };
    let span = if step > 0 { i128::from(to) - i128::from(from) } else { i128::from(from) - i128::from(to) };
    let n = (span.max(0) as u128).div_ceil(u128::from(step.unsigned_abs()));
    if n > LONGEST_RANGE {
        return Err(rt.raise_claude(ErrorKind::Limit, "range: too many elements", Word::NONE));
    }
    // While it is made, a list is an array beside the nodes that it becomes.
    rt.check_room(Some(16 * n as usize))?;
    let mut all = Vec::with_capacity(n as usize);
    let mut at = from;
    for _ in 0..n {
        all.push(rt.new_int(at));
        at = at.wrapping_add(step);
    }
    Ok(list::from_vec(rt, all))
}

/// All elements of lists inside lists, in order.
fn flatten(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "flatten")?;
    let mut out = Vec::new();
    let mut open = alloc::vec![list::iter(w)];
    while let Some(items) = open.last_mut() {
        match items.next() {
            Some(item) if list::is_list(rt, item) => open.push(list::iter(item)),
            Some(item) => out.push(Owned::share(item)),
            None => {
                open.pop();
            }
        }
    }
    Ok(list::from_vec(rt, out))
}

fn sort(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "sort")?;
    let mut all: Vec<Word> = list::iter(w).collect();
    compare::sort(rt, &mut all)?;
    Ok(list::from_words(rt, &all))
}

/// The values in the order of their keys, which are in a list of their own.
fn sort_keyed(rt: &mut Isolate, keys: Word, values: Word) -> PyResult {
    expect_list(rt, keys, "sort-by")?;
    expect_list(rt, values, "sort-by")?;
    let values: Vec<Word> = list::iter(values).collect();
    let pairs: Vec<Owned> = list::iter(keys)
        .enumerate()
        .map(|(i, k)| rt.new_tuple(alloc::vec![Owned::share(k), Owned::small(i as i64)]))
        .collect();
    let mut order: Vec<Word> = pairs.iter().map(Owned::word).collect();
    compare::sort(rt, &mut order)?;
    let sorted: Vec<Word> = order.iter().map(|&p| values[tuple_items(p)[1].as_small() as usize]).collect();
    Ok(list::from_words(rt, &sorted))
}

fn unique(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "unique")?;
    let mut seen = set::empty(rt);
    let mut out = Vec::new();
    for item in list::iter(w) {
        if !set::contains(rt, seen.word(), item)? {
            seen = set::add(rt, seen, item)?;
            out.push(item);
        }
    }
    Ok(list::from_words(rt, &out))
}

fn tuple_ref(rt: &mut Isolate, t: Word, index: i64, function: &str) -> PyResult {
    let items = tuple_items(expect(rt, t, Kind::Tuple, function)?);
    match usize::try_from(index).ok().and_then(|i| items.get(i)) {
        Some(&v) => Ok(Owned::share(v)),
        None => Err(bad_index(rt, format!("{function}: there is no element {index} in a tuple of {}", items.len()))),
    }
}

fn tuple_part(rt: &mut Isolate, which: u64, t: Word) -> PyResult {
    match which {
        0 | 1 => tuple_ref(rt, t, which as i64, if which == 0 { "fst" } else { "snd" }),
        _ => {
            expect(rt, t, Kind::Tuple, "tuple->list")?;
            Ok(list::from_tuple(rt, t))
        }
    }
}

fn get(rt: &mut Isolate, m: Word, key: Word, default: Word) -> PyResult {
    let missing = if default.is_unbound() { Word::NONE } else { default };
    let found = match kind_of(rt, m) {
        Kind::Map => map::get(rt, m, key)?.map(Owned::share),
        Kind::List => {
            let i = expect_index(rt, key, "get")?;
            usize::try_from(i).ok().and_then(|i| list::nth(m, i)).map(Owned::share)
        }
        Kind::String => {
            let i = expect_index(rt, key, "get")?;
            let length = str_char_len(m);
            match usize::try_from(i).ok().filter(|&i| i < length) {
                Some(i) => {
                    let text = crate::text::wtf8::slice(str_bytes(m), length, i, i + 1);
                    Some(rt.new_str_wtf8(text))
                }
                None => None,
            }
        }
        Kind::Error => {
            let name = match kind_of(rt, key) {
                Kind::Keyword => symbol::text_of(key),
                Kind::String => str_text(key),
                _ => return Ok(Owned::share(missing)),
            };
            let field = error::error_field(rt, m, &name)?;
            Some(field).filter(|f| !f.word().is_none())
        }
        Kind::Foreign | Kind::Procedure | Kind::Type if let Some(attribute) = rt.claude.attribute => {
            match kind_of(rt, key) {
                Kind::Keyword => attribute(rt, m, &symbol::text_of(key))?,
                Kind::String => attribute(rt, m, &str_text(key))?,
                _ => None,
            }
        }
        Kind::Module => super::modules::export(rt, m, key)?,
        _ => return Err(wrong_type(rt, "get", "a map, list, string, error or module", m)),
    };
    Ok(found.unwrap_or_else(|| Owned::share(missing)))
}

fn expect_map(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Word> {
    if map::is_map(rt, w) { Ok(w) } else { Err(wrong_type(rt, function, "a map", w)) }
}

/// `(set m k v ..)`.
fn with_entries(rt: &mut Isolate, args: &[Word]) -> PyResult {
    expect_map(rt, args[0], "set")?;
    if args.len().is_multiple_of(2) {
        let text = "set: the last key has no value";
        return Err(rt.raise_claude(ErrorKind::Arity, text, Word::NONE));
    }
    let mut m = Owned::share(args[0]);
    for pair in args[1..].chunks_exact(2) {
        m = map::set(rt, m, pair[0], Owned::share(pair[1]))?;
    }
    Ok(m)
}

fn map_of(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if args.len() % 2 == 1 {
        return Err(rt.raise_claude(ErrorKind::Arity, "hash-map: the last key has no value", Word::NONE));
    }
    map::from_words(rt, args)
}

fn without_keys(rt: &mut Isolate, args: &[Word]) -> PyResult {
    expect_map(rt, args[0], "dissoc")?;
    let mut m = Owned::share(args[0]);
    for &key in &args[1..] {
        m = map::remove(rt, m, key)?;
    }
    Ok(m)
}

fn map_parts(rt: &mut Isolate, which: u64, m: Word) -> PyResult {
    expect_map(rt, m, ["keys", "vals", "entries"][which as usize])?;
    let pairs: Vec<[Word; 2]> = map::iter(m).collect();
    let mut out = Vec::with_capacity(pairs.len());
    for pair in pairs {
        out.push(match which {
            0 | 1 => Owned::share(pair[which as usize]),
            _ => list::from_words(rt, &pair),
        });
    }
    Ok(list::from_vec(rt, out))
}

fn size(rt: &mut Isolate, w: Word) -> PyResult {
    let n = match kind_of(rt, w) {
        Kind::Map => map::len(w),
        Kind::Set => set::len(w),
        _ => return Err(wrong_type(rt, "size", "a map or set", w)),
    };
    Ok(Owned::small(n as i64))
}

fn length(rt: &mut Isolate, w: Word) -> PyResult {
    match kind_of(rt, w) {
        Kind::List => Ok(Owned::small(list::len(w) as i64)),
        Kind::String => Ok(Owned::small(str_char_len(w) as i64)),
        Kind::Map | Kind::Set => size(rt, w),
        Kind::Tuple => Ok(Owned::small(tuple_items(w).len() as i64)),
        Kind::Bytes => Ok(Owned::small(crate::api::bytes_slice(w).len() as i64)),
        _ => Err(wrong_type(rt, "length", "a list", w)),
    }
}

fn merge(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut m = map::empty(rt);
    for (i, &w) in args.iter().enumerate() {
        expect_map(rt, w, "merge")?;
        m = if i == 0 { Owned::share(w) } else { map::merge(rt, m, w)? };
    }
    Ok(m)
}

fn expect_set(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Word> {
    if set::is_set(rt, w) { Ok(w) } else { Err(wrong_type(rt, function, "a set", w)) }
}

fn set_of_list(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "list->set")?;
    let all: Vec<Word> = list::iter(w).collect();
    set::from_words(rt, &all)
}

fn map_of_list(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "hash-map")?;
    let all: Vec<Word> = list::iter(w).collect();
    map_of(rt, &all)
}

fn union(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut s = set::empty(rt);
    for (i, &w) in args.iter().enumerate() {
        expect_set(rt, w, "set-union")?;
        s = if i == 0 { Owned::share(w) } else { set::union(rt, s, w)? };
    }
    Ok(s)
}

fn intersection(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut s = Owned::share(expect_set(rt, args[0], "set-intersection")?);
    for &w in &args[1..] {
        expect_set(rt, w, "set-intersection")?;
        s = set::intersection(rt, s.word(), w)?;
    }
    Ok(s)
}

fn expect_ref(rt: &mut Isolate, w: Word, function: &str) -> PyResult<Word> {
    if ref_cell::is_ref(rt, w) { Ok(w) } else { Err(wrong_type(rt, function, "a ref", w)) }
}

/// What a loop goes over.
fn sequence(rt: &mut Isolate, w: Word) -> PyResult {
    expect_list(rt, w, "the loop")?;
    Ok(Owned::share(w))
}

fn push(rt: &mut Isolate, list: Owned, value: Word) -> PyResult {
    expect_list(rt, list.word(), "append")?;
    Ok(list::push(rt, list, Owned::share(value)))
}

entries! {
    cl_list_of(rt, items: *const Word, n: u64) -> Ret { Ret::ok(list::from_words(rt, words(items, n)).into_word()) }
    cl_map_of(rt, items: *const Word, n: u64) -> Ret { ret(map_of(rt, words(items, n))) }
    cl_set_of(rt, items: *const Word, n: u64) -> Ret { ret(set::from_words(rt, words(items, n))) }
    cl_tuple_of(rt, items: *const Word, n: u64) -> Ret { Ret::ok(rt.new_tuple_of(words(items, n)).into_word()) }
    cl_map_of_list(rt, w: Word) -> Ret { ret(map_of_list(rt, w)) }
    cl_set_of_list(rt, w: Word) -> Ret { ret(set_of_list(rt, w)) }
    cl_sequence(rt, w: Word) -> Ret { ret(sequence(rt, w)) }
    cl_push(rt, w: Word, value: Word) -> Ret {
        let list = consumed(w);
        ret(push(rt, list, value))
    }
    cl_cons(rt, w: Word, value: Word) -> Ret {
        let list = consumed(w);
        match expect_list(rt, w, "cons") {
            Ok(_) => Ret::ok(list::cons(rt, Owned::share(value), list).into_word()),
            Err(Raised) => Ret::ERR,
        }
    }
    cl_cons_bound(rt, value: Word, w: Word) -> Ret {
        if value.is_unbound() {
            return Ret::ok(Owned::share(w).into_word());
        }
        Ret::ok(list::cons(rt, Owned::share(value), Owned::share(w)).into_word())
    }
    cl_head(rt, w: Word) -> Ret { ret(head(rt, w)) }
    cl_tail(rt, w: Word) -> Ret { ret(tail(rt, consumed(w))) }
    cl_nth_of(rt, i: u64, w: Word) -> Ret { ret(nth(rt, w, Word::small(i as i64), Word::UNBOUND)) }
    cl_list_end(rt, which: u64, w: Word) -> Ret { ret(list_end(rt, which, w)) }
    cl_nth(rt, w: Word, i: Word, default: Word) -> Ret { ret(nth(rt, w, i, default)) }
    cl_length(rt, w: Word) -> Ret { ret(length(rt, w)) }
    cl_part(rt, which: u64, n: Word, w: Word) -> Ret { ret(part(rt, which, n, w)) }
    cl_list_slice(rt, w: Word, from: Word, to: Word) -> Ret { ret(list_slice(rt, w, from, to)) }
    cl_append(rt, args: *const Word, n: u64) -> Ret { ret(append(rt, words(args, n))) }
    cl_reverse(rt, w: Word) -> Ret { ret(reverse(rt, w)) }
    cl_range(rt, args: *const Word, n: u64) -> Ret { ret(range(rt, words(args, n))) }
    cl_flatten(rt, w: Word) -> Ret { ret(flatten(rt, w)) }
    cl_sort(rt, w: Word) -> Ret { ret(sort(rt, w)) }
    cl_sort_keyed(rt, keys: Word, values: Word) -> Ret { ret(sort_keyed(rt, keys, values)) }
    cl_unique(rt, w: Word) -> Ret { ret(unique(rt, w)) }
    cl_tuple_ref(rt, t: Word, i: Word) -> Ret {
        match expect_index(rt, i, "tuple-ref") {
            Ok(i) => ret(tuple_ref(rt, t, i, "tuple-ref")),
            Err(Raised) => Ret::ERR,
        }
    }
    cl_tuple_part(rt, which: u64, t: Word) -> Ret { ret(tuple_part(rt, which, t)) }
    cl_get(rt, m: Word, key: Word, default: Word) -> Ret { ret(get(rt, m, key, default)) }
    cl_set(rt, args: *const Word, n: u64) -> Ret { ret(with_entries(rt, words(args, n))) }
    cl_dissoc(rt, args: *const Word, n: u64) -> Ret { ret(without_keys(rt, words(args, n))) }
    cl_has_key(rt, m: Word, key: Word) -> Ret {
        boolean(expect_map(rt, m, "has-key?").and_then(|m| map::has_key(rt, m, key)))
    }
    cl_map_parts(rt, which: u64, m: Word) -> Ret { ret(map_parts(rt, which, m)) }
    cl_size(rt, w: Word) -> Ret { ret(size(rt, w)) }
    cl_merge(rt, args: *const Word, n: u64) -> Ret { ret(merge(rt, words(args, n))) }
    cl_set_add(rt, s: Word, w: Word) -> Ret {
        let set = consumed(s);
        ret(expect_set(rt, s, "set-add").and_then(|_| set::add(rt, set, w)))
    }
    cl_set_remove(rt, s: Word, w: Word) -> Ret {
        let set = consumed(s);
        ret(expect_set(rt, s, "set-remove").and_then(|_| set::remove(rt, set, w)))
    }
    cl_put(rt, m: Word, key: Word, value: Word) -> Ret {
        let map = consumed(m);
        ret(expect_map(rt, m, "set").and_then(|_| map::set(rt, map, key, Owned::share(value))))
    }
    cl_take_out(rt, m: Word, key: Word) -> Ret {
        let map = consumed(m);
        ret(expect_map(rt, m, "dissoc").and_then(|_| map::remove(rt, map, key)))
    }
    cl_append_to(rt, front: Word, back: Word) -> Ret {
        let list = consumed(front);
        ret(append_to(rt, list, back))
    }
    cl_set_has(rt, s: Word, w: Word) -> Ret {
        boolean(expect_set(rt, s, "set-has?").and_then(|s| set::contains(rt, s, w)))
    }
    cl_set_union(rt, args: *const Word, n: u64) -> Ret { ret(union(rt, words(args, n))) }
    cl_set_intersection(rt, args: *const Word, n: u64) -> Ret { ret(intersection(rt, words(args, n))) }
    cl_set_difference(rt, a: Word, b: Word) -> Ret {
        let both = expect_set(rt, a, "set-difference").and_then(|_| expect_set(rt, b, "set-difference"));
        ret(both.and_then(|b| set::difference(rt, Owned::share(a), b)))
    }
    cl_set_subset(rt, a: Word, b: Word) -> Ret {
        let both = expect_set(rt, a, "set-subset?").and_then(|_| expect_set(rt, b, "set-subset?"));
        boolean(both.and_then(|b| set::is_subset(rt, a, b)))
    }
    cl_set_to_list(rt, s: Word) -> Ret {
        match expect_set(rt, s, "set->list") {
            Ok(s) => {
                let all: Vec<Word> = set::iter(s).collect();
                Ret::ok(list::from_words(rt, &all).into_word())
            }
            Err(Raised) => Ret::ERR,
        }
    }
    cl_ref_new(rt, w: Word) -> Ret { ret(ref_cell::new(rt, Owned::share(w))) }
    cl_deref(rt, r: Word) -> Ret { ret(expect_ref(rt, r, "deref").map(|r| Owned::share(ref_cell::get(r)))) }
    cl_ref_set(rt, r: Word, value: Word) -> Ret {
        match expect_ref(rt, r, "ref-set!") {
            Ok(r) => {
                ref_cell::set(r, Owned::share(value));
                if rt.claude.observers != 0 {
                    super::super::observe::cell_changed(rt, r);
                }
                Ret::ok(Owned::share(value).into_word())
            }
            Err(Raised) => Ret::ERR,
        }
    }
}
