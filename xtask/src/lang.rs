//! Literate language tests (`tests/lang/<language>/*.md`), whole programs (`tests/programs/*` with their recorded
//! `.out`) and the examples of several files (`examples/*/` with `main.out`), run on every engine with leak checking, and verified against the reference where there is one.
//!
//! A heading opens a test; a `py`, `grok` or `cl` fence is its program (an info string such as `py name=helper.py` adds a
//! file), a `toml` fence makes it the program of a package with that `grok.toml`, and with several of them it runs once with each.
//! An `output` fence is what it prints on standard output, an `error` fence the last line of standard error,
//! `status` its exit status. With a `frames` fence it runs with backtraces, whose lines the fence lists, those of the
//! library left out. A `refused` fence says that the program must not compile, and lists every finding that is expected,
//! one a line: its code, and line and column of its primary place; in ClaudeLang columns count characters, and warnings
//! are not listed. A test whose prose has `expected-fail: reason` must
//! fail, and turns red when it passes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::toolchain::{molt, reference, root};

/// What `molt check` ends with when it refuses a program.
const REFUSED_STATUS: i32 = 3;
/// Bytes that the executable of an example has at most.
const LARGEST_EXAMPLE: u64 = 3 << 20;
const ENGINES: &[&str] = &["native", "jit", "vm"];
/// Those that run in the process of the compiler.
const IN_PROCESS: &[&str] = &["jit", "vm"];

#[derive(Default)]
struct Test {
    name: String,
    files: Vec<(String, String)>,
    /// Texts of `grok.toml`: the program is that of a package, which runs with each.
    manifests: Vec<String>,
    output: Option<String>,
    error: Option<String>,
    /// Lines of the backtraces.
    frames: Option<String>,
    /// Findings of a program that must be refused.
    refused: Option<String>,
    /// Bytes that its executable has at most.
    largest: Option<u64>,
    status: i32,
    expected_fail: bool,
}

impl Test {
    /// The file that is run.
    fn entry(&self) -> &'static str {
        let is_there = |entry: &&str| self.files.iter().any(|(name, _)| name == entry);
        ["main.grok", "main.cl"].into_iter().find(is_there).unwrap_or("main.py")
    }

    /// Whether the reference can run it.
    fn is_python(&self) -> bool {
        self.files.iter().all(|(name, _)| name.ends_with(".py"))
    }

    /// What the command line names: a package is that of the folder.
    fn named_entry(&self) -> Option<&'static str> {
        self.manifests.is_empty().then(|| self.entry())
    }

    /// Where a file of the program lies.
    fn place_of<'a>(&self, name: &'a str) -> &'a str {
        if !self.manifests.is_empty() && name == "main.grok" { "src/main.grok" } else { name }
    }
}

pub fn run(filter: Option<&str>) -> Result<(), String> {
    run_all(filter, &molt(), ENGINES, reference().as_deref())
}

/// All tests with another toolchain, in its process only and without the reference.
pub fn run_in_process(filter: Option<&str>, molt: &Path) -> Result<(), String> {
    run_all(filter, molt, IN_PROCESS, None)
}

fn run_all(filter: Option<&str>, molt: &Path, engines: &[&str], reference: Option<&Path>) -> Result<(), String> {
    let tests = tests(filter)?;
    let mut failures = String::new();
    let (mut passed, mut failed) = (0, 0);
    for t in &tests {
        match outcome(t, molt, engines, reference) {
            None => passed += 1,
            Some(why) => {
                failed += 1;
                writeln!(failures, "FAILED {}\n{why}\n", t.name).expect("writing to a string");
            }
        }
    }
    print!("{failures}");
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("language tests failed".into()) }
}

/// The first test that fails with another toolchain, in its process and without the reference; an error if no test has
/// the name.
pub fn first_failure(filter: &str, molt: &Path) -> Result<Option<String>, String> {
    let tests = tests(Some(filter))?;
    if tests.is_empty() {
        return Err(format!("no language test is called `{filter}`"));
    }
    Ok(tests.iter().find(|t| outcome(t, molt, IN_PROCESS, None).is_some()).map(|t| t.name.clone()))
}

fn tests(filter: Option<&str>) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    for (folder, prefix) in [("python", ""), ("grok", "grok/"), ("claude", "claude/"), ("cross", "cross/")] {
        for path in files_with(&root().join("tests/lang").join(folder), "md") {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            parse(&format!("{prefix}{}", stem(&path)), &text, &mut tests);
        }
    }
    for extension in ["py", "grok", "cl"] {
        for path in files_with(&root().join("tests/programs"), extension) {
            tests.push(program(&path, extension)?);
        }
    }
    for folder in folders(&root().join("examples")) {
        tests.push(example(&folder)?);
    }
    if let Some(f) = filter {
        tests.retain(|t| t.name.contains(f));
    }
    Ok(tests)
}

