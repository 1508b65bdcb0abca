//! Region variables, the constraints between them, and the relation of types that makes constraints.
//!
//! A constraint `longer: shorter` says that every point of the shorter region is one of the longer. Region 0 is `'static`;
//! *universal* regions stand for lifetimes from outside of the body: each holds the whole body and an end of its own.

use molt_base::hash::{FastMap, FastSet};
use std::rc::Rc;

use molt_base::{Lists, Span, Symbol};

use super::project::ClosureCall;
use crate::check::context::Variance;
use crate::hir::{FnId, Mutability};
use crate::mir::queries::Queries;
use crate::ty::fold::Folder;
use crate::ty::{Arg, Args, ClosureId, Flags, Region, Ty, TyKind, Types};

/// Associated types of associated types are followed so far.
const MAX_DEPTH: u32 = 32;

/// Number of a region variable.
pub type RegionVar = u32;

pub const STATIC: RegionVar = 0;

/// What asked for a constraint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    Assign,
    Return,
    Argument,
    Capture,
    /// A bound of the called function, such as `T: 'static`.
    Bound(FnId),
    /// Known without looking at the body.
    Given,
}

#[derive(Clone, Copy, Debug)]
pub struct Constraint {
    pub longer: RegionVar,
    pub shorter: RegionVar,
    pub span: Span,
    pub why: Why,
}

/// A lifetime from outside of the body.
#[derive(Clone, Copy, Debug)]
pub struct Universal {
    pub var: RegionVar,
    /// As the signature names it; `Erased` for lifetimes without name.
    pub region: Region,
    /// Nothing is checked against it: what it means is known elsewhere.
    pub unchecked: bool,
}

/// Captured types of a closure with their regions as parameters after those of the closure's owner.
#[derive(Debug)]
pub struct ClosureShape {
    pub fields: Vec<Ty>,
    pub region_count: u32,
}

/// The regions of one body.
pub struct Regions<'a> {
    pub q: Queries<'a>,
    pub count: u32,
    pub constraints: Vec<Constraint>,
    pub universals: Vec<Universal>,
    shapes: FastMap<ClosureId, Rc<ClosureShape>>,
    /// Associated types that were replaced by what they are, with their regions.
    normalized: FastMap<Ty, Ty>,
    /// Variables for lifetimes that an associated type left out.
    pub left_out: FastSet<RegionVar>,
    /// Calls of closures that associated types told of and that are not related yet.
    pub closure_calls: Vec<ClosureCall>,
    /// How deep the search for an associated type is.
    depth: u32,
}

/// Gives each region of a type a value.
pub struct Renumber<'r, 'a, F: FnMut(Region) -> Region> {
    regions: &'r mut Regions<'a>,
    types: &'a Types,
    region: F,
}

impl<F: FnMut(Region) -> Region> Folder for Renumber<'_, '_, F> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::ERASED | Flags::REGION
    }
    fn fold_region(&mut self, region: Region) -> Region {
        (self.region)(region)
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            // Regions of a function pointer are chosen anew by each call.
            TyKind::FnPtr(_) => ty,
            TyKind::Closure(id, args) => {
                let args = self.closure_args(id, args);
                self.types.mk(TyKind::Closure(id, args))
            }
            TyKind::Future(id, args) => {
                let args = self.closure_args(id, args);
                self.types.mk(TyKind::Future(id, args))
            }
            TyKind::Dyn(d, r) if self.types.dyn_kind(d).traits.iter().any(|t| self.regions.is_fn_trait(t.0)) => {
                let r = self.fold_region(r);
                self.types.mk(TyKind::Dyn(d, r))
            }
            TyKind::Opaque(id, args) => {
                let base = self.regions.opaque_base(id);
                let args = self.args(args);
                let mut list = self.types.list(args).to_vec();
                // One region stands for everything that it may hold besides its arguments.
                if list.len() == base {
                    list.push(Arg::Region((self.region)(Region::Erased)));
                }
                self.types.mk(TyKind::Opaque(id, self.types.args(&list)))
            }
            _ => self.parts(ty),
        }
    }
}

struct Plain<'r, 'a> {
    regions: &'r Regions<'a>,
    types: &'a Types,
}

