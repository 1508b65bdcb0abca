//! Interned names.

use std::borrow::Cow;
use std::hash::Hasher;

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

/// Mixes eight bytes at a time; what remains, most names as a whole, is one word with the length.
fn hash(text: &str) -> u64 {
    let mut hasher = WordHasher::default();
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    words.iter().for_each(|w| hasher.write_u64(u64::from_le_bytes(*w)));
    let rest = match (rest.first_chunk(), rest.last_chunk(), rest) {
        (Some(first), Some(last), _) => {
            (u64::from(u32::from_le_bytes(*first)) << 32) | u64::from(u32::from_le_bytes(*last))
        }
        (_, _, &[first, .., last]) => (u64::from(first) << 16) | (u64::from(rest[1]) << 8) | u64::from(last),
        (_, _, &[only]) => u64::from(only),
        (_, _, []) => 0,
    };
    hasher.write_u64(rest ^ ((text.len() as u64) << 56));
    hasher.finish()
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
