//! Values at the seam between Python and ClaudeLang.
//!
//! | ClaudeLang | Python |
//! |---|---|
//! | nil, booleans, numbers, strings, bytes, errors | the same values |
//! | List, Map, Set | list, dict, set: copies |
//! | Tuple | tuple, its items as they cross |
//! | procedures | callables, whose operands and result cross |
//! | everything else | itself |
//!
//! Copies are deep: neither side sees what the other does to its own. The keys `:k` and `"k"` of a Map are the text `k`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use molt_abi::layout::CodeDesc;
use molt_abi::{ClassId, Word};

use super::{list, map, set, symbol};
use crate::api::{list_items, native, tuple_items};
use crate::class::ClassObj;
use crate::function::code_of;
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::{Isolate, Owned, PyResult};

/// A callable of the other side.
struct Across {
    inner: Owned,
}

impl NativeData for Across {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.inner.word());
    }
    fn clear(&mut self) {
        self.inner = Owned::NONE;
    }
}

/// A procedure of ClaudeLang, as Python sees it.
static PROCEDURE: ClassSpec = ClassSpec::new("claudelang", "Procedure")
    .flags(ClassSpec::NO_NEW | ClassObj::PROCEDURE)
    .methods(METHODS)
    .call(call_procedure);
/// A callable of Python, as ClaudeLang sees it.
static CALLABLE: ClassSpec = ClassSpec::new("claudelang", "PythonCallable")
    .flags(ClassSpec::NO_NEW | ClassObj::PROCEDURE)
    .methods(METHODS)
    .call(call_callable);
static METHODS: &[NativeDef] = &[def("__eq__", "($self, value, /)", eq), def("__hash__", "($self, /)", hash)];

/// Two are equal that stand for one callable.
fn eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if rt.class_of(args[0]) != rt.class_of(args[1]) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    Ok(Owned::from_bool(inner(args[0]) == inner(args[1])))
}

fn hash(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int((inner(args[0]).0 >> 4) as i64))
}

fn inner(w: Word) -> Word {
    native::<Across>(w).inner.word()
}

fn wrapped(rt: &mut Isolate, spec: &'static ClassSpec, w: Word) -> Owned {
    let class = rt.class_for(spec);
    rt.new_native(class, Box::new(Across { inner: Owned::share(w) }))
}

fn is_a(rt: &mut Isolate, w: Word, spec: &'static ClassSpec) -> bool {
    let class = rt.class_for(spec);
    rt.class_of(w) == class
}

/// Python calls a procedure.
fn call_procedure(rt: &mut Isolate, this: Word, args: &[Word], kwnames: Word) -> PyResult {
    if !kwnames.is_unbound() {
        return Err(rt.type_error("procedures of ClaudeLang take no keyword arguments"));
    }
    let args = all(rt, args, to_claude)?;
    let args: Vec<Word> = args.iter().map(Owned::word).collect();
    let callee = native::<Across>(this).inner.clone();
    let result = rt.claude_call(callee.word(), &args)?;
    to_python(rt, result.word())
}

/// ClaudeLang calls a callable of Python.
fn call_callable(rt: &mut Isolate, this: Word, args: &[Word], _: Word) -> PyResult {
    let args = all(rt, args, to_python)?;
    let args: Vec<Word> = args.iter().map(Owned::word).collect();
    let callee = native::<Across>(this).inner.clone();
    let result = rt.vectorcall(callee.word(), &args, Word::UNBOUND)?;
    to_claude(rt, result.word())
}

type Cross = fn(&mut Isolate, Word) -> PyResult;

fn all(rt: &mut Isolate, items: &[Word], cross: Cross) -> PyResult<Vec<Owned>> {
    items.iter().map(|&w| cross(rt, w)).collect()
}

/// A tuple on the other side: itself where its items are the same there.
fn tuple(rt: &mut Isolate, w: Word, cross: Cross) -> PyResult {
    let items = all(rt, tuple_items(w), cross)?;
    if items.iter().map(Owned::word).eq(tuple_items(w).iter().copied()) {
        return Ok(Owned::share(w));
    }
    Ok(rt.new_tuple(items))
}

/// A value of Python as ClaudeLang sees it. The errors of what is no data as a key of a Map or an element of a Set, and of
/// nesting without end.
pub(super) fn to_claude(rt: &mut Isolate, w: Word) -> PyResult {
    if !w.is_object() {
        return Ok(Owned::share(w));
    }
    match rt.class_of(w) {
        ClassId::STR | ClassId::INT | ClassId::FLOAT | ClassId::BYTES => Ok(Owned::share(w)),
        ClassId::LIST => {
            rt.check_stack()?;
            let snapshot: Vec<Owned> = list_items(w).iter().map(|&i| Owned::share(i)).collect();
            let items = snapshot.iter().map(|i| to_claude(rt, i.word())).collect::<PyResult<Vec<Owned>>>()?;
            Ok(list::from_vec(rt, items))
        }
        ClassId::TUPLE => {
            rt.check_stack()?;
            tuple(rt, w, to_claude)
        }
        ClassId::DICT => {
            rt.check_stack()?;
            map_of(rt, w)
        }
        ClassId::SET | ClassId::FROZENSET => {
            rt.check_stack()?;
            let mut found = set::empty(rt);
            for item in rt.set_items(w) {
                let item = to_claude(rt, item.word())?;
                found = set::add(rt, found, item.word())?;
            }
            Ok(found)
        }
        _ if is_a(rt, w, &PROCEDURE) => Ok(native::<Across>(w).inner.clone()),
        _ if is_python_callable(rt, w) => Ok(wrapped(rt, &CALLABLE, w)),
        _ => Ok(Owned::share(w)),
    }
}

