//! `deque`: a double-ended queue over a ring buffer, and its iterators.
//!
//! `version` counts changes of length; iterators and searches stop with an error when it moves. Everything
//! that walks a deque through its iterator (`repr`, `copy` of subclasses, comparisons) sees an overridden
//! `__iter__`, as in CPython.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, native, str_bytes, tuple_items};
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::{Isolate, Owned, Place, PyResult, Raised, exc};

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
        drop(self.take_all());
    }
}

impl Deque {
    /// Empties the deque; the caller releases the items when it holds no view of the deque any more.
    fn take_all(&mut self) -> VecDeque<Owned> {
        self.version += u64::from(!self.items.is_empty());
        core::mem::take(&mut self.items)
    }

    /// Takes the first or last item out.
    fn take(&mut self, end: End) -> Option<Owned> {
        self.version += u64::from(!self.items.is_empty());
        match end {
            End::Left => self.items.pop_front(),
            End::Right => self.items.pop_back(),
        }
    }
}

/// An end of a deque.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Left,
    Right,
}

/// `collections.deque`.
pub static DEQUE: ClassSpec = ClassSpec::new("collections", "deque")
    .methods(METHODS)
    .getset(GETSET)
    .flags(
        ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::SEQUENCE | ClassSpec::GENERIC | ClassSpec::WEAKREFABLE,
    )
    .doc("A list-like sequence optimized for data accesses near its endpoints.");

static GETSET: &[GetSetDef] = &[getter("maxlen", |rt, this| match deque(this).max_len {
    Some(n) => Ok(rt.new_int(n as i64)),
    None => Ok(Owned::NONE),
})];

fn deque(w: Word) -> Place<Deque> {
    native::<Deque>(w)
}

/// Adds an item at an end; a full deque loses one at the other end.
#[inline]
fn push(w: Word, end: End, item: Owned) {
    let mut d = deque(w);
    if d.max_len == Some(0) {
        return;
    }
    d.version += 1;
    let full = d.max_len.is_some_and(|m| d.items.len() >= m);
    let gone = match end {
        End::Left => {
            let gone = if full { d.items.pop_back() } else { None };
            d.items.push_front(item);
            gone
        }
        End::Right => {
            let gone = if full { d.items.pop_front() } else { None };
            d.items.push_back(item);
            gone
        }
    };
    drop(gone);
}

fn extend(rt: &mut Isolate, w: Word, source: Word, end: End) -> PyResult<()> {
    if source == w {
        rt.collect(source)?.into_iter().for_each(|item| push(w, end, item));
        return Ok(());
    }
    let it = rt.iter(source)?;
    while let Some(item) = rt.next(it.word())? {
        push(w, end, item);
    }
    Ok(())
}

/// Copy of the same class with the same maximal length; a subclass is called with the deque.
fn copy(rt: &mut Isolate, w: Word) -> PyResult {
    let (class, base) = (rt.class_of(w), rt.class_for(&DEQUE));
    let max_len = deque(w).max_len;
    if class == base {
        let items = deque(w).items.clone();
        return Ok(rt.new_native(class, Box::new(Deque { items, max_len, version: 0 })));
    }
    let class = rt.class_word(class);
    let made = match max_len {
        None => rt.call(class, &[w])?,
        Some(n) => {
            let n = rt.new_int(n as i64);
            rt.call(class, &[w, n.word()])?
        }
    };
    if is_deque(rt, made.word()) {
        return Ok(made);
    }
    let (class, made) = (own_name(rt, w), rt.type_name(made.word()));
    Err(rt.type_error(format!("{class}() must return a deque, not {made}")))
}

/// Name of the class without its module.
fn own_name(rt: &Isolate, w: Word) -> String {
    rt.class(rt.class_of(w)).display_name()
}

fn is_deque(rt: &mut Isolate, w: Word) -> bool {
    let class = rt.class_for(&DEQUE);
    rt.is_instance(w, class)
}

/// Position of an index, or IndexError.
fn position(rt: &mut Isolate, w: Word, key: Word) -> PyResult<usize> {
    if !is_index(rt, key) {
        let name = rt.type_name(key);
        return Err(rt.type_error(format!("sequence index must be integer, not '{name}'")));
    }
    let i = rt.sized_index(key)?;
    let len = deque(w).items.len();
    crate::ops::wrap_index(i, len).ok_or_else(|| rt.index_error("deque index out of range"))
}

/// Whether item `i` equals `value`, and whether the deque kept its items meanwhile; `None` past the end.
fn test(rt: &mut Isolate, w: Word, i: usize, value: Word) -> PyResult<Option<(bool, bool)>> {
    let d = deque(w);
    let version = d.version;
    let Some(item) = d.items.get(i).cloned() else { return Ok(None) };
    let equal = rt.eq(item.word(), value)?;
    Ok(Some((equal, deque(w).version == version)))
}