impl Folder for Plain<'_, '_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::ERASED | Flags::REGION
    }
    fn fold_region(&mut self, _: Region) -> Region {
        Region::Erased
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        let cut = |args: Args, id| {
            let list = self.types.list(args);
            let base = (self.regions.base_count(id) as usize).min(list.len());
            self.types.args(&list[..base])
        };
        match self.types.kind(ty) {
            TyKind::Closure(id, args) => {
                let args = cut(args, id);
                let args = self.args(args);
                self.types.mk(TyKind::Closure(id, args))
            }
            TyKind::Future(id, args) => {
                let args = cut(args, id);
                let args = self.args(args);
                self.types.mk(TyKind::Future(id, args))
            }
            TyKind::Opaque(id, args) => {
                let list = self.types.list(args);
                let args = self.types.args(&list[..self.regions.opaque_base(id).min(list.len())]);
                let args = self.args(args);
                self.types.mk(TyKind::Opaque(id, args))
            }
            _ => self.parts(ty),
        }
    }
}

impl<F: FnMut(Region) -> Region> Renumber<'_, '_, F> {
    /// Arguments of a closure with its captured regions after them.
    fn closure_args(&mut self, id: ClosureId, args: Args) -> Args {
        let base = self.regions.base_count(id);
        let shape = self.regions.shape(id);
        let args = self.args(args);
        let mut list = self.types.list(args).to_vec();
        if list.len() as u32 > base {
            return args;
        }
        for _ in 0..shape.region_count {
            list.push(Arg::Region((self.region)(Region::Erased)));
        }
        self.types.args(&list)
    }
}

