//! `types.GenericAlias` (`list[int]`) and unions (`int | str`).

use molt_abi::{ClassId, Word};

use crate::api::{field, tuple_items};
use crate::native::{BaseRef, ClassSpec, Layout, NativeDef, def, getter};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult};

fn class_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let params = if rt.is_tuple(args[1]) { Owned::share(args[1]) } else { rt.new_tuple_of(&[args[1]]) };
    let id = rt.class_for(&ALIAS_SPEC);
    inc(args[0]);
    Ok(rt.new_plain(id, [args[0], params.into_word()]))
}
/// `__class_getitem__` of generic builtin classes.
pub(crate) static CLASS_GETITEM: NativeDef = def("__class_getitem__", "($type, item, /)", class_getitem);

fn shown(rt: &mut Isolate, w: Word) -> PyResult<String> {
    if rt.is_class(w) {
        return crate::descriptor::full_name(rt, w);
    }
    if w == Word::ELLIPSIS { Ok("...".into()) } else { rt.repr_text(w) }
}
fn alias_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let origin = shown(rt, field(args[0], 0))?;
    let mut params = Vec::new();
    for &p in tuple_items(field(args[0], 1)) {
        params.push(shown(rt, p)?);
    }
    let body = if params.is_empty() { "()".to_owned() } else { params.join(", ") };
    Ok(rt.new_str(&format!("{origin}[{body}]")))
}
fn alias_call(rt: &mut Isolate, this: Word, args: &[Word], kwnames: Word) -> PyResult {
    rt.vectorcall(field(this, 0), args, kwnames)
}
fn alias_mro_entries(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_tuple_of(&[field(args[0], 0)]))
}
fn alias_eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[0]) != rt.class_of(args[1]) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    let same = rt.eq(field(args[0], 0), field(args[1], 0))? && rt.eq(field(args[0], 1), field(args[1], 1))?;
    Ok(Owned::from_bool(same))
}
fn alias_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let h = rt.hash(field(args[0], 0))? ^ rt.hash(field(args[0], 1))?;
    Ok(rt.new_int(h))
}
fn alias_or(rt: &mut Isolate, args: &[Word]) -> PyResult {
    union(rt, args[0], args[1])
}
fn origin(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, 0)))
}
fn alias_args(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(field(this, 1)))
}
pub(crate) static ALIAS_SPEC: ClassSpec = ClassSpec::new("types", "GenericAlias")
    .layout(Layout::Plain)
    .hidden_words(2)
    .base(BaseRef::Id(ClassId::OBJECT))
    .call(alias_call)
    .methods(&[
        def("__repr__", "($self, /)", alias_repr),
        def("__mro_entries__", "($self, bases, /)", alias_mro_entries),
        def("__eq__", "($self, value, /)", alias_eq),
        def("__hash__", "($self, /)", alias_hash),
        def("__or__", "($self, value, /)", alias_or),
        def("__ror__", "($self, value, /)", alias_or),
    ])
    .getset(&[getter("__origin__", origin), getter("__args__", alias_args)]);

/// `a | b` of classes.
pub(crate) fn union(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    let id = rt.class_for(&UNION_SPEC);
    let mut members: Vec<Word> = Vec::new();
    for w in [a, b] {
        let class = rt.class_of(w);
        if class == id {
            members.extend(tuple_items(field(w, 0)));
        } else if w.is_none() {
            members.push(rt.class_word(ClassId::NONE));
        } else if rt.is_class(w) || rt.class_for(&ALIAS_SPEC) == class {
            members.push(w);
        } else {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
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
        def("__ror__", "($self, value, /)", alias_or),
    ])
    .getset(&[getter("__args__", union_args)])
    .flags(ClassSpec::NO_NEW);
