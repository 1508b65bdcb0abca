//! The modules of a program: finding, decoding, parsing and collecting everything that imports reach.
//!
//! [`ModuleGraph::build`] does the whole closure before anything is lowered, so that lowering knows which names
//! are modules and what a star import brings.

use std::collections::{HashMap, VecDeque};

use molt_base::{FileId, Interner, SourceMap, Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::{CANNOT_CROSS, INVALID_ENCODING, MODULE_NOT_FOUND};
use molt_ir::{ConstId, Module, ModuleId, Program};
use ruff_python_ast as ast;
use ruff_python_ast::{Expr, Stmt};

use crate::scope::{Scopes, collect};
use crate::{CompileRequest, Found, SourceLoader, dataclass, decode, library, parse};

/// A fault that keeps a file from becoming text.
#[derive(Debug)]
pub struct SourceFault {
    pub offset: u32,
    pub message: String,
}

impl SourceFault {
    pub fn new(offset: u32, message: impl Into<String>) -> SourceFault {
        SourceFault { offset, message: message.into() }
    }
}

/// An import statement as written.
#[derive(Clone, Debug)]
pub struct ImportRef {
    pub module: String,
    /// Leading dots.
    pub level: u32,
    /// Names of `from … import …`.
    pub names: Vec<String>,
    pub span: Span,
    /// Whether the statement stands in a function.
    pub in_function: bool,
    /// Whether the program provides for the module's absence.
    pub guarded: bool,
}

/// What a dotted name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Program(ModuleId),
    /// Module that the runtime provides.
    Native,
    Missing,
}

/// One parsed module.
pub struct ModuleUnit {
    pub id: ModuleId,
    pub name: String,
    pub file: FileId,
    pub is_package: bool,
    /// Whether the module belongs to the library rather than to the user's program.
    pub is_library: bool,
    /// As [`Found::stands_in`].
    pub stands_in: bool,
    /// Boxed: scopes are found by the addresses of nodes.
    pub tree: Box<ast::ModModule>,
    pub scopes: Scopes,
}

/// All modules of the program in import order.
pub struct ModuleGraph {
    pub units: Vec<ModuleUnit>,
    foreign: Vec<ForeignModule>,
    /// Names that modules of other languages have and do not offer, with the reason.
    left_out: HashMap<ModuleId, Vec<(String, String)>>,
    by_name: HashMap<String, Target>,
}

/// A module that another front end makes.
struct ForeignModule {
    id: ModuleId,
    name: String,
    filename: String,
    exports: Vec<String>,
}

struct Builder<'a> {
    program: &'a mut Program,
    sources: &'a mut SourceMap,
    diagnostics: &'a mut Vec<Diagnostic>,
    loader: &'a dyn SourceLoader,
    graph: ModuleGraph,
    queue: VecDeque<(ModuleId, String, Found, bool)>,
    /// Whether the user's modules speak of `functools.singledispatch`.
    generic_functions: bool,
}

impl ModuleGraph {
    /// Closes over the imports of the entry module.
    pub fn build(
        program: &mut Program,
        sources: &mut SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
        request: &CompileRequest,
        loader: &dyn SourceLoader,
    ) -> ModuleGraph {
        let graph =
            ModuleGraph { units: Vec::new(), foreign: Vec::new(), left_out: HashMap::new(), by_name: HashMap::new() };
        let mut b =
            Builder { program, sources, diagnostics, loader, graph, queue: VecDeque::new(), generic_functions: false };
        if let Some(entry) = &request.entry {
            b.program.entry_module = Some(b.add("__main__", entry.clone(), false));
        }
        for root in &request.roots {
            b.find(root);
        }
        while let Some((id, name, found, library)) = b.queue.pop_front() {
            b.load(id, name, found, library);
        }
        b.graph
    }

    /// What an absolute dotted name stands for.
    pub fn target(&self, dotted: &str) -> Target {
        self.by_name.get(dotted).copied().unwrap_or(Target::Missing)
    }

    /// The modules that other front ends make: dotted names and files.
    pub fn foreign_files(&self) -> Vec<(String, String)> {
        self.foreign.iter().map(|f| (f.name.clone(), f.filename.clone())).collect()
    }

    pub fn unit(&self, id: ModuleId) -> Option<&ModuleUnit> {
        self.units.iter().find(|u| u.id == id)
    }

