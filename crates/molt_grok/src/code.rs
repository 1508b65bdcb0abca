//! Graphs to IR: every function for every set of type arguments that the program reaches.
//!
//! Start with [`generate`]. A [`Mono`] hands out a function of the program for each [`Instance`] and works until none is left
//! unwritten. Code is written at machine level, with every variable in a stack slot: the passes make values of them.
//!
//! Calls: a function takes its parameters in order, machine values one by one, other types by the address of memory that the
//! callee may overwrite. It returns its machine values and, last, whether it panics; a result that needs more than one
//! integer goes to memory whose address is the first parameter.

mod actor;
mod call;
mod func;
mod future;
mod glue;
mod handles;
mod intrinsic;
pub mod layout;
mod objects;
mod place;
mod recursion;
mod rvalue;

use molt_base::hash::{FastMap, FastSet};

use molt_base::Span;
use molt_ir::{
    DataId, DataItem, Direct, Export, FuncId, Function, FunctionKind, InlineHint, Module, ModuleId, Number, Program,
    Reloc, RelocTarget, Type,
};

use crate::across;
use crate::check::context::{Checked, Env, Owner, Predicate};
use crate::check::typed::FnTrait;
use crate::hir::item::{AttrArg, AttrValue, Parent};
use crate::hir::type_expr::{FloatKind, IntKind};
use crate::hir::{BodyId, BodyOwner, ConstId, FnId, TraitId};
use crate::mir::{Mir, MirOwner};
use crate::ty::{Args, ClosureId, Ty, TyKind};
use layout::{Layouts, Meta, Repr, Scalar};

/// A function to be written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Instance {
    /// Body of a function, default value, ….
    Body(BodyOwner, Args),
    /// Body of a closure, with the arguments of the function around it.
    Closure(ClosureId, Args),
    /// `Future::poll` of the future of an `async` body.
    Poll(ClosureId, Args),
    /// The value of a constant.
    Const(ConstId, Args),
    /// Drops the value at an address (with the length or table for unsized types).
    Drop(Ty),
    /// `Clone::clone` of a tuple, array or closure.
    Clone(Ty),
    /// The code of a callable type: entry of tables and of `fn` pointers.
    Shim(Ty, Entry),
    /// A constructor as a function.
    Ctor(crate::hir::AdtId, u32, Args),
    /// The start of the program.
    Start,
    /// The end of a part that other languages use: values of modules are dropped.
    Finish,
    /// What a program does that begins in GrokLang and has modules of other languages.
    Main,
}

/// How whoever has only the address of a callable's code calls it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// With the address of the environment, as this trait does.
    By(FnTrait),
    /// Without environment: the type is empty.
    Bare,
    /// A method of `str`, with the address of the text's address and length, as every object has its contents.
    Text,
}

/// Writes the program. `make` makes bodies that are not there yet: those of the library's functions, which come into being
/// when somebody calls them.
pub fn generate(c: &mut Checked, mut make: impl FnMut(&mut Checked, &[BodyId])) -> Program {
    let mut kept = Kept::new();
    let mut graphs = FastMap::default();
    let mut endless = Vec::new();
    loop {
        let mut mono = Mono { c, layouts: Layouts::new(c, graphs), kept };
        let mut missing = mono.write_all();
        if mono.makes_handles && !mono.collects {
            mono.begin_again();
            missing.append(&mut mono.write_all());
        }
        if missing.is_empty() && mono.guard_recursion() {
            missing = mono.write_all();
        }
        (kept, graphs) = (mono.kept, mono.layouts.graphs);
        endless.append(&mut mono.layouts.endless);
        if missing.is_empty() {
            break;
        }
        make(c, &missing);
    }
    endless.sort_unstable();
    endless.dedup();
    endless.into_iter().for_each(|id| c.report_endless(id));
    let mut relocs = vec![Reloc { offset: 0, target: RelocTarget::Func(FuncId(0)), addend: 0 }];
    let s = &c.hir.scheduler;
    let words = [
        0,
        s.workers,
        s.ask_timeout,
        s.shutdown_timeout,
        s.stack_size,
        s.mailbox,
        s.deadlock as u64,
        u64::from(c.hir.backtrace),
        s.gc as u64,
        0,
        0,
    ];
    for (i, instance) in [(9, Instance::Finish), (10, Instance::Main)] {
        if let Some(&func) = kept.functions.get(&instance) {
            relocs.push(Reloc { offset: 8 * i, target: RelocTarget::Func(func), addend: 0 });
        }
    }
    let bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let root = DataItem { name: "root".to_string(), bytes, align: 8, relocs };
    let mut program = kept.program;
    program.root = Some(program.data.push(root));
    program.native = true;
    program
}

