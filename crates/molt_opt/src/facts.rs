//! What the whole program tells about its module variables.
//!
//! A variable that one `global.set` binds to one function is that function wherever it is bound at all, and so is one that
//! an import binds to what such a variable of another module holds, provided
//! nobody can write module variables behind the compiler's back. The ways to do that are few: an attribute assignment
//! on a module (seen by its name), and code that gets hold of a module or its dictionary as a value. [`Facts::new`]
//! looks for each of them; if one is there, nothing is claimed. Nor is it where other programs share the isolate.

use std::collections::{HashMap, HashSet};

use molt_base::Symbol;
use molt_ir::func::imm_halves;
use molt_ir::{FuncId, Function, GlobalId, InstId, ModuleId, Op, Program, ValueDef, ValueId};

/// Builtins whose use gives a way to module dictionaries.
const OPENING_BUILTINS: &[&str] = &["globals", "vars", "locals", "exec", "eval", "compile", "__import__"];
/// Attributes whose reading gives a way to module dictionaries.
const OPENING_ATTRIBUTES: &[&str] = &["modules", "__globals__", "f_globals", "import_module", "__builtins__"];

/// Imports that hand one function on.
const MOST_IMPORTS: usize = 8;

/// Functions of one name that are remembered.
const MOST_TARGETS: usize = 4;

/// Facts about module variables.
#[derive(Debug, Default)]
pub struct Facts {
    /// Variables bound in one place, to a function.
    pub bound_once: HashMap<GlobalId, FuncId>,
    /// Variables that hold one module of the program.
    modules: HashMap<GlobalId, ModuleId>,
    by_name: HashMap<(ModuleId, Symbol), GlobalId>,
    /// Variables that hold one native module wherever they are bound; nobody else gets hold of it.
    natives: HashMap<GlobalId, Symbol>,
    /// Names assigned or deleted as attributes anywhere.
    assigned: HashSet<Symbol>,
    /// Functions by the names they were defined with, a few of each: guesses at what a method call reaches.
    pub defined: HashMap<Symbol, Vec<FuncId>>,
    /// Whether `bound_once` holds for sure, or is a guess to be tested at run time.
    pub proven: bool,
    /// Whether the program gets hold of the module of builtins, and so may change it.
    pub builtins_open: bool,
}

impl Facts {
    pub fn new(program: &Program) -> Facts {
        let mut scan = Scan {
            program,
            bound: HashMap::new(),
            defined: HashMap::new(),
            open: program.is_continued,
            builtins_open: false,
            assigned: HashSet::new(),
        };
        for (_, f) in program.funcs.iter() {
            scan.function(f);
        }
        let natives = if scan.open { HashMap::new() } else { scan.native_modules() };
        let assigned = scan.assigned;
        let mut bound = scan.bound;
        bound.retain(|g, b| b.is_some() && !assigned.contains(&program.globals[*g].name));
        let by_name: HashMap<(ModuleId, Symbol), GlobalId> =
            program.globals.iter().map(|(id, g)| ((g.module, g.name), id)).collect();
        let function = |mut g: GlobalId| {
            for _ in 0..MOST_IMPORTS {
                match bound.get(&g).copied().flatten()? {
                    Bound::Function(f) => return Some(f),
                    Bound::From(module, name) => g = *by_name.get(&(module, name))?,
                    Bound::Module(_) => return None,
                }
            }
            None
        };
        let bound_once: HashMap<GlobalId, FuncId> = bound.keys().filter_map(|&g| Some((g, function(g)?))).collect();
        let modules = bound.iter().filter_map(|(&g, b)| match b {
            Some(Bound::Module(m)) => Some((g, *m)),
            _ => None,
        });
        let modules = modules.collect();
        let defined = scan.defined;
        Facts {
            bound_once,
            modules,
            by_name,
            natives,
            assigned,
            defined,
            proven: !scan.open,
            builtins_open: scan.builtins_open,
        }
    }

    /// The function that a callee value stands for.
    pub fn callee(&self, func: &Function, mut callee: ValueId) -> Option<FuncId> {
        loop {
            let ValueDef::Result(def, _) = func.values[callee].def else { return None };
            match func.insts[def].op {
                Op::PyCheckBound => callee = func.args(def)[0],
                Op::GlobalGet => return self.bound_once.get(&GlobalId(func.insts[def].imm as u32)).copied(),
                _ => return None,
            }
        }
    }
}

