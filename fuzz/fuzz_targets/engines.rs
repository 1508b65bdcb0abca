//! Random machine-level programs: verified, the same after printing and parsing, and the same results on every engine,
//! before and after the passes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use molt_filetest::engines::{on_cranelift, on_vm};
use molt_filetest::random::{self, Bytes, Choices};
use molt_ir::verify::{Stage, verify_function};
use molt_ir::{FuncId, parse, print};
use molt_opt::pipeline;

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Bytes(bytes);
    let args = [choices.word(), choices.word()];
    let (text, last) = random::program(&mut choices);
    let program = parse::program(&text).expect("random programs are well formed");
    for (_, f) in program.funcs.iter() {
        verify_function(f, Stage::Machine).expect("random programs verify");
    }
    assert_eq!(print::program(&program), print::program(&parse::program(&print::program(&program)).expect("printed")));
    let mut optimised = program.clone();
    let options = pipeline::Options { verify: true, ..pipeline::Options::default() };
    pipeline::run(&mut optimised, &options).expect("passes keep programs well formed");
    let native = on_cranelift(&program, FuncId(last), &[&args]).expect("random programs are compiled");
    assert_eq!(on_vm(&program, FuncId(last), &[&args]), native, "arguments {args:?}\n{text}");
    assert_eq!(on_vm(&optimised, FuncId(last), &[&args]), native, "optimised, arguments {args:?}\n{text}");
});
