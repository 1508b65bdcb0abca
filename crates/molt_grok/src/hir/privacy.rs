//! E0446: a signature that more code sees than the types it names.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok;

use super::front::Front;
use super::{
    Bound, GenericArg, GenericArgs, GenericParamKind, Generics, ItemHead, Parent, ReturnType, TraitRef, TypeExpr,
    TypeId, Visibility, WhereSubject,
};

impl Front {
    /// Checks the signatures of all user packages.
    pub(super) fn check_signatures(&mut self) {
        let mut faults = Vec::new();
        self.check_fns(&mut faults);
        self.check_types(&mut faults);
        for (span, name) in faults {
            let message = format!("the type `{name}` is more private than the signature that names it");
            self.diagnostics.push(Diagnostic::at(&grok::PRIVATE_TYPE_IN_PUBLIC, span, message));
        }
    }

    fn check_fns(&self, faults: &mut Vec<(Span, String)>) {
        for (_, f) in self.hir.fns.iter() {
            let vis = match f.parent {
                Parent::Module | Parent::Extern => f.head.vis,
                Parent::Trait(t) => self.hir.traits[t].head.vis,
                Parent::Impl(i) => match self.hir.impls[i].of {
                    // The trait decides who sees them.
                    Some(_) => continue,
                    None => self.member_visibility(f.head.vis, self.hir.impls[i].self_ty),
                },
            };
            let Some(mut seen) = self.seen_by(&f.head, vis) else { continue };
            seen.generics(&f.generics);
            for p in &f.params {
                seen.types(p.ty);
            }
            if let ReturnType::Type(t) = f.ret {
                seen.ty(t);
            }
            faults.extend(seen.faults);
        }
    }

    fn check_types(&self, faults: &mut Vec<(Span, String)>) {
        for (_, a) in self.hir.adts.iter() {
            let Some(mut seen) = self.seen_by(&a.head, a.head.vis) else { continue };
            seen.generics(&a.generics);
            for variant in &a.variants {
                for field in variant.fields.iter() {
                    // A private field is nobody else's business.
                    let vis = if a.kind == super::AdtKind::Enum { a.head.vis } else { field.vis };
                    seen.vis = self.narrower(vis, a.head.vis);
                    seen.ty(field.ty);
                }
            }
            faults.extend(seen.faults);
        }
        for (_, c) in self.hir.consts.iter().filter(|(_, c)| matches!(c.parent, Parent::Module)) {
            let Some(mut seen) = self.seen_by(&c.head, c.head.vis) else { continue };
            seen.types(c.ty);
            faults.extend(seen.faults);
        }
        for (_, a) in self.hir.aliases.iter().filter(|(_, a)| matches!(a.parent, Parent::Module)) {
            let Some(mut seen) = self.seen_by(&a.head, a.head.vis) else { continue };
            seen.types(a.ty);
            faults.extend(seen.faults);
        }
        for (_, t) in self.hir.traits.iter() {
            let Some(mut seen) = self.seen_by(&t.head, t.head.vis) else { continue };
            seen.generics(&t.generics);
            seen.bounds(&t.supers);
            faults.extend(seen.faults);
        }
    }

    /// A walk over one signature, unless the item is the library's or seen by its own module only.
    fn seen_by(&self, head: &ItemHead, vis: Visibility) -> Option<Seen<'_>> {
        let own = vis == Visibility::Module(head.module);
        (!own && !self.is_std_module(head.module)).then(|| Seen { front: self, vis, faults: Vec::new() })
    }

    /// What remains of a member's visibility when its type is seen by fewer.
    fn member_visibility(&self, vis: Visibility, self_ty: TypeId) -> Visibility {
        match self.hir.types[self_ty] {
            TypeExpr::Adt(a, _) => self.narrower(vis, self.hir.adts[a].head.vis),
            _ => vis,
        }
    }

    fn narrower(&self, a: Visibility, b: Visibility) -> Visibility {
        if self.covers(a, b) { b } else { a }
    }

    /// Whether all who see `inner` see `outer`.
    fn covers(&self, outer: Visibility, inner: Visibility) -> bool {
        match inner {
            Visibility::Public => outer == Visibility::Public,
            Visibility::Package(p) => match outer {
                Visibility::Public => true,
                Visibility::Package(q) => p == q,
                Visibility::Module(m) => self.hir.packages[p].root == m,
            },
            Visibility::Module(m) => self.is_visible(outer, m),
        }
    }
}

