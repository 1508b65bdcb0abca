//! The state of name resolution: sources, module tables, macros and where bodies come from.
//!
//! [`Front::load`] reads all packages, resolves their items and makes the bodies of user packages; [`Front::make_body`]
//! makes one more, which is how library functions come into being when somebody calls them.

use molt_base::hash::{FastMap, FastSet};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use molt_base::{FileId, SourceMap, Span, Symbol};
use molt_diagnostics::{Code, Diagnostic};
use unicode_normalization::UnicodeNormalization;

use super::expand::Macro;
use super::lower::BodyMemory;
use super::scope::{Import, ModuleData};
use super::{AdtId, BodyId, BodyOwner, ConstId, FnId, Generics, Hir, ImplId, ModId, PackageId, TraitId};
use crate::syntax::{Entry, NodeId, Parse, SyntaxContext, SyntaxKind, Tokens};

/// Gives the texts of source files. The compiler core reads nothing itself.
pub trait Loader {
    /// The text of a file, or `None` if there is none.
    fn read(&mut self, path: &str) -> Option<String>;
    /// The paths of all `.grok` files below a folder, in the order of their names.
    fn list(&mut self, folder: &str) -> Vec<String>;
    /// The module of another language that a package knows by a name nothing else has there. `root` is the package's root
    /// file.
    fn foreign(&mut self, root: &str, name: &str) -> Option<Foreign> {
        let _ = (root, name);
        None
    }
}

/// A module of another language.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// The file of the text that stands in for it, as the loader reads it.
    pub path: String,
    /// What it has and this language cannot use, with the reasons; none where the module has errors, which its own front end
    /// reports.
    pub left_out: Option<Vec<(String, String)>>,
}

/// Files that lie in memory, by path.
#[derive(Clone, Default, Debug)]
pub struct Texts(pub BTreeMap<String, String>);

impl Texts {
    /// A program of one file, as packages and what reads them.
    pub fn program(text: &str) -> (Vec<PackageSource>, Box<dyn Loader>) {
        let root = "main.grok".to_string();
        let files = Texts(BTreeMap::from([(root.clone(), text.to_string())]));
        (vec![PackageSource { name: "main".into(), root, ..PackageSource::default() }], Box::new(files))
    }
}

impl Loader for Texts {
    fn read(&mut self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }
    fn list(&mut self, folder: &str) -> Vec<String> {
        let inside = |p: &&String| p.strip_prefix(folder).is_some_and(|r| r.starts_with('/'));
        self.0.keys().filter(inside).cloned().collect()
    }
}

/// One package to load.
#[derive(Clone, Debug, Default)]
pub struct PackageSource {
    pub name: String,
    /// Path of the root file, as the loader knows it.
    pub root: String,
    /// Every file below the root's folder is a module; otherwise only `mod name;` adds files.
    pub whole_folder: bool,
    pub is_library: bool,
    /// The language's own library.
    pub is_std: bool,
    /// Names by which other packages are known here, with their places in the list.
    pub dependencies: Vec<(String, usize)>,
    pub features: Vec<String>,
    /// Prefixes of attributes that belong to other tools.
    pub tools: Vec<String>,
    /// Functions marked `#[test]` and what `cfg(test)` guards are part of it, and `main` runs the tests.
    pub test: bool,
    /// It stands in for a module of another language.
    pub stands_in: Option<StandIn>,
}

/// What is known of a module that another one stands in for.
#[derive(Clone, Debug, Default)]
pub struct StandIn {
    /// What it has beside the other one, and why that cannot be used.
    pub left_out: Vec<(String, String)>,
    /// It has errors, so nothing is known of its names.
    pub is_wrong: bool,
}

