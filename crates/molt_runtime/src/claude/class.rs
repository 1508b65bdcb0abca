//! The classes of ClaudeLang's values, and what Python sees of them.

use molt_abi::{ClassId, Word};

use super::equal::equal;
use super::error::{self, FIELDS};
use super::hash::hash;
use super::kind::kind_of;
use super::table::TRIE_WORDS;
use super::{list, map, print, ref_cell, set};
use crate::native::{BaseRef, ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::ops::wrap_index;
use crate::{Isolate, Owned, PyResult};

/// Every class, bases before derived ones.
pub(super) const SPECS: &[&ClassSpec] =
    &[&SYMBOL, &KEYWORD, &LIST, &CONS, &NODE, &MAP, &TRIE_MAP, &SET, &TRIE_SET, &BUCKET, &TAGGED, &REF, &ERROR];

const fn spec(id: ClassId, layout: Layout) -> ClassSpec {
    ClassSpec::builtin(id, layout).module("claudelang").flags(ClassSpec::NO_NEW)
}

fn repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    print::pr_str(rt, args[0])
}

fn eq(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if kind_of(rt, args[0]) != kind_of(rt, args[1]) {
        return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
    }
    Ok(Owned::from_bool(equal(rt, args[0], args[1])?))
}

fn hash_method(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let hash = hash(rt, args[0]);
    Ok(rt.new_int(hash as i64))
}

const REPR: NativeDef = def("__repr__", "($self, /)", repr);
const EQ: NativeDef = def("__eq__", "($self, value, /)", eq);
const HASH: NativeDef = def("__hash__", "($self, /)", hash_method);

static ATOM_METHODS: &[NativeDef] = &[REPR];
static DATA_METHODS: &[NativeDef] = &[REPR, EQ, HASH];
static SYMBOL: ClassSpec = spec(ClassId::SYMBOL, Layout::Plain).hidden_words(1).methods(ATOM_METHODS);
static KEYWORD: ClassSpec = spec(ClassId::KEYWORD, Layout::Plain).hidden_words(1).methods(ATOM_METHODS);
static TAGGED: ClassSpec = spec(ClassId::TAGGED, Layout::Plain).methods(DATA_METHODS);
static REF: ClassSpec =
    spec(ClassId::REF, Layout::Plain).hidden_words(ref_cell::WORDS).methods(ATOM_METHODS).flags(ClassSpec::WEAKREFABLE);

fn list_len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(list::len(args[0]) as i64))
}

fn list_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    iterator(rt, list::iter(args[0]))
}

fn list_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let i = rt.to_i64(args[1], "ssize_t")?;
    let found = wrap_index(i, list::len(args[0])).and_then(|i| list::nth(args[0], i));
    found.map(Owned::share).ok_or_else(|| rt.index_error("list index out of range"))
}

static LIST_METHODS: &[NativeDef] = &[
    REPR,
    EQ,
    HASH,
    def("__len__", "($self, /)", list_len),
    def("__iter__", "($self, /)", list_iter),
    def("__getitem__", "($self, index, /)", list_getitem),
];
/// Words of a flat list and of a cell.
const LIST_WORDS: u32 = 3;
const CONS_WORDS: u32 = 4;
static LIST: ClassSpec = spec(ClassId::CLAUDE_LIST, Layout::Plain).hidden_words(LIST_WORDS).methods(LIST_METHODS);
static CONS: ClassSpec =
    spec(ClassId::CONS, Layout::Plain).base(BaseRef::Id(ClassId::CLAUDE_LIST)).hidden_words(CONS_WORDS - LIST_WORDS);
static NODE: ClassSpec = spec(ClassId::NODE, Layout::Words);

/// An iterator over words that a value holds.
fn iterator(rt: &mut Isolate, words: impl Iterator<Item = Word>) -> PyResult {
    let tuple = rt.new_tuple(words.map(Owned::share).collect());
    rt.iter(tuple.word())
}

fn map_len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(map::len(args[0]) as i64))
}

fn map_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    iterator(rt, map::iter(args[0]).map(|[key, _]| key))
}

fn map_getitem(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let found = map::get(rt, args[0], args[1])?;
    found.map(Owned::share).ok_or_else(|| rt.key_error(args[1]))
}

static MAP_METHODS: &[NativeDef] = &[
    REPR,
    EQ,
    HASH,
    def("__len__", "($self, /)", map_len),
    def("__iter__", "($self, /)", map_iter),
    def("__getitem__", "($self, key, /)", map_getitem),
];
static MAP: ClassSpec = spec(ClassId::CLAUDE_MAP, Layout::Words).methods(MAP_METHODS);
static TRIE_MAP: ClassSpec = spec(ClassId::TRIE_MAP, Layout::Plain)
    .base(BaseRef::Id(ClassId::CLAUDE_MAP))
    .hidden_words(TRIE_WORDS - WORDS_LENGTH);

fn set_len(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(rt.new_int(set::len(args[0]) as i64))
}

fn set_iter(rt: &mut Isolate, args: &[Word]) -> PyResult {
    iterator(rt, set::iter(args[0]))
}

fn set_contains(rt: &mut Isolate, args: &[Word]) -> PyResult {
    Ok(Owned::from_bool(set::contains(rt, args[0], args[1])?))
}