fn mutated(rt: &mut Isolate) -> Raised {
    rt.runtime_error("deque mutated during iteration")
}

/// First position at which an item equals `value`, in `[start, end)`.
fn find(rt: &mut Isolate, w: Word, value: Word, start: usize, end: usize) -> PyResult<Option<usize>> {
    for i in start..end {
        match test(rt, w, i, value)? {
            None => break,
            Some((true, _)) => return Ok(Some(i)),
            Some((false, true)) => {}
            Some((false, false)) => return Err(mutated(rt)),
        }
    }
    Ok(None)
}

fn count(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let mut n = 0;
    for i in 0.. {
        let Some((equal, kept)) = test(rt, a[0], i, a[1])? else { break };
        n += i64::from(equal);
        if !kept {
            return Err(mutated(rt));
        }
    }
    Ok(rt.new_int(n))
}

fn remove(rt: &mut Isolate, a: &[Word]) -> PyResult {
    for i in 0.. {
        let Some((equal, kept)) = test(rt, a[0], i, a[1])? else { break };
        if !kept {
            return Err(rt.index_error("deque mutated during iteration"));
        }
        if equal {
            drop(take_at(a[0], i));
            return Ok(Owned::NONE);
        }
    }
    Err(absent(rt, a[1]))
}

fn absent(rt: &mut Isolate, value: Word) -> Raised {
    match rt.repr_text(value) {
        Ok(text) => rt.value_error(format!("{text} is not in deque")),
        Err(e) => e,
    }
}

/// Takes an item out of the middle.
fn take_at(w: Word, i: usize) -> Option<Owned> {
    let mut d = deque(w);
    d.version += 1;
    d.items.remove(i)
}

fn pop(rt: &mut Isolate, w: Word, end: End) -> PyResult {
    deque(w).take(end).ok_or_else(|| rt.index_error("pop from an empty deque"))
}

fn is_index(rt: &mut Isolate, w: Word) -> bool {
    rt.is_int(w) || rt.lookup_special(w, Name::INDEX).is_some()
}

