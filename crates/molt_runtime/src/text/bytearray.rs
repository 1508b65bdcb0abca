//! The class `bytearray`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::bytes_class::{self, initial_contents, joined};
use super::bytes_methods::{SHARED, SHARED_CASE, byte_value};
use super::{buffer, repr};
use crate::api::native;
use crate::native::{ClassSpec, Layout, NativeData, NativeDef, def};
use crate::{Isolate, Owned, Place, PyResult, exc};

pub static BYTEARRAY_SPEC: ClassSpec = ClassSpec::builtin(ClassId::BYTEARRAY, Layout::Native)
    .methods(&METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::UNHASHABLE | ClassSpec::MATCH_SELF);

static ITERATOR_SPEC: ClassSpec = ClassSpec::new("builtins", "bytearray_iterator")
    .methods(bytes_class::ITERATOR_METHODS)
    .next(bytes_class::iterator_next)
    .flags(ClassSpec::NO_NEW);

/// State of a bytearray.
#[derive(Default)]
pub struct ByteArray {
    pub bytes: Vec<u8>,
    /// Live memoryviews: while there are any, the length must not change.
    pub exports: usize,
}

impl NativeData for ByteArray {}

/// New bytearray.
pub fn new(rt: &mut Isolate, bytes: Vec<u8>) -> Owned {
    rt.new_native(ClassId::BYTEARRAY, Box::new(ByteArray { bytes, exports: 0 }))
}

const SELF: &str = "($self, /)";

static METHODS: [NativeDef; OWN.len() + SHARED.len() + SHARED_CASE.len()] = joined([&OWN, &SHARED, &SHARED_CASE]);

