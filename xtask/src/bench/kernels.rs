//! Kernels in ClaudeLang against the same programs in Python and in Scheme, as Guile compiles it.

use std::path::Path;
use std::process::Command;

use molt_bench::progress::Progress;
use molt_bench::{Contestant, Program, Report};

use super::{Job, NATIVE, own_programs, peers, stem};
use crate::toolchain::reference;

/// How many times as fast as CPython and as Guile our native programs must be, in the geometric mean.
const PYTHON_BAR: f64 = 6.0;
const GUILE_BAR: f64 = 1.0;

const GUILE: &str = "guile";

/// Every program of `bench/kernels` with its Python twin as the baseline, built.
pub fn programs(scratch: &Path, job: &Job, progress: &mut Progress) -> Result<Vec<Program>, String> {
    let python = reference().ok_or("no reference interpreter: set MOLT_REFERENCE")?;
    let before = |file: &Path| Contestant {
        name: "cpython 3.13".into(),
        command: Ok(vec![python.as_os_str().to_os_string(), file.with_extension("py").into_os_string()]),
    };
    let after = |file: &Path| Some(guile(&file.with_extension("scm"), scratch));
    own_programs(("bench/kernels", "cl"), (scratch, job), progress, before, after)
}

/// Guile on what `guild` compiled, so that no sample pays for compiling.
fn guile(file: &Path, scratch: &Path) -> Contestant {
    let compiled = scratch.join(format!("{}.guile", stem(file)));
    let mut guild = Command::new("guild");
    guild.args(["compile", "-O2", "-o"]).arg(&compiled).arg(file);
    let load = format!("(load-compiled {:?})", compiled.display().to_string());
    let command = peers::compile(&mut guild)
        .map(|()| ["guile", "--no-auto-compile", "-c", &load].into_iter().map(Into::into).collect());
    Contestant { name: GUILE.into(), command }
}

/// Prints how many times as fast as CPython and Guile our native programs were; an error if that is below a bar.
pub fn judge(report: &Report) -> Result<(), String> {
    let Some((python, count)) = report.mean_ratio(NATIVE) else { return Ok(()) };
    println!("\ntimes as fast as cpython: {python:.2} in the mean of {count} (bar {PYTHON_BAR})");
    let guile = match report.mean_ratio(GUILE) {
        Some((guile, of)) if of == count => python / guile,
        _ => return Err("guile gave no result for every program: its bar is not judged".into()),
    };
    println!("times as fast as guile: {guile:.2} in the mean of {count} (bar {GUILE_BAR})");
    match python >= PYTHON_BAR && guile >= GUILE_BAR {
        true => Ok(()),
        false => Err("slower than a bar allows".into()),
    }
}
