//! Types of a body with region variables, and the constraints that its statements make.

use molt_base::hash::FastMap;

use molt_base::Span;
use smallvec::SmallVec;

use super::regions::{RegionVar, Regions, STATIC, Why, var_of};
use super::summary::Summaries;
use crate::check::context::{Predicate, Variance};
use crate::check::typed::FnTrait;
use crate::hir::{
    Bound, FnId, GenericArg, GenericArgs, Hir, Mutability, Parent, TraitId, TypeExpr, TypeId, WhereSubject,
};
use crate::mir::{
    Aggregate, Builtin, Callee, Cast, Constant, Elem, Mir, Operand, Place, Rvalue, Slot, StmtKind, Terminator,
};
use crate::ty::{Arg, Args, ClosureId, Flags, FnSig, Region, Ty, TyKind};

/// A body with region variables in the types of its slots.
pub struct TypedMir<'a, 'm> {
    pub regions: Regions<'a>,
    pub mir: &'m Mir,
    pub slot_ty: Vec<Ty>,
    pub summaries: &'m Summaries,
}

/// The side of a bound that holds what the other one held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// The type that the bound is on.
    Own,
    /// An argument of the trait.
    Other,
}

impl<'a, 'm> TypedMir<'a, 'm> {
    fn has_regions(&self, ty: Ty) -> bool {
        self.regions.q.types().flags(ty).has(Flags::REGION)
    }

    /// Type of a place, its regions those of the slot.
    pub fn place_ty(&mut self, place: &Place) -> Ty {
        self.path_ty(place.slot, &place.path)
    }

    /// [`TypedMir::place_ty`] for a part of a slot.
    pub fn path_ty(&mut self, slot: Slot, path: &[Elem]) -> Ty {
        let mut ty = self.slot_ty[slot.0 as usize];
        let mut variant = 0;
        for &elem in path {
            if let Elem::Variant(v) = elem {
                variant = v;
                continue;
            }
            ty = self.part_ty(ty, elem, variant);
            variant = 0;
        }
        ty
    }

    pub fn part_ty(&mut self, ty: Ty, elem: Elem, variant: u32) -> Ty {
        let q = self.regions.q;
        let types = q.types();
        match (elem, types.kind(ty)) {
            (Elem::Deref, _) => q.pointee(ty).unwrap_or(Ty::ERROR),
            (Elem::Field(n, _), TyKind::Tuple(parts)) => {
                types.list(parts).get(n as usize).and_then(|a| a.ty()).unwrap_or(Ty::ERROR)
            }
            (Elem::Field(n, plain), TyKind::Adt(adt, args)) => {
                // Most fields have no region and are what the builder says.
                if !types.flags(plain).has(Flags::ERASED) && !self.has_regions(ty) {
                    return plain;
                }
                let field = q.c.field_ty(adt, variant, n, args);
                let field = self.regions.normalize(field, self.mir.span);
                self.regions.fresh_ty(field)
            }
            (Elem::Field(n, _), TyKind::Closure(id, args) | TyKind::Future(id, args)) => {
                self.regions.capture_ty(id, args, n).unwrap_or(Ty::ERROR)
            }
            (Elem::Index(_) | Elem::ConstIndex { .. }, TyKind::Array(t, _) | TyKind::Slice(t)) => t,
            (Elem::Subslice { .. }, _) => ty,
            _ => Ty::ERROR,
        }
    }

    /// Makes the constraints of the whole body.
    pub fn constraints(&mut self) {
        let mir = self.mir;
        for (_, block) in mir.blocks.iter() {
            for stmt in &block.stmts {
                if let StmtKind::Assign(place, value) = &stmt.kind {
                    self.assign(place, value, stmt.span);
                }
            }
            self.terminator(block.terminator(), block.end_span.unwrap_or(mir.span));
        }
        while let Some(call) = self.regions.closure_calls.pop() {
            self.apply_closure(call.id, call.args, None, &call.params, call.out, call.span, Why::Argument);
        }
    }

    fn why(&self, dest: &Place) -> Why {
        if dest.slot == Mir::RESULT { Why::Return } else { Why::Assign }
    }