const OWN: [NativeDef; 20] = [
    def("__new__", "($type, *args, **kwargs)", |rt, a| {
        let class = rt.class_id(a[0]);
        Ok(rt.new_native(class, Box::<ByteArray>::default()))
    }),
    def("__init__", "($self, source=b'', encoding=None, errors=None)", |rt, a| {
        let bytes = initial_contents(rt, a[1], a[2], a[3], "bytearray")?;
        resizable(rt, a[0])?.bytes = bytes;
        Ok(Owned::NONE)
    }),
    def("__repr__", SELF, |rt, a| {
        let mut out = rt.type_name(a[0]).into_bytes();
        out.push(b'(');
        repr::write_bytearray(&mut out, &native::<ByteArray>(a[0]).bytes);
        out.push(b')');
        Ok(rt.new_str_wtf8(&out))
    }),
    def("__iter__", SELF, |rt, a| {
        let class = rt.class_for(&ITERATOR_SPEC);
        Ok(bytes_class::iterator(rt, a[0], class))
    }),
    def("__setitem__", "($self, key, value, /)", setitem),
    def("__delitem__", "($self, key, /)", delitem),
    def("__iadd__", "($self, value, /)", |rt, a| {
        let Some(b) = buffer::of_object(rt, a[1])? else {
            let (this, name) = (rt.type_name(a[0]), rt.type_name(a[1]));
            return Err(rt.type_error(format!("can't concat {name} to {this}")));
        };
        resizable(rt, a[0])?.bytes.extend_from_slice(&b);
        Ok(Owned::share(a[0]))
    }),
    def("__imul__", "($self, value, /)", |rt, a| {
        let Some(n) = super::repeat_count(rt, a[1])? else { return crate::num::binary::not_implemented() };
        let size = resizable(rt, a[0])?.bytes.len().saturating_mul(n.max(0) as usize);
        rt.check_room(Some(size))?;
        let mut state = resizable(rt, a[0])?;
        state.bytes = state.bytes.repeat(n.max(0) as usize);
        Ok(Owned::share(a[0]))
    }),
    def("__alloc__", SELF, |_, a| Ok(Owned::small(native::<ByteArray>(a[0]).bytes.capacity() as i64 + 1))),
    def("append", "($self, item, /)", |rt, a| {
        let b = byte_value(rt, a[1])?;
        resizable(rt, a[0])?.bytes.push(b);
        Ok(Owned::NONE)
    }),
    def("extend", "($self, iterable_of_ints, /)", |rt, a| {
        if rt.is_str(a[1]) {
            return Err(rt.type_error("expected iterable of integers; got: 'str'"));
        }
        let bytes = initial_extension(rt, a[1])?;
        resizable(rt, a[0])?.bytes.extend_from_slice(&bytes);
        Ok(Owned::NONE)
    }),
    def("insert", "($self, index, item, /)", |rt, a| {
        let i = rt.to_i64(a[1], "ssize_t")?;
        let b = byte_value(rt, a[2])?;
        let mut state = resizable(rt, a[0])?;
        let len = state.bytes.len() as i64;
        let at = if i < 0 { (i + len).max(0) } else { i.min(len) };
        state.bytes.insert(at as usize, b);
        Ok(Owned::NONE)
    }),
    def("pop", "($self, index=-1, /)", |rt, a| {
        let i = if a[1].is_unbound() { -1 } else { rt.to_i64(a[1], "ssize_t")? };
        let mut state = resizable(rt, a[0])?;
        if state.bytes.is_empty() {
            return Err(rt.index_error("pop from empty bytearray"));
        }
        let at = if i < 0 { i + state.bytes.len() as i64 } else { i };
        if at < 0 || at as usize >= state.bytes.len() {
            return Err(rt.index_error("pop index out of range"));
        }
        Ok(Owned::small(i64::from(state.bytes.remove(at as usize))))
    }),
    def("remove", "($self, value, /)", |rt, a| {
        let b = byte_value(rt, a[1])?;
        let mut state = resizable(rt, a[0])?;
        match memchr::memchr(b, &state.bytes) {
            Some(at) => {
                state.bytes.remove(at);
                Ok(Owned::NONE)
            }
            None => Err(rt.value_error("value not found in bytearray")),
        }
    }),
    def("reverse", SELF, |_, a| {
        native::<ByteArray>(a[0]).bytes.reverse();
        Ok(Owned::NONE)
    }),
    def("clear", SELF, |rt, a| {
        resizable(rt, a[0])?.bytes.clear();
        Ok(Owned::NONE)
    }),
    def("copy", SELF, |rt, a| {
        let bytes = native::<ByteArray>(a[0]).bytes.clone();
        Ok(new(rt, bytes))
    }),
    def("fromhex", "($type, string, /)", |rt, a| {
        let bytes = bytes_class::from_hex(rt, a[1])?;
        if rt.class_id(a[0]) == ClassId::BYTEARRAY {
            return Ok(new(rt, bytes));
        }
        let b = rt.new_bytes(&bytes);
        rt.call(a[0], &[b.word()])
    }),
    def("__reduce__", SELF, |rt, a| {
        let bytes = native::<ByteArray>(a[0]).bytes.clone();
        let text: String = bytes.iter().map(|&b| b as char).collect();
        let (text, encoding) = (rt.new_str(&text), rt.new_str("latin-1"));
        let args = rt.new_tuple(vec![text, encoding]);
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        Ok(rt.new_tuple(vec![class, args, Owned::NONE]))
    }),
    def("__sizeof__", SELF, |_, a| Ok(Owned::small(57 + native::<ByteArray>(a[0]).bytes.capacity() as i64))),
];

fn initial_extension(rt: &mut Isolate, w: Word) -> PyResult<Vec<u8>> {
    if let Some(b) = buffer::of_object(rt, w)? {
        return Ok(b.into_owned());
    }
    if !rt.is_iterable(w) {
        let name = rt.type_name(w);
        return Err(rt.type_error(format!("can't extend bytearray with {name}")));
    }
    let iterator = rt.iter(w)?;
    let mut out = Vec::new();
    while let Some(item) = rt.next(iterator.word())? {
        out.push(byte_value(rt, item.word())?);
    }
    Ok(out)
}

