//! Verbs and flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Compiles Python programs to small, fast, self-contained native programs.
#[derive(Debug, Parser)]
#[command(name = "molt", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags of every verb.
#[derive(Debug, Args)]
pub struct Common {
    /// Diagnostics as JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Print the IR after this pass to standard error
    #[arg(long, global = true, value_name = "PASS")]
    pub print_after: Option<String>,
    /// Stop after this pass
    #[arg(long, global = true, value_name = "PASS")]
    pub stop_after: Option<String>,
    /// Print how long each stage took
    #[arg(long, global = true)]
    pub time_passes: bool,
    /// Verify the IR between passes
    #[arg(long, global = true)]
    pub verify: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// Build an executable into the cache and run it
    Native,
    /// Compile in memory
    Jit,
    /// Interpret
    Vm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EmitChoice {
    /// Executable
    Exe,
    /// IR as the front end makes it
    Ir,
    /// IR before lowering
    Typed,
    /// Machine-level IR
    Lir,
    /// Cranelift's input
    Clif,
    /// Machine code as a listing
    Asm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Compile fast, verify the IR
    Dev,
    /// Optimise
    Release,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LinkerChoice {
    /// The built-in one where it knows the system, else the system's
    Auto,
    /// The built-in one: Linux with the GNU C library
    BuiltIn,
    /// The one behind `cc`, `gcc` or `clang`
    System,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Program to build
    pub file: Option<PathBuf>,
    /// Module to build, found below the current folder
    #[arg(short, value_name = "MOD", conflicts_with = "file")]
    pub module: Option<String>,
    /// Where to write the result
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// What to make
    #[arg(long, value_enum, default_value_t = EmitChoice::Exe)]
    pub emit: EmitChoice,
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    pub profile: Profile,
    /// Keep symbol names
    #[arg(long)]
    pub symbols: bool,
    /// Which linker to use
    #[arg(long, value_enum, default_value_t = LinkerChoice::Auto)]
    pub linker: LinkerChoice,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make an executable
    Build(BuildArgs),
    /// Build (cached) and execute a program
    #[command(trailing_var_arg = true)]
    Run {
        /// Module to run, found below the current folder
        #[arg(short, value_name = "MOD", conflicts_with = "code")]
        module: Option<String>,
        /// Program text
        #[arg(short, value_name = "CODE")]
        code: Option<String>,
        #[arg(long, value_enum, default_value_t = EngineChoice::Native)]
        engine: EngineChoice,
        /// Program file (`-` for standard input) and its arguments
        #[arg(allow_hyphen_values = true, value_name = "FILE ARGS")]
        rest: Vec<String>,
    },
    /// Report what is wrong with programs; make nothing
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Format GrokLang files in place
    Fmt {
        /// Change nothing; list the files that are not formatted and end with status 1 if there are any
        #[arg(long)]
        check: bool,
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Run programs and compare them with the reference interpreter
    Test {
        files: Vec<PathBuf>,
        /// Compare output, exception and status with the reference
        #[arg(long)]
        diff: bool,
        /// Reference interpreter
        #[arg(long, default_value = "python3", value_name = "CMD")]
        reference: String,
        /// Stop at the first failure
        #[arg(short = 'x')]
        exit_first: bool,
    },
    /// Measure a program against a Python, as ratios
    Bench(BenchArgs),
    /// Explain a diagnostic code
    Explain { code: String },
    /// Check the surroundings
    Doctor,
    /// Show where the bytes of an executable go
    Size {
        artefact: PathBuf,
        /// How many rows of each table
        #[arg(long, default_value_t = 20)]
        top: usize,
    },
    /// Remove the cache
    Clean,
    /// Print the version
    Version,
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
}

/// What `molt bench` measures. Options stand before the file; what follows it are the program's arguments.
#[derive(Debug, Args)]
#[command(trailing_var_arg = true)]
pub struct BenchArgs {
    /// Samples of each contestant
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// Python to compare with; `none` compares engines only [default: the first of python3.14, python3.13, python3]
    #[arg(long, value_name = "PYTHON")]
    pub against: Option<String>,
    /// Engines to measure, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [EngineChoice::Native, EngineChoice::Vm])]
    pub engine: Vec<EngineChoice>,
    /// Write a page with plots
    #[arg(long, value_name = "PAGE")]
    pub html: Option<PathBuf>,
    /// Program to measure
    pub file: PathBuf,
    /// Its arguments
    #[arg(allow_hyphen_values = true)]
    pub args: Vec<String>,
}
