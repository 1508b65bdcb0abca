//! Feeds the front end programs that nobody wrote, in one process:
//! `cargo run -p molt_grok --example fuzz parse|check COUNT SEED FILES…`.
//!
//! Half of the inputs come from a grammar, half are programs of the given files (of Markdown files the `grok` blocks) with
//! bytes, lines, tokens and brackets moved, doubled, swapped and lost. `parse` reads each and formats what it read;
//! `check` goes on to names, types, patterns and borrows, most inputs as modules of one program. A panic is printed with its
//! input (those of the whole program, where it takes several), and the next input follows; the same seed gives the same inputs, input `n` of a seed is the first of `seed + n`,
//! and a single input is printed before it is tried. The status is 1 if there was a panic. A release build needs
//! `CARGO_PROFILE_RELEASE_PANIC=unwind`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use molt_base::FileId;
use molt_grok::compile;
use molt_grok::hir::front::{Loader, Options, Texts};
use molt_grok::syntax::{self, format};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |n: usize| args.get(n).and_then(|a| a.parse::<u64>().ok());
    let (Some(mode), Some(count), Some(seed)) = (args.get(1), number(2), number(3)) else {
        eprintln!("usage: fuzz parse|check COUNT SEED FILES…");
        std::process::exit(2);
    };
    let checks = mode == "check";
    let corpus = corpus(&args[4..]);
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    // Deep nesting is allowed: the work needs the stack that the compiler gives it.
    let work = move || run(checks, count, seed, &corpus);
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work).expect("a thread can be made");
    let panics = thread.join().expect("panics are caught");
    std::process::exit(i32::from(panics > 0));
}

/// Programs of the files.
fn corpus(files: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for name in files {
        let Ok(text) = std::fs::read_to_string(name) else { continue };
        if name.ends_with(".md") {
            out.extend(text.split("```grok\n").skip(1).filter_map(|b| Some(b.split_once("```")?.0.to_string())));
        } else {
            out.push(text);
        }
    }
    out
}

/// How many inputs are checked as the modules of one program, which spares the library's image for each.
const TOGETHER: u64 = 16;

/// How many inputs made a panic.
fn run(checks: bool, count: u64, seed: u64, corpus: &[String]) -> u64 {
    let library = checks.then(|| &*compile::library_image().leak());
    let (mut panics, mut done) = (0, 0);
    for round in 0.. {
        if done == count {
            break;
        }
        // Some are a program by themselves: what is looked at only where nothing else is wrong.
        let alone = library.is_none() || round % 10 == 0;
        let end = if alone { done + 1 } else { (done + TOGETHER).min(count) };
        let inputs: Vec<String> = (done..end).map(|n| input(seed.wrapping_add(n), corpus)).collect();
        if count == 1 {
            println!("{}", inputs[0]);
        }
        if panics_at(library, &inputs) {
            let numbered: Vec<_> = (done..end).zip(&inputs).collect();
            let fails_alone = |input: &String| inputs.len() == 1 || panics_at(library, std::slice::from_ref(input));
            let mut faulty = numbered.clone();
            faulty.retain(|(_, input)| fails_alone(input));
            // None by itself: it takes several as modules of one program.
            panics += faulty.len().max(1) as u64;
            for (n, input) in if faulty.is_empty() { numbered } else { faulty } {
                println!("== input {n} of seed {seed}\n{input}\n==");
            }
        }
        let progress = if checks { 10_000 } else { 1_000_000 };
        if done / progress != end / progress {
            println!("{end} inputs, {panics} panics");
        }
        done = end;
    }
    println!("{count} inputs, {panics} panics");
    panics
}

/// The first input of a seed.
fn input(seed: u64, corpus: &[String]) -> String {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    if !corpus.is_empty() && random.below(2) > 0 {
        return mutate(&mut random, corpus);
    }
    let mut g = Generator { random, out: String::new(), fuel: 60 };
    g.program();
    g.out
}

fn panics_at(library: Option<&'static [u8]>, inputs: &[String]) -> bool {
    let work = || match library {
        Some(image) => check(image, inputs),
        None => inputs.iter().for_each(|input| parse(input)),
    };
    catch_unwind(AssertUnwindSafe(work)).is_err()
}

