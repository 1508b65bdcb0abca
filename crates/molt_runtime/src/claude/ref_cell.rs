//! Ref: a cell that holds one value and can be set; equal to itself only. A cycle through one is collected.

use molt_abi::{ClassId, Word};

use crate::api::field;
use crate::{Isolate, Owned, PyResult};

/// Words of a cell after its header, laid out as [`molt_abi::layout::CellObj`].
pub(super) const WORDS: u32 = 1;

/// A new cell; the error `limit` where there are too many.
pub fn new(rt: &mut Isolate, value: Owned) -> PyResult {
    let cell = rt.new_plain(ClassId::REF, [value.into_word()]);
    super::limits::charge_cell(rt, cell)
}

/// Whether a word is a Ref.
#[inline]
pub fn is_ref(rt: &Isolate, w: Word) -> bool {
    rt.class_of(w) == ClassId::REF
}

/// What a cell holds; borrowed, so not to be kept across anything that may set it.
#[inline]
pub fn get(cell: Word) -> Word {
    field(cell, 0)
}

/// Makes a cell hold another value; the one before is given out.
#[inline]
pub fn swap(cell: Word, value: Owned) -> Owned {
    // SAFETY: the caller says that this is a cell, whose word holds a reference.
    unsafe { Owned::from_word(core::ptr::replace(cell.as_ptr().cast::<Word>().add(1), value.into_word())) }
}

/// Makes a cell hold another value.
#[inline]
pub fn set(cell: Word, value: Owned) {
    drop(swap(cell, value));
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::list;
    use super::super::tests::leaves_nothing;
    use super::*;

    #[test]
    fn a_cell_holds_what_it_was_set_to() {
        leaves_nothing(|rt| {
            let (a, b) = (rt.new_str("first"), rt.new_str("second"));
            let cell = new(rt, a.clone()).unwrap();
            assert!(is_ref(rt, cell.word()));
            assert_eq!(get(cell.word()), a.word());
            assert_eq!(swap(cell.word(), b.clone()), a);
            set(cell.word(), Owned::small(3));
            assert_eq!(get(cell.word()), Word::small(3));
        });
    }

    #[test]
    fn cycles_through_cells_are_collected() {
        leaves_nothing(|rt| {
            for _ in 0..10 {
                let cell = new(rt, Owned::NONE).unwrap();
                let inner = list::from_vec(rt, vec![cell.clone(), Owned::small(1)]);
                let held = inner.clone();
                let outer = list::cons(rt, cell.clone(), inner);
                set(cell.word(), outer);
                drop(held);
            }
            assert!(rt.collect_cycles() >= 40);
        });
    }
}