impl Facts {
    /// The function that a method call on a module of the program reaches, by what the module binds the name to.
    pub fn module_call(&self, func: &Function, inst: InstId) -> Option<FuncId> {
        let (name, keywords) = imm_halves(func.insts[inst].imm);
        let mut receiver = func.args(inst)[0];
        loop {
            let ValueDef::Result(def, _) = func.values[receiver].def else { return None };
            match func.insts[def].op {
                Op::PyCheckBound => receiver = func.args(def)[0],
                Op::GlobalGet if keywords == u32::MAX => {
                    let module = *self.modules.get(&GlobalId(func.insts[def].imm as u32))?;
                    return self.bound_once.get(self.by_name.get(&(module, Symbol(name)))?).copied();
                }
                _ => return None,
            }
        }
    }

    /// Module and name of the native function that a method call reaches.
    pub fn native_call<'a>(&self, program: &'a Program, func: &Function, inst: InstId) -> Option<(&'a str, &'a str)> {
        let mut receiver = func.args(inst)[0];
        loop {
            let ValueDef::Result(def, _) = func.values[receiver].def else { return None };
            match func.insts[def].op {
                Op::PyCheckBound => receiver = func.args(def)[0],
                Op::GlobalGet => {
                    let module = self.natives.get(&GlobalId(func.insts[def].imm as u32))?;
                    let (name, keywords) = imm_halves(func.insts[inst].imm);
                    let plain = keywords == u32::MAX && !self.assigned.contains(&Symbol(name));
                    return plain.then(|| (program.names.text(*module), program.names.text(Symbol(name))));
                }
                _ => return None,
            }
        }
    }
}

/// What the only `global.set` of a variable binds it to.
#[derive(Clone, Copy, Debug)]
enum Bound {
    Function(FuncId),
    Module(ModuleId),
    /// What a module has under a name.
    From(ModuleId, Symbol),
}

struct Scan<'a> {
    program: &'a Program,
    bound: HashMap<GlobalId, Option<Bound>>,
    defined: HashMap<Symbol, Vec<FuncId>>,
    open: bool,
    builtins_open: bool,
    /// Names assigned or deleted as attributes anywhere.
    assigned: HashSet<Symbol>,
}

