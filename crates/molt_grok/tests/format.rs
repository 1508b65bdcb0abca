//! The formatter against `tests/cases/format.txt`, and its promises on every other source of the tests: the result
//! formats to itself and has the same tokens and comments.

mod soup;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use molt_base::FileId;
use molt_grok::syntax::format::{FormatOptions, format};
use molt_grok::syntax::{self, SyntaxKind};
use soup::{PIECES, Random};

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
