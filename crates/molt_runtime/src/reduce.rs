//! `object.__reduce_ex__`, `__reduce__` and `__getstate__`: how `copy` takes objects apart (PEP 307).

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use crate::api::{list_items, str_bytes};
use crate::names::Name;
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult};

pub(crate) static METHODS: [NativeDef; 3] = [
    def("__reduce_ex__", "($self, protocol, /)", reduce_ex),
    def("__reduce__", "($self, /)", |rt, a| reduce(rt, a[0], 0)),
    def("__getstate__", "($self, /)", |rt, a| state(rt, a[0])),
];

/// `(class, (argument,), attributes)` of an object that its class makes from one argument.
pub(crate) fn by_call(rt: &mut Isolate, this: Word, argument: Owned) -> PyResult {
    let class = Owned::share(rt.class_word(rt.class_of(this)));
    let args = rt.new_tuple(vec![argument]);
    let state = rt.side_dict(this).map_or(Owned::NONE, Owned::share);
    Ok(rt.new_tuple(vec![class, args, state]))
}

fn reduce_ex(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let protocol = rt.to_i64(a[1], "int")?;
    let class = rt.class_of(a[0]);
    let name = rt.name(Name::REDUCE);
    let own = rt.lookup(class, name);
    if own != rt.lookup(molt_abi::ClassId::OBJECT, name) {
        return rt.call_method(a[0], "__reduce__", &[]);
    }
    reduce(rt, a[0], protocol)
}

fn reduce(rt: &mut Isolate, this: Word, protocol: i64) -> PyResult {
    let copyreg = rt.import("copyreg")?;
    if protocol < 2 {
        let f = rt.getattr(copyreg.word(), "_reduce_ex")?;
        return rt.call(f.word(), &[this, Word::small(protocol)]);
    }
    let class = Owned::share(rt.class_word(rt.class_of(this)));
    let (args, kwargs) = new_arguments(rt, this)?;
    let (f, args) = if let Some(kwargs) = kwargs {
        let f = rt.getattr(copyreg.word(), "__newobj_ex__")?;
        (f, rt.new_tuple(vec![class, args, kwargs]))
    } else {
        let f = rt.getattr(copyreg.word(), "__newobj__")?;
        let mut all = vec![class];
        all.extend(rt.collect(args.word())?);
        (f, rt.new_tuple(all))
    };
    let state = rt.call_method(this, "__getstate__", &[])?;
    let lists = if rt.is_list(this) { rt.iter(this)? } else { Owned::NONE };
    let dicts = if rt.is_dict(this) {
        let items = rt.call_method(this, "items", &[])?;
        rt.iter(items.word())?
    } else {
        Owned::NONE
    };
    Ok(rt.new_tuple(vec![f, args, state, lists, dicts]))
}

/// Arguments for `__new__`, from `__getnewargs_ex__` or `__getnewargs__`.
fn new_arguments(rt: &mut Isolate, this: Word) -> PyResult<(Owned, Option<Owned>)> {
    if let Some(f) = rt.getattr_opt(this, "__getnewargs_ex__")? {
        let both = rt.call(f.word(), &[])?;
        let parts = rt.collect(both.word())?;
        let Ok([args, kwargs]) = <[Owned; 2]>::try_from(parts) else {
            return Err(rt.value_error("__getnewargs_ex__ should return a tuple of length 2"));
        };
        return Ok((args, Some(kwargs)));
    }
    if let Some(f) = rt.getattr_opt(this, "__getnewargs__")? {
        let args = rt.call(f.word(), &[])?;
        if !rt.is_tuple(args.word()) {
            let name = rt.type_name(args.word());
            return Err(rt.type_error(format!("__getnewargs__ should return a tuple, not '{name}'")));
        }
        return Ok((args, None));
    }
    Ok((rt.new_tuple(Vec::new()), None))
}

/// Attributes: a dict or `None`, or with `__slots__` a pair of it and a dict of slots.
fn state(rt: &mut Isolate, this: Word) -> PyResult {
    let dict = match rt.getattr_opt(this, "__dict__")? {
        Some(d) => {
            let copy = rt.new_dict();
            crate::dict_class::update_from(rt, copy.word(), d.word(), "update")?;
            if rt.dict_len(copy.word()) == 0 { Owned::NONE } else { copy }
        }
        None => Owned::NONE,
    };
    let slots = rt.new_dict();
    let order = rt.class(rt.class_of(this)).mro.clone();
    for class in order {
        let namespace = rt.class_dict(class);
        let Some(names) = rt.dict_get_name(namespace, rt.name(Name::SLOTS)) else { continue };
        let names = if rt.is_str(names) { rt.new_list_of(&[names]) } else { Owned::share(names) };
        let names = rt.collect(names.word())?;
        let names = rt.new_list(names);
        for &name in list_items(names.word()) {
            if matches!(str_bytes(name), b"__dict__" | b"__weakref__") {
                continue;
            }
            if let Some(value) = rt.get_attr_opt(this, name)? {
                rt.dict_set(slots.word(), name, value.word())?;
            }
        }
    }
    if rt.dict_len(slots.word()) == 0 {
        return Ok(dict);
    }
    Ok(rt.new_tuple(vec![dict, slots]))
}
