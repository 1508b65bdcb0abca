//! Bars and points on a logarithmic axis, as SVG. Colours are classes (`s0`, `s1`, …, `grid`, `axis`), so that the page
//! decides them, in light and in dark.
//!
//! ```text
//!            0.5     1      2      5
//!   fib       |      |██████████▌─┤ 4.10x       bar from 1 to the median, line from min to max
//!             | 0.8x ├▐█      |      |
//! ```

use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 90.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;
const LANE: f64 = 16.0;
const GAP: f64 = 12.0;

/// One measured thing: a value with its spread.
pub struct Mark {
    /// Number of the series, which decides colour.
    pub series: usize,
    pub value: f64,
    pub min: f64,
    pub max: f64,
    /// Text beside the mark.
    pub label: String,
    /// Text that a pointer over the mark shows.
    pub hint: String,
}

/// A named group of marks, each on a lane of its own.
pub struct Group {
    pub name: String,
    pub marks: Vec<Mark>,
}

/// What the plot says about itself.
pub struct Frame<'a> {
    pub title: &'a str,
    pub axis: &'a str,
    /// Unit written behind each number of the axis.
    pub unit: &'a str,
    /// Where bars begin; without it marks are points.
    pub origin: Option<f64>,
}

/// Draws groups from top to bottom.
pub fn svg(frame: &Frame, groups: &[Group]) -> String {
    let scale = Scale::over(groups, frame.origin);
    let lanes: usize = groups.iter().map(|g| g.marks.len()).sum();
    let bottom = TOP + lanes as f64 * LANE + groups.len() as f64 * GAP;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{}\">\n",
        bottom + BOTTOM,
        escape(frame.title)
    );
    grid(&mut out, frame, &scale, bottom);
    let mut y = TOP + GAP / 2.0;
    for (i, g) in groups.iter().enumerate() {
        let height = g.marks.len() as f64 * LANE;
        if i > 0 {
            let at = y - GAP / 2.0;
            writeln!(out, "<line class=\"rule\" x1=\"8\" y1=\"{at}\" x2=\"{:.1}\" y2=\"{at}\"/>", WIDTH - RIGHT)
                .expect("writing to a string");
        }
        text(&mut out, LEFT - 12.0, y + height / 2.0 + 4.0, "end", "name", &g.name);
        for m in &g.marks {
            mark(&mut out, m, &scale, frame.origin, y + LANE / 2.0);
            y += LANE;
        }
        y += GAP;
    }
    out.push_str("</svg>\n");
    out
}

fn grid(out: &mut String, frame: &Frame, scale: &Scale, bottom: f64) {
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let class = if frame.origin == Some(tick) { "axis" } else { "grid" };
        writeln!(out, "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>")
            .expect("writing to a string");
        let label = format!("{}{}", number(tick), frame.unit);
        text(out, x, TOP - 8.0, "middle", "tick", &label);
        text(out, x, bottom + 16.0, "middle", "tick", &label);
    }
    text(out, (LEFT + WIDTH - RIGHT) / 2.0, bottom + 36.0, "middle", "label", frame.axis);
}

fn mark(out: &mut String, m: &Mark, scale: &Scale, origin: Option<f64>, y: f64) {
    let (x, low, high) = (scale.x(m.value), scale.x(m.min), scale.x(m.max));
    writeln!(out, "<g class=\"s{}\"><title>{}</title>", m.series, escape(&m.hint)).expect("writing to a string");
    match origin {
        Some(o) => {
            let start = scale.x(o);
            let (from, wide) = (start.min(x), (x - start).abs().max(1.0));
            let (top, high) = (y - LANE / 2.0 + 2.0, LANE - 4.0);
            writeln!(out, "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" rx=\"1.5\"/>")
                .expect("writing to a string");
        }
        None => {
            writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>").expect("writing to a string");
        }
    }
    if high - low > 0.5 {
        whisker(out, low, high, y);
    }
    out.push_str("</g>\n");
    match origin {
        Some(o) if m.value < o => text(out, x.min(low) - 6.0, y + 4.0, "end", "value", &m.label),
        _ => text(out, x.max(high) + 8.0, y + 4.0, "start", "value", &m.label),
    }
}

fn whisker(out: &mut String, low: f64, high: f64, y: f64) {
    writeln!(
        out,
        "<path class=\"spread\" d=\"M{low:.1} {:.1}v6M{low:.1} {y:.1}H{high:.1}M{high:.1} {:.1}v6\"/>",
        y - 3.0,
        y - 3.0
    )
    .expect("writing to a string");
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
    writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escape(text))
        .expect("writing to a string");
}

