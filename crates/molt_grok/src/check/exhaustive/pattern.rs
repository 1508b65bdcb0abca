//! Patterns as constructors applied to patterns.

use molt_base::{Span, Symbol};

use super::ranges::{int_range_of, to_bits};
use crate::check::context::{Checked, Env};
use crate::check::typed::TypedBody;
use crate::hir::{AdtId, AdtKind, Body, ConstId, Lit, Pat, PatBound, PatId, PathRes, RangePat};
use crate::mir::queries::Queries;
use crate::ty::{Args, ConstKind, Ty, TyKind};

/// Index into [`Lowered::nodes`].
pub(super) type Node = u32;

/// What a value is made with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ctor {
    /// Any.
    Wild,
    /// The only one of its type: tuple, struct, reference.
    Single,
    Variant(u32),
    /// Integers, characters, truth values, as ordered bits, both ends included.
    Range(u128, u128),
    Slice(SliceLen),
    Str(Symbol),
    /// Bits of a float.
    Float(u64),
    Bytes(Symbol),
    /// A constant whose value is not known here: covers nothing, is covered by nothing but a wildcard.
    Opaque,
    /// Alternatives, which are the fields.
    Or,
    /// All constructors that no row names.
    Missing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SliceLen {
    Exact(u32),
    /// At least as long as prefix and suffix.
    AtLeast(u32, u32),
}

impl SliceLen {
    pub fn arity(self) -> usize {
        match self {
            SliceLen::Exact(n) => n as usize,
            SliceLen::AtLeast(a, b) => (a + b) as usize,
        }
    }

    pub fn covered_by(self, other: SliceLen) -> bool {
        match (self, other) {
            (SliceLen::Exact(n), SliceLen::Exact(m)) => n == m,
            (SliceLen::Exact(_) | SliceLen::AtLeast(..), SliceLen::AtLeast(..)) => other.arity() <= self.arity(),
            (SliceLen::AtLeast(..), SliceLen::Exact(_)) => false,
        }
    }
}

impl Ctor {
    /// Whether every value of this constructor is one of the other's. Both are of one type, this one is split.
    pub fn covered_by(self, other: Ctor) -> bool {
        match (self, other) {
            (_, Ctor::Wild) => true,
            (Ctor::Missing | Ctor::Wild | Ctor::Opaque | Ctor::Or, _)
            | (_, Ctor::Opaque | Ctor::Or | Ctor::Missing) => false,
            (Ctor::Single, Ctor::Single) => true,
            (Ctor::Range(lo, hi), Ctor::Range(l, h)) => l <= lo && hi <= h,
            (Ctor::Slice(a), Ctor::Slice(b)) => a.covered_by(b),
            (a, b) => a == b,
        }
    }
}

pub(super) struct PatNode {
    pub ctor: Ctor,
    pub fields: Box<[Node]>,
    /// What was written; `None` for wildcards that were left out.
    pub source: Option<PatId>,
    /// Some value reaches it that nothing before it takes.
    pub useful: bool,
}

/// The patterns of one `match`.
pub(super) struct Lowered<'a> {
    pub c: &'a Checked,
    pub env: Env,
    pub body: &'a Body,
    pub typed: &'a TypedBody,
    pub nodes: Vec<PatNode>,
    /// A pattern has an unknown type: nothing can be said.
    pub failed: bool,
}

impl<'a> Lowered<'a> {
    /// Node 0 is the wildcard.
    pub const WILD: Node = 0;

    pub fn new(c: &'a Checked, env: Env, body: &'a Body, typed: &'a TypedBody) -> Lowered<'a> {
        let wild = PatNode { ctor: Ctor::Wild, fields: Box::default(), source: None, useful: false };
        Lowered { c, env, body, typed, nodes: vec![wild], failed: false }
    }

    fn queries(&self) -> Queries<'a> {
        Queries { c: self.c, env: self.env }
    }

    fn push(&mut self, ctor: Ctor, fields: Vec<Node>, source: PatId) -> Node {
        self.nodes.push(PatNode { ctor, fields: fields.into(), source: Some(source), useful: false });
        self.nodes.len() as Node - 1
    }

