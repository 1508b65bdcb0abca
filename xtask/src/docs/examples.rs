//! Runs the examples of one page in a folder of their own, in order.
//!
//! - `py name=FILE`, `grok name=FILE`, `cl name=FILE`, `toml name=FILE` and `json name=FILE` write a file, which may lie in a folder;
//! - `py`, `grok` or `cl` followed by `output` (and `error`, the last line of standard error) is a program that prints this,
//!   on every engine; `py refused=CODE` is one that the compiler refuses; any other is one that it accepts;
//! - `console` shows commands after `$ ` and what they print, standard error included. `...` stands for any text, on
//!   a line of its own for any lines; `[status N]` ends the output of a command that fails. `console reference` needs
//!   a reference interpreter, which is called `python3.13` there.
//!
//! Fences of other kinds are not run. The folder is `/home/me` in what the page shows.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain::{molt, reference};

const ENGINES: &[&str] = &["native", "jit", "vm"];
const SHOWN_FOLDER: &str = "/home/me";

/// How many examples of a page ran.
#[derive(Default)]
pub struct Done {
    pub ran: usize,
    pub skipped: usize,
}

/// A folder that is gone when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Scratch, String> {
        let dir = std::env::temp_dir().join(format!("molt-docs-{}", std::process::id()));
        // What an interrupted run left.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        dir.canonicalize().map(Scratch).map_err(|e| e.to_string())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it; the system empties its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Fence {
    line: usize,
    info: String,
    body: String,
}

/// Runs a page's examples and adds what does not hold to the faults.
pub fn run(page: &str, text: &str, faults: &mut Vec<String>) -> Result<Done, String> {
    let fences = fences(text);
    let mut done = Done::default();
    if fences.is_empty() {
        return Ok(done);
    }
    let place = Place::new()?;
    for (i, fence) in fences.iter().enumerate() {
        let words: Vec<&str> = fence.info.split_whitespace().collect();
        let result = match words.first() {
            Some(&("py" | "grok" | "cl")) => place.program(fence, &words, &fences[i + 1..]),
            Some(&("toml" | "json")) => place.file(fence, &words),
            Some(&"console") if words.contains(&"reference") && !place.has_reference => {
                done.skipped += 1;
                continue;
            }
            Some(&"console") => place.console(&fence.body),
            _ => continue,
        };
        done.ran += 1;
        if let Err(why) = result {
            faults.push(format!("{page}:{}: {why}", fence.line));
        }
    }
    Ok(done)
}

fn fences(text: &str) -> Vec<Fence> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut open = false;
    for (n, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                fences.push(Fence { line: n + 1, info: info.trim().to_string(), body: String::new() });
                open = true;
            }
            None if open => {
                let body = &mut fences.last_mut().expect("an open fence was pushed").body;
                writeln!(body, "{line}").expect("writing to a string");
            }
            None => {}
        }
    }
    fences
}

/// Where the examples of a page run.
struct Place {
    scratch: Scratch,
    has_reference: bool,
}

impl Place {
    fn new() -> Result<Place, String> {
        let scratch = Scratch::new()?;
        let tools = scratch.path().join(".bin");
        std::fs::create_dir_all(&tools).map_err(|e| e.to_string())?;
        for name in ["grok", "claudelang"] {
            std::os::unix::fs::symlink(molt(), tools.join(name)).map_err(|e| e.to_string())?;
        }
        let reference = reference();
        if let Some(python) = &reference {
            let script = format!("#!/bin/sh\nexec {:?} \"$@\"\n", python.display().to_string());
            let launcher = tools.join("python3.13");
            std::fs::write(&launcher, script).map_err(|e| e.to_string())?;
            make_executable(&launcher)?;
        }
        Ok(Place { scratch, has_reference: reference.is_some() })
    }

