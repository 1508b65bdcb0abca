//! `defaultdict` and `OrderedDict`, subclasses of `dict` with its layout.
//!
//! A `dict` keeps insertion order already, so an `OrderedDict` adds no state: it moves entries, compares order,
//! and gives views and iterators of its own (see [`super::ordered_views`]). Where CPython goes through methods
//! that a subclass may override, so does this module.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::ordered_views::{self, Direction};
use crate::api::{field, set_field, str_bytes, tuple_items};
use crate::dict::{DictObj, dict_obj};
use crate::names::Name;
use crate::native::{BaseRef, ClassSpec, GetSetDef, Layout, NativeDef, def, getset};
use crate::{Isolate, Owned, PyResult, Raised};

const SELF: &str = "($self, /)";
const NOT_IMPLEMENTED: Owned = Owned::immediate(Word::NOT_IMPLEMENTED);

/// Word of a `defaultdict` that holds its factory.
const FACTORY: usize = size_of::<DictObj>() / 8 - 1;

/// `collections.defaultdict`.
pub static DEFAULT_DICT: ClassSpec = ClassSpec::new("collections", "defaultdict")
    .layout(Layout::Dict)
    .base(BaseRef::Id(ClassId::DICT))
    .hidden_words(1)
    .methods(DEFAULT_METHODS)
    .getset(DEFAULT_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::MAPPING | ClassSpec::GENERIC | ClassSpec::WEAKREFABLE);

static DEFAULT_GETSET: &[GetSetDef] = &[getset(
    "default_factory",
    |_, this| Ok(Owned::share(factory(this))),
    |_, this, value| {
        set_field(this, FACTORY, if value.is_unbound() { Word::NONE } else { value });
        Ok(())
    },
)];

fn factory(this: Word) -> Word {
    match field(this, FACTORY) {
        w if w.is_unbound() => Word::NONE,
        w => w,
    }
}

static DEFAULT_METHODS: &[NativeDef] = &[
    def("__init__", "($self, /, *args, **kwargs)", |rt, a| {
        let args = tuple_items(a[1]);
        let made = args.first().copied().unwrap_or(Word::NONE);
        if !made.is_none() && !rt.is_callable(made) {
            return Err(rt.type_error("first argument must be callable or None"));
        }
        if args.len() > 2 {
            return Err(rt.type_error(format!("dict expected at most 1 argument, got {}", args.len() - 1)));
        }
        set_field(a[0], FACTORY, made);
        if let Some(&source) = args.get(1) {
            crate::dict_class::update_from(rt, a[0], source, "update")?;
        }
        rt.dict_merge_from(a[0], a[2])?;
        Ok(Owned::NONE)
    }),
    def("__missing__", "($self, key, /)", |rt, a| {
        let made = Owned::share(factory(a[0]));
        if made.word().is_none() {
            return Err(rt.key_error(a[1]));
        }
        let value = rt.call(made.word(), &[])?;
        rt.setitem(a[0], a[1], value.word())?;
        Ok(value)
    }),
    def("__repr__", SELF, |rt, a| {
        let items = of_dict(rt, Name::REPR, &[a[0]])?;
        let made = Owned::share(factory(a[0]));
        let mut out = own_name(rt, a[0]).into_bytes();
        out.push(b'(');
        if rt.repr_enter(made.word()) {
            let text = rt.repr(made.word());
            rt.repr_leave(made.word());
            out.extend_from_slice(str_bytes(text?.word()));
        } else {
            out.extend_from_slice(b"...");
        }
        out.extend_from_slice(b", ");
        out.extend_from_slice(str_bytes(items.word()));
        out.push(b')');
        Ok(rt.new_str_wtf8(&out))
    }),
    def("copy", SELF, copy_default),
    def("__copy__", SELF, copy_default),
    def("__or__", "($self, value, /)", |rt, a| {
        if !rt.is_dict(a[1]) {
            return Ok(NOT_IMPLEMENTED);
        }
        let made = copy_default(rt, a)?;
        rt.dict_merge_from(made.word(), a[1])?;
        Ok(made)
    }),
    def("__ror__", "($self, value, /)", |rt, a| {
        if !rt.is_dict(a[1]) {
            return Ok(NOT_IMPLEMENTED);
        }
        let class = rt.class_word(rt.class_of(a[0]));
        let made = rt.call(class, &[factory(a[0]), a[1]])?;
        rt.dict_merge_from(made.word(), a[0])?;
        Ok(made)
    }),
    def("__reduce__", SELF, |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let made = factory(a[0]);
        let args = if made.is_none() { rt.new_tuple(Vec::new()) } else { rt.new_tuple_of(&[made]) };
        let items = rt.call_method(a[0], "items", &[])?;
        let items = rt.iter(items.word())?;
        Ok(rt.new_tuple(vec![class, args, Owned::NONE, Owned::NONE, items]))
    }),
];

