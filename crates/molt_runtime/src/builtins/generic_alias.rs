//! `types.GenericAlias` (`list[int]`) and unions (`int | str`).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{field, tuple_items};
use crate::native::{BaseRef, ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult, Raised, exc};

/// Words of an alias: origin, arguments, parameters (or `UNBOUND`), whether it is unpacked (`*tuple[int]`).
const ORIGIN: usize = 0;
const ARGS: usize = 1;
const PARAMETERS: usize = 2;
const STARRED: usize = 3;

fn new_alias(rt: &mut Isolate, class: ClassId, origin: Word, args: Word, starred: bool) -> Owned {
    let params = if rt.is_tuple(args) { Owned::share(args) } else { rt.new_tuple_of(&[args]) };
    inc(origin);
    rt.new_plain(class, [origin, params.into_word(), Word::UNBOUND, Word::from_bool(starred)])
}

fn class_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let id = rt.class_for(&ALIAS_SPEC);
    Ok(new_alias(rt, id, args[0], args[1], false))
}
/// `__class_getitem__` of generic builtin classes.
pub(crate) static CLASS_GETITEM: NativeDef = def("__class_getitem__", "($type, item, /)", class_getitem);

/// How `repr` of an alias or union shows a member.
fn shown(rt: &mut Isolate, w: Word) -> PyResult<String> {
    if rt.is_class(w) {
        return crate::descriptor::full_name(rt, w);
    }
    if rt.is_list(w) {
        let mut parts = Vec::new();
        for item in rt.collect(w)? {
            parts.push(shown(rt, item.word())?);
        }
        return Ok(format!("[{}]", parts.join(", ")));
    }
    if w == Word::ELLIPSIS { Ok("...".into()) } else { rt.repr_text(w) }
}
fn alias_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let origin = shown(rt, field(args[0], ORIGIN))?;
    let mut params = Vec::new();
    for &p in tuple_items(field(args[0], ARGS)) {
        params.push(shown(rt, p)?);
    }
    let body = if params.is_empty() { "()".to_owned() } else { params.join(", ") };
    let star = if field(args[0], STARRED) == Word::TRUE { "*" } else { "" };
    Ok(rt.new_str(&format!("{star}{origin}[{body}]")))
}
fn alias_call(rt: &mut Isolate, this: Word, args: &[Word], kwnames: Word) -> PyResult {
    let made = rt.vectorcall(field(this, ORIGIN), args, kwnames)?;
    if rt.setattr(made.word(), "__orig_class__", this).is_err() {
        if !rt.pending_is(exc::ATTRIBUTE_ERROR) && !rt.pending_is(exc::TYPE_ERROR) {
            return Err(Raised);
        }
        rt.clear_exception();
    }
    Ok(made)
}
fn alias_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let id = rt.class_for(&ALIAS_SPEC);
    if !rt.is_instance(args[1], id) || field(args[0], STARRED) != field(args[1], STARRED) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let same =
        rt.eq(field(args[0], ORIGIN), field(args[1], ORIGIN))? && rt.eq(field(args[0], ARGS), field(args[1], ARGS))?;
    Ok(Owned::from_bool(same))
}
fn alias_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let h = rt.hash(field(args[0], ORIGIN))? ^ rt.hash(field(args[0], ARGS))?;
    Ok(rt.new_int(h))
}
fn alias_or(rt: &mut Isolate, args: &[Word]) -> PyResult {
    union(rt, args[0], args[1])
}
fn alias_ror(rt: &mut Isolate, args: &[Word]) -> PyResult {
    union(rt, args[1], args[0])
}

/// Attributes that an alias does not look up on its origin.
const OWN_ATTRIBUTES: &[&str] = &[
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__copy__",
    "__deepcopy__",
    "__slots__",
    "__dict__",
    "__weakref__",
];

fn alias_getattribute(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = crate::api::str_text(args[1]).into_owned();
    if !OWN_ATTRIBUTES.contains(&text.as_str()) {
        let dunder = text.starts_with("__") && text.ends_with("__") && text.len() > 4;
        let typing_hook = text.starts_with("__typing");
        if !dunder || (!typing_hook && rt.lookup(rt.class_of(args[0]), args[1]).is_unbound()) {
            return rt.get_attr(field(args[0], ORIGIN), args[1]);
        }
        if matches!(text.as_str(), "__name__" | "__qualname__" | "__module__" | "__doc__") {
            return rt.get_attr(field(args[0], ORIGIN), args[1]);
        }
    }
    match rt.get_attr_plain(args[0], args[1])? {
        Some(v) => Ok(v),
        None => Err(rt.no_attribute(args[0], args[1])),
    }
}

