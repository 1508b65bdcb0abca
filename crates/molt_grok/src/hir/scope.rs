//! What names mean: module tables, imports, and the walk along a path.

use molt_base::hash::{FastMap, FastSet};
use std::cell::Cell;

use molt_base::{Span, Symbol};

use super::expand::MacroId;
use super::front::{Front, MacroScope};
use super::{AdtId, AdtKind, AliasId, ConstId, FloatKind, FnId, IntKind, ModId, PackageId, TraitId, Visibility};
use crate::syntax::SyntaxContext;

/// Something that a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Def {
    Mod(ModId),
    Adt(AdtId),
    Variant(AdtId, u32),
    Trait(TraitId),
    Alias(AliasId),
    Prim(Prim),
    Fn(FnId),
    Const(ConstId),
    Macro(MacroId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Prim {
    Bool,
    Char,
    Str,
    Int(IntKind),
    Float(FloatKind),
}

impl Prim {
    pub fn named(text: &str) -> Option<Prim> {
        Some(match text {
            "bool" => Prim::Bool,
            "char" => Prim::Char,
            "str" => Prim::Str,
            "i8" => Prim::Int(IntKind::I8),
            "i16" => Prim::Int(IntKind::I16),
            "i32" => Prim::Int(IntKind::I32),
            "i64" => Prim::Int(IntKind::I64),
            "i128" => Prim::Int(IntKind::I128),
            "isize" => Prim::Int(IntKind::Isize),
            "u8" => Prim::Int(IntKind::U8),
            "u16" => Prim::Int(IntKind::U16),
            "u32" => Prim::Int(IntKind::U32),
            "u64" => Prim::Int(IntKind::U64),
            "u128" => Prim::Int(IntKind::U128),
            "usize" => Prim::Int(IntKind::Usize),
            "f32" => Prim::Float(FloatKind::F32),
            "f64" => Prim::Float(FloatKind::F64),
            _ => return None,
        })
    }
}

/// Kinds of names that do not hide each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ns {
    Types,
    Values,
    Macros,
}

pub(super) const ALL_NS: [Ns; 3] = [Ns::Types, Ns::Values, Ns::Macros];

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct ImportId(pub u32);

/// A name in a module.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Binding {
    pub def: Def,
    pub vis: Visibility,
    pub span: Span,
    /// The `use` that brought it here.
    pub import: Option<ImportId>,
}

/// One leaf of a `use`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Import {
    pub module: ModId,
    pub path: Vec<Segment>,
    /// Name that it binds; `None` for `as _`.
    pub name: Option<Symbol>,
    pub is_glob: bool,
    pub vis: Visibility,
    pub span: Span,
    pub resolved: bool,
    /// Module or enum that a glob opens.
    pub target: Option<Def>,
    pub used: Cell<bool>,
    /// Written by a person, so worth a warning when unused.
    pub reported: bool,
}

/// Names of a module and what it sees around it.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct ModuleData {
    pub names: [FastMap<Symbol, Binding>; 3],
    /// Imports that bind a name and are not resolved yet.
    pub waiting: FastMap<Symbol, u32>,
    pub globs: Vec<ImportId>,
    /// Names whose import failed, and whether a glob did: uses of what they may have brought stay silent.
    pub faulty: FastSet<Symbol>,
    pub faulty_glob: bool,
    /// Traits imported `as _`.
    pub unnamed_traits: Vec<TraitId>,
    /// The items of a block: names that are not here are looked up in this module.
    pub around: Option<ModId>,
    /// Folder in which `mod name;` looks for files.
    pub folder: String,
    /// Macros that are visible at the module's end.
    #[serde(skip)]
    pub macros: MacroScope,
    pub children: Vec<ModId>,
}

/// One name of a path.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Segment {
    pub kind: SegmentKind,
    pub name: Symbol,
    pub span: Span,
    pub context: SyntaxContext,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum SegmentKind {
    Name,
    SelfValue,
    SelfType,
    Super,
    /// The package, also another one where a macro says `$crate`.
    Crate(PackageId),
    /// `::` at the beginning: what follows is the name of a package.
    Global,
}

