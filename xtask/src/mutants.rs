//! Seeded bugs: `tests/mutants/mutants.md`, whose form its `README.md` tells. Each is put into a copy of the repository
//! with a target folder of its own, so that builds are incremental and the checkout stays as it is.
//!
//! The copy is built in the development profile: it is quicker, and assertions of the compiler may notice a bug, too.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::lang;
use crate::toolchain::root;

/// Folders and files of the repository that a build needs.
const PARTS: &[&str] = &["Cargo.toml", "Cargo.lock", "crates", "xtask", "docs", "tests"];

struct Mutant {
    name: String,
    file: String,
    suite: Suite,
    text: String,
    replacement: String,
}

#[derive(Clone)]
enum Suite {
    Unit(String),
    Filetest,
    Lang(String),
}

/// Mutants that can not be applied, because the text that they change is not there once.
pub fn stale() -> Result<Vec<String>, String> {
    let found = |m: &Mutant| std::fs::read_to_string(root().join(&m.file)).map_or(0, |t| t.matches(&m.text).count());
    let wrong =
        |m: &Mutant| (found(m) != 1).then(|| format!("mutant `{}`: its text is found {} times", m.name, found(m)));
    Ok(all()?.iter().filter_map(wrong).collect())
}

fn all() -> Result<Vec<Mutant>, String> {
    let path = root().join("tests/mutants/mutants.md");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&text)
}

/// Applies all mutants, or those whose name contains the filter; an error names those that nothing noticed.
pub fn run(filter: Option<&str>) -> Result<(), String> {
    let mut mutants = all()?;
    mutants.retain(|m| filter.is_none_or(|f| m.name.contains(f)));
    let copy = Copy { tree: root().join("target/mutants/tree"), target: root().join("target/mutants/build") };
    copy.refresh()?;
    println!("building the copy and running its suites without any mutant");
    for suite in distinct_suites(&mutants) {
        if let Some(why) = copy.noticed(&suite)? {
            return Err(format!("the suites fail without a mutant: {why}"));
        }
    }
    let mut unnoticed = Vec::new();
    for m in &mutants {
        match copy.try_mutant(m)? {
            Some(by) => println!("noticed    {:<42} by {by}", m.name),
            None => {
                println!("UNNOTICED  {}", m.name);
                unnoticed.push(m.name.as_str());
            }
        }
    }
    println!("{} of {} mutants noticed", mutants.len() - unnoticed.len(), mutants.len());
    if unnoticed.is_empty() { Ok(()) } else { Err(format!("not noticed: {}", unnoticed.join(", "))) }
}

fn distinct_suites(mutants: &[Mutant]) -> Vec<Suite> {
    let mut suites: Vec<Suite> = mutants.iter().map(|m| m.suite.clone()).collect();
    suites.sort_by_key(Suite::text);
    suites.dedup_by_key(|s| s.text());
    suites
}

impl Suite {
    fn of(text: &str) -> Result<Suite, String> {
        match text.split_once(' ') {
            None if text == "filetest" => Ok(Suite::Filetest),
            Some(("unit", krate)) => Ok(Suite::Unit(krate.to_string())),
            Some(("lang", filter)) => Ok(Suite::Lang(filter.to_string())),
            _ => Err(format!("unknown suite `{text}`")),
        }
    }

    fn text(&self) -> String {
        match self {
            Suite::Unit(krate) => format!("unit {krate}"),
            Suite::Filetest => "filetest".into(),
            Suite::Lang(filter) => format!("lang {filter}"),
        }
    }
}

/// The mutants of the table: a heading, two list items and two fences each.
fn parse(text: &str) -> Result<Vec<Mutant>, String> {
    text.split("\n## ").skip(1).map(section).collect()
}

fn section(text: &str) -> Result<Mutant, String> {
    let name = text.lines().next().unwrap_or_default().trim().to_string();
    let missing = |what: &str| format!("mutant `{name}` has no {what}");
    let item = |key: &str| {
        let head = format!("- {key}: ");
        text.lines().find_map(|l| l.strip_prefix(head.as_str())).map(str::to_string).ok_or_else(|| missing(key))
    };
    let fence = |info: &str| {
        let (_, rest) = text.split_once(&format!("```{info}\n")).ok_or_else(|| missing(info))?;
        let (body, _) = rest.split_once("\n```").ok_or_else(|| missing("end of fence"))?;
        Ok::<String, String>(body.to_string())
    };
    let (file, suite) = (item("file")?, Suite::of(&item("suite")?)?);
    let (text, replacement) = (fence("text")?, fence("replacement")?);
    Ok(Mutant { name, file, suite, text, replacement })
}

/// A copy of the repository.
struct Copy {
    tree: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Makes the copy equal to the checkout. Files that are equal are not written, so that builds stay incremental.
    fn refresh(&self) -> Result<(), String> {
        std::fs::create_dir_all(&self.tree).map_err(|e| format!("{}: {e}", self.tree.display()))?;
        for part in PARTS {
            mirror(&root().join(part), &self.tree.join(part)).map_err(|e| format!("{part}: {e}"))?;
        }
        Ok(())
    }

    /// What notices the mutant; the file is as before when this returns.
    fn try_mutant(&self, m: &Mutant) -> Result<Option<String>, String> {
        let path = self.tree.join(&m.file);
        let original = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", m.file))?;
        let found = original.matches(&m.text).count();
        if found != 1 {
            return Err(format!("mutant `{}`: its text is found {found} times in {}", m.name, m.file));
        }
        std::fs::write(&path, original.replacen(&m.text, &m.replacement, 1)).map_err(|e| format!("{}: {e}", m.file))?;
        let result = self.noticed(&m.suite);
        std::fs::write(&path, original).map_err(|e| format!("{}: {e}", m.file))?;
        result.map_err(|e| format!("mutant `{}`: {e}", m.name))
    }

    /// The failure that a suite shows, or nothing. What does not compile is an error.
    fn noticed(&self, suite: &Suite) -> Result<Option<String>, String> {
        match suite {
            Suite::Unit(krate) => self.cargo_test(krate, suite),
            Suite::Filetest => self.cargo_test("molt_filetest", suite),
            Suite::Lang(filter) => {
                self.cargo(&["build", "-p", "molt"])?;
                lang::first_failure(filter, &self.target.join("debug/molt"))
            }
        }
    }

    fn cargo_test(&self, krate: &str, suite: &Suite) -> Result<Option<String>, String> {
        self.cargo(&["test", "-p", krate, "--no-run"])?;
        let passed = self.cargo(&["test", "-p", krate]).is_ok();
        Ok((!passed).then(|| suite.text()))
    }

    fn cargo(&self, args: &[&str]) -> Result<(), String> {
        let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut command = Command::new(program);
        command.args(args).args(["--locked", "-q", "--target-dir"]).arg(&self.target).current_dir(&self.tree);
        let output = command.stdin(Stdio::null()).output().map_err(|e| format!("cannot start cargo: {e}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("`cargo {}` failed\n{}", args.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}

/// Makes `to` equal to `from`, files and folders.
fn mirror(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_file() {
        let content = std::fs::read(from)?;
        let same = std::fs::read(to).is_ok_and(|c| c == content);
        return if same { Ok(()) } else { std::fs::write(to, content) };
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        mirror(&from.join(&name), &to.join(&name))?;
    }
    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() {
            let path = entry.path();
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
    }
    Ok(())
}
