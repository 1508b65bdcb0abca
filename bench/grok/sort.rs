//! A stable sort with a comparator, of integers and of structs.
struct Item { key: u32, name: String }

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *state >> 33
}

fn main() {
    let mut state: u64 = 12345;
    let mut numbers = Vec::new();
    for _ in 0..4000000 { numbers.push(next(&mut state)); }
    numbers.sort_by(|a, b| b.cmp(a));
    let mut check: u64 = 0;
    for i in 0..numbers.len() {
        if i % 1000 == 0 { check = check.wrapping_mul(31).wrapping_add(numbers[i]); }
    }
    println!("{check}");

    let mut items = Vec::new();
    for _ in 0..500000 {
        let n = next(&mut state);
        items.push(Item { key: (n % 10000) as u32, name: format!("item {}", n % 977) });
    }
    items.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.name.cmp(&b.name)));
    println!("{} {} {}", items[0].key, items[0].name, items[250000].name);
}