    /// Absolute name that an import in `unit` means; `None` above the top package.
    pub fn absolute(unit_name: &str, is_package: bool, level: u32, module: &str) -> Option<String> {
        if level == 0 {
            return Some(module.to_owned());
        }
        let mut package = if is_package { unit_name } else { parent_of(unit_name)? };
        for _ in 1..level {
            package = parent_of(package)?;
        }
        Some(if module.is_empty() { package.to_owned() } else { format!("{package}.{module}") })
    }

    /// Names that `from module import *` binds, by the module's text: constant `__all__`, else public names.
    pub fn star_names(&self, names: &Interner, id: ModuleId) -> Vec<String> {
        let mut out = Vec::new();
        self.star_names_into(names, id, &mut Vec::new(), &mut out);
        out
    }

    fn star_names_into(&self, names: &Interner, id: ModuleId, seen: &mut Vec<ModuleId>, out: &mut Vec<String>) {
        if seen.contains(&id) {
            return;
        }
        seen.push(id);
        if let Some(foreign) = self.foreign.iter().find(|f| f.id == id) {
            out.extend(foreign.exports.iter().filter(|n| !out.contains(n)).cloned().collect::<Vec<_>>());
            return;
        }
        let Some(unit) = self.unit(id) else { return };
        if let Some(all) = constant_all(&unit.tree) {
            out.extend(all.into_iter().filter(|n| !out.contains(n)).collect::<Vec<_>>());
            return;
        }
        let module_scope = unit.scopes.of(&*unit.tree, crate::scope::NodeRole::Body);
        for symbol in unit.scopes.scopes[module_scope].own_names() {
            let text = names.text(symbol);
            if !text.starts_with('_') && !out.iter().any(|n| n == text) {
                out.push(text.to_owned());
            }
        }
        for target in self.star_imports(unit) {
            let mut more = Vec::new();
            self.star_names_into(names, target, seen, &mut more);
            out.extend(more.into_iter().filter(|n| !n.starts_with('_')));
        }
    }

    /// Whether the module's text fixes what a star import brings.
    pub fn has_constant_all(&self, id: ModuleId) -> bool {
        self.foreign.iter().any(|f| f.id == id) || self.unit(id).is_some_and(|u| constant_all(&u.tree).is_some())
    }

    /// Names that a library module may take from a runtime module by a star import.
    pub fn native_star_names(&self, names: &Interner, unit: &ModuleUnit, native: &str) -> Vec<String> {
        let scope = &unit.scopes.scopes[unit.scopes.of(&*unit.tree, crate::scope::NodeRole::Body)];
        let mut out: Vec<String> = scope.own_names().map(|s| names.text(s).to_owned()).collect();
        out.extend(constant_all(&unit.tree).unwrap_or_default());
        let documented = library::native_names(native).iter().filter(|n| names.lookup(n).is_some());
        out.extend(documented.map(|n| (*n).to_owned()));
        out.retain(|n| !n.starts_with('_'));
        out.sort();
        out.dedup();
        out
    }

    /// Names that the unit may get from star imports of runtime modules.
    fn native_star_binds(&self, names: &Interner, unit: &ModuleUnit) -> Vec<String> {
        let mut found = Vec::new();
        for_each_import_from(&unit.tree.body, &mut |i| {
            let module = i.module.as_ref().map_or("", |m| m.as_str());
            if i.names.iter().any(|a| a.name.as_str() == "*") && self.target(module) == Target::Native {
                found.extend(self.native_star_names(names, unit, module));
            }
        });
        found
    }

    /// Modules that the unit star-imports.
    pub fn star_imports(&self, unit: &ModuleUnit) -> Vec<ModuleId> {
        let mut found = Vec::new();
        for_each_import_from(&unit.tree.body, &mut |i| {
            if !i.names.iter().any(|a| a.name.as_str() == "*") {
                return;
            }
            let module = i.module.as_ref().map_or("", |m| m.as_str());
            if let Some(name) = ModuleGraph::absolute(&unit.name, unit.is_package, i.level, module)
                && let Target::Program(id) = self.target(&name)
            {
                found.push(id);
            }
        });
        found
    }
}

