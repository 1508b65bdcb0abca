//! The debugger: where programs wait, and what they tell there.

use std::cell::RefCell;
use std::fmt::Write;
use std::path::PathBuf;
use std::rc::Rc;

use molt_driver::claude::Options;
use molt_driver::debug::{self, Go, Pause, Reason, Target};
use molt_driver::repl::{Refusal, on_large_stack};

/// Runs a program; what is asked for at its pauses notes what it wants to.
fn told(
    name: &str,
    text: &str,
    mut ask: impl FnMut(&mut Pause<'_, '_>, &mut String) -> Go + Send + 'static,
) -> (String, i32) {
    let folder = std::env::temp_dir().join(format!("molt-debug-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is a place for tests");
    let file: PathBuf = folder.join(format!("{name}.cl"));
    std::fs::write(&file, text).expect("the folder is there");
    let ended = on_large_stack(|size| {
        let notes = Rc::new(RefCell::new(String::new()));
        let shared = notes.clone();
        let status =
            debug::run(&file, Options::default(), &[], size, move |pause| ask(pause, &mut shared.borrow_mut()));
        let why = |refusal: Refusal| match refusal {
            Refusal::Driver(e) => e.to_string(),
            Refusal::Faults((faults, _)) => format!("{faults:?}"),
        };
        (notes.take(), status.map_err(why).unwrap_or_else(|e| panic!("{name}: {e}")))
    });
    std::fs::remove_file(&file).expect("it is there");
    ended.expect("there is a thread")
}

fn at(pause: &Pause<'_, '_>) -> String {
    let place = pause.place();
    format!("{}:{}", place.procedure.as_deref().unwrap_or("top"), place.line)
}

fn note(notes: &mut String, text: impl AsRef<str>) {
    writeln!(notes, "{}", text.as_ref()).expect("texts take all");
}

const SUM: &str = "(define (square x)
  (* x x))
(define (sum n acc)
  (if (= n 0)
      acc
      (sum (- n 1) (+ acc (square n)))))
(define total (sum 3 0))
(io:exit total)
";

#[test]
fn steps_go_into_calls_and_over_them() {
    let (notes, status) = told("step", SUM, |pause, notes| {
        note(notes, at(pause));
        Go::Step
    });
    assert_eq!(status, 14);
    let turn = "sum:4\nsum:6\nsquare:2\n".repeat(3);
    assert_eq!(notes, format!("top:7\n{turn}sum:4\ntop:8\n"));
    let (notes, _) = told("next", SUM, |pause, notes| {
        note(notes, at(pause));
        Go::Next
    });
    assert_eq!(notes, "top:7\ntop:8\n");
}

#[test]
fn breakpoints_have_places_and_conditions() {
    let (notes, status) = told("break", SUM, |pause, notes| {
        match pause.reason().clone() {
            Reason::Start => {
                let set = pause.set(&Target::Procedure("square".into()), Some("(< x 3)"));
                assert_eq!(set.map(|b| (b.number, b.place.line)), Ok((1, 2)));
                assert_eq!(pause.set(&Target::Line(None, 5), None).map(|b| b.place.line), Ok(6));
                let absent = pause.set(&Target::Procedure("cube".into()), None);
                assert_eq!(absent.err().as_deref(), Some("there is no procedure `cube`"));
                assert!(pause.set(&Target::Line(Some("other.cl".into()), 1), None).is_err());
                assert!(pause.set(&Target::Here, Some("(< x")).is_err());
            }
            Reason::Breakpoint(2) => assert_eq!(pause.clear(Some(6)), 1),
            reason => {
                assert_eq!(reason, Reason::Breakpoint(1));
                note(notes, pause.evaluate("x").unwrap_or_default());
            }
        }
        Go::Continue
    });
    assert_eq!((notes.as_str(), status), ("2\n1\n", 14));
}

#[test]
fn expressions_are_evaluated_in_every_call() {
    let (notes, _) = told("evaluate", SUM, |pause, notes| {
        if *pause.reason() == Reason::Start {
            pause.set(&Target::Procedure("square".into()), None).expect("it is there");
            return Go::Continue;
        }
        note(notes, format!("{:?}", pause.variables()));
        assert_eq!(pause.evaluate("(square (+ x 1))"), Ok("16".to_owned()));
        assert_eq!(pause.evaluate("(map square [x 2])"), Ok("[9 4]".to_owned()));
        assert_eq!(pause.evaluate("(unheard-of)"), Err("`unheard-of` is not bound".to_owned()));
        assert!(pause.evaluate("(/ x 0)").is_err_and(|e| e.contains("division by zero")));
        assert!(pause.evaluate("1 2").is_err());
        assert!(pause.select(1));
        note(notes, format!("{} {:?}", at(pause), pause.variables()));
        assert!(!pause.select(9));
        Go::Quit
    });
    let expected = "[(\"x\", \"3\")]\nsum:6 [(\"n\", \"3\"), (\"acc\", \"0\")]\n";
    assert_eq!(notes, expected);
}

#[test]
fn watched_values_stop_where_they_change() {
    let text = "(define n 1)\n(define (f) (set! n (+ n 1)) (print \"f\"))\n(f)\n(print n)\n";
    let (notes, _) = told("watch", text, |pause, notes| {
        match pause.reason().clone() {
            Reason::Start => return Go::Step,
            Reason::Watch(text, before, now) => note(notes, format!("{} {text} {before} {now}", at(pause))),
            _ => {
                pause.watch("n").expect("it is an expression");
                assert!(!pause.unwatch("m"));
            }
        }
        Go::Continue
    });
    assert_eq!(notes, "f:2 n 1 2\n");
}

#[test]
fn calls_of_handlers_and_tasks_are_followed() {
    let text = "(define-effect Ask (ask (Int) Int))
(define (asker n) (+ (ask:ask n) 1))
(define (run) (handler ((control ask:ask (n) (+ (resume (* n 2)) 100))) (asker 5)))
(define value (run))
(define (work) (asker-free 2))
(define (asker-free x) (* x 3))
(define task (spawn (work)))
(io:exit (+ value (await task)))
";
    let (notes, status) = told("stacks", text, |pause, notes| {
        if *pause.reason() == Reason::Start {
            pause.set(&Target::Procedure("asker".into()), None).expect("it is there");
            pause.set(&Target::Procedure("asker-free".into()), None).expect("it is there");
            return Go::Continue;
        }
        let calls: Vec<String> = pause.calls().iter().map(|p| p.procedure.clone().unwrap_or_default()).collect();
        note(notes, calls.join(" < "));
        if calls[0] == "asker" { Go::Finish } else { Go::Continue }
    });
    assert_eq!(status, 111 + 6);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(lines[0], "asker < body < run < ");
    assert!(lines.iter().any(|l| l.starts_with("asker-free < ")), "{notes}");
}

#[test]
fn the_end_of_a_program_is_its_own() {
    let text = "(define (f) (try (print \"in\") (finally (print \"out\"))))\n(f)\n(throw \"bad\")\n";
    let (_, status) = told("failed", text, |_, _| Go::Continue);
    assert_eq!(status, 1);
    let (notes, status) = told("quit", text, |pause, notes| {
        note(notes, at(pause));
        if pause.place().procedure.is_some() { Go::Quit } else { Go::Step }
    });
    assert_eq!((notes.as_str(), status), ("top:2\nf:1\n", 0));
}
