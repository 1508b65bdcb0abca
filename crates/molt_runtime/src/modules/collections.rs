//! The module `_collections`: `deque`, `defaultdict`, `OrderedDict`, and what `namedtuple` and `Counter` need.

use alloc::format;
use alloc::vec;

pub mod deque;
pub mod dicts;
mod ordered_views;

use molt_abi::{ClassId, Word};

use crate::api::{field, tuple_items};
use crate::dict::dict_obj;
use crate::native::{ClassSpec, Layout, NativeDef, def, getset};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult, exc, native_module};

native_module!(molt_module_collections, "_collections", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    for spec in [
        &deque::DEQUE,
        &deque::ITERATOR,
        &deque::REVERSE_ITERATOR,
        &dicts::DEFAULT_DICT,
        &dicts::ORDERED_DICT,
        &TUPLE_GETTER,
    ] {
        rt.module_class(module, spec);
    }
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[def("_count_elements", "($module, mapping, iterable, /)", count_elements)];

/// Adds one to the count of every item; a `dict` (or subclass that does not override the methods) directly.
fn count_elements(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let one = Word::small(1);
    let it = rt.iter(a[1])?;
    let direct = rt.is_dict(a[0]) && {
        let class = rt.class_of(a[0]);
        let get = rt.intern("get");
        rt.inherits_special(class, ClassId::DICT, crate::names::Name::SETITEM)
            && rt.lookup(class, get) == rt.lookup(ClassId::DICT, get)
    };
    let get = if direct { Owned::NONE } else { rt.getattr(a[0], "get")? };
    while let Some(item) = rt.next(it.word())? {
        if direct {
            rt.refresh_view(a[0]);
            let hash = rt.hash(item.word())?;
            let new = match rt.dict_find(a[0], item.word(), hash)? {
                None => Owned::share(one),
                Some(i) => {
                    let old = Owned::share(dict_obj(a[0]).entries()[i].value);
                    rt.add(old.word(), one)?
                }
            };
            rt.dict_set_hashed(a[0], item.word(), hash, new.word())?;
            rt.write_back_view(a[0])?;
        } else {
            let old = rt.call(get.word(), &[item.word(), Word::small(0)])?;
            let new = rt.add(old.word(), one)?;
            rt.setitem(a[0], item.word(), new.word())?;
        }
    }
    Ok(Owned::NONE)
}

/// Descriptor of a field of a named tuple: words are the index and the docstring.
pub static TUPLE_GETTER: ClassSpec =
    ClassSpec::new("collections", "_tuplegetter")
        .layout(Layout::Plain)
        .hidden_words(2)
        .methods(&[
            def("__new__", "($type, index, doc, /)", |rt, a| {
                rt.to_i64(a[1], "ssize_t")?;
                let class = rt.class_id(a[0]);
                inc(a[1]);
                inc(a[2]);
                Ok(rt.new_plain(class, [a[1], a[2]]))
            }),
            def("__get__", "($self, instance, owner=None, /)", |rt, a| {
                if a[1].is_none() {
                    if a[2].is_unbound() || a[2].is_none() {
                        return Err(rt.type_error("__get__(None, None) is invalid"));
                    }
                    return Ok(Owned::share(a[0]));
                }
                let index = field(a[0], 0).as_small();
                if !rt.is_tuple(a[1]) {
                    let name = rt.type_name(a[1]);
                    let msg =
                        format!("descriptor for index '{index}' for tuple subclasses doesn't apply to '{name}' object");
                    return Err(rt.type_error(msg));
                }
                match tuple_items(a[1]).get(index as usize) {
                    Some(&item) => Ok(Owned::share(item)),
                    None => Err(rt.index_error("tuple index out of range")),
                }
            }),
            def("__set__", "($self, instance, value, /)", |rt, _| {
                Err(rt.raise(exc::ATTRIBUTE_ERROR, "can't set attribute"))
            }),
            def("__delete__", "($self, instance, /)", |rt, _| {
                Err(rt.raise(exc::ATTRIBUTE_ERROR, "can't delete attribute"))
            }),
            def("__repr__", "($self, /)", |rt, a| {
                let (index, doc) = (field(a[0], 0).as_small(), rt.repr_text(field(a[0], 1))?);
                Ok(rt.new_str(&format!("_tuplegetter({index}, {doc})")))
            }),
            def("__reduce__", "($self, /)", |rt, a| {
                let class = Owned::share(rt.class_word(rt.class_of(a[0])));
                let args = rt.new_tuple_of(&[field(a[0], 0), field(a[0], 1)]);
                Ok(rt.new_tuple(vec![class, args]))
            }),
        ])
        .getset(&[getset(
            "__doc__",
            |_, this| Ok(Owned::share(field(this, 1))),
            |_, this, value| {
                crate::api::set_field(this, 1, if value.is_unbound() { Word::NONE } else { value });
                Ok(())
            },
        )]);
