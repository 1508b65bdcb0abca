//! One text as it is written: what lies inside of what, what can be folded, what it defines.

use molt_base::{FileId, Span};
use molt_claude_syntax::forms::{Form, TABLE};

use crate::syntax::{self, Data, Datum, Kind};

/// A text that was read.
#[derive(Debug)]
pub struct Page {
    pub data: Data,
}

/// Lines that can be folded, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    pub first: u32,
    pub last: u32,
    pub is_comment: bool,
}

/// A definition with what it contains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    pub name: String,
    pub form: Form,
    pub whole: Span,
    /// The name alone.
    pub place: Span,
    pub parts: Vec<Section>,
    /// A procedure, of `define`.
    pub is_procedure: bool,
    /// A constructor or an operation: a part of what its form defines.
    pub is_part: bool,
}

/// Whether a text is a symbol that can be defined.
pub fn is_name(text: &str) -> bool {
    let read = syntax::read(FileId(0), text);
    let mut top = read.data.top();
    let is_symbol = top.next().is_some_and(|d| read.data.kind(d) == Kind::Symbol && read.data.written(d) == text);
    is_symbol && top.next().is_none() && read.diagnostics.is_empty()
}

impl Page {
    pub fn new(file: FileId, text: &str) -> Page {
        Page { data: syntax::read(file, text).data }
    }

    /// The data around an offset, outermost first. One that ends at the offset is around it if it is a name or a number.
    pub fn around(&self, offset: u32) -> Vec<Datum> {
        let mut chain = Vec::new();
        let mut inside = self.data.top().find(|&d| self.holds(d, offset));
        while let Some(d) = inside {
            chain.push(d);
            inside = self.data.parts(d).find(|&p| self.holds(p, offset));
        }
        chain
    }

    fn holds(&self, d: Datum, offset: u32) -> bool {
        let span = self.data.span(d);
        let ends = matches!(self.data.kind(d), Kind::Symbol | Kind::Keyword | Kind::Int | Kind::Float);
        span.start <= offset && (offset < span.end || ends && offset == span.end)
    }

    /// The symbol that opens a form.
    pub fn head(&self, d: Datum) -> Option<Datum> {
        let first = (self.data.kind(d) == Kind::Form).then(|| self.data.parts(d).next()).flatten()?;
        (self.data.kind(first) == Kind::Symbol).then_some(first)
    }