/// Type parameters that occur in arguments, each once, in order.
fn collect_parameters(rt: &mut Isolate, args: &[Word], found: &mut Vec<Owned>) -> PyResult<()> {
    for &arg in args {
        if rt.is_class(arg) {
            continue;
        }
        if rt.is_tuple(arg) || rt.is_list(arg) {
            let items = rt.collect(arg)?;
            let words: Vec<Word> = items.iter().map(Owned::word).collect();
            collect_parameters(rt, &words, found)?;
        } else if rt.getattr_opt(arg, "__typing_subst__")?.is_some() {
            add_parameter(rt, Owned::share(arg), found)?;
        } else if let Some(params) = rt.getattr_opt(arg, "__parameters__")?
            && rt.is_tuple(params.word())
        {
            for &p in tuple_items(params.word()) {
                add_parameter(rt, Owned::share(p), found)?;
            }
        }
    }
    Ok(())
}

fn add_parameter(rt: &mut Isolate, p: Owned, found: &mut Vec<Owned>) -> PyResult<()> {
    for known in found.iter() {
        if rt.eq(known.word(), p.word())? {
            return Ok(());
        }
    }
    found.push(p);
    Ok(())
}

fn parameters(rt: &mut Isolate, this: Word) -> PyResult {
    if field(this, PARAMETERS).is_unbound() {
        let mut found = Vec::new();
        collect_parameters(rt, tuple_items(field(this, ARGS)), &mut found)?;
        let tuple = rt.new_tuple(found);
        crate::api::set_field(this, PARAMETERS, tuple.word());
    }
    Ok(Owned::share(field(this, PARAMETERS)))
}

fn alias_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let params = parameters(rt, args[0])?;
    let made = substitute(rt, args[0], field(args[0], ARGS), params.word(), args[1])?;
    let class = rt.class_for(&ALIAS_SPEC);
    Ok(new_alias(rt, class, field(args[0], ORIGIN), made.word(), field(args[0], STARRED) == Word::TRUE))
}

/// Arguments of a generic with its parameters replaced (PEP 560, PEP 646).
pub(crate) fn substitute(rt: &mut Isolate, this: Word, args: Word, params: Word, item: Word) -> PyResult {
    let count = tuple_items(params).len();
    if count == 0 {
        let text = rt.repr_text(this)?;
        return Err(rt.type_error(format!("{text} is not a generic class")));
    }
    let mut items = if rt.is_tuple(item) { Owned::share(item) } else { rt.new_tuple_of(&[item]) };
    for &p in tuple_items(params) {
        if let Some(prepare) = rt.getattr_opt(p, "__typing_prepare_subst__")? {
            let prepared = rt.call(prepare.word(), &[this, items.word()])?;
            items = if rt.is_tuple(prepared.word()) { prepared } else { rt.new_tuple_of(&[prepared.word()]) };
        }
    }
    let given = tuple_items(items.word()).len();
    if given != count {
        let text = rt.repr_text(this)?;
        let which = if given > count { "many" } else { "few" };
        return Err(rt.type_error(format!("Too {which} arguments for {text}; actual {given}, expected {count}")));
    }
    let mut out: Vec<Owned> = Vec::new();
    for &arg in tuple_items(args) {
        if rt.is_class(arg) {
            out.push(Owned::share(arg));
            continue;
        }
        if rt.is_tuple(arg) || rt.is_list(arg) {
            let inner = rt.collect(arg)?;
            let inner = rt.new_tuple(inner);
            let made = substitute(rt, this, inner.word(), params, items.word())?;
            let words = rt.collect(made.word())?;
            out.push(if rt.is_list(arg) { rt.new_list(words) } else { made });
            continue;
        }
        let starred = rt.getattr_opt(arg, "__typing_is_unpacked_typevartuple__")?;
        let starred = match starred {
            Some(v) => rt.truth(v.word())?,
            None => false,
        };
        let made = match rt.getattr_opt(arg, "__typing_subst__")? {
            Some(subst) => {
                let at = position_of(rt, params, arg)?;
                rt.call(subst.word(), &[tuple_items(items.word())[at]])?
            }
            None => substitute_nested(rt, arg, params, items.word())?,
        };
        if starred && rt.is_tuple(made.word()) {
            out.extend(tuple_items(made.word()).iter().map(|&w| Owned::share(w)));
        } else {
            out.push(made);
        }
    }
    Ok(rt.new_tuple(out))
}

