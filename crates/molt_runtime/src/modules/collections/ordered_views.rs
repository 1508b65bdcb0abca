//! Views of an `OrderedDict` and their iterators.
//!
//! The views derive from those of `dict`, whose one word (the dict) they share, and replace what depends on the
//! iterator or on the exact class. An iterator stops with an error as soon as the keys changed in any way, but
//! only while it has something left to give.

use alloc::vec;
use molt_abi::{ClassId, Word};

use super::dicts::mutated;
use crate::api::{CompareOp, field, set_field};
use crate::dict::dict_obj;
use crate::iter::{self_iter, self_next};
use crate::names::Name;
use crate::native::{BaseRef, ClassSpec, Layout, NativeDef, def};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult};

const SELF: &str = "($self, /)";
const VALUE: &str = "($self, value, /)";

/// Which way an iterator goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Forward,
    Backward,
}

/// What an iterator gives for each entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
    Item,
}

const fn view_spec(name: &'static str, base: ClassId, methods: &'static [NativeDef]) -> ClassSpec {
    ClassSpec::new("builtins", name)
        .base(BaseRef::Id(base))
        .layout(Layout::Plain)
        .methods(methods)
        .flags(ClassSpec::NO_NEW)
}

/// View of the keys.
pub static KEYS: ClassSpec = view_spec("odict_keys", ClassId::DICT_KEYS, SET_METHODS).flags(ClassSpec::UNHASHABLE);
/// View of the values.
pub static VALUES: ClassSpec = view_spec("odict_values", ClassId::DICT_VALUES, &ITERATION);
/// View of the items.
pub static ITEMS: ClassSpec = view_spec("odict_items", ClassId::DICT_ITEMS, SET_METHODS).flags(ClassSpec::UNHASHABLE);

/// A view of an `OrderedDict`.
pub fn view(rt: &mut Isolate, spec: &'static ClassSpec, dict: Word) -> Owned {
    let class = rt.class_for(spec);
    inc(dict);
    rt.new_plain(class, [dict])
}

/// What a view shows.
fn part_of(rt: &mut Isolate, view: Word) -> Part {
    if rt.is_instance(view, ClassId::DICT_KEYS) {
        Part::Key
    } else if rt.is_instance(view, ClassId::DICT_VALUES) {
        Part::Value
    } else {
        Part::Item
    }
}

static ITERATION: [NativeDef; 2] = [
    def("__iter__", SELF, |rt, a| Ok(view_iterator(rt, a[0], Direction::Forward))),
    def("__reversed__", SELF, |rt, a| Ok(view_iterator(rt, a[0], Direction::Backward))),
];

/// Of the views that behave like sets.
static SET_METHODS: &[NativeDef] = &[
    def("__iter__", SELF, |rt, a| Ok(view_iterator(rt, a[0], Direction::Forward))),
    def("__reversed__", SELF, |rt, a| Ok(view_iterator(rt, a[0], Direction::Backward))),
    def("__contains__", "($self, key, /)", |rt, a| {
        if part_of(rt, a[0]) == Part::Key {
            return Ok(Owned::from_bool(rt.dict_get(field(a[0], 0), a[1])?.is_some()));
        }
        let contains = rt.special(ClassId::DICT_ITEMS, Name::CONTAINS);
        rt.call(contains, a)
    }),
    def("__lt__", VALUE, |rt, a| compare(rt, CompareOp::Lt, a)),
    def("__le__", VALUE, |rt, a| compare(rt, CompareOp::Le, a)),
    def("__eq__", VALUE, |rt, a| compare(rt, CompareOp::Eq, a)),
    def("__ne__", VALUE, |rt, a| compare(rt, CompareOp::Ne, a)),
    def("__gt__", VALUE, |rt, a| compare(rt, CompareOp::Gt, a)),
    def("__ge__", VALUE, |rt, a| compare(rt, CompareOp::Ge, a)),
];

/// Compares as sets, by lengths and then by containment, so that items need no hash.
fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    let (this, other) = (a[0], a[1]);
    let like_set =
        rt.is_set(other) || rt.is_instance(other, ClassId::DICT_KEYS) || rt.is_instance(other, ClassId::DICT_ITEMS);
    if !like_set {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let lengths = rt.len(this)?.cmp(&rt.len(other)?);
    let holds = match op {
        CompareOp::Eq | CompareOp::Ne => {
            let equal = lengths.is_eq() && is_within(rt, this, other)?;
            equal == (op == CompareOp::Eq)
        }
        CompareOp::Lt | CompareOp::Le => op.holds(lengths) && is_within(rt, this, other)?,
        CompareOp::Gt | CompareOp::Ge => op.holds(lengths) && is_within(rt, other, this)?,
    };
    Ok(Owned::from_bool(holds))
}

