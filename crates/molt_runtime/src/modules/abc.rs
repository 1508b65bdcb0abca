//! The module `_abc`: registration and checks of abstract base classes.
//!
//! Classes live as long as the isolate, so registries and caches hold plain class ids.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use molt_abi::{ClassId, Word};

use crate::api::tuple_items;
use crate::native::{ClassSpec, NativeDef, def};
use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_abc, "_abc", init);

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    Ok(())
}

/// What is known about one abstract base class.
#[derive(Default)]
struct AbcData {
    registry: Vec<ClassId>,
    cache: BTreeSet<ClassId>,
    negative: BTreeSet<ClassId>,
    /// Value of the token when the negative cache was last emptied.
    negative_token: u64,
}

#[derive(Default)]
struct AbcState {
    classes: BTreeMap<ClassId, AbcData>,
    /// Counts registrations of the whole program.
    token: u64,
}

fn data(rt: &mut Isolate, class: ClassId) -> &mut AbcData {
    rt.state::<AbcState>().classes.entry(class).or_default()
}

static FUNCTIONS: &[NativeDef] = &[
    def("get_cache_token", "($module, /)", |rt, _| {
        let token = rt.state::<AbcState>().token;
        Ok(rt.new_int(token as i64))
    }),
    def("_abc_init", "($module, self, /)", abc_init),
    def("_abc_register", "($module, self, subclass, /)", register),
    def("_abc_instancecheck", "($module, self, instance, /)", instance_check),
    def("_abc_subclasscheck", "($module, self, subclass, /)", |rt, a| {
        Ok(Owned::from_bool(subclass_check(rt, a[0], a[1])?))
    }),
    def("_reset_registry", "($module, self, /)", |rt, a| {
        let class = rt.class_id(a[0]);
        data(rt, class).registry.clear();
        Ok(Owned::NONE)
    }),
    def("_reset_caches", "($module, self, /)", |rt, a| {
        let class = rt.class_id(a[0]);
        data(rt, class).cache.clear();
        data(rt, class).negative.clear();
        Ok(Owned::NONE)
    }),
    def("_get_dump", "($module, self, /)", |rt, a| {
        let class = rt.class_id(a[0]);
        let d = data(rt, class);
        let sets = [d.registry.clone(), d.cache.iter().copied().collect(), d.negative.iter().copied().collect()];
        let token = d.negative_token;
        let mut items = Vec::new();
        for ids in sets {
            let words: Vec<Word> = ids.iter().map(|&id| rt.class_word(id)).collect();
            items.push(rt.new_set(&words)?);
        }
        items.push(rt.new_int(token as i64));
        Ok(rt.new_tuple(items))
    }),
];

fn is_abstract(rt: &mut Isolate, value: Word) -> PyResult<bool> {
    match rt.getattr_opt(value, "__isabstractmethod__")? {
        Some(flag) => rt.truth(flag.word()),
        None => Ok(false),
    }
}

/// Computes `__abstractmethods__` and takes over `__abc_tpflags__`.
fn abc_init(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_obj(a[0]);
    let namespace = rt.class_dict(class);
    let mut names: Vec<Owned> = Vec::new();
    for (name, value) in rt.dict_items(namespace) {
        if is_abstract(rt, value.word())? {
            names.push(name);
        }
    }
    for &base in tuple_items(rt.class_obj(a[0]).bases) {
        let Some(inherited) = rt.getattr_opt(base, "__abstractmethods__")? else { continue };
        for name in rt.collect(inherited.word())? {
            if let Some(value) = rt.get_attr_opt(a[0], name.word())?
                && is_abstract(rt, value.word())?
            {
                names.push(name);
            }
        }
    }
    let list = rt.new_list(names);
    let set = rt.call(rt.class_word(ClassId::FROZENSET), &[list.word()])?;
    rt.setattr(a[0], "__abstractmethods__", set.word())?;
    let flags_name = rt.intern("__abc_tpflags__");
    if let Some(flags) = rt.dict_get_name(namespace, flags_name) {
        // Bits 5 and 6 of CPython's type flags mark sequences and mappings for `match`.
        let bits = flags.to_small().unwrap_or(0);
        let mut class = rt.class_obj(a[0]);
        for (bit, flag) in [(5, ClassSpec::SEQUENCE), (6, ClassSpec::MAPPING)] {
            if bits >> bit & 1 == 1 {
                class.flags |= flag;
            }
        }
        drop(rt.dict_remove_name(namespace, flags_name));
    }
    let id = rt.class_id(a[0]);
    data(rt, id);
    Ok(Owned::NONE)
}

