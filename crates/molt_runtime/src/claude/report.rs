//! The way of an error: as a value, and as text for an error that nobody caught.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use molt_abi::Word;

use super::{error, list, map, print};
use crate::api::{field, str_text};
use crate::exception::TRACEBACK;
use crate::traceback::{place, tb_obj};
use crate::{Isolate, Owned, PyResult};

/// Errors that are shown of a chain of causes.
const MOST_CAUSES: usize = 16;

/// A call that an error went through.
struct Call {
    function: Word,
    file: Word,
    line: u32,
    /// From 1, in characters.
    column: u32,
}

/// The calls, the innermost first; those of the library are left out.
fn calls(e: Word) -> Vec<Call> {
    let mut out = Vec::new();
    let mut at = field(e, TRACEBACK);
    while at.is_object() {
        let tb = tb_obj(at);
        let (code, position) = place(tb);
        if position.line > 0 && !str_text(code.filename).starts_with('<') {
            out.push(Call { function: code.name, file: code.filename, line: position.line, column: position.col + 1 });
        }
        at = tb.next;
    }
    out.reverse();
    out
}

/// The list of calls as the field `:stack` holds it: a map of `:function`, `:file`, `:line` and `:column` a call.
pub fn stack_of(rt: &mut Isolate, e: Word) -> PyResult {
    let names = ["function", "file", "line", "column"].map(|n| rt.keyword(n));
    let mut out = Vec::new();
    for c in calls(e) {
        let words = [c.function, c.file, Word::small(i64::from(c.line)), Word::small(i64::from(c.column))];
        let pairs: Vec<Word> = names.iter().zip(words).flat_map(|(&k, v)| [k, v]).collect();
        out.push(map::from_words(rt, &pairs)?);
    }
    Ok(list::from_vec(rt, out))
}

/// What is printed of an error that nobody caught.
pub fn text(rt: &mut Isolate, e: Word) -> String {
    let mut out = String::new();
    let mut at = Owned::share(e);
    for depth in 0..MOST_CAUSES {
        let head = if depth == 0 { "error" } else { "caused by" };
        out.push_str(&format!("{head}: {}\n", head_line(rt, at.word())));
        for c in calls(at.word()) {
            let (function, file) = (str_text(c.function), str_text(c.file));
            out.push_str(&match function.as_ref() {
                "<module>" => format!("  at {file}:{}:{}\n", c.line, c.column),
                name => format!("  at {name} ({file}:{}:{})\n", c.line, c.column),
            });
        }
        match error::error_field(rt, at.word(), "cause") {
            Ok(cause) if rt.is_exception(cause.word()) => at = cause,
            Ok(_) => break,
            Err(_) => {
                rt.clear_exception();
                break;
            }
        }
    }
    out
}

/// Type and message.
pub(super) fn head_line(rt: &mut Isolate, e: Word) -> String {
    let parts = ["type", "message"].map(|name| match error::error_field(rt, e, name) {
        Ok(w) if w.word().is_none() => String::new(),
        Ok(w) => match print::to_string(rt, w.word()) {
            Ok(text) => str_text(text.word()).into_owned(),
            Err(_) => {
                rt.clear_exception();
                String::new()
            }
        },
        Err(_) => {
            rt.clear_exception();
            String::new()
        }
    });
    let [kind, message] = parts;
    if message.is_empty() { kind } else { format!("{kind}: {message}") }
}
