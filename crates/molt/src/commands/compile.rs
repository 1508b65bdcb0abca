//! `grok FILE`, which is `molt compile FILE`.

use molt_driver::session::can_link;
use molt_driver::{DriverError, Entry};

use super::{execute, finish, session};
use crate::args::{Common, CompileArgs, CompileTarget};
use crate::report;

/// Checks a program; writes an executable for the target `native`; runs it if that is wanted.
pub fn compile(common: &Common, args: &CompileArgs) -> u8 {
    done(common, args).unwrap_or_else(|status| status)
}

fn done(common: &Common, args: &CompileArgs) -> Result<u8, u8> {
    if !molt_driver::grok::is_grok(&args.file) {
        eprintln!("error: `compile` takes a `.grok` file\nhelp: `build` and `run` take Python programs too");
        return Err(2);
    }
    if args.output.is_some() && args.target != CompileTarget::Native {
        eprintln!("error: only the target `native` writes a file\nhelp: add `--target native`");
        return Err(2);
    }
    if args.target == CompileTarget::Native && !can_link() {
        let error = std::io::Error::new(std::io::ErrorKind::NotFound, "no linker or no runtime archive: see `doctor`");
        return Err(report::error(&DriverError::Read { path: args.file.clone(), error }, common));
    }
    let entry = Entry::File(args.file.clone());
    let argv: Vec<String> = std::iter::once(args.file.display().to_string()).chain(args.args.iter().cloned()).collect();
    let mut s = session(common, false);
    let status = match (args.target, args.run) {
        (CompileTarget::Native, run) => {
            let name = args.file.file_stem().unwrap_or_default();
            let output = args.output.clone().unwrap_or_else(|| name.into());
            let built = s.build(&entry, &output, true);
            finish(&s, common, built)?;
            let path = std::path::absolute(&output).unwrap_or(output);
            return Ok(if run { execute(&path, &argv, common) } else { 0 });
        }
        (CompileTarget::Vm | CompileTarget::Jit, false) => s.compile(&entry, false).map(|_| 0),
        (CompileTarget::Vm, true) => s.run_interpreted(&entry, &argv),
        (CompileTarget::Jit, true) => s.run_in_memory(&entry, &argv),
    };
    finish(&s, common, status).map(|status| status as u8)
}
