//! Lexer and parser against the tables in `tests/cases`: each case is a source, a line `---`, and what is expected.
//!
//! `BLESS=1 cargo test -p molt_grok --test syntax` writes the expectations anew; read the difference before you keep it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use molt_base::FileId;
use molt_grok::syntax::{self, Entry, Parse, SyntaxKind, literal};

const FILE: FileId = FileId(0);

fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// Compares every case of a table with what `show` makes of its source.
fn check_table(name: &str, show: impl Fn(&str) -> String) {
    let path = cases_dir().join(name);
    let table = std::fs::read_to_string(&path).unwrap();
    let mut fresh = String::new();
    let mut wrong = Vec::new();
    for case in table.split("\n===\n").map(|c| c.trim_matches('\n')).filter(|c| !c.is_empty()) {
        let (source, expected) = case.split_once("\n---").unwrap_or((case, ""));
        let found = show(source);
        if expected.trim() != found.trim() {
            wrong.push(format!("source:\n{source}\nexpected:\n{}\nfound:\n{}\n", expected.trim(), found.trim()));
        }
        write!(fresh, "{source}\n---\n{}\n===\n", found.trim()).unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

/// The tree, one line a child of the root, then the diagnostics.
fn show_tree(parse: &Parse) -> String {
    let syntax = parse.syntax();
    let mut out = String::new();
    for child in syntax.children(parse.root()) {
        writeln!(out, "{}", syntax.dump(child)).unwrap();
    }
    out + &show_diagnostics(parse)
}

fn show_diagnostics(parse: &Parse) -> String {
    let mut out = String::new();
    let source = parse.tokens.source();
    for d in &parse.diagnostics {
        let span = d.primary_span().unwrap();
        let text = &source[span.start as usize..span.end as usize];
        let number = d.code.number.unwrap();
        writeln!(out, "{number} {}..{} {text:?}: {}", span.start, span.end, d.message).unwrap();
    }
    out
}

fn check_round_trip(source: &str) -> Parse {
    let parse = syntax::parse(FILE, source);
    let joined: String = (0..parse.tokens.len() as u32).map(|t| parse.tokens.text(t)).collect();
    assert_eq!(joined, source);
    let root = *parse.tree.node(parse.root());
    let significant = |t: &u32| !parse.tokens.kind(*t).is_trivia();
    for token in (0..parse.tokens.len() as u32 - 1).filter(significant) {
        assert!(
            root.first_token <= token && token < root.end_token,
            "token {token} of {source:?} is outside of the root"
        );
    }
    for node in parse.tree.subtree(parse.root()) {
        let n = parse.tree.node(node);
        let mut at = n.first_token;
        for child in parse.tree.children(node) {
            let c = parse.tree.node(child);
            assert!(c.first_token >= at && (c.end_token <= n.end_token || c.first_token == c.end_token), "{source:?}");
            at = c.end_token.max(at);
        }
    }
    parse
}

#[test]
fn tokens() {
    check_table("tokens.txt", |source| {
        let lexed = syntax::lexer::lex(FILE, source);
        let mut out = String::new();
        for t in 0..lexed.tokens.len() as u32 - 1 {
            let kind = lexed.tokens.kind(t);
            if !matches!(kind, SyntaxKind::Whitespace | SyntaxKind::LineBreak) {
                write!(out, "{}({}) ", kind.name(), lexed.tokens.text(t).escape_debug()).unwrap();
            }
        }
        let parse = Parse {
            entry: syntax::Entry::File,
            tokens: lexed.tokens,
            tree: syntax::Tree::default(),
            diagnostics: lexed.diagnostics,
        };
        format!("{}\n{}", out.trim(), show_diagnostics(&parse))
    });
}

#[test]
fn items() {
    check_table("items.txt", |source| show_tree(&check_round_trip(source)));
}

#[test]
fn statements() {
    check_table("statements.txt", |source| show_tree(&check_round_trip(source)));
}

#[test]
fn expressions() {
    check_table("expressions.txt", |source| show_tree(&check_round_trip(source)));
}

#[test]
fn patterns() {
    check_table("patterns.txt", |source| show_tree(&fragment(source, Entry::Pattern)));
}

#[test]
fn types() {
    check_table("types.txt", |source| show_tree(&fragment(source, Entry::Type)));
}

/// Every code of the syntax with its place, and recovery: independent faults give one message each.
#[test]
fn errors() {
    check_table("errors.txt", |source| show_diagnostics(&check_round_trip(source)));
}

fn fragment(source: &str, entry: Entry) -> Parse {
    syntax::parse_tokens(syntax::lexer::lex(FILE, source).tokens, entry)
}

#[test]
fn a_fragment_ends_where_it_cannot_go_on() {
    let tokens = syntax::lexer::lex(FILE, "a + b * 2, c").tokens;
    let end = syntax::fragment_end(&tokens, 0, Entry::Expr).unwrap();
    assert_eq!(tokens.text(end), ",");
    assert_eq!(syntax::fragment_end(&tokens, end, Entry::Expr), None);
}

#[test]
fn columns_of_nested_nodes_are_exact() {
    let parse = syntax::parse(FILE, "let x: Vec<Vec<i32>> = y;");
    let syntax = parse.syntax();
    let texts: Vec<&str> = parse
        .tree
        .subtree(parse.root())
        .filter(|&n| parse.tree.kind(n) == SyntaxKind::PathType)
        .map(|n| syntax.text(n))
        .collect();
    assert_eq!(texts, ["i32", "Vec<i32>", "Vec<Vec<i32>>"]);
}

#[test]
fn numbers_have_values() {
    assert_eq!(literal::integer("0xFF_usize").unwrap(), (255, Some(literal::Suffix::Usize)));
    assert_eq!(literal::integer("1_000_").unwrap(), (1000, None));
    assert_eq!(literal::integer("0b1010u8").unwrap(), (10, Some(literal::Suffix::U8)));
    assert_eq!(literal::integer(&u128::MAX.to_string()).unwrap().0, u128::MAX);
    let float = |text| literal::float(text).map(|(v, suffix)| (v.double, suffix)).unwrap();
    assert_eq!(float("2.5E3"), (2500.0, None));
    assert_eq!(float("1f32"), (1.0, Some(literal::Suffix::F32)));
    assert_eq!(float("1.").0, 1.0);
    assert_eq!(literal::float("1.00000005960464477540").unwrap().0.single, 1.0000001);
    assert_eq!(float("1_0.5_0e-1_f64"), (1.05, Some(literal::Suffix::F64)));
}

#[test]
fn strings_are_cooked() {
    assert_eq!(
        literal::string(
            SyntaxKind::Str,
            r#""a\n\x41\u{1F600}\"\
        b""#
        ),
        "a\nA😀\"b"
    );
    assert_eq!(literal::string(SyntaxKind::RawStr, r###"r##"a\n"#"##"###), "a\\n\"#");
    assert_eq!(literal::bytes(SyntaxKind::ByteStr, r#"b"\xFFa""#), [0xff, b'a']);
    assert_eq!(literal::bytes(SyntaxKind::RawByteStr, r#"br"\x""#), b"\\x");
    assert_eq!(literal::character(r"'\''"), '\'');
    assert_eq!(literal::character("'ß'"), 'ß');
    assert_eq!(literal::byte(r"b'\n'"), b'\n');
    assert_eq!(literal::interpolated(r#"f"a {b}""#), ("a {b}", 2));
}

#[test]
fn byte_order_mark_and_first_line_are_skipped() {
    let parse = check_round_trip("\u{feff}#!/usr/bin/env grok\nfn main() {}");
    assert!(parse.diagnostics.is_empty());
    let parse = check_round_trip("#![allow(dead)]\nfn main() {}");
    assert_eq!(
        show_tree(&parse).lines().next(),
        Some("(InnerAttr # ! [ (Meta (Path allow) (MetaArgs ( (Meta (Path dead)) ))) ])")
    );
}

fn nested(depth: usize) -> String {
    format!("fn f() {{ {}1{} }}", "(".repeat(depth), ")".repeat(depth))
}

#[test]
fn nesting_has_a_limit_and_one_message() {
    assert!(check_round_trip(&nested(500)).diagnostics.is_empty());
    let deep = [
        nested(600),
        nested(100_000),
        "{".repeat(100_000),
        "[".repeat(100_000),
        format!("let x = {}1;", "-".repeat(100_000)),
        format!("let x = {}1;", "1 + ".repeat(100_000)),
        format!("let x = a{};", ".b()".repeat(100_000)),
        format!("let x: {}i32;", "&".repeat(100_000)),
        format!("let x: {}", "Vec<".repeat(100_000)),
        format!("let {}x;", "&".repeat(100_000)),
        format!("use {}", "a::{".repeat(100_000)),
        format!("{}{{}}", "if a {} else ".repeat(100_000)),
        "mod a { ".repeat(100_000),
        format!("m!{}", "(".repeat(100_000)),
        format!("let x = {}", "|x| ".repeat(100_000)),
        format!("let x = {}", "return ".repeat(100_000)),
        format!("let x = {}1", "a = ".repeat(100_000)),
        format!("type T = impl {}", "Fn(".repeat(100_000)),
        format!("fn f<T: {}", "(".repeat(100_000)),
    ];
    for source in deep {
        let numbers: Vec<_> = check_round_trip(&source).diagnostics.iter().map(|d| d.code.number).collect();
        assert_eq!(numbers, [Some("E1015")], "{}", &source[..40]);
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

const SOUP: &str = "a b x self Self super crate _ 1 2.5 'c' \"s\" f\"{a}\" b\"x\" 'a 'label : :: ; , . .. ..= ... -> => = == != \
    < > <= << >> + - * / % & && | || ^ ~ ! ? @ # $ ( ) [ ] { } ( ) { } += <<= fn let mut if else match for in while loop \
    struct enum trait impl actor mod use extern const static type pub unsafe async await move return break continue as \
    where dyn ref true spawn ask receive select after default within macro macro_rules module export vec! println! \n \n \
    // /* */ /// \\ ` é #![ #[";

#[test]
fn no_token_soup_panics() {
    let words: Vec<&str> = SOUP.split(' ').collect();
    let mut random = Random(7);
    for _ in 0..100_000 {
        let mut source = String::new();
        for _ in 0..random.below(24) {
            source.push_str(words[random.below(words.len())]);
            if random.below(3) > 0 {
                source.push(' ');
            }
        }
        check_round_trip(&source);
    }
}

#[test]
fn no_soup_of_bytes_panics() {
    let mut random = Random(11);
    for _ in 0..20_000 {
        let source: String =
            (0..random.below(20)).map(|_| char::from_u32(random.below(0x250) as u32).unwrap()).collect();
        check_round_trip(&source);
    }
}

#[test]
fn cut_or_damaged_programs_do_not_panic() {
    let mut random = Random(13);
    for name in ["items.txt", "statements.txt", "expressions.txt"] {
        let table = std::fs::read_to_string(cases_dir().join(name)).unwrap();
        for case in table.split("\n===\n") {
            let source = case.split("\n---").next().unwrap();
            for (end, _) in source.char_indices() {
                check_round_trip(&source[..end]);
            }
            for _ in 0..20 {
                let cut = source.floor_char_boundary(random.below(source.len() + 1));
                let to = source.ceil_char_boundary((cut + random.below(4)).min(source.len()));
                check_round_trip(&format!("{}{}", &source[..cut], &source[to..]));
            }
        }
    }
}
