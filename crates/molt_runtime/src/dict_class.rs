//! Methods of `dict`, its views, and `mappingproxy`.

use alloc::format;
use alloc::vec;
use molt_abi::{ClassId, Word};

use crate::api::{field, str_bytes};
use crate::dict::dict_obj;
use crate::names::Name;
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult};

fn new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    Ok(rt.new_dict_of_class(class))
}

/// `dict.update`: a mapping or pairs, then keywords.
pub(crate) fn update_from(rt: &mut Isolate, d: Word, source: Word, what: &str) -> PyResult<()> {
    if rt.is_dict(source) {
        rt.refresh_view(source);
        return rt.dict_merge_from(d, source);
    }
    if rt.class_of(source) == ClassId::MAPPING_PROXY && rt.is_dict(field(source, 0)) {
        return rt.dict_merge_from(d, field(source, 0));
    }
    if let Some(keys) = rt.getattr_opt(source, "keys")? {
        let keys = rt.call(keys.word(), &[])?;
        for k in rt.collect(keys.word())? {
            let v = rt.getitem(source, k.word())?;
            rt.dict_set(d, k.word(), v.word())?;
        }
        return Ok(());
    }
    let it = rt.iter(source)?;
    let mut n = 0;
    while let Some(pair) = rt.next(it.word())? {
        if rt.special(rt.class_of(pair.word()), Name::ITER).is_unbound()
            && rt.special(rt.class_of(pair.word()), Name::GETITEM).is_unbound()
        {
            return Err(rt.type_error(format!("cannot convert dictionary {what} sequence element #{n} to a sequence")));
        }
        let items = rt.collect(pair.word())?;
        let [k, v] = items.as_slice() else {
            let len = items.len();
            let msg = format!("dictionary {what} sequence element #{n} has length {len}; 2 is required");
            return Err(rt.value_error(msg));
        };
        rt.dict_set(d, k.word(), v.word())?;
        n += 1;
    }
    Ok(())
}

fn update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.refresh_view(args[0]);
    if !args[1].is_unbound() {
        update_from(rt, args[0], args[1], "update")?;
    }
    rt.dict_merge_from(args[0], args[2])?;
    rt.write_back_view(args[0])?;
    Ok(Owned::NONE)
}

fn getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if let Some(v) = rt.dict_get(args[0], args[1])? {
        return Ok(v);
    }
    if rt.class_of(args[0]) != ClassId::DICT
        && let Some(v) = rt.try_special(args[0], Name::MISSING, &[args[1]])?
    {
        return Ok(v);
    }
    Err(rt.key_error(args[1]))
}

fn setitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.dict_set(args[0], args[1], args[2])?;
    Ok(Owned::NONE)
}

fn delitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match rt.dict_remove(args[0], args[1])? {
        Some(_) => Ok(Owned::NONE),
        None => Err(rt.key_error(args[1])),
    }
}

fn contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(rt.dict_get(args[0], args[1])?.is_some()))
}

fn len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.refresh_view(args[0]);
    Ok(rt.new_int(rt.dict_len(args[0]) as i64))
}

fn get(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let default = if args[2].is_unbound() { Word::NONE } else { args[2] };
    Ok(rt.dict_get(args[0], args[1])?.unwrap_or_else(|| Owned::share(default)))
}

fn setdefault(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if let Some(v) = rt.dict_get(args[0], args[1])? {
        return Ok(v);
    }
    let default = if args[2].is_unbound() { Word::NONE } else { args[2] };
    rt.dict_set(args[0], args[1], default)?;
    Ok(Owned::share(default))
}

fn pop(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match rt.dict_remove(args[0], args[1])? {
        Some(v) => Ok(v),
        None if args[2].is_unbound() => Err(rt.key_error(args[1])),
        None => Ok(Owned::share(args[2])),
    }
}

fn popitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let entries = dict_obj(args[0]).entries();
    let Some(i) = entries.iter().rposition(|e| !e.key.is_unbound()) else {
        let text = rt.new_str("popitem(): dictionary is empty");
        return Err(rt.key_error(text.word()));
    };
    let (k, v) = rt.dict_take_at(args[0], i);
    rt.write_back_view(args[0])?;
    Ok(rt.new_tuple(vec![k, v]))
}

fn clear(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.dict_clear(args[0]);
    rt.write_back_view(args[0])?;
    Ok(Owned::NONE)
}

