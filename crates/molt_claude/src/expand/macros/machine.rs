//! The programs that macros run in.
//!
//! A program has some macros and the definitions that they reach, in the order of the modules. A macro is compiled when it is
//! first used, together with all others that are complete by then, so most modules need one program. A macro that
//! reaches a definition that is not there, because it comes later, has a program of its own: what its code may see does
//! not depend on what it is used beside; reading such a definition is the error `uninitialized`.

use std::collections::{HashMap, HashSet, VecDeque};

use molt_base::{Arena, Span, Symbol};

use super::{Macro, MacroId, Reported, State};
use crate::core::{ExprId, ExprKind, Global, GlobalId, LambdaId, Module, ModuleId};
use crate::expand::Expander;
use crate::library::BUILTINS;
use crate::lower::{self, Purpose};
use crate::macros::{MacroRunner, MakeRunner, VARIABLE};
use crate::stx::{Mark, StxId};

/// Programs that are kept at a time; the one that was used longest ago goes first.
const MOST_PROGRAMS: usize = 4;

/// The macros of a compilation and what runs them.
pub(in crate::expand) struct Macros<'a> {
    pub all: Arena<MacroId, Macro>,
    /// Which macro wrote the symbols with a mark.
    pub writers: HashMap<Mark, MacroId>,
    /// By program and name, the marks of the symbols that `gensym` made.
    pub generated: HashMap<(u32, Symbol), Mark>,
    pub too_deep: bool,
    make: MakeRunner<'a>,
    runner: Option<Box<dyn MacroRunner>>,
    /// The programs that are loaded, those used last at the end.
    programs: VecDeque<u32>,
}

impl<'a> Macros<'a> {
    pub fn new(make: MakeRunner<'a>) -> Macros<'a> {
        Macros {
            all: Arena::new(),
            writers: HashMap::new(),
            generated: HashMap::new(),
            too_deep: false,
            make,
            runner: None,
            programs: VecDeque::new(),
        }
    }

    pub fn runner(&mut self) -> &mut dyn MacroRunner {
        let make = self.make;
        self.runner.get_or_insert_with(make).as_mut()
    }

    fn used(&mut self, program: u32) {
        self.programs.retain(|&p| p != program);
        self.programs.push_back(program);
    }

    fn make_room(&mut self) {
        while self.programs.len() >= MOST_PROGRAMS {
            let oldest = self.programs.pop_front().expect("there are some");
            self.runner().unload(oldest);
            for m in self.all.ids().collect::<Vec<_>>() {
                if matches!(self.all[m].state, State::Loaded(p, _) if p == oldest) {
                    self.all[m].state = State::Unloaded;
                }
            }
        }
    }
}

/// What the code of a macro reaches.
#[derive(Default)]
struct Reach {
    /// The definitions that are there.
    found: HashSet<GlobalId>,
    /// Something is not there yet.
    is_partial: bool,
    /// There is an error in it.
    is_wrong: bool,
}

impl Expander<'_> {
    /// The program of a macro and its place there.
    pub(super) fn ready(&mut self, m: MacroId, form: StxId) -> Result<(u32, usize), Reported> {
        let mut state = self.macros.all[m].state;
        if matches!(state, State::Fresh | State::Unloaded) {
            self.load(m, form)?;
            state = self.macros.all[m].state;
        }
        match state {
            State::Loaded(program, index) => {
                self.macros.used(program);
                Ok((program, index))
            }
            State::Fresh | State::Unloaded | State::Broken => Err(Reported),
        }
    }

    fn load(&mut self, m: MacroId, form: StxId) -> Result<(), Reported> {
        let wanted = self.macros.all[m].state;
        let mut reach = self.reach(m);
        if reach.is_wrong {
            self.macros.all[m].state = State::Broken;
            return Err(Reported);
        }
        let mut group = vec![m];
        if !reach.is_partial {
            self.add_others(m, wanted, &mut group, &mut reach);
        }
        // What was looked at may have needed a macro of the group.
        group.retain(|&m| !matches!(self.macros.all[m].state, State::Loaded(..)));
        if !group.contains(&m) {
            return Ok(());
        }
        let program = self.program_of(&group, &reach.found, self.syntax.span(form));
        self.macros.make_room();
        match self.macros.runner().load(program) {
            Ok(program) => {
                self.macros.used(program);
                for (i, m) in group.into_iter().enumerate() {
                    self.macros.all[m].state = State::Loaded(program, i);
                }
                Ok(())
            }
            Err(failure) => {
                self.macros.all[m].state = State::Broken;
                Err(self.failed(m, form, &failure))
            }
        }
    }

