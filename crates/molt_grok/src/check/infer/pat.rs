//! Patterns: types, default binding modes, literals.

use molt_base::Span;
use molt_diagnostics::Diagnostic;
use molt_diagnostics::registry::grok as code;

use super::Infer;
use super::path::CtorPath;
use crate::check::typed::Ctor;
use crate::hir::{Lit, Mutability, NumKind, Pat, PatBound, PatId, PathRes, RangePat, VariantForm};
use crate::ty::{Args, ConstKind, InferVar, Ty, TyKind};

impl<'c> Infer<'c> {
    /// A whole pattern against the type of the value.
    pub(in crate::check) fn check_pat_top(&mut self, pat: PatId, ty: Ty) {
        self.check_pat(pat, ty, None);
    }

    /// `mode`: the references looked through so far, if any; bindings then bind by such a reference.
    fn check_pat(&mut self, pat: PatId, ty: Ty, mode: Option<Mutability>) {
        let body = self.body_ref();
        let span = body.pat_span(pat);
        let node = &body.pats[pat];
        let mut ty = self.structurally(ty);
        let mut mode = mode;
        if looks_through(node) {
            let mut seen = Vec::new();
            while let TyKind::Ref(_, m, to) = self.c.types.kind(ty) {
                seen.push(ty);
                ty = self.structurally(to);
                mode = Some(match mode {
                    Some(Mutability::Shared) => Mutability::Shared,
                    _ => m,
                });
            }
            if !seen.is_empty() {
                self.typed().pat_derefs.insert(pat, seen);
            }
        }
        self.typed().pat_ty[pat.0 as usize] = ty;
        match node {
            Pat::Error => {
                self.typed().failed = true;
                self.errors = true;
            }
            Pat::Wild | Pat::Rest => {}
            Pat::Bind { local, by_ref, sub } => {
                let bind = match (by_ref, mode) {
                    (Some(m), _) => Some(*m),
                    (None, m) => m,
                };
                let bound = match bind {
                    Some(m) => {
                        self.typed().bind_mode.insert(pat, m);
                        self.c.types.reference(m, ty)
                    }
                    None => ty,
                };
                let local_ty = self.typed().local_ty[local.0 as usize];
                if self.s.unify(local_ty, bound).is_err() {
                    self.mismatch(span, local_ty, bound);
                }
                if let Some(sub) = sub {
                    self.check_pat(*sub, ty, mode);
                }
            }
            Pat::Lit { lit, .. } => self.lit_pat(*lit, ty, span),
            Pat::Range(range) => {
                let RangePat { start, end, .. } = &**range;
                for bound in [start, end].into_iter().flatten() {
                    match bound {
                        PatBound::Lit { lit, span, .. } => self.lit_pat(*lit, ty, *span),
                        PatBound::Path(path, span) => self.const_pat(pat, path, ty, *span),
                    }
                }
                let ok = matches!(
                    self.s.kind(ty),
                    TyKind::Int(_) | TyKind::Float(_) | TyKind::Char | TyKind::Infer(_) | TyKind::Error
                );
                if !ok {
                    let text = format!("a range pattern needs numbers or characters, not `{}`", self.show(ty));
                    self.error(&code::TYPE_MISMATCH, span, text);
                }
            }
            Pat::Path(path) => self.path_pat(pat, path, ty, span),
            Pat::TupleStruct { path, pats } => self.tuple_struct_pat(pat, path, pats, ty, mode, span),
            Pat::Struct { path, fields, rest } => self.struct_pat(pat, path, fields, *rest, ty, mode, span),
            Pat::Tuple(pats) => self.tuple_pat(pats, ty, mode, span),
            Pat::Slice(pats) => self.slice_pat(pats, ty, mode, span),
            Pat::Ref(m, inner) => {
                let inner_ty = match self.c.types.kind(ty) {
                    TyKind::Ref(_, have, to) if have == *m || *m == Mutability::Shared => to,
                    // A `str` is its own reference.
                    TyKind::Str(_) => ty,
                    TyKind::Error => Ty::ERROR,
                    TyKind::Infer(InferVar::Ty(_)) => {
                        let to = self.s.fresh(span);
                        let reference = self.c.types.reference(*m, to);
                        let _ = self.s.unify(ty, reference);
                        to
                    }
                    _ if mode.is_some() => ty,
                    _ => {
                        let text = format!("expected `{}`, found a reference", self.show(ty));
                        self.error(&code::TYPE_MISMATCH, span, text)
                    }
                };
                self.check_pat(*inner, inner_ty, None);
            }
            Pat::Or(pats) => {
                for &p in pats {
                    self.check_pat(p, ty, mode);
                }
            }
        }
    }

