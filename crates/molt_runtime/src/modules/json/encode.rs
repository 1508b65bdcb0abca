//! `make_encoder`: values as JSON text, written into one buffer.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::{ClassId, Word};

use crate::api::{list_items, native, str_bytes, str_text, tuple_items};
use crate::layouts::BuiltinObj;
use crate::native::{ClassSpec, NativeData, NativeDef, def};
use crate::num::{float, float_text, int_text};
use crate::text::wtf8;
use crate::{Isolate, Owned, Place, PyResult};

/// How strings are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Ascii,
    Unicode,
    /// By calling the function that was given.
    Custom,
}

/// Options of an encoder.
struct Encoder {
    check_circular: bool,
    default: Owned,
    quote: Owned,
    quoting: Quoting,
    indent: Option<Vec<u8>>,
    key_separator: Vec<u8>,
    item_separator: Vec<u8>,
    sort_keys: bool,
    skip_keys: bool,
    allow_nan: bool,
}

impl NativeData for Encoder {
    fn traverse(&self, visit: &mut dyn FnMut(Word)) {
        visit(self.default.word());
        visit(self.quote.word());
    }
    fn clear(&mut self) {
        self.default = Owned::NONE;
        self.quote = Owned::NONE;
    }
}

pub static ENCODER: ClassSpec = ClassSpec::new("_json", "Encoder").methods(METHODS).call(|rt, this, args, _| {
    if args.is_empty() {
        return Err(rt.type_error("Encoder() missing required argument 'obj' (pos 1)"));
    }
    let level = args.get(1).and_then(|w| w.to_small()).unwrap_or(0);
    encode(rt, this, args[0], level as usize)
});

static METHODS: &[NativeDef] = &[
    def(
        "__new__",
        "($type, markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)",
        |rt, a| {
            let [class, markers, default, quote, indent, key_separator, item_separator, sort, skip, nan] = *a else {
                unreachable!("bound by the signature")
            };
            for (w, what) in [(key_separator, "key_separator"), (item_separator, "item_separator")] {
                rt.expect_str(w, what)?;
            }
            let indent = if indent.is_none() { None } else { Some(rt.expect_str(indent, "indent")?.to_vec()) };
            let encoder = Encoder {
                check_circular: !markers.is_none(),
                default: Owned::share(default),
                quote: Owned::share(quote),
                quoting: quoting(rt, quote),
                indent,
                key_separator: str_bytes(key_separator).to_vec(),
                item_separator: str_bytes(item_separator).to_vec(),
                sort_keys: rt.truth(sort)?,
                skip_keys: rt.truth(skip)?,
                allow_nan: rt.truth(nan)?,
            };
            let class = rt.class_id(class);
            Ok(rt.new_native(class, Box::new(encoder)))
        },
    ),
    def("__call__", "($self, /, obj, _current_indent_level)", |rt, a| {
        let level = rt.to_i64(a[2], "int")?;
        encode(rt, a[0], a[1], level as usize)
    }),
];

/// Our own quoting functions are recognised, so that they need not be called.
fn quoting(rt: &Isolate, f: Word) -> Quoting {
    if rt.class_of(f) == ClassId::BUILTIN_FUNCTION {
        // SAFETY: the class has this layout; rows are static.
        let row = unsafe { (*f.as_ptr().cast::<BuiltinObj>()).def };
        for (def, quoting) in super::FUNCTIONS.iter().zip([Quoting::Unicode, Quoting::Ascii]) {
            if core::ptr::eq(def, row) {
                return quoting;
            }
        }
    }
    Quoting::Custom
}

/// One call of an encoder.
struct Writer {
    options: Place<Encoder>,
    out: Vec<u8>,
    /// Containers being written, against cycles.
    open: Vec<Word>,
}

fn encode(rt: &mut Isolate, this: Word, value: Word, level: usize) -> PyResult {
    // The encoder is held by its caller for the time of the call.
    let keep = Owned::share(this);
    let options = native::<Encoder>(keep.word());
    let mut writer = Writer { options, out: Vec::new(), open: Vec::new() };
    writer.value(rt, value, level)?;
    let text = rt.new_str_wtf8(&writer.out);
    Ok(rt.new_tuple(vec![text]))
}