/// The writer of a program, as long as no body is added.
pub(crate) struct Mono<'c> {
    pub c: &'c Checked,
    pub layouts: Layouts<'c>,
    kept: Kept,
}

impl std::ops::Deref for Mono<'_> {
    type Target = Kept;
    fn deref(&self) -> &Kept {
        &self.kept
    }
}

impl std::ops::DerefMut for Mono<'_> {
    fn deref_mut(&mut self) -> &mut Kept {
        &mut self.kept
    }
}

/// What was written so far, and what of it others may refer to.
pub(crate) struct Kept {
    pub program: Program,
    pub functions: FastMap<Instance, FuncId>,
    queue: Vec<Instance>,
    texts: FastMap<Vec<u8>, DataId>,
    places: FastMap<Span, DataId>,
    tables: objects::Tables,
    statics: FastMap<ConstId, DataId>,
    actor_tables: FastMap<Ty, DataId>,
    /// Functions that take the place of their call as a last parameter: their panics are their callers'.
    pub tracking: FastSet<FuncId>,
    /// Functions that look whether the stack is used up before they do anything.
    pub guarded: FastSet<FuncId>,
    /// Some function makes collected values.
    pub makes_handles: bool,
    /// All memory of the program comes from where collections can follow it.
    pub collects: bool,
    /// What is known of handles in values of a type.
    handles: FastMap<(handles::Question, Ty), bool>,
    pub module: ModuleId,
}

impl Kept {
    fn new() -> Kept {
        let mut program = Program::new();
        let name = program.names.intern("program");
        let doc = molt_ir::ConstId::NONE;
        let module = program.modules.push(Module { name, filename: name, doc, is_package: false, body: None });
        program.entry_module = Some(module);
        Kept {
            program,
            functions: FastMap::default(),
            queue: Vec::new(),
            texts: FastMap::default(),
            places: FastMap::default(),
            tables: objects::Tables::default(),
            statics: FastMap::default(),
            actor_tables: FastMap::default(),
            tracking: FastSet::default(),
            guarded: FastSet::default(),
            makes_handles: false,
            collects: false,
            handles: FastMap::default(),
            module,
        }
    }
}

