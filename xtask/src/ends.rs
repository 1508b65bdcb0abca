//! How programs end: exits, uncaught exceptions, signals, closed and full streams, recursion without bounds.
//!
//! `tests/ends/NAME.py` is a program and `NAME.out` what the reference printed on both streams and how it ended,
//! recorded with `cargo xtask ends --record`; of a `NAME.cl` it is what it must print. Comments at the top of a program,
//! behind `# ` or `; `, set the stage:
//! `# stdin: closed`, `# stdout: full | closed | one-line`, `# interrupt: TEXT` (Ctrl-C once standard output has
//! that text). Every engine must do the same, with leak checking, within the time limit. `# engines-only` marks a
//! program that brings the reference itself down; its `.out` is what Molt must do.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::limited::{self, Outcome, Streams};
use crate::toolchain::{molt, reference, root};

const LIMIT: Duration = Duration::from_secs(90);
const ENGINES: &[&str] = &["native", "jit", "vm"];

struct Program {
    path: PathBuf,
    stage: Stage,
}

impl Program {
    fn name(&self) -> &OsStr {
        self.path.file_name().expect("a program's path")
    }

    fn folder(&self) -> &Path {
        self.path.parent().expect("in a folder")
    }
}

#[derive(Default)]
struct Stage {
    stdin_closed: bool,
    stdout: String,
    interrupt: Option<String>,
    engines_only: bool,
}

pub fn run(filter: Option<&str>) -> Result<(), String> {
    let programs = programs(filter)?;
    let mut failed = 0;
    let executable = std::env::temp_dir().join(format!("molt-ends-{}", std::process::id()));
    for p in &programs {
        let recorded = p.path.with_extension("out");
        let expected = std::fs::read_to_string(&recorded).map_err(|e| format!("{}: {e}", recorded.display()))?;
        for engine in ENGINES {
            let mut command = match *engine {
                "native" => built(p, &executable)?,
                // Rust's own start-up opens descriptors that a caller closed: only the executable can tell.
                _ if p.stage.stdin_closed || p.stage.stdout == "closed" => continue,
                _ => {
                    let mut run = Command::new(molt());
                    run.args(["run", "--engine", engine]).arg(p.name());
                    run
                }
            };
            command.env("MOLT_LEAK_CHECK", "1");
            let shown = perform(command, p)?;
            if shown != expected {
                failed += 1;
                println!("FAILED {} ({engine}): ended with\n{shown}--- expected\n{expected}", p.path.display());
            }
        }
    }
    let _ = std::fs::remove_file(&executable);
    println!("ends: {} programs, {failed} failures", programs.len());
    if failed == 0 { Ok(()) } else { Err("programs do not end as recorded".into()) }
}

/// The program as an executable.
fn built(p: &Program, executable: &Path) -> Result<Command, String> {
    let mut build = Command::new(molt());
    let output = build.arg("build").arg(p.name()).arg("-o").arg(executable).current_dir(p.folder()).output();
    let output = output.map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(format!("{}: {}", p.path.display(), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(Command::new(executable))
}

/// Writes what the reference does.
pub fn record() -> Result<(), String> {
    let python = reference().ok_or("no reference interpreter; set MOLT_REFERENCE")?;
    let is_python = |p: &&Program| p.path.extension().is_some_and(|e| e == "py");
    for p in programs(None)?.iter().filter(is_python).filter(|p| !p.stage.engines_only) {
        let mut command = Command::new(&python);
        command.arg(p.name());
        let shown = perform(command, p)?;
        std::fs::write(p.path.with_extension("out"), shown).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn programs(filter: Option<&str>) -> Result<Vec<Program>, String> {
    let folder = root().join("tests/ends");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "py" || e == "cl"));
    paths.retain(|p| filter.is_none_or(|f| p.to_string_lossy().contains(f)));
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Program { stage: stage(&text), path })
    };
    paths.into_iter().map(read).collect()
}

fn stage(text: &str) -> Stage {
    let mut stage = Stage::default();
    for line in text.lines().map_while(|l| l.strip_prefix("# ").or(l.strip_prefix("; "))) {
        match line.split_once(": ") {
            Some(("stdin", _)) => stage.stdin_closed = true,
            Some(("stdout", what)) => stage.stdout = what.to_owned(),
            Some(("interrupt", text)) => stage.interrupt = Some(text.to_owned()),
            _ => stage.engines_only |= line == "engines-only",
        }
    }
    stage
}

