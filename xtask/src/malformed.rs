//! Malformed programs: each ends in a diagnostic with code, place and advice and the exit status of its kind, within
//! the time limit, whatever the input; and what the reference accepts is not refused.
//!
//! `tests/malformed/*.cases` holds the small ones. A line `== LINE [ID] MESSAGE` opens a case and says what is reported
//! first; the program follows. `==! …` marks a program that Python 3.13 accepts and 3.14 or Molt by name refuses. The
//! programs of `claude*.cases` are in ClaudeLang. [`generated`] makes those that are large, not text, or about the file
//! system, and [`damaged`] damages the ClaudeLang programs of the other tests.

mod damaged;
mod generated;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::limited::{self, Ending};
use crate::toolchain::{molt, reference, root};

/// No input may take longer on a loaded machine; each takes a fraction of it on an idle one.
const LIMIT: Duration = Duration::from_secs(20);
const REFUSED: i32 = 3;
/// One case of so many is also tried with `run` on each engine and with `build`.
const OTHER_VERBS_EVERY: usize = 8;

/// What must happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Status 0 and no error.
    Accepted,
    /// Refused with this id first; line and message where they are recorded.
    Refused { id: String, line: Option<u64>, message: Option<String> },
    /// A file that cannot be read: status 4.
    Unreadable,
    /// Accepted or refused, whatever for.
    Any,
}

/// One program.
pub struct Case {
    pub name: String,
    /// Files below the case's folder; the first is checked.
    pub files: Vec<(String, Vec<u8>)>,
    pub expected: Expected,
    /// Whether the reference, too, must accept or refuse it.
    pub agrees: bool,
}

pub fn run(filter: Option<&str>) -> Result<(), String> {
    let dir = std::env::temp_dir().join(format!("molt-malformed-{}", std::process::id()));
    let mut cases = written()?;
    cases.extend(generated::cases());
    cases.extend(damaged::cases()?);
    cases.retain(|c| filter.is_none_or(|f| c.name.contains(f)));
    for (i, c) in cases.iter().enumerate() {
        lay_out(&dir.join(i.to_string()), c)?;
    }
    let faults = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(i) else { return };
                    let found = examine(case, &dir.join(i.to_string()), i.is_multiple_of(OTHER_VERBS_EVERY));
                    let mut faults = faults.lock().expect("no thread panics");
                    faults.extend(found.into_iter().map(|f| format!("{}: {f}", case.name)));
                }
            });
        }
    });
    let mut faults = faults.into_inner().expect("no thread panics");
    if let Some(python) = reference() {
        faults.extend(compare(&python, &cases, &dir)?);
    }
    let _ = std::fs::remove_dir_all(&dir);
    faults.sort();
    for f in &faults {
        println!("FAILED {f}");
    }
    println!("malformed: {} programs, {} faults", cases.len(), faults.len());
    if faults.is_empty() { Ok(()) } else { Err("malformed programs are not handled as recorded".into()) }
}

fn written() -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let folder = root().join("tests/malformed");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "cases"))
        .collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        parse(&stem, &text, &mut cases)?;
    }
    Ok(cases)
}

fn parse(stem: &str, text: &str, cases: &mut Vec<Case>) -> Result<(), String> {
    let is_claude = stem.starts_with("claude");
    let file = if is_claude { "main.cl" } else { "main.py" };
    let mut number = 0;
    for line in text.split_inclusive('\n') {
        number += 1;
        if let Some(title) = line.strip_prefix("==") {
            let agrees = !title.starts_with('!') && !is_claude;
            let expected = expectation(title.trim_start_matches('!').trim())
                .ok_or_else(|| format!("{stem}.cases:{number}: not a title: {line}"))?;
            let name = format!("{stem}.cases:{number}");
            cases.push(Case { name, files: vec![(file.into(), Vec::new())], expected, agrees });
        } else if let Some(case) = cases.last_mut().filter(|c| c.name.starts_with(stem)) {
            case.files[0].1.extend_from_slice(line.as_bytes());
        }
    }
    Ok(())
}

fn expectation(title: &str) -> Option<Expected> {
    let (line, rest) = title.split_once(" [")?;
    let (id, message) = rest.split_once("] ")?;
    Some(Expected::Refused { id: id.into(), line: Some(line.parse().ok()?), message: Some(message.into()) })
}

