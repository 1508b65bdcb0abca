//! The module `_functools`: `partial`, `reduce`, `cmp_to_key`, the `lru_cache` wrapper.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::operator::call_with;
use crate::api::{CompareOp, native, try_native, tuple_items};
use crate::native::{ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_functools, "_functools", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    rt.module_class(module, &PARTIAL);
    rt.module_class(module, &LRU_CACHE);
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[
    def("reduce", "($module, function, iterable, initial=None, /)", |rt, a| {
        if !rt.is_iterable(a[1]) {
            return Err(rt.type_error("reduce() arg 2 must support iteration"));
        }
        let it = rt.iter(a[1])?;
        let mut total = (!a[2].is_unbound()).then(|| Owned::share(a[2]));
        while let Some(item) = rt.next(it.word())? {
            total = Some(match total {
                None => item,
                Some(t) => rt.call(a[0], &[t.word(), item.word()])?,
            });
        }
        total.ok_or_else(|| rt.type_error("reduce() of empty iterable with no initial value"))
    }),
    def("cmp_to_key", "($module, /, mycmp)", |rt, a| {
        let class = rt.class_for(&KEY);
        Ok(rt.new_native(class, Box::new(Key { compare: Owned::share(a[0]), object: None })))
    }),
];

/// `functools.KeyWrapper`: without an object, the factory that `cmp_to_key` returns.
struct Key {
    compare: Owned,
    object: Option<Owned>,
}

impl NativeData for Key {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.compare.word());
        self.object.iter().for_each(|o| visit(o.word()));
    }
    fn clear(&mut self) {
        self.compare = Owned::NONE;
        self.object = None;
    }
}

const OTHER: &str = "($self, value, /)";

static KEY: ClassSpec = ClassSpec::new("functools", "KeyWrapper")
    .methods(&[
        def("__call__", "($self, obj)", |rt, a| wrap_key(rt, a[0], a[1])),
        def("__lt__", OTHER, |rt, a| compare_keys(rt, CompareOp::Lt, a)),
        def("__le__", OTHER, |rt, a| compare_keys(rt, CompareOp::Le, a)),
        def("__eq__", OTHER, |rt, a| compare_keys(rt, CompareOp::Eq, a)),
        def("__ne__", OTHER, |rt, a| compare_keys(rt, CompareOp::Ne, a)),
        def("__gt__", OTHER, |rt, a| compare_keys(rt, CompareOp::Gt, a)),
        def("__ge__", OTHER, |rt, a| compare_keys(rt, CompareOp::Ge, a)),
    ])
    .getset(&[getter("obj", |rt, w| match &native::<Key>(w).object {
        Some(o) => Ok(o.clone()),
        None => {
            let name = rt.intern("obj");
            Err(rt.attribute_error(w, name))
        }
    })])
    .call(|rt, this, args, kwnames| match args {
        [w] if kwnames.is_unbound() || tuple_items(kwnames).len() == 1 => wrap_key(rt, this, *w),
        _ => Err(rt.type_error("K() missing required argument 'obj' (pos 1)")),
    })
    .flags(ClassSpec::NO_NEW | ClassSpec::UNHASHABLE);

fn wrap_key(rt: &mut Isolate, this: Word, object: Word) -> PyResult {
    let compare = native::<Key>(this).compare.clone();
    let class = rt.class_for(&KEY);
    Ok(rt.new_native(class, Box::new(Key { compare, object: Some(Owned::share(object)) })))
}

fn compare_keys(rt: &mut Isolate, op: CompareOp, a: &[Word]) -> PyResult {
    let Some(other) = try_native::<Key>(rt, a[1]) else {
        return Err(rt.type_error("other argument must be K instance"));
    };
    let (x, y, compare) =
        (native::<Key>(a[0]).object.clone(), other.object.clone(), native::<Key>(a[0]).compare.clone());
    let (Some(x), Some(y)) = (x, y) else { return Err(rt.raise(crate::exc::ATTRIBUTE_ERROR, "object")) };
    let order = rt.call(compare.word(), &[x.word(), y.word()])?;
    rt.compare(op, order.word(), Word::small(0))
}

/// State of a `partial`.
struct Partial {
    func: Owned,
    args: Owned,
    kwargs: Owned,
}

impl NativeData for Partial {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        [&self.func, &self.args, &self.kwargs].iter().for_each(|w| visit(w.word()));
    }
    fn clear(&mut self) {
        self.func = Owned::NONE;
        self.kwargs = Owned::NONE;
    }
}

static PARTIAL: ClassSpec = ClassSpec::new("functools", "partial")
    .methods(PARTIAL_METHODS)
    .getset(PARTIAL_GETSET)
    .call(call_partial)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE | ClassSpec::GENERIC);

