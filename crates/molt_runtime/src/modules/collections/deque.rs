//! `deque`: a double-ended queue over a ring buffer, and its iterators.
//!
//! `version` counts changes of length; iterators and comparing loops stop with an error when it moves.

use std::collections::VecDeque;

use molt_abi::Word;

use crate::api::{CompareOp, native, try_native};
use crate::native::{ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult};

const SELF: &str = "($self, /)";
const VALUE: &str = "($self, value, /)";
const NOT_IMPLEMENTED: Owned = Owned::immediate(Word::NOT_IMPLEMENTED);

/// State of a deque.
#[derive(Default)]
pub struct Deque {
    items: VecDeque<Owned>,
    max_len: Option<usize>,
    version: u64,
}

impl NativeData for Deque {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.items.iter().for_each(|w| visit(w.word()));
    }
    fn clear(&mut self) {
        self.version += 1;
        drop(std::mem::take(&mut self.items));
    }
}

pub static DEQUE: ClassSpec = ClassSpec::new("collections", "deque").methods(METHODS).getset(GETSET).flags(
    ClassSpec::BASETYPE
        | ClassSpec::UNHASHABLE
        | ClassSpec::SEQUENCE
        | ClassSpec::GENERIC
        | ClassSpec::WEAKREFABLE
        | ClassSpec::HAS_DICT,
);

static GETSET: &[GetSetDef] = &[getter("maxlen", |rt, this| match deque(this).max_len {
    Some(n) => Ok(rt.new_int(n as i64)),
    None => Ok(Owned::NONE),
})];

fn deque<'a>(w: Word) -> &'a mut Deque {
    native::<Deque>(w)
}

/// Snapshot of the items.
fn snapshot(w: Word) -> Vec<Owned> {
    deque(w).items.iter().cloned().collect()
}

fn push_back(w: Word, item: Owned) {
    let d = deque(w);
    if d.max_len == Some(0) {
        return;
    }
    d.version += 1;
    d.items.push_back(item);
    let gone = if d.max_len.is_some_and(|m| d.items.len() > m) { d.items.pop_front() } else { None };
    drop(gone);
}

fn push_front(w: Word, item: Owned) {
    let d = deque(w);
    if d.max_len == Some(0) {
        return;
    }
    d.version += 1;
    d.items.push_front(item);
    let gone = if d.max_len.is_some_and(|m| d.items.len() > m) { d.items.pop_back() } else { None };
    drop(gone);
}

fn extend(rt: &mut Isolate, w: Word, source: Word, push: fn(Word, Owned)) -> PyResult<()> {
    if source == w {
        snapshot(w).into_iter().for_each(|item| push(w, item));
        return Ok(());
    }
    let it = rt.iter(source)?;
    while let Some(item) = rt.next(it.word())? {
        push(w, item);
    }
    Ok(())
}

/// A deque of the same class and maximal length.
fn like(rt: &mut Isolate, w: Word, items: impl IntoIterator<Item = Owned>) -> PyResult {
    let class = rt.class_of(w);
    let max_len = deque(w).max_len;
    let base = rt.class_for(&DEQUE);
    if class == base {
        let made = rt.new_native(class, Box::new(Deque { max_len, ..Deque::default() }));
        items.into_iter().for_each(|item| push_back(made.word(), item));
        return Ok(made);
    }
    let list = rt.new_list(items.into_iter().collect());
    let class = rt.class_word(class);
    match max_len {
        None => rt.call(class, &[list.word()]),
        Some(n) => {
            let n = rt.new_int(n as i64);
            rt.call(class, &[list.word(), n.word()])
        }
    }
}

fn is_deque(rt: &mut Isolate, w: Word) -> bool {
    let class = rt.class_for(&DEQUE);
    rt.is_instance(w, class)
}

/// Position of an index, or IndexError.
fn position(rt: &mut Isolate, w: Word, key: Word) -> PyResult<usize> {
    let i = rt.to_index(key)?;
    let len = deque(w).items.len();
    crate::ops::wrap_index(i, len).ok_or_else(|| rt.index_error("deque index out of range"))
}