impl Mono<'_> {
    /// Writes what the start reaches; the bodies that are missing. Instances that need them wait in the queue.
    fn write_all(&mut self) -> Vec<BodyId> {
        self.function(Instance::Start);
        if self.c.hir.is_across {
            self.function(Instance::Finish);
            if self.c.hir.main.is_some() {
                self.function(Instance::Main);
            }
            self.offers();
        }
        let mut missing = Vec::new();
        let mut waiting = Vec::new();
        loop {
            while let Some(instance) = self.queue.pop() {
                match self.missing_body(instance) {
                    Some(body) => {
                        missing.push(body);
                        waiting.push(instance);
                    }
                    None => {
                        let id = self.functions[&instance];
                        let func = self.write(instance, id);
                        self.program.funcs[id] = func;
                    }
                }
            }
            if !self.link_upcasts() {
                break;
            }
        }
        self.queue = waiting;
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Hands out the functions that other languages call: the adapters of packages, and what takes numbers only itself.
    fn offers(&mut self) {
        let c = self.c;
        let adapters = c.hir.fns.iter().filter_map(|(id, f)| {
            let module = &c.hir.modules[f.head.module];
            let is_adapter = f.parent == Parent::Module && c.hir.text(module.name) == across::MODULE;
            Some((id, module.package, module.parent.filter(|_| is_adapter)?))
        });
        for (adapter, package, root) in adapters.collect::<Vec<_>>() {
            let name = c.hir.text(c.hir.fns[adapter].head.name);
            let full = format!("{}::{name}", c.hir.text(c.hir.packages[package].name));
            let direct = name.strip_prefix("f_").and_then(|of| {
                let mut fns = c.hir.fns.iter().filter(|(_, f)| f.parent == Parent::Module && f.head.module == root);
                let (f, _) = fns.find(|(_, f)| c.hir.text(f.head.name) == of)?;
                self.direct(f)
            });
            let adapter = self.function(Instance::Body(BodyOwner::Fn(adapter), Args::EMPTY));
            let name = self.program.names.intern(&full);
            self.program.exports.insert(name, Export { adapter, direct });
        }
    }

    /// A function that takes and gives numbers.
    fn direct(&mut self, f: FnId) -> Option<Direct> {
        let c = self.c;
        if !c.params_of(Owner::Fn(f)).is_empty() || c.tracks_caller(f) || c.hir.fns[f].is_async {
            return None;
        }
        let sig = c.fn_sig(f);
        let number = |ty: Ty| number(c, c.revealed(c.types.erase(ty)));
        let params = sig.params.iter().map(|&p| number(p).filter(|&n| n != Number::Unit)).collect::<Option<_>>()?;
        let result = number(sig.ret)?;
        let func = self.function(Instance::Body(BodyOwner::Fn(f), Args::EMPTY));
        Some(Direct { func, params, result })
    }

    /// The body of the library that an instance is made of and that was not made.
    fn missing_body(&self, instance: Instance) -> Option<BodyId> {
        let Instance::Body(owner, _) = instance else { return None };
        self.c.body_id(owner).filter(|&id| self.c.hir.body(id).is_none())
    }

    /// The function of an instance; it is written later if it is new.
    pub fn function(&mut self, instance: Instance) -> FuncId {
        if let Some(&id) = self.functions.get(&instance) {
            return id;
        }
        let text = self.instance_name(instance);
        let name = self.program.names.intern(&text);
        let blank = Function::new(name, self.module, FunctionKind::Internal);
        let id = self.program.funcs.push(blank);
        self.functions.insert(instance, id);
        if let Instance::Body(BodyOwner::Fn(f), _) = instance
            && self.c.tracks_caller(f)
        {
            self.tracking.insert(id);
        }
        self.queue.push(instance);
        id
    }

    fn instance_name(&self, instance: Instance) -> String {
        let c = self.c;
        let with_args = |name: &str, args: Args| {
            let list: Vec<String> = c.types.list(args).iter().filter_map(|a| a.ty()).map(|t| c.ty_text(t)).collect();
            if list.is_empty() { name.to_string() } else { format!("{name}<{}>", list.join(", ")) }
        };
        match instance {
            Instance::Body(BodyOwner::Fn(f), args) => with_args(&self.fn_path(f), args),
            Instance::Body(owner, _) => format!("{owner:?}"),
            Instance::Closure(id, args) => match c.closure(id).owner {
                BodyOwner::Fn(f) => with_args(&format!("{}::closure{}", self.fn_path(f), id.0), args),
                _ => with_args(&format!("closure{}", id.0), args),
            },
            Instance::Poll(id, args) => with_args(&format!("poll{}", id.0), args),
            Instance::Const(k, args) => with_args(c.hir.text(c.hir.consts[k].head.name), args),
            Instance::Drop(ty) => format!("drop<{}>", c.ty_text(ty)),
            Instance::Clone(ty) => format!("clone<{}>", c.ty_text(ty)),
            Instance::Shim(ty, entry) => format!("call<{}, {entry:?}>", c.ty_text(ty)),
            Instance::Ctor(adt, v, _) => c.hir.text(c.hir.adts[adt].variants[v as usize].name).to_string(),
            Instance::Start => "start".to_string(),
            Instance::Finish => "finish".to_string(),
            Instance::Main => "program".to_string(),
        }
    }

    /// `Type::name` or `name`.
    pub fn fn_path(&self, f: FnId) -> String {
        let c = self.c;
        let name = c.hir.text(c.hir.fns[f].head.name);
        match (c.impl_of_fn(f), c.trait_of_fn(f)) {
            (Some(i), _) => format!("{}::{name}", c.ty_text(c.types.erase(c.impl_self(i)))),
            (_, Some(t)) => format!("{}::{name}", c.hir.text(c.hir.traits[t].head.name)),
            _ => name.to_string(),
        }
    }

    fn write(&mut self, instance: Instance, id: FuncId) -> Function {
        match instance {
            Instance::Body(owner, args) => {
                let graph = self.layouts.graph(MirOwner::Body(owner));
                let mut written = func::write(self, &graph.mir, args, id);
                if let BodyOwner::Fn(f) = owner {
                    self.apply_hints(f, &mut written);
                }
                written
            }
            Instance::Closure(closure, args) => {
                let graph = self.layouts.graph(MirOwner::Closure(closure));
                func::write(self, &graph.mir, args, id)
            }
            Instance::Poll(future, args) => {
                let graph = self.layouts.graph(MirOwner::Closure(future));
                future::poll(self, &graph, future, args, id)
            }
            Instance::Const(k, args) => {
                let graph = self.layouts.graph(MirOwner::Body(BodyOwner::Const(k)));
                func::write(self, &graph.mir, args, id)
            }
            Instance::Drop(ty) => glue::drop(self, ty, id),
            Instance::Clone(ty) => glue::clone(self, ty, id),
            Instance::Shim(ty, entry) => glue::shim(self, ty, entry, id),
            Instance::Ctor(adt, v, args) => glue::constructor(self, adt, v, args, id),
            Instance::Start => glue::start(self, id),
            Instance::Finish => glue::finish(self, id),
            Instance::Main => glue::main(self, id),
        }
    }

    /// Static bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> DataId {
        if let Some(&d) = self.texts.get(bytes) {
            return d;
        }
        let name = format!("text{}", self.texts.len());
        let id = self.program.data.push(DataItem { name, bytes: bytes.to_vec(), align: 1, relocs: Vec::new() });
        self.texts.insert(bytes.to_vec(), id);
        id
    }

    /// A source position as the runtime reads it: address and length of the file's name, line, column.
    pub fn place_data(&mut self, span: Span) -> DataId {
        if let Some(&d) = self.places.get(&span) {
            return d;
        }
        let file = self.c.hir.files.file(span.file);
        let (line, _) = file.lines().line_col(span.start);
        let line_start = file.text[..span.start as usize].rfind('\n').map_or(0, |n| n + 1);
        let column = file.text[line_start..span.start as usize].chars().count() as u32 + 1;
        let name = file.name.clone();
        let text = self.bytes(name.as_bytes());
        let mut bytes = vec![0; 8];
        bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&line.to_le_bytes());
        bytes.extend_from_slice(&column.to_le_bytes());
        let relocs = vec![Reloc { offset: 0, target: RelocTarget::Data(text), addend: 0 }];
        let label = format!("place{}", self.places.len());
        let id = self.program.data.push(DataItem { name: label, bytes, align: 8, relocs });
        self.places.insert(span, id);
        id
    }

    /// Memory of a `static` or module variable.
    pub fn static_data(&mut self, k: ConstId) -> DataId {
        if let Some(&d) = self.statics.get(&k) {
            return d;
        }
        let ty = self.c.revealed(self.c.types.erase(self.c.const_type(k)));
        let layout = self.layouts.of(ty);
        let name = format!("static{}", self.statics.len());
        let bytes = vec![0; layout.size.max(1) as usize];
        let id = self.program.data.push(DataItem { name, bytes, align: 8, relocs: Vec::new() });
        self.statics.insert(k, id);
        id
    }

    /// The function of an instance as whoever has only its address may call it.
    pub fn addressable(&mut self, instance: Instance) -> FuncId {
        if let Instance::Body(BodyOwner::Fn(f), args) = instance
            && self.c.tracks_caller(f)
        {
            let ty = self.c.types.mk(crate::ty::TyKind::FnDef(f, args));
            return self.function(Instance::Shim(ty, Entry::Bare));
        }
        self.function(instance)
    }

    pub fn fn_trait(&self, t: TraitId) -> Option<FnTrait> {
        let hir = &self.c.hir;
        [("fn", FnTrait::Fn), ("fn_mut", FnTrait::FnMut), ("fn_once", FnTrait::FnOnce)]
            .into_iter()
            .find_map(|(name, k)| (hir.lang_trait(name) == Some(t)).then_some(k))
    }

    /// Machine types of a value in registers; empty for one in memory.
    pub fn reg_types(&mut self, ty: Ty) -> Vec<Type> {
        let layout = self.layouts.of(ty);
        layout.scalars().iter().map(|&(_, s)| machine(s)).collect()
    }

    /// How a function gives its result.
    pub fn return_form(&mut self, ty: Ty) -> ReturnForm {
        if ty == Ty::NEVER {
            return ReturnForm::Regs(Vec::new());
        }
        let layout = self.layouts.of(ty);
        match &layout.repr {
            Repr::Empty => ReturnForm::Regs(Vec::new()),
            Repr::Memory => ReturnForm::Memory,
            Repr::Scalars(s) => {
                let ints = s.iter().filter(|(_, s)| !s.is_float()).count();
                if ints > 1 {
                    ReturnForm::Memory
                } else {
                    ReturnForm::Regs(s.iter().map(|&(_, s)| machine(s)).collect())
                }
            }
        }
    }

    pub fn meta(&self, ty: Ty) -> Meta {
        self.layouts.meta(ty)
    }

    /// What `#[cold]`, `#[inline]` and `#[inline(never)]` ask for.
    fn apply_hints(&self, f: FnId, to: &mut Function) {
        let hir = &self.c.hir;
        for attr in &hir.fns[f].head.attrs {
            match hir.text(attr.name) {
                "cold" => to.cold = true,
                "inline" => {
                    let never = |a: &AttrArg| matches!(a.value, AttrValue::Ident(w) if hir.text(w) == "never");
                    to.inline = if attr.args.iter().any(never) { InlineHint::Never } else { InlineHint::Always };
                }
                _ => {}
            }
        }
    }

    pub fn new_function(&mut self, id: FuncId) -> Function {
        let name = self.program.funcs[id].name;
        let mut f = Function::new(name, self.module, FunctionKind::Internal);
        f.optimise = true;
        f.inline = InlineHint::Auto;
        f
    }
}

