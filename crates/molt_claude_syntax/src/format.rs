//! The one style: width 100, an indentation as Lisp programmers expect, every comment kept.
//!
//! The breaks that an author made between the parts of a form stay, one blank line at most; what does not fit is broken
//! further. Special forms indent their bodies by two and keep what comes before on the first line, other calls align
//! their operands, bindings, clauses and the entries of maps stand on lines of their own, closing brackets together.
//! Literals and names stay as they are written; commas that mean nothing go.
//!
//! [`trivia`] finds what stands between data, [`measure`] how wide each datum is, [`forms`] is the table of forms that
//! have a body, [`layout`] places data and [`writer`] writes lines.

mod forms;
mod layout;
mod measure;
mod trivia;
mod writer;

use alloc::string::String;
use alloc::vec::Vec;

use molt_base::FileId;

use self::layout::Layout;
use self::trivia::Source;
use crate::{Data, Fault, Read, read};

/// Columns that a line should not exceed.
pub const WIDTH: usize = 100;

/// Formats a text, which formats to itself afterwards. A text with faults is not formatted: they are the error, with
/// places in the file 0.
///
/// # Panics
/// If the result would not be read as the same data with the same comments, which is a defect of the formatter.
pub fn format(text: &str) -> Result<String, Vec<Fault>> {
    let read = read(FileId(0), text);
    if !read.faults.is_empty() {
        return Err(read.faults);
    }
    let out = Layout::new(Source::new(&read)).file();
    assert_kept(&read, &out);
    Ok(out)
}

/// Data without comments, in the one style, each at the start of a line.
pub fn print(data: &Data) -> String {
    // What opens a text with `#!` is no datum.
    let mut lines = String::from("\n");
    for d in data.top() {
        data.print(d, &mut lines);
        lines.push('\n');
    }
    format(&lines).expect("what is printed is read again")
}

/// A formatter must not change a program, so what it made is read again.
fn assert_kept(before: &Read, out: &str) {
    let after = read(FileId(0), out);
    assert!(after.faults.is_empty(), "formatting broke a text: {:?}", after.faults.first());
    let lines = |read: &Read| {
        let mut text = String::new();
        read.data.top().for_each(|d| read.data.print(d, &mut text));
        text
    };
    assert_eq!(lines(before), lines(&after), "formatting changed data");
    assert_eq!(Source::new(before).all_comments(), Source::new(&after).all_comments(), "formatting lost comments");
}
