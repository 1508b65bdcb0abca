//! Written types to types.
//!
//! A [`Converter`] works for one item. What an elided lifetime and `_` stand for depends on the place: see [`Elision`] and
//! [`Holes`].

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::{Checked, OpaqueData, Owner, Predicate};
use crate::hir::{
    AdtId, AliasId, AssocArg, Bound, ConstArg, FnId, GenericArg, GenericArgs, GenericParamKind, Generics, Lifetime,
    Mutability, Parent, TraitId, TraitRef, TypeExpr, TypeId, WhereSubject,
};
use crate::ty::{Arg, Args, Const, ConstKind, DynKind, OpaqueId, Region, Ty, TyKind};

/// What an elided lifetime means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Elision {
    /// Bodies and implementation headers: any.
    Erased,
    /// Parameters of functions: each is a new one.
    Fresh,
    /// Results of functions: the one that the rules of section 5 choose; `None` when they choose none.
    Output(Option<Region>),
    /// Items and fields: `str` is `'static`, references need a name.
    Field,
    /// Constants and statics.
    Static,
}

/// What `_` and omitted arguments mean.
pub trait Holes {
    fn ty(&mut self, span: Span) -> Option<Ty>;
    fn constant(&mut self, span: Span) -> Option<Const>;
}

/// Places where every type is written.
pub struct NoHoles;

impl Holes for NoHoles {
    fn ty(&mut self, _: Span) -> Option<Ty> {
        None
    }
    fn constant(&mut self, _: Span) -> Option<Const> {
        None
    }
}

pub struct Converter<'a> {
    pub c: &'a Checked,
    /// Whose generic parameters and `Self` the types may name.
    pub owner: Option<Owner>,
    pub elision: Elision,
    pub holes: &'a mut dyn Holes,
    /// Elided lifetimes made so far.
    pub fresh: u32,
    /// Lifetimes that the parameters mention, for the rules of elision.
    pub seen: Vec<Region>,
    /// Function whose result may say `impl Trait`.
    pub opaque_for: Option<FnId>,
    /// How long the contents live of an object that stands directly behind the reference that is being converted.
    behind: Option<Region>,
    /// Bounds whose arguments are being converted because an associated type is looked for there.
    bounds: Vec<Span>,
}

