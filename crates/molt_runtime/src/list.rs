//! `list`: storage and methods.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::ListObj;
use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, list_items, list_obj, tuple_items};
use crate::dict::{alloc_array, free_array};
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::ops::wrap_index;
use crate::owned::{dec, inc};
use crate::{Isolate, Owned, Place, PyResult};

/// Makes room for `wanted` items.
pub(crate) fn reserve(mut l: Place<ListObj>, wanted: usize) {
    if wanted as u64 <= l.capacity {
        return;
    }
    let capacity = (wanted + wanted / 2).max(4);
    let new = alloc_array::<Word>(capacity);
    if l.len > 0 {
        // SAFETY: the new buffer is larger, and the old one holds `len` words.
        unsafe { new.copy_from_nonoverlapping(l.items, l.len as usize) };
    }
    free_array(l.items, l.capacity as usize);
    l.items = new;
    l.capacity = capacity as u64;
}

/// Appends an owned word.
#[inline(always)]
pub(crate) fn push(mut l: Place<ListObj>, w: Word) {
    if l.len == l.capacity {
        reserve(l, l.len as usize + 1);
    }
    // SAFETY: there is room for one more word.
    unsafe { l.items.add(l.len as usize).write(w) };
    l.len += 1;
}

/// Releases all items and the buffer of a list that nothing refers to any more.
pub(crate) fn release_items(mut l: Place<ListObj>) {
    for i in 0..l.len as usize {
        // SAFETY: the words are initialised, and the list is given up.
        dec(unsafe { *l.items.add(i) });
    }
    free_array(l.items, l.capacity as usize);
    (l.items, l.len, l.capacity) = (core::ptr::null_mut(), 0, 0);
}

/// Takes all items and the buffer out of a list.
pub(crate) fn take_items(mut l: Place<ListObj>) -> Vec<Owned> {
    let (items, len, capacity) = (l.items, l.len as usize, l.capacity as usize);
    (l.items, l.len, l.capacity) = (core::ptr::null_mut(), 0, 0);
    if capacity == 0 {
        return Vec::new();
    }
    // SAFETY: the buffer is laid out as a vector's (see `adopt`), its words are references, and the list has given
    // both up.
    unsafe { Vec::from_raw_parts(items.cast::<Owned>(), len, capacity) }
}

/// Makes the buffer of a vector that of a list without items.
pub(crate) fn adopt(mut l: Place<ListObj>, items: Vec<Owned>) {
    debug_assert!(l.capacity == 0);
    let mut items = core::mem::ManuallyDrop::new(items);
    if items.capacity() > 0 {
        // `alloc_array` and `Vec` ask the same allocator for the same layout, and `Owned` is a transparent word.
        (l.items, l.len, l.capacity) = (items.as_mut_ptr().cast(), items.len() as u64, items.capacity() as u64);
    }
}

/// Gives a list new items; the old ones are released after the change.
pub(crate) fn replace_items(l: Place<ListObj>, items: Vec<Owned>) {
    let old = take_items(l);
    adopt(l, items);
    drop(old);
}