/// First position at which an item equals `value`, in `[start, end)`.
fn find(rt: &mut Isolate, w: Word, value: Word, start: usize, end: usize) -> PyResult<Option<usize>> {
    let version = deque(w).version;
    for i in start..end {
        let Some(item) = deque(w).items.get(i).cloned() else { break };
        if rt.eq(item.word(), value)? {
            return Ok(Some(i));
        }
        if deque(w).version != version {
            return Err(rt.runtime_error("deque mutated during iteration"));
        }
    }
    Ok(None)
}

fn pop(rt: &mut Isolate, item: Option<Owned>) -> PyResult {
    item.ok_or_else(|| rt.index_error("pop from an empty deque"))
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::new(Deque::default())))
    }),
    def("__init__", "($self, iterable=(), maxlen=None)", |rt, a| {
        let max_len = if a[2].is_unbound() || a[2].is_none() {
            None
        } else {
            if !rt.is_int(a[2]) {
                return Err(rt.type_error("an integer is required"));
            }
            let n = rt.to_i64(a[2], "ssize_t")?;
            let n = usize::try_from(n).map_err(|_| rt.value_error("maxlen must be non-negative"))?;
            Some(n)
        };
        deque(a[0]).clear();
        deque(a[0]).max_len = max_len;
        if !a[1].is_unbound() {
            extend(rt, a[0], a[1], push_back)?;
        }
        Ok(Owned::NONE)
    }),
    def("append", "($self, item, /)", |_, a| {
        push_back(a[0], Owned::share(a[1]));
        Ok(Owned::NONE)
    }),
    def("appendleft", "($self, item, /)", |_, a| {
        push_front(a[0], Owned::share(a[1]));
        Ok(Owned::NONE)
    }),
    def("pop", SELF, |rt, a| {
        let d = deque(a[0]);
        d.version += 1;
        let item = d.items.pop_back();
        pop(rt, item)
    }),
    def("popleft", SELF, |rt, a| {
        let d = deque(a[0]);
        d.version += 1;
        let item = d.items.pop_front();
        pop(rt, item)
    }),
    def("extend", "($self, iterable, /)", |rt, a| extend(rt, a[0], a[1], push_back).map(|()| Owned::NONE)),
    def("extendleft", "($self, iterable, /)", |rt, a| extend(rt, a[0], a[1], push_front).map(|()| Owned::NONE)),
    def("clear", SELF, |_, a| {
        deque(a[0]).clear();
        Ok(Owned::NONE)
    }),
    def("copy", SELF, |rt, a| like(rt, a[0], snapshot(a[0]))),
    def("__copy__", SELF, |rt, a| like(rt, a[0], snapshot(a[0]))),
    def("count", VALUE, |rt, a| {
        let (mut n, mut at) = (0, 0);
        while let Some(i) = find(rt, a[0], a[1], at, usize::MAX)? {
            n += 1;
            at = i + 1;
        }
        Ok(rt.new_int(n))
    }),
    def("index", "($self, value, start=0, stop=sys.maxsize, /)", |rt, a| {
        let len = deque(a[0]).items.len() as i64;
        let mut bound = |w: Word, default: i64| -> PyResult<i64> {
            if w.is_unbound() {
                return Ok(default);
            }
            let i = rt.to_i64_clamped(w)?;
            Ok(if i < 0 { (i + len).max(0) } else { i.min(len) })
        };
        let (start, stop) = (bound(a[2], 0)?, bound(a[3], len)?);
        match find(rt, a[0], a[1], start as usize, stop as usize)? {
            Some(i) => Ok(rt.new_int(i as i64)),
            None => {
                let text = rt.repr_text(a[1])?;
                Err(rt.value_error(format!("{text} is not in deque")))
            }
        }
    }),
    def("insert", "($self, index, value, /)", |rt, a| {
        let i = rt.to_i64_clamped(a[1])?;
        let d = deque(a[0]);
        if d.max_len == Some(d.items.len()) {
            return Err(rt.index_error("deque already at its maximum size"));
        }
        let len = d.items.len() as i64;
        let i = if i < 0 { (i + len).max(0) } else { i.min(len) };
        d.version += 1;
        d.items.insert(i as usize, Owned::share(a[2]));
        Ok(Owned::NONE)
    }),
    def("remove", VALUE, |rt, a| match find(rt, a[0], a[1], 0, usize::MAX)? {
        Some(i) => {
            let d = deque(a[0]);
            d.version += 1;
            drop(d.items.remove(i));
            Ok(Owned::NONE)
        }
        None => {
            let text = rt.repr_text(a[1])?;
            Err(rt.value_error(format!("{text} is not in deque")))
        }
    }),
    def("reverse", SELF, |_, a| {
        deque(a[0]).items.make_contiguous().reverse();
        Ok(Owned::NONE)
    }),
    def("rotate", "($self, n=1, /)", |rt, a| {
        let n = if a[1].is_unbound() { 1 } else { rt.to_index(a[1])? };
        let d = deque(a[0]);
        if d.items.len() > 1 {
            d.version += 1;
            let by = n.rem_euclid(d.items.len() as i64) as usize;
            d.items.rotate_right(by);
        }
        Ok(Owned::NONE)
    }),
    def("__len__", SELF, |rt, a| Ok(rt.new_int(deque(a[0]).items.len() as i64))),
    def("__bool__", SELF, |_, a| Ok(Owned::from_bool(!deque(a[0]).items.is_empty()))),
    def("__contains__", "($self, key, /)", |rt, a| {
        Ok(Owned::from_bool(find(rt, a[0], a[1], 0, usize::MAX)?.is_some()))
    }),
    def("__getitem__", "($self, key, /)", |rt, a| {
        let i = position(rt, a[0], a[1])?;
        Ok(deque(a[0]).items[i].clone())
    }),
    def("__setitem__", "($self, key, value, /)", |rt, a| {
        let i = position(rt, a[0], a[1])?;
        let old = std::mem::replace(&mut deque(a[0]).items[i], Owned::share(a[2]));
        drop(old);
        Ok(Owned::NONE)
    }),
    def("__delitem__", "($self, key, /)", |rt, a| {
        let i = position(rt, a[0], a[1])?;
        let d = deque(a[0]);
        d.version += 1;
        drop(d.items.remove(i));
        Ok(Owned::NONE)
    }),
    def("__iter__", SELF, |rt, a| Ok(iterator(rt, a[0], &ITERATOR))),
    def("__reversed__", SELF, |rt, a| Ok(iterator(rt, a[0], &REVERSE_ITERATOR))),
    def("__add__", VALUE, |rt, a| {
        if !is_deque(rt, a[1]) {
            let name = rt.type_name(a[1]);
            return Err(rt.type_error(format!("can only concatenate deque (not \"{name}\") to deque")));
        }
        let made = like(rt, a[0], snapshot(a[0]))?;
        extend(rt, made.word(), a[1], push_back)?;
        Ok(made)
    }),
    def("__iadd__", VALUE, |rt, a| {
        extend(rt, a[0], a[1], push_back)?;
        Ok(Owned::share(a[0]))
    }),
    def("__mul__", VALUE, multiply),
    def("__rmul__", VALUE, multiply),
    def("__imul__", VALUE, |rt, a| {
        let n = rt.to_index(a[1])?.max(0) as usize;
        let items = snapshot(a[0]);
        deque(a[0]).clear();
        for _ in 0..n {
            items.iter().for_each(|item| push_back(a[0], item.clone()));
        }
        Ok(Owned::share(a[0]))
    }),
    def("__eq__", VALUE, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", VALUE, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__lt__", VALUE, |rt, a| compare(rt, CompareOp::Lt, a)),
    def("__le__", VALUE, |rt, a| compare(rt, CompareOp::Le, a)),
    def("__gt__", VALUE, |rt, a| compare(rt, CompareOp::Gt, a)),
    def("__ge__", VALUE, |rt, a| compare(rt, CompareOp::Ge, a)),
    def("__repr__", SELF, |rt, a| {
        if !rt.repr_enter(a[0]) {
            return Ok(rt.new_str("[...]"));
        }
        let items = rt.new_list(snapshot(a[0]));
        let text = rt.repr_text(items.word());
        rt.repr_leave(a[0]);
        let name = rt.type_name(a[0]);
        let bound = deque(a[0]).max_len.map_or_else(String::new, |n| format!(", maxlen={n}"));
        Ok(rt.new_str(&format!("{name}({}{bound})", text?)))
    }),
    def("__reduce__", SELF, |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let state = rt.side_dict(a[0]).map_or(Owned::NONE, Owned::share);
        let args = match deque(a[0]).max_len {
            None => rt.new_tuple(Vec::new()),
            Some(n) => {
                let items = vec![rt.new_tuple(Vec::new()), rt.new_int(n as i64)];
                rt.new_tuple(items)
            }
        };
        let items = rt.iter(a[0])?;
        Ok(rt.new_tuple(vec![class, args, state, items]))
    }),
];

