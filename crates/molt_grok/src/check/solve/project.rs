//! Associated types: what `<T as Trait>::Name` is.

use molt_base::Span;

use super::select::{Search, Selected};
use super::{Cause, Goal, Solver};
use crate::check::context::Predicate;
use crate::hir::AliasId;
use crate::ty::fold::Folder;
use crate::ty::{Args, Const, ConstKind, Flags, Ty, TyKind, Types};

/// What is known of an associated type.
pub enum Projected {
    Known(Ty),
    /// A parameter's: equal to itself only.
    Rigid(Ty),
    Ambiguous,
    /// The type does not implement the trait.
    Nothing,
}

/// What makes an associated type depend on more than its arguments and the bounds in force: what a closure gives does not
/// change once it is known.
const UNSETTLED: u8 = Flags::UNSETTLED & !Flags::CLOSURE;

struct Normalizer<'a, 'c> {
    solver: &'a mut Solver<'c>,
    span: Span,
}

impl Folder for Normalizer<'_, '_> {
    fn types(&self) -> &Types {
        &self.solver.c.types
    }
    fn mask(&self) -> u8 {
        Flags::PROJECTION | if self.solver.reveal { Flags::OPAQUE } else { 0 }
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        match self.types().kind(ty) {
            TyKind::Projection(alias, args) => {
                let args = self.args(args);
                self.solver.normalize_projection(alias, args, self.span)
            }
            TyKind::Opaque(id, args) if self.solver.reveal => {
                let args = self.args(args);
                let c = self.solver.c;
                match c.opaque(id).hidden.get() {
                    Some(&hidden) => {
                        let ty = c.types.subst(hidden, args);
                        self.ty(ty)
                    }
                    None => Ty::ERROR,
                }
            }
            _ => self.parts(ty),
        }
    }
    fn fold_const(&mut self, c: Const) -> Const {
        match self.types().const_kind(c) {
            ConstKind::Unevaluated(..) => self.solver.c.evaluated(c),
            _ => self.const_parts(c),
        }
    }
}