/// What a type is to other languages, if that is a number.
fn number(c: &Checked, ty: Ty) -> Option<Number> {
    Some(match c.types.kind(ty) {
        TyKind::Bool => Number::Bool,
        TyKind::Float(FloatKind::F64) => Number::F64,
        TyKind::Tuple(args) if c.types.list(args).is_empty() => Number::Unit,
        TyKind::Int(kind) => {
            let (bits, signed) = match kind {
                IntKind::I8 => (8, true),
                IntKind::I16 => (16, true),
                IntKind::I32 => (32, true),
                IntKind::I64 | IntKind::Isize => (64, true),
                IntKind::U8 => (8, false),
                IntKind::U16 => (16, false),
                IntKind::U32 => (32, false),
                IntKind::U64 | IntKind::Usize => (64, false),
                IntKind::I128 | IntKind::U128 => return None,
            };
            Number::Int { bits, signed }
        }
        _ => return None,
    })
}

/// Where a function leaves its result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ReturnForm {
    Regs(Vec<Type>),
    /// At the address that is the first parameter.
    Memory,
}

pub(crate) fn machine(s: Scalar) -> Type {
    if s.is_float() { Type::F64 } else { Type::I64 }
}

impl Checked {
    /// Whether panics of a library function are shown at its call: `#[track_caller]`.
    pub(crate) fn tracks_caller(&self, f: FnId) -> bool {
        let head = &self.hir.fns[f].head;
        head.attrs.iter().any(|a| self.hir.text(a.name) == "track_caller")
    }