/// Bound of `index`, counted from the end when negative and cut to the length.
fn bound(rt: &mut Isolate, w: Word, default: usize, len: usize) -> PyResult<usize> {
    if w.is_unbound() {
        return Ok(default);
    }
    if !is_index(rt, w) {
        return Err(rt.type_error("slice indices must be integers or have an __index__ method"));
    }
    let i = rt.to_i64_clamped(w)?;
    let i = if i < 0 { i.saturating_add(len as i64) } else { i };
    Ok(i.clamp(0, len as i64) as usize)
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
        deque(a[0]).max_len = max_len;
        drop(deque(a[0]).take_all());
        if !a[1].is_unbound() {
            extend(rt, a[0], a[1], End::Right)?;
        }
        Ok(Owned::NONE)
    }),
    def("append", "($self, item, /)", |_, a| {
        push(a[0], End::Right, Owned::share(a[1]));
        Ok(Owned::NONE)
    }),
    def("appendleft", "($self, item, /)", |_, a| {
        push(a[0], End::Left, Owned::share(a[1]));
        Ok(Owned::NONE)
    }),
    def("pop", SELF, |rt, a| pop(rt, a[0], End::Right)),
    def("popleft", SELF, |rt, a| pop(rt, a[0], End::Left)),
    def("extend", "($self, iterable, /)", |rt, a| extend(rt, a[0], a[1], End::Right).map(|()| Owned::NONE)),
    def("extendleft", "($self, iterable, /)", |rt, a| extend(rt, a[0], a[1], End::Left).map(|()| Owned::NONE)),
    def("clear", SELF, |_, a| {
        drop(deque(a[0]).take_all());
        Ok(Owned::NONE)
    }),
    def("copy", SELF, |rt, a| copy(rt, a[0])),
    def("__copy__", SELF, |rt, a| copy(rt, a[0])),
    def("count", VALUE, count),
    def("index", "($self, value, start=0, stop=sys.maxsize, /)", |rt, a| {
        let len = deque(a[0]).items.len();
        let (start, stop) = (bound(rt, a[2], 0, len)?, bound(rt, a[3], len, len)?);
        match find(rt, a[0], a[1], start, stop)? {
            Some(i) => Ok(rt.new_int(i as i64)),
            None => Err(absent(rt, a[1])),
        }
    }),
    def("insert", "($self, index, value, /)", |rt, a| {
        let i = rt.to_i64(a[1], "ssize_t")?;
        let mut d = deque(a[0]);
        if d.max_len == Some(d.items.len()) {
            return Err(rt.index_error("deque already at its maximum size"));
        }
        let len = d.items.len() as i64;
        let i = if i < 0 { i.saturating_add(len) } else { i };
        d.version += 1;
        d.items.insert(i.clamp(0, len) as usize, Owned::share(a[2]));
        Ok(Owned::NONE)
    }),
    def("remove", VALUE, remove),
    def("reverse", SELF, |_, a| {
        deque(a[0]).items.make_contiguous().reverse();
        Ok(Owned::NONE)
    }),
    def("rotate", "($self, n=1, /)", |rt, a| {
        let n = if a[1].is_unbound() { 1 } else { rt.to_i64(a[1], "ssize_t")? };
        let mut d = deque(a[0]);
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
        let old = core::mem::replace(&mut deque(a[0]).items[i], Owned::share(a[2]));
        drop(old);
        Ok(Owned::NONE)
    }),
    def("__delitem__", "($self, key, /)", |rt, a| {
        let i = position(rt, a[0], a[1])?;
        drop(take_at(a[0], i));
        Ok(Owned::NONE)
    }),
    def("__iter__", SELF, |rt, a| Ok(iterator(rt, a[0], &ITERATOR))),
    def("__reversed__", SELF, |rt, a| Ok(iterator(rt, a[0], &REVERSE_ITERATOR))),
    def("__add__", VALUE, concat),
    def("__iadd__", VALUE, |rt, a| {
        extend(rt, a[0], a[1], End::Right)?;
        Ok(Owned::share(a[0]))
    }),
    def("__mul__", VALUE, multiply),
    def("__rmul__", VALUE, |rt, a| {
        // Of two sequences the left one reports the error.
        if rt.is_str(a[1]) || rt.is_bytes(a[1]) || rt.is_list(a[1]) || rt.is_tuple(a[1]) {
            return Ok(NOT_IMPLEMENTED);
        }
        let n = repeat_count(rt, a[1])?;
        repeated(rt, a[0], n)
    }),
    def("__imul__", VALUE, |rt, a| {
        if reflects(rt, a[1], Name::RMUL) {
            return Ok(NOT_IMPLEMENTED);
        }
        let n = repeat_count(rt, a[1])?;
        repeat(rt, a[0], n)?;
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
        let text = text(rt, a[0]);
        rt.repr_leave(a[0]);
        Ok(rt.new_str_wtf8(&text?))
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

fn text(rt: &mut Isolate, w: Word) -> PyResult<Vec<u8>> {
    let items = rt.collect(w)?;
    let items = rt.new_list(items);
    let items = rt.repr(items.word())?;
    let mut out = own_name(rt, w).into_bytes();
    out.push(b'(');
    out.extend_from_slice(str_bytes(items.word()));
    if let Some(n) = deque(w).max_len {
        out.extend_from_slice(format!(", maxlen={n}").as_bytes());
    }
    out.push(b')');
    Ok(out)
}

/// Whether the class of an operand was made in Python and answers the reflected operator, which then goes
/// before the operator of the sequence.
fn reflects(rt: &mut Isolate, w: Word, reflected: Name) -> bool {
    let class = rt.class_of(w);
    rt.class(class).spec.is_none() && !rt.special(class, reflected).is_unbound()
}

fn concat(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if is_deque(rt, a[1]) {
        let made = copy(rt, a[0])?;
        extend(rt, made.word(), a[1], End::Right)?;
        return Ok(made);
    }
    if reflects(rt, a[1], Name::RADD) {
        return Ok(NOT_IMPLEMENTED);
    }
    let name = rt.type_name(a[1]);
    Err(rt.type_error(format!("can only concatenate deque (not \"{name}\") to deque")))
}

fn multiply(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if reflects(rt, a[1], Name::RMUL) {
        return Ok(NOT_IMPLEMENTED);
    }
    let n = repeat_count(rt, a[1])?;
    repeated(rt, a[0], n)
}

fn repeated(rt: &mut Isolate, w: Word, n: usize) -> PyResult {
    let made = copy(rt, w)?;
    repeat(rt, made.word(), n)?;
    Ok(made)
}

/// How often to repeat; a negative number stands for zero.
fn repeat_count(rt: &mut Isolate, w: Word) -> PyResult<usize> {
    let name = rt.type_name(w);
    if !is_index(rt, w) {
        return Err(rt.type_error(format!("can't multiply sequence by non-int of type '{name}'")));
    }
    let index = rt.index(w)?;
    match crate::num::int::to_i64(index.word()) {
        Some(n) => Ok(n.max(0) as usize),
        None => Err(rt.overflow_error(format!("cannot fit '{name}' into an index-sized integer"))),
    }
}

/// Repeats the items in place, not more often than the maximal length asks for.
fn repeat(rt: &mut Isolate, w: Word, n: usize) -> PyResult<()> {
    let mut d = deque(w);
    let len = d.items.len();
    if len == 0 || n == 1 {
        return Ok(());
    }
    if n == 0 {
        drop(d.take_all());
        return Ok(());
    }
    let n = d.max_len.map_or(n, |m| n.min(m.div_ceil(len)));
    let more = len.checked_mul(n - 1).filter(|&more| d.items.try_reserve(more).is_ok());
    if more.is_none() {
        return Err(rt.raise_args(exc::MEMORY_ERROR, &[]));
    }
    let items: Vec<Owned> = d.items.iter().cloned().collect();
    for _ in 1..n {
        items.iter().for_each(|item| push(w, End::Right, item.clone()));
    }
    Ok(())
}

/// Compares item by item through the iterators of both.
fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    if !is_deque(rt, a[1]) {
        return Ok(NOT_IMPLEMENTED);
    }
    if matches!(op, CompareOp::Eq | CompareOp::Ne) {
        let same_len = deque(a[0]).items.len() == deque(a[1]).items.len();
        if a[0] == a[1] || !same_len {
            return Ok(Owned::from_bool((a[0] == a[1]) == (op == CompareOp::Eq)));
        }
    }
    let (left, right) = (rt.iter(a[0])?, rt.iter(a[1])?);
    loop {
        let (x, y) = (rt.next(left.word())?, rt.next(right.word())?);
        let (Some(x), Some(y)) = (&x, &y) else {
            return Ok(Owned::from_bool(op.holds(x.is_some().cmp(&y.is_some()))));
        };
        if !rt.eq(x.word(), y.word())? {
            return rt.compare_truth(op, x.word(), y.word()).map(Owned::from_bool);
        }
    }
}

/// State of an iterator over a deque.
struct Cursor {
    target: Owned,
    /// Items still to give out.
    left: usize,
    version: u64,
}

impl NativeData for Cursor {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.target.word());
    }
    fn clear(&mut self) {
        self.left = 0;
    }
}

