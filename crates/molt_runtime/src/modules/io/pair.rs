//! `BufferedRWPair` and `IncrementalNewlineDecoder`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use molt_abi::Word;

use super::base::BUFFERED_IO_BASE;
use crate::Owned;
use crate::api::native;
use crate::native::{BaseRef, ClassSpec, GetSetDef, NativeData, NativeDef, def, getter};

const SELF: &str = "($self, /)";

/// A reader and a writer that look like one stream.
struct Pair {
    reader: Owned,
    writer: Owned,
}

impl NativeData for Pair {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.reader.word());
        visit(self.writer.word());
    }
    fn clear(&mut self) {
        self.reader = Owned::NONE;
        self.writer = Owned::NONE;
    }
}

pub static BUFFERED_RW_PAIR: ClassSpec = ClassSpec::new("_io", "BufferedRWPair")
    .base(BaseRef::Spec(&BUFFERED_IO_BASE))
    .methods(PAIR_METHODS)
    .getset(PAIR_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);

static PAIR_GETSET: &[GetSetDef] = &[getter("closed", |rt, this| {
    let writer = native::<Pair>(this).writer.clone();
    rt.getattr(writer.word(), "closed")
})];

macro_rules! forwarded {
    ($($name:literal $signature:literal $side:ident),* $(,)?) => { &[
        def("__new__", "($type, /, *args, **kwargs)", |rt, a| {
            let class = rt.class_id(a[0]);
            Ok(rt.new_native(class, Box::new(Pair { reader: Owned::NONE, writer: Owned::NONE })))
        }),
        def("__init__", "($self, reader, writer, buffer_size=8192, /)", |rt, a| {
            let size = if a[3].is_unbound() { Word::small(super::BUFFER_SIZE as i64) } else { a[3] };
            let reader = rt.class_for(&super::buffered::BUFFERED_READER);
            let reader = rt.call(rt.class_word(reader), &[a[1], size])?;
            let writer = rt.class_for(&super::buffered::BUFFERED_WRITER);
            let writer = rt.call(rt.class_word(writer), &[a[2], size])?;
            *native::<Pair>(a[0]) = Pair { reader, writer };
            Ok(Owned::NONE)
        }),
        def("close", SELF, |rt, a| {
            let (reader, writer) = (native::<Pair>(a[0]).reader.clone(), native::<Pair>(a[0]).writer.clone());
            rt.call_method(writer.word(), "close", &[])?;
            rt.call_method(reader.word(), "close", &[])
        }),
        def("isatty", SELF, |rt, a| {
            let (reader, writer) = (native::<Pair>(a[0]).reader.clone(), native::<Pair>(a[0]).writer.clone());
            let r = rt.call_method(writer.word(), "isatty", &[])?;
            if rt.truth(r.word())? { Ok(r) } else { rt.call_method(reader.word(), "isatty", &[]) }
        }),
        $(def($name, $signature, |rt, a| {
            let target = native::<Pair>(a[0]).$side.clone();
            let given = a[1..].iter().position(|w| w.is_unbound()).unwrap_or(a.len() - 1);
            rt.call_method(target.word(), $name, &a[1..=given])
        }),)*
    ] };
}

static PAIR_METHODS: &[NativeDef] = forwarded! {
    "read" "($self, size=-1, /)" reader,
    "read1" "($self, size=-1, /)" reader,
    "readinto" "($self, buffer, /)" reader,
    "readinto1" "($self, buffer, /)" reader,
    "peek" "($self, size=0, /)" reader,
    "readable" "($self, /)" reader,
    "write" "($self, buffer, /)" writer,
    "flush" "($self, /)" writer,
    "writable" "($self, /)" writer,
};

/// State of a newline decoder.
struct NewlineDecoder {
    decoder: Owned,
    translate: bool,
    /// A `\r` waits for what follows.
    pending_return: bool,
    /// Kinds seen: 1 `\r`, 2 `\n`, 4 `\r\n`.
    seen: u8,
}

impl NativeData for NewlineDecoder {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.decoder.word());
    }
    fn clear(&mut self) {
        self.decoder = Owned::NONE;
    }
}

pub static NEWLINE_DECODER: ClassSpec = ClassSpec::new("_io", "IncrementalNewlineDecoder")
    .methods(DECODER_METHODS)
    .getset(DECODER_GETSET)
    .flags(ClassSpec::BASETYPE);

static DECODER_GETSET: &[GetSetDef] = &[getter("newlines", |rt, this| {
    let seen = native::<NewlineDecoder>(this).seen;
    let kinds: Vec<Owned> = [(1, "\r"), (2, "\n"), (4, "\r\n")]
        .iter()
        .filter(|(bit, _)| seen & bit != 0)
        .map(|(_, text)| rt.new_str(text))
        .collect();
    match kinds.len() {
        0 => Ok(Owned::NONE),
        1 => Ok(kinds[0].clone()),
        _ => Ok(rt.new_tuple(kinds)),
    }
})];

static DECODER_METHODS: &[NativeDef] = &[
    def("__new__", "($type, decoder, translate, errors='strict')", |rt, a| {
        let translate = rt.truth(a[2])?;
        let class = rt.class_id(a[0]);
        let state = NewlineDecoder { decoder: Owned::share(a[1]), translate, pending_return: false, seen: 0 };
        Ok(rt.new_native(class, Box::new(state)))
    }),
    def("decode", "($self, input, final=False)", |rt, a| {
        let at_end = !a[2].is_unbound() && rt.truth(a[2])?;
        let decoder = native::<NewlineDecoder>(a[0]).decoder.clone();
        let text = if decoder.word().is_none() {
            Owned::share(a[1])
        } else {
            rt.call_method(decoder.word(), "decode", &[a[1], Word::from_bool(at_end)])?
        };
        let input = rt.expect_str(text.word(), "decoder result")?;
        let out = native::<NewlineDecoder>(a[0]).translate(input, at_end);
        Ok(rt.new_str_wtf8(&out))
    }),
    def("reset", SELF, |rt, a| {
        let mut s = native::<NewlineDecoder>(a[0]);
        (s.seen, s.pending_return) = (0, false);
        let decoder = s.decoder.clone();
        if decoder.word().is_none() { Ok(Owned::NONE) } else { rt.call_method(decoder.word(), "reset", &[]) }
    }),
];

impl NewlineDecoder {
    fn translate(&mut self, input: &[u8], at_end: bool) -> Vec<u8> {
        let mut text = Vec::with_capacity(input.len() + 1);
        if core::mem::take(&mut self.pending_return) {
            text.push(b'\r');
        }
        text.extend_from_slice(input);
        if text.last() == Some(&b'\r') && !at_end {
            text.pop();
            self.pending_return = true;
        }
        let mut out = Vec::with_capacity(text.len());
        let mut i = 0;
        while i < text.len() {
            let kind = match (text[i], text.get(i + 1)) {
                (b'\r', Some(b'\n')) => 4,
                (b'\r', _) => 1,
                (b'\n', _) => 2,
                (b, _) => {
                    out.push(b);
                    i += 1;
                    continue;
                }
            };
            self.seen |= kind;
            let len = if kind == 4 { 2 } else { 1 };
            if self.translate {
                out.push(b'\n')
            } else {
                out.extend_from_slice(&text[i..i + len])
            }
            i += len;
        }
        out
    }
}