impl<'a> Regions<'a> {
    pub fn new(q: Queries<'a>) -> Regions<'a> {
        // Room for what most bodies need.
        let mut universals = Vec::with_capacity(4);
        universals.push(Universal { var: STATIC, region: Region::Static, unchecked: false });
        Regions {
            q,
            count: 1,
            constraints: Vec::with_capacity(8),
            universals,
            shapes: FastMap::default(),
            normalized: FastMap::default(),
            left_out: FastSet::default(),
            closure_calls: Vec::new(),
            depth: 0,
        }
    }

    pub fn fresh(&mut self) -> RegionVar {
        self.count += 1;
        self.count - 1
    }

    pub fn universal(&mut self, region: Region, unchecked: bool) -> RegionVar {
        let var = self.fresh();
        self.universals.push(Universal { var, region, unchecked });
        var
    }

    pub fn add(&mut self, longer: RegionVar, shorter: RegionVar, span: Span, why: Why) {
        if longer != shorter && longer != STATIC {
            self.constraints.push(Constraint { longer, shorter, span, why });
        }
    }

    /// The numbers of the constraints by one of their regions.
    pub fn constraints_by(&self, end: impl Fn(&Constraint) -> RegionVar + Copy) -> Lists {
        let pairs = self.constraints.iter().zip(0..).map(move |(c, n)| (end(c), n));
        Lists::new(self.count as usize, pairs)
    }

    /// The type with each region replaced.
    pub fn renumber(&mut self, ty: Ty, region: impl FnMut(Region) -> Region) -> Ty {
        let types = self.q.types();
        if !types.flags(ty).has(Flags::ERASED | Flags::REGION) {
            return ty;
        }
        Renumber { regions: self, types, region }.ty(ty)
    }

    pub fn renumber_args(&mut self, args: Args, region: impl FnMut(Region) -> Region) -> Args {
        let types = self.q.types();
        Renumber { regions: self, types, region }.args(args)
    }

    /// The type with a new variable for each erased region.
    pub fn fresh_ty(&mut self, ty: Ty) -> Ty {
        let mut next = self.count;
        let new = self.renumber(ty, |r| fresh_region(r, &mut next));
        self.count = next;
        new
    }

    pub fn fresh_args(&mut self, args: Args) -> Args {
        let mut next = self.count;
        let new = self.renumber_args(args, |r| fresh_region(r, &mut next));
        self.count = next;
        new
    }

    /// How many generic arguments the type of a closure has without its captures.
    fn base_count(&self, id: ClosureId) -> u32 {
        let owner = self.q.c.generics_owner(self.q.closure(id).owner);
        owner.map_or(0, |o| self.q.c.params_of(o).len() as u32)
    }

    /// How many generic arguments an `impl Trait` has without its own region.
    fn opaque_base(&self, id: crate::ty::OpaqueId) -> usize {
        let owner = self.q.c.opaque(id).owner;
        self.q.c.params_of(crate::check::context::Owner::Fn(owner)).len()
    }

    /// Captured types of a closure.
    pub fn shape(&mut self, id: ClosureId) -> Rc<ClosureShape> {
        if let Some(shape) = self.shapes.get(&id) {
            return shape.clone();
        }
        let base = self.base_count(id);
        let data = self.q.closure(id);
        let types = self.q.types();
        let mut region_count = 0;
        let mut fields = Vec::with_capacity(data.captures.len());
        for n in 0..data.captures.len() {
            let ty = crate::mir::build::capture_field_ty(types, data, n);
            fields.push(self.renumber(types.erase(ty), |_| {
                region_count += 1;
                Region::Param(base + region_count - 1, Symbol(0))
            }));
        }
        let shape = Rc::new(ClosureShape { fields, region_count });
        self.shapes.insert(id, shape.clone());
        shape
    }

    /// Type of a captured variable's field in a closure type that was renumbered.
    pub fn capture_ty(&mut self, id: ClosureId, args: Args, field: u32) -> Option<Ty> {
        let shape = self.shape(id);
        let ty = *shape.fields.get(field as usize)?;
        Some(self.q.types().subst(ty, args))
    }

    /// The type as inference knows it: without regions, closures without captured ones.
    pub fn plain(&self, ty: Ty) -> Ty {
        Plain { regions: self, types: self.q.types() }.ty(ty)
    }

    /// The type with each `impl Trait` replaced by what the body of its function made it.
    pub fn reveal(&self, ty: Ty) -> Ty {
        Reveal { regions: self, types: self.q.types() }.ty(ty)
    }

    /// Whether the trait is one of the `Fn` family, whose regions are chosen anew by each call.
    pub fn is_fn_trait(&self, id: crate::hir::TraitId) -> bool {
        self.q.c.lang.fn_kind(id).is_some()
    }

    /// The type with associated types replaced where they are known. Their regions come from those of their arguments.
    pub fn normalize(&mut self, ty: Ty, span: Span) -> Ty {
        let types = self.q.types();
        if !types.flags(ty).has(Flags::PROJECTION) {
            return ty;
        }
        if let Some(&known) = self.normalized.get(&ty) {
            return known;
        }
        let new = match types.kind(ty) {
            TyKind::Projection(alias, args) => {
                let plain = self.plain(ty);
                let plain = self.q.normalize(plain);
                if matches!(types.kind(plain), TyKind::Projection(..)) {
                    ty
                } else {
                    self.depth += 1;
                    let known = if self.depth < MAX_DEPTH { self.project(alias, args, plain, span) } else { None };
                    self.depth -= 1;
                    known.unwrap_or_else(|| {
                        let first = self.count;
                        let new = self.fresh_ty(plain);
                        self.left_out.extend(first..self.count);
                        self.link(args, new, span);
                        new
                    })
                }
            }
            _ => {
                let new = NormalizeParts { regions: self, types, span }.parts(ty);
                // A text that has a lifetime of its own keeps it.
                if matches!(types.kind(new), TyKind::Str(r) if var_of(r).is_some_and(|v| self.left_out.contains(&v))) {
                    self.tie_text(ty, new, span);
                }
                new
            }
        };
        self.normalized.insert(ty, new);
        new
    }

    /// A reference to a type that turns out to be `str` is the `str`: the reference's lifetime goes over to it.
    pub fn tie_text(&mut self, before: Ty, after: Ty, span: Span) {
        let types = self.q.types();
        if let (TyKind::Ref(region, Mutability::Shared, inner), TyKind::Str(text)) =
            (types.kind(before), types.kind(after))
            && !matches!(types.kind(inner), TyKind::Str(_))
            && let (Some(longer), Some(shorter)) = (var_of(region), var_of(text))
        {
            self.add(longer, shorter, span, Why::Given);
        }
    }

    /// Regions of a type that were lost flow from the regions of the arguments it was made from.
    fn link(&mut self, args: Args, to: Ty, span: Span) {
        let mut from = Vec::new();
        for &arg in self.q.types().list(args) {
            self.arg_regions(arg, &mut from);
        }
        self.flow(&from, to, span);
    }

    /// Everything of the given regions may be in the type.
    pub fn flow(&mut self, from: &[RegionVar], to: Ty, span: Span) {
        let mut from = from.to_vec();
        from.sort_unstable();
        from.dedup();
        let mut into = Vec::new();
        self.regions_in(to, &mut into);
        for &r in &into {
            for &f in &from {
                self.add(f, r, span, Why::Given);
            }
            if let [only] = from[..] {
                self.add(r, only, span, Why::Given);
            }
        }
    }

    fn arg_regions(&self, arg: Arg, out: &mut Vec<RegionVar>) {
        match arg {
            Arg::Ty(t) => self.regions_in(t, out),
            Arg::Region(r) => push_var(r, out),
            Arg::Const(_) => {}
        }
    }

    pub fn args_regions(&self, args: Args, out: &mut Vec<RegionVar>) {
        for &arg in self.q.types().list(args) {
            self.arg_regions(arg, out);
        }
    }

    /// Variables in a type, in order.
    pub fn regions_in(&self, ty: Ty, out: &mut Vec<RegionVar>) {
        let types = self.q.types();
        if !types.flags(ty).has(Flags::REGION) {
            return;
        }
        match types.kind(ty) {
            TyKind::Str(r) => push_var(r, out),
            TyKind::Ref(r, _, t) => {
                push_var(r, out);
                self.regions_in(t, out);
            }
            TyKind::Array(t, _) | TyKind::Slice(t) | TyKind::Ptr(_, t) => self.regions_in(t, out),
            TyKind::Tuple(a)
            | TyKind::Adt(_, a)
            | TyKind::FnDef(_, a)
            | TyKind::Ctor(_, _, a)
            | TyKind::Closure(_, a)
            | TyKind::Future(_, a)
            | TyKind::Projection(_, a)
            | TyKind::Opaque(_, a) => self.args_regions(a, out),
            TyKind::Dyn(d, r) => {
                push_var(r, out);
                let kind = types.dyn_kind(d).clone();
                kind.traits.iter().for_each(|&(_, a)| self.args_regions(a, out));
                kind.assoc.iter().for_each(|&(_, t)| self.regions_in(t, out));
            }
            _ => {}
        }
    }

    /// Constraints that make `a` usable as `b`.
    pub fn relate(&mut self, a: Ty, b: Ty, variance: Variance, span: Span, why: Why) {
        let types = self.q.types();
        let has = |t: Ty| types.flags(t).has(Flags::REGION);
        if a == b || !(has(a) || has(b)) || variance == Variance::Bivariant {
            return;
        }
        let at = (variance, span, why);
        match (types.kind(a), types.kind(b)) {
            (TyKind::Str(r), TyKind::Str(s)) => self.relate_regions(r, s, at),
            (TyKind::Ref(r, m, t), TyKind::Ref(s, _, u)) => {
                self.relate_regions(r, s, at);
                // Nothing can be put in the place of an object, so what it promises of its contents may be less.
                let objects = matches!((types.kind(t), types.kind(u)), (TyKind::Dyn(..), TyKind::Dyn(..)));
                let inner = if m == Mutability::Mut && !objects { Variance::Invariant } else { variance };
                self.relate(t, u, inner, span, why);
            }
            (TyKind::Ptr(m, t), TyKind::Ptr(_, u)) => {
                let inner = if m == Mutability::Mut { Variance::Invariant } else { variance };
                self.relate(t, u, inner, span, why);
            }
            (TyKind::Array(t, _) | TyKind::Slice(t), TyKind::Array(u, _) | TyKind::Slice(u)) => {
                self.relate(t, u, variance, span, why);
            }
            (TyKind::Tuple(x), TyKind::Tuple(y)) => self.relate_lists(x, y, |_| Variance::Covariant, at),
            (TyKind::Adt(i, x), TyKind::Adt(j, y)) if i == j => {
                let of = self.q.c.variances(i);
                self.relate_lists(x, y, |n| of.get(n).copied().unwrap_or(Variance::Invariant), at);
            }
            (TyKind::Closure(i, x), TyKind::Closure(j, y)) | (TyKind::Future(i, x), TyKind::Future(j, y)) if i == j => {
                self.relate_lists(x, y, |_| Variance::Invariant, at);
            }
            (TyKind::Opaque(i, x), TyKind::Opaque(j, y)) if i == j => {
                self.relate_lists(x, y, |_| Variance::Invariant, at);
            }
            (TyKind::Projection(i, x), TyKind::Projection(j, y)) if i == j => {
                self.relate_lists(x, y, |_| Variance::Invariant, at);
            }
            (TyKind::Dyn(d, r), TyKind::Dyn(e, s)) => {
                self.relate_regions(r, s, at);
                let (d, e) = (types.dyn_kind(d).clone(), types.dyn_kind(e).clone());
                for (x, y) in d.traits.iter().zip(&e.traits).filter(|(x, y)| x.0 == y.0) {
                    self.relate_lists(x.1, y.1, |_| Variance::Invariant, at);
                }
                for (x, y) in d.assoc.iter().zip(&e.assoc).filter(|(x, y)| x.0 == y.0) {
                    self.relate(x.1, y.1, Variance::Invariant, span, why);
                }
            }
            _ => {}
        }
    }

    fn relate_regions(&mut self, a: Region, b: Region, (variance, span, why): (Variance, Span, Why)) {
        let (Some(a), Some(b)) = (var_of(a), var_of(b)) else { return };
        if matches!(variance, Variance::Covariant | Variance::Invariant) {
            self.add(a, b, span, why);
        }
        if matches!(variance, Variance::Contravariant | Variance::Invariant) {
            self.add(b, a, span, why);
        }
    }

    fn relate_lists(&mut self, x: Args, y: Args, of: impl Fn(usize) -> Variance, at: (Variance, Span, Why)) {
        let types = self.q.types();
        for (n, (&a, &b)) in types.list(x).iter().zip(types.list(y)).enumerate() {
            let variance = compose(at.0, of(n));
            match (a, b) {
                (Arg::Ty(a), Arg::Ty(b)) => self.relate(a, b, variance, at.1, at.2),
                (Arg::Region(a), Arg::Region(b)) => self.relate_regions(a, b, (variance, at.1, at.2)),
                _ => {}
            }
        }
    }
}

struct Reveal<'r, 'a> {
    regions: &'r Regions<'a>,
    types: &'a Types,
}

impl Folder for Reveal<'_, '_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::OPAQUE
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            TyKind::Opaque(id, args) => match self.regions.q.c.opaque(id).hidden.get() {
                Some(&hidden) => self.types.subst(hidden, args),
                None => ty,
            },
            _ => self.parts(ty),
        }
    }
}

