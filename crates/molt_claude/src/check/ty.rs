//! Types and what can be said of two of them.
//!
//! The question is never whether two types are equal but whether a value may belong to both: types that nothing is known of
//! fit everywhere, and a fault is only what goes wrong whenever the place is reached.

use molt_abi::Predicate;
use molt_base::{Arena, Symbol, entity_id};

use super::row::RowId;
use crate::core::{Core, CtorId, DataTypeId, TypeTest};

entity_id!(
    /// A type.
    pub struct TyId("t")
);
entity_id!(
    /// A variable for types or rows.
    pub struct VarId("v")
);

/// Most members of a union that was found; one of more is any value.
const MOST_MEMBERS: usize = 5;

/// A type without parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    Nil,
    Bool,
    Int,
    Float,
    Number,
    String,
    Symbol,
    Keyword,
    Bytes,
    Error,
}

/// The names of types without parts, and the numbers of the runtime's kind tests that make them.
pub const BASES: &[(&str, Base, u32)] = &[
    ("Nil", Base::Nil, Predicate::Nil.bit()),
    ("Bool", Base::Bool, Predicate::Bool.bit()),
    ("Int", Base::Int, Predicate::Int.bit()),
    ("Float", Base::Float, Predicate::Float.bit()),
    ("Number", Base::Number, Predicate::Int.bit() | Predicate::Float.bit()),
    ("String", Base::String, Predicate::String.bit()),
    ("Symbol", Base::Symbol, Predicate::Symbol.bit()),
    ("Keyword", Base::Keyword, Predicate::Keyword.bit()),
    ("Bytes", Base::Bytes, Predicate::Bytes.bit()),
    ("Error", Base::Error, Predicate::Error.bit()),
];

/// A type with parts that the language has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Con {
    List,
    Map,
    Set,
    Tuple,
    Ref,
    Promise,
    Channel,
    Actor,
}

/// The names of types with parts, how many there are (any number for a tuple), and the numbers of the kind tests.
pub const CONS: &[(&str, Con, Option<usize>, u32)] = &[
    ("List", Con::List, Some(1), Predicate::List.bit()),
    ("Map", Con::Map, Some(2), Predicate::Map.bit()),
    ("Set", Con::Set, Some(1), Predicate::Set.bit()),
    ("Tuple", Con::Tuple, None, Predicate::Tuple.bit()),
    ("Ref", Con::Ref, Some(1), Predicate::Ref.bit()),
    ("Promise", Con::Promise, Some(1), Predicate::Promise.bit()),
    ("Channel", Con::Channel, Some(1), Predicate::Channel.bit()),
    ("Actor", Con::Actor, Some(1), Predicate::Actor.bit()),
];

/// Procedures, and keywords, which look themselves up.
const CALLABLE: u32 = Predicate::Procedure.bit() | Predicate::Keyword.bit();
const MAP: u32 = Predicate::Map.bit();

/// What is known of a value.
#[derive(Clone, PartialEq, Debug)]
pub enum Ty {
    /// Nothing.
    Any,
    /// That there is none: control does not come back with one.
    Never,
    /// Nothing yet: the result of a procedure that is being looked at.
    Pending,
    Base(Base),
    Var(VarId),
    App(Con, Box<[TyId]>),
    Data(DataTypeId, Box<[TyId]>),
    /// A map that has these keys.
    Record(Box<[(Symbol, TyId)]>),
    Union(Box<[TyId]>),
    Fn(Box<FnTy>),
}

/// A procedure's type; its variables stand for any type anew at each call.
#[derive(Clone, PartialEq, Debug)]
pub struct FnTy {
    pub params: Vec<TyId>,
    /// How many of the parameters a call gives at least.
    pub least: usize,
    /// Of all further operands.
    pub rest: Option<TyId>,
    pub result: TyId,
    pub row: RowId,
}

impl FnTy {
    pub fn takes(&self, count: usize) -> bool {
        count >= self.least && (count <= self.params.len() || self.rest.is_some())
    }

    /// The type that an operand is to have.
    pub fn operand(&self, at: usize) -> Option<TyId> {
        self.params.get(at).copied().or(self.rest)
    }
}

/// All types of a program.
pub struct Types {
    arena: Arena<TyId, Ty>,
    vars: u32,
}

impl Types {
    pub const ANY: TyId = TyId(0);
    pub const NEVER: TyId = TyId(1);
    pub const PENDING: TyId = TyId(2);
    const FIRST_BASE: u32 = 3;

    pub fn new() -> Types {
        let mut arena = Arena::new();
        for ty in [Ty::Any, Ty::Never, Ty::Pending].into_iter().chain(BASES.iter().map(|b| Ty::Base(b.1))) {
            arena.push(ty);
        }
        Types { arena, vars: 0 }
    }

