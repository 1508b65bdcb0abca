//! The image of the library: programs come out the same with it and without.

use molt_grok::compile::{self, Compiled};
use molt_grok::hir::front::{Options, Texts};

fn compiled(text: &'static str, library: Option<&'static [u8]>) -> Compiled {
    let (packages, loader) = Texts::program(text);
    compile::compile(packages, loader, Options { library, ..Options::default() })
}

/// The program's code, or what was wrong with it and where.
fn outcome(text: &'static str, library: Option<&'static [u8]>) -> String {
    let out = compiled(text, library);
    match &out.program {
        Some(program) => molt_ir::print::program(program),
        None => {
            out.diagnostics.iter().map(|d| format!("{} {:?} {}\n", d.code.id, d.primary_span(), d.message)).collect()
        }
    }
}

fn image() -> &'static [u8] {
    compile::library_image().leak()
}

/// Derives, library macros with and without arguments, constants, generic code, actors, formats.
const PROGRAMS: &[&str] = &[
    "fn main() { println!(\"hello\"); }\n",
    "#[derive(Clone, Debug, Eq, Hash, Default, Ord)]\nstruct P { x: i64, y: u8 }\n\
     fn main() { let p = P { x: i64::MAX, y: u8::MAX }; println!(\"{p:?} {} {}\", p.clone() == p, u128::MAX); }\n",
    "fn main() {\n    let mut m = HashMap::new();\n    for w in \"a b a\".split(' ') { *m.entry(w).or_insert(0) += 1; }\n\
     for (k, v) in m.iter() { println!(\"{k:>4} {v:04}\"); }\n    let s: f64 = [1.0, 2.5].iter().sum();\n    println!(\"{s:.3}\");\n}\n",
    "actor Counter {\n    n: i64 = 0,\n    fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }\n}\n\
     fn main() { let c = spawn Counter {}; println!(\"{:?}\", ask c.add(3)); }\n",
    "fn main() { let x: i32 = \"text\"; x.nothing(); y; }\n",
    "use grok::collections::Missing;\nfn main() { let v = vec![1]; drop(v); println!(\"{v:?}\"); }\n",
];

#[test]
fn programs_come_out_the_same() {
    let image = image();
    for program in PROGRAMS {
        assert_eq!(outcome(program, Some(image)), outcome(program, None), "{program}");
    }
}

#[test]
fn the_library_itself_comes_out_the_same_twice() {
    assert!(compile::is_library_image(image()));
    assert_eq!(image(), image());
}

#[test]
fn an_image_that_was_changed_is_not_used() {
    let good = image();
    let mut changed = good.to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bad in [&*changed.leak(), &good[..good.len() - 1], &good[..10], &[]] {
        assert!(!compile::is_library_image(bad));
        assert_eq!(outcome(PROGRAMS[1], Some(bad)), outcome(PROGRAMS[1], None));
    }
}
