//! The class `memoryview`: one-dimensional views of bytes and bytearrays with the native formats.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use super::buffer;
use super::bytearray::{ByteArray, stored_bytes};
use crate::api::{bytes_slice, native, str_bytes};
use crate::native::{ClassSpec, GetSetDef, Layout, NativeData, NativeDef, def, getter};
use crate::num::binary::not_implemented;
use crate::num::{float_class, int};
use crate::{Isolate, Owned, Place, PyResult, exc};

pub static MEMORYVIEW_SPEC: ClassSpec =
    ClassSpec::builtin(ClassId::MEMORYVIEW, Layout::Native).methods(METHODS).getset(GETSET).flags(ClassSpec::SEQUENCE);

/// A view: item `i` lies at byte `start + i * step` of the owner.
struct View {
    /// The bytes or bytearray; `None` once released.
    owner: Option<Owned>,
    start: i64,
    /// Bytes from one item to the next.
    step: i64,
    len: usize,
    format: u8,
}

impl View {
    fn item_size(&self) -> usize {
        item_size(self.format).unwrap_or(1)
    }
    fn offset(&self, i: usize) -> usize {
        (self.start + i as i64 * self.step) as usize
    }
}

impl NativeData for View {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        self.owner.iter().for_each(|o| visit(o.word()));
    }
    fn clear(&mut self) {
        self.owner = None;
    }
}

impl Drop for View {
    fn drop(&mut self) {
        release(self);
    }
}

fn release(view: &mut View) {
    if let Some(owner) = view.owner.take()
        && view.exported(&owner)
    {
        native::<ByteArray>(owner.word()).exports -= 1;
    }
}

impl View {
    fn exported(&self, owner: &Owned) -> bool {
        // SAFETY: an owned object word points to a live header.
        unsafe { (*owner.word().as_ptr()).class == ClassId::BYTEARRAY }
    }
}

fn item_size(format: u8) -> Option<usize> {
    Some(match format {
        b'b' | b'B' | b'c' | b'?' => 1,
        b'h' | b'H' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' => 8,
        _ => return None,
    })
}

fn new_view(rt: &mut Isolate, owner: Word, start: i64, step: i64, len: usize, format: u8) -> Owned {
    if rt.class_of(owner) == ClassId::BYTEARRAY {
        native::<ByteArray>(owner).exports += 1;
    }
    let view = View { owner: Some(Owned::share(owner)), start, step, len, format };
    rt.new_native(ClassId::MEMORYVIEW, Box::new(view))
}

/// State of a view that has not been released.
fn live(rt: &mut Isolate, w: Word) -> PyResult<(Place<View>, Word)> {
    let view = native::<View>(w);
    match &view.owner {
        Some(owner) => {
            let owner = owner.word();
            Ok((view, owner))
        }
        None => Err(rt.value_error("operation forbidden on released memoryview object")),
    }
}

fn owner_bytes<'a>(rt: &Isolate, owner: Word) -> &'a [u8] {
    if rt.is_bytes(owner) { bytes_slice(owner) } else { stored_bytes(owner) }
}

/// Bytes that a view shows, item by item.
pub fn contents(rt: &mut Isolate, w: Word) -> PyResult<Vec<u8>> {
    let (view, owner) = live(rt, w)?;
    let bytes = owner_bytes(rt, owner);
    let size = view.item_size();
    Ok((0..view.len).flat_map(|i| bytes[view.offset(i)..view.offset(i) + size].iter().copied()).collect())
}

