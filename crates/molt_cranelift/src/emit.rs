//! Declares and defines the functions and data of a program in a Cranelift module.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, UserFuncName, types};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::JITModule;
use cranelift_module::{
    DataDescription, DataId as ClDataId, FuncId as ClFuncId, Linkage as ClLinkage, Module, ModuleReloc,
};
use molt_abi::RtFn;
use molt_abi::runtime::{RT_ALL, RtResult};
use molt_base::EntityId;
use molt_ir::{DataId, FuncId, Program, RelocTarget, Type};

use crate::EngineError;
use crate::func;
use crate::target::Target;

/// What `--emit` shows of the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Cranelift's input.
    Clif,
    /// Cranelift's listing of the machine code.
    Asm,
}

/// Whether imports are reached directly (static linking) or by absolute address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    Object,
    Memory,
}

pub struct Emitter<'a, M: Module> {
    pub module: M,
    target: Target,
    pub program: &'a Program,
    pub linkage: Linkage,
    /// What stands for each function when its address is taken: itself, or its trampoline.
    pub funcs: Vec<ClFuncId>,
    /// Code of the functions that were compiled in memory so far.
    bodies: Vec<Option<ClFuncId>>,
    pub data: Vec<ClDataId>,
    pub rts: Vec<ClFuncId>,
    natives: Vec<Option<ClDataId>>,
}

pub fn machine_type(ty: Type) -> types::Type {
    match ty {
        Type::I1 => types::I8,
        Type::F64 => types::F64,
        _ => types::I64,
    }
}

impl<'a, M: Module> Emitter<'a, M> {
    pub fn new(module: M, target: Target, program: &'a Program, linkage: Linkage) -> Result<Self, EngineError> {
        let bodies = vec![None; program.funcs.len()];
        let (funcs, data, rts, natives) = (vec![], vec![], vec![], vec![]);
        let mut e = Emitter { module, target, program, linkage, funcs, bodies, data, rts, natives };
        e.declare()?;
        Ok(e)
    }

    pub fn signature(&self, id: FuncId) -> Signature {
        let f = &self.program.funcs[id];
        let mut sig = self.module.make_signature();
        sig.params.push(AbiParam::new(types::I64));
        for &p in f.params() {
            sig.params.push(AbiParam::new(machine_type(f.ty(p))));
        }
        for &t in &f.results {
            sig.returns.push(AbiParam::new(machine_type(t)));
        }
        sig
    }

    fn rt_signature(&self, f: RtFn) -> Signature {
        let mut sig = self.module.make_signature();
        for _ in 0..=f.sig().params.len() {
            sig.params.push(AbiParam::new(types::I64));
        }
        let results = match f.sig().result {
            RtResult::Raise | RtResult::RaiseInt => 2,
            RtResult::Word | RtResult::Int => 1,
            RtResult::Nothing => 0,
        };
        sig.returns.extend((0..results).map(|_| AbiParam::new(types::I64)));
        sig
    }

    fn declare(&mut self) -> Result<(), EngineError> {
        for id in self.program.funcs.ids() {
            let name = match self.linkage {
                Linkage::Object => self.name(id),
                Linkage::Memory => format!("{}.entry", self.name(id)),
            };
            let sig = self.signature(id);
            let f = self.module.declare_function(&name, ClLinkage::Local, &sig).map_err(Box::new)?;
            self.funcs.push(f);
        }
        for &f in RT_ALL {
            let sig = self.rt_signature(f);
            let id = self.module.declare_function(f.sig().symbol, ClLinkage::Import, &sig).map_err(Box::new)?;
            self.rts.push(id);
        }
        let natives = molt_abi::modules::NATIVE_MODULES.len();
        self.natives = vec![None; natives];
        for (id, item) in self.program.data.iter() {
            let linkage = if self.program.root == Some(id) { ClLinkage::Export } else { ClLinkage::Local };
            let d = self.module.declare_data(&item.name, linkage, true, false).map_err(Box::new)?;
            self.data.push(d);
        }
        Ok(())
    }

    fn name(&self, id: FuncId) -> String {
        let f = &self.program.funcs[id];
        // Programs of tests have functions of modules that they do not declare.
        let module = self.program.modules.get(f.module).map_or("?", |m| self.program.names.text(m.name));
        format!("{id}.{module}:{}", self.program.names.text(f.qualname))
    }

