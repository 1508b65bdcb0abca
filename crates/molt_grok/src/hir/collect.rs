//! Packages, files and modules: which items there are and what they are called.
//!
//! Items get their ids here, in source order; their signatures follow in [`super::signatures`] once all imports are
//! resolved. Macro calls in the place of items are expanded on the way; those whose macro is found through an import
//! wait until that import is resolved.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::attributes::Place;
use super::expand::MacroId;
use super::front::{
    At, BodyForm, BodySource, Front, ItemScope, MacroScope, PackageData, PackageSource, SourceId, Stored,
};
use super::scope::{Binding, Def, Found, ModuleData, Ns, Segment, SegmentKind};
use super::{
    Adt, AdtId, AdtKind, Alias, AliasId, Attr, BodyOwner, ConstId, ConstItem, ConstItemKind, FnId, FnItem, Generics,
    Impl, ImplId, ItemHead, ModId, Module, Package, PackageId, Parent, Repr, ReturnType, Trait, TraitId, TypeExpr,
    Variant, VariantForm, Visibility,
};
use crate::syntax::{self, NodeId, Syntax, SyntaxKind};

/// An item that has an id but no signature yet.
#[derive(Clone, Debug)]
pub(super) struct PendingItem {
    pub at: At,
    pub module: ModId,
    pub macros: MacroScope,
    pub kind: PendingKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PendingKind {
    Fn(FnId),
    Adt(AdtId),
    Trait(TraitId),
    Impl(ImplId),
    Const(ConstId),
    Alias(AliasId),
}

/// A macro call in the place of an item.
#[derive(Clone, Debug)]
pub(super) struct DeferredCall {
    pub at: At,
    pub module: ModId,
    pub macros: MacroScope,
}

/// Where a run of items stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Around {
    Module,
    /// The root file of a program without `fn main`, or a block: other statements than items are its body.
    Statements,
}

impl Front {
    // Packages and files.

    pub(super) fn collect_package(&mut self, source: PackageSource) {
        let name = self.intern(&source.name);
        let dependencies: Vec<(Symbol, PackageId)> =
            source.dependencies.iter().map(|(n, i)| (self.hir.names.intern(n), PackageId(*i as u32))).collect();
        let package = self.hir.packages.push(Package {
            name,
            root: ModId(self.modules.len() as u32),
            is_library: source.is_library,
            is_std: source.is_std,
        });
        if source.is_std {
            self.std = Some(package);
        }
        let path = source.root.clone();
        let folder = folder_of(&path).to_owned();
        let whole_folder = source.whole_folder;
        let is_wrong = source.stands_in.as_ref().is_some_and(|s| s.is_wrong);
        self.packages.push(PackageData { source, dependencies });
        let text = self.loader.read(&path);
        let Some(text) = text else {
            let file = self.hir.files.add(path.clone(), "");
            let span = Span { file, start: 0, end: 0 };
            self.add_module(name, package, None, span, folder);
            self.report(&grok::MODULE_FILE_MISSING, span, format!("cannot read `{path}`"));
            return;
        };
        let at = self.parse_file(&path, text);
        let span = self.root_span(at);
        let root = self.add_module(name, package, None, span, folder.clone());
        self.collect_root(root, at);
        self.module_mut(root).faulty_glob |= is_wrong;
        if whole_folder {
            self.collect_folder(root, &folder, &path);
        }
    }

    fn parse_file(&mut self, path: &str, text: String) -> At {
        let file = crate::library::number(path).unwrap_or_else(|| self.hir.files.add(path.to_owned(), text));
        self.files.insert(path.to_owned(), file);
        let parse = syntax::parse(file, &self.hir.files.file(file).text);
        self.diagnostics.extend(parse.diagnostics.iter().cloned());
        self.make_room(&parse);
        let node = parse.root();
        At { source: self.push_source(parse, Stored::File(file)), node }
    }

    /// Makes room for the items of a file, so that large tables need not grow while they are filled.
    fn make_room(&mut self, parse: &syntax::Parse) {
        let (mut fns, mut bodies, mut types) = (0, 0, 0);
        for kind in parse.tree.kinds() {
            match kind {
                SyntaxKind::FnItem => {
                    fns += 1;
                    bodies += 1;
                }
                SyntaxKind::ConstItem | SyntaxKind::StaticItem => bodies += 1,
                kind if kind.is_type() => types += 1,
                _ => {}
            }
        }
        self.hir.fns.reserve(fns);
        self.hir.bodies.reserve(bodies);
        self.hir.body_owners.reserve(bodies);
        self.body_sources.reserve(bodies);
        self.hir.types.reserve(types);
        self.hir.type_spans.reserve(types);
    }

