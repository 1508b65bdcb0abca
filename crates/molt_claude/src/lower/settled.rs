//! Programs that share an isolate, one after the other: what those before have settled for those to come.
//!
//! Compiled code names variables of modules, modules and classes by numbers. A program that goes on in the isolate of others
//! begins with their tables, so what it shares with them has the same numbers, and its own follow.

use std::collections::HashMap;

use molt_ir::{ClassSite, ConstId, ModuleId as IrModule, Program};

use super::Modules;
use crate::core::{Core, Module};

/// The variables of the library that change are in a module of this name, which outlives the program.
const STATE: &str = "<state>";
/// The module of places that the constants of earlier programs have among the variables.
const RESERVED: &str = "<reserved>";
const LIBRARY: &str = "<library>";

/// The tables of the programs so far. Names are texts: each program numbers its own.
#[derive(Clone, Default, Debug)]
pub struct Settled {
    /// Name and file.
    modules: Vec<(String, String)>,
    /// Place of the module, and name.
    globals: Vec<(usize, String)>,
    /// Name and number of fields.
    classes: Vec<(String, usize)>,
}

impl Settled {
    /// The tables after a program that has gone through the passes; `constants` that the runtime makes for it follow its
    /// variables.
    pub fn after(program: &Program, constants: usize) -> Settled {
        let text = |s| program.names.text(s).to_owned();
        let mut modules: Vec<(String, String)> =
            program.modules.iter().map(|(_, m)| (text(m.name), text(m.filename))).collect();
        let mut globals: Vec<(usize, String)> =
            program.globals.iter().map(|(_, g)| (g.module.0 as usize, text(g.name))).collect();
        // As they are numbered: those of a module in a row.
        globals.sort_by_key(|g| g.0);
        globals.extend((0..constants).map(|i| (modules.len(), format!("{i}"))));
        modules.push((RESERVED.to_owned(), String::new()));
        let classes = program.classes.iter().map(|(_, c)| (text(c.name), c.slots.len())).collect();
        Settled { modules, globals, classes }
    }

    /// Begins a program with the tables; the modules of a core in it.
    pub(super) fn seed(&self, core: &Core, program: &mut Program) -> Modules {
        for (name, file) in &self.modules {
            let (name, filename) = (program.names.intern(name), program.names.intern(file));
            let doc = ConstId::NONE;
            program.modules.push(molt_ir::Module { name, filename, doc, is_package: false, body: None });
        }
        for (module, name) in &self.globals {
            let name = program.names.intern(name);
            program.global(IrModule(*module as u32), name);
        }
        for (name, arity) in &self.classes {
            let name = program.names.intern(name);
            let slots = (0..*arity).map(|i| program.names.intern(&format!("_{i}"))).collect();
            let (module, methods) = (IrModule(0), Vec::new());
            program.classes.push(ClassSite { name, module, slots, methods, body: None, is_constructor: true });
        }
        self.modules(core, program)
    }

    fn modules(&self, core: &Core, program: &mut Program) -> Modules {
        let known: HashMap<(&str, &str), usize> =
            self.modules.iter().enumerate().map(|(i, (name, file))| ((&**name, &**file), i)).collect();
        let mut modules = Modules::default();
        let is_first = !known.contains_key(&(STATE, LIBRARY));
        for (i, &m) in core.order.iter().enumerate() {
            let Module { name, file, .. } = core.modules[m];
            let earlier = known.get(&(core.names.text(name), core.names.text(file))).filter(|_| i > 0);
            let here = match earlier {
                Some(&at) => {
                    modules.earlier.insert(m);
                    IrModule(at as u32)
                }
                None => super::add_module(program, core, m, false),
            };
            modules.all.insert(m, here);
        }
        let state = match known.get(&(STATE, LIBRARY)) {
            Some(&at) => IrModule(at as u32),
            None => {
                let (name, filename) = (program.names.intern(STATE), program.names.intern(LIBRARY));
                let doc = ConstId::NONE;
                program.modules.push(molt_ir::Module { name, filename, doc, is_package: false, body: None })
            }
        };
        modules.state = Some((state, is_first));
        modules
    }
}