fn map_of(rt: &mut Isolate, dict: Word) -> PyResult {
    let mut found = map::empty(rt);
    for (key, value) in rt.dict_items(dict) {
        let (key, value) = (to_claude(rt, key.word())?, to_claude(rt, value.word())?);
        found = map::set(rt, found, key.word(), value)?;
    }
    Ok(found)
}

/// Whether a value is called by Python's rules: its class is not one of ClaudeLang's own.
fn is_python_callable(rt: &mut Isolate, w: Word) -> bool {
    let class = rt.class(rt.class_of(w));
    let own = class.spec.is_some_and(|s| s.module == "claudelang");
    !own && rt.is_callable(w)
}

/// A value of ClaudeLang as Python sees it.
pub(super) fn to_python(rt: &mut Isolate, w: Word) -> PyResult {
    if !w.is_object() {
        return Ok(Owned::share(w));
    }
    match rt.class_of(w) {
        ClassId::STR | ClassId::INT | ClassId::FLOAT | ClassId::BYTES => Ok(Owned::share(w)),
        ClassId::CLAUDE_LIST | ClassId::CONS => {
            rt.check_stack()?;
            let items = list::iter(w).map(|i| to_python(rt, i)).collect::<PyResult<Vec<Owned>>>()?;
            Ok(rt.new_list(items))
        }
        ClassId::TUPLE => {
            rt.check_stack()?;
            tuple(rt, w, to_python)
        }
        ClassId::CLAUDE_MAP | ClassId::TRIE_MAP => {
            rt.check_stack()?;
            dict_of(rt, w)
        }
        ClassId::CLAUDE_SET | ClassId::TRIE_SET => {
            rt.check_stack()?;
            let found = rt.new_set(&[])?;
            for item in set::iter(w) {
                let item = to_python(rt, item)?;
                rt.set_add(found.word(), item.word())?;
            }
            Ok(found)
        }
        ClassId::FUNCTION if code_of(w).flags & CodeDesc::CLAUDE != 0 => Ok(wrapped(rt, &PROCEDURE, w)),
        _ if is_a(rt, w, &CALLABLE) => Ok(native::<Across>(w).inner.clone()),
        _ => Ok(Owned::share(w)),
    }
}

fn dict_of(rt: &mut Isolate, m: Word) -> PyResult {
    let found = rt.new_dict();
    for [key, value] in map::iter(m) {
        let key = match rt.class_of(key) {
            ClassId::KEYWORD => Owned::share(symbol::name_of(key)),
            _ => to_python(rt, key)?,
        };
        let value = to_python(rt, value)?;
        rt.dict_set(found.word(), key.word(), value.word())?;
    }
    Ok(found)
}

/// Reads an attribute; see [`attribute`].
pub(super) type Attribute = fn(&mut Isolate, Word, &str) -> PyResult<Option<Owned>>;

/// A field or method of an object of Python, by its name; nothing where it has none.
pub(super) fn attribute(rt: &mut Isolate, object: Word, name: &str) -> PyResult<Option<Owned>> {
    let object = if is_a(rt, object, &CALLABLE) { inner(object) } else { object };
    match rt.getattr(object, name) {
        Ok(found) => to_claude(rt, found.word()).map(Some),
        Err(raised) => {
            let e = rt.take_exception();
            if rt.is_instance(e.word(), crate::exc::ATTRIBUTE_ERROR) {
                return Ok(None);
            }
            rt.set_pending(e);
            Err(raised)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::tests::leaves_nothing;
    use super::*;

    #[test]
    fn collections_cross_as_copies() {
        leaves_nothing(|rt| {
            let inner = rt.new_list(vec![Owned::small(1), Owned::from_bool(true)]);
            let dict = rt.new_dict();
            rt.dict_set_str(dict.word(), "k", inner.word());
            let there = to_claude(rt, dict.word()).expect("data cross");
            assert!(map::is_map(rt, there.word()));
            let key = rt.keyword("k");
            let found = map::get(rt, there.word(), key).expect("keys are data").expect("it is there");
            assert_eq!(list::iter(found).collect::<Vec<_>>(), [Word::small(1), Word::TRUE]);
            let back = to_python(rt, there.word()).expect("data cross");
            assert_ne!(back.word(), dict.word());
            let [(_, list)] = &rt.dict_items(back.word())[..] else { panic!("it has one entry") };
            assert_eq!(list_items(list.word()), [Word::small(1), Word::TRUE]);
        });
    }
}