    /// What a direct call of a function goes to.
    pub fn callee(&self, id: FuncId) -> ClFuncId {
        self.bodies[id.index()].unwrap_or(self.funcs[id.index()])
    }

    /// Code of a function in memory, if there is any yet.
    pub fn body(&self, id: FuncId) -> Option<ClFuncId> {
        self.bodies[id.index()]
    }

    pub fn root_id(&mut self) -> Option<ClDataId> {
        self.program.root.map(|r| self.data[r.index()])
    }

    /// Builds, compiles and defines everything. CLIF is built in order, machine code on all cores, a batch at a time, and
    /// defined in order again, so the result does not depend on the number of cores.
    pub fn run(mut self) -> Result<M, EngineError> {
        let ids: Vec<FuncId> = self.program.funcs.ids().collect();
        let mut builder = FunctionBuilderContext::new();
        for batch in ids.chunks(BATCH) {
            let mut contexts = Vec::with_capacity(batch.len());
            for &id in batch {
                let mut context = self.module.make_context();
                self.build(id, &mut context, &mut builder)?;
                contexts.push(context);
            }
            let failed = compile_all(&self.target, &mut contexts);
            if let Some((index, error)) = failed {
                return Err(self.failure(batch[index], error));
            }
            for (&id, context) in batch.iter().zip(&contexts) {
                self.define(self.funcs[id.index()], context)?;
            }
        }
        self.define_all_data()?;
        Ok(self.module)
    }

    pub fn define_all_data(&mut self) -> Result<(), EngineError> {
        self.program.data.ids().try_for_each(|id| self.define_data(id))
    }

    fn failure(&self, id: FuncId, error: String) -> EngineError {
        let function = self.program.names.text(self.program.funcs[id].qualname).to_string();
        EngineError::Function { function, error }
    }

    fn define(&mut self, cl: ClFuncId, context: &Context) -> Result<(), EngineError> {
        let code = context.compiled_code().expect("the batch was compiled");
        let relocs: Vec<ModuleReloc> =
            code.buffer.relocs().iter().map(|r| ModuleReloc::from_mach_reloc(r, &context.func, cl)).collect();
        let alignment = u64::from(code.buffer.alignment);
        self.module.define_function_bytes(cl, alignment, code.buffer.data(), &relocs).map_err(Box::new)?;
        Ok(())
    }

    fn build(
        &mut self,
        id: FuncId,
        context: &mut Context,
        builder: &mut FunctionBuilderContext,
    ) -> Result<(), EngineError> {
        context.func.signature = self.signature(id);
        context.func.name = UserFuncName::user(0, id.0);
        func::translate(self, id, &mut context.func, builder);
        Ok(())
    }

    fn compile(&self, id: FuncId, context: &mut Context) -> Result<(), EngineError> {
        self.target.compile(context, &mut ControlPlane::default()).map_err(|e| self.failure(id, e))
    }

    /// Text of all functions.
    pub fn text(&mut self, form: Form) -> Result<String, EngineError> {
        let mut builder = FunctionBuilderContext::new();
        let mut out = String::new();
        for id in self.program.funcs.ids() {
            let mut context = self.module.make_context();
            self.build(id, &mut context, &mut builder)?;
            if form == Form::Clif {
                writeln!(out, "{}", context.func.display()).expect("writing to a string");
                continue;
            }
            context.set_disasm(true);
            self.compile(id, &mut context)?;
            let code = context.compiled_code().expect("it was compiled");
            let assembly = code.vcode.as_deref().unwrap_or_default();
            writeln!(out, "{}: ; {} bytes\n{assembly}", self.name(id), code.buffer.data().len())
                .expect("writing to a string");
        }
        Ok(out)
    }

