//! Loops in Python that call functions of GrokLang, against the same loops in GrokLang with calls that are not inlined.

use std::path::Path;

use molt_bench::progress::Progress;
use molt_bench::{Contestant, Program, Report};

use super::{Job, NATIVE, engine_command, own_programs};

/// How many times as long as a call between two functions of GrokLang a call from Python may take.
const BAR: f64 = 1.2;

/// Every program of `bench/across` with its twin in GrokLang as the baseline, built.
pub fn programs(scratch: &Path, job: &Job, progress: &mut Progress) -> Result<Vec<Program>, String> {
    let folder = scratch.join("twins");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let twin = |file: &Path| Contestant {
        name: "groklang".into(),
        command: engine_command("native", &file.with_extension("grok"), &folder),
    };
    own_programs(("bench/across", "py"), (scratch, job), progress, twin, |_| None)
}

/// Prints how many times as long as in GrokLang the loops took; an error if that is above the bar.
pub fn judge(report: &Report) -> Result<(), String> {
    let Some((mean, _)) = report.mean_ratio(NATIVE) else { return Ok(()) };
    let mean = 1.0 / mean;
    println!("\ntimes of groklang's: {mean:.2} (bar {BAR})");
    if mean <= BAR { Ok(()) } else { Err("slower than the bar allows".into()) }
}