    fn lit_pat(&mut self, lit: Lit, ty: Ty, span: Span) {
        let want = match lit {
            Lit::Bool(_) => Ty::BOOL,
            Lit::Char(_) => Ty::CHAR,
            Lit::Str(_) => Ty::STR,
            Lit::Int(_, Some(NumKind::Int(k))) => Ty::int(k),
            Lit::Int(_, Some(NumKind::Float(k))) | Lit::Float(_, Some(k)) => Ty::float(k),
            Lit::Int(_, None) => self.number_var(span),
            Lit::Float(_, None) => self.s.fresh_kind(crate::check::solve::VarKind::Float, span),
            Lit::Bytes(text) => {
                if matches!(self.s.kind(ty), TyKind::Slice(_)) {
                    self.c.types.mk(TyKind::Slice(Ty::U8))
                } else {
                    let n = self.const_usize(self.text(text).chars().count() as u64);
                    self.c.types.mk(TyKind::Array(Ty::U8, n))
                }
            }
            Lit::CStr(_) => Ty::ERROR,
        };
        if self.s.unify(ty, want).is_err() {
            self.mismatch(span, ty, want);
        }
    }

    fn path_pat(&mut self, pat: PatId, path: &'c PathRes, ty: Ty, span: Span) {
        match path {
            PathRes::Error => {
                self.typed().failed = true;
                self.errors = true;
            }
            PathRes::Const(_) | PathRes::TraitMember(_) | PathRes::ConstParam(..) => {
                self.const_pat(pat, path, ty, span);
            }
            PathRes::Assoc { base, name, .. } => {
                let base = self.convert_unsized(*base);
                let is_variant = matches!(self.s.kind(base), TyKind::Adt(adt, _)
                    if self.c.hir.adts[adt].variants.iter().any(|v| v.name == *name)
                        && self.c.hir.adts[adt].kind == crate::hir::AdtKind::Enum);
                if is_variant { self.unit_pat(pat, path, ty, span) } else { self.const_pat(pat, path, ty, span) }
            }
            _ => self.unit_pat(pat, path, ty, span),
        }
    }

    fn unit_pat(&mut self, pat: PatId, path: &'c PathRes, ty: Ty, span: Span) {
        let Some(ctor) = self.ctor_for(path, ty, span) else { return };
        let variant = &self.c.hir.adts[ctor.adt].variants[ctor.variant as usize];
        if variant.form != VariantForm::Unit {
            let name = self.text(variant.name);
            let text = format!("`{name}` has fields that the pattern does not name");
            let form = if variant.form == VariantForm::Tuple { "(..)" } else { " { .. }" };
            let d = Diagnostic::at(&code::PATTERN_ARITY, span, text).help(format!("write `{name}{form}`"));
            self.report(d);
        }
        let entry = Ctor { adt: ctor.adt, variant: ctor.variant, fields: Vec::new() };
        self.typed().pat_ctor.insert(pat, entry);
    }

    /// A constant in a pattern: compared by value.
    fn const_pat(&mut self, pat: PatId, path: &'c PathRes, ty: Ty, span: Span) {
        // Constants are looked up as expressions are; the result is filed under the pattern.
        let scratch = crate::hir::ExprId(u32::MAX);
        let found = self.path_expr(scratch, path, span);
        if let Some(k) = self.typed().consts.remove(&scratch) {
            self.typed().pat_consts.insert(pat, k);
        }
        if self.s.unify(ty, found).is_err() {
            self.mismatch(span, ty, found);
        }
    }

    /// The struct or variant of a pattern, its type made that of the value.
    fn ctor_for(&mut self, path: &'c PathRes, ty: Ty, span: Span) -> Option<CtorPath> {
        let Some(ctor) = self.ctor_path(path, span) else {
            self.typed().failed = true;
            self.errors = true;
            return None;
        };
        let have = self.c.types.mk(TyKind::Adt(ctor.adt, ctor.args));
        if self.s.unify(ty, have).is_err() {
            self.mismatch(span, ty, have);
            return None;
        }
        let args: Args = self.s.resolve_args(ctor.args);
        Some(CtorPath { args, ..ctor })
    }

    fn fail_parts(&mut self, pats: impl IntoIterator<Item = PatId>) {
        for p in pats {
            self.check_pat(p, Ty::ERROR, None);
        }
        self.typed().failed = true;
    }

