//! `molt bench`: a program on our engines against a Python, interleaved, as ratios.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use molt_bench::{Contestant, Options, Program, Report, contest, html, json, machine, progress::Progress, table};
use molt_driver::cache;

use super::write_text;
use crate::args::{BenchArgs, Common, EngineChoice};
use crate::report;

/// Least seconds of work in a sample.
const SAMPLE_S: f64 = 1.0;

/// Measures one program; status 1 if some contestant gave another answer than the baseline.
pub fn bench(common: &Common, args: &BenchArgs) -> u8 {
    let scratch = cache::folder().join("bench").join(std::process::id().to_string());
    let status = measure(common, args, &scratch);
    // What is left behind lies in the cache, where `molt clean` finds it.
    let _ = std::fs::remove_dir_all(&scratch);
    status
}

fn measure(common: &Common, args: &BenchArgs, scratch: &Path) -> u8 {
    let contestants = match contestants(args, scratch) {
        Ok(c) => c,
        Err(status) => return status,
    };
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let program = Program { name: stem.clone(), folder: PathBuf::from("."), contestants };
    let mut progress = if common.quiet { Progress::silent() } else { Progress::on_terminal() };
    let options = Options { rounds: args.runs, sample_s: SAMPLE_S };
    let results = contest::run(&[program], options, &mut progress);
    publish(common, args, &results, &stem)
}

/// Prints the report in the wanted forms.
fn publish(common: &Common, args: &BenchArgs, results: &Report, name: &str) -> u8 {
    let about = about();
    if let Some(path) = &args.html {
        let status = write_text(&html::page(results, &format!("molt bench: {name}"), &about), Some(path));
        if status != 0 {
            return status;
        }
    }
    let text = if common.json {
        format!("{}\n", json::value(results, &about))
    } else {
        table::text(results, report::use_color(common, std::io::stdout().is_terminal()))
    };
    write_text(&text, None).max(u8::from(results.has_failures()))
}

fn about() -> Vec<(String, String)> {
    let command = std::env::args().skip(1).fold("molt".to_string(), |all, a| all + " " + &a);
    let mut about = vec![("command".to_string(), command), ("molt".to_string(), env!("CARGO_PKG_VERSION").to_string())];
    about.extend(machine::facts());
    about
}

/// The Python that is found, then the engines. An engine that cannot run the program ends the verb with its status.
fn contestants(args: &BenchArgs, scratch: &Path) -> Result<Vec<Contestant>, u8> {
    let mut all = Vec::new();
    if let Some(python) = baseline(args)? {
        let name = python_version(&python).unwrap_or_else(|| python.clone());
        let command = vec![OsString::from(&python), args.file.clone().into_os_string()];
        all.push(Contestant { name, command: Ok(with_arguments(command, args)) });
    }
    for engine in &args.engine {
        all.push(Contestant {
            name: engine_name(*engine).into(),
            command: Ok(engine_command(*engine, args, scratch)?),
        });
    }
    Ok(all)
}

fn engine_name(engine: EngineChoice) -> &'static str {
    match engine {
        EngineChoice::Native => "molt native",
        EngineChoice::Jit => "molt jit",
        EngineChoice::Vm => "molt vm",
    }
}

fn with_arguments(mut command: Vec<OsString>, args: &BenchArgs) -> Vec<OsString> {
    command.extend(args.args.iter().map(OsString::from));
    command
}

/// The native program is built first; `jit` and `vm` compile in each run, so their times contain it.
fn engine_command(engine: EngineChoice, args: &BenchArgs, scratch: &Path) -> Result<Vec<OsString>, u8> {
    let molt = std::env::current_exe().map_err(|e| {
        eprintln!("error: cannot find this executable: {e}");
        4u8
    })?;
    let engine = match engine {
        EngineChoice::Native => {
            let exe = scratch.join("program");
            return build(&molt, &args.file, &exe).map(|()| with_arguments(vec![exe.into_os_string()], args));
        }
        EngineChoice::Jit => "jit",
        EngineChoice::Vm => "vm",
    };
    let command = [molt.into_os_string(), "run".into(), "--engine".into(), engine.into(), args.file.clone().into()];
    Ok(with_arguments(command.to_vec(), args))
}

/// Builds in a process of its own: the memory that a compilation takes would be a floor under what we see of the
/// programs that we start.
fn build(molt: &Path, file: &Path, output: &Path) -> Result<(), u8> {
    match Command::new(molt).arg("build").arg(file).arg("-o").arg(output).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(70)),
        Err(e) => {
            eprintln!("error: cannot start the compiler: {e}");
            Err(4)
        }
    }
}

/// The Python to compare with: the one that is named, else the first that answers; `none` compares engines only.
fn baseline(args: &BenchArgs) -> Result<Option<String>, u8> {
    match args.against.as_deref() {
        Some("none") => Ok(None),
        Some(named) if python_version(named).is_some() => Ok(Some(named.to_string())),
        Some(named) => {
            eprintln!("error: `{named}` is not a Python that runs\nhelp: name another one, or `--against none`");
            Err(2)
        }
        None => Ok(["python3.14", "python3.13", "python3"]
            .into_iter()
            .find(|p| python_version(p).is_some())
            .map(String::from)),
    }
}

/// Implementation and version of an interpreter, if it is one.
fn python_version(python: &str) -> Option<String> {
    const SCRIPT: &str = "import sys; print(sys.implementation.name, '.'.join(map(str, sys.version_info[:2])))";
    let output = Command::new(python).args(["-c", SCRIPT]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !text.is_empty()).then_some(text)
}