/// A walk over the types of one signature.
struct Seen<'f> {
    front: &'f Front,
    vis: Visibility,
    faults: Vec<(Span, String)>,
}

impl Seen<'_> {
    fn head(&mut self, head: &ItemHead, span: Span) {
        if !self.front.covers(head.vis, self.vis) {
            self.faults.push((span, self.front.hir.names.text(head.name).to_owned()));
        }
    }

    fn types(&mut self, types: impl IntoIterator<Item = TypeId>) {
        for t in types {
            self.ty(t);
        }
    }

    fn ty(&mut self, t: TypeId) {
        let front = self.front;
        let span = front.hir.type_span(t);
        match &front.hir.types[t] {
            TypeExpr::Adt(a, args) => {
                self.head(&front.hir.adts[*a].head, span);
                self.args(args);
            }
            TypeExpr::Alias(a, args) => {
                self.head(&front.hir.aliases[*a].head, span);
                self.args(args);
            }
            TypeExpr::Tuple(parts) => self.types(parts.iter().copied()),
            TypeExpr::Array(t, _) | TypeExpr::Slice(t) | TypeExpr::Ref(_, _, t) | TypeExpr::Ptr(_, t) => self.ty(*t),
            TypeExpr::Assoc { base, of, args, .. } => {
                self.ty(*base);
                if let Some(of) = of {
                    self.trait_ref(of);
                }
                self.args(args);
            }
            TypeExpr::FnPtr { params, ret, .. } | TypeExpr::BoxedFn { params, ret } => {
                self.types(params.iter().copied());
                self.types(*ret);
            }
            TypeExpr::Dyn(bounds) | TypeExpr::Impl(bounds) => self.bounds(bounds),
            TypeExpr::Error
            | TypeExpr::Infer
            | TypeExpr::Never
            | TypeExpr::Bool
            | TypeExpr::Char
            | TypeExpr::Int(_)
            | TypeExpr::Float(_)
            | TypeExpr::Str(_)
            | TypeExpr::Param(..)
            | TypeExpr::SelfOf(_) => {}
        }
    }

    fn args(&mut self, args: &GenericArgs) {
        for arg in &args.args {
            if let GenericArg::Type(t) = arg {
                self.ty(*t);
            }
        }
        for assoc in &args.assoc {
            self.types(assoc.ty);
            self.bounds(&assoc.bounds);
        }
    }

    fn trait_ref(&mut self, of: &TraitRef) {
        self.head(&self.front.hir.traits[of.trait_].head, of.span);
        self.args(&of.args);
    }

    fn bounds(&mut self, bounds: &[Bound]) {
        for bound in bounds {
            match bound {
                Bound::Trait(of) | Bound::Maybe(of) => self.trait_ref(of),
                Bound::Lifetime(..) | Bound::Error => {}
            }
        }
    }

    fn generics(&mut self, generics: &Generics) {
        for param in &generics.params {
            match param.kind {
                GenericParamKind::Type { default, .. } => self.types(default),
                GenericParamKind::Const { ty, .. } => self.ty(ty),
                GenericParamKind::Lifetime => {}
            }
        }
        for pred in &generics.predicates {
            if let WhereSubject::Type(t) = pred.subject {
                self.ty(t);
            }
            self.bounds(&pred.bounds);
        }
    }
}