fn copy(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.dict_copy(args[0])
}

fn fromkeys(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let value = if args[2].is_unbound() { Word::NONE } else { args[2] };
    let made = rt.call(args[0], &[])?;
    for k in rt.collect(args[1])? {
        rt.setitem(made.word(), k.word(), value)?;
    }
    Ok(made)
}

fn init(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !args[1].is_unbound() {
        update_from(rt, args[0], args[1], "update")?;
    }
    rt.dict_merge_from(args[0], args[2])?;
    Ok(Owned::NONE)
}

fn eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (a, b) = (args[0], args[1]);
    if !rt.is_dict(b) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    rt.refresh_view(a);
    rt.refresh_view(b);
    if rt.dict_len(a) != rt.dict_len(b) {
        return Ok(Owned::from_bool(false));
    }
    for (k, v) in rt.dict_items(a) {
        let Some(other) = rt.dict_get(b, k.word())? else { return Ok(Owned::from_bool(false)) };
        if !rt.eq(v.word(), other.word())? {
            return Ok(Owned::from_bool(false));
        }
    }
    Ok(Owned::from_bool(true))
}

fn ne(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let r = eq(rt, args)?;
    Ok(if r.word().is_bool() { Owned::from_bool(r.word() == Word::FALSE) } else { r })
}

fn or(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_dict(args[1]) || !rt.is_dict(args[0]) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let made = rt.dict_copy(args[0])?;
    rt.dict_merge_from(made.word(), args[1])?;
    Ok(made)
}

fn ror(rt: &mut Isolate, args: &[Word]) -> PyResult {
    or(rt, &[args[1], args[0]])
}

fn ior(rt: &mut Isolate, args: &[Word]) -> PyResult {
    update_from(rt, args[0], args[1], "update")?;
    rt.write_back_view(args[0])?;
    Ok(Owned::share(args[0]))
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.refresh_view(args[0]);
    if !rt.repr_enter(args[0]) {
        return Ok(rt.new_str("{...}"));
    }
    let mut out = b"{".to_vec();
    for (i, (k, v)) in rt.dict_items(args[0]).into_iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        let texts = rt.repr(k.word()).and_then(|k| Ok((k, rt.repr(v.word())?)));
        match texts {
            Ok((k, v)) => {
                out.extend_from_slice(str_bytes(k.word()));
                out.extend_from_slice(b": ");
                out.extend_from_slice(str_bytes(v.word()));
            }
            Err(e) => {
                rt.repr_leave(args[0]);
                return Err(e);
            }
        }
    }
    rt.repr_leave(args[0]);
    out.push(b'}');
    Ok(rt.new_str_wtf8(&out))
}

fn iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.refresh_view(args[0]);
    Ok(rt.new_dict_iterator(ClassId::DICT_KEY_ITERATOR, args[0]))
}

fn reversed(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut keys = rt.dict_keys(args[0]);
    keys.reverse();
    let list = rt.new_list(keys);
    rt.iter(list.word())
}

macro_rules! views {
    ($($f:ident $class:ident),*) => { $(fn $f(rt: &mut Isolate, args: &[Word]) -> PyResult {
        rt.refresh_view(args[0]);
        inc(args[0]);
        Ok(rt.new_plain(ClassId::$class, [args[0]]))
    })* };
}
views!(keys DICT_KEYS, values DICT_VALUES, items DICT_ITEMS);

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", new),
    def("__init__", "($self, iterable=(), /, **kwargs)", init),
    def("__repr__", "($self, /)", repr),
    def("__len__", "($self, /)", len),
    def("__getitem__", "($self, key, /)", getitem),
    def("__setitem__", "($self, key, value, /)", setitem),
    def("__delitem__", "($self, key, /)", delitem),
    def("__contains__", "($self, key, /)", contains),
    def("__iter__", "($self, /)", iter),
    def("__reversed__", "($self, /)", reversed),
    def("__eq__", "($self, value, /)", eq),
    def("__ne__", "($self, value, /)", ne),
    def("__or__", "($self, value, /)", or),
    def("__ror__", "($self, value, /)", ror),
    def("__ior__", "($self, value, /)", ior),
    def("get", "($self, key, default=None, /)", get),
    def("setdefault", "($self, key, default=None, /)", setdefault),
    def("pop", "($self, key, default=<unrepresentable>, /)", pop),
    def("popitem", "($self, /)", popitem),
    def("update", "($self, iterable=(), /, **kwargs)", update),
    def("clear", "($self, /)", clear),
    def("copy", "($self, /)", copy),
    def("keys", "($self, /)", keys),
    def("values", "($self, /)", values),
    def("items", "($self, /)", items),
    def("fromkeys", "($type, iterable, value=None, /)", fromkeys),
];

