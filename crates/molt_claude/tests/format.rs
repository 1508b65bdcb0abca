//! The formatter against `tests/cases/format.txt`, and its promises on every ClaudeLang text of the repository and on
//! random ones: the result formats to itself. That it has the same data and comments the formatter asserts itself.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use molt_base::FileId;
use molt_claude::syntax::format::{WIDTH, format, print};
use molt_claude::syntax::read;

/// The text in the one style; none if it has faults.
fn formatted(source: &str) -> Option<String> {
    let once = format(source).ok()?;
    let twice = format(&once).unwrap_or_else(|d| panic!("formatting broke a text: {d:?}\n{once}"));
    assert_eq!(once, twice, "formatting is not stable for:\n{source}");
    Some(once)
}

/// `BLESS=1 cargo test -p molt_claude --test format` writes the expectations anew.
#[test]
fn layouts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/format.txt");
    let table = std::fs::read_to_string(&path).unwrap();
    let (mut fresh, mut wrong) = (String::new(), String::new());
    for case in table.split("\n===\n").map(|c| c.trim_matches('\n')).filter(|c| !c.is_empty()) {
        let (source, expected) = case.split_once("\n---\n").unwrap_or((case, ""));
        let found = formatted(source).unwrap_or_else(|| panic!("has faults:\n{source}"));
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

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    files.sort();
    files
}

/// All ClaudeLang texts of the repository: files, and fences of its pages.
fn corpus() -> Vec<String> {
    let has = |f: &Path, extension: &str| f.extension().is_some_and(|e| e == extension);
    let mut texts = Vec::new();
    for file in ["tests/programs", "examples", "bench/claude"].iter().flat_map(|f| files(f)).filter(|f| has(f, "cl")) {
        texts.push(std::fs::read_to_string(file).unwrap());
    }
    let folders = ["tests/lang/claude", "docs/diagnostics/claude", "docs/guide"];
    for page in folders.iter().flat_map(|f| files(f)).filter(|f| has(f, "md")) {
        let text = std::fs::read_to_string(page).unwrap();
        let fences = text.split("```cl").skip(1).filter_map(|t| t.split_once('\n')?.1.split("```").next());
        texts.extend(fences.map(str::to_owned));
    }
    texts
}

#[test]
fn texts_of_the_repository() {
    let texts = corpus();
    let count = texts.iter().filter_map(|t| formatted(t)).count();
    assert!(count > 0 && count < texts.len(), "there are texts with and without faults");
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const LEAVES: &[&str] = &[
    "a",
    "x",
    "some-long-name",
    "a-name-so-long-that-few-of-its-kind-have-room-on-one-line",
    ":k",
    ":keyword",
    "1",
    "-2.5e10",
    "\"s\"",
    "\"two\nlines\"",
    "\"a \\\" b ; c #| d\"",
    "nil",
    "true",
    "when",
    "else",
    "|",
    ":",
    "#",
    "#!bang",
    ".",
    "λ",
    "_",
];
const OPERATORS: &[&str] = &[
    "define",
    "lambda",
    "let",
    "letrec",
    "loop",
    "do",
    "when",
    "cond",
    "case",
    "match",
    "if",
    "try",
    "catch",
    "finally",
    "handler",
    "control",
    "return",
    "data",
    "define-effect",
    "define-macro",
    "module",
    "dotimes",
    "spawn",
    "async",
    "select",
    "spec:contract",
    "dom:h",
    "with-x",
    "->>",
    "quote",
    "quasiquote",
    "unquote",
    "f",
    "print",
    "string-append",
];
const GAPS: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    "  ",
    "\n",
    "\n",
    "\n\n",
    "\n\n\n",
    " ; note\n",
    "\n; own line\n",
    "\n;; first\n\n; second\n",
    " #| block |# ",
    " #| two\nlines |# ",
    "\n#| own |#\n",
    " #;skipped ",
    "\n#;(skipped\n  form)\n",
    " #;#;a b ",
    ",",
    " , ",
    "\t",
    "\u{a0}",
    "\r\n",
];

/// A random datum, with whatever may stand before it.
fn datum(random: &mut Random, depth: usize, out: &mut String) {
    if depth == 0 || random.below(3) == 0 {
        return out.push_str(random.one_of(LEAVES));
    }
    if random.below(6) == 0 {
        out.push_str(random.one_of(&["'", "`", "@", "`(a ,", "`(,@"]));
        let opens = out.ends_with("`(a ,") || out.ends_with("`(,@");
        if random.below(4) == 0 {
            out.push_str(random.one_of(GAPS));
        }
        datum(random, depth - 1, out);
        return out.push_str(if opens { ")" } else { "" });
    }
    let (open, close) = [("(", ")"), ("(", ")"), ("(", ")"), ("[", "]"), ("{", "}"), ("#{", "}")][random.below(6)];
    out.push_str(open);
    if random.below(8) == 0 {
        out.push_str(random.one_of(GAPS));
    }
    for n in 0..random.below(6) {
        if n == 0 && open == "(" && random.below(4) > 0 {
            out.push_str(random.one_of(OPERATORS));
        } else {
            datum(random, depth - 1, out);
        }
        out.push_str(if random.below(3) == 0 { random.one_of(GAPS) } else { " " });
    }
    out.push_str(close);
}

#[test]
fn random_data_are_stable() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut count = 0;
    for _ in 0..20_000 {
        let mut source = String::from(random.one_of(&["", "", "", "#!/usr/bin/env claudelang\n", "\u{feff}"]));
        for _ in 0..1 + random.below(3) {
            datum(&mut random, 6, &mut source);
            source.push_str(random.one_of(GAPS));
        }
        count += usize::from(formatted(&source).is_some());
    }
    assert!(count > 15_000, "only {count} texts had no fault");
}

/// Texts of the repository with pieces lost, doubled and moved, as far as they still are texts.
#[test]
fn damaged_texts_are_stable() {
    let texts: Vec<String> = corpus().into_iter().filter(|t| formatted(t).is_some()).collect();
    let mut random = Random(7);
    let mut count = 0;
    for _ in 0..5_000 {
        let mut text: Vec<char> = texts[random.below(texts.len())].chars().collect();
        for _ in 0..1 + random.below(3) {
            let at = random.below(text.len() + 1);
            let piece: Vec<char> = random.one_of(GAPS).chars().collect();
            match random.below(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => drop(text.splice(at..at, piece)),
                _ => text.retain(|c| *c != '\n' || random.below(4) > 0),
            }
        }
        count += usize::from(formatted(&text.into_iter().collect::<String>()).is_some());
    }
    assert!(count > 1_000, "only {count} texts had no fault");
}

#[test]
fn faults_are_no_text() {
    let faults = format("(a\n(b)").unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn deep_nesting_has_an_end() {
    let text = "(f ".repeat(999) + "x" + &")".repeat(999);
    formatted(&text).unwrap();
    formatted(&("'".repeat(999) + "x")).unwrap();
}

#[test]
fn short_data_keep_to_the_width() {
    let text = format!("(define (f x) (g {} (h x)))", "(some-call with-operands 1)\n".repeat(8));
    assert!(formatted(&text).unwrap().lines().all(|l| l.chars().count() <= WIDTH));
}

#[test]
fn data_are_printed_without_comments() {
    let data = read(FileId(0), "; c\n(a ,b)\n\n'[1 #;2 \"x\"] #| d |# k").data;
    assert_eq!(print(&data), "(a b)\n'[1 \"x\"]\nk\n");
    let data = read(FileId(0), "\n#!a\n").data;
    assert_eq!(print(&data), "\n#!a\n");
}