    fn assign(&mut self, dest: &Place, value: &Rvalue, span: Span) {
        let to = self.place_ty(dest);
        if !self.has_regions(to) {
            return;
        }
        let why = self.why(dest);
        let types = self.regions.q.types();
        match value {
            Rvalue::Use(o) => self.operand_into(o, to, span, why),
            Rvalue::Repeat(o, _) => {
                if let TyKind::Array(elem, _) = types.kind(to) {
                    self.operand_into(o, elem, span, why);
                }
            }
            Rvalue::Ref(_, _, place) => self.reference(place, to, span, why),
            Rvalue::Cast(Cast::Unsize, o, _) => {
                let from = self.operand_ty(o);
                self.unsize(from, to, span, why);
            }
            Rvalue::Cast(..) => {}
            Rvalue::Aggregate(kind, parts) => self.aggregate(*kind, parts, to, span, why),
            Rvalue::RawRef(..)
            | Rvalue::StaticRef(_)
            | Rvalue::Len(_)
            | Rvalue::Binary(..)
            | Rvalue::Neg(_)
            | Rvalue::Not(_)
            | Rvalue::Variant(_) => {}
        }
    }

    fn operand_into(&mut self, operand: &Operand, to: Ty, span: Span, why: Why) {
        if !self.has_regions(to) {
            return;
        }
        let from = self.operand_ty(operand);
        self.regions.relate(from, to, Variance::Covariant, span, why);
    }

    fn operand_ty(&mut self, operand: &Operand) -> Ty {
        match operand {
            Operand::Copy(p) | Operand::Move(p) => self.place_ty(p),
            Operand::Const(c) => self.constant_ty(c),
        }
    }

    /// Everything in a constant lives for ever.
    fn constant_ty(&mut self, c: &Constant) -> Ty {
        let types = self.regions.q.types();
        match c {
            Constant::Str(_) => types.mk(TyKind::Str(Region::Static)),
            Constant::Item(_, _, ty) => self.regions.renumber(*ty, |_| Region::Static),
            Constant::Zst(ty) => self.regions.fresh_ty(*ty),
            Constant::Bytes(_) | Constant::CStr(_) => Ty::ERROR,
            Constant::Unit => Ty::UNIT,
            Constant::Bool(_) => Ty::BOOL,
            Constant::Char(_) => Ty::CHAR,
            Constant::Int(_, ty) | Constant::Float(_, ty) | Constant::Param(_, ty) => *ty,
        }
    }

    /// A reference may hold what its place holds; one made through another reference does not outlive that.
    fn reference(&mut self, place: &Place, to: Ty, span: Span, why: Why) {
        let types = self.regions.q.types();
        let (region, mutability, inner) = match types.kind(to) {
            TyKind::Ref(r, m, t) => (r, m, t),
            TyKind::Str(r) => (r, Mutability::Shared, to),
            _ => return,
        };
        let from = self.place_ty(place);
        let variance = if mutability == Mutability::Mut { Variance::Invariant } else { Variance::Covariant };
        self.regions.relate(from, inner, variance, span, why);
        let Some(region) = var_of(region) else { return };
        let mut ty = self.slot_ty[place.slot.0 as usize];
        let mut through: SmallVec<[(RegionVar, Mutability); 4]> = SmallVec::new();
        let mut variant = 0;
        for &elem in &place.path {
            if elem == Elem::Deref {
                match types.kind(ty) {
                    TyKind::Ref(r, m, _) => through.extend(var_of(r).map(|r| (r, m))),
                    TyKind::Ptr(..) => through.clear(),
                    _ => {}
                }
            }
            if let Elem::Variant(v) = elem {
                variant = v;
                continue;
            }
            ty = self.part_ty(ty, elem, variant);
            variant = 0;
        }
        for (outer, m) in through.into_iter().rev() {
            self.regions.add(outer, region, span, why);
            if m == Mutability::Shared {
                return;
            }
        }
    }