fn unpack(rt: &mut Isolate, format: u8, b: &[u8]) -> Owned {
    let wide = |signed: bool| {
        let mut word = [if signed && b[b.len() - 1] & 0x80 != 0 { 0xff } else { 0 }; 8];
        word[..b.len()].copy_from_slice(b);
        word
    };
    match format {
        b'?' => Owned::from_bool(b[0] != 0),
        b'c' => rt.new_bytes(b),
        b'f' => rt.new_float(f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
        b'd' => rt.new_float(f64::from_le_bytes(wide(false))),
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => int::from_i64(rt, i64::from_le_bytes(wide(true))),
        _ => int::from_u64(rt, u64::from_le_bytes(wide(false))),
    }
}

fn pack(rt: &mut Isolate, format: u8, w: Word) -> PyResult<Vec<u8>> {
    let size = item_size(format).unwrap_or(1);
    let wrong_type =
        |rt: &mut Isolate| rt.type_error(format!("memoryview: invalid type for format '{}'", format as char));
    match format {
        b'?' => Ok(vec![u8::from(rt.truth(w)?)]),
        b'c' => {
            if !rt.is_bytes(w) {
                return Err(wrong_type(rt));
            }
            match bytes_slice(w) {
                [b] => Ok(vec![*b]),
                _ => Err(rt.value_error("memoryview: invalid value for format 'c'")),
            }
        }
        b'f' | b'd' => {
            let Some(v) = float_class::real_number(rt, w)? else { return Err(wrong_type(rt)) };
            Ok(if format == b'f' { (v as f32).to_le_bytes().to_vec() } else { v.to_le_bytes().to_vec() })
        }
        _ => {
            if rt.lookup_special(w, crate::names::Name::INDEX).is_none() {
                return Err(wrong_type(rt));
            }
            let v = rt.index(w)?;
            let wide = int::of_int(v.word()).to_big();
            let signed = format.is_ascii_lowercase();
            let bits = size as u32 * 8 - u32::from(signed);
            let limit = 1i128 << bits;
            match i128::try_from(wide.as_ref()) {
                Ok(v) if v < limit && v >= if signed { -limit } else { 0 } => Ok(v.to_le_bytes()[..size].to_vec()),
                _ => Err(rt.value_error(format!("memoryview: invalid value for format '{}'", format as char))),
            }
        }
    }
}

const SELF: &str = "($self, /)";

static GETSET: &[GetSetDef] = &[
    getter("obj", |rt, w| live(rt, w).map(|(_, owner)| Owned::share(owner))),
    getter("nbytes", |rt, w| live(rt, w).map(|(v, _)| Owned::small((v.len * v.item_size()) as i64))),
    getter("itemsize", |rt, w| live(rt, w).map(|(v, _)| Owned::small(v.item_size() as i64))),
    getter("format", |rt, w| {
        let (v, _) = live(rt, w)?;
        Ok(rt.new_str(&(v.format as char).to_string()))
    }),
    getter("ndim", |rt, w| live(rt, w).map(|_| Owned::small(1))),
    getter("readonly", |rt, w| {
        let (_, owner) = live(rt, w)?;
        Ok(Owned::from_bool(rt.is_bytes(owner)))
    }),
    getter("shape", |rt, w| {
        let (v, _) = live(rt, w)?;
        Ok(rt.new_tuple(vec![Owned::small(v.len as i64)]))
    }),
    getter("strides", |rt, w| {
        let (v, _) = live(rt, w)?;
        Ok(rt.new_tuple(vec![Owned::small(v.step)]))
    }),
    getter("suboffsets", |rt, w| {
        live(rt, w)?;
        Ok(rt.new_tuple(Vec::new()))
    }),
    getter("contiguous", contiguous),
    getter("c_contiguous", contiguous),
    getter("f_contiguous", contiguous),
];

fn contiguous(rt: &mut Isolate, w: Word) -> PyResult {
    let (v, _) = live(rt, w)?;
    Ok(Owned::from_bool(v.len <= 1 || v.step == v.item_size() as i64))
}

static METHODS: &[NativeDef] = &[
    def("__new__", "($type, object)", |rt, a| {
        if rt.class_of(a[1]) == ClassId::MEMORYVIEW {
            let (v, owner) = live(rt, a[1])?;
            return Ok(new_view(rt, owner, v.start, v.step, v.len, v.format));
        }
        match buffer::bytes_or_bytearray(rt, a[1]) {
            Some(b) => Ok(new_view(rt, a[1], 0, 1, b.len(), b'B')),
            None => {
                let name = rt.type_name(a[1]);
                Err(rt.type_error(format!("memoryview: a bytes-like object is required, not '{name}'")))
            }
        }
    }),
    def("__repr__", SELF, |rt, a| {
        let state = if native::<View>(a[0]).owner.is_some() { "memory" } else { "released memory" };
        Ok(rt.new_str(&format!("<{state} at {:#x}>", a[0].0)))
    }),
    def("__len__", SELF, |rt, a| live(rt, a[0]).map(|(v, _)| Owned::small(v.len as i64))),
    def("__hash__", SELF, |rt, a| {
        let (v, owner) = live(rt, a[0])?;
        if !rt.is_bytes(owner) {
            return Err(rt.value_error("cannot hash writable memoryview object"));
        }
        if !matches!(v.format, b'B' | b'b' | b'c') {
            return Err(rt.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
        }
        let bytes = contents(rt, a[0])?;
        let h = rt.hash_bytes(&bytes);
        Ok(rt.new_int(h))
    }),
    def("__eq__", "($self, value, /)", |rt, a| equality(rt, a, true)),
    def("__ne__", "($self, value, /)", |rt, a| equality(rt, a, false)),
    def("__getitem__", "($self, key, /)", getitem),
    def("__setitem__", "($self, key, value, /)", setitem),
    def("__enter__", SELF, |rt, a| live(rt, a[0]).map(|_| Owned::share(a[0]))),
    def("__exit__", "($self, /, *args)", |_, a| {
        release(&mut native::<View>(a[0]));
        Ok(Owned::NONE)
    }),
    def("release", SELF, |_, a| {
        release(&mut native::<View>(a[0]));
        Ok(Owned::NONE)
    }),
    def("tobytes", "($self, /, order='C')", |rt, a| {
        let b = contents(rt, a[0])?;
        Ok(rt.new_bytes(&b))
    }),
    def("tolist", SELF, |rt, a| {
        let (v, _) = live(rt, a[0])?;
        let bytes = contents(rt, a[0])?;
        let items = bytes.chunks(v.item_size()).map(|b| unpack(rt, v.format, b)).collect();
        Ok(rt.new_list(items))
    }),
    def("hex", "($self, /, sep=None, bytes_per_sep=1)", |rt, a| {
        let b = contents(rt, a[0])?;
        let b = rt.new_bytes(&b);
        let args: Vec<Word> = a[1..].iter().copied().take_while(|w| !w.is_unbound()).collect();
        rt.call_method(b.word(), "hex", &args)
    }),
    def("toreadonly", SELF, |rt, a| {
        let b = contents(rt, a[0])?;
        let (v, owner) = live(rt, a[0])?;
        if rt.is_bytes(owner) {
            return Ok(new_view(rt, owner, v.start, v.step, v.len, v.format));
        }
        let copy = rt.new_bytes(&b);
        Ok(new_view(rt, copy.word(), 0, v.item_size() as i64, v.len, v.format))
    }),
    def("cast", "($self, /, format, shape=None)", cast),
];

fn equality(rt: &mut Isolate, a: &[Word], want: bool) -> PyResult {
    let (v, _) = live(rt, a[0])?;
    let format = v.format;
    if rt.class_of(a[1]) == ClassId::MEMORYVIEW {
        let (other, _) = live(rt, a[1])?;
        if other.format != format {
            let (x, y) = (rt.call_method(a[0], "tolist", &[])?, rt.call_method(a[1], "tolist", &[])?);
            return rt.eq(x.word(), y.word()).map(|equal| Owned::from_bool(equal == want));
        }
    }
    match buffer::of_object(rt, a[1])? {
        Some(other) => Ok(Owned::from_bool((contents(rt, a[0])? == *other) == want)),
        None => not_implemented(),
    }
}

fn item_offset(rt: &mut Isolate, view: &View, key: Word) -> PyResult<usize> {
    let i = rt.sized_index(key)?;
    let at = if i < 0 { i + view.len as i64 } else { i };
    if at < 0 || at as usize >= view.len {
        return Err(rt.index_error("index out of bounds on dimension 1"));
    }
    Ok(view.offset(at as usize))
}

fn getitem(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (view, owner) = live(rt, a[0])?;
    if rt.class_of(a[1]) == ClassId::SLICE {
        let (start, _, step, count) = rt.slice_indices(a[1], view.len)?;
        return Ok(new_view(rt, owner, view.start + start * view.step, view.step * step, count, view.format));
    }
    if rt.lookup_special(a[1], crate::names::Name::INDEX).is_none() {
        return Err(rt.type_error("memoryview: invalid slice key"));
    }
    let at = item_offset(rt, &view, a[1])?;
    let bytes = owner_bytes(rt, owner)[at..at + view.item_size()].to_vec();
    Ok(unpack(rt, view.format, &bytes))
}

fn setitem(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (view, owner) = live(rt, a[0])?;
    if rt.is_bytes(owner) {
        return Err(rt.type_error("cannot modify read-only memory"));
    }
    let size = view.item_size();
    if rt.class_of(a[1]) == ClassId::SLICE {
        let (start, _, step, count) = rt.slice_indices(a[1], view.len)?;
        let value = buffer::required(rt, a[2])?;
        if value.len() != count * size {
            return Err(rt.value_error("memoryview assignment: lvalue and rvalue have different structures"));
        }
        let bytes = &mut native::<ByteArray>(owner).bytes;
        for (i, chunk) in value.chunks(size).enumerate() {
            let at = view.offset((start + i as i64 * step) as usize);
            bytes[at..at + size].copy_from_slice(chunk);
        }
        return Ok(Owned::NONE);
    }
    let at = item_offset(rt, &view, a[1])?;
    let packed = pack(rt, view.format, a[2])?;
    native::<ByteArray>(owner).bytes[at..at + size].copy_from_slice(&packed);
    Ok(Owned::NONE)
}

fn cast(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let (view, owner) = live(rt, a[0])?;
    if !rt.is_str(a[1]) {
        return Err(rt.type_error("format argument must be a string"));
    }
    if !a[2].is_unbound() {
        return Err(rt.raise(exc::NOT_IMPLEMENTED_ERROR, "memoryview: only one-dimensional views are supported"));
    }
    let text = str_bytes(a[1]);
    let text = text.strip_prefix(b"@").unwrap_or(text);
    let format = match text {
        [f] if item_size(*f).is_some() => *f,
        _ => {
            return Err(rt.value_error(
                "memoryview: destination format must be a native single character format prefixed with an optional '@'",
            ));
        }
    };
    if view.step != view.item_size() as i64 && view.len > 1 {
        return Err(rt.type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    let byte_like = |f: u8| matches!(f, b'b' | b'B' | b'c');
    if !byte_like(view.format) && !byte_like(format) {
        return Err(rt.type_error("memoryview: cannot cast between two non-byte formats"));
    }
    let total = view.len * view.item_size();
    let size = item_size(format).unwrap_or(1);
    if total % size != 0 {
        return Err(rt.type_error("memoryview: length is not a multiple of itemsize"));
    }
    Ok(new_view(rt, owner, view.start, size as i64, total / size, format))
}

/// Writes `bytes` at the start of a writable buffer, for `readinto`; `None` when the object is not one.
pub fn write_into(rt: &mut Isolate, w: Word, at: usize, bytes: &[u8]) -> PyResult<Option<()>> {
    if rt.is_instance(w, ClassId::BYTEARRAY) {
        native::<ByteArray>(w).bytes[at..at + bytes.len()].copy_from_slice(bytes);
        return Ok(Some(()));
    }
    if rt.class_of(w) != ClassId::MEMORYVIEW {
        return Ok(None);
    }
    let (view, owner) = live(rt, w)?;
    if rt.is_bytes(owner) {
        return Ok(None);
    }
    let start = view.start as usize + at;
    native::<ByteArray>(owner).bytes[start..start + bytes.len()].copy_from_slice(bytes);
    Ok(Some(()))
}

/// Length in bytes of a writable buffer; TypeError for other objects.
pub fn writable_len(rt: &mut Isolate, w: Word) -> PyResult<usize> {
    if rt.is_instance(w, ClassId::BYTEARRAY) {
        return Ok(native::<ByteArray>(w).bytes.len());
    }
    if rt.class_of(w) == ClassId::MEMORYVIEW {
        let (view, owner) = live(rt, w)?;
        if !rt.is_bytes(owner) {
            return Ok(view.len * view.item_size());
        }
    }
    let name = rt.type_name(w);
    Err(rt.type_error(format!("readinto() argument must be read-write bytes-like object, not {name}")))
}
