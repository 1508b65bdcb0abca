//! `code` objects, which show a static description, and the `frame` objects of tracebacks.

use alloc::format;
use alloc::vec::Vec;
use molt_abi::layout::{CodeDesc, Position};
use molt_abi::{ClassId, Word};

use crate::api::{field, str_text};
use crate::layouts::CodeObj;
use crate::native::{ClassSpec, GetSetDef, Layout, NativeDef, def, getter};
use crate::{Isolate, Owned, PyResult};

const SELF: &str = "($self, /)";

fn desc<'a>(w: Word) -> &'a CodeDesc {
    // SAFETY: callers hold a code object; descriptions are static.
    unsafe { &*(*w.as_ptr().cast::<CodeObj>()).code }
}

impl Isolate {
    /// The code object of a description.
    pub(crate) fn new_code(&mut self, code: *const CodeDesc) -> Owned {
        let p = self.alloc_object(ClassId::CODE, size_of::<CodeObj>()).cast::<CodeObj>();
        // SAFETY: freshly allocated for this layout.
        unsafe {
            (*p).code = code;
            Owned::from_word(Word::from_ptr(p))
        }
    }

    /// A frame as a traceback shows it: code and line.
    pub(crate) fn new_frame(&mut self, code: *const CodeDesc, line: u32) -> Owned {
        let code = self.new_code(code);
        self.new_plain(ClassId::FRAME, [code.into_word(), Word::small(i64::from(line))])
    }
}

/// Words of a table that the compiler emitted.
fn names(rt: &mut Isolate, start: *const Word, count: u32) -> Owned {
    if count == 0 {
        return rt.new_tuple(Vec::new());
    }
    // SAFETY: the compiler emits `count` words.
    let words = unsafe { core::slice::from_raw_parts(start, count as usize) };
    rt.new_tuple_of(words)
}

macro_rules! numbers {
    ($($name:literal $f:expr),* $(,)?) => { &[
        $(getter($name, |_, this| {
            let of: fn(&CodeDesc) -> u32 = $f;
            Ok(Owned::small(i64::from(of(desc(this)))))
        }),)*
        getter("co_name", |_, this| Ok(Owned::share(desc(this).name))),
        getter("co_qualname", |_, this| Ok(Owned::share(desc(this).qualname))),
        getter("co_filename", |_, this| Ok(Owned::share(desc(this).filename))),
        getter("co_varnames", |rt, this| {
            let d = desc(this);
            Ok(names(rt, d.var_names, d.var_count))
        }),
        getter("co_freevars", |rt, this| {
            let d = desc(this);
            Ok(names(rt, d.free_names, d.free_count))
        }),
        getter("co_cellvars", |rt, _| Ok(rt.new_tuple(Vec::new()))),
    ] };
}

static GETSET: &[GetSetDef] = numbers! {
    "co_argcount" |d| d.arg_count,
    "co_posonlyargcount" |d| d.posonly_count,
    "co_kwonlyargcount" |d| d.kwonly_count,
    "co_nlocals" |d| d.var_count,
    "co_firstlineno" |d| d.first_line,
    "co_flags" |d| d.flags | OPTIMIZED_NEWLOCALS,
};

/// `CO_OPTIMIZED | CO_NEWLOCALS`, which every function has.
const OPTIMIZED_NEWLOCALS: u32 = 3;

static METHODS: &[NativeDef] = &[
    def("__repr__", SELF, |rt, a| {
        let d = desc(a[0]);
        let (name, file, line) = (str_text(d.name), str_text(d.filename), d.first_line);
        let text = format!("<code object {name} at {:#x}, file \"{file}\", line {line}>", a[0].0);
        Ok(rt.new_str(&text))
    }),
    def("__eq__", "($self, value, /)", |rt, a| {
        if rt.class_of(a[1]) != ClassId::CODE {
            return Ok(Owned::immediate(Word::NOT_IMPLEMENTED));
        }
        Ok(Owned::from_bool(core::ptr::eq(desc(a[0]), desc(a[1]))))
    }),
    def("__hash__", SELF, |rt, a| Ok(rt.new_int((core::ptr::from_ref(desc(a[0])) as usize >> 4) as i64))),
    def("co_positions", SELF, |rt, a| {
        let d = desc(a[0]);
        let rows = (0..d.position_count as usize).map(|i| {
            // SAFETY: the compiler emits `position_count` rows.
            let p: Position = unsafe { *d.positions.add(i) };
            let numbers = [p.line, p.end_line, p.col, p.end_col];
            rt.new_tuple(numbers.iter().map(|&n| Owned::small(i64::from(n))).collect())
        });
        let rows: Vec<Owned> = rows.collect();
        let rows = rt.new_list(rows);
        rt.iter(rows.word())
    }),
];

pub(crate) static SPEC: ClassSpec = ClassSpec::builtin(ClassId::CODE, Layout::Code)
    .methods(METHODS)
    .getset(GETSET)
    .flags(ClassSpec::NO_NEW | ClassSpec::WEAKREFABLE);

static FRAME_GETSET: &[GetSetDef] = &[
    getter("f_code", |_, this| Ok(Owned::share(field(this, 0)))),
    getter("f_lineno", |_, this| Ok(Owned::share(field(this, 1)))),
    getter("f_back", |_, _| Ok(Owned::NONE)),
    getter("f_globals", |rt, this| {
        let index = desc(field(this, 0)).module as usize;
        let module = rt.modules.program[index].clone();
        rt.getattr(module.word(), "__dict__")
    }),
];

pub(crate) static FRAME_SPEC: ClassSpec = ClassSpec::builtin(ClassId::FRAME, Layout::Plain)
    .hidden_words(2)
    .methods(&[def("__repr__", SELF, |rt, a| {
        let d = desc(field(a[0], 0));
        let (file, line, name) = (str_text(d.filename), field(a[0], 1).as_small(), str_text(d.name));
        let text = format!("<frame at {:#x}, file '{file}', line {line}, code {name}>", a[0].0);
        Ok(rt.new_str(&text))
    })])
    .getset(FRAME_GETSET)
    .flags(ClassSpec::NO_NEW);

/// `function.__code__`.
pub(crate) fn of_function(rt: &mut Isolate, this: Word) -> PyResult {
    Ok(rt.new_code(crate::function::code_of(this)))
}
