//! The names that this program is called by, and what of the arguments depends on them.
//!
//! | name | means |
//! |---|---|
//! | `grok FILE ..`, `groklang FILE ..` | `molt compile FILE ..` |
//! | `grok VERB ..`, `groklang VERB ..` | `molt VERB ..` |
//! | `grok-fmt ..`, `grok-test ..` | `molt fmt ..`, `molt test ..` |
//! | `claudelang VERB ..` | a command line of its own: `args/claude.rs` |
//!
//! Under GrokLang's names what is refused ends with status 1.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

use crate::args::{Cli, Face, Verb, claude};

/// Older names of subcommands.
const SUBCOMMANDS: &[(&str, &str)] = &[("grok-fmt", "fmt"), ("grok-test", "test")];
/// Older names of tools that are not there.
const ABSENT: &[&str] = &["grok-lint", "grok-gdb"];

/// A command line by the name that the program was called by.
pub enum Called {
    Molt(Cli),
    Claude(claude::Cli),
}

/// Reads the command line; the first argument is the name that the program was called by.
pub fn parse(args: Vec<OsString>) -> Result<Called, clap::Error> {
    let called = args.first().map(|a| stem(a)).unwrap_or_default();
    if called == "claudelang" { parse_claude(&args).map(Called::Claude) } else { parse_molt(args).map(Called::Molt) }
}

fn parse_claude(args: &[OsString]) -> Result<claude::Cli, clap::Error> {
    let mut command = claude::Cli::command();
    let matches = command.try_get_matches_from_mut(args).map_err(|e| named(e, &mut command))?;
    let mut cli = claude::Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
    cli.common.face = Face::Claude;
    cli.common.line = args[1..].to_vec();
    Ok(cli)
}

/// Says of a verb of the reference that it is not there.
fn named(error: clap::Error, command: &mut clap::Command) -> clap::Error {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(verb)) if claude::ABSENT.contains(&verb.as_str()) => {
            command.error(ErrorKind::InvalidSubcommand, format!("`claudelang {verb}` is not built yet"))
        }
        _ => error,
    }
}

fn parse_molt(mut args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let called = args.first().map(|a| stem(a)).unwrap_or_default();
    let as_grok = called == "grok" || called.starts_with("grok-") || called == "groklang";
    if let Some((_, verb)) = SUBCOMMANDS.iter().find(|(name, _)| *name == called) {
        args.insert(1, verb.into());
    } else if as_grok && let Some(at) = program_file(&args) {
        args.insert(at, "compile".into());
    }
    let mut command = command(if as_grok { "grok" } else { "molt" });
    if ABSENT.contains(&called.as_str()) {
        return Err(command.error(ErrorKind::InvalidSubcommand, format!("`{called}` is not built yet")));
    }
    let mut cli = read(&mut command, &args)?;
    cli.common.face = if as_grok { Face::Grok } else { Face::Molt };
    cli.common.line = args.split_off(1);
    Ok(cli)
}

/// The command with its help, by one of its two names.
pub fn command(name: &'static str) -> clap::Command {
    let command = Cli::command().name(name).bin_name(name);
    if name == "grok" {
        command
            .about("Compiles and runs GrokLang programs")
            .after_help("`grok FILE [--run] [--target vm|jit|native] [-o OUT]` means `grok compile FILE ..`.")
    } else {
        command
    }
}

fn stem(name: &OsStr) -> String {
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where a program stands in place of a verb.
fn program_file(args: &[OsString]) -> Option<usize> {
    let at = (1..args.len()).find(|&i| !args[i].to_string_lossy().starts_with('-'))?;
    let is_program = Path::new(&args[at]).extension().is_some_and(|e| e == "grok");
    is_program.then_some(at)
}

/// Parses, and keeps what follows a `--` that stands before any file of `run` apart: it belongs to the package's program.
fn read(command: &mut clap::Command, args: &[OsString]) -> Result<Cli, clap::Error> {
    let dashes = args.iter().position(|a| a == "--");
    if let Some(at) = dashes
        && let Ok(matches) = command.try_get_matches_from_mut(&args[..at])
        && let Ok(Cli { common, verb: Verb::Run(mut run) }) = Cli::from_arg_matches(&matches)
        && run.rest.is_empty()
        && run.module.is_none()
        && run.code.is_none()
    {
        run.after_dashes = args[at + 1..].iter().map(|a| a.to_string_lossy().into_owned()).collect();
        return Ok(Cli { common, verb: Verb::Run(run) });
    }
    let matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|e| e.format(command))
}

