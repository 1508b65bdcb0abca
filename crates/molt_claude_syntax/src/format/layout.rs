//! Places data: on one line where that fits and the author wants it, else as the kind of the datum asks for.
//!
//! The layout of what the author broke differs from that of what only does not fit, and it must: the second time it is
//! looked at, everything that was broken is broken by its author.

use alloc::string::String;
use alloc::vec::Vec;

use super::WIDTH;
use super::forms::{Role, Shape, shape};
use super::measure::{Size, prefix_width, sizes};
use super::trivia::{Comment, Item, Items, Source};
use super::writer::Writer;
use crate::{Datum, Kind};

pub(super) struct Layout<'r> {
    source: Source<'r>,
    sizes: Vec<Size>,
    out: Writer,
}

/// A datum with brackets that is being broken.
struct Broken<'i, 'r> {
    all: &'i Items<'r>,
    /// Column of the opening bracket.
    start: usize,
    /// Column behind it.
    inner: usize,
    /// The author broke it.
    by_author: bool,
    /// Columns of what follows its closing bracket.
    tail: usize,
}

impl<'i, 'r> Broken<'i, 'r> {
    fn items(&self) -> &'i [Item<'r>] {
        &self.all.items
    }

    /// Columns of the brackets that follow an item on its line.
    fn tail(&self, n: usize) -> usize {
        if n + 1 == self.all.items.len() && self.all.closing.is_empty() { self.tail + 1 } else { 0 }
    }
}

