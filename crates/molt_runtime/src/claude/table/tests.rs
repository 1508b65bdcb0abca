use alloc::vec::Vec;

use super::super::tests::leaves_nothing;
use super::super::{list, map};
use super::*;

fn entries(map: Word) -> Vec<(i64, i64)> {
    map::iter(map).map(|e| (e[0].as_small(), e[1].as_small())).collect()
}

fn numbers(rt: &mut Isolate, count: i64) -> Owned {
    (0..count).fold(map::empty(rt), |m, i| map::set(rt, m, Word::small(i), Owned::small(i)).expect("numbers are keys"))
}

#[test]
fn small_tables_are_flat_and_large_ones_are_not() {
    leaves_nothing(|rt| {
        let mut map = numbers(rt, FLAT_MOST as i64);
        assert!(is_flat::<2>(map.word()));
        map = map::set(rt, map, Word::small(8), Owned::NONE).expect("numbers are keys");
        assert!(!is_flat::<2>(map.word()));
        for i in 0..4 {
            map = map::remove(rt, map, Word::small(i)).expect("numbers are keys");
            assert!(!is_flat::<2>(map.word()));
        }
        map = map::remove(rt, map, Word::small(4)).expect("numbers are keys");
        assert!(is_flat::<2>(map.word()));
        assert_eq!(len::<2>(map.word()), FLATTEN_AT);
        for i in 5..9 {
            map = map::remove(rt, map, Word::small(i)).expect("numbers are keys");
        }
        assert_eq!(map.word(), map::empty(rt).word());
    });
}

#[test]
fn a_table_used_as_a_queue_releases_what_is_behind() {
    leaves_nothing(|rt| {
        let mut map = numbers(rt, 50);
        let live = rt.ctx.live_objects;
        for i in 0..20_000 {
            map = map::set(rt, map, Word::small(50 + i), Owned::small(50 + i)).expect("numbers are keys");
            map = map::remove(rt, map, Word::small(i)).expect("numbers are keys");
        }
        let (first, last) = (entries(map.word())[0], entries(map.word())[49]);
        assert_eq!(last.0 - first.0, 49);
        assert!(rt.ctx.live_objects < live + 600, "{} objects more", rt.ctx.live_objects - live);
    });
}

#[test]
fn positions_that_are_used_up_are_given_anew() {
    leaves_nothing(|rt| {
        let mut map = numbers(rt, 20);
        trie::skip_positions::<2>(rt, map.word(), (1 << 30) - 5);
        for i in 20..40 {
            map = map::set(rt, map, Word::small(i), Owned::small(i)).expect("numbers are keys");
            assert_eq!(entries(map.word()), (0..=i).map(|i| (i, i)).collect::<Vec<_>>());
        }
    });
}

#[test]
fn keys_of_one_hash_share_a_bucket() {
    leaves_nothing(|rt| {
        let mut map = map::empty(rt);
        let keys: Vec<Owned> = (0..40).map(|i| colliding(rt, i)).collect();
        for (i, key) in keys.iter().enumerate() {
            map = map::set(rt, map, key.word(), Owned::small(i as i64)).expect("keys are shallow");
        }
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(map::get(rt, map.word(), key.word()), Ok(Some(Word::small(i as i64))));
        }
        for (i, key) in keys.iter().enumerate().rev() {
            assert_eq!(map::len(map.word()), i + 1);
            map = map::remove(rt, map, key.word()).expect("keys are shallow");
            assert_eq!(map::has_key(rt, map.word(), key.word()), Ok(false));
        }
    });
}

/// One of many numbers with the same hash: Python's hash is the value modulo 2^61 - 1.
fn colliding(rt: &mut Isolate, i: i64) -> Owned {
    use crate::names::Name;
    let modulus = rt.new_int((1 << 61) - 1);
    let multiple = rt.binary(Name::MUL, modulus.word(), Word::small(i)).expect("numbers multiply");
    let number = rt.add(multiple.word(), Word::small(7)).expect("numbers are added");
    list::from_vec(rt, alloc::vec![number])
}
