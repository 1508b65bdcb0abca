//! Verbs and flags.

pub mod claude;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Compiles Python, GrokLang and ClaudeLang programs to small, fast, self-contained native programs.
#[derive(Debug, Parser)]
#[command(name = "molt", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags of every verb.
#[derive(Clone, Debug, Args)]
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
    /// The command that this was called as.
    #[arg(skip)]
    pub face: Face,
    /// All arguments, the verb among them, for a process that does the same.
    #[arg(skip)]
    pub line: Vec<OsString>,
}

/// A command that this program is, by the name that it was called by. The references of the languages fix what statuses
/// their commands end with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Face {
    #[default]
    Molt,
    Grok,
    Claude,
}

/// Which packages, and how they are made. For commands that work on the package around the current folder.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Packages")]
pub struct PackageArgs {
    /// Members of the workspace to work on
    #[arg(short, long = "package", value_name = "NAME")]
    pub packages: Vec<String>,
    /// Features to turn on, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub features: Vec<String>,
    /// Leave the feature `default` off
    #[arg(long)]
    pub no_default_features: bool,
    /// How much the code is optimised, from 0 to 3; 0 compiles fastest [default: as the profile says]
    #[arg(short = 'O', value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub optimise: Option<u8>,
    /// Let panics tell through which functions they went, as with `GROK_BACKTRACE=1`
    #[arg(long)]
    pub backtrace: bool,
    /// Fail if `grok.lock` would change
    #[arg(long)]
    pub locked: bool,
    /// Fetch nothing; nothing is ever fetched, so this changes nothing
    #[arg(long, hide = true)]
    pub offline: bool,
    /// Ask no language model; none is ever asked, so this changes nothing
    #[arg(long, hide = true)]
    pub no_ai: bool,
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
    /// Register code of the interpreter
    Bytecode,
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

impl PackageArgs {
    /// A flag that was given and says nothing about a file by itself.
    pub fn for_packages_only(&self) -> Option<&'static str> {
        let given = [
            (!self.packages.is_empty(), "--package"),
            (!self.features.is_empty(), "--features"),
            (self.no_default_features, "--no-default-features"),
            (self.locked, "--locked"),
        ];
        given.iter().find(|(given, _)| *given).map(|(_, flag)| *flag)
    }
}

/// Languages that packages are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Grok,
}

/// How `compile` makes or runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompileTarget {
    /// Check, and interpret with `--run`
    Vm,
    /// Check, and compile in memory with `--run`
    Jit,
    /// Make an executable, and run it with `--run`
    Native,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Program to build; without one, the package around the current folder
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
    /// Default: `release` for a file, `dev` for a package
    #[arg(long, value_enum)]
    pub profile: Option<Profile>,
    /// The same as `--profile release`
    #[arg(long, conflicts_with = "profile")]
    pub release: bool,
    /// Program of the package to build
    #[arg(long, value_name = "NAME")]
    pub bin: Option<String>,
    /// Keep symbol names
    #[arg(long)]
    pub symbols: bool,
    /// Which linker to use
    #[arg(long, value_enum, default_value_t = LinkerChoice::Auto)]
    pub linker: LinkerChoice,
    #[command(flatten)]
    pub package: PackageArgs,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Module to run, found below the current folder
    #[arg(short, value_name = "MOD", conflicts_with = "code")]
    pub module: Option<String>,
    /// Program text
    #[arg(short, value_name = "CODE")]
    pub code: Option<String>,
    #[arg(long, value_enum, default_value_t = EngineChoice::Native)]
    pub engine: EngineChoice,
    /// Run the package as its profile `release` says
    #[arg(long)]
    pub release: bool,
    /// Program of the package to run
    #[arg(long, value_name = "NAME")]
    pub bin: Option<String>,
    #[command(flatten)]
    pub package: PackageArgs,
    /// Program file (`-` for standard input) and its arguments; without one, the package around the current folder,
    /// whose arguments follow `--`
    #[arg(allow_hyphen_values = true, value_name = "FILE ARGS")]
    pub rest: Vec<String>,
    /// What follows a `--` that stands before any file
    #[arg(skip)]
    pub after_dashes: Vec<String>,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    /// Programs, `.grok` and `.cl` files with tests, or a part of the names of the package's tests to run
    pub files: Vec<PathBuf>,
    /// Compare output, exception and status with the reference
    #[arg(long)]
    pub diff: bool,
    /// Reference interpreter
    #[arg(long, default_value = "python3", value_name = "CMD")]
    pub reference: String,
    /// Stop at the first failure
    #[arg(short = 'x')]
    pub exit_first: bool,
    /// Seed of properties; printed by every run that has some
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Show what tests print as they run
    #[arg(long)]
    pub nocapture: bool,
    /// Also run tests that are marked `#[ignore]`
    #[arg(long)]
    pub include_ignored: bool,
    /// Tests that run at the same time [default: one a processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub jobs: Option<u16>,
    /// Only list the tests
    #[arg(long)]
    pub list: bool,
    /// Number of a program and its arguments: how a test of an engine without executables runs in a process of its own
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true)]
    pub child: Vec<String>,
    /// How long that test may take, in milliseconds
    #[arg(long, hide = true)]
    pub limit_ms: Option<u64>,
    #[arg(long, value_enum, default_value_t = EngineChoice::Native)]
    pub engine: EngineChoice,
    /// As the profile `release` says
    #[arg(long)]
    pub release: bool,
    #[command(flatten)]
    pub package: PackageArgs,
}

