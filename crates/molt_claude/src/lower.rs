//! From core to the semantic IR.
//!
//! Procedures become functions, known calls direct ones, loops blocks; [`analysis`] says what is what. Only what the
//! program can reach is lowered: library functions cost nothing where they are not used.

pub mod analysis;
mod body;
mod calls;
mod constants;
mod control;
mod matching;
pub mod settled;
mod tries;

use std::collections::{HashMap, HashSet};

use molt_abi::layout::Position;
use molt_base::{EntityId, SourceMap, Span};
use molt_ir::{FuncId, Function, FunctionKind, GlobalId as IrGlobal, LocId, ModuleId as IrModule, Program};

use crate::core::{Core, CtorId, GlobalId, LambdaId, ModuleId, OpId};
use crate::library::BuiltinId;
use crate::stx::{StxId, Syntax};
use analysis::Analysis;
use body::Body;

pub(crate) use analysis::parts;
pub(crate) use calls::library_global;
pub use settled::Settled;

/// What a program is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    Run,
    /// To run macros: data remember what they come from, and variables of modules are not assigned.
    Expansion,
}

/// The program of a core without errors.
///
/// `is_mixed`: other languages take part, whose modules have names that those of ClaudeLang must not take.
pub fn program(core: &Core, syntax: &Syntax, sources: &SourceMap, purpose: Purpose, is_mixed: bool) -> Program {
    let mut program = Program::new();
    program.names = core.names.clone();
    let modules = core.order.iter().map(|&m| (m, add_module(&mut program, core, m, is_mixed))).collect();
    lowered(core, syntax, sources, purpose, program, Modules { all: modules, ..Modules::default() })
}

/// A program that goes on in the isolate of others: the modules that these evaluated have no code in it, and what is
/// numbered has the same numbers.
pub fn next_program(core: &Core, syntax: &Syntax, sources: &SourceMap, settled: &Settled) -> Program {
    let mut program = Program::new();
    program.names = core.names.clone();
    program.is_continued = true;
    let modules = settled.seed(core, &mut program);
    lowered(core, syntax, sources, Purpose::Run, program, modules)
}

fn lowered(
    core: &Core,
    syntax: &Syntax,
    sources: &SourceMap,
    purpose: Purpose,
    mut program: Program,
    modules: Modules,
) -> Program {
    let analysis = Analysis::new(core);
    let hidden = program.names.intern(" value");
    let ctors = program.classes.iter().map(|(id, c)| ((c.name, c.slots.len()), id)).collect();
    let mut lower = Lower {
        core,
        syntax,
        sources,
        purpose,
        analysis: &analysis,
        program,
        functions: HashMap::new(),
        waiting: Vec::new(),
        modules,
        ctors,
        names: HashMap::new(),
        quotes: HashMap::new(),
        wrappers: HashMap::new(),
        nullary: HashMap::new(),
        operations: HashMap::new(),
        handled: handled(core),
        values: Vec::new(),
        has_value: vec![false; core.globals.len()],
        lines: HashMap::new(),
        foreign: HashMap::new(),
        hidden,
    };
    lower.run();
    lower.program
}

/// Effects that some clause answers.
fn handled(core: &Core) -> Vec<bool> {
    let mut handled = vec![core.is_observed; core.effects.len()];
    for (_, e) in core.exprs.iter() {
        if let crate::core::ExprKind::Handler(h) | crate::core::ExprKind::MakeHandler(h) = &e.kind {
            h.clauses.iter().for_each(|c| handled[c.effect.index()] = true);
        }
    }
    handled
}

/// The modules of a core in the program.
#[derive(Default)]
pub(crate) struct Modules {
    all: HashMap<ModuleId, IrModule>,
    /// Those that an earlier program in the same isolate has.
    earlier: HashSet<ModuleId>,
    /// Where programs that share an isolate keep the variables of the library that change; whether this is the first.
    state: Option<(IrModule, bool)>,
}

fn add_module(program: &mut Program, core: &Core, m: ModuleId, is_mixed: bool) -> IrModule {
    let module = &core.modules[m];
    let name = match is_mixed && !module.is_surface {
        true => program.names.intern(&format!("claudelang/{}", core.names.text(module.name))),
        false => module.name,
    };
    let doc = match module.doc {
        Some(doc) => program.const_symbol(doc),
        None => molt_ir::ConstId::NONE,
    };
    program.modules.push(molt_ir::Module { name, filename: module.file, doc, is_package: false, body: None })
}

