//! How values lie in memory and in registers.
//!
//! A type of at most two machine values travels in registers ([`Repr::Scalars`]); everything else travels by the address of
//! memory that holds it. Integers are held in 64 bits, sign- or zero-extended; `i128` is two of them, low half first. In
//! memory every value has its natural size.
//!
//! Fields stand by falling alignment unless `#[repr(C)]` asks for their order. An enum of which one variant alone has fields
//! puts the number of another variant into bit patterns that the fields never have (a *niche*); other enums begin with a tag.

use std::cell::OnceCell;
use std::rc::Rc;

use molt_base::hash::FastMap;

use crate::check::context::{Checked, Env};
use crate::check::typed::CaptureMode;
use crate::hir::{AdtId, AdtKind, FloatKind, IntKind, Mutability};
use crate::mir::frame::{Frame, frame};
use crate::mir::{Mir, MirOwner};
use crate::ty::{Arg, Args, ClosureId, ConstKind, Region, Ty, TyKind};

/// One machine value and how memory holds it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scalar {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    /// Also addresses.
    U64,
    F32,
    F64,
}

impl Scalar {
    pub fn size(self) -> u64 {
        match self {
            Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => 8,
        }
    }
    pub fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }
    pub fn of_int(kind: IntKind) -> Option<Scalar> {
        Some(match kind {
            IntKind::I8 => Scalar::I8,
            IntKind::I16 => Scalar::I16,
            IntKind::I32 => Scalar::I32,
            IntKind::I64 | IntKind::Isize => Scalar::I64,
            IntKind::U8 => Scalar::U8,
            IntKind::U16 => Scalar::U16,
            IntKind::U32 => Scalar::U32,
            IntKind::U64 | IntKind::Usize => Scalar::U64,
            IntKind::I128 | IntKind::U128 => return None,
        })
    }
}

/// How a value travels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Repr {
    /// Nothing to carry.
    Empty,
    /// One or two machine values at these offsets.
    Scalars(Vec<(u64, Scalar)>),
    Memory,
}

/// Bit patterns that a type never has: unsigned values `first..first + count` of the scalar at the offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Niche {
    pub offset: u64,
    pub scalar: Scalar,
    pub first: u64,
    pub count: u64,
}

/// How the variant of a value is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tag {
    /// There is one variant (or none).
    Single,
    /// The number of the variant at offset 0.
    Direct(Scalar),
    /// `dataful` unless the niche holds `first + n`, which stands for the n-th other variant.
    Niche { niche: Niche, dataful: u32 },
}

#[derive(Clone, Debug)]
pub struct Layout {
    pub size: u64,
    pub align: u64,
    pub repr: Repr,
    /// Offsets of fields: of the type itself, or by variant.
    pub fields: Vec<Vec<u64>>,
    pub field_tys: Vec<Vec<Ty>>,
    pub tag: Tag,
    pub niche: Option<Niche>,
}

impl Layout {
    pub fn is_empty(&self) -> bool {
        self.repr == Repr::Empty
    }
    /// Machine values, if it travels in registers.
    pub fn scalars(&self) -> &[(u64, Scalar)] {
        match &self.repr {
            Repr::Scalars(s) => s,
            _ => &[],
        }
    }
    pub fn in_memory(&self) -> bool {
        self.repr == Repr::Memory
    }
}

/// What stands beside the address in a pointer to the type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meta {
    None,
    /// Number of elements.
    Length,
    /// Address of the table of functions.
    Table,
}

/// The graph of a body, and what a future keeps of it.
pub struct Graph {
    pub mir: Mir,
    frame: OnceCell<Frame>,
}

impl Graph {
    pub fn frame(&self) -> &Frame {
        self.frame.get_or_init(|| frame(&self.mir))
    }
}

/// Layouts of all types of the program. That of a future needs the graph of its body.
pub struct Layouts<'c> {
    pub c: &'c Checked,
    known: FastMap<Ty, Rc<Layout>>,
    pub graphs: FastMap<MirOwner, Rc<Graph>>,
    /// Futures whose layout is being found.
    under_way: Vec<Ty>,
    /// Futures that would be larger than themselves.
    pub endless: Vec<ClosureId>,
}

