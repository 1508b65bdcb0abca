use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::super::compare::{compare, sort};
use super::super::hash::hash;
use super::super::tests::{Random, isolate, leaves_nothing};
use super::super::{map, print, ref_cell, set, tagged};
use super::*;
use crate::{Owned, exc};

/// Whether two values are equal, seen from both sides and with equal hashes if so.
fn same(rt: &mut Isolate, a: &Owned, b: &Owned) -> bool {
    let there = equal(rt, a.word(), b.word()).expect("the values are shallow");
    assert_eq!(equal(rt, b.word(), a.word()), Ok(there));
    if there {
        assert_eq!(hash(rt, a.word()), hash(rt, b.word()));
    }
    there
}

#[test]
fn numbers_are_equal_by_value_and_nothing_else_is_a_number() {
    leaves_nothing(|rt| {
        let big = rt.new_int(i64::MAX);
        let huge = rt.binary(crate::names::Name::MUL, big.word(), big.word()).expect("numbers multiply");
        let huge_again = rt.binary(crate::names::Name::MUL, big.word(), big.word()).expect("numbers multiply");
        let power = rt.new_float(2f64.powi(62));
        let as_int = rt.new_int(1 << 62);
        let one = rt.new_float(1.0);
        let minus = (Owned::small(-1), rt.new_float(-1.0));
        let zeros = (rt.new_float(0.0), rt.new_float(-0.0));
        assert!(same(rt, &Owned::small(1), &one) && same(rt, &power, &as_int) && same(rt, &huge, &huge_again));
        assert!(same(rt, &minus.0, &minus.1) && same(rt, &zeros.0, &zeros.1));
        assert!(!same(rt, &big, &power) && !same(rt, &huge, &big));
        assert!(!same(rt, &Owned::small(1), &Owned::from_bool(true)));
        assert!(!same(rt, &Owned::small(0), &Owned::from_bool(false)));
        let nan = rt.new_float(f64::NAN);
        assert!(!same(rt, &nan, &nan.clone()));
        let holder = list::from_words(rt, &[nan.word()]);
        assert!(!same(rt, &holder, &holder.clone()));
    });
}

#[test]
fn data_are_equal_by_content_and_cells_by_identity() {
    leaves_nothing(|rt| {
        let texts = ["ab", "ab", "ac"].map(|t| rt.new_str(t));
        assert!(same(rt, &texts[0], &texts[1]) && !same(rt, &texts[0], &texts[2]));
        let (k, s) = (Owned::share(rt.keyword("ab")), Owned::share(rt.symbol("ab")));
        assert!(!same(rt, &k, &texts[0]) && !same(rt, &s, &texts[0]) && !same(rt, &s, &k));
        let bytes = [rt.new_bytes(b"ab"), rt.new_bytes(b"ab")];
        assert!(same(rt, &bytes[0], &bytes[1]) && !same(rt, &bytes[0], &texts[0]));
        let flat = list::from_words(rt, &[Word::small(1), texts[0].word()]);
        let end = list::from_words(rt, &[texts[1].word()]);
        let kept = end.clone();
        let cells = list::cons(rt, Owned::small(1), end);
        drop(kept);
        let tuple = rt.new_tuple(vec![Owned::small(1), texts[0].clone()]);
        assert!(same(rt, &flat, &cells) && !same(rt, &flat, &tuple) && same(rt, &tuple, &tuple.clone()));
        let [a, b] = [(); 2].map(|()| ref_cell::new(rt, Owned::NONE).unwrap());
        assert!(same(rt, &a, &a.clone()) && !same(rt, &a, &b));
        let pair = rt.constructor_class("Pair", 2);
        let values = [1, 1, 2].map(|i| tagged::new(rt, pair, [Owned::small(i), flat.clone()].into_iter()));
        assert!(same(rt, &values[0], &values[1]) && !same(rt, &values[0], &values[2]));
        let other = rt.constructor_class("Other", 2);
        let other = tagged::new(rt, other, [Owned::small(1), flat.clone()].into_iter());
        assert!(!same(rt, &values[0], &other));
        let foreign = (rt.new_dict(), rt.new_dict());
        assert!(!same(rt, &foreign.0, &foreign.1) && same(rt, &foreign.0, &foreign.0.clone()));
    });
}

