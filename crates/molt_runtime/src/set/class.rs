//! Methods of `set` and `frozenset`.

use molt_abi::{ClassId, Word};

use super::set_obj;
use crate::api::tuple_items;
use crate::native::{ClassSpec, Layout, NativeDef, def};
use crate::{Isolate, Owned, PyResult};

fn set_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    Ok(rt.new_set_of_class(class))
}

fn set_init(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if set_obj(args[0]).fill > 0 {
        rt.set_clear(args[0]);
    }
    if !args[1].is_unbound() {
        rt.set_update(args[0], args[1])?;
    }
    Ok(Owned::NONE)
}

fn frozenset_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_id(args[0]);
    if args[1].is_unbound() {
        return Ok(rt.new_set_of_class(class));
    }
    if class == ClassId::FROZENSET && rt.class_of(args[1]) == class {
        return Ok(Owned::share(args[1]));
    }
    rt.set_from(class, args[1])
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = rt.type_name(args[0]);
    let keys = rt.set_items(args[0]);
    if keys.is_empty() {
        return Ok(rt.new_str(&format!("{name}()")));
    }
    if !rt.repr_enter(args[0]) {
        return Ok(rt.new_str(&format!("{name}(...)")));
    }
    let texts: PyResult<Vec<String>> = keys.iter().map(|k| rt.repr_text(k.word())).collect();
    rt.repr_leave(args[0]);
    let body = format!("{{{}}}", texts?.join(", "));
    let text = if rt.class_of(args[0]) == ClassId::SET { body } else { format!("{name}({body})") };
    Ok(rt.new_str(&text))
}

fn reduce(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let items = rt.set_items(args[0]);
    let items = rt.new_list(items);
    crate::reduce::by_call(rt, args[0], items)
}

/// Bytes as CPython counts them: the object with a table of eight, or with a larger one beside it.
fn sizeof(rt: &mut Isolate, args: &[Word]) -> PyResult {
    const OBJECT: i64 = 200;
    let slots = set_obj(args[0]).mask as i64 + 1;
    Ok(rt.new_int(if slots > 8 { OBJECT + slots * 16 } else { OBJECT }))
}

fn len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(rt.set_len(args[0]) as i64))
}
fn contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(rt.set_has(args[0], args[1])?))
}
fn iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_set_iterator(args[0]))
}
fn add(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_add(args[0], args[1])?;
    Ok(Owned::NONE)
}
fn discard(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_discard(args[0], args[1])?;
    Ok(Owned::NONE)
}
fn remove(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.set_discard(args[0], args[1])? { Ok(Owned::NONE) } else { Err(rt.key_error(args[1])) }
}
fn pop(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.set_len(args[0]) == 0 {
        let text = rt.new_str("pop from an empty set");
        return Err(rt.key_error(text.word()));
    }
    // SAFETY: the table's reference is ours now.
    Ok(unsafe { Owned::from_word(set_obj(args[0]).take_next()) })
}
fn clear(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_clear(args[0]);
    Ok(Owned::NONE)
}
fn copy(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[0]) == ClassId::FROZENSET { Ok(Owned::share(args[0])) } else { rt.set_copy(args[0]) }
}
fn frozenset_hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let hash = rt.frozenset_hash(args[0]);
    Ok(rt.new_int(hash))
}

// ---- combinations -----------------------------------------------------------------------------------

