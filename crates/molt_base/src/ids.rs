//! Dense `u32` ids, the arenas they index and tables on the side.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::{Index, IndexMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An index into one kind of arena.
pub trait EntityId: Copy + Eq {
    fn from_index(index: usize) -> Self;
    fn index(self) -> usize;
}

/// Declares an id type: `entity_id!(/// A block. pub struct BlockId("b"))` prints as `b7`.
#[macro_export]
macro_rules! entity_id {
    ($(#[$meta:meta])* $vis:vis struct $name:ident($prefix:literal)) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis struct $name(pub u32);
        impl $crate::EntityId for $name {
            #[inline]
            fn from_index(index: usize) -> Self {
                debug_assert!(index < u32::MAX as usize);
                $name(index as u32)
            }
            #[inline]
            fn index(self) -> usize {
                self.0 as usize
            }
        }
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                $crate::serde::Serialize::serialize(&self.0, out)
            }
        }
        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::serde::Deserialize::deserialize(from).map($name)
            }
        }
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    };
}

/// A growable sequence of `T` indexed by its own id type.
#[derive(Clone, Debug)]
pub struct Arena<I, T> {
    items: Vec<T>,
    marker: PhantomData<fn(I)>,
}

impl<I: EntityId, T> Default for Arena<I, T> {
    fn default() -> Self {
        Arena { items: Vec::new(), marker: PhantomData }
    }
}

impl<I: EntityId, T> Arena<I, T> {
    pub fn new() -> Self {
        Self::default()
    }
    /// An arena that takes so many items without growing.
    pub fn with_capacity(items: usize) -> Self {
        Arena { items: Vec::with_capacity(items), marker: PhantomData }
    }
    /// Makes room for so many more items.
    pub fn reserve(&mut self, items: usize) {
        self.items.reserve(items);
    }
    /// Moves the items to an arena without spare room; this one keeps its memory for other items.
    pub fn take_exact(&mut self) -> Self {
        Arena { items: self.items.drain(..).collect(), marker: PhantomData }
    }
    pub fn push(&mut self, item: T) -> I {
        let id = I::from_index(self.items.len());
        self.items.push(item);
        id
    }
    /// The id that the next [`Arena::push`] returns.
    pub fn next_id(&self) -> I {
        I::from_index(self.items.len())
    }
    pub fn len(&self) -> usize {
        self.items.len()
    }
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.items.len()).map(I::from_index)
    }
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.items.iter().enumerate().map(|(i, t)| (I::from_index(i), t))
    }
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut T> {
        self.items.iter_mut()
    }
    pub fn get(&self, id: I) -> Option<&T> {
        self.items.get(id.index())
    }
    pub fn clear(&mut self) {
        self.items.clear();
    }
}

impl<I, T: Serialize> Serialize for Arena<I, T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(out)
    }
}

impl<'de, I, T: Deserialize<'de>> Deserialize<'de> for Arena<I, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Arena { items: Vec::deserialize(from)?, marker: PhantomData })
    }
}

impl<I: EntityId, T> Index<I> for Arena<I, T> {
    type Output = T;
    #[inline]
    fn index(&self, id: I) -> &T {
        &self.items[id.index()]
    }
}

impl<I: EntityId, T> IndexMut<I> for Arena<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.index()]
    }
}

/// Facts about the entities of an arena, kept beside it; absent entries read as the default.
#[derive(Clone, Debug)]
pub struct SideTable<I, T> {
    items: Vec<T>,
    default: T,
    marker: PhantomData<fn(I)>,
}

impl<I: EntityId, T: Clone> SideTable<I, T> {
    pub fn new(default: T) -> Self {
        SideTable { items: Vec::new(), default, marker: PhantomData }
    }
}

impl<I: EntityId, T: Clone> Index<I> for SideTable<I, T> {
    type Output = T;
    #[inline]
    fn index(&self, id: I) -> &T {
        self.items.get(id.index()).unwrap_or(&self.default)
    }
}

impl<I: EntityId, T: Clone> IndexMut<I> for SideTable<I, T> {
    #[inline]
    fn index_mut(&mut self, id: I) -> &mut T {
        if id.index() >= self.items.len() {
            self.items.resize(id.index() + 1, self.default.clone());
        }
        &mut self.items[id.index()]
    }
}