    /// What a trait object is made of may hold no more than its bound says.
    fn unsize(&mut self, from: Ty, to: Ty, span: Span, why: Why) {
        let types = self.regions.q.types();
        match (types.kind(from), types.kind(to)) {
            (TyKind::Ref(r, m, t), TyKind::Ref(s, _, u)) => {
                if let (Some(r), Some(s)) = (var_of(r), var_of(s)) {
                    self.regions.add(r, s, span, why);
                }
                self.unsized_pointee(t, u, m == Mutability::Mut, span, why);
            }
            (TyKind::Ptr(_, t), TyKind::Ptr(_, u)) => self.unsized_pointee(t, u, true, span, why),
            (TyKind::Adt(i, x), TyKind::Adt(j, y)) if i == j => {
                for (&a, &b) in types.list(x).iter().zip(types.list(y)) {
                    if let (Arg::Ty(a), Arg::Ty(b)) = (a, b) {
                        self.unsized_pointee(a, b, false, span, why);
                    }
                }
            }
            _ => {}
        }
    }

    fn unsized_pointee(&mut self, from: Ty, to: Ty, exclusive: bool, span: Span, why: Why) {
        let types = self.regions.q.types();
        match (types.kind(from), types.kind(to)) {
            (TyKind::Dyn(_, r), TyKind::Dyn(_, s)) => {
                if let (Some(r), Some(s)) = (var_of(r), var_of(s)) {
                    self.regions.add(r, s, span, why);
                }
                self.upcast(from, to, span, why);
            }
            (_, TyKind::Dyn(_, s)) => {
                let Some(s) = var_of(s) else { return };
                let mut held = Vec::new();
                self.regions.regions_in(from, &mut held);
                held.into_iter().for_each(|r| self.regions.add(r, s, span, why));
            }
            _ => {
                let variance = if exclusive { Variance::Invariant } else { Variance::Covariant };
                self.regions.relate(from, to, variance, span, why);
            }
        }
    }

    /// Arguments and associated types of the traits of an object that are promised under a wider type are the same.
    fn upcast(&mut self, from: Ty, to: Ty, span: Span, why: Why) {
        let (c, types) = (self.regions.q.c, self.regions.q.types());
        let (TyKind::Dyn(d, _), TyKind::Dyn(e, _)) = (types.kind(from), types.kind(to)) else { return };
        let (have, want) = (types.dyn_kind(d), types.dyn_kind(e));
        let mut promised = Vec::new();
        for &(t, rest) in &have.traits {
            let mut list = vec![Arg::Ty(from)];
            list.extend_from_slice(types.list(rest));
            promised.extend(c.implied(t, types.args(&list)));
        }
        for &(t, args) in &want.traits {
            for p in &promised {
                let Predicate::Trait(s, list) = *p else { continue };
                if s == t && !types.list(args).is_empty() && !self.regions.is_fn_trait(t) {
                    let own = types.args(&types.list(list)[1..]);
                    self.relate_same(own, args, span, why);
                }
            }
        }
        for &(alias, ty) in &want.assoc {
            let stated = have.assoc.iter().filter(|a| a.0 == alias).map(|a| a.1);
            let implied = promised.iter().filter_map(|p| match *p {
                Predicate::Projection(n, _, ty) if n == alias => Some(ty),
                _ => None,
            });
            let same: Vec<Ty> = stated.chain(implied).collect();
            for known in same {
                self.relate_same(types.ty_list(&[known]), types.ty_list(&[ty]), span, why);
            }
        }
    }

    /// Relates lists that differ in regions at most; others are of another bound on the same trait.
    fn relate_same(&mut self, have: Args, want: Args, span: Span, why: Why) {
        let types = self.regions.q.types();
        let have = self.regions.fresh_args(have);
        for (&a, &b) in types.list(have).iter().zip(types.list(want)) {
            match (a, b) {
                (Arg::Ty(a), Arg::Ty(b)) => {
                    let a = self.regions.normalize(a, span);
                    if self.regions.plain(a) == self.regions.plain(b) {
                        self.regions.relate(a, b, Variance::Invariant, span, why);
                    }
                }
                (Arg::Region(a), Arg::Region(b)) => {
                    if let (Some(a), Some(b)) = (var_of(a), var_of(b)) {
                        self.regions.add(a, b, span, why);
                        self.regions.add(b, a, span, why);
                    }
                }
                _ => {}
            }
        }
    }