fn multiply(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if !rt.is_int(a[1]) {
        return Ok(NOT_IMPLEMENTED);
    }
    let n = rt.to_index(a[1])?.max(0) as usize;
    let items = snapshot(a[0]);
    like(rt, a[0], (0..n).flat_map(|_| items.clone()))
}

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    if !is_deque(rt, a[1]) {
        return Ok(NOT_IMPLEMENTED);
    }
    let x = rt.new_list(snapshot(a[0]));
    let y = rt.new_list(snapshot(a[1]));
    rt.compare(op, x.word(), y.word())
}

/// State of an iterator over a deque.
struct Cursor {
    target: Owned,
    /// Items already given out.
    at: usize,
    version: u64,
}

impl NativeData for Cursor {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.target.word());
    }
    fn clear(&mut self) {
        self.target = Owned::NONE;
    }
}

static CURSOR_METHODS: &[NativeDef] = &[
    def("__iter__", SELF, crate::iter::self_iter),
    def("__next__", SELF, crate::iter::self_next),
    def("__length_hint__", SELF, |rt, a| {
        let c = native::<Cursor>(a[0]);
        let len = if c.target.word().is_none() { 0 } else { deque(c.target.word()).items.len() };
        Ok(rt.new_int(len.saturating_sub(c.at) as i64))
    }),
];