    fn root_span(&self, at: At) -> Span {
        let span = self.parse(at.source).tokens.span(0);
        Span { start: 0, end: 0, ..span }
    }

    pub(super) fn add_module(
        &mut self,
        name: Symbol,
        package: PackageId,
        parent: Option<ModId>,
        span: Span,
        folder: String,
    ) -> ModId {
        let id = self.new_module(name, package, parent, span, None);
        self.modules.push(ModuleData { folder, ..ModuleData::default() });
        if let Some(parent) = parent {
            self.module_mut(parent).children.push(id);
        }
        id
    }

    fn new_module(
        &mut self,
        name: Symbol,
        package: PackageId,
        parent: Option<ModId>,
        span: Span,
        around: Option<ModId>,
    ) -> ModId {
        let vis = Visibility::Package(package);
        self.hir.modules.push(Module {
            name,
            package,
            parent,
            vis,
            docs: None,
            around,
            traits_in_scope: Vec::new(),
            span,
        })
    }

    /// Adds the comments at the head of a module, which begin behind a token, to its documentation.
    fn add_inner_docs(&mut self, module: ModId, syntax: Syntax<'_>, from: u32) {
        let tokens = syntax.tokens;
        let head = (from..tokens.len() as u32).take_while(|&t| tokens.kind(t).is_trivia());
        let inner = head.filter(|&t| tokens.kind(t) == SyntaxKind::InnerDoc);
        let lines: Vec<&str> = inner.map(|t| super::attributes::doc_text(tokens.text(t))).collect();
        if !lines.is_empty() {
            let before = self.hir.modules[module].docs.map(|d| format!("{}\n\n", self.hir.text(d)));
            let text = before.unwrap_or_default() + &lines.join("\n");
            self.hir.modules[module].docs = Some(self.intern(&text));
        }
    }

    /// The items of a block, which see those of the module around them.
    pub(super) fn add_block_module(&mut self, around: ModId, span: Span) -> ModId {
        let outer = &self.hir.modules[around];
        let (name, package, parent) = (outer.name, outer.package, outer.parent);
        let id = self.new_module(name, package, parent, span, Some(around));
        let folder = self.module(around).folder.clone();
        self.modules.push(ModuleData { folder, around: Some(around), ..ModuleData::default() });
        id
    }

    /// The root file. In a program without `fn main` its statements are the body of one.
    fn collect_root(&mut self, root: ModId, at: At) {
        let parse = self.parse(at.source);
        let syntax = parse.syntax();
        let is_main = |n: NodeId| {
            syntax.kind(n) == SyntaxKind::FnItem && syntax.name(n).is_some_and(|t| syntax.tokens.text(t) == "main")
        };
        let package = self.package_of(root);
        let has_main = syntax.children(at.node).any(is_main) || self.hir.packages[package].is_library;
        let has_statements =
            syntax.children(at.node).any(|n| matches!(syntax.kind(n), SyntaxKind::ExprStmt | SyntaxKind::LetStmt));
        let script = !has_main && has_statements;
        let around = if script { Around::Statements } else { Around::Module };
        let mut macros = MacroScope::default();
        self.add_inner_docs(root, syntax, 0);
        self.check_inner_attrs(syntax, at.node, root);
        let nodes: Vec<NodeId> = syntax.children(at.node).collect();
        self.collect_nodes(at.source, &nodes, root, &mut macros, around);
        self.module_mut(root).macros = macros.clone();
        if script {
            self.add_script(root, at, macros);
        } else if !self.hir.packages[package].is_library {
            let main = self.intern("main");
            if let Some(Binding { def: Def::Fn(f), .. }) = self.module(root).names[Ns::Values as usize].get(&main) {
                self.hir.main = Some(*f);
            }
        }
    }

    /// `fn main` made of the statements of the root file.
    fn add_script(&mut self, root: ModId, at: At, macros: MacroScope) {
        let name = self.intern("main");
        let span = self.parse(at.source).syntax().span(at.node);
        let vis = Visibility::Module(root);
        let name_span = Span { end: span.start, ..span };
        let head = ItemHead { name, name_span, span, module: root, vis, attrs: Vec::new(), docs: None };
        let id = self.hir.fns.push(empty_fn(head, Parent::Module));
        let source = BodySource { at, form: BodyForm::Statements, scope: Arc::new(ItemScope::of_module(root)), macros };
        self.hir.fns[id].body = Some(self.new_body(BodyOwner::Fn(id), source));
        self.hir.main = Some(id);
    }