    /// Adds the other macros that may go into the same program: new ones, and if one is wanted that was there before, also
    /// others that were.
    fn add_others(&mut self, m: MacroId, wanted: State, group: &mut Vec<MacroId>, reach: &mut Reach) {
        for other in self.macros.all.ids().collect::<Vec<_>>() {
            let Macro { state, module, .. } = self.macros.all[other];
            let is_complete = module == self.module || self.core.order.contains(&module);
            if other == m || !is_complete || !(state == State::Fresh || state == wanted) {
                continue;
            }
            let more = self.reach(other);
            // Definitions with values are made when the program is loaded: only those of the macro that is wanted.
            let has_values = more.found.difference(&reach.found).any(|&g| self.core.globals[g].lambda.is_none());
            if !more.is_partial && !more.is_wrong && !has_values {
                reach.found.extend(more.found);
                group.push(other);
            }
        }
    }

    /// Follows the code of a macro; definitions of the module at hand that it needs are expanded for that.
    fn reach(&mut self, m: MacroId) -> Reach {
        let (before, module) = (self.macros.all[m].before, self.macros.all[m].module);
        let mut reach = Reach::default();
        let (mut todo, mut lambdas) = (Vec::new(), HashSet::new());
        self.enter(self.macros.all[m].lambda, &mut lambdas, &mut todo);
        while let Some(e) = todo.pop() {
            let mut globals = Vec::new();
            match self.core.kind(e) {
                ExprKind::Error => reach.is_wrong = true,
                ExprKind::Global(g) => globals.push(*g),
                ExprKind::Builtin(b) => globals.extend(BUILTINS[b.0 as usize].value.map(|v| self.library_global(v))),
                ExprKind::Lambda(l) => self.enter(*l, &mut lambdas, &mut todo),
                _ => {}
            }
            lower::parts(self.core, e, &mut |part| todo.push(part));
            for g in globals {
                if reach.found.contains(&g) {
                    continue;
                }
                if self.core.globals[g].module == self.module && module == self.module {
                    self.expand_early(g, before);
                }
                match self.modules.inits.get(&g).filter(|_| self.is_before(g, before, module)) {
                    Some(&init) => {
                        reach.found.insert(g);
                        todo.push(init);
                    }
                    None => reach.is_partial = true,
                }
            }
        }
        reach
    }

    fn enter(&self, lambda: LambdaId, seen: &mut HashSet<LambdaId>, todo: &mut Vec<ExprId>) {
        if seen.insert(lambda) {
            let lambda = &self.core.lambdas[lambda];
            todo.extend(lambda.params.iter().filter_map(|p| p.default));
            todo.push(lambda.body);
        }
    }

    fn library_global(&self, name: &str) -> GlobalId {
        let name = self.core.names.lookup(name).expect("the library defines it");
        lower::library_global(self.core, name)
    }

    /// The program of some macros with the definitions that they reach.
    fn program_of(&mut self, group: &[MacroId], found: &HashSet<GlobalId>, span: Span) -> molt_ir::Program {
        let order = self.core.order.clone();
        let mut modules = order.clone();
        if !modules.contains(&self.module) {
            modules.push(self.module);
        }
        let mut bodies = Vec::new();
        for &m in &modules {
            let all: Vec<ExprId> =
                if order.contains(&m) { self.core.modules[m].body.clone() } else { self.expanded_forms().collect() };
            let is_found = |&e: &ExprId| matches!(self.core.kind(e), ExprKind::InitGlobal(g, _) if found.contains(g));
            let wanted = all.into_iter().filter(is_found).collect();
            bodies.push((m, std::mem::replace(&mut self.core.modules[m].body, wanted)));
        }
        modules.push(self.entry_of(group, span));
        self.core.order = modules;
        let program = lower::program(self.core, self.syntax, self.sources, Purpose::Expansion, false);
        self.core.order = order;
        for (m, body) in bodies {
            self.core.modules[m].body = body;
        }
        program
    }

    /// A module whose one variable is the list of some macros.
    fn entry_of(&mut self, group: &[MacroId], span: Span) -> ModuleId {
        let name = self.core.names.intern("<macros>");
        let module = Module::new(name, name);
        let module = self.core.modules.push(module);
        let name = self.core.names.intern(VARIABLE);
        let variable = self.core.globals.push(Global::new(module, name, span));
        let macros: Vec<LambdaId> = group.iter().map(|&m| self.macros.all[m].lambda).collect();
        let list: Vec<ExprId> = macros.into_iter().map(|l| self.core.expr(ExprKind::Lambda(l), span)).collect();
        let list = self.core.expr(ExprKind::List(list.into()), span);
        let body = self.core.expr(ExprKind::InitGlobal(variable, list), span);
        self.core.modules[module].body = vec![body];
        module
    }
}
