//! The portable engine: an interpreter of machine-level IR.
//!
//! Start with [`Vm::new`], which lays out the program's static data and translates its functions to register code,
//! and [`Vm::root`], which the runtime starts from. The runtime reaches interpreted functions through three
//! trampolines of the shapes that descriptors hold (module body, generic entry, resume function); each finds its
//! function by the address of the descriptor it is called for.
//!
//! Invariants: one register a value, registers of a call are one run of the register stack; the interpreter decides
//! nothing that the code does not say.

mod code;
mod image;
mod interpret;
mod translate;

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicPtr, Ordering};

use molt_abi::layout::{CodeDesc, GeneratorObj, ModuleDesc};
use molt_abi::{Context, Ret, RtFn, Word};
use molt_base::EntityId;
use molt_ir::{FuncId, Program};

use code::Code;
use image::Image;

/// Addresses of what interpreted code imports.
pub trait Imports {
    fn runtime(&self, f: RtFn) -> *const u8;
    /// Descriptor of a native module by its index in the registry.
    fn native_module(&self, index: u32) -> *const u8;
}

/// Functions by address.
type Table = HashMap<usize, FuncId, BuildHasherDefault<AddressHasher>>;

/// Hash of an address: a multiplication spreads it over all bits.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_usize(usize::from(b));
        }
    }
    fn write_usize(&mut self, v: usize) {
        let h = (self.0 ^ v as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = h ^ (h >> 32);
    }
}

/// A program ready to be interpreted. One at a time in a process can be the active one.
pub struct Vm {
    codes: Vec<Code>,
    image: Image,
    runtime: Vec<*const u8>,
    /// Functions by the address of their code or module descriptor.
    entries: Table,
    resumes: Table,
    bodies: Table,
    /// Registers of all calls under way, one frame after the other.
    _stack: Vec<u64>,
    /// First free register.
    top: Cell<*mut u64>,
    limit: *mut u64,
}

static ACTIVE: AtomicPtr<Vm> = AtomicPtr::new(std::ptr::null_mut());

impl Vm {
    pub fn new(program: &Program, imports: &dyn Imports) -> Box<Vm> {
        let runtime = molt_abi::runtime::RT_ALL.iter().map(|&f| imports.runtime(f)).collect();
        let image = Image::new(program, imports);
        let codes = program.funcs.ids().map(|id| translate::function(program, &image, id)).collect();
        let mut stack: Vec<u64> = Vec::with_capacity(interpret::STACK_WORDS);
        let top = stack.as_mut_ptr();
        let mut vm = Vm {
            codes,
            image,
            runtime,
            entries: Table::default(),
            resumes: Table::default(),
            bodies: Table::default(),
            top: Cell::new(top),
            limit: top.wrapping_add(stack.capacity()),
            _stack: stack,
        };
        vm.index(program);
        Box::new(vm)
    }

    /// Reads back from the image which function each descriptor stands for.
    fn index(&mut self, program: &Program) {
        for (f, address) in self.image.function_fields() {
            let table = match self.image.kind_of(address) {
                image::Field::Entry => &mut self.entries,
                image::Field::Body => &mut self.bodies,
            };
            table.insert(address, f);
        }
        for (id, code) in program.funcs.ids().zip(&self.codes) {
            if let Some((descriptor, resume)) = code.creates {
                let address = self.image.data_address(descriptor) as usize;
                debug_assert!(id.index() < self.codes.len());
                self.resumes.insert(address, resume);
            }
        }
    }

    /// Makes this the program that trampolines interpret.
    pub fn activate(&self) {
        // Release: whoever reads the pointer sees the tables that were filled before.
        ACTIVE.store(std::ptr::from_ref(self).cast_mut(), Ordering::Release);
    }

    /// Address of the program's root descriptor.
    pub fn root(&self) -> *const u8 {
        self.image.root()
    }

    fn active<'a>() -> &'a Vm {
        // SAFETY: `activate` stored a pointer to a `Vm` that its owner keeps until the program has ended, and
        // trampolines run only while the program does.
        unsafe { ACTIVE.load(Ordering::Acquire).as_ref().expect("a program is active while its code runs") }
    }
}

pub(crate) unsafe extern "C" fn body_trampoline(ctx: *mut Context, module: Word, desc: *const ModuleDesc) -> Ret {
    let vm = Vm::active();
    let f = vm.bodies[&(desc as usize)];
    // SAFETY: the runtime calls with its own context and the arguments of this kind of entry.
    unsafe { vm.call(ctx, f, &[module.0, desc as u64]) }
}

pub(crate) unsafe extern "C" fn entry_trampoline(
    ctx: *mut Context,
    callee: Word,
    args: *const Word,
    nargs: u64,
    kwnames: Word,
) -> Ret {
    let vm = Vm::active();
    // SAFETY: generic entries are called with a function object, whose code descriptor lives in the image.
    let code: *const CodeDesc = unsafe { (*callee.as_ptr().cast::<molt_abi::layout::FunctionObj>()).code };
    let f = vm.entries[&(code as usize)];
    // SAFETY: the runtime calls with its own context and the arguments of this kind of entry.
    unsafe { vm.call(ctx, f, &[callee.0, args as u64, nargs, kwnames.0]) }
}

pub(crate) unsafe extern "C" fn resume_trampoline(
    ctx: *mut Context,
    generator: *mut GeneratorObj,
    sent: Word,
    mode: u64,
) -> Ret {
    let vm = Vm::active();
    // SAFETY: the runtime resumes live generators only.
    let code = unsafe { (*generator).code };
    let f = vm.resumes[&(code as usize)];
    // SAFETY: the runtime calls with its own context and the arguments of this kind of entry.
    unsafe { vm.call(ctx, f, &[generator as u64, sent.0, mode]) }
}