    /// The library's function that registers a call of this one as an arm of a `select`: `#[selects("..")]`.
    pub(crate) fn selects(&self, f: FnId) -> Option<&str> {
        self.twin(f, "selects")
    }

    /// The library's function that makes a future of the arguments of this one, which waits: `#[awaits("..")]`.
    pub(crate) fn awaits(&self, f: FnId) -> Option<&str> {
        self.twin(f, "awaits")
    }

    fn twin(&self, f: FnId, attr: &str) -> Option<&str> {
        let attr = self.hir.fns[f].head.attrs.iter().find(|a| self.hir.text(a.name) == attr)?;
        attr.args.iter().find_map(|a| match a.value {
            crate::hir::AttrValue::Text(t) => Some(self.hir.text(t)),
            _ => None,
        })
    }

    /// Whether a type without variables implements a trait of one parameter.
    pub(crate) fn implements(&self, ty: Ty, t: TraitId) -> bool {
        self.is_proven(Predicate::Trait(t, self.types.ty_list(&[ty])))
    }

    /// Whether something holds of types without variables.
    pub(crate) fn is_proven(&self, p: Predicate) -> bool {
        use crate::check::solve::{Answer, Solver};
        let span = Span { file: molt_base::FileId(0), start: 0, end: 0 };
        let mut solver = Solver::new(self, Env::EMPTY);
        solver.reveal = true;
        solver.evaluate(p, span) == Answer::Yes
    }

