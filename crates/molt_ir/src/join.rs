//! Programs of several front ends become one.
//!
//! A module without a body is one that another front end makes, under the same name; its number then stands for that
//! module, and its variables for those of the same names. Everything else of the second program gets numbers behind
//! those of the first.

use std::collections::HashMap;

use molt_base::{EntityId, Symbol};

use crate::func::{Function, imm_halves, imm_pair};
use crate::ops::ImmKind;
use crate::program::{
    ClassSite, ClassSiteId, CodeInfo, Const, ConstId, DataId, DataItem, Direct, Export, GlobalId, LocId, Module,
    ModuleId, Operation, Program, RelocTarget,
};
use crate::{FuncId, types::Type};

/// Takes a program over into another one, both as front ends make them. The entry of the first stays the entry; where it
/// has none, that of the second becomes it. Of a program that needs no object model (of which there is one at most) the root
/// becomes that of the part in GrokLang. The names of modules that stay without a body are the result: nobody made them.
pub fn join(program: &mut Program, other: Program) -> Vec<String> {
    debug_assert!(program.root.is_none(), "the first program has a root already");
    let numbers = Numbers::new(program, &other);
    for (old, new) in &numbers.new_globals {
        let global = &other.globals[*old];
        let made = program.global(numbers.module(global.module), numbers.symbol(global.name));
        debug_assert_eq!(made, *new);
    }
    for (_, class) in other.classes.iter() {
        program.classes.push(numbers.class(class));
    }
    program.operations.extend(other.operations.iter().map(|o| numbers.operation(o)));
    for (id, module) in other.modules.iter() {
        if !other.native {
            numbers.module_made(program, id, module);
        }
    }
    for (_, func) in other.funcs.iter() {
        let func = numbers.function(func.clone());
        program.funcs.push(func);
    }
    for (_, item) in other.data.iter() {
        let item = numbers.data_item(item.clone());
        program.data.push(item);
    }
    program.exports.extend(other.exports.iter().map(|(&name, e)| (numbers.symbol(name), numbers.export(e))));
    program.grok = program.grok.or(other.root.map(|d| numbers.data(d)));
    if other.native {
        return Vec::new();
    }
    program.entry_module = program.entry_module.or(other.entry_module.map(|m| numbers.module(m)));
    let unmade = program.modules.iter().filter(|(_, m)| m.body.is_none());
    unmade.map(|(_, m)| program.names.text(m.name).to_owned()).collect()
}

/// What everything of the second program is called in the first one.
struct Numbers {
    symbols: Vec<Symbol>,
    consts: Vec<ConstId>,
    locs: Vec<LocId>,
    modules: Vec<ModuleId>,
    globals: Vec<GlobalId>,
    /// Those among the variables that the first program does not have.
    new_globals: Vec<(GlobalId, GlobalId)>,
    classes: u32,
    operations: u64,
    funcs: u32,
    data: u32,
}

impl Numbers {
    fn new(program: &mut Program, other: &Program) -> Numbers {
        let symbols: Vec<Symbol> = other.names.symbols().map(|s| program.names.intern(other.names.text(s))).collect();
        let mut n = Numbers {
            consts: Vec::with_capacity(other.consts.len()),
            locs: other.positions.iter().map(|&p| program.position(p)).collect(),
            modules: Vec::with_capacity(other.modules.len()),
            globals: Vec::with_capacity(other.globals.len()),
            new_globals: Vec::new(),
            classes: program.classes.len() as u32,
            operations: program.operations.len() as u64,
            funcs: program.funcs.len() as u32,
            data: program.data.len() as u32,
            symbols,
        };
        for (_, value) in other.consts.iter() {
            let value = n.constant_value(value);
            n.consts.push(program.constant(value));
        }
        n.number_modules(program, other);
        n.number_globals(program, other);
        n
    }

    /// A tuple's items have smaller numbers than the tuple.
    fn constant_value(&self, value: &Const) -> Const {
        match value {
            Const::Tuple(items) => Const::Tuple(items.iter().map(|&i| self.constant(i)).collect()),
            value => value.clone(),
        }
    }

    fn number_modules(&mut self, program: &mut Program, other: &Program) {
        let by_name: HashMap<Symbol, ModuleId> = program.modules.iter().map(|(id, m)| (m.name, id)).collect();
        for (_, module) in other.modules.iter() {
            if other.native {
                // Its functions are nobody's in particular.
                self.modules.push(ModuleId(0));
                continue;
            }
            let name = self.symbol(module.name);
            let known = by_name.get(&name).filter(|&&id| module.body.is_none() || program.modules[id].body.is_none());
            let id = known.copied().unwrap_or_else(|| program.modules.push(Module { name, ..module.clone() }));
            self.modules.push(id);
        }
    }

    fn number_globals(&mut self, program: &Program, other: &Program) {
        let known: HashMap<(ModuleId, Symbol), GlobalId> =
            program.globals.iter().map(|(id, g)| ((g.module, g.name), id)).collect();
        for (old, global) in other.globals.iter() {
            let key = (self.module(global.module), self.symbol(global.name));
            let new = known.get(&key).copied().unwrap_or_else(|| {
                let new = GlobalId::from_index(program.globals.len() + self.new_globals.len());
                self.new_globals.push((old, new));
                new
            });
            self.globals.push(new);
        }
    }