/// The text of every file of a language that the tests have, by its extension.
pub fn texts(extension: &str) -> Result<Vec<String>, String> {
    let files = tests(None)?.into_iter().flat_map(|t| t.files);
    Ok(files.filter(|(name, _)| name.ends_with(extension)).map(|(_, text)| text).collect())
}

/// Why a test is not as it should be.
fn outcome(t: &Test, molt: &Path, engines: &[&str], reference: Option<&Path>) -> Option<String> {
    match (run_test(t, molt, engines, reference), t.expected_fail) {
        (Ok(()), false) | (Err(_), true) => None,
        (Ok(()), true) => Some("passes, but is marked expected-fail".into()),
        (Err(why), false) => Some(why),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn files_with(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

fn program(path: &Path, extension: &str) -> Result<Test, String> {
    let read = |p: &Path| std::fs::read_to_string(p).map_err(|e| format!("{}: {e}", p.display()));
    Ok(Test {
        name: format!("programs/{}", stem(path)),
        files: vec![(format!("main.{extension}"), read(path)?)],
        output: Some(read(&path.with_extension("out"))?),
        ..Test::default()
    })
}

/// The folders in a folder.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// A program of several files, with what it prints in `main.out`. It must not be larger than what people are promised.
fn example(folder: &Path) -> Result<Test, String> {
    let read = |p: &Path| std::fs::read_to_string(p).map_err(|e| format!("{}: {e}", p.display()));
    let sources = ["py", "grok", "cl"].iter().flat_map(|extension| files_with(folder, extension));
    let named = |p: PathBuf| Ok((p.file_name().unwrap_or_default().to_string_lossy().into_owned(), read(&p)?));
    Ok(Test {
        name: format!("examples/{}", stem(folder)),
        files: sources.map(named).collect::<Result<_, String>>()?,
        output: Some(read(&folder.join("main.out"))?),
        largest: Some(LARGEST_EXAMPLE),
        ..Test::default()
    })
}

/// An executable of a program that is too large is a fault.
fn check_size(t: &Test, molt: &Path, dir: &Path, largest: u64) -> Result<(), String> {
    let mut c = Command::new(molt);
    let out = c.args(["build", t.entry(), "-o", "app"]).current_dir(dir).output().map_err(|e| format!("build: {e}"))?;
    let size = std::fs::metadata(dir.join("app"))
        .map_err(|e| format!("build ended with {}: {e}\n{}", out.status, String::from_utf8_lossy(&out.stderr)))?;
    if size.len() > largest {
        Err(format!("the executable has {} bytes, more than {largest}", size.len()))
    } else {
        Ok(())
    }
}

fn parse(file: &str, text: &str, tests: &mut Vec<Test>) {
    let mut current = Test::default();
    let mut fence: Option<(String, String)> = None;
    for line in text.lines() {
        if let Some((info, body)) = &mut fence {
            if line == "```" {
                let (info, body) = (std::mem::take(info), std::mem::take(body));
                close(&mut current, &info, body);
                fence = None;
            } else {
                body.push_str(line);
                body.push('\n');
            }
        } else if let Some(info) = line.strip_prefix("```") {
            fence = Some((info.trim().to_string(), String::new()));
        } else if let Some(title) = line.strip_prefix('#') {
            finish(std::mem::take(&mut current), tests);
            current.name = format!("{file}/{}", title.trim_start_matches('#').trim());
        } else if line.contains("expected-fail:") {
            current.expected_fail = true;
        }
    }
    finish(current, tests);
}

fn close(test: &mut Test, info: &str, body: String) {
    let mut words = info.split_whitespace();
    match words.next() {
        Some(language @ ("py" | "grok" | "cl")) => {
            let named = words.find_map(|w| w.strip_prefix("name="));
            test.files.push((named.map_or_else(|| format!("main.{language}"), str::to_string), body));
        }
        Some("toml") => test.manifests.push(body),
        Some("refused") => test.refused = Some(body),
        Some("output") => test.output = Some(body),
        Some("frames") => test.frames = Some(body),
        Some("error") => test.error = Some(body.trim_end().to_string()),
        Some("status") => test.status = body.trim().parse().unwrap_or(-1),
        _ => {}
    }
}

fn finish(test: Test, tests: &mut Vec<Test>) {
    if !test.files.is_empty() {
        tests.push(test);
    }
}

fn run_test(t: &Test, molt: &Path, engines: &[&str], reference: Option<&Path>) -> Result<(), String> {
    let dir = std::env::temp_dir().join(format!("molt-lang-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    for (name, text) in &t.files {
        let path = dir.join(t.place_of(name));
        std::fs::create_dir_all(path.parent().expect("inside the folder")).map_err(|e| e.to_string())?;
        std::fs::write(&path, text).map_err(|e| e.to_string())?;
    }
    let reference = reference.filter(|_| t.manifests.is_empty());
    let once = || match &t.refused {
        Some(expected) => refusal(t, molt, &dir, expected),
        None => run_on_all(t, molt, engines, reference, &dir),
    };
    let result = if t.manifests.is_empty() {
        once()
    } else {
        t.manifests.iter().try_for_each(|manifest| {
            std::fs::write(dir.join("grok.toml"), manifest).map_err(|e| e.to_string())?;
            once().map_err(|why| format!("with\n{manifest}{why}"))
        })
    };
    let _ = std::fs::remove_dir_all(&dir);
    result
}

/// Runs a program on every engine and under the reference.
fn run_on_all(t: &Test, molt: &Path, engines: &[&str], reference: Option<&Path>, dir: &Path) -> Result<(), String> {
    let mut runs: Vec<(String, Command)> = Vec::new();
    for engine in engines {
        let mut c = Command::new(molt);
        c.args(["run", "--verify", "--engine", engine]).args(t.named_entry()).env("MOLT_LEAK_CHECK", "1");
        if t.frames.is_some() {
            c.env("GROK_BACKTRACE", "1");
        }
        runs.push(((*engine).to_string(), c));
    }
    if let Some(python) = reference.filter(|_| t.is_python()) {
        let mut c = Command::new(python);
        c.arg("main.py");
        runs.push(("reference".into(), c));
    }
    runs.into_iter().try_for_each(|(who, c)| compare(t, &who, c, dir))?;
    match t.largest {
        Some(largest) if engines.contains(&"native") => check_size(t, molt, dir, largest),
        _ => Ok(()),
    }
}

/// Compares what is found in a program that must be refused with what is expected, warnings included where its language
/// wants it.
fn refusal(t: &Test, molt: &Path, dir: &Path, expected: &str) -> Result<(), String> {
    let mut command = Command::new(molt);
    command.args(["check", "--json"]).args(t.named_entry()).current_dir(dir).stdin(Stdio::null());
    let out = command.output().map_err(|e| format!("check: {e}"))?;
    let is_claude = t.entry() == "main.cl";
    let column = if is_claude { "character" } else { "column" };
    let mut found: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&out.stdout).lines().chain(String::from_utf8_lossy(&out.stderr).lines()) {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if is_claude && value["level"] != "error" {
            continue;
        }
        let labels = value["labels"].as_array().cloned().unwrap_or_default();
        let primary = labels.iter().find(|l| l["primary"] == true).or(labels.first());
        let place = primary.map_or_else(String::new, |l| format!(" {}:{}", l["line"], l[column]));
        let code = value["code"].as_str().or(value["id"].as_str()).unwrap_or("?").to_string();
        found.push(format!("{code}{place}"));
    }
    let mut wanted: Vec<String> = expected.lines().map(str::to_string).filter(|l| !l.is_empty()).collect();
    found.sort();
    wanted.sort();
    if found != wanted {
        let stderr = String::from_utf8_lossy(&out.stderr);
        return Err(format!("found\n{}\n--- expected\n{}\n{stderr}", found.join("\n"), wanted.join("\n")));
    }
    if out.status.code() != Some(REFUSED_STATUS) {
        return Err(format!("check ended with {}", out.status));
    }
    Ok(())
}

fn compare(t: &Test, who: &str, mut command: Command, dir: &Path) -> Result<(), String> {
    command.current_dir(dir).stdin(Stdio::null()).env("PYTHONHASHSEED", "0");
    let out = command.output().map_err(|e| format!("{who}: {e}"))?;
    let stdout = String::from_utf8_lossy(&out.stdout);
    let stderr = String::from_utf8_lossy(&out.stderr);
    let status = out.status.code().unwrap_or(-1);
    let expected_status = if t.error.is_some() && t.status == 0 { 1 } else { t.status };
    if status != expected_status {
        return Err(format!("{who}: status {status}, expected {expected_status}\n{stdout}{stderr}"));
    }
    if let Some(expected) = &t.output
        && stdout != expected.as_str()
    {
        return Err(format!("{who}: printed\n{stdout}--- expected\n{expected}{stderr}"));
    }
    if let Some(expected) = &t.frames {
        // Lines of the library's own functions change with the library.
        let of_program = |l: &&str| l.starts_with(' ') && !l.contains(" at <grok>/");
        let indented: String = stderr.lines().filter(of_program).map(|l| format!("{}\n", l.trim())).collect();
        if indented != *expected {
            return Err(format!("{who}: frames are\n{indented}--- expected\n{expected}"));
        }
    }
    if let Some(expected) = &t.error {
        let last = stderr.trim_end().lines().last().unwrap_or_default();
        if last != expected {
            return Err(format!("{who}: last line of standard error is\n{last}\n--- expected\n{expected}"));
        }
    }
    Ok(())
}
