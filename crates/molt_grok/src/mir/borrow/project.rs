//! Associated types with their regions: what an implementation says of them, in terms of the types that it is for.

use super::regions::{Regions, Why};
use crate::check::context::{Owner, Predicate};
use crate::check::solve::Solver;
use crate::hir::AliasId;
use crate::ty::{Arg, Args, ClosureId, Flags, Region, Ty, TyKind};
use molt_base::Span;

/// A call of a closure that an implementation makes: its parameters and its result are related once its needs are known.
#[derive(Debug)]
pub struct ClosureCall {
    pub id: ClosureId,
    pub args: Args,
    pub params: Vec<Ty>,
    pub out: Ty,
    pub span: Span,
}

impl Regions<'_> {
    /// What `<Self as Trait>::Alias` is, with the regions of the arguments where they belong. `None` if no implementation
    /// is chosen, or if it leaves open where regions come from.
    pub(super) fn project(&mut self, alias: AliasId, args: Args, plain: Ty, span: Span) -> Option<Ty> {
        let (c, types) = (self.q.c, self.q.types());
        let args = self.normalize_list(args, span);
        if c.trait_of_alias(alias).is_some_and(|t| c.hir.lang_trait("future") == Some(t)) {
            // What a future yields may hold what the future holds.
            return Some(self.fresh_left_out(types.erase(plain), args, span));
        }
        let mut solver = Solver::new(c, self.q.env);
        let bare: Vec<Arg> = types.list(args).iter().map(|&a| self.bare(a)).collect();
        let (i, list) = solver.implementing(alias, types.args(&bare), span)?;
        let name = c.hir.aliases[alias].head.name;
        let own = c.hir.impls[i].types.iter().copied().find(|&a| c.hir.aliases[a].head.name == name)?;
        let ty = c.alias_type(own)?;
        if types.args_flags(list).has(Flags::INFER | Flags::ERROR) {
            return None;
        }
        let (_, header) = c.impl_header(i).of?;
        let mut bound: Vec<Option<Arg>> = vec![None; types.list(list).len()];
        for (&pattern, &actual) in types.list(header).iter().zip(types.list(args)) {
            self.bind_arg(pattern, actual, &mut bound);
        }
        let mut open = Vec::new();
        let mut full = Vec::with_capacity(bound.len());
        for (n, (known, &plain)) in bound.into_iter().zip(types.list(list)).enumerate() {
            full.push(match (known, plain) {
                (Some(a), _) => a,
                (None, Arg::Ty(t)) => {
                    open.push(n as u32);
                    Arg::Ty(self.fresh_ty(t))
                }
                (None, Arg::Region(_)) => Arg::Region(Region::Var(self.fresh())),
                (None, Arg::Const(k)) => Arg::Const(k),
            });
        }
        let full = types.args(&full);
        open.retain(|&n| matches!(types.list(full)[n as usize], Arg::Ty(t) if types.flags(t).has(Flags::REGION)));
        if !open.is_empty() && !self.tie_open(Owner::Impl(i), full, &mut open, span) {
            return None;
        }
        let ty = self.fresh_left_out(types.subst(ty, full), args, span);
        let ty = self.normalize(ty, span);
        (self.plain(ty) == plain).then_some(ty)
    }

    /// Lifetimes that an implementation left out, as `str` does, come from the arguments.
    fn fresh_left_out(&mut self, ty: Ty, args: Args, span: Span) -> Ty {
        let first = self.count;
        let mut next = first;
        let new = self.renumber(ty, |r| match r {
            Region::Erased => {
                next += 1;
                Region::Var(next - 1)
            }
            other => other,
        });
        self.count = next;
        self.left_out.extend(first..next);
        let mut from = Vec::new();
        if first < next {
            self.args_regions(args, &mut from);
        }
        for made in first..next {
            from.iter().for_each(|&f| self.add(f, made, span, Why::Given));
        }
        new
    }

    fn bare(&self, arg: Arg) -> Arg {
        match arg {
            Arg::Ty(t) => Arg::Ty(self.plain(t)),
            Arg::Region(_) => Arg::Region(Region::Erased),
            Arg::Const(_) => arg,
        }
    }

    fn normalize_list(&mut self, args: Args, span: Span) -> Args {
        let types = self.q.types();
        if !types.args_flags(args).has(Flags::PROJECTION) {
            return args;
        }
        let list: Vec<Arg> = types
            .list(args)
            .iter()
            .map(|&a| match a {
                Arg::Ty(t) => Arg::Ty(self.normalize(t, span)),
                other => other,
            })
            .collect();
        types.args(&list)
    }

    /// Parameters that only the bound of a closure tells: they are results of its calls. False if one is left.
    fn tie_open(&mut self, owner: Owner, full: Args, open: &mut Vec<u32>, span: Span) -> bool {
        let (c, types) = (self.q.c, self.q.types());
        for p in c.predicates_of(owner).iter() {
            let Predicate::Projection(alias, args, out) = *p else { continue };
            if !c.trait_of_alias(alias).is_some_and(|t| self.is_fn_trait(t)) {
                continue;
            }
            let told: Vec<u32> = open.iter().copied().filter(|&n| mentions_param(types, out, n)).collect();
            if told.is_empty() {
                continue;
            }
            let args = types.subst_args(args, full);
            let (Some(Arg::Ty(callee)), Some(Arg::Ty(params))) = (types.list(args).first(), types.list(args).get(1))
            else {
                continue;
            };
            let TyKind::Closure(id, own) = types.kind(*callee) else { continue };
            let params = self.normalize(*params, span);
            let params = self.fresh_ty(params);
            let TyKind::Tuple(params) = types.kind(params) else { continue };
            let params = types.ty_elems(params).collect();
            let out = self.normalize(types.subst(out, full), span);
            let out = self.fresh_ty(out);
            self.closure_calls.push(ClosureCall { id, args: own, params, out, span });
            open.retain(|n| !told.contains(n));
        }
        open.is_empty()
    }

    fn bind_arg(&self, pattern: Arg, actual: Arg, bound: &mut [Option<Arg>]) {
        match (pattern, actual) {
            (Arg::Ty(p), Arg::Ty(a)) => self.bind(p, a, bound),
            (Arg::Region(Region::Param(n, _)), Arg::Region(_)) => put(n, actual, bound),
            _ => {}
        }
    }

    /// Matches an implementation's type with the type at hand.
    fn bind(&self, pattern: Ty, actual: Ty, bound: &mut [Option<Arg>]) {
        let types = self.q.types();
        let region = |p, a, bound: &mut [Option<Arg>]| self.bind_arg(Arg::Region(p), Arg::Region(a), bound);
        match (types.kind(pattern), types.kind(actual)) {
            (TyKind::Param(n, _), _) => put(n, Arg::Ty(actual), bound),
            (TyKind::Str(p), TyKind::Str(a)) => region(p, a, bound),
            (TyKind::Ref(p, _, inner), TyKind::Str(a)) => {
                region(p, a, bound);
                self.bind(inner, actual, bound);
            }
            (TyKind::Ref(p, _, t), TyKind::Ref(a, _, u)) => {
                region(p, a, bound);
                self.bind(t, u, bound);
            }
            (TyKind::Array(t, _) | TyKind::Slice(t), TyKind::Array(u, _) | TyKind::Slice(u))
            | (TyKind::Ptr(_, t), TyKind::Ptr(_, u)) => self.bind(t, u, bound),
            (TyKind::Tuple(p), TyKind::Tuple(a)) => self.bind_lists(p, a, bound),
            (TyKind::Adt(i, p), TyKind::Adt(j, a)) if i == j => self.bind_lists(p, a, bound),
            _ => {}
        }
    }

    fn bind_lists(&self, pattern: Args, actual: Args, bound: &mut [Option<Arg>]) {
        let types = self.q.types();
        for (&p, &a) in types.list(pattern).iter().zip(types.list(actual)) {
            self.bind_arg(p, a, bound);
        }
    }
}

fn put(n: u32, arg: Arg, bound: &mut [Option<Arg>]) {
    if let Some(place) = bound.get_mut(n as usize) {
        place.get_or_insert(arg);
    }
}

/// Whether a type names the generic parameter of a number.
fn mentions_param(types: &crate::ty::Types, ty: Ty, n: u32) -> bool {
    match types.kind(ty) {
        TyKind::Param(m, _) => m == n,
        TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) | TyKind::Array(t, _) | TyKind::Slice(t) => {
            mentions_param(types, t, n)
        }
        TyKind::Tuple(a) | TyKind::Adt(_, a) => {
            types.list(a).iter().any(|a| a.ty().is_some_and(|t| mentions_param(types, t, n)))
        }
        _ => false,
    }
}