fn union(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let made = rt.set_copy(args[0])?;
    for &other in tuple_items(args[1]) {
        if other != args[0] {
            rt.set_update(made.word(), other)?;
        }
    }
    Ok(made)
}
fn intersection(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let others = tuple_items(args[1]);
    if others.is_empty() {
        return rt.set_copy(args[0]);
    }
    let mut made = Owned::share(args[0]);
    for &other in others {
        made = rt.set_intersection(made.word(), other)?;
    }
    Ok(made)
}
fn difference(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let Some((&first, others)) = tuple_items(args[1]).split_first() else { return rt.set_copy(args[0]) };
    let made = rt.set_difference(args[0], first)?;
    for &other in others {
        rt.set_difference_update(made.word(), other)?;
    }
    Ok(made)
}
fn symmetric_difference(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_symmetric(args[0], args[1])
}
fn update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    for &other in tuple_items(args[1]) {
        rt.set_update(args[0], other)?;
    }
    Ok(Owned::NONE)
}
fn intersection_update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let made = intersection(rt, args)?;
    set_obj(args[0]).swap(set_obj(made.word()));
    Ok(Owned::NONE)
}
fn difference_update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    for &other in tuple_items(args[1]) {
        rt.set_difference_update(args[0], other)?;
    }
    Ok(Owned::NONE)
}
fn symmetric_difference_update(rt: &mut Isolate, args: &[Word]) -> PyResult {
    rt.set_symmetric_update(args[0], args[1])?;
    Ok(Owned::NONE)
}

fn both_sets(rt: &Isolate, args: &[Word]) -> bool {
    rt.is_set(args[0]) && rt.is_set(args[1])
}

/// Each operator, its reflected form, and the form that changes the left operand.
macro_rules! operators {
    ($($op:ident $reflected:ident $in_place:ident: $made:expr, $update:expr;)*) => { $(
        fn $op(rt: &mut Isolate, args: &[Word]) -> PyResult {
            if !both_sets(rt, args) {
                return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
            }
            $made(rt, args[0], args[1])
        }
        fn $reflected(rt: &mut Isolate, args: &[Word]) -> PyResult {
            $op(rt, &[args[1], args[0]])
        }
        fn $in_place(rt: &mut Isolate, args: &[Word]) -> PyResult {
            if !both_sets(rt, args) {
                return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
            }
            let update: fn(&mut Isolate, Word, Word) -> PyResult<()> = $update;
            update(rt, args[0], args[1])?;
            Ok(Owned::share(args[0]))
        }
    )* };
}

fn joined(rt: &mut Isolate, a: Word, b: Word) -> PyResult {
    let made = rt.set_copy(a)?;
    if a != b {
        rt.set_update(made.word(), b)?;
    }
    Ok(made)
}

fn keep_common(rt: &mut Isolate, a: Word, b: Word) -> PyResult<()> {
    let made = rt.set_intersection(a, b)?;
    set_obj(a).swap(set_obj(made.word()));
    Ok(())
}

operators! {
    op_or op_ror op_ior: joined, Isolate::set_update;
    op_and op_rand op_iand: Isolate::set_intersection, keep_common;
    op_sub op_rsub op_isub: Isolate::set_difference, Isolate::set_difference_update;
    op_xor op_rxor op_ixor: Isolate::set_symmetric, Isolate::set_symmetric_update;
}

// ---- comparisons ------------------------------------------------------------------------------------

macro_rules! comparisons {
    ($($f:ident = |$rt:ident, $a:ident, $b:ident| $body:expr;)*) => { $(
        fn $f($rt: &mut Isolate, args: &[Word]) -> PyResult {
            if !both_sets($rt, args) {
                return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
            }
            let ($a, $b) = (args[0], args[1]);
            Ok(Owned::from_bool($body))
        }
    )* };
}
comparisons! {
    lt = |rt, a, b| rt.set_len(a) < rt.set_len(b) && rt.set_within(a, b)?;
    le = |rt, a, b| rt.set_within(a, b)?;
    eq = |rt, a, b| same_items(rt, a, b)?;
    ne = |rt, a, b| !same_items(rt, a, b)?;
    gt = |rt, a, b| rt.set_len(b) < rt.set_len(a) && rt.set_within(b, a)?;
    ge = |rt, a, b| rt.set_within(b, a)?;
}

fn same_items(rt: &mut Isolate, a: Word, b: Word) -> PyResult<bool> {
    let (x, y) = (set_obj(a), set_obj(b));
    let hashes_differ = x.hash != -1 && y.hash != -1 && x.hash != y.hash;
    Ok(x.used == y.used && !hashes_differ && rt.set_within(a, b)?)
}