/// Index of the fields of a future's layout that hold slots of its body; those at index 0 are its captures.
pub const SAVED: usize = 1;
/// Index of the one that holds its state.
pub const STATE: usize = 2;

fn round_up(n: u64, align: u64) -> u64 {
    n.div_ceil(align) * align
}

/// Offsets of parts of these sizes and alignments after `start`, total size rounded to the alignment, alignment.
fn place_parts(parts: &[(u64, u64)], start: u64, least: u64, in_order: bool) -> (Vec<u64>, u64, u64) {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    if !in_order {
        order.sort_by_key(|&i| std::cmp::Reverse(parts[i].1));
    }
    let (mut at, mut align) = (start, least);
    let mut offsets = vec![0; parts.len()];
    for i in order {
        let (size, own) = parts[i];
        at = round_up(at, own);
        offsets[i] = at;
        at += size;
        align = align.max(own);
    }
    (offsets, round_up(at, align), align)
}

impl<'c> Layouts<'c> {
    pub fn new(c: &'c Checked, graphs: FastMap<MirOwner, Rc<Graph>>) -> Layouts<'c> {
        Layouts { c, known: FastMap::default(), graphs, under_way: Vec::new(), endless: Vec::new() }
    }

    /// The graph of a body or closure. Bodies of the library are checked when they are first needed.
    pub fn graph(&mut self, owner: MirOwner) -> Rc<Graph> {
        if let Some(g) = self.graphs.get(&owner) {
            return g.clone();
        }
        let body_owner = match owner {
            MirOwner::Body(b) => b,
            MirOwner::Closure(id) => self.c.closure(id).owner,
        };
        for (owner, mir) in self.c.graphs(body_owner) {
            self.graphs.insert(owner, Rc::new(Graph { mir, frame: OnceCell::new() }));
        }
        self.graphs.get(&owner).expect("the graphs of a body include its closures'").clone()
    }

    pub fn of(&mut self, ty: Ty) -> Rc<Layout> {
        if let Some(l) = self.known.get(&ty) {
            return l.clone();
        }
        let layout = Rc::new(self.compute(ty));
        self.known.insert(ty, layout.clone());
        layout
    }

    fn scalar(&self, s: Scalar, niche: Option<Niche>) -> Layout {
        self.flat(s.size(), s.size(), Repr::Scalars(vec![(0, s)]), niche)
    }

    fn flat(&self, size: u64, align: u64, repr: Repr, niche: Option<Niche>) -> Layout {
        Layout { size, align, repr, fields: Vec::new(), field_tys: Vec::new(), tag: Tag::Single, niche }
    }

    /// What a pointer to the type carries beside the address.
    pub fn meta(&self, ty: Ty) -> Meta {
        match self.c.types.kind(ty) {
            TyKind::Slice(_) => Meta::Length,
            TyKind::Dyn(..) => Meta::Table,
            _ => Meta::None,
        }
    }

    fn pointer(&self, to: Ty, nonnull: bool) -> Layout {
        let niche = nonnull.then_some(Niche { offset: 0, scalar: Scalar::U64, first: 0, count: 1 });
        match self.meta(to) {
            Meta::None => self.scalar(Scalar::U64, niche),
            Meta::Length | Meta::Table => {
                let parts = vec![(0, Scalar::U64), (8, Scalar::U64)];
                self.flat(16, 8, Repr::Scalars(parts), niche)
            }
        }
    }

    fn compute(&mut self, ty: Ty) -> Layout {
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Bool => {
                self.scalar(Scalar::U8, Some(Niche { offset: 0, scalar: Scalar::U8, first: 2, count: 254 }))
            }
            TyKind::Char => {
                let count = u64::from(u32::MAX) - 0x11_0000 + 1;
                let niche = Niche { offset: 0, scalar: Scalar::U32, first: 0x11_0000, count };
                self.scalar(Scalar::U32, Some(niche))
            }
            TyKind::Int(k) => match Scalar::of_int(k) {
                Some(s) => self.scalar(s, None),
                None => {
                    let high = if k == IntKind::I128 { Scalar::I64 } else { Scalar::U64 };
                    self.flat(16, 8, Repr::Scalars(vec![(0, Scalar::U64), (8, high)]), None)
                }
            },
            TyKind::Float(FloatKind::F32) => self.scalar(Scalar::F32, None),
            TyKind::Float(FloatKind::F64) => self.scalar(Scalar::F64, None),
            TyKind::Str(_) => {
                let niche = Niche { offset: 0, scalar: Scalar::U64, first: 0, count: 1 };
                self.flat(16, 8, Repr::Scalars(vec![(0, Scalar::U64), (8, Scalar::U64)]), Some(niche))
            }
            TyKind::Ref(_, _, to) => self.pointer(to, true),
            TyKind::Ptr(_, to) => self.pointer(to, false),
            TyKind::FnPtr(_) => {
                self.scalar(Scalar::U64, Some(Niche { offset: 0, scalar: Scalar::U64, first: 0, count: 1 }))
            }
            TyKind::Tuple(args) => {
                let parts: Vec<Ty> = c.types.ty_elems(args).collect();
                self.record(&parts, false)
            }
            TyKind::Array(elem, n) => {
                let count = match c.types.const_kind(c.evaluated(n)) {
                    ConstKind::Value(v) => u64::try_from(v).unwrap_or(0),
                    _ => 0,
                };
                let e = self.of(elem);
                let size = e.size * count;
                let repr = match e.scalars() {
                    _ if size == 0 => Repr::Empty,
                    [(0, s)] if count == 1 => Repr::Scalars(vec![(0, *s)]),
                    _ => Repr::Memory,
                };
                self.flat(size, e.align, repr, None)
            }
            TyKind::Closure(id, args) => {
                let parts = self.captures(id, args);
                self.record(&parts, false)
            }
            TyKind::Future(id, args) => self.future(ty, id, args),
            TyKind::Adt(adt, args) => self.adt(adt, args),
            TyKind::FnDef(..)
            | TyKind::Ctor(..)
            | TyKind::Never
            | TyKind::Error
            | TyKind::Slice(_)
            | TyKind::Dyn(..)
            | TyKind::Param(..)
            | TyKind::Projection(..)
            | TyKind::Opaque(..)
            | TyKind::Infer(_) => self.flat(0, 1, Repr::Empty, None),
        }
    }

