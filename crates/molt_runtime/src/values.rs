//! Making values of the builtin types, and interned strings.

use alloc::boxed::Box;
use alloc::vec::Vec;

use molt_abi::layout::{BytesObj, FloatObj, Header, StrObj, TupleObj};
use molt_abi::{ClassId, Word};

use crate::api::{str_bytes, str_obj};
use crate::hashing::sip13;
use crate::layouts::{BuiltinObj, NativeObj};
use crate::native::{NativeData, NativeDef};
use crate::text::str_writer::StrWriter;
use crate::{Isolate, Owned};

impl Isolate {
    /// Memory for an object of `size` bytes of `class` with one reference; the header is written, the rest
    /// is not.
    #[inline(always)]
    pub fn alloc_object(&mut self, class: ClassId, size: usize) -> *mut u8 {
        let p = self.alloc(size);
        // SAFETY: the cell is at least as large as a header.
        unsafe { p.cast::<Header>().write(Header { refs: Header::ONE, class }) };
        p
    }

    /// Instance of a class with plain layout from its words, which it takes over; missing ones are unbound.
    pub(crate) fn new_plain<const N: usize>(&mut self, class: ClassId, words: [Word; N]) -> Owned {
        let size = (self.class(class).instance_size as usize).max(8 + 8 * N);
        let p = self.alloc_object(class, size).cast::<Word>();
        // SAFETY: the object has room for `size / 8` words, the header first.
        unsafe {
            for (i, w) in words.into_iter().enumerate() {
                p.add(1 + i).write(w);
            }
            for i in N + 1..size / 8 {
                p.add(i).write(Word::UNBOUND);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// Memory for an instance of a class of fixed size: the header is written and slots are unbound; the
    /// caller writes what the class's layout puts between them.
    pub fn alloc_instance(&mut self, class: ClassId) -> *mut u8 {
        let (size, slots) = (self.class(class).instance_size as usize, self.class(class).layout);
        let p = self.alloc_object(class, size);
        for i in crate::class::base_size(slots) as usize / 8..size / 8 {
            // SAFETY: words of the object just allocated.
            unsafe { p.cast::<Word>().add(i).write(Word::UNBOUND) };
        }
        p
    }

    /// A string from valid UTF-8.
    pub fn new_str(&mut self, s: &str) -> Owned {
        self.new_str_wtf8(s.as_bytes())
    }

    /// WTF-8 bytes (lone surrogates encoded as three bytes).
    pub fn new_str_wtf8(&mut self, bytes: &[u8]) -> Owned {
        self.new_str_counted(bytes, crate::text::wtf8::char_count(bytes))
    }

    /// A string whose number of characters is known.
    pub fn new_str_counted(&mut self, bytes: &[u8], char_len: usize) -> Owned {
        if bytes.len() <= 1 {
            return self.short_str(bytes);
        }
        let mut out = StrWriter::new(self, bytes.len(), char_len);
        out.push(bytes);
        out.finish()
    }

    /// A string whose bytes `fill` writes.
    pub(crate) fn alloc_str(
        &mut self,
        class: ClassId,
        byte_len: usize,
        char_len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Owned {
        let p = self.alloc_object(class, size_of::<StrObj>() + byte_len + 1).cast::<StrObj>();
        // SAFETY: the object has room for the fixed part, the bytes and a final zero.
        unsafe {
            (*p).hash = StrObj::NO_HASH;
            (*p).byte_len = byte_len as u64;
            (*p).char_len = char_len as u64;
            let bytes = (&raw mut (*p).bytes).cast::<u8>();
            bytes.write_bytes(0, byte_len + 1);
            fill(core::slice::from_raw_parts_mut(bytes, byte_len));
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// The one string of an ASCII character, or the empty string.
    fn short_str(&mut self, bytes: &[u8]) -> Owned {
        let slot = bytes.first().map_or(128, |&b| usize::from(b & 127));
        if self.short_strings[slot].is_unbound() {
            let text = if bytes.is_empty() { "" } else { core::str::from_utf8(bytes).unwrap_or("") };
            let w = self.intern(text);
            self.short_strings[slot] = w;
        }
        Owned::share(self.short_strings[slot])
    }

    /// Interned, immortal string.
    pub fn intern(&mut self, s: &str) -> Word {
        if let Some(&w) = self.interned.get(s.as_bytes()) {
            return w;
        }
        let made = self.alloc_str(ClassId::STR, s.len(), s.chars().count(), |out| out.copy_from_slice(s.as_bytes()));
        self.intern_object(made)
    }

    /// The interned string equal to `w`, which becomes it when there is none; immortal.
    pub fn intern_word(&mut self, w: Word) -> Word {
        if let Some(&known) = self.interned.get(str_bytes(w)) {
            return known;
        }
        let copy = if self.class_of(w) == ClassId::STR {
            Owned::share(w)
        } else {
            let bytes = str_bytes(w);
            self.alloc_str(ClassId::STR, bytes.len(), str_obj(w).char_len as usize, |out| out.copy_from_slice(bytes))
        };
        self.intern_object(copy)
    }

    fn intern_object(&mut self, made: Owned) -> Word {
        let w = made.into_word();
        let hash = self.hash_bytes(str_bytes(w));
        // SAFETY: a live string; from now on it is never counted.
        unsafe {
            (*w.as_ptr()).refs = Header::IMMORTAL;
            (*w.as_ptr().cast::<StrObj>()).hash = hash;
        }
        self.ctx.live_objects -= 1;
        self.owned_interned.push(w);
        self.interned.insert(str_bytes(w), w);
        w
    }

    /// Registers a static string of the program as the interned one.
    pub(crate) fn intern_static(&mut self, w: Word) {
        let bytes = str_bytes(w);
        let hash = self.hash_bytes(bytes);
        // SAFETY: program data is writable, and only this thread runs.
        unsafe { (*w.as_ptr().cast::<StrObj>()).hash = hash };
        self.interned.entry(bytes).or_insert(w);
    }

    /// Hash of a `str`, kept in it.
    #[inline(always)]
    pub(crate) fn str_hash(&self, w: Word) -> i64 {
        let s = str_obj(w);
        if s.hash != StrObj::NO_HASH {
            return s.hash;
        }
        let hash = self.hash_bytes(str_bytes(w));
        // SAFETY: the hash field is a cache that no view holds.
        unsafe { (*w.as_ptr().cast::<StrObj>()).hash = hash };
        hash
    }

    /// Hash of text or bytes with the isolate's key (SipHash-1-3, 0 for empty, never -1).
    pub fn hash_bytes(&self, bytes: &[u8]) -> i64 {
        if bytes.is_empty() {
            return 0;
        }
        match sip13(self.hash_key, bytes) as i64 {
            -1 => -2,
            v => v,
        }
    }

    pub fn new_bytes(&mut self, b: &[u8]) -> Owned {
        self.new_bytes_of_class(ClassId::BYTES, b)
    }

    /// Instance of `bytes` or a subclass.
    pub fn new_bytes_of_class(&mut self, class: ClassId, b: &[u8]) -> Owned {
        let p = self.alloc_object(class, size_of::<BytesObj>() + b.len() + 1).cast::<BytesObj>();
        // SAFETY: the object has room for the fixed part, the bytes and a final zero.
        unsafe {
            (*p).hash = StrObj::NO_HASH;
            (*p).len = b.len() as u64;
            let out = (&raw mut (*p).bytes).cast::<u8>();
            out.copy_from_nonoverlapping(b.as_ptr(), b.len());
            out.add(b.len()).write(0);
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// Any 64-bit integer.
    #[inline(always)]
    pub fn new_int(&mut self, v: i64) -> Owned {
        match Word::try_small(v) {
            Some(w) => Owned::immediate(w),
            None => crate::num::int::from_i64_big(self, v),
        }
    }

    #[inline(always)]
    pub fn new_float(&mut self, v: f64) -> Owned {
        match Word::try_flonum(v) {
            Some(w) => Owned::immediate(w),
            None => self.box_float(v),
        }
    }

    fn box_float(&mut self, v: f64) -> Owned {
        let p = self.alloc_object(ClassId::FLOAT, size_of::<FloatObj>()).cast::<FloatObj>();
        // SAFETY: freshly allocated for this layout.
        unsafe {
            (*p).value = v;
            Owned::from_word(Word::from_ptr(p))
        }
    }

    pub fn new_tuple(&mut self, items: Vec<Owned>) -> Owned {
        if items.is_empty() {
            return Owned::share(self.empty_tuple);
        }
        self.alloc_tuple(ClassId::TUPLE, items.len(), items.into_iter().map(Owned::into_word))
    }

    /// Tuple of two items.
    pub(crate) fn new_pair(&mut self, first: Owned, second: Owned) -> Owned {
        let words = [first.into_word(), second.into_word()];
        self.alloc_tuple(ClassId::TUPLE, 2, words.into_iter())
    }

    /// Tuple of shared words.
    pub fn new_tuple_of(&mut self, items: &[Word]) -> Owned {
        if items.is_empty() {
            return Owned::share(self.empty_tuple);
        }
        self.alloc_tuple(ClassId::TUPLE, items.len(), items.iter().map(|&w| Owned::share(w).into_word()))
    }

    /// Tuple (or instance of a subclass) from owned words.
    pub(crate) fn alloc_tuple(&mut self, class: ClassId, len: usize, items: impl Iterator<Item = Word>) -> Owned {
        let p = self.alloc_object(class, size_of::<TupleObj>() + 8 * len).cast::<TupleObj>();
        // SAFETY: the object has room for the fixed part and `len` words.
        unsafe {
            (*p).len = len as u64;
            let out = (&raw mut (*p).items).cast::<Word>();
            for (i, w) in items.take(len).enumerate() {
                out.add(i).write(w);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    pub fn new_list(&mut self, items: Vec<Owned>) -> Owned {
        let list = self.empty_list(ClassId::LIST, 0);
        crate::list::adopt(crate::api::list_obj(list.word()), items);
        list
    }

    /// List of shared words.
    pub fn new_list_of(&mut self, items: &[Word]) -> Owned {
        let list = self.empty_list(ClassId::LIST, items.len());
        let mut l = crate::api::list_obj(list.word());
        l.len = items.len() as u64;
        for (i, &item) in items.iter().enumerate() {
            // SAFETY: the buffer was allocated for all items.
            unsafe { l.items.add(i).write(Owned::share(item).into_word()) };
        }
        list
    }

    /// Instance of a class with native layout.
    pub fn new_native(&mut self, class: ClassId, data: Box<dyn NativeData>) -> Owned {
        let size = self.class(class).instance_size as usize;
        let p = self.alloc_object(class, size);
        // SAFETY: native instances start with a `NativeObj`; words after it are slots.
        unsafe {
            (*p.cast::<NativeObj>()).data = Box::into_raw(data);
            let words = p.cast::<Word>();
            for i in size_of::<NativeObj>() / 8..size / 8 {
                words.add(i).write(Word::UNBOUND);
            }
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// Native function bound to nothing (e.g. to return from a factory).
    pub fn new_builtin(&mut self, def: &'static NativeDef) -> Owned {
        self.new_builtin_of(ClassId::BUILTIN_FUNCTION, def, Word::UNBOUND, Word::UNBOUND)
    }

    /// Builtin function or descriptor object; shares the receiver and owner.
    pub(crate) fn new_builtin_of(
        &mut self,
        class: ClassId,
        def: *const NativeDef,
        receiver: Word,
        owner: Word,
    ) -> Owned {
        let p = self.alloc_object(class, size_of::<BuiltinObj>()).cast::<BuiltinObj>();
        // SAFETY: freshly allocated for this layout.
        unsafe {
            (*p).def = def;
            (*p).sig = core::ptr::null();
            (*p).receiver = Owned::share(receiver).into_word();
            (*p).owner = Owned::share(owner).into_word();
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// A slice object.
    pub fn new_slice(&mut self, start: Word, stop: Word, step: Word) -> Owned {
        let words = [start, stop, step].map(|w| Owned::share(w).into_word());
        self.new_plain(ClassId::SLICE, words)
    }

    /// A cell; takes over the value.
    pub(crate) fn new_cell(&mut self, value: Word) -> Owned {
        self.new_plain(ClassId::CELL, [value])
    }
}
