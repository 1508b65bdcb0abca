//! Places: where an object's fields are, as a value that can be kept.
//!
//! What looks at an object often calls something that changes the same object: a class whose method replaces
//! another one, a deque whose items compare by code of the program. A `&mut` kept across such a call would claim
//! what is not so. A [`Place`] claims nothing; each use of it borrows anew, for as long as the expression.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use molt_abi::Word;

/// Address of a `T` inside a live object.
///
/// Its borrows must not be kept across calls that may reach the object another way; the place itself may be, as
/// long as the object lives.
#[repr(transparent)]
pub struct Place<T> {
    at: NonNull<T>,
    kind: PhantomData<*mut T>,
}

impl<T> Place<T> {
    /// The place at an address.
    ///
    /// # Safety
    /// The address is that of a `T` which lives for as long as the place is used, on this thread.
    #[inline(always)]
    pub unsafe fn new(at: *mut T) -> Place<T> {
        // SAFETY: the caller says that something lives there.
        Place { at: unsafe { NonNull::new_unchecked(at) }, kind: PhantomData }
    }

    /// The object as a value, when the place is its start.
    #[inline(always)]
    pub fn word(self) -> Word {
        Word::from_ptr(self.as_ptr())
    }

    /// Its address.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut T {
        self.at.as_ptr()
    }
}

impl<T> Clone for Place<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<T> {}

impl<T> PartialEq for Place<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl<T> Deref for Place<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the maker of the place says that a `T` lives there, and no borrow of it is kept across calls.
        unsafe { self.at.as_ref() }
    }
}

impl<T> DerefMut for Place<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`.
        unsafe { self.at.as_mut() }
    }
}