impl Builder<'_> {
    fn add(&mut self, name: &str, found: Found, library: bool) -> ModuleId {
        let symbol = self.program.names.intern(name);
        let filename = self.program.names.intern(&found.filename);
        let id = self.program.modules.push(Module {
            name: symbol,
            filename,
            doc: ConstId::NONE,
            is_package: found.is_package,
            body: None,
        });
        self.graph.by_name.insert(name.to_owned(), Target::Program(id));
        if let Some(left_out) = &found.stands_in {
            self.graph.left_out.insert(id, left_out.clone());
        }
        self.queue.push_back((id, name.to_owned(), found, library));
        id
    }

    /// Looks a dotted name up, parents first, and queues what is new. Order: runtime modules, the library's frozen
    /// modules, the program's own files, the rest of the library.
    fn find(&mut self, dotted: &str) -> Target {
        if let Some(&known) = self.graph.by_name.get(dotted) {
            return known;
        }
        if let (Some(real), Some(parent)) = (library::alias(dotted), parent_of(dotted)) {
            self.find(parent);
            let target = self.find(real);
            self.graph.by_name.insert(dotted.to_owned(), target);
            return target;
        }
        if let Some(parent) = parent_of(dotted)
            && !matches!(self.find(parent), Target::Program(_))
        {
            self.graph.by_name.insert(dotted.to_owned(), Target::Missing);
            return Target::Missing;
        }
        if molt_abi::modules::native_symbol(dotted).is_some() {
            self.graph.by_name.insert(dotted.to_owned(), Target::Native);
            return Target::Native;
        }
        let library = library::find(dotted);
        let own = if library.is_some() && library::is_frozen(dotted) { None } else { self.loader.find(dotted) };
        match (own, library) {
            (Some(found), _) => Target::Program(self.add(dotted, found, false)),
            (None, Some(found)) => Target::Program(self.add(dotted, found, true)),
            (None, None) => {
                self.graph.by_name.insert(dotted.to_owned(), Target::Missing);
                Target::Missing
            }
        }
    }

    fn load(&mut self, id: ModuleId, name: String, found: Found, library: bool) {
        if let Some(exports) = found.foreign {
            self.graph.foreign.push(ForeignModule { id, name, filename: found.filename, exports });
            return;
        }
        let mut text = match decode::decode(&found.source, &found.filename) {
            Ok(text) => text,
            Err(fault) => {
                let text = String::from_utf8_lossy(&found.source).into_owned();
                let file = self.sources.add(found.filename, text);
                let span = Span { file, start: fault.offset, end: fault.offset };
                self.diagnostics.push(Diagnostic::at(&INVALID_ENCODING, span, fault.message));
                return;
            }
        };
        let parsed = parse::parse(FileId(self.sources.len() as u32), &text).map(|mut tree| {
            dataclass::synthesize(&mut tree, &mut text);
            tree
        });
        self.generic_functions |= !library && text.contains("singledispatch");
        let file = self.sources.add(found.filename, text);
        let tree = match parsed {
            Ok(tree) => tree,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        self.graph.units.push(ModuleUnit {
            id,
            name,
            file,
            is_package: found.is_package,
            is_library: library,
            stands_in: found.stands_in.is_some(),
            tree: Box::new(tree),
            scopes: Scopes::default(),
        });
        let unit = self.graph.units.last().expect("pushed above");
        let collected = collect(&mut self.program.names, file, &unit.tree);
        let (name, is_package) = (unit.name.clone(), unit.is_package);
        // What the library's style earns a warning for is no concern of the user's.
        let diagnostics = collected.diagnostics.into_iter().filter(|d| d.is_error() || !library);
        self.diagnostics.extend(diagnostics);
        self.graph.units.last_mut().expect("pushed above").scopes = collected.scopes;
        for import in &collected.imports {
            self.follow(&name, is_package, library, import);
        }
        if collected.generic_classes {
            self.find("typing");
        }
    }

    fn follow(&mut self, name: &str, is_package: bool, library: bool, import: &ImportRef) {
        if import.module == "__future__" && import.level == 0 {
            self.find("__future__");
            return;
        }
        let Some(dotted) = ModuleGraph::absolute(name, is_package, import.level, &import.module) else {
            let message = "attempted relative import with no known parent package";
            self.diagnostics.push(Diagnostic::at(&MODULE_NOT_FOUND, import.span, message));
            return;
        };
        if library && import.in_function && library::is_optional(name, &dotted, self.generic_functions) {
            return;
        }
        let target = self.find(&dotted);
        if target == Target::Missing && !import.guarded && !library {
            self.missing(&dotted, import.span);
        }
        if let Target::Program(id) = target
            && let Some(left_out) = self.graph.left_out.get(&id)
        {
            for (member, why) in left_out.iter().filter(|(name, _)| import.names.contains(name)) {
                let message = format!("'{member}' of '{dotted}' cannot be used from here: {why}");
                self.diagnostics.push(Diagnostic::at(&CANNOT_CROSS, import.span, message));
            }
        }
        if let Target::Program(id) = target
            && self.program.modules[id].is_package
        {
            for member in &import.names {
                self.find(&format!("{dotted}.{member}"));
            }
        }
    }

    fn missing(&mut self, dotted: &str, span: Span) {
        let mut message = format!("No module named '{dotted}'");
        if let Some(parent) = parent_of(dotted)
            && self.find(parent) != Target::Missing
            && !matches!(self.find(parent), Target::Program(id) if self.program.modules[id].is_package)
        {
            message.push_str(&format!("; '{parent}' is not a package"));
        }
        self.diagnostics.push(Diagnostic::at(&MODULE_NOT_FOUND, span, message));
    }
}