impl Isolate {
    /// Empty instance of `list` or a subclass with room for `capacity` items.
    pub(crate) fn empty_list(&mut self, class: ClassId, capacity: usize) -> Owned {
        let size = if class == ClassId::LIST { size_of::<ListObj>() } else { self.class(class).instance_size as usize };
        let p = self.alloc_object(class, size);
        // SAFETY: the object starts with a `ListObj`; words after it are slots.
        unsafe {
            let l = p.cast::<ListObj>();
            (*l).len = 0;
            (*l).capacity = capacity as u64;
            (*l).items = if capacity == 0 { core::ptr::null_mut() } else { alloc_array(capacity) };
            for i in size_of::<ListObj>() / 8..size / 8 {
                p.cast::<Word>().add(i).write(Word::UNBOUND);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    pub fn list_append(&mut self, list: Word, item: Owned) {
        push(list_obj(list), item.into_word());
    }

    /// `list.extend`.
    pub(crate) fn list_extend(&mut self, list: Word, iterable: Word) -> PyResult<()> {
        if matches!(self.class_of(iterable), ClassId::LIST | ClassId::TUPLE) {
            for item in self.collect(iterable)? {
                push(list_obj(list), item.into_word());
            }
            return Ok(());
        }
        self.check_range_room(iterable)?;
        let it = self.iter(iterable)?;
        while let Some(item) = self.next(it.word())? {
            push(list_obj(list), item.into_word());
        }
        Ok(())
    }
}

/// Text of a sequence: brackets around the items' representations.
pub(crate) fn sequence_repr(
    rt: &mut Isolate,
    w: Word,
    items: fn(Word) -> &'static [Word],
    open: &str,
    close: &str,
) -> PyResult {
    if !rt.repr_enter(w) {
        return Ok(rt.new_str(&format!("{open}...{close}")));
    }
    let mut out = open.as_bytes().to_vec();
    let mut i = 0;
    while i < items(w).len() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        let item = Owned::share(items(w)[i]);
        match rt.repr(item.word()) {
            Ok(r) => out.extend_from_slice(crate::api::str_bytes(r.word())),
            Err(e) => {
                rt.repr_leave(w);
                return Err(e);
            }
        }
        i += 1;
    }
    rt.repr_leave(w);
    if i == 1 && open == "(" {
        out.push(b',');
    }
    out.extend_from_slice(close.as_bytes());
    Ok(rt.new_str_wtf8(&out))
}

/// Position of an item between bounds, as `index` methods search.
pub(crate) fn find_item(
    rt: &mut Isolate,
    args: &[Word],
    items: fn(Word) -> &'static [Word],
) -> PyResult<Option<usize>> {
    let n = items(args[0]).len() as i64;
    let bound = |rt: &mut Isolate, w: Word, default: i64| -> PyResult<i64> {
        if w.is_unbound() {
            return Ok(default);
        }
        let v = rt.to_i64_clamped(w)?;
        Ok(if v < 0 { (v + n).max(0) } else { v })
    };
    let start = bound(rt, args[2], 0)?;
    let stop = bound(rt, args[3], i64::MAX)?;
    let mut i = start as usize;
    while i < items(args[0]).len() && (i as i64) < stop {
        let item = Owned::share(items(args[0])[i]);
        if rt.eq(item.word(), args[1])? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

pub(crate) fn count_items(rt: &mut Isolate, args: &[Word], items: fn(Word) -> &'static [Word]) -> PyResult {
    let (mut n, mut i) = (0, 0);
    while i < items(args[0]).len() {
        let item = Owned::share(items(args[0])[i]);
        n += i64::from(rt.eq(item.word(), args[1])?);
        i += 1;
    }
    Ok(rt.new_int(n))
}

/// A comparison method of a sequence class.
macro_rules! sequence_compare {
    ($($f:ident $op:ident),*) => { $(fn $f(rt: &mut Isolate, args: &[Word]) -> PyResult {
        if !is_kind(rt, args[1]) {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
        rt.compare_sequences(CompareOp::$op, args[0], args[1], items)
    })* };
}

fn items(w: Word) -> &'static [Word] {
    list_items(w)
}
fn is_kind(rt: &Isolate, w: Word) -> bool {
    rt.is_list(w)
}
sequence_compare!(lt Lt, le Le, eq Eq, ne Ne, gt Gt, ge Ge);

fn new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    Ok(rt.empty_list(class, 0))
}

fn init(rt: &mut Isolate, args: &[Word]) -> PyResult {
    replace_items(list_obj(args[0]), Vec::new());
    if !args[1].is_unbound() {
        rt.list_extend(args[0], args[1])?;
    }
    Ok(Owned::NONE)
}

fn append(_: &mut Isolate, args: &[Word]) -> PyResult {
    inc(args[1]);
    push(list_obj(args[0]), args[1]);
    Ok(Owned::NONE)
}

fn extend(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.list_extend(args[0], args[1])?;
    Ok(Owned::NONE)
}

fn insert(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let i = rt.to_i64(args[1], "ssize_t")?;
    let mut l = list_obj(args[0]);
    let n = l.len as i64;
    let at = if i < 0 { (i + n).max(0) } else { i.min(n) } as usize;
    reserve(l, l.len as usize + 1);
    inc(args[2]);
    // SAFETY: there is room for one more word, and `at` is at most the length.
    unsafe {
        let p = l.items.add(at);
        p.copy_to(p.add(1), l.len as usize - at);
        p.write(args[2]);
    }
    l.len += 1;
    Ok(Owned::NONE)
}

fn remove_at(mut l: Place<ListObj>, at: usize) -> Owned {
    // SAFETY: `at` is below the length; the item's reference passes to the result.
    unsafe {
        let p = l.items.add(at);
        let w = *p;
        p.add(1).copy_to(p, l.len as usize - at - 1);
        l.len -= 1;
        Owned::from_word(w)
    }
}

fn pop(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let i = if args[1].is_unbound() { -1 } else { rt.to_i64(args[1], "ssize_t")? };
    let l = list_obj(args[0]);
    if l.len == 0 {
        return Err(rt.index_error("pop from empty list"));
    }
    match wrap_index(i, l.len as usize) {
        Some(at) => Ok(remove_at(l, at)),
        None => Err(rt.index_error("pop index out of range")),
    }
}

fn remove(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match find_item(rt, &[args[0], args[1], Word::UNBOUND, Word::UNBOUND], items)? {
        Some(i) if i < items(args[0]).len() => {
            drop(remove_at(list_obj(args[0]), i));
            Ok(Owned::NONE)
        }
        _ => Err(rt.value_error("list.remove(x): x not in list")),
    }
}

fn clear(_: &mut Isolate, args: &[Word]) -> PyResult {
    drop(take_items(list_obj(args[0])));
    Ok(Owned::NONE)
}

fn index(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match find_item(rt, args, items)? {
        Some(i) => Ok(rt.new_int(i as i64)),
        None => {
            let msg = format!("{} is not in list", rt.repr_text(args[1])?);
            Err(rt.value_error(msg))
        }
    }
}

fn count(rt: &mut Isolate, args: &[Word]) -> PyResult {
    count_items(rt, args, items)
}

fn reverse(_: &mut Isolate, args: &[Word]) -> PyResult {
    let l = list_obj(args[0]);
    if l.len > 1 {
        // SAFETY: the buffer holds `len` words.
        unsafe { core::slice::from_raw_parts_mut(l.items, l.len as usize) }.reverse();
    }
    Ok(Owned::NONE)
}

fn copy(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_list_of(list_items(args[0])))
}

fn sort(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let reverse = !args[2].is_unbound() && rt.truth(args[2])?;
    let taken = take_items(list_obj(args[0]));
    let spare = taken.clone();
    let sorted = rt.sort_values(taken, args[1], reverse);
    let changed = list_obj(args[0]).len != 0;
    let (items, result) = match sorted {
        Ok(v) => (v, Ok(Owned::NONE)),
        Err(e) => (spare, Err(e)),
    };
    replace_items(list_obj(args[0]), items);
    if changed && result.is_ok() {
        return Err(rt.value_error("list modified during sort"));
    }
    result
}

fn getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[1]) == ClassId::SLICE {
        let (start, _, step, n) = rt.slice_indices(args[1], list_items(args[0]).len())?;
        let all = list_items(args[0]);
        let picked: Vec<Word> = (0..n as i64).map(|i| all[(start + i * step) as usize]).collect();
        return Ok(rt.new_list_of(&picked));
    }
    let i = item_index(rt, args[1], "list")?;
    match wrap_index(i, list_items(args[0]).len()) {
        Some(i) => Ok(Owned::share(list_items(args[0])[i])),
        None => Err(rt.index_error("list index out of range")),
    }
}

