//! Chores of the repository: `cargo xtask ci|tidy|lang|bench`. Scripts live here rather than in shell.

mod bench;
mod deny;
mod dist;
mod docs;
mod ends;
mod generate;
mod lang;
mod limited;
mod malformed;
mod mutants;
mod random_effects;
mod tidy;
mod toolchain;

use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask COMMAND

  ci                    every test
  tidy                  layers, file sizes, lint of the text rules
  lint                  formatting and clippy, warnings as errors
  gen [--check]         the generated files, or whether they are fresh
  filetest [--bless]    filetests of the IR and random functions on every engine
  toolchain             the release toolchain: compiler and runtime archive
  lang [FILTER]         literate language tests and whole programs, on every engine
  malformed [FILTER]    programs that must be refused, on every verb
  ends [FILTER]         how programs end: exits, signals, closed pipes, deep recursion
  docs [FILTER]         links and examples of the book
  diff FILE...          programs here and under the reference interpreter: output, exception and status
  bench [OPTIONS]       programs of bench/ against the reference and its peers, as ratios; writes target/bench/report.html;
                        --grok: GrokLang against Rust; --actors: against Go and Erlang;
                        --kernels: ClaudeLang against Python and Guile; --effects: against Node; --answers: no measuring
  miri                  the ABI and the object core under Miri (needs a nightly toolchain with it)
  asan [FILTER]         the language tests under AddressSanitizer (needs a nightly toolchain)
  fuzz TARGET [SECONDS] a fuzz target, for a minute (needs a nightly toolchain and cargo-fuzz)
  random-effects COUNT SEED
                        random ClaudeLang programs of effects and handlers, on every engine
  mutants [NAME]        seeded bugs that the suites must notice (slow)
  deny                  licences, advisories, duplicates and sources of the dependencies
  dist [FOLDER]         archive of the toolchain";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filter = args.get(1).map(String::as_str);
    let result = match args.first().map(String::as_str) {
        Some("ci") => ci(),
        Some("tidy") => tidy::run(),
        Some("lint") => lint(),
        Some("gen") => generate::run(filter == Some("--check")),
        Some("filetest") => filetest(filter == Some("--bless")),
        Some("toolchain") => toolchain::build(),
        Some("lang") => toolchain::build().and_then(|()| lang::run(filter)),
        Some("malformed") => toolchain::build().and_then(|()| malformed::run(filter)),
        Some("ends") if filter == Some("--record") => ends::record(),
        Some("ends") => toolchain::build().and_then(|()| ends::run(filter)),
        Some("docs") => toolchain::build().and_then(|()| docs::run(filter)),
        Some("deny") => deny::run(),
        Some("dist") => toolchain::build_archive().and_then(|()| dist::run(filter)),
        Some("miri") => miri(),
        Some("asan") => asan(filter),
        Some("diff") => toolchain::build().and_then(|()| diff(&args[1..])),
        Some("fuzz") => fuzz(&args[1..]),
        Some("random-effects") => toolchain::build().and_then(|()| random_effects::run(&args[1..])),
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
    generate::run(true)?;
    cargo(&["test", "--workspace", "--locked"])?;
    toolchain::build()?;
    lang::run(None)?;
    malformed::run(None)?;
    ends::run(None)?;
    bench::run(&["--answers".to_string()])?;
    docs::run(None)
}

/// Tests that touch raw memory, in an interpreter that sees undefined behaviour.
fn miri() -> Result<(), String> {
    let run = |args: &[&str]| {
        succeed(
            Command::new("cargo")
                .args(["+nightly", "miri", "test", "-q", "--locked"])
                .args(args)
                .env("CARGO_TARGET_DIR", toolchain::target().join("miri"))
                .env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-permissive-provenance -Zmiri-tree-borrows"),
        )
    };
    run(&["-p", "molt_abi"])?;
    // Left out is arithmetic on plain values, which would take hours, and what asks the processor, in assembly, what it can
    // do: the fused multiply-add of some toolchains. Of ClaudeLang's values the tests that go everywhere are enough: making
    // an isolate takes minutes.
    run(&["-p", "molt_runtime", "--lib", "--", "random_lists", "random_maps", "cycles_through"])?;
    let skipped = ["claude::", "num::", "modules::math", "text::ascii", "text::unicode"];
    let skips = skipped.iter().flat_map(|name| ["--skip", name]);
    run(&["-p", "molt_runtime", "--lib", "--"].into_iter().chain(skips).collect::<Vec<_>>())
}

/// The language tests with a compiler and a runtime that AddressSanitizer watches. Locals stay on the real stack, whose
/// depth the runtime measures.
fn asan(filter: Option<&str>) -> Result<(), String> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let target = toolchain::target().join("asan");
    succeed(
        Command::new("cargo")
            .args(["+nightly", "build", "--profile", "asan", "--locked", "-q", "-p", "molt", "--target", &triple])
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTFLAGS", "-Zsanitizer=address -Cllvm-args=-asan-use-after-return=never --cfg molt_sanitize"),
    )?;
    lang::run_in_process(filter, &target.join(&triple).join("asan/molt"))
}

fn lint() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "-q", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

/// Filetests; with `bless` what passes print is recorded.
fn filetest(bless: bool) -> Result<(), String> {
    let mut command = Command::new("cargo");
    command.args(["test", "-q", "--locked", "-p", "molt_filetest"]);
    if bless {
        command.env("MOLT_BLESS", "1");
    }
    succeed(&mut command)
}

/// `molt test --diff` with the reference of the other tests.
fn diff(files: &[String]) -> Result<(), String> {
    let reference = toolchain::reference().ok_or("no reference interpreter; MOLT_REFERENCE names one")?;
    succeed(Command::new(toolchain::molt()).args(["test", "--diff", "--reference"]).arg(reference).args(files))
}

/// Fuzzes one target, the front end with the programs of the repository to start from.
fn fuzz(args: &[String]) -> Result<(), String> {
    let target = args.first().ok_or("fuzz: which target? front_end, ir_text or engines")?;
    let seconds = args.get(1).map_or("60", String::as_str);
    let seeds: &[&str] = match target.as_str() {
        "front_end" => &["bench", "examples", "tests/programs", "tests/malformed"],
        "ir_text" => &["tests/ir"],
        _ => &[],
    };
    // The first corpus is written to, the others are only read.
    let corpus = toolchain::target().join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", target]).arg(corpus).args(seeds);
    command.args(["--", "-timeout=20", "-rss_limit_mb=4096", &format!("-max_total_time={seconds}")]);
    succeed(command.current_dir(toolchain::root()).env("CARGO_TARGET_DIR", toolchain::target().join("fuzz")))
}

/// Runs cargo and shows what it prints.
pub fn cargo(args: &[&str]) -> Result<(), String> {
    succeed(Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())).args(args))
}

/// Runs a command and shows what it prints; failing is an error.
fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))?;
    let words = || std::iter::once(command.get_program()).chain(command.get_args()).map(|w| w.to_string_lossy());
    if status.success() { Ok(()) } else { Err(format!("`{}` failed", words().collect::<Vec<_>>().join(" "))) }
}