#[test]
fn maps_and_sets_are_equal_whatever_their_order() {
    leaves_nothing(|rt| {
        let (k, text) = (rt.keyword("name"), rt.new_str("name"));
        let one = rt.new_float(1.0);
        let a = map::from_words(rt, &[k, Word::small(1), one.word(), Word::NONE]).expect("keys are shallow");
        let b = map::from_words(rt, &[Word::small(1), Word::NONE, text.word(), one.word()]).expect("as above");
        let c = map::from_words(rt, &[Word::small(1), Word::NONE, text.word(), Word::TRUE]).expect("as above");
        assert!(same(rt, &a, &b) && !same(rt, &a, &c));
        assert_eq!(compare(rt, a.word(), b.word()), Ok(Ordering::Equal));
        let x = set::from_words(rt, &[k, Word::small(1)]).expect("as above");
        let y = set::from_words(rt, &[one.word(), k]).expect("as above");
        let z = set::from_words(rt, &[Word::small(1), text.word()]).expect("as above");
        assert!(same(rt, &x, &y) && !same(rt, &x, &z) && !same(rt, &x, &a));
    });
}

#[test]
fn errors_are_equal_by_type_message_and_data() {
    leaves_nothing(|rt| {
        let mut make = |kind: &str, data: Word| {
            rt.raise_claude(kind, "no", data);
            rt.take_exception()
        };
        let (a, b, c) = (make("io", Word::NONE), make("io", Word::NONE), make("io", Word::TRUE));
        assert!(same(rt, &a, &b) && !same(rt, &a, &c));
        rt.raise(exc::OS_ERROR, "no");
        let d = rt.take_exception();
        rt.raise(exc::OS_ERROR, "no");
        let e = rt.take_exception();
        assert!(!same(rt, &d, &e) && same(rt, &d, &d.clone()) && !same(rt, &a, &d));
    });
}

const DEEP: i64 = 1_000_000;

#[test]
fn deep_data_are_compared_hashed_and_printed() {
    let mut rt = isolate();
    let deep = |rt: &mut Isolate, end: i64| {
        let node = rt.constructor_class("Node", 1);
        (0..DEEP).fold(Owned::small(end), |inner, i| match i % 4 {
            0 => list::from_vec(rt, vec![inner]),
            1 => rt.new_tuple(vec![inner]),
            2 => tagged::new(rt, node, [inner].into_iter()),
            _ => map::from_words(rt, &[Word::NONE, inner.word()]).expect("nil is a key"),
        })
    };
    let (a, b, c) = (deep(&mut rt, 1), deep(&mut rt, 1), deep(&mut rt, 2));
    assert!(same(&mut rt, &a, &b) && !same(&mut rt, &a, &c));
    assert_eq!(compare(&mut rt, a.word(), c.word()), Ok(Ordering::Less));
    let text = print::pr_str(&mut rt, a.word()).expect("data have text");
    assert!(crate::api::str_bytes(text.word()).len() > DEEP as usize);
}

#[test]
fn deep_keys_are_an_error() {
    leaves_nothing(|rt| {
        let deep = |rt: &mut Isolate| {
            (0..DEEP).fold(map::empty(rt), |inner, _| {
                let none = map::empty(rt);
                map::set(rt, none, inner.word(), Owned::NONE).expect("there is no other key")
            })
        };
        let (a, b) = (deep(rt), deep(rt));
        assert!(equal(rt, a.word(), b.word()).is_err());
        let e = rt.take_exception();
        let kind = error::error_field(rt, e.word(), "type").expect("fields are read");
        assert_eq!(crate::api::str_text(kind.word()), "limit");
        assert_eq!(rt.claude.nesting, 0);
        assert_eq!(hash(rt, a.word()), hash(rt, b.word()));
    });
}

