//! Paths in expressions, struct literals.

use molt_base::{Span, Symbol};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::{Infer, VarHoles};
use crate::check::context::{Owner, Predicate};
use crate::check::convert::{Converter, Elision};
use crate::check::index::TypeKey;
use crate::check::solve::{Answer, Cause, Goal};
use crate::check::typed::Ctor;
use crate::hir::{
    AdtId, AdtKind, ConstId, ExprId, FieldInit, FnId, GenericArg, GenericArgs, PathRes, TraitId, TraitMember, TraitRef,
    TypeId, VariantForm, WrittenArgs,
};
use crate::ty::{Arg, Args, Ty, TyKind};

/// A path that names a struct or variant: which, with which arguments.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct CtorPath {
    pub adt: AdtId,
    pub variant: u32,
    pub args: Args,
}

impl<'c> Infer<'c> {
    pub(in crate::check) fn path_expr(&mut self, e: ExprId, path: &'c PathRes, span: Span) -> Ty {
        match path {
            PathRes::Error => {
                self.typed().failed = true;
                self.errors = true;
                Ty::ERROR
            }
            PathRes::Local(l) => self.typed().local_ty[l.0 as usize],
            PathRes::Fn(f, generics) => {
                let args = self.item_args(Owner::Fn(*f), Args::EMPTY, generics, span);
                self.function(*f, args, span)
            }
            PathRes::Const(k) => self.constant(e, *k, Args::EMPTY, span),
            PathRes::ConstParam(index, _) => self.const_param_type(*index),
            PathRes::Struct(..) | PathRes::Variant(..) | PathRes::Alias(..) | PathRes::SelfCtor => {
                match self.ctor_path(path, span) {
                    Some(ctor) => self.ctor_value(e, ctor, span),
                    None => Ty::ERROR,
                }
            }
            PathRes::Assoc { base, name, name_span, args } => self.assoc(e, *base, *name, *name_span, args, span),
            PathRes::TraitMember(member) => {
                let TraitMember { of, self_ty, name, name_span, args } = &**member;
                self.trait_member(e, of, *self_ty, *name, *name_span, args, span)
            }
        }
    }

    /// Type of a function with these arguments, its bounds demanded.
    fn function(&mut self, f: FnId, args: Args, span: Span) -> Ty {
        self.demand_bounds(Owner::Fn(f), args, span);
        if self.c.hir.fns[f].parent == crate::hir::Parent::Extern {
            self.not_built(span, "calling a foreign function");
        }
        self.c.types.mk(TyKind::FnDef(f, args))
    }

    fn constant(&mut self, e: ExprId, k: ConstId, args: Args, span: Span) -> Ty {
        self.typed().consts.insert(e, (k, args));
        let Some(ty) = self.c.const_type_at(k, span) else {
            self.typed().failed = true;
            self.errors = true;
            return Ty::ERROR;
        };
        let ty = self.c.types.subst(self.c.types.erase(ty), args);
        if let crate::hir::ConstItemKind::Static { mutable: true } = self.c.hir.consts[k].kind
            && self.b().unsafe_depth == 0
            && !self.in_unsafe_fn()
        {
            self.error(&code::UNSAFE_REQUIRED, span, "a `static mut` may be used in an `unsafe` block only");
        }
        self.s.normalize(ty, span)
    }

    fn const_param_type(&mut self, index: u32) -> Ty {
        let Some(mut owner) = self.c.generics_owner(self.body_ref().owner) else { return Ty::ERROR };
        loop {
            let generics = self.c.generics(owner);
            let own = index.checked_sub(generics.parent_count).and_then(|i| generics.params.get(i as usize));
            if let Some(p) = own {
                return match &p.kind {
                    crate::hir::GenericParamKind::Const { ty, .. } => self.convert(*ty),
                    _ => Ty::ERROR,
                };
            }
            match self.c.parent(owner) {
                Some(p) => owner = p,
                None => return Ty::ERROR,
            }
        }
    }