/// Checks one program, or several as the modules of one.
fn check(image: &'static [u8], inputs: &[String]) {
    let (packages, loader) = match inputs {
        [input] => Texts::program(input),
        _ => {
            let (packages, _) = Texts::program("");
            let modules: String = (0..inputs.len()).map(|n| format!("mod m{n};\n")).collect();
            let mut files = Texts::default();
            files.0.insert("main.grok".into(), modules + "fn main() {}\n");
            files.0.extend(inputs.iter().enumerate().map(|(n, input)| (format!("m{n}.grok"), input.clone())));
            (packages, Box::new(files) as Box<dyn Loader>)
        }
    };
    compile::check(packages, loader, Options { library: Some(image), ..Options::default() });
}

/// Reads an input, formats what was read, and reads that.
fn parse(input: &str) {
    let parse = syntax::parse(FileId(0), input);
    if parse.diagnostics.is_empty() {
        let once = format::format(input, format::FormatOptions::default());
        let again = syntax::parse(FileId(0), &once);
        assert!(again.diagnostics.is_empty(), "what the formatter writes can be read:\n{once}");
    }
}

/// Xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n.max(1)
    }
    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// What mutations put in.
const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "|",
    "||",
    "&",
    "&mut ",
    "->",
    "=>",
    "::",
    ";",
    ",",
    ".",
    "..",
    "..=",
    "?",
    "!",
    "@",
    "#",
    "$",
    "'a",
    "'",
    "\"",
    "f\"{",
    "r#\"",
    "/*",
    "*/",
    "//",
    "\n",
    "0",
    "1_000u8",
    "0x",
    "1e",
    "1.5",
    "-",
    "=",
    "==",
    "+=",
    "self",
    "Self",
    "super::",
    "crate::",
    "fn ",
    "let ",
    "mut ",
    "match ",
    "if ",
    "else ",
    "loop ",
    "while ",
    "for ",
    " in ",
    "impl ",
    "trait ",
    "struct ",
    "enum ",
    "actor ",
    "mod ",
    "use ",
    "pub ",
    "const ",
    "static ",
    "type ",
    "where ",
    "dyn ",
    "move ",
    "return ",
    "break ",
    "continue ",
    "unsafe ",
    "async ",
    ".await",
    "spawn ",
    "ask ",
    "receive ",
    "select ",
    "within ",
    "macro_rules! ",
    "$x:expr",
    "$(",
    ")*",
    "#[derive(Clone)]",
    "@test",
    "é",
    "\u{0}",
    "\u{feff}",
    "\r",
    "i32",
    "String",
    "Vec<",
    "Option<",
    "println!(",
    "panic!(",
    "vec![",
    "_",
    "a",
    "x",
    "T",
];

fn mutate(random: &mut Random, corpus: &[String]) -> String {
    let mut bytes: Vec<char> = corpus[random.below(corpus.len())].chars().collect();
    // A part of a program is as good as the whole, and faster.
    if bytes.len() > 2_000 {
        let from = random.below(bytes.len() - 1_000);
        bytes = bytes[from..(from + 1_500).min(bytes.len())].to_vec();
    }
    for _ in 0..1 + random.below(6) {
        if bytes.is_empty() {
            break;
        }
        let (a, b) = (random.below(bytes.len()), random.below(bytes.len()));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 1 + random.below(60)));
        match random.below(7) {
            0 => drop(bytes.drain(from..to)),
            1 => {
                let part: Vec<char> = bytes[from..to].to_vec();
                let at = random.below(bytes.len());
                bytes.splice(at..at, part);
            }
            2 => bytes.swap(a, b),
            3 => {
                let other: Vec<char> = corpus[random.below(corpus.len())].chars().collect();
                let start = random.below(other.len().max(1));
                let part = other[start..(start + 1 + random.below(80)).min(other.len())].to_vec();
                bytes.splice(from..to, part);
            }
            4 => drop(bytes.remove(a)),
            _ => {
                let piece: Vec<char> = random.pick(PIECES).chars().collect();
                bytes.splice(a..a, piece);
            }
        }
    }
    bytes.into_iter().collect()
}

/// Programs by a grammar that is wider than the language's: most are refused, late.
struct Generator {
    random: Random,
    out: String,
    /// Nodes that may still branch.
    fuel: i32,
}