    fn field_ty_of(&mut self, ctor: CtorPath, index: u32, span: Span) -> Ty {
        let ty = self.c.field_ty(ctor.adt, ctor.variant, index, ctor.args);
        self.s.normalize(self.c.types.erase(ty), span)
    }

    fn tuple_struct_pat(
        &mut self,
        pat: PatId,
        path: &'c PathRes,
        pats: &'c [PatId],
        ty: Ty,
        mode: Option<Mutability>,
        span: Span,
    ) {
        let Some(ctor) = self.ctor_for(path, ty, span) else {
            return self.fail_parts(pats.iter().copied());
        };
        let variant = &self.c.hir.adts[ctor.adt].variants[ctor.variant as usize];
        let count = variant.fields.len();
        if variant.form != VariantForm::Tuple {
            let text = format!("`{}` is not a tuple struct or tuple variant", self.text(variant.name));
            self.error(&code::PATTERN_ARITY, span, text);
            return self.fail_parts(pats.iter().copied());
        }
        self.private_fields(ctor, span);
        let Some(order) = self.positions(pats, count) else {
            let given = pats.iter().filter(|&&p| !self.is_rest(p)).count();
            let text = format!(
                "`{}` has {count} field{}, the pattern names {given}",
                self.text(variant.name),
                if count == 1 { "" } else { "s" }
            );
            let d = Diagnostic::at(&code::PATTERN_ARITY, span, text).label(variant.span, "declared here", false);
            self.report(d);
            return self.fail_parts(pats.iter().copied());
        };
        for &(p, index) in &order {
            let ty = self.field_ty_of(ctor, index as u32, span);
            self.check_pat(p, ty, mode);
        }
        let fields = order.iter().map(|&(_, i)| i as u32).collect();
        self.typed().pat_ctor.insert(pat, Ctor { adt: ctor.adt, variant: ctor.variant, fields });
    }

    fn is_rest(&self, p: PatId) -> bool {
        matches!(self.body_ref().pats[p], Pat::Rest)
    }