    /// Captures, slots that are needed after a wait, and the number of the state. Slots that are never needed in the same
    /// block lie at the same place.
    fn future(&mut self, ty: Ty, id: ClosureId, args: Args) -> Layout {
        if self.under_way.contains(&ty) {
            self.endless.push(id);
            return self.flat(0, 1, Repr::Empty, None);
        }
        self.under_way.push(ty);
        let graph = self.graph(MirOwner::Closure(id));
        let frame = graph.frame();
        let captures = self.captures(id, args);
        let saved: Vec<Ty> = frame.saved.iter().map(|&s| self.concrete(graph.mir.slots[s].ty, args)).collect();
        let layouts: Vec<Rc<Layout>> = saved.iter().map(|&t| self.of(t)).collect();
        let mut order: Vec<usize> = (0..saved.len()).collect();
        order.sort_by_key(|&n| std::cmp::Reverse((layouts[n].align, layouts[n].size)));
        let mut cells: Vec<Vec<usize>> = Vec::new();
        for n in order {
            match cells.iter_mut().find(|cell| cell.iter().all(|&m| !frame.conflict(n, m))) {
                Some(cell) => cell.push(n),
                None => cells.push(vec![n]),
            }
        }
        let held: Vec<Rc<Layout>> = captures.iter().map(|&t| self.of(t)).collect();
        self.under_way.pop();
        let cell_parts = cells.iter().map(|cell| {
            let parts = || cell.iter().map(|&n| &layouts[n]);
            (parts().map(|l| l.size).max().unwrap_or(0), parts().map(|l| l.align).max().unwrap_or(1))
        });
        let parts: Vec<(u64, u64)> = held.iter().map(|l| (l.size, l.align)).chain(cell_parts).chain([(4, 4)]).collect();
        let (mut offsets, size, align) = place_parts(&parts, 0, 1, false);
        let state = offsets.pop().expect("the state is the last part");
        let mut saved_at = vec![0; saved.len()];
        for (cell, at) in cells.iter().zip(offsets.split_off(captures.len())) {
            cell.iter().for_each(|&n| saved_at[n] = at);
        }
        Layout {
            size,
            align,
            repr: Repr::Memory,
            fields: vec![offsets, saved_at, vec![state]],
            field_tys: vec![captures, saved, vec![Ty::int(IntKind::U32)]],
            tag: Tag::Single,
            niche: None,
        }
    }

