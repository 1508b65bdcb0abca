//! W0108: items of the program that nothing can reach, and [`parts`] of types that are of no use.
//!
//! What may be reached from outside is where the search begins: `main`, tests, exported functions, module variables, public
//! items of a library package, and what an attribute or a name that begins with `_` excuses. From there it follows what bodies
//! call and name, and the types of everything in them. Members of a trait's implementation are reached with the type that
//! it is for; traits and aliases count as used where they are mentioned at all.

mod parts;

use molt_base::hash::FastMap;
use molt_base::{Arena, EntityId, Span};
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::context::{Checked, Owner, Predicate};
use crate::hir::lints::level_at;
use crate::hir::{
    AdtId, AdtKind, AliasId, BodyOwner, Bound, ConstId, ConstItemKind, Expr, FnId, Generics, Hir, ImplId, ItemHead,
    Parent, Pat, PatBound, PathRes, TraitId, TypeExpr, Visibility,
};
use crate::ty::{Arg, Args, Ty, TyKind};
use parts::Parts;

/// An item that was reached and whose parts were not looked at.
enum Reached {
    Fn(FnId),
    Adt(AdtId),
    Const(ConstId),
}

struct Live<'a> {
    c: &'a Checked,
    fns: Vec<bool>,
    adts: Vec<bool>,
    consts: Vec<bool>,
    types: Vec<bool>,
    /// Implementations of traits for each type of the program.
    impls: FastMap<AdtId, Vec<ImplId>>,
    work: Vec<Reached>,
    pending: Vec<Ty>,
    parts: Parts,
}

impl Checked {
    /// Reports the items that nothing reaches. There is no error in the program.
    pub(crate) fn check_dead(&self) {
        let hir = &self.hir;
        let mut live = Live {
            c: self,
            fns: vec![false; hir.fns.len()],
            adts: vec![false; hir.adts.len()],
            consts: vec![false; hir.consts.len()],
            types: Vec::new(),
            impls: FastMap::default(),
            work: Vec::new(),
            pending: Vec::new(),
            parts: Parts::new(self),
        };
        live.roots();
        live.run();
        let mut dead = live.dead();
        dead.extend(Mentioned::new(hir).dead(self));
        let never_used = |(head, what): (&ItemHead, &str)| {
            (head.name_span, format!("the {what} `{}` is never used", hir.text(head.name)))
        };
        let mut said: Vec<(Span, String)> = dead.into_iter().map(never_used).collect();
        said.extend(live.parts.dead(self, &live.adts));
        said.sort_by_key(|(span, _)| (span.file, span.start));
        said.dedup_by_key(|(span, _)| *span);
        for (span, text) in said {
            let d = Diagnostic::at(&code::DEAD_CODE, span, text)
                .help("remove it, or begin its name with `_` if it is to stay");
            self.report(d);
        }
    }

    fn is_std_item(&self, head: &ItemHead) -> bool {
        self.hir.packages[self.hir.modules[head.module].package].is_std
    }

    /// Whether an item is used by whoever may see it, by its name, or by what its author says.
    fn is_excused(&self, head: &ItemHead) -> bool {
        self.is_public_of_library(head) || self.is_kept(head)
    }

    fn is_public_of_library(&self, head: &ItemHead) -> bool {
        self.hir.packages[self.hir.modules[head.module].package].is_library && head.vis == Visibility::Public
    }

    /// Whether an item stays as it is, by its name, by what its author says, or because nobody can tell.
    fn is_kept(&self, head: &ItemHead) -> bool {
        let hir = &self.hir;
        hir.text(head.name).starts_with('_')
            || hir.modules_with_tests.contains(&head.module)
            || level_at(&hir.lint_scopes, &code::DEAD_CODE, head.name_span) == Some(None)
    }
}