const NAMES: &[&str] =
    &["a", "b", "x", "f", "g", "S", "E", "T", "U", "Tr", "A", "main", "m", "self", "new", "len", "K"];
const TYPES: &[&str] = &[
    "i32",
    "u8",
    "u64",
    "usize",
    "f64",
    "bool",
    "char",
    "str",
    "String",
    "()",
    "!",
    "_",
    "Self",
    "S",
    "E",
    "T",
    "U",
    "A",
    "&str",
    "&'a S",
    "&'static str",
    "dyn Tr",
    "Box<dyn Tr>",
    "impl Tr",
    "Rc<S>",
    "[u8; 4]",
    "[i32; K]",
    "[T; N]",
    "fn(i32) -> i32",
];
const METHODS: &[&str] = &[
    "len",
    "iter",
    "map",
    "push",
    "clone",
    "unwrap",
    "get",
    "collect",
    "next",
    "sum",
    "to_string",
    "as_str",
    "f",
    "g",
    "m",
    "lock",
    "borrow_mut",
    "await",
    "send",
    "recv",
    "join",
    "into_iter",
    "fold",
    "filter",
    "cmp",
];
const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "&", "|", "^", "<<", ">>", "=", "+=", "..",
    "..=", "!",
];

impl Generator {
    fn add(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push(' ');
    }
    fn one_of(&mut self, list: &[&str]) {
        let text = self.random.pick(list).to_string();
        self.add(&text);
    }
    fn name(&mut self) {
        self.one_of(NAMES);
    }
    /// Whether to go on; ever less likely.
    fn more(&mut self) -> bool {
        self.fuel -= 1;
        self.fuel > 0 && self.random.below(3) > 0
    }
    fn list(&mut self, open: &str, close: &str, part: fn(&mut Generator)) {
        self.add(open);
        while self.more() {
            part(self);
            self.add(",");
        }
        self.add(close);
    }

    fn program(&mut self) {
        for _ in 0..1 + self.random.below(5) {
            self.item();
        }
        self.add("fn main() ");
        self.block();
    }

    fn generics(&mut self) {
        match self.random.below(5) {
            0 => self.add("<T>"),
            1 => self.add("<'a, T: Tr, U>"),
            2 => self.add("<const N: usize>"),
            _ => {}
        }
    }

    fn item(&mut self) {
        if self.random.below(8) == 0 {
            self.one_of(&[
                "pub",
                "#[derive(Clone, Debug)]",
                "@inline",
                "pub(crate)",
                "#[test]",
                "@supervise(max_restarts = 2)",
            ]);
        }
        match self.random.below(13) {
            0 | 1 => self.function(),
            2 => {
                self.add("struct");
                self.name();
                self.generics();
                self.list("{", "}", |g| {
                    g.name();
                    g.add(":");
                    g.ty();
                });
            }
            3 => {
                self.add("struct");
                self.name();
                self.list("(", ");", Generator::ty);
            }
            4 => {
                self.add("enum");
                self.name();
                self.generics();
                self.list("{", "}", |g| {
                    g.name();
                    if g.random.below(2) == 0 {
                        g.list("(", ")", Generator::ty);
                    }
                });
            }
            5 => {
                self.add("trait");
                self.name();
                self.generics();
                self.one_of(&["", ": Tr", ": Clone + Tr"]);
                self.members();
            }
            6 | 7 => {
                self.add("impl");
                self.generics();
                if self.random.below(2) == 0 {
                    self.one_of(&["Tr", "Clone", "Drop", "Iterator", "Tr<T>", "Add", "Display", "Deref", "From<i32>"]);
                    self.add("for");
                }
                self.ty();
                self.members();
            }
            8 => {
                self.one_of(&["const", "static", "let", "static mut"]);
                self.name();
                if self.random.below(3) > 0 {
                    self.add(":");
                    self.ty();
                }
                self.add("=");
                self.expr();
                self.add(";");
            }
            9 => {
                self.add("actor");
                self.name();
                self.add("{");
                self.name();
                self.add(":");
                self.ty();
                self.add("=");
                self.expr();
                self.add(",");
                while self.more() {
                    self.function();
                }
                if self.random.below(3) == 0 {
                    self.add("receive");
                    self.arms();
                }
                self.add("}");
            }
            10 => {
                self.add("mod");
                self.name();
                self.add("{");
                while self.more() {
                    self.item();
                }
                self.add("}");
            }
            11 => {
                self.add("use");
                self.one_of(&[
                    "a::b",
                    "self::m::*",
                    "crate::{S, f as g}",
                    "grok::collections::{BTreeMap, Set}",
                    "super::x",
                    "m::{}",
                ]);
                self.add(";");
            }
            _ => {
                self.add("macro_rules! m {");
                self.one_of(&[
                    "($x:expr) => { $x + $x }",
                    "($($x:ident),*) => { $(let $x = 1;)* }",
                    "($t:ty, $($e:tt)*) => { fn f(a: $t) { m!($($e)*) } }",
                    "() => {}",
                ]);
                self.add("}");
            }
        }
    }

