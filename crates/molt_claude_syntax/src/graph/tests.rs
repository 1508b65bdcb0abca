use std::borrow::ToOwned;
use std::path::Path;
use std::vec::Vec;

use super::*;

/// Asserts that a text comes back from its graph, by way of JSON, as a text with the same graph and the same text.
fn comes_back(name: &str, text: &str) {
    let graph = Graph::of_text(text).unwrap_or_else(|faults| panic!("{name}: {}", faults[0].what));
    let json = graph.to_json();
    assert_eq!(Graph::of_json(&json).as_ref(), Ok(&graph), "{name}: JSON");
    let written = graph.to_text().unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    let again = Graph::of_text(&written).unwrap_or_else(|faults| panic!("{name}: {}\n{written}", faults[0].what));
    assert_eq!(again.clone().without_places(), graph.without_places(), "{name}:\n{written}");
    assert_eq!(again.to_text(), Ok(written), "{name}");
}

fn json(text: &str) -> String {
    Graph::of_text(text).expect("it is well-formed").without_places().to_json()
}

/// The kinds of all nodes, in the order of their ids.
fn kinds(text: &str) -> Vec<String> {
    let graph = Graph::of_text(text).expect("it is well-formed");
    graph.nodes.values().map(|n| n["type"].as_str().expect("nodes have a type").to_owned()).collect()
}

fn folder(below: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below)
}

#[test]
fn all_programs_of_the_suite_come_back() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder("tests/programs")).expect("the suite is there").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("claude_") && name.ends_with(".cl") {
            comes_back(&name, &std::fs::read_to_string(entry.path()).expect("programs are UTF-8"));
            count += 1;
        }
    }
    assert!(count >= 20, "{count} programs");
}

#[test]
fn all_examples_of_the_language_tests_come_back() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder("tests/lang/claude")).expect("the suite is there").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("tests are UTF-8");
        for (i, fence) in text.split("```cl").skip(1).enumerate() {
            let program = fence.split_once('\n').map_or("", |f| f.1).split("\n```").next().unwrap_or_default();
            if Graph::of_text(program).is_ok() {
                comes_back(&format!("{} {i}", entry.path().display()), program);
                count += 1;
            }
        }
    }
    assert!(count >= 500, "{count} programs");
}

#[test]
fn the_library_comes_back() {
    let path = folder("crates/molt_claude/src/library/core.cl");
    comes_back("library", &std::fs::read_to_string(path).expect("the library is there"));
}

#[test]
fn nodes_are_as_the_reference_shows_them() {
    assert_eq!(
        Graph::of_text("1").expect("it is well-formed").to_json(),
        "{\"root\": \"n2\", \"nodes\": {\n\
         \"n1\": {\"literal_type\":\"int\",\"span\":[0,1],\"type\":\"Literal\",\"value\":1},\n\
         \"n2\": {\"form_ids\":[\"n1\"],\"span\":[0,1],\"type\":\"Module\"}\n}}\n"
    );
    assert_eq!(
        json("(if c (f 1) [x])"),
        "{\"root\": \"n8\", \"nodes\": {\n\
         \"n1\": {\"name\":\"c\",\"type\":\"Variable\"},\n\
         \"n2\": {\"name\":\"f\",\"type\":\"Variable\"},\n\
         \"n3\": {\"literal_type\":\"int\",\"type\":\"Literal\",\"value\":1},\n\
         \"n4\": {\"argument_ids\":[\"n3\"],\"function_id\":\"n2\",\"type\":\"Application\"},\n\
         \"n5\": {\"name\":\"x\",\"type\":\"Variable\"},\n\
         \"n6\": {\"elements\":[\"n5\"],\"type\":\"List\"},\n\
         \"n7\": {\"condition_id\":\"n1\",\"else_id\":\"n6\",\"then_id\":\"n4\",\"type\":\"If\"},\n\
         \"n8\": {\"form_ids\":[\"n7\"],\"type\":\"Module\"}\n}}\n"
    );
    let lambda = json("(lambda (x (y : Int = 2) . r) : Int 1 2)");
    assert!(lambda.contains("\"parameter_names\":[\"x\",\"y\"]"), "{lambda}");
    assert!(lambda.contains("\"parameters\":{\"y\":{\"default_id\":\"n1\",\"type_text\":\"Int\"}}"), "{lambda}");
    let matched = json("(match e ((Num n) when (> n 0) n) (_ 0))");
    assert!(matched.contains("{\"body_id\":\"n6\",\"guard_id\":\"n5\",\"pattern\":\"(Num n)\"}"), "{matched}");
    let bound = json("(let ((a 1)) a)");
    assert!(bound.contains("\"bindings\":[{\"name\":\"a\",\"value_id\":\"n1\"}],\"body_id\":\"n2\""), "{bound}");
    let performed = json("(io:write 1)");
    assert!(performed.contains("\"effect_type\":\"io\",\"operation\":\"write\""), "{performed}");
}

