//! Random sources from pieces that are nearly programs, for the tests that nothing panics.

/// A small generator (splitmix64), so that the inputs are the same on every machine.
pub struct Random(pub u64);

impl Random {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Pieces that are nearly programs: more of them get past the parser than of single tokens.
pub const PIECES: &[&str] = &[
    "fn f(x: i32) -> i32 {",
    "}",
    "let x = ",
    "x + 1;",
    "struct S { a: i32 }",
    "enum E { A, B(i32) }",
    "match x {",
    "A => 1,",
    "E::B(y) => y,",
    "impl S {",
    "trait T { fn g(&self); }",
    "impl T for S {",
    "use a::b;",
    "mod a {",
    "pub fn b() {}",
    "macro_rules! m { ($x:expr) => { $x + 1 }; ($($y:ident),*) => { $(let $y = 1;)* } }",
    "m!(1)",
    "m!(a, b);",
    "m! { 2 }",
    "println!(\"{x} {}\", 1);",
    "f\"{x + 1}\"",
    "actor C { n: i32 = 0,",
    "receive { _ => 1 }",
    "spawn C {}",
    "c ! f(1);",
    "ask c.f(1)",
    "if let Some(z) = x {",
    "while x < 1 {",
    "loop { break 1 }",
    "'l: for i in 0..3 {",
    "break 'l;",
    "return x;",
    "|a, b| a",
    "vec![1, 2]",
    "(x, y) = (1, 2);",
    "S { a: 1 }",
    "self.a",
    "Self::g()",
    "<S as T>::g",
    "#[derive(Clone, Debug)]",
    "#[cfg(test)]",
    "const N: i32 = 1;",
    "static M: i32 = 2;",
    "type A = i32;",
    "where T: Clone",
    "<T>",
    "&mut x",
    "async {",
    ".await",
    "?",
    "unsafe {",
    "x as u8",
    "crate::f()",
    "super::g()",
    "$x",
    "assert_eq!(1, x);",
    "map!{1 => 2}",
    ";",
    "{",
    "(",
    ")",
];