/// What a walk along a path found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// The first `used` segments lead to this; more may follow if it is no module.
    Def { def: Def, used: usize },
    /// Segment `index` names nothing; in the module if the walk was inside one.
    Nothing { index: usize, module: Option<ModId> },
    /// An import that is not resolved yet may provide it.
    Undetermined,
}

/// A walk's result with what must be reported about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub found: Found,
    /// Segment whose item is not visible from here.
    pub private: Option<usize>,
    /// Segment that two globs provide.
    pub ambiguous: Option<usize>,
}

/// A name that was looked up.
enum Lookup {
    Found(Binding),
    /// Two globs provide different items.
    Ambiguous(Binding),
    Absent,
    Undetermined,
}

impl Front {
    pub(super) fn module(&self, module: ModId) -> &ModuleData {
        &self.modules[module.0 as usize]
    }

    pub(super) fn module_mut(&mut self, module: ModId) -> &mut ModuleData {
        &mut self.modules[module.0 as usize]
    }

    /// The module that `self` and `super` count from: a block's items belong to the module around it.
    pub(super) fn real_module(&self, mut module: ModId) -> ModId {
        while let Some(around) = self.module(module).around {
            module = around;
        }
        module
    }

    /// Whether `inner` is `outer` or below it.
    pub(super) fn is_within(&self, inner: ModId, outer: ModId) -> bool {
        let mut at = Some(inner);
        while let Some(m) = at {
            if m == outer {
                return true;
            }
            at = self.module(m).around.or(self.hir.modules[m].parent);
        }
        false
    }

    pub(super) fn is_visible(&self, vis: Visibility, from: ModId) -> bool {
        if self.test_module == Some(from) {
            return true;
        }
        match vis {
            Visibility::Public => true,
            Visibility::Module(m) => self.is_within(from, m),
            Visibility::Package(p) => self.package_of(from) == p,
        }
    }

    /// Looks a name up among the items and imports of one module.
    fn lookup_in(&self, module: ModId, name: Symbol, ns: Ns, strict: bool, visited: &mut Vec<ModId>) -> Lookup {
        let data = self.module(module);
        let named = data.names[ns as usize].get(&name).copied();
        if let Some(binding) = named.filter(|b| b.import.is_none()) {
            return Lookup::Found(binding);
        }
        if strict && data.waiting.get(&name).is_some_and(|&n| n > 0) {
            return Lookup::Undetermined;
        }
        if let Some(binding) = named {
            return Lookup::Found(binding);
        }
        if data.globs.is_empty() || visited.contains(&module) {
            return Lookup::Absent;
        }
        visited.push(module);
        let mut result: Option<Binding> = None;
        for &glob in &data.globs {
            let import = &self.imports[glob.0 as usize];
            let Some(target) = import.target else {
                if strict && !import.resolved {
                    return Lookup::Undetermined;
                }
                continue;
            };
            let Some(mut binding) = self.glob_lookup(target, name, ns, strict, visited) else { continue };
            if !self.is_visible(binding.vis, module) {
                continue;
            }
            binding.import = Some(glob);
            binding.vis = import.vis;
            match result {
                Some(other) if other.def != binding.def => return Lookup::Ambiguous(other),
                Some(_) => {}
                None => result = Some(binding),
            }
        }
        result.map_or(Lookup::Absent, Lookup::Found)
    }

    fn glob_lookup(
        &self,
        target: Def,
        name: Symbol,
        ns: Ns,
        strict: bool,
        visited: &mut Vec<ModId>,
    ) -> Option<Binding> {
        match target {
            Def::Mod(m) => match self.lookup_in(m, name, ns, strict, visited) {
                Lookup::Found(b) | Lookup::Ambiguous(b) => Some(b),
                Lookup::Absent | Lookup::Undetermined => None,
            },
            Def::Adt(adt) if ns != Ns::Macros => self.variant(adt, name).map(|index| Binding {
                def: Def::Variant(adt, index),
                vis: Visibility::Public,
                span: self.hir.adts[adt].head.span,
                import: None,
            }),
            _ => None,
        }
    }