/// What a module's text binds for others.
pub fn names_of(source: &[u8], filename: &str) -> Result<Vec<String>, String> {
    let text = decode::decode(source, filename).map_err(|fault| fault.message)?;
    let file = FileId(0);
    let tree = parse::parse(file, &text).map_err(|d| d.message)?;
    if let Some(all) = constant_all(&tree) {
        return Ok(all);
    }
    let mut names = Interner::default();
    let tree = Box::new(tree);
    let collected = collect(&mut names, file, &tree);
    let scope = collected.scopes.of(&*tree, crate::scope::NodeRole::Body);
    let own = collected.scopes.scopes[scope].own_names().map(|s| names.text(s).to_owned());
    Ok(own.filter(|n| !n.starts_with('_')).collect())
}

fn parent_of(dotted: &str) -> Option<&str> {
    dotted.rsplit_once('.').map(|(parent, _)| parent)
}

/// Calls `f` with every `from` import at module level, conditional ones included.
fn for_each_import_from<'a>(body: &'a [Stmt], f: &mut dyn FnMut(&'a ast::StmtImportFrom)) {
    for stmt in body {
        match stmt {
            Stmt::ImportFrom(i) => f(i),
            Stmt::If(s) => {
                for_each_import_from(&s.body, f);
                for clause in &s.elif_else_clauses {
                    for_each_import_from(&clause.body, f);
                }
            }
            Stmt::Try(s) => {
                for_each_import_from(&s.body, f);
                for ast::ExceptHandler::ExceptHandler(h) in &s.handlers {
                    for_each_import_from(&h.body, f);
                }
                for_each_import_from(&s.orelse, f);
                for_each_import_from(&s.finalbody, f);
            }
            Stmt::With(s) => for_each_import_from(&s.body, f),
            _ => {}
        }
    }
}

/// Names of a module's `__all__` when assignments and additions of constant lists make it.
pub(crate) fn constant_all(tree: &ast::ModModule) -> Option<Vec<String>> {
    let mut all: Option<Vec<String>> = None;
    for stmt in &tree.body {
        match stmt {
            Stmt::Assign(a) if a.targets.iter().any(is_all) => all = Some(string_items(&a.value)?),
            Stmt::AnnAssign(a) if is_all(&a.target) => all = Some(string_items(a.value.as_deref()?)?),
            Stmt::AugAssign(a) if is_all(&a.target) => all.as_mut()?.extend(string_items(&a.value)?),
            _ => {}
        }
    }
    all
}

fn is_all(target: &Expr) -> bool {
    matches!(target, Expr::Name(n) if n.id.as_str() == "__all__")
}

fn string_items(value: &Expr) -> Option<Vec<String>> {
    let items = match value {
        Expr::List(l) => &l.elts,
        Expr::Tuple(t) => &t.elts,
        _ => return None,
    };
    items.iter().map(|e| Some(e.as_string_literal_expr()?.value.to_str().to_owned())).collect()
}

/// Names that are bound as module variables anywhere in the module: by its body, through `global`, or by star
/// imports.
pub fn module_bindings(graph: &ModuleGraph, names: &mut Interner, unit: &ModuleUnit) -> Vec<Symbol> {
    let mut bound = Vec::new();
    for (_, scope) in unit.scopes.scopes.iter() {
        let is_module = scope.kind == crate::scope::ScopeKind::Module;
        for &(name, n) in &scope.names {
            if n.bound && (is_module || n.global) {
                bound.push(name);
            }
        }
    }
    for module in graph.star_imports(unit) {
        for name in graph.star_names(names, module) {
            bound.push(names.intern(&name));
        }
    }
    for name in graph.native_star_binds(names, unit) {
        bound.push(names.intern(&name));
    }
    bound.sort();
    bound.dedup();
    bound
}