    fn check_inner_attrs(&mut self, syntax: Syntax<'_>, node: NodeId, module: ModId) {
        let attrs = self.attrs_of(syntax, node);
        self.check_attrs(&attrs, Place::Module, module);
        self.note_lock_orders(&attrs, module);
        self.note_lints(&attrs, syntax.span(node));
    }

    /// Adds the files below a package's folder that no `mod` declared.
    fn collect_folder(&mut self, root: ModId, folder: &str, root_path: &str) {
        let mut paths = self.loader.list(folder);
        paths.sort_by_key(|p| (p.matches('/').count(), p.clone()));
        for path in paths {
            let Some(relative) = path.strip_prefix(folder).map(|p| p.trim_start_matches('/')) else { continue };
            let Some(stem) = relative.strip_suffix(".grok") else { continue };
            let other_root = matches!(stem, "main" | "lib") || stem.starts_with("bin/");
            if path == root_path || other_root || self.files.contains_key(&path) {
                continue;
            }
            let mut names: Vec<&str> = stem.split('/').collect();
            if names.len() > 1 && names.last() == Some(&"mod") {
                names.pop();
            }
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            self.collect_implicit(root, &names, &path);
        }
    }

    /// A file module that nothing declares; its parents come into being with it.
    fn collect_implicit(&mut self, root: ModId, names: &[String], path: &str) {
        let package = self.package_of(root);
        let mut parent = root;
        for (i, text) in names.iter().enumerate() {
            let name = self.intern(text);
            let last = i + 1 == names.len();
            let existing = self.module(parent).names[Ns::Types as usize].get(&name).copied();
            match existing {
                Some(Binding { def: Def::Mod(m), import: None, .. }) if !last => parent = m,
                Some(Binding { import: None, .. }) => return,
                _ => {
                    let at = if last { self.loader.read(path).map(|t| self.parse_file(path, t)) } else { None };
                    let span = at.map_or(self.hir.modules[root].span, |at| self.root_span(at));
                    let folder = join(&self.module(parent).folder.clone(), text);
                    let child = self.add_module(name, package, Some(parent), span, folder);
                    let vis = Visibility::Package(package);
                    self.define(parent, Ns::Types, name, Binding { def: Def::Mod(child), vis, span, import: None });
                    if let Some(at) = at {
                        let mut macros = self.module(parent).macros.clone();
                        self.collect_module_nodes(at, child, &mut macros);
                    }
                    parent = child;
                }
            }
        }
    }

    fn collect_module_nodes(&mut self, at: At, module: ModId, macros: &mut MacroScope) {
        let parse = self.parse(at.source);
        let syntax = parse.syntax();
        // A file begins with them, a module in braces has them behind its brace.
        let is_file = at.node == parse.root();
        self.add_inner_docs(module, syntax, if is_file { 0 } else { syntax.tree.node(at.node).first_token + 1 });
        self.check_inner_attrs(syntax, at.node, module);
        let nodes: Vec<NodeId> = syntax.children(at.node).collect();
        self.collect_nodes(at.source, &nodes, module, macros, Around::Module);
        self.module_mut(module).macros = macros.clone();
    }

    // Items.

    /// Collects the items among some nodes.
    pub(super) fn collect_nodes(
        &mut self,
        source: SourceId,
        nodes: &[NodeId],
        module: ModId,
        macros: &mut MacroScope,
        around: Around,
    ) {
        let parse = self.parse(source);
        let syntax = parse.syntax();
        for &node in nodes {
            self.collect_node(syntax, At { source, node }, module, macros, around);
        }
    }

