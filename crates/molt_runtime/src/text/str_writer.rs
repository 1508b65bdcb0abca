//! Writing the bytes of a new string piece after piece, each once, without clearing them first.

use molt_abi::layout::{STR_BYTES, StrObj};
use molt_abi::{ClassId, Word};

use crate::{Isolate, Owned};

/// An exact `str` under construction. Invariant: the first `written` bytes are initialised, `written <= byte_len`.
pub(crate) struct StrWriter {
    object: *mut StrObj,
    byte_len: usize,
    written: usize,
}

impl StrWriter {
    /// A string of which nothing is written; the pieces must be WTF-8 and have these lengths together.
    #[inline(always)]
    pub(crate) fn new(rt: &mut Isolate, byte_len: usize, char_len: usize) -> StrWriter {
        let object = rt.alloc_object(ClassId::STR, size_of::<StrObj>() + byte_len + 1).cast::<StrObj>();
        // SAFETY: the object has room for the fixed part.
        unsafe {
            (*object).hash = StrObj::NO_HASH;
            (*object).byte_len = byte_len as u64;
            (*object).char_len = char_len as u64;
        }
        StrWriter { object, byte_len, written: 0 }
    }

    #[inline(always)]
    fn bytes(&self) -> *mut u8 {
        // SAFETY: the bytes follow the fixed part of the object.
        unsafe { self.object.cast::<u8>().add(STR_BYTES as usize) }
    }

    /// Appends a piece.
    #[inline(always)]
    pub(crate) fn push(&mut self, piece: &[u8]) {
        assert!(piece.len() <= self.byte_len - self.written, "the pieces have the announced length");
        // SAFETY: there is room for the piece, which lies in another object.
        unsafe { copy(piece.as_ptr(), self.bytes().add(self.written), piece.len()) };
        self.written += piece.len();
    }

    /// What is written so far.
    pub(crate) fn written(&mut self) -> &mut [u8] {
        // SAFETY: the invariant; nobody else knows the object yet.
        unsafe { core::slice::from_raw_parts_mut(self.bytes(), self.written) }
    }

    /// The string, whose bytes are all written.
    #[inline(always)]
    pub(crate) fn finish(self) -> Owned {
        assert!(self.written == self.byte_len, "the pieces have the announced length");
        // SAFETY: a zero fits behind the bytes, and the only reference is given out.
        unsafe {
            self.bytes().add(self.byte_len).write(0);
            Owned::from_word(Word::from_ptr(self.object))
        }
    }
}

/// Copies `n` bytes; for a word or two, two overlapping moves take less than a call of the C library's copy.
///
/// # Safety
/// As for [`core::ptr::copy_nonoverlapping`].
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: by the caller's promise; each move lies within the `n` bytes.
    unsafe {
        match n {
            8..=16 => {
                let (head, tail) =
                    (from.cast::<u64>().read_unaligned(), from.add(n - 8).cast::<u64>().read_unaligned());
                to.cast::<u64>().write_unaligned(head);
                to.add(n - 8).cast::<u64>().write_unaligned(tail);
            }
            4..8 => {
                let (head, tail) =
                    (from.cast::<u32>().read_unaligned(), from.add(n - 4).cast::<u32>().read_unaligned());
                to.cast::<u32>().write_unaligned(head);
                to.add(n - 4).cast::<u32>().write_unaligned(tail);
            }
            _ => to.copy_from_nonoverlapping(from, n),
        }
    }
}
