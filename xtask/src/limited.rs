//! Processes that must end: a time limit, captured output, and how they ended.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus};
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

/// Ends of a running process's streams.
pub struct Streams {
    pub stdin: Option<ChildStdin>,
    pub stdout: Option<ChildStdout>,
}

pub struct Outcome {
    pub ending: Ending,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs a command to its end or to the limit. Streams that the caller did not set are captured; `during` may act on
/// the running process by its number, and on the streams that it takes out of [`Streams`].
pub fn run(
    command: &mut Command,
    limit: Duration,
    during: impl FnOnce(u32, &mut Streams) + Send,
) -> Result<Outcome, String> {
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))?;
    let pid = child.id();
    let mut streams = Streams { stdin: child.stdin.take(), stdout: child.stdout.take() };
    let stderr = child.stderr.take().map(drain);
    std::thread::scope(|scope| {
        let stdout = scope.spawn(move || {
            during(pid, &mut streams);
            streams.stdout.take().map(read_all).unwrap_or_default()
        });
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
        Ok(Outcome { ending, stdout: stdout.join().unwrap_or_default(), stderr: text(stderr) })
    })
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(n), _) => Ending::Status(n),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

fn drain(stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || read_all(stream))
}

/// All that a stream has; what was read before a failure is the output.
pub fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = stream.read_to_end(&mut out);
    out
}
