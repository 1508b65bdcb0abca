//! What headers and members of implementations and traits promise beyond their signatures: parameters that the type settles,
//! constants of the declared type, associated types with the declared bounds, supertraits without a cycle.

use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::{Checked, Owner, ParamKind, Predicate};
use super::solve::{Answer, Solver};
use crate::hir::{Bound, ImplId, TraitId};
use crate::ty::fold::Folder;
use crate::ty::{Args, Const, ConstKind, Flags, Ty, TyKind, Types};

/// Parameters, by their index, that a type or a list of arguments settles: what an associated type is made of is not
/// settled by it.
struct Settled<'a> {
    types: &'a Types,
    known: Vec<bool>,
}

impl Folder for Settled<'_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::PARAM
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        match self.types.kind(ty) {
            TyKind::Param(n, _) => self.known[n as usize] = true,
            TyKind::Projection(..) => {}
            TyKind::Array(t, len) => {
                self.ty(t);
                self.fold_const(len);
            }
            _ => return self.parts(ty),
        }
        ty
    }
    fn fold_const(&mut self, c: Const) -> Const {
        if let ConstKind::Param(n, _) = self.types.const_kind(c) {
            self.known[n as usize] = true;
        }
        c
    }
}

/// Whether a type mentions a parameter that is not known.
struct Open<'a> {
    types: &'a Types,
    known: &'a [bool],
    found: bool,
}

impl Folder for Open<'_> {
    fn types(&self) -> &Types {
        self.types
    }
    fn mask(&self) -> u8 {
        Flags::PARAM
    }
    fn fold_ty(&mut self, ty: Ty) -> Ty {
        if let TyKind::Param(n, _) = self.types.kind(ty) {
            self.found |= !self.known[n as usize];
            return ty;
        }
        self.parts(ty)
    }
}

impl Checked {
    /// Every type and constant parameter of an implementation must follow from its type, from its trait's arguments, or
    /// from an associated type of what does (E0207).
    pub(super) fn check_parameters(&self, i: ImplId) {
        let item = &self.hir.impls[i];
        let params = self.params_of(Owner::Impl(i));
        if params.iter().all(|p| matches!(p.kind, ParamKind::Lifetime)) {
            return;
        }
        let header = self.impl_header(i);
        if self.types.flags(header.self_ty).has(Flags::ERROR) {
            return;
        }
        let mut settled = Settled { types: &self.types, known: vec![false; params.len()] };
        settled.ty(header.self_ty);
        if let Some((_, args)) = header.of {
            settled.args(args);
        }
        let bounds = self.impl_predicates(i);
        loop {
            let before = settled.known.clone();
            for p in bounds.iter() {
                let Predicate::Projection(_, args, ty) = *p else { continue };
                let mut open = Open { types: &self.types, known: &before, found: false };
                open.args(args);
                if !open.found {
                    settled.ty(ty);
                }
            }
            if before == settled.known {
                break;
            }
        }
        for (p, known) in params.iter().zip(settled.known) {
            if known || matches!(p.kind, ParamKind::Lifetime) {
                continue;
            }
            let name = self.hir.text(p.name);
            let text = format!("nothing settles the parameter `{name}` of this implementation");
            let note = match item.of {
                Some(_) => "neither the type nor the trait names it",
                None => "the type does not name it",
            };
            self.report(Diagnostic::at(&code::UNCONSTRAINED_PARAMETER, p.span, text).note(note));
        }
    }

    /// Constants of an implementation have the types that the trait declares, and its associated types keep the bounds.
    pub(super) fn check_member_types(&self, i: ImplId, t: TraitId, args: Args) {
        let item = &self.hir.impls[i];
        let decl = &self.hir.traits[t];
        let mut solver = Solver::new(self, self.env_of_owner(Owner::Impl(i)));
        for &given in &item.consts {
            let head = &self.hir.consts[given].head;
            let Some(&wanted) = decl.consts.iter().find(|&&k| self.hir.consts[k].head.name == head.name) else {
                continue;
            };
            let (want, have) = (self.const_type(wanted), self.const_type(given));
            let want = solver.normalize(self.types.subst(self.types.erase(want), args), head.name_span);
            let have = solver.normalize(self.types.erase(have), head.name_span);
            if [want, have].iter().any(|&t| self.types.flags(t).has(Flags::ERROR)) || solver.unify(want, have).is_ok() {
                continue;
            }
            let text = format!(
                "`{}` is `{}` where the trait says `{}`",
                self.hir.text(head.name),
                self.ty_text(have),
                self.ty_text(want)
            );
            let declared = self.hir.consts[wanted].head.name_span;
            let d =
                Diagnostic::at(&code::MEMBER_SIGNATURE, head.name_span, text).label(declared, "declared here", false);
            self.report(d);
        }
        for &given in &item.types {
            let head = &self.hir.aliases[given].head;
            let Some(&wanted) = decl.types.iter().find(|&&a| self.hir.aliases[a].head.name == head.name) else {
                continue;
            };
            let Some(have) = self.alias_type(given) else { continue };
            if self.types.flags(have).has(Flags::ERROR) {
                continue;
            }
            for bound in self.alias_bounds(wanted) {
                let Predicate::Trait(of, list) = solver.instantiate(&bound, args) else { continue };
                if solver.evaluate(Predicate::Trait(of, list), head.name_span) != Answer::No {
                    continue;
                }
                let text = format!(
                    "the trait `{}` is not implemented for `{}`",
                    self.trait_text(of, list),
                    self.ty_text(self.types.erase(have))
                );
                let note = format!(
                    "`{}` declares `{}` with this bound",
                    self.hir.text(decl.head.name),
                    self.hir.text(head.name)
                );
                self.report(Diagnostic::at(&code::BOUND_NOT_SATISFIED, head.name_span, text).note(note));
                break;
            }
        }
    }

    /// A trait must not be a supertrait of itself.
    pub(super) fn check_supertraits(&self, t: TraitId) {
        let head = &self.hir.traits[t].head;
        let all = self.supertrait_ids(t);
        // One report for a cycle, at the first of its traits.
        if !all.contains(&t) || all.iter().any(|&s| s < t && self.supertrait_ids(s).contains(&t)) {
            return;
        }
        let through = self.hir.traits[t].supers.iter().find_map(|b| match b {
            Bound::Trait(r) if r.trait_ == t || self.supertrait_ids(r.trait_).contains(&t) => Some(r.trait_),
            _ => None,
        });
        let name = self.hir.text(head.name);
        let mut d =
            Diagnostic::at(&code::CYCLIC_DEFINITION, head.name_span, format!("`{name}` is a supertrait of itself"));
        if let Some(other) = through.filter(|&o| o != t) {
            d = d.label(self.hir.traits[other].head.name_span, "by way of this trait", false);
        }
        self.report(d);
    }
}