    /// Type of the value that a pattern is matched with, before any reference is looked through.
    pub fn matched_ty(&self, pat: PatId) -> Ty {
        let derefs = self.typed.pat_derefs.get(&pat);
        derefs.and_then(|d| d.first().copied()).unwrap_or(self.typed.pat(pat))
    }

    pub fn lower(&mut self, pat: PatId) -> Node {
        let inner = self.inner(pat);
        let derefs = self.typed.pat_derefs.get(&pat).map_or(0, Vec::len);
        (0..derefs).fold(inner, |n, _| self.push(Ctor::Single, vec![n], pat))
    }

    fn inner(&mut self, pat: PatId) -> Node {
        let body = self.body;
        let ty = self.typed.pat(pat);
        if ty == Ty::ERROR {
            self.failed = true;
        }
        match &body.pats[pat] {
            Pat::Error => {
                self.failed = true;
                self.push(Ctor::Wild, Vec::new(), pat)
            }
            Pat::Wild | Pat::Rest | Pat::Bind { sub: None, .. } => self.push(Ctor::Wild, Vec::new(), pat),
            Pat::Bind { sub: Some(sub), .. } => self.lower(*sub),
            Pat::Lit { lit, negative } => {
                let ctor = self.literal(*lit, *negative, ty);
                self.push(ctor, Vec::new(), pat)
            }
            Pat::Range(range) => {
                let RangePat { start, end, inclusive } = &**range;
                let ctor = self.range(start.as_ref(), end.as_ref(), *inclusive, ty);
                self.push(ctor, Vec::new(), pat)
            }
            Pat::Path(_) => {
                let ctor = self.path(pat, ty);
                let fields = self.arity_of(ty, ctor);
                self.push(ctor, vec![Self::WILD; fields], pat)
            }
            Pat::Tuple(pats) => {
                let arity = match self.c.types.kind(ty) {
                    TyKind::Tuple(parts) => self.c.types.list(parts).len(),
                    _ => 0,
                };
                let fields = self.positional(pats, arity);
                self.push(Ctor::Single, fields, pat)
            }
            Pat::TupleStruct { pats, .. } => {
                let ctor = self.variant(pat, ty);
                let fields = self.positional(pats, self.arity_of(ty, ctor));
                self.push(ctor, fields, pat)
            }
            Pat::Struct { fields, .. } => {
                let ctor = self.variant(pat, ty);
                let mut list = vec![Self::WILD; self.arity_of(ty, ctor)];
                let order = self.typed.pat_ctor.get(&pat).map_or(Vec::new(), |c| c.fields.clone());
                for (field, n) in fields.iter().zip(order) {
                    let node = self.lower(field.pat);
                    if let Some(slot) = list.get_mut(n as usize) {
                        *slot = node;
                    }
                }
                self.push(ctor, list, pat)
            }
            Pat::Slice(pats) => self.slice(pat, pats, ty),
            Pat::Ref(_, sub) => {
                let inner = self.lower(*sub);
                if matches!(self.c.types.kind(ty), TyKind::Str(_)) {
                    return inner;
                }
                self.push(Ctor::Single, vec![inner], pat)
            }
            Pat::Or(pats) => {
                let fields = pats.iter().map(|&p| self.lower(p)).collect();
                self.push(Ctor::Or, fields, pat)
            }
        }
    }

    fn positional(&mut self, pats: &[PatId], arity: usize) -> Vec<Node> {
        let rest = pats.iter().position(|&p| matches!(self.body.pats[p], Pat::Rest));
        let mut list = vec![Self::WILD; arity];
        for (n, &pat) in pats.iter().enumerate() {
            let at = match rest {
                Some(r) if n == r => continue,
                Some(r) if n > r => (arity + n).checked_sub(pats.len()),
                _ => Some(n),
            };
            let node = self.lower(pat);
            if let Some(slot) = at.and_then(|at| list.get_mut(at)) {
                *slot = node;
            }
        }
        list
    }