    fn collect_node(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &mut MacroScope, around: Around) {
        let node = at.node;
        let place = match syntax.kind(node) {
            SyntaxKind::FnItem => Place::Fn,
            SyntaxKind::StructItem => Place::Struct,
            SyntaxKind::EnumItem => Place::Enum,
            SyntaxKind::ActorItem => Place::Actor,
            SyntaxKind::TraitItem => Place::Trait,
            SyntaxKind::ImplItem => Place::Impl,
            SyntaxKind::ModItem => Place::Module,
            SyntaxKind::UseItem => Place::Use,
            SyntaxKind::ExternBlock => Place::Extern,
            SyntaxKind::ConstItem | SyntaxKind::StaticItem => Place::Const,
            SyntaxKind::TypeAlias => Place::Alias,
            SyntaxKind::MacroDef => Place::Macro,
            SyntaxKind::ExprStmt | SyntaxKind::LetStmt => {
                self.collect_statement(syntax, at, module, macros, around);
                return;
            }
            _ => return,
        };
        let attrs = self.attrs_of(syntax, node);
        if !self.is_configured(&attrs, module) {
            return;
        }
        if place == Place::Fn && self.is_left_out(&attrs, module) {
            if !self.is_std_module(module) {
                self.hir.modules_with_tests.insert(module);
            }
            return;
        }
        self.check_attrs_later(&attrs, place, module);
        self.note_lints(&attrs, syntax.span(node));
        match syntax.kind(node) {
            SyntaxKind::FnItem => {
                let id = self.collect_fn(syntax, at, module, macros, Parent::Module, attrs);
                if self.module(module).around.is_none() {
                    self.note_test(syntax, node, id);
                }
            }
            SyntaxKind::StructItem => self.collect_adt(syntax, at, module, macros, AdtKind::Struct, attrs),
            SyntaxKind::EnumItem => self.collect_adt(syntax, at, module, macros, AdtKind::Enum, attrs),
            SyntaxKind::ActorItem => self.collect_adt(syntax, at, module, macros, AdtKind::Actor, attrs),
            SyntaxKind::TraitItem => self.collect_trait(syntax, at, module, macros, attrs),
            SyntaxKind::ImplItem => self.collect_impl(syntax, at, module, macros, attrs),
            SyntaxKind::ModItem => self.collect_mod(syntax, at, module, macros, &attrs),
            SyntaxKind::UseItem => self.collect_use(syntax, node, module),
            SyntaxKind::ExternBlock => self.collect_extern(syntax, at, module, macros),
            SyntaxKind::ConstItem => self.collect_const(syntax, at, module, macros, ConstItemKind::Const, attrs),
            SyntaxKind::StaticItem => {
                let kind = ConstItemKind::Static { mutable: syntax.has(node, SyntaxKind::MutKw) };
                self.collect_const(syntax, at, module, macros, kind, attrs);
            }
            SyntaxKind::TypeAlias => self.collect_alias(syntax, at, module, macros, attrs),
            SyntaxKind::MacroDef => self.collect_macro(syntax, at, module, macros),
            _ => {}
        }
    }

    /// A `let` or an expression among items.
    fn collect_statement(
        &mut self,
        syntax: Syntax<'_>,
        at: At,
        module: ModId,
        macros: &mut MacroScope,
        around: Around,
    ) {
        let node = at.node;
        let call = syntax.children(node).find(|&c| syntax.kind(c) == SyntaxKind::MacroCall);
        if let Some(call) = call.filter(|_| syntax.kind(node) == SyntaxKind::ExprStmt) {
            let call = At { node: call, ..at };
            let deferred = DeferredCall { at: call, module, macros: macros.clone() };
            if !self.expand_items(&deferred, macros, around) {
                self.deferred.push(deferred);
            }
            return;
        }
        if around == Around::Statements {
            return;
        }
        let attrs = self.attrs_of(syntax, node);
        if !self.is_configured(&attrs, module) {
            return;
        }
        if syntax.kind(node) == SyntaxKind::LetStmt {
            self.collect_const(syntax, at, module, macros, ConstItemKind::ModuleLet, attrs);
        } else {
            let message = "a statement stands here, but only items may";
            let d = Diagnostic::at(&grok::UNEXPECTED_TOKEN, syntax.span(node), message)
                .help("move it into a function; only the root file of a program without `fn main` holds statements");
            self.diagnostics.push(d);
        }
    }

    /// Expands a macro call in the place of items. False if the macro is not known (yet).
    fn expand_items(&mut self, call: &DeferredCall, macros: &mut MacroScope, around: Around) -> bool {
        let entry = match around {
            Around::Module => syntax::Entry::Items,
            Around::Statements => syntax::Entry::Statements,
        };
        match self.expand_call(call.at, call.module, macros, entry) {
            super::expand::Expansion::Unknown => false,
            super::expand::Expansion::Builtin(name) => {
                if around == Around::Module {
                    self.expand_builtin_items(call, name, macros);
                }
                true
            }
            super::expand::Expansion::Failed => true,
            super::expand::Expansion::Source(source) => {
                self.expansions.insert(call.at, source);
                let parse = self.parse(source);
                let nodes: Vec<NodeId> = parse.syntax().children(parse.root()).collect();
                self.expansion_depth += 1;
                self.collect_nodes(source, &nodes, call.module, macros, around);
                self.expansion_depth -= 1;
                true
            }
        }
    }

