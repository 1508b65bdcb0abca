//! The formatter against `tests/cases/format.txt`, and its promises on every other source of the tests: the result
//! formats to itself and has the same tokens and comments.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use molt_base::FileId;
use molt_grok::syntax::format::{FormatOptions, format};
use molt_grok::syntax::{self, SyntaxKind};

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn formatted(source: &str) -> String {
    let once = format(source, FormatOptions::default());
    let twice = format(&once, FormatOptions::default());
    assert_eq!(once, twice, "formatting is not stable for:\n{source}");
    assert_eq!(comments(source), comments(&once), "comments of:\n{source}");
    once
}

/// All comments in any order: a comment may move to the end of its line.
fn comments(text: &str) -> Vec<String> {
    let tokens = syntax::lexer::lex(FileId(0), text).tokens;
    let all = (0..tokens.len() as u32).filter(|&t| tokens.kind(t).is_comment());
    let mut out: Vec<String> = all.map(|t| tokens.text(t).trim_end().to_owned()).collect();
    out.sort();
    out
}

/// `BLESS=1 cargo test -p molt_grok --test format` writes the expectations anew.
#[test]
fn layouts() {
    let path = cases_dir().join("format.txt");
    let table = std::fs::read_to_string(&path).unwrap();
    let mut fresh = String::new();
    let mut wrong = String::new();
    for case in table.split("\n===\n").map(|c| c.trim_matches('\n')).filter(|c| !c.is_empty()) {
        let (source, expected) = case.split_once("\n---\n").unwrap_or((case, ""));
        let found = formatted(source);
        if expected.trim() != found.trim() {
            write!(wrong, "source:\n{source}\nexpected:\n{}\nfound:\n{found}\n", expected.trim()).unwrap();
        }
        write!(fresh, "{source}\n---\n{}\n===\n", found.trim()).unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_source_of_the_tests_formats_to_itself() {
    for name in ["items", "statements", "expressions", "errors", "names", "modules", "macros", "bodies", "format"] {
        let table = std::fs::read_to_string(cases_dir().join(format!("{name}.txt"))).unwrap();
        for case in table.split("\n===\n") {
            formatted(case.split("\n---").next().unwrap());
        }
    }
    formatted(&std::fs::read_to_string(cases_dir().join("library.grok")).unwrap());
}

#[test]
fn damaged_sources_keep_their_text() {
    let table = std::fs::read_to_string(cases_dir().join("bodies.txt")).unwrap();
    for case in table.split("\n===\n") {
        let source = case.split("\n---").next().unwrap();
        for (end, _) in source.char_indices().step_by(7) {
            let tokens = |text: &str| {
                let tokens = syntax::lexer::lex(FileId(0), text).tokens;
                let kept = (0..tokens.len() as u32).filter(|&t| {
                    let kind = tokens.kind(t);
                    !kind.is_trivia() && !matches!(kind, SyntaxKind::Comma | SyntaxKind::Semicolon)
                });
                kept.map(|t| tokens.text(t).to_owned()).collect::<Vec<_>>()
            };
            let cut = &source[..end];
            assert_eq!(tokens(cut), tokens(&formatted(cut)));
        }
    }
}

/// A small generator (splitmix64), so that the inputs are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Pieces that are nearly programs: more of them get past the parser than of single tokens.
const PIECES: &[&str] = &[
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

/// Whatever is wrong with a source: formatting is stable and keeps tokens and comments.
#[test]
fn soups_of_pieces_are_stable() {
    let mut random = Random(23);
    for _ in 0..4_000 {
        let mut source = String::new();
        for _ in 0..random.below(16) {
            source.push_str(PIECES[random.below(PIECES.len())]);
            source.push_str([" ", "\n", " // c\n", "\n\n", " /* d */ "][random.below(5)]);
        }
        formatted(&source);
    }
}
