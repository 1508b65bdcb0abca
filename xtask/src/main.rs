//! Chores of the repository: `cargo xtask ci|tidy|lang|bench`. Scripts live here rather than in shell.

mod bench;
mod deny;
mod dist;
mod docs;
mod ends;
mod lang;
mod limited;
mod malformed;
mod mutants;
mod tidy;
mod toolchain;

use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask COMMAND

  ci                    every test
  tidy                  layers, file sizes, lint of the text rules
  lang [FILTER]         literate language tests and whole programs, on every engine
  malformed [FILTER]    programs that must be refused, on every verb
  ends [FILTER]         how programs end: exits, signals, closed pipes, deep recursion
  docs [FILTER]         links and examples of the book
  bench [OPTIONS]       programs of bench/ against the reference and its peers, as ratios; writes target/bench/report.html
  miri                  the ABI and the object core under Miri (needs a nightly toolchain with it)
  mutants [NAME]        seeded bugs that the suites must notice (slow)
  deny                  licences, advisories, duplicates and sources of the dependencies
  dist [FOLDER]         archive of the toolchain";

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
        Some("docs") => toolchain::build().and_then(|()| docs::run(filter)),
        Some("deny") => deny::run(),
        Some("dist") => toolchain::build().and_then(|()| dist::run(filter)),
        Some("miri") => miri(),
        Some("mutants") => mutants::run(filter),
        Some("bench") => toolchain::build().and_then(|()| bench::run(&args[1..])),
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
    ends::run(None)?;
    docs::run(None)
}

/// Tests that touch raw memory, in an interpreter that sees undefined behaviour.
fn miri() -> Result<(), String> {
    let run = |args: &[&str]| {
        let status = Command::new("cargo")
            .args(["+nightly", "miri", "test", "-q", "--locked"])
            .args(args)
            .env("CARGO_TARGET_DIR", toolchain::target().join("miri"))
            .env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-tree-borrows")
            .status()
            .map_err(|e| format!("cannot start cargo: {e}"))?;
        if status.success() { Ok(()) } else { Err(format!("Miri: `{}` failed", args.join(" "))) }
    };
    run(&["-p", "molt_abi"])?;
    // The fused multiply-add of some toolchains asks the processor, in assembly, what it can do.
    run(&["-p", "molt_runtime", "--lib", "--", "--skip", "modules::math"])
}

/// Runs cargo and shows what it prints.
pub fn cargo(args: &[&str]) -> Result<(), String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(program).args(args).status().map_err(|e| format!("cannot start cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}` failed", args.join(" "))) }
}
