//! What the verbs do.

mod bench;
pub mod claude;
mod compile;
mod diff;
mod doc;
mod fmt;
mod packages;
mod prompt;
mod repl;
mod test;

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use molt_driver::session::can_link;
use molt_driver::{DriverError, Emit, Entry, LinkerChoice, Session, SessionOptions, cache, doctor};

use crate::args::{
    self, BuildArgs, Cli, Common, EmitChoice, EngineChoice, Face, Language, PackageArgs, Profile, RunArgs, Verb,
};
use crate::report::say;
use crate::{names, report};

/// Runs one verb; the process's exit status.
pub fn dispatch(cli: Cli) -> u8 {
    let common = cli.common;
    match cli.verb {
        Verb::Build(args) => build(&common, args),
        Verb::Run(args) => run(&common, args),
        Verb::Check { files, package } => check(&common, &files, &package),
        Verb::Fmt { check, files, packages } => fmt::fmt(&common, files, packages, check),
        Verb::Test(args) => test::test(&common, &args),
        Verb::Compile(args) => compile::compile(&common, &args),
        Verb::New { folder, lib, lang: Language::Grok } => packages::new(&common, &folder, lib),
        Verb::Init { lib, lang: Language::Grok } => packages::init(&common, lib),
        Verb::Add { name, path, dev } => packages::add(&common, &name, &path, dev),
        Verb::Remove { name, dev } => packages::remove(&common, &name, dev),
        Verb::Tree { package } => packages::tree(&common, &package),
        Verb::Doc { file, output, private, package } => {
            doc::doc(&common, file.as_deref(), output.as_deref(), private, &package)
        }
        Verb::Repl(args) => repl::repl(&common, &args),
        Verb::Bench(args) => bench::bench(&common, &args),
        Verb::Explain { code } => explain(&code),
        Verb::Doctor => show_findings(),
        Verb::Size { artefact, top } => size(&common, &artefact, top),
        Verb::Clean { cache } => clean(&common, cache),
        Verb::Version => {
            say!("molt {} (Cranelift)", env!("CARGO_PKG_VERSION"));
            0
        }
        Verb::LibraryImage { file } => library_image(&file),
        Verb::Completions { shell } => {
            let name = if common.face == Face::Grok { "grok" } else { "molt" };
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut names::command(name), name, &mut script);
            write_text(&String::from_utf8_lossy(&script), None)
        }
    }
}

fn session(common: &Common, verify: bool) -> Session {
    Session::new(SessionOptions {
        verify: verify || common.verify,
        print_after: common.print_after.clone(),
        stop_after: common.stop_after.clone(),
        ..SessionOptions::default()
    })
}

/// Prints diagnostics and error, and gives the status.
fn finish<T>(session: &Session, common: &Common, result: Result<T, DriverError>) -> Result<T, u8> {
    report::diagnostics(session, common);
    result.map_err(|e| report::error(&e, common))
}

fn linker(choice: args::LinkerChoice) -> LinkerChoice {
    match choice {
        args::LinkerChoice::Auto => LinkerChoice::Any,
        args::LinkerChoice::BuiltIn => LinkerChoice::BuiltIn,
        args::LinkerChoice::System => LinkerChoice::System,
    }
}