/// What `cfg` and `env!` see.
#[derive(Clone, Debug)]
pub struct Options {
    pub target_os: String,
    pub target_arch: String,
    pub target_family: String,
    pub target_pointer_width: u32,
    pub debug_assertions: bool,
    /// Arithmetic wraps around where it would panic.
    pub overflow_wraps: bool,
    /// Functions tell the runtime where they were when a panic leaves them.
    pub backtrace: bool,
    /// The packages are used by programs of other languages.
    pub is_across: bool,
    pub scheduler: SchedulerSettings,
    /// The library's files, which are always the first, and those that were read before: manifests.
    pub files: SourceMap,
    /// The library's image, which spares its sources.
    pub library: Option<&'static [u8]>,
    /// Variables of the environment for `env!`.
    pub env: Vec<(String, String)>,
}

/// What the program's scheduler and its collections go by. Times are in nanoseconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SchedulerSettings {
    /// 0: one a processor.
    pub workers: u64,
    pub ask_timeout: u64,
    pub shutdown_timeout: u64,
    /// Bytes of the stack of a task that waits; 0: the runtime's own number.
    pub stack_size: u64,
    /// Messages that a mailbox holds unless `spawn` says otherwise; 0: any number.
    pub mailbox: u64,
    pub deadlock: DeadlockAction,
    pub gc: Collection,
}

/// When values of `Gc` are collected (`[memory] gc`). The runtime knows them by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Collection {
    /// As is best for most programs.
    Auto = 0,
    /// When their owner ends.
    Off = 1,
    /// In many short pauses.
    Incremental = 2,
    /// Those that were made last are more often looked at than others.
    Generational = 3,
}

/// What is done about a wait that never ends (section 7.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeadlockAction {
    Panic = 0,
    Log = 1,
    Break = 2,
    Ignore = 3,
}

impl Default for SchedulerSettings {
    fn default() -> SchedulerSettings {
        const FIVE_SECONDS: u64 = 5_000_000_000;
        SchedulerSettings {
            workers: 0,
            ask_timeout: FIVE_SECONDS,
            shutdown_timeout: FIVE_SECONDS,
            stack_size: 0,
            mailbox: 0,
            deadlock: DeadlockAction::Panic,
            gc: Collection::Auto,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            target_os: "linux".to_owned(),
            target_arch: "x86_64".to_owned(),
            target_family: "unix".to_owned(),
            target_pointer_width: 64,
            debug_assertions: true,
            overflow_wraps: false,
            backtrace: false,
            is_across: false,
            scheduler: SchedulerSettings::default(),
            files: crate::library::files(),
            library: None,
            env: Vec::new(),
        }
    }
}

/// A tree that items and bodies point into: a file or the result of a macro.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct SourceId(pub u32);

/// A tree, or what it is made from when somebody asks for it. The trees of programs go when all bodies are made.
pub(super) struct Source {
    pub parse: OnceCell<Arc<Parse>>,
    pub stored: Stored,
}

/// How a source is kept in an image of the library.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Stored {
    File(FileId),
    /// The result of a macro, and where its tokens begin among those of the image.
    Expansion {
        entry: Entry,
        start: u32,
    },
}

/// A node of some source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct At {
    pub source: SourceId,
    pub node: NodeId,
}

/// What `Self` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum SelfType {
    None,
    Trait(TraitId),
    Impl(ImplId),
    Adt(AdtId),
}

/// One generic parameter in scope.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct ParamInScope {
    pub name: Symbol,
    pub index: u32,
    pub kind: ParamKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum ParamKind {
    Lifetime,
    Type,
    Const,
}

/// What written types and paths of one item see besides its module.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct ItemScope {
    pub module: ModId,
    pub params: Vec<ParamInScope>,
    pub self_type: SelfType,
    /// The function is a member of an actor.
    pub in_actor: bool,
}

impl ItemScope {
    pub fn of_module(module: ModId) -> ItemScope {
        ItemScope { module, params: Vec::new(), self_type: SelfType::None, in_actor: false }
    }

