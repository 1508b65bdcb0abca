//! Programs of messages against the same programs in Go and Erlang.

use std::path::Path;
use std::process::Command;

use molt_bench::progress::Progress;
use molt_bench::{Contestant, Program, Report};

use super::{Job, NATIVE, own_programs, peers, stem};

/// How many times as long as Go's our native programs may take: all but one of them, and any one.
const MOST_BAR: f64 = 1.0;
const WORST_BAR: f64 = 2.0;

/// Every program of `bench/actors` with Go's twin as the baseline, built.
pub fn programs(scratch: &Path, job: &Job, progress: &mut Progress) -> Result<Vec<Program>, String> {
    let erlang = |file: &Path| Some(erlang(&file.with_extension("erl"), scratch));
    own_programs(
        ("bench/actors", "grok"),
        (scratch, job),
        progress,
        |file| go(&file.with_extension("go"), scratch),
        erlang,
    )
}

fn go(file: &Path, scratch: &Path) -> Contestant {
    let exe = scratch.join(format!("{}.go", stem(file)));
    let mut go = Command::new("go");
    go.arg("build").arg("-o").arg(&exe).arg(file);
    Contestant { name: "go".into(), command: peers::compile(&mut go).map(|()| vec![exe.into_os_string()]) }
}

fn erlang(file: &Path, scratch: &Path) -> Contestant {
    let mut erlc = Command::new("erlc");
    erlc.arg("-o").arg(scratch).arg(file);
    let module = stem(file);
    let words = ["erl", "-noshell", "-pa"].map(Into::into);
    let command = peers::compile(&mut erlc).map(|()| {
        words
            .into_iter()
            .chain([scratch.as_os_str().to_os_string(), "-s".into(), module.into(), "main".into()])
            .collect()
    });
    Contestant { name: "erlang".into(), command }
}

/// Prints how many times as long as Go's our native programs took; an error if that is above a bar.
pub fn judge(report: &Report) -> Result<(), String> {
    let mut ratios: Vec<f64> = report
        .programs
        .iter()
        .filter_map(|(_, outcomes)| outcomes.iter().find(|o| o.contestant == NATIVE))
        .filter_map(|o| Some(1.0 / o.results.as_ref().ok()?.ratio().median))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (Some(&worst), Some(&most)) = (ratios.last(), ratios.get(ratios.len().saturating_sub(2))) else {
        return Ok(());
    };
    println!("\ntimes of go's: {most:.2} but for one (bar {MOST_BAR}), {worst:.2} at most (bar {WORST_BAR})");
    match most <= MOST_BAR && worst <= WORST_BAR {
        true => Ok(()),
        false => Err("slower than a bar allows".into()),
    }
}
