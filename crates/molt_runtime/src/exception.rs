//! Exceptions: creation, raising, context and cause, matching, and the classes' own methods.
//!
//! ```text
//! header | args | traceback | cause | context | suppress | fields of the class … | slots
//! ```
//! Absent traceback, cause and context are `None`; `suppress` is a bool.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use molt_abi::layout::CodeDesc;
use molt_abi::{ClassId, Word};

use crate::api::{field, set_field, str_text, tuple_items};
use crate::class::ClassObj;
use crate::layouts::TracebackObj;
use crate::names::Name;
use crate::native::{ClassSpec, GetSetDef, NativeDef, def, getset};

use crate::{Isolate, Owned, PyResult, Raised, exc};

pub(crate) const ARGS: usize = 0;
pub(crate) const TRACEBACK: usize = 1;
pub(crate) const CAUSE: usize = 2;
pub(crate) const CONTEXT: usize = 3;
pub(crate) const SUPPRESS: usize = 4;
/// Number of words that every exception has.
pub(crate) const BASE_WORDS: usize = 5;

/// Field `i` that the exception's class adds to the common ones.
pub(crate) fn extra(e: Word, i: usize) -> Word {
    field(e, BASE_WORDS + i)
}

/// Replaces such a field.
pub(crate) fn set_extra(e: Word, i: usize, value: Word) {
    set_field(e, BASE_WORDS + i, value);
}

impl Isolate {
    /// Instance of an exception class with its arguments; constructors that the program wrote do not run.
    pub(crate) fn new_exception(&mut self, class: ClassId, args: &[Word]) -> Owned {
        let tuple = self.new_tuple_of(args);
        let e = self.new_plain(class, [tuple.into_word(), Word::NONE, Word::NONE, Word::NONE, Word::FALSE]);
        let words = (self.class(class).instance_size as usize - 8) / 8;
        for i in BASE_WORDS..words.min(BASE_WORDS + field_count(self, class)) {
            set_field(e.word(), i, Word::NONE);
        }
        e
    }

    /// Raises a builtin exception (ids in `crate::exc`) with one string argument.
    #[cold]
    pub fn raise(&mut self, class: ClassId, msg: impl Into<String>) -> Raised {
        let text = self.new_str(&msg.into());
        self.raise_args(class, &[text.word()])
    }

    /// Raises `class(*args)`.
    pub fn raise_args(&mut self, class: ClassId, args: &[Word]) -> Raised {
        if class == exc::UNICODE_ENCODE_ERROR || class == exc::UNICODE_DECODE_ERROR {
            let e = self.new_exception(class, args);
            for (i, &w) in args.iter().enumerate() {
                set_extra(e.word(), i, w);
            }
            return self.raise_value(e);
        }
        let e = self.new_exception(class, args);
        if class == exc::STOP_ITERATION {
            set_extra(e.word(), 0, args.first().copied().unwrap_or(Word::NONE));
        }
        self.raise_value(e)
    }

    /// Raises an exception instance (sets context).
    pub fn raise_value(&mut self, exception: Owned) -> Raised {
        if let Some(handled) = self.handled.last().map(Owned::word).filter(|w| w.is_object()) {
            self.chain(exception.word(), handled);
        }
        self.set_pending(exception);
        Raised
    }

    /// Makes `handled` the context of `raised`, breaking a cycle that this would close.
    fn chain(&mut self, raised: Word, handled: Word) {
        if raised == handled {
            return;
        }
        let mut o = handled;
        let mut steps = 0;
        while steps < 10_000 {
            let next = field(o, CONTEXT);
            if !next.is_object() {
                break;
            }
            if next == raised {
                set_field(o, CONTEXT, Word::NONE);
                break;
            }
            o = next;
            steps += 1;
        }
        set_field(raised, CONTEXT, handled);
    }

    /// Makes an exception pending as it is.
    pub(crate) fn set_pending(&mut self, exception: Owned) {
        let old = core::mem::replace(&mut self.ctx.exception, exception.into_word());
        crate::owned::dec(old);
    }