impl<'r> Layout<'r> {
    pub fn new(source: Source<'r>) -> Layout<'r> {
        Layout { source, sizes: sizes(source), out: Writer::new() }
    }

    /// The whole text: each datum on a line of its own.
    pub fn file(mut self) -> String {
        let all = self.source.top();
        if self.source.data.text().starts_with('\u{feff}') {
            self.out.text("\u{feff}");
        }
        let first = all.items.first().filter(|i| i.before.is_empty()).map(|i| self.source.data.written(i.datum));
        if first.is_some_and(|text| text.starts_with("#!")) {
            // At the very beginning the name would be a line for the system.
            self.out.new_line(0, false);
        }
        for (n, item) in all.items.iter().enumerate() {
            if n > 0 {
                self.out.new_line(0, item.breaks > 1);
            }
            self.item(item, Role::Code, 0);
        }
        for (n, comment) in all.closing.iter().enumerate() {
            if n > 0 || !all.items.is_empty() {
                self.out.new_line(0, comment.breaks > 1);
            }
            self.out.text(comment.text);
        }
        self.out.finish()
    }

    fn size(&self, item: &Item) -> Size {
        self.sizes[item.datum.0 as usize]
    }

    /// A datum with its comments, where the next text goes; whether it and what is behind it took several lines.
    fn item(&mut self, item: &Item, role: Role, tail: usize) -> bool {
        let indent = self.out.column();
        for (n, comment) in item.before.iter().enumerate() {
            self.out.text(comment.text);
            match item.breaks_behind(n) {
                0 if !comment.ends_line => self.out.text(" "),
                breaks => self.out.new_line(indent, breaks > 1),
            }
        }
        let line = self.out.line();
        let (_, after) = self.size(item).comments(item);
        self.datum(item.datum, role, tail + after as usize);
        item.after.iter().for_each(|comment| self.behind(comment));
        self.out.line() != line
    }

    fn behind(&mut self, comment: &Comment) {
        if comment.ends_line || self.out.has_waiting() {
            self.out.wait(comment.text, self.source.column(comment));
        } else {
            self.out.text(" ");
            self.out.text(comment.text);
        }
    }

    fn datum(&mut self, d: Datum, role: Role, tail: usize) {
        let size = self.sizes[d.0 as usize];
        if !size.is_broken && self.out.column() + size.flat as usize + tail <= WIDTH {
            self.flat(d);
        } else if let Some(inner) = self.source.behind_prefix(d) {
            self.prefix(d, inner);
            let role = match self.source.data.kind(d) {
                Kind::Quote => Role::Data,
                Kind::Quasiquote | Kind::Unquote | Kind::Splice => Role::Code,
                _ => role,
            };
            self.datum(inner, role, tail);
        } else if self.source.data.kind(d).closer().is_some() {
            self.broken(d, role, tail);
        } else {
            self.out.text(self.source.data.written(d));
        }
    }

    fn prefix(&mut self, d: Datum, inner: Datum) {
        let prefix = self.source.opener(d);
        self.out.text(prefix);
        if prefix_width(self.source, d, inner) > prefix.len() {
            self.out.text(" ");
        }
    }

    fn flat(&mut self, d: Datum) {
        if let Some(inner) = self.source.behind_prefix(d) {
            self.prefix(d, inner);
            return self.flat(inner);
        }
        let Some(closer) = self.source.data.kind(d).closer() else {
            return self.out.text(self.source.data.written(d));
        };
        self.out.text(self.source.opener(d));
        for (n, item) in self.source.parts(d).items.iter().enumerate() {
            self.out.text(if n > 0 { " " } else { "" });
            for comment in &item.before {
                self.out.text(comment.text);
                self.out.text(" ");
            }
            self.flat(item.datum);
            item.after.iter().for_each(|comment| self.behind(comment));
        }
        self.out.text(char::from(closer).encode_utf8(&mut [0; 4]));
    }

    fn broken(&mut self, d: Datum, role: Role, tail: usize) {
        let all = self.source.parts(d);
        let start = self.out.column();
        self.out.text(self.source.opener(d));
        let inner = self.out.column();
        let by_author = self.sizes[d.0 as usize].is_broken;
        let b = Broken { all: &all, start, inner, by_author, tail };
        let indent = if all.items.is_empty() { inner } else { self.parts(self.source.data.kind(d), &b, role) };
        self.close(&b, indent);
        let closer = self.source.data.kind(d).closer().map_or(' ', char::from);
        self.out.text(closer.encode_utf8(&mut [0; 4]));
    }

    /// What comes before the closing bracket.
    fn close(&mut self, b: &Broken, indent: usize) {
        for (n, comment) in b.all.closing.iter().enumerate() {
            if n > 0 || !b.items().is_empty() {
                self.out.new_line(indent, comment.breaks > 1);
            }
            self.out.text(comment.text);
        }
        if b.all.closing.last().is_some_and(|c| c.ends_line) {
            self.out.new_line(indent, false);
        }
    }

    /// What is between the brackets, which is something; gives the indentation of comments behind it.
    fn parts(&mut self, kind: Kind, b: &Broken, role: Role) -> usize {
        let inside = if role == Role::Data { Role::Data } else { Role::Code };
        match (kind, role) {
            (Kind::Map, _) if b.all.is_of_pairs(self.source) => self.pairs(b, inside),
            (Kind::Form, Role::Bindings) => self.lines(b, 0, Role::Plain),
            (Kind::Form, Role::Handlers) => self.lines(b, 0, Role::Code),
            (Kind::Form, Role::Clause) => self.clause(b),
            (Kind::Form, Role::Plain) => self.call(b, false),
            (Kind::Form, Role::Code) => match shape(self.name(&b.items()[0])) {
                None => self.call(b, false),
                Some(Shape::Aligned) => self.call(b, true),
                Some(shape) => self.special(b, shape),
            },
            _ => self.sequence(b, 0, inside),
        }
    }

    /// The name that an item is; empty if it is none.
    fn name(&self, item: &Item) -> &'r str {
        self.source.symbol(item.datum)
    }

    fn is_leaf(&self, item: &Item) -> bool {
        self.source.opener(item.datum).is_empty()
    }

