use alloc::vec;

use super::super::tests::{Random, isolate, leaves_nothing};
use super::*;

/// Numbers from `from` up, as a flat list.
fn numbers(rt: &mut Isolate, from: i64, count: i64) -> Owned {
    let items: Vec<Word> = (from..from + count).map(Word::small).collect();
    from_words(rt, &items)
}

fn values(list: Word) -> Vec<i64> {
    iter(list).map(Word::as_small).collect()
}

/// Everything that can be asked of a list agrees with `model`.
fn check(list: Word, model: &[i64]) {
    assert_eq!(values(list), model);
    assert_eq!(len(list), model.len());
    assert_eq!(head(list).map(Word::as_small), model.first().copied());
    for (i, &v) in model.iter().enumerate() {
        assert_eq!(nth(list, i), Some(Word::small(v)), "item {i}");
    }
    assert_eq!(nth(list, model.len()), None);
}

#[test]
fn the_empty_list_is_one_object() {
    leaves_nothing(|rt| {
        let none = empty(rt);
        check(none.word(), &[]);
        assert_eq!(from_words(rt, &[]).word(), none.word());
        assert_eq!(from_vec(rt, vec![]).word(), none.word());
        assert!(tail(rt, none.clone()).is_none());
        let one = numbers(rt, 5, 1);
        let rest = tail(rt, one).expect("one item has a tail");
        assert_eq!(rest.word(), none.word());
        let three = numbers(rt, 1, 3);
        assert_eq!(take(rt, three.clone(), 0).word(), none.word());
        assert_eq!(skip(rt, three, 3).word(), none.word());
    });
}

#[test]
fn cells_stand_before_shared_lists() {
    leaves_nothing(|rt| {
        let base = numbers(rt, 10, 4);
        let a = cons(rt, Owned::small(1), base.clone());
        let b = cons(rt, Owned::small(2), base.clone());
        let c = cons(rt, Owned::small(3), a.clone());
        check(base.word(), &[10, 11, 12, 13]);
        check(a.word(), &[1, 10, 11, 12, 13]);
        check(b.word(), &[2, 10, 11, 12, 13]);
        check(c.word(), &[3, 1, 10, 11, 12, 13]);
        let rest = tail(rt, c).expect("there are items");
        assert_eq!(rest.word(), a.word());
    });
}

#[test]
fn a_list_that_is_alone_grows_in_its_node() {
    leaves_nothing(|rt| {
        let mut list = empty(rt);
        for i in 0..1000 {
            list = cons(rt, Owned::small(i), list);
        }
        assert!(!is_cell(list.word()));
        check(list.word(), &(0..1000).rev().collect::<Vec<_>>());
        let before = list.word();
        let list = cons(rt, Owned::small(1000), list);
        assert_eq!(list.word(), before);
        let kept = list.clone();
        let longer = cons(rt, Owned::small(7), list);
        assert!(is_cell(longer.word()));
        assert_eq!(len(kept.word()), 1001);
        let list = tail(rt, kept).expect("there are items");
        assert_eq!((len(list.word()), len(longer.word())), (1000, 1002));
    });
}

#[test]
fn appending_to_a_list_that_is_alone_is_in_place() {
    leaves_nothing(|rt| {
        let mut list = empty(rt);
        for i in 0..300 {
            let one = numbers(rt, i, 1);
            list = append(rt, list, one);
        }
        check(list.word(), &(0..300).collect::<Vec<_>>());
        let kept = list.clone();
        let more = numbers(rt, 300, 5);
        let longer = append(rt, list, more);
        assert_eq!((len(kept.word()), len(longer.word())), (300, 305));
        let two = numbers(rt, -2, 2);
        let shared = append(rt, two, kept.clone());
        check(kept.word(), &(0..300).collect::<Vec<_>>());
        check(shared.word(), &(-2..300).collect::<Vec<_>>());
    });
}

#[test]
fn tail_releases_what_it_leaves_behind() {
    leaves_nothing(|rt| {
        let items: Vec<Owned> = (0..10).map(|i| rt.new_str(&alloc::format!("item {i}"))).collect();
        let live = rt.ctx.live_objects;
        let mut list = from_vec(rt, items);
        for gone in 1..10 {
            list = tail(rt, list).expect("there are items");
            assert_eq!(rt.ctx.live_objects, live + 2 - gone);
        }
    });
}

#[test]
fn few_items_do_not_keep_a_large_list() {
    leaves_nothing(|rt| {
        let large = numbers(rt, 0, 1000);
        let few = take(rt, large.clone(), 10);
        assert_ne!(slice_obj(few.word()).node, slice_obj(large.word()).node);
        let many = take(rt, large.clone(), 500);
        assert_eq!(slice_obj(many.word()).node, slice_obj(large.word()).node);
        check(few.word(), &(0..10).collect::<Vec<_>>());
        check(many.word(), &(0..500).collect::<Vec<_>>());
    });
}

