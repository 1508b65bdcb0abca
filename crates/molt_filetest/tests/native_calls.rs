//! Native code calls functions of a program through addresses in its data, on both engines.

use molt_filetest::engines::{NoImports, blank_context};
use molt_ir::{DataId, Program, parse};

const PROGRAM: &str = r#"s0 = "f"
m0 = s0 s0 none
d0 = "root" 8 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" 0:@0 8:@1
fn @0 "ten arguments" internal m0 -> f64 {
b0(v0: i64, v1: f64, v2: i64, v3: f64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: f64):
    v10: i64 = imul v6, v7
    v11: i64 = isub v10, v8
    v12: i64 = isub v11, v5
    v13: f64 = i2f v12
    v14: f64 = fmul v13, v9
    v15: f64 = fsub v14, v3
    ret.many v15
}
fn @1 "swap" internal m0 -> i64 i64 {
b0(v0: i64, v1: i64):
    v2: i64 = func.addr @1
    v3: i64 = iconst 0
    v4: i1 = icmp v0, v3 eq
    brif v4 -> b1(), b2()
b1():
    ret.many v1, v0
b2():
    v5: i64 = iconst 1
    v6: i64 = isub v0, v5
    v7: i64, v8: i64 = call.indirect v2, v6, v1
    ret.many v7, v0
}
"#;

fn program() -> Program {
    let mut p = parse::program(PROGRAM).expect("the program parses");
    p.root = Some(DataId(0));
    p
}

#[repr(C)]
struct Pair(i64, i64);

type Ten = unsafe extern "C" fn(*mut (), i64, f64, i64, f64, i64, i64, i64, i64, i64, f64) -> f64;
type Swap = unsafe extern "C" fn(*mut (), i64, i64) -> Pair;

/// Calls both functions through the table at `root`.
fn call_both(root: *const u8) {
    // SAFETY: the root is the data item above, which holds the addresses of functions of these types; they touch
    // no memory, and of the context what the interpreter keeps there.
    unsafe {
        let ten: Ten = *root.cast::<Ten>();
        let swap: Swap = *root.add(8).cast::<Swap>();
        let mut ctx = blank_context();
        let ctx = (&raw mut *ctx).cast();
        assert_eq!(ten(ctx, 1, 2.0, 3, 4.0, 5, 6, 7, 8, 9, 10.0), 406.0);
        let Pair(a, b) = swap(ctx, 3, 77);
        assert_eq!((a, b), (77, 3));
    }
}

#[test]
fn interpreted_functions_have_addresses() {
    let vm = molt_vm::Vm::new(&program(), &NoImports).expect("it is a small program");
    call_both(vm.root());
}

#[test]
fn compiled_functions_have_addresses() {
    let program = program();
    let options = molt_cranelift::CodeOptions { verify: true, optimise: true };
    let jit = molt_cranelift::Jit::new(&program, &NoImports, options).expect("the program compiles");
    call_both(jit.root());
}