static PARTIAL_GETSET: &[GetSetDef] = &[
    getter("func", |_, w| Ok(native::<Partial>(w).func.clone())),
    getter("args", |_, w| Ok(native::<Partial>(w).args.clone())),
    getter("keywords", |_, w| Ok(native::<Partial>(w).kwargs.clone())),
];

static PARTIAL_METHODS: &[NativeDef] = &[
    def("__new__", "($type, func, /, *args, **keywords)", |rt, a| {
        if !rt.is_callable(a[1]) {
            return Err(rt.type_error("the first argument must be callable"));
        }
        let class = rt.class_id(a[0]);
        let merged = rt.new_dict();
        let (mut func, mut args) = (Owned::share(a[1]), Vec::new());
        // A partial of a plain partial is flattened.
        if rt.class_of(a[1]) == rt.class_for(&PARTIAL) && rt.side_dict(a[1]).is_none() {
            let inner = native::<Partial>(a[1]);
            func = inner.func.clone();
            args.extend(tuple_items(inner.args.word()).iter().map(|&w| Owned::share(w)));
            rt.dict_merge_from(merged.word(), inner.kwargs.word())?;
        }
        args.extend(tuple_items(a[2]).iter().map(|&w| Owned::share(w)));
        rt.dict_merge_from(merged.word(), a[3])?;
        let args = rt.new_tuple(args);
        Ok(rt.new_native(class, Box::new(Partial { func, args, kwargs: merged })))
    }),
    def("__call__", "($self, /, *args, **kwargs)", |rt, a| {
        let items = rt.dict_items(a[2]);
        let mut words = tuple_items(a[1]).to_vec();
        words.extend(items.iter().map(|(_, v)| v.word()));
        let names = rt.new_tuple(items.iter().map(|(k, _)| k.clone()).collect());
        call_partial(rt, a[0], &words, names.word())
    }),
    def("__repr__", "($self, /)", |rt, a| {
        if !rt.repr_enter(a[0]) {
            return Ok(rt.new_str("..."));
        }
        let text = partial_text(rt, a[0]);
        rt.repr_leave(a[0]);
        Ok(rt.new_str(&text?))
    }),
    def("__reduce__", "($self, /)", |rt, a| {
        let p = native::<Partial>(a[0]);
        let (func, args, kwargs) = (p.func.clone(), p.args.clone(), p.kwargs.clone());
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let attributes = rt.side_dict(a[0]).map_or(Owned::NONE, Owned::share);
        let made = rt.new_tuple(vec![func.clone()]);
        let state = rt.new_tuple(vec![func, args, kwargs, attributes]);
        Ok(rt.new_tuple(vec![class, made, state]))
    }),
    def("__setstate__", "($self, state, /)", |rt, a| {
        let items = if rt.is_tuple(a[1]) { tuple_items(a[1]) } else { &[] };
        let [func, args, kwargs, _] = items else { return Err(rt.type_error("invalid partial state")) };
        if !rt.is_callable(*func) || !rt.is_tuple(*args) {
            return Err(rt.type_error("invalid partial state"));
        }
        let kwargs = if kwargs.is_none() { rt.new_dict() } else { Owned::share(*kwargs) };
        *native::<Partial>(a[0]) = Partial { func: Owned::share(*func), args: Owned::share(*args), kwargs };
        Ok(Owned::NONE)
    }),
];

fn partial_text(rt: &mut Isolate, w: Word) -> PyResult<String> {
    let p = native::<Partial>(w);
    let (func, args, kwargs) = (p.func.clone(), p.args.clone(), p.kwargs.clone());
    let mut text = format!("{}({}", qualified_name(rt, w), rt.repr_text(func.word())?);
    for &arg in tuple_items(args.word()) {
        text += &format!(", {}", rt.repr_text(arg)?);
    }
    for (k, v) in rt.dict_items(kwargs.word()) {
        text += &format!(", {}={}", rt.str_text(k.word())?, rt.repr_text(v.word())?);
    }
    Ok(text + ")")
}

/// `module.Class` of an instance.
fn qualified_name(rt: &mut Isolate, w: Word) -> String {
    let class = rt.class_of(w);
    if class == rt.class_for(&PARTIAL) { "functools.partial".to_owned() } else { rt.type_name(w) }
}

