//! Processes that must end: a time limit, captured output, and how they ended.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    Status(i32),
    Signal(i32),
    /// Killed at the time limit.
    Hung,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Status(n) => write!(f, "status {n}"),
            Ending::Signal(n) => write!(f, "signal {n}"),
            Ending::Hung => f.write_str("hung"),
        }
    }
}

pub struct Outcome {
    pub ending: Ending,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs a command to its end or to the limit. Streams that the caller did not set are captured; `during` may act on
/// the running process.
pub fn run(command: &mut Command, limit: Duration, during: impl FnOnce(&mut Child)) -> Result<Outcome, String> {
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))?;
    let stdout = child.stdout.take().map(drain);
    let stderr = child.stderr.take().map(drain);
    during(&mut child);
    let ending = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break ending(status),
            None if start.elapsed() > limit => {
                // It may end by itself between the two calls.
                let _ = child.kill();
                let _ = child.wait();
                break Ending::Hung;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let text =
        |reader: Option<std::thread::JoinHandle<Vec<u8>>>| reader.and_then(|r| r.join().ok()).unwrap_or_default();
    Ok(Outcome { ending, stdout: text(stdout), stderr: text(stderr) })
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(n), _) => Ending::Status(n),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

fn drain(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut out = Vec::new();
        // What was read before a failure is the output.
        let _ = stream.read_to_end(&mut out);
        out
    })
}
