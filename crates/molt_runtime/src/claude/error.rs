//! Error values: an exception class, so that what carries exceptions carries errors, and the view of any other
//! exception as an error.
//!
//! ```text
//! header | words of every exception | type | message | data | stack | cause
//! ```
//! `type` is a String, the others are nil where nothing was supplied. A cause that is an exception is also the
//! exception's `__cause__`.

use alloc::format;
use alloc::string::String;

use molt_abi::{ClassId, Word};

use super::kind::kind_of;
use super::{Kind, map, print, symbol};
use crate::api::{field, set_field};
use crate::exception::{BASE_WORDS, CAUSE, extra, set_extra};
use crate::{Isolate, Owned, PyResult, Raised, exc};

macro_rules! error_kinds {
    ($($kind:ident = $name:literal),* $(,)?) => {
        /// The types of errors that the language itself raises.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum ErrorKind { $($kind),* }
        impl ErrorKind {
            /// All types.
            pub const ALL: &[ErrorKind] = &[$(ErrorKind::$kind),*];
            /// Name, as the field `:type` holds it.
            pub const fn name(self) -> &'static str {
                [$($name),*][self as usize]
            }
        }
    };
}

error_kinds! {
    Error = "error", TypeError = "type-error", Arity = "arity", Unbound = "unbound", Uninitialized = "uninitialized",
    DivideByZero = "divide-by-zero", Index = "index", Key = "key", Parse = "parse", MatchFailure = "match-failure",
    ContractViolation = "contract-violation", CapabilityDenied = "capability-denied",
    UnhandledEffect = "unhandled-effect", ResumedTwice = "resumed-twice", Io = "io", Network = "network", Dns = "dns",
    Timeout = "timeout", RateLimit = "rate-limit", ChannelClosed = "channel-closed",
    PromiseRejected = "promise-rejected", Cancelled = "cancelled", Deadlock = "deadlock", Limit = "limit",
    Import = "import",
}

impl AsRef<str> for ErrorKind {
    fn as_ref(&self) -> &str {
        self.name()
    }
}

/// Exception classes and the type of error that their instances are; a class that is not here is its base's.
const EXCEPTIONS: &[(ClassId, ErrorKind)] = &[
    (exc::ZERO_DIVISION_ERROR, ErrorKind::DivideByZero),
    (exc::TYPE_ERROR, ErrorKind::TypeError),
    (exc::UNBOUND_LOCAL_ERROR, ErrorKind::Uninitialized),
    (exc::NAME_ERROR, ErrorKind::Unbound),
    (exc::ATTRIBUTE_ERROR, ErrorKind::Key),
    (exc::RECURSION_ERROR, ErrorKind::Limit),
    (exc::MEMORY_ERROR, ErrorKind::Limit),
    (exc::INDEX_ERROR, ErrorKind::Index),
    (exc::KEY_ERROR, ErrorKind::Key),
    (exc::SYNTAX_ERROR, ErrorKind::Parse),
    (exc::TIMEOUT_ERROR, ErrorKind::Timeout),
    (exc::CONNECTION_ERROR, ErrorKind::Network),
    (exc::OS_ERROR, ErrorKind::Io),
    (exc::EOF_ERROR, ErrorKind::Io),
    (exc::IMPORT_ERROR, ErrorKind::Import),
    (exc::KEYBOARD_INTERRUPT, ErrorKind::Cancelled),
];

pub(super) const TYPE: usize = 0;
pub(super) const MESSAGE: usize = 1;
pub(super) const DATA: usize = 2;
pub(super) const STACK: usize = 3;
pub(super) const ERROR_CAUSE: usize = 4;
/// Names of the fields, in the order of their words.
pub(super) const FIELDS: [&str; 5] = ["type", "message", "data", "stack", "cause"];

/// A new Error of a type, which is a string, without stack and cause.
pub fn new_error(rt: &mut Isolate, kind: Word, message: Word, data: Word) -> Owned {
    let e = rt.new_exception(ClassId::CLAUDE_ERROR, &[message]);
    set_extra(e.word(), TYPE, kind);
    set_extra(e.word(), MESSAGE, message);
    set_extra(e.word(), DATA, data);
    e
}