impl Live<'_> {
    fn roots(&mut self) {
        let (c, hir) = (self.c, &self.c.hir);
        hir.main.into_iter().for_each(|f| self.reach_fn(f));
        for (i, item) in hir.impls.iter() {
            if c.is_std_item(&item.head) || (item.of.is_none() && item.actor.is_none()) {
                continue;
            }
            match c.types.kind(c.impl_self(i)) {
                TyKind::Adt(adt, _) if !c.is_std_item(&hir.adts[adt].head) => {
                    self.impls.entry(adt).or_default().push(i)
                }
                _ => self.reach_impl(i),
            }
        }
        for (f, item) in hir.fns.iter().filter(|(_, f)| !c.is_std_item(&f.head)) {
            let marked = |name: &str| item.head.attrs.iter().any(|a| hir.text(a.name) == name);
            // The program's `main` is not called when its tests are run.
            let package = &hir.packages[hir.modules[item.head.module].package];
            let main =
                item.parent == Parent::Module && item.head.module == package.root && hir.text(item.head.name) == "main";
            let called = main
                || matches!(item.parent, Parent::Trait(_))
                || item.abi.is_some()
                || ["test", "property", "bench", "export"].into_iter().any(marked);
            if called || c.is_excused(&item.head) {
                self.reach_fn(f);
            }
        }
        for (a, item) in hir.adts.iter().filter(|(_, a)| !c.is_std_item(&a.head)) {
            if c.is_excused(&item.head) {
                self.reach_adt(a);
            }
        }
        for (k, item) in hir.consts.iter().filter(|(_, k)| !c.is_std_item(&k.head)) {
            if matches!(item.parent, Parent::Trait(_))
                || item.kind == ConstItemKind::ModuleLet
                || c.is_excused(&item.head)
            {
                self.reach_const(k);
            }
        }
        // Lengths and arguments in types.
        for &owner in hir.body_owners.iter().filter(|o| matches!(o, BodyOwner::ConstArg(_))) {
            self.body(owner);
        }
    }

    fn run(&mut self) {
        let (c, hir) = (self.c, &self.c.hir);
        loop {
            while let Some(ty) = self.pending.pop() {
                self.parts(ty);
            }
            match self.work.pop() {
                Some(Reached::Fn(f)) => self.signature_and_body(f),
                Some(Reached::Adt(adt)) => {
                    for v in 0..hir.adts[adt].variants.len() as u32 {
                        c.field_types(adt, v).iter().for_each(|&t| self.ty(t));
                        self.body(BodyOwner::Discriminant(adt, v));
                    }
                    for n in 0..hir.adts[adt].variants.first().map_or(0, |v| v.fields.len()) as u32 {
                        self.body(BodyOwner::FieldDefault(adt, n));
                    }
                    self.bounds(Owner::Adt(adt), &hir.adts[adt].generics);
                    for i in self.impls.remove(&adt).unwrap_or_default() {
                        self.reach_impl(i);
                    }
                }
                Some(Reached::Const(k)) => {
                    self.ty(c.const_type(k));
                    self.body(BodyOwner::Const(k));
                    if let Parent::Impl(i) = hir.consts[k].parent {
                        self.ty(c.impl_self(i));
                    }
                }
                None => return,
            }
        }
    }

    fn signature_and_body(&mut self, f: FnId) {
        let (c, item) = (self.c, &self.c.hir.fns[f]);
        let sig = c.fn_sig(f);
        sig.params.iter().for_each(|&t| self.ty(t));
        self.ty(sig.ret);
        self.bounds(Owner::Fn(f), &item.generics);
        if let Parent::Impl(i) = item.parent {
            self.ty(c.impl_self(i));
        }
        self.body(BodyOwner::Fn(f));
        for n in 0..item.params.len() as u32 {
            if item.params[n as usize].default.is_some() {
                self.body(BodyOwner::ParamDefault(f, n));
            }
        }
    }

    fn bounds(&mut self, owner: Owner, generics: &Generics) {
        if generics.predicates.is_empty() {
            return;
        }
        for p in self.c.predicates_of(owner).iter() {
            match *p {
                Predicate::Trait(_, args) => self.args(args),
                Predicate::Projection(_, args, ty) => {
                    self.args(args);
                    self.ty(ty);
                }
            }
        }
    }

    /// The members of a trait's implementation, or of an actor.
    fn reach_impl(&mut self, i: ImplId) {
        let item = &self.c.hir.impls[i];
        item.fns.iter().for_each(|&f| self.reach_fn(f));
        item.consts.iter().for_each(|&k| self.reach_const(k));
        for &alias in &item.types {
            if let Some(ty) = self.c.alias_type(alias) {
                self.ty(ty);
            }
        }
        if let Some((_, args)) = item.of.as_ref().and_then(|_| self.c.impl_trait(i)) {
            self.args(args);
        }
    }

    fn body(&mut self, owner: BodyOwner) {
        let c = self.c;
        let (Some(typed), Some(body)) = (c.typed(owner), c.body_of(owner)) else { return };
        if self.is_trivial(owner) {
            // Copying and showing a value is no use of its parts.
            return;
        }
        self.parts.body(c, body, typed);
        for &ty in typed.expr_ty.iter().chain(&typed.local_ty) {
            self.ty(ty);
        }
        for callee in typed.callee.values() {
            self.reach_fn(callee.func);
            self.args(callee.args);
        }
        for &(k, args) in typed.consts.values().chain(typed.pat_consts.values()) {
            self.reach_const(k);
            self.args(args);
        }
        for (_, e) in body.exprs.iter() {
            match e {
                Expr::Path(PathRes::Fn(f, _)) => self.reach_fn(*f),
                Expr::Path(PathRes::Const(k)) => self.reach_const(*k),
                _ => {}
            }
        }
        for (_, p) in body.pats.iter() {
            match p {
                Pat::Path(PathRes::Const(k)) => self.reach_const(*k),
                Pat::Range(range) => {
                    for bound in [&range.start, &range.end].into_iter().flatten() {
                        if let PatBound::Path(PathRes::Const(k), _) = bound {
                            self.reach_const(*k);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a body is what `derive` writes for `Clone` or `Debug`. It calls nothing but the same of the fields.
    fn is_trivial(&self, owner: BodyOwner) -> bool {
        let hir = &self.c.hir;
        let BodyOwner::Fn(f) = owner else { return false };
        let Parent::Impl(i) = hir.fns[f].parent else { return false };
        hir.impls[i].derived.is_some_and(|(name, _)| matches!(hir.text(name), "Clone" | "Debug"))
    }

    fn reach_fn(&mut self, f: FnId) {
        if !std::mem::replace(&mut self.fns[f.index()], true) && !self.c.is_std_fn(f) {
            self.work.push(Reached::Fn(f));
        }
    }

    fn reach_adt(&mut self, adt: AdtId) {
        if !std::mem::replace(&mut self.adts[adt.index()], true) && !self.c.is_std_item(&self.c.hir.adts[adt].head) {
            self.work.push(Reached::Adt(adt));
        }
    }

    fn reach_const(&mut self, k: ConstId) {
        if !std::mem::replace(&mut self.consts[k.index()], true) && !self.c.is_std_item(&self.c.hir.consts[k].head) {
            self.work.push(Reached::Const(k));
        }
    }

    fn ty(&mut self, ty: Ty) {
        let n = ty.index();
        if n >= self.types.len() {
            self.types.resize(n + n / 2 + 64, false);
        }
        if !std::mem::replace(&mut self.types[n], true) {
            self.pending.push(ty);
        }
    }

    fn args(&mut self, args: Args) {
        for a in self.c.types.list(args) {
            if let Arg::Ty(t) = *a {
                self.ty(t);
            }
        }
    }

    /// What a type is made of.
    fn parts(&mut self, ty: Ty) {
        let c = self.c;
        match c.types.kind(ty) {
            TyKind::Adt(adt, args) => {
                self.reach_adt(adt);
                self.args(args);
            }
            TyKind::Ctor(adt, variant, args) => {
                self.parts.made(adt, variant);
                self.reach_adt(adt);
                self.args(args);
            }
            TyKind::FnDef(f, args) => {
                self.reach_fn(f);
                self.args(args);
            }
            TyKind::Ref(_, _, t) | TyKind::Ptr(_, t) | TyKind::Array(t, _) | TyKind::Slice(t) => self.ty(t),
            TyKind::Tuple(args)
            | TyKind::FnPtr(args)
            | TyKind::Closure(_, args)
            | TyKind::Future(_, args)
            | TyKind::Projection(_, args) => self.args(args),
            TyKind::Opaque(id, args) => {
                self.args(args);
                c.opaque(id).hidden.get().into_iter().for_each(|&t| self.ty(t));
            }
            TyKind::Dyn(d, _) => {
                let kind = c.types.dyn_kind(d);
                kind.traits.iter().for_each(|&(_, args)| self.args(args));
                kind.assoc.iter().for_each(|&(_, t)| self.ty(t));
            }
            TyKind::Error
            | TyKind::Never
            | TyKind::Bool
            | TyKind::Char
            | TyKind::Int(_)
            | TyKind::Float(_)
            | TyKind::Str(_)
            | TyKind::Param(..)
            | TyKind::Infer(_) => {}
        }
    }

    /// Items that were not reached. Of a type that was not, its members are not listed.
    fn dead(&self) -> Vec<(&ItemHead, &'static str)> {
        let (c, hir) = (self.c, &self.c.hir);
        let mut out = Vec::new();
        let in_dead_type = |parent: Parent| match parent {
            Parent::Impl(i) => match c.types.kind(c.impl_self(i)) {
                TyKind::Adt(adt, _) => hir.impls[i].of.is_some() || !self.adts[adt.index()],
                _ => hir.impls[i].of.is_some(),
            },
            Parent::Trait(_) | Parent::Extern => true,
            Parent::Module => false,
        };
        for (f, item) in unused(&hir.fns, &self.fns).filter(|(_, f)| !c.is_std_item(&f.head)) {
            if !in_dead_type(item.parent) && !c.is_std_fn(f) {
                out.push((&item.head, if item.self_param.is_some() { "method" } else { "function" }));
            }
        }
        for (_, item) in unused(&hir.adts, &self.adts).filter(|(_, a)| !c.is_std_item(&a.head)) {
            out.push((
                &item.head,
                match item.kind {
                    AdtKind::Struct => "struct",
                    AdtKind::Enum => "enum",
                    AdtKind::Actor => "actor",
                },
            ));
        }
        for (_, item) in unused(&hir.consts, &self.consts).filter(|(_, k)| !c.is_std_item(&k.head)) {
            if !in_dead_type(item.parent) {
                out.push((&item.head, if item.kind == ConstItemKind::Const { "constant" } else { "static" }));
            }
        }
        out
    }
}

fn unused<'a, 'u, I: EntityId, T>(
    all: &'a Arena<I, T>,
    used: &'u [bool],
) -> impl Iterator<Item = (I, &'a T)> + use<'a, 'u, I, T> {
    all.iter().filter(|(id, _)| !used[id.index()])
}

/// Traits and aliases that some type, bound, path or implementation names.
struct Mentioned {
    traits: Vec<bool>,
    aliases: Vec<bool>,
}

impl Mentioned {
    fn new(hir: &Hir) -> Mentioned {
        let mut all = Mentioned { traits: vec![false; hir.traits.len()], aliases: vec![false; hir.aliases.len()] };
        let generics = hir.fns.iter().map(|(_, f)| &f.generics).chain(hir.adts.iter().map(|(_, a)| &a.generics));
        let generics = generics.chain(hir.traits.iter().map(|(_, t)| &t.generics));
        for g in generics.chain(hir.impls.iter().map(|(_, i)| &i.generics)) {
            g.predicates.iter().for_each(|p| all.bounds(&p.bounds));
        }
        hir.traits.iter().for_each(|(_, t)| all.bounds(&t.supers));
        hir.aliases.iter().for_each(|(_, a)| all.bounds(&a.bounds));
        hir.impls.iter().filter_map(|(_, i)| i.of.as_ref()).for_each(|r| all.trait_(r.trait_));
        for (_, ty) in hir.types.iter() {
            match ty {
                TypeExpr::Alias(a, _) => all.alias(*a),
                TypeExpr::Dyn(bounds) | TypeExpr::Impl(bounds) => all.bounds(bounds),
                TypeExpr::Assoc { of: Some(of), .. } => all.trait_(of.trait_),
                _ => {}
            }
        }
        for body in hir.bodies.iter().filter_map(|(_, b)| b.as_ref()) {
            for (_, e) in body.exprs.iter() {
                match e {
                    Expr::Path(path) => all.path(path),
                    Expr::Struct { path, .. } | Expr::SpawnActor { path, .. } => all.path(path),
                    _ => {}
                }
            }
            for (_, p) in body.pats.iter() {
                if let Pat::Path(path) | Pat::TupleStruct { path, .. } | Pat::Struct { path, .. } = p {
                    all.path(path);
                }
            }
        }
        all
    }

    fn path(&mut self, path: &PathRes) {
        match path {
            PathRes::Alias(a, _) => self.alias(*a),
            PathRes::TraitMember(member) => self.trait_(member.of.trait_),
            _ => {}
        }
    }

    fn bounds(&mut self, bounds: &[Bound]) {
        for b in bounds {
            if let Bound::Trait(r) | Bound::Maybe(r) = b {
                self.trait_(r.trait_);
            }
        }
    }

    fn trait_(&mut self, t: TraitId) {
        self.traits[t.index()] = true;
    }

    fn alias(&mut self, a: AliasId) {
        self.aliases[a.index()] = true;
    }

    fn dead<'c>(&self, c: &'c Checked) -> Vec<(&'c ItemHead, &'static str)> {
        let hir = &c.hir;
        let traits = unused(&hir.traits, &self.traits).map(|(_, t)| (&t.head, "trait"));
        let aliases = unused(&hir.aliases, &self.aliases)
            .filter(|(_, a)| a.parent == Parent::Module)
            .map(|(_, a)| (&a.head, "type alias"));
        traits.chain(aliases).filter(|(head, _)| !c.is_std_item(head) && !c.is_excused(head)).collect()
    }
}