    pub fn type_error(&mut self, msg: impl Into<String>) -> Raised {
        self.raise(exc::TYPE_ERROR, msg)
    }
    pub fn value_error(&mut self, msg: impl Into<String>) -> Raised {
        self.raise(exc::VALUE_ERROR, msg)
    }
    pub fn index_error(&mut self, msg: impl Into<String>) -> Raised {
        self.raise(exc::INDEX_ERROR, msg)
    }
    pub fn key_error(&mut self, key: Word) -> Raised {
        self.raise_args(exc::KEY_ERROR, &[key])
    }
    pub fn overflow_error(&mut self, msg: impl Into<String>) -> Raised {
        self.raise(exc::OVERFLOW_ERROR, msg)
    }
    pub fn zero_division_error(&mut self, msg: impl Into<String>) -> Raised {
        self.raise(exc::ZERO_DIVISION_ERROR, msg)
    }
    pub fn runtime_error(&mut self, msg: impl Into<String>) -> Raised {
        self.raise(exc::RUNTIME_ERROR, msg)
    }

    /// OSError subclass by errno, with `strerror` text.
    pub fn os_error(&mut self, errno: i32, filename: Option<Word>) -> Raised {
        let text = crate::host::error_text(errno);
        let text = self.new_str(&text);
        let number = Word::small(i64::from(errno));
        let e = self.new_exception(os_error_class(errno), &[number, text.word()]);
        set_extra(e.word(), 0, number);
        set_extra(e.word(), 1, text.word());
        set_extra(e.word(), 2, filename.unwrap_or(Word::NONE));
        self.raise_value(e)
    }

    /// StopIteration(value).
    pub fn stop_iteration(&mut self, value: Word) -> Raised {
        if value.is_none() {
            return self.raise_args(exc::STOP_ITERATION, &[]);
        }
        self.raise_args(exc::STOP_ITERATION, &[value])
    }

    /// Takes the pending exception.
    pub fn take_exception(&mut self) -> Owned {
        let w = core::mem::replace(&mut self.ctx.exception, Word::UNBOUND);
        debug_assert!(w.is_object(), "no exception is pending");
        // SAFETY: the context owned the reference.
        unsafe { Owned::from_word(w) }
    }

    /// Whether the pending exception is an instance of `class`.
    pub fn pending_is(&self, class: ClassId) -> bool {
        self.ctx.exception.is_object() && self.is_instance(self.ctx.exception, class)
    }

    /// Drops the pending exception.
    pub fn clear_exception(&mut self) {
        let w = core::mem::replace(&mut self.ctx.exception, Word::UNBOUND);
        crate::owned::dec(w);
    }

    /// The pending exception passes through a frame. A call site whose method could not be looked up shows the
    /// attribute, not the call.
    pub(crate) fn add_traceback(&mut self, code: *const CodeDesc, position: u64) {
        let missing = core::mem::take(&mut self.attribute_missing);
        let position = if missing { position | crate::traceback::AT_ATTRIBUTE } else { position };
        let e = self.ctx.exception;
        if !e.is_object() {
            return;
        }
        let next = Owned::share(field(e, TRACEBACK));
        let p = self.alloc_object(ClassId::TRACEBACK, size_of::<TracebackObj>()).cast::<TracebackObj>();
        // SAFETY: freshly allocated for this layout.
        let tb = unsafe {
            (*p).next = next.into_word();
            (*p).code = code;
            (*p).position = position;
            Owned::from_word(Word::from_ptr(p))
        };
        set_field(e, TRACEBACK, tb.word());
    }

    /// `raise exception from cause`; `cause` may be `UNBOUND`.
    pub(crate) fn raise_from(&mut self, exception: Word, cause: Word) -> Raised {
        let e = match self.instantiate_exception(exception, "exceptions must derive from BaseException") {
            Ok(e) => e,
            Err(r) => return r,
        };
        if !cause.is_unbound() {
            let c = if cause.is_none() {
                Owned::NONE
            } else {
                match self.instantiate_exception(cause, "exception causes must derive from BaseException") {
                    Ok(c) => c,
                    Err(r) => return r,
                }
            };
            set_field(e.word(), CAUSE, c.word());
            set_field(e.word(), SUPPRESS, Word::TRUE);
        }
        self.raise_value(e)
    }

