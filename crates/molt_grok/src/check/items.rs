//! Checks of items that no body is needed for: implementations against their traits, coherence, sizes.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::{Checked, Env, Owner, ParamKind};
use super::solve::Solver;
use crate::hir::{AdtId, AdtKind, FnId, GenericParamKind, Generics, ImplId, PackageId, Parent, SelfKind, TraitId};
use crate::ty::{Arg, Args, Ty, TyKind};

impl Checked {
    /// Checks every item outside of the library.
    pub(super) fn check_items(&self) {
        for (i, item) in self.hir.impls.iter() {
            if !self.in_std(item.head.module) {
                self.check_impl(i);
            }
        }
        for (t, item) in self.hir.traits.iter() {
            if !self.in_std(item.head.module) {
                self.check_supertraits(t);
                self.check_defaults(&item.generics);
            }
        }
        for (a, item) in self.hir.adts.iter() {
            if !self.in_std(item.head.module) {
                self.check_adt(a);
            }
        }
        for (f, item) in self.hir.fns.iter() {
            if !self.in_std(item.head.module) {
                self.predicates_of(Owner::Fn(f));
                if self.completeness(f) == super::signature::Completeness::Complete {
                    self.fn_sig(f);
                }
            }
        }
        for (k, item) in self.hir.consts.iter() {
            if !self.in_std(item.head.module) {
                self.const_type(k);
            }
        }
        for (a, item) in self.hir.aliases.iter() {
            if !self.in_std(item.head.module) && item.parent == Parent::Module {
                self.alias_type(a);
                self.check_defaults(&item.generics);
            }
        }
        self.check_overlap();
    }

    fn in_std(&self, module: crate::hir::ModId) -> bool {
        self.hir.packages[self.hir.modules[module].package].is_std
    }

    fn package_of_module(&self, m: crate::hir::ModId) -> PackageId {
        self.hir.modules[m].package
    }

    /// Converts the defaults of type parameters, which nobody may ask for.
    fn check_defaults(&self, generics: &Generics) {
        for p in &generics.params {
            if let GenericParamKind::Type { default: Some(default), .. } = p.kind {
                self.default_type(default);
            }
        }
    }

    fn check_adt(&self, adt: AdtId) {
        let item = &self.hir.adts[adt];
        self.predicates_of(Owner::Adt(adt));
        self.check_defaults(&item.generics);
        for v in 0..item.variants.len() {
            self.field_types(adt, v as u32);
        }
        if item.kind == AdtKind::Enum {
            self.check_discriminants(adt);
        }
        if item.kind == AdtKind::Actor {
            self.check_actor(adt);
        } else {
            let mut path = vec![adt];
            if let Some(span) = self.contains_itself(adt, adt, &mut path) {
                let name = self.hir.text(item.head.name);
                let d = Diagnostic::at(&code::INFINITE_SIZE, item.head.name_span, format!("`{name}` contains itself"))
                    .label(span, "here, without a pointer between", false);
                self.report(d);
            }
        }
    }

    fn check_discriminants(&self, adt: AdtId) {
        let variants = &self.hir.adts[adt].variants;
        let values = self.discriminants(adt);
        for (n, v) in values.iter().enumerate() {
            if let Some(first) = values[..n].iter().position(|w| w == v) {
                let text = format!("the number {v} stands for two variants");
                let d = Diagnostic::at(&code::DUPLICATE_DEFINITION, variants[n].span, text).label(
                    variants[first].span,
                    "the other one",
                    false,
                );
                self.report(d);
            }
        }
    }

    /// The field through which a type holds the wanted one directly.
    fn contains_itself(&self, wanted: AdtId, at: AdtId, path: &mut Vec<AdtId>) -> Option<Span> {
        for (v, variant) in self.hir.adts[at].variants.iter().enumerate() {
            for (n, &ty) in self.field_types(at, v as u32).iter().enumerate() {
                if self.holds(wanted, ty, path) {
                    return Some(self.hir.type_span(variant.fields[n].ty));
                }
            }
        }
        None
    }

    fn holds(&self, wanted: AdtId, ty: Ty, path: &mut Vec<AdtId>) -> bool {
        match self.types.kind(ty) {
            TyKind::Tuple(a) => self.types.ty_elems(a).any(|t| self.holds(wanted, t, path)),
            TyKind::Array(t, _) => self.holds(wanted, t, path),
            TyKind::Adt(id, _) if id == wanted => true,
            TyKind::Adt(id, args) => {
                if path.contains(&id) {
                    return false;
                }
                path.push(id);
                // Type arguments are held where the type's own fields hold its parameters: `Option<Self>` but not `Vec<Self>`.
                let direct = (0..self.hir.adts[id].variants.len() as u32).any(|v| {
                    self.field_types(id, v).iter().any(|&f| self.holds(wanted, self.types.subst(f, args), path))
                });
                path.pop();
                direct
            }
            _ => false,
        }
    }