fn build(common: &Common, args: BuildArgs) -> u8 {
    if args.file.is_none() && args.module.is_none() && packages::folder().is_some() {
        return packages::build(common, &args);
    }
    if let Err(status) = no_package(&args.package, args.bin.as_deref()) {
        return status;
    }
    let BuildArgs { file, module, output, emit: choice, profile, symbols, linker: link, package, .. } = args;
    let profile = profile.unwrap_or(Profile::Release);
    let optimise = package.optimise.map_or(profile == Profile::Release, |level| level > 0);
    let package = PackageArgs { optimise: Some(u8::from(optimise)), ..package };
    let (entry, name) = match (file, module) {
        (Some(f), _) => (as_asked(Entry::File(f.clone()), &package), f.file_stem().unwrap_or_default().to_os_string()),
        (None, Some(m)) => (Entry::Module(m.clone()), m.replace('.', "_").into()),
        (None, None) => {
            eprintln!(
                "error: `molt build` needs a file, `-m MODULE` or a package around this folder\n\
                 help: for example `molt build app.py`"
            );
            return 2;
        }
    };
    let mut s = session(common, profile == Profile::Dev);
    s.options.keep_symbols = symbols;
    s.options.linker = linker(link);
    let mut emit = |what| s.emit(&entry, what, optimise);
    let text = match choice {
        EmitChoice::Exe => {
            let output = output.unwrap_or_else(|| PathBuf::from(name));
            let result = s.build(&entry, &output, optimise);
            return match finish(&s, common, result) {
                Ok(()) => 0,
                Err(status) => status,
            };
        }
        EmitChoice::Ir => emit(Emit::Ir),
        EmitChoice::Typed => emit(Emit::Typed),
        EmitChoice::Lir => emit(Emit::Lir),
        EmitChoice::Bytecode => emit(Emit::Bytecode),
        EmitChoice::Clif => emit(Emit::Clif),
        EmitChoice::Asm => emit(Emit::Asm),
    };
    match finish(&s, common, text) {
        Ok(text) => write_text(&text, output.as_deref()),
        Err(status) => status,
    }
}

/// Refuses flags that say something about packages where there is none.
fn no_package(args: &PackageArgs, bin: Option<&str>) -> Result<(), u8> {
    match args.for_packages_only().or(bin.map(|_| "--bin")) {
        Some(flag) => {
            eprintln!("error: `{flag}` is for packages, and this is a program by itself");
            Err(2)
        }
        None => Ok(()),
    }
}

fn write_text(text: &str, output: Option<&Path>) -> u8 {
    let written = match output {
        Some(path) => std::fs::write(path, text),
        None => std::io::stdout().write_all(text.as_bytes()),
    };
    match written {
        Ok(()) => 0,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(e) => {
            eprintln!("error: cannot write: {e}");
            4
        }
    }
}

fn run(common: &Common, args: RunArgs) -> u8 {
    let plain = args.module.is_none() && args.code.is_none() && args.rest.is_empty();
    if plain && packages::folder().is_some() {
        return packages::run(common, &args);
    }
    if let Err(status) = no_package(&args.package, args.bin.as_deref()) {
        return status;
    }
    let RunArgs { module, code, engine, rest, after_dashes, package, .. } = args;
    let mut rest: Vec<String> = rest.into_iter().chain(after_dashes).collect();
    let (entry, name) = match (module, code) {
        (Some(m), _) => (Entry::Module(m.clone()), m),
        (_, Some(c)) => (Entry::Code(c), "-c".to_string()),
        _ if rest.is_empty() => {
            eprintln!("error: `molt run` needs a file, `-m MODULE`, `-c CODE`, `-` or a package around this folder");
            return 2;
        }
        _ => {
            let name = rest.remove(0);
            match entry_of(&name) {
                Ok(entry) => (as_asked(entry, &package), name),
                Err(status) => return status,
            }
        }
    };
    let mut argv = vec![name];
    argv.extend(rest);
    execute_entry(common, &entry, &argv, engine)
}

/// Runs a program; its status.
fn execute_entry(common: &Common, entry: &Entry, argv: &[String], engine: EngineChoice) -> u8 {
    let mut s = session(common, false);
    let native = engine == EngineChoice::Native && can_link();
    if native {
        let path = s.cached(entry);
        match finish(&s, common, path) {
            Ok(path) => execute(&path, argv, common),
            Err(status) => status,
        }
    } else {
        let result = match engine {
            EngineChoice::Vm => s.run_interpreted(entry, argv),
            EngineChoice::Jit | EngineChoice::Native => s.run_in_memory(entry, argv),
        };
        match finish(&s, common, result) {
            Ok(status) => status as u8,
            Err(status) => status,
        }
    }
}

