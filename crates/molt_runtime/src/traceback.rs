//! Traceback objects and the text of uncaught exceptions, as CPython 3.13 prints it.

mod report;

use alloc::borrow::ToOwned;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use molt_abi::layout::{CodeDesc, Position};
use molt_abi::{ClassId, Word};

use self::report::Report;
use crate::api::str_text;
use crate::exception::extra;
use crate::layouts::TracebackObj;
use crate::native::{ClassSpec, Layout, getter};
use crate::{Isolate, Owned, PyResult, exc};

/// Flag of a position: of a call, only the part before the parentheses is meant.
pub(crate) const AT_ATTRIBUTE: u64 = 1 << 63;

pub(crate) fn tb_obj<'a>(w: Word) -> &'a TracebackObj {
    // SAFETY: callers hold a traceback.
    unsafe { &*w.as_ptr().cast::<TracebackObj>() }
}

/// Position of one entry, and its code.
pub(crate) fn place<'a>(tb: &TracebackObj) -> (&'a CodeDesc, Position) {
    // SAFETY: code descriptors are static, and the index lies in their table.
    unsafe {
        let code = &*tb.code;
        let index = tb.position & !AT_ATTRIBUTE;
        let known = index < u64::from(code.position_count);
        let p = if known {
            *code.positions.add(index as usize)
        } else {
            Position { line: code.first_line, ..Position::default() }
        };
        (code, if tb.position == index { p } else { before_anchor(p) })
    }
}

/// The part of a range before its anchor, without marks of its own.
fn before_anchor(p: Position) -> Position {
    if p.anchor_line == 0 {
        return p;
    }
    Position { line: p.line, col: p.col, end_line: p.anchor_line, end_col: p.anchor_col, ..Position::default() }
}

impl Isolate {
    /// Text of an exception with its traceback and chain.
    pub(crate) fn format_exception(&mut self, e: Word) -> String {
        let mut report = Report::new(true);
        report.add(self, e);
        report.into_text()
    }

    /// The same without marks under source lines, as CPython prints where it cannot run Python code.
    pub(crate) fn format_exception_plainly(&mut self, e: Word) -> String {
        let mut report = Report::new(false);
        report.add(self, e);
        report.into_text()
    }

    /// File and position that an exception was raised at: the innermost entry of a file.
    pub(crate) fn raised_at(&self, e: Word) -> Option<(String, Position)> {
        let mut entry = crate::api::field(e, crate::exception::TRACEBACK);
        let mut found = None;
        while entry.is_object() {
            let tb = tb_obj(entry);
            let (code, position) = place(tb);
            let file = str_text(code.filename);
            // What the language brings along has no file.
            if !file.starts_with('<') {
                found = Some((file.into_owned(), position));
            }
            entry = tb.next;
        }
        found
    }

    /// The last lines: class, message and notes.
    fn format_only(&mut self, e: Word, out: &mut String) {
        let class = self.class_word(self.class_of(e));
        let name = crate::descriptor::full_name(self, class).unwrap_or_default();
        let name = name.strip_prefix("__main__.").map_or(name.clone(), str::to_owned);
        let text = match self.str_text(e) {
            Ok(t) => t,
            Err(_) => {
                self.clear_exception();
                "<exception str() failed>".into()
            }
        };
        let hint = self.suggestion(e);
        if text.is_empty() && hint.is_empty() {
            out.push_str(&format!("{name}\n"));
        } else {
            out.push_str(&format!("{name}: {text}{hint}\n"));
        }
        if let Ok(Some(notes)) = self.getattr_opt(e, "__notes__") {
            for n in self.collect(notes.word()).unwrap_or_default() {
                out.push_str(&self.str_text(n.word()).unwrap_or_default());
                out.push('\n');
            }
        }
    }

    /// "Did you mean" part of a NameError or AttributeError.
    fn suggestion(&mut self, e: Word) -> String {
        let class = self.class_of(e);
        let wrong = |w: Word| w.is_object();
        let names: Vec<Owned> = if self.is_subclass(class, exc::ATTRIBUTE_ERROR) && wrong(extra(e, 0)) {
            match self.call_dir(extra(e, 1)) {
                Ok(list) => list,
                Err(_) => {
                    self.clear_exception();
                    return String::new();
                }
            }
        } else if self.is_subclass(class, exc::NAME_ERROR) && wrong(extra(e, 0)) {
            let builtins = crate::startup::builtins(self);
            let mut names: Vec<Owned> = Vec::new();
            for m in self.modules.program.clone() {
                names.extend(self.module_items(m.word()).into_iter().map(|p| p.0));
            }
            names.extend(self.module_items(builtins.word()).into_iter().map(|p| p.0));
            names
        } else {
            return String::new();
        };
        if !self.is_str(extra(e, 0)) {
            return String::new();
        }
        let mut texts: Vec<String> =
            names.iter().filter(|n| self.is_str(n.word())).map(|n| str_text(n.word()).into_owned()).collect();
        texts.sort();
        texts.dedup();
        let wrong = str_text(extra(e, 0));
        if wrong.len() > 750 || texts.len() > 750 {
            return String::new();
        }
        crate::suggest::closest(&wrong, texts.iter().map(String::as_str))
            .map_or_else(String::new, |s| format!(". Did you mean: '{s}'?"))
    }

    fn call_dir(&mut self, w: Word) -> PyResult<Vec<Owned>> {
        let list = self.call_method(w, "__dir__", &[])?;
        self.collect(list.word())
    }
}

fn next(_: &mut Isolate, this: Word) -> PyResult {
    Ok(Owned::share(tb_obj(this).next))
}
fn line(rt: &mut Isolate, this: Word) -> PyResult {
    let (_, p) = place(tb_obj(this));
    Ok(rt.new_int(i64::from(p.line)))
}
pub(crate) static SPEC: ClassSpec = ClassSpec::builtin(ClassId::TRACEBACK, Layout::Traceback)
    .getset(&[
        getter("tb_next", next),
        getter("tb_lineno", line),
        getter("tb_lasti", |_, this| Ok(Owned::small(2 * (tb_obj(this).position & !AT_ATTRIBUTE) as i64))),
        getter("tb_frame", |rt, this| {
            let (code, p) = place(tb_obj(this));
            Ok(rt.new_frame(code, p.line))
        }),
    ])
    .flags(ClassSpec::NO_NEW);
pub(crate) static SPECS: &[&ClassSpec] = &[&SPEC, &crate::code::SPEC, &crate::code::FRAME_SPEC];
