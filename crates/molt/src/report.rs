//! Printing of diagnostics and errors.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};

use molt_diagnostics::registry::grok;
use molt_diagnostics::{Diagnostic, RenderOptions, render, to_json};
use molt_driver::{DriverError, Reason, Session, SizeReport, SourceMap, Span};

use crate::args::{ColorChoice, Common, Face};

/// Prints a line to standard output; a reader that has gone, as `head` has, is no reason to fail.
macro_rules! say {
    ($($piece:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($piece)*);
    }};
}
pub(crate) use say;

/// Whether colours are wanted on a stream that is a terminal or is none.
pub fn use_color(common: &Common, terminal: bool) -> bool {
    match common.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                && std::env::var_os("MOLT_COLOR").is_none_or(|v| v != "never")
                && terminal
        }
    }
}

/// Prints the session's diagnostics to standard error.
pub fn diagnostics(session: &Session, common: &Common) {
    findings(&session.diagnostics, &session.sources, common);
    let mut err = std::io::stderr().lock();
    if let Some(text) = &session.printed {
        let _ = write!(err, "{text}");
    }
    if common.time_passes {
        for (name, time) in &session.times {
            let _ = writeln!(err, "{:>10.3} ms  {name}", time.as_secs_f64() * 1e3);
        }
    }
}

/// Prints diagnostics to standard error.
pub fn findings(diagnostics: &[Diagnostic], sources: &SourceMap, common: &Common) {
    let color = use_color(common, std::io::stderr().is_terminal());
    let place_first = common.face == Face::Claude;
    let mut err = std::io::stderr().lock();
    for d in diagnostics {
        if common.quiet && !d.is_error() {
            continue;
        }
        let text = if common.json {
            to_json(d, sources).to_string()
        } else {
            render(d, sources, RenderOptions { color, place_first, ..RenderOptions::default() })
        };
        // Nothing useful can be done when standard error is closed.
        let _ = writeln!(err, "{text}");
    }
}

/// Findings that were shown: programs that share files share what is wrong in them.
#[derive(Default)]
pub struct Once(HashSet<(&'static str, String, Option<Place>)>);

/// File, start and end.
type Place = (String, u32, u32);

impl Once {
    /// Leaves only what is new.
    pub fn retain_new(&mut self, session: &mut Session) {
        let Session { diagnostics, sources, .. } = session;
        diagnostics.retain(|d| {
            let place = d.primary_span().map(|p| (sources.file(p.file).name.to_string(), p.start, p.end));
            self.0.insert((d.code.id, d.message.clone(), place))
        });
    }
}

/// Says that the time of a test's `timeout` is none.
pub fn invalid_timeout(session: &Session, span: Span, common: &Common) {
    let d = Diagnostic::at(&grok::INVALID_ATTRIBUTE, span, "`timeout` takes a time such as `\"2s\"` or `\"200ms\"`");
    findings(&[d], &session.sources, common);
}

/// Prints an error of the driver and gives the exit status of its kind.
pub fn error(e: &DriverError, common: &Common) -> u8 {
    let status = match (common.face, status_of(e)) {
        // GrokLang's reference knows one status for all that is wrong with a program or its files.
        (Face::Grok, 3 | 4) => 1,
        // ClaudeLang's knows four: a file that can't be read was named wrongly.
        (Face::Claude, 4) if matches!(e, DriverError::Read { .. }) => 2,
        (Face::Claude, 4) => 1,
        (_, status) => status,
    };
    match e {
        DriverError::Refused => {}
        DriverError::Internal(text) => {
            eprintln!("{e}");
            if let Some(path) = write_bundle(text) {
                eprintln!("the details are in `{path}`; please report them");
            }
        }
        _ if common.json => {
            let json = format!("{{\"level\":\"error\",\"message\":{:?}}}", e.to_string());
            eprintln!("{json}");
        }
        _ => eprintln!("error: {e}"),
    }
    status
}

fn status_of(e: &DriverError) -> u8 {
    match e {
        DriverError::Refused | DriverError::NoModule(_) | DriverError::Limit(_) | DriverError::Bytecode { .. } => 3,
        DriverError::Read { .. } | DriverError::Write { .. } | DriverError::Link(_) | DriverError::Start { .. } => 4,
        DriverError::Internal(_) => molt_driver::DEFECT_STATUS as u8,
    }
}

fn write_bundle(text: &str) -> Option<String> {
    let path = std::env::temp_dir().join(format!("molt-internal-error-{}.txt", std::process::id()));
    std::fs::write(&path, text).ok()?;
    Some(path.display().to_string())
}

/// Tables of `molt size`, each with its largest rows.
pub fn size_text(r: &SizeReport, top: usize) -> String {
    let mut text = format!("{:>10}  total\n", r.total);
    let mut table = |title: &str, rows: Vec<(u64, String)>| {
        if rows.is_empty() {
            return;
        }
        text.push_str(&format!("\n{:>10}  {title}\n", "bytes"));
        for (bytes, row) in rows.into_iter().take(top) {
            text.push_str(&format!("{bytes:>10}  {row}\n"));
        }
    };
    let plain = |rows: &[(String, u64)]| rows.iter().map(|(name, bytes)| (*bytes, name.clone())).collect();
    let width = r.groups.iter().take(top).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let reason = |(name, why): &(String, Reason)| (why.bytes, format!("{name:width$}  {}", why.why));
    table("section", plain(&r.sections));
    table(&format!("{:width$}  kept because of", "part"), r.groups.iter().map(reason).collect());
    table("function or data", plain(&r.functions));
    if r.groups.is_empty() {
        text.push_str("\nparts, reasons and functions: build with `--symbols`\n");
    }
    text
}

/// The same as JSON, complete.
pub fn size_json(r: &SizeReport) -> String {
    let rows = |rows: &[(String, u64)]| -> Vec<serde_json::Value> {
        rows.iter().map(|(name, bytes)| serde_json::json!({ "name": name, "bytes": bytes })).collect()
    };
    let parts: Vec<serde_json::Value> = r
        .groups
        .iter()
        .map(|(name, why)| serde_json::json!({ "name": name, "bytes": why.bytes, "because": why.why }))
        .collect();
    let all = serde_json::json!({
        "total": r.total, "sections": rows(&r.sections), "parts": parts, "functions": rows(&r.functions),
    });
    format!("{all}\n")
}
