//! Reports how many megabytes a second the reader takes on one core: `cargo run --release -p molt_claude --example
//! read_speed [FILES…]`. Without files the text is generated, in the proportions of ordinary programs.

use std::time::Instant;

use molt_base::FileId;
use molt_claude::syntax::read;

#[global_allocator]
static ALLOCATOR: molt_alloc::Allocator = molt_alloc::Allocator;

const UNIT: &str = r#"; Shapes and what they measure.
(data Shape (Dot) (Circle Float) (Rect (width : Float) (height : Float)))

(define (area shape)
  "The area of a shape, in square metres."
  (match shape
    (Dot 0.0)
    ((Circle r) (* 3.14159 r r))
    ((Rect w h) (* w h))))

(define (tally words)                       ; word -> count
  (fold (lambda (acc w) (update acc w (lambda (n) (+ 1 (or n 0))))) {} words))

(define-macro (unless-zero x . body)
  `(when (not (= ,x 0)) ,@body))

(define (report shapes options)
  (let ((total (sum (map area shapes)))
        (scale (get options :scale 1_000)))
    (doseq (s shapes)
      (print (format "{:>12} {}\n" (type-of s) (area s))))
    (print "total" (/ total scale) [1 2 3] #{:a :b} {:k "value" :n -17})))
"#;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let mut text = String::new();
    for name in &files {
        text.push_str(&std::fs::read_to_string(name).expect("the files are there"));
    }
    if files.is_empty() {
        text = UNIT.repeat((100 << 20) / UNIT.len());
    }
    let mut best = f64::INFINITY;
    let mut count = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let read = read(FileId(0), &text);
        best = best.min(start.elapsed().as_secs_f64());
        assert!(read.diagnostics.is_empty() || !files.is_empty(), "{:?}", read.diagnostics.first());
        count = read.data.count();
    }
    let size = text.len() as f64 / 1e6;
    println!("{size:.1} MB, {count} data in {:.1} ms: {:.0} MB a second", best * 1e3, size / best);
}