/// Sets what an Error does not get when it is made: `stack` (any value).
pub fn set_stack(e: Word, stack: Word) {
    set_extra(e, STACK, stack);
}

/// Sets the cause of an Error, any value; nil for none.
pub fn set_cause(rt: &Isolate, e: Word, cause: Word) {
    set_extra(e, ERROR_CAUSE, cause);
    set_field(e, CAUSE, if rt.is_exception(cause) { cause } else { Word::NONE });
}

/// The words of the fields of an Error of ClaudeLang.
pub(super) fn fields<'a>(e: Word) -> &'a [Word] {
    // SAFETY: the words of the class follow the header and those that every exception has.
    unsafe { core::slice::from_raw_parts(e.as_ptr().cast::<Word>().add(1 + BASE_WORDS), FIELDS.len()) }
}

/// Whether an exception is an Error of ClaudeLang rather than one of another language.
#[inline]
pub fn is_own(rt: &Isolate, e: Word) -> bool {
    rt.is_instance(e, ClassId::CLAUDE_ERROR)
}

impl Isolate {
    /// Raises an Error; the type is an [`ErrorKind`] or a text.
    #[cold]
    pub fn raise_claude(&mut self, kind: impl AsRef<str>, message: impl Into<String>, data: Word) -> Raised {
        raise(self, kind.as_ref(), &message.into(), data)
    }
}

#[cold]
fn raise(rt: &mut Isolate, kind: &str, message: &str, data: Word) -> Raised {
    let kind = rt.intern(kind);
    let message = rt.new_str(message);
    let e = new_error(rt, kind, message.word(), data);
    rt.raise_value(e)
}

/// The error that `raise` makes of its arguments, to be raised by [`Isolate::raise_value`].
///
/// - one: an error is itself; a map supplies fields; a String is the message; anything else is the data, and its text the
///   message
/// - two: the type, then the message or a map of fields
/// - three: the type, the message, the data
///
/// A type that is not supplied is `error`, another field nil. A keyword or symbol as the type gives its name, and a
/// message that is neither a String nor nil its text. The error `arity` for any other number of arguments, `type-error`
/// for a type that is no name.
pub fn error_of(rt: &mut Isolate, args: &[Word]) -> PyResult {
    match *args {
        [one] => error_of_one(rt, one),
        [kind, fields] if map::is_map(rt, fields) => {
            let kind = name_of_type(rt, kind)?;
            let e = error_of_map(rt, fields)?;
            set_extra(e.word(), TYPE, kind);
            Ok(e)
        }
        [kind, message] => error_of_parts(rt, kind, message, Word::NONE),
        [kind, message, data] => error_of_parts(rt, kind, message, data),
        _ => {
            let text = format!("`raise` takes 1 to 3 arguments, not {}", args.len());
            Err(rt.raise_claude(ErrorKind::Arity, text, Word::NONE))
        }
    }
}

fn error_of_one(rt: &mut Isolate, one: Word) -> PyResult {
    let default = rt.intern(ErrorKind::Error.name());
    match kind_of(rt, one) {
        Kind::Error => Ok(Owned::share(one)),
        Kind::Map => error_of_map(rt, one),
        Kind::String => Ok(new_error(rt, default, one, Word::NONE)),
        _ => {
            let text = print::pr_str(rt, one)?;
            Ok(new_error(rt, default, text.word(), one))
        }
    }
}

fn error_of_parts(rt: &mut Isolate, kind: Word, message: Word, data: Word) -> PyResult {
    let kind = name_of_type(rt, kind)?;
    let message = text_of_message(rt, message)?;
    Ok(new_error(rt, kind, message.word(), data))
}