fn copy_default(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_word(rt.class_of(a[0]));
    rt.call(class, &[factory(a[0]), a[0]])
}

/// Calls a special method of `dict` itself.
fn of_dict(rt: &mut Isolate, name: Name, args: &[Word]) -> PyResult {
    let method = rt.special(ClassId::DICT, name);
    rt.call(method, args)
}

/// Name of the class without its module.
fn own_name(rt: &Isolate, w: Word) -> String {
    rt.class(rt.class_of(w)).display_name()
}

/// `collections.OrderedDict`.
pub static ORDERED_DICT: ClassSpec = ClassSpec::new("collections", "OrderedDict")
    .layout(Layout::Dict)
    .base(BaseRef::Id(ClassId::DICT))
    .methods(ORDERED_METHODS)
    .flags(
        ClassSpec::BASETYPE
            | ClassSpec::UNHASHABLE
            | ClassSpec::MAPPING
            | ClassSpec::GENERIC
            | ClassSpec::WEAKREFABLE
            | ClassSpec::HAS_DICT,
    )
    .doc("Dictionary that remembers insertion order");

static ORDERED_METHODS: &[NativeDef] = &[
    def("__init__", "($self, /, *args, **kwargs)", |rt, a| {
        let given = tuple_items(a[1]).len();
        if given > 1 {
            return Err(rt.type_error(format!("expected at most 1 arguments, got {given}")));
        }
        update(rt, a)
    }),
    def("update", "($self, /, *args, **kwargs)", |rt, a| {
        let given = tuple_items(a[1]).len();
        if given > 1 {
            return Err(rt.type_error(format!("update() takes at most 1 positional argument ({given} given)")));
        }
        update(rt, a)
    }),
    def("fromkeys", "($type, /, iterable, value=None)", |rt, a| {
        let value = if a[2].is_unbound() { Word::NONE } else { a[2] };
        let made = rt.call(a[0], &[])?;
        let it = rt.iter(a[1])?;
        while let Some(key) = rt.next(it.word())? {
            rt.setitem(made.word(), key.word(), value)?;
        }
        Ok(made)
    }),
    def("move_to_end", "($self, /, key, last=True)", |rt, a| {
        let last = a[2].is_unbound() || rt.truth(a[2])?;
        let hash = rt.hash(a[1])?;
        let Some(i) = rt.dict_find(a[0], a[1], hash)? else { return Err(rt.key_error(a[1])) };
        if last || dict_obj(a[0]).next_live(0) != Some(i) {
            rt.dict_move(a[0], i, last);
        }
        Ok(Owned::NONE)
    }),
    def("popitem", "($self, /, last=True)", |rt, a| {
        let last = a[1].is_unbound() || rt.truth(a[1])?;
        let d = dict_obj(a[0]);
        let at = if last { (d.used > 0).then(|| d.filled as usize - 1) } else { d.next_live(0) };
        let Some(at) = at else {
            let text = rt.new_str("dictionary is empty");
            return Err(rt.key_error(text.word()));
        };
        let (k, v) = rt.dict_take_at(a[0], at);
        Ok(rt.new_tuple(vec![k, v]))
    }),
    def("pop", "($self, /, key, default=<unrepresentable>)", |rt, a| match rt.dict_remove(a[0], a[1])? {
        Some(v) => Ok(v),
        None if a[2].is_unbound() => Err(rt.key_error(a[1])),
        None => Ok(Owned::share(a[2])),
    }),
    def("setdefault", "($self, /, key, default=None)", set_default),
    def("keys", SELF, |rt, a| Ok(ordered_views::view(rt, &ordered_views::KEYS, a[0]))),
    def("values", SELF, |rt, a| Ok(ordered_views::view(rt, &ordered_views::VALUES, a[0]))),
    def("items", SELF, |rt, a| Ok(ordered_views::view(rt, &ordered_views::ITEMS, a[0]))),
    def("__iter__", SELF, |rt, a| Ok(ordered_views::keys_iterator(rt, a[0], Direction::Forward))),
    def("__reversed__", SELF, |rt, a| Ok(ordered_views::keys_iterator(rt, a[0], Direction::Backward))),
    def("__eq__", "($self, value, /)", |rt, a| ordered_eq(rt, a, false)),
    def("__ne__", "($self, value, /)", |rt, a| ordered_eq(rt, a, true)),
    def("__repr__", SELF, |rt, a| {
        if rt.dict_len(a[0]) == 0 {
            let text = own_name(rt, a[0]) + "()";
            return Ok(rt.new_str(&text));
        }
        if !rt.repr_enter(a[0]) {
            return Ok(rt.new_str("..."));
        }
        let text = ordered_text(rt, a[0]);
        rt.repr_leave(a[0]);
        Ok(rt.new_str_wtf8(&text?))
    }),
    def("copy", SELF, copy_ordered),
    def("__or__", "($self, value, /)", |rt, a| union(rt, a[0], a[1])),
    def("__ror__", "($self, value, /)", |rt, a| union(rt, a[1], a[0])),
    def("__ior__", "($self, value, /)", |rt, a| {
        take_from(rt, a[0], a[1])?;
        Ok(Owned::share(a[0]))
    }),
    def("__reduce__", SELF, |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let state = rt.call_method(a[0], "__getstate__", &[])?;
        let items = rt.call_method(a[0], "items", &[])?;
        let items = rt.iter(items.word())?;
        let args = rt.new_tuple(Vec::new());
        Ok(rt.new_tuple(vec![class, args, state, Owned::NONE, items]))
    }),
];

