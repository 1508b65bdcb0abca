//! The module `_weakref`: weak references and proxies.
//!
//! A proxy holds a weak reference and passes every operation on to its referent, as long as that lives.

use molt_abi::{ClassId, Word};

use crate::api::{CompareOp, field};
use crate::layouts::WeakrefObj;
use crate::names::Name;
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::owned::inc;
use crate::{Isolate, Owned, PyResult, exc, native_module};

native_module!(molt_module_weakref, "_weakref", init);

const SELF: &str = "($self, /)";
const VALUE: &str = "($self, value, /)";

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    for name in ["ref", "ReferenceType"] {
        let class = Owned::share(rt.class_word(ClassId::WEAKREF));
        rt.module_set(module, name, class);
    }
    for (name, spec) in [("ProxyType", &PROXY), ("CallableProxyType", &CALLABLE_PROXY)] {
        let id = rt.class_for(spec);
        let class = Owned::share(rt.class_word(id));
        rt.module_set(module, name, class);
    }
    Ok(())
}

/// Live weak references to an object.
fn references(rt: &Isolate, w: Word) -> Vec<Word> {
    if !w.is_object() {
        return Vec::new();
    }
    rt.sides.get(&w.0).map(|s| s.weakrefs.clone()).unwrap_or_default()
}

static FUNCTIONS: &[NativeDef] = &[
    def("getweakrefcount", "($module, object, /)", |rt, a| Ok(Owned::small(references(rt, a[0]).len() as i64))),
    def("getweakrefs", "($module, object, /)", |rt, a| {
        let list = references(rt, a[0]);
        Ok(rt.new_list_of(&list))
    }),
    def("proxy", "($module, object, callback=None, /)", |rt, a| {
        let callback = if a[1].is_unbound() { Word::NONE } else { a[1] };
        let reference = rt.call(rt.class_word(ClassId::WEAKREF), &[a[0], callback])?;
        let spec = if rt.is_callable(a[0]) { &CALLABLE_PROXY } else { &PROXY };
        let class = rt.class_for(spec);
        inc(reference.word());
        Ok(rt.new_plain(class, [reference.word()]))
    }),
    def("_remove_dead_weakref", "($module, dct, key, /)", |rt, a| {
        if let Some(value) = rt.dict_get(a[0], a[1])?
            && rt.is_instance(value.word(), ClassId::WEAKREF)
            && target_of(value.word()).is_unbound()
        {
            drop(rt.dict_remove(a[0], a[1])?);
        }
        Ok(Owned::NONE)
    }),
];

fn target_of(reference: Word) -> Word {
    // SAFETY: callers hold a weak reference.
    unsafe { (*reference.as_ptr().cast::<WeakrefObj>()).target }
}

fn is_proxy(rt: &mut Isolate, w: Word) -> bool {
    let class = rt.class_of(w);
    class == rt.class_for(&PROXY) || class == rt.class_for(&CALLABLE_PROXY)
}

/// The referent of a proxy, or the word itself when it is none; ReferenceError once it is gone.
fn resolve(rt: &mut Isolate, w: Word) -> PyResult {
    if !is_proxy(rt, w) {
        return Ok(Owned::share(w));
    }
    let target = target_of(field(w, 0));
    if target.is_unbound() {
        return Err(rt.raise(exc::REFERENCE_ERROR, "weakly-referenced object no longer exists"));
    }
    Ok(Owned::share(target))
}

/// A binary operator with proxies among its operands.
fn binary(rt: &mut Isolate, op: Name, a: Word, b: Word) -> PyResult {
    let (a, b) = (resolve(rt, a)?, resolve(rt, b)?);
    rt.binary(op, a.word(), b.word())
}

fn inplace(rt: &mut Isolate, op: Name, a: Word, b: Word) -> PyResult {
    let (a, b) = (resolve(rt, a)?, resolve(rt, b)?);
    rt.inplace(op, a.word(), b.word())
}

fn compare(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    let (x, y) = (resolve(rt, a[0])?, resolve(rt, a[1])?);
    rt.compare(op, x.word(), y.word())
}