#[test]
fn names_that_the_program_binds_are_no_forms() {
    assert_eq!(kinds("(when c 1)"), ["Variable", "Literal", "If", "Module"]);
    assert_eq!(kinds("(lambda (when) (when 1))"), ["Variable", "Literal", "Application", "Lambda", "Module"]);
    assert_eq!(kinds("(define (when c) c) (when 1)")[3..], ["Variable", "Literal", "Application", "Module"]);
    assert_eq!(
        kinds("(let loop ((i 0)) (loop i))"),
        ["Literal", "Variable", "Variable", "Application", "Let", "Module"]
    );
    assert_eq!(kinds("(define-macro (unless2 c) c) (unless2 (x y))"), ["Macro", "Macro", "Module"]);
    assert_eq!(kinds("(do (define if 1) (if 2 3)) (if 2 3)").last().map(String::as_str), Some("Module"));
}

#[test]
fn spellings_of_one_thing_are_one() {
    let same = [
        ("(fn (x) x)", "(lambda (x) x)"),
        ("(let* ((a 1)) a)", "(let ((a 1)) a)"),
        ("(begin 1 2)", "(do 1 2)"),
        ("0xff", "255"),
        ("'(a b)", "(quote (a b))"),
        ("[1, 2]", "[1 2]"),
        ("@r", "(deref r)"),
        ("(lambda (a & r) a)", "(lambda (a . r) a)"),
        ("#t", "true"),
    ];
    for (a, b) in same {
        assert_eq!(json(a), json(b), "{a}");
    }
}

#[test]
fn odd_texts_come_back() {
    let texts = [
        "",
        "()",
        "(if)",
        "(let)",
        "(let x)",
        "(lambda)",
        "(define)",
        "(define x)",
        "(define (f))",
        "(match)",
        "(match x y)",
        "(cond else)",
        "(case)",
        "(loop x)",
        "(dotimes)",
        "(try)",
        "(effect)",
        "(->)",
        "(module)",
        "(import)",
        "(is? A)",
        "(let ((a)) a)",
        "(let (a) a)",
        "(lambda (1) 1)",
        "(lambda (x . ) x)",
        "(define x :type Int :effects {IO} 1)",
        "{:a 1 :b}",
        "(a 'b `(c ,d ,@e) ,f)",
        "(f \"\\u{1F600}\\n\\\"\" -0.0 1e400 1_000 123456789012345678901234567890)",
        "(spec:contract f :requires [(> n 0)])",
        "(data T a (A a) (B (x : Int)))",
        "(cond (a 1) (else 2))",
        "(-> x (f 1) g)",
        "(try 1 (catch (as e \"io\") 2) (finally 3))",
        "(handler ((control a:b (x) (resume x))) 1)",
        "(()())",
        "((f) 1)",
        "#{1 [2 {3 4}]} :k",
        "(select ((recv! c) (lambda (x) x)))",
        "(quote)",
        "(unquote x)",
        "(ui:if a b)",
    ];
    texts.iter().for_each(|text| comes_back(text, text));
}