    fn check_impl(&self, i: ImplId) {
        let item = &self.hir.impls[i];
        self.predicates_of(Owner::Impl(i));
        let header = self.impl_header(i);
        for &a in &item.types {
            self.alias_type(a);
        }
        self.check_parameters(i);
        let Some((t, args)) = header.of else {
            self.check_inherent(i, header.self_ty);
            return;
        };
        self.check_orphan(i, t, header.self_ty);
        self.check_members(i, t, args);
        self.check_member_types(i, t, args);
        self.check_promises(i, t, args);
    }

    /// The supertraits of an implemented trait must be implemented too, and what is copied must have parts that are.
    fn check_promises(&self, i: ImplId, t: TraitId, args: Args) {
        let self_ty = self.types.list(args)[0].expect_ty();
        if self.types.flags(self_ty).has(crate::ty::Flags::ERROR) {
            return;
        }
        let span = self.hir.impls[i].head.name_span;
        let mut solver = super::solve::Solver::new(self, self.env_of_owner(Owner::Impl(i)));
        let missing = self.supertraits(t).iter().find_map(|&(s, list)| {
            let list = self.types.subst_args(self.types.erase_args(list), args);
            let wanted = super::context::Predicate::Trait(s, list);
            (s != t && solver.evaluate(wanted, span) == super::solve::Answer::No).then_some((s, list))
        });
        if let Some((s, list)) = missing {
            let text =
                format!("the trait `{}` is not implemented for `{}`", self.trait_text(s, list), self.ty_text(self_ty));
            let note = format!("`{}` demands it", self.hir.text(self.hir.traits[t].head.name));
            self.report(Diagnostic::at(&code::BOUND_NOT_SATISFIED, span, text).note(note));
        }
        let TyKind::Adt(adt, own_args) = self.types.kind(self_ty) else { return };
        if self.hir.lang_trait("copy") != Some(t) {
            return;
        }
        for v in 0..self.hir.adts[adt].variants.len() as u32 {
            for &field in self.field_types(adt, v).iter() {
                let ty = self.types.subst(self.types.erase(field), own_args);
                if solver.implements(ty, t, span) == super::solve::Answer::No {
                    let text =
                        format!("`{}` cannot be copied: it holds a `{}`", self.ty_text(self_ty), self.ty_text(ty));
                    return self.report(Diagnostic::at(&code::BOUND_NOT_SATISFIED, span, text));
                }
            }
        }
    }

    fn check_inherent(&self, i: ImplId, self_ty: Ty) {
        let item = &self.hir.impls[i];
        let local = match self.types.kind(self_ty) {
            TyKind::Adt(adt, _) => {
                self.package_of_module(self.hir.adts[adt].head.module) == self.package_of_module(item.head.module)
            }
            _ => false,
        };
        if !local && !self.types.flags(self_ty).has(crate::ty::Flags::ERROR) {
            let text = format!(
                "methods of `{}` cannot be declared here: the type is not of this package",
                self.ty_text(self_ty)
            );
            let d = Diagnostic::at(&code::ORPHAN_IMPLEMENTATION, item.head.name_span, text)
                .help("declare a trait with the methods and implement it for the type");
            self.report(d);
        }
    }

    fn check_orphan(&self, i: ImplId, t: TraitId, self_ty: Ty) {
        let item = &self.hir.impls[i];
        let here = self.package_of_module(item.head.module);
        if self.package_of_module(self.hir.traits[t].head.module) == here {
            return;
        }
        let args = match self.impl_trait(i) {
            Some((_, a)) => self.types.list(a).to_vec(),
            None => vec![Arg::Ty(self_ty)],
        };
        let local = args.iter().filter_map(|a| a.ty()).any(|ty| self.is_local(ty, here));
        if !local && !self.types.flags(self_ty).has(crate::ty::Flags::ERROR) {
            let text = format!(
                "neither the trait `{}` nor the type `{}` is of this package",
                self.hir.text(self.hir.traits[t].head.name),
                self.ty_text(self_ty)
            );
            self.error(&code::ORPHAN_IMPLEMENTATION, item.head.name_span, text);
        }
    }