/// Logarithmic map of values to places.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Covers all marks and the origin, up to the next ticks.
    fn over(groups: &[Group], origin: Option<f64>) -> Scale {
        let values = || groups.iter().flat_map(|g| &g.marks).flat_map(|m| [m.min, m.max, m.value]).chain(origin);
        let low = values().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let high = values().fold(0.0, f64::max);
        if low > high {
            return Scale { low: 0.5, high: 2.0 };
        }
        let (low, high) = (step_down(low), step_up(high));
        if low < high { Scale { low, high } } else { Scale { low: low / 2.0, high: high * 2.0 } }
    }

    fn x(&self, value: f64) -> f64 {
        let part = (value.max(self.low) / self.low).ln() / (self.high / self.low).ln();
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }

    /// 1, 2 and 5 of every decade, or the decades alone when there are many.
    fn ticks(&self) -> Vec<f64> {
        let decades = self.high.log10() - self.low.log10();
        let digits: &[f64] = if decades > 3.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        (first..=last)
            .flat_map(|e| digits.iter().map(move |d| tick(*d, e)))
            .filter(|t| *t >= self.low * 0.999 && *t <= self.high * 1.001)
            .collect()
    }
}

/// `digit` times ten to the `exponent`, exactly where that can be.
fn tick(digit: f64, exponent: i32) -> f64 {
    if exponent < 0 { digit / 10f64.powi(-exponent) } else { digit * 10f64.powi(exponent) }
}

fn step_down(value: f64) -> f64 {
    let exponent = value.log10().floor() as i32;
    [5.0, 2.0, 1.0].iter().map(|d| tick(*d, exponent)).find(|t| *t <= value).unwrap_or_else(|| tick(1.0, exponent))
}

fn step_up(value: f64) -> f64 {
    let exponent = value.log10().floor() as i32;
    [1.0, 2.0, 5.0].iter().map(|d| tick(*d, exponent)).find(|t| *t >= value).unwrap_or_else(|| tick(1.0, exponent + 1))
}

/// A number as an axis shows it: no trailing zeros.
pub fn number(value: f64) -> String {
    if value >= 100.0 {
        return format!("{value:.0}");
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// Text inside markup.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(value: f64) -> Group {
        let mark =
            Mark { series: 0, value, min: value * 0.9, max: value * 1.1, label: "l".into(), hint: "a < b".into() };
        Group { name: "p & q".into(), marks: vec![mark] }
    }

    #[test]
    fn the_axis_reaches_the_next_ticks() {
        let s = Scale::over(&[group(0.7), group(13.0)], Some(1.0));
        assert_eq!((s.low, s.high), (0.5, 20.0));
        assert_eq!(s.ticks(), [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
    }

    #[test]
    fn equal_ratios_are_equal_distances() {
        let s = Scale { low: 0.1, high: 100.0 };
        assert!(((s.x(1.0) - s.x(0.5)) - (s.x(64.0) - s.x(32.0))).abs() < 1e-9);
        assert_eq!((s.x(0.1), s.x(100.0)), (LEFT, WIDTH - RIGHT));
    }

    #[test]
    fn many_decades_show_decades_only() {
        let s = Scale { low: 0.001, high: 100.0 };
        assert_eq!(s.ticks().len(), 6);
    }

    #[test]
    fn text_is_escaped_and_no_value_is_lost() {
        let frame = Frame { title: "t", axis: "a", unit: "x", origin: Some(1.0) };
        let out = svg(&frame, &[group(2.0), group(0.5)]);
        assert!(out.contains("p &amp; q") && out.contains("a &lt; b"), "{out}");
        assert_eq!(out.matches("<rect").count(), 2);
        assert_eq!(svg(&Frame { origin: None, ..frame }, &[group(2.0)]).matches("<circle").count(), 1);
    }

    #[test]
    fn no_marks_and_equal_marks_draw_without_infinities() {
        let frame = Frame { title: "t", axis: "a", unit: "", origin: None };
        for out in [
            svg(&frame, &[]),
            svg(&frame, &[Group { name: "x".into(), marks: Vec::new() }]),
            svg(&frame, &[group(1.0)]),
        ] {
            assert!(!out.contains("NaN") && !out.contains("inf"), "{out}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.05, 1.0, 2.5, 20.0, 1000.0].map(number), ["0.05", "1", "2.5", "20", "1000"]);
    }
}