/// Appends a few bytes: separators are short.
#[inline(always)]
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    for &b in bytes {
        out.push(b);
    }
}

/// Bytes that a string cannot hold as they are: bit 0 where the text is to be ASCII, bit 1 anywhere.
const ESCAPED: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        let always = b < 0x20 || b == b'"' as usize || b == b'\\' as usize;
        table[b] = if always {
            3
        } else if b >= 0x7f {
            1
        } else {
            0
        };
        b += 1;
    }
    table
};

/// Writes a string in quotes with everything escaped that JSON (or ASCII) does not have.
pub fn write_string(out: &mut Vec<u8>, text: &[u8], ascii: bool) {
    let escaped = if ascii { 1 } else { 2 };
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut plain = 0;
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        if ESCAPED[usize::from(b)] & escaped == 0 {
            i += 1;
            continue;
        }
        out.extend_from_slice(&text[plain..i]);
        if b < 0x80 {
            write_escape(out, b);
            i += 1;
        } else {
            let (c, len) = wtf8::decode_first(&text[i..]).unwrap_or((0xfffd, 1));
            if c >= 0x1_0000 {
                let v = c - 0x1_0000;
                write_unit(out, 0xd800 | (v >> 10));
                write_unit(out, 0xdc00 | (v & 0x3ff));
            } else {
                write_unit(out, c);
            }
            i += len;
        }
        plain = i;
    }
    out.extend_from_slice(&text[plain..]);
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, b: u8) {
    let short = match b {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x0c => b'f',
        0x08 => b'b',
        _ => return write_unit(out, u32::from(b)),
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn write_unit(out: &mut Vec<u8>, unit: u32) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[(unit >> shift & 15) as usize]);
    }
}

impl Writer {
    fn value(&mut self, rt: &mut Isolate, w: Word, level: usize) -> PyResult<()> {
        match rt.class_of(w) {
            ClassId::STR => return self.string(rt, w),
            ClassId::FLOAT => return self.float(rt, w),
            ClassId::LIST | ClassId::TUPLE => return self.nested(rt, w, level, Self::sequence),
            ClassId::DICT => return self.nested(rt, w, level, Self::mapping),
            _ => {}
        }
        match w {
            Word::NONE => self.out.extend_from_slice(b"null"),
            Word::TRUE => self.out.extend_from_slice(b"true"),
            Word::FALSE => self.out.extend_from_slice(b"false"),
            _ if w.is_small() => {
                let mut buffer = int_text::SmallBuffer::default();
                self.out.extend_from_slice(int_text::write_i64(&mut buffer, w.as_small()));
            }
            _ if rt.is_str(w) => return self.string(rt, w),
            _ if rt.is_int(w) => self.out.extend_from_slice(str_bytes(int_text::repr(rt, w)?.word())),
            _ if float::of(rt, w).is_some() => return self.float(rt, w),
            _ if rt.is_list(w) || rt.is_tuple(w) => return self.nested(rt, w, level, Self::sequence),
            _ if rt.is_dict(w) => return self.nested(rt, w, level, Self::mapping),
            _ => return self.nested(rt, w, level, Self::other),
        }
        Ok(())
    }

    fn string(&mut self, rt: &mut Isolate, w: Word) -> PyResult<()> {
        match self.options.quoting {
            Quoting::Custom => {
                let quote = self.options.quote.clone();
                let made = rt.call(quote.word(), &[w])?;
                let text = rt.expect_str(made.word(), "encoder result")?;
                self.out.extend_from_slice(text);
            }
            quoting => write_string(&mut self.out, str_bytes(w), quoting == Quoting::Ascii),
        }
        Ok(())
    }

