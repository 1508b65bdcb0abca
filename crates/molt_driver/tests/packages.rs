//! Manifests and what comes of them: every key of the table, features, order, lock.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use molt_driver::package::keys::{DEPENDENCY, FREE, TABLES, Takes};
use molt_driver::package::{self, Selection, TargetKind, Workspace};

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // The number alone tells folders of one process apart.
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("molt-packages-{}-{n}", std::process::id()));
        let folder = Folder(folder);
        for (name, text) in files {
            let path = folder.0.join(name);
            std::fs::create_dir_all(path.parent().expect("below the folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        }
        folder
    }

    fn load(&self, selection: &Selection) -> Workspace {
        self.load_at("", selection)
    }

    fn load_at(&self, below: &str, selection: &Selection) -> Workspace {
        Workspace::load(&self.0.join(below), selection).expect("the manifests can be read")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Codes and lines of the findings.
fn found(w: &Workspace) -> Vec<(&'static str, u32)> {
    let line =
        |d: &molt_driver::Diagnostic| d.primary_span().map_or(0, |s| w.files.file(s.file).lines().line_col(s.start).0);
    w.diagnostics.iter().map(|d| (d.code.number.expect("a code of GrokLang"), line(d))).collect()
}

/// Findings of one manifest of a program.
fn of_manifest(manifest: &str) -> Vec<(&'static str, u32)> {
    found(&Folder::new(&[("grok.toml", manifest), ("src/main.grok", "fn main() {}")]).load(&Selection::default()))
}

/// A table's head with what comes before it in a sound manifest.
fn head(table: &str) -> String {
    match table {
        "package" => "[package]\nname = \"app\"\n".to_owned(),
        "bin" => "[package]\nname = \"app\"\n[[bin]]\nname = \"app\"\n".to_owned(),
        _ => format!("[package]\nname = \"app\"\n[{table}]\n"),
    }
}

#[test]
fn every_key_takes_what_the_table_says_and_nothing_else() {
    for (table, keys) in TABLES {
        for (key, takes) in *keys {
            let line = head(table).lines().count() as u32 + 1;
            if *key != "name" || !matches!(*table, "package" | "bin") {
                let wrong = of_manifest(&format!("{}{key} = [1.5]\n", head(table)));
                assert!(wrong.contains(&("E1701", line)), "{table}.{key}: {wrong:?}");
            }
            let good = match takes {
                Takes::Text if *key == "version" => "\"1.2.3\"".to_owned(),
                Takes::Text if *key == "target_cpu" => "\"native\"".to_owned(),
                // Paths and names of targets are looked at by other tests.
                Takes::Text if matches!(*table, "lib" | "bin") || *key == "name" => continue,
                Takes::Text => "\"text\"".to_owned(),
                Takes::Bool => "true".to_owned(),
                Takes::Int(least, _) => least.to_string(),
                Takes::OneOf(words) => format!("\"{}\"", words[0]),
                Takes::Texts => "[]".to_owned(),
                Takes::Time => "\"1s\"".to_owned(),
            };
            if *table == "lib" {
                continue;
            }
            let good = of_manifest(&format!("{}{key} = {good}\n", head(table)));
            let expected: &[_] = if *key == "api_key" { &[("W0305", line)] } else { &[] };
            assert_eq!(good, expected, "{table}.{key}");
        }
    }
}

#[test]
fn unknown_keys_are_warnings_in_every_table() {
    for (table, _) in TABLES {
        let text = head(table);
        let line = text.lines().count() as u32 + 1;
        let all = of_manifest(&format!("{text}nonsense = 1\n"));
        assert!(all.contains(&("W0401", line)), "{table}: {all:?}");
    }
    assert_eq!(of_manifest("[package]\nname = \"app\"\n[packages]\n"), [("W0401", 3)]);
    assert_eq!(of_manifest("[package]\nname = \"app\"\n[lints]\nunused-varable = \"allow\"\n"), [("W0401", 4)]);
}

#[test]
fn tables_of_free_keys_check_their_values() {
    for (table, takes) in FREE {
        let all = of_manifest(&format!("[package]\nname = \"app\"\n[{table}]\nx = 1.5\n"));
        assert!(all.iter().any(|(code, line)| *code == "E1701" && *line == 4), "{table} ({takes:?}): {all:?}");
    }
    for (key, _) in DEPENDENCY {
        let all = of_manifest(&format!("[package]\nname = \"app\"\n[dependencies]\nx = {{ {key} = [1.5] }}\n"));
        assert!(all.contains(&("E1701", 4)), "{key}: {all:?}");
    }
}

#[test]
fn what_is_wrong_is_reported_where_it_stands() {
    let cases: &[(&str, &[(&str, u32)])] = &[
        ("[package]\nname = \"app\"\nversion = \"1\"\n", &[("E1701", 3)]),
        ("[package]\nname = \"4ever\"\n", &[("E1701", 2)]),
        ("[package]\n", &[("E1701", 1)]),
        ("x = \n", &[("E1701", 1)]),
        ("[package]\nname = \"app\"\n[[bin]]\nname = \"../up\"\npath = \"src/main.grok\"\n", &[("E1701", 4)]),
        ("[package]\nname = \"app\"\n[lints]\nE0382 = \"allow\"\n", &[("E1701", 4)]),
        ("[package]\nname = \"app\"\n[profile.dev]\npanic = \"abort\"\n", &[("E1701", 4)]),
        ("[package]\nname = \"app\"\n[memory]\ngc = \"reference-counting\"\n", &[("E1701", 4)]),
        ("[package]\nname = \"app\"\n[features]\na = [\"b\"]\n", &[("E1701", 4)]),
        ("[package]\nname = \"app\"\n[build-dependencies]\nx = { path = \"x\" }\n", &[("E1701", 3)]),
        ("[package]\nname = \"app\"\n[dependencies]\nx = \"1\"\n", &[("E1702", 4)]),
        ("[package]\nname = \"app\"\n[dependencies]\nx = { git = \"u\" }\n", &[("E1702", 4)]),
        ("[package]\nname = \"app\"\n[dependencies]\nx = { path = \"nowhere\" }\n", &[("E1702", 4)]),
        ("[package]\nname = \"app\"\n[dependencies]\nx = { workspace = true }\n", &[("E1702", 4)]),
        ("[package]\nname = \"app\"\n[[bin]]\nname = \"b\"\npath = \"src/b.grok\"\n", &[("E1701", 5)]),
    ];
    for (manifest, expected) in cases {
        assert_eq!(of_manifest(manifest), *expected, "{manifest}");
    }
}

#[test]
fn a_package_makes_something() {
    let folder = Folder::new(&[("grok.toml", "[package]\nname = \"app\"\n")]);
    assert_eq!(found(&folder.load(&Selection::default())), [("E1701", 2)]);
}

const LIB: &str = "pub fn f() {}";

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.2.0\"\n{rest}")
}

#[test]
fn dependencies_come_first_and_each_once() {
    let top = manifest("top", "[dependencies]\nleft = { path = \"left\" }\nright = { path = \"right\" }\n");
    let side = |name| manifest(name, "[dependencies]\nbase = { path = \"../base\", version = \"1.1\" }\n");
    let (left, right, base) = (side("left"), side("right"), manifest("base", ""));
    let folder = Folder::new(&[
        ("grok.toml", &top),
        ("src/main.grok", "fn main() {}"),
        ("left/grok.toml", &left),
        ("left/src/lib.grok", LIB),
        ("right/grok.toml", &right),
        ("right/src/lib.grok", LIB),
        ("base/grok.toml", &base),
        ("base/src/lib.grok", LIB),
    ]);
    let w = folder.load(&Selection::default());
    assert_eq!(found(&w), []);
    let (n, member) = w.selected().next().expect("one package");
    let program = member.programs().next().expect("one program");
    let sources = w.sources(n, program, false);
    let names: Vec<&str> = sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["base", "left", "right", "top"]);
    assert_eq!(sources[1].dependencies, [("base".to_owned(), 0)]);
    assert_eq!(sources[3].dependencies, [("left".to_owned(), 1), ("right".to_owned(), 2)]);
}