    pub(super) fn variant(&self, adt: AdtId, name: Symbol) -> Option<u32> {
        let item = &self.hir.adts[adt];
        if item.kind != AdtKind::Enum {
            return None;
        }
        item.variants.iter().position(|v| v.name == name).map(|i| i as u32)
    }

    fn mark_used(&self, binding: &Binding) {
        if let Some(import) = binding.import {
            self.imports[import.0 as usize].used.set(true);
        }
    }

    /// Looks a single name up the way code in a module sees it: the module and the blocks around it, packages, the
    /// prelude, built-in types.
    fn lookup_lexical(&self, module: ModId, name: Symbol, ns: Ns, strict: bool) -> Lookup {
        let mut at = module;
        loop {
            match self.lookup_in(at, name, ns, strict, &mut Vec::new()) {
                Lookup::Absent => {}
                found => return found,
            }
            match self.module(at).around {
                Some(around) => at = around,
                None => break,
            }
        }
        if ns == Ns::Types
            && let Some(root) = self.package_named(module, name)
        {
            return Lookup::Found(self.plain_binding(Def::Mod(root)));
        }
        if let Some(prelude) = self.prelude {
            match self.lookup_in(prelude, name, ns, strict, &mut Vec::new()) {
                Lookup::Absent => {}
                found => return found,
            }
        }
        if ns == Ns::Types
            && let Some(prim) = Prim::named(self.hir.names.text(name))
        {
            return Lookup::Found(self.plain_binding(Def::Prim(prim)));
        }
        if ns == Ns::Types {
            self.unknown_roots.borrow_mut().insert((self.package_of(module), name));
        }
        Lookup::Absent
    }

    fn plain_binding(&self, def: Def) -> Binding {
        let span = Span { file: molt_base::FileId(0), start: 0, end: 0 };
        Binding { def, vis: Visibility::Public, span, import: None }
    }

    /// The root module of a package by the name that a module knows it under.
    pub(super) fn package_named(&self, module: ModId, name: Symbol) -> Option<ModId> {
        let package = self.package_of(module);
        let data = &self.packages[package.0 as usize];
        if let Some((_, p)) = data.dependencies.iter().find(|(n, _)| *n == name) {
            return Some(self.hir.packages[*p].root);
        }
        if self.hir.packages[package].name == name {
            return Some(self.hir.packages[package].root);
        }
        let std = self.std?;
        matches!(self.hir.names.text(name), "grok" | "std").then(|| self.hir.packages[std].root)
    }

    /// A single name without a path, as [`Front::walk`] finds it.
    pub(super) fn lookup_name(&self, module: ModId, name: Symbol, ns: Ns) -> Option<Def> {
        match self.lookup_lexical(module, name, ns, false) {
            Lookup::Found(b) | Lookup::Ambiguous(b) => {
                self.mark_used(&b);
                Some(b.def)
            }
            Lookup::Absent | Lookup::Undetermined => None,
        }
    }

    /// A name of the module itself or of what it imports by name, for the question whether a call means the user's
    /// item or the prelude's.
    pub(super) fn declares(&self, module: ModId, name: Symbol, ns: Ns) -> bool {
        let mut at = Some(module);
        while let Some(m) = at {
            if matches!(self.lookup_in(m, name, ns, false, &mut Vec::new()), Lookup::Found(_) | Lookup::Ambiguous(_)) {
                return true;
            }
            at = self.module(m).around;
        }
        false
    }