pub(crate) static DICT_SPEC: ClassSpec = ClassSpec::builtin(ClassId::DICT, Layout::Dict).methods(METHODS).flags(
    ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::GENERIC | ClassSpec::MAPPING | ClassSpec::MATCH_SELF,
);

// ---- views -----------------------------------------------------------------------------------------

fn view_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = match rt.class_of(args[0]) {
        ClassId::DICT_KEYS => ClassId::DICT_KEY_ITERATOR,
        ClassId::DICT_VALUES => ClassId::DICT_VALUE_ITERATOR,
        _ => ClassId::DICT_ITEM_ITERATOR,
    };
    Ok(rt.new_dict_iterator(class, field(args[0], 0)))
}

fn view_reversed(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut all = rt.collect(args[0])?;
    all.reverse();
    let list = rt.new_list(all);
    rt.iter(list.word())
}

fn view_len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(rt.dict_len(field(args[0], 0)) as i64))
}

fn view_contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let dict = field(args[0], 0);
    if rt.class_of(args[0]) == ClassId::DICT_KEYS {
        return Ok(Owned::from_bool(rt.dict_get(dict, args[1])?.is_some()));
    }
    if !rt.is_tuple(args[1]) || crate::api::tuple_items(args[1]).len() != 2 {
        return Ok(Owned::from_bool(false));
    }
    let pair = crate::api::tuple_items(args[1]);
    match rt.dict_get(dict, pair[0])? {
        Some(v) => Ok(Owned::from_bool(rt.eq(v.word(), pair[1])?)),
        None => Ok(Owned::from_bool(false)),
    }
}

fn view_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = rt.type_name(args[0]);
    let all = rt.collect(args[0])?;
    let list = rt.new_list(all);
    let text = format!("{name}({})", rt.repr_text(list.word())?);
    Ok(rt.new_str(&text))
}

fn view_mapping(rt: &mut Isolate, this: Word) -> PyResult {
    inc(field(this, 0));
    Ok(rt.new_plain(ClassId::MAPPING_PROXY, [field(this, 0)]))
}

fn is_set_view(rt: &Isolate, w: Word) -> bool {
    matches!(rt.class_of(w), ClassId::DICT_KEYS | ClassId::DICT_ITEMS)
}

/// The items of an operand; the keys of a plain dict are taken in one go.
fn view_to_set(rt: &mut Isolate, w: Word) -> PyResult {
    let keys_of_dict = rt.class_of(w) == ClassId::DICT_KEYS && rt.class_of(field(w, 0)) == ClassId::DICT;
    rt.set_from(ClassId::SET, if keys_of_dict { field(w, 0) } else { w })
}

fn view_and(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (mut view, mut other) = (args[0], args[1]);
    let len = rt.len(view)?;
    if rt.class_of(other) == ClassId::SET && len <= rt.set_len(other) {
        return rt.call_method(other, "intersection", &[view]);
    }
    if is_set_view(rt, other) && rt.len(other)? > len {
        (view, other) = (other, view);
    }
    let made = rt.new_set(&[])?;
    let it = rt.iter(other)?;
    while let Some(item) = rt.next(it.word())? {
        if rt.contains(view, item.word())? {
            rt.set_add(made.word(), item.word())?;
        }
    }
    Ok(made)
}

/// Changes the set of the left operand by a method of `set`.
fn view_by(rt: &mut Isolate, left: Word, right: Word, method: &str) -> PyResult {
    let made = view_to_set(rt, left)?;
    rt.call_method(made.word(), method, &[right])?;
    Ok(made)
}

fn view_xor(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let items = |w| rt.class_of(w) == ClassId::DICT_ITEMS;
    if items(args[0]) && items(args[1]) {
        return items_xor(rt, field(args[0], 0), field(args[1], 0));
    }
    view_by(rt, args[0], args[1], "symmetric_difference_update")
}

