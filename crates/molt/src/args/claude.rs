//! Verbs and flags of `claudelang` (section 13.6 of ClaudeLang's reference).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use molt_driver::claude::{self, Capability, Limit};

use super::{BenchArgs, Common, EngineChoice};

/// Compiles and runs ClaudeLang programs.
#[derive(Debug, Parser)]
#[command(name = "claudelang", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run a program
    Run(RunArgs),
    /// Report what is wrong with programs
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Make an executable
    Build(BuildArgs),
    /// Read, run and print what is entered
    Repl(ReplArgs),
    /// Work on the package around the current folder
    Package(PackageArgs),
    /// Print the data of a file, with `--json` its program graph
    Ast {
        /// Program, or graph in a file that ends in `.json`
        file: PathBuf,
    },
    /// Print the code that the interpreter runs
    Disasm {
        file: PathBuf,
        #[command(flatten)]
        program: ProgramArgs,
    },
    /// Format files in place
    Fmt {
        /// Change nothing; list the files that are not formatted and end with status 1 if there are any
        #[arg(long)]
        check: bool,
        /// Files and folders [default: the current folder]
        files: Vec<PathBuf>,
    },
    /// Report what is unusual in files, beside what is wrong with them
    Lint(LintArgs),
    /// Measure a program on the engines, as ratios
    Bench(MeasureArgs),
    /// Write pages from what modules export and their documentation
    Doc {
        /// Files and folders [default: the current folder]
        files: Vec<PathBuf>,
        /// Folder of the pages
        #[arg(short, long, default_value = "doc")]
        output: PathBuf,
    },
    /// Run a program that waits where you say, and look at it
    Debug {
        file: PathBuf,
        #[command(flatten)]
        program: ProgramArgs,
        /// Arguments of the program
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Serve an editor on standard input and output, as the Language Server Protocol says
    Lsp {
        /// Write each message and the time of its answer to a file
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
        /// What editors pass for the only way that there is
        #[arg(long, hide = true)]
        stdio: bool,
    },
    /// Run the tests of files; one whose tests all hold and that ends with status 0 has passed
    Test {
        /// Files and folders
        #[arg(default_value = "tests")]
        files: Vec<PathBuf>,
        /// Stop at the first failure
        #[arg(short = 'x')]
        exit_first: bool,
    },
}

/// Verbs of the reference that are not there.
pub const ABSENT: &[&str] = &["verify"];

#[derive(Debug, Args)]
pub struct LintArgs {
    /// How findings are printed; `json` is an object a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Rules that are left out, separated by commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rules())]
    pub disable: Vec<String>,
    /// Files and folders [default: the current folder]
    pub files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// The names of the linter's rules.
fn rules() -> clap::builder::PossibleValuesParser {
    claude::RULES.iter().map(|rule| rule.id).collect::<Vec<_>>().into()
}

#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// Samples of each engine
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// How the program is executed, as for `run`, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Jit::Off, Jit::On])]
    pub jit: Vec<Jit>,
    /// Write a page with plots
    #[arg(long, value_name = "PAGE")]
    pub html: Option<PathBuf>,
    /// Program to measure
    pub file: PathBuf,
    /// Arguments of the program
    #[arg(last = true)]
    pub args: Vec<String>,
}

impl MeasureArgs {
    /// The same as `molt bench` has it: the first engine is what others are compared with.
    pub fn plain(self) -> BenchArgs {
        let engine = self.jit.into_iter().map(Jit::engine).collect();
        let MeasureArgs { runs, html, file, args, .. } = self;
        BenchArgs { runs, against: Some("none".to_owned()), engine, html, file, args }
    }
}

#[derive(Debug, Args)]
pub struct PackageArgs {
    /// Folder of the registry [default: what `CLAUDELANG_REGISTRY` says]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub registry: Option<OsString>,
    #[command(subcommand)]
    pub verb: PackageVerb,
}