/// Integer of a sequence index.
pub(crate) fn item_index(rt: &mut Isolate, key: Word, what: &str) -> PyResult<i64> {
    if !rt.is_int(key) && rt.special(rt.class_of(key), crate::names::Name::INDEX).is_unbound() {
        let msg = format!("{what} indices must be integers or slices, not {}", rt.type_name(key));
        return Err(rt.type_error(msg));
    }
    let i = rt.index(key)?;
    match crate::num::int::to_i64(i.word()) {
        Some(v) => Ok(v),
        None => Err(rt.index_error("cannot fit 'int' into an index-sized integer")),
    }
}

fn setitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[1]) == ClassId::SLICE {
        return assign_slice(rt, args[0], args[1], args[2]).map(|()| Owned::NONE);
    }
    let i = item_index(rt, args[1], "list")?;
    let l = list_obj(args[0]);
    let Some(i) = wrap_index(i, l.len as usize) else {
        return Err(rt.index_error("list assignment index out of range"));
    };
    inc(args[2]);
    // SAFETY: the index is below the length.
    let old = unsafe { core::mem::replace(&mut *l.items.add(i), args[2]) };
    dec(old);
    Ok(Owned::NONE)
}

/// `list[slice] = value`, or deletion for `UNBOUND`.
fn assign_slice(rt: &mut Isolate, list: Word, slice: Word, value: Word) -> PyResult<()> {
    let new = if value.is_unbound() {
        Vec::new()
    } else if rt.special(rt.class_of(value), crate::names::Name::ITER).is_unbound() && !rt.is_list(value) {
        return Err(rt.type_error("must assign iterable to extended slice"));
    } else {
        rt.collect(value)?
    };
    let (start, stop, step, n) = rt.slice_indices(slice, list_items(list).len())?;
    let mut items: Vec<Owned> = list_items(list).iter().map(|&w| Owned::share(w)).collect();
    if step == 1 {
        let stop = stop.max(start) as usize;
        items.splice(start as usize..stop, new);
    } else if value.is_unbound() {
        let mut doomed: Vec<usize> = (0..n as i64).map(|i| (start + i * step) as usize).collect();
        doomed.sort_unstable_by(|a, b| b.cmp(a));
        for i in doomed {
            items.remove(i);
        }
    } else {
        if new.len() != n {
            let msg = format!("attempt to assign sequence of size {} to extended slice of size {n}", new.len());
            return Err(rt.value_error(msg));
        }
        for (i, v) in new.into_iter().enumerate() {
            items[(start + i as i64 * step) as usize] = v;
        }
    }
    replace_items(list_obj(list), items);
    Ok(())
}