impl Scan<'_> {
    fn function(&mut self, f: &Function) {
        for &b in &f.layout {
            for &i in &f.blocks[b].insts {
                let inst = f.insts[i];
                let symbol = Symbol(imm_halves(inst.imm).0);
                match inst.op {
                    Op::GlobalSet => self.bind(f, GlobalId(inst.imm as u32), f.args(i)[0]),
                    Op::PyBuiltin if OPENING_BUILTINS.contains(&self.program.names.text(symbol)) => self.open = true,
                    Op::PyImportNative if self.program.names.text(Symbol(inst.imm as u32)) == "builtins" => {
                        self.builtins_open = true;
                    }
                    Op::PyGetAttr | Op::PyCallMethod | Op::PyImportFrom
                        if OPENING_ATTRIBUTES.contains(&self.program.names.text(symbol)) =>
                    {
                        self.open |= inst.op != Op::PyGetAttr || !only_stored_into(f, f.result(i));
                    }
                    Op::PySetAttr | Op::PyDelAttr => {
                        self.assigned.insert(symbol);
                    }
                    Op::PyFunction => self.define(FuncId(symbol.0)),
                    Op::PyImport => self.module_uses(f, f.result(i)),
                    _ => {}
                }
            }
        }
    }

    fn define(&mut self, id: FuncId) {
        let list = self.defined.entry(self.program.funcs[id].name).or_default();
        if list.len() < MOST_TARGETS && !list.contains(&id) {
            list.push(id);
        }
    }

    /// Variables that hold one native module, of those that never leave their variables.
    fn native_modules(&self) -> HashMap<GlobalId, Symbol> {
        let mut found: HashMap<GlobalId, Option<Symbol>> = HashMap::new();
        let mut escaped = HashSet::new();
        for (_, f) in self.program.funcs.iter() {
            for &i in f.layout.iter().flat_map(|&b| &f.blocks[b].insts) {
                let symbol = Symbol(f.insts[i].imm as u32);
                if f.insts[i].op == Op::PyImportNative && !self.stays_in_variables(f, f.result(i)) {
                    escaped.insert(symbol);
                }
                if f.insts[i].op == Op::GlobalSet {
                    let module = native_module(f, f.args(i)[0]);
                    let entry = found.entry(GlobalId(f.insts[i].imm as u32)).or_insert(module);
                    *entry = entry.filter(|m| Some(*m) == module);
                }
            }
        }
        found.into_iter().filter_map(|(g, module)| Some((g, module?))).filter(|(_, m)| !escaped.contains(m)).collect()
    }

    /// Whether a module is bound to module variables and otherwise used for its attributes only.
    fn stays_in_variables(&self, f: &Function, module: ValueId) -> bool {
        f.layout.iter().flat_map(|&b| &f.blocks[b].insts).all(|&i| {
            if f.edges(i).iter().any(|&e| f.edge_args(e).contains(&module)) {
                return false;
            }
            let uses = uses(f, i, module);
            match f.insts[i].op {
                _ if uses.is_empty() => true,
                Op::PyGetAttr | Op::PyImportFrom | Op::PyCallMethod => uses == [0],
                Op::GlobalSet => self.only_attributes_of(GlobalId(f.insts[i].imm as u32)),
                Op::RcInc | Op::RcDec | Op::Keep => true,
                _ => false,
            }
        })
    }

    fn bind(&mut self, f: &Function, global: GlobalId, value: ValueId) {
        let bound = match f.values[value].def {
            ValueDef::Result(def, _) => {
                let imm = f.insts[def].imm as u32;
                match f.insts[def].op {
                    Op::PyFunction => Some(Bound::Function(FuncId(imm))),
                    Op::PyImport => Some(Bound::Module(ModuleId(imm))),
                    Op::PyImportFrom => imported(f, f.args(def)[0]).map(|m| Bound::From(m, Symbol(imm))),
                    _ => None,
                }
            }
            _ => None,
        };
        self.bound.entry(global).and_modify(|v| *v = None).or_insert(bound);
    }

    /// A module value may be bound to a variable or have its attributes used; anything else lets it escape.
    fn module_uses(&mut self, f: &Function, module: ValueId) {
        self.open |= !self.stays_in_variables(f, module);
    }

    /// Whether every reading of a module variable is the receiver of an attribute operation.
    fn only_attributes_of(&self, global: GlobalId) -> bool {
        self.program.funcs.iter().all(|(_, f)| {
            f.layout.iter().flat_map(|&b| &f.blocks[b].insts).all(|&i| {
                let reads = f.insts[i].op == Op::GlobalGet && f.insts[i].imm as u32 == global.0;
                !reads || attribute_receiver_only(f, f.result(i))
            })
        })
    }
}

/// Whether a value is nothing but a container that items are put into, as in `sys.modules[name] = module`.
fn only_stored_into(f: &Function, v: ValueId) -> bool {
    f.layout.iter().flat_map(|&b| &f.blocks[b].insts).all(|&i| {
        let stored = f.insts[i].op == Op::PySetItem && f.args(i)[1..].iter().all(|&a| a != v);
        let used = f.args(i).contains(&v) || f.edges(i).iter().any(|&e| f.edge_args(e).contains(&v));
        stored || !used
    })
}

/// Positions of a value among the operands of an instruction.
fn uses(f: &Function, inst: InstId, v: ValueId) -> Vec<usize> {
    (0..f.args(inst).len()).filter(|&n| f.args(inst)[n] == v).collect()
}

/// The module of the program that a value is.
fn imported(f: &Function, v: ValueId) -> Option<ModuleId> {
    let ValueDef::Result(def, _) = f.values[v].def else { return None };
    (f.insts[def].op == Op::PyImport).then(|| ModuleId(f.insts[def].imm as u32))
}

/// The native module that a value is.
fn native_module(f: &Function, v: ValueId) -> Option<Symbol> {
    let ValueDef::Result(def, _) = f.values[v].def else { return None };
    (f.insts[def].op == Op::PyImportNative).then(|| Symbol(f.insts[def].imm as u32))
}

fn attribute_receiver_only(f: &Function, v: ValueId) -> bool {
    f.layout.iter().flat_map(|&b| &f.blocks[b].insts).all(|&i| {
        if f.edges(i).iter().any(|&e| f.edge_args(e).contains(&v)) {
            return false;
        }
        let uses = uses(f, i, v);
        match f.insts[i].op {
            _ if uses.is_empty() => true,
            Op::PyGetAttr | Op::PyCallMethod => uses == [0],
            Op::PyCheckBound => attribute_receiver_only(f, f.result(i)),
            Op::IsUnbound | Op::RcInc | Op::RcDec | Op::Keep => true,
            _ => false,
        }
    })
}