    /// The struct or variant that a path names.
    pub(in crate::check) fn ctor_path(&mut self, path: &PathRes, span: Span) -> Option<CtorPath> {
        let c = self.c;
        match path {
            PathRes::Struct(adt, args) => {
                let args = self.adt_args(*adt, args, span);
                self.ctor_of_type(c.types.mk(TyKind::Adt(*adt, args)), span)
            }
            PathRes::Variant(adt, v, args) => {
                Some(CtorPath { adt: *adt, variant: *v, args: self.adt_args(*adt, args, span) })
            }
            PathRes::Alias(alias, args) => {
                let list = self.item_args(Owner::Alias(*alias), Args::EMPTY, args, span);
                let ty = c.alias_type(*alias)?;
                let ty = c.types.subst(c.types.erase(ty), list);
                let ty = self.s.normalize(ty, span);
                self.ctor_of_type(ty, span)
            }
            PathRes::SelfCtor => {
                let ty = c.self_type_of_body(self.body_ref().owner)?;
                self.ctor_of_type(c.types.erase(ty), span)
            }
            PathRes::Assoc { base, name, name_span, .. } => {
                let ty = self.convert(*base);
                self.variant_of(ty, *name, *name_span)
            }
            _ => None,
        }
    }

    fn adt_args(&mut self, adt: AdtId, args: &GenericArgs, span: Span) -> Args {
        let owner = self.c.generics_owner(self.body_ref().owner);
        let mut holes = VarHoles(&mut self.s);
        let list = Converter::new(self.c, owner, Elision::Erased, &mut holes).adt_args(adt, args, span);
        let list = self.c.types.erase_args(list);
        self.s.normalize_args(list, span)
    }

    fn ctor_of_type(&mut self, ty: Ty, span: Span) -> Option<CtorPath> {
        match self.s.kind(ty) {
            TyKind::Adt(adt, args) if self.c.hir.adts[adt].kind != AdtKind::Enum => {
                Some(CtorPath { adt, variant: 0, args })
            }
            TyKind::Error => None,
            _ => {
                let text = format!("`{}` is not a struct", self.show(ty));
                self.error(&code::UNKNOWN_NAME, span, text);
                None
            }
        }
    }

    /// `Type::Variant` through an alias or `Self`.
    fn variant_of(&mut self, ty: Ty, name: Symbol, span: Span) -> Option<CtorPath> {
        match self.s.kind(ty) {
            TyKind::Adt(adt, args) => {
                let variant = self.c.hir.adts[adt].variants.iter().position(|v| v.name == name);
                match variant {
                    Some(v) if self.c.hir.adts[adt].kind == AdtKind::Enum => {
                        Some(CtorPath { adt, variant: v as u32, args })
                    }
                    _ => {
                        let text = format!("`{}` has no variant `{}`", self.show(ty), self.text(name));
                        self.error(&code::UNKNOWN_METHOD, span, text);
                        None
                    }
                }
            }
            TyKind::Error => None,
            _ => {
                let text = format!("`{}` has no variants", self.show(ty));
                self.error(&code::UNKNOWN_METHOD, span, text);
                None
            }
        }
    }

    /// A constructor used as a value: a function, or the value itself if it has no fields.
    fn ctor_value(&mut self, e: ExprId, ctor: CtorPath, span: Span) -> Ty {
        let c = self.c;
        let variant = &c.hir.adts[ctor.adt].variants[ctor.variant as usize];
        self.demand_bounds(Owner::Adt(ctor.adt), ctor.args, span);
        match variant.form {
            VariantForm::Unit => {
                self.typed().ctor.insert(e, Ctor { adt: ctor.adt, variant: ctor.variant, fields: Vec::new() });
                c.types.mk(TyKind::Adt(ctor.adt, ctor.args))
            }
            VariantForm::Tuple => {
                self.private_fields(ctor, span);
                c.types.mk(TyKind::Ctor(ctor.adt, ctor.variant, ctor.args))
            }
            VariantForm::Named => {
                let text = format!("`{}` is built with named fields", self.text(variant.name));
                let d = Diagnostic::at(&code::UNKNOWN_NAME, span, text)
                    .help(format!("write `{} {{ .. }}`", self.text(variant.name)));
                self.report(d);
                Ty::ERROR
            }
        }
    }

