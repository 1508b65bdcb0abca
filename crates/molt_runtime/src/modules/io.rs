//! The module `_io`: files, buffers, text wrappers and in-memory streams.
//!
//! A text file is a chain `TextIOWrapper → BufferedReader/Writer/Random → FileIO`. Each link keeps its
//! own buffer and calls the next one directly when it is ours, by method call otherwise. Dropping a chain
//! writes what is buffered and closes the descriptor.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

pub mod base;
pub mod buffered;
pub mod file;
pub mod memory;
pub mod pair;
pub mod text;

use molt_abi::{ClassId, Word};

use crate::api::{str_bytes, str_text, try_native};
use crate::native::{NativeDef, def};
use crate::{Isolate, Owned, PyResult, Raised, exc, native_module};

native_module!(molt_module_io, "_io", init);

/// Bytes that a buffer holds before it is written out, and that are read ahead.
pub const BUFFER_SIZE: usize = 8192;

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    rt.module_functions(module, FUNCTIONS);
    for spec in [
        &base::IO_BASE,
        &base::RAW_IO_BASE,
        &base::BUFFERED_IO_BASE,
        &base::TEXT_IO_BASE,
        &file::FILE_IO,
        &buffered::BUFFERED_READER,
        &buffered::BUFFERED_WRITER,
        &buffered::BUFFERED_RANDOM,
        &pair::BUFFERED_RW_PAIR,
        &pair::NEWLINE_DECODER,
        &text::TEXT_IO_WRAPPER,
        &memory::BYTES_IO,
        &memory::STRING_IO,
    ] {
        rt.module_class(module, spec);
    }
    rt.module_set(module, "DEFAULT_BUFFER_SIZE", Owned::small(BUFFER_SIZE as i64));
    let unsupported = unsupported_class(rt)?;
    rt.module_set(module, "UnsupportedOperation", unsupported);
    let blocking = Owned::share(rt.class_word(exc::BLOCKING_IO_ERROR));
    rt.module_set(module, "BlockingIOError", blocking);
    Ok(())
}

/// The class `UnsupportedOperation`, made on first use since it has two bases.
#[derive(Default)]
struct Unsupported(Option<Owned>);

fn unsupported_class(rt: &mut Isolate) -> PyResult {
    if let Some(class) = &rt.state::<Unsupported>().0 {
        return Ok(class.clone());
    }
    let bases = [rt.class_word(exc::OS_ERROR), rt.class_word(exc::VALUE_ERROR)].map(Owned::share);
    let (name, bases, namespace) = (rt.new_str("UnsupportedOperation"), rt.new_tuple(bases.into()), rt.new_dict());
    let module = rt.new_str("io");
    rt.dict_set_str(namespace.word(), "__module__", module.word());
    let class = rt.call(rt.class_word(ClassId::TYPE), &[name.word(), bases.word(), namespace.word()])?;
    rt.state::<Unsupported>().0 = Some(class.clone());
    Ok(class)
}

/// Raises `io.UnsupportedOperation(message)`.
pub fn unsupported(rt: &mut Isolate, message: &str) -> Raised {
    let class = match unsupported_class(rt) {
        Ok(class) => class,
        Err(raised) => return raised,
    };
    let text = rt.new_str(message);
    match rt.call(class.word(), &[text.word()]) {
        Ok(exception) => rt.raise_value(exception),
        Err(raised) => raised,
    }
}

pub fn closed_file(rt: &mut Isolate) -> Raised {
    rt.value_error("I/O operation on closed file.")
}

static FUNCTIONS: &[NativeDef] = &[
    def(
        "open",
        "($module, /, file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)",
        open,
    ),
    def("open_code", "($module, /, path)", |rt, a| {
        let mode = rt.new_str("rb");
        let u = Word::UNBOUND;
        open(rt, &[a[0], mode.word(), u, u, u, u, u, u])
    }),
    def("text_encoding", "($module, encoding, stacklevel=2, /)", |rt, a| {
        if a[0].is_none() { Ok(rt.new_str("locale")) } else { Ok(Owned::share(a[0])) }
    }),
];

/// A parsed mode string.
struct Mode {
    reading: bool,
    writing: bool,
    appending: bool,
    creating: bool,
    updating: bool,
    text: bool,
    binary: bool,
}

fn parse_mode(rt: &mut Isolate, mode: &str) -> PyResult<Mode> {
    let has = |c| mode.contains(c);
    let repeated = mode.char_indices().any(|(i, c)| mode[..i].contains(c));
    if repeated || mode.chars().any(|c| !"axrwb+t".contains(c)) {
        return Err(rt.value_error(format!("invalid mode: '{mode}'")));
    }
    let m = Mode {
        reading: has('r'),
        writing: has('w'),
        appending: has('a'),
        creating: has('x'),
        updating: has('+'),
        text: has('t'),
        binary: has('b'),
    };
    if m.text && m.binary {
        return Err(rt.value_error("can't have text and binary mode at once"));
    }
    let kinds = [m.reading, m.writing, m.appending, m.creating].into_iter().filter(|&b| b).count();
    if kinds != 1 {
        return Err(rt.value_error("must have exactly one of create/read/write/append mode"));
    }
    Ok(m)
}