struct NormalizeParts<'r, 'a> {
    regions: &'r mut Regions<'a>,
    types: &'a Types,
    span: Span,
}

impl Folder for NormalizeParts<'_, '_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::PROJECTION
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        self.regions.normalize(ty, self.span)
    }
}

fn fresh_region(region: Region, next: &mut u32) -> Region {
    match region {
        Region::Static | Region::Var(_) => region,
        Region::Erased | Region::Param(..) | Region::Bound(_) => {
            *next += 1;
            Region::Var(*next - 1)
        }
    }
}

/// The variable of a region in a renumbered type.
pub fn var_of(region: Region) -> Option<RegionVar> {
    match region {
        Region::Static => Some(STATIC),
        Region::Var(v) => Some(v),
        Region::Erased | Region::Param(..) | Region::Bound(_) => None,
    }
}

fn push_var(region: Region, out: &mut Vec<RegionVar>) {
    out.extend(var_of(region));
}

fn compose(outer: Variance, inner: Variance) -> Variance {
    match (outer, inner) {
        (Variance::Bivariant, _) | (_, Variance::Bivariant) => Variance::Bivariant,
        (Variance::Invariant, _) | (_, Variance::Invariant) => Variance::Invariant,
        (Variance::Covariant, x) => x,
        (Variance::Contravariant, Variance::Covariant) => Variance::Contravariant,
        (Variance::Contravariant, Variance::Contravariant) => Variance::Covariant,
    }
}