    fn float(&mut self, rt: &mut Isolate, w: Word) -> PyResult<()> {
        let v = float::of(rt, w).expect("checked by the caller");
        if v.is_finite() {
            float_text::write_repr(&mut self.out, v);
            return Ok(());
        }
        if !self.options.allow_nan {
            let shown = float_text::repr(v);
            return Err(rt.value_error(format!("Out of range float values are not JSON compliant: {shown}")));
        }
        let text = if v.is_nan() {
            "NaN"
        } else if v > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn nested(
        &mut self,
        rt: &mut Isolate,
        w: Word,
        level: usize,
        write: fn(&mut Self, &mut Isolate, Word, usize) -> PyResult<()>,
    ) -> PyResult<()> {
        if self.options.check_circular {
            if self.open.contains(&w) {
                return Err(rt.value_error("Circular reference detected"));
            }
            self.open.push(w);
        }
        rt.enter_call(" while encoding a JSON object")?;
        let r = write(self, rt, w, level);
        rt.leave_call();
        if self.options.check_circular {
            self.open.pop();
        }
        r
    }

    /// Starts a line, where there are lines.
    #[inline(always)]
    fn line(&mut self, level: usize) {
        if let Some(indent) = &self.options.indent {
            self.out.push(b'\n');
            for _ in 0..level {
                self.out.extend_from_slice(indent);
            }
        }
    }

    fn sequence(&mut self, rt: &mut Isolate, w: Word, level: usize) -> PyResult<()> {
        let keep;
        let mut w = w;
        if !matches!(rt.class_of(w), ClassId::LIST | ClassId::TUPLE) {
            // A subclass may iterate over something else than its items.
            let items = rt.collect(w)?;
            keep = rt.new_list(items);
            w = keep.word();
        }
        let items: fn(Word) -> &'static [Word] = if rt.is_list(w) { list_items } else { tuple_items };
        if items(w).is_empty() {
            self.out.extend_from_slice(b"[]");
            return Ok(());
        }
        self.out.push(b'[');
        let mut i = 0;
        while let Some(item) = items(w).get(i).map(|&item| Owned::share(item)) {
            if i > 0 {
                put(&mut self.out, &self.options.item_separator);
            }
            self.line(level + 1);
            self.value(rt, item.word(), level + 1)?;
            i += 1;
        }
        self.line(level);
        self.out.push(b']');
        Ok(())
    }

    fn mapping(&mut self, rt: &mut Isolate, w: Word, level: usize) -> PyResult<()> {
        if rt.dict_len(w) == 0 {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        }
        let items = if rt.class_of(w) == ClassId::DICT && !self.options.sort_keys {
            rt.dict_items(w)
        } else {
            pairs(rt, w, self.options.sort_keys)?
        };
        self.out.push(b'{');
        let mut first = true;
        for (k, v) in items {
            let start = self.out.len();
            if !first {
                put(&mut self.out, &self.options.item_separator);
            }
            self.line(level + 1);
            if !self.key(rt, k.word())? {
                self.out.truncate(start);
                continue;
            }
            first = false;
            put(&mut self.out, &self.options.key_separator);
            self.value(rt, v.word(), level + 1)?;
        }
        if !first {
            self.line(level);
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Writes a key; `false` when it is to be skipped.
    fn key(&mut self, rt: &mut Isolate, k: Word) -> PyResult<bool> {
        if rt.is_str(k) {
            self.string(rt, k)?;
            return Ok(true);
        }
        let basic = k.is_none() || k.is_bool() || rt.is_int(k) || float::of(rt, k).is_some();
        if !basic {
            if self.options.skip_keys {
                return Ok(false);
            }
            let name = str_text(rt.class(rt.class_of(k)).name).into_owned();
            return Err(rt.type_error(format!("keys must be str, int, float, bool or None, not {name}")));
        }
        self.out.push(b'"');
        self.value(rt, k, 0)?;
        self.out.push(b'"');
        Ok(true)
    }

    fn other(&mut self, rt: &mut Isolate, w: Word, level: usize) -> PyResult<()> {
        let default = self.options.default.clone();
        let replaced = rt.call(default.word(), &[w])?;
        self.value(rt, replaced.word(), level)
    }
}

/// Items of a mapping through its `items` method, by key when `sorted`.
fn pairs(rt: &mut Isolate, w: Word, sorted: bool) -> PyResult<Vec<(Owned, Owned)>> {
    let items = rt.call_method(w, "items", &[])?;
    let mut items = rt.collect(items.word())?;
    if sorted {
        items = rt.sort_values(items, Word::NONE, false)?;
    }
    let mut out = Vec::with_capacity(items.len());
    for pair in items {
        let parts = rt.collect(pair.word())?;
        let Ok([k, v]) = <[Owned; 2]>::try_from(parts) else {
            return Err(rt.value_error("items must return 2-tuples"));
        };
        out.push((k, v));
    }
    Ok(out)
}