    /// Head of an item: name, visibility, attributes, documentation.
    pub(super) fn head(&mut self, syntax: Syntax<'_>, node: NodeId, module: ModId, attrs: Vec<Attr>) -> ItemHead {
        let token = syntax.name(node);
        let name = match token {
            Some(t) => self.name_of(syntax.tokens, t),
            None => self.intern("_"),
        };
        let span = syntax.span(node);
        let name_span = token.map_or(span, |t| syntax.tokens.span(t));
        let vis = self.visibility(syntax, node, module);
        let docs = self.docs_of(syntax, node, &attrs);
        ItemHead { name, name_span, span, module, vis, attrs, docs }
    }

    /// The visibility written at a node; without one, private to the module.
    pub(super) fn visibility(&mut self, syntax: Syntax<'_>, node: NodeId, module: ModId) -> Visibility {
        let Some(vis) = syntax.child(node, SyntaxKind::Visibility) else { return Visibility::Module(module) };
        let Some(path) = syntax.child(vis, SyntaxKind::Path) else { return Visibility::Public };
        let segments = self.plain_segments(syntax, path, module);
        if let [Segment { kind: SegmentKind::Crate(package), .. }] = segments[..] {
            return Visibility::Package(package);
        }
        match self.walk(module, &segments, Ns::Types, false).found {
            Found::Def { def: Def::Mod(m), used } if used == segments.len() && self.is_within(module, m) => {
                Visibility::Module(m)
            }
            _ => {
                let message = "the visibility does not name a module around this one";
                self.report(&grok::UNRESOLVED_PATH, syntax.span(path), message);
                Visibility::Module(module)
            }
        }
    }

    /// The names of a path without arguments.
    pub(super) fn plain_segments(&mut self, syntax: Syntax<'_>, node: NodeId, module: ModId) -> Vec<Segment> {
        let mut out = Vec::new();
        let mut first = true;
        for t in syntax.own_tokens(node).collect::<Vec<_>>() {
            out.extend(self.segment(syntax, t, module, first));
            first = false;
        }
        out
    }

    /// One token of a path as a segment; `::` is one only at the beginning.
    pub(super) fn segment(&mut self, syntax: Syntax<'_>, token: u32, module: ModId, first: bool) -> Option<Segment> {
        let tokens = syntax.tokens;
        let kind = match tokens.kind(token) {
            SyntaxKind::Ident | SyntaxKind::RawIdent => SegmentKind::Name,
            SyntaxKind::SelfKw => SegmentKind::SelfValue,
            SyntaxKind::SelfTypeKw => SegmentKind::SelfType,
            SyntaxKind::SuperKw => SegmentKind::Super,
            SyntaxKind::CrateKw if tokens.text(token) == "$crate" => {
                SegmentKind::Crate(self.package_of_context(tokens.context(token)))
            }
            SyntaxKind::CrateKw => SegmentKind::Crate(self.package_of(module)),
            SyntaxKind::ColonColon if first => SegmentKind::Global,
            _ => return None,
        };
        let name = self.name_of(tokens, token);
        Some(Segment { kind, name, span: tokens.span(token), context: tokens.context(token) })
    }

    /// Declares a name; an item of the same name in the same space is E0428.
    pub(super) fn define(&mut self, module: ModId, ns: Ns, name: Symbol, binding: Binding) {
        match self.module_mut(module).names[ns as usize].entry(name) {
            Entry::Occupied(old) if old.get().import.is_none() => {
                let first = old.get().span;
                self.duplicate(name, first, binding.span);
            }
            Entry::Occupied(mut old) => _ = old.insert(binding),
            Entry::Vacant(free) => _ = free.insert(binding),
        }
    }

    fn define_item(&mut self, head: &ItemHead, spaces: &[Ns], def: Def) {
        if self.hir.names.text(head.name) == "_" {
            return;
        }
        let binding = Binding { def, vis: head.vis, span: head.name_span, import: None };
        for (i, &ns) in spaces.iter().enumerate() {
            // One message is enough for an item that lives in two spaces.
            let taken =
                || self.module(head.module).names[ns as usize].get(&head.name).is_some_and(|b| b.import.is_none());
            if i == 0 || !taken() {
                self.define(head.module, ns, head.name, binding);
            }
        }
    }

    fn pend(&mut self, at: At, module: ModId, macros: &MacroScope, kind: PendingKind) {
        self.pending.push(PendingItem { at, module, macros: macros.clone(), kind });
    }

    fn collect_fn(
        &mut self,
        syntax: Syntax<'_>,
        at: At,
        module: ModId,
        macros: &MacroScope,
        parent: Parent,
        attrs: Vec<Attr>,
    ) -> FnId {
        let head = self.head(syntax, at.node, module, attrs);
        let id = self.hir.fns.push(empty_fn(head.clone(), parent));
        self.define_item(&head, &[Ns::Values], Def::Fn(id));
        self.pend(at, module, macros, PendingKind::Fn(id));
        id
    }