#[cfg(test)]
mod tests {
    use molt_driver::claude::{Capability, Contracts};

    use super::*;

    fn parsed(line: &str) -> Cli {
        match parse(line.split(' ').map(OsString::from).collect()) {
            Ok(Called::Molt(cli)) => cli,
            Ok(Called::Claude(cli)) => panic!("{line}: {cli:?}"),
            Err(e) => panic!("{line}: {e}"),
        }
    }

    fn claude(line: &str) -> Result<claude::Cli, String> {
        match parse(line.split(' ').map(OsString::from).collect()) {
            Ok(Called::Molt(cli)) => panic!("{line}: {cli:?}"),
            Ok(Called::Claude(cli)) => Ok(cli),
            Err(e) => Err(e.to_string().lines().next().unwrap_or_default().to_owned()),
        }
    }

    #[test]
    fn the_table_of_arguments_is_sound() {
        command("molt").debug_assert();
        command("grok").debug_assert();
        claude::Cli::command().debug_assert();
    }

    #[test]
    fn claudelang_has_a_command_line_of_its_own() {
        let line = "claudelang run -O3 a.cl --contracts=pre --allow=io.read:/tmp --allow=env --deny net.dns --sandbox -- --x y";
        let claude::Verb::Run(run) = claude(line).unwrap().verb else { panic!("{line}") };
        assert_eq!((run.file.to_str(), run.jit, run.args), (Some("a.cl"), None, vec!["--x".into(), "y".into()]));
        let options = run.program.options(false);
        let names = |all: &[Capability]| all.iter().map(Capability::text).collect::<Vec<_>>();
        assert_eq!((options.optimise, options.contracts), (3, Contracts::Pre));
        assert_eq!(names(&options.capabilities.allow), ["io.read:/tmp", "env"]);
        assert_eq!(names(&options.capabilities.deny), ["net.dns"]);
        assert!(options.capabilities.sandbox);
    }

    #[test]
    fn what_claudelang_has_not_is_named() {
        assert_eq!(claude("claudelang verify").unwrap_err(), "error: `claudelang verify` is not built yet");
        for line in ["claudelang", "claudelang nothing", "claudelang run a.cl b", "claudelang run a.cl --allow=all"] {
            assert!(claude(line).is_err(), "{line}");
        }
        let claude::Verb::Build(build) = claude("claudelang build a.cl --release").unwrap().verb else { panic!() };
        assert_eq!(build.program.options(build.release).contracts, Contracts::Pre);
    }

    #[test]
    fn a_file_in_place_of_a_verb_is_compiled() {
        assert!(matches!(parsed("/usr/bin/grok -q a.grok --run").verb, Verb::Compile(c) if c.run));
        assert!(matches!(parsed("groklang check a.grok").verb, Verb::Check { .. }));
        assert!(matches!(parsed("grok-fmt --check a.grok").verb, Verb::Fmt { check: true, .. }));
        assert!(parse(vec!["molt".into(), "a.grok".into()]).is_err());
        assert!(parse(vec!["grok-lint".into()]).is_err());
    }

    #[test]
    fn dashes_before_a_file_end_the_options_of_the_package() {
        let run = |line| match parsed(line).verb {
            Verb::Run(run) => (run.rest, run.after_dashes),
            other => panic!("{other:?}"),
        };
        assert_eq!(run("molt run -- a --b"), (vec![], vec!["a".into(), "--b".into()]));
        assert_eq!(run("molt run a.py -- b"), (vec!["a.py".into(), "--".into(), "b".into()], vec![]));
        assert_eq!(run("molt run --engine vm -- x"), (vec![], vec!["x".into()]));
    }
}