    fn instantiate_exception(&mut self, w: Word, wrong: &str) -> PyResult {
        if self.is_exception(w) {
            return Ok(Owned::share(w));
        }
        if self.is_class(w) && self.class_obj(w).has(ClassObj::EXCEPTION) {
            let e = self.call(w, &[])?;
            if !self.is_exception(e.word()) {
                let msg = format!(
                    "calling {} should have returned an instance of BaseException, not {}",
                    self.repr_text(w)?,
                    self.type_name(e.word())
                );
                return Err(self.type_error(msg));
            }
            return Ok(e);
        }
        Err(self.type_error(wrong))
    }

    /// `except class:`.
    pub(crate) fn exception_matches(&mut self, e: Word, class: Word) -> PyResult<bool> {
        const WRONG: &str = "catching classes that do not inherit from BaseException is not allowed";
        if self.is_tuple(class) {
            for &c in tuple_items(class) {
                if !self.is_class(c) || !self.class_obj(c).has(ClassObj::EXCEPTION) {
                    return Err(self.type_error(WRONG));
                }
            }
            return Ok(tuple_items(class).iter().any(|&c| self.is_instance(e, self.class_id(c))));
        }
        if !self.is_class(class) || !self.class_obj(class).has(ClassObj::EXCEPTION) {
            return Err(self.type_error(WRONG));
        }
        Ok(self.is_instance(e, self.class_id(class)))
    }

    /// Reports the pending exception as "Exception ignored in: …".
    pub fn write_unraisable(&mut self, where_: Word) {
        let e = self.take_exception();
        self.report_unraisable(e.word(), where_);
    }
}

/// Number of words that a class and its builtin bases add to the common ones: what instances of the nearest builtin
/// class have.
fn field_count(rt: &Isolate, class: ClassId) -> usize {
    let mut class = rt.class(class);
    while let Some(base) = class.base.filter(|_| class.has(ClassObj::HEAP)) {
        class = base;
    }
    (class.instance_size as usize / 8).saturating_sub(1 + BASE_WORDS)
}

fn os_error_class(errno: i32) -> ClassId {
    match errno {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => exc::BLOCKING_IO_ERROR,
        libc::EPIPE | libc::ESHUTDOWN => exc::BROKEN_PIPE_ERROR,
        libc::ECHILD => exc::CHILD_PROCESS_ERROR,
        libc::ECONNABORTED => exc::CONNECTION_ABORTED_ERROR,
        libc::ECONNREFUSED => exc::CONNECTION_REFUSED_ERROR,
        libc::ECONNRESET => exc::CONNECTION_RESET_ERROR,
        libc::EEXIST => exc::FILE_EXISTS_ERROR,
        libc::ENOENT => exc::FILE_NOT_FOUND_ERROR,
        libc::EINTR => exc::INTERRUPTED_ERROR,
        libc::EISDIR => exc::IS_A_DIRECTORY_ERROR,
        libc::ENOTDIR => exc::NOT_A_DIRECTORY_ERROR,
        libc::EACCES | libc::EPERM => exc::PERMISSION_ERROR,
        libc::ESRCH => exc::PROCESS_LOOKUP_ERROR,
        libc::ETIMEDOUT => exc::TIMEOUT_ERROR,
        _ => exc::OS_ERROR,
    }
}

// ---- classes -------------------------------------------------------------------------------------

fn base_new(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let mut class = rt.class_id(args[0]);
    if class == exc::OS_ERROR
        && let [number, _, ..] = tuple_items(args[1])
        && let Some(number) = number.to_small()
    {
        class = os_error_class(number as i32);
    }
    let e = rt.new_exception(class, tuple_items(args[1]));
    if fields_are_set_by_new(rt, class) {
        init_fields(rt, e.word(), tuple_items(args[1]), args[2])?;
    }
    Ok(e)
}

/// Whether `__new__` takes the arguments apart rather than `__init__`, to which a subclass may pass others. As in
/// CPython it does so for groups, and for an OSError whose `__init__` is the inherited one.
fn fields_are_set_by_new(rt: &mut Isolate, class: ClassId) -> bool {
    rt.is_subclass(class, exc::BASE_EXCEPTION_GROUP)
        || rt.is_subclass(class, exc::OS_ERROR)
            && rt.special(class, Name::INIT) == rt.special(exc::OS_ERROR, Name::INIT)
}

