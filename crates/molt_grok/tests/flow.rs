//! What lies between typed bodies and code: patterns, captures, control-flow graphs, borrows and drops.
//!
//! In `tests/cases/flow` a `.txt` file holds cases: `=== name`, a program, a line `---`, and what is expected: diagnostics with
//! the line and the text they point to, in `graphs.txt` the graphs. `BLESS=1 cargo test -p molt_grok --test flow` writes the
//! expectations anew; read the difference before you keep it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use molt_grok::check::context::Checked;
use molt_grok::check::program::check_program;
use molt_grok::hir::{BodyOwner, Front, Options, PackageSource, Texts};
use molt_grok::mir::borrow::check_borrows;
use molt_grok::mir::build::build;
use molt_grok::mir::drops::elaborate_drops;
use molt_grok::mir::print::mir_text;
use molt_grok::mir::queries::Queries;

const STD: &str = include_str!("cases/flow/library.grok");

fn load(text: &str) -> (Checked, Vec<molt_diagnostics::Diagnostic>) {
    let files =
        BTreeMap::from([("std/lib.grok".to_owned(), STD.to_owned()), ("main.grok".to_owned(), text.to_owned())]);
    let library = PackageSource {
        name: "grok".to_owned(),
        root: "std/lib.grok".to_owned(),
        is_library: true,
        is_std: true,
        ..PackageSource::default()
    };
    let program = PackageSource { name: "app".to_owned(), root: "main.grok".to_owned(), ..PackageSource::default() };
    let front = Front::load(vec![library, program], Box::new(Texts(files)), Options::default());
    (check_program(front.hir), front.diagnostics)
}

/// Diagnostics of a program, or also its graphs.
fn run(text: &str, graphs: bool) -> String {
    let (checked, mut found) = load(text);
    let mut out = String::new();
    let owners: Vec<BodyOwner> = checked
        .hir
        .bodies
        .iter()
        .filter_map(|(_, b)| b.as_ref())
        .filter(|b| !checked.hir.packages[checked.hir.modules[b.module].package].is_std)
        .map(|b| b.owner)
        .collect();
    for owner in owners {
        let (Some(body), Some(typed)) = (checked.body_of(owner), checked.typed(owner)) else { continue };
        if typed.failed {
            writeln!(out, "{owner:?} failed").unwrap();
            continue;
        }
        let q = Queries { c: &checked, env: checked.env_of(owner) };
        let mut built = build(q, body, typed);
        check_borrows(q, body, typed, &built);
        built.closures.iter_mut().chain([&mut built.mir]).for_each(|m| elaborate_drops(q, m));
        if graphs {
            for mir in built.closures.iter().chain([&built.mir]) {
                out.push_str(&mir_text(&checked, mir));
            }
        }
    }
    found.extend(checked.take_diagnostics());
    found.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    let mut diagnostics = String::new();
    for d in &found {
        let span = d.primary_span().unwrap();
        let file = checked.hir.files.file(span.file);
        let at = |span: molt_base::Span| {
            let (line, _) = file.lines().line_col(span.start);
            let text = file.text.get(span.start as usize..span.end as usize).unwrap_or("?");
            (line, text.lines().next().unwrap_or("").to_owned())
        };
        let (line, text) = at(span);
        let number = d.code.number.unwrap_or(d.code.id);
        let place = if file.name == "main.grok" { String::new() } else { format!("{}:", file.name) };
        writeln!(diagnostics, "{number} {place}{line} `{text}`: {}", d.message).unwrap();
        for label in d.labels.iter().filter(|l| !l.primary) {
            let (line, text) = at(label.span);
            writeln!(diagnostics, "  {line} `{text}`: {}", label.text).unwrap();
        }
    }
    diagnostics + &out
}

fn check_file(name: &str, graphs: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/flow").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut new = String::new();
    let mut failures = Vec::new();
    for case in text.split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (program, expected) = rest.split_once("\n---\n").unwrap_or((rest.trim_end(), ""));
        let program = format!("{program}\n");
        if std::env::var("ONLY").is_ok_and(|only| !title.contains(&only)) {
            continue;
        }
        let found = run(&program, graphs);
        if found.trim_end() != expected.trim_end() {
            failures.push(format!("{title}\nexpected:\n{expected}\nfound:\n{found}"));
        }
        write!(new, "=== {title}\n{program}---\n{}\n", if found.is_empty() { String::new() } else { found }).unwrap();
    }
    if std::env::var("BLESS").is_ok() {
        std::fs::write(&path, new).unwrap();
    } else {
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    }
}

#[test]
fn graphs() {
    check_file("graphs.txt", true);
}

#[test]
fn borrows() {
    check_file("borrows.txt", false);
}

#[test]
fn patterns() {
    check_file("patterns.txt", false);
}