    /// The form of the language that a form is.
    pub fn form(&self, d: Datum) -> Option<Form> {
        let name = self.data.name(self.head(d)?)?;
        TABLE.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// The text in which what is defined at an offset can be seen, for names of bodies: the form that binds it, and of a
    /// definition the form around it.
    pub fn scope(&self, offset: u32) -> Option<Span> {
        let chain = self.around(offset);
        let mut forms = chain.iter().enumerate().rev().filter(|(_, d)| self.form(**d).is_some());
        let (i, &d) = forms.next()?;
        let scope = match self.form(d)? {
            Form::Define if self.is_target(d, offset) => forms.next().map_or(d, |(_, &outer)| outer),
            // Each clause binds for itself.
            Form::Match | Form::Case | Form::Handler | Form::MakeHandler => chain.get(i + 1).copied().unwrap_or(d),
            _ => d,
        };
        Some(self.data.span(scope))
    }

    /// Whether an offset lies in the name that a definition defines.
    fn is_target(&self, define: Datum, offset: u32) -> bool {
        let Some(target) = self.data.parts(define).nth(1) else { return false };
        let name = if self.data.kind(target) == Kind::Form { self.data.parts(target).next() } else { Some(target) };
        name.is_some_and(|n| self.holds(n, offset))
    }

    /// The innermost call around an offset that lies behind its operator: the operator, and which operand is there.
    pub fn call(&self, offset: u32) -> Option<(Datum, usize)> {
        let chain = self.around(offset);
        chain.iter().rev().find_map(|&d| {
            let head = self.head(d).filter(|&h| self.data.span(h).end < offset)?;
            let before = self.data.parts(d).skip(1).filter(|&p| self.data.span(p).end < offset).count();
            Some((head, before))
        })
    }

    /// The end of what a definition says of its name: of `(f x)`, or of the name alone.
    pub fn signature_end(&self, name: Span) -> u32 {
        let chain = self.around(name.start);
        let signature = chain.iter().rev().nth(1).filter(|&&d| self.head(d).is_some_and(|h| self.data.span(h) == name));
        signature.map_or(name.end, |&d| self.data.span(d).end)
    }

    /// What can be folded: data and runs of comments of several lines.
    pub fn regions(&self) -> Vec<Region> {
        let mut regions = self.comments();
        let line_of = self.lines();
        for d in (0..self.data.count() as u32).map(Datum) {
            let span = self.data.span(d);
            let (first, last) = (line_of(span.start), line_of(span.end.saturating_sub(1)));
            if last > first && !self.data.kind(d).is_prefix() {
                regions.push(Region { first, last, is_comment: false });
            }
        }
        regions.sort_by_key(|r| (r.first, std::cmp::Reverse(r.last)));
        regions.dedup_by_key(|r| r.first);
        regions
    }

    fn lines(&self) -> impl Fn(u32) -> u32 {
        let breaks: Vec<u32> =
            self.data.text().bytes().enumerate().filter(|b| b.1 == b'\n').map(|b| b.0 as u32).collect();
        move |offset| breaks.partition_point(|&b| b < offset) as u32
    }

    fn comments(&self) -> Vec<Region> {
        let (mut regions, mut first, mut start) = (Vec::new(), None, 0);
        let text = self.data.text();
        for (n, line) in text.split('\n').chain([""]).enumerate() {
            let at = start + (line.len() - line.trim_start().len()) as u32;
            start += line.len() as u32 + 1;
            let is_comment = line.trim_start().starts_with(';') && !self.is_string(at);
            match (first, is_comment) {
                (None, true) => first = Some(n as u32),
                (Some(f), false) => {
                    let last = n as u32 - 1;
                    regions.extend((last > f).then_some(Region { first: f, last, is_comment: true }));
                    first = None;
                }
                _ => {}
            }
        }
        regions
    }

    fn is_string(&self, offset: u32) -> bool {
        self.around(offset).last().is_some_and(|&d| self.data.kind(d) == Kind::Str)
    }

    /// What the text defines at its top and in its modules.
    pub fn sections(&self) -> Vec<Section> {
        self.data.top().filter_map(|d| self.section(d)).collect()
    }

    fn section(&self, d: Datum) -> Option<Section> {
        let form = self.form(d)?;
        let parts: Vec<Datum> = self.data.parts(d).skip(1).collect();
        let &target = parts.first()?;
        let is_list = matches!(self.data.kind(target), Kind::Form);
        let mut name = if is_list { self.data.parts(target).next()? } else { target };
        let lambda = parts.get(1).and_then(|&v| self.form(v));
        let mut is_procedure = is_list || lambda == Some(Form::Lambda);
        // `(define (name : T) e)` gives a variable a type.
        if is_list
            && form == Form::Define
            && self.data.parts(target).nth(1).is_some_and(|c| self.data.name(c) == Some(":"))
        {
            is_procedure = lambda == Some(Form::Lambda);
        }
        let inner = |parts: &[Datum]| parts.iter().filter_map(|&p| self.part(p, form)).collect::<Vec<_>>();
        let inside = match form {
            Form::Define | Form::DefineMacro | Form::TypeAlias | Form::Contract => Vec::new(),
            Form::Data | Form::DefineEffect => inner(&parts[1..]),
            Form::Module => parts[1..].iter().filter_map(|&p| self.section(p)).collect(),
            _ => return None,
        };
        if form == Form::Contract {
            name = target;
        }
        let text = self.data.name(name)?.to_owned();
        let (whole, place) = (self.data.span(d), self.data.span(name));
        Some(Section { name: text, form, whole, place, parts: inside, is_procedure, is_part: false })
    }

    /// A constructor of a data type, or an operation of an effect.
    fn part(&self, d: Datum, form: Form) -> Option<Section> {
        let name = self.head(d)?;
        let text = self.data.name(name)?.to_owned();
        let (whole, place) = (self.data.span(d), self.data.span(name));
        Some(Section { name: text, form, whole, place, parts: Vec::new(), is_procedure: true, is_part: true })
    }
}
