//! Reading the bytes of bytes-like objects.

use alloc::borrow::Cow;
use alloc::format;

use molt_abi::{ClassId, Word};

use super::bytearray::ByteArray;
use super::memoryview;
use crate::api::{bytes_slice, native};
use crate::{Isolate, PyResult};

/// Bytes of a `bytes` (borrowed) or `bytearray` (copied, since calls may change it).
pub fn bytes_or_bytearray<'a>(rt: &Isolate, w: Word) -> Option<Cow<'a, [u8]>> {
    if rt.is_bytes(w) {
        return Some(Cow::Borrowed(bytes_slice(w)));
    }
    if rt.is_instance(w, ClassId::BYTEARRAY) {
        return Some(Cow::Owned(native::<ByteArray>(w).bytes.clone()));
    }
    None
}

/// Bytes of any bytes-like object; `None` for other types.
pub fn of_object<'a>(rt: &mut Isolate, w: Word) -> PyResult<Option<Cow<'a, [u8]>>> {
    if let Some(b) = bytes_or_bytearray(rt, w) {
        return Ok(Some(b));
    }
    if rt.class_of(w) == ClassId::MEMORYVIEW {
        return memoryview::contents(rt, w).map(|b| Some(Cow::Owned(b)));
    }
    Ok(None)
}

/// Bytes of a bytes-like argument: "a bytes-like object is required, not 'X'" otherwise.
pub fn required<'a>(rt: &mut Isolate, w: Word) -> PyResult<Cow<'a, [u8]>> {
    match of_object(rt, w)? {
        Some(b) => Ok(b),
        None => {
            let name = rt.type_name(w);
            Err(rt.type_error(format!("a bytes-like object is required, not '{name}'")))
        }
    }
}