    /// Number of fields that a constructor of a struct or enum has.
    fn arity_of(&self, ty: Ty, ctor: Ctor) -> usize {
        let TyKind::Adt(adt, _) = self.c.types.kind(ty) else { return 0 };
        let variant = match ctor {
            Ctor::Variant(v) => v,
            Ctor::Single => 0,
            _ => return 0,
        };
        self.c.hir.adts[adt].variants.get(variant as usize).map_or(0, |v| v.fields.len())
    }

    fn variant(&self, pat: PatId, ty: Ty) -> Ctor {
        let TyKind::Adt(adt, _) = self.c.types.kind(ty) else { return Ctor::Single };
        if self.c.hir.adts[adt].kind != AdtKind::Enum {
            return Ctor::Single;
        }
        match (self.typed.pat_ctor.get(&pat), &self.body.pats[pat]) {
            (Some(ctor), _) => Ctor::Variant(ctor.variant),
            (None, Pat::Path(PathRes::Variant(_, v, _)) | Pat::TupleStruct { path: PathRes::Variant(_, v, _), .. }) => {
                Ctor::Variant(*v)
            }
            _ => Ctor::Opaque,
        }
    }

    fn path(&self, pat: PatId, ty: Ty) -> Ctor {
        let constant = match (self.typed.pat_consts.get(&pat), &self.body.pats[pat]) {
            (Some(&found), _) => Some(found),
            (None, Pat::Path(PathRes::Const(id))) => Some((*id, Args::EMPTY)),
            _ => None,
        };
        match constant {
            Some((id, args)) => self.constant(id, args, ty, self.body.pat_span(pat)),
            None => self.variant(pat, ty),
        }
    }

    fn constant(&self, id: ConstId, args: Args, ty: Ty, at: Span) -> Ctor {
        match self.queries().const_int(id, args, at) {
            Some(v) if is_int_like(self.c.types.kind(ty)) => {
                let bits = to_bits(&self.c.types, ty, v);
                Ctor::Range(bits, bits)
            }
            _ => Ctor::Opaque,
        }
    }

    fn literal(&self, lit: Lit, negative: bool, ty: Ty) -> Ctor {
        let int = |v: i128| {
            let bits = to_bits(&self.c.types, ty, v);
            Ctor::Range(bits, bits)
        };
        let sign = |v: f64| Ctor::Float((if negative { -v } else { v }).to_bits());
        if let TyKind::Float(kind) = self.c.types.kind(ty)
            && let Some(v) = lit.as_float(kind)
        {
            return sign(v);
        }
        match lit {
            Lit::Bool(b) => int(i128::from(b)),
            Lit::Char(c) => int(i128::from(u32::from(c))),
            Lit::Int(v, _) => int(if negative { v.signed().wrapping_neg() } else { v.signed() }),
            Lit::Float(v, _) => sign(v.double),
            Lit::Str(s) | Lit::CStr(s) => Ctor::Str(s),
            Lit::Bytes(s) => Ctor::Bytes(s),
        }
    }

    fn range(&self, start: Option<&PatBound>, end: Option<&PatBound>, inclusive: bool, ty: Ty) -> Ctor {
        if !is_int_like(self.c.types.kind(ty)) {
            return Ctor::Opaque;
        }
        let (min, max) = int_range_of(&self.c.types, ty);
        let lo = start.map_or(Some(min), |b| self.bound(b, ty));
        let hi = end.map_or(Some(max), |b| self.bound(b, ty));
        match (lo, hi) {
            (Some(lo), Some(hi)) => {
                let hi = if inclusive || end.is_none() { Some(hi) } else { hi.checked_sub(1) };
                match hi {
                    Some(hi) if lo <= hi => Ctor::Range(lo, hi),
                    _ => Ctor::Opaque,
                }
            }
            _ => Ctor::Opaque,
        }
    }

    fn bound(&self, bound: &PatBound, ty: Ty) -> Option<u128> {
        match bound {
            PatBound::Lit { lit, negative, .. } => match self.literal(*lit, *negative, ty) {
                Ctor::Range(bits, _) => Some(bits),
                _ => None,
            },
            PatBound::Path(..) => Some(to_bits(&self.c.types, ty, self.queries().bound_int(bound)?)),
        }
    }