/// What has a function only where it is used as a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Wrapped {
    Ctor(CtorId),
    Builtin(BuiltinId),
    Operation(OpId),
}

/// What all functions of a program share.
struct Lower<'a> {
    core: &'a Core,
    syntax: &'a Syntax,
    sources: &'a SourceMap,
    purpose: Purpose,
    analysis: &'a Analysis,
    program: Program,
    functions: HashMap<LambdaId, FuncId>,
    /// Procedures that have a number and no code yet.
    waiting: Vec<LambdaId>,
    modules: Modules,
    /// Symbols and keywords that the program asks the runtime for, where those of its data are not the only ones.
    names: HashMap<molt_ir::Const, IrGlobal>,
    /// By name and number of fields: a tag is a symbol, whatever module declares it.
    ctors: HashMap<(molt_base::Symbol, usize), molt_ir::ClassSiteId>,
    quotes: HashMap<StxId, IrGlobal>,
    /// Functions that stand for constructors, library functions and operations as values.
    wrappers: HashMap<Wrapped, FuncId>,
    /// Places of operations in the program's table.
    operations: HashMap<OpId, usize>,
    /// By effect: whether some clause of the program answers it.
    handled: Vec<bool>,
    /// Values of constructors without fields.
    nullary: HashMap<molt_ir::ClassSiteId, IrGlobal>,
    /// Variables of modules that are read as values, in the order in which that was found out.
    values: Vec<GlobalId>,
    has_value: Vec<bool>,
    lines: HashMap<Span, LocId>,
    /// Modules of Python by their dotted names.
    foreign: HashMap<molt_base::Symbol, IrModule>,
    /// The name of the variables that `and` and `or` make.
    hidden: molt_base::Symbol,
}

