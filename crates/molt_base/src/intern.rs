//! Interned names.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault};

use hashbrown::HashTable;

use crate::hash::WordHasher;
use crate::{Arena, entity_id};

entity_id!(
    /// An interned string; equal text has equal symbols within one [`Interner`].
    pub struct Symbol("s")
);

/// Table of distinct strings. Ids follow the order of first use, so output never depends on hashing.
#[derive(Default, Debug, Clone)]
pub struct Interner {
    names: Arena<Symbol, Cow<'static, str>>,
    by_name: HashTable<Symbol>,
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<WordHasher>::default().hash_one(text)
}

impl Interner {
    /// A table with distinct texts, in the order of their symbols.
    pub fn of_texts(texts: impl ExactSizeIterator<Item = &'static str>) -> Interner {
        let mut out =
            Interner { names: Arena::with_capacity(texts.len()), by_name: HashTable::with_capacity(texts.len()) };
        for text in texts {
            out.add(hash(text), Cow::Borrowed(text));
        }
        out
    }

    pub fn intern(&mut self, text: &str) -> Symbol {
        let hash = hash(text);
        match self.by_name.find(hash, |&s| self.names[s] == text) {
            Some(&s) => s,
            None => self.add(hash, Cow::Owned(text.to_owned())),
        }
    }

    fn add(&mut self, of_text: u64, text: Cow<'static, str>) -> Symbol {
        let s = self.names.push(text);
        self.by_name.insert_unique(of_text, s, |&s| hash(&self.names[s]));
        s
    }

    pub fn text(&self, symbol: Symbol) -> &str {
        &self.names[symbol]
    }

    /// All symbols in order of first use.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = Symbol> + use<> {
        self.names.ids()
    }

    pub fn lookup(&self, text: &str) -> Option<Symbol> {
        self.by_name.find(hash(text), |&s| self.names[s] == text).copied()
    }
}