    /// Adds the parameters of an item.
    pub fn add(&mut self, generics: &Generics) {
        for (i, p) in generics.params.iter().enumerate() {
            let kind = match p.kind {
                super::GenericParamKind::Lifetime => ParamKind::Lifetime,
                super::GenericParamKind::Type { .. } => ParamKind::Type,
                super::GenericParamKind::Const { .. } => ParamKind::Const,
            };
            self.params.push(ParamInScope { name: p.name, index: generics.parent_count + i as u32, kind });
        }
    }

    pub fn param(&self, name: Symbol, kind: ParamKind) -> Option<u32> {
        self.params.iter().rev().find(|p| p.name == name && p.kind == kind).map(|p| p.index)
    }
}

/// How a body is made from its tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum BodyForm {
    /// A function: parameters and block of a `FnItem`.
    Fn,
    /// One expression.
    Expr,
    /// The statements of a program's root file, or the loose statements of an actor; the node is their parent.
    Statements,
    /// The arms of an actor's `receive` member.
    Receive,
}

/// Where a body comes from.
#[derive(Clone, Debug)]
pub(super) struct BodySource {
    pub at: At,
    pub form: BodyForm,
    pub scope: Arc<ItemScope>,
    /// Locals of the surrounding code that the macros in this body may see: none, so only its macros matter.
    pub macros: MacroScope,
}

/// Macros that are visible by their position in the text; later entries hide earlier ones.
pub(super) type MacroScope = Arc<Vec<(Symbol, super::expand::MacroId)>>;

/// What is known about a package besides [`super::Package`].
#[derive(Clone, Debug)]
pub(super) struct PackageData {
    pub source: PackageSource,
    pub dependencies: Vec<(Symbol, PackageId)>,
}

/// How an expansion relates to what surrounds it.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct ContextInfo {
    /// Context of the macro's definition: what a name falls back to beyond that definition.
    pub parent: SyntaxContext,
    pub definition: super::expand::MacroId,
}

/// Sources in, [`Hir`] out.
pub struct Front {
    pub hir: Hir,
    /// Findings so far, in the order of discovery.
    pub diagnostics: Vec<Diagnostic>,
    pub(super) options: Options,
    pub(super) loader: Box<dyn Loader>,
    pub(super) sources: Vec<Source>,
    /// How many of them belong to the library, which are the first.
    library_sources: usize,
    /// The trees of files.
    pub(super) file_sources: FastMap<FileId, SourceId>,
    /// Tokens of the expansions of an image.
    pub(super) stored_tokens: &'static [u8],
    pub(super) packages: Vec<PackageData>,
    pub(super) modules: Vec<ModuleData>,
    pub(super) imports: Vec<Import>,
    pub(super) macros: Vec<Macro>,
    pub(super) contexts: Vec<ContextInfo>,
    pub(super) body_sources: Vec<BodySource>,
    pub(super) body_memory: BodyMemory,
    pub(super) prelude: Option<ModId>,
    pub(super) std: Option<PackageId>,
    /// Items whose signatures are still to be made.
    pub(super) pending: Vec<super::collect::PendingItem>,
    /// Macro calls in the place of items whose macro could not be found yet.
    pub(super) deferred: Vec<super::collect::DeferredCall>,
    /// Modules that import from other modules, for the order of start-up and for cycles.
    pub(super) edges: Vec<(ModId, ModId, Span)>,
    pub(super) expansion_depth: u32,
    /// Fields and methods are looked up later; these are the consts that are `let` at module level or `static`.
    pub(super) start_up: Vec<ConstId>,
    pub(super) actor_fns: FastSet<FnId>,
    pub(super) files: FastMap<String, FileId>,
    /// Results of macro calls that stand as statements or items.
    pub(super) expansions: FastMap<At, SourceId>,
    pub(super) macro_definitions: FastMap<At, super::expand::MacroId>,
    pub(super) checked_imports: usize,
    /// The module of the function that runs the tests; every item is visible there.
    pub(super) test_module: Option<ModId>,
    pub(super) tests: Vec<super::tests::FoundTest>,
    /// First names of paths that are nothing in their package.
    pub(super) unknown_roots: RefCell<BTreeSet<(PackageId, Symbol)>>,
    pub(super) unchecked_attrs: Vec<(Vec<super::Attr>, super::attributes::Place, ModId)>,
}