    pub fn base(base: Base) -> TyId {
        let at = BASES.iter().position(|b| b.1 == base).expect("the table has all of them");
        TyId(Types::FIRST_BASE + at as u32)
    }

    pub fn get(&self, t: TyId) -> &Ty {
        &self.arena[t]
    }

    pub fn add(&mut self, ty: Ty) -> TyId {
        self.arena.push(ty)
    }

    pub fn app(&mut self, con: Con, parts: &[TyId]) -> TyId {
        self.add(Ty::App(con, parts.into()))
    }

    pub fn var(&mut self) -> VarId {
        self.vars += 1;
        VarId(self.vars - 1)
    }

    pub fn fresh(&mut self) -> TyId {
        let var = self.var();
        self.add(Ty::Var(var))
    }

    pub fn as_fn(&self, t: TyId) -> Option<&FnTy> {
        match self.get(t) {
            Ty::Fn(f) => Some(f),
            _ => None,
        }
    }

    fn is_unknown(&self, t: TyId) -> bool {
        matches!(self.get(t), Ty::Any | Ty::Never | Ty::Pending | Ty::Var(_))
    }

    fn same(&self, a: TyId, b: TyId) -> bool {
        let all = |p: &[TyId], q: &[TyId]| p.len() == q.len() && p.iter().zip(q).all(|(&p, &q)| self.same(p, q));
        a == b
            || match (self.get(a), self.get(b)) {
                (Ty::App(c, p), Ty::App(d, q)) => c == d && all(p, q),
                (Ty::Data(c, p), Ty::Data(d, q)) => c == d && all(p, q),
                (Ty::Union(p), Ty::Union(q)) => all(p, q),
                (Ty::Fn(_), _) => false,
                (x, y) => x == y,
            }
    }

    // ---- both of two ----------------------------------------------------------------------------

    /// The type of a value that is of one of two.
    pub fn join(&mut self, a: TyId, b: TyId) -> TyId {
        match (self.get(a), self.get(b)) {
            (Ty::Never | Ty::Pending, _) => return b,
            (_, Ty::Never | Ty::Pending) => return a,
            (Ty::Any, _) | (_, Ty::Any) => return Types::ANY,
            _ => {}
        }
        if self.same(a, b) {
            return a;
        }
        self.join_alike(a, b).unwrap_or_else(|| self.union(&[a, b]))
    }

    pub fn join_all(&mut self, list: impl IntoIterator<Item = TyId>) -> TyId {
        list.into_iter().fold(Types::NEVER, |a, b| self.join(a, b))
    }

    /// Of two types that one type without a union stands for.
    fn join_alike(&mut self, a: TyId, b: TyId) -> Option<TyId> {
        match (self.get(a).clone(), self.get(b).clone()) {
            (Ty::Base(x), Ty::Base(y)) => {
                let numeric = |b| matches!(b, Base::Int | Base::Float | Base::Number);
                (numeric(x) && numeric(y)).then(|| Types::base(Base::Number))
            }
            (Ty::App(c, p), Ty::App(d, q)) if c == d && p.len() == q.len() => {
                let is_mutable = matches!(c, Con::Ref | Con::Channel | Con::Actor);
                let part = |s: &mut Types, (&x, &y)| if is_mutable { Types::ANY } else { s.join(x, y) };
                let parts: Vec<TyId> = p.iter().zip(&q).map(|pair| part(self, pair)).collect();
                Some(self.app(c, &parts))
            }
            (Ty::Data(c, p), Ty::Data(d, q)) if c == d => {
                let parts = p.iter().zip(&q).map(|(&x, &y)| self.join(x, y)).collect();
                Some(self.add(Ty::Data(c, parts)))
            }
            _ => None,
        }
    }

    /// One of several types; members that others cover are left out.
    pub fn union(&mut self, list: &[TyId]) -> TyId {
        let mut members: Vec<TyId> = Vec::new();
        let flat: Vec<TyId> = list
            .iter()
            .flat_map(|&t| match self.get(t) {
                Ty::Union(parts) => parts.to_vec(),
                _ => vec![t],
            })
            .collect();
        for t in flat {
            if matches!(self.get(t), Ty::Any) {
                return Types::ANY;
            }
            if matches!(self.get(t), Ty::Never | Ty::Pending) {
                continue;
            }
            let alike = members.iter().position(|&m| self.same(m, t) || self.join_alike(m, t).is_some());
            match alike {
                Some(at) => members[at] = self.join(members[at], t),
                None => members.push(t),
            }
        }
        match members[..] {
            [] => Types::NEVER,
            [only] => only,
            _ if members.len() > MOST_MEMBERS => Types::ANY,
            _ => self.add(Ty::Union(members.into())),
        }
    }

    // ---- none of two ----------------------------------------------------------------------------

