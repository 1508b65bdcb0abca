//! Text of an exception with its chain, groups and notes, as CPython 3.13's `TracebackException.format` lays it out.
//!
//! Chains are walked by a loop and groups have a depth limit, so no exception is too deep to be printed.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use molt_abi::Word;
use molt_abi::layout::Position;

use super::{place, tb_obj};
use crate::api::{field, str_text, tuple_items};
use crate::exception::{CAUSE, CONTEXT, SUPPRESS, TRACEBACK, extra};
use crate::traceback_text::{self, Entry};
use crate::{Isolate, exc};

const CAUSE_TEXT: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT_TEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";
const MOST_MEMBERS: usize = 15;
const MOST_GROUP_DEPTH: usize = 10;

/// An exception on its way to text.
pub struct Report {
    text: String,
    /// Exceptions that were printed or chained already, by address.
    seen: BTreeSet<u64>,
    group_depth: usize,
    /// Whether the frame around the members of a group is still open.
    need_close: bool,
    /// Whether source lines have `~~~^^^` marks.
    marks: bool,
}

impl Report {
    pub fn new(marks: bool) -> Report {
        Report { text: String::new(), seen: BTreeSet::new(), group_depth: 0, need_close: false, marks }
    }

    pub fn into_text(self) -> String {
        self.text
    }

    fn indent(&self) -> String {
        "  ".repeat(self.group_depth)
    }

    fn emit(&mut self, text: &str, margin: char) {
        if self.group_depth == 0 {
            self.text.push_str(text);
            return;
        }
        let margin = format!("{}{margin} ", self.indent());
        for line in text.split_inclusive('\n') {
            self.text.push_str(&margin);
            self.text.push_str(line);
        }
    }

    /// Adds the exception and what it is chained to, the oldest first.
    pub fn add(&mut self, rt: &mut Isolate, e: Word) {
        let mut chain = Vec::new();
        let mut next = Some(e);
        while let Some(e) = next {
            self.seen.insert(e.0);
            let (cause, context) = (field(e, CAUSE), field(e, CONTEXT));
            let fresh = |w: Word| w.is_object() && !self.seen.contains(&w.0);
            let (text, older) = if fresh(cause) {
                (CAUSE_TEXT, Some(cause))
            } else if fresh(context) && field(e, SUPPRESS) != Word::TRUE {
                (CONTEXT_TEXT, Some(context))
            } else {
                ("", None)
            };
            chain.push((text, e));
            next = older;
        }
        for (text, e) in chain.into_iter().rev() {
            self.emit(text, '|');
            let is_group = rt.is_instance(e, exc::BASE_EXCEPTION_GROUP) && extra(e, 1).is_object();
            match (is_group, self.group_depth > MOST_GROUP_DEPTH) {
                (false, _) => self.plain(rt, e),
                (true, true) => self.emit(&format!("... (max_group_depth is {MOST_GROUP_DEPTH})\n"), '|'),
                (true, false) => self.group(rt, e),
            }
        }
    }

    fn plain(&mut self, rt: &mut Isolate, e: Word) {
        let mut text = String::new();
        if field(e, TRACEBACK).is_object() {
            text.push_str("Traceback (most recent call last):\n");
            self.entries(field(e, TRACEBACK), &mut text);
        }
        rt.format_only(e, &mut text);
        self.emit(&text, '|');
    }

    fn group(&mut self, rt: &mut Isolate, e: Word) {
        let is_top = self.group_depth == 0;
        self.group_depth += usize::from(is_top);
        let mut text = String::new();
        if field(e, TRACEBACK).is_object() {
            self.emit("Exception Group Traceback (most recent call last):\n", if is_top { '+' } else { '|' });
            self.entries(field(e, TRACEBACK), &mut text);
        }
        rt.format_only(e, &mut text);
        self.emit(&text, '|');
        self.members(rt, tuple_items(extra(e, 1)));
        self.group_depth -= usize::from(is_top);
    }

    fn members(&mut self, rt: &mut Isolate, members: &[Word]) {
        let shown = members.len().min(MOST_MEMBERS + 1);
        self.need_close = false;
        for (i, &member) in members.iter().enumerate().take(shown) {
            let is_last = i + 1 == shown;
            self.need_close |= is_last;
            let title = if i < MOST_MEMBERS { (i + 1).to_string() } else { "...".to_owned() };
            let lead = if i == 0 { "+-" } else { "  " };
            self.text.push_str(&format!("{}{lead}+---------------- {title} ----------------\n", self.indent()));
            self.group_depth += 1;
            if i < MOST_MEMBERS {
                self.add(rt, member);
            } else {
                let rest = members.len() - MOST_MEMBERS;
                self.emit(&format!("and {rest} more exception{}\n", if rest > 1 { "s" } else { "" }), '|');
            }
            if is_last && self.need_close {
                self.text.push_str(&format!("{}+------------------------------------\n", self.indent()));
                self.need_close = false;
            }
            self.group_depth -= 1;
        }
    }

    fn entries(&self, mut tb: Word, out: &mut String) {
        let mut list = Vec::new();
        while tb.is_object() {
            let (code, position) = place(tb_obj(tb));
            let line =
                Position { line: position.line, end_line: position.line, end_col: u32::MAX, ..Position::default() };
            let position = if self.marks { position } else { line };
            let (filename, name) = (str_text(code.filename).into_owned(), str_text(code.name).into_owned());
            list.push(Entry { filename, name, position });
            tb = tb_obj(tb).next;
        }
        let mut sources: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut source = |file: &str| {
            let read = || {
                let bytes = crate::host::c_path(file).and_then(|p| crate::host::read_file(&p))?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            };
            sources.entry(file.to_owned()).or_insert_with(read).clone()
        };
        out.push_str(&traceback_text::entries(&list, &mut source));
    }
}
