//! Chores of the repository: `cargo xtask ci|tidy|lang|bench`. Scripts live here rather than in shell.

mod bench;
mod ends;
mod lang;
mod limited;
mod malformed;
mod tidy;
mod toolchain;

use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask ci | tidy | lang [FILTER] | malformed [FILTER] | ends [FILTER] | bench [FILTER]

  ci     everything continuous integration runs
  tidy   layers, file sizes, lint of the text rules
  lang   literate language tests and whole programs, on every engine
  malformed  programs that must be refused, on every verb
  ends   how programs end: exits, signals, closed pipes, deep recursion
  bench  programs of bench/ against the reference, as ratios";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filter = args.get(1).map(String::as_str);
    let result = match args.first().map(String::as_str) {
        Some("ci") => ci(),
        Some("tidy") => tidy::run(),
        Some("lang") => toolchain::build().and_then(|()| lang::run(filter)),
        Some("malformed") => toolchain::build().and_then(|()| malformed::run(filter)),
        Some("ends") if filter == Some("--record") => ends::record(),
        Some("ends") => toolchain::build().and_then(|()| ends::run(filter)),
        Some("bench") => toolchain::build().and_then(|()| bench::run(filter)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("xtask: {e}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Result<(), String> {
    tidy::run()?;
    cargo(&["test", "--workspace", "--locked"])?;
    toolchain::build()?;
    lang::run(None)?;
    malformed::run(None)?;
    ends::run(None)
}

/// Runs cargo and shows what it prints.
pub fn cargo(args: &[&str]) -> Result<(), String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(program).args(args).status().map_err(|e| format!("cannot start cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}` failed", args.join(" "))) }
}