    /// The code of a function for final arguments: the implementation's for a trait's member.
    pub(crate) fn resolve_fn(&self, f: FnId, args: Args) -> Option<Instance> {
        let Some(t) = self.trait_of_fn(f) else {
            return Some(Instance::Body(BodyOwner::Fn(f), args));
        };
        use crate::check::solve::{Search, Selected, Solver};
        let count = self.params_of(Owner::Trait(t)).len();
        let list = self.types.list(args);
        let trait_args = self.types.args(&list[..count]);
        let own = &list[count..];
        let self_ty = list[0].expect_ty();
        let span = molt_base::Span { file: molt_base::FileId(0), start: 0, end: 0 };
        let mut solver = Solver::new(self, Env::EMPTY);
        solver.reveal = true;
        match solver.select(t, trait_args, span) {
            Search::Found(Selected::Impl(i, impl_args)) => {
                // Bounds of the implementation determine what its Self type leaves open.
                for p in solver.nested(&Selected::Impl(i, impl_args)) {
                    let cause = crate::check::solve::Cause { span, from: None };
                    solver.demand(crate::check::solve::Goal::new(p, cause));
                }
                let _ = solver.solve_pending();
                let impl_args = solver.resolve_args(impl_args);
                let name = self.hir.fns[f].head.name;
                match self.hir.impls[i].fns.iter().copied().find(|&g| self.hir.fns[g].head.name == name) {
                    Some(g) => {
                        let mut full = self.types.list(impl_args).to_vec();
                        full.extend_from_slice(own);
                        Some(Instance::Body(BodyOwner::Fn(g), self.types.args(&full)))
                    }
                    // The trait's default, for this Self.
                    None => Some(Instance::Body(BodyOwner::Fn(f), args)),
                }
            }
            Search::Found(Selected::Builtin(_)) => {
                if self.hir.lang_trait("clone") == Some(t) {
                    return Some(Instance::Clone(self_ty));
                }
                if self.hir.lang_trait("future") == Some(t)
                    && let crate::ty::TyKind::Future(id, args) = self.types.kind(self_ty)
                {
                    return Some(Instance::Poll(id, args));
                }
                // Default functions of traits that the language implements.
                self.hir.fns[f].body.map(|_| Instance::Body(BodyOwner::Fn(f), args))
            }
            _ => self.hir.fns[f].body.map(|_| Instance::Body(BodyOwner::Fn(f), args)),
        }
    }

    /// The body that a call by name runs; `None` if there is none, or it is not known which.
    pub(crate) fn called_body(&self, f: FnId, args: Args) -> Option<BodyOwner> {
        match self.resolve_fn(f, args)? {
            Instance::Body(owner, _) => Some(owner),
            _ => None,
        }
    }

    /// The constant of an implementation that stands for a trait's.
    pub(crate) fn resolve_const(&self, k: ConstId, args: Args) -> (ConstId, Args) {
        use crate::check::solve::{Search, Selected, Solver};
        let crate::hir::Parent::Trait(t) = self.hir.consts[k].parent else { return (k, args) };
        let span = molt_base::Span { file: molt_base::FileId(0), start: 0, end: 0 };
        let mut solver = Solver::new(self, Env::EMPTY);
        solver.reveal = true;
        if let Search::Found(Selected::Impl(i, impl_args)) = solver.select(t, args, span) {
            let name = self.hir.consts[k].head.name;
            if let Some(&own) = self.hir.impls[i].consts.iter().find(|&&x| self.hir.consts[x].head.name == name) {
                return (own, solver.resolve_args(impl_args));
            }
        }
        (k, args)
    }

    /// Graphs of a body and its closures, ready for code.
    pub(crate) fn graphs(&self, owner: BodyOwner) -> Vec<(MirOwner, Mir)> {
        if self.typed(owner).is_none() {
            self.check_group(&[owner]);
        }
        let (Some(body), Some(typed)) = (self.body_of(owner), self.typed(owner)) else {
            unreachable!("code is made of functions with bodies only, not of {owner:?}")
        };
        let q = crate::mir::queries::Queries { c: self, env: self.env_of(owner) };
        let built = crate::mir::build::build(q, body, typed);
        let mut graphs = built.closures;
        graphs.push(built.mir);
        for mir in &mut graphs {
            crate::mir::drops::elaborate_drops(q, mir);
            crate::mir::tail::make_loops(q, mir);
        }
        graphs.into_iter().map(|m| (m.owner, m)).collect()
    }
}