    /// Whether no value can be of both types.
    pub fn disjoint(&self, a: TyId, b: TyId) -> bool {
        if a == b || self.is_unknown(a) || self.is_unknown(b) {
            return false;
        }
        match (self.get(a), self.get(b)) {
            (Ty::Union(parts), _) => parts.iter().all(|&p| self.disjoint(p, b)),
            (_, Ty::Union(parts)) => parts.iter().all(|&p| self.disjoint(a, p)),
            (Ty::Base(x), Ty::Base(y)) => self.kinds(*x) & self.kinds(*y) == 0,
            (Ty::App(c, p), Ty::App(d, q)) => c != d || self.disjoint_parts(*c, p, q),
            (Ty::Data(c, p), Ty::Data(d, q)) => c != d || p.iter().zip(q).any(|(&x, &y)| self.disjoint(x, y)),
            (Ty::Fn(f), Ty::Fn(g)) => self.disjoint_fns(f, g),
            (Ty::Fn(_), Ty::Base(Base::Keyword)) | (Ty::Base(Base::Keyword), Ty::Fn(_)) => false,
            (Ty::Record(p), Ty::Record(q)) => {
                p.iter().any(|(k, x)| q.iter().any(|(l, y)| k == l && self.disjoint(*x, *y)))
            }
            (Ty::Record(p), Ty::App(Con::Map, q)) | (Ty::App(Con::Map, q), Ty::Record(p)) => {
                p.iter().any(|&(_, x)| self.disjoint(x, q[1]))
            }
            _ => true,
        }
    }

    fn disjoint_parts(&self, con: Con, p: &[TyId], q: &[TyId]) -> bool {
        match con {
            // What is in a cell changes.
            Con::Ref | Con::Channel | Con::Actor => false,
            Con::Tuple if p.is_empty() || q.is_empty() => false,
            Con::Tuple => p.len() != q.len() || p.iter().zip(q).any(|(&x, &y)| self.disjoint(x, y)),
            Con::List | Con::Map | Con::Set | Con::Promise => p.iter().zip(q).any(|(&x, &y)| self.disjoint(x, y)),
        }
    }

    fn disjoint_fns(&self, f: &FnTy, g: &FnTy) -> bool {
        let most = |f: &FnTy| if f.rest.is_some() { usize::MAX } else { f.params.len() };
        let wrong_count = f.least > most(g) || g.least > most(f);
        let count = f.params.len().min(g.params.len());
        wrong_count || (0..count).any(|i| self.disjoint(f.params[i], g.params[i])) || self.disjoint(f.result, g.result)
    }

    fn kinds(&self, base: Base) -> u32 {
        BASES.iter().find(|b| b.1 == base).expect("the table has all of them").2
    }

    // ---- narrowing ------------------------------------------------------------------------------

    /// What is left of a type when a value is also of another.
    pub fn meet(&mut self, t: TyId, with: TyId) -> TyId {
        match self.get(t).clone() {
            Ty::Any | Ty::Var(_) | Ty::Pending => with,
            Ty::Union(parts) => {
                let left: Vec<TyId> = parts.iter().map(|&p| self.meet(p, with)).collect();
                self.join_all(left)
            }
            _ if self.disjoint(t, with) => Types::NEVER,
            Ty::Base(Base::Number) => with,
            _ => t,
        }
    }

    /// What is left of a type when a value is not of another.
    pub fn without(&mut self, t: TyId, not: TyId) -> TyId {
        match self.get(t).clone() {
            Ty::Union(parts) => {
                let left: Vec<TyId> = parts.iter().map(|&p| self.without(p, not)).collect();
                self.join_all(left)
            }
            Ty::Base(Base::Number) if not == Types::base(Base::Int) => Types::base(Base::Float),
            Ty::Base(Base::Number) if not == Types::base(Base::Float) => Types::base(Base::Int),
            Ty::Any | Ty::Var(_) | Ty::Pending | Ty::Never => t,
            _ => match (self.shape(t), self.shape(not)) {
                (Some(t), Some(not)) if t.within(&not) => Types::NEVER,
                _ => t,
            },
        }
    }

    // ---- outermost types ------------------------------------------------------------------------

    /// Kinds and data types of the values of a type; nothing if it may be any value.
    pub fn shape(&self, t: TyId) -> Option<Shape> {
        let kinds = |kinds| Some(Shape { kinds, data: Vec::new() });
        match self.get(t) {
            Ty::Any | Ty::Var(_) | Ty::Pending => None,
            Ty::Never => kinds(0),
            Ty::Base(b) => kinds(self.kinds(*b)),
            Ty::App(c, _) => kinds(CONS.iter().find(|row| row.1 == *c).expect("the table has all of them").3),
            Ty::Fn(_) => kinds(CALLABLE),
            Ty::Record(_) => kinds(MAP),
            Ty::Data(d, _) => Some(Shape { kinds: 0, data: vec![*d] }),
            Ty::Union(parts) => {
                let mut all = Shape { kinds: 0, data: Vec::new() };
                for &p in parts {
                    let part = self.shape(p)?;
                    all.kinds |= part.kinds;
                    all.data.extend(part.data);
                }
                Some(all)
            }
        }
    }

