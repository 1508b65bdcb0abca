//! Allocation: trees of boxes are built, walked and dropped.
struct Tree { left: Option<Box<Tree>>, right: Option<Box<Tree>> }

fn make(depth: u32) -> Tree {
    if depth == 0 {
        Tree { left: None, right: None }
    } else {
        Tree { left: Some(Box::new(make(depth - 1))), right: Some(Box::new(make(depth - 1))) }
    }
}

fn count(tree: &Tree) -> u32 {
    let mut n = 1;
    if let Some(left) = &tree.left { n += count(left); }
    if let Some(right) = &tree.right { n += count(right); }
    n
}

fn main() {
    let long_lived = make(20);
    let mut total = 0;
    for depth in 4..18 {
        let rounds = 1 << (21 - depth);
        for _ in 0..rounds { total += count(&make(depth)) & 255; }
    }
    println!("{total} {}", count(&long_lived));
}
