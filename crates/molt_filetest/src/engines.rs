//! Calls of machine-level functions that need no runtime.

use molt_abi::{Context, Ret, RtFn};
use molt_ir::{FuncId, Program};

/// No runtime: the functions of these tests import nothing.
pub struct NoImports;

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

/// A context of no runtime: the interpreter keeps its registers by it, and nothing else is looked at.
pub fn blank_context() -> Box<Context> {
    // SAFETY: all fields of a context are integers and pointers, for which zero is a value.
    Box::new(unsafe { std::mem::zeroed() })
}

/// Both results of each call of a function of integers in the interpreter.
pub fn on_vm(program: &Program, id: FuncId, calls: &[&[i64]]) -> Vec<[i64; 2]> {
    let vm = molt_vm::Vm::new(program, &NoImports).expect("it is a small program");
    let mut ctx = blank_context();
    let mut call = |args: &&[i64]| {
        let words: Vec<u64> = args.iter().map(|&a| a as u64).collect();
        // SAFETY: the functions of these tests take integers and call no runtime; the context lives through all calls.
        let r = unsafe { vm.call(&raw mut *ctx, id, &words) };
        [r.value.0 as i64, r.error as i64]
    };
    calls.iter().map(&mut call).collect()
}

/// Both results of each call of a function of one or two integers as native code.
pub fn on_cranelift(program: &Program, id: FuncId, calls: &[&[i64]]) -> Result<Vec<[i64; 2]>, String> {
    let options = molt_cranelift::CodeOptions { verify: true, optimise: true };
    let jit = molt_cranelift::Jit::new(program, &NoImports, options).map_err(|e| e.to_string())?;
    let code = jit.function(id);
    let mut blank = blank_context();
    let ctx: *mut Context = &raw mut *blank;
    type F1 = unsafe extern "C" fn(*mut Context, i64) -> Ret;
    type F2 = unsafe extern "C" fn(*mut Context, i64, i64) -> Ret;
    let call = |args: &&[i64]| {
        // SAFETY: the function was compiled with as many integer parameters as the test passes, returns two words and
        // touches nothing of the context but the limit of the stack, which is none.
        let r = unsafe {
            match **args {
                [a] => std::mem::transmute::<*const u8, F1>(code)(ctx, a),
                [a, b] => std::mem::transmute::<*const u8, F2>(code)(ctx, a, b),
                _ => return Err("tests run functions of one or two parameters".into()),
            }
        };
        Ok([r.value.0 as i64, r.error as i64])
    };
    calls.iter().map(call).collect()
}
