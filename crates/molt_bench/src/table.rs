//! The report as text.

use std::fmt::Write as _;

use crate::contest::{Report, Results};
use crate::measure::Peak;

const HEAD: &str = "\x1b[1m";
const GOOD: &str = "\x1b[32m";
const BAD: &str = "\x1b[31m";
const END: &str = "\x1b[0m";
/// Width of the columns between the contestant and the ratio, with their gaps.
const TIME_COLUMNS: usize = 2 + 9 + 2 + 9 + 2 + 21 + 2;

/// The table; with colours if `color`.
pub fn text(report: &Report, color: bool) -> String {
    let paint = |code: &str, text: String| if color { format!("{code}{text}{END}") } else { text };
    let wide = report.programs.iter().map(|(n, _)| n.len()).chain([7]).max().unwrap_or(7);
    let named = report.contestants().iter().map(|n| n.len()).chain([10]).max().unwrap_or(10);
    let mut out = paint(
        HEAD,
        format!(
            "{:<wide$}  {:<named$}  {:>9}  {:>9}  {:>21}  {:>8}  {:>15}  {:>9}",
            "program", "contestant", "median s", "min s", "quartiles s", "ratio", "quartiles", "memory"
        ),
    );
    out.push('\n');
    for (program, outcomes) in &report.programs {
        for (i, o) in outcomes.iter().enumerate() {
            let shown = if i == 0 { program.as_str() } else { "" };
            write!(out, "{shown:<wide$}  {:<named$}  ", o.contestant).expect("writing to a string");
            match &o.results {
                Ok(r) => {
                    let code = if r.ratio().q1 > 1.0 {
                        GOOD
                    } else if r.ratio().q3 < 1.0 {
                        BAD
                    } else {
                        ""
                    };
                    out.push_str(&times(r));
                    out.push_str(&paint(code, format!("{:>7.2}x", r.ratio().median)));
                    out.push_str(&spread(r));
                }
                Err(why) => out.push_str(&paint(BAD, why.clone())),
            }
            out.push('\n');
        }
    }
    out.push_str(&means(report, wide, named));
    out
}

fn times(r: &Results) -> String {
    let t = r.time();
    let quartiles = format!("{:.3} \u{2013} {:.3}", t.q1, t.q3);
    format!("{:>9.3}  {:>9.3}  {quartiles:>21}  ", t.median, t.min)
}

fn spread(r: &Results) -> String {
    let ratio = r.ratio();
    let quartiles = format!("{:.2} \u{2013} {:.2}", ratio.q1, ratio.q3);
    format!("  {quartiles:>15}  {:>9}", memory(r.peak))
}

/// Megabytes, with a sign before an upper bound.
pub fn memory(peak: Peak) -> String {
    let megabytes = peak.bytes() as f64 / 1e6;
    match peak {
        Peak::Exactly(_) => format!("{megabytes:.1} MB"),
        Peak::AtMost(_) => format!("\u{2264} {megabytes:.1} MB"),
    }
}

fn means(report: &Report, wide: usize, named: usize) -> String {
    let mut out = String::new();
    for name in report.contestants().iter().skip(1) {
        if let Some((mean, count)) = report.mean_ratio(name) {
            let programs = if count == 1 { "program" } else { "programs" };
            let before = wide + 2 + named + TIME_COLUMNS - "geometric mean ".len() - name.len();
            writeln!(out, "geometric mean {name}{:before$}{mean:>7.2}x  over {count} {programs}", "")
                .expect("writing to a string");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::{Options, Outcome};

    fn report() -> Report {
        let results = |ratio: f64| Results {
            runs_per_sample: 1,
            wall_s: vec![2.0 / ratio],
            cpu_s: vec![2.0],
            peak: Peak::AtMost(5_000_000),
            ratios: vec![ratio],
        };
        let outcome = |name: &str, results| Outcome { contestant: name.into(), results };
        let outcomes = vec![
            outcome("base", Ok(results(1.0))),
            outcome("fast engine", Ok(results(4.0))),
            outcome("broken", Err("wrong answer".into())),
        ];
        Report { options: Options { rounds: 1, sample_s: 1.0 }, programs: vec![("program name".into(), outcomes)] }
    }

    #[test]
    fn columns_line_up() {
        let text = text(&report(), false);
        let lines: Vec<&str> = text.lines().collect();
        let column = |line: &str, what: &str| line[..line.find(what).expect("shown")].chars().count();
        assert_eq!(column(lines[0], "ratio"), column(lines[2], "4.00x"), "{text}");
        assert_eq!(column(lines[0], "ratio"), column(lines[4], "4.00x"), "{text}");
        assert!(lines[3].ends_with("broken       wrong answer") && lines[2].ends_with("\u{2264} 5.0 MB"), "{text}");
    }

    #[test]
    fn colours_only_when_asked_for() {
        assert!(!text(&report(), false).contains('\x1b'));
        assert!(text(&report(), true).contains("\x1b[32m   4.00x\x1b[0m"), "{}", text(&report(), true));
    }
}
