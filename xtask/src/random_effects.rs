//! Random ClaudeLang programs of effects and handlers, on every engine: `cargo xtask random-effects COUNT SEED`.
//!
//! A program is a procedure; a file holds two hundred of them, each called under `try`, so that few processes run many.
//! What the engines print must agree, no run may fail, and nothing may be left alive. A file that breaks this is
//! shrunk, first by procedures and then by expressions, and printed with the seed that makes it. The same seed gives the same files.

mod program;
mod shrink;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::limited::{self, Ending, Outcome};
use crate::toolchain::{molt, target};

/// Procedures of a file.
const FILE: u64 = 200;
const LIMIT: Duration = Duration::from_secs(60);
const USAGE: &str = "usage: cargo xtask random-effects COUNT SEED";

/// Runs that many programs; an error says how many files are at fault.
pub fn run(args: &[String]) -> Result<(), String> {
    let number = |i: usize| args.get(i).and_then(|a| a.parse::<u64>().ok()).ok_or(USAGE);
    let (count, seed) = (number(0)?, number(1)?);
    let folder = target().join("random-effects");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let files = count.div_ceil(FILE);
    let (next, faults) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= files {
                        break;
                    }
                    if let Err(why) = file(seed.wrapping_add(n), FILE.min(count - n * FILE), &folder) {
                        println!("{why}");
                        faults.lock().expect("no thread panics").push(seed.wrapping_add(n));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no thread panics");
    if !faults.is_empty() {
        return Err(format!("{} of {files} files are at fault; their seeds: {faults:?}", faults.len()));
    }
    println!("random-effects: {count} programs agree on every engine");
    Ok(())
}

/// One file on every engine; the error holds the smallest program that shows what is wrong.
fn file(seed: u64, count: u64, folder: &Path) -> Result<(), String> {
    let procedures: Vec<String> = (0..count).map(|i| program::procedure(seed, i)).collect();
    let bench = Bench { path: folder.join(format!("r{seed}.cl")) };
    let Some(first) = bench.fault(&procedures)? else {
        bench.clear();
        return Ok(());
    };
    let kind = first.kind();
    let smallest =
        shrink::smallest(procedures, |some| matches!(bench.fault(some), Ok(Some(fault)) if fault.kind() == kind));
    let why = bench.fault(&smallest)?.unwrap_or(first);
    bench.clear();
    Err(format!("== seed {seed}, {count} procedures: {}\n{}", why.text, program::text(&smallest)))
}

/// What is wrong with a file.
struct Fault {
    /// Engine and kind of ending, by which shrinking knows that it still sees the same fault.
    engine: &'static str,
    ending: Ending,
    text: String,
}

impl Fault {
    fn kind(&self) -> (&'static str, Ending) {
        (self.engine, self.ending)
    }
}

/// Where a file is written and run.
struct Bench {
    path: PathBuf,
}

impl Bench {
    /// What is wrong with a file of some procedures; an error if it does not compile.
    fn fault(&self, procedures: &[String]) -> Result<Option<Fault>, String> {
        std::fs::write(&self.path, program::text(procedures)).map_err(|e| e.to_string())?;
        let exe = self.path.with_extension("exe");
        let built = execute(Command::new(molt()).args(["build", "-q", "-o"]).arg(&exe).arg(&self.path))?;
        if built.ending != Ending::Status(0) {
            let (kept, message) = (self.path.display(), String::from_utf8_lossy(&built.stderr));
            return Err(format!("{kept} is not built: {}\n{}", built.ending, tail(&message)));
        }
        let native = execute(&mut Command::new(&exe))?;
        if let Some(fault) = unsound("native", &native) {
            return Ok(Some(fault));
        }
        for engine in ["vm", "jit"] {
            let other = execute(Command::new(molt()).args(["run", "-q", "--engine", engine]).arg(&self.path))?;
            if let Some(fault) = unsound(engine, &other).or_else(|| different(engine, &other, &native)) {
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    /// Removes what a file left; one that is not there is none to remove.
    fn clear(&self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(self.path.with_extension("exe"));
    }
}

fn execute(command: &mut Command) -> Result<Outcome, String> {
    command.env("MOLT_LEAK_CHECK", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    limited::run(command, LIMIT, |_, _| ())
}

fn unsound(engine: &'static str, run: &Outcome) -> Option<Fault> {
    let message = String::from_utf8_lossy(&run.stderr);
    (run.ending != Ending::Status(0)).then(|| Fault {
        engine,
        ending: run.ending,
        text: format!("{engine} ends with {}\n{}", run.ending, tail(&message)),
    })
}

fn different(engine: &'static str, run: &Outcome, native: &Outcome) -> Option<Fault> {
    if run.stdout == native.stdout {
        return None;
    }
    let (theirs, ours) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&native.stdout));
    let line = theirs.lines().zip(ours.lines()).position(|(a, b)| a != b);
    let line = line.unwrap_or_else(|| theirs.lines().count().min(ours.lines().count()));
    let at = |text: &str| text.lines().nth(line).map_or("nothing".to_string(), |l| format!("`{l}`"));
    let text = format!("line {} is {} on {engine}, {} natively", line + 1, at(&theirs), at(&ours));
    Some(Fault { engine, ending: run.ending, text })
}

/// The last lines of a message.
fn tail(message: &str) -> String {
    let lines: Vec<&str> = message.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