#[test]
fn graphs_that_are_none_are_refused() {
    let refused = |text: &str| Graph::of_json(text).and_then(|g| g.to_text()).expect_err("it is no graph");
    let whole = |node: &str| {
        refused(&format!(
            "{{\"root\": \"n2\", \"nodes\": {{\"n2\": {{\"type\": \"Module\", \"form_ids\": [\"n1\"]}}, \"n1\": {node}}}}}"
        ))
    };
    assert!(refused("{").contains("EOF"));
    assert_eq!(refused("{}"), "`root` is not the id of a node");
    assert_eq!(refused("{\"root\": \"n1\", \"nodes\": {}}"), "there is no node `n1`");
    assert_eq!(whole("{}"), "a node without `type` has no `parts`");
    assert_eq!(whole("{\"type\": \"If\"}"), "a node If has no `condition_id`");
    assert_eq!(
        whole("{\"type\": \"List\", \"elements\": [\"n1\"]}"),
        "nodes are nested too deeply, or contain themselves"
    );
    assert_eq!(whole("{\"type\": \"List\", \"elements\": [7]}"), "7 is no id");
    assert_eq!(
        whole("{\"type\": \"Literal\", \"literal_type\": \"int\", \"value\": true}"),
        "true is no literal of the type int"
    );
    assert_eq!(whole("{\"type\": \"Variable\", \"name\": \"a)\"}"), "`a)` is no name");
    assert!(
        whole("{\"type\": \"Macro\", \"name\": \"m\", \"operands\": [\"a)\"]}").starts_with("its text is no program")
    );
}

fn graph(text: &str) -> Graph {
    Graph::of_text(text).unwrap_or_else(|faults| panic!("{text}: {}", faults[0].what))
}

fn hash(text: &str) -> String {
    graph(text).hash().unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
}

#[test]
fn names_of_bound_variables_do_not_count() {
    for [a, b] in [
        ["(define (f x) (+ x 1))", "(define (f n)   (+ n 1)) ; more"],
        ["(fn (x . more) (g x more))", "(lambda (y . rest) (g y rest))"],
        ["(let* ((a 1) (b a)) b)", "(let ((x 1) (y x)) y)"],
        ["(let go ((i 0)) (go (+ i 1)))", "(let again ((n 0)) (again (+ n 1)))"],
        ["(loop ((i 0) (j i)) (recur j i))", "(loop ((a 0) (b a)) (recur b a))"],
        ["(match e ((Some [x ...xs]) (f x xs)))", "(match e ((Some [a ...as]) (f a as)))"],
        ["(match e ((or (A x) (B x)) x))", "(match e ((or (A y) (B y)) y))"],
        ["(match e ((when n (> n 1)) n))", "(match e ((when m (> m 1)) m))"],
        ["(try (f) (catch e (g e)))", "(try (f) (catch x (g x)))"],
        ["(doseq (x xs) (print x))", "(doseq (y xs) (print y))"],
        ["(define (f) (define a 1) (+ a a))", "(define (f) (define b 1) (+ b b))"],
        [
            "(handler ((control emit:item (x) (cons x (resume nil)))) (f))",
            "(handler ((control emit:item (y) (cons y (resume nil)))) (f))",
        ],
        ["(with-open-file (h p \"r\") (io:read-file h))", "(with-open-file (g p \"r\") (io:read-file g))"],
        ["(receive [a b] (+ a b) (timeout 5 nil))", "(receive [c d] (+ c d) (timeout 5 nil))"],
        ["(lambda (x) `(a ,x ,@(f x) x))", "(lambda (y) `(a ,y ,@(f y) x))"],
        ["(lambda (x) (-> x (f x)))", "(lambda (y) (-> y (f y)))"],
        [
            "(spec:contract f :requires [(> n 0)]) (define (f n) n)",
            "(spec:contract f :requires [(> k 0)]) (define (f k) k)",
        ],
        ["(fn-contract (x) :requires [(> x 0)])", "(fn-contract (y) :requires [(> y 0)])"],
        ["(lambda ((x : Int = 1)) x)", "(lambda ((y : Int = 1)) y)"],
    ] {
        assert_eq!(hash(a), hash(b), "{a} and {b}");
    }
    for [a, b] in [
        ["(define (f x) x)", "(define (g x) x)"],
        ["(lambda (x y) x)", "(lambda (x y) y)"],
        ["(lambda (x) (lambda (y) x))", "(lambda (x) (lambda (y) y))"],
        ["(lambda (x) y)", "(lambda (x) z)"],
        ["(lambda (x) 'x)", "(lambda (x) 'y)"],
        ["(lambda (x) `(x ,x))", "(lambda (x) `(y ,x))"],
        ["(match e ((A x) x))", "(match e ((B x) x))"],
        ["(match e (x x))", "(match e (_ x))"],
        ["(f 1)", "(f 1.0)"],
        ["[1 2]", "#{1 2}"],
        ["(let ((x 1)) x)", "(letrec ((x 1)) x)"],
    ] {
        assert_ne!(hash(a), hash(b), "{a} and {b}");
    }
}