    fn members(&mut self) {
        self.add("{");
        while self.more() {
            match self.random.below(5) {
                0 => {
                    self.add("type");
                    self.name();
                    self.one_of(&["= i32;", ";", "= T;", ": Tr;", "= Self;"]);
                }
                1 => {
                    self.add("const");
                    self.name();
                    self.one_of(&[": usize = 3;", ": i32;", "= 1;", ": [u8; 2] = [1, 2];"]);
                }
                _ => self.function(),
            }
        }
        self.add("}");
    }

    fn function(&mut self) {
        self.one_of(&["fn", "fn", "fn", "const fn", "async fn", "pub fn", "unsafe fn"]);
        self.name();
        self.generics();
        self.one_of(&["(", "(self,", "(&self,", "(&mut self,", "(mut self,"]);
        while self.more() {
            self.pat();
            if self.random.below(4) > 0 {
                self.add(":");
                self.ty();
            }
            if self.random.below(12) == 0 {
                self.add("=");
                self.expr();
            }
            self.add(",");
        }
        self.add(")");
        if self.random.below(2) == 0 {
            self.add("->");
            self.ty();
        }
        self.one_of(&["", "", "", "where T: Tr", "where T: Fn(i32) -> U, U: Clone"]);
        if self.random.below(12) == 0 { self.add(";") } else { self.block() }
    }

    fn ty(&mut self) {
        if !self.more() {
            return self.one_of(TYPES);
        }
        match self.random.below(6) {
            0 => {
                self.one_of(&["&", "&mut", "&'a", "*const", "*mut"]);
                self.ty();
            }
            1 => {
                self.one_of(&["Vec<", "Option<", "Box<", "Rc<", "ActorRef<", "Sender<", "S<"]);
                self.ty();
                self.add(">");
            }
            2 => {
                self.one_of(&["Result<", "HashMap<", "S<"]);
                self.ty();
                self.add(",");
                self.ty();
                self.add(">");
            }
            3 => self.list("(", ")", Generator::ty),
            4 => {
                self.add("[");
                self.ty();
                self.one_of(&["]", "; 3]", "; K]", "; 1 + 2]"]);
            }
            _ => {
                self.one_of(&[
                    "<T as Tr>::x",
                    "T::Item",
                    "Self::A",
                    "|i32| -> bool",
                    "impl Fn(T) -> U",
                    "dyn Iterator<i32>",
                ]);
            }
        }
    }

    fn pat(&mut self) {
        if !self.more() {
            return self.one_of(&[
                "a", "b", "x", "_", "mut a", "ref b", "1", "-1", "'c'", "\"s\"", "true", "S", "E::A", "..", "0..=9",
            ]);
        }
        match self.random.below(6) {
            0 => self.list("(", ")", Generator::pat),
            1 => {
                self.one_of(&["Some", "Ok", "S", "E::A", "E::B"]);
                self.list("(", ")", Generator::pat);
            }
            2 => {
                self.pat();
                self.add("|");
                self.pat();
            }
            3 => {
                self.add("&");
                self.pat();
            }
            4 => self.list("[", "]", Generator::pat),
            _ => self.one_of(&["S { a, .. }", "n @ 1..", "E::A { x: b }", "x @ Some(_)"]),
        }
    }