fn position_of(rt: &mut Isolate, params: Word, p: Word) -> PyResult<usize> {
    for (i, &known) in tuple_items(params).iter().enumerate() {
        if rt.eq(known, p)? {
            return Ok(i);
        }
    }
    Err(rt.type_error("type parameter is not among those of the generic"))
}

/// An argument that is itself generic, such as the inner alias of `dict[str, list[T]]`.
fn substitute_nested(rt: &mut Isolate, arg: Word, params: Word, items: Word) -> PyResult {
    let Some(own) = rt.getattr_opt(arg, "__parameters__")? else { return Ok(Owned::share(arg)) };
    if !rt.is_tuple(own.word()) || tuple_items(own.word()).is_empty() {
        return Ok(Owned::share(arg));
    }
    let mut chosen = Vec::new();
    for &p in tuple_items(own.word()) {
        let at = position_of(rt, params, p)?;
        let item = tuple_items(items)[at];
        if rt.is_tuple(item) {
            chosen.extend(tuple_items(item).iter().map(|&w| Owned::share(w)));
        } else {
            chosen.push(Owned::share(item));
        }
    }
    let key = rt.new_tuple(chosen);
    rt.getitem(arg, key.word())
}

fn refuse_check(rt: &mut Isolate, what: &str) -> PyResult {
    Err(rt.type_error(format!("{what} argument 2 cannot be a parameterized generic")))
}

static ALIAS_METHODS: &[NativeDef] = &[
    def("__new__", "($type, origin, args, /)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(new_alias(rt, class, a[1], a[2], false))
    }),
    def("__repr__", "($self, /)", alias_repr),
    def("__call__", "($self, /, *args, **kwargs)", |rt, a| {
        let items = rt.dict_items(a[2]);
        let mut words = tuple_items(a[1]).to_vec();
        words.extend(items.iter().map(|(_, v)| v.word()));
        let names = rt.new_tuple(items.iter().map(|(k, _)| k.clone()).collect());
        alias_call(rt, a[0], &words, if items.is_empty() { Word::UNBOUND } else { names.word() })
    }),
    def("__getattribute__", "($self, name, /)", alias_getattribute),
    def("__mro_entries__", "($self, bases, /)", |rt, a| Ok(rt.new_tuple_of(&[field(a[0], ORIGIN)]))),
    def("__instancecheck__", "($self, instance, /)", |rt, _| refuse_check(rt, "isinstance()")),
    def("__subclasscheck__", "($self, subclass, /)", |rt, _| refuse_check(rt, "issubclass()")),
    def("__eq__", "($self, value, /)", alias_eq),
    def("__hash__", "($self, /)", alias_hash),
    def("__or__", "($self, value, /)", alias_or),
    def("__ror__", "($self, value, /)", alias_ror),
    def("__getitem__", "($self, key, /)", alias_getitem),
    def("__iter__", "($self, /)", |rt, a| {
        let class = rt.class_for(&ALIAS_SPEC);
        let starred = new_alias(rt, class, field(a[0], ORIGIN), field(a[0], ARGS), true);
        let one = rt.new_tuple(vec![starred]);
        rt.iter(one.word())
    }),
    def("__reduce__", "($self, /)", |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let args = rt.new_tuple_of(&[field(a[0], ORIGIN), field(a[0], ARGS)]);
        Ok(rt.new_tuple(vec![class, args]))
    }),
];

pub(crate) static ALIAS_SPEC: ClassSpec = ClassSpec::new("types", "GenericAlias")
    .layout(Layout::Plain)
    .hidden_words(4)
    .base(BaseRef::Id(ClassId::OBJECT))
    .call(alias_call)
    .methods(ALIAS_METHODS)
    .getset(ALIAS_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::WEAKREFABLE);

static ALIAS_GETSET: &[GetSetDef] = &[
    getter("__origin__", |_, this| Ok(Owned::share(field(this, ORIGIN)))),
    getter("__args__", |_, this| Ok(Owned::share(field(this, ARGS)))),
    getter("__parameters__", parameters),
    getter("__unpacked__", |_, this| Ok(Owned::from_bool(field(this, STARRED) == Word::TRUE))),
    getter("__typing_unpacked_tuple_args__", |rt, this| {
        let tuple = field(this, ORIGIN) == rt.class_word(ClassId::TUPLE);
        Ok(if field(this, STARRED) == Word::TRUE && tuple { Owned::share(field(this, ARGS)) } else { Owned::NONE })
    }),
];

