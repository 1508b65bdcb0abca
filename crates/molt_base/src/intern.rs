//! Interned names.

use crate::hash::FastMap;

use crate::{Arena, entity_id};

entity_id!(
    /// An interned string; equal text has equal symbols within one [`Interner`].
    pub struct Symbol("s")
);

/// Table of distinct strings. Ids follow the order of first use, so output never depends on hashing.
#[derive(Default, Debug, Clone)]
pub struct Interner {
    names: Arena<Symbol, Box<str>>,
    by_name: FastMap<Box<str>, Symbol>,
}

impl Interner {
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&s) = self.by_name.get(text) {
            return s;
        }
        let s = self.names.push(text.into());
        self.by_name.insert(text.into(), s);
        s
    }
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.names[symbol]
    }
    /// All symbols in order of first use.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> + use<> {
        self.names.ids()
    }
    pub fn lookup(&self, text: &str) -> Option<Symbol> {
        self.by_name.get(text).copied()
    }
}