    fn aggregate(&mut self, kind: Aggregate, parts: &[Operand], to: Ty, span: Span, why: Why) {
        let why = if let Aggregate::Closure(..) = kind { Why::Capture } else { why };
        let variant = if let Aggregate::Adt(_, v, _) = kind { v } else { 0 };
        for (n, part) in parts.iter().enumerate() {
            let elem = match kind {
                Aggregate::Array(_) => Elem::ConstIndex { offset: 0, from_end: false },
                _ => Elem::Field(n as u32, self.builder_ty(part)),
            };
            let field = self.part_ty(to, elem, variant);
            self.operand_into(part, field, span, why);
        }
    }

    /// Type of an operand without its regions.
    fn builder_ty(&mut self, operand: &Operand) -> Ty {
        let ty = self.operand_ty(operand);
        self.regions.q.types().erase(ty)
    }

    fn terminator(&mut self, end: &Terminator, span: Span) {
        match end {
            Terminator::Call { func, args, dest, .. } => self.call(func, args, dest, span),
            Terminator::Await { future, dest, .. } => {
                let from = self.operand_ty(future);
                let to = self.place_ty(dest);
                let mut held = Vec::new();
                self.regions.regions_in(from, &mut held);
                self.regions.flow(&held, to, span);
            }
            Terminator::Goto(_)
            | Terminator::Switch { .. }
            | Terminator::Return
            | Terminator::Resume
            | Terminator::Unreachable
            | Terminator::Drop { .. }
            | Terminator::Panic(_) => {}
        }
    }

    fn call(&mut self, func: &Callee, args: &[Operand], dest: &Place, span: Span) {
        let to = self.place_ty(dest);
        let why = self.why(dest);
        match func {
            Callee::Fn(func, generics) => self.call_item(*func, *generics, args, to, span, why),
            Callee::Builtin(Builtin::BoxNew, _) => {
                let inner = self.part_ty(to, Elem::Deref, 0);
                self.operand_into(&args[0], inner, span, Why::Argument);
            }
            Callee::Builtin(..) => {
                // Defaults give what the arguments before may hold, but refer to none of them.
                let mut held = Vec::new();
                for arg in args {
                    let ty = self.operand_ty(arg);
                    let own = self.regions.q.pointee(ty).unwrap_or(ty);
                    self.regions.regions_in(own, &mut held);
                }
                self.link_regions(held, to, span);
            }
            Callee::Pointer(pointer) => {
                let ty = self.operand_ty(pointer);
                match self.regions.q.types().kind(ty) {
                    TyKind::FnPtr(sig) => self.call_signature(sig, args, to, span, why),
                    _ => self.link_call(args, to, span),
                }
            }
            Callee::FnTrait { by, .. } => self.call_closure(*by, args, to, span, why),
        }
    }

    /// Without a signature that says more, a result may hold what any argument holds.
    fn link_call(&mut self, args: &[Operand], to: Ty, span: Span) {
        if !self.has_regions(to) {
            return;
        }
        let mut held = Vec::new();
        for arg in args {
            let ty = self.operand_ty(arg);
            self.regions.regions_in(ty, &mut held);
        }
        self.link_regions(held, to, span);
    }

    fn link_regions(&mut self, mut held: Vec<RegionVar>, to: Ty, span: Span) {
        held.sort_unstable();
        held.dedup();
        let mut into = Vec::new();
        self.regions.regions_in(to, &mut into);
        for &h in &held {
            into.iter().for_each(|&r| self.regions.add(h, r, span, Why::Given));
        }
    }

    fn call_item(&mut self, func: FnId, generics: Args, args: &[Operand], to: Ty, span: Span, why: Why) {
        let q = self.regions.q;
        let sig = q.fn_sig(func);
        let types = q.types();
        let named = |t: Ty| types.flags(t).has(Flags::REGION | Flags::ERASED);
        let bounds = self.type_bounds(func);
        let plain = !types.args_flags(generics).has(Flags::ERASED | Flags::REGION);
        // Lifetimes that each belong to one parameter say nothing of each other.
        if plain && bounds.is_empty() && !named(sig.ret) && !sig.params.iter().any(|&t| types.has_shared_region(t)) {
            return;
        }
        // An `impl Trait` of the function's own, not one that a type argument brings along.
        let opaque = types.flags(sig.ret).has(Flags::OPAQUE) && self.opaque_names_lifetimes(sig.ret);
        let generics = self.regions.fresh_args(generics);
        // An implementation may put a text for a trait's parameter whose lifetime is that of the reference.
        let ties = matches!(q.hir().fns[func].parent, Parent::Trait(_));
        let (params, ret) = self.instantiate(&sig, generics, ties, span);
        for (arg, &param) in args.iter().zip(&params) {
            self.operand_into(arg, param, span, Why::Argument);
        }
        // A future holds the arguments; what an arm of a `select` gives comes from what it waited for.
        if q.c.lang.select_take == Some(func) || q.hir().fns[func].is_async {
            self.link_call(args, to, span);
        } else if opaque {
            self.link_call(args, ret, span);
        }
        self.regions.relate(ret, to, Variance::Covariant, span, why);
        self.call_bounds(func, generics, &bounds, span);
    }