    fn symbol(&self, s: Symbol) -> Symbol {
        self.symbols[s.0 as usize]
    }
    fn constant(&self, c: ConstId) -> ConstId {
        if c == ConstId::NONE { c } else { self.consts[c.index()] }
    }
    fn module(&self, m: ModuleId) -> ModuleId {
        self.modules[m.index()]
    }
    fn func(&self, f: FuncId) -> FuncId {
        FuncId(f.0 + self.funcs)
    }
    fn data(&self, d: DataId) -> DataId {
        DataId(d.0 + self.data)
    }

    fn data_item(&self, mut item: DataItem) -> DataItem {
        for reloc in &mut item.relocs {
            reloc.target = match reloc.target {
                RelocTarget::Data(d) => RelocTarget::Data(self.data(d)),
                RelocTarget::Func(f) => RelocTarget::Func(self.func(f)),
                target @ (RelocTarget::Rt(_) | RelocTarget::NativeModule(_)) => target,
            };
        }
        item
    }

    fn export(&self, export: &Export) -> Export {
        let direct = export.direct.as_ref().map(|d| Direct { func: self.func(d.func), ..d.clone() });
        Export { adapter: self.func(export.adapter), direct }
    }

    fn class_id(&self, c: u32) -> u32 {
        c + self.classes
    }

    fn class(&self, class: &ClassSite) -> ClassSite {
        ClassSite {
            name: self.symbol(class.name),
            module: self.module(class.module),
            slots: class.slots.iter().map(|&s| self.symbol(s)).collect(),
            methods: class.methods.iter().map(|&(name, f)| (self.symbol(name), self.func(f))).collect(),
            body: class.body.map(|f| self.func(f)),
            is_constructor: class.is_constructor,
        }
    }

    fn operation(&self, operation: &Operation) -> Operation {
        Operation { effect: self.symbol(operation.effect), name: self.symbol(operation.name), ..operation.clone() }
    }

    /// What the second program says of a module that it makes.
    fn module_made(&self, program: &mut Program, id: ModuleId, module: &Module) {
        let Some(body) = module.body else { return };
        program.modules[self.module(id)] = Module {
            name: self.symbol(module.name),
            filename: self.symbol(module.filename),
            doc: self.constant(module.doc),
            is_package: module.is_package,
            body: Some(self.func(body)),
        };
    }

    fn function(&self, mut func: Function) -> Function {
        func.name = self.symbol(func.name);
        func.qualname = self.symbol(func.qualname);
        func.module = self.module(func.module);
        func.code = func.code.map(|code| self.code(code));
        for value in func.values.iter_mut() {
            value.ty = self.ty(value.ty);
        }
        for inst in func.insts.iter_mut() {
            inst.loc = self.locs[inst.loc.0 as usize];
            inst.imm = self.immediate(inst.op.info().imm, inst.imm);
        }
        func
    }

    fn ty(&self, ty: Type) -> Type {
        match ty {
            Type::Obj(site) => Type::Obj(ClassSiteId(self.class_id(site.0))),
            ty => ty,
        }
    }

    fn code(&self, code: CodeInfo) -> CodeInfo {
        let all = |names: &[Symbol]| names.iter().map(|&s| self.symbol(s)).collect();
        CodeInfo {
            var_names: all(&code.var_names),
            free_names: all(&code.free_names),
            doc: code.doc.map(|c| self.constant(c)),
            ..code
        }
    }

    fn immediate(&self, kind: ImmKind, imm: u64) -> u64 {
        let (low, high) = imm_halves(imm);
        match kind {
            ImmKind::Const => u64::from(self.constant(ConstId(low)).0),
            ImmKind::Func => u64::from(self.func(FuncId(low)).0),
            ImmKind::Global => u64::from(self.globals[low as usize].0),
            ImmKind::ClassSite => u64::from(self.class_id(low)),
            ImmKind::Module => u64::from(self.module(ModuleId(low)).0),
            ImmKind::Name => u64::from(self.symbol(Symbol(low)).0),
            ImmKind::NameAndConst => imm_pair(self.symbol(Symbol(low)).0, self.constant(ConstId(high)).0),
            ImmKind::NameAndInt => imm_pair(self.symbol(Symbol(low)).0, high),
            ImmKind::IntAndConst => imm_pair(low, self.constant(ConstId(high)).0),
            ImmKind::Operation => imm + self.operations,
            ImmKind::None
            | ImmKind::Int
            | ImmKind::Float
            | ImmKind::Pair
            | ImmKind::Binary
            | ImmKind::Unary
            | ImmKind::Compare
            | ImmKind::IntCond
            | ImmKind::FloatCond
            | ImmKind::Rt
            | ImmKind::Slot => imm,
            ImmKind::Data => u64::from(self.data(DataId(low)).0),
        }
    }
}
