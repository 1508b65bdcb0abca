//! Reports how many lines a second the whole front end checks, types and borrows included, on one core:
//! `cargo run --release -p molt_grok --example check_speed [LINES…]`.
//!
//! The sources are generated: functions, types, implementations, matches, closures and loops in the proportions of
//! ordinary programs, with comments and blank lines, a module for every few dozen lines. The time for an empty program,
//! most of it for the library, is reported apart and subtracted. Library and allocator are as in `molt`.

use std::fmt::Write;
use std::time::Instant;

use molt_grok::compile;
use molt_grok::hir::front::{Options, Texts};

#[global_allocator]
static ALLOCATOR: molt_alloc::Allocator = molt_alloc::Allocator;

const ROUNDS: usize = 3;
const SIZES: &[usize] = &[10_000, 100_000, 1_000_000];

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let library = &*compile::library_image().leak();
    let empty = best("fn main() {}\n", library);
    println!("an empty program {:.1} ms", empty * 1e3);
    let mut first = None;
    for &lines in if asked.is_empty() { SIZES } else { &asked } {
        let source = generate(lines);
        let lines = source.lines().count();
        let seconds = best(&source, library) - empty;
        let each = seconds / lines as f64;
        let ratio = each / *first.get_or_insert(each);
        println!(
            "{lines:8} lines {:8.1} ms {:6.0} thousand lines a second, {ratio:.2} of the first time a line",
            seconds * 1e3,
            1e-3 / each
        );
    }
}

/// The shortest of some rounds, in seconds.
fn best(source: &str, library: &'static [u8]) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (packages, loader) = Texts::program(source);
        let options = Options { library: Some(library), ..Options::default() };
        let start = Instant::now();
        let (checked, diagnostics) = compile::check(packages, loader, options);
        best = best.min(start.elapsed().as_secs_f64());
        // To give the memory back is no part of the work.
        drop(checked);
        assert!(!diagnostics.iter().any(|d| d.is_error()), "{:?}", diagnostics.first());
    }
    best
}

fn generate(lines: usize) -> String {
    let mut out = String::new();
    let mut written = 0;
    let mut n = 0;
    while written < lines {
        let before = out.len();
        unit(&mut out, n);
        written += out[before..].matches('\n').count();
        n += 1;
    }
    out.push_str("fn main() {\n    println!(\"{}\", module_0::total(&[1, 2, 3], 4));\n}\n");
    out
}

fn unit(out: &mut String, n: usize) {
    write!(
        out,
        r#"mod module_{n} {{
    /// A record of one measurement.
    #[derive(Clone, Debug)]
    pub struct Record {{
        pub name: String,
        value: f64, // in metres
        history: Vec<Option<f64>>,
    }}

    pub enum Shape {{
        Circle(f64),
        Rect {{ width: f64, height: f64 }},
        Named(String, Box<Shape>),
    }}

    pub trait Measure {{
        fn size(&self) -> f64;
        fn is_large(&self) -> bool {{ self.size() > 100.0 }}
    }}

    impl Measure for Shape {{
        fn size(&self) -> f64 {{
            match self {{
                Shape::Circle(r) => 3.14 * r * r,
                Shape::Rect {{ width, height }} => width * height,
                Shape::Named(_, inner) => inner.size(),
            }}
        }}
    }}

    impl Record {{
        pub fn new(name: str, value: f64) -> Record {{
            Record {{ name: name.to_string(), value, history: Vec::with_capacity(16) }}
        }}

        pub fn add(&mut self, x: Option<f64>) -> usize {{
            // Only so many are kept.
            if self.history.len() >= 16 {{
                self.history.remove(0);
            }}
            self.history.push(x);
            self.history.len()
        }}

        /// The mean of what is known from an entry on.
        pub fn mean(&self, from: usize) -> Option<f64> {{
            let mut total = 0.0;
            let mut count = 0;
            for entry in self.history.iter().skip(from) {{
                if let Some(x) = entry && *x >= 0.5 {{
                    total += x * 2.0 + (self.value - 1e-3);
                    count += 1;
                }}
            }}
            if count == 0 {{ None }} else {{ Some(total / count as f64) }}
        }}
    }}

    /// Reads `3x4`.
    pub fn parse_size(text: str) -> Result<(i32, i32), ParseError> {{
        let Some((a, b)) = text.split_once('x') else {{ return Err(ParseError::new("no x")); }};
        Ok((a.trim().parse()?, b.trim().parse()?))
    }}

    pub fn longest(words: &[String]) -> str {{
        let mut best = "";
        for word in words {{
            if word.len() > best.len() {{
                best = word.as_str();
            }}
        }}
        best
    }}

    pub fn classify(code: i64, text: str) -> String {{
        let parts = text.split(',').map(|p| p.trim()).collect::<Vec<_>>();
        match (code, parts.len()) {{
            (0, _) => "zero".to_string(),
            (i64::MIN..=-1, 1 | 2) => format!("negative {{code}} of {{text}}"),
            (x, n) if x > 10 && n < 4 => {{
                println!("{{}} {{}}", x, n);
                String::from("large")
            }}
            _ => "plain".to_string(),
        }}
    }}

    pub fn total(numbers: &[i32], limit: i32) -> i32 {{
        let mut sum = 0;
        let mut i = 0;
        while i < numbers.len() {{
            let n = numbers[i];
            if n % 2 == 0 {{
                sum += n * limit;
            }} else if n > limit {{
                break;
            }} else {{
                sum -= n;
            }}
            i += 1;
        }}
        sum
    }}

    pub fn count_words(text: str) -> HashMap<String, u32> {{
        let mut counts = HashMap::new();
        for word in text.split_whitespace() {{
            *counts.entry(word.to_string()).or_insert(0) += 1;
        }}
        counts
    }}

    pub fn areas(shapes: Vec<Shape>) -> Vec<f64> {{
        let mut sizes: Vec<f64> = shapes.iter().filter(|s| !s.is_large()).map(|s| s.size()).collect();
        sizes.retain(|x| *x > 0.0);
        let scale = 2.0;
        sizes.iter().map(|x| x * scale).collect()
    }}
}}

"#
    )
    .expect("writing to a string cannot fail");
}
