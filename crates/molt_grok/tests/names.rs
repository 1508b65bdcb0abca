//! Name resolution and macro expansion against `tests/cases/names.txt` and its siblings: a case is a program, perhaps of
//! several files (`//- path`), a line `---`, and the diagnostics expected.
//!
//! `BLESS=1 cargo test -p molt_grok --test names` writes the expectations anew; read the difference before you keep it.

mod soup;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use molt_grok::hir::print::print_body;
use molt_grok::hir::{BodyOwner, Front, Options, PackageSource, Texts};
use soup::{PIECES, Random};

const STD: &str = include_str!("cases/library.grok");

/// Loads a program of one or more files; the first is the root. A root in `src` is a package, others are single files.
fn load(case: &str) -> Front {
    let mut files = BTreeMap::from([("std/lib.grok".to_owned(), STD.to_owned())]);
    let mut path = "main.grok".to_owned();
    let mut root = None;
    for line in case.lines() {
        if let Some(name) = line.strip_prefix("//- ") {
            path = name.to_owned();
            continue;
        }
        root.get_or_insert_with(|| path.clone());
        let text = files.entry(path.clone()).or_default();
        text.push_str(line);
        text.push('\n');
    }
    let root = root.unwrap_or_else(|| "main.grok".to_owned());
    let library = PackageSource {
        name: "grok".to_owned(),
        root: "std/lib.grok".to_owned(),
        is_library: true,
        is_std: true,
        ..PackageSource::default()
    };
    let program = PackageSource {
        name: "app".to_owned(),
        whole_folder: root.starts_with("src/"),
        is_library: root.ends_with("lib.grok"),
        root,
        features: vec!["fast".to_owned()],
        tools: vec!["lint".to_owned()],
        ..PackageSource::default()
    };
    Front::load(vec![library, program], Box::new(Texts(files)), Options::default())
}

fn show(front: &Front) -> String {
    let mut out = String::new();
    let mut list: Vec<_> = front.diagnostics.iter().collect();
    list.sort_by_key(|d| d.primary_span().map(|s| (s.file, s.start)));
    for d in list {
        let span = d.primary_span().unwrap();
        let file = front.hir.files.file(span.file);
        let (line, _) = file.lines().line_col(span.start);
        let text = file.text.get(span.start as usize..span.end as usize).unwrap_or("?");
        let text = text.lines().next().unwrap_or("");
        let place = if file.name == "main.grok" { format!("{line}") } else { format!("{}:{line}", file.name) };
        let help = d.help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        writeln!(out, "{} {place} `{text}`: {}{help}", d.code.number.unwrap(), d.message).unwrap();
    }
    out
}

/// The bodies of the program's functions, then the diagnostics.
fn show_bodies(front: &Front) -> String {
    let mut out = String::new();
    for (id, body) in front.hir.bodies.iter() {
        let Some(body) = body else { continue };
        let owner = match front.hir.body_owners[id.0 as usize] {
            BodyOwner::Fn(f) => front.hir.text(front.hir.fns[f].head.name).to_owned(),
            other => format!("{other:?}"),
        };
        writeln!(out, "{owner} {}", print_body(&front.hir, body)).unwrap();
    }
    out + &show(front)
}

fn check_table(name: &str, show: impl Fn(&Front) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    let table = std::fs::read_to_string(&path).unwrap();
    let mut fresh = String::new();
    let mut wrong = String::new();
    for case in table.split("\n===\n").map(|c| c.trim_matches('\n')).filter(|c| !c.is_empty()) {
        let (source, expected) = case.split_once("\n---").unwrap_or((case, ""));
        let found = show(&load(source));
        if expected.trim() != found.trim() {
            write!(wrong, "source:\n{source}\nexpected:\n{}\nfound:\n{found}\n", expected.trim()).unwrap();
        }
        write!(fresh, "{source}\n---\n{}\n===\n", found.trim()).unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(wrong.is_empty(), "{name}:\n{wrong}");
}

#[test]
fn names() {
    check_table("names.txt", show);
}

/// What bodies become.
#[test]
fn lowering() {
    check_table("lowering.txt", show_bodies);
}

#[test]
fn modules_and_imports() {
    check_table("modules.txt", show);
}

#[test]
fn macros() {
    check_table("macros.txt", show);
}

#[test]
fn bodies() {
    check_table("bodies.txt", show);
}

/// Whatever nesting the parser lets through must not exhaust the stack of a test thread.
#[test]
fn deep_nesting_is_lowered() {
    let deep = [
        format!("fn main() {{ {}1{}; }}", "(".repeat(500), ")".repeat(500)),
        format!("fn main() {{ {}1{}; }}", "{".repeat(500), "}".repeat(500)),
        format!("fn main() {{ {}1; }}", "1 + ".repeat(500)),
        format!("fn main() {{ 1{}; }}", ".f()".repeat(500)),
        format!("fn main() {{ {}1; }}", "-".repeat(500)),
        format!("fn main() {{ {} {{}} }}", "if true {} else ".repeat(500)),
        format!("fn main() {{ {}1; }}", "|_x| ".repeat(250)),
        format!("fn main() {{ {} {} }}", "match 1 { _ => ".repeat(160), "}".repeat(160)),
        format!("fn f(x: i32) -> i32 {{ x }} fn main() {{ {}1{}; }}", "f(".repeat(250), ")".repeat(250)),
        format!("fn f(x: {}i32) {{ x; }} fn main() {{}}", "&".repeat(500)),
        format!("fn f({}x: i32) {{ x; }} fn main() {{}}", "&".repeat(500)),
        format!(
            "macro_rules! m {{ ($x:expr) => {{ $x }} }} fn main() {{ {}1{}; }}",
            "m!(".repeat(120),
            ")".repeat(120)
        ),
    ];
    for source in deep {
        let front = load(&source);
        assert!(front.diagnostics.len() <= 1, "{}", show(&front));
    }
}

#[test]
fn the_library_has_no_faults() {
    let front = load("fn main() {}");
    assert_eq!(show(&front), "");
}

#[test]
fn no_soup_of_pieces_panics() {
    let mut random = Random(17);
    for _ in 0..1_500 {
        let mut source = String::new();
        for _ in 0..random.below(20) {
            source.push_str(PIECES[random.below(PIECES.len())]);
            source.push(if random.below(3) == 0 { '\n' } else { ' ' });
        }
        show(&load(&source));
    }
}

#[test]
fn cut_programs_do_not_panic() {
    for name in ["bodies.txt", "macros.txt", "names.txt", "lowering.txt"] {
        let table =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).unwrap();
        for case in table.split("\n===\n") {
            let source = case.split("\n---").next().unwrap();
            for (end, _) in source.char_indices().step_by(23) {
                show(&load(&source[..end]));
            }
        }
    }
}

/// Matching and writing a long repetition takes time in proportion to its length.
#[test]
fn long_macro_calls_are_expanded() {
    let list: Vec<String> = (0..5_000).map(|i| format!("{i} + f({i}, [{i}])")).collect();
    let source = format!(
        "macro_rules! sum {{ ($($x:expr),* $(,)?) => {{ [$($x),*] }} }} fn f(x: i32, y: [i32; 1]) -> i32 {{ x + y[0] }} \
         fn main() {{ sum!({}); }}",
        list.join(", ")
    );
    assert_eq!(show(&load(&source)), "");
}