    /// Whether every value of a type passes the run-time test of another.
    pub fn passes(&self, t: TyId, wanted: TyId) -> bool {
        match (self.shape(t), self.shape(wanted)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(t), Some(wanted)) => t.within(&wanted),
        }
    }

    /// Whether every value of a type is of another, parts included.
    pub fn within(&self, t: TyId, of: TyId) -> bool {
        let all = |p: &[TyId], q: &[TyId]| p.iter().zip(q).all(|(&p, &q)| self.within(p, q));
        match (self.get(t), self.get(of)) {
            (_, Ty::Any | Ty::Var(_)) | (Ty::Never | Ty::Pending, _) => true,
            (Ty::Union(parts), _) => parts.iter().all(|&p| self.within(p, of)),
            (_, Ty::Union(parts)) => parts.iter().any(|&p| self.within(t, p)),
            (Ty::App(c, p), Ty::App(d, q)) => c == d && all(p, q),
            (Ty::Data(c, p), Ty::Data(d, q)) => c == d && all(p, q),
            _ => self.passes(t, of),
        }
    }

    /// The run-time test of a type: of the outermost part only.
    pub fn test(&self, t: TyId, core: &mut Core) -> Option<TypeTest> {
        let shape = self.shape(t)?;
        let ctors: Vec<CtorId> = shape.data.iter().flat_map(|&d| core.data_types[d].ctors.clone()).collect();
        let text = self.show(t, core);
        Some(TypeTest { kinds: shape.kinds, ctors, shown: core.names.intern(&text) })
    }

    // ---- text -----------------------------------------------------------------------------------

    /// A type as programs write it.
    pub fn show(&self, t: TyId, core: &Core) -> String {
        self.written(t, core, &mut |v| v)
    }

    /// The same with variables named from `a` on, in the order in which they stand.
    pub fn show_alone(&self, t: TyId, core: &Core) -> String {
        let mut seen = Vec::new();
        self.written(t, core, &mut |v| {
            let place = seen.iter().position(|&s| s == v).unwrap_or_else(|| {
                seen.push(v);
                seen.len() - 1
            });
            place as u32
        })
    }

    /// The text of a type; `number` says which letter a variable gets.
    fn written(&self, t: TyId, core: &Core, number: &mut dyn FnMut(u32) -> u32) -> String {
        let mut form = |head: &str, parts: &[TyId]| {
            let parts: Vec<String> = parts.iter().map(|&p| self.written(p, core, number)).collect();
            if parts.is_empty() { head.to_owned() } else { format!("({head} {})", parts.join(" ")) }
        };
        match self.get(t) {
            Ty::Any | Ty::Pending => "Any".into(),
            Ty::Never => "Never".into(),
            Ty::Base(b) => BASES.iter().find(|row| row.1 == *b).map_or("Any", |row| row.0).into(),
            Ty::Var(v) => var_name(number(v.0)),
            Ty::App(c, parts) => form(CONS.iter().find(|row| row.1 == *c).map_or("Any", |row| row.0), parts),
            Ty::Data(d, parts) => form(core.names.text(core.data_types[*d].name), parts),
            Ty::Union(parts) => form("Union", parts),
            Ty::Record(fields) => {
                let mut field =
                    |&(k, t): &(_, TyId)| format!(":{} {}", core.names.text(k), self.written(t, core, number));
                format!("(Record {})", fields.iter().map(&mut field).collect::<Vec<_>>().join(" "))
            }
            Ty::Fn(f) => {
                let mut parts: Vec<String> = f.params.iter().map(|&p| self.written(p, core, number)).collect();
                parts.extend(f.rest.map(|r| format!("{} ...", self.written(r, core, number))));
                parts.push(self.written(f.result, core, number));
                format!("(Function {})", parts.join(" "))
            }
        }
    }
}

/// Letters from `a` on.
fn var_name(v: u32) -> String {
    let letter = char::from(b'a' + (v % 26) as u8);
    if v < 26 { letter.to_string() } else { format!("{letter}{}", v / 26) }
}

/// Kinds and data types.
pub struct Shape {
    kinds: u32,
    data: Vec<DataTypeId>,
}

impl Shape {
    fn within(&self, other: &Shape) -> bool {
        self.kinds & !other.kinds == 0 && self.data.iter().all(|d| other.data.contains(d))
    }
}