fn delitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[1]) == ClassId::SLICE {
        return assign_slice(rt, args[0], args[1], Word::UNBOUND).map(|()| Owned::NONE);
    }
    let i = item_index(rt, args[1], "list")?;
    let l = list_obj(args[0]);
    match wrap_index(i, l.len as usize) {
        Some(at) => {
            drop(remove_at(l, at));
            Ok(Owned::NONE)
        }
        None => Err(rt.index_error("list assignment index out of range")),
    }
}

fn add(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_list(args[1]) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let all: Vec<Word> = list_items(args[0]).iter().chain(list_items(args[1])).copied().collect();
    Ok(rt.new_list_of(&all))
}

fn iadd(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.list_extend(args[0], args[1])?;
    Ok(Owned::share(args[0]))
}

fn mul(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let Some(n) = crate::text::repeat_count(rt, args[1])? else {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    };
    let items = list_items(args[0]);
    rt.check_room(items.len().checked_mul(8).and_then(|size| size.checked_mul(n.max(0) as usize)))?;
    let all = items.repeat(n.max(0) as usize);
    Ok(rt.new_list_of(&all))
}

fn imul(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let r = mul(rt, args)?;
    if rt.is_list(r.word()) {
        let items = rt.collect(r.word())?;
        replace_items(list_obj(args[0]), items);
        return Ok(Owned::share(args[0]));
    }
    Ok(r)
}

fn len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(list_items(args[0]).len() as i64))
}