/// `__init__` stores the arguments again: a subclass may pass others than `__new__` got.
fn base_init(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let class = rt.class_of(args[0]);
    if !rt.is_subclass(class, exc::ATTRIBUTE_ERROR)
        && !rt.is_subclass(class, exc::NAME_ERROR)
        && !rt.is_subclass(class, exc::IMPORT_ERROR)
        && rt.dict_len(args[2]) > 0
    {
        let msg = format!("{}() takes no keyword arguments", rt.class_name(class));
        return Err(rt.type_error(msg));
    }
    if rt.is_subclass(class, exc::OS_ERROR) && fields_are_set_by_new(rt, class) {
        return Ok(Owned::NONE);
    }
    set_field(args[0], ARGS, args[1]);
    if !fields_are_set_by_new(rt, class) {
        init_fields(rt, args[0], tuple_items(args[1]), args[2])?;
    }
    Ok(Owned::NONE)
}

/// Sets the fields that a builtin class derives from its arguments.
fn init_fields(rt: &mut Isolate, e: Word, args: &[Word], kwargs: Word) -> PyResult<()> {
    let class = rt.class_of(e);
    if rt.is_subclass(class, exc::STOP_ITERATION) {
        set_extra(e, 0, args.first().copied().unwrap_or(Word::NONE));
    } else if rt.is_subclass(class, exc::SYSTEM_EXIT) {
        let tuple = field(e, ARGS);
        let code = match args {
            [] => Word::NONE,
            [one] => *one,
            _ => tuple,
        };
        set_extra(e, 0, code);
    } else if rt.is_subclass(class, exc::OS_ERROR) {
        if args.len() >= 2 && args.len() <= 5 {
            set_extra(e, 0, args[0]);
            set_extra(e, 1, args[1]);
            if let Some(&f) = args.get(2) {
                let written = rt.is_subclass(class, exc::BLOCKING_IO_ERROR) && rt.is_int(f);
                set_extra(e, if written { 4 } else { 2 }, f);
                set_extra(e, 3, args.get(4).copied().unwrap_or(Word::NONE));
                if !written {
                    let two = rt.new_tuple_of(&args[..2]);
                    set_field(e, ARGS, two.word());
                }
            }
        }
    } else if rt.is_subclass(class, exc::BASE_EXCEPTION_GROUP) {
        if let [message, list] = *args {
            let items = rt.collect(list)?;
            let tuple = rt.new_tuple(items);
            set_extra(e, 0, message);
            set_extra(e, 1, tuple.word());
        }
    } else if rt.is_subclass(class, exc::IMPORT_ERROR) {
        set_extra(e, 0, if args.len() == 1 { args[0] } else { Word::NONE });
        take_keywords(rt, e, kwargs, "ImportError", &["", "name", "path", "name_from"])?;
    } else if rt.is_subclass(class, exc::ATTRIBUTE_ERROR) {
        take_keywords(rt, e, kwargs, "AttributeError", &["name", "obj"])?;
    } else if rt.is_subclass(class, exc::NAME_ERROR) {
        take_keywords(rt, e, kwargs, "NameError", &["name"])?;
    } else if rt.is_subclass(class, exc::SYNTAX_ERROR) {
        if let Some(&msg) = args.first() {
            set_extra(e, 0, msg);
        }
        if let [_, details] = *args {
            take_syntax_details(rt, e, details)?;
        }
    } else if rt.is_subclass(class, exc::UNICODE_DECODE_ERROR) || rt.is_subclass(class, exc::UNICODE_ENCODE_ERROR) {
        take_unicode_arguments(rt, e, args, 0)?;
    } else if rt.is_subclass(class, exc::UNICODE_TRANSLATE_ERROR) {
        take_unicode_arguments(rt, e, args, 1)?;
    }
    Ok(())
}

