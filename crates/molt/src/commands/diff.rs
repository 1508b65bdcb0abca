//! `molt test --diff`: programs here and under the reference interpreter.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use molt_driver::{Entry, claude};

use crate::args::Common;
use crate::report::say;

/// Runs the programs; with `diff`, compares standard output, exception and status with the reference.
pub fn test(common: &Common, files: &[PathBuf], diff: bool, reference: &str, exit_first: bool) -> u8 {
    let mut failed = 0;
    let mut passed = 0;
    for file in files {
        let why = match one(common, file, diff.then_some(reference)) {
            Ok(Outcome::Passed(report)) => {
                passed += 1;
                if !common.quiet {
                    report.lines().for_each(|line| say!("  {line}"));
                    say!("ok      {}", file.display());
                }
                continue;
            }
            Ok(Outcome::Failed(why)) => why,
            Err(status) => format!("not built (status {status})"),
        };
        failed += 1;
        say!("FAILED  {}: {why}", file.display());
        if exit_first {
            break;
        }
    }
    say!("{passed} passed, {failed} failed");
    u8::from(failed > 0)
}

/// How a program did.
enum Outcome {
    /// What its tests, if it has some, say of themselves.
    Passed(String),
    /// Why it did not.
    Failed(String),
}

/// What is built for a test: ClaudeLang programs run their tests.
fn entry(file: &Path) -> Entry {
    if !claude::is_claude(file) {
        return Entry::File(file.to_path_buf());
    }
    let options = claude::Options { runs_tests: true, ..claude::Options::default() };
    Entry::Claude(Box::new(claude::Job::new(file, options)))
}

fn one(common: &Common, file: &Path, reference: Option<&str>) -> Result<Outcome, u8> {
    let mut s = super::session(common, true);
    let built = s.cached(&entry(file));
    let path = super::finish(&s, common, built)?;
    let start = |mut c: Command| {
        c.stdin(Stdio::null()).output().map_err(|e| {
            eprintln!("error: cannot start: {e}");
            4u8
        })
    };
    let mut ours = Command::new(path);
    ours.env("MOLT_LEAK_CHECK", "1").env("PYTHONHASHSEED", "0");
    let ours = start(ours)?;
    let Some(reference) = reference else {
        let said = String::from_utf8_lossy(&ours.stderr);
        return Ok(match ours.status.success() {
            true if claude::is_claude(file) => Outcome::Passed(said.into_owned()),
            true => Outcome::Passed(String::new()),
            false => Outcome::Failed(format!("{}\n{said}", ours.status)),
        });
    };
    let mut theirs = Command::new(reference);
    theirs.arg(file).env("PYTHONHASHSEED", "0");
    let theirs = start(theirs)?;
    Ok(difference(&ours, &theirs).map_or(Outcome::Passed(String::new()), Outcome::Failed))
}

fn difference(ours: &Output, theirs: &Output) -> Option<String> {
    if ours.status.code() != theirs.status.code() {
        let text = String::from_utf8_lossy(&ours.stderr);
        return Some(format!("status {:?}, reference {:?}\n{text}", ours.status.code(), theirs.status.code()));
    }
    first_difference("standard output", &ours.stdout, &theirs.stdout)
        .or_else(|| first_difference("standard error", &ours.stderr, &theirs.stderr))
}

fn first_difference(what: &str, ours: &[u8], theirs: &[u8]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let (a, b) = (String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs));
    let line = a.lines().zip(b.lines()).position(|(x, y)| x != y).unwrap_or(a.lines().count().min(b.lines().count()));
    let at = |t: &str| t.lines().nth(line).unwrap_or("<end>").to_string();
    Some(format!("{what} differs at line {}:\n  here:      {}\n  reference: {}", line + 1, at(&a), at(&b)))
}
