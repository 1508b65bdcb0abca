//! Import statements. Every module is known; what is missing raises at run time where the program provides for it.

use molt_ir::{ConstId, ModuleId, Op, ValueId};
use ruff_python_ast as ast;

use super::Lowerer;
use crate::library;
use crate::program::{ModuleGraph, Target};

impl<'a> Lowerer<'a> {
    pub(super) fn import_stmt(&mut self, i: &'a ast::StmtImport) {
        for alias in &i.names {
            if self.dead() {
                return;
            }
            self.at_range(i);
            let dotted = alias.name.as_str();
            let Some(module) = self.import_module(dotted) else { return };
            match &alias.asname {
                Some(name) => self.store_name(name, module),
                None => {
                    let top = dotted.split('.').next().unwrap_or(dotted);
                    let value = if top == dotted { Some(module) } else { self.import_module(top) };
                    if let Some(value) = value {
                        self.store_name(top, value);
                    }
                }
            }
        }
    }

    /// The module, or `None` after code that raises.
    fn import_module(&mut self, dotted: &str) -> Option<ValueId> {
        if let (Some(_), Some((parent, _))) = (library::alias(dotted), dotted.rsplit_once('.')) {
            self.import_module(parent)?;
        }
        match self.graph.target(dotted) {
            Target::Program(id) => Some(self.f.b.word(Op::PyImport, &[], u64::from(id.0))),
            Target::Native => {
                let name = self.program.names.intern(dotted);
                Some(self.f.b.word(Op::PyImportNative, &[], u64::from(name.0)))
            }
            Target::Missing => {
                self.raise_missing(dotted);
                None
            }
        }
    }

    /// `raise ModuleNotFoundError("No module named …", name=…)`, after the parents that do exist were imported.
    fn raise_missing(&mut self, dotted: &str) {
        let mut known = None;
        let mut missing = dotted.to_owned();
        for (at, _) in dotted.match_indices('.').chain([(dotted.len(), "")]) {
            let prefix = &dotted[..at];
            if self.graph.target(prefix) == Target::Missing {
                missing = prefix.to_owned();
                break;
            }
            known = self.import_module(prefix);
        }
        let mut message = format!("No module named '{missing}'");
        if let Some((parent, _)) = missing.rsplit_once('.')
            && known.is_some()
            && !matches!(self.graph.target(parent), Target::Program(id) if self.program.modules[id].is_package)
        {
            message.push_str(&format!("; '{parent}' is not a package"));
        }
        let class = self.program.names.intern("ModuleNotFoundError");
        let class = self.f.b.word(Op::PyBuiltin, &[], u64::from(class.0));
        let message = self.str_const(&message);
        let name = self.str_const(&missing);
        let keyword = self.program.const_str("name");
        let keywords = self.program.constant(molt_ir::Const::Tuple(vec![keyword].into()));
        let exception = self.f.b.word(Op::PyCall, &[class, message, name], u64::from(keywords.0));
        let cause = self.unbound();
        self.f.b.effect(Op::PyRaise, &[exception, cause], 0);
        self.f.b.unreachable();
    }

    pub(super) fn import_from_stmt(&mut self, i: &'a ast::StmtImportFrom) {
        self.at_range(i);
        let module = i.module.as_ref().map_or("", |m| m.as_str());
        let Some(dotted) = ModuleGraph::absolute(&self.unit.name, self.unit.is_package, i.level, module) else {
            // Refused while the modules were collected.
            return;
        };
        let Some(value) = self.import_module(&dotted) else { return };
        for alias in &i.names {
            if alias.name.as_str() == "*" {
                self.import_star(i, &dotted, value);
                return;
            }
            let name = self.program.names.intern(&alias.name);
            self.at_range(i);
            let member = self.f.b.word(Op::PyImportFrom, &[value], u64::from(name.0));
            self.store_name(alias.asname.as_ref().unwrap_or(&alias.name), member);
        }
    }

    fn import_star(&mut self, i: &ast::StmtImportFrom, dotted: &str, module: ValueId) {
        let Target::Program(id) = self.graph.target(dotted) else {
            self.native_star(i, dotted, module);
            return;
        };
        let constant_all = self.graph.has_constant_all(id);
        for name in self.graph.star_names(&self.program.names, id) {
            self.star_name(id, &name, module, constant_all);
        }
    }

    /// Star import of a runtime module. Its names are not known here: every name that the importing library module
    /// binds, exports or reads, and every documented name of the module that the program mentions, is taken from it
    /// if it is there.
    fn native_star(&mut self, i: &ast::StmtImportFrom, dotted: &str, module: ValueId) {
        if !self.unit.is_library {
            self.unsupported(i.range, &format!("star import of the native module `{dotted}`"));
            return;
        }
        for name in self.graph.native_star_names(&self.program.names, self.unit, dotted) {
            let symbol = self.program.names.intern(&name);
            let hasattr = self.program.names.intern("hasattr");
            let hasattr = self.f.b.word(Op::PyBuiltin, &[], u64::from(hasattr.0));
            let key = self.symbol_const(symbol);
            let has = self.f.b.word(Op::PyCall, &[hasattr, module, key], u64::from(ConstId::NONE.0));
            let bit = self.f.b.bit(Op::PyTruth, &[has], 0);
            let (found, end) = (self.f.b.block(), self.f.b.block());
            self.f.b.brif(bit, found, end);
            self.enter(found);
            let value = self.f.b.word(Op::PyGetAttr, &[module], u64::from(symbol.0));
            self.store_name(&name, value);
            self.jump(end);
            self.enter(end);
        }
    }

    /// Binds one name of a star import. Names of `__all__` must exist; of other names, those that are bound count.
    fn star_name(&mut self, id: ModuleId, name: &str, module: ValueId, must_exist: bool) {
        let symbol = self.program.names.intern(name);
        if must_exist {
            let value = self.f.b.word(Op::PyGetAttr, &[module], u64::from(symbol.0));
            self.store_name(name, value);
            return;
        }
        let global = self.program.global(id, symbol);
        let value = self.f.b.word(Op::GlobalGet, &[], u64::from(global.0));
        let (bound, end) = (self.f.b.block(), self.f.b.block());
        self.branch_unbound(value, end, bound);
        self.enter(bound);
        self.store_name(name, value);
        self.jump(end);
        self.enter(end);
    }
}