impl Lower<'_> {
    fn run(&mut self) {
        for (id, global) in self.core.globals.iter() {
            if self.core.modules[global.module].is_surface || self.is_of_later_programs(id) {
                self.global(id);
            }
        }
        let (entry, before) = self.core.order.split_last().expect("there is an entry");
        self.module(*entry);
        for &m in before.iter().rev() {
            if !self.modules.earlier.contains(&m) {
                self.module(m);
            }
        }
        self.program.entry_module = Some(self.ir_module(*entry));
    }

    /// Whether programs that come later in the same isolate may use a variable that this one makes.
    fn is_of_later_programs(&self, g: GlobalId) -> bool {
        let Some((_, is_first)) = self.modules.state else { return false };
        let global = &self.core.globals[g];
        match self.is_library(global.module) {
            true => is_first && global.is_set,
            false => self.modules.all.contains_key(&global.module) && !self.modules.earlier.contains(&global.module),
        }
    }

    /// Whether an earlier program has given a variable of the library its value, which may have changed since.
    fn is_kept(&self, g: GlobalId) -> bool {
        let global = &self.core.globals[g];
        matches!(self.modules.state, Some((_, false))) && self.is_library(global.module) && global.is_set
    }

    fn is_library(&self, m: ModuleId) -> bool {
        self.core.order.first() == Some(&m)
    }

    fn ir_module(&self, m: ModuleId) -> IrModule {
        self.modules.all[&m]
    }

    /// A module of Python, which another front end makes.
    fn foreign_module(&mut self, dotted: molt_base::Symbol) -> IrModule {
        let program = &mut self.program;
        *self.foreign.entry(dotted).or_insert_with(|| {
            let filename = program.names.intern("");
            let doc = molt_ir::ConstId::NONE;
            program.modules.push(molt_ir::Module { name: dotted, filename, doc, is_package: false, body: None })
        })
    }

    /// The modules that are evaluated before the body of one: macros run where all are.
    fn modules_before(&self, m: ModuleId) -> Vec<IrModule> {
        let (entry, before) = self.core.order.split_last().expect("there is an entry");
        let is_start = m == *entry || self.core.modules[m].is_surface;
        let first = if is_start { &before[..before.len().min(1)] } else { &[] };
        let all = match self.purpose {
            Purpose::Expansion if m == *entry => before.to_vec(),
            Purpose::Expansion => Vec::new(),
            Purpose::Run => first.iter().chain(&self.core.modules[m].imports).copied().collect(),
        };
        all.into_iter().map(|m| self.ir_module(m)).collect()
    }

    /// The body of a module, and everything that it reaches. Modules are taken from the last to the first, so that each
    /// knows what the later ones ask of it.
    fn module(&mut self, m: ModuleId) {
        let module = self.ir_module(m);
        let name = self.program.names.intern("<module>");
        let mut func = Function::new(name, module, FunctionKind::Plain);
        func.code = Some(molt_ir::program::CodeInfo { arg_count: 1, claude: true, ..Default::default() });
        let id = self.program.funcs.push(func.clone());
        self.program.modules[module].body = Some(id);
        // Made anew for as long as further variables of this module are asked for.
        loop {
            self.lower_waiting();
            let asked = self.values.len();
            let body = Body::module(self, func.clone(), m);
            self.program.funcs[id] = body;
            if self.waiting.is_empty() && self.values.len() == asked {
                break;
            }
        }
    }

    fn lower_waiting(&mut self) {
        while let Some(lambda) = self.waiting.pop() {
            let func = Body::lambda(self, lambda);
            let id = self.functions[&lambda];
            self.program.funcs[id] = func;
        }
    }

    /// The function of a procedure.
    fn function(&mut self, lambda: LambdaId) -> FuncId {
        if let Some(&id) = self.functions.get(&lambda) {
            return id;
        }
        let name = self.core.lambdas[lambda].name;
        let func = Function::new(name, self.module_of(lambda), FunctionKind::Plain);
        let id = self.program.funcs.push(func);
        self.functions.insert(lambda, id);
        self.waiting.push(lambda);
        id
    }

    fn module_of(&self, lambda: LambdaId) -> IrModule {
        let file = self.core.lambdas[lambda].span.file;
        let name = self.sources.file(file).name.as_ref();
        let fits = |m: &&ModuleId| self.core.names.text(self.core.modules[**m].file) == name;
        let found = self.core.order.iter().find(fits).copied().unwrap_or(self.core.order[0]);
        self.ir_module(found)
    }

    /// The slot of a variable of a module; it is kept up to date from now on.
    fn global(&mut self, g: GlobalId) -> IrGlobal {
        if !std::mem::replace(&mut self.has_value[g.index()], true) {
            self.values.push(g);
        }
        self.global_slot(g)
    }

    fn global_slot(&mut self, g: GlobalId) -> IrGlobal {
        let global = &self.core.globals[g];
        let module = match self.modules.state {
            Some((state, _)) if global.is_set && self.is_library(global.module) => state,
            _ => self.ir_module(global.module),
        };
        self.program.global(module, global.name)
    }

    fn ctor(&mut self, c: CtorId) -> molt_ir::ClassSiteId {
        let ctor = &self.core.ctors[c];
        let key = (ctor.name, ctor.fields.len());
        if let Some(&site) = self.ctors.get(&key) {
            return site;
        }
        let module = self.ir_module(self.core.data_types[ctor.data].module);
        let slots = (0..ctor.fields.len()).map(|i| self.program.names.intern(&format!("_{i}"))).collect();
        let site = molt_ir::ClassSite {
            name: ctor.name,
            module,
            slots,
            methods: Vec::new(),
            body: None,
            is_constructor: true,
        };
        let site = self.program.classes.push(site);
        self.ctors.insert(key, site);
        site
    }

    /// Line and columns of a place, columns in code points from 0.
    fn position(&mut self, span: Span) -> LocId {
        if let Some(&loc) = self.lines.get(&span) {
            return loc;
        }
        let file = self.sources.file(span.file);
        let place = |offset: u32| {
            let (line, col) = file.lines().line_col(offset);
            let start = (offset - col) as usize;
            (line, file.text[start..offset as usize].chars().count() as u32)
        };
        let ((line, col), (end_line, end_col)) = (place(span.start), place(span.end));
        let position = Position { line, col, end_line, end_col, ..Position::default() };
        let loc = self.program.position(position);
        self.lines.insert(span, loc);
        loc
    }
}