/// Pairs in one of two dicts: first those of the right one, as far as they differ, then what is left.
fn items_xor(rt: &mut Isolate, left: Word, right: Word) -> PyResult {
    let rest = rt.dict_copy(left)?;
    let made = rt.new_set(&[])?;
    for (key, value) in rt.dict_items(right) {
        let same = match rt.dict_get(rest.word(), key.word())? {
            Some(there) => rt.eq(there.word(), value.word())?,
            None => false,
        };
        if same {
            rt.dict_remove(rest.word(), key.word())?;
        } else {
            let pair = rt.new_tuple(vec![key, value]);
            rt.set_add(made.word(), pair.word())?;
        }
    }
    for (key, value) in rt.dict_items(rest.word()) {
        let pair = rt.new_tuple(vec![key, value]);
        rt.set_add(made.word(), pair.word())?;
    }
    Ok(made)
}

fn reflected(f: crate::native::NativeFn, rt: &mut Isolate, args: &[Word]) -> PyResult {
    f(rt, &[args[1], args[0]])
}

fn view_or(rt: &mut Isolate, args: &[Word]) -> PyResult {
    view_by(rt, args[0], args[1], "update")
}

fn view_sub(rt: &mut Isolate, args: &[Word]) -> PyResult {
    view_by(rt, args[0], args[1], "difference_update")
}

macro_rules! view_compare {
    ($($f:ident $op:ident),*) => { $(fn $f(rt: &mut Isolate, args: &[Word]) -> PyResult {
        if !is_set_view(rt, args[1]) && !rt.is_set(args[1]) {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
        let a = rt.set_from(ClassId::SET, args[0])?;
        let b = rt.set_from(ClassId::SET, args[1])?;
        rt.compare(crate::api::CompareOp::$op, a.word(), b.word())
    })* };
}
view_compare!(view_lt Lt, view_le Le, view_eq Eq, view_ne Ne, view_gt Gt, view_ge Ge);

fn view_isdisjoint(rt: &mut Isolate, args: &[Word]) -> PyResult {
    for item in rt.collect(args[1])? {
        if rt.contains(args[0], item.word())? {
            return Ok(Owned::from_bool(false));
        }
    }
    Ok(Owned::from_bool(true))
}

static SET_VIEW_METHODS: &[NativeDef] = &[
    def("__repr__", "($self, /)", view_repr),
    def("__len__", "($self, /)", view_len),
    def("__contains__", "($self, key, /)", view_contains),
    def("__iter__", "($self, /)", view_iter),
    def("__reversed__", "($self, /)", view_reversed),
    def("__and__", "($self, value, /)", view_and),
    def("__rand__", "($self, value, /)", view_and),
    def("__or__", "($self, value, /)", view_or),
    def("__ror__", "($self, value, /)", |rt, a| reflected(view_or, rt, a)),
    def("__sub__", "($self, value, /)", view_sub),
    def("__rsub__", "($self, value, /)", |rt, a| reflected(view_sub, rt, a)),
    def("__xor__", "($self, value, /)", view_xor),
    def("__rxor__", "($self, value, /)", |rt, a| reflected(view_xor, rt, a)),
    def("__lt__", "($self, value, /)", view_lt),
    def("__le__", "($self, value, /)", view_le),
    def("__eq__", "($self, value, /)", view_eq),
    def("__ne__", "($self, value, /)", view_ne),
    def("__gt__", "($self, value, /)", view_gt),
    def("__ge__", "($self, value, /)", view_ge),
    def("isdisjoint", "($self, other, /)", view_isdisjoint),
];
static VALUES_METHODS: &[NativeDef] = &[
    def("__repr__", "($self, /)", view_repr),
    def("__len__", "($self, /)", view_len),
    def("__iter__", "($self, /)", view_iter),
    def("__reversed__", "($self, /)", view_reversed),
];
static MAPPING: &[crate::native::GetSetDef] = &[crate::native::getter("mapping", view_mapping)];

const fn view(id: ClassId, methods: &'static [NativeDef]) -> ClassSpec {
    ClassSpec::builtin(id, Layout::Plain).hidden_words(1).methods(methods).getset(MAPPING).flags(ClassSpec::NO_NEW)
}
static KEYS_SPEC: ClassSpec = view(ClassId::DICT_KEYS, SET_VIEW_METHODS).flags(ClassSpec::UNHASHABLE);
static VALUES_SPEC: ClassSpec = view(ClassId::DICT_VALUES, VALUES_METHODS);
static ITEMS_SPEC: ClassSpec = view(ClassId::DICT_ITEMS, SET_VIEW_METHODS).flags(ClassSpec::UNHASHABLE);

// ---- mappingproxy ----------------------------------------------------------------------------------

fn proxy_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mapping = !rt.is_list(args[1]) && !rt.is_tuple(args[1]);
    if !mapping || rt.special(rt.class_of(args[1]), Name::GETITEM).is_unbound() {
        let msg = format!("mappingproxy() argument must be a mapping, not {}", rt.type_name(args[1]));
        return Err(rt.type_error(msg));
    }
    inc(args[1]);
    Ok(rt.new_plain(ClassId::MAPPING_PROXY, [args[1]]))
}
fn proxy_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.getitem(field(args[0], 0), args[1])
}
fn proxy_contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(rt.contains(field(args[0], 0), args[1])?))
}
fn proxy_len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let n = rt.len(field(args[0], 0))?;
    Ok(rt.new_int(n as i64))
}
fn proxy_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.iter(field(args[0], 0))
}
fn proxy_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = format!("mappingproxy({})", rt.repr_text(field(args[0], 0))?);
    Ok(rt.new_str(&text))
}
fn proxy_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.compare(crate::api::CompareOp::Eq, field(args[0], 0), args[1])
}
/// What a proxy stands for; other values stand for themselves.
fn unwrapped(rt: &Isolate, w: Word) -> Word {
    if rt.class_of(w) == ClassId::MAPPING_PROXY { field(w, 0) } else { w }
}
fn proxy_or(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (a, b) = (unwrapped(rt, args[0]), unwrapped(rt, args[1]));
    rt.binary(Name::OR, a, b)
}
fn proxy_ror(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let (a, b) = (unwrapped(rt, args[1]), unwrapped(rt, args[0]));
    rt.binary(Name::OR, a, b)
}
fn proxy_ior(rt: &mut Isolate, _: &[Word]) -> PyResult {
    Err(rt.type_error("'|=' is not supported by mappingproxy; use '|' instead"))
}
fn proxy_get(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let default = if args[2].is_unbound() { Word::NONE } else { args[2] };
    rt.call_method(field(args[0], 0), "get", &[args[1], default])
}
macro_rules! proxied {
    ($($f:ident $name:literal),*) => { $(fn $f(rt: &mut Isolate, args: &[Word]) -> PyResult {
        rt.call_method(field(args[0], 0), $name, &[])
    })* };
}
proxied!(proxy_reversed "__reversed__", proxy_str "__str__");
proxied!(proxy_keys "keys", proxy_values "values", proxy_items "items", proxy_copy "copy");

