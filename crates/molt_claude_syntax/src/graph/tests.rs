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
    assert!(whole("{\"type\": \"Variable\", \"name\": \"a)\"}").starts_with("its text is no program"));
}