impl<'a> Converter<'a> {
    pub fn new(c: &'a Checked, owner: Option<Owner>, elision: Elision, holes: &'a mut dyn Holes) -> Converter<'a> {
        Converter {
            c,
            owner,
            elision,
            holes,
            fresh: 0,
            seen: Vec::new(),
            opaque_for: None,
            behind: None,
            bounds: Vec::new(),
        }
    }

    fn mk(&self, kind: TyKind) -> Ty {
        self.c.types.mk(kind)
    }

    fn region(&mut self, lifetime: Lifetime, is_str: bool, span: Span) -> Region {
        let region = match lifetime {
            Lifetime::Elided => match self.elision {
                Elision::Erased => Region::Erased,
                Elision::Fresh => {
                    self.fresh += 1;
                    Region::Bound(self.fresh - 1)
                }
                Elision::Output(Some(r)) => r,
                Elision::Output(None) | Elision::Field if is_str => Region::Static,
                Elision::Static => Region::Static,
                Elision::Output(None) | Elision::Field => {
                    let d = Diagnostic::at(&code::MISSING_LIFETIME, span, "this reference needs a lifetime");
                    self.c.report(d);
                    if let Some(owner) = self.owner {
                        self.c.broken.borrow_mut().insert(owner);
                    }
                    Region::Erased
                }
            },
            // Parameters of `for<'a>` are elided lifetimes with a name: each use of the type has its own.
            Lifetime::Bound(..) | Lifetime::Error => Region::Erased,
            Lifetime::Static => Region::Static,
            Lifetime::Param(i, name) => Region::Param(i, name),
        };
        if self.elision == Elision::Fresh && !self.seen.contains(&region) {
            self.seen.push(region);
        }
        region
    }

    /// A type in a place that holds a value: a trait object by value is a box of it.
    pub fn ty(&mut self, id: TypeId) -> Ty {
        let ty = self.unsized_ty(id);
        match self.c.types.kind(ty) {
            TyKind::Dyn(..) => self.make_box(ty),
            _ => ty,
        }
    }

    fn make_box(&mut self, ty: Ty) -> Ty {
        match self.c.hir.lang_adt("Box") {
            Some(id) => self.mk(TyKind::Adt(id, self.c.types.ty_list(&[ty]))),
            None => Ty::ERROR,
        }
    }

    /// A type behind a pointer, where slices and trait objects stand for themselves.
    pub fn unsized_ty(&mut self, id: TypeId) -> Ty {
        let c = self.c;
        let span = c.hir.type_span(id);
        let behind = self.behind.take();
        match &c.hir.types[id] {
            TypeExpr::Error => Ty::ERROR,
            TypeExpr::Infer => match self.holes.ty(span) {
                Some(t) => t,
                None => {
                    let d = Diagnostic::at(&code::TYPE_UNKNOWN, span, "a type must be written here");
                    c.report(d.help("write the type: nothing is inferred in this place"));
                    Ty::ERROR
                }
            },
            TypeExpr::Never => Ty::NEVER,
            TypeExpr::Bool => Ty::BOOL,
            TypeExpr::Char => Ty::CHAR,
            TypeExpr::Int(k) => Ty::int(*k),
            TypeExpr::Float(k) => Ty::float(*k),
            TypeExpr::Str(l) => {
                let r = self.region(*l, true, span);
                self.mk(TyKind::Str(r))
            }
            TypeExpr::Tuple(parts) => {
                let list: Vec<Ty> = parts.iter().map(|&p| self.ty(p)).collect();
                c.types.tuple(&list)
            }
            TypeExpr::Array(elem, len) => {
                let elem = self.ty(*elem);
                let len = c.checked_length(self.constant(*len, span));
                self.mk(TyKind::Array(elem, len))
            }
            TypeExpr::Slice(elem) => {
                let elem = self.ty(*elem);
                self.mk(TyKind::Slice(elem))
            }
            TypeExpr::Ref(l, m, to) => {
                let r = self.region(*l, false, span);
                self.behind = Some(r);
                let to = self.unsized_ty(*to);
                self.mk(TyKind::Ref(r, *m, to))
            }
            TypeExpr::Ptr(m, to) => {
                let to = self.unsized_ty(*to);
                self.mk(TyKind::Ptr(*m, to))
            }
            TypeExpr::Adt(adt, args) => self.adt(*adt, args, span),
            TypeExpr::Alias(alias, args) => self.alias(*alias, args, span),
            TypeExpr::Param(i, name) => self.mk(TyKind::Param(*i, *name)),
            TypeExpr::SelfOf(i) => c.impl_self(*i),
            TypeExpr::Assoc { base, of, name, name_span, args } => {
                self.assoc(*base, of.as_deref(), *name, *name_span, args)
            }
            TypeExpr::FnPtr { params, ret, .. } => {
                let elision = std::mem::replace(&mut self.elision, Elision::Erased);
                let params: Vec<Ty> = params.iter().map(|&p| self.ty(p)).collect();
                let ret = ret.map_or(Ty::UNIT, |r| self.ty(r));
                self.elision = elision;
                c.types.fn_ptr(&params, ret)
            }
            TypeExpr::BoxedFn { params, ret } => {
                let elision = std::mem::replace(&mut self.elision, Elision::Erased);
                let params: Vec<Ty> = params.iter().map(|&p| self.ty(p)).collect();
                let ret = ret.map_or(Ty::UNIT, |r| self.ty(r));
                self.elision = elision;
                let Some(fn_trait) = c.hir.lang_trait("fn") else { return Ty::ERROR };
                let input = c.types.tuple(&params);
                let traits = vec![(fn_trait, c.types.ty_list(&[input]))];
                let assoc = self.fn_output(fn_trait).map(|o| vec![(o, ret)]).unwrap_or_default();
                let d = c.types.mk_dyn(DynKind { traits, assoc });
                let object = self.mk(TyKind::Dyn(d, self.object_region(None)));
                self.make_box(object)
            }
            TypeExpr::Dyn(bounds) => self.dyn_type(bounds, behind, span),
            TypeExpr::Impl(_) => match self.opaque_for {
                Some(f) => self.opaque(id, f),
                None => {
                    let text = "`impl Trait` may stand in parameters and results of functions only";
                    c.error(&code::UNEXPECTED_TOKEN, span, text);
                    Ty::ERROR
                }
            },
        }
    }

    /// `Output` of the closure traits: declared by `FnOnce`.
    pub fn fn_output(&self, _fn_trait: TraitId) -> Option<AliasId> {
        let once = self.c.hir.lang_trait("fn_once")?;
        self.c.hir.traits[once].types.first().copied()
    }

    fn opaque(&mut self, id: TypeId, owner: FnId) -> Ty {
        let c = self.c;
        let known = c.opaque_ids.borrow().get(&id).copied();
        let opaque = known.unwrap_or_else(|| {
            let n = OpaqueId(c.opaques.len() as u32);
            c.opaques.push(Box::new(OpaqueData { owner, bounds: id, hidden: Default::default() }));
            c.opaque_ids.borrow_mut().insert(id, n);
            n
        });
        let args = c.identity_args(Owner::Fn(owner));
        self.mk(TyKind::Opaque(opaque, args))
    }

    /// How long the contents of an object live that names no lifetime: as long as the reference that it stands behind, else
    /// for ever; in a body whatever fits.
    fn object_region(&self, behind: Option<Region>) -> Region {
        match self.elision {
            Elision::Erased => Region::Erased,
            Elision::Fresh | Elision::Output(_) | Elision::Field | Elision::Static => behind.unwrap_or(Region::Static),
        }
    }

    fn dyn_type(&mut self, bounds: &[Bound], behind: Option<Region>, span: Span) -> Ty {
        let c = self.c;
        let mut region = self.object_region(behind);
        let mut traits = Vec::new();
        let mut assoc = Vec::new();
        for b in bounds {
            match b {
                Bound::Trait(r) => {
                    // The Self type of an object is not known: any type serves to convert the arguments.
                    let (args, bound) = self.trait_args(r, Ty::ERROR);
                    let rest: Vec<Arg> = c.types.list(args)[1..].to_vec();
                    traits.push((r.trait_, c.types.args(&rest)));
                    assoc.extend(bound);
                    if let Some(why) = c.not_object_safe(r.trait_) {
                        let name = c.hir.text(c.hir.traits[r.trait_].head.name);
                        let text = format!("no object can be made of the trait `{name}`");
                        let d = Diagnostic::at(&code::NOT_OBJECT_SAFE, r.span, text).note(why);
                        c.report(d);
                        return Ty::ERROR;
                    }
                }
                Bound::Lifetime(l, s) => region = self.region(*l, false, *s),
                Bound::Maybe(_) => {}
                Bound::Error => return Ty::ERROR,
            }
        }
        if traits.is_empty() {
            c.error(&code::UNEXPECTED_TOKEN, span, "a trait object needs a trait");
            return Ty::ERROR;
        }
        // The order in which they are written has no meaning.
        traits.sort_by_key(|&(t, _)| (c.hir.traits[t].is_auto, t));
        traits.dedup();
        assoc.sort();
        assoc.dedup();
        let d = c.types.mk_dyn(DynKind { traits, assoc });
        self.mk(TyKind::Dyn(d, region))
    }

    pub fn constant(&mut self, arg: ConstArg, span: Span) -> Const {
        let c = self.c;
        match arg {
            ConstArg::Value(v) => c.types.mk_const(ConstKind::Value(v.signed())),
            ConstArg::Param(i, name) => c.types.mk_const(ConstKind::Param(i, name)),
            ConstArg::Body(b) => {
                let args = self.owner.map_or(Args::EMPTY, |o| c.identity_args(o));
                c.types.mk_const(ConstKind::Unevaluated(b, args))
            }
            ConstArg::Infer => match self.holes.constant(span) {
                Some(k) => k,
                None => {
                    c.error(&code::TYPE_UNKNOWN, span, "a constant must be written here");
                    c.types.mk_const(ConstKind::Error)
                }
            },
            ConstArg::Error => c.types.mk_const(ConstKind::Error),
        }
    }

    fn adt(&mut self, adt: AdtId, args: &GenericArgs, span: Span) -> Ty {
        let generics = &self.c.hir.adts[adt].generics;
        let unsized_args = self.c.holds_unsized(adt);
        let list = self.item_args(generics, &[], args, span, unsized_args, &|| {
            format!("`{}`", self.c.hir.text(self.c.hir.adts[adt].head.name))
        });
        self.mk(TyKind::Adt(adt, list))
    }

    /// Arguments of an ADT named in an expression or pattern, where none need to be written.
    pub fn adt_args(&mut self, adt: AdtId, args: &GenericArgs, span: Span) -> Args {
        match self.c.types.kind(self.adt(adt, args, span)) {
            TyKind::Adt(_, list) => list,
            _ => Args::EMPTY,
        }
    }

    fn alias(&mut self, alias: AliasId, args: &GenericArgs, span: Span) -> Ty {
        let c = self.c;
        let item = &c.hir.aliases[alias];
        let list =
            self.item_args(&item.generics, &[], args, span, false, &|| format!("`{}`", c.hir.text(item.head.name)));
        let ty = c.alias_type(alias).unwrap_or(Ty::ERROR);
        c.types.subst(ty, list)
    }

    /// The full argument list of an item: `parent` (arguments for the parent's parameters), then what is written, defaults
    /// and holes.
    pub fn item_args(
        &mut self,
        generics: &Generics,
        parent: &[Arg],
        written: &GenericArgs,
        span: Span,
        unsized_args: bool,
        describe: &dyn Fn() -> String,
    ) -> Args {
        let c = self.c;
        debug_assert_eq!(parent.len(), generics.parent_count as usize);
        let mut out: Vec<Arg> = parent.to_vec();
        let mut lifetimes = written.args.iter().filter_map(|a| match a {
            GenericArg::Lifetime(l, s) => Some((*l, *s)),
            _ => None,
        });
        let mut others = written.args.iter().filter(|a| !matches!(a, GenericArg::Lifetime(..)));
        let wanted = generics
            .params
            .iter()
            .filter(|p| !matches!(p.kind, GenericParamKind::Lifetime | GenericParamKind::Type { anonymous: true, .. }))
            .count();
        let required = generics
            .params
            .iter()
            .filter(|p| {
                matches!(
                    p.kind,
                    GenericParamKind::Type { default: None, anonymous: false }
                        | GenericParamKind::Const { default: None, .. }
                )
            })
            .count();
        let given = others.clone().count();
        if given > wanted || (given > 0 && given < required) {
            let what = if required == wanted { format!("{wanted}") } else { format!("{required} to {wanted}") };
            let text = format!(
                "{} takes {what} generic argument{}, found {given}",
                describe(),
                if wanted == 1 { "" } else { "s" }
            );
            c.error(&code::GENERIC_COUNT, written.span.unwrap_or(span), text);
        }
        for p in &generics.params {
            let arg = match &p.kind {
                GenericParamKind::Lifetime => {
                    let (l, s) = lifetimes.next().unwrap_or((Lifetime::Elided, span));
                    Arg::Region(self.region(l, false, s))
                }
                GenericParamKind::Type { default, anonymous } => {
                    let written = if *anonymous { None } else { others.next() };
                    Arg::Ty(match written {
                        Some(GenericArg::Type(t)) if unsized_args => self.unsized_ty(*t),
                        Some(GenericArg::Type(t)) => self.ty(*t),
                        Some(GenericArg::Const(_, s)) => {
                            c.error(&code::TYPE_MISMATCH, *s, "expected a type, found a constant");
                            Ty::ERROR
                        }
                        _ => self.missing_type(default.filter(|_| given > 0 || required == 0), &out, span),
                    })
                }
                GenericParamKind::Const { default, ty } => Arg::Const(match others.next() {
                    Some(GenericArg::Const(k, s)) => {
                        if let ConstArg::Body(body) = k {
                            let ty = Converter::new(c, None, Elision::Erased, &mut NoHoles).ty(*ty);
                            c.const_arg_types.borrow_mut().insert(*body, ty);
                        }
                        self.constant(*k, *s)
                    }
                    Some(GenericArg::Type(t)) => self.type_as_const(*t),
                    _ => match default {
                        Some(d) => {
                            let k = Converter::new(c, self.owner, Elision::Erased, &mut NoHoles).constant(*d, span);
                            c.types.subst_const(k, c.types.args(&out))
                        }
                        None => match self.holes.constant(span) {
                            Some(k) => k,
                            None => c.types.mk_const(ConstKind::Error),
                        },
                    },
                }),
            };
            out.push(arg);
        }
        c.types.args(&out)
    }

    /// A name in an argument list that was read as a type may be a constant parameter.
    fn type_as_const(&mut self, id: TypeId) -> Const {
        let c = self.c;
        let span = c.hir.type_span(id);
        match c.hir.types[id] {
            TypeExpr::Infer => self.constant(ConstArg::Infer, span),
            TypeExpr::Error => c.types.mk_const(ConstKind::Error),
            _ => {
                c.error(&code::TYPE_MISMATCH, span, "expected a constant, found a type");
                c.types.mk_const(ConstKind::Error)
            }
        }
    }

    fn missing_type(&mut self, default: Option<TypeId>, before: &[Arg], span: Span) -> Ty {
        let c = self.c;
        if let Some(d) = default {
            return c.types.subst(c.default_type(d), c.types.args(before));
        }
        match self.holes.ty(span) {
            Some(t) => t,
            None => {
                c.error(&code::GENERIC_COUNT, span, "generic arguments are missing");
                Ty::ERROR
            }
        }
    }

    /// Arguments of a trait for a Self type, and the associated types that were bound.
    pub fn trait_args(&mut self, r: &TraitRef, self_ty: Ty) -> (Args, Vec<(AliasId, Ty)>) {
        let c = self.c;
        let item = &c.hir.traits[r.trait_];
        let name = || format!("`{}`", c.hir.text(item.head.name));
        // `Iterator<T>`: the positional argument of a trait without parameters binds its only associated type.
        let own = item.generics.params.len() - 1;
        let positional = own == 0 && item.types.len() == 1 && r.args.args.len() == 1 && !r.args.parenthesised;
        let mut generics = item.generics.clone();
        generics.params.remove(0);
        generics.parent_count = 1;
        // Lifetimes left out in `Fn(&T) -> &U` are the call's own, wherever the trait is named.
        let elision = self.elision;
        if r.args.parenthesised {
            self.elision = Elision::Erased;
        }
        let empty = GenericArgs::default();
        let written = if positional { &empty } else { &r.args };
        let args = self.item_args(&generics, &[Arg::Ty(self_ty)], written, r.span, false, &name);
        let mut assoc = Vec::new();
        if positional && let GenericArg::Type(t) = &r.args.args[0] {
            assoc.push((item.types[0], self.ty(*t)));
        }
        for a in &r.args.assoc {
            if let Some(bound) = self.assoc_arg(r, a) {
                assoc.push(bound);
            }
        }
        self.elision = elision;
        (args, assoc)
    }

    fn assoc_arg(&mut self, r: &TraitRef, a: &AssocArg) -> Option<(AliasId, Ty)> {
        let c = self.c;
        let ty = a.ty?;
        let alias = c.assoc_type_named(r.trait_, a.name).map(|(_, alias)| alias);
        let Some(alias) = alias else {
            let text = format!(
                "the trait `{}` has no associated type `{}`",
                c.hir.text(c.hir.traits[r.trait_].head.name),
                c.hir.text(a.name)
            );
            c.error(&code::UNKNOWN_TYPE, a.span, text);
            return None;
        };
        Some((alias, self.ty(ty)))
    }

    /// `base::Name` or `<base as Trait>::Name`.
    fn assoc(&mut self, base: TypeId, of: Option<&TraitRef>, name: Symbol, span: Span, args: &GenericArgs) -> Ty {
        let c = self.c;
        let self_ty = self.unsized_ty(base);
        if self_ty == Ty::ERROR {
            return Ty::ERROR;
        }
        let found = match of {
            Some(r) => {
                let (list, _) = self.trait_args(r, self_ty);
                c.assoc_type_named(r.trait_, name).map(|(t, alias)| (alias, c.super_args(r.trait_, list, t)))
            }
            None => self.assoc_in_scope(base, self_ty, name),
        };
        let Some((alias, list)) = found else {
            if let TyKind::Adt(adt, list) = c.types.kind(self_ty)
                && let Some(alias) = c.inherent_type(adt, name)
            {
                let ty = c.alias_type(alias).unwrap_or(Ty::ERROR);
                return c.types.subst(ty, list);
            }
            let text = format!("`{}` has no associated type `{}`", c.ty_text(self_ty), c.hir.text(name));
            c.error(&code::UNKNOWN_TYPE, span, text);
            return Ty::ERROR;
        };
        if !args.args.is_empty() {
            c.error(&code::GENERIC_COUNT, span, "associated types take no arguments");
        }
        // In the implementation of the trait itself the type is known at once.
        if let TypeExpr::SelfOf(i) = c.hir.types[base]
            && let Some(own) = c.hir.impls[i].types.iter().find(|&&a| c.hir.aliases[a].head.name == name)
            && c.impl_trait_id(i) == c.trait_of_alias(alias)
        {
            return c.alias_type(*own).unwrap_or(Ty::ERROR);
        }
        self.mk(TyKind::Projection(alias, list))
    }

    /// Arguments of a bound's trait, in which an associated type is looked for; errors, with a report, if it is named there.
    fn bound_args(&mut self, r: &TraitRef, self_ty: Ty) -> Args {
        if self.bounds.contains(&r.span) {
            self.c.error(&code::CYCLIC_DEFINITION, r.span, "this bound needs itself");
            return self.c.unknown_args(Owner::Trait(r.trait_), self_ty);
        }
        self.bounds.push(r.span);
        let (args, _) = self.trait_args(r, self_ty);
        self.bounds.pop();
        args
    }

    /// The trait among the bounds of a type parameter (or of Self, or in scope) that declares the type.
    fn assoc_in_scope(&mut self, base: TypeId, self_ty: Ty, name: Symbol) -> Option<(AliasId, Args)> {
        let c = self.c;
        if let TypeExpr::SelfOf(i) = c.hir.types[base]
            && let Some((t, args)) = c.impl_trait(i)
            && let Some((of, alias)) = c.assoc_type_named(t, name)
        {
            return Some((alias, c.super_args(t, args, of)));
        }
        if let TyKind::Param(index, _) = c.types.kind(self_ty) {
            let mut owner = self.owner;
            while let Some(o) = owner {
                if let Owner::Trait(t) = o
                    && index == 0
                    && let Some((of, alias)) = c.assoc_type_named(t, name)
                {
                    let args = c.identity_args(o);
                    return Some((alias, c.super_args(t, args, of)));
                }
                for p in &c.generics(o).predicates {
                    let WhereSubject::Type(subject) = p.subject else { continue };
                    if !matches!(c.hir.types[subject], TypeExpr::Param(i, _) if i == index) {
                        continue;
                    }
                    for b in &p.bounds {
                        if let Bound::Trait(r) = b
                            && let Some((of, alias)) = c.assoc_type_named(r.trait_, name)
                        {
                            let args = self.bound_args(r, self_ty);
                            return Some((alias, c.super_args(r.trait_, args, of)));
                        }
                    }
                }
                owner = c.parent(o);
            }
            return None;
        }
        // A projection: bounds of the associated type's declaration.
        if let TyKind::Projection(outer, _) = c.types.kind(self_ty) {
            for b in &c.hir.aliases[outer].bounds {
                if let Bound::Trait(r) = b
                    && let Some((of, alias)) = c.assoc_type_named(r.trait_, name)
                {
                    let args = self.bound_args(r, self_ty);
                    return Some((alias, c.super_args(r.trait_, args, of)));
                }
            }
        }
        let (t, alias) = c.index.trait_types.get(&name)?.iter().copied().find(|&(t, _)| c.impl_exists(t, self_ty))?;
        let holes = c.hir.traits[t].generics.params.len() - 1;
        if holes > 0 {
            return None;
        }
        Some((alias, c.types.ty_list(&[self_ty])))
    }

    /// Bounds on a type as predicates.
    pub fn bound_predicates(&mut self, subject: Ty, bounds: &[Bound], out: &mut Vec<Predicate>) {
        for b in bounds {
            let Bound::Trait(r) = b else { continue };
            let (args, assoc) = self.trait_args(r, subject);
            out.push(Predicate::Trait(r.trait_, args));
            for (alias, ty) in assoc {
                out.push(self.c.projection_predicate(r.trait_, args, alias, ty));
            }
            for a in &r.args.assoc {
                let Some((of, alias)) = self.c.assoc_type_named(r.trait_, a.name) else { continue };
                if !a.bounds.is_empty() {
                    let list = self.c.super_args(r.trait_, args, of);
                    let inner = self.mk(TyKind::Projection(alias, list));
                    self.bound_predicates(inner, &a.bounds, out);
                }
            }
        }
    }
}