    /// Whether the bounds of an `impl Trait` mention a lifetime or a reference: then it may hold what the arguments hold.
    fn opaque_names_lifetimes(&self, ty: Ty) -> bool {
        let q = self.regions.q;
        let TyKind::Opaque(id, _) = q.types().kind(ty) else { return true };
        mentions_lifetime(q.hir(), q.c.opaque(id).bounds)
    }

    /// A signature with its arguments put in; elided lifetimes get variables of this call. With `ties` a reference to a
    /// parameter that turns out to be a text gives the text its lifetime.
    fn instantiate(&mut self, sig: &FnSig, generics: Args, ties: bool, span: Span) -> (SmallVec<[Ty; 4]>, Ty) {
        let types = self.regions.q.types();
        let mut elided: SmallVec<[(Region, Region); 4]> = SmallVec::new();
        let mut one = |regions: &mut Regions<'a>, ty: Ty| {
            // First the elided lifetimes: a generic argument may not be confused with them.
            let mut next = regions.count;
            let ty = regions.renumber(ty, |r| match r {
                Region::Bound(_) => match elided.iter().find(|e| e.0 == r) {
                    Some(&(_, known)) => known,
                    None => {
                        next += 1;
                        elided.push((r, Region::Var(next - 1)));
                        Region::Var(next - 1)
                    }
                },
                Region::Erased => {
                    next += 1;
                    Region::Var(next - 1)
                }
                Region::Static | Region::Param(..) | Region::Var(_) => r,
            });
            regions.count = next;
            let new = types.subst(ty, generics);
            if ties
                && let TyKind::Str(_) = types.kind(new)
                && let TyKind::Ref(region, m, inner) = types.kind(ty)
                && let TyKind::Param(..) = types.kind(inner)
            {
                let region = types.list(types.subst_args(types.args(&[Arg::Region(region)]), generics))[0];
                if let Arg::Region(region) = region {
                    regions.tie_text(types.mk(TyKind::Ref(region, m, inner)), new, span);
                }
            }
            regions.normalize(new, span)
        };
        let params = sig.params.iter().map(|&t| one(&mut self.regions, t)).collect();
        let ret = one(&mut self.regions, sig.ret);
        (params, ret)
    }

    /// `T: 'a` bounds of a function, also those of what it is a member of: index of the parameter, and the region.
    fn type_bounds(&self, func: FnId) -> Vec<(u32, Region)> {
        let (hir, c) = (self.regions.q.hir(), self.regions.q.c);
        let mut out = Vec::new();
        let mut next = Some(crate::check::context::Owner::Fn(func));
        while let Some(owner) = next {
            for p in &c.generics(owner).predicates {
                let WhereSubject::Type(ty) = p.subject else { continue };
                let TypeExpr::Param(index, _) = hir.types[ty] else { continue };
                for bound in &p.bounds {
                    match bound {
                        Bound::Lifetime(crate::hir::Lifetime::Static, _) => out.push((index, Region::Static)),
                        Bound::Lifetime(crate::hir::Lifetime::Param(i, name), _) => {
                            out.push((index, Region::Param(*i, *name)));
                        }
                        _ => {}
                    }
                }
            }
            next = c.parent(owner);
        }
        out
    }

    /// Bounds of a called function on its lifetimes and types, and what its `Fn` bounds mean for closures.
    fn call_bounds(&mut self, func: FnId, generics: Args, types_bounds: &[(u32, Region)], span: Span) {
        let types = self.regions.q.types();
        let region_of = |r: Region| match r {
            Region::Static => Some(STATIC),
            Region::Param(i, _) => match types.list(generics).get(i as usize) {
                Some(Arg::Region(r)) => var_of(*r),
                _ => None,
            },
            _ => None,
        };
        for (longer, shorter) in self.regions.q.c.outlives_bounds(func) {
            if let (Some(l), Some(s)) = (region_of(longer), region_of(shorter)) {
                self.regions.add(l, s, span, Why::Bound(func));
            }
        }
        for &(index, region) in types_bounds {
            let (Some(region), Some(Arg::Ty(ty))) = (region_of(region), types.list(generics).get(index as usize))
            else {
                continue;
            };
            let mut held = Vec::new();
            self.regions.regions_in(*ty, &mut held);
            held.into_iter().for_each(|r| self.regions.add(r, region, span, Why::Bound(func)));
        }
        self.closure_bounds(func, generics, span);
        self.trait_bounds(func, generics, span);
    }

    /// What the trait bounds of a called function say about lifetimes: `B: FromIterator<T>` holds what T holds, and an
    /// associated type is what the bound says it is.
    fn trait_bounds(&mut self, func: FnId, generics: Args, span: Span) {
        let q = self.regions.q;
        let types = q.types();
        if !types.args_flags(generics).has(Flags::REGION) {
            return;
        }
        if let Some(trait_) = q.c.trait_of_fn(func)
            && let Some(side) = self.holder(trait_)
        {
            let count = q.c.params_of(crate::check::context::Owner::Trait(trait_)).len();
            let list = types.list(generics);
            self.trait_bound(side, &list[..count.min(list.len())], span);
        }
        for predicate in q.c.predicates_of(crate::check::context::Owner::Fn(func)).iter() {
            match *predicate {
                Predicate::Trait(trait_, args) => {
                    if let Some(side) = self.holder(trait_) {
                        let args = types.subst_args(args, generics);
                        self.trait_bound(side, types.list(args), span);
                    }
                }
                Predicate::Projection(alias, args, out) => {
                    if q.c.trait_of_alias(alias).is_some_and(|t| self.regions.is_fn_trait(t)) {
                        continue;
                    }
                    let args = types.subst_args(args, generics);
                    let found = self.regions.normalize(types.mk(TyKind::Projection(alias, args)), span);
                    let out = self.regions.normalize(types.subst(out, generics), span);
                    self.regions.relate(found, out, Variance::Invariant, span, Why::Argument);
                }
            }
        }
    }

    /// Conversions and collections: which side of the bound holds what the other side held.
    fn holder(&self, trait_: TraitId) -> Option<Holder> {
        let hir = self.regions.q.hir();
        match hir.text(hir.traits[trait_].head.name) {
            "FromIterator" | "Extend" | "From" | "TryFrom" | "Sum" => Some(Holder::Own),
            "Into" | "TryInto" => Some(Holder::Other),
            _ => None,
        }
    }

    /// What one side of a bound on a conversion or collection held may be in the other.
    fn trait_bound(&mut self, holder: Holder, args: &[Arg], span: Span) {
        let [Arg::Ty(own), rest @ ..] = args else { return };
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for other in rest.iter().filter_map(|a| a.ty()) {
            let other = self.regions.normalize(other, span);
            self.regions.regions_in(other, &mut from);
        }
        self.regions.regions_in(*own, &mut to);
        if holder == Holder::Other {
            std::mem::swap(&mut from, &mut to);
        }
        for &f in &from {
            to.iter().for_each(|&t| self.regions.add(f, t, span, Why::Argument));
        }
    }

    /// A closure that is passed for `F: Fn(A) -> R`: its own results and parameters are related to A and R.
    fn closure_bounds(&mut self, func: FnId, generics: Args, span: Span) {
        let q = self.regions.q;
        let types = q.types();
        let any = types
            .list(generics)
            .iter()
            .any(|a| matches!(a, Arg::Ty(t) if matches!(types.kind(*t), TyKind::Closure(..))));
        if !any {
            return;
        }
        let predicates = q.c.predicates_of(crate::check::context::Owner::Fn(func));
        for predicate in predicates.iter() {
            let Predicate::Projection(alias, args, out) = *predicate else { continue };
            let Some(trait_) = q.c.trait_of_alias(alias) else { continue };
            if !self.regions.is_fn_trait(trait_) {
                continue;
            }
            let args = types.subst_args(args, generics);
            let (Some(Arg::Ty(own)), Some(Arg::Ty(params))) = (types.list(args).first(), types.list(args).get(1))
            else {
                continue;
            };
            let TyKind::Closure(id, own_args) = types.kind(*own) else { continue };
            let params = self.regions.normalize(*params, span);
            let params = self.regions.fresh_ty(params);
            let out = self.regions.normalize(types.subst(out, generics), span);
            let out = self.regions.fresh_ty(out);
            let TyKind::Tuple(params) = types.kind(params) else { continue };
            let params: Vec<Ty> = types.ty_elems(params).collect();
            self.apply_closure(id, own_args, None, &params, out, span, Why::Argument);
        }
    }

    /// Relates the parameters and the result of a call of a closure by what its body was found to need.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call")]
    fn apply_closure(
        &mut self,
        id: ClosureId,
        args: Args,
        env: Option<RegionVar>,
        params: &[Ty],
        out: Ty,
        span: Span,
        why: Why,
    ) {
        let summaries = self.summaries;
        let Some(summary) = summaries.get(id) else { return };
        let mut vars: Vec<RegionVar> = Vec::new();
        vars.push(env.unwrap_or_else(|| self.regions.fresh()));
        let base = vars.len();
        self.regions.args_regions(args, &mut vars);
        // Generic arguments of the owner come first; the captures are the last.
        let captured = vars.len().saturating_sub(summary.captured as usize).max(base);
        vars.drain(base..captured);
        params.iter().for_each(|&p| self.regions.regions_in(p, &mut vars));
        self.regions.regions_in(out, &mut vars);
        for &(longer, shorter) in &summary.needs {
            let at = |n: Option<u32>| match n {
                None => Some(STATIC),
                Some(n) => vars.get(n as usize).copied(),
            };
            if let (Some(l), Some(s)) = (at(Some(longer)), at(shorter)) {
                self.regions.add(l, s, span, why);
            }
        }
    }

    fn call_closure(&mut self, by: FnTrait, args: &[Operand], to: Ty, span: Span, why: Why) {
        let q = self.regions.q;
        let types = q.types();
        let env = self.operand_ty(&args[0]);
        let (env_region, own) = match (by, types.kind(env)) {
            (FnTrait::FnOnce, _) => (None, env),
            (_, TyKind::Ref(r, _, inner)) => (var_of(r), inner),
            _ => (None, env),
        };
        match types.kind(own) {
            TyKind::Closure(id, closure_args) => {
                let params: Vec<Ty> = args[1..].iter().map(|a| self.operand_ty(a)).collect();
                self.apply_closure(id, closure_args, env_region, &params, to, span, why);
            }
            TyKind::FnPtr(sig) => self.call_signature(sig, &args[1..], to, span, why),
            TyKind::Dyn(d, _) => {
                let kind = types.dyn_kind(d);
                let params = kind.traits.iter().find(|t| self.regions.is_fn_trait(t.0)).map(|t| t.1);
                let out = kind.assoc.first().map_or(Ty::UNIT, |a| a.1);
                let params = params.and_then(|a| types.list(a).first().and_then(|a| a.ty()));
                self.call_bound(params, out, args, to, span, why);
            }
            TyKind::FnDef(func, generics) => self.call_item(func, generics, &args[1..], to, span, why),
            _ => {
                let plain = self.regions.plain(own);
                let found = q.c.env(q.env).iter().find_map(|p| match *p {
                    Predicate::Projection(alias, list, out)
                        if types.list(list).first() == Some(&Arg::Ty(plain))
                            && q.c.trait_of_alias(alias).is_some_and(|t| self.regions.is_fn_trait(t)) =>
                    {
                        Some((types.list(list).get(1).and_then(|a| a.ty()), out))
                    }
                    _ => None,
                });
                match found {
                    Some((params, out)) => self.call_bound(params, out, args, to, span, why),
                    None => self.link_call(&args[1..], to, span),
                }
            }
        }
    }

    /// A call through `Fn(A, ..) -> R`: `params` is the tuple.
    fn call_bound(&mut self, params: Option<Ty>, out: Ty, args: &[Operand], to: Ty, span: Span, why: Why) {
        let types = self.regions.q.types();
        let Some(TyKind::Tuple(list)) = params.map(|p| types.kind(p)) else {
            return self.link_call(&args[1..], to, span);
        };
        let mut sig: Vec<Arg> = types.list(list).to_vec();
        sig.push(Arg::Ty(out));
        let sig = types.args(&sig);
        self.call_signature(sig, &args[1..], to, span, why);
    }

    /// A call through a list of parameter types and the result, whose lifetimes this call chooses. Those of the result that
    /// have no name come from the arguments.
    fn call_signature(&mut self, sig: Args, args: &[Operand], to: Ty, span: Span, why: Why) {
        let types = self.regions.q.types();
        let list: Vec<Ty> = types.ty_elems(sig).collect();
        let Some((&ret, params)) = list.split_last() else { return };
        let mut bound: FastMap<Region, RegionVar> = FastMap::default();
        let mut given = Vec::new();
        for (arg, &param) in args.iter().zip(params) {
            let mut next = self.regions.count;
            let ty = self.regions.renumber(param, |r| choose(r, &mut bound, &mut next));
            self.regions.count = next;
            self.regions.regions_in(ty, &mut given);
            self.operand_into(arg, ty, span, Why::Argument);
        }
        let mut nameless = Vec::new();
        let mut next = self.regions.count;
        let ret = self.regions.renumber(ret, |r| {
            let known = bound.contains_key(&r);
            let region = choose(r, &mut bound, &mut next);
            if let (Region::Var(v), false) = (region, known) {
                nameless.push(v);
            }
            region
        });
        self.regions.count = next;
        for &g in given.iter().filter(|&&g| g != STATIC) {
            nameless.iter().for_each(|&n| self.regions.add(g, n, span, Why::Given));
        }
        self.regions.relate(ret, to, Variance::Covariant, span, why);
    }

    /// Slots whose types have regions.
    pub fn slot_regions(&self, slot: Slot, out: &mut Vec<RegionVar>) {
        self.regions.regions_in(self.slot_ty[slot.0 as usize], out);
    }
}