fn contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let found = find_item(rt, &[args[0], args[1], Word::UNBOUND, Word::UNBOUND], items)?;
    Ok(Owned::from_bool(found.is_some()))
}

fn iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_indexed_iterator(ClassId::LIST_ITERATOR, args[0]))
}

fn reversed(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_reverse_iterator(ClassId::LIST_REVERSE_ITERATOR, args[0], list_items(args[0]).len()))
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    sequence_repr(rt, args[0], items, "[", "]")
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", new),
    def("__init__", "($self, iterable=(), /)", init),
    def("__repr__", "($self, /)", repr),
    def("__len__", "($self, /)", len),
    def("__getitem__", "($self, index, /)", getitem),
    def("__setitem__", "($self, key, value, /)", setitem),
    def("__delitem__", "($self, key, /)", delitem),
    def("__contains__", "($self, key, /)", contains),
    def("__iter__", "($self, /)", iter),
    def("__reversed__", "($self, /)", reversed),
    def("__add__", "($self, value, /)", add),
    def("__iadd__", "($self, value, /)", iadd),
    def("__mul__", "($self, value, /)", mul),
    def("__rmul__", "($self, value, /)", mul),
    def("__imul__", "($self, value, /)", imul),
    def("__lt__", "($self, value, /)", lt),
    def("__le__", "($self, value, /)", le),
    def("__eq__", "($self, value, /)", eq),
    def("__ne__", "($self, value, /)", ne),
    def("__gt__", "($self, value, /)", gt),
    def("__ge__", "($self, value, /)", ge),
    def("append", "($self, object, /)", append),
    def("extend", "($self, iterable, /)", extend),
    def("insert", "($self, index, object, /)", insert),
    def("pop", "($self, index=-1, /)", pop),
    def("remove", "($self, value, /)", remove),
    def("clear", "($self, /)", clear),
    def("index", "($self, value, start=0, stop=sys.maxsize, /)", index),
    def("count", "($self, value, /)", count),
    def("reverse", "($self, /)", reverse),
    def("copy", "($self, /)", copy),
    def("sort", "($self, /, *, key=None, reverse=False)", sort),
];

pub(crate) static LIST_SPEC: ClassSpec = ClassSpec::builtin(ClassId::LIST, Layout::List).methods(METHODS).flags(
    ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::GENERIC | ClassSpec::SEQUENCE | ClassSpec::MATCH_SELF,
);

/// `tuple`.
pub(crate) mod tuple {
    use super::*;