    fn block(&mut self) {
        self.add("{");
        while self.more() {
            match self.random.below(6) {
                0 | 1 => {
                    self.add("let");
                    self.pat();
                    if self.random.below(3) == 0 {
                        self.add(":");
                        self.ty();
                    }
                    self.add("=");
                    self.expr();
                    if self.random.below(8) == 0 {
                        self.add("else");
                        self.block();
                    }
                    self.add(";");
                }
                2 if self.random.below(6) == 0 => self.item(),
                _ => {
                    self.expr();
                    self.add(";");
                }
            }
        }
        if self.random.below(2) == 0 {
            self.expr();
        }
        self.add("}");
    }

    fn arms(&mut self) {
        self.add("{");
        while self.more() {
            self.pat();
            if self.random.below(5) == 0 {
                self.add("if");
                self.expr();
            }
            self.add("=>");
            self.expr();
            self.add(",");
        }
        self.add("}");
    }

    fn expr(&mut self) {
        if !self.more() {
            return self.one_of(&[
                "a",
                "b",
                "x",
                "self",
                "1",
                "2.5",
                "-1",
                "\"s\"",
                "'c'",
                "true",
                "()",
                "None",
                "S",
                "K",
                "E::A",
                "0u8",
                "f\"{a} {b:?}\"",
                "vec![]",
                "[1, 2]",
                "i32::MAX",
                "String::new()",
                "b\"x\"",
                "Self",
                "_",
            ]);
        }
        match self.random.below(24) {
            0 | 1 => {
                self.expr();
                self.one_of(OPERATORS);
                self.expr();
            }
            2 => {
                self.one_of(&["-", "!", "*", "&", "&mut", "~"]);
                self.expr();
            }
            3 | 4 => {
                self.one_of(&[
                    "f",
                    "g",
                    "Some",
                    "Ok",
                    "S",
                    "E::B",
                    "drop",
                    "Box::new",
                    "Rc::new",
                    "Vec::<i32>::new",
                    "T::new",
                ]);
                self.list("(", ")", Generator::expr);
            }
            5..=7 => {
                self.expr();
                self.add(".");
                self.one_of(METHODS);
                self.list("(", ")", Generator::expr);
            }
            8 => {
                self.expr();
                self.one_of(&[".a", ".0", ".x", "?", ".1.0", "as u8", "as f64"]);
            }
            9 => {
                self.expr();
                self.add("[");
                self.expr();
                self.add("]");
            }
            10 => {
                self.add("if");
                if self.random.below(3) == 0 {
                    self.add("let");
                    self.pat();
                    self.add("=");
                }
                self.expr();
                self.block();
                if self.random.below(2) == 0 {
                    self.add("else");
                    self.block();
                }
            }
            11 => {
                self.add("match");
                self.expr();
                self.arms();
            }
            12 => {
                self.one_of(&[
                    "loop",
                    "while a",
                    "for x in a",
                    "for (a, b) in x.iter()",
                    "unsafe",
                    "'a: loop",
                    "async",
                ]);
                self.block();
            }
            13 | 14 => {
                self.one_of(&["|a|", "|a, b|", "||", "move |x: i32|", "|&x|", "fn(a) ->"]);
                self.expr();
            }
            15 => self.list("(", ")", Generator::expr),
            16 => self.list("[", "]", Generator::expr),
            17 => {
                self.one_of(&["S", "E::A", "Self"]);
                self.list("{", "}", |g| {
                    g.name();
                    g.add(":");
                    g.expr();
                });
            }
            18 => self.one_of(&["return", "break", "continue", "return a", "break 'a 1", "break x"]),
            19 => {
                self.one_of(&[
                    "println!(\"{} {:?}\", ",
                    "format!(\"{a:>5}\", ",
                    "assert_eq!(",
                    "m!(",
                    "panic!(\"{}\", ",
                ]);
                self.expr();
                self.add(")");
            }
            20 => {
                self.add("spawn");
                if self.random.below(2) == 0 {
                    self.block();
                } else {
                    self.one_of(&["A {}", "A { a: 1 }", "(name = \"n\") A {}"]);
                }
            }
            21 => {
                self.one_of(&[
                    "ask a.f(1)",
                    "a ! f(x)",
                    "ask a.g() within 5.ms()",
                    "receive { x => x, after 5.ms() => 1 }",
                    "a ! x",
                ]);
            }
            22 => {
                self.add("select {");
                self.pat();
                self.add("= a.recv() =>");
                self.expr();
                self.add(", default =>");
                self.expr();
                self.add("}");
            }
            _ => self.block(),
        }
    }
}
