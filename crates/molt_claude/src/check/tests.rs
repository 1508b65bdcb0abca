use std::path::Path;

use crate::library::{self, BUILTINS};
use crate::lookup::Places;
use crate::{Compiled, Loader, Options, Request, compile};

struct OneFile<'a>(&'a str);

impl Loader for OneFile<'_> {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        (path == Path::new("main.cl")).then(|| self.0.as_bytes().to_vec())
    }

    fn foreign(&self, _: &Path, _: &[u8]) -> Result<crate::Foreign, String> {
        unreachable!("nothing else is there")
    }
}

fn request() -> Request {
    Request {
        entry: Some("main.cl".into()),
        surfaces: Vec::new(),
        places: Places::default(),
        options: Options::default(),
    }
}

fn compiled(text: &str) -> Compiled {
    compile(&request(), &OneFile(text), &|| unreachable!("these programs have no macros"))
}

#[test]
fn a_module_has_types_of_what_it_defines() {
    let text = "(define (area (w : Float) h) : Float (* w h)) (spec:contract area :requires [(> w 0)] :pure true)
        (define unit 1) (define (show x) (print x)) (export area)";
    let request = request();
    let made = crate::doc::document(&request, &OneFile(text), &|| unreachable!("there are no macros"));
    let types = made.expect("there is the file").expect("it is in order").types;
    assert_eq!(types["area"], "(Function Float a Float) {}");
    assert_eq!(types["unit"], "Int");
    assert_eq!(types["show"], "(Function a Nil) {io:print}");
}

/// Each finding as its number and the text that it stands at.
fn findings(text: &str) -> Vec<String> {
    let shown = |d: &molt_diagnostics::Diagnostic| {
        let span = d.primary_span().expect("findings have places");
        format!("{} {}", d.code.number.unwrap_or(d.code.id), &text[span.start as usize..span.end as usize])
    };
    compiled(text).diagnostics.iter().map(shown).collect()
}

/// How many tests of types a program makes at run time.
fn tests_left(text: &str) -> usize {
    let program = compiled(text).program.expect("the program can run");
    molt_ir::print::program(&program).matches("= str \"Int\"").count()
}

#[test]
fn every_function_of_the_library_has_a_type() {
    let read = crate::syntax::read(molt_base::FileId(0), super::TABLE);
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    let table: Vec<&str> = super::TABLE.split(|c: char| c.is_whitespace() || "()".contains(c)).collect();
    let own = library::written_names().map(|n| n.0);
    for name in BUILTINS.iter().map(|b| b.name).chain(own).filter(|n| !n.starts_with('%')) {
        assert!(table.contains(&name), "{name}");
    }
}

#[test]
fn types_of_the_table_are_types() {
    let names = super::TABLE.lines().filter_map(|l| l.strip_prefix('(')).filter(|l| !l.starts_with('('));
    let known = names.map(|l| l.split(' ').next().unwrap_or_default());
    let exists =
        |n: &&str| BUILTINS.iter().any(|b| b.name == *n) || library::SOURCE.contains(&format!("(define ({n} "));
    let text: String = known.filter(exists).map(|n| format!("(print {n})\n")).collect();
    assert_eq!(findings(&text), [""; 0]);
}

#[test]
fn what_conditions_say_is_known() {
    let size = "(define (size (x : (Union Int String Nil)))\n  (cond ((string? x) (string-length x))\n  (x (+ 1 x)) (else 0)))";
    assert_eq!(findings(&format!("{size}\n(print (size nil))")), [""; 0]);
    assert_eq!(findings("(let ((x \"a\")) (print (if (number? x) (+ x 1) 0)))"), [""; 0]);
    let both = "(define (f (x : (Union Int String))) (and (string? x) (+ x 1)))\n(print (f 1))";
    assert_eq!(findings(both), ["E0301 x"]);
}

#[test]
fn types_go_through_procedures() {
    let id = "(define (id x) x)\n";
    assert_eq!(findings(&format!("{id}(print (+ 1 (id \"a\")))")), ["E0301 (id \"a\")"]);
    assert_eq!(findings("(print (map (lambda (s) (string-length s)) [1 2]))"), ["E0301 s"]);
    assert_eq!(findings("(print (fold (lambda (acc x) (if (= acc 0) x (string-concat acc x))) 0 [\"a\"]))"), [""; 0]);
    let recursive = "(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1)))))\n(print (string-length (count 3)))";
    assert_eq!(findings(recursive), ["E0301 (count 3)"]);
}