static SET_METHODS: &[NativeDef] = &[
    REPR,
    EQ,
    HASH,
    def("__len__", "($self, /)", set_len),
    def("__iter__", "($self, /)", set_iter),
    def("__contains__", "($self, key, /)", set_contains),
];
static SET: ClassSpec = spec(ClassId::CLAUDE_SET, Layout::Words).methods(SET_METHODS);
static TRIE_SET: ClassSpec = spec(ClassId::TRIE_SET, Layout::Plain)
    .base(BaseRef::Id(ClassId::CLAUDE_SET))
    .hidden_words(TRIE_WORDS - WORDS_LENGTH);
static BUCKET: ClassSpec = spec(ClassId::BUCKET, Layout::Words);
/// A flat table has its length where a large one has its first word.
const WORDS_LENGTH: u32 = 1;

fn error_str(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let text = print::error_text(rt, args[0])?;
    Ok(rt.new_str_wtf8(&text))
}

/// A field of an error as an attribute.
macro_rules! field_getter {
    ($index:expr) => {
        getter(FIELDS[$index], |rt, e| Ok(Owned::share(error::own_field(rt, e, $index))))
    };
}

static ERROR_METHODS: &[NativeDef] = &[def("__str__", "($self, /)", error_str), REPR];
static ERROR_FIELDS: &[GetSetDef] = &[
    field_getter!(error::TYPE),
    field_getter!(error::MESSAGE),
    field_getter!(error::DATA),
    field_getter!(error::STACK),
    field_getter!(error::ERROR_CAUSE),
];
static ERROR: ClassSpec = spec(ClassId::CLAUDE_ERROR, Layout::Plain)
    .base(BaseRef::Id(ClassId::EXCEPTION))
    .hidden_words(FIELDS.len() as u32)
    .methods(ERROR_METHODS)
    .getset(ERROR_FIELDS);

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::super::tagged;
    use super::super::tests::leaves_nothing;
    use super::*;
    use crate::exc;

    fn shown(rt: &mut Isolate, w: Word) -> String {
        rt.repr_text(w).expect("data have text")
    }

    fn collected(rt: &mut Isolate, w: Word) -> Vec<Owned> {
        rt.collect(w).expect("data are iterable")
    }

    #[test]
    fn python_sees_sequences_and_mappings() {
        leaves_nothing(|rt| {
            let flat = list::from_words(rt, &[1, 2, 3].map(Word::small));
            let kept = flat.clone();
            let cells = list::cons(rt, Owned::small(0), flat);
            for (list, first) in [(&kept, 1), (&cells, 0)] {
                let n = rt.len(list.word()).expect("lists have a length");
                let items: Vec<i64> = collected(rt, list.word()).iter().map(|w| w.word().as_small()).collect();
                assert_eq!(items, (first..4).collect::<Vec<_>>());
                assert_eq!(n, items.len());
                assert_eq!(rt.getitem(list.word(), Word::small(-1)), Ok(Owned::small(3)));
                assert!(rt.getitem(list.word(), Word::small(n as i64)).is_err());
                assert!(rt.pending_is(exc::INDEX_ERROR));
                rt.clear_exception();
            }
            assert_eq!(shown(rt, cells.word()), "[0 1 2 3]");
            assert_eq!(rt.type_name(cells.word()), rt.type_name(kept.word()));
            for count in [3, 30] {
                let words: Vec<Word> = (0..count).flat_map(|i| [Word::small(i), Word::small(-i)]).collect();
                let map = map::from_words(rt, &words).expect("numbers are keys");
                assert_eq!(rt.len(map.word()), Ok(count as usize));
                assert_eq!(rt.getitem(map.word(), Word::small(2)), Ok(Owned::small(-2)));
                assert_eq!(collected(rt, map.word()).last(), Some(&Owned::small(count - 1)));
                assert!(rt.getitem(map.word(), Word::NONE).is_err() && rt.pending_is(exc::KEY_ERROR));
                rt.clear_exception();
                let set = set::from_words(rt, &words).expect("numbers are elements");
                assert_eq!(rt.contains(set.word(), Word::small(-2)), Ok(true));
                assert_eq!(rt.len(set.word()), Ok(2 * count as usize - 1));
                assert!(!rt.is_tuple(map.word()) && !rt.is_tuple(set.word()));
            }
        });
    }

    #[test]
    fn python_compares_and_hashes_by_the_rules_of_claudelang() {
        leaves_nothing(|rt| {
            let one = rt.new_float(1.0);
            let (a, b) = (list::from_words(rt, &[Word::small(1)]), list::from_words(rt, &[one.word()]));
            assert_eq!(rt.eq(a.word(), b.word()), Ok(true));
            assert_eq!(rt.hash(a.word()), rt.hash(b.word()));
            let python = rt.new_list_of(&[Word::small(1)]);
            assert_eq!(rt.eq(a.word(), python.word()), Ok(false));
            let leaf = rt.constructor_class("Leaf", 1);
            let (x, y) = (tagged::new(rt, leaf, [a].into_iter()), tagged::new(rt, leaf, [b].into_iter()));
            assert_eq!(rt.eq(x.word(), y.word()), Ok(true));
            let dict = rt.new_dict();
            rt.setitem(dict.word(), x.word(), Word::TRUE).expect("data are keys");
            assert_eq!(rt.getitem(dict.word(), y.word()), Ok(Owned::from_bool(true)));
            assert_eq!(shown(rt, y.word()), "(Leaf [1.0])");
            let cell = ref_cell::new(rt, Owned::NONE).unwrap();
            assert_eq!(shown(rt, cell.word()), "#<ref>");
            assert_eq!(rt.eq(cell.word(), cell.word()), Ok(true));
            assert!(rt.call(rt.class_word(ClassId::CLAUDE_MAP), &[]).is_err());
            rt.clear_exception();
        });
    }
}
