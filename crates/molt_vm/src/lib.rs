//! The portable engine: an interpreter of machine-level IR.
//!
//! Start with [`Vm::new`], which lays out the program's static data and translates its functions to register code,
//! and [`Vm::root`], which the runtime starts from. An address of an interpreted function is that of a stub
//! (`stubs.rs`), which native code may call as any other function. [`listing`] shows register code as text.
//!
//! Invariants: one register a value, registers of a call are one run of the register stack; the interpreter decides
//! nothing that the code does not say.

mod code;
mod image;
mod interpret;
mod listing;
mod stubs;
mod translate;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use molt_abi::context::EngineMemory;
use molt_abi::{Context, Ret, RtFn};
use molt_base::EntityId;
use molt_ir::{FuncId, Program};

pub use listing::listing;

use code::Code;
use image::Image;

/// Addresses of what interpreted code imports.
pub trait Imports {
    fn runtime(&self, f: RtFn) -> *const u8;
    /// Descriptor of a native module by its index in the registry.
    fn native_module(&self, index: u32) -> *const u8;
}

/// A program ready to be interpreted.
pub struct Vm {
    codes: Vec<Code>,
    image: Image,
    runtime: Vec<*const u8>,
    /// Registers of all contexts that code has run with.
    threads: Mutex<Vec<Thread>>,
}

/// Registers that contexts point to, so that they stay where they are.
type Thread = Box<Registers>;

/// Registers of the calls under way with one context. A context belongs to one machine stack, and so do its calls.
#[repr(C)]
struct Registers {
    memory: EngineMemory,
    limit: *mut u64,
    /// Third and fourth result of the call that returned last.
    more_results: [u64; 2],
    /// One frame after the other.
    _stack: Vec<u64>,
}

// SAFETY: the pointers lead into the vector beside them; whoever runs with the context is the only user.
unsafe impl Send for Registers {}

/// The programs of the process take the addresses of more functions than there can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interpreted programs take the addresses of at most {} functions together", stubs::STUBS)
    }
}

impl std::error::Error for Full {}

impl Vm {
    pub fn new(program: &Program, imports: &dyn Imports) -> Result<Box<Vm>, Full> {
        let runtime = molt_abi::runtime::RT_ALL.iter().map(|&f| imports.runtime(f)).collect();
        let image = Image::new(program, imports)?;
        let codes = program.funcs.ids().map(|id| translate::function(program, &image, id)).collect();
        let vm = Box::new(Vm { codes, image, runtime, threads: Mutex::new(Vec::new()) });
        vm.image.stubs().belong_to(&raw const *vm);
        Ok(vm)
    }

    /// The function of a stub of this program.
    fn function_of(&self, stub: usize) -> FuncId {
        self.image.taken()[stub - self.image.stubs().first]
    }

    /// Registers of a context, made when code first runs with it.
    ///
    /// # Safety
    /// `ctx` is the context of the running program that this machine stack uses.
    unsafe fn registers(&self, ctx: *mut Context) -> *mut Registers {
        // SAFETY: by the caller's promise; the registers stay until the program has ended.
        unsafe {
            if (*ctx).engine.is_null() {
                let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
                let words = match (threads.is_empty(), (*ctx).stack_limit) {
                    (true, 0) => interpret::STACK_WORDS,
                    (true, _) => interpret::MAIN_WORDS,
                    (false, 0) => interpret::MAIN_WORDS,
                    (false, _) => interpret::TASK_WORDS,
                };
                let mut stack: Vec<u64> = Vec::with_capacity(words);
                let top = stack.as_mut_ptr();
                let limit = top.wrapping_add(stack.capacity());
                let memory = EngineMemory { base: top, top };
                let mut registers = Box::new(Registers { memory, limit, more_results: [0; 2], _stack: stack });
                (*ctx).engine = (&raw mut *registers).cast();
                threads.push(registers);
            }
            (*ctx).engine.cast()
        }
    }

    fn code(&self, f: FuncId) -> &Code {
        &self.codes[f.index()]
    }

    /// All results of a call that just returned; as many as its function has are meant.
    ///
    /// # Safety
    /// As for [`registers`](Vm::registers).
    unsafe fn results(&self, ctx: *mut Context, first: Ret) -> [u64; 4] {
        // SAFETY: by the caller's promise.
        let [third, fourth] = unsafe { (*self.registers(ctx)).more_results };
        [first.value.0, first.error, third, fourth]
    }

    /// Address of the program's root descriptor.
    pub fn root(&self) -> *const u8 {
        self.image.root()
    }
}