/// `(filename, lineno, offset, text)`, and perhaps the end of the range and metadata.
fn take_syntax_details(rt: &mut Isolate, e: Word, details: Word) -> PyResult<()> {
    let details = rt.collect(details)?;
    let n = details.len();
    if !(4..=7).contains(&n) {
        let (bound, limit) = if n < 4 { ("least", 4) } else { ("most", 7) };
        return Err(rt.type_error(format!("function takes at {bound} {limit} arguments ({n} given)")));
    }
    if n == 5 {
        return Err(rt.type_error("end_offset must be provided when end_lineno is provided"));
    }
    for (i, part) in details.iter().take(6).enumerate() {
        set_extra(e, i + 1, part.word());
    }
    Ok(())
}

/// Codec, object, start, end and reason; an error of translation (`first` is 1) has no codec.
fn take_unicode_arguments(rt: &mut Isolate, e: Word, args: &[Word], first: usize) -> PyResult<()> {
    if args.len() != 5 - first {
        let (wanted, n) = (5 - first, args.len());
        return Err(rt.type_error(format!("function takes exactly {wanted} arguments ({n} given)")));
    }
    let decode = rt.is_subclass(rt.class_of(e), exc::UNICODE_DECODE_ERROR);
    for (i, &a) in args.iter().enumerate() {
        let field = i + first;
        let (fits, wanted) = match field {
            1 if decode => (rt.is_bytes(a) || !rt.is_str(a) && !rt.is_int(a), "a bytes-like object"),
            2 | 3 => (rt.is_int(a), "int"),
            _ => (rt.is_str(a), "str"),
        };
        if !fits {
            let name = rt.type_name(a);
            let msg = match field {
                1 if decode => format!("{wanted} is required, not '{name}'"),
                2 | 3 => format!("'{name}' object cannot be interpreted as an integer"),
                _ => format!("argument {} must be {wanted}, not {name}", i + 1),
            };
            return Err(rt.type_error(msg));
        }
        set_extra(e, field, a);
    }
    Ok(())
}

fn take_keywords(rt: &mut Isolate, e: Word, kwargs: Word, class: &str, names: &[&str]) -> PyResult<()> {
    if kwargs.is_unbound() {
        return Ok(());
    }
    for (key, value) in rt.dict_items(kwargs) {
        let text = str_text(key.word()).into_owned();
        match names.iter().position(|n| *n == text) {
            Some(i) => set_extra(e, i, value.word()),
            None => return Err(rt.type_error(format!("{class}() got an unexpected keyword argument '{text}'"))),
        }
    }
    Ok(())
}

/// Message with file and line, as far as they are known.
fn syntax_error_text(rt: &mut Isolate, e: Word) -> PyResult<Option<String>> {
    if !rt.is_subclass(rt.class_of(e), exc::SYNTAX_ERROR) {
        return Ok(None);
    }
    let message = rt.str_text(extra(e, 0))?;
    let file = rt.is_str(extra(e, 1)).then(|| {
        let path = str_text(extra(e, 1)).into_owned();
        path.rsplit('/').next().unwrap_or("").to_owned()
    });
    let line = rt.is_int(extra(e, 2)).then_some(extra(e, 2));
    Ok(Some(match (file, line) {
        (Some(file), Some(line)) => format!("{message} ({file}, line {})", rt.str_text(line)?),
        (Some(file), None) => format!("{message} ({file})"),
        (None, Some(line)) => format!("{message} (line {})", rt.str_text(line)?),
        (None, None) => message,
    }))
}

fn base_str(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let e = args[0];
    let class = rt.class_of(e);
    let items = tuple_items(field(e, ARGS));
    if rt.is_subclass(class, exc::KEY_ERROR) && items.len() == 1 {
        return rt.repr(items[0]);
    }
    if rt.is_subclass(class, exc::OS_ERROR) && !extra(e, 0).is_none() && !extra(e, 1).is_none() {
        let head = format!("[Errno {}] {}", rt.str_text(extra(e, 0))?, rt.str_text(extra(e, 1))?);
        let text = match (extra(e, 2), extra(e, 3)) {
            (first, _) if first.is_none() => head,
            (first, second) if second.is_none() => format!("{head}: {}", rt.repr_text(first)?),
            (first, second) => format!("{head}: {} -> {}", rt.repr_text(first)?, rt.repr_text(second)?),
        };
        return Ok(rt.new_str(&text));
    }
    if rt.is_subclass(class, exc::BASE_EXCEPTION_GROUP) && extra(e, 1).is_object() {
        let n = tuple_items(extra(e, 1)).len();
        let text = format!("{} ({n} sub-exception{})", rt.str_text(extra(e, 0))?, crate::function::plural(n));
        return Ok(rt.new_str(&text));
    }
    if let Some(text) = unicode_error_text(rt, e)? {
        return Ok(rt.new_str(&text));
    }
    if let Some(text) = syntax_error_text(rt, e)? {
        return Ok(rt.new_str(&text));
    }
    match items {
        [] => Ok(rt.new_str("")),
        [one] => rt.str(*one),
        _ => rt.str(field(e, ARGS)),
    }
}

