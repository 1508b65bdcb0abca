//! Running of tests: each in a process of its own, so that panics, exits, time-outs and output are exact.
//!
//! A test program takes the number of a test; `library/test.grok` of the language says what else, and what its statuses
//! mean. A property that fails is tried again with simpler values until none of them fails: the process walks through
//! the candidates of one step by itself and ends with the first that fails, so a step costs one process.

pub mod examples;

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use molt_grok::hir::tests::{ShouldPanic, TestItem};

pub use examples::{Example, Expectation};

use crate::session::TIMED_OUT;

/// Status of a test that came to its end.
const PASSED: i32 = 86;
const PANICKED: i32 = 101;
/// How often a failing case is made simpler at most.
const MOST_STEPS: usize = 500;
/// What stands before the number of a case and its values on standard output.
const MARK: &str = "\u{1}case ";

/// One test with what starts its program.
pub struct Case {
    pub name: String,
    pub kind: Kind,
    /// The program without the test's arguments.
    pub start: Box<dyn Fn() -> Command + Send + Sync>,
    pub timeout: Option<Duration>,
    /// The process watches the time itself and ends with [`TIMED_OUT`]: it compiles the program first.
    pub watches_itself: bool,
}

/// What the program is.
pub enum Kind {
    /// A program that takes the number of the test.
    Test(usize, TestItem),
    /// A program of its own.
    Example(Expectation),
    /// Not run.
    Ignored,
    /// Failed before it could run.
    Broken(String),
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub jobs: usize,
    pub seed: u64,
    /// Let tests print as they run.
    pub nocapture: bool,
    pub exit_first: bool,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    Passed,
    Ignored,
    Failed(Failure),
}

