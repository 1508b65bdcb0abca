//! Literate language tests (`tests/lang/<language>/*.md`) and whole programs (`tests/programs/*.py` with their
//! recorded `.out`), run on every engine with leak checking, and verified against the reference where there is one.
//!
//! A heading opens a test; a `py` fence is its program (an info string such as `py name=helper.py` adds a file), an
//! `output` fence what it prints on standard output, an `error` fence the last line of standard error, `status` its
//! exit status. A test whose prose has `expected-fail: reason` must fail, and turns red when it passes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::toolchain::{molt, reference, root};

const ENGINES: &[&str] = &["native", "jit", "vm"];
/// Those that run in the process of the compiler.
const IN_PROCESS: &[&str] = &["jit", "vm"];

#[derive(Default)]
struct Test {
    name: String,
    files: Vec<(String, String)>,
    output: Option<String>,
    error: Option<String>,
    status: i32,
    expected_fail: bool,
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
    for path in files_with(&root().join("tests/lang/python"), "md") {
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        parse(&stem(&path), &text, &mut tests);
    }
    for path in files_with(&root().join("tests/programs"), "py") {
        tests.push(program(&path)?);
    }
    if let Some(f) = filter {
        tests.retain(|t| t.name.contains(f));
    }
    Ok(tests)
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

fn program(path: &Path) -> Result<Test, String> {
    let read = |p: &Path| std::fs::read_to_string(p).map_err(|e| format!("{}: {e}", p.display()));
    Ok(Test {
        name: format!("programs/{}", stem(path)),
        files: vec![("main.py".into(), read(path)?)],
        output: Some(read(&path.with_extension("out"))?),
        ..Test::default()
    })
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
        Some("py") => {
            let name = words.find_map(|w| w.strip_prefix("name=")).unwrap_or("main.py").to_string();
            test.files.push((name, body));
        }
        Some("output") => test.output = Some(body),
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
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).map_err(|e| e.to_string())?;
        std::fs::write(&path, text).map_err(|e| e.to_string())?;
    }
    let mut runs: Vec<(String, Command)> = Vec::new();
    for engine in engines {
        let mut c = Command::new(molt);
        c.args(["run", "--verify", "--engine", engine, "main.py"]).env("MOLT_LEAK_CHECK", "1");
        runs.push(((*engine).to_string(), c));
    }
    if let Some(python) = reference {
        let mut c = Command::new(python);
        c.arg("main.py");
        runs.push(("reference".into(), c));
    }
    let result = runs.into_iter().try_for_each(|(who, c)| compare(t, &who, c, &dir));
    let _ = std::fs::remove_dir_all(&dir);
    result
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
    if let Some(expected) = &t.error {
        let last = stderr.trim_end().lines().last().unwrap_or_default();
        if last != expected {
            return Err(format!("{who}: last line of standard error is\n{last}\n--- expected\n{expected}"));
        }
    }
    Ok(())
}