    /// A tuple struct with private fields cannot be built or taken apart elsewhere.
    pub(in crate::check) fn private_fields(&mut self, ctor: CtorPath, span: Span) {
        let c = self.c;
        if c.hir.adts[ctor.adt].kind == AdtKind::Enum {
            return;
        }
        let fields = &c.hir.adts[ctor.adt].variants[ctor.variant as usize].fields;
        if let Some(f) = fields.iter().find(|f| !self.visible(f.vis)) {
            let name = self.text(c.hir.adts[ctor.adt].head.name);
            let text = format!("the fields of `{name}` are private");
            let d = Diagnostic::at(&code::PRIVATE_ITEM, span, text).label(f.span, "declared here", false);
            self.report(d);
        }
    }

    /// `Type::name`.
    fn assoc(
        &mut self,
        e: ExprId,
        base: TypeId,
        name: Symbol,
        name_span: Span,
        generics: &GenericArgs,
        span: Span,
    ) -> Ty {
        let c = self.c;
        let ty = self.convert_unsized(base);
        let ty = self.structurally(ty);
        if ty == Ty::ERROR {
            self.typed().failed = true;
            return Ty::ERROR;
        }
        if let TyKind::Adt(adt, args) = c.types.kind(ty)
            && c.hir.adts[adt].kind == AdtKind::Enum
            && let Some(v) = c.hir.adts[adt].variants.iter().position(|v| v.name == name)
        {
            return self.ctor_value(e, CtorPath { adt, variant: v as u32, args }, span);
        }
        if let Some(t) = self.inherent_assoc(e, ty, name, name_span, generics, span) {
            return t;
        }
        // Traits: bounds in force, then those in scope.
        let module = self.body_ref().module;
        let visible = &c.hir.modules[module].traits_in_scope;
        let mut found: Vec<(TraitId, Option<Args>)> = Vec::new();
        for p in c.env(self.s.env) {
            if let Predicate::Trait(t, args) = *p
                && c.types.list(args)[0] == Arg::Ty(ty)
                && self.declares(t, name)
                && !found.iter().any(|&(u, _)| u == t)
            {
                found.push((t, Some(args)));
            }
        }
        if found.is_empty() {
            let fns = c.index.trait_fns.get(&name).into_iter().flatten().map(|&(t, _)| t);
            let consts = c.index.trait_consts.get(&name).into_iter().flatten().map(|&(t, _)| t);
            for t in fns.chain(consts) {
                let lang = !c.hir.traits[t].head.attrs.is_empty() && self.always_visible(t);
                if !(visible.contains(&t) || lang) || found.iter().any(|&(u, _)| u == t) {
                    continue;
                }
                let params = c.params_of(Owner::Trait(t));
                let s = self.s.vars.snapshot();
                let pending = self.s.pending.len();
                let mut list: Vec<Arg> = params.iter().map(|p| self.s.fresh_arg(p, span)).collect();
                list[0] = Arg::Ty(ty);
                let args = c.types.args(&list);
                let holds = self.s.evaluate(Predicate::Trait(t, args), span) != Answer::No;
                self.s.pending.truncate(pending);
                self.s.vars.rollback(s);
                if holds {
                    found.push((t, None));
                }
            }
        }
        match found[..] {
            [(t, args)] => {
                let args = args.unwrap_or_else(|| {
                    let params = c.params_of(Owner::Trait(t));
                    let mut list: Vec<Arg> = params.iter().map(|p| self.s.fresh_arg(p, span)).collect();
                    list[0] = Arg::Ty(ty);
                    c.types.args(&list)
                });
                self.member(e, t, args, name, name_span, generics, span)
            }
            [] => {
                let shown = self.show(ty);
                let text = format!("`{shown}` has no associated function or constant `{}`", self.text(name));
                self.error(&code::UNKNOWN_METHOD, name_span, text)
            }
            _ => {
                let names: Vec<String> =
                    found.iter().map(|&(t, _)| format!("`{}`", self.text(c.hir.traits[t].head.name))).collect();
                let text = format!("`{}` is declared by {}", self.text(name), names.join(" and "));
                self.error(&code::AMBIGUOUS_METHOD, name_span, text)
            }
        }
    }

    fn always_visible(&self, t: TraitId) -> bool {
        let package = self.c.hir.modules[self.c.hir.traits[t].head.module].package;
        self.c.hir.packages[package].is_std
            && self.c.hir.packages[self.c.hir.modules[self.body_ref().module].package].is_std
    }

    fn declares(&self, t: TraitId, name: Symbol) -> bool {
        let c = self.c;
        c.find_trait_fn(t, name).is_some() || c.hir.traits[t].consts.iter().any(|&k| c.hir.consts[k].head.name == name)
    }

