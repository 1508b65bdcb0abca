//! Text and bytes: `str`, `bytes`, `bytearray`, `memoryview`, formatting and encodings.
//!
//! A `str` holds WTF-8 (see [`wtf8`]); positions visible to Python count code points. ASCII texts, where
//! both agree, take the short way everywhere.

pub mod ascii;
pub mod buffer;
pub mod bytearray;
pub mod bytes_class;
pub mod bytes_methods;
pub mod codecs;
pub mod format_spec;
pub mod memoryview;
pub mod percent;
pub mod repr;
pub mod str_class;
pub mod str_format;
pub mod str_object;
pub mod str_split;
pub mod str_translate;
pub(crate) mod str_writer;
pub mod unicode;
mod unicode_tables;
pub mod wtf8;

use molt_abi::Word;

use crate::names::Name;
use crate::native::ClassSpec;
use crate::{Isolate, PyResult};

pub use repr::repr_of_str;
pub use str_object::concat;

/// Specifications of the text classes.
pub static SPECS: &[&ClassSpec] = &[
    &str_class::STR_SPEC,
    &str_class::STR_ITERATOR_SPEC,
    &bytes_class::BYTES_SPEC,
    &bytes_class::BYTES_ITERATOR_SPEC,
    &bytearray::BYTEARRAY_SPEC,
    &memoryview::MEMORYVIEW_SPEC,
];

/// Count of a sequence repetition; `None` for an object that is no integer.
pub fn repeat_count(rt: &mut Isolate, w: Word) -> PyResult<Option<i64>> {
    if let Some(n) = w.to_small() {
        return Ok(Some(n));
    }
    if rt.lookup_special(w, Name::INDEX).is_none() {
        return Ok(None);
    }
    let i = rt.index(w)?;
    match crate::num::int::to_i64(i.word()) {
        Some(n) => Ok(Some(n)),
        None => Err(rt.overflow_error("cannot fit 'int' into an index-sized integer")),
    }
}