fn error_of_map(rt: &mut Isolate, map: Word) -> PyResult {
    let mut fields = [Word::NONE; FIELDS.len()];
    for (field, name) in fields.iter_mut().zip(FIELDS) {
        let key = rt.keyword(name);
        *field = map::get(rt, map, key)?.unwrap_or(Word::NONE);
    }
    let kind = if fields[TYPE].is_none() { rt.intern(ErrorKind::Error.name()) } else { fields[TYPE] };
    let e = error_of_parts(rt, kind, fields[MESSAGE], fields[DATA])?;
    set_stack(e.word(), fields[STACK]);
    set_cause(rt, e.word(), fields[ERROR_CAUSE]);
    Ok(e)
}

fn text_of_message(rt: &mut Isolate, message: Word) -> PyResult {
    if message.is_none() { Ok(Owned::NONE) } else { print::to_string(rt, message) }
}

/// The string that names a type of error.
fn name_of_type(rt: &mut Isolate, kind: Word) -> PyResult<Word> {
    match kind_of(rt, kind) {
        Kind::String => Ok(kind),
        Kind::Keyword | Kind::Symbol => Ok(symbol::name_of(kind)),
        other => {
            let text = format!("the type of an error is a String or keyword, not a {}", other.name());
            Err(rt.raise_claude(ErrorKind::TypeError, text, Word::NONE))
        }
    }
}

/// Field of an error, nil where it has none of the name. `e` is any exception: one of another language has the type
/// of its class, its text as the message, no data, and its own cause. The text may be made by code of the program.
pub fn error_field(rt: &mut Isolate, e: Word, name: &str) -> PyResult {
    let Some(i) = FIELDS.iter().position(|f| *f == name) else { return Ok(Owned::NONE) };
    if i == STACK && (!is_own(rt, e) || own_field(rt, e, i).is_none()) {
        return super::report::stack_of(rt, e);
    }
    if is_own(rt, e) {
        return Ok(Owned::share(own_field(rt, e, i)));
    }
    match i {
        TYPE => Ok(Owned::share(rt.intern(kind_of_exception(rt, e).name()))),
        MESSAGE => rt.str(e),
        ERROR_CAUSE => Ok(Owned::share(field(e, CAUSE))),
        _ => Ok(Owned::NONE),
    }
}

/// Field `i` of an Error of ClaudeLang. The type of one that nothing was supplied for is `error`.
pub(super) fn own_field(rt: &mut Isolate, e: Word, i: usize) -> Word {
    let w = extra(e, i);
    if i == TYPE && w.is_none() { rt.intern(ErrorKind::Error.name()) } else { w }
}

