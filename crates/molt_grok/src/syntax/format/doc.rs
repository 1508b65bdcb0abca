//! Layout documents (Wadler, Oppen): text with places where lines may break, in groups that break together.

/// A layout.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    Nil,
    Text(String),
    Concat(Vec<Doc>),
    Indent(Box<Doc>),
    /// Printed on one line if it fits; `true` if something inside forces it to break.
    Group(Box<Doc>, bool),
    /// The first form if its first line fits, else the second.
    Either(Box<Doc>, Box<Doc>),
    /// A blank, or a new line in a broken group.
    Line,
    /// Nothing, or a new line in a broken group.
    SoftLine,
    HardLine,
    /// A new line unless the line is empty so far.
    FreshLine,
    /// Text in a broken group only.
    IfBroken(&'static str),
    /// Text at the end of the line at hand: a comment. Whatever surrounds it breaks.
    Suffix(String),
}

impl Doc {
    pub fn text(text: impl Into<String>) -> Doc {
        Doc::Text(text.into())
    }

    pub fn indent(doc: Doc) -> Doc {
        Doc::Indent(Box::new(doc))
    }

    pub fn group(doc: Doc) -> Doc {
        let broken = doc.forces_break();
        Doc::Group(Box::new(doc), broken)
    }

    /// A group that is broken whether it fits or not.
    pub fn broken_group(doc: Doc) -> Doc {
        Doc::Group(Box::new(doc), true)
    }

    pub fn either(first: Doc, second: Doc) -> Doc {
        Doc::Either(Box::new(first), Box::new(second))
    }

    /// Whether the document cannot stand on one line.
    pub fn forces_break(&self) -> bool {
        match self {
            Doc::HardLine | Doc::FreshLine | Doc::Suffix(_) => true,
            Doc::Text(text) => text.contains('\n'),
            Doc::Concat(parts) => parts.iter().any(Doc::forces_break),
            Doc::Indent(inner) => inner.forces_break(),
            Doc::Group(_, broken) => *broken,
            Doc::Either(first, _) => first.forces_break(),
            Doc::Nil | Doc::Line | Doc::SoftLine | Doc::IfBroken(_) => false,
        }
    }
}

impl FromIterator<Doc> for Doc {
    fn from_iter<I: IntoIterator<Item = Doc>>(parts: I) -> Doc {
        Doc::Concat(parts.into_iter().collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

/// Writes a document with lines of at most `width` columns where that is possible.
pub(super) fn print(doc: &Doc, width: usize, indent: usize) -> String {
    let mut printer = Printer { out: String::new(), width, step: indent, column: 0, pending: 0, suffix: String::new() };
    printer.run(doc);
    let mut out = printer.out;
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

struct Printer {
    out: String,
    width: usize,
    step: usize,
    column: usize,
    /// Indentation that the next text on this line gets.
    pending: usize,
    /// Comments that wait for the end of the line.
    suffix: String,
}

impl Printer {
    fn run(&mut self, doc: &Doc) {
        let mut stack = vec![(0usize, Mode::Broken, doc)];
        while let Some((indent, mode, doc)) = stack.pop() {
            match doc {
                Doc::Nil => {}
                Doc::Text(text) => self.text(text),
                Doc::Concat(parts) => stack.extend(parts.iter().rev().map(|p| (indent, mode, p))),
                Doc::Indent(inner) => stack.push((indent + self.step, mode, inner)),
                Doc::Group(inner, broken) => {
                    let flat = !broken && (mode == Mode::Flat || self.fits(Mode::Flat, inner, &stack));
                    stack.push((indent, if flat { Mode::Flat } else { Mode::Broken }, inner));
                }
                Doc::Either(first, second) => {
                    let chosen = if self.fits(Mode::Broken, first, &stack) { first } else { second };
                    stack.push((indent, Mode::Broken, chosen));
                }
                Doc::Line if mode == Mode::Flat => self.text(" "),
                Doc::SoftLine if mode == Mode::Flat => {}
                Doc::Line | Doc::SoftLine | Doc::HardLine => self.new_line(indent),
                Doc::FreshLine => {
                    if self.column > 0 || !self.suffix.is_empty() {
                        self.new_line(indent);
                    } else {
                        self.pending = indent;
                    }
                }
                Doc::IfBroken(text) => {
                    if mode == Mode::Broken {
                        self.text(text);
                    }
                }
                Doc::Suffix(text) => {
                    self.suffix.push(' ');
                    self.suffix.push_str(text);
                }
            }
        }
        self.flush_suffix();
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.column == 0 && !text.starts_with('\n') {
            self.out.extend(std::iter::repeat_n(' ', self.pending));
            self.column = self.pending;
        }
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(n) => self.column = text[n + 1..].chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    fn flush_suffix(&mut self) {
        let suffix = std::mem::take(&mut self.suffix);
        if !suffix.is_empty() {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.text(if self.column == 0 { suffix.trim_start() } else { &suffix });
        }
    }

    fn new_line(&mut self, indent: usize) {
        self.flush_suffix();
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        self.column = 0;
        self.pending = indent;
    }

    /// Whether the text up to the next line break fits the rest of the line. Groups inside of `first` are taken flat;
    /// those that come after it may still break.
    fn fits(&self, mode: Mode, first: &Doc, rest: &[(usize, Mode, &Doc)]) -> bool {
        let at = if self.column == 0 { self.pending } else { self.column };
        let Some(mut room) = self.width.checked_sub(at) else { return false };
        let mut stack: Vec<(Mode, &Doc)> = vec![(mode, first)];
        let mut outer = rest.iter().rev();
        let mut inside = true;
        loop {
            let (mode, doc) = match stack.pop() {
                Some(top) => top,
                None => match outer.next() {
                    Some(&(_, mode, doc)) => {
                        inside = false;
                        (mode, doc)
                    }
                    None => return true,
                },
            };
            let text: &str = match doc {
                Doc::Nil | Doc::Suffix(_) => "",
                Doc::Text(text) => {
                    let line = text.split('\n').next().unwrap_or("");
                    if line.len() < text.len() {
                        return line.chars().count() <= room;
                    }
                    text
                }
                Doc::Concat(parts) => {
                    stack.extend(parts.iter().rev().map(|p| (mode, p)));
                    ""
                }
                Doc::Indent(inner) => {
                    stack.push((mode, inner));
                    ""
                }
                Doc::Group(inner, broken) => {
                    let flat = !broken && (inside || mode == Mode::Flat);
                    stack.push((if flat { Mode::Flat } else { Mode::Broken }, inner));
                    ""
                }
                Doc::Either(first, _) => {
                    stack.push((mode, first));
                    ""
                }
                Doc::Line if mode == Mode::Flat => " ",
                Doc::SoftLine if mode == Mode::Flat => "",
                Doc::Line | Doc::SoftLine | Doc::HardLine | Doc::FreshLine => return true,
                Doc::IfBroken(text) => {
                    if mode == Mode::Broken {
                        text
                    } else {
                        ""
                    }
                }
            };
            match room.checked_sub(text.chars().count()) {
                Some(left) => room = left,
                None => return false,
            }
        }
    }
}
