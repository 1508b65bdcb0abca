use std::fmt::Write;
use std::path::Path;

use molt_base::FileId;

use super::*;
use crate::lookup::Places;
use crate::options::Options;
use crate::program::Foreign;

/// Files by name; the first is analysed.
struct Texts<'t>(&'t [(&'t str, &'t str)]);

impl Loader for Texts<'_> {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.iter().find(|f| Path::new(f.0) == path).map(|f| f.1.as_bytes().to_vec())
    }
    fn foreign(&self, _: &Path, _: &[u8]) -> Result<Foreign, String> {
        Err("these modules are in one language".to_owned())
    }
}

fn analysed(files: &[(&str, &str)]) -> Analysis {
    let entry = Some(files[0].0.into());
    let (places, options) = (Places::default(), Options::default());
    let request = Request { entry, surfaces: Vec::new(), places, options };
    analyse(&request, &Texts(files), &|| unreachable!("these programs expand no macros")).expect("the file is there")
}

/// The place of the mark `^` in a text, and the text without it.
fn marked(text: &str) -> (String, u32) {
    let at = text.find('^').expect("there is a mark");
    (text.replacen('^', "", 1), at as u32)
}

/// What is known of the name at the mark, and all its places.
fn named(text: &str) -> String {
    let (text, at) = marked(text);
    let analysis = analysed(&[("main.cl", &text)]);
    let Some(used) = analysis.at(analysis.entry, at) else { return "nothing".to_owned() };
    let item = analysis.item(used);
    let mut out = format!("{:?} {} {:?}", item.kind, item.name, item.types);
    for place in analysis.places(used.item) {
        let mark = if place.is_definition { "*" } else { "" };
        write!(out, " {}{mark}", place.span.start).expect("texts take all");
    }
    out
}

#[test]
fn names_have_kinds_types_and_places() {
    assert_eq!(named("(define (f x) (* x 2)) (f^ 3)"), "Function f [\"(Function a Number) {}\"] 9* 24");
    assert_eq!(named("(define (f x) (* ^x 2)) (f 3)"), "Parameter x [\"a\"] 11* 17");
    assert_eq!(named("(let ((a 1)) (+ a^ 1))"), "Variable a [\"Int\"] 7* 16");
    assert_eq!(named("(define n 1) (set! n 2) ^n"), "Global n [\"Int\"] 8* 19 24");
    assert_eq!(named("(pr^int 1)"), "Operation io:print [\"(-> Any ... Nil)\"] 1");
    assert_eq!(named("(len^gth [1])").split(' ').next(), Some("Native"));
    assert_eq!(named("( ^ let ((a 1)) a)"), "nothing");
}

#[test]
fn types_effects_and_constructors_are_names_too() {
    let text = "(data Shape (Square Int)) (define (area (s : Shape)) (match s ((Square^ n) n))) (area (Square 2))";
    assert_eq!(named(text), "Constructor Square [\"(Function Int Shape)\"] 13* 64 86");
    assert_eq!(named(&text.replace('^', "").replacen("Shape", "Sha^pe", 1)), "Type Shape [] 6* 45");
    let effect = "(define-effect Ask (ask () Int)) (handler ((ask:ask (lambda () 1))) (^ask:ask))";
    assert_eq!(named(effect), "Operation ask [\"(Function Int)\"] 20* 44 69");
}

#[test]
fn imports_lead_to_the_other_file() {
    let files = [("main.cl", "(import \"lib\" (f)) (f 1) (lib:f 2)"), ("lib.cl", "(export f) (define (f x) x)")];
    let analysis = analysed(&files);
    let used = analysis.at(analysis.entry, 20).expect("a name is there");
    let place = analysis.item(used).place.expect("it is defined");
    assert_eq!(analysis.sources.file(place.file).name, "lib.cl");
    assert_eq!(analysis.places(used.item).count(), 5);
    let qualified = analysis.at(analysis.entry, 27).expect("a name is there");
    assert_eq!(analysis.own_part(qualified.span).start, qualified.span.start + 4);
    let module = analysis.at(analysis.entry, 10).expect("the module is named there");
    assert_eq!((analysis.item(module).kind, analysis.item(module).name.as_str()), (ItemKind::Module, "lib.cl"));
}

