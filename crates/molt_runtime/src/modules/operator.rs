//! The module `_operator`.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::Word;

use crate::api::{CompareOp, native, str_bytes, tuple_items};
use crate::names::Name;
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_operator, "_operator", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    for spec in [&ITEM_GETTER, &ATTR_GETTER, &METHOD_CALLER] {
        rt.module_class(module, spec);
    }
    Ok(())
}

macro_rules! binary {
    ($name:literal, $op:ident) => {
        def($name, "($module, a, b, /)", |rt, a| rt.binary(Name::$op, a[0], a[1]))
    };
}
macro_rules! inplace {
    ($name:literal, $op:ident) => {
        def($name, "($module, a, b, /)", |rt, a| rt.inplace(Name::$op, a[0], a[1]))
    };
}
macro_rules! comparison {
    ($name:literal, $op:ident) => {
        def($name, "($module, a, b, /)", |rt, a| rt.compare(CompareOp::$op, a[0], a[1]))
    };
}
macro_rules! unary {
    ($name:literal, $op:ident) => {
        def($name, "($module, a, /)", |rt, a| rt.unary(Name::$op, a[0]))
    };
}

static FUNCTIONS: &[NativeDef] = &[
    binary!("add", ADD),
    binary!("sub", SUB),
    binary!("mul", MUL),
    binary!("matmul", MATMUL),
    binary!("truediv", TRUEDIV),
    binary!("floordiv", FLOORDIV),
    binary!("mod", MOD),
    binary!("pow", POW),
    binary!("lshift", LSHIFT),
    binary!("rshift", RSHIFT),
    binary!("and_", AND),
    binary!("or_", OR),
    binary!("xor", XOR),
    inplace!("iadd", ADD),
    inplace!("isub", SUB),
    inplace!("imul", MUL),
    inplace!("imatmul", MATMUL),
    inplace!("itruediv", TRUEDIV),
    inplace!("ifloordiv", FLOORDIV),
    inplace!("imod", MOD),
    inplace!("ipow", POW),
    inplace!("ilshift", LSHIFT),
    inplace!("irshift", RSHIFT),
    inplace!("iand", AND),
    inplace!("ior", OR),
    inplace!("ixor", XOR),
    comparison!("lt", Lt),
    comparison!("le", Le),
    comparison!("eq", Eq),
    comparison!("ne", Ne),
    comparison!("gt", Gt),
    comparison!("ge", Ge),
    unary!("neg", NEG),
    unary!("pos", POS),
    unary!("invert", INVERT),
    unary!("inv", INVERT),
    def("abs", "($module, a, /)", |rt, a| {
        let f = rt.import("builtins")?;
        rt.call_method(f.word(), "abs", &[a[0]])
    }),
    def("index", "($module, a, /)", |rt, a| rt.index(a[0])),
    def("truth", "($module, a, /)", |rt, a| rt.truth(a[0]).map(Owned::from_bool)),
    def("not_", "($module, a, /)", |rt, a| rt.truth(a[0]).map(|t| Owned::from_bool(!t))),
    def("is_", "($module, a, b, /)", |_, a| Ok(Owned::from_bool(a[0] == a[1]))),
    def("is_not", "($module, a, b, /)", |_, a| Ok(Owned::from_bool(a[0] != a[1]))),
    def("is_none", "($module, a, /)", |_, a| Ok(Owned::from_bool(a[0].is_none()))),
    def("is_not_none", "($module, a, /)", |_, a| Ok(Owned::from_bool(!a[0].is_none()))),
    def("contains", "($module, a, b, /)", |rt, a| rt.contains(a[0], a[1]).map(Owned::from_bool)),
    def("concat", "($module, a, b, /)", |rt, a| concat(rt, a, false)),
    def("iconcat", "($module, a, b, /)", |rt, a| concat(rt, a, true)),
    def("getitem", "($module, a, b, /)", |rt, a| rt.getitem(a[0], a[1])),
    def("setitem", "($module, a, b, c, /)", |rt, a| rt.setitem(a[0], a[1], a[2]).map(|()| Owned::NONE)),
    def("delitem", "($module, a, b, /)", |rt, a| rt.delitem(a[0], a[1]).map(|()| Owned::NONE)),
    def("countOf", "($module, a, b, /)", |rt, a| {
        let it = rt.iter(a[0])?;
        let mut n = 0;
        while let Some(item) = rt.next(it.word())? {
            n += i64::from(rt.eq(item.word(), a[1])?);
        }
        Ok(Owned::small(n))
    }),
    def("indexOf", "($module, a, b, /)", |rt, a| {
        let it = rt.iter(a[0])?;
        let mut n = 0;
        while let Some(item) = rt.next(it.word())? {
            if rt.eq(item.word(), a[1])? {
                return Ok(Owned::small(n));
            }
            n += 1;
        }
        Err(rt.value_error("sequence.index(x): x not in sequence"))
    }),
    def("length_hint", "($module, obj, default=0, /)", |rt, a| {
        let default = if a[1].is_unbound() { 0 } else { rt.to_i64(a[1], "ssize_t")? };
        let n = rt.length_hint(a[0], default.max(0) as usize)?;
        Ok(Owned::small(n as i64))
    }),
    def("call", "($module, obj, /, *args, **kwargs)", |rt, a| call_with(rt, a[0], tuple_items(a[1]), a[2])),
    def("_compare_digest", "($module, a, b, /)", |rt, a| {
        let both_text = rt.is_str(a[0]) && rt.is_str(a[1]);
        let (x, y) = if both_text {
            let (x, y) = (str_bytes(a[0]).to_vec(), str_bytes(a[1]).to_vec());
            if !x.is_ascii() || !y.is_ascii() {
                return Err(rt.type_error("comparing strings with non-ASCII characters is not supported"));
            }
            (x, y)
        } else {
            let mut bytes = |w: Word| match crate::text::buffer::of_object(rt, w)? {
                Some(b) => Ok(b.into_owned()),
                None => {
                    let name = rt.type_name(w);
                    Err(rt.type_error(format!(
                        "unsupported operand types(s) or combination of types: '{name}' and '{name}'"
                    )))
                }
            };
            (bytes(a[0])?, bytes(a[1])?)
        };
        // Time depends on the lengths only.
        let differing = x.iter().zip(&y).fold(x.len() ^ y.len(), |d, (p, q)| d | usize::from(p ^ q));
        Ok(Owned::from_bool(differing == 0))
    }),
];

