//! Nodes: arrays of owned words, of which lists, maps and sets are made; laid out as tuples.
//!
//! A value is immutable to the program. Here it is changed in place while its count says that nobody else can tell:
//! [`is_sole`].

use molt_abi::layout::{Header, TupleObj};
use molt_abi::{ClassId, Word};

use crate::owned::{dec, inc};
use crate::{Isolate, Owned};

/// Whether the reference that the caller owns is the only one, and nothing else (a weak reference, an attribute) is
/// tied to the object. An immortal object is never anybody's alone.
#[inline(always)]
pub(super) fn is_sole(w: Word) -> bool {
    // SAFETY: the caller owns a reference to an object.
    unsafe { (*w.as_ptr()).refs & !Header::BUFFERED == Header::ONE }
}

/// Words of a node; borrowed.
#[inline(always)]
pub(super) fn words<'a>(node: Word) -> &'a [Word] {
    crate::api::tuple_items(node)
}

/// Address of word `i` of a node.
#[inline(always)]
pub(super) fn at(node: Word, i: usize) -> *mut Word {
    debug_assert!(i < words(node).len());
    // SAFETY: the words follow the fixed part, and the caller's index is below their number.
    unsafe { (&raw mut (*node.as_ptr().cast::<TupleObj>()).items).cast::<Word>().add(i) }
}

/// A node of `len` words, the first ones from `items` (taken over), the others unbound.
pub(super) fn new(rt: &mut Isolate, class: ClassId, len: usize, items: impl IntoIterator<Item = Word>) -> Owned {
    let p = rt.alloc_object(class, size_of::<TupleObj>() + 8 * len).cast::<TupleObj>();
    // SAFETY: the object has room for the fixed part and `len` words.
    unsafe {
        (*p).len = len as u64;
        let out = (&raw mut (*p).items).cast::<Word>();
        let mut filled = 0;
        for w in items.into_iter().take(len) {
            out.add(filled).write(w);
            filled += 1;
        }
        for i in filled..len {
            out.add(i).write(Word::UNBOUND);
        }
        Owned::from_word(Word::from_ptr(p))
    }
}

/// A node of words that are taken over, with unbound ones before and behind.
pub(super) fn with_room(rt: &mut Isolate, front: usize, items: &[Word], back: usize) -> Owned {
    let len = front + items.len() + back;
    let p = rt.alloc_object(ClassId::NODE, size_of::<TupleObj>() + 8 * len).cast::<TupleObj>();
    // SAFETY: the object is fresh and has room for the fixed part and `len` words.
    unsafe {
        (*p).len = len as u64;
        let out = (&raw mut (*p).items).cast::<Word>();
        let unbound = |from: usize, to: usize| (from..to).for_each(|i| out.add(i).write(Word::UNBOUND));
        unbound(0, front);
        core::ptr::copy_nonoverlapping(items.as_ptr(), out.add(front), items.len());
        unbound(front + items.len(), len);
        Owned::from_word(Word::from_ptr(p))
    }
}

/// A node with the same words, shared.
pub(super) fn copy(rt: &mut Isolate, node: Word) -> Owned {
    let from = words(node);
    new(rt, rt.class_of(node), from.len(), from.iter().map(|&w| Owned::share(w).into_word()))
}

/// Makes the node in `slot` one that may be changed: itself if `slot` holds the only reference, else a copy.
///
/// # Safety
/// `slot` holds an owned reference to a node, and the object that `slot` lies in may be changed.
#[inline]
pub(super) unsafe fn own(rt: &mut Isolate, slot: *mut Word) -> Word {
    // SAFETY: by the caller's promise.
    unsafe {
        let node = *slot;
        if is_sole(node) {
            return node;
        }
        let made = copy(rt, node).into_word();
        slot.write(made);
        dec(node);
        made
    }
}

/// Puts an owned word in the place of another, which is released.
///
/// # Safety
/// `slot` is a word of an object that may be changed.
#[inline]
pub(super) unsafe fn replace(slot: *mut Word, w: Word) {
    // SAFETY: by the caller's promise; the old word is released after the change.
    unsafe {
        let old = *slot;
        slot.write(w);
        dec(old);
    }
}

/// Shares words that an owner is about to be made for.
#[inline]
pub(super) fn share(w: Word) -> Word {
    inc(w);
    w
}