/// Whether every item of `part` is in `whole`.
fn is_within(rt: &mut Isolate, part: Word, whole: Word) -> PyResult<bool> {
    let it = rt.iter(part)?;
    while let Some(item) = rt.next(it.word())? {
        if !rt.contains(whole, item.word())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Words of an iterator.
const DICT: usize = 0;
/// Position of the entry to give next, or [`END`].
const NEXT: usize = 1;
/// Version of the dict's keys at the start.
const VERSION: usize = 2;
/// Part to give, as its number.
const PART: usize = 3;
/// Whether the iterator goes backwards.
const BACKWARD: usize = 4;

const END: i64 = -1;

static ITERATOR: ClassSpec = ClassSpec::new("builtins", "odict_iterator")
    .layout(Layout::Plain)
    .hidden_words(5)
    .methods(&[
        def("__iter__", SELF, self_iter),
        def("__next__", SELF, self_next),
        def("__reduce__", SELF, |rt, a| {
            let rest = remaining(rt, a[0])?;
            let builtins = rt.import("builtins")?;
            let iter = rt.getattr(builtins.word(), "iter")?;
            let args = rt.new_tuple(vec![rest]);
            Ok(rt.new_tuple(vec![iter, args]))
        }),
    ])
    .next(step)
    .flags(ClassSpec::NO_NEW);

/// Iterator over the keys of an `OrderedDict`.
pub fn keys_iterator(rt: &mut Isolate, dict: Word, direction: Direction) -> Owned {
    new_iterator(rt, dict, Part::Key, direction)
}

fn view_iterator(rt: &mut Isolate, view: Word, direction: Direction) -> Owned {
    let part = part_of(rt, view);
    new_iterator(rt, field(view, 0), part, direction)
}

fn new_iterator(rt: &mut Isolate, dict: Word, part: Part, direction: Direction) -> Owned {
    let class = rt.class_for(&ITERATOR);
    let start = match direction {
        Direction::Forward => next_live(dict, 0),
        Direction::Backward => previous_live(dict, dict_obj(dict).filled as usize),
    };
    let version = Word::small(i64::from(dict_obj(dict).version));
    let backward = Word::small(i64::from(direction == Direction::Backward));
    inc(dict);
    rt.new_plain(class, [dict, Word::small(start), version, Word::small(part as i64), backward])
}

/// Position of the first entry from `from` on, or [`END`].
fn next_live(dict: Word, from: usize) -> i64 {
    dict_obj(dict).next_live(from).map_or(END, |i| i as i64)
}

/// Position of the last entry before `end`, or [`END`].
fn previous_live(dict: Word, end: usize) -> i64 {
    let entries = &dict_obj(dict).entries()[..end];
    entries.iter().rposition(|e| !e.key.is_unbound()).map_or(END, |i| i as i64)
}

fn step(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let dict = field(this, DICT);
    let at = field(this, NEXT).as_small();
    if at == END {
        return Ok(None);
    }
    let d = dict_obj(dict);
    if i64::from(d.version) != field(this, VERSION).as_small() {
        set_field(this, NEXT, Word::small(END));
        return Err(mutated(rt));
    }
    let at = at as usize;
    let backward = field(this, BACKWARD).as_small() != 0;
    let next = if backward { previous_live(dict, at) } else { next_live(dict, at + 1) };
    set_field(this, NEXT, Word::small(next));
    let e = d.entries()[at];
    let part = field(this, PART).as_small();
    Ok(Some(if part == Part::Key as i64 {
        Owned::share(e.key)
    } else if part == Part::Value as i64 {
        Owned::share(e.value)
    } else {
        rt.new_tuple_of(&[e.key, e.value])
    }))
}

/// What an iterator has still to give, without advancing it.
fn remaining(rt: &mut Isolate, this: Word) -> PyResult {
    let words: [Word; 5] = core::array::from_fn(|i| field(this, i));
    inc(words[DICT]);
    let class = rt.class_of(this);
    let copy = rt.new_plain(class, words);
    let items = rt.collect(copy.word())?;
    Ok(rt.new_list(items))
}