impl Front {
    /// Loads packages; the last one in the list is the program or library that is compiled. Dependencies come earlier
    /// in the list than what depends on them.
    pub fn load(sources: Vec<PackageSource>, loader: Box<dyn Loader>, mut options: Options) -> Front {
        let files = std::mem::take(&mut options.files);
        let mut front = Front {
            hir: Hir {
                files,
                overflow_wraps: options.overflow_wraps,
                backtrace: options.backtrace,
                is_across: options.is_across,
                scheduler: options.scheduler.clone(),
                ..Hir::default()
            },
            diagnostics: Vec::new(),
            options,
            loader,
            sources: Vec::new(),
            library_sources: 0,
            file_sources: FastMap::default(),
            stored_tokens: &[],
            packages: Vec::new(),
            modules: Vec::new(),
            imports: Vec::new(),
            macros: Vec::new(),
            contexts: Vec::new(),
            body_sources: Vec::new(),
            body_memory: BodyMemory::default(),
            prelude: None,
            std: None,
            pending: Vec::new(),
            deferred: Vec::new(),
            edges: Vec::new(),
            expansion_depth: 0,
            start_up: Vec::new(),
            actor_fns: FastSet::default(),
            files: FastMap::default(),
            expansions: FastMap::default(),
            macro_definitions: FastMap::default(),
            checked_imports: 0,
            test_module: None,
            tests: Vec::new(),
            unknown_roots: RefCell::default(),
            unchecked_attrs: Vec::new(),
        };
        // Entry 0 is the root context, which has neither parent nor definition.
        front.contexts.push(ContextInfo { parent: SyntaxContext::ROOT, definition: super::expand::MacroId(u32::MAX) });
        for source in sources {
            front.load_package(source);
        }
        front.finish();
        front.forget_trees();
        front
    }

    /// The modules of other languages that packages name and do not know yet: the number of the package, the name there.
    pub fn foreign(&mut self) -> Vec<(usize, String, Foreign)> {
        let wanted = std::mem::take(&mut *self.unknown_roots.borrow_mut());
        let mut found = Vec::new();
        for (package, name) in wanted {
            let name = self.hir.names.text(name).to_owned();
            let root = &self.packages[package.0 as usize].source.root;
            if let Some(foreign) = self.loader.foreign(root, &name) {
                found.push((package.0 as usize, name, foreign));
            }
        }
        found
    }

    /// The files that stand in for modules of other languages.
    pub fn stand_ins(&self) -> Vec<FileId> {
        let sources = self.packages.iter().map(|p| &p.source).filter(|s| s.stands_in.is_some());
        sources.filter_map(|s| self.files.get(&s.root).copied()).collect()
    }

    /// Whether modules of other languages have errors.
    pub fn has_wrong_stand_in(&self) -> bool {
        self.packages.iter().any(|p| p.source.stands_in.as_ref().is_some_and(|s| s.is_wrong))
    }

    pub fn into_loader(self) -> Box<dyn Loader> {
        self.loader
    }

    /// Why a module that another language makes does not have a name here.
    pub(super) fn left_out(&self, module: ModId, name: Symbol) -> Option<&str> {
        let package = self.package_of(module);
        let stands_in = self.packages[package.0 as usize].source.stands_in.as_ref()?;
        let text = self.hir.names.text(name);
        stands_in.left_out.iter().find(|(n, _)| n == text).map(|(_, why)| why.as_str())
    }

