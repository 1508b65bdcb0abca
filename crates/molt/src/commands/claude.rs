//! What the verbs of `claudelang` do.

mod debug;
mod doc;
mod lint;
mod packages;

use std::path::{Path, PathBuf};

use molt_driver::claude::{self, Faults, Job, Options};
use molt_driver::files::files_of;
use molt_driver::{DriverError, Emit, Entry, bytecode};

use super::{bench, diff, execute_entry, finish, fmt, repl, session, write_text};
use crate::args::Common;
use crate::args::claude::{BuildArgs, Cli, Jit, MeasureArgs, ProgramArgs, RunArgs, Target, Verb};
use crate::report;

/// The `.cl` files that were named or lie in folders that were, those of the current folder if none were.
fn files(common: &Common, named: Vec<PathBuf>) -> Result<Vec<PathBuf>, u8> {
    let named = if named.is_empty() { vec![PathBuf::from(".")] } else { named };
    let mut files = Vec::new();
    for name in named {
        let found = files_of(&name, claude::is_claude).map_err(|e| report::error(&e, common))?;
        if found.is_empty() {
            eprintln!("error: there are no `.cl` files in `{}`", name.display());
            return Err(2);
        }
        if let Some(other) = found.iter().find(|f| !claude::is_claude(f)) {
            eprintln!("error: `{}` is no `.cl` file", other.display());
            return Err(2);
        }
        files.extend(found.into_iter().map(|f| f.strip_prefix(".").map_or(f.clone(), Path::to_path_buf)));
    }
    Ok(files)
}

/// Runs one verb; the process's exit status.
pub fn dispatch(cli: Cli) -> u8 {
    let common = &cli.common;
    let done = match cli.verb {
        Verb::Run(args) => run(common, args),
        Verb::Check { files } => Ok(super::check_files(common, &files)),
        Verb::Build(args) => build(common, args),
        Verb::Repl(args) => Ok(repl::repl(common, &args)),
        Verb::Package(args) => packages::package(common, args),
        Verb::Ast { file } => ast(common, file),
        Verb::Disasm { file, program } => disasm(common, &file, program),
        Verb::Lint(args) => lint::lint(common, args),
        Verb::Doc { files, output } => doc::doc(common, files, &output),
        Verb::Bench(args) => measure(common, args),
        Verb::Fmt { check, files } => {
            let files = if files.is_empty() { vec![PathBuf::from(".")] } else { files };
            Ok(fmt::fmt(common, files, Vec::new(), check))
        }
        Verb::Debug { file, program, args } => debug::debug(common, &file, program.options(false), args),
        Verb::Lsp { log, .. } => lsp(log.as_deref()),
        Verb::Test { files, exit_first } => test(common, &files, exit_first),
    };
    done.unwrap_or_else(|status| status)
}

/// A program with its options; those of a compiled one were chosen when it was built.
fn entry(file: PathBuf, options: Options) -> Result<Entry, u8> {
    if !bytecode::is_compiled(&file) {
        return Ok(Entry::Claude(Box::new(Job::new(&file, options))));
    }
    if options != Options::default() {
        eprintln!("error: a compiled program has the options that it was built with\nhelp: give them to `build`");
        return Err(2);
    }
    Ok(Entry::File(file))
}

/// Refuses what the command line promises and nobody keeps yet.
pub(super) fn refuse(what: &str) -> u8 {
    eprintln!("error: `{what}` is not built yet");
    2
}

fn run(common: &Common, args: RunArgs) -> Result<u8, u8> {
    let mut argv = vec![args.file.display().to_string()];
    argv.extend(args.args);
    let usual = if bytecode::is_compiled(&args.file) { Jit::Off } else { Jit::On };
    let entry = entry(args.file, args.program.options(false))?;
    Ok(execute_entry(common, &entry, &argv, args.jit.unwrap_or(usual).engine()))
}

fn build(common: &Common, args: BuildArgs) -> Result<u8, u8> {
    if args.target == Target::Js {
        return Err(refuse("--target js"));
    }
    let options = args.program.options(args.release);
    let name = args.file.file_stem().unwrap_or_default().to_os_string();
    let mut s = session(common, false);
    let optimise = options.optimise > 0;
    let entry = Entry::Claude(Box::new(Job::new(&args.file, options)));
    let result = match args.target {
        Target::Vm => {
            let mut compiled = name;
            compiled.push(".");
            compiled.push(bytecode::EXTENSION);
            s.build_bytecode(&entry, &args.output.unwrap_or_else(|| compiled.into()))
        }
        Target::Js | Target::Native => s.build(&entry, &args.output.unwrap_or_else(|| name.into()), optimise),
    };
    finish(&s, common, result).map(|()| 0)
}

fn measure(common: &Common, args: MeasureArgs) -> Result<u8, u8> {
    // Engines that are processes of their own would say it once each.
    if let Err(error) = std::fs::metadata(&args.file) {
        return Err(report::error(&DriverError::Read { path: args.file, error }, common));
    }
    Ok(bench::bench(common, &args.plain()))
}

fn lsp(log: Option<&Path>) -> Result<u8, u8> {
    molt_lsp::serve(log).map(|()| 0).map_err(|e| {
        eprintln!("error: {e}");
        1
    })
}

fn disasm(common: &Common, file: &Path, program: ProgramArgs) -> Result<u8, u8> {
    let options = program.options(false);
    let optimise = options.optimise > 0;
    let mut s = session(common, false);
    let entry = entry(file.to_path_buf(), options)?;
    let text = s.emit(&entry, Emit::Bytecode, optimise);
    finish(&s, common, text).map(|text| write_text(&text, None))
}

fn ast(common: &Common, file: PathBuf) -> Result<u8, u8> {
    let read = |error| report::error(&DriverError::Read { path: file.clone(), error }, common);
    let text = std::fs::read_to_string(&file).map_err(read)?;
    let name = file.display().to_string();
    let is_graph = file.extension().is_some_and(|e| e == "json");
    let printed = match (is_graph, common.json) {
        (true, false) => claude::text_of_graph(&name, &text),
        (true, true) => claude::text_of_graph(&name, &text).and_then(|text| claude::graph(&name, &text)),
        (false, true) => claude::graph(&name, &text),
        (false, false) => claude::data(&name, &text),
    };
    let printed = printed.map_err(|faults| refused(faults, common))?;
    Ok(write_text(&printed, None))
}

/// Reports the faults of a text.
pub fn refused((faults, sources): Faults, common: &Common) -> u8 {
    report::findings(&faults, &sources, common);
    report::error(&DriverError::Refused, common)
}

fn test(common: &Common, files: &[PathBuf], exit_first: bool) -> Result<u8, u8> {
    let mut programs = Vec::new();
    for file in files {
        let there = std::fs::metadata(file).map_err(|error| DriverError::Read { path: file.clone(), error });
        there.map_err(|e| report::error(&e, common))?;
        let listed = files_of(file, claude::is_claude);
        programs.extend(listed.map_err(|e| report::error(&e, common))?);
    }
    if programs.is_empty() {
        eprintln!("error: there are no `.cl` files in what is to be tested");
        return Err(2);
    }
    Ok(diff::test(common, &programs, false, "", exit_first))
}
