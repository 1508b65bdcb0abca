//! Scopes: what names mean at a place.

use std::collections::HashMap;

use molt_base::{Arena, entity_id};

use super::macros::MacroId;
use crate::core::{CtorId, GlobalId, LocalId, ModuleId, OpId};
use crate::library::BuiltinId;
use crate::stx::{Mark, Name};

entity_id!(
    /// A scope.
    pub struct ScopeId("scope")
);

/// What a name means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    Local(LocalId),
    Global(GlobalId),
    Ctor(CtorId),
    Op(OpId),
    Builtin(BuiltinId),
    Macro(MacroId),
    /// `resume` of a control clause.
    Resume(LocalId),
}

struct Scope {
    parent: Option<ScopeId>,
    names: HashMap<Name, Binding>,
}

/// Where a mark comes from: names that the expansion does not bind mean what they mean there.
#[derive(Clone, Copy)]
struct Origin {
    scope: ScopeId,
    mark: Mark,
    /// The module that the macro is of.
    module: ModuleId,
}

/// All scopes of a program.
#[derive(Default)]
pub struct Scopes {
    scopes: Arena<ScopeId, Scope>,
    /// By mark; the source has none.
    origins: Vec<Option<Origin>>,
}

impl Scopes {
    /// The first scope, which has no parent.
    pub fn outermost(&mut self) -> ScopeId {
        let base = self.scopes.push(Scope { parent: None, names: HashMap::new() });
        self.origins.push(None);
        let reader = self.new_mark(base, Mark::SOURCE, ModuleId(0));
        debug_assert_eq!(reader, Mark::READER);
        base
    }

    /// A mark of names that mean what they mean, with another mark, in a scope of a module.
    pub fn new_mark(&mut self, scope: ScopeId, mark: Mark, module: ModuleId) -> Mark {
        self.origins.push(Some(Origin { scope, mark, module }));
        Mark(self.origins.len() as u32 - 1)
    }

    /// Another mark for the same names.
    pub fn renewed(&mut self, mark: Mark) -> Mark {
        self.origins.push(self.origins[mark.0 as usize]);
        Mark(self.origins.len() as u32 - 1)
    }

    /// The module whose macro a mark is from; none of the source.
    pub fn module_of(&self, mark: Mark) -> Option<ModuleId> {
        self.origins[mark.0 as usize].map(|o| o.module)
    }

    pub fn inside(&mut self, parent: ScopeId) -> ScopeId {
        self.scopes.push(Scope { parent: Some(parent), names: HashMap::new() })
    }

    /// Puts a scope inside of another one than it was made in.
    pub fn set_parent(&mut self, scope: ScopeId, parent: ScopeId) {
        self.scopes[scope].parent = Some(parent);
    }

    /// Binds a name; what it meant in the same scope before.
    pub fn add(&mut self, scope: ScopeId, name: Name, binding: Binding) -> Option<Binding> {
        self.scopes[scope].names.insert(name, binding)
    }

    /// What the scope itself binds a name to.
    pub fn own(&self, scope: ScopeId, name: Name) -> Option<Binding> {
        self.scopes[scope].names.get(&name).copied()
    }

    pub fn resolve(&self, mut name: Name, mut scope: ScopeId) -> Option<Binding> {
        loop {
            let mut at = Some(scope);
            while let Some(s) = at {
                if let Some(&b) = self.scopes[s].names.get(&name) {
                    return Some(b);
                }
                at = self.scopes[s].parent;
            }
            let origin = self.origins[name.mark.0 as usize]?;
            (scope, name.mark) = (origin.scope, origin.mark);
        }
    }

    /// The names of the source that can be seen from a scope.
    pub fn visible(&self, scope: ScopeId) -> impl Iterator<Item = Name> + '_ {
        let mut at = Some(scope);
        let mut chain = Vec::new();
        while let Some(s) = at {
            chain.push(s);
            at = self.scopes[s].parent;
        }
        let mut names: Vec<Name> = chain
            .into_iter()
            .flat_map(|s| self.scopes[s].names.keys().copied())
            .filter(|n| n.mark == Mark::SOURCE)
            .collect();
        names.sort_by_key(|n| n.symbol);
        names.into_iter()
    }
}