/// A file with what was asked for on the command line.
fn as_asked(entry: Entry, args: &PackageArgs) -> Entry {
    match entry {
        Entry::File(path) if molt_driver::claude::is_claude(&path) => {
            let mut job = molt_driver::claude::Job::file(&path);
            job.options.optimise = args.optimise.unwrap_or(job.options.optimise);
            Entry::Claude(Box::new(job))
        }
        Entry::File(path) if molt_driver::grok::is_grok(&path) && path.is_file() => {
            Entry::Grok(Box::new(packages::job(args, molt_driver::grok::Job::file(&path, false))))
        }
        entry => entry,
    }
}

fn entry_of(name: &str) -> Result<Entry, u8> {
    if name != "-" {
        return Ok(Entry::File(PathBuf::from(name)));
    }
    let mut source = Vec::new();
    match std::io::stdin().read_to_end(&mut source) {
        Ok(_) => Ok(Entry::Stdin(source)),
        Err(e) => {
            eprintln!("error: cannot read standard input: {e}");
            Err(4)
        }
    }
}

/// Becomes the program: its status and signals are seen by our caller as they are.
fn execute(path: &Path, argv: &[String], common: &Common) -> u8 {
    let error = Command::new(path).arg0(&argv[0]).args(&argv[1..]).exec();
    report::error(&DriverError::Start { path: path.to_path_buf(), error }, common)
}

fn check(common: &Common, files: &[PathBuf], package: &PackageArgs) -> u8 {
    if files.is_empty() {
        return packages::check(common, package);
    }
    if let Err(status) = no_package(package, None) {
        return status;
    }
    check_files(common, files)
}

/// Each file by itself; the gravest status.
fn check_files(common: &Common, files: &[PathBuf]) -> u8 {
    let mut status = 0;
    for f in files {
        let mut s = session(common, true);
        s.options.check = true;
        let result = s.compile(&Entry::File(f.clone()), false);
        if let Err(e) = finish(&s, common, result) {
            status = status.max(e);
        }
    }
    status
}

fn explain(code: &str) -> u8 {
    match molt_diagnostics::explain(code) {
        Some(page) => write_text(&page, None),
        None => {
            eprintln!("error: no diagnostic is called `{code}`");
            2
        }
    }
}

fn library_image(file: &Path) -> u8 {
    match std::fs::write(file, molt_driver::grok::library_image()) {
        Ok(()) => 0,
        Err(e) => {
            eprintln!("error: cannot write `{}`: {e}", file.display());
            1
        }
    }
}

fn show_findings() -> u8 {
    let mut status = 0;
    for f in doctor::findings() {
        say!("{} {}", if f.ok { "ok     " } else { "problem" }, f.what);
        if let Some(remedy) = f.remedy {
            say!("        {remedy}");
        }
        if !f.ok {
            status = 1;
        }
    }
    status
}

fn size(common: &Common, artefact: &Path, top: usize) -> u8 {
    let bytes = match std::fs::read(artefact) {
        Ok(b) => b,
        Err(e) => {
            eprintln!("error: cannot read `{}`: {e}", artefact.display());
            return 4;
        }
    };
    match molt_driver::size_report(&bytes) {
        Ok(r) => {
            let text = if common.json { report::size_json(&r) } else { report::size_text(&r, top) };
            write_text(&text, None)
        }
        Err(e) => {
            eprintln!("error: `{}` is not an executable: {e}", artefact.display());
            4
        }
    }
}

fn clean(common: &Common, all: bool) -> u8 {
    match packages::clean(common) {
        Some(status) if status != 0 || !all => return status,
        _ => {}
    }
    match cache::clean() {
        Ok(bytes) => {
            if !common.quiet {
                say!("removed {bytes} bytes from {}", cache::folder().display());
            }
            0
        }
        Err(e) => {
            eprintln!("error: cannot clean the cache: {e}");
            4
        }
    }
}