    /// Types of what a closure holds.
    pub fn captures(&self, id: crate::ty::ClosureId, args: Args) -> Vec<Ty> {
        let c = self.c;
        c.closure(id)
            .captures
            .iter()
            .map(|cap| {
                let ty = self.concrete(cap.ty, args);
                match cap.mode {
                    CaptureMode::Value => ty,
                    CaptureMode::Shared => c.types.reference(Mutability::Shared, ty),
                    CaptureMode::Mut => c.types.reference(Mutability::Mut, ty),
                }
            })
            .collect()
    }

    /// A generic type for these arguments, without projections or regions.
    pub fn concrete(&self, ty: Ty, args: Args) -> Ty {
        let ty = self.c.types.subst(self.c.types.erase(ty), args);
        self.c.revealed(ty)
    }

    fn record(&mut self, parts: &[Ty], in_order: bool) -> Layout {
        let (offsets, size, align) = self.place_fields(parts, 0, 1, in_order);
        let mut scalars = Vec::new();
        let mut niche = None;
        for (&ty, &at) in parts.iter().zip(&offsets) {
            let l = self.of(ty);
            match &l.repr {
                Repr::Memory => scalars.push(None),
                _ => scalars.extend(l.scalars().iter().map(|&(o, s)| Some((at + o, s)))),
            }
            niche = better(niche, l.niche.map(|n| Niche { offset: at + n.offset, ..n }));
        }
        let repr = if size == 0 { Repr::Empty } else { repr_of(scalars) };
        Layout { size, align, repr, fields: vec![offsets], field_tys: vec![parts.to_vec()], tag: Tag::Single, niche }
    }

    /// Offsets of fields after `start`, total size rounded to the alignment, alignment.
    fn place_fields(&mut self, parts: &[Ty], start: u64, least: u64, in_order: bool) -> (Vec<u64>, u64, u64) {
        let parts: Vec<(u64, u64)> = parts
            .iter()
            .map(|&t| {
                let l = self.of(t);
                (l.size, l.align)
            })
            .collect();
        place_parts(&parts, start, least, in_order)
    }

    fn adt(&mut self, adt: AdtId, args: Args) -> Layout {
        let c = self.c;
        let item = &c.hir.adts[adt];
        if c.hir.lang_adt("Box") == Some(adt) {
            let to = c.types.list(args)[0].expect_ty();
            return self.pointer(to, true);
        }
        let variants: Vec<Vec<Ty>> = (0..item.variants.len() as u32)
            .map(|v| c.field_types(adt, v).iter().map(|&f| self.concrete(f, args)).collect())
            .collect();
        if item.kind != AdtKind::Enum {
            let mut l = self.record(&variants[0], item.repr.c);
            if ["NonNull", "Rc", "Arc", "Gc"].iter().any(|n| c.hir.lang_adt(n) == Some(adt)) {
                l.niche = Some(Niche { offset: 0, scalar: Scalar::U64, first: 0, count: 1 });
            }
            if c.hir.lang_adt("UnsafeCell") == Some(adt) {
                // Its contents may change under a shared reference: no bit pattern can be relied on.
                l.niche = None;
            }
            return l;
        }
        self.enumeration(&variants, item.repr)
    }