#[test]
fn a_dependency_must_be_the_one_that_is_meant() {
    let of = |dependency: &str, files: &[(&str, &str)]| {
        let top = manifest("top", &format!("[dependencies]\n{dependency}\n"));
        let mut all = vec![("grok.toml", top.as_str()), ("src/main.grok", "fn main() {}")];
        all.extend(files);
        found(&Folder::new(&all).load(&Selection::default()))
    };
    let base = manifest("base", "");
    let files: &[(&str, &str)] = &[("base/grok.toml", &base), ("base/src/lib.grok", LIB)];
    assert_eq!(of("base = { path = \"base\", version = \"^1.2\" }", files), []);
    assert_eq!(of("base = { path = \"base\", version = \"2\" }", files), [("E1702", 5)]);
    assert_eq!(of("bass = { path = \"base\" }", files), [("E1702", 5)]);
    assert_eq!(of("base = { path = \"base\", features = [\"x\"] }", files), [("E1702", 5)]);
    let program: &[(&str, &str)] = &[("base/grok.toml", &base), ("base/src/main.grok", "fn main() {}")];
    assert_eq!(of("base = { path = \"base\" }", program), [("E1702", 5)]);
}

#[test]
fn features_add_up() {
    let top = manifest(
        "top",
        "[features]\ndefault = [\"a\"]\na = []\nb = [\"a\", \"extra\"]\n[dependencies]\n\
         extra = { path = \"extra\", optional = true, features = [\"x\"], default-features = false }\n",
    );
    let extra = manifest("extra", "[features]\ndefault = [\"y\"]\nx = []\ny = []\n");
    let folder = Folder::new(&[
        ("grok.toml", &top),
        ("src/main.grok", "fn main() {}"),
        ("extra/grok.toml", &extra),
        ("extra/src/lib.grok", LIB),
    ]);
    let features = |selection: Selection| {
        let w = folder.load(&selection);
        assert_eq!(found(&w), []);
        let (n, member) = w.selected().next().expect("one package");
        let sources = w.sources(n, member.programs().next().expect("one program"), false);
        sources.iter().map(|s| (s.name.clone(), s.features.join(" "))).collect::<Vec<_>>()
    };
    let pair = |name: &str, features: &str| (name.to_owned(), features.to_owned());
    assert_eq!(features(Selection::default()), [pair("top", "a default")]);
    let none = Selection { no_default_features: true, ..Selection::default() };
    assert_eq!(features(none.clone()), [pair("top", "")]);
    let b = Selection { features: vec!["b".into()], ..none };
    assert_eq!(features(b), [pair("extra", "x"), pair("top", "a b extra")]);
    let unknown = Selection { features: vec!["c".into()], ..Selection::default() };
    assert_eq!(found(&folder.load(&unknown)), [("E1702", 0)]);
}