    fn inherent_assoc(
        &mut self,
        e: ExprId,
        ty: Ty,
        name: Symbol,
        name_span: Span,
        generics: &GenericArgs,
        span: Span,
    ) -> Option<Ty> {
        let c = self.c;
        let key = TypeKey::of(&c.types, ty)?;
        let fns: Vec<_> = key
            .candidates()
            .flat_map(|k| c.index.inherent_fns.get(&(k, name)).into_iter().flatten().copied().collect::<Vec<_>>())
            .collect();
        for &(i, f) in &fns {
            let s = self.s.vars.snapshot();
            let args = self.s.fresh_impl_args(i, span);
            let self_ty = c.types.subst(c.types.erase(c.impl_self(i)), args);
            let self_ty = self.s.normalize(self_ty, span);
            if self.s.unify(self_ty, ty).is_err() {
                self.s.vars.rollback(s);
                continue;
            }
            // With several implementations the bounds decide.
            if fns.len() > 1 {
                let list = c.predicates_of(Owner::Impl(i));
                let holds = list.iter().all(|p| {
                    let p = self.s.instantiate(p, args);
                    self.s.evaluate(p, span) != Answer::No
                });
                if !holds {
                    self.s.vars.rollback(s);
                    continue;
                }
            }
            self.s.vars.commit(s);
            let head = &c.hir.fns[f].head;
            if !self.visible(head.vis) {
                let text = format!("the function `{}` is private", self.text(name));
                let d =
                    Diagnostic::at(&code::PRIVATE_ITEM, name_span, text).label(head.name_span, "declared here", false);
                self.report(d);
            }
            let list = self.item_args(Owner::Fn(f), args, generics, name_span);
            return Some(self.function(f, list, span));
        }
        let consts: Vec<_> = key
            .candidates()
            .flat_map(|k| c.index.inherent_consts.get(&(k, name)).into_iter().flatten().copied().collect::<Vec<_>>())
            .collect();
        for (i, k) in consts {
            let s = self.s.vars.snapshot();
            let args = self.s.fresh_impl_args(i, span);
            let self_ty = c.types.subst(c.types.erase(c.impl_self(i)), args);
            if self.s.unify(self_ty, ty).is_ok() {
                self.s.vars.commit(s);
                return Some(self.constant(e, k, args, span));
            }
            self.s.vars.rollback(s);
        }
        None
    }

