//! `use`: resolution to a fixpoint, unused imports, cycles and the order of start-up.

use molt_base::hash::FastSet;

use molt_base::Symbol;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::{CANNOT_CROSS, grok};

use super::front::Front;
use super::scope::{ALL_NS, Binding, Def, Found, Import, ImportId, Ns, Segment, SegmentKind};
use super::{ConstId, Export, Exported, ModId, TraitId, Visibility};
use crate::syntax::{self, NodeId, Syntax, SyntaxKind};

impl Front {
    /// Resolves as many imports as possible. Names that a waiting import may provide are left alone until nothing else
    /// moves; then globs that wait no longer block, and at last nothing does.
    pub(super) fn resolve_imports(&mut self) {
        let mut open: Vec<u32> = (self.checked_imports as u32..self.imports.len() as u32).collect();
        open.retain(|&i| !self.imports[i as usize].resolved);
        let mut strict = true;
        loop {
            let before = open.len();
            open.retain(|&i| !self.try_import(ImportId(i), strict));
            if open.is_empty() {
                return;
            }
            match (open.len() < before, strict) {
                (true, _) => strict = true,
                (false, true) => strict = false,
                (false, false) => return,
            }
        }
    }

    /// Tries one import; true when it is settled.
    fn try_import(&mut self, id: ImportId, strict: bool) -> bool {
        let import = self.imports[id.0 as usize].clone();
        if import.is_glob {
            let target = if import.path.is_empty() {
                Some(Def::Mod(self.hir.packages[self.package_of(import.module)].root))
            } else {
                match self.walk(import.module, &import.path, Ns::Types, strict).found {
                    Found::Def { def, used } if used == import.path.len() => Some(def),
                    _ => None,
                }
            };
            let Some(target @ (Def::Mod(_) | Def::Adt(_))) = target else { return false };
            let entry = &mut self.imports[id.0 as usize];
            entry.target = Some(target);
            entry.resolved = true;
            return true;
        }
        let mut found = Vec::new();
        for ns in ALL_NS {
            match self.walk(import.module, &import.path, ns, strict).found {
                Found::Def { def, used } if used == import.path.len() => found.push((ns, def)),
                Found::Undetermined => return false,
                Found::Def { .. } | Found::Nothing { .. } => {}
            }
        }
        // A name may also mean itself: `use x;` beside a package `x` must not find the import that is being made.
        if found.is_empty() {
            return false;
        }
        self.settle_import(id, &found);
        true
    }

    fn settle_import(&mut self, id: ImportId, found: &[(Ns, Def)]) {
        let import = self.imports[id.0 as usize].clone();
        self.imports[id.0 as usize].resolved = true;
        let module = import.module;
        let Some(name) = import.name else {
            for (_, def) in found {
                if let Def::Trait(t) = *def {
                    self.module_mut(module).unnamed_traits.push(t);
                }
            }
            return;
        };
        if let Some(n) = self.module_mut(module).waiting.get_mut(&name) {
            *n -= 1;
        }
        for &(ns, def) in found {
            let binding = Binding { def, vis: import.vis, span: import.span, import: Some(id) };
            let old = self.module(module).names[ns as usize].get(&name).copied();
            match old {
                // Items of the module win over imports.
                Some(old) if old.import.is_none() => {}
                Some(old) if old.def != def => {
                    self.imports[id.0 as usize].used.set(true);
                    self.duplicate(name, old.span, import.span);
                }
                _ => {
                    self.module_mut(module).names[ns as usize].insert(name, binding);
                }
            }
        }
    }

    pub(super) fn duplicate(&mut self, name: Symbol, first: molt_base::Span, second: molt_base::Span) {
        let message = format!("`{}` is declared twice here", self.hir.names.text(name));
        let d = Diagnostic::at(&grok::DUPLICATE_DEFINITION, second, message).label(first, "first declared here", false);
        self.diagnostics.push(d);
    }