#[test]
fn targets_are_found_or_named() {
    let text = manifest(
        "app",
        "[lib]\nname = \"inner-part\"\npath = \"src/other.grok\"\n[[bin]]\nname = \"tool\"\npath = \"tools/t.grok\"\n",
    );
    let folder = Folder::new(&[
        ("grok.toml", &text),
        ("src/other.grok", LIB),
        ("src/main.grok", "fn main() {}"),
        ("src/bin/extra.grok", "fn main() {}"),
        ("tools/t.grok", "fn main() {}"),
        ("tests/outside.grok", ""),
    ]);
    let w = folder.load(&Selection::default());
    assert_eq!(found(&w), []);
    let targets: Vec<(TargetKind, &str)> = w.members[0].targets.iter().map(|t| (t.kind, t.name.as_str())).collect();
    let program = TargetKind::Program;
    let expected = [
        (TargetKind::Library, "inner-part"),
        (program, "tool"),
        (program, "app"),
        (program, "extra"),
        (TargetKind::Test, "outside"),
    ];
    assert_eq!(targets, expected);
    let test = w.members[0].targets.last().expect("a test");
    let sources = w.sources(0, test, true);
    assert_eq!(sources.len(), 2);
    assert_eq!(sources[1].dependencies, [("inner_part".to_owned(), 0)]);
    assert!(sources[1].test && !sources[0].test && !sources[1].whole_folder && sources[0].whole_folder);
}

