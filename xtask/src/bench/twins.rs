//! GrokLang programs against the same programs in Rust, as `rustc -O -C overflow-checks=on` makes them.

use std::path::Path;
use std::process::Command;

use molt_bench::progress::Progress;
use molt_bench::{Contestant, Program, Report};

use super::{Job, NATIVE, own_programs, peers, stem};

/// How many times as long as Rust's our native programs may take: in the geometric mean, and any one of them.
const MEAN_BAR: f64 = 1.8;
const WORST_BAR: f64 = 2.5;

/// Every program of `bench/grok` with its twin as the baseline, built.
pub fn programs(scratch: &Path, job: &Job, progress: &mut Progress) -> Result<Vec<Program>, String> {
    let twin = |file: &Path| twin(&file.with_extension("rs"), scratch);
    own_programs(("bench/grok", "grok"), (scratch, job), progress, twin, |_| None)
}

fn twin(file: &Path, scratch: &Path) -> Contestant {
    let exe = scratch.join(format!("{}.rust", stem(file)));
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "-O", "-C", "overflow-checks=on", "-o"]).arg(&exe).arg(file);
    Contestant { name: "rust".into(), command: peers::compile(&mut rustc).map(|()| vec![exe.into_os_string()]) }
}

/// Prints how many times as long as Rust's our native programs took; an error if that is above a bar.
pub fn judge(report: &Report) -> Result<(), String> {
    let Some((mean, _)) = report.mean_ratio(NATIVE) else { return Ok(()) };
    let mean = 1.0 / mean;
    let slowest = report.programs.iter().filter_map(|(name, outcomes)| {
        let outcome = outcomes.iter().find(|o| o.contestant == NATIVE)?;
        Some((name, 1.0 / outcome.results.as_ref().ok()?.ratio().median))
    });
    let Some((name, worst)) = slowest.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(()) };
    println!(
        "\ntimes of rust's: {mean:.2} in the mean (bar {MEAN_BAR}), {worst:.2} at most, by {name} (bar {WORST_BAR})"
    );
    match mean <= MEAN_BAR && worst <= WORST_BAR {
        true => Ok(()),
        false => Err("slower than a bar allows".into()),
    }
}
