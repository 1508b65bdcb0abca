//! Filetests of the IR: every `tests/ir/*.mir`. Comment lines at the head say what to do:
//!
//! - `; test verify STAGE`: well formed at the stage (`semantic`, `typed`, `machine`);
//! - `; test refuse STAGE: TEXT`: refused, and the reason contains the text;
//! - `; test after PASS`: the text after the pass is the file beside it with `.after`; with `MOLT_BLESS=1` it is written;
//! - `; run: @0(1, 2) == 3`: machine-level function, same result on every engine.

use std::path::{Path, PathBuf};

use molt_abi::{Context, Ret, RtFn};
use molt_ir::verify::{Stage, verify_function};
use molt_ir::{FuncId, Program, parse, print};
use molt_opt::pipeline;

struct NoImports;

impl molt_vm::Imports for NoImports {
    fn runtime(&self, _: RtFn) -> *const u8 {
        std::ptr::null()
    }
    fn native_module(&self, _: u32) -> *const u8 {
        std::ptr::null()
    }
}

impl molt_cranelift::Imports for NoImports {
    fn runtime(&self, _: RtFn) -> *const u8 {
        // Never called by these tests; Cranelift wants an address all the same.
        std::ptr::dangling()
    }
    fn native_module(&self, _: u32) -> *const u8 {
        std::ptr::dangling()
    }
}

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
    let mut commands = 0;
    for line in text.lines().filter_map(|l| l.strip_prefix("; ")) {
        if let Some(command) = line.strip_prefix("test ") {
            check(path, &program, command)?;
            commands += 1;
        } else if let Some(call) = line.strip_prefix("run: ") {
            run(&program, call)?;
            commands += 1;
        }
    }
    if commands == 0 { Err("the file asks for nothing".into()) } else { Ok(()) }
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

fn check(path: &Path, program: &Program, command: &str) -> Result<(), String> {
    let verify_all =
        |s: Stage| program.funcs.iter().try_for_each(|(id, f)| verify_function(f, s).map_err(|e| format!("{id}: {e}")));
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
        _ => Err(format!("unknown command `{command}`")),
    }
}

fn after(path: &Path, program: &Program, pass: &str) -> Result<(), String> {
    let mut p = program.clone();
    let options = pipeline::Options { verify: true, print_after: Some(pass.into()), stop_after: Some(pass.into()) };
    let text = pipeline::run(&mut p, &options)?.printed.ok_or_else(|| format!("no pass `{pass}`"))?;
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
    for (engine, got) in [("vm", on_vm(program, id, &args)), ("cranelift", on_cranelift(program, id, &args)?)] {
        if got != expected {
            return Err(format!("{call}: {engine} gives {got}"));
        }
    }
    Ok(())
}

fn on_vm(program: &Program, id: FuncId, args: &[i64]) -> i64 {
    let vm = molt_vm::Vm::new(program, &NoImports);
    let words: Vec<u64> = args.iter().map(|&a| a as u64).collect();
    // SAFETY: the functions of these tests take integers and call no runtime, so that no context is looked into.
    unsafe { vm.call(std::ptr::null_mut(), id, &words).value.0 as i64 }
}

fn on_cranelift(program: &Program, id: FuncId, args: &[i64]) -> Result<i64, String> {
    let options = molt_cranelift::CodeOptions { verify: true, optimise: true };
    let jit = molt_cranelift::Jit::new(program, &NoImports, options).map_err(|e| e.to_string())?;
    let code = jit.function(id);
    let ctx: *mut Context = std::ptr::null_mut();
    type F1 = unsafe extern "C" fn(*mut Context, i64) -> Ret;
    type F2 = unsafe extern "C" fn(*mut Context, i64, i64) -> Ret;
    // SAFETY: the function was compiled with as many integer parameters as the test passes, returns two words and
    // touches no context.
    let r = unsafe {
        match *args {
            [a] => std::mem::transmute::<*const u8, F1>(code)(ctx, a),
            [a, b] => std::mem::transmute::<*const u8, F2>(code)(ctx, a, b),
            _ => return Err("tests run functions of one or two parameters".into()),
        }
    };
    Ok(r.value.0 as i64)
}

/// Small deterministic generator, so that a failure names the seed that repeats it.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Text of a random machine-level function with a loop, branches and arithmetic.
fn random_function(seed: u64) -> String {
    let mut r = Random(seed);
    let mut body = String::from("b0(v0: i64, v1: i64):\n    v2: i64 = iconst 0\n    jump -> b1(v2, v0, v1)\n");
    body.push_str("b1(v3: i64, v4: i64, v5: i64):\n");
    let mut values = vec![3, 4, 5];
    let mut next = 6;
    let ops = ["iadd", "isub", "imul", "iand", "ior", "ixor", "ishl", "ushr", "sshr", "rotl"];
    let pick = |r: &mut Random, v: &[u32]| v[r.below(v.len() as u64) as usize];
    for _ in 0..4 + r.below(12) {
        if r.below(4) == 0 {
            let c = r.below(1 << 31) as i64 - (1 << 30);
            body.push_str(&format!("    v{next}: i64 = iconst {c}\n"));
        } else {
            let (op, a, b) = (ops[r.below(10) as usize], pick(&mut r, &values), pick(&mut r, &values));
            body.push_str(&format!("    v{next}: i64 = {op} v{a}, v{b}\n"));
        }
        values.push(next);
        next += 1;
    }
    let conds = ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"];
    let (c, x, y) = (conds[r.below(10) as usize], pick(&mut r, &values), pick(&mut r, &values));
    let (p, q, n) = (pick(&mut r, &values), pick(&mut r, &values), next);
    body.push_str(&format!(
        "    v{n}: i1 = icmp v{x}, v{y} {c}\n    brif v{n} -> b2(v{p}, v{q}), b2(v{q}, v4)\n\
         b2(v{a}: i64, v{b}: i64):\n    v{one}: i64 = iconst 1\n    v{i}: i64 = iadd v3, v{one}\n    \
         v{limit}: i64 = iconst 17\n    v{more}: i1 = icmp v{i}, v{limit} slt\n    \
         brif v{more} -> b1(v{i}, v{a}, v{b}), b3()\nb3():\n    v{sum}: i64 = ixor v{a}, v{b}\n    \
         ret.many v{sum}, v{i}\n",
        a = n + 1,
        b = n + 2,
        one = n + 3,
        i = n + 4,
        limit = n + 5,
        more = n + 6,
        sum = n + 7,
    ));
    format!("s0 = \"f\"\nm0 = s0 s0 none\nfn @0 \"f\" internal m0 -> i64 i64 {{\n{body}}}\n")
}

#[test]
fn engines_agree_on_random_functions() {
    for seed in 0..300 {
        let text = random_function(seed);
        let program = parse::program(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        verify_function(&program.funcs[FuncId(0)], Stage::Machine).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        for args in [[0, 0], [1, -1], [i64::MAX, 3], [-77, i64::MIN]] {
            let vm = on_vm(&program, FuncId(0), &args);
            let native = on_cranelift(&program, FuncId(0), &args).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            assert_eq!(vm, native, "seed {seed}, arguments {args:?}\n{text}");
        }
    }
}
