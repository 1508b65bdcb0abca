//! The class `bytes` and its iterator.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::bytes_methods::{self, SHARED, SHARED_CASE, byte_value, contents};
use super::{buffer, codecs, repr};
use crate::api::{bytes_slice, native, str_bytes};
use crate::names::Name;
use crate::native::{ClassSpec, Layout, NativeData, NativeDef, def};
use crate::num::int;
use crate::{Isolate, Owned, PyResult};

pub static BYTES_SPEC: ClassSpec = ClassSpec::builtin(ClassId::BYTES, Layout::Bytes)
    .methods(&METHODS)
    .flags(ClassSpec::BASETYPE | ClassSpec::MATCH_SELF);

pub static BYTES_ITERATOR_SPEC: ClassSpec = ClassSpec::builtin(ClassId::BYTES_ITERATOR, Layout::Native)
    .methods(ITERATOR_METHODS)
    .next(iterator_next)
    .flags(ClassSpec::NO_NEW);

const SELF: &str = "($self, /)";

/// Rows in one table, since a class has one.
pub const fn joined<const N: usize>(parts: [&[NativeDef]; 3]) -> [NativeDef; N] {
    let mut out = [const { def("", "($self, /)", |_, _| Ok(Owned::NONE)) }; N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut i = 0;
        while i < parts[part].len() {
            let row = &parts[part][i];
            out[at] = NativeDef { name: row.name, signature: row.signature, func: row.func, doc: row.doc };
            at += 1;
            i += 1;
        }
        part += 1;
    }
    assert!(at == N, "the table's length is the sum of its parts");
    out
}

static METHODS: [NativeDef; OWN.len() + SHARED.len() + SHARED_CASE.len()] = joined([&OWN, &SHARED, &SHARED_CASE]);

const OWN: [NativeDef; 8] = [
    def("__new__", "($type, source=b'', encoding=None, errors=None)", bytes_new),
    def("__repr__", SELF, |rt, a| {
        let mut out = Vec::new();
        repr::write_bytes(&mut out, bytes_slice(a[0]));
        Ok(rt.new_str_counted(&out, out.len()))
    }),
    def("__hash__", SELF, |rt, a| {
        let h = rt.hash_bytes(bytes_slice(a[0]));
        Ok(rt.new_int(h))
    }),
    def("__iter__", SELF, |rt, a| Ok(iterator(rt, a[0], ClassId::BYTES_ITERATOR))),
    def("__bytes__", SELF, |rt, a| {
        if rt.class_of(a[0]) == ClassId::BYTES { Ok(Owned::share(a[0])) } else { Ok(rt.new_bytes(bytes_slice(a[0]))) }
    }),
    def("__getnewargs__", SELF, |rt, a| {
        let b = rt.new_bytes(bytes_slice(a[0]));
        Ok(rt.new_tuple(vec![b]))
    }),
    def("__sizeof__", SELF, |_, a| Ok(Owned::small(33 + bytes_slice(a[0]).len() as i64))),
    def("fromhex", "($type, string, /)", |rt, a| {
        let bytes = from_hex(rt, a[1])?;
        let b = rt.new_bytes(&bytes);
        if rt.class_id(a[0]) == ClassId::BYTES { Ok(b) } else { rt.call(a[0], &[b.word()]) }
    }),
];

fn bytes_new(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let class = rt.class_id(a[0]);
    if class == ClassId::BYTES && !a[1].is_unbound() && a[2].is_unbound() && rt.class_of(a[1]) == ClassId::BYTES {
        return Ok(Owned::share(a[1]));
    }
    let bytes = initial_contents(rt, a[1], a[2], a[3], "bytes")?;
    Ok(rt.new_bytes_of_class(class, &bytes))
}

/// Contents that the constructor arguments of `bytes` and `bytearray` ask for.
pub fn initial_contents(
    rt: &mut Isolate,
    source: Word,
    encoding: Word,
    errors: Word,
    class: &str,
) -> PyResult<Vec<u8>> {
    if source.is_unbound() {
        if !encoding.is_unbound() {
            return Err(rt.type_error("encoding without a string argument"));
        }
        if !errors.is_unbound() {
            return Err(rt.type_error("errors without a string argument"));
        }
        return Ok(Vec::new());
    }
    if rt.is_str(source) {
        if encoding.is_unbound() {
            return Err(rt.type_error("string argument without an encoding"));
        }
        let encoding = codecs::encoding_arg(rt, encoding)?;
        return codecs::encode(rt, source, encoding, &codecs::errors_arg(errors));
    }
    if !encoding.is_unbound() {
        return Err(rt.type_error("encoding without a string argument"));
    }
    if !errors.is_unbound() {
        return Err(rt.type_error("errors without a string argument"));
    }
    if let Some(method) = rt.lookup_special(source, Name::BYTES)
        && class == "bytes"
    {
        let made = rt.call_special(method, source, &[])?;
        if rt.is_bytes(made.word()) {
            return Ok(bytes_slice(made.word()).to_vec());
        }
        let name = rt.type_name(made.word());
        return Err(rt.type_error(format!("__bytes__ returned non-bytes (type {name})")));
    }
    if rt.lookup_special(source, Name::INDEX).is_some() {
        let n = rt.index(source)?;
        return match int::to_i64(n.word()) {
            Some(n) if n < 0 => Err(rt.value_error("negative count")),
            Some(n) => {
                rt.check_room(Some(n as usize))?;
                Ok(vec![0; n as usize])
            }
            None => Err(rt.overflow_error("cannot fit 'int' into an index-sized integer")),
        };
    }
    from_iterable(rt, source, class)
}