fn unicode_error_text(rt: &mut Isolate, e: Word) -> PyResult<Option<String>> {
    let class = rt.class_of(e);
    let decode = rt.is_subclass(class, exc::UNICODE_DECODE_ERROR);
    let translate = rt.is_subclass(class, exc::UNICODE_TRANSLATE_ERROR);
    let encode = translate || rt.is_subclass(class, exc::UNICODE_ENCODE_ERROR);
    if !(decode || encode) || !(translate || rt.is_str(extra(e, 0))) || extra(e, 2).is_none() {
        return Ok(None);
    }
    let (start, end) = (rt.to_i64(extra(e, 2), "ssize_t")?, rt.to_i64(extra(e, 3), "ssize_t")?);
    let reason = rt.str_text(extra(e, 4))?;
    let subject = if translate { String::new() } else { format!("'{}' codec ", str_text(extra(e, 0))) };
    let verb = match (decode, translate) {
        (true, _) => "decode",
        (_, true) => "translate",
        _ => "encode",
    };
    let what = if decode { "byte" } else { "character" };
    if end == start + 1 && decode && rt.is_bytes(extra(e, 1)) {
        let byte = crate::api::bytes_slice(extra(e, 1)).get(start as usize).copied().unwrap_or(0);
        return Ok(Some(format!("{subject}can't decode byte 0x{byte:02x} in position {start}: {reason}")));
    }
    if end == start + 1 && !decode && rt.is_str(extra(e, 1)) {
        let one = rt.getitem(extra(e, 1), Word::small(start))?;
        let shown = rt.ascii(one.word())?;
        let mut shown = str_text(shown.word()).into_owned();
        if shown.len() == 3 {
            let c = shown.as_bytes()[1];
            shown = format!("'\\x{c:02x}'");
        }
        return Ok(Some(format!("{subject}can't {verb} character {shown} in position {start}: {reason}")));
    }
    Ok(Some(format!("{subject}can't {verb} {what}s in position {start}-{}: {reason}", end - 1)))
}

fn base_repr(rt: &mut Isolate, args: &[Word]) -> PyResult {
    let name = rt.type_name(args[0]);
    let items = tuple_items(field(args[0], ARGS));
    let text = match items {
        [one] => format!("{name}({})", rt.repr_text(*one)?),
        _ => format!("{name}{}", rt.repr_text(field(args[0], ARGS))?),
    };
    Ok(rt.new_str(&text))
}

fn with_traceback(_: &mut Isolate, args: &[Word]) -> PyResult {
    set_field(args[0], TRACEBACK, args[1]);
    Ok(Owned::share(args[0]))
}

fn add_note(rt: &mut Isolate, args: &[Word]) -> PyResult {
    if !rt.is_str(args[1]) {
        let msg = format!("note must be a str, not '{}'", rt.type_name(args[1]));
        return Err(rt.type_error(msg));
    }
    let notes = match rt.getattr_opt(args[0], "__notes__")? {
        Some(n) => n,
        None => {
            let list = rt.new_list(Vec::new());
            rt.setattr(args[0], "__notes__", list.word())?;
            list
        }
    };
    rt.list_append(notes.word(), Owned::share(args[1]));
    Ok(Owned::NONE)
}

macro_rules! base_field {
    ($get:ident, $set:ident, $index:expr) => {
        fn $get(_: &mut Isolate, this: Word) -> PyResult {
            Ok(Owned::share(field(this, $index)))
        }
        fn $set(_: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
            set_field(this, $index, if value.is_unbound() { Word::NONE } else { value });
            Ok(())
        }
    };
}
base_field!(get_traceback, set_traceback, TRACEBACK);
base_field!(get_cause, set_cause_only, CAUSE);
base_field!(get_context, set_context, CONTEXT);
base_field!(get_suppress, set_suppress, SUPPRESS);
base_field!(get_args, set_args_plain, ARGS);