fn call_partial(rt: &mut Isolate, this: Word, args: &[Word], kwnames: Word) -> PyResult {
    let p = native::<Partial>(this);
    let (func, bound, kwargs) = (p.func.clone(), p.args.clone(), p.kwargs.clone());
    let keywords = if kwnames.is_unbound() { 0 } else { tuple_items(kwnames).len() };
    let (positional, values) = args.split_at(args.len() - keywords);
    let words = [tuple_items(bound.word()), positional].concat();
    if keywords == 0 {
        return call_with(rt, func.word(), &words, kwargs.word());
    }
    let merged = rt.new_dict();
    rt.dict_merge_from(merged.word(), kwargs.word())?;
    for (&name, &value) in tuple_items(kwnames).iter().zip(values) {
        rt.dict_set(merged.word(), name, value)?;
    }
    call_with(rt, func.word(), &words, merged.word())
}

/// State of an `lru_cache` wrapper. Entries live in a dict from key to slot number; slots form a list
/// ordered by use, most recent at the head.
struct LruCache {
    func: Owned,
    info_type: Owned,
    /// Capacity; negative means unbounded.
    max_size: i64,
    typed: bool,
    table: Owned,
    slots: Vec<Slot>,
    free: Vec<usize>,
    head: usize,
    tail: usize,
    hits: i64,
    misses: i64,
}

/// One cached result.
struct Slot {
    key: Owned,
    value: Owned,
    newer: usize,
    older: usize,
}

const END: usize = usize::MAX;

impl NativeData for LruCache {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        [&self.func, &self.info_type, &self.table].iter().for_each(|w| visit(w.word()));
        for s in &self.slots {
            visit(s.key.word());
            visit(s.value.word());
        }
    }
    fn clear(&mut self) {
        self.func = Owned::NONE;
        self.info_type = Owned::NONE;
        self.table = Owned::NONE;
        self.slots.clear();
    }
}

impl LruCache {
    fn unlink(&mut self, i: usize) {
        let (newer, older) = (self.slots[i].newer, self.slots[i].older);
        if newer == END {
            self.head = older
        } else {
            self.slots[newer].older = older
        }
        if older == END { self.tail = newer } else { self.slots[older].newer = newer }
    }

    fn push_front(&mut self, i: usize) {
        self.slots[i].newer = END;
        self.slots[i].older = self.head;
        if self.head == END {
            self.tail = i
        } else {
            self.slots[self.head].newer = i
        }
        self.head = i;
    }
}

static LRU_CACHE: ClassSpec = ClassSpec::new("functools", "_lru_cache_wrapper")
    .methods(LRU_METHODS)
    .call(call_cached)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

static LRU_METHODS: &[NativeDef] = &[
    def("__new__", "($type, user_function, maxsize, typed, cache_info_type)", |rt, a| {
        if !rt.is_callable(a[1]) {
            return Err(rt.type_error("the first argument must be callable"));
        }
        let max_size = if a[2].is_none() {
            -1
        } else {
            if !rt.is_int(a[2]) {
                return Err(rt.type_error("maxsize should be integer or None"));
            }
            rt.to_i64(a[2], "ssize_t")?.max(0)
        };
        let typed = rt.truth(a[3])?;
        let class = rt.class_id(a[0]);
        let cache = LruCache {
            func: Owned::share(a[1]),
            info_type: Owned::share(a[4]),
            max_size,
            typed,
            table: rt.new_dict(),
            slots: Vec::new(),
            free: Vec::new(),
            head: END,
            tail: END,
            hits: 0,
            misses: 0,
        };
        Ok(rt.new_native(class, Box::new(cache)))
    }),
    def("__call__", "($self, /, *args, **kwargs)", |rt, a| {
        let items = rt.dict_items(a[2]);
        let mut words = tuple_items(a[1]).to_vec();
        words.extend(items.iter().map(|(_, v)| v.word()));
        let names = rt.new_tuple(items.iter().map(|(k, _)| k.clone()).collect());
        call_cached(rt, a[0], &words, names.word())
    }),
    def("__get__", "($self, instance, owner=None, /)", |rt, a| {
        if a[1].is_none() { Ok(Owned::share(a[0])) } else { Ok(rt.new_bound_method(a[0], a[1])) }
    }),
    def("cache_info", "($self, /)", |rt, a| {
        let c = native::<LruCache>(a[0]);
        let (info, max) = (c.info_type.clone(), if c.max_size < 0 { Word::NONE } else { Word::small(c.max_size) });
        let (hits, misses, size) = (c.hits, c.misses, rt.dict_len(c.table.word()) as i64);
        rt.call(info.word(), &[Word::small(hits), Word::small(misses), max, Word::small(size)])
    }),
    def("cache_clear", "($self, /)", |rt, a| {
        let empty = rt.new_dict();
        let mut c = native::<LruCache>(a[0]);
        let old = (core::mem::replace(&mut c.table, empty), core::mem::take(&mut c.slots));
        c.free.clear();
        (c.head, c.tail, c.hits, c.misses) = (END, END, 0, 0);
        drop(old);
        Ok(Owned::NONE)
    }),
    def("__reduce__", "($self, /)", |rt, a| rt.getattr(a[0], "__qualname__")),
    def("__copy__", "($self, /)", |_, a| Ok(Owned::share(a[0]))),
    def("__deepcopy__", "($self, memo, /)", |_, a| Ok(Owned::share(a[0]))),
];

