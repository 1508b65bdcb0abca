//! Reports how many lines a second lexer and parser read: `cargo run --release -p molt_grok --example parse_speed`.
//!
//! The source is generated: a million lines of functions, types, implementations, matches and actors in the
//! proportions of ordinary programs, with comments and blank lines.

use std::fmt::Write;
use std::time::Instant;

use molt_base::FileId;
use molt_grok::syntax;

const LINES: usize = 1_000_000;
const ROUNDS: usize = 5;

fn main() {
    let source = generate();
    let lines = source.lines().count();
    let mut best_lex = f64::INFINITY;
    let mut best_all = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let tokens = syntax::lexer::lex(FileId(0), &source).tokens.len();
        best_lex = best_lex.min(start.elapsed().as_secs_f64());
        assert!(tokens > lines);
        let start = Instant::now();
        let parse = syntax::parse(FileId(0), &source);
        best_all = best_all.min(start.elapsed().as_secs_f64());
        assert!(parse.diagnostics.is_empty(), "{:?}", parse.diagnostics.first());
    }
    let rate = |seconds: f64| lines as f64 / seconds / 1e6;
    println!("{lines} lines, {} bytes", source.len());
    println!("lexer           {:.2} million lines a second", rate(best_lex));
    println!("lexer + parser  {:.2} million lines a second", rate(best_all));
}

fn generate() -> String {
    let mut out = String::new();
    let mut lines = 0;
    let mut n = 0;
    while lines < LINES {
        let before = out.len();
        unit(&mut out, n);
        lines += out[before..].matches('\n').count();
        n += 1;
    }
    out
}

fn unit(out: &mut String, n: usize) {
    write!(
        out,
        r#"use crate::module_{n}::{{Order, Shelf as S{n}}};

/// A record of one measurement.
#[derive(Clone, Debug)]
pub struct Record{n}<T> {{
    pub name: String,
    value: T, // in metres
    history: Vec<Option<f64>>,
}}

impl<T: Copy + Into<f64>> Record{n}<T> {{
    pub fn new(name: str, value: T) -> Record{n}<T> {{
        Record{n} {{ name: name.to_string(), value, history: Vec::with_capacity(16) }}
    }}

    fn mean(&self, from: usize) -> Option<f64> {{
        let mut total = 0.0;
        let mut count = 0;
        for entry in self.history.iter().skip(from) {{
            if let Some(x) = entry && *x >= 0.5 {{
                total += x * 2.0 + (self.value.into() - 1e-3);
                count += 1;
            }}
        }}
        if count == 0 {{ None }} else {{ Some(total / count as f64) }}
    }}
}}

fn classify_{n}(code: i64, text: &str) -> Result<str, ParseError> {{
    let parts = text.split(',').map(|p| p.trim()).collect::<Vec<_>>();
    match (code, parts.len()) {{
        (0, _) => Ok("zero"),
        (i64::MIN..=-1, 1 | 2) => Err(ParseError::new(f"negative {{code:>4}} of {{text}}")),
        (x, n) if x > 10 && n < 4 => {{
            println!("{{}} {{}}", x, n);
            Ok("large")
        }}
        _ => Ok("plain"),
    }}
}}

actor Counter{n} {{
    count: u64 = 0,

    fn add(&mut self, by: u64) -> u64 {{
        self.count += by;
        self.count
    }}
}}

fn run_{n}() {{
    let counter = spawn Counter{n} {{}};
    counter ! add(0x1F_u64);
    while let Ok(total) = ask counter.add(1) within 20.ms() {{
        if total >= 100 {{
            break;
        }}
    }}
}}

"#
    )
    .expect("writing to a string cannot fail");
}