    fn slice(&mut self, pat: PatId, pats: &[PatId], ty: Ty) -> Node {
        let rest = pats.iter().position(|&p| self.is_rest(p));
        let mut fields: Vec<Node> = Vec::with_capacity(pats.len());
        for (n, &p) in pats.iter().enumerate() {
            if Some(n) != rest {
                fields.push(self.lower(p));
            }
        }
        let array_len = match self.c.types.kind(ty) {
            TyKind::Array(_, len) => match self.c.types.const_kind(self.c.evaluated(len)) {
                ConstKind::Value(n) => u32::try_from(n).ok(),
                _ => None,
            },
            _ => None,
        };
        let len = match (rest, array_len) {
            (None, _) => SliceLen::Exact(fields.len() as u32),
            (Some(prefix), Some(len)) if fields.len() <= len as usize => {
                let gap = len as usize - fields.len();
                fields.splice(prefix..prefix, std::iter::repeat_n(Self::WILD, gap));
                SliceLen::Exact(len)
            }
            (Some(prefix), _) => SliceLen::AtLeast(prefix as u32, (fields.len() - prefix) as u32),
        };
        self.push(Ctor::Slice(len), fields, pat)
    }

    fn is_rest(&self, pat: PatId) -> bool {
        match self.body.pats[pat] {
            Pat::Rest => true,
            Pat::Bind { sub: Some(sub), .. } => matches!(self.body.pats[sub], Pat::Rest),
            _ => false,
        }
    }

    /// Whether a type has no values.
    pub fn is_empty(&self, ty: Ty) -> bool {
        self.is_empty_in(ty, 0)
    }

    fn is_empty_in(&self, ty: Ty, depth: u32) -> bool {
        // Deeper types are recursive; to count them as inhabited only asks for more arms.
        if depth > 8 {
            return false;
        }
        match self.c.types.kind(ty) {
            TyKind::Never => true,
            TyKind::Tuple(parts) => self.c.types.ty_elems(parts).any(|t| self.is_empty_in(t, depth + 1)),
            TyKind::Adt(adt, args) => {
                let count = self.c.hir.adts[adt].variants.len() as u32;
                (0..count).all(|v| self.is_empty_variant_in(adt, v, args, depth))
            }
            _ => false,
        }
    }

    pub fn is_empty_variant(&self, adt: AdtId, variant: u32, args: Args) -> bool {
        self.is_empty_variant_in(adt, variant, args, 0)
    }

    fn is_empty_variant_in(&self, adt: AdtId, variant: u32, args: Args, depth: u32) -> bool {
        let fields = self.c.hir.adts[adt].variants[variant as usize].fields.len() as u32;
        (0..fields).any(|n| self.is_empty_in(self.queries().field_ty(adt, variant, n, args), depth + 1))
    }

    /// Types of the fields of a constructor.
    pub fn field_types(&self, ty: Ty, ctor: Ctor) -> Vec<Ty> {
        let types = &self.c.types;
        match (types.kind(ty), ctor) {
            (TyKind::Tuple(parts), Ctor::Single) => types.ty_elems(parts).collect(),
            (TyKind::Ref(_, _, inner), Ctor::Single) => vec![inner],
            (TyKind::Array(elem, _) | TyKind::Slice(elem), Ctor::Slice(len)) => vec![elem; len.arity()],
            (TyKind::Adt(adt, args), Ctor::Single | Ctor::Variant(_)) => {
                let variant = if let Ctor::Variant(v) = ctor { v } else { 0 };
                let count = self.arity_of(ty, ctor) as u32;
                (0..count).map(|n| self.queries().field_ty(adt, variant, n, args)).collect()
            }
            _ => Vec::new(),
        }
    }
}

pub(super) fn is_int_like(kind: TyKind) -> bool {
    matches!(kind, TyKind::Int(_) | TyKind::Char | TyKind::Bool)
}