/// `open(file, mode, buffering, encoding, errors, newline, closefd, opener)`.
pub fn open(rt: &mut Isolate, a: &[Word]) -> PyResult {
    let given = |w: Word| !w.is_unbound() && !w.is_none();
    if !a[1].is_unbound() && !rt.is_str(a[1]) {
        let name = rt.argument_kind(a[1]);
        return Err(rt.type_error(format!("open() argument 'mode' must be str, not {name}")));
    }
    let mode_text = if a[1].is_unbound() { "r".to_owned() } else { str_text(a[1]).into_owned() };
    let mode = parse_mode(rt, &mode_text)?;
    for (w, what) in [(a[3], "encoding"), (a[4], "errors"), (a[5], "newline")] {
        if given(w) && mode.binary {
            return Err(rt.value_error(if what == "encoding" {
                "binary mode doesn't take an encoding argument".to_owned()
            } else {
                format!("binary mode doesn't take {} {what} argument", if what == "errors" { "an" } else { "a" })
            }));
        }
        if given(w) && !rt.is_str(w) {
            let name = rt.argument_kind(w);
            return Err(rt.type_error(format!("open() argument '{what}' must be str or None, not {name}")));
        }
    }
    let mut buffering = if a[2].is_unbound() { -1 } else { rt.to_i64(a[2], "int")? };
    let raw_mode: String = mode_text.chars().filter(|c| !"bt".contains(*c)).collect();
    let raw_mode = rt.new_str(&raw_mode);
    let closefd = a[6].is_unbound() || rt.truth(a[6])?;
    let opener = if a[7].is_unbound() { Word::NONE } else { a[7] };
    let class = rt.class_for(&file::FILE_IO);
    let raw = rt.call(rt.class_word(class), &[a[0], raw_mode.word(), Word::from_bool(closefd), opener])?;
    let is_terminal = file::state(raw.word()).is_terminal();
    if buffering < -1 {
        return Err(rt.value_error("invalid buffering size"));
    }
    let line_buffering = buffering == 1 || (buffering < 0 && is_terminal);
    if buffering == 0 {
        if mode.binary {
            return Ok(raw);
        }
        return Err(rt.value_error("can't have unbuffered text I/O"));
    }
    if buffering <= 1 {
        buffering = BUFFER_SIZE as i64;
    }
    let spec = if mode.updating {
        &buffered::BUFFERED_RANDOM
    } else if mode.reading {
        &buffered::BUFFERED_READER
    } else {
        &buffered::BUFFERED_WRITER
    };
    let class = rt.class_for(spec);
    let size = rt.new_int(buffering);
    let buffer = rt.call(rt.class_word(class), &[raw.word(), size.word()])?;
    if mode.binary {
        return Ok(buffer);
    }
    let options = text::Options {
        encoding: if given(a[3]) { str_text(a[3]).into_owned() } else { "UTF-8".to_owned() },
        errors: if given(a[4]) { str_text(a[4]).into_owned() } else { "strict".to_owned() },
        newline: if given(a[5]) { Some(str_bytes(a[5]).to_vec()) } else { None },
        line_buffering,
        write_through: false,
        mode: mode_text,
    };
    text::wrap(rt, buffer.word(), options)
}

/// Text stream over a standard descriptor: 0, 1 or 2. Standard output is line-buffered only on a
/// terminal and unbuffered under `PYTHONUNBUFFERED`, standard error is never buffered.
pub fn standard_stream(rt: &mut Isolate, fd: i32) -> PyResult {
    let (name, mode, errors) = match fd {
        0 => ("<stdin>", "r", "strict"),
        1 => ("<stdout>", "w", "strict"),
        _ => ("<stderr>", "w", "backslashreplace"),
    };
    let name = rt.new_str(name);
    let raw = file::for_descriptor(rt, fd, fd == 0, name);
    let is_terminal = file::state(raw.word()).is_terminal();
    let unbuffered = fd == 2 || crate::host::env_var(c"PYTHONUNBUFFERED").is_some_and(|v| !v.is_empty());
    let class = rt.class_for(if fd == 0 { &buffered::BUFFERED_READER } else { &buffered::BUFFERED_WRITER });
    let buffer = rt.call(rt.class_word(class), &[raw.word()])?;
    let options = text::Options {
        encoding: "utf-8".to_owned(),
        errors: errors.to_owned(),
        newline: if fd == 0 { None } else { Some(b"\n".to_vec()) },
        // With modules of GrokLang, which have the buffer, lines go there at once.
        line_buffering: is_terminal || fd == 2 || (fd == 1 && rt.across.is_some()),
        write_through: unbuffered,
        mode: mode.to_owned(),
    };
    text::wrap(rt, buffer.word(), options)
}

/// Writes text to an unmodified text file without method lookups; `false` when `file` is something else.
pub fn write_text(rt: &mut Isolate, file: Word, text: Word) -> PyResult<bool> {
    if !file.is_object() || rt.class_of(file) != rt.class_for(&text::TEXT_IO_WRAPPER) {
        return Ok(false);
    }
    if try_native::<text::TextIo>(rt, file).is_none() {
        return Ok(false);
    }
    text::write(rt, file, text)?;
    Ok(true)
}