pub static ITERATOR: ClassSpec =
    ClassSpec::new("_collections", "_deque_iterator").methods(CURSOR_METHODS).next(|rt, this| step(rt, this, false));
pub static REVERSE_ITERATOR: ClassSpec = ClassSpec::new("_collections", "_deque_reverse_iterator")
    .methods(CURSOR_METHODS)
    .next(|rt, this| step(rt, this, true));

fn iterator(rt: &mut Isolate, target: Word, spec: &'static ClassSpec) -> Owned {
    let class = rt.class_for(spec);
    let version = deque(target).version;
    rt.new_native(class, Box::new(Cursor { target: Owned::share(target), at: 0, version }))
}

fn step(rt: &mut Isolate, this: Word, reversed: bool) -> PyResult<Option<Owned>> {
    let Some(c) = try_native::<Cursor>(rt, this) else { return Ok(None) };
    if c.target.word().is_none() {
        return Ok(None);
    }
    let d = deque(c.target.word());
    if d.version != c.version {
        return Err(rt.runtime_error("deque mutated during iteration"));
    }
    let len = d.items.len();
    if c.at >= len {
        c.target = Owned::NONE;
        return Ok(None);
    }
    let index = if reversed { len - 1 - c.at } else { c.at };
    c.at += 1;
    Ok(Some(d.items[index].clone()))
}
