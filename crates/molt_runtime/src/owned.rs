//! Owned references and the result type of everything that may raise.
//!
//! A [`Word`] is a borrowed reference by convention: somebody else keeps the object alive while it is
//! used. An [`Owned`] holds one reference and gives it up when dropped. Dropping the last reference
//! finds the isolate through the thread's current-isolate pointer; that cold path is the only use of
//! thread-local storage.

use core::fmt;

use molt_abi::{Header, Word};

use crate::current::current;

/// Token saying that an exception is pending in the isolate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised;

/// Result of an operation that may raise a Python exception.
pub type PyResult<T = Owned> = Result<T, Raised>;

/// One reference to a value.
#[repr(transparent)]
#[derive(PartialEq, Eq)]
pub struct Owned(Word);

impl Owned {
    /// The `None` object.
    pub const NONE: Owned = Owned(Word::NONE);

    /// The value, borrowed from this reference.
    #[inline(always)]
    pub const fn word(&self) -> Word {
        self.0
    }

    /// Gives the reference to the caller, who must release it or pass it on.
    #[inline(always)]
    pub const fn into_word(self) -> Word {
        let w = self.0;
        core::mem::forget(self);
        w
    }

    /// Takes over one reference.
    ///
    /// # Safety
    /// The caller owns a reference to `w` and does not release it itself.
    #[inline(always)]
    pub const unsafe fn from_word(w: Word) -> Owned {
        Owned(w)
    }

    /// A new reference to a borrowed value.
    #[inline(always)]
    pub fn share(w: Word) -> Owned {
        inc(w);
        Owned(w)
    }

    /// Reference to a value that is not counted: a small integer, flonum or constant.
    #[inline(always)]
    pub const fn immediate(w: Word) -> Owned {
        debug_assert!(!w.is_object());
        Owned(w)
    }

    /// `True` or `False`.
    #[inline(always)]
    pub const fn from_bool(b: bool) -> Owned {
        Owned(Word::from_bool(b))
    }

    /// A small integer; `v` must lie in the inline range.
    #[inline(always)]
    pub const fn small(v: i64) -> Owned {
        Owned(Word::small(v))
    }
}

impl Clone for Owned {
    #[inline(always)]
    fn clone(&self) -> Owned {
        Owned::share(self.0)
    }
}

impl Drop for Owned {
    #[inline(always)]
    fn drop(&mut self) {
        dec(self.0);
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Adds a reference.
#[inline(always)]
pub fn inc(w: Word) {
    if w.is_object() {
        // SAFETY: an object word points to a live header: its owner keeps it alive.
        unsafe {
            let h = w.as_ptr();
            if (*h).refs >= 0 {
                (*h).refs += Header::ONE;
            }
        }
    }
}

/// Releases a reference that the caller owns.
#[inline(always)]
pub fn dec(w: Word) {
    if was_last(w) {
        last_reference_gone(w);
    }
}

/// Takes a reference that the caller owns off the count; whether it was the last one, so that the object is to be
/// deallocated.
#[inline(always)]
pub(crate) fn was_last(w: Word) -> bool {
    if !w.is_object() {
        return false;
    }
    // SAFETY: the caller owns a reference, so the object is alive.
    unsafe {
        let h = w.as_ptr();
        let refs = (*h).refs;
        if refs < 0 {
            return false;
        }
        (*h).refs = refs - Header::ONE;
        refs - Header::ONE < Header::ONE
    }
}

#[cold]
#[inline(never)]
fn last_reference_gone(w: Word) {
    let isolate = current();
    debug_assert!(!isolate.is_null(), "a reference was dropped outside an isolate");
    // SAFETY: the thread runs inside this isolate; `Isolate` is not `Unpin`, so the mutable reference
    // that callers up the stack hold makes no uniqueness claim.
    unsafe { (*isolate).dealloc(w) }
}

/// Number of references to an object; `None` for immediates and immortals.
pub fn ref_count(w: Word) -> Option<usize> {
    if !w.is_object() {
        return None;
    }
    // SAFETY: an object word points to a live header.
    let refs = unsafe { (*w.as_ptr()).refs };
    (refs >= 0).then_some((refs / Header::ONE) as usize)
}
