//! Traceback objects and the text of uncaught exceptions, as CPython 3.13 prints it.

use std::collections::HashMap;

use molt_abi::layout::{CodeDesc, Position};
use molt_abi::{ClassId, Word};

use crate::api::{field, str_text, tuple_items};
use crate::exception::{CAUSE, CONTEXT, SUPPRESS, TRACEBACK, extra};
use crate::layouts::TracebackObj;
use crate::native::{ClassSpec, Layout, getter};
use crate::traceback_text::{self, Entry};
use crate::{Isolate, Owned, PyResult, exc};

/// Members of a group that are shown.
const MAX_GROUP_WIDTH: usize = 15;

/// State of printing one exception with all that it refers to.
#[derive(Default)]
struct Chain {
    seen: Vec<Word>,
    /// The last member of a group is being printed, and no group in it has drawn the closing line.
    close_wanted: bool,
}

const CAUSE_TEXT: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT_TEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";

/// Flag of a position: of a call, only the part before the parentheses is meant.
pub(crate) const AT_ATTRIBUTE: u64 = 1 << 63;

fn tb_obj<'a>(w: Word) -> &'a TracebackObj {
    // SAFETY: callers hold a traceback.
    unsafe { &*w.as_ptr().cast::<TracebackObj>() }
}

/// Position of one entry, and its code.
fn place<'a>(tb: &TracebackObj) -> (&'a CodeDesc, Position) {
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
        let mut out = String::new();
        self.format_chained(e, &mut Chain::default(), &mut out, "");
        out
    }

    fn format_chained(&mut self, e: Word, chain: &mut Chain, out: &mut String, indent: &str) {
        chain.seen.push(e);
        let (cause, context) = (field(e, CAUSE), field(e, CONTEXT));
        if cause.is_object() && !chain.seen.contains(&cause) {
            self.format_chained(cause, chain, out, indent);
            push_indented(out, CAUSE_TEXT, indent);
        } else if context.is_object() && field(e, SUPPRESS) != Word::TRUE && !chain.seen.contains(&context) {
            self.format_chained(context, chain, out, indent);
            push_indented(out, CONTEXT_TEXT, indent);
        }
        if self.is_instance(e, exc::BASE_EXCEPTION_GROUP) && extra(e, 1).is_object() {
            self.format_group(e, chain, out, indent);
            return;
        }
        let mut text = String::new();
        if field(e, TRACEBACK).is_object() {
            text.push_str("Traceback (most recent call last):\n");
            self.format_entries(field(e, TRACEBACK), &mut text);
        }
        self.format_only(e, &mut text);
        push_indented(out, &text, indent);
    }

    fn format_group(&mut self, e: Word, chain: &mut Chain, out: &mut String, indent: &str) {
        let top = indent.is_empty();
        let bar = if top { "  | ".to_owned() } else { indent.to_owned() };
        let mut text = String::new();
        if field(e, TRACEBACK).is_object() {
            let head = if top { "  + " } else { indent };
            out.push_str(&format!("{head}Exception Group Traceback (most recent call last):\n"));
            self.format_entries(field(e, TRACEBACK), &mut text);
        }
        self.format_only(e, &mut text);
        push_indented(out, &text, &bar);
        let members = tuple_items(extra(e, 1));
        let margin = bar.trim_end_matches("| ").to_owned();
        let shown = members.len().min(MAX_GROUP_WIDTH + 1);
        for (i, &m) in members.iter().take(shown).enumerate() {
            chain.close_wanted |= i + 1 == shown;
            let lead = if i == 0 { "+-" } else { "  " };
            let inner = format!("{margin}  | ");
            if i < MAX_GROUP_WIDTH {
                out.push_str(&format!("{margin}{lead}+---------------- {} ----------------\n", i + 1));
                self.format_chained(m, chain, out, &inner);
            } else {
                let more = members.len() - MAX_GROUP_WIDTH;
                out.push_str(&format!("{margin}{lead}+---------------- ... ----------------\n"));
                out.push_str(&format!("{inner}and {more} more exception{}\n", crate::function::plural(more)));
            }
        }
        if std::mem::take(&mut chain.close_wanted) {
            out.push_str(&format!("{margin}  +------------------------------------\n"));
        }
    }

    /// The exception alone, without marks under the lines: what is printed where nothing may be raised.
    pub(crate) fn format_plainly(&mut self, e: Word) -> String {
        let mut out = String::new();
        if field(e, TRACEBACK).is_object() {
            out.push_str("Traceback (most recent call last):\n");
            let mut list = traceback_list(field(e, TRACEBACK));
            for entry in &mut list {
                entry.position = Position { line: entry.position.line, ..Position::default() };
            }
            push_entries(&list, &mut out);
        }
        self.format_only(e, &mut out);
        out
    }

    fn format_entries(&mut self, tb: Word, out: &mut String) {
        push_entries(&traceback_list(tb), out);
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

/// The entries of a traceback, outermost first.
fn traceback_list(mut tb: Word) -> Vec<Entry> {
    let mut list = Vec::new();
    while tb.is_object() {
        let (code, position) = place(tb_obj(tb));
        let (filename, name) = (str_text(code.filename).into_owned(), str_text(code.name).into_owned());
        list.push(Entry { filename, name, position });
        tb = tb_obj(tb).next;
    }
    list
}

fn push_entries(list: &[Entry], out: &mut String) {
    let mut sources: HashMap<String, Option<String>> = HashMap::new();
    let mut source = |file: &str| {
        let read = || std::fs::read(file).ok().map(|b| String::from_utf8_lossy(&b).into_owned());
        sources.entry(file.to_owned()).or_insert_with(read).clone()
    };
    out.push_str(&traceback_text::entries(list, &mut source));
}

fn push_indented(out: &mut String, text: &str, indent: &str) {
    for line in text.split_inclusive('\n') {
        out.push_str(if line == "\n" { indent.trim_end() } else { indent });
        out.push_str(line);
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
