//! The report as JSON, for comparisons over time. `schema` grows when a field changes its meaning.

use serde_json::{Value, json};

use crate::contest::{Outcome, Report};
use crate::measure::Peak;
use crate::stats::Summary;

const SCHEMA: u32 = 1;

/// The whole report. `about` says what was measured where: command, commit, machine.
pub fn value(report: &Report, about: &[(String, String)]) -> Value {
    let contestants = report.contestants();
    let means: serde_json::Map<String, Value> = contestants
        .iter()
        .filter_map(|c| report.mean_ratio(c).map(|(mean, n)| ((*c).to_string(), json!({"ratio": mean, "programs": n}))))
        .collect();
    json!({
        "schema": SCHEMA,
        "about": about.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "baseline": contestants.first(),
        "rounds": report.options.rounds,
        "sample_s": report.options.sample_s,
        "programs": report.programs.iter().map(|(name, outcomes)| json!({
            "name": name,
            "contestants": outcomes.iter().map(outcome).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "geometric_mean": means,
    })
}

fn outcome(o: &Outcome) -> Value {
    match &o.results {
        Err(why) => json!({"name": o.contestant, "error": why}),
        Ok(r) => json!({
            "name": o.contestant,
            "runs_per_sample": r.runs_per_sample,
            "wall_s": r.wall_s,
            "cpu_s": r.cpu_s,
            "time_s": summary(r.time()),
            "ratio": summary(r.ratio()),
            "peak_bytes": r.peak.bytes(),
            "peak_is_bound": matches!(r.peak, Peak::AtMost(_)),
        }),
    }
}

fn summary(s: Summary) -> Value {
    json!({"min": s.min, "q1": s.q1, "median": s.median, "q3": s.q3, "max": s.max})
}