    fn collect_adt(
        &mut self,
        syntax: Syntax<'_>,
        at: At,
        module: ModId,
        macros: &MacroScope,
        kind: AdtKind,
        attrs: Vec<Attr>,
    ) {
        let head = self.head(syntax, at.node, module, attrs);
        let variants = match kind {
            AdtKind::Enum => self.variant_names(syntax, at.node, module),
            AdtKind::Struct | AdtKind::Actor => vec![Variant {
                name: head.name,
                span: head.name_span,
                form: if kind == AdtKind::Actor { VariantForm::Named } else { form_of(syntax, at.node) },
                fields: Vec::new(),
                discriminant: None,
                attrs: Vec::new(),
                docs: None,
            }],
        };
        let has_constructor = kind == AdtKind::Struct && variants[0].form != VariantForm::Named;
        let id = self.hir.adts.push(Adt {
            head: head.clone(),
            generics: Generics::default(),
            kind,
            variants,
            repr: Repr::default(),
            derives: Vec::new(),
            actor: None,
        });
        let spaces: &[Ns] = if has_constructor { &[Ns::Types, Ns::Values] } else { &[Ns::Types] };
        self.define_item(&head, spaces, Def::Adt(id));
        self.pend(at, module, macros, PendingKind::Adt(id));
    }

    /// Variants by name; their fields follow with the signature.
    fn variant_names(&mut self, syntax: Syntax<'_>, node: NodeId, module: ModId) -> Vec<Variant> {
        let mut out: Vec<Variant> = Vec::new();
        let Some(list) = syntax.child(node, SyntaxKind::VariantList) else { return out };
        for v in syntax.children(list).filter(|&c| syntax.kind(c) == SyntaxKind::Variant) {
            let attrs = self.attrs_of(syntax, v);
            if !self.is_configured(&attrs, module) {
                continue;
            }
            self.check_attrs_later(&attrs, Place::Variant, module);
            self.note_lints(&attrs, syntax.span(v));
            let Some(token) = syntax.name(v) else { continue };
            let name = self.name_of(syntax.tokens, token);
            let span = syntax.tokens.span(token);
            if let Some(old) = out.iter().find(|o| o.name == name) {
                self.duplicate(name, old.span, span);
                continue;
            }
            let docs = self.docs_of(syntax, v, &attrs);
            let form = form_of(syntax, v);
            out.push(Variant { name, span, form, fields: Vec::new(), discriminant: None, attrs, docs });
        }
        out
    }

    fn collect_trait(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &MacroScope, attrs: Vec<Attr>) {
        let head = self.head(syntax, at.node, module, attrs);
        let is_auto = self.find_attr(&head.attrs, "auto").is_some();
        let id = self.hir.traits.push(Trait {
            head: head.clone(),
            generics: Generics::default(),
            supers: Vec::new(),
            fns: Vec::new(),
            types: Vec::new(),
            consts: Vec::new(),
            is_unsafe: syntax.has(at.node, SyntaxKind::UnsafeKw),
            is_auto,
        });
        self.define_item(&head, &[Ns::Types], Def::Trait(id));
        self.pend(at, module, macros, PendingKind::Trait(id));
    }

    fn collect_impl(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &MacroScope, attrs: Vec<Attr>) {
        let mut head = self.head(syntax, at.node, module, attrs);
        head.name = self.intern("impl");
        head.name_span = head.span;
        let self_ty = self.new_type(TypeExpr::Error, head.span);
        let id = self.hir.impls.push(Impl {
            head,
            generics: Generics::default(),
            of: None,
            self_ty,
            fns: Vec::new(),
            types: Vec::new(),
            consts: Vec::new(),
            is_unsafe: syntax.has(at.node, SyntaxKind::UnsafeKw),
            derived: None,
            actor: None,
        });
        self.pend(at, module, macros, PendingKind::Impl(id));
    }

    fn collect_const(
        &mut self,
        syntax: Syntax<'_>,
        at: At,
        module: ModId,
        macros: &MacroScope,
        kind: ConstItemKind,
        attrs: Vec<Attr>,
    ) {
        let mut head = self.head(syntax, at.node, module, attrs);
        if kind == ConstItemKind::ModuleLet {
            let Some((name, span)) = self.let_name(syntax, at.node) else { return };
            head.name = name;
            head.name_span = span;
        }
        let id = self.hir.consts.push(ConstItem {
            head: head.clone(),
            parent: Parent::Module,
            generics: Generics::default(),
            kind,
            ty: None,
            body: None,
        });
        self.define_item(&head, &[Ns::Values], Def::Const(id));
        if kind != ConstItemKind::Const {
            self.start_up.push(id);
        }
        self.pend(at, module, macros, PendingKind::Const(id));
    }