fn lay_out(folder: &Path, case: &Case) -> Result<(), String> {
    for (name, content) in &case.files {
        let path = folder.join(name);
        let parent = if name.ends_with('/') { path.as_path() } else { path.parent().expect("inside the folder") };
        std::fs::create_dir_all(parent).map_err(|e| e.to_string())?;
        if !name.ends_with('/') {
            std::fs::write(&path, content).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// Checks one program; what is wrong.
fn examine(case: &Case, folder: &Path, other_verbs: bool) -> Vec<String> {
    let main = case.files[0].0.trim_end_matches('/');
    let mut faults = Vec::new();
    let mut verbs: Vec<Vec<&str>> = vec![vec!["check"]];
    if other_verbs && matches!(case.expected, Expected::Refused { .. } | Expected::Unreadable) {
        verbs.push(vec!["build", "-o", "built"]);
        verbs.extend(["native", "jit", "vm"].map(|engine| vec!["run", "--engine", engine]));
    }
    for verb in verbs {
        let mut command = Command::new(molt());
        command.arg("--json").args(&verb).arg(main).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(Stdio::null()).env("MOLT_CACHE", folder.join("cache"));
        match limited::run(&mut command, LIMIT, |_, _| ()) {
            Ok(outcome) => {
                let stderr = String::from_utf8_lossy(&outcome.stderr);
                if let Err(fault) = judge(&case.expected, outcome.ending, &stderr) {
                    faults.push(format!("molt {}: {fault}", verb.join(" ")));
                }
            }
            Err(e) => faults.push(e),
        }
    }
    faults
}

fn judge(expected: &Expected, ending: Ending, stderr: &str) -> Result<(), String> {
    let status = match expected {
        Expected::Accepted => 0,
        Expected::Refused { .. } => REFUSED,
        Expected::Unreadable => 4,
        Expected::Any if ending == Ending::Status(REFUSED) => REFUSED,
        Expected::Any => 0,
    };
    if ending != Ending::Status(status) {
        let shown: String = stderr.chars().take(300).collect();
        return Err(format!("{ending}, expected status {status}: {shown}"));
    }
    let mut errors = Vec::new();
    for line in stderr.lines() {
        let value: Value = serde_json::from_str(line).map_err(|_| format!("not a diagnostic: {line}"))?;
        if value["level"] == "error" {
            errors.push(value);
        }
    }
    match (expected, errors.first()) {
        (Expected::Accepted, None) => Ok(()),
        (Expected::Any, None) if status == 0 => Ok(()),
        (Expected::Any, Some(e)) if status == REFUSED => complete(e),
        (Expected::Any, Some(e)) => Err(format!("accepted with an error: {e}")),
        (Expected::Accepted, Some(e)) => Err(format!("refused: {e}")),
        (_, None) => Err("no diagnostic".into()),
        (Expected::Unreadable, Some(_)) => Ok(()),
        (Expected::Refused { id, line, message }, Some(e)) => diagnostic(id, *line, message.as_deref(), e),
    }
}

fn diagnostic(id: &str, line: Option<u64>, message: Option<&str>, e: &Value) -> Result<(), String> {
    let label = &e["labels"][0];
    if e["id"] != id || message.is_some_and(|m| e["message"] != m) || line.is_some_and(|l| label["line"] != l) {
        return Err(format!("line {} [{}] {}", label["line"], e["id"], e["message"]));
    }
    complete(e)
}

/// A diagnostic has a place and advice.
fn complete(e: &Value) -> Result<(), String> {
    let label = &e["labels"][0];
    if label["line"].as_u64().is_none_or(|l| l == 0) {
        return Err("the diagnostic has no place".into());
    }
    if e["help"].as_str().is_none_or(str::is_empty) {
        return Err("the diagnostic has no advice".into());
    }
    Ok(())
}

/// Asks the reference about all programs at once.
fn compare(python: &Path, cases: &[Case], dir: &Path) -> Result<Vec<String>, String> {
    const SCRIPT: &str = "import sys, warnings
warnings.simplefilter('ignore')
for line in sys.stdin:
    try:
        with open(line.rstrip('\\n'), 'rb') as f: compile(f.read(), 'main.py', 'exec', dont_inherit=True)
        print('accepted')
    except (SyntaxError, ValueError): print('refused')
    except (MemoryError, RecursionError): print('too complex')
";
    let asked: Vec<usize> = (0..cases.len())
        .filter(|&i| cases[i].agrees && cases[i].expected != Expected::Unreadable && cases[i].files.len() == 1)
        .collect();
    let list: String =
        asked.iter().map(|&i| format!("{}\n", dir.join(i.to_string()).join(&cases[i].files[0].0).display())).collect();
    let input = dir.join("list");
    std::fs::write(&input, list).map_err(|e| e.to_string())?;
    let stdin = std::fs::File::open(&input).map_err(|e| e.to_string())?;
    let out = Command::new(python).args(["-c", SCRIPT]).stdin(stdin).output().map_err(|e| e.to_string())?;
    let answers = String::from_utf8_lossy(&out.stdout).into_owned();
    let answers: Vec<&str> = answers.lines().collect();
    if answers.len() != asked.len() {
        return Err(format!("the reference stopped at {:?}", asked.get(answers.len()).map(|&i| &cases[i].name)));
    }
    let wrong = asked.iter().zip(answers).filter(|&(&i, answer)| {
        let accepted = cases[i].expected == Expected::Accepted;
        answer != "too complex" && (answer == "accepted") != accepted
    });
    Ok(wrong.map(|(&i, answer)| format!("{}: {answer} by the reference", cases[i].name)).collect())
}