    fn is_local(&self, ty: Ty, here: PackageId) -> bool {
        match self.types.kind(ty) {
            TyKind::Adt(adt, args) => {
                self.package_of_module(self.hir.adts[adt].head.module) == here
                    || (self.holds_unsized(adt)
                        && self.types.list(args).first().and_then(|a| a.ty()).is_some_and(|t| self.is_local(t, here)))
            }
            TyKind::Ref(_, _, t) => self.is_local(t, here),
            TyKind::Dyn(d, _) => self
                .types
                .dyn_kind(d)
                .traits
                .iter()
                .any(|&(t, _)| self.package_of_module(self.hir.traits[t].head.module) == here),
            TyKind::Error => true,
            _ => false,
        }
    }

    fn check_members(&self, i: ImplId, t: TraitId, args: Args) {
        let item = &self.hir.impls[i];
        let decl = &self.hir.traits[t];
        let name = |s| self.hir.text(s);
        let trait_name = name(decl.head.name);
        let mut missing = Vec::new();
        for &f in &decl.fns {
            let wanted = self.hir.fns[f].head.name;
            match item.fns.iter().find(|&&g| self.hir.fns[g].head.name == wanted) {
                Some(&g) => self.check_member_fn(f, g, args),
                None if self.hir.fns[f].body.is_none() && self.hir.fns[f].intrinsic.is_none() => {
                    missing.push(format!("`{}`", name(wanted)));
                }
                None => {}
            }
        }
        for &a in &decl.types {
            let wanted = self.hir.aliases[a].head.name;
            let given = item.types.iter().any(|&b| self.hir.aliases[b].head.name == wanted);
            if !given && self.hir.aliases[a].ty.is_none() {
                missing.push(format!("`{}`", name(wanted)));
            }
        }
        for &k in &decl.consts {
            let wanted = self.hir.consts[k].head.name;
            let given = item.consts.iter().any(|&b| self.hir.consts[b].head.name == wanted);
            if !given && self.hir.consts[k].body.is_none() {
                missing.push(format!("`{}`", name(wanted)));
            }
        }
        if !missing.is_empty() {
            let text = format!("the implementation of `{trait_name}` lacks {}", missing.join(", "));
            self.error(&code::MISSING_MEMBER, item.head.name_span, text);
        }
        let extra = |head: &crate::hir::ItemHead, known: bool| {
            if !known {
                let text = format!("`{}` is not a member of the trait `{trait_name}`", name(head.name));
                self.error(&code::EXTRA_MEMBER, head.name_span, text);
            }
        };
        for &g in &item.fns {
            let head = &self.hir.fns[g].head;
            extra(head, self.find_trait_fn(t, head.name).is_some());
        }
        for &b in &item.types {
            let head = &self.hir.aliases[b].head;
            extra(head, self.find_trait_type(t, head.name).is_some());
        }
        for &k in &item.consts {
            let head = &self.hir.consts[k].head;
            extra(head, decl.consts.iter().any(|&d| self.hir.consts[d].head.name == head.name));
        }
    }

    /// A function of an implementation against the trait's declaration.
    fn check_member_fn(&self, decl: FnId, given: FnId, trait_args: Args) {
        let (d, g) = (&self.hir.fns[decl], &self.hir.fns[given]);
        let name = self.hir.text(g.head.name);
        let fail = |text: String| {
            let diagnostic = Diagnostic::at(&code::MEMBER_SIGNATURE, g.head.name_span, text).label(
                d.head.name_span,
                "declared here",
                false,
            );
            self.report(diagnostic);
        };
        let receiver = |s: Option<crate::hir::SelfParam>| match s.map(|s| s.kind) {
            None => 0,
            Some(SelfKind::Value) => 1,
            Some(SelfKind::Ref(_, crate::hir::Mutability::Shared)) => 2,
            Some(SelfKind::Ref(_, crate::hir::Mutability::Mut)) => 3,
            Some(SelfKind::Typed(_)) => 4,
        };
        let (a, b) = (receiver(d.self_param), receiver(g.self_param));
        if a != b && a != 4 && b != 4 {
            let forms = ["no `self`", "`self`", "`&self`", "`&mut self`", "`self: ..`"];
            return fail(format!("`{name}` takes {} here, the trait says {}", forms[b], forms[a]));
        }
        if d.params.len() != g.params.len() {
            let text = format!("`{name}` takes {} parameters, the trait says {}", g.params.len(), d.params.len());
            return fail(text);
        }
        let own = |f: &crate::hir::FnItem| {
            f.generics.params.iter().filter(|p| !matches!(p.kind, crate::hir::GenericParamKind::Lifetime)).count()
        };
        if own(d) != own(g) {
            return fail(format!("`{name}` has {} generic parameters, the trait says {}", own(g), own(d)));
        }
        if g.is_async != d.is_async {
            return fail(format!("`{name}` is {}async here", if g.is_async { "" } else { "not " }));
        }
        if self.completeness(given) == super::signature::Completeness::Partial {
            // Omitted types are those of the trait.
            return;
        }
        self.compare_sigs(decl, given, trait_args, &fail);
    }