fn proposed(text: &str) -> Vec<String> {
    let (text, at) = marked(text);
    let analysis = analysed(&[("main.cl", &text)]);
    let page = Page::new(analysis.entry, &text);
    complete::complete(&analysis, &page, at).list.into_iter().map(|p| p.text).collect()
}

#[test]
fn names_that_can_be_seen_are_proposed_nearest_first() {
    let text = "(define (half value) (/ value 2)) (define (f vast) (let ((vain 1)) (va^))) (define valley 1)";
    let proposals = proposed(text);
    assert_eq!(proposals[..3], ["vain", "vast", "valley"]);
    assert!(!proposals.contains(&"value".to_owned()));
    assert_eq!(proposed("(define x {:name 1 :nose 2}) (get x :n^)"), [":name", ":nose"]);
    assert!(proposed("(io:pri^").contains(&"io:print".to_owned()));
    assert_eq!(proposed("(print \"pri^\")"), Vec::<String>::new());
    assert_eq!(proposed("(define-effect Ask (ask-now () Int)) (ask:^)"), ["ask:ask-now"]);
}

#[test]
fn pages_know_calls_regions_and_sections() {
    let text = "; one\n; two\n(data D (A Int)\n  (B))\n(define (f x)\n  (+ x\n 1))\n";
    let page = Page::new(FileId(0), text);
    let at = text.find("x\n 1").expect("it is there") as u32;
    let (head, operand) = page.call(at).expect("a call is there");
    assert_eq!((page.data.written(head), operand), ("+", 0));
    assert_eq!(page.call(at + 3).map(|c| c.1), Some(1));
    let regions: Vec<_> = page.regions().iter().map(|r| (r.first, r.last, r.is_comment)).collect();
    assert_eq!(regions, [(0, 1, true), (2, 3, false), (4, 6, false), (5, 6, false)]);
    let sections = page.sections();
    let names: Vec<_> = sections.iter().map(|s| (s.name.as_str(), s.parts.len())).collect();
    assert_eq!(names, [("D", 2), ("f", 0)]);
}

#[test]
fn tokens_say_what_names_are() {
    let text = "(define (f x) (if x \"a\" :k))";
    let analysis = analysed(&[("main.cl", text)]);
    let page = Page::new(analysis.entry, text);
    let tokens = tokens::tokens(&analysis, &page);
    let shown: Vec<_> = tokens.iter().map(|t| (t.span.start, format!("{:?}", t.kind), t.is_definition)).collect();
    let kinds: Vec<_> = shown.iter().map(|t| (t.0, t.1.as_str(), t.2)).collect();
    let expected = [
        (1, "Item(Form)", false),
        (9, "Item(Function)", true),
        (11, "Item(Parameter)", true),
        (15, "Item(Form)", false),
        (18, "Item(Parameter)", false),
        (20, "Text", false),
        (24, "Keyword", false),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn texts_with_faults_are_analysed_as_far_as_they_go() {
    let analysis = analysed(&[("main.cl", "(define (f x) x) (f (f 1)")]);
    assert_eq!(analysis.diagnostics.len(), 1);
    assert!(analysis.at(analysis.entry, 21).is_some());
    let misspelt = analysed(&[("main.cl", "(define total 1) (totl 2)")]);
    assert_eq!(misspelt.fixes[0].text, "total");
    let whole = analysed(&[("main.cl", "(+ 1 2)")]);
    assert_eq!(whole.type_at(0).map(|t| t.1), Some("Int"));
    assert_eq!(whole.type_at(1), None);
}
