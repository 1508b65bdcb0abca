//! Typed views of words: the contents of strings, tuples, lists and native objects.
//!
//! Every function here borrows from the object that the word points to: the caller keeps the object
//! alive, and drops the view before anything that may run Python code when the object is mutable.

use alloc::borrow::Cow;
use alloc::string::String;

use molt_abi::Word;
use molt_abi::layout::{BytesObj, ListObj, STR_BYTES, StrObj, TupleObj};

use crate::layouts::NativeObj;
use crate::native::{Layout, NativeData};
use crate::{Isolate, Place};

/// The six comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

impl CompareOp {
    /// All operators in table order.
    pub const ALL: [CompareOp; 6] =
        [CompareOp::Lt, CompareOp::Le, CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge];

    /// The operator with its operands exchanged.
    pub fn swapped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            same => same,
        }
    }

    /// As Python writes it.
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }

    /// Whether the operator holds for an ordering.
    pub fn holds(self, order: core::cmp::Ordering) -> bool {
        match self {
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Eq => order.is_eq(),
            CompareOp::Ne => order.is_ne(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        }
    }
}

/// The string object of a word that is a `str` (or of a subclass).
#[inline(always)]
pub(crate) fn str_obj<'a>(w: Word) -> &'a StrObj {
    // SAFETY: the caller says that the word is a live str.
    unsafe { &*w.as_ptr().cast::<StrObj>() }
}

/// Bytes (WTF-8) of a `str`. Precondition: `w` is a str (or subclass) and stays alive during `'a`.
#[inline(always)]
pub fn str_bytes<'a>(w: Word) -> &'a [u8] {
    // SAFETY: the bytes follow the header of a str object.
    unsafe { core::slice::from_raw_parts((w.0 as *const u8).add(STR_BYTES as usize), str_obj(w).byte_len as usize) }
}

/// Text of a `str`; lone surrogates become U+FFFD.
pub fn str_text<'a>(w: Word) -> Cow<'a, str> {
    String::from_utf8_lossy(str_bytes(w))
}

/// Number of code points of a `str`.
#[inline(always)]
pub fn str_char_len(w: Word) -> usize {
    str_obj(w).char_len as usize
}

/// Whether every character of a `str` is ASCII.
#[inline(always)]
pub fn str_is_ascii(w: Word) -> bool {
    let s = str_obj(w);
    s.byte_len == s.char_len
}

/// Bytes of a `bytes` (or subclass).
#[inline(always)]
pub fn bytes_slice<'a>(w: Word) -> &'a [u8] {
    // SAFETY: the caller says that the word is a live bytes object; its bytes follow the header.
    unsafe {
        let b = w.as_ptr().cast::<BytesObj>();
        core::slice::from_raw_parts((*b).bytes.as_ptr(), (*b).len as usize)
    }
}

/// Items of a tuple; borrowed.
#[inline(always)]
pub fn tuple_items<'a>(w: Word) -> &'a [Word] {
    // SAFETY: the caller says that the word is a live tuple; its items follow the header.
    unsafe {
        let t = w.as_ptr().cast::<TupleObj>();
        core::slice::from_raw_parts((&raw const (*t).items).cast::<Word>(), (*t).len as usize)
    }
}

/// The list object of a word that is a list (or of a subclass).
#[inline(always)]
pub(crate) fn list_obj(w: Word) -> Place<ListObj> {
    // SAFETY: the caller says that the word is a live list and keeps no other view of it.
    unsafe { Place::new(w.as_ptr().cast()) }
}

/// Items of a list; borrowed; do not hold across calls that may run Python code.
#[inline(always)]
pub fn list_items<'a>(w: Word) -> &'a [Word] {
    let l = list_obj(w);
    if l.len == 0 {
        return &[];
    }
    // SAFETY: the buffer of a list holds `len` words.
    unsafe { core::slice::from_raw_parts(l.items, l.len as usize) }
}

/// State of a native object. Precondition: `w` is an instance of a class with `Layout::Native` made with
/// `T`. Do not hold across calls that may run Python code.
#[inline(always)]
pub fn native<T: NativeData>(w: Word) -> Place<T> {
    // SAFETY: the caller says that the state is a `T`, checked in debug builds.
    unsafe {
        let data = (*w.as_ptr().cast::<NativeObj>()).data;
        debug_assert!((&*data as &dyn core::any::Any).is::<T>());
        Place::new(data.cast())
    }
}

/// Same, or `None` when the state is of another type (or `w` is no native object).
pub fn try_native<T: NativeData>(rt: &Isolate, w: Word) -> Option<Place<T>> {
    if rt.class(rt.class_of(w)).layout != Layout::Native {
        return None;
    }
    // SAFETY: a class with native layout has instances with boxed state, of a type that is asked for.
    unsafe {
        let data = (*w.as_ptr().cast::<NativeObj>()).data;
        (&*data as &dyn core::any::Any).is::<T>().then(|| Place::new(data.cast()))
    }
}

/// Word `index` of an instance with plain layout.
#[inline(always)]
pub(crate) fn field(w: Word, index: usize) -> Word {
    // SAFETY: the caller knows the layout of the object's class.
    unsafe { *w.as_ptr().cast::<Word>().add(1 + index) }
}

/// Replaces a word of an instance with plain layout; the old one is released.
pub(crate) fn set_field(w: Word, index: usize, value: Word) {
    crate::owned::inc(value);
    // SAFETY: as for `field`.
    let old = unsafe { core::mem::replace(&mut *w.as_ptr().cast::<Word>().add(1 + index), value) };
    crate::owned::dec(old);
}