fn set_cause(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    set_field(this, SUPPRESS, Word::TRUE);
    set_cause_only(rt, this, value)
}

fn set_args(rt: &mut Isolate, this: Word, value: Word) -> PyResult<()> {
    let items = rt.collect(value)?;
    let tuple = rt.new_tuple(items);
    set_args_plain(rt, this, tuple.word())
}

static BASE_METHODS: &[NativeDef] = &[
    def("__new__", "($type, /, *args, **kwargs)", base_new),
    def("__init__", "($self, /, *args, **kwargs)", base_init),
    def("__str__", "($self, /)", base_str),
    def("__repr__", "($self, /)", base_repr),
    def("__reduce__", "($self, /)", |rt, a| {
        let class = Owned::share(rt.class_word(rt.class_of(a[0])));
        let args = Owned::share(field(a[0], ARGS));
        match rt.side_dict(a[0]).map(Owned::share) {
            Some(state) => Ok(rt.new_tuple(vec![class, args, state])),
            None => Ok(rt.new_tuple(vec![class, args])),
        }
    }),
    def("with_traceback", "($self, tb, /)", with_traceback),
    def("add_note", "($self, note, /)", add_note),
];
static BASE_GETSET: &[GetSetDef] = &[
    getset("args", get_args, set_args),
    getset("__traceback__", get_traceback, set_traceback),
    getset("__cause__", get_cause, set_cause),
    getset("__context__", get_context, set_context),
    getset("__suppress_context__", get_suppress, set_suppress),
];

static BASE_SPEC: ClassSpec = ClassSpec::builtin(ClassId::BASE_EXCEPTION, crate::native::Layout::Plain)
    .hidden_words(BASE_WORDS as u32)
    .methods(BASE_METHODS)
    .getset(BASE_GETSET)
    .flags(ClassSpec::BASETYPE | ClassSpec::HAS_DICT | ClassSpec::WEAKREFABLE);
static EXCEPTION_SPEC: ClassSpec = ClassSpec::builtin(ClassId::EXCEPTION, crate::native::Layout::Plain)
    .base(crate::native::BaseRef::Id(ClassId::BASE_EXCEPTION))
    .flags(ClassSpec::BASETYPE);

/// Makes all exception classes.
pub(crate) fn create_classes(rt: &mut Isolate) {
    for spec in [&BASE_SPEC, &EXCEPTION_SPEC] {
        let id = rt.make_spec_class(spec);
        rt.class(id).flags |= ClassObj::EXCEPTION;
    }
    for row in exc::ROWS {
        let name = rt.intern(row.name);
        let dict = rt.new_dict();
        let mut class = rt.new_class_object(row.id, ClassId::TYPE, name, dict);
        let mut base = rt.class(row.base);
        class.flags = base.flags & !ClassObj::UNFILLED;
        class.base = Some(base);
        class.slot_base = base.instance_size;
        class.instance_size = base.instance_size + 8 * row.fields.len() as u32;
        class.slots = base.slots.clone();
        for (i, text) in row.fields.iter().enumerate() {
            let name = rt.intern(text);
            let offset = class.slot_base + 8 * i as u32;
            class.slots.push(crate::class::Slot { name, offset, member: true });
        }
        class.mro = core::iter::once(class).chain(base.mro.iter().copied()).collect();
        base.subclasses.push(row.id);
        if row.id == exc::EXCEPTION_GROUP {
            let mut second = rt.class(ClassId::EXCEPTION);
            class.mro.insert(2, second);
            second.subclasses.push(row.id);
        }
        let words: Vec<Word> = class.mro.iter().map(|c| c.word()).collect();
        class.mro_tuple = rt.new_tuple_of(&words).into_word();
        let base_word = base.word();
        class.bases = rt.new_tuple_of(&[base_word]).into_word();
        if row.id == exc::BASE_EXCEPTION_GROUP {
            for def in &crate::groups::METHODS {
                rt.add_native_method(class, def);
            }
        }
    }
}
