//! `set` and `frozenset`: the table of a dict whose values are all `None`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::dict::{DictObj, dict_obj};
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::{Isolate, Owned, PyResult};

/// A set shares the layout of a dict.
pub type SetObj = DictObj;

impl Isolate {
    pub(crate) fn is_set(&self, w: Word) -> bool {
        w.is_object() && self.class(self.class_of(w)).layout == Layout::Set
    }

    pub fn new_set(&mut self, items: &[Word]) -> PyResult {
        let set = self.new_dict_of_class(ClassId::SET);
        for &item in items {
            self.set_add(set.word(), item)?;
        }
        Ok(set)
    }

    pub fn set_add(&mut self, set: Word, item: Word) -> PyResult<()> {
        let hash = self.hash(item)?;
        if self.dict_find(set, item, hash)?.is_none() {
            self.dict_set_hashed(set, item, hash, Word::NONE)?;
        }
        Ok(())
    }

    /// Set (or frozenset) of the items of an iterable.
    pub(crate) fn set_from(&mut self, class: ClassId, iterable: Word) -> PyResult {
        let set = self.new_dict_of_class(class);
        self.set_update(set.word(), iterable)?;
        Ok(set)
    }

    pub(crate) fn set_update(&mut self, set: Word, iterable: Word) -> PyResult<()> {
        if self.is_set(iterable) {
            for item in self.dict_keys(iterable) {
                self.set_add(set, item.word())?;
            }
            return Ok(());
        }
        let it = self.iter(iterable)?;
        while let Some(item) = self.next(it.word())? {
            self.set_add(set, item.word())?;
        }
        Ok(())
    }

    fn set_has(&mut self, set: Word, item: Word) -> PyResult<bool> {
        if self.is_set(item) && self.class_of(item) == ClassId::SET {
            let frozen = self.set_from(ClassId::FROZENSET, item)?;
            let hash = self.hash(frozen.word())?;
            return Ok(self.dict_find(set, frozen.word(), hash)?.is_some());
        }
        let hash = self.hash(item)?;
        Ok(self.dict_find(set, item, hash)?.is_some())
    }

    fn set_discard(&mut self, set: Word, item: Word) -> PyResult<bool> {
        let hash = self.hash(item)?;
        match self.dict_find(set, item, hash)? {
            Some(i) => {
                drop(self.dict_take_at(set, i));
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

fn plain_class(rt: &Isolate, w: Word) -> ClassId {
    if rt.is_instance(w, ClassId::FROZENSET) { ClassId::FROZENSET } else { ClassId::SET }
}

fn set_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    Ok(rt.new_dict_of_class(class))
}

fn set_init(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.dict_clear(args[0]);
    if !args[1].is_unbound() {
        rt.set_update(args[0], args[1])?;
    }
    Ok(Owned::NONE)
}

fn frozenset_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    if args[1].is_unbound() {
        return Ok(rt.new_dict_of_class(class));
    }
    if class == ClassId::FROZENSET && rt.class_of(args[1]) == class {
        return Ok(Owned::share(args[1]));
    }
    rt.set_from(class, args[1])
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = rt.type_name(args[0]);
    let keys = rt.dict_keys(args[0]);
    if keys.is_empty() {
        return Ok(rt.new_str(&format!("{name}()")));
    }
    if !rt.repr_enter(args[0]) {
        return Ok(rt.new_str(&format!("{name}(...)")));
    }
    let texts: PyResult<Vec<String>> = keys.iter().map(|k| rt.repr_text(k.word())).collect();
    rt.repr_leave(args[0]);
    let body = format!("{{{}}}", texts?.join(", "));
    let text = if rt.class_of(args[0]) == ClassId::SET { body } else { format!("{name}({body})") };
    Ok(rt.new_str(&text))
}

fn len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(rt.dict_len(args[0]) as i64))
}
fn contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(rt.set_has(args[0], args[1])?))
}
fn iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_dict_iterator(ClassId::SET_ITERATOR, args[0]))
}
fn add(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_add(args[0], args[1])?;
    Ok(Owned::NONE)
}
fn discard(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_discard(args[0], args[1])?;
    Ok(Owned::NONE)
}
fn remove(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.set_discard(args[0], args[1])? { Ok(Owned::NONE) } else { Err(rt.key_error(args[1])) }
}
fn pop(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match dict_obj(args[0]).next_live(0) {
        Some(i) => Ok(rt.dict_take_at(args[0], i).0),
        None => {
            let text = rt.new_str("pop from an empty set");
            Err(rt.key_error(text.word()))
        }
    }
}
fn clear(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.dict_clear(args[0]);
    Ok(Owned::NONE)
}
fn copy(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = plain_class(rt, args[0]);
    rt.set_from(class, args[0])
}