impl Checked {
    /// Whether the arguments of the type are pointers' targets: slices and trait objects stand for themselves there.
    pub fn holds_unsized(&self, adt: AdtId) -> bool {
        self.index.pointers.contains(&adt)
    }

    /// Type of an ADT's field as declared.
    pub(super) fn field_decl_type(&self, adt: AdtId, ty: TypeId) -> Ty {
        Converter::new(self, Some(Owner::Adt(adt)), Elision::Field, &mut NoHoles).ty(ty)
    }

    /// The type that an alias or an associated type of an implementation stands for, in terms of its parameters.
    pub fn alias_type(&self, alias: AliasId) -> Option<Ty> {
        if let Some(t) = self.alias_types.borrow().get(&alias) {
            return *t;
        }
        let item = &self.hir.aliases[alias];
        let owner = Owner::Alias(alias);
        if self.enter(owner, item.head.name_span) {
            let elision = if item.parent == Parent::Module { Elision::Field } else { Elision::Erased };
            let ty = item.ty.map(|t| Converter::new(self, Some(owner), elision, &mut NoHoles).unsized_ty(t));
            self.leave();
            self.alias_types.borrow_mut().insert(alias, ty);
            return ty;
        }
        Some(Ty::ERROR)
    }

    /// The type that a parameter stands for where none is written, in terms of the parameters before it.
    pub(super) fn default_type(&self, default: TypeId) -> Ty {
        let known = self.default_types.borrow().get(&default).copied();
        if let Some(known) = known {
            return known.unwrap_or_else(|| {
                let text = "this default needs itself";
                self.error(&code::CYCLIC_DEFINITION, self.hir.type_span(default), text);
                Ty::ERROR
            });
        }
        self.default_types.borrow_mut().insert(default, None);
        let ty = Converter::new(self, None, Elision::Field, &mut NoHoles).ty(default);
        self.default_types.borrow_mut().insert(default, Some(ty));
        ty
    }

