//! Syntax as the data of macros, and what they give as syntax.
//!
//! Data that come back as they were given are the syntax they were, with its places, marks and brackets; of what a macro
//! made the place is that of the use. An odd number of things in braces is no map: it is a list to the macro.

use std::collections::HashMap;

use molt_abi::layout::SymbolObj;
use molt_base::{EntityId, FileId, Span, Symbol};

use super::{MacroId, Reported};
use crate::expand::Expander;
use crate::macros::{Datum, Origin, Place};
use crate::stx::{Mark, StxId};
use crate::syntax::Kind;
use crate::syntax::literal::{Number, to_decimal};

impl Origin {
    fn given(s: StxId) -> Origin {
        Origin((s.0 << 2) | 1)
    }

    /// Of symbols of templates.
    pub(crate) fn mark(mark: Mark) -> Origin {
        Origin((mark.0 << 2) | 2)
    }

    /// Of lists that a template has in brackets.
    pub(crate) const BRACKETS: Origin = Origin(3);
    /// Of symbols that `gensym` made.
    const GENERATED: Origin = Origin(SymbolObj::GENERATED);

    fn as_given(self) -> Option<StxId> {
        self.is_given().then_some(StxId(self.0 >> 2))
    }

    fn as_mark(self) -> Option<Mark> {
        (self.0 & 3 == 2).then_some(Mark(self.0 >> 2))
    }
}

/// One expansion.
struct Made {
    by: MacroId,
    span: Span,
    /// The program that ran; its `gensym` made names that no other symbol of the program has.
    program: u32,
    /// Of marks of templates those of this expansion.
    marks: HashMap<Mark, Mark>,
}