/// Bytes of a bytes-like object or an iterable of integers.
fn from_iterable(rt: &mut Isolate, source: Word, class: &str) -> PyResult<Vec<u8>> {
    if let Some(b) = buffer::of_object(rt, source)? {
        return Ok(b.into_owned());
    }
    if !rt.is_iterable(source) {
        let name = rt.type_name(source);
        return Err(rt.type_error(format!("cannot convert '{name}' object to {class}")));
    }
    let iterator = rt.iter(source)?;
    let mut out = Vec::new();
    while let Some(item) = rt.next(iterator.word())? {
        let b = match byte_value(rt, item.word()) {
            Ok(b) => b,
            Err(e) if class == "bytes" && rt.pending_is(crate::exc::VALUE_ERROR) => {
                rt.clear_exception();
                let _ = e;
                return Err(rt.value_error("bytes must be in range(0, 256)"));
            }
            Err(e) => return Err(e),
        };
        out.push(b);
    }
    Ok(out)
}

/// `bytes(x)` for an argument that must not be a count (`int.from_bytes`).
pub fn bytes_from_object(rt: &mut Isolate, w: Word) -> PyResult<Vec<u8>> {
    if rt.is_str(w) || rt.is_int(w) {
        let name = rt.type_name(w);
        return Err(rt.type_error(format!("cannot convert '{name}' object to bytes")));
    }
    from_iterable(rt, w, "bytes")
}

/// Bytes of a text of hexadecimal digit pairs with spaces between.
pub fn from_hex(rt: &mut Isolate, w: Word) -> PyResult<Vec<u8>> {
    if !rt.is_str(w) {
        let name = rt.argument_kind(w);
        return Err(rt.type_error(format!("fromhex() argument must be str, not {name}")));
    }
    let text = str_bytes(w);
    let digit = |i: usize| text.get(i).and_then(|&b| (b as char).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(text.len() / 2), 0);
    while at < text.len() {
        if matches!(text[at], b' ' | 9..=13) {
            at += 1;
            continue;
        }
        match (digit(at), digit(at + 1)) {
            (Some(high), Some(low)) => out.push((high << 4 | low) as u8),
            (high, _) => {
                let bad = super::wtf8::char_count(&text[..at + usize::from(high.is_some())]);
                return Err(rt.value_error(format!("non-hexadecimal number found in fromhex() arg at position {bad}")));
            }
        }
        at += 2;
    }
    Ok(out)
}

/// State of the iterators of bytes, bytearrays and memoryviews.
struct ByteIterator {
    source: Option<Owned>,
    at: usize,
}

impl NativeData for ByteIterator {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.source.iter().for_each(|s| visit(s.word()));
    }
    fn clear(&mut self) {
        self.source = None;
    }
}

/// Iterator over the integers of a bytes or bytearray object.
pub fn iterator(rt: &mut Isolate, w: Word, class: ClassId) -> Owned {
    rt.new_native(class, Box::new(ByteIterator { source: Some(Owned::share(w)), at: 0 }))
}

pub fn iterator_next(rt: &mut Isolate, this: Word) -> PyResult<Option<Owned>> {
    let mut state = native::<ByteIterator>(this);
    let Some(source) = &state.source else { return Ok(None) };
    match contents(rt, source.word()).get(state.at) {
        Some(&b) => {
            state.at += 1;
            Ok(Some(Owned::small(i64::from(b))))
        }
        None => {
            state.source = None;
            Ok(None)
        }
    }
}

/// Methods of the byte iterators.
pub static ITERATOR_METHODS: &[NativeDef] = &[
    def("__iter__", SELF, crate::iter::self_iter),
    def("__next__", SELF, crate::iter::self_next),
    def("__length_hint__", SELF, |rt, a| {
        let state = native::<ByteIterator>(a[0]);
        let len = state.source.as_ref().map_or(0, |s| bytes_methods::contents(rt, s.word()).len());
        Ok(Owned::small(len.saturating_sub(state.at) as i64))
    }),
];