#[test]
fn a_tuple_lends_its_items() {
    leaves_nothing(|rt| {
        let tuple = rt.new_tuple((0..5).map(Owned::small).collect());
        let list = from_tuple(rt, tuple.word());
        check(list.word(), &[0, 1, 2, 3, 4]);
        let list = tail(rt, list).expect("there are items");
        let list = cons(rt, Owned::small(9), list);
        check(list.word(), &[9, 1, 2, 3, 4]);
        assert_eq!(words(tuple.word())[0], Word::small(0));
        let list = from_tuple(rt, tuple.word());
        let node = tuple.into_word();
        crate::owned::dec(node);
        let list = tail(rt, list).expect("there are items");
        assert_eq!(words(node)[0], Word::small(0), "a tuple is never changed");
        drop(list);
    });
}

/// Cells, however short, on top of what `base` is.
fn cells(rt: &mut Isolate, base: Owned, count: i64) -> Owned {
    (0..count).fold(base, |list, i| {
        let held = list.clone();
        let made = cons(rt, Owned::small(i), list);
        drop(held);
        made
    })
}

#[test]
fn jumps_find_any_item_of_a_long_chain() {
    leaves_nothing(|rt| {
        let base = numbers(rt, 1_000_000, 100);
        let list = cells(rt, base, 5000);
        assert!(is_cell(list.word()));
        let model: Vec<i64> = (0..5000).rev().chain(1_000_000..1_000_100).collect();
        check(list.word(), &model);
        let mut steps = 0;
        let mut at = list.word();
        while is_cell(at) && len(at) > 150 {
            at = if len(jump(at)) >= 150 { jump(at) } else { cons_obj(at).next };
            steps += 1;
        }
        assert!(steps < 40, "{steps} steps");
    });
}

#[test]
fn a_million_cells_are_released_without_recursion() {
    let mut rt = isolate();
    let live = rt.ctx.live_objects;
    let count = 1_000_000;
    let none = empty(&rt);
    let list = cells(&mut rt, none, count);
    // The first item lies in a flat list: two objects.
    assert_eq!(rt.ctx.live_objects, live + count + 1);
    drop(list);
    assert_eq!(rt.ctx.live_objects, live);
    let nested = (0..count).fold(empty(&rt), |inner, _| from_vec(&mut rt, vec![inner]));
    drop(nested);
    assert_eq!(rt.ctx.live_objects, live);
}

/// One random step on a list and its model.
fn step(rt: &mut Isolate, random: &mut Random, list: Owned, model: &mut Vec<i64>) -> Owned {
    let n = random.below(model.len() + 2);
    match random.below(9) {
        0..3 => {
            model.insert(0, n as i64);
            cons(rt, Owned::small(n as i64), list)
        }
        8 => {
            model.push(n as i64);
            push(rt, list, Owned::small(n as i64))
        }
        3..5 => match tail(rt, list) {
            Some(rest) => {
                model.remove(0);
                rest
            }
            None => empty(rt),
        },
        5 => {
            let more = numbers(rt, 50, n as i64 % 7);
            model.extend(50..50 + n as i64 % 7);
            append(rt, list, more)
        }
        6 => {
            let some = n.min(3);
            model.drain(..some.min(model.len()));
            skip(rt, list, some)
        }
        _ if model.len() > 60 => {
            model.truncate(n);
            take(rt, list, n)
        }
        _ => append_to_numbers(rt, list, model),
    }
}

fn append_to_numbers(rt: &mut Isolate, list: Owned, model: &mut Vec<i64>) -> Owned {
    let front = numbers(rt, -3, 3);
    model.splice(0..0, -3..0);
    append(rt, front, list)
}

#[test]
fn random_lists_agree_with_vectors() {
    let mut random = Random::new();
    leaves_nothing(|rt| {
        let mut kept: Vec<(Owned, Vec<i64>)> = vec![(empty(rt), vec![])];
        for _ in 0..if cfg!(miri) { 100 } else { 5_000 } {
            let from = random.below(kept.len());
            let (list, mut model) =
                if random.below(3) == 0 && kept.len() > 1 { kept.swap_remove(from) } else { kept[from].clone() };
            let made = step(rt, &mut random, list, &mut model);
            check(made.word(), &model);
            kept.push((made, model));
            if kept.len() > 12 {
                kept.swap_remove(random.below(12));
            }
        }
        for (list, model) in &kept {
            check(list.word(), model);
        }
    });
}