    /// Patterns by position among `count` elements; `None` if their number does not fit. `..` itself is left out.
    fn positions(&self, pats: &[PatId], count: usize) -> Option<Vec<(PatId, usize)>> {
        let rest = pats.iter().position(|&p| self.is_rest(p));
        match rest {
            None => (pats.len() == count).then(|| pats.iter().copied().zip(0..).collect()),
            Some(at) => {
                let named = pats.len() - 1;
                if named > count {
                    return None;
                }
                let tail = pats.len() - at - 1;
                let first = pats[..at].iter().copied().zip(0..);
                let last = pats[at + 1..].iter().copied().zip(count - tail..);
                Some(first.chain(last).collect())
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one expression")]
    fn struct_pat(
        &mut self,
        pat: PatId,
        path: &'c PathRes,
        fields: &'c [crate::hir::FieldPat],
        rest: bool,
        ty: Ty,
        mode: Option<Mutability>,
        span: Span,
    ) {
        let Some(ctor) = self.ctor_for(path, ty, span) else {
            return self.fail_parts(fields.iter().map(|f| f.pat));
        };
        let variant = &self.c.hir.adts[ctor.adt].variants[ctor.variant as usize];
        let mut order = Vec::new();
        for (n, f) in fields.iter().enumerate() {
            let Some(index) = variant.fields.iter().position(|d| d.name == f.name) else {
                let text = format!("`{}` has no field `{}`", self.text(variant.name), self.text(f.name));
                self.error(&code::PATTERN_UNKNOWN_FIELD, f.span, text);
                self.check_pat(f.pat, Ty::ERROR, mode);
                order.push(u32::MAX);
                continue;
            };
            if fields[..n].iter().any(|g| g.name == f.name) {
                let text = format!("the field `{}` is named twice", self.text(f.name));
                self.error(&code::DUPLICATE_BINDING, f.span, text);
            }
            if !self.visible(variant.fields[index].vis) && self.c.hir.adts[ctor.adt].kind != crate::hir::AdtKind::Enum {
                let text = format!("the field `{}` is private", self.text(f.name));
                self.error(&code::PRIVATE_FIELD, f.span, text);
            }
            let ty = self.field_ty_of(ctor, index as u32, f.span);
            self.check_pat(f.pat, ty, mode);
            order.push(index as u32);
        }
        if !rest {
            let missing: Vec<String> = variant
                .fields
                .iter()
                .filter(|d| !fields.iter().any(|f| f.name == d.name))
                .map(|d| format!("`{}`", self.text(d.name)))
                .collect();
            if !missing.is_empty() {
                let text = format!("the pattern does not name {}", missing.join(", "));
                self.error(&code::PATTERN_MISSING_FIELD, span, text);
            }
        }
        self.typed().pat_ctor.insert(pat, Ctor { adt: ctor.adt, variant: ctor.variant, fields: order });
    }

    fn tuple_pat(&mut self, pats: &'c [PatId], ty: Ty, mode: Option<Mutability>, span: Span) {
        let types = &self.c.types;
        let parts: Vec<Ty> = match types.kind(ty) {
            TyKind::Tuple(a) => types.ty_elems(a).collect(),
            TyKind::Infer(InferVar::Ty(_)) if !pats.iter().any(|&p| self.is_rest(p)) => {
                let parts: Vec<Ty> = pats.iter().map(|_| self.s.fresh(span)).collect();
                let tuple = self.c.types.tuple(&parts);
                let _ = self.s.unify(ty, tuple);
                parts
            }
            TyKind::Error => return self.fail_parts(pats.iter().copied()),
            _ => {
                let text = format!("expected `{}`, found a tuple", self.show(ty));
                self.error(&code::TYPE_MISMATCH, span, text);
                return self.fail_parts(pats.iter().copied());
            }
        };
        let Some(order) = self.positions(pats, parts.len()) else {
            let text = format!(
                "expected a tuple of {} element{}, found one of {}",
                parts.len(),
                if parts.len() == 1 { "" } else { "s" },
                pats.len()
            );
            self.error(&code::TYPE_MISMATCH, span, text);
            return self.fail_parts(pats.iter().copied());
        };
        for (p, i) in order {
            self.check_pat(p, parts[i], mode);
        }
    }

    fn slice_pat(&mut self, pats: &'c [PatId], ty: Ty, mode: Option<Mutability>, span: Span) {
        let c = self.c;
        let has_rest = pats.iter().any(|&p| self.rest_of(p));
        let (elem, rest_ty) = match c.types.kind(ty) {
            TyKind::Slice(elem) => (elem, ty),
            TyKind::Array(elem, n) => {
                let named = pats.iter().filter(|&&p| !self.rest_of(p)).count() as i128;
                let mut rest = Ty::ERROR;
                if let ConstKind::Value(len) = c.types.const_kind(self.s.resolve_const(n)) {
                    let fits = if has_rest { named <= len } else { named == len };
                    if !fits {
                        let text = format!("the array has {len} elements, the pattern names {named}");
                        self.error(&code::TYPE_MISMATCH, span, text);
                    } else {
                        let n = c.types.mk_const(ConstKind::Value(len - named));
                        rest = c.types.mk(TyKind::Array(elem, n));
                    }
                } else if !has_rest {
                    let want = c.types.mk(TyKind::Array(elem, self.const_usize(pats.len() as u64)));
                    if self.s.unify(ty, want).is_err() {
                        self.mismatch(span, ty, want);
                    }
                }
                (elem, rest)
            }
            TyKind::Error => return self.fail_parts(pats.iter().copied()),
            _ => {
                let text = format!("expected an array or slice, found `{}`", self.show(ty));
                let mut d = Diagnostic::at(&code::TYPE_MISMATCH, span, text);
                if c.is_lang_adt(ty, "Vec") {
                    d = d.help("match on `value.as_slice()`");
                }
                self.report(d);
                return self.fail_parts(pats.iter().copied());
            }
        };
        for &p in pats {
            // `rest @ ..` binds what is left.
            if let Pat::Bind { sub: Some(sub), .. } = &self.body_ref().pats[p]
                && self.is_rest(*sub)
            {
                self.check_pat(p, rest_ty, mode);
            } else if !self.is_rest(p) {
                self.check_pat(p, elem, mode);
            }
        }
    }

    /// `..` or `name @ ..`.
    fn rest_of(&self, p: PatId) -> bool {
        match &self.body_ref().pats[p] {
            Pat::Rest => true,
            Pat::Bind { sub: Some(s), .. } => self.is_rest(*s),
            _ => false,
        }
    }
}

/// Patterns that a reference is followed for (default binding modes).
fn looks_through(pat: &Pat) -> bool {
    match pat {
        Pat::Lit { lit, .. } => !matches!(lit, Lit::Str(_)),
        Pat::TupleStruct { .. } | Pat::Struct { .. } | Pat::Tuple(_) | Pat::Slice(_) | Pat::Path(_) | Pat::Range(_) => {
            true
        }
        Pat::Error | Pat::Wild | Pat::Rest | Pat::Bind { .. } | Pat::Ref(..) | Pat::Or(_) => false,
    }
}
