//! The module `_heapq`: binary heaps in lists, smallest first, and the variants with the largest first.
//!
//! Comparisons run program code, so the list is looked at anew after each; a list whose length changed
//! meanwhile is an error.

use alloc::format;
use molt_abi::Word;

use crate::api::list_items;
use crate::native::{NativeDef, def};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_heapq, "_heapq", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

/// Which of two items goes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Smallest,
    Largest,
}

/// Row of a function of the heap alone.
macro_rules! on_heap {
    ($name:literal, $run:ident, $order:ident) => {
        def($name, "($module, heap, /)", |rt, a| {
            check(rt, a[0], concat!($name, "() argument"))?;
            $run(rt, a, Order::$order)
        })
    };
}

/// Row of a function of the heap and an item.
macro_rules! with_item {
    ($name:literal, $run:ident, $order:ident) => {
        def($name, "($module, heap, item, /)", |rt, a| {
            check(rt, a[0], concat!($name, "() argument 1"))?;
            $run(rt, a, Order::$order)
        })
    };
}

static FUNCTIONS: &[NativeDef] = &[
    with_item!("heappush", push, Smallest),
    on_heap!("heappop", pop, Smallest),
    on_heap!("heapify", heapify, Smallest),
    with_item!("heapreplace", replace, Smallest),
    with_item!("heappushpop", push_pop, Smallest),
    with_item!("heappush_max", push, Largest),
    on_heap!("heappop_max", pop, Largest),
    on_heap!("heapify_max", heapify, Largest),
    with_item!("heapreplace_max", replace, Largest),
    with_item!("heappushpop_max", push_pop, Largest),
    on_heap!("_heappop_max", pop, Largest),
    on_heap!("_heapify_max", heapify, Largest),
    with_item!("_heapreplace_max", replace, Largest),
];

/// The heap must be a list; `what` names the argument.
fn check(rt: &mut Isolate, heap: Word, what: &str) -> PyResult<()> {
    if rt.is_list(heap) {
        return Ok(());
    }
    let name = rt.argument_kind(heap);
    Err(rt.type_error(format!("{what} must be list, not {name}")))
}

/// Whether item `i` goes before item `j`.
fn before(rt: &mut Isolate, heap: Word, i: usize, j: usize, order: Order) -> PyResult<bool> {
    let items = list_items(heap);
    let len = items.len();
    let (a, b) = (items[i], items[j]);
    if a.is_small() && b.is_small() {
        let (a, b) = (a.as_small(), b.as_small());
        return Ok(if order == Order::Smallest { a < b } else { b < a });
    }
    let (a, b) = (Owned::share(a), Owned::share(b));
    let r = if order == Order::Smallest { rt.lt(a.word(), b.word()) } else { rt.lt(b.word(), a.word()) }?;
    if list_items(heap).len() != len {
        return Err(rt.runtime_error("list changed size during iteration"));
    }
    Ok(r)
}

fn swap(heap: Word, i: usize, j: usize) {
    let l = crate::api::list_obj(heap);
    debug_assert!(i < l.len as usize && j < l.len as usize);
    // SAFETY: both indices lie in the list.
    unsafe { core::ptr::swap(l.items.add(i), l.items.add(j)) };
}

/// Moves the item at `at` towards the root, not above `top`.
fn sift_up(rt: &mut Isolate, heap: Word, top: usize, mut at: usize, order: Order) -> PyResult<()> {
    while at > top {
        let parent = (at - 1) / 2;
        if !before(rt, heap, at, parent, order)? {
            break;
        }
        swap(heap, at, parent);
        at = parent;
    }
    Ok(())
}

/// Moves the item at `top` to a leaf along the better children, then up to its place: fewer comparisons
/// than stopping on the way down, since items from the end tend to be bad (Knuth 5.2.3).
fn sift_down(rt: &mut Isolate, heap: Word, top: usize, order: Order) -> PyResult<()> {
    let len = list_items(heap).len();
    let mut at = top;
    while 2 * at + 1 < len {
        let mut child = 2 * at + 1;
        if child + 1 < len && !before(rt, heap, child, child + 1, order)? {
            child += 1;
        }
        swap(heap, at, child);
        at = child;
    }
    sift_up(rt, heap, top, at, order)
}

fn push(rt: &mut Isolate, a: &[Word], order: Order) -> PyResult {
    rt.list_append(a[0], Owned::share(a[1]));
    let last = list_items(a[0]).len() - 1;
    sift_up(rt, a[0], 0, last, order)?;
    Ok(Owned::NONE)
}

fn take_last(heap: Word) -> Option<Owned> {
    let mut l = crate::api::list_obj(heap);
    if l.len == 0 {
        return None;
    }
    l.len -= 1;
    // SAFETY: the item was the last of the list, whose reference is ours now.
    Some(unsafe { Owned::from_word(*l.items.add(l.len as usize)) })
}

/// Puts an item in the first place; returns the one that was there.
fn exchange_first(heap: Word, item: Word) -> Owned {
    inc(item);
    let mut l = crate::api::list_obj(heap);
    // SAFETY: callers checked that the list is not empty.
    unsafe { Owned::from_word(core::mem::replace(&mut *l.items, item)) }
}

fn pop(rt: &mut Isolate, a: &[Word], order: Order) -> PyResult {
    let Some(last) = take_last(a[0]) else { return Err(rt.index_error("index out of range")) };
    if list_items(a[0]).is_empty() {
        return Ok(last);
    }
    let first = exchange_first(a[0], last.word());
    sift_down(rt, a[0], 0, order)?;
    Ok(first)
}

fn replace(rt: &mut Isolate, a: &[Word], order: Order) -> PyResult {
    if list_items(a[0]).is_empty() {
        return Err(rt.index_error("index out of range"));
    }
    let first = exchange_first(a[0], a[1]);
    sift_down(rt, a[0], 0, order)?;
    Ok(first)
}

fn push_pop(rt: &mut Isolate, a: &[Word], order: Order) -> PyResult {
    let Some(&first) = list_items(a[0]).first() else { return Ok(Owned::share(a[1])) };
    let first = Owned::share(first);
    let stays = if order == Order::Smallest { rt.lt(first.word(), a[1]) } else { rt.lt(a[1], first.word()) }?;
    if !stays {
        return Ok(Owned::share(a[1]));
    }
    if list_items(a[0]).is_empty() {
        return Err(rt.index_error("index out of range"));
    }
    drop(first);
    let first = exchange_first(a[0], a[1]);
    sift_down(rt, a[0], 0, order)?;
    Ok(first)
}

fn heapify(rt: &mut Isolate, a: &[Word], order: Order) -> PyResult {
    for i in (0..list_items(a[0]).len() / 2).rev() {
        sift_down(rt, a[0], i, order)?;
    }
    Ok(Owned::NONE)
}