    /// Reports what no import could be made of, privacy, and remembers which modules depend on which.
    pub(super) fn check_imports(&mut self, from: usize) {
        for i in from..self.imports.len() {
            let import = self.imports[i].clone();
            if self.is_std_module(import.module) && import.resolved {
                continue;
            }
            if !import.resolved {
                self.report_unresolved_import(i);
                continue;
            }
            let mut private = None;
            let mut all_private = true;
            let mut target = import.target;
            let spaces: &[Ns] = if import.is_glob { &[Ns::Types] } else { &ALL_NS };
            for &ns in spaces {
                let walk = self.walk(import.module, &import.path, ns, false);
                if let Found::Def { def, used } = walk.found
                    && used == import.path.len()
                {
                    target = target.or(Some(def));
                    match walk.private {
                        Some(p) => private = Some((p, def)),
                        None => all_private = false,
                    }
                }
            }
            if let Some((segment, def)) = private.filter(|_| all_private) {
                self.report_private(&import.path, segment, def);
            }
            if let Some(target) = target.and_then(|t| self.module_of_def(t)) {
                self.add_edge(import.module, target, import.span);
            }
        }
    }

    fn add_edge(&mut self, from: ModId, to: ModId, span: molt_base::Span) {
        let from = self.real_module(from);
        let to = self.real_module(to);
        let related = self.is_within(from, to) || self.is_within(to, from);
        if !related && self.package_of(from) == self.package_of(to) {
            self.edges.push((from, to, span));
        }
    }

    /// The module that holds an item; a module holds itself.
    fn module_of_def(&self, def: Def) -> Option<ModId> {
        Some(match def {
            Def::Mod(m) => m,
            Def::Adt(a) | Def::Variant(a, _) => self.hir.adts[a].head.module,
            Def::Trait(t) => self.hir.traits[t].head.module,
            Def::Alias(a) => self.hir.aliases[a].head.module,
            Def::Fn(f) => self.hir.fns[f].head.module,
            Def::Const(c) => self.hir.consts[c].head.module,
            Def::Macro(_) | Def::Prim(_) => return None,
        })
    }

    fn report_unresolved_import(&mut self, index: usize) {
        let import = self.imports[index].clone();
        self.imports[index].used.set(true);
        // The space in which the walk got furthest explains best what is missing.
        let mut place = (0, None);
        for ns in ALL_NS {
            match self.walk(import.module, &import.path, ns, false).found {
                Found::Nothing { index, module } if index >= place.0 => place = (index, module.or(place.1)),
                Found::Def { used, .. } if used < import.path.len() && used > place.0 => place = (used, None),
                _ => {}
            }
        }
        let Some(segment) = import.path.get(place.0).copied() else { return };
        if place.1.is_some_and(|m| self.module(m).faulty_glob) {
            self.define_error(&import);
            return;
        }
        let name = self.hir.names.text(segment.name).to_owned();
        let message = match place.1 {
            Some(m) => format!("`{}` has no `{name}`", self.module_path(m)),
            None if segment.kind == SegmentKind::Super => "there is no module above this one".to_owned(),
            None => format!("nothing is named `{name}` here"),
        };
        let mut d = match place.1.and_then(|m| self.left_out(m, segment.name)) {
            Some(why) => Diagnostic::at(&CANNOT_CROSS, segment.span, format!("{message} for GrokLang: {why}")),
            None => Diagnostic::at(&grok::UNRESOLVED_IMPORT, segment.span, message),
        };
        let similar =
            ALL_NS.iter().find_map(|&ns| self.similar_name(place.1.unwrap_or(import.module), segment.name, ns));
        if let Some(similar) = similar {
            d = d.help(format!("did you mean `{similar}`?"));
        }
        self.diagnostics.push(d);
        self.define_error(&import);
    }

    /// An unresolved import leaves its name without meaning: later uses of it stay silent.
    fn define_error(&mut self, import: &Import) {
        if let Some(name) = import.name {
            self.module_mut(import.module).waiting.insert(name, 0);
            self.module_mut(import.module).faulty.insert(name);
        } else if import.is_glob {
            self.module_mut(import.module).faulty_glob = true;
        }
    }