/// Runs a program in its setting; both streams and the ending as text that does not depend on the machine.
fn perform(mut command: Command, p: &Program) -> Result<String, String> {
    command.current_dir(p.folder()).stderr(Stdio::piped());
    command.env("PYTHONHASHSEED", "0").env_remove("PYTHONUNBUFFERED").env("RUST_BACKTRACE", "0");
    command.stdin(if p.stage.interrupt.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped());
    let mut command = redirected(command, &p.stage);
    if p.stage.interrupt.is_some() {
        command = interruptible(&command);
    }
    if p.stage.stdout == "full" {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").map_err(|e| e.to_string())?;
        command.stdout(full);
    }
    let mut first = Vec::new();
    let outcome = limited::run(&mut command, LIMIT, |pid, streams| first = act(pid, streams, &p.stage))?;
    Ok(shown(&first, &outcome, &p.path))
}

/// Closes streams through the shell, which is what a user would do.
fn redirected(command: Command, stage: &Stage) -> Command {
    let closing = match (stage.stdin_closed, stage.stdout.as_str()) {
        (true, "closed") => "exec \"$@\" <&- >&-",
        (true, _) => "exec \"$@\" <&-",
        (false, "closed") => "exec \"$@\" >&-",
        (false, _) => return command,
    };
    let mut shell = through(&["sh", "-c", closing, "sh"], &command);
    shell.stdin(Stdio::null());
    shell
}

/// A child of a background job is born deaf to Ctrl-C, and only GNU `env` can mend that.
fn interruptible(command: &Command) -> Command {
    let mending = ["env", "--default-signal=INT"];
    let able = Command::new(mending[0]).args([mending[1], "true"]).stderr(Stdio::null()).status();
    let prefix = if able.is_ok_and(|s| s.success()) { &mending[..] } else { &mending[..1] };
    let mut env = through(prefix, command);
    env.stdin(Stdio::piped());
    env
}

/// The command as the last arguments of another, with captured output.
fn through(prefix: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(prefix[0]);
    outer.args(&prefix[1..]).arg(command.get_program()).args(command.get_args());
    outer.current_dir(command.get_current_dir().expect("set by the caller"));
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(key, value),
            None => outer.env_remove(key),
        };
    }
    outer.stdout(Stdio::piped()).stderr(Stdio::piped());
    outer
}

/// Plays the other side of the streams; what was read of standard output.
fn act(pid: u32, streams: &mut Streams, stage: &Stage) -> Vec<u8> {
    let Some(stdout) = streams.stdout.take() else { return Vec::new() };
    let mut reader = BufReader::new(stdout);
    let mut seen = Vec::new();
    let one_line = stage.stdout == "one-line";
    if !one_line && stage.interrupt.is_none() {
        return limited::read_all(reader);
    }
    let wanted = stage.interrupt.as_deref().unwrap_or("\n");
    while !String::from_utf8_lossy(&seen).contains(wanted) {
        if reader.read_until(b'\n', &mut seen).unwrap_or(0) == 0 {
            return seen;
        }
    }
    if one_line {
        return seen;
    }
    // The program says that it is ready before it begins to wait; a moment later it does.
    std::thread::sleep(Duration::from_millis(150));
    interrupt(pid);
    seen.extend(limited::read_all(reader));
    if let Some(mut stdin) = streams.stdin.take() {
        // Nobody reads it where the interrupt ended the program.
        let _ = stdin.write_all(b"\n");
    }
    seen
}

fn interrupt(pid: u32) {
    // A failure shows as a program that was not interrupted.
    let _ = Command::new("kill").args(["-INT", &pid.to_string()]).status();
}

fn shown(stdout: &[u8], outcome: &Outcome, program: &Path) -> String {
    let folder = format!("{}/", program.parent().expect("in a folder").display());
    let mut text = String::new();
    let streams = [("stdout", [stdout, &outcome.stdout].concat()), ("stderr", outcome.stderr.clone())];
    for (name, bytes) in streams {
        let bytes = String::from_utf8_lossy(&bytes).replace(&folder, "");
        writeln!(text, "--- {name}\n{}", without_addresses(bytes.trim_end())).expect("writing to a string");
    }
    writeln!(text, "--- {}", outcome.ending).expect("writing to a string");
    text
}

/// Replaces `0x7f…` by `0x…`.
fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    for (i, piece) in text.split(" at 0x").enumerate() {
        if i == 0 {
            out.push_str(piece);
        } else {
            out.push_str(" at 0x…");
            out.push_str(piece.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
        }
    }
    out
}
