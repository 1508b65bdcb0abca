//! Scopes and names of one module: which names each function, class and comprehension binds, which variables
//! are captured, and what a name means where it is used.
//!
//! [`collect`] walks the tree once and fills [`Scopes`]; [`Scopes::resolve`] answers questions during lowering.
//!
//! Invariants: comprehensions (not generator expressions) and type-parameter lists are *inlined* scopes: they have
//! variables of their own but run in the frame of their host. A variable is captured when a frame other than its
//! owner's uses it; captured variables live in cells. `Scope::free` lists the captured variables that a frame gets
//! from outside, in the order of its closure.

mod collect;

use std::collections::{HashMap, HashSet};

use molt_base::{Arena, Span, Symbol, entity_id};

pub use collect::{collect, has_annotations};

entity_id!(
    /// A scope of a module.
    pub struct ScopeId("scope")
);

/// What kind of construct a scope belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScopeKind {
    Module,
    Class,
    /// `def`, `lambda` and generator expressions.
    Function,
    /// Body of a list, set or dict comprehension; runs in its host's frame.
    Comprehension,
    /// Type parameters of a function, class or alias; runs in its host's frame and sees class variables.
    TypeParams,
    /// Lazily evaluated annotations; a frame of its own that sees class variables.
    Annotations,
}

impl ScopeKind {
    /// Whether code of the scope runs in the frame of the scope around it.
    pub fn is_inlined(self) -> bool {
        matches!(self, ScopeKind::Comprehension | ScopeKind::TypeParams)
    }
    /// Whether names of a directly enclosing class are visible.
    pub fn sees_class(self) -> bool {
        matches!(self, ScopeKind::TypeParams | ScopeKind::Annotations)
    }
}

/// What the text of a scope does with a name.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct NameUse {
    pub bound: bool,
    pub used: bool,
    pub param: bool,
    pub annotated: bool,
    pub global: bool,
    pub nonlocal: bool,
    /// Iteration variable of a comprehension.
    pub iteration: bool,
    /// Bound by imports alone, which a later `global` allows.
    pub imported: bool,
}

/// One scope.
#[derive(Clone, Debug)]
pub struct Scope {
    pub kind: ScopeKind,
    pub parent: Option<ScopeId>,
    /// Names in the order of first mention.
    pub names: Vec<(Symbol, NameUse)>,
    index: HashMap<Symbol, usize>,
    /// Captured variables that come from frames outside, in closure order.
    pub free: Vec<Symbol>,
    /// Whether the function contains `yield`.
    pub is_generator: bool,
    /// First positional parameter.
    pub first_param: Option<Symbol>,
    /// Class name that mangles private names.
    pub private: Option<String>,
    /// In a class: attributes that its methods assign through their first parameter.
    pub instance_attrs: Vec<Symbol>,
    /// In a class or module: whether annotations are conditional, so that only those passed count.
    pub conditional_annotations: bool,
}

/// Where a name's variable lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// Variable of a function-like or inlined scope.
    Scope(ScopeId),
    /// Module variable or builtin.
    Global,
}

/// Meaning of a name at one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolution {
    /// Class whose namespace is asked first.
    pub class: Option<ScopeId>,
    pub owner: Owner,
}

/// All scopes of a module.
#[derive(Debug, Default)]
pub struct Scopes {
    pub scopes: Arena<ScopeId, Scope>,
    by_node: HashMap<(usize, NodeRole), ScopeId>,
    captured: HashSet<(ScopeId, Symbol)>,
    /// Declarations whose owner is looked for at the end of the walk.
    nonlocals: Vec<(ScopeId, Symbol, Span)>,
    /// `__class__` and `__classdict__`.
    pub class_cell: Option<Symbol>,
    pub class_dict: Option<Symbol>,
    /// `from __future__ import annotations`.
    pub string_annotations: bool,
}

/// Which scope of a syntax node is meant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NodeRole {
    Body,
    TypeParams,
    Annotations,
}

/// Identity of a syntax node: its address, which is stable while the tree lives.
pub fn node_key<T>(node: &T) -> usize {
    std::ptr::from_ref(node) as usize
}

impl Scope {
    fn new(kind: ScopeKind, parent: Option<ScopeId>, private: Option<String>) -> Scope {
        Scope {
            kind,
            parent,
            names: Vec::new(),
            index: HashMap::new(),
            free: Vec::new(),
            is_generator: false,
            first_param: None,
            private,
            instance_attrs: Vec::new(),
            conditional_annotations: false,
        }
    }

    pub fn name(&self, name: Symbol) -> NameUse {
        self.index.get(&name).map(|&i| self.names[i].1).unwrap_or_default()
    }

    fn name_mut(&mut self, name: Symbol) -> &mut NameUse {
        let i = *self.index.entry(name).or_insert_with(|| {
            self.names.push((name, NameUse::default()));
            self.names.len() - 1
        });
        &mut self.names[i].1
    }

    /// Whether the scope has a variable of this name.
    pub fn owns(&self, name: Symbol) -> bool {
        let n = self.name(name);
        n.bound && !n.global && !n.nonlocal
    }

