//! Sessions of ClaudeLang: what stays from one entry to the next.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use molt_driver::claude::{Contracts, Options};
use molt_driver::repl::{self, Evaluated, Mode, Refusal, Repl};

/// What came of an entry, as a line: its value, nothing, `failed`, `exit N`, or the codes and places of what was refused.
fn shown(session: &mut Repl, text: &str) -> String {
    match session.evaluate(text, None) {
        Ok(Evaluated::Value(value)) => value.unwrap_or_default(),
        Ok(Evaluated::Failed) => "failed".to_owned(),
        Ok(Evaluated::Exit(status)) => format!("exit {status}"),
        Err(Refusal::Driver(e)) => e.to_string(),
        Err(Refusal::Faults((faults, sources))) => {
            let place = |d: &molt_driver::Diagnostic| {
                let span = d.primary_span().expect("findings have places");
                format!("{} at {}", d.code.id, &sources.file(span.file).text[span.start as usize..span.end as usize])
            };
            faults.iter().map(place).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Runs entries in one session, each with what must come of it.
fn session(entries: &[(&str, &str)]) {
    with_session(|session| {
        for (text, expected) in entries {
            assert_eq!(shown(session, text), *expected, "{text}");
        }
    });
}

fn with_session(work: impl FnOnce(&mut Repl)) {
    let ended = repl::on_large_stack(|stack_size| {
        let mut session = Repl::new(Options::default(), stack_size);
        // No panic leaves the thread, which C made.
        let worked = catch_unwind(AssertUnwindSafe(|| work(&mut session)));
        (worked, session.reset())
    });
    let (worked, ended) = ended.expect("there is memory for the stack");
    worked.unwrap_or_else(|panic| resume_unwind(panic));
    assert_eq!(ended, Ok(()));
}

#[test]
fn definitions_stay() {
    session(&[
        ("(define x 10)", ""),
        ("(define (f n) (* n x))", ""),
        ("(f 4)", "40"),
        ("_", "40"),
        ("(+ _ 2)", "42"),
        ("(define big 123456789012345678901234567890)", ""),
        ("(+ big 1)", "123456789012345678901234567891"),
        ("(define (fact n) (if (= n 0) 1 (* n (fact (- n 1)))))", ""),
        ("(fact 30)", "265252859812191058636308480000000"),
        ("nil", ""),
        ("(f 1) (f 2)", "20"),
    ]);
}

#[test]
fn variables_keep_what_later_entries_assign() {
    session(&[
        ("(define x 10)", ""),
        ("(define (f n) (* n x))", ""),
        ("(set! x 20)", "20"),
        ("(f 4)", "80"),
        ("(set! x \"no number\")", "\"no number\""),
        ("(f 4)", "failed"),
        ("(define counter (let ((n 0)) (lambda () (set! n (+ n 1)) n)))", ""),
        ("(counter)", "1"),
        ("(counter)", "2"),
        ("(define (use n) (counter-of n)) (define (counter-of n) (+ n 1))", ""),
        ("(set! counter-of (lambda (n) (- n 1))) (use 5)", "4"),
    ]);
}

#[test]
fn a_definition_hides_an_earlier_one_from_there_on() {
    session(&[
        ("(define (f) 1)", ""),
        ("(define (g) (f))", ""),
        ("(define (f) 2)", ""),
        ("[(f) (g)]", "[2 1]"),
        ("(define (twice) 1) (define (twice) 2)", "duplicate-binding at twice"),
    ]);
}

#[test]
fn what_is_wrong_leaves_the_session_as_it_was() {
    session(&[
        ("(define x 1)", ""),
        ("(define y (+ x nothing))", "unbound-name at nothing"),
        ("y", "unbound-name at y"),
        ("(print", "malformed-syntax at ("),
        ("(define z (/ x 0))", "failed"),
        ("z", "failed"),
        ("(+ x 1)", "2"),
        ("(throw \"lost\")", "failed"),
        ("_", "2"),
        ("(io:exit 3)", "exit 3"),
    ]);
}

#[test]
fn names_have_one_symbol_and_one_keyword_in_all_entries() {
    session(&[
        ("(define k :name)", ""),
        ("(define s 'name)", ""),
        (
            "[(= k :name) (case k (:name 1) (_ 2)) (get {:name 3} k) (= s 'name) (match s ('name 4) (_ 5))]",
            "[true 1 3 true 4]",
        ),
        ("(keyword? (string->keyword \"name\"))", "true"),
        ("(= k (string->keyword \"name\"))", "true"),
    ]);
}

#[test]
fn data_types_are_the_same_in_all_entries() {
    session(&[
        ("(data Color (Red) (Mix Color Color))", ""),
        ("(define (show c) (match c (Red \"r\") ((Mix a b) (str (show a) (show b)))))", ""),
        ("(show (Mix Red (Mix Red Red)))", "\"rrr\""),
        ("(data Other (Blue Int))", ""),
        ("(show (Blue 1))", "failed"),
        ("[(= Red Red) (is? Mix (Mix Red Red)) (Blue 1)]", "[true true (Blue 1)]"),
    ]);
}

#[test]
fn handlers_answer_what_procedures_of_earlier_entries_perform() {
    session(&[
        ("(define-effect Ask (name () String))", ""),
        ("(define (greet) (str \"hello, \" (ask:name)))", ""),
        ("(define (now) (time:now))", ""),
        ("(handler ((ask:name (lambda () \"you\"))) (greet))", "\"hello, you\""),
        ("(handler ((time:now (lambda () 7))) (now))", "7"),
        ("(handler ((control ask:name () (str (resume \"a\") \"b\"))) (greet))", "\"hello, ab\""),
        ("(greet)", "failed"),
    ]);
}

#[test]
fn parameters_are_asked_for_their_types_whoever_calls() {
    session(&[
        ("(define (h (n : Int)) n) (h 1)", "1"),
        ("(h \"a\")", "failed"),
        ("(h 1 2)", "failed"),
        ("(spec:contract half :requires [(> n 0)]) (define (half n) (/ n 2))", ""),
        ("(half -2)", "failed"),
        ("(disable-contract-checking!)", ""),
        ("(half -2)", "-1"),
    ]);
}

#[test]
fn macros_and_tasks_go_on_in_later_entries() {
    session(&[
        ("(define-macro (twice e) `(list ,e ,e))", ""),
        ("(twice (+ 1 1))", "[2 2]"),
        ("(define ch (chan 1))", ""),
        ("(define p (spawn (+ 1 (recv! ch))))", ""),
        ("(send! ch 41)", "true"),
        ("(await p)", "42"),
    ]);
}

#[test]
fn definitions_of_earlier_entries_have_graphs() {
    session(&[
        ("(define (f n) (* n 2))", ""),
        ("(graph:to-source (graph:of f))", "\"(define (f n) (* n 2))\\n\""),
        ("(define old (semantic:version f))", ""),
        ("(define (f m)   (* m 2))", ""),
        ("(= old (semantic:version f))", "true"),
    ]);
}

#[test]
fn modules_are_evaluated_once() {
    let folder = std::env::temp_dir().join(format!("molt-repl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    std::fs::write(folder.join("tally.cl"), "(define n 0) (define (add!) (set! n (+ n 1)) n) (export add!)")
        .expect("written");
    let path = folder.join("tally").display().to_string();
    session(&[
        (&format!("(import \"{path}\" *)"), ""),
        ("(add!)", "1"),
        (&format!("(import \"{path}\" :as t)"), ""),
        ("(t.add!)", "2"),
        (&format!("((get (require \"{path}\") :add!))"), "3"),
        ("(set! add! 1)", "misplaced-target at add!"),
    ]);
    std::fs::remove_dir_all(&folder).expect("it is there");
}

#[test]
fn types_are_told_without_running() {
    with_session(|session| {
        assert_eq!(shown(session, "(define (f (n : Int)) : String (print n) (str n))"), "");
        let mut described = |text: &str| {
            let made = session.texts.describe(text).unwrap_or_else(|_| panic!("{text} is well-formed"));
            (made.ty, made.row)
        };
        assert_eq!(described("(f 1)"), ("String".to_owned(), "{io:print}".to_owned()));
        assert_eq!(described("f").0, "(Function Int String) {io:print}");
        assert_eq!(described("(+ 1 2)"), ("Int".to_owned(), "{}".to_owned()));
        let Err(Refusal::Faults((faults, _))) = session.texts.describe("(f \"a\")") else {
            panic!("it is of another type")
        };
        assert_eq!(faults.iter().map(|d| d.code.id).collect::<Vec<_>>(), ["type-mismatch"]);
    });
}

#[test]
fn bytecode_is_shown_without_running() {
    with_session(|session| {
        assert_eq!(shown(session, "(define x 20)"), "");
        let code = session.texts.bytecode("(string-upcase (str x))").unwrap_or_else(|_| panic!("it is well-formed"));
        assert!(code.contains("call.rt") && code.contains(" ret "), "{code}");
        assert!(session.texts.bytecode("(nothing)").is_err());
        assert_eq!(shown(session, "(+ x 1)"), "21");
    });
}

#[test]
fn a_reset_forgets_and_options_hold_for_what_comes() {
    with_session(|session| {
        assert_eq!(shown(session, "(define x 1)"), "");
        assert_eq!(session.variables(), [("x".to_owned(), Some("1".to_owned()))]);
        assert_eq!(session.texts.entered().collect::<Vec<_>>(), ["(define x 1)"]);
        assert_eq!(session.reset(), Ok(()));
        assert_eq!(shown(session, "x"), "unbound-name at x");
        session.texts.options.contracts = Contracts::Off;
        assert_eq!(shown(session, "(spec:contract f :requires [false]) (define (f) 1) (f)"), "1");
        assert!(session.variables().iter().any(|v| v.0 == "f"));
    });
}

#[test]
fn more_is_wanted_while_something_is_open() {
    for text in ["(define (f)", "[1 2", "\"a", "(f \"a)", "#| note", "'", "{:a"] {
        assert!(repl::wants_more(text), "{text}");
    }
    for text in ["(f)", "1", "(f))", "(a ])", "; (", "", "\"(\""] {
        assert!(!repl::wants_more(text), "{text}");
    }
}

#[test]
fn interpreted_and_compiled_entries_call_one_another() {
    with_session(|session| {
        let modes = [Mode::Bytecode, Mode::Jit, Mode::Bytecode, Mode::Jit];
        assert_eq!(shown(session, "(define (call f x) (f x))"), "");
        for (i, mode) in modes.into_iter().enumerate() {
            session.texts.mode = mode;
            assert_eq!(shown(session, &format!("(define (f{i} x) (call (lambda (y) (* y {i})) x))")), "");
            assert_eq!(shown(session, &format!("(map f{i} [1 2 3])")), format!("[{} {} {}]", i, 2 * i, 3 * i));
            assert_eq!(shown(session, "(try (call nil 1) (catch e :caught))"), ":caught");
        }
        assert_eq!(shown(session, "(map (lambda (f) (f 10)) [f0 f1 f2 f3])"), "[0 10 20 30]");
        assert_eq!(shown(session, "(define-macro (twice e) `(do ,e ,e))"), "");
        session.texts.mode = Mode::Bytecode;
        assert_eq!(shown(session, "(define n 0) (twice (set! n (+ n (f3 1)))) n"), "6");
    });
}