    /// The name of a `let` between items, which binds exactly one.
    fn let_name(&mut self, syntax: Syntax<'_>, node: NodeId) -> Option<(Symbol, Span)> {
        let pattern = syntax
            .children(node)
            .find(|&c| !matches!(syntax.kind(c), SyntaxKind::Attr | SyntaxKind::InnerAttr | SyntaxKind::Visibility))?;
        if syntax.kind(pattern) == SyntaxKind::IdentPat && syntax.children(pattern).next().is_none() {
            let token = syntax.name(pattern)?;
            return Some((self.name_of(syntax.tokens, token), syntax.tokens.span(token)));
        }
        if syntax.kind(pattern) != SyntaxKind::ErrorNode {
            let message = "a `let` between items binds one name";
            self.report(&grok::UNEXPECTED_TOKEN, syntax.span(pattern), message);
        }
        None
    }

    fn collect_alias(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &MacroScope, attrs: Vec<Attr>) {
        let head = self.head(syntax, at.node, module, attrs);
        let id = self.hir.aliases.push(Alias {
            head: head.clone(),
            parent: Parent::Module,
            generics: Generics::default(),
            bounds: Vec::new(),
            ty: None,
        });
        self.define_item(&head, &[Ns::Types], Def::Alias(id));
        self.pend(at, module, macros, PendingKind::Alias(id));
    }

    fn collect_extern(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &MacroScope) {
        let abi = self.abi(syntax, at.node);
        let block_attrs = self.attrs_of(syntax, at.node);
        let Some(list) = syntax.child(at.node, SyntaxKind::MemberList) else { return };
        for member in syntax.children(list) {
            let mut attrs = self.attrs_of(syntax, member);
            if !self.is_configured(&attrs, module) {
                continue;
            }
            let place = if syntax.kind(member) == SyntaxKind::FnItem { Place::ForeignFn } else { Place::Const };
            self.check_attrs_later(&attrs, place, module);
            // Members know where they come from: `#[link]`, `#[python_import]` of the block.
            attrs.extend(block_attrs.iter().cloned());
            let at = At { node: member, ..at };
            match syntax.kind(member) {
                SyntaxKind::FnItem => {
                    let id = self.collect_fn(syntax, at, module, macros, Parent::Extern, attrs);
                    self.hir.fns[id].abi = abi;
                }
                SyntaxKind::StaticItem => {
                    let kind = ConstItemKind::Static { mutable: syntax.has(member, SyntaxKind::MutKw) };
                    let before = self.start_up.len();
                    self.collect_const(syntax, at, module, macros, kind, attrs);
                    self.start_up.truncate(before);
                    if let Some(id) = self.hir.consts.ids().next_back() {
                        self.hir.consts[id].parent = Parent::Extern;
                    }
                }
                SyntaxKind::TypeAlias => self.collect_foreign_type(syntax, at, module, attrs),
                _ => {}
            }
        }
    }

    /// `type T;` in an `extern` block: an opaque struct without fields.
    fn collect_foreign_type(&mut self, syntax: Syntax<'_>, at: At, module: ModId, attrs: Vec<Attr>) {
        let head = self.head(syntax, at.node, module, attrs);
        let variant = Variant {
            name: head.name,
            span: head.name_span,
            form: VariantForm::Named,
            fields: Vec::new(),
            discriminant: None,
            attrs: Vec::new(),
            docs: None,
        };
        let id = self.hir.adts.push(Adt {
            head: head.clone(),
            generics: Generics::default(),
            kind: AdtKind::Struct,
            variants: vec![variant],
            repr: Repr { c: true, int: None },
            derives: Vec::new(),
            actor: None,
        });
        self.define_item(&head, &[Ns::Types], Def::Adt(id));
    }

    /// The name of the ABI at a function or block; `C` if none is written.
    pub(super) fn abi(&mut self, syntax: Syntax<'_>, node: NodeId) -> Option<Symbol> {
        let abi = syntax.child(node, SyntaxKind::Abi)?;
        let string = syntax.own_tokens(abi).find(|&t| syntax.tokens.kind(t).is_literal());
        let Some(token) = string else {
            let exported = syntax.own_tokens(abi).next().is_some_and(|t| syntax.tokens.text(t) == "export");
            return Some(self.intern(if exported { "" } else { "C" }));
        };
        let text = syntax::literal::string(syntax.tokens.kind(token), syntax.tokens.text(token));
        let known = ["C", "system", "python", "py"];
        if !known.contains(&&*text) {
            self.report(&grok::UNKNOWN_ABI, syntax.tokens.span(token), format!("unknown ABI `{text}`"));
        }
        Some(self.intern(if text == "py" { "python" } else { &text }))
    }

