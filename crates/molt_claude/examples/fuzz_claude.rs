//! Feeds the reader texts that nobody wrote: `cargo run -p molt_claude --example fuzz_claude COUNT SEED FILES…`.
//!
//! Half of the inputs are made of pieces of the syntax, half are the given files (of Markdown files the `cl` blocks) with
//! bytes moved, doubled and lost. Of each is checked that spans nest, that what was read without a fault is read again
//! alike, and that it formats to something that formats to itself; the linter looks at it too. A panic ends the run with its input;
//! the same seed gives the same inputs.

use molt_base::FileId;
use molt_claude::lint::lint;
use molt_claude::syntax::format::format;
use molt_claude::syntax::{Data, Datum, read};

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "'",
    "`",
    ",",
    ",@",
    "@",
    "#;",
    "#|",
    "|#",
    ";",
    "\n",
    " ",
    "a",
    "λ",
    "\u{a0}",
    ":k",
    ":",
    "-1",
    "0x_",
    "1e",
    "\"",
    "\\",
    "\\u{41}",
    "quasiquote ",
    "unquote ",
    "#t",
    "#",
    "...",
    "\u{1}",
    "nil",
    "\u{feff}",
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |n: usize| args.get(n).and_then(|a| a.parse::<u64>().ok());
    let (Some(count), Some(seed)) = (number(1), number(2)) else {
        eprintln!("usage: fuzz_claude COUNT SEED FILES…");
        std::process::exit(2);
    };
    let corpus: Vec<String> = args[3..].iter().filter_map(|name| std::fs::read_to_string(name).ok()).collect();
    for n in 0..count {
        let text = input(seed.wrapping_add(n), &corpus);
        if let Err(payload) = std::panic::catch_unwind(|| check(&text)) {
            println!("== input {n} of seed {seed}\n{text}\n==");
            std::panic::resume_unwind(payload);
        }
        if (n + 1) % 1_000_000 == 0 {
            println!("{} inputs", n + 1);
        }
    }
}

fn input(seed: u64, corpus: &[String]) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % n.max(1)
    };
    if corpus.is_empty() || below(2) == 0 {
        return (0..below(40)).map(|_| PIECES[below(PIECES.len())]).collect();
    }
    let whole = corpus[below(corpus.len())].as_bytes();
    let start = below(whole.len());
    let mut bytes = whole[start..(start + below(400)).min(whole.len())].to_vec();
    for _ in 0..1 + below(4) {
        let at = below(bytes.len());
        match below(3) {
            0 if !bytes.is_empty() => drop(bytes.remove(at)),
            1 => bytes.splice(at..at, PIECES[below(PIECES.len())].bytes()).for_each(drop),
            _ => {
                let end = (at + below(20)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = below(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn check(text: &str) {
    let first = read(FileId(0), text);
    lint(&first.data);
    for d in first.data.top() {
        check_spans(&first.data, d, 0, text.len() as u32);
    }
    if first.diagnostics.is_empty() {
        let mut printed = String::new();
        first.data.top().for_each(|d| first.data.print(d, &mut printed));
        let second = read(FileId(0), &printed);
        let mut again = String::new();
        second.data.top().for_each(|d| second.data.print(d, &mut again));
        assert!(second.diagnostics.is_empty(), "{printed}: {:?}", second.diagnostics[0]);
        assert_eq!(printed, again);
        assert_eq!(first.data.count(), second.data.count(), "{printed}");
        let once = format(text).expect("a text without faults");
        assert_eq!(format(&once).as_ref(), Ok(&once));
    }
}

fn check_spans(data: &Data, d: Datum, from: u32, to: u32) {
    let span = data.span(d);
    assert!(from <= span.start && span.start <= span.end && span.end <= to, "{d:?} at {span:?} in {from}..{to}");
    assert!(data.text().get(span.start as usize..span.end as usize).is_some());
    let mut at = span.start;
    for part in data.parts(d) {
        check_spans(data, part, at, span.end);
        at = data.span(part).end;
    }
}