    /// Goes to where an item stands: behind a blank, or on a new line, which is said.
    fn separate(&mut self, item: &Item, indent: usize, on_new_line: bool) -> bool {
        let on_new_line = on_new_line || item.wants_line() || self.out.has_waiting();
        if on_new_line {
            self.out.new_line(indent, item.breaks > 1);
        } else {
            self.out.text(" ");
        }
        on_new_line
    }

    /// Whether an item, or what of it must stand together, has room behind a blank.
    fn has_room(&self, item: &Item, tail: usize) -> bool {
        let size = self.size(item);
        let datum = if size.is_broken { size.head as usize } else { size.flat as usize + tail };
        let (before, after) = size.comments(item);
        self.out.column() + 1 + datum + (before + after) as usize <= WIDTH
    }

    /// Whether items can be broken where they would stand behind a blank.
    fn can_align(&self, items: &[Item]) -> bool {
        let narrow = items.iter().map(|i| self.size(i).narrow as usize).max().unwrap_or(0);
        self.out.column() + 1 + narrow <= WIDTH
    }

    /// Items from one on, where the first has its place already, one a line; gives their indentation.
    fn lines(&mut self, b: &Broken, from: usize, role: Role) -> usize {
        let indent = self.out.column();
        for (n, item) in b.items().iter().enumerate().skip(from) {
            if n > from {
                self.out.new_line(indent, item.breaks > 1);
            }
            self.item(item, role, b.tail(n));
        }
        indent
    }

    /// Items from one on, where the first has its place already: broken where the author broke them and where something
    /// before has several lines; filled if they are many small ones, else one a line.
    fn sequence(&mut self, b: &Broken, from: usize, role: Role) -> usize {
        let items = b.items();
        let indent = self.out.column();
        let fills = b.by_author || items[from..].iter().all(|i| self.is_leaf(i));
        let mut is_first = true;
        let mut several_lines = false;
        for (n, item) in items.iter().enumerate().skip(from) {
            if !core::mem::take(&mut is_first) {
                let breaks = !fills || item.breaks > 0 || several_lines || !self.has_room(item, b.tail(n));
                self.separate(item, indent, breaks);
            }
            several_lines = self.item(item, role, b.tail(n));
        }
        indent
    }

    /// Keys with their values, one pair a line.
    fn pairs(&mut self, b: &Broken, role: Role) -> usize {
        for (n, item) in b.items().iter().enumerate() {
            if n > 0 {
                self.separate(item, b.inner + 2 * (n % 2), n.is_multiple_of(2));
            }
            self.item(item, role, b.tail(n));
        }
        b.inner
    }

    /// An operator and its operands, aligned below the first one, or below the operator if the author broke the line
    /// there or there is no room.
    fn call(&mut self, b: &Broken, one_a_line: bool) -> usize {
        let items = b.items();
        if !self.is_leaf(&items[0]) {
            return self.sequence(b, 0, Role::Code);
        }
        self.item(&items[0], Role::Code, b.tail(0));
        let Some(first) = items.get(1) else { return b.inner };
        let below = first.breaks > 0 || !self.can_align(&items[1..]);
        self.separate(first, b.inner, below);
        if one_a_line { self.lines(b, 1, Role::Code) } else { self.sequence(b, 1, Role::Code) }
    }