#[derive(Debug, Args)]
pub struct CompileArgs {
    /// GrokLang program
    pub file: PathBuf,
    /// Execute it
    #[arg(long)]
    pub run: bool,
    #[arg(long, value_enum, default_value_t = CompileTarget::Vm)]
    pub target: CompileTarget,
    /// Where to write the executable
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// Arguments of the program
    #[arg(last = true)]
    pub args: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make an executable
    Build(BuildArgs),
    /// Build (cached) and execute a program
    #[command(trailing_var_arg = true)]
    Run(RunArgs),
    /// Report what is wrong with programs; make nothing
    Check {
        /// Programs; without one, the package around the current folder
        files: Vec<PathBuf>,
        #[command(flatten)]
        package: PackageArgs,
    },
    /// Format GrokLang and ClaudeLang files in place
    Fmt {
        /// Change nothing; list the files that are not formatted and end with status 1 if there are any
        #[arg(long)]
        check: bool,
        /// Files and folders; without one, all of the package around the current folder
        files: Vec<PathBuf>,
        /// Members of the workspace to work on
        #[arg(short, long = "package", value_name = "NAME")]
        packages: Vec<String>,
    },
    /// Run the tests of a package or of GrokLang files, Python and ClaudeLang programs, or Python against the reference
    Test(TestArgs),
    /// Check a GrokLang program, and make or run it
    Compile(CompileArgs),
    /// Make a package in a folder of its own
    New {
        /// The folder, whose last part is the package's name
        folder: PathBuf,
        /// A library instead of a program
        #[arg(long)]
        lib: bool,
        #[arg(long, value_enum, default_value_t = Language::Grok)]
        lang: Language,
    },
    /// Make a package of the current folder
    Init {
        /// A library instead of a program
        #[arg(long)]
        lib: bool,
        #[arg(long, value_enum, default_value_t = Language::Grok)]
        lang: Language,
    },
    /// Add a dependency to the package's manifest
    Add {
        /// Name of the package
        name: String,
        /// Its folder
        #[arg(long)]
        path: PathBuf,
        /// For tests only
        #[arg(long)]
        dev: bool,
    },
    /// Remove a dependency from the package's manifest
    Remove {
        name: String,
        /// From those for tests
        #[arg(long)]
        dev: bool,
    },
    /// Show what the package depends on
    Tree {
        #[command(flatten)]
        package: PackageArgs,
    },
    /// Write pages from the documentation comments of a package or file
    Doc {
        /// File; without one, the package around the current folder
        file: Option<PathBuf>,
        /// Folder of the pages [default: `target/doc` in a package, else `doc`]
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// Document private items too
        #[arg(long)]
        private: bool,
        #[command(flatten)]
        package: PackageArgs,
    },
    /// Read, run and print ClaudeLang that is entered
    Repl(claude::ReplArgs),
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
    /// Remove what was built: a package's folder `target`, elsewhere the cache
    Clean {
        /// Remove the cache also in a package
        #[arg(long)]
        cache: bool,
    },
    /// Print the version
    Version,
    /// Write the image of GrokLang's library that belongs to this executable
    #[command(hide = true)]
    LibraryImage { file: PathBuf },
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