impl Expander<'_> {
    /// The data that a macro gets.
    pub(super) fn datum(&mut self, s: StxId) -> Result<Datum, Reported> {
        let text = |e: &Self| e.text(e.syntax.text(s)).to_owned();
        Ok(match self.syntax.kind(s) {
            // It was reported.
            Kind::Error => return Err(Reported),
            Kind::Nil => Datum::Nil,
            Kind::True => Datum::Bool(true),
            Kind::False => Datum::Bool(false),
            Kind::Int | Kind::Float => match self.syntax.number(s, &self.core.names).expect("the kind says so") {
                Number::Small(v) => Datum::Int(v),
                Number::Float(v) => Datum::Float(v),
                Number::Large { negative, radix, digits } => {
                    let decimal = to_decimal(&digits, radix);
                    Datum::BigInt(if negative { format!("-{decimal}") } else { decimal })
                }
            },
            Kind::Str => Datum::Str(text(self)),
            Kind::Keyword => Datum::Keyword(text(self)),
            Kind::Symbol => Datum::Symbol(text(self), Origin::given(s)),
            Kind::Form | Kind::List => Datum::List(self.parts_of(s)?, Origin::given(s)),
            Kind::Map if self.syntax.parts(s).len() % 2 == 1 => Datum::List(self.parts_of(s)?, Origin::given(s)),
            Kind::Map => Datum::Map(self.parts_of(s)?, Origin::given(s)),
            Kind::Set => Datum::Set(self.parts_of(s)?, Origin::given(s)),
            prefix => {
                let operator = prefix.operator().expect("only prefixes are left").to_owned();
                let mut list = vec![Datum::Symbol(operator, Origin::mark(Mark::READER))];
                list.extend(self.parts_of(s)?);
                Datum::List(list, Origin::given(s))
            }
        })
    }

    fn parts_of(&mut self, s: StxId) -> Result<Vec<Datum>, Reported> {
        let parts = self.syntax.parts(s).to_vec();
        parts.into_iter().map(|p| self.datum(p)).collect()
    }

    /// The syntax that a macro gave for a use.
    pub(super) fn syntax_of(&mut self, by: MacroId, datum: &Datum, form: StxId, program: u32) -> StxId {
        let depth = self.syntax.depth(form) + 1;
        let outer = std::mem::replace(&mut self.syntax.depth, depth);
        let mut made = Made { by, span: self.syntax.span(form), program, marks: HashMap::new() };
        let s = self.made(datum, &mut made);
        self.syntax.depth = outer;
        s
    }

    fn made(&mut self, datum: &Datum, to: &mut Made) -> StxId {
        let (kind, text) = match datum {
            Datum::Nil => (Kind::Nil, ""),
            Datum::Bool(v) => (if *v { Kind::True } else { Kind::False }, ""),
            Datum::Int(v) => return self.made_atom(Kind::Int, &v.to_string(), to),
            Datum::BigInt(digits) => (Kind::Int, digits.as_str()),
            Datum::Float(v) => return self.made_float(*v, to),
            Datum::Str(text) => (Kind::Str, text.as_str()),
            Datum::Keyword(text) => (Kind::Keyword, text.as_str()),
            Datum::Symbol(name, origin) => return self.made_symbol(name, *origin, to),
            Datum::List(items, origin) => {
                let kind = if *origin == Origin::BRACKETS { Kind::List } else { Kind::Form };
                return self.made_list(kind, items, to);
            }
            Datum::Map(items, _) => return self.made_list(Kind::Map, items, to),
            Datum::Set(items, _) => return self.made_list(Kind::Set, items, to),
            Datum::Given(origin) => return origin.as_given().expect("the runner says what was given"),
        };
        self.made_atom(kind, text, to)
    }

    fn made_atom(&mut self, kind: Kind, text: &str, to: &Made) -> StxId {
        let text = self.core.names.intern(text);
        self.syntax.make(kind, to.span, text, Mark::SOURCE, &[])
    }

    fn made_list(&mut self, kind: Kind, items: &[Datum], to: &mut Made) -> StxId {
        let parts: Vec<StxId> = items.iter().map(|d| self.made(d, to)).collect();
        self.syntax.make(kind, to.span, Symbol(0), Mark::SOURCE, &parts)
    }

    /// The numbers that have no literal are quotients.
    fn made_float(&mut self, v: f64, to: &Made) -> StxId {
        if v.is_finite() {
            return self.made_atom(Kind::Float, &format!("{v:?}"), to);
        }
        let over = if v.is_nan() { "0.0" } else { if v > 0.0 { "1.0" } else { "-1.0" } };
        let slash = self.core.names.intern("/");
        let operator = self.syntax.make(Kind::Symbol, to.span, slash, Mark::READER, &[]);
        let parts = [operator, self.made_atom(Kind::Float, over, to), self.made_atom(Kind::Float, "0.0", to)];
        self.syntax.make(Kind::Form, to.span, Symbol(0), Mark::SOURCE, &parts)
    }

    fn made_symbol(&mut self, name: &str, origin: Origin, to: &mut Made) -> StxId {
        if let Some(given) = origin.as_given() {
            return given;
        }
        let text = self.core.names.intern(name);
        let mark = match origin.as_mark() {
            Some(Mark::READER) => Mark::READER,
            Some(template) => self.mark_of(template, to),
            None if origin == Origin::GENERATED => self.generated_mark(to.program, text),
            None => Mark::SOURCE,
        };
        self.syntax.make(Kind::Symbol, to.span, text, mark, &[])
    }

    /// The mark of an expansion for symbols of a template.
    fn mark_of(&mut self, template: Mark, to: &mut Made) -> Mark {
        if let Some(&known) = to.marks.get(&template) {
            return known;
        }
        let mark = self.scopes.renewed(template);
        to.marks.insert(template, mark);
        self.macros.writers.insert(mark, to.by);
        mark
    }

    /// The mark of a name that `gensym` made.
    fn generated_mark(&mut self, program: u32, name: Symbol) -> Mark {
        if let Some(&known) = self.macros.generated.get(&(program, name)) {
            return known;
        }
        let mark = self.scopes.renewed(Mark::READER);
        self.macros.generated.insert((program, name), mark);
        mark
    }

    /// The place that the runtime tells, in the sources.
    pub(super) fn span_of(&self, place: &Place) -> Option<Span> {
        let id = (0..self.sources.len()).map(FileId::from_index).find(|&f| self.sources.file(f).name == place.file)?;
        let file = self.sources.file(id);
        let offset = |(line, col): (u32, u32)| {
            let start = file.lines().start(line)?;
            let column: usize = file.text[start as usize..].chars().take(col as usize).map(char::len_utf8).sum();
            Some(start + column as u32)
        };
        Some(Span { file: id, start: offset(place.start)?, end: offset(place.end)? })
    }
}
