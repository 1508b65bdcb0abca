//! The `molt` command line: parsing, output and exit statuses; the work is done by `molt_driver`.

mod args;
mod commands;
mod report;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to standard output with status 0; wrong usage is status 2.
            let status = if e.use_stderr() { 2 } else { 0 };
            // A closed pipe on the other side is no reason to fail.
            let _ = e.print();
            return ExitCode::from(status);
        }
    };
    ExitCode::from(commands::dispatch(cli))
}