/// Gives a registered class, and what derives from it, the pattern-matching kind of the abstract class. Builtin
/// classes keep theirs: `str` is a `Sequence`, but no sequence pattern matches it.
fn spread_kind(rt: &mut Isolate, class: ClassId, kind: u32) {
    let mut class = rt.class(class);
    if !class.has(crate::class::ClassObj::HEAP) {
        return;
    }
    class.flags = class.flags & !(ClassSpec::SEQUENCE | ClassSpec::MAPPING) | kind;
    for sub in class.subclasses.clone() {
        spread_kind(rt, sub, kind);
    }
}

fn register(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if !rt.is_class(a[1]) {
        return Err(rt.type_error("Can only register classes"));
    }
    let (class, sub) = (rt.class_id(a[0]), rt.class_id(a[1]));
    if rt.issubclass(a[1], a[0])? {
        return Ok(Owned::share(a[1]));
    }
    if rt.issubclass(a[0], a[1])? {
        return Err(rt.runtime_error("Refusing to create an inheritance cycle"));
    }
    data(rt, class).registry.push(sub);
    rt.state::<AbcState>().token += 1;
    let kind = rt.class(class).flags & (ClassSpec::SEQUENCE | ClassSpec::MAPPING);
    if kind != 0 {
        spread_kind(rt, sub, kind);
    }
    Ok(Owned::share(a[1]))
}

fn instance_check(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    let claimed = rt.getattr(a[1], "__class__")?;
    let own = rt.class_of(a[1]);
    if rt.is_class(claimed.word()) {
        let claimed_id = rt.class_id(claimed.word());
        let token = rt.state::<AbcState>().token;
        let d = data(rt, class);
        if d.cache.contains(&claimed_id) {
            return Ok(Owned::from_bool(true));
        }
        if claimed_id == own && d.negative_token == token && d.negative.contains(&claimed_id) {
            return Ok(Owned::from_bool(false));
        }
    }
    let r = rt.call_method(a[0], "__subclasscheck__", &[claimed.word()])?;
    if rt.truth(r.word())? || claimed.word() == rt.class_word(own) {
        return Ok(r);
    }
    let own = rt.class_word(own);
    rt.call_method(a[0], "__subclasscheck__", &[own])
}

fn subclass_check(rt: &mut Isolate, class_word: Word, sub_word: Word) -> PyResult<bool> {
    if !rt.is_class(sub_word) {
        return Err(rt.type_error("issubclass() arg 1 must be a class"));
    }
    let (class, sub) = (rt.class_id(class_word), rt.class_id(sub_word));
    let token = rt.state::<AbcState>().token;
    let d = data(rt, class);
    if d.cache.contains(&sub) {
        return Ok(true);
    }
    if d.negative_token < token {
        d.negative.clear();
        d.negative_token = token;
    } else if d.negative.contains(&sub) {
        return Ok(false);
    }
    let found = derives(rt, class_word, class, sub_word, sub)?;
    let d = data(rt, class);
    if found { &mut d.cache } else { &mut d.negative }.insert(sub);
    Ok(found)
}

/// The check itself: hook, inheritance, registered classes, subclasses.
fn derives(rt: &mut Isolate, class_word: Word, class: ClassId, sub_word: Word, sub: ClassId) -> PyResult<bool> {
    let hook = rt.call_method(class_word, "__subclasshook__", &[sub_word])?;
    if hook.word() != Word::NOT_IMPLEMENTED {
        return rt.truth(hook.word());
    }
    if rt.is_subclass(sub, class) {
        return Ok(true);
    }
    for id in data(rt, class).registry.clone() {
        let other = rt.class_word(id);
        if rt.issubclass(sub_word, other)? {
            return Ok(true);
        }
    }
    let subclasses = rt.call_method(class_word, "__subclasses__", &[])?;
    for other in rt.collect(subclasses.word())? {
        if rt.issubclass(sub_word, other.word())? {
            return Ok(true);
        }
    }
    Ok(false)
}