    /// Begins the computation of an item's facts; false, with a report, if it is under way already.
    pub(super) fn enter(&self, owner: Owner, span: Span) -> bool {
        if self.under_way.borrow().contains(&owner) {
            self.error(&code::CYCLIC_DEFINITION, span, "this definition needs itself");
            return false;
        }
        self.under_way.borrow_mut().push(owner);
        true
    }

    pub(super) fn leave(&self) {
        self.under_way.borrow_mut().pop();
    }

    /// Self type and trait of an implementation.
    pub fn impl_header(&self, i: crate::hir::ImplId) -> std::rc::Rc<super::context::ImplHeader> {
        if let Some(h) = self.impl_headers.get(i) {
            return h;
        }
        let self_ty = self.impl_self(i);
        let of = self.hir.impls[i].of.as_ref().map(|r| {
            let mut holes = NoHoles;
            let mut conv = Converter::new(self, Some(Owner::Impl(i)), Elision::Erased, &mut holes);
            (r.trait_, conv.trait_args(r, self_ty).0)
        });
        let erased = of.map(|(_, args)| self.types.erase_args(args));
        let header = std::rc::Rc::new(super::context::ImplHeader { self_ty, of, erased });
        self.impl_headers.insert(i, header.clone());
        header
    }

    /// The type that `Self` means in an implementation.
    pub fn impl_self(&self, i: crate::hir::ImplId) -> Ty {
        if let Some(h) = self.impl_headers.get(i) {
            return h.self_ty;
        }
        let item = &self.hir.impls[i];
        // `Self` in the type itself.
        if !self.enter(Owner::Impl(i), self.hir.type_span(item.self_ty)) {
            return Ty::ERROR;
        }
        let ty = Converter::new(self, Some(Owner::Impl(i)), Elision::Erased, &mut NoHoles).ty_of_impl(item.self_ty);
        self.leave();
        ty
    }

