//! The report as one page that needs nothing else: plots as inline SVG, tables, light and dark.

use std::fmt::Write as _;

use crate::contest::{Outcome, Report, Results};
use crate::plot::{self, Frame, Group, Mark, escape};
use crate::table::memory;

/// Colours of the series, light and dark; they differ in lightness as well as in hue.
const SERIES: &[(&str, &str)] = &[
    ("#7a828c", "#8e98a4"),
    ("#0b6bcb", "#4aa3ff"),
    ("#d9730d", "#ff9d4a"),
    ("#0f8a5f", "#3ccf97"),
    ("#8a4fbf", "#c08bf0"),
    ("#b8304f", "#ff7d97"),
    ("#7d6a12", "#d6bf4a"),
    ("#12808a", "#45c6d1"),
];

const STYLE: &str = "
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:2.5rem 1.5rem 4rem;background:var(--page);color:var(--ink);
 font:15px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
h1{font-size:1.7rem;margin:0 0 .2rem;letter-spacing:-.01em} h2{font-size:1.12rem;margin:0 0 .2rem}
p{margin:.2rem 0 .8rem;color:var(--soft)} section{background:var(--card);border:1px solid var(--edge);
 border-radius:10px;padding:1.2rem 1.3rem;margin:1.2rem 0;overflow-x:auto}
.means{display:flex;flex-wrap:wrap;gap:.9rem;margin:1.3rem 0}
.mean{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:.7rem 1.1rem;min-width:170px}
.mean b{display:block;font-size:1.75rem;line-height:1.25;font-variant-numeric:tabular-nums} .mean span{color:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.3rem 0 .5rem;font-size:.9rem}
.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.45em}
svg{width:100%;min-width:640px;height:auto;display:block}
svg text{font-size:11.5px;fill:var(--soft)} svg .name{font-size:13px;fill:var(--ink)} svg .label{font-size:12px}
svg .value{fill:var(--ink);font-variant-numeric:tabular-nums}
.grid,.rule{stroke:var(--edge);stroke-width:1} .rule{stroke-dasharray:2 4} .axis{stroke:var(--ink);stroke-width:1.4}
.spread{stroke:var(--ink);stroke-width:1.1;fill:none;opacity:.65}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.28rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--edge)}
th{color:var(--soft);font-weight:600} th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}
td.why{text-align:left;color:#c2413b;white-space:normal} td.first{font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.2rem;margin:.4rem 0 0} dt{color:var(--soft)} dd{margin:0}
code{font:.92em ui-monospace,'DejaVu Sans Mono',monospace}
";

/// The page. `about` says what was measured where.
pub fn page(report: &Report, title: &str, about: &[(String, String)]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <style>{STYLE}{1}</style></head><body>\n<h1>{0}</h1>\n",
        escape(title),
        colours()
    );
    writeln!(out, "<p>{}</p>", escape(&method(report))).expect("writing to a string");
    out.push_str(&means(report));
    out.push_str(&plots(report));
    out.push_str(&table(report));
    out.push_str(&details(about));
    out.push_str("</body></html>\n");
    out
}

fn colours() -> String {
    let mut light = String::from(":root{--page:#f6f7f9;--card:#fff;--ink:#1b2028;--soft:#5b6572;--edge:#dfe3e8;");
    let mut dark = String::from("--page:#12151a;--card:#1a1e25;--ink:#e8ebef;--soft:#9aa4b1;--edge:#2d343e;");
    let mut rules = String::new();
    for (i, (l, d)) in SERIES.iter().enumerate() {
        write!(light, "--s{i}:{l};").expect("writing to a string");
        write!(dark, "--s{i}:{d};").expect("writing to a string");
        writeln!(
            rules,
            ".s{i}{{fill:var(--s{i})}} .mean.s{i}{{border-left:5px solid var(--s{i})}} .legend .s{i}{{background:var(--s{i})}}"
        )
        .expect("writing to a string");
    }
    format!("{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n{rules}")
}

fn method(report: &Report) -> String {
    let baseline = report.contestants().first().copied().unwrap_or("the baseline").to_string();
    format!(
        "{} rounds, contestants interleaved, answers compared with {baseline} first and in every run; a sample is at least \
         {} s of work. A ratio is {baseline}\u{2019}s time divided by the contestant\u{2019}s in the same round: more than 1 is faster.",
        report.options.rounds,
        plot::number(report.options.sample_s)
    )
}

fn means(report: &Report) -> String {
    let mut out = String::from("<div class=\"means\">\n");
    for (i, name) in report.contestants().iter().enumerate().skip(1) {
        if let Some((mean, count)) = report.mean_ratio(name) {
            writeln!(
                out,
                "<div class=\"mean s{}\"><b>{mean:.2}\u{d7}</b>{}<br><span>geometric mean of {count}</span></div>",
                i % SERIES.len(),
                escape(name)
            )
            .expect("writing to a string");
        }
    }
    out.push_str("</div>\n");
    out
}

/// What a plot shows of some results.
type Measure = fn(&Results) -> (f64, f64, f64, String);

