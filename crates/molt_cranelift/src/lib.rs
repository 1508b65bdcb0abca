//! The Cranelift engine: machine-level IR to native code, in memory or as an object file.
//!
//! Start with [`compile_object`] and [`Jit`]; both drive `Emitter` over a `cranelift_module::Module`.
//!
//! Invariants: one Cranelift function for each IR function, named after its id; the context is the first parameter of
//! every function; nothing here knows a source language or decides anything about reference counts beyond expanding
//! the two count ops.

mod emit;
mod func;
mod lazy;
mod remat;
mod target;

use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::default_libcall_names;
use cranelift_object::{ObjectBuilder, ObjectModule};
use molt_abi::RtFn;
use molt_ir::{FuncId, Program};

use emit::Emitter;
pub use emit::Form;
use lazy::Lazy;
use target::Target;

/// What can go wrong when generating code: a defect, or a machine that Cranelift does not know.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("no code generator for this machine: {0}")]
    Host(String),
    #[error("code generation failed in `{function}`: {error}")]
    Function { function: String, error: String },
    #[error("code generation failed: {0}")]
    Module(#[from] Box<cranelift_module::ModuleError>),
}

/// Options of code generation.
#[derive(Clone, Copy, Debug, Default)]
pub struct CodeOptions {
    /// Run Cranelift's own verifier.
    pub verify: bool,
    /// Optimise; otherwise compile fast.
    pub optimise: bool,
}

/// Object file of the whole program. It exports `molt_program` (the root of the static data) and imports the runtime.
pub fn compile_object(program: &Program, options: CodeOptions) -> Result<Vec<u8>, EngineError> {
    let target = Target::new(options, true)?;
    let mut builder =
        ObjectBuilder::new(target.isa.clone(), "molt_program", default_libcall_names()).map_err(Box::new)?;
    builder.per_function_section(true);
    let module = ObjectModule::new(builder);
    let mut emitter = Emitter::new(module, target, program, emit::Linkage::Object)?;
    emitter.define_main()?;
    let module = emitter.run()?;
    let product = module.finish();
    product.emit().map_err(|e| EngineError::Host(e.to_string()))
}

/// Addresses of what compiled code imports.
pub trait Imports {
    fn runtime(&self, f: RtFn) -> *const u8;
    /// Descriptor of a native module by its index in the registry.
    fn native_module(&self, index: u32) -> *const u8;
}

/// Address space reserved for code in memory, in bytes.
const ARENA_SIZE: usize = 1 << 30;

/// Exit status of a compiler that found a defect of its own (`EX_SOFTWARE` of sysexits).
pub const DEFECT_STATUS: i32 = 70;

/// A program in memory whose functions are compiled when they are first called. The code lives as long as this value.
pub struct Jit<'a>(Box<Lazy<'a>>);

impl<'a> Jit<'a> {
    pub fn new(program: &'a Program, imports: &dyn Imports, options: CodeOptions) -> Result<Jit<'a>, EngineError> {
        let target = Target::new(options, false)?;
        let mut builder = JITBuilder::with_isa(target.isa.clone(), default_libcall_names());
        for &f in molt_abi::runtime::RT_ALL {
            builder.symbol(f.sig().symbol, imports.runtime(f));
        }
        for (i, (_, symbol)) in molt_abi::modules::NATIVE_MODULES.iter().enumerate() {
            builder.symbol(*symbol, imports.native_module(i as u32));
        }
        // One arena, so that code and data stay within reach of each other's relative addresses.
        let arena = ArenaMemoryProvider::new_with_size(ARENA_SIZE).map_err(|e| EngineError::Host(e.to_string()))?;
        builder.memory_provider(Box::new(arena));
        let module = JITModule::new(builder);
        let emitter = Emitter::new(module, target, program, emit::Linkage::Memory)?;
        Ok(Jit(Lazy::new(emitter)?))
    }

    /// Address that a function is called at; it takes the context first.
    pub fn function(&self, id: FuncId) -> *const u8 {
        self.0.function(id)
    }

    /// Address of the program's root descriptor.
    pub fn root(&self) -> *const u8 {
        self.0.root()
    }
}

/// Text of all functions, for `--emit clif` and `--emit asm`.
pub fn text(program: &Program, form: Form, options: CodeOptions) -> Result<String, EngineError> {
    let target = Target::new(options, true)?;
    let builder = ObjectBuilder::new(target.isa.clone(), "molt_program", default_libcall_names()).map_err(Box::new)?;
    let mut emitter = Emitter::new(ObjectModule::new(builder), target, program, emit::Linkage::Object)?;
    emitter.text(form)
}