    pub fn impl_trait_id(&self, i: crate::hir::ImplId) -> Option<TraitId> {
        self.hir.impls[i].of.as_ref().map(|r| r.trait_)
    }

    pub fn impl_trait(&self, i: crate::hir::ImplId) -> Option<(TraitId, Args)> {
        self.impl_header(i).of
    }

    /// The associated type of this name in a trait or its supertraits: the trait that declares it, and itself.
    pub fn assoc_type_named(&self, t: TraitId, name: Symbol) -> Option<(TraitId, AliasId)> {
        if let Some(a) = self.find_trait_type(t, name) {
            return Some((t, a));
        }
        self.supertrait_ids(t).into_iter().find_map(|s| Some((s, self.find_trait_type(s, name)?)))
    }

    /// An associated type of an inherent implementation.
    fn inherent_type(&self, adt: AdtId, name: Symbol) -> Option<AliasId> {
        self.index.inherent_types.get(&(adt, name)).copied()
    }

    pub(super) fn projection_predicate(&self, t: TraitId, args: Args, alias: AliasId, ty: Ty) -> Predicate {
        let of = self.trait_of_alias(alias).expect("bound associated types are members of traits");
        Predicate::Projection(alias, self.super_args(t, args, of), ty)
    }

    /// Mutability of a written receiver, if it is a reference.
    pub fn self_mutability(kind: crate::hir::SelfKind) -> Option<Mutability> {
        match kind {
            crate::hir::SelfKind::Ref(_, m) => Some(m),
            _ => None,
        }
    }
}

impl Converter<'_> {
    /// An implementation may be for an unsized type.
    pub fn ty_of_impl(&mut self, id: TypeId) -> Ty {
        self.unsized_ty(id)
    }
}
