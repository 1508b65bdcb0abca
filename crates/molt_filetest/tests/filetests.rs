//! Filetests of the IR: every `tests/ir/*.mir`. Comment lines at the head say what to do:
//!
//! - `; test verify STAGE`: well formed at the stage (`semantic`, `typed`, `machine`);
//! - `; test refuse STAGE: TEXT`: refused, and the reason contains the text;
//! - `; test after PASS`: the text after the pass is the file beside it with `.after`; with `MOLT_BLESS=1` it is written;
//! - `; test optimize PASS`: likewise for one pass alone; `all` stands for the whole pipeline;
//! - `; run: @0(1, 2) == 3`: machine-level function, same result on every engine, before and after the pipeline.

use std::path::{Path, PathBuf};

use molt_filetest::engines::{on_cranelift, on_vm};
use molt_filetest::random;
use molt_ir::verify::{Stage, verify_calls, verify_function};
use molt_ir::{FuncId, Function, Program, parse, print};
use molt_opt::pipeline;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ir")
}

#[test]
fn all_files_hold() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("tests/ir is there")
        .map(|e| e.expect("the folder is readable").path())
        .filter(|p| p.extension().is_some_and(|e| e == "mir"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are filetests");
    let failures: Vec<String> =
        files.iter().filter_map(|f| one(f).err().map(|e| format!("{}: {e}", f.display()))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn one(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let program = parse::program(&text)?;
    round_trip(&program)?;
    let commands = text.lines().filter_map(|l| l.strip_prefix("; ")).filter_map(|line| {
        let test = line.strip_prefix("test ").map(|command| check(path, &program, command));
        test.or_else(|| line.strip_prefix("run: ").map(|call| run(&program, call)))
    });
    let results: Vec<Result<(), String>> = commands.collect();
    if results.is_empty() {
        return Err("the file asks for nothing".into());
    }
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn round_trip(program: &Program) -> Result<(), String> {
    let once = print::program(program);
    let twice = print::program(&parse::program(&once)?);
    if once == twice { Ok(()) } else { Err("printing and parsing are not inverse".into()) }
}

fn stage(name: &str) -> Result<Stage, String> {
    match name {
        "semantic" => Ok(Stage::Semantic),
        "typed" => Ok(Stage::Typed),
        "machine" => Ok(Stage::Machine),
        _ => Err(format!("unknown stage `{name}`")),
    }
}

fn well_formed(program: &Program, f: &Function, stage: Stage) -> Result<(), String> {
    verify_function(f, stage).and_then(|()| verify_calls(program, f))
}

fn check(path: &Path, program: &Program, command: &str) -> Result<(), String> {
    let verify_all = |s: Stage| {
        program.funcs.iter().try_for_each(|(id, f)| well_formed(program, f, s).map_err(|e| format!("{id}: {e}")))
    };
    match command.split_once(' ') {
        Some(("verify", name)) => verify_all(stage(name)?),
        Some(("refuse", rest)) => {
            let (name, wanted) = rest.split_once(": ").ok_or("`refuse STAGE: TEXT`")?;
            match verify_all(stage(name)?) {
                Ok(()) => Err("was not refused".into()),
                Err(e) if e.contains(wanted) => Ok(()),
                Err(e) => Err(format!("refused for another reason: {e}")),
            }
        }
        Some(("after", pass)) => after(path, program, pass),
        Some(("optimize", pass)) => optimize(path, program, pass),
        _ => Err(format!("unknown command `{command}`")),
    }
}

fn after(path: &Path, program: &Program, pass: &str) -> Result<(), String> {
    let mut p = program.clone();
    let options = pipeline::Options { verify: true, print_after: Some(pass.into()), stop_after: Some(pass.into()) };
    let text = pipeline::run(&mut p, &options)?.printed.ok_or_else(|| format!("no pass `{pass}`"))?;
    compare(path, pass, &text)
}

fn optimize(path: &Path, program: &Program, name: &str) -> Result<(), String> {
    let mut p = program.clone();
    if name == "all" {
        pipeline::run(&mut p, &pipeline::Options { verify: true, ..pipeline::Options::default() })?;
    } else {
        let pass = pipeline::find(name).ok_or_else(|| format!("no pass `{name}`"))?;
        (pass.run)(&mut p);
        p.funcs.iter().try_for_each(|(id, f)| well_formed(&p, f, Stage::Machine).map_err(|e| format!("{id}: {e}")))?;
    }
    let text: Vec<String> = p.funcs.iter().map(|(id, f)| print::function(&p, id, f)).collect();
    compare(path, name, &text.join("\n"))
}

fn compare(path: &Path, pass: &str, text: &str) -> Result<(), String> {
    let recorded = path.with_extension("after");
    if std::env::var_os("MOLT_BLESS").is_some() {
        return std::fs::write(&recorded, text).map_err(|e| e.to_string());
    }
    let expected = std::fs::read_to_string(&recorded).map_err(|e| format!("{}: {e}", recorded.display()))?;
    if text == expected { Ok(()) } else { Err(format!("after {pass}:\n{text}\n--- recorded\n{expected}")) }
}

fn run(program: &Program, call: &str) -> Result<(), String> {
    let bad = || format!("`{call}` is no `@0(1, 2) == 3`");
    let (left, expected) = call.split_once(" == ").ok_or_else(bad)?;
    let (name, args) = left.trim_end_matches(')').split_once('(').ok_or_else(bad)?;
    let id = FuncId(name.trim_start_matches('@').parse().map_err(|_| bad())?);
    let args: Result<Vec<i64>, _> = args.split(", ").filter(|a| !a.is_empty()).map(str::parse).collect();
    let args = args.map_err(|_| bad())?;
    let expected: i64 = expected.trim().parse().map_err(|_| bad())?;
    let optimised = optimised(program)?;
    let calls: &[&[i64]] = &[&args];
    let runs = [
        ("vm", on_vm(program, id, calls)),
        ("cranelift", on_cranelift(program, id, calls)?),
        ("vm, optimised,", on_vm(&optimised, id, calls)),
        ("cranelift, optimised,", on_cranelift(&optimised, id, calls)?),
    ];
    let wrong: Vec<String> = runs
        .iter()
        .filter(|(_, got)| got[0][0] != expected)
        .map(|(e, got)| format!("{call}: {e} gives {}", got[0][0]))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The program after the whole pipeline.
fn optimised(program: &Program) -> Result<Program, String> {
    let mut p = program.clone();
    pipeline::run(&mut p, &pipeline::Options { verify: true, ..pipeline::Options::default() })?;
    Ok(p)
}

/// The program with the blocks of all functions copied by what is known of words.
fn in_versions(program: &Program) -> Result<Program, String> {
    let mut p = program.clone();
    p.funcs.iter_mut().for_each(|f| f.words = true);
    molt_opt::versions::run(&mut p);
    p.funcs.iter().try_for_each(|(id, f)| well_formed(&p, f, Stage::Machine).map_err(|e| format!("{id}: {e}")))?;
    Ok(p)
}

/// Seeds of the random programs: `MOLT_SEEDS=from..to`, or a few.
fn seeds() -> std::ops::Range<u64> {
    let text = std::env::var("MOLT_SEEDS").unwrap_or_else(|_| "0..1500".into());
    let (from, to) = text.split_once("..").expect("MOLT_SEEDS is `from..to`");
    from.parse().expect("a number")..to.parse().expect("a number")
}

/// Every engine gives the same results for a random program as written, as optimised and in versions.
#[test]
fn engines_agree_on_random_programs() {
    for seed in seeds() {
        let (text, last) = random::program(&mut random::Seeded(seed));
        let program = parse::program(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        let optimised = optimised(&program).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let calls: &[&[i64]] = &[&[0, 0], &[1, -1], &[i64::MAX, 3], &[-77, i64::MIN]];
        let native = |p: &Program| on_cranelift(p, FuncId(last), calls).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let as_written = on_vm(&program, FuncId(last), calls);
        // Compiling takes most of the time; some programs do for it, and all for the optimiser.
        if seed % 10 == 0 {
            assert_eq!(as_written, native(&program), "cranelift: seed {seed}\n{text}");
        }
        let vm = on_vm(&optimised, FuncId(last), calls);
        assert_eq!(as_written, vm, "optimised: seed {seed}\n{text}");
        for (what, p) in [("as written", &program), ("optimised", &optimised)] {
            let versions = in_versions(p).unwrap_or_else(|e| panic!("{what}, in versions: seed {seed}: {e}\n{text}"));
            assert_eq!(as_written, on_vm(&versions, FuncId(last), calls), "{what}, in versions: seed {seed}\n{text}");
        }
        if seed % 5 == 0 {
            assert_eq!(vm, native(&optimised), "cranelift, optimised: seed {seed}\n{text}");
        }
    }
}