static PROXY_METHODS: &[NativeDef] = &[
    def("__new__", "($type, mapping)", proxy_new),
    def("__repr__", "($self, /)", proxy_repr),
    def("__len__", "($self, /)", proxy_len),
    def("__getitem__", "($self, key, /)", proxy_getitem),
    def("__contains__", "($self, key, /)", proxy_contains),
    def("__iter__", "($self, /)", proxy_iter),
    def("__eq__", "($self, value, /)", proxy_eq),
    def("__or__", "($self, value, /)", proxy_or),
    def("__ror__", "($self, value, /)", proxy_ror),
    def("__ior__", "($self, value, /)", proxy_ior),
    def("__reversed__", "($self, /)", proxy_reversed),
    def("__str__", "($self, /)", proxy_str),
    def("get", "($self, key, default=None, /)", proxy_get),
    def("keys", "($self, /)", proxy_keys),
    def("values", "($self, /)", proxy_values),
    def("items", "($self, /)", proxy_items),
    def("copy", "($self, /)", proxy_copy),
];
static PROXY_SPEC: ClassSpec = ClassSpec::builtin(ClassId::MAPPING_PROXY, Layout::Plain)
    .hidden_words(1)
    .methods(PROXY_METHODS)
    .flags(ClassSpec::MAPPING | ClassSpec::UNHASHABLE);

pub(crate) static SPECS: &[&ClassSpec] = &[&DICT_SPEC, &KEYS_SPEC, &VALUES_SPEC, &ITEMS_SPEC, &PROXY_SPEC];