/// Iterator from the first item to the last.
pub static ITERATOR: ClassSpec =
    ClassSpec::new("collections", "_deque_iterator").methods(CURSOR_METHODS).next(|rt, this| step(rt, this, End::Left));
/// Iterator from the last item to the first.
pub static REVERSE_ITERATOR: ClassSpec = ClassSpec::new("collections", "_deque_reverse_iterator")
    .methods(CURSOR_METHODS)
    .next(|rt, this| step(rt, this, End::Right));

static CURSOR_METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", |rt, a| {
        let args = tuple_items(a[1]);
        let index = match args {
            [] => return Err(rt.type_error("function takes at least 1 argument (0 given)")),
            [_] => Word::small(0),
            [_, index] => *index,
            _ => return Err(rt.type_error(format!("function takes at most 2 arguments ({} given)", args.len()))),
        };
        if !is_deque(rt, args[0]) {
            let name = rt.type_name(args[0]);
            return Err(rt.type_error(format!("argument 1 must be collections.deque, not {name}")));
        }
        let skipped = rt.to_i64(index, "ssize_t")?.max(0) as usize;
        let class = rt.class_id(a[0]);
        Ok(new_cursor(rt, args[0], class, skipped))
    }),
    def("__iter__", SELF, crate::iter::self_iter),
    def("__next__", SELF, crate::iter::self_next),
    def("__length_hint__", SELF, |rt, a| Ok(rt.new_int(native::<Cursor>(a[0]).left as i64))),
    def("__reduce__", SELF, |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let c = native::<Cursor>(a[0]);
        let target = c.target.clone();
        let given = deque(target.word()).items.len().saturating_sub(c.left);
        let args = vec![target, rt.new_int(given as i64)];
        let args = rt.new_tuple(args);
        Ok(rt.new_tuple(vec![class, args]))
    }),
];

fn iterator(rt: &mut Isolate, target: Word, spec: &'static ClassSpec) -> Owned {
    let class = rt.class_for(spec);
    new_cursor(rt, target, class, 0)
}

fn new_cursor(rt: &mut Isolate, target: Word, class: ClassId, skipped: usize) -> Owned {
    let d = deque(target);
    let (left, version) = (d.items.len().saturating_sub(skipped), d.version);
    rt.new_native(class, Box::new(Cursor { target: Owned::share(target), left, version }))
}

/// An exhausted iterator from the left still reports changes of the deque; one from the right does not.
fn step(rt: &mut Isolate, this: Word, from: End) -> PyResult<Option<Owned>> {
    let mut c = native::<Cursor>(this);
    if from == End::Right && c.left == 0 {
        return Ok(None);
    }
    let d = deque(c.target.word());
    if d.version != c.version {
        c.left = 0;
        return Err(mutated(rt));
    }
    if c.left == 0 {
        return Ok(None);
    }
    let index = if from == End::Left { d.items.len() - c.left } else { c.left - 1 };
    c.left -= 1;
    Ok(Some(d.items[index].clone()))
}
