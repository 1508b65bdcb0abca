//! The `molt` command line: parsing, output and exit statuses; the work is done by `molt_driver`.
//!
//! Called by a name of GrokLang's or ClaudeLang's tools (`grok`, `grok-fmt`, `claudelang`, ..) it is that tool; see
//! `names.rs`.

mod args;
mod commands;
mod names;
mod report;

use std::process::ExitCode;

use names::Called;

#[global_allocator]
static ALLOCATOR: molt_alloc::Allocator = molt_alloc::Allocator;

fn main() -> ExitCode {
    match names::parse(std::env::args_os().collect()) {
        Ok(Called::Molt(cli)) => ExitCode::from(commands::dispatch(cli)),
        Ok(Called::Claude(cli)) => ExitCode::from(commands::claude::dispatch(cli)),
        Err(e) => {
            // Help and version go to standard output with status 0; wrong usage is status 2.
            let status = if e.use_stderr() { 2 } else { 0 };
            // A closed pipe on the other side is no reason to fail.
            let _ = e.print();
            ExitCode::from(status)
        }
    }
}