/// What a pattern finds: the text of each place, and what its holes stand for.
fn found(text: &str, pattern: &str) -> Vec<String> {
    let graph = graph(text);
    let found = graph.query(pattern).unwrap_or_else(|wrong| panic!("{pattern}: {wrong}"));
    let shown = |item: &Value| {
        let id = number(item["id"].as_str().expect("an id")).expect("an id");
        let span: Vec<usize> = graph.nodes[&id][SPAN]
            .as_array()
            .expect("a place")
            .iter()
            .map(|n| n.as_u64().expect("a number") as usize)
            .collect();
        format!("{} {}", &text[span[0]..span[1]], item["bindings"])
    };
    found.as_array().expect("a list").iter().map(shown).collect()
}

#[test]
fn expressions_are_found_by_example() {
    assert_eq!(found("(+ 1 0) (* (+ a 0) 2)", "(+ ?x 0)"), ["(+ 1 0) {\"x\":\"n2\"}", "(+ a 0) {\"x\":\"n7\"}"]);
    assert_eq!(found("(f a a) (f a b) (f (g 1) (g 1))", "(f ?x ?x)").len(), 2);
    assert_eq!(
        found("(f) (f 1) (f 1 2)", "(f ?xs...)"),
        ["(f) {\"xs\":[]}", "(f 1) {\"xs\":[\"n4\"]}", "(f 1 2) {\"xs\":[\"n7\",\"n8\"]}"]
    );
    assert_eq!(found("(let ((a 1)) a)", "(let ((?n ?v)) ?n)"), Vec::<String>::new(), "a name is no expression");
    assert_eq!(found("(let ((a 1)) (f a))", "(let ((?n ?v)) ?body)").len(), 1);
    assert_eq!(found("(when a (b)) (unless a (b))", "(when ?c ?body...)").len(), 1);
    assert_eq!(found("(fn (x) 1)", "(lambda (?p) ?e)"), ["(fn (x) 1) {\"e\":\"n1\",\"p\":\"x\"}"]);
    assert!(graph("1").query("1 2").is_err_and(|wrong| wrong == "`1 2` is not one expression"));
    assert!(graph("1").query("(").is_err());
}

fn rewritten(text: &str, rules: &[(&str, &str)]) -> Result<String, String> {
    let mut graph = graph(text);
    graph.rewrite(rules)?;
    graph.check()?;
    graph.to_text()
}

