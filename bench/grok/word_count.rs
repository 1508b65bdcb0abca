//! A hash map from words to counts.
use std::collections::HashMap;

fn text() -> String {
    let mut state: u64 = 1;
    let mut out = String::new();
    for i in 0..2000000 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let mut n = (state >> 33) % 20000;
        n = n * n / 20000;
        out.push('w');
        while n > 0 {
            out.push(((n % 26) as u8 + 97) as char);
            n /= 26;
        }
        out.push(if i % 10 == 9 { '\n' } else { ' ' });
    }
    out
}

fn main() {
    let text = text();
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for _ in 0..3 {
        for line in text.lines() {
            for word in line.split_whitespace() { *counts.entry(word).or_insert(0) += 1; }
        }
    }
    let mut owned: HashMap<String, u64> = HashMap::new();
    for word in text.split_whitespace() { *owned.entry(word.to_string()).or_insert(0) += 1; }
    let mut list: Vec<_> = counts.iter().collect();
    list.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    for (word, n) in list.iter().take(5) { println!("{word} {n}"); }
    println!("{} {}", list.len(), owned.len());
}