pub(super) fn is_ordered(rt: &mut Isolate, w: Word) -> bool {
    let class = rt.class_for(&ORDERED_DICT);
    rt.is_instance(w, class)
}

/// Whether an object is an `OrderedDict` and of no subclass.
fn is_exact(rt: &mut Isolate, w: Word) -> bool {
    rt.class_of(w) == rt.class_for(&ORDERED_DICT)
}

/// The positional source, then the keywords.
fn update(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if let Some(&source) = tuple_items(a[1]).first() {
        take_from(rt, a[0], source)?;
    }
    for (k, v) in rt.dict_items(a[2]) {
        put(rt, a[0], k.word(), v.word())?;
    }
    Ok(Owned::NONE)
}

/// Stores through an overridden `__setitem__`, if there is one.
fn put(rt: &mut Isolate, this: Word, key: Word, value: Word) -> PyResult<()> {
    let direct = rt.inherits_special(rt.class_of(this), ClassId::DICT, Name::SETITEM);
    if direct { rt.dict_set(this, key, value) } else { rt.setitem(this, key, value) }
}

/// Stores what a mapping (by `keys` or else `items`) or an iterable of pairs holds.
fn take_from(rt: &mut Isolate, this: Word, source: Word) -> PyResult<()> {
    if rt.class_of(source) == ClassId::DICT {
        for (k, v) in rt.dict_items(source) {
            put(rt, this, k.word(), v.word())?;
        }
        return Ok(());
    }
    if let Some(keys) = rt.getattr_opt(source, "keys")? {
        let keys = rt.call(keys.word(), &[])?;
        let it = rt.iter(keys.word())?;
        while let Some(k) = rt.next(it.word())? {
            let v = rt.getitem(source, k.word())?;
            put(rt, this, k.word(), v.word())?;
        }
        return Ok(());
    }
    if let Some(items) = rt.getattr_opt(source, "items")? {
        let items = rt.call(items.word(), &[])?;
        return take_pairs(rt, this, items.word());
    }
    take_pairs(rt, this, source)
}

