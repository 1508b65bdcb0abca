//! Compiling on first call.
//!
//! Every function has a trampoline, a few instructions that jump to the address in the function's slot. At first that
//! is the rest of the trampoline, which names the function to [`resolve`]; that has its code made, stores the address
//! in the slot and goes on there with all arguments as they were. Code that is made later calls what already exists
//! directly; addresses that a program keeps are those of trampolines.
//!
//! ```text
//! caller → trampoline → slot → code
//!                         ↘ (first call) rest of the trampoline → resolve → compile → code
//! ```
//!
//! Trampolines and `resolve` are the only machine code here that Cranelift does not make, because they must keep
//! registers that a signature does not mention.

use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use cranelift_jit::JITModule;
use cranelift_module::Module;
use molt_base::EntityId;
use molt_ir::{FuncId, Program};

use crate::EngineError;
use crate::emit::Emitter;

/// A program whose functions are compiled when they are first called.
pub struct Lazy<'a> {
    emitter: Mutex<Emitter<'a, JITModule>>,
    slots: Box<[AtomicPtr<u8>]>,
}

impl<'a> Lazy<'a> {
    /// Makes the trampolines and the data of a program.
    pub fn new(emitter: Emitter<'a, JITModule>) -> Result<Box<Lazy<'a>>, EngineError> {
        let program: &Program = emitter.program;
        let slots = program.funcs.ids().map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
        let lazy = Box::new(Lazy { emitter: Mutex::new(emitter), slots });
        let state: *const Lazy<'a> = &raw const *lazy;
        let mut emitter = lazy.lock();
        for id in program.funcs.ids() {
            let slot = &raw const lazy.slots[id.index()];
            let code = trampoline(slot.addr() as u64, id.0, state.addr() as u64, resolve as *const () as u64);
            let cl = emitter.funcs[id.index()];
            emitter.module.define_function_bytes(cl, TRAMPOLINE_ALIGN, &code, &[]).map_err(Box::new)?;
        }
        emitter.define_all_data()?;
        emitter.module.finalize_definitions().map_err(Box::new)?;
        for id in program.funcs.ids() {
            let entry = emitter.module.get_finalized_function(emitter.funcs[id.index()]);
            let first = entry.wrapping_add(FIRST_CALL).cast_mut();
            // Relaxed: no compiled code runs yet.
            lazy.slots[id.index()].store(first, Ordering::Relaxed);
        }
        drop(emitter);
        // The state and its slots lie in boxes, so the addresses in the trampolines stay true when it moves.
        Ok(lazy)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Emitter<'a, JITModule>> {
        self.emitter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Address that stands for a function: its trampoline.
    pub fn function(&self, id: FuncId) -> *const u8 {
        let emitter = self.lock();
        emitter.module.get_finalized_function(emitter.funcs[id.index()])
    }

    /// Address of the program's root descriptor; null if it has none.
    pub fn root(&self) -> *const u8 {
        let mut emitter = self.lock();
        emitter.root_id().map_or(std::ptr::null(), |d| emitter.module.get_finalized_data(d).0)
    }

    /// Code of a function, made if it does not exist yet.
    fn compile(&self, id: FuncId) -> Result<*const u8, EngineError> {
        let mut emitter = self.lock();
        let code = match emitter.body(id) {
            // Another thread was faster.
            Some(body) => emitter.module.get_finalized_function(body),
            None => emitter.compile_body(id)?,
        };
        // Release: whoever jumps there finds the code.
        self.slots[id.index()].store(code.cast_mut(), Ordering::Release);
        Ok(code)
    }
}

/// What [`resolve`] calls. A compiler needs more stack than a program that recurses deeply has left, hence the thread.
extern "C" fn compile(state: *const Lazy<'static>, index: u64) -> *const u8 {
    // SAFETY: the trampolines hold the address of their state, which lives as long as they.
    let lazy = unsafe { &*state };
    let work = || lazy.compile(FuncId(index as u32)).map(<*const u8>::addr);
    let result = std::thread::scope(|scope| scope.spawn(work).join());
    match result {
        Ok(Ok(address)) => std::ptr::with_exposed_provenance(address),
        failed => {
            // The program is in the middle of a call, which can neither go on nor fail.
            let text = failed.map_or_else(
                |_| "code generation panicked".into(),
                |r| r.map_or_else(|e| e.to_string(), |_| String::new()),
            );
            eprintln!("error: internal compiler error: {text}");
            std::process::exit(crate::DEFECT_STATUS)
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod machine {
    /// Offset of what runs on the first call.
    pub const FIRST_CALL: usize = 16;
    pub const TRAMPOLINE_ALIGN: u64 = 16;

    /// `mov r11, slot; jmp [r11]`, then `mov eax, index; mov r10, state; mov r11, resolve; jmp r11`. The three registers
    /// carry no argument of the System V convention.
    pub fn trampoline(slot: u64, index: u32, state: u64, resolve: u64) -> Vec<u8> {
        let mut code = vec![0x49, 0xbb];
        code.extend(slot.to_le_bytes());
        code.extend([0x41, 0xff, 0x23]);
        code.resize(FIRST_CALL, 0xcc);
        code.push(0xb8);
        code.extend(index.to_le_bytes());
        code.extend([0x49, 0xba]);
        code.extend(state.to_le_bytes());
        code.extend([0x49, 0xbb]);
        code.extend(resolve.to_le_bytes());
        code.extend([0x41, 0xff, 0xe3]);
        code
    }

    /// Has the function `eax` of the state `r10` compiled and jumps to it, with all argument registers kept.
    #[unsafe(naked)]
    pub unsafe extern "C" fn resolve() {
        core::arch::naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "push r8",
            "push r9",
            "sub rsp, 128",
            "movups [rsp], xmm0",
            "movups [rsp + 16], xmm1",
            "movups [rsp + 32], xmm2",
            "movups [rsp + 48], xmm3",
            "movups [rsp + 64], xmm4",
            "movups [rsp + 80], xmm5",
            "movups [rsp + 96], xmm6",
            "movups [rsp + 112], xmm7",
            "mov rdi, r10",
            "mov esi, eax",
            "call {compile}",
            "movups xmm0, [rsp]",
            "movups xmm1, [rsp + 16]",
            "movups xmm2, [rsp + 32]",
            "movups xmm3, [rsp + 48]",
            "movups xmm4, [rsp + 64]",
            "movups xmm5, [rsp + 80]",
            "movups xmm6, [rsp + 96]",
            "movups xmm7, [rsp + 112]",
            "add rsp, 128",
            "pop r9",
            "pop r8",
            "pop rcx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            "pop rbp",
            "jmp rax",
            compile = sym super::compile,
        )
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    /// Offset of what runs on the first call.
    pub const FIRST_CALL: usize = 12;
    pub const TRAMPOLINE_ALIGN: u64 = 16;

    /// `ldr x16, slot; ldr x16, [x16]; br x16`, then `ldr x17, index; ldr x15, state; ldr x16, resolve; br x16`, then
    /// the four values that these load. The three registers carry no argument.
    pub fn trampoline(slot: u64, index: u32, state: u64, resolve: u64) -> Vec<u8> {
        const CODE: [u32; 8] = [
            0x5800_0110, // ldr x16, 32 bytes on
            0xf940_0210, // ldr x16, [x16]
            0xd61f_0200, // br x16
            0x5800_00f1, // ldr x17, 28 bytes on
            0x5800_010f, // ldr x15, 32 bytes on
            0x5800_0130, // ldr x16, 36 bytes on
            0xd61f_0200, // br x16
            0xd503_201f, // nop
        ];
        let mut code: Vec<u8> = CODE.iter().flat_map(|i| i.to_le_bytes()).collect();
        code.extend([slot, u64::from(index), state, resolve].iter().flat_map(|v| v.to_le_bytes()));
        code
    }

    /// Has the function `x17` of the state `x15` compiled and jumps to it, with all argument registers kept.
    #[unsafe(naked)]
    pub unsafe extern "C" fn resolve() {
        core::arch::naked_asm!(
            "stp x29, x30, [sp, #-16]!",
            "mov x29, sp",
            "sub sp, sp, #208",
            "stp x0, x1, [sp]",
            "stp x2, x3, [sp, #16]",
            "stp x4, x5, [sp, #32]",
            "stp x6, x7, [sp, #48]",
            "str x8, [sp, #64]",
            "stp q0, q1, [sp, #80]",
            "stp q2, q3, [sp, #112]",
            "stp q4, q5, [sp, #144]",
            "stp q6, q7, [sp, #176]",
            "mov x0, x15",
            "mov x1, x17",
            "bl {compile}",
            "mov x16, x0",
            "ldp x0, x1, [sp]",
            "ldp x2, x3, [sp, #16]",
            "ldp x4, x5, [sp, #32]",
            "ldp x6, x7, [sp, #48]",
            "ldr x8, [sp, #64]",
            "ldp q0, q1, [sp, #80]",
            "ldp q2, q3, [sp, #112]",
            "ldp q4, q5, [sp, #144]",
            "ldp q6, q7, [sp, #176]",
            "add sp, sp, #208",
            "ldp x29, x30, [sp], #16",
            "br x16",
            compile = sym super::compile,
        )
    }
}

use machine::{FIRST_CALL, TRAMPOLINE_ALIGN, resolve, trampoline};
