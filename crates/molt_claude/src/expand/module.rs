//! Modules: their definitions, what they export and import (section 8 of the reference).

use std::collections::HashMap;
use std::path::Path;

use molt_base::{Span, Symbol};
use molt_diagnostics::registry::{CANNOT_CROSS, claude as code};
use molt_diagnostics::{Code, Diagnostic};

use super::body::Define;
use super::contracts::Written;
use super::foreign::is_foreign;
use super::scope::{Binding, ScopeId};
use super::{At, Expander, meaning};
use crate::core::{Alias, ExprId, ExprKind, Global, GlobalId, Module, ModuleId};
use crate::library;
use crate::lookup;
use crate::notes::Meaning;
use crate::program::decode;
use crate::stx::{Mark, Name, StxId};
use crate::syntax::{self, Kind};
use molt_claude_syntax::forms::Form;

/// What is known of the modules of a program.
pub(super) struct Modules {
    /// By path.
    pub(super) loaded: HashMap<String, Loaded>,
    /// Paths of the modules that are being read, outermost first.
    pub(super) open: Vec<String>,
    /// The module at hand, and what it imports by `*`.
    pub(super) scope: ScopeId,
    pub(super) imported: ScopeId,
    exports: HashMap<Symbol, Binding>,
    /// Modules by the names that they are known by here.
    aliases: HashMap<Symbol, String>,
    path: String,
    /// Whether the one `module` form among the forms at hand is the whole file.
    is_whole_file: bool,
    /// Some file is no sequence of data.
    pub(super) is_unread: bool,
    /// What the module at hand imports and requires by literal paths, and the modules found.
    pub(super) named: Vec<(String, String)>,
    /// The modules of the circle that was met last.
    pub(super) circle: Vec<String>,
    /// The forms of the module at hand.
    items: Vec<Pending>,
    /// The contracts of the module at hand.
    pub(super) contracts: Vec<Written>,
    /// The forms of its invariants of data types.
    pub(super) invariants: Vec<StxId>,
    /// Which form of its module defines a variable.
    defined_at: HashMap<GlobalId, usize>,
    /// Of variables of all modules, the expression that gives them their values.
    pub(super) inits: HashMap<GlobalId, ExprId>,
}

/// A module that was read.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) module: ModuleId,
    pub(super) names: Exports,
    aliases: HashMap<Symbol, String>,
}

/// The names that a module gives out.
#[derive(Clone, Default)]
pub(super) struct Exports {
    pub(super) bindings: HashMap<Symbol, Binding>,
    /// What another language's module has and this one cannot use, with the reasons.
    pub(super) left_out: HashMap<Symbol, String>,
}

/// A form of a module.
struct Pending {
    item: Item,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    /// It is being expanded.
    Begun,
    /// It was expanded before its turn, for a macro that needs it.
    Early(ExprId),
    Done(ExprId),
}

impl Modules {
    pub(super) fn new(base: ScopeId) -> Modules {
        Modules {
            loaded: HashMap::new(),
            open: Vec::new(),
            scope: base,
            imported: base,
            exports: HashMap::new(),
            aliases: HashMap::new(),
            path: String::new(),
            is_whole_file: false,
            is_unread: false,
            named: Vec::new(),
            circle: Vec::new(),
            items: Vec::new(),
            contracts: Vec::new(),
            invariants: Vec::new(),
            defined_at: HashMap::new(),
            inits: HashMap::new(),
        }
    }

    /// What a module that was read calls others.
    pub(super) fn aliases_of(&self, path: &str) -> HashMap<Symbol, String> {
        self.loaded[path].aliases.clone()
    }

    /// Whether the module at hand is of the file that runs.
    pub(super) fn is_entry(&self) -> bool {
        self.open.len() == 1
    }
}

#[derive(Clone)]
pub(super) enum Item {
    Expr(StxId),
    Define(GlobalId, Define),
    /// Accessors of a data type.
    Accessor(GlobalId, ExprId),
}

/// Why a module cannot be had.
pub(super) struct Fault {
    pub code: &'static Code,
    pub message: String,
}

/// Something to export: the name here, the name outside, where it was asked for.
type Export = (Name, Symbol, StxId);