impl Solver<'_> {
    /// The type with associated types replaced by what they are; those that depend on variables become variables with a
    /// pending goal.
    pub fn normalize(&mut self, ty: Ty, span: Span) -> Ty {
        Normalizer { solver: self, span }.ty(ty)
    }

    pub fn normalize_args(&mut self, args: Args, span: Span) -> Args {
        Normalizer { solver: self, span }.args(args)
    }

    fn normalize_projection(&mut self, alias: AliasId, args: Args, span: Span) -> Ty {
        match self.project(alias, args, span) {
            Projected::Known(t) | Projected::Rigid(t) => t,
            Projected::Ambiguous => {
                let var = self.fresh(span);
                let cause = Cause { span, from: None };
                self.demand(Goal::new(Predicate::Projection(alias, args, var), cause));
                var
            }
            Projected::Nothing => {
                // The bound itself is demanded elsewhere and reported there.
                let t = self.c.trait_of_alias(alias).expect("projections are of traits");
                let cause = Cause { span, from: None };
                self.demand(Goal::new(Predicate::Trait(t, args), cause));
                Ty::ERROR
            }
        }
    }

    /// What an associated type is; the arguments are normalised already.
    pub fn project(&mut self, alias: AliasId, args: Args, span: Span) -> Projected {
        let c = self.c;
        let args = self.resolve_args(args);
        let key = (!c.types.args_flags(args).has(UNSETTLED)).then_some((self.env, alias, args));
        if let Some(known) = key.and_then(|key| c.projections.borrow().get(&key).copied()) {
            return Projected::Known(known);
        }
        let found = self.project_anew(alias, args, span);
        if let Some(key) = key
            && let Projected::Known(ty) = found
            && !c.types.flags(ty).has(UNSETTLED)
        {
            c.projections.borrow_mut().insert(key, ty);
        }
        found
    }

    fn project_anew(&mut self, alias: AliasId, args: Args, span: Span) -> Projected {
        let c = self.c;
        let Some(t) = c.trait_of_alias(alias) else { return Projected::Nothing };
        let self_ty = c.types.list(args)[0].expect_ty();
        if self_ty == Ty::ERROR {
            return Projected::Known(Ty::ERROR);
        }
        if self.is_unknown(self_ty) {
            return Projected::Ambiguous;
        }
        for p in c.env(self.env) {
            if let Predicate::Projection(n, have, ty) = *p
                && n == alias
                && self.could_unify(have, args)
            {
                let _ = self.unify_args(have, args);
                // What a bound says may itself be an associated type that another bound tells.
                if self.depth > super::MAX_DEPTH || ty == c.types.mk(TyKind::Projection(alias, args)) {
                    return Projected::Known(ty);
                }
                self.depth += 1;
                let ty = self.normalize(ty, span);
                self.depth -= 1;
                return Projected::Known(ty);
            }
        }
        if let Some(known) = self.builtin_projection(t, alias, self_ty, args, span) {
            return known;
        }
        if self.depth > super::MAX_DEPTH {
            return Projected::Ambiguous;
        }
        self.depth += 1;
        let found = self.select(t, args, span);
        let result = match found {
            Search::Ambiguous => Projected::Ambiguous,
            Search::Nothing => Projected::Nothing,
            Search::Found(Selected::Bound(_)) => Projected::Rigid(c.types.mk(TyKind::Projection(alias, args))),
            Search::Found(Selected::Builtin(_)) => Projected::Ambiguous,
            Search::Found(Selected::Impl(i, list)) => {
                let name = c.hir.aliases[alias].head.name;
                let own = c.hir.impls[i].types.iter().copied().find(|&a| c.hir.aliases[a].head.name == name);
                match own.and_then(|a| c.alias_type(a)) {
                    Some(ty) => {
                        // Bounds of the implementation bind the variables that its Self type leaves open.
                        self.bind_by_bounds(i, list, span);
                        let ty = c.types.subst(c.types.erase(ty), list);
                        let ty = self.normalize(ty, span);
                        Projected::Known(self.resolve(ty))
                    }
                    None => match c.alias_type(alias) {
                        Some(ty) => {
                            let ty = c.types.subst(c.types.erase(ty), args);
                            Projected::Known(self.normalize(ty, span))
                        }
                        None => Projected::Known(Ty::ERROR),
                    },
                }
            }
        };
        self.depth -= 1;
        result
    }

    /// The implementation that tells what an associated type is, and its arguments.
    pub fn implementing(&mut self, alias: AliasId, args: Args, span: Span) -> Option<(crate::hir::ImplId, Args)> {
        let c = self.c;
        let t = c.trait_of_alias(alias)?;
        let key = (!c.types.args_flags(args).has(UNSETTLED)).then_some((self.env, t, args));
        if let Some(known) = key.and_then(|key| c.chosen.borrow().get(&key).copied()) {
            return Some(known);
        }
        let Search::Found(Selected::Impl(i, list)) = self.select(t, args, span) else { return None };
        self.bind_by_bounds(i, list, span);
        let list = self.resolve_args(list);
        if let Some(key) = key
            && !c.types.args_flags(list).has(UNSETTLED)
        {
            c.chosen.borrow_mut().insert(key, (i, list));
        }
        Some((i, list))
    }

    /// `impl<I: Iterator<Item = T>, T> ..`: T is known through the bound only.
    fn bind_by_bounds(&mut self, i: crate::hir::ImplId, list: Args, span: Span) {
        if !self.c.types.args_flags(self.resolve_args(list)).has(Flags::INFER) {
            return;
        }
        let predicates = self.c.impl_predicates(i);
        for p in predicates.iter() {
            if let Predicate::Projection(alias, args, ty) = self.instantiate(p, list) {
                let args = self.normalize_args(args, span);
                if let Projected::Known(t) | Projected::Rigid(t) = self.project(alias, args, span) {
                    let _ = self.unify(t, ty);
                }
            }
        }
    }
}