    fn items(w: Word) -> &'static [Word] {
        tuple_items(w)
    }
    fn is_kind(rt: &Isolate, w: Word) -> bool {
        rt.is_tuple(w)
    }
    sequence_compare!(lt Lt, le Le, eq Eq, ne Ne, gt Gt, ge Ge);

    fn new(rt: &mut Isolate, args: &[Word]) -> PyResult {
        let class = rt.class_id(args[0]);
        if class == ClassId::TUPLE && !args[1].is_unbound() && rt.class_of(args[1]) == ClassId::TUPLE {
            return Ok(Owned::share(args[1]));
        }
        let all = if args[1].is_unbound() { Vec::new() } else { rt.collect(args[1])? };
        if class == ClassId::TUPLE {
            return Ok(rt.new_tuple(all));
        }
        let n = all.len();
        Ok(rt.alloc_tuple(class, n, all.into_iter().map(Owned::into_word)))
    }

    fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
        sequence_repr(rt, args[0], items, "(", ")")
    }

    /// The hash of CPython: xxHash over the items' hashes.
    fn hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
        const P1: u64 = 11_400_714_785_074_694_791;
        const P2: u64 = 14_029_467_366_897_019_727;
        const P5: u64 = 2_870_177_450_012_600_261;
        let all = items(args[0]);
        let mut acc = P5;
        for &w in all {
            let lane = rt.hash(w)? as u64;
            acc = acc.wrapping_add(lane.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1);
        }
        acc = acc.wrapping_add(all.len() as u64 ^ (P5 ^ 3_527_539));
        Ok(rt.new_int(if acc == u64::MAX { 1_546_275_796 } else { acc as i64 }))
    }

    fn getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
        let all = items(args[0]);
        if rt.class_of(args[1]) == ClassId::SLICE {
            let (start, _, step, n) = rt.slice_indices(args[1], all.len())?;
            let picked: Vec<Word> = (0..n as i64).map(|i| all[(start + i * step) as usize]).collect();
            return Ok(rt.new_tuple_of(&picked));
        }
        let i = item_index(rt, args[1], "tuple")?;
        match wrap_index(i, all.len()) {
            Some(i) => Ok(Owned::share(all[i])),
            None => Err(rt.index_error("tuple index out of range")),
        }
    }

    fn add(rt: &mut Isolate, args: &[Word]) -> PyResult {
        if !rt.is_tuple(args[1]) {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
        let all: Vec<Word> = items(args[0]).iter().chain(items(args[1])).copied().collect();
        Ok(rt.new_tuple_of(&all))
    }

    fn mul(rt: &mut Isolate, args: &[Word]) -> PyResult {
        let Some(n) = crate::text::repeat_count(rt, args[1])? else {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        };
        let all = items(args[0]);
        rt.check_room(all.len().checked_mul(8).and_then(|size| size.checked_mul(n.max(0) as usize)))?;
        let all = all.repeat(n.max(0) as usize);
        Ok(rt.new_tuple_of(&all))
    }

    fn len(rt: &mut Isolate, args: &[Word]) -> PyResult {
        Ok(rt.new_int(items(args[0]).len() as i64))
    }

    fn contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
        let found = find_item(rt, &[args[0], args[1], Word::UNBOUND, Word::UNBOUND], items)?;
        Ok(Owned::from_bool(found.is_some()))
    }

    fn index(rt: &mut Isolate, args: &[Word]) -> PyResult {
        match find_item(rt, args, items)? {
            Some(i) => Ok(rt.new_int(i as i64)),
            None => Err(rt.value_error("tuple.index(x): x not in tuple")),
        }
    }

    fn count(rt: &mut Isolate, args: &[Word]) -> PyResult {
        count_items(rt, args, items)
    }

    fn iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
        Ok(rt.new_indexed_iterator(ClassId::TUPLE_ITERATOR, args[0]))
    }

    fn getnewargs(rt: &mut Isolate, args: &[Word]) -> PyResult {
        let plain = rt.new_tuple_of(items(args[0]));
        Ok(rt.new_tuple(vec![plain]))
    }

    static METHODS: &[NativeDef] = &[
        def("__new__", "($type, iterable=(), /)", new),
        def("__repr__", "($self, /)", repr),
        def("__hash__", "($self, /)", hash),
        def("__len__", "($self, /)", len),
        def("__getitem__", "($self, key, /)", getitem),
        def("__contains__", "($self, key, /)", contains),
        def("__iter__", "($self, /)", iter),
        def("__add__", "($self, value, /)", add),
        def("__mul__", "($self, value, /)", mul),
        def("__rmul__", "($self, value, /)", mul),
        def("__lt__", "($self, value, /)", lt),
        def("__le__", "($self, value, /)", le),
        def("__eq__", "($self, value, /)", eq),
        def("__ne__", "($self, value, /)", ne),
        def("__gt__", "($self, value, /)", gt),
        def("__ge__", "($self, value, /)", ge),
        def("__getnewargs__", "($self, /)", getnewargs),
        def("index", "($self, value, start=0, stop=sys.maxsize, /)", index),
        def("count", "($self, value, /)", count),
    ];

    pub(crate) static TUPLE_SPEC: ClassSpec = ClassSpec::builtin(ClassId::TUPLE, Layout::Tuple)
        .methods(METHODS)
        .flags(ClassSpec::BASETYPE | ClassSpec::GENERIC | ClassSpec::SEQUENCE | ClassSpec::MATCH_SELF);
}