    /// A command in the folder, with our tools found first and caches of its own.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let toolchain = molt();
        let ours = [self.scratch.path().join(".bin"), toolchain.parent().unwrap_or(Path::new(".")).to_path_buf()];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::env::join_paths(ours.into_iter().chain(std::env::split_paths(&path)));
        let mut c = Command::new(program);
        c.current_dir(self.scratch.path()).env("PATH", all.unwrap_or(path)).env("NO_COLOR", "1");
        c.env("MOLT_CACHE", self.scratch.path().join(".cache")).env("COLUMNS", "100").env("PYTHONHASHSEED", "0");
        c.stdin(std::process::Stdio::null());
        c
    }

    /// A file that is nothing but text.
    fn file(&self, fence: &Fence, words: &[&str]) -> Result<(), String> {
        match words.iter().find_map(|w| w.strip_prefix("name=")) {
            Some(name) => write(self.scratch.path(), name, &fence.body),
            None => Ok(()),
        }
    }

    fn program(&self, fence: &Fence, words: &[&str], after: &[Fence]) -> Result<(), String> {
        let value = |key: &str| words.iter().find_map(|w| w.strip_prefix(key));
        let language = words.first().copied().unwrap_or_default();
        let name = value("name=").map_or_else(|| format!("example.{language}"), str::to_owned);
        let name = name.as_str();
        write(self.scratch.path(), name, &fence.body)?;
        if language == "grok" && words.len() > 1 && name.contains('/') {
            // A file of a package; its commands come in a console.
            return Ok(());
        }
        if let Some(code) = value("refused=") {
            return self.refused(name, code);
        }
        let output = after.first().filter(|f| f.info == "output");
        let error = after.get(usize::from(output.is_some())).filter(|f| f.info == "error");
        if output.is_none() && error.is_none() {
            let checked = self.command(molt()).args(["check", name]).output().map_err(|e| e.to_string())?;
            let why = String::from_utf8_lossy(&checked.stderr).into_owned();
            return if checked.status.success() { Ok(()) } else { Err(format!("is refused\n{why}")) };
        }
        let mut runs: Vec<Command> = ENGINES.iter().map(|e| self.engine(e, name)).collect();
        if let Some(python) = reference().filter(|_| language == "py") {
            let mut c = self.command(python);
            c.arg(name);
            runs.push(c);
        }
        runs.into_iter().try_for_each(|c| prints(c, output, error))
    }

    fn engine(&self, engine: &str, name: &str) -> Command {
        let mut c = self.command(molt());
        c.args(["run", "--engine", engine, name]);
        c
    }

    fn refused(&self, name: &str, code: &str) -> Result<(), String> {
        let checked = self.command(molt()).args(["check", "--json", name]).output().map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&checked.stderr).into_owned();
        let reported = !checked.status.success() && text.contains(&format!("\"{code}\""));
        if reported { Ok(()) } else { Err(format!("is not refused with `{code}`\n{text}")) }
    }

    fn console(&self, body: &str) -> Result<(), String> {
        let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in body.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command, Vec::new())),
                (None, Some((_, expected))) => expected.push(line),
                (None, None) => return Err("a console example begins with `$ `".into()),
            }
        }
        commands.iter().try_for_each(|(command, expected)| self.shell(command, expected))
    }

    fn shell(&self, command: &str, expected: &[&str]) -> Result<(), String> {
        let mut c = self.command("sh");
        c.args(["-c", &format!("{{ {command}\n}} 2>&1")]);
        let output = c.output().map_err(|e| format!("cannot start a shell: {e}"))?;
        let folder = self.scratch.path().display().to_string();
        let mut printed = String::from_utf8_lossy(&output.stdout).replace(&folder, SHOWN_FOLDER);
        if !output.status.success() {
            writeln!(printed, "[status {}]", output.status.code().unwrap_or(-1)).expect("writing to a string");
        }
        let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
        if matches(expected, &lines) { Ok(()) } else { Err(format!("`{command}` prints\n{printed}")) }
    }
}

/// Writes a file below a folder.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = folder.join(name);
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(&path, text).map_err(failed)
}

fn make_executable(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())
}

fn prints(mut command: Command, output: Option<&Fence>, error: Option<&Fence>) -> Result<(), String> {
    let run = command.output().map_err(|e| e.to_string())?;
    let (stdout, stderr) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if run.status.success() != error.is_none() {
        return Err(format!("{command:?} ends with {}\n{stdout}{stderr}", run.status));
    }
    if output.is_some_and(|f| f.body != stdout) {
        return Err(format!("{command:?} prints\n{stdout}"));
    }
    let last = stderr.trim_end().lines().last().unwrap_or_default();
    if error.is_some_and(|f| f.body.trim_end() != last) {
        return Err(format!("{command:?} ends with\n{last}"));
    }
    Ok(())
}

/// Whether lines fit a pattern in which `...` is any text, and alone on its line any lines.
fn matches(pattern: &[&str], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((&"...", rest)) => (0..=lines.len()).any(|n| matches(rest, &lines[n..])),
        Some((first, rest)) => {
            lines.split_first().is_some_and(|(line, more)| line_matches(first, line) && matches(rest, more))
        }
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once("...") {
        None => pattern == line,
        Some((head, tail)) => line.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(i, _)| i).chain([rest.len()]).any(|i| line_matches(tail, &rest[i..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_for_text_and_for_lines() {
        assert!(matches(&["a", "...", "z"], &["a", "b", "c", "z"]) && matches(&["a", "...", "z"], &["a", "z"]));
        assert!(!matches(&["a", "...", "z"], &["a", "b"]) && !matches(&["a"], &["a", "b"]));
        assert!(
            line_matches("took ... s", "took 0.25 s")
                && line_matches("...", "")
                && !line_matches("took ... s", "took 1 m")
        );
        assert!(line_matches("a...b...c", "a b bc") && !line_matches("a...b...c", "a c"));
    }

    #[test]
    fn fences_keep_their_line_and_text() {
        let all = fences("text\n```py name=a.py\nx = 1\n```\n\n```output\n1\n```\n");
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].line, all[0].info.as_str(), all[0].body.as_str()), (2, "py name=a.py", "x = 1\n"));
        assert_eq!((all[1].line, all[1].body.as_str()), (6, "1\n"));
    }
}