/// Contents of a bytearray; do not hold across calls that may change it.
pub fn stored_bytes<'a>(w: Word) -> &'a [u8] {
    // SAFETY: the caller says that the word is a live bytearray.
    unsafe { &(*native::<ByteArray>(w).as_ptr()).bytes }
}

/// State of a bytearray that may change its length.
fn resizable(rt: &mut Isolate, w: Word) -> PyResult<Place<ByteArray>> {
    let state = native::<ByteArray>(w);
    if state.exports > 0 {
        return Err(rt.raise(exc::BUFFER_ERROR, "Existing exports of data: object cannot be re-sized"));
    }
    Ok(state)
}

fn setitem(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if rt.class_of(a[1]) == ClassId::SLICE {
        let value = if rt.is_str(a[2]) {
            return Err(rt.type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)"));
        } else {
            initial_extension(rt, a[2])?
        };
        set_slice(rt, a[0], a[1], &value)?;
        return Ok(Owned::NONE);
    }
    let at = position(rt, a[0], a[1])?;
    let b = byte_value(rt, a[2])?;
    if let Some(slot) = native::<ByteArray>(a[0]).bytes.get_mut(at) {
        *slot = b;
    }
    Ok(Owned::NONE)
}

fn position(rt: &mut Isolate, w: Word, key: Word) -> PyResult<usize> {
    if !key.is_small() && rt.lookup_special(key, crate::names::Name::INDEX).is_none() {
        let name = rt.type_name(key);
        return Err(rt.type_error(format!("bytearray indices must be integers or slices, not {name}")));
    }
    let i = rt.sized_index(key)?;
    let len = native::<ByteArray>(w).bytes.len() as i64;
    let at = if i < 0 { i + len } else { i };
    if at < 0 || at >= len {
        return Err(rt.index_error("bytearray index out of range"));
    }
    Ok(at as usize)
}

fn set_slice(rt: &mut Isolate, w: Word, key: Word, value: &[u8]) -> PyResult<()> {
    let len = native::<ByteArray>(w).bytes.len();
    let (start, _, step, count) = rt.slice_indices(key, len)?;
    if step == 1 {
        let mut state = if value.len() == count { native::<ByteArray>(w) } else { resizable(rt, w)? };
        let start = start as usize;
        state.bytes.splice(start..start + count, value.iter().copied());
        return Ok(());
    }
    if value.is_empty() {
        return delete_slice(rt, w, start, step, count);
    }
    if value.len() != count {
        return Err(rt.value_error(format!(
            "attempt to assign bytes of size {} to extended slice of size {count}",
            value.len()
        )));
    }
    let mut state = native::<ByteArray>(w);
    for (i, &b) in value.iter().enumerate() {
        state.bytes[(start + i as i64 * step) as usize] = b;
    }
    Ok(())
}

fn delete_slice(rt: &mut Isolate, w: Word, start: i64, step: i64, count: usize) -> PyResult<()> {
    let mut state = resizable(rt, w)?;
    let doomed: Vec<usize> = (0..count as i64).map(|i| (start + i * step) as usize).collect();
    let mut index = 0;
    state.bytes.retain(|_| {
        index += 1;
        !doomed.contains(&(index - 1))
    });
    Ok(())
}

fn delitem(rt: &mut Isolate, a: &[Word]) -> PyResult {
    if rt.class_of(a[1]) == ClassId::SLICE {
        let len = native::<ByteArray>(a[0]).bytes.len();
        let (start, _, step, count) = rt.slice_indices(a[1], len)?;
        if step == 1 {
            resizable(rt, a[0])?.bytes.drain(start as usize..start as usize + count);
        } else {
            delete_slice(rt, a[0], start, step, count)?;
        }
        return Ok(Owned::NONE);
    }
    let at = position(rt, a[0], a[1])?;
    resizable(rt, a[0])?.bytes.remove(at);
    Ok(Owned::NONE)
}
