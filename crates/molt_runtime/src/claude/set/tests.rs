use alloc::vec;
use alloc::vec::Vec;

use super::super::tests::{Random, leaves_nothing};
use super::*;

fn of(rt: &mut Isolate, items: &[i64]) -> Owned {
    let words: Vec<Word> = items.iter().copied().map(Word::small).collect();
    from_words(rt, &words).expect("numbers are elements")
}

fn items(set: Word) -> Vec<i64> {
    iter(set).map(Word::as_small).collect()
}

#[test]
fn elements_are_compared_by_value_and_kind() {
    leaves_nothing(|rt| {
        let (k, text, one) = (rt.keyword("a"), rt.new_str("a"), rt.new_float(1.0));
        let words = [k, text.word(), Word::small(1), one.word(), Word::TRUE, k];
        let set = from_words(rt, &words).expect("elements are shallow");
        assert_eq!(iter(set.word()).collect::<Vec<_>>(), [k, text.word(), Word::small(1), Word::TRUE]);
        assert_eq!(contains(rt, set.word(), one.word()), Ok(true));
        assert_eq!(contains(rt, set.word(), Word::FALSE), Ok(false));
        let address = set.word();
        let set = add(rt, set, k).expect("elements are shallow");
        assert_eq!(set.word(), address);
    });
}

#[test]
fn sets_are_combined() {
    leaves_nothing(|rt| {
        for scale in [1, 30] {
            let wide = |items: &[i64]| -> Vec<i64> {
                items.iter().flat_map(|i| (0..scale).map(move |j| i * scale + j)).collect()
            };
            let (a, b) = (of(rt, &wide(&[1, 2, 3])), of(rt, &wide(&[5, 3, 1])));
            let union = union(rt, a.clone(), b.word()).expect("numbers are elements");
            assert_eq!(items(union.word()), wide(&[1, 2, 3, 5]));
            let both = intersection(rt, a.word(), b.word()).expect("as above");
            assert_eq!(items(both.word()), wide(&[1, 3]));
            let rest = difference(rt, a.clone(), b.word()).expect("as above");
            assert_eq!(items(rest.word()), wide(&[2]));
            let rest = difference(rt, both.clone(), union.word()).expect("as above");
            assert_eq!(rest.word(), empty(rt).word());
            assert_eq!(is_subset(rt, both.word(), a.word()), Ok(true));
            assert_eq!(is_subset(rt, b.word(), a.word()), Ok(false));
            assert_eq!(is_subset(rt, a.word(), union.word()), Ok(true));
            assert_eq!(items(a.word()), wide(&[1, 2, 3]));
        }
    });
}

#[test]
fn random_sets_agree_with_vectors() {
    let mut random = Random::new();
    leaves_nothing(|rt| {
        let mut kept: Vec<(Owned, Vec<i64>)> = vec![(empty(rt), vec![])];
        for _ in 0..3000 {
            let (set, mut model) = kept[random.below(kept.len())].clone();
            let element = random.below(60) as i64;
            let found = model.iter().position(|&e| e == element);
            assert_eq!(contains(rt, set.word(), Word::small(element)), Ok(found.is_some()));
            let made = if random.below(5) < 2 {
                model.retain(|&e| e != element);
                remove(rt, set, Word::small(element))
            } else {
                model.extend(found.is_none().then_some(element));
                add(rt, set, Word::small(element))
            };
            let made = made.expect("numbers are elements");
            assert_eq!(items(made.word()), model);
            assert_eq!(len(made.word()), model.len());
            kept.push((made, model));
            if kept.len() > 6 {
                kept.swap_remove(random.below(6));
            }
        }
    });
}