/// The hash of CPython: mixed hashes of the items, independent of their order.
fn frozenset_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let shuffle = |h: u64| ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167);
    let mut h = 0u64;
    let keys = rt.dict_keys(args[0]);
    for k in &keys {
        h ^= shuffle(rt.hash(k.word())? as u64);
    }
    h ^= (keys.len() as u64 + 1).wrapping_mul(1_927_868_237);
    h ^= (h >> 11) ^ (h >> 25);
    h = h.wrapping_mul(69_069).wrapping_add(907_133_923);
    Ok(rt.new_int(if h == u64::MAX { 590_923_713 } else { h as i64 }))
}

/// Items of `a` for which being in `b` is `wanted`.
fn filtered(rt: &mut Isolate, a: Word, b: Word, wanted: bool) -> PyResult {
    let other = if rt.is_set(b) { Owned::share(b) } else { rt.set_from(ClassId::SET, b)? };
    let class = plain_class(rt, a);
    let made = rt.new_dict_of_class(class);
    for k in rt.dict_keys(a) {
        if rt.set_has(other.word(), k.word())? == wanted {
            rt.set_add(made.word(), k.word())?;
        }
    }
    Ok(made)
}

fn union_of(rt: &mut Isolate, a: Word, others: &[Word]) -> PyResult {
    let class = plain_class(rt, a);
    let made = rt.set_from(class, a)?;
    for &o in others {
        rt.set_update(made.word(), o)?;
    }
    Ok(made)
}

fn symmetric(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    let other = rt.set_from(ClassId::SET, b)?;
    let made = filtered(rt, a, other.word(), false)?;
    for k in rt.dict_keys(other.word()) {
        if !rt.set_has(a, k.word())? {
            rt.set_add(made.word(), k.word())?;
        }
    }
    Ok(made)
}

fn union(rt: &mut Isolate, args: &[Word]) -> PyResult {
    union_of(rt, args[0], crate::api::tuple_items(args[1]))
}
fn intersection(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut made = copy(rt, args)?;
    for &o in crate::api::tuple_items(args[1]) {
        made = filtered(rt, made.word(), o, true)?;
    }
    Ok(made)
}
fn difference(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut made = copy(rt, args)?;
    for &o in crate::api::tuple_items(args[1]) {
        made = filtered(rt, made.word(), o, false)?;
    }
    Ok(made)
}
fn symmetric_difference(rt: &mut Isolate, args: &[Word]) -> PyResult {
    symmetric(rt, args[0], args[1])
}

/// Moves the items of `made` into the set `into`.
fn adopt(rt: &mut Isolate, into: Word, made: Owned) -> PyResult {
    let keys = rt.dict_keys(made.word());
    rt.dict_clear(into);
    for k in keys {
        rt.set_add(into, k.word())?;
    }
    Ok(Owned::NONE)
}
fn update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    for &o in crate::api::tuple_items(args[1]) {
        rt.set_update(args[0], o)?;
    }
    Ok(Owned::NONE)
}
fn intersection_update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let made = intersection(rt, args)?;
    adopt(rt, args[0], made)
}
fn difference_update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let made = difference(rt, args)?;
    adopt(rt, args[0], made)
}
fn symmetric_difference_update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let made = symmetric(rt, args[0], args[1])?;
    adopt(rt, args[0], made)
}

fn both_sets(rt: &Isolate, args: &[Word]) -> bool {
    rt.is_set(args[0]) && rt.is_set(args[1])
}
macro_rules! operators {
    ($($f:ident $g:ident = |$rt:ident, $a:ident, $b:ident| $body:expr;)*) => { $(
        fn $f($rt: &mut Isolate, args: &[Word]) -> PyResult {
            if !both_sets($rt, args) {
                return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
            }
            let ($a, $b) = (args[0], args[1]);
            $body
        }
        fn $g(rt: &mut Isolate, args: &[Word]) -> PyResult {
            let made = $f(rt, args)?;
            if rt.is_set(made.word()) {
                adopt(rt, args[0], made)?;
                return Ok(Owned::share(args[0]));
            }
            Ok(made)
        }
    )* };
}
operators! {
    op_or op_ior = |rt, a, b| union_of(rt, a, &[b]);
    op_and op_iand = |rt, a, b| filtered(rt, a, b, true);
    op_sub op_isub = |rt, a, b| filtered(rt, a, b, false);
    op_xor op_ixor = |rt, a, b| symmetric(rt, a, b);
}