#[test]
fn the_order_of_kinds_is_fixed_and_other_values_have_none() {
    leaves_nothing(|rt| {
        let dot = rt.constructor_class("Dot", 0);
        let dash = rt.constructor_class("Dash", 1);
        let nan = rt.new_float(f64::NAN);
        let mut ordered = vec![
            Owned::NONE,
            Owned::from_bool(false),
            Owned::from_bool(true),
            rt.new_float(f64::NEG_INFINITY),
            Owned::small(2),
            rt.new_float(2.5),
            rt.new_int(i64::MAX),
            nan,
            rt.new_str(""),
            rt.new_str("Zebra"),
            rt.new_str("a"),
            rt.new_str("\u{ffff}"),
            rt.new_str("\u{10000}"),
            Owned::share(rt.symbol("s")),
            Owned::share(rt.keyword("k")),
            rt.new_bytes(b"a"),
            list::empty(rt),
            list::from_words(rt, &[Word::small(1)]),
            list::from_words(rt, &[Word::small(1), Word::small(0)]),
            list::from_words(rt, &[Word::small(2)]),
            rt.new_tuple(vec![Owned::small(1)]),
            map::empty(rt),
        ];
        ordered.push(map::from_words(rt, &[Word::small(1), Word::small(9)]).expect("numbers are keys"));
        ordered.push(map::from_words(rt, &[Word::small(2), Word::small(0)]).expect("numbers are keys"));
        ordered.push(set::from_words(rt, &[Word::small(1)]).expect("numbers are elements"));
        ordered.push(set::from_words(rt, &[Word::small(3), Word::small(1)]).expect("numbers are elements"));
        ordered.push(set::from_words(rt, &[Word::small(2), Word::small(1), Word::small(0)]).expect("as above"));
        ordered.push(tagged::new(rt, dash, [Owned::small(1)].into_iter()));
        ordered.push(tagged::new(rt, dot, core::iter::empty()));
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(rt, a.word(), b.word()), Ok(i.cmp(&j)), "{i} and {j}");
            }
        }
        let mut words: Vec<Word> = ordered.iter().rev().map(Owned::word).collect();
        assert_eq!(sort(rt, &mut words), Ok(()));
        assert_eq!(words, ordered.iter().map(Owned::word).collect::<Vec<_>>());
        let cell = ref_cell::new(rt, Owned::NONE).unwrap();
        assert!(compare(rt, cell.word(), Word::small(1)).is_err());
        drop(rt.take_exception());
        words.push(cell.word());
        assert!(sort(rt, &mut words).is_err());
        drop(rt.take_exception());
    });
}

/// Random data, nested up to `depth`.
fn random_value(rt: &mut Isolate, random: &mut Random, depth: usize) -> Owned {
    let kind = random.below(if depth == 0 { 5 } else { 9 });
    let mut parts = |rt: &mut Isolate| -> Vec<Owned> {
        (0..random.below(4) * 2).map(|_| random_value(rt, random, depth - 1)).collect()
    };
    match kind {
        0 => Owned::small(random.below(3) as i64),
        1 => rt.new_float(random.below(3) as f64),
        2 => Owned::from_bool(random.below(2) == 0),
        3 => rt.new_str(["a", "b"][random.below(2)]),
        4 => Owned::share(rt.keyword(["a", "b"][random.below(2)])),
        5 => {
            let items = parts(rt);
            list::from_vec(rt, items)
        }
        6 => {
            let items = parts(rt);
            rt.new_tuple(items)
        }
        7 => {
            let items = parts(rt);
            let words: Vec<Word> = items.iter().map(Owned::word).collect();
            map::from_words(rt, &words).expect("the keys are shallow")
        }
        _ => {
            let items = parts(rt);
            let words: Vec<Word> = items.iter().map(Owned::word).collect();
            set::from_words(rt, &words).expect("the elements are shallow")
        }
    }
}

#[test]
fn random_values_have_consistent_equality_hash_and_order() {
    let mut random = Random::new();
    leaves_nothing(|rt| {
        let values: Vec<Owned> = (0..120).map(|i| random_value(rt, &mut random, i % 4)).collect();
        for a in &values {
            for b in &values {
                let order = compare(rt, a.word(), b.word()).expect("these are data");
                assert_eq!(compare(rt, b.word(), a.word()), Ok(order.reverse()));
                assert_eq!(same(rt, a, b), order.is_eq());
                for c in values.iter().step_by(7) {
                    if order.is_le() && compare(rt, b.word(), c.word()).expect("these are data").is_le() {
                        assert!(compare(rt, a.word(), c.word()).expect("these are data").is_le());
                    }
                }
            }
        }
    });
}