impl Expander<'_> {
    pub(super) fn module_scope(&self) -> ScopeId {
        self.modules.scope
    }

    /// The part of the library that is written in the language itself, whose names every module knows.
    pub fn library(&mut self) {
        let file = self.sources.add("<library>", library::SOURCE);
        let read = syntax::read(file, library::SOURCE);
        debug_assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        let forms = self.syntax.add(&read.data, &mut self.core.names);
        let name = self.core.names.intern("<library>");
        self.module_body(name, &[], &forms, "<library>", self.base);
    }

    /// Reads a file and expands it as a module; what it exports is known by its path afterwards.
    pub fn file(&mut self, path: &Path, bytes: Vec<u8>) {
        let name = path.display().to_string();
        let path = name.as_str();
        let (file, fault) = decode(name.clone(), bytes, self.sources);
        let read = syntax::read(file, &self.sources.file(file).text);
        let is_unread = fault.is_some() || !read.diagnostics.is_empty();
        self.diagnostics.extend(fault);
        self.diagnostics.extend(read.diagnostics);
        let known = self.diagnostics.len();
        let forms = self.syntax.add(&read.data, &mut self.core.names);
        self.modules.open.push(path.to_owned());
        let name = self.core.names.intern(stem(path));
        let mut forms = forms;
        if self.runs_tests && self.modules.is_entry() {
            let end = molt_base::Span { start: 0, end: 0, file };
            forms.push(self.all_tests(end));
        }
        self.module_apart(path, path, HashMap::new(), |e, scope| {
            let module = e.module_body(name, &[], &forms, path, scope);
            if e.core.notes.is_wanted && e.modules.is_entry() {
                e.note_known(scope);
            }
            module
        });
        self.modules.open.pop();
        if is_unread {
            // Names may be bound where the text was not understood; other faults of syntax are faults all the same.
            self.modules.is_unread = true;
            let is_known =
                |d: &Diagnostic| d.code.id == code::SYNTAX.id || d.primary_span().is_none_or(|s| s.file != file);
            let found = self.diagnostics.split_off(known);
            self.diagnostics.extend(found.into_iter().filter(is_known));
        }
    }

    /// Whether all files could be read as data.
    pub fn is_read(&self) -> bool {
        !self.modules.is_unread
    }

    /// Expands a module while another one is at hand; what it exports is known by a key afterwards.
    pub(super) fn module_apart(
        &mut self,
        key: &str,
        path: &str,
        aliases: HashMap<Symbol, String>,
        expand: impl FnOnce(&mut Self, ScopeId) -> ModuleId,
    ) -> ModuleId {
        // What `*` imports lies outside of what the module defines.
        let imported = self.scopes.inside(self.base);
        let scope = self.scopes.inside(imported);
        let outer = std::mem::replace(&mut self.modules.scope, scope);
        let outer_imported = std::mem::replace(&mut self.modules.imported, imported);
        let exports = std::mem::take(&mut self.modules.exports);
        let aliases = std::mem::replace(&mut self.modules.aliases, aliases);
        let outer_path = std::mem::replace(&mut self.modules.path, path.to_owned());
        let items = std::mem::take(&mut self.modules.items);
        let named = std::mem::take(&mut self.modules.named);
        let is_whole_file = std::mem::take(&mut self.modules.is_whole_file);
        let contracts = std::mem::take(&mut self.modules.contracts);
        let invariants = std::mem::take(&mut self.modules.invariants);
        let home = std::mem::replace(&mut self.home, scope);
        let (floor, procedures) = (self.floor.take(), std::mem::take(&mut self.procedures));
        let outer_module = self.module;
        let module = expand(self, scope);
        self.module = outer_module;
        (self.floor, self.procedures) = (floor, procedures);
        self.home = home;
        self.modules.is_whole_file = is_whole_file;
        self.modules.named = named;
        self.modules.items = items;
        self.modules.contracts = contracts;
        self.modules.invariants = invariants;
        self.modules.path = outer_path;
        let aliases = std::mem::replace(&mut self.modules.aliases, aliases);
        let bindings = std::mem::replace(&mut self.modules.exports, exports);
        self.modules.scope = outer;
        self.modules.imported = outer_imported;
        self.modules
            .loaded
            .insert(key.to_owned(), Loaded { module, names: Exports { bindings, ..Exports::default() }, aliases });
        module
    }

    /// Modules get their numbers when their bodies are complete, so that the order is that of evaluation.
    pub(super) fn module_body(
        &mut self,
        name: Symbol,
        exported: &[StxId],
        forms: &[StxId],
        path: &str,
        scope: ScopeId,
    ) -> ModuleId {
        let file = self.core.names.intern(path);
        let module = Module::new(name, file);
        self.module = self.core.modules.push(module);
        let at = At { scope, tail: None };
        let mut exports = Vec::new();
        self.export_names(exported, &mut exports);
        self.modules.is_whole_file = forms.iter().filter(|&&f| self.opens(f, at) == Some(Form::Module)).count() == 1;
        for &form in forms {
            self.collect(form, at, &mut exports);
        }
        self.export_all(exports, scope);
        self.contracts_without_function();
        let invariants = self.name_type_invariants();
        let mut body: Vec<ExprId> = invariants.into_iter().map(|i| self.define_type_invariant(i, at)).collect();
        body.extend((0..self.modules.items.len()).map(|i| self.finish(i, at)).collect::<Vec<_>>());
        self.core.modules[self.module].body = body;
        self.core.order.push(self.module);
        self.modules.items.clear();
        self.module
    }

    pub(super) fn is_loaded(&self, path: &str) -> bool {
        self.modules.loaded.contains_key(path)
    }

    pub(super) fn exports_of(&self, path: &str) -> Vec<(Symbol, Binding)> {
        self.modules.loaded[path].names.bindings.iter().map(|(&name, &binding)| (name, binding)).collect()
    }

    /// The module of a file that was read.
    pub(super) fn module_at(&self, path: &str) -> ModuleId {
        self.modules.loaded[path].module
    }

    /// Makes a module known by its path that has no source here.
    pub(super) fn add_loaded(&mut self, path: String, module: ModuleId, names: Exports) {
        self.modules.loaded.insert(path, Loaded { module, names, aliases: HashMap::new() });
    }

    pub(super) fn push_item(&mut self, item: Item) {
        if let Item::Define(global, _) | Item::Accessor(global, _) = item {
            self.modules.defined_at.insert(global, self.modules.items.len());
        }
        self.modules.items.push(Pending { item, progress: Progress::Waiting });
    }

    /// The expression of a form of the module at hand.
    fn finish(&mut self, i: usize, at: At) -> ExprId {
        let Pending { item, progress } = &self.modules.items[i];
        if let Progress::Early(e) | Progress::Done(e) = *progress {
            return e;
        }
        let item = item.clone();
        self.modules.items[i].progress = Progress::Begun;
        let e = self.item(item, at);
        self.modules.items[i].progress = Progress::Done(e);
        e
    }

    fn item(&mut self, item: Item, at: At) -> ExprId {
        match item {
            Item::Expr(s) => self.expr(s, at),
            Item::Define(global, define) => {
                let span = self.syntax.span(define.target);
                self.core.globals[global].ty = define.ty;
                let define = self.contracted(global, define);
                let value = self.define_value(&define, at);
                self.init_global(global, value, span)
            }
            Item::Accessor(global, value) => {
                let span = self.core.globals[global].span;
                self.init_global(global, value, span)
            }
        }
    }

    /// Whether a macro may use a variable: one of its own module is defined before it.
    pub(super) fn is_before(&self, global: GlobalId, before: usize, module: ModuleId) -> bool {
        if self.core.globals[global].module != module {
            return true;
        }
        self.modules.defined_at.get(&global).is_some_and(|&at| at < before)
    }

    /// How many forms the module at hand has so far.
    pub(super) fn form_count(&self) -> usize {
        self.modules.items.len()
    }

    /// The definitions of the module at hand that have been expanded, in order.
    pub(super) fn expanded_forms(&self) -> impl Iterator<Item = ExprId> + '_ {
        self.modules.items.iter().filter_map(|p| match p.progress {
            Progress::Early(e) | Progress::Done(e) => Some(e),
            Progress::Waiting | Progress::Begun => None,
        })
    }

    /// Expands a definition among the first forms of the module at hand before its turn, for a macro. What is wrong with
    /// it is left for its turn: it may need what comes later.
    pub(super) fn expand_early(&mut self, global: GlobalId, before: usize) {
        let Some(&i) = self.modules.defined_at.get(&global) else { return };
        let is_waiting = self.modules.items.get(i).is_some_and(|p| p.progress == Progress::Waiting);
        if i >= before || !is_waiting {
            return;
        }
        let home = std::mem::replace(&mut self.home, self.modules.scope);
        let floor = self.floor.take();
        let procedures = std::mem::take(&mut self.procedures);
        let findings = self.diagnostics.len();
        let e = self.finish(i, At { scope: self.modules.scope, tail: None });
        (self.home, self.floor, self.procedures) = (home, floor, procedures);
        let is_wrong = self.diagnostics[findings..].iter().any(molt_diagnostics::Diagnostic::is_error);
        if is_wrong {
            self.diagnostics.truncate(findings);
            self.withdraw(i);
        } else {
            self.modules.items[i].progress = Progress::Early(e);
        }
    }

    /// Takes an expansion back.
    fn withdraw(&mut self, i: usize) {
        self.modules.items[i].progress = Progress::Waiting;
        if let Item::Define(global, _) | Item::Accessor(global, _) = self.modules.items[i].item {
            self.modules.inits.remove(&global);
            self.core.globals[global].lambda = None;
        }
    }

    /// Binds a name of the module at hand. Where it meant something else before, what was expanded early is expanded again.
    pub(super) fn bind_in_module(&mut self, scope: ScopeId, name: Name, binding: Binding) -> Option<Binding> {
        if self.lookup(name, scope).is_some() || self.forms.contains_key(&name.symbol) {
            self.withdraw_early();
        }
        self.scopes.add(scope, name, binding)
    }

    /// Takes back all that was expanded early: something is known now that was not then.
    pub(super) fn withdraw_early(&mut self) {
        for i in 0..self.modules.items.len() {
            if matches!(self.modules.items[i].progress, Progress::Early(_)) {
                self.withdraw(i);
            }
        }
    }

    pub(super) fn init_global(&mut self, global: GlobalId, value: ExprId, span: molt_base::Span) -> ExprId {
        if let ExprKind::Lambda(lambda) = *self.core.kind(value) {
            self.core.globals[global].lambda = Some(lambda);
        }
        let e = self.core.expr(ExprKind::InitGlobal(global, value), span);
        self.modules.inits.insert(global, e);
        e
    }

    fn collect(&mut self, form: StxId, at: At, exports: &mut Vec<Export>) {
        let form = self.unfolded(form, at);
        match self.opens(form, at) {
            Some(Form::Do) => {
                let parts = self.syntax.parts(form)[1..].to_vec();
                parts.into_iter().for_each(|p| self.collect(p, at, exports));
            }
            Some(Form::Module) if self.modules.is_whole_file => {
                self.modules.is_whole_file = false;
                self.module_form(form, at, exports);
            }
            Some(Form::Module) => self.submodule(form),
            Some(Form::Define) => {
                let Some(define) = self.define_parts(form) else { return };
                let Some(global) = self.new_global(define.name, define.target, at.scope) else { return };
                self.push_item(Item::Define(global, define));
            }
            Some(Form::DefineMacro) => self.define_macro(form, at),
            Some(Form::Data) => self.data_of_module(form, at),
            Some(Form::DefineEffect) => self.define_effect(form),
            Some(Form::Contract) => self.contract_form(form),
            Some(Form::TypeInvariant) => self.type_invariant(form),
            Some(Form::TypeAlias) => {
                self.type_alias(form);
            }
            Some(Form::Export) => self.export_form(form, exports),
            Some(Form::Import) => self.import(form, at),
            _ => self.push_item(Item::Expr(form)),
        }
    }

    /// `(module name (export ..) form ..)` and `(module name [n ..] form ..)`: the whole file.
    fn module_form(&mut self, form: StxId, at: At, exports: &mut Vec<Export>) {
        let Ok(parts) = self.at_least(form, 1) else { return };
        let Some(name) = self.binder(parts[0], "the name of a module") else { return };
        self.core.modules[self.module].name = name.symbol;
        let mut rest = &parts[1..];
        if let Some((&list, more)) = rest.split_first()
            && self.syntax.kind(list) == Kind::List
        {
            let names = self.syntax.parts(list).to_vec();
            self.export_names(&names, exports);
            rest = more;
        }
        rest.iter().for_each(|&f| self.collect(f, at, exports));
    }

    /// One of several `module` forms of a file: a module of its own, which is evaluated before the file. The rest of the
    /// file knows what it exports as `name.export`.
    fn submodule(&mut self, form: StxId) {
        let Ok(parts) = self.at_least(form, 1) else { return };
        let Some(name) = self.binder(parts[0], "the name of a module") else { return };
        let path = self.modules.path.clone();
        let key = format!("{path}#{}", self.text(name.symbol));
        if self.modules.loaded.contains_key(&key) {
            let (text, span) = (self.text(name.symbol).to_owned(), self.syntax.span(parts[0]));
            self.report(&code::DUPLICATE, span, format!("module `{text}` is defined twice in this file"));
            return;
        }
        let exported = parts.get(1).filter(|&&p| self.syntax.kind(p) == Kind::List);
        let exported = exported.map(|&p| self.syntax.parts(p).to_vec());
        let forms = &parts[if exported.is_some() { 2 } else { 1 }..];
        let exported = exported.unwrap_or_default();
        let prefix = format!("{path}#");
        let mut before = self.modules.aliases.clone();
        before.retain(|_, key| key.starts_with(&prefix));
        let module = self
            .module_apart(&key, &path, before, |e, scope| e.module_body(name.symbol, &exported, forms, &path, scope));
        self.core.modules[module].whole = Some(self.syntax.span(form));
        self.core.modules[self.module].imports.push(module);
        self.modules.aliases.insert(name.symbol, key);
    }

    fn new_global(&mut self, name: Name, target: StxId, scope: ScopeId) -> Option<GlobalId> {
        let span = self.syntax.span(target);
        if self.scopes.own(scope, name).is_some() {
            let text = self.text(name.symbol).to_owned();
            self.report(&code::DUPLICATE, span, format!("`{text}` is defined twice in this module"));
            return None;
        }
        Some(self.bind_global(name, span, scope))
    }

    /// A new variable of the module, bound to a name of a scope.
    pub(super) fn bind_global(&mut self, name: Name, span: Span, scope: ScopeId) -> GlobalId {
        let symbol = self.variable_name(name);
        let global = self.core.globals.push(Global::new(self.module, symbol, span));
        self.bind_in_module(scope, name, Binding::Global(global));
        global
    }

    /// What a variable of a module is called in the program: those of macros have names of their own.
    pub(super) fn variable_name(&mut self, name: Name) -> Symbol {
        if name.mark == Mark::SOURCE {
            return name.symbol;
        }
        let text = format!("{}'{}", self.text(name.symbol), name.mark.0);
        self.core.names.intern(&text)
    }

    /// `(type Name T)`; the checker reads the type.
    fn type_alias(&mut self, form: StxId) {
        let Ok(parts) = self.exactly(form, 2) else { return };
        let Some(name) = self.binder(parts[0], "the name of a type") else { return };
        let span = self.syntax.span(parts[0]);
        self.core.aliases.push(Alias { name: name.symbol, span, module: self.module, ty: parts[1] });
    }

    /// Notes what the module at hand knows beside the library, and what its names of other modules stand for.
    fn note_known(&mut self, scope: ScopeId) {
        let names: Vec<Name> = self.scopes.visible(scope).collect();
        for name in names {
            let own = self.scopes.resolve(name, scope).filter(|&b| self.scopes.own(self.base, name) != Some(b));
            if let Some(meaning) = own.and_then(meaning) {
                self.core.notes.known.push((name.symbol, meaning));
            }
        }
        let aliases: Vec<(Symbol, String)> = self.modules.aliases.iter().map(|(&n, path)| (n, path.clone())).collect();
        for (alias, path) in aliases {
            let exports = match path.strip_prefix('<').and_then(|p| p.strip_suffix('>')) {
                Some(library) => {
                    let all = self.prefixed_exports(library);
                    all.into_iter().map(|(name, b)| (self.core.names.intern(&name), b)).collect()
                }
                None if self.is_loaded(&path) => self.exports_of(&path),
                None => Vec::new(),
            };
            let exports = exports.into_iter().filter_map(|(name, b)| Some((name, meaning(b)?))).collect();
            self.core.notes.modules.push((alias, exports));
        }
    }

    // ---- effects ------------------------------------------------------------------------------

    /// `(define-effect Name (op (T ..) R) ..)`.
    fn define_effect(&mut self, form: StxId) {
        let Ok(parts) = self.at_least(form, 2) else { return };
        let Some(name) = self.binder(parts[0], "the name of an effect") else { return };
        let span = Some(self.syntax.span(parts[0]));
        let effect = crate::core::Effect { name: name.symbol, span, ops: Vec::new(), is_builtin: false };
        let effect = self.core.effects.push(effect);
        for &op in &parts[1..] {
            let inside = self.syntax.parts(op).to_vec();
            let [target, operands, result] = inside[..] else {
                self.malformed(op, "an operation is `(name (T ..) R)`");
                continue;
            };
            let (Some(name), Kind::Form) = (self.binder(target, "an operation"), self.syntax.kind(operands)) else {
                continue;
            };
            let text = self.text(name.symbol).to_owned();
            let count = self.syntax.parts(operands).len();
            let is_never = self.syntax.is_symbol(result, "Never", &self.core.names);
            let op = self.add_operation(effect, &text, (count, Some(count)), is_never);
            self.core.ops[op].span = Some(self.syntax.span(target));
            self.core.ops[op].ty = Some((self.syntax.parts(operands).to_vec(), result));
        }
    }

    // ---- exports and imports ------------------------------------------------------------------

    fn export_form(&mut self, form: StxId, exports: &mut Vec<Export>) {
        let names = self.syntax.parts(form)[1..].to_vec();
        self.export_names(&names, exports);
    }

    /// `n`, `(n as m)`, and `n as m` in a row.
    fn export_names(&mut self, list: &[StxId], exports: &mut Vec<Export>) {
        let mut i = 0;
        while i < list.len() {
            let (target, alias, taken) = self.renamed(&list[i..]);
            i += taken;
            let Some(name) = self.binder(target, "what a module exports") else { continue };
            let outside = alias.map_or(name.symbol, |a| self.syntax.text(a));
            exports.push((name, outside, target));
        }
    }

    /// A name, what it is called on the other side, and how many parts say so.
    fn renamed(&self, list: &[StxId]) -> (StxId, Option<StxId>, usize) {
        let is_as = |s: StxId| self.syntax.is_symbol(s, "as", &self.core.names);
        match (list, self.syntax.parts(list[0])) {
            (_, &[name, word, alias]) if is_as(word) => (name, Some(alias), 1),
            (&[name, word, alias, ..], _) if is_as(word) => (name, Some(alias), 3),
            _ => (list[0], None, 1),
        }
    }

    fn export_all(&mut self, exports: Vec<Export>, scope: ScopeId) {
        for (name, outside, target) in exports {
            match self.scopes.own(scope, name) {
                Some(binding) => {
                    self.note(target, binding);
                    self.modules.exports.insert(outside, binding);
                }
                None => {
                    self.unbound(target, name, scope);
                }
            }
        }
    }

    fn import(&mut self, form: StxId, at: At) {
        let Ok(parts) = self.at_least(form, 2) else { return };
        if self.syntax.kind(parts[0]) != Kind::Str {
            self.malformed(parts[0], "a module is named by a string");
            return;
        }
        let wanted = self.text(self.syntax.text(parts[0])).to_owned();
        if library::MODULES.contains(&wanted.as_str()) {
            return self.import_builtin(&wanted, &parts[1..], at.scope);
        }
        let span = self.syntax.span(parts[0]);
        let (path, module) = match self.find_module(&wanted, span) {
            Ok(loaded) => loaded,
            Err(fault) => {
                self.report(fault.code, span, fault.message);
                return;
            }
        };
        self.core.modules[self.module].imports.push(module);
        self.take_names(&wanted, &path, &parts[1..], at.scope);
    }

    /// Finds a module that is asked for at a place, and expands it if it was not before; its path.
    pub(super) fn find_module(&mut self, wanted: &str, span: molt_base::Span) -> Result<(String, ModuleId), Fault> {
        let importer = Path::new(&self.modules.path);
        let Some((found, bytes)) = lookup::find(wanted, importer, self.files.places, self.files.loader) else {
            return Err(Fault { code: &code::NO_MODULE, message: format!("there is no module \"{wanted}\"") });
        };
        let path = found.display().to_string();
        if let Some(first) = self.modules.open.iter().position(|p| *p == path) {
            let chain = self.modules.open[first..].iter().map(|p| stem(p)).chain([stem(&path)]);
            self.modules.circle = chain.map(str::to_owned).collect();
            let chain = self.modules.circle.join(" → ");
            return Err(Fault {
                code: &code::CYCLE,
                message: format!("modules import one another in a circle: {chain}"),
            });
        }
        let is_new = !self.modules.loaded.contains_key(&path);
        if is_new && is_foreign(&found) {
            self.foreign(&found, &bytes, span)?;
        } else if is_new {
            self.file(&found, bytes);
        }
        if self.core.notes.is_wanted {
            let path = self.core.names.intern(&path);
            self.core.notes.used(span, Meaning::Module(path));
        }
        self.modules.named.push((wanted.to_owned(), path.clone()));
        let module = self.modules.loaded[&path].module;
        Ok((path, module))
    }

    /// Binds what an import asks for.
    fn take_names(&mut self, wanted: &str, path: &str, parts: &[StxId], scope: ScopeId) {
        let loaded = self.modules.loaded[path].clone();
        let alias = match parts {
            [key, name] if self.syntax.keyword(*key, &self.core.names) == Some("as") => self.syntax.text(*name),
            _ => self.core.names.intern(stem(wanted)),
        };
        self.modules.aliases.insert(alias, path.to_owned());
        match parts {
            [star] if self.syntax.is_symbol(*star, "*", &self.core.names) => {
                let mut all: Vec<(Symbol, Binding)> = loaded.names.bindings.into_iter().collect();
                all.sort_by_key(|e| e.0);
                for (symbol, binding) in all {
                    let name = Name { symbol, mark: Mark::SOURCE };
                    self.bind_in_module(self.modules.imported, name, binding);
                }
            }
            [list] if self.syntax.kind(*list) == Kind::Form => {
                let list = self.syntax.parts(*list).to_vec();
                self.take_list(&list, &loaded.names, wanted, scope);
            }
            [key, _] if self.syntax.keyword(*key, &self.core.names) == Some("as") => {}
            _ => {
                self.malformed(parts[0], "an import takes `*`, `(name ..)`, `()` or `:as name`");
            }
        }
    }

    fn take_list(&mut self, list: &[StxId], exports: &Exports, wanted: &str, scope: ScopeId) {
        let mut i = 0;
        while i < list.len() {
            let (target, alias, taken) = self.renamed(&list[i..]);
            i += taken;
            let Some(name) = self.binder(target, "what is imported") else { continue };
            let span = self.syntax.span(target);
            let text = self.text(name.symbol).to_owned();
            let Some(&binding) = exports.bindings.get(&name.symbol) else {
                match exports.left_out.get(&name.symbol) {
                    Some(why) => {
                        let message = format!("`{text}` of \"{wanted}\" cannot be used from here: {why}");
                        self.report(&CANNOT_CROSS, span, message)
                    }
                    None => self.report(&code::NO_EXPORT, span, format!("\"{wanted}\" exports no `{text}`")),
                };
                // Its uses are no further faults.
                let symbol = alias.map_or(name.symbol, |a| self.syntax.text(a));
                let local = self.new_local(symbol, span);
                self.scopes.add(scope, Name { symbol, mark: name.mark }, Binding::Local(local));
                continue;
            };
            self.note(target, binding);
            alias.into_iter().for_each(|a| self.note(a, binding));
            let symbol = alias.map_or(name.symbol, |a| self.syntax.text(a));
            let local = Name { symbol, mark: name.mark };
            if self.bind_in_module(scope, local, binding).is_some() {
                let text = self.text(symbol).to_owned();
                self.report(&code::DUPLICATE, span, format!("`{text}` is bound here already"));
            }
        }
    }

    /// The built-in modules are known everywhere, most of them by the plain names of what they export; what an import of
    /// one may change is names.
    fn import_builtin(&mut self, module: &str, parts: &[StxId], scope: ScopeId) {
        match parts {
            [key, name] if self.syntax.keyword(*key, &self.core.names) == Some("as") => {
                let alias = self.syntax.text(*name);
                self.modules.aliases.insert(alias, format!("<{module}>"));
            }
            [star] if self.syntax.is_symbol(*star, "*", &self.core.names) => {
                if !library::QUALIFIED.contains(&module) {
                    return;
                }
                for (name, binding) in self.prefixed_exports(module) {
                    let name = Name { symbol: self.core.names.intern(&name), mark: Mark::SOURCE };
                    if self.scopes.own(scope, name).is_none() {
                        self.scopes.add(scope, name, binding);
                    }
                }
            }
            [list] if self.syntax.kind(*list) == Kind::Form => {
                let list = self.syntax.parts(*list).to_vec();
                let mut exports = Exports::default();
                for &target in &list {
                    let parts = self.syntax.parts(target);
                    let Some(name) = self.syntax.name(parts.first().copied().unwrap_or(target)) else { continue };
                    if let Some(binding) = self.builtin_export(module, self.text(name.symbol)) {
                        exports.bindings.insert(name.symbol, binding);
                    }
                }
                self.take_list(&list, &exports, module, scope);
            }
            _ => {
                self.malformed(parts[0], "an import takes `*`, `(name ..)`, `()` or `:as name`");
            }
        }
    }

    /// What a built-in module has under names with its own as prefix, in order.
    fn prefixed_exports(&self, module: &str) -> Vec<(String, Binding)> {
        let bare = |name: &str| name.strip_prefix(module).and_then(|n| n.strip_prefix(':')).map(str::to_owned);
        let written = self.scopes.visible(self.base).filter_map(|n| {
            let binding = self.scopes.own(self.base, n)?;
            bare(self.text(n.symbol)).map(|name| (name, binding))
        });
        let native = library::names().filter_map(|(name, b)| bare(name).map(|name| (name, Binding::Builtin(b))));
        let mut all: Vec<(String, Binding)> = written.chain(native).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// What a built-in module exports under a name.
    fn builtin_export(&self, module: &str, name: &str) -> Option<Binding> {
        let bound = |text: &str| {
            let symbol = self.core.names.lookup(text)?;
            self.resolve(Name { symbol, mark: Mark::SOURCE }, self.base)
        };
        let is_plain = !library::QUALIFIED.contains(&module);
        bound(&format!("{module}:{name}")).or_else(|| bound(name).filter(|_| is_plain))
    }

    /// The module that a name was written in.
    pub(super) fn module_of(&self, mark: Mark) -> ModuleId {
        self.scopes.module_of(mark).unwrap_or(self.module)
    }

    /// What modules are called where a name was written.
    fn aliases(&self, mark: Mark) -> &HashMap<Symbol, String> {
        let module = self.module_of(mark);
        let path = || self.text(self.core.modules[module].file);
        let loaded = if module == self.module { None } else { self.modules.loaded.get(path()) };
        loaded.map_or(&self.modules.aliases, |l| &l.aliases)
    }

    /// `module:name` or `module.name`.
    pub(super) fn export_of(&self, text: &str, mark: Mark) -> Option<Binding> {
        let (module, name) = text.split_once([':', '.'])?;
        let alias = self.core.names.lookup(module).and_then(|a| self.aliases(mark).get(&a));
        match alias {
            Some(path) => match self.modules.loaded.get(path) {
                Some(loaded) => loaded.names.bindings.get(&self.core.names.lookup(name)?).copied(),
                None => self.builtin_export(path.strip_prefix('<')?.strip_suffix('>')?, name),
            },
            None => library::MODULES.contains(&module).then(|| self.builtin_export(module, name))?,
        }
    }
}

/// The name of a module by its path.
pub(super) fn stem(path: &str) -> &str {
    let last = path.rsplit('/').next().unwrap_or(path);
    let parent = || path.rsplit('/').nth(1).unwrap_or(last);
    if last == "module.cl" {
        return parent();
    }
    let package = last == "__init__.py";
    if package {
        return parent();
    }
    [".cl", ".claudelang", ".py"].iter().find_map(|end| last.strip_suffix(end)).unwrap_or(last)
}