    /// `Trait::name` or `<T as Trait>::name`.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn trait_member(
        &mut self,
        e: ExprId,
        of: &TraitRef,
        self_ty: Option<TypeId>,
        name: Symbol,
        name_span: Span,
        generics: &[GenericArg],
        span: Span,
    ) -> Ty {
        let self_ty = match self_ty {
            Some(t) => self.convert_unsized(t),
            None => self.s.fresh(span),
        };
        let owner = self.c.generics_owner(self.body_ref().owner);
        let mut holes = VarHoles(&mut self.s);
        let (args, _) = Converter::new(self.c, owner, Elision::Erased, &mut holes).trait_args(of, self_ty);
        let args = self.c.types.erase_args(args);
        let generics = GenericArgs::from(WrittenArgs { args: generics.to_vec(), ..WrittenArgs::default() });
        self.member(e, of.trait_, args, name, name_span, &generics, span)
    }

    /// A function or constant of a trait for given arguments.
    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn member(
        &mut self,
        e: ExprId,
        t: TraitId,
        args: Args,
        name: Symbol,
        name_span: Span,
        generics: &GenericArgs,
        span: Span,
    ) -> Ty {
        let c = self.c;
        for &(s, list) in c.supertraits(t).iter() {
            let list = if s == t { args } else { c.types.erase_args(c.types.subst_args(list, args)) };
            if let Some(f) = c.find_trait_fn(s, name) {
                let full = self.item_args(Owner::Fn(f), list, generics, name_span);
                return self.function(f, full, span);
            }
            if let Some(&k) = c.hir.traits[s].consts.iter().find(|&&k| c.hir.consts[k].head.name == name) {
                self.s.demand(Goal::new(Predicate::Trait(s, list), Cause { span, from: None }));
                return self.constant(e, k, list, span);
            }
        }
        let text = format!("the trait `{}` has no member `{}`", self.text(c.hir.traits[t].head.name), self.text(name));
        self.error(&code::UNKNOWN_METHOD, name_span, text)
    }

    pub(in crate::check) fn struct_expr(
        &mut self,
        e: ExprId,
        path: &'c PathRes,
        fields: &'c [FieldInit],
        base: Option<ExprId>,
        hint: Option<Ty>,
        span: Span,
    ) -> Ty {
        let c = self.c;
        let Some(ctor) = self.ctor_path(path, span) else {
            for f in fields {
                self.check(f.value, None);
            }
            if let Some(b) = base {
                self.check(b, None);
            }
            self.typed().failed = true;
            return Ty::ERROR;
        };
        if c.hir.adts[ctor.adt].kind == AdtKind::Actor {
            let name = self.text(c.hir.adts[ctor.adt].head.name);
            let text = format!("the actor `{name}` is started by another name");
            let d = Diagnostic::at(&code::TYPE_MISMATCH, span, text).help(format!("write `{name} {{ .. }}`"));
            self.report(d);
            return Ty::ERROR;
        }
        let ty = c.types.mk(TyKind::Adt(ctor.adt, ctor.args));
        if let Some(h) = hint
            && self.s.could_be_same(ty, h)
        {
            let _ = self.s.unify(ty, h);
        }
        self.demand_bounds(Owner::Adt(ctor.adt), ctor.args, span);
        let order = self.field_inits(ctor, fields, span);
        match base {
            Some(b) => {
                self.check_coerce(b, ty);
            }
            None => self.missing_fields(ctor, fields, span),
        }
        self.typed().ctor.insert(e, Ctor { adt: ctor.adt, variant: ctor.variant, fields: order });
        ty
    }

    /// Checks the values of named fields; gives their indices.
    pub(in crate::check) fn field_inits(&mut self, ctor: CtorPath, fields: &'c [FieldInit], _span: Span) -> Vec<u32> {
        let c = self.c;
        let variant = &c.hir.adts[ctor.adt].variants[ctor.variant as usize];
        let mut order = Vec::new();
        for (n, f) in fields.iter().enumerate() {
            let Some(index) = variant.fields.iter().position(|d| d.name == f.name) else {
                self.check(f.value, None);
                let text = format!("`{}` has no field `{}`", self.text(variant.name), self.text(f.name));
                let mut d = Diagnostic::at(&code::EXTRA_FIELD, f.span, text);
                let near = variant
                    .fields
                    .iter()
                    .map(|d| self.text(d.name))
                    .find(|d| super::method::edit_distance(d, self.text(f.name)) <= 2);
                if let Some(near) = near {
                    d = d.help(format!("did you mean `{near}`?"));
                }
                self.report(d);
                order.push(u32::MAX);
                continue;
            };
            if fields[..n].iter().any(|g| g.name == f.name) {
                let text = format!("the field `{}` is given twice", self.text(f.name));
                self.error(&code::EXTRA_FIELD, f.span, text);
            }
            let decl = &variant.fields[index];
            if !self.visible(decl.vis) {
                let text = format!("the field `{}` is private", self.text(f.name));
                self.error(&code::PRIVATE_FIELD, f.span, text);
            }
            let want = c.field_ty(ctor.adt, ctor.variant, index as u32, ctor.args);
            let want = self.s.normalize(c.types.erase(want), f.span);
            self.check_coerce(f.value, want);
            order.push(index as u32);
        }
        order
    }

    fn missing_fields(&mut self, ctor: CtorPath, fields: &[FieldInit], span: Span) {
        let variant = &self.c.hir.adts[ctor.adt].variants[ctor.variant as usize];
        let missing: Vec<&str> = variant
            .fields
            .iter()
            .filter(|d| d.default.is_none() && !fields.iter().any(|f| f.name == d.name))
            .map(|d| self.text(d.name))
            .collect();
        if !missing.is_empty() {
            let list = missing.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", ");
            let (plural, verb) = if missing.len() == 1 { ("", "gets") } else { ("s", "get") };
            let text = format!("the field{plural} {list} of `{}` {verb} no value", self.text(variant.name));
            let d = Diagnostic::at(&code::MISSING_FIELD, span, text);
            self.report(d);
        }
    }
}