    /// Own variables in order of first mention.
    pub fn own_names(&self) -> impl Iterator<Item = Symbol> + '_ {
        self.names.iter().filter(|(_, n)| n.bound && !n.global && !n.nonlocal).map(|&(s, _)| s)
    }
}

impl Scopes {
    /// Scope that a node opens.
    pub fn of<T>(&self, node: &T, role: NodeRole) -> ScopeId {
        self.find(node, role).expect("every scope was collected")
    }

    pub fn find<T>(&self, node: &T, role: NodeRole) -> Option<ScopeId> {
        self.by_node.get(&(node_key(node), role)).copied()
    }

    /// The scope whose frame runs the code of `scope`.
    pub fn host(&self, mut scope: ScopeId) -> ScopeId {
        while self.scopes[scope].kind.is_inlined() {
            scope = self.scopes[scope].parent.expect("inlined scopes have a parent");
        }
        scope
    }

    /// Whether the variable lives in a cell.
    pub fn is_captured(&self, owner: ScopeId, name: Symbol) -> bool {
        self.captured.contains(&(owner, name))
    }

    fn is_class_implicit(&self, name: Symbol) -> bool {
        Some(name) == self.class_cell || Some(name) == self.class_dict
    }

    /// What `name` means in the text of `scope`.
    pub fn resolve(&self, scope: ScopeId, name: Symbol) -> Resolution {
        let here = &self.scopes[scope];
        let n = here.name(name);
        if n.global || here.kind == ScopeKind::Module {
            return Resolution { class: None, owner: Owner::Global };
        }
        if here.kind == ScopeKind::Class && self.is_class_implicit(name) && !here.owns(name) {
            // The body itself does not see its own `__class__`.
            return self.resolve_outside(scope, name, None);
        }
        if here.kind == ScopeKind::Class {
            if n.nonlocal {
                return self.resolve_outside(scope, name, None);
            }
            // A name that the body binds is looked up in namespace, globals, builtins; never around the class.
            let outside = if n.bound { Owner::Global } else { self.resolve_outside(scope, name, None).owner };
            return Resolution { class: Some(scope), owner: outside };
        }
        if here.owns(name) {
            return Resolution { class: None, owner: Owner::Scope(scope) };
        }
        self.resolve_outside(scope, name, None)
    }

    fn resolve_outside(&self, scope: ScopeId, name: Symbol, mut class: Option<ScopeId>) -> Resolution {
        let mut from = scope;
        while let Some(parent) = self.scopes[from].parent {
            let p = &self.scopes[parent];
            let n = p.name(name);
            match p.kind {
                ScopeKind::Module => break,
                ScopeKind::Class => {
                    if self.is_class_implicit(name) {
                        return Resolution { class, owner: Owner::Scope(parent) };
                    }
                    if self.scopes[from].kind.sees_class() {
                        if n.global {
                            break;
                        }
                        if class.is_none() && p.owns(name) {
                            class = Some(parent);
                        }
                    }
                }
                _ if n.global => break,
                _ if p.owns(name) => return Resolution { class, owner: Owner::Scope(parent) },
                _ => {}
            }
            from = parent;
        }
        Resolution { class, owner: Owner::Global }
    }

    /// Marks what `name` in `scope` captures: a cell at its owner and closure entries on the way.
    fn capture(&mut self, scope: ScopeId, name: Symbol) {
        let r = self.resolve(scope, name);
        if let Owner::Scope(owner) = r.owner {
            self.capture_from(scope, owner, name);
        }
        if let Some(class) = r.class
            && self.host(scope) != class
            && let Some(dict) = self.class_dict
        {
            self.capture_from(scope, class, dict);
        }
    }

    fn capture_from(&mut self, scope: ScopeId, owner: ScopeId, name: Symbol) {
        let owner_frame = self.host(owner);
        let implicit = self.is_class_implicit(name);
        let mut frame = self.host(scope);
        while frame != owner_frame {
            self.captured.insert((owner, name));
            if !self.scopes[frame].free.contains(&name) {
                self.scopes[frame].free.push(name);
            }
            let parent = self.scopes[frame].parent.expect("the owner is around its users");
            frame = self.host(parent);
        }
        debug_assert!(!implicit || owner_frame == owner);
    }

    /// Fills `free` and the captured set; call once after the whole module was collected.
    fn finish(&mut self) {
        for id in self.scopes.ids() {
            let names: Vec<Symbol> = self.scopes[id].names.iter().map(|&(s, _)| s).collect();
            for name in names {
                self.capture(id, name);
            }
        }
        for id in self.scopes.ids() {
            let mut free = std::mem::take(&mut self.scopes[id].free);
            free.sort();
            self.scopes[id].free = free;
        }
    }
}

/// The name as the class mangles it: `__x` in class `C` is `_C__x`.
pub fn mangle(private: Option<&str>, name: &str) -> Option<String> {
    let class = private?.trim_start_matches('_');
    if class.is_empty() || !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return None;
    }
    Some(format!("_{class}{name}"))
}