fn concat(rt: &mut Isolate, a: &[Word], in_place: bool) -> PyResult {
    if rt.lookup_special(a[0], Name::GETITEM).is_none() {
        let name = rt.type_name(a[0]);
        return Err(rt.type_error(format!("'{name}' object can't be concatenated")));
    }
    if in_place { rt.inplace(Name::ADD, a[0], a[1]) } else { rt.binary(Name::ADD, a[0], a[1]) }
}

/// `f(*args, **kwargs)` with a dict of keywords or `UNBOUND`.
pub fn call_with(rt: &mut Isolate, f: Word, args: &[Word], kwargs: Word) -> PyResult {
    if kwargs.is_unbound() || kwargs.is_none() || rt.dict_len(kwargs) == 0 {
        return rt.call(f, args);
    }
    let items = rt.dict_items(kwargs);
    let mut words = args.to_vec();
    words.extend(items.iter().map(|(_, v)| v.word()));
    let names = rt.new_tuple(items.iter().map(|(k, _)| k.clone()).collect());
    rt.vectorcall(f, &words, names.word())
}

/// State of the three callables: `words` are keys, attribute names, or method name then arguments.
struct Getter {
    words: Vec<Owned>,
    kwargs: Owned,
}

impl NativeData for Getter {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.words.iter().for_each(|w| visit(w.word()));
        visit(self.kwargs.word());
    }
    fn clear(&mut self) {
        self.words.clear();
        self.kwargs = Owned::NONE;
    }
}

fn new_getter(rt: &mut Isolate, class: Word, words: Vec<Owned>, kwargs: Owned) -> PyResult {
    let class = rt.class_id(class);
    Ok(rt.new_native(class, Box::new(Getter { words, kwargs })))
}

fn one_object(rt: &mut Isolate, what: &str, args: &[Word], kwnames: Word) -> PyResult<Word> {
    if !kwnames.is_unbound() && !tuple_items(kwnames).is_empty() {
        return Err(rt.type_error(format!("{what}() takes no keyword arguments")));
    }
    match args {
        [w] => Ok(*w),
        _ => Err(rt.type_error(format!("{what} expected 1 argument, got {}", args.len()))),
    }
}

/// Applies `get` for every word: a single result, or a tuple of results.
fn gather(rt: &mut Isolate, this: Word, get: impl Fn(&mut Isolate, Word) -> PyResult) -> PyResult {
    let words = native::<Getter>(this).words.clone();
    if let [only] = words.as_slice() {
        return get(rt, only.word());
    }
    let results = words.iter().map(|w| get(rt, w.word())).collect::<PyResult<Vec<Owned>>>()?;
    Ok(rt.new_tuple(results))
}