fn plots(report: &Report) -> String {
    let baseline = report.contestants().first().copied().unwrap_or_default().to_string();
    let title = format!("Speed relative to {baseline}");
    let ratio: Measure = |r| {
        let s = r.ratio();
        (s.median, s.min, s.max, format!("{:.2}\u{d7}", s.median))
    };
    let time: Measure = |r| {
        let s = r.time();
        (s.median, s.min, s.max, format!("{:.3} s", s.median))
    };
    let peak: Measure = |r| {
        let megabytes = r.peak.bytes() as f64 / 1e6;
        (megabytes, megabytes, megabytes, memory(r.peak))
    };
    let mut out = String::new();
    let frame = Frame { title: &title, axis: "times as fast (logarithmic)", unit: "\u{d7}", origin: Some(1.0) };
    let note = "Bars begin at 1, the baseline\u{2019}s own speed, and end at the median; the line spans all rounds.";
    out.push_str(&section(report, &frame, note, true, ratio));
    let frame = Frame { title: "Time of one run", axis: "seconds (logarithmic)", unit: "", origin: None };
    out.push_str(&section(report, &frame, "Median of the samples; the line spans all of them.", false, time));
    let frame = Frame { title: "Peak memory", axis: "megabytes, resident (logarithmic)", unit: "", origin: None };
    let note = "Most resident memory of any run. \u{2264} marks programs smaller than the measuring process, of which only a bound is known.";
    out.push_str(&section(report, &frame, note, false, peak));
    out
}

fn section(report: &Report, frame: &Frame, note: &str, skip_baseline: bool, measure: Measure) -> String {
    let names = report.contestants();
    let first = usize::from(skip_baseline);
    let mut out = format!("<section><h2>{}</h2><p>{}</p>\n<div class=\"legend\">", escape(frame.title), escape(note));
    for (i, name) in names.iter().enumerate().skip(first) {
        write!(out, "<span><i class=\"s{}\"></i>{}</span>", i % SERIES.len(), escape(name))
            .expect("writing to a string");
    }
    out.push_str("</div>\n");
    let groups: Vec<Group> = report
        .programs
        .iter()
        .map(|(program, outcomes)| Group {
            name: program.clone(),
            marks: outcomes.iter().skip(first).filter_map(|o| mark(o, program, &names, measure)).collect(),
        })
        .filter(|g| !g.marks.is_empty())
        .collect();
    out.push_str(&plot::svg(frame, &groups));
    out.push_str("</section>\n");
    out
}

fn mark(o: &Outcome, program: &str, names: &[&str], measure: Measure) -> Option<Mark> {
    let (value, min, max, label) = measure(o.results.as_ref().ok()?);
    let series = names.iter().position(|n| *n == o.contestant).unwrap_or(0) % SERIES.len();
    let hint = format!("{program}, {}: {label}", o.contestant);
    Some(Mark { series, value, min, max, label, hint })
}

fn table(report: &Report) -> String {
    let mut out = String::from(
        "<section><h2>Figures</h2><table><thead><tr><th>program</th><th>contestant</th><th>median s</th><th>min s</th>\
         <th>quartiles s</th><th>ratio</th><th>quartiles</th><th>cpu s</th><th>peak memory</th></tr></thead><tbody>\n",
    );
    for (program, outcomes) in &report.programs {
        for (i, o) in outcomes.iter().enumerate() {
            let shown = if i == 0 { escape(program) } else { String::new() };
            let cells = match &o.results {
                Ok(r) => figures(r),
                Err(why) => format!("<td class=\"why\" colspan=\"7\">{}</td>", escape(why)),
            };
            writeln!(out, "<tr><td class=\"first\">{shown}</td><td>{}</td>{cells}</tr>", escape(&o.contestant))
                .expect("writing to a string");
        }
    }
    out.push_str("</tbody></table></section>\n");
    out
}

fn figures(r: &Results) -> String {
    let (time, ratio) = (r.time(), r.ratio());
    let cpu = crate::stats::Summary::of(&r.cpu_s);
    format!(
        "<td>{:.3}</td><td>{:.3}</td><td>{:.3} \u{2013} {:.3}</td><td>{:.2}\u{d7}</td><td>{:.2} \u{2013} {:.2}</td><td>{:.3}</td><td>{}</td>",
        time.median,
        time.min,
        time.q1,
        time.q3,
        ratio.median,
        ratio.q1,
        ratio.q3,
        cpu.median,
        memory(r.peak)
    )
}

fn details(about: &[(String, String)]) -> String {
    let mut out = String::from("<section><h2>What was measured</h2><dl>\n");
    for (name, value) in about {
        writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)).expect("writing to a string");
    }
    out.push_str("</dl></section>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::Options;
    use crate::measure::Peak;

    #[test]
    fn the_page_is_whole_and_loads_nothing() {
        let results = Results {
            runs_per_sample: 1,
            wall_s: vec![1.0],
            cpu_s: vec![1.0],
            peak: Peak::Exactly(1),
            ratios: vec![2.0],
        };
        let outcomes = vec![
            Outcome { contestant: "base".into(), results: Ok(results.clone()) },
            Outcome { contestant: "<fast>".into(), results: Ok(results) },
            Outcome { contestant: "broken".into(), results: Err("wrong & bad".into()) },
        ];
        let report = Report { options: Options { rounds: 1, sample_s: 1.0 }, programs: vec![("p".into(), outcomes)] };
        let page = page(&report, "title", &[("command".into(), "a < b".into())]);
        for part in ["&lt;fast&gt;", "wrong &amp; bad", "a &lt; b", "2.00\u{d7}", "prefers-color-scheme:dark"] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(!page.contains("http") && !page.contains("<script"));
    }
}