macro_rules! operators {
    ($($plain:literal $reflected:literal $inplace:literal $name:ident),* $(,)?) => { &[$(
        def($plain, VALUE, |rt, a| binary(rt, Name::$name, a[0], a[1])),
        def($reflected, VALUE, |rt, a| binary(rt, Name::$name, a[1], a[0])),
        def($inplace, VALUE, |rt, a| inplace(rt, Name::$name, a[0], a[1])),
    )*
        def("__getattribute__", "($self, name, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.get_attr(target.word(), a[1])
        }),
        def("__setattr__", "($self, name, value, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.set_attr(target.word(), a[1], a[2]).map(|()| Owned::NONE)
        }),
        def("__delattr__", "($self, name, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.del_attr(target.word(), a[1]).map(|()| Owned::NONE)
        }),
        def("__str__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.str(target.word())
        }),
        def("__repr__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            let (name, at) = (rt.type_name(target.word()), target.word().0);
            Ok(rt.new_str(&format!("<weakproxy at {:#x} to {name} at {at:#x}>", a[0].0)))
        }),
        def("__bool__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            Ok(Owned::from_bool(rt.truth(target.word())?))
        }),
        def("__len__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            let n = rt.len(target.word())?;
            Ok(rt.new_int(n as i64))
        }),
        def("__getitem__", "($self, key, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.getitem(target.word(), a[1])
        }),
        def("__setitem__", "($self, key, value, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.setitem(target.word(), a[1], a[2]).map(|()| Owned::NONE)
        }),
        def("__delitem__", "($self, key, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.delitem(target.word(), a[1]).map(|()| Owned::NONE)
        }),
        def("__contains__", "($self, key, /)", |rt, a| {
            let target = resolve(rt, a[0])?;
            Ok(Owned::from_bool(rt.contains(target.word(), a[1])?))
        }),
        def("__iter__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.iter(target.word())
        }),
        def("__next__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            match rt.next(target.word())? {
                Some(v) => Ok(v),
                None => Err(rt.stop_iteration(Word::NONE)),
            }
        }),
        def("__neg__", SELF, |rt, a| unary(rt, Name::NEG, a)),
        def("__pos__", SELF, |rt, a| unary(rt, Name::POS, a)),
        def("__invert__", SELF, |rt, a| unary(rt, Name::INVERT, a)),
        def("__abs__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.call_method(target.word(), "__abs__", &[])
        }),
        def("__index__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.index(target.word())
        }),
        def("__int__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.call(rt.class_word(ClassId::INT), &[target.word()])
        }),
        def("__float__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.call(rt.class_word(ClassId::FLOAT), &[target.word()])
        }),
        def("__eq__", VALUE, |rt, a| compare(rt, CompareOp::Eq, a)),
        def("__ne__", VALUE, |rt, a| compare(rt, CompareOp::Ne, a)),
        def("__lt__", VALUE, |rt, a| compare(rt, CompareOp::Lt, a)),
        def("__le__", VALUE, |rt, a| compare(rt, CompareOp::Le, a)),
        def("__gt__", VALUE, |rt, a| compare(rt, CompareOp::Gt, a)),
        def("__ge__", VALUE, |rt, a| compare(rt, CompareOp::Ge, a)),
    ] };
}

fn unary(rt: &mut Isolate, op: Name, a: &[Word]) -> PyResult {
    let target = resolve(rt, a[0])?;
    rt.unary(op, target.word())
}

static METHODS: &[NativeDef] = operators! {
    "__add__" "__radd__" "__iadd__" ADD,
    "__sub__" "__rsub__" "__isub__" SUB,
    "__mul__" "__rmul__" "__imul__" MUL,
    "__truediv__" "__rtruediv__" "__itruediv__" TRUEDIV,
    "__floordiv__" "__rfloordiv__" "__ifloordiv__" FLOORDIV,
    "__mod__" "__rmod__" "__imod__" MOD,
    "__pow__" "__rpow__" "__ipow__" POW,
    "__lshift__" "__rlshift__" "__ilshift__" LSHIFT,
    "__rshift__" "__rrshift__" "__irshift__" RSHIFT,
    "__and__" "__rand__" "__iand__" AND,
    "__or__" "__ror__" "__ior__" OR,
    "__xor__" "__rxor__" "__ixor__" XOR,
    "__matmul__" "__rmatmul__" "__imatmul__" MATMUL,
};

static PROXY: ClassSpec = ClassSpec::new("weakref", "ProxyType")
    .layout(Layout::Plain)
    .hidden_words(1)
    .methods(METHODS)
    .flags(ClassSpec::UNHASHABLE | ClassSpec::NO_NEW);

static CALLABLE_PROXY: ClassSpec = ClassSpec::new("weakref", "CallableProxyType")
    .layout(Layout::Plain)
    .hidden_words(1)
    .methods(METHODS)
    .call(|rt, this, args, kwnames| {
        let target = resolve(rt, this)?;
        rt.vectorcall(target.word(), args, kwnames)
    })
    .flags(ClassSpec::UNHASHABLE | ClassSpec::NO_NEW);