    fn enumeration(&mut self, variants: &[Vec<Ty>], repr: crate::hir::Repr) -> Layout {
        let plain = !repr.c && repr.int.is_none();
        if variants.len() <= 1 && plain {
            let parts = variants.first().cloned().unwrap_or_default();
            return self.record(&parts, false);
        }
        if plain && let Some(l) = self.niche_layout(variants) {
            return l;
        }
        let tag = match repr.int.and_then(Scalar::of_int) {
            Some(s) => s,
            None if variants.len() <= 256 => Scalar::U8,
            None => Scalar::U16,
        };
        let mut fields = Vec::new();
        let (mut size, mut align) = (tag.size(), tag.size());
        for v in variants {
            let (offsets, s, a) = self.place_fields(v, tag.size(), tag.size(), repr.c);
            fields.push(offsets);
            size = size.max(s);
            align = align.max(a);
        }
        size = round_up(size, align);
        // One machine value beside the tag travels in registers, if all variants agree on it.
        let mut payload: Option<(u64, Scalar)> = None;
        let mut fits = true;
        for (v, offsets) in variants.iter().zip(&fields) {
            let mut parts = Vec::new();
            for (&ty, &at) in v.iter().zip(offsets) {
                let l = self.of(ty);
                if l.in_memory() {
                    fits = false;
                }
                parts.extend(l.scalars().iter().map(|&(o, s)| (at + o, s)));
            }
            match parts[..] {
                [] => {}
                [one] => match payload {
                    None => payload = Some(one),
                    Some(p) if p == one => {}
                    _ => fits = false,
                },
                _ => fits = false,
            }
        }
        let mut scalars = vec![(0, tag)];
        scalars.extend(payload);
        let count = 256u64.saturating_sub(variants.len() as u64);
        let niche = (tag == Scalar::U8 && count > 0 && plain).then_some(Niche {
            offset: 0,
            scalar: tag,
            first: variants.len() as u64,
            count,
        });
        Layout {
            size,
            align,
            repr: if fits { Repr::Scalars(scalars) } else { Repr::Memory },
            fields,
            field_tys: variants.to_vec(),
            tag: Tag::Direct(tag),
            niche,
        }
    }

    fn niche_layout(&mut self, variants: &[Vec<Ty>]) -> Option<Layout> {
        let mut dataful = None;
        for (i, v) in variants.iter().enumerate() {
            let holds = v.iter().any(|&t| self.of(t).size > 0);
            if holds && dataful.replace(i).is_some() {
                return None;
            }
        }
        let dataful = dataful?;
        let mut l = self.record(&variants[dataful], false);
        let niche = l.niche?;
        let others = variants.len() as u64 - 1;
        if niche.count < others {
            return None;
        }
        let mut fields: Vec<Vec<u64>> = variants.iter().map(|v| vec![0; v.len()]).collect();
        fields[dataful] = l.fields.remove(0);
        let left = niche.count - others;
        Some(Layout {
            fields,
            field_tys: variants.to_vec(),
            tag: Tag::Niche { niche: Niche { count: others, ..niche }, dataful: dataful as u32 },
            niche: (left > 0).then_some(Niche { first: niche.first + others, count: left, ..niche }),
            ..l
        })
    }
}

fn better(a: Option<Niche>, b: Option<Niche>) -> Option<Niche> {
    match (a, b) {
        (Some(x), Some(y)) => Some(if y.count > x.count { y } else { x }),
        (x, y) => x.or(y),
    }
}

/// At most two machine values, none in memory.
fn repr_of(scalars: Vec<Option<(u64, Scalar)>>) -> Repr {
    if scalars.len() > 2 || scalars.iter().any(Option::is_none) {
        return Repr::Memory;
    }
    let mut list: Vec<(u64, Scalar)> = scalars.into_iter().flatten().collect();
    list.sort_by_key(|&(o, _)| o);
    Repr::Scalars(list)
}

impl Checked {
    /// A type without parameters in its final form: projections and `impl Trait` replaced by what they are.
    pub fn revealed(&self, ty: Ty) -> Ty {
        use crate::ty::Flags;
        if !self.types.flags(ty).has(Flags::PROJECTION | Flags::OPAQUE) {
            return ty;
        }
        let mut solver = crate::check::solve::Solver::new(self, Env::EMPTY);
        solver.reveal = true;
        let span = molt_base::Span { file: molt_base::FileId(0), start: 0, end: 0 };
        let new = solver.normalize(ty, span);
        let _ = solver.solve_pending();
        solver.resolve(new)
    }

    /// The same for each argument of a list.
    pub fn revealed_args(&self, list: Args) -> Args {
        let reveal = |&a: &Arg| match a {
            Arg::Ty(t) => Arg::Ty(self.revealed(t)),
            Arg::Const(k) => Arg::Const(self.evaluated(k)),
            Arg::Region(_) => Arg::Region(Region::Erased),
        };
        let new: Vec<Arg> = self.types.list(list).iter().map(reveal).collect();
        self.types.args(&new)
    }
}