/// Whether a written type has a reference or a lifetime in it.
fn mentions_lifetime(hir: &Hir, ty: TypeId) -> bool {
    let in_args = |args: &GenericArgs| {
        let listed = args.args.iter().any(|a| match a {
            GenericArg::Lifetime(..) => true,
            GenericArg::Type(t) => mentions_lifetime(hir, *t),
            GenericArg::Const(..) => false,
        });
        listed || args.assoc.iter().any(|a| a.ty.is_some_and(|t| mentions_lifetime(hir, t)))
    };
    match &hir.types[ty] {
        TypeExpr::Str(_) | TypeExpr::Ref(..) => true,
        TypeExpr::Tuple(parts) => parts.iter().any(|&t| mentions_lifetime(hir, t)),
        TypeExpr::Array(t, _) | TypeExpr::Slice(t) | TypeExpr::Ptr(_, t) => mentions_lifetime(hir, *t),
        TypeExpr::Adt(_, args) | TypeExpr::Alias(_, args) => in_args(args),
        TypeExpr::Impl(bounds) | TypeExpr::Dyn(bounds) => bounds.iter().any(|b| match b {
            Bound::Trait(of) | Bound::Maybe(of) => in_args(&of.args),
            Bound::Lifetime(..) => true,
            Bound::Error => false,
        }),
        _ => false,
    }
}

/// A lifetime of a signature at one call: elided ones are new each time, those with a name are one.
fn choose(region: Region, bound: &mut FastMap<Region, RegionVar>, next: &mut u32) -> Region {
    let mut fresh = || {
        *next += 1;
        *next - 1
    };
    match region {
        Region::Static | Region::Var(_) => region,
        Region::Erased => Region::Var(fresh()),
        Region::Bound(_) | Region::Param(..) => Region::Var(*bound.entry(region).or_insert_with(fresh)),
    }
}