fn take_pairs(rt: &mut Isolate, this: Word, pairs: Word) -> PyResult<()> {
    let it = rt.iter(pairs)?;
    while let Some(pair) = rt.next(it.word())? {
        let parts = rt.iter(pair.word())?;
        let Some(k) = rt.next(parts.word())? else {
            return Err(rt.value_error("need more than 0 values to unpack"));
        };
        let Some(v) = rt.next(parts.word())? else {
            return Err(rt.value_error("need more than 1 value to unpack"));
        };
        if rt.next(parts.word())?.is_some() {
            return Err(rt.value_error("too many values to unpack (expected 2)"));
        }
        put(rt, this, k.word(), v.word())?;
    }
    Ok(())
}

fn set_default(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let default = if a[2].is_unbound() { Word::NONE } else { a[2] };
    if is_exact(rt, a[0]) {
        if let Some(v) = rt.dict_get(a[0], a[1])? {
            return Ok(v);
        }
    } else if rt.contains(a[0], a[1])? {
        return rt.getitem(a[0], a[1]);
    }
    put(rt, a[0], a[1], default)?;
    Ok(Owned::share(default))
}

/// The text of `dict(self)`, which asks a subclass for its keys and items.
fn ordered_text(rt: &mut Isolate, this: Word) -> PyResult<Vec<u8>> {
    let plain = rt.new_dict();
    if is_exact(rt, this) {
        rt.dict_merge_from(plain.word(), this)?;
    } else {
        let keys = rt.call_method(this, "keys", &[])?;
        for k in rt.collect(keys.word())? {
            let v = rt.getitem(this, k.word())?;
            rt.dict_set(plain.word(), k.word(), v.word())?;
        }
    }
    let items = rt.repr(plain.word())?;
    let mut out = own_name(rt, this).into_bytes();
    out.push(b'(');
    out.extend_from_slice(str_bytes(items.word()));
    out.push(b')');
    Ok(out)
}

fn copy_ordered(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if is_exact(rt, a[0]) {
        let made = rt.new_dict_of_class(rt.class_of(a[0]));
        rt.dict_merge_from(made.word(), a[0])?;
        return Ok(made);
    }
    let class = rt.class_word(rt.class_of(a[0]));
    let made = rt.call(class, &[])?;
    for k in rt.dict_keys(a[0]) {
        let v = rt.getitem(a[0], k.word())?;
        rt.setitem(made.word(), k.word(), v.word())?;
    }
    Ok(made)
}

/// `left | right`, of the class of the operand that is an `OrderedDict`, the left one if both are.
fn union(rt: &mut Isolate, left: Word, right: Word) -> PyResult {
    if !rt.is_dict(left) || !rt.is_dict(right) {
        return Ok(NOT_IMPLEMENTED);
    }
    let model = if is_ordered(rt, left) { left } else { right };
    let class = rt.class_word(rt.class_of(model));
    let made = rt.call(class, &[left])?;
    take_from(rt, made.word(), right)?;
    Ok(made)
}

/// Equality: with another `OrderedDict` the order counts.
fn ordered_eq(rt: &mut Isolate, a: &[Word], negated: bool) -> PyResult {
    if !rt.is_dict(a[1]) {
        return Ok(NOT_IMPLEMENTED);
    }
    let same = of_dict(rt, Name::EQ, a)?.word() == Word::TRUE && (!is_ordered(rt, a[1]) || same_order(rt, a[0], a[1])?);
    Ok(Owned::from_bool(same != negated))
}

fn same_order(rt: &mut Isolate, x: Word, y: Word) -> PyResult<bool> {
    let versions = (dict_obj(x).version, dict_obj(y).version);
    for (k, other) in rt.dict_keys(x).iter().zip(rt.dict_keys(y)) {
        if !rt.eq(k.word(), other.word())? {
            return Ok(false);
        }
        if (dict_obj(x).version, dict_obj(y).version) != versions {
            return Err(mutated(rt));
        }
    }
    Ok(true)
}

pub(super) fn mutated(rt: &mut Isolate) -> Raised {
    rt.runtime_error("OrderedDict mutated during iteration")
}