    fn collect_macro(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &mut MacroScope) {
        let Some((name, id)) = self.define_macro(syntax, at, module) else { return };
        Arc::make_mut(macros).push((name, id));
        let vis = self.visibility(syntax, at.node, module);
        let span = syntax.span(at.node);
        // A private macro may be declared again; a path leads to the last one.
        let binding = Binding { def: Def::Macro(id), vis, span, import: None };
        self.module_mut(module).names[Ns::Macros as usize].insert(name, binding);
    }

    // Modules.

    fn collect_mod(&mut self, syntax: Syntax<'_>, at: At, module: ModId, macros: &mut MacroScope, attrs: &[Attr]) {
        let head = self.head(syntax, at.node, module, attrs.to_vec());
        let package = self.package_of(module);
        let text = self.hir.names.text(head.name).to_owned();
        let folder = join(&self.module(module).folder.clone(), &text);
        let parent = Some(self.real_module(module));
        let child = self.add_module(head.name, package, parent, head.name_span, folder.clone());
        self.hir.modules[child].vis = head.vis;
        self.hir.modules[child].docs = head.docs;
        self.define_item(&head, &[Ns::Types], Def::Mod(child));
        self.note_lock_orders(attrs, child);
        let mut inner = macros.clone();
        if let Some(list) = syntax.child(at.node, SyntaxKind::ItemList) {
            self.collect_module_nodes(At { node: list, ..at }, child, &mut inner);
            return;
        }
        let candidates = [format!("{folder}.grok"), format!("{folder}/mod.grok")];
        for path in &candidates {
            if self.files.contains_key(path) {
                continue;
            }
            if let Some(source) = self.loader.read(path) {
                let at = self.parse_file(path, source);
                self.collect_module_nodes(at, child, &mut inner);
                return;
            }
        }
        let message = format!("no file for the module `{text}`: neither `{}` nor `{}`", candidates[0], candidates[1]);
        self.report(&grok::MODULE_FILE_MISSING, head.name_span, message);
        self.module_mut(child).faulty_glob = true;
    }

    // Settling.

    /// Resolves imports, expands macros that were found by them, and makes all signatures, until nothing is left.
    pub(super) fn settle_items(&mut self) {
        let first_import = self.checked_imports;
        loop {
            self.resolve_imports();
            let calls = std::mem::take(&mut self.deferred);
            let mut progress = false;
            for call in calls {
                let mut macros = call.macros.clone();
                if self.expand_items(&call, &mut macros, Around::Module) {
                    progress = true;
                } else {
                    self.deferred.push(call);
                }
            }
            if !progress {
                break;
            }
        }
        for call in std::mem::take(&mut self.deferred) {
            self.report_unknown_macro(call.at);
        }
        self.check_imports(first_import);
        self.checked_imports = self.imports.len();
        self.make_signatures();
        for (attrs, place, module) in std::mem::take(&mut self.unchecked_attrs) {
            self.check_attrs(&attrs, place, module);
        }
    }

    /// Attributes are checked when all imports are known, because a function may define one.
    pub(super) fn check_attrs_later(&mut self, attrs: &[Attr], place: Place, module: ModId) {
        if !attrs.is_empty() {
            self.unchecked_attrs.push((attrs.to_vec(), place, module));
        }
    }

    /// The macro that a name means by its position in the text.
    pub(super) fn textual_macro(macros: &MacroScope, name: Symbol) -> Option<MacroId> {
        macros.iter().rev().find(|(n, _)| *n == name).map(|(_, id)| *id)
    }
}

/// A function without a signature yet.
pub(super) fn empty_fn(head: ItemHead, parent: Parent) -> FnItem {
    FnItem {
        head,
        parent,
        generics: Generics::default(),
        self_param: None,
        params: Vec::new(),
        ret: ReturnType::Omitted,
        is_const: false,
        is_async: false,
        is_unsafe: false,
        is_variadic: false,
        abi: None,
        body: None,
        intrinsic: None,
    }
}

fn form_of(syntax: Syntax<'_>, node: NodeId) -> VariantForm {
    if syntax.child(node, SyntaxKind::FieldList).is_some() {
        VariantForm::Named
    } else if syntax.child(node, SyntaxKind::TupleFieldList).is_some() {
        VariantForm::Tuple
    } else {
        VariantForm::Unit
    }
}

fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |n| &path[..n])
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