/// Whether every item of `a` is in `b`.
fn is_subset(rt: &mut Isolate, a: Word, b: Word) -> PyResult<bool> {
    for k in rt.dict_keys(a) {
        if !rt.set_has(b, k.word())? {
            return Ok(false);
        }
    }
    Ok(true)
}
macro_rules! set_compare {
    ($($f:ident = |$x:ident, $y:ident| $size:expr, $swap:literal;)*) => { $(
        fn $f(rt: &mut Isolate, args: &[Word]) -> PyResult {
            if !both_sets(rt, args) {
                return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
            }
            let ($x, $y) = (rt.dict_len(args[0]), rt.dict_len(args[1]));
            let (a, b) = if $swap { (args[1], args[0]) } else { (args[0], args[1]) };
            Ok(Owned::from_bool($size && is_subset(rt, a, b)?))
        }
    )* };
}
set_compare! {
    lt = |x, y| x < y, false;
    le = |x, y| x <= y, false;
    eq = |x, y| x == y, false;
    gt = |x, y| x > y, true;
    ge = |x, y| x >= y, true;
}
fn ne(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let r = eq(rt, args)?;
    Ok(if r.word().is_bool() { Owned::from_bool(r.word() == Word::FALSE) } else { r })
}
fn issubset(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let other = rt.set_from(ClassId::SET, args[1])?;
    Ok(Owned::from_bool(is_subset(rt, args[0], other.word())?))
}
fn issuperset(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let other = rt.set_from(ClassId::SET, args[1])?;
    Ok(Owned::from_bool(is_subset(rt, other.word(), args[0])?))
}
fn isdisjoint(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let common = filtered(rt, args[0], args[1], true)?;
    Ok(Owned::from_bool(rt.dict_len(common.word()) == 0))
}

macro_rules! method_table {
    ($name:ident: $($extra:expr),*) => {
        static $name: &[NativeDef] = &[
            def("__repr__", "($self, /)", repr),
            def("__len__", "($self, /)", len),
            def("__contains__", "($self, key, /)", contains),
            def("__iter__", "($self, /)", iter),
            def("__or__", "($self, value, /)", op_or),
            def("__reduce__", "($self, /)", |rt, a| {
                let items = rt.collect(a[0])?;
                let items = rt.new_list(items);
                crate::reduce::by_call(rt, a[0], items)
            }),
            def("__and__", "($self, value, /)", op_and),
            def("__sub__", "($self, value, /)", op_sub),
            def("__xor__", "($self, value, /)", op_xor),
            def("__lt__", "($self, value, /)", lt),
            def("__le__", "($self, value, /)", le),
            def("__eq__", "($self, value, /)", eq),
            def("__ne__", "($self, value, /)", ne),
            def("__gt__", "($self, value, /)", gt),
            def("__ge__", "($self, value, /)", ge),
            def("copy", "($self, /)", copy),
            def("union", "($self, /, *others)", union),
            def("intersection", "($self, /, *others)", intersection),
            def("difference", "($self, /, *others)", difference),
            def("symmetric_difference", "($self, other, /)", symmetric_difference),
            def("issubset", "($self, other, /)", issubset),
            def("issuperset", "($self, other, /)", issuperset),
            def("isdisjoint", "($self, other, /)", isdisjoint),
            $($extra),*
        ];
    };
}
method_table!(SET_METHODS:
    def("__new__", "($type, /, *args, **kwargs)", set_new),
    def("__init__", "($self, iterable=(), /)", set_init),
    def("__ior__", "($self, value, /)", op_ior),
    def("__iand__", "($self, value, /)", op_iand),
    def("__isub__", "($self, value, /)", op_isub),
    def("__ixor__", "($self, value, /)", op_ixor),
    def("add", "($self, object, /)", add),
    def("discard", "($self, object, /)", discard),
    def("remove", "($self, object, /)", remove),
    def("pop", "($self, /)", pop),
    def("clear", "($self, /)", clear),
    def("update", "($self, /, *others)", update),
    def("intersection_update", "($self, /, *others)", intersection_update),
    def("difference_update", "($self, /, *others)", difference_update),
    def("symmetric_difference_update", "($self, other, /)", symmetric_difference_update)
);
method_table!(FROZENSET_METHODS:
    def("__new__", "($type, iterable=(), /)", frozenset_new),
    def("__hash__", "($self, /)", frozenset_hash)
);

static SET_SPEC: ClassSpec = ClassSpec::builtin(ClassId::SET, Layout::Set).methods(SET_METHODS).flags(
    ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::GENERIC | ClassSpec::MATCH_SELF | ClassSpec::WEAKREFABLE,
);
static FROZENSET_SPEC: ClassSpec = ClassSpec::builtin(ClassId::FROZENSET, Layout::Set)
    .methods(FROZENSET_METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::GENERIC | ClassSpec::MATCH_SELF | ClassSpec::WEAKREFABLE);

pub(crate) static SPECS: &[&ClassSpec] = &[&SET_SPEC, &FROZENSET_SPEC];