    /// Follows a path as far as modules and enums go. `ns` is where the last name is looked up. While imports are being
    /// resolved (`strict`), a name that a waiting import may provide is undetermined.
    pub(super) fn walk(&self, from: ModId, path: &[Segment], ns: Ns, strict: bool) -> Walk {
        let mut walk = Walk { found: Found::Nothing { index: 0, module: None }, private: None, ambiguous: None };
        let mut current: Option<ModId> = None;
        for (i, segment) in path.iter().enumerate() {
            let last = i + 1 == path.len();
            let ns = if last { ns } else { Ns::Types };
            let lookup = match segment.kind {
                SegmentKind::Crate(package) => self.to_module(self.hir.packages[package].root),
                SegmentKind::SelfValue => self.to_module(current.unwrap_or(self.real_module(from))),
                SegmentKind::Super => {
                    let base = current.unwrap_or(self.real_module(from));
                    match self.hir.modules[base].parent {
                        Some(parent) => self.to_module(parent),
                        None => Lookup::Absent,
                    }
                }
                SegmentKind::Global => {
                    // The next segment is the package.
                    current = None;
                    continue;
                }
                SegmentKind::SelfType => Lookup::Absent,
                SegmentKind::Name => match current {
                    None if i > 0 && path[i - 1].kind == SegmentKind::Global => self
                        .package_named(from, segment.name)
                        .map_or(Lookup::Absent, |root| Lookup::Found(self.plain_binding(Def::Mod(root)))),
                    None => self.lookup_first(from, segment.name, ns, strict),
                    Some(module) => self.lookup_in(module, segment.name, ns, strict, &mut Vec::new()),
                },
            };
            let binding = match lookup {
                Lookup::Found(b) => b,
                Lookup::Ambiguous(b) => {
                    walk.ambiguous = walk.ambiguous.or(Some(i));
                    b
                }
                Lookup::Absent => {
                    walk.found = Found::Nothing { index: i, module: current };
                    return walk;
                }
                Lookup::Undetermined => {
                    walk.found = Found::Undetermined;
                    return walk;
                }
            };
            self.mark_used(&binding);
            if current.is_some() && walk.private.is_none() && !self.is_visible(binding.vis, from) {
                walk.private = Some(i);
            }
            walk.found = Found::Def { def: binding.def, used: i + 1 };
            match binding.def {
                Def::Mod(m) => current = Some(m),
                Def::Adt(adt) if !last => {
                    let next = &path[i + 1];
                    if next.kind == SegmentKind::Name
                        && let Some(variant) = self.variant(adt, next.name)
                    {
                        walk.found = Found::Def { def: Def::Variant(adt, variant), used: i + 2 };
                    }
                    return walk;
                }
                _ => return walk,
            }
        }
        walk
    }

    /// The first name of a path. A value of that name does not hide a module, because the spaces are apart.
    fn lookup_first(&self, from: ModId, name: Symbol, ns: Ns, strict: bool) -> Lookup {
        self.lookup_lexical(from, name, ns, strict)
    }

    fn to_module(&self, module: ModId) -> Lookup {
        Lookup::Found(self.plain_binding(Def::Mod(module)))
    }

    /// The name of a module that looks most like a misspelt one.
    pub(super) fn similar_in(&self, module: ModId, name: Symbol, ns: Ns) -> Option<String> {
        let names = self.module(module).names[ns as usize].keys().map(|&k| self.hir.names.text(k));
        nearest(self.hir.names.text(name), names)
    }

    /// The visible name that looks most like a misspelt one.
    pub(super) fn similar_name(&self, module: ModId, name: Symbol, ns: Ns) -> Option<String> {
        let wanted = self.hir.names.text(name);
        let mut candidates: Vec<&str> = Vec::new();
        let mut at = Some(module);
        while let Some(m) = at {
            candidates.extend(self.module(m).names[ns as usize].keys().map(|&k| self.hir.names.text(k)));
            at = self.module(m).around;
        }
        if let Some(prelude) = self.prelude {
            candidates.extend(self.module(prelude).names[ns as usize].keys().map(|&k| self.hir.names.text(k)));
        }
        nearest(wanted, candidates.into_iter())
    }
}

/// The candidate with the fewest edits, if these are few enough to be a slip.
pub fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = (wanted.chars().count() + 1) / 3;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.filter(|c| *c != wanted) {
        let distance = edits(wanted, candidate);
        if distance <= limit.max(1) && best.is_none_or(|(d, b)| (distance, candidate) < (d, b)) && wanted.len() > 1 {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, text)| text.to_owned())
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let replaced = diagonal + (ca != cb) as usize;
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