    /// The path of a module as messages show it.
    pub(super) fn module_path(&self, module: ModId) -> String {
        let module = self.real_module(module);
        let data = &self.hir.modules[module];
        match data.parent {
            Some(parent) => format!("{}::{}", self.module_path(parent), self.hir.names.text(data.name)),
            None => self.hir.names.text(self.hir.packages[data.package].name).to_owned(),
        }
    }

    /// E0603 for a segment of a path that leads to an item.
    pub(super) fn report_private(&mut self, path: &[Segment], segment: usize, def: Def) {
        let kind = if segment + 1 == path.len() { self.describe_def(def) } else { "module" };
        let message = format!("the {kind} `{}` is private", self.hir.names.text(path[segment].name));
        self.report(&grok::PRIVATE_ITEM, path[segment].span, message);
    }

    pub(super) fn describe_def(&self, def: Def) -> &'static str {
        use super::AdtKind;
        match def {
            Def::Mod(_) => "module",
            Def::Adt(a) => match self.hir.adts[a].kind {
                AdtKind::Struct => "struct",
                AdtKind::Enum => "enum",
                AdtKind::Actor => "actor",
            },
            Def::Variant(..) => "variant",
            Def::Trait(_) => "trait",
            Def::Alias(_) => "type alias",
            Def::Prim(_) => "built-in type",
            Def::Fn(_) => "function",
            Def::Const(_) => "constant",
            Def::Macro(_) => "macro",
        }
    }

    /// W0102. Imports of traits and globs that may bring traits are used by method calls, which only the checker sees.
    pub(super) fn report_unused_imports(&mut self) {
        for i in 0..self.imports.len() {
            let import = &self.imports[i];
            let silent = import.used.get()
                || !import.reported
                || !import.resolved
                || import.name.is_none()
                || import.vis != Visibility::Module(self.real_module(import.module))
                || self.is_std_module(import.module)
                || self.imports_trait(i);
            if !silent {
                let name = import.name.map(|n| self.hir.names.text(n).to_owned()).unwrap_or_default();
                self.report(&grok::UNUSED_IMPORT, self.imports[i].span, format!("`{name}` is imported but never used"));
            }
        }
    }

    fn imports_trait(&self, index: usize) -> bool {
        let import = &self.imports[index];
        let walk = self.walk(import.module, &import.path, Ns::Types, false);
        matches!(walk.found, Found::Def { def: Def::Trait(_), .. })
    }

    /// What public imports of user packages give.
    pub(super) fn exports(&self) -> Vec<Export> {
        let mut out = Vec::new();
        let user = self.hir.modules.iter().filter(|(id, m)| !self.is_std_module(*id) && m.around.is_none());
        for (module, _) in user {
            let data = self.module(module);
            let named = data.names.iter().flatten().filter(|(_, b)| b.import.is_some());
            out.extend(named.filter_map(|(&name, b)| export(module, name, b)));
            for glob in &data.globs {
                let import = &self.imports[glob.0 as usize];
                let (Some(Def::Mod(target)), Visibility::Public) = (import.target, import.vis) else { continue };
                let items = self.module(target).names.iter().flatten();
                out.extend(items.filter_map(|(&name, b)| export(module, name, b)));
            }
        }
        out.sort_by_key(|e| (e.module.0, self.hir.text(e.name)));
        out.dedup();
        out
    }

    /// Traits whose methods can be called in each module since `first`.
    pub(super) fn settle_traits(&mut self, first: usize) {
        for m in first..self.modules.len() {
            self.hir.modules[ModId(m as u32)].traits_in_scope = self.traits_of_module(ModId(m as u32));
        }
    }

    pub(super) fn traits_of_module(&self, module: ModId) -> Vec<TraitId> {
        let mut out = Vec::new();
        let mut at = Some(module);
        while let Some(m) = at {
            self.add_traits(m, module, &mut out, &mut Vec::new());
            at = self.module(m).around;
        }
        if let Some(prelude) = self.prelude {
            self.add_traits(prelude, module, &mut out, &mut Vec::new());
        }
        let mut seen = FastSet::default();
        out.retain(|t| seen.insert(*t));
        out.sort_unstable();
        out
    }

    fn add_traits(&self, module: ModId, from: ModId, out: &mut Vec<TraitId>, visited: &mut Vec<ModId>) {
        if visited.contains(&module) {
            return;
        }
        visited.push(module);
        let data = self.module(module);
        for binding in data.names[Ns::Types as usize].values() {
            if let Def::Trait(t) = binding.def
                && self.is_visible(binding.vis, from)
            {
                out.push(t);
            }
        }
        out.extend(&data.unnamed_traits);
        for &glob in &data.globs {
            if let Some(Def::Mod(target)) = self.imports[glob.0 as usize].target {
                self.add_traits(target, from, out, visited);
            }
        }
    }

    /// E1020: modules of one package that import each other in a circle.
    pub(super) fn report_import_cycles(&mut self) {
        let mut done: FastSet<ModId> = FastSet::default();
        let modules: Vec<ModId> = self.hir.modules.ids().collect();
        for &start in &modules {
            if done.contains(&start) || self.is_std_module(start) {
                continue;
            }
            let Some(cycle) = self.cycle_through(start) else { continue };
            done.extend(cycle.iter().map(|&e| self.edges[e].0));
            let names: Vec<String> =
                cycle.iter().map(|&e| format!("`{}`", self.module_path(self.edges[e].0))).collect();
            let message = format!("modules import each other in a circle: {}", names.join(", "));
            let mut d = Diagnostic::at(&grok::IMPORT_CYCLE, self.edges[cycle[0]].2, message);
            for &e in &cycle[1..] {
                d = d.label(self.edges[e].2, "and this import closes the circle", false);
            }
            self.diagnostics.push(d);
        }
    }

    /// The shortest circle of edges that leads back to a module.
    fn cycle_through(&self, start: ModId) -> Option<Vec<usize>> {
        let mut paths: Vec<Vec<usize>> = vec![Vec::new()];
        let mut ends = vec![start];
        let mut seen: FastSet<ModId> = FastSet::default();
        let mut next = 0;
        while next < ends.len() {
            for (e, &(from, to, _)) in self.edges.iter().enumerate() {
                if from != ends[next] {
                    continue;
                }
                let mut path = paths[next].clone();
                path.push(e);
                if to == start {
                    return Some(path);
                }
                if seen.insert(to) {
                    paths.push(path);
                    ends.push(to);
                }
            }
            next += 1;
        }
        None
    }

    /// `let`s of modules and statics: packages in the order of loading, modules after those they import.
    pub(super) fn start_up_order(&self) -> Vec<ConstId> {
        let mut order = Vec::new();
        let mut seen = FastSet::default();
        for module in self.hir.modules.ids() {
            self.visit_for_start_up(module, &mut seen, &mut order);
        }
        let mut out = Vec::new();
        for module in order {
            let here = |c: &&ConstId| self.real_module(self.hir.consts[**c].head.module) == module;
            out.extend(self.start_up.iter().filter(here));
        }
        out
    }

    fn visit_for_start_up(&self, start: ModId, seen: &mut FastSet<ModId>, order: &mut Vec<ModId>) {
        // An explicit stack: chains of imports may be long.
        let mut stack = vec![(start, 0)];
        if !seen.insert(start) {
            return;
        }
        while let Some((module, edge)) = stack.pop() {
            let next = self
                .edges
                .iter()
                .enumerate()
                .skip(edge)
                .find(|(_, (from, to, _))| *from == module && !seen.contains(to));
            match next {
                Some((e, &(_, to, _))) => {
                    stack.push((module, e + 1));
                    seen.insert(to);
                    stack.push((to, 0));
                }
                None => order.push(module),
            }
        }
    }

    /// The module `prelude` of the library, whose public names everybody sees.
    pub(super) fn find_prelude(&mut self) {
        let Some(std) = self.std else { return };
        let root = self.hir.packages[std].root;
        let name = self.intern("prelude");
        if let Some(Binding { def: Def::Mod(m), .. }) = self.module(root).names[Ns::Types as usize].get(&name) {
            self.prelude = Some(*m);
        }
    }

    // Reading.

    /// The imports that one `use` makes.
    pub(super) fn collect_use(&mut self, syntax: Syntax<'_>, node: NodeId, module: ModId) {
        let vis = self.visibility(syntax, node, module);
        let trees: Vec<NodeId> = syntax.children(node).filter(|&c| syntax.kind(c) == SyntaxKind::UseTree).collect();
        let mut prefix = Vec::new();
        for (i, &tree) in trees.iter().enumerate() {
            if i == 0 {
                self.use_tree(syntax, tree, &[], module, vis);
                // `use a::b, c;` means `use a::{b, c};`
                prefix = self.plain_segments(syntax, tree, module);
                prefix.truncate(self.path_length(syntax, tree).saturating_sub(1));
            } else {
                self.use_tree(syntax, tree, &prefix, module, vis);
            }
        }
    }

    /// Number of names before `as`.
    fn path_length(&self, syntax: Syntax<'_>, tree: NodeId) -> usize {
        let before_as = syntax.own_tokens(tree).take_while(|&t| syntax.tokens.kind(t) != SyntaxKind::AsKw);
        before_as.enumerate().filter(|&(i, t)| i == 0 || syntax.tokens.kind(t) != SyntaxKind::ColonColon).count()
    }

    fn use_tree(&mut self, syntax: Syntax<'_>, tree: NodeId, prefix: &[Segment], module: ModId, vis: Visibility) {
        let tokens = syntax.tokens;
        let mut path = prefix.to_vec();
        let mut own = self.plain_segments(syntax, tree, module);
        let renamed = syntax.has(tree, SyntaxKind::AsKw);
        own.truncate(self.path_length(syntax, tree));
        if !prefix.is_empty() && own.first().is_some_and(|s| s.kind == SegmentKind::Global) {
            own.remove(0);
        }
        path.extend(own);
        if let Some(list) = syntax.child(tree, SyntaxKind::UseTreeList) {
            for child in syntax.children(list).filter(|&c| syntax.kind(c) == SyntaxKind::UseTree) {
                self.use_tree(syntax, child, &path, module, vis);
            }
            return;
        }
        let is_glob = syntax.has(tree, SyntaxKind::Star);
        let span = syntax.span(tree);
        let incomplete = syntax.own_tokens(tree).last().is_none_or(|t| tokens.kind(t) == SyntaxKind::ColonColon);
        if incomplete {
            return;
        }
        // `a::{self}` imports `a`.
        if path.len() > 1 && path.last().is_some_and(|s| s.kind == SegmentKind::SelfValue) {
            path.pop();
        }
        let name = match syntax.own_tokens(tree).last() {
            Some(t) if renamed && tokens.kind(t) == SyntaxKind::Underscore => None,
            Some(t) if renamed => Some(self.name_of(tokens, t)),
            _ => path.last().map(|s| s.name),
        };
        let reported = tokens.context(syntax.tree.node(tree).first_token) == syntax::SyntaxContext::ROOT;
        let id = ImportId(self.imports.len() as u32);
        self.imports.push(Import {
            module,
            path,
            name,
            is_glob,
            vis,
            span,
            resolved: false,
            target: None,
            used: false.into(),
            reported,
        });
        if is_glob {
            self.module_mut(module).globs.push(id);
        } else if let Some(name) = name {
            *self.module_mut(module).waiting.entry(name).or_default() += 1;
        }
    }
}

/// A public binding as what it exports; macros, variants and built-in types are no items of their own there.
fn export(module: ModId, name: Symbol, binding: &Binding) -> Option<Export> {
    let item = match binding.def {
        Def::Mod(m) => Exported::Mod(m),
        Def::Fn(f) => Exported::Fn(f),
        Def::Adt(a) => Exported::Adt(a),
        Def::Trait(t) => Exported::Trait(t),
        Def::Const(k) => Exported::Const(k),
        Def::Alias(a) => Exported::Alias(a),
        Def::Variant(..) | Def::Prim(_) | Def::Macro(_) => return None,
    };
    (binding.vis == Visibility::Public).then_some(Export { module, name, item })
}
