//! Whether the ClaudeLang programs of `bench/` give the right answers, without measuring: each is built and run once.

use std::path::Path;
use std::process::Command;

use super::{engine_command, files};
use crate::toolchain::root;

/// Folders of programs; what each prints is told by the `.out` file beside it.
const FOLDERS: &[&str] = &["bench/kernels", "bench/effects"];

/// How many operations the programs of `bench/resumptions` perform here, which they answer with that number.
const OPERATIONS: &str = "1000";

/// Builds and runs all of them; an error names those that are wrong.
pub fn run() -> Result<(), String> {
    let scratch = root().join("target/bench/answers");
    std::fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, argument, expected) in programs()? {
        count += 1;
        if let Err(why) = check(&file, argument, &expected, &scratch) {
            wrong.push(format!("{}: {why}", file.display()));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    println!("bench: {count} programs of ClaudeLang give the right answers");
    Ok(())
}

type Expectation = (std::path::PathBuf, Option<&'static str>, String);

fn programs() -> Result<Vec<Expectation>, String> {
    let mut programs = Vec::new();
    for folder in FOLDERS {
        for file in files(folder, "cl", None)? {
            let answer = file.with_extension("out");
            let text = std::fs::read_to_string(&answer).map_err(|e| format!("{}: {e}", answer.display()))?;
            programs.push((file, None, text));
        }
    }
    let resumptions = files("bench/resumptions", "cl", None)?;
    programs.extend(resumptions.into_iter().map(|file| (file, Some(OPERATIONS), format!("{OPERATIONS}\n"))));
    Ok(programs)
}

fn check(file: &Path, argument: Option<&str>, expected: &str, scratch: &Path) -> Result<(), String> {
    let command = engine_command("native", file, scratch)?;
    let output = Command::new(&command[0]).args(argument).output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    match output.stdout == expected.as_bytes() {
        true => Ok(()),
        false => Err(format!("prints {:?} in place of {expected:?}", String::from_utf8_lossy(&output.stdout))),
    }
}