    /// A form of the table: operands on the line of the operator, then the body.
    fn special(&mut self, b: &Broken, shape: Shape) -> usize {
        let (operands, role, body) = match shape {
            Shape::Body { operands, role, body } => (operands, role, body),
            Shape::Options { operands, role } => (operands, role, Role::Code),
            Shape::Aligned => (0, Role::Code, Role::Code),
        };
        let items = b.items();
        self.item(&items[0], Role::Code, b.tail(0));
        let operands = self.operands(b, operands);
        if operands == 0 && items.get(1).is_some_and(|i| self.stays(b, i)) {
            self.out.text(" ");
            return self.lines(b, 1, body);
        }
        let (mut at, mut is_beside) = (1, true);
        while at <= operands && at < items.len() {
            // A break that the body does not make is left where it was.
            let below = (operands + 1 >= items.len() && items[at].breaks > 0) || !self.can_align(&items[at..=at]);
            is_beside &= !self.separate(&items[at], b.start + 4, below) && items[at].breaks == 0;
            self.item(&items[at], role, b.tail(at));
            at += 1;
        }
        if matches!(shape, Shape::Options { .. }) {
            at = self.options(b, at);
        }
        if at == 2 && is_beside && self.is_value(items) && self.stays(b, &items[2]) {
            self.out.text(" ");
            return self.lines(b, 2, body);
        }
        for (n, item) in items.iter().enumerate().skip(at) {
            self.out.new_line(b.start + 2, item.breaks > 1);
            self.item(item, body, b.tail(n));
        }
        b.start + 2
    }

    /// How many operands stand before the body: the name of a named `let`, the type variables of a data type and the type
    /// of a result belong to them.
    fn operands(&self, b: &Broken, count: usize) -> usize {
        let items = b.items();
        let is_name = |n: usize| items.get(n).is_some_and(|i| !self.name(i).is_empty());
        let mut count = match self.name(&items[0]) {
            "let" | "let*" | "letrec" | "loop" if is_name(1) => 2,
            "data" => (1..items.len()).take_while(|&n| is_name(n)).count(),
            // What is tried may stay beside the name; the clauses are no more to the right for that.
            "try" if items.get(1).is_some_and(|i| self.stays(b, i)) => 1,
            // `async` of a single operand starts a task for it.
            "async" if items.len() == 2 => 0,
            _ => count,
        };
        if count > 0 && items.get(count + 1).is_some_and(|i| self.name(i) == ":") {
            count += 2;
        }
        count
    }

    /// Whether a definition gives a name a single value, or what may be a procedure takes one.
    fn is_value(&self, items: &[Item]) -> bool {
        let name = self.name(&items[0]);
        let defines = matches!(name, "define" | "type") && items.len() == 3 && !self.name(&items[1]).is_empty();
        defines || (name.starts_with("with-") && items.len() == 3)
    }

    /// Whether the author left an item on the line of what is before it, and it can be there.
    fn stays(&self, b: &Broken, item: &Item) -> bool {
        let free = !item.wants_line() && !self.out.has_waiting();
        b.by_author && item.breaks == 0 && free && self.can_align(core::slice::from_ref(item))
    }

    /// Keywords with what they say, one pair a line; gives the place of what follows them.
    fn options(&mut self, b: &Broken, mut at: usize) -> usize {
        let items = b.items();
        // The last keyword of a definition is its value.
        let needed = if self.name(&items[0]) == "define" { 3 } else { 2 };
        while at + needed <= items.len() && self.source.data.kind(items[at].datum) == Kind::Keyword {
            self.out.new_line(b.start + 2, items[at].breaks > 1);
            self.item(&items[at], Role::Code, 0);
            self.separate(&items[at + 1], b.start + 4, false);
            self.item(&items[at + 1], Role::Code, b.tail(at + 1));
            at += 2;
        }
        at
    }

    /// A test or pattern, with its guard, and a body: beside it if it is one datum and stood there, else below.
    fn clause(&mut self, b: &Broken) -> usize {
        let items = b.items();
        let has_guard = items.len() > 3 && self.name(&items[1]) == "when";
        let head = if has_guard { 3 } else { 1 };
        let mut is_beside = items.len() == head + 1;
        let has_body = items.len() > head;
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                let below = if n < head { !has_body && item.breaks > 0 } else { !(is_beside && self.stays(b, item)) };
                let below = below || !self.can_align(&items[n..=n]);
                is_beside &= !self.separate(item, b.inner, below) && item.breaks == 0;
            }
            self.item(item, Role::Code, b.tail(n));
        }
        b.inner
    }
}