#[test]
fn what_is_proven_is_not_tested() {
    let fib = "(define (fib (n : Int)) : Int (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))\n(print (fib 20))";
    assert_eq!((findings(fib), tests_left(fib)), (Vec::new(), 0));
    let open = "(define (f (n : Int)) n)\n(print (map f [1]) (f (get {} :a)))";
    assert_eq!((findings(open), tests_left(open)), (Vec::new(), 1));
    let result = "(define (f m) : Int (get m :a))\n(print (f {:a 1}))";
    assert_eq!((findings(result), tests_left(result)), (Vec::new(), 1));
}

#[test]
fn rows_go_through_procedures() {
    let effect = "(define-effect Ask (it () Int) (that () Int))\n";
    let collect = "(define (answer thunk) (handler ((ask:it (lambda () 1))) (thunk)))\n";
    assert_eq!(findings(&format!("{effect}{collect}(print (answer (lambda () (ask:it))))")), [""; 0]);
    let other = "(answer (lambda () (ask:that)))";
    assert_eq!(findings(&format!("{effect}{collect}(print {other})")), [format!("E0403 {other}")]);
    // It may be performed, and need not be.
    assert_eq!(findings(&format!("{effect}(define (f x) (when x (ask:it)))\n(print (f false))")), [""; 0]);
    let map = "(define f :effects {} (lambda (xs) (map (lambda (x) (print x)) xs)))\n(print (f []))";
    assert_eq!(findings(map), ["E0401 (map (lambda (x) (print x)) xs)"]);
    let caught = "(define f :effects {} (lambda (x) (try (throw x) (catch e 1))))\n(print (f 1))";
    assert_eq!(findings(caught), [""; 0]);
}

#[test]
fn what_a_match_lacks_is_named() {
    let data = "(data Shape (Dot) (Circle Int) (Pair Shape Shape))\n";
    let lacks = |branches: &str| {
        let text = format!("{data}(define (f s) (match s {branches}))\n(print (f Dot))");
        let found = compiled(&text).diagnostics;
        found.iter().map(|d| format!("{} {}", d.code.number.unwrap_or_default(), d.message)).collect::<Vec<_>>()
    };
    assert_eq!(lacks("(Dot 0) ((Circle _) 1)"), ["W0201 no branch takes `(Pair _ _)`"]);
    let nested = "(Dot 0) ((Circle _) 1) ((Pair Dot _) 2) ((Pair _ Dot) 3)";
    assert_eq!(lacks(nested), ["W0201 no branch takes `(Pair (Circle _) (Circle _))`"]);
    assert_eq!(lacks("(Dot 0) ((or (Circle _) (Pair _ _)) 1)"), [""; 0]);
    assert_eq!(lacks("([] 0) ([_ ...xs] xs)"), [""; 0]);
    assert_eq!(lacks("([_ ...xs] xs)"), ["W0201 no branch takes `[]`"]);
    assert_eq!(lacks("(true 0) (x when (= x 1) 1)"), ["W0201 no branch takes `false`"]);
    let taken = "the branches before take everything that this one could";
    assert_eq!(lacks("(_ 0) (Dot 1)"), [format!("W0202 {taken}")]);
    assert_eq!(lacks("(Dot 0) ((Circle _) 1) ((Pair _ _) 2) (_ 3)"), [""; 0]);
}

#[test]
fn variables_are_looked_at() {
    assert_eq!(findings("(define (f x) (let ((y 1)) x))\n(print (f 1))"), ["W0101 y"]);
    assert_eq!(findings("(define (f x) (let ((_y 1) (x (+ x 1))) x))\n(print (f 1))"), [""; 0]);
    assert_eq!(findings("(define (f x) (let ((x 1)) x))\n(print (f 1))"), ["W0102 x"]);
    assert_eq!(findings("(dotimes (i 2) (print 1))\n(print (and 1 2) (or nil 2))"), [""; 0]);
}