    /// `main(argc, argv)`: hands the root of the static data to the runtime.
    pub fn define_main(&mut self) -> Result<(), EngineError> {
        let Some(root) = self.root_id() else { return Ok(()) };
        let mut sig = self.module.make_signature();
        sig.params.extend([AbiParam::new(types::I64), AbiParam::new(types::I64)]);
        sig.returns.push(AbiParam::new(types::I32));
        let main = self.module.declare_function("main", ClLinkage::Export, &sig).map_err(Box::new)?;
        let mut inner = sig.clone();
        inner.params.push(AbiParam::new(types::I64));
        let entry = if self.program.native { "molt_native_main" } else { "molt_main" };
        let start = self.module.declare_function(entry, ClLinkage::Import, &inner).map_err(Box::new)?;
        let mut context = self.module.make_context();
        context.func.signature = sig;
        let mut builder_context = FunctionBuilderContext::new();
        let mut b = FunctionBuilder::new(&mut context.func, &mut builder_context);
        let block = b.create_block();
        b.append_block_params_for_function_params(block);
        b.switch_to_block(block);
        let params = b.block_params(block).to_vec();
        let start = self.module.declare_func_in_func(start, b.func);
        b.func.dfg.ext_funcs[start].colocated = true;
        let root = self.module.declare_data_in_func(root, b.func);
        let root = b.ins().symbol_value(types::I64, root);
        let call = b.ins().call(start, &[params[0], params[1], root]);
        let status = b.inst_results(call)[0];
        b.ins().return_(&[status]);
        b.seal_all_blocks();
        b.finalize(self.module.target_config());
        self.module.define_function(main, &mut context).map_err(Box::new)?;
        Ok(())
    }

    fn native(&mut self, index: u32) -> Result<ClDataId, EngineError> {
        if let Some(d) = self.natives[index as usize] {
            return Ok(d);
        }
        let (_, symbol) = molt_abi::modules::NATIVE_MODULES[index as usize];
        let d = self.module.declare_data(symbol, ClLinkage::Import, false, false).map_err(Box::new)?;
        self.natives[index as usize] = Some(d);
        Ok(d)
    }

    fn define_data(&mut self, id: DataId) -> Result<(), EngineError> {
        let item = &self.program.data[id];
        let mut desc = DataDescription::new();
        desc.set_align(u64::from(item.align));
        desc.define(item.bytes.clone().into_boxed_slice());
        for r in &item.relocs {
            match r.target {
                RelocTarget::Data(d) => {
                    let g = self.module.declare_data_in_data(self.data[d.index()], &mut desc);
                    desc.write_data_addr(r.offset, g, r.addend);
                }
                RelocTarget::Func(f) => {
                    let g = self.module.declare_func_in_data(self.funcs[f.index()], &mut desc);
                    desc.write_function_addr(r.offset, g);
                }
                RelocTarget::Rt(f) => {
                    let g = self.module.declare_func_in_data(self.rts[f as usize], &mut desc);
                    desc.write_function_addr(r.offset, g);
                }
                RelocTarget::NativeModule(n) => {
                    let d = self.native(n)?;
                    let g = self.module.declare_data_in_data(d, &mut desc);
                    desc.write_data_addr(r.offset, g, r.addend);
                }
            }
        }
        self.module.define_data(self.data[id.index()], &desc).map_err(Box::new)?;
        Ok(())
    }
}

/// Functions compiled between two rounds of definitions.
const BATCH: usize = 512;

/// Compiles every context, on all cores; the first failure in order, if any.
fn compile_all(target: &Target, contexts: &mut [Context]) -> Option<(usize, String)> {
    let workers = molt_base::processors();
    let next = Mutex::new(contexts.iter_mut().enumerate());
    let failures = Mutex::new(Vec::new());
    let work = || {
        let mut plane = ControlPlane::default();
        loop {
            let item = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, context)) = item else { return };
            if let Err(text) = target.compile(context, &mut plane) {
                failures.lock().unwrap_or_else(PoisonError::into_inner).push((index, text));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.into_iter().min_by_key(|f| f.0)
}

impl Emitter<'_, JITModule> {
    /// Compiles one function in memory; its address.
    pub fn compile_body(&mut self, id: FuncId) -> Result<*const u8, EngineError> {
        let sig = self.signature(id);
        let cl = self.module.declare_function(&self.name(id), ClLinkage::Local, &sig).map_err(Box::new)?;
        // From here on, the function calls itself directly.
        self.bodies[id.index()] = Some(cl);
        let mut context = self.module.make_context();
        self.build(id, &mut context, &mut FunctionBuilderContext::new())?;
        self.compile(id, &mut context)?;
        self.define(cl, &context)?;
        self.module.finalize_definitions().map_err(Box::new)?;
        Ok(self.module.get_finalized_function(cl))
    }
}