/// Separates positional from keyword arguments in keys.
#[derive(Default)]
struct KeywordMark(Option<Owned>);

fn keyword_mark(rt: &mut Isolate) -> PyResult {
    if let Some(mark) = &rt.state::<KeywordMark>().0 {
        return Ok(mark.clone());
    }
    let mark = rt.call(rt.class_word(ClassId::OBJECT), &[])?;
    rt.state::<KeywordMark>().0 = Some(mark.clone());
    Ok(mark)
}

/// Key of a call: the only argument itself when it is an exact int or str, else a tuple.
fn cache_key(rt: &mut Isolate, args: &[Word], kwnames: Word, typed: bool) -> PyResult {
    let names: &[Word] = if kwnames.is_unbound() { &[] } else { tuple_items(kwnames) };
    if names.is_empty() && !typed {
        if let [only] = args
            && (only.is_small() || rt.class_of(*only) == ClassId::STR)
        {
            return Ok(Owned::share(*only));
        }
        return Ok(rt.new_tuple_of(args));
    }
    let (positional, values) = args.split_at(args.len() - names.len());
    let mut words: Vec<Owned> = positional.iter().map(|&w| Owned::share(w)).collect();
    if !names.is_empty() {
        words.push(keyword_mark(rt)?);
        for (&name, &value) in names.iter().zip(values) {
            words.extend([Owned::share(name), Owned::share(value)]);
        }
    }
    if typed {
        words.extend(args.iter().map(|&w| Owned::share(rt.class_word(rt.class_of(w)))));
    }
    Ok(rt.new_tuple(words))
}

fn call_cached(rt: &mut Isolate, this: Word, args: &[Word], kwnames: Word) -> PyResult {
    let mut c = native::<LruCache>(this);
    let (func, max_size, typed) = (c.func.clone(), c.max_size, c.typed);
    if max_size == 0 {
        c.misses += 1;
        return rt.vectorcall(func.word(), args, kwnames);
    }
    let key = cache_key(rt, args, kwnames, typed)?;
    let table = native::<LruCache>(this).table.clone();
    if let Some(found) = rt.dict_get(table.word(), key.word())? {
        let mut c = native::<LruCache>(this);
        c.hits += 1;
        if max_size < 0 {
            return Ok(found);
        }
        let i = found.word().as_small() as usize;
        if c.head != i {
            c.unlink(i);
            c.push_front(i);
        }
        return Ok(c.slots[i].value.clone());
    }
    native::<LruCache>(this).misses += 1;
    let value = rt.vectorcall(func.word(), args, kwnames)?;
    let table = native::<LruCache>(this).table.clone();
    if max_size < 0 {
        rt.dict_set(table.word(), key.word(), value.word())?;
        return Ok(value);
    }
    store(rt, this, table, key, value.clone(), max_size as usize)?;
    Ok(value)
}

fn store(rt: &mut Isolate, this: Word, table: Owned, key: Owned, value: Owned, max_size: usize) -> PyResult<()> {
    // The call may have cached the same key, or cleared the cache.
    if rt.dict_get(table.word(), key.word())?.is_some() {
        return Ok(());
    }
    if rt.dict_len(table.word()) >= max_size {
        let mut c = native::<LruCache>(this);
        let oldest = c.tail;
        if oldest != END {
            c.unlink(oldest);
            let old_key = core::mem::replace(&mut c.slots[oldest].key, Owned::NONE);
            let old_value = core::mem::replace(&mut c.slots[oldest].value, Owned::NONE);
            c.free.push(oldest);
            rt.dict_remove(table.word(), old_key.word())?;
            drop(old_value);
        }
    }
    let mut c = native::<LruCache>(this);
    let slot = Slot { key: key.clone(), value, newer: END, older: END };
    let i = match c.free.pop() {
        Some(i) => {
            c.slots[i] = slot;
            i
        }
        None => {
            c.slots.push(slot);
            c.slots.len() - 1
        }
    };
    c.push_front(i);
    rt.dict_set(table.word(), key.word(), Word::small(i as i64))
}