#[test]
fn what_is_found_is_replaced() {
    let rules = [("(+ ?x 0)", "?x"), ("(* ?x 2)", "(+ ?x ?x)"), ("(if (not ?c) ?a ?b)", "(if ?c ?b ?a)")];
    for (text, expected) in [
        ("(+ (+ a 0) 0)", "a\n"),
        ("(* (f (+ y 0)) 2)", "(+ (f y) (f y))\n"),
        ("(define (g n) (if (not n) 1 (* n 2)))", "(define (g n) (if n (+ n n) 1))\n"),
        ("(+ 0 a)", "(+ 0 a)\n"),
    ] {
        assert_eq!(rewritten(text, &rules).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(rewritten("(log a b)", &[("(log ?xs...)", "(print 1 ?xs...)")]).as_deref(), Ok("(print 1 a b)\n"));
    assert_eq!(
        rewritten("(let ((a 1)) a)", &[("(let ((?n ?v)) ?b)", "((lambda (?n) ?b) ?v)")]).as_deref(),
        Ok("((lambda (a) a) 1)\n")
    );
    assert_eq!(
        rewritten("(f 1)", &[("(f ?x)", "(g ?y)")]),
        Err("`?y` of a replacement is not in its pattern".to_owned())
    );
}

#[test]
fn what_stays_keeps_its_ids() {
    let mut graph = graph("(f (+ a 0) b)");
    let before = graph.clone();
    graph.rewrite(&[("(+ ?x 0)", "(id ?x)")]).expect("the rule is in order");
    for (id, node) in &graph.nodes {
        let new = *id > *before.nodes.last_key_value().expect("there are nodes").0;
        assert!(new || before.nodes[id]["type"] == node["type"], "n{id}");
    }
    assert!(!graph.nodes.values().any(|n| n.get("value").is_some_and(|v| v == 0)), "what is gone is gone");
}

#[test]
fn graphs_that_contain_themselves_or_lack_nodes_are_refused() {
    for (json, wrong) in [
        (r#"{"root":"n1","nodes":{}}"#, "there is no node `n1`"),
        (r#"{"root":"n1","nodes":{"n1":{"type":"Module","form_ids":["n1"]}}}"#, "node `n1` contains itself"),
    ] {
        assert_eq!(Graph::of_json(json).and_then(|g| g.check()), Err(wrong.to_owned()));
    }
}

#[test]
fn effects_are_those_that_nobody_handles() {
    let rows = [("print", "IO:print"), ("chan", "Concurrent:channel"), ("raise", "Error:raise")];
    let rows: Rows = rows.iter().map(|&(name, row)| (name.to_owned(), Vec::from([row.to_owned()]))).collect();
    for (text, expected) in [
        ("(+ 1 2)", ""),
        ("(define (f) (print 1))", "IO"),
        ("(lambda (print) (print 1))", ""),
        ("(time:now) (IO:print 1)", "IO Time"),
        ("(define-effect Emit (item (a) Nil)) (emit:item 1)", "Emit"),
        ("(handler ((io:print f)) (print 1))", ""),
        ("(handler ((io:print f)) (io:write 1))", "IO"),
        ("(handler ((io f)) (io:write 1))", ""),
        ("(handler ((control time:now () (print 1))) (time:now))", "IO"),
        ("(with-handler (make-handler (time f)) (time:now))", ""),
        ("(try (raise 1) (catch e 1))", ""),
        ("(try (raise 1) (catch (e) 1))", ""),
        ("(try (raise 1) (catch \"key\" 1))", "Error"),
        ("(try (f) (finally (print 1)))", "IO"),
        ("(throw 1)", "Error"),
        ("(with-mock-time 0 (time:now))", ""),
        ("(spawn (f))", "Concurrent"),
        ("(chan)", "Concurrent"),
        ("(async (f))", "Async"),
        ("(perform* 'io 'print [1])", "IO"),
        ("'(print 1)", ""),
        ("`(print 1)", ""),
        ("`(a ,(print 1) `(b ,(time:now)))", "IO"),
        ("(quasiquote (a (unquote (print 1))))", "IO"),
        ("(-> 1 (print))", "IO"),
        ("(define-macro (twice e) `(do ,e ,e)) (twice (print 1))", "IO"),
        ("(define-macro (log e) `(print ,e))", "IO"),
    ] {
        let found: Vec<String> = graph(text).effects(&rows).expect("it has a text").into_iter().collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
}