/// Type of an exception of another language.
pub fn kind_of_exception(rt: &Isolate, e: Word) -> ErrorKind {
    let class = rt.class(rt.class_of(e));
    let known = class.mro.iter().find_map(|c| EXCEPTIONS.iter().find(|row| row.0 == c.id));
    known.map_or(ErrorKind::Error, |row| row.1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::leaves_nothing;
    use super::*;

    fn text(rt: &mut Isolate, e: Word, name: &str) -> String {
        let w = error_field(rt, e, name).expect("fields are read");
        rt.str_text(w.word()).expect("strings have text")
    }

    #[test]
    fn an_error_is_an_exception_with_fields() {
        leaves_nothing(|rt| {
            let data = rt.new_tuple(alloc::vec![Owned::small(7)]);
            assert_eq!(rt.raise_claude(ErrorKind::Index, "no item 7", data.word()), Raised);
            assert!(rt.pending_is(ClassId::CLAUDE_ERROR) && rt.pending_is(ClassId::EXCEPTION));
            let e = rt.take_exception();
            assert!(is_own(rt, e.word()));
            assert_eq!(text(rt, e.word(), "type"), "index");
            assert_eq!(text(rt, e.word(), "message"), "no item 7");
            assert_eq!(error_field(rt, e.word(), "data").map(|d| d.word()), Ok(data.word()));
            for absent in ["cause", "nothing"] {
                assert_eq!(error_field(rt, e.word(), absent), Ok(Owned::NONE));
            }
            rt.raise_claude("my-own", "second", Word::NONE);
            let second = rt.take_exception();
            set_cause(rt, second.word(), e.word());
            assert_eq!(error_field(rt, second.word(), "cause"), Ok(e.clone()));
            assert_eq!(rt.getattr(second.word(), "__cause__"), Ok(e.clone()));
            assert_eq!(rt.repr_text(second.word()).as_deref(), Ok("#<error my-own: second>"));
            assert_eq!(rt.str_text(second.word()).as_deref(), Ok("my-own: second"));
        });
    }

    #[test]
    fn exceptions_of_python_are_seen_as_errors() {
        leaves_nothing(|rt| {
            for (class, kind) in [
                (exc::ZERO_DIVISION_ERROR, "divide-by-zero"),
                (exc::MODULE_NOT_FOUND_ERROR, "import"),
                (exc::FILE_NOT_FOUND_ERROR, "io"),
                (exc::CONNECTION_RESET_ERROR, "network"),
                (exc::RECURSION_ERROR, "limit"),
                (exc::VALUE_ERROR, "error"),
                (exc::KEYBOARD_INTERRUPT, "cancelled"),
            ] {
                rt.raise(class, "the text");
                let e = rt.take_exception();
                assert_eq!(text(rt, e.word(), "type"), kind);
                assert_eq!(text(rt, e.word(), "message"), "the text");
                assert_eq!(error_field(rt, e.word(), "data"), Ok(Owned::NONE));
            }
        });
    }

    /// What `raise` makes of arguments, as type, message and the text of the data.
    fn raised(rt: &mut Isolate, args: &[Word]) -> [String; 3] {
        let e = error_of(rt, args).expect("these are arguments of `raise`");
        FIELDS[..3]
            .iter()
            .map(|name| text(rt, e.word(), name))
            .collect::<alloc::vec::Vec<_>>()
            .try_into()
            .expect("three")
    }

    #[test]
    fn raise_makes_errors_of_one_two_or_three_arguments() {
        leaves_nothing(|rt| {
            let (kind, no) = (rt.new_str("my-type"), rt.new_str("no"));
            let keyword = rt.keyword("my-type");
            let data = crate::claude::list::from_words(rt, &[Word::small(1), no.word()]);
            assert_eq!(raised(rt, &[no.word()]), ["error", "no", "None"]);
            assert_eq!(raised(rt, &[data.word()]), ["error", "[1 \"no\"]", "[1 \"no\"]"]);
            assert_eq!(raised(rt, &[keyword, no.word()]), ["my-type", "no", "None"]);
            assert_eq!(raised(rt, &[kind.word(), Word::small(5), Word::TRUE]), ["my-type", "5", "True"]);
            let (message, type_key) = (rt.keyword("message"), rt.new_str("type"));
            let words = [message, no.word(), type_key.word(), keyword];
            let map = map::from_words(rt, &words).expect("keys are shallow");
            assert_eq!(raised(rt, &[map.word()]), ["my-type", "no", "None"]);
            let other = rt.keyword("other");
            assert_eq!(raised(rt, &[other, map.word()]), ["other", "no", "None"]);
            let first = error_of(rt, &[no.word()]).expect("a String is a message");
            assert_eq!(error_of(rt, &[first.word()]), Ok(first));
            let none = map::empty(rt);
            assert_eq!(raised(rt, &[none.word()]), ["error", "None", "None"]);
        });
    }

    #[test]
    fn raise_with_other_arguments_is_an_error_itself() {
        leaves_nothing(|rt| {
            for (args, kind) in [(&[][..], "arity"), (&[Word::small(1), Word::NONE], "type-error")] {
                assert!(error_of(rt, args).is_err());
                let e = rt.take_exception();
                assert_eq!(text(rt, e.word(), "type"), kind);
            }
        });
    }

    #[test]
    fn every_kind_has_its_own_name() {
        for (i, a) in ErrorKind::ALL.iter().enumerate() {
            assert!(ErrorKind::ALL[..i].iter().all(|b| b.name() != a.name()));
        }
        assert_eq!(ErrorKind::ALL.len(), 25);
    }
}
