//! Shows what becomes of a file of machine-level IR: `optimise FILE [ir|asm|clif] [PASS…]`. `FILE` may be `seed:7`, a
//! random program of the tests. With passes, only those run, in the order given; else the whole pipeline.

use molt_cranelift::{CodeOptions, Form, text};
use molt_filetest::random;
use molt_ir::{Program, parse, print};
use molt_opt::pipeline::{self, Options};

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let path = args.first().ok_or("usage: optimise FILE [ir|asm|clif] [PASS…]")?;
    let source = match path.strip_prefix("seed:") {
        Some(seed) => random::program(&mut random::Seeded(seed.parse().map_err(|_| "a seed is a number")?)).0,
        None => std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?,
    };
    let mut program = parse::program(&source)?;
    optimise(&mut program, args.get(2..).unwrap_or_default())?;
    let options = CodeOptions { verify: true, optimise: true };
    let code = |form| text(&program, form, options).map_err(|e| e.to_string());
    match args.get(1).map_or("ir", String::as_str) {
        "asm" => println!("{}", code(Form::Asm)?),
        "clif" => println!("{}", code(Form::Clif)?),
        _ => println!("{}", print::program(&program)),
    }
    Ok(())
}

fn optimise(program: &mut Program, passes: &[String]) -> Result<(), String> {
    if passes.is_empty() {
        let report = pipeline::run(program, &Options { verify: true, ..Options::default() })?;
        report.times.iter().for_each(|(name, time)| eprintln!("{name:12} {time:?}"));
        return Ok(());
    }
    for name in passes {
        let pass = pipeline::find(name).ok_or_else(|| format!("no pass `{name}`"))?;
        (pass.run)(program);
    }
    Ok(())
}