#[test]
fn a_workspace_is_found_from_its_members() {
    let folder = Folder::new(&[
        ("workspace.toml", "members = [\"parts/*\"]\n[dependencies]\nbase = { path = \"parts/base\" }\n"),
        ("parts/base/grok.toml", &manifest("base", "")),
        ("parts/base/src/lib.grok", LIB),
        ("parts/top/grok.toml", &manifest("top", "[dependencies]\nbase = { workspace = true }\n")),
        ("parts/top/src/main.grok", "fn main() {}"),
    ]);
    let all = folder.load(&Selection::default());
    assert_eq!(found(&all), []);
    assert_eq!(all.selected().map(|(_, m)| m.name.as_str()).collect::<Vec<_>>(), ["base", "top"]);
    let top = folder.load_at("parts/top", &Selection::default());
    assert_eq!(found(&top), []);
    assert_eq!(top.selected().map(|(_, m)| m.name.as_str()).collect::<Vec<_>>(), ["top"]);
    assert_eq!(top.folder.canonicalize().ok(), folder.0.canonicalize().ok());
    let one = Selection { packages: vec!["base".into()], ..Selection::default() };
    assert_eq!(folder.load(&one).selected().map(|(_, m)| m.name.as_str()).collect::<Vec<_>>(), ["base"]);
}

#[test]
fn the_lock_is_written_once_and_kept() {
    let folder = Folder::new(&[("grok.toml", &manifest("app", "")), ("src/main.grok", "fn main() {}")]);
    let lock = |locked| {
        let mut w = folder.load(&Selection::default());
        package::lock(&mut w, locked).expect("writable");
        found(&w)
    };
    assert_eq!(lock(true), [("E1703", 0)]);
    assert_eq!(lock(false), []);
    assert_eq!(lock(true), []);
    std::fs::write(folder.0.join("grok.toml"), manifest("app2", "")).expect("writable");
    assert_eq!(lock(true), [("E1703", 0)]);
}

#[test]
fn edits_keep_the_rest_of_a_manifest() {
    let text = "# mine\n[package]\nname = \"app\" # short\n\n[dependencies]\n# none yet\n";
    let folder = Folder::new(&[("grok.toml", text), ("base/grok.toml", &manifest("base", ""))]);
    let read = || std::fs::read_to_string(folder.0.join("grok.toml")).expect("there");
    package::add(&folder.0, "base", &folder.0.join("base"), false).expect("a manifest");
    assert!(
        read().contains("base = { path = \"base\" }")
            && read().starts_with("# mine\n[package]\nname = \"app\" # short\n")
    );
    assert!(package::remove(&folder.0, "base", false).expect("a manifest"));
    assert!(!package::remove(&folder.0, "base", false).expect("a manifest"));
    assert!(!read().contains("base"));
    assert!(package::find(Path::new("/")).is_none() || Path::new("/grok.toml").is_file());
}

/// Pieces of manifests in any order are never more than wrong.
#[test]
fn no_manifest_brings_the_reader_down() {
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "[package]", "name = \"app\"", "version = \"1.0.0\"", "[[bin]]", "[bin]", "[lib]", "path = \"src/main.grok\"",
        "[dependencies]", "x = { path = \".\" }", "x = { workspace = true }", "x = 1", "x.y.z = []", "[features]",
        "default = [\"default\", \"x\"]", "[workspace]", "members = [\"*\", \"nowhere\"]", "members = 3", "[lints]",
        "W0101 = \"deny\"", "\"\" = \"\"", "[profile.dev]", "overflow = \"wrap\"", "[profile]", "dev = 1", "[a.b.c]",
        "[ai]", "timeout = -1", "[test]", "timeout = \"1e9h\"", "= ", "\u{1F600} = 1", "\"\"\"", "[[package]]",
        "[dependencies.x]", "path = \"\"", "optional = true", "x = [\"x\"]",
    ];
    let folder = Folder::new(&[("src/main.grok", "fn main() {}")]);
    let mut state = 1u64;
    let mut random = |below: usize| {
        // Knuth's constants for MMIX; the high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..400 {
        let lines: Vec<&str> = (0..1 + random(10)).map(|_| PIECES[random(PIECES.len())]).collect();
        let text = lines.join("\n");
        std::fs::write(folder.0.join("grok.toml"), &text).expect("writable");
        let w = folder.load(&Selection { features: vec!["x".into()], ..Selection::default() });
        for (n, member) in w.selected() {
            for target in &member.targets {
                assert!(!w.sources(n, target, true).is_empty(), "{text}");
            }
        }
    }
}
