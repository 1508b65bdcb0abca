//! `defaultdict` and `OrderedDict`, subclasses of `dict` with its layout.

use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, field, tuple_items};
use crate::dict::{DictObj, dict_obj};
use crate::native::{BaseRef, ClassSpec, GetSetDef, Layout, NativeDef, def, getset};
use crate::{Isolate, Owned, PyResult};

const SELF: &str = "($self, /)";
const NOT_IMPLEMENTED: Owned = Owned::immediate(Word::NOT_IMPLEMENTED);

/// Word of a `defaultdict` that holds its factory.
const FACTORY: usize = size_of::<DictObj>() / 8 - 1;

pub static DEFAULT_DICT: ClassSpec = ClassSpec::new("collections", "defaultdict")
    .layout(Layout::Dict)
    .base(BaseRef::Id(ClassId::DICT))
    .hidden_words(1)
    .methods(DEFAULT_METHODS)
    .getset(DEFAULT_GETSET)
    .flags(
        ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::MAPPING | ClassSpec::GENERIC | ClassSpec::WEAKREFABLE,
    );

static DEFAULT_GETSET: &[GetSetDef] = &[getset(
    "default_factory",
    |_, this| Ok(Owned::share(factory(this))),
    |_, this, value| {
        crate::api::set_field(this, FACTORY, if value.is_unbound() { Word::NONE } else { value });
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
        crate::api::set_field(a[0], FACTORY, made);
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
        let name = rt.type_name(a[0]);
        let made = Owned::share(factory(a[0]));
        let made = if rt.repr_enter(made.word()) {
            let text = rt.repr_text(made.word());
            rt.repr_leave(made.word());
            text?
        } else {
            "...".to_owned()
        };
        let items = rt.dict_copy(a[0])?;
        if !rt.repr_enter(a[0]) {
            return Ok(rt.new_str("{...}"));
        }
        let text = rt.repr_text(items.word());
        rt.repr_leave(a[0]);
        Ok(rt.new_str(&format!("{name}({made}, {})", text?)))
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
    );

static ORDERED_METHODS: &[NativeDef] = &[
    def("__init__", "($self, /, *args, **kwargs)", update_ordered),
    def("update", "($self, /, *args, **kwargs)", update_ordered),
    def("move_to_end", "($self, /, key, last=True)", |rt, a| {
        let last = a[2].is_unbound() || rt.truth(a[2])?;
        let hash = rt.hash(a[1])?;
        match rt.dict_find(a[0], a[1], hash)? {
            Some(i) => rt.dict_move(a[0], i, last),
            None => return Err(rt.key_error(a[1])),
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
    def("__eq__", "($self, value, /)", |rt, a| ordered_eq(rt, a, false)),
    def("__ne__", "($self, value, /)", |rt, a| ordered_eq(rt, a, true)),
    def("__repr__", SELF, |rt, a| {
        let name = rt.type_name(a[0]);
        if rt.dict_len(a[0]) == 0 {
            return Ok(rt.new_str(&format!("{name}()")));
        }
        if !rt.repr_enter(a[0]) {
            return Ok(rt.new_str("..."));
        }
        let text = ordered_text(rt, a[0]);
        rt.repr_leave(a[0]);
        Ok(rt.new_str(&format!("{name}({{{}}})", text?)))
    }),
    def("copy", SELF, copy_ordered),
    def("__copy__", SELF, copy_ordered),
    def("__or__", "($self, value, /)", |rt, a| {
        if !rt.is_dict(a[1]) {
            return Ok(NOT_IMPLEMENTED);
        }
        let made = copy_ordered(rt, a)?;
        rt.call_method(made.word(), "update", &[a[1]])?;
        Ok(made)
    }),
    def("__ror__", "($self, value, /)", |rt, a| {
        if !rt.is_dict(a[1]) {
            return Ok(NOT_IMPLEMENTED);
        }
        let class = rt.class_word(rt.class_of(a[0]));
        let made = rt.call(class, &[a[1]])?;
        rt.call_method(made.word(), "update", &[a[0]])?;
        Ok(made)
    }),
    def("__ior__", "($self, value, /)", |rt, a| {
        rt.call_method(a[0], "update", &[a[1]])?;
        Ok(Owned::share(a[0]))
    }),
    def("__reduce__", SELF, |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let items = rt.call_method(a[0], "items", &[])?;
        let items = rt.iter(items.word())?;
        let state = rt.side_dict(a[0]).map_or(Owned::NONE, Owned::share);
        let args = rt.new_tuple(Vec::new());
        Ok(rt.new_tuple(vec![class, args, state, Owned::NONE, items]))
    }),
];

fn ordered_text(rt: &mut Isolate, this: Word) -> PyResult<String> {
    let items = rt.call_method(this, "items", &[])?;
    let mut text = String::new();
    for pair in rt.collect(items.word())? {
        let (k, v) = (tuple_items(pair.word())[0], tuple_items(pair.word())[1]);
        let separator = if text.is_empty() { "" } else { ", " };
        let (k, v) = (rt.repr_text(k)?, rt.repr_text(v)?);
        text += &format!("{separator}{k}: {v}");
    }
    Ok(text)
}

/// `update(other, **keywords)` through `__setitem__`, as subclasses rely on.
fn update_ordered(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let args = tuple_items(a[1]);
    if args.len() > 1 {
        return Err(rt.type_error(format!("update expected at most 1 positional argument, got {}", args.len())));
    }
    let staged = rt.new_dict();
    if let Some(&source) = args.first() {
        crate::dict_class::update_from(rt, staged.word(), source, "update")?;
    }
    rt.dict_merge_from(staged.word(), a[2])?;
    for (k, v) in rt.dict_items(staged.word()) {
        rt.setitem(a[0], k.word(), v.word())?;
    }
    Ok(Owned::NONE)
}

fn copy_ordered(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_word(rt.class_of(a[0]));
    let made = rt.call(class, &[])?;
    for (k, v) in rt.dict_items(a[0]) {
        rt.setitem(made.word(), k.word(), v.word())?;
    }
    Ok(made)
}

/// Equality: with another `OrderedDict` the order counts.
fn ordered_eq(rt: &mut Isolate, a: &[Word], negated: bool) -> PyResult {
    if !rt.is_dict(a[1]) {
        return Ok(NOT_IMPLEMENTED);
    }
    let class = rt.class_for(&ORDERED_DICT);
    let x = rt.dict_copy(a[0])?;
    let y = rt.dict_copy(a[1])?;
    let mut equal = rt.compare_truth(CompareOp::Eq, x.word(), y.word())?;
    if equal && rt.is_instance(a[1], class) {
        for (k, other) in rt.dict_items(x.word()).iter().zip(rt.dict_items(y.word())) {
            if !rt.eq(k.0.word(), other.0.word())? {
                equal = false;
                break;
            }
        }
    }
    Ok(Owned::from_bool(equal != negated))
}