fn issubset(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.is_set(args[1]) {
        return Ok(Owned::from_bool(rt.set_within(args[0], args[1])?));
    }
    let both = rt.set_intersection(args[0], args[1])?;
    Ok(Owned::from_bool(rt.set_len(both.word()) == rt.set_len(args[0])))
}
fn issuperset(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.is_set(args[1]) {
        return Ok(Owned::from_bool(rt.set_within(args[1], args[0])?));
    }
    let it = rt.iter(args[1])?;
    while let Some(item) = rt.next(it.word())? {
        if !rt.set_has(args[0], item.word())? {
            return Ok(Owned::from_bool(false));
        }
    }
    Ok(Owned::from_bool(true))
}
fn isdisjoint(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(rt.sets_disjoint(args[0], args[1])?))
}

macro_rules! method_table {
    ($name:ident: $($extra:expr),*) => {
        static $name: &[NativeDef] = &[
            def("__repr__", "($self, /)", repr),
            def("__len__", "($self, /)", len),
            def("__contains__", "($self, object, /)", contains),
            def("__iter__", "($self, /)", iter),
            def("__reduce__", "($self, /)", reduce),
            def("__sizeof__", "($self, /)", sizeof),
            def("__or__", "($self, value, /)", op_or),
            def("__ror__", "($self, value, /)", op_ror),
            def("__and__", "($self, value, /)", op_and),
            def("__rand__", "($self, value, /)", op_rand),
            def("__sub__", "($self, value, /)", op_sub),
            def("__rsub__", "($self, value, /)", op_rsub),
            def("__xor__", "($self, value, /)", op_xor),
            def("__rxor__", "($self, value, /)", op_rxor),
            def("__lt__", "($self, value, /)", lt),
            def("__le__", "($self, value, /)", le),
            def("__eq__", "($self, value, /)", eq),
            def("__ne__", "($self, value, /)", ne),
            def("__gt__", "($self, value, /)", gt),
            def("__ge__", "($self, value, /)", ge),
            def("copy", "($self, /)", copy),
            def("union", "($self, /, *others)", union),
            def("intersection", "($self, /, *others)", intersection),
            def("difference", "($self, /, *others)", difference),
            def("symmetric_difference", "($self, other, /)", symmetric_difference),
            def("issubset", "($self, other, /)", issubset),
            def("issuperset", "($self, other, /)", issuperset),
            def("isdisjoint", "($self, other, /)", isdisjoint),
            $($extra),*
        ];
    };
}
method_table!(SET_METHODS:
    def("__new__", "($type, /, *args, **kwargs)", set_new),
    def("__init__", "($self, iterable=(), /)", set_init),
    def("__ior__", "($self, value, /)", op_ior),
    def("__iand__", "($self, value, /)", op_iand),
    def("__isub__", "($self, value, /)", op_isub),
    def("__ixor__", "($self, value, /)", op_ixor),
    def("add", "($self, object, /)", add),
    def("discard", "($self, object, /)", discard),
    def("remove", "($self, object, /)", remove),
    def("pop", "($self, /)", pop),
    def("clear", "($self, /)", clear),
    def("update", "($self, /, *others)", update),
    def("intersection_update", "($self, /, *others)", intersection_update),
    def("difference_update", "($self, /, *others)", difference_update),
    def("symmetric_difference_update", "($self, other, /)", symmetric_difference_update)
);
method_table!(FROZENSET_METHODS:
    def("__new__", "($type, iterable=(), /)", frozenset_new),
    def("__hash__", "($self, /)", frozenset_hash)
);

static SET_SPEC: ClassSpec = ClassSpec::builtin(ClassId::SET, Layout::Set).methods(SET_METHODS).flags(
    ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::GENERIC | ClassSpec::MATCH_SELF | ClassSpec::WEAKREFABLE,
);
static FROZENSET_SPEC: ClassSpec = ClassSpec::builtin(ClassId::FROZENSET, Layout::Set)
    .methods(FROZENSET_METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::GENERIC | ClassSpec::MATCH_SELF | ClassSpec::WEAKREFABLE);

pub(crate) static SPECS: &[&ClassSpec] = &[&SET_SPEC, &FROZENSET_SPEC];
