//! Benchmarks: programs of `bench/` on our engines, the reference and its peers, interleaved, answers checked first.
//! With `--grok` the GrokLang programs of `bench/grok` against their twins in Rust, with `--actors` those of `bench/actors`
//! against Go and Erlang, with `--kernels` and `--effects` the ClaudeLang programs of those folders against Python and Guile
//! and against Node, and the bars they must keep. With `--across` loops in Python that call GrokLang against GrokLang itself.
//! With `--answers` nothing is measured: the ClaudeLang programs are run once and their answers compared.
//! The table goes to standard output, the samples and the page with plots to `target/bench`.

mod across;
mod actors;
mod answers;
mod effects;
mod kernels;
mod peers;
mod twins;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use molt_bench::progress::Progress;
use molt_bench::{Contestant, Options, Program, Report, contest, html, json, machine, table};

use crate::toolchain::{molt, reference, root};

const USAGE: &str =
    "usage: cargo xtask bench [FILTER] [--grok | --actors | --kernels | --effects | --across] [--rounds N] [--sample SECONDS] [--peers none|found|NAME,NAME]
                         [--engines native,jit,vm] [--out FOLDER] [-- ARGUMENTS OF THE PROGRAMS]
       cargo xtask bench --answers";

/// Who runs against whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Python against the reference.
    Python,
    /// GrokLang against Rust.
    Grok,
    /// Messages in GrokLang against Go and Erlang.
    Actors,
    /// ClaudeLang against Python and Scheme.
    Kernels,
    /// Effects and handlers in ClaudeLang against JavaScript.
    Effects,
    /// Calls from Python to GrokLang against calls within GrokLang.
    Across,
}

/// The name of our native programs in reports.
const NATIVE: &str = "molt native";

/// What to measure.
struct Job {
    family: Family,
    filter: Option<String>,
    options: Options,
    peers: peers::Choice,
    engines: Vec<String>,
    out: PathBuf,
    arguments: Vec<OsString>,
}

/// Measures, prints and writes; an error if an engine gave a wrong answer.
pub fn run(args: &[String]) -> Result<(), String> {
    if args == ["--answers"] {
        return answers::run();
    }
    let job = parse(args)?;
    let scratch = job.out.join("programs");
    std::fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let mut progress = Progress::on_terminal();
    let programs = match job.family {
        Family::Grok => twins::programs(&scratch, &job, &mut progress)?,
        Family::Actors => actors::programs(&scratch, &job, &mut progress)?,
        Family::Kernels => kernels::programs(&scratch, &job, &mut progress)?,
        Family::Effects => effects::programs(&scratch, &job, &mut progress)?,
        Family::Across => across::programs(&scratch, &job, &mut progress)?,
        Family::Python => python_programs(&scratch, &job, &mut progress)?,
    };
    if programs.is_empty() {
        return Err("no program in bench/ has that name".into());
    }
    let report = contest::run(&programs, job.options, &mut progress);
    print!("{}", table::text(&report, std::io::stdout().is_terminal()));
    write_reports(&report, &job.out, args)?;
    if let Some(why) = wrong(&report) {
        return Err(why);
    }
    match job.family {
        Family::Grok => twins::judge(&report),
        Family::Actors => actors::judge(&report),
        Family::Kernels => kernels::judge(&report),
        Family::Effects => effects::judge(&report, &scratch),
        Family::Across => across::judge(&report),
        Family::Python => Ok(()),
    }
}

fn python_programs(scratch: &Path, job: &Job, progress: &mut Progress) -> Result<Vec<Program>, String> {
    let python = reference().ok_or("no reference interpreter: set MOLT_REFERENCE")?;
    let found = peers::found(&python, &job.peers);
    let mut programs = Vec::new();
    for file in files("bench", "py", job.filter.as_deref())? {
        progress.prepare(&format!("building {}", file.display()));
        programs.push(program(&file, scratch, &python, &found, job));
    }
    Ok(programs)
}

