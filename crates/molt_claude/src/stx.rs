//! Syntax: data with places and with marks that tell what a macro wrote from what it was given.
//!
//! A name is a symbol with a mark. Mark 0 is the source; each expansion of a macro has a mark of its own for the symbols
//! of its template, so that what a template binds is never what the argument of the macro means, and the other way round.

use molt_base::{Arena, FileId, Interner, Span, Symbol, entity_id};

use crate::syntax::literal::{self, Number};
use crate::syntax::{Data, Datum, Kind};

entity_id!(
    /// A piece of syntax.
    pub struct StxId("x")
);
entity_id!(
    /// An expansion of a macro; 0 is the source itself.
    pub struct Mark("m")
);

impl Mark {
    pub const SOURCE: Mark = Mark(0);
    /// The operators that `'d` and the other prefixes stand for: they mean the forms of the language everywhere.
    pub const READER: Mark = Mark(1);
}

/// A name as scopes know it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    pub symbol: Symbol,
    pub mark: Mark,
}

#[derive(Clone, Copy, Debug)]
struct Stx {
    kind: Kind,
    /// How many expansions it came out of, one inside the other.
    depth: u8,
    span: Span,
    /// Text of a symbol, of a keyword without its colon, of a number as written, value of a string.
    text: Symbol,
    mark: Mark,
    first: u32,
    count: u32,
}

/// All syntax of one compilation.
#[derive(Default)]
pub struct Syntax {
    nodes: Arena<StxId, Stx>,
    parts: Vec<StxId>,
    /// What new syntax gets as [`Syntax::depth`].
    pub depth: u8,
}

const _: () = assert!(size_of::<Stx>() == 32);

impl Syntax {
    /// The data of a file that are no part of another.
    pub fn add(&mut self, data: &Data, names: &mut Interner) -> Vec<StxId> {
        data.top().map(|d| self.datum(data, d, names)).collect()
    }

    fn datum(&mut self, data: &Data, d: Datum, names: &mut Interner) -> StxId {
        let kind = data.kind(d);
        let text = match kind {
            Kind::Symbol | Kind::Keyword => names.intern(data.name(d).unwrap_or_default()),
            Kind::Str => names.intern(&data.string(d).unwrap_or_default()),
            Kind::Int | Kind::Float => names.intern(data.written(d)),
            _ => Symbol(0),
        };
        let parts: Vec<StxId> = data.parts(d).map(|p| self.datum(data, p, names)).collect();
        self.make(kind, data.span(d), text, Mark::SOURCE, &parts)
    }

    /// New syntax.
    pub fn make(&mut self, kind: Kind, span: Span, text: Symbol, mark: Mark, parts: &[StxId]) -> StxId {
        let first = self.parts.len() as u32;
        self.parts.extend_from_slice(parts);
        self.nodes.push(Stx { kind, depth: self.depth, span, text, mark, first, count: parts.len() as u32 })
    }

    /// A form of other parts, in the place of one that it is written for.
    pub fn rewritten(&mut self, from: StxId, parts: &[StxId]) -> StxId {
        let outer = std::mem::replace(&mut self.depth, self.nodes[from].depth);
        let made = self.make(Kind::Form, self.span(from), Symbol(0), Mark::SOURCE, parts);
        self.depth = outer;
        made
    }

    /// How many expansions something came out of, one inside the other.
    pub fn depth(&self, s: StxId) -> u8 {
        self.nodes[s].depth
    }

    pub fn kind(&self, s: StxId) -> Kind {
        self.nodes[s].kind
    }

    pub fn span(&self, s: StxId) -> Span {
        self.nodes[s].span
    }

    pub fn file(&self, s: StxId) -> FileId {
        self.nodes[s].span.file
    }

    pub fn parts(&self, s: StxId) -> &[StxId] {
        let n = self.nodes[s];
        &self.parts[n.first as usize..(n.first + n.count) as usize]
    }

    /// Text of a symbol, keyword, string or number.
    pub fn text(&self, s: StxId) -> Symbol {
        self.nodes[s].text
    }

    pub fn mark(&self, s: StxId) -> Mark {
        self.nodes[s].mark
    }

    /// The name that a symbol is.
    pub fn name(&self, s: StxId) -> Option<Name> {
        let n = self.nodes[s];
        (n.kind == Kind::Symbol).then_some(Name { symbol: n.text, mark: n.mark })
    }

    /// Whether this is a symbol of this text.
    pub fn is_symbol(&self, s: StxId, text: &str, names: &Interner) -> bool {
        self.kind(s) == Kind::Symbol && names.text(self.text(s)) == text
    }

    /// The name of a keyword.
    pub fn keyword<'n>(&self, s: StxId, names: &'n Interner) -> Option<&'n str> {
        (self.kind(s) == Kind::Keyword).then(|| names.text(self.text(s)))
    }

    /// The value of a number.
    pub fn number<'n>(&self, s: StxId, names: &'n Interner) -> Option<Number<'n>> {
        matches!(self.kind(s), Kind::Int | Kind::Float).then(|| literal::number(names.text(self.text(s))))
    }
}