#[derive(Debug, Subcommand)]
pub enum PackageVerb {
    /// Make a package of the current folder
    Init {
        /// Its name [default: that of the folder]
        name: Option<String>,
    },
    /// Install what the manifest asks for, in the versions of the lock file where there are such
    Install,
    /// Ask for a package and install it
    Add {
        name: String,
        /// Versions that will do [default: the highest and those compatible with it]
        range: Option<String>,
        /// For development only
        #[arg(long)]
        dev: bool,
    },
    /// Ask for a package no more
    Remove { name: String },
    /// Install the highest versions that fit
    Update {
        /// Packages to update [default: all]
        names: Vec<String>,
    },
    /// Show what is installed
    List,
    /// Find packages of the registry by name, description and keywords
    Search { text: String },
    /// Put the package into the registry
    Publish,
    /// Run a script of the manifest
    Run {
        script: String,
        /// What follows the command
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Remove what was installed
    Clean,
}

/// What is chosen about a program.
#[derive(Debug, Args)]
pub struct ProgramArgs {
    /// How much the code is optimised, from 0 to 3
    #[arg(short = 'O', value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=3))]
    optimise: u8,
    /// Contracts that are checked [default: full, of `build --release` pre]
    #[arg(long, value_enum)]
    contracts: Option<Contracts>,
    /// Grant a capability, as `io.read` or `io.read:FOLDER`
    #[arg(long, value_name = "NAME[:ARG]", value_parser = Capability::parse)]
    allow: Vec<Capability>,
    /// Take a capability away
    #[arg(long, value_name = "NAME[:ARG]", value_parser = Capability::parse)]
    deny: Vec<Capability>,
    /// Start without any capability
    #[arg(long)]
    sandbox: bool,
    /// Set a limit, as `max-channels=5000`
    #[arg(long, value_name = "NAME=NUMBER", value_parser = Limit::parse)]
    limit: Vec<Limit>,
}

impl ProgramArgs {
    pub fn options(self, release: bool) -> claude::Options {
        let usual = if release { Contracts::Pre } else { Contracts::Full };
        claude::Options {
            optimise: self.optimise,
            contracts: self.contracts.unwrap_or(usual).level(),
            capabilities: claude::Capabilities {
                sandbox: self.sandbox,
                allow: self.allow,
                deny: self.deny,
                limits: self.limit,
            },
            runs_tests: false,
        }
    }
}

#[derive(Debug, Default, Args)]
pub struct ReplArgs {
    /// How much the code is optimised, from 0 to 3
    #[arg(short = 'O', value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub optimise: u8,
    /// Contracts that are checked
    #[arg(long, value_enum, default_value_t = Contracts::Full)]
    pub contracts: Contracts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Contracts {
    Off,
    /// Only what callers must see to
    Pre,
    #[default]
    Full,
}

impl Contracts {
    pub fn level(self) -> claude::Contracts {
        match self {
            Contracts::Off => claude::Contracts::Off,
            Contracts::Pre => claude::Contracts::Pre,
            Contracts::Full => claude::Contracts::Full,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Jit {
    /// Interpret
    Off,
    /// Compile to an executable where that can be, else in memory
    On,
    /// Compile in memory
    Always,
}

impl Jit {
    pub fn engine(self) -> EngineChoice {
        match self {
            Jit::Off => EngineChoice::Vm,
            Jit::On => EngineChoice::Native,
            Jit::Always => EngineChoice::Jit,
        }
    }
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Program, or one that `build --target vm` compiled
    pub file: PathBuf,
    #[command(flatten)]
    pub program: ProgramArgs,
    /// How the program is executed [default: on; a compiled program is interpreted]
    #[arg(long, value_enum)]
    pub jit: Option<Jit>,
    /// Arguments of the program
    #[arg(last = true)]
    pub args: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A file that `run` interprets, on any machine with the same version of the tools
    Vm,
    /// A module of JavaScript
    Js,
    /// An executable
    Native,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    pub file: PathBuf,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[arg(long, value_enum, default_value_t = Target::Native)]
    pub target: Target,
    /// Where to write the result [default: the name of the file without its extension, of bytecode with `.clbc`]
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// Check of contracts only what callers must see to
    #[arg(long)]
    pub release: bool,
}