fn parse(args: &[String]) -> Result<Job, String> {
    let mut job = Job {
        family: Family::Python,
        filter: None,
        options: Options { rounds: 5, sample_s: 1.0 },
        peers: peers::Choice::Found,
        engines: Vec::new(),
        out: root().join("target/bench"),
        arguments: Vec::new(),
    };
    let mut rest = args.iter();
    while let Some(a) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("`{a}` needs a value\n{USAGE}"));
        match a.as_str() {
            "--grok" => job.family = Family::Grok,
            "--actors" => job.family = Family::Actors,
            "--kernels" => job.family = Family::Kernels,
            "--effects" => job.family = Family::Effects,
            "--across" => job.family = Family::Across,
            "--rounds" => job.options.rounds = number(value()?)?.max(1.0) as u32,
            "--sample" => job.options.sample_s = number(value()?)?,
            "--peers" => job.peers = peers::Choice::of(value()?),
            "--engines" => job.engines = value()?.split(',').map(str::to_string).collect(),
            "--out" => job.out = PathBuf::from(value()?),
            "--" => job.arguments.extend(rest.by_ref().map(OsString::from)),
            option if option.starts_with('-') => return Err(format!("unknown option `{option}`\n{USAGE}")),
            filter => job.filter = Some(filter.to_string()),
        }
    }
    if job.engines.is_empty() {
        let engines: &[&str] = if job.family == Family::Python { &["native", "vm"] } else { &["native"] };
        job.engines = engines.iter().map(|e| e.to_string()).collect();
    }
    Ok(job)
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number\n{USAGE}"))
}

/// The programs of a folder whose names hold the filter, in order.
fn files(folder: &str, extension: &str, filter: Option<&str>) -> Result<Vec<PathBuf>, String> {
    let dir = root().join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
        .map_err(|e| format!("{}: {e}", dir.display()))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .filter(|p| filter.is_none_or(|f| stem(p).contains(f)))
        .collect();
    files.sort();
    Ok(files)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn program(file: &Path, scratch: &Path, python: &Path, found: &[peers::Peer], job: &Job) -> Program {
    let mut contestants = vec![Contestant {
        name: "cpython 3.13".into(),
        command: Ok(vec![python.as_os_str().to_os_string(), file.as_os_str().to_os_string()]),
    }];
    contestants.extend(job.engines.iter().map(|engine| ours(engine, file, scratch)));
    contestants.extend(found.iter().filter_map(|p| p.contestant(file, scratch)));
    with_arguments(file, contestants, job)
}

/// The programs of a folder that end in an extension, built, between what `before` and `after` make of each.
fn own_programs(
    (folder, extension): (&str, &str),
    (scratch, job): (&Path, &Job),
    progress: &mut Progress,
    before: impl Fn(&Path) -> Contestant,
    after: impl Fn(&Path) -> Option<Contestant>,
) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    for file in files(folder, extension, job.filter.as_deref())? {
        progress.prepare(&format!("building {}", file.display()));
        let mut contestants = vec![before(&file)];
        contestants.extend(job.engines.iter().map(|engine| ours(engine, &file, scratch)));
        contestants.extend(after(&file));
        programs.push(with_arguments(&file, contestants, job));
    }
    Ok(programs)
}

/// A program whose contestants all get the arguments of the job.
fn with_arguments(file: &Path, mut contestants: Vec<Contestant>, job: &Job) -> Program {
    for c in &mut contestants {
        if let Ok(command) = &mut c.command {
            command.extend(job.arguments.iter().cloned());
        }
    }
    Program { name: stem(file), folder: root(), contestants }
}

fn ours(engine: &str, file: &Path, scratch: &Path) -> Contestant {
    Contestant { name: format!("molt {engine}"), command: engine_command(engine, file, scratch) }
}

/// `native` is built before; `jit` and `vm` compile in every run.
fn engine_command(engine: &str, file: &Path, scratch: &Path) -> Result<Vec<OsString>, String> {
    if engine == "native" {
        let exe = scratch.join(stem(file));
        peers::compile(Command::new(molt()).arg("build").arg(file).arg("-o").arg(&exe))?;
        return Ok(vec![exe.into_os_string()]);
    }
    let file = file.as_os_str().to_os_string();
    Ok(vec![molt().into_os_string(), "run".into(), "--engine".into(), engine.into(), file])
}

fn write_reports(report: &Report, out: &Path, args: &[String]) -> Result<(), String> {
    let mut about =
        vec![("command".to_string(), format!("cargo xtask bench {}", args.join(" ")).trim_end().to_string())];
    about.extend(commit().map(|c| ("commit".to_string(), c)));
    about.extend(machine::facts());
    let page = out.join("report.html");
    let write = |path: &Path, text: String| std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()));
    write(&page, html::page(report, "Molt benchmarks", &about))?;
    write(&out.join("report.json"), format!("{:#}\n", json::value(report, &about)))?;
    println!("\nplots: {}", page.display());
    Ok(())
}

/// The commit that was measured, with a mark if the tree differs from it.
fn commit() -> Option<String> {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).current_dir(root()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// The first engine of ours without a result. A peer that cannot run a program is no fault of this repository.
fn wrong(report: &Report) -> Option<String> {
    report.programs.iter().find_map(|(program, outcomes)| {
        let faulty = outcomes.iter().find(|o| o.contestant.starts_with("molt ") && o.results.is_err())?;
        Some(format!("{program}: {} has no result", faulty.contestant))
    })
}