/// `a | b` of classes.
pub(crate) fn union(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    let id = rt.class_for(&UNION_SPEC);
    for w in [a, b] {
        let class = rt.class_of(w);
        let fits = class == id || w.is_none() || rt.is_class(w) || rt.class_for(&ALIAS_SPEC) == class;
        if !fits && rt.getattr_opt(w, "__typing_subst__")?.is_none() && rt.getattr_opt(w, "__type_params__")?.is_none()
        {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
    }
    union_of(rt, &[a, b])
}

/// Union of members of any kind: nested unions are flattened, repeated members dropped.
fn union_of(rt: &mut Isolate, words: &[Word]) -> PyResult {
    let id = rt.class_for(&UNION_SPEC);
    let mut members: Vec<Word> = Vec::new();
    for &w in words {
        if rt.class_of(w) == id {
            members.extend(tuple_items(field(w, 0)));
        } else {
            members.push(if w.is_none() { rt.class_word(ClassId::NONE) } else { w });
        }
    }
    let mut unique: Vec<Word> = Vec::new();
    for m in members {
        let mut known = false;
        for &u in &unique {
            known |= rt.eq(u, m)?;
        }
        if !known {
            unique.push(m);
        }
    }
    if let [one] = *unique {
        return Ok(Owned::share(one));
    }
    let tuple = rt.new_tuple_of(&unique);
    Ok(rt.new_plain(id, [tuple.into_word()]))
}
fn union_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut parts = Vec::new();
    for &m in tuple_items(field(args[0], 0)) {
        parts.push(if m == rt.class_word(ClassId::NONE) { "None".to_owned() } else { shown(rt, m)? });
    }
    Ok(rt.new_str(&parts.join(" | ")))
}
fn union_instancecheck(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(rt.isinstance(args[1], field(args[0], 0))?))
}
fn union_args(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, 0)))
}
pub(crate) static UNION_SPEC: ClassSpec = ClassSpec::new("types", "UnionType")
    .layout(Layout::Plain)
    .hidden_words(1)
    .methods(&[
        def("__repr__", "($self, /)", union_repr),
        def("__instancecheck__", "($self, instance, /)", union_instancecheck),
        def("__or__", "($self, value, /)", alias_or),
        def("__ror__", "($self, value, /)", alias_ror),
        def("__class_getitem__", "($type, params, /)", |rt, a| {
            let items = if rt.is_tuple(a[1]) { Owned::share(a[1]) } else { rt.new_tuple_of(&[a[1]]) };
            if tuple_items(items.word()).is_empty() {
                return Err(rt.type_error("Cannot take a Union of no types."));
            }
            union_of(rt, tuple_items(items.word()))
        }),
        def("__subclasscheck__", "($self, subclass, /)", |rt, a| {
            Ok(Owned::from_bool(rt.issubclass(a[1], field(a[0], 0))?))
        }),
        def("__eq__", "($self, value, /)", |rt, a| {
            if rt.class_of(a[1]) != rt.class_of(a[0]) {
                return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
            }
            let (x, y) = (rt.new_set(tuple_items(field(a[0], 0)))?, rt.new_set(tuple_items(field(a[1], 0)))?);
            Ok(Owned::from_bool(rt.eq(x.word(), y.word())?))
        }),
        def("__hash__", "($self, /)", |rt, a| {
            let mut h = 0;
            for &m in tuple_items(field(a[0], 0)) {
                h ^= rt.hash(m)?;
            }
            Ok(rt.new_int(h))
        }),
        def("__getitem__", "($self, key, /)", |rt, a| {
            let params = union_parameters(rt, a[0])?;
            let made = substitute(rt, a[0], field(a[0], 0), params.word(), a[1])?;
            let items = tuple_items(made.word());
            let mut result = Owned::share(items[0]);
            for &m in &items[1..] {
                result = rt.binary(crate::names::Name::OR, result.word(), m)?;
            }
            Ok(result)
        }),
    ])
    .getset(&[
        getter("__args__", union_args),
        getter("__parameters__", union_parameters),
        getter("__origin__", |rt, _| {
            let id = rt.class_for(&UNION_SPEC);
            Ok(Owned::share(rt.class_word(id)))
        }),
    ])
    .flags(ClassSpec::NO_NEW | ClassSpec::WEAKREFABLE);

fn union_parameters(rt: &mut Isolate, this: Word) -> PyResult {
    let mut found = Vec::new();
    collect_parameters(rt, tuple_items(field(this, 0)), &mut found)?;
    Ok(rt.new_tuple(found))
}