    /// All bodies of user packages are made: only trees of the library are still looked at.
    fn forget_trees(&mut self) {
        let library = self.library_sources;
        self.sources.truncate(library);
        self.file_sources.retain(|_, source| (source.0 as usize) < library);
        self.expansions.retain(|at, _| (at.source.0 as usize) < library);
    }

    fn load_package(&mut self, source: PackageSource) {
        let first_module = self.modules.len();
        let (is_std, is_tested) = (source.is_std, source.test);
        if is_std && self.options.library.is_some_and(|image| self.load_image(image)) {
            self.std = Some(PackageId(0));
            self.library_sources = self.sources.len();
            self.packages.push(PackageData { source, dependencies: Vec::new() });
            return;
        }
        self.collect_package(source);
        if is_std {
            // The library's own modules see its prelude too.
            self.find_prelude();
        }
        self.settle_items();
        if is_tested {
            self.add_test_main(PackageId(self.packages.len() as u32 - 1));
            self.settle_items();
        }
        self.settle_traits(first_module);
        if is_std {
            self.make_values();
            self.library_sources = self.sources.len();
        } else {
            self.make_bodies();
        }
    }

    /// Makes all bodies of user packages that were not made yet; bodies may declare items with bodies of their own.
    pub(super) fn make_bodies(&mut self) {
        let mut next = 0;
        while next < self.hir.bodies.len() {
            let id = BodyId(next as u32);
            let module = self.body_sources[next].scope.module;
            let package = self.hir.modules[module].package;
            if self.hir.bodies[id].is_none() && !self.hir.packages[package].is_std {
                self.make_body(id);
            }
            next += 1;
        }
    }

    fn finish(&mut self) {
        self.report_unused_imports();
        self.report_import_cycles();
        self.check_signatures();
        self.check_naming();
        self.hir.start_up = self.start_up_order();
        self.hir.exports = self.exports();
    }

    // Small services that everything uses.

    pub(super) fn report(&mut self, code: &'static Code, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::at(code, span, message));
    }

    pub(super) fn parse(&self, source: SourceId) -> Arc<Parse> {
        let Source { parse, stored } = &self.sources[source.0 as usize];
        parse.get_or_init(|| Arc::new(self.read_stored(*stored))).clone()
    }

    /// Adds the result of a macro.
    pub(super) fn add_source(&mut self, parse: Parse) -> SourceId {
        let stored = Stored::Expansion { entry: parse.entry, start: 0 };
        self.push_source(parse, stored)
    }

    pub(super) fn push_source(&mut self, parse: Parse, stored: Stored) -> SourceId {
        self.push_tree(Source { parse: OnceCell::from(Arc::new(parse)), stored })
    }

    pub(super) fn push_tree(&mut self, source: Source) -> SourceId {
        let id = SourceId(self.sources.len() as u32);
        if let Stored::File(file) = source.stored {
            self.file_sources.insert(file, id);
        }
        self.sources.push(source);
        id
    }

    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        self.hir.names.intern(text)
    }

    /// The name that an identifier token stands for: without `r#`, in normal form NFC.
    pub(super) fn name_of(&mut self, tokens: &Tokens, token: u32) -> Symbol {
        let text = tokens.text(token);
        let text = if tokens.kind(token) == SyntaxKind::RawIdent { &text[2..] } else { text };
        if text.is_ascii() {
            return self.hir.names.intern(text);
        }
        let normal: String = text.nfc().collect();
        self.hir.names.intern(&normal)
    }

    /// Reserves a body that is made later.
    pub(super) fn new_body(&mut self, owner: BodyOwner, source: BodySource) -> BodyId {
        let id = self.hir.bodies.push(None);
        self.hir.body_owners.push(owner);
        self.body_sources.push(source);
        id
    }

    pub(super) fn package_of(&self, module: ModId) -> PackageId {
        self.hir.modules[module].package
    }

    pub(super) fn is_std_module(&self, module: ModId) -> bool {
        self.hir.packages[self.package_of(module)].is_std
    }
}
