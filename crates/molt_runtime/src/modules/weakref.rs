//! The module `_weakref`: weak references and proxies.
//!
//! A proxy is a weak reference of a class of its own: it is registered with its referent, goes dead with it
//! and is handed to its callback. It passes every operation on to the referent, as long as that lives.

use alloc::format;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::CompareOp;
use crate::class::ClassObj;
use crate::layouts::WeakrefObj;
use crate::names::Name;
use crate::native::{ClassSpec, Layout, NativeDef, def};
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

/// Live weak references and proxies to an object: the shared reference, the shared proxy, then the others,
/// newest first.
fn references(rt: &mut Isolate, w: Word) -> Vec<Word> {
    if !w.is_object() {
        return Vec::new();
    }
    let mut found = rt.sides.get(&w.0).map(|s| s.weakrefs.clone()).unwrap_or_default();
    found.reverse();
    found.sort_by_key(|&r| {
        let shared = weakref_obj(r).callback.is_none();
        match () {
            () if shared && rt.class_of(r) == ClassId::WEAKREF => 0,
            () if shared && is_proxy(rt, r) => 1,
            () => 2,
        }
    });
    found
}

static FUNCTIONS: &[NativeDef] = &[
    def("getweakrefcount", "($module, object, /)", |rt, a| Ok(Owned::small(references(rt, a[0]).len() as i64))),
    def("getweakrefs", "($module, object, /)", |rt, a| {
        let list = references(rt, a[0]);
        Ok(rt.new_list_of(&list))
    }),
    def("proxy", "($module, object, callback=None, /)", |rt, a| {
        let callback = if a[1].is_unbound() { Word::NONE } else { a[1] };
        new_proxy(rt, a[0], callback)
    }),
    def("_remove_dead_weakref", "($module, dct, key, /)", |rt, a| {
        if !rt.is_dict(a[0]) {
            let kind = rt.type_name(a[0]);
            return Err(rt.type_error(format!("_remove_dead_weakref() argument 1 must be dict, not {kind}")));
        }
        let Some(value) = rt.dict_get(a[0], a[1])? else { return Ok(Owned::NONE) };
        if !rt.is_instance(value.word(), ClassId::WEAKREF) && !is_proxy(rt, value.word()) {
            return Err(rt.type_error("not a weakref"));
        }
        if weakref_obj(value.word()).target.is_unbound() {
            drop(rt.dict_remove(a[0], a[1])?);
        }
        Ok(Owned::NONE)
    }),
];

/// A proxy of an object; proxies without a callback are shared.
fn new_proxy(rt: &mut Isolate, target: Word, callback: Word) -> PyResult {
    let weakrefable = target.is_object() && {
        let class = rt.class(rt.class_of(target));
        class.has(ClassSpec::WEAKREFABLE | ClassObj::METACLASS) || class.layout == Layout::Class
    };
    if !weakrefable {
        let kind = rt.type_name(target);
        return Err(rt.type_error(format!("cannot create weak reference to '{kind}' object")));
    }
    let spec = if rt.is_callable(target) { &CALLABLE_PROXY } else { &PROXY };
    let class = rt.class_for(spec);
    if callback.is_none() {
        let known = references(rt, target);
        if let Some(&shared) = known.iter().find(|&&r| rt.class_of(r) == class && weakref_obj(r).callback.is_none()) {
            return Ok(Owned::share(shared));
        }
    }
    Ok(crate::lifetime::new_weakref(rt, class, target, callback))
}

/// The words of a weak reference or proxy; `w` must be one.
fn weakref_obj<'a>(w: Word) -> &'a WeakrefObj {
    // SAFETY: callers pass instances of classes with the layout `Weakref`.
    unsafe { &*w.as_ptr().cast::<WeakrefObj>() }
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
    let target = weakref_obj(w).target;
    if target.is_unbound() {
        return Err(rt.raise(exc::REFERENCE_ERROR, "weakly-referenced object no longer exists"));
    }
    Ok(Owned::share(target))
}

/// Result of a builtin function whose operands may be proxies.
fn call_builtin(rt: &mut Isolate, name: &str, args: &[Word]) -> PyResult {
    let operands = args.iter().map(|&w| resolve(rt, w)).collect::<PyResult<Vec<Owned>>>()?;
    let words: Vec<Word> = operands.iter().map(Owned::word).collect();
    let builtins = rt.import("builtins")?;
    rt.call_method(builtins.word(), name, &words)
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
            let (at, target) = (a[0].0, weakref_obj(a[0]).target);
            let text = if target.is_unbound() {
                format!("<weakproxy at {at:#x}; dead>")
            } else {
                format!("<weakproxy at {at:#x}; to '{}' at {:#x}>", rt.type_name(target), target.0)
            };
            Ok(rt.new_str(&text))
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
            if rt.lookup_special(target.word(), Name::NEXT).is_none() {
                let kind = rt.type_name(target.word());
                return Err(rt.type_error(format!("Weakref proxy referenced a non-iterator '{kind}' object")));
            }
            match rt.next(target.word())? {
                Some(v) => Ok(v),
                None => Err(rt.stop_iteration(Word::NONE)),
            }
        }),
        def("__neg__", SELF, |rt, a| unary(rt, Name::NEG, a)),
        def("__pos__", SELF, |rt, a| unary(rt, Name::POS, a)),
        def("__invert__", SELF, |rt, a| unary(rt, Name::INVERT, a)),
        def("__abs__", SELF, |rt, a| call_builtin(rt, "abs", a)),
        def("__divmod__", VALUE, |rt, a| call_builtin(rt, "divmod", a)),
        def("__rdivmod__", VALUE, |rt, a| call_builtin(rt, "divmod", &[a[1], a[0]])),
        def("__pow__", "($self, value, mod=None, /)", |rt, a| match a[2].is_unbound() || a[2].is_none() {
            true => binary(rt, Name::POW, a[0], a[1]),
            false => call_builtin(rt, "pow", a),
        }),
        def("__rpow__", "($self, value, mod=None, /)", |rt, a| binary(rt, Name::POW, a[1], a[0])),
        def("__ipow__", VALUE, |rt, a| inplace(rt, Name::POW, a[0], a[1])),
        def("__bytes__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.call_method(target.word(), "__bytes__", &[])
        }),
        def("__reversed__", SELF, |rt, a| {
            let target = resolve(rt, a[0])?;
            rt.call_method(target.word(), "__reversed__", &[])
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
    "__lshift__" "__rlshift__" "__ilshift__" LSHIFT,
    "__rshift__" "__rrshift__" "__irshift__" RSHIFT,
    "__and__" "__rand__" "__iand__" AND,
    "__or__" "__ror__" "__ior__" OR,
    "__xor__" "__rxor__" "__ixor__" XOR,
    "__matmul__" "__rmatmul__" "__imatmul__" MATMUL,
};

static PROXY: ClassSpec = ClassSpec::new("weakref", "ProxyType")
    .layout(Layout::Weakref)
    .methods(METHODS)
    .flags(ClassSpec::UNHASHABLE | ClassSpec::NO_NEW);

static CALLABLE_PROXY: ClassSpec = ClassSpec::new("weakref", "CallableProxyType")
    .layout(Layout::Weakref)
    .methods(METHODS)
    .call(|rt, this, args, kwnames| {
        let target = resolve(rt, this)?;
        rt.vectorcall(target.word(), args, kwnames)
    })
    .flags(ClassSpec::UNHASHABLE | ClassSpec::NO_NEW);