    /// Types of the declaration, its parameters replaced by the implementation's.
    fn compare_sigs(&self, decl: FnId, given: FnId, trait_args: Args, fail: &dyn Fn(String)) {
        let mut list = self.types.list(trait_args).to_vec();
        let own_from = self.hir.fns[given].generics.parent_count as usize;
        let identity = self.identity_args(Owner::Fn(given));
        let mut own = self.types.list(identity)[own_from..].iter();
        let params = self.params_of(Owner::Fn(decl));
        for p in params.iter().skip(list.len()) {
            match p.kind {
                ParamKind::Lifetime => list.push(Arg::Region(crate::ty::Region::Erased)),
                _ => {
                    let next = own.by_ref().find(|a| !matches!(a, Arg::Region(_)));
                    list.push(next.copied().unwrap_or(Arg::Ty(Ty::ERROR)));
                }
            }
        }
        let args = self.types.args(&list);
        let env = self.env_of_owner(Owner::Fn(given));
        let (want, have) = (self.fn_sig(decl), self.fn_sig(given));
        let mut solver = Solver::new(self, env);
        let span = self.hir.fns[given].head.name_span;
        let mut normal = |ty: Ty, args: Option<Args>| {
            let ty = self.types.erase(ty);
            let ty = args.map_or(ty, |a| self.types.subst(ty, a));
            solver.normalize(ty, span)
        };
        let name = self.hir.text(self.hir.fns[given].head.name);
        let pairs: Vec<(Ty, Ty)> = want
            .params
            .iter()
            .zip(&have.params)
            .chain([(&want.ret, &have.ret)])
            .map(|(&w, &h)| (normal(w, Some(args)), normal(h, None)))
            .collect();
        for (w, h) in pairs {
            // The result of a default may be opaque in the declaration.
            if matches!(self.types.kind(w), TyKind::Opaque(..)) {
                continue;
            }
            if solver.unify(w, h).is_err() {
                let text = format!("`{name}` has `{}` where the trait says `{}`", self.ty_text(h), self.ty_text(w));
                return fail(text);
            }
        }
    }

    /// Two implementations of one trait for one type (section 4.4).
    fn check_overlap(&self) {
        for (&t, table) in &self.index.impls {
            let mut all: Vec<ImplId> = table.values().flatten().copied().collect();
            all.sort();
            let user: Vec<ImplId> =
                all.iter().copied().filter(|&i| !self.in_std(self.hir.impls[i].head.module)).collect();
            for &i in &user {
                let header = self.impl_header(i);
                let Some((_, args)) = header.of else { continue };
                let mut others = Vec::new();
                self.impl_candidates(t, header.self_ty, &mut others);
                if matches!(self.types.kind(header.self_ty), TyKind::Param(..)) {
                    others = all.clone();
                }
                for &j in &others {
                    if j == i
                        || (j > i && user.contains(&j) && !matches!(self.types.kind(header.self_ty), TyKind::Param(..)))
                    {
                        continue;
                    }
                    if j > i && user.contains(&j) {
                        continue;
                    }
                    if self.overlap(i, args, j) {
                        let head = &self.hir.impls[i].head;
                        let text = format!(
                            "`{}` is implemented for `{}` twice",
                            self.hir.text(self.hir.traits[t].head.name),
                            self.ty_text(header.self_ty)
                        );
                        let other = &self.hir.impls[j].head;
                        let mut d = Diagnostic::at(&code::OVERLAPPING_IMPLEMENTATION, head.name_span, text);
                        if !self.in_std(other.module) {
                            d = d.label(other.name_span, "the other implementation", false);
                        }
                        self.report(d);
                        break;
                    }
                }
            }
        }
    }

    /// Whether both implementations fit some type.
    fn overlap(&self, i: ImplId, args: Args, j: ImplId) -> bool {
        let mut solver = Solver::new(self, Env::EMPTY);
        let span = self.hir.impls[i].head.name_span;
        let mine = solver.fresh_impl_args(i, span);
        let args = self.types.subst_args(self.types.erase_args(args), mine);
        let Some(other) = solver.match_impl(j, args, span) else { return false };
        // Bounds that certainly fail keep them apart.
        let no = |solver: &mut Solver<'_>, i: ImplId, list: Args| {
            self.predicates_of(Owner::Impl(i)).iter().any(|p| {
                let p = solver.instantiate(p, list);
                solver.evaluate(p, span) == super::solve::Answer::No
            })
        };
        !no(&mut solver, i, mine) && !no(&mut solver, j, other)
    }
}