/// Why a test failed, and what it printed.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    pub why: String,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the tests; `report` hears of each in the order of the list, as soon as it and those before it are done.
pub fn run(cases: &[Case], options: Options, mut report: impl FnMut(usize, &Outcome)) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel::<(usize, Outcome)>();
    thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, cases.len().max(1)) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    // The numbers are handed out once each; nothing else depends on their order.
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(case) = cases.get(n) else { return };
                    if sender.send((n, one(case, options))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<Outcome>> = vec![None; cases.len()];
        let mut shown = 0;
        for (n, outcome) in receiver {
            waiting[n] = Some(outcome);
            while let Some(outcome) = waiting.get(shown).and_then(Option::as_ref) {
                report(shown, outcome);
                let stop = options.exit_first && matches!(outcome, Outcome::Failed(_));
                shown += 1;
                if stop {
                    next.store(cases.len(), std::sync::atomic::Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

fn one(case: &Case, options: Options) -> Outcome {
    let result = match &case.kind {
        Kind::Ignored => return Outcome::Ignored,
        Kind::Broken(why) => Err(Failure { why: why.clone(), ..Failure::default() }),
        Kind::Test(number, item) => match item.property {
            None => plain(case, *number, item, options),
            Some(property) => {
                let seed = if property.seed == 0 { options.seed } else { property.seed };
                property_test(case, *number, item, seed, property.iterations)
            }
        },
        // To have compiled, or not, was all.
        Kind::Example(Expectation::Compiles | Expectation::Refused) => Ok(()),
        Kind::Example(Expectation::Ends) => {
            start(case, &[], options.nocapture).and_then(|done| verdict(&done, None, 0))
        }
        Kind::Example(Expectation::Panics) => start(case, &[], options.nocapture)
            .and_then(|done| verdict(&done, Some(&ShouldPanic { expected: None }), 0)),
    };
    match result {
        Ok(()) => Outcome::Passed,
        Err(failure) => Outcome::Failed(failure),
    }
}

fn plain(case: &Case, number: usize, item: &TestItem, options: Options) -> Result<(), Failure> {
    let done = start(case, &[number.to_string()], options.nocapture)?;
    verdict(&done, item.should_panic.as_ref(), PASSED)
}

/// How a process ended and what it printed.
struct Done {
    status: ExitStatus,
    timed_out: Option<Duration>,
    stdout: String,
    stderr: String,
}

/// Runs one process to its end.
fn start(case: &Case, args: &[String], show: bool) -> Result<Done, Failure> {
    let failed = |e: std::io::Error| Failure { why: format!("cannot run: {e}"), ..Failure::default() };
    let mut command = (case.start)();
    command.args(args).stdin(Stdio::null());
    if !show {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let mut child = command.spawn().map_err(failed)?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let limit = case.timeout.filter(|_| !case.watches_itself);
    let (status, killed) = wait(&mut child, limit).map_err(failed)?;
    let ended_itself = case.watches_itself && status.code() == Some(TIMED_OUT);
    let timed_out = killed.or(case.timeout.filter(|_| ended_itself));
    let text =
        |reader: thread::JoinHandle<Vec<u8>>| String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned();
    Ok(Done { status, timed_out, stdout: text(stdout), stderr: text(stderr) })
}

/// Reads a stream to its end beside the process, which would stand still when nobody read.
fn drain<R: Read + Send + 'static>(stream: Option<R>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What arrived before an error is still shown.
            let _ = stream.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn wait(child: &mut Child, limit: Option<Duration>) -> std::io::Result<(ExitStatus, Option<Duration>)> {
    let Some(limit) = limit else { return Ok((child.wait()?, None)) };
    let begin = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, None));
        }
        if begin.elapsed() >= limit {
            child.kill()?;
            return Ok((child.wait()?, Some(limit)));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Whether a process ended as it should; `good` is the status of a test that came to its end.
fn verdict(done: &Done, should_panic: Option<&ShouldPanic>, good: i32) -> Result<(), Failure> {
    let why = if let Some(limit) = done.timed_out {
        format!("took longer than {} s", limit.as_secs_f64())
    } else {
        match (done.status.code(), should_panic) {
            (Some(PANICKED), Some(ShouldPanic { expected: Some(text) }))
                if !panic_message(&done.stderr).contains(text) =>
            {
                format!("panicked, but its message does not contain `{text}`")
            }
            (Some(PANICKED), Some(_)) => return Ok(()),
            (Some(PANICKED), None) => "panicked".into(),
            (Some(code), Some(_)) if code == good => "did not panic".into(),
            (Some(code), None) if code == good => return Ok(()),
            (Some(1), _) if done.stderr.contains("Error: ") => "returned an error".into(),
            (Some(code), _) => format!("ended the process with status {code}"),
            (None, _) => format!("was ended by the system: {}", done.status),
        }
    };
    Err(Failure { why, stdout: done.stdout.clone(), stderr: done.stderr.clone() })
}

/// What the last panic said, and what follows.
fn panic_message(stderr: &str) -> &str {
    stderr.rfind("panic at ").map_or(stderr, |at| &stderr[at..])
}

/// A case of a property as the process announced it.
struct Announced {
    number: usize,
    values: String,
    /// What was printed afterwards.
    rest: String,
}

/// The case that ran last.
fn last_case(stdout: &str) -> Option<Announced> {
    let at = stdout.rfind(MARK)?;
    let (line, rest) = stdout[at + MARK.len()..].split_once('\n')?;
    let (number, values) = line.split_once(' ')?;
    Some(Announced { number: number.parse().ok()?, values: values.to_owned(), rest: rest.to_owned() })
}

fn property_test(case: &Case, number: usize, item: &TestItem, seed: u64, iterations: u64) -> Result<(), Failure> {
    let attempt = |first: u64, count: u64, way: &str| {
        let args = [number.to_string(), seed.to_string(), first.to_string(), count.to_string(), way.to_owned()];
        start(case, &args, false)
    };
    let done = attempt(0, iterations, "-")?;
    let Err(mut failure) = verdict(&done, item.should_panic.as_ref(), PASSED) else { return Ok(()) };
    let Some(mut failing) = last_case(&done.stdout) else { return Err(failure) };
    let (first, mut steps) = (failing.number, 0);
    let mut way = String::from(".");
    while steps < MOST_STEPS && item.should_panic.is_none() {
        let smaller = attempt(first as u64, 1, &way)?;
        let Err(worse) = verdict(&smaller, None, PASSED) else { break };
        let Some(found) = last_case(&smaller.stdout) else { break };
        way.push_str(&format!("{}.", found.number));
        (failure, failing) = (worse, found);
        steps += 1;
    }
    failure.why =
        format!("{} in case {first} of seed {seed}, simplest after {steps} steps: {}", failure.why, failing.values);
    failure.stdout = failing.rest;
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_case_counts() {
        let found = last_case("\u{1}case 0 1\nx\n\u{1}case 12 (3, \"a b\")\nprinted\n").expect("two cases");
        assert_eq!((found.number, found.values.as_str(), found.rest.as_str()), (12, "(3, \"a b\")", "printed\n"));
        assert!(last_case("nothing").is_none());
    }

    #[test]
    fn a_panic_is_the_last_one() {
        assert_eq!(panic_message("a\npanic at x: 1\npanic at y: 2\n"), "panic at y: 2\n");
        assert_eq!(panic_message("a"), "a");
    }
}