fn repr(rt: &mut Isolate, this: Word, name: &str) -> PyResult {
    let words = native::<Getter>(this).words.clone();
    let mut parts = Vec::new();
    for w in &words {
        parts.push(rt.repr_text(w.word())?);
    }
    let kwargs = native::<Getter>(this).kwargs.clone();
    if !kwargs.word().is_none() {
        for (k, v) in rt.dict_items(kwargs.word()) {
            let value = rt.repr_text(v.word())?;
            parts.push(format!("{}={value}", crate::api::str_text(k.word())));
        }
    }
    Ok(rt.new_str(&format!("operator.{name}({})", parts.join(", "))))
}

fn reduce(rt: &mut Isolate, this: Word) -> PyResult {
    let class = Owned::share(rt.class_word(rt.class_of(this)));
    let args = rt.new_tuple(native::<Getter>(this).words.clone());
    Ok(rt.new_tuple(vec![class, args]))
}

const SELF: &str = "($self, /)";
const CALL: &str = "($self, obj, /)";

static ITEM_GETTER: ClassSpec = ClassSpec::new("operator", "itemgetter")
    .methods(&[
        def("__new__", "($type, item, /, *items)", |rt, a| {
            let words = core::iter::once(a[1]).chain(tuple_items(a[2]).iter().copied()).map(Owned::share).collect();
            new_getter(rt, a[0], words, Owned::NONE)
        }),
        def("__call__", CALL, |rt, a| get_items(rt, a[0], a[1])),
        def("__repr__", SELF, |rt, a| repr(rt, a[0], "itemgetter")),
        def("__reduce__", SELF, |rt, a| reduce(rt, a[0])),
    ])
    .call(|rt, this, args, kwnames| {
        let obj = one_object(rt, "itemgetter", args, kwnames)?;
        get_items(rt, this, obj)
    });

fn get_items(rt: &mut Isolate, this: Word, obj: Word) -> PyResult {
    gather(rt, this, |rt, key| rt.getitem(obj, key))
}

static ATTR_GETTER: ClassSpec = ClassSpec::new("operator", "attrgetter")
    .methods(&[
        def("__new__", "($type, attr, /, *attrs)", |rt, a| {
            let words: Vec<Word> = core::iter::once(a[1]).chain(tuple_items(a[2]).iter().copied()).collect();
            if words.iter().any(|&w| !rt.is_str(w)) {
                return Err(rt.type_error("attribute name must be a string"));
            }
            let words = words.into_iter().map(Owned::share).collect();
            new_getter(rt, a[0], words, Owned::NONE)
        }),
        def("__call__", CALL, |rt, a| get_attributes(rt, a[0], a[1])),
        def("__repr__", SELF, |rt, a| repr(rt, a[0], "attrgetter")),
        def("__reduce__", SELF, |rt, a| reduce(rt, a[0])),
    ])
    .call(|rt, this, args, kwnames| {
        let obj = one_object(rt, "attrgetter", args, kwnames)?;
        get_attributes(rt, this, obj)
    });

fn get_attributes(rt: &mut Isolate, this: Word, obj: Word) -> PyResult {
    gather(rt, this, |rt, path| {
        let bytes = str_bytes(path);
        if !bytes.contains(&b'.') {
            return rt.get_attr(obj, path);
        }
        let mut value = Owned::share(obj);
        for name in bytes.split(|b| *b == b'.') {
            let name = rt.new_str_wtf8(name);
            value = rt.get_attr(value.word(), name.word())?;
        }
        Ok(value)
    })
}

static METHOD_CALLER: ClassSpec = ClassSpec::new("operator", "methodcaller")
    .methods(&[
        def("__new__", "($type, name, /, *args, **kwargs)", |rt, a| {
            if !rt.is_str(a[1]) {
                return Err(rt.type_error("method name must be a string"));
            }
            let words = core::iter::once(a[1]).chain(tuple_items(a[2]).iter().copied()).map(Owned::share).collect();
            let kwargs = if rt.dict_len(a[3]) == 0 { Owned::NONE } else { Owned::share(a[3]) };
            new_getter(rt, a[0], words, kwargs)
        }),
        def("__call__", CALL, |rt, a| call_named(rt, a[0], a[1])),
        def("__repr__", SELF, |rt, a| repr(rt, a[0], "methodcaller")),
        def("__reduce__", SELF, |rt, a| reduce(rt, a[0])),
    ])
    .call(|rt, this, args, kwnames| {
        let obj = one_object(rt, "methodcaller", args, kwnames)?;
        call_named(rt, this, obj)
    });

fn call_named(rt: &mut Isolate, this: Word, obj: Word) -> PyResult {
    let (words, kwargs) = (native::<Getter>(this).words.clone(), native::<Getter>(this).kwargs.clone());
    let method = rt.get_attr(obj, words[0].word())?;
    let args: Vec<Word> = words[1..].iter().map(Owned::word).collect();
    call_with(rt, method.word(), &args, kwargs.word())
}
