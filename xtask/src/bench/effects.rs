//! Programs of effects and handlers in ClaudeLang against the same programs with generators and exceptions in
//! JavaScript, as Node runs it, and what one resumption may cost.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use molt_bench::progress::Progress;
use molt_bench::{Contestant, Program, Report};

use super::{Job, NATIVE, engine_command, files, own_programs, stem};

/// Samples of each size, of which the fastest counts: what else the machine does only adds.
const SAMPLES: u32 = 5;

/// How long so many operations may take.
struct Bar {
    program: &'static str,
    operations: u64,
    seconds: f64,
}

/// The programs of `bench/resumptions`.
const BARS: &[Bar] = &[
    Bar { program: "general_resumption", operations: 1_000_000, seconds: 0.3 },
    Bar { program: "tail_resumptive", operations: 10_000_000, seconds: 0.1 },
];

/// Every program of `bench/effects` with its twin in JavaScript as the baseline, built.
pub fn programs(scratch: &Path, job: &Job, progress: &mut Progress) -> Result<Vec<Program>, String> {
    let twin = |file: &Path| Contestant {
        name: "node".into(),
        command: Ok(vec!["node".into(), file.with_extension("js").into_os_string()]),
    };
    own_programs(("bench/effects", "cl"), (scratch, job), progress, twin, |_| None)
}

/// Prints how many times as fast as Node our native programs were, and what resumptions cost; an error if one of them
/// costs more than its bar allows.
pub fn judge(report: &Report, scratch: &Path) -> Result<(), String> {
    if let Some((mean, count)) = report.mean_ratio(NATIVE) {
        println!("\ntimes as fast as node: {mean:.2} in the mean of {count}");
    }
    let mut slow = Vec::new();
    for file in files("bench/resumptions", "cl", None)? {
        let bar = bar_of(&file)?;
        let seconds = seconds_of(&file, bar, scratch)?;
        println!("{}: {} in {seconds:.3} s (bar {} s)", bar.program, bar.operations, bar.seconds);
        if seconds > bar.seconds {
            slow.push(bar.program);
        }
    }
    match slow.is_empty() {
        true => Ok(()),
        false => Err(format!("slower than a bar allows: {}", slow.join(", "))),
    }
}

fn bar_of(file: &Path) -> Result<&'static Bar, String> {
    let name = stem(file);
    BARS.iter().find(|b| b.program == name).ok_or_else(|| format!("{}: no bar in xtask", file.display()))
}

/// Seconds of a bar's operations: what six times as many take, without what once as many take, over five. Starting and
/// ending the process is no part of it.
fn seconds_of(file: &Path, bar: &Bar, scratch: &Path) -> Result<f64, String> {
    let command = engine_command("native", file, scratch)?;
    let fastest = |operations: u64| {
        let run = || {
            let start = Instant::now();
            let output = Command::new(&command[0]).arg(operations.to_string()).output().map_err(|e| e.to_string())?;
            let seconds = start.elapsed().as_secs_f64();
            match output.stdout == format!("{operations}\n").as_bytes() {
                true => Ok(seconds),
                false => Err(format!("{}: wrong answer for {operations}", bar.program)),
            }
        };
        (0..SAMPLES).map(|_| run()).try_fold(f64::INFINITY, |least, s| Ok::<_, String>(least.min(s?)))
    };
    Ok((fastest(6 * bar.operations)? - fastest(bar.operations)?) / 5.0)
}
