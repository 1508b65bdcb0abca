//! Facts that are computed once and kept, in tables by the number of what they are about: most items are asked about.

use std::cell::RefCell;
use std::marker::PhantomData;

use molt_base::EntityId;

use super::context::Owner;

type Facts<V> = Vec<Option<V>>;

/// Facts about items of one kind.
pub(super) struct ById<K, V> {
    facts: RefCell<Facts<V>>,
    key: PhantomData<fn(K)>,
}

impl<K, V> Default for ById<K, V> {
    fn default() -> ById<K, V> {
        ById { facts: RefCell::default(), key: PhantomData }
    }
}

impl<K: EntityId, V: Clone> ById<K, V> {
    pub fn get(&self, key: K) -> Option<V> {
        self.facts.borrow().get(key.index())?.clone()
    }

    pub fn insert(&self, key: K, fact: V) {
        put(&mut self.facts.borrow_mut(), key.index(), Some(fact));
    }

    pub fn remove(&self, key: K) {
        put(&mut self.facts.borrow_mut(), key.index(), None);
    }
}

/// Facts about whatever has generic parameters.
pub(super) struct ByOwner<V> {
    facts: RefCell<[Facts<V>; 6]>,
}

impl<V> Default for ByOwner<V> {
    fn default() -> ByOwner<V> {
        ByOwner { facts: RefCell::default() }
    }
}

impl<V: Clone> ByOwner<V> {
    pub fn get(&self, owner: Owner) -> Option<V> {
        let (kind, at) = place(owner);
        self.facts.borrow()[kind].get(at)?.clone()
    }

    pub fn insert(&self, owner: Owner, fact: V) {
        let (kind, at) = place(owner);
        put(&mut self.facts.borrow_mut()[kind], at, Some(fact));
    }

    pub fn remove(&self, owner: Owner) {
        let (kind, at) = place(owner);
        put(&mut self.facts.borrow_mut()[kind], at, None);
    }
}

/// Which table the facts about an owner are in, and where.
fn place(owner: Owner) -> (usize, usize) {
    match owner {
        Owner::Fn(id) => (0, id.index()),
        Owner::Adt(id) => (1, id.index()),
        Owner::Trait(id) => (2, id.index()),
        Owner::Impl(id) => (3, id.index()),
        Owner::Alias(id) => (4, id.index()),
        Owner::Const(id) => (5, id.index()),
    }
}

fn put<V>(facts: &mut Facts<V>, at: usize, fact: Option<V>) {
    if at >= facts.len() {
        facts.resize_with(at + 1, || None);
    }
    facts[at] = fact;
}
