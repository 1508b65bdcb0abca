use alloc::vec;
use alloc::vec::Vec;

use super::super::print::pr_str;
use super::super::tests::{Random, leaves_nothing};
use super::super::{Kind, kind::kind_of};
use super::*;
use crate::api::str_text;

/// Everything that can be asked of a map of small integers agrees with `model`.
fn check(rt: &mut Isolate, map: Word, model: &[(i64, i64)]) {
    let entries: Vec<(i64, i64)> = iter(map).map(|e| (e[0].as_small(), e[1].as_small())).collect();
    assert_eq!(entries, model);
    assert_eq!((len(map), iter(map).left()), (model.len(), model.len()));
    assert_eq!(kind_of(rt, map), Kind::Map);
}

fn put(rt: &mut Isolate, map: Owned, key: i64, value: i64) -> Owned {
    set(rt, map, Word::small(key), Owned::small(value)).expect("numbers are keys")
}

fn shown(rt: &mut Isolate, map: Word) -> alloc::string::String {
    let text = pr_str(rt, map).expect("data have text");
    str_text(text.word()).into_owned()
}

#[test]
fn keys_keep_their_place_and_first_spelling() {
    leaves_nothing(|rt| {
        let (k, other) = (rt.keyword("name"), rt.keyword("other"));
        let text = rt.new_str("name");
        let one = rt.new_float(1.0);
        let words = [k, Word::small(1), Word::small(1), Word::small(2), other, Word::small(3)];
        let mut map = from_words(rt, &words).expect("keys are shallow");
        for (key, value) in [(text.word(), 10), (one.word(), 20)] {
            map = set(rt, map, key, Owned::small(value)).expect("keys are shallow");
        }
        assert_eq!(shown(rt, map.word()), "{:name 10 1 20 :other 3}");
        assert_eq!(get(rt, map.word(), text.word()), Ok(Some(Word::small(10))));
        assert_eq!(get(rt, map.word(), k), Ok(Some(Word::small(10))));
        assert_eq!(get(rt, map.word(), Word::TRUE), Ok(None));
        let symbol = rt.symbol("name");
        assert_eq!(has_key(rt, map.word(), symbol), Ok(false));
        let map = remove(rt, map, text.word()).expect("keys are shallow");
        let map = set(rt, map, text.word(), Owned::small(5)).expect("keys are shallow");
        assert_eq!(shown(rt, map.word()), "{1 20 :other 3 \"name\" 5}");
    });
}

#[test]
fn spellings_are_one_key_in_large_maps_too() {
    leaves_nothing(|rt| {
        let mut map = empty(rt);
        for i in 0..100 {
            let key = rt.keyword(&alloc::format!("k{i}"));
            map = set(rt, map, key, Owned::small(i)).expect("keys are shallow");
        }
        let key = rt.new_str("k50");
        assert_eq!(get(rt, map.word(), key.word()), Ok(Some(Word::small(50))));
        map = set(rt, map, key.word(), Owned::small(-1)).expect("keys are shallow");
        assert_eq!(len(map.word()), 100);
        assert_eq!(iter(map.word()).nth(50), Some([rt.keyword("k50"), Word::small(-1)]));
    });
}

#[test]
fn older_versions_stay_as_they_were() {
    leaves_nothing(|rt| {
        let mut versions = vec![(empty(rt), vec![])];
        for i in 0..200 {
            let (last, model) = versions[versions.len() - 1].clone();
            let mut model: Vec<(i64, i64)> = model;
            model.push((i, -i));
            versions.push((put(rt, last, i, -i), model));
        }
        for i in (0..200).step_by(3) {
            let (last, mut model) = versions[versions.len() - 1].clone();
            model.retain(|e| e.0 != i);
            let smaller = remove(rt, last, Word::small(i)).expect("numbers are keys");
            versions.push((smaller, model));
        }
        for (map, model) in &versions {
            check(rt, map.word(), model);
        }
    });
}

#[test]
fn a_map_that_is_alone_changes_in_place() {
    leaves_nothing(|rt| {
        let mut map = empty(rt);
        for i in 0..1000 {
            map = put(rt, map, i, i);
        }
        let (address, live) = (map.word(), rt.ctx.live_objects);
        for i in 0..1000 {
            map = put(rt, map, i, i + 1);
        }
        assert_eq!((map.word(), rt.ctx.live_objects), (address, live));
        let kept = map.clone();
        let changed = put(rt, map, 500, 0);
        assert_ne!(changed.word(), kept.word());
        assert!(rt.ctx.live_objects < live + 8, "only the way to the entry is copied");
        assert_eq!(get(rt, kept.word(), Word::small(500)), Ok(Some(Word::small(501))));
    });
}

#[test]
fn merging_takes_the_values_on_the_right() {
    leaves_nothing(|rt| {
        let a = from_words(rt, &[1, 10, 2, 20].map(Word::small)).expect("numbers are keys");
        let b = from_words(rt, &[3, 30, 1, 11].map(Word::small)).expect("numbers are keys");
        let both = merge(rt, a.clone(), b.word()).expect("numbers are keys");
        check(rt, both.word(), &[(1, 11), (2, 20), (3, 30)]);
        check(rt, a.word(), &[(1, 10), (2, 20)]);
        let none = empty(rt);
        assert_eq!(merge(rt, none, b.word()).map(|m| m.word()), Ok(b.word()));
    });
}

/// One random change of a map and its model.
fn step(rt: &mut Isolate, random: &mut Random, map: Owned, model: &mut Vec<(i64, i64)>, keys: usize) -> Owned {
    let (key, value) = (random.below(keys) as i64, random.below(1000) as i64);
    let found = model.iter().position(|e| e.0 == key);
    assert_eq!(get(rt, map.word(), Word::small(key)), Ok(found.map(|i| Word::small(model[i].1))));
    // Phases of growth and of shrinking.
    if random.below(100) < if random.below(2) == 0 { 30 } else { 60 } {
        if let Some(i) = found {
            model.remove(i);
        }
        return remove(rt, map, Word::small(key)).expect("numbers are keys");
    }
    match found {
        Some(i) => model[i].1 = value,
        None => model.push((key, value)),
    }
    put(rt, map, key, value)
}

#[test]
fn random_maps_agree_with_lists_of_pairs() {
    let mut random = Random::new();
    leaves_nothing(|rt| {
        for keys in [6, 20, 400] {
            let mut kept = vec![(empty(rt), vec![])];
            for turn in 0..if cfg!(miri) { 60 } else { 4000 } {
                let from = random.below(kept.len());
                let alone = random.below(4) > 0 && kept.len() > 1;
                let (map, mut model) = if alone { kept.swap_remove(from) } else { kept[from].clone() };
                let made = step(rt, &mut random, map, &mut model, keys);
                if turn % 8 == 0 {
                    check(rt, made.word(), &model);
                }
                kept.push((made, model));
                if kept.len() > 6 {
                    kept.swap_remove(random.below(6));
                }
            }
            for (map, model) in &kept {
                check(rt, map.word(), model);
            }
        }
    });
}
